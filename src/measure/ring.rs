//! The ring around an object: which voxels it has, and what of them is background.

use super::ChannelRef;
use super::background::Background;
use super::edt;
use super::object::Object;
use super::order::{self, Sums};
use super::slice_grounds::Carried;
use crate::ops::extent::Extent;
use crate::ops::grey_step::ROUNDING;
use crate::units::{Length, Ruler, Spacing};
use crate::{Error, Result};
use std::f64::consts::PI;
use std::ops::Range;

/// The background ring in pixels: not above `from`, to `to`.
#[derive(Clone, Copy)]
pub(super) struct Ring {
    from: f64,
    to: f64,
}

/// Farthest end of a ring in pixels.
const FARTHEST_PX: f64 = 1000.0;

impl Ring {
    /// Of a nearer and a farther end.
    ///
    /// # Errors
    /// Lengths that need what the image lacks, ends in the wrong order, or too far away.
    pub fn new([from, to]: [Length; 2], ruler: &Ruler) -> Result<Self> {
        let ring = Ring { from: from.px(ruler)?, to: to.px(ruler)? };
        if ring.from < ring.to && ring.to <= FARTHEST_PX {
            return Ok(ring);
        }
        let what = format!("the ring begins {} px beyond the edge and ends at {} px", ring.from, ring.to);
        Err(Error::usage(what).remedy(format!(
            "both ends in one unit, the nearer one first, {FARTHEST_PX} px at most: ring = [\"2 px\", \"7 px\"]"
        )))
    }
}

/// Cells reach so many radii of an object beyond its edge. Ground farther away is that of others: in a haze it is darker than their own.
const REACH: f64 = 1.5;

/// The rings around an object from its own outwards, each as far again from it as the one before ends; made when they are looked at.
pub(super) struct Rings<'a> {
    object: &'a Object<'a>,
    ring: Ring,
    size: [f64; 3],
    occupied: &'a [u8],
    /// None that begins farther out.
    reach: f64,
    found: Vec<Shell>,
}

impl<'a> Rings<'a> {
    /// Of the voxels that belong to no object.
    pub fn around(object: &'a Object, ring: Ring, spacing: Option<Spacing>, occupied: &'a [u8]) -> Self {
        let size = spacing.map_or([1.0; 3], |s| {
            let side = if s.zyx[1] == s.zyx[2] { s.zyx[2] } else { s.pixel_area().sqrt() };
            s.zyx.map(|v| v / side)
        });
        let volume = object.extent.n as f64 * size.iter().product::<f64>();
        let radius = if object.shape.is_flat() { (volume / PI).sqrt() } else { (0.75 * volume / PI).cbrt() };
        let found = vec![shell(object, [ring.from, ring.to], size, occupied)];
        Rings { object, ring, size, occupied, reach: (REACH * radius).min(FARTHEST_PX), found }
    }

    /// The ring itself.
    pub fn own(&self) -> &Shell {
        &self.found[0]
    }

    /// The one that begins where so many others have ended, as far as cells reach.
    fn beyond(&mut self, others: usize) -> Option<&Shell> {
        while self.found.len() <= others {
            let from = self.ring.to * 2f64.powi(self.found.len() as i32 - 1);
            if from > self.reach {
                return None;
            }
            self.found.push(shell(self.object, [from, 2.0 * from], self.size, self.occupied));
        }
        self.found.get(others)
    }
}

/// What lies around an object.
pub(super) struct Shell {
    /// Linear indices of the voxels that are not occupied, in raster order.
    pub free: Vec<usize>,
    /// Voxels in the image, occupied or not.
    pub all: usize,
}

/// The voxels whose distance to the object lies above `near` and not above `far`, a voxel being `size` wide in z, y, x.
pub(super) fn shell(object: &Object, [near, far]: [f64; 2], size: [f64; 3], occupied: &[u8]) -> Shell {
    let (shape, Extent { lo, hi, .. }) = (object.shape.zyx(), object.extent);
    // As far as the image goes: a wide ring in a stack reaches far beyond it.
    let within: [Range<usize>; 3] = std::array::from_fn(|a| {
        let reach = (far / size[a]).floor() as usize;
        lo[a].saturating_sub(reach)..hi[a].saturating_add(reach).min(shape[a])
    });
    let distance = edt::squared(&object.crop_in(&within), 1, size, far * far);
    let [zs, ys, xs] = within;
    let rows = zs.flat_map(|z| ys.clone().map(move |y| (z, y)));
    let mut shell = Shell { free: Vec::new(), all: 0 };
    for ((z, y), row) in rows.zip(distance.chunks_exact(xs.len())) {
        for (i, d) in (object.shape.index(z, y, xs.start)..).zip(row) {
            if *d > near * near && *d <= far * far {
                shell.all += 1;
                if occupied[i] == 0 {
                    shell.free.push(i);
                }
            }
        }
    }
    shell
}

