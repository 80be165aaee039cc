//! How intensity is spread between the centre and the edge of a 2-D object, as CellProfiler's MeasureObjectIntensityDistribution
//! has it.
//!
//! The centre is the pixel farthest from what is not the object (the first in raster order; the border of the image is no edge, but of an
//! object that leaves nothing of the image, which has no other: CellProfiler measures to a corner there).
//! The distance to it, `c`, is the length of the shortest path of steps to the eight neighbours within the object; `e` is the
//! Euclidean distance to the edge. Rings are `floor(bins c / (c + e + 0.001))`, or, with a radius, `floor(bins c / radius)` and one
//! ring for all that lies beyond. Wedges are told apart by the signs of dy and dx and by which is larger.
//!
//! The family `radial` is the simpler sibling: Euclidean distances to the centre, four rings.

use super::Request;
use super::edt;
use super::family::{Family, Measured, Measurer, Mentions, Objection};
use super::feature::{About, Definition};
use super::geodesic;
use crate::image::Scale;
use crate::simd::{whole_part, wide};
use crate::units::Length;
use crate::{Error, Result};
use serde::Deserialize;
use std::borrow::Cow;

/// Keys of the recipe.
pub(super) const KEYS: &[&str] = &["bins", "radius"];

const WEDGES: usize = 8;
const MOST_BINS: usize = 100;
const NO_RING: u32 = u32::MAX;

/// Radial distribution of each channel.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RadialDistribution {
    /// How many rings.
    pub bins: usize,
    /// Rings of equal width up to here; each object is divided from its centre to its edge if absent.
    pub radius: Option<Length>,
}

impl Default for RadialDistribution {
    fn default() -> Self {
        RadialDistribution { bins: 4, radius: None }
    }
}

/// How rings are told apart.
#[derive(Clone, Copy)]
struct Rings {
    bins: usize,
    /// In pixels; from the centre to the edge if absent.
    radius: Option<f64>,
}

/// Ring times eight plus wedge of each pixel of the object, in raster order; nothing for pixels that no path leads to.
fn places(of: &Measured, rings: Rings) -> Vec<u32> {
    let object = &of.object;
    let fills_image = object.extent.n as usize == object.shape.len();
    let is_cut = object.touches_border() && !fills_image;
    let edge = if is_cut { Cow::Owned(edt::inside_image(object)) } else { of.inside() };
    let (cells, width) = (&edge.cells, edge.width);
    let Some(most) = cells.iter().max() else { return vec![] };
    let centre = cells.iter().position(|d| d == most).unwrap_or(0);
    let (cy, cx) = (centre / width, centre % width);
    let lengths = geodesic::lengths(&of.bits(), width, [cy, cx]);
    let (mut all, mut row) = (Vec::with_capacity(object.extent.n as usize), vec![0; width]);
    object.each_framed_run(|_, y, x0, x1| {
        // Whole blocks of the row: what is left of a run would be done pixel by pixel.
        let (first, end) = (x0 / BLOCK * BLOCK, x1.next_multiple_of(BLOCK).min(width));
        let cells = &cells[y * width + first..y * width + end];
        let lengths = &lengths[y * width + first..y * width + end];
        let from = [y as i32 - cy as i32, first as i32 - cx as i32];
        place(&mut row[first..end], lengths, cells, from, rings);
        all.extend_from_slice(&row[x0..x1]);
    });
    all
}

/// Pixels of a row that are taken together.
const BLOCK: usize = 8;

wide! {
    /// Of the pixels of a part of a row, the first of them y and x from the centre.
    fn place(out: &mut [u32], lengths: &[f64], edge: &[u32], from: [i32; 2], rings: Rings) {
        let (bins, last) = (rings.bins as f64, (rings.bins - usize::from(rings.radius.is_none())) as f64);
        let dy = from[0];
        for (k, (out, (&c, &edge))) in out.iter_mut().zip(lengths.iter().zip(edge)).enumerate() {
            let e = f64::from(edge as i32);
            let whole = match rings.radius {
                Some(radius) => radius,
                None => c + e.sqrt() + 0.001,
            };
            // What lies outside of the object has a length below 0, and may have no ring at all.
            let ring = c / whole * bins;
            let ring = if ring > 0.0 { ring } else { 0.0 };
            let ring = whole_part(if ring < last { ring } else { last });
            let dx = from[1] + k as i32;
            let wedge = i32::from(dy > 0) + 2 * i32::from(dx > 0) + 4 * i32::from(dy.abs() > dx.abs());
            *out = if c == f64::INFINITY { NO_RING } else { (ring * WEDGES as i32 + wedge) as u32 };
        }
    }
}

/// Pixels and sum of samples by ring and wedge.
struct Cells(Vec<(u64, i64)>);

impl Cells {
    fn of(samples: &[i32], places: &[u32], rings: usize) -> Self {
        let mut cells = vec![(0, 0); rings * WEDGES];
        // Neighbours mostly go to the same place: counted in turn in two cells, they do not wait for each other.
        let mut others = cells.clone();
        let add = |all: &mut [(u64, i64)], s: i32, place: u32| {
            if let Some(cell) = all.get_mut(place as usize) {
                *cell = (cell.0 + 1, cell.1 + i64::from(s));
            }
        };
        for (samples, places) in samples.chunks(2).zip(places.chunks(2)) {
            add(&mut cells, samples[0], places[0]);
            if let ([_, s], [_, place]) = (samples, places) {
                add(&mut others, *s, *place);
            }
        }
        cells.iter_mut().zip(others).for_each(|(cell, other)| *cell = (cell.0 + other.0, cell.1 + other.1));
        Cells(cells)
    }

