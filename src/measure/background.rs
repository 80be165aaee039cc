//! What counts as background of a probe: voxels of no object of any set that are not as bright as cells are.
//!
//! Cells reach beyond what was segmented: around a nucleus that was grown a little lies more of the same cell. So of the
//! voxels outside of all objects those above `m + 3 s` are uptake. m is the median of the others and s how far the quantile
//! 0.1587 lies below it, which is a standard deviation for normal noise and knows nothing of the bright side. Both follow
//! from the limit and the limit from both: the search starts from Otsu's threshold of those voxels, so that it ends at the
//! background even where cells cover most of them, and in an image without uptake it ends at three standard deviations.
//! Quantiles are those of grouped data, each whole sample being half a step wide to both sides: images of few grey levels
//! have a spread too.
//!
//! Where a ground was subtracted and what fell below 0 was cut off, or photons are few, the quantile below lies in the pile of
//! the least sample and says nothing. Then m and s are those of the normal distribution that has as much below the edge of the
//! pile, and as much below the first third of what lies above it. A pile of fewer than half of the voxels, many deviations below all
//! others, is no ground but the black around a mosaic or beside a channel that was moved, or a dead line, and is left out.

use super::{ChannelRef, census, order};
use crate::Result;
use crate::image::Labels;
use crate::ops::cut_ground::normal_quantile;
use rayon::prelude::*;
use std::borrow::Cow;

/// Deviations above the median.
const DEVIATIONS: f64 = 3.0;
/// Of a normal distribution, one deviation below the median.
const LOWER: f64 = 0.1587;
/// A pile of the least sample that holds more than this is all that is known of the ground.
const PILE: f64 = 0.95;
/// A pile so many deviations below the ground of the rest is none of it.
const FAR: f64 = 5.0;
/// A camera gives no more than this share of its pixels one value.
const ALIKE: f64 = 0.8;
/// The search mostly ends after three rounds; it may swing between two samples.
const ROUNDS: usize = 50;

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
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Background {
    /// The largest sample of it.
    pub limit: i32,
    /// The sample that is black beside the picture, if there is any, and which share of the voxels has it.
    pub black: Option<(i32, f64)>,
    /// The share of voxels that have its least sample, where that is the end that a ground was cut off at, or its only value.
    pub cut_off: f64,
}

impl Background {
    /// The least and the largest sample of it.
    pub fn range(&self) -> [i32; 2] {
        [self.black.map_or(i32::MIN, |black| black.0.saturating_add(1)), self.limit]
    }
}

/// What counts as background, of the voxels where `occupied` is 0; nothing if there are none.
///
/// # Errors
/// Data on a device.
pub fn background(channel: &ChannelRef, occupied: &[u8]) -> Result<Option<Background>> {
    let groups = groups(channel.volume.samples.host()?, occupied);
    let Some((pile, rest)) = groups.split_first() else { return Ok(None) };
    if rest.iter().map(|g| g.1).sum::<u64>() > pile.1 {
        let without = search(rest);
        if f64::from(pile.0) < far_below(rest, &without) {
            let n: u64 = groups.iter().map(|g| g.1).sum();
            return Ok(Some(Background { black: Some((pile.0, pile.1 as f64 / n as f64)), ..without }));
        }
    }
    Ok(Some(search(&groups)))
}

/// The sample below which nothing belongs to what a camera has seen, where all up to `black` is beside the picture; nothing where
/// `black` is not as far below the ground of the others, or these are mostly of one value, as in masks and drawings.
pub(crate) fn end_of_picture(image: &[i32], black: i32) -> Option<f64> {
    let beside: Vec<u8> = image.par_iter().map(|s| u8::from(*s <= black)).collect();
    let groups = groups(image, &beside);
    let n: u64 = groups.iter().map(|g| g.1).sum();
    if groups.iter().any(|g| g.1 as f64 > ALIKE * n as f64) {
        return None;
    }
    let end = far_below(&groups, &search(&groups));
    (n > 0 && f64::from(black) < end).then_some(end)
}

/// Many deviations below the ground of these samples.
fn far_below(groups: &[(i32, u64)], found: &Background) -> f64 {
    let (middle, spread, _) = ground(&groups[..groups.partition_point(|g| g.0 <= found.limit)]);
    middle - FAR * spread
}

