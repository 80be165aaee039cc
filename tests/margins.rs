//! Invariant: what lies beside a picture (a margin of one value, a line that sees nothing) changes nothing in the search for objects:
//! away from it the same are found as without, in it none. A ground that really is 0 is no margin.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::light::{Field, Random, scan};
use common::score::score;
use uptake::device::Device;
use uptake::image::{Modality, Scan, Volume};
use uptake::pipeline::{self, External, Outcome};
use uptake::recipe::{Recipe, preset};
use uptake::table::Cells;
use uptake::units::Shape;

const FLAT: Shape = Shape::flat(300, 300);
/// Light of the ground, and its noise.
const GROUND: f64 = 100.0;
const NOISE: f64 = 6.0;
/// A recipe for any channel.
const ANY: &str = "[objects.lesions]\nchannel = \"any\"\nsteps = [{ op = \"threshold\", method = \"otsu\" }]\n[channels]\nany = [0]\n";
/// Objects farther from the margin than that have to be found.
const AWAY: usize = 3;

/// What a camera saw, with the true objects.
struct Picture {
    shape: Shape,
    samples: Vec<i32>,
    truth: Vec<u32>,
}

impl Picture {
    /// Balls (discs) of a radius and a height, `step` apart.
    fn balls(shape: Shape, (step, radius, height): (usize, f64, f64), ground: f64, noise: f64) -> Self {
        let mut random = Random(11);
        let across = shape.x / step;
        let (mut samples, mut truth) = (vec![], vec![]);
        for i in 0..shape.len() {
            let [z, y, x] = shape.position(i);
            let off = |v: usize| (v % step) as f64 - step as f64 / 2.0;
            let from_middle = z as f64 - (shape.z - 1) as f64 / 2.0;
            let far = (off(y).powi(2) + off(x).powi(2) + from_middle.powi(2)).sqrt();
            let is_whole = y / step < shape.y / step && x / step < across;
            let light = if is_whole { (radius + 0.5 - far).clamp(0.0, 1.0) } else { 0.0 };
            samples.push((ground + height * light + noise * random.normal()).round().max(0.0) as i32);
            truth.push(if light >= 0.5 { (1 + y / step * across + x / step) as u32 } else { 0 });
        }
        if height == 0.0 {
            truth.fill(0);
        }
        Picture { shape, samples, truth }
    }

    fn nuclei(shape: Shape, height: f64) -> Self {
        let (step, radius) = if shape.is_flat() { (50, 9.0) } else { (45, 7.0) };
        Picture::balls(shape, (step, radius, height), GROUND, NOISE)
    }

    /// Turned by ten degrees, with a value where it has been and linear interpolation; and where that is.
    fn turned(&self, value: i32) -> (Self, Vec<bool>) {
        let (shape, middle) = (self.shape, (self.shape.y - 1) as f64 / 2.0);
        let (sin, cos) = 10f64.to_radians().sin_cos();
        let mut turned = Picture { shape, samples: vec![], truth: vec![] };
        let mut beside = vec![];
        for i in 0..shape.len() {
            let [_, y, x] = shape.position(i).map(|v| v as f64 - middle);
            let (y, x) = (cos * y - sin * x + middle, sin * y + cos * x + middle);
            let inside = |v: i64| (0..shape.y as i64).contains(&v);
            let at = |y: i64, x: i64| match inside(y) && inside(x) {
                true => f64::from(self.samples[shape.index(0, y as usize, x as usize)]),
                false => f64::from(value),
            };
            let (top, left) = (y.floor() as i64, x.floor() as i64);
            let (down, right) = (y - y.floor(), x - x.floor());
            let row = |y| (1.0 - right) * at(y, left) + right * at(y, left + 1);
            turned.samples.push(((1.0 - down) * row(top) + down * row(top + 1)) as i32);
            let nearest = (y.round() as i64, x.round() as i64);
            let is_beside = !(inside(nearest.0) && inside(nearest.1));
            beside.push(is_beside);
            let label = |(y, x): (i64, i64)| self.truth[shape.index(0, y as usize, x as usize)];
            turned.truth.push(if is_beside { 0 } else { label(nearest) });
        }
        (turned, beside)
    }

    /// With `value` where `beside` says so.
    fn with(mut self, value: i32, beside: &[bool]) -> Self {
        for ((sample, label), _) in self.samples.iter_mut().zip(&mut self.truth).zip(beside).filter(|(_, b)| **b) {
            (*sample, *label) = (value, 0);
        }
        self
    }

