//! Intensity of an object in a channel.
//!
//! Sums and order statistics are exact in samples; the channel's scale is applied to the finished number. Quantiles are
//! linear between neighbours, as numpy's default. The standard deviation divides by n, as scikit-image's.

use super::bits::{Bits, east, west};
use super::family::{Family, Measured, Measurer, define};
use super::feature::{About, CHANNEL_UNIT, Definition, Feature, Get};
use super::moments::Moments;
use super::object::Object;
use super::order::{self, Sums};
use super::plateau::SHARE_AT_END;
use super::position::NO_CALIBRATION;
use super::{ChannelRef, Request};
use crate::Result;
use crate::image::Scale;
use crate::simd::wide;
use crate::units::Spacing;
use serde::Deserialize;

/// What the intensity features are computed from.
#[derive(Clone, Debug)]
pub struct Facts {
    sums: Sums,
    /// Minimum, lower quartile, median, upper quartile, maximum, in samples.
    ranks: [Option<f64>; 5],
    mad: Option<f64>,
    edge: Sums,
    saturated: Option<u64>,
    /// From the centroid to the centre of intensity in z, y, x, in voxels.
    shift: Option<[f64; 3]>,
    spacing: Option<Spacing>,
    scale: Scale,
}

impl Facts {
    /// Of an object, with its sums and its samples in this channel in raster and in rising order.
    pub(super) fn of(of: &Measured, channel: &ChannelRef, totals: &Totals, [samples, sorted]: [&[i32]; 2]) -> Self {
        let scale = channel.volume.scale;
        Facts {
            sums: totals.sums,
            ranks: [0, 1, 2, 3, 4].map(|k| order::quantile(sorted, k, 4)),
            mad: order::mad(sorted),
            edge: totals.edge,
            saturated: channel.end_of_scale().map(|top| samples.iter().filter(|s| **s >= top).count() as u64),
            shift: shift(&of.moments, totals, &scale),
            spacing: of.spacing,
            scale,
        }
    }

    fn value(&self, sample: Option<f64>) -> Option<f64> {
        sample.map(|s| self.scale.value(s))
    }
    fn width(&self, samples: Option<f64>) -> Option<f64> {
        samples.map(|s| s * self.scale.factor())
    }
    fn total(&self) -> f64 {
        self.sums.sum as f64 * self.scale.factor() + self.sums.n as f64 * self.scale.offset()
    }
    fn displacement(&self, size: [f64; 3]) -> Option<f64> {
        let [z, y, x]: [f64; 3] = self.shift.map(|s| std::array::from_fn(|a| s[a] * size[a]))?;
        Some((z * z + y * y + x * x).sqrt())
    }
}

/// Exact sums of an object in a channel, which both families of intensity look at.
#[derive(Clone, Copy)]
pub(super) struct Totals {
    /// Of all its samples.
    pub sums: Sums,
    /// See [`weighted`].
    pub weighted: [i128; 3],
    /// Of those at its edge.
    pub edge: Sums,
    /// Smallest and largest sample at its edge.
    pub edge_ends: Option<[i32; 2]>,
}

impl Totals {
    /// Of an object with its samples in this image and the voxels of its edge.
    pub fn of(object: &Object, image: &[i32], samples: &[i32], edge: &[usize]) -> Self {
        let edge: Vec<i32> = edge.iter().map(|&i| image[i]).collect();
        let ends = || Some([*edge.iter().min()?, *edge.iter().max()?]);
        let (sums, weighted) = (Sums::of(samples), weighted(object, samples));
        Totals { sums, weighted, edge: Sums::of(&edge), edge_ends: ends() }
    }
}

