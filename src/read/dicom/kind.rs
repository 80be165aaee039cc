//! What a DICOM file is besides a scan: projections, screenshots, reformats. By SOP class, ImageType and SeriesType, never by
//! names that people gave.

use super::header::Header;
use dicom_dictionary_std::{tags, uids};

/// Classes of images that are slices. A file of them without pixels has lost its end.
const IMAGES: [&str; 10] = [
    uids::POSITRON_EMISSION_TOMOGRAPHY_IMAGE_STORAGE,
    uids::ENHANCED_PET_IMAGE_STORAGE,
    uids::LEGACY_CONVERTED_ENHANCED_PET_IMAGE_STORAGE,
    uids::CT_IMAGE_STORAGE,
    uids::ENHANCED_CT_IMAGE_STORAGE,
    uids::LEGACY_CONVERTED_ENHANCED_CT_IMAGE_STORAGE,
    uids::MR_IMAGE_STORAGE,
    uids::ENHANCED_MR_IMAGE_STORAGE,
    uids::LEGACY_CONVERTED_ENHANCED_MR_IMAGE_STORAGE,
    uids::NUCLEAR_MEDICINE_IMAGE_STORAGE,
];

/// Single and multi-frame secondary capture.
const CAPTURES: [&str; 5] = [
    uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
    uids::MULTI_FRAME_SINGLE_BIT_SECONDARY_CAPTURE_IMAGE_STORAGE,
    uids::MULTI_FRAME_GRAYSCALE_BYTE_SECONDARY_CAPTURE_IMAGE_STORAGE,
    uids::MULTI_FRAME_GRAYSCALE_WORD_SECONDARY_CAPTURE_IMAGE_STORAGE,
    uids::MULTI_FRAME_TRUE_COLOR_SECONDARY_CAPTURE_IMAGE_STORAGE,
];

/// Modalities that measure: a secondary capture of them is a screenshot or a report.
const MEASURED: [&str; 4] = ["PT", "CT", "MR", "NM"];

/// Words of ImageType and of VolumeBasedCalculationTechnique, and what they stand for.
const WORDS: [(&str, &str); 19] = [
    ("MIP", "a maximum intensity projection"),
    ("MAX_IP", "a maximum intensity projection"),
    ("MAXIMUM", "a maximum intensity projection"),
    ("MINIP", "a minimum intensity projection"),
    ("MIN_IP", "a minimum intensity projection"),
    ("PROJECTION", "a projection"),
    ("REPROJECTION", "a projection"),
    ("PROJECTION IMAGE", "a projection"),
    ("VOLUME_RENDER", "a rendering"),
    ("SURFACE_RENDER", "a rendering"),
    ("VRT", "a rendering"),
    ("MPR", "a reformat"),
    ("CURVED_MPR", "a reformat"),
    ("REFORMATTED", "a reformat"),
    ("SCREEN SAVE", "a screenshot"),
    ("SCREENSAVE", "a screenshot"),
    ("SCREENSHOT", "a screenshot"),
    ("FUSION", "a picture of two images"),
    ("FUSED", "a picture of two images"),
];

/// The file should hold slices.
pub fn is_image(header: &Header) -> bool {
    let class = header.set.text(tags::SOP_CLASS_UID).unwrap_or_default();
    IMAGES.contains(&class.as_str()) || (class.is_empty() && header.set.element(tags::ROWS).is_some())
}

/// Why an image is no scan, if it is none.
pub fn not_a_scan(header: &Header) -> Option<String> {
    let (set, modality) = (&header.set, header.modality());
    let class = set.text(tags::SOP_CLASS_UID).unwrap_or_default();
    if CAPTURES.contains(&class.as_str()) && MEASURED.contains(&modality.as_str()) {
        return Some(format!("{modality}: a secondary capture (screenshot, report), not a scan"));
    }
    if modality != "PT" {
        return None;
    }
    let colour = set.text(tags::PHOTOMETRIC_INTERPRETATION).unwrap_or_default();
    if !matches!(colour.as_str(), "" | "MONOCHROME1" | "MONOCHROME2") {
        return Some(format!("PT: a colour picture ({colour}), not a scan"));
    }
    let places = [
        (tags::IMAGE_TYPE, "ImageType (0008,0008)"),
        (tags::VOLUME_BASED_CALCULATION_TECHNIQUE, "VolumeBasedCalculationTechnique (0008,9207)"),
        (tags::SERIES_TYPE, "SeriesType (0054,1000)"),
    ];
    for (tag, name) in places {
        for value in set.texts(tag) {
            let said = value.to_ascii_uppercase();
            // Makers put words of their own before or behind: "CSA MPR", "MIP_ANT".
            let is = |word: &str| said == word || said.split([' ', '_', '-', '/']).any(|part| part == word);
            if let Some((_, what)) = WORDS.iter().find(|(word, _)| is(word)) {
                return Some(format!("PT: {what}, not a scan: {name} has {value}"));
            }
        }
    }
    None
}
