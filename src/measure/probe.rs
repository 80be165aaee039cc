//! Uptake of a targeted probe against the background next to the object.
//!
//! The ring holds the voxels whose distance to the object lies above `gap_px` and not above `gap_px + width_px`. Those that
//! belong to no object of any set and are not as bright as cells (`measure/background`) count as background. Distances are
//! Euclidean between voxel centres. Where the spacing is known they are true distances, in units of the mean pixel side
//! `sqrt(dy dx)`, so a ring in a stack of thick slices is a true shell.

use super::ChannelRef;
use super::edt;
use super::family::{Family, Measured, Values, define};
use super::feature::{About, CHANNEL_UNIT, Definition, Feature, Get};
use super::object::Object;
use super::order::{self, Sums};
use crate::image::Scale;
use crate::units::Spacing;
use crate::{Error, Result};

/// The background ring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProbeParams {
    /// Distance around the object that is left out, in pixels.
    pub gap_px: f64,
    /// Width of the ring behind it, in pixels.
    pub width_px: f64,
}

impl Default for ProbeParams {
    fn default() -> Self {
        ProbeParams { gap_px: 2.0, width_px: 5.0 }
    }
}

impl ProbeParams {
    /// # Errors
    /// A negative gap, no width, or more than 1000 px in all.
    pub(super) fn check(&self) -> Result<()> {
        if self.gap_px >= 0.0 && self.width_px > 0.0 && self.gap_px + self.width_px <= 1000.0 {
            return Ok(());
        }
        Err(Error::usage(format!("a background ring with gap {} px and width {} px", self.gap_px, self.width_px))
            .remedy("gap from 0, width above 0, together at most 1000 px"))
    }
}

/// The voxels of the ring that belong to no object.
pub(super) fn ring(object: &Object, params: &ProbeParams, spacing: Option<Spacing>, occupied: &[u8]) -> Shell {
    let size = spacing.map_or([1.0; 3], |s| {
        let side = if s.zyx[1] == s.zyx[2] { s.zyx[2] } else { s.pixel_area().sqrt() };
        s.zyx.map(|v| v / side)
    });
    shell(object, [params.gap_px, params.gap_px + params.width_px], size, occupied)
}

/// What lies around an object.
pub(super) struct Shell {
    /// Linear indices of the voxels that are not occupied, in raster order.
    pub free: Vec<usize>,
    /// Voxels in the image, occupied or not.
    pub all: usize,
}

/// The voxels whose distance to the object lies above `near` and not above `far`, a voxel being `size` wide in z, y, x.
pub(super) fn shell(object: &Object, [near, far]: [f64; 2], size: [f64; 3], occupied: &[u8]) -> Shell {
    let shape = object.shape.zyx();
    let (lo, hi) = (object.extent.lo, object.extent.hi);
    let frame: [usize; 3] = std::array::from_fn(|a| ((far / size[a]).floor() as usize).min(shape[a] - 1));
    let crop = object.crop(frame);
    let (near, far) = (near * near, far * far);
    let distance = edt::squared(&crop, 1, size, far);
    let mut shell = Shell { free: Vec::new(), all: 0 };
    let first: [usize; 3] = std::array::from_fn(|a| lo[a].saturating_sub(frame[a]));
    let last: [usize; 3] = std::array::from_fn(|a| (hi[a] + frame[a]).min(shape[a]));
    for z in first[0]..last[0] {
        for y in first[1]..last[1] {
            let at = crop.index(z + frame[0] - lo[0], y + frame[1] - lo[1], first[2] + frame[2] - lo[2]);
            let start = object.shape.index(z, y, first[2]);
            let width = last[2] - first[2];
            for (i, d) in (start..start + width).zip(&distance[at..at + width]) {
                if *d > near && *d <= far {
                    shell.all += 1;
                    if occupied[i] == 0 {
                        shell.free.push(i);
                    }
                }
            }
        }
    }
    shell
}

/// What the probe features are computed from.
#[derive(Clone, Debug)]
pub struct Facts {
    object: Sums,
    ring: Sums,
    /// Voxels of the ring in the image, background or not.
    ring_all: usize,
    ring_median: Option<f64>,
    positive: Option<u64>,
    scale: Scale,
}

