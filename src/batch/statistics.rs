//! What is said of the values of several images. A spread that is rounding is 0.

use crate::rounding::{apart, are_one};

/// Mean, in the order of the values.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Standard deviation, divided by n - 1.
pub fn deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values).filter(|_| values.len() > 1)?;
    if are_one(values.iter().copied()) {
        return Some(0.0);
    }
    let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

/// Standard error of the mean.
pub fn standard_error(values: &[f64]) -> Option<f64> {
    deviation(values).map(|s| s / (values.len() as f64).sqrt())
}

/// Quantile `p` of 0 to 1, linear between neighbours. The values ascend.
pub fn quantile(values: &[f64], p: f64) -> Option<f64> {
    let at = p * values.len().checked_sub(1)? as f64;
    let (low, high) = (values[at.floor() as usize], values[at.ceil() as usize]);
    Some(low + (high - low) * at.fract())
}

/// Values in rising order.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// Median.
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(&sorted(values), 0.5)
}

/// Median of the distances from the median, times 1.4826: the standard deviation, where values are normal.
pub fn robust_deviation(values: &[f64]) -> Option<f64> {
    let middle = median(values)?;
    let away: Vec<f64> = values.iter().map(|v| (v - middle).abs()).collect();
    let distance = median(&away)?;
    Some(if apart(middle + distance, middle) == 0.0 { 0.0 } else { distance * 1.482_602_218_505_602 })
}

#[cfg(test)]
mod tests {
    //! Oracle: worked out by hand.
    use super::*;

    #[test]
    fn of_few_values() {
        let values = [2.0, 4.0, 4.0, 10.0];
        assert_eq!((mean(&values), deviation(&values)), (Some(5.0), Some(12.0f64.sqrt())));
        assert_eq!(standard_error(&values), Some(12.0f64.sqrt() / 2.0));
        assert_eq!([0.25, 0.5, 0.75].map(|p| quantile(&values, p)), [Some(3.5), Some(4.0), Some(5.5)]);
        // Three tenths in as many ways, and a value that the median does not see.
        let one = [0.1 + 0.2, 0.3, 0.9 / 3.0, 0.3];
        assert!(deviation(&one) == Some(0.0) && standard_error(&one) == Some(0.0));
        assert_eq!(robust_deviation(&[0.1 + 0.2, 0.3, 0.9 / 3.0, 0.3, 7.0]), Some(0.0));
        assert_eq!((mean(&[]), quantile(&[], 0.5), deviation(&[3.0])), (None, None, None));
    }
}
