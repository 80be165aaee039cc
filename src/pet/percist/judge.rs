//! The rules of PERCIST 1.0.
//!
//! The target is the hottest lesion at each time; it need not be the same one. With SULpeak in g/ml, in this order:
//!
//! | response | rule | source |
//! |---|---|---|
//! | PMD | new lesions | Wahl 2009 |
//! | NE | no lesion, no SULpeak or no measurable target at baseline; no SULpeak at follow-up; another radionuclide | Wahl 2009, O 2016 |
//! | NE | no lesion at follow-up, and the sites of the baseline were not measured in it; CMR, PMR or SMD would hold, and sites were measured, but not all of each of them | ours |
//! | CMR | SULpeak of every lesion, and of every site of the baseline, below the mean SUL of the liver | Wahl 2009 |
//! | PMD | SULpeak rises by >= 30 % and >= 0.8 | Wahl 2009 |
//! | PMD | the TLG of all lesions rises by >= 75 % and SULpeak does not fall | Wahl 2009 |
//! | NE | another lesion rises by >= 30 % and >= 0.8 where PMR or SMD would hold | Wahl 2009 |
//! | PMR | SULpeak falls by >= 30 % and >= 0.8 | Wahl 2009 |
//! | SMD | the rest | Wahl 2009 |

use super::change::reaches;
use super::comparable::other_nuclide;
use super::same::{Same, same};
use super::sites::{SITES, called, elsewhere, nothing_read, unmeasured, with_zeros};
use super::{Change, Judgement, Lesion, Response, Visit};

/// Least change of SULpeak in percent of the baseline.
const SUL_PERCENT: f64 = 30.0;
/// Least change of SULpeak in g/ml.
const SUL_UNITS: f64 = 0.8;
/// Least rise of TLG in percent of the baseline.
const TLG_PERCENT: f64 = 75.0;

const NEW_LESIONS: &str = "PMD: new lesions (Wahl 2009)";
const SUL_RISES: &str = "PMD: SULpeak rises by at least 30 % and 0.8 g/ml (Wahl 2009)";
const TLG_RISES: &str = "PMD: TLG rises by at least 75 % and SULpeak does not fall (Wahl 2009)";
const SUL_FALLS: &str = "PMR: SULpeak falls by at least 30 % and 0.8 g/ml (Wahl 2009)";
const STABLE: &str = "SMD: none of CMR, PMR and PMD (Wahl 2009)";
const BELOW_LIVER: &str = "CMR: SULpeak below the mean SUL of the liver at every site of the baseline (Wahl 2009)";
const OTHER_GROWS: &str = "not PMR or SMD: another lesion rises by more than 30 % (Wahl 2009)";
const UNSEEN: &str = "NE: CMR asks for SULpeak below the liver at every site of the baseline (Wahl 2009)";
const NOT_ABLE: &str = "NE: no measurable target, or none at follow-up (Wahl 2009, O 2016)";

/// Judges the response of a patient. `new_lesions`: how many a reader saw, or nothing if nobody looked.
pub fn judge(baseline: &Visit, followup: &Visit, new_lesions: Option<u32>) -> Judgement {
    let found = same(&baseline.lesions, &followup.lesions);
    let (response, rules, reason) = decide(baseline, followup, found.as_ref(), new_lesions);
    Judgement { response, reason, rules, notes: notes(baseline, followup, found.as_ref(), new_lesions) }
}

