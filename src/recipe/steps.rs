//! The steps of an object set: one struct an operation, in the words of the recipe.
//!
//! Steps pass on an image, a mask and labels. A step that makes an image may say `as = "name"` to keep it for later, a
//! step that reads an image may say `of = "name"`; `"original"` is the channel as the steps found it.

use super::lesions::{Contour, Exclude, Watershed};
use super::size::{Size, SizeUnit};
use super::threshold::{Method, Threshold};
use crate::units::Length;
use serde::Deserialize;

/// One operation with its settings.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Step {
    /// Gaussian filter.
    Gaussian(Gaussian),
    /// Median filter.
    Median(Radius),
    /// Mean filter.
    Mean(Radius),
    /// Image minus its opening: keeps what is smaller than the element.
    TopHat(Morphology),
    /// Removes bright things smaller than the element.
    Opening(Morphology),
    /// Removes dark things smaller than the element.
    Closing(Morphology),
    /// Takes the slowly changing background away.
    Background(Radius),
    /// Smooths only as far as the noise asks for.
    Denoise(Denoise),
    /// Takes away the background that a ball rolls along.
    RollingBall(Radius),
    /// Makes a mask of what is bright.
    Threshold(Threshold),
    /// Fills holes of the mask, or of each object once there are labels.
    FillHoles(Nothing),
    /// Numbers the connected pieces of the mask.
    Label(Label),
    /// Makes the heights that touching objects are split on.
    Landscape(Landscape),
    /// Splits touching objects of the mask.
    Split(Split),
    /// Draws each object's edge again at a fraction of its own brightness.
    Refine(Refine),
    /// Drops objects by size, or because they touch the border.
    Keep(Keep),
    /// Takes the voxels of another object set away, or the objects that lie in it.
    Exclude(Exclude),
    /// Draws each object anew around its hottest voxel, by a limit of its own.
    Contour(Contour),
    /// Draws each object anew to where the image falls steepest.
    Watershed(Watershed),
}

