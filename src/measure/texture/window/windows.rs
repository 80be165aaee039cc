//! The windows around the voxels of an image, and a feature in them.

use super::beside::{self, Beside, Window};
use super::bins::OUTSIDE;
use super::lanes::{LANES, Lanes, Reach, gather};
use super::layout::Layout;
use super::sorted::sort;
use super::{WindowFeature, bins};
use crate::Result;
use crate::image::Scale;
use crate::measure::texture::Discretisation;
use crate::simd::{map, span};
use crate::units::Shape;

/// An image whose windows are looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picture<'a> {
    /// Voxels in z, y, x.
    pub shape: Shape,
    /// Of all voxels, in raster order.
    pub samples: &'a [i32],
    /// From samples to values.
    pub scale: Scale,
}

/// The windows of an image, and the feature that is looked for.
pub(crate) struct Windows<'a> {
    of: WindowFeature,
    image: Picture<'a>,
    reach: Reach,
    bins: Discretisation,
    /// The levels of all voxels, where that of each depends on no other one.
    grey: Option<Vec<u16>>,
    /// Where windows can be looked at beside each other.
    layout: Option<Layout>,
}

/// What a thread needs to look at windows beside each other.
pub(crate) struct Room {
    beside: Box<dyn Beside>,
    levels: Vec<Lanes<u16>>,
    keys: Vec<Lanes<i32>>,
}

impl<'a> Windows<'a> {
    /// Boxes that reach so many voxels to both sides in z, y, x, cut off at the edge of the image.
    ///
    /// # Errors
    /// There would be more grey levels than a matrix has place for.
    pub fn new(of: WindowFeature, image: Picture<'a>, reach: Reach, bins: Discretisation) -> Result<Self> {
        let Picture { samples, scale, .. } = image;
        let (needs_levels, is_finite) = (of.needs_levels(), scale.is_finite());
        let grey = match needs_levels && is_finite {
            true => bins.of_each(&map(samples, |s| scale.value(f64::from(s))))?,
            false => None,
        };
        let highest = match (&grey, bins) {
            _ if !needs_levels => Some(0),
            (Some(grey), _) => grey.iter().copied().max(),
            (None, Discretisation::BinNumber(most)) => (most > 0 && span(samples).0 > OUTSIDE).then_some(most),
            (None, _) => None,
        };
        let fits = is_finite && highest.is_some_and(|highest| beside::fits(of, reach, highest));
        let layout = if fits { Layout::new(reach) } else { None };
        Ok(Windows { of, image, reach, bins, grey, layout })
    }

    /// The value of a voxel.
    pub fn intensity(&self, at: usize) -> f64 {
        self.image.scale.value(f64::from(self.image.samples[at]))
    }

    /// For one thread.
    pub fn room(&self) -> Room {
        Room { beside: beside::of(self.of, self.image.scale), levels: vec![], keys: vec![] }
    }

    /// Calls `f` with each of these voxels, rising, and the value in the window around it.
    ///
    /// # Errors
    /// The bins of a window cannot be.
    pub fn each(&self, around: &[usize], room: &mut Room, mut f: impl FnMut(usize, Option<f64>)) -> Result<()> {
        match &self.layout {
            Some(layout) => around.chunks(LANES).for_each(|around| self.beside(layout, around, room, &mut f)),
            None => around.iter().try_for_each(|at| self.alone(*at).map(|value| f(*at, value)))?,
        }
        Ok(())
    }

    /// The same of as many as are looked at together.
    fn beside(&self, layout: &Layout, around: &[usize], room: &mut Room, f: &mut impl FnMut(usize, Option<f64>)) {
        let Room { beside, levels, keys } = room;
        let Picture { shape, samples, scale } = self.image;
        levels.resize(layout.places, [0; LANES]);
        keys.resize(layout.places, [0; LANES]);
        match &self.grey {
            Some(grey) => gather(grey, shape, self.reach, around, 0, levels),
            None => gather(samples, shape, self.reach, around, OUTSIDE, keys),
        }
        if self.of.needs_levels() {
            if let (None, Discretisation::BinNumber(number)) = (&self.grey, self.bins) {
                bins::levels(keys, scale, number, levels);
            }
            beside.keys(layout, levels, keys);
        }
        sort(&layout.network, keys);
        for (lane, at) in around.iter().enumerate() {
            let voxels = voxels(shape, self.reach, *at);
            let no_voxel = match self.of.needs_levels() {
                // These keys are 0 and stand first.
                true => keys.iter().take_while(|key| key[lane] == 0).count(),
                false => layout.places - voxels,
            };
            f(*at, beside.value(&Window { layout, levels, keys: &keys[no_voxel..], lane, voxels }));
        }
    }

