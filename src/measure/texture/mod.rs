//! Heterogeneity by the standard of the Image Biomarker Standardisation Initiative (IBSI 1): what a region's shape,
//! intensities and textures say.
//!
//! A [`Region`] has intensities in a box, a mask of its shape and a mask of what is measured. Shape,
//! statistics, the intensity-volume histogram and local intensity follow from it; all others from its grey
//! [`Levels`]. Each family is a room with `FEATURES`, the list of what it gives, and a function that gives
//! one value for each of them, in their order:
//!
//! ```
//! use uptake::measure::texture::{Aggregation, Discretisation, Intensities, Levels, Region, glcm};
//! use uptake::units::Shape;
//!
//! # fn main() -> uptake::Result<()> {
//! let intensities = Intensities::Real(vec![1.0, 2.0, 2.0, 4.0, 1.0, 1.0].into());
//! let region = Region::new(Shape::flat(2, 3), [1.0; 3], intensities, &[true; 6])?;
//! let levels = Levels::of(&region, Discretisation::None)?;
//! let values = glcm::values(&levels, glcm::Choice::default(), Aggregation::Merged25d);
//! assert_eq!(glcm::FEATURES[0].name, "glcm_joint_maximum");
//! assert_eq!(values[0], Some(5.0 / 22.0));
//! # Ok(())
//! # }
//! ```
//!
//! Matrices are exact counts, sums over them are exact wherever they are whole numbers, and everything else is computed
//! once, in `f64` and in a fixed order. A value that cannot be is nothing, and its feature says why.

pub mod aggregation;
mod ahead;
pub mod autocorrelation;
pub mod chain;
mod check;
mod choice;
mod convex_hull;
mod correlation_coefficient;
mod counted;
mod diameters;
pub mod discretise;
pub mod enclosing;
mod entropy;
mod family;
pub mod glcm;
mod glcm_features;
mod glcm_matrix;
mod glcm_walk;
pub mod gldzm;
pub mod glrlm;
pub mod glszm;
mod grid;
pub mod histogram;
pub mod interpolate;
mod kept;
pub mod levels;
pub mod local;
pub mod morphology;
mod morphology_features;
mod neighbourhood;
pub mod ngldm;
pub mod ngtdm;
mod occurring;
mod pyradiomics;
mod quickhull;
pub mod region;
mod spread;
pub mod statistics;
mod table;
mod table_facts;
mod tally;
mod values;
pub mod volume_histogram;
mod weights;
mod window;
mod zones;

pub use aggregation::{Aggregation, Norm, Space};
pub use chain::Chain;
pub use choice::{Bins, Compat, Group};
pub use discretise::Discretisation;
pub(super) use family::KEYS;
pub use family::Texture;
pub use interpolate::Interpolation;
pub use levels::Levels;
pub use region::{Intensities, Region};
pub use weights::{WeightNorm, Weighting, Weights};
pub use window::WindowFeature;
pub(crate) use window::{Picture, Room, Windows};

use super::feature::{Feature, Get};

/// The unit of squares of the channel's values.
const SQUARED: &str = "channel2";

/// Why features are empty.
const NO_SHAPE: &str = "the region has no voxel";
const NO_VOXEL: &str = "the region has no voxel with an intensity";

/// A feature without a unit.
const fn plain<Facts>(
    name: &'static str,
    standard: &'static str,
    definition: &'static str,
    empty: &'static str,
    get: fn(&Facts) -> Option<f64>,
) -> Feature<Facts> {
    Feature { name, unit: "1", definition, standard, empty, get: Get::Real(get) }
}

/// The value of a feature, if it can be.
fn value<Facts>(feature: &Feature<Facts>, facts: &Facts) -> Option<f64> {
    match feature.get {
        Get::Real(get) => get(facts).filter(|v| v.is_finite()),
        Get::Int(get) => get(facts).map(|v| v as f64),
    }
}

/// The mean of each feature over those matrices that give it a value.
fn average<Facts>(features: &[Feature<Facts>], facts: impl Iterator<Item = Option<Facts>>) -> Vec<Option<f64>> {
    let mut means = Means::of(features);
    facts.for_each(|facts| means.add(facts));
    means.values()
}

/// Values in the place of those that cannot be, by the name of their feature, matrix by matrix.
type Instead<'a> = &'a [(&'static str, f64)];

/// The same of matrices that are told one by one.
struct Means<'a, Facts: 'static> {
    features: &'a [Feature<Facts>],
    instead: Instead<'a>,
    /// The sum of the values of each, and how many these are.
    sums: Vec<(f64, u32)>,
}

impl<'a, Facts> Means<'a, Facts> {
    fn of(features: &'a [Feature<Facts>]) -> Self {
        Means { features, instead: &[], sums: vec![(0.0, 0); features.len()] }
    }

    fn add(&mut self, facts: Option<Facts>) {
        let Some(facts) = facts else { return };
        for (feature, (sum, n)) in self.features.iter().zip(&mut self.sums) {
            let instead = || self.instead.iter().find(|(name, _)| *name == feature.name).map(|(_, v)| *v);
            if let Some(v) = value(feature, &facts).or_else(instead) {
                *sum += v;
                *n += 1;
            }
        }
    }

    fn values(self) -> Vec<Option<f64>> {
        self.sums.into_iter().map(|(sum, n)| (n > 0).then(|| sum / f64::from(n))).collect()
    }
}

#[cfg(test)]
mod tests;