    /// With so many rows and columns more on all sides, of one value or as the edge of the picture.
    fn padded(&self, by: usize, value: Option<i32>) -> (Self, Vec<bool>) {
        let Shape { y, x, .. } = self.shape;
        let shape = Shape::flat(y + 2 * by, x + 2 * by);
        let beside = where_(shape, |row, column| !(by..by + y).contains(&row) || !(by..by + x).contains(&column));
        let inside = |i: usize| {
            let [_, row, column] = shape.position(i);
            let near = |at: usize, n: usize| at.saturating_sub(by).min(n - 1);
            self.shape.index(0, near(row, y), near(column, x))
        };
        let sample = |i: usize| value.filter(|_| beside[i]).unwrap_or(self.samples[inside(i)]);
        let samples = (0..shape.len()).map(sample).collect();
        let label = |i: usize| if beside[i] { 0 } else { self.truth[inside(i)] };
        let truth = (0..shape.len()).map(label).collect();
        (Picture { shape, samples, truth }, beside)
    }

    fn scan(&self) -> Scan {
        scan(vec![("DAPI", Volume::new(self.shape, self.samples.clone()).unwrap())], None)
    }
}

fn run(scan: &Scan, recipe: &Recipe, device: &Device) -> Outcome {
    pipeline::run(scan, recipe, device, &External::new()).unwrap()
}

fn found(picture: &Picture, name: &str) -> Outcome {
    run(&picture.scan(), &preset(name).unwrap().recipe().unwrap(), &Device::Cpu)
}

/// Whether a cell of the image's row speaks of a margin.
fn tells(outcome: &Outcome, cell: &str) -> bool {
    let Cells::Text(text) = &outcome.row.column(cell).unwrap().cells else { panic!("{cell}") };
    text[0].as_ref().is_some_and(|text| text.contains("lie beside the picture"))
}

fn where_(shape: Shape, beside: impl Fn(usize, usize) -> bool) -> Vec<bool> {
    (0..shape.len()).map(|i| shape.position(i)).map(|[_, y, x]| beside(y, x)).collect()
}

/// Which objects reach within a few pixels of the margin.
fn near(picture: &Picture, beside: &[bool]) -> Vec<u32> {
    let shape = picture.shape;
    let is_near = |i: &usize| {
        let [z, y, x] = shape.position(*i);
        let rows = y.saturating_sub(AWAY)..(y + AWAY + 1).min(shape.y);
        let columns = x.saturating_sub(AWAY)..(x + AWAY + 1).min(shape.x);
        rows.into_iter().any(|y| columns.clone().any(|x| beside[shape.index(z, y, x)]))
    };
    let labelled = (0..shape.len()).filter(|i| picture.truth[*i] > 0);
    labelled.filter(is_near).map(|i| picture.truth[i]).collect()
}

/// All objects away from the margin are found, nothing else is, and nothing in it where it is not a line through the picture.
fn holds(picture: &Picture, beside: &[bool], is_line: bool, outcome: &Outcome, what: &str) {
    let labels = outcome.sets[0].objects.labels.voxels().host().unwrap();
    assert!(
        is_line || labels.iter().zip(beside).all(|(label, beside)| *label == 0 || !beside),
        "{what}: in the margin"
    );
    let near = if is_line { vec![] } else { near(picture, beside) };
    let away: Vec<u32> = picture.truth.iter().map(|t| if near.contains(t) { 0 } else { *t }).collect();
    // What touches an object near the margin may be a part of it.
    let touching: std::collections::BTreeSet<u32> =
        labels.iter().zip(&picture.truth).filter(|(_, t)| near.contains(t)).map(|(label, _)| *label).collect();
    let others: Vec<u32> = labels.iter().map(|l| if touching.contains(l) { 0 } else { *l }).collect();
    let score = score(&others, &away, 0.5);
    assert!(score.f1() == 1.0, "{what}: {score:?}");
}

