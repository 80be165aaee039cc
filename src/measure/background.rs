//! What counts as background of a probe: voxels of no object of any set that are not as bright as cells are.
//!
//! Cells reach beyond what was segmented: around a nucleus that was grown a little lies more of the same cell. So of the
//! voxels outside of all objects those above three deviations of the ground are uptake ([`DarkSide`]).

use super::slice_grounds::{SliceGround, SliceGrounds};
use super::{ChannelRef, census, order};
use crate::Result;
use crate::image::Labels;
use crate::ops::dark_side::DarkSide;
use rayon::prelude::*;
use std::borrow::Cow;

/// A pile of the least sample that holds more than this is all that is known of the ground.
pub(super) const PILE: f64 = 0.95;
/// A pile so many deviations below the ground of the rest is none of it.
const FAR: f64 = 5.0;
/// A camera gives no more than this share of its pixels one value.
const ALIKE: f64 = 0.8;

/// 1 where an object of any of the sets is; nothing without a set.
///
/// # Errors
/// Data on a device, labels above their count, or sets of different shapes.
pub fn occupied<'a>(sets: &[&'a Labels]) -> Result<Option<Cow<'a, [u8]>>> {
    let [first, others @ ..] = sets else { return Ok(None) };
    let mut any = Cow::Borrowed(first.inside()?);
    for labels in others {
        let inside = labels.inside()?;
        if inside.len() != any.len() {
            return Err(crate::Error::usage(format!("object sets of {} and {}", first.shape, labels.shape)));
        }
        any.to_mut().par_iter_mut().zip(inside).for_each(|(any, &i)| *any |= i);
    }
    Ok(Some(any))
}

/// What counts as background in a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Background {
    /// The largest sample of it; where slices have unlike grounds the median of theirs, the lower one of two.
    pub limit: i32,
    /// The median of it, in samples, where slices have no grounds of their own.
    pub middle: f64,
    /// The sample that is black beside the picture, if whoever knows it has said so, and which share of the voxels has it.
    pub black: Option<(i32, f64)>,
    /// The share of voxels that have its least sample, where that is the end that a ground was cut off at, or its only value.
    pub cut_off: f64,
    /// The slices from the first to the last, where their grounds are unlike; else none.
    pub slices: Vec<SliceGround>,
}

impl Background {
    /// The same where slices have grounds of their own.
    pub fn by_slice(self, slices: SliceGrounds) -> Self {
        let mut rising = slices.each.clone();
        rising.sort_by_key(|ground| ground.limit);
        let middle = rising.get((rising.len().max(1) - 1) / 2);
        let (limit, cut_off) = middle.map_or((self.limit, self.cut_off), |middle| (middle.limit, middle.cut_off));
        Background { limit, cut_off, slices: slices.each, ..self }
    }

    /// The same without a limit: whatever is not the black beside a picture.
    pub(super) fn whole(&self) -> Self {
        let slices = self.slices.iter().map(|slice| SliceGround { limit: i32::MAX, ..*slice }).collect();
        Background { limit: i32::MAX, slices, ..self.clone() }
    }

    /// The least and the largest sample of it in a slice.
    pub(super) fn range(&self, slice: Option<&SliceGround>) -> [i32; 2] {
        let limit = slice.map_or(self.limit, |slice| slice.limit);
        [self.black.map_or(i32::MIN, |black| black.0.saturating_add(1)), limit]
    }
}

/// What counts as background, of the voxels where `occupied` is 0; nothing if there are none.
///
/// # Errors
/// Data on a device.
pub fn background(channel: &ChannelRef, occupied: &[u8]) -> Result<Option<Background>> {
    let groups = groups(channel.volume.samples.host()?, Some(occupied));
    let ground = DarkSide::search_even(&groups, PILE);
    let found =
        Background { limit: ground.limit, middle: ground.middle, black: None, cut_off: ground.cut_off, slices: vec![] };
    Ok((!groups.is_empty()).then_some(found))
}

/// The sample below which nothing belongs to what a camera has seen, where all up to `black` is beside the picture; nothing where
/// `black` is not as far below the ground of the others, or these are mostly of one value, as in masks and drawings.
pub(crate) fn end_of_picture(image: &[i32], black: i32) -> Option<f64> {
    let beside: Vec<u8> = image.par_iter().map(|s| u8::from(*s <= black)).collect();
    let groups = groups(image, Some(&beside));
    let n: u64 = groups.iter().map(|g| g.1).sum();
    if groups.iter().any(|g| g.1 as f64 > ALIKE * n as f64) {
        return None;
    }
    let ground = DarkSide::search_even(&groups, PILE);
    let end = ground.middle - FAR * ground.spread;
    (n > 0 && f64::from(black) < end).then_some(end)
}

/// Samples that occur, where nothing is if that is said, rising, with how often they do.
pub(super) fn groups(image: &[i32], occupied: Option<&[u8]>) -> Vec<(i32, u64)> {
    let ends = census::ends(image);
    if let Some([low, high]) = ends
        && i64::from(high) - i64::from(low) < census::SPAN
    {
        let [all, free] = census::counted(image, occupied, low, (high - low) as usize + 1);
        let counts = if occupied.is_some() { free } else { all };
        return (low..=high).zip(counts).filter(|g| g.1 > 0).collect();
    }
    let is_free = |i: usize| occupied.is_none_or(|occupied| occupied[i] == 0);
    let free: Vec<i32> = image.par_iter().enumerate().filter(|(i, _)| is_free(*i)).map(|(_, s)| *s).collect();
    let same = |same: &[i32]| Some((*same.first()?, same.len() as u64));
    order::sorted(&free).chunk_by(|a, b| a == b).filter_map(same).collect()
}

