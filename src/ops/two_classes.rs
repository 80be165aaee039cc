//! Otsu's two classes of equal bins in integers: the same answer on every device, so that a device need not ask the host.
//!
//! With bins numbered from 0, `n` and `s` the number of samples up to a bin and the sum of their bins, `N` and `S` the same of all,
//! and `Q` the sum of the squares: the variance between the classes is `(n S - N s)^2 / (n (N - n))`, up to a factor; the greatest
//! one is looked for, the first of equals, by comparing products. Of the whole variance it is the share
//! `(n S - N s)^2 / (n (N - n) (N Q - S^2))`.
//!
//! Ranges of samples are handed over as two words on the device, the least and the greatest one: whoever has found them there has asked
//! nobody either.
//!
//! Bit budget: 256 bins and less than 2^31 samples: products below 2^201, held in 256 bits.
//! Reference: Otsu 1979, doi 10.1109/TSMC.1979.4310076.

use super::{Case, Op};
use crate::Result;
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Device, Gpu, GpuBuffer};

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "two_classes",
    summary: "Otsu's two classes in integers, where they are beyond doubt",
    reference: "Otsu 1979",
    kernels: &[&KERNEL],
    uses: &[],
    cases: &[
        Case { name: "of samples", run: |d, i| case(d, i, 8) },
        Case { name: "of their highest bits", run: |d, i| case(d, i, 13) },
    ],
};

/// The classes of the samples without their lowest bits, and those of each share of the image.
fn case(device: &Device, input: &super::Input, bits: u32) -> Result<Vec<u32>> {
    let samples = input.volume.samples.host()?;
    let mut words = vec![];
    for part in samples.chunks((samples.len() / 5).max(1)).chain([samples]) {
        let mut counts = vec![0; BINS];
        part.iter().for_each(|s| counts[(s >> bits).clamp(0, BINS as i32 - 1) as usize] += 1);
        for (first, least, share) in [(0, 0, 800), (100, 1, 500), (0, counts.iter().sum(), 685), (0, u32::MAX, 0)] {
            let wanted = Wanted { least, first, share, at: 0 };
            let found = match device {
                Device::Cpu => dark_bins(&counts, &wanted),
                Device::Gpu(gpu) => {
                    dispatch(gpu, &gpu.upload(&counts)?, &gpu.upload(&[7, 900])?, &wanted)?.download()?[0]
                }
            };
            words.push(found);
        }
    }
    Ok(words)
}

crate::params! {
    /// What there must be: so many samples, a dark class that ends in the bin `first` or behind it, and a share of the variance, in
    /// thousandths, that the classes explain more than. On a device the range of the bins begins at a place of its array.
    pub(super) struct Wanted { least: u32, first: u32, share: u32, at: u32 }
}

const KERNEL: Kernel = Kernel {
    name: "two_classes",
    source: include_str!("../../shaders/two_classes.wgsl"),
    shared: &[include_str!("../../shaders/shared/product.wgsl")],
    params: Wanted::WGSL,
    arrays: &[read("counts", "u32"), read("frame", "i32"), write("found", "u32")],
};

/// Bins that are looked at.
pub(super) const BINS: usize = 256;

/// A number of 256 bits, the lowest word first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wide([u32; 8]);

impl Wide {
    fn of(number: u128) -> Self {
        let mut words = [0; 8];
        words.iter_mut().take(4).enumerate().for_each(|(k, word)| *word = (number >> (32 * k)) as u32);
        Wide(words)
    }

    /// The product, which must fit.
    fn times(self, other: Self) -> Self {
        let mut words = [0u32; 8];
        for (i, a) in self.0.into_iter().enumerate() {
            let mut carry = 0;
            for (word, b) in words[i..].iter_mut().zip(other.0) {
                let sum = u64::from(a) * u64::from(b) + u64::from(*word) + carry;
                *word = sum as u32;
                carry = sum >> 32;
            }
        }
        Wide(words)
    }

    fn is_more_than(self, other: Self) -> bool {
        self.0.iter().rev().gt(other.0.iter().rev())
    }
}

/// The two classes of equal bins.
#[derive(Clone, Copy, Debug)]
pub(super) struct TwoClasses {
    /// The last bin of the dark class.
    pub last: u32,
    /// The variance between the classes, and all of it, up to the same factor.
    between: Wide,
    variance: Wide,
}

