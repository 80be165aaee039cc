//! Memory: what a run takes at its peak stays within `--memory`, however small the files are beside what they hold, and an image
//! is refused only if it would not fit. Kinds: invariant and mechanics.
//!
//! The peak is that of the whole process, as Linux counts it (`VmHWM`), so other systems are left out.

#![allow(clippy::unwrap_used, reason = "a test may")]
#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tiff::encoder::{Compression, DeflateLevel, TiffEncoder, colortype};

const RECIPE: &str = r#"
[channels]
signal = [0]
[objects.spots]
channel = "signal"
steps = [{ op = "threshold", method = "fixed", value = 500 }, { op = "label" }]
[measure.spots]
features = ["shape", "intensity"]
"#;

/// A deflated TIFF: zeros with a bright voxel at each of `spots` places along every `step`-th row.
fn sparse(path: &Path, size: u32, step: u32, spots: u32) {
    let mut pixels = vec![0u16; (size * size) as usize];
    for y in (step / 2..size).step_by(step as usize) {
        for n in 0..spots {
            pixels[(y * size + (2 * n + 1) * size / (2 * spots)) as usize] = 1000;
        }
    }
    let file = fs::File::create(path).unwrap();
    let mut encoder = TiffEncoder::new(file).unwrap().with_compression(Compression::Deflate(DeflateLevel::Best));
    encoder.write_image::<colortype::Gray16>(size, size, &pixels).unwrap();
}

struct Run {
    code: Option<i32>,
    peak_mib: u64,
    said: String,
    images: String,
}

/// Runs on a folder and watches the peak of the process.
fn run(dir: &Path, out: &str, more: &[&str]) -> Run {
    run_recipe(RECIPE, dir, out, more)
}

fn run_recipe(recipe: &str, dir: &Path, out: &str, more: &[&str]) -> Run {
    let log = dir.join("log");
    fs::write(dir.join("recipe.toml"), recipe).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_uptake"))
        .current_dir(dir)
        .args(["run", "in", "-r", "recipe.toml", "-d", "cpu", "-q", "--threads", "2", "-o", out])
        .args(more)
        .stderr(Stdio::from(fs::File::create(&log).unwrap()))
        .spawn()
        .unwrap();
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak_kib = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        peak_kib = line.and_then(|l| l.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0).max(peak_kib);
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let code = child.wait().unwrap().code();
    let images = fs::read_to_string(dir.join(out).join("images.csv")).unwrap_or_default();
    let said = fs::read_to_string(log).unwrap();
    Run { code, peak_mib: peak_kib / 1024, said, images }
}

#[test]
fn files_that_unpack_to_hundreds_of_times_their_size_stay_within_the_budget() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("in")).unwrap();
    for n in 0..3 {
        let path = dir.path().join(format!("in/{n}.tif"));
        sparse(&path, 2048, 64, 30 + n);
        assert!(fs::metadata(path).unwrap().len() < 2048 * 2048 * 2 / 50);
    }
    for (jobs, memory) in [("1", 150), ("3", 150), ("3", 400)] {
        let out = format!("o{jobs}{memory}");
        let run = run(dir.path(), &out, &["--jobs", jobs, "--memory", &format!("{memory}MiB")]);
        assert_eq!(run.code, Some(0), "{}", run.said);
        // Enough was done to count, and no more than allowed.
        assert!((40..=memory).contains(&run.peak_mib), "{jobs} jobs, {memory} MiB: {} MiB", run.peak_mib);
    }
}

#[test]
fn an_image_that_does_not_fit_is_refused_by_its_header_and_the_remedy_helps() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("in")).unwrap();
    sparse(&dir.path().join("in/large.tif"), 2048, 64, 30);
    sparse(&dir.path().join("in/small.tif"), 256, 64, 3);
    let refused = run(dir.path(), "o", &["--memory", "64MiB"]);
    assert_eq!(refused.code, Some(1), "{}", refused.said);
    assert!(refused.images.contains("\nlarge.tif,failed,\"limit: ") && refused.images.contains("\nsmall.tif,ok,"));
    assert!(refused.peak_mib < 64, "{}", refused.peak_mib);
    let remedy = refused.said.lines().find_map(|l| l.trim().strip_prefix("try: --memory ")).unwrap();
    let helped = run(dir.path(), "o", &["--memory", remedy, "--resume"]);
    assert_eq!(helped.code, Some(0), "{}", helped.said);
}

