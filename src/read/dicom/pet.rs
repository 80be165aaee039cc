//! What a PET series says for SUV: facts as they stand, for `suv::convert` to judge.

use super::header::Header;
use super::set::Set;
use super::slice::Slice;
use crate::Result;
use crate::suv::Facts;
use crate::units::Spacing;
use dicom_core::Tag;
use dicom_dictionary_std::tags;

/// The facts of a series: those of its first file, and those of each slice.
///
/// # Errors
/// A sequence is damaged.
pub fn facts(header: &Header, slices: &[Slice], spacing: Option<&Spacing>) -> Result<Facts> {
    let set = &header.set;
    let none = || Set::empty();
    let drug = set.item_of(tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE)?.unwrap_or_else(none);
    let meaning =
        |tag: Tag| -> Result<Option<String>> { Ok(drug.item_of(tag)?.and_then(|code| code.text(tags::CODE_MEANING))) };
    let private = |group, creator, number| set.private(group, creator, number);
    let philips = |number| private(0x7053, "Philips PET Private Group", number).and_then(|tag| set.number(tag));
    Ok(Facts {
        bids: false,
        units: set.text(tags::UNITS),
        suv_type: set.text(tags::SUV_TYPE),
        decay_correction: set.text(tags::DECAY_CORRECTION),
        corrected_image: set.texts(tags::CORRECTED_IMAGE),
        manufacturer: set.text(tags::MANUFACTURER),
        weight: set.number(tags::PATIENT_WEIGHT),
        height: set.number(tags::PATIENT_SIZE),
        sex: set.text(tags::PATIENT_SEX),
        dose: drug.number(tags::RADIONUCLIDE_TOTAL_DOSE),
        half_life: drug.number(tags::RADIONUCLIDE_HALF_LIFE),
        tracer: drug.text(tags::RADIOPHARMACEUTICAL).or(meaning(tags::RADIOPHARMACEUTICAL_CODE_SEQUENCE)?),
        nuclide: meaning(tags::RADIONUCLIDE_CODE_SEQUENCE)?,
        injection_date_time: drug.text(tags::RADIOPHARMACEUTICAL_START_DATE_TIME),
        injection_time: drug.text(tags::RADIOPHARMACEUTICAL_START_TIME),
        series_date: set.text(tags::SERIES_DATE),
        series_time: set.text(tags::SERIES_TIME),
        timezone: set.text(tags::TIMEZONE_OFFSET_FROM_UTC),
        ge_scan_date_time: private(0x0009, "GEMS_PETD_01", 0x0d).and_then(|tag| set.text(tag)),
        siemens_scan_date_time: private(0x0071, "SIEMENS MED PT", 0x22).and_then(|tag| set.text(tag)),
        philips_suv_factor: philips(0x00),
        philips_activity_factor: philips(0x09),
        dose_calibration_factor: set.number(tags::DOSE_CALIBRATION_FACTOR),
        voxel_ml: spacing.map(|s| s.voxel_volume() / 1000.0),
        slices: slices.iter().map(|s| s.facts.clone()).collect(),
    })
}
