//! What CellProfiler's MeasureObjectIntensity says beyond the family `intensity`: the edge in full, where the centre of intensity
//! and the brightest voxel lie, and its quartiles.
//!
//! CellProfiler's quartiles lie at n q of the n sorted values, not at (n - 1) q, and its "MAD" at n / 2 of the sorted deviations
//! from its median (n / 3 for volumes). They are exact up to one division and one scaling.

use super::Request;
use super::family::{Family, Measured, Measurer, define};
use super::feature::{About, CHANNEL_UNIT, Definition, Feature, Get};
use super::intensity::Totals;
use super::moments::Moments;
use super::object::Object;
use super::order::{self, Sums};
use crate::Result;
use crate::image::Scale;
use serde::Deserialize;

/// What the features are computed from.
#[derive(Clone, Debug)]
pub struct Facts {
    edge: Sums,
    edge_ends: Option<[i32; 2]>,
    /// z, y, x in the image.
    centre: Option<[f64; 3]>,
    brightest: Option<[usize; 3]>,
    is_solid: bool,
    /// Samples at n q for q of 1/4, 1/2, 3/4.
    at_nq: [Option<f64>; 3],
    mad: Option<f64>,
    scale: Scale,
}

impl Facts {
    fn of(of: &Measured, totals: &Totals, [samples, sorted]: [&[i32]; 2], scale: Scale) -> Self {
        let object = &of.object;
        let at_nq = [1, 2, 3].map(|k| at(sorted, k * sorted.len(), 4));
        Facts {
            edge: totals.edge,
            edge_ends: totals.edge_ends,
            centre: centre(object, &of.moments, totals, scale),
            brightest: brightest(object, samples),
            is_solid: !object.shape.is_flat(),
            mad: at_nq[1].and_then(|median| deviation(sorted, median, if object.shape.is_flat() { 2 } else { 3 })),
            at_nq,
            scale,
        }
    }

    fn value(&self, sample: Option<f64>) -> Option<f64> {
        sample.map(|s| self.scale.value(s))
    }
}

/// The value at `num / den` of the sorted samples counted from 0, linear between neighbours; the last one beyond it.
fn at(sorted: &[i32], num: usize, den: usize) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let (k, rest) = if num / den > last { (last, 0) } else { (num / den, (num % den) as i64) };
    let (low, high) = (i64::from(sorted[k]), i64::from(sorted[(k + 1).min(last)]));
    Some((low * den as i64 + (high - low) * rest) as f64 / den as f64)
}

/// The deviation from the median at 1 / `part` of the sorted deviations.
fn deviation(sorted: &[i32], median: f64, part: usize) -> Option<f64> {
    // Quarters of samples are whole numbers.
    let away = |k: usize| order::deviation(sorted, 4, (median * 4.0) as i64, k);
    let last = sorted.len().checked_sub(1)?;
    let (k, rest) = (sorted.len() / part, sorted.len() % part);
    let (k, rest) = if k > last { (last, 0) } else { (k, rest) };
    let (low, high) = (away(k)?, away((k + 1).min(last))?);
    Some((low as f64 * (part - rest) as f64 + high as f64 * rest as f64) / (4.0 * part as f64))
}

/// Mean place of the voxels, each counted with its value; nothing where the total is 0.
fn centre(object: &Object, moments: &Moments, totals: &Totals, scale: Scale) -> Option<[f64; 3]> {
    let (lo, Totals { sums, weighted, .. }) = (object.extent.lo, totals);
    let total = |n: i128, sum: i128| sum as f64 * scale.factor() + n as f64 * scale.offset();
    let all = total(sums.n, sums.sum);
    (all != 0.0).then(|| std::array::from_fn(|a| lo[a] as f64 + total(moments.first[a], weighted[a]) / all))
}

/// The first voxel in raster order with the largest sample.
fn brightest(object: &Object, samples: &[i32]) -> Option<[usize; 3]> {
    let top = samples.iter().max()?;
    let mut rest = samples.iter().position(|s| s == top)?;
    for run in object.runs() {
        let [z, y, x0, x1] = object.place(run);
        if rest < x1 - x0 {
            return Some([z, y, x0 + rest]);
        }
        rest -= x1 - x0;
    }
    None
}

/// Details of intensity in each channel.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntensityDetails {}

impl Family for IntensityDetails {
    fn channel_columns(&self, about: &About) -> Vec<Definition> {
        define(FEATURES, about)
    }

    fn begin<'a>(&'a self, _: &'a Request<'a>) -> Result<Measurer<'a>> {
        Ok(Box::new(|of, values| {
            for (k, (channel, samples)) in of.channels().enumerate() {
                let totals = of.totals(k, channel.volume.samples.host()?, &samples);
                let facts = Facts::of(of, &totals, [&samples, &of.sorted(k, &samples)], channel.volume.scale);
                values.put(FEATURES, Some(&facts));
            }
            Ok(())
        }))
    }
}

