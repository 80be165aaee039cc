//! Otsu's threshold: the cut that leaves the greatest variance between the two classes.
//!
//! `w1 w2 (mean1 - mean2)^2`, greatest over all cuts, the first one of equals.
//! Reference: Otsu 1979, doi 10.1109/TSMC.1979.4310076; `skimage.filters.threshold_otsu`.

use super::bins::Histogram;

/// Index of the last bin of the dark class.
pub(super) fn otsu(h: &Histogram) -> usize {
    let (total, sum) = h.bins().fold((0.0, 0.0), |(n, s), (value, count)| (n + count, s + count * value));
    let (mut dark, mut dark_sum) = (0.0, 0.0);
    let (mut best, mut at) = (-1.0, 0);
    for (k, (value, count)) in h.bins().enumerate() {
        dark += count;
        dark_sum += count * value;
        let bright = total - dark;
        if dark == 0.0 || bright == 0.0 {
            continue;
        }
        let gap = dark_sum / dark - (sum - dark_sum) / bright;
        let variance = dark * bright * gap * gap;
        if variance > best {
            (best, at) = (variance, k);
        }
    }
    at
}
