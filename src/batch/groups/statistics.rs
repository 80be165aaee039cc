//! What is said of the values of several images.

/// Mean, in the order of the values.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Standard deviation, divided by n - 1.
pub fn deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values).filter(|_| values.len() > 1)?;
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
        assert_eq!((mean(&[]), quantile(&[], 0.5), deviation(&[3.0])), (None, None, None));
    }
}
