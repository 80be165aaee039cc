//! What a dye looks like, from images of it alone.
//!
//! The spectrum is the sum of the light of stained voxels in each channel over that in the brightest one. Stained is what lies
//! above Otsu's threshold in the brightest channel and is saturated in none. Sums run over all images of the dye.

use super::{BLOCK, Light};
use crate::device::Device;
use crate::ops::threshold::{BinChoice, Method, choose};
use crate::{Error, Result};
use rayon::prelude::*;

/// Light of one dye, added up over images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Control {
    light: Vec<f64>,
    stained: u64,
    saturated: u64,
}

impl Control {
    /// Adds an image of the dye alone.
    ///
    /// # Errors
    /// Not the channels of the images before.
    pub fn add(&mut self, channels: &[Light]) -> Result<()> {
        self.light.resize(channels.len(), 0.0);
        let samples = channels.iter().map(|c| c.volume.samples.host()).collect::<Result<Vec<&[i32]>>>()?;
        let sums = |c: usize| -> f64 {
            let blocks = samples[c].par_chunks(BLOCK).map(|b| b.iter().map(|s| channels[c].value(*s)).sum::<f64>());
            blocks.collect::<Vec<f64>>().iter().sum()
        };
        let totals: Vec<f64> = (0..channels.len()).map(sums).collect();
        let brightest = (0..channels.len()).rev().max_by(|a, b| totals[*a].total_cmp(&totals[*b]));
        let Some(main) = brightest else { return Ok(()) };
        let limit = choose(&Device::Cpu, channels[main].volume, &Method::Otsu, BinChoice::Unit)?;
        let block = |(b, part): (usize, &[i32])| {
            let (mut light, mut stained, mut saturated) = (vec![0.0; channels.len()], 0u64, 0u64);
            for (i, s) in part.iter().enumerate() {
                let at = b * BLOCK + i;
                if f64::from(*s) <= limit || channels[main].value(*s) <= 0.0 {
                    continue;
                }
                let full = |(c, samples): (&Light, &&[i32])| c.saturation.is_some_and(|top| samples[at] >= top);
                if channels.iter().zip(&samples).any(full) {
                    saturated += 1;
                    continue;
                }
                stained += 1;
                for (sum, (c, samples)) in light.iter_mut().zip(channels.iter().zip(&samples)) {
                    *sum += c.value(samples[at]);
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
        if self.stained == 0 || most <= 0.0 {
            return Err(Error::format("no voxel is brighter than the background")
                .remedy("images that show the dye, or a lower background"));
        }
        Ok(self.light.iter().map(|v| (v.max(0.0) / most * 1e6).round() / 1e6).collect())
    }
}
