//! The ground of each slice of a stack, where slices have unlike grounds: light that fades with depth, a lamp that flickers, the last
//! slice of a specimen.
//!
//! One limit for all of them would be that of the darkest or of the brightest: what is ground elsewhere would be uptake, or the other way
//! round. Slices are unlike where the means of their background lie farther apart than its noise. Then each has a limit of its own, found
//! as that of a whole image is ([`background`](super::background())), and rings are compared with objects as if all of their voxels lay in
//! the slices of the object ([`Carried`]).
//!
//! A slice in which hardly anything is free of objects has the ground of those next to it. So has one that stained cells fill: it is brighter than
//! others as well, but what is darkest in it differs by more than noise from place to place, and in others it does not.

use super::background::{PILE, groups};
use super::object::Object;
use crate::device::Device;
use crate::image::Volume;
use crate::ops::dark_side::DarkSide;
use crate::ops::grey_step::ROUNDING;
use crate::ops::noise::noise as white;
use crate::units::Shape;
use crate::{Error, Result};
use rayon::prelude::*;
use std::borrow::Cow;

/// Grounds whose means lie so many standard deviations apart are unlike.
const UNLIKE: f64 = 1.0;
/// Less of a slice's picture than this that is free of objects tells nothing of its ground.
const HARDLY: f64 = 0.1;
/// Nor do fewer voxels.
const FEWEST: u64 = 64;
/// What is so many times as wide, in noises of its slice, as the narrowest ground of all is no ground.
const WIDE: f64 = 2.0;

/// The background of a slice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SliceGround {
    /// The largest sample of it.
    pub limit: i32,
    /// The mean of it, in samples.
    pub mean: f64,
    /// Its standard deviation, in samples.
    pub spread: f64,
    /// The share of its voxels that have the least sample, as [`Background::cut_off`](super::Background::cut_off).
    pub cut_off: f64,
}

/// The slices of a stack whose grounds are unlike.
#[derive(Debug, PartialEq)]
pub struct SliceGrounds {
    /// From the first slice to the last.
    pub each: Vec<SliceGround>,
    /// How many have hardly any ground.
    pub hardly_any: usize,
}

/// The grounds of the slices where `taken` is 0, which it is on objects and beside the picture, or of all of them; `picture` is 0 beside it.
/// Nothing for single slices, and where slices are alike.
///
/// # Errors
/// The stack is on a device, or of another shape.
pub fn slice_grounds(stack: &Volume, taken: Option<&[u8]>, picture: Option<&[u8]>) -> Result<Option<SliceGrounds>> {
    let (samples, plane) = (stack.samples.host()?, stack.shape.y * stack.shape.x);
    if stack.shape.is_flat() || plane == 0 {
        return Ok(None);
    }
    if [taken, picture].into_iter().flatten().any(|voxels| voxels.len() != samples.len()) {
        return Err(Error::usage(format!("a stack of {} and what is free in another", stack.shape)));
    }
    let of = |z: usize| {
        let here = z * plane..(z + 1) * plane;
        let seen = picture.map_or(plane, |picture| picture[here.clone()].iter().filter(|p| **p != 0).count());
        let taken = taken.map_or_else(|| Cow::Owned(vec![0; plane]), |taken| Cow::Borrowed(&taken[here.clone()]));
        Slice { ground: SliceGround::of(&groups(&samples[here], Some(&taken)), seen), is_seen: seen > 0 }
    };
    let mut slices: Vec<Slice> = (0..stack.shape.z).into_par_iter().map(of).collect();
    if !are_unlike(&slices) {
        return Ok(None);
    }
    forget_filled(&mut slices, stack)?;
    if !are_unlike(&slices) {
        return Ok(None);
    }
    let each = (0..slices.len()).filter_map(|z| at(&slices, z)).collect();
    let hardly_any = slices.iter().filter(|slice| slice.is_seen && slice.ground.is_none()).count();
    Ok(Some(SliceGrounds { each, hardly_any }))
}

/// What is known of a slice.
struct Slice {
    /// Nothing where hardly any of it is free.
    ground: Option<SliceGround>,
    /// It has a picture.
    is_seen: bool,
}

impl SliceGround {
    /// Of the free samples, in rising order, of a slice with a picture of so many voxels.
    fn of(free: &[(i32, u64)], seen: usize) -> Option<Self> {
        let n: u64 = free.iter().map(|g| g.1).sum();
        if n < FEWEST || (n as f64) < HARDLY * seen as f64 {
            return None;
        }
        let DarkSide { limit, cut_off, .. } = DarkSide::search_even(free, PILE);
        let ground = &free[..free.partition_point(|g| g.0 <= limit)];
        let mean_of = |value: &dyn Fn(i32) -> f64| {
            let (n, sum) =
                ground.iter().fold((0.0, 0.0), |(n, sum), &(s, c)| (n + c as f64, sum + c as f64 * value(s)));
            sum / n
        };
        let mean = mean_of(&f64::from);
        let spread = mean_of(&|s| (f64::from(s) - mean) * (f64::from(s) - mean)).sqrt();
        (!ground.is_empty()).then_some(SliceGround { limit, mean, spread, cut_off })
    }

