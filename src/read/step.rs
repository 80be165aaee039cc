//! The step that floats are brought to, a power of two, so that one far value does not cost the others their places.
//!
//! Usually the largest magnitude fills 30 bits. Where it lies far beyond the others the step would be as large as they are: a
//! pixel of 1e30 would make 0 of all else. So magnitudes are counted by octave (the power of two below them):
//!
//! 1. The step that the largest one asks for is taken if it is below a millionth of what 99.9 % of the magnitudes do not
//!    pass, zeros not counted.
//! 2. Else values are kept up to the next gap of more than 6 octaves, if that takes no more than 16 octaves above those
//!    99.9 %: a few bright spots over a dark ground are no fault.
//! 3. Else up to 9 octaves above them, for which the step is below that millionth.
//!
//! Dust counts as zeros: what transforms leave where there is nothing. A response of few voxels over it is the image, and no far value. So
//! what lies more than 40 octaves (10^12 times) below the largest magnitude, under more than 20 octaves without a value, is dust if 8
//! values and more lie above it and none of them passes a million.
//!
//! What lies beyond is clipped, and counted. A value that fills more than a thousandth of the image, more than 20 octaves
//! above at least half of it, is a filling value, and the image is refused.

use crate::{Error, Result};

/// What a far value is clipped to, up and down. Other floats have samples below it.
pub const CLIPPED: i32 = 1 << 30;

/// Exponents of 64-bit floats.
const EXPONENTS: usize = 1 << 11;
/// The exponent of 1.
const ONE: i32 = 1023;
/// Octaves without a value that part what is far.
const GAP: usize = 6;
/// Octaves above the 99.9 % that are kept where there is no gap.
const KEPT: usize = 16;
/// Octaves above the 99.9 % at which the step is still below a millionth: 2^-20 of the lower end of theirs.
const FINE: usize = 9;
/// Octaves that part a filling value from the rest.
const FILLING: usize = 20;
/// Octaves below the largest magnitude at which dust begins, and those without a value that part it from the rest.
const DUST: [usize; 2] = [40, 20];
/// Fewer values than this are far ones, whatever lies below.
const RESPONSE: u64 = 8;
/// From here on one value all over an image is taken for a filling value.
const ABSURD: f64 = 1e6;

/// How many numbers lie in each octave. Zeros are in none; what is no number is in the last.
#[derive(Clone)]
pub struct Octaves(Box<[u64; EXPONENTS]>);

impl Default for Octaves {
    fn default() -> Self {
        Octaves(Box::new([0; EXPONENTS]))
    }
}

fn octave(value: f64) -> usize {
    (value.to_bits() >> 52) as usize % EXPONENTS
}

impl Octaves {
    /// Counts a number.
    pub fn add(&mut self, value: f64) {
        self.0[octave(value)] += u64::from(value != 0.0);
    }

    /// Both together.
    pub fn and(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0.iter()).for_each(|(a, b)| *a += b);
        self
    }

    /// Whether each number is finite.
    pub fn finite(&self) -> bool {
        self.0[EXPONENTS - 1] == 0
    }

    /// The least octave that this share of the numbers, in thousandths, does not pass.
    fn rank(&self, thousandths: u64) -> usize {
        let (total, mut sum) = (self.0.iter().sum::<u64>(), 0);
        let reached = |n: &u64| {
            sum += n;
            sum * 1000 >= total * thousandths
        };
        self.0.iter().position(reached).unwrap_or(0)
    }

    /// The octave above which everything is far, if the step for `largest` is too coarse.
    fn far(&self, largest: f64) -> Option<usize> {
        let most = self.rank(999);
        if self.0.iter().all(|n| *n == 0) || step(largest) <= power(most as i32 - ONE - 20) {
            return None;
        }
        let mut last = most;
        for next in most + 1..=octave(largest) {
            if self.0[next] > 0 {
                if next - last > GAP {
                    break;
                }
                last = next;
            }
        }
        Some(if last - most <= KEPT { last } else { most + FINE })
    }

    /// The same without what transforms leave where there is nothing.
    fn without_dust(&self, largest: f64) -> Self {
        let ([depth, gap], top) = (DUST, octave(largest));
        let mut rest = self.clone();
        // From the largest magnitude down to the first wide gap.
        let mut last = top;
        let below = (0..top).rev().find(|&k| {
            let apart = last - k > gap;
            if self.0[k] > 0 && !apart {
                last = k;
            }
            self.0[k] > 0 && apart
        });
        let above: u64 = self.0[last..].iter().sum();
        if let Some(dust) = below.filter(|k| top - k > depth && above >= RESPONSE && largest < ABSURD) {
            rest.0[..=dust].fill(0);
        }
        rest
    }

    /// The octave that half of the numbers do not pass, if all that is larger is one octave far above: perhaps a filling value.
    fn filled_above(&self) -> Option<usize> {
        let (most, half) = (self.rank(999), self.rank(500));
        let below = (0..most).rev().find(|k| self.0[*k] > 0)?;
        (below >= half && most - below > FILLING).then_some(below)
    }
}

