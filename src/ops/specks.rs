//! Specks: a few small things that are far brighter than what an image shows around its objects, as dust, lumps of a dye and
//! dead cells that soaked it up.
//!
//! One of them is nothing to an image and all to a threshold: what is squared, and what is smoothed over several cells, is the speck. How bright an
//! image is tell the surroundings of objects that were found in another channel: their level is the 90th percentile of the voxels
//! in boxes around them, above the ground, so specks may cover up to a tenth of these. What lies more than eight
//! times as high is brought down to the level, as long as it is a speck: each piece no larger than a given size, and no more pieces than one in a
//! hundred objects (five at least). Larger things are what the image shows. A level below three times the noise and the spread
//! of the ground (between the middle of the surroundings and it where no ground is free) is none: hardly any object has this stain.
//!
//! On the host, of integers. Reference: this project.

use super::dark_side::{DarkSide, counts};
use super::free_ground::{is_enough, near};
use super::grey_step::noise_or_rounding;
use super::label::{Connectivity, label};
use super::noise::noise;
use super::pixelwise::above;
use super::sizes::sizes;
use crate::Result;
use crate::device::{Buffer, Device};
use crate::image::{Labels, Volume};
use crate::simd::span;
use rayon::prelude::*;

/// The share of the surroundings that lies below their level.
const LEVEL: f64 = 0.9;
/// Where no ground is free, this share of an image lies below it.
const DARK: f64 = 0.01;
/// So many times as high as the level is far above it.
pub const FAR: f64 = 8.0;
/// A pile of the least sample that holds more than this is all that is known of the ground.
const PILE: f64 = 0.95;
/// So many times the noise, or the spread of the ground, are no level.
const NOISE: f64 = 3.0;
/// A first look is at so many voxels, about.
const SOME: usize = 1 << 16;
/// Few pieces, and few for so many objects.
const FEW: (u32, u32) = (5, 100);

/// An image without the light of its specks.
#[derive(Clone, Debug)]
pub struct Dimmed {
    /// With specks as bright as the level.
    pub volume: Volume,
    /// How many there are.
    pub specks: u32,
    /// Their voxels.
    pub voxels: usize,
}

/// The image with its specks brought down to what is bright in boxes of these half-widths (z, y, x) around the objects; nothing where it has
/// none. No speck has more voxels than `largest`. Image and objects are on the host.
///
/// # Errors
/// One of them is on a device.
pub fn dimmed(image: &Volume, objects: &Labels, half_widths: [usize; 3], largest: f64) -> Result<Option<Dimmed>> {
    let Some([limit, level]) = limit_and_level(image, objects, half_widths)? else { return Ok(None) };
    let cpu = &Device::Cpu;
    let far = above(cpu, image, limit)?;
    if far.voxels.host()?.par_iter().all(|far| *far == 0) {
        return Ok(None);
    }
    let pieces = label(cpu, &far, Connectivity::Full)?;
    let sizes = sizes(cpu, &pieces)?;
    let are_few = pieces.count <= FEW.0.max(objects.count / FEW.1);
    if !are_few || sizes.iter().skip(1).any(|size| f64::from(*size) > largest) {
        return Ok(None);
    }
    let samples = image.samples.host()?.par_iter().map(|sample| (*sample).min(level)).collect();
    let voxels = sizes.iter().skip(1).map(|size| *size as usize).sum();
    Ok(Some(Dimmed { volume: image.with(Buffer::on_host(samples)), specks: pieces.count, voxels }))
}

/// The sample above which things are specks, and the one that they are brought down to.
fn limit_and_level(image: &Volume, objects: &Labels, half_widths: [usize; 3]) -> Result<Option<[i32; 2]>> {
    let (samples, near) = (image.samples.host()?, near(objects, half_widths)?);
    let most = f64::from(samples.par_iter().copied().max().unwrap_or(i32::MIN));
    // A look at some voxels, their distance being odd so that they are of all columns, tells most images from those with specks.
    let some = Surroundings::of(samples, &near, (samples.len() / SOME) | 1);
    if some.is_none_or(|some| most < some.times(FAR / 2.0)) {
        return Ok(None);
    }
    let Some(all) = Surroundings::of(samples, &near, 1) else { return Ok(None) };
    let noise = noise_or_rounding(noise(&Device::Cpu, image)?, image)?;
    let is_level = all.contrast > NOISE * noise.max(all.spread);
    // The casts stop at the ends of the type.
    Ok(is_level.then(|| [all.times(FAR).floor() as i32, all.level as i32]))
}

/// How bright an image is around objects.
struct Surroundings {
    ground: f64,
    level: f64,
    /// How far the level lies above the ground, or above the middle of the surroundings where no ground is free.
    contrast: f64,
    /// How far the ground is spread, before it was cut off if it was.
    spread: f64,
}

