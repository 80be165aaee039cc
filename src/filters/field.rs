//! An image of real numbers, which filters read and give.

use crate::units::Shape;
use crate::{Error, Result};

/// A value for each voxel, in raster order.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Voxels.
    pub shape: Shape,
    /// Of all voxels.
    pub values: Vec<f64>,
}

/// Along how many axes a filter looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axes {
    /// Within each slice.
    Slices,
    /// In the volume.
    Volume,
}

impl Axes {
    /// The axes in the order z, y, x.
    pub fn list(self) -> &'static [usize] {
        match self {
            Axes::Slices => &[1, 2],
            Axes::Volume => &[0, 1, 2],
        }
    }
}

impl Field {
    /// An image of these values.
    ///
    /// # Errors
    /// They do not fill the image, or there are none.
    pub fn new(shape: Shape, values: Vec<f64>) -> Result<Self> {
        if shape.is_empty() || shape.len() != values.len() {
            return Err(Error::usage(format!("{} values for an image of {shape} to be filtered", values.len())));
        }
        Ok(Field { shape, values })
    }

    /// The same place with other values.
    pub(super) fn with(&self, values: Vec<f64>) -> Self {
        Field { shape: self.shape, values }
    }
}
