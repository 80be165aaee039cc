//! For every voxel the nearest site: the squared distance to it and its tag, both exact.
//!
//! `d2[p] = min over sites q of sum_a w[a] (p[a] - q[a])^2`, and the lowest tag among the sites at that distance: the
//! lexicographic minimum of (d2, tag), which is separable. The first axis is scanned both ways. Along each other axis the
//! CPU takes the lower envelope of parabolas (Meijster, in integers), cut at voxels of distance 0, beyond which no site can
//! win; the GPU searches outwards from each voxel until no closer site is possible.
//! Bit budget: distances stay below 2^31 and saturate there at [`FAR`]; weights are at most 2^20, axes at most 2^20 long.
//! Reference: Meijster, Roerdink and Hesselink (2000); Felzenszwalb and Huttenlocher, Theory Comput. 8 (2012) 415.

use crate::device::kernel::{Kernel, read, write};
use crate::device::{Gpu, GpuBuffer};
use crate::units::Shape;
use crate::{Error, Result};
use rayon::prelude::*;

/// No site within the limit.
pub(super) const FAR: u32 = i32::MAX as u32;
/// Steps to a site that does not exist: larger than any axis, with room to add one.
pub(super) const NO_SITE: u32 = 1 << 30;
const MOST: u32 = 1 << 20;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search {
    pub shape: Shape,
    /// Squared size of a voxel along z, y, x.
    pub weights: [u32; 3],
    /// Sites farther than this squared distance do not count.
    pub limit: u32,
}

impl Search {
    /// # Errors
    /// Weights or axes out of range.
    pub fn new(shape: Shape, weights: [u32; 3], limit: u32) -> Result<Self> {
        if weights.iter().any(|w| !(1..=MOST).contains(w)) {
            return Err(Error::usage(format!("distance weights {weights:?}")).remedy("1 to 1048576"));
        }
        if shape.zyx().iter().any(|&n| n > MOST as usize) {
            return Err(Error::limit(format!("distances in an image of {shape}; an axis has at most {MOST} voxels")));
        }
        Ok(Search { shape, weights, limit: limit.min(FAR) })
    }
    /// The axis that is scanned, as steps and voxels in a step, and its weight.
    fn scanned(&self) -> (usize, usize, u32) {
        let s = self.shape;
        if s.is_flat() { (s.y, s.x, self.weights[1]) } else { (s.z, s.y * s.x, self.weights[0]) }
    }
    /// The most steps along an axis of that weight that stay within the limit.
    pub(super) fn reach(&self, weight: u32) -> u32 {
        (self.limit / weight).isqrt()
    }
    /// After `steps` along an axis.
    fn squared(&self, steps: u32, weight: u32, reach: u32) -> u32 {
        if steps > reach { FAR } else { steps * steps * weight }
    }
}

/// On the CPU. `site` gives the tag of a voxel that is a site. A tag of `()` costs nothing.
pub(super) fn twin<V, T>(s: &Search, voxels: &[V], site: impl Fn(V) -> Option<T> + Sync) -> (Vec<u32>, Vec<T>)
where
    V: Copy + Sync,
    T: Copy + Ord + Default + Send + Sync,
{
    let (steps, plane, weight) = s.scanned();
    let (mut d2, mut tags) = (vec![0u32; voxels.len()], vec![T::default(); voxels.len()]);
    if voxels.is_empty() {
        return (d2, tags);
    }
    let slab = steps.div_ceil(rayon::current_num_threads() * 2) * plane;
    let slabs: Vec<&[V]> = voxels.chunks(slab).collect();
    let (down, up) = carries(&slabs, plane, &site);
    let reach = s.reach(weight);
    d2.par_chunks_mut(slab).zip(tags.par_chunks_mut(slab)).enumerate().for_each(|(k, (d2, tags))| {
        let rows = || slabs[k].chunks_exact(plane);
        let mut last = down[k].clone();
        for ((row, d2), tags) in rows().zip(d2.chunks_exact_mut(plane)).zip(tags.chunks_exact_mut(plane)) {
            last.step(row, &site);
            d2.copy_from_slice(&last.steps);
            tags.copy_from_slice(&last.tags);
        }
        let mut last = up[k].clone();
        for ((row, d2), tags) in rows().zip(d2.chunks_exact_mut(plane)).zip(tags.chunks_exact_mut(plane)).rev() {
            last.step(row, &site);
            for ((d2, tag), (&steps, &below)) in d2.iter_mut().zip(tags).zip(last.steps.iter().zip(&last.tags)) {
                if (steps, below) < (*d2, *tag) {
                    (*d2, *tag) = (steps, below);
                }
                *d2 = s.squared(*d2, weight, reach);
            }
        }
        for (d2, tags) in d2.chunks_exact_mut(plane).zip(tags.chunks_exact_mut(plane)) {
            across(s, d2, tags);
        }
    });
    (d2, tags)
}

/// For each column the steps back to the last site, and its tag.
#[derive(Clone)]
struct Last<T> {
    steps: Vec<u32>,
    tags: Vec<T>,
}

