//! What a dye looks like, from images of it alone.
//!
//! The spectrum is the sum of the light of stained voxels in each channel over that in the brightest one. Stained is what lies
//! above Otsu's threshold in the brightest channel and is saturated in none, within the picture. Sums run over all images of the dye.
//!
//! A hot pixel or a shining speck of dust may lie so far above all cells that the threshold does as well. So where fewer voxels than those of a cell lie above it
//! and what lies below is stained too, these are left out, and the threshold is that of all others.
//!
//! An image without the dye would be halved by that threshold as well, and its noise would look like a dye. It adds nothing, and is
//! known by three signs together: what is above the threshold does not stand out from the rest, neighbours have no more in common
//! than others, and the light as a whole is little against the noise. The last spares slides that are stained all over.

use super::unmix::tops;
use super::{BLOCK, Light};
use crate::device::Device;
use crate::image::Volume;
use crate::ops::threshold::{BinChoice, Method, choose};
use crate::units::Shape;
use crate::{Error, Result};
use rayon::prelude::*;

/// Light of one dye, added up over images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Control {
    light: Vec<f64>,
    stained: u64,
    saturated: u64,
    /// Images that show the dye.
    images: usize,
    /// An image that does not: its light, and its noise.
    dark: Option<[f64; 2]>,
}

/// Means of the two sides of Otsu's threshold lie so many deviations of the lower side apart where all is noise: 2.7 if it is
/// normal, 3.5 if it is even.
const HALVED: f64 = 3.6;
/// Of the variance so much is shared by neighbours at most where all is noise.
const SHARED: f64 = 0.2;
/// Light of so much noise is light.
const LIT: f64 = 5.0;
/// This share of the voxels is few.
const FEW: f64 = 0.001;
/// Fewer voxels than that are a speck; cells and beads together have more.
const SPECK: usize = 25;

impl Control {
    /// Adds an image of the dye alone.
    ///
    /// # Errors
    /// Not the channels of the images before.
    pub fn add(&mut self, channels: &[Light]) -> Result<()> {
        self.light.resize(channels.len(), 0.0);
        let samples = channels.iter().map(|c| c.volume.samples.host()).collect::<Result<Vec<&[i32]>>>()?;
        let sums = |c: usize| -> f64 {
            let value =
                |(at, s): (usize, &i32)| if channels[c].is_inside(at) { channels[c].value(*s, at) } else { 0.0 };
            let block = |(b, part): (usize, &[i32])| (b * BLOCK..).zip(part).map(value).sum::<f64>();
            let blocks = samples[c].par_chunks(BLOCK).enumerate().map(block);
            blocks.collect::<Vec<f64>>().iter().sum()
        };
        let totals: Vec<f64> = (0..channels.len()).map(sums).collect();
        let brightest = (0..channels.len()).rev().max_by(|a, b| totals[*a].total_cmp(&totals[*b]));
        let Some(main) = brightest else { return Ok(()) };
        let of_dye = match between(&channels[main], samples[main])? {
            Ok(of_dye) => of_dye,
            Err(dark) => {
                self.dark.get_or_insert(dark);
                return Ok(());
            }
        };
        self.images += 1;
        let tops = tops(channels, &samples);
        let block = |(b, part): (usize, &[i32])| {
            let (mut light, mut stained, mut saturated) = (vec![0.0; channels.len()], 0u64, 0u64);
            for (i, s) in part.iter().enumerate() {
                let at = b * BLOCK + i;
                if !of_dye.has(*s) || !channels[main].is_inside(at) || channels[main].value(*s, at) <= 0.0 {
                    continue;
                }
                let full = |(top, samples): (&Option<i32>, &&[i32])| top.is_some_and(|top| samples[at] >= top);
                if tops.iter().zip(&samples).any(full) {
                    saturated += 1;
                    continue;
                }
                stained += 1;
                for (sum, (c, samples)) in light.iter_mut().zip(channels.iter().zip(&samples)) {
                    *sum += c.value(samples[at], at);
                }
            }
            (light, stained, saturated)
        };
        let blocks: Vec<_> = samples[main].par_chunks(BLOCK).enumerate().map(block).collect();
        for (light, stained, saturated) in blocks {
            self.light.iter_mut().zip(light).for_each(|(sum, light)| *sum += light);
            self.stained += stained;
            self.saturated += saturated;
        }
        Ok(())
    }

    /// How many images show the dye.
    pub fn images(&self) -> usize {
        self.images
    }

