//! The step that makes a map of doses.

use serde::Deserialize;

/// `prescription`: exactly one of `values` and `percentiles`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prescription {
    /// The object set that gets a dose; elsewhere there is none.
    pub set: String,
    /// The least and the largest dose in Gy.
    pub dose: [f64; 2],
    /// The values of the image that these belong to.
    pub values: Option<[f64; 2]>,
    /// The same as percentiles of each object's own values.
    pub percentiles: Option<[f64; 2]>,
    /// The image to read.
    pub of: Option<String>,
}
