//! Nuclei on a ground that was cut off at 0: empty wells after a subtraction, a band pass or unmixing. Oracle: simulated fields of known nuclei;
//! the same bytes on every device are the business of `parity`.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::light::{Random, scan};
use uptake::device::Device;
use uptake::image::Volume;
use uptake::ops::gaussian::{Gaussian, gaussian};
use uptake::pipeline::{self, External};
use uptake::recipe::{Recipe, preset};
use uptake::table::Cells;
use uptake::units::Shape;

const SHAPE: Shape = Shape { z: 1, y: 240, x: 240 };

/// Discs of 9 px of a height, 40 px apart, in noise of 1000 with a blur, less so many deviations of it, from 0 on.
fn field(discs: usize, height: f64, blur: f64, cut: f64, seed: u64) -> Volume {
    let mut random = Random(seed);
    let value = |i: usize| {
        let [_, y, x] = SHAPE.position(i);
        let (row, column) = (y / 40, x / 40);
        let (v, u) = ((y % 40) as f64 - 20.0, (x % 40) as f64 - 20.0);
        let is_in = row * 6 + column < discs && v * v + u * u <= 81.0;
        (1000.0 * (random.normal() + if is_in { height } else { 0.0 })) as i32
    };
    let image = Volume::new(SHAPE, (0..SHAPE.len()).map(value).collect()).unwrap();
    let image = gaussian(&Device::Cpu, &image, &Gaussian::new([0.0, blur, blur])).unwrap();
    let deviation = 1000.0 / f64::max(1.0, 2.0 * std::f64::consts::PI.sqrt() * blur);
    let left = image.samples.host().unwrap().iter().map(|s| (s - (cut * deviation) as i32).clamp(0, 65_535));
    Volume::new(SHAPE, left.collect()).unwrap()
}

fn found(image: Volume) -> pipeline::Outcome {
    let recipe = preset("nuclei").unwrap().recipe().unwrap();
    pipeline::run(&scan(vec![("DAPI", image)], None), &recipe, &Device::Cpu, &External::new()).unwrap()
}

fn nuclei(image: Volume) -> u32 {
    found(image).sets[0].objects.labels.count
}

#[test]
fn empty_fields_stay_empty_and_nuclei_stay() {
    for (seed, blur) in [(1, 0.0), (2, 1.0), (3, 1.0), (4, 2.0)] {
        for cut in [-0.5, 0.0, 1.0, 1.5, 2.0] {
            for (discs, height) in [(0, 0.0), (3, 12.0), (30, 12.0)] {
                let found = nuclei(field(discs, height, blur, cut, seed));
                assert_eq!(found as usize, discs, "blur {blur}, cut at {cut}, seed {seed}");
            }
        }
    }
}

/// The ground was set to 0 below a value that was not subtracted. Objects that were cut out of theirs, and a drawing, are as they were.
#[test]
fn a_gap_that_a_cut_has_left_is_no_light() {
    let tells = |outcome: &pipeline::Outcome| {
        let Cells::Text(notes) = &outcome.row.column("notes").unwrap().cells else { panic!("words") };
        notes[0].as_ref().is_some_and(|notes| notes.contains("without that being subtracted"))
    };
    let with_gap = |image: Volume, by: i32, from: i32, step: i32| {
        let sample = |s: &i32| if *s <= from { 0 } else { (s + by) / step };
        Volume::new(SHAPE, image.samples.host().unwrap().iter().map(sample).collect()).unwrap()
    };
    for (seed, blur) in [(1, 0.0), (3, 1.0)] {
        for cut in [0.5, 1.0] {
            for (discs, height) in [(0, 0.0), (3, 12.0), (30, 12.0)] {
                // An empty field of two or three grey levels tells nothing.
                for step in [1, 90].into_iter().filter(|step| discs > 0 || *step == 1) {
                    let outcome = found(with_gap(field(discs, height, blur, cut, seed), 4000, 0, step));
                    let what = format!("{discs} discs, blur {blur}, cut at {cut}, steps of {step}");
                    assert_eq!(outcome.sets[0].objects.labels.count as usize, discs, "{what}");
                    assert!(tells(&outcome), "{what}");
                }
            }
        }
    }
    for from in [4000, 6000] {
        let outcome = found(with_gap(field(30, 12.0, 1.0, 0.0, 5), 4000, from, 1));
        assert_eq!((outcome.sets[0].objects.labels.count, tells(&outcome)), (30, false), "objects above {from}");
    }
    let drawing = with_gap(field(30, 12.0, 1.0, 0.0, 5), 0, 6000, 6000);
    assert!(!tells(&found(drawing)));
}

