//! Noise that neighbours share, as it is seen over a lag: of an image, or of the noisiest of its slices.

use crate::Result;
use crate::device::Device;
use crate::image::Volume;
use crate::ops::dark_side::DarkSide;
use crate::ops::histogram::BinScale;
use crate::ops::noise::correlated_noise;
use crate::ops::threshold::{BinChoice, Cut, NOISE, otsu_classes};
use crate::units::Shape;

/// Slices are unlike where one is so many times as noisy as the flattest parts of all.
const UNLIKE: f64 = 1.5;
/// Over a lag a crowd shows so many times what the dark side of its ground does, noise hardly.
const CROWD: f64 = 2.5;
/// Most slices that are looked at by themselves.
const SLICES: usize = 16;
/// The bins that their two classes are looked for in.
const BINS: BinChoice = BinChoice::Equal { n: 256, spacing: BinScale::Linear, cut: Cut::Edge };

/// The noise over a lag, in the flattest parts of an image. Slices of a stack can be so unlike (near the ends of a deconvolved
/// one there is hardly any noise) that these all lie in a few of them: then it is that of the noisiest slice.
/// Once as it is, and once what the dark side shows where that is far less: of the whole, or of that slice.
pub(super) fn over_lag(
    device: &Device,
    (image, on_host): (&Volume, &Volume),
    lag: usize,
    dark: f64,
) -> Result<[f64; 2]> {
    let all = correlated_noise(device, image, lag)?;
    let all = [all, without_crowd(all, dark)];
    if image.shape.is_flat() {
        return Ok(all);
    }
    let noisiest = in_noisiest_slice(on_host, lag)?;
    Ok(if noisiest[0] > UNLIKE * all[0] { noisiest } else { all })
}

/// The noise of an image on the host by the dark side of its ground, which no object is part of. Without end where that says nothing: the ground was
/// cut off or has one value.
pub(super) fn dark_side(image: &Volume) -> Result<f64> {
    let ground = DarkSide::of(image.samples.host()?);
    let says = ground.spread > 0.0 && ground.cut_off == 0.0;
    Ok(if says { ground.spread } else { f64::INFINITY })
}

/// The noise over a lag, unless it is so much more than the dark side shows that it is of a crowd.
fn without_crowd(over_lag: f64, dark: f64) -> f64 {
    if over_lag > CROWD * dark { dark } else { over_lag }
}

/// The noise over a lag in the noisiest slice of a stack on the host, of slices without objects beyond doubt.
fn in_noisiest_slice(stack: &Volume, lag: usize) -> Result<[f64; 2]> {
    let Shape { z, y, x, .. } = stack.shape;
    let samples = stack.samples.host()?;
    let mut noisiest = [0.0; 2];
    let looked_at = z.min(SLICES);
    for k in 0..looked_at {
        let first = k * (z - 1) / (looked_at - 1).max(1) * y * x;
        let slice = Volume::new(Shape::flat(y, x), samples[first..first + y * x].to_vec())?;
        if otsu_classes(&Device::Cpu, &slice, BINS)?.explained <= NOISE {
            let noise = correlated_noise(&Device::Cpu, &slice, lag)?;
            if noise > noisiest[0] {
                noisiest = [noise, without_crowd(noise, dark_side(&slice)?)];
            }
        }
    }
    Ok(noisiest)
}
