//! The intensity-volume histogram (IBSI:P88C): which share of a region has at least an intensity.
//!
//! It has a discretisation of its own, fine and in the unit of the intensities. The fraction of an intensity is where it
//! lies between the ends of the range that was kept, or else between the lowest and the highest one.

use super::counted::Counted;
use super::region::Region;
use super::{NO_VOXEL, average, plain};
use crate::measure::{CHANNEL_UNIT, Feature};
use crate::{Error, Result};

/// The steps of the intensities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Steps {
    /// Intensities as they are, one step of this size being the next one: 1 for CT.
    AsStored(f64),
    /// Bins of a fixed size, each standing for its centre. They begin at the lower end of the range that was kept, or else at
    /// the lowest intensity.
    BinSize(f64),
    /// So many bins from the lowest to the highest intensity, in the unit of bins: 1000 where intensities have no scale.
    BinNumber(u32),
}

/// What is this close to a whole number of bins, or to a fraction of the range, is that: a thousandth of a span goes 1000 times into it,
/// whatever its last bit says.
const ROUNDING: f64 = 1e-9;

/// What the features of the intensity-volume histogram are computed from.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Intensities, rising, and their voxels.
    counted: Counted,
    voxels: u64,
    /// Where the fraction of an intensity is 0, and where it is 1.
    ends: [f64; 2],
    /// To the next intensity.
    step: f64,
}

/// The values of [`FEATURES`].
///
/// # Errors
/// A step that is not above 0.
pub fn values(region: &Region, steps: Steps) -> Result<Vec<Option<f64>>> {
    of_counted(FEATURES, &Counted::of(region), region.range, steps)
}

/// The values of [`AREA`].
///
/// # Errors
/// As [`values`].
pub fn area(region: &Region, steps: Steps) -> Result<Vec<Option<f64>>> {
    of_counted(AREA, &Counted::of(region), region.range, steps)
}

/// Some of its features from the intensities of the region, and the range that was kept.
pub(super) fn of_counted(
    features: &[Feature<Facts>],
    counted: &Counted,
    range: Option<[f64; 2]>,
    steps: Steps,
) -> Result<Vec<Option<f64>>> {
    Ok(average(features, std::iter::once(Facts::of(counted, range, steps)?)))
}

impl Facts {
    fn of(counted: &Counted, range: Option<[f64; 2]>, steps: Steps) -> Result<Option<Self>> {
        let Some(found) = counted.ends() else { return Ok(None) };
        let range = range.unwrap_or(found);
        // An open end of the range is none.
        let [low, high] = [0, 1].map(|k| if range[k].is_finite() { range[k] } else { found[k] });
        let voxels = counted.iter().map(|(_, n)| n).sum();
        let size = match steps {
            Steps::AsStored(size) | Steps::BinSize(size) => size,
            Steps::BinNumber(n) => f64::from(n),
        };
        if !(size.is_finite() && size > 0.0) {
            return Err(Error::usage(format!("an intensity-volume histogram with steps of {size}")).remedy("above 0"));
        }
        Ok(Some(match steps {
            Steps::AsStored(step) => Facts { counted: counted.clone(), voxels, ends: [low, high], step },
            Steps::BinSize(width) => {
                // The upper end belongs to the last bin.
                let most = ((high - low) / width - ROUNDING).ceil().max(1.0);
                let bin = |v: f64| ((v - low) / width).floor().clamp(0.0, most - 1.0);
                let centre = |bin: f64| low + (bin + 0.5) * width;
                let counted = joined(counted, |v| centre(bin(v)));
                Facts { counted, voxels, ends: [centre(0.0), centre(most - 1.0)], step: width }
            }
            Steps::BinNumber(n) => {
                let (n, [low, high]) = (f64::from(n), found);
                let extent = if high > low { high - low } else { 1.0 };
                let bin = |v: f64| (n * (v - low) / extent).floor().min(n - 1.0) + 1.0;
                Facts { counted: joined(counted, bin), voxels, ends: [1.0, n], step: 1.0 }
            }
        }))
    }

    /// Share of the volume with at least this fraction of the intensity.
    fn volume_at(&self, fraction: f64) -> Option<f64> {
        let [low, high] = self.ends;
        let above = |v: f64| (v - low) / (high - low) >= fraction - ROUNDING;
        let voxels: u64 = self.counted.iter().filter(|(v, _)| above(*v)).map(|(_, n)| n).sum();
        (high > low).then(|| voxels as f64 / self.voxels as f64)
    }

    /// Lowest intensity that at most this share of the volume has: one step above the one that more has.
    fn intensity_at(&self, share: f64) -> Option<f64> {
        let mut above = self.voxels;
        for (value, n) in self.counted.iter() {
            above -= n;
            if above as f64 / self.voxels as f64 <= share {
                return Some(value + self.step);
            }
        }
        None
    }
}

