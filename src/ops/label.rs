//! Connected components, numbered 1, 2, ... in raster order of each component's first voxel.
//!
//! CPU: union-find over runs (`runs.rs`). GPU: each voxel points at an earlier voxel of its run, then runs that touch are
//! merged by atomic minima on the indices of their roots, so that the root of a component is its first voxel; a running
//! total of the roots gives the numbers. The answer is unique, so neither threads nor the order of atomics can change it.
//! Reference: Komura, Comput. Phys. Commun. 194 (2015) 54; Playne and Hawick, IEEE TPDS 29 (2018) 1217;
//! `scipy.ndimage.label`.

use super::op::label_words;
use super::runs::{Of, Runs};
use super::{Case, Op};
use super::{object_runs, prefix_sum};
use crate::Result;
use crate::device::kernel::{Kernel, atomic, read, write};
use crate::device::{Buffer, Device, Gpu, GpuBuffer, Word};
use crate::image::{Labels, Mask, ObjectRun, ObjectRuns};
use crate::units::Shape;
use rayon::prelude::*;

pub use super::runs::Connectivity;

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "label",
    summary: "Connected components in raster order",
    reference: "scipy.ndimage.label",
    kernels: &[&START, &MERGE, &ROOT, &FIRST, &NUMBER],
    uses: &[&super::prefix_sum::OP, &super::object_runs::OP],
    cases: &[
        Case { name: "over faces", run: |d, i| label_words(d, &label(d, &i.mask(d)?, Connectivity::Face)?) },
        Case { name: "over corners", run: |d, i| label_words(d, &label(d, &i.mask(d)?, Connectivity::Full)?) },
        Case {
            name: "of noise",
            run: |d, i| {
                label_words(d, &label(d, &super::pixelwise::above(d, &i.volume(d)?, 30_000)?, Connectivity::Full)?)
            },
        },
        Case {
            name: "pieces over faces",
            run: |d, i| label_words(d, &components(d, &i.labels(d)?, Connectivity::Face)?),
        },
        Case {
            name: "pieces over corners",
            run: |d, i| label_words(d, &components(d, &i.labels(d)?, Connectivity::Full)?),
        },
    ],
};

crate::params! {
    pub(super) struct Params { depth: u32, rows: u32, columns: u32, full: u32, zeros: u32 }
}

macro_rules! kernel {
    ($name:literal, $arrays:expr) => {
        Kernel {
            name: $name,
            source: include_str!(concat!("../../shaders/", $name, ".wgsl")),
            shared: &[],
            params: Params::WGSL,
            arrays: $arrays,
        }
    };
}

const START: Kernel = kernel!("label_start", &[read("values", "u32"), atomic("parent", "u32")]);
const MERGE: Kernel = kernel!("label", &[read("values", "u32"), atomic("parent", "u32")]);
const ROOT: Kernel = kernel!("label_root", &[atomic("parent", "u32")]);
const FIRST: Kernel = kernel!("label_first", &[read("root", "u32"), write("first", "u32")]);
const NUMBER: Kernel = kernel!("label_number", &[read("root", "u32"), read("rank", "u32"), write("dst", "u32")]);

/// Labels the connected parts of a mask.
///
/// # Errors
/// The device is lost or too small.
pub fn label(device: &Device, mask: &Mask, connectivity: Connectivity) -> Result<Labels> {
    numbered(device, &mask.voxels, mask.shape, connectivity)
}

/// Gives each connected piece of equal label a label of its own. Touching objects stay apart.
///
/// # Errors
/// The device is lost or too small.
pub fn components(device: &Device, labels: &Labels, connectivity: Connectivity) -> Result<Labels> {
    numbered(device, labels.voxels(), labels.shape, connectivity)
}

/// In how many pieces each object is, over corners; on the host.
///
/// # Errors
/// The labels are on a device.
pub(crate) fn pieces(labels: &Labels) -> Result<Vec<u32>> {
    let runs = labels.runs()?;
    Ok((1..labels.count + 1).into_par_iter().map(|label| runs.pieces(label, labels.shape)).collect())
}

fn numbered<T: Word + PartialEq>(
    device: &Device,
    voxels: &Buffer<T>,
    shape: Shape,
    connectivity: Connectivity,
) -> Result<Labels> {
    match device {
        Device::Cpu => Ok(twin(voxels.host()?, shape, connectivity)),
        Device::Gpu(gpu) => {
            number(gpu, shape, &roots(gpu, &voxels.gpu()?.cast(), shape, connectivity, Of::Objects)?, None)
        }
    }
}

fn twin<T: Word + PartialEq>(voxels: &[T], shape: Shape, connectivity: Connectivity) -> Labels {
    let runs = Runs::new(voxels, shape, connectivity, Of::Objects);
    let (numbers, count) = runs.numbers();
    let rows = 0..(shape.z * shape.y) as u32;
    let known = rows.flat_map(|row| runs.row(row as usize).map(move |k| (row, k)));
    let known = known.map(|(row, k)| (numbers[k], ObjectRun { row, start: runs.runs[k].start, end: runs.runs[k].end }));
    Labels::of_runs(shape, ObjectRuns::sort(known, count))
}

