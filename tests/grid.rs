//! `[grid]` from the command line: image, mask, label images, overlays and memory. Oracle: the middle of the image and that of its lesion stay
//! where they were in the patient. Invariant: the memory that was allowed is not passed. Mechanics: files, refusals.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use uptake::image::{Labels, PatientGrid, Scan, Volume};
use uptake::read::{self, Options};
use uptake::units::{Shape, Spacing};
use uptake::write::{nifti_image, nifti_labels};

const RECIPE: &str = r#"
modality = "pet"
suv = { assume = "suv" }
channels = { pet = [0] }
[grid]
voxel = "2.5 mm"
[objects.lesions]
labels = "{stem}_mask.nii.gz"
[objects.hot]
channel = "pet"
steps = [{ op = "threshold", method = "fixed", at_least = 30 }, { op = "label" }]
[measure.lesions]
features = ["lesion", "shape"]
[measure.hot]
features = ["lesion"]
"#;

/// A place in the patient that is none of the usual ones, with axes that are turned by 30 degrees.
fn grid() -> PatientGrid {
    let (s, c) = (0.5, 0.75_f64.sqrt());
    PatientGrid { origin: [-87.0, 31.5, -412.25], directions: [[0.0, 0.0, 1.0], [-s, c, 0.0], [c, s, 0.0]] }
}

/// A cone of uptake with a box drawn around its tip, on voxels of 5 x 2 x 2 mm.
fn write(folder: &Path) -> (Shape, Spacing) {
    let (shape, spacing) = (Shape::new(12, 33, 41), Spacing::mm([5.0, 2.0, 2.0]).unwrap());
    let far = |i: usize| {
        let [z, y, x] = shape.position(i);
        let step = |k: usize, at: f64, mm: f64| ((k as f64 - at) * mm).powi(2);
        (step(z, 6.0, 5.0) + step(y, 14.0, 2.0) + step(x, 25.0, 2.0)).sqrt()
    };
    let samples = (0..shape.len()).map(|i| (100.0 - 4.0 * far(i)).max(0.0) as i32).collect();
    let mut volume = Volume::new(shape, samples).unwrap();
    volume.spacing = Some(spacing);
    nifti_image(folder.join("p.nii.gz"), "pet", &volume, Some(&grid())).unwrap();
    let inside = |i: usize| {
        let [z, y, x] = shape.position(i);
        u32::from((4..=8).contains(&z) && (9..=19).contains(&y) && (20..=30).contains(&x))
    };
    let mask = Labels::new(shape, (0..shape.len()).map(inside).collect()).unwrap();
    nifti_labels(folder.join("p_mask.nii.gz"), "mask", &mask, Some(spacing), Some(&grid())).unwrap();
    (shape, spacing)
}

/// Exit code, what was said, and the peak of the process in MiB where the system tells it.
fn run(folder: &Path, args: &[&str]) -> (Option<i32>, String, u64) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_uptake"))
        .current_dir(folder)
        .args(["run", "p.nii.gz", "--recipe", "r.toml", "--device", "cpu", "--threads", "2"])
        .args(args)
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (status, mut peak) = (format!("/proc/{}/status", child.id()), 0);
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        peak = line.and_then(|l| l.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0).max(peak);
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let done = child.wait_with_output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    (done.status.code(), said, peak / 1024)
}

/// The middle of an image, and the mean place of what is above 0 in it, in the patient.
fn places(scan: &Scan) -> [[f64; 3]; 2] {
    let (shape, spacing, grid) = (scan.shape, scan.spacing.unwrap(), scan.patient_grid.unwrap());
    let samples = scan.channels[0].volume.samples.host().unwrap();
    let (mut sums, mut n) = ([0.0; 3], 0.0);
    for i in (0..shape.len()).filter(|i| samples[*i] > 0) {
        sums.iter_mut().zip(shape.position(i)).for_each(|(sum, k)| *sum += k as f64);
        n += 1.0;
    }
    [grid.at(&spacing, shape.zyx().map(|n| (n - 1) as f64 / 2.0)), grid.at(&spacing, sums.map(|sum| sum / n))]
}

