//! Where samples are counted: the bins of a histogram.

use crate::{Error, Result};

/// Most bins of a histogram.
pub const MAX_BINS: usize = 65_536;

/// Where samples are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bins {
    /// One bin for each integer of `min..=max`; samples outside are not counted.
    Unit {
        /// First bin.
        min: i32,
        /// Last bin.
        max: i32,
    },
    /// Ascending lower edges, one a bin. The last bin has no end.
    Edges(Vec<i32>),
}

/// On which scale bins are equally wide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BinScale {
    /// In the sample `s` itself.
    #[default]
    Linear,
    /// In `sqrt(max(s, 0))`.
    Sqrt,
    /// In `ln(max(s, 1))`.
    Log,
    /// In the same of what a sample is above another one.
    LogAbove(i32),
}

impl BinScale {
    /// From a sample to the scale.
    pub fn forward(self, sample: f64) -> f64 {
        match self {
            BinScale::Linear => sample,
            BinScale::Sqrt => libm::sqrt(sample.max(0.0)),
            BinScale::Log => libm::log(sample.max(1.0)),
            BinScale::LogAbove(origin) => libm::log((sample - f64::from(origin)).max(1.0)),
        }
    }
    /// From the scale to samples.
    pub fn back(self, value: f64) -> f64 {
        match self {
            BinScale::Linear => value,
            BinScale::Sqrt => value * value,
            BinScale::Log => libm::exp(value),
            BinScale::LogAbove(origin) => libm::exp(value) + f64::from(origin),
        }
    }
    /// The `n + 1` edges of equal bins between two samples, on the scale.
    pub fn edges(self, min: i32, max: i32, n: usize) -> Vec<f64> {
        let (a, b) = (self.forward(min.into()), self.forward(max.into()));
        let step = (b - a) / n as f64;
        (0..=n).map(|k| if k == n { b } else { a + k as f64 * step }).collect()
    }
}

impl Bins {
    /// `n` bins of equal width from `min` to `max`, as `numpy.histogram` has them: edge k is
    /// `ceil(min + k (max - min) / n)`, in integers. (Numpy rounds its edges to f64; for a number of bins that is not
    /// a power of two it may put a sample that lies exactly on an edge one bin lower.)
    pub fn linear(min: i32, max: i32, n: usize) -> Self {
        let n = n.clamp(1, MAX_BINS) as i64;
        let width = (i64::from(max) - i64::from(min)).max(0);
        // Below 2^16 times 2^32: fits in i64.
        let edge = |k: i64| (i64::from(min) + (k * width + n - 1) / n) as i32;
        Bins::Edges((0..n).map(edge).collect())
    }

    /// `n` bins between the samples `min` and `max` that are equally wide on a scale. Edge k is the least integer
    /// that the scale puts at or above `BinScale::edges[k]`.
    pub fn spaced(min: i32, max: i32, n: usize, spacing: BinScale) -> Self {
        if spacing == BinScale::Linear {
            return Bins::linear(min, max, n);
        }
        let least = |edge: f64| {
            let (mut low, mut high) = (i64::from(min), i64::from(max));
            while low < high {
                let middle = low + (high - low) / 2;
                if spacing.forward(middle as f64) >= edge { high = middle } else { low = middle + 1 }
            }
            low as i32
        };
        let n = n.clamp(1, MAX_BINS);
        Bins::Edges(spacing.edges(min, max, n)[..n].iter().map(|&e| least(e)).collect())
    }

    /// Number of bins.
    ///
    /// # Errors
    /// None, over 65,536, or edges that descend.
    pub fn count(&self) -> Result<usize> {
        let n = match self {
            Bins::Unit { min, max } => i64::from(*max) - i64::from(*min) + 1,
            Bins::Edges(e) if e.is_sorted() => e.len() as i64,
            Bins::Edges(_) => return Err(Error::usage("the edges of a histogram descend")),
        };
        if (1..=MAX_BINS as i64).contains(&n) {
            return Ok(n as usize);
        }
        Err(Error::limit(format!("a histogram of {n} bins")).remedy("1 to 65536 bins"))
    }

    /// The bin that holds the least of all numbers, if one does.
    pub(super) fn of_least(&self) -> Option<usize> {
        match self {
            Bins::Unit { min, .. } => (*min == i32::MIN).then_some(0),
            Bins::Edges(edges) => edges.partition_point(|edge| *edge == i32::MIN).checked_sub(1),
        }
    }
}
