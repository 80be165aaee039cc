//! The step that divides objects of another set by how bright their parts are.

use crate::recipe::size::Size;
use serde::Deserialize;

/// `habitats`: exactly one of `values`, `percent` and `classes`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Habitats {
    /// The object set whose objects are divided.
    pub set: String,
    /// Rising limits: a habitat goes from one on to below the next.
    pub values: Option<Vec<f64>>,
    /// The same in percent of each object's own maximum.
    pub percent: Option<Vec<f64>>,
    /// So many habitats in each object, divided where their means lie farthest apart (Otsu).
    pub classes: Option<usize>,
    /// A habitat smaller than this joins the next colder one of its object; the coldest joins the next hotter one.
    pub smallest: Option<Size>,
    /// The image to read.
    pub of: Option<String>,
}
