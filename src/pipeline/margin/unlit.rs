//! Slices of a stack that no light has fallen on: the shutter was closed, the lamp not up yet, a frame was lost. They hold the camera's offset and its
//! read-out noise, which say nothing of the noise or the ground of the others.
//!
//! They are the darkest slices, half of all at most, in which nothing stands out, or no more than a tenth as far as elsewhere. All of them lie at one ground, three deviations above it are below the
//! darkest twentieth of every other ground, they have far less noise, and a gap parts them from the others, as nothing does in light that fades.

use crate::ops::dark_side::DarkSide;
use crate::ops::grey_step::ROUNDING;
use crate::units::Shape;
use rayon::prelude::*;

/// Of an empty slice this share of the samples lies no more than so many deviations above the middle: normal noise reaches 3.1.
const MOST_OF_IT: f64 = 0.999;
/// See there. Some pixels of a camera have more noise than others.
const STANDS_OUT: f64 = 6.0;
/// What stands out no farther than this share of what does in others was hardly lit.
const HARDLY: f64 = 0.1;
/// Deviations of normal noise, on one side: a thousandth and a twentieth lie beyond.
const ABOVE: f64 = 3.0;
/// See there.
const BELOW: f64 = 1.645;
/// Read-out noise is no more than this share of that of a slice with light.
const QUIET: f64 = 0.6;
/// The gap is at least this share of the light of the others.
const GAP: f64 = 0.25;

/// A slice.
struct Slice {
    z: usize,
    /// The middle and deviation of its ground.
    middle: f64,
    spread: f64,
    /// How far the brightest thousandth stands out of it.
    height: f64,
}

/// The numbers of such slices, rising, from 0 on. `picture` is 1 where the image is, if that is not everywhere.
pub(super) fn unlit(shape: Shape, samples: &[i32], picture: Option<&[u8]>) -> Vec<usize> {
    if shape.is_flat() {
        return vec![];
    }
    let plane = (shape.y * shape.x).max(1);
    let slice = |(z, slice): (usize, &[i32])| {
        let seen = picture.map(|picture| &picture[z * plane..(z + 1) * plane]);
        let seen = slice.iter().zip(0..).filter(|(_, i)| seen.is_none_or(|seen| seen[*i] == 1));
        Slice::of(z, seen.map(|(sample, _)| *sample).collect())
    };
    let mut slices: Vec<Slice> = samples.par_chunks_exact(plane).enumerate().filter_map(slice).collect();
    slices.sort_by(|a, b| a.middle.total_cmp(&b.middle));
    let dark = (1..=slices.len() / 2).rev().map(|n| slices.split_at(n)).find(|(dark, lit)| is_without_light(dark, lit));
    let mut numbers: Vec<usize> = dark.map_or(vec![], |(dark, _)| dark.iter().map(|slice| slice.z).collect());
    numbers.sort_unstable();
    numbers
}

impl Slice {
    fn of(z: usize, mut samples: Vec<i32>) -> Option<Self> {
        let DarkSide { middle, spread, .. } = DarkSide::of(&samples);
        let spread = spread.max(ROUNDING);
        let last = samples.len().checked_sub(1)?;
        let (_, most, _) = samples.select_nth_unstable((MOST_OF_IT * last as f64) as usize);
        Some(Slice { z, middle, spread, height: f64::from(*most) - middle })
    }
}

/// Whether the darkest slices saw none of the light of the others; both rise.
fn is_without_light(dark: &[Slice], lit: &[Slice]) -> bool {
    let (Some(first), Some(last)) = (dark.first(), dark.last()) else { return false };
    let (Some(dimmest), Some(typical)) = (lit.first(), lit.get(lit.len() / 2)) else { return false };
    let noise = dark.iter().map(|slice| slice.spread).fold(0.0, f64::max);
    let mut heights: Vec<f64> = lit.iter().map(|slice| slice.height).collect();
    heights.sort_unstable_by(f64::total_cmp);
    let hardly = HARDLY * heights[heights.len() / 2];
    let is_empty = |slice: &Slice| slice.height <= hardly.max(STANDS_OUT * slice.spread);
    let are_one = dark.iter().all(is_empty) && last.middle - first.middle <= noise;
    let end = last.middle + ABOVE * noise;
    let is_lit = |slice: &Slice| end < slice.middle - BELOW * slice.spread && noise <= QUIET * slice.spread;
    are_one && lit.iter().all(is_lit) && dimmest.middle - last.middle >= GAP * (typical.middle - last.middle)
}
