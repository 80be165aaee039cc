//! Order statistics of integer samples, exact up to the last division.

use crate::simd::wide;
use rayon::prelude::*;

/// Quantile `num / den` of sorted samples, linear between neighbours (numpy's default), nothing if there are none.
pub(super) fn quantile(sorted: &[i32], num: usize, den: usize) -> Option<f64> {
    let at = sorted.len().checked_sub(1)? * num;
    let (k, rest) = (at / den, (at % den) as i64);
    let low = i64::from(*sorted.get(k)?);
    let high = i64::from(*sorted.get(k + 1).unwrap_or(&sorted[k]));
    Some((low * den as i64 + (high - low) * rest) as f64 / den as f64)
}

/// Median of samples in any order; they are reordered.
pub(super) fn median(samples: &mut [i32]) -> Option<f64> {
    let n = samples.len();
    if n == 0 {
        return None;
    }
    let (below, upper, _) = samples.select_nth_unstable(n / 2);
    let upper = i64::from(*upper);
    let lower = if n % 2 == 1 { upper } else { below.iter().copied().max().map_or(upper, i64::from) };
    Some((lower + upper) as f64 / 2.0)
}

/// Twice the median.
fn twice_median(sorted: &[i32]) -> Option<i64> {
    let n = sorted.len();
    Some(i64::from(*sorted.get(n / 2)?) + i64::from(*sorted.get((n - 1) / 2)?))
}

/// Median of the absolute deviations from the median.
pub(super) fn mad(sorted: &[i32]) -> Option<f64> {
    let (n, centre) = (sorted.len(), twice_median(sorted)?);
    let [upper, lower] = [n / 2, (n - 1) / 2].map(|k| deviation(sorted, 2, centre, k));
    Some((lower? + upper?) as f64 / 4.0)
}

/// The `k`-th, counted from 0, of the absolute deviations of `times` the samples from a number, in rising order.
pub(super) fn deviation(sorted: &[i32], times: i64, from: i64, k: usize) -> Option<i64> {
    // On both sides of the number the samples lie in the order of their deviations.
    let away = |s: i32| (times * i64::from(s) - from).abs();
    let (below, above) = sorted.split_at(sorted.partition_point(|&s| times * i64::from(s) < from));
    let (near, far) =
        (|k: usize| below.iter().nth_back(k).map(|&s| away(s)), |k: usize| above.get(k).map(|&s| away(s)));
    // How many of those below it come before the k-th.
    let (mut least, mut most) = (k.saturating_sub(above.len()), k.min(below.len()));
    while least < most {
        let i = least.midpoint(most);
        if near(i) < far(k - i - 1) { least = i + 1 } else { most = i }
    }
    near(least).into_iter().chain(far(k - least)).min()
}

/// Fewer samples than this are sorted by comparison.
const FEW: usize = 64;

/// The samples in rising order: a few bits after the other (LSD radix sort) as far as they differ.
pub(super) fn sorted(samples: &[i32]) -> Vec<i32> {
    let mut now = samples.to_vec();
    if samples.len() < FEW {
        now.sort_unstable();
        return now;
    }
    let (low, high) = samples.iter().fold((i32::MAX, i32::MIN), |(low, high), &s| (low.min(s), high.max(s)));
    // As few digits of up to 8 bits as there may be, all of one length.
    let bits = 32 - high.abs_diff(low).leading_zeros();
    let digits = bits.div_ceil(8) as usize;
    let length = bits.div_ceil(bits.div_ceil(8).max(1));
    let digit = |s: i32, k: usize| (s.wrapping_sub(low) as u32 >> (length * k as u32)) as usize & ((1 << length) - 1);
    let mut places = [[0usize; 256]; 4];
    for &s in samples {
        places[..digits].iter_mut().enumerate().for_each(|(k, places)| places[digit(s, k)] += 1);
    }
    let mut next = vec![0; now.len()];
    for (k, places) in places[..digits].iter_mut().enumerate() {
        let mut begin = 0;
        for place in &mut places[..1 << length] {
            begin += std::mem::replace(place, begin);
        }
        for &s in &now {
            let at = &mut places[digit(s, k)];
            next[*at] = s;
            *at += 1;
        }
        std::mem::swap(&mut now, &mut next);
    }
    now
}

