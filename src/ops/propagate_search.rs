//! The ground that `propagate` goes over, and how the CPU finds the cheapest ways.
//!
//! Cost and label travel as one word, the cost above, so the lesser word is the better way. The image is cut into slabs along
//! its slowest axis. Each slab goes outwards from what it knows, the least word first; then slabs see what has changed along
//! their borders, and those that can make use of it go on. The answer is unique, so neither slabs nor threads can change it.

use crate::simd;
use crate::units::Shape;
use crate::{Error, Result};
use rayon::prelude::*;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What a way costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// Differences and length, added up.
    Propagation {
        /// The sum of differences over 3 x 3 voxels, in samples, that costs as much as one pixel of length.
        regularisation: f64,
    },
    /// The highest sample, then the length.
    Watershed,
}

/// Differences count as this at most: its square is below 2^31.
const CLIFF: u32 = 46_340;
/// Where a way's costs stop.
const DEAREST: u32 = i32::MAX as u32 - 1;
/// Nothing leads here.
const NOWHERE: u64 = u64::MAX;
/// Voxels of a slab, so that what a search goes to and fro in stays in the cache.
const SLAB: usize = 1 << 16;

/// What is needed to know the cost of a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground {
    pub shape: Shape,
    /// The least sample of the image.
    pub least: i32,
    /// Bits that samples are shifted by.
    pub up: u32,
    pub down: u32,
    pub watershed: bool,
    /// Squared cost of the length of a step along x (1), y (2), z (4), and along several of them.
    pub squares: [u32; 8],
}

impl Ground {
    /// # Errors
    /// A regularisation that is not above 0.
    pub fn new(shape: Shape, least: i32, rule: Rule, weights: [u32; 3]) -> Result<Self> {
        let regularisation = match rule {
            Rule::Propagation { regularisation } => regularisation,
            Rule::Watershed => 128.0,
        };
        if !(regularisation > 0.0 && regularisation.is_finite()) {
            return Err(Error::usage(format!("a regularisation of {regularisation}")).remedy("a number above 0"));
        }
        let bits = (7 - libm::ilogb(regularisation)).clamp(-31, 31);
        let pixel = libm::ldexp(regularisation, bits);
        let [z, y, x] = weights.map(f64::from);
        let plane = (y * x).sqrt();
        let square = |along: usize| {
            let part = |bit: usize, weight: f64| if along & bit == 0 { 0.0 } else { weight };
            let squared = pixel * pixel * (part(1, x) + part(2, y) + part(4, z)) / plane;
            squared.round().min(f64::from(CLIFF * CLIFF)) as u32
        };
        let squares = std::array::from_fn(square);
        let (up, down) = (bits.max(0) as u32, (-bits).max(0) as u32);
        Ok(Ground { shape, least, up, down, watershed: rule == Rule::Watershed, squares })
    }

    /// A sample above the least one of the image, in the unit of costs.
    fn level(&self, sample: i32) -> u32 {
        let above = (sample as u32).wrapping_sub(self.least as u32);
        if self.watershed { above.min(u32::MAX - 1) } else { (above.min(u32::MAX >> self.up) << self.up) >> self.down }
    }
}

/// The label of each voxel.
pub(super) fn solve(ground: &Ground, samples: &[i32], seeds: &[u32], mask: &[u8]) -> Vec<u32> {
    let shape = ground.shape;
    let mut words: Vec<u64> = simd::map(seeds, |seed| if seed == 0 { NOWHERE } else { u64::from(seed) });
    let lengths = ground.squares.map(length);
    if ground.watershed {
        let levels = simd::map(samples, |sample| ground.level(sample));
        let passes = passes(shape, &levels, seeds, mask);
        spread(shape, mask, &mut words, |step, _| {
            match passes[step.from.index].max(levels[step.to.index]) == passes[step.to.index] {
                true => further(step.word, lengths[step.along]),
                false => NOWHERE,
            }
        });
    } else {
        let levels = Padded::new(ground, samples);
        spread(shape, mask, &mut words, |step, known| {
            // Differences need not be looked at where the length alone is too much.
            if further(step.word, lengths[step.along]) >= known {
                return NOWHERE;
            }
            let d = levels.difference(step.from, step.to);
            further(step.word, length(ground.squares[step.along] + d * d))
        });
    }
    simd::map(&words, |word| if word == NOWHERE { 0 } else { word as u32 })
}

