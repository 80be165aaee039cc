//! `uptake compare`: which scans are a baseline and a follow-up, measured alike. Scans and tables are made here.
//! Kinds: oracle (what a reader would say of each pair) and mechanics (remedies that are printed work, files that are spared).

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::nifti::Nifti;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

type Row = BTreeMap<String, String>;

fn uptake(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_uptake")).current_dir(dir).args(args).output().unwrap()
}

fn err(o: &Output) -> String {
    String::from_utf8_lossy(&o.stderr).into_owned()
}

fn rows(o: &Output) -> Vec<Row> {
    csv::Reader::from_reader(o.stdout.as_slice()).deserialize().map(|r| r.unwrap()).collect()
}

/// Compares two folders: the only row.
#[track_caller]
fn only(dir: &Path, more: &[&str]) -> Row {
    let o = uptake(dir, &[&["compare"], more].concat());
    let mut all = rows(&o);
    assert_eq!(all.len(), 1, "{}", err(&o));
    all.remove(0)
}

#[track_caller]
fn judged(row: &Row, response: &str, words: &str) {
    assert_eq!(row["response"], response, "{} | {}", row["reason"], row["notes"]);
    assert!(row["reason"].contains(words) || row["notes"].contains(words), "{} | {}", row["reason"], row["notes"]);
}

/// Tables of images with a lesion of SULpeak 8 each: name, patient, time of the scan, time of the injection, status.
fn tables(folder: &Path, images: &[[&str; 5]]) {
    let columns = "image,status,reason,count_lesions,patient_id,acquisition_time,injection_time,study_date";
    let (mut all, mut lesions) = (columns.to_string(), "image,label,sul_peak,percist_measurable".to_string());
    for [name, patient, time, injection, status] in images {
        if *status == "ok" {
            all += &format!("\n{name},ok,,1,{patient},{time},{injection},");
            lesions += &format!("\n{name},1,8.0,1");
        } else {
            // Of a scan that failed the headers are known, and no more.
            all += &format!("\n{name},{status},cut off,,{patient},,,{}", time[..10].replace('-', ""));
        }
    }
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("images.csv"), all).unwrap();
    fs::write(folder.join("lesions.csv"), lesions).unwrap();
}

const JANUARY: [&str; 2] = ["2024-01-15T10:00:00", "2024-01-15T09:00:00"];
/// Another bed of the same examination.
const LEGS: [&str; 2] = ["2024-01-15T10:10:00", "2024-01-15T09:00:00"];
const MARCH: [&str; 2] = ["2024-03-15T10:00:00", "2024-03-15T09:00:00"];
const JUNE: [&str; 2] = ["2024-06-15T10:00:00", "2024-06-15T09:00:00"];

fn scan<'a>(name: &'a str, [time, injection]: [&'a str; 2]) -> [&'a str; 5] {
    [name, "P1", time, injection, "ok"]
}

fn failed<'a>(name: &'a str, time: [&'a str; 2]) -> [&'a str; 5] {
    [name, "P1", time[0], "", "failed"]
}

/// Regression: whole body and legs of one day were a baseline and a follow-up, whose SULpeak fell by 37.5 %.
#[test]
fn two_series_of_one_injection_are_one_examination() {
    let dir = tempfile::tempdir().unwrap();
    let (body, legs) = (scan("body", JANUARY), scan("legs", LEGS));
    tables(&dir.path().join("all"), &[body, legs]);
    tables(&dir.path().join("b"), &[body]);
    tables(&dir.path().join("f"), &[legs]);
    let why = "both scans follow the injection of 2024-01-15 09:00; a follow-up is of another day";
    let o = uptake(dir.path(), &["compare", "all", "all"]);
    assert_eq!(o.status.code(), Some(2));
    // Once for the patient.
    for (row, response) in rows(&o).iter().zip(["NE", ""]) {
        judged(row, response, &format!("2 images of the patient (body, legs), one examination: {why}"));
    }
    judged(&only(dir.path(), &["b", "f"]), "NE", why);
    fs::write(dir.path().join("pairs.csv"), "patient,baseline,followup\nP1,body,legs\n").unwrap();
    judged(&only(dir.path(), &["all", "all", "--pairs", "pairs.csv"]), "NE", why);
    judged(&only(dir.path(), &["all", "all", "--pairs", "pairs.csv", "--judge-anyway"]), "SMD", why);
    // Past midnight it is the next day, but the same injection; without times the day tells.
    tables(&dir.path().join("f"), &[scan("late", ["2024-01-16T00:10:00", JANUARY[1]])]);
    judged(&only(dir.path(), &["b", "f"]), "NE", "both scans follow the injection");
    tables(&dir.path().join("f"), &[scan("bare", [LEGS[0], ""])]);
    judged(&only(dir.path(), &["b", "f"]), "NE", "both scans are of 2024-01-15");
    tables(&dir.path().join("f"), &[scan("later", MARCH)]);
    judged(&only(dir.path(), &["b", "f"]), "SMD", "");
}

