//! Number, sum and sum of squares of the samples of each object, exact.
//!
//! On the device each sample is taken as `u = s + 2^31`, so that nothing is negative; sums are kept in two words, sums of
//! squares in three, with carries. The host takes the shift out again in 128 bits.
//! Bit budget: samples of 32 bits, less than 2^31 voxels: sums below 2^63, sums of squares below 2^95.
//! Reference: the definition; `numpy.mean`, `numpy.var`.

use super::by_runs::ByRuns;
use super::sizes::dense;
use super::{Case, Op};
use crate::device::kernel::{Kernel, atomic, read};
use crate::device::{Device, Gpu, GpuBuffer};
use crate::image::{Labels, Volume};
use crate::{Error, Result};
use rayon::prelude::*;
use std::ops::AddAssign;

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "sums",
    summary: "Number, sum and sum of squares of the samples of each object",
    reference: "numpy.mean, numpy.var",
    kernels: &[&KERNEL],
    uses: &[],
    cases: &[
        Case { name: "labels", run: |d, i| Ok(words(&sums(d, &i.volume(d)?, &i.labels(d)?)?)) },
        Case {
            name: "labels that the host knows",
            run: |d, i| Ok(words(&sums(d, &i.volume(d)?, &i.known_labels(d)?)?)),
        },
    ],
};

fn words(sums: &[Sums]) -> Vec<u32> {
    let split = |s: &Sums| {
        let (n, sum, squares) = (s.n as u32, s.sum as u64, s.squares as u128);
        [n, sum as u32, (sum >> 32) as u32, squares as u32, (squares >> 32) as u32, (squares >> 64) as u32]
    };
    sums.iter().flat_map(split).collect()
}

/// Sums over the voxels of an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Voxels.
    pub n: u64,
    /// Sum of the samples.
    pub sum: i64,
    /// Sum of their squares.
    pub squares: i128,
}

impl Sums {
    /// Of one sample.
    fn of(sample: i32) -> Self {
        let s = i64::from(sample);
        Sums { n: 1, sum: s, squares: (s * s).into() }
    }
    /// Mean of the samples; nothing without a voxel.
    pub fn mean(&self) -> Option<f64> {
        (self.n > 0).then(|| self.sum as f64 / self.n as f64)
    }
    /// Standard deviation of the samples, with `n` as divisor; nothing without a voxel.
    pub fn deviation(&self) -> Option<f64> {
        // Integers up to the root: n times the sum of squares is below 2^126.
        let (n, sum) = (i128::from(self.n), i128::from(self.sum));
        (n > 0).then(|| ((n * self.squares - sum * sum) as f64).sqrt() / self.n as f64)
    }
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.n += other.n;
        self.sum += other.sum;
        self.squares += other.squares;
    }
}

/// Words of an object: the number, two of the sum, three of the squares.
const WORDS: usize = 6;

const KERNEL: Kernel = Kernel {
    name: "sums",
    source: include_str!("../../shaders/sums.wgsl"),
    shared: &[include_str!("../../shaders/shared/wide.wgsl")],
    params: "",
    arrays: &[read("src", "i32"), read("label", "u32"), atomic("total", "u32")],
};

/// Sums of each object; entry 0 (background) is empty. On a GPU they are read back, where the host does not know
/// them.
///
/// # Errors
/// Different sizes, labels that are larger than the number of voxels; the device is lost or too small.
pub fn sums(device: &Device, src: &Volume, labels: &Labels) -> Result<Vec<Sums>> {
    if src.shape != labels.shape {
        return Err(Error::usage(format!("labels of {} on an image of {}", labels.shape, src.shape)));
    }
    dense(labels)?;
    match device {
        Device::Cpu => Ok(twin(src.samples.host()?, labels.voxels().host()?, labels.count as usize + 1)),
        Device::Gpu(gpu) => match by_runs(src, labels) {
            Some(known) => Ok(known),
            None => Ok(read_words(&dispatch(gpu, src, labels)?.download()?)),
        },
    }
}

