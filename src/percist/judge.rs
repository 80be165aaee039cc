//! The rules of PERCIST 1.0.
//!
//! The target is the hottest lesion at each time; it need not be the same one. With SULpeak in g/ml, in this order:
//!
//! | response | rule |
//! |---|---|
//! | PMD | new lesions |
//! | NE | no lesion, no SULpeak or no measurable target at baseline; no SULpeak at follow-up; another radionuclide |
//! | CMR | no lesion at follow-up, or SULpeak of every one below the mean SUL of the liver |
//! | PMD | SULpeak rises by >= 30 % and >= 0.8, or the TLG of all lesions rises by >= 75 % |
//! | PMR | SULpeak falls by >= 30 % and >= 0.8 |
//! | SMD | the rest |

use super::comparable::other_nuclide;
use super::{Change, Visit};

/// Least change of SULpeak in percent of the baseline.
const SUL_PERCENT: f64 = 30.0;
/// Least change of SULpeak in g/ml.
const SUL_UNITS: f64 = 0.8;
/// Least rise of TLG in percent of the baseline.
const TLG_PERCENT: f64 = 75.0;

/// Metabolic response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// The rule, or why there is no response.
    pub reason: String,
    /// What the reader should look at.
    pub notes: Vec<String>,
}

/// Judges the response of a patient. `new_lesions`: how many a reader saw, or nothing if nobody looked.
pub fn judge(baseline: &Visit, followup: &Visit, new_lesions: Option<u32>) -> Judgement {
    let (response, reason) = decide(baseline, followup, new_lesions);
    Judgement { response, reason, notes: notes(baseline, followup, new_lesions, response) }
}

fn decide(baseline: &Visit, followup: &Visit, new_lesions: Option<u32>) -> (Response, String) {
    if let Some(why) = other_nuclide(baseline, followup) {
        return (Response::Ne, why);
    }
    let mut progress: Vec<String> =
        new_lesions.filter(|n| *n > 0).map(|n| format!("new lesions: {n}")).into_iter().collect();
    let complete = complete(followup);
    match (unable(baseline, followup), complete) {
        (Some(why), _) if progress.is_empty() => return (Response::Ne, why),
        (None, Some(why)) if progress.is_empty() => return (Response::Cmr, why),
        (None, None) => {}
        _ => return (Response::Pmd, progress.join("; ")),
    }
    let sul = Change::of(baseline.sul_peak(), followup.sul_peak());
    progress.extend(sul.filter(|c| c.rises(SUL_PERCENT, SUL_UNITS)).map(|c| moved("sul_peak", c, " g/ml")));
    progress.extend(tlg_rises(baseline, followup).map(|c| moved("tlg", c, " g")));
    if !progress.is_empty() {
        return (Response::Pmd, progress.join("; "));
    }
    match sul {
        Some(c) if c.falls(SUL_PERCENT, SUL_UNITS) => (Response::Pmr, moved("sul_peak", c, " g/ml")),
        Some(c) => (Response::Smd, moved("sul_peak", c, " g/ml")),
        None => (Response::Ne, followup.why("sul_peak")),
    }
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

fn complete(followup: &Visit) -> Option<String> {
    if followup.lesions.is_empty() {
        return Some("no lesion at follow-up".into());
    }
    let (peak, liver) = (followup.sul_peak()?, followup.liver_sul_mean?);
    (peak < liver).then(|| format!("sul_peak at follow-up is {peak:.2}, below the mean of the liver, {liver:.2}"))
}

fn tlg_rises(baseline: &Visit, followup: &Visit) -> Option<Change> {
    Change::of(baseline.tlg_g(), followup.tlg_g()).filter(|c| c.rises(TLG_PERCENT, 0.0))
}

fn notes(baseline: &Visit, followup: &Visit, new_lesions: Option<u32>, response: Response) -> Vec<String> {
    let mut notes = vec![];
    if new_lesions.is_none() && !followup.lesions.is_empty() {
        let more = followup.lesions.len().saturating_sub(baseline.lesions.len());
        let count = if more > 0 { format!("; {more} more lesions than at baseline") } else { String::new() };
        notes.push(format!("new lesions not judged{count}"));
    }
    if response == Response::Cmr && followup.lesions.is_empty() {
        notes.push(
            "CMR: no lesion above the threshold of the recipe; fainter uptake is for the reader to rule out".into(),
        );
    }
    let fell = Change::of(baseline.sul_peak(), followup.sul_peak()).is_some_and(|c| c.absolute() < 0.0);
    if response == Response::Pmd && fell && tlg_rises(baseline, followup).is_some() {
        notes.push("tlg rose while sul_peak fell: PERCIST of 2009 counts tlg only where sul_peak does not fall".into());
    }
    notes
}

#[cfg(test)]
mod tests {
    //! Oracle: each rule and its limits, by hand.
    use super::*;
    use crate::percist::{Lesion, Missing};

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
        let against = judge(&visit(&[(8.0, 40.0)], 1.5), &visit(&[(4.0, 80.0)], 1.5), Some(0));
        assert_eq!(against.response, Response::Pmd);
        assert!(against.notes[0].contains("while sul_peak fell"), "{:?}", against.notes);
    }

    #[test]
    fn complete_is_no_lesion_or_less_than_liver() {
        assert_eq!(response(&[(5.0, 9.0)], &[], None), Response::Cmr);
        assert_eq!(response(&[(5.0, 9.0)], &[(1.4, 1.0), (1.49, 30.0)], Some(0)), Response::Cmr);
        assert_eq!(response(&[(5.0, 9.0)], &[(1.5, 1.0)], None), Response::Pmr, "the mean itself is not below");
        assert_eq!(response(&[(5.0, 9.0)], &[], Some(1)), Response::Pmd, "a reader saw a new one");
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
