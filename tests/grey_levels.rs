//! Images whose noise is below one grey step: averaged, smoothed, dim or stretched, and saved with few bits. Oracle: simulated fields of known nuclei.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::light::{Random, scan};
use uptake::device::Device;
use uptake::image::Volume;
use uptake::ops::gaussian::{Gaussian, gaussian};
use uptake::pipeline::{self, External, Outcome};
use uptake::recipe::preset;
use uptake::units::Shape;

const SHAPE: Shape = Shape { z: 1, y: 240, x: 240 };
/// Steps of a camera in a sample, so that what is smoothed keeps its fractions.
const FINE: f64 = 256.0;

/// Nine discs of a radius of 9 px on a ground of 12 steps with this noise, smoothed by 1 px; `steps` of what is above 0 are left of it.
fn field(height: f64, noise: f64, seed: u64, steps: impl Fn(f64) -> f64) -> Volume {
    let mut random = Random(seed);
    let value = |i: usize| {
        let [_, y, x] = SHAPE.position(i);
        let far = ((y % 80) as f64 - 40.0).hypot((x % 80) as f64 - 40.0);
        // A lamp that is a little brighter to one side: grey steps run across the ground.
        let ground = 12.0 + 2.0 * (x as f64 / 60.0).sin();
        (FINE * (ground + noise * random.normal() + if far <= 9.0 { height } else { 0.0 })).round() as i32
    };
    let sharp = Volume::new(SHAPE, (0..SHAPE.len()).map(value).collect()).unwrap();
    let smooth = gaussian(&Device::Cpu, &sharp, &Gaussian::new([0.0, 1.0, 1.0])).unwrap();
    let fine = FINE / smooth.scale.factor();
    let samples = smooth.samples.host().unwrap().iter().map(|s| steps(f64::from(*s) / fine) as i32);
    Volume::new(SHAPE, samples.collect()).unwrap()
}

fn run(image: Volume) -> Outcome {
    let recipe = preset("nuclei").unwrap().recipe().unwrap();
    pipeline::run(&scan(vec![("DAPI", image)], None), &recipe, &Device::Cpu, &External::new()).unwrap()
}

#[test]
fn grey_steps_are_no_nuclei() {
    type Steps = fn(f64) -> f64;
    let all: [(&str, Steps); 4] = [
        ("rounded to one step", |v| v.round()),
        ("a third of the light", |v| (0.3 * v).round()),
        ("every eighth grey level", |v| (v / 8.0).round() * 8.0),
        ("32 levels of 0 to 255", |v| ((v / 8.226).round() * 8.226).round()),
    ];
    for (name, steps) in all {
        for (height, noise, seed) in [(60.0, 0.4, 1), (120.0, 1.0, 2), (40.0, 0.2, 3)] {
            let outcome = run(field(height, noise, seed, steps));
            let objects = &outcome.sets[0].objects;
            assert_eq!(objects.labels.count, 9, "{name}, nuclei of {height} above a noise of {noise}");
            assert!(objects.warnings.iter().all(|w| !w.contains("speck")), "{name}: {:?}", objects.warnings);
        }
    }
}

#[test]
fn a_mask_is_an_image_too() {
    for most in [1, 3, 255] {
        let mask = field(60.0, 0.0, 1, |v| f64::from(u8::from(v > 40.0)));
        let samples = mask.samples.host().unwrap().iter().map(|s| s * most).collect();
        assert_eq!(run(Volume::new(SHAPE, samples).unwrap()).sets[0].objects.labels.count, 9, "0 and {most}");
    }
}

/// Single photons are no steps of something rounded: nuclei of two counts a pixel stay whole.
#[test]
fn counted_photons_are_no_grey_steps() {
    for (light, ground, seed) in [(3.0, 0.01, 1), (3.0, 0.05, 2), (2.0, 0.05, 3)] {
        let mut random = Random(seed);
        let mut photons = |mean: f64| {
            // Knuth's way: as many as uniform numbers can be multiplied.
            let (limit, mut product) = (libm::exp(-mean), random.uniform());
            let mut n = 0;
            while product > limit {
                (n, product) = (n + 1, product * random.uniform());
            }
            n
        };
        let value = |i: usize| {
            let [_, y, x] = SHAPE.position(i);
            let far = ((y % 80) as f64 - 40.0).hypot((x % 80) as f64 - 40.0);
            photons(if far <= 10.0 { light } else { ground })
        };
        let found = run(Volume::new(SHAPE, (0..SHAPE.len()).map(value).collect()).unwrap());
        assert_eq!(found.sets[0].objects.labels.count, 9, "{light} photons above {ground}");
    }
}
