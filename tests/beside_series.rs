//! Masks of DICOM series that are found by names: of the folder, of the series, of the file. Kind: regression (an exclusion mask that was
//! not seen where two series share a folder made a lesion of the bladder), mechanics (remedies).

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;
#[path = "common/pet_slices.rs"]
mod pet_slices;

use common::bench::{Bench, Row, rows, words};
use common::nifti::Nifti;
use dicom_core::VR;
use dicom_dictionary_std::tags;
use pet_slices::{SIDE, SLICES, in_lesion, put, save, series, slice};

/// A mask of the lesion, on the grid of the series or shifted by so many mm.
fn mask(bench: &Bench, name: &str, shift: f64) {
    let voxel = |i: usize| in_lesion(i / (SIDE * SIDE), i / SIDE % SIDE, i % SIDE);
    let numbers: Vec<f64> = (0..SLICES * SIDE * SIDE).map(|i| f64::from(u8::from(voxel(i)))).collect();
    let mut file = Nifti::new([SIDE as i64, SIDE as i64, SLICES as i64], &numbers);
    file.slope = [1.0, 0.0];
    file.matrix = [[-10.0, 0.0, 0.0, -10.0 - shift], [0.0, -10.0, 0.0, -20.0], [0.0, 0.0, 10.0, 0.0]];
    bench.write(name, file.bytes());
}

/// Two reconstructions in one folder, as archives export them.
fn two_series() -> Bench {
    let bench = Bench::with("");
    for number in [1, 2] {
        series(&bench.at("in/P1/PET"), number, 9, |_, _| {});
    }
    bench
}

fn run(bench: &Bench, more: &[&str]) -> Vec<Row> {
    let args = ["run", "in", "--recipe", "pet", "--device", "cpu", "--no-overlays", "--out", "out", "--overwrite"];
    let output = bench.uptake(&args.iter().chain(more).copied().collect::<Vec<_>>());
    let mut all = rows(&bench.at("out/images.csv"));
    all.retain(|row| row["status"] != "skipped");
    assert!(!all.is_empty(), "{}", words(&output));
    all
}

/// How many lesions each image has.
fn lesions(rows: &[Row]) -> Vec<(&str, &str)> {
    rows.iter().map(|row| (row["image"].as_str(), row["count_lesions"].as_str())).collect()
}

#[test]
fn a_mask_by_the_name_of_the_folder_serves_all_its_series() {
    for name in ["in/P1/PET_exclude.nii.gz", "in/P1/PET_exclude.nii", "in/P1/PET/PET_exclude.nii.gz"] {
        let bench = two_series();
        assert_eq!(lesions(&run(&bench, &[])), [("P1/PET/PT_1", "1"), ("P1/PET/PT_2", "1")]);
        mask(&bench, name, 0.0);
        let rows = run(&bench, &[]);
        assert_eq!(lesions(&rows), [("P1/PET/PT_1", "0"), ("P1/PET/PT_2", "0")], "{name}");
        assert!(rows.iter().all(|row| !row["warnings"].contains("is not read")), "{rows:?}");
    }
    // A series that is alone in its folder.
    for name in ["in/P1/PET_exclude.nii.gz", "in/P1/PET/PET_exclude.nii.gz", "in/P1/PET/PT_1_exclude.nii.gz"] {
        let bench = Bench::with("");
        series(&bench.at("in/P1/PET"), 1, 9, |_, _| {});
        mask(&bench, name, 0.0);
        assert_eq!(run(&bench, &[])[0]["count_lesions"], "0", "{name}");
    }
}

