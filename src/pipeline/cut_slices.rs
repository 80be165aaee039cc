//! A stack of which some slices were cut off at its least value, as where a constant was subtracted from slices of unlike light: the ground of the brighter ones
//! stands above the cut, and would be an object.
//!
//! They are brought down to the ground that the darkest slice had before it was cut, and cut off there as well, as a subtraction slice by slice would have done. What
//! is left above a cut tells that ground, but not where hardly anything is; then they are brought down by a deviation of noise below the cut, which leaves a sixth of their
//! ground above it, and how much darker the darkest ones were is lost.

use crate::image::Volume;
use crate::measure::{SliceGround, SliceGrounds};
use crate::ops::dark_side::DarkSide;
use crate::{Result, simd};
use rayon::prelude::*;

/// Others are brought down to so many deviations below the cut at most.
const DEEPEST: f64 = 1.0;
/// Of a ground that lay so many deviations below the cut hardly anything is left.
const TOO_DEEP: f64 = 2.5;
/// Light that fades to a tenth, or is ten times as much in a slice, changes its noise no more than that; slices of a deconvolved stack differ by more, and
/// what such ones have left where they were cut is no ground.
pub(super) const OF_ONE_CAMERA: f64 = 3.2;

/// How slices are brought down.
pub(super) struct Lowered {
    /// What is added to each, 0 or less, down to the least sample.
    pub by: Vec<i32>,
    /// The least sample of the stack.
    pub least: i32,
    /// The highest ground of a slice, in samples.
    pub highest: f64,
    /// How much darker some slices were is lost.
    pub is_lost: bool,
}

/// A ground before it was cut off; nothing where that is lost.
type Before = Option<[f64; 2]>;

/// Of a stack and the grounds of its slices; nothing where no slice was cut off, or none of the others lies higher.
///
/// # Errors
/// The stack is not on the host.
pub(super) fn lowered(stack: &Volume, slices: &SliceGrounds) -> Result<Option<Lowered>> {
    let samples = stack.samples.host()?;
    let least = simd::span(samples).0;
    let planes = samples.par_chunks((stack.shape.y * stack.shape.x).max(1));
    let mut each: Vec<(bool, Before)> =
        planes.zip(&slices.each).map(|(slice, ground)| before(slice, ground, least)).collect();
    // What is spread farther beside a cut is the edge of objects.
    let least_noise = each.iter().filter_map(|(_, before)| before.map(|[_, spread]| spread)).fold(f64::MAX, f64::min);
    for (_, before) in each.iter_mut().filter(|(is_cut, _)| *is_cut) {
        *before = before.filter(|[_, spread]| *spread <= OF_ONE_CAMERA * least_noise);
    }
    let known: Vec<[f64; 2]> = each.iter().filter_map(|(_, before)| *before).collect();
    let mut spreads: Vec<f64> = known.iter().map(|[_, spread]| *spread).collect();
    spreads.sort_unstable_by(f64::total_cmp);
    let ([quiet, ..], [.., loud]) = (&*spreads, &*spreads) else { return Ok(None) };
    if !each.iter().any(|(is_cut, _)| *is_cut) || *loud > OF_ONE_CAMERA * quiet {
        return Ok(None);
    }
    let deepest = f64::from(least) - DEEPEST * spreads[(spreads.len() - 1) / 2];
    let of_cut =
        each.iter().filter(|(is_cut, _)| *is_cut).map(|(_, before)| before.map_or(f64::MIN, |[middle, _]| middle));
    let to = of_cut.fold(f64::MAX, f64::min).max(deepest);
    let by_of = |before: &Before| before.map_or(0, |[middle, _]| (to - middle).min(0.0).round() as i32);
    let by: Vec<i32> = each.iter().map(|(_, before)| by_of(before)).collect();
    let highest = known.iter().map(|[middle, _]| *middle).fold(f64::from(least), f64::max);
    let is_lost = known.len() < each.len();
    Ok(by.iter().any(|by| *by < 0).then_some(Lowered { by, least, highest, is_lost }))
}

/// Whether a slice was cut off at the least sample of the stack, and its ground before.
fn before(slice: &[i32], ground: &SliceGround, least: i32) -> (bool, Before) {
    if simd::span(slice).0 > least {
        return (false, Some([ground.mean, ground.spread]));
    }
    let DarkSide { middle, spread, cut_off, is_pile, .. } = DarkSide::of(slice);
    let is_lost = is_pile || middle < f64::from(least) - TOO_DEEP * spread;
    match cut_off > 0.0 {
        true => (true, (!is_lost).then_some([middle, spread])),
        false => (false, Some([ground.mean, ground.spread])),
    }
}