/// 2^exponent; the smallest normal number if that is less.
fn power(exponent: i32) -> f64 {
    libm::ldexp(1.0, exponent.max(-1022))
}

/// The power of two that brings `largest` into 2^29..2^30, or the smallest normal one.
fn step(largest: f64) -> f64 {
    let (_, exponent) = libm::frexp(largest);
    let factor = power(exponent - 30);
    // Rounding must not reach 2^30.
    if (largest / factor).round_ties_even() < f64::from(CLIPPED) { factor } else { factor * 2.0 }
}

/// From values to samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The value of one step.
    pub factor: f64,
    /// What is larger is clipped.
    most: f64,
}

impl Step {
    /// For these numbers. `values` gives them again, for a second look.
    ///
    /// # Errors
    /// A filling value, or numbers beyond 1e300.
    pub fn choose<I: Iterator<Item = f64>>(octaves: &Octaves, largest: f64, values: impl Fn() -> I) -> Result<Self> {
        let octaves = octaves.without_dust(largest);
        if let Some(below) = octaves.filled_above() {
            let filling = || values().map(f64::abs).filter(|v| octave(*v) > below);
            let first = filling().next().unwrap_or(0.0);
            if first >= ABSURD && filling().all(|v| v == first) {
                return Err(Error::format(format!("{} values are {first:e}, far above all others", filling().count()))
                    .remedy("an image where pixels without a value hold 0"));
            }
        }
        let Some(far) = octaves.far(largest) else { return Step::within(step(largest), largest) };
        let exponent = far as i32 - ONE + 1;
        // The largest float below that power of two.
        Step::within(power(exponent - 30), f64::from_bits(power(exponent).to_bits() - 1))
    }

    fn within(factor: f64, most: f64) -> Result<Self> {
        if most > LARGEST {
            return Err(Error::unsupported(format!("a value of {most:e}; at most {LARGEST:e} is read")));
        }
        Ok(Step { factor, most })
    }

    /// The sample of a value: a whole number of steps, ties to even; what is clipped is [`CLIPPED`] or less that.
    pub fn sample(&self, value: f64) -> i32 {
        if value.abs() > self.most {
            return if value < 0.0 { -CLIPPED } else { CLIPPED };
        }
        ((value / self.factor).round_ties_even() as i32).clamp(1 - CLIPPED, CLIPPED - 1)
    }

    /// Whether values up to this one are all kept.
    pub fn holds(&self, largest: f64) -> bool {
        largest <= self.most
    }
}

/// Beyond it a sample times its step could pass the range of floats.
const LARGEST: f64 = 1e300;

#[cfg(test)]
mod tests {
    //! Invariant: the rule that stands above, on literal lists.
    use super::*;

    fn choose(values: &[f64]) -> Result<Step> {
        let mut octaves = Octaves::default();
        values.iter().for_each(|v| octaves.add(*v));
        Step::choose(&octaves, values.iter().fold(0.0, |m, v| m.max(v.abs())), || values.iter().copied())
    }

