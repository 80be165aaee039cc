//! The ground that cells of `cells-stain` rise from: shadows, colonies, slices with less light, lumina. Oracle: areas that are known.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::light::{Random, scan};
use uptake::device::Device;
use uptake::image::Volume;
use uptake::pipeline::{self, External};
use uptake::recipe::preset;
use uptake::units::Shape;

/// What the channels of a field hold.
struct Field {
    shape: Shape,
    /// Nuclei and cells of that radius stand in the middle of squares of that side, where this says so.
    square: usize,
    radius: f64,
    has_cell: fn(f64, f64) -> bool,
    /// A stain of this height for all of the place, from -1 to 1, instead of cells.
    layer: fn(f64, f64) -> f64,
    /// Ground and stain are so many times as bright at a voxel.
    light: fn([usize; 3]) -> f64,
}

const DISC: Field = Field {
    shape: Shape { z: 1, y: 240, x: 240 },
    square: 48,
    radius: 14.0,
    has_cell: |_, _| true,
    layer: |_, _| 0.0,
    light: |_| 1.0,
};

impl Field {
    /// Nuclei, voxels of all cells, and what is said.
    fn cells(&self) -> (u32, usize, Vec<String>) {
        let shape = self.shape;
        let mut random = Random(11);
        let half = self.square as f64 / 2.0;
        let place = |i: usize| {
            let [_, y, x] = shape.position(i);
            let middle = |at: usize| (at / self.square * self.square) as f64 + half;
            let apart = libm::hypot(y as f64 - middle(y), x as f64 - middle(x));
            let unit = |at: f64, n: usize| 2.0 * at / n as f64 - 1.0;
            let has_cell = (self.has_cell)(unit(middle(y), shape.y), unit(middle(x), shape.x));
            (if has_cell { apart } else { f64::MAX }, (self.layer)(unit(y as f64, shape.y), unit(x as f64, shape.x)))
        };
        let mut channel = |value: &dyn Fn(f64, f64) -> f64, ground: f64| {
            let sample = |i: usize| {
                let (apart, layer) = place(i);
                let light = (ground + value(apart, layer)) * (self.light)(shape.position(i));
                (100.0 + light + 12.0 * random.normal()).round().max(0.0) as i32
            };
            Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap()
        };
        let nuclei = channel(&|apart, _| if apart <= 7.0 { 900.0 } else { 0.0 }, 60.0);
        let stain = channel(&|apart, layer| if apart <= self.radius { 400.0 } else { layer }, 200.0);
        let recipe = preset("cells-stain").unwrap().recipe().unwrap();
        let channels = vec![("DAPI", nuclei), ("cell", stain)];
        let outcome = pipeline::run(&scan(channels, None), &recipe, &Device::Cpu, &External::new()).unwrap();
        let cells = outcome.sets.iter().find(|set| set.name == "cells").unwrap();
        let voxels = cells.objects.labels.voxels().host().unwrap().iter().filter(|v| **v > 0).count();
        (cells.objects.labels.count, voxels, outcome.sets.iter().flat_map(|set| set.objects.notes.clone()).collect())
    }
}

#[test]
fn a_shadow_is_not_the_ground() {
    let (_, usual, _) = DISC.cells();
    type Light = fn([usize; 3]) -> f64;
    let shadows: [Light; 2] = [
        |[_, y, x]| if y.abs_diff(48).pow(2) + x.abs_diff(48).pow(2) < 20 * 20 { 0.4 } else { 1.0 },
        |[_, y, x]| if (90..100).contains(&y) && x > 60 { 0.7 } else { 1.0 },
    ];
    for (k, light) in shadows.into_iter().enumerate() {
        let (count, voxels, notes) = Field { light, ..DISC }.cells();
        let is_alike = count == 25 && (0.9..1.1).contains(&(voxels as f64 / usual as f64));
        assert!(is_alike, "shadow {k}, {count} cells: {voxels} for {usual}, {notes:?}");
    }
}

#[test]
fn a_colony_is_not_the_ground() {
    // Cells touch each other within a circle; outside there is true ground.
    let colony = Field {
        shape: Shape { z: 1, y: 400, x: 400 },
        square: 25,
        radius: 0.0,
        has_cell: |y, x| libm::hypot(y, x) < 0.75,
        layer: |y, x| if libm::hypot(y, x) < 0.8 { 400.0 } else { 0.0 },
        light: |_| 1.0,
    };
    let (count, voxels, notes) = colony.cells();
    let truth = std::f64::consts::PI * 160.0 * 160.0;
    assert!((0.85..1.15).contains(&(voxels as f64 / truth)), "{count} cells: {voxels} for {truth}");
    assert!(notes.iter().all(|note| !note.contains("uneven")), "{notes:?}");
}