#[cfg(test)]
mod tests {
    //! Oracle: mixtures whose background is known.
    use super::*;
    use crate::image::Volume;
    use crate::units::Shape;

    /// Sums of twelve uniform numbers are near enough to a normal distribution.
    fn normal(n: usize, mean: f64, deviation: f64) -> Vec<i32> {
        let mut state = 7u64;
        let mut uniform = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as f64 / f64::from(1u32 << 31)
        };
        (0..n).map(|_| (mean + deviation * ((0..12).map(|_| uniform()).sum::<f64>() - 6.0)).round() as i32).collect()
    }

    fn limit(samples: Vec<i32>) -> i32 {
        let n = samples.len();
        let volume = Volume::new(Shape::flat(1, n), samples).unwrap();
        let channel = ChannelRef::new("probe", "au", &volume);
        background(&channel, &vec![0; n]).unwrap().unwrap().limit
    }

    #[test]
    fn noise_alone_ends_at_three_deviations() {
        for (mean, deviation) in [(200.0, 10.0), (3000.0, 120.0), (5.0, 1.0)] {
            let t = f64::from(limit(normal(40_000, mean, deviation)));
            assert!((t - mean - 3.0 * deviation).abs() <= (0.15 * deviation).max(1.0), "{mean} {deviation}: {t}");
        }
        assert!((7..=8).contains(&limit(vec![7; 100])));
    }

    #[test]
    fn a_ground_that_is_cut_off_keeps_its_three_deviations() {
        // Shares of 0 up to four fifths.
        for mean in [-8.0, -3.0, 0.0, 5.0, 10.0, 30.0] {
            let t = f64::from(limit(normal(40_000, mean, 10.0).into_iter().map(|s| s.max(0)).collect()));
            assert!((t - mean - 30.0).abs() <= 3.0, "{mean}: {t}");
        }
    }

    #[test]
    fn light_of_cells_beside_a_ground_of_one_value_is_no_ground() {
        for share in [0.1, 0.3, 0.6, 0.8] {
            let n = (40_000.0 * share) as usize;
            let (alike, rims) = (normal(n, 240.0, 40.0), (0..n as i32).map(|i| 1 + i % 240).collect());
            let both: Vec<i32> =
                alike.iter().enumerate().map(|(i, s)| if i % 8 == 0 { i as i32 % 240 } else { *s }).collect();
            for (what, cells) in [("alike", alike), ("rims", both), ("of all grades", rims)] {
                for (factor, offset) in [(1, 0), (8, 100)] {
                    let mut samples = vec![0; 40_000 - n];
                    samples.extend(cells.iter().map(|s| (*s).max(0)));
                    samples.iter_mut().for_each(|s| *s = factor * *s + offset);
                    let t = limit(samples);
                    assert!((offset..=offset + 2 * factor).contains(&t), "{share} {what} x {factor} + {offset}: {t}");
                }
            }
        }
    }

    #[test]
    fn what_was_multiplied_has_the_limits_of_what_was_not() {
        for (mean, deviation) in [(10.0, 0.6), (0.2, 1.0), (40.0, 3.0)] {
            let samples: Vec<i32> = normal(40_000, mean, deviation).into_iter().map(|s| s.max(0)).collect();
            let one = limit(samples.clone());
            let many = limit(samples.iter().map(|s| 257 * s).collect());
            assert!((257 * one..257 * (one + 1)).contains(&many), "{mean}: {one}, {many}");
        }
    }

    #[test]
    fn cells_on_a_ground_that_is_cut_off_do_not_count() {
        for share in [0.1, 0.3] {
            let mut samples: Vec<i32> = normal(40_000, 0.0, 10.0).into_iter().map(|s| s.max(0)).collect();
            let cells = normal((40_000.0 * share) as usize, 400.0, 90.0);
            samples[..cells.len()].copy_from_slice(&cells);
            let t = limit(samples);
            assert!((20..=45).contains(&t), "{share}: {t}");
        }
    }

    #[test]
    fn cells_do_not_count_however_many_there_are() {
        for share in [0.1, 0.5, 0.8] {
            let mut samples = normal(40_000, 200.0, 10.0);
            let cells = normal((40_000.0 * share) as usize, 900.0, 200.0);
            samples[..cells.len()].copy_from_slice(&cells);
            let t = limit(samples);
            assert!((220..=245).contains(&t), "{share}: {t}");
        }
    }

    #[test]
    fn a_ground_that_rises_is_background_all_over() {
        let mut samples: Vec<i32> =
            normal(40_000, 200.0, 10.0).iter().enumerate().map(|(i, s)| s + i as i32 / 200).collect();
        samples[..4000].iter_mut().for_each(|s| *s = 1500);
        assert!((420..1000).contains(&limit(samples)));
    }

    #[test]
    fn objects_of_every_set_are_occupied() {
        let shape = Shape::flat(1, 4);
        let sets = [vec![1, 0, 0, 0], vec![0, 0, 1, 0]].map(|v| Labels::new(shape, v).unwrap());
        assert_eq!(occupied(&[&sets[0], &sets[1]]).unwrap().unwrap()[..], [1, 0, 1, 0]);
        assert!(occupied(&[]).unwrap().is_none());
    }
}
