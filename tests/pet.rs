//! PET from the command line, as a user runs it: published values in one command, and the same tables on both devices.
//! Kinds: oracle (published values) and invariant (devices).

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::shared;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn uptake(args: &[&str]) -> Output {
    let out = Command::new(env!("CARGO_BIN_EXE_uptake")).args(args).output().unwrap();
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    out
}

type Row = HashMap<String, String>;

fn rows(table: &Path) -> Vec<Row> {
    csv::Reader::from_path(table).unwrap().deserialize().map(Result::unwrap).collect()
}

fn real(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap()
}

/// `uptake run SCAN --recipe pet --set mask=MASK`: the rows of the lesions.
fn measured(scan: &Path, mask: &Path, settings: &[&str]) -> Vec<Row> {
    let dir = tempfile::tempdir().unwrap();
    let (out, mask) = (dir.path().join("o"), format!("mask={}", mask.display()));
    let mut args = vec!["run", scan.to_str().unwrap(), "--recipe", "pet", "--device", "cpu", "--no-overlays"];
    args.extend(["--out", out.to_str().unwrap(), "--set", &mask]);
    settings.iter().for_each(|s| args.extend(["--set", s]));
    uptake(&args);
    rows(&out.join("lesions.csv"))
}

fn close(got: f64, want: f64, relative: f64) -> bool {
    (got / want - 1.0).abs() <= relative
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn published_tumours_in_one_command() {
    let data = shared("sts_pet");
    for truth in rows(&data.join("native_grid.csv")) {
        let id = &truth["id"];
        let image = data.join(format!("{id}_PET_image.nii.gz"));
        let got = measured(&image, &data.join(format!("{id}_PET_mask.nii.gz")), &[]);
        assert_eq!(got.len(), 1, "{id}");
        assert_eq!(got[0]["volume_px"], truth["gtv_voxels"], "{id}");
        for (column, want) in [("suv_max", "suv_max"), ("suv_mean", "suv_mean")] {
            // The published numbers have seven digits at most.
            assert!(close(real(&got[0], column), real(&truth, want), 1e-6), "{id} {column} {}", got[0][column]);
        }
        assert!((real(&got[0], "mtv_ml") - real(&truth, "mtv_ml")).abs() < 0.006, "{id}");
        assert!((real(&got[0], "tlg_g") - real(&truth, "tlg_g")).abs() < 0.006, "{id}");
    }
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn the_same_tumour_from_dicom_and_its_contours() {
    let data = shared("pet_sts001_dicom");
    let contours = std::fs::read_dir(data.join("rtstruct")).unwrap().next().unwrap().unwrap().path();
    let got = measured(&data.join("image"), &contours, &["objects.lesions.regions=[\"GTV_Mass\"]"]);
    assert_eq!((got.len(), got[0]["region"].as_str()), (1, "GTV_Mass"));
    assert_eq!(got[0]["volume_px"], "5095");
    assert!(close(real(&got[0], "suv_max"), 7.910674, 1e-6), "{}", got[0]["suv_max"]);
    assert!((real(&got[0], "mtv_ml") - 366.08).abs() < 0.01 && (real(&got[0], "tlg_g") - 935.4).abs() < 0.1);
}

/// Where the sphere lies was looked at: in the middle of the right lobe, clear of its edge. Mean and deviation are those
/// of the same 200 voxels with NumPy.
#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn the_liver_is_found_in_a_whole_body() {
    let data = shared("pet_sts001_dicom");
    let dir = tempfile::tempdir().unwrap();
    let (out, image) = (dir.path().join("o"), data.join("image"));
    let (out_name, image) = (out.to_str().unwrap(), image.to_str().unwrap());
    uptake(&["run", image, "--recipe", "pet-percist", "--device", "cpu", "--no-overlays", "--out", out_name]);
    let liver = &rows(&out.join("liver.csv"))[0];
    assert_eq!(liver["volume_px"], "200");
    assert!(close(real(liver, "suv_mean"), 1.89369, 1e-4) && close(real(liver, "suv_std"), 0.30843, 1e-4));
    for (column, place) in [("centroid_x_mm", -61.0), ("centroid_y_mm", 23.0), ("centroid_z_mm", -370.0)] {
        assert!((real(liver, column) - place).abs() < 1.0, "{column} {}", liver[column]);
    }
    let notes = &rows(&out.join("images.csv"))[0]["notes"];
    assert!(notes.contains("liver: found at x -61, y 23, z -370 mm"), "{notes}");
}

#[test]
fn tables_of_samples_are_the_same_files_on_both_devices() {
    let samples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("sample-images/pet");
    same_tables(&["pet", "pet-41", "pet-percist"], &[samples]);
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn tables_of_tumours_are_the_same_files_on_both_devices() {
    // The whole body takes minutes on a software adapter; the crops do not.
    let crops = ["STS_001", "STS_002", "STS_003"].map(|id| shared("sts_pet").join(format!("{id}_PET_image.nii.gz")));
    same_tables(&["pet", "pet-41"], &crops);
}

fn same_tables(recipes: &[&str], inputs: &[PathBuf]) {
    for recipe in recipes {
        let dir = tempfile::tempdir().unwrap();
        for device in ["cpu", "gpu"] {
            let out = dir.path().join(device);
            let mut args: Vec<&str> = inputs.iter().map(|p| p.to_str().unwrap()).collect();
            args.extend(["--recipe", recipe, "--device", device, "--out", out.to_str().unwrap()]);
            args.insert(0, "run");
            uptake(&args);
        }
        let tables = std::fs::read_dir(dir.path().join("cpu")).unwrap().map(|e| e.unwrap().path());
        let tables: Vec<PathBuf> = tables.filter(|p| p.extension().is_some_and(|e| e == "csv")).collect();
        assert!(tables.len() >= 4, "{recipe}: {tables:?}");
        for table in tables {
            let other = dir.path().join("gpu").join(table.file_name().unwrap());
            assert!(std::fs::read(&table).unwrap() == std::fs::read(&other).unwrap(), "{recipe}: {}", table.display());
        }
    }
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn settings_stand_in_for_what_a_file_lacks() {
    let data = shared("sts_pet");
    let image = data.join("STS_002_PET_image.nii.gz");
    let mask = data.join("STS_002_PET_mask.nii.gz");
    let plain = real(&measured(&image, &mask, &[])[0], "suv_max");
    let none = &measured(&image, &mask, &["suv.assume=none"])[0];
    assert_eq!((none["suv_max"].as_str(), real(none, "uptake_max")), ("", plain), "no unit, no SUV");
}
