//! Cutoffs of markers over several images: negative controls, or all images of a run. Kinds of test: oracle (percentiles worked out from
//! the tables, and known shares), invariant (shards, threads), mechanics (what is refused, and that its remedies work).

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::bench::{Bench, Row, rows, words};
use std::process::Output;

const RECIPE: &str = "
[channels]
nuclear = [0]
marker = [1]
[objects.cells]
channel = 'nuclear'
steps = [{ op = 'threshold', method = 'fixed', value = 100.0 }]
[measure.cells]
features = ['intensity']
[positive.cells]
marker = { above = '99 %', over = 'negative_controls', by = ['plate'] }
";

/// Cells in rows of six; so many of them are positive.
const CELLS: u32 = 36;
const POSITIVE: u32 = 12;

/// The stain of a cell: a ground that differs by plate, something of its own, and three times the spread of that if positive.
fn marker(image: u32, cell: u32, ground: u32, positive: u32) -> u8 {
    let own = (image * 31 + cell * 17) % 20;
    (ground + own + if cell < positive { 60 } else { 0 }) as u8
}

fn picture(bench: &Bench, name: &str, image: u32, ground: u32, positive: u32) {
    let at = |x: u32, y: u32| {
        let cell = y / 10 * 6 + x / 10;
        let is_cell = (2..8).contains(&(x % 10)) && (2..8).contains(&(y % 10));
        image::Rgb(if is_cell { [200, marker(image, cell, ground, positive), 0] } else { [0, 5, 0] })
    };
    image::RgbImage::from_fn(60, 60, at).save(bench.at(name)).unwrap();
}

/// Two plates with two negative controls and three samples each; the second one is as bright as the positive cells of the first one.
fn plates(recipe: &str) -> Bench {
    let bench = Bench::with(recipe);
    let mut sheet = String::from("path,plate,control\n");
    std::fs::create_dir(bench.at("in")).unwrap();
    for (plate, ground) in [("P1", 20), ("P2", 90)] {
        for i in 0..5 {
            let control = if i < 2 { "negative" } else { "" };
            let name = format!("{plate}_{i}.png");
            picture(&bench, &format!("in/{name}"), ground + i, ground, if i < 2 { 0 } else { POSITIVE });
            sheet += &format!("{name},{plate},{control}\n");
        }
    }
    std::fs::write(bench.at("in/sheet.csv"), sheet).unwrap();
    bench
}

fn run(bench: &Bench, out: &str, more: &[&str]) -> Output {
    let args = ["run", "--recipe", "recipe.toml", "--device", "cpu", "--no-overlays", "--no-labels", "-o", out];
    bench.uptake(&[&args[..], &["--sheet", "in/sheet.csv"], more].concat())
}

fn images(bench: &Bench, out: &str) -> Vec<Row> {
    rows(&bench.at(&format!("{out}/images.csv")))
}

fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap()
}

/// Linear between neighbours, as numpy.percentile.
fn percentile(mut values: Vec<f64>, p: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = p / 100.0 * (values.len() - 1) as f64;
    let (low, high) = (values[at.floor() as usize], values[at.ceil() as usize]);
    low + (high - low) * at.fract()
}

fn means(bench: &Bench, out: &str, which: impl Fn(&Row) -> bool) -> Vec<f64> {
    let cells = rows(&bench.at(&format!("{out}/cells.csv")));
    cells.iter().filter(|row| which(row)).map(|row| number(row, "intensity_mean_marker")).collect()
}

/// Oracle.
#[test]
fn each_plate_has_the_cutoff_of_its_own_negative_controls() {
    let bench = plates(RECIPE);
    let output = run(&bench, "out", &[]);
    assert!(output.status.success(), "{}", words(&output));
    for plate in ["P1", "P2"] {
        let want = percentile(means(&bench, "out", |row| row["plate"] == plate && row["control"] == "negative"), 99.0);
        for row in images(&bench, "out").iter().filter(|row| row["plate"] == plate) {
            assert_eq!(number(row, "positive_threshold_cells_marker"), want, "{}", row["image"]);
            let share = number(row, "positive_fraction_cells_marker");
            match row["control"].as_str() {
                "negative" => assert!(share <= 1.0 / f64::from(CELLS), "{share}"),
                _ => assert_eq!(share, f64::from(POSITIVE) / f64::from(CELLS)),
            }
        }
    }
    let said = words(&output);
    assert!(
        said.contains("4 images are looked at first") && said.contains("marker of cells (plate = P1): positive above "),
        "{said}"
    );
    let json = std::fs::read_to_string(bench.at("out/run.json")).unwrap();
    assert!(json.contains("positive.cells.marker="), "the run says its cutoffs");
}

