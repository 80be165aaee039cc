//! Faulty pixels: a few that are far brighter (hot) or darker (dead) than all else and share that with no neighbour.
//!
//! A detector's faults say nothing of the size of objects, but they stretch the range that thresholds are chosen in, a dark one
//! digs a hole as wide as its box into a background, and in a small image one of them is enough. So they are left out where
//! objects are searched for with a size that is found in the image; what is measured has them as they are. Light that came
//! through an objective falls on several pixels: a pixel is hot if it lies more than twice as high as the brightest thousandth
//! of the image (twelve pixels at least), or four times as high as the brightest fiftieth, no neighbour in the plane is higher, and fewer than four of the eight reach a quarter
//! of its height; those that do are hot with it, if the same is true of each of them: a square of nine is a speck (`specks`). Heights count from
//! the darkest pixel. Dead ones are the same upside down: they
//! lie more than twice as far below the median as a thousandth of all pixels lie from it, above or below; beside objects
//! that are as bright as they are dark they do no harm. They are looked for first: a dead pixel is no ground to count heights from.
//!
//! Light may come together in a speck, but no ground has holes. So whole patches of dead pixels, as of a value that stands for no data, are raised to the
//! darkest fiftieth of the image: up to a thousandth of it as above, and up to a hundredth where they lie four times as far below the median as that.

use crate::Result;
use crate::device::{Buffer, Device};
use crate::image::Volume;
use crate::ops::histogram::range;
use crate::units::Shape;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::fmt;

/// Faulty are less than one pixel in so many, and lie so many times as far out as such a share of all pixels does.
const FAULTY: [(usize, i64); 2] = [(1000, 2), (50, 4)];
/// So many pixels say how bright the brightest of an image are.
const BRIGHTEST: usize = 12;
/// Neighbours that light falls on as well.
const LIT: usize = 4;
/// Dead patches are less than one pixel in so many, and lie so many times as deep as such a share of all pixels lies from the median.
const PATCHES: [(usize, i64); 2] = [(1000, 2), (100, 4)];
/// One pixel in so many is ground, and the darkest of it.
const DARKEST: usize = 50;
/// Pixels that are looked at together for those that are high.
const LOOK: usize = 1 << 18;
/// So many pixels, all over the image, have its median near enough.
const SOME: usize = 4096;

/// How many pixels were left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Faults {
    /// Far brighter than all else.
    pub hot: usize,
    /// Far darker.
    pub dead: usize,
}

impl Faults {
    /// A warning for each kind that there is. In a JPEG no pixel stands by itself: its squares are no faults of a detector.
    pub fn warnings(self, is_jpeg: bool) -> impl Iterator<Item = String> {
        self.kinds().map(move |(n, kind)| {
            let were = if n == 1 { "was" } else { "were" };
            let what = match (is_jpeg, kind) {
                (false, _) => pixels(n, kind),
                (true, "hot") => format!("{n} pixel{} far brighter than all else", if n == 1 { "" } else { "s" }),
                (true, _) => format!("{n} pixel{} far darker than all else", if n == 1 { "" } else { "s" }),
            };
            format!("{what} {were} left out of the search for objects; measured values still contain them")
        })
    }

    fn kinds(self) -> impl Iterator<Item = (usize, &'static str)> {
        [(self.hot, "hot"), (self.dead, "dead")].into_iter().filter(|(n, _)| *n > 0)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds: Vec<String> = self.kinds().map(|(n, kind)| pixels(n, kind)).collect();
        f.write_str(&kinds.join(" and "))
    }
}

fn pixels(n: usize, kind: &str) -> String {
    format!("{n} {kind} pixel{}", if n == 1 { "" } else { "s" })
}

/// The image with the median of their neighbours in place of faulty pixels, and how many there were; on the host.
pub(super) fn without_faults(volume: &Volume) -> Result<(Volume, Faults)> {
    let (least, _) = range(&Device::Cpu, volume)?;
    let middle = i64::from(median(volume.samples.host()?).unwrap_or(least));
    let (volume, dead) = without(volume, least, |s| middle - i64::from(s))?;
    let (volume, in_patches) = without_patches(&volume, middle)?;
    let (least, most) = range(&Device::Cpu, &volume)?;
    let (volume, hot) = without(&volume, most, |s| i64::from(s) - i64::from(least))?;
    Ok((volume, Faults { hot, dead: dead + in_patches }))
}

/// The median of some samples. Their distance is odd, so that they are of all columns.
pub(super) fn median(samples: &[i32]) -> Option<i32> {
    let mut some: Vec<i32> = samples.iter().copied().step_by((samples.len() / SOME) | 1).collect();
    let middle = some.len().checked_sub(1)? / 2;
    Some(*some.select_nth_unstable(middle).1)
}

