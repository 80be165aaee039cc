//! All curves that explain responses as well as the best one does: the region of an F test, which holds where the curvature at the best curve
//! says nothing, as that of a step from one dose to the next (D. M. Bates and D. G. Watts, Nonlinear Regression Analysis and Its Applications,
//! Wiley 1988, chapter 6).

use super::logistic::{Curve, FARTHEST, Point, with_plateaus};

/// From where to where each of what a curve is made of may lie; the EC50 as its logarithm. Infinite where nothing ends it.
#[derive(Clone, Copy, Debug)]
pub struct Intervals {
    pub low: [f64; 2],
    pub high: [f64; 2],
    pub log_ec50: [f64; 2],
    pub hill: [f64; 2],
}

/// Slopes that are tried: a steeper one is a step, a flatter one a straight line through any doses.
const HILLS: [f64; 2] = [0.03, 100.0];
const SLOPES: usize = 80;
/// EC50 that are tried a decade.
const A_DECADE: f64 = 20.0;
/// The place where curves begin to explain the responses is halved so often.
const HALVES: usize = 20;
/// A dose lies on the slope where its odds, of one plateau to the other, are this power of ten at most.
const ON_SLOPE: f64 = 2.0;
/// The best slope of an EC50 is narrowed down so often, by a third.
const THIRDS: usize = 25;

impl Intervals {
    /// So many standard errors to both sides.
    pub fn around(curve: &Curve, errors: &Curve, t: f64) -> Self {
        let around = |value: f64, error: f64| [value - t * error, value + t * error];
        Intervals {
            low: around(curve.low, errors.low),
            high: around(curve.high, errors.high),
            log_ec50: around(curve.log_ec50, errors.log_ec50),
            hill: around(curve.hill, errors.hill),
        }
    }

    /// With the curves of an EC50 and a slope that leave at most so large a sum of squares, if there are any.
    fn widen(&mut self, points: &[Point], log_ec50: f64, hill: f64, most: f64) -> bool {
        let Some(curve) = with_plateaus(points, log_ec50, hill) else { return false };
        let left = most - curve.squares(points);
        if left < 0.0 || left.is_nan() {
            return false;
        }
        widen(&mut self.log_ec50, log_ec50);
        widen(&mut self.hill, hill);
        // The sum rises with the square of what a plateau is off, while the other one follows.
        let fractions = || points.iter().map(|p| curve.fraction(p.log_dose));
        let near_low: f64 = fractions().map(|f| (1.0 - f) * (1.0 - f)).sum();
        let near_high: f64 = fractions().map(|f| f * f).sum();
        let both: f64 = fractions().map(|f| f * (1.0 - f)).sum();
        let off = |own: f64, other: f64| libm::sqrt(left / (own - both * both / other).max(0.0));
        let (low, high) = (off(near_low, near_high), off(near_high, near_low));
        [-low, low].into_iter().for_each(|off| widen(&mut self.low, curve.low + off));
        [-high, high].into_iter().for_each(|off| widen(&mut self.high, curve.high + off));
        true
    }
}

fn widen(range: &mut [f64; 2], value: f64) {
    *range = [range[0].min(value), range[1].max(value)];
}

/// Of the curves that leave at most so large a sum of squares. Points are in the order of their doses.
pub fn profile(points: &[Point], best: &Curve, most: f64) -> Intervals {
    let none = [f64::INFINITY, f64::NEG_INFINITY];
    let mut all = Intervals { low: none, high: none, log_ec50: [best.log_ec50; 2], hill: [best.hill; 2] };
    all.widen(points, best.log_ec50, best.hill, most);
    let [Some(first), Some(last)] = [points.first(), points.last()] else { return all };
    let (from, to) = (first.log_dose - FARTHEST, last.log_dose + FARTHEST);
    let steps = ((to - from) * A_DECADE).ceil();
    for k in 0..=steps as usize {
        let log_ec50 = from + (to - from) * k as f64 / steps;
        let met = (0..=SLOPES).filter(|k| all.widen(points, log_ec50, slope(*k), most)).count();
        if met == 0 {
            // The best slope may lie between two of them.
            all.widen(points, log_ec50, best_slope(points, log_ec50), most);
        }
    }
    // Of steep curves only those whose EC50 lies close to a dose are any good, closer than the steps above.
    let doses = points.chunk_by(|a, b| a.log_dose == b.log_dose).map(|wells| wells[0].log_dose);
    for (dose, k) in doses.flat_map(|dose| (0..=SLOPES).map(move |k| (dose, k))) {
        let log_ec50 = best_near(points, dose, slope(k));
        all.widen(points, log_ec50.clamp(from, to), slope(k), most);
    }
    let explains = |log_ec50: f64| squares(points, log_ec50, best_slope(points, log_ec50)) <= most;
    let end = |met: f64, beyond: f64| halved(met, met + beyond, explains);
    let step = (to - from) / steps;
    let [low, high] = all.log_ec50;
    let log_ec50 = [
        if low <= from { f64::NEG_INFINITY } else { end(low, -step) },
        if high >= to { f64::INFINITY } else { end(high, step) },
    ];
    let hill = [
        if all.hill[0] <= HILLS[0] { 0.0 } else { all.hill[0] },
        if all.hill[1] >= HILLS[1] { f64::INFINITY } else { all.hill[1] },
    ];
    Intervals { log_ec50, hill, ..all }
}

