//! A second threshold for each object, at a fraction between its own background and its own peak.
//!
//! With `hi` the sample at rank `floor(quantile (n - 1))` of the object (quantile 1: its maximum) and `lo` the one at
//! rank `floor(floor (n - 1))` (or 0), the voxels above `lo + fraction (hi - lo)` stay; of what stays, the largest
//! connected piece (of equal ones the first in raster order), its holes filled. Objects whose `hi` is below `dimmest`
//! times the median of all are dropped. The same idea as the 41 % isocontour of PET.
//!
//! Bit budget: samples of 32 bits, compared only; limits as f64 gives them, in integers of 64 bits where the share is a whole one of
//! 2^16. The share of the median counts in millionths.
//! Reference: Boellaard et al., Eur J Nucl Med Mol Imaging 2015;42:328 (isocontours at a share of the maximum).

use super::fill::fill_label_holes;
use super::label::{Connectivity, components};
use super::object_rank::object_rank;
use super::op::label_words;
use super::refine_device::{KERNELS, MOST_OBJECTS, dispatch};
use super::renumber::select;
use super::sizes::sizes;
use super::{Case, Op};
use crate::device::{Buffer, Device};
use crate::image::{Labels, Volume};
use crate::simd;
use crate::{Error, Result};

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "refine",
    summary: "A second threshold for each object at a fraction of its own peak",
    reference: "Boellaard et al. 2015",
    kernels: KERNELS,
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

/// Cuts each object at its own threshold. Labels are renumbered in raster order.
///
/// # Errors
/// A fraction or quantile outside 0 to 1, different sizes, or the device is lost or too small.
pub fn refine(device: &Device, src: &Volume, labels: &Labels, p: &Refine) -> Result<Labels> {
    if !(0.0..=1.0).contains(&p.fraction) {
        return Err(Error::usage(format!("a fraction of {} is not between 0 and 1", p.fraction)));
    }
    match device {
        Device::Cpu => twin(src, labels, p),
        Device::Gpu(_) if labels.count as usize > MOST_OBJECTS => {
            twin(&src.to_host()?, &labels.to_host()?, p)?.to(device)
        }
        Device::Gpu(gpu) => dispatch(gpu, src, labels, p),
    }
}

fn twin(src: &Volume, labels: &Labels, p: &Refine) -> Result<Labels> {
    let device = &Device::Cpu;
    let peaks = object_rank(device, src, labels, p.quantile)?;
    let floors = match p.floor {
        Some(q) => object_rank(device, src, labels, q)?,
        None => vec![0; peaks.len()],
    };
    let limits = limits(&peaks, &floors, p.fraction);
    let one = |s: i32, l: u32| if l != 0 && s > limits[l as usize] { l } else { 0 };
    let cut = labels.with(Buffer::on_host(simd::map2(src.samples.host()?, labels.voxels().host()?, one)));
    let pieces = components(device, &cut, Connectivity::Full)?;
    let mut owners = vec![0; pieces.count as usize + 1];
    for (&piece, &label) in pieces.voxels().host()?.iter().zip(labels.voxels().host()?) {
        if piece != 0 {
            owners[piece as usize] = label;
        }
    }
    let sizes = sizes(device, &pieces)?;
    // The largest piece of each object; equal ones: the first.
    let mut best = vec![0usize; labels.count as usize + 1];
    for piece in 1..owners.len() {
        let b = &mut best[owners[piece] as usize];
        if *b == 0 || sizes[piece] > sizes[*b] {
            *b = piece;
        }
    }
    let bright = bright_enough(&peaks, p.dimmest);
    let keep: Vec<bool> =
        (0..owners.len()).map(|k| k > 0 && best[owners[k] as usize] == k && bright[owners[k] as usize]).collect();
    fill_label_holes(device, &select(device, &pieces, &keep)?)
}

/// What the voxels of each object must lie above.
pub(super) fn limits(peaks: &[i32], floors: &[i32], fraction: f64) -> Vec<i32> {
    let limit = |(&hi, &lo): (&i32, &i32)| {
        let (hi, lo) = (f64::from(hi), f64::from(lo));
        (lo + fraction * (hi - lo)).floor() as i32
    };
    peaks.iter().zip(floors).map(limit).collect()
}

/// A share as it is compared: exact on every device.
pub(super) fn millionths(share: f64) -> u32 {
    // The cast stops at the ends of the type.
    (share * 1e6).round() as u32
}

/// Which objects have a peak of at least `share` of the median peak.
fn bright_enough(peaks: &[i32], share: f64) -> Vec<bool> {
    let mut sorted = peaks.get(1..).unwrap_or(&[]).to_vec();
    sorted.sort_unstable();
    let n = sorted.len();
    let twice_the_median = if n == 0 { 0 } else { i64::from(sorted[(n - 1) / 2]) + i64::from(sorted[n / 2]) };
    let share = i64::from(millionths(share));
    peaks.iter().map(|&p| share == 0 || 2_000_000 * i64::from(p) >= share * twice_the_median).collect()
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