impl Surroundings {
    /// Of the voxels at so large steps; nothing where none of them is near an object.
    fn of(samples: &[i32], near: &[u8], step: usize) -> Option<Self> {
        let those = |is_near: u8| -> Vec<i32> {
            let some = samples.iter().zip(near).step_by(step);
            some.filter(|(_, near)| **near == is_near).map(|(sample, _)| *sample).collect()
        };
        let (mut around, mut free) = rayon::join(|| those(1), || those(0));
        let level = quantile(&mut around, LEVEL)?;
        let middle = quantile(&mut around, 0.5).unwrap_or(level);
        if is_enough(free.len(), around.len() + free.len()) {
            let DarkSide { middle: ground, spread, .. } = DarkSide::of_most(&free);
            let (least, most) = span(&free);
            let spread = spread.max(DarkSide::search(&counts(&free, [least, most]), PILE).spread);
            return Some(Surroundings { ground, level, contrast: level - ground, spread });
        }
        free.append(&mut around);
        let ground = quantile(&mut free, DARK).unwrap_or(level);
        Some(Surroundings { ground, level, contrast: level - middle, spread: 0.0 })
    }

    /// So many times as far above the ground as the level.
    fn times(&self, times: f64) -> f64 {
        self.ground + times * (self.level - self.ground)
    }
}

/// The sample that a share of all does not pass.
fn quantile(samples: &mut [i32], share: f64) -> Option<f64> {
    let last = samples.len().checked_sub(1)?;
    let at = (share * last as f64) as usize;
    Some(f64::from(*samples.select_nth_unstable(at).1))
}

#[cfg(test)]
mod tests {
    //! Oracle: fields of which all is known.
    use super::*;
    use crate::units::Shape;

    const SIDE: usize = 120;

    /// Squares of 20 pixels around nuclei of 6, of this height each, on a ground of 100 with a little noise; and the nuclei.
    fn field(height: impl Fn(usize) -> i32) -> (Volume, Labels) {
        let shape = Shape::flat(SIDE, SIDE);
        let (mut samples, mut labels) = (vec![], vec![]);
        for i in 0..shape.len() {
            let (y, x) = (i / SIDE, i % SIDE);
            let (cell, far) = (y / 40 * 3 + x / 40, (y % 40).abs_diff(20).max((x % 40).abs_diff(20)));
            let noise = (i * 7919 % 13) as i32;
            samples.push(100 + noise + if far <= 10 { height(cell) } else { 0 });
            labels.push(if far <= 3 { cell as u32 + 1 } else { 0 });
        }
        (Volume::new(shape, samples).unwrap(), Labels::new(shape, labels).unwrap())
    }

    fn with_speck(volume: &Volume, side: usize, height: i32) -> Volume {
        let mut volume = volume.clone();
        let samples = volume.samples.host_mut().unwrap();
        (0..side * side).for_each(|k| samples[(1 + k / side) * SIDE + 1 + k % side] += height);
        volume
    }

    fn found(volume: &Volume, labels: &Labels) -> Option<(u32, usize, i32)> {
        let dimmed = dimmed(volume, labels, [0, 6, 6], 100.0).unwrap()?;
        let most = *dimmed.volume.samples.host().unwrap().iter().max().unwrap();
        Some((dimmed.specks, dimmed.voxels, most))
    }

    #[test]
    fn specks_are_brought_down_to_what_is_bright_around_objects() {
        let (volume, labels) = field(|_| 300);
        assert_eq!(found(&volume, &labels), None);
        for (side, height) in [(1, 65_000), (1, 9_000_000), (3, 30_000), (10, 3000)] {
            let (specks, voxels, most) = found(&with_speck(&volume, side, height), &labels).unwrap();
            assert_eq!((specks, voxels), (1, side * side));
            assert!((400..=412).contains(&most), "{most}");
        }
        // Not far above.
        assert_eq!(found(&with_speck(&volume, 3, 2000), &labels), None);
        // Larger than specks are.
        assert_eq!(found(&with_speck(&volume, 11, 30_000), &labels), None);
    }

    #[test]
    fn what_many_show_or_hardly_any_is_no_speck() {
        // Small things in more places than few.
        let (mut volume, labels) = field(|_| 300);
        let samples = volume.samples.host_mut().unwrap();
        (0..6).for_each(|k| samples[20 * k] = 60_000);
        assert_eq!(found(&volume, &labels), None);
        // No stain but in one place: nothing tells how bright a stain is.
        let (volume, labels) = field(|_| 0);
        assert_eq!(found(&with_speck(&volume, 9, 3000), &labels), None);
        // No object.
        let none = Labels::new(volume.shape, vec![0; volume.shape.len()]).unwrap();
        assert_eq!(found(&volume, &none), None);
    }
}
