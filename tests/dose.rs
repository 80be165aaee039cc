//! Dose painting. Oracle: doses worked out by hand, and the masks of nested regions. Invariant: regions come back voxel for voxel. Mechanics:
//! files, columns, refusals.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;
#[path = "common/series.rs"]
mod series;

use series::source;
use std::path::Path;
use std::process::Command;
use uptake::device::Device;
use uptake::image::{Channel, Modality, PatientGrid, Scan};
use uptake::pipeline::{self, External, Outcome};
use uptake::read::{self, Options, Pick};
use uptake::recipe::{Contours, Recipe};
use uptake::table::Cells;
use uptake::units::Spacing;
use uptake::write::dicom::{Found, nested, rtstruct};

const RECIPE: &str = r#"
channels = { pet = [0] }
[objects.lesions]
channel = "pet"
steps = [{ op = "threshold", method = "fixed", at_least = 4 }, { op = "label" }]
[objects.habitats]
channel = "pet"
steps = [{ op = "habitats", set = "lesions", values = [6, 10] }]
parent = "lesions"
[images.dose]
channel = "pet"
steps = [{ op = "prescription", set = "lesions", dose = [60, 84], values = [4, 12] }]
write = true
[measure.lesions]
features = ["intensity"]
channels = ["pet", "dose"]
"#;

/// Two lesions: 4 to 16, and 6 throughout.
const ROWS: [[u16; 8]; 3] = [[0, 4, 6, 4, 0, 6, 6, 0], [2, 6, 16, 10, 0, 6, 6, 3], [0, 4, 8, 4, 0, 0, 0, 0]];

fn scan() -> Scan {
    let array = ndarray::Array3::from_shape_fn((2, 3, 8), |(_, y, x)| ROWS[y][x]);
    let channel = Channel::of_array("pet", array.view()).unwrap();
    let mut scan = Scan::new(Modality::Unknown, channel.volume.shape, vec![channel]);
    scan.spacing = Spacing::mm([3.0, 2.0, 2.0]);
    scan.patient_grid = Some(PatientGrid::STRAIGHT);
    scan
}

fn run(text: &str, device: &Device) -> uptake::Result<Outcome> {
    pipeline::run(&scan(), &Recipe::parse("r.toml", text, &[])?, device, &External::new())
}

fn doses(outcome: &Outcome) -> Vec<f64> {
    let volume = &outcome.images[0].volume;
    volume.samples.host().unwrap().iter().map(|s| volume.scale.value(f64::from(*s))).collect()
}

#[test]
fn doses_follow_the_line_and_end_at_both_doses() {
    let outcome = run(RECIPE, &Device::Cpu).unwrap();
    assert_eq!((outcome.images[0].unit, outcome.images.len()), ("Gy", 1));
    // 60 + 24 (v - 4) / 8: 3 Gy for each step of the image, 84 from 12 on.
    let expected = |v: u16| if v < 4 { 0.0 } else { (60.0 + 3.0 * (f64::from(v) - 4.0)).min(84.0) };
    let slice: Vec<f64> = ROWS.iter().flatten().map(|v| expected(*v)).collect();
    assert_eq!(doses(&outcome), [slice.clone(), slice].concat());
    let lesions = &outcome.sets.iter().find(|s| s.name == "lesions").unwrap().table;
    let column = lesions.column("intensity_max_dose").unwrap();
    assert_eq!((column.unit.as_str(), &column.cells), ("Gy", &Cells::Real(vec![Some(84.0), Some(66.0)])));
    let told = pipeline::columns(&Recipe::parse("r.toml", RECIPE, &[]).unwrap()).unwrap();
    let told = &told.sets.iter().find(|s| s.name == "lesions").unwrap().table;
    assert_eq!(told.column("intensity_max_dose").unwrap().unit, "Gy");
    assert_eq!(doses(&run(RECIPE, &common::gpu(None)).unwrap()), doses(&outcome));
}

#[test]
fn percentiles_are_those_of_each_object() {
    let text = RECIPE
        .replace("values = [4, 12]", "percentiles = [0, 100]")
        .replace("label\" }]", "label\" }, { op = \"keep\", at_least = [\"9 px\"] }]");
    // 4 to 16: 2 Gy for each step.
    let found = doses(&run(&text, &Device::Cpu).unwrap());
    assert_eq!((found[1], found[10], found[11], found[5]), (60.0, 84.0, 72.0, 0.0));
    // A lesion of one value has no two limits.
    let e = run(&RECIPE.replace("values = [4, 12]", "percentiles = [5, 95]"), &Device::Cpu).unwrap_err().to_string();
    assert!(
        e.contains("object 2 of \"lesions\" has 6 at percentile 5 and 6 at percentile 95") && e.contains("try:"),
        "{e}"
    );
    // No lesion, no dose.
    let none = run(&RECIPE.replace("at_least = 4", "at_least = 99"), &Device::Cpu).unwrap();
    assert!(doses(&none).iter().all(|d| *d == 0.0));
}

