//! A margin of any one grey: the mean or the median of the picture, its least value, the offset of the camera.
//!
//! Such a value is common in the picture. But a camera never sees the same three times three: so the margin is what has one value around each of
//! its pixels and hangs together with the border, and the picture is what has noise. A ground that is of one value in truth (an offset of
//! 0, counted photons, what a deconvolution or a mask has left) has it between objects and around them, and is none.
//!
//! An image of few grey levels may be as even in the picture as well. There a margin is told by its form: straight lines part it from the picture, and as wide
//! as it is even nothing in the picture has its value.

use super::convex::is_convex;
use super::edge::{DEEP, behind};
use super::lines::{along, inwards};
use super::pieces::is_picture;
use crate::Result;
use crate::device::{Buffer, Device};
use crate::image::{Mask, ObjectRun, Volume};
use crate::ops::label::{Connectivity, label};
use crate::ops::morphology::{Element, erode};
use crate::units::Shape;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// A margin is so wide; what is narrower does no harm.
const WIDE: usize = 3;
/// The greatest samples of 8, 10, 12, 14 and 16 bits.
const FULL: [i32; 5] = [255, 1023, 4095, 16_383, 65_535];
/// It has so much of the border, which no object has.
const OF_BORDER: f64 = 0.2;
/// One in so many pixels of a picture with noise may be as its neighbours are.
const EVEN: usize = 1000;
/// A margin of a value that is common in the picture is even so many pixels to all sides.
const TO_ALL_SIDES: [usize; 4] = [1, 2, 4, 8];
/// A picture has so many grey levels at least.
const LEVELS: usize = 8;
/// The value lies among those of the picture where so much of these lies on either side.
const AMONG: f64 = 0.01;
/// The second layer behind the edge is so far from the value, as a share of the last: interpolation has mixed the first with the margin.
const SHARP: f64 = 0.9;
/// The same where that distance is noise, which so few pixels say no better.
const SHARP_AMONG: f64 = 0.6;

/// The picture beside such a margin, 1 where it is, and the sample of that.
///
/// # Errors
/// The image is too large to look for pieces.
pub(super) fn grey(shape: Shape, samples: &[i32]) -> Result<Option<(Vec<u8>, i32)>> {
    let most = samples.par_iter().max().copied();
    // Objects that are saturated are even as well: a margin as bright is looked for elsewhere.
    let is_full = |value: i32| most == Some(value) && FULL.contains(&value);
    let Some(value) = of_border(shape, samples).filter(|value| !is_full(*value)) else { return Ok(None) };
    let even = even(shape, samples);
    let flat = even.par_iter().zip(samples).map(|(even, s)| even & u8::from(*s == value)).collect();
    let flat = Mask { shape, voxels: Buffer::on_host(flat) };
    let noisy = without_border(&flat, None)?;
    let is_even = |i: &usize| noisy[*i] == 1 && even[*i] == 1 && most.is_some_and(|most| samples[*i] < most);
    let picture = match (0..samples.len()).into_par_iter().filter(is_even).count() > count(&noisy) / EVEN {
        true => within_straight_lines(&flat)?.filter(|picture| has_levels(samples, picture)),
        false => Some(noisy),
    };
    let Some(picture) = picture else { return Ok(None) };
    if !is_picture(shape, &picture)? {
        return Ok(None);
    }
    let left = count(&picture);
    let share = |is: fn(&i32, &i32) -> bool| {
        samples.par_iter().zip(&picture).filter(|(s, p)| **p == 1 && is(s, &value)).count() as f64 / left as f64
    };
    let is_among = share(i32::lt).min(share(i32::gt)) > AMONG;
    let taken = (0..samples.len()).filter(|i| picture[*i] == 0).collect();
    let far = behind(shape, &picture, taken, |i| f64::from(samples[i].abs_diff(value)));
    let sharp = if is_among { SHARP_AMONG } else { SHARP };
    let is_sharp = far[1] >= sharp * far[DEEP - 1];
    Ok(is_sharp.then_some((picture, value)))
}

