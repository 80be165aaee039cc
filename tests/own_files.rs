//! What lies in the output folder and must not be lost: label images that were edited, and what the run itself reads.
//! Kind: mechanics. Every remedy that is printed is tried.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;
#[path = "common/images.rs"]
mod images;

use common::bench::{Bench, words};
use std::process::Output;
use std::time::{Duration, SystemTime};

const RECIPE: &str = r#"
[channels]
signal = [0]
[objects.spots]
channel = "signal"
steps = [{ op = "gaussian", sigma = "1 px" }, { op = "threshold", method = "otsu" }, { op = "label" }]
"#;
const ONE: &str = "out/labels/a.png_spots.ome.tif";
const OTHER: &str = "out/labels/b.png_spots.ome.tif";

/// A run with two images, of which the objects of the second took the place of those of the first, by hand.
fn edited() -> (Bench, Vec<u8>) {
    let bench = Bench::with(RECIPE);
    images::spots(&bench.at("in/a.png"), 3, 3);
    images::spots(&bench.at("in/b.png"), 5, 5);
    assert_eq!(run(&bench, &[]).status.code(), Some(0));
    let by_hand = std::fs::read(bench.at(OTHER)).unwrap();
    std::fs::write(bench.at(ONE), &by_hand).unwrap();
    // As a program that keeps the time of what it copies leaves it.
    let file = std::fs::File::options().append(true).open(bench.at(ONE)).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(1000)).unwrap();
    (bench, by_hand)
}

fn run(bench: &Bench, more: &[&str]) -> Output {
    let args = ["run", "in", "--recipe", "recipe.toml", "--device", "cpu", "--no-overlays"];
    let out: &[&str] = if more.contains(&"--out") { &[] } else { &["--out", "out"] };
    bench.uptake(&[&args[..], out, more].concat())
}

fn counts(bench: &Bench, out: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_path(bench.at(&format!("{out}/images.csv"))).unwrap();
    let at = reader.headers().unwrap().iter().position(|name| name == "count_spots").unwrap();
    reader.records().map(|row| row.unwrap()[at].to_string()).collect()
}

#[test]
fn what_was_edited_is_not_replaced() {
    let (bench, by_hand) = edited();
    for more in [&[][..], &["--overwrite"], &["--dry-run"]] {
        let output = run(&bench, more);
        assert_eq!(output.status.code(), Some(2), "{more:?}: {}", words(&output));
        assert!(words(&output).contains("was changed since uptake wrote it"), "{more:?}: {}", words(&output));
        assert!(words(&output).contains(&ONE[4..]), "{more:?}: {}", words(&output));
        assert_eq!(std::fs::read(bench.at(ONE)).unwrap(), by_hand);
        assert_eq!(counts(&bench, "out"), ["3", "5"], "{more:?}");
    }
    // The first remedy, as it is printed.
    let output = run(&bench, &["--out", "measured", "--set", "labels.spots=out/labels/{written}"]);
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    assert_eq!(counts(&bench, "measured"), ["5", "5"]);
    // The second.
    std::fs::rename(bench.at(ONE), bench.at("by-hand.tif")).unwrap();
    assert_eq!(run(&bench, &[]).status.code(), Some(0));
    assert_eq!(counts(&bench, "out"), ["3", "5"]);
}

#[test]
fn a_run_that_goes_on_moves_it_aside() {
    let (bench, by_hand) = edited();
    let output = run(&bench, &["--resume"]);
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    assert!(words(&output).contains("it is called a.png_spots.ome.tif.changed now"), "{}", words(&output));
    assert_eq!(std::fs::read(bench.at(&format!("{ONE}.changed"))).unwrap(), by_hand);
    assert_eq!(counts(&bench, "out"), ["3", "5"]);
    // It is nobody's now, and the rest is as it was written.
    assert_eq!(run(&bench, &[]).status.code(), Some(0));
    assert_eq!(std::fs::read(bench.at(&format!("{ONE}.changed"))).unwrap(), by_hand);
}

#[test]
fn a_copy_of_the_folder_counts_as_it_was_written() {
    let (bench, by_hand) = edited();
    let own = bench.at(".");
    assert!(std::process::Command::new("cp").args(["-r", "out", "copy"]).current_dir(&own).status().unwrap().success());
    // As of a run that ended long before it was copied.
    let closed = bench.at("copy/.uptake/closed.json");
    let text = std::fs::read_to_string(&closed).unwrap();
    let (before, after) = text.rsplit_once("\"at\": ").unwrap();
    let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
    std::fs::write(&closed, format!("{before}\"at\": 1000000000{rest}")).unwrap();
    let output = run(&bench, &["--out", "copy"]);
    assert_eq!(output.status.code(), Some(2), "{}", words(&output));
    assert!(!words(&output).contains("others"), "one file alone: {}", words(&output));
    std::fs::write(bench.at(ONE), &by_hand).unwrap();
    std::fs::remove_file(bench.at("copy/labels/a.png_spots.ome.tif")).unwrap();
    assert_eq!(run(&bench, &["--out", "copy"]).status.code(), Some(0));
}

#[test]
fn what_is_read_is_not_removed_before() {
    let bench = Bench::with(RECIPE);
    images::spots(&bench.at("in/a.png"), 3, 3);
    images::spots(&bench.at("in/b.png"), 5, 5);
    assert_eq!(run(&bench, &[]).status.code(), Some(0));
    for labels in ["out/labels/{written}", "in/../out/labels/a.png_spots.ome.tif", "{dir}/../out/labels/{written}"] {
        for more in [&[][..], &["--overwrite"], &["--resume", "--no-labels"], &["--dry-run"]] {
            let output = run(&bench, &[more, &["--set", &format!("labels.spots={labels}")]].concat());
            assert_eq!(output.status.code(), Some(2), "{labels}: {}", words(&output));
            assert!(words(&output).contains("the run reads this file"), "{labels}: {}", words(&output));
            assert!(bench.at(ONE).is_file() && bench.at(OTHER).is_file());
        }
    }
    // A word that is wrong for all images.
    let output = run(&bench, &["--set", "labels.spots=nothing.tif"]);
    assert_eq!(output.status.code(), Some(2), "{}", words(&output));
    assert!(words(&output).contains("there is no label image"), "{}", words(&output));
    assert_eq!(counts(&bench, "out"), ["3", "5"]);
    assert!(bench.at(ONE).is_file());
}
