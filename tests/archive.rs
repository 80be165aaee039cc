//! Archives through the command line: sample sheets, metadata from names, lists of files, what would be done.
//! Kind: mechanics.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;
#[path = "common/images.rs"]
mod images;

use common::results;
use parquet::file::reader::{FileReader, SerializedFileReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use uptake::batch::discover::discover;
use uptake::batch::{Recipes, Settings};

const RECIPE: &str = r#"
[channels]
signal = [0]
[objects.spots]
channel = "signal"
steps = [{ op = "gaussian", sigma = "1 px" }, { op = "threshold", method = "otsu" }, { op = "label" }]
[measure.spots]
features = ["shape", "intensity"]
"#;

struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Bench { dir: tempfile::tempdir().unwrap() };
        bench.write("recipe.toml", RECIPE);
        bench
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.at(name).parent().unwrap()).unwrap();
        std::fs::write(self.at(name), text).unwrap();
    }

    /// Images with as many spots as their place in the list, from 3 on.
    fn images(&self, names: &[&str]) {
        (3..).zip(names).for_each(|(n, name)| images::spots(&self.at(name), n, n));
    }

    /// `uptake run` with what is given.
    fn run(&self, more: &[&str]) -> Output {
        let args = ["run", "--recipe", "recipe.toml", "--device", "cpu", "--no-overlays", "--no-labels"];
        Command::new(env!("CARGO_BIN_EXE_uptake")).current_dir(self.dir.path()).args(args).args(more).output().unwrap()
    }

    fn good(&self, more: &[&str]) {
        let output = self.run(more);
        assert_eq!(output.status.code(), Some(0), "{more:?}: {}", words(&output));
    }

    /// What is said when nothing is begun.
    fn refused(&self, more: &[&str]) -> String {
        let output = self.run(more);
        assert_eq!(output.status.code(), Some(2), "{more:?}: {}", words(&output));
        assert!(!self.at("uptake-out").exists(), "{more:?}: nothing is written");
        words(&output)
    }

    /// The cells of some columns of a table, without its header.
    fn table(&self, path: &str, columns: &[&str]) -> Vec<Vec<String>> {
        let mut reader = csv::Reader::from_path(self.at(path)).unwrap();
        let header = reader.headers().unwrap().clone();
        let place =
            |c: &&str| header.iter().position(|h| h == *c).unwrap_or_else(|| panic!("{path} has no column {c}"));
        let places: Vec<usize> = columns.iter().map(place).collect();
        let row = |r: csv::StringRecord| places.iter().map(|i| r[*i].to_string()).collect();
        reader.records().map(|r| row(r.unwrap())).collect()
    }
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn header(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap().lines().next().unwrap().to_string()
}

#[test]
fn what_a_sheet_says_stands_in_every_table() {
    let bench = Bench::new();
    bench.images(&["in/p1/a.png", "in/p1/b.png", "in/p2/c.png", "elsewhere/d.png"]);
    bench.write("in/p2/broken.png", "\u{89}PNG no");
    bench.write("in/p2/odd.xyz", "no image");
    bench.write("in/sheet.csv", "path,patient,time point\np1/*.png,P1,\np2,\"P2, right\",base\n");
    bench.run(&["--sheet", "in/sheet.csv", "elsewhere", "--format", "csv,parquet"]);
    let images = bench.table("uptake-out/images.csv", &["image", "patient", "time point", "status"]);
    let expected = [
        ["elsewhere/d.png", "", "", "ok"],
        ["in/p1/a.png", "P1", "", "ok"],
        ["in/p1/b.png", "P1", "", "ok"],
        ["in/p2/broken.png", "P2, right", "base", "failed"],
        ["in/p2/c.png", "P2, right", "base", "ok"],
        ["in/p2/odd.xyz", "P2, right", "base", "skipped"],
    ];
    assert_eq!(images, expected);
    assert!(header(&bench.at("uptake-out/images.csv")).starts_with("image,patient,time point,status,reason,"));
    assert!(header(&bench.at("uptake-out/spots.csv")).starts_with("image,patient,time point,label,"));
    let spots = bench.table("uptake-out/spots.csv", &["image", "patient"]);
    assert_eq!(spots.iter().filter(|r| r[1] == "P1").count(), 3 + 4);
    let features = bench.table("uptake-out/features.csv", &["table", "column", "type", "definition"]);
    for table in ["spots", "images"] {
        assert!(features.iter().any(|r| r[..3] == [table, "patient", "text"] && r[3].contains("sample sheet")));
    }
    let file = std::fs::File::open(bench.at("uptake-out/spots.parquet")).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let row = |r: parquet::record::Row| r.get_column_iter().take(2).map(|(_, f)| f.to_string()).collect::<Vec<_>>();
    let rows: Vec<Vec<String>> = reader.get_row_iter(None).unwrap().map(|r| row(r.unwrap())).collect();
    assert_eq!(rows.iter().filter(|r| r[1] == "\"P2, right\"").count(), 5);
    assert_eq!(rows.len(), spots.len());
}