/// A ring of whose free voxels less than this is background lies in cells.
const GROUND: f64 = 0.2;
/// Where fewer of them are, they may be the dark end of something brighter, from which all else stands out by more than three of its deviations:
const MOST: f64 = 0.3;
/// their mean lies beyond this part of the way from the middle of the ground to its limit,
const FAR: f64 = 0.7;
/// and less than so many of their deviations below the limit. Of a ground it is three, of the end of a normal distribution 0.9 to 1.6.
const END: f64 = 2.0;
/// Fewer voxels have no deviation to speak of.
const SOME: usize = 20;

/// The background in a ring, in samples: where slices have unlike grounds, as if all of it lay in the slices of the object.
#[derive(Clone, Debug, Default)]
pub(super) struct RingBackground {
    /// How many voxels.
    pub n: usize,
    /// How many of them lie in the object's own ring: all, or else few, and the others farther out.
    pub near: usize,
    pub mean: Option<f64>,
    pub std: Option<f64>,
    pub median: Option<f64>,
}

impl RingBackground {
    /// Of a channel with these samples: in the ring, or in the next one farther out that does not lie in cells, if it does. Nothing but how many voxels
    /// passed for background where these are the dark end of something brighter.
    pub fn of(channel: &ChannelRef, image: &[i32], rings: &mut Rings) -> Self {
        let object = rings.object;
        let mut own = RingBackground::in_ring(channel, image, object, rings.own());
        own.near = own.n;
        // Among other objects there is no ground, or none of this one.
        let Some(background) = channel.background.filter(|b| !own.is_ground(channel, b, rings.own())) else {
            return own;
        };
        for others in 1.. {
            let Some(ring) = rings.beyond(others) else { break };
            let farther = RingBackground::in_ring(channel, image, object, ring);
            if farther.n > 0 && farther.is_ground(channel, background, ring) {
                return RingBackground { near: own.near, ..farther };
            }
        }
        if own.is_dark_end(channel, background, rings.own()) {
            return RingBackground { near: own.near, ..RingBackground::default() };
        }
        own
    }

    /// Enough of the ring is background, and it is no end of something brighter.
    fn is_ground(&self, channel: &ChannelRef, background: &Background, ring: &Shell) -> bool {
        self.n as f64 >= GROUND * ring.free.len() as f64 && !self.is_dark_end(channel, background, ring)
    }

    /// What passes for background is the dark end of a brighter ground, as in one of two tiles, or of cells. A ground that was cut off ends at its limit itself.
    fn is_dark_end(&self, channel: &ChannelRef, background: &Background, ring: &Shell) -> bool {
        let (Some(mean), Some(std)) = (self.mean, self.std) else { return false };
        let limit = f64::from(background.limit);
        let is_plain = background.slices.is_empty() && background.cut_off == 0.0;
        let is_small = (self.n as f64) < MOST * ring.free.len() as f64;
        let is_far = mean - background.middle > FAR * (limit - background.middle);
        let noise = std.max(channel.rounding.unwrap_or(ROUNDING));
        is_plain && is_small && is_far && (self.n < SOME || limit - mean < END * noise)
    }

    fn in_ring(channel: &ChannelRef, image: &[i32], object: &Object, ring: &Shell) -> Self {
        let seen = ring.free.iter().copied().filter(|i| channel.sees(*i));
        let Some(background) = channel.background else {
            return RingBackground::of_samples(seen.map(|i| image[i]).collect());
        };
        if background.slices.is_empty() {
            let [least, most] = background.range(None);
            return RingBackground::of_samples(seen.map(|i| image[i]).filter(|s| (least..=most).contains(s)).collect());
        }
        let carried = Carried::to(object, &background.slices);
        let plane = object.shape.y * object.shape.x;
        let in_slices = seen.filter_map(|i| {
            let (slice, sample) = (background.slices.get(i / plane)?, image[i]);
            let [least, most] = background.range(Some(slice));
            (least..=most).contains(&sample).then(|| carried.sample(sample, slice))
        });
        RingBackground::of_carried(in_slices.collect())
    }

    fn of_samples(mut samples: Vec<i32>) -> Self {
        let sums = Sums::of(&samples);
        let median = order::median(&mut samples);
        RingBackground { n: samples.len(), near: 0, mean: sums.mean(), std: sums.std(), median }
    }

