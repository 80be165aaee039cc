//! Noise of an image: how much voxels along a row, a lag apart, differ from a straight line.
//!
//! `|x[i-k] - 2 x[i] + x[i+k]|`: for Gaussian noise of standard deviation s that is independent over the lag k the second
//! difference has s sqrt 6. Smooth structure hardly counts.
//!
//! - [`noise`]: neighbours (k = 1), and the median, which is 0.6745 of a deviation: the few differences at edges do not count.
//!   For noise that is independent from pixel to pixel, in an image that no filter has smoothed.
//! - [`correlated_noise`]: any lag beyond the reach of the correlation, in the flattest parts. Over a long lag most of a crowded
//!   image is structure, but a tenth of its blocks is not: the mean of a block is 0.7979 of a deviation, and of the means of
//!   blocks that are not all 0 the quantile 0.1 is taken, which lies a fifth below their middle for pure noise.
//!
//! Medians and quantiles are exact (mean of the middle two where there are two), means of blocks are whole samples.
//! Limits: differences past 2^31 - 1 count as that. Reference: Immerkaer 1996, doi 10.1006/cviu.1996.0060, for the
//! idea of second differences; Donoho and Johnstone 1994 for the median; Olsen 1993 for the flattest blocks.

use super::mean::mean;
use super::threshold::percentile::at_ranks;
use super::value_counts::{self, AskedLook, SMALL};
use super::{Case, Op};
use crate::Result;
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Buffer, Device};
use crate::image::Volume;
use crate::simd::Border;
use crate::units::Shape;
use rayon::prelude::*;

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "noise",
    summary: "Noise from second differences along rows, of neighbours or over a lag",
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
    if v.shape.x > 2 * lag {
        words.extend(device.fetch(&differences(device, &v, lag)?.samples)?.iter().map(|&s| s as u32));
    }
    Ok(words)
}

crate::params! {
    struct Params { row: u32, inner: u32, lag: u32 }
}

const KERNEL: Kernel = Kernel {
    name: "noise",
    source: include_str!("../../shaders/noise.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("src", "i32"), write("dst", "i32")],
};

/// Standard deviation of the noise, in samples; 0 for an image of fewer than three columns.
///
/// # Errors
/// The device is lost or too small.
pub fn noise(device: &Device, src: &Volume) -> Result<f64> {
    ask(device, src)?.answer()
}

/// The noise of an image, to be told later.
#[derive(Debug)]
pub struct AskedNoise<'a>(Of<'a>);

#[derive(Debug)]
enum Of<'a> {
    /// Of the image, when it is wanted.
    Image(&'a Device, Volume),
    /// Of a look at its differences, which a device has been asked for; none where there are too few columns.
    Differences(Option<Box<AskedLook<'a>>>),
}

/// Asks for the noise of [`noise`]. A device is not waited for; the CPU works it out when it is wanted.
///
/// # Errors
/// The device is lost or too small.
pub fn ask<'a>(device: &'a Device, src: &Volume) -> Result<AskedNoise<'a>> {
    Ok(AskedNoise(match device {
        Device::Cpu => Of::Image(device, src.clone()),
        Device::Gpu(_) => Of::Differences(of_neighbours(device, src)?),
    }))
}

/// A look at the differences of neighbours; nothing for an image of fewer than three columns.
fn of_neighbours<'a>(device: &'a Device, src: &Volume) -> Result<Option<Box<AskedLook<'a>>>> {
    if src.shape.x < 3 || src.shape.is_empty() {
        return Ok(None);
    }
    Ok(Some(Box::new(value_counts::ask(device, &differences(device, src, 1)?, SMALL)?)))
}

impl AskedNoise<'_> {
    /// Standard deviation of the noise, in samples. A device may have to be waited for, if nobody has done so since.
    ///
    /// # Errors
    /// The device is lost or too small.
    pub fn answer(self) -> Result<f64> {
        let differences = match self.0 {
            Of::Image(device, src) => of_neighbours(device, &src)?,
            Of::Differences(asked) => asked,
        };
        let Some(asked) = differences else { return Ok(0.0) };
        let seen = asked.answer()?;
        let n = seen.volume().samples.len();
        let middle = at_ranks(&seen, &[(n - 1) / 2, n / 2])?;
        let median = (f64::from(middle[0]) + f64::from(middle[1])) / 2.0;
        Ok(median / (0.6745 * 6f64.sqrt()))
    }
}

/// Blocks are so many lags wide: enough for a mean, and narrow enough to fit between objects.
const BLOCK: usize = 4;
/// The blocks that are looked at are these flattest of all.
const FLATTEST: f64 = 0.1;
/// So much the middle of the blocks lies above those, for pure noise.
const ABOVE_FLATTEST: f64 = 1.25;

/// Standard deviation of noise that is independent over `lag` pixels, in samples; 0 where there is none, or the image is
/// narrower than twice the lag.
///
/// # Errors
/// The device is lost or too small.
pub fn correlated_noise(device: &Device, src: &Volume, lag: usize) -> Result<f64> {
    if lag == 0 || src.shape.x <= 2 * lag || src.shape.is_empty() {
        return Ok(0.0);
    }
    let d = differences(device, src, lag)?;
    let half = BLOCK * lag / 2;
    let means = mean(device, &d, [0, half.min(d.shape.y), half.min(d.shape.x)], Border::Nearest)?;
    // Where nothing differs, as in the black frame of a mosaic, there is no noise to look at.
    let seen = value_counts::ask(device, &means, SMALL)?.answer()?;
    let still = if seen.range().0 > 0 { 0 } else { seen.darkest()? as usize };
    let Some(last) = (means.samples.len() - still).checked_sub(1) else { return Ok(0.0) };
    let rank = still + (FLATTEST * last as f64) as usize;
    let flattest = at_ranks(&seen, &[rank])?.first().copied().unwrap_or(0);
    Ok(ABOVE_FLATTEST * f64::from(flattest) / (0.7979 * 6f64.sqrt()))
}

