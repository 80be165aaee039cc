//! Spectral unmixing: an image of each dye from channels that the dyes share.

use super::{BLOCK, Mixture, finer, sample};
use crate::image::Volume;
use crate::simd::span;
use crate::{Error, Result};
use rayon::prelude::*;
use std::collections::BTreeSet;

/// A channel of a mixture.
pub struct Light<'a> {
    /// On the host.
    pub volume: &'a Volume,
    /// What it shows where no dye is, in its values.
    pub background: f64,
    /// How far the ground of each slice lies above that, in its values, where slices have unlike grounds; else none.
    pub slices: Vec<f64>,
    /// 1 for what is part of the picture, 0 for what lies beside it, where something does.
    pub picture: Option<Vec<u8>>,
    /// From this sample on more light would show the same.
    pub saturation: Option<i32>,
}

impl Light<'_> {
    /// Of the sample of a voxel.
    pub(super) fn value(&self, sample: i32, voxel: usize) -> f64 {
        let value = self.volume.scale.value(f64::from(sample)) - self.background;
        if self.slices.is_empty() {
            return value;
        }
        let plane = self.volume.shape.y * self.volume.shape.x;
        value - self.slices.get(voxel / plane.max(1)).unwrap_or(&0.0)
    }

    /// Whether a voxel is part of the picture.
    pub(super) fn is_inside(&self, voxel: usize) -> bool {
        self.picture.as_ref().is_none_or(|picture| picture.get(voxel).is_some_and(|inside| *inside != 0))
    }

    /// No voxel has more.
    fn most(&self, samples: &[i32]) -> f64 {
        let value = self.volume.scale.value(f64::from(span(samples).1)) - self.background;
        value - self.slices.iter().copied().fold(0.0, f64::min)
    }
}

/// From which sample on each channel is saturated.
pub(super) fn tops(channels: &[Light], samples: &[&[i32]]) -> Vec<Option<i32>> {
    channels.iter().zip(samples).map(|(c, samples)| c.saturation.map(|top| full_scale(samples, top))).collect()
}

/// The largest sample that the camera can give: that of the file, or one of fewer bits that many voxels have and none lies above.
fn full_scale(samples: &[i32], of_file: i32) -> i32 {
    let top = samples.par_iter().copied().max().unwrap_or(of_file);
    let is_of_bits = top >= LEAST_BITS && top.count_ones() == top.trailing_ones();
    let n = samples.par_iter().filter(|s| **s == top).count();
    if is_of_bits && n * FULL > samples.len() { top.min(of_file) } else { of_file }
}

/// The largest sample of 8 bits: no camera has fewer.
const LEAST_BITS: i32 = 255;
/// More than one voxel in so many at the largest sample is no chance.
const FULL: usize = 1000;

/// The dyes of an image.
#[derive(Debug)]
pub struct Unmixed {
    /// In the order of the mixture.
    pub dyes: Vec<Volume>,
    /// What the dyes do not explain, as a share of the light: roots of sums of squares over all voxels that are not saturated.
    pub residual: Option<f64>,
    /// Voxels of which a channel is saturated.
    pub saturated: u64,
    /// How many times as much the noise counts in a dye of such a voxel, at most; nothing where the other channels do not tell it.
    pub noisier: Option<f64>,
}

/// What a block adds up to.
#[derive(Clone, Default)]
struct Sums {
    rest: f64,
    light: f64,
    saturated: u64,
    /// Which channels are, a bit each.
    which: BTreeSet<u32>,
}

/// Unmixes channels of one shape.
///
/// # Errors
/// Not as many channels as the mixture has, or of other shapes, or on a device.
pub fn unmix(mixture: &Mixture, channels: &[Light]) -> Result<Unmixed> {
    let Some(first) = channels.first().filter(|_| channels.len() == mixture.channels()) else {
        return Err(Error::usage(format!("{} channels for {} of the mixture", channels.len(), mixture.channels())));
    };
    let samples = channels.iter().map(|c| c.volume.samples.host()).collect::<Result<Vec<&[i32]>>>()?;
    if let Some(other) = channels.iter().find(|c| c.volume.shape != first.volume.shape) {
        return Err(Error::usage(format!("channels of {} and {}", first.volume.shape, other.volume.shape)));
    }
    let tops = tops(channels, &samples);
    let step = channels.iter().map(|c| c.volume.scale.factor()).fold(f64::INFINITY, f64::min);
    let light = channels.iter().zip(&samples).map(|(c, samples)| c.most(samples)).fold(0.0, f64::max);
    let scale = finer(step, mixture.most(light))?;
    let voxels = first.volume.shape.len();
    let mut dyes = vec![vec![0i32; voxels]; mixture.dyes()];
    // A block of all dyes together.
    let mut blocks: Vec<Vec<&mut [i32]>> =
        (0..voxels.div_ceil(BLOCK)).map(|_| Vec::with_capacity(dyes.len())).collect();
    for dye in &mut dyes {
        blocks.iter_mut().zip(dye.chunks_mut(BLOCK)).for_each(|(block, part)| block.push(part));
    }
    let block = |(b, block): (usize, &mut Vec<&mut [i32]>)| {
        let (mut sums, mut light) = (Sums::default(), vec![0.0; channels.len()]);
        for i in 0..block.first().map_or(0, |part| part.len()) {
            let mut saturated = 0u32;
            for (c, (channel, samples)) in channels.iter().zip(&samples).enumerate() {
                let at = b * BLOCK + i;
                let s = samples[at];
                light[c] = channel.value(s, at);
                saturated |= u32::from(tops[c].is_some_and(|top| s >= top)) << c;
            }
            let found = mixture.dyes_of(&light, saturated);
            block.iter_mut().zip(&found).for_each(|(part, value)| part[i] = sample(scale, *value));
            if saturated != 0 {
                sums.saturated += 1;
                sums.which.insert(saturated);
                continue;
            }
            for (c, light) in light.iter().enumerate() {
                let rest = light - mixture.light_of(&found, c);
                sums.rest += rest * rest;
                sums.light += light * light;
            }
        }
        sums
    };
    let sums: Vec<Sums> = blocks.par_iter_mut().enumerate().map(block).collect();
    let all = sums.into_iter().fold(Sums::default(), |mut all, s| {
        all.which.extend(s.which);
        Sums {
            rest: all.rest + s.rest,
            light: all.light + s.light,
            saturated: all.saturated + s.saturated,
            which: all.which,
        }
    });
    let noisier = all.which.iter().try_fold(1.0, |most: f64, which| Some(most.max(mixture.noisier(*which)?)));
    // The numbers of a dye may be counts: then one unit of it is a thousand steps of the channels, and what is dim is less than one.
    let of = |(dye, samples)| {
        let scale = scale.times(1.0 / mixture.brightest(dye), 0.0)?;
        Ok(Volume { spacing: first.volume.spacing, scale, ..Volume::new(first.volume.shape, samples)? })
    };
    Ok(Unmixed {
        dyes: dyes.into_iter().enumerate().map(of).collect::<Result<_>>()?,
        residual: (all.light > 0.0).then(|| (all.rest / all.light).sqrt()).filter(|share| share.is_finite()),
        saturated: all.saturated,
        noisier,
    })
}
