//! Grey levels of windows side by side, so many from the lowest to the highest value of each.

use super::lanes::{LANES, Lanes};
use crate::image::Scale;
use crate::measure::texture::discretise::Bins;
use crate::simd::wide;

/// Stands for a sample outside of the image, below all that are in it.
pub(super) const OUTSIDE: i32 = i32::MIN;

wide! {
    /// The level of each voxel; 0 where there is none.
    pub(super) fn levels(samples: &[Lanes<i32>], scale: Scale, number: u16, levels: &mut [Lanes<u16>]) {
        let (mut low, mut high) = ([i32::MAX; LANES], [OUTSIDE; LANES]);
        for samples in samples {
            for ((low, high), &sample) in low.iter_mut().zip(&mut high).zip(samples) {
                *low = (*low).min(if sample == OUTSIDE { i32::MAX } else { sample });
                *high = (*high).max(sample);
            }
        }
        // Values rise with samples.
        let value = |sample: i32| scale.value(f64::from(sample));
        let bins: Lanes<Bins> = std::array::from_fn(|lane| Bins::numbered(number, value(low[lane]), value(high[lane])));
        for (levels, samples) in levels.iter_mut().zip(samples) {
            for ((level, &sample), bins) in levels.iter_mut().zip(samples).zip(&bins) {
                *level = if sample == OUTSIDE { 0 } else { bins.level(value(sample)) };
            }
        }
    }
}
