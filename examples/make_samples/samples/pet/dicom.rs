//! A DICOM PET series: a file a slice, each with its own rescale slope, the head first.

use super::scene::Grid;
use super::{DOSE_BQ, FRAME_S, HALF_LIFE_S, HEIGHT_M, WEIGHT_KG};
use dicom_core::value::{DataSetSequence, PrimitiveValue};
use dicom_core::{DataElement, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use sha2::{Digest, Sha256};
use std::path::Path;
use uptake::write::Draft;
use uptake::{Error, Result};

const DATE: &str = "20240115";
const INJECTED: &str = "090000.00";
const SCANNED: &str = "100000.00";

/// Writes slice `number` of the series, counted from 1 at the head: activities in Bq/ml.
pub fn write(path: &Path, grid: &Grid, number: usize, activity: &[f64]) -> Result<()> {
    // The slope is a text of at most 16 letters: the stored numbers go by what the text says.
    let slope = format!("{:.8}", activity.iter().fold(0.0, |a: f64, b| a.max(*b)) / 32767.0);
    let divisor: f64 = slope.parse().unwrap_or(1.0);
    let stored: Vec<i16> = activity.iter().map(|v| (v / divisor).round().clamp(0.0, 32767.0) as i16).collect();

    let mut file = InMemDicomObject::new_empty();
    patient(&mut file);
    series(&mut file, grid);
    slice(&mut file, grid, number);
    set(&mut file, tags::RESCALE_INTERCEPT, VR::DS, "0");
    set(&mut file, tags::RESCALE_SLOPE, VR::DS, &slope);
    set(&mut file, tags::RESCALE_TYPE, VR::LO, "BQML");
    file.put(DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::I16(stored.into_iter().collect())));

    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)
        .implementation_class_uid(uid("implementation"))
        .implementation_version_name("UPTAKE SAMPLES");
    let refused = |e: &dyn std::fmt::Display| Error::format(e.to_string()).at(path);
    let file = file.with_meta(meta).map_err(|e| refused(&e))?;
    let mut bytes = Vec::new();
    file.write_all(&mut bytes).map_err(|e| refused(&e))?;
    Draft::write(path, &bytes)
}

fn set(file: &mut InMemDicomObject, tag: Tag, vr: VR, value: &str) {
    file.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
}

fn number(file: &mut InMemDicomObject, tag: Tag, value: usize) {
    file.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value as u16)));
}

/// Under 2.25 stands a number of 128 bits; here it follows from a name.
fn uid(name: &str) -> String {
    let hash = Sha256::digest(format!("uptake phantom {name}"));
    let number = hash.iter().take(16).fold(0_u128, |n, byte| n << 8 | u128::from(*byte));
    format!("2.25.{number}")
}

fn patient(file: &mut InMemDicomObject) {
    set(file, tags::PATIENT_NAME, VR::PN, "PHANTOM");
    set(file, tags::PATIENT_ID, VR::LO, "PHANTOM");
    set(file, tags::PATIENT_BIRTH_DATE, VR::DA, "");
    set(file, tags::PATIENT_SEX, VR::CS, "M");
    set(file, tags::PATIENT_SIZE, VR::DS, &HEIGHT_M.to_string());
    set(file, tags::PATIENT_WEIGHT, VR::DS, &WEIGHT_KG.to_string());
    set(file, tags::PATIENT_POSITION, VR::CS, "HFS");
}

