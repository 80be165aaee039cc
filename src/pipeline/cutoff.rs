//! The value above which objects are positive: given, or a percentile, Otsu's threshold, or said of the median
//! of the objects of an image.

pub(super) mod parted;

use crate::recipe::{Cutoff, Positive};
use crate::rounding::apart;

/// The cutoff of a marker for these values of objects. `rounding` is the standard deviation of what rounding took from a value; 0 if
/// that is not known.
pub(super) fn cutoff_of(positive: &Positive, values: impl Iterator<Item = f64> + Clone, rounding: f64) -> Option<f64> {
    let above = cutoff(positive.above, values.clone(), rounding)?;
    let least = positive.at_least.and_then(|least| cutoff(least, values, rounding));
    Some(least.map_or(above, |least| above.max(least)))
}

/// The cutoff for these values of objects; nothing where they are too few or all alike for one to be found, or where logarithms or a
/// multiple of the median are wanted of values that only lie around 0, or where no number is so large.
pub(super) fn cutoff(how: Cutoff, values: impl Iterator<Item = f64>, rounding: f64) -> Option<f64> {
    let found = match how {
        Cutoff::Value(value) => Some(value),
        Cutoff::Percentile(p) => percentile(&sorted(values), p),
        Cutoff::Otsu => Some(between_kinds(&sorted(values))?.cutoff),
        Cutoff::Median(times) => stands_out(&sorted(values)).map(|median| times * median),
        Cutoff::Robust { deviations, of_logs } => Some(Spread::of(values, of_logs, rounding)?.at(deviations)),
    };
    found.filter(|cutoff| cutoff.is_finite())
}

/// The value that more than half of the objects have, if there is one: then nothing tells how far values lie apart.
pub(super) fn alike(values: impl Iterator<Item = f64>) -> Option<f64> {
    let all = sorted(values);
    let median = *all.get(all.len() / 2)?;
    (2 * all.iter().filter(|v| apart(**v, median) == 0.0).count() > all.len()).then_some(median)
}

/// How many deviations of the objects below a cutoff the means of both sides lie apart, where that is no more than one kind of object
/// has that is divided; such a cutoff tells no two kinds apart.
pub(super) fn halved(values: impl Iterator<Item = f64> + Clone, cutoff: f64) -> Option<f64> {
    let all = sorted(values);
    let (below, above) = all.split_at(all.partition_point(|v| *v <= cutoff));
    let apart = apart_in_deviations(below, above);
    (apart < HALVED).then_some(apart)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    (squares / values.len() as f64).sqrt()
}

/// How far apart the means of two groups lie, in standard deviations of the lower one.
fn apart_in_deviations(below: &[f64], above: &[f64]) -> f64 {
    (mean(above) - mean(below)) / deviation(below)
}

/// Means of the two sides of Otsu's threshold lie so many deviations of the lower side apart where all are of one kind: 2.7 if it is
/// normal, 3.5 if it is even, 4 to 5 if its logarithm is normal with a deviation of 0.4 to 0.6.
const HALVED: f64 = 5.0;

/// The median of values that ascend, where it is no noise. What lies below 0 tells how much of that there is, unless it is a share
/// that a few odd objects may have.
fn stands_out(all: &[f64]) -> Option<f64> {
    let median = percentile(all, 50.0).filter(|median| *median > 0.0)?;
    let below = &all[..all.partition_point(|v| *v <= 0.0)];
    let noise = percentile(below, 50.0).filter(|_| below.len() * ODD > all.len()).map_or(0.0, |v| NORMAL * -v);
    (median > CERTAIN * noise).then_some(median)
}

/// One object in so many may lie below 0 for reasons of its own.
const ODD: usize = 20;
/// Deviations of the noise that a median lies above 0.
const CERTAIN: f64 = 3.0;

/// The middle of some values, and how far they lie from it: a few that are far away change neither.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spread {
    median: f64,
    /// A standard deviation where values are normal.
    deviation: f64,
    /// Of logarithms.
    of_logs: bool,
}