impl Facts {
    /// By trapezoids from step to step: the share falls from that of an intensity to that of the next one that occurs within one step.
    fn area(&self) -> Option<f64> {
        let [low, high] = self.ends;
        let [first, last] = self.counted.ends()?;
        if first == last {
            return Some(0.0);
        }
        let (mut area, mut above) = ((first - low) * self.voxels as f64, self.voxels);
        let mut counted = self.counted.iter().peekable();
        while let Some((value, n)) = counted.next() {
            let (before, next) = (above as f64, counted.peek().map_or(high, |next| next.0));
            above -= n;
            // Nothing is left behind the last intensity.
            let slope = self.step.min(next - value);
            area += slope * (before + above as f64) / 2.0 + (next - value - slope) * above as f64;
        }
        Some(area / (high - low) / self.voxels as f64)
    }
}

/// Counts of numbers that become others in the same order.
fn joined(counted: &Counted, f: impl Fn(f64) -> f64) -> Counted {
    let mut out: Vec<(f64, u64)> = Vec::new();
    for (value, n) in counted.iter().map(|(value, n)| (f(value), n)) {
        match out.last_mut() {
            Some(last) if last.0 == value => last.1 += n,
            _ => out.push((value, n)),
        }
    }
    Counted::of_list(out)
}

const FLAT: &str = "the intensities have no range, or there are none";

const fn intensity(
    name: &'static str,
    standard: &'static str,
    definition: &'static str,
    get: fn(&Facts) -> Option<f64>,
) -> Feature<Facts> {
    Feature { unit: CHANNEL_UNIT, ..plain(name, standard, definition, NO_VOXEL, get) }
}

/// The features of the intensity-volume histogram.
pub const FEATURES: &[Feature<Facts>] = &[
    plain(
        "ivh_volume_at_intensity_fraction_10",
        "IBSI:BC2M",
        "Share of the volume with at least 10 % of the intensity range",
        FLAT,
        |f| f.volume_at(0.1),
    ),
    plain(
        "ivh_volume_at_intensity_fraction_90",
        "IBSI:BC2M",
        "Share of the volume with at least 90 % of the intensity range",
        FLAT,
        |f| f.volume_at(0.9),
    ),
    intensity(
        "ivh_intensity_at_volume_fraction_10",
        "IBSI:GBPN",
        "Lowest intensity that at most 10 % of the volume has",
        |f| f.intensity_at(0.1),
    ),
    intensity(
        "ivh_intensity_at_volume_fraction_90",
        "IBSI:GBPN",
        "Lowest intensity that at most 90 % of the volume has",
        |f| f.intensity_at(0.9),
    ),
    plain(
        "ivh_volume_fraction_difference_10_90",
        "IBSI:DDTU",
        "Share of the volume with at least 10 % of the intensity range, less that with at least 90 %",
        FLAT,
        |f| Some(f.volume_at(0.1)? - f.volume_at(0.9)?),
    ),
    intensity(
        "ivh_intensity_difference_10_90",
        "IBSI:CNV2",
        "Lowest intensity that at most 10 % of the volume has, less that of 90 %",
        |f| Some(f.intensity_at(0.1)? - f.intensity_at(0.9)?),
    ),
];

/// The area under the curve, which the standard defines and agrees on no values for.
pub const AREA: &[Feature<Facts>] = &[plain(
    "ivh_area_under_curve",
    "IBSI:9CMM",
    "Area under the share of the volume with at least an intensity, over the fraction of the intensity range, by trapezoids; 0 if there is one intensity",
    NO_VOXEL,
    Facts::area,
)];

#[cfg(test)]
mod tests {
    //! Oracle: a thousandth goes a thousand times into a span.
    use super::*;

    #[test]
    fn rounding_decides_on_no_bin() {
        let mut more = 0;
        for k in 1..=2000 {
            let span = 0.37 * f64::from(k) / 7.0;
            let (low, high) = (1.5, 1.5 + span);
            let span = high - low;
            more += u32::from((span / (span / 1000.0)).ceil() > 1000.0);
            // One voxel in each of eleven places: those from a tenth of the range on are nine tenths and the end.
            let list = (0..=10).map(|i| (low + span * f64::from(i) / 10.0, 1)).collect();
            let facts = Facts::of(&Counted::of_list(list), None, Steps::BinSize(span / 1000.0)).unwrap().unwrap();
            assert!((facts.ends[1] - (low + 999.5 * span / 1000.0)).abs() < 1e-9 * span, "{span}");
        }
        assert!(more > 100, "the spans try nothing: {more}");
    }
}
