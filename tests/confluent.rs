//! Confluent layers of nuclei that are not equally bright. Oracle: simulated fields of known nuclei under photon noise.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::light::{Random, scan};
use uptake::device::Device;
use uptake::image::Volume;
use uptake::pipeline::{self, External};
use uptake::recipe::{Recipe, preset};
use uptake::units::Shape;

const SIDE: usize = 240;
/// Of the largest nuclei.
const RADIUS: f64 = 11.0;

/// A layer of nuclei so far apart, in rows that are shifted by half, and how many there are: their light is lognormal, and so smooth as optics leave it.
fn layer(apart: f64, seed: u64) -> (Vec<f64>, usize) {
    let mut random = Random(seed);
    let mut light = vec![0.0; SIDE * SIDE];
    let mut nuclei = 0;
    let rows = (SIDE as f64 / (0.87 * apart)) as usize;
    for row in 0..rows {
        let shift = if row % 2 == 0 { 0.5 } else { 1.0 };
        for column in 0..(SIDE as f64 / apart - 1.0) as usize {
            let [y, x] = [(row as f64 + 0.6) * 0.87 * apart, (column as f64 + shift) * apart];
            let (y, x) = (y + 1.2 * random.normal(), x + 1.2 * random.normal());
            let (height, radius) = (1500.0 * (0.4 * random.normal()).exp(), RADIUS * (0.86 + random.below(0.14)));
            nuclei += 1;
            for (i, light) in light.iter_mut().enumerate() {
                let far = (y - (i / SIDE) as f64).hypot(x - (i % SIDE) as f64);
                *light += height / (1.0 + ((far - radius) / 0.7).exp());
            }
        }
    }
    (light, nuclei)
}

/// How many nuclei the preset finds in it, with photon noise of two counts a photon over a ground of 200 counts and an offset of 100, where light falls off
/// to so much in the corners.
fn found(light: &[f64], corners: f64, seed: u64) -> usize {
    let mut random = Random(seed);
    let middle = SIDE as f64 / 2.0;
    let value = |(i, l): (usize, &f64)| {
        let far = ((i / SIDE) as f64 - middle).powi(2) + ((i % SIDE) as f64 - middle).powi(2);
        let seen = (200.0 + l) * (1.0 - (1.0 - corners) * far / (2.0 * middle * middle));
        100.0 + seen + (2.0 * seen).sqrt() * random.normal()
    };
    let samples = light.iter().enumerate().map(value).map(|v| v.round().clamp(0.0, 65_535.0) as i32).collect();
    let image = Volume::new(Shape::flat(SIDE, SIDE), samples).unwrap();
    let recipe = Recipe::parse("nuclei", preset("nuclei").unwrap().text, &[]).unwrap();
    let outcome = pipeline::run(&scan(vec![("DAPI", image)], None), &recipe, &Device::Cpu, &External::new()).unwrap();
    outcome.sets[0].objects.labels.count as usize
}

/// Most of such an image is light, and its two classes explain no more than those of noise; but light has a noise of its own.
#[test]
fn a_layer_of_unlike_nuclei_is_no_noise() {
    for seed in 1..=6 {
        for (apart, corners) in [(24.0, 1.0), (22.0, 0.6)] {
            let (light, nuclei) = layer(apart, seed);
            let found = found(&light, corners, seed);
            assert!(
                found.abs_diff(nuclei) * 7 <= nuclei,
                "{found} for {nuclei}, {corners} in the corners, seed {seed}"
            );
        }
    }
}
