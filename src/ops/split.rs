//! Splits touching objects: a watershed without a queue, whose answer is unique.
//!
//! Every voxel of the mask points at the greatest of itself and its 8 (26) neighbours: higher landscape first, then
//! lower index. Following the pointers leads to a peak; voxels of one peak are a basin. For two basins that touch, the
//! saddle S is the largest `min(L[p], L[q])` over neighbouring voxels p, q. Pairs are taken in order (S falling, then
//! peak indices) and merged while `lower peak - S` is less than the depth asked for, which may grow for small basins;
//! the merged basin keeps the higher peak and both areas.
//!
//! Bit budget: landscape of 32 bits, compared only; merging is on the host, in f64, on one entry a pair of basins.
//! Reference: h-maxima watershed (Meyer 1994; Najman and Schmitt 1996), with dynamics relative to the peak.

use super::label::words;
use super::renumber::renumber;
use super::runs::end_of_run;
use super::{Case, Op, lanes, wide};
use crate::device::kernel::{Kernel, atomic, read, write};
use crate::device::{Buffer, Device, Gpu, GpuBuffer};
use crate::object_runs::ObjectRuns;
use crate::units::Shape;
use crate::volume::{Labels, Mask, Volume};
use crate::{Error, Result};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// The room's entry.
pub const OP: Op = Op {
    name: "split",
    summary: "Splits touching objects at the saddles of a landscape",
    reference: "Meyer 1994; Najman and Schmitt 1996",
    cases: &[
        Case {
            name: "relative depth that grows for small basins",
            run: |d, i| {
                let land = super::gaussian::gaussian(d, &i.volume(d)?, &super::gaussian::Gaussian::new([1.5; 3]))?;
                let depth = Depth::Relative { fraction: 0.08, typical_size: Some(60.0) };
                words(d, &split(d, &land, &i.mask(d)?, depth)?)
            },
        },
        Case {
            name: "absolute depth",
            run: |d, i| {
                let land = super::gaussian::gaussian(d, &i.volume(d)?, &super::gaussian::Gaussian::new([2.0; 3]))?;
                words(d, &split(d, &land, &i.mask(d)?, Depth::Absolute(300.0))?)
            },
        },
    ],
};

/// How deep a valley must be to part two objects.
#[derive(Clone, Copy, Debug, PartialEq)]
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
    fn needed(&self, lower_peak: f64, smaller_size: f64) -> f64 {
        match *self {
            Depth::Absolute(depth) => depth,
            Depth::Relative { fraction, typical_size: None } => fraction * lower_peak,
            Depth::Relative { fraction, typical_size: Some(size) } => {
                fraction * (size / smaller_size).clamp(1.0, 8.0) * lower_peak
            }
        }
    }
}

/// A local maximum of the landscape with its basin.
#[derive(Clone, Copy, Debug)]
struct Peak {
    index: u32,
    height: i32,
    size: u32,
}

/// Two basins that touch, by the index of their peaks, and their saddle.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Pair {
    a: u32,
    b: u32,
    saddle: i32,
}

crate::params! {
    pub(super) struct Params { depth: u32, height: u32, width: u32 }
}

pub(super) const NEIGHBOURS: &[&str] = &[include_str!("../../shaders/shared/neighbours.wgsl")];

const ASCEND: Kernel = Kernel {
    name: "split",
    source: include_str!("../../shaders/split.wgsl"),
    shared: NEIGHBOURS,
    params: Params::WGSL,
    arrays: &[read("land", "i32"), read("mask", "u32"), write("parent", "u32")],
};

pub(super) const CLIMB: Kernel = Kernel {
    name: "split_climb",
    source: include_str!("../../shaders/split_climb.wgsl"),
    shared: NEIGHBOURS,
    params: Params::WGSL,
    arrays: &[atomic("parent", "u32")],
};

const CENSUS: Kernel = Kernel {
    name: "split_census",
    source: include_str!("../../shaders/split_census.wgsl"),
    shared: NEIGHBOURS,
    params: Params::WGSL,
    arrays: &[read("parent", "u32"), atomic("size", "u32"), atomic("tally", "u32")],
};

const EMIT: Kernel = Kernel {
    name: "split_emit",
    source: include_str!("../../shaders/split_emit.wgsl"),
    shared: NEIGHBOURS,
    params: Params::WGSL,
    arrays: &[
        read("land", "i32"),
        read("parent", "u32"),
        read("size", "u32"),
        atomic("tally", "u32"),
        write("peak", "u32"),
        write("pair", "u32"),
    ],
};