    /// 0.07 to 1.6, as in a probe's channel.
    fn usual(n: usize) -> Vec<f64> {
        (0..n).map(|i| 0.07 + 1.53 * ((i * 7919) % 1000) as f64 / 1000.0).collect()
    }

    #[test]
    fn a_far_value_costs_the_others_nothing() {
        let clean = choose(&usual(4096)).unwrap();
        for far in [1e4, -1e4, 1e8, 1e30, -1e30, f64::from(f32::MAX), 1e305] {
            let mut values = usual(4096);
            values[77] = far;
            let step = choose(&values).unwrap();
            assert!(step.factor <= 1.6e-6 && step.factor >= clean.factor, "{far:e}: {step:?}");
            assert_eq!(step.sample(far), if far < 0.0 { -CLIPPED } else { CLIPPED });
            for v in &usual(4096) {
                assert!((f64::from(step.sample(*v)) * step.factor - v).abs() <= step.factor / 2.0);
            }
        }
    }

    #[test]
    fn far_values_at_every_distance_are_clipped_as_well() {
        let mut values = usual(100_000);
        for (k, value) in values.iter_mut().enumerate().take(60) {
            *value = libm::exp2(k as f64 / 2.0 + 1.0);
        }
        let step = choose(&values).unwrap();
        assert!(step.factor <= 1e-6 * 1.6, "{step:?}");
    }

    #[test]
    fn bright_spots_over_a_dark_ground_are_kept() {
        let mut values: Vec<f64> = usual(100_000).iter().map(|v| v / 10.0).collect();
        for (k, value) in values.iter_mut().enumerate().take(50) {
            *value = libm::exp2(k as f64 / 4.0);
        }
        let step = choose(&values).unwrap();
        assert!(step.holds(libm::exp2(49.0 / 4.0)), "{step:?}");
    }

    #[test]
    fn a_response_of_few_voxels_over_dust_is_kept() {
        let dust = |n: usize| -> Vec<f64> { usual(n).iter().map(|v| v * 1e-16).collect() };
        for (few, kept) in [(64, true), (8, true), (7, false), (1, false)] {
            let mut values = dust(100_000);
            values.iter_mut().step_by(1000).take(few).enumerate().for_each(|(k, v)| *v = -1.5 - k as f64);
            let (step, largest) = (choose(&values).unwrap(), few as f64 + 0.5);
            assert_eq!(step.holds(largest), kept, "{few}: {step:?}");
        }
        // Far values over an image, and an image that reaches down without a gap.
        for far in [1e30, 1e7] {
            let mut values = dust(100_000);
            values[..64].fill(far);
            values[0] = far * 3.0;
            assert!(!choose(&values).unwrap().holds(far), "{far:e}");
        }
    }

    #[test]
    fn a_filling_value_is_refused_and_dust_is_not() {
        for filling in [1e30, -3.4e38, 1e10] {
            let mut values = usual(1000);
            values[..50].fill(filling);
            assert!(choose(&values).is_err(), "{filling:e}");
        }
        // What a transform leaves where there is nothing.
        let mut values: Vec<f64> = usual(1000).iter().map(|v| v * 1e-17).collect();
        values[..100].copy_from_slice(&usual(100));
        let largest = values.iter().fold(0.0f64, |m, v| m.max(*v));
        assert!(choose(&values).unwrap().holds(largest));
    }

    #[test]
    fn whatever_comes_stays_below_the_clip() {
        for extreme in [1e300, f64::MIN_POSITIVE, 5e-324, 4e9 + 0.5, 1.0 - f64::EPSILON / 2.0] {
            let step = choose(&[extreme, 0.0]).unwrap();
            assert!(step.sample(extreme) < CLIPPED);
            assert!((f64::from(step.sample(extreme)) * step.factor - extreme).abs() <= step.factor / 2.0, "{extreme}");
        }
        assert!(choose(&[f64::MAX, 0.5]).is_err());
    }
}
