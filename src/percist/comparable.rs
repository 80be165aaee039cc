//! Whether two scans may be compared. It warns; the response stays what it is.
//!
//! - Liver: mean SUL within 20 % of the baseline's and less than 0.3 g/ml apart.
//! - Uptake time: at most 15 minutes apart and neither below 50. PERCIST wants 50 to 70 minutes at baseline: a later one
//!   is noted.
//! - Injected activity: within 20 % of the baseline's.

use super::Visit;
use super::change::{Change, reaches, within};

/// What may be compared; nothing where it is not known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparability {
    /// The livers agree.
    pub liver: Option<bool>,
    /// The times from injection to scan agree.
    pub uptake_time: Option<bool>,
    /// The injected activities agree.
    pub dose: Option<bool>,
    /// What does not agree, in words.
    pub notes: Vec<String>,
}

/// Compares how two scans were made.
pub fn comparability(baseline: &Visit, followup: &Visit) -> Comparability {
    let mut notes = vec![];
    let mut warn = |ok: bool, words: String| {
        if !ok {
            notes.push(words);
        }
        ok
    };
    let percent = |c: Change| c.percent().map_or(f64::INFINITY, f64::abs);
    let liver = Change::of(baseline.liver_sul_mean, followup.liver_sul_mean).map(|c| {
        let ok = within(percent(c), 20.0) && !reaches(c.absolute().abs(), 0.3);
        warn(ok, format!("not comparable: mean SUL of the liver is {:.2}, then {:.2}", c.from, c.to))
    });
    let uptake_time = Change::of(baseline.uptake_min, followup.uptake_min).map(|c| {
        let ok = within(c.absolute().abs(), 15.0) && reaches(c.from.min(c.to), 50.0);
        warn(ok, format!("not comparable: uptake time is {:.1} min, then {:.1} min", c.from, c.to))
    });
    let dose = Change::of(baseline.dose_mbq, followup.dose_mbq).map(|c| {
        warn(within(percent(c), 20.0), format!("not comparable: dose is {:.0} MBq, then {:.0} MBq", c.from, c.to))
    });
    if let Some(t) = baseline.uptake_min.filter(|t| !within(*t, 70.0)) {
        notes.push(format!("uptake time at baseline is {t:.1} min, above 70 min"));
    }
    let words = |name: &str, b: &Option<String>, f: &Option<String>| match (b, f) {
        (Some(b), Some(f)) if !b.eq_ignore_ascii_case(f) => Some(format!("{name} is {b}, then {f}")),
        _ => None,
    };
    notes.extend(words("the tracer", &baseline.tracer, &followup.tracer));
    notes.extend(words("the maker of the scanner", &baseline.scanner, &followup.scanner));
    Comparability { liver, uptake_time, dose, notes }
}

/// Another radionuclide: half-lives more than 1 % apart.
pub(super) fn other_nuclide(baseline: &Visit, followup: &Visit) -> Option<String> {
    let c = Change::of(baseline.half_life_s, followup.half_life_s)?;
    let apart = c.percent().is_none_or(|p| p.abs() > 1.0);
    apart.then(|| format!("another radionuclide: its half-life is {:.0} s, then {:.0} s", c.from, c.to))
}

#[cfg(test)]
mod tests {
    //! Oracle: limits by hand.
    use super::*;

    fn at(liver: f64, uptake: f64, dose: f64) -> Visit {
        let mut v = Visit { liver_sul_mean: Some(liver), uptake_min: Some(uptake), ..Visit::default() };
        v.dose_mbq = Some(dose);
        v
    }

    #[test]
    fn limits_are_those_of_percist() {
        let both = |a: Visit, b: Visit| {
            let c = comparability(&a, &b);
            (c.liver, c.uptake_time, c.dose, c.notes.len())
        };
        let t = Some(true);
        assert_eq!(both(at(1.5, 60.0, 300.0), at(1.5, 60.0, 300.0)), (t, t, t, 0));
        assert_eq!(both(at(1.0, 60.0, 300.0), at(1.2, 75.0, 360.0)), (t, t, t, 0), "20 %, 15 min, 20 %");
        let f = Some(false);
        assert_eq!(both(at(1.0, 60.0, 300.0), at(1.21, 75.1, 361.0)), (f, f, f, 3));
        assert_eq!(both(at(2.0, 60.0, 300.0), at(2.3, 49.0, 239.0)), (f, f, f, 3), "0.3 g/ml, 50 min");
        assert_eq!(both(at(2.0, 71.0, 300.0), at(2.29, 80.0, 240.0)), (t, t, t, 1), "late, but alike");
        assert_eq!(both(Visit::default(), at(2.0, 60.0, 300.0)), (None, None, None, 0));
    }

    #[test]
    fn another_nuclide_shows_in_its_half_life() {
        let life = |s: f64| Visit { half_life_s: Some(s), ..Visit::default() };
        assert_eq!(other_nuclide(&life(6586.2), &life(6588.0)), None);
        assert!(other_nuclide(&life(6586.2), &life(4062.6)).is_some());
        assert_eq!(other_nuclide(&life(6586.2), &Visit::default()), None);
    }
}
