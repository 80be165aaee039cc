//! Keeps the objects of a size, and those that the border of the image does not cut.
//!
//! Sizes are counts of voxels. A flat image has no border above and below. What is kept is numbered anew, in raster order.
//! Reference: `skimage.morphology.remove_small_objects`, `skimage.segmentation.clear_border`.

use super::extent::{Extent, extents};
use super::object_runs::bring;
use super::op::label_words;
use super::renumber::{select, select_dense};
use super::sizes::{dense, sizes};
use super::{Case, Op};
use crate::Result;
use crate::device::Device;
use crate::device::kernel::{Kernel, atomic, read};
use crate::image::Labels;

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "keep",
    summary: "Keeps objects by size and by contact with the border",
    reference: "skimage.morphology.remove_small_objects, skimage.segmentation.clear_border",
    kernels: &[&KERNEL],
    uses: &[&super::object_runs::OP, &super::renumber::OP, &super::sizes::OP],
    cases: &[
        Case {
            name: "of 30 to 400 voxels",
            run: |d, i| label_words(d, &keep(d, &i.labels(d)?, &Keep { size: [Some(30), Some(400)], border: true })?),
        },
        Case {
            name: "inside",
            run: |d, i| label_words(d, &keep(d, &i.labels(d)?, &Keep { size: [None, None], border: false })?),
        },
    ],
};

/// What is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Fewest and most voxels of an object, both included; nothing sets no bound.
    pub size: [Option<u64>; 2],
    /// Objects that touch the border of the image are kept too.
    pub border: bool,
}

crate::params! {
    struct Params { depth: u32, rows: u32, columns: u32 }
}

const KERNEL: Kernel = Kernel {
    name: "keep",
    source: include_str!("../../shaders/keep.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("labels", "u32"), atomic("touched", "u32")],
};

/// Keeps some objects and numbers them in raster order.
///
/// # Errors
/// Labels that are larger than the number of voxels; the device is lost or too small.
pub fn keep(device: &Device, labels: &Labels, which: &Keep) -> Result<Labels> {
    dense(labels)?;
    // Sizes and what is left then follow from one wait.
    bring(device, &[labels])?;
    let mut kept = vec![true; labels.count as usize + 1];
    if which.size != [None, None] {
        let range = which.size[0].unwrap_or(0)..=which.size[1].unwrap_or(u64::MAX);
        for (kept, size) in kept.iter_mut().zip(sizes(device, labels)?) {
            // A label that no voxel has is no object.
            *kept &= size > 0 && range.contains(&size.into());
        }
    }
    if !which.border {
        for (kept, cut) in kept.iter_mut().zip(at_border(device, labels)?) {
            *kept &= !cut;
        }
    }
    if which.size == [None, None] { select(device, labels, &kept) } else { select_dense(device, labels, &kept) }
}

/// Which labels touch the border of the image. On a GPU it is read back, but for labels of which the host has the runs.
///
/// # Errors
/// Labels that are larger than the number of voxels; the device is lost or too small.
pub fn at_border(device: &Device, labels: &Labels) -> Result<Vec<bool>> {
    dense(labels)?;
    match device {
        Device::Cpu => twin(labels),
        Device::Gpu(_) if labels.known_runs().is_some() => twin(labels),
        Device::Gpu(gpu) => {
            let (values, s) = (labels.voxels().gpu()?, labels.shape);
            let touched = gpu.zeros::<u32>(labels.count as usize + 1)?;
            let params = Params { depth: s.z as u32, rows: s.y as u32, columns: s.x as u32 };
            gpu.dispatch(&KERNEL, values.len(), &params, &[values, &touched])?;
            Ok(touched.download()?.iter().map(|&t| t != 0).collect())
        }
    }
}

fn twin(labels: &Labels) -> Result<Vec<bool>> {
    let axes = if labels.shape.is_flat() { 1..3 } else { 0..3 };
    let size = labels.shape.zyx();
    let cut = |e: &Extent| e.n > 0 && axes.clone().any(|a| e.lo[a] == 0 || e.hi[a] == size[a]);
    // The background is no object.
    Ok(std::iter::once(false).chain(extents(labels)?.iter().map(cut)).collect())
}

#[cfg(test)]
mod tests {
    //! Oracle.
    use super::*;
    use crate::ops::naive::{images, on_border};
    use crate::units::Shape;

    #[test]
    fn sizes_and_borders_choose() {
        #[rustfmt::skip]
        let labels = Labels::new(Shape::flat(4, 6), vec![
            1, 1, 0, 0, 0, 0,
            0, 0, 2, 0, 3, 0,
            0, 0, 2, 2, 0, 0,
            4, 0, 0, 0, 0, 0,
        ]).unwrap();
        let with = |size, border| keep(&Device::Cpu, &labels, &Keep { size, border }).unwrap();
        assert_eq!(with([None, None], true).count, 4);
        let inside = with([None, None], false);
        #[rustfmt::skip]
        assert_eq!(inside.voxels().host().unwrap(), [
            0, 0, 0, 0, 0, 0,
            0, 0, 1, 0, 2, 0,
            0, 0, 1, 1, 0, 0,
            0, 0, 0, 0, 0, 0,
        ]);
        assert_eq!(with([Some(2), None], true).count, 2);
        assert_eq!(with([Some(2), Some(2)], true).count, 1);
        assert_eq!(with([Some(4), None], false).count, 0);
    }

    #[test]
    fn borders_voxel_by_voxel() {
        for (shape, values) in images(12) {
            let labels = Labels::new(shape, values.clone()).unwrap();
            if labels.count as usize > values.len() {
                continue;
            }
            let mut want = vec![false; labels.count as usize + 1];
            (0..values.len())
                .filter(|&i| values[i] != 0 && on_border(i, shape))
                .for_each(|i| want[values[i] as usize] = true);
            assert_eq!(at_border(&Device::Cpu, &labels).unwrap(), want, "{shape}");
        }
    }
}
