//! The mean filter (IBSI:S60F): each voxel becomes the mean of a square or a cube around it.

use super::convolve::along;
use super::field::{Axes, Field};
use super::padding::Padding;

/// The mean over `support` voxels, an odd number, along each axis.
pub fn mean(field: &Field, support: usize, axes: Axes, padding: Padding) -> Field {
    let kernel = vec![1.0 / support as f64; support];
    axes.list().iter().fold(field.clone(), |field, axis| along(&field, *axis, &kernel, padding))
}
