//! Whose scan a file is, from its header alone: for an image of which nothing else can be had.

use super::{Source, dicom, nifti};
use crate::pet::suv::Identity;
use std::path::Path;

/// Patient, study and series of a DICOM file, or of a NIfTI file with a sidecar; nothing where they cannot be read.
pub fn of(path: &Path) -> Option<Identity> {
    if dicom::is_dicom(path) {
        return dicom::identity(&Source::open(path).ok()?);
    }
    nifti::identity(path)
}
