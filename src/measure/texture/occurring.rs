//! Rows of counts most of which may be 0: those that are not, found without a branch that nobody could foresee.

/// Calls `f(column, count)` for the counts of a row that are not 0.
#[inline(always)]
pub(super) fn each_occurring(row: &[u64], mut f: impl FnMut(usize, u64)) {
    for (k, counts) in row.chunks(64).enumerate() {
        let mut bits = counts.iter().enumerate().fold(0u64, |bits, (c, n)| bits | u64::from(*n > 0) << c);
        while bits != 0 {
            let c = bits.trailing_zeros() as usize;
            f(64 * k + c, counts[c]);
            bits &= bits - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Oracle: each count is looked at.
    #[test]
    fn all_that_occur_are_found_in_their_order() {
        for n in [0, 1, 63, 64, 65, 200] {
            let row: Vec<u64> = (0..n).map(|k| (k * 40503) >> 3 & 3).collect();
            let mut found = vec![];
            each_occurring(&row, |column, count| found.push((column, count)));
            let want: Vec<_> = row.iter().copied().enumerate().filter(|(_, n)| *n > 0).collect();
            assert_eq!(found, want);
        }
    }
}
