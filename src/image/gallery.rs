//! Objects that are to be shown side by side.

use super::{Channel, Labels};

/// Objects of a phenotype, to be shown side by side.
#[derive(Clone, Debug)]
pub struct Gallery {
    /// Name of their object set.
    pub set: String,
    /// What they are.
    pub phenotype: String,
    /// The labels of the set.
    pub labels: Labels,
    /// What they are shown in, under the names of the recipe.
    pub channels: Vec<Channel>,
    /// Labels and scores, the best first.
    pub candidates: Vec<(u32, Option<f64>)>,
    /// Side of what is shown of each, in pixels of the image.
    pub side_px: usize,
}
