//! Images that were read and fail after that: their rows keep what was known of them. Scans are made here.
//! Kinds: regression (a wrong weight was told as a liver that is not there), invariant (devices) and mechanics (remedies work).

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::nifti::Nifti;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

type Row = BTreeMap<String, String>;

const SIDE: usize = 24;

/// Ground of SUV 0.5 and a lesion of SUV 8 for 76 kg; the header says another weight.
fn scan(path: &Path, weight: f64) {
    let suv = 350e6 * (-3600.0 / 6586.2_f64).exp2() / 76_000.0;
    let inside = |i: usize| {
        let at = [i % SIDE, i / SIDE % SIDE, i / (SIDE * SIDE)].map(|n| 4.0 * n as f64);
        (0..3).map(|k| (at[k] - 48.0).powi(2)).sum::<f64>() <= 14.0 * 14.0
    };
    let voxel = |i: usize| suv * if inside(i) { 8.0 } else { 0.5 + 0.02 * (i % 3) as f64 };
    let numbers: Vec<f64> = (0..SIDE * SIDE * SIDE).map(voxel).collect();
    let matrix = [[-4.0, 0.0, 0.0, 0.0], [0.0, -4.0, 0.0, 0.0], [0.0, 0.0, 4.0, 0.0]];
    let file = Nifti { code: 16, matrix, ..Nifti::new([SIDE as i64; 3], &numbers) };
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, file.bytes()).unwrap();
    let sidecar = json!({
        "Modality": "PT", "TracerName": "FDG", "TracerRadionuclide": "F18", "Units": "Bq/mL",
        "InjectedRadioactivity": 350, "InjectedRadioactivityUnits": "MBq", "BodyWeight": weight, "BodyHeight": 1.75, "Sex": "M",
        "RadionuclideHalfLife": 6586.2, "AttenuationCorrection": "CT", "TimeZero": "10:00:00", "ScanStart": 0,
        "InjectionStart": -3600, "ImageDecayCorrected": true, "ImageDecayCorrectionTime": 0
    });
    fs::write(path.with_extension("json"), sidecar.to_string()).unwrap();
}

fn uptake(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_uptake")).current_dir(dir).args(args).output().unwrap()
}

fn run(dir: &Path, out: &str, more: &[&str]) -> Output {
    uptake(dir, &[&["run", "--no-overlays", "--out", out], more].concat())
}

fn table(path: &Path) -> Vec<Row> {
    csv::Reader::from_path(path).unwrap().deserialize().map(|r| r.unwrap()).collect()
}

#[test]
fn an_image_that_fails_late_keeps_its_doubts_and_facts() {
    let dir = tempfile::tempdir().unwrap();
    scan(&dir.path().join("in/p.nii"), 760.0);
    let percist = ["in", "--recipe", "pet-percist", "--device"];
    let o = run(dir.path(), "cpu", &[&percist[..], &["cpu"]].concat());
    let row = table(&dir.path().join("cpu/images.csv")).remove(0);
    assert_eq!(row["status"], "failed");
    let doubt = "doubtful: BodyWeight is 760 kg";
    let said = String::from_utf8_lossy(&o.stderr).into_owned();
    for words in [&row["reason"], &said] {
        assert!(words.contains("liver") && words.contains(&format!("(look at this first: {doubt}; ")), "{words}");
    }
    assert!(row["warnings"].contains(doubt) && row["warnings"].contains("body-mass index"), "{}", row["warnings"]);
    let number = |column: &str| row[column].parse::<f64>().unwrap();
    assert_eq!(["weight_kg", "dose_mbq", "uptake_min"].map(number), [760.0, 350.0, 60.0]);
    assert_eq!((row["tracer"].as_str(), row["suv_rule"].as_str(), row["suv_unit"].as_str()), ("FDG", "BQML", "g/ml"));
    // The same on the other device, and with the rest of the recipe left out nothing is missing.
    run(dir.path(), "gpu", &[&percist[..], &["gpu"]].concat());
    let bytes = |out: &str| fs::read(dir.path().join(out).join("images.csv")).unwrap();
    assert_eq!(bytes("cpu"), bytes("gpu"));
    // What would have been in its row.
    run(dir.path(), "pet", &["in", "--recipe", "pet", "--device", "cpu"]);
    let whole = table(&dir.path().join("pet/images.csv")).remove(0);
    assert_eq!(whole["status"], "ok");
    for column in ["weight_kg", "suv_factor_min", "suv_sul_factor", "injection_time", "sex", "height_m"] {
        assert_eq!(row[column], whole[column], "{column}");
    }
    // The true weight: nothing is doubted any more.
    run(dir.path(), "true", &[&percist[..], &["cpu", "--set", "suv.weight_kg=76"]].concat());
    let row = table(&dir.path().join("true/images.csv")).remove(0);
    assert!(row["status"] == "failed" && !row["reason"].contains("look at this first"), "{}", row["reason"]);
}

/// Facts of images that failed are in no group.
#[test]
fn groups_sum_up_what_was_measured() {
    let dir = tempfile::tempdir().unwrap();
    scan(&dir.path().join("in/a.nii"), 76.0);
    scan(&dir.path().join("in/b.nii"), 760.0);
    let recipe = String::from_utf8(uptake(dir.path(), &["recipes", "pet-percist"]).stdout).unwrap();
    let recipe = recipe + "\n[groups]\nby = [\"cohort\"]\ncolumns = [\"weight_kg\"]\n";
    fs::write(dir.path().join("mine.toml"), recipe).unwrap();
    let sheet = "path,cohort,set.objects.liver.sphere.at\nin/a.nii,one,\"[20.0, 20.0, 48.0]\"\nin/b.nii,one,\n";
    fs::write(dir.path().join("sheet.csv"), sheet).unwrap();
    let o = run(dir.path(), "out", &["--sheet", "sheet.csv", "--recipe", "mine.toml", "--device", "cpu"]);
    let status: Vec<String> = table(&dir.path().join("out/images.csv")).iter().map(|r| r["status"].clone()).collect();
    assert_eq!(status, ["ok", "failed"], "{}", String::from_utf8_lossy(&o.stderr));
    let group = table(&dir.path().join("out/groups.csv")).remove(0);
    assert_eq!((group["n_weight_kg"].as_str(), group["images_failed"].as_str()), ("1", "1"), "{group:?}");
}
