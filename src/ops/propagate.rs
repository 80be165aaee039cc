//! Grows objects through a mask, steered by an image: every voxel goes to the object from which the way to it costs least.
//!
//! A way goes from voxel to voxel over the 8 (26) neighbours, inside of the mask. Two rules say what it costs:
//!
//! - [`Rule::Propagation`]: the sum of its steps, `sqrt(d^2 + (regularisation * length)^2)` each, where `d` is the sum of the
//!   absolute differences between the 3 x 3 voxels around one end and those around the other, in the plane. Edges of the
//!   image cost, and so does length.
//! - [`Rule::Watershed`]: the highest sample on it, and among ways of equal height the length of those that end here. Objects
//!   meet on ridges; on a plateau, halfway.
//!
//! Where two objects are equally near the lower label wins. Voxels of objects stay what they are, in the mask or not, and no
//! way leads through another object. What no way leads to is 0; labels keep their numbers.
//!
//! In integers: one pixel of the plane costs `R = regularisation * 2^e`, with the `e` that brings it into 128..256; a length is
//! `round((R * pixels)^2)` under the root. Levels are the samples above the least one times `2^e`, rounded down; differences
//! of two levels, and their sum, count as 46340 at most, so what is under the root stays below 2^32. The root is rounded down.
//! The costs of a way stop at 2^31 - 2: that is 32,000 of the dearest steps.
//! The answer is the least (cost, label) over all ways, which is unique: the CPU goes outwards from the objects in the order of
//! costs (`propagate_search`), the GPU compares all voxels with their neighbours until nothing changes.
//! Reference: Jones, Carpenter and Golland 2005, doi 10.1007/11569541_54, and CellProfiler's Propagation for the differences;
//! Meyer 1994 for the watershed.

use super::histogram::range;
use super::op::label_words;
use super::propagate_search::{Ground, solve};
use super::{Case, Op};
use crate::device::kernel::{Kernel, atomic, read, write};
use crate::device::{Buffer, Device, Gpu, GpuBuffer};
use crate::image::{Labels, Mask, Volume};
use crate::{Error, Result};

pub use super::propagate_search::Rule;

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "propagate",
    summary: "Grows objects through a mask along an image, by propagation or as a watershed",
    reference: "Jones, Carpenter and Golland 2005; CellProfiler IdentifySecondaryObjects",
    kernels: &[&START, &RISE, &SPREAD],
    uses: &[&super::histogram::OP],
    cases: &[
        Case { name: "by differences", run: |d, i| case(d, i, Rule::Propagation { regularisation: 300.0 }, [1; 3]) },
        Case {
            name: "by length, in deep voxels",
            run: |d, i| case(d, i, Rule::Propagation { regularisation: 1e9 }, [37, 4, 5]),
        },
        Case {
            name: "by the least differences",
            run: |d, i| case(d, i, Rule::Propagation { regularisation: 0.1 }, [4, 1, 1]),
        },
        Case { name: "as a watershed", run: |d, i| case(d, i, Rule::Watershed, [9, 4, 4]) },
    ],
};

/// Every third object, into what is not black.
fn case(device: &Device, input: &super::Input, rule: Rule, weights: [u32; 3]) -> Result<Vec<u32>> {
    let (image, objects) = (input.volume(device)?, input.labels(device)?);
    let kept: Vec<bool> = (0..=objects.count).map(|label| label % 3 == 1).collect();
    let seeds = super::renumber::select(device, &objects, &kept)?;
    let mask = super::pixelwise::above(device, &image, 400)?;
    label_words(device, &propagate(device, &image, &seeds, &mask, rule, weights)?)
}

/// Numbers of labels and costs end below it.
const MOST: u32 = 1 << 31;
/// Rounds on a GPU before it is asked whether the last one has changed anything.
const ROUNDS: u32 = 32;

/// Grows `seeds` through `mask`. `weights` are the squared sizes of a voxel along z, y, x, from
/// [`weights`](super::distance::weights); a pixel is the geometric mean of y and x.
///
/// # Errors
/// Different sizes, labels from 2^31 on, a regularisation that is not above 0; the device is lost or too small.
pub fn propagate(
    device: &Device,
    image: &Volume,
    seeds: &Labels,
    mask: &Mask,
    rule: Rule,
    weights: [u32; 3],
) -> Result<Labels> {
    if image.shape != seeds.shape || image.shape != mask.shape {
        let what = format!("objects of {} on an image of {} in a mask of {}", seeds.shape, image.shape, mask.shape);
        return Err(Error::usage(what));
    }
    if seeds.count >= MOST {
        return Err(Error::limit(format!("an object with the number {}", seeds.count)).remedy("renumber them"));
    }
    if seeds.count == 0 {
        return Ok(seeds.clone());
    }
    let ground = Ground::new(image.shape, range(device, image)?.0, rule, weights)?;
    let voxels = match device {
        Device::Cpu => {
            let (samples, seeds, mask) = (image.samples.host()?, seeds.voxels().host()?, mask.voxels.host()?);
            Buffer::on_host(solve(&ground, samples, seeds, mask))
        }
        Device::Gpu(gpu) => {
            let (samples, mask) = (image.samples.gpu()?.cast(), mask.voxels.gpu()?.cast());
            Buffer::Gpu(dispatch(gpu, &ground, &samples, seeds.voxels().gpu()?, &mask)?)
        }
    };
    Ok(seeds.with(voxels))
}

