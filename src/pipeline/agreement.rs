//! How far the objects of one set are those of another: `[overlap]`, for the row of the image.
//!
//! Voxels are counted by their labels in both sets, 0 where there is no object; all else follows from these counts, which are exact. Rand's
//! index is over all pairs of voxels, the background an object of its own, as in CellProfiler's MeasureObjectOverlap; counts of voxels, and what is made of them,
//! are those of MeasureImageOverlap. Objects match where their intersection is more than half of their union, so that each is in one pair at most.
//!
//! Reference: W. M. Rand, J. Am. Stat. Assoc. 66 (1971) 846; L. Hubert, P. Arabie, J. Classif. 2 (1985) 193 for the adjusted index.

use super::External;
use crate::Result;
use crate::image::ObjectSet;
use crate::recipe::Recipe;
use crate::table::{Cells, Column, Table};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};

/// Voxels that are counted by one thread together.
const BLOCK: usize = 1 << 16;

/// Columns of all pairs of a recipe.
pub(super) fn columns(recipe: &Recipe, made: &BTreeMap<String, ObjectSet>, external: &External) -> Result<Table> {
    let mut table = Table::default();
    for [one, other] in &recipe.body.overlap.pairs {
        // A file that may be missing, and is, says nothing of the image.
        let is_there = |name: &String| {
            let is_read = recipe.body.objects.get(name).is_some_and(|o| o.labels.is_some());
            made.get(name).filter(|_| !is_read || external.contains_key(name))
        };
        let agreement = match (is_there(one), is_there(other)) {
            (Some(a), Some(b)) => Some(Agreement::of(a, b)?),
            _ => None,
        };
        table.columns.extend(of_pair(one, other, agreement.as_ref()));
    }
    Ok(table)
}

/// Voxels by their labels in both sets.
type Counts = BTreeMap<[u32; 2], u64>;

/// What two sets have in common.
#[derive(Debug, Default, PartialEq)]
struct Agreement {
    /// Voxels in objects of both, of the first alone, of the second alone, and of none.
    both: u64,
    first: u64,
    second: u64,
    none: u64,
    /// Objects of each set.
    objects: [u64; 2],
    matched: u64,
    /// Sum of intersection over union of these.
    overlaps: f64,
    rand: Option<f64>,
    adjusted_rand: Option<f64>,
}

impl Agreement {
    fn of(a: &ObjectSet, b: &ObjectSet) -> Result<Self> {
        Ok(Self::by_counts(&counts(a.labels.voxels().host()?, b.labels.voxels().host()?)))
    }

    fn by_counts(counts: &Counts) -> Self {
        let mut sizes = [BTreeMap::new(), BTreeMap::new()];
        let mut found = Agreement::default();
        for (pair, n) in counts {
            for (sizes, label) in sizes.iter_mut().zip(pair) {
                *sizes.entry(*label).or_insert(0u64) += n;
            }
            let of = match pair {
                [0, 0] => &mut found.none,
                [0, _] => &mut found.second,
                [_, 0] => &mut found.first,
                _ => &mut found.both,
            };
            *of += n;
        }
        for ([a, b], n) in counts.iter().filter(|([a, b], _)| *a > 0 && *b > 0) {
            let union = sizes[0].get(a).unwrap_or(&0) + sizes[1].get(b).unwrap_or(&0) - n;
            if 2 * n > union {
                found.matched += 1;
                found.overlaps += *n as f64 / union as f64;
            }
        }
        found.objects = sizes.each_ref().map(|sizes| sizes.keys().filter(|label| **label > 0).count() as u64);
        let pairs = |n: &u64| u128::from(*n) * u128::from(n.saturating_sub(1)) / 2;
        let all = pairs(&counts.values().sum());
        let together: u128 = counts.values().map(pairs).sum();
        let [one, other] = sizes.each_ref().map(|sizes| sizes.values().map(pairs).sum::<u128>());
        // Pairs that are together in both, or in none.
        let agree = all + 2 * together - one - other;
        found.rand = (all > 0).then(|| agree as f64 / all as f64);
        // In whole numbers, as far as these go (10^9 voxels): where both have one object each, or none, nothing is left of both sides but rounding.
        let whole = |n: u128| i128::try_from(n).ok();
        let by_chance = one.checked_mul(other).and_then(whole);
        let above = together.checked_mul(all).and_then(whole).zip(by_chance).map(|(n, chance)| 2 * (n - chance));
        let room = (one + other).checked_mul(all).and_then(whole).zip(by_chance).map(|(n, chance)| n - 2 * chance);
        found.adjusted_rand =
            above.zip(room).filter(|(_, room)| *room != 0).map(|(above, room)| above as f64 / room as f64);
        found
    }
}

