//! Real world value maps of PET. Oracle: SUV of a dose that makes a stored unit 1 g/ml. Mechanics: what is refused, doubted, and
//! read whatever the order of the items is; on series that the tests write themselves.
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "common/pet_slices.rs"]
mod pet_slices;

use dicom_core::{PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use pet_slices::{SLICES, item, plane, put, save, sequence, series, slice};
use uptake::image::Scan;
use uptake::read::{self, Options};

/// Items of a map: unit and slope.
type Items<'a> = &'a [(&'a str, f64)];

fn map(items: Items) -> Vec<InMemDicomObject> {
    let line = |(unit, slope): &(&str, f64)| {
        item(|i| {
            put(i, tags::REAL_WORLD_VALUE_SLOPE, VR::FD, *slope);
            put(i, tags::REAL_WORLD_VALUE_INTERCEPT, VR::FD, 0.0f64);
            let code = item(|i| put(i, tags::CODE_VALUE, VR::SH, *unit));
            sequence(i, tags::MEASUREMENT_UNITS_CODE_SEQUENCE, vec![code]);
        })
    };
    items.iter().map(line).collect()
}

/// Bq/ml, of which 1000 are an SUV of 1: 70 kg and 70 MBq, corrected for decay to the injection.
fn becquerels(o: &mut InMemDicomObject) {
    put(o, tags::UNITS, VR::CS, "BQML");
    o.remove_element(tags::SUV_TYPE);
    put(o, tags::DECAY_CORRECTION, VR::CS, "ADMIN");
    put(o, tags::RESCALE_SLOPE, VR::DS, "1000");
    for tag in [tags::STUDY_DATE, tags::SERIES_DATE, tags::ACQUISITION_DATE] {
        put(o, tag, VR::DA, "20240102");
    }
    for tag in [tags::SERIES_TIME, tags::ACQUISITION_TIME] {
        put(o, tag, VR::TM, "100000");
    }
    let drug = item(|i| {
        put(i, tags::RADIONUCLIDE_TOTAL_DOSE, VR::DS, "70000000");
        put(i, tags::RADIONUCLIDE_HALF_LIFE, VR::DS, "6586.2");
        put(i, tags::RADIOPHARMACEUTICAL_START_DATE_TIME, VR::DT, "20240102090000");
    });
    sequence(o, tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE, vec![drug]);
}

fn open(change: impl Fn(&mut InMemDicomObject)) -> uptake::Result<Scan> {
    let dir = tempfile::tempdir().unwrap();
    series(dir.path(), 1, 10, |_, o| {
        becquerels(o);
        change(o);
    });
    read::open(dir.path(), &Options::default())
}

fn mapped(items: Items) -> uptake::Result<Scan> {
    open(|o| sequence(o, tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE, map(items)))
}

fn hottest(scan: &Scan) -> f64 {
    let volume = &scan.channels[0].volume;
    volume.samples.host().unwrap().iter().map(|s| volume.scale.value(f64::from(*s))).fold(0.0, f64::max)
}

fn doubts(scan: &Scan) -> Vec<String> {
    scan.warnings.iter().filter(|w| w.contains("RealWorldValueSlope")).cloned().collect()
}

#[test]
fn maps_of_ordinary_pet_are_held_against_the_rescale() {
    for items in [&[][..], &[("Bq/ml", 1000.0)], &[("g/ml{SUVbw}", 1.0), ("Bq/ml", 1000.0)], &[("1", 3.0)]] {
        let scan = mapped(items).unwrap();
        assert!((hottest(&scan) - 10.0).abs() < 1e-6 && doubts(&scan).is_empty(), "{items:?}: {:?}", scan.warnings);
    }
    for items in [&[("Bq/ml", 1100.0)][..], &[("{SUVbw}g/ml", 1.0), ("Bq/ml", 1100.0)]] {
        let e = mapped(items).unwrap_err().to_string();
        assert!(e.contains("RescaleSlope (0028,1053) is 1000") && e.contains("(0040,9225) is 1100"), "{e}");
    }
    let e = mapped(&[("Bq/ml", 1000.0), ("Bq/ml", 900.0)]).unwrap_err().to_string();
    assert!(e.contains("is 1000") && e.contains("is 900"), "{e}");
    let shifted = |o: &mut InMemDicomObject| {
        let mut items = map(&[("Bq/ml", 1000.0), ("Bq/ml", 1000.0)]);
        put(&mut items[1], tags::REAL_WORLD_VALUE_INTERCEPT, VR::FD, 500.0f64);
        sequence(o, tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE, items);
    };
    let e = open(shifted).unwrap_err().to_string();
    assert!(e.contains("RealWorldValueIntercept (0040,9224) is 0") && e.contains("is 500"), "{e}");
    // Units and RescaleType are two words for one thing.
    let e = open(|o| put(o, tags::RESCALE_TYPE, VR::LO, "GML")).unwrap_err().to_string();
    assert!(e.contains("two units for the values: BQML") && e.contains("GML"), "{e}");
}

#[test]
fn a_series_that_contradicts_itself_fails_as_one() {
    let dir = tempfile::tempdir().unwrap();
    let files = series(dir.path(), 1, 10, |_, o| {
        becquerels(o);
        sequence(o, tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE, map(&[("Bq/ml", 1100.0)]));
        put(o, tags::RESCALE_TYPE, VR::LO, "GML");
    });
    let found = read::find_series(&files);
    assert_eq!((found.series.len(), found.series[0].files.len(), found.others.len()), (1, SLICES, 0));
    assert!(read::read_series(&found.series[0], &Options::default()).is_err());
}

#[test]
fn the_suv_of_the_scanner_is_a_check() {
    let scan = mapped(&[("g/ml{SUVbw}", 1.46)]).unwrap();
    assert!((hottest(&scan) - 10.0).abs() < 1e-6);
    let [doubt] = &doubts(&scan)[..] else { panic!("{:?}", scan.warnings) };
    assert!(doubt.starts_with("doubtful") && doubt.contains("1.4600 times"), "{doubt}");
    assert!(doubts(&mapped(&[("g/ml{SUVbw}", 1.004)]).unwrap()).is_empty());
    // Another kind of SUV says nothing of this one.
    assert!(doubts(&mapped(&[("{SUVlbm}g/ml", 1.46)]).unwrap()).is_empty());
}

/// A file of all slices; each frame has a rescale, its type, and the items of a map.
fn enhanced(rescale: Option<&str>, items: Items) -> uptake::Result<Scan> {
    let mut o = slice(1, 0, 10);
    becquerels(&mut o);
    for tag in [tags::UNITS, tags::RESCALE_SLOPE, tags::RESCALE_INTERCEPT] {
        o.remove_element(tag);
    }
    put(&mut o, tags::SOP_CLASS_UID, VR::UI, uids::ENHANCED_PET_IMAGE_STORAGE);
    put(&mut o, tags::NUMBER_OF_FRAMES, VR::IS, SLICES.to_string());
    let frame = |z: usize| {
        item(|i| {
            let place = item(|i| put(i, tags::IMAGE_POSITION_PATIENT, VR::DS, format!("10\\20\\{}", 10 * z)));
            sequence(i, tags::PLANE_POSITION_SEQUENCE, vec![place]);
            if let Some(unit) = rescale {
                let rescale = item(|i| {
                    put(i, tags::RESCALE_SLOPE, VR::DS, "1000");
                    put(i, tags::RESCALE_INTERCEPT, VR::DS, "0");
                    put(i, tags::RESCALE_TYPE, VR::LO, unit);
                });
                sequence(i, tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, vec![rescale]);
            }
            sequence(i, tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE, map(items));
        })
    };
    sequence(&mut o, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, (0..SLICES).map(frame).collect());
    let words: Vec<u16> = (0..SLICES).flat_map(|z| plane(z, 10)).collect();
    put(&mut o, tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(words.into()));
    let dir = tempfile::tempdir().unwrap();
    save(dir.path(), "enhanced.dcm", o);
    read::open(dir.path(), &Options::default())
}

#[test]
fn items_of_a_map_are_alternatives_in_any_order() {
    let (activity, suv) = (("Bq/ml", 1000.0), ("g/ml{SUVbw}", 1.0));
    for rescale in [Some("BQML"), Some("US"), None] {
        for items in [&[activity, suv][..], &[suv, activity], &[activity]] {
            let scan = enhanced(rescale, items).unwrap();
            assert!((hottest(&scan) - 10.0).abs() < 1e-6, "{rescale:?} {items:?}");
            assert!(doubts(&scan).is_empty(), "{rescale:?} {items:?}: {:?}", scan.warnings);
        }
    }
    let scan = enhanced(Some("BQML"), &[suv]).unwrap();
    assert!((hottest(&scan) - 10.0).abs() < 1e-6 && doubts(&scan).is_empty());
    let scan = enhanced(None, &[("g/ml{SUVbw}", 1.5)]).unwrap();
    assert!((hottest(&scan) - 15.0).abs() < 1e-6);
    let scan = enhanced(None, &[("g/ml{SUVbw}", 1.5), activity]).unwrap();
    assert!((hottest(&scan) - 10.0).abs() < 1e-6 && doubts(&scan)[0].contains("1.5000 times"));
    let e = enhanced(Some("BQML"), &[suv, ("Bq/ml", 1100.0)]).unwrap_err().to_string();
    assert!(e.contains("is 1000") && e.contains("is 1100"), "{e}");
}
