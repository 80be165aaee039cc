//! Small PET series that tests write: slices of 8 x 8 voxels of 1 ml in SUV, with a lesion in the middle.

#![allow(dead_code, reason = "each room uses its own part")]

#[path = "dicom_elements.rs"]
mod dicom_elements;

pub use dicom_elements::*;

use dicom_core::{PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use std::path::{Path, PathBuf};

/// Slices of a series.
pub const SLICES: usize = 6;
/// Sides of a slice.
pub const SIDE: usize = 8;

/// Is the voxel in the lesion? It has 3 x 3 x 3 of them: 27 ml.
pub fn in_lesion(z: usize, y: usize, x: usize) -> bool {
    [z, y, x].iter().all(|v| (2..5).contains(v))
}

/// Slice `z` of the series 1.2.3.`series`, with a lesion of SUV `lesion` on a ground of SUV 1. Nothing says how many there are.
pub fn slice(series: usize, z: usize, lesion: u16) -> InMemDicomObject {
    item(|o| {
        put(o, tags::SOP_CLASS_UID, VR::UI, uids::POSITRON_EMISSION_TOMOGRAPHY_IMAGE_STORAGE);
        put(o, tags::SOP_INSTANCE_UID, VR::UI, format!("1.2.3.{series}.{lesion}.{}", z + 1));
        put(o, tags::STUDY_INSTANCE_UID, VR::UI, "1.2");
        put(o, tags::SERIES_INSTANCE_UID, VR::UI, format!("1.2.3.{series}"));
        put(o, tags::FRAME_OF_REFERENCE_UID, VR::UI, "1.2.9");
        put(o, tags::MODALITY, VR::CS, "PT");
        put(o, tags::PATIENT_ID, VR::LO, "P1");
        put(o, tags::PATIENT_WEIGHT, VR::DS, "70");
        put(o, tags::SERIES_NUMBER, VR::IS, series.to_string());
        put(o, tags::INSTANCE_NUMBER, VR::IS, (z + 1).to_string());
        put(o, tags::UNITS, VR::CS, "GML");
        put(o, tags::SUV_TYPE, VR::CS, "BW");
        put(o, tags::CORRECTED_IMAGE, VR::CS, "ATTN\\DECY");
        put(o, tags::IMAGE_POSITION_PATIENT, VR::DS, format!("10\\20\\{}", 10 * z));
        put(o, tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "1\\0\\0\\0\\1\\0");
        put(o, tags::PIXEL_SPACING, VR::DS, "10\\10");
        put(o, tags::SLICE_THICKNESS, VR::DS, "10");
        put(o, tags::RESCALE_SLOPE, VR::DS, "1");
        put(o, tags::RESCALE_INTERCEPT, VR::DS, "0");
        put(o, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
        let side = SIDE as u16;
        for (tag, n) in [
            (tags::SAMPLES_PER_PIXEL, 1),
            (tags::ROWS, side),
            (tags::COLUMNS, side),
            (tags::BITS_ALLOCATED, 16),
            (tags::BITS_STORED, 16),
            (tags::HIGH_BIT, 15),
            (tags::PIXEL_REPRESENTATION, 0),
        ] {
            put(o, tag, VR::US, n);
        }
        let words = plane(z, lesion);
        put(o, tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(words.into()));
    })
}

/// The voxels of slice `z`.
pub fn plane(z: usize, lesion: u16) -> Vec<u16> {
    (0..SIDE * SIDE).map(|i| if in_lesion(z, i / SIDE, i % SIDE) { lesion } else { 1 }).collect()
}

/// Writes an object into a folder, which is made.
pub fn save(folder: &Path, name: &str, object: InMemDicomObject) -> PathBuf {
    std::fs::create_dir_all(folder).unwrap();
    let path = folder.join(name);
    let meta = FileMetaTableBuilder::new().transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN);
    object.with_meta(meta).unwrap().write_to_file(&path).unwrap();
    path
}

/// Writes the slices `i000.dcm`, ... of a series, each as `change` leaves it.
pub fn series(
    folder: &Path,
    series: usize,
    lesion: u16,
    change: impl Fn(usize, &mut InMemDicomObject),
) -> Vec<PathBuf> {
    let write = |z: usize| {
        let mut o = slice(series, z, lesion);
        change(z, &mut o);
        save(folder, &format!("i{series}{z:02}.dcm"), o)
    };
    (0..SLICES).map(write).collect()
}
