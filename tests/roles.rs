//! Channel roles and bright grounds, on whole images. Kinds: oracle (small images with their truth) and invariant (an image
//! and its negative).

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;
#[path = "common/images.rs"]
mod images;

use std::path::{Path, PathBuf};
use std::process::Command;
use uptake::device::Device;
use uptake::image::{Scan, Volume};
use uptake::pipeline::{self, External, Outcome};
use uptake::read::{self, Options};
use uptake::recipe::{Recipe, preset};
use uptake::table::Cells;

fn open(path: &Path) -> Scan {
    read::open(path, &Options::default()).unwrap()
}

fn run(scan: &Scan, recipe: &str, settings: &[&str]) -> uptake::Result<Outcome> {
    let preset = preset(recipe).unwrap();
    let settings: Vec<String> = settings.iter().map(|s| s.to_string()).collect();
    let recipe = Recipe::parse(recipe, preset.text, &settings).unwrap();
    pipeline::run(scan, &recipe, &Device::Cpu, &External::new())
}

fn word(outcome: &Outcome, column: &str) -> String {
    match &outcome.row.column(column).unwrap().cells {
        Cells::Text(words) => words[0].clone().unwrap_or_default(),
        Cells::Int(numbers) => numbers[0].unwrap().to_string(),
        Cells::Real(numbers) => numbers[0].unwrap().to_string(),
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    found.sort();
    found
}

/// Oracle: six nuclei with a radius of 9 px in the second channel.
#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn nuclei_are_looked_for_in_their_stain_whatever_stands_beside_its_name() {
    let folder = common::failing("13_channel_roles");
    for path in files(&folder) {
        let scan = open(&path);
        let outcome = run(&scan, "cells", &[]).unwrap();
        let [probe, nuclear] = [0, 1].map(|i| scan.channels[i].name.clone());
        assert_eq!((word(&outcome, "channel_nuclear"), word(&outcome, "channel_probe")), (nuclear.clone(), probe));
        assert_eq!(word(&outcome, "count_nuclei"), "6", "{nuclear}");
        let radius: f64 = word(&outcome, "radius_nuclei_px").parse().unwrap();
        assert!((radius - 9.0).abs() < 1.0, "{nuclear}: {radius}");
        // The probe has no name that the recipe knows: it is taken by its place, and the row says so.
        assert!(word(&outcome, "warnings").contains("by its place"), "{}", word(&outcome, "warnings"));
        assert!(outcome.warnings > 0);
        let alone = run(&scan, "nuclei", &[]).unwrap();
        assert!(word(&alone, "notes").contains("channels that the recipe leaves out"), "{}", word(&alone, "notes"));
        assert_eq!(alone.warnings, scan.warnings.len());
    }
}

/// Oracle: nothing in red, the probe in green, six nuclei in blue.
#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn an_empty_colour_is_not_the_nucleus() {
    let folder = common::failing("14_colour");
    for name in ["fluor_rgb.png", "fluor_rgb.jpg"] {
        let outcome = run(&open(&folder.join(name)), "cells", &[]).unwrap();
        assert_eq!((word(&outcome, "channel_nuclear"), word(&outcome, "channel_probe")), ("B".into(), "G".into()));
        assert_eq!(word(&outcome, "count_nuclei"), "6");
        assert!(word(&outcome, "warnings").contains("nuclear = \"B\" by its colour"), "{}", word(&outcome, "warnings"));
    }
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn brightfield_and_inverted_images_are_called_so() {
    let folder = common::failing("14_colour");
    for name in ["brightfield.png", "inverted.png"] {
        let scan = open(&folder.join(name));
        let error = run(&scan, "nuclei", &[]).unwrap_err().to_string();
        assert!(error.contains("brighter than what lies in it: brightfield, or inverted"), "{error}");
        assert!(error.contains("--set objects.nuclei.scale=\"8 px\""), "{error}");
        // What the error says to try goes on, with a warning.
        let outcome = run(&scan, "nuclei", &["objects.nuclei.scale=8 px"]).unwrap();
        assert!(word(&outcome, "warnings").contains("brightfield, or inverted"), "{}", word(&outcome, "warnings"));
    }
}