/// A normal distribution has so many standard deviations for each median distance from its median.
const NORMAL: f64 = 1.4826;
/// The same of the mean distance, which is asked where more than half of the values are alike and were not rounded.
const OF_MEAN: f64 = 1.2533;

impl Spread {
    /// Of logarithms, those of values above 0. Nothing where there is no value, all are alike and nothing was rounded, or the median
    /// has no logarithm to speak of. No spread is smaller than what rounding hides: among cells whose ground is one grey level a
    /// hundredth of a level is no difference, and a few bright cells are no spread.
    pub fn of(values: impl Iterator<Item = f64>, of_logs: bool, rounding: f64) -> Option<Self> {
        let (mut all, mut least) = (sorted(values), rounding);
        if of_logs {
            least /= stands_out(&all)?;
            all.retain(|v| *v > 0.0);
            all.iter_mut().for_each(|v| *v = libm::log(*v));
        }
        let median = percentile(&all, 50.0)?;
        all.iter_mut().for_each(|v| *v = (*v - median).abs());
        all.sort_unstable_by(f64::total_cmp);
        // The rounding of a value is that share of it, but that much of its logarithm.
        let place = if of_logs { 1.0 } else { median };
        let is_none = |distance: f64| apart(place + distance, place) == 0.0;
        let deviation = match percentile(&all, 50.0)? {
            distance if is_none(distance) && least == 0.0 => OF_MEAN * all.iter().sum::<f64>() / all.len() as f64,
            distance => (NORMAL * distance).max(least),
        };
        (!is_none(deviation)).then_some(Spread { median, deviation, of_logs })
    }

    /// So many deviations from the median.
    pub fn at(&self, deviations: f64) -> f64 {
        self.value(self.median + deviations * self.deviation)
    }

    fn value(&self, v: f64) -> f64 {
        if self.of_logs { libm::exp(v) } else { v }
    }

    /// How many deviations lie from one value to another one.
    pub fn between(&self, from: f64, to: f64) -> f64 {
        let place = |v: f64| if self.of_logs { libm::log(v.max(f64::MIN_POSITIVE)) } else { v };
        (place(to) - place(from)) / self.deviation
    }
}

pub(super) fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut all: Vec<f64> = values.collect();
    all.sort_unstable_by(f64::total_cmp);
    all
}

/// Linear between neighbours. The values ascend.
pub(super) fn percentile(values: &[f64], p: f64) -> Option<f64> {
    let at = p / 100.0 * values.len().checked_sub(1)? as f64;
    let (low, high) = (values[at.floor() as usize], values[at.ceil() as usize]);
    Some(low + (high - low) * at.fract())
}

/// What else Otsu's threshold could be, where few objects lie above the one that comes first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Doubt {
    /// So many lie above the higher one.
    pub few: usize,
    /// The threshold that comes first.
    pub higher: f64,
    /// One below it.
    pub lower: f64,
    /// The lower one is taken.
    pub is_lower: bool,
}

/// Whether another threshold than the one that [`cutoff`] finds by Otsu's rule could be meant.
pub(super) fn doubt(values: impl Iterator<Item = f64>) -> Option<Doubt> {
    between_kinds(&sorted(values))?.doubt
}

/// What lies between two kinds of objects that are two beyond doubt: with as many objects each as a kind has, far apart, and a gap between them.
pub(super) fn divided(values: impl Iterator<Item = f64>) -> Option<f64> {
    let all = sorted(values);
    let cutoff = between_kinds(&all)?.cutoff;
    let (below, above) = all.split_at(all.partition_point(|v| *v <= cutoff));
    let least = least(&all);
    let are_kinds =
        below.len() as f64 >= least && above.len() >= SOME && above.len() as f64 > HARDLY_ANY * all.len() as f64;
    let gap = above.first()? - below.last()?;
    let is_gap = gap > GAP * (below.last()? - below.first()?);
    (are_kinds && is_gap && apart_in_deviations(below, above) >= KINDS).then_some(cutoff)
}

/// Two kinds of objects that are far apart, and a part of all each.
pub(super) struct TwoKinds {
    /// What divides them.
    pub limit: f64,
    /// Nothing lies between them.
    pub has_gap: bool,
}

