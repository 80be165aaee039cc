//! What a channel has not seen: a tile that was not stitched, an exposure that failed, a slice or a strip that was lost. The other channels of the
//! image are whole, so there are objects there, and the channel says nothing of them.
//!
//! Such a place has one value, and no camera sees one value [`TILE`] times as many. A ground that is of one value in truth (cut off at 0, counted
//! photons, masked) winds between objects as well: squares of one value that are as wide fill it in part only, and smaller ones are left
//! over. Beside tiles nothing is left over. What lies beside the picture (`margin`), straight or not, is not seen either.

use super::margin::Beside;
use crate::Result;
use crate::image::{Modality, Volume};
use crate::units::Shape;
use rayon::prelude::*;

/// The side of the squares of one value that a tile is made of.
const TILE: usize = 16;
/// Where squares of one value with this side are left over, the ground is of one value.
const LEFT_OVER: u8 = 6;
/// So they are from one voxel in so many on.
const ONE_IN: usize = 1000;
/// The channel has seen this share of the image at least, else there is nothing to tell by.
const SEEN: f64 = 0.1;

/// What a channel has not seen.
pub(super) struct Unseen {
    /// 1 in what was not seen, 0 in the picture.
    pub voxels: Vec<u8>,
    /// The sample that says by itself that a voxel is part of it, where it is far below all others.
    pub black: Option<i32>,
}

impl Unseen {
    /// That of a channel of a camera; most have none, which a look at some rows tells.
    ///
    /// # Errors
    /// The channel is not on the host.
    pub fn of(volume: &Volume, modality: Modality) -> Result<Option<Self>> {
        if modality != Modality::Fluorescence {
            return Ok(None);
        }
        let beside = Beside::of(volume, modality)?;
        let black = beside.as_ref().and_then(Beside::black);
        let beside = beside.map(|beside| beside.picture.into_par_iter().map(|picture| 1 - picture).collect());
        let tiles = tiles(volume.shape, volume.samples.host()?);
        let voxels = match (beside, tiles) {
            (Some(beside), Some(tiles)) => Some(either(beside, &tiles)),
            (beside, tiles) => beside.or(tiles),
        };
        Ok(voxels.map(|voxels| Unseen { voxels, black }))
    }
}

fn either(mut all: Vec<u8>, others: &[u8]) -> Vec<u8> {
    all.par_iter_mut().zip(others).for_each(|(a, b)| *a |= b);
    all
}

/// 1 in tiles of one value, in the planes of an image that has some.
fn tiles(shape: Shape, samples: &[i32]) -> Option<Vec<u8>> {
    let Shape { y, x, .. } = shape;
    if y.min(x) < TILE || !samples.par_chunks_exact(y * x).any(|plane| may_have_tiles(plane, x)) {
        return None;
    }
    let sides: Vec<u8> = samples.par_chunks_exact(y * x).flat_map_iter(|plane| sides(plane, x)).collect();
    let tiles: Vec<u8> = sides.par_chunks_exact(y * x).flat_map_iter(|plane| covered(plane, x)).collect();
    let most = samples.par_iter().max().copied()?;
    let count = |is: &(dyn Fn(usize) -> bool + Sync)| (0..samples.len()).into_par_iter().filter(|i| is(*i)).count();
    // What is overexposed is of one value as well, but round.
    let is_left = |i: usize| tiles[i] == 0 && sides[i] >= LEFT_OVER;
    let bright = count(&|i| tiles[i] == 1 && samples[i] == most);
    let is_overexposed = count(&|i| is_left(i) && samples[i] == most) * ONE_IN > bright;
    let is_tile = |i: usize| tiles[i] == 1 && !(is_overexposed && samples[i] == most);
    let seen = count(&|i| !is_tile(i));
    let left = count(&|i| is_left(i) && samples[i] < most);
    let are_tiles = seen < samples.len() && seen as f64 >= SEEN * samples.len() as f64 && left * ONE_IN <= seen;
    are_tiles.then(|| (0..samples.len()).into_par_iter().map(|i| u8::from(is_tile(i))).collect())
}

/// Whether one of the rows that every tile has a part of has as many samples alike side by side.
fn may_have_tiles(plane: &[i32], x: usize) -> bool {
    let rows = plane.chunks_exact(x).skip(TILE - 1).step_by(TILE);
    rows.flat_map(|row| row.chunk_by(|a, b| a == b)).any(|alike| alike.len() >= TILE)
}

