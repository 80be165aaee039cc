//! The command line: exit codes, what goes to which stream, and the words of errors. Kinds: mechanics and regression.

#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "common/images.rs"]
mod images;

use insta::assert_snapshot;
use std::process::{Command, Output};

fn uptake(dir: &std::path::Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_uptake")).current_dir(dir).args(args).output().unwrap()
}

fn code(o: &Output) -> Option<i32> {
    o.status.code()
}

fn out(o: &Output) -> String {
    String::from_utf8_lossy(&o.stdout).into_owned()
}

fn err(o: &Output) -> String {
    String::from_utf8_lossy(&o.stderr).into_owned()
}

#[test]
fn recipes_are_listed_printed_and_run_as_printed() {
    let dir = tempfile::tempdir().unwrap();
    let all = uptake(dir.path(), &["recipes"]);
    assert_eq!(code(&all), Some(0));
    assert!(out(&all).contains("nuclei"));
    let one = uptake(dir.path(), &["recipes", "nuclei"]);
    std::fs::write(dir.path().join("mine.toml"), out(&one)).unwrap();
    images::spots(&dir.path().join("a.png"), 3, 12);
    let run = uptake(dir.path(), &["run", "a.png", "--recipe", "mine.toml", "--device", "cpu", "--out", "o"]);
    assert_eq!(code(&run), Some(0), "{}", err(&run));
    let table = std::fs::read_to_string(dir.path().join("o/nuclei.csv")).unwrap();
    assert_eq!(table.lines().count(), 13, "a header and a row a spot");
}

#[test]
fn wrong_command_lines_exit_with_2_and_name_a_remedy() {
    let dir = tempfile::tempdir().unwrap();
    images::spots(&dir.path().join("a.png"), 1, 5);
    let fails = |args: &[&str]| {
        let o = uptake(dir.path(), args);
        assert_eq!(code(&o), Some(2), "{args:?}: {}", err(&o));
        err(&o)
    };
    assert_snapshot!(fails(&["run", "a.png", "--recipe", "nucleus"]), @r#"
    error: there is no preset "nucleus"
      try: nuclei, or a path that ends in .toml
    "#);
    assert_snapshot!(fails(&["run", "*.tiff", "--device", "cpu"]), @"
    error: nothing matches *.tiff
      try: check the path; ** searches folders
    ");
    assert_snapshot!(fails(&["run", "a.png", "--memory", "lots"]), @r#"
    error: "lots" is not an amount of memory
      try: 8GiB, 500MB
    "#);
    assert_snapshot!(fails(&["run", "a.png", "--jobs", "0"]), @"
    error: --jobs 0
      try: 1 or more, or leave it out
    ");
    assert!(fails(&["run"]).contains("Usage:"));
}

#[test]
fn when_nothing_could_be_done_the_exit_code_is_2_and_the_table_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let o = uptake(dir.path(), &["run", "gone.tif", "--device", "cpu", "--out", "o", "--quiet"]);
    assert_eq!(code(&o), Some(2));
    assert!(err(&o).contains("done: 1 inputs = 0 ok + 1 failed + 0 skipped"), "{}", err(&o));
    let images = std::fs::read_to_string(dir.path().join("o/images.csv")).unwrap();
    assert!(images.contains("\ngone.tif,failed,io: "), "{images}");
}

#[test]
fn a_physical_length_needs_a_calibration_or_a_setting() {
    let dir = tempfile::tempdir().unwrap();
    images::spots(&dir.path().join("a.png"), 1, 5);
    let run = |more: &[&str]| {
        let mut args = vec![
            "run",
            "a.png",
            "-r",
            "nuclei",
            "--device",
            "cpu",
            "-o",
            "o",
            "-q",
            "--set",
            "objects.nuclei.scale=4 um",
        ];
        args.extend(more);
        uptake(dir.path(), &args)
    };
    assert_snapshot!(err(&run(&[])).lines().take(3).collect::<Vec<_>>().join("\n"), @r#"
    error: a.png: the recipe says "4 um", but the image has no calibration
      needed for: the object set "nuclei"
      try: --set spacing_um=0.65 (the size of a pixel; of a stack "spacing_um=[2,0.65,0.65]", along z, y and x) for microscopy, a header with the voxel size for PET, or a recipe in px
    "#);
    assert!(err(&run(&[])).contains("\ndone: 1 inputs = 0 ok + 1 failed + 0 skipped, in "));
    let o = run(&["--set", "spacing_um=0.5"]);
    assert_eq!(code(&o), Some(0), "{}", err(&o));
}

#[test]
fn inspect_shows_what_is_in_a_file() {
    let dir = tempfile::tempdir().unwrap();
    images::spots(&dir.path().join("a.png"), 1, 5);
    let o = uptake(dir.path(), &["inspect", "a.png"]);
    assert_eq!(code(&o), Some(0));
    assert!(out(&o).contains("110 x 140 (y, x)"), "{}", out(&o));
    let o = uptake(dir.path(), &["inspect", "--json", "a.png", "gone.png"]);
    assert_eq!(code(&o), Some(1));
    let json: serde_json::Value = serde_json::from_str(&out(&o)).unwrap();
    assert_eq!(json["size_zyx"], serde_json::json!([1, 110, 140]));
    assert!(err(&o).starts_with("error: gone.png: "), "{}", err(&o));
}

#[test]
fn the_dictionary_is_the_one_that_a_run_writes() {
    let dir = tempfile::tempdir().unwrap();
    images::spots(&dir.path().join("a.png"), 1, 5);
    let o = uptake(
        dir.path(),
        &["run", "a.png", "-r", "nuclei", "--device", "cpu", "-o", "o", "-q", "--no-labels", "--no-overlays"],
    );
    assert_eq!(code(&o), Some(0), "{}", err(&o));
    let written = std::fs::read_to_string(dir.path().join("o/features.csv")).unwrap();
    assert_eq!(out(&uptake(dir.path(), &["features", "--recipe", "nuclei"])), written);
    assert!(!dir.path().join("o/labels").exists() && !dir.path().join("o/overlays").exists());
}

#[test]
fn devices_and_completions_answer() {
    let dir = tempfile::tempdir().unwrap();
    let o = uptake(dir.path(), &["devices"]);
    assert_eq!(code(&o), Some(0));
    assert!(out(&o).contains("--device auto takes: "));
    let o = uptake(dir.path(), &["run", "x", "--device", "no such adapter"]);
    assert_eq!(code(&o), Some(2));
    assert!(err(&o).contains("--device cpu (the same table)"), "{}", err(&o));
    assert!(out(&uptake(dir.path(), &["completions", "bash"])).contains("_uptake"));
}