/// The two kinds of some values. Where the upper one spreads wide Otsu's threshold goes through it, so what lies below is divided again as long as
/// its parts are two kinds themselves.
pub(super) fn kinds(values: impl Iterator<Item = f64>) -> Option<TwoKinds> {
    let all = sorted(values);
    let least = least(&all);
    let mut limit = otsu(&all)?;
    let (mut below, mut above) = all.split_at(all.partition_point(|v| *v <= limit));
    while let Some(lower) = otsu(below) {
        let (low, middle) = below.split_at(below.partition_point(|v| *v <= lower));
        if (low.len() as f64) < least || apart_in_deviations(low, middle) < KINDS {
            break;
        }
        (limit, below, above) = (lower, low, &all[low.len()..]);
    }
    let are_many = below.len().min(above.len()) as f64 >= least;
    let has_gap = is_gap(below, above);
    (are_many && are_kinds(below, above)).then_some(TwoKinds { limit, has_gap })
}

/// Whether two groups are so far apart that they are two kinds.
pub(super) fn are_kinds(below: &[f64], above: &[f64]) -> bool {
    apart_in_deviations(below, above) >= KINDS
}

/// Whether there is a gap between two groups of ascending values.
pub(super) fn is_gap(below: &[f64], above: &[f64]) -> bool {
    let [Some(lowest), Some(last), Some(next)] = [below.first(), below.last(), above.first()] else { return false };
    next - last > GAP * (last - lowest)
}

/// The median, if it is no noise.
pub(super) fn shown(values: impl Iterator<Item = f64>) -> Option<f64> {
    stands_out(&sorted(values))
}

/// The median.
pub(super) fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    percentile(&sorted(values), 50.0)
}

/// A threshold between kinds of objects.
struct Kinds {
    cutoff: f64,
    doubt: Option<Doubt>,
}

/// Otsu's threshold is drawn to where most of the variance is: a few objects far above all others take it, and so does the wide upper end of
/// a stain that some cells have and others do not. So what lies below it is divided again and again. A lower threshold counts if it divides two
/// kinds beyond doubt, and the one that counts so far was drawn by a few objects or went through the middle of a kind: there is no gap at it, or
/// one that chance leaves among few values while that at the lower one is far clearer. What is divided in between and does not count takes nothing from a
/// gap above it: below lie light of neighbours and the ground, which are no kinds that are looked for. The values ascend.
fn between_kinds(values: &[f64]) -> Option<Kinds> {
    let mut found = Kinds { cutoff: otsu(values)?, doubt: None };
    let (mut rest, mut next) = values.split_at(values.partition_point(|v| *v <= found.cutoff));
    // What lies above the threshold that counts, and whether a gap at it has been seen.
    let (mut above, mut is_kept) = (next, false);
    let least = least(values);
    // Of counts, and of values that were rounded, a group of one value has no deviation: they lie a step apart at least.
    let step = values.windows(2).map(|pair| apart(pair[1], pair[0])).filter(|d| *d > 0.0).fold(f64::INFINITY, f64::min);
    while let Some(lower) = otsu(rest) {
        let (low, middle) = rest.split_at(rest.partition_point(|v| *v <= lower));
        let are_many = low.len() as f64 >= least && middle.len() >= SOME;
        let are_apart = |deviations: f64| {
            are_many && apart_in_deviations(low, middle) >= deviations && mean(middle) - mean(low) >= deviations * step
        };
        let share = above.len() as f64 / values.len() as f64;
        let is_few = share <= FEW || above.len() == 1;
        let gap = next.first()? - middle.last()?;
        let is_cut_through = gap <= GAP * (middle.last()? - middle.first()?);
        // Objects that a bright neighbour lights up are few, and lie near the ground.
        let is_hardly_any = share <= HARDLY_ANY || above.len() == 1;
        let are_more = is_hardly_any || middle.len() > above.len();
        let is_far = is_hardly_any || mean(middle) - mean(low) >= OF_ABOVE * (mean(above) - mean(low));
        let is_wrong = is_cut_through && !is_kept || is_clearer(values, low.len(), values.len() - above.len());
        let is_lower = are_apart(KINDS) && (is_few && are_more && is_far || is_wrong);
        if is_few && are_more && (is_lower && !is_hardly_any || !is_lower && are_apart(HALVED)) {
            found.doubt = Some(Doubt { few: above.len(), higher: found.cutoff, lower, is_lower });
        }
        let is_first_below = next.len() == above.len();
        (rest, next) = (low, &values[low.len()..]);
        if is_lower {
            (found.cutoff, above, is_kept) = (lower, next, false);
        } else if is_first_below {
            is_kept = !is_cut_through;
        }
    }
    Some(found)
}