impl Facts {
    /// Of an object, with its samples in this channel, and its ring.
    pub(super) fn of(channel: &ChannelRef, samples: &[i32], ring: &Shell) -> Result<Self> {
        let image = channel.volume.samples.host()?;
        let most = channel.background_to.unwrap_or(i32::MAX);
        let mut around: Vec<i32> = ring.free.iter().map(|&i| image[i]).filter(|s| *s <= most).collect();
        Ok(Facts {
            object: Sums::of(samples),
            ring: Sums::of(&around),
            ring_all: ring.all,
            ring_median: order::median(&mut around),
            positive: channel.positive_above.map(|t| samples.iter().filter(|s| **s > t).count() as u64),
            scale: channel.volume.scale,
        })
    }

    fn value(&self, sample: Option<f64>) -> Option<f64> {
        sample.map(|s| self.scale.value(s))
    }
    fn difference(&self) -> Option<f64> {
        Some((self.object.mean()? - self.ring.mean()?) * self.scale.factor())
    }
}

const NO_RING: &str = "no background voxel in the ring";

/// Uptake in each channel against a background ring.
pub struct Probe;

impl Family for Probe {
    fn name(&self) -> &'static str {
        "probe"
    }
    fn channel_columns(&self, about: &About) -> Vec<Definition> {
        define(FEATURES, about)
    }
    fn measure(&self, of: &Measured, values: &mut Values) -> Result<()> {
        let request = of.request;
        if request.channels.is_empty() {
            return Ok(());
        }
        let occupied = request.occupied.map_or_else(|| request.labels.inside(), Ok)?;
        let ring = ring(&of.object, &request.probe, of.spacing, occupied);
        for (channel, samples) in of.channels() {
            values.put(FEATURES, Some(&Facts::of(channel, samples, &ring)?));
        }
        Ok(())
    }
    fn looks_around(&self) -> bool {
        true
    }
    fn has_background(&self) -> bool {
        true
    }
}

/// Uptake of a targeted probe.
pub const FEATURES: &[Feature<Facts>] = &[
    Feature {
        name: "ring_px",
        unit: "px",
        definition: "Number of background voxels in the ring around the object",
        standard: "",
        empty: "",
        get: Get::Int(|f| Some(f.ring.n as i64)),
    },
    Feature {
        name: "ring_usable",
        unit: "1",
        definition: "Share of the ring's voxels in the image that are background: in no object of any set, and not brighter \
                     than the image's background_limit",
        standard: "",
        empty: "the object fills the image",
        get: Get::Real(|f| (f.ring_all > 0).then(|| f.ring.n as f64 / f.ring_all as f64)),
    },
    Feature {
        name: "ring_mean",
        unit: CHANNEL_UNIT,
        definition: "Mean of the background ring",
        standard: "",
        empty: NO_RING,
        get: Get::Real(|f| f.value(f.ring.mean())),
    },
    Feature {
        name: "ring_median",
        unit: CHANNEL_UNIT,
        definition: "Median of the background ring",
        standard: "",
        empty: NO_RING,
        get: Get::Real(|f| f.value(f.ring_median)),
    },
    Feature {
        name: "tbr",
        unit: "1",
        definition: "Target to background ratio: mean of the object over the median of its ring",
        standard: "",
        empty: "the ring is empty or its median is not positive",
        get: Get::Real(|f| {
            let background = f.value(f.ring_median).filter(|b| *b > 0.0)?;
            f.value(f.object.mean()).map(|v| v / background)
        }),
    },
    Feature {
        name: "cnr",
        unit: "1",
        definition: "Contrast to noise ratio: mean of the object minus mean of its ring, over the ring's standard deviation",
        standard: "",
        empty: "the ring is empty or has no spread",
        get: Get::Real(|f| {
            let noise = f.ring.std().map(|s| s * f.scale.factor()).filter(|s| *s > 0.0)?;
            f.difference().map(|d| d / noise)
        }),
    },
    Feature {
        name: "specific_uptake",
        unit: CHANNEL_UNIT,
        definition: "Mean of the object minus mean of its ring",
        standard: "",
        empty: NO_RING,
        get: Get::Real(Facts::difference),
    },
    Feature {
        name: "positive_fraction",
        unit: "1",
        definition: "Share of the object's voxels above the channel's threshold of positivity",
        standard: "",
        empty: "the channel has no threshold of positivity",
        get: Get::Real(|f| f.positive.map(|n| n as f64 / f.object.n as f64)),
    },
];
