//! Crowds of nuclei of unlike brightness, which leave no flat ground and of which two classes explain no more than of noise.
//! Oracle: counts that are known. Invariant: correlated noise stays empty.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::light::{Random, scan};
use uptake::device::Device;
use uptake::image::Volume;
use uptake::ops::gaussian::{Gaussian, gaussian};
use uptake::pipeline::{self, External};
use uptake::recipe::preset;
use uptake::units::Shape;

const SHAPE: Shape = Shape { z: 1, y: 200, x: 200 };

fn nuclei(image: Volume) -> u32 {
    let recipe = preset("nuclei").unwrap().recipe().unwrap();
    let outcome = pipeline::run(&scan(vec![("DAPI", image)], None), &recipe, &Device::Cpu, &External::new()).unwrap();
    outcome.sets[0].objects.labels.count
}

/// Nuclei of a radius, apart from each other, whose brightness is the exponential of normal numbers of deviation `unlike`; with how many there are.
fn crowd(radius: f64, most: usize, unlike: f64) -> (Volume, usize) {
    let mut random = Random(3);
    let mut places: Vec<[f64; 2]> = Vec::new();
    let (rim, span) = (radius + 2.0, SHAPE.x as f64 - 2.0 * radius - 4.0);
    for _ in 0..20_000 {
        let at = [0; 2].map(|_| rim + random.below(span));
        if places.len() < most && places.iter().all(|p| libm::hypot(p[0] - at[0], p[1] - at[1]) > 2.0 * radius + 2.0) {
            places.push(at);
        }
    }
    let mut light = vec![60.0f64; SHAPE.len()];
    for [cy, cx] in &places {
        let height = 250.0 * libm::exp(unlike * random.normal());
        for (i, light) in light.iter_mut().enumerate() {
            let [_, y, x] = SHAPE.position(i);
            let far = libm::hypot(y as f64 - cy, x as f64 - cx);
            *light += height / (1.0 + libm::exp(3.0 * (far - radius)));
        }
    }
    let sample = |v: &f64| (v + 8.0 * random.normal()).round().max(0.0) as i32;
    (Volume::new(SHAPE, light.iter().map(sample).collect()).unwrap(), places.len())
}

#[test]
fn nuclei_of_unlike_brightness_are_found() {
    for (radius, most) in [(3.0, 200), (5.0, 110)] {
        for unlike in [0.2, 0.6, 0.8] {
            let (image, there) = crowd(radius, most, unlike);
            let found = nuclei(image);
            assert!(
                found as f64 >= 0.75 * there as f64 && found as usize <= there + there / 20,
                "{found} of {there} of radius {radius}, {unlike}"
            );
        }
    }
}

#[test]
fn noise_that_neighbours_share_stays_empty() {
    for (blur, power) in [(0.7, 1), (1.5, 1), (3.0, 1), (0.7, 2), (2.0, 2)] {
        let mut random = Random(9);
        let white: Vec<i32> = (0..SHAPE.len()).map(|_| (100_000.0 * random.normal()) as i32).collect();
        let smooth =
            gaussian(&Device::Cpu, &Volume::new(SHAPE, white).unwrap(), &Gaussian::new([0.0, blur, blur])).unwrap();
        let samples = smooth.samples.host().unwrap();
        let spread = (samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / samples.len() as f64).sqrt();
        let value = |s: &i32| (1000.0 + 60.0 * (f64::from(*s) / spread).powi(power)).round() as i32;
        let image = Volume::new(SHAPE, samples.iter().map(value).collect()).unwrap();
        assert_eq!(nuclei(image), 0, "blur {blur}, power {power}");
    }
}
