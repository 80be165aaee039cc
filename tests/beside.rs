//! Masks beside a scan that a recipe can do without: those that are there are used, and what is called almost so is told. Kind: regression
//! (an exclusion mask that was not seen made a lesion of the bladder).

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::nifti::Nifti;
use std::path::Path;
use std::process::Command;

/// Two blocks of 4 x 4 x 4 voxels of 64 mm3 and SUV 9, or a mask of the second one.
fn write(path: &Path, is_mask: bool) {
    let numbers: Vec<f64> = (0..20 * 12 * 12)
        .map(|i| {
            let [z, y, x] = [i / 240, i / 20 % 12, i % 20];
            let is_in = |from: usize| (4..8).contains(&z) && (4..8).contains(&y) && (from..from + 4).contains(&x);
            let noise = 500.0 + (i * 7919 % 101) as f64;
            match is_mask {
                true => f64::from(u8::from(is_in(12))),
                false if is_in(3) || is_in(12) => 9000.0,
                false => noise,
            }
        })
        .collect();
    let mut file = Nifti::new([20, 12, 12], &numbers);
    file.slope = if is_mask { [1.0, 0.0] } else { [1e-3, 0.0] };
    file.matrix = [[-4.0, 0.0, 0.0, 0.0], [0.0, -4.0, 0.0, 0.0], [0.0, 0.0, 4.0, 0.0]];
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, file.bytes()).unwrap();
}

/// Number of lesions, and what is warned of.
fn measured(dir: &Path, scan: &str, mask: &str, more: &[&str]) -> (String, String) {
    let folder = dir.join(format!("{scan}_{mask}"));
    write(&folder.join(scan), false);
    if !mask.is_empty() {
        write(&folder.join(mask), true);
    }
    let out = folder.join("out");
    let given = [folder.join(scan), out.clone()].map(|path| path.to_string_lossy().into_owned());
    let args = ["run", &given[0], "--recipe", "pet", "--device", "cpu", "--quiet", "--no-overlays", "--out", &given[1]];
    let args = args.iter().chain(more);
    let run = Command::new(env!("CARGO_BIN_EXE_uptake")).args(args).output().unwrap();
    let table = std::fs::read_to_string(out.join("images.csv")).unwrap_or_else(|_| panic!("{run:?}"));
    let mut table = csv::Reader::from_reader(table.as_bytes());
    let row: std::collections::BTreeMap<String, String> = table.deserialize().next().unwrap().unwrap();
    (row["count_lesions"].clone(), row["warnings"].clone())
}

#[test]
fn a_mask_is_found_packed_or_not() {
    let dir = tempfile::tempdir().unwrap();
    let smallest = ["--set", "objects.lesions.steps.3.at_least=[\"0.5 ml\"]"];
    let count = |scan: &str, mask: &str| measured(dir.path(), scan, mask, &smallest).0;
    assert_eq!(count("P.nii", ""), "2");
    // What is called `.nii.gz` is not packed here: the content decides.
    for (scan, mask) in [("P.nii.gz", "P_exclude.nii.gz"), ("P.nii", "P_exclude.nii"), ("P.nii.gz", "P_exclude.nii")] {
        assert_eq!(count(scan, mask), "1", "{scan} {mask}");
    }
}

/// Regression: of these only names that begin with `P_exclude` were told, and the lesions of the rest held the bladder.
#[test]
fn what_is_called_almost_so_is_told() {
    let dir = tempfile::tempdir().unwrap();
    for mask in [
        "P_Exclude.nii.gz",
        "P_excluded.nii",
        "P_exclude_2.nii.gz",
        "exclude.nii.gz",
        "P-exclude.nii.gz",
        "P exclude.nii.gz",
        "Pexclude.nii.gz",
        "P_exclusion.nii.gz",
        "P_mask_exclude.nii.gz",
        "P.nii_exclude.nii.gz",
        "p_exclude.nii.gz",
    ] {
        let (_, warnings) = measured(dir.path(), "P.nii.gz", mask, &[]);
        assert!(warnings.contains(&format!("{mask} is not read: the recipe looks for P_exclude.nii.gz")), "{warnings}");
    }
    assert!(
        measured(dir.path(), "sub-1_pet.nii.gz", "sub-1_exclude.nii.gz", &[])
            .1
            .contains("sub-1_exclude.nii.gz is not read")
    );
    for mask in ["P_mask.nii.gz", "Q_excluded.nii.gz", "P10_exclude.nii.gz"] {
        assert!(!measured(dir.path(), "P.nii.gz", mask, &[]).1.contains("is not read"), "{mask}");
    }
}

/// The masks of other scans are not told, whether they are read or not.
#[test]
fn what_another_scan_is_called_after_is_not_told() {
    let dir = tempfile::tempdir().unwrap();
    for scan in ["P.nii.gz", "P_2.nii.gz", "P_3.nii.gz"] {
        write(&dir.path().join("in").join(scan), false);
    }
    for mask in ["P_2_exclude.nii.gz", "P_3-exclude.nii.gz"] {
        write(&dir.path().join("in").join(mask), true);
    }
    let args = ["run", "in", "--recipe", "pet", "--device", "cpu", "--quiet", "--no-overlays", "--out", "out"];
    let run = Command::new(env!("CARGO_BIN_EXE_uptake")).current_dir(dir.path()).args(args).output().unwrap();
    let table = std::fs::read_to_string(dir.path().join("out/images.csv")).unwrap_or_else(|_| panic!("{run:?}"));
    let mut table = csv::Reader::from_reader(table.as_bytes());
    let told = |row: &std::collections::BTreeMap<String, String>| row["warnings"].matches("is not read").count();
    let all = table.deserialize().map(|row| row.unwrap());
    let rows: Vec<std::collections::BTreeMap<String, String>> =
        all.filter(|row: &std::collections::BTreeMap<String, String>| row["status"] == "ok").collect();
    assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), [0, 0, 1], "{rows:?}");
}

/// Regression: with values that are no SUV the preset's limit of SUV 4 was one of 4 Bq/ml.
#[test]
fn limits_in_suv_on_other_values_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let words = "lesions: 4 is a limit in SUV, but the image is in Bq/ml: what is found by it means nothing";
    let warnings = |scan: &str, units: &str| measured(dir.path(), scan, "", &["--set", units]).1;
    assert!(warnings("P.nii.gz", "suv.units=bqml").contains(words), "{}", warnings("P.nii.gz", "suv.units=bqml"));
    assert!(!warnings("Q.nii.gz", "suv.units=suv").contains("limit in SUV"));
}
