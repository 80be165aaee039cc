//! Images on another grid whose centre is that of the old one ("align grid centers").
//!
//! Interpolation goes axis by axis. A new voxel takes the nearest old one, a mean of two, or four coefficients of a cubic
//! B-spline that runs through all old values. Past the last voxel centres the image goes on as it is there.

use crate::units::Shape;
use crate::{Error, Result};
use serde::Deserialize;
use std::ops::Range;

/// How values between voxels are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interpolation {
    /// That of the nearest voxel; the later one of two.
    Nearest,
    /// Linear along each axis.
    Linear,
    /// Cubic B-spline.
    #[serde(rename = "cubic")]
    CubicSpline,
}

/// An axis of the new grid on the old one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    /// Old voxels.
    pub old: usize,
    /// New voxels: as many as it takes to cover the old ones.
    pub new: usize,
    /// New distance of voxels over the old one.
    pub step: f64,
}

impl Axis {
    /// From the old voxels and the distances of old and new ones.
    ///
    /// # Errors
    /// There would be no new voxel, or far too many.
    pub fn new(old: usize, from: f64, to: f64) -> Result<Self> {
        let new = (old as f64 * from / to - 1e-9).ceil();
        if !(to > 0.0 && (1.0..1e6).contains(&new)) {
            return Err(Error::usage(format!("{old} voxels of {from} on a grid of {to}"))
                .remedy("a distance of voxels above 0 that makes less than a million on an axis"));
        }
        Ok(Axis { old, new: new as usize, step: to / from })
    }

    /// Where a new voxel lies, in old voxels; not past the first and the last one.
    pub fn place(&self, k: usize) -> f64 {
        let from_centre = (k as f64 - (self.new - 1) as f64 / 2.0) * self.step;
        ((self.old - 1) as f64 / 2.0 + from_centre).clamp(0.0, (self.old - 1) as f64)
    }

    /// The new voxels that old ones may have a part in.
    pub fn reached(&self, old: &Range<usize>) -> Range<usize> {
        let at = |place: f64| (place - (self.old - 1) as f64 / 2.0) / self.step + (self.new - 1) as f64 / 2.0;
        let (first, last) = (at(old.start as f64 - 1.0), at(old.end as f64));
        // The outermost voxels stand for whatever lies beyond.
        let first = if old.start == 0 { 0 } else { first.floor().max(0.0) as usize };
        let behind = if old.end == self.old { self.new } else { (last.ceil().max(0.0) as usize + 1).min(self.new) };
        first.min(behind)..behind
    }

    /// The old voxels that some new ones are made of.
    pub fn needed(&self, new: &Range<usize>, method: Interpolation) -> Range<usize> {
        let reach = if method == Interpolation::CubicSpline { SETTLED } else { 1 };
        let (first, last) = (self.place(new.start), self.place(new.end.max(1) - 1));
        (first as usize).saturating_sub(reach)..(last as usize + reach + 1).min(self.old)
    }
}

/// Spline coefficients this far from where lines are cut do not feel the cut in 64 bits.
const SETTLED: usize = 32;

/// A part of an old image.
#[derive(Clone, Debug)]
pub struct Part {
    /// Where its voxels lie in the image: z, y, x.
    pub place: [Range<usize>; 3],
    /// In raster order.
    pub values: Vec<f64>,
}

impl Part {
    /// From the values of all voxels of an image, by linear index.
    pub fn cut(shape: Shape, place: [Range<usize>; 3], value: impl Fn(usize) -> f64) -> Self {
        let [zs, ys, xs] = place.clone();
        let rows = zs.flat_map(|z| ys.clone().map(move |y| shape.index(z, y, 0)));
        let values = rows.flat_map(|row| xs.clone().map(move |x| row + x)).map(value).collect();
        Part { place, values }
    }
}

