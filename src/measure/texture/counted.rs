//! Numbers in order, and how often each occurs: what statistics are computed from.

use super::region::{Intensities, Region};
use crate::image::Scale;
use crate::measure::order;
use rayon::prelude::*;
use std::sync::Arc;

/// Numbers, rising, and how often each occurs.
#[derive(Clone, Debug)]
pub(super) enum Counted {
    /// Each of them.
    Listed(Arc<Vec<(f64, u64)>>),
    /// All samples in order: a list of many that differ would be four times as long.
    Sorted(Arc<Vec<i32>>, Scale),
}

/// More samples than this are sorted where they are, by all threads.
const MANY: usize = 1 << 20;
/// Fewer are listed, even if they all differ: to walk over a list takes half the time.
const SHORT: usize = 1 << 16;

impl Counted {
    /// The intensities of a region.
    pub fn of(region: &Region) -> Self {
        match &region.intensities {
            Intensities::Samples(samples, scale) => few(region, samples, *scale).unwrap_or_else(|| {
                let mut all = Vec::with_capacity(region.count());
                region.measured_ranges().for_each(|run| all.extend_from_slice(&samples[run]));
                if all.len() > MANY {
                    all.par_sort_unstable();
                } else {
                    all = order::sorted(&all);
                }
                let few = all.len() < SHORT;
                let sorted = Counted::Sorted(Arc::new(all), *scale);
                if few { Counted::of_list(sorted.iter().collect()) } else { sorted }
            }),
            Intensities::Real(_) => {
                let mut values = Vec::with_capacity(region.count());
                values.extend(region.values());
                Self::of_values(values)
            }
        }
    }

    /// Numbers in any order.
    pub fn of_values(mut values: Vec<f64>) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        let mut list: Vec<(f64, u64)> = Vec::with_capacity(values.len());
        list.extend(values.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u64)));
        Self::of_list(list)
    }

    /// Numbers that rise, and how often each occurs.
    pub fn of_list(list: Vec<(f64, u64)>) -> Self {
        Counted::Listed(Arc::new(list))
    }

    /// Each number and how often it occurs.
    pub fn iter(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        let (listed, sorted, scale) = match self {
            Counted::Listed(list) => (list.as_slice(), &[][..], Scale::ONE),
            Counted::Sorted(samples, scale) => (&[][..], samples.as_slice(), *scale),
        };
        let equal = sorted.chunk_by(|a, b| a == b);
        let counted = equal.map(move |same| (scale.value(f64::from(same[0])), same.len() as u64));
        listed.iter().copied().chain(counted)
    }

    /// The least and the largest.
    pub fn ends(&self) -> Option<[f64; 2]> {
        match self {
            Counted::Listed(list) => Some([list.first()?.0, list.last()?.0]),
            Counted::Sorted(samples, scale) => {
                Some([samples.first()?, samples.last()?].map(|s| scale.value(f64::from(*s))))
            }
        }
    }
}

/// The samples of a region by counting, where they span little beside their number.
fn few(region: &Region, samples: &[i32], scale: Scale) -> Option<Counted> {
    let [low, high] = region.samples_span()?;
    let span = high.abs_diff(low) as usize;
    if span >= region.count() {
        return None;
    }
    let mut counts = vec![0u32; span + 1];
    let runs = region.measured_ranges().flat_map(|run| &samples[run]);
    runs.for_each(|s| counts[s.abs_diff(low) as usize] += 1);
    let occurring = (i64::from(low)..).zip(counts).filter(|(_, n)| *n > 0);
    Some(Counted::of_list(occurring.map(|(sample, n)| (scale.value(sample as f64), n.into())).collect()))
}

#[cfg(test)]
mod tests {
    //! Invariant: the ways to count say the same.
    use super::*;
    use crate::units::Shape;

    #[test]
    fn counting_and_sorting_say_the_same() {
        let scale = Scale::new(0.25, -3.0).unwrap();
        for (n, far) in [(60, 0), (60, 1_000_000), (SHORT as i32, 1_000_000)] {
            let samples: Vec<i32> = (0..n).map(|i| (i * 7) % 23 - 9).chain([far]).collect();
            let n = samples.len();
            let real = Intensities::Real(samples.iter().map(|s| scale.value(f64::from(*s))).collect());
            let counted = |intensities| {
                Counted::of(&Region::new(Shape::flat(1, n), [1.0; 3], intensities, &vec![true; n]).unwrap())
            };
            let (got, want) = (counted(Intensities::Samples(samples.into(), scale)), counted(real));
            assert_eq!(matches!(got, Counted::Sorted(..)), n > SHORT);
            assert_eq!(got.iter().collect::<Vec<_>>(), want.iter().collect::<Vec<_>>());
            assert_eq!((got.ends(), got.iter().map(|c| c.1).sum::<u64>()), (want.ends(), n as u64));
        }
    }
}
