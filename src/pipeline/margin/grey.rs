//! A margin of any one grey: the mean or the median of the picture, its least value, the offset of the camera.
//!
//! Such a value is common in the picture. But a camera never sees the same three times three: so the margin is what has one value around each of
//! its pixels and hangs together with the border, and the picture is what has noise. A ground that is of one value in truth (an offset of
//! 0, counted photons, what a deconvolution or a mask has left) has it between objects and around them, and is none.

use super::edge::{DEEP, behind, shrink};
use super::lines::{along, inwards};
use super::pieces::is_picture;
use crate::Result;
use crate::pipeline::faults::neighbours;
use crate::units::Shape;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// A margin is so wide; what is narrower does no harm.
const WIDE: usize = 3;
/// It has so much of the border, which no object has.
const OF_BORDER: f64 = 0.2;
/// One in so many pixels of a picture with noise may be as its neighbours are.
const EVEN: usize = 1000;
/// The value lies among those of the picture where so much of these lies on either side.
const AMONG: f64 = 0.01;
/// The second layer behind the edge is so far from the value, as a share of the last: interpolation has mixed the first with the margin.
const SHARP: f64 = 0.9;
/// The same where that distance is noise, which so few pixels say no better.
const SHARP_AMONG: f64 = 0.7;

/// The picture beside such a margin, 1 where it is, and the sample of that.
///
/// # Errors
/// The image is too large to look for pieces.
pub(super) fn grey(shape: Shape, samples: &[i32]) -> Result<Option<(Vec<u8>, i32)>> {
    let Some(value) = of_border(shape, samples) else { return Ok(None) };
    let is_even = |i: usize| neighbours(shape, i).all(|j| samples[j] == samples[i]);
    let mut picture = vec![1; samples.len()];
    let mut taken = shrink(shape, &mut picture, |i| samples[i] == value && is_even(i));
    for k in 0..taken.len() {
        for j in neighbours(shape, taken[k]).filter(|j| std::mem::take(&mut picture[*j]) == 1) {
            taken.push(j);
        }
    }
    let left = samples.len() - taken.len();
    // What is saturated is even as well.
    let most = samples.par_iter().max().copied().unwrap_or(value);
    let even = (0..samples.len()).into_par_iter().filter(|i| picture[*i] == 1 && samples[*i] < most && is_even(*i));
    if even.count() > left / EVEN {
        return Ok(None);
    }
    let share = |is: fn(&i32, &i32) -> bool| {
        samples.par_iter().zip(&picture).filter(|(s, p)| **p == 1 && is(s, &value)).count() as f64 / left as f64
    };
    let is_among = share(i32::lt).min(share(i32::gt)) > AMONG;
    let far = behind(shape, &picture, taken, |i| f64::from(samples[i].abs_diff(value)));
    let sharp = if is_among { SHARP_AMONG } else { SHARP };
    let is_sharp = far[1] >= sharp * far[DEEP - 1];
    Ok((is_sharp && is_picture(shape, &picture)?).then_some((picture, value)))
}

/// The value that most lines from the border inwards begin with, several times, if they are enough.
fn of_border(shape: Shape, samples: &[i32]) -> Option<i32> {
    let (mut lines, mut even) = (0, BTreeMap::<i32, usize>::new());
    for plane in samples.chunks_exact((shape.y * shape.x).max(1)) {
        for line in inwards(shape) {
            lines += 1;
            let first = plane[line.0];
            if along(line).take(WIDE).all(|i| plane[i] == first) {
                *even.entry(first).or_default() += 1;
            }
        }
    }
    let (value, n) = even.into_iter().max_by_key(|(_, n)| *n)?;
    (n as f64 >= OF_BORDER * lines as f64).then_some(value)
}
