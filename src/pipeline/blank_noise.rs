//! The step that makes an image blank in which nothing but noise is seen.
//!
//! Otsu's threshold divides whatever it is given: of a stain that no cell has it makes a region of where the noise happens to be high. Such an image, smoothed as
//! the region is, rises by a few deviations of what smoothing leaves of its noise, and one with a stain by a hundred.
//!
//! That is not enough for a dense field. No part of it is flat, so that what its cells do to an image passes for noise with a blur, and smoothing makes them one. But the samples of
//! noise are one class, whatever its blur, and those of objects and of the ground between them are two. Samples of few photons are two classes as well (none, and one):
//! there a pixel knows nothing of its neighbours, and a light smoothing leaves little of the image, while it leaves most of one with objects.

use super::state::State;
use crate::Result;
use crate::device::{Buffer, Device};
use crate::image::Volume;
use crate::ops::Border;
use crate::ops::gaussian::{Gaussian, gaussian};
use crate::ops::histogram::{BinScale, range};
use crate::ops::noise_blur::BlurredNoise;
use crate::ops::threshold::{BinChoice, CUT_NOISE, Cut, NOISE, otsu_classes};
use crate::recipe::BlankNoise;

/// From its darkest to its brightest place noise rises by so many deviations at most: six or seven in large fields, twice as many at their corners.
const RISES: f64 = 12.0;
/// The bins that two classes are looked for in.
const BINS: BinChoice = BinChoice::Equal { n: 256, spacing: BinScale::Linear, cut: Cut::Edge };
/// A light smoothing, in pixels of the plane: it leaves 0.28 of the deviation of noise without a blur, 0.38 of that of discs 4 px wide, 0.7 to 0.97 of that of cells.
const LIGHT: f64 = 1.0;
/// With more than this left, neighbours are alike.
const ALIKE: f64 = 0.34;
/// Binary places of the samples that are smoothed lightly.
const FRACTION: u32 = 16;
/// Where the least sample has a larger share than this the ground was cut off there: what lies below one deviation of normal noise.
const CUT_OFF: f64 = 0.1587;

impl State<'_> {
    pub fn blank_noise(&mut self, p: &BlankNoise) -> Result<()> {
        let image = self.picture(&p.of)?;
        let sigma = self.geometry.voxels(p.sigma)?;
        let noise = BlurredNoise::of(self.device, &image.volume)?;
        // Values that are continued beyond the border as they are there count many times.
        let mirrored = Gaussian { border: Border::Reflect, ..Gaussian::new(sigma) };
        let (low, high) = range(self.device, &gaussian(self.device, &image.volume, &mirrored)?)?;
        let rise = f64::from(high) - f64::from(low);
        let is_low = rise <= RISES * noise.smoothed(sigma, image.volume.shape);
        let volume = if is_low && !has_objects(self.device, &image.volume)? {
            self.notes.push("nothing in the image rises above its noise: there are no objects".into());
            image.volume.with(self.device.place(&Buffer::on_host(vec![low; image.volume.shape.len()]))?)
        } else {
            image.volume.clone()
        };
        self.put(&image, volume, 0.0, &p.keep_as);
        Ok(())
    }
}

/// Whether the samples are two classes that are no noise, and larger than pixels.
fn has_objects(device: &Device, image: &Volume) -> Result<bool> {
    let classes = otsu_classes(device, image, BINS)?;
    if classes.explained <= NOISE {
        return Ok(false);
    }
    let samples = device.fetch(&image.samples)?;
    let least = samples.iter().filter(|s| **s == classes.least).count();
    let is_cut_off = least as f64 > CUT_OFF * samples.len() as f64;
    if is_cut_off && classes.explained <= CUT_NOISE {
        return Ok(false);
    }
    let fine = with_fractions(&samples, classes.least);
    let light = Gaussian { border: Border::Reflect, ..Gaussian::new([0.0, LIGHT, LIGHT]) };
    let smooth = gaussian(device, &image.with(device.place(&Buffer::on_host(fine.clone()))?), &light)?;
    Ok(deviation(&device.fetch(&smooth.samples)?) > ALIKE * deviation(&fine))
}