crate::params! {
    struct Params {
        depth: u32, height: u32, width: u32, least: i32, up: u32, down: u32, watershed: u32, watched: u32,
        x: u32, y: u32, yx: u32, z: u32, zx: u32, zy: u32, zyx: u32
    }
}

const SHARED: &[&str] =
    &[include_str!("../../shaders/shared/neighbours.wgsl"), include_str!("../../shaders/shared/level.wgsl")];

const START: Kernel = Kernel {
    name: "propagate_start",
    source: include_str!("../../shaders/propagate_start.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[
        read("seed", "u32"),
        read("mask", "u32"),
        write("flood", "u32"),
        write("cost", "u32"),
        write("label", "u32"),
    ],
};

const RISE: Kernel = Kernel {
    name: "propagate_rise",
    source: include_str!("../../shaders/propagate_rise.wgsl"),
    shared: SHARED,
    params: Params::WGSL,
    arrays: &[read("src", "i32"), read("mask", "u32"), atomic("flood", "u32"), atomic("changed", "u32")],
};

const SPREAD: Kernel = Kernel {
    name: "propagate",
    source: include_str!("../../shaders/propagate.wgsl"),
    shared: SHARED,
    params: Params::WGSL,
    arrays: &[
        read("src", "i32"),
        read("flood", "u32"),
        read("cost", "u32"),
        read("label", "u32"),
        write("cost_out", "u32"),
        write("label_out", "u32"),
        atomic("changed", "u32"),
    ],
};

fn dispatch(
    gpu: &Gpu,
    ground: &Ground,
    src: &GpuBuffer<u32>,
    seed: &GpuBuffer<u32>,
    mask: &GpuBuffer<u32>,
) -> Result<GpuBuffer<u32>> {
    let (n, [depth, height, width]) = (src.len(), ground.shape.zyx().map(|n| n as u32));
    let [_, x, y, yx, z, zx, zy, zyx] = ground.squares;
    let params = |watched: bool| Params {
        depth,
        height,
        width,
        least: ground.least,
        up: ground.up,
        down: ground.down,
        watershed: ground.watershed.into(),
        watched: watched.into(),
        x,
        y,
        yx,
        z,
        zx,
        zy,
        zyx,
    };
    let flood = gpu.alloc::<u32>(n)?;
    let (mut cost, mut label) = (gpu.alloc::<u32>(n)?, gpu.alloc::<u32>(n)?);
    gpu.dispatch(&START, n, &params(false), &[seed, mask, &flood, &cost, &label])?;
    if ground.watershed {
        until_nothing_changes(gpu, |watched, changed| {
            gpu.dispatch(&RISE, n, &params(watched), &[src, mask, &flood, changed])
        })?;
    }
    let (mut next_cost, mut next_label) = (gpu.alloc::<u32>(n)?, gpu.alloc::<u32>(n)?);
    until_nothing_changes(gpu, |watched, changed| {
        let arrays = [src, &flood, &cost, &label, &next_cost, &next_label, changed];
        gpu.dispatch(&SPREAD, n, &params(watched), &arrays)?;
        std::mem::swap(&mut cost, &mut next_cost);
        std::mem::swap(&mut label, &mut next_label);
        Ok(())
    })?;
    Ok(label)
}

/// Rounds until one of them has changed nothing. Only the last of some is asked, so that there is no wait for each.
fn until_nothing_changes(gpu: &Gpu, mut round: impl FnMut(bool, &GpuBuffer<u32>) -> Result<()>) -> Result<()> {
    loop {
        let changed = gpu.zeros::<u32>(1)?;
        for k in 1..=ROUNDS {
            round(k == ROUNDS, &changed)?;
        }
        if changed.download()? == [0] {
            return Ok(());
        }
    }
}

#[cfg(test)]
#[path = "propagate_tests.rs"]
mod tests;