#[test]
fn rows_change_the_recipe_of_their_images() {
    let bench = Bench::new();
    bench.images(&["a.png", "b.png", "c.png"]);
    bench.write("sheet.csv", "path,set.spacing_um,set.objects.spots.steps.0.sigma\na.png,0.5,\nb.png,,2 px\nc.png,,\n");
    bench.good(&["--sheet", "sheet.csv"]);
    let images = bench.table("uptake-out/images.csv", &["image", "spacing_x_um"]);
    assert_eq!(images, [["a.png", "0.5"], ["b.png", ""], ["c.png", ""]]);
    bench.good(&["b.png", "--set", "objects.spots.steps.0.sigma=2 px", "--out", "alone"]);
    let columns = ["image", "label", "area_px", "intensity_mean_signal"];
    let mine = bench.table("uptake-out/spots.csv", &columns).into_iter().filter(|r| r[0] == "b.png");
    assert_eq!(mine.collect::<Vec<_>>(), bench.table("alone/spots.csv", &columns));
    let record: serde_json::Value =
        serde_json::from_slice(&std::fs::read(bench.at("uptake-out/run.json")).unwrap()).unwrap();
    assert_eq!(record["images"][0]["set"][0], "spacing_um=0.5");
    for (cell, said) in [
        ("spacing_um,0.5x", "sheet.csv: line 2, column set.spacing_um, \"0.5x\": "),
        ("spacing,0.5", "sheet.csv: line 2, column set.spacing, \"0.5\": unknown key \"spacing\""),
        ("objects.spot.scale,8 px", "try: the column set.objects.spots.scale=..."),
    ] {
        std::fs::remove_dir_all(bench.at("uptake-out")).unwrap_or_default();
        let (key, value) = cell.split_once(',').unwrap();
        bench.write("sheet.csv", &format!("path,set.quality,set.{key}\na.png,false,{value}\nb.png,,\n"));
        let words = bench.refused(&["--sheet", "sheet.csv"]);
        assert!(words.contains(said), "{cell}: {words}");
    }
    // A row of the other preset.
    bench.write("sheet.csv", "path,set.suv.weight_kg\na.png,70\n");
    let presets = Command::new(env!("CARGO_BIN_EXE_uptake"))
        .current_dir(bench.dir.path())
        .args(["run", "--device", "cpu", "--sheet", "sheet.csv"])
        .output()
        .unwrap();
    assert!(words(&presets).contains("line 2, column set.suv.weight_kg, \"70\""), "{}", words(&presets));
}

#[test]
fn sheets_that_say_what_cannot_be_are_refused_before_anything_is_done() {
    let bench = Bench::new();
    bench.images(&["a.png", "b.png", "in/c.png"]);
    let refused = |sheet: &str| {
        bench.write("sheet.csv", sheet);
        bench.refused(&["--sheet", "sheet.csv"])
    };
    for (sheet, said) in [
        ("Path,x\na.png,1\n", "try: path as the name of the column \"Path\""),
        ("path,x,x\na.png,1,1\n", "two columns are called \"x\""),
        ("path,label\na.png,1\n", "try: another name, as sample_label"),
        ("path,area_px\na.png,1\n", "\"area_px\" of the sample sheet"),
        ("path,status\na.png,1\n", "\"status\" of the sample sheet"),
        ("path,x\na.png,1\n*.png,2\n", "lines 2 and 3 both name a.png, and x is \"1\" and \"2\""),
        ("path,x\nin,1\nin/c.png,2\n", "lines 2 and 3 both name in/c.png"),
        (
            "path,x\na.png,1\ngone.png,2\ngo*.png,2\n",
            "line 3: there is nothing at gone.png\nline 4: there is nothing at go*.png",
        ),
        ("path,x\na.png,1\nempty,2\n", "line 3: there is no image in empty"),
    ] {
        std::fs::create_dir_all(bench.at("empty")).unwrap();
        let words = refused(sheet);
        assert!(words.contains(said), "{sheet}: {words}");
    }
    // The remedies work.
    bench.write("sheet.csv", "path,sample_label\na.png,1\na.png,1\nin/c.png,2\n");
    bench.good(&["--sheet", "sheet.csv"]);
    let images = bench.table("uptake-out/images.csv", &["image", "sample_label"]);
    assert_eq!(images, [["a.png", "1"], ["in/c.png", "2"]]);
}

#[test]
fn a_changed_sheet_needs_nothing_measured_again() {
    let bench = Bench::new();
    bench.images(&["a.png", "b.png"]);
    let run = |sheet: &str, more: &[&str]| {
        bench.write("sheet.csv", sheet);
        bench.good(&[&["--sheet", "sheet.csv"], more].concat());
        let record: serde_json::Value =
            serde_json::from_slice(&std::fs::read(bench.at("uptake-out/run.json")).unwrap()).unwrap();
        record["resumed"].as_u64().unwrap()
    };
    let (first, second) = ("path,x\na.png,1\nb.png,2\n", "path,y,x\na.png,new,1\nb.png,,3\n");
    run(first, &[]);
    assert_eq!(run(second, &["--resume"]), 2);
    let resumed = results(&bench.at("uptake-out"));
    run(second, &[]);
    assert_eq!(resumed, results(&bench.at("uptake-out")));
    assert_eq!(run("path,set.spacing_um\na.png,1\nb.png,\n", &["--resume"]), 1, "its recipe is another one");
    // What else the sheet names does not change the names of images.
    bench.images(&["more/c.png"]);
    assert_eq!(run("path\na.png\nb.png\nmore/c.png\n", &["--resume"]), 1);
}

