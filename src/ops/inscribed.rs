//! Objects of a mask by the radii inscribed in them, and which of them is the typical one.
//!
//! Distance to the outside, split at valleys of 12 %; the median of radii is weighted by size, and none weighs more than a round object of its radius:
//! clumps and haze that stay in one piece are large, and their radius is not that of an object. Where the round objects below half of that median are
//! more than twice as many as the others, the typical one is among them: a few large ones hold most of the area. Fragments of a large one with texture
//! are not round.
//!
//! Bit budget: that of the operations it is made of; the median is on the host, in f64.
//! Reference: this project; `docs/segmentation.md` has how it was chosen.

use super::gaussian::{Gaussian, gaussian};
use super::landscape::{Sizes, depth};
use super::split::{Depth, greatest_and_sizes};
use crate::Result;
use crate::device::Device;
use crate::image::Mask;
use std::f64::consts::PI;

/// All objects of the mask are specks.
const SPECKS: f64 = 6.0;
/// An inscribed radius below this is a speck.
const SMALLEST_RADIUS: f64 = 1.5;
/// Where there are so many times more small objects than others, the typical one is small.
const MANY: usize = 2;
/// Below this inscribed radius an object is too small to count as one of many.
const SMALL_AND_MANY: f64 = 2.5;
/// Valleys that part two objects, of the lower peak: a little shallower than those of the first split by shape, so that clumps fall apart.
const VALLEYS: f64 = 0.12;
/// Round is what is no larger than so many times the disk, or ball, of its inscribed radius and half a pixel.
const ROUND: f64 = 1.6;
/// Rings of objects have so many times as many objects as rings, which are so many times as wide; and three quarters of their area at least is in round ones.
const IN_A_RING: usize = 4;
/// See there.
const WIDER: f64 = 1.5;

/// The objects of a mask.
pub(super) struct Inscribed {
    /// Radii in pixels of the plane, ascending, and sizes in voxels; specks are left out.
    objects: Vec<(f64, u64)>,
    /// Voxels of all, specks too.
    voxels: u64,
    /// Size of a disk, or ball, of a radius of 1.
    disk: f64,
    axes: i32,
}

impl Inscribed {
    /// # Errors
    /// The device is lost or too small.
    pub fn of(device: &Device, mask: &Mask, at: &Sizes) -> Result<Self> {
        let map = depth(device, mask, at)?;
        let smooth = gaussian(device, &map, &Gaussian::new(at.along(1.0)))?;
        let valleys = Depth::Relative { fraction: VALLEYS, typical_size: None };
        let found = greatest_and_sizes(device, &smooth, mask, valleys, &map)?;
        let factor = map.scale.factor();
        let voxels = found.iter().map(|(_, n)| u64::from(*n)).sum();
        let mut objects: Vec<(f64, u64)> =
            found.into_iter().map(|(radius, n)| (f64::from(radius) * factor, n.into())).collect();
        objects.retain(|(radius, _)| *radius >= SMALLEST_RADIUS);
        objects.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let (disk, axes) = if mask.shape.is_flat() { (PI, 2) } else { (4.0 / 3.0 * PI / at.z_step, 3) };
        Ok(Inscribed { objects, voxels, disk, axes })
    }

    /// Voxels of all objects.
    pub fn voxels(&self) -> f64 {
        self.voxels as f64
    }

    /// The inscribed radius of the typical object; nothing where there is none.
    pub fn typical(&self) -> Option<f64> {
        if self.voxels == 0 {
            return None;
        }
        let weighed: Vec<(f64, u64)> = self.objects.iter().map(|o| (o.0, o.1.min(self.round(o.0) as u64))).collect();
        let Some(all) = median(&weighed) else { return Some(SPECKS / 2.0) };
        let (small, others) = self.objects.split_at(self.objects.partition_point(|(r, _)| *r < all / 2.0));
        let small: Vec<(f64, u64)> =
            small.iter().copied().filter(|o| o.0 >= SMALL_AND_MANY && self.is_round(o)).collect();
        if small.len() > MANY * others.len() { median(&small) } else { Some(all) }
    }

    /// Whether these, found in a mask as it is, are objects in closed rings of which filling the holes makes one each: acini, vessels, hollow organoids
    /// cut across. A single object with a hole has no necks; it stays one, and is not round.
    pub fn are_around_lumina(&self, filled: &Inscribed) -> bool {
        let (Some(open), Some(whole)) = (self.typical(), filled.typical()) else { return false };
        let in_round: u64 = self.objects.iter().filter(|o| self.is_round(o)).map(|o| o.1).sum();
        whole > WIDER * open
            && self.objects.len() >= IN_A_RING * filled.objects.len()
            && 4 * in_round >= 3 * self.objects.iter().map(|o| o.1).sum::<u64>()
    }

    fn is_round(&self, (radius, n): &(f64, u64)) -> bool {
        *n as f64 <= self.round(*radius)
    }

    /// Voxels of the largest round object of a radius.
    fn round(&self, radius: f64) -> f64 {
        ROUND * self.disk * (radius + 0.5).powi(self.axes)
    }
}

/// The median of radii, ascending, weighted by sizes.
fn median(objects: &[(f64, u64)]) -> Option<f64> {
    let half = objects.iter().map(|o| o.1).sum::<u64>().div_ceil(2);
    let mut sum = 0;
    let reached = |o: &&(f64, u64)| {
        sum += o.1;
        sum >= half
    };
    objects.iter().find(reached).map(|o| o.0)
}

#[cfg(test)]
mod tests {
    //! Mechanics: lists made by hand.
    use super::*;

    #[test]
    fn a_few_large_objects_do_not_speak_for_many_small_ones() {
        let many = |r: f64, n: usize| vec![(r, (3.0 * r * r) as u64); n];
        let typical = |objects: &[(f64, u64)]| {
            let voxels = objects.iter().map(|o| o.1).sum();
            Inscribed { objects: objects.to_vec(), voxels, disk: 3.0, axes: 2 }.typical()
        };
        let of = |small: usize, large: usize| typical(&[many(5.0, small), many(20.0, large)].concat());
        assert_eq!(of(10, 5), Some(20.0));
        assert_eq!(of(11, 5), Some(5.0));
        assert_eq!(typical(&[many(2.0, 50), many(20.0, 5)].concat()), Some(20.0));
        // Long fragments are no small objects.
        assert_eq!(typical(&[vec![(5.0, 200); 50], many(20.0, 12)].concat()), Some(20.0));
        assert_eq!(typical(&[]), None);
    }

    #[test]
    fn a_clump_in_one_piece_weighs_no_more_than_an_object() {
        let typical = |objects: &[(f64, u64)]| {
            let voxels = objects.iter().map(|o| o.1).sum();
            Inscribed { objects: objects.to_vec(), voxels, disk: 3.0, axes: 2 }.typical()
        };
        // Thirty objects, and a haze of three times their area with one wide place.
        let haze = [vec![(6.0, 110); 30], vec![(20.0, 10_000)]].concat();
        assert_eq!(typical(&haze), Some(6.0));
    }
}
