//! How alike near intensities are: Moran's I and Geary's C, over all pairs of voxels, each weighed by 1 over its distance.
//!
//! What all other voxels together are to each one is a convolution with that weight. It is done by Fourier transforms, so a
//! region of 10^5 voxels takes a second and not an hour.

use super::region::Region;
use crate::measure::spectrum::{LANES, Lanes, Transform, ZERO};

/// Numbers from -1 to 1 and from 0 on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Likeness {
    pub moran: f64,
    pub geary: f64,
}

/// Larger grids than this are not transformed: they would take more than 0.5 GiB.
const MOST: usize = 1 << 24;

impl Likeness {
    /// Nothing where all intensities are the same, for one voxel, and for boxes that are too large.
    pub fn of(region: &Region) -> Option<Self> {
        let [zs, ys, xs] = region.bounds()?;
        let size = [zs.len(), ys.len(), xs.len()].map(|n| (2 * n - 1).next_power_of_two());
        let [low, high] = region.extremes()?;
        if low == high || size.iter().try_fold(1usize, |all, n| all.checked_mul(*n))? > MOST {
            return None;
        }
        let n = region.measured().count() as f64;
        let mean = region.values().sum::<f64>() / n;
        let mut kernel = weights(size, region.spacing);
        kernel.transform();
        // The mask as real part, the deviations as imaginary part: the weights are the same on both sides, so the parts stay apart.
        let mut field = Grid::new(size);
        let place = |i: usize| {
            let [z, y, x] = region.shape.position(i);
            ((z - zs.start) * size[1] + (y - ys.start)) * size[2] + (x - xs.start)
        };
        for i in region.measured() {
            (field.re[place(i)], field.im[place(i)]) = (1.0, region.intensities.at(i) - mean);
        }
        field.transform();
        // The inverse is the transform of the conjugate, and its conjugate, over the number of cells.
        let scale = 1.0 / field.re.len() as f64;
        for ((re, im), k) in field.re.iter_mut().zip(&mut field.im).zip(&kernel.re) {
            (*re, *im) = (*re * k * scale, -*im * k * scale);
        }
        drop(kernel);
        field.transform();
        let (mut weight, mut product, mut square, mut spread) = (0.0, 0.0, 0.0, 0.0);
        for i in region.measured() {
            let (away, cell) = (region.intensities.at(i) - mean, place(i));
            weight += field.re[cell];
            product += away * -field.im[cell];
            square += away * away * field.re[cell];
            spread += away * away;
        }
        Some(Likeness {
            moran: n / weight * product / spread,
            // The sum of w (a - b)^2 is twice that of w a^2 less twice that of w a b.
            geary: (n - 1.0) / weight * (square - product) / spread,
        })
    }
}

/// 1 over the distance from the first cell, the grid closing in itself; 0 for the cell.
fn weights(size: [usize; 3], spacing: [f64; 3]) -> Grid {
    let mut grid = Grid::new(size);
    let square = |k: usize, a: usize| {
        let away = k.min(size[a] - k) as f64 * spacing[a];
        away * away
    };
    for z in 0..size[0] {
        for y in 0..size[1] {
            let (row, near) = ((z * size[1] + y) * size[2], square(z, 0) + square(y, 1));
            for x in 0..size[2] {
                grid.re[row + x] = 1.0 / (near + square(x, 2)).sqrt();
            }
        }
    }
    grid.re[0] = 0.0;
    grid
}

/// Complex numbers on a grid whose sides are powers of two.
struct Grid {
    size: [usize; 3],
    re: Vec<f64>,
    im: Vec<f64>,
}

impl Grid {
    fn new(size: [usize; 3]) -> Self {
        let n = size.iter().product();
        Grid { size, re: vec![0.0; n], im: vec![0.0; n] }
    }

    /// The discrete Fourier transform, axis by axis.
    fn transform(&mut self) {
        let [z, y, x] = self.size;
        self.along(x, 1);
        self.along(y, x);
        self.along(z, x * y);
    }

    /// Lines of `n` cells that lie `stride` apart.
    fn along(&mut self, n: usize, stride: usize) {
        if n == 1 {
            return;
        }
        let transform = Transform::new(n);
        let mut lines = vec![ZERO; n];
        let starts: Vec<usize> = (0..self.re.len()).filter(|i| (i / stride).is_multiple_of(n)).collect();
        for starts in starts.chunks(LANES) {
            let is_empty =
                |&s: &usize| (0..n).all(|k| self.re[s + k * stride] == 0.0 && self.im[s + k * stride] == 0.0);
            if starts.iter().all(is_empty) {
                continue;
            }
            for (k, line) in lines.iter_mut().enumerate() {
                *line = ZERO;
                for (l, s) in starts.iter().enumerate() {
                    (line.re[l], line.im[l]) = (self.re[s + k * stride], self.im[s + k * stride]);
                }
            }
            transform.run(&mut lines);
            for (k, Lanes { re, im }) in lines.iter().enumerate() {
                for (l, s) in starts.iter().enumerate() {
                    (self.re[s + k * stride], self.im[s + k * stride]) = (re[l], im[l]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::region::Intensities;
    use super::*;
    use crate::units::Shape;

    /// Oracle: all pairs one by one.
    #[test]
    fn pairs_one_by_one_give_the_same() {
        let (shape, spacing) = (Shape::new(3, 5, 6), [3.0, 1.0, 0.7]);
        let values: Vec<f64> = (0..90u32).map(|i| f64::from(i.wrapping_mul(2654435761) >> 24)).collect();
        let mask: Vec<bool> = (0..90).map(|i| i % 4 > 0).collect();
        let region = Region::new(shape, spacing, Intensities::Real(values.clone().into()), &mask).unwrap();
        let inside: Vec<usize> = region.measured().collect();
        let n = inside.len() as f64;
        let mean = inside.iter().map(|&i| values[i]).sum::<f64>() / n;
        let (mut weight, mut product, mut difference) = (0.0, 0.0, 0.0);
        for &a in &inside {
            for &b in inside.iter().filter(|b| **b != a) {
                let (p, q) = (shape.position(a), shape.position(b));
                let away = (0..3).map(|k| (p[k].abs_diff(q[k]) as f64 * spacing[k]).powi(2)).sum::<f64>();
                weight += 1.0 / away.sqrt();
                product += (values[a] - mean) * (values[b] - mean) / away.sqrt();
                difference += (values[a] - values[b]).powi(2) / away.sqrt();
            }
        }
        let spread: f64 = inside.iter().map(|&i| (values[i] - mean).powi(2)).sum();
        let found = Likeness::of(&region).unwrap();
        assert!((found.moran - n / weight * product / spread).abs() < 1e-12, "{found:?}");
        assert!((found.geary - (n - 1.0) / 2.0 / weight * difference / spread).abs() < 1e-12, "{found:?}");
    }
}
