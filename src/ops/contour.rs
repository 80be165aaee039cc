//! Isocontours: around a voxel of each object, what is at least as bright as the object's own limit.
//!
//! Object L keeps the voxels of its allowed region (`allowed == L`) with `sample >= limits[L]` that are connected, over
//! corners and inside of these, to the voxel `starts[L]`. Allowed regions do not overlap, so regions do not either. Holes stay.
//! Where the start is not in the allowed region, or below the limit, the object has no voxel left. Labels keep their numbers.
//!
//! Bit budget: samples of 32 bits, compared only. Reference: `skimage.segmentation.flood` in each allowed region.

use super::basins::Neighbourhood;
use super::label::{Connectivity, roots};
use super::maximum_position::maximum_position;
use super::op::label_words;
use super::runs::Of;
use super::{Case, Op};
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Buffer, Device, Gpu, GpuBuffer};
use crate::image::{Labels, Volume};
use crate::{Error, Result};

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "contour",
    summary: "Isocontours around one voxel of each object",
    reference: "skimage.segmentation.flood",
    kernels: &[&CUT, &PICK, &KERNEL],
    uses: &[&super::label::OP, &super::maximum_position::OP],
    cases: &[
        Case { name: "five eighths of each maximum", run: |d, i| case(d, i, 0.625, 2.0) },
        Case { name: "some limits out of reach", run: |d, i| case(d, i, 1.1, 0.0) },
    ],
};

fn case(device: &Device, input: &super::Input, share: f64, reach: f64) -> Result<Vec<u32>> {
    let (v, seeds) = (input.volume(device)?, input.labels(device)?);
    let allowed = super::grow::grow(device, &seeds, reach, [1; 3])?;
    let hot = maximum_position(device, &v, &seeds)?;
    let limits: Vec<i32> = hot.samples.iter().map(|&s| (f64::from(s) * share) as i32).collect();
    label_words(device, &contour(device, &v, &allowed, &hot.voxels, &limits)?)
}

const CUT: Kernel = Kernel {
    name: "contour_cut",
    source: include_str!("../../shaders/contour_cut.wgsl"),
    shared: &[],
    params: "",
    arrays: &[read("src", "i32"), read("allowed", "u32"), read("limit", "i32"), write("dst", "u32")],
};

const PICK: Kernel = Kernel {
    name: "contour_pick",
    source: include_str!("../../shaders/contour_pick.wgsl"),
    shared: &[],
    params: "",
    arrays: &[read("start", "u32"), read("cut", "u32"), read("root", "u32"), write("wanted", "u32")],
};

const KERNEL: Kernel = Kernel {
    name: "contour",
    source: include_str!("../../shaders/contour.wgsl"),
    shared: &[],
    params: "",
    arrays: &[read("cut", "u32"), read("root", "u32"), read("wanted", "u32"), write("dst", "u32")],
};

/// Draws the isocontour of each object. `starts` are linear indices of voxels, [`NOWHERE`](super::maximum_position::NOWHERE) for
/// none; both lists have an entry a label and one for the background.
///
/// # Errors
/// Different sizes, lists of another length; the device is lost or too small.
pub fn contour(device: &Device, src: &Volume, allowed: &Labels, starts: &[u32], limits: &[i32]) -> Result<Labels> {
    if src.shape != allowed.shape {
        return Err(Error::usage(format!("allowed regions of {} on an image of {}", allowed.shape, src.shape)));
    }
    let n = allowed.count as usize + 1;
    if starts.len() != n || limits.len() != n {
        let given = format!("{} starts and {} limits for {} objects", starts.len(), limits.len(), allowed.count);
        return Err(Error::usage(given));
    }
    let voxels = match device {
        Device::Cpu => Buffer::on_host(twin(src, allowed, starts, limits)?),
        Device::Gpu(gpu) => Buffer::Gpu(dispatch(gpu, src, allowed, starts, limits)?),
    };
    Ok(allowed.with(voxels))
}

/// Floods each region from its start: regions are small beside the image.
fn twin(src: &Volume, allowed: &Labels, starts: &[u32], limits: &[i32]) -> Result<Vec<u32>> {
    let (shape, samples, region_of) = (src.shape, src.samples.host()?, allowed.voxels().host()?);
    let mut out = vec![0; shape.len()];
    let mut open = Vec::new();
    for (label, (&start, &limit)) in (0..).zip(starts.iter().zip(limits)).skip(1) {
        let inside = |i: usize| region_of[i] == label && samples[i] >= limit;
        if start as usize >= shape.len() || !inside(start as usize) {
            continue;
        }
        out[start as usize] = label;
        open.push(start as usize);
        while let Some(i) = open.pop() {
            Neighbourhood::row(shape, i / shape.x).each(i % shape.x, |j| {
                if out[j] == 0 && inside(j) {
                    out[j] = label;
                    open.push(j);
                }
            });
        }
    }
    Ok(out)
}

