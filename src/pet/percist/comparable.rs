//! Whether two scans belong together and may be compared. Where not, there is no response unless the user wants one.
//!
//! - One person: PatientID, sex, and height within 10 cm. One order: the follow-up is later, and another series.
//! - One recipe: the same object sets with the same values. One tracer.
//! - Liver: mean SUL within 20 % of the baseline's and less than 0.3 g/ml apart.
//! - Uptake time: at most 15 minutes apart and neither below 50. PERCIST wants 50 to 70 minutes at baseline: a later one
//!   is noted.
//! - Injected activity: within 20 % of the baseline's; it warns. So do another maker, and a tracer that is not FDG.

use super::Visit;
use super::change::{Change, reaches, within};
use crate::pet::suv::is_fdg;

/// What may be compared; nothing where it is not known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparability {
    /// The livers agree.
    pub liver: Option<bool>,
    /// The times from injection to scan agree.
    pub uptake_time: Option<bool>,
    /// The injected activities agree.
    pub dose: Option<bool>,
    /// Why the scans may not be compared.
    pub against: Vec<String>,
    /// What else does not agree, in words.
    pub notes: Vec<String>,
}

/// Heights of one adult differ by less, in m.
const SAME_HEIGHT: f64 = 0.1;

/// Compares how two scans were made.
pub fn comparability(baseline: &Visit, followup: &Visit) -> Comparability {
    let (mut against, mut notes) = (together(baseline, followup), vec![]);
    let mut judged = |ok: bool, words: String| {
        if !ok {
            against.push(words);
        }
        ok
    };
    let percent = |c: Change| c.percent().map_or(f64::INFINITY, f64::abs);
    let liver = Change::of(baseline.liver_sul_mean, followup.liver_sul_mean).map(|c| {
        let ok = within(percent(c), 20.0) && !reaches(c.absolute().abs(), 0.3);
        judged(ok, format!("not comparable: mean SUL of the liver is {:.2}, then {:.2}", c.from, c.to))
    });
    let uptake_time = Change::of(baseline.uptake_min, followup.uptake_min).map(|c| {
        let ok = within(c.absolute().abs(), 15.0) && reaches(c.from.min(c.to), 50.0);
        judged(ok, format!("not comparable: uptake time is {:.1} min, then {:.1} min", c.from, c.to))
    });
    let dose = Change::of(baseline.dose_mbq, followup.dose_mbq).map(|c| {
        let ok = within(percent(c), 20.0);
        if !ok {
            notes.push(format!("not comparable: dose is {:.0} MBq, then {:.0} MBq", c.from, c.to));
        }
        ok
    });
    if let Some(t) = baseline.uptake_min.filter(|t| !within(*t, 70.0)) {
        notes.push(format!("uptake time at baseline is {t:.1} min, above 70 min"));
    }
    notes.extend(differ("the maker of the scanner", &baseline.scanner, &followup.scanner));
    if let Some(tracer) = baseline.tracer.as_deref().filter(|t| !is_fdg(Some(t))) {
        notes.push(format!("the tracer is {tracer}: PERCIST and the liver finder are made for FDG"));
    }
    if baseline.recipe.is_none() != followup.recipe.is_none() {
        notes.push("one of the folders has no run.json: their recipes are not compared".into());
    }
    Comparability { liver, uptake_time, dose, against, notes }
}

fn differ(name: &str, b: &Option<String>, f: &Option<String>) -> Option<String> {
    let (b, f) = (b.as_ref()?, f.as_ref()?);
    (!b.eq_ignore_ascii_case(f)).then(|| format!("{name} is {b}, then {f}"))
}

