//! Morphology (IBSI:HCUG): volume, surface and form of a region, and how its intensities lie in it.
//!
//! Volume and surface are those of the mesh of marching cubes at one half, as everywhere in this program. The ellipsoid is
//! that of the principal axes of voxel centres.

use super::convex_hull::Hull;
use super::region::Region;
use crate::measure::moments::Moments;
use crate::measure::object::Crop;
use crate::measure::surface::Patterns;
use crate::rounding::apart;
use std::f64::consts::PI;

pub use super::morphology_features::FEATURES;

/// The values of [`FEATURES`].
pub fn values(region: &Region) -> Vec<Option<f64>> {
    super::average(FEATURES, std::iter::once(Facts::of(region)))
}

/// What morphology is computed from. Lengths are in the unit of the spacing.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Volume and area of the mesh.
    pub(super) volume: f64,
    pub(super) area: f64,
    /// Volume of all voxels.
    pub(super) counted: f64,
    /// Axes of the ellipsoid, longest first.
    pub(super) axes: [f64; 3],
    /// Sides of the box along the axes of the image.
    pub(super) sides: [f64; 3],
    /// Volume, area and diameter of the convex hull.
    pub(super) hull: [f64; 3],
    pub(super) mean: Option<f64>,
    /// Distance from the centre of the shape to that of the intensities.
    pub(super) shift: Option<f64>,
}

impl Facts {
    fn of(region: &Region) -> Option<Self> {
        let size = region.spacing;
        let bounds = region.bounds()?;
        let hull = Hull::of(region)?;
        let (volume, area) = mesh(region)?;
        let voxel: f64 = size.iter().product();
        let moments = moments(region)?;
        let n = region.count();
        Some(Facts {
            volume,
            area,
            counted: moments.n as f64 * voxel,
            axes: axes(&moments, size),
            sides: [0, 1, 2].map(|a| bounds[a].len() as f64 * size[a]),
            hull: [hull.volume() * voxel, hull.area(size), hull.diameter(size)],
            mean: (n > 0).then(|| region.values().sum::<f64>() / n as f64),
            shift: shift(region, &moments),
        })
    }

    /// Surface of the ball with the same volume, over the surface.
    pub(super) fn sphericity(&self) -> f64 {
        libm::cbrt(36.0 * PI * self.volume * self.volume) / self.area
    }

    pub(super) fn box_volume(&self) -> f64 {
        self.sides.iter().product()
    }

    pub(super) fn box_area(&self) -> f64 {
        let [z, y, x] = self.sides;
        2.0 * (z * y + y * x + x * z)
    }

    /// Volume of the ellipsoid; nothing if it is flat.
    pub(super) fn ellipsoid_volume(&self) -> Option<f64> {
        (self.axes[2] > 0.0).then(|| PI / 6.0 * self.axes.iter().product::<f64>())
    }

    /// Its area.
    pub(super) fn ellipsoid_area(&self) -> Option<f64> {
        (self.axes[2] > 0.0).then(|| ellipsoid_area(self.axes))
    }
}

/// Terms of the series for the area of an ellipsoid that the standard takes.
const TERMS: u32 = 20;

/// Area of an ellipsoid by the standard's series of Legendre polynomials, from its axes, longest first. It is the true area
/// for a ball only; its values are those that others compare with.
pub(super) fn ellipsoid_area([a, b, c]: [f64; 3]) -> f64 {
    // Squares of the eccentricities. P is (alpha beta)^k times the polynomial of degree k at (alpha^2 + beta^2) / (2 alpha beta),
    // so that nothing is divided by an eccentricity of 0.
    let (alpha, beta) = (1.0 - b * b / (a * a), 1.0 - c * c / (a * a));
    let (half, product) = ((alpha + beta) / 2.0, alpha * beta);
    let (mut before, mut now, mut sum) = (0.0, 1.0, 0.0);
    for k in 0..=TERMS {
        let k = f64::from(k);
        sum += now / (1.0 - 4.0 * k * k);
        (before, now) = (now, ((2.0 * k + 1.0) * half * now - k * product * before) / (k + 1.0));
    }
    PI * a * b * sum
}

