//! A second threshold for each object, at a fraction between its own background and its own peak.
//!
//! With `hi` the sample at rank `floor(quantile (n - 1))` of the object (quantile 1: its maximum) and `lo` the one at
//! rank `floor(floor (n - 1))` (or 0), the voxels above `lo + fraction (hi - lo)` stay; of what stays, the largest
//! connected piece (of equal ones the first in raster order), its holes filled. Objects whose `hi` is below `dimmest`
//! times the median of all are dropped. The same idea as the 41 % isocontour of PET.
//!
//! Bit budget: samples of 32 bits, compared only; limits on the host in f64.
//! Reference: Boellaard et al., Eur J Nucl Med Mol Imaging 2015;42:328 (isocontours at a share of the maximum).

use super::fill::fill_label_holes;
use super::label::{Connectivity, components, numbers, roots};
use super::object_rank::object_rank;
use super::op::label_words;
use super::renumber::select_dense;
use super::runs::Of;
use super::sizes::{self, sizes};
use super::{Case, Op};
use crate::device::kernel::{Kernel, atomic, read, write};
use crate::device::{Buffer, Device};
use crate::image::{Labels, Volume};
use crate::simd;
use crate::{Error, Result};

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "refine",
    summary: "A second threshold for each object at a fraction of its own peak",
    reference: "Boellaard et al. 2015",
    kernels: &[&KERNEL, &OWNER],
    uses: &[&super::fill::OP, &super::label::OP, &super::object_rank::OP, &super::renumber::OP, &super::sizes::OP],
    cases: &[
        Case {
            name: "three eighths of the third quartile",
            run: |d, i| {
                let p = Refine { fraction: 0.375, quantile: 0.75, floor: None, dimmest: 0.2 };
                label_words(d, &refine(d, &i.volume(d)?, &i.labels(d)?, &p)?)
            },
        },
        Case {
            name: "41 % between minimum and maximum",
            run: |d, i| {
                let p = Refine { fraction: 0.41, quantile: 1.0, floor: Some(0.0), dimmest: 0.0 };
                label_words(d, &refine(d, &i.volume(d)?, &i.labels(d)?, &p)?)
            },
        },
    ],
};

/// Parameters of a refinement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Refine {
    /// Share of the way from background to peak, 0 to 1.
    pub fraction: f64,
    /// Rank of the sample that stands for the peak: 1 is the maximum.
    pub quantile: f64,
    /// Rank of the sample that stands for the background; `None`: the background is gone and counts as 0.
    pub floor: Option<f64>,
    /// Objects with a peak below this share of the median peak are dropped; 0 keeps all.
    pub dimmest: f64,
}

const KERNEL: Kernel = Kernel {
    name: "refine",
    source: include_str!("../../shaders/refine.wgsl"),
    shared: &[],
    params: "",
    arrays: &[read("src", "i32"), read("label", "u32"), read("limit", "i32"), write("dst", "u32")],
};

crate::params! {
    struct Params { pieces: u32 }
}

