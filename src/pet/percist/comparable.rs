//! Whether two scans belong together and may be compared. Where not, there is no response unless the user wants one.
//!
//! - One person: PatientID, sex, and height within 10 cm; one formula of SUL. Two examinations: the follow-up is of a later day, after
//!   another injection, of another series and other files.
//! - One recipe: what the numbers of lesions hang on (`recipe`). One tracer.
//! - Liver: mean SUL within 20 % of the baseline's and less than 0.3 g/ml apart, and on FDG a mean SUV that livers have.
//! - Uptake time: at most 15 minutes apart and neither below 50. PERCIST wants 50 to 70 minutes at baseline: a later one
//!   is noted.
//! - Injected activity: within 20 % of the baseline's; it warns. So do another maker, and a tracer that is not FDG.

use super::Visit;
use super::change::{Change, reaches, within};
use super::together::{differ, recipes, together};
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

/// Mean SUV of livers on FDG.
pub const LIVER_SUV: [f64; 2] = [1.0, 4.5];

/// SUL over SUV of one adult moves by less with the weight, in percent: some 20 kg.
const SAME_FACTOR: f64 = 10.0;

/// Compares how two scans were made.
pub fn comparability(baseline: &Visit, followup: &Visit) -> Comparability {
    let recipes = recipes(baseline, followup);
    let (mut against, mut notes) = ([together(baseline, followup), recipes.against].concat(), vec![]);
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
    let both = [("baseline", baseline), ("follow-up", followup)];
    let strange: Vec<String> = both.into_iter().filter_map(|(when, visit)| strange_liver(when, visit)).collect();
    let liver = if strange.is_empty() { liver } else { Some(false) };
    against.extend(strange);
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
    notes.extend(recipes.notes);
    notes.extend(unlike(baseline, followup));
    Comparability { liver, uptake_time, dose, against, notes }
}

/// Why what was given as the liver of a scan may be none.
fn strange_liver(when: &str, visit: &Visit) -> Option<String> {
    let suv = visit.liver_sul_mean? / visit.sul_factor.filter(|factor| *factor > 0.0)?;
    let ([least, most], is_fdg) = (LIVER_SUV, visit.tracer.as_deref().is_none_or(|t| is_fdg(Some(t))));
    (is_fdg && !(least..=most).contains(&suv)).then(|| {
        format!(
            "not comparable: the liver at {when} has a mean SUV of {suv:.2}, where livers have {least:.1} to {most:.1} on FDG: it may be \
             none; look at its place"
        )
    })
}

/// What the reader should know of how two scans were measured.
fn unlike(baseline: &Visit, followup: &Visit) -> Vec<String> {
    let mut notes = vec![];
    if baseline.recipe.is_none() != followup.recipe.is_none() {
        notes.push(
            "one of the folders has no run.json with a recipe for lesions: their recipes are not compared".into(),
        );
    }
    notes.extend(differ("the version of uptake", &baseline.program, &followup.program));
    if baseline.tracer.is_some() != followup.tracer.is_some() {
        let [b, f] = [baseline, followup].map(|v| v.tracer.as_deref().unwrap_or("not known"));
        notes.push(format!("the tracer is {b}, then {f}"));
    }
    let factor = Change::of(baseline.sul_factor, followup.sul_factor);
    if let Some(c) = factor.filter(|c| c.percent().is_some_and(|p| !within(p.abs(), SAME_FACTOR))) {
        let weight = Change::of(baseline.weight_kg, followup.weight_kg);
        let weight = weight.map_or(String::new(), |w| format!(": the weight is {:.1} kg, then {:.1} kg", w.from, w.to));
        notes.push(format!("SUL over SUV is {:.3}, then {:.3}{weight}", c.from, c.to));
    }
    if let (Some(b), Some(f)) = (baseline.excluded, followup.excluded)
        && (b > 0.0) != (f > 0.0)
    {
        notes.push(format!(
            "regions left out (the set excluded): {b:.0}, then {f:.0}; where there are none, uptake of organs may be a lesion"
        ));
    }
    let uids = (&baseline.when.study_uid, &followup.when.study_uid);
    if uids.0.is_some() && uids.0 == uids.1 && baseline.when.shared_with(&followup.when).is_none() {
        notes.push("both scans have one StudyInstanceUID, though they are of two days".into());
    }
    notes
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
    use crate::pet::percist::Examination;

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
    fn a_liver_that_may_be_none_is_not_compared() {
        let visit = |sul: f64, tracer: Option<&str>| Visit {
            sul_factor: Some(0.8),
            tracer: tracer.map(str::to_string),
            ..at(sul, 60.0, 300.0)
        };
        for (sul, tracer, of_livers) in [
            (1.6, Some("FDG"), true),
            (0.8, None, true),
            (0.5, None, false),
            (0.5, Some("Fluorodeoxyglucose"), false),
            (3.7, None, false),
            (5.0, Some("68Ga-PSMA-11"), true),
        ] {
            let found = comparability(&visit(sul, tracer), &visit(sul, tracer));
            assert_eq!((found.liver, found.against.len()), (Some(of_livers), if of_livers { 0 } else { 2 }), "{sul}");
        }
        let words = comparability(&visit(1.6, None), &visit(0.5, None)).against.join("; ");
        assert!(
            words.contains("the liver at follow-up has a mean SUV of 0.62, where livers have 1.0 to 4.5"),
            "{words}"
        );
    }

    /// Invariant: what may change a number is told, and nothing else is.
    #[test]
    fn what_may_change_a_number_is_noted() {
        let visit = |factor, weight, excluded, uid: &str| {
            let (study_uid, time) =
                (Some(uid.into()), Some(if uid == "1" { "2024-01-05" } else { "2024-04-05" }.into()));
            let when = Examination { time, study_uid, ..Examination::default() };
            let (sul_factor, weight_kg, excluded) = (Some(factor), Some(weight), Some(excluded));
            Visit { sul_factor, weight_kg, excluded, when, ..Visit::default() }
        };
        let notes = |a: &Visit, b: &Visit| comparability(a, b).notes;
        let one = visit(0.8, 70.0, 1.0, "1");
        assert_eq!(notes(&one, &visit(0.74, 84.0, 2.0, "2")), Vec::<String>::new());
        let changed = notes(&one, &visit(0.7, 92.0, 0.0, "2"));
        assert_eq!(changed[0], "SUL over SUV is 0.800, then 0.700: the weight is 70.0 kg, then 92.0 kg");
        assert_eq!(
            changed[1],
            "regions left out (the set excluded): 1, then 0; where there are none, uptake of organs may be a lesion"
        );
        let mut uid = visit(0.8, 70.0, 1.0, "2");
        uid.when.study_uid = Some("1".into());
        assert_eq!(notes(&one, &uid), ["both scans have one StudyInstanceUID, though they are of two days"]);
        let by = |program: &str| Visit { program: Some(program.into()), ..Visit::default() };
        assert_eq!(notes(&by("0.1.0 a"), &by("0.1.0 b")).len(), 1);
    }

    #[test]
    fn another_nuclide_shows_in_its_half_life() {
        let life = |s: f64| Visit { half_life_s: Some(s), ..Visit::default() };
        assert_eq!(other_nuclide(&life(6586.2), &life(6588.0)), None);
        assert!(other_nuclide(&life(6586.2), &life(4062.6)).is_some());
        assert_eq!(other_nuclide(&life(6586.2), &Visit::default()), None);
    }
}
