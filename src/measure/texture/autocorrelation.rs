//! Spatial autocorrelation, of morphology (IBSI:HCUG): how alike near intensities are, over all pairs of voxels, each weighed
//! by 1 over its distance.
//!
//! What all other voxels together are to each one is a convolution with that weight. Small regions are done pair by pair,
//! large ones by Fourier transforms: 10^5 voxels take a second and not an hour.

use super::region::Region;
use super::{average, plain};
use crate::measure::Feature;
use crate::measure::spectrum::{LANES, Lanes, Transform, ZERO};
use crate::simd::wide;

/// What autocorrelation is computed from: sums over pairs of voxels, weighed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    /// Voxels.
    n: f64,
    /// Squared deviations from the mean, of voxels.
    spread: f64,
    /// Weights.
    weight: f64,
    /// Products of the two deviations.
    product: f64,
    /// Squares of the first one.
    square: f64,
}

/// The values of [`FEATURES`].
pub fn values(region: &Region) -> Vec<Option<f64>> {
    average(FEATURES, std::iter::once(Facts::of(region)))
}

const ALIKE: &str =
    "all intensities are the same, there are none, or the box of the region is too large (about 2 million voxels)";

/// The features of autocorrelation.
pub const FEATURES: &[Feature<Facts>] = &[
    plain(
        "morph_morans_i",
        "IBSI:N365",
        "Moran's I: correlation of intensities over all pairs of voxels, weighed by 1 over their distance",
        ALIKE,
        |f| Some(f.n / f.weight * f.product / f.spread),
    ),
    plain(
        "morph_gearys_c",
        "IBSI:NPT7",
        "Geary's C: squared difference of intensities over all pairs of voxels, weighed by 1 over their distance",
        ALIKE,
        // The sum of w (a - b)^2 is twice that of w a^2 less twice that of w a b.
        |f| Some((f.n - 1.0) / f.weight * (f.square - f.product) / f.spread),
    ),
];

/// Larger grids than this are not transformed: they would take more than 0.5 GiB.
const MOST: usize = 1 << 24;
/// What a cell of a transform costs, in pairs of a voxel and a cell.
const COST: usize = 100;

impl Facts {
    /// Nothing where all intensities are the same, for one voxel, and for boxes that are too large.
    fn of(region: &Region) -> Option<Self> {
        let [low, high] = region.extremes()?;
        if low == high {
            return None;
        }
        let field = Field::of(region)?;
        let grid = field.size.map(|n| (2 * n - 1).next_power_of_two());
        let cells = grid.iter().try_fold(1usize, |all, n| all.checked_mul(*n))?;
        // Half of the pairs of a voxel and a cell are looked at.
        let pairs = field.inside.len().checked_mul(field.mask.len() / 2);
        match pairs {
            Some(pairs) if pairs <= COST.saturating_mul(cells) => Some(field.pair_by_pair()),
            _ => (cells <= MOST).then(|| field.transformed(grid)),
        }
    }
}

/// The voxels of a region in their box.
struct Field {
    /// z, y, x; rows have some cells more, so that they are added up without a rest.
    size: [usize; 3],
    spacing: [f64; 3],
    /// 1 for those that are measured, 0 for others.
    mask: Vec<f64>,
    /// Deviations from the mean intensity, 0 for others.
    away: Vec<f64>,
    /// Linear indices.
    inside: Vec<usize>,
}

impl Field {
    fn of(region: &Region) -> Option<Self> {
        let bounds = region.bounds()?;
        let mut size = bounds.each_ref().map(|b| b.len());
        size[2] = size[2].next_multiple_of(WIDE);
        let n: usize = size.iter().product();
        let (mut mask, mut away, mut inside) = (vec![0.0; n], vec![0.0; n], vec![]);
        let mean = region.values().sum::<f64>() / region.count() as f64;
        for i in region.measured() {
            let [z, y, x] = region.shape.position(i);
            let to = ((z - bounds[0].start) * size[1] + (y - bounds[1].start)) * size[2] + (x - bounds[2].start);
            (mask[to], away[to]) = (1.0, region.intensities.at(i) - mean);
            inside.push(to);
        }
        Some(Field { size, spacing: region.spacing, mask, away, inside })
    }

    fn place(&self, i: usize) -> [usize; 3] {
        let (row, x) = (i / self.size[2], i % self.size[2]);
        [row / self.size[1], row % self.size[1], x]
    }

    fn pair_by_pair(&self) -> Facts {
        let mut facts = Facts { n: self.inside.len() as f64, ..Facts::default() };
        pairs(self, &inverse_distances(self.size, self.spacing), &mut facts);
        facts
    }

