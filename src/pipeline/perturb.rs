//! Small changes of an image and of its regions, by which one sees what a feature depends on.
//!
//! | name | what changes |
//! |---|---|
//! | `grow`, `shrink` | the regions, by one voxel across faces; where two meet the lower number stays |
//! | `shift_whole`, `shift_half` | image and regions lie one voxel, or half a voxel, farther along every axis |
//! | `turn_left`, `turn_right` | image and regions are turned by 4 degrees in the slices, about their middle |
//! | `noise_1`, `noise_2` | Gaussian noise is added, with the standard deviation that the image's own noise has; never the same twice |
//!
//! What is moved is interpolated linearly; a region has the voxels of which at least half is its own. Nothing is left to chance.
//!
//! Reference: Zwanenburg et al., Sci. Rep. 9, 614 (2019).

use super::quantise::quantised;
use crate::Result;
use crate::device::{Buffer, Device};
use crate::image::{Channel, Mask, Scan, Volume};
use crate::ops::noise::{Along, noise_along};
use crate::units::Shape;
use rayon::prelude::*;

/// A voxel belongs to a region from here on: one half, but rounding does not decide.
const HALF: f64 = 0.5 - 1e-9;
const DEGREES: f64 = 4.0;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Perturbation {
    /// Regions have one voxel more on every side.
    Grow,
    /// Regions have one voxel less on every side.
    Shrink,
    /// Image and regions are shifted by so many voxels along all axes, then turned by so many degrees.
    Move(f64, f64),
    /// Noise is added, by this number.
    Noise(u64),
}

/// All of them, by the names of columns.
pub const PERTURBATIONS: [(&str, Perturbation); 8] = [
    ("grow", Perturbation::Grow),
    ("shrink", Perturbation::Shrink),
    ("shift_whole", Perturbation::Move(1.0, 0.0)),
    ("shift_half", Perturbation::Move(0.5, 0.0)),
    ("turn_left", Perturbation::Move(0.0, -DEGREES)),
    ("turn_right", Perturbation::Move(0.0, DEGREES)),
    ("noise_1", Perturbation::Noise(1)),
    ("noise_2", Perturbation::Noise(2)),
];

/// The image and the regions on it, changed.
///
/// # Errors
/// Values that pass what samples can hold.
pub(super) fn perturbed(scan: &Scan, voxels: &[u32], by: Perturbation) -> Result<(Scan, Vec<u32>)> {
    match by {
        Perturbation::Grow => Ok((scan.clone(), grown(scan.shape, voxels))),
        Perturbation::Shrink => Ok((scan.clone(), shrunk(scan.shape, voxels))),
        Perturbation::Move(shift, degrees) => {
            let to = Motion::new(scan, shift, degrees);
            let channel = |c: &Channel| {
                let (samples, scale) = (c.volume.samples.host()?, c.volume.scale);
                changed(c, |i| to.parts(i).map(|(at, share)| share * scale.value(f64::from(samples[at]))).sum())
            };
            let channels = scan.channels.iter().map(channel).collect::<Result<_>>()?;
            let not_imaged = scan.not_imaged.as_ref().map(|mask| to.mask(mask)).transpose()?;
            let region = |i: usize| to.owner(i, voxels);
            Ok((Scan { channels, not_imaged, ..scan.clone() }, (0..voxels.len()).into_par_iter().map(region).collect()))
        }
        Perturbation::Noise(seed) => {
            let channel = |(k, c): (usize, &Channel)| {
                let (samples, scale) = (c.volume.samples.host()?, c.volume.scale);
                let sigma = noise_along(&Device::Cpu, &c.volume, Along::Rows)? * scale.factor();
                let own = seed << 8 | k as u64;
                changed(c, |i| scale.value(f64::from(samples[i])) + sigma * normal(own, i as u64))
            };
            let channels = scan.channels.iter().enumerate().map(channel).collect::<Result<_>>()?;
            Ok((Scan { channels, ..scan.clone() }, voxels.to_vec()))
        }
    }
}

/// The channel with other values.
fn changed(channel: &Channel, value: impl Fn(usize) -> f64 + Sync) -> Result<Channel> {
    let volume = &channel.volume;
    let values: Vec<f64> = (0..volume.shape.len()).into_par_iter().map(&value).collect();
    let (samples, scale) = quantised(&values)?;
    let volume = Volume { scale, ..volume.with(Buffer::on_host(samples)) };
    Ok(Channel { volume, saturated: None, saturation: None, ..channel.clone() })
}

