//! What goes wrong around a batch: names, links, kills, other runs, other recipes, output that nobody takes. Nothing is lost,
//! nothing of others is touched, and a run that goes on gives the bytes of one that was never stopped. Kinds: mechanics and
//! regression.

#![allow(clippy::unwrap_used, reason = "a test may")]
#![cfg(unix)]

mod common;
#[path = "common/images.rs"]
mod images;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const RECIPE: &str = r#"
[channels]
signal = [0]
[objects.spots]
channel = "signal"
steps = [{ op = "gaussian", sigma = "1 px" }, { op = "threshold", method = "otsu" }, { op = "label" }]
[objects.big_spots]
grow = { from = "spots", by = "3 px" }
"#;

struct Place(tempfile::TempDir);

impl Place {
    /// Images of these names below `in`, each of its own.
    fn new(names: &[&str]) -> Self {
        let place = Place(tempfile::tempdir().unwrap());
        fs::write(place.at("recipe.toml"), RECIPE).unwrap();
        for (seed, name) in names.iter().enumerate() {
            place.image(name, seed as u32);
        }
        place
    }

    fn image(&self, name: &str, seed: u32) {
        let path = self.at("in").join(name);
        images::spots(&self.at("new.png"), seed, 4 + seed % 5);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::rename(self.at("new.png"), path).unwrap();
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, out: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_uptake"));
        command.current_dir(self.0.path()).args(["run", "in", "-r", "recipe.toml", "-d", "cpu", "-o", out]).args(more);
        command
    }

    fn run(&self, out: &str, more: &[&str]) -> Output {
        self.command(out, more).output().unwrap()
    }

    /// A run that does all.
    fn good(&self, out: &str, more: &[&str]) -> BTreeMap<String, Vec<u8>> {
        let output = self.run(out, more);
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        self.files(out)
    }

