//! Grows objects into the background: every voxel within the distance takes the label of the nearest object voxel.
//!
//! The nearest in the lexicographic sense of (squared distance, label), both exact, by `nearest.rs`: at equal distance the
//! lowest label wins, and objects never run into each other. Labels keep their numbers.
//! Reference: `skimage.segmentation.expand_labels`, which leaves ties open.

use super::distance_search::tagged;
use super::nearest::{self, FAR, Search, Sites};
use super::op::label_words;
use super::{Case, Op};
use crate::device::{Buffer, Device};
use crate::image::Labels;
use crate::simd;
use crate::{Error, Result};

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "grow",
    summary: "Grows objects by a distance without merging them",
    reference: "skimage.segmentation.expand_labels",
    kernels: nearest::KERNELS,
    uses: &[],
    cases: &[
        Case { name: "by 4 px", run: |d, i| label_words(d, &grow(d, &i.labels(d)?, 4.0, [1; 3])?) },
        Case { name: "by 2.3 px in deep voxels", run: |d, i| label_words(d, &grow(d, &i.labels(d)?, 2.3, [7, 3, 2])?) },
        Case { name: "without end", run: |d, i| label_words(d, &grow(d, &i.labels(d)?, 1e9, [2, 1, 1])?) },
    ],
};

/// Grows objects by `distance_px` pixels of the image plane. `weights` are the squared sizes of a voxel along z, y, x, from
/// [`weights`](super::distance::weights); where y and x differ, a pixel is their geometric mean.
///
/// # Errors
/// A distance below 0 or not a number, a weight of 0 or over 2^20, an axis of more than 2^20 voxels; the device is lost or
/// too small.
pub fn grow(device: &Device, labels: &Labels, distance_px: f64, weights: [u32; 3]) -> Result<Labels> {
    if distance_px.is_nan() || distance_px < 0.0 {
        return Err(Error::usage(format!("growth by {distance_px} px")).remedy("a distance of 0 or more"));
    }
    let pixel = (f64::from(weights[1]) * f64::from(weights[2])).sqrt();
    // The cast saturates. FAR itself means that nothing was found.
    let limit = ((distance_px * distance_px * pixel) as u32).min(FAR - 1);
    let search = Search::new(labels.shape, weights, limit)?;
    let voxels = match device {
        Device::Cpu => {
            let voxels = labels.voxels().host()?;
            Buffer::on_host(tagged(&search, voxels, labels.count).unwrap_or_else(|| by_envelope(&search, voxels)))
        }
        Device::Gpu(gpu) => Buffer::Gpu(nearest::dispatch(&search, gpu, labels.voxels().gpu()?, Sites::Objects)?.1),
    };
    Ok(labels.with(voxels))
}

fn by_envelope(search: &Search, voxels: &[u32]) -> Vec<u32> {
    let (d2, tags) = nearest::twin(search, voxels, |l| (l != 0).then_some(l));
    simd::map2(&d2, &tags, |d2, tag| if d2 == FAR { 0 } else { tag })
}

#[cfg(test)]
mod tests {
    //! Oracle: every voxel against every other, on random images in two and three dimensions.
    use super::*;
    use crate::ops::naive::images;
    use crate::units::Shape;

    fn naive(values: &[u32], shape: Shape, limit: u64, w: [u32; 3]) -> Vec<u32> {
        let objects: Vec<_> =
            (0..values.len()).filter(|&i| values[i] != 0).map(|i| (shape.position(i), values[i])).collect();
        let nearest = |i: usize| {
            let p = shape.position(i);
            let d2 = |q: [usize; 3]| (0..3).map(|a| u64::from(w[a]) * (p[a].abs_diff(q[a]) as u64).pow(2)).sum();
            let best = objects.iter().map(|&(q, label)| (d2(q), label)).min();
            best.filter(|&(d2, _): &(u64, u32)| d2 <= limit).map_or(0, |(_, label)| label)
        };
        (0..values.len()).map(nearest).collect()
    }

    #[test]
    fn ties_go_to_the_lowest_label() {
        let labels = Labels::new(Shape::flat(1, 9), vec![0, 0, 2, 0, 0, 0, 1, 0, 0]).unwrap();
        let out = grow(&Device::Cpu, &labels, 2.0, [1; 3]).unwrap();
        assert_eq!(out.voxels().host().unwrap(), [2, 2, 2, 2, 1, 1, 1, 1, 1]);
        let out = grow(&Device::Cpu, &labels, 1.9, [1; 3]).unwrap();
        assert_eq!(out.voxels().host().unwrap(), [0, 2, 2, 2, 0, 1, 1, 1, 0]);
        assert!(grow(&Device::Cpu, &labels, f64::NAN, [1; 3]).is_err());
    }

    #[test]
    fn all_pairs_give_the_same() {
        for (shape, mut values) in images(9) {
            // Fewer objects than the images have, so that there is room to grow.
            for (i, v) in values.iter_mut().enumerate() {
                *v = if i * 7 % 5 < 3 { 0 } else { *v };
            }
            let labels = Labels::new(shape, values.clone()).unwrap();
            for (px, limit, w) in
                [(2.5, 6, [1, 1, 1]), (3.0, 36, [9, 4, 4]), (0.0, 0, [1, 1, 1]), (1e6, 1 << 40, [5, 1, 1])]
            {
                let got = grow(&Device::Cpu, &labels, px, w).unwrap();
                assert_eq!(
                    got.voxels().host().unwrap(),
                    naive(&values, shape, limit, w),
                    "{shape} {px} {w:?} {values:?}"
                );
            }
        }
    }
}