/// The last place on the way from one where something holds to one where it does not.
fn halved(holds: f64, fails: f64, is: impl Fn(f64) -> bool) -> f64 {
    let half = |(holds, fails): (f64, f64), _| {
        let middle = (holds + fails) / 2.0;
        if is(middle) { (middle, fails) } else { (holds, middle) }
    };
    (0..HALVES).fold((holds, fails), half).0
}

fn slope(k: usize) -> f64 {
    HILLS[0] * libm::pow(HILLS[1] / HILLS[0], k as f64 / SLOPES as f64)
}

/// The EC50 with which a slope explains the responses best, of those that leave a dose on it.
fn best_near(points: &[Point], log_dose: f64, hill: f64) -> f64 {
    let [low, high] = [-ON_SLOPE, ON_SLOPE].map(|of_the_way| log_dose + of_the_way / hill);
    lowest([low, high], |log_ec50| squares(points, log_ec50, hill))
}

/// Where a valley is lowest.
fn lowest([mut low, mut high]: [f64; 2], height: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..THIRDS {
        let third = (high - low) / 3.0;
        let [a, b] = [low + third, high - third];
        if height(a) <= height(b) { high = b } else { low = a }
    }
    (low + high) / 2.0
}

/// The slope with which an EC50 explains the responses best.
fn best_slope(points: &[Point], log_ec50: f64) -> f64 {
    let left = |k: &usize| squares(points, log_ec50, slope(*k));
    let best = (0..=SLOPES).min_by(|a, b| left(a).total_cmp(&left(b))).unwrap_or(0);
    let around = [slope(best.saturating_sub(1)), slope((best + 1).min(SLOPES))].map(libm::log);
    libm::exp(lowest(around, |log| squares(points, log_ec50, libm::exp(log))))
}

fn squares(points: &[Point], log_ec50: f64, hill: f64) -> f64 {
    with_plateaus(points, log_ec50, hill).map_or(f64::INFINITY, |curve| curve.squares(points))
}

#[cfg(test)]
mod tests {
    //! Oracle: SciPy 1.17.1: the least sum of squares of an EC50 by `minimize_scalar` over slopes up to 100, and where it passes the limit by
    //! `brentq`.
    use super::super::logistic::fit;
    use super::*;
    use crate::distributions::t_quantile;

    /// A series of tenfold doses of which one lies on the slope.
    const STEEP: [(f64, f64); 16] = [
        (-2.0, 6011.9),
        (-2.0, 6026.3),
        (-1.0, 5973.6),
        (-1.0, 6016.7),
        (0.0, 5988.2),
        (0.0, 6003.9),
        (1.0, 5900.9),
        (1.0, 5951.4),
        (2.0, 5960.2),
        (2.0, 6024.2),
        (3.0, 5362.3),
        (3.0, 5438.4),
        (4.0, 4925.5),
        (4.0, 4975.5),
        (5.0, 4964.0),
        (5.0, 5011.7),
    ];

    /// Regression: the best of such curves had a slope of 9, and no steeper one was met, since the EC50 lay between two that were tried.
    #[test]
    fn a_slope_between_two_doses_has_no_end() {
        let falls = |dose: f64, noise: f64| 1.0 - 1.0 / (1.0 + libm::exp10(5.0 * (2.954 - dose))) + 0.02 * noise;
        let noise = [0.3, -0.8, 1.1, -0.2, -1.3, 0.6, 0.9, -0.4, 0.1, -0.7, 0.5, 1.2, -0.9, 0.2, -0.1, 0.8];
        let point = |(k, noise): (usize, &f64)| {
            let log_dose = (k / 2) as f64 - 2.0;
            Point { log_dose, response: falls(log_dose, *noise) }
        };
        let points: Vec<Point> = noise.iter().enumerate().map(point).collect();
        let (best, t) = (fit(&points).unwrap(), t_quantile(0.95, 12.0));
        let found = profile(&points, &best.curve, best.squares * (1.0 + t * t / 12.0));
        assert!(found.hill[0] < 5.0 && found.hill[1] == f64::INFINITY, "{:?}", found.hill);
        assert!(
            found.log_ec50[0] < 2.954 && 2.954 < found.log_ec50[1] && found.log_ec50[1] < 3.01,
            "{:?}",
            found.log_ec50
        );
    }

    #[test]
    fn the_ends_are_those_of_scipy() {
        let points = STEEP.map(|(log_dose, response)| Point { log_dose, response });
        let best = fit(&points).unwrap();
        let t = t_quantile(0.95, 12.0);
        let found = profile(&points, &best.curve, best.squares * (1.0 + t * t / 12.0));
        let [low, high] = found.log_ec50;
        assert!((low - 2.86595).abs() < 2e-3 && (high - 2.99988).abs() < 2e-3, "{low} {high}");
        assert!(found.hill[0] > 0.3 && found.hill[1] == f64::INFINITY, "{:?}", found.hill);
        let holds = |[low, high]: [f64; 2], value: f64| low < value && value < high && high - low < 120.0;
        assert!(holds(found.low, 5994.0) && holds(found.high, 4970.0), "{found:?}");
    }
}