const OWNER: Kernel = Kernel {
    name: "refine_owner",
    source: include_str!("../../shaders/refine_owner.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("piece", "u32"), read("label", "u32"), atomic("owner", "u32")],
};

/// Cuts each object at its own threshold. Labels are renumbered in raster order.
///
/// # Errors
/// A fraction or quantile outside 0 to 1, different sizes, or the device is lost or too small.
pub fn refine(device: &Device, src: &Volume, labels: &Labels, p: &Refine) -> Result<Labels> {
    if !(0.0..=1.0).contains(&p.fraction) {
        return Err(Error::usage(format!("a fraction of {} is not between 0 and 1", p.fraction)));
    }
    let peaks = object_rank(device, src, labels, p.quantile)?;
    let floors = match p.floor {
        Some(q) => object_rank(device, src, labels, q)?,
        None => vec![0; peaks.len()],
    };
    let limit = |(&hi, &lo): (&i32, &i32)| {
        let (hi, lo) = (f64::from(hi), f64::from(lo));
        (lo + p.fraction * (hi - lo)).floor() as i32
    };
    let limits: Vec<i32> = peaks.iter().zip(&floors).map(limit).collect();
    let (pieces, owners, sizes) = pieces(device, &cut(device, src, labels, &limits)?, labels)?;
    let bright = bright_enough(&peaks, p.dimmest);
    // The largest piece of each object; equal ones: the first.
    let mut best = vec![0usize; labels.count as usize + 1];
    for piece in 1..owners.len() {
        let b = &mut best[owners[piece] as usize];
        if *b == 0 || sizes[piece] > sizes[*b] {
            *b = piece;
        }
    }
    let keep: Vec<bool> =
        (0..owners.len()).map(|k| k > 0 && best[owners[k] as usize] == k && bright[owners[k] as usize]).collect();
    fill_label_holes(device, &select_dense(device, &pieces, &keep)?)
}

/// Which objects have a peak of at least `share` of the median peak.
fn bright_enough(peaks: &[i32], share: f64) -> Vec<bool> {
    let mut sorted = peaks.get(1..).unwrap_or(&[]).to_vec();
    sorted.sort_unstable();
    let n = sorted.len();
    let median = if n == 0 { 0.0 } else { (f64::from(sorted[(n - 1) / 2]) + f64::from(sorted[n / 2])) / 2.0 };
    peaks.iter().map(|&p| share <= 0.0 || f64::from(p) >= share * median).collect()
}

fn cut(device: &Device, src: &Volume, labels: &Labels, limits: &[i32]) -> Result<Labels> {
    let voxels = match device {
        Device::Cpu => {
            let one = |s: i32, l: u32| if l != 0 && s > limits[l as usize] { l } else { 0 };
            Buffer::on_host(simd::map2(src.samples.host()?, labels.voxels().host()?, one))
        }
        Device::Gpu(gpu) => {
            let (src, label) = (src.samples.gpu()?, labels.voxels().gpu()?);
            let limit = gpu.upload(limits)?;
            let dst = gpu.alloc::<u32>(label.len())?;
            gpu.dispatch(&KERNEL, label.len(), &(), &[&src.cast(), label, &limit.cast(), &dst])?;
            Buffer::Gpu(dst)
        }
    };
    Ok(labels.with(voxels))
}

/// The connected pieces that are left, the object of each, and their voxels.
fn pieces(device: &Device, left: &Labels, labels: &Labels) -> Result<(Labels, Vec<u32>, Vec<u32>)> {
    match device {
        Device::Cpu => {
            let pieces = components(device, left, Connectivity::Full)?;
            let mut owner = vec![0; pieces.count as usize + 1];
            for (&piece, &label) in pieces.voxels().host()?.iter().zip(labels.voxels().host()?) {
                if piece != 0 {
                    owner[piece as usize] = label;
                }
            }
            let sizes = sizes(device, &pieces)?;
            Ok((pieces, owner, sizes))
        }
        Device::Gpu(gpu) => {
            let root = roots(gpu, left.voxels().gpu()?, left.shape, Connectivity::Full, Of::Objects)?;
            let (piece, total) = numbers(gpu, &root)?;
            // Most objects stay in one piece. How many there are comes back with what is wanted of them.
            let mut room = (2 * labels.count as usize + 1024).min(piece.len());
            loop {
                let pieces = Labels::of(labels.shape, room as u32, Buffer::Gpu(piece.clone()));
                let owner = gpu.zeros::<u32>(room + 1)?;
                let p = Params { pieces: room as u32 };
                gpu.dispatch(&OWNER, piece.len(), &p, &[&piece, labels.voxels().gpu()?, &owner])?;
                let mut words = gpu.download_all(&[total.clone(), owner, sizes::dispatch(gpu, &pieces)?])?;
                let count = words.first().and_then(|total| total.first()).map_or(0, |n| *n as usize);
                if count <= room {
                    words.iter_mut().for_each(|words| words.truncate(count + 1));
                    let (sizes, owner) = (words.pop().unwrap_or_default(), words.pop().unwrap_or_default());
                    return Ok((Labels::of(labels.shape, count as u32, Buffer::Gpu(piece)), owner, sizes));
                }
                room = count;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Shape;

    #[test]
    fn each_object_has_its_own_limit() {
        let shape = Shape::flat(1, 12);
        let v = Volume::new(shape, vec![2, 5, 10, 5, 2, 0, 20, 50, 100, 30, 90, 0]).unwrap();
        let l = Labels::new(shape, vec![1, 1, 1, 1, 1, 0, 2, 2, 2, 2, 2, 0]).unwrap();
        let p = Refine { fraction: 0.4, quantile: 1.0, floor: None, dimmest: 0.0 };
        let out = refine(&Device::Cpu, &v, &l, &p).unwrap();
        // Limits 4 and 40; of the two pieces of the second object the larger one stays.
        assert_eq!(out.voxels().host().unwrap(), [0, 1, 1, 1, 0, 0, 0, 2, 2, 0, 0, 0]);
        let bright = Refine { dimmest: 0.5, ..p };
        let out = refine(&Device::Cpu, &v, &l, &bright).unwrap();
        assert_eq!(out.voxels().host().unwrap(), [0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0]);
    }
}
