//! PET in NIfTI: BIDS sidecars, and values without a word about their unit.
//!
//! Oracle: factors worked out from the definition of SUV, with the half-life of 18F.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::nifti::Nifti;
use common::seeds;
use serde_json::{Value, json};
use std::path::PathBuf;
use uptake::image::{Modality, Scan};
use uptake::pet::suv::{Settings, Units};
use uptake::read::{self, Options};
use uptake::{Error, Kind};

const F18: f64 = std::f64::consts::LN_2 / 6586.2;

/// Half an hour of 18F, an hour after 350 MBq were given to 70 kg, corrected to the start of the scan.
fn usual() -> Value {
    json!({
        "Modality": "PT", "TracerName": "FDG", "TracerRadionuclide": "F18", "Units": "Bq/mL",
        "InjectedRadioactivity": 350, "InjectedRadioactivityUnits": "MBq", "BodyWeight": 70,
        "TimeZero": "23:30:00", "InjectionStart": 0, "ScanStart": 3600,
        "FrameTimesStart": [3600], "FrameDuration": [1800],
        "ImageDecayCorrected": true, "ImageDecayCorrectionTime": 3600, "AttenuationCorrection": "CT"
    })
}

/// Writes an image with a sidecar that is the usual one with some keys changed (null removes one), and reads it.
/// What the first voxel is stored as: in every unit below an SUV that can be.
const FIRST: f64 = 0.125;

fn read_with(changes: Value, settings: Settings, time: Option<usize>, times: i64) -> Result<Scan, Error> {
    let dir = tempfile::tempdir().unwrap();
    let (image, sidecar) = (dir.path().join("sub-1_pet.nii"), dir.path().join("sub-1_pet.json"));
    let numbers: Vec<f64> = (0..4 * times).map(|i| FIRST * (i + 1) as f64).collect();
    let mut file = Nifti { code: 16, ..Nifti::new([2, 2, 1], &numbers) };
    file.sizes.push(times);
    std::fs::write(&image, file.bytes()).unwrap();
    let mut keys = usual();
    for (key, value) in changes.as_object().unwrap() {
        keys[key] = value.clone();
    }
    keys.as_object_mut().unwrap().retain(|_, v| !v.is_null());
    seeds::keep("sidecar", keys.to_string().as_bytes());
    std::fs::write(&sidecar, keys.to_string()).unwrap();
    read::open(&image, &Options { suv: settings, time, ..Options::default() })
}

/// The value of the first voxel over what it is stored as.
fn factor(scan: &Scan) -> f64 {
    let volume = &scan.channels[0].volume;
    volume.scale.value(f64::from(volume.samples.host().unwrap()[0])) / FIRST
}

fn expect(changes: Value, expected: f64) -> Scan {
    let words = changes.to_string();
    let scan = read_with(changes, Settings::default(), None, 1).unwrap_or_else(|e| panic!("{words}: {e}"));
    assert_eq!((scan.modality, scan.channels[0].unit), (Modality::Pet, "g/ml"), "{words}");
    let got = factor(&scan);
    assert!((got / expected - 1.0).abs() < 1e-9, "{words}: {got} for {expected}; {:?}", scan.warnings);
    assert_eq!(scan.audit.rows(), 1, "{words}");
    scan
}

