//! From one number to another.

/// Limits are reached to one in 10^9: a fall from 6.0 to 4.2 is one of 30 %, although 64-bit numbers make it a bit less.
const ROUNDING: f64 = 1e-9;

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
        (self.from > 0.0).then(|| 100.0 * self.absolute() / self.from)
    }
    /// Rises by at least so many percent and so much.
    pub(super) fn rises(self, percent: f64, units: f64) -> bool {
        self.percent().is_some_and(|p| reaches(p, percent)) && reaches(self.absolute(), units)
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

    #[test]
    fn nothing_has_no_percentage() {
        assert_eq!(Change { from: 0.0, to: 1.0 }.percent(), None);
        assert_eq!(Change { from: 4.0, to: 0.0 }.percent(), Some(-100.0));
        assert_eq!(Change::of(Some(1.0), None), None);
    }
}