/// Regression: of three time points the one that failed was left out, and the scan after therapy became the baseline.
#[test]
fn a_time_point_that_failed_is_not_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("all");
    let reasons = |images: &[[&str; 5]]| -> Vec<[String; 4]> {
        tables(&folder, images);
        let o = uptake(dir.path(), &["compare", "all", "all"]);
        rows(&o).iter().map(|r| ["baseline", "followup", "response", "reason"].map(|c| r[c].clone())).collect()
    };
    let three = "3 images of the patient (jan, jun, mar), which is the baseline and which the follow-up is not known; \
                 --pairs FILE can name it";
    for images in [
        [failed("jan", JANUARY), scan("jun", JUNE), scan("mar", MARCH)],
        [scan("jan", JANUARY), failed("jun", JUNE), scan("mar", MARCH)],
    ] {
        for (row, response) in reasons(&images).iter().zip(["NE", "", ""]) {
            assert_eq!(&row[1..], ["".to_string(), response.into(), three.into()], "{row:?}");
        }
    }
    // The remedy.
    fs::write(dir.path().join("pairs.csv"), "patient,baseline,followup\nP1,jan,mar\n").unwrap();
    let o = uptake(dir.path(), &["compare", "all", "all", "--pairs", "pairs.csv"]);
    judged(&rows(&o)[0], "SMD", "");
    // One that failed beside the right one of its day, as a series without correction for attenuation does, is not meant.
    let all = reasons(&[scan("jan", JANUARY), failed("nac", JANUARY), scan("mar", MARCH)]);
    assert_eq!(all[0][..3], ["jan", "mar", "SMD"].map(str::to_string));
    // One that failed alone is a time point.
    let all = reasons(&[scan("jan", JANUARY), failed("mar", MARCH)]);
    assert_eq!(all[0], ["jan", "mar", "NE", "followup failed: cut off"].map(str::to_string));
    // In two folders just so.
    tables(&dir.path().join("b"), &[scan("jan", JANUARY)]);
    tables(&dir.path().join("f"), &[scan("mar", MARCH), failed("jun", JUNE)]);
    let row = rows(&uptake(dir.path(), &["compare", "b", "f"])).remove(0);
    judged(&row, "NE", "2 images of the patient at follow-up (mar, jun)");
}

/// Regression: a slip of the keyboard made an image its own follow-up, stable to the last digit.
#[test]
fn an_image_is_no_follow_up_of_itself() {
    let dir = tempfile::tempdir().unwrap();
    tables(&dir.path().join("all"), &[scan("a", JANUARY), scan("b", MARCH)]);
    fs::write(dir.path().join("pairs.csv"), "patient,baseline,followup\nP1,a,b\nP1,b,b\n").unwrap();
    let o = uptake(dir.path(), &["compare", "all", "all", "--pairs", "pairs.csv"]);
    assert_eq!(o.status.code(), Some(2));
    assert!(err(&o).contains("pairs.csv: line 3: b is the follow-up of itself"), "{}", err(&o));
    // Two folders may well have images of one name.
    tables(&dir.path().join("f"), &[scan("a", MARCH)]);
    fs::write(dir.path().join("pairs.csv"), "patient,baseline,followup\nP1,a,a\n").unwrap();
    judged(&rows(&uptake(dir.path(), &["compare", "all", "f", "--pairs", "pairs.csv"]))[0], "SMD", "");
}