    /// The value in one window, as of any region.
    fn alone(&self, at: usize) -> Result<Option<f64>> {
        let shape = self.image.shape;
        let (place, sizes) = (shape.position(at), shape.zyx());
        let along = |a: usize| place[a].saturating_sub(self.reach[a])..(place[a] + self.reach[a] + 1).min(sizes[a]);
        let [zs, ys, xs] = [along(0), along(1), along(2)];
        let size = Shape::new(zs.len(), ys.len(), xs.len());
        let rows = zs.flat_map(|z| ys.clone().map(move |y| (z, y)));
        let voxels = rows.flat_map(|(z, y)| shape.index(z, y, xs.start)..shape.index(z, y, xs.end));
        match &self.grey {
            Some(grey) => Ok(self.of.of_grey(size, &voxels.map(|i| grey[i]).collect::<Vec<u16>>())),
            None => self.of.value(size, &voxels.map(|i| self.intensity(i)).collect::<Vec<f64>>(), self.bins),
        }
    }
}

/// Voxels of the image in the window around one of them.
fn voxels(shape: Shape, reach: Reach, at: usize) -> usize {
    let along = |(at, (size, reach)): (usize, (usize, usize))| (at + reach + 1).min(size) - at.saturating_sub(reach);
    shape.position(at).into_iter().zip(shape.zyx().into_iter().zip(reach)).map(along).product()
}

#[cfg(test)]
mod tests {
    //! Invariant: a window is the same beside others as alone.
    use super::*;
    use proptest::prelude::*;

    /// A number that looks like none before it.
    fn noise(i: usize, seed: u32) -> u32 {
        let mixed = (i as u32 ^ seed).wrapping_mul(0x9e37_79b1);
        (mixed ^ mixed >> 15).wrapping_mul(0x85eb_ca6b) >> 8
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(6))]
        #[test]
        fn windows_beside_each_other_are_as_alone(
            size in [1..4usize, 1..7, 1..40], seed in any::<u32>(), few in prop::sample::select(vec![1, 3, 40, 3000]),
            reach in prop::sample::select(vec![[1, 1, 1], [0, 1, 1], [2, 2, 2], [0, 2, 2], [0, 5, 5]]),
            number in any::<bool>(),
        ) {
            let shape = Shape::new(size[0], size[1], size[2]);
            let samples: Vec<i32> = (0..shape.len()).map(|i| (noise(i, seed) % few) as i32 - 7).collect();
            let image = Picture { shape, samples: &samples, scale: Scale::new(0.5, 3.5).unwrap() };
            let bins = match number {
                true => Discretisation::BinNumber(1 + seed as u16 % 40),
                false => Discretisation::BinSize { width: 0.5, from: Some(0.0) },
            };
            // Not all voxels are asked for, and more than are looked at together.
            let around: Vec<usize> = (0..shape.len()).filter(|i| !noise(*i, !seed).is_multiple_of(5)).collect();
            for name in WindowFeature::names() {
                let of = WindowFeature::find(name).unwrap();
                let windows = Windows::new(of, image, reach, bins).unwrap();
                let (mut found, mut room) = (vec![], windows.room());
                windows.each(&around, &mut room, |at, value| found.push((at, value))).unwrap();
                let want: Vec<_> = around.iter().map(|at| (*at, windows.alone(*at).unwrap())).collect();
                prop_assert_eq!(found, want, "{}", name);
            }
        }
    }

    #[test]
    fn what_has_no_place_beside_others_is_looked_at_alone() {
        let samples = [0; 8];
        let image = Picture { shape: Shape::new(2, 2, 2), samples: &samples, scale: Scale::ONE };
        let beside = |name: &str, reach: usize, number: u16| {
            let of = WindowFeature::find(name).unwrap();
            let bins = Discretisation::BinNumber(number);
            Windows::new(of, image, [reach; 3], bins).unwrap().layout.is_some()
        };
        assert!(beside("ngldm_grey_level_variance", 2, u16::MAX) && beside("stat_mean", 2, 1));
        assert!(!beside("ngldm_grey_level_variance", 15, 8));
        assert!(beside("ngtdm_contrast", 2, 1023) && !beside("ngtdm_contrast", 2, 1024));
        assert!(beside("glrlm_run_entropy", 4, 8) && !beside("glrlm_run_entropy", 5, 8));
    }
}