/// Samples from 0 on in up to 30 bits: means of a few photons are rounded to whole samples, which would say nothing.
fn with_fractions(samples: &[i32], least: i32) -> Vec<i32> {
    let above = |s: &i32| i64::from(*s) - i64::from(least);
    let bits = i64::BITS - samples.iter().map(above).max().unwrap_or(0).leading_zeros();
    let down = (bits + FRACTION).saturating_sub(30);
    samples.iter().map(|s| ((above(s) << FRACTION) >> down) as i32).collect()
}

/// The standard deviation of samples, of exact sums.
fn deviation(samples: &[i32]) -> f64 {
    let add = |(sum, squares): (i128, i128), s: &i32| {
        let s = i128::from(*s);
        (sum + s, squares + s * s)
    };
    let (sum, squares) = samples.iter().fold((0, 0), add);
    let n = samples.len() as i128;
    (((n * squares - sum * sum) as f64).sqrt() / n.max(1) as f64).max(0.0)
}

#[cfg(test)]
mod tests {
    //! Oracle: noise of several kinds has no objects; dense fields of discs have, however much noise a pixel has.
    use super::*;
    use crate::units::Shape;

    const SIDE: usize = 160;

    struct Random(u64);

    impl Random {
        fn uniform(&mut self) -> f64 {
            self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (self.0 >> 40) as f64 / f64::from(1 << 24)
        }
        /// Nearly normal, of deviation 1.
        fn normal(&mut self) -> f64 {
            (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
        }
        /// Photons, of so many on average.
        fn photons(&mut self, mean: f64) -> f64 {
            let (mut product, mut n) = (self.uniform(), 0.0);
            while product > libm::exp(-mean) {
                product *= self.uniform();
                n += 1.0;
            }
            n
        }
    }

    fn image(mut value: impl FnMut(usize) -> f64) -> Volume {
        Volume::new(Shape::flat(SIDE, SIDE), (0..SIDE * SIDE).map(|i| value(i).round() as i32).collect()).unwrap()
    }

    fn blurred(image: &Volume, sigma: f64) -> Volume {
        gaussian(&Device::Cpu, image, &Gaussian::new([0.0, sigma, sigma])).unwrap()
    }

    #[test]
    fn noise_has_no_objects() {
        let mut random = Random(3);
        let normal = image(|_| 1000.0 + 30.0 * random.normal());
        let photons = [0.05, 0.3, 1.0, 20.0].map(|mean| image(|_| random.photons(mean)));
        let wide = image(|_| 20_000.0 * random.normal());
        let cut = image(|_| (30.0 * random.normal()).max(0.0));
        let soft = [1.0, 2.0, 3.0].map(|sigma| blurred(&wide, sigma));
        let soft_and_cut =
            Volume::new(cut.shape, blurred(&wide, 2.0).samples.host().unwrap().iter().map(|s| (*s).max(0)).collect());
        let all = [normal, cut, soft_and_cut.unwrap()].into_iter().chain(photons).chain(soft);
        for (i, noise) in all.enumerate() {
            assert!(!has_objects(&Device::Cpu, &noise).unwrap(), "{i}");
        }
    }

    #[test]
    fn a_dense_field_has_objects() {
        for (radius, pitch) in [(2.0, 5), (3.0, 8), (5.0, 13), (8.0, 21), (10.0, 23)] {
            for noise in [0.0, 5.0, 40.0] {
                let mut random = Random(5);
                let disc = |i: usize| {
                    let at = |v: usize| (v % pitch) as f64 - (pitch / 2) as f64;
                    if at(i / SIDE).hypot(at(i % SIDE)) <= radius { 1000.0 } else { 0.0 }
                };
                let field = image(|i| 100.0 + disc(i) + noise * random.normal());
                assert!(has_objects(&Device::Cpu, &field).unwrap(), "discs of {radius} px, noise {noise}");
            }
        }
    }
}