    /// All results of a run but for `run.json`.
    fn files(&self, out: &str) -> BTreeMap<String, Vec<u8>> {
        let name = |below: PathBuf| below.to_string_lossy().into_owned();
        common::results(&self.at(out)).into_iter().map(|(below, bytes)| (name(below), bytes)).collect()
    }
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn equal_files_are_all_done() {
    let place = Place::new(&[]);
    for i in 0..12 {
        place.image(&format!("well{i:02}.png"), 3);
    }
    for round in 0..6 {
        let files = place.good(&format!("o{round}"), &["--jobs", "8", "--threads", "8", "--no-overlays"]);
        assert_eq!(files.keys().filter(|f| f.starts_with("labels/")).count(), 24);
    }
}

#[test]
fn every_image_has_its_own_files_and_the_same_whatever_lies_beside_it() {
    let names = ["s.tif", "s.png", "s.png.tif", "s_big.tif", "s", "s.ome.tif", "a%b\\c:d.png", "line\nbreak.tif"];
    let place = Place::new(&names);
    let long = "x".repeat(251) + ".tif";
    place.image(&long, 40);
    let together = place.good("together", &[]);
    assert_eq!(together.keys().filter(|f| f.starts_with("labels/")).count(), 2 * (names.len() + 1));
    for name in names.iter().copied().chain([long.as_str()]) {
        let alone = Place::new(&[]);
        fs::create_dir(alone.at("in")).unwrap();
        fs::copy(place.at("in").join(name), alone.at("in").join(name)).unwrap();
        for (file, bytes) in alone.good("o", &[]).iter().filter(|(f, _)| f.contains('/')) {
            assert_eq!(together.get(file), Some(bytes), "{file}");
        }
    }
}

#[test]
fn a_folder_takes_one_run_at_a_time_and_no_other_images_in_silence() {
    let place = Place::new(&["a.png", "b.png"]);
    place.good("o", &[]);
    let lock = fs::File::options().write(true).open(place.at("o/.uptake/lock")).unwrap();
    lock.lock().unwrap();
    let second = place.run("o", &["--overwrite"]);
    assert_eq!(second.status.code(), Some(2));
    assert!(err(&second).contains("another run (process"), "{}", err(&second));
    drop(lock);
    // The same images again, whatever the recipe, replace the tables and say so.
    let again = place.run("o", &[]);
    assert!(err(&again).contains("replaced"), "{}", err(&again));
    let other = Place::new(&[]);
    other.image("a.png", 9);
    let before = place.files("o");
    for flags in [&[][..], &["--resume"]] {
        let mut command = other.command(place.at("o").to_str().unwrap(), flags);
        let refused = command.output().unwrap();
        assert_eq!(refused.status.code(), Some(2), "{flags:?}");
        assert!(err(&refused).contains("--overwrite"), "{}", err(&refused));
    }
    assert!(before == place.files("o"), "nothing is touched");
    let replaced = other.command(place.at("o").to_str().unwrap(), &["--overwrite"]).output().unwrap();
    assert_eq!(replaced.status.code(), Some(0), "{}", err(&replaced));
    assert!(!place.at("o/labels/b.png_spots.ome.tif").exists());
}

#[test]
fn an_archive_that_was_moved_is_resumed() {
    let place = Place::new(&["a.png", "b.png"]);
    let whole = place.good("o", &[]);
    fs::create_dir(place.at("elsewhere")).unwrap();
    fs::rename(place.at("in"), place.at("elsewhere/in")).unwrap();
    let args = ["run", "elsewhere/in", "-r", "recipe.toml", "-d", "cpu", "-o", "o", "--resume"];
    let output = Command::new(env!("CARGO_BIN_EXE_uptake")).current_dir(place.0.path()).args(args).output().unwrap();
    assert!(err(&output).contains("2 of them from the run before"), "{}", err(&output));
    assert!(place.files("o") == whole);
}

#[test]
fn what_does_not_belong_to_a_resumed_run_is_done_again_or_goes() {
    let place = Place::new(&["a.png", "b.png"]);
    let fresh = place.good("fresh", &[]);
    // Names swapped: each image keeps its own labels.
    place.good("o", &[]);
    fs::rename(place.at("in/a.png"), place.at("in/t")).unwrap();
    fs::rename(place.at("in/b.png"), place.at("in/a.png")).unwrap();
    fs::rename(place.at("in/t"), place.at("in/b.png")).unwrap();
    let swapped = place.good("o", &["--resume"]);
    assert!(swapped == place.good("swapped", &[]) && swapped != fresh);
    // Another recipe, and back.
    let by = ["--set", "objects.big_spots.grow.by=5 px", "--resume"];
    assert!(place.good("o", &by) != swapped);
    assert!(place.good("o", &["--resume"]) == swapped);
    // Files that are empty, cut or changed, as after a power cut.
    for (file, text) in [("labels/a.png_spots.ome.tif", ""), ("overlays/b.png_spots.png", "x")] {
        fs::write(place.at("o").join(file), text).unwrap();
        assert!(place.good("o", &["--resume"]) == swapped, "{file}");
    }
    let cut = fs::read(place.at("o/labels/b.png_spots.ome.tif")).unwrap();
    fs::write(place.at("o/labels/b.png_spots.ome.tif"), &cut[..cut.len() / 2]).unwrap();
    fs::write(place.at("o/labels/.uptake-7-3.part"), "left behind").unwrap();
    assert!(place.good("o", &["--resume"]) == swapped);
    // A smaller recipe and fewer images leave nothing of the larger run, and say what goes.
    fs::write(place.at("recipe.toml"), RECIPE.split("[objects.big_spots]").next().unwrap()).unwrap();
    fs::remove_file(place.at("in/b.png")).unwrap();
    let output = place.run("o", &["--resume"]);
    assert!(err(&output).contains("files of the run before were removed"), "{}", err(&output));
    assert!(place.files("o") == place.good("small", &[]));
    assert!(!place.at("o/big_spots.csv").exists());
}

/// The tables are written again only where they would be others, or somebody has touched them.
#[test]
fn a_finished_run_that_is_resumed_lets_its_tables_be() {
    let place = Place::new(&["a.png", "b.png", "c.txt.png"]);
    fs::write(place.at("in/c.txt.png"), "no image").unwrap();
    let run = |patient: &str| {
        fs::write(place.at("sheet.csv"), format!("path,patient\nin/a.png,{patient}\n")).unwrap();
        let output = place.run("o", &["--resume", "--format", "csv,parquet", "--sheet", "sheet.csv"]);
        assert_eq!(output.status.code(), Some(1), "{}", err(&output));
        place.files("o")
    };
    let written = |name: &str| fs::metadata(place.at("o").join(name)).unwrap().ino();
    let tables = ["spots.csv", "big_spots.csv", "images.csv", "features.csv", "spots.parquet", "images.parquet"];
    let whole = run("P1");
    let before = tables.map(written);
    assert!(run("P1") == whole && run("P1") == whole);
    assert_eq!(tables.map(written), before, "nothing was written");
    for touched in ["spots.csv", "images.parquet"] {
        fs::write(place.at("o").join(touched), "x").unwrap();
        assert!(run("P1") == whole, "{touched}");
    }
    fs::remove_file(place.at("o/features.csv")).unwrap();
    assert!(run("P1") == whole);
    // Something that only the tables follow from.
    assert!(run("P2") != whole);
    assert!(run("P1") == whole);
}

#[test]
fn a_killed_run_goes_on_to_the_same_bytes() {
    let names: Vec<String> = (0..24).map(|i| format!("i{i}.png")).collect();
    let place = Place::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let started = Instant::now();
    let whole = place.good("whole", &["--jobs", "2"]);
    let time = started.elapsed();
    for round in 1..6 {
        let mut run = place.command("o", &["--jobs", "2", "--resume"]).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(time * round / 7);
        run.kill().unwrap();
        run.wait().unwrap();
    }
    assert!(place.good("o", &["--resume"]) == whole);
    assert!(
        !fs::read_dir(place.at("o/.uptake/parts")).unwrap().any(|e| e
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with('.'))
    );
}

#[test]
fn a_signal_ends_a_run_with_the_tables_of_what_is_done() {
    let names: Vec<String> = (0..60).map(|i| format!("i{i:02}.png")).collect();
    let place = Place::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let run = place.command("o", &["--jobs", "1", "--threads", "1"]).stderr(Stdio::piped()).spawn().unwrap();
    let is_part = |e: &fs::DirEntry| {
        let name = e.file_name().to_string_lossy().into_owned();
        name.ends_with(".part") && !name.starts_with('.')
    };
    let parts = |d: fs::ReadDir| d.flatten().filter(is_part).count();
    while fs::read_dir(place.at("o/.uptake/parts")).map_or(0, parts) < 3 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let signal = Command::new("kill").args(["-TERM", &run.id().to_string()]).status().unwrap();
    assert!(signal.success());
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", err(&output));
    assert!(err(&output).contains("to go on: the same command with --resume"), "{}", err(&output));
    let images = fs::read_to_string(place.at("o/images.csv")).unwrap();
    let count = |status: &str| images.lines().filter(|l| l.split(',').nth(1) == Some(status)).count();
    assert!(count("ok") >= 3 && count("ok") + count("skipped") == 60, "{images}");
    assert!(place.good("o", &["--resume"]) == place.good("whole", &[]));
}

#[test]
fn nobody_has_to_listen() {
    let place = Place::new(&["a.png", "b.png"]);
    let whole = place.good("whole", &[]);
    let full = || Stdio::from(fs::File::options().write(true).open("/dev/full").unwrap());
    assert_eq!(place.command("full", &[]).stderr(full()).status().unwrap().code(), Some(0));
    assert!(place.files("full") == whole);
    // As with `2>&1 | head -1`: the reader goes away.
    let mut run = place.command("closed", &[]).stderr(Stdio::piped()).spawn().unwrap();
    drop(run.stderr.take());
    assert_eq!(run.wait().unwrap().code(), Some(0));
    assert!(place.files("closed") == whole);
    let inspect = |to: Stdio| {
        Command::new(env!("CARGO_BIN_EXE_uptake")).arg("inspect").arg(place.at("in/a.png")).stdout(to).output().unwrap()
    };
    let lost = inspect(full());
    assert_eq!(lost.status.code(), Some(2), "what was asked for did not arrive");
    assert!(err(&lost).contains("standard output"), "{}", err(&lost));
}

#[test]
fn links_pipes_and_foreign_formats_are_told_by_name_and_hold_nothing_up() {
    let place = Place::new(&["a.png"]);
    let at = |name: &str| place.at("in").join(name);
    assert!(Command::new("mkfifo").arg(at("pipe.tif")).status().unwrap().success());
    symlink("/dev/zero", at("zero.tif")).unwrap();
    symlink("nowhere.tif", at("broken.tif")).unwrap();
    fs::write(at("slide.czi"), b"ZISRAWFILE and more").unwrap();
    // Two gigabytes of nothing: looked at, not hashed.
    fs::File::options().write(true).open(at("slide.czi")).unwrap().set_len(2 << 30).unwrap();
    fs::create_dir_all(at("plate.zarr/0/0")).unwrap();
    fs::write(at("plate.zarr/.zgroup"), "{}").unwrap();
    fs::write(at("plate.zarr/0/0/0"), "chunk").unwrap();
    let output = place.run("o", &[]);
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    let images = fs::read_to_string(place.at("o/images.csv")).unwrap();
    let row =
        |name: &str| images.lines().find(|l| l.starts_with(&format!("{name},"))).unwrap_or_else(|| panic!("{images}"));
    assert!(row("a.png").starts_with("a.png,ok,"));
    assert!(row("pipe.tif").starts_with("pipe.tif,skipped,no regular file"));
    assert!(row("zero.tif").starts_with("zero.tif,skipped,no regular file"));
    assert!(row("broken.tif").starts_with("broken.tif,failed,"));
    for (name, format) in [("slide.czi", "CZI"), ("plate.zarr", "Zarr")] {
        assert!(row(name).starts_with(&format!("{name},failed,")) && row(name).contains(format), "{}", row(name));
        assert!(row(name).contains("OME-TIFF"), "a way out: {}", row(name));
    }
    assert_eq!(images.lines().count(), 7, "{images}");
}

#[test]
fn results_that_were_copied_are_not_measured_again() {
    let place = Place::new(&["a.png"]);
    let whole = place.good("o", &[]);
    let copy = place.at("in/old");
    for (file, bytes) in &whole {
        let to = copy.join(file);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, bytes).unwrap();
    }
    // With the record of the run beside them the folders are known, without it each file.
    for record in [true, false] {
        if record {
            fs::copy(place.at("o/run.json"), copy.join("run.json")).unwrap();
        } else {
            fs::remove_file(copy.join("run.json")).unwrap();
        }
        let output = place.run(&format!("again{record}"), &[]);
        assert!(err(&output).contains("= 1 ok + 0 failed"), "{}", err(&output));
    }
}

