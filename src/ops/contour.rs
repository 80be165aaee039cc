//! Isocontours: around a voxel of each object, what is at least as bright as the object's own limit.
//!
//! Object L keeps the voxels of its territory (`territory == L`) with `sample >= limits[L]` that are connected, over
//! corners and inside of these, to the voxel `starts[L]`. Territories do not overlap, so regions do not either. Holes stay.
//! Where the start is not in the territory, or below the limit, the object has no voxel left. Labels keep their numbers.
//!
//! Bit budget: samples of 32 bits, compared only. Reference: `skimage.segmentation.flood` in each territory.

use super::hottest::hottest;
use super::label::{Connectivity, components, roots, words};
use super::runs::Of;
use super::{Case, Op};
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Buffer, Device, Gpu, GpuBuffer};
use crate::volume::{Labels, Volume};
use crate::{Error, Result};
use rayon::prelude::*;

/// The room's entry.
pub const OP: Op = Op {
    name: "contour",
    summary: "Isocontours around one voxel of each object",
    reference: "skimage.segmentation.flood",
    cases: &[
        Case { name: "five eighths of each maximum", run: |d, i| case(d, i, 0.625, 2.0) },
        Case { name: "some limits out of reach", run: |d, i| case(d, i, 1.1, 0.0) },
    ],
};

fn case(device: &Device, input: &super::Input, share: f64, reach: f64) -> Result<Vec<u32>> {
    let (v, seeds) = (input.volume(device)?, input.labels(device)?);
    let territory = super::grow::grow(device, &seeds, reach, [1; 3])?;
    let hot = hottest(device, &v, &seeds)?;
    let limits: Vec<i32> = hot.samples.iter().map(|&s| (f64::from(s) * share) as i32).collect();
    words(device, &contour(device, &v, &territory, &hot.voxels, &limits)?)
}

