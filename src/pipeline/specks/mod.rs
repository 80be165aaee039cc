//! Specks: dust, precipitates of dye and saturated spots, a few small things that are many times as bright as all objects.
//!
//! They stretch the range that thresholds are chosen in until all else is one grey level, they say what size objects have, and
//! their blur is brighter than the objects beside them. So where a size is found in the image they are cut down, in the search, to the brightest that
//! other objects are, and have no say in that size. They may be objects for all that: what is touching is parted, and outlines are drawn, by all
//! of their light, and values have it.
//!
//! What a speck is depends on what else there is. The classes of Otsu's threshold are taken away from above until the greatest
//! sample lies more than eight times as far from the ground as the bright class does, or five times if it belongs to something four times as large as
//! other things are. The rest has to be objects beyond doubt, or a few nuclei
//! above an uneven ground would be specks: its two classes explain more than those of noise do; its contrast is nine times the noise;
//! it ends in edges, as no slope or wave does; and it is more than twice as many things as the specks, with no less area.
//!
//! All of it is done on the host: the same on every device.

mod levels;

use super::faults::neighbours;
use crate::Result;
use crate::device::{Buffer, Device};
use crate::image::{Mask, Volume};
use crate::ops::far::{far_from, near};
use crate::ops::gaussian::{Gaussian, gaussian};
use crate::ops::grey_step::noise_or_rounding;
use crate::ops::histogram::range;
use crate::ops::label::{Connectivity, label};
use crate::ops::noise::noise;
use crate::ops::pixelwise::above;
use crate::ops::sizes::sizes;
use crate::ops::threshold::{CUT_NOISE, NOISE};
use levels::{Class, Levels};

/// So many times as far from the ground as other objects: none of these is.
const BRIGHTER: f64 = 8.0;
/// So many times where it is so many times as large as they are as well: no nucleus in mitosis, nor a dead one, is both.
const LARGE: (f64, usize) = (5.0, 4);
/// Others have so many times the area of specks, as a rule: less may be the rims of these.
const MUCH: usize = 4;
/// Images without specks reach no more, as a rule; a first look at some samples tells them.
const FIRST_LOOK: f64 = 4.0;
/// See there.
const SOME: usize = 1 << 14;
/// Pixels around a speck that its blur reaches.
const HALO: usize = 8;
/// Other things are more than so many times as many.
const MANY: usize = 2;
/// The smallest thing, in voxels.
const THING: usize = 12;
/// Times the noise that is beyond doubt.
const NOISES: f64 = 9.0;
/// Where one voxel in so many has the least sample, the ground was cut off: of noise that lost less, two classes explain no more than of all of it.
const CUT_OFF: usize = 10;
/// Across an edge, within two pixels to either side, this share of the contrast is seen. Of a wave of 40 px it is 0.13.
const EDGE: f64 = 1.0 / 6.0;

/// Voxels, with the samples that were cut off there.
pub(super) type Light = Vec<(u32, i32)>;

/// A channel with specks, as it is searched.
pub(super) struct Specks {
    /// With specks no brighter than the brightest of the other objects.
    pub cut: Volume,
    /// With ground in their place: what the size of objects is found in.
    pub bare: Volume,
    /// What was cut off, by the index of the voxel: one that is an object has its outline by all of its light.
    pub light: Light,
    /// For the user.
    pub warning: String,
}

impl Specks {
    /// Nothing where there are none.
    ///
    /// # Errors
    /// The volume is not on the host, or too large for labels.
    pub fn of(volume: &Volume) -> Result<Option<Self>> {
        let samples = volume.samples.host()?;
        let (_, most) = range(&Device::Cpu, volume)?;
        // Their distance is odd, so that they are of all columns.
        let some = Levels::of(samples.iter().copied().step_by((samples.len() / SOME) | 1).collect());
        if some.of_others(most, FIRST_LOOK, 1)?.or(some.of_others(most, FIRST_LOOK, MUCH)?).is_none() {
            return Ok(None);
        }
        let smooth = gaussian(&Device::Cpu, volume, &Gaussian::new([0.0, 1.0, 1.0]))?;
        let levels = Levels::of(smooth.samples.host()?.to_vec());
        for (times, area, larger) in [(BRIGHTER, MUCH, 0), (BRIGHTER, 1, 0), (LARGE.0, 1, LARGE.1)] {
            let found = levels.of_others(most, times, area)?;
            let found = found.map(|class| Self::above(volume, &smooth, most, class.limit(), larger)).transpose()?;
            if let Some(specks) = found.flatten() {
                return Ok(Some(specks));
            }
        }
        Ok(None)
    }