/// Turns the values round.
fn negative(mut scan: Scan) -> Scan {
    for c in &mut scan.channels {
        let samples = c.volume.samples.host().unwrap();
        let most = *samples.iter().max().unwrap();
        let negative = samples.iter().map(|s| most - s).collect();
        c.volume = Volume::new(c.volume.shape, negative).unwrap();
    }
    scan
}

const ONE_STEP: &str = "[channels]\nnuclear = [0]\n[objects.nuclei]\nchannel = 'nuclear'\n\
                        steps = [{ op = 'threshold', method = 'otsu' }]\n";

fn is_called_bright(scan: &Scan) -> bool {
    let recipe = Recipe::parse("one.toml", ONE_STEP, &[]).unwrap();
    let outcome = pipeline::run(scan, &recipe, &Device::Cpu, &External::new()).unwrap();
    word(&outcome, "warnings").contains("brightfield, or inverted")
}

/// Invariant: no fluorescence image has a bright ground, nearly every negative has.
#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn real_fluorescence_has_no_bright_ground_and_its_negatives_have() {
    let folder = common::shared("dsb2018/images");
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-images");
    let mut paths = files(&folder);
    paths.extend(files(&samples).into_iter().filter(|p| p.extension().is_some_and(|e| e == "tif")));
    let more = ["stardist/img2d.tif", "stardist/img3d.tif", "bioimage/BBBC022_IXMtest_A02_s9.tif"].map(common::shared);
    for path in more.into_iter().chain([common::failing("fluo2")]) {
        let all = if path.is_dir() { files(&path) } else { vec![path] };
        let image = |p: &PathBuf| p.extension().is_some_and(|e| e == "tif") && !p.to_string_lossy().contains("truth");
        paths.extend(all.into_iter().filter(image));
    }
    let mut missed = Vec::new();
    for path in &paths {
        let scan = open(path);
        assert!(!is_called_bright(&scan), "{}", path.display());
        if !is_called_bright(&negative(scan)) {
            missed.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    println!("{} images; not seen in the negatives of {missed:?}", paths.len());
    // Noise alone, images drowned in it, and fields so full that most of the border is cells.
    assert!(paths.len() >= 60 && missed.len() <= 12, "{missed:?}");
}

/// Oracle: each recipe of the folder has one key of another method.
#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn keys_of_another_method_are_refused_by_name() {
    let folder = common::failing("18_threshold_keys");
    for path in files(&folder).into_iter().filter(|p| p.extension().is_some_and(|e| e == "toml")) {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let (_, key) = stem.split_once('_').map(|(m, k)| if m == "local" { (m, "noise") } else { (m, k) }).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let error = Recipe::parse("x.toml", &text, &[]).unwrap_err();
        assert!(error.to_string().contains(&format!("{key} says nothing to the method")), "{error}");
        assert!(error.remedy.unwrap().starts_with(&format!("leave {key} out")));
    }
}

#[test]
fn the_progress_line_says_which_channel_plays_which_role() {
    let dir = tempfile::tempdir().unwrap();
    images::spots(&dir.path().join("a_GFP.png"), 1, 5);
    images::spots(&dir.path().join("a_DAPI-1.png"), 2, 7);
    let run = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_uptake"));
        command.current_dir(dir.path()).args(["run", "a_GFP.png", "a_DAPI-1.png", "--device", "cpu", "--overwrite"]);
        let output = command.args(["--set", "files.pattern={name}_{channel}.png"]).args(more).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = run(&[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("nuclear = DAPI-1, probe = GFP: "), "{said}");
    let (code, said) = run(&["--set", "channels.probe=EGFRx"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("no channel for \"probe\": the recipe says \"EGFRx\"; the image has \"DAPI-1\", \"GFP\""),
        "{said}"
    );
    assert!(said.contains("try: --set channels.probe='\"GFP\"'"), "{said}");
    assert_eq!(run(&["--set", "channels.probe=\"GFP\""]).0, Some(0));
}
