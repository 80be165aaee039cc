//! Labels 1, 2, ... in raster order of first voxels, from any values; and the choice of some objects.
//!
//! The first voxel of each value comes from an atomic minimum in a table. Values up to twice the number of voxels index
//! the table themselves; larger ones (label images of other programs) go through a list of the values that occur: sorted
//! on the CPU, hashed with open addressing on the GPU. Reference: `skimage.segmentation.relabel_sequential`, which keeps
//! the order of values; ours is the order of first voxels.

use super::label::number;
use super::object_runs::to_host;
use super::op::label_words;
use super::{Case, Op};
use crate::device::kernel::{Kernel, atomic, read, write};
use crate::device::{Buffer, Device, Gpu, GpuBuffer};
use crate::image::{Labels, ObjectRuns};
use crate::{Error, Result};

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "renumber",
    summary: "Any label values to 1, 2, ... in raster order; choice of objects",
    reference: "skimage.segmentation.relabel_sequential",
    kernels: &[&FIRST, &ROOT, &SELECT],
    uses: &[&super::label::OP],
    cases: &[
        Case { name: "labels", run: |d, i| label_words(d, &renumber(d, &i.labels(d)?)?) },
        Case { name: "small values", run: |d, i| label_words(d, &renumber(d, &spread(d, i, |l| 2 * (l % 20))?)?) },
        Case {
            name: "values up to 2^32",
            run: |d, i| label_words(d, &renumber(d, &spread(d, i, |l| l.wrapping_mul(0x9e37_79b9))?)?),
        },
        Case {
            name: "every third object",
            run: |d, i| {
                let labels = i.labels(d)?;
                let keep: Vec<bool> = (0..=labels.count).map(|l| l % 3 == 1).collect();
                label_words(d, &select(d, &labels, &keep)?)
            },
        },
        Case {
            name: "every third object that the host knows",
            run: |d, i| {
                let labels = i.known_labels(d)?;
                let keep: Vec<bool> = (0..=labels.count).map(|l| l % 3 == 1).collect();
                let chosen = select(d, &labels, &keep)?;
                let mut words = label_words(d, &chosen)?;
                words.extend(label_words(&Device::Cpu, &to_host(d, &chosen)?)?);
                Ok(words)
            },
        },
    ],
};

/// The case's labels with other values.
fn spread(device: &Device, input: &super::Input, value: fn(u32) -> u32) -> Result<Labels> {
    let voxels = input.labels.voxels().host()?.iter().map(|&l| value(l)).collect();
    Labels::new(input.labels.shape, voxels)?.to(device)
}

crate::params! {
    struct Params { mask: u32 }
}

const FIRST: Kernel = Kernel {
    name: "renumber",
    source: include_str!("../../shaders/renumber.wgsl"),
    shared: &[include_str!("../../shaders/shared/hash.wgsl")],
    params: Params::WGSL,
    arrays: &[read("values", "u32"), atomic("key", "u32"), atomic("early", "u32")],
};

const ROOT: Kernel = Kernel {
    name: "renumber_root",
    source: include_str!("../../shaders/renumber_root.wgsl"),
    shared: &[include_str!("../../shaders/shared/hash.wgsl")],
    params: Params::WGSL,
    arrays: &[read("values", "u32"), read("key", "u32"), read("early", "u32"), write("root", "u32")],
};

