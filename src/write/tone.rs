//! From intensities to greys.
//!
//! Microscopy has no fixed scale: each panel is stretched between two of its percentiles and lifted, so that dim objects show
//! beside bright ones. PET has one: SUV is shown from 0 to 10, so that pictures of all patients can be compared.

use super::palette::BRIGHTEST;
use crate::image::{SUV_UNIT, Scale};
use crate::simd::{map, span};

/// Percentiles of the picture that become black and white.
const BLACK_WHITE: (f64, f64) = (1.0, 99.8);
/// Exponent of the stretch.
const GAMMA: f64 = 0.6;
/// Steps of the stretch.
const STEPS: usize = 1024;
/// Pixels that percentiles are taken from, about: every so many, in large pictures.
const LOOKED_AT: usize = 1 << 20;
/// Values from one to another that are worth a table: samples of 16 bits.
const TABLE: i64 = 1 << 16;
/// SUV of the darkest grey.
const DARKEST_SUV: f64 = 10.0;

/// What is shown of `tone = 233 * ((v - p1) / (p99.8 - p1)) ^ 0.6`.
pub(super) fn stretch(grey: &[i32], shown: impl Fn(u8) -> u8) -> Vec<u8> {
    let [low, high, most] = percentiles(grey, [BLACK_WHITE.0, BLACK_WHITE.1, 100.0]);
    let high = if high > low { high } else { most.max(low + 1) };
    let top = (STEPS - 1) as f64;
    let tone = |i: usize| shown((f64::from(BRIGHTEST) * libm::pow(i as f64 / top, GAMMA)).round() as u8);
    let tones: Vec<u8> = (0..STEPS).map(tone).collect();
    let of = |v: i64| tones[((v - low) * (STEPS as i64 - 1) / (high - low)) as usize];
    if high - low >= TABLE {
        return map(grey, |v: i32| of(i64::from(v).clamp(low, high)));
    }
    // A look into a table takes a fraction of the time of a division.
    let mut table = [0; TABLE as usize];
    table.iter_mut().zip(low..=high).for_each(|(tone, v)| *tone = of(v));
    let [low, high] = [low, high.min(i32::MAX.into())].map(|end| end as i32);
    map(grey, |v: i32| table[usize::from((v.clamp(low, high) - low) as u16)])
}

/// Percentiles in ascending order.
fn percentiles<const N: usize>(grey: &[i32], percent: [f64; N]) -> [i64; N] {
    let looked_at = || grey.iter().step_by(grey.len().div_ceil(LOOKED_AT) | 1).copied();
    let last = looked_at().len().saturating_sub(1);
    let ranks = percent.map(|p| (p / 100.0 * last as f64).round() as usize);
    let (low, high) = span(grey);
    if i64::from(high) - i64::from(low) >= TABLE {
        let mut sorted: Vec<i32> = looked_at().collect();
        return ranks.map(|rank| i64::from(*sorted.select_nth_unstable(rank).1));
    }
    // Counted instead of sorted: the same values.
    let mut counts = vec![0_usize; (high - low) as usize + 1];
    looked_at().for_each(|v| counts[(v - low) as usize] += 1);
    let (mut value, mut passed) = (0, 0);
    ranks.map(|rank| {
        while value + 1 < counts.len() && passed + counts[value] <= rank {
            passed += counts[value];
            value += 1;
        }
        i64::from(low) + value as i64
    })
}

/// Values from 0 to `top`, shown evenly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Window {
    pub top: f64,
    pub unit: &'static str,
}

impl Window {
    /// SUV 0 to 10; in other units up to the 99.8th percentile of the first panel, rounded up to one digit.
    pub fn of(grey: &[i32], scale: &Scale, unit: &'static str) -> Self {
        if unit == SUV_UNIT {
            return Window { top: DARKEST_SUV, unit: "SUV" };
        }
        let [high] = percentiles(grey, [BLACK_WHITE.1]);
        let high = scale.value(high as f64);
        let top = if high > 0.0 {
            let power = libm::pow(10.0, libm::floor(libm::log10(high)));
            libm::ceil(high / power) * power
        } else {
            1.0
        };
        Window { top, unit }
    }

    /// `grey = 233 * v / top`, between 0 and 233.
    pub fn greys(&self, grey: &[i32], scale: &Scale) -> Vec<u8> {
        let tone = |&v: &i32| (f64::from(BRIGHTEST) * scale.value(f64::from(v)) / self.top).round() as u8;
        grey.iter().map(tone).map(|grey| grey.min(BRIGHTEST)).collect()
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics, on small literal lists.
    use super::*;

    #[test]
    fn percentiles_are_those_of_sorted_values() {
        for scale in [1, 5, 1 << 20] {
            let grey: Vec<i32> = (0..1001).map(|i| (i * 7919 % 1001 - 300) * scale).collect();
            let expected =
                [0.0, 1.0, 50.0, 99.8, 100.0].map(|p: f64| ((10.0 * p).round() as i64 - 300) * i64::from(scale));
            assert_eq!(percentiles(&grey, [0.0, 1.0, 50.0, 99.8, 100.0]), expected);
        }
        assert_eq!(percentiles(&[4; 9], [0.0, 100.0]), [4, 4]);
    }

    #[test]
    fn tones_are_those_of_the_formula() {
        // Of 1001 values the 1st percentile is the tenth one, the 99.8th the 998th.
        for scale in [1, 3, 1 << 20] {
            let grey: Vec<i32> = (0..=1000).map(|i| i * scale).collect();
            let formula = |i: i32| {
                let step = f64::from((i.clamp(10, 998) - 10) * 1023 / 988);
                (233.0 * libm::pow(step / 1023.0, 0.6)).round() as u8
            };
            assert_eq!(stretch(&grey, |tone| tone), (0..=1000).map(formula).collect::<Vec<_>>());
        }
        for value in [i32::MIN, 7, i32::MAX] {
            assert_eq!(stretch(&[value; 3], |tone| tone + 1), [1; 3]);
        }
    }

    #[test]
    fn suv_has_a_fixed_window() {
        let scale = Scale::new(0.5, 0.0).unwrap();
        let window = Window::of(&[1, 2, 900], &scale, SUV_UNIT);
        assert_eq!(window, Window { top: 10.0, unit: "SUV" });
        assert_eq!(window.greys(&[-4, 0, 10, 20, i32::MAX], &scale), [0, 0, 117, 233, 233]);
        let other = Window::of(&[0, 5000, 6200], &scale, "Bq/ml");
        assert_eq!(other, Window { top: 4000.0, unit: "Bq/ml" });
        assert_eq!(Window::of(&[0, 0], &scale, "Bq/ml").top, 1.0);
    }
}