/// Regression: `--out baseline/lesions.csv` put the response in the place of the lesions.
#[test]
fn no_table_that_is_read_is_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    tables(&dir.path().join("b"), &[scan("a", JANUARY)]);
    tables(&dir.path().join("f"), &[scan("a", MARCH)]);
    fs::write(dir.path().join("pairs.csv"), "patient,baseline,followup\nP1,a,a\n").unwrap();
    let before = fs::read(dir.path().join("b/lesions.csv")).unwrap();
    let compare = |out: &str| uptake(dir.path(), &["compare", "b", "f", "--pairs", "pairs.csv", "--out", out]);
    for (out, words) in [
        ("b/lesions.csv", "a file of one of the runs"),
        ("f/../b/images.csv", "a file of one of the runs"),
        ("f/sites.csv", "a file of one of the runs"),
        ("pairs.csv", "it is the pairs file"),
    ] {
        let o = compare(out);
        assert!(o.status.code() == Some(2) && err(&o).contains(words), "{out}: {}", err(&o));
        assert!(err(&o).contains("try: --out with another name, like response.csv"), "{}", err(&o));
    }
    assert_eq!(fs::read(dir.path().join("b/lesions.csv")).unwrap(), before);
    // A response may lie there, and be replaced.
    for _ in 0..2 {
        assert_eq!(compare("b/response.csv").status.code(), Some(0));
    }
}

/// Side of the phantom in voxels of 4 mm.
const SIDE: usize = 24;

/// A NIfTI with a sidecar: ground of SUV 0.5, a liver of SUV 2 around a place in mm, and a lesion of 14 mm at (64, 40, 48).
fn phantom(path: &Path, liver: [f64; 3], lesion: f64, sex: Option<&str>) {
    let inside = |at: [f64; 3], centre: [f64; 3], radius: f64| {
        (0..3).map(|k| (at[k] - centre[k]).powi(2)).sum::<f64>() <= radius * radius
    };
    let voxel = |i: usize| {
        let at = [i % SIDE, i / SIDE % SIDE, i / (SIDE * SIDE)].map(|n| 4.0 * n as f64);
        match () {
            _ if inside(at, [64.0, 40.0, 48.0], 14.0) => lesion,
            // Not quite even, as no liver is.
            _ if inside(at, liver, 20.0) => 2.0 + 0.1 * ((i % 3) as f64 - 1.0),
            _ => 0.5,
        }
    };
    let numbers: Vec<f64> = (0..SIDE * SIDE * SIDE).map(voxel).collect();
    // x to the left and y to the back, as patients have it.
    let matrix = [[-4.0, 0.0, 0.0, 0.0], [0.0, -4.0, 0.0, 0.0], [0.0, 0.0, 4.0, 0.0]];
    let file = Nifti { code: 16, matrix, ..Nifti::new([SIDE as i64; 3], &numbers) };
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, file.bytes()).unwrap();
    let mut sidecar: Value = json!({
        "Modality": "PT", "TracerName": "FDG", "TracerRadionuclide": "F18", "Units": "g/mL", "SUVType": "BW",
        "InjectedRadioactivity": 350, "InjectedRadioactivityUnits": "MBq", "BodyWeight": 70, "BodyHeight": 1.75,
        "RadionuclideHalfLife": 6586.2, "AttenuationCorrection": "CT", "TimeZero": "10:00:00", "ScanStart": 0,
        "InjectionStart": -3600, "ImageDecayCorrected": true, "ImageDecayCorrectionTime": 0
    });
    sidecar["Sex"] = sex.map_or(Value::Null, Value::from);
    sidecar.as_object_mut().unwrap().retain(|_, v| !v.is_null());
    fs::write(path.with_extension("json"), sidecar.to_string()).unwrap();
}

