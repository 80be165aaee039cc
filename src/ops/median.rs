//! Exact median of a box, edges replicated.
//!
//! `out[i]` is the sample of rank `(n - 1) / 2` among the `n = (2 rz + 1)(2 ry + 1)(2 rx + 1)` around i; n is odd, so it
//! is always one of them. The median is unique, so the two sides may go their own ways. The shader finds it bit by bit.
//! The CPU takes small boxes through a sorting network of which only what the middle needs is left (Batcher 1968), many
//! columns at once; large boxes through a histogram that slides along the row (Huang et al. 1979) where samples span at
//! most 16 bits, else by selection.
//! Bit budget: comparisons only. Reference: `scipy.ndimage.median_filter(mode="nearest")`, exactly.

use super::cases::words;
use super::lanes::{pad, wide};
use super::narrow::{Narrow, Sample};
use super::{Border, Case, Op};
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Buffer, Device};
use crate::units::Shape;
use crate::volume::Volume;
use crate::{Error, Result};
use rayon::prelude::*;

/// The room's entry.
pub const OP: Op = Op {
    name: "median",
    summary: "Median in a box",
    reference: "scipy.ndimage.median_filter",
    cases: &[
        Case { name: "radius 1", run: |d, i| words(d, median(d, &i.volume(d)?, [1; 3])?) },
        Case { name: "radius 0 by 2 by 3", run: |d, i| words(d, median(d, &i.volume(d)?, [0, 2, 3])?) },
        Case { name: "radius 1 by 7 by 4", run: |d, i| words(d, median(d, &i.volume(d)?, [1, 7, 4])?) },
    ],
};

crate::params! {
    struct Params { z: u32, y: u32, x: u32, radius_z: u32, radius_y: u32, radius_x: u32, rank: u32 }
}

