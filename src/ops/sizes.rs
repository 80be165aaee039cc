//! Voxels of each label.
//!
//! Runs are counted before they are added to a table, so large objects do not queue at one address.
//! Bit budget: 32 bits, as an image has less than 2^31 voxels. Reference: `numpy.bincount`.

use super::{Case, Op};
use crate::device::kernel::{Kernel, atomic, read};
use crate::device::{Device, Gpu, GpuBuffer};
use crate::image::Labels;
use crate::{Error, Result};
use rayon::prelude::*;

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "sizes",
    summary: "Voxels of each object",
    reference: "numpy.bincount",
    kernels: &[&KERNEL],
    uses: &[],
    cases: &[Case { name: "labels", run: |d, i| sizes(d, &i.labels(d)?) }],
};

crate::params! {
    struct Params { size: u32, labels: u32 }
}

/// Voxels that an invocation looks at.
const BLOCK: usize = 16;

const KERNEL: Kernel = Kernel {
    name: "sizes",
    source: include_str!("../../shaders/sizes.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("values", "u32"), atomic("size", "u32")],
};

/// Number of voxels of each label; index 0 is the background. On a GPU it is read back, but for labels of which the host has
/// the runs.
///
/// # Errors
/// Labels that are larger than the number of voxels; the device is lost or too small.
pub fn sizes(device: &Device, labels: &Labels) -> Result<Vec<u32>> {
    dense(labels)?;
    match device {
        Device::Cpu => twin(labels),
        Device::Gpu(_) if labels.known_runs().is_some() => twin(labels),
        Device::Gpu(gpu) => Ok(with_background(dispatch(gpu, labels)?.download()?, labels)),
    }
}

/// The voxels of each object on the device; the place of the background stays empty.
pub(super) fn dispatch(gpu: &Gpu, labels: &Labels) -> Result<GpuBuffer<u32>> {
    dense(labels)?;
    let values = labels.voxels().gpu()?;
    let size = gpu.zeros(labels.count as usize + 1)?;
    let params = Params { size: values.len() as u32, labels: labels.count };
    gpu.dispatch(&KERNEL, values.len().div_ceil(BLOCK), &params, &[values, &size])?;
    Ok(size)
}

/// The background is what remains: it would be the longest queue of all.
pub(super) fn with_background(mut sizes: Vec<u32>, labels: &Labels) -> Vec<u32> {
    let objects: u32 = sizes.iter().skip(1).sum();
    if let Some(background) = sizes.first_mut() {
        *background = labels.shape.len() as u32 - objects;
    }
    sizes
}

/// Tables with an entry a label need labels without large gaps.
pub(super) fn dense(labels: &Labels) -> Result<()> {
    if labels.count as usize <= labels.shape.len() {
        return Ok(());
    }
    Err(Error::limit(format!("labels up to {} in an image of {}", labels.count, labels.shape)).remedy("renumber them"))
}

fn twin(labels: &Labels) -> Result<Vec<u32>> {
    let runs = labels.runs()?;
    let objects: Vec<u32> = (1..labels.count + 1).into_par_iter().map(|l| runs.voxels(l) as u32).collect();
    let background = labels.shape.len() as u32 - objects.iter().sum::<u32>();
    Ok(std::iter::once(background).chain(objects).collect())
}

#[cfg(test)]
mod tests {
    //! Oracle.
    use super::*;
    use crate::units::Shape;

    #[test]
    fn the_background_counts_too() {
        let labels = Labels::new(Shape::flat(2, 3), vec![0, 2, 2, 1, 2, 0]).unwrap();
        assert_eq!(sizes(&Device::Cpu, &labels).unwrap(), [2, 1, 3]);
        let sparse = Labels::new(Shape::flat(1, 1), vec![7]).unwrap();
        assert!(sizes(&Device::Cpu, &sparse).is_err());
    }
}