#[test]
fn decay_is_counted_from_time_zero() {
    let plain = 70_000.0 / 350e6;
    let start = plain * (F18 * 3600.0).exp();
    let scan = expect(json!({}), start);
    assert!(scan.facts.contains(&("sidecar".into(), "sub-1_pet.json".into())));
    expect(json!({"ImageDecayCorrectionTime": 0}), plain);
    // The zero may be the start of the scan, or be left out; the scan lies beyond midnight.
    expect(
        json!({"InjectionStart": -3600, "ScanStart": 0, "FrameTimesStart": [0], "ImageDecayCorrectionTime": 0}),
        start,
    );
    expect(json!({"TimeZero": null}), start);
    // The correction goes to a time of its own.
    expect(json!({"ImageDecayCorrectionTime": 1800}), plain * (F18 * 1800.0).exp());
    // Not corrected: the frame's mean.
    let length = F18 * 1800.0;
    let none = start * length / (1.0 - (-length).exp());
    expect(json!({"ImageDecayCorrected": false, "ImageDecayCorrectionTime": null}), none);
    // Frames that count from the start of the scan.
    let scan = expect(json!({"ImageDecayCorrected": false, "FrameTimesStart": [0]}), none);
    assert!(scan.warnings.iter().any(|n| n.contains("FrameTimesStart begins before ScanStart")), "{:?}", scan.warnings);
    // Days later.
    let zirconium = std::f64::consts::LN_2 / 282_276.0;
    let days = 5.0 * 86_400.0;
    expect(
        json!({
            "TracerName": null, "TracerRadionuclide": "Zr89", "ScanStart": days, "FrameTimesStart": [days],
            "ImageDecayCorrectionTime": days
        }),
        plain * (zirconium * days).exp(),
    );
}

#[test]
fn units_of_values_and_doses_are_understood() {
    let start = 70_000.0 / 350e6 * (F18 * 3600.0).exp();
    for (units, times) in [("kBq/mL", 1e3), ("Bq/ml", 1.0), ("BQML", 1.0), ("MBq/mL", 1e6), ("nCi/mL", 37.0)] {
        expect(json!({"Units": units}), start * times);
    }
    for (dose, unit) in [(350e6, "Bq"), (350e3, "kBq"), (0.35, "GBq"), (350.0 / 37.0, "mCi")] {
        expect(json!({"InjectedRadioactivity": dose, "InjectedRadioactivityUnits": unit}), start);
    }
    expect(json!({"Units": "g/mL"}), 1.0);
    expect(json!({"Units": "SUV"}), 1.0);
    let refused = |changes: Value, word: &str| {
        let e = read_with(changes, Settings::default(), None, 1).unwrap_err();
        assert!(e.what.contains(word), "{e}");
    };
    refused(json!({"InjectedRadioactivityUnits": "parsec"}), "parsec");
    refused(json!({"Units": "parsec"}), "PARSEC");
    refused(json!({"BodyWeight": null}), "BodyWeight");
    refused(json!({"BodyWeight": "heavy"}), "heavy");
    refused(json!({"TimeZero": "noon"}), "noon");
    refused(json!({"InjectedRadioactivity": null}), "InjectedRadioactivity");
    refused(json!({"AttenuationCorrection": "none"}), "AttenuationCorrection");
}

#[test]
fn names_of_dicom_serve_where_those_of_bids_are_absent() {
    let vendor = json!({
        "TracerName": null, "InjectedRadioactivity": null, "InjectedRadioactivityUnits": null, "BodyWeight": null,
        "TimeZero": null, "InjectionStart": null, "ScanStart": null, "FrameTimesStart": [0], "ImageDecayCorrected": null,
        "ImageDecayCorrectionTime": null, "Units": "BQML", "Radiopharmaceutical": "FDG", "PatientWeight": 70,
        "RadionuclideTotalDose": 350e6, "RadionuclideHalfLife": 6586.2, "DecayCorrection": "START",
        "RadiopharmaceuticalStartTime": "23:30:00", "SeriesTime": "00:30:00", "AcquisitionTime": "00:30:00.000"
    });
    expect(vendor, 70_000.0 / 350e6 * (F18 * 3600.0).exp());
}

#[test]
fn a_frame_of_a_series_has_its_own_time() {
    let changes = json!({"ImageDecayCorrected": false, "FrameTimesStart": [3600, 5400], "FrameDuration": [1800, 900]});
    let scan = read_with(changes, Settings::default(), Some(1), 2).unwrap();
    let length = F18 * 900.0;
    let expected = 70_000.0 / 350e6 * (F18 * 5400.0).exp() * length / (1.0 - (-length).exp());
    // The first voxel of the second frame is stored as five times that of the first.
    assert!((factor(&scan) / 5.0 / expected - 1.0).abs() < 1e-9);
}