    /// By the convolution theorem, on a grid whose sides are powers of two and leave no voxel beside another one's image.
    fn transformed(&self, size: [usize; 3]) -> Facts {
        let mut kernel = weights(size, self.spacing);
        kernel.transform();
        // The mask as real part, the deviations as imaginary part: the weights are the same on both sides, so the parts
        // stay apart.
        let mut grid = Grid::new(size);
        let to = |i: usize| {
            let [z, y, x] = self.place(i);
            (z * size[1] + y) * size[2] + x
        };
        for &i in &self.inside {
            (grid.re[to(i)], grid.im[to(i)]) = (1.0, self.away[i]);
        }
        grid.transform();
        // The inverse is the transform of the conjugate, and its conjugate, over the number of cells.
        let scale = 1.0 / grid.re.len() as f64;
        for ((re, im), k) in grid.re.iter_mut().zip(&mut grid.im).zip(&kernel.re) {
            (*re, *im) = (*re * k * scale, -*im * k * scale);
        }
        drop(kernel);
        grid.transform();
        let mut facts = Facts { n: self.inside.len() as f64, ..Facts::default() };
        for &i in &self.inside {
            let (away, cell) = (self.away[i], to(i));
            facts.spread += away * away;
            facts.weight += grid.re[cell];
            facts.product += away * -grid.im[cell];
            facts.square += away * away * grid.re[cell];
        }
        facts
    }
}

/// 1 over the distance by steps along z and y, and by those along x from minus to plus the columns less 1; 0 for no step.
fn inverse_distances(size: [usize; 3], spacing: [f64; 3]) -> Vec<f64> {
    let [slices, rows, columns] = size;
    let square = |k: usize, a: usize| (k as f64 * spacing[a]) * (k as f64 * spacing[a]);
    let mut out = Vec::with_capacity(slices * rows * (2 * columns - 1));
    for (z, y) in (0..slices).flat_map(|z| (0..rows).map(move |y| (z, y))) {
        let near = square(z, 0) + square(y, 1);
        out.extend((0..2 * columns - 1).map(|x| 1.0 / (near + square(x.abs_diff(columns - 1), 2)).sqrt()));
    }
    out[columns - 1] = 0.0;
    out
}

/// Cells that are added up side by side.
const WIDE: usize = 4;
/// Sums over cells of a weight, of it times the deviation, and of it times the squared deviation.
type Sums = [[f64; WIDE]; 3];

wide! {
    /// Each voxel with those of its row, and with those of rows that come later in the box, which count both ways.
    fn pairs(field: &Field, inverse: &[f64], facts: &mut Facts) {
        let [slices, rows, columns] = field.size;
        for &i in &field.inside {
            let [z, y, x] = field.place(i);
            let (mut own, mut later) = (Sums::default(), Sums::default());
            add_row(field, z * rows + y, &inverse[columns - 1 - x..], &mut own);
            for other in z..slices {
                for row in if other == z { y + 1..rows } else { 0..rows } {
                    // The weight for the column of the voxel lies in the middle.
                    let start = ((other - z) * rows + row.abs_diff(y)) * (2 * columns - 1) + columns - 1 - x;
                    add_row(field, other * rows + row, &inverse[start..], &mut later);
                }
            }
            let [own, later] = [own, later].map(|sums| sums.map(|lanes| lanes[0] + lanes[1] + lanes[2] + lanes[3]));
            let away = field.away[i];
            facts.spread += away * away;
            facts.weight += own[0] + 2.0 * later[0];
            facts.product += away * (own[1] + 2.0 * later[1]);
            facts.square += away * away * (own[0] + later[0]) + later[2];
        }
    }
}

/// Adds a row of the box.
#[inline(always)]
fn add_row(field: &Field, row: usize, weights: &[f64], sums: &mut Sums) {
    let columns = field.size[2];
    let (mask, away) = (&field.mask[row * columns..][..columns], &field.away[row * columns..][..columns]);
    let weights = &weights[..columns];
    for ((w, m), a) in weights.chunks_exact(WIDE).zip(mask.chunks_exact(WIDE)).zip(away.chunks_exact(WIDE)) {
        for l in 0..WIDE {
            let weighed = w[l] * a[l];
            sums[0][l] += w[l] * m[l];
            sums[1][l] += weighed;
            sums[2][l] += weighed * a[l];
        }
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
    use super::super::{region::Intensities, value};
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
        let field = Field::of(&region).unwrap();
        for facts in [field.pair_by_pair(), field.transformed([8, 16, 32])] {
            let [moran, geary] = [0, 1].map(|k| value(&FEATURES[k], &facts).unwrap());
            assert!((moran - n / weight * product / spread).abs() < 1e-12, "{facts:?}");
            assert!((geary - (n - 1.0) / 2.0 / weight * difference / spread).abs() < 1e-12, "{facts:?}");
        }
    }
}