pub(super) const NAME: Kernel = Kernel {
    name: "split_name",
    source: include_str!("../../shaders/split_name.wgsl"),
    shared: NEIGHBOURS,
    params: Params::WGSL,
    arrays: &[read("peak", "u32"), read("object", "u32"), write("table", "u32")],
};

const PAINT: Kernel = Kernel {
    name: "split_paint",
    source: include_str!("../../shaders/split_paint.wgsl"),
    shared: NEIGHBOURS,
    params: Params::WGSL,
    arrays: &[read("parent", "u32"), read("table", "u32"), write("dst", "u32")],
};

/// On the CPU every voxel has a word: 0 outside of the mask; one more than the index of the voxel that it points at; or this
/// bit with a number, where all that lead here belong. Images have fewer than 2^31 voxels.
pub(super) const ROOT: u32 = 1 << 31;

/// Splits a mask along the valleys of a landscape. Labels are in raster order.
///
/// # Errors
/// Different sizes; the device is lost or too small.
pub fn split(device: &Device, landscape: &Volume, mask: &Mask, depth: Depth) -> Result<Labels> {
    if landscape.shape != mask.shape {
        return Err(Error::usage(format!("a mask of {} on a landscape of {}", mask.shape, landscape.shape)));
    }
    match device {
        Device::Cpu => Ok(twin(mask.shape, landscape.samples.host()?, mask.voxels.host()?, depth)),
        Device::Gpu(gpu) => {
            let (voxels, peaks) = dispatch(gpu, mask.shape, landscape, mask, depth)?;
            renumber(device, &Labels::of(mask.shape, peaks as u32, Buffer::Gpu(voxels)))
        }
    }
}

fn dispatch(gpu: &Gpu, shape: Shape, landscape: &Volume, mask: &Mask, depth: Depth) -> Result<(GpuBuffer<u32>, usize)> {
    let (n, land) = (shape.len(), landscape.samples.gpu()?.cast());
    let p = Params { depth: shape.z as u32, height: shape.y as u32, width: shape.x as u32 };
    let parent = gpu.alloc::<u32>(n)?;
    gpu.dispatch(&ASCEND, n, &p, &[&land, &mask.voxels.gpu()?.cast(), &parent])?;
    gpu.dispatch(&CLIMB, n, &p, &[&parent])?;
    let (size, tally) = (gpu.zeros::<u32>(n)?, gpu.zeros::<u32>(4)?);
    gpu.dispatch(&CENSUS, n, &p, &[&parent, &size, &tally])?;
    let count = tally.download()?;
    let (n_peaks, n_pairs) = (count[0] as usize, count[1] as usize);
    let found = gpu.alloc::<u32>(3 * n_peaks)?;
    let touching = gpu.alloc::<u32>(3 * n_pairs)?;
    gpu.dispatch(&EMIT, n, &p, &[&land, &parent, &size, &tally, &found, &touching])?;
    let triples = |w: Vec<u32>| w.as_chunks::<3>().0.to_vec();
    let mut peaks: Vec<Peak> = triples(found.download()?)
        .into_iter()
        .map(|[index, height, size]| Peak { index, height: height as i32, size })
        .collect();
    peaks.par_sort_unstable_by_key(|p| p.index);
    let pairs = triples(touching.download()?).into_iter().map(|[a, b, s]| Pair { a, b, saddle: s as i32 }).collect();
    let objects = merge(&peaks, highest_saddles(pairs), depth);
    let indices = gpu.upload(&peaks.iter().map(|p| p.index).collect::<Vec<_>>())?;
    let table = size; // read for the last time above; every peak's entry is written before it is read again
    gpu.dispatch(&NAME, peaks.len(), &p, &[&indices, &gpu.upload(&objects)?, &table])?;
    let dst = gpu.alloc::<u32>(n)?;
    gpu.dispatch(&PAINT, n, &p, &[&parent, &table, &dst])?;
    Ok((dst, peaks.len()))
}

/// The rows around a row, itself included: what all of its voxels need to know of their neighbours.
pub(super) struct Around {
    width: usize,
    /// Where the row itself begins.
    start: usize,
    /// Where the others begin: those before it, then those behind it.
    starts: [usize; 8],
    before: usize,
    all: usize,
}

