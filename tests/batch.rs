//! Batches through the command line: nothing is lost, nothing changes with jobs, threads, device or interruption.
//! Kinds: invariant and mechanics.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;
#[path = "common/images.rs"]
mod images;

use common::bench::{Bench, text, words};
use common::results;
use std::path::PathBuf;
use std::process::Output;

const RECIPE: &str = r#"
[channels]
signal = [0]
[objects.spots]
channel = "signal"
steps = [
  { op = "gaussian", sigma = "1 px" },
  { op = "threshold", method = "otsu" },
  { op = "fill_holes" },
  { op = "label" },
]
[objects.halos]
grow = { from = "spots", by = "3 px" }
[measure.spots]
features = ["shape", "intensity"]
"#;

impl Bench {
    /// Six good images in two folders, a broken one, a note and a stranger.
    fn new() -> Self {
        let bench = Bench::with(RECIPE);
        for i in 0..6u32 {
            let folder = if i % 2 == 0 { "even" } else { "odd" };
            images::spots(&bench.at(&format!("in/{folder}/i{i}.png")), i, 3 + i);
        }
        bench.write("in/odd/broken.png", b"\x89PNG\r\n\x1a\n and then nothing of use");
        bench.write("in/notes.txt", "not an image");
        bench.write("in/stranger.xyz", "not an image either");
        bench
    }

    fn run(&self, out: &str, more: &[&str]) -> Output {
        let output = self
            .command()
            .args(["run", "in", "--recipe", "recipe.toml", "--out", out])
            .args(if more.iter().any(|word| ["--device", "--gpus"].contains(word)) {
                &[][..]
            } else {
                &["--device", "cpu"]
            })
            .args(more)
            .output()
            .unwrap();
        assert_ne!(output.status.code(), None, "killed: {}", String::from_utf8_lossy(&output.stderr));
        output
    }
}

#[test]
fn a_broken_file_among_good_ones_is_counted_and_stops_nothing() {
    let bench = Bench::new();
    let output = bench.run("out", &[]);
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    let last = words(&output).lines().last().unwrap().to_string();
    assert!(last.starts_with("done: 8 inputs = 6 ok + 1 failed + 1 skipped, in "), "{last}");
    let images = text(bench.at("out/images.csv"));
    let status: Vec<Vec<&str>> = images.lines().skip(1).map(|l| l.split(',').take(2).collect()).collect();
    assert_eq!(
        status,
        [
            ["even/i0.png", "ok"],
            ["even/i2.png", "ok"],
            ["even/i4.png", "ok"],
            ["odd/broken.png", "failed"],
            ["odd/i1.png", "ok"],
            ["odd/i3.png", "ok"],
            ["odd/i5.png", "ok"],
            ["stranger.xyz", "skipped"],
        ]
    );
    let spots = text(bench.at("out/spots.csv"));
    assert!(spots.starts_with("image,label,"), "{spots}");
    assert_eq!(spots.lines().count(), 1 + (3..9).sum::<usize>(), "a row a spot");
    assert_eq!(text(bench.at("out/halos.csv")).lines().count(), spots.lines().count());
    for below in ["labels/even/i0.png_spots.ome.tif", "overlays/odd/i5.png_halos.png", "features.csv", "run.json"] {
        assert!(bench.at("out").join(below).is_file(), "{below}");
    }
    // The dictionary names each column of each table.
    let features = text(bench.at("out/features.csv"));
    for (table, header) in [("spots", &spots), ("images", &images)] {
        for column in header.lines().next().unwrap().split(',') {
            assert!(features.contains(&format!("\n{table},{column},")), "{table},{column}");
        }
    }
}

#[test]
fn jobs_and_threads_change_no_byte() {
    let bench = Bench::new();
    bench.run("a", &["--jobs", "1", "--threads", "1"]);
    bench.run("b", &["--jobs", "4", "--threads", "1", "--memory", "64MiB"]);
    bench.run("c", &["--jobs", "1", "--threads", "4"]);
    let a = results(&bench.at("a"));
    assert!(a.len() > 20);
    assert!(a == results(&bench.at("b")), "jobs");
    assert!(a == results(&bench.at("c")), "threads");
}

