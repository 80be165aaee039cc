//! One row a patient: both visits, the judgement, and what to know about it.

use super::sites_file::Owners;
use super::{Comparability, Folder, Image, Judgement, Pair, Response, Visit, comparability, judge};
use std::collections::BTreeMap;
use std::fmt;

const AGAINST: &str = "NE: not assessable unless patient, order, tracer, uptake time and liver agree (Wahl 2009)";

/// How the rules name the label image of the lesions at baseline.
const LABELS: &str = "BASELINE/labels/NAME_lesions.nii.gz";

/// A row of `response.csv`.
#[derive(Clone, Debug)]
pub struct ResponseRow {
    /// Who, and which images.
    pub pair: Pair,
    /// What was found at baseline, if the image is there and did not fail.
    pub baseline: Option<Visit>,
    /// The same at follow-up.
    pub followup: Option<Visit>,
    /// The response; nothing for an image without partner, and NE for one at baseline whose partner is not known.
    pub response: Option<Response>,
    /// The rule that made it, or why there is none.
    pub reason: String,
    /// The rules that held, with their sources.
    pub rules: Vec<&'static str>,
    /// Whether the scans may be compared.
    pub comparable: Comparability,
    /// What the reader should know.
    pub notes: Vec<String>,
    /// A file that the runs passed over: it counts for nothing.
    pub skipped: bool,
}

/// What two scans lack that were put together by their names alone, and what gives it.
pub const UNPROVED: &str = "no PatientID and no column patient of a sample sheet (--sheet, in both runs) says that both scans are of one \
                            patient; --pairs FILE can name the pair";

impl ResponseRow {
    /// Two scans are judged of which nothing but their names says that they are of one patient.
    pub fn is_unproved(&self) -> bool {
        self.pair.is_by_name && self.baseline.is_some() && self.followup.is_some()
    }
}

/// What becomes of scans that do not belong together, or may not be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Doubtful {
    /// They are not evaluable.
    #[default]
    NotEvaluable,
    /// They are judged all the same; notes say what is against it.
    Judged,
}

/// Judges every pair.
pub fn compare(baseline: &Folder, followup: &Folder, pairs: &[Pair], doubtful: Doubtful) -> Vec<ResponseRow> {
    let runs =
        Runs { baseline, images: [baseline.by_name(), followup.by_name()], owners: Owners::of(baseline), doubtful };
    pairs.iter().map(|p| runs.row(p)).collect()
}

/// What all rows are looked up in.
struct Runs<'a> {
    baseline: &'a Folder,
    /// Those of the baseline and those of the follow-up.
    images: [BTreeMap<&'a str, &'a Image>; 2],
    owners: Owners<'a>,
    doubtful: Doubtful,
}

impl Runs<'_> {
    fn row(&self, pair: &Pair) -> ResponseRow {
        let (baseline, [before, after]) = (self.baseline, &self.images);
        let a = pair.baseline.as_deref().and_then(|name| before.get(name).copied());
        let b = pair.followup.as_deref().and_then(|name| after.get(name).copied());
        let skipped = a.iter().chain(&b).any(|i| i.skipped) && (a.is_none() || b.is_none());
        let mut row = ResponseRow {
            pair: pair.clone(),
            baseline: None,
            followup: None,
            response: None,
            reason: pair.lacks.clone().unwrap_or_default(),
            rules: vec![],
            comparable: Comparability::default(),
            notes: vec![],
            skipped,
        };
        let mut failed = vec![];
        for (when, image, place) in [("baseline", a, &mut row.baseline), ("followup", b, &mut row.followup)] {
            match image.map(|i| &i.visit) {
                Some(Ok(visit)) => *place = Some(visit.clone()),
                Some(Err(why)) => failed.push(format!("{when} {why}")),
                None => {}
            }
        }
        if let (Some(visit), Some(own)) = (&mut row.followup, &pair.baseline) {
            visit.sites_of = visit.sites_file.as_ref().and_then(|f| self.owners.another(f, own)).map(str::to_string);
        }
        if pair.lacks.is_none() {
            let judgement = match (&row.baseline, &row.followup) {
                (Some(a), Some(b)) => {
                    row.comparable = comparability(a, b);
                    let against = row.comparable.against.clone();
                    let mut judged = judge(a, b, pair.new_lesions);
                    for words in judged.notes.iter_mut().chain([&mut judged.reason]) {
                        *words = named(words, baseline, pair);
                    }
                    if self.doubtful == Doubtful::Judged {
                        judged.notes.extend(against);
                    } else if !against.is_empty() {
                        let (response, rules) = (Response::Ne, vec![AGAINST]);
                        judged = Judgement { response, reason: against.join("; "), rules, notes: judged.notes };
                    }
                    judged
                }
                _ => Judgement { response: Response::Ne, reason: failed.join("; "), rules: vec![], notes: vec![] },
            };
            row.response = Some(judgement.response);
            row.reason = judgement.reason;
            row.rules = judgement.rules;
            row.notes = judgement.notes;
        } else if !skipped {
            row.notes = failed;
            // Once for a patient whose images are there: at the baseline.
            row.response = (pair.is_open && pair.baseline.is_some()).then_some(Response::Ne);
        }
        row.notes.extend(row.is_unproved().then(|| format!("paired by name alone: {UNPROVED}")));
        row.notes.extend(row.comparable.notes.iter().cloned());
        for (when, visit) in [("baseline", &row.baseline), ("followup", &row.followup)] {
            row.notes
                .extend(visit.iter().filter_map(|v| Some(format!("{when} was warned of: {}", v.warnings.as_ref()?))));
            let words = visit.iter().flat_map(|v| &v.missing).map(|m| format!("{when}: {}", m.why));
            row.notes.extend(words.filter(|w| *w != row.reason));
        }
        row
    }
}

/// A remedy with the very file that it means: rules know no files and say where such files lie.
fn named(words: &str, baseline: &Folder, pair: &Pair) -> String {
    let Some(name) = pair.baseline.as_ref().filter(|_| words.contains(LABELS)) else { return words.into() };
    match baseline.labels(name) {
        Some(path) => words.replace(LABELS, &path.to_string_lossy()),
        None => {
            let folder = baseline.path.display();
            format!("{words} ({folder} has no label image of {name}: run it without --no-labels)")
        }
    }
}

/// What became of all rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// CMR, PMR, SMD, PMD.
    pub judged: [usize; 4],
    /// Not evaluable.
    pub not_evaluable: usize,
    /// Images without partner.
    pub alone: usize,
    /// Files that the runs passed over.
    pub skipped: usize,
}

impl Summary {
    /// Counts rows.
    pub fn of(rows: &[ResponseRow]) -> Self {
        let mut all = Summary::default();
        for row in rows {
            match row.response {
                Some(Response::Cmr) => all.judged[0] += 1,
                Some(Response::Pmr) => all.judged[1] += 1,
                Some(Response::Smd) => all.judged[2] += 1,
                Some(Response::Pmd) => all.judged[3] += 1,
                Some(Response::Ne) => all.not_evaluable += 1,
                None if row.skipped => all.skipped += 1,
                None => all.alone += 1,
            }
        }
        all
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { judged: [cmr, pmr, smd, pmd], not_evaluable, alone, skipped } = self;
        let rows = cmr + pmr + smd + pmd + not_evaluable + alone + skipped;
        write!(f, "done: {rows} rows = {cmr} CMR + {pmr} PMR + {smd} SMD + {pmd} PMD + {not_evaluable} NE")?;
        write!(f, " + {alone} without partner + {skipped} skipped")
    }
}