/// Whether the light above the lowest group rises at its end by twice the power of what it does at a higher place, and there by so little that chance may have left that gap.
fn is_clearer(values: &[f64], low: usize, higher: usize) -> bool {
    let [here, there] = [low, higher].map(|at| rise(values, low, at));
    here >= there * there && there < CLEAR && here > ANY
}

/// By what factor the distance from the median of the lowest group rises at a place; what lies near that as its own values do is no distance. The values ascend.
pub(super) fn rise(values: &[f64], low: usize, at: usize) -> f64 {
    let low = &values[..low];
    let (Some(from), Some([before, after])) =
        (percentile(low, 50.0), at.checked_sub(1).and_then(|i| values.get(i..i + 2)))
    else {
        return 1.0;
    };
    let near = NEAR * deviation(low);
    let far = |v: f64| (v - from).max(near);
    if far(*before) > 0.0 { far(*after) / far(*before) } else { f64::INFINITY }
}

/// So many objects are the lowest kind at least. See [`LEAST`].
pub(super) fn least(values: &[f64]) -> f64 {
    (LEAST_OF_ALL * values.len() as f64).max(LEAST)
}

/// This share of objects is few; one is.
const FEW: f64 = 0.1;
/// Of this share nobody thinks that it is what is looked for.
const HARDLY_ANY: f64 = 0.02;
/// Where more than hardly any lie above, a kind below is larger, and lies so far above the lowest one as a part of what they do.
const OF_ABOVE: f64 = 1.0 / 80.0;
/// Between two kinds lies a gap of more than this part of what the lower one spans.
const GAP: f64 = 0.25;
/// Two kinds beyond doubt are so many deviations of the lower one apart.
const KINDS: f64 = 8.0;
/// Where light rises by this factor from one object to the next there is a gap, however few values there are.
pub(super) const CLEAR: f64 = 2.0;
/// And where it rises by less than this there is none.
const ANY: f64 = 1.3;
/// Deviations of the lowest group from its median.
const NEAR: f64 = 3.0;
/// Fewer objects are not the lowest kind: a few that lie close to each other by chance have hardly any deviation.
const LEAST: f64 = 8.0;
/// See there: this share of all.
const LEAST_OF_ALL: f64 = 0.1;
/// And fewer are not what lies above that.
pub(super) const SOME: usize = 3;

/// Between the two groups whose means lie farthest apart, weighed by their sizes; the lowest of equals. The values ascend.
///
/// Source: N. Otsu, IEEE Trans. Syst. Man Cybern. 9 (1979) 62, on the values themselves instead of a histogram.
pub(super) fn otsu(values: &[f64]) -> Option<f64> {
    let sum: f64 = values.iter().sum();
    let (mut below, mut best) = (0.0, None);
    for (i, pair) in values.windows(2).enumerate() {
        below += pair[0];
        if apart(pair[1], pair[0]) == 0.0 {
            continue;
        }
        let (n, m) = ((i + 1) as f64, (values.len() - i - 1) as f64);
        let apart = (sum - below) / m - below / n;
        let between = n * m * apart * apart;
        if best.is_none_or(|(most, _)| between > most) {
            best = Some((between, pair[0].midpoint(pair[1])));
        }
    }
    best.map(|(_, threshold)| threshold)
}

#[cfg(test)]
#[path = "cutoff_tests.rs"]
mod tests;
#[cfg(test)]
pub(super) use tests::{crowded, normal};
