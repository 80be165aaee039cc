//! Spots: a Gaussian fitted to each object that is a point, channel by channel (`spot_fit` has the formula).
//!
//! The fit starts where the object's point is, or else at the mean place of its voxels, with the sigma of the recipe, or else
//! that of the set: its radius over 1.1774, since the radius of a spot is half its full width at half maximum. Along z it is
//! `sigma_z` of the recipe, or else that of the step that found the spots, or else that of the plane. Where the slices do not tell the
//! width along z, height and light are those of a Gaussian of the sigma_z that the recipe states, and nothing where it states none.
//! What lies at the end of the scale is passed over; where what is left does not tell height and light, there are none.

use super::family::{Family, Measurer, Mentions, Needs, define};
use super::feature::{About, CHANNEL_UNIT, Definition, Feature, Get};
use super::position::NO_CALIBRATION;
use super::spot_fit::{Spot, Start, fit, fit_neighbours};
use super::{ChannelRef, Request};
use crate::image::{Labels, Scale};
use crate::ops::end_of_scale::end_of_scale;
use crate::table::Table;
use crate::units::{Length, Spacing};
use crate::{Error, Result};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Keys of the recipe.
pub(super) const KEYS: &[&str] = &["sigma", "sigma_z"];

/// Full width at half maximum of a Gaussian of sigma 1: `2 sqrt(2 ln 2)`.
pub(crate) const FWHM: f64 = 2.354_820_045_030_949;
/// Largest sigma in pixels.
const LARGEST_PX: f64 = 20.0;
/// Most sigmas of the plane that one along z is.
pub(crate) const DEEPEST: f64 = 10.0;

/// Spots.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OfSpot {
    /// Sigma that the fits start with.
    pub sigma: Option<Length>,
    /// The same along z.
    pub sigma_z: Option<Length>,
}

/// What the features of a spot are computed from.
#[derive(Clone, Debug)]
pub struct Facts {
    spot: Option<Spot>,
    scale: Scale,
    /// In the unit of the table.
    spacing: Option<Spacing>,
    flat: bool,
    /// The recipe states sigma along z.
    is_deep_stated: bool,
    /// The spots of the set do not show it.
    is_deep_unknown: bool,
}

impl Facts {
    /// The spot, if its extent along z is known.
    fn with_depth(&self) -> Option<Spot> {
        self.spot.filter(|s| self.flat || self.is_deep_stated || self.deep(s).is_some())
    }
    /// The spot, if its height is known as well: without these nobody can tell its light.
    fn whole(&self) -> Option<Spot> {
        self.with_depth().filter(|s| s.is_told)
    }
    fn at(&self, axis: usize) -> Option<f64> {
        self.spot.map(|s| s.at[axis])
    }
    fn fwhm(&self) -> Option<f64> {
        self.spot?.plane.map(|s| FWHM * s)
    }
    fn fwhm_deep(&self) -> Option<f64> {
        self.deep(&self.spot?).map(|s| FWHM * s)
    }
    fn deep(&self, spot: &Spot) -> Option<f64> {
        spot.deep.filter(|_| !self.is_deep_unknown)
    }
    fn rises(&self, samples: f64) -> f64 {
        samples * self.scale.factor()
    }
    fn integrated(&self) -> Option<f64> {
        self.whole().map(|s| self.rises(s.light(self.flat)))
    }
}

const NO_SPOT: &str = "no Gaussian with a peak fits near the point";
const NO_HEIGHT: &str = "no Gaussian with a peak fits near the point, or the slices do not tell how long it is along z and no sigma_z is \
     stated (spot.sigma_z), or what is not cut off at the end of the scale does not tell it";
const NO_DEPTH: &str =
    "a single slice, or the slices do not tell how long the spot is along z and no sigma_z is stated (spot.sigma_z)";
const NO_LENGTH: &str = "a single slice, or the slices do not tell how long the spot is along z";
const NO_WIDTH: &str =
    "no Gaussian of a width near that of the spots fits the point, or what is not cut off at the end of the scale";