type Decision = (Response, Vec<&'static str>, String);

fn decide(baseline: &Visit, followup: &Visit, found: Option<&Same>, new_lesions: Option<u32>) -> Decision {
    let not = |why: String| (Response::Ne, vec![NOT_ABLE], why);
    if let Some(why) = other_nuclide(baseline, followup) {
        return not(why);
    }
    let mut progress: Vec<(&'static str, String)> =
        new_lesions.filter(|n| *n > 0).map(|n| (NEW_LESIONS, format!("new lesions: {n}"))).into_iter().collect();
    let pmd = |progress: Vec<(&'static str, String)>| {
        let (rules, words): (Vec<&'static str>, Vec<String>) = progress.into_iter().unzip();
        (Response::Pmd, rules, words.join("; "))
    };
    if let Some(why) = unable(baseline, followup) {
        return if progress.is_empty() { not(why) } else { pmd(progress) };
    }
    let is_gone = followup.lesions.is_empty();
    let mut unseen = None;
    match complete(baseline, followup, found) {
        _ if !progress.is_empty() && is_gone => return pmd(progress),
        Complete::Yes(why) if progress.is_empty() => return (Response::Cmr, vec![BELOW_LIVER], why),
        Complete::Unknown(why) if is_gone => return (Response::Ne, vec![UNSEEN], why),
        // What was not measured could only make progress more.
        Complete::Unknown(why) => unseen = Some(why),
        _ => {}
    }
    let sul = Change::of(baseline.sul_peak(), followup.sul_peak());
    progress
        .extend(sul.filter(|c| c.rises(SUL_PERCENT, SUL_UNITS)).map(|c| (SUL_RISES, moved("sul_peak", c, " g/ml"))));
    let tlg = tlg_rises(baseline, followup).filter(|_| !sul.is_some_and(Change::declines));
    progress.extend(tlg.map(|c| (TLG_RISES, moved("tlg", c, " g"))));
    if !progress.is_empty() {
        return pmd(progress);
    }
    if let Some(why) = unseen {
        return (Response::Ne, vec![UNSEEN], why);
    }
    let Some(c) = sul else { return not(followup.why("sul_peak")) };
    let (response, rule) =
        if c.falls(SUL_PERCENT, SUL_UNITS) { (Response::Pmr, SUL_FALLS) } else { (Response::Smd, STABLE) };
    match growing(baseline, followup, found) {
        Some(other) => {
            (Response::Ne, vec![rule, OTHER_GROWS], format!("{}, but {other}", moved("sul_peak", c, " g/ml")))
        }
        None => (response, vec![rule], moved("sul_peak", c, " g/ml")),
    }
}

/// A lesion at one place in both scans that grows as a target in progress would; of one that has split, its hottest piece.
fn growing(baseline: &Visit, followup: &Visit, found: Option<&Same>) -> Option<String> {
    let found = found?;
    let one = |((before, partner), pieces): ((&Lesion, &Option<usize>), &Vec<usize>)| {
        let parts = partner.iter().chain(pieces).filter_map(|i| followup.lesions.get(*i)?.sul_peak);
        let change = Change::of(before.sul_peak, parts.max_by(f64::total_cmp));
        let change = change.filter(|c| c.rises(SUL_PERCENT, SUL_UNITS))?;
        Some(format!("{}: {}", called(before), moved("sul_peak", change, " g/ml")))
    };
    baseline.lesions.iter().zip(&found.partner).zip(&found.pieces).find_map(one)
}

/// `sul_peak changed by -41.2 % (-3.10 g/ml)`.
fn moved(name: &str, c: Change, unit: &str) -> String {
    format!("{name} changed by {:+.1} % ({:+.2}{unit})", c.percent().unwrap_or(0.0), c.absolute())
}

/// Why there is no number to judge by.
fn unable(baseline: &Visit, followup: &Visit) -> Option<String> {
    if baseline.lesions.is_empty() {
        let small = match baseline.dropped {
            0 => String::new(),
            some => format!("; {some} found above the threshold, but too small for the recipe"),
        };
        return Some(format!("no lesion at baseline{small}"));
    }
    let Some(peak) = baseline.sul_peak() else {
        return Some(format!("baseline: {}", baseline.why("sul_peak")));
    };
    match baseline.measurable() {
        None => return Some(format!("baseline: {}", baseline.why("percist_measurable"))),
        Some(false) => {
            return Some(format!("the hottest lesion at baseline is not measurable: its sul_peak is {peak:.2}"));
        }
        Some(true) => {}
    }
    let lost = !followup.lesions.is_empty() && followup.sul_peak().is_none();
    lost.then(|| format!("followup: {}", followup.why("sul_peak")))
}

enum Complete {
    Yes(String),
    No,
    Unknown(String),
}

/// Whether all uptake at the sites of the baseline is below the mean of the liver. That no lesion was found is not enough:
/// lesions are looked for above 1.5 times the liver and more.
fn complete(baseline: &Visit, followup: &Visit, found: Option<&Same>) -> Complete {
    let is_gone = followup.lesions.is_empty();
    if let Some(why) = unmeasured(baseline, followup) {
        return Complete::Unknown(why);
    }
    if is_gone && followup.sites.is_empty() {
        let what = "no lesion above the threshold at follow-up; the sites of the baseline were not measured in it";
        let read = nothing_read(followup).map(|words| format!(", as {words}")).unwrap_or_default();
        return Complete::Unknown(format!("{what}{read}: {SITES}"));
    }
    let Some(liver) = followup.liver_sul_mean else {
        let why = || Complete::Unknown(format!("followup: {}", followup.why("sul_mean")));
        return if is_gone { why() } else { Complete::No };
    };
    let all = followup.lesions.iter().chain(&followup.sites).map(|l| l.sul_peak).collect::<Option<Vec<f64>>>();
    match all.and_then(|all| all.into_iter().max_by(f64::total_cmp)) {
        None => Complete::Unknown(format!("followup: {}", no_peak(followup))),
        Some(peak) if reaches(peak, liver) => Complete::No,
        Some(peak) => match elsewhere(baseline, followup, found) {
            Some(why) => Complete::Unknown(why),
            None => {
                Complete::Yes(format!("sul_peak at follow-up is {peak:.2}, below the mean of the liver, {liver:.2}"))
            }
        },
    }
}

/// Why SULpeak is not known of all lesions and sites.
fn no_peak(followup: &Visit) -> String {
    let empty = followup.sites.iter().filter(|s| s.sul_peak.is_none()).count();
    if empty == 0 {
        return followup.why("sul_peak");
    }
    format!("sul_peak is empty for {empty} of {} sites of the baseline", followup.sites.len())
}

fn tlg_rises(baseline: &Visit, followup: &Visit) -> Option<Change> {
    Change::of(baseline.tlg_g(), followup.tlg_g()).filter(|c| c.rises(TLG_PERCENT, 0.0))
}

fn notes(baseline: &Visit, followup: &Visit, found: Option<&Same>, new_lesions: Option<u32>) -> Vec<String> {
    let mut notes = vec![];
    if new_lesions.is_none() {
        let count = match found.map(|found| found.lone.len()) {
            Some(0) => String::new(),
            Some(lone) => format!("; {lone} lesions where the baseline has none"),
            None => match followup.lesions.len().saturating_sub(baseline.lesions.len()) {
                0 => String::new(),
                more => format!("; {more} more lesions than at baseline"),
            },
        };
        notes.push(format!("new lesions not judged{count}"));
        if followup.dropped > 0 {
            notes.push(format!(
                "{} found above the threshold of lesions at follow-up, but too small for the recipe, and no part of this: look at the scan, \
                 and give new_lesions",
                followup.dropped
            ));
        }
    }
    notes.extend(nothing_read(followup).map(|words| format!("{words}: they were not measured there; {SITES}")));
    notes.extend(elsewhere(baseline, followup, found).filter(|_| !followup.lesions.is_empty()));
    notes.extend(with_zeros(followup));
    let both = [("baseline", baseline), ("follow-up", followup)];
    notes.extend(both.into_iter().filter_map(|(when, visit)| part_of_target(when, visit)));
    let fell = Change::of(baseline.sul_peak(), followup.sul_peak()).is_some_and(Change::declines);
    if let Some(c) = tlg_rises(baseline, followup).filter(|_| fell) {
        notes.push(format!("{}, which counts only where sul_peak does not fall (Wahl 2009)", moved("tlg", c, " g")));
    }
    notes
}

/// What of the hottest lesion was not seen, so that its SULpeak may be another one.
fn part_of_target(when: &str, visit: &Visit) -> Option<String> {
    let target = visit.lesions.iter().find(|l| l.sul_peak.is_some() && l.sul_peak == visit.sul_peak())?;
    let part = match target.in_sphere.filter(|share| !reaches(*share, 1.0)) {
        Some(share) => {
            format!("has {:.0} % of the sphere of its sul_peak in the image and not excluded", 100.0 * share)
        }
        _ if target.is_beside_hotter == Some(true) => {
            "has hotter uptake beside it in the sphere of its sul_peak".into()
        }
        _ if target.is_cut == Some(true) => "touches the border of the image".into(),
        _ => return None,
    };
    Some(format!("{} at {when} {part}: sul_peak of the whole lesion may be another", called(target)))
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
