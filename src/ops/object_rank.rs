//! An order statistic of each object: the sample at rank `floor(q (n - 1))` of its `n` voxels, counted from the smallest.
//!
//! Exact: radix selection, eight rounds of four bits with a count per object and digit; no sorting on the device.
//! Bit budget: samples of 32 bits; counts below 2^32.
//! Reference: `numpy.sort(values)[int(q * (n - 1))]`.

use super::sizes::{self, sizes};
use super::{Case, Op};
use crate::device::kernel::{Kernel, atomic, read, write};
use crate::device::{Device, Gpu, GpuBuffer};
use crate::image::{Labels, Volume};
use crate::{Error, Result};
use rayon::prelude::*;

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "object_rank",
    summary: "Median, maximum or any other order statistic of each object",
    reference: "numpy.sort",
    kernels: &[&START, &COUNT, &STEP, &VALUE],
    uses: &[&super::sizes::OP],
    cases: &[
        Case { name: "median", run: |d, i| words(object_rank(d, &i.volume(d)?, &i.labels(d)?, 0.5)) },
        Case { name: "maximum", run: |d, i| words(object_rank(d, &i.volume(d)?, &i.labels(d)?, 1.0)) },
        Case { name: "nearly the maximum", run: |d, i| words(object_rank(d, &i.volume(d)?, &i.labels(d)?, 0.95)) },
        Case { name: "third quartile", run: |d, i| words(object_rank(d, &i.volume(d)?, &i.labels(d)?, 0.75)) },
    ],
};

fn words(ranks: Result<Vec<i32>>) -> Result<Vec<u32>> {
    Ok(ranks?.into_iter().map(|v| v as u32).collect())
}

crate::params! {
    struct Params { shift: u32, share: u32 }
}

