//! What the features of a co-occurrence matrix need of it, found in one walk over its rows.

use super::entropy::Sum;
use super::occurring::each_occurring;
use crate::simd::wide;

/// Sums over the pairs of a matrix.
pub(super) struct Walk {
    /// Pairs by the rank of the first level, and by that of the second.
    pub rows: Vec<u64>,
    pub columns: Vec<u64>,
    /// By the difference of the levels, and by how far their sum lies above the least there can be.
    pub differences: Vec<u64>,
    pub sums: Vec<u64>,
    /// Of the most frequent pair.
    pub most: u64,
    /// Of the squares of counts.
    pub squares: u128,
    /// Of the products of the levels.
    pub products: u128,
    /// Of pairs, in bits.
    pub entropy: f64,
}

impl Walk {
    /// Over a matrix with a row and a column for each rank, of which that of rank 0 holds nothing; levels rise with ranks.
    pub fn over(counts: &[u64], levels: &[u32]) -> Self {
        let span = levels.last().map_or(0, |last| last - levels[1.min(levels.len() - 1)]) as usize;
        let mut walk = Walk {
            rows: vec![0; levels.len()],
            columns: vec![0; levels.len()],
            differences: vec![0; span + 1],
            sums: vec![0; 2 * span + 1],
            most: 0,
            squares: 0,
            products: 0,
            entropy: 0.0,
        };
        go_over(counts, levels, &mut walk);
        walk
    }
}

wide! {
    fn go_over(counts: &[u64], levels: &[u32], walk: &mut Walk) {
        let Walk { rows, columns, differences, sums, .. } = walk;
        let lowest = levels.get(1).copied().unwrap_or(0);
        let (mut most, mut squares, mut products, mut entropy) = (0, 0u128, 0u128, Sum::new());
        for ((row, &i), all) in counts.chunks_exact(levels.len()).zip(levels).zip(rows) {
            columns.iter_mut().zip(row).for_each(|(column, n)| *column += n);
            // Of the counts and the levels of the second.
            let (mut count, mut seconds) = (0, 0u128);
            each_occurring(row, |rank, n| {
                let j = levels[rank];
                differences[i.abs_diff(j) as usize] += n;
                sums[(i + j - 2 * lowest) as usize] += n;
                count += n;
                seconds += u128::from(j) * u128::from(n);
                squares += u128::from(n) * u128::from(n);
                most = most.max(n);
                entropy.add(n);
            });
            *all = count;
            products += u128::from(i) * seconds;
        }
        (walk.most, walk.squares, walk.products) = (most, squares, products);
        walk.entropy = entropy.bits().unwrap_or(0.0);
    }
}
