//! A ground that was cut off: what lay below some value has that value now.
//!
//! So it is where a constant or a background was subtracted and what fell below 0 became 0, of band passes and of unmixed dyes. What is
//! left of the noise are its heights, and whoever measures noise over all of the image takes the flat parts between them for quiet.
//!
//! An image counts as cut off where its least value holds a share p of it, 0.05 to 0.998, and the voxels above it lie scattered as noise
//! lies: normal noise with a blur b crosses a level between neighbours at a rate `exp(-c^2 / 2) acos(exp(-1 / (4 b^2))) / pi`, with c the
//! normal quantile of p (Rice 1945), from which b follows. A b beyond 2.3 px is no noise: objects on nothing, masks, frames. No cut are
//! counted photons either, whose 0 is one: Poisson's law has `2 n0 n2 = n1^2` for pixels with none, one and two, also where a third is
//! wanting; a cut ground has many times as many at the cut. That is looked at in the darker half of the blocks, where no objects are.
//!
//! What is measured across a cut ground (second differences, responses) is nearly nothing where all lies at the cut and
//! as of the noise before the cut where nothing does: so a mean over the voxels is taken per voxel above the cut. In simulated noise, white and
//! blurred, that is the mean before the cut for a p up to 0.8, and 0.8 of it at 0.97; of responses, whose white noise the cut takes less from, it is 1 to 3 times
//! that. Peaks of cut noise are no higher over such a noise than those of whole noise are.
//!
//! All of it is counted on the host from integers, whatever the device. Reference: this project; Rice 1945 for the rate of crossings.

use super::noise::{ABOVE_FLATTEST, Along, BOTH, FLATTEST, MEAN_OF_SECOND, differences};
use super::spots::grey_step;
use super::value_counts::{self, SMALL};
use crate::Result;
use crate::device::{Buffer, Device};
use crate::image::Volume;
use crate::units::Shape;
use rayon::prelude::*;
use std::borrow::Cow;
use std::f64::consts::PI;

/// The least value has this share of an image that was cut off, at least and at most.
const SHARES: [f64; 2] = [0.05, 0.998];
/// The widest blur of noise, in pixels.
const WIDEST: f64 = 2.3;
/// Photons have no more than so many times as many dark pixels as Poisson's law says.
const DARK_OF_PHOTONS: f64 = 3.0;
/// Side of the blocks that photons are looked for in.
const BLOCK: usize = 16;
/// Side of the blocks that differences are looked at in, in lags, and in pixels at least.
const LAGS: usize = 4;

/// An image whose ground was cut off at its least value.
#[derive(Clone, Debug)]
pub struct CutGround {
    shape: Shape,
    /// Whether a voxel lies above the cut.
    above: Vec<bool>,
    share: f64,
    blur: f64,
}

impl CutGround {
    /// Of an image; nothing where its ground was not cut off.
    ///
    /// # Errors
    /// The device is lost or too small.
    pub fn of(device: &Device, src: &Volume) -> Result<Option<Self>> {
        if src.shape.is_empty() {
            return Ok(None);
        }
        let seen = value_counts::ask(device, src, SMALL)?.answer()?;
        let share = f64::from(seen.darkest()?) / src.shape.len() as f64;
        if !(SHARES[0]..=SHARES[1]).contains(&share) {
            return Ok(None);
        }
        let samples = on_host(device, src)?;
        let least = seen.range().0;
        let above: Vec<bool> = samples.iter().map(|s| *s > least).collect();
        let blur = blur(share, crossings(src.shape, &above));
        let is_cut = blur <= WIDEST && !is_counted(src.shape, &samples, least);
        Ok(is_cut.then_some(CutGround { shape: src.shape, above, share, blur }))
    }

    /// Share of the voxels that lie at the cut.
    pub fn share(&self) -> f64 {
        self.share
    }

    /// Blur of the noise before the cut, as a sigma in pixels.
    pub fn blur(&self) -> f64 {
        self.blur
    }

    /// How many voxels of a box lie above the cut.
    pub(super) fn above(&self, z: usize, rows: std::ops::Range<usize>, columns: std::ops::Range<usize>) -> usize {
        let line = |y: usize| &self.above[self.shape.index(z, y, columns.start)..][..columns.len()];
        rows.map(|y| line(y).iter().filter(|is_above| **is_above).count()).sum()
    }

    /// Standard deviation that noise would have over a lag without the cut, in the flattest parts of what lies above it: as
    /// [`correlated_noise`](super::noise::correlated_noise). `src` is the image that was cut off, or what filters made of it since.
    ///
    /// # Errors
    /// The device is lost or too small.
    pub fn noise(&self, device: &Device, src: &Volume, lag: usize) -> Result<f64> {
        let along = |along: Along| -> Result<f64> {
            if lag == 0 || src.shape != self.shape || !along.has(src.shape, lag) {
                return Ok(0.0);
            }
            let seen = differences(device, src, lag, along)?;
            let samples = on_host(device, &seen)?;
            // Of a difference its middle voxel counts.
            let [down, across] = if along == Along::Rows { [0, lag] } else { [lag, 0] };
            let side = (LAGS * lag).max(BLOCK);
            let means = per_voxel_above(&samples, seen.shape, side, |z, rows, columns| {
                self.above(z, rows.start + down..rows.end + down, columns.start + across..columns.end + across)
            });
            Ok(ABOVE_FLATTEST * flattest(means) / MEAN_OF_SECOND)
        };
        let [rows, columns] = BOTH.map(along);
        Ok(rows?.max(columns?))
    }
}