#[test]
fn slices_with_less_light_have_grounds_of_their_own() {
    let shape = Shape { z: 4, y: 144, x: 144 };
    let (_, usual, notes) = Field { shape, ..DISC }.cells();
    assert!(notes.iter().all(|note| !note.contains("slices")), "{notes:?}");
    let faded = Field { shape, light: |[z, _, _]| 1.0 - 0.2 * z as f64, ..DISC };
    let (count, voxels, notes) = faded.cells();
    assert!((0.9..1.1).contains(&(voxels as f64 / usual as f64)), "{count} cells: {voxels} for {usual}");
    assert!(notes.iter().any(|note| note.contains("slices have grounds")), "{notes:?}");
}

#[test]
fn wide_cells_that_touch_are_not_the_ground() {
    // Nuclei of 7 px in cells of 40 px without gaps, but for a fifth of the field that is ground.
    let layer = Field {
        shape: Shape { z: 1, y: 400, x: 400 },
        square: 80,
        radius: 0.0,
        has_cell: |_, x| x < 0.55,
        layer: |y, x| if x < 0.6 { 350.0 + 60.0 * libm::sin(9.0 * y) * libm::sin(7.0 * x) } else { 0.0 },
        light: |_| 1.0,
    };
    let (count, voxels, notes) = layer.cells();
    let truth = 400.0 * 320.0;
    assert!((0.85..1.15).contains(&(voxels as f64 / truth)), "{count} cells: {voxels} for {truth}, {notes:?}");
}

/// Oracle: a gland is a ring of cells around a lumen that is as dark as glass. Twelve nuclei of 4.5 px in a ring that is 22 px wide.
#[test]
fn a_lumen_is_no_part_of_the_cells_around_it() {
    let shape = Shape::flat(240, 240);
    let mut random = Random(12);
    let ring = |inner: f64, y: f64, x: f64| (inner..inner + 22.0).contains(&libm::hypot(y, x));
    for inner in [12.0, 30.0] {
        let nuclei: Vec<[f64; 2]> = (0..12)
            .map(|k| std::f64::consts::TAU * f64::from(k) / 12.0)
            .map(|turn| [(inner + 11.0) * libm::sin(turn), (inner + 11.0) * libm::cos(turn)])
            .collect();
        let mut channel = |value: &dyn Fn(f64, f64) -> f64| {
            let sample = |i: usize| {
                let [_, y, x] = shape.position(i).map(|v| v as f64 - 120.0);
                (150.0 + value(y, x) + 8.0 * random.normal()).round() as i32
            };
            Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap()
        };
        let is_nucleus = |y: f64, x: f64| nuclei.iter().any(|at| libm::hypot(y - at[0], x - at[1]) < 4.5);
        let dna = channel(&|y, x| if is_nucleus(y, x) { 900.0 } else { 0.0 });
        let stain = channel(&|y, x| if ring(inner, y, x) { 400.0 } else { 0.0 });
        let truth = (0..shape.len()).map(|i| shape.position(i).map(|v| v as f64 - 120.0));
        let truth = truth.filter(|[_, y, x]| ring(inner, *y, *x)).count() as f64;
        let recipe = preset("cells-stain").unwrap().recipe().unwrap();
        let channels = scan(vec![("DAPI", dna), ("cell", stain)], None);
        let outcome = pipeline::run(&channels, &recipe, &Device::Cpu, &External::new()).unwrap();
        let cells = outcome.sets.iter().find(|set| set.name == "cells").unwrap();
        let on_gpu = pipeline::run(&channels, &recipe, &common::gpu(None), &External::new()).unwrap();
        let same = on_gpu.sets.iter().find(|set| set.name == "cells").unwrap();
        assert_eq!(same.objects.labels.voxels().host().unwrap(), cells.objects.labels.voxels().host().unwrap());
        let voxels = cells.objects.labels.voxels().host().unwrap().iter().filter(|v| **v > 0).count();
        let share = voxels as f64 / truth;
        assert!((0.95..1.15).contains(&share), "a lumen of {inner} px: {share}, {:?}", cells.objects.notes);
        assert!(cells.objects.notes.iter().any(|note| note.contains("1 hole without any of \"nuclei\"")));
    }
}
