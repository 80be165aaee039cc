//! What the responses to the doses of a compound say: a curve, or why there is none.

use super::logistic::{self, Curve, FARTHEST, Fit, Point};
use super::profile::{self, Intervals};
use crate::batch::statistics::mean;
use crate::distributions::{f_tail, t_quantile};
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
/// And says by itself how steep the curve is from this part of the way on, if another one does so too.
const CLEARLY: f64 = 0.05;
/// Parameters of a curve.
const PARAMETERS: f64 = 4.0;

/// What the points say.
#[derive(Default)]
pub struct Found {
    pub curve: Option<Curve>,
    /// The intervals of what the curve is made of.
    pub intervals: Option<Intervals>,
    pub above: Option<f64>,
    pub below: Option<f64>,
    pub r2: Option<f64>,
    pub p_flat: Option<f64>,
    pub reason: Option<String>,
    pub note: Option<String>,
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
        let p_flat = f_tail(ratio, PARAMETERS - 1.0, free);
        let found = if p_flat > CHANCE {
            // So few wells cannot tell, and what goes with the dose is not flat.
            let is_flat = free >= LEAST_FREE && trend(points) > CHANCE;
            reason(match is_flat {
                true => "flat: a curve explains the responses no better than chance".into(),
                false => format!("{} wells are too few to tell a curve from chance", all.len()),
            })
        } else {
            Evidence { points, distinct, fit, free }.found()
        };
        Found { r2: Some(1.0 - fit.squares / total), p_flat: Some(p_flat), ..found }
    }
}

/// Responses that a curve explains better than chance, and the best one.
struct Evidence<'a> {
    points: &'a [Point],
    distinct: &'a [(f64, &'a [Point])],
    fit: Fit,
    free: f64,
}

const AS_WELL: &str = "curves with another one explain the responses as well";
const ONE_SIDE: &str = "they bound it on one side only";

impl Evidence<'_> {
    /// What the doses say of the EC50.
    fn found(&self) -> Found {
        let (first, last) = self.span();
        let ec50 = libm::exp10(self.fit.curve.log_ec50);
        if ec50 > last && self.is_above(last) {
            return none("the EC50 lies above the highest dose", Some(last), None);
        }
        if ec50 < first && self.is_below(first) {
            return none("the EC50 lies below the lowest dose", None, Some(first));
        }
        if !(first..=last).contains(&ec50) {
            return self.bounded(AS_WELL);
        }
        if self.doses_beyond(ON_SLOPE) == 0 {
            return self.between_doses(ec50);
        }
        let t = t_quantile(CONFIDENCE, self.free);
        let intervals = self.fit.errors.map(|errors| Intervals::around(&self.fit.curve, &errors, t));
        let [log_first, log_last] = [first, last].map(libm::log10);
        // One dose on the slope leaves open how steep it is, whatever the curvature says.
        let is_seen = self.doses_beyond(CLEARLY) > 1;
        let is_narrow = |all: &Intervals| !(all.log_ec50[0] < log_first && all.log_ec50[1] > log_last);
        match intervals.filter(|all| is_seen && is_narrow(all)) {
            Some(intervals) => Found { curve: Some(self.fit.curve), intervals: Some(intervals), ..Found::default() },
            None => self.by_profile([log_first, log_last]),
        }
    }

    /// How many doses lie this part of the way from both plateaus, on the best curve.
    fn doses_beyond(&self, part: f64) -> usize {
        let fraction = |d: &(f64, &[Point])| self.fit.curve.fraction(d.1[0].log_dose);
        self.distinct.iter().filter(|d| (part..=1.0 - part).contains(&fraction(d))).count()
    }

    /// The curvature says nothing, as where the slope may have no end: what curves that explain the responses as well have in common.
    fn by_profile(&self, doses: [f64; 2]) -> Found {
        let profile = self.profile();
        let is_within = profile.log_ec50[0] >= doses[0] && profile.log_ec50[1] <= doses[1];
        if !is_within {
            return self.bounded("its interval covers all of them");
        }
        let slope = match profile.hill {
            [_, most] if most.is_finite() => String::new(),
            [least, _] => format!("the doses do not determine the slope, which is {least:.2} or steeper; "),
        };
        let note = format!("{slope}intervals are of all curves that explain the responses as well (F test)");
        Found { curve: Some(self.fit.curve), intervals: Some(profile), note: Some(note), ..Found::default() }
    }

    /// All doses lie on the plateaus: the EC50 is anywhere between two of them.
    fn between_doses(&self, ec50: f64) -> Found {
        let (first, last) = self.span();
        let doses = || self.distinct.iter().map(|d| d.0);
        let above = doses().filter(|dose| *dose < ec50).fold(first, f64::max);
        let below = doses().filter(|dose| *dose >= ec50).fold(last, f64::min);
        let (above, below) = (Some(above).filter(|d| self.is_above(*d)), Some(below).filter(|d| self.is_below(*d)));
        let [low, high] = if above.is_some() && below.is_some() { [None; 2] } else { self.bounds() };
        match (above.or(low), below.or(high)) {
            (None, None) => open(AS_WELL),
            (above, below) => none("no dose lies on the slope", above, below),
        }
    }

    /// No curve, with the bounds that there are.
    fn bounded(&self, why: &str) -> Found {
        let [above, below] = self.bounds();
        match above.or(below) {
            Some(_) => Found { above, below, ..open(ONE_SIDE) },
            None => open(why),
        }
    }

    /// Doses, from the lowest to the highest, that the EC50 of no curve that explains the responses as well lies below, and above.
    fn bounds(&self) -> [Option<f64>; 2] {
        let (first, last) = self.span();
        let [low, high] = self.profile().log_ec50.map(libm::exp10);
        [Some(low).filter(|low| *low >= first), Some(high).filter(|high| *high <= last)]
    }

    fn profile(&self) -> Intervals {
        let t = t_quantile(CONFIDENCE, self.free);
        let most = self.fit.squares * (1.0 + t * t / self.free);
        profile::profile(self.points, &self.fit.curve, most)
    }

    fn span(&self) -> (f64, f64) {
        (self.distinct[0].0, self.distinct[self.distinct.len() - 1].0)
    }

    fn is_above(&self, dose: f64) -> bool {
        self.is_none_within([libm::log10(self.span().0) - FARTHEST, libm::log10(dose)])
    }

    fn is_below(&self, dose: f64) -> bool {
        self.is_none_within([libm::log10(dose), libm::log10(self.span().1) + FARTHEST])
    }

    /// No curve with its EC50 within the range explains the responses as well.
    fn is_none_within(&self, range: [f64; 2]) -> bool {
        let more = logistic::least_squares_within(self.points, range) - self.fit.squares;
        f_tail(more / (self.fit.squares / self.free), 1.0, self.free) < CHANCE
    }
}

