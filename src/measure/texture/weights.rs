//! Weights of neighbours by how far they are: exp(-d^2), with the distance d in a length that the recipe says (IBSI 1, the notes on
//! distance weighting of co-occurrence, runs and grey tone differences).
//!
//! Ratios of weights matter, since matrices and means are divided by their sum. So the nearest neighbour has the weight 1,
//! however far it is, and in matrices, which are of whole numbers, as large a whole number as their sums have place for. Two features
//! of runs are no means: they are multiplied by what that number stands for.

use super::aggregation::Step;
use crate::measure::{Objection, Request};
use crate::units::{Length, Ruler};
use crate::{Error, Result};
use serde::Deserialize;

/// What a recipe says of them.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// How the distance is told.
    pub norm: WeightNorm,
    /// The distance whose weight is exp(-1): voxels are counted if it is in pixels.
    #[serde(default = "one_voxel")]
    pub length: Length,
}

fn one_voxel() -> Length {
    Length::Px(1.0)
}

/// How the distance of a neighbour is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightNorm {
    /// As the crow flies.
    Euclidean,
    /// The sum of the ways along the axes.
    Manhattan,
    /// The longest of them.
    Chebyshev,
}

impl Weights {
    /// Nothing if they can be.
    pub(super) fn objection(self) -> Option<Objection> {
        let is_length =
            matches!(self.length, Length::Px(v) | Length::Um(v) | Length::Mm(v) if v > 0.0 && v.is_finite());
        (!is_length).then(|| Objection {
            key: "weights",
            what: format!("\"{}\" is no length that distances can be counted in", self.length),
            remedy: "weights = { norm = \"euclidean\", length = \"1 mm\" }, or in px".into(),
        })
    }

    /// As it stands in the name of a column.
    pub(super) fn suffix(self) -> String {
        let norm = match self.norm {
            WeightNorm::Euclidean => "euc",
            WeightNorm::Manhattan => "man",
            WeightNorm::Chebyshev => "che",
        };
        format!("w{norm}{}", self.length.to_string().replace(' ', "").replace('.', "p"))
    }

    /// For the voxels of an image.
    pub(super) fn begin(self, request: &Request) -> Result<Weighting> {
        let unit = request.unit.um();
        let length = match self.length {
            Length::Px(v) => return Ok(Weighting { norm: self.norm, length: v, voxels: true }),
            Length::Um(v) => v / unit,
            Length::Mm(v) => v * 1000.0 / unit,
            Length::R(_) => return Err(Error::usage("texture: weights by a length in radii")),
        };
        // An image without calibration has no such length.
        self.length.px(&Ruler { spacing: request.spacing, radius_px: None })?;
        Ok(Weighting { norm: self.norm, length, voxels: false })
    }
}

/// Weights in an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weighting {
    /// How distances are told.
    pub norm: WeightNorm,
    /// The distance whose weight is exp(-1).
    pub length: f64,
    /// It is in voxels, not in the unit of the spacing.
    pub voxels: bool,
}

impl Weighting {
    /// Squares of the distances of neighbours, in that length.
    pub(super) fn squares(&self, steps: &[Step], spacing: [f64; 3]) -> Vec<f64> {
        let side = spacing.map(|s| if self.voxels { 1.0 } else { s } / self.length);
        let square = |step: &Step| {
            let [z, y, x]: [f64; 3] = std::array::from_fn(|a| step[a].unsigned_abs() as f64 * side[a]);
            match self.norm {
                WeightNorm::Euclidean => z * z + y * y + x * x,
                WeightNorm::Manhattan => (z + y + x) * (z + y + x),
                WeightNorm::Chebyshev => z.max(y).max(x) * z.max(y).max(x),
            }
        };
        steps.iter().map(square).collect()
    }
}

/// Bits of whole weights, at most.
const BITS: u32 = 32;

/// Whole weights of distances of which the nearest has the largest one. The exact sums of a matrix have 126 bits: the square of the
/// sum of all weights and of the highest level must fit.
pub(super) fn whole(squares: &[f64], pairs: usize, highest: u32) -> Vec<u64> {
    let nearest = squares.iter().copied().fold(f64::INFINITY, f64::min);
    let taken = (usize::BITS - pairs.leading_zeros()) + (u32::BITS - highest.leading_zeros());
    let largest = (1u64 << 62u32.saturating_sub(taken).min(BITS)) as f64;
    squares.iter().map(|square| (largest * libm::exp(nearest - square)).round() as u64).collect()
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn distances_are_those_of_the_norm() {
        let squares = |norm, voxels| {
            let weighting = Weighting { norm, length: 2.0, voxels };
            weighting.squares(&[[0, 0, 1], [1, -1, 1]], [4.0, 2.0, 2.0])
        };
        assert_eq!(squares(WeightNorm::Euclidean, false), [1.0, 6.0]);
        assert_eq!(squares(WeightNorm::Manhattan, false), [1.0, 16.0]);
        assert_eq!(squares(WeightNorm::Chebyshev, false), [1.0, 4.0]);
        assert_eq!(squares(WeightNorm::Euclidean, true), [0.25, 0.75]);
    }

    #[test]
    fn the_nearest_has_the_largest_weight_and_sums_have_place() {
        assert_eq!(whole(&[2.0, 3.0], 10, 8), [1 << 32, ((1u64 << 32) as f64 * libm::exp(-1.0)).round() as u64]);
        // However far all of them are.
        assert_eq!(whole(&[5000.0, 5000.0], 10, 8), [1 << 32; 2]);
        let weight = u128::from(whole(&[0.0], 1 << 34, 65535)[0]);
        assert!((weight << 34) * 65535 < 1 << 63 && weight > 100);
    }
}