/// Features of spots.
pub const FEATURES: &[Feature<Facts>] = &[
    Feature {
        name: "spot_y_px",
        unit: "px",
        definition: "Row of the centre of the Gaussian; the centre of the first row is 0",
        standard: "",
        empty: NO_SPOT,
        get: Get::Real(|f| f.at(1)),
    },
    Feature {
        name: "spot_x_px",
        unit: "px",
        definition: "Column of the centre of the Gaussian; the centre of the first column is 0",
        standard: "",
        empty: NO_SPOT,
        get: Get::Real(|f| f.at(2)),
    },
    Feature {
        name: "spot_z_px",
        unit: "px",
        definition: "Slice of the centre of the Gaussian; the centre of the first slice is 0",
        standard: "",
        empty: NO_DEPTH,
        get: Get::Real(|f| f.with_depth().filter(|_| !f.flat).map(|s| s.at[0])),
    },
    Feature {
        name: "spot_peak",
        unit: CHANNEL_UNIT,
        definition: "Height of the Gaussian above its background",
        standard: "",
        empty: NO_HEIGHT,
        get: Get::Real(|f| f.whole().map(|s| f.rises(s.peak))),
    },
    Feature {
        name: "spot_background",
        unit: CHANNEL_UNIT,
        definition: "Even background of the Gaussian",
        standard: "",
        empty: NO_SPOT,
        get: Get::Real(|f| f.spot.map(|s| f.scale.value(s.background))),
    },
    Feature {
        name: "spot_integrated",
        unit: CHANNEL_UNIT,
        definition: "Sum of the Gaussian above its background over all voxels: 2 pi sigma^2 spot_peak, in depth times sqrt(2 pi) sigma_z",
        standard: "",
        empty: NO_HEIGHT,
        get: Get::Real(Facts::integrated),
    },
    Feature {
        name: "spot_noise",
        unit: CHANNEL_UNIT,
        definition: "Standard deviation of the values from the Gaussian, within three sigmas",
        standard: "",
        empty: NO_SPOT,
        get: Get::Real(|f| f.spot.map(|s| f.rises(s.noise))),
    },
    Feature {
        name: "spot_snr",
        unit: "1",
        definition: "spot_peak over spot_noise",
        standard: "",
        empty: NO_HEIGHT,
        get: Get::Real(|f| f.whole().map(|s| s.peak / s.noise)),
    },
    Feature {
        name: "spot_fwhm_px",
        unit: "px",
        definition: "Full width at half maximum of the Gaussian in the plane, in pixels of the root of their area",
        standard: "",
        empty: NO_WIDTH,
        get: Get::Real(Facts::fwhm),
    },
    Feature {
        name: "spot_fwhm_um",
        unit: "um",
        definition: "spot_fwhm_px times the side of a pixel, the root of its area",
        standard: "",
        empty: NO_CALIBRATION,
        get: Get::Real(|f| Some(f.fwhm()? * f.spacing?.pixel_area().sqrt())),
    },
    Feature {
        name: "spot_fwhm_z_px",
        unit: "px",
        definition: "Full width at half maximum of the Gaussian along z",
        standard: "",
        empty: NO_LENGTH,
        get: Get::Real(Facts::fwhm_deep),
    },
    Feature {
        name: "spot_quality",
        unit: "1",
        definition: "Share of the variance within three sigmas that the Gaussian explains; 1 is a perfect fit",
        standard: "",
        empty: NO_SPOT,
        get: Get::Real(|f| f.spot.map(|s| s.explained)),
    },
];

impl Family for OfSpot {
    fn channel_columns(&self, about: &About) -> Vec<Definition> {
        define(FEATURES, about)
    }