/// There is no curve.
fn none(reason: &str, above: Option<f64>, below: Option<f64>) -> Found {
    Found { above, below, reason: Some(reason.into()), ..Found::default() }
}

fn open(why: &str) -> Found {
    none(&format!("the doses do not determine the EC50: {why}"), None, None)
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

    /// Invariant: of steep compounds, of which one dose or none lies on the slope, nearly all are told, and nine in ten truly.
    #[test]
    fn steep_compounds_are_told() {
        let (mut told, mut true_ones) = (0, 0);
        for seed in 0..60u32 {
            let truth = Curve {
                low: 1.0,
                high: 0.0,
                log_ec50: 0.5 + f64::from(seed) / 20.0,
                hill: [3.0, 4.0][(seed % 2) as usize],
            };
            let normal = |k: u32| (0..6).map(|i| noise(seed * 1000 + 10 * k + i)).sum::<f64>() / 2.0_f64.sqrt();
            let point = |k: u32| {
                let log_dose = -2.0 + f64::from(k / 2);
                Point { log_dose, response: truth.response(log_dose) + 0.06 * normal(k) }
            };
            let points: Vec<Point> = (0..16).map(point).collect();
            let distinct: Vec<(f64, &[Point])> = points.chunks(2).map(|p| (libm::exp10(p[0].log_dose), p)).collect();
            let found = Found::of(&points, &distinct);
            let bounds = [found.above, found.below].map(|bound| bound.map(libm::log10));
            let [low, high] = found.intervals.map_or(bounds, |of| of.log_ec50.map(Some));
            told += u32::from(low.or(high).is_some());
            let holds = low.is_none_or(|low| low <= truth.log_ec50) && high.is_none_or(|high| truth.log_ec50 <= high);
            true_ones += u32::from(holds);
            assert!(found.reason.is_none_or(|reason| !reason.contains("covers all")), "{seed}");
        }
        assert!(told >= 57 && true_ones >= 54, "{told} told, {true_ones} truly");
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
