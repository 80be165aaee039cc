//! Two stains of a phenotype, one that it has and one that it has not, and the objects that are nearly all elsewhere: those with the second one and without the
//! first.
//!
//! Both stains part the objects into the same two kinds where both have a gap, or where one has and the other one has hardly any of its values on both sides of that: a stain
//! that varies by a factor of a hundred from cell to cell has no gap. Granulocytes and lymphocytes, which differ in both stains too, are not parted by a gap.
//! Where the recipe has a number for one of them, and the median of the other one is doubtful, it says which objects are meant, and the other cutoff follows from these.

use super::{Meant, Stain};
use crate::pipeline::cutoff::{are_kinds, median, shown};
use crate::pipeline::marker_values::{ABOVE_GROUND, of_light};
use crate::recipe::Rule;

/// So many objects in a hundred are of one of the two kinds by both stains: a few have both stains, or none.
const ALIKE: usize = 95;
/// So many in a hundred of each kind, where one stain alone has a gap.
const OF_EACH: usize = 90;
/// Fewer objects have no median to speak of.
const LEAST: usize = 8;

/// A stain that few objects are supposed to have, and one that nearly all have. Cutoffs of one or both follow from a median.
pub(super) struct Pair<'a> {
    pub few: &'a Stain<'a>,
    pub many: &'a Stain<'a>,
}

/// The pairs of a phenotype. A stain with a number stands in only where no other one has a cutoff that follows from a median.
pub(super) fn all<'a>(rule: &Rule, stains: &'a [Stain<'a>]) -> Vec<Pair<'a>> {
    let of_rule = |wanted: bool, is: &dyn Fn(&Stain) -> bool| -> Vec<&'a Stain<'a>> {
        let names = rule.markers.iter().filter(|(_, is)| *is == wanted).map(|(name, _)| name);
        names.filter_map(|name| stains.iter().find(|stain| stain.marker == name && is(stain))).collect()
    };
    let of_median = |wanted, meant| of_rule(wanted, &|stain| Meant::by(stain.how) == Some(meant));
    let given = |wanted| of_rule(wanted, &|stain| stain.given().is_some() && is_light(stain));
    let (few, many) = (of_median(true, Meant::Negative), of_median(false, Meant::Positive));
    let (few, many) = match (few.is_empty(), many.is_empty()) {
        (true, false) => (given(true), many),
        (false, true) => (few, given(false)),
        _ => (few, many),
    };
    few.iter().flat_map(|few| many.iter().map(|many| Pair { few, many })).collect()
}

/// Whether what is held against the cutoff of a stain is light.
fn is_light(stain: &Stain) -> bool {
    let light = of_light(&stain.how.column(stain.marker));
    ["intensity_mean_", "intensity_median_", ABOVE_GROUND].iter().any(|kind| light.starts_with(kind))
}

impl Pair<'_> {
    /// The objects with the one stain and without the other, where it is known which these are and the median of one stain is not that of them, or so much wider that it
    /// makes a difference.
    pub fn usual(&self) -> Option<Vec<bool>> {
        let (limits, is_moved) = match [self.few, self.many].map(Stain::given) {
            [None, None] => {
                let [k, l] = self.limits()?;
                ([Some(k), Some(l)], self.few.is_moved(k) || self.many.is_moved(l))
            }
            given => (self.is_doubtful_beside(given).then_some(given)?, false),
        };
        let is_usual = |(a, b): (f64, f64)| limits[0].is_none_or(|k| a <= k) && limits[1].is_none_or(|l| b > l);
        let usual: Vec<bool> = self.values().map(|both| both.is_some_and(is_usual)).collect();
        let is_enough = usual.iter().filter(|is| **is).count() >= LEAST;
        let is_changed = || [self.few, self.many].iter().any(|stain| stain.is_changed_by(&usual));
        (is_enough && (is_moved || is_changed())).then_some(usual)
    }

    /// Whether the stain without a number has a median that may be that of the wrong objects: it parts them as the number does, or it has two kinds, or the typical object
    /// has more of the first stain. A number by itself says nothing of another stain.
    fn is_doubtful_beside(&self, given: [Option<f64>; 2]) -> bool {
        let agrees = match given {
            [Some(k), _] => self.many_by(k).is_some(),
            [_, Some(l)] => self.few_by(l).is_some(),
            _ => false,
        };
        agrees || self.few.taken().is_some() || self.many.taken().is_some() || self.medians().is_some()
    }

    /// Both values of each object that has both.
    fn values(&self) -> impl Iterator<Item = Option<(f64, f64)>> {
        self.few.values.iter().zip(self.many.values).map(|(a, b)| Some(((*a)?, (*b)?)))
    }

    /// What divides the objects into the same two kinds by either stain.
    fn limits(&self) -> Option<[f64; 2]> {
        let gaps = [self.few.gap(), self.many.gap()];
        if let [Some(k), Some(l)] = gaps {
            let all: Vec<bool> = self.values().flatten().map(|(a, b)| (a > k) != (b > l)).collect();
            if all.iter().filter(|is| **is).count() * 100 >= ALIKE * all.len() {
                return Some([k, l]);
            }
        }
        let by_many = |l| Some([self.few_by(l)?, l]);
        let by_few = |k| Some([k, self.many_by(k)?]);
        gaps[1].and_then(by_many).or_else(|| gaps[0].and_then(by_few))
    }

    /// What divides the first stain where the second one is divided by a limit.
    fn few_by(&self, limit: f64) -> Option<f64> {
        agreeing(self.values().flatten().map(|(a, b)| (a, b <= limit)).collect())
    }

    /// What divides the second stain where the first one is divided by a limit.
    fn many_by(&self, limit: f64) -> Option<f64> {
        agreeing(self.values().flatten().map(|(a, b)| (b, a <= limit)).collect())
    }

    /// The medians of both stains above the ground, where the typical object has more of the one that it should lack, and more than a number that the recipe has for either.
    fn medians(&self) -> Option<[f64; 2]> {
        let both = [self.few, self.many];
        if !both.iter().all(|stain| stain.how.column(stain.marker).starts_with(ABOVE_GROUND)) {
            return None;
        }
        let (shown, other) = (shown(self.few.known())?, median(self.many.known())?);
        let least = both.iter().filter_map(|stain| stain.given()).fold(other, f64::max);
        (shown > least).then_some([shown, other])
    }

    /// Warnings where the cutoffs cannot be known; nothing where nothing speaks against them.
    pub fn unknown(&self, set: &str, phenotype: &str) -> Option<Vec<String>> {
        let is_taken = self.few.taken().or_else(|| self.many.taken()).is_some();
        let typical = self.typical(set, phenotype);
        let is_none = self.many.cutoff.is_none() && self.many.taken().is_some();
        // What is taken by the other kind is told with the stain.
        (typical.is_some() || is_none).then(|| typical.into_iter().filter(|_| !is_taken).collect())
    }

    /// A warning where the typical object has more of the stain that it should lack than of the one that it should have.
    fn typical(&self, set: &str, phenotype: &str) -> Option<String> {
        let both = [self.few, self.many];
        let [shown, other] = self.medians()?;
        let [few, many] = both.map(|stain| stain.how.column(stain.marker));
        let limit = |stain: &&Stain| stain.cutoff.map_or("none".to_owned(), |c| format!("{c:.4}"));
        let limits: Vec<String> = both.iter().filter(|stain| stain.given().is_none()).map(limit).collect();
        Some(format!(
            "the typical object of {set} has more {few} ({shown:.4}) than {many} ({other:.4}), as a {phenotype} has: if most are, cutoffs that follow from the median ({}) find none \
             or too few of them, so none is taken; give numbers for both in [positive.{set}], those of a sample that has hardly any",
            limits.join(" and "),
        ))
    }
}

