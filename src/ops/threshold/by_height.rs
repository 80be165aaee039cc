//! Triangle and Yen of floats. They look at how high a histogram is, so they need bins that hold more than a value each: as many as
//! scikit-image takes, whose threshold is the centre of one.
//!
//! Of an image of few grey levels a bin has but one, which may lie on either side of its centre. It belongs to the dark class with
//! its bin: where nothing of the bin lies below the centre, the threshold is its upper edge.

use super::bins::{BinChoice, Cut, EqualBins};
use super::{Method, triangle, yen};
use crate::Result;
use crate::ops::histogram::{BinScale, Bins, MAX_BINS};
use crate::ops::value_counts::Look;

const BINS: EqualBins = EqualBins { n: 256, spacing: BinScale::Linear, cut: Cut::Centre };

/// Whether a method wants these bins where others were asked for.
pub(super) fn is_for(method: &Method, bins: BinChoice, (min, max): (i32, i32)) -> bool {
    let values = |bits: u32| (i64::from(max) - i64::from(min)) >> bits.min(31);
    // Of samples that were shifted up each value may still have its bin.
    let has_bins = match bins {
        BinChoice::Unit => false,
        BinChoice::Lifted(bits) => values(bits) < MAX_BINS as i64 / 2,
        BinChoice::Equal { .. } => true,
    };
    matches!(method, Method::Triangle | Method::Yen) && !has_bins && values(0) >= MAX_BINS as i64
}

/// The threshold, in samples.
///
/// # Errors
/// The device is lost.
pub(super) fn cut(seen: &Look, method: &Method, (min, max): (i32, i32)) -> Result<f64> {
    let halves = seen.histogram(&Bins::linear(min, max, 2 * BINS.n))?;
    let mut h = BINS.with((min, max), halves.chunks(2).map(|bin| bin.iter().sum()).collect());
    if h.is_one() {
        return Ok(max.into());
    }
    let bin = if *method == Method::Yen { yen::yen(&h) } else { triangle::triangle(&h) };
    if halves[2 * bin] == 0 {
        h.cut = Cut::BelowEdge;
    }
    Ok(h.at(bin))
}
