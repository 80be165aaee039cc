//! Archives through the command line: sample sheets, metadata from names, lists of files, what would be done.
//! Kind: mechanics.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;
#[path = "common/regions.rs"]
mod files;
#[path = "common/images.rs"]
mod images;

use common::bench::{Bench, words};
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

impl Bench {
    fn new() -> Self {
        Bench::with(RECIPE)
    }

    /// Images with as many spots as their place in the list, from 3 on.
    fn images(&self, names: &[&str]) {
        (3..).zip(names).for_each(|(n, name)| images::spots(&self.at(name), n, n));
    }

    /// `uptake run` with what is given.
    fn run(&self, more: &[&str]) -> Output {
        let args = ["run", "--recipe", "recipe.toml", "--device", "cpu", "--no-overlays", "--no-labels"];
        self.uptake(&[&args[..], more].concat())
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
        bench.write("sheet.csv", format!("path,set.quality,set.{key}\na.png,false,{value}\nb.png,,\n"));
        let words = bench.refused(&["--sheet", "sheet.csv"]);
        assert!(words.contains(said), "{cell}: {words}");
    }
    // A row of the other preset.
    bench.write("sheet.csv", "path,set.suv.weight_kg\na.png,70\n");
    let presets = bench.command().args(["run", "--device", "cpu", "--sheet", "sheet.csv"]).output().unwrap();
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
        ("path,x\na.png,\"fast\nb.png,slow\n", "sheet.csv: the cell in quotes that begins in line 2 ends in line 4"),
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
        bench.write("sheet.csv", format!("path,patient,set.suv.weight_kg\n{},P1,80\n", row.display()));
        let output = bench
            .command()
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
    // Names that end in a number of each file, which the channel would take in.
    for (name, guid) in [
        ("s1_w1", "0EB3A05E-24"),
        ("s1_w2", "DBF487B1-9B"),
        ("s1_w1_thumb", "0EB3A05F-24"),
        ("s2_w1", "1C"),
        ("s2_w2", "2"),
    ] {
        bench.images(&[&format!("screen/P1/TimePoint_1/exp_A01_{name}{guid}.png")]);
    }
    let screen = ["screen", "--exclude", "*_thumb*", "--set"];
    let with_guid = "files.groups={plate}/TimePoint_1/{screen}_{well}_s{site}_w{channel}";
    let output = bench.run(&[&screen[..], &[with_guid, "--out", "guids"]].concat());
    assert!(words(&output).contains("{channel:1}{_}"), "{}", words(&output));
    bench.good(&[&screen[..], &[&with_guid.replace("{channel}", "{channel:1}{_}"), "--out", "screened"]].concat());
    let images = bench.table("screened/images.csv", &["image", "plate", "screen", "well", "site", "channels"]);
    let row = |site: &str| {
        ["P1/TimePoint_1/exp_A01_s", "P1", "exp", "A01", "", "1; 2"].map(|cell| match cell {
            "" => site.to_string(),
            cell if cell.ends_with("_s") => format!("{cell}{site}"),
            cell => cell.to_string(),
        })
    };
    assert_eq!(images, [row("1"), row("2")]);
    let pattern = "files.pattern={name}_w{channel:1}{_}.png";
    bench.good(&[&screen[..], &[pattern, "--out", "patterned"]].concat());
    assert_eq!(bench.table("patterned/images.csv", &["channels"]), [["1; 2"], ["1; 2"]]);
    // A sheet and a name.
    bench.write("sheet.csv", "path,well,dose\nin/P1/A01*,A01,5\nin/P1/B02*,B03,7\n");
    let output = bench.run(&[&["--sheet", "sheet.csv", "--out", "both"], &groups[1..]].concat());
    assert!(
        words(&output).contains("well is \"B03\" in the sample sheet and \"B02\" by its path"),
        "{}",
        words(&output)
    );
    let images = bench.table("both/images.csv", &["well", "dose", "plate", "status"]);
    assert_eq!(images, [["A01", "5", "P1", "ok"], ["B03", "7", "P1", "failed"]]);
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
fn inputs_come_from_a_list_or_standard_input() {
    let bench = Bench::new();
    bench.images(&["in/a.png", "in/b c.png", "in/#d.png"]);
    // With the mark that editors put before UTF-8.
    bench.write("list.txt", "\u{feff}in/b c.png\r\n\nin/#d.png");
    bench.good(&["--files-from", "list.txt", "in/a.png"]);
    assert_eq!(bench.table("uptake-out/images.csv", &["image"]), [["#d.png"], ["a.png"], ["b c.png"]]);
    let piped = |text: &str, out: &str| {
        let mut child = bench
            .command()
            .args(["run", "--recipe", "recipe.toml", "--device", "cpu", "--files-from", "-", "--out", out])
            .stdin(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    assert_eq!(piped("in/a.png\nin/gone.png\n", "piped").status.code(), Some(1));
    assert_eq!(bench.table("piped/images.csv", &["image", "status"]), [["a.png", "ok"], ["gone.png", "failed"]]);
    let nothing = piped("\n", "none");
    assert!(words(&nothing).contains("standard input: the list names no file\n  try: one path a line"));
    assert!(words(&bench.run(&["--files-from", "gone.txt", "--out", "none"])).contains("gone.txt: "));
    assert!(!bench.at("none").exists());
}

/// Standard output as a table.
fn said(output: &Output, columns: &[&str]) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(output.stdout.as_slice());
    let header = reader.headers().unwrap().clone();
    let places: Vec<usize> = columns.iter().map(|c| header.iter().position(|h| h == *c).unwrap()).collect();
    let row = |r: csv::StringRecord| places.iter().map(|i| r[*i].to_string()).collect();
    reader.records().map(|r| row(r.unwrap())).collect()
}

#[test]
fn a_dry_run_says_what_a_run_does_and_writes_nothing() {
    let bench = Bench::new();
    bench.images(&["in/a.png", "in/b.png"]);
    bench.write("in/broken.png", "\u{89}PNG no");
    bench.write("in/odd.xyz", "no image");
    bench.write("sheet.csv", "path,patient,set.spacing_um\nin/a.png,P1,0.5\nin/*,P1,0.5\n");
    let output = bench.run(&["--sheet", "sheet.csv", "--dry-run"]);
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    let columns = ["image", "patient", "status", "recipe", "set", "roles", "spacing", "unit", "files"];
    let rows = said(&output, &columns);
    let good = |n: &str| {
        let (image, file) = (format!("in/{n}.png"), format!("in/{n}.png"));
        [&image, "P1", "ok", "recipe.toml", "spacing_um=0.5", "signal = ch0", "0.5 x 0.5", "um", &file]
            .map(str::to_string)
    };
    assert_eq!(rows[..2], [good("a"), good("b")]);
    assert_eq!(rows.iter().map(|r| r[2].as_str()).collect::<Vec<_>>(), ["ok", "ok", "failed", "failed"]);
    assert!(words(&output).contains("nothing was done: 4 inputs = 2 ok + 2 failed + 0 skipped"), "{}", words(&output));
    assert!(!bench.at("uptake-out").exists());
    bench.run(&["--sheet", "sheet.csv"]);
    let images = bench.table("uptake-out/images.csv", &["image", "status", "reason"]);
    assert_eq!(images, said(&output, &["image", "status", "reason"]));
    assert_eq!(bench.run(&["gone.png", "--dry-run"]).status.code(), Some(2));
}

#[test]
fn what_headers_tell_of_the_samples_is_what_a_run_finds() {
    let bench = Bench::new();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-images");
    let uptake = |more: &[&str]| {
        let mut command = bench.command();
        command.arg("run").arg(&samples);
        command.args(["--device", "cpu", "--no-overlays", "--no-labels"]).args(more).output().unwrap()
    };
    let plan = uptake(&["--dry-run"]);
    uptake(&[]);
    let images =
        bench.table("uptake-out/images.csv", &["image", "status", "channel_nuclear", "channel_probe", "channel_pet"]);
    let roles = |row: &[String]| {
        let named = ["nuclear", "probe", "pet"].iter().zip(&row[2..]).filter(|(_, c)| !c.is_empty());
        let mut roles: Vec<String> = named.map(|(role, c)| format!("{role} = {c}")).collect();
        roles.sort();
        roles.join("; ")
    };
    let sorted = |text: &str| {
        let mut all: Vec<&str> = text.split("; ").collect();
        all.sort();
        all.join("; ")
    };
    let found: Vec<Vec<String>> = images.iter().map(|r| vec![r[0].clone(), r[1].clone(), roles(r)]).collect();
    let told =
        said(&plan, &["image", "status", "roles"]).into_iter().map(|r| vec![r[0].clone(), r[1].clone(), sorted(&r[2])]);
    assert!(found.len() > 5);
    assert_eq!(told.collect::<Vec<_>>(), found);
}

const MASKS: &str =
    "[channels]\nsignal = [0]\n[objects.cells]\nlabels = 'LABELS'\n[measure.cells]\nfeatures = 'intensity'\n";

#[test]
fn masks_are_found_by_folders_globs_and_columns() {
    let bench = Bench::new();
    bench.images(&["in/p1/base.png", "in/p2/base.png"]);
    let labels = bench
        .command()
        .args(["run", "in", "--recipe", "recipe.toml", "--device", "cpu", "--out", "labelled"])
        .output()
        .unwrap();
    assert_eq!(labels.status.code(), Some(0), "{}", words(&labels));
    let mask = |n: &str, to: &str| {
        let from = bench.at(&format!("labelled/labels/{n}/base.png_spots.ome.tif"));
        std::fs::create_dir_all(bench.at(to).parent().unwrap()).unwrap();
        std::fs::copy(from, bench.at(to)).unwrap();
    };
    for n in ["p1", "p2"] {
        mask(n, &format!("in/{n}/masks/cells_v1.ome.tif"));
        mask(n, &format!("drawn/{}_by_me.ome.tif", n.to_uppercase()));
    }
    bench.write("in/sheet.csv", "path,patient\np1/base.png,P1\np2/base.png,P2\n");
    let run = |labels: &str, out: &str, more: &[&str]| {
        bench.write("masks.toml", MASKS.replace("LABELS", labels));
        bench
            .command()
            .args(["run", "--recipe", "masks.toml", "--device", "cpu", "--no-labels", "--no-overlays", "--out", out])
            .args(more)
            .output()
            .unwrap()
    };
    let good = |labels: &str, out: &str, more: &[&str]| {
        let output = run(labels, out, more);
        assert_eq!(output.status.code(), Some(0), "{labels}: {}", words(&output));
        bench.table(&format!("{out}/cells.csv"), &["image", "label"]).len()
    };
    // A mask that is found is no image of its own.
    assert_eq!(good("{dir}/masks/cells_*.tif", "a", &["in"]), 3 + 4);
    assert_eq!(bench.table("a/images.csv", &["image"]).len(), 2);
    assert_eq!(good("../../drawn/{patient}_*.tif", "b", &["--sheet", "in/sheet.csv"]), 3 + 4);
    bench.write(
        "in/own.csv",
        "path,set.labels.cells\np1/base.png,../drawn/P1_by_me.ome.tif\np2/base.png,p2/masks/cells_v1.ome.tif\n",
    );
    assert_eq!(good("{stem}.tif", "c", &["--sheet", "in/own.csv"]), 3 + 4);
    let groups = ["in", "--set", "files.groups={visit}/{time}", "--exclude", "masks"];
    assert_eq!(good("../../in/{visit}/masks/*", "d", &groups), 3 + 4);
    // Those that a run has written, whatever was done to them since.
    for n in ["p1", "p2"] {
        mask(n, &format!("edited/{n}/base.png_cells.ome.tif"));
    }
    assert_eq!(good("edited/{written}", "w", &["in", "--exclude", "masks"]), 3 + 4);
    // Several, none, and slips.
    mask("p1", "in/p1/masks/cells_v2.ome.tif");
    let output = run("{dir}/masks/cells_*.tif", "e", &["in", "--exclude", "masks"]);
    assert_eq!(output.status.code(), Some(1));
    let reason = &bench.table("e/images.csv", &["reason"])[0][0];
    assert!(reason.contains("matches 2 files: p1/masks/cells_v1.ome.tif, p1/masks/cells_v2.ome.tif"), "{reason}");
    let output = run("{dir}/none/*.tif", "f", &["in", "--exclude", "masks"]);
    assert_eq!(output.status.code(), Some(2), "{}", words(&output));
    assert!(words(&output).contains("there is no label image: nothing matches {dir}/none/*.tif"), "{}", words(&output));
    let output = run("{pateint}.tif", "g", &["--sheet", "in/sheet.csv"]);
    assert!(
        words(&output).contains("has the field {pateint}, and there is no such column\n  try: {patient}"),
        "{}",
        words(&output)
    );
    assert!(!bench.at("g").exists());
}

/// Puts a file of regions beside the phantom's series.
fn phantom(bench: &Bench) {
    let phantom = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-images/pet/phantom_dicom");
    for (below, path) in common::files_below(&phantom) {
        let to = bench.at("in/pet").join(below);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(path, to).unwrap();
    }
}

#[test]
fn regions_are_found_by_what_they_refer_to() {
    let bench = Bench::new();
    phantom(&bench);
    let series = &uptake::read::find_series(&files_in(&bench.at("in/pet"))).series[0];
    let regions = |name: &str, series: Option<&str>, frame: &str| {
        std::fs::create_dir_all(bench.at("in/rt")).unwrap();
        std::fs::copy(files::referring(series, frame).path, bench.at(&format!("in/rt/{name}"))).unwrap();
    };
    let run = |labels: &str, out: &str, more: &[&str]| {
        let labels = format!("labels.lesions={labels}");
        bench
            .command()
            .args(["run", "in", "--recipe", "pet", "--device", "cpu", "--no-labels", "--no-overlays", "--out", out])
            .args(["--set", &labels])
            .args(more)
            .output()
            .unwrap()
    };
    regions("other.dcm", Some("1.2.3.4"), "9.9.9");
    let output = run("dicom", "none", &[]);
    assert_eq!(output.status.code(), Some(2), "{}", words(&output));
    let said = "of 1 RTSTRUCT or SEG files among the inputs none refers to this series";
    assert!(words(&output).contains(said), "{}", words(&output));
    let plan = |labels: &str, more: &[&str]| {
        let output = run(labels, "never", &[&["--dry-run"], more].concat());
        let rows = said_of(&output);
        rows.into_iter().find(|r| r[0] == "pet").unwrap_or_else(|| panic!("{}", words(&output)))
    };
    // By the frame of reference, then by the series.
    regions("frame.dcm", None, &series.frame);
    assert!(plan("dicom", &[])[1].ends_with("rt/frame.dcm"), "{:?}", plan("dicom", &[]));
    regions("series.dcm", Some(&series.uid), "9.9.9");
    assert!(plan("dicom", &[])[1].ends_with("rt/series.dcm"));
    assert!(plan("dicom:seg", &[])[2].contains("of 0 SEG files"));
    regions("twin.dcm", Some(&series.uid), "9.9.8");
    let row = plan("dicom", &[]);
    assert!(row[2].contains("2 files of regions refer to this series: rt/series.dcm, rt/twin.dcm"), "{row:?}");
    assert!(plan("dicom", &["--exclude", "twin.dcm"])[1].ends_with("rt/series.dcm"), "the remedy");
    let output = run("dicom:ct", "never", &[]);
    assert!(words(&output).contains("try: dicom, dicom:rtstruct or dicom:seg"), "{}", words(&output));
}

fn said_of(output: &Output) -> Vec<Vec<String>> {
    said(output, &["image", "regions", "reason"])
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    common::files_below(folder).into_values().collect()
}

#[test]
fn folders_are_inspected_in_one_line_an_image() {
    let bench = Bench::new();
    bench.images(&["in/a.png", "in/sub/b.png"]);
    bench.write("in/broken.png", "\u{89}PNG no");
    let output = bench.uptake(&["inspect", "in"]);
    let out = String::from_utf8_lossy(&output.stdout);
    let line = |name: &str| format!("in/{name}: 110 x 140, pixels of unknown size, ch0\n");
    assert_eq!(out, line("a.png") + &line("sub/b.png"));
    assert!(words(&output).contains("error: in/broken.png: "), "{}", words(&output));
    assert_eq!(output.status.code(), Some(1));
    let json = bench.uptake(&["inspect", "--json", "in"]);
    let first: serde_json::Value = serde_json::from_slice(json.stdout.split(|b| *b == b'\n').next().unwrap()).unwrap();
    assert_eq!((&first["file"], &first["channels"][0]["name"]), (&"in/a.png".into(), &"ch0".into()));
    // A single series is described as ever.
    phantom(&bench);
    let series = bench.uptake(&["inspect", "in/pet"]);
    assert!(String::from_utf8_lossy(&series.stdout).contains("  modality     pet\n"));
    std::fs::create_dir(bench.at("empty")).unwrap();
    assert!(words(&bench.uptake(&["inspect", "empty"])).contains("empty: no image in the inputs"));
}

#[test]
fn a_quiet_run_says_in_one_line_what_to_look_at() {
    let bench = Bench::new();
    bench.images(&["in/a.png"]);
    let quiet = |out: &str| words(&bench.run(&["in", "--quiet", "--out", out]));
    assert_eq!(quiet("good"), "");
    bench.write("in/odd.xyz", "no image");
    let said = quiet("skipped");
    assert!(said.starts_with("done: 2 inputs = 1 ok + 0 failed + 1 skipped, in "), "{said}");
    assert!(said.ends_with(" s: see skipped/images.csv\n") && said.lines().count() == 1, "{said}");
}

#[test]
fn shells_and_manuals_know_the_commands() {
    let bench = Bench::new();
    let script = "source <(\"$0\" completions bash); COMP_WORDS=(uptake run --recipe pet-p); COMP_CWORD=3; \
                  _uptake uptake pet-p --recipe; echo \"${COMPREPLY[@]}\"";
    let output = Command::new("bash").args(["-c", script, env!("CARGO_BIN_EXE_uptake")]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "pet-percist\n", "{}", words(&output));
    let fish = String::from_utf8(bench.uptake(&["completions", "fish"]).stdout).unwrap();
    assert!(fish.lines().any(|l| l.contains("-l recipe ") && l.contains("-F") && !l.contains("-f ")), "files as well");
    for (args, said) in [(&["man"][..], ".TH uptake 1"), (&["man", "run"], "\\-\\-sheet")] {
        let page = String::from_utf8(bench.uptake(args).stdout).unwrap();
        assert!(page.contains(said), "{args:?}: {page}");
    }
    assert!(words(&bench.uptake(&["man", "rum"])).contains("try: one of: run, merge"));
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

#[test]
fn shards_of_a_sheet_give_the_tables_of_one_run() {
    let bench = Bench::new();
    bench.images(&["in/a.png", "in/b.png", "in/c.png", "in/d.png", "in/e.png"]);
    bench.write("in/broken.png", "\u{89}PNG no");
    let set = "set.measure.spots.features";
    bench
        .write("in/sheet.csv", format!("path,patient,{set}\na.png,P1,\nb.png,P2,\"[\"\"shape\"\"]\"\n[c-e].png,P3,\n"));
    let run = |more: &[&str]| {
        let sheet = ["--sheet", "in/sheet.csv", "in/broken.png", "--format", "csv,parquet"];
        bench.run(&[&sheet[..], more].concat());
    };
    run(&["--out", "whole"]);
    run(&["--out", "s1", "--shard", "1/2"]);
    run(&["--out", "s2", "--shard", "2/2"]);
    let merge = |shards: &[&str], out: &str| {
        let mut command = bench.command();
        command.arg("merge").args(shards).args(["--out", out]).output().unwrap()
    };
    let merged = merge(&["s2", "s1"], "all");
    assert_eq!(merged.status.code(), Some(1), "one image is broken: {}", words(&merged));
    for table in ["images", "spots", "features"] {
        for end in ["csv", "parquet"] {
            let bytes = |out: &str| std::fs::read(bench.at(&format!("{out}/{table}.{end}"))).unwrap();
            assert!(bytes("whole") == bytes("all"), "{table}.{end}");
        }
    }
    assert_eq!(bench.table("all/images.csv", &["patient"])[0..2], [["P1"], ["P2"]]);
    // A sheet that changed between the shards is another list.
    bench.write("in/sheet.csv", "path,patient\na.png,P9\nb.png,P2\n[c-e].png,P3\n");
    run(&["--out", "s2", "--shard", "2/2", "--overwrite"]);
    let refused = merge(&["s1", "s2"], "other");
    assert!(
        refused.status.code() == Some(2) && words(&refused).contains("another list of images"),
        "{}",
        words(&refused)
    );
}