const NO_EDGE: &str = "the object fills the whole image";
const NO_TOTAL: &str = "the total intensity is 0";

const fn of_edge(
    name: &'static str,
    definition: &'static str,
    standard: &'static str,
    get: fn(&Facts) -> Option<f64>,
) -> Feature<Facts> {
    Feature { name, unit: CHANNEL_UNIT, definition, standard, empty: NO_EDGE, get: Get::Real(get) }
}

const fn place(
    name: &'static str,
    definition: &'static str,
    empty: &'static str,
    get: fn(&Facts) -> Option<f64>,
) -> Feature<Facts> {
    let standard = "CellProfiler:Location_CenterMassIntensity";
    Feature { name, unit: "px", definition, standard, empty, get: Get::Real(get) }
}

const fn brightest_at(
    name: &'static str,
    definition: &'static str,
    empty: &'static str,
    get: fn(&Facts) -> Option<i64>,
) -> Feature<Facts> {
    let standard = "CellProfiler:Location_MaxIntensity";
    Feature { name, unit: "px", definition, standard, empty, get: Get::Int(get) }
}

const fn at_nq(
    name: &'static str,
    definition: &'static str,
    standard: &'static str,
    get: fn(&Facts) -> Option<f64>,
) -> Feature<Facts> {
    Feature { empty: "", ..of_edge(name, definition, standard, get) }
}

/// Details of intensity in a channel.
pub const FEATURES: &[Feature<Facts>] = &[
    of_edge(
        "intensity_edge_integrated",
        "Sum over the voxels of the edge",
        "CellProfiler:Intensity_IntegratedIntensityEdge",
        |f| f.value(f.edge.mean()).map(|mean| mean * f.edge.n as f64),
    ),
    of_edge(
        "intensity_edge_std",
        "Standard deviation of the edge, divided by n",
        "CellProfiler:Intensity_StdIntensityEdge",
        |f| f.edge.std().map(|s| s * f.scale.factor()),
    ),
    of_edge("intensity_edge_min", "Smallest value of the edge", "CellProfiler:Intensity_MinIntensityEdge", |f| {
        f.value(f.edge_ends.map(|e| f64::from(e[0])))
    }),
    of_edge("intensity_edge_max", "Largest value of the edge", "CellProfiler:Intensity_MaxIntensityEdge", |f| {
        f.value(f.edge_ends.map(|e| f64::from(e[1])))
    }),
    place("intensity_centre_y_px", "Row of the centre of intensity; the centre of the first row is 0", NO_TOTAL, |f| {
        f.centre.map(|c| c[1])
    }),
    place(
        "intensity_centre_x_px",
        "Column of the centre of intensity; the centre of the first column is 0",
        NO_TOTAL,
        |f| f.centre.map(|c| c[2]),
    ),
    place(
        "intensity_centre_z_px",
        "Slice of the centre of intensity; the centre of the first slice is 0",
        "defined for 3-D images only, where the total intensity is not 0",
        |f| f.centre.map(|c| c[0]).filter(|_| f.is_solid),
    ),
    brightest_at("intensity_max_y_px", "Row of the first voxel with the largest value", "", |f| {
        f.brightest.map(|b| b[1] as i64)
    }),
    brightest_at("intensity_max_x_px", "Column of the first voxel with the largest value", "", |f| {
        f.brightest.map(|b| b[2] as i64)
    }),
    brightest_at(
        "intensity_max_z_px",
        "Slice of the first voxel with the largest value",
        "defined for 3-D images only",
        |f| f.brightest.map(|b| b[0] as i64).filter(|_| f.is_solid),
    ),
    at_nq(
        "intensity_quartile_lower_nq",
        "CellProfiler's lower quartile: at n / 4 of the sorted values counted from 0, linear between \
        neighbours",
        "CellProfiler:Intensity_LowerQuartileIntensity",
        |f| f.value(f.at_nq[0]),
    ),
    at_nq(
        "intensity_median_nq",
        "CellProfiler's median: at n / 2 of the sorted values counted from 0, linear between neighbours",
        "CellProfiler:Intensity_MedianIntensity",
        |f| f.value(f.at_nq[1]),
    ),
    at_nq(
        "intensity_quartile_upper_nq",
        "CellProfiler's upper quartile: at 3 n / 4 of the sorted values counted from 0, linear \
        between neighbours",
        "CellProfiler:Intensity_UpperQuartileIntensity",
        |f| f.value(f.at_nq[2]),
    ),
    at_nq(
        "intensity_mad_nq",
        "CellProfiler's deviation: at n / 2 (3-D: n / 3) of the sorted absolute deviations from \
        intensity_median_nq",
        "CellProfiler:Intensity_MADIntensity",
        |f| f.mad.map(|m| m * f.scale.factor()),
    ),
];
