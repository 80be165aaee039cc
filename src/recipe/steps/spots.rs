//! The step that finds spots.

use crate::units::Length;
use serde::Deserialize;

/// `spots`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spots {
    /// How wide a spot is.
    #[serde(default)]
    pub sigma: SpotSigma,
    /// The same along z; if absent, the one of several lengths that shows the spots best. Of a range it goes with the first.
    pub sigma_z: Option<Length>,
    /// The image to read.
    pub of: Option<String>,
}

/// The standard deviation of the Gaussian that a spot looks like: its full width at half maximum over 2.355.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(
    untagged,
    expecting = "expected the sigma of spots: a length (\"1.4 px\"), or a range (\"1 px\" to \"2 px\" in a list)"
)]
pub enum SpotSigma {
    /// One.
    One(Length),
    /// The finest of these, a factor of the root of 2 apart, that shows the spots well.
    Range([Length; 2]),
}

impl Default for SpotSigma {
    fn default() -> Self {
        SpotSigma::One(Length::Px(1.4))
    }
}

impl SpotSigma {
    /// The least and the largest.
    pub fn ends(self) -> [Length; 2] {
        match self {
            SpotSigma::One(sigma) => [sigma; 2],
            SpotSigma::Range(ends) => ends,
        }
    }
}
