//! Squared distances on the CPU by searching outwards: lines side by side, in wide registers.
//!
//! The first axis is scanned both ways. Along each other axis every voxel looks outwards, step by step, at the voxels to
//! both sides, until no site can be closer: `min over k of d2[p + k] + w k^2`, in order of |k|. Objects are a few dozen
//! voxels wide, and a step of eight neighbouring lines costs a handful of instructions. Where the search goes farther than
//! [`FARTHEST`] the lower envelope of `nearest.rs` takes over: its cost does not grow with distance. Both are exact.
//!
//! [`tagged`] also says which site is nearest: distance and tag are one number, the distance above, and the least of these
//! is the nearest site with the lowest tag. It is there where both fit 31 bits and no search is too long.

use super::nearest::{FAR, NO_SITE, Search, line};
use crate::simd::{self, Axis, columns, wide};
use rayon::prelude::*;
use std::ops::Range;

/// Steps of the search before the envelope is cheaper.
const FARTHEST: usize = 96;
/// Voxels of a row that search together: as far as the farthest of them has to.
const TILE: usize = 128;

/// Squared distance of each voxel to the nearest one that is 0, as [`distance`](super::distance) defines it.
pub(super) fn squared(s: &Search, voxels: &[u8]) -> Vec<u32> {
    let mut d2 = simd::zeros(voxels.len());
    if voxels.is_empty() {
        return d2;
    }
    let (axis, weight) = scanned(s);
    let reach = s.reach(weight);
    let none = |width| vec![NO_SITE; width];
    both_ways(&mut d2, axis, none, |last, at, row, direction| {
        step(last, &voxels[at]);
        match direction {
            Direction::Down => row.copy_from_slice(last),
            Direction::Up => square(row, last, weight, reach),
        }
    });
    across(s, &mut d2, 0);
    d2
}

/// For each voxel the tag of the nearest site within the limit, 0 if there is none: the lowest tag among the nearest ones.
/// Sites are the voxels that are not 0, and these are their tags, up to `most`. Nothing where keys or ways are too long.
pub(super) fn tagged(s: &Search, voxels: &[u32], most: u32) -> Option<Vec<u32>> {
    let bits = u32::BITS - most.leading_zeros();
    let far = s.weights.iter().any(|&w| s.reach(w) as usize > FARTHEST);
    if far || (u64::from(s.limit) + 1) << bits > u64::from(FAR) || voxels.is_empty() {
        return None;
    }
    let mut keys = vec![FAR; voxels.len()];
    let (axis, weight) = scanned(s);
    let reach = s.reach(weight);
    let none = |width| (vec![NO_SITE; width], vec![0; width]);
    both_ways(&mut keys, axis, none, |(last, tags), at, row, _| {
        step_to_tag(last, tags, &voxels[at]);
        key(row, last, tags, weight, reach, bits);
    });
    across(s, &mut keys, bits);
    let (limit, tag) = (s.limit, (1 << bits) - 1);
    keys.par_chunks_mut(1 << 16).for_each(|keys| untie(keys, bits, limit, tag));
    Some(keys)
}

/// The axis that is scanned, and its weight.
fn scanned(s: &Search) -> (Axis, u32) {
    let first = usize::from(s.shape.is_flat());
    (Axis::of(s.shape, first), s.weights[first])
}

#[derive(Clone, Copy)]
enum Direction {
    Down,
    Up,
}

/// Walks along an axis, down and then up, over lines side by side: `visit(what is known of the lines so far, where the row
/// lies in the image, the row, the direction)`.
fn both_ways<S>(
    out: &mut [u32],
    axis: Axis,
    begin: impl Fn(usize) -> S + Sync,
    visit: impl Fn(&mut S, Range<usize>, &mut [u32], Direction) + Sync,
) {
    columns(out, axis, |run, column, rows| {
        let width = rows.first().map_or(0, |r| r.len());
        let at = |k: usize| {
            let start = (run * axis.size + k) * axis.stride + column;
            start..start + width
        };
        let mut known = begin(width);
        rows.iter_mut().enumerate().for_each(|(k, row)| visit(&mut known, at(k), row, Direction::Down));
        let mut known = begin(width);
        rows.iter_mut().enumerate().rev().for_each(|(k, row)| visit(&mut known, at(k), row, Direction::Up));
    });
}

