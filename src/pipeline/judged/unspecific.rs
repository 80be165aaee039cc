//! Whether a cutoff in noises of the ground makes positive what has no marker of its own: an antibody sticks to cytoplasm as well, and cells shine by themselves.
//!
//! `cnr` asks whether an object is brighter than the ground beside the cells, and a twentieth of a marker all over the cells is. Where objects are of two kinds beyond doubt,
//! of which the lower one has but a part of the light of the other, and the cutoff lies below that kind or goes through it, the lower one may be such light. Nothing
//! tells it in an image with one kind. Reference: this project.

use super::super::cutoff::{divided, halved};
use super::Judged;
use crate::recipe::Cutoff;

/// The lower kind has less than this part of the light of the upper one.
const PART: f64 = 1.0 / 3.0;
/// As many of all objects make a difference.
const TOLD: f64 = 0.05;
/// Fewer objects are no kind.
const SOME: usize = 3;

/// A warning of a set where two kinds of objects lie above a cutoff that was given in noises of the ground, or where it goes through the lower one.
pub(super) fn warning(set: &str, of: &Judged) -> Option<String> {
    let Judged { marker, positive, .. } = of;
    let column = positive.column(marker);
    let Cutoff::Value(above) = positive.above else { return None };
    if !column.starts_with("cnr_") {
        return None;
    }
    let values = || of.values.iter().flatten().copied();
    let between = divided(values()).filter(|between| *between > above)?;
    let (lower, upper): (Vec<f64>, Vec<f64>) = values().partition(|v| *v <= between);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let taken = lower.iter().filter(|v| **v > above).count();
    // Where the cutoff tells two kinds among the lower ones they are kinds of the marker.
    let is_kind = lower.len() - taken >= SOME && halved(lower.iter().copied(), above).is_none();
    let all = lower.len() + upper.len();
    if is_kind || taken < 2 || taken as f64 <= TOLD * all as f64 || mean(&lower) >= PART * mean(&upper) {
        return None;
    }
    let share = |n: usize| n as f64 / all as f64;
    let remedy = match positive.higher {
        Some(_) => format!("three cutoffs above {between:.1} in positive.{set}.{marker}"),
        None => format!("positive.{set}.{marker}.above = {between:.1}"),
    };
    Some(format!(
        "objects of {set} are of two kinds, with a mean {column} of {:.1} and {:.1}, and {taken} of {} of the lower kind are positive for {marker} as well: \
         unspecific stain, or light of the cells themselves, \
         exceeds the cutoff, which is only {above} times the noise of the ground beside them. If the lower kind is negative, {} of {all} are positive ({:.3}) instead of {} ({:.3}): \
         {remedy}, or what a control without the marker gives",
        mean(&lower),
        mean(&upper),
        lower.len(),
        upper.len(),
        share(upper.len()),
        upper.len() + taken,
        share(upper.len() + taken),
    ))
}

#[cfg(test)]
mod tests {
    //! Oracle: kinds that are known.
    use super::*;
    use crate::ops::dark_side::normal_quantile;
    use crate::recipe::Positive;

    /// So many values round a mean, normal.
    fn kind(n: usize, mean: f64, deviation: f64) -> Vec<f64> {
        (0..n).map(|k| mean + deviation * normal_quantile((k as f64 + 0.5) / n as f64)).collect()
    }

    fn told(above: Cutoff, column: &str, values: &[f64]) -> Option<String> {
        let positive = Positive { column: Some(column.to_owned()), ..Positive::by_mean(above) };
        warning("nuclei", &Judged::by("marker", &positive, values, values))
    }

    fn said(values: &[f64]) -> Option<String> {
        told(Cutoff::Value(3.0), "cnr_marker", values)
    }

    #[test]
    fn two_kinds_above_the_ground_are_told_with_both_shares() {
        for (low, deviation) in [(6.0, 0.4), (3.0, 0.3), (16.0, 2.0), (30.0, 3.0)] {
            for (negative, positive) in [(32, 13), (20, 40), (200, 9)] {
                let values = [kind(negative, low, deviation), kind(positive, 130.0, 12.0)].concat();
                let told = said(&values).unwrap_or_default();
                let share = positive as f64 / (negative + positive) as f64;
                let right = format!("{positive} of {} are positive ({share:.3}) instead of", negative + positive);
                assert!(told.contains(&right), "{low} {negative} {positive}: {told}");
            }
        }
    }

    #[test]
    fn what_may_be_of_the_marker_is_not_told() {
        let with = |low: Vec<f64>| [low, kind(13, 130.0, 12.0)].concat();
        assert_eq!(said(&with(kind(32, 0.4, 0.4))), None, "negative ones below the cutoff");
        assert_eq!(said(&with(kind(60, 2.2, 0.4))), None, "one or two of them above it");
        assert_eq!(said(&kind(45, 130.0, 40.0)), None, "one kind");
        assert_eq!(said(&with(kind(32, 60.0, 5.0))), None, "half of the marker");
        let grades = [kind(20, 0.1, 0.3), kind(12, 14.0, 2.0)].concat();
        assert_eq!(said(&with(grades)), None, "a kind that the cutoff tells from negative ones");
        // Without a gap nobody knows where one ends and the other begins.
        let smear: Vec<f64> = (0..60).map(|k| 4.0 * libm::exp(0.06 * f64::from(k))).collect();
        assert_eq!(said(&smear), None);
        assert_eq!(said(&[kind(40, 6.0, 0.4), vec![130.0, 140.0]].concat()), None, "two odd ones");
        let both = with(kind(32, 6.0, 0.4));
        assert!(said(&both).is_some());
        assert_eq!(told(Cutoff::Value(60.0), "cnr_marker", &both), None, "a cutoff between them");
        assert_eq!(told(Cutoff::Value(3.0), "intensity_mean_marker", &both), None, "a number of the user's own");
        assert_eq!(told(Cutoff::Otsu, "cnr_marker", &both), None);
    }
}
