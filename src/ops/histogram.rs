//! Range and histogram of a volume: counts of integers, exact in any order.
//!
//! `range` is the least and the greatest sample. `histogram` counts samples in bins given by their lower edges:
//! bin k holds `edge[k] <= s < edge[k + 1]`, the last bin everything from its edge up; what lies below the first edge
//! is counted nowhere. Bins may be empty by construction (equal edges), as where there are fewer integers than bins.
//! Limits: 65,536 bins; counts are u32 and a volume has fewer voxels than 2^31.
//! Reference: `numpy.histogram`.

use super::tally::{Finder, Tally, sum};
use super::{Case, Op};
use crate::Result;
use crate::device::kernel::{Kernel, atomic, read};
use crate::device::{Device, Gpu, GpuBuffer};
use crate::image::Volume;
use crate::simd::{convert2, span};
use rayon::prelude::*;

pub use super::histogram_bins::{BinScale, Bins, MAX_BINS};

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "histogram",
    summary: "Counts of samples in bins",
    reference: "numpy.histogram",
    kernels: &[&RANGE, &FEW, &MANY],
    uses: &[],
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
pub(super) const FEW_BINS: usize = 2048;

/// The least and the greatest sample; `(0, 0)` for a volume without voxels. A volume is looked at once, and a device waited for once.
///
/// # Errors
/// The device is lost.
pub fn range(device: &Device, src: &Volume) -> Result<(i32, i32)> {
    if let Some(known) = src.samples.known_range() {
        return Ok(known);
    }
    let range = match device {
        Device::Cpu => span(src.samples.host()?),
        Device::Gpu(gpu) => found_range(&find_range(gpu, src.samples.gpu()?)?.download()?),
    };
    src.samples.know_range(range);
    Ok(range)
}

/// The least and the greatest sample, on the device.
pub(super) fn find_range(gpu: &Gpu, samples: &GpuBuffer<i32>) -> Result<GpuBuffer<u32>> {
    let found = gpu.upload(&[i32::MAX, i32::MIN])?.cast();
    let params = Params { size: samples.len() as u32, bins: 0, min: 0, edges: 0 };
    gpu.dispatch(&RANGE, samples.len().div_ceil(BLOCK), &params, &[&samples.cast(), &found])?;
    Ok(found)
}

/// The range that a device has found; `(0, 0)` if there was no sample.
pub(super) fn found_range(words: &[u32]) -> (i32, i32) {
    match words {
        [min, max] if *min as i32 <= *max as i32 => (*min as i32, *max as i32),
        _ => (0, 0),
    }
}

/// How many samples each bin holds.
///
/// # Errors
/// Bins that [`Bins::count`] refuses; the device is lost or too small.
pub fn histogram(device: &Device, src: &Volume, bins: &Bins) -> Result<Vec<u32>> {
    match device {
        Device::Cpu => Ok(twin(src.samples.host()?, bins, bins.count()?)),
        Device::Gpu(gpu) => dispatch(gpu, src.samples.gpu()?, bins)?.download(),
    }
}

/// The same on the device.
fn dispatch(gpu: &Gpu, samples: &GpuBuffer<i32>, bins: &Bins) -> Result<GpuBuffer<u32>> {
    let n = bins.count()?;
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

/// How many samples each bin holds, of those where `near` is 0: on the host.
///
/// # Errors
/// Bins that [`Bins::count`] refuses; the volume is on a device.
pub(super) fn histogram_beyond(src: &Volume, near: &[u8], bins: &Bins) -> Result<Vec<u32>> {
    let (samples, n, finder) = (src.samples.host()?, bins.count()?, Finder::of(bins));
    let block = block(samples);
    let count = |(samples, near): (&[i32], &[u8])| {
        let (mut tally, mut far) = (Tally::new(n), vec![0; FEW_BINS]);
        for (samples, near) in samples.chunks(FEW_BINS).zip(near.chunks(FEW_BINS)) {
            let far = &mut far[..samples.len()];
            convert2(far, samples, near, &|s, near| if near == 0 { s } else { i32::MIN });
            tally.count(far, &finder);
        }
        tally.counts()
    };
    let mut counts = samples.par_chunks(block).zip(near.par_chunks(block)).map(count).reduce(|| vec![0; n], sum);
    // What is near was counted as the least of all numbers, which most bins begin above.
    if let Some(bin) = bins.of_least() {
        counts[bin] -= near.par_iter().filter(|near| **near != 0).count() as u32;
    }
    Ok(counts)
}

/// A histogram a thread, added up.
fn twin(samples: &[i32], bins: &Bins, n: usize) -> Vec<u32> {
    let finder = Finder::of(bins);
    let count = |samples: &[i32]| {
        let mut tally = Tally::new(n);
        tally.count(samples, &finder);
        tally.counts()
    };
    samples.par_chunks(block(samples)).map(count).reduce(|| vec![0; n], sum)
}

/// Samples that a thread takes.
fn block(samples: &[i32]) -> usize {
    samples.len().div_ceil(rayon::current_num_threads()).max(1 << 15)
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

    #[test]
    fn what_is_near_is_not_counted_as_the_least_of_all_numbers() {
        let v = volume(vec![i32::MIN, i32::MIN, 3, 3, 3]);
        for bins in [
            Bins::linear(i32::MIN, 3, 2),
            Bins::Edges(vec![i32::MIN, i32::MIN, 3]),
            Bins::Unit { min: i32::MIN, max: i32::MIN + 1 },
            Bins::Unit { min: 3, max: 4 },
        ] {
            let far = histogram(&Device::Cpu, &volume(vec![i32::MIN, 3, 3]), &bins).unwrap();
            assert_eq!(histogram_beyond(&v, &[0, 1, 0, 1, 0], &bins).unwrap(), far, "{bins:?}");
        }
    }

    proptest! {
        #[test]
        fn counts_follow_the_definition(
            mut samples in proptest::collection::vec(-100_000..100_000i32, 1..200),
            mut edges in proptest::collection::vec(-120_000..120_000i32, 1..40),
            narrow in any::<bool>(),
            scale in prop_oneof![Just(1), Just(17_000)],
        ) {
            edges.sort();
            if narrow {
                edges.iter_mut().for_each(|e| *e /= 10);
            }
            samples.iter_mut().chain(&mut edges).for_each(|v| *v *= scale);
            let got = histogram(&Device::Cpu, &volume(samples.clone()), &Bins::Edges(edges.clone())).unwrap();
            for (k, got) in got.iter().enumerate() {
                let end = edges.get(k + 1).map_or(i64::MAX, |&e| e.into());
                let want = samples.iter().filter(|&&s| s >= edges[k] && i64::from(s) < end).count();
                prop_assert_eq!(*got as usize, want);
            }
        }
    }
}
