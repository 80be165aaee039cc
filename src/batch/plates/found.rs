//! What the responses to the doses of a compound say: a curve, or why there is none.

use super::logistic::{self, Curve, FARTHEST, Point};
use crate::batch::distributions::{f_tail, t_quantile};
use crate::batch::statistics::mean;
use crate::rounding::are_one;

/// Different doses that a curve of four parameters needs at least.
const DOSES: usize = 5;
/// A curve that explains no more than chance does this often is flat, and one that explains this much less does not suit.
const CHANCE: f64 = 0.05;
/// Fewer degrees of freedom than that beside a curve do not show that responses are flat.
const LEAST_FREE: f64 = 3.0;
/// Confidence of the intervals.
const CONFIDENCE: f64 = 0.95;
/// A dose lies on the slope from this part of the way on, up to as much before its end.
const ON_SLOPE: f64 = 0.01;
/// Parameters of a curve.
const PARAMETERS: f64 = 4.0;

/// What the points say.
#[derive(Default)]
pub struct Found {
    pub curve: Option<Curve>,
    /// Half the widths of the intervals of `low`, `high`, log EC50 and Hill slope.
    pub half: Option<Curve>,
    pub above: Option<f64>,
    pub below: Option<f64>,
    pub r2: Option<f64>,
    pub p_flat: Option<f64>,
    pub reason: Option<String>,
}

impl Found {
    /// The curve, or why there is none.
    pub fn of(points: &[Point], distinct: &[(f64, &[Point])]) -> Self {
        let reason = |reason: String| Found { reason: Some(reason), ..Found::default() };
        if distinct.len() < DOSES {
            return reason(format!("{} doses with a value; a curve needs {DOSES}", distinct.len()));
        }
        let all: Vec<f64> = points.iter().map(|p| p.response).collect();
        let middle = mean(&all).unwrap_or(0.0);
        let total: f64 = all.iter().map(|v| (v - middle) * (v - middle)).sum();
        let Some(fit) = logistic::fit(points).filter(|_| !are_one(all.iter().copied())) else {
            return reason("flat: all responses are the same".into());
        };
        let free = all.len() as f64 - PARAMETERS;
        let ratio = ((total - fit.squares) / (PARAMETERS - 1.0)) / (fit.squares / free);
        let (r2, p_flat) = (Some(1.0 - fit.squares / total), Some(f_tail(ratio, PARAMETERS - 1.0, free)));
        let (first, last) = (distinct[0].0, distinct[distinct.len() - 1].0);
        let ec50 = libm::exp10(fit.curve.log_ec50);
        let none = |reason: String, above: Option<f64>, below: Option<f64>| Found {
            above,
            below,
            r2,
            p_flat,
            reason: Some(reason),
            ..Found::default()
        };
        if p_flat.is_some_and(|p| p > CHANCE) {
            // So few wells cannot tell, and what goes with the dose is not flat.
            let is_flat = free >= LEAST_FREE && trend(points) > CHANCE;
            return match is_flat {
                true => none("flat: a curve explains the responses no better than chance".into(), None, None),
                false => none(format!("{} wells are too few to tell a curve from chance", all.len()), None, None),
            };
        }
        // A bound holds where no curve with its EC50 on the other side of it explains the responses as well.
        let is_none_within = |range: [f64; 2]| {
            let more = logistic::least_squares_within(points, range) - fit.squares;
            f_tail(more / (fit.squares / free), 1.0, free) < CHANCE
        };
        let [log_first, log_last] = [first, last].map(libm::log10);
        let is_above = |dose: f64| is_none_within([log_first - FARTHEST, libm::log10(dose)]);
        let is_below = |dose: f64| is_none_within([libm::log10(dose), log_last + FARTHEST]);
        let open = |what: &str| none(format!("the doses do not determine the EC50: {what}"), None, None);
        let as_well = "curves with another one explain the responses as well";
        if ec50 > last {
            return match is_above(last) {
                true => none("the EC50 lies above the highest dose".into(), Some(last), None),
                false => open(as_well),
            };
        }
        if ec50 < first {
            return match is_below(first) {
                true => none("the EC50 lies below the lowest dose".into(), None, Some(first)),
                false => open(as_well),
            };
        }
        let is_on_slope = |(_, points): &(f64, &[Point])| {
            (ON_SLOPE..=1.0 - ON_SLOPE).contains(&fit.curve.fraction(points[0].log_dose))
        };
        if !distinct.iter().any(is_on_slope) {
            let above = distinct.iter().map(|d| d.0).filter(|dose| *dose < ec50).fold(first, f64::max);
            let below = distinct.iter().map(|d| d.0).filter(|dose| *dose >= ec50).fold(last, f64::min);
            let (above, below) = (Some(above).filter(|d| is_above(*d)), Some(below).filter(|d| is_below(*d)));
            return match above.or(below) {
                Some(_) => none("no dose lies on the slope".into(), above, below),
                None => open(as_well),
            };
        }
        let t = t_quantile(CONFIDENCE, free);
        let half =
            fit.errors.map(|e| Curve { low: t * e.low, high: t * e.high, log_ec50: t * e.log_ec50, hill: t * e.hill });
        let [low, high] = [-1.0, 1.0].map(|side| half.map(|h| fit.curve.log_ec50 + side * h.log_ec50));
        let is_wide = low.is_none_or(|low| low < log_first) && high.is_none_or(|high| high > log_last);
        if is_wide {
            return open("its interval covers all of them");
        }
        Found { curve: Some(fit.curve), half, r2, p_flat, ..Found::default() }
    }
}

