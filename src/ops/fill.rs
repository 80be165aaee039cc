//! Fills holes: pieces of background (connected over faces) that do not reach the border of the image.
//!
//! In labels a hole is filled if all objects around it, over faces, are one and the same; a gap between two objects stays.
//! A flat image has no border above and below. CPU: components of the background as runs. GPU: the same union-find as
//! `label.rs`, then the lowest and the highest label around each piece by atomics; a piece at the border counts as
//! surrounded by several.
//! Reference: `scipy.ndimage.binary_fill_holes`.

use super::label::{Connectivity, roots};
use super::op::label_words;
use super::runs::{Of, Run, Runs};
use super::{Case, Op};
use crate::Result;
use crate::device::kernel::{Kernel, atomic, read, write};
use crate::device::{Buffer, Device, Word};
use crate::image::{Labels, Mask};
use crate::units::Shape;
use rayon::prelude::*;

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "fill",
    summary: "Fills holes in masks and in objects",
    reference: "scipy.ndimage.binary_fill_holes",
    kernels: &[&AROUND, &PAINT],
    uses: &[&super::label::OP],
    cases: &[
        Case {
            name: "holes of a mask",
            run: |d, i| {
                let filled = fill_holes(d, &i.mask(d)?)?;
                Ok(d.fetch(&filled.voxels)?.iter().map(|&v| v.into()).collect())
            },
        },
        Case {
            name: "holes in noise",
            run: |d, i| {
                let filled = fill_holes(d, &super::pixelwise::above(d, &i.volume(d)?, 20_000)?)?;
                Ok(d.fetch(&filled.voxels)?.iter().map(|&v| v.into()).collect())
            },
        },
        Case { name: "holes of labels", run: |d, i| label_words(d, &fill_label_holes(d, &i.labels(d)?)?) },
    ],
};

crate::params! {
    struct Params { depth: u32, rows: u32, columns: u32 }
}

