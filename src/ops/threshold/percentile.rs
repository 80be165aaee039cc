//! Order statistics of a volume, exact for any range of samples, from histograms that narrow down.
//!
//! Reference: `numpy.percentile` with linear interpolation between neighbours.

use crate::device::Device;
use crate::image::Volume;
use crate::ops::histogram::{Bins, MAX_BINS, histogram};
use crate::ops::value_counts::{Look, look};
use crate::{Error, Result};

/// Pieces that a range of more than 65,536 integers is cut into at each step: at most three steps for all of i32.
const PIECES: usize = 4096;

/// A piece of the range, counted.
struct Level {
    low: i32,
    high: i32,
    edges: Vec<i32>,
    counts: Vec<u32>,
}

impl Level {
    /// Counted now.
    fn new(device: &Device, src: &Volume, (low, high): (i32, i32)) -> Result<Self> {
        let wide = i64::from(high) - i64::from(low) >= MAX_BINS as i64;
        let bins = if wide { Bins::linear(low, high, PIECES) } else { Bins::Unit { min: low, max: high } };
        let counts = histogram(device, src, &bins)?;
        let edges = match bins {
            Bins::Edges(e) => e,
            Bins::Unit { min, max } => (min..=max).collect(),
        };
        Ok(Level { low, high, edges, counts })
    }
    /// The whole range, which a look has counted if it has counted anything.
    fn whole(seen: &Look) -> Result<Self> {
        let (low, high) = seen.range();
        if seen.counts().is_empty() {
            return Level::new(seen.device(), seen.volume(), (low, high));
        }
        let edges: Vec<i32> = (low..=high).take(seen.counts().len()).collect();
        Ok(Level { low, high, counts: seen.counts()[..edges.len()].to_vec(), edges })
    }
    /// The integers of the bin that holds the sample of this rank, and the rank inside it.
    fn find(&self, mut rank: usize) -> Option<(i32, i32, usize)> {
        for (k, &count) in self.counts.iter().enumerate() {
            if rank < count as usize {
                let high = self.edges.get(k + 1).map_or(self.high, |e| e - 1);
                return Some((self.edges[k], high, rank));
            }
            rank -= count as usize;
        }
        None
    }
}

/// The samples that stand at these places (from 0) when all are put in order.
///
/// # Errors
/// A rank past the number of voxels; the device is lost.
pub fn at_ranks(seen: &Look, ranks: &[usize]) -> Result<Vec<i32>> {
    let (device, src, whole) = (seen.device(), seen.volume(), Level::whole(seen)?);
    // Neighbouring ranks mostly end in one piece, which is then counted once.
    let mut last: Option<Level> = None;
    let mut out = Vec::with_capacity(ranks.len());
    for &rank in ranks {
        let none = || Error::usage(format!("rank {rank} of {} samples", src.samples.len()));
        let (mut low, mut high, mut inside) = whole.find(rank).ok_or_else(none)?;
        while low < high {
            let level = match last.take() {
                Some(l) if (l.low, l.high) == (low, high) => l,
                _ => Level::new(device, src, (low, high))?,
            };
            (low, high, inside) = level.find(inside).ok_or_else(none)?;
            last = Some(level);
        }
        out.push(low);
    }
    Ok(out)
}

/// The percentile (0 to 100), interpolated between neighbours.
///
/// # Errors
/// Outside 0..=100, no voxels, or the device is lost.
pub fn percentile(device: &Device, src: &Volume, percent: f64) -> Result<f64> {
    percentile_seen(&look(device, src)?, percent)
}

/// The same of a volume that was looked at.
pub(super) fn percentile_seen(seen: &Look, percent: f64) -> Result<f64> {
    let n = seen.volume().samples.len();
    if !(0.0..=100.0).contains(&percent) || n == 0 {
        return Err(Error::usage(format!("percentile {percent} of {n} samples")).remedy("0 to 100"));
    }
    let place = percent / 100.0 * (n - 1) as f64;
    let below = place.floor() as usize;
    let found = at_ranks(seen, &[below, (below + 1).min(n - 1)])?;
    let (a, b) = (f64::from(found[0]), f64::from(found[1]));
    Ok(a + (b - a) * (place - below as f64))
}
