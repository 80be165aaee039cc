//! Range and histogram of a volume: counts of integers, exact in any order.
//!
//! `range` is the least and the greatest sample. `histogram` counts samples in bins given by their lower edges:
//! bin k holds `edge[k] <= s < edge[k + 1]`, the last bin everything from its edge up; what lies below the first edge
//! is counted nowhere. Bins may be empty by construction (equal edges), as where there are fewer integers than bins.
//! Limits: 65,536 bins; counts are u32 and a volume has fewer voxels than 2^31.
//! Reference: `numpy.histogram`.

use super::{Case, Op};
use crate::device::kernel::{Kernel, atomic, read};
use crate::device::{Device, Gpu, GpuBuffer};
use crate::image::Volume;
use crate::simd::span;
use crate::{Error, Result};
use rayon::prelude::*;

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "histogram",
    summary: "Counts of samples in bins",
    reference: "numpy.histogram",
    cases: &[
        Case {
            name: "64 linear bins",
            run: |d, i| {
                let v = i.volume(d)?;
                let (min, max) = range(d, &v)?;
                let mut words = histogram(d, &v, &Bins::linear(min, max, 64))?;
                words.extend([min as u32, max as u32]);
                Ok(words)
            },
        },
        Case {
            name: "one bin an integer",
            run: |d, i| histogram(d, &i.volume(d)?, &Bins::Unit { min: 3, max: 60_000 }),
        },
        Case {
            name: "bins equally wide in the square root",
            run: |d, i| histogram(d, &i.volume(d)?, &Bins::spaced(-4, 65_535, 5000, BinScale::Sqrt)),
        },
    ],
};

/// Most bins of a histogram.
pub const MAX_BINS: usize = 65_536;

/// Where samples are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bins {
    /// One bin for each integer of `min..=max`; samples outside are not counted.
    Unit {
        /// First bin.
        min: i32,
        /// Last bin.
        max: i32,
    },
    /// Ascending lower edges, one a bin. The last bin has no end.
    Edges(Vec<i32>),
}

/// On which scale bins are equally wide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BinScale {
    /// In the sample `s` itself.
    #[default]
    Linear,
    /// In `sqrt(max(s, 0))`.
    Sqrt,
    /// In `ln(max(s, 1))`.
    Log,
}

impl BinScale {
    /// From a sample to the scale.
    pub fn forward(self, sample: f64) -> f64 {
        match self {
            BinScale::Linear => sample,
            BinScale::Sqrt => libm::sqrt(sample.max(0.0)),
            BinScale::Log => libm::log(sample.max(1.0)),
        }
    }
    /// From the scale to samples.
    pub fn back(self, value: f64) -> f64 {
        match self {
            BinScale::Linear => value,
            BinScale::Sqrt => value * value,
            BinScale::Log => libm::exp(value),
        }
    }
    /// The `n + 1` edges of equal bins between two samples, on the scale.
    pub fn edges(self, min: i32, max: i32, n: usize) -> Vec<f64> {
        let (a, b) = (self.forward(min.into()), self.forward(max.into()));
        let step = (b - a) / n as f64;
        (0..=n).map(|k| if k == n { b } else { a + k as f64 * step }).collect()
    }
}

impl Bins {
    /// `n` bins of equal width from `min` to `max`, as `numpy.histogram` has them: edge k is
    /// `ceil(min + k (max - min) / n)`, in integers. (Numpy rounds its edges to f64; for a number of bins that is not
    /// a power of two it may put a sample that lies exactly on an edge one bin lower.)
    pub fn linear(min: i32, max: i32, n: usize) -> Self {
        let n = n.clamp(1, MAX_BINS) as i64;
        let width = (i64::from(max) - i64::from(min)).max(0);
        // Below 2^16 times 2^32: fits in i64.
        let edge = |k: i64| (i64::from(min) + (k * width + n - 1) / n) as i32;
        Bins::Edges((0..n).map(edge).collect())
    }

    /// `n` bins between the samples `min` and `max` that are equally wide on a scale. Edge k is the least integer
    /// that the scale puts at or above `BinScale::edges[k]`.
    pub fn spaced(min: i32, max: i32, n: usize, spacing: BinScale) -> Self {
        if spacing == BinScale::Linear {
            return Bins::linear(min, max, n);
        }
        let least = |edge: f64| {
            let (mut low, mut high) = (i64::from(min), i64::from(max));
            while low < high {
                let middle = low + (high - low) / 2;
                if spacing.forward(middle as f64) >= edge { high = middle } else { low = middle + 1 }
            }
            low as i32
        };
        let n = n.clamp(1, MAX_BINS);
        Bins::Edges(spacing.edges(min, max, n)[..n].iter().map(|&e| least(e)).collect())
    }

