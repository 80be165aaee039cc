//! A ground that was set to 0 below some value, without that value being subtracted, as thresholding to zero leaves it. Between what was set and what was
//! left lies a gap, which is no light. As an edge it would be higher than most nuclei, so it is closed where objects are searched for: what is left
//! is a ground that was cut off at its least value, as others are.
//!
//! Objects that were cut out of their ground have a gap as well, and are found by it. What was cut in its ground is told by what lies above the gap: it
//! is most frequent near the gap, goes on from there to the brightest, and is the noise of a ground. That is so where half of what lies right there has
//! nothing bright near it, as the rims of objects have, or where it is spread and crosses the cut as noise does ([`CutGround`]).

use crate::Result;
use crate::device::{Buffer, Device};
use crate::image::{Modality, Volume};
use crate::ops::cut_ground::CutGround;
use crate::ops::grey_step::grey_step;
use crate::ops::morphology::{Element, dilate};
use crate::recipe::{Step, Threshold};
use crate::simd;
use rayon::prelude::*;

/// The least value has this share of the voxels at least.
const SHARE: f64 = 0.05;
/// What lies above the gap is counted in so many equal parts, or as many as there are grey levels.
const PARTS: f64 = 64.0;
/// A drawing has fewer grey levels.
const FEWEST: f64 = 12.0;
/// The fullest part is one of so many.
const FIRST: usize = 8;
/// This share of the parts holds samples at least.
const HELD: f64 = 0.5;
/// What is bright lies above so many of the parts, and is near within so many pixels.
const BRIGHT: f64 = 4.0;
/// See there.
const NEAR: usize = 2;
/// This share of the lowest part is away from all that is bright.
const ALONE: f64 = 0.5;

/// Whether a threshold of these steps is given: that is one of the file, where the gap is.
pub(super) fn has_given_thresholds(steps: &[Step]) -> bool {
    let is_given = |p: &Threshold| [p.value, p.at_least, p.low, p.high].iter().any(Option::is_some);
    steps.iter().any(|step| matches!(step, Step::Threshold(p) if is_given(p)))
}

/// A channel whose gap was closed.
#[derive(Clone)]
pub(super) struct Closed {
    pub volume: Volume,
    /// The values on both sides of the gap.
    gap: [f64; 2],
}

impl Closed {
    /// Of a channel of a camera, if it has such a gap.
    ///
    /// # Errors
    /// The channel is not on the host.
    pub fn of(channel: &Volume, modality: Modality) -> Result<Option<Self>> {
        let samples = channel.samples.host()?;
        if modality != Modality::Fluorescence || samples.is_empty() {
            return Ok(None);
        }
        let (least, most) = simd::span(samples);
        let above = |sample: &&i32| **sample > least;
        let n = samples.par_iter().filter(above).count();
        let Some(next) = samples.par_iter().filter(above).min().copied() else { return Ok(None) };
        if n as f64 > (1.0 - SHARE) * samples.len() as f64 {
            return Ok(None);
        }
        let step = grey_step(channel)?.unwrap_or(1.0).round().max(1.0);
        let range = f64::from(most) - f64::from(next);
        let width = (range / PARTS).max(step);
        let gap = f64::from(next) - f64::from(least);
        let part = |sample: i32| ((f64::from(sample) - f64::from(next)) / width) as usize;
        if gap <= width.max(1.5 * step) || range < FEWEST * step || !falls_off(samples.iter().filter(above), part) {
            return Ok(None);
        }
        let up_to = next.saturating_sub(step as i32);
        let closed = samples.par_iter().map(|sample| (*sample).max(up_to)).collect();
        let volume = channel.with(Buffer::on_host(closed));
        let bright = f64::from(next) + BRIGHT * width;
        if !is_alone(channel, |sample| sample > least && part(sample) == 0, bright)?
            && CutGround::of(&volume)?.is_none()
        {
            return Ok(None);
        }
        let gap = [least, next].map(|sample| channel.scale.value(f64::from(sample)));
        Ok(Some(Closed { volume, gap }))
    }

    /// For the user.
    pub fn note(&self) -> String {
        let [least, next] = self.gap.map(|value| (1e4 * value).round() / 1e4);
        format!(
            "the ground was set to {least} below {next}, without that being subtracted: the search for objects closes the gap between them; measured values are unchanged"
        )
    }
}

/// Whether one of the first parts has the most samples, and half of the parts up to the last have some.
fn falls_off<'a>(samples: impl Iterator<Item = &'a i32>, part: impl Fn(i32) -> usize) -> bool {
    let mut parts = vec![0_u64; PARTS as usize + 1];
    // The brightest sample ends the last part.
    samples.for_each(|sample| parts[part(*sample).min(PARTS as usize)] += 1);
    let used = parts.iter().rposition(|n| *n > 0).map_or(0, |last| last + 1);
    let held = parts.iter().filter(|n| **n > 0).count();
    parts[..FIRST].iter().max() >= parts[FIRST..].iter().max() && held as f64 >= HELD * used as f64
}

/// Whether half of some samples have nothing bright near them.
fn is_alone(channel: &Volume, is_one: impl Fn(i32) -> bool + Sync, bright: f64) -> Result<bool> {
    let brightest_near = dilate(&Device::Cpu, channel, &Element::Box([0, NEAR, NEAR]))?;
    let (samples, brightest) = (channel.samples.host()?, brightest_near.samples.host()?);
    let count = |below: f64| {
        let pairs = samples.par_iter().zip(brightest);
        pairs.filter(|(sample, brightest)| is_one(**sample) && f64::from(**brightest) < below).count() as f64
    };
    Ok(count(bright) >= ALONE * count(f64::INFINITY))
}
