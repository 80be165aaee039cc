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

use super::places::Places;
use super::tree::{Place, Tree};
use crate::image::Classes;
use rayon::prelude::*;

/// Objects of one class as they lie to another.
pub struct Pair<'a> {
    /// The objects of the first class: number from 0, and place.
    from: Vec<(u32, Place)>,
    /// Those of the second.
    to: &'a Tree,
    /// Squares of the distances of the first to the nearest of the second; empty where there is none.
    nearest: Vec<f64>,
}

/// The objects of a class.
pub fn members(places: &Places, classes: &Classes, class: usize) -> Vec<(u32, Place)> {
    let of = |(i, place): (u32, &Option<Place>)| {
        let is_of = classes.of.get(i as usize) == Some(&Some(class as u32));
        place.filter(|_| is_of).map(|place| (i, place))
    };
    (0..).zip(&places.at).filter_map(of).collect()
}

impl<'a> Pair<'a> {
    /// From the objects of one class to those of another.
    pub fn new(from: Vec<(u32, Place)>, to: &'a Tree) -> Self {
        let square = |(own, place): &(u32, Place)| {
            let mut found = [0.0];
            to.nearest(place, *own, &mut found);
            found[0]
        };
        let nearest = if to.len() == 0 { vec![] } else { from.par_iter().map(square).collect() };
        Pair { from, to, nearest }
    }

    /// The objects of the first class.
    pub fn from(&self) -> &[(u32, Place)] {
        &self.from
    }

    /// Those of the second.
    pub fn to(&self) -> &'a Tree {
        self.to
    }

    /// Mean distance to the nearest.
    pub fn mean(&self) -> Option<f64> {
        let n = self.nearest.len();
        (n > 0).then(|| self.nearest.iter().map(|d| d.sqrt()).sum::<f64>() / n as f64)
    }

    /// Median distance to the nearest.
    pub fn median(&self) -> Option<f64> {
        let mut squares = self.nearest.clone();
        let n = squares.len();
        if n == 0 {
            return None;
        }
        squares.sort_unstable_by(f64::total_cmp);
        Some((squares[(n - 1) / 2].sqrt() + squares[n / 2].sqrt()) / 2.0)
    }

    /// Share of the first with one of the second within a radius, of which the square is given; of those that count.
    pub fn fraction_within(&self, square: f64, counts: impl Fn(&Place) -> bool) -> Option<f64> {
        let counted = || self.from.iter().zip(&self.nearest).filter(|((_, place), _)| counts(place));
        let all = counted().count();
        (all > 0).then(|| counted().filter(|(_, d)| **d <= square).count() as f64 / all as f64)
    }

    /// Pairs within radii, of which the squares ascend.
    pub fn pairs(&self, squares: &[f64]) -> Vec<u64> {
        sums(&self.from, self.to, squares, |_, _| true)
    }
}

/// Pairs of two objects of one class within radii, of which the squares ascend. Each pair counts once.
pub fn pairs_within_class(members: &[(u32, Place)], tree: &Tree, squares: &[f64]) -> Vec<u64> {
    let both_ways = sums(members, tree, squares, |_, _| true);
    both_ways.into_iter().map(|n| (n - members.len() as u64) / 2).collect()
}

/// Neighbours within radii of all places together; only those places count for radius `i` that `counts(place, i)` allows.
pub fn sums(
    from: &[(u32, Place)],
    to: &Tree,
    squares: &[f64],
    counts: impl Fn(&Place, usize) -> bool + Sync,
) -> Vec<u64> {
    let part = |places: &[(u32, Place)]| {
        let (mut sums, mut within) = (vec![0u64; squares.len()], vec![0; squares.len()]);
        for (_, place) in places {
            to.within(place, squares, &mut within);
            for (i, (sum, n)) in sums.iter_mut().zip(&within).enumerate() {
                *sum += if counts(place, i) { u64::from(*n) } else { 0 };
            }
        }
        sums
    };
    let add = |a: Vec<u64>, b: Vec<u64>| a.iter().zip(&b).map(|(a, b)| a + b).collect();
    from.par_chunks(1024).map(part).reduce(|| vec![0; squares.len()], add)
}
