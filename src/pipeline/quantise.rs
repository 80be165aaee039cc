//! Real numbers as samples.

use crate::image::Scale;
use crate::{Error, Result};
use rayon::prelude::*;

/// Bits that the largest magnitude fills: finer than floats of 32 bits are at their largest.
const BITS: i32 = 30;
/// Samples lie below it.
const LIMIT: i32 = 1 << BITS;

/// Numbers as they are if all are whole and small enough, else as whole multiples of a power of two: none is clipped, however far they
/// lie apart, and none is off by more than 10^-9 of the largest.
///
/// # Errors
/// A number is not finite, or passes 1e300.
pub(super) fn quantised(values: &[f64]) -> Result<(Vec<i32>, Scale)> {
    let largest = values.par_iter().map(|v| v.abs()).reduce(|| 0.0, f64::max);
    if largest > 1e300 || !values.par_iter().all(|v| v.is_finite()) {
        return Err(Error::unsupported("values that pass 1e300").remedy("an image with smaller values"));
    }
    if largest < f64::from(LIMIT) && values.par_iter().all(|v| v.trunc() == *v) {
        return Ok((values.par_iter().map(|v| *v as i32).collect(), Scale::ONE));
    }
    let (_, exponent) = libm::frexp(largest);
    let step = libm::ldexp(1.0, (exponent - BITS).max(-1000));
    let sample = |v: &f64| ((v / step).round_ties_even() as i32).clamp(1 - LIMIT, LIMIT - 1);
    Ok((values.par_iter().map(sample).collect(), Scale::new(step, 0.0)?.rounded()))
}

#[cfg(test)]
mod tests {
    //! Invariant: how far samples are off.
    use super::*;

    #[test]
    fn whole_numbers_stay_and_others_are_off_by_a_little() {
        assert_eq!(quantised(&[0.0, -3.0, 70_000.0]).unwrap(), (vec![0, -3, 70_000], Scale::ONE));
        for values in
            [vec![0.1, -0.7, 1e-9], vec![1e30, 1.0], vec![1e-320, 0.0], vec![f64::from(LIMIT), 0.5], vec![1e299]]
        {
            let (samples, scale) = quantised(&values).unwrap();
            let largest = values.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
            for (sample, value) in samples.iter().zip(&values) {
                let off = (scale.value(f64::from(*sample)) - value).abs();
                assert!(sample.abs() < LIMIT && off <= 2e-9 * largest.max(1e-292), "{values:?}: {off:e}");
            }
        }
        assert!(
            quantised(&[f64::NAN]).is_err() && quantised(&[f64::INFINITY]).is_err() && quantised(&[1e301]).is_err()
        );
    }
}