/// Voxels that share a face with this one.
fn beside(shape: Shape, i: usize) -> impl Iterator<Item = usize> {
    let (sizes, at) = (shape.zyx(), shape.position(i));
    let steps = [shape.y * shape.x, shape.x, 1];
    (0..3)
        .flat_map(move |a| {
            let (before, after) = (at[a] > 0, at[a] + 1 < sizes[a]);
            [before.then(|| i - steps[a]), after.then(|| i + steps[a])]
        })
        .flatten()
}

fn grown(shape: Shape, voxels: &[u32]) -> Vec<u32> {
    let of = |i: usize| match voxels[i] {
        0 => beside(shape, i).map(|k| voxels[k]).filter(|v| *v > 0).min().unwrap_or(0),
        own => own,
    };
    (0..voxels.len()).into_par_iter().map(of).collect()
}

/// Voxels at the edge of the image have no neighbour that could take them away.
fn shrunk(shape: Shape, voxels: &[u32]) -> Vec<u32> {
    let of = |i: usize| if beside(shape, i).all(|k| voxels[k] == voxels[i]) { voxels[i] } else { 0 };
    (0..voxels.len()).into_par_iter().map(of).collect()
}

/// Where voxels come from.
struct Motion {
    shape: Shape,
    shift: f64,
    /// Sine and cosine of the angle, and how much longer a step along y is than along x.
    turn: [f64; 3],
}

impl Motion {
    fn new(scan: &Scan, shift: f64, degrees: f64) -> Self {
        let (sin, cos) = libm::sincos(degrees.to_radians());
        let stretch = scan.spacing.map_or(1.0, |s| s.zyx[1] / s.zyx[2]);
        Motion { shape: scan.shape, shift, turn: [sin, cos, stretch] }
    }

    /// The old voxels around the place that a new one comes from, with their shares; beyond the edge are its last voxels.
    fn parts(&self, i: usize) -> impl Iterator<Item = (usize, f64)> + use<> {
        let (sizes, [z, y, x], [sin, cos, stretch]) = (self.shape.zyx(), self.shape.position(i), self.turn);
        let middle = sizes.map(|n| (n - 1) as f64 / 2.0);
        let (dy, dx) = ((y as f64 - middle[1]) * stretch, x as f64 - middle[2]);
        let turned = [z as f64, middle[1] + (cos * dy - sin * dx) / stretch, middle[2] + sin * dy + cos * dx];
        // A single slice stays where it is.
        let along = |a: usize| {
            let shift = if sizes[a] == 1 { 0.0 } else { self.shift };
            let place = (turned[a] - shift).clamp(0.0, (sizes[a] - 1) as f64);
            let first = place.floor();
            let next = (first as usize + 1).min(sizes[a] - 1);
            [(first as usize, 1.0 - (place - first)), (next, place - first)]
        };
        let (axes, shape) = ([along(0), along(1), along(2)], self.shape);
        (0..8).map(move |k: usize| {
            let [(z, a), (y, b), (x, c)] = [axes[0][k >> 2], axes[1][k >> 1 & 1], axes[2][k & 1]];
            (shape.index(z, y, x), a * b * c)
        })
    }

    /// What anything of the mask goes into.
    fn mask(&self, mask: &Mask) -> Result<Mask> {
        let voxels = mask.voxels.host()?;
        let has_part = |i: usize| self.parts(i).any(|(at, share)| share > 0.0 && voxels[at] == 1);
        Mask::new(mask.shape, (0..voxels.len()).into_par_iter().map(|i| u8::from(has_part(i))).collect())
    }

    /// The region that half of the voxel comes from.
    fn owner(&self, i: usize, voxels: &[u32]) -> u32 {
        let parts: Vec<(u32, f64)> = self.parts(i).map(|(at, share)| (voxels[at], share)).collect();
        let share = |label: u32| parts.iter().filter(|(other, _)| *other == label).map(|(_, share)| share).sum::<f64>();
        let labels = parts.iter().map(|(label, _)| *label).filter(|label| *label > 0);
        labels.filter(|label| share(*label) >= HALF).min().unwrap_or(0)
    }
}

/// A number of the normal distribution, by its place alone: twelve uniform ones added up.
fn normal(seed: u64, place: u64) -> f64 {
    let uniform = |k: u64| (mixed(seed << 40 ^ place << 4 ^ k) >> 11) as f64 / (1u64 << 53) as f64;
    (0..12).map(uniform).sum::<f64>() - 6.0
}

/// The finaliser of SplitMix64: every bit depends on all (Steele et al. 2014).
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}
