//! The steps that make an image of an image.

use crate::units::Length;
use serde::Deserialize;

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

/// `dim_specks`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DimSpecks {
    /// The object set whose surroundings tell how bright the image is.
    pub around: String,
    /// The image to read.
    pub of: Option<String>,
    /// The name to keep the result under.
    #[serde(rename = "as")]
    pub keep_as: Option<String>,
}

/// `blank_noise`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlankNoise {
    /// Smoothed by this sigma nothing is seen in it.
    pub sigma: Length,
    /// The image to read.
    pub of: Option<String>,
    /// The name to keep the result under.
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
