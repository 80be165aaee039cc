//! PET against a truth by formula: two scans of a phantom with spheres of known place, size and uptake, one kept as DICOM,
//! one as NIfTI. Kind: oracle.
//!
//! A scanner blurs: small spheres come out too large at a share of their maximum, and all with less uptake than they have,
//! as their edge is spread out. The bounds hold what the same rules give on these files when they are worked out apart from
//! this project, with room for the rules of the background. `--nocapture` prints the table.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::path::{Path, PathBuf};
use uptake::device::Device;
use uptake::image::{Modality, SUV_UNIT, Scan};
use uptake::pipeline::{self, External, MeasuredSet};
use uptake::read::{self, Options, Pick};
use uptake::table::Cells;

/// Scans, and the columns of the truth that count the voxels of their masks.
const SCANS: [(&str, &str); 2] = [("phantom_dicom", "voxels_phantom_dicom"), ("phantom.nii.gz", "voxels_phantom")];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-images")
}

/// A row of the truth.
struct Sphere {
    label: u32,
    centre: [f64; 3],
    diameter: f64,
    suv: f64,
    ml: f64,
    tlg: f64,
    voxels: usize,
}

fn truth(voxels: &str) -> Vec<Sphere> {
    let mut reader = csv::Reader::from_path(folder().join("truth/pet_spheres.csv")).unwrap();
    let head = reader.headers().unwrap().clone();
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        let get = |name: &str| row[head.iter().position(|h| h == name).unwrap()].parse::<f64>().unwrap();
        Sphere {
            label: get("label") as u32,
            centre: ["x_mm", "y_mm", "z_mm"].map(get),
            diameter: get("diameter_mm"),
            suv: get("suv"),
            ml: get("volume_ml"),
            tlg: get("tlg_g"),
            voxels: get(voxels) as usize,
        }
    });
    rows.collect()
}

fn open(name: &str) -> Scan {
    let scan = read::open(&folder().join("pet").join(name), &Options::default()).unwrap();
    assert_eq!((scan.modality, scan.channels[0].unit), (Modality::Pet, SUV_UNIT), "{name}");
    scan
}

fn stem(name: &str) -> &str {
    name.trim_end_matches(".nii.gz")
}

/// The voxel that a place in mm is in.
fn voxel(scan: &Scan, place: [f64; 3]) -> usize {
    let grid = scan.patient_grid.unwrap().grid(&scan.spacing.unwrap(), place);
    let [z, y, x] = grid.map(|v| v.round() as usize);
    scan.shape.index(z, y, x)
}

fn run(name: &str, preset: &str) -> (Scan, Vec<MeasuredSet>) {
    let scan = open(name);
    let mask = folder().join("pet").join(format!("{}_exclude.nii.gz", stem(name)));
    let excluded = read::regions(&mask, &scan, &Pick::default(), &Options::default()).unwrap();
    let external = External::from([("excluded".to_string(), excluded)]);
    let recipe = uptake::recipe::preset(preset).unwrap().recipe().unwrap();
    let outcome = pipeline::run(&scan, &recipe, &Device::Cpu, &external).unwrap();
    (scan, outcome.sets)
}

/// MTV and TLG over their true values of the lesion at each sphere, and how many lesions there are in all. The centroids
/// lie where the spheres do.
fn ratios(scan: &Scan, set: &MeasuredSet, spheres: &[Sphere]) -> (Vec<Option<[f64; 2]>>, usize) {
    let labels = set.objects.labels.voxels().host().unwrap();
    let cell = |name: &str, row: usize| match &set.table.column(name).unwrap().cells {
        Cells::Real(v) => v[row].unwrap(),
        _ => panic!("{name} holds no real numbers"),
    };
    let ratio = |s: &Sphere| {
        let row = (labels[voxel(scan, s.centre)] as usize).checked_sub(1)?;
        let at = ["centroid_x_mm", "centroid_y_mm", "centroid_z_mm"].map(|name| cell(name, row));
        let off = at.iter().zip(s.centre).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
        // Small ones have few voxels, of up to 4 mm.
        assert!(off < if s.diameter < 15.0 { 1.5 } else { 0.5 }, "{} mm lies {off} mm away", s.diameter);
        Some([cell("mtv_ml", row) / s.ml, cell("tlg_g", row) / s.tlg])
    };
    (spheres.iter().map(ratio).collect(), set.table.rows())
}

