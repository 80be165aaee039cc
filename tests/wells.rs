//! The names of wells in sheets, paths, cutoffs and groups: whatever form they are written in, one well is one.
//! Kind: mechanics.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::bench::{Bench, Row, rows, words};
use std::process::Output;

const RECIPE: &str = "
[channels]
marker = ['1']
[objects.cells]
channel = 'marker'
steps = [{ op = 'threshold', method = 'fixed', value = 40.0 }]
[measure.cells]
features = ['intensity']
[groups]
by = ['plate', 'well']
";
const PLATES: &str = "[plates]\ncolumns = ['count_cells']\n";

/// Nine cells, the brighter the larger `light` is.
fn picture(bench: &Bench, name: &str, light: u8) {
    let at = |x: u32, y: u32| {
        let is_cell = (2..8).contains(&(x % 10)) && (2..8).contains(&(y % 10));
        image::Luma([if is_cell { 50 + light + (x / 10 + y / 10 * 3) as u8 } else { 5 }])
    };
    let path = bench.at(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    image::GrayImage::from_fn(30, 30, at).save(path).unwrap();
}

fn run(bench: &Bench, out: &str, more: &[&str]) -> Output {
    let args = ["run", "-r", "recipe.toml", "--device", "cpu", "--no-overlays", "--no-labels", "-o", out];
    let groups = ["--set", "files.groups=\"{plate}/{well}_s{site}_w{channel}\""];
    bench.uptake(&[&args[..], &groups, more].concat())
}

fn cells<'r>(table: &'r [Row], column: &str) -> Vec<&'r str> {
    table.iter().map(|row| row[column].as_str()).collect()
}

/// Regression: refused as two wells, and with the words that the plate was empty, which the path says.
#[test]
fn a_sheet_and_a_path_may_write_a_well_in_two_forms() {
    for (recipe, plate) in
        [(RECIPE.to_string(), ""), (format!("{RECIPE}{PLATES}"), ""), (format!("{RECIPE}{PLATES}"), ",P1")]
    {
        let bench = Bench::with(&recipe);
        let header = if plate.is_empty() { "path,well,dose\n" } else { "path,well,dose,plate\n" };
        let mut sheet = header.to_string();
        for (in_path, in_sheet) in [("A01", "1A"), ("A02", "r1c2"), ("B01", "B-01"), ("H12", "H12")] {
            picture(&bench, &format!("in/P1/{in_path}_s1_w1.png"), 10);
            sheet += &format!("in/P1/{in_path}_s1_w1.png,{in_sheet},7{plate}\n");
        }
        bench.write("sheet.csv", sheet);
        let output = run(&bench, "out", &["--sheet", "sheet.csv"]);
        assert_eq!(output.status.code(), Some(0), "{}", words(&output));
        let images = rows(&bench.at("out/images.csv"));
        assert_eq!(cells(&images, "well"), ["1A", "r1c2", "B-01", "H12"], "as the sheet has them");
        assert_eq!(cells(&images, "plate"), ["P1"; 4]);
        if recipe.contains("[plates]") {
            assert_eq!(cells(&rows(&bench.at("out/wells.csv")), "well"), ["A01", "A02", "B01", "H12"]);
        }
    }
}

/// Regression: a plate that was there was called empty, and nothing was measured.
#[test]
fn a_well_that_is_another_one_in_the_sheet_fails_by_its_own_reason() {
    let bench = Bench::with(&format!("{RECIPE}{PLATES}"));
    ["A01", "A02"].iter().for_each(|well| picture(&bench, &format!("in/P1/{well}_s1_w1.png"), 10));
    bench.write("sheet.csv", "path,well\nin/P1/A01_s1_w1.png,1A\nin/P1/A02_s1_w1.png,A03\n");
    let output = run(&bench, "out", &["--sheet", "sheet.csv"]);
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    let images = rows(&bench.at("out/images.csv"));
    assert_eq!(cells(&images, "status"), ["ok", "failed"]);
    let reason = &images[1]["reason"];
    assert!(reason.contains("well is \"A03\" in the sample sheet and \"A02\" by its path"), "{reason}");
    // The remedy: what the path says.
    bench.write("sheet.csv", "path,well\nin/P1/A01_s1_w1.png,1A\nin/P1/A02_s1_w1.png,A02\n");
    assert_eq!(run(&bench, "again", &["--sheet", "sheet.csv"]).status.code(), Some(0));
    // A path that says neither has no well, and the run goes on.
    picture(&bench, "in/P1/thumbnail.png", 10);
    let all = "path,well\nin/P1/A01_s1_w1.png,1A\nin/P1/A02_s1_w1.png,A02\nin/P1/thumbnail.png,A04\n";
    bench.write("sheet.csv", all);
    let output = run(&bench, "third", &["--sheet", "sheet.csv"]);
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    let images = rows(&bench.at("third/images.csv"));
    assert_eq!(cells(&images, "status"), ["ok", "ok", "failed"]);
    assert!(images[2]["reason"].contains("its path does not fit files.groups"), "{}", images[2]["reason"]);
}

/// Regression: each form had a cutoff of its own.
#[test]
fn cutoffs_by_well_are_of_the_well_in_whatever_form() {
    let by = "[positive.cells]\nmarker = { above = '50 %', over = 'run', by = ['plate', 'well'] }\n";
    for plates in ["", PLATES] {
        let bench = Bench::with(&format!("{RECIPE}{by}{plates}"));
        for (i, name) in ["A01_s1", "a1_s2", "1A_s3", "r01c01_s4", "R1-C2_s1", "A.2_s2"].iter().enumerate() {
            picture(&bench, &format!("in/P1/{name}_w1.png"), 20 * i as u8);
        }
        let output = run(&bench, "out", &["in"]);
        assert_eq!(output.status.code(), Some(0), "{}", words(&output));
        let said = words(&output);
        assert!(said.contains("(plate = P1, well = A01)") && said.contains("(plate = P1, well = A02)"), "{said}");
        let of = |site: &str| {
            let images = rows(&bench.at("out/images.csv"));
            let row = images.into_iter().find(|row| row["image"] == format!("P1/{site}")).unwrap();
            row["positive_threshold_cells_marker"].parse::<f64>().unwrap()
        };
        let first = of("A01_s1");
        assert_eq!(["a1_s2", "1A_s3", "r01c01_s4"].map(of), [first; 3]);
        assert!(of("R1-C2_s1") == of("A.2_s2") && of("A.2_s2") != first);
    }
}