/// The samples, brought to the host if they are not there.
fn on_host<'a>(device: &Device, v: &'a Volume) -> Result<Cow<'a, [i32]>> {
    Ok(match &v.samples {
        Buffer::Gpu(_) => Cow::Owned(device.fetch(&v.samples)?),
        _ => Cow::Borrowed(v.samples.host()?),
    })
}

/// The greater of the shares of neighbours, along rows and along columns, of which one lies above the cut.
fn crossings(shape: Shape, above: &[bool]) -> f64 {
    let row = |row: &[bool]| row.windows(2).filter(|w| w[0] != w[1]).count();
    let rows: usize = above.par_chunks(shape.x).map(row).sum();
    let plane = |plane: &[bool]| plane.iter().zip(&plane[shape.x..]).filter(|(a, b)| a != b).count();
    let columns: usize = above.par_chunks(shape.y * shape.x).map(plane).sum();
    let share = |n: usize, lines: usize, length: usize| n as f64 / (lines * length.saturating_sub(1)).max(1) as f64;
    share(rows, shape.z * shape.y, shape.x).max(share(columns, shape.z * shape.x, shape.y))
}

/// The blur of normal noise that lies below a level for a share of the voxels and crosses it between so many neighbours.
fn blur(share: f64, crossings: f64) -> f64 {
    let level = quantile(share);
    let angle = PI * crossings * libm::exp(level * level / 2.0);
    if angle >= PI / 2.0 { 0.0 } else { (-4.0 * libm::log(libm::cos(angle))).sqrt().recip() }
}

/// The normal quantile of a share.
fn quantile(share: f64) -> f64 {
    let (mut low, mut high) = (-8.0, 8.0);
    for _ in 0..50 {
        let middle = (low + high) / 2.0;
        if libm::erfc(-middle / 2f64.sqrt()) / 2.0 < share { low = middle } else { high = middle }
    }
    high
}

/// Whether the darker half of the blocks holds no more dark pixels than counted photons have.
fn is_counted(shape: Shape, samples: &[i32], least: i32) -> bool {
    let step = grey_step(samples) as i64;
    let (down, across) = (shape.y / BLOCK, shape.x / BLOCK);
    let block = |i: usize| {
        let (z, y, x) = (i / (down * across), i / across % down * BLOCK, i % across * BLOCK);
        let (mut sum, mut counts) = (0, [0usize; 3]);
        for y in y..y + BLOCK {
            for sample in &samples[shape.index(z, y, x)..][..BLOCK] {
                let above = i64::from(*sample) - i64::from(least);
                sum += above;
                if above <= 2 * step {
                    counts[(above / step) as usize] += 1;
                }
            }
        }
        (sum, counts)
    };
    let mut blocks: Vec<(i64, [usize; 3])> = (0..shape.z * down * across).into_par_iter().map(block).collect();
    blocks.retain(|(sum, _)| *sum > 0);
    blocks.sort_unstable();
    let dark = &blocks[..blocks.len().div_ceil(2)];
    let [none, one, two] = [0, 1, 2].map(|k| dark.iter().map(|(_, counts)| counts[k]).sum::<usize>() as f64);
    2.0 * none * two <= DARK_OF_PHOTONS * one * one
}

/// Of the blocks of an image whose samples are no less than 0: how many voxels lie above the cut, and the sum of samples for each of these.
/// Blocks without such voxels, or with nothing but 0, are left out.
pub(super) fn per_voxel_above(
    samples: &[i32],
    shape: Shape,
    side: usize,
    above: impl Fn(usize, std::ops::Range<usize>, std::ops::Range<usize>) -> usize + Sync,
) -> Vec<(f64, usize)> {
    let (down, across) = ((shape.y / side).max(1), (shape.x / side).max(1));
    let part = |k: usize, of: usize, n: usize| k * n / of..(k + 1) * n / of;
    let block = |i: usize| {
        let z = i / (down * across);
        let (rows, columns) = (part(i / across % down, down, shape.y), part(i % across, across, shape.x));
        let line = |y: usize| &samples[shape.index(z, y, columns.start)..][..columns.len()];
        let sum: i64 = rows.clone().map(|y| line(y).iter().map(|s| i64::from(s.abs())).sum::<i64>()).sum();
        let above = above(z, rows, columns.clone());
        (sum as f64 / above.max(1) as f64, if sum == 0 { 0 } else { above })
    };
    let mut blocks: Vec<(f64, usize)> = (0..shape.z * down * across).into_par_iter().map(block).collect();
    blocks.retain(|(_, above)| *above > 0);
    blocks
}

/// The value at the flattest tenth of blocks, each counting by its voxels above the cut; 0 without blocks.
pub(super) fn flattest(mut blocks: Vec<(f64, usize)>) -> f64 {
    blocks.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let all: usize = blocks.iter().map(|b| b.1).sum();
    let mut seen = 0;
    let reached = |b: &&(f64, usize)| {
        seen += b.1;
        seen as f64 > FLATTEST * all as f64
    };
    blocks.iter().find(reached).map_or(0.0, |b| b.0)
}
