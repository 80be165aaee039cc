//! The samples of a whole channel: counted where they span little, else gone through one by one. Both are exact.

use super::order::{self, Sums};
use crate::simd::span;
use rayon::prelude::*;

/// The widest span of samples that are counted: those of 16 bits.
pub(super) const SPAN: i64 = 1 << 16;
/// Samples that a thread takes at least.
const BLOCK: usize = 1 << 18;

/// Some samples in order.
pub(super) struct Census {
    pub sums: Sums,
    /// Smallest and largest.
    pub ends: Option<[i32; 2]>,
    pub median: Option<f64>,
    /// How many are the smallest, and the largest.
    pub at_ends: [u64; 2],
    /// How many reach a value.
    pub reaching: u64,
}

/// Of all samples, and of those with 0 inside if it is given. `top` is the value for `reaching`.
pub(super) fn census(image: &[i32], inside: Option<&[u8]>, top: Option<i32>) -> [Census; 2] {
    let ends = ends(image);
    if let Some([low, high]) = ends
        && i64::from(high) - i64::from(low) < SPAN
    {
        return counted(image, inside, low, (high - low) as usize + 1)
            .map(|counts| Census::of_counts(&counts, low, top));
    }
    let outside = |inside: &[u8]| {
        let pairs = image.par_iter().zip(inside).with_min_len(BLOCK);
        pairs.filter(|(_, i)| **i == 0).map(|(s, _)| *s).collect()
    };
    [image.to_vec(), inside.map_or_else(Vec::new, outside)].map(|samples| Census::of_samples(samples, top))
}

/// Smallest and largest sample.
pub(super) fn ends(image: &[i32]) -> Option<[i32; 2]> {
    (!image.is_empty()).then(|| span(image)).map(|(low, high)| [low, high])
}

/// Counts of the samples from `low` on: of all, and of those outside of all objects.
pub(super) fn counted(image: &[i32], inside: Option<&[u8]>, low: i32, span: usize) -> [Vec<u64>; 2] {
    let spans = [span, if inside.is_some() { span } else { 0 }];
    let block = image.len().div_ceil(rayon::current_num_threads()).max(BLOCK);
    let parts: Vec<[Vec<u32>; 2]> = image
        .par_chunks(block)
        .enumerate()
        .map(|(k, part)| {
            let [mut all, mut outside] = spans.map(|n| vec![0u32; n]);
            let bin = |s: i32| s.wrapping_sub(low) as u32 as usize;
            match inside.and_then(|i| i.get(k * block..k * block + part.len())) {
                // Inside and outside apart, so that each sample is counted once.
                Some(inside) => {
                    for (&s, &i) in part.iter().zip(inside) {
                        let counts = if i == 0 { &mut outside } else { &mut all };
                        counts[bin(s)] += 1;
                    }
                    all.iter_mut().zip(&outside).for_each(|(a, o)| *a += o);
                }
                None => part.iter().for_each(|&s| all[bin(s)] += 1),
            }
            [all, outside]
        })
        .collect();
    let mut sum = spans.map(|n| vec![0u64; n]);
    for part in &parts {
        for (sum, part) in sum.iter_mut().zip(part) {
            sum.iter_mut().zip(part).for_each(|(s, &p)| *s += u64::from(p));
        }
    }
    sum
}

impl Census {
    fn of_counts(counts: &[u64], low: i32, top: Option<i32>) -> Self {
        let bins = || counts.iter().enumerate().filter(|(_, c)| **c > 0).map(|(k, &c)| (low + k as i32, c));
        let mut sums = Sums::default();
        for (value, count) in bins() {
            let (value, count) = (i128::from(value), i128::from(count));
            sums.n += count;
            sums.sum += value * count;
            sums.squares += value * value * count;
        }
        let (first, last) = (bins().next(), bins().next_back());
        // The sample at a rank.
        let at = |rank: i128| {
            let mut before = 0;
            bins().find(|&(_, c)| {
                before += i128::from(c);
                before > rank
            })
        };
        let middle = at((sums.n - 1) / 2).zip(at(sums.n / 2));
        Census {
            sums,
            ends: first.zip(last).map(|(f, l)| [f.0, l.0]),
            median: middle.map(|(a, b)| (i64::from(a.0) + i64::from(b.0)) as f64 / 2.0),
            at_ends: [first, last].map(|end| end.map_or(0, |(_, c)| c)),
            reaching: top.map_or(0, |top| bins().filter(|(v, _)| *v >= top).map(|(_, c)| c).sum()),
        }
    }

    fn of_samples(mut samples: Vec<i32>, top: Option<i32>) -> Self {
        let ends = ends(&samples);
        let count = |is: &(dyn Fn(i32) -> bool + Sync)| samples.par_iter().filter(|s| is(**s)).count() as u64;
        let at = |end: usize| ends.map_or(0, |e| count(&|s| s == e[end]));
        let (at_ends, reaching) = ([at(0), at(1)], top.map_or(0, |top| count(&|s| s >= top)));
        Census { sums: Sums::of(&samples), ends, at_ends, reaching, median: order::median(&mut samples) }
    }
}

#[cfg(test)]
mod tests {
    //! Invariant: counting and going through say the same.
    use super::*;
    use proptest::prelude::*;

    fn same(image: &[i32], inside: Option<&[u8]>, top: i32) {
        let told = |c: &Census| (c.sums, c.ends, c.median, c.at_ends, c.reaching);
        let got = census(image, inside, Some(top));
        let outside = inside.map_or_else(Vec::new, |l| {
            image.iter().zip(l).filter(|(_, l)| **l == 0).map(|(s, _)| *s).collect::<Vec<_>>()
        });
        for (got, samples) in got.iter().zip([image.to_vec(), outside]) {
            let want = Census::of_samples(samples, Some(top));
            assert_eq!(told(got), told(&want), "{image:?} {inside:?}");
        }
    }

    proptest! {
        #[test]
        fn counts_are_samples(
            pairs in prop::collection::vec((-9i32..9, 0u8..2), 0..60), shift in -100_000i32..100_000,
        ) {
            let (image, inside): (Vec<i32>, Vec<u8>) = pairs.into_iter().map(|(s, l)| (s + shift, l)).unzip();
            same(&image, Some(&inside), shift + 3);
            same(&image, None, shift + 3);
        }
    }

    #[test]
    fn wide_spans_are_not_counted() {
        same(&[i32::MIN, 5, i32::MAX, i32::MAX], Some(&[0, 0, 1, 0]), i32::MAX);
        same(&[i32::MIN, i32::MIN + 65_535], None, 0);
        same(&[i32::MAX - 65_535, i32::MAX], Some(&[1, 1]), 0);
    }
}