/// Linear indices of the voxels with a face neighbour in the image that is not the object's, in raster order.
pub(super) fn edge(object: &Object, bits: &Bits) -> Vec<usize> {
    let (shape, lo, size) = (object.shape, object.extent.lo, object.framed_size());
    let frame = usize::from(!shape.is_flat());
    // Places at the border of the image, where there is nothing outside.
    let at_border = |place: usize, is: bool, k: usize| if is && place / 64 == k { 1u64 << (place % 64) } else { 0 };
    // Once round the box of a 2-D object, which most edges are no longer than.
    let mut out = Vec::with_capacity(2 * (size[1] + size[2]));
    for (z, y) in (frame..size[0] - frame).flat_map(|z| (1..size[1] - 1).map(move |y| (z, y))) {
        let at = [z - frame + lo[0], y - 1 + lo[1]];
        let around = [
            (at[0] > 0).then(|| bits.row(z - 1, y)),
            (at[0] + 1 < shape.z).then(|| bits.row(z + 1, y)),
            (at[1] > 0).then(|| bits.row(z, y - 1)),
            (at[1] + 1 < shape.y).then(|| bits.row(z, y + 1)),
        ];
        let (row, start) = (bits.row(z, y), shape.index(at[0], at[1], lo[2]));
        for k in 0..row.len() {
            let before = west(row, k) | at_border(1, lo[2] == 0, k);
            let after = east(row, k) | at_border(size[2] - 2, object.extent.hi[2] == shape.x, k);
            let inner = around.iter().flatten().fold(before & after, |inner, row| inner & row[k]);
            let mut edge = row[k] & !inner;
            while edge != 0 {
                out.push(start + 64 * k + edge.trailing_zeros() as usize - 1);
                edge &= edge - 1;
            }
        }
    }
    out
}

wide! {
    /// Sum of samples, and of samples times their places 0, 1, ...
    fn weigh(samples: &[i32], sums: &mut [i64; 2]) {
        *sums = [0; 2];
        for (k, &s) in samples.iter().enumerate() {
            sums[0] += i64::from(s);
            sums[1] += k as i64 * i64::from(s);
        }
    }
}

/// Sums of the places z, y, x of an object's voxels, counted from the corner of its box, each times its sample.
fn weighted(object: &Object, samples: &[i32]) -> [i128; 3] {
    let lo = object.extent.lo;
    let mut weighted = [0i128; 3];
    let mut rest = samples;
    object.each_run(|z, y, x0, x1| {
        let (run, after) = rest.split_at(x1 - x0);
        rest = after;
        let (mut sum, mut along) = (0i128, 0i128);
        // Blocks short enough for 64 bits: 2^15 places below 2^15 times samples below 2^31.
        for (block, first) in run.chunks(1 << 15).zip((x0 - lo[2]..).step_by(1 << 15)) {
            let mut sums = [0; 2];
            weigh(block, &mut sums);
            let [plain, placed] = sums.map(i128::from);
            sum += plain;
            along += first as i128 * plain + placed;
        }
        weighted[0] += (z - lo[0]) as i128 * sum;
        weighted[1] += (y - lo[1]) as i128 * sum;
        weighted[2] += along;
    });
    weighted
}

/// From the centroid to the centre of intensity; nothing if the total is not positive.
fn shift(moments: &Moments, totals: &Totals, scale: &Scale) -> Option<[f64; 3]> {
    let Totals { sums, weighted, .. } = totals;
    let total = sums.sum as f64 * scale.factor() + sums.n as f64 * scale.offset();
    // centre of intensity - centroid = factor (n W - S P) / (n total): exact up to the division.
    (total > 0.0).then(|| {
        std::array::from_fn(|a| {
            let apart = moments.n * weighted[a] - sums.sum * moments.first[a];
            apart as f64 * scale.factor() / (moments.n as f64 * total)
        })
    })
}

const NOT_POSITIVE: &str = "the total intensity is not positive";

/// Statistics of each channel.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intensity {}

impl Family for Intensity {
    fn channel_columns(&self, about: &About) -> Vec<Definition> {
        define(FEATURES, about)
    }
    fn begin<'a>(&'a self, request: &'a Request<'a>) -> Result<Measurer<'a>> {
        if request.channels.is_empty() {
            return Ok(Box::new(|_, _| Ok(())));
        }
        Ok(Box::new(|of, values| {
            for (k, (channel, samples)) in of.channels().enumerate() {
                let totals = of.totals(k, channel.volume.samples.host()?, &samples);
                let facts = Facts::of(of, channel, &totals, [&samples, &of.sorted(k, &samples)]);
                values.put(FEATURES, Some(&facts));
            }
            Ok(())
        }))
    }
}