#[test]
fn what_the_user_says_goes_before_the_sidecar() {
    let say = |units| Settings { units: Some(units), ..Settings::default() };
    let scan = read_with(json!({"Units": "kBq/mL"}), say(Units::Suv), None, 1).unwrap();
    assert_eq!((factor(&scan), scan.channels[0].unit), (1.0, "g/ml"));
    let scan = read_with(json!({}), say(Units::None), None, 1).unwrap();
    assert_eq!((factor(&scan), scan.channels[0].unit), (1.0, "au"));
    let heavier = Settings { weight_kg: Some(140.0), ..Settings::default() };
    let grams = Settings { weight_kg: Some(70_000.0), ..Settings::default() };
    let e = read_with(json!({}), grams, None, 1).unwrap_err();
    assert!(e.what.contains("suv.weight_kg is 70000: the weight is in kilograms") && e.remedy.is_some(), "{e}");
    let scan = read_with(json!({}), heavier, None, 1).unwrap();
    assert!((factor(&scan) / (140_000.0 / 350e6 * (F18 * 3600.0).exp()) - 1.0).abs() < 1e-9);
    // A sidecar of another modality is no PET, whatever a recipe assumes.
    let assume = Settings { assume: Some(Units::Suv), ..Settings::default() };
    let scan = read_with(json!({"Modality": "MR"}), assume, None, 1).unwrap();
    assert_eq!((scan.modality, scan.channels[0].unit), (Modality::Other, "au"));
}

fn alone(numbers: &[f64], settings: Settings) -> Result<Scan, Error> {
    let dir = tempfile::tempdir().unwrap();
    let path: PathBuf = dir.path().join("a.nii");
    std::fs::write(&path, Nifti { code: 16, ..Nifti::new([numbers.len() as i64, 1, 1], numbers) }.bytes()).unwrap();
    read::open(&path, &Options { suv: settings, ..Options::default() })
}

/// Oracle: sides of voxels of scanners, and the same numbers under another unit. The remedy is the true size in the header.
#[test]
fn voxels_that_no_scanner_has_are_refused() {
    let read = |sides: [f64; 3], units: u8| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.nii");
        let numbers: Vec<f64> = (0..8).map(|i| 0.5 + 0.7 * f64::from(i)).collect();
        let [x, y, z] = sides;
        let matrix = [[x, 0.0, 0.0, 5.0], [0.0, y, 0.0, 5.0], [0.0, 0.0, z, 5.0]];
        let file = Nifti { code: 16, matrix, units, ..Nifti::new([2, 2, 2], &numbers) };
        std::fs::write(&path, file.bytes()).unwrap();
        let suv = Settings { units: Some(Units::Suv), ..Settings::default() };
        read::open(&path, &Options { suv, ..Options::default() })
    };
    for (sides, units) in [([4.0, 4.0, 3.0], 2), ([0.004, 0.004, 0.003], 1), ([400.0, 400.0, 300.0], 3)] {
        let scan = read(sides, units).unwrap();
        assert!(!scan.warnings.iter().any(|w| w.contains("a voxel has")), "{sides:?}: {:?}", scan.warnings);
    }
    for (sides, units, words) in [
        ([4000.0, 4000.0, 3000.0], 2, "3000 x 4000 x 4000 mm"),
        ([4.0, 4.0, 3.0], 3, "0.003 x 0.004 x 0.004 mm"),
        ([4.0, 4.0, 3.0], 1, "3000 x 4000 x 4000 mm"),
    ] {
        let e = read(sides, units).unwrap_err();
        assert!(e.what.contains(words) && e.remedy.as_deref().is_some_and(|r| r.contains("pixdim")), "{e}");
    }
    let doubted = read([30.0, 30.0, 3.0], 2).unwrap();
    assert!(doubted.warnings.iter().any(|w| w.contains("3 x 30 x 30 mm")), "{:?}", doubted.warnings);
}

