//! Noise of an image: how much voxels along a row or a column, a lag apart, differ from a straight line.
//!
//! `|x[i-k] - 2 x[i] + x[i+k]|`: for Gaussian noise of standard deviation s that is independent over the lag k the second
//! difference has s sqrt 6. Smooth structure hardly counts. Rows and columns are looked at apart, and the larger noise counts: a
//! camera that shifts whole rows shows nothing along them, and a turned image is the same image.
//!
//! - [`noise`]: neighbours (k = 1), and the median, which is 0.6745 of a deviation: the few differences at edges do not count.
//!   For noise that is independent from pixel to pixel, in an image that no filter has smoothed.
//!   Where the median is 0, as of counted photons of which most pixels have none, the noise is that of counts: a share p of the
//!   differences is not 0, and their median m is one photon, if nearly all of them are m or 2 m as single photons have it: edges in an
//!   image without noise, a mask or one with its background cut off, are none. Each is seen in three differences, so p / 3 of the pixels have one,
//!   and the deviation is m sqrt(p / 3).
//! - [`correlated_noise`]: any lag beyond the reach of the correlation, in the flattest parts. Over a long lag most of a crowded
//!   image is structure, but a tenth of its blocks is not: the mean of a block is 0.7979 of a deviation, and of the means of
//!   blocks that are not all 0 the quantile 0.1 is taken, which lies a fifth below their middle for pure noise.
//!
//! Medians and quantiles are exact (mean of the middle two where there are two), means of blocks are whole samples.
//! Limits: differences past 2^31 - 1 count as that. Reference: Immerkaer 1996, doi 10.1006/cviu.1996.0060, for the
//! idea of second differences; Donoho and Johnstone 1994 for the median; Olsen 1993 for the flattest blocks.

use super::mean::mean;
use super::noise_differences::Differences;
use super::value_counts::{self, AskedLook, SMALL};
use super::{Case, Op};
use crate::Result;
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Buffer, Device};
use crate::image::Volume;
use crate::simd::{self, Border, wide};
use crate::units::Shape;

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "noise",
    summary: "Noise from second differences along rows and columns, of neighbours or over a lag",
    reference: "median absolute deviation of second differences",
    kernels: &[&KERNEL],
    uses: &[&super::value_counts::OP, &super::mean::OP],
    cases: &[
        Case { name: "differences and their median", run: |d, i| case(d, i, 1, noise) },
        Case { name: "a lag of 4", run: |d, i| case(d, i, 4, |d, v| correlated_noise(d, v, 4)) },
    ],
};

fn case(
    device: &Device,
    input: &super::Input,
    lag: usize,
    of: fn(&Device, &Volume) -> Result<f64>,
) -> Result<Vec<u32>> {
    let v = input.volume(device)?;
    let mut words = vec![of(device, &v)?.to_bits() as u32];
    for along in BOTH {
        if along.has(v.shape, lag) {
            words.extend(device.fetch(&differences(device, &v, lag, along)?.samples)?.iter().map(|&s| s as u32));
        }
    }
    Ok(words)
}

/// The lines in which voxels are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Along {
    /// Along x.
    Rows,
    /// Along y.
    Columns,
}

/// Both, in the order in which they are looked at.
pub(super) const BOTH: [Along; 2] = [Along::Rows, Along::Columns];

impl Along {
    /// Whether lines are long enough for this lag.
    pub(super) fn has(self, shape: Shape, lag: usize) -> bool {
        let length = if self == Along::Rows { shape.x } else { shape.y };
        length > 2 * lag && !shape.is_empty()
    }
}

crate::params! {
    // Of every `row` voxels in memory the first `inner` begin a difference, whose voxels lie `lag` apart.
    struct Params { row: u32, inner: u32, lag: u32 }
}