    fn begin<'a>(&'a self, request: &'a Request<'a>) -> Result<Measurer<'a>> {
        let image = |c: &ChannelRef<'a>| Ok((c.volume.samples.host()?, end_of_scale(c.volume, c.saturation)?));
        let images = request.channels.iter().map(image).collect::<Result<Vec<_>>>()?;
        if images.is_empty() {
            return Ok(Box::new(|_, _| Ok(())));
        }
        let plane = match (self.sigma, request.radius_px) {
            (Some(sigma), _) => sigma.px(&request.ruler())?,
            (None, Some(radius)) => radius / (FWHM / 2.0),
            (None, None) => 1.4,
        };
        if !(plane > 0.0 && plane <= LARGEST_PX) {
            return Err(Error::usage(format!("spots with a sigma of {plane} px"))
                .remedy(format!("above 0, up to {LARGEST_PX} px: spot.sigma = \"1.4 px\"")));
        }
        let stated = match (self.sigma_z, request.spot_depth) {
            (Some(deep), _) => Some(deep.px(&request.ruler())?),
            (None, Some(depth)) => Some(depth.sigma_px).filter(|_| depth.is_stated),
            (None, None) => None,
        };
        let deep = stated.or(request.spot_depth.map(|d| d.sigma_px)).unwrap_or(plane);
        if self.sigma_z.is_some() && !(deep > 0.0 && deep <= DEEPEST * plane) {
            return Err(Error::usage(format!(
                "spots that are {:.2} times as long along z as they are wide",
                deep / plane
            ))
            .remedy(format!("above 0, up to {DEEPEST} times sigma: spot.sigma_z = \"{} px\"", 2.0 * plane)));
        }
        let is_deep_unknown = stated.is_none() && request.spot_depth.is_some_and(|d| !d.is_told);
        let side = request.spacing.map_or([1.0; 3], |s| s.zyx.map(|v| v / s.pixel_area().sqrt()));
        let sigma = [deep / side[0], plane / side[1], plane / side[2]];
        let labels = request.labels.voxels().host()?;
        let shape = request.labels.shape;
        // Points lie near each other, so each is fitted with the light of its neighbours taken away.
        let points = request.points.unwrap_or(&[]);
        let crowd = |(samples, end): &(&'a [i32], Option<i32>)| {
            let start = |(i, at): (usize, &[f64; 3])| {
                let (label, end) = (i as u32 + 1, *end);
                Start { shape, samples, labels, label, at: *at, sigma, end, others: &[] }
            };
            fit_neighbours(&points.iter().enumerate().map(start).collect::<Vec<_>>())
        };
        let crowds: Vec<BTreeMap<usize, Option<Spot>>> = images.iter().map(crowd).collect();
        Ok(Box::new(move |of, values| {
            let known = (of.object.label as usize).checked_sub(1).filter(|i| *i < points.len());
            let centre = |a: usize| {
                let first = of.object.extent.lo[a] as i128 * of.moments.n + of.moments.first[a];
                first as f64 / of.moments.n as f64
            };
            let at = known.map_or_else(|| std::array::from_fn(centre), |i| points[i]);
            for ((channel, (samples, end)), crowd) in of.request.channels.iter().zip(&images).zip(&crowds) {
                let (label, end) = (of.object.label, *end);
                let alone = || fit(&Start { shape, samples, labels, label, at, sigma, end, others: &[] });
                let spot = known.and_then(|i| crowd.get(&i).copied()).unwrap_or_else(alone);
                let (scale, flat, is_deep_stated) = (channel.volume.scale, of.is_flat(), stated.is_some());
                let facts = Facts { spot, scale, spacing: of.spacing, flat, is_deep_stated, is_deep_unknown };
                values.put(FEATURES, Some(&facts));
            }
            Ok(())
        }))
    }

    fn needs(&self) -> Needs {
        // What fits to spots that have neighbours is kept, and a spot has some voxels at least.
        Needs { voxel_bytes: 40, ..Needs::default() }
    }

    fn doubts(&self, _: &Table, request: &Request) -> Result<Vec<String>> {
        let mut said = vec![];
        for channel in request.channels {
            let (n, all) = (cut_off(request.labels, channel)?, request.labels.count);
            if n > 0 {
                said.push(format!(
                    "{n} of {all} spots reach the end of the scale of {}: light above it was cut off. Their height, width and light are \
                     estimates by what lies beside, empty where that tells too little: expose for a shorter time",
                    channel.name
                ));
            }
        }
        Ok(said)
    }

    fn mentions(&self) -> Mentions<'_> {
        let lengths = [("sigma", self.sigma), ("sigma_z", self.sigma_z)];
        let lengths = lengths.into_iter().filter_map(|(key, length)| Some((key, length?))).collect();
        Mentions { lengths, ..Mentions::default() }
    }
}

/// How many objects have voxels at the end of the scale of a channel.
pub(super) fn cut_off(labels: &Labels, channel: &ChannelRef) -> Result<usize> {
    let Some(end) = end_of_scale(channel.volume, channel.saturation)? else { return Ok(0) };
    let mut is_cut = vec![false; labels.count as usize + 1];
    let voxels = labels.voxels().host()?.iter().zip(channel.volume.samples.host()?);
    for (label, _) in voxels.filter(|(label, sample)| **label > 0 && **sample >= end) {
        if let Some(is_cut) = is_cut.get_mut(*label as usize) {
            *is_cut = true;
        }
    }
    Ok(is_cut.into_iter().filter(|is_cut| *is_cut).count())
}