#[test]
fn the_gpu_gives_the_same_files() {
    let _ = common::gpu(None);
    let bench = Bench::new();
    bench.run("cpu", &[]);
    let output = bench.run("gpu", &["--device", "gpu"]);
    assert!(!words(&output).contains("done on the CPU"), "{}", words(&output));
    assert!(results(&bench.at("cpu")) == results(&bench.at("gpu")));
    assert!(text(bench.at("cpu/run.json")).contains("\"device\": \"cpu\""));
    assert!(!text(bench.at("gpu/run.json")).contains("\"device\": \"cpu\""));
}

#[test]
fn several_gpus_give_the_same_files() {
    let _ = common::gpu(None);
    let bench = Bench::new();
    bench.run("cpu", &[]);
    // The same adapter, opened twice.
    let output = bench.run("gpus", &["--gpus", "0,0", "--jobs", "4"]);
    assert!(!words(&output).contains("done on the CPU"), "{}", words(&output));
    assert!(results(&bench.at("cpu")) == results(&bench.at("gpus")));
    assert!(!text(bench.at("gpus/run.json")).contains("\"device\": \"cpu\""));
    let output = bench.run("none", &["--gpus", "0,99"]);
    assert_eq!(output.status.code(), Some(2));
    let said = words(&output);
    assert!(said.contains("there is no GPU 99") && said.contains("uptake devices"), "{said}");
    assert!(!bench.at("none").exists(), "nothing is begun");
    for wrong in [["--gpus", "zero"], ["--gpus", ""], ["--gpus", "-1"]] {
        assert_eq!(bench.run("none", &wrong).status.code(), Some(2), "{wrong:?}");
    }
    assert_eq!(bench.run("none", &["--gpus", "0", "--device", "cpu"]).status.code(), Some(2));
}

#[test]
fn a_resumed_run_gives_the_bytes_of_a_whole_one() {
    let bench = Bench::new();
    bench.run("whole", &[]);
    bench.run("cut", &[]);
    // As if it had been killed: tables gone, every other part gone, a label image gone.
    for name in ["spots.csv", "halos.csv", "images.csv", "features.csv", "run.json", "labels/odd/i1.png_halos.ome.tif"]
    {
        std::fs::remove_file(bench.at("cut").join(name)).unwrap();
    }
    let mut parts: Vec<PathBuf> =
        std::fs::read_dir(bench.at("cut/.uptake/parts")).unwrap().map(|e| e.unwrap().path()).collect();
    parts.sort();
    // Beside one for what the columns of all of them mean.
    parts.retain(|p| p.extension().is_some_and(|e| e == "part"));
    assert_eq!(parts.len(), 6);
    for part in parts.iter().step_by(2) {
        std::fs::remove_file(part).unwrap();
    }
    let output = bench.run("cut", &["--resume"]);
    let said = words(&output);
    let kept = said.matches("kept from the run before").count();
    assert!((2..=3).contains(&kept), "{said}");
    assert!(results(&bench.at("whole")) == results(&bench.at("cut")));
    let again = words(&bench.run("cut", &["--resume"]));
    assert!(again.contains("6 of them from the run before"), "{again}");
    assert!(results(&bench.at("whole")) == results(&bench.at("cut")));
}

#[test]
fn a_changed_recipe_or_image_is_done_again() {
    let bench = Bench::new();
    bench.run("out", &[]);
    let said = words(&bench.run("out", &["--resume", "--set", "objects.halos.grow.by=2 px"]));
    assert!(!said.contains("kept"), "{said}");
    bench.run("out", &[]);
    images::spots(&bench.at("in/even/i0.png"), 77, 4);
    let said = words(&bench.run("out", &["--resume"]));
    assert_eq!(said.matches("kept from the run before").count(), 5, "{said}");
}

#[test]
fn a_strict_run_stops_and_still_counts_everything() {
    let bench = Bench::new();
    let output = bench.run("out", &["--strict", "--jobs", "1"]);
    assert_eq!(output.status.code(), Some(1));
    let said = words(&output);
    assert!(said.contains("8 inputs = 3 ok + 1 failed + 4 skipped"), "{said}");
}

