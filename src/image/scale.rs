//! From samples to values. The factor of a [`Scale`] is above 0: whatever is brighter has a larger sample, so thresholds,
//! ranks and maxima of samples are those of values.

use crate::{Error, Result};

/// How integer samples become values: `value = sample * factor + offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    factor: f64,
    offset: f64,
    /// Values of the image may lie so far from those of their samples that a limit takes them for one.
    rounding: f64,
}

/// Numbers were rounded to samples by half a step at most, and so was a maximum that a limit is a share of: together three quarters
/// of one where the share is one half.
const ROUNDING: f64 = 0.75;

impl Scale {
    /// Samples are the values.
    pub const ONE: Scale = Scale::whole(0);

    /// The value of one step, and that of sample 0.
    ///
    /// # Errors
    /// The factor is not above 0, or one of the two is no finite number. An image whose values fall as its numbers rise has
    /// its samples turned round first.
    pub fn new(factor: f64, offset: f64) -> Result<Self> {
        if factor > 0.0 && factor.is_finite() && offset.is_finite() {
            return Ok(Scale { factor, offset, rounding: 0.0 });
        }
        Err(Error::format(format!("a scale with the factor {factor:e} and the offset {offset:e}"))
            .remedy("a factor above 0, and numbers that are finite"))
    }

    /// Samples that are the values less a whole number.
    pub(crate) const fn whole(offset: u32) -> Self {
        Scale { factor: 1.0, offset: offset as f64, rounding: 0.0 }
    }

    /// Of samples that numbers were rounded to.
    pub(crate) fn rounded(self) -> Self {
        Scale { rounding: ROUNDING * self.factor, ..self }
    }

    /// For values that are so many times as large, the one of sample 0 being `offset`.
    ///
    /// # Errors
    /// As [`Scale::new`].
    pub(crate) fn times(self, by: f64, offset: f64) -> Result<Self> {
        Ok(Scale { rounding: self.rounding * by, ..Scale::new(self.factor * by, offset)? })
    }

    /// Value of one step; above 0.
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// The distance of two neighbouring values, where the numbers of the file are the samples and were rounded by whoever took them.
    pub(crate) fn step(&self) -> Option<f64> {
        (self.rounding == 0.0).then_some(self.factor)
    }

    /// Value of sample 0.
    pub fn offset(&self) -> f64 {
        self.offset
    }

    /// The same steps from another value on.
    pub(crate) fn with_offset(self, offset: f64) -> Self {
        Scale { offset: offset.clamp(f64::MIN, f64::MAX), ..self }
    }

    /// For samples times 2^bits.
    pub(crate) fn finer(self, bits: u32) -> Self {
        // The least positive number is never halved to nothing.
        Scale { factor: libm::ldexp(self.factor, -(bits.min(31) as i32)).max(f64::from_bits(1)), ..self }
    }

    /// No sample has a value beyond the numbers.
    pub(crate) fn is_finite(&self) -> bool {
        [i32::MIN, i32::MAX].iter().all(|s| self.value(f64::from(*s)).is_finite())
    }

    /// The value of a sample, or of any linear combination of samples whose weights add up to 1.
    #[inline]
    pub fn value(&self, sample: f64) -> f64 {
        sample * self.factor + self.offset
    }

    /// The sample of a value; most values lie between two.
    pub fn sample(&self, value: f64) -> f64 {
        (value - self.offset) / self.factor
    }

    /// The least sample with a value of at least `value`: what a table shows as `value` belongs to it, whatever the
    /// rounding of a division would say, and so does a voxel that was `value` before it was rounded to a sample. Beyond the range of `i32` by as much as there is; not above 2^40.
    pub fn least_reaching(&self, value: f64) -> i64 {
        self.first(value, |v| v + self.rounding >= value)
    }

    /// The least sample with a value above `value`, which a voxel that was `value` is not.
    pub fn least_above(&self, value: f64) -> i64 {
        self.first(value, |v| v - self.rounding > value)
    }

    /// The least sample that fits; values rise with samples, and division is wrong by a few samples at most.
    fn first(&self, value: f64, fits: impl Fn(f64) -> bool) -> i64 {
        const FAR: f64 = (1u64 << 40) as f64;
        let mut sample = self.sample(value).ceil().clamp(-FAR, FAR) as i64;
        let fits = |sample: i64| fits(self.value(sample as f64));
        for _ in 0..4 {
            if fits(sample - 1) {
                sample -= 1;
            } else if !fits(sample) {
                sample += 1;
            }
        }
        sample
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn no_scale_falls_or_stands_still() {
        for bad in [0.0, -0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(Scale::new(bad, 0.0).is_err(), "{bad}");
        }
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(Scale::new(1.0, bad).is_err(), "{bad}");
        }
        let smallest = Scale::new(f64::from_bits(1), f64::MAX).unwrap();
        assert!(smallest.finer(16).factor() > 0.0);
        assert!(smallest.with_offset(f64::MAX - f64::MIN).offset().is_finite());
    }

    #[test]
    fn a_value_that_was_rounded_reaches_itself_and_lies_not_above_itself() {
        let step = libm::ldexp(1.0, -28);
        let scale = Scale::new(step, 0.0).unwrap().rounded();
        for scale in [scale, scale.times(3.7, 0.0).unwrap()] {
            for tenths in 1..50 {
                let value = f64::from(tenths) / 10.0;
                let sample = scale.sample(value).round_ties_even() as i64;
                assert!((sample - 1..=sample).contains(&scale.least_reaching(value)), "{value}");
                assert!((sample + 1..=sample + 2).contains(&scale.least_above(value)), "{value}");
                // 41 percent of a maximum that was rounded itself.
                let (most, part) = (scale.value((scale.sample(value).round_ties_even()).round()), 0.41 * value);
                assert!(scale.least_reaching(0.41 * most) <= scale.sample(part).round_ties_even() as i64, "{value}");
            }
        }
    }

    #[test]
    fn the_sample_of_a_value_is_the_one_that_shows_it() {
        let scale = Scale::new(0.1, -3.0).unwrap();
        for sample in [-7i64, 0, 1, 12_345] {
            let value = scale.value(sample as f64);
            assert_eq!((scale.least_reaching(value), scale.least_above(value)), (sample, sample + 1));
        }
    }
}
