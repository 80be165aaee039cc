//! Regions drawn elsewhere, brought onto the grid of an image.

use super::grid::{self, Brought, Grid};
use super::label_image::labels_with_place;
use super::{Options, dicom, points};
use crate::image::{NONE_DRAWN, PointOrigin, Regions, Scan};
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
    /// What coordinates of points count from.
    pub origin: PointOrigin,
    /// All of them may lie beside the image, as lesions of an earlier scan may: there are none then, and a note says so. Else that is refused.
    pub may_miss: bool,
}

/// Reads regions for an image.
///
/// # Errors
/// The file cannot be read, has no such region, or lies on another grid than the image.
pub fn regions(path: &Path, scan: &Scan, pick: &Pick, options: &Options) -> Result<Regions> {
    let mut regions = read(path, scan, pick, options)?;
    if regions.labels.count == 0 && regions.notes.iter().all(|note| note != NONE_DRAWN) {
        regions.notes.push("the mask is empty: no voxel of the image is in it".into());
    }
    Ok(regions)
}

fn read(path: &Path, scan: &Scan, pick: &Pick, options: &Options) -> Result<Regions> {
    if dicom::is_dicom(path) {
        return dicom::regions(path, scan, pick, options).map_err(|e| e.at(path));
    }
    if points::is_points(path) && pick.names.is_empty() {
        return points::read(path, scan, pick.origin).map_err(|e| e.at(path));
    }
    if let Some(name) = pick.names.first() {
        return Err(Error::usage(format!(
            "no region is named \"{name}\": names pick regions of RTSTRUCT and SEG alone"
        ))
        .remedy("leave regions out of the object set")
        .at(path));
    }
    let (read, voxels) = labels_with_place(path, options)?;
    let is_empty = voxels.iter().all(|v| *v == 0);
    let Brought { voxels, coverage, mut notes } = place(&read, voxels, scan, pick).map_err(|e| e.at(path))?;
    notes.extend(is_empty.then(|| NONE_DRAWN.to_string()));
    Ok(Regions { notes, coverage, ..Regions::of_voxels(scan.shape, &voxels)? })
}

/// Brings labels onto the grid of the scan. Where either side does not say where it lies, only the sizes can be compared.
fn place(read: &Scan, voxels: Vec<u32>, scan: &Scan, pick: &Pick) -> Result<Brought> {
    if let (Some(from), Some(onto)) = (grid_of(read), grid_of(scan)) {
        return grid::bring(voxels, &from, &onto, pick);
    }
    if read.shape != scan.shape {
        return Err(Error::usage(format!("the regions are {}, the image is {}", read.shape, scan.shape))
            .remedy("regions of the same size as the image"));
    }
    let silent = scan.patient_grid.is_some() && read.patient_grid.is_none();
    let note = || "the regions do not say where they lie; only their size was compared with the image".to_string();
    Ok(Brought { voxels, coverage: BTreeMap::new(), notes: silent.then(note).into_iter().collect() })
}

fn grid_of(scan: &Scan) -> Option<Grid> {
    Some(Grid { shape: scan.shape, spacing: scan.spacing?, patient_grid: scan.patient_grid? })
}
