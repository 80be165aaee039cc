//! What an image takes in memory, from what its header and the recipe say.
//!
//! The figures are peaks of whole processes, measured on images of 2048 to 8192 pixels and on volumes of 16 to 34 million
//! voxels; `tests/memory.rs` holds them against the truth.

use crate::read::Extent;
use crate::recipe::{Recipe, Step};

/// Bytes of a voxel while objects are found by steps, beside the samples of its channels.
const STEPS: u64 = 16;
/// The same with a landscape, which holds several distances at once.
const LANDSCAPE: u64 = 42;
/// The same with spots: the image in three forms, and their discs with distances.
const SPOTS: u64 = 28;
/// Bytes of a voxel for each object set, while its labels are written and measured.
const SET: u64 = 5;
/// Bytes of a voxel for each derived image: its samples, and its values while they are written.
const IMAGE: u64 = 8;
/// Bytes of a voxel while a flat field is divided by: both files, their values, and the image before and after.
const FLAT_FIELD: u64 = 32;
/// Bytes of a voxel for all that is left: tables by voxel, pictures.
const REST: u64 = 3;
/// What the smallest image takes: blocks of files, tables, pictures.
const FIXED: u64 = 4 << 20;
/// Bytes of a cell of a block of rows while it is made and kept: pieces, the block, the batch, and its packed form.
const CELL: u64 = 48;
/// Bytes of an object of which the neighbours are looked for: its place, trees, the triangulation while it is made.
const PLACE: u64 = 600;

/// Bytes that an image takes at its peak, from reading to writing, without the rows of its objects.
pub fn image(extent: &Extent, recipe: &Recipe) -> u64 {
    let sets = &recipe.body.objects;
    let taken = |step: &Step| match step {
        Step::Landscape(_) => LANDSCAPE,
        Step::Spots(_) => SPOTS,
        _ => STEPS,
    };
    let steps = sets.values().flat_map(|o| o.steps.iter().flatten()).map(taken).fold(STEPS, u64::max);
    let has_flat_field = recipe.body.images.values().any(|image| image.flat_field.is_some());
    let steps = steps.max(if has_flat_field { FLAT_FIELD } else { 0 });
    // Object sets are measured one after the other, and so are their families.
    let families = recipe.body.measure.values().flat_map(|m| &m.families);
    let measuring = families.map(|chosen| chosen.family.needs().voxel_bytes).max().unwrap_or(0);
    let a_voxel = measuring
        + REST
        + IMAGE.saturating_mul(recipe.images.len() as u64)
        + steps.max(SET.saturating_mul(sets.len() as u64));
    let voxels = extent.shape.zyx().iter().fold(1u64, |n, s| n.saturating_mul(*s as u64));
    let at_work = voxels.saturating_mul(a_voxel).max(extent.reading);
    extent.finished().saturating_add(at_work).saturating_add(FIXED)
}

/// Bytes that a block of the rows of its objects takes, and the places of so many objects.
pub fn rows(cells: u64, placed: u64) -> u64 {
    cells.saturating_mul(CELL).saturating_add(placed.saturating_mul(PLACE))
}
