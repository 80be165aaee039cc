//! How intensity is spread between the centre and the edge of a 2-D object, in four rings (CellProfiler).
//!
//! The centre is the pixel farthest from the outside (the first in raster order). A pixel at distance `c` from the
//! centre and `e` from the outside lies in ring `floor(4 c / (c + e))`, 0 at the centre; eight wedges around the centre
//! are told apart by the signs of dy and dx and by which is larger. Distances are Euclidean on the pixel grid;
//! CellProfiler takes `c` along paths inside the object, which differs where an object is not convex.

use super::Request;
use super::edt;
use super::family::{Family, Measurer, define};
use super::feature::{About, Definition, Feature, Get};
use super::object::Object;
use crate::Result;
use crate::image::Scale;
use serde::Deserialize;

const RINGS: usize = 4;
const WEDGES: usize = 8;

/// Ring times eight plus wedge of each pixel of the object, in raster order.
pub(super) fn places(object: &Object) -> Vec<u8> {
    let edt::Inside { cells: inside, width } = edt::inside(object);
    let mut centre = 0;
    for (i, d) in inside.iter().enumerate() {
        if *d > inside[centre] {
            centre = i;
        }
    }
    let (cy, cx) = ((centre / width) as f64, (centre % width) as f64);
    let pixels = inside.iter().enumerate().filter(|(_, d)| **d > 0);
    pixels
        .map(|(i, d)| {
            let (dy, dx) = ((i / width) as f64 - cy, (i % width) as f64 - cx);
            let (from_centre, to_edge) = ((dy * dy + dx * dx).sqrt(), f64::from(*d).sqrt());
            let ring = (RINGS as f64 * from_centre / (from_centre + to_edge)) as u8;
            let wedge = u8::from(dy > 0.0) + 2 * u8::from(dx > 0.0) + 4 * u8::from(dy.abs() > dx.abs());
            ring.min(RINGS as u8 - 1) * WEDGES as u8 + wedge
        })
        .collect()
}

/// What the radial features are computed from: pixels and sum of samples by ring and wedge.
#[derive(Clone, Debug)]
pub struct Facts {
    cells: [[(u64, i64); WEDGES]; RINGS],
    scale: Scale,
}

impl Facts {
    /// From the samples of an object and their places.
    pub(super) fn of(samples: &[i32], places: &[u8], scale: Scale) -> Self {
        let mut cells = [[(0, 0); WEDGES]; RINGS];
        for (&s, &p) in samples.iter().zip(places) {
            let cell = &mut cells[usize::from(p) / WEDGES][usize::from(p) % WEDGES];
            cell.0 += 1;
            cell.1 += i64::from(s);
        }
        Facts { cells, scale }
    }

    /// Pixels and total of some cells.
    fn total(&self, cells: &[(u64, i64)]) -> (f64, f64) {
        let n = cells.iter().map(|c| c.0).sum::<u64>() as f64;
        let sum = cells.iter().map(|c| c.1).sum::<i64>() as f64;
        (n, sum * self.scale.factor() + n * self.scale.offset())
    }
    fn all(&self) -> Option<(f64, f64)> {
        Some(self.total(self.cells.as_flattened())).filter(|t| t.1 > 0.0)
    }
}

fn fraction<const RING: usize>(f: &Facts) -> Option<f64> {
    f.all().map(|all| f.total(&f.cells[RING]).1 / all.1)
}

fn mean_fraction<const RING: usize>(f: &Facts) -> Option<f64> {
    let (n, _) = f.total(&f.cells[RING]);
    let share = n / f.all()?.0;
    fraction::<RING>(f).filter(|_| n > 0.0).map(|v| v / share)
}

fn variation<const RING: usize>(f: &Facts) -> Option<f64> {
    let there = f.cells[RING].iter().filter(|c| c.0 > 0);
    let means: Vec<f64> = there.map(|c| f.total(&[*c])).map(|(n, sum)| sum / n).collect();
    let n = means.len() as f64;
    let mean = means.iter().sum::<f64>() / n;
    let variance = means.iter().map(|m| (m - mean) * (m - mean)).sum::<f64>() / n;
    (mean > 0.0).then(|| variance.sqrt() / mean)
}

const EMPTY: &str = "2-D only, and only for a positive total and rings with pixels";

const fn at(name: &'static str, get: fn(&Facts) -> Option<f64>) -> Feature<Facts> {
    Feature {
        name,
        unit: "1",
        definition: "Share of the object's total intensity in this ring of four, from the centre to the edge",
        standard: "CellProfiler:RadialDistribution_FracAtD",
        empty: EMPTY,
        get: Get::Real(get),
    }
}

const fn mean(name: &'static str, get: fn(&Facts) -> Option<f64>) -> Feature<Facts> {
    Feature {
        name,
        unit: "1",
        definition: "Share of the total intensity in this ring over the ring's share of the pixels",
        standard: "CellProfiler:RadialDistribution_MeanFrac",
        empty: EMPTY,
        get: Get::Real(get),
    }
}

const fn cv(name: &'static str, get: fn(&Facts) -> Option<f64>) -> Feature<Facts> {
    Feature {
        name,
        unit: "1",
        definition: "Coefficient of variation of the mean intensities of the eight wedges of this ring",
        standard: "CellProfiler:RadialDistribution_RadialCV",
        empty: EMPTY,
        get: Get::Real(get),
    }
}

/// Radial distribution of each channel.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Radial {}

impl Family for Radial {
    fn channel_columns(&self, about: &About) -> Vec<Definition> {
        define(FEATURES, about)
    }
    fn begin<'a>(&'a self, request: &'a Request<'a>) -> Result<Measurer<'a>> {
        let is_wanted = !request.channels.is_empty();
        Ok(Box::new(move |of, values| {
            let places = (of.is_flat() && is_wanted).then(|| places(&of.object));
            for (channel, samples) in of.channels() {
                let facts = places.as_ref().map(|p| Facts::of(&samples, p, channel.volume.scale));
                values.put(FEATURES, facts.as_ref());
            }
            Ok(())
        }))
    }
}

/// Radial distribution in a channel.
pub const FEATURES: &[Feature<Facts>] = &[
    at("radial_fraction_1of4", fraction::<0>),
    at("radial_fraction_2of4", fraction::<1>),
    at("radial_fraction_3of4", fraction::<2>),
    at("radial_fraction_4of4", fraction::<3>),
    mean("radial_mean_fraction_1of4", mean_fraction::<0>),
    mean("radial_mean_fraction_2of4", mean_fraction::<1>),
    mean("radial_mean_fraction_3of4", mean_fraction::<2>),
    mean("radial_mean_fraction_4of4", mean_fraction::<3>),
    cv("radial_cv_1of4", variation::<0>),
    cv("radial_cv_2of4", variation::<1>),
    cv("radial_cv_3of4", variation::<2>),
    cv("radial_cv_4of4", variation::<3>),
];
