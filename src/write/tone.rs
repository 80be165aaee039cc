//! From intensities to greys.
//!
//! Microscopy has no fixed scale: each panel is stretched between two of its percentiles and lifted, so that dim objects show
//! beside bright ones. PET has one: SUV is shown from 0 to 10, so that pictures of all patients can be compared.

use super::palette::BRIGHTEST;
use crate::image::{SUV_UNIT, Scale};
use rayon::prelude::*;

/// Percentiles of the picture that become black and white.
const BLACK_WHITE: (f64, f64) = (1.0, 99.8);
/// Exponent of the stretch.
const GAMMA: f64 = 0.6;
/// Steps of the stretch.
const STEPS: usize = 1024;
/// Pixels that percentiles are taken from, about: every so many, in large pictures.
const LOOKED_AT: usize = 1 << 20;
/// SUV of the darkest grey.
const DARKEST_SUV: f64 = 10.0;

/// `grey = 233 * ((v - p1) / (p99.8 - p1)) ^ 0.6`.
pub(super) fn stretch(grey: &[i32]) -> Vec<u8> {
    let [low, high, most] = percentiles(grey, [BLACK_WHITE.0, BLACK_WHITE.1, 100.0]);
    let high = if high > low { high } else { most.max(low + 1) };
    let top = (STEPS - 1) as f64;
    let tones: Vec<u8> =
        (0..STEPS).map(|i| (f64::from(BRIGHTEST) * libm::pow(i as f64 / top, GAMMA)).round() as u8).collect();
    let tone = |&v: &i32| {
        let step = (i64::from(v).clamp(low, high) - low) * (STEPS as i64 - 1) / (high - low);
        tones[step as usize]
    };
    grey.par_iter().map(tone).collect()
}

/// Percentiles in ascending order.
fn percentiles<const N: usize>(grey: &[i32], percent: [f64; N]) -> [i64; N] {
    let mut sorted: Vec<i32> = grey.iter().step_by(grey.len().div_ceil(LOOKED_AT) | 1).copied().collect();
    let last = sorted.len().saturating_sub(1);
    percent.map(|p| {
        let (_, v, _) = sorted.select_nth_unstable((p / 100.0 * last as f64).round() as usize);
        i64::from(*v)
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
