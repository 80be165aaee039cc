//! Is the correlation larger than that of voxels put in another order? (Costes et al. 2004, voxel by voxel within the object.)
//!
//! The orders are drawn from numbers that depend on the object's label and nothing else, so a table is the same again.

/// The share of orders whose correlation is as large as that of the voxels as they lie, which counts among them.
pub(super) fn p_value(a: &[i32], b: &[i32], label: u32, shuffles: u32) -> f64 {
    let product = |a: i32, b: i32| i128::from(i64::from(a) * i64::from(b));
    let as_they_lie: i128 = a.iter().zip(b).map(|(a, b)| product(*a, *b)).sum();
    let mut draws = Draws(u64::from(label));
    let mut order = b.to_vec();
    let mut as_large = 1u32;
    for _ in 0..shuffles {
        let mut sum = 0;
        // Fisher and Yates: what is drawn for a place stays there.
        for i in (0..order.len()).rev() {
            order.swap(i, draws.below(i as u32 + 1) as usize);
            sum += product(a[i], order[i]);
        }
        // Means and variances are the same in every order: the sum of products says which correlation is larger.
        as_large += u32::from(sum >= as_they_lie);
    }
    f64::from(as_large) / (f64::from(shuffles) + 1.0)
}

/// Numbers by chance (SplitMix64, Steele et al. 2014).
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to `most` - 1, each as likely as the other: draws that would favour some are drawn again.
    fn below(&mut self, most: u32) -> u32 {
        loop {
            let wide = (self.next() >> 32) * u64::from(most);
            if wide as u32 >= most.wrapping_neg() % most {
                return (wide >> 32) as u32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    //! Invariant, and what chance gives.
    use super::*;

    #[test]
    fn p_is_small_for_equal_channels_and_even_for_unrelated_ones() {
        let mut draws = Draws(7);
        let mut some = || (0..200).map(|_| draws.below(1000) as i32).collect::<Vec<i32>>();
        let a = some();
        assert_eq!(p_value(&a, &a, 1, 99), 0.01);
        assert_eq!(p_value(&a, &a.iter().map(|v| -v).collect::<Vec<_>>(), 1, 99), 1.0);
        let unrelated: Vec<f64> = (0..100).map(|label| p_value(&a, &some(), label, 99)).collect();
        let mean = unrelated.iter().sum::<f64>() / 100.0;
        assert!((mean - 0.5).abs() < 0.1, "{mean}");
        assert_eq!(p_value(&a, &[3; 200], 5, 9), 1.0);
        assert_eq!(p_value(&[], &[], 5, 9), 1.0);
    }

    #[test]
    fn draws_are_even() {
        let (mut draws, mut counts) = (Draws(1), [0u32; 6]);
        (0..60_000).for_each(|_| counts[draws.below(6) as usize] += 1);
        assert!(counts.iter().all(|n| n.abs_diff(10_000) < 400), "{counts:?}");
    }
}
