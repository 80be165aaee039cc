//! The step that makes a map of a texture.

use crate::measure::texture::{Bins, WindowFeature};
use crate::recipe::Dimensions;
use serde::Deserialize;

/// `texture`: a feature of the voxels around each voxel.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextureMap {
    /// Which one.
    pub feature: FeatureName,
    /// Voxels of the window along each axis, an odd number.
    pub window: usize,
    /// How values become grey levels.
    pub bins: Option<Bins>,
    /// 2 within slices, 3 in the volume; as many as the image has if absent.
    pub dimensions: Option<Dimensions>,
    /// Voxels below this value have no window: they are 0.
    pub at_least: Option<f64>,
    /// The image to read.
    pub of: Option<String>,
}

/// The name of a feature of texture.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct FeatureName(pub WindowFeature);

impl TryFrom<String> for FeatureName {
    type Error = String;
    fn try_from(name: String) -> Result<Self, String> {
        WindowFeature::find(&name).map(FeatureName).ok_or_else(|| {
            let known = WindowFeature::names();
            let likely = crate::words::suggestion(&name, &known).unwrap_or("glcm_joint_entropy");
            format!(
                "\"{name}\" is no feature of statistics, histogram, glcm, glrlm, glszm, ngtdm or ngldm   try: {likely}"
            )
        })
    }
}
