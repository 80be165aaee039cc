//! From intensities to grey levels: bins of a fixed size, or a fixed number of bins.

use super::region::Region;
use crate::simd::map;
use crate::{Error, Result};

/// How intensities become grey levels, which are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Discretisation {
    /// Intensities are levels: whole numbers from 1 on.
    None,
    /// Bins of a fixed size (IBSI:Q3RU). The first one begins at `from`; without it at the lower end of the range that was
    /// kept, or else at the lowest intensity. What lies below is in the first bin.
    BinSize {
        /// Width of a bin.
        width: f64,
        /// Where the first one begins.
        from: Option<f64>,
    },
    /// So many bins from the lowest to the highest intensity (IBSI:K15C). A flat region is in the first.
    BinNumber(u16),
}

/// More levels than this have no place in a matrix.
const MOST: f64 = u16::MAX as f64;

/// Bins of equal size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bins {
    from: f64,
    /// Levels of one step of intensity are `(value - from) * number / extent`.
    number: f64,
    extent: f64,
    /// The highest level.
    pub most: u16,
}

impl Discretisation {
    /// Code in IBSI, or nothing.
    pub const fn code(self) -> &'static str {
        match self {
            Discretisation::None => "",
            Discretisation::BinSize { .. } => "Q3RU",
            Discretisation::BinNumber(_) => "K15C",
        }
    }

    /// The grey levels of numbers, where that of each depends on no other one: in bins of a fixed size from a value on.
    ///
    /// # Errors
    /// There would be more levels than a matrix has place for.
    pub(crate) fn of_each(self, values: &[f64]) -> Result<Option<Vec<u16>>> {
        let Discretisation::BinSize { width, from: Some(from) } = self else { return Ok(None) };
        let bins = Bins::sized(width, from, values.iter().copied().fold(from, f64::max))?;
        Ok(Some(map(values, |v| bins.level(v))))
    }

    /// The bins for a region.
    pub(super) fn bins(self, region: &Region) -> Result<Bins> {
        let [low, high] = region.extremes().unwrap_or([1.0, 1.0]);
        match self {
            Discretisation::None => {
                if low < 1.0 || high > MOST || region.values().any(|v| v != v.trunc()) {
                    let what = format!("intensities from {low} to {high} are taken for grey levels");
                    return Err(Error::usage(what).remedy("whole numbers from 1 to 65535, or bins"));
                }
                Ok(Bins { from: 1.0, number: 1.0, extent: 1.0, most: high as u16 })
            }
            Discretisation::BinSize { width, from } => {
                let from = from.or(region.range.map(|r| r[0]).filter(|r| r.is_finite())).unwrap_or(low);
                Bins::sized(width, from, high)
            }
            Discretisation::BinNumber(0) => Err(Error::usage("no bins at all").remedy("at least one")),
            Discretisation::BinNumber(n) => Ok(Bins::numbered(n, low, high)),
        }
    }
}

impl Bins {
    fn sized(width: f64, from: f64, high: f64) -> Result<Self> {
        let most = ((high - from) / width).floor().max(0.0) + 1.0;
        // Not a number if the width is 0 or none itself.
        if !(width > 0.0 && most <= MOST) {
            let what =
                format!("bins of {width} from {from} to {high}, the highest value, make more than 65535 grey levels");
            // Two digits are enough for a size to write; rounded up.
            let least = format!("{:.1e}", (high - from) / MOST * 1.06).parse::<f64>().unwrap_or(1.0);
            return Err(Error::usage(what)
                .remedy(format!("a larger size in the key bins: bins = {{ size = {least} }}, or {{ number = 32 }}")));
        }
        Ok(Bins { from, number: 1.0, extent: width, most: most as u16 })
    }

    /// So many, at least one, from the lowest to the highest intensity.
    #[inline(always)]
    pub fn numbered(number: u16, low: f64, high: f64) -> Self {
        // A flat region has no extent: any will do.
        let extent = if high > low { high - low } else { 1.0 };
        Bins { from: low, number: f64::from(number), extent, most: number }
    }

    /// The level of an intensity.
    #[inline(always)]
    pub fn level(&self, value: f64) -> u16 {
        let bin = (self.number * (value - self.from) / self.extent).floor() + 1.0;
        bin.clamp(1.0, f64::from(self.most)) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::super::region::Intensities;
    use super::*;
    use crate::units::Shape;

    fn levels(values: &[f64], how: Discretisation, range: Option<[f64; 2]>) -> Result<Vec<u16>> {
        let n = values.len();
        let intensities = Intensities::Real(values.into());
        let mut region = Region::new(Shape::flat(1, n), [1.0; 3], intensities, &vec![true; n])?;
        if let Some([low, high]) = range {
            region.keep_range(low, high);
        }
        let bins = how.bins(&region)?;
        Ok(values.iter().map(|v| bins.level(*v)).collect())
    }

    #[test]
    fn bins_begin_where_they_should() {
        let size = |from| Discretisation::BinSize { width: 25.0, from };
        let values = [-10.0, 0.0, 14.9, 15.0, 40.0];
        assert_eq!(levels(&values, size(None), None).unwrap(), [1, 1, 1, 2, 3]);
        assert_eq!(levels(&values, size(None), Some([-500.0, 400.0])).unwrap(), [20, 21, 21, 21, 22]);
        assert_eq!(levels(&values, size(Some(0.0)), None).unwrap(), [1, 1, 1, 1, 2]);
        assert_eq!(levels(&values, Discretisation::BinNumber(5), None).unwrap(), [1, 2, 3, 3, 5]);
        assert_eq!(levels(&[3.0, 3.0], Discretisation::BinNumber(32), None).unwrap(), [1, 1]);
        assert_eq!(levels(&[3.0, 7.0], Discretisation::None, None).unwrap(), [3, 7]);
    }

    #[test]
    fn what_gives_no_levels_is_refused() {
        let size = |width| Discretisation::BinSize { width, from: None };
        for how in [size(0.0), size(f64::NAN), size(1e-6), Discretisation::BinNumber(0), Discretisation::None] {
            assert!(levels(&[0.5, 7.0], how, None).is_err(), "{how:?}");
        }
        for high in [0.7, 7.0, 1234.5, 3e9] {
            let remedy = levels(&[0.5, high], size(1e-9), None).unwrap_err().remedy.unwrap();
            let words = remedy.split("size = ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
            assert!(levels(&[0.5, high], size(words.parse().unwrap()), None).is_ok(), "{remedy}");
        }
    }
}
