//! What is set down: tables as CSV, Parquet and AnnData, objects as GeoJSON, labels as OME-TIFF and NIfTI, overlays as PNG, drawings as SVG.
//!
//! Every file is written under another name beside its place and renamed when it is whole, so that a run that is cut off
//! leaves no half file behind. Nothing here writes a time, a host name or a random number: the same input gives the same
//! bytes.

pub mod anndata;
mod axis;
mod colours;
mod contour;
pub mod csv;
mod deflate;
pub mod dicom;
mod draft;
mod font;
mod gallery;
pub mod geojson;
mod hdf5;
pub mod labels;
pub(crate) mod names;
pub mod nifti;
mod numbers;
pub mod ome;
pub mod overlay;
mod paint;
mod palette;
pub mod parquet;
mod png;
mod rings;
mod schema;
mod shortest;
mod silhouettes;
pub mod svg;
mod tone;
mod view;

pub use anndata::AnnDataSink;
pub use csv::CsvSink;
pub use draft::{Draft, LONGEST_NAME, is_draft};
pub use gallery::gallery;
pub use labels::{image, labels};
pub use nifti::{nifti_image, nifti_labels};
pub use overlay::{Backdrop, LONGEST, Picture, Style, overlay};
pub use parquet::ParquetSink;
