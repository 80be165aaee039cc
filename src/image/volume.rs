//! Samples and masks, on the host or on the device.

use super::Scale;
use crate::device::{Buffer, Device};
use crate::units::{Shape, Spacing};
use crate::{Error, Result};

/// One channel: integer samples with a scale, in raster order (x fastest).
#[derive(Clone, Debug)]
pub struct Volume {
    /// Size.
    pub shape: Shape,
    /// Calibration, if known.
    pub spacing: Option<Spacing>,
    /// From samples to values.
    pub scale: Scale,
    /// The samples.
    pub samples: Buffer<i32>,
}

/// Which voxels belong to something: 0 or 1.
#[derive(Clone, Debug)]
pub struct Mask {
    /// Size.
    pub shape: Shape,
    /// 0 or 1 per voxel.
    pub voxels: Buffer<u8>,
}

pub(super) fn check(shape: Shape, len: usize) -> Result<()> {
    if shape.len() == len && len <= u32::MAX as usize / 2 {
        return Ok(());
    }
    Err(Error::limit(format!("{len} voxels for an image of {shape}; at most 2147483647 are handled at once")))
}

impl Volume {
    /// A volume on the host whose samples are its values.
    ///
    /// # Errors
    /// The number of samples does not fit the shape, or passes 2^31 - 1.
    pub fn new(shape: Shape, samples: Vec<i32>) -> Result<Self> {
        check(shape, samples.len())?;
        Ok(Volume { shape, spacing: None, scale: Scale::ONE, samples: Buffer::on_host(samples) })
    }
    /// The same place and scale with other samples.
    pub fn with(&self, samples: Buffer<i32>) -> Self {
        Volume { shape: self.shape, spacing: self.spacing, scale: self.scale, samples }
    }
    /// The samples as an array of z, y, x.
    ///
    /// # Errors
    /// The volume is on the device.
    pub fn view(&self) -> Result<ndarray::ArrayView3<'_, i32>> {
        ndarray::ArrayView3::from_shape(self.shape.zyx(), self.samples.host()?).map_err(|e| Error::limit(e.to_string()))
    }
    /// Where the device is; shared if it is there already. What is sent to a GPU knows what it is a copy of.
    ///
    /// # Errors
    /// The device is lost or too small.
    pub fn to(&self, device: &Device) -> Result<Self> {
        Ok(self.with(match (device.place(&self.samples)?, &self.samples) {
            (Buffer::Gpu(there), Buffer::Host(here)) => Buffer::Gpu(there.copied_from(here.elements())),
            (there, _) => there,
        }))
    }
    /// On the host; shared if it is there already.
    ///
    /// # Errors
    /// The device is lost.
    pub fn to_host(&self) -> Result<Self> {
        Ok(self.with(self.samples.to_host()?))
    }
}

impl Mask {
    /// A mask on the host.
    ///
    /// # Errors
    /// The number of voxels does not fit the shape.
    pub fn new(shape: Shape, voxels: Vec<u8>) -> Result<Self> {
        check(shape, voxels.len())?;
        Ok(Mask { shape, voxels: Buffer::on_host(voxels) })
    }
    /// Where the device is; shared if it is there already.
    ///
    /// # Errors
    /// The device is lost or too small.
    pub fn to(&self, device: &Device) -> Result<Self> {
        Ok(Mask { shape: self.shape, voxels: device.place(&self.voxels)? })
    }
    /// On the host; shared if it is there already.
    ///
    /// # Errors
    /// The device is lost.
    pub fn to_host(&self) -> Result<Self> {
        Ok(Mask { shape: self.shape, voxels: self.voxels.to_host()? })
    }
}
