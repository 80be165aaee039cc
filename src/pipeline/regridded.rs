//! What it takes to bring objects onto finer grids of their own, which texture may ask for: known once they are found.

use super::Found;
use crate::image::{ObjectRun, ObjectSet};
use crate::units::{Length, Ruler, Shape, Spacing};

/// Voxels around a box that interpolation adds on each side.
const FRAME: f64 = 2.0;

impl Found<'_> {
    /// Voxels of the finer grids that objects are brought onto at once.
    pub fn regridded(&self) -> u64 {
        let grids = self.made.iter().filter_map(|(name, set)| Some((set, self.recipe.body.measure.get(name)?)));
        let sizes = grids.flat_map(|(set, measure)| {
            let lengths = measure.families.iter().filter_map(|chosen| chosen.family.needs().grid);
            lengths.map(|length| voxels(set, length, self.scan.spacing))
        });
        sizes.max().unwrap_or(0)
    }
}

/// Voxels of the grids that the objects of a set need at once, at most: those of its largest ones, one for each thread. Nothing where
/// the length means nothing in this image, which then fails when it comes to that.
fn voxels(set: &ObjectSet, length: Length, spacing: Option<Spacing>) -> u64 {
    let ruler = Ruler { spacing, radius_px: set.radius_px };
    let (Ok(px), Ok(runs)) = (length.px(&ruler), set.labels.runs()) else { return 0 };
    let zyx = spacing.map_or([1.0; 3], |s| s.zyx);
    let side = px * (zyx[1] * zyx[2]).sqrt();
    let shape = set.labels.shape;
    let new = |label: u32| {
        let Some(lengths) = lengths(runs.of(label), shape) else { return 0.0 };
        let along = |a: usize| match a {
            0 if shape.is_flat() => 1.0,
            _ => ((lengths[a] as f64 + 2.0 * FRAME) * zyx[a] / side).ceil(),
        };
        along(0) * along(1) * along(2)
    };
    let mut sizes: Vec<f64> = (1..=set.labels.count).map(new).collect();
    sizes.sort_unstable_by(|a, b| b.total_cmp(a));
    // The cast stops at the largest number.
    sizes.iter().take(rayon::current_num_threads()).sum::<f64>() as u64
}

/// The sides of the box around an object; nothing if it has no voxel.
fn lengths(runs: &[ObjectRun], shape: Shape) -> Option<[usize; 3]> {
    let place = |run: &ObjectRun| {
        let [z, y] = run.zy(shape);
        [[z, z + 1], [y, y + 1], [run.start as usize, run.end as usize]]
    };
    let both =
        |a: [[usize; 2]; 3], b: [[usize; 2]; 3]| std::array::from_fn(|k| [a[k][0].min(b[k][0]), a[k][1].max(b[k][1])]);
    Some(runs.iter().map(place).reduce(both)?.map(|[from, to]| to - from))
}