/// A run of a folder, with the liver at a place.
#[track_caller]
fn run(dir: &Path, input: &[&str], out: &str, liver: [f64; 3], settings: &[&str]) {
    let at = format!("objects.liver.sphere.at={liver:?}");
    let mut args = [&["run"], input].concat();
    args.extend(["--recipe", "pet-percist", "--device", "cpu", "--no-overlays", "--quiet", "--out", out]);
    if liver != [0.0; 3] {
        args.extend(["--set", at.as_str()]);
    }
    settings.iter().for_each(|s| args.extend(["--set", s]));
    let o = uptake(dir, &args);
    assert_eq!(o.status.code(), Some(0), "{}", err(&o));
}

/// Where the liver is, in the first scan and in the second.
const LIVER: [[f64; 3]; 2] = [[32.0, 64.0, 40.0], [32.0, 64.0, 56.0]];

/// Regression: a patient who lay otherwise in the second scan was lost, as the place of the liver was taken for a part of the recipe.
#[test]
fn patients_need_not_lie_alike() {
    let dir = tempfile::tempdir().unwrap();
    phantom(&dir.path().join("before/p.nii"), LIVER[0], 8.0, Some("M"));
    phantom(&dir.path().join("after/p.nii"), LIVER[1], 5.0, Some("M"));
    run(dir.path(), &["before"], "b", LIVER[0], &[]);
    run(dir.path(), &["after"], "f", LIVER[1], &[]);
    judged(&only(dir.path(), &["b", "f"]), "PMR", "sul_peak changed by -37.5 %");
    // By a sheet as well.
    let sheet = format!("path,set.objects.liver.sphere.at\nafter/p.nii,\"{:?}\"\n", LIVER[1]);
    fs::write(dir.path().join("sheet.csv"), sheet).unwrap();
    run(dir.path(), &["--sheet", "sheet.csv"], "s", [0.0; 3], &[]);
    judged(&only(dir.path(), &["b", "s"]), "PMR", "sul_peak changed by -37.5 %");
    // A liver that somebody drew.
    run(dir.path(), &["after"], "m", [0.0; 3], &["labels.liver=f/labels/p.nii_liver.nii.gz"]);
    let row = only(dir.path(), &["b", "m"]);
    judged(&row, "PMR", "the set liver is a sphere of 30 mm, then read from a file");
}

/// Regression: only the object sets of recipes were compared, and not what a sheet changed for single images.
#[test]
fn whatever_changes_numbers_is_compared() {
    let dir = tempfile::tempdir().unwrap();
    for visit in ["before", "after"] {
        phantom(&dir.path().join(visit).join("p.nii"), LIVER[0], if visit == "after" { 7.9 } else { 8.0 }, Some("M"));
    }
    run(dir.path(), &["before"], "b", LIVER[0], &[]);
    let against = |out: &str, words: &str| judged(&only(dir.path(), &["b", out]), "NE", words);
    run(dir.path(), &["after"], "g", LIVER[0], &["grid.voxel=6 mm"]);
    against("g", "other recipes: grid.voxel is nothing, then 6 mm (measure both scans with one recipe)");
    fs::write(dir.path().join("sheet.csv"), "path,set.objects.lesions.steps.0.factor\nafter/p.nii,3.0\n").unwrap();
    run(dir.path(), &["--sheet", "sheet.csv"], "s", LIVER[0], &[]);
    against("s", "other recipes: objects.lesions.steps.0.factor is 1.5, then 3");
    let preset = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes/pet-percist.toml")).unwrap();
    let preset = preset.replace("features = [\"lesion\", \"shape\"]", "features = [\"lesion\"]\nchannels = [\"flat\"]");
    let flat = "\n[images.flat]\nchannel = \"pet\"\nsteps = [{ op = \"gaussian\", sigma = \"8 mm\" }]\n";
    fs::write(dir.path().join("flat.toml"), format!("{preset}{flat}")).unwrap();
    let at = format!("objects.liver.sphere.at={:?}", LIVER[0]);
    let args =
        ["run", "after", "--recipe", "flat.toml", "--device", "cpu", "--no-overlays", "--out", "i", "--set", &at];
    let o = uptake(dir.path(), &args);
    assert_eq!(o.status.code(), Some(0), "{}", err(&o));
    against("i", "images.flat.channel is nothing, then pet");
    // What changes no number does not count.
    let settings = ["output.lengths=um", "description=mine", "suv.weight_kg=70"];
    run(dir.path(), &["after"], "o", LIVER[0], &settings);
    judged(&only(dir.path(), &["b", "o"]), "SMD", "sul_peak changed by -1.");
    // Two copies of one file.
    fs::create_dir(dir.path().join("copy")).unwrap();
    for end in ["nii", "json"] {
        fs::copy(dir.path().join("before/p").with_extension(end), dir.path().join("copy/q").with_extension(end))
            .unwrap();
    }
    run(dir.path(), &["copy"], "c", LIVER[0], &[]);
    against("c", "both were read from the same files, or from copies of them");
}

