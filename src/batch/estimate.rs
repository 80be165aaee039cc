//! What an image takes in memory, from what its header and the recipe say.
//!
//! The figures are peaks of whole processes, measured on images of 2048 to 8192 pixels and on volumes of 16 to 34 million
//! voxels; `tests/memory.rs` holds them against the truth.

use crate::pipeline::{self, FoundSets, InMemory};
use crate::read::{Extent, is_points};
use crate::recipe::{Filter, Objects, Recipe, Step};
use crate::units::Shape;

/// Bytes of a voxel while objects are found by steps, beside the samples of its channels.
const STEPS: u64 = 16;
/// The same with a landscape, which holds several distances at once.
const LANDSCAPE: u64 = 42;
/// The same with spots: the image in three forms, and their discs with distances.
const SPOTS: u64 = 28;
/// The same where objects are grown through a mask: cost and label of each voxel, levels, masks, and the objects that they grow from.
const PROPAGATE: u64 = 73;
/// The same where objects are divided by clusters, if one fills the image: order, cluster and distances of each voxel.
const CLUSTERS: u64 = 88;
/// And of each value that they are told apart by: as it is, sorted, and standardised.
const CLUSTER_VALUE: u64 = 24;
/// Bytes of a voxel while a filter is at work, which is done in 64-bit floats: the image and its frequencies, twice.
const FILTER: u64 = 64;
/// Bytes of a voxel of the largest plane while a Gabor filter is at work on it, with what its kernel reaches beyond the edge.
const GABOR: u64 = 160;
/// What planes of a Gabor filter take that are small beside its kernel.
const GABOR_LEAST: u64 = 128 << 20;
/// Bytes of a voxel for each object set, while its labels are written and measured.
const SET: u64 = 5;
/// The same of points: whether one lies there.
const POINTS: u64 = 1;
/// Bytes of a voxel for each derived image: its samples, and its values while they are written.
const IMAGE: u64 = 8;
/// Bytes of a gallery at its largest: the picture, and the samples of a channel that are shown.
const GALLERY: u64 = 64 << 20;
/// Bytes of a voxel while a flat field is divided by: both files, their values, and the image before and after.
const FLAT_FIELD: u64 = 32;
/// Bytes of a voxel for all that is left: tables by voxel, pictures.
const REST: u64 = 3;
/// What the smallest image takes: blocks of files, tables, pictures, and the code that is run for it.
const FIXED: u64 = 12 << 20;
/// Bytes of a cell of a block of rows while it is made and kept: pieces, the block, the batch, and its packed form.
const CELL: u64 = 48;
/// Bytes of a cell that is kept until its row is made.
const KEPT_CELL: u64 = 8;
/// Bytes of an object of which the neighbours are looked for: its place, trees, the triangulation while it is made.
const PLACE: u64 = 600;

/// Bytes of a voxel of a grid that an object is brought onto for its texture: values and mask, and what they are made of.
const REGRIDDED: u64 = 24;
/// Bytes of an old and of a new voxel while a channel is brought onto another grid: values, twice.
const REGRID: u64 = 24;

/// Bytes that an image takes at its peak, from reading to writing, without the rows of its objects.
pub fn image(extent: &Extent, recipe: &Recipe) -> u64 {
    let Work { steps, measuring, sets, others } = Work::of(recipe);
    let a_voxel = measuring + others + steps.max(sets);
    let count = |shape: Shape| shape.zyx().iter().fold(1u64, |n, s| n.saturating_mul(*s as u64));
    // Where there can be no such grid the image fails when it comes to that.
    let shape = pipeline::shape_on_grid(extent.shape, extent.spacing, recipe).unwrap_or(extent.shape);
    let (old, voxels) = (count(extent.shape), count(shape));
    let at_work = voxels.saturating_mul(a_voxel).saturating_add(galleries(recipe));
    let at_work = at_work.max(filtering(recipe, shape)).max(extent.reading);
    if recipe.body.grid.is_none() {
        return extent.finished().saturating_add(at_work).saturating_add(FIXED);
    }
    let finished = Extent { shape, ..extent.clone() }.finished();
    let moving = REGRID.saturating_mul(old.saturating_add(voxels));
    extent.finished().saturating_add(finished).saturating_add(at_work.max(moving)).saturating_add(FIXED)
}

/// The same with its rows where channels are read in turn, so many at once to be measured: the largest of what it takes to look at each
/// once, to find objects, to measure channel by channel, to make rows, and to show objects.
pub fn in_turn(extent: &Extent, recipe: &Recipe, channels: &InMemory, at_once: usize, rows: &Rows) -> u64 {
    let Work { steps, measuring, sets, others } = Work::of(recipe);
    let voxels = extent.shape.zyx().iter().fold(1u64, |n, s| n.saturating_mul(*s as u64));
    let read = |channels: usize| extent.samples(channels).saturating_add(if channels > 0 { extent.reading } else { 0 });
    let measured = voxels.saturating_mul(sets + measuring).saturating_add(rows.block());
    let stages = [
        read(1),
        voxels.saturating_mul(steps),
        measured.saturating_add(read(at_once.min(channels.measured))),
        measured.saturating_add(read(channels.together)).saturating_add(rows.places()),
        voxels.saturating_mul(sets).saturating_add(read(channels.shown)),
    ];
    let at_work = voxels.saturating_mul(others).saturating_add(stages.into_iter().fold(0, u64::max));
    let at_work = at_work.saturating_add(galleries(recipe)).max(filtering(recipe, extent.shape));
    extent.samples(channels.kept.len()).saturating_add(at_work).saturating_add(FIXED)
}