const AROUND: Kernel = Kernel {
    name: "fill",
    source: include_str!("../../shaders/fill.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("labels", "u32"), read("root", "u32"), atomic("low", "u32"), atomic("high", "u32")],
};

const PAINT: Kernel = Kernel {
    name: "fill_paint",
    source: include_str!("../../shaders/fill_paint.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("labels", "u32"), read("root", "u32"), read("low", "u32"), read("high", "u32"), write("dst", "u32")],
};

/// Fills the holes of a mask.
///
/// # Errors
/// The device is lost or too small.
pub fn fill_holes(device: &Device, mask: &Mask) -> Result<Mask> {
    Ok(Mask { shape: mask.shape, voxels: fill(device, &mask.voxels, mask.shape)? })
}

/// Gives the holes that touch one object only to that object.
///
/// # Errors
/// The device is lost or too small.
pub fn fill_label_holes(device: &Device, labels: &Labels) -> Result<Labels> {
    Ok(labels.with(fill(device, labels.voxels(), labels.shape)?))
}

/// A mask is the case of a single label.
fn fill<T: Word + PartialEq>(device: &Device, src: &Buffer<T>, shape: Shape) -> Result<Buffer<T>> {
    let gpu = match device {
        Device::Cpu => return Ok(Buffer::on_host(twin(src.host()?, shape))),
        Device::Gpu(gpu) => gpu,
    };
    let (values, n) = (src.gpu()?.cast(), src.len());
    let root = roots(gpu, &values, shape, Connectivity::Face, Of::Background)?;
    let (low, high, dst) = (gpu.zeros(n)?, gpu.zeros(n)?, gpu.alloc::<u32>(n)?);
    let params = Params { depth: shape.z as u32, rows: shape.y as u32, columns: shape.x as u32 };
    gpu.dispatch(&AROUND, n, &params, &[&values, &root, &low, &high])?;
    gpu.dispatch(&PAINT, n, &params, &[&values, &root, &low, &high, &dst])?;
    Ok(Buffer::Gpu(dst.cast()))
}

/// The lowest and the highest label around a piece of background; from 0 for a piece at the border.
#[derive(Clone, Copy)]
struct Enclosing {
    low: u32,
    high: u32,
}

fn twin<T: Word + PartialEq>(src: &[T], shape: Shape) -> Vec<T> {
    let runs = Runs::new(src, shape, Connectivity::Face, Of::Background);
    let mut around = vec![Enclosing { low: u32::MAX, high: 0 }; runs.runs.len()];
    for row in 0..shape.z * shape.y {
        for k in runs.row(row) {
            if at_border(row, runs.runs[k], shape) {
                around[runs.root[k] as usize] = Enclosing { low: 0, high: 1 };
            }
        }
    }
    for row in 0..shape.z * shape.y {
        for k in runs.row(row) {
            let a = &mut around[runs.root[k] as usize];
            if a.low != 0 {
                look_around(src, shape, row, runs.runs[k], a);
            }
        }
    }
    let mut out = src.to_vec();
    out.par_chunks_mut(shape.x.max(1)).with_min_len(16).enumerate().for_each(|(row, out)| {
        for k in runs.row(row) {
            let a = around[runs.root[k] as usize];
            if a.low == a.high {
                out[runs.runs[k].start as usize..runs.runs[k].end as usize].fill(T::from_word(a.low));
            }
        }
    });
    out
}

fn at_border(row: usize, run: Run, shape: Shape) -> bool {
    let edge = |v: usize, n: usize| v == 0 || v + 1 == n;
    edge(row % shape.y, shape.y)
        || !shape.is_flat() && edge(row / shape.y, shape.z)
        || run.start == 0
        || run.end as usize == shape.x
}

/// The labels over the faces of a run that is nowhere at the border.
fn look_around<T: Word>(src: &[T], shape: Shape, row: usize, run: Run, a: &mut Enclosing) {
    let mut see = |voxels: &[T]| {
        for label in voxels.iter().map(|v| v.word()).filter(|&l| l != 0) {
            a.low = a.low.min(label);
            a.high = a.high.max(label);
        }
    };
    let (from, to) = (row * shape.x + run.start as usize, row * shape.x + run.end as usize);
    see(&src[from - 1..from]);
    see(&src[to..to + 1]);
    see(&src[from - shape.x..to - shape.x]);
    see(&src[from + shape.x..to + shape.x]);
    if !shape.is_flat() {
        let slice = shape.x * shape.y;
        see(&src[from - slice..to - slice]);
        see(&src[from + slice..to + slice]);
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: a flood fill, on random images in two and three dimensions.
    use super::*;
    use crate::ops::naive::{flood, images, neighbours, on_border};

    /// Piece by piece, voxel by voxel.
    fn naive(values: &[u32], shape: Shape) -> Vec<u32> {
        let (pieces, count) = flood(values, shape, Connectivity::Face, Of::Background);
        let mut out = values.to_vec();
        for piece in 1..=count {
            let members: Vec<usize> = (0..values.len()).filter(|&i| pieces[i] == piece).collect();
            let touched = members.iter().flat_map(|&i| neighbours(i, shape, Connectivity::Face));
            let mut around: Vec<u32> = touched.map(|j| values[j]).filter(|&v| v != 0).collect();
            around.sort_unstable();
            around.dedup();
            if around.len() == 1 && !members.iter().any(|&i| on_border(i, shape)) {
                members.iter().for_each(|&i| out[i] = around[0]);
            }
        }
        out
    }

    #[test]
    fn a_ring_is_filled_and_a_gap_between_two_is_not() {
        #[rustfmt::skip]
        let labels = Labels::new(Shape::flat(5, 8), vec![
            1, 1, 1, 1, 2, 2, 2, 2,
            1, 0, 0, 1, 2, 2, 0, 0,
            1, 0, 0, 0, 2, 2, 2, 2,
            1, 1, 1, 1, 2, 0, 2, 2,
            0, 1, 1, 1, 2, 2, 2, 2,
        ]).unwrap();
        #[rustfmt::skip]
        let want = [
            1, 1, 1, 1, 2, 2, 2, 2,
            1, 0, 0, 1, 2, 2, 0, 0,
            1, 0, 0, 0, 2, 2, 2, 2,
            1, 1, 1, 1, 2, 2, 2, 2,
            0, 1, 1, 1, 2, 2, 2, 2,
        ];
        let out = fill_label_holes(&Device::Cpu, &labels).unwrap();
        assert_eq!(out.voxels().host().unwrap(), want);
    }

    #[test]
    fn a_flood_fill_finds_the_same() {
        let mut filled = 0;
        for kinds in [2, 3] {
            for (shape, values) in images(kinds) {
                let want = naive(&values, shape);
                filled += usize::from(want != values);
                let got = fill_label_holes(&Device::Cpu, &Labels::new(shape, values.clone()).unwrap()).unwrap();
                assert_eq!(got.voxels().host().unwrap(), want, "{shape} {values:?}");
                let mask = Mask::new(shape, values.iter().map(|&v| u8::from(v != 0)).collect()).unwrap();
                let words: Vec<u32> = mask.voxels.host().unwrap().iter().map(|&v| v.into()).collect();
                let got = fill_holes(&Device::Cpu, &mask).unwrap();
                assert!(got.voxels.host().unwrap().iter().map(|&v| u32::from(v)).eq(naive(&words, shape)), "{shape}");
            }
        }
        assert!(filled > 20, "only {filled} of the images had a hole");
    }

    #[test]
    fn full_and_empty_masks_stay() {
        for v in [0, 1] {
            let mask = Mask::new(Shape::flat(3, 4), vec![v; 12]).unwrap();
            assert_eq!(fill_holes(&Device::Cpu, &mask).unwrap().voxels.host().unwrap(), [v; 12]);
        }
    }
}
