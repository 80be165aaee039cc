//! The steps that draw lesions around seeds, and the one that takes other object sets away.

use crate::units::Length;
use serde::Deserialize;

/// `exclude`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclude {
    /// The object set.
    pub set: String,
    /// Objects with at least this percentage of their voxels in it are dropped, and the others stay whole; if absent, its
    /// voxels are taken away from the mask, from every object, and from what `contour` and `watershed` may reach later.
    pub touching: Option<f64>,
}

/// `contour`: exactly one of `percent`, `at_least`, `above` and `deviations`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contour {
    /// From this percentage of the object's own maximum on.
    pub percent: Option<f64>,
    /// From this value on.
    pub at_least: Option<f64>,
    /// Above this value.
    pub above: Option<f64>,
    /// From so many standard deviations below the object's own mean on.
    pub deviations: Option<f64>,
    /// With `percent`: it counts from the median of the shell from here to there around the object.
    pub background: Option<[Length; 2]>,
    /// No farther from the object as it was before than this.
    pub within: Length,
    /// The image to read.
    pub of: Option<String>,
}

/// `watershed`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watershed {
    /// What is farther from every object as it was before than this is outside.
    pub within: Length,
    /// The core of an object, which is inside, is what has at least this percentage of its maximum; 70 if absent.
    pub core: Option<f64>,
    /// The image to read.
    pub of: Option<String>,
}
