//! Position and size: always in the table.

use super::feature::{Feature, Get};
use super::moments::Moments;
use crate::image::PatientGrid;
use crate::ops::extent::Extent;
use crate::units::{Spacing, Unit};

/// What position and size are computed from.
#[derive(Clone, Debug)]
pub struct Facts {
    pub(super) extent: Extent,
    pub(super) moments: Moments,
    /// In the unit of the table.
    pub(super) spacing: Option<Spacing>,
    pub(super) patient_grid: Option<PatientGrid>,
    pub(super) flat: bool,
}

/// Why a column in um or mm is empty.
pub(super) const NO_CALIBRATION: &str = "the image has no calibration";
/// Why a 2-D feature is empty.
pub(super) const FLAT_ONLY: &str = "defined for 2-D images only";
/// Why a 3-D feature is empty.
pub(super) const SOLID_ONLY: &str = "defined for 3-D images only";
/// Why a physical 2-D feature is empty.
pub(super) const FLAT_CALIBRATED: &str = "needs a 2-D image with calibration";
/// Why a physical 3-D feature is empty.
pub(super) const SOLID_CALIBRATED: &str = "needs a 3-D image with calibration";
const NO_VOXELS: &str = "the label has no voxels";

impl Facts {
    fn there(&self) -> bool {
        self.extent.n > 0
    }
    fn low(&self, axis: usize) -> Option<i64> {
        self.there().then(|| self.extent.lo[axis] as i64)
    }
    fn high(&self, axis: usize) -> Option<i64> {
        self.there().then(|| self.extent.hi[axis] as i64)
    }
    fn centre(&self, axis: usize) -> Option<f64> {
        let whole = self.extent.lo[axis] as i128 * self.moments.n + self.moments.first[axis];
        self.there().then(|| whole as f64 / self.moments.n as f64)
    }
    fn centre_length(&self, axis: usize) -> Option<f64> {
        Some(self.centre(axis)? * self.spacing?.zyx[axis])
    }
    /// Along the patient's axis: 0 for x, 1 for y, 2 for z.
    fn in_patient(&self, axis: usize) -> Option<f64> {
        let (spacing, patient_grid) = (self.spacing.as_ref()?, self.patient_grid.as_ref()?);
        let centre = [self.centre(0)?, self.centre(1)?, self.centre(2)?];
        Some(patient_grid.at(spacing, centre)[axis])
    }
}

