//! The saddles between the basins of a split, and which basins are merged over them.

use super::basins::{Neighbourhood, ROOT, shared};
use crate::simd::{end_of_run, wide};
use crate::units::Shape;
use rayon::prelude::*;
use std::sync::atomic::Ordering::Relaxed;

/// A valley of this share of the depth asked for may part what has a waist.
const SHALLOW: f64 = 0.25;

/// How deep a valley must be to part two objects.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Depth {
    /// In samples of the landscape.
    Absolute(f64),
    /// As a share of the lower peak.
    Relative {
        /// The share.
        fraction: f64,
        /// With a typical object size in voxels, basins below it need a deeper valley: the share grows as the size
        /// falls, up to eight times.
        typical_size: Option<f64>,
    },
}

impl Depth {
    /// The same where every valley must be so many times deeper.
    pub fn times(self, factor: f64) -> Self {
        match self {
            Depth::Absolute(depth) => Depth::Absolute(factor * depth),
            Depth::Relative { fraction, typical_size } => Depth::Relative { fraction: factor * fraction, typical_size },
        }
    }

    pub(super) fn needed(&self, lower_peak: f64, smaller_size: f64) -> f64 {
        match *self {
            Depth::Absolute(depth) => depth,
            Depth::Relative { fraction, typical_size: None } => fraction * lower_peak,
            Depth::Relative { fraction, typical_size: Some(size) } => {
                fraction * (size / smaller_size).clamp(1.0, 8.0) * lower_peak
            }
        }
    }
}

/// What is asked of objects beside the depth of valleys.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ellipses {
    /// The typical object, in voxels.
    pub typical_size: f64,
    /// What valleys that come from pixels alone reach, in samples of the landscape.
    pub grain: f64,
}

/// What parts objects.
pub(super) struct How {
    pub depth: Depth,
    /// A greater depth to count by.
    pub deeper: Option<Depth>,
    /// What fills an ellipse stays whole, and what has a waist does not.
    pub ellipses: Option<Ellipses>,
}

impl How {
    /// Basins are merged over valleys of less than this, before anything else is asked.
    pub fn first(&self) -> Depth {
        if self.ellipses.is_some() { self.depth.times(SHALLOW) } else { self.depth }
    }

    /// How many of these objects are left over deeper valleys.
    pub fn firm(&self, peaks: &[Peak], pairs: &[Pair], objects: &[u32]) -> u32 {
        let Some(deeper) = self.deeper else { return 0 };
        let own = each_its_own(peaks);
        objects_left(&merge(peaks, pairs, deeper, if self.ellipses.is_some() { objects } else { &own }))
    }
}

/// A local maximum of the landscape with its basin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peak {
    pub index: u32,
    pub height: i32,
    pub size: u32,
}

/// Two basins that touch, by the index of their peaks, and their saddle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pair {
    pub a: u32,
    pub b: u32,
    pub saddle: i32,
}

/// Voxels of the basins 0..count.
pub(super) fn basin_sizes(basins: &[u32], count: usize) -> Vec<u32> {
    let mut sizes = vec![0; count];
    let tally = shared(&mut sizes);
    basins.par_chunks(1 << 14).for_each(|basins| {
        let mut i = 0;
        while i < basins.len() {
            let end = end_of_run(basins, i);
            if basins[i] != 0 {
                tally[(basins[i] ^ ROOT) as usize].fetch_add((end - i) as u32, Relaxed);
            }
            i = end;
        }
    });
    sizes
}

/// The greatest of these samples in each of the basins 0..count.
pub(super) fn greatest_of_basins(basins: &[u32], count: usize, samples: &[i32]) -> Vec<i32> {
    // Unsigned numbers in the order of the samples.
    const SIGN: u32 = 1 << 31;
    let mut greatest = vec![0; count];
    let most = shared(&mut greatest);
    basins.par_chunks(1 << 14).zip(samples.par_chunks(1 << 14)).for_each(|(basins, samples)| {
        let mut i = 0;
        while i < basins.len() {
            let end = end_of_run(basins, i);
            if basins[i] != 0 {
                let here = samples[i..end].iter().fold(i32::MIN, |most, &s| most.max(s));
                most[(basins[i] ^ ROOT) as usize].fetch_max(here as u32 ^ SIGN, Relaxed);
            }
            i = end;
        }
    });
    greatest.into_iter().map(|word| (word ^ SIGN) as i32).collect()
}

