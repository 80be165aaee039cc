//! PET that goes wrong in small: what a file is, units, facts that disagree, response. Each input says in its README what is
//! right; the values here are those. Kinds: oracle (volumes, voxels and SUV of the inputs) and mechanics (reasons, exit codes).
//!
//! The inputs are no part of the project. Without them the tests are ignored, and fail where `CI=true`.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::{failing, shared};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

type Row = BTreeMap<String, String>;

/// What a run gives: the rows of its images, those of its lesions, and the exit code.
struct Run {
    images: Vec<Row>,
    lesions: Vec<Row>,
    code: Option<i32>,
    folder: tempfile::TempDir,
}

fn table(path: &Path) -> Vec<Row> {
    let Ok(mut reader) = csv::Reader::from_path(path) else { return vec![] };
    reader.deserialize().map(|r| r.unwrap()).collect()
}

fn run(input: &Path, recipe: &str, settings: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_uptake"));
    command.arg("run").arg(input).args(["--recipe", recipe, "--device", "cpu", "--no-overlays", "--quiet", "--out"]);
    command.arg(folder.path().join("out"));
    for setting in settings {
        command.args(["--set", setting]);
    }
    let code = command.output().unwrap().status.code();
    let out = |name: &str| table(&folder.path().join("out").join(name));
    Run { images: out("images.csv"), lesions: out("lesions.csv"), code, folder }
}

impl Run {
    fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }
    fn status(&self) -> Vec<(&str, &str)> {
        self.images.iter().map(|r| (r["image"].as_str(), r["status"].as_str())).collect()
    }
    #[track_caller]
    fn only(&self) -> &Row {
        assert_eq!(self.images.len(), 1, "{:?}", self.status());
        &self.images[0]
    }
    fn values(&self, column: &str) -> Vec<f64> {
        self.lesions.iter().map(|r| r[column].parse().unwrap()).collect()
    }
}