/// The new voxels in a box, from a part of the image that holds what they need.
pub fn interpolate(part: Part, axes: [Axis; 3], new: [Range<usize>; 3], method: Interpolation) -> Vec<f64> {
    let mut size = part.place.each_ref().map(|r| r.len());
    let mut values = part.values;
    // The innermost axis last: before, the lines that are read lie side by side.
    for a in 0..3 {
        let inner: usize = size[a + 1..].iter().product();
        if method == Interpolation::CubicSpline {
            values.chunks_mut(size[a] * inner).for_each(|block| coefficients(block, size[a], inner));
        }
        let taps: Vec<Taps> =
            new[a].clone().map(|k| Taps::at(axes[a].place(k) - part.place[a].start as f64, size[a], method)).collect();
        let mut out = Vec::with_capacity(values.len() / size[a] * taps.len());
        for block in values.chunks(size[a] * inner) {
            for tap in &taps {
                for i in 0..inner {
                    let weighed = tap.from.iter().zip(tap.weights);
                    out.push(weighed.map(|(line, weight)| block[line * inner + i] * weight).sum());
                }
            }
        }
        (values, size[a]) = (out, taps.len());
    }
    values
}

/// Which lines make a new one.
struct Taps {
    from: [usize; 4],
    weights: [f64; 4],
}

impl Taps {
    fn at(place: f64, n: usize, method: Interpolation) -> Self {
        let first = place.floor();
        let (k, t) = (first as isize, place - first);
        // A spline goes on as its mirror image, as its coefficients do.
        let mirrored = |k: isize| match k {
            k if k < 0 => k.unsigned_abs().min(n - 1),
            k if k.unsigned_abs() >= n => (2 * (n - 1)).saturating_sub(k.unsigned_abs()),
            k => k.unsigned_abs(),
        };
        let from = [k - 1, k, k + 1, k + 2].map(mirrored);
        let weights = match method {
            Interpolation::Nearest if t < 0.5 => [0.0, 1.0, 0.0, 0.0],
            Interpolation::Nearest => [0.0, 0.0, 1.0, 0.0],
            Interpolation::Linear => [0.0, 1.0 - t, t, 0.0],
            Interpolation::CubicSpline => {
                let (s, cube) = (1.0 - t, |v: f64| v * v * v);
                let middle = |v: f64| (4.0 - 6.0 * v * v + 3.0 * cube(v)) / 6.0;
                [cube(s) / 6.0, middle(t), middle(s), cube(t) / 6.0]
            }
        };
        Taps { from, weights }
    }
}

