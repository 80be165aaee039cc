//! Granularity: which part of an object's intensity goes as bright structures of growing size are taken away (Ravkin), as
//! CellProfiler's MeasureGranularity has it.
//!
//! On a coarser grid the background (an opening by a large disc, on a still coarser grid) is subtracted. Then the image is eroded
//! by one cell, again and again; after each erosion what is left is grown back under the image (reconstruction), and the mean of
//! that over the object, interpolated back to the image's pixels, is compared with the one before. The first step holds
//! the background as well, because the first mean is that of the image as it is.
//!
//! The image is gone over once a channel, whatever the number of objects; an object is a list of cells with weights. All of it is
//! in 64-bit floating point on the host, each number worked out by one thread in a fixed order.

mod grid;
mod morphology;

use super::family::{Family, Measurer, Needs, Objection};
use super::feature::{About, Definition};
use super::object::Object;
use super::{ChannelRef, Request};
use crate::image::ObjectRun;
use crate::ops::extent::extents;
use crate::simd::{wide, zeros};
use crate::{Error, Result};
use grid::{Places, Plane, weights};
use morphology::{LANES, Lanes, open, openings};
use rayon::prelude::*;
use serde::Deserialize;

/// Keys of the recipe.
pub(super) const KEYS: &[&str] = &["spectrum", "subsample", "background", "radius"];

/// Granularity of each channel.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Granularity {
    /// How many sizes.
    pub spectrum: usize,
    /// Cells of the grid for a pixel of the image, along each axis: 1 for the image itself.
    pub subsample: f64,
    /// Cells of the grid of the background for one of that grid.
    pub background: f64,
    /// Of the disc that the background is opened by, in cells of its grid.
    pub radius: usize,
}

impl Default for Granularity {
    fn default() -> Self {
        Granularity { spectrum: 16, subsample: 0.25, background: 0.25, radius: 10 }
    }
}

const MOST_SIZES: usize = 100;
const LARGEST_RADIUS: usize = 500;
/// Bytes of a cell: the image, its background, two eroded images, and one for each size at work.
const CELL_BYTES: f64 = 8.0 * (4 + LANES) as f64;

const EMPTY: &str = "2-D only, and only where the mean is positive and the coarser grid has two rows and columns";

/// What an object is made of on the coarser grid.
struct Made {
    n: f64,
    cells: Vec<(u32, f64)>,
}

impl Made {
    fn mean(&self, image: &[Lanes]) -> Lanes {
        let mut sums = [0.0; LANES];
        add_weighted(&mut sums, &self.cells, image);
        sums.map(|sum| sum / self.n)
    }
}

wide! {
    /// Adds cells of images, each with its weight.
    fn add_weighted(sums: &mut Lanes, cells: &[(u32, f64)], image: &[Lanes]) {
        for &(i, weight) in cells {
            sums.iter_mut().zip(image[i as usize]).for_each(|(sum, value)| *sum += value * weight);
        }
    }
}

/// A channel on the coarser grid, without what is smaller than one size after the other.
struct Openings {
    foreground: Plane,
    eroded: Plane,
    /// As many sizes as there are lanes. Used again for the next ones: fresh memory would cost as much as the work on it.
    cells: Vec<Lanes>,
}

impl Openings {
    /// Those of the first sizes.
    fn first(foreground: Plane) -> Self {
        let cells = zeros(foreground.cells.len());
        let mut first = Openings { eroded: foreground.clone(), foreground, cells };
        first.go_on();
        first
    }

    /// Those of the next sizes.
    fn go_on(&mut self) {
        openings(&mut self.eroded, &mut self.cells, &self.foreground);
    }
}

impl Granularity {
    fn size(&self, shape: [usize; 2]) -> [usize; 2] {
        if self.subsample < 1.0 { shape.map(|n| (n as f64 * self.subsample) as usize) } else { shape }
    }

    /// An image of that size with these values on the coarser grid, without its background.
    fn foreground(&self, image: [usize; 2], value: impl Fn(usize) -> f64) -> Plane {
        let size = self.size(image);
        let mut plane = if self.subsample < 1.0 {
            let [rows, columns] = [0, 1].map(|a| Places::sparse(size[a], self.subsample, image[a]));
            Plane::between(image, value, [&rows, &columns])
        } else {
            Plane { size, cells: (0..size[0] * size[1]).map(value).collect() }
        };
        let background = if self.background < 1.0 {
            // So many cells of the grid of the background as begin within the image; the image ends within the last one.
            let ends = size.map(|n| n as f64 * self.background);
            let [rows, columns] = [0, 1].map(|a| Places::sparse(ends[a].ceil() as usize, self.background, size[a]));
            let opened = open(&plane.at([&rows, &columns]), self.radius);
            let [rows, columns] = [0, 1].map(|a| Places::stretched(size[a], (ends[a] - 1.0).max(0.0), opened.size[a]));
            opened.at([&rows, &columns])
        } else {
            open(&plane, self.radius)
        };
        for (value, background) in plane.cells.iter_mut().zip(&background.cells) {
            *value = (*value - background).max(0.0);
        }
        plane
    }

    /// The first openings of a channel.
    fn open(&self, channel: &ChannelRef) -> Result<Openings> {
        let (shape, samples) = (channel.volume.shape, channel.volume.samples.host()?);
        let value = |i: usize| channel.volume.scale.value(f64::from(samples[i]));
        Ok(Openings::first(self.foreground([shape.y, shape.x], value)))
    }

