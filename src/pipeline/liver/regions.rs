//! Even regions on the patient's right: what may be liver.

use super::cells::{BODY, Cells};
use crate::Result;
use crate::device::Device;
use crate::image::{Mask, PatientGrid};
use crate::ops::label::{Connectivity, label};
use crate::ops::sizes::sizes;
use crate::pet::percist::LIVER_SUV;
use rayon::prelude::*;

/// Means of cells that may be liver, in SUV.
pub(super) const WINDOW: [f64; 2] = LIVER_SUV;
/// Greatest coefficient of variation of the means of 27 cells.
const EVEN: f64 = 0.20;
/// Levels rise by this, and a region is within that share of its level.
const STEP: f64 = 1.1;
const BAND: f64 = 0.3;
/// Of a region, in ml.
const VOLUME_ML: [f64; 2] = [200.0, 3000.0];
/// Share of a region without counterpart, and of what is even at its level.
const ALONE: f64 = 0.7;
const MOST: f64 = 0.4;
/// Regions that share that much of the smaller one are one organ.
const SHARED: f64 = 0.25;

/// Cells in even surroundings.
pub(super) struct Even {
    /// Mean of the block, or nothing where it is uneven or outside the window.
    mean: Vec<Option<f64>>,
    /// On the patient's right.
    right: Vec<bool>,
    /// The cell across the middle, if there is one.
    across: Vec<Option<usize>>,
}

impl Even {
    pub fn new(cells: &Cells, patient_grid: &PatientGrid) -> Self {
        let n = cells.shape.len();
        let place = |i: usize| patient_grid.at(&cells.spacing, cells.middle(i));
        let mut body: Vec<f64> = (0..n).filter(|&i| cells.values[i] > BODY).map(|i| place(i)[0]).collect();
        body.sort_unstable_by(f64::total_cmp);
        let middle = body.get(body.len() / 2).copied().unwrap_or(f64::NEG_INFINITY);
        let across = |i: usize| {
            let [x, y, z] = place(i);
            let at = patient_grid.grid(&cells.spacing, [2.0 * middle - x, y, z]);
            let cell: [f64; 3] = std::array::from_fn(|a| ((at[a] + 0.5) / cells.voxels[a] as f64).floor());
            let inside = (0..3).all(|a| cell[a] >= 0.0 && cell[a] < cells.shape.zyx()[a] as f64);
            inside.then(|| cells.shape.index(cell[0] as usize, cell[1] as usize, cell[2] as usize))
        };
        let mean = |i: usize| {
            let block: Vec<f64> = cells.block(i).map(|j| cells.values[j]).collect();
            let n = block.len() as f64;
            let mean = block.iter().sum::<f64>() / n;
            let variance = block.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
            ((WINDOW[0]..=WINDOW[1]).contains(&mean) && variance.sqrt() <= EVEN * mean).then_some(mean)
        };
        let all = || (0..n).into_par_iter().with_min_len(1 << 10);
        Even {
            mean: all().map(mean).collect(),
            right: all().map(|i| place(i)[0] < middle).collect(),
            across: all().map(across).collect(),
        }
    }

    /// All regions that may be liver, level by level.
    pub fn regions(&self, cells: &Cells) -> Result<Vec<Region>> {
        let mut found = Vec::new();
        let mut level = WINDOW[0];
        while level <= WINDOW[1] {
            let band: Vec<bool> =
                self.mean.iter().map(|m| m.is_some_and(|m| (m / level - 1.0).abs() <= BAND)).collect();
            let all = band.iter().filter(|b| **b).count() as f64;
            let mask = band.iter().zip(&self.right).map(|(&b, &r)| u8::from(b && r)).collect();
            let labels = label(&Device::Cpu, &Mask::new(cells.shape, mask)?, Connectivity::Face)?;
            let sizes = sizes(&Device::Cpu, &labels)?;
            let voxels = labels.voxels().host()?;
            let mut alone = vec![0u32; sizes.len()];
            for (i, &l) in voxels.iter().enumerate().filter(|(_, l)| **l > 0) {
                alone[l as usize] += u32::from(self.across[i].is_some_and(|j| !band[j]));
            }
            for (l, (&size, &alone)) in (0u32..).zip(sizes.iter().zip(&alone)).skip(1) {
                let (n, ml) = (f64::from(size), f64::from(size) * cells.ml);
                if (VOLUME_ML[0]..=VOLUME_ML[1]).contains(&ml) && f64::from(alone) >= ALONE * n {
                    let cells = voxels.iter().map(|&v| v == l).collect();
                    found.push(Region { cells, alone, most: n >= MOST * all });
                }
            }
            level *= STEP;
        }
        Ok(found)
    }
}

/// Cells that may be liver.
pub(super) struct Region {
    pub cells: Vec<bool>,
    /// How many have no counterpart.
    pub alone: u32,
    /// It is most of what is even at its level.
    pub most: bool,
}

impl Region {
    /// Both are one organ, at two levels.
    pub fn is(&self, other: &Region) -> bool {
        let count = |cells: &[bool]| cells.iter().filter(|c| **c).count();
        let both = self.cells.iter().zip(&other.cells).filter(|(a, b)| **a && **b).count();
        both as f64 > SHARED * count(&self.cells).min(count(&other.cells)) as f64
    }
}
