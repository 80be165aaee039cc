//! Cutoffs that follow from the median of all objects, where the median may be that of the wrong ones.
//!
//! `median + 8 deviations` is said of objects that nearly all lack a stain, `median - 4 deviations` of objects that nearly all have it. Samples that
//! were enriched and positive controls are not so: with half of the objects or more of the other kind, the median is that of these, or lies
//! between, and the deviation is the distance of the kinds. A phenotype with the one stain and without the other one (`cytokeratin+ cd45-`) says what
//! the others look like. Where both stains part the objects into the same two kinds beyond doubt, each into those that the other one has not (`pair`), both
//! cutoffs are said of the objects that are nearly all elsewhere.
//! Where one stain alone has two kinds, nobody knows which one is meant, and where there is one kind, whether it is that: a warning
//! says so, with the numbers. Reference: this project.

mod pair;

use super::classified::said;
use super::cutoff::{Spread, cutoff_of, kinds};
use crate::recipe::{Cutoff, Positive, Rule};
use std::collections::{BTreeMap, BTreeSet};

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
    /// Markers whose cutoff nobody can know.
    pub unknown: BTreeSet<String>,
    /// What the user should know of cutoffs that cannot be known.
    pub warnings: Vec<String>,
}

/// As many of all objects, and two at least, are a difference.
const TOLD: f64 = 0.02;

/// Looks at all pairs of stains that a phenotype has one of, and not the other one.
pub(super) fn find(set: &str, rules: &BTreeMap<String, Rule>, stains: &[Stain]) -> Found {
    let mut found = Found::default();
    for (phenotype, rule) in rules {
        for pair in pair::all(rule, stains) {
            let of_median = [pair.few, pair.many].into_iter().filter(|stain| stain.given().is_none());
            let markers = of_median.map(|stain| stain.marker.to_owned());
            if let Some(usual) = pair.usual() {
                found.said_of.extend(markers.map(|marker| (marker, usual.clone())));
            } else if let Some(warnings) = pair.unknown(set, phenotype) {
                found.unknown.extend(markers);
                found.warnings.extend(warnings);
            }
        }
    }
    found
}

/// So many of these objects make a difference.
fn told(all: usize) -> usize {
    ((TOLD * all as f64).floor() as usize + 1).max(2)
}

impl Stain<'_> {
    fn known(&self) -> impl Iterator<Item = f64> + Clone {
        self.values.iter().flatten().copied()
    }

    /// The cutoff, if it is a number in the recipe.
    fn given(&self) -> Option<f64> {
        if let Cutoff::Value(value) = self.how.above { Some(value) } else { None }
    }

    /// What divides two kinds with a gap between them.
    fn gap(&self) -> Option<f64> {
        kinds(self.known()).filter(|kinds| kinds.has_gap).map(|kinds| kinds.limit)
    }

    /// What divides the values where they are of two kinds and the median may be that of the one that is not meant.
    fn taken(&self) -> Option<f64> {
        kinds(self.known()).map(|kinds| kinds.limit).filter(|limit| self.is_moved(*limit))
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

    /// Whether the cutoff of some objects judges so many otherwise than the one of all that it makes a difference.
    fn is_changed_by(&self, of: &[bool]) -> bool {
        let Some(other) = self.cutoff_of(of).filter(|_| self.given().is_none()) else { return false };
        let is_other = |v: &f64| self.cutoff.is_none_or(|cutoff| (*v > cutoff) != (*v > other));
        self.known().filter(is_other).count() >= told(self.known().count())
    }

    /// The cutoff of some objects.
    fn cutoff_of(&self, of: &[bool]) -> Option<f64> {
        cutoff_of(self.how, said(self.values, of), self.rounding)
    }

    /// Whether the cutoff divides two kinds with a gap between them: then it is where it should be, however it was found.
    pub fn is_parted(&self) -> bool {
        let Some((limit, cutoff)) = self.gap().zip(self.cutoff) else { return false };
        self.known().all(|v| (v > limit) == (v > cutoff))
    }

    /// A warning where the stain has two kinds of objects, and the cutoff may be that of the wrong one.
    pub fn warning(&self, set: &str) -> Option<String> {
        let (marker, column) = (self.marker, self.how.column(self.marker));
        let limit = self.taken()?;
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
