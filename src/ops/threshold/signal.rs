//! A threshold beside what it has to be held against: the two classes of the image, and its noise.
//!
//! Each of the three looks at a histogram of its own. They are counted together, so that a device is waited for twice and
//! not six times.

use super::bins::EqualBins;
use super::percentile::Level;
use super::{
    BinChoice, Classes, Cut, EVEN_SLOPE, Method, check, choose, classes_within, cut, otsu_classes, percentile,
};
use crate::Result;
use crate::device::Device;
use crate::image::Volume;
use crate::ops::histogram::{BinScale, histograms, ranges};
use crate::ops::noise::{Along, from_median, noise, of_neighbours};

/// The bins that the two classes of an image are looked for in.
const CLASSES: EqualBins = EqualBins { n: 256, spacing: BinScale::Linear, cut: Cut::Edge };

/// What is known of an image before it is cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signal {
    /// The threshold of the method, in samples: as of [`choose`].
    pub threshold: f64,
    /// Otsu's two classes in 256 bins.
    pub classes: Classes,
    /// The noise between neighbours: as of [`noise`].
    pub noise: f64,
}

/// Percentage of voxels that specks of dust may cover.
const SPECKS: f64 = 1.0;

impl Signal {
    /// Whether two classes explain more than `least` of the image: there are objects beyond doubt. A few specks many times as
    /// bright as all objects hide these from the variance; so the question is asked again with the brightest hundredth cut off
    /// at its least sample, where the answer must be more than that of an even slope.
    ///
    /// # Errors
    /// As for [`choose`].
    pub fn has_two_classes(&self, device: &Device, src: &Volume, least: f64) -> Result<bool> {
        if self.classes.explained > least {
            return Ok(true);
        }
        let most = percentile(device, src, 100.0 - SPECKS)?.ceil() as i32;
        let within = classes_within(device, src, (self.classes.least, most), CLASSES.choice())?;
        Ok(within.explained > EVEN_SLOPE.max(least))
    }
}

/// The threshold of an image, its classes, and the noise of another image (the same before it was smoothed).
///
/// # Errors
/// As for [`choose`].
pub fn signal_and_noise(
    device: &Device,
    src: &Volume,
    method: &Method,
    bins: BinChoice,
    noisy: &Volume,
) -> Result<Signal> {
    check(method)?;
    let by_bins = !matches!(method, Method::Fixed(_) | Method::Percentile(_));
    let rows = of_neighbours(device, noisy, Along::Rows)?;
    let columns = of_neighbours(device, noisy, Along::Columns)?;
    let (Some(rows), Some(columns), BinChoice::Equal { n, spacing, cut: at }, true) = (rows, columns, bins, by_bins)
    else {
        let classes = CLASSES.choice();
        return Ok(Signal {
            threshold: choose(device, src, method, bins)?,
            classes: otsu_classes(device, src, classes)?,
            noise: noise(device, noisy)?,
        });
    };
    let [range, of_rows, of_columns] = ranges(device, [src, &rows, &columns])?;
    let own = EqualBins { n, spacing, cut: at };
    let [by_row, by_column] = [of_rows, of_columns].map(Level::bins);
    let wanted = [(src, &own.over(range)?), (src, &CLASSES.over(range)?), (&rows, &by_row), (&columns, &by_column)];
    let [by_method, by_class, in_rows, in_columns] = histograms(device, wanted)?;
    let noise = from_median(device, &rows, &Level::with(of_rows, by_row, in_rows))?.max(from_median(
        device,
        &columns,
        &Level::with(of_columns, by_column, in_columns),
    )?);
    let max = range.1;
    if range.0 == max {
        return Ok(Signal { threshold: max.into(), classes: Classes::none(range), noise });
    }
    let threshold = cut(&own.with(range, by_method), method, max)?;
    Ok(Signal { threshold, classes: Classes::of(&CLASSES.with(range, by_class), range), noise })
}