    /// The spectrum of each object from the openings of a channel and the objects' means in it.
    fn spectrum(&self, mut openings: Openings, made: &[Made], starts: &[f64]) -> Vec<Vec<Option<f64>>> {
        let mut means: Vec<Vec<f64>> = vec![starts.to_vec()];
        for first in (0..self.spectrum).step_by(LANES) {
            if first > 0 {
                openings.go_on();
            }
            let lanes: Vec<Lanes> = made.par_iter().map(|made| made.mean(&openings.cells)).collect();
            let sizes = 0..LANES.min(self.spectrum - first);
            means.extend(sizes.map(|k| lanes.iter().map(|lanes| lanes[k]).collect()));
        }
        let spectrum = |i: usize| {
            let lost = |pair: &[Vec<f64>]| (starts[i] > 0.0).then(|| (pair[0][i] - pair[1][i]) * 100.0 / starts[i]);
            means.windows(2).map(lost).collect()
        };
        (0..made.len()).map(spectrum).collect()
    }

    /// The spectra of all objects, channel after channel.
    fn spectra(&self, request: &Request) -> Result<Vec<Vec<Vec<Option<f64>>>>> {
        let shape = request.labels.shape;
        let size = self.size([shape.y, shape.x]);
        if !shape.is_flat() || size[0] < 2 || size[1] < 2 {
            return Ok(vec![vec![]; request.channels.len()]);
        }
        let stretched = |count: usize, cells: usize| Places::stretched(count, (cells - 1) as f64, cells);
        let (rows, columns) = (stretched(shape.y, size[0]), stretched(shape.x, size[1]));
        let found = extents(request.labels)?;
        let object = |i: usize| Object::new(request.labels, i as u32 + 1, found[i]);
        let of_object = |i: usize| {
            let cells = weights(&object(i)?, [&rows, &columns], size);
            Ok(Made { n: found[i].n as f64, cells })
        };
        let make = || (0..found.len()).into_par_iter().map(of_object).collect::<Result<Vec<_>>>();
        // One thread can open the first channel while others look at the objects.
        let (made, first) = rayon::join(make, || request.channels.first().map(|channel| self.open(channel)));
        let (made, mut first) = (made?, first.transpose()?);
        let of_channel = |channel: &ChannelRef| {
            let image = channel.volume.samples.host()?;
            let start = |i: usize| {
                let object = object(i)?;
                let of_run = |run: &ObjectRun| image[run.voxels(shape.x)].iter().map(|&s| i64::from(s)).sum::<i64>();
                let sum = object.runs().iter().map(of_run).sum::<i64>() as f64;
                Ok(if found[i].n > 0 { channel.volume.scale.value(sum / found[i].n as f64) } else { 0.0 })
            };
            let starts = (0..found.len()).into_par_iter().map(start).collect::<Result<Vec<_>>>()?;
            let openings = first.take().map_or_else(|| self.open(channel), Ok)?;
            Ok(self.spectrum(openings, &made, &starts))
        };
        request.channels.iter().map(of_channel).collect()
    }
}

impl Family for Granularity {
    fn channel_columns(&self, about: &About) -> Vec<Definition> {
        let channel = about.channel.map_or(String::new(), |c| format!("_{c}"));
        let of_size = |k: usize| Definition {
            name: format!("granularity_{k}{channel}"),
            unit: "%".into(),
            type_name: "real",
            definition: format!(
                "Part of the object's mean that goes with bright structures that erosion {k} takes away (grid {}, background {}, \
                 radius {})",
                self.subsample, self.background, self.radius
            ),
            standard: "CellProfiler:Granularity".into(),
            empty: EMPTY,
        };
        (1..=self.spectrum).map(of_size).collect()
    }

    fn begin<'a>(&'a self, request: &'a Request<'a>) -> Result<Measurer<'a>> {
        self.check(&[]).map_err(|o| Error::usage(o.what).remedy(o.remedy))?;
        let spectra = self.spectra(request)?;
        Ok(Box::new(move |of, values| {
            for spectra in &spectra {
                match spectra.get(of.object.label as usize - 1) {
                    Some(spectrum) => values.reals(spectrum.iter().copied()),
                    None => values.reals(vec![None; self.spectrum]),
                }
            }
            Ok(())
        }))
    }

    fn needs(&self) -> Needs {
        let cells = if self.subsample < 1.0 { self.subsample * self.subsample } else { 1.0 };
        Needs { voxel_bytes: (CELL_BYTES * cells).ceil() as u64, whole_image: true, ..Needs::default() }
    }

    fn check(&self, _: &[&str]) -> std::result::Result<(), Objection> {
        let wrong = |key, what: String, remedy: &str| Err(Objection { key, what, remedy: remedy.into() });
        if !(1..=MOST_SIZES).contains(&self.spectrum) {
            return wrong("spectrum", format!("{} sizes", self.spectrum), "spectrum = 16, up to 100");
        }
        for (key, factor) in [("subsample", self.subsample), ("background", self.background)] {
            if !(factor > 0.0 && factor <= 1.0) {
                return wrong(key, format!("a grid of {factor} cells for one"), &format!("{key} = 0.25, up to 1"));
            }
        }
        if !(1..=LARGEST_RADIUS).contains(&self.radius) {
            return wrong("radius", format!("a disc of {} cells", self.radius), "radius = 10, up to 500");
        }
        Ok(())
    }
}