/// Volume and area of the mesh.
pub(super) fn mesh(region: &Region) -> Option<(f64, f64)> {
    let patterns = Patterns::of(&framed(region)?);
    Some((patterns.volume() * region.spacing.iter().product::<f64>(), patterns.mesh_area(region.spacing)))
}

/// The shape alone, framed by one voxel.
fn framed(region: &Region) -> Option<Crop> {
    let bounds = region.bounds()?;
    let size = bounds.each_ref().map(|b| b.len() + 2);
    let mut crop = Crop { size, cells: vec![0; size.iter().product()] };
    let [zs, ys, xs] = bounds;
    for (z, slice) in zs.enumerate() {
        for (y, row) in ys.clone().enumerate() {
            let (from, to) = (region.shape.index(slice, row, xs.start), crop.index(z + 1, y + 1, 1));
            let cells = crop.cells[to..].iter_mut().zip(region.shape_row(from..from + xs.len()));
            cells.for_each(|(cell, is_in)| *cell = is_in);
        }
    }
    Some(crop)
}

/// Of the voxels of the shape, counted from the first corner of its box.
fn moments(region: &Region) -> Option<Moments> {
    let lo = region.bounds()?.map(|b| b.start);
    let mut m = Moments::default();
    for [z, y, x0, x1] in region.shape_runs() {
        let [z, y, x0, x1] = [z - lo[0], y - lo[1], x0 - lo[2], x1 - lo[2]].map(|v| v as i128);
        m.add_run(z, y, x0, x1);
    }
    m.mirror();
    Some(m)
}

/// 4 times the roots of the variances of voxel centres, which the standard's values divide by n - 1; longest first.
fn axes(moments: &Moments, size: [f64; 3]) -> [f64; 3] {
    let n = moments.n as f64;
    // The ellipsoid of a solid body has axes of 2 sqrt(5 l), with variances divided by n.
    let scale = if n > 1.0 { 2.0 / 5f64.sqrt() * (n / (n - 1.0)).sqrt() } else { 0.0 };
    moments.ellipsoid(size).map(|axis| axis * scale)
}

fn shift(region: &Region, moments: &Moments) -> Option<f64> {
    let lo = region.bounds()?.map(|b| b.start);
    let (mut total, mut all, mut sums) = (0.0, 0.0, [0.0; 3]);
    for [z, y, x0, x1] in region.measured_runs() {
        let start = region.shape.index(z, y, 0);
        for x in x0..x1 {
            let v = region.intensities.at(start + x);
            total += v;
            all += v.abs();
            [z, y, x].iter().zip(lo).zip(&mut sums).for_each(|((at, lo), sum)| *sum += v * (at - lo) as f64);
        }
    }
    let away = |a: usize| (sums[a] / total - moments.first[a] as f64 / moments.n as f64) * region.spacing[a];
    let [z, y, x] = [0, 1, 2].map(away);
    // What is left of intensities that cancel is rounding.
    (apart(all + total, all) != 0.0).then(|| (z * z + y * y + x * x).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_series_of_simple_ellipsoids() {
        assert!((ellipsoid_area([2.0, 2.0, 2.0]) - 4.0 * PI).abs() < 1e-12);
        // With two equal long axes one eccentricity is 0: the terms are 1, -e^2 / 6, ...
        let (e2, first) = (0.01f64, 1.0 - 0.01 / 6.0 - 0.01 * 0.01 * 3.0 / 8.0 / 15.0);
        let flat = ellipsoid_area([2.0, 2.0, 2.0 * (1.0 - e2).sqrt()]);
        assert!((flat / (4.0 * PI) - first).abs() < 1e-7, "{flat}");
    }
}
