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
    from: &'a [(u32, Place)],
    /// Squares of their distances to the nearest of the second class; empty where there is none.
    nearest: &'a [f64],
}

impl Members {
    /// The objects of a class; also how many of each class lie within radii of them together, class by class. Only those
    /// objects count for radius `i` that `counts(place, i)` allows.
    pub fn new(
        places: &Places,
        classes: &Classes,
        class: usize,
        surroundings: &Surroundings,
        counts: impl Fn(&Place, usize) -> bool + Sync,
    ) -> (Self, Vec<Vec<u64>>) {
        let is_of = |i: u32| classes.of.get(i as usize) == Some(&Some(class as u32));
        let of: Vec<(u32, Place)> =
            (0..).zip(&places.at).filter_map(|(i, place)| place.filter(|_| is_of(i)).map(|place| (i, place))).collect();
        let kinds = places.by_class.len();
        let part = |members: &[(u32, Place)]| {
            let mut around = surroundings.room(places);
            let mut part =
                (vec![Vec::with_capacity(members.len()); kinds], vec![vec![0u64; surroundings.radii()]; kinds]);
            for (own, place) in members {
                surroundings.look(places, place, *own, &mut around);
                add(&mut part, &around, |i| counts(place, i));
            }
            part
        };
        let parts: Vec<_> = of.par_chunks(1024).map(part).collect();
        let mut nearest = vec![Vec::with_capacity(of.len()); kinds];
        let mut sums = vec![vec![0u64; surroundings.radii()]; kinds];
        for (part_nearest, part_sums) in parts {
            nearest.iter_mut().zip(part_nearest).for_each(|(all, part)| all.extend(part));
            sums.iter_mut().flatten().zip(part_sums.iter().flatten()).for_each(|(all, part)| *all += part);
        }
        (Members { of, nearest }, sums)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.of.len()
    }

    /// As they lie to another class.
    pub fn to(&self, class: usize, places: &Places) -> Pair<'_> {
        let nearest = if places.by_class[class].len() == 0 { &[][..] } else { &self.nearest[class] };
        Pair { from: &self.of, nearest }
    }
}

/// Adds what lies around one object.
fn add((nearest, sums): &mut (Vec<Vec<f64>>, Vec<Vec<u64>>), around: &Around, counts: impl Fn(usize) -> bool) {
    for (class, (nearest, sums)) in nearest.iter_mut().zip(sums).enumerate() {
        nearest.push(around.nearest[class]);
        for (i, (sum, n)) in sums.iter_mut().zip(around.of(class)).enumerate() {
            *sum += if counts(i) { u64::from(*n) } else { 0 };
        }
    }
}

impl Pair<'_> {
    /// The objects of the first class.
    pub fn from(&self) -> &[(u32, Place)] {
        self.from
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
        squares.sort_unstable_by(f64::total_cmp);
        Some((squares[(n - 1) / 2].sqrt() + squares[n / 2].sqrt()) / 2.0)
    }

    /// Share of the first with one of the second within a radius, of which the square is given; of those that count.
    pub fn fraction_within(&self, square: f64, counts: impl Fn(&Place) -> bool) -> Option<f64> {
        let counted = || self.from.iter().zip(self.nearest).filter(|((_, place), _)| counts(place));
        let all = counted().count();
        (all > 0).then(|| counted().filter(|(_, d)| **d <= square).count() as f64 / all as f64)
    }
}
