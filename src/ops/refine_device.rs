//! A refinement on a device: the host decides nothing of it and waits once, for what is left.

use super::fill::fill_label_holes;
use super::label::{Connectivity, roots};
use super::object_rank::{self, whole_share};
use super::refine::{Refine, limits, millionths};
use super::renumber::renumber;
use super::runs::Of;
use super::split_device::CENSUS;
use crate::Result;
use crate::device::kernel::{Kernel, MOST_TURNS, atomic, read, write};
use crate::device::{Buffer, Device, Gpu, GpuBuffer};
use crate::image::{Labels, Volume};
use crate::ops::basins;

/// Kernels of a refinement.
pub(super) const KERNELS: &[&Kernel] = &[&LIMIT, &CUT, &BEST, &MEDIAN, &PICK, &CENSUS];

crate::params! {
    struct Params { objects: u32, share: u32, round: u32, dimmest: u32 }
}

macro_rules! kernel {
    ($name:literal, $shared:expr, $arrays:expr) => {
        Kernel {
            name: $name,
            source: include_str!(concat!("../../shaders/", $name, ".wgsl")),
            shared: $shared,
            params: Params::WGSL,
            arrays: $arrays,
        }
    };
}

const LIMIT: Kernel =
    kernel!("refine_limit", &[], &[read("peak", "i32"), read("ground", "i32"), write("limit", "i32")]);
const CUT: Kernel =
    kernel!("refine", &[], &[read("src", "i32"), read("label", "u32"), read("limit", "i32"), write("dst", "u32")]);
const BEST: Kernel = kernel!(
    "refine_best",
    &[],
    &[read("label", "u32"), read("root", "u32"), read("size", "u32"), atomic("best", "u32")]
);
const MEDIAN: Kernel = kernel!("refine_median", &[], &[read("peak", "i32"), write("median", "i32")]);
const PICK: Kernel = kernel!(
    "refine_pick",
    &[include_str!("../../shaders/shared/product.wgsl")],
    &[
        read("label", "u32"),
        read("root", "u32"),
        read("best", "u32"),
        read("peak", "i32"),
        read("median", "i32"),
        write("dst", "u32"),
    ]
);

/// Objects whose median peak one workgroup of 256 finds, which goes over them twice for each of 8 digits.
pub(super) const MOST_OBJECTS: usize = MOST_TURNS * 256 / 16;

/// As [`refine`](super::refine::refine).
///
/// # Errors
/// As there.
pub(super) fn dispatch(gpu: &Gpu, src: &Volume, labels: &Labels, p: &Refine) -> Result<Labels> {
    if labels.count == 0 {
        return Ok(labels.clone());
    }
    let (n, objects, samples) = (labels.shape.len(), labels.count as usize + 1, src.samples.gpu()?.cast());
    let params = |round: u32| Params { objects: objects as u32, share: 0, round, dimmest: millionths(p.dimmest) };
    let [peaks, _] = object_rank::dispatch(gpu, src, labels, p.quantile)?;
    let limits = limits_of(gpu, src, labels, p, &peaks)?;
    let cut = gpu.alloc(n)?;
    gpu.dispatch(&CUT, n, &params(0), &[&samples, labels.voxels().gpu()?, &limits, &cut])?;
    let (root, size) = (roots(gpu, &cut, labels.shape, Connectivity::Full, Of::Objects)?, gpu.zeros(n)?);
    gpu.dispatch(&CENSUS, n, &basins::params(labels.shape), &[&root, &size])?;
    let (best, median) = (gpu.zeros(2 * objects)?, gpu.alloc(2)?);
    for round in 0..2 {
        gpu.dispatch(&BEST, n, &params(round), &[&cut, &root, &size, &best])?;
    }
    gpu.dispatch(&MEDIAN, 1, &params(0), &[&peaks, &median])?;
    let left = gpu.alloc(n)?;
    gpu.dispatch(&PICK, n, &params(0), &[&cut, &root, &best, &peaks, &median, &left])?;
    // Holes hold no first voxels, so objects have the same order before and after.
    let device = Device::Gpu(gpu.clone());
    renumber(&device, &fill_label_holes(&device, &labels.with(Buffer::Gpu(left)))?)
}

/// The limit of each object; the host works it out where integers would not give what f64 does.
fn limits_of(gpu: &Gpu, src: &Volume, labels: &Labels, p: &Refine, peaks: &GpuBuffer<u32>) -> Result<GpuBuffer<u32>> {
    let floors = match p.floor {
        Some(quantile) => object_rank::dispatch(gpu, src, labels, quantile)?[0].clone(),
        None => gpu.zeros(peaks.len())?,
    };
    if let Some(share) = whole_share(p.fraction) {
        let limits = gpu.alloc(peaks.len())?;
        let params = Params { objects: 0, share, round: 0, dimmest: 0 };
        gpu.dispatch(&LIMIT, peaks.len(), &params, &[peaks, &floors, &limits])?;
        return Ok(limits);
    }
    let words = gpu.download_all(&[peaks.clone(), floors])?;
    let [peaks, floors] = [0, 1].map(|k| words[k].iter().map(|v| *v as i32).collect::<Vec<_>>());
    Ok(gpu.upload(&limits(&peaks, &floors, p.fraction))?.cast())
}