/// Intensity in a channel.
pub const FEATURES: &[Feature<Facts>] = &[
    Feature {
        name: "intensity_mean",
        unit: CHANNEL_UNIT,
        definition: "Mean",
        standard: "skimage:intensity_mean",
        empty: "",
        get: Get::Real(|f| f.value(f.sums.mean())),
    },
    Feature {
        name: "intensity_median",
        unit: CHANNEL_UNIT,
        definition: "Median",
        standard: "skimage:intensity_median",
        empty: "",
        get: Get::Real(|f| f.value(f.ranks[2])),
    },
    Feature {
        name: "intensity_min",
        unit: CHANNEL_UNIT,
        definition: "Smallest value",
        standard: "skimage:intensity_min",
        empty: "",
        get: Get::Real(|f| f.value(f.ranks[0])),
    },
    Feature {
        name: "intensity_max",
        unit: CHANNEL_UNIT,
        definition: "Largest value",
        standard: "skimage:intensity_max",
        empty: "",
        get: Get::Real(|f| f.value(f.ranks[4])),
    },
    Feature {
        name: "intensity_std",
        unit: CHANNEL_UNIT,
        definition: "Standard deviation, divided by n",
        standard: "skimage:intensity_std",
        empty: "",
        get: Get::Real(|f| f.width(f.sums.std())),
    },
    Feature {
        name: "intensity_mad",
        unit: CHANNEL_UNIT,
        definition: "Median of the absolute deviations from the median",
        standard: "CellProfiler:Intensity_MADIntensity",
        empty: "",
        get: Get::Real(|f| f.width(f.mad)),
    },
    Feature {
        name: "intensity_quartile_lower",
        unit: CHANNEL_UNIT,
        definition: "Quantile 0.25, linear between neighbours",
        standard: "CellProfiler:Intensity_LowerQuartileIntensity",
        empty: "",
        get: Get::Real(|f| f.value(f.ranks[1])),
    },
    Feature {
        name: "intensity_quartile_upper",
        unit: CHANNEL_UNIT,
        definition: "Quantile 0.75, linear between neighbours",
        standard: "CellProfiler:Intensity_UpperQuartileIntensity",
        empty: "",
        get: Get::Real(|f| f.value(f.ranks[3])),
    },
    Feature {
        name: "intensity_integrated",
        unit: CHANNEL_UNIT,
        definition: "Sum over the voxels",
        standard: "CellProfiler:Intensity_IntegratedIntensity",
        empty: "",
        get: Get::Real(|f| Some(f.total())),
    },
    Feature {
        name: "intensity_edge_mean",
        unit: CHANNEL_UNIT,
        definition: "Mean over the voxels with a face neighbour outside the object; the border of the image is no edge",
        standard: "CellProfiler:Intensity_MeanIntensityEdge",
        empty: "the object fills the whole image",
        get: Get::Real(|f| f.value(f.edge.mean())),
    },
    Feature {
        name: "mass_displacement_px",
        unit: "px",
        definition: "Distance from the centroid to the centre of intensity, on the pixel grid",
        standard: "CellProfiler:Intensity_MassDisplacement",
        empty: NOT_POSITIVE,
        get: Get::Real(|f| f.displacement([1.0; 3])),
    },
    Feature {
        name: "mass_displacement_um",
        unit: "um",
        definition: "Distance from the centroid to the centre of intensity, with true spacing",
        standard: "CellProfiler:Intensity_MassDisplacement",
        empty: NO_CALIBRATION,
        get: Get::Real(|f| f.displacement(f.spacing?.zyx)),
    },
    Feature {
        name: "saturated_fraction",
        unit: "1",
        definition: SHARE_AT_END,
        standard: "",
        empty: "the source has no largest value",
        get: Get::Real(|f| f.saturated.map(|n| n as f64 / f.sums.n as f64)),
    },
];
