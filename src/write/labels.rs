//! Label images as OME-TIFF: one channel named after the object set, a page a slice.

use super::ome::{Image, Pixels, write_labels};
use crate::units::Spacing;
use crate::volume::Labels;
use crate::{Error, Result};
use std::path::Path;

/// Writes labels that are on the host: 16 bits a voxel up to 65535 objects, 32 bits beyond, so none is ever capped.
///
/// # Errors
/// The labels are on a device, or the system refuses to write there.
pub fn labels(path: impl AsRef<Path>, set: &str, labels: &Labels, spacing: Option<Spacing>) -> Result<()> {
    let voxels = labels.voxels().host().map_err(|e| e.at(&path))?;
    if labels.shape.is_empty() {
        return Err(Error::usage("an image without voxels cannot be written").at(path));
    }
    let pixels = if labels.count <= u32::from(u16::MAX) { Pixels::Labels16(voxels) } else { Pixels::Labels32(voxels) };
    write_labels(path, &Image { name: set, shape: labels.shape, spacing, channels: &[(set, pixels)] })
}