#[test]
fn of_two_masks_both_are_told() {
    let bench = two_series();
    mask(&bench, "in/P1/PET_exclude.nii.gz", 0.0);
    mask(&bench, "in/P1/PET/PET_exclude.nii.gz", 0.0);
    let told = "PET/PET_exclude.nii.gz is not read as the set \"excluded\", as PET_exclude.nii.gz is there too: remove or rename";
    for row in run(&bench, &[]) {
        assert!(row["count_lesions"] == "0" && row["warnings"].contains(told), "{row:?}");
    }
    // The remedies.
    for row in run(&bench, &["--set", "labels.excluded=in/P1/PET_exclude.nii.gz"]) {
        assert!(row["count_lesions"] == "0" && !row["warnings"].contains("is not read"), "{row:?}");
    }
    std::fs::remove_file(bench.at("in/P1/PET_exclude.nii.gz")).unwrap();
    for row in run(&bench, &[]) {
        assert!(row["count_lesions"] == "0" && !row["warnings"].contains("is not read"), "{row:?}");
    }
}

#[test]
fn a_mask_that_fits_none_may_be_drawn_for_each() {
    let bench = two_series();
    mask(&bench, "in/P1/PET_exclude.nii.gz", 5.0);
    for (row, number) in run(&bench, &[]).iter().zip(1..) {
        let remedy = format!("or for this series of the folder alone a file PT_{number}_exclude.nii.gz in it");
        assert!(row["status"] == "failed" && row["reason"].contains("lie on another grid"), "{row:?}");
        assert!(row["reason"].contains(&remedy) && row["reason"].contains("resample = true"), "{row:?}");
    }
    let rows = run(&bench, &["--set", "objects.excluded.resample=true"]);
    assert!(rows.iter().all(|row| row["status"] == "ok"), "{rows:?}");
    mask(&bench, "in/P1/PET/PT_1_exclude.nii.gz", 0.0);
    let rows = run(&bench, &[]);
    assert_eq!((&*rows[0]["count_lesions"], &*rows[1]["status"]), ("0", "failed"), "{rows:?}");
}

/// Regression: of enhanced PET, several files in one folder, nothing told which row is which file, and no mask was found.
#[test]
fn a_series_of_one_file_is_known_by_it() {
    let bench = Bench::with("");
    for (name, number) in [("a.dcm", 1), ("b.dcm", 2)] {
        let mut file = slice(number, 3, 9);
        put(&mut file, tags::STUDY_INSTANCE_UID, VR::UI, format!("1.2.{number}"));
        save(&bench.at("in/P1"), name, file);
    }
    let numbers: Vec<f64> = (0..SIDE * SIDE).map(|i| f64::from(u8::from(in_lesion(3, i / SIDE, i % SIDE)))).collect();
    let mut file = Nifti::new([SIDE as i64, SIDE as i64, 1], &numbers);
    file.slope = [1.0, 0.0];
    file.matrix = [[-10.0, 0.0, 0.0, -10.0], [0.0, -10.0, 0.0, -20.0], [0.0, 0.0, 10.0, 30.0]];
    bench.write("in/P1/b_exclude.nii.gz", file.bytes());
    let rows = run(&bench, &[]);
    for (row, file, lesions) in [(&rows[0], "a.dcm", "1"), (&rows[1], "b.dcm", "0")] {
        assert!(row["notes"].contains(&format!("the image is read from the file {file}")), "{row:?}");
        assert!(row["count_lesions"] == lesions && !row["warnings"].contains("is not read"), "{row:?}");
    }
    let planned = bench.uptake(&["run", "in", "--recipe", "pet", "--dry-run", "--out", "plan"]);
    let table = String::from_utf8_lossy(&planned.stdout);
    assert!(table.contains("b.dcm"), "{table}");
}

/// The label image of another set of the same image, whatever the set that is read from it is called.
#[test]
fn the_label_image_of_another_set_is_found_by_it() {
    let bench = two_series();
    run(&bench, &[]);
    std::fs::rename(bench.at("out"), bench.at("first")).unwrap();
    let rows = run(&bench, &["--set", "labels.excluded=first/labels/{written:lesions}"]);
    assert_eq!(lesions(&rows).iter().map(|(_, n)| *n).collect::<Vec<_>>(), ["0", "0"]);
    let output =
        bench.uptake(&["run", "in", "-r", "pet", "--out", "none", "--set", "labels.excluded=first/{writen:lesions}"]);
    assert!(words(&output).contains("{written:SET}"), "{}", words(&output));
}