#[test]
fn rows_of_many_objects_flow_and_a_block_of_them_that_does_not_fit_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("in")).unwrap();
    sparse(&dir.path().join("in/dots.tif"), 1024, 4, 256);
    let refused = run(dir.path(), "o", &["--memory", "100MiB"]);
    assert_eq!(refused.code, Some(2), "{}", refused.said);
    assert!(refused.images.contains("cells in a block of rows of its objects"), "{}", refused.images);
    assert!(refused.peak_mib <= 100, "{} MiB", refused.peak_mib);
    let remedy = refused.said.lines().find_map(|l| l.trim().strip_prefix("try: --memory ")).unwrap();
    let helped = run(dir.path(), "o", &["--memory", remedy]);
    assert_eq!(helped.code, Some(0), "{}", helped.said);
    let limit: u64 = remedy.strip_suffix("MiB").unwrap().parse().unwrap();
    assert!(helped.peak_mib <= limit, "{} MiB of {remedy}", helped.peak_mib);
}

/// A slip in a unit takes one image with it and not the run; what fits is done within the budget.
#[test]
fn grids_of_textures_count_once_objects_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let recipe = |resample: &str| {
        let texture = format!("[measure.spots.texture]\nfamilies = [\"statistics\"]\nresample = \"{resample}\"\n");
        RECIPE.replace("\"intensity\"", "\"texture\"") + &texture
    };
    fs::create_dir(dir.path().join("in")).unwrap();
    sparse(&dir.path().join("in/a.tif"), 400, 100, 2);
    let one = |size: u32| {
        let file = fs::File::create(dir.path().join("in/b.tif")).unwrap();
        let pixels = vec![1000u16; (size * size) as usize];
        TiffEncoder::new(file).unwrap().write_image::<colortype::Gray16>(size, size, &pixels).unwrap();
    };
    one(400);
    let slip = run_recipe(&recipe("0.01 px"), dir.path(), "slip", &["--memory", "1GiB"]);
    assert!(slip.code == Some(1) && slip.said.contains("1 ok + 1 failed"), "{}", slip.said);
    assert!(slip.images.contains("voxels of grids that textures have by resample"), "{}", slip.images);
    let fits = run_recipe(&recipe("0.25 px"), dir.path(), "fits", &["--memory", "256MiB"]);
    assert!(fits.code == Some(0) && fits.peak_mib <= 256, "{} MiB: {}", fits.peak_mib, fits.said);
}

#[test]
fn points_of_a_table_take_no_label_per_voxel() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("in")).unwrap();
    sparse(&dir.path().join("in/field.tif"), 4096, 64, 30);
    let places: String = (0..4000).map(|n| format!("{},{}\n", n % 63 * 64 + 9, n / 63 * 64 + 9)).collect();
    fs::write(dir.path().join("in/field_cells.csv"), format!("x_px,y_px\n{places}")).unwrap();
    let recipe = "[channels]\nsignal = [0]\n[objects.cells]\nlabels = \"{stem}_cells.csv\"\n\
                  [measure.cells]\nfeatures = [\"neighbours\"]\n";
    let measured = run_recipe(recipe, dir.path(), "o", &["--no-labels", "--no-overlays"]);
    assert_eq!(measured.code, Some(0), "{}", measured.said);
    // Samples in 32 bits and the file's own are 96 MiB, their noise a little; labels would be 64 more.
    assert!((64..=176).contains(&measured.peak_mib), "{} MiB", measured.peak_mib);
}

#[test]
fn less_than_the_program_itself_takes_is_refused_and_the_remedy_helps() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("in")).unwrap();
    sparse(&dir.path().join("in/small.tif"), 256, 64, 3);
    let refused = run(dir.path(), "o", &["--memory", "1MiB"]);
    assert_eq!(refused.code, Some(2), "{}", refused.said);
    let remedy = refused.said.lines().find_map(|l| l.trim().strip_prefix("try: --memory ")).unwrap();
    let helped = run(dir.path(), "o", &["--memory", remedy]);
    assert_eq!(helped.code, Some(0), "{}", helped.said);
}

#[test]
fn an_image_that_turns_out_to_need_more_waits_and_is_done() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("in")).unwrap();
    for n in 0..4 {
        sparse(&dir.path().join(format!("in/{n}.tif")), 512, 4, 96 + n);
    }
    // Room for one with its rows, and for the images of several.
    let run = run(dir.path(), "o", &["--memory", "120MiB", "--jobs", "4"]);
    assert_eq!(run.code, Some(0), "{}", run.said);
    assert!(run.peak_mib <= 120, "{} MiB", run.peak_mib);
}