/// The basins that touch, with their highest saddles, on the CPU.
pub(super) fn pairs(shape: Shape, land: &[i32], basins: &[u32], peaks: &[Peak]) -> Vec<Pair> {
    let rows = (0..shape.z * shape.y).into_par_iter().with_min_len(16);
    let found = rows.fold(Vec::new, |mut found: Vec<Pair>, row| {
        let (around, start) = (Neighbourhood::row(shape, row), row * shape.x);
        let here = &basins[start..start + shape.x];
        // Most voxels have neighbours of their own basin only.
        let mut meet = vec![0u32; shape.x];
        let last = shape.x - 1;
        meeting(&mut meet[..last], &here[..last], &here[1..]);
        for behind in around.rows_behind() {
            let there = &basins[behind..behind + shape.x];
            meeting(&mut meet, here, there);
            meeting(&mut meet[..last], &here[..last], &there[1..]);
            meeting(&mut meet[1..], &here[1..], &there[..last]);
        }
        let some = meet.chunks(32).enumerate().filter(|(_, meet)| meet.iter().fold(0, |any, m| any | m) != 0);
        for x in some.flat_map(|(k, meet)| (32 * k..).zip(meet)).filter(|(_, m)| **m != 0).map(|(x, _)| x) {
            let (i, a) = (start + x, here[x]);
            around.each_later(x, |j| {
                let b = basins[j];
                if b != 0 && b != a {
                    let [a, b] = [a.min(b), a.max(b)].map(|basin| peaks[(basin ^ ROOT) as usize].index);
                    let pair = Pair { a, b, saddle: land[i].min(land[j]) };
                    match found.last_mut() {
                        // Along a border the same two basins meet again and again.
                        Some(last) if last.a == pair.a && last.b == pair.b => {
                            last.saddle = last.saddle.max(pair.saddle)
                        }
                        _ => found.push(pair),
                    }
                }
            });
        }
        found
    });
    highest_saddles(rows_together(found))
}

wide! {
    /// Not 0 where two basins lie side by side.
    fn meeting(meet: &mut [u32], here: &[u32], there: &[u32]) {
        for ((meet, &a), &b) in meet.iter_mut().zip(here).zip(there) {
            *meet |= u32::from((a != b) & (a != 0) & (b != 0));
        }
    }
}

fn rows_together(parts: impl ParallelIterator<Item = Vec<Pair>>) -> Vec<Pair> {
    parts.reduce(Vec::new, |mut a, mut b| {
        a.append(&mut b);
        a
    })
}

/// One entry for each pair of basins, with its highest saddle, in the order of merging.
pub(super) fn highest_saddles(mut pairs: Vec<Pair>) -> Vec<Pair> {
    pairs.par_sort_unstable_by_key(|p| (p.a, p.b, std::cmp::Reverse(p.saddle)));
    pairs.dedup_by_key(|p| (p.a, p.b));
    pairs.par_sort_unstable_by_key(|p| (std::cmp::Reverse(p.saddle), p.a, p.b));
    pairs
}

/// Each peak as an object of its own.
pub(super) fn each_its_own(peaks: &[Peak]) -> Vec<u32> {
    (1..=peaks.len() as u32).collect()
}

/// Where the peak at this voxel stands in a list of peaks in raster order.
pub(super) fn position(peaks: &[Peak], index: u32) -> usize {
    peaks.binary_search_by_key(&index, |p| p.index).unwrap_or(0)
}

/// The higher one of two peaks, which an object of both is called after, and the other one.
pub(super) fn higher(peaks: &[Peak], a: usize, b: usize) -> (usize, usize) {
    let (ha, hb) = (peaks[a].height, peaks[b].height);
    if ha > hb || (ha == hb && a < b) { (a, b) } else { (b, a) }
}

/// Who belongs to whom: pointers that lead to the peak that an object is called after.
pub(super) struct Roots(Vec<usize>);

impl Roots {
    /// As `objects` says: the peak that each one's object is called after, counted from 1.
    pub fn of(objects: &[u32]) -> Self {
        Roots(objects.iter().map(|&object| object as usize - 1).collect())
    }

    pub fn find(&mut self, mut k: usize) -> usize {
        while self.0[k] != k {
            self.0[k] = self.0[self.0[k]];
            k = self.0[k];
        }
        k
    }

    /// `root` becomes part of `of`.
    pub fn join(&mut self, root: usize, of: usize) {
        self.0[root] = of;
    }

    /// The reverse of [`Self::of`].
    pub fn numbers(mut self) -> Vec<u32> {
        (0..self.0.len()).map(|k| self.find(k) as u32 + 1).collect()
    }
}

/// Merges objects over shallow valleys; gives each peak the number of its object: that of its highest peak, counted from 1.
/// `start` has what they are before.
pub(super) fn merge(peaks: &[Peak], pairs: &[Pair], depth: Depth, start: &[u32]) -> Vec<u32> {
    let mut roots = Roots::of(start);
    let mut size = vec![0.0; peaks.len()];
    roots.0.iter().zip(peaks).for_each(|(&root, peak)| size[root] += f64::from(peak.size));
    for pair in pairs {
        let [a, b] = [pair.a, pair.b].map(|index| roots.find(position(peaks, index)));
        if a == b {
            continue;
        }
        let lower = f64::from(peaks[a].height.min(peaks[b].height));
        if lower - f64::from(pair.saddle) < depth.needed(lower, size[a].min(size[b])) {
            let (winner, loser) = higher(peaks, a, b);
            roots.join(loser, winner);
            size[winner] += size[loser];
        }
    }
    roots.numbers()
}

/// Objects that a merge leaves: each is called after the peak that the others were merged into.
fn objects_left(objects: &[u32]) -> u32 {
    (1..).zip(objects).filter(|(own, object)| own == *object).count() as u32
}
