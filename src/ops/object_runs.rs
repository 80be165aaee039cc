//! Labels brought to the host as the runs of their objects: a small part of their voxels.
//!
//! A device marks where runs begin, a running total gives each its place, and it writes them down in raster order. Where there
//! are more of them than a 32nd of the voxels, as in noise, the voxels come themselves. Both give the same labels.

use super::op::label_words;
use super::prefix_sum;
use super::{Case, Op};
use crate::Result;
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Device, Gpu};
use crate::image::{Labels, ObjectRun, ObjectRuns};

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "object_runs",
    summary: "Labels from a device as runs of objects",
    reference: "the labels themselves",
    kernels: &[&BEGIN, &WRITE],
    uses: &[&super::prefix_sum::OP],
    cases: &[Case { name: "labels", run: |d, i| label_words(&Device::Cpu, &to_host(d, &i.labels(d)?)?) }],
};

crate::params! {
    struct Params { columns: u32, room: u32 }
}

const BEGIN: Kernel = Kernel {
    name: "object_runs_begin",
    source: include_str!("../../shaders/object_runs_begin.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("label", "u32"), write("begins", "u32")],
};

const WRITE: Kernel = Kernel {
    name: "object_runs",
    source: include_str!("../../shaders/object_runs.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("label", "u32"), read("rank", "u32"), write("found", "u32")],
};

/// The labels on the host; shared if they are there already.
///
/// # Errors
/// The device is lost or too small.
pub fn to_host(device: &Device, labels: &Labels) -> Result<Labels> {
    match device {
        Device::Gpu(gpu) if labels.count > 0 && labels.voxels().gpu().is_ok() => match runs(gpu, labels)? {
            Some(runs) => Ok(Labels::of_runs(labels.shape, runs)),
            None => labels.to_host(),
        },
        _ => labels.to_host(),
    }
}

/// The runs; nothing if there are too many, or one of a label above the count.
fn runs(gpu: &Gpu, labels: &Labels) -> Result<Option<ObjectRuns>> {
    let (voxels, width) = (labels.voxels().gpu()?, labels.shape.x.max(1) as u32);
    let room = voxels.len() / 32 + 64;
    let p = Params { columns: width, room: room as u32 };
    let begins = gpu.alloc::<u32>(voxels.len())?;
    gpu.dispatch(&BEGIN, voxels.len(), &p, &[voxels, &begins])?;
    let (rank, total) = prefix_sum::dispatch(gpu, &begins)?;
    let found = gpu.alloc::<u32>(3 * room)?;
    gpu.dispatch(&WRITE, voxels.len(), &p, &[voxels, &rank, &found])?;
    let words = gpu.download_all(&[total, found])?;
    let [total, found] = &words[..] else { return Ok(None) };
    let total = total.first().map_or(0, |n| *n as usize);
    let Some(found) = found.as_chunks::<3>().0.get(..total) else { return Ok(None) };
    if found.iter().any(|[_, label, _]| *label == 0 || *label > labels.count) {
        return Ok(None);
    }
    let run = |&[begin, label, end]: &[u32; 3]| {
        let (row, start) = (begin / width, begin % width);
        (label, ObjectRun { row, start, end: start + (end - begin) })
    };
    Ok(Some(ObjectRuns::sort(found.iter().map(run), labels.count)))
}
