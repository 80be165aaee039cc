//! Label images and derived images as OME-TIFF: one channel named after the object set or the image, a page a slice.

use super::ome::{Image, Pixels, write_result};
use crate::image::{Labels, Volume};
use crate::read::own;
use crate::units::Spacing;
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
    let image = Image { name: set, shape: labels.shape, spacing, channels: &[(set, pixels)] };
    write_result(path, &image, "labels of objects")
}

/// Writes the values of an image that is on the host: floats of 32 bits.
///
/// # Errors
/// The image is on a device, or the system refuses to write there.
pub fn image(path: impl AsRef<Path>, name: &str, image: &Volume) -> Result<()> {
    let samples = image.samples.host().map_err(|e| e.at(&path))?;
    let values: Vec<f32> = samples.iter().map(|s| image.scale.value(f64::from(*s)) as f32).collect();
    let channels = [(name, Pixels::Float32(&values))];
    write_result(path, &Image { name, shape: image.shape, spacing: image.spacing, channels: &channels }, own::DERIVED)
}