#[test]
fn tables_do_not_depend_on_the_place() {
    let places = [Place::new(&["a.png", "deep/b.png"]), Place::new(&["a.png", "deep/b.png"])];
    let recipe = format!("{RECIPE}\n[objects.drawn]\nlabels = \"{{stem}}_mask.tif\"\n");
    let tables = places.each_ref().map(|place| {
        fs::write(place.at("recipe.toml"), &recipe).unwrap();
        fs::write(place.at("in/cut.png"), &fs::read(place.at("in/a.png")).unwrap()[..100]).unwrap();
        symlink("gone", place.at("in/broken.tif")).unwrap();
        fs::create_dir(place.at("in/shut")).unwrap();
        fs::write(place.at("in/shut/.uptakeignore"), "[").unwrap();
        place.run("o", &[]);
        place.files("o")
    });
    assert!(tables[0] == tables[1]);
    let images = String::from_utf8_lossy(&tables[0]["images.csv"]).into_owned();
    assert!(!images.contains(places[0].0.path().to_str().unwrap()) && images.contains("b_mask.tif"), "{images}");
}

#[test]
fn when_all_images_fail_the_tables_have_their_columns() {
    let place = Place::new(&["a.png"]);
    let columns = |out: &str, name: &str| -> String {
        fs::read_to_string(place.at(out).join(name)).unwrap().lines().next().unwrap().to_string()
    };
    place.good("good", &[]);
    fs::write(place.at("in/a.png"), "no image").unwrap();
    assert_eq!(place.run("bad", &[]).status.code(), Some(2));
    for name in ["spots.csv", "big_spots.csv", "images.csv", "features.csv"] {
        assert_eq!(columns("bad", name), columns("good", name), "{name}");
    }
}

