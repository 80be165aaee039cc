//! What lies outside of the field of view but in the image counts as what lies outside of the image. Kinds: invariant (a scan that was filled
//! up is measured as the one that ends there, on every device and grid), oracle (spheres and regions that reach beyond).

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::gpu;
use std::collections::BTreeMap;
use uptake::device::Device;
use uptake::image::{Channel, Mask, Modality, PatientGrid, Regions, SUV_UNIT, Scale, Scan, Volume};
use uptake::pipeline::{self, External, Outcome};
use uptake::recipe::Recipe;
use uptake::table::{Cells, Table};
use uptake::units::{Shape, Spacing};

const SHAPE: Shape = Shape { z: 30, y: 24, x: 24 };
/// Slices that were not imaged.
const BEYOND: usize = 12;

const RECIPE: &str = r#"
modality = "pet"
[channels]
pet = [0]
[objects.region]
labels = "{stem}_region.nii.gz"
[objects.lesions]
channel = "pet"
steps = [{ op = "threshold", method = "fixed", at_least = 4.0 }, { op = "fill_holes" }]
[objects.low]
start = "lesions"
channel = "pet"
steps = [{ op = "contour", deviations = 9.0, within = "20 mm" }]
[objects.around]
grow = { from = "lesions", by = "8 mm" }
[measure.lesions]
features = ["lesion"]
[measure.region]
features = ["lesion"]
[measure.low]
features = ["lesion"]
[measure.around]
features = ["lesion"]
"#;

/// SUV of a lesion in the first imaged slices, in noise.
fn sample(z: usize, y: usize, x: usize) -> i32 {
    let far = [(z, 12.0), (y, 12.0), (x, 11.0)].iter().map(|(at, to)| (*at as f64 - to).powi(2)).sum::<f64>().sqrt();
    let noise = (z * 7919 + y * 104_729 + x * 1_299_709) % 97;
    900 + noise as i32 + (9000.0 / (1.0 + libm::exp(2.0 * (far - 4.0)))) as i32
}

fn scan(shape: Shape, samples: Vec<i32>, first: f64) -> Scan {
    let volume = Volume { scale: Scale::new(1e-3, 0.0).unwrap(), ..Volume::new(shape, samples).unwrap() };
    let channel = Channel { name: "pet".into(), unit: SUV_UNIT, volume, saturated: None, saturation: None };
    let mut scan = Scan::new(Modality::Pet, shape, vec![channel]);
    scan.spacing = Spacing::mm([4.0; 3]);
    scan.patient_grid = Some(PatientGrid { origin: [0.0, 0.0, first], ..PatientGrid::STRAIGHT });
    scan
}

/// The scan filled up with 0.
fn filled_up() -> Scan {
    let at = |i: usize| SHAPE.position(i);
    let samples = (0..SHAPE.len()).map(|i| if at(i)[0] < BEYOND { 0 } else { sample(at(i)[0], at(i)[1], at(i)[2]) });
    let mut scan = scan(SHAPE, samples.collect(), 0.0);
    let beyond = (0..SHAPE.len()).map(|i| u8::from(at(i)[0] < BEYOND)).collect();
    scan.not_imaged = Some(Mask::new(SHAPE, beyond).unwrap());
    scan
}

/// The scan that ends there.
fn cropped() -> Scan {
    let shape = Shape { z: SHAPE.z - BEYOND, ..SHAPE };
    let at = |i: usize| shape.position(i);
    let samples = (0..shape.len()).map(|i| sample(at(i)[0] + BEYOND, at(i)[1], at(i)[2])).collect();
    scan(shape, samples, 4.0 * BEYOND as f64)
}

