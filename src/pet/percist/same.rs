//! Which lesions of two scans are one, by the places of their centroids.
//!
//! Partners are made one to one, the nearest two first (then in the order of the tables). What is left at follow-up and lies near
//! enough to a lesion of the baseline is a piece of the nearest one: that lesion has split.
//!
//! There may be tens of thousands of lesions, all near each other in a small animal: pairs are made one after the other, and never
//! listed.

use super::Lesion;
use super::change::within;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::ControlFlow;

/// Centroids of one lesion in two scans lie so far apart at most, in mm.
const SAME_PLACE: f64 = 20.0;

/// What became of the lesions of one list in another; lists are counted from 0.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Same {
    /// The partner of each lesion of the first list.
    pub partner: Vec<Option<usize>>,
    /// Other pieces of each lesion of the first list.
    pub pieces: Vec<Vec<usize>>,
    /// Lesions of the second list that are near none of the first.
    pub lone: Vec<usize>,
}

/// How far two places lie apart.
pub(super) fn apart(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f64>().sqrt()
}

/// Finds the lesions of `before` in `after`; nothing unless all places are known.
pub(super) fn same(before: &[Lesion], after: &[Lesion]) -> Option<Same> {
    let (from, to) = (Places::of(before)?, Places::of(after)?);
    let (mut partner, mut is_free) = (vec![None; before.len()], vec![true; after.len()]);
    // A lesion with the nearest one that was free when it was looked for.
    let candidate = |i: usize, is_free: &[bool]| {
        let (distance, j) = to.nearest(from.all[i], |j| is_free[j])?;
        Some(Reverse((distance, i, j)))
    };
    let mut candidates: BinaryHeap<_> = (0..before.len()).filter_map(|i| candidate(i, &is_free)).collect();
    while let Some(Reverse((_, i, j))) = candidates.pop() {
        if is_free[j] {
            (partner[i], is_free[j]) = (Some(j), false);
        } else {
            candidates.extend(candidate(i, &is_free));
        }
    }
    let (mut near, mut lone) = (vec![], vec![]);
    for j in (0..after.len()).filter(|j| is_free[*j]) {
        match from.nearest(to.all[j], |_| true) {
            Some((distance, i)) => near.push((distance, i, j)),
            None => lone.push(j),
        }
    }
    near.sort_unstable();
    let mut pieces = vec![vec![]; before.len()];
    near.iter().for_each(|&(_, i, j)| pieces[i].push(j));
    Some(Same { partner, pieces, lone })
}

/// Places of lesions, in which what is near is found without a look at all of them.
struct Places {
    all: Vec<[f64; 3]>,
    /// The axis along which they are spread farthest.
    axis: usize,
    /// Where each lies along it, in rising order, with its number.
    along: Vec<(f64, usize)>,
}

impl Places {
    /// Nothing unless all are known.
    fn of(lesions: &[Lesion]) -> Option<Self> {
        let all = lesions.iter().map(|l| l.place).collect::<Option<Vec<_>>>()?;
        let on = |axis: usize| all.iter().map(move |place| place[axis]);
        let spread = |axis: &usize| on(*axis).fold(f64::MIN, f64::max) - on(*axis).fold(f64::MAX, f64::min);
        let axis = (0..3).max_by(|a, b| spread(a).total_cmp(&spread(b))).unwrap_or(0);
        let mut along: Vec<(f64, usize)> = on(axis).zip(0..).collect();
        along.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        Some(Places { all, axis, along })
    }

