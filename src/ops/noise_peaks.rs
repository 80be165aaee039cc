//! How high the peaks of noise rise, where its spread alone does not tell.
//!
//! So many times the spread is enough for normal noise. What a deconvolution, a square, a variance or a ratio has made of noise is skewed, and
//! correlated over several pixels: its peaks are far higher than its spread says. But their heights tell. A peak is a voxel that nothing in a box
//! around it exceeds, above the middle of the image, and the logarithms of the heights of noise lie about as a normal distribution does, whatever
//! the filter: with `m` their middle and `s` their spread (from `m` to their 90th percentile), the highest of `n` lies near
//! `exp(m + s q(1 - 1 / 2 n))`, `q` being the normal quantile. [`highest`] is one `s` above that. Of normal noise that is 7 to 10 times the spread.
//!
//! Objects are peaks as well. They stand apart: the 75th percentile gives another `s` than the 90th, or there are more peaks where
//! three of noise are expected. Then nothing is said.
//!
//! Heights are whole samples; logarithms are taken on the host, of two or three of them. In simulated fields (squares, cubes and exponentials of noise
//! with a blur of 0.7 to 3 px, variances, gradients, deconvolution) the highest peak is 0.3 to 1.4 times [`highest`] in nine of ten.
//! Reference: this project; Fisher and Tippett 1928 for the greatest of many.

use super::dark_side::normal_quantile;
use super::morphology::{Element, dilate};
use crate::Result;
use crate::device::Device;
use crate::image::Volume;
use rayon::prelude::*;
use std::ops::RangeInclusive;

/// Fewer peaks have no tail to speak of.
const FEWEST: usize = 50;
/// The spread of one kind of peaks, to their 90th percentile, is so many times that to their 75th one.
const ONE_KIND: RangeInclusive<f64> = 0.8..=1.1;
/// Where so many peaks of noise are expected there are no more than so many.
const AT_THE_TOP: (f64, usize) = (3.0, 12);
/// So many spreads above the highest peak that is expected.
const ABOVE: f64 = 1.0;

/// A height that hardly a peak of noise reaches, in samples from 0 on, of an image on the host that has been smoothed and whose ground is near 0. Peaks are
/// above `middle` and the greatest in a box of these half-widths. Nothing where there are few of them, or of more than one kind.
///
/// # Errors
/// The image is on a device.
pub fn highest(smooth: &Volume, half_widths: [usize; 3], middle: f64) -> Result<Option<f64>> {
    let peaks = peaks(smooth, half_widths, middle)?;
    if peaks.len() < FEWEST {
        return Ok(None);
    }
    let n = peaks.len() as f64;
    let at = |share: f64| libm::log(f64::from(peaks[(share * (n - 1.0)).round() as usize]));
    let m = at(0.5);
    let spread = |share: f64| (at(share) - m) / normal_quantile(share);
    let s = spread(0.9);
    let expected = |peaks: f64| libm::exp(m + s * normal_quantile(1.0 - peaks / n));
    let (few, most) = AT_THE_TOP;
    let top = expected(few);
    let at_the_top = n as usize - peaks.partition_point(|height| f64::from(*height) <= top);
    let is_one_kind = ONE_KIND.contains(&(s / spread(0.75)));
    let is_noise = is_one_kind && at_the_top <= most;
    Ok(is_noise.then(|| expected(0.5) * libm::exp(ABOVE * s)))
}

/// The heights of peaks, ascending.
fn peaks(smooth: &Volume, half_widths: [usize; 3], middle: f64) -> Result<Vec<i32>> {
    let greatest = dilate(&Device::Cpu, smooth, &Element::Box(half_widths))?;
    let both = smooth.samples.host()?.par_iter().zip(greatest.samples.host()?);
    let above = middle.max(0.0);
    let mut peaks: Vec<i32> = both
        .filter(|(sample, most)| sample == most && f64::from(**sample) > above)
        .map(|(sample, _)| *sample)
        .collect();
    peaks.par_sort_unstable();
    Ok(peaks)
}

#[cfg(test)]
mod tests {
    //! Oracle: the highest of many numbers of a known distribution.
    use super::*;
    use crate::units::Shape;

    const SHAPE: Shape = Shape { z: 1, y: 120, x: 120 };

    /// Lone peaks, two pixels apart, of heights that are 1000 times the exponential of normal numbers of deviation `s`; `raised` of them are so many times as
    /// high.
    fn image(s: f64, (raised, times): (usize, f64)) -> Volume {
        let n = SHAPE.len() / 4;
        let height = |k: usize| {
            // In an order without order.
            let rank = (k * 1777 + 5) % n;
            let height = 1000.0 * libm::exp(s * normal_quantile((rank as f64 + 0.5) / n as f64));
            if k < raised { times * 1000.0 } else { height }
        };
        let sample = |i: usize| {
            let [_, y, x] = SHAPE.position(i);
            if y % 2 + x % 2 == 0 { height(y / 2 * SHAPE.x / 2 + x / 2).round() as i32 } else { 0 }
        };
        Volume::new(SHAPE, (0..SHAPE.len()).map(sample).collect()).unwrap()
    }

    #[test]
    fn the_highest_is_that_of_so_many() {
        for s in [0.2, 0.5, 1.0] {
            let image = image(s, (0, 0.0));
            let found = highest(&image, [0, 1, 1], 0.0).unwrap().unwrap();
            let most = f64::from(*image.samples.host().unwrap().iter().max().unwrap());
            let above = libm::log(found / most) / s;
            assert!((above - 1.0).abs() < 0.05, "{s}: {above} spreads above the highest");
        }
    }

    #[test]
    fn objects_are_peaks_of_another_kind() {
        let of = |raised| highest(&image(0.3, raised), [0, 1, 1], 0.0).unwrap();
        assert!(of((5, 10.0)).is_some_and(|most| most < 5000.0), "a few do not count");
        assert_eq!(of((40, 10.0)), None, "too many at the top");
        assert_eq!(of((1500, 10.0)), None, "another spread");
        assert_eq!(highest(&image(0.3, (0, 0.0)), [0, 30, 30], 0.0).unwrap(), None, "too few");
    }
}