/// Asserts that the spheres of these diameters are found and no others, within bounds of MTV and TLG over the truth.
fn hold(name: &str, set: &str, found: &[Option<[f64; 2]>], spheres: &[Sphere], bounds: &[(f64, [f64; 2], [f64; 2])]) {
    for (sphere, ratio) in spheres.iter().zip(found) {
        let Some((_, mtv, tlg)) = bounds.iter().find(|(d, _, _)| *d == sphere.diameter) else {
            assert!(ratio.is_none(), "{name} {set}: {} mm should not be found", sphere.diameter);
            continue;
        };
        let [m, t] = ratio.unwrap_or_else(|| panic!("{name} {set}: {} mm was not found", sphere.diameter));
        println!(
            "{name:15} {set:8} {:4} mm  SUV {:4}  MTV {m:.3}  TLG {t:.3} of the truth",
            sphere.diameter, sphere.suv
        );
        let within = |v: f64, [low, high]: [f64; 2]| (low..=high).contains(&v);
        assert!(within(m, *mtv) && within(t, *tlg), "{name} {set} {} mm: {m} {t}", sphere.diameter);
    }
}

#[test]
fn spheres_lie_where_the_truth_has_them_with_its_uptake() {
    for (name, count) in SCANS {
        let scan = open(name);
        let mask = folder().join(format!("truth/pet/{}_lesions.nii.gz", stem(name)));
        let regions = read::regions(&mask, &scan, &Pick::default(), &Options::default()).unwrap().voxels().unwrap();
        let (volume, spacing) = (&scan.channels[0].volume, scan.spacing.unwrap());
        let samples = volume.samples.host().unwrap();
        for sphere in truth(count) {
            let inside: Vec<usize> = (0..samples.len()).filter(|i| regions[*i] == sphere.label).collect();
            assert_eq!(inside.len(), sphere.voxels, "{name} {} mm", sphere.diameter);
            assert_eq!(regions[voxel(&scan, sphere.centre)], sphere.label, "{name} {} mm", sphere.diameter);
            // Deeper than the blur reaches the uptake is the true one, but for the noise.
            let deep = |i: &&usize| {
                let place = scan.patient_grid.unwrap().at(&spacing, scan.shape.position(**i).map(|i| i as f64));
                let d2: f64 = place.iter().zip(sphere.centre).map(|(a, b)| (a - b).powi(2)).sum();
                d2.sqrt() < sphere.diameter / 2.0 - 7.0
            };
            let core: Vec<f64> =
                inside.iter().filter(deep).map(|i| volume.scale.value(f64::from(samples[*i]))).collect();
            if sphere.diameter >= 20.0 {
                let mean = core.iter().sum::<f64>() / core.len() as f64;
                println!("{name:15} {:4} mm  core {mean:.3} of SUV {}", sphere.diameter, sphere.suv);
                assert!((mean / sphere.suv - 1.0).abs() < 0.02, "{name} {} mm: {mean}", sphere.diameter);
            }
        }
    }
}

#[test]
fn suv_4_finds_the_large_hot_spheres_alone() {
    // At SUV 4 the edge of a sphere of SUV 12 lies outside its true one, that of SUV 8 inside.
    // The blur carries part of the uptake past the threshold, so TLG stays below the truth, least for the largest sphere.
    let bounds =
        [(22.0, [1.05, 1.30], [0.72, 0.92]), (28.0, [0.88, 1.02], [0.68, 0.88]), (37.0, [1.05, 1.30], [0.86, 1.00])];
    for (name, count) in SCANS {
        let (scan, sets) = run(name, "pet");
        let lesions = sets.iter().find(|s| s.name == "lesions").unwrap();
        let spheres = truth(count);
        let (found, rows) = ratios(&scan, lesions, &spheres);
        assert_eq!(rows, 3, "{name}");
        hold(name, "SUV 4.0", &found, &spheres, &bounds);
    }
}

#[test]
fn shares_of_the_maximum_follow_the_size() {
    let share = [
        (10.0, [1.30, 2.00], [0.60, 0.75]),
        (13.0, [1.05, 1.50], [0.65, 0.78]),
        (17.0, [1.00, 1.30], [0.70, 0.80]),
        (22.0, [0.97, 1.08], [0.70, 0.82]),
        (28.0, [1.00, 1.10], [0.78, 0.87]),
        (37.0, [1.02, 1.10], [0.84, 0.92]),
    ];
    let adapted = [
        (10.0, [0.60, 1.30], [0.35, 0.55]),
        (13.0, [0.62, 0.78], [0.40, 0.53]),
        (17.0, [0.70, 0.82], [0.50, 0.62]),
        (22.0, [0.78, 0.92], [0.60, 0.74]),
        (28.0, [0.82, 0.96], [0.68, 0.82]),
        (37.0, [0.88, 0.98], [0.76, 0.86]),
    ];
    for (name, count) in SCANS {
        let (scan, sets) = run(name, "pet-41");
        let spheres = truth(count);
        for (set, bounds) in [("lesions", share), ("adapted", adapted)] {
            let outcome = sets.iter().find(|s| s.name == set).unwrap();
            let (found, rows) = ratios(&scan, outcome, &spheres);
            hold(name, set, &found, &spheres, &bounds);
            assert_eq!(rows, bounds.len(), "{name} {set}");
        }
    }
}
