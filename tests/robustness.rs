//! Features under small changes. Oracle: a ball and a box whose voxels are counted by hand. Invariant: threads. Mechanics: the table, refusals.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::Path;
use std::process::Command;
use uptake::device::Device;
use uptake::image::{Channel, Modality, Scan, Volume};
use uptake::pipeline::{self, External, PERTURBATIONS};
use uptake::recipe::Recipe;
use uptake::units::{Shape, Spacing};

const RECIPE: &str = r#"
channels = { a = [0] }
[objects.boxes]
channel = "a"
steps = [{ op = "threshold", method = "fixed", at_least = 100 }, { op = "label" }]
[measure.boxes]
features = ["shape", "intensity"]
"#;

/// A box of 6 x 8 pixels, one of 10 x 4, and a single pixel, on a ground with a pattern that passes for noise.
fn volume() -> Volume {
    let value = |i: usize| {
        let (y, x) = (i / 40, i % 40);
        let inside = (4..10).contains(&y) && (4..12).contains(&x)
            || (14..24).contains(&y) && (20..24).contains(&x)
            || (y, x) == (4, 30);
        i32::from(inside) * 200 + ((i * 2_654_435_761) >> 7 & 0xff) as i32 % 11
    };
    Volume::new(Shape::flat(30, 40), (0..1200).map(value).collect()).unwrap()
}

fn values(column: &str) -> Vec<Vec<Option<f64>>> {
    let volume = volume();
    let channel = Channel { name: "a".into(), unit: "au", volume, saturated: None, saturation: None };
    let mut scan = Scan::new(Modality::Fluorescence, channel.volume.shape, vec![channel]);
    scan.spacing = Spacing::um([1.0, 1.0, 1.0]);
    let recipe = Recipe::parse("r.toml", RECIPE, &[]).unwrap();
    let all = pipeline::repeated((&scan, &External::new()), &recipe, "boxes", &Device::Cpu).unwrap();
    all.into_iter().find(|(name, ..)| name == column).unwrap_or_else(|| panic!("{column}")).2
}

fn at(name: &str) -> usize {
    1 + PERTURBATIONS.iter().position(|(other, _)| *other == name).unwrap()
}

#[test]
fn each_change_does_what_it_says() {
    let areas = values("area_px");
    // The objects stand in the order of their first pixels: the first box, the pixel, the second box.
    let of = |name: &str| areas.iter().map(|object| object[at(name)]).collect::<Vec<_>>();
    assert_eq!(areas.iter().map(|object| object[0]).collect::<Vec<_>>(), [48.0, 1.0, 40.0].map(Some));
    assert_eq!(of("grow"), [48.0 + 28.0, 5.0, 40.0 + 28.0].map(Some));
    assert_eq!(of("shrink"), [Some(24.0), None, Some(16.0)]);
    assert_eq!(of("shift_whole"), [48.0, 1.0, 40.0].map(Some));
    // Half a pixel each way: pixels at corners of the box keep a quarter, those at its sides a half.
    let half = of("shift_half");
    assert!(half[0].is_some_and(|n| (40.0..=63.0).contains(&n)) && half[1].is_none(), "{half:?}");
    for turn in ["turn_left", "turn_right"] {
        let turned = of(turn);
        assert!(
            (turned[0].unwrap() / 48.0 - 1.0).abs() < 0.2 && (turned[2].unwrap() / 40.0 - 1.0).abs() < 0.2,
            "{turned:?}"
        );
    }
    assert_eq!(of("noise_1"), [48.0, 1.0, 40.0].map(Some));
    let means = values("intensity_mean_a");
    let mean = |name: &str| means[0][at(name)].unwrap();
    assert!((mean("shift_whole") - means[0][0].unwrap()).abs() < 1e-6, "the image goes with its regions");
    assert!(mean("noise_1") != mean("noise_2") && (mean("noise_1") - means[0][0].unwrap()).abs() < 5.0);
}

#[test]
fn the_command_writes_a_row_for_each_column() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["p1", "p2"] {
        uptake::write::image(dir.path().join(format!("{name}.ome.tif")), "a", &volume()).unwrap();
    }
    std::fs::write(dir.path().join("r.toml"), RECIPE).unwrap();
    let run = |args: &[&str]| {
        let base = ["robustness", "p1.ome.tif", "p2.ome.tif", "--recipe", "r.toml", "--device", "cpu"];
        let done = Command::new(env!("CARGO_BIN_EXE_uptake"))
            .current_dir(dir.path())
            .args([&base[..], args].concat())
            .output()
            .unwrap();
        (done.status.code(), String::from_utf8_lossy(&done.stderr).into_owned())
    };
    let read = |name: &Path| std::fs::read_to_string(dir.path().join(name)).unwrap();
    for threads in ["1", "3"] {
        let out = format!("{threads}.csv");
        let (code, said) = run(&["--objects", "boxes", "--threads", threads, "--out", &out]);
        assert_eq!((code, said.contains("6 objects, 0 images failed")), (Some(0), true), "{said}");
    }
    // Its own table is replaced, a file of others is not.
    assert_eq!(run(&["--objects", "boxes", "--out", "1.csv"]).0, Some(0));
    for file in ["p1.ome.tif", "r.toml"] {
        let before = std::fs::read(dir.path().join(file)).unwrap();
        let (code, said) = run(&["--objects", "boxes", "--out", file]);
        assert!(code == Some(2) && said.contains("--out would overwrite it"), "{said}");
        assert!(before == std::fs::read(dir.path().join(file)).unwrap());
    }
    let (code, said) = run(&["--objects", "boxes", "--out", "/dev/null"]);
    assert!(code == Some(2) && said.contains("no file that could be replaced"), "{said}");
    let table = read(Path::new("1.csv"));
    assert_eq!(table, read(Path::new("3.csv")));
    assert!(
        table.starts_with("column,unit,objects,icc,variation_percent,grow_percent,shrink_percent,shift_whole_percent")
    );
    let row: Vec<&str> = table.lines().find(|line| line.starts_with("area_px,")).unwrap().split(',').collect();
    // The pixel is gone when it shrinks: four objects are left.
    assert_eq!((row[2], row[7]), ("4", "0.0"));
    let icc: f64 = row[3].parse().unwrap();
    assert!(icc < 0.2, "boxes of nearly one size: {icc}");
    for (args, says) in [(["--objects", "box"], "boxes"), (["--objects", "boxes"], "no image has an object")] {
        let empty: &[&str] = if args[1] == "boxes" { &["--set", "objects.boxes.steps.0.at_least=9999"] } else { &[] };
        let (code, said) = run(&[&args[..], empty].concat());
        assert!(code == Some(2) && said.contains(says), "{said}");
    }
}
