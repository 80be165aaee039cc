//! The column `segmentation_doubt`, and warnings of objects that may be none. Oracle: on made fields of known nuclei its ranks follow 1 - F1.
//! Mechanics: where it is empty. Regression: waves of the ground and a bar that was drawn are told.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::light::{Random, scan};
use common::score::score;
use uptake::device::Device;
use uptake::image::Volume;
use uptake::pipeline::{self, External, Outcome};
use uptake::recipe::{Recipe, preset};
use uptake::table::Cells;
use uptake::units::Shape;

const SHAPE: Shape = Shape { z: 1, y: 160, x: 160 };

/// Nuclei, their radii and how bright their spots are.
struct Field {
    /// Smallest distance of two nuclei in the sum of their radii.
    apart: f64,
    /// Radii are drawn from these.
    radii: &'static [f64],
    /// Spots in a nucleus add so many times its light.
    spots: f64,
    noise: f64,
}

fn nuclei(field: &Field, seed: u64) -> (Volume, Vec<u32>) {
    let mut random = Random(seed);
    let mut places: Vec<[f64; 3]> = Vec::new();
    for k in 0..3000 {
        let r = field.radii[k % field.radii.len()] * (0.9 + random.below(0.2));
        let at = [random.below(SHAPE.y as f64), random.below(SHAPE.x as f64), r];
        if places.len() < 70
            && places.iter().all(|p| libm::hypot(p[0] - at[0], p[1] - at[1]) > field.apart * (p[2] + r))
        {
            places.push(at);
        }
    }
    let mut truth = vec![0; SHAPE.len()];
    let mut light = vec![0.0f64; SHAPE.len()];
    for (label, [cy, cx, r]) in (1..).zip(&places) {
        let spots: Vec<[f64; 2]> = (0..5).map(|_| [cy, cx].map(|c| c + (random.below(1.2) - 0.6) * r)).collect();
        let around = |c: &f64| (c - 2.0 * r).max(0.0) as usize..((c + 2.0 * r) as usize + 1).min(SHAPE.x);
        for (row, column) in around(cy).flat_map(|row| around(cx).map(move |column| (row, column))) {
            let (i, y, x) = (SHAPE.index(0, row, column), row as f64, column as f64);
            let (truth, light) = (&mut truth[i], &mut light[i]);
            let far = libm::hypot(y - cy, x - cx);
            // Edges are a pixel or two wide.
            let body = 3000.0 / (1.0 + libm::exp(1.5 * (far - r)));
            let spot = |s: &[f64; 2]| libm::exp(-((y - s[0]).powi(2) + (x - s[1]).powi(2)) / (0.06 * r * r));
            *light = light.max(body * (1.0 + field.spots * spots.iter().map(spot).sum::<f64>()));
            if far <= *r && *truth == 0 {
                *truth = label;
            }
        }
    }
    let sample = |v: &f64| (v + 500.0 + field.noise * random.normal()).clamp(0.0, 65_535.0) as i32;
    (Volume::new(SHAPE, light.iter().map(sample).collect()).unwrap(), truth)
}

fn run(volume: Volume, recipe: &Recipe) -> Outcome {
    pipeline::run(&scan(vec![("DAPI", volume)], None), recipe, &Device::Cpu, &External::new()).unwrap()
}

fn doubt(outcome: &Outcome) -> Option<f64> {
    match &outcome.row.column("segmentation_doubt")?.cells {
        Cells::Real(values) => values[0],
        _ => None,
    }
}

/// Ranks, equal values sharing theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let rank = |v: &f64| {
        let (below, equal) = (values.iter().filter(|w| *w < v).count(), values.iter().filter(|w| *w == v).count());
        below as f64 + (equal as f64 - 1.0) / 2.0
    };
    values.iter().map(rank).collect()
}

fn spearman(a: &[f64], b: &[f64]) -> f64 {
    let centred = |v: &[f64]| {
        let (ranks, middle) = (ranks(v), (v.len() as f64 - 1.0) / 2.0);
        ranks.into_iter().map(|r| r - middle).collect::<Vec<_>>()
    };
    let (a, b) = (centred(a), centred(b));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt()
}