impl Around {
    /// Of the row with this number.
    pub fn row(shape: Shape, row: usize) -> Self {
        let (z, y) = (row / shape.y, row % shape.y);
        let mut around = Around { width: shape.x, start: row * shape.x, starts: [0; 8], before: 0, all: 0 };
        for zz in z.saturating_sub(1)..(z + 2).min(shape.z) {
            for yy in y.saturating_sub(1)..(y + 2).min(shape.y) {
                if (zz, yy) == (z, y) {
                    around.before = around.all;
                } else {
                    around.starts[around.all] = shape.index(zz, yy, 0);
                    around.all += 1;
                }
            }
        }
        around
    }

    /// Calls `f` with the index of each neighbour of voxel `x` of the row, in no order.
    #[inline(always)]
    pub fn each(&self, x: usize, mut f: impl FnMut(usize)) {
        if x > 0 {
            f(self.start + x - 1);
        }
        self.rows(0, x, &mut f);
        if x + 1 < self.width {
            f(self.start + x + 1);
        }
    }

    /// The same for the neighbours that come later.
    #[inline(always)]
    pub fn each_later(&self, x: usize, mut f: impl FnMut(usize)) {
        if x + 1 < self.width {
            f(self.start + x + 1);
        }
        self.rows(self.before, x, &mut f);
    }

    /// Where the rows begin, itself among them, in raster order.
    fn rows_in_order(&self) -> impl Iterator<Item = usize> {
        let (before, behind) = self.starts[..self.all].split_at(self.before);
        before.iter().copied().chain([self.start]).chain(behind.iter().copied())
    }

    /// Where the rows behind it begin.
    fn rows_behind(&self) -> impl Iterator<Item = usize> {
        self.starts[self.before..self.all].iter().copied()
    }

    #[inline(always)]
    fn rows(&self, from: usize, x: usize, f: &mut impl FnMut(usize)) {
        let (first, behind) = (x.saturating_sub(1), (x + 2).min(self.width));
        for start in &self.starts[from..self.all] {
            (start + first..start + behind).for_each(&mut *f);
        }
    }
}

fn twin(shape: Shape, land: &[i32], mask: &[u8], depth: Depth) -> Labels {
    if land.is_empty() {
        return Labels::of_runs(shape, ObjectRuns::sort(std::iter::empty(), 0));
    }
    let (mut basins, peaks) = ascend(shape, land, mask);
    (ROOT..).zip(&peaks).for_each(|(root, &peak)| basins[peak as usize] = root);
    climb(&mut basins, |part| mask[part].iter().fold(0, |any, m| any | m) == 0);
    let peak = |(&index, size)| Peak { index, height: land[index as usize], size };
    let peaks: Vec<Peak> = peaks.iter().zip(basin_sizes(&basins, peaks.len())).map(peak).collect();
    let objects = merge(&peaks, pairs(shape, land, &basins, &peaks), depth);
    let object = |basin: u32| if basin == 0 { 0 } else { objects[(basin ^ ROOT) as usize] };
    Labels::of_runs(shape, ObjectRuns::in_raster_order(&basins, shape, peaks.len() as u32, object))
}

/// Each voxel's greatest neighbour, and the peaks: the voxels that point at themselves, in order. Inside of a row all voxels
/// look at once, at one neighbour after the other in the order of their indices, so that the first of equals stays.
fn ascend(shape: Shape, land: &[i32], mask: &[u8]) -> (Vec<u32>, Vec<u32>) {
    let mut pointers: Vec<u32> = lanes::zeros(shape.len());
    let rows = pointers.par_chunks_mut(shape.x).with_min_len(16).enumerate();
    let peaks = rows.map_init(Ascent::default, |ascent, (row, pointers)| {
        let start = row * shape.x;
        if mask[start..start + shape.x].iter().all(|&m| m == 0) {
            return Vec::new();
        }
        ascent.row(shape, land, mask, row, pointers);
        let mut peaks = Vec::new();
        for (own, pointers) in (start as u32 + 1..).step_by(PART).zip(pointers.chunks(PART)) {
            let mut any = false;
            own_pointers(pointers, own, &mut any);
            if any {
                peaks.extend((own..).zip(pointers).filter(|(own, p)| own == *p).map(|(own, _)| own - 1));
            }
        }
        peaks
    });
    let peaks = peaks.collect::<Vec<Vec<u32>>>().concat();
    (pointers, peaks)
}

/// Voxels that are looked at together for the few that matter.
const PART: usize = 64;