#[test]
fn margins_and_lines_hide_nothing_and_hold_nothing() {
    type Beside = fn(usize, usize) -> bool;
    let kinds: [(&str, bool, Beside); 8] = [
        ("a column", false, |_, x| x == 0),
        ("two pixels at two sides", false, |y, x| y < 2 || x < 2),
        ("twenty pixels at all sides", false, |y, x| y.min(x) < 20 || y.max(x) >= 280),
        ("all around a disc", false, |y, x| (y as f64 - 150.0).hypot(x as f64 - 150.0) >= 140.0),
        ("more than half", false, |y, x| y >= 200 || x >= 200),
        ("a row through objects", true, |y, _| y == 125),
        ("three rows through objects", true, |y, _| (124..127).contains(&y)),
        ("a grid of lines", true, |y, x| y % 60 == 59 || x % 60 == 59),
    ];
    for (kind, is_line, beside) in kinds {
        for (height, value) in [(0.0, 0), (60.0, 9), (400.0, 0), (0.0, 65_535), (60.0, 65_535)] {
            // A white line through the picture may be anything.
            if is_line && value > 9 {
                continue;
            }
            let beside = where_(FLAT, beside);
            let picture = Picture::nuclei(FLAT, height).with(value, &beside);
            let outcome = found(&picture, "nuclei");
            let what = format!("{kind} of {value}, nuclei of {height}");
            holds(&picture, &beside, is_line, &outcome, &what);
            let is_large = beside.iter().filter(|b| **b).count() * 4 > beside.len();
            assert_eq!([tells(&outcome, "warnings"), tells(&outcome, "notes")], [is_large, !is_large], "{what}");
        }
    }
}

#[test]
fn a_picture_that_was_turned_holds_the_same() {
    for height in [0.0, 60.0, 400.0] {
        let (picture, beside) = Picture::nuclei(FLAT, height).turned(0);
        let outcome = found(&picture, "nuclei");
        assert!(tells(&outcome, "notes"));
        holds(&picture, &beside, false, &outcome, &format!("nuclei of {height}"));
    }
}

/// Median, offset, least and largest value, or the edge again: nothing of that can be noise of a camera.
#[test]
fn margins_as_grey_as_the_picture_are_none_of_it() {
    for height in [0.0, 40.0, 400.0] {
        let picture = Picture::nuclei(FLAT, height);
        let (least, most) = (picture.samples.iter().min(), picture.samples.iter().max());
        let median = Some(GROUND as i32);
        let offset = Some(GROUND as i32 - 20);
        let margins =
            [(5, median), (60, median), (5, offset), (20, least.copied()), (20, most.copied()), (5, None), (60, None)];
        for (by, value) in margins {
            let (padded, beside) = picture.padded(by, value);
            let outcome = found(&padded, "nuclei");
            let what = format!("nuclei of {height}, {by} px of {value:?}");
            let is_large = beside.iter().filter(|b| **b).count() * 4 > beside.len();
            assert_eq!([tells(&outcome, "warnings"), tells(&outcome, "notes")], [is_large, !is_large], "{what}");
            holds(&padded, &beside, false, &outcome, &what);
        }
        for value in [GROUND as i32, GROUND as i32 - 20] {
            let (turned, beside) = picture.turned(value);
            let outcome = found(&turned, "nuclei");
            assert!(tells(&outcome, "notes"), "{height} turned in {value}");
            holds(&turned, &beside, false, &outcome, &format!("nuclei of {height} turned in {value}"));
        }
    }
}

/// Images of few grey levels are as even in the picture as in a margin, and a ground in waves reaches down to black: straight lines part these.
#[test]
fn margins_of_coarse_pictures_are_none_of_them() {
    let wave = |i: usize| {
        let [_, y, x] = FLAT.position(i).map(|v| v as f64);
        30.0 * libm::sin(y / 31.0) * libm::sin(x / 23.0)
    };
    for (step, waves) in [(12, 0.0), (16, 0.0), (8, 1.0)] {
        let mut picture = Picture::nuclei(FLAT, 600.0);
        let samples = picture.samples.iter_mut().enumerate();
        samples.for_each(|(i, sample)| *sample = (*sample + (waves * wave(i)) as i32) / step);
        let plain = found(&picture, "nuclei");
        assert!(!tells(&plain, "warnings") && !tells(&plain, "notes"), "steps of {step}");
        let median = GROUND as i32 / step;
        for value in [0, median - 2, median, median + 1, 3 * median, 300] {
            let (padded, turned) = (picture.padded(30, Some(value)), picture.turned(value));
            for (how, (picture, beside)) in [("padded", padded), ("turned", turned)] {
                let (outcome, what) = (found(&picture, "nuclei"), format!("{how} in {value}, steps of {step}"));
                assert!(tells(&outcome, "warnings") || tells(&outcome, "notes"), "{what}");
                holds(&picture, &beside, false, &outcome, &what);
            }
        }
    }
}

