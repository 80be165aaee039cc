//! A margin that is far darker than all else, or far brighter.

use super::edge::{DEEP, behind, shrink};
use super::lines::{along, inwards};
use super::pieces::is_picture;
use crate::Result;
use crate::measure::end_of_picture;
use crate::pipeline::faults::neighbours;
use crate::units::Shape;
use rayon::prelude::*;

/// One in so many voxels may have the value of the margin elsewhere: a dead pixel.
const ELSEWHERE: usize = 1000;
/// Interpolation mixes a margin and a picture over so many pixels.
const BLEND: usize = 3;
/// The first layer behind the edge has this part of the light farther in at least.
const SHARP: f64 = 0.9;
/// A white margin has so much of the border, which a saturated object has not.
const WHITE_BORDER: f64 = 0.2;

/// The picture beside a dark one, 1 where it is, and the sample of that.
///
/// # Errors
/// The image is too large to look for pieces.
pub(super) fn dark(shape: Shape, samples: &[i32]) -> Result<Option<(Vec<u8>, i32)>> {
    let Some(black) = at_border(shape, samples) else { return Ok(None) };
    let Some(end) = end_of_picture(samples, black) else { return Ok(None) };
    let mut picture = vec![1; samples.len()];
    let mut taken = shrink(shape, &mut picture, |i| samples[i] == black);
    let elsewhere = samples.par_iter().zip(&picture).filter(|(s, p)| **s <= black && **p == 1).count();
    if elsewhere > samples.len() / ELSEWHERE {
        return Ok(None);
    }
    blend(shape, &mut picture, &mut taken, |i| f64::from(samples[i]) < end);
    let light = |i: usize| f64::from(samples[i]) - f64::from(black);
    let behind = behind(shape, &picture, taken, light);
    let is_sharp = behind[0] >= SHARP * behind[DEEP - 1];
    Ok((is_sharp && is_picture(shape, &picture)?).then_some((picture, black)))
}

/// The same of one that is white: a dark one of the image in which bright is dark, along so much of the border as no object is.
///
/// # Errors
/// As of `dark`.
pub(super) fn white(shape: Shape, samples: &[i32]) -> Result<Option<(Vec<u8>, i32)>> {
    let border =
        || samples.chunks_exact((shape.y * shape.x).max(1)).flat_map(|plane| inwards(shape).map(|line| plane[line.0]));
    let Some(most) = border().max() else { return Ok(None) };
    let (white, all) = (border().filter(|sample| *sample == most).count(), border().count());
    if (white as f64) < WHITE_BORDER * all as f64 {
        return Ok(None);
    }
    let inverted: Vec<i32> = samples.par_iter().map(|sample| !sample).collect();
    Ok(dark(shape, &inverted)?.map(|(picture, value)| (picture, !value)))
}

/// The least sample of all borders, if lines from there inwards meet as much of it as half a side has, all together.
fn at_border(shape: Shape, samples: &[i32]) -> Option<i32> {
    let plane = shape.y * shape.x;
    let planes = || samples.chunks_exact(plane.max(1));
    let black = planes().flat_map(|plane| inwards(shape).map(|line| plane[line.0])).min()?;
    let mut wanted = (shape.y.min(shape.x) / 2).max(1);
    for plane in planes() {
        for line in inwards(shape) {
            wanted -= along(line).take(wanted).take_while(|i| plane[*i] == black).count();
            if wanted == 0 {
                return Some(black);
            }
        }
    }
    None
}

/// Takes away from the picture what is `dark` within a few pixels of what was taken away before, to which it is added.
fn blend(shape: Shape, picture: &mut [u8], taken: &mut Vec<usize>, dark: impl Fn(usize) -> bool) {
    let mut from = 0;
    for _ in 0..BLEND {
        let to = taken.len();
        for k in from..to {
            for j in neighbours(shape, taken[k]) {
                if picture[j] == 1 && dark(j) {
                    picture[j] = 0;
                    taken.push(j);
                }
            }
        }
        from = to;
    }
}
