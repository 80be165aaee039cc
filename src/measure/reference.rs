//! Reference regions of PET: a sphere in the liver or in the blood pool, and what lesions are judged by against it.

use super::family::{Context, Family, Measurer, Needs, define};
use super::feature::{Definition, Feature, Get};
use super::lesion_facts::{NOT_SUL, NOT_SUV, voxel_ml};
use super::order::Sums;
use super::position::NO_CALIBRATION;
use super::{ChannelRef, Request};
use crate::Result;
use crate::image::{Labels, ObjectRun, SUV_UNIT};
use crate::units::Spacing;
use serde::Deserialize;

/// Uptake of a region.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reference {
    /// Mean, in the unit of the channel.
    pub mean: Option<f64>,
    /// Standard deviation, divided by n, in the unit of the channel.
    pub std: Option<f64>,
    is_suv: bool,
    sul_factor: Option<f64>,
    ml: Option<f64>,
}

impl Reference {
    pub(super) fn of(samples: &[i32], channel: &ChannelRef, spacing: Option<Spacing>, sul_factor: Option<f64>) -> Self {
        let (sums, scale) = (Sums::of(samples), channel.volume.scale);
        Reference {
            mean: sums.mean().map(|m| scale.value(m)),
            std: sums.std().map(|s| s * scale.factor()),
            is_suv: channel.unit == SUV_UNIT,
            sul_factor,
            ml: spacing.map(|s| sums.n as f64 * voxel_ml(&s)),
        }
    }
    fn suv(&self, value: Option<f64>) -> Option<f64> {
        value.filter(|_| self.is_suv)
    }
    pub(super) fn sul(&self, value: Option<f64>) -> Option<f64> {
        Some(self.suv(value)? * self.sul_factor?)
    }
}

/// All voxels of a set as one region; nothing if it has none.
///
/// # Errors
/// Data on a device.
pub(super) fn reference(labels: &Labels, channel: &ChannelRef, sul_factor: Option<f64>) -> Result<Option<Reference>> {
    let (runs, image) = (labels.runs()?, channel.volume.samples.host()?);
    let of = |run: &ObjectRun| image.get(run.voxels(labels.shape.x)).unwrap_or_default();
    let samples: Vec<i32> = (1..=labels.count).flat_map(|label| runs.of(label)).flat_map(of).copied().collect();
    Ok((!samples.is_empty()).then(|| Reference::of(&samples, channel, None, sul_factor)))
}

/// Uptake of a reference region, in the first channel.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfReference {}

impl Family for OfReference {
    fn columns(&self, context: &Context) -> Vec<Definition> {
        define(FEATURES, &context.uptake())
    }
    fn begin<'a>(&'a self, request: &'a Request<'a>) -> Result<Measurer<'a>> {
        let (spacing, sul_factor) = (request.spacing, request.sul_factor);
        let channel = request.channels.first();
        let image = channel.map(|c| c.volume.samples.host()).transpose()?;
        Ok(Box::new(move |of, values| {
            let region =
                channel.zip(image).map(|(c, image)| Reference::of(&of.object.samples(image), c, spacing, sul_factor));
            values.put(FEATURES, region.as_ref());
            Ok(())
        }))
    }
    fn needs(&self) -> Needs {
        Needs { uptake: true, together: true, ..Needs::default() }
    }
}

/// Uptake of a reference region.
pub const FEATURES: &[Feature<Reference>] = &[
    Feature {
        name: "suv_mean",
        unit: SUV_UNIT,
        definition: "Mean SUV of the voxels",
        standard: "IBSI:Q4LE",
        empty: NOT_SUV,
        get: Get::Real(|r| r.suv(r.mean)),
    },
    Feature {
        name: "suv_std",
        unit: SUV_UNIT,
        definition: "Standard deviation of the SUV of the voxels, divided by n",
        standard: "",
        empty: NOT_SUV,
        get: Get::Real(|r| r.suv(r.std)),
    },
    Feature {
        name: "sul_mean",
        unit: SUV_UNIT,
        definition: "suv_mean times the factor of lean body mass",
        standard: "",
        empty: NOT_SUL,
        get: Get::Real(|r| r.sul(r.mean)),
    },
    Feature {
        name: "sul_std",
        unit: SUV_UNIT,
        definition: "suv_std times the factor of lean body mass",
        standard: "",
        empty: NOT_SUL,
        get: Get::Real(|r| r.sul(r.std)),
    },
    Feature {
        name: "volume_ml",
        unit: "ml",
        definition: "Number of voxels times the volume of a voxel",
        standard: "IBSI:YEKZ",
        empty: NO_CALIBRATION,
        get: Get::Real(|r| r.ml),
    },
];
