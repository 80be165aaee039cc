//! Li's threshold: least cross entropy between an image and its two-level version.
//!
//! From the mean, `t = (back - fore) / (ln back - ln fore)` with the means of both classes, values counted from the
//! least one, until t moves by no more than half the least step between values that occur.
//! Reference: Li and Tam 1998, doi 10.1016/S0167-8655(98)00057-9; `skimage.filters.threshold_li`.

use super::bins::Histogram;

/// The iteration falls or rises towards its end; this many steps are never reached in practice.
const STEPS: usize = 10_000;

/// Half the least distance of two values that occur.
fn tolerance(h: &Histogram) -> f64 {
    let mut filled = h.bins().filter(|&(_, count)| count > 0.0).map(|(value, _)| value);
    let mut before = filled.next().unwrap_or(0.0);
    filled.fold(f64::INFINITY, |least, value| least.min(value - std::mem::replace(&mut before, value))) / 2.0
}

/// The threshold on the scale of the histogram's values.
pub(super) fn li(h: &Histogram) -> f64 {
    let origin = h.bins().find(|&(_, count)| count > 0.0).map_or(0.0, |(value, _)| value);
    let (total, sum) = h.bins().fold((0.0, 0.0), |(n, s), (v, count)| (n + count, s + count * (v - origin)));
    let (mut t, enough) = (sum / total, tolerance(h));
    for _ in 0..STEPS {
        let dark = h.values.partition_point(|&v| v - origin <= t);
        let below = h.bins().take(dark).fold((0.0, 0.0), |(n, s), (v, count)| (n + count, s + count * (v - origin)));
        let back = below.1 / below.0;
        let fore = (sum - below.1) / (total - below.0);
        if back == 0.0 {
            break;
        }
        let next = (back - fore) / (libm::log(back) - libm::log(fore));
        let moved = (next - t).abs();
        t = next;
        if moved <= enough {
            break;
        }
    }
    t + origin
}