#[track_caller]
fn near(found: &[f64], expected: &[f64], within: f64) {
    let close = |(a, b): (&f64, &f64)| (a - b).abs() <= within * b.abs();
    assert!(found.len() == expected.len() && found.iter().zip(expected).all(close), "{found:?} is not {expected:?}");
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn a_series_is_one_scan_however_its_files_lie_or_are_numbered() {
    for name in ["04_series_in_three_folders", "04_series_own_uid"] {
        let input = failing(name);
        let run = run(&input, "pet", &[]);
        assert_eq!((run.only()["status"].as_str(), run.code), ("ok", Some(0)), "{name}");
        near(&run.values("mtv_ml"), &[7.872], 1e-9);
        assert_eq!(run.values("volume_px"), [123.0]);
        let noted = run.only()["warnings"].contains("SeriesInstanceUID");
        assert_eq!(noted, name == "04_series_own_uid", "{}", run.only()["warnings"]);
    }
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn masks_and_ct_among_scans_are_no_scans() {
    let input = failing("06_not_suv");
    let found = run(&input, "pet", &[]);
    let all: Vec<(&str, &str, &str)> = found
        .images
        .iter()
        .map(|r| (r["image"].rsplit('/').next().unwrap(), r["status"].as_str(), r["reason"].as_str()))
        .collect();
    let why = |name: &str| all.iter().find(|r| r.0 == name).copied().unwrap();
    assert_eq!(why("SUV.nii.gz").1, "ok");
    near(&found.values("mtv_ml"), &[16.448], 1e-9);
    for (name, words) in
        [("CT.nii.gz", "no SUV"), ("CTres.nii.gz", "down to -1000"), ("SEG.nii.gz", "only the values 0 and 1")]
    {
        assert!(why(name).1 == "skipped" && why(name).2.contains(words), "{:?}", why(name));
    }
    let sts = shared("sts_pet");
    let found = run(&sts, "pet", &[]);
    let count = |status: &str| found.images.iter().filter(|r| r["status"] == status).count();
    assert_eq!((count("ok"), count("failed")), (3, 0), "{:?}", found.status());
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn impossible_doses_and_weights_are_refused_or_doubted() {
    let kbq = failing("06_dose_in_kbq");
    let found = run(&kbq, "pet", &[]);
    assert_eq!((found.only()["status"].as_str(), found.code), ("failed", Some(2)));
    assert!(found.only()["reason"].contains("may be in kBq"), "{}", found.only()["reason"]);
    // The remedy that it names.
    assert_eq!(run(&kbq, "pet", &["suv.dose_mbq=370"]).only()["status"], "ok");
    let heavy = failing("06_weight_700kg");
    let notes = run(&heavy, "pet", &[]).only()["warnings"].clone();
    assert!(notes.contains("700 kg") && notes.contains("body-mass index"), "{notes}");
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn a_dynamic_series_is_read_one_time_point_at_a_time() {
    let input = failing("12_dynamic");
    let none = run(&input, "pet", &[]);
    let reason = &none.only()["reason"];
    assert!(reason.contains("3 time points") && reason.contains("--set files.time=0"), "{reason}");
    for time in ["0", "2"] {
        let found = run(&input, "pet", &[&format!("files.time={time}")]);
        let row = found.only();
        assert_eq!(row["status"], "ok");
        assert!(row["notes"].contains(&format!("time point {time} of 3 is read")), "{}", row["notes"]);
        assert_eq!(row["size_z_px"], "4");
    }
    let beyond = run(&input, "pet", &["files.time=3"]);
    assert!(beyond.only()["reason"].contains("time point 3 of a series with 3"), "{}", beyond.only()["reason"]);
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn a_series_with_cut_files_is_refused_unless_the_user_allows_it() {
    let input = failing("fuzz-dicom-cut-slice");
    let found = run(&input, "pet", &[]);
    assert_eq!(found.code, Some(2), "nothing could be done");
    let failed = found.images.iter().filter(|r| r["status"] == "failed").count();
    assert_eq!((found.images.len(), failed), (3, 3), "{:?}", found.status());
    let series = found.images.iter().find(|r| r["reason"].contains("of its files are damaged")).unwrap();
    assert!(series["reason"].contains("s6.dcm") && series["reason"].contains("files.incomplete=true"));
    let allowed = run(&input, "pet", &["files.incomplete=true"]);
    assert_eq!(allowed.code, Some(1), "the damaged files still fail");
    let row = allowed.images.iter().find(|r| r["status"] == "ok").unwrap();
    assert!(row["warnings"].contains("6 of 8 slices are there"), "{}", row["warnings"]);
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn a_missing_unit_is_a_missing_fact() {
    let dicom = failing("pet2/01_dicom_without_units");
    let found = run(&dicom, "pet", &[]);
    assert_eq!(found.only()["status"], "failed");
    assert!(found.only()["reason"].contains("missing Units (0054,1001)"), "{}", found.only()["reason"]);
    let said = run(&dicom, "pet", &["suv.units=bqml", "suv.dose_mbq=370"]);
    assert_eq!(said.only()["status"], "ok", "the remedy: {}", said.only()["reason"]);
    let sidecar = failing("pet2/01_sidecar_without_units");
    let found = run(&sidecar.join("scan.nii.gz"), "pet", &[]);
    assert!(found.only()["reason"].contains("missing Units"), "{}", found.only()["reason"]);
    let enhanced = failing("pet2/01_enhanced_rescaletype_only");
    let found = run(&enhanced, "pet", &[]);
    assert_eq!(found.only()["status"], "ok", "{}", found.only()["reason"]);
    near(&found.values("suv_max"), &[8.0, 6.0], 1e-3);
    near(&found.values("mtv_ml"), &[6.768, 4.752], 1e-9);
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn a_half_life_that_is_not_the_nuclides_is_doubted() {
    let input = failing("pet2/05_ga68_half_life_of_f18/scan.nii.gz");
    let found = run(&input, "pet", &[]);
    let notes = &found.only()["warnings"];
    assert!(notes.contains("half-life of Ga68 is 4062.6 s") && notes.contains("1.26"), "{notes}");
    near(&run(&input, "pet", &["suv.half_life_s=4062.6"]).values("suv_max")[..1], &[8.0], 1e-3);
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn no_liver_is_found_in_half_a_body() {
    let input = failing("pet2/06_half_body/scan.nii.gz");
    let found = run(&input, "pet-percist", &[]);
    assert_eq!(found.only()["status"], "failed");
    assert!(found.only()["reason"].contains("cut off at a side"), "{}", found.only()["reason"]);
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn small_animals_have_a_preset_and_dropped_objects_are_told() {
    let input = failing("pet2/08_mouse/scan.nii.gz");
    let human = run(&input, "pet", &[]);
    assert!(human.lesions.is_empty());
    let notes = &human.only()["notes"];
    assert!(notes.contains("lesions: 1 of 1 objects dropped by size"), "{notes}");
    let small = run(&input, "pet-small", &[]);
    near(&small.values("suv_max"), &[6.0], 1e-2);
    near(&small.values("mtv_ml"), &[0.065], 0.05);
    // 25 is a weight in g: an SUV a thousand times too high.
    let grams = run(&input, "pet-small", &["suv.weight_kg=25"]);
    assert!(grams.only()["reason"].contains("SUV above 200"), "{}", grams.only()["reason"]);
}

/// Both visits measured and compared: the row.
fn compared(name: &str, baseline: &[&str], followup: &[&str], more: &[&str]) -> Row {
    let input = failing(&format!("pet2/{name}"));
    let one = |visit: &str| {
        let folder = input.join(visit);
        let nifti = folder.join("scan.nii.gz");
        if nifti.is_file() { nifti } else { folder }
    };
    let before = run(&one("baseline"), "pet-percist", baseline);
    let after = run(&one("followup"), "pet-percist", followup);
    let mut command = Command::new(env!("CARGO_BIN_EXE_uptake"));
    let out = command.arg("compare").arg(before.out()).arg(after.out()).args(more).output().unwrap();
    let mut rows = csv::Reader::from_reader(out.stdout.as_slice());
    let row: Option<Row> = rows.deserialize().next().map(|r| r.unwrap());
    row.unwrap_or_else(|| panic!("{name}: {}", String::from_utf8_lossy(&out.stderr)))
}

#[track_caller]
fn judged(row: &Row, response: &str, words: &str) {
    assert_eq!(row["response"], response, "{} | {}", row["reason"], row["notes"]);
    assert!(row["reason"].contains(words) || row["notes"].contains(words), "{} | {}", row["reason"], row["notes"]);
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn complete_response_is_measured_at_the_sites_of_the_baseline() {
    let row = compared("02_not_complete", &[], &[], &[]);
    judged(&row, "NE", "the sites of the baseline were not measured");
    // The remedy that it names.
    let input = failing("pet2/02_not_complete");
    let before = run(&input.join("baseline/scan.nii.gz"), "pet-percist", &[]);
    let labels = before.out().join("labels/scan_lesions.nii.gz");
    let sites = format!("labels.sites={}", labels.display());
    let row = compared("02_not_complete", &[], &[&sites], &[]);
    judged(&row, "PMR", "sul_peak changed by");
    let peak: f64 = row["sul_peak_followup"].parse().unwrap();
    assert!((peak - 2.2).abs() < 0.1, "{peak}");
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn scans_that_do_not_belong_together_are_not_judged() {
    let row = compared("03_another_person", &[], &[], &[]);
    judged(&row, "NE", "the sex is M, then F");
    judged(&row, "NE", "the height is 1.78 m, then 1.58 m");
    let anyway = compared("03_another_person", &[], &[], &["--judge-anyway"]);
    judged(&anyway, "PMR", "the sex is M, then F");
    let at = "objects.liver.sphere.at=[-48,-6,-12]";
    judged(&compared("03_order_of_dates", &[at], &[at], &[]), "NE", "not after the baseline");
    let other = "objects.lesions.steps.0.factor=4";
    let row = compared("04_thresholds_differ", &[], &[other], &[]);
    judged(&row, "NE", "objects.lesions.steps.0.factor is 1.5, then 4");
    judged(&compared("11_not_assessable", &[], &[], &[]), "NE", "uptake time is 60.0 min, then 105.0 min");
    let row = compared("10_percist_of_psma", &[], &[], &[]);
    assert!(row["notes"].contains("made for FDG"), "{}", row["notes"]);
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn tlg_and_other_lesions_count_as_the_paper_has_it() {
    let row = compared("07_tlg_rises_sul_falls", &[], &[], &[]);
    judged(&row, "PMR", "counts only where sul_peak does not fall");
    assert!(row["rules"].contains("Wahl 2009"), "{}", row["rules"]);
    let row = compared("09_other_lesion_grows", &[], &[], &[]);
    judged(&row, "NE", "the lesion at x");
}