/// How often chance makes responses go with the logarithm of the dose as far as they do: of an F test of a straight line.
fn trend(points: &[Point]) -> f64 {
    let n = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), p| (x + p.log_dose / n, y + p.response / n));
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for p in points {
        let (dx, dy) = (p.log_dose - x, p.response - y);
        xx += dx * dx;
        xy += dx * dy;
        yy += dy * dy;
    }
    let explained = xy * xy / xx;
    f_tail(explained / ((yy - explained) / (n - 2.0)), 1.0, n - 2.0)
}

#[cfg(test)]
mod tests {
    //! Regression: compounds of which all wells are the same had an EC50 below the lowest dose, by rounding. Oracle: bounds of curves that are known.
    use super::*;

    /// Of points at doses of their own each.
    fn of(points: &[Point]) -> Found {
        let distinct: Vec<(f64, &[Point])> = points.chunks(1).map(|p| (libm::exp10(p[0].log_dose), p)).collect();
        Found::of(points, &distinct)
    }

    /// Noise from -1 to 1, which a number without order stands for.
    fn noise(seed: u32) -> f64 {
        let mut n = seed.wrapping_mul(0x9e37_79b9) ^ 0x85eb_ca6b;
        for _ in 0..3 {
            n = (n ^ (n >> 16)).wrapping_mul(0x045d_9f3b);
        }
        f64::from(n) / f64::from(u32::MAX) * 2.0 - 1.0
    }

    #[test]
    fn five_wells_that_fall_are_not_flat() {
        let truth = Curve { low: 1.0, high: 0.25, log_ec50: 0.0, hill: 1.0 };
        let reasons = |doses: u32, span: f64, amplitude: f64| {
            let points = |seed: u32| -> Vec<Point> {
                let log_dose = |k: u32| -2.0 + 4.0 * f64::from(k) / f64::from(doses - 1);
                let response = |k: u32| span * truth.response(log_dose(k)) + amplitude * noise(seed * 100 + k);
                (0..doses).map(|k| Point { log_dose: log_dose(k), response: response(k) }).collect()
            };
            (0..50).filter_map(|seed| of(&points(seed)).reason).collect::<Vec<_>>()
        };
        let falling = reasons(5, 1.0, 0.05);
        assert!(falling.iter().any(|r| r == "5 wells are too few to tell a curve from chance"), "{falling:?}");
        assert!(!falling.iter().chain(&reasons(8, 1.0, 0.05)).any(|r| r.starts_with("flat")));
        assert!(reasons(12, 0.0, 0.05).iter().filter(|r| r.starts_with("flat")).count() > 35);
    }

    #[test]
    fn bounds_of_the_ec50_hold() {
        let (mut bounded, mut false_ones) = (0, 0);
        for seed in 0..400u32 {
            let truth = Curve {
                low: 0.0,
                high: 1.0,
                log_ec50: -3.5 + f64::from(seed % 8),
                hill: [0.5, 1.0, 2.0][(seed % 3) as usize],
            };
            let amplitude = [0.0, 0.05, 0.15, 0.3][(seed / 8 % 4) as usize];
            let point = |k: u32| {
                let log_dose = -2.0 + f64::from(k / 2) / 2.0;
                Point { log_dose, response: truth.response(log_dose) + amplitude * noise(seed * 100 + k) }
            };
            let points: Vec<Point> = (0..18).map(point).collect();
            let distinct: Vec<(f64, &[Point])> = points.chunks(2).map(|p| (libm::exp10(p[0].log_dose), p)).collect();
            let found = Found::of(&points, &distinct);
            let ec50 = libm::exp10(truth.log_ec50);
            bounded += usize::from(found.above.or(found.below).is_some());
            false_ones += usize::from(found.above.is_some_and(|d| ec50 < d) || found.below.is_some_and(|d| ec50 > d));
        }
        assert!(bounded >= 20 && 20 * false_ones <= bounded, "{false_ones} of {bounded}");
    }

    #[test]
    fn responses_that_are_one_are_flat() {
        for count in 0..60 {
            let value = 100.0 * f64::from(count) / 23.5;
            let written = [value, value * 3.0 / 3.0, (value + value + value) / 3.0];
            let doses: Vec<f64> = (0..6).map(|k| libm::exp10(f64::from(k))).collect();
            let point = |(k, dose): (usize, &f64)| Point { log_dose: libm::log10(*dose), response: written[k % 3] };
            let points: Vec<Point> = doses.iter().enumerate().map(point).collect();
            let found = of(&points);
            assert_eq!((found.r2, found.below), (None, None), "{count}");
            assert_eq!(found.reason.as_deref(), Some("flat: all responses are the same"), "{count}");
        }
    }
}
