//! Entropies of counts, in bits.

use std::sync::LazyLock;

/// `n log2 n` of the first whole numbers: most counts are small.
#[rustfmt::skip]
const SMALL: [f64; 17] = [
    0.0, 0.0, 2.0, 4.754887502163469, 8.0, 11.60964047443681, 15.509775004326936, 19.651484454403228, 24.0,
    28.529325012980813, 33.219280948873624, 38.05374780501027, 43.01955000865387, 48.105716335834195, 53.30296890880645,
    58.60335893412778, 64.0,
];

/// The same of more of them.
static KNOWN: LazyLock<Vec<f64>> =
    LazyLock::new(|| (0..1024).map(|n| SMALL.get(n).copied().unwrap_or_else(|| weigh(n as u64))).collect());

fn weigh(n: u64) -> f64 {
    n as f64 * libm::log2(n as f64)
}

/// `-sum(p log2 p)` of counts, as `log2(total) - sum(n log2 n) / total`: 0 where there is but one kind, nothing without counts.
pub(super) fn bits(counts: impl IntoIterator<Item = u64>) -> Option<f64> {
    let mut sum = Sum::new();
    counts.into_iter().for_each(|n| sum.add(n));
    sum.bits()
}

/// The same of counts that are told one by one.
pub(super) struct Sum {
    known: &'static [f64],
    total: u64,
    weighted: f64,
}

impl Sum {
    pub fn new() -> Self {
        Sum { known: &KNOWN, total: 0, weighted: 0.0 }
    }

    #[inline(always)]
    pub fn add(&mut self, n: u64) {
        self.total += n;
        self.weighted += self.weigh(n);
    }

    #[inline(always)]
    fn weigh(&self, n: u64) -> f64 {
        usize::try_from(n).ok().and_then(|n| self.known.get(n).copied()).unwrap_or_else(|| weigh(n))
    }

    pub fn bits(&self) -> Option<f64> {
        // One kind alone is told exactly: a second one takes more than 1 from the sum, and the quotient below is rounded.
        let is_one = self.weighted == self.weigh(self.total);
        let bits = || (libm::log2(self.total as f64) - self.weighted / self.total as f64).max(0.0);
        (self.total > 0).then(|| if is_one { 0.0 } else { bits() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropies_of_simple_counts() {
        assert_eq!(bits([]), None);
        assert_eq!(bits([7]), Some(0.0));
        assert!((bits([5, 5, 5, 5]).unwrap() - 2.0).abs() < 1e-15);
        assert!((bits([1, 3]).unwrap() - (2.0 - 0.75 * 3f64.log2())).abs() < 1e-15);
    }

    #[test]
    fn one_kind_has_no_entropy_and_two_have_one() {
        for n in (1..5000).chain([1 << 20, (1 << 40) + 58]) {
            assert_eq!(bits([0, n, 0]), Some(0.0), "{n}");
            assert!(bits([n, 1]).unwrap() > 0.0, "{n}");
        }
    }

    #[test]
    fn the_table_holds_what_would_be_computed() {
        for (n, known) in SMALL.iter().enumerate().skip(1) {
            assert!((known - n as f64 * libm::log2(n as f64)).abs() < 1e-13, "{n}");
            assert_eq!(KNOWN[n], *known);
        }
        assert!((17..KNOWN.len()).all(|n| KNOWN[n] == n as f64 * libm::log2(n as f64)));
    }
}