#[test]
fn the_output_folder_is_treated_with_care() {
    let bench = Bench::new();
    bench.run("out", &[]);
    std::fs::remove_file(bench.at("in/even/i0.png")).unwrap();
    let refused = bench.run("out", &[]);
    assert_eq!(refused.status.code(), Some(2), "results of an image that is no longer among the inputs");
    assert!(words(&refused).contains("even/i0.png") && words(&refused).contains("--overwrite"), "{}", words(&refused));
    assert!(bench.at("out/labels/even/i0.png_spots.ome.tif").exists());
    bench.run("out", &["--overwrite"]);
    assert!(!bench.at("out/labels/even/i0.png_spots.ome.tif").exists(), "an old label image is gone");
    std::fs::create_dir(bench.at("thesis")).unwrap();
    std::fs::write(bench.at("thesis/chapter.doc"), "x").unwrap();
    let output = bench.run("thesis", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(words(&output).contains("files that uptake did not write"), "{}", words(&output));
    assert_eq!(std::fs::read_dir(bench.at("thesis")).unwrap().count(), 1);
}

#[test]
fn external_labels_take_the_place_of_steps() {
    let bench = Bench::new();
    bench.run("first", &[]);
    // Its own label image, given back, must give the same objects.
    std::fs::copy(bench.at("first/labels/even/i2.png_spots.ome.tif"), bench.at("mask.ome.tif")).unwrap();
    let output = bench
        .command()
        .args(["run", "in/even/i2.png", "--recipe", "recipe.toml", "--device", "cpu", "--out", "second"])
        .args(["--set", "labels.spots=mask.ome.tif"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    let rows = |name: &str, image: &str| -> Vec<String> {
        let all = text(bench.at(name));
        all.lines().filter_map(|l| l.strip_prefix(image)).map(str::to_string).collect()
    };
    let rows_before = rows("first/spots.csv", "even/i2.png,");
    assert!(!rows_before.is_empty());
    // Behind `label` stand the number in the file, which is the same here, and the name, which there is none.
    assert!(text(bench.at("second/spots.csv")).starts_with("image,label,label_in_file,region,"));
    let again: Vec<String> = rows("second/spots.csv", "i2.png,")
        .into_iter()
        .map(|row| {
            let (label, rest) = row.split_once(',').unwrap();
            let (in_file, rest) = rest.split_once(",,").unwrap();
            assert_eq!(label, in_file);
            format!("{label},{rest}")
        })
        .collect();
    assert_eq!(rows_before, again);
}

/// A mask for lesions is of no use to images of nuclei: what would change nothing is refused, and the remedy helps.
#[test]
fn settings_for_the_other_kind_of_image_are_refused() {
    let bench = Bench::new();
    let run = |setting: &str| {
        let mut command = bench.command();
        command.args(["run", "in/even", "--out", "o", "--device", "cpu", "--set", setting]);
        command.output().unwrap()
    };
    for setting in ["mask=m.png", "suv.weight_kg=70"] {
        let refused = run(setting);
        assert_eq!(refused.status.code(), Some(2), "{}", words(&refused));
        let said = format!("--set {setting} is for DICOM and NIfTI (preset pet), and there are no such images here");
        assert!(words(&refused).contains(&said), "{}", words(&refused));
    }
    assert!(words(&run("mask=m.png")).contains("try: --set labels.nuclei=FILE for masks of these images"));
    std::fs::copy(bench.at("in/even/i0.png"), bench.at("m.png")).unwrap();
    let helped = run("labels.nuclei=m.png");
    assert_eq!(helped.status.code(), Some(0), "{}", words(&helped));
}

#[test]
fn a_gpu_that_is_lost_is_asked_once_and_no_image_is() {
    let bench = Bench::new();
    bench.run("cpu", &["--threads", "4"]);
    let device = common::gpu(None);
    let uptake::device::Device::Gpu(gpu) = &device else { panic!("a GPU") };
    gpu.lose();
    let before = gpu.counters();
    let recipe = uptake::recipe::Recipe::parse("recipe.toml", RECIPE, &[]).unwrap();
    let settings = uptake::batch::Settings {
        inputs: vec![bench.at("in")],
        out: bench.at("lost"),
        jobs: Some(1),
        threads: Some(2),

        csv: true,
        labels: true,
        overlays: true,
        ..Default::default()
    };
    let recipes = uptake::batch::Recipes::One(Box::new(recipe));
    let summary = uptake::batch::run(&settings, &recipes, &(&device).into()).unwrap();
    assert_eq!((summary.ok, summary.failed), (6, 1));
    assert!(results(&bench.at("cpu")) == results(&bench.at("lost")));
    // The first image sent its channel and the arrays of its first step up, and waited once; no other image did.
    let after = gpu.counters();
    assert!(after.uploads - before.uploads <= 4 && after.readbacks - before.readbacks <= 1, "{after:?}");
}
