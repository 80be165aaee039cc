//! Running totals: `dst[i] = src[0] + ... + src[i - 1]`, and the total of all.
//!
//! On the GPU blocks of 2048 are summed in the workgroup's memory, the totals of the blocks in the same way, and added
//! back: five dispatches for a hundred million elements. Bit budget: 32 bits, so the total must stay below 2^32;
//! counting voxels always does. Numbering uses it: the running total of first voxels is the label minus one.
//! Reference: Blelloch, Prefix sums and their applications (1990); `numpy.cumsum`.

use super::{Case, Op};
use crate::Result;
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Buffer, Device, Gpu, GpuBuffer};

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "prefix_sum",
    summary: "Running totals of counts",
    reference: "numpy.cumsum",
    kernels: &[&SUM, &ADD],
    uses: &[],
    cases: &[Case {
        name: "of labels",
        run: |d, i| {
            let (sums, total) = prefix_sum(d, i.labels(d)?.voxels())?;
            let mut words = d.fetch(&sums)?;
            words.push(total);
            Ok(words)
        },
    }],
};

crate::params! {
    struct Params { size: u32 }
}

/// Elements that a workgroup adds up.
const BLOCK: usize = 2048;

const SUM: Kernel = Kernel {
    name: "prefix_sum",
    source: include_str!("../../shaders/prefix_sum.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("src", "u32"), write("dst", "u32"), write("total", "u32")],
};

const ADD: Kernel = Kernel {
    name: "prefix_sum_add",
    source: include_str!("../../shaders/prefix_sum_add.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("offset", "u32"), write("dst", "u32")],
};

/// The sum of all elements before each one, and the sum of all. On a GPU the total is read back.
///
/// # Errors
/// The device is lost or too small.
pub fn prefix_sum(device: &Device, src: &Buffer<u32>) -> Result<(Buffer<u32>, u32)> {
    match device {
        Device::Cpu => {
            let (sums, total) = twin(src.host()?);
            Ok((Buffer::on_host(sums), total))
        }
        Device::Gpu(gpu) => {
            let (sums, total) = dispatch(gpu, src.gpu()?)?;
            Ok((Buffer::Gpu(sums), total.download_first(1)?.first().copied().unwrap_or(0)))
        }
    }
}

fn twin(src: &[u32]) -> (Vec<u32>, u32) {
    let mut total = 0u32;
    let sums = src.iter().map(|&v| {
        let before = total;
        total = total.wrapping_add(v);
        before
    });
    (sums.collect(), total)
}

/// The running totals and, in the first element of the second buffer, the total: nothing is read back.
pub(super) fn dispatch(gpu: &Gpu, src: &GpuBuffer<u32>) -> Result<(GpuBuffer<u32>, GpuBuffer<u32>)> {
    if src.is_empty() {
        return Ok((gpu.zeros(0)?, gpu.zeros(1)?));
    }
    let blocks = src.len().div_ceil(BLOCK);
    let (sums, totals) = (gpu.alloc(src.len())?, gpu.alloc(blocks)?);
    let params = Params { size: src.len() as u32 };
    gpu.dispatch(&SUM, blocks, &params, &[src, &sums, &totals])?;
    if blocks == 1 {
        return Ok((sums, totals));
    }
    let (offsets, total) = dispatch(gpu, &totals)?;
    gpu.dispatch(&ADD, src.len(), &params, &[&offsets, &sums])?;
    Ok((sums, total))
}

#[cfg(test)]
mod tests {
    //! Oracle.
    use super::*;

    #[test]
    fn each_total_leaves_its_own_element_out() {
        let src = Buffer::on_host(vec![3, 0, 1, 7]);
        let (sums, total) = prefix_sum(&Device::Cpu, &src).unwrap();
        assert_eq!((sums.host().unwrap(), total), (&[0, 3, 3, 4][..], 11));
    }
}
