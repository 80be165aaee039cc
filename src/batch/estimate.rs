//! What an image takes in memory, from what its header and the recipe say.

use crate::read::Extent;
use crate::recipe::Recipe;

/// Bytes of a cell of a table while it is made and put together: blocks of objects, the table, and the part that is kept.
const BYTES_A_CELL: u64 = 48;

/// Bytes that an image takes at its peak, from reading to writing, without the rows of its objects.
pub fn image(extent: &Extent, recipe: &Recipe) -> u64 {
    let voxels = extent.shape.len() as u64;
    let samples = voxels.saturating_mul(4 * extent.channels as u64);
    let sets = recipe.body.objects.len() as u64;
    let at_work = voxels.saturating_mul(BYTES_A_VOXEL + 4 * sets);
    samples.saturating_add(at_work.max(extent.reading)).saturating_add(FIXED)
}

/// Bytes that the rows of its objects take.
pub fn rows(cells: u64) -> u64 {
    cells.saturating_mul(BYTES_A_CELL)
}

const BYTES_A_VOXEL: u64 = 32;
/// What the smallest image takes: blocks of files, tables, pictures.
const FIXED: u64 = 4 << 20;