/// The limit of these samples.
fn search(groups: &[(i32, u64)]) -> Background {
    let (mut limit, mut cut_off) = (otsu(groups), 0.0);
    for _ in 0..ROUNDS {
        let below = &groups[..groups.partition_point(|g| g.0 <= limit)];
        let (middle, spread, pile) = ground(below);
        cut_off = pile;
        // The cast stops at the ends of i32.
        let next = (middle + DEVIATIONS * spread).floor() as i32;
        if next == limit {
            break;
        }
        limit = next;
    }
    Background { limit, black: None, cut_off }
}

/// Median and standard deviation of these samples, by their dark side as far as there is one, and the share that was cut off.
fn ground(below: &[(i32, u64)]) -> (f64, f64, f64) {
    let of_dark_side = |groups: &[(i32, u64)], cut_off: f64| {
        let middle = quantile(groups, 0.5);
        (middle, middle - quantile(groups, LOWER), cut_off)
    };
    let Some((pile, rest)) = below.split_first() else { return (0.0, 0.0, 0.0) };
    let n = rest.iter().map(|g| g.1).sum::<u64>() as f64;
    let share = pile.1 as f64 / (pile.1 as f64 + n);
    if share <= LOWER {
        return of_dark_side(below, 0.0);
    }
    if share > PILE {
        return of_dark_side(below, share);
    }
    let (edge, third) = (f64::from(pile.0) + 0.5, quantile(rest, 1.0 / 3.0));
    let place = normal_quantile(share);
    let spread = (third - edge) / (normal_quantile(share + (1.0 - share) / 3.0) - place);
    (edge - place * spread, spread, share)
}

/// Samples that occur where nothing is, rising, with how often they do.
fn groups(image: &[i32], occupied: &[u8]) -> Vec<(i32, u64)> {
    let ends = census::ends(image);
    if let Some([low, high]) = ends
        && i64::from(high) - i64::from(low) < census::SPAN
    {
        let [_, free] = census::counted(image, Some(occupied), low, (high - low) as usize + 1);
        return (low..).zip(free).filter(|g| g.1 > 0).collect();
    }
    let free: Vec<i32> = image.par_iter().zip(occupied).filter(|(_, o)| **o == 0).map(|(s, _)| *s).collect();
    let same = |same: &[i32]| Some((*same.first()?, same.len() as u64));
    order::sorted(&free).chunk_by(|a, b| a == b).filter_map(same).collect()
}

/// The last sample of the dark class.
fn otsu(groups: &[(i32, u64)]) -> i32 {
    let origin = groups.first().map_or(0, |g| g.0);
    let value = |s: i32| f64::from(s) - f64::from(origin);
    let all = groups.iter().fold((0.0, 0.0), |(n, sum), &(s, c)| (n + c as f64, sum + c as f64 * value(s)));
    let (mut dark, mut best, mut at) = ((0.0, 0.0), -1.0, origin);
    for &(s, c) in groups.split_last().map_or(&[][..], |(_, rest)| rest) {
        dark = (dark.0 + c as f64, dark.1 + c as f64 * value(s));
        let gap = dark.1 / dark.0 - (all.1 - dark.1) / (all.0 - dark.0);
        let between = dark.0 * (all.0 - dark.0) * gap * gap;
        if between > best {
            (best, at) = (between, s);
        }
    }
    at
}

fn quantile(groups: &[(i32, u64)], share: f64) -> f64 {
    let place = share * groups.iter().map(|g| g.1).sum::<u64>() as f64;
    let mut before = 0.0;
    for &(sample, count) in groups {
        let count = count as f64;
        if before + count >= place {
            return f64::from(sample) - 0.5 + (place - before) / count;
        }
        before += count;
    }
    0.0
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
        let channel = ChannelRef { name: "probe", unit: "au", volume: &volume, saturation: None, background: None };
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
    fn what_is_black_is_no_ground() {
        for (black, mean) in [(1, 300.0), (100, 100.0), (12_000, 40.0), (19_000, 300.0)] {
            for cells in [0, 4_000] {
                let mut mosaic = normal(40_000, mean, 5.0);
                mosaic[..black].fill(0);
                mosaic[40_000 - cells..].copy_from_slice(&normal(cells, 2000.0, 300.0));
                let t = f64::from(limit(mosaic));
                assert!((t - mean - 15.0).abs() <= 2.0, "{black} black around {mean}, {cells}: {t}");
            }
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
