//! Whether two scans are a baseline and a follow-up of one person, measured alike.

use super::Visit;
use super::change::Change;
use super::recipe::{Differences, differences};
use crate::pet::suv::is_fdg;

/// Heights of one adult differ by less, in m.
const SAME_HEIGHT: f64 = 0.1;

/// What both say, where it differs.
pub(super) fn differ(name: &str, b: &Option<String>, f: &Option<String>) -> Option<String> {
    let (b, f) = (b.as_ref()?, f.as_ref()?);
    (!b.eq_ignore_ascii_case(f)).then(|| format!("{name} is {b}, then {f}"))
}

/// Why two scans are no baseline and follow-up of one person, measured alike.
pub(super) fn together(baseline: &Visit, followup: &Visit) -> Vec<String> {
    let mut against: Vec<String> = vec![];
    against.extend(differ("another person? the patient_id", &baseline.patient_id, &followup.patient_id));
    let (b, f) = (&baseline.sheet_patient, &followup.sheet_patient);
    against.extend(differ("another person? the patient in the sample sheet", b, f));
    against.extend(other_formula(baseline, followup));
    if let Some(c) = Change::of(baseline.height_m, followup.height_m).filter(|c| c.absolute().abs() > SAME_HEIGHT) {
        against.push(format!("another person? the height is {:.2} m, then {:.2} m", c.from, c.to));
    }
    if let Some(why) = baseline.when.shared_with(&followup.when) {
        against.push(format!("one examination, not two: {why}; a follow-up is of another day"));
    } else if let (Some(b), Some(f)) = (&baseline.when.time, &followup.when.time)
        && f < b
    {
        against.push(format!("the follow-up is not after the baseline: {b}, then {f}"));
    }
    if baseline.series_uid.is_some() && baseline.series_uid == followup.series_uid {
        against.push("both are the same series".into());
    } else if baseline.files.is_some() && baseline.files == followup.files {
        against.push("both were read from the same files, or from copies of them".into());
    }
    let fdg = |v: &Visit| is_fdg(v.tracer.as_deref());
    against
        .extend(differ("the tracer", &baseline.tracer, &followup.tracer).filter(|_| !(fdg(baseline) && fdg(followup))));
    against.extend(followup.against.clone());
    against
}

/// SUL of a man, of a woman, and where neither is said (the mean of both) come from three formulas.
fn other_formula(baseline: &Visit, followup: &Visit) -> Option<String> {
    let known = |v: &Visit| v.sex.clone().filter(|s| matches!(s.as_str(), "M" | "F"));
    let (b, f) = (known(baseline), known(followup));
    let sex = match (&b, &f) {
        (Some(_), Some(_)) => return differ("another person? the sex", &b, &f),
        (Some(sex), None) | (None, Some(sex)) => sex,
        (None, None) => return None,
    };
    let word = |sex: &Option<String>| sex.clone().unwrap_or("O or not known".into());
    let factors = Change::of(baseline.sul_factor, followup.sul_factor);
    let factors = factors.map_or(String::new(), |c| format!(" (SUL over SUV is {:.3}, then {:.3})", c.from, c.to));
    let (b, f, when) = (word(&b), word(&f), if b.is_none() { "baseline" } else { "follow-up" });
    Some(format!(
        "SUL by two formulas: the sex is {b}, then {f}{factors}; if it is {sex}, run the {when} again with --set suv.sex={sex}"
    ))
}

/// What of their recipes differs; the words of some are as long as a recipe, so the first ones stand for all.
pub(super) fn recipes(baseline: &Visit, followup: &Visit) -> Differences {
    const SHOWN: usize = 3;
    let (Some(b), Some(f)) = (&baseline.recipe, &followup.recipe) else { return Differences::default() };
    let mut found = differences(b, f);
    if !found.against.is_empty() {
        let more = found.against.len().saturating_sub(SHOWN);
        found.against.truncate(SHOWN);
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        let words = found.against.join(", ");
        found.against = vec![format!("other recipes: {words}{more} (measure both scans with one recipe)")];
    }
    found.notes.iter_mut().for_each(|note| *note = format!("in the recipes {note}"));
    found
}

#[cfg(test)]
mod tests {
    //! Oracle: what a reader would say.
    use super::*;
    use crate::pet::percist::Examination;

    #[test]
    fn scans_of_two_people_or_in_the_wrong_order_do_not_belong_together() {
        let text = |t: &str| Some(t.to_string());
        let on = |time: &str| Examination { time: text(time), ..Examination::default() };
        let one = Visit {
            patient_id: text("P1"),
            sex: text("M"),
            height_m: Some(1.78),
            when: on("2024-01-05T10:00:00"),
            tracer: text("FDG"),
            ..Visit::default()
        };
        let later = Visit { when: on("2024-04-05T10:00:00"), tracer: text("Fluorodeoxyglucose"), ..one.clone() };
        let why = |a: &Visit, b: &Visit| together(a, b).join("; ");
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
        let in_sheet = |v: &Visit, name: &str| Visit { sheet_patient: text(name), ..v.clone() };
        let words = why(&in_sheet(&one, "A"), &in_sheet(&later, "B"));
        assert_eq!(words, "another person? the patient in the sample sheet is A, then B");
        let formulas = "SUL by two formulas: the sex is M, then O or not known";
        assert!(of(|v| v.sex = Some("O".into())).starts_with(formulas));
        assert!(of(|v| v.sex = None).ends_with("if it is M, run the follow-up again with --set suv.sex=M"));
        let unknown = |v: &Visit| Visit { sex: text("O"), ..v.clone() };
        assert_eq!(why(&unknown(&one), &unknown(&later)), "", "one formula, of both");
        assert!(of(|v| v.height_m = Some(1.58)).contains("height is 1.78 m, then 1.58 m"));
        assert_eq!(of(|v| v.height_m = Some(1.76)), "");
        assert!(of(|v| v.tracer = Some("PSMA-11".into())).contains("tracer is FDG, then PSMA-11"));
        let one_day = "one examination, not two: both scans are of 2024-01-05; a follow-up is of another day";
        assert_eq!(of(|v| v.when.time = Some("2024-01-05".into())), one_day);
        assert_eq!(of(|v| v.when.time = Some("2024-01-05T10:10:00".into())), one_day);
        let files = Some([1; 32]);
        let copy = Visit { files, ..later.clone() };
        assert_eq!(
            why(&Visit { files, ..one.clone() }, &copy),
            "both were read from the same files, or from copies of them"
        );
    }

    #[test]
    fn recipes_that_differ_are_named_with_both_values() {
        let recipe = |lines: &[(&str, &str)]| {
            let lines = lines.iter().map(|(path, value)| (path.to_string(), value.to_string())).collect();
            Visit { recipe: Some(lines), ..Visit::default() }
        };
        let (factor, at) = ("objects.lesions.steps.0.factor", "files.time");
        let c = recipes(&recipe(&[(factor, "1.5")]), &recipe(&[(factor, "4"), (at, "2")]));
        let words = "other recipes: objects.lesions.steps.0.factor is 1.5, then 4 (measure both scans with one recipe)";
        assert_eq!(
            (c.against, c.notes),
            (vec![words.into()], vec!["in the recipes files.time is nothing, then 2".into()])
        );
        let many = recipes(&recipe(&[]), &recipe(&["a", "b", "c", "d", "e"].map(|key| (key, "1"))));
        let words = "c is nothing, then 1, and 2 more (measure both scans with one recipe)";
        assert!(many.against[0].ends_with(words), "{:?}", many.against);
    }
}
