//! What was drawn into a channel: scale bars, as programs burn them into pictures that they export, and lines of a detector.
//!
//! Light ends softly, also where it is saturated. So a rectangle that has the greatest sample of the channel in each of its pixels, none of it
//! right beside it and only noise below the middle around it, is no light. Letters are not told: parts of them are as irregular as
//! anything. A mask has no noise around its rectangles, and is left alone.

use super::faults::median;
use crate::Result;
use crate::device::{Buffer, Device};
use crate::image::{Mask, Modality, ObjectRun, Volume};
use crate::ops::label::{Connectivity, label};
use crate::units::Shape;
use rayon::prelude::*;
use std::ops::Range;

/// A rectangle has so many pixels, and so many along its longer side.
const PIXELS: usize = 16;
const LONG: usize = 10;
/// Where more of the image than one in so many has the greatest sample, it is saturated.
const ONE_IN: usize = 20;
/// Of the pixels around a rectangle one in so many is unlike the first: they have noise.
const UNLIKE: usize = 4;
/// Samples that are looked at at once.
const CHUNK: usize = 1 << 14;

/// A warning where something was drawn into a channel of a camera.
///
/// # Errors
/// The channel is not on the host, or too large for labels.
pub(super) fn warning(volume: &Volume, modality: Modality) -> Result<Option<String>> {
    let (shape, samples) = (volume.shape, volume.samples.host()?);
    let (most, n) = greatest(samples);
    if modality != Modality::Fluorescence || n < PIXELS || n > samples.len() / ONE_IN {
        return Ok(None);
    }
    let voxels = samples.par_iter().map(|s| u8::from(*s == most)).collect();
    let pieces = label(&Device::Cpu, &Mask { shape, voxels: Buffer::on_host(voxels) }, Connectivity::Face)?;
    let runs = pieces.runs()?;
    let middle = i64::from(median(samples).unwrap_or(most));
    let is_dark = |s: i32| 2 * (i64::from(s) - middle) < i64::from(most) - middle;
    let drawn: Vec<Extent> = (1..=pieces.count)
        .filter_map(|piece| Extent::of_rectangle(shape, runs.of(piece)))
        .filter(|extent| {
            let around = extent.around(shape, samples);
            let unlike = around.iter().filter(|s| **s != around[0]).count();
            around.iter().all(|s| is_dark(*s)) && unlike * UNLIKE >= around.len()
        })
        .collect();
    Ok(drawn.first().map(|first| {
        format!(
            "{} of the one value {} with sharp rims ({} x {} px at x {}, y {}) {} no light: drawn into the channel, as a scale bar is, or \
             lines of a detector; they count as bright objects, and so may letters beside them: use the channel as it was recorded",
            if drawn.len() == 1 { "a rectangle".into() } else { format!("{} rectangles", drawn.len()) },
            volume.scale.value(f64::from(most)),
            first.x.len(),
            first.y.len(),
            first.x.start,
            first.y.start,
            if drawn.len() == 1 { "is" } else { "(the first) are" }
        )
    }))
}

/// The greatest sample, and how many there are, in one look at each.
fn greatest(samples: &[i32]) -> (i32, usize) {
    let of = |chunk: &[i32]| {
        let most = chunk.iter().copied().max().unwrap_or(i32::MIN);
        (most, chunk.iter().filter(|s| **s == most).count())
    };
    samples.par_chunks(CHUNK).map(of).reduce(
        || (i32::MIN, 0),
        |a, b| match a.0.cmp(&b.0) {
            std::cmp::Ordering::Less => b,
            std::cmp::Ordering::Equal => (a.0, a.1 + b.1),
            std::cmp::Ordering::Greater => a,
        },
    )
}

/// Where a rectangle lies, slice by slice the same.
struct Extent {
    z: Range<usize>,
    y: Range<usize>,
    x: Range<usize>,
}

impl Extent {
    /// That of an object that fills its box and is large enough.
    fn of_rectangle(shape: Shape, runs: &[ObjectRun]) -> Option<Self> {
        let mut rows = runs.iter().map(|run| (run.row as usize / shape.y, run.row as usize % shape.y));
        let (first, last) = (rows.clone().next()?, rows.next_back()?);
        let x = runs.first()?.start as usize..runs.first()?.end as usize;
        let extent = Extent { z: first.0..last.0 + 1, y: first.1..last.1 + 1, x };
        let is_whole = runs.len() == extent.z.len() * extent.y.len()
            && runs.iter().all(|run| (run.start as usize, run.end as usize) == (extent.x.start, extent.x.end));
        let (height, width) = (extent.y.len(), extent.x.len());
        (is_whole && height * width >= PIXELS && height.max(width) >= LONG).then_some(extent)
    }

    /// The samples around it, in its planes.
    fn around(&self, shape: Shape, samples: &[i32]) -> Vec<i32> {
        let rows = self.y.start.saturating_sub(1)..(self.y.end + 1).min(shape.y);
        let columns = self.x.start.saturating_sub(1)..(self.x.end + 1).min(shape.x);
        let mut around = vec![];
        for z in self.z.clone() {
            for y in rows.clone() {
                let beside = columns.clone().filter(|x| !(self.y.contains(&y) && self.x.contains(x)));
                around.extend(beside.map(|x| samples[shape.index(z, y, x)]));
            }
        }
        around
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics: fields with noise, and what a program or a camera leaves in them.
    use super::*;

    const SHAPE: Shape = Shape { z: 2, y: 60, x: 80 };

    /// Noise around 100, and in each slice what `drawn` says in its place.
    fn said(drawn: impl Fn(usize, usize, i32) -> i32) -> Option<String> {
        let sample = |i: usize| {
            let [_, y, x] = SHAPE.position(i);
            drawn(y, x, 100 + (i * 7919 % 13) as i32)
        };
        let volume = Volume::new(SHAPE, (0..SHAPE.len()).map(sample).collect()).unwrap();
        warning(&volume, Modality::Fluorescence).unwrap()
    }

    #[test]
    fn a_bar_and_a_line_are_told_with_their_place() {
        let bar = said(|y, x, ground| if (50..54).contains(&y) && (60..78).contains(&x) { 255 } else { ground });
        assert!(bar.unwrap().contains("a rectangle of the one value 255 with sharp rims (18 x 4 px at x 60, y 50) is"));
        let lines = said(|_, x, ground| if x == 0 || x == 40 { 4095 } else { ground });
        assert!(lines.unwrap().contains("2 rectangles of the one value 4095 with sharp rims (1 x 60 px at x 0, y 0)"));
    }

    #[test]
    fn light_masks_and_noise_are_not() {
        // A disc that is saturated, as optics draw it, and the same with a square as sharp as one pixel can be.
        let disc = |y: usize, x: usize| (y as f64 - 30.0).hypot(x as f64 - 40.0);
        assert_eq!(said(|y, x, ground| (ground + (2000.0 * libm::exp(-disc(y, x) / 8.0)) as i32).min(1000)), None);
        assert_eq!(said(|y, x, ground| if disc(y, x) < 9.0 { 1000 } else { ground }), None);
        assert_eq!(said(|y, x, _| i32::from((20..40).contains(&y) && (20..40).contains(&x))), None);
        // Too small for a bar, beside a row of hot pixels.
        assert_eq!(said(|y, x, ground| if y == 9 && (20..29).contains(&x) { 9000 } else { ground }), None);
        assert_eq!(said(|_, _, ground| ground), None);
    }
}