const KERNEL: Kernel = Kernel {
    name: "noise",
    source: include_str!("../../shaders/noise.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("src", "i32"), write("dst", "i32")],
};

/// Standard deviation of the noise, in samples; 0 for an image of fewer than three rows and columns.
///
/// # Errors
/// The device is lost or too small.
pub fn noise(device: &Device, src: &Volume) -> Result<f64> {
    ask(device, src)?.answer()
}

/// The same along rows alone, or along columns; 0 where there are fewer than three in a line.
///
/// # Errors
/// The device is lost or too small.
pub fn noise_along(device: &Device, src: &Volume, along: Along) -> Result<f64> {
    if let Device::Cpu = device
        && along.has(src.shape, 1)
        && let Some(counted) = Differences::count(src, along)?
    {
        return of_differences(&counted);
    }
    told(of_neighbours(device, src, along)?)
}

/// The noise of an image, to be told later.
#[derive(Debug)]
pub struct AskedNoise<'a>(Of<'a>);

/// A look at differences that a device was asked for; none where lines are too short.
type AskedDifferences<'a> = Option<Box<AskedLook<'a>>>;

#[derive(Debug)]
enum Of<'a> {
    /// Of the image, when it is wanted.
    Image(&'a Device, Volume),
    /// Of its differences along rows and along columns.
    Differences([AskedDifferences<'a>; 2]),
}

/// Asks for the noise of [`noise`]. A device is not waited for; the CPU works it out when it is wanted.
///
/// # Errors
/// The device is lost or too small.
pub fn ask<'a>(device: &'a Device, src: &Volume) -> Result<AskedNoise<'a>> {
    Ok(AskedNoise(match device {
        Device::Cpu => Of::Image(device, src.clone()),
        Device::Gpu(_) => {
            Of::Differences([of_neighbours(device, src, Along::Rows)?, of_neighbours(device, src, Along::Columns)?])
        }
    }))
}

fn of_neighbours<'a>(device: &'a Device, src: &Volume, along: Along) -> Result<AskedDifferences<'a>> {
    if !along.has(src.shape, 1) {
        return Ok(None);
    }
    Ok(Some(Box::new(value_counts::ask(device, &differences(device, src, 1, along)?, SMALL)?)))
}

impl AskedNoise<'_> {
    /// Standard deviation of the noise, in samples. A device may have to be waited for, if nobody has done so since.
    ///
    /// # Errors
    /// The device is lost or too small.
    pub fn answer(self) -> Result<f64> {
        match self.0 {
            Of::Image(device, src) => larger(|along| noise_along(device, &src, along)),
            Of::Differences([rows, columns]) => Ok(told(rows)?.max(told(columns)?)),
        }
    }
}

fn larger(of: impl Fn(Along) -> Result<f64>) -> Result<f64> {
    Ok(of(Along::Rows)?.max(of(Along::Columns)?))
}

/// The noise that these differences show.
fn told(differences: AskedDifferences) -> Result<f64> {
    match differences {
        Some(asked) => of_differences(&Differences::Seen(asked.answer()?)),
        None => Ok(0.0),
    }
}

fn of_differences(seen: &Differences) -> Result<f64> {
    let n = seen.len();
    let middle = seen.at_ranks(&[(n - 1) / 2, n / 2])?;
    let median = (f64::from(middle[0]) + f64::from(middle[1])) / 2.0;
    if median > 0.0 {
        return Ok(median / (0.6745 * 6f64.sqrt()));
    }
    let still = seen.zeros()?;
    if still == n {
        return Ok(0.0);
    }
    let photon = seen.at_ranks(&[still + (n - still) / 2])?[0];
    // Samples of fractions lie a little beside their grey levels.
    let near = (photon >> EXACT).min(NEAR);
    let share = |of: i32| -> Result<f64> { Ok(seen.between(of - near, of.saturating_add(near))? / (n - still) as f64) };
    let (one, two) = (share(photon)?, photon.checked_mul(2).map_or(Ok(0.0), share)?);
    if one + two < OF_PHOTONS || two < INSIDE {
        return Ok(0.0);
    }
    Ok(f64::from(photon) * ((n - still) as f64 / (3 * n) as f64).sqrt())
}

/// Of single photons all differences that are not 0 are one photon or two, and a third of them two; of the edges in an image
/// without noise they are of all heights, or of one.
const OF_PHOTONS: f64 = 0.75;
/// See there.
const INSIDE: f64 = 0.2;

