//! The `threshold` step.

use crate::units::Length;
use serde::Deserialize;

/// How a threshold is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Above `value`, or from `at_least` on, in the values of the image (SUV, counts).
    Fixed,
    /// `percent` of the voxels lie at or below it.
    Percentile,
    /// Otsu.
    Otsu,
    /// Otsu with several classes; the highest threshold, or the lowest one where the middle is foreground.
    MultiOtsu,
    /// Minimum cross-entropy.
    Li,
    /// Triangle.
    Triangle,
    /// Yen.
    Yen,
    /// Trimmed mean plus two standard deviations.
    RobustBackground,
    /// Brighter than the mean of a window.
    LocalMean,
    /// Brighter than a Gaussian mean.
    LocalGaussian,
    /// Sauvola.
    Sauvola,
    /// Above `low` and connected to something above `high`, both in the values of the image.
    Hysteresis,
    /// `factor` times the mean plus `deviations` times the standard deviation of the image in the objects of `set`.
    Reference,
}

impl Method {
    /// As the recipe names it.
    pub fn name(self) -> &'static str {
        match self {
            Method::Fixed => "fixed",
            Method::Percentile => "percentile",
            Method::Otsu => "otsu",
            Method::MultiOtsu => "multi_otsu",
            Method::Li => "li",
            Method::Triangle => "triangle",
            Method::Yen => "yen",
            Method::RobustBackground => "robust_background",
            Method::LocalMean => "local_mean",
            Method::LocalGaussian => "local_gaussian",
            Method::Sauvola => "sauvola",
            Method::Hysteresis => "hysteresis",
            Method::Reference => "reference",
        }
    }
    /// The keys that say something to it, beside `combine` and `of`: any other is refused.
    pub fn keys(self) -> &'static [&'static str] {
        match self {
            Method::Fixed => &["value", "at_least", "correction", "bounds", "noise"],
            Method::Percentile => &["percent", "correction", "bounds", "noise"],
            Method::Otsu | Method::Li | Method::Triangle | Method::Yen | Method::RobustBackground => {
                &["correction", "bounds", "bins", "transform", "noise", "from", "dimmer_beyond"]
            }
            Method::MultiOtsu => &["classes", "middle", "correction", "bounds", "bins", "transform", "noise", "from"],
            Method::LocalMean | Method::LocalGaussian => &["radius"],
            Method::Sauvola => &["radius", "k", "r"],
            Method::Hysteresis => &["low", "high"],
            Method::Reference => &["set", "factor", "deviations", "correction", "bounds", "noise"],
        }
    }
    /// Compares each voxel with its surroundings, so it needs a `radius`.
    pub fn is_local(self) -> bool {
        matches!(self, Method::LocalMean | Method::LocalGaussian | Method::Sauvola)
    }
}

/// `threshold`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// How it is chosen.
    pub method: Method,
    /// The chosen threshold is multiplied by this.
    pub correction: Option<f64>,
    /// It is never below the first nor above the second, in the values of the image.
    pub bounds: Option<[f64; 2]>,
    /// Bins of the histogram; one a sample value if absent.
    pub bins: Option<u32>,
    /// Bins are even in this.
    pub transform: Option<Transform>,
    /// Otsu with several classes: how many; 3 if absent.
    pub classes: Option<usize>,
    /// Otsu with several classes: where all between the darkest and the brightest go; to the background if absent.
    pub middle: Option<Middle>,
    /// Never below this many times the noise of the image.
    pub noise: Option<f64>,
    /// What that and the logarithm are counted from; the value 0 if absent.
    pub from: Option<CountedFrom>,
    /// Objects that lie farther than this from all that is above the threshold may be dimmer, with a threshold of their own.
    pub dimmer_beyond: Option<Length>,
    /// What becomes of the mask so far.
    #[serde(default)]
    pub combine: Combine,
    /// Half the width of the window of a local method without its centre.
    pub radius: Option<Length>,
    /// Sauvola's k.
    pub k: Option<f64>,
    /// Sauvola's r, the greatest standard deviation, in the values of the image; from the depth of the image if absent.
    pub r: Option<f64>,
    /// Hysteresis: voxels above this that are connected to one above `high`, in the values of the image.
    pub low: Option<f64>,
    /// Hysteresis.
    pub high: Option<f64>,
    /// Percentile.
    pub percent: Option<f64>,
    /// Fixed, in the values of the image.
    pub value: Option<f64>,
    /// Fixed, in the values of the image: this value itself is inside.
    pub at_least: Option<f64>,
    /// Reference: the object set.
    pub set: Option<String>,
    /// Reference: times its mean; 1 if absent.
    pub factor: Option<f64>,
    /// Reference: plus so many of its standard deviations; none if absent.
    pub deviations: Option<f64>,
    /// The image to read.
    pub of: Option<String>,
}

impl Threshold {
    /// The keys that are given, beside `method`, `combine` and `of`.
    pub(in crate::recipe) fn given(&self) -> impl Iterator<Item = &'static str> {
        let keys = [
            ("correction", self.correction.is_some()),
            ("bounds", self.bounds.is_some()),
            ("bins", self.bins.is_some()),
            ("transform", self.transform.is_some()),
            ("classes", self.classes.is_some()),
            ("middle", self.middle.is_some()),
            ("noise", self.noise.is_some()),
            ("from", self.from.is_some()),
            ("dimmer_beyond", self.dimmer_beyond.is_some()),
            ("radius", self.radius.is_some()),
            ("k", self.k.is_some()),
            ("r", self.r.is_some()),
            ("low", self.low.is_some()),
            ("high", self.high.is_some()),
            ("percent", self.percent.is_some()),
            ("value", self.value.is_some()),
            ("at_least", self.at_least.is_some()),
            ("set", self.set.is_some()),
            ("factor", self.factor.is_some()),
            ("deviations", self.deviations.is_some()),
        ];
        keys.into_iter().filter(|(_, is_given)| *is_given).map(|(key, _)| key)
    }
}

/// What the histogram's bins are even in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
    /// The square root: dim objects weigh more.
    Sqrt,
    /// The logarithm: dim objects weigh as much as bright ones.
    Log,
}

/// What brightness is counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountedFrom {
    /// The value 0.
    Zero,
    /// The ground of the image, whatever the camera or a subtraction has made of it.
    Ground,
}

/// Where classes between the darkest and the brightest go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Middle {
    /// With the brightest.
    Foreground,
    /// With the darkest.
    Background,
}

/// What becomes of the mask that an earlier threshold made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// It is replaced.
    #[default]
    Replace,
    /// Voxels must be in both.
    And,
    /// Voxels may be in either.
    Or,
}