#[test]
fn a_series_is_one_image_whatever_its_row_names() {
    let bench = Bench::new();
    let phantom = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-images/pet/phantom_dicom");
    for (row, out) in [(phantom.clone(), "a"), (phantom.join("*"), "b")] {
        bench.write("sheet.csv", &format!("path,patient,set.suv.weight_kg\n{},P1,80\n", row.display()));
        let output = Command::new(env!("CARGO_BIN_EXE_uptake"))
            .current_dir(bench.dir.path())
            .args(["run", "--device", "cpu", "--no-overlays", "--sheet", "sheet.csv", "--out", out])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", words(&output));
        let images = bench.table(&format!("{out}/images.csv"), &["patient", "status", "weight_kg"]);
        assert_eq!(images, [["P1", "ok", "80.0"]]);
    }
}

#[test]
fn names_give_plates_and_wells_and_join_channels() {
    let bench = Bench::new();
    let names = ["in/P1/A01_s1_w1.png", "in/P1/A01_s1_w2.png", "in/P1/B02_s3_w1.png", "in/P1/B02_s3_w2.png"];
    bench.images(&names);
    bench.images(&["in/P1/thumbnail.png"]);
    bench.write("in/P1/notes.xyz", "no image");
    let groups = ["in", "--set", "files.groups={plate}/{well}_s{site}_w{channel}"];
    let output = bench.run(&groups);
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    let columns = ["image", "plate", "well", "site", "status", "channels"];
    let images = bench.table("uptake-out/images.csv", &columns);
    let expected = [
        ["P1/A01_s1", "P1", "A01", "1", "ok", "1; 2"],
        ["P1/B02_s3", "P1", "B02", "3", "ok", "1; 2"],
        ["P1/notes.xyz", "", "", "", "skipped", ""],
        ["P1/thumbnail.png", "", "", "", "failed", ""],
    ];
    assert_eq!(images, expected);
    assert!(words(&output).contains("its path does not fit files.groups"), "{}", words(&output));
    assert_eq!(bench.table("uptake-out/spots.csv", &["plate", "well", "site"])[0], ["P1", "A01", "1"]);
    // The remedy.
    bench.good(&[&groups[..], &["--exclude", "thumbnail*", "--overwrite"]].concat());
    // Below the folder of a plate the plate is known all the same.
    bench.good(&["in/P1", "--set", "files.groups={plate}/{well}_s{site}_w*", "--exclude", "thumb*", "--out", "flat"]);
    let images = bench.table("flat/images.csv", &["image", "plate", "well"]);
    assert_eq!(images[0], ["A01_s1_w1.png", "P1", "A01"]);
    // A sheet and a name.
    bench.write("sheet.csv", "path,well,dose\nin/P1/A01*,A01,5\nin/P1/B02*,B03,7\n");
    let output = bench.run(&[&["--sheet", "sheet.csv", "--out", "both"], &groups[1..]].concat());
    assert!(
        words(&output).contains("well is \"B03\" in the sample sheet and \"B02\" by its path"),
        "{}",
        words(&output)
    );
    let images = bench.table("both/images.csv", &["well", "dose", "plate", "status"]);
    assert_eq!(images, [["A01", "5", "P1", "ok"], ["B03", "7", "", "failed"]]);
    for (pattern, said) in [
        ("{plate", "without its }"),
        ("{a}/{a}", "{a} twice"),
        ("x", "has no field"),
        ("{label}_{channel}", "\"label\" of the sample sheet or of files.groups"),
    ] {
        let output = bench.run(&["in", "--out", "wrong", "--set", &format!("files.groups={pattern}")]);
        assert!(words(&output).contains(said), "{pattern}: {}", words(&output));
        assert!(!bench.at("wrong").exists());
    }
}

#[test]
fn a_hundred_thousand_rows_are_no_matter() {
    // Steps that looked at each row for each other one would take hours.
    let bench = Bench::new();
    let files = 1_000;
    (0..files).for_each(|i| bench.write(&format!("in/{i}.xyz"), "no image"));
    let mut sheet = String::from("path,patient,set.suv.weight_kg\n");
    (0..100_000).for_each(|i| sheet += &format!("in/{0}.xyz,P{0},\n", i % files));
    bench.write("sheet.csv", &sheet);
    let settings = Settings { sheet: Some(bench.at("sheet.csv")), ..Settings::default() };
    let images = discover(&settings, &Recipes::presets(&[]).unwrap()).unwrap();
    assert_eq!(images.items.len(), files);
    assert!(
        images.items.iter().all(|i| i.metadata.len() == 1 && i.name.contains(&i.metadata[0].as_ref().unwrap()[1..]))
    );
}
