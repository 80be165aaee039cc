//! What parts values into two kinds, as far as they show it themselves.
//!
//! A cutoff that follows from a median or a percentile supposes how many objects are positive. Where they are two kinds of which either is a tenth at
//! least, and the cutoff does not lie between these, somebody has to look. Two kinds are seen in three ways: they lie eight deviations of the lower one apart
//! ([`kinds`]); a clear gap lies between them, below divisions that divide nothing; or there is a valley between two heaps of values, so deep that chance would not make
//! it. Values of one kind have one heap, whatever its shape. Reference: this project.

use super::{CLEAR, SOME, are_kinds, is_gap, kinds, least, otsu, percentile, rise, sorted};

/// Fewer objects are no mistake.
const TOLD: usize = 3;
/// One object in so many, and more, are.
const TOLD_OF: usize = 20;
/// Heaps are looked at in this part of the distance of their medians,
const HEAP: f64 = 1.0 / 3.0;
/// and the valley between them in half of that, at so many places.
const PLACES: usize = 40;
/// Deviations of counts that lie between a heap and the valley.
const DEEP: f64 = 3.5;
/// A heap is so many steps of values that were rounded.
const STEPS: f64 = 5.0;

/// What divides two kinds of values.
pub fn limit(values: impl Iterator<Item = f64>) -> Option<f64> {
    let all = sorted(values);
    kinds(all.iter().copied()).map(|kinds| kinds.limit).or_else(|| by_gap(&all)).or_else(|| by_valley(&all))
}

/// Whether a cutoff judges so many objects otherwise than the limit between two kinds that it makes a difference, and divides no kinds itself: of three the highest
/// one, or the lowest one, may be meant, if it is a tenth of the objects as well.
pub fn is_missed(values: impl Iterator<Item = f64>, limit: f64, cutoff: f64) -> bool {
    let all = sorted(values);
    let [at_limit, at_cutoff] = [limit, cutoff].map(|limit| all.partition_point(|v| *v <= limit));
    let missed = at_limit.abs_diff(at_cutoff);
    let (below, above) = all.split_at(at_cutoff);
    let are_many = below.len().min(above.len()) as f64 >= least(&all);
    let is_kind = are_many
        && match at_cutoff > at_limit {
            true => is_gap(&all[at_limit..at_cutoff], above) && rise(&all, at_limit, at_cutoff) >= CLEAR,
            false => is_gap(below, above) && are_kinds(below, above),
        };
    missed >= TOLD && missed * TOLD_OF > all.len() && !is_kind
}

/// The thresholds that divide values, and what lies below each, again and again, where both sides are a kind.
fn divisions(all: &[f64]) -> impl Iterator<Item = (&[f64], &[f64])> {
    let least = least(all);
    let mut rest = all;
    std::iter::from_fn(move || {
        let threshold = otsu(rest)?;
        let (low, middle) = rest.split_at(rest.partition_point(|v| *v <= threshold));
        rest = low;
        (low.len() as f64 >= least).then_some((low, middle))
    })
    .filter(move |(low, _)| (all.len() - low.len()) as f64 >= least)
}

/// Between a group and what lies next to it, with a clear gap between them.
fn by_gap(all: &[f64]) -> Option<f64> {
    let is_clear = |low: &[f64], middle: &[f64]| {
        middle.len() >= SOME
            && are_kinds(low, middle)
            && is_gap(low, middle)
            && rise(all, low.len(), low.len()) >= CLEAR
    };
    let clear = divisions(all).filter(|(low, middle)| is_clear(low, middle));
    let of = |low: &[f64]| rise(all, low.len(), low.len());
    let (low, middle) = clear.max_by(|(a, _), (b, _)| of(a).total_cmp(&of(b)))?;
    Some(low.last()?.midpoint(*middle.first()?))
}

/// In the deepest valley between two heaps.
fn by_valley(all: &[f64]) -> Option<f64> {
    let step = all.windows(2).map(|pair| pair[1] - pair[0]).filter(|d| *d > 0.0).fold(f64::INFINITY, f64::min);
    let within = |from: f64, to: f64| (all.partition_point(|v| *v < to) - all.partition_point(|v| *v < from)) as f64;
    let mut deepest: Option<(f64, f64)> = None;
    for (low, _) in divisions(all) {
        let [low, high] = [percentile(low, 50.0)?, percentile(&all[low.len()..], 50.0)?];
        let heap = HEAP * (high - low);
        if heap < STEPS * step {
            continue;
        }
        let heaps = [low, high].map(|middle| within(middle - heap / 2.0, middle + heap / 2.0));
        // Valleys begin here, and the first and the last one of the emptiest ones are kept.
        let (first, room) = (low + heap / 2.0, high - low - 1.5 * heap);
        let starts = (0..=PLACES).map(|k| first + room * k as f64 / PLACES as f64);
        let mut emptiest = (f64::INFINITY, first, first);
        for start in starts {
            let n = 2.0 * within(start, start + heap / 2.0);
            if n < emptiest.0 {
                emptiest = (n, start, start);
            } else if n == emptiest.0 {
                emptiest.2 = start;
            }
        }
        let (n, from, to) = emptiest;
        let side = heaps[0].min(heaps[1]);
        let depth = (side - n) / (side + 2.0 * n + 1.0).sqrt();
        if depth >= DEEP && deepest.is_none_or(|(most, _)| depth > most) {
            deepest = Some((depth, from.midpoint(to) + heap / 4.0));
        }
    }
    deepest.map(|(_, limit)| limit)
}

