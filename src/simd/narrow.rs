//! Samples in 16 bits, for operations that only compare them.

use super::span;

/// A sample in any width.
pub(crate) trait Sample: Copy + Default + Ord + Send + Sync {}
impl Sample for i32 {}
impl Sample for u16 {}
impl Sample for u8 {}

/// How samples that span no more than 16 bits become words above the smallest, and back: twice as many fit a register.
#[derive(Clone, Copy)]
pub(crate) struct Narrow {
    /// The smallest sample.
    pub low: i32,
}

impl Narrow {
    /// Nothing where the samples span more.
    pub fn of(samples: &[i32]) -> Option<Self> {
        Self::between(span(samples))
    }

    /// The same of samples of this span.
    pub fn between((low, high): (i32, i32)) -> Option<Self> {
        (i64::from(high) - i64::from(low) <= i64::from(u16::MAX)).then_some(Narrow { low })
    }

    /// A sample as a word.
    #[inline(always)]
    pub fn word(self, sample: i32) -> u16 {
        sample.wrapping_sub(self.low) as u16
    }

    /// A word as a sample again.
    #[inline(always)]
    pub fn sample(self, word: u16) -> i32 {
        self.low.wrapping_add(word.into())
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
            let back: Vec<i32> = samples.iter().map(|&s| narrow.sample(narrow.word(s))).collect();
            assert_eq!(back, samples);
        }
        assert!(Narrow::of(&[-5, 65_531]).is_none());
        assert!(Narrow::of(&[i32::MIN, i32::MAX]).is_none());
    }
}