fn counts(a: &[u32], b: &[u32]) -> Counts {
    let block = |(a, b): (&[u32], &[u32])| {
        let (mut counts, mut last, mut n) = (HashMap::new(), [0, 0], 0u64);
        for pair in a.iter().zip(b).map(|(a, b)| [*a, *b]) {
            if pair != last {
                *counts.entry(last).or_insert(0) += n;
                (last, n) = (pair, 0);
            }
            n += 1;
        }
        *counts.entry(last).or_insert(0) += n;
        counts
    };
    let together = |mut all: HashMap<[u32; 2], u64>, more: HashMap<[u32; 2], u64>| {
        more.into_iter().for_each(|(pair, n)| *all.entry(pair).or_insert(0) += n);
        all
    };
    let blocks = a.par_chunks(BLOCK).zip(b.par_chunks(BLOCK)).map(block);
    blocks.reduce(HashMap::new, together).into_iter().filter(|(_, n)| *n > 0).collect()
}

fn of_pair(one: &str, other: &str, found: Option<&Agreement>) -> Vec<Column> {
    let mut columns = vec![];
    let missing = format!("the file of {one} or {other} is missing");
    let mut put = |name: &str, unit: &str, about: String, standard: &str, empty: &str, cells: Cells| {
        let empty = if empty.is_empty() { missing.clone() } else { format!("{empty}, or {missing}") };
        let standard = if standard.is_empty() { String::new() } else { format!("CellProfiler:Overlap_{standard}") };
        let name = format!("overlap_{name}_{one}_vs_{other}");
        columns.push(Column { empty, standard, ..Column::new(name, unit, about, cells) });
    };
    let number = |of: fn(&Agreement) -> u64| Cells::Int(vec![found.and_then(|f| i64::try_from(of(f)).ok())]);
    let share = |of: fn(&Agreement) -> [u64; 2]| {
        let value = found.map(of).filter(|[_, all]| *all > 0).map(|[n, all]| n as f64 / all as f64);
        Cells::Real(vec![value])
    };
    let (neither, no_one, no_other) = (
        format!("no object of {one} nor of {other} in the image"),
        format!("no object of {one} in the image"),
        format!("no object of {other} in the image"),
    );
    let about = format!("Voxels in objects of {one} and of {other}: true positives.");
    put("both_px", "px", about, "", "", number(|f| f.both));
    let about = format!("Voxels in objects of {one} and of none of {other}: false positives.");
    put("first_px", "px", about, "", "", number(|f| f.first));
    let about = format!("Voxels in objects of {other} and of none of {one}: false negatives.");
    put("second_px", "px", about, "", "", number(|f| f.second));
    put("neither_px", "px", "Voxels in no object of both: true negatives.".into(), "", "", number(|f| f.none));
    let about = format!("Share of the voxels of {one} that lie in {other}.");
    put("precision", "1", about, "Precision", &no_one, share(|f| [f.both, f.both + f.first]));
    let about = format!("Share of the voxels of {other} that lie in {one}.");
    put("recall", "1", about, "Recall", &no_other, share(|f| [f.both, f.both + f.second]));
    let about = format!("Share of the voxels outside of {other} that lie in {one}.");
    let everywhere = format!("{other} fills the image");
    put("false_positive_rate", "1", about, "FalsePosRate", &everywhere, share(|f| [f.first, f.first + f.none]));
    let about = format!("Dice coefficient of the voxels of {one} and {other}, which is their F factor.");
    put("dice", "1", about, "Ffactor", &neither, share(|f| [2 * f.both, 2 * f.both + f.first + f.second]));
    let about = format!("Jaccard index of the voxels of {one} and {other}: intersection over union.");
    put("jaccard", "1", about, "", &neither, share(|f| [f.both, f.both + f.first + f.second]));
    let real = |of: fn(&Agreement) -> Option<f64>| Cells::Real(vec![found.and_then(of)]);
    let about = format!(
        "Rand index of {one} and {other}: share of the pairs of voxels that are in one object in both, or in two in both."
    );
    put("rand_index", "1", about, "RandIndex", "the image is one voxel", real(|f| f.rand));
    let about = format!(
        "Rand index of {one} and {other}, adjusted for chance: 0 where they have nothing to do with each other."
    );
    let one_piece = "all voxels are of one object, or of none, in both";
    put("adjusted_rand_index", "1", about, "AdjustedRandIndex", one_piece, real(|f| f.adjusted_rand));
    let about =
        format!("Objects of {one} that match one of {other}: more than half of what both cover is common to them.");
    put("objects_matched", "1", about, "", "", number(|f| f.matched));
    let about = format!("Share of the objects of {one} that match one of {other}.");
    put("objects_precision", "1", about, "", &no_one, share(|f| [f.matched, f.objects[0]]));
    let about = format!("Share of the objects of {other} that one of {one} matches.");
    put("objects_recall", "1", about, "", &no_other, share(|f| [f.matched, f.objects[1]]));
    let about = format!(
        "F1 of the objects of {one} against {other} at an intersection over union above 0.5: twice the matches over all objects of both."
    );
    put("objects_f1", "1", about, "", &neither, share(|f| [2 * f.matched, f.objects[0] + f.objects[1]]));
    let about = format!("Mean intersection over union of the objects of {one} and {other} that match.");
    let mean = real(|f| (f.matched > 0).then(|| f.overlaps / f.matched as f64));
    put("matched_iou", "1", about, "", "no object matches", mean);
    columns
}