/// Without pixels that stand out by their height: `utmost` is the sample that is highest, and usual is how far from 0 the
/// heights of so few of all pixels lie, to either side.
fn without(volume: &Volume, utmost: i32, height: impl Fn(i32) -> i64 + Sync) -> Result<(Volume, usize)> {
    for kind in FAULTY {
        let (clean, faulty) = without_kind(volume, utmost, &height, kind)?;
        if faulty > 0 {
            return Ok((clean, faulty));
        }
    }
    Ok((volume.clone(), 0))
}

fn without_kind(
    volume: &Volume,
    utmost: i32,
    height: &(impl Fn(i32) -> i64 + Sync),
    kind: (usize, i64),
) -> Result<(Volume, usize)> {
    let samples = volume.samples.host()?;
    let Some(usual) = usual(samples, height, kind, utmost) else { return Ok((volume.clone(), 0)) };
    let far: Vec<usize> =
        samples.par_iter().enumerate().filter(|(_, s)| height(**s) > kind.1 * usual).map(|(i, _)| i).collect();
    let mut faulty = BTreeSet::new();
    for i in far {
        let lit = |j: &usize| 4 * height(samples[*j]) >= height(samples[i]);
        let is_lone = |i: usize| neighbours(volume.shape, i).filter(lit).count() < LIT;
        let is_peak = neighbours(volume.shape, i).all(|j| height(samples[j]) <= height(samples[i]));
        if is_peak && is_lone(i) && neighbours(volume.shape, i).filter(lit).all(is_lone) {
            faulty.insert(i);
            faulty.extend(neighbours(volume.shape, i).filter(lit));
        }
    }
    if faulty.is_empty() {
        return Ok((volume.clone(), 0));
    }
    let mut clean = samples.to_vec();
    for &i in &faulty {
        let mut near: Vec<i32> =
            neighbours(volume.shape, i).filter(|j| !faulty.contains(j)).map(|j| samples[j]).collect();
        near.sort_unstable();
        if let Some(middle) = near.get(near.len().saturating_sub(1) / 2) {
            clean[i] = *middle;
        }
    }
    Ok((volume.with(Buffer::on_host(clean)), faulty.len()))
}

/// How far from 0 the heights of one pixel in so many lie, to either side; nothing where the utmost one lies less than so many times as far.
fn usual(
    samples: &[i32],
    height: impl Fn(i32) -> i64 + Sync,
    (one_in, times): (usize, i64),
    utmost: i32,
) -> Option<i64> {
    let few = BRIGHTEST.max(samples.len() / one_in);
    let part = height(utmost) / times;
    // Mostly the highest ones are many, and a look at a part of the image is the only one.
    let mut high = 0;
    for some in samples.chunks(LOOK) {
        high += some.par_iter().filter(|s| height(**s).abs() > part).count();
        if high > few {
            return None;
        }
    }
    if samples.len() <= few {
        return None;
    }
    let mut heights: Vec<u32> = samples.iter().map(|s| height(*s).unsigned_abs() as u32).collect();
    let place = heights.len() - 1 - few;
    Some(i64::from(*heights.select_nth_unstable(place).1))
}

/// With patches of dead pixels as dark as the darkest ground, and how many pixels they had.
fn without_patches(volume: &Volume, middle: i64) -> Result<(Volume, usize)> {
    let samples = volume.samples.host()?;
    let height = |s: i32| middle - i64::from(s);
    let (least, _) = range(&Device::Cpu, volume)?;
    for (one_in, times) in PATCHES {
        let Some(usual) = usual(samples, height, (one_in, times), least) else { continue };
        let is_dead = |s: i32| height(s) > times * usual;
        let dead = samples.iter().filter(|s| is_dead(**s)).count();
        if dead > 0 {
            let place = samples.len() / DARKEST;
            let darkest = *samples.to_vec().select_nth_unstable(place).1;
            let raised = samples.iter().map(|s| if is_dead(*s) { darkest.max(*s) } else { *s }).collect();
            return Ok((volume.with(Buffer::on_host(raised)), dead));
        }
    }
    Ok((volume.clone(), 0))
}