/// Oracle: one cutoff for all images of a run, and one for each plate.
#[test]
fn a_run_has_one_cutoff_over_all_its_images() {
    let bench = plates(RECIPE);
    let setting = "positive.cells.marker={ above = '75 %', over = 'run' }";
    assert!(run(&bench, "out", &["--set", setting]).status.success());
    let want = percentile(means(&bench, "out", |_| true), 75.0);
    assert!(images(&bench, "out").iter().all(|row| number(row, "positive_threshold_cells_marker") == want));
    let setting = "positive.cells.marker={ above = ['50 %', 'median * 2', 'otsu'], over = 'run', by = ['plate'], column = 'intensity_max_marker' }";
    let output = run(&bench, "graded", &["--set", setting, "--overwrite"]);
    assert_eq!(output.status.code(), Some(2), "{}", words(&output));
    assert!(words(&output).contains("do not rise"), "{}", words(&output));
}

/// Invariant: shards put together, and many threads.
#[test]
fn shards_and_threads_have_the_same_cutoffs() {
    let bench = plates(RECIPE);
    assert!(run(&bench, "whole", &["--threads", "1"]).status.success());
    assert!(run(&bench, "many", &["--threads", "32", "--jobs", "8"]).status.success());
    for shard in ["1/2", "2/2"] {
        let out = format!("part{}", &shard[..1]);
        assert!(run(&bench, &out, &["--shard", shard]).status.success());
    }
    assert!(bench.uptake(&["merge", "part1", "part2", "-o", "merged"]).status.success());
    let table = |out: &str, name: &str| std::fs::read(bench.at(&format!("{out}/{name}"))).unwrap();
    for name in ["images.csv", "cells.csv"] {
        for out in ["many", "merged"] {
            assert!(table("whole", name) == table(out, name), "{out}/{name}");
        }
    }
}

/// Mechanics: a control that cannot be read is told, and the others count; an image may have a cutoff of its own.
#[test]
fn a_broken_control_costs_itself_alone() {
    let bench = plates(RECIPE);
    std::fs::write(bench.at("in/P1_0.png"), "\u{89}PNG no").unwrap();
    let sheet = std::fs::read_to_string(bench.at("in/sheet.csv")).unwrap();
    let mut lines: Vec<String> = sheet.lines().map(|line| format!("{line},")).collect();
    lines[0] += "set.positive.cells.marker";
    lines[5] += "33";
    std::fs::write(bench.at("in/sheet.csv"), lines.join("\n") + "\n").unwrap();
    let output = run(&bench, "out", &[]);
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    assert!(words(&output).contains("1 of these images cannot be used for marker (plate = P1)"), "{}", words(&output));
    let want = percentile(means(&bench, "out", |row| row["plate"] == "P1" && row["control"] == "negative"), 99.0);
    for row in images(&bench, "out").iter().filter(|row| row["plate"] == "P1" && row["status"] == "ok") {
        let want = if row["image"] == "P1_4.png" { 33.0 } else { want };
        assert_eq!(number(row, "positive_threshold_cells_marker"), want, "{}", row["image"]);
    }
}