/// What the host knows without asking.
fn by_runs(src: &Volume, labels: &Labels) -> Option<Vec<Sums>> {
    let known = ByRuns::of(src, labels)?;
    let of_object = |label: u32| {
        let mut sums = Sums::default();
        known.samples(label).for_each(|(_, sample)| sums += Sums::of(sample));
        sums
    };
    let objects = (1..labels.count + 1).into_par_iter().map(of_object);
    Some(rayon::iter::once(Sums::default()).chain(objects).collect())
}

/// The sums on the device.
pub(super) fn dispatch(gpu: &Gpu, src: &Volume, labels: &Labels) -> Result<GpuBuffer<u32>> {
    let (src, label) = (src.samples.gpu()?, labels.voxels().gpu()?);
    let total = gpu.zeros::<u32>((labels.count as usize + 1) * WORDS)?;
    gpu.dispatch(&KERNEL, src.len(), &(), &[&src.cast(), label, &total])?;
    Ok(total)
}

/// What these words of a device say.
pub(super) fn read_words(words: &[u32]) -> Vec<Sums> {
    words.as_chunks::<WORDS>().0.iter().map(unshift).collect()
}

/// From sums of `u = s + 2^31` to sums of `s`.
fn unshift(w: &[u32; WORDS]) -> Sums {
    let [n, s0, s1, q0, q1, q2] = w.map(i128::from);
    let (sum, squares) = (s0 + (s1 << 32), q0 + (q1 << 32) + (q2 << 64));
    // s^2 = u^2 - 2^32 u + 2^62
    Sums { n: w[0].into(), sum: (sum - (n << 31)) as i64, squares: squares - (sum << 32) + (n << 62) }
}

fn twin(src: &[i32], labels: &[u32], n: usize) -> Vec<Sums> {
    let block = src.len().div_ceil(2 * rayon::current_num_threads()).max(1 << 14);
    let parts = src.par_chunks(block).zip(labels.par_chunks(block)).map(|(src, labels)| {
        let mut out = vec![Sums::default(); n];
        for (&s, &l) in src.iter().zip(labels).filter(|(_, l)| **l > 0) {
            if let Some(out) = out.get_mut(l as usize) {
                *out += Sums::of(s);
            }
        }
        out
    });
    parts.reduce(
        || vec![Sums::default(); n],
        |mut a, b| {
            a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
            a
        },
    )
}

#[cfg(test)]
mod tests {
    //! Oracle.
    use super::*;
    use crate::units::Shape;

    #[test]
    fn sums_of_two_objects() {
        let shape = Shape::flat(2, 4);
        let v = Volume::new(shape, vec![2, 4, 99, 4, i32::MIN, i32::MIN, 5, 7]).unwrap();
        let l = Labels::new(shape, vec![1, 1, 0, 1, 3, 3, 1, 0]).unwrap();
        let s = sums(&Device::Cpu, &v, &l).unwrap();
        assert_eq!(s[1], Sums { n: 4, sum: 15, squares: 61 });
        assert_eq!((s[1].mean(), s[1].deviation()), (Some(3.75), Some(19f64.sqrt() / 4.0)));
        assert_eq!((s[0], s[2]), (Sums::default(), Sums::default()));
        assert_eq!((s[2].mean(), s[2].deviation()), (None, None));
        assert_eq!(s[3], Sums { n: 2, sum: -(1 << 32), squares: 1 << 63 });
        assert_eq!(s[3].deviation(), Some(0.0));
    }

    #[test]
    fn the_shift_comes_out_again() {
        for samples in [[i32::MIN, -1, 0], [i32::MAX, i32::MAX, 5], [-3, 8, 1 << 30]] {
            let (mut sum, mut squares) = (0u128, 0u128);
            for s in samples {
                let u = u128::from(s as u32 ^ 0x8000_0000);
                (sum, squares) = (sum + u, squares + u * u);
            }
            let words =
                [3, sum as u32, (sum >> 32) as u32, squares as u32, (squares >> 32) as u32, (squares >> 64) as u32];
            let want = Sums {
                n: 3,
                sum: samples.iter().map(|&s| i64::from(s)).sum(),
                squares: samples.iter().map(|&s| i128::from(s) * i128::from(s)).sum(),
            };
            assert_eq!(unshift(&words), want);
        }
    }
}
