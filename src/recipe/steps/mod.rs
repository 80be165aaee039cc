//! The steps of an object set: one struct an operation, in the words of the recipe.
//!
//! Steps pass on an image, a mask and labels. A step that makes an image may say `as = "name"` to keep it for later, a
//! step that reads an image may say `of = "name"`; `"original"` is the channel as the steps found it.

mod filters;
mod habitats;
mod lesions;
mod objects;
mod prescription;
mod propagate;
mod responses;
mod spots;
mod texture_map;
mod threshold;

pub use filters::*;
pub use habitats::*;
pub use lesions::*;
pub use objects::*;
pub use prescription::*;
pub use propagate::*;
pub use responses::*;
pub use spots::*;
pub use texture_map::*;
pub use threshold::*;

use super::size::{Size, SizeUnit};
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
    /// Brings specks down to what is bright around the objects of another set.
    DimSpecks(DimSpecks),
    /// Makes an image blank that holds nothing but noise.
    BlankNoise(BlankNoise),
    /// Smooths only as far as the noise asks for.
    Denoise(Denoise),
    /// Takes away the background that a ball rolls along.
    RollingBall(Radius),
    /// A filter of the standard: makes a response map.
    Filter(Filter),
    /// Makes a mask of what is bright.
    Threshold(Threshold),
    /// Fills holes of the mask, or of each object once there are labels.
    FillHoles(FillHoles),
    /// Divides the objects of another set by how bright their parts are.
    Habitats(Habitats),
    /// Makes a map of doses of the objects of another set.
    Prescription(Prescription),
    /// Makes a map of a texture.
    Texture(TextureMap),
    /// Finds points of light, each an object.
    Spots(Spots),
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
    /// Grows the objects of another set through the mask, along the image.
    Propagate(Propagate),
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
            Step::DimSpecks(_) => "dim_specks",
            Step::BlankNoise(_) => "blank_noise",
            Step::Denoise(_) => "denoise",
            Step::RollingBall(_) => "rolling_ball",
            Step::Filter(_) => "filter",
            Step::Threshold(_) => "threshold",
            Step::FillHoles(_) => "fill_holes",
            Step::Habitats(_) => "habitats",
            Step::Prescription(_) => "prescription",
            Step::Texture(_) => "texture",
            Step::Spots(_) => "spots",
            Step::Label(_) => "label",
            Step::Landscape(_) => "landscape",
            Step::Split(_) => "split",
            Step::Refine(_) => "refine",
            Step::Keep(_) => "keep",
            Step::Exclude(_) => "exclude",
            Step::Contour(_) => "contour",
            Step::Watershed(_) => "watershed",
            Step::Propagate(_) => "propagate",
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
            Step::DimSpecks(p) => p.of.as_deref(),
            Step::BlankNoise(p) => p.of.as_deref(),
            Step::Denoise(p) => p.of.as_deref(),
            Step::Median(p) | Step::Mean(p) | Step::Background(p) | Step::RollingBall(p) => p.of.as_deref(),
            Step::TopHat(p) | Step::Opening(p) | Step::Closing(p) => p.of.as_deref(),
            Step::Threshold(p) => p.of.as_deref(),
            Step::Habitats(p) => p.of.as_deref(),
            Step::Prescription(p) => p.of.as_deref(),
            Step::Texture(p) => p.of.as_deref(),
            Step::Spots(p) => p.of.as_deref(),
            Step::Landscape(p) => p.of.as_deref(),
            Step::Split(p) => p.of.as_deref(),
            Step::Refine(p) => p.of.as_deref(),
            Step::Contour(p) => p.of.as_deref(),
            Step::Watershed(p) => p.of.as_deref(),
            Step::Propagate(p) => p.of.as_deref(),
            Step::Filter(_) | Step::FillHoles(_) | Step::Label(_) | Step::Keep(_) | Step::Exclude(_) => None,
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
                | Step::Propagate(_)
        )
    }

    /// It counts in the radius of the typical object, in its settings or by itself.
    pub(super) fn counts_in_r(&self) -> bool {
        let is_r = |length: &Length| matches!(length, Length::R(_));
        let in_r = |size: &Size| matches!(size.unit, SizeUnit::R2 | SizeUnit::R3);
        match self {
            Step::Denoise(_) | Step::Landscape(_) => true,
            Step::Gaussian(p) => [Some(p.sigma), p.at_least].iter().flatten().any(is_r),
            Step::BlankNoise(p) => is_r(&p.sigma),
            Step::Filter(p) => p.lengths().iter().any(is_r),
            Step::Median(p) | Step::Mean(p) | Step::Background(p) | Step::RollingBall(p) => is_r(&p.radius),
            Step::TopHat(p) | Step::Opening(p) | Step::Closing(p) => is_r(&p.radius),
            Step::Threshold(p) => p.radius.iter().chain(&p.dimmer_beyond).any(is_r),
            Step::Split(p) => {
                p.sized == Some(true) || p.ellipses || matches!(p.depth, Some(SplitDepth::Length(Length::R(_))))
            }
            Step::Keep(p) => {
                let ranges = p.area.iter().chain(&p.volume).flatten();
                ranges.chain(p.at_least.iter().flatten()).any(in_r)
            }
            Step::Habitats(p) => p.smallest.iter().any(in_r),
            Step::Spots(p) => p.sigma.ends().iter().chain(&p.sigma_z).any(is_r),
            Step::Contour(p) => p.background.iter().flatten().chain([&p.within]).any(is_r),
            Step::Watershed(p) => is_r(&p.within),
            Step::Propagate(p) => p.within.iter().any(is_r) || p.without_nuclei.iter().any(in_r),
            Step::DimSpecks(_)
            | Step::FillHoles(_)
            | Step::Label(_)
            | Step::Refine(_)
            | Step::Exclude(_)
            | Step::Prescription(_)
            | Step::Texture(_) => false,
        }
    }

    /// How far it looks around, where it can do nothing without: an image less its own values is empty.
    pub(super) fn reach(&self) -> Option<Length> {
        match self {
            Step::Background(p) | Step::RollingBall(p) => Some(p.radius),
            Step::TopHat(p) => Some(p.radius),
            Step::Threshold(p) => p.radius,
            _ => None,
        }
    }

    /// The other object set that it reads, if any.
    pub fn set(&self) -> Option<&str> {
        match self {
            Step::Threshold(p) => p.set.as_deref(),
            Step::Exclude(p) => Some(&p.set),
            Step::Habitats(p) => Some(&p.set),
            Step::Prescription(p) => Some(&p.set),
            Step::Propagate(p) => Some(&p.from),
            Step::DimSpecks(p) => Some(&p.around),
            Step::FillHoles(p) => p.around.as_deref(),
            _ => None,
        }
    }

    /// The channels and images that it reads by their names, beside the channel of its set.
    pub fn images(&self) -> &[String] {
        match self {
            Step::Habitats(p) => &p.images,
            _ => &[],
        }
    }

    /// The name that it keeps its image under, if it says one.
    pub fn keeps_as(&self) -> Option<&str> {
        match self {
            Step::Gaussian(p) => p.keep_as.as_deref(),
            Step::DimSpecks(p) => p.keep_as.as_deref(),
            Step::BlankNoise(p) => p.keep_as.as_deref(),
            Step::Denoise(p) => p.keep_as.as_deref(),
            Step::Median(p) | Step::Mean(p) | Step::Background(p) | Step::RollingBall(p) => p.keep_as.as_deref(),
            Step::TopHat(p) | Step::Opening(p) | Step::Closing(p) => p.keep_as.as_deref(),
            Step::Landscape(p) => p.keep_as.as_deref(),
            _ => None,
        }
    }
}