wide! {
    /// Whether one of these neighbours points at itself; the first would with `own`.
    fn own_pointers(pointers: &[u32], own: u32, any: &mut bool) {
        *any = (own..).zip(pointers).fold(false, |any, (own, &p)| any | (p == own));
    }
}

/// What a thread needs to go through rows.
#[derive(Default)]
struct Ascent {
    /// The greatest neighbours so far, and how far away they lie.
    top: Vec<i32>,
    way: Vec<i32>,
    /// A row of the landscape, the least sample where it is not in the mask.
    masked: Vec<i32>,
}

impl Ascent {
    fn row(&mut self, shape: Shape, land: &[i32], mask: &[u8], row: usize, pointers: &mut [u32]) {
        let (around, start, width) = (Around::row(shape, row), row * shape.x, shape.x);
        let inner = if width > 2 { 1..width - 1 } else { 0..0 };
        for (list, start) in [(&mut self.top, i32::MIN), (&mut self.way, 0)] {
            list.clear();
            list.resize(inner.len(), start);
        }
        self.masked.resize(width, 0);
        let mut least = i32::MAX;
        for other in around.rows_in_order().filter(|_| !inner.is_empty()) {
            cover(&mut self.masked, &land[other..][..width], &mask[other..][..width], &mut least);
            for x in 0..3 {
                let offset = (other + x) as i32 - (start + 1) as i32;
                steepest(&mut self.top, &mut self.way, &self.masked[x..][..inner.len()], offset);
            }
        }
        // What is masked must lie below all else; samples that begin at the end of their type are looked at one by one.
        let at_once = if least == i32::MIN { 0..0 } else { inner };
        point(&mut pointers[at_once.clone()], &self.way, &mask[start..][at_once.clone()], start as u32 + 2);
        for x in (0..at_once.start).chain(at_once.end..width).filter(|x| mask[start + x] != 0) {
            let (mut best, mut top) = (start + x, land[start + x]);
            around.each(x, |j| {
                if mask[j] != 0 && (land[j] > top || land[j] == top && j < best) {
                    (best, top) = (j, land[j]);
                }
            });
            pointers[x] = best as u32 + 1;
        }
    }
}

wide! {
    /// The landscape where it is in the mask, and the least sample there.
    fn cover(out: &mut [i32], land: &[i32], mask: &[u8], least: &mut i32) {
        let mut low = *least;
        for ((out, &v), &m) in out.iter_mut().zip(land).zip(mask) {
            *out = if m == 0 { i32::MIN } else { v };
            low = low.min(if m == 0 { i32::MAX } else { v });
        }
        *least = low;
    }
}

wide! {
    /// The greatest neighbours so far, and how far away they lie.
    fn steepest(top: &mut [i32], way: &mut [i32], row: &[i32], offset: i32) {
        for ((top, way), &v) in top.iter_mut().zip(way).zip(row) {
            let steeper = v > *top;
            *top = if steeper { v } else { *top };
            *way = if steeper { offset } else { *way };
        }
    }
}

wide! {
    /// Pointers of neighbouring voxels, the first of which would point at itself with `first`.
    fn point(pointers: &mut [u32], way: &[i32], mask: &[u8], first: u32) {
        for (((pointer, own), &way), &m) in pointers.iter_mut().zip(first..).zip(way).zip(mask) {
            *pointer = if m == 0 { 0 } else { own.wrapping_add_signed(way) };
        }
    }
}

/// Every pointer becomes the root that it leads to. Threads shorten each other's ways; all lead to the same roots. Parts that
/// are empty hold no pointer.
pub(super) fn climb(words: &mut [u32], is_empty: impl Fn(Range<usize>) -> bool + Sync) {
    let words = shared(words);
    words.par_chunks(64).with_min_len(64).enumerate().for_each(|(k, part)| {
        if is_empty(64 * k..64 * k + part.len()) {
            return;
        }
        for start in part {
            let first = start.load(Relaxed);
            if first == 0 || first & ROOT != 0 {
                continue;
            }
            let mut root = first;
            while root & ROOT == 0 {
                root = words[root as usize - 1].load(Relaxed);
            }
            // The whole way leads there: those who come by it need not go it again.
            start.store(root, Relaxed);
            let mut way = first;
            while way & ROOT == 0 {
                let word = &words[way as usize - 1];
                way = word.load(Relaxed);
                word.store(root, Relaxed);
            }
        }
    });
}

