//! Clouds have no edges, nuclei have. Oracle: made fields without any nucleus, and with some. Regression: no picture of BBBC038 is called a cloud. Invariant: gain, turns
//! and devices. Mechanics: the remedy.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::light::{Field, Random, scan};
use uptake::device::Device;
use uptake::image::{Scan, Volume};
use uptake::pipeline::{self, External};
use uptake::read::{self, Options};
use uptake::recipe::{Recipe, preset};
use uptake::table::Cells;
use uptake::units::Shape;

const SIDE: usize = 320;
const TOLD: &str = "most objects have no edges";

/// Under photon noise, five counts a photon.
fn seen(light: &[f64], random: &mut Random) -> Volume {
    let samples = light.iter().map(|l| 100.0 + l + (l / 5.0).sqrt() * random.normal());
    let samples = samples.map(|v| v.round().clamp(0.0, 65_535.0) as i32).collect();
    Volume::new(Shape::flat(SIDE, SIDE), samples).unwrap()
}

/// Clouds of some radius, as high as the ground.
fn clouds(radius: f64, seed: u64) -> Volume {
    let mut random = Random(seed);
    let mut values: Vec<f64> = (0..SIDE * SIDE).map(|_| random.normal()).collect();
    // Three means of rows, then of columns, are a Gaussian.
    let half = (radius / 1.2) as usize;
    for _ in 0..3 {
        for step in [1, SIDE] {
            let at = |i: usize, k: usize| {
                let place = (i / step) % SIDE + SIDE + k - half;
                i - (i / step) % SIDE * step + place % SIDE * step
            };
            values = (0..values.len()).map(|i| (0..=2 * half).map(|k| values[at(i, k)]).sum()).collect();
        }
    }
    let deviation = (values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64).sqrt();
    let light: Vec<f64> = values.iter().map(|v| 200.0 * (1.0 + (v / deviation).max(0.0) / 2.3)).collect();
    seen(&light, &mut random)
}

/// Nuclei that touch here and there, with a rim of this width.
fn nuclei(radius: f64, rim: f64, seed: u64) -> Volume {
    let mut random = Random(seed);
    let mut field = Field { shape: Shape::flat(SIDE, SIDE), values: vec![200.0; SIDE * SIDE] };
    for _ in 0..60 {
        let (y, x) = (random.below(SIDE as f64), random.below(SIDE as f64));
        let (r, light) = (radius * (0.8 + random.below(0.4)), 200.0 + random.below(400.0));
        for (i, value) in field.values.iter_mut().enumerate() {
            let far = (y - (i / SIDE) as f64).hypot(x - (i % SIDE) as f64);
            *value = value.max(200.0 + light / (1.0 + ((far - r) / rim).exp()));
        }
    }
    seen(&field.values, &mut random)
}

/// How many nuclei there are, and the warnings.
fn found_on(device: &Device, scan: &Scan, settings: &[String]) -> (usize, String) {
    let recipe = Recipe::parse("nuclei", preset("nuclei").unwrap().text, settings).unwrap();
    let outcome = pipeline::run(scan, &recipe, device, &External::new()).unwrap();
    let Cells::Text(warnings) = &outcome.row.column("warnings").unwrap().cells else { panic!("warnings are words") };
    (outcome.sets[0].objects.labels.count as usize, warnings[0].clone().unwrap_or_default())
}

fn found(image: Volume, settings: &[String]) -> (usize, String) {
    found_on(&Device::Cpu, &scan(vec![("DAPI", image)], None), settings)
}

/// Oracle: two of three fields of clouds that have objects say so; the printed remedy leaves none.
#[test]
fn clouds_are_told_from_nuclei() {
    let (mut with_objects, mut told) = (0, 0);
    for radius in [10.0, 16.0, 25.0] {
        for seed in 1..=4 {
            let (count, warnings) = found(clouds(radius, seed), &[]);
            with_objects += usize::from(count >= 10);
            if !warnings.contains(TOLD) {
                continue;
            }
            told += 1;
            let threshold: f64 =
                warnings.split("is higher than the ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
            let remedy = warnings.split("--set '").nth(1).unwrap().split('\'').next().unwrap();
            // Between the threshold of clouds and that of fields with nuclei, here far above them.
            let (count, warnings) =
                found(clouds(radius, seed), &[remedy.replace('X', &format!("{}", 20.0 * threshold))]);
            assert!(count == 0 && !warnings.contains(TOLD), "{count} with {remedy}: {warnings}");
        }
    }
    assert!(with_objects >= 10 && told * 5 >= with_objects * 3, "{told} of {with_objects}");
}

/// Oracle: nuclei in a crowd, sharp or with a rim of a fifth of their radius, are no clouds.
#[test]
fn nuclei_have_edges() {
    for radius in [8.0, 14.0] {
        for (seed, rim) in [(1, 0.5), (2, 1.0), (3, radius / 10.0)] {
            let (count, warnings) = found(nuclei(radius, rim, seed), &[]);
            assert!(count >= 20 && !warnings.contains(TOLD), "{count}: {warnings}");
        }
    }
}

/// Invariant: the same words whatever the gain and the turn of the image, and on a GPU.
#[test]
fn clouds_are_clouds_however_they_are_seen() {
    let image = clouds(16.0, 1);
    let (count, warnings) = found(image.clone(), &[]);
    assert!(warnings.contains(TOLD), "{count}: {warnings}");
    let samples = image.samples.host().unwrap();
    let change = |f: &dyn Fn(usize) -> i32| Volume::new(image.shape, (0..samples.len()).map(f).collect()).unwrap();
    let turned = found(change(&|i| samples[i % SIDE * SIDE + i / SIDE]), &[]);
    assert!(turned.1.contains(TOLD), "{turned:?}");
    let louder = found(change(&|i| samples[i] * 4), &[]);
    assert!(louder.1.contains(TOLD), "{louder:?}");
    let scan = scan(vec![("DAPI", image)], None);
    assert_eq!(found_on(&common::gpu(None), &scan, &[]), (count, warnings));
}

/// Regression: pictures of nuclei in culture and tissue.
#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn no_picture_of_nuclei_is_a_cloud() {
    let files = std::fs::read_dir(common::shared("dsb2018/images")).unwrap();
    let files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 45);
    for file in files {
        let scan = read::open(&file, &Options::default()).unwrap();
        let (count, warnings) = found_on(&Device::Cpu, &scan, &[]);
        assert!(!warnings.contains(TOLD), "{}: {count}: {warnings}", file.display());
    }
}