fn dispatch(gpu: &Gpu, src: &Volume, allowed: &Labels, starts: &[u32], limits: &[i32]) -> Result<GpuBuffer<u32>> {
    let (src, from, n) = (src.samples.gpu()?, allowed.voxels().gpu()?, allowed.shape.len());
    let cut = gpu.alloc::<u32>(n)?;
    gpu.dispatch(&CUT, n, &(), &[&src.cast(), from, &gpu.upload(limits)?.cast(), &cut])?;
    let root = roots(gpu, &cut, allowed.shape, Connectivity::Full, Of::Objects)?;
    let wanted = gpu.alloc::<u32>(starts.len())?;
    gpu.dispatch(&PICK, starts.len(), &(), &[&gpu.upload(starts)?, &cut, &root, &wanted])?;
    let dst = gpu.alloc::<u32>(n)?;
    gpu.dispatch(&KERNEL, n, &(), &[&cut, &root, &wanted, &dst])?;
    Ok(dst)
}

#[cfg(test)]
mod tests {
    //! Oracle: literal grids, and connected components on random images.
    use super::*;
    use crate::ops::label::components;
    use crate::ops::maximum_position::NOWHERE;
    use crate::ops::naive::images;
    use crate::units::Shape;

    #[test]
    fn each_object_has_its_limit_and_its_start() {
        let shape = Shape::flat(3, 7);
        #[rustfmt::skip]
        let v = Volume::new(shape, vec![
            1, 5, 1, 1, 6, 2, 9,
            1, 1, 9, 1, 2, 2, 2,
            4, 1, 1, 1, 2, 8, 2,
        ]).unwrap();
        #[rustfmt::skip]
        let allowed = Labels::new(shape, vec![
            1, 1, 1, 1, 2, 2, 2,
            1, 1, 1, 1, 2, 2, 2,
            1, 1, 1, 1, 2, 2, 2,
        ]).unwrap();
        // Object 1: the 5 touches the 9 by a corner, the 4 does not touch. Object 2 starts at the 8, so the 9 is left out.
        let out = contour(&Device::Cpu, &v, &allowed, &[NOWHERE, 9, 19], &[0, 4, 8]).unwrap();
        #[rustfmt::skip]
        assert_eq!(out.voxels().host().unwrap(), [
            0, 1, 0, 0, 0, 0, 0,
            0, 0, 1, 0, 0, 0, 0,
            0, 0, 0, 0, 0, 2, 0,
        ]);
        // Below the limit, in the allowed region of another, or nowhere: nothing is left.
        for start in [18, 0, NOWHERE] {
            let out = contour(&Device::Cpu, &v, &allowed, &[NOWHERE, 9, start], &[0, 4, 3]).unwrap();
            assert!(!out.voxels().host().unwrap().contains(&2));
            assert_eq!(out.count, 2);
        }
        assert!(contour(&Device::Cpu, &v, &allowed, &[0], &[0, 1, 2]).is_err());
    }

    #[test]
    fn components_give_the_same() {
        for (k, (shape, values)) in images(4).into_iter().enumerate() {
            let allowed = Labels::new(shape, values.clone()).unwrap();
            let samples: Vec<i32> = (0..shape.len()).map(|i| (i * 7919 + k * 31) as i32 % 100).collect();
            let v = Volume::new(shape, samples.clone()).unwrap();
            let hot = maximum_position(&Device::Cpu, &v, &allowed).unwrap();
            let limits: Vec<i32> = hot.samples.iter().map(|&s| s.max(0) / 2).collect();
            let cut = (0..shape.len()).map(|i| if samples[i] >= limits[values[i] as usize] { values[i] } else { 0 });
            let cut = Labels::new(shape, cut.collect()).unwrap();
            let pieces = components(&Device::Cpu, &cut, Connectivity::Full).unwrap();
            let (cut, pieces) = (cut.voxels().host().unwrap(), pieces.voxels().host().unwrap());
            let belongs = |i: usize| {
                let start = hot.voxels[cut[i] as usize];
                cut[i] != 0 && start != NOWHERE && pieces[i] == pieces[start as usize]
            };
            let want: Vec<u32> = (0..shape.len()).map(|i| if belongs(i) { cut[i] } else { 0 }).collect();
            let got = contour(&Device::Cpu, &v, &allowed, &hot.voxels, &limits).unwrap();
            assert_eq!(got.voxels().host().unwrap(), want, "{shape} {values:?}");
        }
    }
}
