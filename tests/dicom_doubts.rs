//! PET series whose headers say what cannot be, or what makes numbers of nothing.
//! Kind: oracle (voxels whose number is known) and mechanics (words and remedies).

#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "common/pet_slices.rs"]
mod pet_slices;

use dicom_core::{PrimitiveValue, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use pet_slices::{SIDE, plane, put, series};
use uptake::image::Scan;
use uptake::read::{self, Options, find_series};

fn read(change: impl Fn(usize, &mut InMemDicomObject)) -> uptake::Result<Scan> {
    let dir = tempfile::tempdir().unwrap();
    series(dir.path(), 1, 8, change);
    let files: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|f| f.unwrap().path()).collect();
    read::read_series(&find_series(&files).series[0], &Options::default())
}

fn says(scan: &Scan, words: &str) -> bool {
    scan.warnings.iter().any(|w| w.contains(words))
}

#[test]
fn voxels_of_another_unit_are_refused() {
    assert!(!says(&read(|_, _| {}).unwrap(), "a voxel has"));
    for (sides, words) in [("0.01\\0.008", "10 x 0.01 x 0.008 mm"), ("4000\\4000", "10 x 4000 x 4000 mm")] {
        let e = read(|_, o| put(o, tags::PIXEL_SPACING, VR::DS, sides)).unwrap_err();
        assert!(e.what.contains(words) && e.remedy.as_deref().is_some_and(|r| r.contains("PixelSpacing")), "{e}");
    }
    assert!(says(&read(|_, o| put(o, tags::PIXEL_SPACING, VR::DS, "30\\30")).unwrap(), "10 x 30 x 30 mm"));
}

#[test]
fn slices_of_two_frames_are_doubted_with_both() {
    let frame = |z| if z < 3 { "1.2.9" } else { "1.2.10" };
    let scan = read(|z, o| put(o, tags::FRAME_OF_REFERENCE_UID, VR::UI, frame(z))).unwrap();
    assert!(
        says(&scan, "FrameOfReferenceUID (0020,0052) is 1.2.9 in i100.dcm and 1.2.10 in i103.dcm"),
        "{:?}",
        scan.warnings
    );
    assert!(!says(&read(|_, _| {}).unwrap(), "FrameOfReferenceUID"));
}

/// Regression: a slice of a lesion that became 0 cut it in two.
#[test]
fn a_slope_of_nothing_is_refused_where_values_are_stored() {
    let e = read(|z, o| put(o, tags::RESCALE_SLOPE, VR::DS, if z == 3 { "0" } else { "1" })).unwrap_err();
    assert!(e.what.contains("RescaleSlope (0028,1053) is 0, but the stored values are not"), "{e}");
    assert!(e.to_string().contains("i103.dcm") && e.remedy.is_some(), "{e}");
    // A slice of air has no slope of its own.
    let air = |z: usize, o: &mut InMemDicomObject| {
        if z == 0 {
            put(o, tags::RESCALE_SLOPE, VR::DS, "0");
            put(o, tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(vec![0u16; SIDE * SIDE].into()));
        }
    };
    assert!(read(air).is_ok());
}

/// Regression: SUV of the padding made dose and weight look wrong.
#[test]
fn padding_was_not_imaged() {
    let pad = |z: usize, o: &mut InMemDicomObject| {
        let mut words = plane(z, 8);
        words[..SIDE].fill(-32_768i16 as u16);
        put(o, tags::PIXEL_REPRESENTATION, VR::US, 1u16);
        put(o, tags::PIXEL_PADDING_VALUE, VR::SS, PrimitiveValue::I16(vec![-32_768].into()));
        put(o, tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(words.into()));
    };
    let scan = read(pad).unwrap();
    assert!(
        says(&scan, "48 voxels hold the padding value (0028,0120), -32768: they were not imaged"),
        "{:?}",
        scan.warnings
    );
    let places = scan.not_imaged.as_ref().unwrap().voxels.host().unwrap().to_vec();
    assert_eq!(places.iter().map(|v| usize::from(*v)).sum::<usize>(), 6 * SIDE);
    let volume = &scan.channels[0].volume;
    let values: Vec<f64> = volume.samples.host().unwrap().iter().map(|s| volume.scale.value(f64::from(*s))).collect();
    assert!(values.iter().zip(&places).all(|(v, p)| (*v == 0.0) == (*p == 1)));
    assert_eq!(values.iter().copied().fold(0.0, f64::max), 8.0);
}

#[test]
fn loss_is_told() {
    let scan = read(|_, o| put(o, tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "01")).unwrap();
    assert!(says(&scan, "6 of 6 files were compressed with loss"), "{:?}", scan.warnings);
    assert!(!says(&read(|_, o| put(o, tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "00")).unwrap(), "loss"));
}