/// A region that reaches ten slices into what was not imaged, and one that lies there.
fn regions(shape: Shape, first: usize) -> External {
    let region = |i: usize| {
        let [z, y, x] = shape.position(i);
        let is_far = (2..4).contains(&(z + first));
        match (8..16).contains(&y) && (8..14).contains(&x) {
            true if (5..20).contains(&(z + first)) => 1,
            true if is_far => 2,
            _ => 0,
        }
    };
    let voxels: Vec<u32> = (0..shape.len()).map(region).collect();
    BTreeMap::from([("region".to_string(), Regions::of_voxels(shape, &voxels).unwrap())])
}

fn run(scan: &Scan, first: usize, recipe: &str, device: &Device) -> Outcome {
    let recipe = Recipe::parse("r.toml", recipe, &[]).unwrap();
    pipeline::run(scan, &recipe, device, &regions(scan.shape, first)).unwrap()
}

fn real(table: &Table, name: &str) -> Vec<f64> {
    match &table.column(name).unwrap_or_else(|| panic!("no column {name}")).cells {
        Cells::Int(v) => v.iter().map(|v| v.unwrap() as f64).collect(),
        Cells::Real(v) => v.iter().map(|v| v.unwrap()).collect(),
        Cells::Text(_) => panic!("{name} is text"),
    }
}

/// Columns that do not depend on where the image begins.
const COLUMNS: [&str; 10] = [
    "suv_max",
    "suv_mean",
    "suv_min",
    "mtv_ml",
    "suv_peak_vjga",
    "suv_peak_0f91",
    "peak_0f91_coverage",
    "suv_background",
    "touches_edge",
    "centroid_z_mm",
];

#[test]
fn what_was_filled_up_is_measured_as_what_ends_there() {
    let (filled, cut) = (filled_up(), cropped());
    for device in [Device::Cpu, gpu(None)] {
        let (a, b) = (run(&filled, 0, RECIPE, &device), run(&cut, BEYOND, RECIPE, &device));
        assert_eq!(a.sets.len(), 4);
        for (a, b) in a.sets.iter().zip(&b.sets) {
            for column in COLUMNS {
                assert_eq!(real(&a.table, column), real(&b.table, column), "{} {column}", a.name);
            }
            assert!(
                real(&a.table, "touches_edge") == [1.0] && real(&a.table, "peak_0f91_coverage")[0] < 1.0,
                "{}",
                a.name
            );
        }
        let said = "region: 2 of 2 regions reach into what was not imaged, with up to 100 % of their voxels";
        let warnings = format!("{:?}", a.row.column("warnings").unwrap().cells);
        assert!(warnings.contains(said) && warnings.contains("of 1 nothing is left"), "{warnings}");
        assert!(!format!("{:?}", b.row.column("warnings").unwrap().cells).contains("not imaged"));
    }
}

#[test]
fn on_another_grid_nothing_of_it_goes_into_objects() {
    let recipe = format!("{RECIPE}\n[grid]\nvoxel = \"3 mm\"");
    let outcome = run(&filled_up(), 0, &recipe, &Device::Cpu);
    let region = outcome.sets.iter().find(|set| set.name == "region").unwrap();
    // The ground is 0.9 and more: with a part of a voxel beyond it would be less.
    assert!(real(&region.table, "suv_min")[0] >= 0.9, "{:?}", real(&region.table, "suv_min"));
    assert_eq!(real(&region.table, "touches_edge"), [1.0]);
}

#[test]
fn a_sphere_has_what_was_imaged_of_it() {
    let recipe = "modality = \"pet\"\nchannels = { pet = [0] }\n[objects.blood]\nsphere = { diameter = \"24 mm\", at = [80, 80, 48] }\n\
                  [measure.blood]\nfeatures = [\"reference\"]";
    let outcome = run(&filled_up(), 0, recipe, &Device::Cpu);
    let mean = real(&outcome.sets[0].table, "suv_mean")[0];
    assert!((0.9..1.0).contains(&mean), "{mean}");
    let warnings = format!("{:?}", outcome.row.column("warnings").unwrap().cells);
    assert!(warnings.contains("the sphere reaches beyond what was imaged"), "{warnings}");
}