/// A TIFF of pages with a grid of squares, each page a little other.
fn pages(path: &Path, size: u32, count: u16, pitch: u32) {
    let side = pitch * 5 / 16;
    let mut encoder = TiffEncoder::new(fs::File::create(path).unwrap()).unwrap();
    for page in 0..count {
        let value =
            |i: u32| if i % size % pitch < side && i / size % pitch < side { 700 + 50 * page } else { 10 + page };
        let pixels: Vec<u16> = (0..size * size).map(value).collect();
        encoder.write_image::<colortype::Gray16>(size, size, &pixels).unwrap();
    }
}

/// The recipe, measured in all pages as channels.
fn in_24_channels() -> String {
    let roles: String = (1..24).map(|c| format!("c{c} = [{c}]\n")).collect();
    RECIPE.replace("signal = [0]", &format!("signal = [0]\n{roles}[files]\npages = \"c\""))
}

#[test]
fn cells_that_grow_through_a_stain_stay_within_the_budget() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("in")).unwrap();
    pages(&dir.path().join("in/two.tif"), 1024, 2, 64);
    let text = include_str!("../recipes/cells-stain.toml");
    let run = |out: &str, memory: &str| {
        let more =
            ["--memory", memory, "--set", "files.pages=c", "--set", "channels.nuclear=0", "--set", "channels.cell=1"];
        run_recipe(text, dir.path(), out, &more)
    };
    let refused = run("small", "64MiB");
    let remedy = refused.said.lines().find_map(|l| l.trim().strip_prefix("try: --memory "));
    let remedy = remedy.unwrap_or_else(|| panic!("{}", refused.said));
    let helped = run("enough", remedy);
    let limit: u64 = remedy.strip_suffix("MiB").unwrap().parse().unwrap();
    assert!(helped.code == Some(0) && helped.peak_mib <= limit, "{} MiB of {remedy}: {}", helped.peak_mib, helped.said);
}

#[test]
fn more_memory_never_makes_an_image_fail() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("in")).unwrap();
    // 24 MiB of samples, and some 16 of rows: with a little less than both the channels have to be read in turn.
    pages(&dir.path().join("in/many.tif"), 512, 24, 16);
    let recipe = in_24_channels();
    let runs: Vec<Run> = (44..164)
        .step_by(8)
        .map(|mib| {
            run_recipe(&recipe, dir.path(), &format!("o{mib}"), &["--memory", &format!("{mib}MiB"), "--no-overlays"])
        })
        .collect();
    let done: Vec<bool> = runs.iter().map(|run| run.code == Some(0)).collect();
    assert!(!done[0] && done.is_sorted() && done.iter().filter(|done| **done).count() > 4, "{done:?}");
}

#[test]
fn channels_that_do_not_fit_together_are_read_in_turn_with_the_same_tables() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("in")).unwrap();
    pages(&dir.path().join("in/many.tif"), 1024, 24, 64);
    let recipe = in_24_channels();
    let run = |out: &str, memory: &str| run_recipe(&recipe, dir.path(), out, &["--memory", memory]);
    let (whole, turns) = (run("whole", "1GiB"), run("turns", "110MiB"));
    assert_eq!((whole.code, turns.code), (Some(0), Some(0)), "{} {}", whole.said, turns.said);
    // All samples alone are 96 MiB.
    assert!(turns.peak_mib <= 110 && whole.peak_mib > 110, "{} and {} MiB", turns.peak_mib, whole.peak_mib);
    for table in ["images.csv", "spots.csv"] {
        let bytes = |out: &str| fs::read(dir.path().join(out).join(table)).unwrap();
        assert!(bytes("whole") == bytes("turns"), "{table}");
    }
}

#[test]
fn neighbours_of_points_take_neither_a_label_image_nor_samples() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("in")).unwrap();
    sparse(&dir.path().join("in/field.tif"), 3072, 1024, 3);
    let points = (0..2000).map(|i| format!("{},{}\n", i * 97 % 3000, i * 31 % 3000)).collect::<String>();
    fs::write(dir.path().join("in/field_cells.csv"), format!("x_px,y_px\n{points}")).unwrap();
    let recipe = "quality = false\n[channels]\nsignal = [0]\n[objects.cells]\nlabels = \"{stem}_cells.csv\"\n\
                  [measure.cells]\nfeatures = [\"neighbours\"]\n";
    // Samples of 36 MiB, of which nothing is wanted but that they can be read, and the program; with a label image it would be 260.
    let run = run_recipe(recipe, dir.path(), "o", &["--memory", "180MiB", "--no-overlays"]);
    assert_eq!(run.code, Some(0), "{} {}", run.said, run.images);
    assert!(run.peak_mib <= 180, "{} MiB", run.peak_mib);
}
