//! Two classes set against each other: how far the objects of one lie from the other, and how they mix.
//!
//! With d(i, B) for the distance of object i to the nearest other object of class B, n_AB(r) for the pairs of an A and a B at
//! a distance of r or less, and n_AA(r) for the pairs of two A:
//!
//! | measure | formula |
//! |---|---|
//! | fraction within | share of the A with d(i, B) <= r |
//! | mixing score | n_AB / n_AA |
//! | normalised mixing score | n_AB / n_AA (N_A - 1) / (2 N_B): about 1 where classes mix at random |
//!
//! Source: Y. Feng et al., SPIAT, Nat. Commun. 14 (2023) 2697; L. Keren et al., Cell 174 (2018) 1373.

use super::around::Surroundings;
use super::grid::Around;
use super::places::Places;
use super::tree::Place;
use crate::image::Classes;
use rayon::prelude::*;

/// The objects of one class as they lie to those of each class.
pub struct Members {
    /// Number from 0, and place.
    of: Vec<(u32, Place)>,
    /// For each class the squares of the distances to its nearest object, in the same order.
    nearest: Vec<Vec<f64>>,
}

/// Objects of one class as they lie to another.
pub struct Pair<'a> {
    /// Squares of their distances to the nearest of the second class; empty where there is none.
    nearest: &'a [f64],
}

/// Objects that a thread takes at a time.
pub const PART: usize = 1024;

impl Members {
    /// The objects of a class.
    pub fn new(places: &Places, classes: &Classes, class: usize) -> Self {
        let is_of = |i: u32| classes.of.get(i as usize) == Some(&Some(class as u32));
        let of: Vec<(u32, Place)> =
            (0..).zip(&places.at).filter_map(|(i, place)| place.filter(|_| is_of(i)).map(|place| (i, place))).collect();
        let all = places.nearest(Some(classes));
        let to = |class: usize| of.iter().filter_map(|(own, _)| all.to(*own).0.get(class).copied()).collect();
        let nearest = (0..places.by_class.len()).into_par_iter().map(to).collect();
        Members { of, nearest }
    }

    /// How many of each class lie within radii of them together, class by class; each of them lies within its own.
    pub fn count(&self, places: &Places, surroundings: &Surroundings) -> Vec<Vec<u64>> {
        self.within(places, surroundings, |_| surroundings.radii()).1
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.of.len()
    }

    /// For how many radii each of them is far enough from the border of the image, as `far` says; and how many of each class
    /// lie within each radius of those that are.
    pub fn within(
        &self,
        places: &Places,
        surroundings: &Surroundings,
        far: impl Fn(&Place) -> usize + Sync,
    ) -> (Vec<usize>, Vec<Vec<u64>>) {
        let kinds = places.by_class.len();
        let reached: Vec<usize> = self.of.par_iter().map(|(_, place)| far(place)).collect();
        let part = |(members, reached): (&[(u32, Place)], &[usize])| {
            let (mut around, mut sums) = (surroundings.room(places), vec![vec![0u64; surroundings.radii()]; kinds]);
            for ((_, place), reached) in members.iter().zip(reached).filter(|(_, reached)| **reached > 0) {
                surroundings.count(places, place, &mut around);
                add(&mut sums, &around, *reached);
            }
            sums
        };
        let sums = self.of.par_chunks(PART).zip(reached.par_chunks(PART)).map(part).collect();
        let sums = sum(sums, kinds, surroundings.radii());
        (reached, sums)
    }

    /// As they lie to another class.
    pub fn to(&self, class: usize, places: &Places) -> Pair<'_> {
        let nearest = if places.by_class[class].len() == 0 { &[][..] } else { &self.nearest[class] };
        Pair { nearest }
    }
}

/// Adds how many of each class lie around one object, within the smallest radii.
fn add(sums: &mut [Vec<u64>], around: &Around, radii: usize) {
    for (class, sums) in sums.iter_mut().enumerate() {
        sums[..radii].iter_mut().zip(around.of(class)).for_each(|(sum, n)| *sum += u64::from(*n));
    }
}

fn sum(parts: Vec<Vec<Vec<u64>>>, kinds: usize, radii: usize) -> Vec<Vec<u64>> {
    let mut sums = vec![vec![0u64; radii]; kinds];
    for part in parts {
        sums.iter_mut().flatten().zip(part.iter().flatten()).for_each(|(all, part)| *all += part);
    }
    sums
}

impl Pair<'_> {
    /// Squares of the distances to the nearest of the second class, for each object of the first; none where there is no other.
    pub fn nearest(&self) -> &[f64] {
        self.nearest
    }

    /// Mean distance to the nearest.
    pub fn mean(&self) -> Option<f64> {
        let n = self.nearest.len();
        (n > 0).then(|| self.nearest.iter().map(|d| d.sqrt()).sum::<f64>() / n as f64)
    }

    /// Median distance to the nearest.
    pub fn median(&self) -> Option<f64> {
        let mut squares = self.nearest.to_vec();
        let n = squares.len();
        if n == 0 {
            return None;
        }
        let (below, upper, _) = squares.select_nth_unstable_by(n / 2, f64::total_cmp);
        let lower = if n % 2 == 1 { *upper } else { below.iter().copied().fold(0.0, f64::max) };
        Some((lower.sqrt() + upper.sqrt()) / 2.0)
    }

    /// Share of the first with one of the second within a radius, of which the square is given.
    pub fn fraction_within(&self, square: f64) -> Option<f64> {
        let n = self.nearest.len();
        (n > 0).then(|| self.nearest.iter().filter(|d| **d <= square).count() as f64 / n as f64)
    }
}
