//! The image in cells of about 8 mm.

use crate::Result;
use crate::image::{PatientGrid, Volume};
use crate::units::{Shape, Spacing};
use rayon::prelude::*;
use std::collections::BTreeSet;

/// Of a cell, in mm.
const CELL_MM: f64 = 8.0;
/// The body, in SUV.
pub(super) const BODY: f64 = 0.3;
/// Share of the lines from right to left that may begin or end in the body.
const CUT: f64 = 0.3;

/// Means of blocks of voxels.
pub(super) struct Cells {
    pub shape: Shape,
    /// Voxels of a cell along z, y, x.
    pub voxels: [usize; 3],
    pub values: Vec<f64>,
    /// Volume of a cell.
    pub ml: f64,
    pub spacing: Spacing,
}

impl Cells {
    pub fn new(volume: &Volume, spacing: &Spacing) -> Result<Self> {
        let mm = spacing.unit.um() / 1000.0;
        let voxels = spacing.zyx.map(|s| (CELL_MM / (s * mm)).round().max(1.0) as usize);
        // What is left over at the far edges is passed over.
        let [z, y, x] = [0, 1, 2].map(|a| volume.shape.zyx()[a] / voxels[a]);
        let (shape, samples) = (Shape::new(z, y, x), volume.samples.host()?);
        let n = voxels.iter().product::<usize>();
        let mean = |i: usize| {
            let [z, y, x] = shape.position(i);
            let mut sum = 0i64;
            for zz in z * voxels[0]..(z + 1) * voxels[0] {
                for yy in y * voxels[1]..(y + 1) * voxels[1] {
                    let row = volume.shape.index(zz, yy, x * voxels[2]);
                    sum += samples[row..row + voxels[2]].iter().map(|&s| i64::from(s)).sum::<i64>();
                }
            }
            volume.scale.value(sum as f64 / n as f64)
        };
        let values = (0..shape.len()).into_par_iter().with_min_len(1 << 10).map(mean).collect();
        let ml = spacing.voxel_volume() * mm.powi(3) * n as f64 / 1000.0;
        Ok(Cells { shape, voxels, values, ml, spacing: *spacing })
    }

    /// The middle of a cell in voxels.
    pub fn middle(&self, i: usize) -> [f64; 3] {
        let at = self.shape.position(i);
        std::array::from_fn(|a| (at[a] * self.voxels[a]) as f64 + (self.voxels[a] as f64 - 1.0) / 2.0)
    }

    /// The middle of all cells of a region in voxels.
    pub fn middle_of(&self, region: &[bool]) -> [f64; 3] {
        let (mut sum, mut n) = ([0.0; 3], 0.0);
        for i in (0..region.len()).filter(|&i| region[i]) {
            sum.iter_mut().zip(self.middle(i)).for_each(|(s, m)| *s += m);
            n += 1.0;
        }
        sum.map(|s| s / f64::max(n, 1.0))
    }

    /// The body reaches one of the sides of the image in many of the lines that run from right to left.
    pub fn cut_off(&self, patient_grid: &PatientGrid) -> bool {
        let sideways = |a: &usize| patient_grid.directions[*a][0].abs();
        let axis = (0..3).max_by(|a, b| sideways(a).total_cmp(&sideways(b))).unwrap_or(2);
        let (mut lines, mut cut) = (BTreeSet::new(), [BTreeSet::new(), BTreeSet::new()]);
        for i in (0..self.shape.len()).filter(|&i| self.values[i] > BODY) {
            let mut line = self.shape.position(i);
            let at = std::mem::take(&mut line[axis]);
            lines.insert(line);
            for (side, edge) in cut.iter_mut().zip([0, self.shape.zyx()[axis] - 1]) {
                if at == edge {
                    side.insert(line);
                }
            }
        }
        cut.iter().any(|side| side.len() as f64 > CUT * lines.len() as f64)
    }

    /// The indices of the block of 3 x 3 x 3 around a cell, inside the image.
    pub fn block(&self, i: usize) -> impl Iterator<Item = usize> + use<> {
        let (at, shape) = (self.shape.position(i), self.shape);
        let range = move |a: usize| at[a].saturating_sub(1)..(at[a] + 2).min(shape.zyx()[a]);
        range(0).flat_map(move |z| range(1).flat_map(move |y| range(2).map(move |x| shape.index(z, y, x))))
    }
}
