//! Cutoffs that follow from the median of all objects, where the median may be that of the wrong ones.
//!
//! `median + 8 deviations` is said of objects that nearly all lack a stain, `median - 4 deviations` of objects that nearly all have it. Samples that
//! were enriched and positive controls are not so: with half of the objects or more of the other kind, the median is that of these, or lies
//! between, and the deviation is the distance of the kinds. A phenotype with the one stain and without the other one (`cytokeratin+ cd45-`) says what
//! the others look like. Where both stains part the objects into the same two kinds beyond doubt, each into those that the other one has not, both
//! cutoffs are said of the objects that are nearly all elsewhere. Granulocytes and lymphocytes, which differ in both too, are not parted by a gap.
//! Where one stain alone has two kinds, nobody knows which one is meant, and where there is one kind, whether it is that: a warning
//! says so, with the numbers. Reference: this project.

use super::cutoff::{Spread, kinds, median, shown};
use super::marker_values::ABOVE_GROUND;
use crate::recipe::{Cutoff, Positive, Rule};
use std::collections::BTreeMap;

/// A marker, and what is held against its cutoff.
pub(super) struct Stain<'a> {
    pub marker: &'a str,
    pub how: &'a Positive,
    pub values: &'a [Option<f64>],
    pub rounding: f64,
    pub cutoff: Option<f64>,
}

/// What objects are meant to be nearly all.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Meant {
    /// The cutoff lies above the median.
    Negative,
    /// It lies below.
    Positive,
}

impl Meant {
    fn by(how: &Positive) -> Option<Self> {
        match how.above {
            Cutoff::Robust { deviations, .. } if deviations > 0.0 => Some(Meant::Negative),
            Cutoff::Robust { deviations, .. } if deviations < 0.0 => Some(Meant::Positive),
            _ => None,
        }
    }
}

/// What is found of all stains of a set.
#[derive(Default)]
pub(super) struct Found {
    /// By marker, which objects its cutoff is said of, where these are not all.
    pub said_of: BTreeMap<String, Vec<bool>>,
    /// What the user should know of cutoffs that cannot be known.
    pub warnings: Vec<String>,
}

/// So many objects in a hundred are of one of the two kinds by both stains: a few have both stains, or none.
const ALIKE: usize = 95;
/// Fewer objects have no median to speak of.
const LEAST: usize = 8;

/// Looks at all pairs of stains that a phenotype has one of, and not the other one.
pub(super) fn find(set: &str, rules: &BTreeMap<String, Rule>, stains: &[Stain]) -> Found {
    let mut found = Found::default();
    let stain = |name: &str, meant| stains.iter().find(|s| s.marker == name && Meant::by(s.how) == Some(meant));
    let of_rule = |rule: &Rule, wanted: bool, meant| -> Vec<&Stain> {
        rule.markers.iter().filter(|(_, is)| *is == wanted).filter_map(|(name, _)| stain(name, meant)).collect()
    };
    for (phenotype, rule) in rules {
        for few in of_rule(rule, true, Meant::Negative) {
            for many in of_rule(rule, false, Meant::Positive) {
                if let Some(usual) = usual(few, many) {
                    found.said_of.insert(few.marker.to_owned(), usual.clone());
                    found.said_of.insert(many.marker.to_owned(), usual);
                } else if taken(few).is_none() && taken(many).is_none() {
                    found.warnings.extend(typical(set, phenotype, few, many));
                }
            }
        }
    }
    found
}

/// The objects with the one stain and without the other, where both divide all into the same two kinds, and the median of one is not that of these.
fn usual(few: &Stain, many: &Stain) -> Option<Vec<bool>> {
    let (k, l) = (few.gap()?, many.gap()?);
    if !few.is_moved(k) && !many.is_moved(l) {
        return None;
    }
    let both = few.values.iter().zip(many.values);
    let sides: Vec<Option<(bool, bool)>> = both.map(|(a, b)| Some(((*a)? > k, (*b)? > l))).collect();
    let count = |is: fn(&(bool, bool)) -> bool| sides.iter().flatten().filter(|side| is(side)).count();
    let (all, parted, usual) = (count(|_| true), count(|(a, b)| a != b), count(|(a, b)| !a && *b));
    (parted * 100 >= ALIKE * all && usual >= LEAST).then(|| sides.iter().map(|s| *s == Some((false, true))).collect())
}

/// What divides the values of a stain where they are of two kinds and the median may be that of the one that is not meant.
fn taken(stain: &Stain) -> Option<f64> {
    kinds(stain.known()).map(|kinds| kinds.limit).filter(|limit| stain.is_moved(*limit))
}

impl Stain<'_> {
    fn known(&self) -> impl Iterator<Item = f64> + Clone {
        self.values.iter().flatten().copied()
    }

    /// What divides two kinds with a gap between them.
    fn gap(&self) -> Option<f64> {
        kinds(self.known()).filter(|kinds| kinds.has_gap).map(|kinds| kinds.limit)
    }

    /// Whether the middle half of all values does not lie on the side of a limit that is meant.
    fn is_moved(&self, limit: f64) -> bool {
        let (Some(meant), Cutoff::Robust { of_logs, .. }) = (Meant::by(self.how), self.how.above) else { return false };
        let Some(spread) = Spread::of(self.known(), of_logs, self.rounding) else { return true };
        match meant {
            Meant::Negative => spread.at(1.0) > limit,
            Meant::Positive => spread.at(-1.0) <= limit,
        }
    }

    /// Whether the cutoff divides two kinds with a gap between them: then it is where it should be, however it was found.
    pub fn is_parted(&self) -> bool {
        let Some((limit, cutoff)) = self.gap().zip(self.cutoff) else { return false };
        self.known().all(|v| (v > limit) == (v > cutoff))
    }

    /// A warning where the stain has two kinds of objects, and the cutoff may be that of the wrong one.
    pub fn warning(&self, set: &str) -> Option<String> {
        let (marker, column) = (self.marker, self.how.column(self.marker));
        let limit = taken(self)?;
        let (all, above) = (self.known().count(), self.known().filter(|v| *v > limit).count());
        let cutoff = self.cutoff.map_or("there is none".to_owned(), |c| format!("it is {c:.4}"));
        let meant = match Meant::by(self.how)? {
            Meant::Negative => "negative",
            Meant::Positive => "positive",
        };
        Some(format!(
            "{above} of {all} objects of {set} have a {column} above {limit:.4}, far from that of the others, and the cutoff of {marker} supposes that nearly all are {meant} \
             ({cutoff}): who is positive is not known; if these {above} are, give a number in [positive.{set}], such as {limit:.4} for {marker}"
        ))
    }
}

/// A warning where the typical object has more of the stain that it should lack than of the one that it should have.
fn typical(set: &str, phenotype: &str, few: &Stain, many: &Stain) -> Option<String> {
    let columns = [few, many].map(|stain| stain.how.column(stain.marker));
    if !columns.iter().all(|column| column.starts_with(ABOVE_GROUND)) {
        return None;
    }
    let (shown, other) = (shown(few.known())?, median(many.known())?);
    let limit = |stain: &Stain| stain.cutoff.map_or("none".to_owned(), |c| format!("{c:.4}"));
    (shown > other).then(|| {
        format!(
            "the typical object of {set} has more {} ({shown:.4}) than {} ({other:.4}), as a {phenotype} has: if most are, cutoffs that follow from the median ({} and {}) find \
             none or too few of them; give numbers for both in [positive.{set}], those of a sample that has hardly any",
            columns[0],
            columns[1],
            limit(few),
            limit(many)
        )
    })
}