/// Samples that are added up in 64 bits.
const BLOCK: usize = 1 << 16;

/// Exact sums of samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sums {
    /// How many.
    pub n: i128,
    /// Their sum.
    pub sum: i128,
    /// The sum of their squares.
    pub squares: i128,
}

wide! {
    /// Adds up some samples, and the lower and the upper halves of their squares.
    fn add(parts: &mut [i64; 3], samples: &[i32]) {
        let [mut sum, mut low, mut high] = *parts;
        for &v in samples {
            let square = i64::from(v) * i64::from(v);
            sum += i64::from(v);
            low += square & 0xffff_ffff;
            high += square >> 32;
        }
        *parts = [sum, low, high];
    }
}

impl Sums {
    /// Of some samples. A block of 2^16 products below 2^62 would not fit 64 bits, so squares are split at 32 bits.
    pub fn of(samples: &[i32]) -> Self {
        let block = |block: &[i32]| {
            let mut parts = [0; 3];
            add(&mut parts, block);
            let [sum, low, high] = parts;
            Sums { n: block.len() as i128, sum: i128::from(sum), squares: i128::from(low) + (i128::from(high) << 32) }
        };
        if samples.len() <= BLOCK {
            return block(samples);
        }
        let both = |a: Sums, b: Sums| Sums { n: a.n + b.n, sum: a.sum + b.sum, squares: a.squares + b.squares };
        samples.par_chunks(BLOCK).map(block).reduce(Sums::default, both)
    }

    /// Mean, nothing without samples.
    pub fn mean(&self) -> Option<f64> {
        (self.n > 0).then(|| self.sum as f64 / self.n as f64)
    }

    /// Population standard deviation (divided by n), nothing without samples.
    pub fn std(&self) -> Option<f64> {
        (self.n > 0).then(|| ((self.n * self.squares - self.sum * self.sum) as f64).sqrt() / self.n as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantiles_are_numpys() {
        assert_eq!(quantile(&[1, 2, 4, 8], 1, 4), Some(1.75));
        assert_eq!(quantile(&[1, 2, 4, 8], 1, 2), Some(3.0));
        assert_eq!(quantile(&[1, 2, 4, 8], 1, 1), Some(8.0));
        assert_eq!(quantile(&[], 1, 2), None);
        assert_eq!(median(&mut [8, 2, 4, 1]), Some(3.0));
        assert_eq!(median(&mut [8, 2, 4]), Some(4.0));
        assert_eq!(mad(&[1, 2, 4, 8]), Some(1.5));
        assert_eq!(mad(&[1, 1, 5]), Some(0.0));
    }

    proptest! {
        /// Oracle: the sort of the standard library, and the deviations one by one.
        #[test]
        fn sorted_is_sorted(samples in prop::collection::vec(any::<i32>(), 1..300), narrow in 0u32..32) {
            let samples: Vec<i32> = samples.iter().map(|s| s >> narrow).collect();
            let mut want = samples.clone();
            want.sort_unstable();
            prop_assert_eq!(sorted(&samples), &want[..]);
            let centre = twice_median(&want).unwrap();
            let mut away: Vec<i64> = want.iter().map(|&s| (2 * i64::from(s) - centre).abs()).collect();
            away.sort_unstable();
            let n = away.len();
            prop_assert_eq!(mad(&want), Some((away[n / 2] + away[(n - 1) / 2]) as f64 / 4.0));
        }
    }

    #[test]
    fn sums_hold_the_whole_range() {
        let s = Sums::of(&[i32::MIN; 5]);
        assert_eq!((s.sum, s.squares), (5 * i128::from(i32::MIN), 5 << 62));
        assert_eq!(s.std(), Some(0.0));
        assert_eq!(Sums::of(&[2, 4]).std(), Some(1.0));
        assert_eq!(Sums::of(&[]).mean(), None);
    }
}