#[cfg(test)]
mod tests {
    //! Oracle: counted by hand; Rand indices over all 91 pairs, one by one.
    use super::*;

    #[test]
    fn small_sets_by_hand() {
        // Object 1 is found whole, 2 by less than half, 3 is missed, 4 is invented; 5 and 6 have half of what both cover in common.
        let given = [1, 1, 0, 2, 2, 2, 2, 0, 3, 0, 5, 5, 5, 0];
        let found = [5, 5, 0, 7, 0, 0, 0, 0, 0, 4, 0, 6, 6, 6];
        let of = Agreement::by_counts(&counts(&found, &given));
        assert_eq!([of.both, of.first, of.second, of.none], [5, 2, 5, 2]);
        assert_eq!((of.objects, of.matched, of.overlaps), ([4, 4], 1, 1.0));
        assert!((of.rand.unwrap() - 62.0 / 91.0).abs() < 1e-12, "{:?}", of.rand);
        assert!((of.adjusted_rand.unwrap() - 0.099_624_701_467_076_05).abs() < 1e-12, "{:?}", of.adjusted_rand);
        let same = Agreement::by_counts(&counts(&given, &given));
        assert_eq!((same.rand, same.adjusted_rand, same.matched, same.overlaps), (Some(1.0), Some(1.0), 4, 4.0));
        let nothing = Agreement::by_counts(&counts(&[0; 9], &[0; 9]));
        assert_eq!((nothing.rand, nothing.adjusted_rand, nothing.objects), (Some(1.0), None, [0, 0]));
        assert_eq!(Agreement::by_counts(&counts(&[], &[])).rand, None);
    }
}