    /// Share of the total, that over the share of the pixels, and variation between wedges, ring by ring.
    fn values(&self, scale: Scale) -> Vec<Option<f64>> {
        let total = |cells: &[(u64, i64)]| {
            let n = cells.iter().map(|c| c.0).sum::<u64>() as f64;
            (n, cells.iter().map(|c| c.1).sum::<i64>() as f64 * scale.factor() + n * scale.offset())
        };
        let (all, sum) = total(&self.0);
        let of_ring = |ring: &[(u64, i64)]| {
            let (n, here) = total(ring);
            let share = (sum > 0.0).then(|| here / sum);
            let mean = share.filter(|_| n > 0.0).map(|share| share / (n / all));
            let means: Vec<f64> = ring.iter().filter(|c| c.0 > 0).map(|c| total(&[*c])).map(|(n, s)| s / n).collect();
            let wedges = means.len() as f64;
            let middle = means.iter().sum::<f64>() / wedges;
            let variance = means.iter().map(|m| (m - middle) * (m - middle)).sum::<f64>() / wedges;
            [share, mean, (middle > 0.0).then(|| variance.sqrt() / middle)]
        };
        self.0.chunks(WEDGES).flat_map(of_ring).collect()
    }
}

const KINDS: [(&str, &str, &str, &str); 3] = [
    (
        "frac_at_d",
        "Share of the object's total intensity",
        "CellProfiler:RadialDistribution_FracAtD",
        "2-D only, and only for a positive total",
    ),
    (
        "mean_frac",
        "Share of the total intensity over the share of the pixels",
        "CellProfiler:RadialDistribution_MeanFrac",
        "2-D only, and only for a positive total and rings with pixels",
    ),
    (
        "radial_cv",
        "Coefficient of variation of the mean intensities of eight wedges",
        "CellProfiler:RadialDistribution_RadialCV",
        "2-D only, and only for rings with a positive total",
    ),
];

impl RadialDistribution {
    fn rings(&self) -> usize {
        self.bins + usize::from(self.radius.is_some())
    }
}

impl Family for RadialDistribution {
    fn channel_columns(&self, about: &About) -> Vec<Definition> {
        let (bins, channel) = (self.bins, about.channel.map_or(String::new(), |c| format!("_{c}")));
        let of_ring = |ring: usize| {
            let channel = channel.clone();
            let (end, place) = match self.radius {
                Some(radius) if ring == bins => {
                    ("overflow".into(), format!("in what lies beyond {radius} of the centre"))
                }
                Some(radius) => (
                    format!("{}of{bins}", ring + 1),
                    format!("in ring {} of {bins} up to {radius} from the centre along paths in the object", ring + 1),
                ),
                None => (
                    format!("{}of{bins}", ring + 1),
                    format!("in ring {} of {bins} from the centre to the edge along paths in the object", ring + 1),
                ),
            };
            KINDS.map(|(name, what, standard, empty)| Definition {
                name: format!("radial_distribution_{name}_{end}{channel}"),
                unit: "1".into(),
                type_name: "real",
                definition: format!("{what} {place}"),
                standard: standard.into(),
                empty,
            })
        };
        (0..self.rings()).flat_map(of_ring).collect()
    }

    fn begin<'a>(&'a self, request: &'a Request<'a>) -> Result<Measurer<'a>> {
        self.check(&[]).map_err(|o| Error::usage(o.what).remedy(o.remedy))?;
        let radius = self.radius.map(|r| r.px(&request.ruler())).transpose()?;
        Ok(Box::new(move |of, values| {
            let is_wanted = of.is_flat() && !request.channels.is_empty();
            let places = is_wanted.then(|| places(of, Rings { bins: self.bins, radius }));
            for (channel, samples) in of.channels() {
                match &places {
                    Some(places) => {
                        values.reals(Cells::of(&samples, places, self.rings()).values(channel.volume.scale));
                    }
                    None => values.reals(vec![None; self.rings() * KINDS.len()]),
                }
            }
            Ok(())
        }))
    }

    fn mentions(&self) -> Mentions<'_> {
        Mentions { lengths: self.radius.iter().map(|r| ("radius", *r)).collect(), ..Mentions::default() }
    }

    fn check(&self, _: &[&str]) -> std::result::Result<(), Objection> {
        let wrong = |key, what: String, remedy: &str| Err(Objection { key, what, remedy: remedy.into() });
        if !(1..=MOST_BINS).contains(&self.bins) {
            return wrong("bins", format!("{} rings", self.bins), "bins = 4, up to 100");
        }
        match self.radius {
            Some(Length::Px(v) | Length::Um(v) | Length::Mm(v) | Length::R(v)) if !(v > 0.0 && v.is_finite()) => {
                wrong("radius", "rings without a width".into(), "radius = \"20 px\"")
            }
            _ => Ok(()),
        }
    }
}