#[cfg(test)]
mod tests {
    //! Oracle: objects of known kinds.
    use super::super::{crowded, cutoff, normal};
    use super::*;
    use crate::recipe::Cutoff;

    /// What is missed of these values by a rule.
    fn missed(how: Cutoff, values: &[f64]) -> bool {
        let (limit, cutoff) = (limit(values.iter().copied()), cutoff(how, values.iter().copied(), 0.3));
        limit.zip(cutoff).is_some_and(|(limit, cutoff)| is_missed(values.iter().copied(), limit, cutoff))
    }

    const RULES: [Cutoff; 5] = [
        Cutoff::Robust { deviations: 6.0, of_logs: false },
        Cutoff::Robust { deviations: 4.0, of_logs: true },
        Cutoff::Percentile(90.0),
        Cutoff::Median(2.0),
        Cutoff::Otsu,
    ];

    #[test]
    fn cutoffs_that_miss_two_kinds_are_told() {
        let mut wrong = 0;
        for (seed, share) in (0..20).flat_map(|seed| [0.35, 0.48, 0.6, 0.7].map(|share| (seed, share))) {
            for (n, spread, lit) in [(100, 0.3, 0.1), (400, 0.3, 0.1), (400, 0.45, 0.0)] {
                let (values, truth) = crowded(seed, n, share, spread, lit);
                let share = |limit: f64| values.iter().filter(|v| **v > limit).count() as f64 / n as f64;
                for how in RULES {
                    let Some(cutoff) = cutoff(how, values.iter().copied(), 0.0) else { continue };
                    if (share(cutoff) - truth).abs() < 0.1 {
                        continue;
                    }
                    wrong += 1;
                    let limit = limit(values.iter().copied());
                    let what = format!("{how:?} {seed} {n} {truth} {spread} {lit}: {} {limit:?}", share(cutoff));
                    assert!(missed(how, &values), "{what}");
                    assert!(limit.is_some_and(|limit| (share(limit) - truth).abs() < 0.05), "{what}");
                }
            }
        }
        assert!(wrong > 300, "{wrong}");
    }

    #[test]
    fn values_of_one_kind_are_not_two() {
        let exponential =
            |seed: u32| 0.5 * (normal(seed) * normal(seed) + normal(seed + 5_000_011) * normal(seed + 5_000_011));
        let kinds: [&dyn Fn(u32) -> f64; 6] = [
            &|seed| 100.0 + 5.0 * normal(seed),
            &|seed| 100.0 * libm::exp(0.2 * normal(seed)),
            &|seed| 100.0 * libm::exp(0.5 * normal(seed)),
            &|seed| 100.0 * libm::exp(0.8 * normal(seed)),
            &|seed| 40.0 * (exponential(seed) + exponential(seed + 7_000_003)),
            &|seed| 160.0 + 2.0 * normal(seed),
        ];
        let (mut alarms, mut all, mut seed) = (0, 0, 0);
        for (kind, n) in kinds.iter().flat_map(|kind| [40, 100, 400].map(|n| (kind, n))) {
            for (outliers, is_rounded) in [(0, false), (100, true), (20, false), (20, true)].repeat(12) {
                let value = |k: u32| {
                    let is_odd = outliers > 0 && k % outliers == 3;
                    let value = kind(seed + k) * if is_odd { 3.0 + f64::from(k % 7) } else { 1.0 };
                    if is_rounded { value.round() } else { value }
                };
                let values: Vec<f64> = (0..n).map(value).collect();
                seed += n;
                all += 1;
                alarms += usize::from(RULES.iter().any(|how| missed(*how, &values)));
            }
        }
        assert!(alarms * 100 <= all, "{alarms} of {all}");
    }

    #[test]
    fn of_three_kinds_another_one_may_be_meant() {
        let kind =
            |n: u32, from: f64, width: f64| (0..n).map(move |k| from + width * f64::from(k * 7 % n) / f64::from(n));
        let three: Vec<f64> =
            kind(100, 100.0, 10.0).chain(kind(60, 300.0, 40.0)).chain(kind(40, 1500.0, 200.0)).collect();
        let is_missed = |limit: f64, cutoff: f64| is_missed(three.iter().copied(), limit, cutoff);
        assert!(!is_missed(200.0, 1000.0) && !is_missed(1000.0, 200.0));
        assert!(is_missed(200.0, 320.0) && is_missed(1000.0, 320.0) && is_missed(200.0, 105.0));
        // A few far above are debris.
        let few: Vec<f64> = kind(100, 100.0, 10.0).chain(kind(90, 300.0, 40.0)).chain(kind(6, 1500.0, 200.0)).collect();
        assert!(super::is_missed(few.iter().copied(), 200.0, 1000.0));
        // Two objects, and one in twenty, are nothing to speak of.
        assert!(!super::is_missed(few.iter().copied(), 200.0, 302.0));
    }
}
