//! What a recipe may not say of heterogeneity, with the remedy.

use super::choice::Bins;
use super::{Aggregation, Texture, Weights, pyradiomics};
use crate::measure::Objection;
use crate::units::Length;

/// The farthest that pairs and neighbours may lie apart, in voxels: in a volume the time it takes grows as the third power.
const FARTHEST: usize = 20;

/// Nothing if all can be.
pub(super) fn check(texture: &Texture) -> Result<(), Objection> {
    let wrong = |key, what: &str, remedy: &str| Err(Objection { key, what: what.into(), remedy: remedy.into() });
    let levels = texture.families.iter().any(|g| g.needs_levels());
    let no_size = |bins: &Bins| match bins {
        Bins::Size { size, from } => !(*size > 0.0 && size.is_finite() && from.is_none_or(f64::is_finite)),
        Bins::Number { number } => *number == 0,
    };
    if texture.volume_histogram.as_ref().is_some_and(no_size) {
        return wrong("volume_histogram", "bins of no size", "volume_histogram = { number = 1000 }");
    }
    match texture.bins {
        None if levels => {
            let what = "nothing says how values become grey levels";
            return wrong("bins", what, "bins = { number = 32 }, or { size = 0.25, from = 0 } in the channel's unit");
        }
        Some(bins) if no_size(&bins) => {
            let is_size = matches!(bins, Bins::Size { .. });
            let remedy = if is_size { "bins = { size = 0.25, from = 0 }" } else { "bins = { number = 32 }" };
            return wrong("bins", "bins of no size", remedy);
        }
        _ => {}
    }
    let theirs = texture.compat.is_some();
    if texture.families.is_empty() || (theirs && !texture.families.iter().any(|g| pyradiomics::has_class(*g))) {
        return wrong("families", "nothing is to be measured", "leave families out");
    }
    if theirs && texture.aggregation.len() > 1 {
        return wrong("aggregation", "PyRadiomics knows one way at a time", "aggregation = \"3d_avg\"");
    }
    if texture.distance == 0 {
        return wrong("distance", "no distance in voxels", "distance = 1, up to 20");
    }
    if texture.distance > FARTHEST {
        // The cast may lose digits of a number that nobody reads to the last one.
        let others = (2.0 * texture.distance as f64 + 1.0).powi(3) - 1.0;
        let what = format!("distance = {}: each voxel would be held against up to {others} others", texture.distance);
        return wrong("distance", &what, &format!("distance = 1, up to {FARTHEST}"));
    }
    if let Some(objection) = texture.weights.and_then(|weights| no_weights(texture, weights)) {
        return Err(objection);
    }
    if texture.range.is_some_and(|[low, high]| low.is_nan() || high.is_nan() || low >= high) {
        return wrong("range", "there is nothing in this range", "range = [LOWEST, HIGHEST]");
    }
    if texture.outliers.is_some_and(|d| d.is_nan() || d <= 0.0) {
        return wrong("outliers", "deviations are above 0", "outliers = 3");
    }
    if texture.range_of.is_some() && texture.range.is_none() && texture.outliers.is_none() {
        return wrong("range_of", "there is neither a range nor outliers to look for", "range = [-1000, 400]");
    }
    match texture.resample {
        Some(Length::Px(v) | Length::Um(v) | Length::Mm(v) | Length::R(v)) if v <= 0.0 => {
            wrong("resample", "voxels without a size", "resample = \"2 mm\"")
        }
        _ => Ok(()),
    }
}

/// Weights are of use where directions are merged.
fn no_weights(texture: &Texture, weights: Weights) -> Option<Objection> {
    let wrong = |what: &str, remedy: &str| Some(Objection { key: "weights", what: what.into(), remedy: remedy.into() });
    let split = |a: &Aggregation| a.averages_directions();
    if texture.compat.is_some() {
        return wrong("weights are those of the standard", "leave compat out, or weights");
    }
    if !texture.families.iter().any(|g| g.has_weights()) {
        return wrong("no family has weights", "families = [\"glcm\", \"glrlm\", \"ngtdm\"]");
    }
    let of_directions = texture.families.iter().any(|g| g.has_weights() && g.has_directions());
    if of_directions && texture.aggregations().iter().any(split) {
        return wrong("a matrix of one direction has one weight", "aggregation = \"3d_mrg\", or another that merges");
    }
    weights.objection()
}
