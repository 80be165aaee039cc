//! Stacks with slices that no light has fallen on, with far less light, or with the ground cut off in some: Kinds of test: oracle (simulated stacks with a known
//! number of nuclei, cells and spots), invariant (slices that are only dimmer are not unlit).
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::light::{Field, Random, scan};
use uptake::device::Device;
use uptake::image::Volume;
use uptake::pipeline::{self, External, Outcome};
use uptake::recipe::preset;
use uptake::units::Shape;

/// Objects stand in squares of this side, four by four.
const SQUARE: usize = 28;
const NUCLEUS: f64 = 6.0;
const CELL: f64 = 9.0;

/// Sixteen columns of this radius through all slices, with soft edges, over a ground of a sixth of their photons, as a camera with an offset of 100 sees them.
fn columns(light: &[f64], radius: f64, photons: f64, seed: u64) -> Volume {
    let shape = Shape::new(light.len(), 4 * SQUARE, 4 * SQUARE);
    let mut random = Random(seed);
    let sample = |i: usize| {
        let [z, y, x] = shape.position(i);
        let from_middle = |at: usize| (at % SQUARE) as f64 - 13.5;
        let inside = 1.0 / (1.0 + ((libm::hypot(from_middle(y), from_middle(x)) - radius) / 0.7).exp());
        let seen = light[z] * photons * (1.0 / 6.0 + inside);
        (100.0 + seen + (seen + 9.0).sqrt() * random.normal()).round() as i32
    };
    Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap()
}

/// Light that is 1 but in some slices.
fn lit(depth: usize, other: &[(usize, f64)]) -> Vec<f64> {
    let mut light = vec![1.0; depth];
    other.iter().for_each(|(z, there)| light[*z] = *there);
    light
}

fn run(name: &str, channels: Vec<(&str, Volume)>) -> Outcome {
    let recipe = preset(name).unwrap().recipe().unwrap();
    pipeline::run(&scan(channels, Some([0.5; 3])), &recipe, &Device::Cpu, &External::new()).unwrap()
}

/// How many objects a set has, and how many voxels of each slice they have.
fn found(outcome: &Outcome, set: &str) -> (u32, Vec<usize>) {
    let labels = &outcome.sets.iter().find(|s| s.name == set).unwrap().objects.labels;
    let plane = labels.shape.y * labels.shape.x;
    let of_slice = |slice: &[u32]| slice.iter().filter(|v| **v > 0).count();
    (labels.count, labels.voxels().host().unwrap().chunks(plane).map(of_slice).collect())
}

fn said(outcome: &Outcome, what: &str) -> bool {
    let all = outcome.sets.iter().flat_map(|set| set.objects.notes.iter().chain(&set.objects.warnings));
    all.into_iter().any(|text| text.contains(what))
}

fn nuclei(light: &[f64], photons: f64, seed: u64) -> Outcome {
    run("nuclei", vec![("DAPI", columns(light, NUCLEUS, photons, seed))])
}

/// Objects go on through it between others, and end before it at an end.
#[test]
fn an_unlit_slice_says_nothing_of_the_others() {
    for (depth, unlit) in [(2, 0), (2, 1), (3, 1), (4, 0), (5, 2), (5, 4)] {
        for photons in [360.0, 150.0] {
            let both = |light: &[f64]| {
                let channels =
                    vec![("DAPI", columns(light, NUCLEUS, photons, 3)), ("cell", columns(light, CELL, photons, 4))];
                run("cells-stain", channels)
            };
            let (even, dark) = (both(&lit(depth, &[])), both(&lit(depth, &[(unlit, 0.0)])));
            assert!(said(&dark, &format!("slice {} of {depth} is unlit", unlit + 1)), "{depth}, {unlit}");
            let is_between = unlit > 0 && unlit + 1 < depth;
            for set in ["nuclei", "cells"] {
                let ((n, area), (m, dark)) = (found(&even, set), found(&dark, set));
                assert_eq!((n, m), (16, 16), "{set}: {depth} slices, {unlit} unlit");
                for (z, (area, dark)) in area.iter().zip(&dark).enumerate() {
                    let ratio = *dark as f64 / *area as f64;
                    let right = if z == unlit && !is_between { 0.0..=0.0 } else { 0.75..=1.3 };
                    assert!(right.contains(&ratio), "{set}: {depth} slices, {unlit} unlit, {z}: {area} to {dark}");
                }
            }
        }
    }
}

