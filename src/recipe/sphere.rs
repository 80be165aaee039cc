//! Reference regions that a recipe asks for: balls in healthy tissue.

use crate::units::Length;
use serde::Deserialize;

/// A ball: a reference region in healthy tissue.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sphere {
    /// Voxels whose centre is not farther than half of this from the centre.
    pub diameter: Length,
    /// Its centre.
    pub at: SphereAt,
}

/// The centre of a sphere.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a place: \"liver\", or [x, y, z] in mm (x to the patient's left, y back, z up)"
)]
pub enum SphereAt {
    /// An organ that is found in the image.
    Organ(Organ),
    /// Patient x, y, z in mm.
    Place([f64; 3]),
}

/// Organs that a reference region is found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Organ {
    /// The right lobe of the liver.
    Liver,
}