/// Indices of the neighbours in the plane: a faulty pixel of a camera is faulty in every slice.
pub(super) fn neighbours(shape: Shape, i: usize) -> impl Iterator<Item = usize> {
    let [z, y, x] = shape.position(i);
    let rows = y.saturating_sub(1)..(y + 2).min(shape.y);
    let columns = x.saturating_sub(1)..(x + 2).min(shape.x);
    rows.flat_map(move |y| columns.clone().map(move |x| shape.index(z, y, x))).filter(move |j| *j != i)
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    /// Discs with soft edges on a ground with ripples, in two slices.
    fn field() -> Volume {
        let shape = Shape::new(2, 64, 64);
        let sample = |i: usize| {
            let [_, y, x] = shape.position(i);
            let d2 = (y as f64 % 32.0 - 16.0).powi(2) + (x as f64 % 32.0 - 16.0).powi(2);
            100 + (i * 7919 % 13) as i32 + (800.0 * libm::exp(-d2 / 50.0)) as i32
        };
        Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap()
    }

    fn faulty(set: &[(usize, i32)]) -> (Volume, Faults) {
        let mut volume = field();
        let samples = volume.samples.host_mut().unwrap();
        set.iter().for_each(|(i, s)| samples[*i] = *s);
        without_faults(&volume).unwrap()
    }

    #[test]
    fn no_pixel_of_a_jpeg_is_called_dead_or_hot() {
        let faults = Faults { hot: 1, dead: 1364 };
        let told: Vec<String> = faults.warnings(true).collect();
        assert!(told[0].starts_with("1 pixel far brighter than all else was left out"), "{told:?}");
        assert!(told[1].starts_with("1364 pixels far darker than all else were left out"), "{told:?}");
        assert!(faults.warnings(false).any(|told| told.starts_with("1364 dead pixels were left out")));
    }

    #[test]
    fn hot_pixels_are_left_out_alone_in_pairs_and_in_every_slice() {
        let clean = field();
        assert_eq!(faulty(&[]).1, Faults::default());
        for set in [
            vec![(70, 65_535)],
            vec![(0, i32::MAX)],
            vec![(70, 65_535), (71, 30_000)],
            vec![(70, 9000), (71, 9000), (134, 9000), (135, 9000)],
            vec![(2000, 5000), (2000 + 4096, 5000), (900, 60_000)],
        ] {
            let (volume, n) = faulty(&set);
            assert_eq!(n, Faults { hot: set.len(), dead: 0 }, "{set:?}");
            is_near(&volume, &clean);
        }
    }

    #[test]
    fn one_pixel_in_a_hundred_may_be_hot() {
        let set: Vec<(usize, i32)> = (0..80).map(|k| (k * 101 + 37, 60_000)).collect();
        let (volume, n) = faulty(&set);
        assert_eq!(n, Faults { hot: set.len(), dead: 0 });
        is_near(&volume, &field());
    }

    #[test]
    fn dead_pixels_are_left_out_and_do_not_hide_hot_ones() {
        let clean = field();
        for set in [vec![(70, -3000)], vec![(70, i32::MIN)], vec![(70, -2000), (71, -2000), (134, -2000), (135, -2000)]]
        {
            let (volume, n) = faulty(&set);
            assert_eq!(n, Faults { hot: 0, dead: set.len() }, "{set:?}");
            is_near(&volume, &clean);
        }
        let (volume, n) = faulty(&[(70, -9000), (900, 9000)]);
        assert_eq!(n, Faults { hot: 1, dead: 1 });
        is_near(&volume, &clean);
    }

    fn is_near(volume: &Volume, clean: &Volume) {
        for (a, b) in volume.samples.host().unwrap().iter().zip(clean.samples.host().unwrap()) {
            assert!((a - b).abs() < 100, "{a} for {b}");
        }
    }

    #[test]
    fn light_that_falls_on_several_pixels_stays() {
        // A spot with a sigma of 0.7 px, and one pixel that is no more than the brightest objects.
        let spot: Vec<(usize, i32)> = (0..25)
            .map(|k| {
                let (dy, dx) = (k / 5, k % 5);
                let d2 = (dy as f64 - 2.0).powi(2) + (dx as f64 - 2.0).powi(2);
                (70 + 64 * dy + dx, 100 + (20_000.0 * libm::exp(-d2 / 0.98)) as i32)
            })
            .collect();
        assert_eq!(faulty(&spot).1, Faults::default());
        assert_eq!(faulty(&[(70, 1500)]).1, Faults::default());
        // Light that is missing is missing from several pixels too.
        let shadow = spot.iter().map(|(i, s)| (*i, 100 - s / 20)).collect::<Vec<_>>();
        assert_eq!(faulty(&shadow).1, Faults::default());
        // Squares of nine and sixteen have pixels with few neighbours as well.
        for side in [3, 4, 6] {
            let square: Vec<_> = (0..side * side).map(|k| (70 + 64 * (k / side) + k % side, 60_000)).collect();
            assert_eq!(faulty(&square).1, Faults::default(), "{side}");
        }
    }

    #[test]
    fn no_ground_has_holes() {
        let clean = field();
        // Between disks. Twelve pixels are few in a small image, and 81 of 8192 a hundredth.
        for (side, depth) in [(3, -3000), (5, -32_768), (8, -32_768), (5, i32::MIN)] {
            let patch: Vec<_> = (0..side * side).map(|k| (28 + 64 * (k / side) + k % side, depth)).collect();
            let (volume, n) = faulty(&patch);
            assert_eq!(n, Faults { hot: 0, dead: side * side }, "{side}");
            is_near(&volume, &clean);
        }
        // What is as dark as objects are bright is left alone.
        let patch: Vec<_> = (0..25).map(|k| (28 + 64 * (k / 5) + k % 5, -400)).collect();
        assert_eq!(faulty(&patch).1, Faults::default());
    }
}
