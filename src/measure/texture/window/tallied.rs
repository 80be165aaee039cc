//! Histograms and statistics of windows beside each other.

use super::beside::{Beside, Window};
use super::counts::Tally;
use super::lanes::Lanes;
use super::layout::Layout;
use crate::image::Scale;
use crate::measure::Feature;
use crate::measure::texture::histogram::Facts;
use crate::measure::texture::statistics::Spread;
use crate::measure::texture::value;

/// A feature of the histogram; keys are levels.
pub(super) struct Histogram {
    feature: &'static Feature<Facts>,
    tally: Tally,
}

impl Histogram {
    pub fn new(feature: &'static Feature<Facts>) -> Self {
        Histogram { feature, tally: Tally::default() }
    }
}

impl Beside for Histogram {
    fn keys(&mut self, _: &Layout, levels: &[Lanes<u16>], keys: &mut Vec<Lanes<i32>>) {
        keys.clear();
        keys.extend(levels.iter().map(|levels| levels.map(i32::from)));
    }

    fn value(&mut self, window: &Window) -> Option<f64> {
        let counted = self.tally.of_keys(window, f64::from);
        value(self.feature, &Facts::of(counted)?)
    }
}

/// A statistic of intensities; keys are samples.
pub(super) struct Statistics {
    feature: &'static Feature<Spread>,
    scale: Scale,
    tally: Tally,
}

impl Statistics {
    pub fn new(feature: &'static Feature<Spread>, scale: Scale) -> Self {
        Statistics { feature, scale, tally: Tally::default() }
    }
}

impl Beside for Statistics {
    /// Grey levels are nothing to it.
    fn keys(&mut self, _: &Layout, _: &[Lanes<u16>], _: &mut Vec<Lanes<i32>>) {}

    fn value(&mut self, window: &Window) -> Option<f64> {
        let counted = self.tally.of_keys(window, |sample| self.scale.value(f64::from(sample)));
        value(self.feature, &Spread::of(&counted)?)
    }
}
