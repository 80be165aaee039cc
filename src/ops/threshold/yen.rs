//! Yen's threshold: the greatest correlation criterion.
//!
//! With bin shares p, P the share up to the cut, Q1 and Q2 the sums of p^2 up to and after it:
//! `ln((P (1 - P))^2 / (Q1 Q2))`, greatest over all cuts, the first one of equals.
//! Reference: Yen, Chang and Chang 1995, doi 10.1109/83.366472; `skimage.filters.threshold_yen`.

use super::bins::Histogram;

/// Index of the last bin of the dark class.
pub(super) fn yen(h: &Histogram) -> usize {
    let total: f64 = h.bins().map(|(_, count)| count).sum();
    let share: Vec<f64> = h.bins().map(|(_, count)| count / total).collect();
    let mut after = vec![0.0; share.len() + 1];
    for k in (0..share.len()).rev() {
        after[k] = after[k + 1] + share[k] * share[k];
    }
    let (mut dark, mut squares) = (0.0, 0.0);
    let (mut best, mut at) = (f64::NEG_INFINITY, 0);
    for k in 0..share.len() {
        squares += share[k] * share[k];
        dark += f64::from(h.counts[k]);
        let p = dark / total;
        // No class may be empty.
        if squares == 0.0 || after[k + 1] == 0.0 {
            continue;
        }
        let both = p * (1.0 - p);
        let criterion = libm::log(both * both / (squares * after[k + 1]));
        if criterion > best {
            (best, at) = (criterion, k);
        }
    }
    at
}
