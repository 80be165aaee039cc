//! Exact sums over pairs of samples, and what follows from them.

use crate::image::Scale;
use crate::simd::wide;

/// Sums over voxels that two channels have together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sums {
    /// Voxels.
    pub n: i128,
    /// Sum of the samples of the first and the second channel.
    pub sum: [i128; 2],
    /// Sums of their squares.
    pub squares: [i128; 2],
    /// Sum of their products.
    pub product: i128,
}

impl Sums {
    pub fn of(pairs: impl Iterator<Item = (i32, i32)>) -> Self {
        let mut sums = Sums::default();
        pairs.for_each(|(a, b)| sums.add(a, b));
        sums
    }

    pub fn add(&mut self, a: i32, b: i32) {
        let (a, b) = (i64::from(a), i64::from(b));
        self.n += 1;
        self.sum = [self.sum[0] + i128::from(a), self.sum[1] + i128::from(b)];
        self.squares = [self.squares[0] + i128::from(a * a), self.squares[1] + i128::from(b * b)];
        self.product += i128::from(a * b);
    }

    /// What is left without some of the voxels.
    pub fn without(&self, part: &Sums) -> Sums {
        Sums {
            n: self.n - part.n,
            sum: [0, 1].map(|k| self.sum[k] - part.sum[k]),
            squares: [0, 1].map(|k| self.squares[k] - part.squares[k]),
            product: self.product - part.product,
        }
    }

    /// `n^2` times the variances and the covariance, in samples.
    pub fn spread(&self) -> ([i128; 2], i128) {
        let variance = [0, 1].map(|k| self.n * self.squares[k] - self.sum[k] * self.sum[k]);
        (variance, self.n * self.product - self.sum[0] * self.sum[1])
    }

    /// Pearson's correlation; nothing where a channel is flat.
    pub fn pearson(&self) -> Option<f64> {
        let ([a, b], ab) = self.spread();
        (a > 0 && b > 0).then(|| (ab as f64 / (a as f64 * b as f64).sqrt()).clamp(-1.0, 1.0))
    }

    /// Sums of the squares of the values of both channels, and of their products.
    pub fn of_values(&self, scales: [Scale; 2]) -> ([f64; 2], f64) {
        let ([fa, fb], [oa, ob]) = (scales.map(|s| s.factor()), scales.map(|s| s.offset()));
        let [sa, sb] = self.sum.map(|s| s as f64);
        let n = self.n as f64;
        let square = |k: usize, f: f64, o: f64, s: f64| f * f * self.squares[k] as f64 + 2.0 * f * o * s + n * o * o;
        let product = fa * fb * self.product as f64 + fa * ob * sa + fb * oa * sb + n * oa * ob;
        ([square(0, fa, oa, sa), square(1, fb, ob, sb)], product)
    }
}

/// Pairs of samples whose sums over parts are asked for often. Those that span no more than 16 bits, as images of cameras
/// do, are added up in 64 bits in wide registers.
pub(super) struct Pairs<'a> {
    samples: [&'a [i32]; 2],
    low: [i32; 2],
    narrow: Option<[Vec<u32>; 2]>,
}

impl<'a> Pairs<'a> {
    pub fn new(samples: [&'a [i32]; 2]) -> Self {
        let low = samples.map(|s| s.iter().copied().min().unwrap_or(0));
        let fits = |k: usize| samples[k].iter().all(|s| s.abs_diff(low[k]) < 1 << 16);
        let above = |k: usize| samples[k].iter().map(|s| s.abs_diff(low[k])).collect();
        Pairs { samples, low, narrow: (fits(0) && fits(1)).then(|| [above(0), above(1)]) }
    }

    /// Of the voxels whose first sample lies below `limits[0]` or whose second one below `limits[1]`. Samples are counted from
    /// the lowest one where they are narrow: their spread is the same.
    pub fn below(&self, limits: [i64; 2]) -> Sums {
        let Some([a, b]) = &self.narrow else {
            let pairs = self.samples[0].iter().copied().zip(self.samples[1].iter().copied());
            return Sums::of(pairs.filter(|&(a, b)| i64::from(a) < limits[0] || i64::from(b) < limits[1]));
        };
        let limit = |k: usize| (limits[k] - i64::from(self.low[k])).clamp(0, 1 << 16) as u32;
        let mut sums = [0u64; 6];
        add_below(a, b, [limit(0), limit(1)], &mut sums);
        let [n, sa, sb, aa, bb, product] = sums.map(i128::from);
        Sums { n, sum: [sa, sb], squares: [aa, bb], product }
    }
}

wide! {
    /// Adds up the pairs below a limit: fewer than 2^31 products below 2^32 fit 64 bits.
    fn add_below(a: &[u32], b: &[u32], limits: [u32; 2], sums: &mut [u64; 6]) {
        let mut all = [0u64; 6];
        for (&a, &b) in a.iter().zip(b) {
            let inside = u32::from((a < limits[0]) | (b < limits[1]));
            let (a, b) = (u64::from(a * inside), u64::from(b * inside));
            all[0] += u64::from(inside);
            all[1] += a;
            all[2] += b;
            all[3] += a * a;
            all[4] += b * b;
            all[5] += a * b;
        }
        *sums = all;
    }
}

#[cfg(test)]
mod tests {
    //! Invariant: narrow and wide samples have the same spread.
    use super::*;

    #[test]
    fn narrow_is_wide() {
        let mut state = 1u32;
        let mut some = |bits: u32| {
            let next = |_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> (32 - bits)) as i32 - 77
            };
            (0..999).map(next).collect::<Vec<i32>>()
        };
        for bits in [3, 12, 16] {
            let (a, b) = (some(bits), some(bits));
            let mut pairs = Pairs::new([&a, &b]);
            assert!(pairs.narrow.is_some());
            for limits in [[0, 0], [-100, 5], [1 << bits, 2], [1 << (bits - 1), 1 << (bits - 1)], [i64::MIN, i64::MAX]]
            {
                let limits = limits.map(|l: i64| l.clamp(-(1 << 40), 1 << 40));
                let narrow = pairs.below(limits);
                let kept = pairs.narrow.take();
                let wide = pairs.below(limits);
                pairs.narrow = kept;
                assert_eq!((narrow.n, narrow.spread()), (wide.n, wide.spread()), "{bits} {limits:?}");
            }
        }
        let ends = [i32::MIN, i32::MAX, 0];
        assert!(Pairs::new([&ends, &ends]).below([1 << 40; 2]).pearson() == Some(1.0));
    }
}
