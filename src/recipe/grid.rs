//! The grid that everything is done on, where it is not that of the image.

use super::validate::Checker;
use crate::Result;
use crate::measure::texture::Interpolation;
use crate::units::Length;
use serde::Deserialize;

/// `[grid]`: image and regions are brought onto it before anything else is done.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// Distance of voxels along all axes.
    pub voxel: Length,
    /// For the image; masks are interpolated linearly.
    #[serde(default = "linear")]
    pub interpolation: Interpolation,
    /// Values become whole numbers again, as those of CT are.
    #[serde(default)]
    pub round: bool,
    /// Slices keep their distance.
    #[serde(default)]
    pub keep_slices: bool,
}

fn linear() -> Interpolation {
    Interpolation::Linear
}

impl Checker<'_> {
    pub(super) fn grid(&self) -> Result<()> {
        let Some(grid) = &self.body.grid else { return Ok(()) };
        let example = "voxel = \"2 mm\"";
        match grid.voxel {
            Length::R(_) => {
                return Err(self.error("a grid in r would need objects first", &["grid", "voxel"]).remedy(example));
            }
            Length::Px(v) | Length::Um(v) | Length::Mm(v) if v <= 0.0 => {
                return Err(self.error("voxels without a size", &["grid", "voxel"]).remedy(example));
            }
            _ => {}
        }
        if !self.body.output.dicom.is_empty() {
            let what = "objects on another grid cannot be written onto the slices of a DICOM series";
            return Err(self.error(what, &["output", "dicom"]).remedy("leave dicom or [grid] out"));
        }
        Ok(())
    }
}