#[test]
fn doubt_ranks_fields_as_their_errors_do() {
    let recipe = preset("nuclei").unwrap().recipe().unwrap();
    let (one, mixed): (&[f64], &[f64]) = (&[9.0], &[4.0, 4.0, 4.0, 4.0, 18.0]);
    let (mut doubts, mut errors) = (Vec::new(), Vec::new());
    for (radii, spots, noise) in [(one, 0.0, 100.0), (one, 0.0, 700.0), (one, 1.5, 100.0), (mixed, 0.0, 100.0)] {
        for apart in [1.2, 0.85, 0.65, 0.5] {
            let (volume, truth) = nuclei(&Field { apart, radii, spots, noise }, 7);
            let outcome = run(volume, &recipe);
            let found = score(outcome.sets[0].objects.labels.voxels().host().unwrap(), &truth, 0.5);
            println!("{apart} {radii:?} {spots} {noise}: F1 {:.3}, doubt {:?}", found.f1(), doubt(&outcome));
            // Where nothing is found there is nothing to doubt.
            let Some(doubt) = doubt(&outcome) else { continue };
            doubts.push(doubt);
            errors.push(1.0 - found.f1());
        }
    }
    assert!(doubts.len() >= 14);
    let rho = spearman(&doubts, &errors);
    println!("Spearman {rho:.3}");
    assert!(doubts.iter().all(|d| (0.0..=1.0).contains(d)));
    assert!(rho >= 0.6, "{rho}");
}

#[test]
fn it_is_empty_where_nothing_is_found_or_parted_and_absent_for_pet() {
    let flat = Volume::new(SHAPE, vec![100; SHAPE.len()]).unwrap();
    let of = |name: &str| run(flat.clone(), &preset(name).unwrap().recipe().unwrap());
    for name in ["nuclei", "cells", "spots"] {
        let outcome = of(name);
        assert!(outcome.row.column("segmentation_doubt").is_some(), "{name}");
        assert_eq!(doubt(&outcome), None, "{name}");
    }
    let pet = preset("pet").unwrap().recipe().unwrap();
    assert!(pipeline::columns(&pet).unwrap().row.column("segmentation_doubt").is_none());
}

/// Twenty nuclei of 8 px over a ground with waves, as a camera counts them.
fn waves(height: f64) -> Vec<i32> {
    let (shape, mut random) = (WIDE, Random(3));
    let sample = |i: usize| {
        let [_, y, x] = shape.position(i).map(|v| v as f64);
        let wave = (x * std::f64::consts::TAU / 126.0).sin() * (y * std::f64::consts::TAU / 126.0).sin();
        let far = libm::hypot(y % 100.0 - 40.0, x % 80.0 - 33.0);
        let light = 100.0 + height * wave + 300.0 / (1.0 + libm::exp(1.5 * (far - 8.0)));
        (100.0 + light + light.sqrt() * random.normal()).round() as i32
    };
    (0..shape.len()).map(sample).collect()
}

const WIDE: Shape = Shape { z: 1, y: 400, x: 400 };

fn found(samples: Vec<i32>) -> (u32, String) {
    let recipe = preset("nuclei").unwrap().recipe().unwrap();
    let outcome = run(Volume::new(WIDE, samples).unwrap(), &recipe);
    let Cells::Text(said) = &outcome.row.column("warnings").unwrap().cells else { panic!("words") };
    (outcome.sets[0].objects.labels.count, said[0].clone().unwrap_or_default())
}

#[test]
fn waves_of_the_ground_among_the_objects_are_told() {
    assert_eq!(found(waves(20.0)), (20, String::new()));
    let (n, said) = found(waves(60.0));
    assert!(n > 25 && said.contains("the ground may be among them (waves"), "{n}: {said}");
}

#[test]
fn a_bar_that_was_drawn_is_told_with_its_place() {
    let mut samples = waves(0.0);
    for y in 150..160 {
        samples[y * WIDE.x + 200..y * WIDE.x + 300].fill(60_000);
    }
    let (_, said) = found(samples);
    assert!(said.contains("of the one value 60000 with sharp rims (100 x 10 px at x 200, y 150)"), "{said}");
    assert_eq!(found(waves(0.0)), (20, String::new()));
}