/// 1 where a sample is as all its neighbours in the plane.
fn even(shape: Shape, samples: &[i32]) -> Vec<u8> {
    let (y, x) = (shape.y, shape.x.max(1));
    let mut even = vec![1; samples.len()];
    even.par_chunks_mut(x).enumerate().for_each(|(row, even)| {
        let line = |row: usize| &samples[row * x..(row + 1) * x];
        let (own, in_plane) = (line(row), row % y);
        let near = row - usize::from(in_plane > 0)..row + 1 + usize::from(in_plane + 1 < y);
        for line in near.map(line) {
            for k in 0..x {
                even[k] &= u8::from(line[k] == own[k]);
            }
            for k in 1..x {
                even[k] &= u8::from(line[k - 1] == own[k]);
                even[k - 1] &= u8::from(line[k] == own[k - 1]);
            }
        }
    });
    even
}

/// The picture within a margin that is told by its form: beside what is flat to all sides and hangs together with the border, along enough of it.
fn within_straight_lines(flat: &Mask) -> Result<Option<Vec<u8>>> {
    let shape = flat.shape;
    let samples = flat.voxels.host()?.par_iter().map(|flat| i32::from(*flat)).collect();
    let flat_once = Volume::new(shape, samples)?;
    for radius in TO_ALL_SIDES {
        // What is flat has one pixel to all sides already.
        let more = Element::Box([0, radius - 1, radius - 1]);
        let cores = erode(&Device::Cpu, &flat_once, &more)?;
        let cores = cores.samples.host()?;
        let picture = without_border(flat, Some(cores))?;
        let alike = cores.par_iter().zip(&picture).filter(|(core, picture)| **core == 1 && **picture == 1).count();
        let of_border = |is: fn(u8) -> bool| {
            let planes = picture.chunks_exact((shape.y * shape.x).max(1));
            planes.flat_map(|plane| inwards(shape).map(|line| plane[line.0])).filter(|p| is(*p)).count() as f64
        };
        let is_long = of_border(|p| p == 0) >= OF_BORDER * of_border(|_| true);
        if is_long && alike <= count(&picture) / EVEN && is_convex(shape, &picture) {
            return Ok(Some(picture));
        }
    }
    Ok(None)
}

/// Whether the picture has more grey levels than a drawing or a mask has.
fn has_levels(samples: &[i32], picture: &[u8]) -> bool {
    let mut levels = BTreeSet::new();
    let mut within = samples.iter().zip(picture).filter(|(_, p)| **p == 1);
    within.any(|(sample, _)| levels.insert(*sample) && levels.len() >= LEVELS)
}

fn count(picture: &[u8]) -> usize {
    picture.par_iter().filter(|p| **p == 1).count()
}

/// An image of 1 with 0 where, or beside where, a mask hangs together with the border of a plane, in a piece with a core if these are given.
fn without_border(mask: &Mask, cores: Option<&[i32]>) -> Result<Vec<u8>> {
    let Shape { y, x, .. } = mask.shape;
    let mut left = vec![1; mask.shape.len()];
    let pieces = label(&Device::Cpu, mask, Connectivity::Face)?;
    let all = pieces.runs()?;
    for piece in 1..=pieces.count {
        let runs = all.of(piece);
        let is_at_border = |run: &ObjectRun| {
            let row = run.row as usize % y;
            row == 0 || row + 1 == y || run.start == 0 || run.end as usize == x
        };
        let has_core = |run: &ObjectRun| cores.is_none_or(|cores| cores[run.voxels(x)].contains(&1));
        if !runs.iter().any(is_at_border) || !runs.iter().any(has_core) {
            continue;
        }
        for run in runs {
            let (row, in_plane) = (run.row as usize, run.row as usize % y);
            let columns = (run.start as usize).saturating_sub(1)..(run.end as usize + 1).min(x);
            for row in row - usize::from(in_plane > 0)..row + 1 + usize::from(in_plane + 1 < y) {
                left[row * x..][columns.clone()].fill(0);
            }
        }
    }
    Ok(left)
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
