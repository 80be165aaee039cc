//! Counts samples in bins on the CPU.

use super::histogram::FEW_BINS;
use super::histogram_bins::{Bins, MAX_BINS};

/// Counts of bins, from one part of an image. Neighbours often share a bin and are counted apart, since a count waits for the one before.
pub(super) struct Tally {
    bins: usize,
    /// Of every fourth sample, or every other one where bins are many; the last place takes what is in no bin.
    apart: Vec<Vec<u32>>,
}

impl Tally {
    pub fn new(bins: usize) -> Self {
        Tally { bins, apart: vec![vec![0; bins + 1]; if bins <= FEW_BINS { 4 } else { 2 }] }
    }

    pub fn count(&mut self, samples: &[i32], finder: &Finder) {
        let none = self.bins;
        match finder {
            // A sample below the first bin wraps round to a number above the last.
            Finder::Unit(min) => self.each(samples, |s| (s.wrapping_sub(*min) as u32 as usize).min(none)),
            Finder::Edges(e, lookup) if lookup.shift == 0 => {
                self.each(samples, |s| if s < e[0] { none } else { lookup.exact_bin(e, s) })
            }
            Finder::Edges(e, lookup) => self.each(samples, |s| if s < e[0] { none } else { lookup.bin(e, s) }),
            Finder::Nothing => {}
        }
    }

    #[inline(always)]
    fn each(&mut self, samples: &[i32], bin: impl Fn(i32) -> usize) {
        match &mut self.apart[..] {
            [a, b, c, d] => {
                let (fours, last) = samples.as_chunks::<4>();
                for four in fours {
                    for (counts, &s) in [&mut *a, b, c, d].into_iter().zip(four) {
                        counts[bin(s)] += 1;
                    }
                }
                last.iter().for_each(|&s| a[bin(s)] += 1);
            }
            [a, b] => {
                let (pairs, last) = samples.as_chunks::<2>();
                for [s, t] in pairs {
                    a[bin(*s)] += 1;
                    b[bin(*t)] += 1;
                }
                last.iter().for_each(|&s| a[bin(s)] += 1);
            }
            _ => {}
        }
    }

    pub fn counts(self) -> Vec<u32> {
        let mut all = self.apart.into_iter().reduce(sum).unwrap_or_default();
        all.truncate(self.bins);
        all
    }
}

/// How the bin of a sample is found.
pub(super) enum Finder<'a> {
    /// One bin an integer, from this one on.
    Unit(i32),
    Edges(&'a [i32], Lookup),
    /// There are no bins.
    Nothing,
}

impl<'a> Finder<'a> {
    pub fn of(bins: &'a Bins) -> Self {
        match (bins, Lookup::of(bins)) {
            (Bins::Unit { min, .. }, _) => Finder::Unit(*min),
            (Bins::Edges(edges), Some(lookup)) => Finder::Edges(edges, lookup),
            (Bins::Edges(_), None) => Finder::Nothing,
        }
    }
}

/// Where the bin of a sample is looked for: equal cells from the first edge to the last.
pub(super) struct Lookup {
    /// A cell has two to the power of this many integers: one, where there are few.
    shift: u32,
    /// The bin of the first integer of each cell, and the last bin.
    bins: Vec<u32>,
}

impl Lookup {
    fn of(bins: &Bins) -> Option<Self> {
        let Bins::Edges(e) = bins else { return None };
        let reach = e.last()?.abs_diff(*e.first()?);
        let shift = (u32::BITS - reach.leading_zeros()).saturating_sub(MAX_BINS.ilog2());
        let (mut bin, first) = (0, i64::from(*e.first()?));
        let of_cell = |cell: u32| {
            let begin = first + (i64::from(cell) << shift);
            while bin + 1 < e.len() && i64::from(e[bin + 1]) <= begin {
                bin += 1;
            }
            bin as u32
        };
        let mut bins: Vec<u32> = (0..=reach >> shift).map(of_cell).collect();
        bins.push(e.len() as u32 - 1);
        Some(Lookup { shift, bins })
    }

    /// The bin of a sample that is not below the first edge, where a cell has one integer.
    fn exact_bin(&self, edges: &[i32], sample: i32) -> usize {
        let cell = (sample.abs_diff(edges[0]) as usize).min(self.bins.len() - 1);
        self.bins[cell] as usize
    }

    /// The bin of a sample that is not below the first edge.
    fn bin(&self, edges: &[i32], sample: i32) -> usize {
        let cell = (sample.abs_diff(edges[0]) >> self.shift) as usize;
        let cell = cell.min(self.bins.len() - 2);
        let (low, high) = (self.bins[cell] as usize, self.bins[cell + 1] as usize);
        // Where edges lie inside of the cell, or behind it, the sample decides.
        if low == high { low } else { low + edges[low + 1..=high].partition_point(|edge| *edge <= sample) }
    }
}

/// Counts of the same bins from two parts.
pub(super) fn sum(mut a: Vec<u32>, b: Vec<u32>) -> Vec<u32> {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
    a
}