    /// Number of bins.
    ///
    /// # Errors
    /// None, over 65,536, or edges that descend.
    pub fn count(&self) -> Result<usize> {
        let n = match self {
            Bins::Unit { min, max } => i64::from(*max) - i64::from(*min) + 1,
            Bins::Edges(e) if e.is_sorted() => e.len() as i64,
            Bins::Edges(_) => return Err(Error::usage("the edges of a histogram descend")),
        };
        if (1..=MAX_BINS as i64).contains(&n) {
            return Ok(n as usize);
        }
        Err(Error::limit(format!("a histogram of {n} bins")).remedy("1 to 65536 bins"))
    }
}

crate::params! {
    struct Params { size: u32, bins: u32, min: i32, edges: u32 }
}

const RANGE: Kernel = Kernel {
    name: "histogram_range",
    source: include_str!("../../shaders/histogram_range.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("src", "i32"), atomic("found", "i32")],
};

const FEW: Kernel = Kernel {
    name: "histogram_few",
    source: include_str!("../../shaders/histogram_few.wgsl"),
    shared: &[include_str!("../../shaders/shared/bin.wgsl")],
    params: Params::WGSL,
    arrays: &[read("src", "i32"), read("edge", "i32"), atomic("bins", "u32")],
};

const MANY: Kernel = Kernel {
    name: "histogram",
    source: include_str!("../../shaders/histogram.wgsl"),
    shared: &[include_str!("../../shaders/shared/bin.wgsl")],
    params: Params::WGSL,
    arrays: &[read("src", "i32"), read("edge", "i32"), atomic("bins", "u32")],
};

/// Samples that one workgroup of a cooperative kernel takes; the shaders know it too.
const BLOCK: usize = 4096;
/// Bins that fit a workgroup's memory (16 KiB at the smallest); the shader knows it too.
const FEW_BINS: usize = 2048;

/// The least and the greatest sample; `(0, 0)` for a volume without voxels.
///
/// # Errors
/// The device is lost.
pub fn range(device: &Device, src: &Volume) -> Result<(i32, i32)> {
    ranges(device, [src]).map(|[range]| range)
}

/// The ranges of several volumes, read back together.
///
/// # Errors
/// The device is lost.
pub fn ranges<const N: usize>(device: &Device, all: [&Volume; N]) -> Result<[(i32, i32); N]> {
    let mut ranges = [(0, 0); N];
    match device {
        Device::Cpu => {
            for (range, src) in ranges.iter_mut().zip(all).filter(|(_, src)| !src.samples.is_empty()) {
                *range = span(src.samples.host()?);
            }
        }
        Device::Gpu(gpu) => {
            let mut buffers = Vec::with_capacity(N);
            for src in all {
                let samples = src.samples.gpu()?;
                let found = gpu.upload(&[i32::MAX, i32::MIN])?.cast();
                let params = Params { size: samples.len() as u32, bins: 0, min: 0, edges: 0 };
                gpu.dispatch(&RANGE, samples.len().div_ceil(BLOCK), &params, &[&samples.cast(), &found])?;
                buffers.push(found);
            }
            for ((range, words), src) in ranges.iter_mut().zip(gpu.download_all(&buffers)?).zip(all) {
                if let ([min, max], false) = (&words[..], src.samples.is_empty()) {
                    *range = (*min as i32, *max as i32);
                }
            }
        }
    }
    Ok(ranges)
}

/// How many samples each bin holds.
///
/// # Errors
/// Bins that [`Bins::count`] refuses; the device is lost or too small.
pub fn histogram(device: &Device, src: &Volume, bins: &Bins) -> Result<Vec<u32>> {
    histograms(device, [(src, bins)]).map(|[counts]| counts)
}

/// Several histograms, read back together.
///
/// # Errors
/// As for [`histogram`].
pub fn histograms<const N: usize>(device: &Device, all: [(&Volume, &Bins); N]) -> Result<[Vec<u32>; N]> {
    let mut counts = [const { Vec::new() }; N];
    match device {
        Device::Cpu => {
            for (counts, (src, bins)) in counts.iter_mut().zip(all) {
                *counts = twin(src.samples.host()?, bins, bins.count()?);
            }
        }
        Device::Gpu(gpu) => {
            let one = |(src, bins): (&Volume, &Bins)| dispatch(gpu, src.samples.gpu()?, bins, bins.count()?);
            let buffers = all.into_iter().map(one).collect::<Result<Vec<_>>>()?;
            counts.iter_mut().zip(gpu.download_all(&buffers)?).for_each(|(counts, words)| *counts = words);
        }
    }
    Ok(counts)
}

fn dispatch(gpu: &Gpu, samples: &GpuBuffer<i32>, bins: &Bins, n: usize) -> Result<GpuBuffer<u32>> {
    let (min, edges) = match bins {
        Bins::Unit { min, .. } => (*min, gpu.upload(&[*min])?),
        Bins::Edges(e) => (e[0], gpu.upload(e)?),
    };
    let is_edges = matches!(bins, Bins::Edges(_));
    let params = Params { size: samples.len() as u32, bins: n as u32, min, edges: is_edges.into() };
    let counts = gpu.zeros::<u32>(n)?;
    let arrays = [&samples.cast(), &edges.cast(), &counts];
    if n <= FEW_BINS {
        gpu.dispatch(&FEW, samples.len().div_ceil(BLOCK), &params, &arrays)?;
    } else {
        gpu.dispatch(&MANY, samples.len(), &params, &arrays)?;
    }
    Ok(counts)
}

/// A histogram a thread, added up.
fn twin(samples: &[i32], bins: &Bins, n: usize) -> Vec<u32> {
    let block = samples.len().div_ceil(rayon::current_num_threads()).max(1 << 15);
    let table = lookup(bins);
    let count = |samples: &[i32]| {
        let mut counts = vec![0u32; n];
        match (bins, &table) {
            (Bins::Unit { min, .. }, _) => {
                for &s in samples {
                    // A sample below the first bin wraps round to a number above the last.
                    if let Some(c) = counts.get_mut(s.wrapping_sub(*min) as u32 as usize) {
                        *c += 1;
                    }
                }
            }
            (Bins::Edges(e), Some(table)) => {
                for &s in samples.iter().filter(|&&s| s >= e[0]) {
                    let at = (s.wrapping_sub(e[0]) as u32 as usize).min(table.len() - 1);
                    counts[table[at] as usize] += 1;
                }
            }
            (Bins::Edges(e), None) => {
                for &s in samples.iter().filter(|&&s| s >= e[0]) {
                    counts[e.partition_point(|&edge| edge <= s) - 1] += 1;
                }
            }
        }
        counts
    };
    let add = |mut a: Vec<u32>, b: Vec<u32>| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        a
    };
    samples.par_chunks(block).map(count).reduce(|| vec![0; n], add)
}

