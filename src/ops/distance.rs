//! Exact squared Euclidean distance of each voxel of a mask to the nearest voxel outside of it.
//!
//! `D[p] = min over background q of sum_a w[a] (p[a] - q[a])^2` in integers, by `nearest.rs`. The border of the image is
//! not background. Saturates at `i32::MAX`, also where there is no background at all.
//! Reference: `scipy.ndimage.distance_transform_edt`, squared.

use super::nearest::{self, Search, Sites};
use super::op::words;
use super::{Case, Op, distance_search};
use crate::Result;
use crate::device::{Buffer, Device};
use crate::image::{Mask, Scale, Volume};
use crate::units::Spacing;

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "distance",
    summary: "Exact squared Euclidean distance to the background",
    reference: "scipy.ndimage.distance_transform_edt",
    kernels: nearest::KERNELS,
    uses: &[],
    cases: &[
        Case { name: "equal axes", run: |d, i| words(d, distance(d, &i.mask(d)?, [1; 3])?) },
        Case { name: "deep voxels", run: |d, i| words(d, distance(d, &i.mask(d)?, [37, 4, 5])?) },
        Case { name: "that saturates", run: |d, i| words(d, distance(d, &i.mask(d)?, [1 << 20; 3])?) },
        Case {
            name: "to rare voxels",
            run: |d, i| {
                let rare = super::pixelwise::above(d, &i.volume(d)?, 64_500)?;
                words(d, distance(d, &super::pixelwise::not(d, &rare)?, [3, 1, 1])?)
            },
        },
    ],
};

/// Squared distance to the nearest voxel that is not in the mask. `weights` are the squared sizes of a voxel along z, y, x,
/// from [`weights`]; the result is in their unit, at a scale of 1.
///
/// # Errors
/// A weight of 0 or over 2^20, an axis of more than 2^20 voxels; the device is lost or too small.
pub fn distance(device: &Device, mask: &Mask, weights: [u32; 3]) -> Result<Volume> {
    let search = Search::new(mask.shape, weights, nearest::FAR)?;
    let samples = match device {
        Device::Cpu => Buffer::on_host(bytemuck::cast_vec(distance_search::squared(&search, mask.voxels.host()?))),
        Device::Gpu(gpu) => {
            let (d2, _) = nearest::dispatch(&search, gpu, &mask.voxels.gpu()?.cast(), Sites::Zeros)?;
            Buffer::Gpu(d2.cast())
        }
    };
    Ok(Volume { shape: mask.shape, spacing: None, scale: Scale::ONE, samples })
}

/// Integer weights in proportion to the squared spacing along z, y, x: all 1 for equal axes or without calibration.
///
/// The finest axis gets a weight of `k <= 256`, the `k` for which the worst rounding error of a ratio is smallest (below
/// 0.2 % where axes differ by a factor of up to 64; exact for simple ratios, where the smallest `k` that is exact is taken). Distances then
/// saturate beyond 2896 of the finest voxels at the earliest. Ratios of more than 1024 between axes count as 1024.
/// A flat image has no depth: z counts 1.
pub fn weights(spacing: Option<Spacing>, flat: bool) -> [u32; 3] {
    let Some(spacing) = spacing else { return [1; 3] };
    let mut s = spacing.zyx;
    if flat {
        s[0] = s[1].min(s[2]);
    }
    let finest = s[0].min(s[1]).min(s[2]);
    let ratios = s.map(|v| (v / finest).min(1024.0) * (v / finest).min(1024.0));
    let largest = ratios[0].max(ratios[1]).max(ratios[2]);
    let error = |k: f64| ratios.iter().map(|r| ((r * k).round() / (r * k) - 1.0).abs()).fold(0.0, f64::max);
    let most = (1_048_576.0 / largest).clamp(1.0, 256.0) as u32;
    let mut best = 1;
    for k in 2..=most {
        // Not for rounding noise of the spacing itself: 0.29 / 0.145 is 4 squared, whatever its last bits.
        if error(k.into()) + 1e-9 < error(best.into()) {
            best = k;
        }
    }
    let mut w = ratios.map(|r| (r * f64::from(best)).round() as u32);
    if flat {
        w[0] = 1;
    }
    w
}

#[cfg(test)]
mod tests {
    //! Oracle: every voxel against every other, on random images in two and three dimensions.
    use super::*;
    use crate::ops::naive::images;
    use crate::units::Shape;

    fn naive(values: &[u32], shape: Shape, w: [u32; 3]) -> Vec<i32> {
        let outside: Vec<_> = (0..values.len()).filter(|&i| values[i] == 0).map(|i| shape.position(i)).collect();
        let nearest = |i: usize| {
            let p = shape.position(i);
            let d2 = |q: &[usize; 3]| (0..3).map(|a| u64::from(w[a]) * p[a].abs_diff(q[a]).pow(2) as u64).sum();
            outside.iter().map(d2).min().unwrap_or(u64::MAX).min(i32::MAX as u64) as i32
        };
        (0..values.len()).map(nearest).collect()
    }

    #[test]
    fn distances_of_a_small_object() {
        #[rustfmt::skip]
        let mask = Mask::new(Shape::flat(4, 5), vec![
            1, 1, 1, 1, 1,
            1, 1, 1, 1, 1,
            1, 1, 1, 1, 0,
            0, 1, 1, 1, 1,
        ]).unwrap();
        let d = distance(&Device::Cpu, &mask, [1; 3]).unwrap();
        #[rustfmt::skip]
        assert_eq!(d.samples.host().unwrap(), [
            9, 10, 8, 5, 4,
            4, 5, 5, 2, 1,
            1, 2, 4, 1, 0,
            0, 1, 4, 2, 1,
        ]);
    }

    #[test]
    fn all_pairs_give_the_same() {
        for (shape, values) in images(2) {
            let mask = Mask::new(shape, values.iter().map(|&v| v as u8).collect()).unwrap();
            for w in [[1, 1, 1], [7, 2, 3], [1 << 20, 1, 1 << 20]] {
                let got = distance(&Device::Cpu, &mask, w).unwrap();
                assert_eq!(got.samples.host().unwrap(), naive(&values, shape, w), "{shape} {w:?} {values:?}");
            }
        }
    }

    #[test]
    fn without_background_all_is_far() {
        let mask = Mask::new(Shape::new(2, 3, 4), vec![1; 24]).unwrap();
        assert_eq!(distance(&Device::Cpu, &mask, [1; 3]).unwrap().samples.host().unwrap(), [i32::MAX; 24]);
        assert!(distance(&Device::Cpu, &mask, [0, 1, 1]).is_err());
    }

    #[test]
    fn weights_follow_the_spacing() {
        let of = |z, y, x| weights(Spacing::um([z, y, x]), false);
        assert_eq!(of(1.0, 0.5, 0.5), [4, 1, 1]);
        assert_eq!(of(0.29, 0.145, 0.145), [4, 1, 1]);
        assert_eq!(of(1.5, 1.0, 1.0), [9, 4, 4]);
        assert_eq!(of(1e6, 1.0, 1.0), [1 << 20, 1, 1]);
        assert_eq!(weights(None, false), [1; 3]);
        assert_eq!(weights(Spacing::um([0.1, 2.0, 1.0]), true), [1, 4, 1]);
        let [z, y, _] = of(0.3, 0.065, 0.065);
        assert!((f64::from(z) / f64::from(y) / (0.3f64 / 0.065).powi(2) - 1.0).abs() < 1e-3);
    }
}