/// Position and size.
pub const FEATURES: &[Feature<Facts>] = &[
    Feature {
        name: "area_px",
        unit: "px",
        definition: "Number of pixels",
        standard: "skimage:num_pixels",
        empty: FLAT_ONLY,
        get: Get::Int(|f| f.flat.then_some(f.extent.n as i64)),
    },
    Feature {
        name: "area_um2",
        unit: "um2",
        definition: "Number of pixels times the area of a pixel",
        standard: "skimage:area",
        empty: FLAT_CALIBRATED,
        get: Get::Real(|f| f.spacing.filter(|_| f.flat).map(|s| f.extent.n as f64 * s.pixel_area())),
    },
    Feature {
        name: "volume_px",
        unit: "px",
        definition: "Number of voxels",
        standard: "skimage:num_pixels",
        empty: SOLID_ONLY,
        get: Get::Int(|f| (!f.flat).then_some(f.extent.n as i64)),
    },
    Feature {
        name: "volume_um3",
        unit: "um3",
        definition: "Number of voxels times the volume of a voxel",
        standard: "skimage:area",
        empty: SOLID_CALIBRATED,
        get: Get::Real(|f| f.spacing.filter(|_| !f.flat).map(|s| f.extent.n as f64 * s.voxel_volume())),
    },
    Feature {
        name: "centroid_y_px",
        unit: "px",
        definition: "Mean row of the voxels; the centre of the first row is 0",
        standard: "skimage:centroid",
        empty: NO_VOXELS,
        get: Get::Real(|f| f.centre(1)),
    },
    Feature {
        name: "centroid_x_px",
        unit: "px",
        definition: "Mean column of the voxels; the centre of the first column is 0",
        standard: "skimage:centroid",
        empty: NO_VOXELS,
        get: Get::Real(|f| f.centre(2)),
    },
    Feature {
        name: "centroid_z_px",
        unit: "px",
        definition: "Mean slice of the voxels; the centre of the first slice is 0",
        standard: "skimage:centroid",
        empty: SOLID_ONLY,
        get: Get::Real(|f| f.centre(0).filter(|_| !f.flat)),
    },
    Feature {
        name: "centroid_y_um",
        unit: "um",
        definition: "centroid_y_px times the spacing of rows",
        standard: "skimage:centroid",
        empty: NO_CALIBRATION,
        get: Get::Real(|f| f.centre_length(1)),
    },
    Feature {
        name: "centroid_x_um",
        unit: "um",
        definition: "centroid_x_px times the spacing of columns",
        standard: "skimage:centroid",
        empty: NO_CALIBRATION,
        get: Get::Real(|f| f.centre_length(2)),
    },
    Feature {
        name: "centroid_z_um",
        unit: "um",
        definition: "centroid_z_px times the spacing of slices",
        standard: "skimage:centroid",
        empty: SOLID_CALIBRATED,
        get: Get::Real(|f| f.centre_length(0).filter(|_| !f.flat)),
    },
    Feature {
        name: "bbox_min_y_px",
        unit: "px",
        definition: "First row of the bounding box",
        standard: "skimage:bbox",
        empty: NO_VOXELS,
        get: Get::Int(|f| f.low(1)),
    },
    Feature {
        name: "bbox_min_x_px",
        unit: "px",
        definition: "First column of the bounding box",
        standard: "skimage:bbox",
        empty: NO_VOXELS,
        get: Get::Int(|f| f.low(2)),
    },
    Feature {
        name: "bbox_max_y_px",
        unit: "px",
        definition: "Row behind the last row of the bounding box",
        standard: "skimage:bbox",
        empty: NO_VOXELS,
        get: Get::Int(|f| f.high(1)),
    },
    Feature {
        name: "bbox_max_x_px",
        unit: "px",
        definition: "Column behind the last column of the bounding box",
        standard: "skimage:bbox",
        empty: NO_VOXELS,
        get: Get::Int(|f| f.high(2)),
    },
    Feature {
        name: "bbox_min_z_px",
        unit: "px",
        definition: "First slice of the bounding box",
        standard: "skimage:bbox",
        empty: SOLID_ONLY,
        get: Get::Int(|f| f.low(0).filter(|_| !f.flat)),
    },
    Feature {
        name: "bbox_max_z_px",
        unit: "px",
        definition: "Slice behind the last slice of the bounding box",
        standard: "skimage:bbox",
        empty: SOLID_ONLY,
        get: Get::Int(|f| f.high(0).filter(|_| !f.flat)),
    },
];

/// What differs in a table in mm: centroids lie in the patient, and a single slice is made of voxels.
static IN_PATIENT: [Feature<Facts>; 4] = [
    Feature {
        name: "volume_px",
        unit: "px",
        definition: "Number of voxels",
        standard: "skimage:num_pixels",
        empty: NO_VOXELS,
        get: Get::Int(|f| Some(f.extent.n as i64)),
    },
    Feature {
        name: "centroid_y_um",
        unit: "um",
        definition: "Mean place of the voxels along the patient's axis to the back (LPS); \
                     where the image does not say how it lies, centroid_y_px times the spacing of rows",
        standard: "skimage:centroid",
        empty: NO_CALIBRATION,
        get: Get::Real(|f| f.in_patient(1).or_else(|| f.centre_length(1))),
    },
    Feature {
        name: "centroid_x_um",
        unit: "um",
        definition: "Mean place of the voxels along the patient's axis to the left (LPS); \
                     where the image does not say how it lies, centroid_x_px times the spacing of columns",
        standard: "skimage:centroid",
        empty: NO_CALIBRATION,
        get: Get::Real(|f| f.in_patient(0).or_else(|| f.centre_length(2))),
    },
    Feature {
        name: "centroid_z_um",
        unit: "um",
        definition: "Mean place of the voxels along the patient's axis to the head (LPS); \
                     where the image does not say how it lies, centroid_z_px times the spacing of slices",
        standard: "skimage:centroid",
        empty: SOLID_CALIBRATED,
        get: Get::Real(|f| f.in_patient(2).or_else(|| f.centre_length(0).filter(|_| !f.flat))),
    },
];

/// The features of a table in this unit of length.
pub fn features(unit: Unit) -> impl Iterator<Item = &'static Feature<Facts>> {
    let in_patient = move |f: &Feature<Facts>| IN_PATIENT.iter().find(|p| unit == Unit::Mm && p.name == f.name);
    FEATURES.iter().map(move |f| in_patient(f).unwrap_or(f))
}