/// Makes spline coefficients of `n` lines of `inner` values each: a recursion forth and one back.
fn coefficients(lines: &mut [f64], n: usize, inner: usize) {
    if n < 2 {
        return;
    }
    let pole = 3f64.sqrt() - 2.0;
    let at = |k: usize, i: usize| k * inner + i;
    for i in 0..inner {
        // The first coefficient is the sum over all lines and their mirror image; far ones do not count.
        let (mut sum, mut power) = (lines[at(0, i)], pole);
        for k in 1..n.min(SETTLED) {
            sum += power * lines[at(k, i)];
            power *= pole;
        }
        if n <= SETTLED {
            // The whole period is seen: on the way back, then again and again.
            for k in (1..n - 1).rev() {
                sum += power * lines[at(k, i)];
                power *= pole;
            }
            sum /= 1.0 - power;
        }
        lines[at(0, i)] = sum;
    }
    for k in 1..n {
        (0..inner).for_each(|i| lines[at(k, i)] += pole * lines[at(k - 1, i)]);
    }
    for i in 0..inner {
        lines[at(n - 1, i)] = pole / (pole * pole - 1.0) * (lines[at(n - 1, i)] + pole * lines[at(n - 2, i)]);
    }
    for k in (0..n - 1).rev() {
        (0..inner).for_each(|i| lines[at(k, i)] = pole * (lines[at(k + 1, i)] - lines[at(k, i)]));
    }
    lines.iter_mut().for_each(|v| *v *= 6.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(values: &[f64], to: f64, method: Interpolation) -> Vec<f64> {
        let n = values.len();
        let same = Axis::new(1, 1.0, 1.0).unwrap();
        let axis = Axis::new(n, 1.0, to).unwrap();
        let part = Part { place: [0..1, 0..1, 0..n], values: values.to_vec() };
        interpolate(part, [same, same, axis], [0..1, 0..1, 0..axis.new], method)
    }

    #[test]
    fn grids_share_their_centre() {
        let axis = Axis::new(204, 0.977, 2.0).unwrap();
        assert_eq!(axis.new, 100);
        assert!((axis.place(49) + axis.place(50) - 203.0).abs() < 1e-9);
        assert_eq!(Axis::new(60, 3.0, 2.0).unwrap().new, 90);
        assert_eq!(Axis::new(3, 0.1, 0.3).unwrap().new, 1);
        assert!(Axis::new(3, 1.0, 0.0).is_err() && Axis::new(3, 1.0, 1e-9).is_err());
    }

    #[test]
    fn values_of_a_small_line() {
        assert_eq!(line(&[0.0, 4.0], 0.5, Interpolation::Linear), [0.0, 1.0, 3.0, 4.0]);
        assert_eq!(line(&[0.0, 4.0], 0.5, Interpolation::Nearest), [0.0, 0.0, 4.0, 4.0]);
        assert_eq!(line(&[0.0, 2.0, 4.0, 8.0], 2.0, Interpolation::Linear), [1.0, 6.0]);
    }

    #[test]
    fn splines_run_through_all_values() {
        for n in [1, 2, 3, 5, 31, 32, 33, 40] {
            let values: Vec<f64> = (0..n).map(|k| f64::from(k * k % 7)).collect();
            for (got, want) in line(&values, 1.0, Interpolation::CubicSpline).iter().zip(&values) {
                assert!((got - want).abs() < 1e-12, "{n}: {got} {want}");
            }
        }
        // Cubic polynomials are kept, far from the ends.
        let cubic = |x: f64| x * x * x / 100.0 - x;
        let values: Vec<f64> = (0..101).map(|k| cubic(f64::from(k))).collect();
        let fine = line(&values, 0.5, Interpolation::CubicSpline);
        let axis = Axis::new(101, 1.0, 0.5).unwrap();
        (80..120).for_each(|k| assert!((fine[k] - cubic(axis.place(k))).abs() < 1e-9));
    }

    #[test]
    fn parts_give_what_the_whole_gives() {
        let shape = Shape::new(20, 90, 100);
        let value = |i: usize| ((i as u32).wrapping_mul(2654435761) >> 20) as f64;
        let axes = [Axis::new(20, 3.0, 2.0), Axis::new(90, 1.0, 1.3), Axis::new(100, 1.0, 0.9)].map(|a| a.unwrap());
        for method in [Interpolation::Nearest, Interpolation::Linear, Interpolation::CubicSpline] {
            let all = [0, 1, 2].map(|a| 0..axes[a].new);
            let whole = interpolate(Part::cut(shape, [0..20, 0..90, 0..100], value), axes, all, method);
            let new = [3..7, 30..35, 60..70];
            let needed = [0, 1, 2].map(|a| axes[a].needed(&new[a], method));
            let part = interpolate(Part::cut(shape, needed, value), axes, new.clone(), method);
            let [zs, ys, xs] = new;
            let places = zs.flat_map(|z| {
                ys.clone().flat_map({
                    let xs = xs.clone();
                    move |y| xs.clone().map(move |x| (z, y, x))
                })
            });
            let of_whole = places.map(|(z, y, x)| whole[(z * axes[1].new + y) * axes[2].new + x]);
            part.iter().zip(of_whole).for_each(|(a, b)| assert!((a - b).abs() < 1e-9, "{method:?}: {a} {b}"));
        }
    }
}
