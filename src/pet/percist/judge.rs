//! The rules of PERCIST 1.0.
//!
//! The target is the hottest lesion at each time; it need not be the same one. With SULpeak in g/ml, in this order:
//!
//! | response | rule | source |
//! |---|---|---|
//! | PMD | new lesions | Wahl 2009 |
//! | NE | no lesion, no SULpeak or no measurable target at baseline; no SULpeak at follow-up; another radionuclide | Wahl 2009, O 2016 |
//! | NE | no lesion at follow-up, and the sites of the baseline were not measured in it | ours |
//! | CMR | SULpeak of every lesion, and of every site of the baseline, below the mean SUL of the liver | Wahl 2009 |
//! | PMD | SULpeak rises by >= 30 % and >= 0.8 | Wahl 2009 |
//! | PMD | the TLG of all lesions rises by >= 75 % and SULpeak does not fall | Wahl 2009 |
//! | NE | another lesion rises by >= 30 % and >= 0.8 where PMR or SMD would hold | Wahl 2009 |
//! | PMR | SULpeak falls by >= 30 % and >= 0.8 | Wahl 2009 |
//! | SMD | the rest | Wahl 2009 |

use super::comparable::other_nuclide;
use super::{Change, Lesion, Visit};

/// Least change of SULpeak in percent of the baseline.
const SUL_PERCENT: f64 = 30.0;
/// Least change of SULpeak in g/ml.
const SUL_UNITS: f64 = 0.8;
/// Least rise of TLG in percent of the baseline.
const TLG_PERCENT: f64 = 75.0;
/// Lesions whose centroids lie closer than this in two scans are taken to be one, mm.
const SAME_PLACE: f64 = 20.0;
/// What gives the sites.
const SITES: &str = "run the follow-up with --set labels.sites=BASELINE/labels/NAME_lesions.nii.gz";

/// Metabolic response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Response {
    /// Complete metabolic response.
    Cmr,
    /// Partial metabolic response.
    Pmr,
    /// Stable metabolic disease.
    Smd,
    /// Progressive metabolic disease.
    Pmd,
    /// Not evaluable.
    Ne,
}

impl Response {
    /// All of them, from the best to the worst, then what cannot be judged.
    pub const ALL: [Response; 5] = [Response::Cmr, Response::Pmr, Response::Smd, Response::Pmd, Response::Ne];

    /// The word for tables.
    pub fn name(self) -> &'static str {
        match self {
            Response::Cmr => "CMR",
            Response::Pmr => "PMR",
            Response::Smd => "SMD",
            Response::Pmd => "PMD",
            Response::Ne => "NE",
        }
    }
}

/// A response with the rule that made it.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The response.
    pub response: Response,
    /// What made it, or why there is no response.
    pub reason: String,
    /// The rules that held, each with its source.
    pub rules: Vec<&'static str>,
    /// What the reader should look at.
    pub notes: Vec<String>,
}

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
    let (response, rules, reason) = decide(baseline, followup, new_lesions);
    Judgement { response, reason, rules, notes: notes(baseline, followup, new_lesions) }
}

