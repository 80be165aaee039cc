//! Whether what is left without a margin are pictures, not objects cut out of theirs.

use super::lines::with_narrow;
use crate::Result;
use crate::device::{Buffer, Device};
use crate::image::{Mask, ObjectRun};
use crate::ops::label::{Connectivity, label};
use crate::units::Shape;

/// Pieces that are wider both ways are no objects.
const WIDER_THAN_OBJECTS: usize = 128;
/// A rectangle fills so much of its box; a round object has 0.79.
const RECTANGLE: f64 = 0.95;
/// One of a quarter of the image is no object either.
const LARGE_RECTANGLE: f64 = 0.25;
/// Nor is what fills so much of it: a round one fills 0.79.
const FULL: f64 = 0.82;
/// Tiles between lines are wider than this both ways, and rectangles: cells with as narrow gaps are not.
const TILE: usize = 32;
/// So much of what is left has to be pictures.
const PICTURES: f64 = 0.9;

/// Whether what is left are pictures, or the tiles of one that narrow lines go through.
///
/// # Errors
/// The image is too large for labels.
pub(super) fn is_picture(shape: Shape, picture: &[u8]) -> Result<bool> {
    let mask = |voxels: Vec<u8>| Mask { shape, voxels: Buffer::on_host(voxels) };
    let left = mask(picture.to_vec());
    let is_rectangle = |voxels: usize, [z, y, x]: [usize; 3]| voxels as f64 >= RECTANGLE * (z * y * x) as f64;
    let is_part = |voxels: usize, sides: [usize; 3]| {
        let [_, y, x] = sides;
        let share = voxels as f64 / shape.len() as f64;
        share >= FULL || y.min(x) >= WIDER_THAN_OBJECTS || (is_rectangle(voxels, sides) && share >= LARGE_RECTANGLE)
    };
    let is_tile = |voxels: usize, sides: [usize; 3]| is_rectangle(voxels, sides) && sides[1].min(sides[2]) >= TILE;
    if are_mostly(&left, is_part)? {
        return Ok(true);
    }
    Ok(are_mostly(&left, is_tile)? && are_mostly(&mask(with_narrow(shape, picture)), is_part)?)
}

/// Whether nine tenths of a mask are pieces of a kind, by their voxels and the sides of their boxes.
fn are_mostly(mask: &Mask, kind: impl Fn(usize, [usize; 3]) -> bool) -> Result<bool> {
    let pieces = label(&Device::Cpu, mask, Connectivity::Face)?;
    let runs = pieces.runs()?;
    let (mut all, mut of_kind) = (0, 0);
    for piece in 1..=pieces.count {
        let runs = runs.of(piece);
        let voxels: usize = runs.iter().map(|run| (run.end - run.start) as usize).sum();
        all += voxels;
        if kind(voxels, sides(mask.shape, runs)) {
            of_kind += voxels;
        }
    }
    Ok(all > 0 && of_kind as f64 >= PICTURES * all as f64)
}

/// Sides of the box of some runs.
fn sides(shape: Shape, runs: &[ObjectRun]) -> [usize; 3] {
    let side = |from: &dyn Fn(&ObjectRun) -> usize, to: &dyn Fn(&ObjectRun) -> usize| {
        let (least, most) = (runs.iter().map(from).min(), runs.iter().map(to).max());
        most.unwrap_or(0) - least.unwrap_or(0)
    };
    let row = |run: &ObjectRun| run.row as usize;
    [
        side(&|run| row(run) / shape.y, &|run| row(run) / shape.y + 1),
        side(&|run| row(run) % shape.y, &|run| row(run) % shape.y + 1),
        side(&|run| run.start as usize, &|run| run.end as usize),
    ]
}
