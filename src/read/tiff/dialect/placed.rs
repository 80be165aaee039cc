//! Pages that say themselves where they belong become a grid of channels, slices and time points.

use crate::read::Options;
use crate::read::layout::{Layout, Plane, Sizes};
use crate::{Error, Result};
use std::collections::HashMap;

/// What a page says.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Its channel, by whatever tells channels apart.
    pub channel: String,
    /// Its slice, by whatever tells slices of a channel apart.
    pub slice: i64,
    /// Where the slice lies, in micrometres.
    pub um: Option<f64>,
}

impl Key {
    /// A slice by its height, told apart to a nanometre.
    pub fn at(channel: String, um: Option<f64>) -> Self {
        let um = um.filter(|v| v.is_finite());
        Key { channel, slice: um.map_or(0, |v| (v * 1000.0).round() as i64), um }
    }
}

/// A grid of pages.
#[derive(Debug, PartialEq)]
pub struct Placed {
    /// Its sizes.
    pub sizes: Sizes,
    /// Channels in the order in which they come first.
    pub channels: Vec<String>,
    /// Pages by time point, channel and slice.
    pages: Vec<usize>,
    /// Heights of the slices.
    heights: Vec<Option<f64>>,
}

/// A slice of a channel, and its pages in time.
struct Slice {
    um: Option<f64>,
    pages: Vec<usize>,
}

/// Puts pages on a grid. Channels and slices follow one another as they first appear; pages of one channel and slice follow one
/// another in time.
///
/// # Errors
/// The pages do not fill the grid.
pub fn place(keys: &[Key]) -> Result<Placed> {
    let mut channels: Vec<(&str, Vec<Slice>)> = Vec::new();
    // Where a channel and a slice of it stand, since a file may have a million pages.
    let (mut known, mut places) = (HashMap::new(), HashMap::new());
    for (page, key) in keys.iter().enumerate() {
        let at = *known.entry(&key.channel).or_insert(channels.len());
        if at == channels.len() {
            channels.push((&key.channel, Vec::new()));
        }
        let slices = &mut channels[at].1;
        let place = *places.entry((at, key.slice)).or_insert(slices.len());
        if place == slices.len() {
            slices.push(Slice { um: key.um, pages: vec![] });
        }
        slices[place].pages.push(page);
    }
    let z = channels.first().map_or(0, |(_, slices)| slices.len());
    let t = channels.first().and_then(|(_, slices)| slices.first()).map_or(0, |s| s.pages.len());
    let full = channels.iter().all(|(_, s)| s.len() == z && s.iter().all(|s| s.pages.len() == t));
    if !full || keys.is_empty() {
        let what = format!("{} pages that do not fill a grid of channels, slices and time points", keys.len());
        return Err(Error::format(what).remedy("a copy as OME-TIFF, for example with Fiji or bfconvert"));
    }
    let all = (0..t).flat_map(|t| channels.iter().flat_map(move |(_, slices)| slices.iter().map(move |s| s.pages[t])));
    Ok(Placed {
        sizes: Sizes { c: channels.len(), z, t },
        pages: all.collect(),
        heights: channels.first().map(|(_, s)| s.iter().map(|s| s.um).collect()).unwrap_or_default(),
        channels: channels.iter().map(|(name, _)| (*name).to_string()).collect(),
    })
}

impl Placed {
    /// The distance of slices in micrometres, where it is known.
    ///
    /// # Errors
    /// The slices are not evenly spaced, so that they may be something else.
    pub fn step(&self) -> Result<Option<f64>> {
        let Some(heights) = self.heights.iter().copied().collect::<Option<Vec<f64>>>() else { return Ok(None) };
        let steps: Vec<f64> = heights.windows(2).map(|w| w[1] - w[0]).collect();
        let Some(mean) = (!steps.is_empty()).then(|| steps.iter().sum::<f64>() / steps.len() as f64) else {
            return Ok(None);
        };
        let even = steps.iter().all(|s| (s - mean).abs() <= 0.25 * mean.abs());
        match even && mean != 0.0 {
            true => Ok(Some(mean.abs())),
            false => Err(Error::format("pages at uneven heights: neither slices nor time points of one height")
                .remedy("a copy as OME-TIFF, for example with Fiji or bfconvert")),
        }
    }

    /// The layout of one time point.
    ///
    /// # Errors
    /// There are several, and none was asked for.
    pub fn layout(&self, options: &Options) -> Result<Layout> {
        let mut warnings = Vec::new();
        let time = self.sizes.time_point(options, &mut warnings)?;
        let each = self.sizes.c * self.sizes.z;
        let planes = self.pages.iter().skip(time * each).take(each).map(|page| Plane { file: 0, page: *page });
        Ok(Layout { planes: planes.collect(), slices: self.sizes.z, warnings, ..Layout::default() })
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: literal grids.
    use super::*;

    fn keys(list: &[(&str, f64)]) -> Vec<Key> {
        list.iter().map(|(c, z)| Key::at((*c).into(), Some(*z))).collect()
    }

    #[test]
    fn pages_find_their_places() {
        let p = place(&keys(&[("a", 1.0), ("b", 1.2), ("a", 2.0), ("b", 2.2)])).unwrap();
        assert_eq!((p.sizes, p.pages.clone()), (Sizes { c: 2, z: 2, t: 1 }, vec![0, 2, 1, 3]));
        assert_eq!(p.step().unwrap(), Some(1.0));
        let p = place(&keys(&[("a", 5.0), ("a", 5.0), ("a", 5.0)])).unwrap();
        assert_eq!((p.sizes, p.step().unwrap()), (Sizes { c: 1, z: 1, t: 3 }, None));
        assert!(p.layout(&Options::default()).unwrap_err().what.contains("3 time points"));
        let second = Options { time: Some(1), ..Options::default() };
        assert_eq!(p.layout(&second).unwrap().planes, [Plane { file: 0, page: 1 }]);
        let p = place(&keys(&[("a", 3.0), ("a", 2.0), ("a", 3.0), ("a", 2.0)])).unwrap();
        assert_eq!((p.sizes, p.pages.clone()), (Sizes { c: 1, z: 2, t: 2 }, vec![0, 1, 2, 3]));
    }

    #[test]
    fn what_fills_no_grid_is_refused() {
        assert!(place(&keys(&[("a", 1.0), ("a", 2.0), ("b", 1.0)])).is_err());
        assert!(place(&keys(&[("a", 1.0), ("a", 2.0), ("a", 1.0)])).is_err());
        assert!(place(&[]).is_err());
        // A drift of the stage is no stack.
        let drift = place(&keys(&[("a", 1.0), ("a", 1.02), ("a", 1.01), ("a", 1.05)])).unwrap();
        assert!(drift.step().is_err());
    }
}