/// The bin of each integer between the first and the last edge, where those are few.
fn lookup(bins: &Bins) -> Option<Vec<u32>> {
    let Bins::Edges(e) = bins else { return None };
    let (first, last) = (*e.first()?, *e.last()?);
    if i64::from(last) - i64::from(first) >= MAX_BINS as i64 {
        return None;
    }
    let mut bin = 0;
    let step = |s: i32| {
        while bin + 1 < e.len() && e[bin + 1] <= s {
            bin += 1;
        }
        bin as u32
    };
    Some((first..=last).map(step).collect())
}

#[cfg(test)]
mod tests {
    //! Oracle: the definition, sample by sample.
    use super::*;
    use crate::units::Shape;
    use proptest::prelude::*;

    fn volume(samples: Vec<i32>) -> Volume {
        Volume::new(Shape::flat(1, samples.len()), samples).unwrap()
    }

    #[test]
    fn three_bins_over_four_integers() {
        let Bins::Edges(e) = Bins::linear(0, 3, 3) else { unreachable!() };
        assert_eq!(e, [0, 1, 2]);
        let v = volume(vec![0, 1, 1, 2, 3, 3]);
        assert_eq!(range(&Device::Cpu, &v).unwrap(), (0, 3));
        // As numpy.histogram([0, 1, 1, 2, 3, 3], 3): the last bin holds 2 and 3.
        assert_eq!(histogram(&Device::Cpu, &v, &Bins::linear(0, 3, 3)).unwrap(), [1, 2, 3]);
        // As numpy.histogram([0, 1, 1, 2, 3, 3], 6): bins without an integer stay empty.
        assert_eq!(histogram(&Device::Cpu, &v, &Bins::linear(0, 3, 6)).unwrap(), [1, 0, 2, 0, 1, 2]);
    }

    #[test]
    fn square_roots_of_0_to_9_in_three_bins() {
        let Bins::Edges(e) = Bins::spaced(-3, 9, 3, BinScale::Sqrt) else { unreachable!() };
        assert_eq!(e, [-3, 1, 4]);
    }

    #[test]
    fn the_whole_range_of_i32_fits() {
        let v = volume(vec![i32::MIN, -1, 0, i32::MAX]);
        assert_eq!(histogram(&Device::Cpu, &v, &Bins::linear(i32::MIN, i32::MAX, 2)).unwrap(), [2, 2]);
        assert!(histogram(&Device::Cpu, &v, &Bins::Unit { min: 0, max: 65_536 }).is_err());
        assert!(histogram(&Device::Cpu, &v, &Bins::Edges(vec![])).is_err());
        assert!(histogram(&Device::Cpu, &v, &Bins::Edges(vec![2, 1])).is_err());
    }

    proptest! {
        #[test]
        fn counts_follow_the_definition(
            samples in proptest::collection::vec(-100_000..100_000i32, 1..200),
            mut edges in proptest::collection::vec(-120_000..120_000i32, 1..40),
            narrow in any::<bool>(),
        ) {
            edges.sort();
            if narrow {
                edges.iter_mut().for_each(|e| *e /= 10);
            }
            let got = histogram(&Device::Cpu, &volume(samples.clone()), &Bins::Edges(edges.clone())).unwrap();
            for (k, got) in got.iter().enumerate() {
                let end = edges.get(k + 1).map_or(i64::MAX, |&e| e.into());
                let want = samples.iter().filter(|&&s| s >= edges[k] && i64::from(s) < end).count();
                prop_assert_eq!(*got as usize, want);
            }
        }
    }
}