/// The words after `--set ` in a reason.
fn remedy(row: &Row) -> String {
    let (_, after) = row["reason"].split_once("--set ").unwrap();
    after.split([' ', ';']).next().unwrap().to_owned()
}

/// Regression: without a sex SUL comes from the mean of two formulas, and a stable disease became a partial response.
#[test]
fn sul_of_both_scans_is_of_one_formula() {
    let dir = tempfile::tempdir().unwrap();
    phantom(&dir.path().join("before/p.nii"), LIVER[0], 8.0, Some("M"));
    phantom(&dir.path().join("after/p.nii"), LIVER[0], 5.9, None);
    run(dir.path(), &["before"], "b", LIVER[0], &[]);
    run(dir.path(), &["after"], "f", LIVER[0], &[]);
    let row = only(dir.path(), &["b", "f"]);
    judged(&row, "NE", "the sex is M, then O or not known (SUL over SUV is 0.798, then 0.722)");
    let remedy = remedy(&row);
    assert_eq!(remedy, "suv.sex=M");
    run(dir.path(), &["after"], "known", LIVER[0], &[&remedy]);
    judged(&only(dir.path(), &["b", "known"]), "SMD", "sul_peak changed by -26.");
    // Of neither it is known: one formula, and the run has warned.
    run(dir.path(), &["before"], "o", LIVER[0], &["suv.sex=O"]);
    judged(&only(dir.path(), &["o", "f"]), "SMD", "followup was warned of: ");
}

/// Regression: the remedy named a file that is not there.
#[test]
fn the_file_of_the_sites_is_the_one_that_is_there() {
    let dir = tempfile::tempdir().unwrap();
    phantom(&dir.path().join("before/p.nii"), LIVER[0], 8.0, Some("M"));
    phantom(&dir.path().join("after/p.nii"), LIVER[0], 2.6, Some("M"));
    run(dir.path(), &["before"], "b", LIVER[0], &[]);
    run(dir.path(), &["after"], "f", LIVER[0], &[]);
    let row = only(dir.path(), &["b", "f"]);
    let remedy = remedy(&row);
    assert_eq!(remedy, "labels.sites=b/labels/p.nii_lesions.nii.gz");
    run(dir.path(), &["after"], "sites", LIVER[0], &[&remedy]);
    judged(&only(dir.path(), &["b", "sites"]), "PMR", "sul_peak changed by -67.5 %");
    // A series has a folder of its own, and without label images there is nothing to measure at.
    fs::create_dir(dir.path().join("b/labels/p.nii")).unwrap();
    let file = dir.path().join(remedy.trim_start_matches("labels.sites="));
    fs::rename(file, dir.path().join("b/labels/p.nii/lesions.nii.gz")).unwrap();
    judged(&only(dir.path(), &["b", "f"]), "NE", "labels.sites=b/labels/p.nii/lesions.nii.gz");
    fs::remove_dir_all(dir.path().join("b/labels")).unwrap();
    judged(&only(dir.path(), &["b", "f"]), "NE", "(b has no label image of p.nii: run it without --no-labels)");
}
