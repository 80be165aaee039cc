//! Samples in 16 bits, for operations that only compare them.

use super::lanes::{self, span};

/// A sample in either width.
pub(super) trait Sample: Copy + Default + Ord + Send + Sync {}
impl Sample for i32 {}
impl Sample for u16 {}

/// Samples that span no more than 16 bits, as words above the smallest: twice as many fit a register.
pub(super) struct Narrow {
    /// The smallest sample.
    pub low: i32,
    /// Raster order.
    pub words: Vec<u16>,
}

/// The smallest sample, nothing where the samples span more than 16 bits.
pub(super) fn low(samples: &[i32]) -> Option<i32> {
    let (low, high) = span(samples);
    (i64::from(high) - i64::from(low) <= i64::from(u16::MAX)).then_some(low)
}

impl Narrow {
    /// Nothing where the samples span more.
    pub fn of(samples: &[i32]) -> Option<Self> {
        let low = low(samples)?;
        Some(Narrow { low, words: lanes::map(samples, |s| s.wrapping_sub(low) as u16) })
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn words_are_samples_again() {
        for samples in
            [vec![], vec![7], vec![-5, 65_530], vec![i32::MAX - 65_535, i32::MAX], vec![i32::MIN, i32::MIN + 9]]
        {
            let narrow = Narrow::of(&samples).unwrap();
            let back: Vec<i32> = narrow.words.iter().map(|&w| narrow.low.wrapping_add(w.into())).collect();
            assert_eq!(back, samples);
        }
        assert!(Narrow::of(&[-5, 65_531]).is_none());
        assert!(Narrow::of(&[i32::MIN, i32::MAX]).is_none());
    }
}
