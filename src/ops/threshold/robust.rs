//! Robust background: mean plus a number of standard deviations of the samples without both tails.
//!
//! Of n samples in order, `round(lower n)` are left out at the dark end and `round(upper n)` at the bright end (halves
//! to even); the deviation is that of a population. Meant for images that are mostly background.
//! Reference: CellProfiler, threshold method "Robust Background" (0.05, 0.05, mean, standard deviation, 2).

use super::bins::Histogram;

/// Parameters of the method.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Robust {
    /// Share of samples left out at the dark end.
    pub lower: f64,
    /// Share of samples left out at the bright end.
    pub upper: f64,
    /// Standard deviations above the mean.
    pub deviations: f64,
}

impl Default for Robust {
    fn default() -> Self {
        Robust { lower: 0.05, upper: 0.05, deviations: 2.0 }
    }
}

/// The threshold on the scale of the histogram's values.
pub(super) fn robust(h: &Histogram, p: &Robust) -> f64 {
    let total: f64 = h.bins().map(|(_, count)| count).sum();
    let first = (total * p.lower).round_ties_even();
    let end = total - (total * p.upper).round_ties_even();
    let kept = |walk: &mut dyn FnMut(f64, f64)| {
        let mut seen = 0.0;
        for (value, count) in h.bins() {
            let inside = (seen + count).min(end) - f64::max(seen, first);
            if inside > 0.0 {
                walk(value, inside);
            }
            seen += count;
        }
    };
    let (mut n, mut sum) = (0.0, 0.0);
    kept(&mut |value, count| {
        n += count;
        sum += count * value;
    });
    if n == 0.0 {
        return f64::INFINITY;
    }
    let mean = sum / n;
    let mut squares = 0.0;
    kept(&mut |value, count| squares += count * (value - mean) * (value - mean));
    mean + p.deviations * (squares / n).sqrt()
}