/// The side of the largest square of one value that ends at each voxel of a plane to the right and below, up to that of a tile.
fn sides(plane: &[i32], x: usize) -> Vec<u8> {
    let mut sides = vec![1u8; plane.len()];
    for i in (x..plane.len()).filter(|i| i % x > 0) {
        let before = [i - 1, i - x, i - x - 1];
        if before.iter().all(|j| plane[*j] == plane[i]) {
            let least = before.iter().map(|j| sides[*j]).min().unwrap_or(0);
            sides[i] = (least + 1).min(TILE as u8);
        }
    }
    sides
}

/// 1 where one of the squares of the size of a tile is.
fn covered(sides: &[u8], x: usize) -> Vec<u8> {
    // How far a square reaches to the left and above, itself included.
    let mut reach: Vec<u8> = sides.iter().map(|side| if usize::from(*side) == TILE { *side } else { 0 }).collect();
    for i in (0..reach.len()).rev() {
        let is_last = i % x + 1 == x;
        let behind = [(i + 1, is_last), (i + x, false), (i + x + 1, is_last)];
        let farther = behind.iter().filter(|(_, is_beside)| !is_beside).filter_map(|(j, _)| reach.get(*j));
        let most = farther.max().map_or(0, |reach| reach.saturating_sub(1));
        reach[i] = reach[i].max(most);
    }
    reach.into_iter().map(|reach| u8::from(reach > 0)).collect()
}

#[cfg(test)]
mod tests {
    //! Oracle: tiles that were taken out, and grounds that are of one value.
    use super::*;

    const SHAPE: Shape = Shape { z: 2, y: 120, x: 150 };

    fn noise(i: usize) -> i32 {
        (i * 7919 % 23 + i * 104_729 % 17) as i32
    }

    /// How far a place is from the middle of the nearest of the cells, 30 px apart.
    fn from_cell([_, y, x]: [usize; 3]) -> f64 {
        (y as f64 % 30.0 - 15.0).hypot(x as f64 % 30.0 - 15.0)
    }

    /// Cells on a ground with noise, each with a light of its own.
    fn field(i: usize) -> i32 {
        let at = SHAPE.position(i);
        100 + noise(i) + (300.0 / (1.0 + libm::exp(from_cell(at) - 8.0))) as i32
    }

    fn of(sample: impl Fn(usize) -> i32) -> Option<Vec<u8>> {
        tiles(SHAPE, &(0..SHAPE.len()).map(sample).collect::<Vec<_>>())
    }

    #[test]
    fn tiles_strips_and_slices_are_told_wherever_they_lie_and_whatever_they_hold() {
        type Place = fn([usize; 3]) -> bool;
        let places: [(&str, Place); 4] = [
            ("inside", |[_, y, x]| (40..80).contains(&y) && (50..100).contains(&x)),
            ("a corner of one slice", |[z, y, x]| z == 1 && y < 60 && x < 75),
            ("two tiles that meet", |[_, y, x]| (y < 40 && x < 100) || (y < 80 && x < 50)),
            ("a slice, and a strip", |[z, y, _]| z == 0 || (60..80).contains(&y)),
        ];
        for (what, is_lost) in places {
            for value in [0, 100, 250, 65_535] {
                let lost = of(|i| if is_lost(SHAPE.position(i)) { value } else { field(i) });
                let expected: Vec<u8> = (0..SHAPE.len()).map(|i| u8::from(is_lost(SHAPE.position(i)))).collect();
                assert!(lost.as_ref() == Some(&expected), "{what} of {value}");
            }
        }
        assert!(of(field).is_none());
    }

    #[test]
    fn grounds_of_one_value_and_overexposed_cells_are_seen() {
        assert!(of(|i| (field(i) - 160).max(0)).is_none(), "cut off");
        // Few cells, far apart, on nothing; and all but nothing.
        let is_few = |i: usize| SHAPE.position(i)[1] < 60 && SHAPE.position(i)[2] < 60;
        assert!(of(|i| if is_few(i) { (field(i) - 160).max(0) } else { 0 }).is_none(), "few cells on nothing");
        assert!(of(|i| i32::from(i == 777)).is_none(), "a dot on nothing");
        assert!(of(|_| 5).is_none(), "nothing else");
        // Wide cells, cut off at 300.
        let wide = |i: usize| {
            let [_, y, x] = SHAPE.position(i);
            let far = (y as f64 % 60.0 - 30.0).hypot(x as f64 % 75.0 - 37.0);
            (100 + noise(i) + (900.0 / (1.0 + libm::exp(far - 24.0))) as i32).min(300)
        };
        assert!(of(wide).is_none(), "overexposed");
    }
}
