//! The groups of ASCO/CAP 2018 as numbers with their definition, and the interval of a ratio of sums.
//!
//! Reference: Wolff et al. 2018, doi 10.5858/arpa.2018-0902-SA. A group is what the figures say; what it means for a patient is
//! said by the guideline, with immunohistochemistry and a second reader.

use crate::distributions::t_quantile;

/// Nuclei that a group needs.
pub(super) const FEWEST: usize = 20;
/// Nuclei that an interval needs.
pub(super) const FEWEST_OF_INTERVAL: usize = 5;
/// Ratio from which a nucleus, or an image, counts as amplified where there are two probes.
pub(super) const RATIO: f64 = 2.0;
/// Copies from which they do where there is one.
pub(super) const COPIES: f64 = 6.0;
/// Copies below which they are few.
const FEW: f64 = 4.0;

/// What the groups of two probes are.
pub(super) const DUAL: &str = "1: ratio 2.0 or more and 4.0 copies or more; 2: ratio 2.0 or more and fewer than 4.0 copies; \
     3: ratio below 2.0 and 6.0 copies or more; 4: ratio below 2.0 and 4.0 to below 6.0 copies; \
     5: ratio below 2.0 and fewer than 4.0 copies";
/// What the groups of one probe are.
pub(super) const SINGLE: &str = "1: 6.0 copies or more; 2: 4.0 to below 6.0 copies; 3: fewer than 4.0 copies";

/// The group of two probes: 1 to 5.
pub(super) fn dual(ratio: f64, copies: f64) -> i64 {
    match (ratio >= RATIO, copies) {
        (true, c) if c >= FEW => 1,
        (true, _) => 2,
        (false, c) if c >= COPIES => 3,
        (false, c) if c >= FEW => 4,
        (false, _) => 5,
    }
}

/// The group of one probe: 1 to 3.
pub(super) fn single(copies: f64) -> i64 {
    match copies {
        c if c >= COPIES => 1,
        c if c >= FEW => 2,
        _ => 3,
    }
}

/// The ratio of the sums of pairs, and half its 95 % interval: that of a ratio estimator over nuclei, by Student's t.
pub(super) fn ratio(pairs: &[(f64, f64)]) -> Option<(f64, Option<f64>)> {
    let n = pairs.len() as f64;
    let (above, below) = pairs.iter().fold((0.0, 0.0), |(a, b), p| (a + p.0, b + p.1));
    if below <= 0.0 {
        return None;
    }
    let ratio = above / below;
    let squares: f64 = pairs.iter().map(|p| (p.0 - ratio * p.1).powi(2)).sum();
    let error = (squares / (n * (n - 1.0))).sqrt() / (below / n);
    Some((ratio, (pairs.len() >= FEWEST_OF_INTERVAL).then(|| t_quantile(0.95, n - 1.0) * error)))
}

#[cfg(test)]
mod tests {
    //! Oracle: the table of the guideline at its boundaries, and textbook values.
    use super::*;

    #[test]
    fn groups_at_all_boundaries() {
        for (ratio, copies, group) in [
            (2.0, 4.0, 1),
            (2.0, 6.0, 1),
            (5.0, 20.0, 1),
            (2.0, 3.999, 2),
            (3.0, 0.1, 2),
            (1.999, 6.0, 3),
            (0.5, 9.0, 3),
            (1.999, 5.999, 4),
            (1.999, 4.0, 4),
            (1.999, 3.999, 5),
            (1.0, 2.0, 5),
        ] {
            assert_eq!(dual(ratio, copies), group, "{ratio} {copies}");
        }
        for (copies, group) in [(6.0, 1), (5.999, 2), (4.0, 2), (3.999, 3), (0.0, 3)] {
            assert_eq!(single(copies), group, "{copies}");
        }
    }

    #[test]
    fn the_interval_is_that_of_a_ratio_estimator() {
        // All nuclei alike: no doubt. Ratios by hand: 12 / 8, residuals +-0.5 and 0.
        assert_eq!(ratio(&[(4.0, 2.0); 6]), Some((2.0, Some(0.0))));
        let pairs = [(2.0, 1.0), (1.0, 1.0), (3.0, 2.0), (3.0, 2.0), (3.0, 2.0)];
        let (r, half) = ratio(&pairs).unwrap();
        assert_eq!(r, 1.5);
        let error = (0.5f64 / 20.0).sqrt() / 1.6;
        assert!((half.unwrap() - 2.776_445_105_197_793 * error).abs() < 1e-12);
        assert_eq!(ratio(&[(3.0, 2.0)]), Some((1.5, None)));
        assert_eq!(ratio(&[(3.0, 0.0)]), None);
        assert_eq!(ratio(&[]), None);
    }
}
