//! Decay within a frame.

/// The time in a frame of that length at which the activity is its mean; seconds, and 1/s.
pub fn average_time(length: f64, lambda: f64) -> f64 {
    let x = lambda * length;
    if x < 1e-3 {
        // The logarithm would lose digits; the next term of the series is below 1e-16 of the first.
        return length * (0.5 - x / 24.0 + x * x * x / 2880.0);
    }
    libm::log(mean_growth(x)) / lambda
}

/// Activity at the start of a frame over its mean in the frame, for `x = lambda T`.
pub fn mean_growth(x: f64) -> f64 {
    x / -libm::expm1(-x)
}

#[cfg(test)]
mod tests {
    //! Kind: oracle (values worked out with 50 digits) and invariant.
    use super::*;

    #[test]
    fn average_times() {
        let lambda = std::f64::consts::LN_2 / 6586.2;
        assert!((average_time(300.0, lambda) - AVERAGE_300).abs() < 1e-9);
        assert!((average_time(603.0, lambda) - AVERAGE_603).abs() < 1e-9);
        assert!((mean_growth(std::f64::consts::LN_2) - 2.0 * std::f64::consts::LN_2).abs() < 1e-15);
        // Both forms meet.
        let edge = 1e-3 / lambda;
        let (a, b) = (average_time(edge * (1.0 - 1e-9), lambda), average_time(edge * (1.0 + 1e-9), lambda));
        assert!((a - b).abs() < 1e-6, "{a} {b}");
    }
    const AVERAGE_300: f64 = 149.605_344_457_330_1;
    const AVERAGE_603: f64 = 299.905_592_405_373_7;
}
