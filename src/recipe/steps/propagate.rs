//! The step that grows cells from nuclei through a stain.

use crate::recipe::size::Size;
use crate::units::Length;
use serde::Deserialize;

/// `propagate`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Propagate {
    /// The object set to grow; its objects keep their numbers.
    pub from: String,
    /// What a way through the mask costs.
    #[serde(default)]
    pub method: PropagateMethod,
    /// Propagation: a way of one radius of the typical object costs as much as this share of the contrast of the mask; 0.1
    /// if absent.
    pub regularisation: Option<f64>,
    /// Watershed: what objects meet at.
    pub boundary: Option<Boundary>,
    /// No farther from the objects than this.
    pub within: Option<Length>,
    /// Pieces of the mask that no object touches become objects too, from this size on.
    pub without_nuclei: Option<Size>,
    /// The image to read.
    pub of: Option<String>,
}

/// What a way through the mask costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PropagateMethod {
    /// Differences of the image, and length.
    #[default]
    Propagation,
    /// Its highest place, then length.
    Watershed,
}

/// What objects meet at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Boundary {
    /// Where the image is brightest, as stained membranes are.
    Bright,
    /// Where it is darkest, as the gaps between stained cells are.
    Dark,
    /// Where it is steepest.
    Steep,
}