    /// Between two slices: so much of the way from this one to the other.
    fn towards(&self, other: &Self, part: f64) -> Self {
        let between = |a: f64, b: f64| a + part * (b - a);
        SliceGround {
            limit: between(f64::from(self.limit), f64::from(other.limit)).round() as i32,
            mean: between(self.mean, other.mean),
            spread: between(self.spread, other.spread),
            cut_off: between(self.cut_off, other.cut_off),
        }
    }
}

/// The ends of the means of slices, and their noise, which is that of the slice in the middle.
fn ends(slices: &[Slice]) -> Option<([f64; 2], f64)> {
    let known = || slices.iter().filter_map(|slice| slice.ground);
    let mut spreads: Vec<f64> = known().map(|ground| ground.spread).collect();
    spreads.sort_unstable_by(f64::total_cmp);
    let noise = spreads.get((spreads.len().max(1) - 1) / 2)?.max(ROUNDING);
    let least = known().map(|ground| ground.mean).reduce(f64::min)?;
    let most = known().map(|ground| ground.mean).reduce(f64::max)?;
    Some(([least, most], noise))
}

/// Whether their means lie farther apart than their noise.
fn are_unlike(slices: &[Slice]) -> bool {
    ends(slices).is_some_and(|([least, most], noise)| most - least > UNLIKE * noise)
}

/// Takes their ground from slices that are full of light: brighter than the darkest by more than noise, and wider than ground is.
fn forget_filled(slices: &mut [Slice], stack: &Volume) -> Result<()> {
    let Some(([darkest, _], noise)) = ends(slices) else { return Ok(()) };
    let (samples, plane) = (stack.samples.host()?, stack.shape.y * stack.shape.x);
    // How many times as wide as the noise between neighbours.
    let width = |(z, slice): (usize, &Slice)| {
        let Some(ground) = slice.ground else { return Ok(None) };
        let slice =
            Volume::new(Shape::flat(stack.shape.y, stack.shape.x), samples[z * plane..(z + 1) * plane].to_vec())?;
        let white = white(&Device::Cpu, &slice)?;
        Ok((white > 0.0).then(|| ground.spread / white))
    };
    let widths = slices.par_iter().enumerate().map(width).collect::<Result<Vec<_>>>()?;
    let Some(narrowest) = widths.iter().flatten().copied().reduce(f64::min) else { return Ok(()) };
    for (slice, width) in slices.iter_mut().zip(widths) {
        let is_bright = slice.ground.is_some_and(|ground| ground.mean > darkest + UNLIKE * noise);
        if is_bright && width.is_some_and(|width| width > WIDE * narrowest) {
            slice.ground = None;
        }
    }
    Ok(())
}

/// The ground of a slice; of one without, what lies between the nearest two that have one, or that of the nearest.
fn at(slices: &[Slice], z: usize) -> Option<SliceGround> {
    let known = |k: usize| slices[k].ground.map(|ground| (k, ground));
    let (before, behind) = ((0..=z).rev().find_map(known), (z..slices.len()).find_map(known));
    match (before, behind) {
        (Some((a, below)), Some((b, above))) if b > a => Some(below.towards(&above, (z - a) as f64 / (b - a) as f64)),
        (found, other) => found.or(other).map(|found| found.1),
    }
}

/// Where an object lies: the mean ground of its voxels, and their noise.
pub(super) struct Carried {
    mean: f64,
    spread: f64,
}

impl Carried {
    /// To the slices of an object.
    pub fn to(object: &Object, slices: &[SliceGround]) -> Self {
        let (mut n, mut mean, mut variance) = (0.0, 0.0, 0.0);
        object.each_run(|z, _, from, to| {
            if let Some(ground) = slices.get(z) {
                let here = (to - from) as f64;
                n += here;
                mean += here * ground.mean;
                variance += here * ground.spread * ground.spread;
            }
        });
        Carried { mean: mean / n, spread: (variance / n).sqrt() }
    }

    /// What a sample of the background of a slice would be there: as many deviations from the mean of the ground.
    pub fn sample(&self, sample: i32, from: &SliceGround) -> f64 {
        let times = if from.spread > 0.0 { self.spread / from.spread } else { 1.0 };
        self.mean + times * (f64::from(sample) - from.mean)
    }
}
