//! Noise that neighbours may share: how far it spreads, and how wide it is.
//!
//! A lens, a colour mosaic or a resized image leaves noise with a blur. Of noise with a Gaussian blur of sigma b what lies a distance d apart has the
//! correlation `exp(-d^2 / 4 b^2)`, so second differences of neighbours are `sqrt(6 - 8 c(1) + 2 c(2))` deviations of it, and over a lag that is beyond
//! the blur `sqrt(6)`. Both are looked at in the flattest tenth of the image (`noise`), and b is the one that gives their ratio. Blocks of neighbours are smaller and
//! vary more, so that white noise has a blur of 0.45 px by this, and one of 2 px seems 2.5 wide: it errs towards wide.
//!
//! The differences are exact integers; the blur is f64 on the host. Reference: this project.

use super::noise::correlated_noise;
use crate::Result;
use crate::device::Device;
use crate::image::Volume;
use crate::units::Shape;
use std::f64::consts::PI;

/// The widest blur that is told from objects, as a sigma in pixels.
const WIDEST: f64 = 3.0;
/// Three times that: no blur reaches so far.
const LAG: usize = 9;
/// Halvings that leave nothing of a blur.
const ROUNDS: usize = 40;

/// Noise with a blur.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlurredNoise {
    /// Its standard deviation, in samples.
    pub spread: f64,
    /// The sigma of its blur in the plane, in pixels, up to 3.
    pub blur: f64,
}

impl BlurredNoise {
    /// That of an image; without a spread where there is none, or the image is smaller than 19 pixels.
    ///
    /// # Errors
    /// The device is lost or too small.
    pub fn of(device: &Device, image: &Volume) -> Result<Self> {
        let [near, spread] = [1, LAG].map(|lag| correlated_noise(device, image, lag));
        let (near, spread) = (near?, spread?);
        let seen = if spread > 0.0 { near / spread } else { 1.0 };
        let (mut low, mut high) = (0.0, WIDEST);
        for _ in 0..ROUNDS {
            let middle = f64::midpoint(low, high);
            *(if ratio(middle) > seen { &mut low } else { &mut high }) = middle;
        }
        Ok(BlurredNoise { spread, blur: high })
    }

    /// What a Gaussian of these sigmas along z, y, x leaves of its standard deviation in an image of this shape. Lines that are short beside the Gaussian are their
    /// means.
    pub fn smoothed(&self, sigma: [f64; 3], shape: Shape) -> f64 {
        let alike = |sigma: f64| (2.0 * PI.sqrt() * sigma).max(1.0);
        let left = |axis: usize| {
            let blur = if axis == 0 { 0.0 } else { self.blur };
            let all = (shape.zyx()[axis] as f64).max(alike(blur));
            (alike(blur) / alike(libm::hypot(sigma[axis], blur)).min(all)).sqrt()
        };
        self.spread * (0..3).map(left).product::<f64>()
    }
}

/// Differences of neighbours over those across the lag, of noise with a blur.
fn ratio(blur: f64) -> f64 {
    let alike = |distance: f64| libm::exp(-distance * distance / (4.0 * blur * blur));
    let of_lag = |lag: f64| 6.0 - 8.0 * alike(lag) + 2.0 * alike(2.0 * lag);
    (of_lag(1.0) / of_lag(LAG as f64)).sqrt()
}

#[cfg(test)]
mod tests {
    //! Oracle: noise of a known spread, smoothed by a known sigma.
    use super::*;
    use crate::ops::gaussian::{Gaussian, gaussian};

    /// Sums of twelve numbers without order: nearly normal, with a deviation of 1000.
    fn noise(side: usize) -> Volume {
        let mut state = 7u64;
        let mut number = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 40) as f64 / f64::from(1 << 24)
        };
        let samples = (0..side * side).map(|_| (1000.0 * ((0..12).map(|_| number()).sum::<f64>() - 6.0)) as i32);
        Volume::new(Shape::flat(side, side), samples.collect()).unwrap()
    }

    #[test]
    fn a_blur_and_what_it_leaves_of_noise_are_told() {
        let white = noise(200);
        for sigma in [0.0, 0.8, 1.2, 2.0] {
            let image = gaussian(&Device::Cpu, &white, &Gaussian::new([0.0, sigma, sigma])).unwrap();
            let found = BlurredNoise::of(&Device::Cpu, &image).unwrap();
            // Of a Gaussian of sigma s this much of a deviation is left.
            let left = 1000.0 / (2.0 * PI.sqrt() * sigma).max(1.0);
            assert!((found.spread / left - 1.0).abs() < 0.3, "{sigma}: {found:?}, {left}");
            let least = if sigma > 0.0 { sigma - 0.2 } else { 0.0 };
            assert!(found.blur > least && found.blur < 1.2 * sigma + 0.5, "{sigma}: {found:?}");
        }
    }

    #[test]
    fn what_smoothing_leaves_of_it_follows_from_the_gaussian_and_the_length_of_lines() {
        let noise = BlurredNoise { spread: 10.0, blur: 0.0 };
        let of = |shape| noise.smoothed([8.0; 3], shape);
        let line = (2.0 * PI.sqrt() * 8.0).sqrt();
        let close = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-12, "{a} {b}");
        close(of(Shape::flat(200, 200)), 10.0 / line.powi(2));
        // Four slices and nine rows have no more than four and nine values to a mean.
        close(of(Shape::new(4, 9, 200)), 10.0 / (2.0 * 3.0 * line));
    }

    #[test]
    fn what_has_no_noise_has_no_spread() {
        let flat = Volume::new(Shape::flat(40, 40), vec![7; 1600]).unwrap();
        assert_eq!(BlurredNoise::of(&Device::Cpu, &flat).unwrap().spread, 0.0);
        assert_eq!(BlurredNoise::of(&Device::Cpu, &noise(18)).unwrap().spread, 0.0);
    }
}
