//! Cutoffs that follow from the median of all objects, where the median may be that of the wrong ones.
//!
//! `median + 8 deviations` is said of objects that nearly all lack a stain, `median - 4 deviations` of objects that nearly all have it. Samples that
//! were enriched and positive controls are not so: with half of the objects or more of the other kind, the median is that of these, or lies
//! between, and the deviation is the distance of the kinds. A phenotype with the one stain and without the other one (`cytokeratin+ cd45-`) says what
//! the others look like. Where both stains part the objects into the same two kinds beyond doubt, each into those that the other one has not (`pair`), both
//! cutoffs are said of the objects that are nearly all elsewhere.
//! Where one stain alone has two kinds, nobody knows which one is meant, and where there is one kind, whether it is that: a warning
//! says so, with the numbers.
//!
//! With a third of the objects and more of the other kind, the median is still that of the right ones, but near their end, and the deviation is too large: the
//! cutoff goes through the other kind. Then a cutoff above the median is said of the lower kind alone. Reference: this project.

mod pair;

use super::classified::said;
use super::cutoff::{Spread, cutoff_of, is_gap, kinds};
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
/// Fewer objects above a cutoff have no gap to speak of below them.
const SOME: usize = 3;

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

    /// The objects of the lower kind, where these are more than half of all and nearly all were supposed to be, but the cutoff above their median goes through the upper kind.
    pub fn alone(&self) -> Option<Vec<bool>> {
        let first = self.cutoff.filter(|_| Meant::by(self.how) == Some(Meant::Negative))?;
        let limit = kinds(self.known())?.limit;
        let (mut missed, mut above): (Vec<f64>, Vec<f64>) =
            self.known().filter(|v| *v > limit).partition(|v| *v <= first);
        missed.sort_unstable_by(f64::total_cmp);
        above.sort_unstable_by(f64::total_cmp);
        // Of three kinds the highest one may be meant.
        let is_third = above.len() >= SOME && is_gap(&missed, &above);
        let lower: Vec<bool> = self.values.iter().map(|v| v.is_some_and(|v| v <= limit)).collect();
        let are_most = 2 * lower.iter().filter(|is| **is).count() > self.known().count();
        let is_lower = self.cutoff_of(&lower).is_some_and(|cutoff| cutoff < first);
        (missed.len() >= told(self.known().count()) && !is_third && are_most && is_lower).then_some(lower)
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

#[cfg(test)]
mod tests {
    //! Oracle: objects of known kinds.
    use super::*;

    /// Objects without a stain, between 200 and 240, and others from 300 to 300 and a width on.
    fn field(without: usize, with: usize, width: f64) -> Vec<Option<f64>> {
        let even =
            |n: usize, from: f64, width: f64| (0..n).map(move |k| Some(from + width * (k as f64 + 0.5) / n as f64));
        even(without, 200.0, 40.0).chain(even(with, 300.0, width)).collect()
    }

    fn alone(values: &[Option<f64>], how: &Positive) -> Option<usize> {
        let cutoff = cutoff_of(how, values.iter().flatten().copied(), 0.0);
        let stain = Stain { marker: "m", how, values, rounding: 0.0, cutoff };
        stain.alone().map(|of| of.iter().filter(|is| **is).count())
    }

    #[test]
    fn the_lower_kind_is_looked_at_alone_where_the_cutoff_goes_through_the_upper_one() {
        let above = |deviations| Positive::by_mean(Cutoff::Robust { deviations, of_logs: false });
        for (without, with) in [(130, 70), (115, 85), (105, 95)] {
            // The dimmest one may be among them.
            let found = alone(&field(without, with, 600.0), &above(6.0));
            assert!(found.is_some_and(|found| found == without || found == without + 1), "{with}: {found:?}");
        }
        // The cutoff lies where it should; most objects are of the upper kind; there is one kind; another side is meant; a number is a number.
        for (without, with) in [(180, 20), (95, 105), (200, 0)] {
            assert_eq!(alone(&field(without, with, 600.0), &above(6.0)), None, "{with}");
        }
        assert_eq!(alone(&field(115, 85, 600.0), &above(-6.0)), None);
        assert_eq!(alone(&field(115, 85, 600.0), &Positive::by_mean(Cutoff::Value(500.0))), None);
        // A third kind above a gap may be the one that is meant.
        let mut three = field(115, 85, 100.0);
        three.extend((0..5).map(|k| Some(2000.0 + f64::from(k))));
        assert_eq!(alone(&three, &above(6.0)), None);
        three.truncate(202);
        assert!(alone(&three, &above(6.0)).is_some(), "two are no kind");
    }
}