    /// The nearest of those that are wanted, if it lies near enough for one lesion, and the bits of its distance, which rise with it; of
    /// several the first.
    fn nearest(&self, to: [f64; 3], is_wanted: impl Fn(usize) -> bool) -> Option<(u64, usize)> {
        let mut nearest: Option<(f64, usize)> = None;
        let mut look = |&(at, i): &(f64, usize)| {
            let reach = nearest.map_or(SAME_PLACE, |(distance, _)| distance);
            if !within((at - to[self.axis]).abs(), reach) {
                return ControlFlow::Break(());
            }
            let distance = apart(self.all[i], to);
            let is_nearer = nearest.is_none_or(|nearest| (distance, i) < nearest);
            if is_nearer && within(distance, SAME_PLACE) && is_wanted(i) {
                nearest = Some((distance, i));
            }
            ControlFlow::Continue(())
        };
        let (below, above) = self.along.split_at(self.along.partition_point(|(at, _)| *at < to[self.axis]));
        // What lies farther along the axis is farther away.
        let _ = below.iter().rev().try_for_each(&mut look);
        let _ = above.iter().try_for_each(&mut look);
        nearest.map(|(distance, i)| (distance.to_bits(), i))
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: lesions along a line, by hand; a list of all pairs.
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn at(places: &[f64]) -> Vec<Lesion> {
        places.iter().map(|x| Lesion { place: Some([*x, 0.0, 0.0]), ..Lesion::default() }).collect()
    }

    #[test]
    fn partners_are_one_to_one_and_the_nearest_come_first() {
        let found = same(&at(&[0.0, 18.0]), &at(&[0.5])).unwrap();
        assert_eq!(found.partner, [Some(0), None], "the second one is gone");
        let found = same(&at(&[0.0, 15.0]), &at(&[8.0, 1.0])).unwrap();
        assert_eq!(found.partner, [Some(1), Some(0)], "8 is nearer to 15 than to 0");
        let found = same(&at(&[0.0, 100.0]), &at(&[20.0, 79.9])).unwrap();
        assert_eq!((found.partner, found.lone), (vec![Some(0), None], vec![1]), "20 mm at most");
    }

    #[test]
    fn what_is_left_beside_a_lesion_is_a_piece_of_it() {
        let found = same(&at(&[0.0, 60.0]), &at(&[-6.6, 19.1, 61.0, 300.0])).unwrap();
        assert_eq!(found.partner, [Some(0), Some(2)]);
        assert_eq!((found.pieces, found.lone), (vec![vec![1], vec![]], vec![3]));
        let mut unknown = at(&[0.0]);
        unknown[0].place = None;
        assert_eq!(same(&unknown, &at(&[0.0])), None);
    }

    /// What lists all pairs.
    fn listed(before: &[Lesion], after: &[Lesion]) -> Same {
        let place = |lesion: &Lesion| lesion.place.unwrap();
        let distances = before
            .iter()
            .enumerate()
            .flat_map(|(i, a)| after.iter().enumerate().map(move |(j, b)| (apart(place(a), place(b)), i, j)));
        let mut near: Vec<_> = distances.filter(|(d, ..)| within(*d, SAME_PLACE)).collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut found = Same { partner: vec![None; before.len()], pieces: vec![vec![]; before.len()], lone: vec![] };
        let mut is_lone = vec![true; after.len()];
        for &(_, i, j) in &near {
            if found.partner[i].is_none() && is_lone[j] {
                (found.partner[i], is_lone[j]) = (Some(j), false);
            }
        }
        for &(_, i, j) in &near {
            if std::mem::take(&mut is_lone[j]) {
                found.pieces[i].push(j);
            }
        }
        found.lone = (0..after.len()).filter(|j| is_lone[*j]).collect();
        found
    }

    proptest! {
        /// Invariant: whole numbers give many equal distances.
        #[test]
        fn partners_are_those_of_a_list_of_all_pairs(
            before in vec([0..60_i32, 0..20, 0..9], 0..40), after in vec([0..60_i32, 0..20, 0..9], 0..40),
        ) {
            let lesions = |places: &[[i32; 3]]| {
                let lesion = |place: &[i32; 3]| Lesion { place: Some(place.map(f64::from)), ..Lesion::default() };
                places.iter().map(lesion).collect::<Vec<Lesion>>()
            };
            let (before, after) = (lesions(&before), lesions(&after));
            prop_assert_eq!(same(&before, &after), Some(listed(&before, &after)));
        }
    }
}