/// The height that must be passed on the lowest way from any object to each voxel.
fn passes(shape: Shape, levels: &[u32], seeds: &[u32], mask: &[u8]) -> Vec<u32> {
    let mut heights: Vec<u64> = simd::map(seeds, |seed| if seed == 0 { NOWHERE } else { 0 });
    spread(shape, mask, &mut heights, |step, _| step.word.max(u64::from(levels[step.to.index])));
    simd::map(&heights, |height| height.min(u64::from(u32::MAX)) as u32)
}

/// The cost of a step whose square is this.
fn length(squared: u32) -> u32 {
    // Exact: a root in 64 bits of a number of 32 is never rounded up to a whole one.
    (f64::from(squared).sqrt() as u32).max(1)
}

/// A word after a step.
fn further(word: u64, cost: u32) -> u64 {
    let all = ((word >> 32) as u32).saturating_add(cost).min(DEAREST);
    u64::from(all) << 32 | word & u64::from(u32::MAX)
}

/// Levels with an edge of one voxel around each plane, which repeats the nearest one.
struct Padded {
    levels: Vec<u32>,
    shape: Shape,
}

impl Padded {
    fn new(ground: &Ground, samples: &[i32]) -> Self {
        let (shape, width) = (ground.shape, ground.shape.x + 2);
        let mut levels = vec![0; shape.z * (shape.y + 2) * width];
        levels.par_chunks_mut(width).enumerate().for_each(|(row, levels)| {
            let (z, y) = (row / (shape.y + 2), (row % (shape.y + 2)).clamp(1, shape.y) - 1);
            let from = &samples[shape.index(z, y, 0)..][..shape.x];
            for (level, sample) in levels[1..=shape.x].iter_mut().zip(from) {
                *level = ground.level(*sample);
            }
            (levels[0], levels[shape.x + 1]) = (levels[1], levels[shape.x]);
        });
        Padded { levels, shape }
    }

    /// Where the 3 x 3 voxels around a place begin: each row has two voxels more, each plane two rows.
    fn corner(&self, place: Place) -> usize {
        place.index + 2 * place.row + 2 * place.z * (self.shape.x + 2)
    }

    fn difference(&self, i: Place, j: Place) -> u32 {
        let width = self.shape.x + 2;
        let (i, j) = (self.corner(i), self.corner(j));
        let row = |k: usize| {
            let (a, b) = (&self.levels[i + k * width..][..3], &self.levels[j + k * width..][..3]);
            a.iter().zip(b).map(|(a, b)| a.abs_diff(*b).min(CLIFF)).sum::<u32>()
        };
        (row(0) + row(1) + row(2)).min(CLIFF)
    }
}

/// A voxel: its index, that of its row and that of its plane.
#[derive(Clone, Copy)]
struct Place {
    index: usize,
    row: usize,
    z: usize,
}

/// From a voxel, with its word, to a neighbour that lies along x (1), y (2), z (4) or several of them.
struct Step {
    word: u64,
    from: Place,
    to: Place,
    along: usize,
}

