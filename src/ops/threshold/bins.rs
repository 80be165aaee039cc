//! The bins that the methods look at.

use crate::ops::histogram::{BinScale, Bins, MAX_BINS};
use crate::ops::value_counts::Look;
use crate::{Error, Result};

/// Bins for a range of more integers than a histogram has bins.
const WIDE_BINS: usize = 32_768;

/// Which bins a method looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BinChoice {
    /// One for each integer, a value each.
    Unit,
    /// One for each value of a file whose samples were shifted left by so many bits, as long as no filter has made others
    /// in between; then as [`BinChoice::Unit`]. Bins that no sample can fall into would be valleys that are none.
    Lifted(u32),
    /// Bins of equal width between the least and the greatest sample, on some scale.
    Equal {
        /// How many, 2 to 65,536.
        n: usize,
        /// The scale.
        spacing: BinScale,
        /// Where a method that answers with a bin cuts it.
        cut: Cut,
    },
}

/// The place in a bin that becomes the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Its centre, as scikit-image does.
    Centre,
    /// Its upper edge: whole bins go to either side.
    Edge,
    /// The same where samples may lie on the edge, which is the beginning of the next bin: one less if it is a whole number. For bins
    /// that are even in the samples themselves.
    BelowEdge,
}

/// Edges are parts of 65,536 of a whole number; a computed one that is as near to one as this is one.
const WHOLE: f64 = 4e-6;

/// Bins of equal width on some scale.
#[derive(Clone, Copy)]
pub(super) struct EqualBins {
    pub n: usize,
    pub spacing: BinScale,
    pub cut: Cut,
}

impl EqualBins {
    /// As methods are told of them.
    pub fn choice(self) -> BinChoice {
        let EqualBins { n, spacing, cut } = self;
        BinChoice::Equal { n, spacing, cut }
    }
    /// The bins of a range.
    ///
    /// # Errors
    /// Fewer than two, or too many.
    pub fn over(&self, (min, max): (i32, i32)) -> Result<Bins> {
        if !(2..=MAX_BINS).contains(&self.n) {
            return Err(Error::usage(format!("a threshold from {} bins", self.n)).remedy("2 to 65536 bins"));
        }
        Ok(Bins::spaced(min, max, self.n, self.spacing))
    }
    /// What they hold, once it is counted.
    pub fn with(&self, (min, max): (i32, i32), counts: Vec<u32>) -> Histogram {
        let edges = self.spacing.edges(min, max, self.n);
        let values = edges.windows(2).map(|e| (e[0] + e[1]) / 2.0).collect();
        let step = (edges[self.n] - edges[0]) / self.n as f64;
        Histogram { values, counts, step, spacing: self.spacing, cut: self.cut }
    }
}

/// Bins with a value each, as the methods see them. At least two hold something.
#[derive(Clone, Debug)]
pub(super) struct Histogram {
    /// Centres, ascending, on the scale of the bins.
    pub values: Vec<f64>,
    pub counts: Vec<u32>,
    /// Distance between centres.
    pub step: f64,
    pub spacing: BinScale,
    pub cut: Cut,
}

impl Histogram {
    /// Counts the samples between the least and the greatest one.
    pub fn new(look: &Look, (min, max): (i32, i32), bins: BinChoice) -> Result<Self> {
        if let BinChoice::Lifted(bits) = bins
            && let Some(values) = Histogram::lifted(look, (min, max), bits)?
        {
            return Ok(values);
        }
        let (n, spacing, cut) = match bins {
            BinChoice::Equal { n, spacing, cut } => (n, spacing, cut),
            _ if i64::from(max) - i64::from(min) >= MAX_BINS as i64 => (WIDE_BINS, BinScale::Linear, Cut::BelowEdge),
            _ => {
                let counts = look.histogram(&Bins::Unit { min, max })?;
                let values = (min..=max).map(f64::from).collect();
                return Ok(Histogram { values, counts, step: 1.0, spacing: BinScale::Linear, cut: Cut::Centre });
            }
        };
        let bins = EqualBins { n, spacing, cut };
        Ok(bins.with((min, max), look.histogram(&bins.over((min, max))?)?))
    }
    /// One bin for each multiple of 2^bits; nothing if there are samples between them.
    fn lifted(look: &Look, (min, max): (i32, i32), bits: u32) -> Result<Option<Self>> {
        let unit = 1i64 << bits.min(31);
        let values: Vec<i64> = (min.into()..=max.into()).step_by(unit as usize).take(MAX_BINS).collect();
        if bits == 0 || 2 * values.len() > MAX_BINS {
            return Ok(None);
        }
        // Each value has a bin of its own and one behind it for what lies between.
        let edges = values.iter().flat_map(|&v| [v as i32, (v as i32).saturating_add(1)]).collect();
        let counts = look.histogram(&Bins::Edges(edges))?;
        let between = counts.iter().skip(1).step_by(2).any(|&count| count > 0);
        Ok((!between).then(|| Histogram {
            values: values.iter().map(|&v| v as f64).collect(),
            counts: counts.into_iter().step_by(2).collect(),
            step: unit as f64,
            spacing: BinScale::Linear,
            cut: Cut::Centre,
        }))
    }
    /// The same counts by the square roots of what the bins are above the least sample.
    pub fn roots(&self, least: i32) -> Self {
        let above = |value: &f64| (self.spacing.back(*value) - f64::from(least)).max(0.0);
        Histogram { values: self.values.iter().map(|v| libm::sqrt(above(v))).collect(), ..self.clone() }
    }
    /// Values and counts.
    pub fn bins(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.values.iter().zip(&self.counts).map(|(&v, &c)| (v, c.into()))
    }
    /// Whether all samples are in one bin.
    pub fn is_one(&self) -> bool {
        self.counts.iter().filter(|&&c| c > 0).count() < 2
    }
    /// The threshold, in samples, that cuts after or in the middle of a bin.
    pub fn at(&self, bin: usize) -> f64 {
        let value = self.values.get(bin).copied().unwrap_or(f64::INFINITY);
        let edge = value + self.step / 2.0;
        match self.cut {
            Cut::Centre => self.spacing.back(value),
            Cut::Edge => self.spacing.back(edge),
            Cut::BelowEdge if (edge - edge.round()).abs() < WHOLE => edge.round() - 1.0,
            Cut::BelowEdge => edge,
        }
    }
}