/// Numbers saved without a grid: no place, and sides of 1.
#[test]
fn a_header_that_nobody_filled_in_is_doubted() {
    let read = |pixdim: f32, codes| {
        let numbers: Vec<f64> = (0..8).map(|i| 0.5 + 0.7 * f64::from(i)).collect();
        let mut bytes = Nifti { code: 16, codes, ..Nifti::new([2, 2, 2], &numbers) }.bytes();
        (80..92).step_by(4).for_each(|at| bytes[at..at + 4].copy_from_slice(&pixdim.to_le_bytes()));
        let scan = read::open_bytes(&bytes, "a.nii", &Options::default()).unwrap();
        scan.warnings.iter().any(|w| w.contains("voxels of 1 x 1 x 1"))
    };
    assert!(read(1.0, [0, 0]));
    assert!(!read(2.0, [0, 0]), "a size that somebody gave");
    assert!(!read(1.0, [0, 1]), "a grid that somebody gave");
}

#[test]
fn without_a_sidecar_the_settings_decide() {
    let assume = || Settings { assume: Some(Units::Suv), ..Settings::default() };
    let scan = alone(&[0.5, 7.25, 3.5], Settings::default()).unwrap();
    assert_eq!((scan.modality, scan.channels[0].unit), (Modality::Unknown, "au"));
    let scan = alone(&[0.5, 7.25, 3.5], assume()).unwrap();
    assert_eq!((scan.modality, scan.channels[0].unit), (Modality::Pet, "g/ml"));
    assert!(scan.warnings.iter().any(|n| n.contains("suv.assume")), "{:?}", scan.warnings);
    let e = alone(&[0.5, 7250.0, 3.5], assume()).unwrap_err();
    assert!(e.kind == Kind::Usage && e.what.contains("look like Bq/ml"), "{e}");
    // One hot voxel in many is a catheter, not a unit.
    let mut many: Vec<f64> = (0..200).map(|i| 1.5 + f64::from(i % 5)).collect();
    many[7] = 900.0;
    alone(&many, assume()).unwrap();
    let all = Settings {
        units: Some(Units::Bqml),
        dose_mbq: Some(350.0),
        weight_kg: Some(70.0),
        decay: Some(uptake::pet::suv::Decay::Admin),
        ..Settings::default()
    };
    match alone(&[1000.0, 7250.5], all) {
        Ok(scan) => assert!((factor(&scan) * FIRST / 1000.0 / 2e-4 - 1.0).abs() < 1e-6),
        Err(e) => panic!("{e}"),
    }
}

#[test]
fn what_a_sidecar_says_twice_must_be_one_thing() {
    let refused = |changes: Value, a: &str, b: &str| {
        let e = read_with(changes, Settings::default(), None, 1).unwrap_err().to_string();
        assert!(e.contains(a) && e.contains(b), "{e}");
    };
    refused(json!({"PatientWeight": 80}), "BodyWeight = 70", "PatientWeight = 80");
    refused(json!({"BodyHeight": 1.75, "PatientSize": 180}), "BodyHeight = 1.75", "PatientSize = 1.8");
    refused(json!({"Sex": "M", "PatientSex": "F"}), "Sex = M", "PatientSex = F");
    refused(json!({"RadionuclideTotalDose": 370e6}), "350000000 Bq", "RadionuclideTotalDose is 370000000");
    refused(json!({"RadiopharmaceuticalStartTime": "22:30:00"}), "InjectionStart is 0 s", "22:30:00");
    refused(json!({"DecayCorrection": "ADMIN"}), "say START", "DecayCorrection is ADMIN");
    let same = json!({
        "PatientWeight": 70.0, "BodyHeight": 1.75, "PatientSize": 175, "Sex": "male", "PatientSex": "M",
        "RadionuclideTotalDose": 350, "RadiopharmaceuticalStartTime": "23:30:00", "DecayCorrection": "START"
    });
    expect(same, 70_000.0 / 350e6 * (F18 * 3600.0).exp());
}

