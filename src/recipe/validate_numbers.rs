//! Numbers of a step, each with its own key and what may stand behind that key.

use super::validate::Checker;
use super::{Contour, Habitats, Threshold};
use crate::Result;

/// A key, what stands there, whether it may, and what may.
type Number = (&'static str, Option<f64>, fn(f64) -> bool, &'static str);

fn is_above_0(v: f64) -> bool {
    v > 0.0 && v.is_finite()
}

fn is_from_0(v: f64) -> bool {
    v >= 0.0 && v.is_finite()
}

impl Checker<'_> {
    /// The first number that may not stand where it stands.
    fn numbers(&self, numbers: &[Number], here: &[&str]) -> Result<()> {
        for (key, value, may_be, belongs) in numbers {
            if let Some(v) = value.filter(|v| !may_be(*v)) {
                return Err(self.error(format!("{key} = {v} is out of range"), here).remedy(*belongs));
            }
        }
        Ok(())
    }

    pub(super) fn threshold_numbers(&self, t: &Threshold, here: &[&str]) -> Result<()> {
        let classes = t.classes.map(|n| n as f64);
        let numbers: [Number; 13] = [
            ("correction", t.correction, is_above_0, "a number above 0: correction = 1.0"),
            ("noise", t.noise, is_from_0, "a number from 0 on: noise = 5.0"),
            ("k", t.k, is_from_0, "a number from 0 to 1: k = 0.2"),
            ("r", t.r, is_above_0, "a number above 0: r = 128.0"),
            ("factor", t.factor, is_above_0, "a number above 0: factor = 1.0"),
            ("bins", t.bins.map(f64::from), |n| (2.0..=65_536.0).contains(&n), "from 2 to 65536: bins = 256"),
            ("classes", classes, |n| (2.0..=16.0).contains(&n), "from 2 to 16: classes = 3"),
            ("percent", t.percent, |p| (0.0..=100.0).contains(&p), "from 0 to 100: percent = 95"),
            ("low", t.low, f64::is_finite, "a number, not inf or nan: low = 2.5"),
            ("high", t.high, f64::is_finite, "a number, not inf or nan: high = 4.0"),
            ("value", t.value, f64::is_finite, "a number, not inf or nan: value = 4.0"),
            ("at_least", t.at_least, f64::is_finite, "a number, not inf or nan: at_least = 4.0"),
            ("deviations", t.deviations, f64::is_finite, "a number, not inf or nan: deviations = 2.0"),
        ];
        self.numbers(&numbers, here)?;
        if let (Some(low), Some(high)) = (t.low, t.high)
            && low > high
        {
            let e = self.error(format!("low = {low} is above high = {high}"), here);
            return Err(e.remedy(format!("low = {high} and high = {low}")));
        }
        match t.bounds {
            Some([low, high]) if low > high => Err(self
                .error(format!("bounds = [{low}, {high}]: the first is above the second"), here)
                .remedy(format!("the lower one first: bounds = [{high}, {low}]"))),
            Some([low, high]) if low.is_nan() || high.is_nan() => Err(self
                .error(format!("bounds = [{low}, {high}] are no limits"), here)
                .remedy("two numbers, the lower one first: bounds = [10, 4000]")),
            _ => Ok(()),
        }
    }

    pub(super) fn habitat_numbers(&self, h: &Habitats, here: &[&str]) -> Result<()> {
        let is_several = |n: f64| (2.0..=8.0).contains(&n);
        let numbers: [Number; 2] = [
            ("classes", h.classes.map(|n| n as f64), is_several, "from 2 to 8: classes = 3"),
            ("clusters", h.clusters.map(|n| n as f64), is_several, "from 2 to 8: clusters = 3"),
        ];
        self.numbers(&numbers, here)?;
        let bad = |limits: &Vec<f64>| limits.iter().copied().find(|v| !v.is_finite());
        match h.values.as_ref().and_then(bad) {
            Some(v) => Err(self
                .error(format!("values: {v} is no limit"), here)
                .remedy("numbers that rise, not inf or nan: values = [2.5, 4.0]")),
            None => Ok(()),
        }
    }

    pub(super) fn contour_numbers(&self, c: &Contour, here: &[&str]) -> Result<()> {
        let numbers: [Number; 3] = [
            ("at_least", c.at_least, f64::is_finite, "a number, not inf or nan: at_least = 2.5"),
            ("above", c.above, f64::is_finite, "a number, not inf or nan: above = 2.5"),
            ("deviations", c.deviations, is_from_0, "a number from 0 on: deviations = 2.0"),
        ];
        self.numbers(&numbers, here)
    }
}