const SELECT: Kernel = Kernel {
    name: "renumber_select",
    source: include_str!("../../shaders/renumber_select.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("values", "u32"), read("number", "u32"), write("dst", "u32")],
};

/// Numbers objects in raster order of their first voxels. `labels.count` must be the largest value.
///
/// # Errors
/// The device is lost or too small.
pub fn renumber(device: &Device, labels: &Labels) -> Result<Labels> {
    match device {
        Device::Cpu => Ok(Labels::of_runs(labels.shape, ObjectRuns::of_values(labels.voxels().host()?, labels.shape))),
        Device::Gpu(gpu) if labels.known_runs().is_some() => {
            chosen(Some(gpu), labels, &vec![true; labels.count as usize + 1])
        }
        Device::Gpu(gpu) => dispatch(gpu, labels, labels.voxels().gpu()?, None),
    }
}

/// Keeps the objects `l` with `keep[l]` and numbers them in raster order of their first voxels. `keep[0]` has no meaning.
///
/// # Errors
/// `keep` has not one entry a label and one for the background; the device is lost or too small.
pub fn select(device: &Device, labels: &Labels, keep: &[bool]) -> Result<Labels> {
    choice(device, labels, keep, None)
}

/// The same where each label that is kept occurs: how many there will be is known then.
pub(super) fn select_dense(device: &Device, labels: &Labels, keep: &[bool]) -> Result<Labels> {
    choice(device, labels, keep, Some(keep.iter().skip(1).filter(|k| **k).count() as u32))
}

fn choice(device: &Device, labels: &Labels, keep: &[bool], known: Option<u32>) -> Result<Labels> {
    if keep.len() != labels.count as usize + 1 {
        return Err(Error::usage(format!("a choice of {} for {} objects", keep.len(), labels.count)));
    }
    match device {
        Device::Cpu => chosen(None, labels, keep),
        Device::Gpu(gpu) if labels.known_runs().is_some() => chosen(Some(gpu), labels, keep),
        Device::Gpu(gpu) => {
            let own = (0..).zip(keep).map(|(label, &keep)| if keep { label } else { 0 });
            dispatch(gpu, labels, &numbered(gpu, labels, &own.collect::<Vec<u32>>())?, known)
        }
    }
}

/// The voxels with the numbers that a table gives to labels.
fn numbered(gpu: &Gpu, labels: &Labels, numbers: &[u32]) -> Result<GpuBuffer<u32>> {
    let from = labels.voxels().gpu()?;
    let to = gpu.alloc(from.len())?;
    gpu.dispatch(&SELECT, from.len(), &Params { mask: 0 }, &[from, &gpu.upload(numbers)?, &to])?;
    Ok(to)
}

/// Do values index a table of first voxels themselves?
fn is_direct(count: u32, voxels: usize) -> bool {
    count as usize <= (2 * voxels).max(1 << 16)
}

fn dispatch(gpu: &Gpu, labels: &Labels, values: &GpuBuffer<u32>, known: Option<u32>) -> Result<Labels> {
    let n = values.len();
    let (mask, key, early) = if is_direct(labels.count, n) {
        (0, gpu.zeros(1)?, gpu.zeros(labels.count as usize + 1)?)
    } else {
        let size = (2 * n).next_power_of_two();
        (size as u32 - 1, gpu.zeros(size)?, gpu.zeros(size)?)
    };
    let root = gpu.alloc(n)?;
    gpu.dispatch(&FIRST, n, &Params { mask }, &[values, &key, &early])?;
    gpu.dispatch(&ROOT, n, &Params { mask }, &[values, &key, &early, &root])?;
    number(gpu, labels.shape, &root, known)
}

/// The runs tell where the objects are and which comes first. On a device the voxels get the numbers of what is chosen.
fn chosen(gpu: Option<&Gpu>, labels: &Labels, keep: &[bool]) -> Result<Labels> {
    let (runs, width) = (labels.runs()?, labels.shape.x);
    let first = |label: &u32| runs.of(*label).first().map(|run| run.index(width));
    let mut kept: Vec<u32> = (1..labels.count + 1).filter(|l| keep[*l as usize] && first(l).is_some()).collect();
    kept.sort_by_key(first);
    if kept.iter().copied().eq(1..labels.count + 1) {
        return Ok(labels.clone());
    }
    let picked = runs.pick(&kept);
    let Some(gpu) = gpu else { return Ok(Labels::of_runs(labels.shape, picked)) };
    let mut numbers = vec![0; labels.count as usize + 1];
    (1..).zip(&kept).for_each(|(number, &label)| numbers[label as usize] = number);
    let voxels = Buffer::Gpu(numbered(gpu, labels, &numbers)?);
    let labels = Labels::of(labels.shape, kept.len() as u32, voxels);
    labels.know_runs(picked);
    Ok(labels)
}

#[cfg(test)]
mod tests {
    //! Oracle.
    use super::*;
    use crate::units::Shape;

    #[test]
    fn numbers_follow_first_voxels_for_any_values() {
        let values = vec![0, 7, 7, 4_000_000_000, 2, 7, 0, 2];
        let labels = Labels::new(Shape::flat(2, 4), values).unwrap();
        let out = renumber(&Device::Cpu, &labels).unwrap();
        assert_eq!(out.voxels().host().unwrap(), [0, 1, 1, 2, 3, 1, 0, 3]);
        assert_eq!(out.count, 3);
    }

    #[test]
    fn a_choice_closes_the_gaps() {
        let labels = Labels::new(Shape::flat(2, 4), vec![3, 1, 0, 2, 3, 1, 4, 4]).unwrap();
        let out = select(&Device::Cpu, &labels, &[true, true, false, true, true]).unwrap();
        assert_eq!(out.voxels().host().unwrap(), [1, 2, 0, 0, 1, 2, 3, 3]);
        assert!(select(&Device::Cpu, &labels, &[true]).is_err());
    }

    #[test]
    fn values_without_background() {
        let labels = Labels::new(Shape::flat(1, 3), vec![u32::MAX, 1 << 30, u32::MAX]).unwrap();
        assert_eq!(renumber(&Device::Cpu, &labels).unwrap().voxels().host().unwrap(), [1, 2, 1]);
    }
}
