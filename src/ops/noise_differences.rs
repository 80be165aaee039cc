//! How often the second differences of neighbours occur, which noise is told from: counted on the CPU line by line as they come, on
//! a device in an array of them.

use super::histogram::{Bins, range};
use super::noise::Along;
use super::threshold::percentile::at_ranks;
use super::value_counts::Look;
use crate::Result;
use crate::device::Device;
use crate::image::Volume;
use crate::simd::wide;
use crate::units::Shape;
use rayon::prelude::*;

/// So many values of differences are counted one by one: those of 17 bits with a sign.
const PLACES: usize = 1 << 18;

/// Differences, none of them below 0.
#[derive(Debug)]
pub(super) enum Differences<'a> {
    /// An array of them that was looked at.
    Seen(Look<'a>),
    /// How often each value occurs, from 0 on.
    Counted(Vec<u32>),
}

impl Differences<'_> {
    /// Those of an image on the host, along rows or columns of three voxels at least; nothing where its samples lie too far apart.
    ///
    /// # Errors
    /// The image is on a device.
    pub fn count(src: &Volume, along: Along) -> Result<Option<Self>> {
        let (least, most) = range(&Device::Cpu, src)?;
        let places = 2 * most.abs_diff(least) as usize + 1;
        if places > PLACES {
            return Ok(None);
        }
        let (samples, Shape { z, y, x, .. }) = (src.samples.host()?, src.shape);
        let (lines, length, lag) = if along == Along::Rows { (y, x - 2, 1) } else { (y - 2, x, x) };
        let at_a_time = (z * lines).div_ceil(rayon::current_num_threads()).max(16);
        let count = |(mut row, mut counts): (Vec<u32>, [Vec<u32>; 2]), line: usize| {
            let first = (line / lines * y + line % lines) * x;
            differences(&mut row, &samples[first..], &samples[first + lag..], &samples[first + 2 * lag..]);
            tally(&row, &mut counts);
            (row, counts)
        };
        let begin = || (vec![0; length], [vec![0; places], vec![0; places]]);
        let counted = (0..z * lines).into_par_iter().with_min_len(at_a_time).fold(begin, count);
        let counts = counted.flat_map_iter(|(_, counts)| counts).reduce(Vec::new, |mut a, b| {
            if a.is_empty() {
                return b;
            }
            a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
            a
        });
        Ok(Some(Differences::Counted(counts)))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Differences::Seen(look) => look.volume().samples.len(),
            Differences::Counted(counts) => counts.iter().map(|n| *n as usize).sum(),
        }
    }

    /// The differences of these ranks, ascending.
    ///
    /// # Errors
    /// There are not so many; the device is lost.
    pub fn at_ranks(&self, ranks: &[usize]) -> Result<Vec<i32>> {
        let counts = match self {
            Differences::Seen(look) => return at_ranks(look, ranks),
            Differences::Counted(counts) => counts,
        };
        let (mut passed, mut value) = (0, 0);
        let at = |rank: &usize| {
            while value < counts.len() && passed + counts[value] as usize <= *rank {
                passed += counts[value] as usize;
                value += 1;
            }
            value as i32
        };
        Ok(ranks.iter().map(at).collect())
    }

    /// How many are 0.
    ///
    /// # Errors
    /// The device is lost.
    pub fn zeros(&self) -> Result<usize> {
        match self {
            Differences::Seen(look) if look.range().0 > 0 => Ok(0),
            Differences::Seen(look) => Ok(look.darkest()? as usize),
            Differences::Counted(counts) => Ok(counts.first().map_or(0, |n| *n as usize)),
        }
    }

    /// How many lie between these two, which count too.
    ///
    /// # Errors
    /// The device is lost.
    pub fn between(&self, least: i32, most: i32) -> Result<f64> {
        let sum = |counts: &[u32]| counts.iter().map(|n| f64::from(*n)).sum();
        match self {
            Differences::Seen(look) => Ok(sum(&look.histogram(&Bins::Unit { min: least, max: most })?)),
            Differences::Counted(counts) => {
                let end = counts.len().min(usize::try_from(most).map_or(0, |most| most + 1));
                Ok(sum(&counts[usize::try_from(least).unwrap_or(0).min(end)..end]))
            }
        }
    }
}

wide! {
    /// Of samples that lie no more than 17 bits apart.
    fn differences(out: &mut [u32], a: &[i32], b: &[i32], c: &[i32]) {
        for (((out, &a), &b), &c) in out.iter_mut().zip(a).zip(b).zip(c) {
            *out = a.wrapping_sub(b).wrapping_add(c.wrapping_sub(b)).unsigned_abs();
        }
    }
}

/// Neighbours are often equal, and a count waits for the one before: so they are counted apart.
fn tally(row: &[u32], [counts, others]: &mut [Vec<u32>; 2]) {
    let (pairs, last) = row.as_chunks::<2>();
    for [a, b] in pairs {
        counts[*a as usize] += 1;
        others[*b as usize] += 1;
    }
    last.iter().for_each(|value| counts[*value as usize] += 1);
}

#[cfg(test)]
mod tests {
    //! Oracle: the array of differences itself.
    use super::super::noise::{BOTH, differences};
    use super::super::value_counts::look;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn counts_are_those_of_the_array(
            samples in proptest::collection::vec(-70_000..60_000i32, 3 * 4 * 5),
            narrow in 1..20_000i32,
            first in -50..50i32,
        ) {
            let samples = samples.into_iter().map(|s| s / narrow).collect();
            let v = Volume::new(Shape::new(3, 4, 5), samples).unwrap();
            for along in BOTH {
                let array = differences(&Device::Cpu, &v, 1, along).unwrap();
                let seen = Differences::Seen(look(&Device::Cpu, &array).unwrap());
                let counted = Differences::count(&v, along).unwrap().unwrap();
                let n = array.samples.len();
                prop_assert_eq!(counted.len(), n);
                let ranks = [0, (n - 1) / 2, n / 2, n - 1];
                prop_assert_eq!(counted.at_ranks(&ranks).unwrap(), seen.at_ranks(&ranks).unwrap());
                prop_assert_eq!(counted.zeros().unwrap(), seen.zeros().unwrap());
                prop_assert_eq!(counted.between(first, first + 40).unwrap(), seen.between(first, first + 40).unwrap());
            }
        }
    }

    #[test]
    fn samples_too_far_apart_are_not_counted() {
        let v = Volume::new(Shape::flat(3, 3), vec![0, 0, 0, 0, 1 << 17, 0, 0, 0, 0]).unwrap();
        assert!(Differences::count(&v, Along::Rows).unwrap().is_none());
    }
}