/// Gives every voxel of the mask the least word that leads to it. `reached` says what a step leads to, which is never less than
/// the word that it comes with; it may give up where that cannot be below what is known.
fn spread(shape: Shape, mask: &[u8], words: &mut [u64], reached: impl Fn(Step, u64) -> u64 + Sync) {
    let (steps, plane) = if shape.is_flat() { (shape.y, shape.x) } else { (shape.z, shape.y * shape.x) };
    if words.is_empty() {
        return;
    }
    let slab = SLAB.div_ceil(plane).min(steps) * plane;
    let mut seen = vec![[vec![NOWHERE; plane], vec![NOWHERE; plane]]; words.len().div_ceil(slab)];
    for round in 0.. {
        let borders = |words: &[u64]| [words[..plane].to_vec(), words[words.len() - plane..].to_vec()];
        let now: Vec<[Vec<u64>; 2]> = words.chunks(slab).map(borders).collect();
        if round > 0 && now == seen {
            return;
        }
        words.par_chunks_mut(slab).enumerate().for_each(|(k, words)| {
            let mut search = Search { shape, mask, words, start: k * slab, queue: BinaryHeap::new() };
            if round == 0 {
                search.begin();
            }
            // The last plane of the slab before, and the first of the one behind.
            let before = k.checked_sub(1).map(|b| (k * slab - plane, &now[b][1], &seen[b][1]));
            let behind = now.get(k + 1).map(|b| ((k + 1) * slab, &b[0], &seen[k + 1][0]));
            for (start, now, seen) in before.into_iter().chain(behind) {
                for (i, (&word, _)) in now.iter().zip(seen).enumerate().filter(|(_, (now, seen))| now != seen) {
                    search.look_around(start + i, word, &reached);
                }
            }
            search.run(&reached);
        });
        seen = now;
    }
}

/// The search within a slab.
struct Search<'a> {
    shape: Shape,
    mask: &'a [u8],
    words: &'a mut [u64],
    /// Index of the first voxel.
    start: usize,
    queue: BinaryHeap<Reverse<(u64, u32)>>,
}

impl Search<'_> {
    /// From the edges of objects on.
    fn begin(&mut self) {
        for i in 0..self.words.len() {
            let mut is_edge = false;
            if self.words[i] != NOWHERE {
                around(self.shape, self.start + i, |_, to, _| {
                    let known = self.words.get(to.index.wrapping_sub(self.start));
                    is_edge |= known == Some(&NOWHERE) && self.mask[to.index] != 0;
                });
            }
            if is_edge {
                self.queue.push(Reverse((self.words[i], (self.start + i) as u32)));
            }
        }
    }

    fn run(&mut self, reached: &impl Fn(Step, u64) -> u64) {
        while let Some(Reverse((word, i))) = self.queue.pop() {
            // Words that were bettered since are in the queue again.
            if self.words[i as usize - self.start] == word {
                self.look_around(i as usize, word, reached);
            }
        }
    }

    /// What a voxel with this word leads to within the slab.
    fn look_around(&mut self, from: usize, word: u64, reached: &impl Fn(Step, u64) -> u64) {
        around(self.shape, from, |from, to, along| {
            let Some(known) = self.words.get_mut(to.index.wrapping_sub(self.start)) else { return };
            if *known <= word || self.mask[to.index] == 0 {
                return;
            }
            let new = reached(Step { word, from, to, along }, *known);
            if new < *known {
                *known = new;
                self.queue.push(Reverse((new, to.index as u32)));
            }
        });
    }
}

/// Calls `f` with a voxel, each neighbour of it, and the axes that this lies along: x (1), y (2), z (4).
#[inline(always)]
fn around(shape: Shape, i: usize, mut f: impl FnMut(Place, Place, usize)) {
    let [z, y, x] = shape.position(i);
    let from = Place { index: i, row: z * shape.y + y, z };
    for zz in z.saturating_sub(1)..(z + 2).min(shape.z) {
        for yy in y.saturating_sub(1)..(y + 2).min(shape.y) {
            let across = usize::from(zz != z) << 2 | usize::from(yy != y) << 1;
            let row = zz * shape.y + yy;
            for xx in x.saturating_sub(1)..(x + 2).min(shape.x) {
                let along = across | usize::from(xx != x);
                if along != 0 {
                    f(from, Place { index: row * shape.x + xx, row, z: zz }, along);
                }
            }
        }
    }
}