/// What divides these values best into those that should lie below and those that should lie above, if nearly all of each do, and they are two kinds.
fn agreeing(mut values: Vec<(f64, bool)>) -> Option<f64> {
    values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let should_lie_above = values.iter().filter(|(_, is)| *is).count();
    let should_lie_below = values.len() - should_lie_above;
    // Below each place, how many are right, and how many are wrong.
    let (mut right, mut wrong) = (0, 0);
    // Those that are right below and above the best place so far, and the place.
    let mut best: Option<([usize; 2], usize)> = None;
    for (i, pair) in values.windows(2).enumerate() {
        right += usize::from(!pair[0].1);
        wrong += usize::from(pair[0].1);
        let here = [right, should_lie_above - wrong];
        let is_better = |(most, _): ([usize; 2], usize)| here.iter().sum::<usize>() > most.iter().sum();
        if pair[0].0 < pair[1].0 && best.is_none_or(is_better) {
            best = Some((here, i + 1));
        }
    }
    let ([below, above], at) = best?;
    let is_alike = (below + above) * 100 >= ALIKE * values.len()
        && [(below, should_lie_below), (above, should_lie_above)]
            .iter()
            .all(|(right, all)| *right >= LEAST && right * 100 >= OF_EACH * all);
    let only: Vec<f64> = values.iter().map(|(value, _)| *value).collect();
    let (low, high) = only.split_at(at);
    (is_alike && are_kinds(low, high)).then(|| low[at - 1].midpoint(high[0]))
}

#[cfg(test)]
mod tests {
    //! Oracle: counted by hand.
    use super::*;

    #[test]
    fn values_on_both_sides_of_a_limit_are_a_tenth_of_each_kind_at_most() {
        let of = |low: usize, high: usize, wrong: usize| {
            let below = (0..low).map(|k| (10.0 + (k % 4) as f64, false));
            // The first ones lie among those below.
            let above = (0..high).map(|k| (if k < wrong { 11.5 } else { 100.0 * (k + 1) as f64 }, true));
            agreeing(below.chain(above).collect())
        };
        assert!(of(60, 40, 0).is_some_and(|limit| limit > 13.0 && limit < 100.0));
        assert!(of(60, 40, 4).is_some() && of(60, 40, 5).is_none(), "a tenth of one kind");
        assert!(of(40, 60, 5).is_some() && of(40, 60, 6).is_none(), "a twentieth of all");
        // All of one kind, kinds that are hardly apart, and nothing.
        assert!(of(60, 0, 0).is_none() && of(0, 40, 0).is_none() && agreeing(vec![]).is_none());
        let near = (0..100).map(|k| (f64::from(k), k >= 50)).collect();
        assert_eq!(agreeing(near), None);
    }
}