const CUT: Kernel = Kernel {
    name: "contour_cut",
    source: include_str!("../../shaders/contour_cut.wgsl"),
    shared: &[],
    params: "",
    arrays: &[read("src", "i32"), read("territory", "u32"), read("limit", "i32"), write("dst", "u32")],
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

/// Draws the isocontour of each object. `starts` are linear indices of voxels, [`NOWHERE`](super::hottest::NOWHERE) for
/// none; both lists have an entry a label and one for the background.
///
/// # Errors
/// Different sizes, lists of another length; the device is lost or too small.
pub fn contour(device: &Device, src: &Volume, territory: &Labels, starts: &[u32], limits: &[i32]) -> Result<Labels> {
    if src.shape != territory.shape {
        return Err(Error::usage(format!("territories of {} on an image of {}", territory.shape, src.shape)));
    }
    let n = territory.count as usize + 1;
    if starts.len() != n || limits.len() != n {
        let given = format!("{} starts and {} limits for {} objects", starts.len(), limits.len(), territory.count);
        return Err(Error::usage(given));
    }
    let voxels = match device {
        Device::Cpu => Buffer::Host(twin(src, territory, starts, limits)?),
        Device::Gpu(gpu) => Buffer::Gpu(dispatch(gpu, src, territory, starts, limits)?),
    };
    Ok(Labels { voxels, ..territory.clone() })
}

fn twin(src: &Volume, territory: &Labels, starts: &[u32], limits: &[i32]) -> Result<Vec<u32>> {
    let bright = |(&s, &l): (&i32, &u32)| if l != 0 && s >= limits[l as usize] { l } else { 0 };
    let both = src.samples.host()?.par_iter().zip(territory.voxels.host()?);
    let cut: Vec<u32> = both.with_min_len(1 << 14).map(bright).collect();
    let labels = Labels { voxels: Buffer::Host(cut), ..territory.clone() };
    let pieces = components(&Device::Cpu, &labels, Connectivity::Full)?;
    let (cut, pieces) = (labels.voxels.host()?, pieces.voxels.host()?);
    // No piece has the number 0.
    let piece_at = |(l, &start): (usize, &u32)| match cut.get(start as usize) {
        Some(&there) if there as usize == l => pieces[start as usize],
        _ => 0,
    };
    let wanted: Vec<u32> = starts.iter().enumerate().map(piece_at).collect();
    let keep = |(&l, &piece): (&u32, &u32)| if l != 0 && wanted[l as usize] == piece { l } else { 0 };
    Ok(cut.par_iter().zip(pieces).with_min_len(1 << 14).map(keep).collect())
}

fn dispatch(gpu: &Gpu, src: &Volume, territory: &Labels, starts: &[u32], limits: &[i32]) -> Result<GpuBuffer<u32>> {
    let (src, from, n) = (src.samples.gpu()?, territory.voxels.gpu()?, territory.shape.len());
    let cut = gpu.alloc::<u32>(n)?;
    gpu.dispatch(&CUT, n, &(), &[&src.cast(), from, &gpu.upload(limits)?.cast(), &cut])?;
    let root = roots(gpu, &cut, territory.shape, Connectivity::Full, Of::Objects)?;
    let wanted = gpu.alloc::<u32>(starts.len())?;
    gpu.dispatch(&PICK, starts.len(), &(), &[&gpu.upload(starts)?, &cut, &root, &wanted])?;
    let dst = gpu.alloc::<u32>(n)?;
    gpu.dispatch(&KERNEL, n, &(), &[&cut, &root, &wanted, &dst])?;
    Ok(dst)
}

#[cfg(test)]
mod tests {
    //! Oracle: literal grids, and a flood fill from each start on random images.
    use super::*;
    use crate::ops::hottest::NOWHERE;
    use crate::ops::naive::{images, neighbours};
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
        let territory = Labels::new(shape, vec![
            1, 1, 1, 1, 2, 2, 2,
            1, 1, 1, 1, 2, 2, 2,
            1, 1, 1, 1, 2, 2, 2,
        ]).unwrap();
        // Object 1: the 5 touches the 9 by a corner, the 4 does not touch. Object 2 starts at the 8, so the 9 is left out.
        let out = contour(&Device::Cpu, &v, &territory, &[NOWHERE, 9, 19], &[0, 4, 8]).unwrap();
        #[rustfmt::skip]
        assert_eq!(out.voxels.host().unwrap(), [
            0, 1, 0, 0, 0, 0, 0,
            0, 0, 1, 0, 0, 0, 0,
            0, 0, 0, 0, 0, 2, 0,
        ]);
        // Below the limit, in the territory of another, or nowhere: nothing is left.
        for start in [18, 0, NOWHERE] {
            let out = contour(&Device::Cpu, &v, &territory, &[NOWHERE, 9, start], &[0, 4, 3]).unwrap();
            assert!(!out.voxels.host().unwrap().contains(&2));
            assert_eq!(out.count, 2);
        }
        assert!(contour(&Device::Cpu, &v, &territory, &[0], &[0, 1, 2]).is_err());
    }

    #[test]
    fn a_flood_fill_gives_the_same() {
        for (k, (shape, values)) in images(4).into_iter().enumerate() {
            let territory = Labels::new(shape, values.clone()).unwrap();
            let samples: Vec<i32> = (0..shape.len()).map(|i| (i * 7919 + k * 31) as i32 % 100).collect();
            let v = Volume::new(shape, samples.clone()).unwrap();
            let hot = hottest(&Device::Cpu, &v, &territory).unwrap();
            let limits: Vec<i32> = hot.samples.iter().map(|&s| s.max(0) / 2).collect();
            let mut want = vec![0; shape.len()];
            for (l, &start) in hot.voxels.iter().enumerate().filter(|(_, s)| **s != NOWHERE) {
                let mut open = vec![start as usize];
                while let Some(i) = open.pop() {
                    if want[i] == 0 && values[i] as usize == l && samples[i] >= limits[l] {
                        want[i] = l as u32;
                        open.extend(neighbours(i, shape, Connectivity::Full));
                    }
                }
            }
            let got = contour(&Device::Cpu, &v, &territory, &hot.voxels, &limits).unwrap();
            assert_eq!(got.voxels.host().unwrap(), want, "{shape} {values:?}");
        }
    }
}
