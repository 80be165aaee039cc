//! One channel of a pair in an object.

use crate::image::Scale;

/// The samples of an object in one channel, and what they stand for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side<'a> {
    /// Raster order.
    pub samples: &'a [i32],
    pub scale: Scale,
    /// The value that counts as 1.
    pub full: f64,
}

impl Side<'_> {
    /// A sample as part of the full scale.
    pub fn part(&self, sample: f64) -> f64 {
        self.scale.value(sample) / self.full
    }

    /// The least sample whose part of the full scale is at least this.
    pub fn least_reaching(&self, part: f64) -> i64 {
        self.least(part, |p| p >= part)
    }

    /// The least sample whose part of the full scale is above this.
    pub fn least_above(&self, part: f64) -> i64 {
        self.least(part, |p| p > part)
    }

    /// Parts rise with samples, and the quotient is wrong by a few samples at most.
    fn least(&self, part: f64, fits: impl Fn(f64) -> bool) -> i64 {
        const FAR: f64 = (1u64 << 40) as f64;
        let mut sample = self.scale.sample(part * self.full).ceil().clamp(-FAR, FAR) as i64;
        let fits = |sample: i64| fits(self.part(sample as f64));
        for _ in 0..4 {
            if fits(sample - 1) {
                sample -= 1;
            } else if !fits(sample) {
                sample += 1;
            } else {
                break;
            }
        }
        sample
    }

    /// Sum of the values, from the number of voxels and the sum of their samples.
    pub fn total(&self, n: i128, sum: i128) -> f64 {
        sum as f64 * self.scale.factor() + n as f64 * self.scale.offset()
    }
}