type Decision = (Response, Vec<&'static str>, String);

fn decide(baseline: &Visit, followup: &Visit, new_lesions: Option<u32>) -> Decision {
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
    match complete(baseline, followup) {
        _ if !progress.is_empty() && followup.lesions.is_empty() => return pmd(progress),
        Complete::Yes(why) if progress.is_empty() => return (Response::Cmr, vec![BELOW_LIVER], why),
        Complete::Unknown(why) => return (Response::Ne, vec![UNSEEN], why),
        _ => {}
    }
    let sul = Change::of(baseline.sul_peak(), followup.sul_peak());
    progress
        .extend(sul.filter(|c| c.rises(SUL_PERCENT, SUL_UNITS)).map(|c| (SUL_RISES, moved("sul_peak", c, " g/ml"))));
    let declines = sul.is_some_and(|c| c.absolute() < 0.0);
    let tlg = tlg_rises(baseline, followup).filter(|_| !declines);
    progress.extend(tlg.map(|c| (TLG_RISES, moved("tlg", c, " g"))));
    if !progress.is_empty() {
        return pmd(progress);
    }
    let Some(c) = sul else { return not(followup.why("sul_peak")) };
    let (response, rule) =
        if c.falls(SUL_PERCENT, SUL_UNITS) { (Response::Pmr, SUL_FALLS) } else { (Response::Smd, STABLE) };
    match growing(baseline, followup) {
        Some(other) => {
            (Response::Ne, vec![rule, OTHER_GROWS], format!("{}, but {other}", moved("sul_peak", c, " g/ml")))
        }
        None => (response, vec![rule], moved("sul_peak", c, " g/ml")),
    }
}

/// A lesion at one place in both scans that grows as a target in progress would.
fn growing(baseline: &Visit, followup: &Visit) -> Option<String> {
    let far = |a: [f64; 3], b: [f64; 3]| (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f64>().sqrt();
    let one = |before: &Lesion| {
        let place = before.place?;
        let near = followup.lesions.iter().filter_map(|l| Some((far(place, l.place?), l)));
        let (_, after) = near.filter(|(d, _)| *d < SAME_PLACE).min_by(|a, b| a.0.total_cmp(&b.0))?;
        let change = Change::of(before.sul_peak, after.sul_peak).filter(|c| c.rises(SUL_PERCENT, SUL_UNITS))?;
        let [x, y, z] = place;
        Some(format!("the lesion at x {x:.0}, y {y:.0}, z {z:.0} mm: {}", moved("sul_peak", change, " g/ml")))
    };
    baseline.lesions.iter().find_map(one)
}

/// `sul_peak changed by -41.2 % (-3.10 g/ml)`.
fn moved(name: &str, c: Change, unit: &str) -> String {
    format!("{name} changed by {:+.1} % ({:+.2}{unit})", c.percent().unwrap_or(0.0), c.absolute())
}

/// Why there is no number to judge by.
fn unable(baseline: &Visit, followup: &Visit) -> Option<String> {
    if baseline.lesions.is_empty() {
        return Some("no lesion at baseline".into());
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
fn complete(baseline: &Visit, followup: &Visit) -> Complete {
    let (lesions, sites) = (followup.lesions.len(), followup.sites.len());
    if lesions == 0 && sites == 0 {
        let what = "no lesion above the threshold at follow-up; the sites of the baseline were not measured in it";
        return Complete::Unknown(format!("{what}: {SITES}"));
    }
    if lesions == 0 && sites < baseline.lesions.len() {
        let of = baseline.lesions.len();
        return Complete::Unknown(format!(
            "no lesion at follow-up, and only {sites} of {of} sites of the baseline measured"
        ));
    }
    let Some(liver) = followup.liver_sul_mean else {
        return if lesions == 0 {
            Complete::Unknown(format!("followup: {}", followup.why("sul_mean")))
        } else {
            Complete::No
        };
    };
    let all = followup.lesions.iter().chain(&followup.sites).map(|l| l.sul_peak).collect::<Option<Vec<f64>>>();
    match all.and_then(|all| all.into_iter().max_by(f64::total_cmp)) {
        None => Complete::Unknown(format!("followup: {}", followup.why("sul_peak"))),
        Some(peak) if peak < liver => {
            Complete::Yes(format!("sul_peak at follow-up is {peak:.2}, below the mean of the liver, {liver:.2}"))
        }
        Some(_) => Complete::No,
    }
}

fn tlg_rises(baseline: &Visit, followup: &Visit) -> Option<Change> {
    Change::of(baseline.tlg_g(), followup.tlg_g()).filter(|c| c.rises(TLG_PERCENT, 0.0))
}

fn notes(baseline: &Visit, followup: &Visit, new_lesions: Option<u32>) -> Vec<String> {
    let mut notes = vec![];
    if new_lesions.is_none() {
        let more = followup.lesions.len().saturating_sub(baseline.lesions.len());
        let count = if more > 0 { format!("; {more} more lesions than at baseline") } else { String::new() };
        notes.push(format!("new lesions not judged{count}"));
    }
    let fell = Change::of(baseline.sul_peak(), followup.sul_peak()).is_some_and(|c| c.absolute() < 0.0);
    if let Some(c) = tlg_rises(baseline, followup).filter(|_| fell) {
        notes.push(format!("{}, which counts only where sul_peak does not fall (Wahl 2009)", moved("tlg", c, " g")));
    }
    notes
}

#[cfg(test)]
mod tests {
    //! Oracle: each rule and its limits, by hand.
    use super::*;
    use crate::pet::percist::{Lesion, Missing};

    fn visit(lesions: &[(f64, f64)], liver: f64) -> Visit {
        let lesion = |&(peak, tlg): &(f64, f64)| Lesion {
            sul_peak: Some(peak),
            tlg_g: Some(tlg),
            measurable: Some(peak > 1.5 * liver + 0.2),
            ..Lesion::default()
        };
        Visit { lesions: lesions.iter().map(lesion).collect(), liver_sul_mean: Some(liver), ..Visit::default() }
    }

    fn response(before: &[(f64, f64)], after: &[(f64, f64)], new: Option<u32>) -> Response {
        judge(&visit(before, 1.5), &visit(after, 1.5), new).response
    }

    #[test]
    fn the_hottest_lesion_decides_whichever_it_is() {
        let before = [(8.0, 20.0), (4.0, 20.0)];
        assert_eq!(response(&before, &[(2.0, 5.0), (6.0, 15.0)], None), Response::Smd, "8 to 6");
        assert_eq!(response(&before, &[(5.0, 5.0), (5.6, 15.0)], None), Response::Pmr, "8 to 5.6");
        assert_eq!(response(&before, &[(8.0, 5.0), (10.4, 15.0)], None), Response::Pmd, "8 to 10.4");
    }

    #[test]
    fn both_the_share_and_the_units_are_needed() {
        assert_eq!(response(&[(2.5, 9.0)], &[(1.71, 9.0)], None), Response::Smd, "31.6 %, 0.79");
        assert_eq!(response(&[(2.5, 9.0)], &[(1.7, 9.0)], None), Response::Pmr, "32 %, 0.8");
        assert_eq!(response(&[(9.0, 9.0)], &[(6.31, 9.0)], None), Response::Smd, "29.9 %, 2.69");
        assert_eq!(response(&[(2.5, 9.0)], &[(3.29, 9.0)], None), Response::Smd, "31.6 %, 0.79");
        assert_eq!(response(&[(2.5, 9.0)], &[(3.3, 9.0)], None), Response::Pmd, "32 %, 0.8");
    }

    #[test]
    fn progress_in_three_ways() {
        assert_eq!(response(&[(5.0, 40.0)], &[(5.0, 70.0)], None), Response::Pmd, "TLG + 75 %");
        assert_eq!(response(&[(5.0, 40.0)], &[(5.0, 69.9)], None), Response::Smd);
        assert_eq!(response(&[(5.0, 40.0)], &[(2.0, 9.0)], Some(2)), Response::Pmd, "new lesions");
        let all = judge(&visit(&[(5.0, 40.0)], 1.5), &visit(&[(6.5, 80.0)], 1.5), Some(1));
        let three = "new lesions: 1; sul_peak changed by +30.0 % (+1.50 g/ml); tlg changed by +100.0 % (+40.00 g)";
        assert_eq!(all.reason, three);
        assert!(all.notes.is_empty(), "{:?}", all.notes);
        assert_eq!(all.rules.len(), 3);
        let against = judge(&visit(&[(8.0, 40.0)], 1.5), &visit(&[(4.0, 80.0)], 1.5), Some(0));
        assert_eq!(against.response, Response::Pmr, "TLG counts only where SULpeak does not fall");
        assert!(against.notes[0].contains("does not fall (Wahl 2009)"), "{:?}", against.notes);
    }

    #[test]
    fn complete_asks_for_less_than_the_liver_at_every_site() {
        assert_eq!(response(&[(5.0, 9.0)], &[(1.4, 1.0), (1.49, 30.0)], Some(0)), Response::Cmr);
        assert_eq!(response(&[(5.0, 9.0)], &[(1.5, 1.0)], None), Response::Pmr, "the mean itself is not below");
        assert_eq!(response(&[(5.0, 9.0)], &[], Some(1)), Response::Pmd, "a reader saw a new one");
        let unseen = judge(&visit(&[(5.0, 9.0)], 1.5), &visit(&[], 1.5), None);
        assert_eq!(unseen.response, Response::Ne);
        assert!(unseen.reason.contains("--set labels.sites="), "{}", unseen.reason);
        let sites = |before: &[(f64, f64)], after: &[(f64, f64)]| {
            let followup = Visit { sites: visit(after, 1.5).lesions, ..visit(&[], 1.5) };
            judge(&visit(before, 1.5), &followup, None).response
        };
        assert_eq!(sites(&[(5.0, 9.0)], &[(1.4, 1.0)]), Response::Cmr);
        assert_eq!(sites(&[(5.0, 9.0)], &[(2.2, 1.0)]), Response::Pmr, "above the liver, below the threshold");
        assert_eq!(sites(&[(5.0, 9.0), (4.0, 9.0)], &[(1.4, 1.0)]), Response::Ne, "one of two sites");
    }

    #[test]
    fn another_lesion_that_grows_is_looked_at() {
        let at = |peaks: &[(f64, f64)]| {
            let mut v = visit(peaks, 1.5);
            v.lesions.iter_mut().zip([0.0, 100.0]).for_each(|(l, x)| l.place = Some([x, 0.0, 0.0]));
            v
        };
        let grown = judge(&at(&[(8.0, 9.0), (3.0, 9.0)]), &at(&[(4.0, 9.0), (5.0, 9.0)]), Some(0));
        assert_eq!(grown.response, Response::Ne);
        assert!(
            grown.reason.contains("the lesion at x 100, y 0, z 0 mm: sul_peak changed by +66.7 %"),
            "{}",
            grown.reason
        );
        let little = judge(&at(&[(8.0, 9.0), (3.0, 9.0)]), &at(&[(4.0, 9.0), (3.7, 9.0)]), Some(0));
        assert_eq!(little.response, Response::Pmr);
    }

    #[test]
    fn what_cannot_be_judged_says_why() {
        let why = |a: &Visit, b: &Visit, new| {
            let j = judge(a, b, new);
            (j.response, j.reason)
        };
        let (hot, none) = (visit(&[(5.0, 9.0)], 1.5), visit(&[], 1.5));
        assert_eq!(why(&none, &hot, None), (Response::Ne, "no lesion at baseline".into()));
        assert_eq!(why(&none, &hot, Some(1)).0, Response::Pmd);
        let faint = visit(&[(2.0, 9.0)], 1.5);
        assert!(why(&faint, &hot, None).1.contains("not measurable"));
        let mut blind = hot.clone();
        blind.lesions[0].sul_peak = None;
        blind.missing = vec![Missing { column: "sul_peak", why: "no height".into() }];
        assert_eq!(why(&blind, &hot, None), (Response::Ne, "baseline: no height".into()));
        assert_eq!(why(&hot, &blind, None), (Response::Ne, "followup: no height".into()));
        let mut other = hot.clone();
        other.lesions[0].measurable = None;
        assert_eq!(why(&other, &hot, None), (Response::Ne, "baseline: percist_measurable is missing".into()));
        let life = |s| Visit { half_life_s: Some(s), ..hot.clone() };
        assert_eq!(why(&life(6586.2), &life(4062.6), Some(1)).0, Response::Ne);
    }

    #[test]
    fn new_lesions_that_nobody_looked_for_are_noted() {
        let j = judge(&visit(&[(5.0, 9.0)], 1.5), &visit(&[(5.0, 4.0), (4.0, 4.0), (3.0, 1.0)], 1.5), None);
        assert_eq!(
            (j.response, j.notes),
            (Response::Smd, vec!["new lesions not judged; 2 more lesions than at baseline".into()])
        );
    }
}
