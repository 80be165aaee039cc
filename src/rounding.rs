//! Numbers that are one but for rounding: what was summed and divided comes out a few of the last digits apart, and a spread of
//! that is none.

/// Numbers that differ by no more than this share of them are one.
const SHARE: f64 = 1e-12;

/// What one number lies above another: 0 where that is rounding.
pub fn apart(a: f64, b: f64) -> f64 {
    let difference = a - b;
    if difference.abs() <= SHARE * a.abs().max(b.abs()) { 0.0 } else { difference }
}

/// All numbers are one.
pub fn are_one(numbers: impl IntoIterator<Item = f64>) -> bool {
    let ends = numbers.into_iter().map(|v| [v, v]).reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])]);
    ends.is_none_or(|[least, most]| apart(most, least) == 0.0)
}

#[cfg(test)]
mod tests {
    //! Oracle: sums of tenths in `f64`.
    use super::*;

    #[test]
    fn rounding_is_no_difference() {
        assert_eq!([apart(0.1 + 0.2, 0.3), apart(-3.0, -3.0 + 1e-15), apart(0.0, 0.0)], [0.0; 3]);
        assert_eq!([apart(1e-15, 0.0), apart(1.0 + 1e-9, 1.0) * 1e9], [1e-15, ((1.0f64 + 1e-9) - 1.0) * 1e9]);
        assert!(are_one([0.3, 0.1 + 0.2, 0.3]) && are_one([]) && !are_one([1.0, 1.0, 1.0 + 1e-9]));
    }
}
