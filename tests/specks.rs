//! Specks: a few small things that are many times as bright as all nuclei say nothing of their size, and hide none of them.
//! Invariant: a field with specks has the nuclei that it has without. Mechanics: what is a speck, and what is not.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::light::{Random, scan};
use uptake::device::Device;
use uptake::image::{ObjectSet, Volume};
use uptake::pipeline::{self, External};
use uptake::recipe::preset;
use uptake::units::Shape;

/// How far the ground lies above 100 at y and x.
type Ground = fn(f64, f64) -> f64;

const SHAPE: Shape = Shape { z: 1, y: 240, x: 240 };

/// What the preset finds.
fn found(light: &[f64]) -> ObjectSet {
    let samples = light.iter().map(|v| (v.round() as i32).min(65_535)).collect();
    let recipe = preset("nuclei").unwrap().recipe().unwrap();
    let image = Volume::new(SHAPE, samples).unwrap();
    let outcome = pipeline::run(&scan(vec![("DAPI", image)], None), &recipe, &Device::Cpu, &External::new()).unwrap();
    outcome.sets.into_iter().next().unwrap().objects
}

/// Nuclei, their typical radius and the warnings.
fn nuclei(light: &[f64]) -> (i64, f64, String) {
    let objects = found(light);
    (objects.labels.count.into(), objects.radius_px.unwrap(), objects.warnings.join("; "))
}

/// Disks with a soft edge, on a ground with noise.
fn field(disks: &[[f64; 4]], ground: Ground) -> Vec<f64> {
    let mut random = Random(7);
    let at = |i: usize| {
        let [_, y, x] = SHAPE.position(i);
        (y as f64, x as f64)
    };
    let light = |i: usize| {
        let (y, x) = at(i);
        let disk = |[cy, cx, radius, height]: &[f64; 4]| {
            height / (1.0 + libm::exp(1.5 * (libm::hypot(y - cy, x - cx) - radius)))
        };
        100.0 + ground(y, x) + disks.iter().map(disk).sum::<f64>() + 6.0 * random.normal()
    };
    (0..SHAPE.len()).map(light).collect()
}

/// Nuclei on a grid, of unlike size and brightness.
fn dim_nuclei() -> Vec<[f64; 4]> {
    let mut random = Random(11);
    let place = |k: usize| {
        let (row, column) = ((k / 5) as f64, (k % 5) as f64);
        let height = 200.0 + random.below(200.0);
        [24.0 + 48.0 * row, 24.0 + 48.0 * column, 6.0 + random.below(3.0), height]
    };
    (0..25).map(place).collect()
}

/// Gaussian specks between nuclei.
fn with_specks(field: &[f64], n: usize, fwhm: f64, height: f64) -> Vec<f64> {
    let places = [[1, 1], [3, 2], [2, 4], [4, 1], [1, 3], [3, 4], [2, 1], [4, 3], [1, 2], [2, 2]];
    let mut light = field.to_vec();
    for [row, column] in &places[..n] {
        for (i, light) in light.iter_mut().enumerate() {
            let [_, y, x] = SHAPE.position(i);
            let far = libm::hypot(y as f64 - 48.0 * f64::from(*row), x as f64 - 48.0 * f64::from(*column)) / fwhm;
            *light += height * libm::exp(-4.0 * std::f64::consts::LN_2 * far * far);
        }
    }
    light
}

#[test]
fn specks_neither_set_the_size_of_nuclei_nor_hide_them() {
    let clean = field(&dim_nuclei(), |_, _| 0.0);
    let (count, radius, warnings) = nuclei(&clean);
    assert_eq!((count, warnings.contains("speck")), (25, false));
    for (n, fwhm, height) in
        [(1, 3.0, 20_000.0), (1, 9.0, 100_000.0), (3, 4.0, 10_000.0), (3, 2.0, 65_000.0), (10, 5.0, 30_000.0)]
    {
        let (found, typical, warnings) = nuclei(&with_specks(&clean, n, fwhm, height));
        let case = format!("{n} specks of {fwhm} px and {height}");
        // A speck may count as an object, but no nucleus is lost or torn.
        assert!((count - 1..=count + n as i64).contains(&found), "{case}: {found} for {count}");
        assert!((typical / radius - 1.0).abs() < 0.05, "{case}: {typical} for {radius}");
        let are = if n == 1 { "1 speck is".into() } else { format!("{n} specks are") };
        assert!(warnings.contains(&are), "{case}: {warnings}");
    }
}