const START: Kernel = Kernel {
    name: "object_rank_start",
    source: include_str!("../../shaders/object_rank_start.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("size", "u32"), write("rank", "u32")],
};

const COUNT: Kernel = Kernel {
    name: "object_rank_count",
    source: include_str!("../../shaders/object_rank_count.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("src", "i32"), read("label", "u32"), read("prefix", "u32"), atomic("digits", "u32")],
};

const STEP: Kernel = Kernel {
    name: "object_rank",
    source: include_str!("../../shaders/object_rank.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[write("prefix", "u32"), write("rank", "u32"), write("digits", "u32")],
};

const VALUE: Kernel = Kernel {
    name: "object_rank_value",
    source: include_str!("../../shaders/object_rank_value.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("prefix", "u32"), read("size", "u32"), write("value", "i32")],
};

/// The sample at rank `floor(quantile (n - 1))` of each object; entry 0 (background) and objects without a voxel are 0.
///
/// # Errors
/// A quantile outside 0 to 1, different sizes, or the device is lost or too small.
pub fn object_rank(device: &Device, src: &Volume, labels: &Labels, quantile: f64) -> Result<Vec<i32>> {
    Ok(ranks_and_sizes(device, src, labels, quantile)?.0)
}

/// The same with the number of voxels of each object, which it needs anyway.
///
/// # Errors
/// As for [`object_rank`].
pub fn ranks_and_sizes(device: &Device, src: &Volume, labels: &Labels, quantile: f64) -> Result<(Vec<i32>, Vec<u32>)> {
    check(src, labels, quantile)?;
    if labels.count == 0 {
        return Ok((vec![0], vec![labels.shape.len() as u32]));
    }
    match device {
        Device::Cpu => {
            let sizes = sizes(device, labels)?;
            Ok((twin(src.samples.host()?, labels.voxels().host()?, &sizes, |n| rank(quantile, n)), sizes))
        }
        Device::Gpu(gpu) => {
            let [values, sizes] = dispatch(gpu, src, labels, quantile)?;
            let mut both = gpu.download_all(&[values, sizes])?;
            let sizes = both.pop().unwrap_or_default();
            let values = both.pop().unwrap_or_default().into_iter().map(|v| v as i32).collect();
            Ok((values, sizes::with_background(sizes, labels)))
        }
    }
}

fn check(src: &Volume, labels: &Labels, quantile: f64) -> Result<()> {
    if !(0.0..=1.0).contains(&quantile) {
        return Err(Error::usage(format!("quantile {quantile} is not between 0 and 1")));
    }
    if src.shape != labels.shape {
        return Err(Error::usage(format!("labels of {} on an image of {}", labels.shape, src.shape)));
    }
    Ok(())
}

/// Where a sample stands among `n`.
fn rank(quantile: f64, n: u32) -> u32 {
    (quantile * (f64::from(n) - 1.0)).max(0.0) as u32
}

/// The share of 2^16 that a number of 0 to 1 is, if it is a whole one: then integers give what f64 does.
pub(super) fn whole_share(number: f64) -> Option<u32> {
    let share = number * 65_536.0;
    (share.fract() == 0.0).then_some(share as u32)
}

/// The samples of [`object_rank`] on the device, and the sizes of the objects. Asks for these if the quantile is no whole share of
/// 2^16 and the host does not know them.
///
/// # Errors
/// As for [`object_rank`].
pub(super) fn dispatch(gpu: &Gpu, src: &Volume, labels: &Labels, quantile: f64) -> Result<[GpuBuffer<u32>; 2]> {
    check(src, labels, quantile)?;
    let size = sizes::dispatch(gpu, labels)?;
    let ranks = match whole_share(quantile) {
        Some(share) => {
            let ranks = gpu.alloc::<u32>(size.len())?;
            gpu.dispatch(&START, size.len(), &Params { shift: 0, share }, &[&size, &ranks])?;
            ranks
        }
        None => {
            let sizes = sizes(&Device::Gpu(gpu.clone()), labels)?;
            gpu.upload(&sizes.into_iter().map(|n| rank(quantile, n)).collect::<Vec<_>>())?
        }
    };
    let (src, label) = (src.samples.gpu()?, labels.voxels().gpu()?);
    let (prefix, digits) = (gpu.zeros::<u32>(size.len())?, gpu.zeros::<u32>(size.len() * 16)?);
    for shift in (0..32).step_by(4).rev() {
        let p = Params { shift, share: 0 };
        gpu.dispatch(&COUNT, src.len(), &p, &[&src.cast(), label, &prefix, &digits])?;
        gpu.dispatch(&STEP, size.len(), &p, &[&prefix, &ranks, &digits])?;
    }
    let values = gpu.alloc::<u32>(size.len())?;
    gpu.dispatch(&VALUE, size.len(), &Params { shift: 0, share: 0 }, &[&prefix, &size, &values])?;
    Ok([values, size])
}

/// Gathers the voxels of each object side by side, then selects in each.
fn twin(src: &[i32], labels: &[u32], sizes: &[u32], rank: impl Fn(u32) -> u32 + Sync) -> Vec<i32> {
    let mut starts: Vec<usize> = vec![0; sizes.len()];
    let mut total = 0;
    for (start, &n) in starts.iter_mut().zip(sizes).skip(1) {
        *start = total;
        total += n as usize;
    }
    let mut gathered = vec![0i32; total];
    let mut next = starts;
    for (&s, &l) in src.iter().zip(labels) {
        if l > 0 {
            let slot = &mut next[l as usize];
            gathered[*slot] = s;
            *slot += 1;
        }
    }
    let mut rest = gathered.as_mut_slice();
    let mut objects = Vec::with_capacity(sizes.len());
    for &n in &sizes[1..] {
        let (object, tail) = rest.split_at_mut(n as usize);
        objects.push(object);
        rest = tail;
    }
    let select = |object: &mut [i32]| match object.len() {
        0 => 0,
        n => *object.select_nth_unstable(rank(n as u32) as usize).1,
    };
    std::iter::once(0).chain(objects.into_par_iter().map(select).collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Shape;

    #[test]
    fn whole_shares_give_the_ranks_of_the_definition() {
        for quantile in [0.0, 0.25, 0.5, 0.75, 1.0, 40_961.0 / 65_536.0] {
            let share = whole_share(quantile).unwrap();
            for last in [0u32, 1, 2, 3, 65_535, 65_536, 65_537, 1_000_003, (1 << 31) - 1] {
                let got = share * (last >> 16) + ((share * (last & 0xffff)) >> 16);
                assert_eq!(got, (quantile * f64::from(last)) as u32, "{quantile} of {last}");
            }
        }
        assert_eq!(whole_share(0.95), None);
    }

    #[test]
    fn ranks_of_two_objects() {
        let shape = Shape::flat(2, 4);
        let v = Volume::new(shape, vec![9, -3, 5, 100, 7, 1, 0, 100]).unwrap();
        let l = Labels::new(shape, vec![1, 1, 1, 0, 2, 2, 1, 0]).unwrap();
        // Object 1 holds -3, 0, 5, 9; object 2 holds 1, 7.
        assert_eq!(object_rank(&Device::Cpu, &v, &l, 0.5).unwrap(), [0, 0, 1]);
        assert_eq!(object_rank(&Device::Cpu, &v, &l, 1.0).unwrap(), [0, 9, 7]);
        assert_eq!(object_rank(&Device::Cpu, &v, &l, 0.0).unwrap(), [0, -3, 1]);
        assert!(object_rank(&Device::Cpu, &v, &l, 1.5).is_err());
    }
}