/// The other axes.
fn across(s: &Search, keys: &mut [u32], bits: u32) {
    if !s.shape.is_flat() {
        columns(keys, Axis::of(s.shape, 1), |_, _, rows| across_columns(rows, &Steps::along(s, 1, bits)));
    }
    let steps = Steps::along(s, 2, bits);
    keys.par_chunks_mut(16 * s.shape.x).for_each(|rows| {
        let mut room = vec![FAR; s.shape.x + 2 * FARTHEST];
        rows.chunks_exact_mut(s.shape.x).for_each(|row| along_row(row, &steps, &mut room));
    });
}

/// Steps along an axis.
struct Steps {
    weight: u32,
    reach: usize,
    /// Of tags, below the distance.
    bits: u32,
}

impl Steps {
    fn along(s: &Search, axis: usize, bits: u32) -> Self {
        let weight = s.weights[axis];
        Steps { weight, reach: s.reach(weight) as usize, bits }
    }

    /// What so many steps add, if a site there can still be nearer than the farthest so far.
    fn cost(&self, steps: usize, most: u32) -> Option<u32> {
        if steps > self.reach {
            return None;
        }
        let add = (steps as u64 * steps as u64).saturating_mul(self.weight.into()) << self.bits;
        (add < u64::from(most)).then_some(add as u32)
    }
}

wide! {
    fn step(last: &mut [u32], voxels: &[u8]) {
        for (last, &v) in last.iter_mut().zip(voxels) {
            *last = if v == 0 { 0 } else { *last + 1 };
        }
    }
}

wide! {
    fn square(row: &mut [u32], last: &[u32], weight: u32, reach: u32) {
        for (d, &last) in row.iter_mut().zip(last) {
            let steps = (*d).min(last);
            // What lies beyond the reach may overflow, and is not taken.
            *d = if steps > reach { FAR } else { steps.wrapping_mul(steps).wrapping_mul(weight) };
        }
    }
}

wide! {
    fn step_to_tag(last: &mut [u32], tags: &mut [u32], voxels: &[u32]) {
        for ((last, tag), &v) in last.iter_mut().zip(tags).zip(voxels) {
            *last = if v != 0 { 0 } else { *last + 1 };
            *tag = if v != 0 { v } else { *tag };
        }
    }
}

wide! {
    fn key(row: &mut [u32], last: &[u32], tags: &[u32], weight: u32, reach: u32, bits: u32) {
        for ((key, &last), &tag) in row.iter_mut().zip(last).zip(tags) {
            let here = (last.wrapping_mul(last).wrapping_mul(weight) << bits) | tag;
            *key = (*key).min(if last > reach { FAR } else { here });
        }
    }
}

wide! {
    fn untie(keys: &mut [u32], bits: u32, limit: u32, tag: u32) {
        for key in keys {
            *key = if *key >> bits > limit { 0 } else { *key & tag };
        }
    }
}

/// A block of neighbouring lines that are not rows.
fn across_columns(rows: &mut [&mut [u32]], along: &Steps) {
    let width = rows.first().map_or(0, |r| r.len());
    let before: Vec<u32> = rows.iter().flat_map(|r| r.iter().copied()).collect();
    let row = |k: usize| &before[k * width..(k + 1) * width];
    for k in 0..rows.len() {
        let mut most = 0;
        largest(&mut most, rows[k]);
        for steps in 1.. {
            let Some(add) = along.cost(steps, most) else { break };
            if steps > FARTHEST {
                return by_envelope(rows, &before, along.weight);
            }
            let (up, down) = (k.checked_sub(steps).map(row), (k + steps < rows.len()).then(|| row(k + steps)));
            let Some(one) = up.or(down) else { break };
            lower(rows[k], one, down.unwrap_or(one), add, &mut most);
        }
    }
}