impl<T: Copy + Default> Last<T> {
    fn none(plane: usize) -> Self {
        Last { steps: vec![NO_SITE; plane], tags: vec![T::default(); plane] }
    }
    fn step<V: Copy>(&mut self, row: &[V], site: impl Fn(V) -> Option<T>) {
        for ((steps, tag), &v) in self.steps.iter_mut().zip(&mut self.tags).zip(row) {
            match site(v) {
                Some(t) => (*steps, *tag) = (0, t),
                None => *steps += 1,
            }
        }
    }
    /// What is seen after a slab of `rows` in which `own` was seen, coming from what was seen before.
    fn after(&self, own: &Self, rows: u32) -> Self {
        let mut out = own.clone();
        for (k, (steps, tag)) in out.steps.iter_mut().zip(&mut out.tags).enumerate() {
            if *steps >= NO_SITE {
                (*steps, *tag) = ((self.steps[k] + rows).min(NO_SITE), self.tags[k]);
            }
        }
        out
    }
}

/// What each slab sees from the slabs before it, and from those after it.
fn carries<V, T>(slabs: &[&[V]], plane: usize, site: impl Fn(V) -> Option<T> + Sync) -> (Vec<Last<T>>, Vec<Last<T>>)
where
    V: Copy + Sync,
    T: Copy + Ord + Default + Send + Sync,
{
    if slabs.len() == 1 {
        return (vec![Last::none(plane)], vec![Last::none(plane)]);
    }
    let own: Vec<(Last<T>, Last<T>)> = slabs
        .par_iter()
        .map(|slab| {
            let (mut down, mut up) = (Last::none(plane), Last::none(plane));
            slab.chunks_exact(plane).for_each(|row| down.step(row, &site));
            slab.chunks_exact(plane).rev().for_each(|row| up.step(row, &site));
            (down, up)
        })
        .collect();
    let (mut down, mut up) = (vec![Last::none(plane)], vec![Last::none(plane)]);
    let rows = |k: usize| (slabs[k].len() / plane) as u32;
    for k in 0..slabs.len() - 1 {
        down.push(down[k].after(&own[k].0, rows(k)));
        let last = slabs.len() - 1 - k;
        up.push(up[k].after(&own[last].1, rows(last)));
    }
    up.reverse();
    (down, up)
}

/// The axes that were not scanned, for one step of the one that was: rows, and in depth columns before them.
fn across<T: Copy + Ord>(s: &Search, d2: &mut [u32], tags: &mut [T]) {
    let mut stack = Vec::new();
    let x = s.shape.x;
    if !s.shape.is_flat() {
        // Sixteen columns at a time, so that every line of the cache that is touched is used.
        let y = s.shape.y;
        let (mut d, mut t) = (vec![0; y * 16], vec![tags[0]; y * 16]);
        for from in (0..x).step_by(16) {
            let columns = from..(from + 16).min(x);
            for (row, (src, tag)) in d2.chunks_exact(x).zip(tags.chunks_exact(x)).enumerate() {
                for (k, column) in columns.clone().enumerate() {
                    (d[k * y + row], t[k * y + row]) = (src[column], tag[column]);
                }
            }
            for (d, t) in d.chunks_exact_mut(y).zip(t.chunks_exact_mut(y)).take(columns.len()) {
                line(d, t, s.weights[1], s.limit, &mut stack);
            }
            for (row, (dst, tag)) in d2.chunks_exact_mut(x).zip(tags.chunks_exact_mut(x)).enumerate() {
                for (k, column) in columns.clone().enumerate() {
                    (dst[column], tag[column]) = (d[k * y + row], t[k * y + row]);
                }
            }
        }
    }
    for (d2, tags) in d2.chunks_exact_mut(x).zip(tags.chunks_exact_mut(x)) {
        line(d2, tags, s.weights[2], s.limit, &mut stack);
    }
}

/// A site of the envelope: the parabola over `at` is the lowest from `start` on.
pub(super) struct Parabola<T> {
    at: usize,
    start: usize,
    d2: i64,
    tag: T,
}

impl<T: Copy + Ord> Parabola<T> {
    fn over(&self, x: usize, weight: i64) -> (i64, T) {
        let d = x as i64 - self.at as i64;
        (self.d2 + weight * d * d, self.tag)
    }
    /// The first place where `next`, which lies to the right, wins over this one.
    fn handover(&self, next: &Self, weight: i64) -> usize {
        // d2 + w (x - at)^2 > d2' + w (x - at')^2  <=>  2 x > at + at' + (d2' - d2) / (w (at' - at))
        let (rise, slope) = (next.d2 - self.d2, weight * (next.at - self.at) as i64);
        let (quotient, exact) = match (i32::try_from(rise), i32::try_from(slope)) {
            // The shorter division is several times faster, and nearly always enough.
            (Ok(r), Ok(s)) => (i64::from(r.div_euclid(s)), r.rem_euclid(s) == 0),
            _ => (rise.div_euclid(slope), rise.rem_euclid(slope) == 0),
        };
        let twice = (self.at + next.at) as i64 + quotient;
        let tie = exact && twice & 1 == 0;
        ((twice >> 1) + i64::from(!(tie && next.tag < self.tag))).max(0) as usize
    }
}