/// The first voxel of each voxel's component, `u32::MAX` outside of them.
pub(super) fn roots(
    gpu: &Gpu,
    values: &GpuBuffer<u32>,
    shape: Shape,
    connectivity: Connectivity,
    of: Of,
) -> Result<GpuBuffer<u32>> {
    let parent = gpu.alloc::<u32>(values.len())?;
    let params = Params {
        depth: shape.z as u32,
        rows: shape.y as u32,
        columns: shape.x as u32,
        full: (connectivity == Connectivity::Full).into(),
        zeros: (of == Of::Background).into(),
    };
    gpu.dispatch(&START, values.len(), &params, &[values, &parent])?;
    gpu.dispatch(&ROOT, values.len(), &params, &[&parent])?;
    gpu.dispatch(&MERGE, values.len(), &params, &[values, &parent])?;
    gpu.dispatch(&ROOT, values.len(), &params, &[&parent])?;
    Ok(parent)
}

/// Labels from the first voxel of each voxel's object (`u32::MAX` for none). Reads back the count with the runs, unless it is
/// known.
pub(super) fn number(gpu: &Gpu, shape: Shape, root: &GpuBuffer<u32>, known: Option<u32>) -> Result<Labels> {
    let (voxels, total) = numbers(gpu, root)?;
    if let Some(count) = known {
        return Ok(Labels::of(shape, count, Buffer::Gpu(voxels)));
    }
    let [runs, found] = object_runs::write_down(gpu, &voxels, shape.x, 0, object_runs::room(shape.len()))?;
    gpu.ask(&[runs, found, total])?.read(|words| {
        let count = words.last().and_then(|total| total.first()).copied().unwrap_or(0);
        let labels = Labels::of(shape, count, Buffer::Gpu(voxels));
        object_runs::keep(&labels, &words[..2]);
        labels
    })
}

/// Numbers from the first voxel of each voxel's object, with their count in the first element of the second buffer.
pub(super) fn numbers(gpu: &Gpu, root: &GpuBuffer<u32>) -> Result<(GpuBuffer<u32>, GpuBuffer<u32>)> {
    let (n, params) = (root.len(), Params { depth: 0, rows: 0, columns: 0, full: 0, zeros: 0 });
    let first = gpu.alloc::<u32>(n)?;
    gpu.dispatch(&FIRST, n, &params, &[root, &first])?;
    let (rank, total) = prefix_sum::dispatch(gpu, &first)?;
    // The flags of first voxels are not needed any more: their memory takes the labels.
    gpu.dispatch(&NUMBER, n, &params, &[root, &rank, &first])?;
    Ok((first, total))
}

#[cfg(test)]
mod tests {
    //! Oracle: a flood fill, on random images in two and three dimensions.
    use super::*;
    use crate::ops::naive::{flood, images};

    fn labels(shape: Shape, voxels: Vec<u32>) -> Labels {
        Labels::new(shape, voxels).unwrap()
    }

    #[test]
    fn corners_join_in_full_connectivity_only() {
        #[rustfmt::skip]
        let mask = Mask::new(Shape::flat(3, 5), vec![
            0, 1, 0, 0, 1,
            1, 0, 0, 1, 0,
            1, 1, 0, 0, 0,
        ]).unwrap();
        let face = label(&Device::Cpu, &mask, Connectivity::Face).unwrap();
        assert_eq!(face.voxels().host().unwrap(), [0, 1, 0, 0, 2, 3, 0, 0, 4, 0, 3, 3, 0, 0, 0]);
        let full = label(&Device::Cpu, &mask, Connectivity::Full).unwrap();
        assert_eq!(full.voxels().host().unwrap(), [0, 1, 0, 0, 2, 1, 0, 0, 2, 0, 1, 1, 0, 0, 0]);
        assert_eq!((face.count, full.count), (4, 2));
    }

    #[test]
    fn a_flood_fill_finds_the_same() {
        for (shape, values) in images(3) {
            for connectivity in [Connectivity::Face, Connectivity::Full] {
                let (want, count) = flood(&values, shape, connectivity, Of::Objects);
                let got = components(&Device::Cpu, &labels(shape, values.clone()), connectivity).unwrap();
                assert_eq!(got.voxels().host().unwrap(), want, "{shape} {connectivity:?} {values:?}");
                assert_eq!(got.count, count);
            }
        }
    }

    #[test]
    fn pieces_of_objects_are_their_components() {
        for shape in [Shape::flat(9, 14), Shape::new(4, 6, 7)] {
            let mut state = 5u32;
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 28) % 4
            };
            let labels = Labels::new(shape, (0..shape.len()).map(|_| next()).collect()).unwrap();
            let parts = components(&Device::Cpu, &labels, Connectivity::Full).unwrap();
            let (parts, voxels) = (parts.voxels().host().unwrap(), labels.voxels().host().unwrap());
            let of = |label: u32| {
                let mut of: Vec<u32> =
                    parts.iter().zip(voxels).filter(|(_, v)| **v == label).map(|(p, _)| *p).collect();
                of.sort_unstable();
                of.dedup();
                of.len() as u32
            };
            assert_eq!(pieces(&labels).unwrap(), (1..labels.count + 1).map(of).collect::<Vec<_>>());
        }
    }

    #[test]
    fn empty_and_full_masks() {
        let shape = Shape::flat(4, 3);
        let count = |v: u8| label(&Device::Cpu, &Mask::new(shape, vec![v; 12]).unwrap(), Connectivity::Full).unwrap();
        assert_eq!((count(0).count, count(1).count), (0, 1));
        let nothing = Mask::new(Shape::flat(0, 0), vec![]).unwrap();
        assert_eq!(label(&Device::Cpu, &nothing, Connectivity::Face).unwrap().count, 0);
    }
}
