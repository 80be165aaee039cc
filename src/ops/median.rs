//! Exact median of a box, edges replicated.
//!
//! `out[i]` is the sample of rank `(n - 1) / 2` among the `n = (2 rz + 1)(2 ry + 1)(2 rx + 1)` around i; n is odd, so it
//! is always one of them. The median is unique, so the two sides may go their own ways. The shader finds it bit by bit.
//! The CPU takes small boxes through a network of exchanges, see `median_network.rs`; large boxes through a histogram that
//! slides along the row (Huang et al. 1979) where samples span at most 16 bits, else by selection.
//! Bit budget: comparisons only. Reference: `scipy.ndimage.median_filter(mode="nearest")`, exactly.

use super::median_network::{self, Network, Room};
use super::median_written::{of_five, of_three};
use super::op::words;
use super::{Case, Op};
use crate::device::kernel::{Kernel, MOST_TURNS, read, write};
use crate::device::{Buffer, Device};
use crate::image::Volume;
use crate::simd::{self, Narrow, Sample};
use crate::units::Shape;
use crate::{Error, Result};
use rayon::prelude::*;

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "median",
    summary: "Median in a box",
    reference: "scipy.ndimage.median_filter",
    kernels: &[&KERNEL],
    uses: &[],
    cases: &[
        Case { name: "radius 1", run: |d, i| words(d, median(d, &i.volume(d)?, [1; 3])?) },
        Case { name: "radius 0 by 2 by 3", run: |d, i| words(d, median(d, &i.volume(d)?, [0, 2, 3])?) },
        Case { name: "radius 1 by 7 by 4", run: |d, i| words(d, median(d, &i.volume(d)?, [1, 7, 4])?) },
        Case { name: "radius 0 by 40 by 60", run: |d, i| words(d, median(d, &i.volume(d)?, [0, 40, 60])?) },
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

/// Times that the shader goes over a box, at most: once for each bit, and once to see which of them differ.
const TURNS_A_VOXEL: usize = 33;

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
    if voxels == 1 {
        return Ok(src.clone());
    }
    let samples = match device {
        Device::Cpu => {
            let samples = src.samples.host()?;
            Buffer::on_host(match Narrow::of(samples) {
                Some(narrow) => {
                    let (take, give) = (|s| narrow.word(s), |w| narrow.sample(w));
                    twin(samples, src.shape, r, take, give, |out, rows, window, counts| counts.slide(out, rows, window))
                }
                None => twin(samples, src.shape, r, |s| s, |s| s, |out, rows, window, _| select(out, rows, window)),
            })
        }
        // The CPU slides along rows; a shader would go over the whole box for each bit of each voxel.
        Device::Gpu(_) if voxels * TURNS_A_VOXEL > MOST_TURNS => {
            return median(&Device::Cpu, &src.to_host()?, r)?.to(device);
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

/// The rows around a row: of each slice of the box a ring, and beyond the edge its row again.
struct Rows<T> {
    padded: Vec<T>,
    length: usize,
    /// Where each begins.
    starts: Vec<usize>,
}

impl<T> Rows<T> {
    /// In no order.
    fn each(&self, f: impl FnMut(&[T])) {
        self.padded.chunks_exact(self.length).for_each(f);
    }
}

/// `take` and `give` turn samples into what is compared, and back; `large` does a row of a box that is too large for a
/// network.
fn twin<T: Sample>(
    src: &[i32],
    shape: Shape,
    [rz, ry, rx]: [usize; 3],
    take: impl Fn(i32) -> T + Sync,
    give: impl Fn(T) -> i32 + Sync,
    large: impl Fn(&mut [T], &Rows<T>, usize, &mut Histogram) + Sync,
) -> Vec<i32> {
    let (high, window) = (2 * ry + 1, 2 * rx + 1);
    let count = (2 * rz + 1) * high;
    let network = (count * window <= median_network::MOST).then(|| Network::new(count, window));
    let length = median_network::padded_length(shape.x, window);
    let begin = || {
        let starts = (0..count).map(|k| k * length).collect();
        let rows = Rows { padded: vec![T::default(); count * length], length, starts };
        (rows, vec![T::default(); shape.x], Room::default(), Histogram::new())
    };
    let mut out = simd::zeros(src.len());
    simd::blocks(&mut out, shape).into_par_iter().for_each_init(begin, |work, (z, first, out)| {
        let (rows, medians, room, histogram) = work;
        let (mut next, last) = (0, out.len() / shape.x - 1);
        for (y, out) in out.chunks_exact_mut(shape.x).enumerate() {
            // Those that come into reach, the first time all.
            while next < y + high && next <= last + 2 * ry {
                let yy = (first + next).saturating_sub(ry).min(shape.y - 1);
                for dz in 0..=2 * rz {
                    let zz = (z + dz).saturating_sub(rz).min(shape.z - 1);
                    let start = rows.starts[dz * high + next % high];
                    let row = &src[shape.index(zz, yy, 0)..][..shape.x];
                    let (before, rest) = rows.padded[start..start + length].split_at_mut(rx);
                    let (middle, behind) = rest.split_at_mut(shape.x);
                    before.fill(take(row[0]));
                    simd::convert(middle, row, &take);
                    behind.fill(take(row[shape.x - 1]));
                }
                next += 1;
            }
            match ([count, window], &network) {
                ([3, 3], _) => of_three(medians, &rows.padded, &rows.starts, &mut room.sorted, length),
                ([5, 5], _) => of_five(medians, &rows.padded, &rows.starts, &mut room.sorted, length),
                (_, Some(network)) => network.select(medians, &rows.padded, &rows.starts, room),
                _ => large(medians, rows, window, histogram),
            }
            simd::convert(out, medians, &give);
        }
    });
    out
}

/// Selection for samples that span more than 16 bits.
fn select(out: &mut [i32], rows: &Rows<i32>, window: usize) {
    let voxels = rows.starts.len() * window;
    let mut list = Vec::with_capacity(voxels);
    for (x, o) in out.iter_mut().enumerate() {
        list.clear();
        rows.each(|row| list.extend_from_slice(&row[x..x + window]));
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

    fn slide(&mut self, out: &mut [u16], rows: &Rows<u16>, window: usize) {
        self.fine.clear();
        self.fine.resize(65_536, 0);
        self.coarse.clear();
        self.coarse.resize(256, 0);
        (self.bin, self.below) = (0, 0);
        let bin = |s: u16| usize::from(s);
        let rank = (rows.starts.len() * window / 2) as u32;
        rows.each(|row| row[..window].iter().for_each(|&s| self.add(bin(s))));
        let last = out.len() - 1;
        for (x, o) in out.iter_mut().enumerate() {
            self.settle(rank);
            *o = self.bin as u16;
            if x < last {
                rows.each(|row| {
                    self.remove(bin(row[x]));
                    self.add(bin(row[x + window]));
                });
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

    /// Oracle: sort the box.
    #[test]
    fn the_median_is_the_middle_of_the_sorted_box() {
        for input in inputs().unwrap() {
            let (v, n) = (&input.volume, input.volume.shape.zyx());
            for radius in [[1usize, 1, 1], [0, 1, 1], [0, 2, 2], [0, 3, 3], [1, 0, 0], [0, 0, 4], [2, 6, 5]] {
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