/// Invariant: whether all is done anew, or what failed alone, all images of a plate have one cutoff; so has what the sheet has changed since.
#[test]
fn a_control_that_was_mended_moves_the_cutoff_of_all() {
    let bench = plates(RECIPE);
    let whole = std::fs::read(bench.at("in/P1_0.png")).unwrap();
    std::fs::write(bench.at("in/P1_0.png"), "\u{89}PNG no").unwrap();
    assert_eq!(run(&bench, "out", &[]).status.code(), Some(1));
    assert_eq!(run(&bench, "resumed", &[]).status.code(), Some(1));
    std::fs::write(bench.at("in/P1_0.png"), whole).unwrap();
    let sheet = std::fs::read_to_string(bench.at("in/sheet.csv")).unwrap();
    let mut lines: Vec<String> = sheet.lines().map(|line| format!("{line},")).collect();
    lines[0] += "set.positive.cells.marker";
    lines[8] += "33";
    std::fs::write(bench.at("in/sheet.csv"), lines.join("\n") + "\n").unwrap();
    for (out, how) in [("out", "--only-failed"), ("resumed", "--resume")] {
        let output = run(&bench, out, &[how]);
        assert!(output.status.success(), "{}", words(&output));
        let want = percentile(means(&bench, out, |row| row["plate"] == "P1" && row["control"] == "negative"), 99.0);
        for row in images(&bench, out).iter().filter(|row| row["plate"] == "P1") {
            assert_eq!(number(row, "positive_threshold_cells_marker"), want, "{out} {}", row["image"]);
        }
    }
    for name in ["images.csv", "cells.csv"] {
        let table = |out: &str| std::fs::read_to_string(bench.at(&format!("{out}/{name}"))).unwrap();
        assert_eq!(table("out"), table("resumed"), "{name}");
    }
    let own = images(&bench, "out").into_iter().find(|row| row["image"] == "P2_2.png").unwrap();
    assert_eq!(number(&own, "positive_threshold_cells_marker"), 33.0);
}

/// Mechanics: what is doubtful in a cutoff over several images stands with each image that has it.
#[test]
fn doubts_of_a_cutoff_stand_with_its_images() {
    let bench = plates(RECIPE);
    for i in 0..5 {
        picture(&bench, &format!("in/P2_{i}.png"), 90 + i, 90, 0);
    }
    let setting = "positive.cells.marker={ above = 'otsu', over = 'run', by = ['plate'] }";
    let output = run(&bench, "out", &["--set", setting, "--quiet"]);
    assert!(words(&output).contains("warning"), "{}", words(&output));
    for row in images(&bench, "out") {
        let is_told = row["warnings"].contains("marker of cells (plate = P2): ");
        assert_eq!(is_told, row["plate"] == "P2", "{}: {}", row["image"], row["warnings"]);
    }
}

/// Mechanics: what is refused before anything is done, in a dry run as well, and what helps.
#[test]
fn what_cutoffs_cannot_be_found_over_is_refused() {
    let refused = |bench: &Bench, more: &[&str], wanted: &str| {
        for dry in [&[][..], &["--dry-run"]] {
            let output = run(bench, "refused", &[more, dry].concat());
            assert_eq!(output.status.code(), Some(2), "{}", words(&output));
            assert!(words(&output).contains(wanted), "{}", words(&output));
        }
        assert!(!bench.at("refused/images.csv").exists());
    };
    let bench = plates(RECIPE);
    let by = |column: &str| format!("positive.cells.marker.by=['{column}']");
    refused(&bench, &["--set", &by("slide")], "by with some of: plate, control");
    let sheet = std::fs::read_to_string(bench.at("in/sheet.csv")).unwrap();
    let write = |text: String| std::fs::write(bench.at("in/sheet.csv"), text).unwrap();
    write(sheet.replace("P2,negative", "P2,"));
    refused(&bench, &[], "no image is a negative control (plate = P2), and 5 want the cutoff of marker");
    // Its remedies.
    assert!(run(&bench, "one", &["--set", "positive.cells.marker.by=[]"]).status.success());
    assert!(run(&bench, "number", &["--set", "positive.cells.marker=50"]).status.success());
    write(sheet.replace("P2,negative", "P2,untreated"));
    refused(&bench, &[], "\"untreated\" is no control");
    write(sheet.replace("P2_4.png,P2", "P2_4.png,"));
    refused(&bench, &[], "nothing in the column plate, by which the cutoff of marker is found");
    write(sheet.replace(",control", ",kind"));
    refused(&bench, &[], "a column \"control\"");
    refused(&bench, &["--set", "positive.cells.marker.above=40"], "a number is the same for all images");
}
