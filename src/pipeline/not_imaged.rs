//! Objects end where the image does: voxels outside of the field of view belong to none of them, whatever was drawn there.

use super::propagate::outside;
use crate::Result;
use crate::device::Device;
use crate::image::{Labels, Scan};
use crate::ops::renumber::renumber;
use crate::ops::sizes::sizes;

/// Objects without what was not imaged, under their numbers.
pub(super) fn without(labels: &Labels, scan: &Scan, device: &Device) -> Result<Labels> {
    match &scan.not_imaged {
        Some(mask) => outside(device, labels, &mask.to(device)?),
        None => Ok(labels.clone()),
    }
}

/// The same, with new numbers where some have no voxel left.
pub(super) fn cut(labels: &Labels, scan: &Scan, device: &Device) -> Result<Labels> {
    match scan.not_imaged {
        Some(_) => renumber(device, &without(labels, scan, device)?),
        None => Ok(labels.clone()),
    }
}

/// What to say of regions that reach into what was not imaged.
pub(super) fn warning(labels: &Labels, scan: &Scan, device: &Device) -> Result<Option<String>> {
    if scan.not_imaged.is_none() || labels.count == 0 {
        return Ok(None);
    }
    let (whole, left) = (sizes(device, labels)?, sizes(device, &without(labels, scan, device)?)?);
    // Entry 0 counts the background.
    let lost: Vec<f64> = whole
        .iter()
        .zip(&left)
        .skip(1)
        .filter(|(whole, left)| left < whole)
        .map(|(whole, left)| 1.0 - f64::from(*left) / f64::from(*whole))
        .collect();
    let Some(most) = lost.iter().copied().reduce(f64::max) else { return Ok(None) };
    let gone = match lost.iter().filter(|share| **share == 1.0).count() {
        0 => String::new(),
        gone => format!("; of {gone} nothing is left, and no row"),
    };
    Ok(Some(format!(
        "{} of {} regions reach into what was not imaged, with up to {:.0} % of their voxels: these are left out of all that is measured{gone}; \
         a scan that shows them is needed",
        lost.len(),
        labels.count,
        100.0 * most
    )))
}