/// Why two scans are no baseline and follow-up of one person, measured alike.
fn together(baseline: &Visit, followup: &Visit) -> Vec<String> {
    let mut against: Vec<String> = vec![];
    against.extend(differ("another person? the patient_id", &baseline.patient_id, &followup.patient_id));
    let sex = |v: &Visit| v.sex.clone().filter(|s| matches!(s.as_str(), "M" | "F"));
    against.extend(differ("another person? the sex", &sex(baseline), &sex(followup)));
    if let Some(c) = Change::of(baseline.height_m, followup.height_m).filter(|c| c.absolute().abs() > SAME_HEIGHT) {
        against.push(format!("another person? the height is {:.2} m, then {:.2} m", c.from, c.to));
    }
    if let (Some(b), Some(f)) = (&baseline.date, &followup.date) {
        // Where one has only a day, days are compared.
        let n = b.len().min(f.len());
        if n > 10 && f <= b || f.get(..10) < b.get(..10) {
            against.push(format!("the follow-up is not after the baseline: {b}, then {f}"));
        }
    }
    if baseline.series_uid.is_some() && baseline.series_uid == followup.series_uid {
        against.push("both are the same series".into());
    }
    let fdg = |v: &Visit| is_fdg(v.tracer.as_deref());
    against
        .extend(differ("the tracer", &baseline.tracer, &followup.tracer).filter(|_| !(fdg(baseline) && fdg(followup))));
    if let (Some(b), Some(f)) = (&baseline.recipe, &followup.recipe)
        && let Some(key) = b.keys().chain(f.keys()).find(|k| b.get(*k) != f.get(*k))
    {
        let value = |r: &std::collections::BTreeMap<String, String>| r.get(key).cloned().unwrap_or("nothing".into());
        against.push(format!("other recipes: objects.{key} is {}, then {}", value(b), value(f)));
    }
    against
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
            (c.liver, c.uptake_time, c.dose, c.notes.len() + c.against.len())
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
    fn scans_of_two_people_or_in_the_wrong_order_do_not_belong_together() {
        let text = |t: &str| Some(t.to_string());
        let one = Visit {
            patient_id: text("P1"),
            sex: text("M"),
            height_m: Some(1.78),
            date: text("2024-01-05T10:00:00"),
            tracer: text("FDG"),
            ..Visit::default()
        };
        let later = Visit { date: text("2024-04-05T10:00:00"), tracer: text("Fluorodeoxyglucose"), ..one.clone() };
        let why = |a: &Visit, b: &Visit| comparability(a, b).against.join("; ");
        assert_eq!(why(&one, &later), "");
        assert_eq!(
            why(&later, &one),
            "the follow-up is not after the baseline: 2024-04-05T10:00:00, then 2024-01-05T10:00:00"
        );
        let of = |change: fn(&mut Visit)| {
            let mut other = later.clone();
            change(&mut other);
            why(&one, &other)
        };
        assert!(of(|v| v.patient_id = Some("P2".into())).contains("patient_id is P1, then P2"));
        assert!(of(|v| v.sex = Some("F".into())).contains("sex is M, then F"));
        assert_eq!(of(|v| v.sex = Some("O".into())), "");
        assert!(of(|v| v.height_m = Some(1.58)).contains("height is 1.78 m, then 1.58 m"));
        assert_eq!(of(|v| v.height_m = Some(1.76)), "");
        assert!(of(|v| v.tracer = Some("PSMA-11".into())).contains("tracer is FDG, then PSMA-11"));
        assert_eq!(of(|v| v.date = Some("2024-01-05".into())), "", "the day alone may be that of the baseline");
        let recipe = |factor: &str| {
            let mut v = later.clone();
            v.recipe = Some([("lesions.steps.0.factor".to_string(), factor.to_string())].into());
            v
        };
        assert_eq!(
            why(&recipe("1.5"), &recipe("4")).split("; ").last(),
            Some("other recipes: objects.lesions.steps.0.factor is 1.5, then 4")
        );
    }

    #[test]
    fn another_nuclide_shows_in_its_half_life() {
        let life = |s: f64| Visit { half_life_s: Some(s), ..Visit::default() };
        assert_eq!(other_nuclide(&life(6586.2), &life(6588.0)), None);
        assert!(other_nuclide(&life(6586.2), &life(4062.6)).is_some());
        assert_eq!(other_nuclide(&life(6586.2), &Visit::default()), None);
    }
}