    /// The spectrum: 1 in the brightest channel, to six digits.
    ///
    /// # Errors
    /// Nothing is stained, or most of what is, is saturated.
    pub fn spectrum(&self) -> Result<Vec<f64>> {
        let most = self.light.iter().copied().fold(0.0, f64::max);
        if self.saturated > self.stained {
            let (n, all) = (self.saturated, self.saturated + self.stained);
            return Err(Error::format(format!("{n} of {all} stained voxels are saturated"))
                .remedy("images of the dye with a shorter exposure"));
        }
        if let (0, Some([light, noise])) = (self.images, self.dark) {
            let what = format!("nothing is stained: the light is {light:.3} on average, the noise {noise:.3}");
            return Err(Error::format(what).remedy("images that show the dye"));
        }
        if self.stained == 0 || most <= 0.0 {
            return Err(Error::format("no voxel is brighter than the background")
                .remedy("images that show the dye, or a lower background"));
        }
        Ok(self.light.iter().map(|v| (v.max(0.0) / most * 1e6).round() / 1e6).collect())
    }
}

/// Samples above the first value, up to the second one.
#[derive(Clone, Copy)]
struct Between {
    above: f64,
    up_to: f64,
}

impl Between {
    fn has(self, sample: i32) -> bool {
        f64::from(sample) > self.above && f64::from(sample) <= self.up_to
    }
}

/// The samples of stained voxels, or light and noise of a channel that holds nothing but noise.
fn between(channel: &Light, samples: &[i32]) -> Result<std::result::Result<Between, [f64; 2]>> {
    let inside = || samples.iter().enumerate().filter(|(at, _)| channel.is_inside(*at)).map(|(_, s)| *s);
    let threshold = |up_to: f64| {
        let all: Vec<i32> = inside().filter(|s| f64::from(*s) <= up_to).collect();
        let all = Volume::new(Shape::flat(1, all.len()), all)?;
        choose(&Device::Cpu, &all, &Method::Otsu, BinChoice::Unit)
    };
    let all = inside().count() as f64;
    let mut found = Between { above: threshold(f64::INFINITY)?, up_to: f64::INFINITY };
    if let Some(dark) = unstained(channel, samples, found) {
        return Ok(Err(dark));
    }
    loop {
        let few = inside().filter(|s| found.has(*s)).count();
        if few >= SPECK || few as f64 > FEW * all {
            return Ok(Ok(found));
        }
        let below = Between { above: threshold(found.above)?, up_to: found.above };
        if below.above >= below.up_to {
            return Ok(Ok(found));
        }
        if let Some(dark) = unstained(channel, samples, below) {
            return Ok(Err(dark));
        }
        found = below;
    }
}

/// Light and noise of a channel, as far as its samples reach up to what is stained, that holds nothing but noise.
fn unstained(channel: &Light, samples: &[i32], stained: Between) -> Option<[f64; 2]> {
    // Of the voxels below and above the threshold: number, sum, sum of squares; and the sum of squared steps.
    let block = |b: usize| {
        let (from, end) = (b * BLOCK, samples.len().min((b + 1) * BLOCK));
        let mut sums = [0.0; 7];
        let counts = |i: usize| f64::from(samples[i]) <= stained.up_to && channel.is_inside(i);
        for i in (from..end).filter(|i| counts(*i)) {
            let v = channel.value(samples[i], i);
            let side = if stained.has(samples[i]) { 3 } else { 0 };
            [1.0, v, v * v].iter().enumerate().for_each(|(k, add)| sums[side + k] += add);
            let next = if i + 1 < samples.len() && counts(i + 1) { channel.value(samples[i + 1], i + 1) } else { v };
            sums[6] += (next - v) * (next - v);
        }
        sums
    };
    let blocks: Vec<[f64; 7]> = (0..samples.len().div_ceil(BLOCK)).into_par_iter().map(block).collect();
    let sums = blocks.iter().fold([0.0; 7], |all, part| std::array::from_fn(|k| all[k] + part[k]));
    let [low, low_sum, low_squares, high, high_sum, high_squares, steps] = sums;
    if low < 2.0 || high < 1.0 {
        return None;
    }
    let all = low + high;
    let mean = (low_sum + high_sum) / all;
    let variance = (low_squares + high_squares) / all - mean * mean;
    let below = (low_squares / low - (low_sum / low) * (low_sum / low)).max(0.0).sqrt();
    let noise = (steps / (2.0 * all)).sqrt();
    let halved = high_sum / high - low_sum / low <= HALVED * below;
    let dark = halved && noise * noise >= (1.0 - SHARED) * variance && mean < LIT * noise;
    dark.then_some([mean, noise])
}