/// Bits of a photon that hold where it is a difference of fractions: those of 32 bits, divided by 255, are off by 128 samples of a photon of
/// 2^21.
const EXACT: u32 = 14;
/// And so many samples at most.
const NEAR: i32 = 256;

/// Blocks are so many lags wide: enough for a mean, and narrow enough to fit between objects.
const BLOCK: usize = 4;
/// The blocks that are looked at are these flattest of all.
pub(super) const FLATTEST: f64 = 0.1;
/// So much the middle of the blocks lies above those, for pure noise.
pub(super) const ABOVE_FLATTEST: f64 = 1.25;
/// The mean magnitude of second differences of independent normal noise of deviation 1: 0.7979 times the root of 6.
pub(super) const MEAN_OF_SECOND: f64 = 0.7979 * 2.449_489_742_783_178;

/// Standard deviation of noise that is independent over `lag` pixels, in samples; 0 where there is none, or the image is
/// no larger than twice the lag.
///
/// # Errors
/// The device is lost or too small.
pub fn correlated_noise(device: &Device, src: &Volume, lag: usize) -> Result<f64> {
    larger(|along| correlated_along(device, src, lag, along))
}

fn correlated_along(device: &Device, src: &Volume, lag: usize, along: Along) -> Result<f64> {
    if lag == 0 || !along.has(src.shape, lag) {
        return Ok(0.0);
    }
    let d = differences(device, src, lag, along)?;
    let half = BLOCK * lag / 2;
    let means = mean(device, &d, [0, half.min(d.shape.y), half.min(d.shape.x)], Border::Nearest)?;
    // Where nothing differs, as in the black frame of a mosaic, there is no noise to look at.
    let seen = Differences::Seen(value_counts::ask(device, &means, SMALL)?.answer()?);
    let still = seen.zeros()?;
    let Some(last) = (means.samples.len() - still).checked_sub(1) else { return Ok(0.0) };
    let rank = still + (FLATTEST * last as f64) as usize;
    let flattest = seen.at_ranks(&[rank])?.first().copied().unwrap_or(0);
    Ok(ABOVE_FLATTEST * f64::from(flattest) / MEAN_OF_SECOND)
}

/// The absolute second differences; the volume is two lags shorter along the lines.
pub(super) fn differences(device: &Device, src: &Volume, lag: usize, along: Along) -> Result<Volume> {
    let Shape { z, y, x, .. } = src.shape;
    let (shape, params) = match along {
        Along::Rows => (Shape::new(z, y, x - 2 * lag), [x, x - 2 * lag, lag]),
        Along::Columns => (Shape::new(z, y - 2 * lag, x), [y * x, (y - 2 * lag) * x, lag * x]),
    };
    let samples = match device {
        Device::Cpu => Buffer::on_host(twin(src.samples.host()?, shape, params)),
        Device::Gpu(gpu) => {
            let from = src.samples.gpu()?;
            let to = gpu.alloc::<i32>(shape.len())?;
            let [row, inner, lag] = params.map(|p| p as u32);
            gpu.dispatch(&KERNEL, to.len(), &Params { row, inner, lag }, &[&from.cast(), &to.cast()])?;
            Buffer::Gpu(to)
        }
    };
    Ok(Volume { shape, ..src.with(samples) })
}

fn twin(src: &[i32], to: Shape, [row, inner, lag]: [usize; 3]) -> Vec<i32> {
    let line = |(): &mut (), line: usize, out: &mut [i32]| {
        let first = line * to.x;
        let at = first / inner * row + first % inner;
        second_differences(out, &src[at..], &src[at + lag..], &src[at + 2 * lag..]);
    };
    simd::new_parts(to.len(), to.x, || (), line).0
}

wide! {
    fn second_differences(out: &mut [i32], a: &[i32], b: &[i32], c: &[i32]) {
        for (((out, &a), &b), &c) in out.iter_mut().zip(a).zip(b).zip(c) {
            let d = i64::from(a) - 2 * i64::from(b) + i64::from(c);
            *out = d.abs().min(i32::MAX.into()) as i32;
        }
    }
}

#[cfg(test)]
#[path = "noise_tests.rs"]
mod tests;