/// One row, with room for it and [`FARTHEST`] voxels to each side.
fn along_row(row: &mut [u32], along: &Steps, room: &mut [u32]) {
    room[FARTHEST..FARTHEST + row.len()].copy_from_slice(row);
    let mut from = FARTHEST;
    for tile in row.chunks_mut(TILE) {
        let mut most = 0;
        largest(&mut most, tile);
        for steps in 1.. {
            let Some(add) = along.cost(steps, most) else { break };
            if steps > FARTHEST {
                row.copy_from_slice(&room[FARTHEST..FARTHEST + row.len()]);
                return line(row, &mut vec![(); row.len()], along.weight, FAR, &mut Vec::new());
            }
            let (left, right) = (&room[from - steps..], &room[from + steps..]);
            lower(tile, left, right, add, &mut most);
        }
        from += tile.len();
    }
}

wide! {
    fn largest(most: &mut u32, row: &[u32]) {
        *most = row.iter().fold(*most, |m, &d| m.max(d));
    }
}

wide! {
    /// Takes what is lower, and finds the largest that remains. Keys and what is added stay below 2^31.
    fn lower(row: &mut [u32], one: &[u32], other: &[u32], add: u32, most: &mut u32) {
        let mut m = 0;
        for ((d, &a), &b) in row.iter_mut().zip(one).zip(other) {
            *d = (*d).min(a.min(b) + add);
            m = m.max(*d);
        }
        *most = m;
    }
}

fn by_envelope(rows: &mut [&mut [u32]], before: &[u32], weight: u32) {
    let width = rows.first().map_or(0, |r| r.len());
    let (mut tags, mut stack) = (vec![(); rows.len()], Vec::new());
    for column in 0..width {
        let mut all: Vec<u32> = before.iter().skip(column).step_by(width).copied().collect();
        line(&mut all, &mut tags, weight, FAR, &mut stack);
        rows.iter_mut().zip(all).for_each(|(row, d)| row[column] = d);
    }
}

#[cfg(test)]
mod tests {
    //! Invariant: search and envelope say the same, near and far.
    use super::*;
    use crate::ops::nearest;
    use crate::units::Shape;

    #[test]
    fn tags_are_those_of_the_envelope() {
        for shape in [Shape::flat(60, 210), Shape::new(12, 30, 41), Shape::new(40, 3, 5)] {
            for every in [3, 90, 2000] {
                let voxels: Vec<u32> = (0..shape.len())
                    .map(|i| if i * 7919 % every == 5 % every { (i % 13 + 1) as u32 } else { 0 })
                    .collect();
                for (weights, limit) in [([1, 1, 1], 0), ([1, 1, 1], 30), ([9, 4, 4], 900), ([7, 3, 2], 5000)] {
                    let s = Search::new(shape, weights, limit).unwrap();
                    let (d2, tags) = nearest::twin(&s, &voxels, |v| (v != 0).then_some(v));
                    let want: Vec<u32> = d2.iter().zip(tags).map(|(&d, t)| if d == FAR { 0 } else { t }).collect();
                    assert!(tagged(&s, &voxels, 13).unwrap() == want, "{shape} {every} {weights:?} {limit}");
                }
            }
        }
        // Too far, and keys too long.
        let s = |limit| Search::new(Shape::flat(2, 2), [1; 3], limit).unwrap();
        assert!(tagged(&s(97 * 97), &[0; 4], 1).is_none() && tagged(&s(5000), &[0; 4], 1 << 20).is_none());
    }

    #[test]
    fn the_envelope_gives_the_same() {
        for (shape, every) in [
            (Shape::flat(70, 300), 7),
            (Shape::flat(70, 300), 40_000),
            (Shape::flat(300, 70), 9_999),
            (Shape::new(20, 30, 40), 5),
            (Shape::new(150, 130, 40), 500_000),
            (Shape::new(5, 230, 140), 70_001),
            (Shape::new(3, 3, 3), usize::MAX),
        ] {
            let voxels: Vec<u8> = (0..shape.len()).map(|i| u8::from((i * 7919 + 13) % every.max(2) > 1)).collect();
            for weights in [[1, 1, 1], [9, 4, 4], [1, 1 << 20, 300]] {
                let s = Search::new(shape, weights, FAR).unwrap();
                let (want, _) = nearest::twin(&s, &voxels, |v| (v == 0).then_some(()));
                assert!(squared(&s, &voxels) == want, "{shape} {every} {weights:?}");
            }
        }
    }
}
