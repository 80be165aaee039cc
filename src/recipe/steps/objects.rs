//! The steps that make objects of a mask, split them, draw them again and choose among them.

use crate::recipe::size::Size;
use crate::units::Length;
use serde::Deserialize;

/// `fill_holes`
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FillHoles {
    /// The object set whose cells have these insides: larger holes without any of its objects stay open.
    pub around: Option<String>,
}

/// `label`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// Which voxels touch.
    #[serde(default)]
    pub connectivity: Connectivity,
}

/// Which voxels touch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Connectivity {
    /// 4 neighbours in the plane, 6 in depth.
    Face,
    /// 8 neighbours in the plane, 26 in depth.
    #[default]
    Full,
}

/// `landscape`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Landscape {
    /// The image to read.
    pub of: Option<String>,
    /// The name to keep the result under.
    #[serde(rename = "as")]
    pub keep_as: Option<String>,
}

/// What touching objects are split by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitBy {
    /// The distance to the edge of the mask.
    Shape,
    /// The image.
    Intensity,
    /// The result of the `landscape` step.
    #[default]
    Landscape,
}

/// `split`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// What gives the peaks.
    #[serde(default)]
    pub by: SplitBy,
    /// A valley this deep keeps two peaks apart.
    pub depth: Option<SplitDepth>,
    /// Objects smaller than the typical one need a deeper valley; true for the landscape if absent.
    pub sized: Option<bool>,
    /// What fills an ellipse stays whole, whatever valleys run through it; needs a scale.
    #[serde(default)]
    pub ellipses: bool,
    /// The image to read.
    pub of: Option<String>,
}

/// How deep a valley must be.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a depth: a share of the lower peak (0.08), or a length (\"0.5 um\") with by = \"shape\""
)]
pub enum SplitDepth {
    /// As a share of the lower peak.
    Share(f64),
    /// As a difference of distances to the edge.
    Length(Length),
}

/// `refine`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refine {
    /// An object keeps its voxels above this share of its own brightness; 0.375 if absent.
    pub fraction: Option<f64>,
    /// Its brightness is this quantile of its samples; 0.7 if absent.
    pub quantile: Option<f64>,
    /// Its background is this quantile of its samples; if absent, the background is gone and counts as 0.
    pub floor: Option<f64>,
    /// Objects dimmer than this share of the median brightness are dropped; none if absent.
    pub dimmest: Option<f64>,
    /// The image to read.
    pub of: Option<String>,
}

/// `keep`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// From and to, both included: `["20 um2", "500 um2"]`.
    pub area: Option<[Size; 2]>,
    /// The same in depth: `["20 um3", "4 mm3"]`.
    pub volume: Option<[Size; 2]>,
    /// Not smaller than the largest of these.
    #[serde(default, deserialize_with = "crate::recipe::many::sizes")]
    pub at_least: Option<Vec<Size>>,
    /// Objects that touch the edge of the image stay; true if absent.
    pub border: Option<bool>,
}
