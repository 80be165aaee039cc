//! Hot pixels: a few that are far brighter than all else and share their light with no neighbour.
//!
//! A detector's faults say nothing of the size of objects, but they stretch the range that thresholds are chosen in, and in
//! a small image one of them is enough. So they are left out where objects are searched for with a size that is found in
//! the image; what is measured has them as they are. Light that came through an objective falls on several pixels: a pixel
//! is hot if it lies more than twice as high as the brightest thousandth of the image (twelve pixels at least), no neighbour
//! in the plane is higher, and fewer than four of the eight reach a quarter of its height; those that do are hot with it.
//! Heights count from the darkest pixel.

use crate::Result;
use crate::device::Buffer;
use crate::image::Volume;
use crate::ops::histogram::range;
use rayon::prelude::*;
use std::collections::BTreeSet;

/// So many pixels say how bright the brightest of an image are.
const BRIGHTEST: usize = 12;
/// Neighbours that light falls on as well.
const LIT: usize = 4;

/// The image with the median of their neighbours in place of hot pixels, and how many there were; on the host.
pub(super) fn without_hot_pixels(volume: &Volume) -> Result<(Volume, usize)> {
    let samples = volume.samples.host()?;
    let (dark, most) = range(&crate::device::Device::Cpu, volume)?;
    let height = |s: i32| i64::from(s) - i64::from(dark);
    let few = BRIGHTEST.max(samples.len() / 1000);
    let above = |limit: i64| samples.par_iter().enumerate().filter(move |(_, s)| height(**s) > limit);
    // Mostly the brightest ones are many, and this look is the only one.
    if samples.len() <= few || above(height(most) / 2).count() > few {
        return Ok((volume.clone(), 0));
    }
    let mut sorted = samples.to_vec();
    let place = sorted.len() - 1 - few;
    let usual = height(*sorted.select_nth_unstable(place).1);
    let far: Vec<usize> = above(2 * usual).map(|(i, _)| i).collect();
    let mut hot = BTreeSet::new();
    for i in far {
        let lit = |j: &usize| 4 * height(samples[*j]) >= height(samples[i]);
        let is_peak = neighbours(volume, i).all(|j| samples[j] <= samples[i]);
        if is_peak && neighbours(volume, i).filter(lit).count() < LIT {
            hot.insert(i);
            hot.extend(neighbours(volume, i).filter(lit));
        }
    }
    if hot.is_empty() {
        return Ok((volume.clone(), 0));
    }
    let mut clean = samples.to_vec();
    for &i in &hot {
        let mut near: Vec<i32> = neighbours(volume, i).map(|i| samples[i]).collect();
        near.sort_unstable();
        clean[i] = near.get(near.len().saturating_sub(1) / 2).copied().unwrap_or(dark);
    }
    Ok((volume.with(Buffer::on_host(clean)), hot.len()))
}

/// Indices of the neighbours in the plane: a hot pixel of a camera is hot in every slice.
fn neighbours(volume: &Volume, i: usize) -> impl Iterator<Item = usize> {
    let shape = volume.shape;
    let [z, y, x] = shape.position(i);
    let rows = y.saturating_sub(1)..(y + 2).min(shape.y);
    let columns = x.saturating_sub(1)..(x + 2).min(shape.x);
    rows.flat_map(move |y| columns.clone().map(move |x| shape.index(z, y, x))).filter(move |j| *j != i)
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;
    use crate::units::Shape;

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

    fn hot(set: &[(usize, i32)]) -> (Volume, usize) {
        let mut volume = field();
        let samples = volume.samples.host_mut().unwrap();
        set.iter().for_each(|(i, s)| samples[*i] = *s);
        without_hot_pixels(&volume).unwrap()
    }

    #[test]
    fn hot_pixels_are_left_out_alone_in_pairs_and_in_every_slice() {
        let clean = field();
        assert_eq!(hot(&[]).1, 0);
        for set in [
            vec![(70, 65_535)],
            vec![(0, i32::MAX)],
            vec![(70, 65_535), (71, 30_000)],
            vec![(70, 9000), (71, 9000), (134, 9000), (135, 9000)],
            vec![(2000, 5000), (2000 + 4096, 5000), (900, 60_000)],
        ] {
            let (volume, n) = hot(&set);
            assert_eq!(n, set.len(), "{set:?}");
            for (a, b) in volume.samples.host().unwrap().iter().zip(clean.samples.host().unwrap()) {
                assert!((a - b).abs() < 100, "{set:?}: {a} for {b}");
            }
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
        assert_eq!(hot(&spot).1, 0);
        assert_eq!(hot(&[(70, 1500)]).1, 0);
    }
}