/// Oracle: nuclei that are many times as bright as the others (mitoses, dead cells) are called specks, and end where they end. Two that touch are two.
#[test]
fn nuclei_that_are_far_brighter_keep_their_outlines() {
    let mut disks = dim_nuclei();
    disks[6] = [72.0, 72.0, 8.0, 20_000.0];
    disks[18] = [168.0, 160.0, 8.0, 16_000.0];
    disks.push([168.0, 177.0, 8.0, 20_000.0]);
    let objects = found(&field(&disks, |_, _| 0.0));
    assert!(objects.warnings.iter().any(|w| w.contains("as bright as other objects")), "{:?}", objects.warnings);
    assert_eq!(objects.labels.count, 26);
    let voxels = objects.labels.voxels().host().unwrap();
    for [y, x, radius, height] in disks.into_iter().filter(|disk| disk[3] > 1000.0) {
        let label = voxels[SHAPE.index(0, y as usize, x as usize)];
        let area = voxels.iter().filter(|v| **v == label).count() as f64 / (std::f64::consts::PI * radius * radius);
        assert!(label > 0 && (0.85..1.2).contains(&area), "{height}: {area} of its area");
    }
}

#[test]
fn squares_of_one_value_are_counted_as_what_they_are() {
    let clean = field(&dim_nuclei(), |_, _| 0.0);
    let (count, radius, _) = nuclei(&clean);
    for (side, value, said) in [
        (2, 65_535.0, "4 hot pixels were left out"),
        (4, 65_535.0, "as other objects (16 pixels)"),
        (6, 20_000.0, "as other objects (36 pixels)"),
        (5, -32_768.0, "25 dead pixels were left out"),
        (16, -32_768.0, "256 dead pixels were left out"),
    ] {
        let mut light = clean.clone();
        for k in 0..side * side {
            light[SHAPE.index(0, 44 + k / side, 44 + k % side)] = value;
        }
        let (found, typical, warnings) = nuclei(&light);
        assert!((found - count).abs() <= 1, "{side}: {found} for {count}");
        assert!((typical / radius - 1.0).abs() < 0.05, "{side}: {typical} for {radius}");
        assert!(warnings.contains(said), "{side}: {warnings}");
    }
}

/// A few bright nuclei above a ground that is not even are no specks: there is nothing else that is an object beyond doubt.
#[test]
fn a_few_nuclei_on_an_uneven_ground_are_no_specks() {
    let few = [[60.0, 70.0, 8.0, 9000.0], [150.0, 90.0, 8.0, 7000.0], [100.0, 190.0, 7.0, 12_000.0]];
    let grounds: [(&str, Ground); 4] = [
        ("even", |_, _| 0.0),
        ("slope", |_, x| x / 2.0),
        ("waves", |y, x| 60.0 * libm::sin(x / 10.0) * libm::sin(y / 10.0)),
        ("wide circle", |y, x| if libm::hypot(y - 120.0, x - 120.0) < 90.0 { 100.0 } else { 0.0 }),
    ];
    for (name, ground) in grounds {
        let (count, _, warnings) = nuclei(&field(&few, ground));
        assert_eq!((count, warnings.contains("speck")), (3, false), "{name}: {warnings}");
    }
}

/// Invariant: debris as large as a third of all nuclei together, five to fifty times as bright.
#[test]
fn large_debris_hides_no_nuclei() {
    let mut disks = dim_nuclei();
    disks.retain(|disk| !(60.0..180.0).contains(&disk[0]) || disk[1] > 120.0);
    let (count, radius, _) = nuclei(&field(&disks, |_, _| 0.0));
    for (wide, height) in [(20.0, 4000.0), (24.0, 2500.0), (24.0, 15_000.0), (27.0, 6000.0)] {
        disks.push([120.0, 60.0, wide, height]);
        let (found, typical, warnings) = nuclei(&field(&disks, |_, _| 0.0));
        assert!((count - 1..=count + 1).contains(&found), "{wide} px, {height}: {found} for {count}");
        assert!((typical / radius - 1.0).abs() < 0.15, "{wide} px, {height}: {typical} for {radius}");
        assert!(warnings.contains("1 speck is up to"), "{wide} px, {height}: {warnings}");
        disks.pop();
    }
}

/// Invariant: a crowd, in which hardly a place is ground, beside one bright thing.
#[test]
fn a_crowd_beside_a_speck_is_no_noise() {
    let mut random = Random(3);
    let mut place = |k: usize| {
        let [y, x] = [k / 12, k % 12].map(|k| 10.0 + 20.0 * k as f64 + random.below(4.0));
        [y, x, 6.0 + random.below(1.5), 150.0 * libm::exp(0.4 * random.normal())]
    };
    let mut crowd: Vec<[f64; 4]> = (0..144).map(&mut place).collect();
    let (count, radius, _) = nuclei(&field(&crowd, |_, _| 0.0));
    for (wide, height) in [(1.5, 4000.0), (1.5, 60_000.0), (4.0, 700.0), (6.0, 2500.0)] {
        crowd.push([120.0, 120.0, wide, height]);
        let (found, typical, warnings) = nuclei(&field(&crowd, |_, _| 0.0));
        assert!(found.abs_diff(count) <= count as u64 / 20, "{wide} px, {height}: {found} for {count}; {warnings}");
        assert!((typical / radius - 1.0).abs() < 0.15, "{wide} px, {height}: {typical} for {radius}");
        crowd.pop();
    }
}
