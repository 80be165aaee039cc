//! From one number to another.

/// Limits are reached to one in 10^6: a fall from 6.0 to 4.2 is one of 30 %, although it may come out a bit less.
///
/// Values that are no whole numbers are held in steps of the largest one of the image over 2^30, so each of the two is up to half a step off,
/// and their percentage by up to 8e-8 times the largest value over the baseline: 3e-9 of 30 % where they are alike, 1e-6 where something in
/// the image (a bladder) is 400 times as hot as the lesion. The digits of a table written with 7 of them, or of 32-bit
/// numbers, are off by less.
const ROUNDING: f64 = 1e-6;

/// Whether a value is at least the limit, which is positive.
pub(super) fn reaches(value: f64, limit: f64) -> bool {
    value >= limit * (1.0 - ROUNDING)
}

/// Whether a value is at most the limit, which is positive.
pub(super) fn within(value: f64, limit: f64) -> bool {
    value <= limit * (1.0 + ROUNDING)
}

/// A value at baseline and at follow-up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// At baseline.
    pub from: f64,
    /// At follow-up.
    pub to: f64,
}

impl Change {
    /// Nothing where one of the two is missing.
    pub fn of(from: Option<f64>, to: Option<f64>) -> Option<Self> {
        Some(Change { from: from?, to: to? })
    }
    /// Follow-up less baseline, in the unit of the values.
    pub fn absolute(self) -> f64 {
        self.to - self.from
    }
    /// In percent of the baseline; nothing if that is not positive.
    pub fn percent(self) -> Option<f64> {
        // What is gone is gone whole, whatever rounding makes of it.
        let percent = if self.to == 0.0 { -100.0 } else { 100.0 * self.absolute() / self.from };
        (self.from > 0.0).then_some(percent)
    }
    /// Rises by at least so many percent and so much.
    pub(super) fn rises(self, percent: f64, units: f64) -> bool {
        self.percent().is_some_and(|p| reaches(p, percent)) && reaches(self.absolute(), units)
    }
    /// Falls at all, by more than rounding.
    pub(super) fn declines(self) -> bool {
        self.absolute() < -ROUNDING * self.from.abs()
    }
    /// Falls by at least so many percent of the baseline and so much.
    pub(super) fn falls(self, percent: f64, units: f64) -> bool {
        self.percent().is_some_and(|p| reaches(-p, percent)) && reaches(-self.absolute(), units)
    }
}

#[cfg(test)]
mod tests {
    //! Invariant: limits that decimals hit exactly are reached.
    use super::*;

    #[test]
    fn thirty_percent_is_thirty_percent_for_all_decimals() {
        for tenths in 27..400 {
            let from = f64::from(tenths) / 10.0;
            let (down, up) = (f64::from(tenths * 7) / 100.0, f64::from(tenths * 13) / 100.0);
            assert!(Change { from, to: down }.falls(30.0, 0.8), "{from} to {down}");
            assert!(Change { from, to: up }.rises(30.0, 0.8), "{from} to {up}");
            assert!(!Change { from, to: down + 0.001 }.falls(30.0, 0.8));
            assert!(!Change { from, to: up - 0.001 }.rises(30.0, 0.8));
        }
    }

    #[test]
    fn four_fifths_of_a_unit_are_enough_and_less_is_not() {
        assert!(Change { from: 2.3, to: 1.5 }.falls(30.0, 0.8));
        assert!(!Change { from: 2.3, to: 1.501 }.falls(30.0, 0.8));
        assert!(Change { from: 1.5, to: 2.3 }.rises(30.0, 0.8));
        assert!(!Change { from: 1.5, to: 2.299 }.rises(30.0, 0.8));
    }

    /// What a sample that is held in steps may be off by does not decide, and what one can mean does.
    #[test]
    fn steps_of_samples_do_not_decide() {
        for largest in [6.0, 30.0, 100.0, 150.0, 300.0] {
            let step = largest / f64::from(1 << 30);
            let held = |value: f64| (value / step).round() * step;
            for from in [3.0, 6.0, 7.0, 8.0, 9.0, 11.0] {
                let down = Change { from: held(from) - step / 2.0, to: held(0.7 * from) + step / 2.0 };
                let up = Change { from: held(from) + step / 2.0, to: held(1.3 * from) - step / 2.0 };
                assert!(down.falls(30.0, 0.8) && up.rises(30.0, 0.8), "{from} beside {largest}");
                assert!(!Change { from, to: held(from) - step / 2.0 }.declines(), "{from} beside {largest}");
            }
        }
        assert!(!Change { from: 6.0, to: 4.2001 }.falls(30.0, 0.8));
        assert!(Change { from: 6.0, to: 5.9999 }.declines());
    }

    #[test]
    fn nothing_has_no_percentage() {
        assert_eq!(Change { from: 0.0, to: 1.0 }.percent(), None);
        for from in [4.0, 107.58, 0.1] {
            assert_eq!(Change { from, to: 0.0 }.percent(), Some(-100.0));
        }
        assert_eq!(Change::of(Some(1.0), None), None);
    }
}