impl TwoClasses {
    /// Of [`BINS`] bins at most; nothing where all samples are in one of them.
    pub fn of(counts: &[u32]) -> Option<Self> {
        let sum = |of: fn(u128) -> u128| (0..).zip(counts).map(|(k, &n)| of(k) * u128::from(n)).sum::<u128>();
        let (all, bins, squares) = (sum(|_| 1), sum(|k| k), sum(|k| k * k));
        // The last bin of the dark class, the square of the gap between the classes, and what it is divided by.
        let mut best = (None, Wide::of(0), Wide::of(1));
        let (mut dark, mut dark_bins) = (0, 0);
        for (k, &n) in (0..).zip(counts) {
            dark += u128::from(n);
            dark_bins += u128::from(k) * u128::from(n);
            let gap = Wide::of(dark * bins - all * dark_bins);
            let (square, by) = (gap.times(gap), Wide::of(dark * (all - dark)));
            if square.times(best.2).is_more_than(best.1.times(by)) {
                best = (Some(k), square, by);
            }
        }
        let (last, between, by) = best;
        let variance = by.times(Wide::of(all * squares - bins * bins));
        Some(TwoClasses { last: last?, between, variance })
    }

    /// Whether they explain more than this share of the variance, in thousandths.
    pub fn explain(&self, share: u32) -> bool {
        let of = |n: u32| Wide::of(n.into());
        self.between.times(of(1000)).is_more_than(self.variance.times(of(share)))
    }
}

/// How many bins the dark class has; 0 where there is not what is wanted.
pub(super) fn dark_bins(counts: &[u32], wanted: &Wanted) -> u32 {
    let all: u64 = counts.iter().map(|n| u64::from(*n)).sum();
    let found = TwoClasses::of(counts).filter(|found| found.explain(wanted.share) && found.last >= wanted.first);
    found.filter(|_| all >= wanted.least.into()).map_or(0, |found| found.last + 1)
}

/// The same on a device for [`BINS`] bins of a range, whose ends are two words of `frame`. Four words: the number; the greatest sample of
/// the dark class, wanted or not, which is the greatest of all where there is but one; and the range of that class, which is empty if it
/// is not wanted.
pub(super) fn dispatch(
    gpu: &Gpu,
    counts: &GpuBuffer<u32>,
    frame: &GpuBuffer<u32>,
    wanted: &Wanted,
) -> Result<GpuBuffer<u32>> {
    let found = gpu.alloc(4)?;
    gpu.dispatch(&KERNEL, 1, wanted, &[counts, frame, &found])?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    //! Oracle: the definition in floating point, and counts worked out by hand.
    use super::*;
    use proptest::prelude::*;

    fn dark(counts: &[u32], least: u32, first: u32) -> u32 {
        dark_bins(counts, &Wanted { least, first, share: 800, at: 0 })
    }

    #[test]
    fn two_heaps_are_beyond_doubt_and_a_slope_is_not() {
        let heaps: Vec<u32> = (0..40).map(|k| if [5, 6, 30, 31].contains(&k) { 10 } else { 0 }).collect();
        // The first of equal cuts.
        assert_eq!(dark(&heaps, 40, 0), 7);
        assert_eq!([dark(&heaps, 41, 0), dark(&heaps, 0, 7), dark(&heaps, 0, 6)], [0, 0, 7]);
        assert_eq!(dark(&[3; 256], 0, 0), 0);
        assert_eq!([dark(&[0; 256], 0, 0), dark(&[0, 9, 0], 0, 0)], [0, 0]);
        // As many as there may be.
        let mut most = [0; 256];
        (most[0], most[255]) = (1 << 30, (1 << 30) - 1);
        assert_eq!(dark(&most, 0, 0), 1);
    }

    proptest! {
        #[test]
        fn floating_point_finds_the_same(counts in proptest::collection::vec(0..90u32, 2..60)) {
            let n = |part: &[u32]| part.iter().map(|&n| f64::from(n)).sum::<f64>();
            let mean = |part: &[u32], from: usize| (from..).zip(part).map(|(k, &n)| k as f64 * f64::from(n)).sum::<f64>() / n(part);
            let between = |cut: usize| {
                let (dark, bright) = counts.split_at(cut);
                if n(dark) * n(bright) == 0.0 { 0.0 } else { n(dark) * n(bright) * (mean(bright, cut) - mean(dark, 0)).powi(2) }
            };
            let best = (1..counts.len()).map(between).fold(0.0, f64::max);
            let centre = mean(&counts, 0);
            let all = (0..).zip(&counts).map(|(k, &n)| f64::from(n) * (f64::from(k) - centre).powi(2)).sum::<f64>() * n(&counts);
            prop_assume!((best / all - 0.8).abs() > 1e-9);
            let found = dark(&counts, 0, 0) as usize;
            prop_assert_eq!(found > 0, best > 0.8 * all);
            prop_assert!(found == 0 || between(found) >= best * (1.0 - 1e-9));
        }
    }
}
