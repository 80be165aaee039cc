//! Hysteresis threshold: what lies above a low threshold and is connected to something above a high one.
//!
//! Pieces of `v > low`, by faces (4 neighbours in a plane, 6 in depth), are kept if they hold a voxel `v > high`.
//! A low threshold above the high one counts as the high one.
//! Reference: `skimage.filters.apply_hysteresis_threshold`; Canny 1986, doi 10.1109/TPAMI.1986.4767851.

use super::label::{Connectivity, label};
use super::threshold::threshold;
use super::{Case, Op};
use crate::Result;
use crate::device::kernel::{Kernel, atomic, read, write};
use crate::device::{Buffer, Device};
use crate::image::{Mask, Volume};
use crate::simd;

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "hysteresis",
    summary: "Voxels above a low threshold that are connected to one above a high threshold",
    reference: "skimage.filters.apply_hysteresis_threshold",
    kernels: &[&MARK, &KEEP],
    uses: &[&super::label::OP, &super::threshold::OP],
    cases: &[Case {
        name: "between 600 and 30000",
        run: |d, i| {
            let mask = hysteresis(d, &i.volume(d)?, 600.0, 30_000.0)?;
            Ok(d.fetch(&mask.voxels)?.iter().map(|&m| m.into()).collect())
        },
    }],
};

crate::params! {
    struct NoParams { unused: u32 }
}

const MARK: Kernel = Kernel {
    name: "hysteresis_mark",
    source: include_str!("../../shaders/hysteresis_mark.wgsl"),
    shared: &[],
    params: NoParams::WGSL,
    arrays: &[read("label", "u32"), read("high", "u32"), atomic("hit", "u32")],
};

const KEEP: Kernel = Kernel {
    name: "hysteresis",
    source: include_str!("../../shaders/hysteresis.wgsl"),
    shared: &[],
    params: NoParams::WGSL,
    arrays: &[read("label", "u32"), read("hit", "u32"), write("dst", "u32")],
};

/// The pieces above `low` that reach above `high`, both in samples.
///
/// # Errors
/// A threshold that is not a number; the device is lost or too small.
pub fn hysteresis(device: &Device, src: &Volume, low: f64, high: f64) -> Result<Mask> {
    let seeds = threshold(device, src, high)?;
    // NaN in `low` passes through to the error of `threshold`.
    let low = if low > high { high } else { low };
    let pieces = label(device, &threshold(device, src, low)?, Connectivity::Face)?;
    let voxels = match device {
        Device::Cpu => Buffer::on_host(twin(pieces.voxels().host()?, seeds.voxels.host()?, pieces.count as usize)),
        Device::Gpu(gpu) => {
            let (label, high) = (pieces.voxels().gpu()?, seeds.voxels.gpu()?);
            let hit = gpu.zeros::<u32>(pieces.count as usize + 1)?;
            let kept = gpu.alloc::<u8>(label.len())?;
            let none = NoParams { unused: 0 };
            gpu.dispatch(&MARK, label.len(), &none, &[label, &high.cast(), &hit])?;
            gpu.dispatch(&KEEP, label.len(), &none, &[label, &hit, &kept.cast()])?;
            Buffer::Gpu(kept)
        }
    };
    Ok(Mask { shape: src.shape, voxels })
}

fn twin(labels: &[u32], seeds: &[u8], count: usize) -> Vec<u8> {
    let mut hit = vec![0u8; count + 1];
    for (&label, &seed) in labels.iter().zip(seeds) {
        if label > 0 {
            hit[label as usize] |= seed;
        }
    }
    simd::map(labels, |label| hit[label as usize])
}

#[cfg(test)]
mod tests {
    //! Oracle: the example of scikit-image's documentation, and neighbours by corner.
    use super::*;
    use crate::units::Shape;

    fn of(shape: Shape, samples: &[i32], low: f64, high: f64) -> Vec<u8> {
        let v = Volume::new(shape, samples.to_vec()).unwrap();
        hysteresis(&Device::Cpu, &v, low, high).unwrap().voxels.host().unwrap().to_vec()
    }

    #[test]
    fn pieces_that_reach_up_are_kept() {
        let row = [1, 2, 3, 2, 1, 2, 1, 3, 2];
        assert_eq!(of(Shape::flat(1, 9), &row, 1.5, 2.5), [0, 1, 1, 1, 0, 0, 0, 1, 1]);
        assert_eq!(of(Shape::flat(1, 9), &row, 9.0, 2.5), [0, 0, 1, 0, 0, 0, 0, 1, 0]);
    }

    #[test]
    fn a_corner_does_not_connect() {
        assert_eq!(of(Shape::flat(2, 2), &[3, 0, 0, 2], 1.0, 2.0), [1, 0, 0, 0]);
    }
}