/// The absolute second differences, two lags narrower.
fn differences(device: &Device, src: &Volume, lag: usize) -> Result<Volume> {
    let (row, inner) = (src.shape.x, src.shape.x - 2 * lag);
    let shape = Shape::new(src.shape.z, src.shape.y, inner);
    let samples = match device {
        Device::Cpu => Buffer::on_host(twin(src.samples.host()?, row, lag)),
        Device::Gpu(gpu) => {
            let from = src.samples.gpu()?;
            let to = gpu.alloc::<i32>(shape.len())?;
            let params = Params { row: row as u32, inner: inner as u32, lag: lag as u32 };
            gpu.dispatch(&KERNEL, to.len(), &params, &[&from.cast(), &to.cast()])?;
            Buffer::Gpu(to)
        }
    };
    Ok(Volume { shape, ..src.with(samples) })
}

fn twin(src: &[i32], row: usize, lag: usize) -> Vec<i32> {
    let inner = row - 2 * lag;
    let mut out = vec![0; src.len() / row * inner];
    out.par_chunks_mut(inner).zip(src.par_chunks(row)).with_min_len(16).for_each(|(out, line)| {
        let sides = line.iter().zip(&line[2 * lag..]);
        for ((o, (a, c)), b) in out.iter_mut().zip(sides).zip(&line[lag..]) {
            let d = i64::from(*a) - 2 * i64::from(*b) + i64::from(*c);
            *o = d.abs().min(i32::MAX.into()) as i32;
        }
    });
    out
}

#[cfg(test)]
mod tests {
    //! Oracle: values worked out by hand and by sorting.
    use super::*;

    #[test]
    fn a_ramp_has_none_and_a_comb_has_much() {
        let of = |samples: Vec<i32>| {
            noise(&Device::Cpu, &Volume::new(Shape::flat(1, samples.len()), samples).unwrap()).unwrap()
        };
        assert_eq!(of((0..50).map(|i| 7 * i).collect()), 0.0);
        assert_eq!(of(vec![0, 5, 0, 5, 0, 5]), 10.0 / (0.6745 * 6f64.sqrt()));
        // Differences 10, 6: an even number of them.
        assert_eq!(of(vec![0, 5, 0, 1]), 8.0 / (0.6745 * 6f64.sqrt()));
        assert_eq!(of(vec![0, 5]), 0.0);
        assert_eq!(of(vec![i32::MIN, i32::MAX, i32::MIN]), 2147483647.0 / (0.6745 * 6f64.sqrt()));
    }

    #[test]
    fn rows_do_not_run_into_each_other() {
        let v = Volume::new(Shape::flat(2, 3), vec![0, 1, 0, 100, 100, 100]).unwrap();
        assert_eq!(differences(&Device::Cpu, &v, 1).unwrap().samples.host().unwrap(), [2, 0]);
        let v = Volume::new(Shape::flat(2, 5), vec![0, 9, 1, 9, 0, 7, 0, 7, 0, 9]).unwrap();
        assert_eq!(differences(&Device::Cpu, &v, 2).unwrap().samples.host().unwrap(), [2, 2]);
        assert_eq!(correlated_noise(&Device::Cpu, &v, 3).unwrap(), 0.0);
    }

    /// Sums of twelve uniform numbers are near enough to a normal distribution.
    fn normal(shape: Shape, deviation: f64) -> Volume {
        let mut state = 3u64;
        let mut uniform = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as f64 / f64::from(1u32 << 31)
        };
        let sample = |_| 5000 + (deviation * ((0..12).map(|_| uniform()).sum::<f64>() - 6.0)).round() as i32;
        Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap()
    }

    #[test]
    fn noise_is_seen_through_smoothing_and_beside_structure() {
        let shape = Shape::flat(200, 240);
        let white = normal(shape, 100.0);
        assert!((noise(&Device::Cpu, &white).unwrap() / 100.0 - 1.0).abs() < 0.03);
        for sigma in [0.7f64, 1.5] {
            let smooth = super::super::gaussian::gaussian(
                &Device::Cpu,
                &white,
                &super::super::gaussian::Gaussian::new([0.0, sigma, sigma]),
            )
            .unwrap();
            let want = 100.0 / (2.0 * std::f64::consts::PI.sqrt() * sigma);
            let lag = (3.0 * sigma).ceil() as usize;
            let got = correlated_noise(&Device::Cpu, &smooth, lag).unwrap() / want;
            assert!((0.8..1.25).contains(&got), "{sigma}: {got}");
            // Neighbours do not see it.
            assert!(noise(&Device::Cpu, &smooth).unwrap() < 0.6 * want);
            // Four discs a hundred times brighter, and a black frame. (In a crowd no block is flat: see `pipeline/mask`.)
            let samples = smooth.samples.host().unwrap().iter().enumerate();
            let scene = samples.map(|(i, s)| {
                let [_, y, x] = shape.position(i);
                let (dy, dx) = (y as i32 % 100 - 50, x as i32 % 120 - 60);
                if x < 30 { 0 } else { s + if dy * dy + dx * dx < 200 { 3000 } else { 0 } }
            });
            let scene = Volume::new(shape, scene.collect()).unwrap();
            let got = correlated_noise(&Device::Cpu, &scene, lag).unwrap() / want;
            assert!((0.7..2.5).contains(&got), "{sigma}, with structure: {got}");
        }
        let still = Volume::new(shape, vec![7; shape.len()]).unwrap();
        assert_eq!(correlated_noise(&Device::Cpu, &still, 5).unwrap(), 0.0);
    }
}
