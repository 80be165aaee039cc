//! Smooths an image only as far as its own noise asks for.
//!
//! With `n` the noise of the image and `t` Otsu's threshold on square roots after a Gaussian of `enough`, the sigma that
//! brings white noise down to `share` of `t` is `(n / (share t))^(2 / D) / (2 sqrt(pi))` in D dimensions. Up to `enough`
//! (what later steps smooth anyway) the image stays as it is; beyond `most` objects would melt.
//!
//! White noise is as if it had been blurred by `1 / (2 sqrt(pi))` pixels. Noise that is correlated between pixels has a wider
//! blur `b` of its own: there neighbours see less of it than voxels five pixels apart. Where they see less than half, and
//! two classes explain no more of the image than of an even slope (in a crowd voxels that far apart see objects), `b`
//! is the blur that would make it so, the wanted blur is `b (n / (share t))^(2 / D)` with the noise `n` over that lag, and
//! the sigma is what `b` lacks of it.
//!
//! Bit budget: that of the Gaussian; the sigma is on the host, in f64, and rounded to a 64th of a pixel.
//! Reference: this project; `docs/segmentation.md` has how it was chosen. The variance of smoothed white noise is that
//! of the kernel's own square.

use super::gaussian::{Gaussian, gaussian};
use super::histogram::BinScale;
use super::landscape::Sizes;
use super::noise::{self, correlated_noise};
use super::op::words;
use super::threshold::{BinChoice, Cut, EVEN_SLOPE, Method, signal_and_noise};
use super::{Case, Op};
use crate::device::Device;
use crate::image::Volume;
use crate::{Error, Result};

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "denoise",
    summary: "Gaussian filter as wide as the noise of the image asks for",
    reference: "docs/segmentation.md",
    kernels: &[],
    uses: &[&super::gaussian::OP, &super::noise::OP, &super::threshold::OP],
    cases: &[Case {
        name: "to a fiftieth",
        run: |d, i| {
            let p = Denoise { share: 0.02, enough: 0.5, most: 3.0 };
            words(d, denoise(d, &i.volume(d)?, &p, &Sizes::isotropic(12.0))?.image)
        },
    }],
};

/// Parameters, in pixels of the plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Denoise {
    /// What may be left of the noise, as a share of the threshold between objects and background.
    pub share: f64,
    /// Up to this sigma nothing is done.
    pub enough: f64,
    /// The widest sigma.
    pub most: f64,
}

/// An image with its noise brought down.
#[derive(Clone, Debug)]
pub struct Denoised {
    /// The image.
    pub image: Volume,
    /// The sigma that it was smoothed by; 0 where it is as it was.
    pub sigma: f64,
    /// The image after a Gaussian of `enough`, which was looked at.
    pub looked_at: Volume,
}

/// The image with its noise brought down as far as it asks for.
///
/// # Errors
/// A share of 0 or less; a sigma that the Gaussian refuses; the device is lost or too small.
pub fn denoise(device: &Device, src: &Volume, p: &Denoise, sizes: &Sizes) -> Result<Denoised> {
    if p.share.is_nan() || p.share <= 0.0 {
        return Err(Error::usage(format!("a share of {} for noise", p.share)).remedy("above 0, as 0.08"));
    }
    let asked = noise::ask(device, src)?;
    let smooth = gaussian(device, src, &Gaussian::new(sizes.along(p.enough)))?;
    let as_it_was = || Denoised { image: src.clone(), sigma: 0.0, looked_at: smooth.clone() };
    let bins = BinChoice::Equal { n: 256, spacing: BinScale::Sqrt, cut: Cut::Edge };
    let seen = signal_and_noise(device, &smooth, &Method::Otsu, bins, asked)?;
    let (signal, noise) = (seen.threshold, seen.noise);
    // Without signal or noise there is nothing to weigh.
    if !(signal > 0.0 && noise > 0.0 && signal.is_finite()) {
        return Ok(as_it_was());
    }
    let dimensions = if src.shape.is_flat() { 2.0 } else { 3.0 };
    let blur = |noise: f64, own: f64| own * libm::pow(noise / (p.share * signal), 2.0 / dimensions);
    let crowded = seen.has_two_classes(EVEN_SLOPE)?;
    let all = if crowded { 0.0 } else { correlated_noise(device, src, LAG)? };
    let needed = if noise < WHITE * all {
        let own = own_blur(noise / all);
        let wanted = blur(all, own).max(own);
        (wanted * wanted - own * own).sqrt()
    } else {
        blur(noise, 1.0 / (2.0 * std::f64::consts::PI.sqrt()))
    };
    let sigma = (needed.min(p.most) * 64.0).round() / 64.0;
    if sigma <= p.enough {
        return Ok(as_it_was());
    }
    let image = gaussian(device, src, &Gaussian::new(sizes.along(sigma)))?;
    Ok(Denoised { image, sigma, looked_at: smooth })
}

/// Over so many pixels noise with a blur of 1.5 px is independent.
const LAG: usize = 5;
/// Neighbours that see less than this share of the noise are correlated.
const WHITE: f64 = 0.5;
/// The widest blur that is looked for.
const WIDEST: f64 = 3.0;

/// The blur of noise of which second differences of neighbours see this share.
fn own_blur(share: f64) -> f64 {
    // Blurred by b, noise keeps exp(-d^2 / (4 b^2)) in common over a distance d; the share falls as b rises.
    let seen = |b: f64| {
        let common = |d: f64| libm::exp(-d * d / (4.0 * b * b));
        ((6.0 - 8.0 * common(1.0) + 2.0 * common(2.0)) / 6.0).sqrt()
    };
    let (mut low, mut high) = (0.1, WIDEST);
    for _ in 0..40 {
        let middle = (low + high) / 2.0;
        if seen(middle) > share { low = middle } else { high = middle }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::super::noise::noise;
    use super::*;
    use crate::units::Shape;

    fn field(noise: i32) -> Volume {
        let shape = Shape::flat(64, 64);
        let mut state = 1u32;
        let samples = (0..shape.len()).map(|i| {
            let [_, y, x] = shape.position(i);
            state = state.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
            let bright = if (y / 16 + x / 16) % 2 == 0 { 9000 } else { 100 };
            bright + ((state >> 8) % (2 * noise as u32 + 1)) as i32
        });
        Volume::new(shape, samples.collect()).unwrap()
    }

    #[test]
    fn the_blur_of_noise_follows_from_what_neighbours_see() {
        for (share, blur) in [(0.49, 0.7), (0.29, 1.0), (0.142, 1.5)] {
            assert!((own_blur(share) - blur).abs() < 0.02, "{share}: {}", own_blur(share));
        }
        assert_eq!(own_blur(0.0), WIDEST);
    }

    #[test]
    fn a_clean_image_stays_and_a_noisy_one_is_smoothed() {
        let p = Denoise { share: 0.08, enough: 0.7, most: 3.0 };
        let run = |v: &Volume| denoise(&Device::Cpu, v, &p, &Sizes::isotropic(16.0)).unwrap().image;
        let clean = field(20);
        assert_eq!(run(&clean).samples.host().unwrap(), clean.samples.host().unwrap());
        let noisy = field(8000);
        let smooth = noise(&Device::Cpu, &run(&noisy)).unwrap();
        assert!(smooth < noise(&Device::Cpu, &noisy).unwrap() / 3.0);
    }
}