/// A ground that is of one value in truth: an offset, whatever it is, with and without photons, around objects, colonies and single
/// large ones; and images that were enlarged, whose rows repeat.
#[test]
fn a_ground_of_one_value_is_no_margin_of_any_grey() {
    let random = std::cell::RefCell::new(Random(5));
    // Photons of a light, and of the ground where there are any, over an offset; blurred light rises softly.
    let seen = |light: &dyn Fn(f64, f64) -> f64, ground: f64, offset: i32| {
        let value = |i: usize| {
            let [_, y, x] = FLAT.position(i).map(|v| v as f64);
            let mean = light(y, x);
            let mut random = random.borrow_mut();
            let noise = mean.sqrt() * random.normal();
            let photon = i32::from(random.normal() > 3.0 - ground);
            offset
                + photon * i32::from(ground > 0.0)
                + if mean < 0.01 { 0 } else { (mean + noise).round().max(0.0) as i32 }
        };
        Volume::new(FLAT, (0..FLAT.len()).map(value).collect()).unwrap()
    };
    let soft = |from_rim: f64| 0.5 * libm::erfc(from_rim / 1.2 / 2f64.sqrt());
    let nuclei = |y: f64, x: f64| 60.0 * soft((y % 50.0 - 25.0).hypot(x % 50.0 - 25.0) - 9.0);
    let colony = |y: f64, x: f64| 60.0 * soft((y - 150.0).hypot(x - 150.0) - 110.0);
    let crowd = |y: f64, x: f64| colony(y, x) * soft((y % 20.0 - 10.0).hypot(x % 20.0 - 10.0) - 8.0);
    let tissue = |_: f64, x: f64| 60.0 * soft(x - 200.0);
    type Light<'a> = &'a dyn Fn(f64, f64) -> f64;
    let lights: [(&str, Light); 4] =
        [("nuclei", &nuclei), ("a colony", &colony), ("a crowd", &crowd), ("tissue", &tissue)];
    let recipe = Recipe::parse("r.toml", ANY, &[]).unwrap();
    for (what, light) in lights {
        for offset in [0, 7, 100] {
            for ground in [0.0, 0.5, 1.5] {
                let outcome = run(&scan(vec![("DAPI", seen(light, ground, offset))], None), &recipe, &Device::Cpu);
                let is_told = tells(&outcome, "notes") || tells(&outcome, "warnings");
                assert!(!is_told, "{what} over {offset}, photons {ground}");
            }
        }
    }
    let small = Picture::nuclei(Shape::flat(150, 150), 400.0);
    for times in [2, 3, 4] {
        let shape = Shape::flat(150 * times, 150 * times);
        let sample = |i: usize| {
            let [_, y, x] = shape.position(i);
            small.samples[small.shape.index(0, y / times, x / times)]
        };
        let enlarged = Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap();
        let outcome = run(&scan(vec![("DAPI", enlarged)], None), &recipe, &Device::Cpu);
        assert!(!tells(&outcome, "notes") && !tells(&outcome, "warnings"), "{times} times as large");
    }
}

/// What lies beside the picture is no uptake of a cell, whatever it holds.
#[test]
fn cells_that_are_grown_end_at_a_margin() {
    let recipe = preset("expression").unwrap().recipe().unwrap();
    for value in [0, 100, 65_535] {
        // Nuclei begin two pixels behind it.
        let beside = where_(FLAT, |y, x| y < 14 || x < 14);
        let picture = Picture::nuclei(FLAT, 400.0).with(value, &beside);
        let channel = || Volume::new(picture.shape, picture.samples.clone()).unwrap();
        let outcome = run(&scan(vec![("DAPI", channel()), ("probe", channel())], None), &recipe, &Device::Cpu);
        let cells = outcome.sets.iter().find(|set| set.name == "cells").unwrap();
        let labels = cells.objects.labels.voxels().host().unwrap();
        let is_at_margin = |i: usize| beside[i + 1] || beside[i - 1];
        let at_margin = (1..labels.len() - 1).filter(|i| labels[*i] > 0 && !beside[*i] && is_at_margin(*i)).count();
        assert!(at_margin > 10, "{value}: no cell reaches the margin");
        assert!(labels.iter().zip(&beside).all(|(label, beside)| *label == 0 || !beside), "{value}");
    }
}