#[test]
fn several_unlit_slices_are_named() {
    let outcome = nuclei(&lit(8, &[(0, 0.0), (4, 0.0), (7, 0.0)]), 240.0, 5);
    assert_eq!(found(&outcome, "nuclei").0, 16);
    assert!(said(&outcome, "slices 1, 5 and 8 of 8 are unlit"));
}

/// Nor are they where all are alike.
#[test]
fn slices_with_some_light_are_not_unlit() {
    for light in
        [lit(5, &[]), lit(5, &[(4, 0.3)]), lit(3, &[(1, 0.1)]), vec![1.0, 0.8, 0.6, 0.4, 0.2], lit(2, &[(1, 0.5)])]
    {
        assert!(!said(&nuclei(&light, 360.0, 6), "unlit"), "{light:?}");
    }
    // Without any object.
    for light in [lit(5, &[]), lit(4, &[(3, 0.6)]), vec![1.0, 0.75, 0.5, 0.25]] {
        let outcome = run("nuclei", vec![("DAPI", columns(&light, -20.0, 360.0, 7))]);
        assert_eq!(found(&outcome, "nuclei").0, 0, "{light:?}");
        assert!(!said(&outcome, "unlit"), "{light:?}");
    }
}

/// Half of all slices decide what objects look like: then it is said.
#[test]
fn two_slices_of_unlike_light_have_the_nuclei_of_one_or_a_warning() {
    for seed in [1, 2] {
        for there in [0.15, 0.2, 0.3, 0.5, 0.7] {
            let outcome = nuclei(&lit(2, &[(1, there)]), 360.0, seed);
            let n = found(&outcome, "nuclei").0;
            assert!(n == 16 || said(&outcome, "far less light"), "{n} nuclei at {there}");
        }
    }
}

#[test]
fn spots_are_found_beside_an_unlit_slice() {
    for (depth, unlit) in [(2, 1), (3, 0), (4, 3), (5, 2)] {
        let shape = Shape::new(depth, 100, 100);
        let mut field = Field { shape, values: vec![60.0; shape.len()] };
        let lit: Vec<usize> = (0..depth).filter(|z| *z != unlit).collect();
        for i in 0..16 {
            let at = [lit[i % lit.len()] as f64, 12.0 + 25.0 * (i / 4) as f64, 12.0 + 25.0 * (i % 4) as f64];
            field.spot(at, [1.1, 1.4, 1.4], 500.0);
        }
        let mut random = Random(8);
        let sample = |(i, photons): (usize, &f64)| {
            let photons = if shape.position(i)[0] == unlit { 0.0 } else { *photons };
            (100.0 + photons + (photons + 9.0).sqrt() * random.normal()).round() as i32
        };
        let volume = Volume::new(shape, field.values.iter().enumerate().map(sample).collect()).unwrap();
        assert_eq!(found(&run("spots", vec![("spots", volume)]), "spots").0, 16, "{depth} slices, {unlit} unlit");
    }
}

/// What was subtracted is one value for all slices; the ground of the brighter ones stands above it.
#[test]
fn slices_that_were_not_cut_off_are_brought_down_to_those_that_were() {
    for light in
        [lit(5, &[(2, 1.3)]), lit(8, &[(3, 1.3)]), vec![1.0, 0.8, 1.2, 0.9, 1.16], vec![1.0, 0.9, 0.8, 0.7, 0.6]]
    {
        for (taken, seed) in [(158, 1), (163, 2), (150, 3)] {
            let seen = columns(&light, NUCLEUS, 360.0, seed);
            let left = seen.samples.host().unwrap().iter().map(|s| (s - taken).max(0)).collect();
            let outcome = run("nuclei", vec![("DAPI", Volume::new(seen.shape, left).unwrap())]);
            assert_eq!(found(&outcome, "nuclei").0, 16, "{light:?} less {taken}");
        }
    }
}

/// A slice that was darker than the cut has lost how much.
#[test]
fn a_slice_below_the_cut_is_told() {
    let seen = columns(&lit(5, &[(2, 0.5)]), NUCLEUS, 360.0, 4);
    let left = seen.samples.host().unwrap().iter().map(|s| (s - 150).max(0)).collect();
    let outcome = run("nuclei", vec![("DAPI", Volume::new(seen.shape, left).unwrap())]);
    assert!(said(&outcome, "how much darker they were is lost"));
}