/// Bytes of a voxel beside the samples of channels.
struct Work {
    /// While steps are at work.
    steps: u64,
    /// While a family is.
    measuring: u64,
    /// All object sets.
    sets: u64,
    /// Derived images, and all that is left.
    others: u64,
}

impl Work {
    fn of(recipe: &Recipe) -> Self {
        let images = IMAGE.saturating_mul(recipe.images.len() as u64);
        let a_set = if has_points_alone(recipe) { POINTS } else { SET };
        let sets = a_set.saturating_mul(recipe.body.objects.len() as u64);
        Work { steps: steps(recipe), measuring: measuring(recipe), sets, others: REST + images }
    }
}

/// Nothing but points of tables, of which no family looks at the voxels: no label image is drawn.
fn has_points_alone(recipe: &Recipe) -> bool {
    let are_points = |set: &Objects| set.parent.is_empty() && set.labels.as_deref().is_some_and(is_points);
    let mut families = recipe.body.measure.values().flat_map(|m| &m.families);
    recipe.body.objects.values().all(are_points) && families.all(|chosen| chosen.family.needs().places)
}

fn steps(recipe: &Recipe) -> u64 {
    let sets = &recipe.body.objects;
    let least = if has_points_alone(recipe) { 0 } else { STEPS };
    let taken = |step: &Step| match step {
        Step::Landscape(_) => LANDSCAPE,
        Step::Spots(_) => SPOTS,
        Step::Propagate(_) => PROPAGATE,
        Step::Habitats(p) if p.by_clusters() => CLUSTERS + CLUSTER_VALUE * p.images.len() as u64,
        _ => STEPS,
    };
    let steps = sets.values().flat_map(|o| o.steps.iter().flatten()).map(taken).fold(least, u64::max);
    let has_flat_field = recipe.body.images.values().any(|image| image.flat_field.is_some());
    steps.max(if has_flat_field { FLAT_FIELD } else { 0 })
}

/// Object sets are measured one after the other, and so are their families.
fn measuring(recipe: &Recipe) -> u64 {
    let families = recipe.body.measure.values().flat_map(|m| &m.families);
    families.map(|chosen| chosen.family.needs().voxel_bytes).max().unwrap_or(0)
}

fn galleries(recipe: &Recipe) -> u64 {
    if recipe.body.gallery.is_empty() { 0 } else { GALLERY }
}

/// Bytes that the filters of derived images take, beside which no object is there yet.
fn filtering(recipe: &Recipe, shape: Shape) -> u64 {
    let product = |sizes: &[usize]| sizes.iter().fold(1u64, |n, s| n.saturating_mul(*s as u64));
    let [z, y, x] = shape.zyx();
    let plane = product(&[y, x]).max(product(&[z, x])).max(product(&[z, y]));
    let images = &recipe.body.images;
    let filters = images.values().flat_map(|image| &image.steps).filter_map(|step| match step {
        Step::Filter(Filter::Gabor(_)) => Some(plane.saturating_mul(GABOR).saturating_add(GABOR_LEAST)),
        Step::Filter(_) | Step::Texture(_) => Some(0),
        _ => None,
    });
    let of_voxels = product(&[z, y, x]).saturating_mul(FILTER + IMAGE * images.len() as u64);
    filters.max().map_or(0, |planes| planes.saturating_add(of_voxels))
}

/// What the rows of the objects of an image are made with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rows {
    /// Cells of the largest block.
    pub cells: u64,
    /// Objects of which the places are looked at together.
    pub placed: u64,
    /// Cells that are kept until their row is made.
    pub kept: u64,
    /// Voxels of the finer grids that objects are brought onto at once.
    pub regridded: u64,
}

impl Rows {
    /// Of these object sets.
    pub fn of(found: &FoundSets) -> Self {
        let (cells, placed, kept) = (found.cells(), found.placed(), found.kept_cells());
        Rows { cells, placed, kept, regridded: found.regridded() }
    }

    fn block(&self) -> u64 {
        let cells = self.cells.saturating_mul(CELL).saturating_add(self.kept.saturating_mul(KEPT_CELL));
        cells.saturating_add(self.regridded.saturating_mul(REGRIDDED))
    }

    fn places(&self) -> u64 {
        self.placed.saturating_mul(PLACE)
    }

    /// Bytes, all together.
    pub fn bytes(&self) -> u64 {
        self.block().saturating_add(self.places())
    }
}
