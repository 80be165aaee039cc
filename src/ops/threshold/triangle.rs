//! Triangle threshold: the bin farthest below the line from the histogram's peak to the end of its longer tail.
//!
//! Reference: Zack, Rogers and Latt 1977, doi 10.1177/25.7.70454; `skimage.filters.threshold_triangle`.

use super::bins::Histogram;

/// Index of the bin.
pub(super) fn triangle(h: &Histogram) -> usize {
    let n = h.counts.len();
    let height = h.counts.iter().copied().max().unwrap_or(0);
    let peak = h.counts.iter().position(|&c| c == height).unwrap_or(0);
    let low = h.counts.iter().position(|&c| c > 0).unwrap_or(0);
    let high = h.counts.iter().rposition(|&c| c > 0).unwrap_or(0);
    // Seen from the end of the longer tail; the other direction counts bins backwards.
    let flip = peak - low < high - peak;
    let (start, width) = if flip { (high, high - peak) } else { (low, peak - low) };
    let (tall, wide) = (f64::from(height), width as f64);
    let norm = (tall * tall + wide * wide).sqrt();
    let (tall, wide) = (tall / norm, wide / norm);
    let (mut best, mut at) = (f64::NEG_INFINITY, 0);
    for x in 0..width.min(n) {
        let count = h.counts[if flip { start - x } else { start + x }];
        let below = tall * x as f64 - wide * f64::from(count);
        if below > best {
            (best, at) = (below, x);
        }
    }
    if flip { start - at } else { start + at }
}
