//! The greatest sample of each object and the voxel that holds it; of several the one with the lowest index.
//!
//! GPU: an atomic maximum of the samples (with the sign bit flipped, so that words compare as samples do), then one of the
//! complements of the indices of those voxels that reach it. Both are unique whatever the order.
//! Bit budget: samples of 32 bits, indices below 2^31, compared only.
//! Reference: `scipy.ndimage.maximum_position`.

use super::by_runs::ByRuns;
use super::sizes::dense;
use super::{Case, Op};
use crate::device::kernel::{Kernel, atomic, read};
use crate::device::{Device, Gpu, GpuBuffer};
use crate::image::{Labels, Volume};
use crate::{Error, Result};
use rayon::prelude::*;

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "maximum_position",
    summary: "The greatest sample of each object and where it is",
    reference: "scipy.ndimage.maximum_position",
    kernels: &[&KERNEL],
    uses: &[],
    cases: &[
        Case { name: "labels", run: |d, i| words(&maximum_position(d, &i.volume(d)?, &i.labels(d)?)?) },
        Case {
            name: "labels that the host knows",
            run: |d, i| words(&maximum_position(d, &i.volume(d)?, &i.known_labels(d)?)?),
        },
    ],
};

fn words(found: &MaximumPositions) -> Result<Vec<u32>> {
    Ok(found.samples.iter().map(|&s| s as u32).chain(found.voxels.iter().copied()).collect())
}

/// No voxel: an object that has none.
pub const NOWHERE: u32 = u32::MAX;

/// What was found of each object; entry 0 is the background's and has no meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaximumPositions {
    /// Greatest samples; `i32::MIN` for an object without a voxel.
    pub samples: Vec<i32>,
    /// Linear indices of the voxels; [`NOWHERE`] for an object without a voxel.
    pub voxels: Vec<u32>,
}

crate::params! {
    struct Params { round: u32, objects: u32 }
}

const KERNEL: Kernel = Kernel {
    name: "maximum_position",
    source: include_str!("../../shaders/maximum_position.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("src", "i32"), read("label", "u32"), atomic("best", "u32")],
};

/// Finds the greatest sample of each object. On a GPU it is read back, where the host does not know it.
///
/// # Errors
/// Different sizes, labels that are larger than the number of voxels; the device is lost or too small.
pub fn maximum_position(device: &Device, src: &Volume, labels: &Labels) -> Result<MaximumPositions> {
    if src.shape != labels.shape {
        return Err(Error::usage(format!("labels of {} on an image of {}", labels.shape, src.shape)));
    }
    dense(labels)?;
    match device {
        Device::Cpu => {
            let n = labels.count as usize + 1;
            Ok(MaximumPositions::of(twin(src.samples.host()?, labels.voxels().host()?, n)))
        }
        Device::Gpu(gpu) => match by_runs(src, labels) {
            Some(known) => Ok(known),
            None => Ok(read_words(&dispatch(gpu, src, labels)?.download()?)),
        },
    }
}

/// What the host knows without asking.
fn by_runs(src: &Volume, labels: &Labels) -> Option<MaximumPositions> {
    let known = ByRuns::of(src, labels)?;
    let greatest = |label: u32| {
        known.samples(label).fold((i32::MIN, NOWHERE), |best, (voxel, sample)| {
            if sample > best.0 || best.1 == NOWHERE { (sample, voxel as u32) } else { best }
        })
    };
    let objects = (1..labels.count + 1).into_par_iter().map(greatest);
    Some(MaximumPositions::of(rayon::iter::once((i32::MIN, NOWHERE)).chain(objects).collect()))
}

/// The maxima on the device, and behind them the complements of the indices: 0 is no voxel.
pub(super) fn dispatch(gpu: &Gpu, src: &Volume, labels: &Labels) -> Result<GpuBuffer<u32>> {
    let (src, label, n) = (src.samples.gpu()?, labels.voxels().gpu()?, labels.count as usize + 1);
    let best = gpu.zeros::<u32>(2 * n)?;
    for round in 0..2 {
        let p = Params { round, objects: n as u32 };
        gpu.dispatch(&KERNEL, src.len(), &p, &[&src.cast(), label, &best])?;
    }
    Ok(best)
}

/// What these words of a device say.
pub(super) fn read_words(words: &[u32]) -> MaximumPositions {
    let (keys, places) = words.split_at(words.len() / 2);
    MaximumPositions::of(keys.iter().zip(places).map(|(&k, &p)| ((k ^ 0x8000_0000) as i32, !p)).collect())
}

impl MaximumPositions {
    /// Of the greatest samples with their voxels, that of the background first.
    fn of(best: Vec<(i32, u32)>) -> Self {
        let (mut samples, mut voxels): (Vec<i32>, Vec<u32>) = best.into_iter().unzip();
        (samples[0], voxels[0]) = (i32::MIN, NOWHERE);
        MaximumPositions { samples, voxels }
    }
}

fn twin(src: &[i32], labels: &[u32], n: usize) -> Vec<(i32, u32)> {
    let block = src.len().div_ceil(2 * rayon::current_num_threads()).max(1 << 14);
    let take_greater = |a: &mut (i32, u32), b: (i32, u32)| {
        if b.0 > a.0 || b.0 == a.0 && b.1 < a.1 {
            *a = b;
        }
    };
    let parts = src.par_chunks(block).zip(labels.par_chunks(block)).enumerate().map(|(k, (src, labels))| {
        let mut best = vec![(i32::MIN, NOWHERE); n];
        for (i, (&s, &l)) in (k * block..).zip(src.iter().zip(labels)) {
            if l > 0
                && let Some(best) = best.get_mut(l as usize)
            {
                take_greater(best, (s, i as u32));
            }
        }
        best
    });
    let nothing = || vec![(i32::MIN, NOWHERE); n];
    parts.reduce(nothing, |mut a, b| {
        a.iter_mut().zip(b).for_each(|(a, b)| take_greater(a, b));
        a
    })
}

#[cfg(test)]
mod tests {
    //! Oracle.
    use super::*;
    use crate::units::Shape;

    #[test]
    fn the_first_of_equal_voxels_is_taken() {
        let shape = Shape::flat(2, 5);
        let v = Volume::new(shape, vec![9, 4, 7, 7, -5, 99, 7, 2, i32::MIN, -8]).unwrap();
        let l = Labels::new(shape, vec![0, 1, 1, 1, 2, 0, 1, 4, 5, 2]).unwrap();
        let found = maximum_position(&Device::Cpu, &v, &l).unwrap();
        assert_eq!(found.samples, [i32::MIN, 7, -5, i32::MIN, 2, i32::MIN]);
        assert_eq!(found.voxels, [NOWHERE, 2, 4, NOWHERE, 7, 8]);
    }

    #[test]
    fn sizes_must_agree() {
        let v = Volume::new(Shape::flat(1, 2), vec![1, 2]).unwrap();
        let l = Labels::new(Shape::flat(2, 1), vec![1, 1]).unwrap();
        assert!(maximum_position(&Device::Cpu, &v, &l).is_err());
    }
}