impl Step {
    /// As `op` names it.
    pub fn name(&self) -> &'static str {
        match self {
            Step::Gaussian(_) => "gaussian",
            Step::Median(_) => "median",
            Step::Mean(_) => "mean",
            Step::TopHat(_) => "top_hat",
            Step::Opening(_) => "opening",
            Step::Closing(_) => "closing",
            Step::Background(_) => "background",
            Step::Denoise(_) => "denoise",
            Step::RollingBall(_) => "rolling_ball",
            Step::Threshold(_) => "threshold",
            Step::FillHoles(_) => "fill_holes",
            Step::Label(_) => "label",
            Step::Landscape(_) => "landscape",
            Step::Split(_) => "split",
            Step::Refine(_) => "refine",
            Step::Keep(_) => "keep",
            Step::Exclude(_) => "exclude",
            Step::Contour(_) => "contour",
            Step::Watershed(_) => "watershed",
        }
    }

    /// How many thresholds it leaves in the image's row; a local one has a threshold for each voxel.
    pub fn thresholds(&self) -> usize {
        match self {
            Step::Threshold(t) if t.method == Method::Hysteresis => 2,
            Step::Threshold(t) if !t.method.is_local() => 1,
            _ => 0,
        }
    }

    /// Whether it reads an image at all, named or not.
    pub(crate) fn reads_image(&self) -> bool {
        match self {
            Step::FillHoles(_) | Step::Label(_) | Step::Keep(_) | Step::Exclude(_) => false,
            Step::Split(p) => p.by == SplitBy::Intensity,
            _ => true,
        }
    }

    /// The named image that it reads, if it says one.
    pub fn of(&self) -> Option<&str> {
        match self {
            Step::Gaussian(p) => p.of.as_deref(),
            Step::Denoise(p) => p.of.as_deref(),
            Step::Median(p) | Step::Mean(p) | Step::Background(p) | Step::RollingBall(p) => p.of.as_deref(),
            Step::TopHat(p) | Step::Opening(p) | Step::Closing(p) => p.of.as_deref(),
            Step::Threshold(p) => p.of.as_deref(),
            Step::Landscape(p) => p.of.as_deref(),
            Step::Split(p) => p.of.as_deref(),
            Step::Refine(p) => p.of.as_deref(),
            Step::Contour(p) => p.of.as_deref(),
            Step::Watershed(p) => p.of.as_deref(),
            Step::FillHoles(_) | Step::Label(_) | Step::Keep(_) | Step::Exclude(_) => None,
        }
    }

    /// It works on a mask or on objects, so something must have made them before.
    pub fn needs_objects(&self) -> bool {
        matches!(
            self,
            Step::FillHoles(_)
                | Step::Label(_)
                | Step::Landscape(_)
                | Step::Split(_)
                | Step::Refine(_)
                | Step::Keep(_)
                | Step::Exclude(_)
                | Step::Contour(_)
                | Step::Watershed(_)
        )
    }

    /// It counts in the radius of the typical object, in its settings or by itself.
    pub(super) fn counts_in_r(&self) -> bool {
        let is_r = |length: &Length| matches!(length, Length::R(_));
        let in_r = |size: &Size| matches!(size.unit, SizeUnit::R2 | SizeUnit::R3);
        match self {
            Step::Denoise(_) | Step::Landscape(_) => true,
            Step::Gaussian(p) => [Some(p.sigma), p.at_least].iter().flatten().any(is_r),
            Step::Median(p) | Step::Mean(p) | Step::Background(p) | Step::RollingBall(p) => is_r(&p.radius),
            Step::TopHat(p) | Step::Opening(p) | Step::Closing(p) => is_r(&p.radius),
            Step::Threshold(p) => p.radius.iter().any(is_r),
            Step::Split(p) => p.sized == Some(true) || matches!(p.depth, Some(SplitDepth::Length(Length::R(_)))),
            Step::Keep(p) => {
                let ranges = p.area.iter().chain(&p.volume).flatten();
                ranges.chain(p.at_least.iter().flatten()).any(in_r)
            }
            Step::Contour(p) => p.background.iter().flatten().chain([&p.within]).any(is_r),
            Step::Watershed(p) => is_r(&p.within),
            Step::FillHoles(_) | Step::Label(_) | Step::Refine(_) | Step::Exclude(_) => false,
        }
    }

    /// The other object set that it reads, if any.
    pub fn set(&self) -> Option<&str> {
        match self {
            Step::Threshold(p) => p.set.as_deref(),
            Step::Exclude(p) => Some(&p.set),
            _ => None,
        }
    }

    /// The name that it keeps its image under, if it says one.
    pub fn keeps_as(&self) -> Option<&str> {
        match self {
            Step::Gaussian(p) => p.keep_as.as_deref(),
            Step::Denoise(p) => p.keep_as.as_deref(),
            Step::Median(p) | Step::Mean(p) | Step::Background(p) | Step::RollingBall(p) => p.keep_as.as_deref(),
            Step::TopHat(p) | Step::Opening(p) | Step::Closing(p) => p.keep_as.as_deref(),
            Step::Landscape(p) => p.keep_as.as_deref(),
            _ => None,
        }
    }
}

/// `denoise`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Denoise {
    /// What may be left of the noise, as a share of the threshold between objects and background.
    pub share: f64,
    /// What later steps smooth anyway: up to this sigma nothing is done.
    pub enough: Length,
    /// The widest sigma.
    pub at_most: Length,
    /// The image to read.
    pub of: Option<String>,
    /// A name for the result.
    #[serde(rename = "as")]
    pub keep_as: Option<String>,
}

/// `gaussian`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gaussian {
    /// Standard deviation.
    pub sigma: Length,
    /// Never less than this.
    pub at_least: Option<Length>,
    /// The image to read.
    pub of: Option<String>,
    /// The name to keep the result under.
    #[serde(rename = "as")]
    pub keep_as: Option<String>,
}

/// `median`, `mean`, `background`, `rolling_ball`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Radius {
    /// Half the width of the window without its centre; of the ball; the largest object to keep out of the background.
    pub radius: Length,
    /// The image to read.
    pub of: Option<String>,
    /// The name to keep the result under.
    #[serde(rename = "as")]
    pub keep_as: Option<String>,
}

/// `top_hat`, `opening`, `closing`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Morphology {
    /// Radius of the element.
    pub radius: Length,
    /// Its shape.
    #[serde(default)]
    pub shape: ElementShape,
    /// The image to read.
    pub of: Option<String>,
    /// The name to keep the result under.
    #[serde(rename = "as")]
    pub keep_as: Option<String>,
}

/// The shape of a structuring element.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ElementShape {
    /// A square or a block: quick at any size.
    #[default]
    Box,
    /// A disk or a ball.
    Ball,
}

/// `fill_holes`
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

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
    /// Its brightness is this quantile of its samples; 0.75 if absent.
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
    #[serde(default, deserialize_with = "super::many::sizes")]
    pub at_least: Option<Vec<Size>>,
    /// Objects that touch the edge of the image stay; true if absent.
    pub border: Option<bool>,
}