const KERNEL: Kernel = Kernel {
    name: "median",
    source: include_str!("../../shaders/median.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("src", "i32"), write("dst", "i32")],
};

/// Median of the box of `2 radius + 1` voxels, radius in voxels in the order z, y, x. An axis of one voxel counts once.
///
/// # Errors
/// A radius over 100 voxels; the device is lost or too small.
pub fn median(device: &Device, src: &Volume, radius: [usize; 3]) -> Result<Volume> {
    if let Some(r) = radius.iter().find(|&&r| r > 100) {
        return Err(Error::usage(format!("a median of radius {r} px")).remedy("at most 100 px"));
    }
    let mut r = radius;
    for (r, n) in r.iter_mut().zip(src.shape.zyx()) {
        if n == 1 {
            *r = 0;
        }
    }
    let voxels: usize = r.iter().map(|r| 2 * r + 1).product();
    let samples = match device {
        Device::Cpu => {
            let samples = src.samples.host()?;
            Buffer::on_host(match Narrow::of(samples) {
                Some(narrow) => {
                    narrow.wide(&twin(&narrow.words, src.shape, r, |out, padded, length, window, counts| {
                        counts.slide(out, padded, length, window);
                    }))
                }
                None => {
                    twin(samples, src.shape, r, |out, padded, length, window, _| select(out, padded, length, window))
                }
            })
        }
        Device::Gpu(gpu) => {
            let from = src.samples.gpu()?;
            let to = gpu.alloc::<i32>(from.len())?;
            let params = Params {
                z: src.shape.z as u32,
                y: src.shape.y as u32,
                x: src.shape.x as u32,
                radius_z: r[0] as u32,
                radius_y: r[1] as u32,
                radius_x: r[2] as u32,
                rank: (voxels / 2) as u32,
            };
            gpu.dispatch(&KERNEL, from.len(), &params, &[&from.cast(), &to.cast()])?;
            Buffer::Gpu(to)
        }
    };
    Ok(src.with(samples))
}

/// Boxes up to this many voxels go through a network.
const NETWORK_VOXELS: usize = 125;

/// `large` does a row of a box that is too large for a network, as [`select_by_network`] does one of a small box.
fn twin<T: Sample>(
    src: &[T],
    shape: Shape,
    radius: [usize; 3],
    large: impl Fn(&mut [T], &[T], usize, usize, &mut Histogram) + Sync,
) -> Vec<T> {
    let [rz, ry, rx] = radius;
    let rows = (2 * rz + 1) * (2 * ry + 1);
    let window = 2 * rx + 1;
    let network = if rows * window <= NETWORK_VOXELS { Some(network(rows * window)) } else { None };
    let length = shape.x + 2 * rx;
    let mut out = vec![T::default(); src.len()];
    let scratch = || (vec![T::default(); rows * length], Histogram::new());
    out.par_chunks_mut(shape.x.max(1)).enumerate().for_each_init(scratch, |(padded, histogram), (line, out)| {
        let near = |at: usize, k: usize, r: usize, n: usize| (at + k).saturating_sub(r).min(n - 1);
        let around = (0..=2 * rz).flat_map(|dz| (0..=2 * ry).map(move |dy| (dz, dy)));
        for ((dz, dy), padded) in around.zip(padded.chunks_exact_mut(length)) {
            let (z, y) = (near(line / shape.y, dz, rz, shape.z), near(line % shape.y, dy, ry, shape.y));
            pad(Border::Nearest, &src[shape.index(z, y, 0)..][..shape.x], rx, padded);
        }
        match &network {
            Some(steps) => select_by_network(out, padded, length, window, steps),
            None => large(out, padded, length, window, histogram),
        }
    });
    out
}

/// Compare and exchange: the smaller goes to the first place, the larger to the second.
#[derive(Clone, Copy, Debug)]
struct Exchange(usize, usize);

/// Batcher's merge exchange for n values, without what the middle value does not need.
fn network(n: usize) -> Vec<Exchange> {
    let mut all = Vec::new();
    let top = n.next_power_of_two() / 2;
    let mut p = top;
    while p > 0 {
        let (mut q, mut r, mut d) = (top, 0, p);
        loop {
            all.extend((0..n.saturating_sub(d)).filter(|i| i & p == r).map(|i| Exchange(i, i + d)));
            if q == p {
                break;
            }
            d = q - p;
            q /= 2;
            r = p;
        }
        p /= 2;
    }
    let mut needed = vec![false; n];
    needed[n / 2] = true;
    let mut kept: Vec<Exchange> = Vec::new();
    for e in all.into_iter().rev() {
        if needed[e.0] || needed[e.1] {
            needed[e.0] = true;
            needed[e.1] = true;
            kept.push(e);
        }
    }
    kept.reverse();
    kept
}

/// Columns that go through the network together.
const LANES: usize = 128;

wide! {
    /// A row of medians of a small box. `padded` holds the rows of the box, each of `length`.
    fn select_by_network<T: Sample>(out: &mut [T], padded: &[T], length: usize, window: usize, steps: &[Exchange]) {
        let mut lanes = [[T::default(); LANES]; NETWORK_VOXELS];
        let voxels = padded.len() / length * window;
        for (b, out) in out.chunks_mut(LANES).enumerate() {
            for (k, lane) in lanes[..voxels].iter_mut().enumerate() {
                let from = k / window * length + k % window + b * LANES;
                lane[..out.len()].copy_from_slice(&padded[from..from + out.len()]);
            }
            for &Exchange(a, b) in steps {
                let (before, after) = lanes.split_at_mut(b);
                for (s, t) in before[a].iter_mut().zip(&mut after[0]) {
                    (*s, *t) = ((*s).min(*t), (*s).max(*t));
                }
            }
            out.copy_from_slice(&lanes[voxels / 2][..out.len()]);
        }
    }
}

/// Selection for samples that span more than 16 bits.
fn select(out: &mut [i32], padded: &[i32], length: usize, window: usize) {
    let voxels = padded.len() / length * window;
    let mut list = Vec::with_capacity(voxels);
    for (x, o) in out.iter_mut().enumerate() {
        list.clear();
        padded.chunks_exact(length).for_each(|row| list.extend_from_slice(&row[x..x + window]));
        *o = *list.select_nth_unstable(voxels / 2).1;
    }
}

/// Counts of samples, with the place of the median: `below` samples lie in bins before `bin`.
struct Histogram {
    fine: Vec<u32>,
    /// Sums of 256 bins.
    coarse: Vec<u32>,
    bin: usize,
    below: u32,
}

impl Histogram {
    fn new() -> Self {
        Histogram { fine: Vec::new(), coarse: Vec::new(), bin: 0, below: 0 }
    }

    fn slide(&mut self, out: &mut [u16], padded: &[u16], length: usize, window: usize) {
        self.fine.clear();
        self.fine.resize(65_536, 0);
        self.coarse.clear();
        self.coarse.resize(256, 0);
        (self.bin, self.below) = (0, 0);
        let bin = |s: u16| usize::from(s);
        let rank = (padded.len() / length * window / 2) as u32;
        for row in padded.chunks_exact(length) {
            row[..window].iter().for_each(|&s| self.add(bin(s)));
        }
        let last = out.len() - 1;
        for (x, o) in out.iter_mut().enumerate() {
            self.settle(rank);
            *o = self.bin as u16;
            if x < last {
                for row in padded.chunks_exact(length) {
                    self.remove(bin(row[x]));
                    self.add(bin(row[x + window]));
                }
            }
        }
    }

    fn add(&mut self, bin: usize) {
        self.fine[bin] += 1;
        self.coarse[bin / 256] += 1;
        self.below += (bin < self.bin) as u32;
    }

    fn remove(&mut self, bin: usize) {
        self.fine[bin] -= 1;
        self.coarse[bin / 256] -= 1;
        self.below -= (bin < self.bin) as u32;
    }

    /// Moves to the bin that holds this rank, 256 bins at a time where none of them does.
    fn settle(&mut self, rank: u32) {
        while self.below > rank {
            while self.bin.is_multiple_of(256) && self.below - self.coarse[self.bin / 256 - 1] > rank {
                self.below -= self.coarse[self.bin / 256 - 1];
                self.bin -= 256;
            }
            self.bin -= 1;
            self.below -= self.fine[self.bin];
        }
        while self.below + self.fine[self.bin] <= rank {
            self.below += self.fine[self.bin];
            self.bin += 1;
            while self.bin.is_multiple_of(256) && self.below + self.coarse[self.bin / 256] <= rank {
                self.below += self.coarse[self.bin / 256];
                self.bin += 256;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::inputs;

    #[test]
    fn a_literal_grid() {
        let v = Volume::new(Shape::flat(3, 3), vec![9, 1, 2, 3, 8, 4, 5, 6, 7]).unwrap();
        let out = median(&Device::Cpu, &v, [0, 1, 1]).unwrap();
        // scipy.ndimage.median_filter(size=3, mode="nearest")
        assert_eq!(out.samples.host().unwrap(), [8, 3, 2, 5, 5, 4, 5, 6, 7]);
    }

    /// Invariant: by the principle of zeros and ones, a network that is right for zeros and ones is right.
    #[test]
    fn networks_find_the_middle_of_zeros_and_ones() {
        for n in [1usize, 3, 9, 15] {
            let steps = network(n);
            for bits in 0u32..1 << n {
                let mut v: Vec<u32> = (0..n).map(|k| bits >> k & 1).collect();
                for &Exchange(a, b) in &steps {
                    (v[a], v[b]) = (v[a].min(v[b]), v[a].max(v[b]));
                }
                assert_eq!(v[n / 2], u32::from(bits.count_ones() as usize > n / 2));
            }
        }
    }

    /// Oracle: sort the box.
    #[test]
    fn the_median_is_the_middle_of_the_sorted_box() {
        for input in inputs().unwrap() {
            let (v, n) = (&input.volume, input.volume.shape.zyx());
            for radius in [[1usize, 1, 1], [0, 3, 3], [2, 6, 5]] {
                let out = median(&Device::Cpu, v, radius).unwrap();
                let s = v.samples.host().unwrap();
                for (i, &got) in out.samples.host().unwrap().iter().enumerate() {
                    let at = v.shape.position(i);
                    let mut list = Vec::new();
                    let reach = |a: usize| {
                        (0..=2 * radius[a]).map(move |k| (at[a] + k).saturating_sub(radius[a]).min(n[a] - 1))
                    };
                    for z in reach(0) {
                        for y in reach(1) {
                            list.extend(reach(2).map(|x| s[v.shape.index(z, y, x)]));
                        }
                    }
                    list.sort_unstable();
                    assert_eq!(got, list[list.len() / 2], "{}, {radius:?}, {i}", input.name);
                }
            }
        }
    }
}
