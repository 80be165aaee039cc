//! Order statistics of a volume, exact for any range of samples, from histograms that narrow down.
//!
//! Reference: `numpy.percentile` with linear interpolation between neighbours.

use crate::device::Device;
use crate::image::Volume;
use crate::ops::histogram::{Bins, MAX_BINS, histogram, range};
use crate::{Error, Result};

/// Pieces that a range of more than 65,536 integers is cut into at each step: at most three steps for all of i32.
const PIECES: usize = 4096;

/// A piece of the range, counted.
#[derive(Clone)]
pub(crate) struct Level {
    low: i32,
    high: i32,
    edges: Vec<i32>,
    counts: Vec<u32>,
}

impl Level {
    fn new(device: &Device, src: &Volume, low: i32, high: i32) -> Result<Self> {
        let bins = Level::bins((low, high));
        let counts = histogram(device, src, &bins)?;
        Ok(Level::with((low, high), bins, counts))
    }
    /// The bins that a piece is counted in.
    pub fn bins((low, high): (i32, i32)) -> Bins {
        let wide = i64::from(high) - i64::from(low) >= MAX_BINS as i64;
        if wide { Bins::linear(low, high, PIECES) } else { Bins::Unit { min: low, max: high } }
    }
    /// A piece with what its bins hold.
    pub fn with((low, high): (i32, i32), bins: Bins, counts: Vec<u32>) -> Self {
        let edges = match bins {
            Bins::Edges(e) => e,
            Bins::Unit { min, max } => (min..=max).collect(),
        };
        Level { low, high, edges, counts }
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
pub fn at_ranks(device: &Device, src: &Volume, ranks: &[usize]) -> Result<Vec<i32>> {
    let (min, max) = range(device, src)?;
    at_ranks_of(device, src, &Level::new(device, src, min, max)?, ranks)
}

/// The same of a volume whose whole range is counted already.
pub(crate) fn at_ranks_of(device: &Device, src: &Volume, whole: &Level, ranks: &[usize]) -> Result<Vec<i32>> {
    // Neighbouring ranks mostly end in one piece, which is then counted once.
    let mut last: Option<Level> = None;
    let mut out = Vec::with_capacity(ranks.len());
    for &rank in ranks {
        let none = || Error::usage(format!("rank {rank} of {} samples", src.samples.len()));
        let (mut low, mut high, mut inside) = whole.find(rank).ok_or_else(none)?;
        while low < high {
            let level = match last.take() {
                Some(l) if (l.low, l.high) == (low, high) => l,
                _ => Level::new(device, src, low, high)?,
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
    let n = src.samples.len();
    if !(0.0..=100.0).contains(&percent) || n == 0 {
        return Err(Error::usage(format!("percentile {percent} of {n} samples")).remedy("0 to 100"));
    }
    let place = percent / 100.0 * (n - 1) as f64;
    let below = place.floor() as usize;
    let found = at_ranks(device, src, &[below, (below + 1).min(n - 1)])?;
    let (a, b) = (f64::from(found[0]), f64::from(found[1]));
    Ok(a + (b - a) * (place - below as f64))
}