/// Words that are ours alone, for all threads to write.
fn shared(words: &mut [u32]) -> &[AtomicU32] {
    // SAFETY: an AtomicU32 has the size, the alignment and the values of a u32, and nobody else sees these while they are
    // borrowed.
    unsafe { &*(std::ptr::from_mut(words) as *const [AtomicU32]) }
}

/// Voxels of the basins 0..count.
fn basin_sizes(basins: &[u32], count: usize) -> Vec<u32> {
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

fn pairs(shape: Shape, land: &[i32], basins: &[u32], peaks: &[Peak]) -> Vec<Pair> {
    let rows = (0..shape.z * shape.y).into_par_iter().with_min_len(16);
    let found = rows.fold(Vec::new, |mut found: Vec<Pair>, row| {
        let (around, start) = (Around::row(shape, row), row * shape.x);
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
fn highest_saddles(mut pairs: Vec<Pair>) -> Vec<Pair> {
    pairs.par_sort_unstable_by_key(|p| (p.a, p.b, std::cmp::Reverse(p.saddle)));
    pairs.dedup_by_key(|p| (p.a, p.b));
    pairs.par_sort_unstable_by_key(|p| (std::cmp::Reverse(p.saddle), p.a, p.b));
    pairs
}

/// Merges basins over shallow valleys; gives each peak the number of its object, from 1, in any order.
fn merge(peaks: &[Peak], pairs: Vec<Pair>, depth: Depth) -> Vec<u32> {
    let position = |index: u32| peaks.binary_search_by_key(&index, |p| p.index).unwrap_or(0);
    let mut root: Vec<usize> = (0..peaks.len()).collect();
    let mut size: Vec<f64> = peaks.iter().map(|p| p.size.into()).collect();
    fn find(root: &mut [usize], mut k: usize) -> usize {
        while root[k] != k {
            root[k] = root[root[k]];
            k = root[k];
        }
        k
    }
    for pair in pairs {
        let a = find(&mut root, position(pair.a));
        let b = find(&mut root, position(pair.b));
        if a == b {
            continue;
        }
        let (ha, hb) = (peaks[a].height, peaks[b].height);
        let lower = f64::from(ha.min(hb));
        if lower - f64::from(pair.saddle) < depth.needed(lower, size[a].min(size[b])) {
            let (winner, loser) = if ha > hb || (ha == hb && a < b) { (a, b) } else { (b, a) };
            root[loser] = winner;
            size[winner] += size[loser];
        }
    }
    (0..peaks.len()).map(|k| find(&mut root, k) as u32 + 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(land: &[i32], mask: &[u8], depth: Depth) -> Vec<u32> {
        let shape = Shape::flat(1, land.len());
        let land = Volume::new(shape, land.to_vec()).unwrap();
        let mask = Mask::new(shape, mask.to_vec()).unwrap();
        split(&Device::Cpu, &land, &mask, depth).unwrap().voxels().host().unwrap().to_vec()
    }

    #[test]
    fn a_valley_parts_two_hills_if_it_is_deep_enough() {
        let land = [1, 5, 9, 5, 2, 6, 8, 3];
        assert_eq!(line(&land, &[1; 8], Depth::Absolute(3.0)), [1, 1, 1, 1, 2, 2, 2, 2]);
        assert_eq!(line(&land, &[1; 8], Depth::Absolute(7.0)), [1; 8]);
        let relative = |fraction| Depth::Relative { fraction, typical_size: None };
        assert_eq!(line(&land, &[1; 8], relative(0.5)), [1, 1, 1, 1, 2, 2, 2, 2]);
        assert_eq!(line(&land, &[1; 8], relative(0.8)), [1; 8]);
    }

    #[test]
    fn small_basins_need_a_deeper_valley() {
        let land = [1, 5, 9, 5, 6, 8, 7, 3];
        let depth = |typical_size| Depth::Relative { fraction: 0.2, typical_size };
        assert_eq!(line(&land, &[1; 8], depth(None)), [1, 1, 1, 1, 2, 2, 2, 2]);
        assert_eq!(line(&land, &[1; 8], depth(Some(16.0))), [1; 8]);
    }

    #[test]
    fn a_plateau_is_one_object_and_the_mask_parts() {
        assert_eq!(line(&[7; 6], &[1, 1, 1, 0, 1, 1], Depth::Absolute(0.0)), [1, 1, 1, 0, 2, 2]);
    }

    #[test]
    fn nothing_in_nothing_out() {
        assert_eq!(line(&[7; 3], &[0; 3], Depth::Absolute(0.0)), [0; 3]);
    }
}
