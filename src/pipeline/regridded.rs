//! What it takes to bring objects onto finer grids of their own, which texture may ask for: known once they are found.

use super::FoundSets;
use crate::image::ObjectSet;
use crate::ops::extent::{Extent, extents};
use crate::units::{Length, Ruler, Spacing};

/// Voxels around a box that interpolation adds on each side.
const FRAME: f64 = 2.0;

impl FoundSets<'_> {
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
    let (Ok(px), Ok(objects)) = (length.px(&ruler), extents(&set.labels)) else { return 0 };
    let zyx = spacing.map_or([1.0; 3], |s| s.zyx);
    let side = px * (zyx[1] * zyx[2]).sqrt();
    let new = |object: &Extent| {
        let along = |a: usize| match a {
            0 if set.labels.shape.is_flat() => 1.0,
            _ => (((object.hi[a] - object.lo[a]) as f64 + 2.0 * FRAME) * zyx[a] / side).ceil(),
        };
        along(0) * along(1) * along(2)
    };
    let mut sizes: Vec<f64> = objects.iter().filter(|object| object.n > 0).map(new).collect();
    sizes.sort_unstable_by(|a, b| b.total_cmp(a));
    // The cast stops at the largest number.
    sizes.iter().take(rayon::current_num_threads()).sum::<f64>() as u64
}