#[test]
fn names_cannot_command_a_terminal() {
    let place = Place::new(&["red\u{1b}[31m\nname.png"]);
    fs::write(place.at("in/\u{7}bad.png"), "no image").unwrap();
    let output = place.run("o", &[]);
    let said = err(&output);
    assert!(!said.contains(['\u{1b}', '\u{7}']) && said.contains("red\\u{1b}[31m\\nname.png"), "{said}");
}

#[test]
fn more_threads_and_jobs_than_any_machine_has_are_refused() {
    let place = Place::new(&["a.png"]);
    for flags in [["--threads", "40000"], ["--jobs", "40000"]] {
        let output = place.run("o", &flags);
        assert_eq!(output.status.code(), Some(2));
        assert!(err(&output).contains("at most"), "{}", err(&output));
        assert!(!place.at("o").exists(), "nothing is begun");
    }
}

#[test]
fn a_full_disk_stops_a_run_early_with_its_reason() {
    let place = Place::new(&["a.png", "b.png", "c.png"]);
    // A file system of its own that is full at once: only root may mount one.
    fs::create_dir(place.at("small")).unwrap();
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "none"]).arg(place.at("small")).output();
    if !mount.is_ok_and(|m| m.status.success()) {
        eprintln!("skipped: no file system can be mounted here");
        return;
    }
    let output = place.run("small/o", &["--jobs", "1"]);
    let images = fs::metadata(place.at("small")).unwrap().dev();
    assert!(Command::new("umount").arg(place.at("small")).status().unwrap().success());
    assert_ne!(images, fs::metadata(place.0.path()).unwrap().dev(), "it was a file system of its own");
    assert_ne!(output.status.code(), Some(0));
    let said = err(&output);
    assert!(said.contains("No space left") && said.contains("--resume"), "{said}");
}

/// What the parts of a path lead to is none of our business beyond the output folder.
#[test]
fn nothing_is_written_through_a_link_in_the_output_folder() {
    let place = Place::new(&["a.png"]);
    place.good("o", &[]);
    fs::remove_dir_all(place.at("o/labels")).unwrap();
    fs::create_dir(place.at("precious")).unwrap();
    fs::write(place.at("precious/a.png_spots.ome.tif"), "mine").unwrap();
    symlink(place.at("precious"), place.at("o/labels")).unwrap();
    let output = place.run("o", &[]);
    assert_ne!(output.status.code(), Some(0));
    assert_eq!(fs::read_dir(place.at("precious")).unwrap().count(), 1);
    assert_eq!(fs::read(Path::new(&place.at("precious/a.png_spots.ome.tif"))).unwrap(), b"mine");
}
