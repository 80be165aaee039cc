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
    let drug = set.item_of(tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE)?.unwrap_or_else(Set::empty);
    let meaning =
        |tag: Tag| -> Result<Option<String>> { Ok(drug.item_of(tag)?.and_then(|code| code.text(tags::CODE_MEANING))) };
    let private = |group, creator, number| set.private(group, creator, number).and_then(|tag| set.text(tag));
    let units = slices.first().and_then(|s| s.units).unzip();
    let said = |v: Option<&str>| v.filter(|v| !v.is_empty()).map(str::to_string);
    let (decay, zero) = decay(set, &drug);
    Ok(Facts {
        uncorrected_attenuation: false,
        bids: false,
        units: set.text(tags::UNITS).or(said(units.0)),
        suv_type: set.text(tags::SUV_TYPE).or(said(units.1)),
        decay_correction: set.text(tags::DECAY_CORRECTION).or(decay),
        corrected_image: corrections(set),
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
        series_date: zero.as_ref().map(|z| z.0.clone()).or_else(|| set.text(tags::SERIES_DATE)),
        series_time: zero.map(|z| z.1).or_else(|| set.text(tags::SERIES_TIME)),
        timezone: set.text(tags::TIMEZONE_OFFSET_FROM_UTC),
        ge_scan_date_time: private(0x0009, "GEMS_PETD_01", 0x0d),
        siemens_scan_date_time: private(0x0071, "SIEMENS MED PT", 0x22),
        philips_suv_factor: philips(set, 0x00),
        philips_activity_factor: philips(set, 0x09),
        dose_calibration_factor: set.number(tags::DOSE_CALIBRATION_FACTOR),
        voxel_ml: spacing.map(|s| s.voxel_volume() / 1000.0),
        slices: slices.iter().map(|s| s.facts.clone()).collect(),
    })
}

/// A private factor of Philips. Some files have lost the element that names the owner of the block; there the manufacturer must
/// say it, and the block is the first.
fn philips(set: &Set, number: u8) -> Option<f64> {
    let owned = set.private(0x7053, "Philips PET Private Group", number);
    let unnamed = set.element(Tag(0x7053, 0x0010)).is_none();
    let maker = set.text(tags::MANUFACTURER).is_some_and(|m| m.to_lowercase().starts_with("philips"));
    let bare = Some(Tag(0x7053, 0x1000 | u16::from(number))).filter(|_| unnamed && maker);
    owned.or(bare).and_then(|tag| set.number(tag))
}

/// Enhanced PET: the correction for decay, and the date and time that it refers to where that is not the injection.
fn decay(set: &Set, drug: &Set) -> (Option<String>, Option<(String, String)>) {
    match set.text(tags::DECAY_CORRECTED).as_deref() {
        Some("NO") => return (Some("NONE".into()), None),
        Some("YES") => {}
        _ => return (None, None),
    }
    let zero = set.text(tags::DECAY_CORRECTION_DATE_TIME);
    let injection = drug.text(tags::RADIOPHARMACEUTICAL_START_DATE_TIME);
    let second = |t: &Option<String>| t.as_ref().and_then(|t| t.get(..14)).map(str::to_string);
    if second(&zero).is_some() && second(&zero) == second(&injection) {
        return (Some("ADMIN".into()), None);
    }
    let zero = zero.as_deref().and_then(|z| z.split_at_checked(8)).map(|(d, t)| (d.to_string(), t.to_string()));
    (zero.is_some().then(|| "START".into()), zero)
}

/// CorrectedImage, or in enhanced PET the same words from an answer for each correction.
fn corrections(set: &Set) -> Vec<String> {
    let words = set.texts(tags::CORRECTED_IMAGE);
    if !words.is_empty() {
        return words;
    }
    const ANSWERS: [(Tag, &str); 5] = [
        (tags::ATTENUATION_CORRECTED, "ATTN"),
        (tags::DECAY_CORRECTED, "DECY"),
        (tags::SCATTER_CORRECTED, "SCAT"),
        (tags::DEAD_TIME_CORRECTED, "DTIM"),
        (tags::RANDOMS_CORRECTED, "RAN"),
    ];
    let yes = |tag: Tag| set.text(tag).as_deref() == Some("YES");
    ANSWERS.iter().filter(|(tag, _)| yes(*tag)).map(|(_, word)| (*word).to_string()).collect()
}
