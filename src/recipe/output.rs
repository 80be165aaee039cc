//! What the tables and files of a recipe are like. What it does not say follows from the kind of image that it is for, here
//! and nowhere else.

use super::{Body, Modality};
use crate::units::Unit;
use serde::Deserialize;

/// What tables and files are like.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Output {
    /// The unit of lengths in tables: mm for PET, else um.
    pub lengths: Option<Unit>,
    /// Label images and derived images: NIfTI for PET, else TIFF.
    pub images: Option<ImageFiles>,
    /// Objects as DICOM beside the label images, for images that are DICOM themselves.
    pub dicom: Vec<DicomFile>,
    /// Objects as GeoJSON beside the label images, as QuPath opens them.
    pub geojson: Option<GeoJsonFile>,
    /// Tables of objects as AnnData as well, which scanpy and squidpy read.
    pub anndata: bool,
    /// Where the contours of an RTSTRUCT run.
    pub contours: Contours,
    /// Images are volumes, so tables leave out what only single slices can have: true for PET.
    pub volumes: Option<bool>,
}

/// Types of image files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageFiles {
    /// OME-TIFF.
    Tiff,
    /// NIfTI, with the place in the patient.
    Nifti,
}

/// Objects as DICOM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DicomFile {
    /// A segmentation: a bit a voxel.
    Seg,
    /// A segmentation: the number of its segment a voxel.
    Labelmap,
    /// A structure set: contours.
    Rtstruct,
    /// A structure set of habitats: of each object a region for each level, with all that is hotter.
    Nested,
}

/// How GeoJSON is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GeoJsonFile {
    /// As text.
    Plain,
    /// Packed.
    Gzip,
}

impl GeoJsonFile {
    /// The end of its file name.
    pub fn end(self) -> &'static str {
        match self {
            GeoJsonFile::Plain => ".geojson",
            GeoJsonFile::Gzip => ".geojson.gz",
        }
    }
}

/// Where contours run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contours {
    /// Along the edges of voxels: the centres of exactly the object's voxels lie inside.
    #[default]
    Edges,
    /// Through the centres of the outermost voxels, for programs that count what a contour touches as inside.
    Centres,
}

impl DicomFile {
    /// The end of its file name.
    pub fn end(self) -> &'static str {
        match self {
            DicomFile::Seg => ".seg.dcm",
            DicomFile::Labelmap => ".labelmap.dcm",
            DicomFile::Rtstruct => ".rtstruct.dcm",
            DicomFile::Nested => ".nested.rtstruct.dcm",
        }
    }
}

/// What is said of the channels in the row of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    /// Nothing.
    None,
    /// Least, mean and largest value.
    Values,
    /// Focus, saturation and background as well: of a camera.
    Camera,
}

impl Body {
    fn is_for_pet(&self) -> bool {
        self.modality == Some(Modality::Pet)
    }

    /// The unit of lengths in tables.
    pub fn lengths(&self) -> Unit {
        self.output.lengths.unwrap_or(if self.is_for_pet() { Unit::Mm } else { Unit::Um })
    }

    /// What label images and derived images are written as.
    pub fn image_files(&self) -> ImageFiles {
        self.output.images.unwrap_or(if self.is_for_pet() { ImageFiles::Nifti } else { ImageFiles::Tiff })
    }

    /// Tables leave out what only single slices can have.
    pub fn volumes(&self) -> bool {
        self.output.volumes.unwrap_or(self.is_for_pet())
    }

    /// What is said of the channels in the row of the image.
    pub fn image_quality(&self) -> Quality {
        match self.quality {
            Some(false) => Quality::None,
            _ if self.is_for_pet() => Quality::Values,
            _ => Quality::Camera,
        }
    }

    /// Images have an audit row that says how SUV came about.
    pub fn has_suv(&self) -> bool {
        self.is_for_pet()
    }
}