/// Mechanics: a list has a value for each time point of the image, or says nothing that can be trusted.
#[test]
fn lists_that_do_not_fit_the_time_points_are_told_with_both_numbers() {
    let refused = |changes: Value, times: i64, words: &str| {
        let time = (times > 1).then_some(0);
        let e = read_with(changes, Settings::default(), time, times).unwrap_err().to_string();
        assert!(e.contains(words) && e.contains("one value for each time point"), "{e}");
    };
    let none = |more: Value| {
        let mut changes = json!({"ImageDecayCorrected": false, "ImageDecayCorrectionTime": null});
        more.as_object().unwrap().iter().for_each(|(k, v)| changes[k] = v.clone());
        changes
    };
    let starts = json!([3600, 3900, 4500]);
    refused(none(json!({"FrameTimesStart": starts})), 3, "FrameDuration has 1 values, the image 3 time points");
    refused(none(json!({"FrameTimesStart": starts})), 1, "FrameTimesStart has 3 values, the image 1 time points");
    // Corrected for decay, they only tell when the scan was: said, and measured.
    let scan = expect(json!({"FrameTimesStart": starts}), 70_000.0 / 350e6 * (F18 * 3600.0).exp());
    let doubt = "doubtful: FrameTimesStart has 3 values, the image 1 time points";
    assert!(scan.warnings.iter().any(|n| n == doubt), "{:?}", scan.warnings);
    let fits = none(json!({"FrameTimesStart": starts, "FrameDuration": [300, 600, 900]}));
    assert!(read_with(fits, Settings::default(), Some(1), 3).is_ok());
}

/// Mechanics: an image of another modality among those of a folder is passed over, named itself it fails.
#[test]
fn images_of_another_modality_are_no_pet() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    std::fs::create_dir(at("in")).unwrap();
    let numbers: Vec<f64> = (0..4096).map(|i| 500.0 * f64::from(i % 16)).collect();
    let file = Nifti { code: 16, ..Nifti::new([16, 16, 16], &numbers) }.bytes();
    for (name, modality) in [("pet", "PT"), ("t1", "MR")] {
        let mut keys = usual();
        keys["Modality"] = modality.into();
        std::fs::write(at(&format!("in/{name}.nii")), &file).unwrap();
        // With the mark that some editors put before UTF-8.
        std::fs::write(at(&format!("in/{name}.json")), format!("\u{feff}{keys}")).unwrap();
    }
    let run = |input: &str, out: &str| {
        let mut uptake = std::process::Command::new(env!("CARGO_BIN_EXE_uptake"));
        let args = ["run", input, "--recipe", "pet", "--device", "cpu", "--no-overlays", "--no-labels", "--out", out];
        let output = uptake.args(args).current_dir(dir.path()).output().unwrap();
        let mut reader = csv::Reader::from_path(at(out).join("images.csv")).unwrap();
        let row = |r: csv::StringRecord, name: &str, header: &csv::StringRecord| {
            r[header.iter().position(|h| h == name).unwrap()].to_string()
        };
        let header = reader.headers().unwrap().clone();
        let rows = reader.records().map(|r| r.unwrap());
        let rows: Vec<[String; 3]> =
            rows.map(|r| ["image", "status", "reason"].map(|name| row(r.clone(), name, &header))).collect();
        (output.status.code(), rows)
    };
    let (code, rows) = run("in", "o");
    assert_eq!((code, rows[0][1].as_str(), rows[1][1].as_str()), (Some(0), "ok", "skipped"), "{rows:?}");
    let why = "the recipe pet is for PET, the image is of modality MR";
    assert!(rows[1][2].contains(why), "{rows:?}");
    let (code, rows) = run("in/t1.nii", "p");
    assert!(code != Some(0) && rows[0][1] == "failed" && rows[0][2].contains(why), "{code:?} {rows:?}");
}

#[test]
fn a_sidecar_without_a_unit_says_less_than_it_must() {
    let assume = Settings { assume: Some(Units::Suv), ..Settings::default() };
    let e = read_with(json!({"Units": null}), assume, None, 1).unwrap_err();
    assert!(e.what.starts_with("missing Units"), "{e}");
}