/// Two channels: nuclei, and a stain of cells of 18 px in noise of 20 on an offset, from 0 on.
fn stained(cells: usize, light: f64, offset: f64) -> pipeline::Outcome {
    stained_on(cells, light, |_, _| offset)
}

/// The same on a ground of any shape, of places from -1 to 1.
fn stained_on(cells: usize, light: f64, ground: impl Fn(f64, f64) -> f64) -> pipeline::Outcome {
    let mut random = Random(5);
    let mut channel = |cells: usize, radius: f64, light: f64, ground: &dyn Fn(f64, f64) -> f64| {
        let value = |i: usize| {
            let [_, y, x] = SHAPE.position(i);
            let (v, u) = ((y % 48) as f64 - 24.0, (x % 48) as f64 - 24.0);
            let is_in = y / 48 * 5 + x / 48 < cells && v * v + u * u <= radius * radius;
            let ground = ground(y as f64 / 120.0 - 1.0, x as f64 / 120.0 - 1.0);
            (ground + 20.0 * random.normal() + if is_in { light } else { 0.0 }).round().max(0.0) as i32
        };
        Volume::new(SHAPE, (0..SHAPE.len()).map(value).collect()).unwrap()
    };
    let channels =
        vec![("DAPI", channel(25, 8.0, 1000.0, &|_, _| 200.0)), ("cell", channel(cells, 18.0, light, &ground))];
    let recipe = Recipe::parse("cells-stain", preset("cells-stain").unwrap().text, &[]).unwrap();
    pipeline::run(&scan(channels, None), &recipe, &Device::Cpu, &External::new()).unwrap()
}

/// Pixels of each cell.
fn areas(outcome: &pipeline::Outcome) -> Vec<usize> {
    let cells = outcome.sets.iter().find(|set| set.name == "cells").unwrap();
    let voxels = cells.objects.labels.voxels().host().unwrap();
    (1..=cells.objects.labels.count).map(|label| voxels.iter().filter(|v| **v == label).count()).collect()
}

#[test]
fn cells_begin_above_the_ground_whatever_it_is() {
    let disc = std::f64::consts::PI * 18.0 * 18.0;
    for cells in [1, 3, 25] {
        let usual = areas(&stained(cells, 400.0, 100.0));
        for offset in [200.0, 400.0, 3000.0] {
            let same = areas(&stained(cells, 400.0, offset));
            let off = usual.iter().zip(&same).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
            assert!(off <= 12, "{cells} cells: {off} pixels for another offset, {offset}");
        }
        // Cut off at the ground, and ten below the brightness of the stain.
        for offset in [100.0, 0.0, -30.0] {
            let found = areas(&stained(cells, 400.0, offset));
            for area in &found[..cells] {
                assert!((0.8..1.5).contains(&(*area as f64 / disc)), "{cells} cells at {offset}: {area} for {disc}");
            }
        }
    }
}

/// Light that falls off lifts the ground of one side over the threshold of the other.
#[test]
fn an_uneven_ground_of_the_stain_is_levelled() {
    for cells in [3, 25] {
        let even = areas(&stained(cells, 400.0, 300.0));
        type Ground = fn(f64, f64) -> f64;
        let grounds: [(&str, Ground); 3] = [
            ("slope", |_, x| 300.0 + 150.0 * x),
            ("round", |y, x| 500.0 - 200.0 * (y * y + x * x)),
            ("both", |y, x| 400.0 + 100.0 * y - 100.0 * x * x),
        ];
        for (what, ground) in grounds {
            let outcome = stained_on(cells, 400.0, ground);
            let found = areas(&outcome);
            for (a, b) in even.iter().zip(&found).take(cells) {
                assert!((0.85..1.18).contains(&(*b as f64 / *a as f64)), "{what}, {cells} cells: {b} for {a}");
            }
        }
    }
}

#[test]
fn without_a_stain_cells_are_their_nuclei_and_a_warning_says_so() {
    for offset in [100.0, 0.0, 3000.0] {
        let outcome = stained(0, 0.0, offset);
        let found = areas(&outcome);
        assert_eq!(found.len(), 25);
        assert!(found.iter().all(|area| (150..280).contains(area)), "{offset}: {found:?}");
        assert_eq!(outcome.warnings, 1, "{offset}");
    }
}
