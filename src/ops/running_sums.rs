//! Sums of neighbours along lines and down columns: where one window ends the next one begins, so one sample enters and one leaves.
//!
//! Samples that lie within 16 bits are added up in words that wrap around: of at most 65535 of them the sum, less so many times the
//! least sample, fits a word. All others are added up in 64 bits and held in f64, whose whole numbers are exact below 2^53.

use crate::simd::{Border, wide};

/// What samples add up to.
pub(super) trait Sum: Copy + Default + Send + Sync {
    /// All samples of a line before a place.
    type Total: Copy + Default + Send + Sync;
    /// With one more sample.
    fn total(before: Self::Total, sample: i32) -> Self::Total;
    /// The samples between two places.
    fn between(before: Self::Total, after: Self::Total) -> Self;
    /// With one more sample.
    fn with(self, sample: i32) -> Self;
    /// With one sample more and one less.
    fn slid(self, enter: i32, leave: i32) -> Self;
    /// So many equal samples.
    fn of_equal(samples: usize, sample: i32) -> Self;
    /// By how much it is more than another sum, which is no greater.
    fn above(self, least: Self) -> f64;
}

impl Sum for u32 {
    type Total = u32;
    #[inline(always)]
    fn total(before: u32, sample: i32) -> u32 {
        before.wrapping_add(sample as u32)
    }
    #[inline(always)]
    fn between(before: u32, after: u32) -> u32 {
        after.wrapping_sub(before)
    }
    #[inline(always)]
    fn with(self, sample: i32) -> u32 {
        self.wrapping_add(sample as u32)
    }
    #[inline(always)]
    fn slid(self, enter: i32, leave: i32) -> u32 {
        self.wrapping_add(enter.wrapping_sub(leave) as u32)
    }
    #[inline(always)]
    fn of_equal(samples: usize, sample: i32) -> u32 {
        (samples as u32).wrapping_mul(sample as u32)
    }
    #[inline(always)]
    fn above(self, least: u32) -> f64 {
        f64::from(self.wrapping_sub(least))
    }
}

impl Sum for f64 {
    type Total = i64;
    #[inline(always)]
    fn total(before: i64, sample: i32) -> i64 {
        before + i64::from(sample)
    }
    #[inline(always)]
    fn between(before: i64, after: i64) -> f64 {
        (after - before) as f64
    }
    #[inline(always)]
    fn with(self, sample: i32) -> f64 {
        self + f64::from(sample)
    }
    #[inline(always)]
    fn slid(self, enter: i32, leave: i32) -> f64 {
        self + (f64::from(enter) - f64::from(leave))
    }
    #[inline(always)]
    fn of_equal(samples: usize, sample: i32) -> f64 {
        samples as f64 * f64::from(sample)
    }
    #[inline(always)]
    fn above(self, least: f64) -> f64 {
        self - least
    }
}

/// The totals before each place of a line that goes on `beyond` its ends, as the border says.
pub(super) fn totals<S: Sum>(out: &mut [S::Total], line: &[i32], beyond: usize, border: Border) {
    let outside = |i: isize| line[border.index(i, line.len())];
    let (before, n) = (beyond as isize, line.len() as isize);
    let mut total = S::Total::default();
    out[0] = total;
    let mut next = |out: &mut S::Total, sample: i32| {
        total = S::total(total, sample);
        *out = total;
    };
    let (first, rest) = out[1..].split_at_mut(beyond);
    let (middle, last) = rest.split_at_mut(line.len());
    first.iter_mut().zip(-before..).for_each(|(out, i)| next(out, outside(i)));
    middle.iter_mut().zip(line).for_each(|(out, &sample)| next(out, sample));
    last.iter_mut().zip(n..).for_each(|(out, i)| next(out, outside(i)));
}

wide! {
    /// A row more in all sums.
    pub(super) fn add<S: Sum>(sums: &mut [S], row: &[i32]) {
        for (sum, &s) in sums.iter_mut().zip(row) {
            *sum = sum.with(s);
        }
    }
}

wide! {
    /// A row more and a row less in all sums.
    pub(super) fn slide<S: Sum>(sums: &mut [S], enter: &[i32], leave: &[i32]) {
        for ((sum, &e), &l) in sums.iter_mut().zip(enter).zip(leave) {
            *sum = sum.slid(e, l);
        }
    }
}