#[test]
fn wrong_prescriptions_are_refused_with_a_remedy() {
    for (from, to, says) in [
        ("values = [4, 12]", "values = [12, 4]", "values from 12 to 4"),
        ("values = [4, 12]", "values = [4, 4]", "values from 4 to 4"),
        ("values = [4, 12]", "values = [4, nan]", "no dose lies between"),
        ("values = [4, 12]", "percentiles = [95, 5]", "percentiles from 95 to 5"),
        ("values = [4, 12]", "percentiles = [5, 101]", "percentiles from 5 to 101"),
        (", values = [4, 12]", "", "exactly one pair"),
        ("values = [4, 12]", "values = [4, 12], percentiles = [5, 95]", "exactly one pair"),
        ("dose = [60, 84]", "dose = [84, 60]", "a dose from 84 to 60 Gy"),
        ("dose = [60, 84]", "dose = [-1, 60]", "a dose from -1 to 60 Gy"),
        ("dose = [60, 84]", "dose = [6000, 8400]", "0 to 1000 Gy"),
        ("op = \"prescription\", set = \"lesions\"", "op = \"prescription\", set = \"lesion\"", "lesions"),
        (
            "{ op = \"label\" }]",
            "{ op = \"prescription\", set = \"habitats\", dose = [1, 2], values = [1, 2] }]",
            "makes an image",
        ),
        ("[objects.habitats]\nchannel = \"pet\"", "[objects.habitats]\nchannel = \"dose\"", "is made of objects"),
    ] {
        let text = RECIPE.replace(from, to);
        assert_ne!(text, RECIPE, "{from}");
        let e = Recipe::parse("r.toml", &text, &[]).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(e.contains(says) && e.contains("try:"), "{to}: {e}");
    }
}

#[test]
fn nested_regions_come_back_with_their_levels() {
    let (scan, recipe) = (scan(), Recipe::parse("r.toml", RECIPE, &[]).unwrap());
    let outcome = pipeline::run(&scan, &recipe, &Device::Cpu, &External::new()).unwrap();
    let set = |name: &str| &outcome.sets.iter().find(|s| s.name == name).unwrap().objects;
    let step = recipe.body.objects["habitats"].habitats().unwrap();
    let regions = nested(set("habitats"), &set("lesions").labels, step, "g/ml").unwrap();
    assert_eq!(
        regions.names,
        ["lesions 1", "lesions 1 from 6 g/ml", "lesions 1 from 10 g/ml", "lesions 2 from 6 g/ml"]
    );
    // What was small may have joined a hotter level, so no limit is promised for all of an object.
    let joining =
        Recipe::parse("r.toml", &RECIPE.replace("values = [6, 10]", "values = [6, 10], smallest = \"1 px\""), &[])
            .unwrap();
    let step = joining.body.objects["habitats"].habitats().unwrap();
    assert_eq!(nested(set("habitats"), &set("lesions").labels, step, "g/ml").unwrap().names[3], "lesions 2");
    let source = source(scan.shape, scan.spacing.unwrap(), &scan.patient_grid.unwrap());
    let found = Found {
        set: "habitats",
        recipe: "r",
        labels: &regions.labels,
        names: &regions.names,
        source: &source,
        spacing: scan.spacing.unwrap(),
        patient_grid: scan.patient_grid.unwrap(),
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.rtstruct.dcm");
    rtstruct(&path, &found, Contours::Edges).unwrap();
    for (name, columns, from) in [
        ("lesions 1", 1..4, 4),
        ("lesions 1 from 6 g/ml", 1..4, 6),
        ("lesions 1 from 10 g/ml", 1..4, 10),
        ("lesions 2 from 6 g/ml", 5..7, 6),
    ] {
        let pick = Pick { names: vec![name.into()], ..Pick::default() };
        let back = read::regions(&path, &scan, &pick, &Options::default()).unwrap();
        let inside = |(i, v): (usize, &u16)| columns.contains(&(i % 8)) && *v >= from;
        let mask: Vec<bool> = ROWS.iter().flatten().enumerate().map(inside).collect();
        let voxels: Vec<bool> = back.voxels().unwrap().iter().map(|v| *v != 0).collect();
        assert_eq!(voxels, [mask.clone(), mask].concat(), "{name}");
    }
}

#[test]
fn a_run_writes_contours_and_doses() {
    let phantom = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-images/pet/phantom_dicom");
    let dir = tempfile::tempdir().unwrap();
    let preset = uptake::recipe::preset("pet-habitats").unwrap().text;
    let dose = "[images.dose]\nchannel = \"pet\"\nwrite = true\n\
                steps = [{ op = \"prescription\", set = \"lesions\", dose = [60, 84], values = [4.0, 8.0] }]\n[objects.lesions]";
    std::fs::write(dir.path().join("r.toml"), preset.replacen("[objects.lesions]", dose, 1)).unwrap();
    let done = Command::new(env!("CARGO_BIN_EXE_uptake"))
        .current_dir(dir.path())
        .args([
            "run",
            phantom.to_str().unwrap(),
            "--recipe",
            "r.toml",
            "--device",
            "cpu",
            "--no-overlays",
            "--out",
            "out",
        ])
        .args(["--set", "output.dicom=[\"nested\"]"])
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let files = common::files_below(&dir.path().join("out"));
    let named =
        |end: &str| files.iter().filter(|(below, _)| below.to_string_lossy().ends_with(end)).collect::<Vec<_>>();
    assert_eq!(named(".nested.rtstruct.dcm").len(), 1, "habitats only: {files:?}");
    let doses = named("dose.nii.gz");
    let scan = read::open(doses[0].1, &Options::default()).unwrap();
    let volume = &scan.channels[0].volume;
    let values = || volume.samples.host().unwrap().iter().map(|s| volume.scale.value(f64::from(*s)));
    assert!(values().all(|v| v == 0.0 || (60.0..=84.0).contains(&v)) && values().any(|v| v == 84.0));
    let mut header = [0; 240];
    let mut file = flate2::read::GzDecoder::new(std::fs::File::open(doses[0].1).unwrap());
    std::io::Read::read_exact(&mut file, &mut header).unwrap();
    assert!(String::from_utf8_lossy(&header[148..228]).contains("dose (Gy)"));
}