#[test]
fn everything_lies_where_it_did() {
    let dir = tempfile::tempdir().unwrap();
    let (shape, spacing) = write(dir.path());
    std::fs::write(dir.path().join("r.toml"), RECIPE).unwrap();
    let (code, said, peak) = run(dir.path(), &["--out", "out", "--memory", "160MiB"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(peak <= 160, "{peak} MiB");
    let mask = read::open(&dir.path().join("p_mask.nii.gz"), &Options::default()).unwrap();
    let found = read::open(&dir.path().join("out/labels/p_lesions.nii.gz"), &Options::default()).unwrap();
    let new: Vec<usize> =
        shape.zyx().iter().zip(spacing.zyx).map(|(n, mm)| (*n as f64 * mm / 2.5).ceil() as usize).collect();
    assert_eq!((found.shape.zyx().to_vec(), found.spacing.unwrap().zyx), (new.clone(), [2.5; 3]));
    let ([middle, lesion], [was, drawn]) = (places(&found), places(&mask));
    let apart = |a: [f64; 3], b: [f64; 3]| (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f64>().sqrt();
    assert!(apart(middle, was) < 1e-3 && apart(lesion, drawn) < 1.25, "{middle:?} {was:?} {lesion:?} {drawn:?}");
    // 5 x 11 x 11 voxels of 20 mm3 were drawn; a box loses and gains at its faces.
    let table = std::fs::read_to_string(dir.path().join("out/lesions.csv")).unwrap();
    let at = table.lines().next().unwrap().split(',').position(|c| c == "mtv_ml").unwrap();
    let ml: f64 = table.lines().nth(1).unwrap().split(',').nth(at).unwrap().parse().unwrap();
    assert!((ml / 12.1 - 1.0).abs() < 0.15, "{ml}");
    for set in ["lesions", "hot"] {
        let png = std::fs::read(dir.path().join(format!("out/overlays/p_{set}.png"))).unwrap();
        let side = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        assert!(png.starts_with(b"\x89PNG") && side(16) as usize >= new[2] && side(20) as usize >= new[1]);
    }
    let images = std::fs::read_to_string(dir.path().join("out/images.csv")).unwrap();
    assert!(images.contains("everything is done on a grid of"), "{images}");
}

#[test]
fn grids_that_do_not_fit_are_refused_before_they_are_made() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path());
    for (voxel, memory, says) in [("0.2 mm", "400MiB", "of memory"), ("0.01 mm", "400MiB", "a larger voxel in [grid]")]
    {
        std::fs::write(dir.path().join("r.toml"), RECIPE.replace("2.5 mm", voxel)).unwrap();
        let (code, said, peak) = run(dir.path(), &["--out", "x", "--overwrite", "--memory", memory]);
        let images = std::fs::read_to_string(dir.path().join("x/images.csv")).unwrap_or_default();
        assert!(code == Some(2) && (said.contains(says) || images.contains(says)), "{voxel}: {said} {images}");
        assert!(peak <= 400, "{voxel}: {peak} MiB");
    }
}

/// Mechanics: a region that falls between the voxels of the grid is gone, and that is said.
#[test]
fn regions_that_are_too_small_for_the_grid_are_told() {
    use uptake::image::{Channel, Modality, Scan, Volume};
    use uptake::units::{Shape, Spacing};
    let shape = Shape::new(9, 24, 24);
    let volume = Volume { spacing: Spacing::mm([1.0; 3]), ..Volume::new(shape, vec![1; shape.len()]).unwrap() };
    let channel = Channel { name: "a".into(), unit: "", volume, saturated: None, saturation: None };
    let mut scan = Scan::new(Modality::Unknown, shape, vec![channel]);
    scan.spacing = Spacing::mm([1.0; 3]);
    let label = |i: usize| {
        let [z, y, x] = shape.position(i);
        u32::from([z, y, x] == [4, 4, 4]) + 2 * u32::from((2..7).contains(&z) && y >= 12 && x >= 12)
    };
    let regions = uptake::image::Regions::of_voxels(shape, &(0..shape.len()).map(label).collect::<Vec<_>>()).unwrap();
    let external = uptake::pipeline::External::from([("lesions".to_string(), regions)]);
    let notes = |voxel: &str| {
        let recipe = RECIPE.replace("2.5 mm", voxel);
        let recipe = uptake::recipe::Recipe::parse("r.toml", &recipe, &[]).unwrap();
        let (_, moved) = uptake::pipeline::on_grid(scan.clone(), external.clone(), &recipe).unwrap();
        moved["lesions"].notes.clone()
    };
    assert_eq!(notes("1 mm"), [""; 0]);
    assert_eq!(notes("4 mm"), ["1 of 2 regions are too small for the grid of [grid]: no voxel of it lies in them"]);
}
