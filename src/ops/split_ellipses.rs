//! What fills an ellipse stays whole, whatever valleys run through it, and what has a waist is parted by a shallow one.
//!
//! A nucleus with bright spots, or a long one, has valleys and necks of its own; two that touch leave the corners between them
//! empty. So two things follow a split, both by the share of the ellipse with the same moments that voxels fill.
//!
//! *Waists.* Parts are first merged over valleys of a quarter of the depth. Those that have to be deeper part two objects for all that
//! if the two together fill less than [`LIKELY`] of an ellipse, which may be bent; if none of them is smaller than the typical object; and if the valley is
//! deeper than the grain of pixels. Pairs are taken in the order of the saddles.
//!
//! *Wholes.* The objects are joined again, pair by pair in the same order, as a tree: of each branch the
//! ellipse with its moments is known, and where the branch fills [`CERTAIN`] of it, or [`LIKELY`] if the smaller of the two that
//! meet there is no typical object, it is one object. The largest such branch counts.
//!
//! Bit budget: that of [`super::split_moments`]; the rest on the host, in f64.
//! Reference: this project; `docs/segmentation.md` has how it was chosen.

use super::split_moments::Moments;
use super::split_saddles::{Depth, Ellipses, Pair, Peak, Roots, higher, position};
use crate::units::Shape;

/// Two that touch fill less of the ellipse around both.
const CERTAIN: f64 = 0.98;
/// Enough where one of the two is smaller than the typical object, or the valley is shallow.
const LIKELY: f64 = 0.95;

/// Objects that are merged over shallow valleys, with what they are made of.
pub(super) struct Parts<'a> {
    pub peaks: &'a [Peak],
    /// In the order of merging.
    pub pairs: &'a [Pair],
    /// For each peak the one that its object is called after, counted from 1.
    pub objects: &'a [u32],
    /// Of the objects, by the peak that they are called after.
    pub moments: Vec<Moments>,
    pub shape: Shape,
}

/// Gives each peak the number of its object when what has no waist and what fills an ellipse is whole.
pub(super) fn joined(mut parts: Parts, depth: Depth, ellipses: &Ellipses) -> Vec<u32> {
    let objects = without_waist(&mut parts, depth, ellipses);
    whole(&Parts { objects: &objects, ..parts }, ellipses.typical_size)
}

/// Merges over valleys that are less deep than asked for, where two objects together have no waist or one is a small piece.
fn without_waist(parts: &mut Parts, depth: Depth, ellipses: &Ellipses) -> Vec<u32> {
    let Parts { peaks, pairs, objects, moments, shape } = parts;
    let mut roots = Roots::of(objects);
    for pair in pairs.iter() {
        let [a, b] = [pair.a, pair.b].map(|index| roots.find(position(peaks, index)));
        let lower = f64::from(peaks[a].height.min(peaks[b].height));
        let valley = lower - f64::from(pair.saddle);
        let smaller = moments[a].voxels().min(moments[b].voxels());
        if a == b || valley >= depth.needed(lower, smaller) {
            continue;
        }
        let mut both = moments[a];
        both += moments[b];
        let waist = || both.share_of_bent_ellipse(shape.is_flat()) < LIKELY;
        if smaller < ellipses.typical_size || valley < ellipses.grain || !waist() {
            let (winner, loser) = higher(peaks, a, b);
            roots.join(loser, winner);
            moments[winner] = both;
            moments[loser] = Moments::default();
        }
    }
    roots.numbers()
}

/// What a branch of the tree of objects is made of.
struct Branch {
    /// Peaks that objects are called after.
    objects: Vec<usize>,
    moments: Moments,
}

/// Gives each peak the number of its object when those that fill an ellipse are whole.
fn whole(parts: &Parts, typical_size: f64) -> Vec<u32> {
    let Parts { peaks, pairs, objects, moments, shape } = parts;
    let own: Vec<usize> = objects.iter().map(|&object| object as usize - 1).collect();
    // The branch of each object, and the object that each one became part of.
    let (mut root, mut part): (Vec<usize>, Vec<usize>) = ((0..own.len()).collect(), (0..own.len()).collect());
    let mut branches: Vec<Branch> =
        moments.iter().enumerate().map(|(k, &moments)| Branch { objects: vec![k], moments }).collect();
    for pair in pairs.iter() {
        let [a, b] = [pair.a, pair.b].map(|index| own[position(peaks, index)]);
        let (a, b) = (root[a], root[b]);
        if a == b {
            continue;
        }
        // The members of the shorter list move.
        let (to, from) = if branches[a].objects.len() >= branches[b].objects.len() { (a, b) } else { (b, a) };
        let smaller = branches[a].moments.voxels().min(branches[b].moments.voxels());
        let moved = std::mem::take(&mut branches[from].objects);
        moved.iter().for_each(|&object| root[object] = to);
        let more = branches[from].moments;
        branches[to].moments += more;
        branches[to].objects.extend(moved);
        let enough = if smaller < typical_size { LIKELY } else { CERTAIN };
        if branches[to].moments.share_of_ellipse(shape.is_flat()) >= enough {
            let called = branches[to].objects.iter().copied().min_by_key(|&k| (-i64::from(peaks[k].height), k));
            branches[to].objects.iter().for_each(|&object| part[object] = called.unwrap_or(object));
        }
    }
    own.iter().map(|&object| part[object] as u32 + 1).collect()
}