/// One line in place: runs between voxels of distance 0.
pub(super) fn line<T: Copy + Ord>(
    d2: &mut [u32],
    tags: &mut [T],
    weight: u32,
    limit: u32,
    stack: &mut Vec<Parabola<T>>,
) {
    let mut x = 0;
    while x < d2.len() {
        if d2[x] == 0 {
            x += 1;
            continue;
        }
        let end = d2[x..].iter().position(|&d| d == 0).map_or(d2.len(), |k| x + k);
        envelope(d2, tags, x..end, i64::from(weight), stack);
        for (k, parabola) in stack.iter().enumerate() {
            let until = stack.get(k + 1).map_or(end, |next| next.start);
            for x in parabola.start..until {
                let (d, tag) = parabola.over(x, weight.into());
                if d <= i64::from(limit) {
                    (d2[x], tags[x]) = (d as u32, tag);
                } else {
                    d2[x] = FAR;
                }
            }
        }
        x = end;
    }
}

/// The lower envelope over a run, of the sites in it and those that bound it.
fn envelope<T: Copy + Ord>(
    d2: &[u32],
    tags: &[T],
    run: std::ops::Range<usize>,
    weight: i64,
    stack: &mut Vec<Parabola<T>>,
) {
    stack.clear();
    for at in run.start.saturating_sub(1)..(run.end + 1).min(d2.len()) {
        if d2[at] == FAR {
            continue;
        }
        let mut next = Parabola { at, start: run.start, d2: d2[at].into(), tag: tags[at] };
        while stack.last().is_some_and(|top| next.over(top.start, weight) < top.over(top.start, weight)) {
            stack.pop();
        }
        if let Some(top) = stack.last() {
            next.start = top.handover(&next, weight);
        }
        if next.start < run.end {
            stack.push(next);
        }
    }
}

crate::params! {
    struct Params { steps: u32, plane: u32, weight: u32, reach: u32, limit: u32, zeros: u32, tagged: u32 }
}

/// Steps of the scanned axis that an invocation walks.
const SEGMENT: usize = 64;

/// All of them.
pub(super) const KERNELS: &[&Kernel] = &[&ENDS, &SCAN, &SEARCH];

const ENDS: Kernel = Kernel {
    name: "nearest_ends",
    source: include_str!("../../shaders/nearest_ends.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("src", "u32"), write("first", "u32"), write("last", "u32")],
};

const SCAN: Kernel = Kernel {
    name: "nearest_scan",
    source: include_str!("../../shaders/nearest_scan.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("src", "u32"), read("first", "u32"), read("last", "u32"), write("d2", "u32"), write("tag", "u32")],
};

const SEARCH: Kernel = Kernel {
    name: "nearest",
    source: include_str!("../../shaders/nearest.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("d2", "u32"), read("tag", "u32"), write("d2_out", "u32"), write("tag_out", "u32")],
};

/// What is a site on the GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sites {
    /// Voxels that are 0; they have no tag.
    Zeros,
    /// All others; their value is their tag.
    Objects,
}

/// On the GPU: squared distances and tags (none for zeros).
pub(super) fn dispatch(
    s: &Search,
    gpu: &Gpu,
    src: &GpuBuffer<u32>,
    sites: Sites,
) -> Result<(GpuBuffer<u32>, GpuBuffer<u32>)> {
    let (steps, plane, weight) = s.scanned();
    let tagged = sites == Sites::Objects;
    let tags = |n| gpu.alloc(if tagged { n } else { 1 });
    let params = |steps: usize, plane: usize, weight| Params {
        steps: steps as u32,
        plane: plane as u32,
        weight,
        reach: s.reach(weight),
        limit: s.limit,
        zeros: (!tagged).into(),
        tagged: tagged.into(),
    };
    let (n, segments) = (src.len(), steps.div_ceil(SEGMENT) * plane);
    let (mut d2, mut tag) = (gpu.alloc(n)?, tags(n)?);
    let (first, last) = (gpu.alloc(segments)?, gpu.alloc(segments)?);
    let scan = params(steps, plane, weight);
    gpu.dispatch(&ENDS, segments, &scan, &[src, &first, &last])?;
    gpu.dispatch(&SCAN, segments, &scan, &[src, &first, &last, &d2, &tag])?;
    let shape = s.shape;
    let columns = (!shape.is_flat()).then_some((shape.y, shape.x, s.weights[1]));
    for (size, stride, weight) in columns.into_iter().chain([(shape.x, 1, s.weights[2])]) {
        let to = (gpu.alloc(n)?, tags(n)?);
        gpu.dispatch(&SEARCH, n, &params(size, stride, weight), &[&d2, &tag, &to.0, &to.1])?;
        (d2, tag) = to;
    }
    Ok((d2, tag))
}
