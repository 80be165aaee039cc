//! Labels brought to the host as the runs of their objects: a small part of their voxels.
//!
//! A device marks where runs begin, a running total gives each its place, and it writes them down in raster order. Where there
//! are more of them than a 32nd of the voxels, as in noise, the voxels come themselves. Both give the same labels.
//!
//! Runs say how large objects are, where they lie and which comes first, so whoever waits for a number of objects takes them
//! along, and they stay with the labels: what is chosen by size afterwards is chosen without a wait.

use super::op::label_words;
use super::prefix_sum;
use super::{Case, Op};
use crate::Result;
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Device, Gpu, GpuBuffer};
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
    struct Params { columns: u32, room: u32, nothing: u32 }
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
    bring(device, &[labels])?;
    match labels.known_runs() {
        Some(runs) if !labels.is_on_host() => Ok(Labels::of_runs(labels.shape, runs.clone())),
        _ => labels.to_host(),
    }
}

/// Brings the runs of several labels to the host in one wait, where they are not known yet and are not too many: the labels
/// have them from then on.
///
/// # Errors
/// The device is lost or too small.
pub(crate) fn bring(device: &Device, all: &[&Labels]) -> Result<()> {
    let Device::Gpu(gpu) = device else { return Ok(()) };
    let is_away = |labels: &&&Labels| labels.count > 0 && labels.known_runs().is_none() && !labels.is_on_host();
    let away: Vec<&Labels> = all.iter().filter(is_away).copied().collect();
    let mut asked = Vec::new();
    for labels in &away {
        asked.extend(of_labels(gpu, labels, room(labels.shape.len()))?);
    }
    if asked.is_empty() {
        return Ok(());
    }
    gpu.ask(&asked)?.read(|words| away.iter().zip(words.chunks(2)).for_each(|(labels, words)| keep(labels, words)))
}

/// The same of labels of few objects, which take little room: nothing comes where they need more.
///
/// # Errors
/// The device is lost or too small.
pub(super) fn bring_few(gpu: &Gpu, labels: &Labels) -> Result<()> {
    let room = (labels.shape.len() / 256).max(1 << 12).min(room(labels.shape.len()));
    gpu.ask(&of_labels(gpu, labels, room)?)?.read(|words| keep(labels, words))
}

fn of_labels(gpu: &Gpu, labels: &Labels, room: usize) -> Result<[GpuBuffer<u32>; 2]> {
    write_down(gpu, labels.voxels().gpu()?, labels.shape.x, 0, room)
}

/// Runs that an image of so many voxels may have before the voxels themselves are less.
pub(super) fn room(voxels: usize) -> usize {
    voxels / 32 + 64
}

/// Keeps the runs with their labels, if there was room for all of them.
pub(super) fn keep(labels: &Labels, words: &[&[u32]]) {
    let runs = read_runs(words, labels.shape.x);
    if let Some(runs) = runs.filter(|runs| runs.iter().all(|(label, _)| *label <= labels.count)) {
        labels.know_runs(ObjectRuns::sort(runs.into_iter(), labels.count));
    }
}

/// Has runs written down in rows of so many voxels: how many there are, and as many as there is room for.
/// `nothing` is the value of voxels of no object.
pub(super) fn write_down(
    gpu: &Gpu,
    voxels: &GpuBuffer<u32>,
    width: usize,
    nothing: u32,
    room: usize,
) -> Result<[GpuBuffer<u32>; 2]> {
    let p = Params { columns: width.max(1) as u32, room: room as u32, nothing };
    let begins = gpu.alloc::<u32>(voxels.len())?;
    gpu.dispatch(&BEGIN, voxels.len(), &p, &[voxels, &begins])?;
    let (rank, total) = prefix_sum::dispatch(gpu, &begins)?;
    let found = gpu.alloc::<u32>(3 * room)?;
    gpu.dispatch(&WRITE, voxels.len(), &p, &[voxels, &rank, &found])?;
    Ok([total, found])
}

/// The runs that a device has written down, in raster order with the value of their voxels; nothing if there are more than it
/// had room for.
pub(super) fn read_runs(words: &[&[u32]], width: usize) -> Option<Vec<(u32, ObjectRun)>> {
    let [total, found] = words else { return None };
    let found = found.as_chunks::<3>().0.get(..*total.first()? as usize)?;
    let width = width.max(1) as u32;
    let run = |&[begin, value, end]: &[u32; 3]| {
        let (row, start) = (begin / width, begin % width);
        (value, ObjectRun { row, start, end: start + (end - begin) })
    };
    Some(found.iter().map(run).collect())
}
