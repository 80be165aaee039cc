//! Cytoplasm: cells without their nuclei.
//!
//! `dst[i] = cells[i]` where no nucleus is, 0 elsewhere. Labels keep the numbers of the cells, and the count stays, so a
//! row of a cell and the row of its cytoplasm have one label. A cell that is all nucleus has no voxel left.
//! Reference: CellProfiler, IdentifyTertiaryObjects, without shrinking the nucleus.

use super::object_runs::{bring, to_host};
use super::op::label_words;
use super::{Case, Op};
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Buffer, Device};
use crate::image::Labels;
use crate::simd;
use crate::{Error, Result};

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "cytoplasm",
    summary: "Cells without their nuclei",
    reference: "CellProfiler IdentifyTertiaryObjects",
    kernels: &[&KERNEL],
    uses: &[],
    cases: &[
        Case {
            name: "around labels",
            run: |d, i| {
                let nuclei = i.labels(d)?;
                let cells = super::grow::grow(d, &nuclei, 3.0, [1; 3])?;
                label_words(d, &cytoplasm(d, &cells, &nuclei)?)
            },
        },
        Case {
            name: "around labels that the host knows",
            run: |d, i| {
                let nuclei = i.known_labels(d)?;
                let cells = super::grow::grow(d, &nuclei, 2.0, [1; 3])?;
                bring(d, &[&cells])?;
                let left = to_host(d, &cytoplasm(d, &cells, &nuclei)?)?;
                label_words(&Device::Cpu, &left)
            },
        },
    ],
};

crate::params! {
    struct Params { unused: u32 }
}

const KERNEL: Kernel = Kernel {
    name: "cytoplasm",
    source: include_str!("../../shaders/cytoplasm.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("cells", "u32"), read("nuclei", "u32"), write("dst", "u32")],
};

/// The voxels of cells that are in no nucleus, of whatever cell.
///
/// # Errors
/// Different shapes; the device is lost or too small.
pub fn cytoplasm(device: &Device, cells: &Labels, nuclei: &Labels) -> Result<Labels> {
    if cells.shape != nuclei.shape {
        return Err(Error::usage(format!("cells of {} and nuclei of {}", cells.shape, nuclei.shape)));
    }
    let voxels = match device {
        Device::Cpu => {
            let (cells, nuclei) = (cells.voxels().host()?, nuclei.voxels().host()?);
            Buffer::on_host(simd::map2(cells, nuclei, |cell, nucleus| if nucleus == 0 { cell } else { 0 }))
        }
        Device::Gpu(gpu) => {
            let (cells, nuclei) = (cells.voxels().gpu()?, nuclei.voxels().gpu()?);
            let to = gpu.alloc(cells.len())?;
            gpu.dispatch(&KERNEL, cells.len(), &Params { unused: 0 }, &[cells, nuclei, &to])?;
            Buffer::Gpu(to)
        }
    };
    let left = cells.with(voxels);
    // Of labels on a device whose runs the host has, it has those of what is left as well.
    if let (Device::Gpu(_), Some(cells), Some(nuclei)) = (device, cells.known_runs(), nuclei.known_runs()) {
        left.know_runs(cells.without(nuclei));
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    //! Oracle.
    use super::*;
    use crate::units::Shape;

    #[test]
    fn cells_keep_their_numbers() {
        let shape = Shape::flat(2, 4);
        let cells = Labels::new(shape, vec![1, 1, 2, 2, 1, 3, 2, 2]).unwrap();
        let nuclei = Labels::new(shape, vec![0, 1, 2, 0, 0, 3, 0, 2]).unwrap();
        let out = cytoplasm(&Device::Cpu, &cells, &nuclei).unwrap();
        assert_eq!(out.voxels().host().unwrap(), [1, 0, 0, 2, 1, 0, 2, 0]);
        assert_eq!(out.count, 3);
        let other = Labels::new(Shape::flat(4, 2), vec![0; 8]).unwrap();
        assert!(cytoplasm(&Device::Cpu, &cells, &other).is_err());
    }
}