    fn of_carried(mut values: Vec<f64>) -> Self {
        let n = values.len();
        if n == 0 {
            return RingBackground::default();
        }
        let mean_of = |value: &dyn Fn(f64) -> f64| values.iter().map(|v| value(*v)).sum::<f64>() / n as f64;
        let mean = mean_of(&|v| v);
        let std = mean_of(&|v| (v - mean) * (v - mean)).sqrt();
        values.sort_unstable_by(f64::total_cmp);
        RingBackground {
            n,
            near: 0,
            mean: Some(mean),
            std: Some(std),
            median: Some(values[(n - 1) / 2].midpoint(values[n / 2])),
        }
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: all voxels of an image, one by one.
    use super::*;
    use crate::image::{Labels, Volume};
    use crate::units::Shape;

    /// Background of an object in the middle of a field whose left half is dark and whose ground is `step` brighter at the object.
    fn beside(step: f64, noise: f64, around: &dyn Fn(usize, usize) -> f64) -> (RingBackground, f64) {
        let shape = Shape::flat(80, 160);
        let is_object = |y: usize, x: usize| (35..45).contains(&y) && (115..125).contains(&x);
        let at = |i: usize| (i / 160, i % 160);
        let labels =
            Labels::new(shape, (0..shape.len()).map(|i| u32::from(is_object(at(i).0, at(i).1))).collect()).unwrap();
        let mut state = 7u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / f64::from(1u32 << 31)
        };
        // Sums of twelve uniform numbers are near enough to a normal distribution.
        let mut random = || (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
        let sample = |i: usize| {
            let (y, x) = at(i);
            let ground = 400.0 + if x < 80 { 0.0 } else { step } + around(y, x);
            (ground + noise * random()).round() as i32
        };
        let volume = Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap();
        let object = Object::new(&labels, 1, Extent { n: 100, lo: [0, 35, 115], hi: [1, 45, 125] }).unwrap();
        let occupied = labels.inside().unwrap();
        let limit = (400.0 + 3.0 * noise).round() as i32;
        let background = Background { limit, middle: 400.0, black: None, cut_off: 0.0, slices: vec![] };
        let channel = ChannelRef { background: Some(&background), ..ChannelRef::new("p", "au", &volume) };
        let mut rings = Rings::around(&object, Ring { from: 2.0, to: 7.0 }, None, occupied);
        let found = RingBackground::of(&channel, volume.samples.host().unwrap(), &mut rings);
        let share = found.near as f64 / rings.own().free.len() as f64;
        (found, share)
    }

    #[test]
    fn the_dark_end_of_a_brighter_ground_is_none() {
        let nothing = |_: usize, _: usize| 0.0;
        let (found, share) = beside(0.0, 10.0, &nothing);
        assert!(share > 0.95 && (found.mean.unwrap() - 400.0).abs() < 3.0 && found.std.unwrap() > 8.0, "{found:?}");
        // From a quarter of the ring to none of it below the limit.
        for step in [38.0, 40.0, 45.0, 50.0, 80.0] {
            let (found, share) = beside(step, 10.0, &nothing);
            assert!(share < 0.3 && found.mean.is_none() && found.n == 0, "{step} {share} {found:?}");
        }
        // A tenth of the ring and more is ground of its own beside a bright cell.
        for from in [117, 120, 124] {
            let (found, share) = beside(0.0, 10.0, &|_, x| if x < from { 500.0 } else { 0.0 });
            assert!(share < 0.75 && (found.mean.unwrap() - 400.0).abs() < 4.0, "{from} {share} {found:?}");
        }
        // A few voxels of it as well: next to a bright cell that is enough.
        let is_ground = |y: usize, x: usize| x > 128 && (38..42).contains(&y);
        let (found, share) = beside(0.0, 10.0, &|y, x| if is_ground(y, x) { 0.0 } else { 500.0 });
        assert!(share < 0.1 && found.n == found.near && (found.mean.unwrap() - 400.0).abs() < 8.0, "{share} {found:?}");
    }

    #[test]
    fn a_shell_ends_with_the_image() {
        let shape = Shape::new(4, 9, 11);
        let is_object = |[z, y, x]: [usize; 3]| z < 2 && (3..5).contains(&y) && x > 7;
        let voxels = (0..shape.len()).map(|i| u32::from(is_object(shape.position(i)))).collect();
        let labels = Labels::new(shape, voxels).unwrap();
        let object = Object::new(&labels, 1, Extent { n: 12, lo: [0, 3, 8], hi: [2, 5, 11] }).unwrap();
        let occupied = labels.inside().unwrap();
        for size in [[1.0; 3], [2.5, 1.0, 1.0], [0.4, 1.25, 0.8]] {
            for ends in [[0.0, 1.0], [0.0, 2.0], [1.0, 5.0], [2.0, 1000.0]] {
                let distance = |i: usize| {
                    let own = (0..shape.len()).filter(|k| is_object(shape.position(*k)));
                    let to = |k: usize| {
                        let (a, b) = (shape.position(i), shape.position(k));
                        (0..3).map(|axis| (size[axis] * a[axis].abs_diff(b[axis]) as f64).powi(2)).sum::<f64>()
                    };
                    own.map(to).fold(f64::INFINITY, f64::min)
                };
                let is_in = |i: &usize| distance(*i) > ends[0] * ends[0] && distance(*i) <= ends[1] * ends[1];
                let found = shell(&object, ends, size, occupied);
                let expected: Vec<usize> = (0..shape.len()).filter(is_in).collect();
                assert_eq!((found.all, &found.free), (expected.len(), &expected), "{size:?} {ends:?}");
            }
        }
    }
}