#[test]
fn stacks_too_and_slices_that_are_black() {
    let shape = Shape::new(17, 140, 140);
    let mut beside = where_(shape, |_, x| x < 2);
    beside[..2 * 140 * 140].fill(true);
    for height in [0.0, 300.0] {
        let picture = Picture::nuclei(shape, height).with(0, &beside);
        holds(&picture, &beside, false, &found(&picture, "nuclei"), &format!("nuclei of {height}"));
    }
}

#[test]
fn spots_do_not_come_from_the_rim_of_a_picture() {
    for light in [0.0, 300.0] {
        let mut field = Field { shape: FLAT, values: vec![GROUND; FLAT.len()] };
        let places: Vec<[f64; 3]> =
            (0..49).map(|k| [0.0, 30.3 + 40.0 * f64::from(k / 7), 30.6 + 40.0 * f64::from(k % 7)]).collect();
        places.iter().for_each(|at| field.spot(*at, [1.0, 1.4, 1.4], light));
        let samples = field.volume(NOISE, 5).samples.host().unwrap().to_vec();
        let far = |y: f64, x: f64| (y - 150.0).hypot(x - 150.0);
        let beside = where_(FLAT, |y, x| far(y as f64, x as f64) >= 140.0);
        let picture = Picture { shape: FLAT, samples, truth: vec![0; FLAT.len()] }.with(0, &beside);
        let outcome = found(&picture, "spots");
        let column = |name: &str| match &outcome.sets[0].table.column(name).unwrap().cells {
            Cells::Real(values) => values.iter().map(|v| v.unwrap()).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        let spots: Vec<(f64, f64)> = column("point_y_px").into_iter().zip(column("point_x_px")).collect();
        let is_at = |(y, x): (f64, f64), at: &[f64; 3]| (y - at[1]).hypot(x - at[2]) < 1.5;
        assert!(spots.iter().all(|spot| places.iter().any(|at| is_at(*spot, at)) && light > 0.0), "{light}: {spots:?}");
        let mut inside = places.iter().filter(|at| light > 0.0 && far(at[1], at[2]) < 136.0);
        assert!(inside.all(|at| spots.iter().any(|spot| is_at(*spot, at))), "{light}: {spots:?}");
    }
}

#[test]
fn a_ground_of_zero_is_no_margin() {
    let light = |height, ground, noise| Picture::balls(FLAT, (50, 9.0, height), ground, noise);
    let cut_off = |mut picture: Picture, below: i32, to: fn(i32, i32) -> i32| {
        picture.samples.iter_mut().for_each(|s| *s = if *s < below { 0 } else { to(*s, below) });
        picture
    };
    let drawings = [
        ("without noise", light(400.0, 0.0, 0.0)),
        ("a mask", cut_off(light(400.0, 0.0, 0.0), 200, |_, _| 255)),
        ("few photons", light(400.0, -8.0, 8.0)),
        ("its ground subtracted", cut_off(light(400.0, GROUND, NOISE), 101, |s, below| s - below)),
        ("objects cut out of their ground", cut_off(light(400.0, GROUND, NOISE), 250, |s, _| s)),
        ("large objects cut out of their ground", {
            let large = Picture::balls(FLAT, (100, 45.0, 400.0), GROUND, 40.0);
            cut_off(large, 320, |s, _| s)
        }),
    ];
    for (what, picture) in drawings {
        let outcome = found(&picture, "nuclei");
        assert!(!tells(&outcome, "notes") && !tells(&outcome, "warnings"), "{what}");
        let labels = outcome.sets[0].objects.labels.voxels().host().unwrap();
        assert!(score(labels, &picture.truth, 0.5).f1() == 1.0, "{what}");
    }
}

/// A small image that was turned is a picture as well.
#[test]
fn small_pictures_have_margins_too() {
    for (side, height) in [(100, 60.0), (100, 200.0), (150, 0.0)] {
        let (picture, beside) = Picture::nuclei(Shape::flat(side, side), height).turned(0);
        let outcome = found(&picture, "nuclei");
        holds(&picture, &beside, false, &outcome, &format!("{side} px, nuclei of {height}"));
        assert!(tells(&outcome, "notes"));
    }
}

#[test]
fn an_object_goes_on_through_a_slice_that_sees_nothing() {
    let shape = Shape { z: 9, ..Shape::flat(135, 135) };
    let picture = Picture::nuclei(shape, 400.0);
    let dead: Vec<bool> = (0..shape.len()).map(|i| shape.position(i)[0] == 4).collect();
    let truth = picture.truth.clone();
    let outcome = found(&picture.with(0, &dead), "nuclei");
    let labels = outcome.sets[0].objects.labels.voxels().host().unwrap();
    let score = score(labels, &truth, 0.5);
    assert!(score.f1() == 1.0, "{score:?}");
}

/// Tissue on nothing: its edge is as soft as the optics draw it. Where it is sharp, whoever runs the recipe can say what the black is.
#[test]
fn black_around_tissue_is_ground() {
    let shape = Shape::flat(300, 300);
    let tissue = |blur: f64| {
        let mut random = Random(3);
        let value = |i: usize| {
            let [_, y, x] = shape.position(i).map(|v| v as f64);
            let edge = 200.0 + 12.0 * libm::sin(y / 23.0);
            let light =
                if blur > 0.0 { 0.5 * libm::erfc((x - edge) / blur / 2f64.sqrt()) } else { f64::from(x < edge) };
            let light = 60.0 * light;
            if light < 0.01 { 0 } else { (light + light.sqrt() * random.normal()).round().max(0.0) as i32 }
        };
        scan(vec![("tissue", Volume::new(shape, (0..shape.len()).map(value).collect()).unwrap())], None)
    };
    let text = "[objects.tissue]\nchannel = \"any\"\nsteps = [{ op = \"gaussian\", sigma = \"2 px\" }, \
                { op = \"threshold\", method = \"otsu\" }, { op = \"label\" }]\n[channels]\nany = [0]\n";
    let whole = |scan: &Scan, changes: &[String]| {
        let outcome = run(scan, &Recipe::parse("r.toml", text, changes).unwrap(), &Device::Cpu);
        let labels = outcome.sets[0].objects.labels.voxels().host().unwrap().to_vec();
        let largest = labels.iter().filter(|l| **l == 1).count();
        (outcome, (0.63..0.70).contains(&(largest as f64 / shape.len() as f64)))
    };
    for blur in [0.8, 1.5] {
        let (outcome, is_whole) = whole(&tissue(blur), &[]);
        assert!(is_whole && !tells(&outcome, "notes") && !tells(&outcome, "warnings"), "{blur}");
    }
    let sharp = tissue(0.0);
    let (outcome, is_whole) = whole(&sharp, &[]);
    assert!(!is_whole && tells(&outcome, "warnings"));
    let Cells::Text(said) = &outcome.row.column("warnings").unwrap().cells else { panic!("words") };
    let remedy = said[0].as_ref().unwrap().split("--set ").nth(1).unwrap().split([';', ' ']).next().unwrap().to_owned();
    let (outcome, is_whole) = whole(&sharp, &[remedy]);
    assert!(is_whole && !tells(&outcome, "warnings"));
}

/// A saturated object at the border is none either.
#[test]
fn what_is_bright_at_the_border_is_no_margin() {
    let block = where_(FLAT, |y, x| x < 20 && (100..120).contains(&y));
    let outcome = found(&Picture::nuclei(FLAT, 400.0).with(65_535, &block), "nuclei");
    assert!(!tells(&outcome, "notes") && !tells(&outcome, "warnings"));
    let labels = outcome.sets[0].objects.labels.voxels().host().unwrap();
    assert!(labels.iter().zip(&block).any(|(label, is_in)| *is_in && *label > 0));
}

#[test]
fn images_of_no_camera_have_no_margin() {
    let recipe = Recipe::parse("r.toml", ANY, &[]).unwrap();
    let picture = Picture::nuclei(FLAT, 400.0).with(0, &where_(FLAT, |_, x| x < 20));
    for (modality, is_told) in [(Modality::Fluorescence, true), (Modality::Other, false), (Modality::Pet, false)] {
        let outcome = run(&Scan { modality, ..picture.scan() }, &recipe, &Device::Cpu);
        assert_eq!(tells(&outcome, "notes"), is_told, "{modality:?}");
    }
}

#[test]
fn a_gpu_gives_the_same_objects() {
    let shape = Shape::flat(150, 150);
    let picture = Picture::nuclei(shape, 200.0).with(0, &where_(shape, |y, x| y < 5 || x > 147));
    for name in ["nuclei", "spots"] {
        let recipe = preset(name).unwrap().recipe().unwrap();
        let [cpu, gpu] = [Device::Cpu, common::gpu(None)].map(|device| run(&picture.scan(), &recipe, &device));
        assert!(tells(&cpu, "notes"));
        assert_eq!(cpu.row, gpu.row);
        assert_eq!(cpu.sets[0].table, gpu.sets[0].table);
    }
}
