//! Reference regions of PET: a sphere in the liver or in the blood pool, and what lesions are judged by against it.

use super::ChannelRef;
use super::family::{Context, Family, Measured, Values, define};
use super::feature::{Definition, Feature, Get};
use super::lesion_facts::{NOT_SUL, NOT_SUV, voxel_ml};
use super::order::Sums;
use super::position::NO_CALIBRATION;
use crate::Result;
use crate::image::{Labels, SUV_UNIT};
use crate::units::Spacing;

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
    fn sul(&self, value: Option<f64>) -> Option<f64> {
        Some(self.suv(value)? * self.sul_factor?)
    }
}

/// What lesions are judged against. A region that is not there, or has no voxels, is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct References {
    /// Usually a sphere of 3 cm in the right lobe.
    pub liver: Option<Reference>,
    /// Usually in the descending aorta.
    pub blood: Option<Reference>,
}

impl References {
    /// PERCIST 1.0: a lesion whose SULpeak lies above it is measurable.
    pub fn measurable_above(&self) -> Option<f64> {
        let limit = |r: &Reference, factor: f64| Some(factor * r.sul(r.mean)? + 2.0 * r.sul(r.std)?);
        match (&self.liver, &self.blood) {
            (Some(liver), _) => limit(liver, 1.5),
            (None, Some(blood)) => limit(blood, 2.0),
            (None, None) => None,
        }
    }
}

/// All voxels of a set as one region; nothing if it has none.
///
/// # Errors
/// Data on a device.
pub fn reference(labels: &Labels, channel: &ChannelRef, sul_factor: Option<f64>) -> Result<Option<Reference>> {
    let (inside, image) = (labels.inside()?, channel.volume.samples.host()?);
    let samples: Vec<i32> = inside.iter().zip(image).filter(|(i, _)| **i > 0).map(|(_, s)| *s).collect();
    Ok((!samples.is_empty()).then(|| Reference::of(&samples, channel, None, sul_factor)))
}

/// Uptake of a reference region, in the first channel.
pub struct OfReference;

impl Family for OfReference {
    fn name(&self) -> &'static str {
        "reference"
    }
    fn columns(&self, context: &Context) -> Vec<Definition> {
        define(FEATURES, &context.uptake())
    }
    fn measure(&self, object: &Measured, values: &mut Values) -> Result<()> {
        let (spacing, sul_factor) = (object.request.spacing, object.request.sul_factor);
        let of = |c: &ChannelRef| -> Result<Reference> {
            Ok(Reference::of(&object.object.samples(c.volume.samples.host()?), c, spacing, sul_factor))
        };
        values.put(FEATURES, object.request.channels.first().map(of).transpose()?.as_ref());
        Ok(())
    }
    fn is_of_pet(&self) -> bool {
        true
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