    /// What lies above a limit, if all else are objects beyond doubt and it is so many times as large as they are.
    fn above(volume: &Volume, smooth: &Volume, most: i32, limit: i32, larger: usize) -> Result<Option<Self>> {
        let samples = volume.samples.host()?;
        let near = near(smooth, [0, HALO, HALO], limit)?;
        let far = far_from(smooth, &near)?;
        let specks = things(&above(&Device::Cpu, smooth, limit)?)?;
        let Some((rest, others)) = beyond_doubt(volume, &far, &specks, limit)? else { return Ok(None) };
        if typical(&specks) < larger * typical(&others) {
            return Ok(None);
        }
        let cut = samples.iter().map(|s| (*s).min(limit)).collect();
        let near = near.iter().zip(samples);
        let bare = near.map(|(n, s)| if *n != 0 && *s > rest.threshold { rest.dark as i32 } else { *s }).collect();
        let [cut, bare] = [cut, bare].map(|samples| volume.with(Buffer::on_host(samples)));
        let light: Light = (0..).zip(samples).filter(|(_, s)| **s > limit).map(|(i, s)| (i, s - limit)).collect();
        let warning = warning((specks.len(), light.len()), rest.times(most), volume.scale.value(f64::from(limit)));
        Ok(Some(Specks { cut, bare, light, warning }))
    }
}

fn warning((specks, pixels): (usize, usize), times: f64, limit: f64) -> String {
    // Pixels that share their light with hardly any others are specks no more once they are smoothed.
    let (are, pixels) = match specks {
        0 => (format!("{pixels} single pixels are"), String::new()),
        1 => ("1 speck is".into(), format!(" ({pixels} pixels)")),
        _ => (format!("{specks} specks are"), format!(" ({pixels} pixels)")),
    };
    format!(
        "{are} up to {times:.0} times as bright as other objects{pixels}: cut down to {limit} in the search for objects and left out where the size of objects is \
         found; measured values are unchanged. They may be dust: look at the overlay"
    )
}

/// The classes of what lies far from all specks, and the sizes of its things, if these are objects beyond doubt. Near them `far` has the least of all numbers.
fn beyond_doubt(volume: &Volume, far: &Volume, specks: &[usize], limit: i32) -> Result<Option<(Class, Vec<usize>)>> {
    let samples = far.samples.host()?;
    let levels = Levels::of(samples.iter().copied().filter(|s| *s != i32::MIN).collect());
    if 2 * levels.len() < samples.len() {
        return Ok(None);
    }
    let Some(class) = levels.within(limit)? else { return Ok(None) };
    let (least, _) = range(&Device::Cpu, volume)?;
    let at_least = volume.samples.host()?.iter().filter(|s| **s == least).count();
    let of_noise = if at_least * CUT_OFF > samples.len() { CUT_NOISE } else { NOISE };
    // Grey steps are no objects, in an image whose noise they hide.
    let noise = noise_or_rounding(noise(&Device::Cpu, volume)?, volume)?;
    if class.explained <= of_noise || class.contrast < NOISES * noise {
        return Ok(None);
    }
    let mask = above(&Device::Cpu, far, class.threshold)?;
    let mut things = things(&mask)?;
    things.retain(|size| *size >= THING);
    let has_edges = edge(far, &mask, 0.5, 1)?.is_some_and(|edge| edge >= EDGE * class.contrast);
    Ok((things.len() > MANY * specks.len() && has_edges).then_some((class, things)))
}

/// The sizes of the pieces of a mask, in voxels, ascending.
pub(super) fn things(mask: &Mask) -> Result<Vec<usize>> {
    let sizes = sizes(&Device::Cpu, &label(&Device::Cpu, mask, Connectivity::Full)?)?;
    let mut sizes: Vec<usize> = sizes.into_iter().skip(1).map(|size| size as usize).collect();
    sizes.sort_unstable();
    Ok(sizes)
}

/// The middle one of sizes.
pub(super) fn typical(sizes: &[usize]) -> usize {
    sizes.get(sizes.len() / 2).copied().unwrap_or(0)
}

/// How much brighter it is inside than outside along the rims of a mask, in the means of a window of five pixels: this share of them have less. One of so many
/// voxels is looked at.
pub(super) fn edge(far: &Volume, mask: &Mask, share: f64, every: usize) -> Result<Option<f64>> {
    let (shape, samples, inside) = (far.shape, far.samples.host()?, mask.voxels.host()?);
    let step = |i: usize| {
        let [z, y, x] = shape.position(i);
        let (mut sums, mut counts) = ([0i64; 2], [0i64; 2]);
        for v in y.saturating_sub(2)..(y + 3).min(shape.y) {
            for u in x.saturating_sub(2)..(x + 3).min(shape.x) {
                let j = shape.index(z, v, u);
                if samples[j] != i32::MIN {
                    let side = usize::from(inside[j]);
                    sums[side] += i64::from(samples[j]);
                    counts[side] += 1;
                }
            }
        }
        let mean = |side: usize| (counts[side] > 0).then(|| sums[side] as f64 / counts[side] as f64);
        Some(mean(1)? - mean(0)?)
    };
    let is_rim = |i: &usize| inside[*i] > 0 && neighbours(shape, *i).any(|j| inside[j] == 0);
    let mut steps: Vec<f64> = (0..inside.len()).step_by(every).filter(is_rim).filter_map(step).collect();
    let Some(last) = steps.len().checked_sub(1) else { return Ok(None) };
    Ok(Some(*steps.select_nth_unstable_by((share * last as f64) as usize, f64::total_cmp).1))
}
