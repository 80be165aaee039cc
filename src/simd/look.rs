//! What all samples have in common, and how far equal ones go.

use super::{BLOCK, wide};
use rayon::prelude::*;

/// Smallest and largest sample; 0 and 0 if there is none.
pub(crate) fn span(samples: &[i32]) -> (i32, i32) {
    let parts = samples.par_chunks(BLOCK).map(span_of_row);
    parts.reduce_with(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or((0, 0))
}

/// The same of a few, by this thread alone; the ends of the type, turned round, if there is none.
pub(crate) fn span_of_row(samples: &[i32]) -> (i32, i32) {
    let mut ends = [i32::MAX, i32::MIN];
    widen(&mut ends, samples);
    ends.into()
}

wide! {
    /// The bits that any of the words has.
    pub(crate) fn all_bits(words: &[u32], bits: &mut u32) {
        *bits = words.iter().fold(0, |bits, word| bits | word);
    }
}

wide! {
    fn widen(ends: &mut [i32; 2], samples: &[i32]) {
        // Two numbers of their own: an array of both keeps the compiler from wide registers.
        let [mut low, mut high] = *ends;
        for &s in samples {
            low = low.min(s);
            high = high.max(s);
        }
        *ends = [low, high];
    }
}

/// Where the run that begins at `from` ends: sixteen voxels at a time, then one by one.
pub(crate) fn end_of_run<T: Copy + PartialEq>(row: &[T], from: usize) -> usize {
    let (value, mut x) = (row[from], from + 1);
    while let Some(block) = row.get(x..x + 16) {
        if !block.iter().fold(true, |all, &v| all & (v == value)) {
            break;
        }
        x += 16;
    }
    while x < row.len() && row[x] == value {
        x += 1;
    }
    x
}
