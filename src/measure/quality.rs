//! A channel of a whole image: its statistics, its background and its quality.

use super::ChannelRef;
use super::census::{census, ends};
use super::feature::{CHANNEL_UNIT, Feature, Get};
use super::order::Sums;
use super::plateau::{SHARE_AT_END, plateau};
use super::spectrum;
use crate::Result;
use crate::image::Scale;

/// What the image features are computed from.
#[derive(Clone, Debug)]
pub struct Facts {
    sums: Sums,
    /// Smallest value, median, largest value, in samples.
    ranks: [Option<f64>; 3],
    at_maximum: u64,
    saturated: Option<u64>,
    background: Sums,
    background_median: Option<f64>,
    slope: Option<f64>,
    scale: Scale,
}

impl Facts {
    /// Of a channel; `inside` is 1 on its objects.
    pub(super) fn of(channel: &ChannelRef, inside: Option<&[u8]>) -> Result<Self> {
        let (image, scale) = (channel.volume.samples.host()?, channel.volume.scale);
        let end = plateau(image).or(channel.saturation);
        let [all, background] = census(image, inside, end);
        Ok(Facts {
            sums: all.sums,
            ranks: ranks(all.ends, all.median),
            at_maximum: all.at_ends[1],
            saturated: end.map(|_| all.reaching),
            background: background.sums,
            background_median: background.median,
            slope: all.sums.mean().and_then(|mean| spectrum::slope(image, channel.volume.shape, mean)),
            scale,
        })
    }

    /// Of a channel, for [`VALUES`] alone: no order statistics, no background, no spectrum.
    pub(super) fn plain(channel: &ChannelRef) -> Result<Self> {
        let (image, scale) = (channel.volume.samples.host()?, channel.volume.scale);
        Ok(Facts {
            sums: Sums::of(image),
            ranks: ranks(ends(image), None),
            at_maximum: 0,
            saturated: None,
            background: Sums::default(),
            background_median: None,
            slope: None,
            scale,
        })
    }

    fn value(&self, sample: Option<f64>) -> Option<f64> {
        sample.map(|s| self.scale.value(s))
    }
    fn width(&self, samples: Option<f64>) -> Option<f64> {
        samples.map(|s| s * self.scale.factor())
    }
}

/// Samples of the smallest, the middle and the largest value.
fn ranks(ends: Option<[i32; 2]>, median: Option<f64>) -> [Option<f64>; 3] {
    let [low, high] = [0, 1].map(|end| ends.map(|e| f64::from(e[end])));
    [low, median, high]
}

const NO_VOXELS: &str = "the image has no voxels";
const NO_BACKGROUND: &str = "no objects were looked for, or they fill the image";

/// The features of an image whose quality is not that of a camera: PET.
pub(super) const VALUES: [&str; 3] = ["image_mean", "image_min", "image_max"];

/// Statistics and quality of a channel of an image.
pub const FEATURES: &[Feature<Facts>] = &[
    Feature {
        name: "image_mean",
        unit: CHANNEL_UNIT,
        definition: "Mean of the channel",
        standard: "CellProfiler:ImageQuality_MeanIntensity",
        empty: NO_VOXELS,
        get: Get::Real(|f| f.value(f.sums.mean())),
    },
    Feature {
        name: "image_median",
        unit: CHANNEL_UNIT,
        definition: "Median of the channel",
        standard: "CellProfiler:ImageQuality_MedianIntensity",
        empty: NO_VOXELS,
        get: Get::Real(|f| f.value(f.ranks[1])),
    },
    Feature {
        name: "image_min",
        unit: CHANNEL_UNIT,
        definition: "Smallest value of the channel",
        standard: "CellProfiler:ImageQuality_MinIntensity",
        empty: NO_VOXELS,
        get: Get::Real(|f| f.value(f.ranks[0])),
    },
    Feature {
        name: "image_max",
        unit: CHANNEL_UNIT,
        definition: "Largest value of the channel",
        standard: "CellProfiler:ImageQuality_MaxIntensity",
        empty: NO_VOXELS,
        get: Get::Real(|f| f.value(f.ranks[2])),
    },
    Feature {
        name: "image_std",
        unit: CHANNEL_UNIT,
        definition: "Standard deviation of the channel, divided by n",
        standard: "CellProfiler:ImageQuality_StdIntensity",
        empty: NO_VOXELS,
        get: Get::Real(|f| f.width(f.sums.std())),
    },
    Feature {
        name: "image_saturated_fraction",
        unit: "1",
        definition: SHARE_AT_END,
        standard: "",
        empty: "the source has no largest value",
        get: Get::Real(|f| f.saturated.map(|n| n as f64 / f.sums.n as f64)),
    },
    Feature {
        name: "image_background_mean",
        unit: CHANNEL_UNIT,
        definition: "Mean of the voxels outside all objects",
        standard: "",
        empty: NO_BACKGROUND,
        get: Get::Real(|f| f.value(f.background.mean())),
    },
    Feature {
        name: "image_background_median",
        unit: CHANNEL_UNIT,
        definition: "Median of the voxels outside all objects",
        standard: "",
        empty: NO_BACKGROUND,
        get: Get::Real(|f| f.value(f.background_median)),
    },
    Feature {
        name: "image_percent_maximal",
        unit: "%",
        definition: "Percentage of voxels at the largest value of the channel",
        standard: "CellProfiler:ImageQuality_PercentMaximal",
        empty: NO_VOXELS,
        get: Get::Real(|f| Some(100.0 * f.at_maximum as f64 / f.sums.n as f64)),
    },
    Feature {
        name: "image_focus_score",
        unit: CHANNEL_UNIT,
        definition: "Variance over mean of the channel",
        standard: "CellProfiler:ImageQuality_FocusScore",
        empty: "the mean is not positive",
        get: Get::Real(|f| {
            let spread = f.width(f.sums.std())?;
            f.value(f.sums.mean()).filter(|m| *m > 0.0).map(|m| spread * spread / m)
        }),
    },
    Feature {
        name: "image_power_loglog_slope",
        unit: "1",
        definition: "Slope of log power over log frequency, up to an eighth of the smaller side; blur makes it steeper",
        standard: "CellProfiler:ImageQuality_PowerLogLogSlope",
        empty: "2-D images of at least 32 px on each side with some structure only",
        get: Get::Real(|f| f.slope),
    },
];