fn series(file: &mut InMemDicomObject, grid: &Grid) {
    set(file, tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY");
    set(file, tags::SOP_CLASS_UID, VR::UI, uids::POSITRON_EMISSION_TOMOGRAPHY_IMAGE_STORAGE);
    set(file, tags::STUDY_INSTANCE_UID, VR::UI, &uid("study"));
    set(file, tags::SERIES_INSTANCE_UID, VR::UI, &uid("series"));
    set(file, tags::FRAME_OF_REFERENCE_UID, VR::UI, &uid("frame of reference"));
    set(file, tags::POSITION_REFERENCE_INDICATOR, VR::LO, "");
    set(file, tags::STUDY_ID, VR::SH, "1");
    set(file, tags::SERIES_NUMBER, VR::IS, "1");
    set(file, tags::ACCESSION_NUMBER, VR::SH, "");
    set(file, tags::REFERRING_PHYSICIAN_NAME, VR::PN, "");
    for tag in [tags::STUDY_DATE, tags::SERIES_DATE, tags::ACQUISITION_DATE, tags::CONTENT_DATE] {
        set(file, tag, VR::DA, DATE);
    }
    for tag in [tags::STUDY_TIME, tags::SERIES_TIME, tags::ACQUISITION_TIME, tags::CONTENT_TIME] {
        set(file, tag, VR::TM, SCANNED);
    }
    set(file, tags::MODALITY, VR::CS, "PT");
    set(file, tags::MANUFACTURER, VR::LO, "uptake");
    set(file, tags::SERIES_DESCRIPTION, VR::LO, "phantom");
    set(file, tags::SERIES_TYPE, VR::CS, "STATIC\\IMAGE");
    set(file, tags::UNITS, VR::CS, "BQML");
    set(file, tags::COUNTS_SOURCE, VR::CS, "EMISSION");
    set(file, tags::CORRECTED_IMAGE, VR::CS, "DECY\\ATTN\\SCAT\\DTIM\\RAN\\NORM");
    set(file, tags::DECAY_CORRECTION, VR::CS, "START");
    set(file, tags::ATTENUATION_CORRECTION_METHOD, VR::LO, "measured");
    set(file, tags::COLLIMATOR_TYPE, VR::CS, "NONE");
    number(file, tags::NUMBER_OF_SLICES, grid.shape.z);

    // One frame, corrected for decay to its start.
    let rate = std::f64::consts::LN_2 / HALF_LIFE_S;
    let factor = rate * FRAME_S / (1.0 - libm::exp(-rate * FRAME_S));
    set(file, tags::DECAY_FACTOR, VR::DS, &format!("{factor:.8}"));
    set(file, tags::FRAME_REFERENCE_TIME, VR::DS, &format!("{:.3}", 1000.0 * libm::log(factor) / rate));
    set(file, tags::ACTUAL_FRAME_DURATION, VR::IS, &(1000.0 * FRAME_S).to_string());
    set(file, tags::DOSE_CALIBRATION_FACTOR, VR::DS, "1");

    let mut tracer = InMemDicomObject::new_empty();
    set(&mut tracer, tags::RADIOPHARMACEUTICAL, VR::LO, "FDG");
    set(&mut tracer, tags::RADIOPHARMACEUTICAL_START_TIME, VR::TM, INJECTED);
    set(&mut tracer, tags::RADIOPHARMACEUTICAL_START_DATE_TIME, VR::DT, &format!("{DATE}{INJECTED}"));
    set(&mut tracer, tags::RADIONUCLIDE_TOTAL_DOSE, VR::DS, &DOSE_BQ.to_string());
    set(&mut tracer, tags::RADIONUCLIDE_HALF_LIFE, VR::DS, &HALF_LIFE_S.to_string());
    set(&mut tracer, tags::RADIONUCLIDE_POSITRON_FRACTION, VR::DS, "0.9673");
    list(&mut tracer, tags::RADIONUCLIDE_CODE_SEQUENCE, code("C-111A1", "^18^Fluorine"));
    list(&mut tracer, tags::RADIOPHARMACEUTICAL_CODE_SEQUENCE, code("C-B1031", "Fluorodeoxyglucose F^18^"));
    list(file, tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE, tracer);
}

fn code(value: &str, meaning: &str) -> InMemDicomObject {
    let mut item = InMemDicomObject::new_empty();
    set(&mut item, tags::CODE_VALUE, VR::SH, value);
    set(&mut item, tags::CODING_SCHEME_DESIGNATOR, VR::SH, "SRT");
    set(&mut item, tags::CODE_MEANING, VR::LO, meaning);
    item
}

fn list(file: &mut InMemDicomObject, tag: Tag, item: InMemDicomObject) {
    file.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(vec![item])));
}

fn slice(file: &mut InMemDicomObject, grid: &Grid, count: usize) {
    let z = grid.shape.z - count;
    let place = grid.patient_grid.at(&grid.spacing, [z as f64, 0.0, 0.0]).map(|v| v.to_string()).join("\\");
    let [dz, dy, dx] = grid.spacing.zyx;
    set(file, tags::SOP_INSTANCE_UID, VR::UI, &uid(&format!("slice {count}")));
    set(file, tags::INSTANCE_NUMBER, VR::IS, &count.to_string());
    number(file, tags::IMAGE_INDEX, count);
    set(file, tags::IMAGE_POSITION_PATIENT, VR::DS, &place);
    set(file, tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "1\\0\\0\\0\\1\\0");
    set(file, tags::PIXEL_SPACING, VR::DS, &format!("{dy}\\{dx}"));
    set(file, tags::SLICE_THICKNESS, VR::DS, &dz.to_string());
    number(file, tags::SAMPLES_PER_PIXEL, 1);
    set(file, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
    number(file, tags::ROWS, grid.shape.y);
    number(file, tags::COLUMNS, grid.shape.x);
    number(file, tags::BITS_ALLOCATED, 16);
    number(file, tags::BITS_STORED, 16);
    number(file, tags::HIGH_BIT, 15);
    number(file, tags::PIXEL_REPRESENTATION, 1);
}
