//! What the pictures show.

use crate::light::{Field, Random, scan};
use uptake::image::Scan;
use uptake::units::Shape;

/// Adds a disc with a soft edge.
fn disc(field: &mut Field, at: [f64; 2], radius: f64, light: f64) {
    let shape = field.shape;
    let near = |a: usize| {
        let (from, to) = ((at[a] - radius - 8.0).max(0.0) as usize, (at[a] + radius + 8.0) as usize);
        from..to.min(shape.zyx()[a + 1])
    };
    for (y, x) in near(0).flat_map(|y| near(1).map(move |x| (y, x))) {
        let far = (y as f64 - at[0]).hypot(x as f64 - at[1]);
        field.values[shape.index(0, y, x)] += light / (1.0 + (far - radius).exp());
    }
}

/// A place in a disc.
fn place(random: &mut Random, at: [f64; 2], radius: f64) -> [f64; 2] {
    loop {
        let d = [0, 1].map(|_| (2.0 * random.uniform() - 1.0) * radius);
        if d[0].hypot(d[1]) <= radius {
            return [at[0] + d[0], at[1] + d[1]];
        }
    }
}

/// Middles of a grid of cells, a little off it.
fn grid(n: usize, pitch: usize, random: &mut Random) -> Vec<[f64; 2]> {
    let mut middle = |k: usize| (k * pitch + pitch / 2) as f64 + random.below(8.0) - 4.0;
    (0..n * n).map(|i| [middle(i / n), middle(i % n)]).collect()
}

pub const FISH: &str = r#"
[positive.nuclei]
amplified = { above = 5.5, column = "fish_target_count" }
[phenotypes.nuclei]
amplified = "amplified+"
[gallery.nuclei]
phenotype = "amplified"
side = "3 r"
most = 6
"#;

/// Nuclei with two copies of the reference, and of the target two or many.
pub fn fish() -> Scan {
    let (shape, mut random) = (Shape::flat(540, 540), Random(4));
    let mut dna = Field::waves(shape, 50.0, 10.0);
    let mut probes = [Field::waves(shape, 100.0, 40.0), Field::waves(shape, 120.0, 40.0)];
    for (i, at) in grid(6, 90, &mut random).into_iter().enumerate() {
        disc(&mut dna, at, 22.0 + (i % 3) as f64, 800.0);
        let copies = [if i % 3 == 0 { 6 + i % 7 } else { 2 }, 2];
        for (probe, copies) in probes.iter_mut().zip(copies) {
            disc(probe, at, 22.0, 60.0);
            for _ in 0..copies {
                let [y, x] = place(&mut random, at, 17.0);
                probe.spot([0.0, y, x], [1.0, 1.4, 1.4], 220.0);
            }
        }
    }
    let [target, reference] = &probes;
    let channels =
        vec![("DAPI", dna.volume(8.0, 1)), ("HER2", target.volume(10.0, 2)), ("CEP17", reference.volume(10.0, 3))];
    scan(channels, Some([1.0, 0.2, 0.2]))
}

pub const COLOCALISATION: &str = r#"
channels = { cyto = [0], egfr = [1], lysosomes = [2] }
[objects.cells]
channel = "cyto"
scale = "auto"
steps = [{ op = "gaussian", sigma = "1 px" }, { op = "threshold", method = "otsu" }, { op = "fill_holes" }, { op = "label" }]
[measure.cells]
features = ["colocalisation"]
channels = ["egfr", "lysosomes"]
[positive.cells]
together = { above = -1, column = "coloc_pearson_egfr_lysosomes" }
[phenotypes.cells]
cells = "together+"
[gallery.cells]
phenotype = "cells"
side = "2.6 r"
channels = ["egfr", "lysosomes"]
"#;

/// Cells with vesicles: a growing share of those with EGFR are lysosomes.
pub fn colocalisation() -> Scan {
    let (shape, mut random) = (Shape::flat(210, 210), Random(9));
    let mut fields = [60.0, 80.0, 90.0].map(|base| Field::waves(shape, base, 12.0));
    for (i, at) in grid(3, 70, &mut random).into_iter().enumerate() {
        disc(&mut fields[0], at, 24.0, 700.0);
        fields[1..].iter_mut().for_each(|field| disc(field, at, 24.0, 80.0));
        for k in 0..16 {
            let [first, second] = [0, 1].map(|_| place(&mut random, at, 20.0));
            // Of nine cells the first shares no vesicle and the last shares all.
            let second = if k * 8 < 16 * i { first } else { second };
            for (field, [y, x]) in fields[1..].iter_mut().zip([first, second]) {
                field.spot([0.0, y, x], [1.0, 1.4, 1.4], 500.0);
            }
        }
    }
    let [cyto, egfr, lysosomes] = &fields;
    let channels =
        vec![("cyto", cyto.volume(10.0, 1)), ("egfr", egfr.volume(10.0, 2)), ("lysosomes", lysosomes.volume(10.0, 3))];
    scan(channels, Some([1.0, 0.2, 0.2]))
}

pub const UNMIXING: &str = r#"
channels = { blue = [0], green = [1], orange = [2] }
[unmix.panel]
channels = ["blue", "green", "orange"]
background = 100
dyes.dapi = [1.0, 0.35, 0.05]
dyes.fitc = [0.05, 1.0, 0.5]
dyes.cy3 = [0.0, 0.1, 1.0]
[objects.nuclei]
channel = "dapi"
scale = "auto"
steps = [{ op = "gaussian", sigma = "1 px" }, { op = "threshold", method = "otsu" }, { op = "label" }]
[objects.cells]
grow = { from = "nuclei", by = "0.8 r" }
[measure.cells]
features = ["intensity"]
channels = ["dapi", "fitc", "cy3"]
[positive.cells]
dapi = 0
[phenotypes.cells]
cells = "dapi+"
[gallery.cells]
phenotype = "cells"
side = "5 r"
most = 4
channels = ["blue", "green", "orange", "dapi", "fitc", "cy3"]
"#;

/// Nuclei, a stain of the cell and one of vesicles, in three channels that each see all of them.
pub fn unmixing() -> Scan {
    let (shape, mut random) = (Shape::flat(180, 180), Random(2));
    let ground = || Field { shape, values: vec![0.0; shape.len()] };
    let mut dyes = [ground(), ground(), ground()];
    for at in grid(2, 90, &mut random) {
        disc(&mut dyes[0], at, 12.0, 1600.0);
        disc(&mut dyes[1], at, 24.0, 1200.0);
        for _ in 0..9 {
            let [y, x] = place(&mut random, at, 20.0);
            dyes[2].spot([0.0, y, x], [1.0, 1.8, 1.8], 1500.0);
        }
    }
    let seen = |shares: [f64; 3], seed: u64| {
        let value = |i: usize| 100.0 + (0..3).map(|dye| shares[dye] * dyes[dye].values[i]).sum::<f64>();
        Field { shape, values: (0..shape.len()).map(value).collect() }.volume(12.0, seed)
    };
    let channels = vec![
        ("blue", seen([1.0, 0.05, 0.0], 1)),
        ("green", seen([0.35, 1.0, 0.1], 2)),
        ("orange", seen([0.05, 0.5, 1.0], 3)),
    ];
    scan(channels, Some([1.0, 0.3, 0.3]))
}

/// Spots on a wavy ground, some of them close together.
pub fn spots() -> Scan {
    let (shape, mut random) = (Shape::flat(140, 200), Random(5));
    let mut field = Field::waves(shape, 200.0, 150.0);
    for _ in 0..45 {
        let at = [0.0, random.below(shape.y as f64), random.below(shape.x as f64)];
        let height = 60.0 + random.below(240.0);
        field.spot(at, [1.0, 1.4, 1.4], height);
    }
    scan(vec![("spots", field.volume(12.0, 6))], Some([1.0, 0.1, 0.1]))
}

pub const MITOCHONDRIA: &str = include_str!("../../docs/mitochondria.toml");

/// Winding lines of light, some with branches, and short ones between them.
pub fn mitochondria() -> Scan {
    let (shape, mut random) = (Shape::flat(220, 300), Random(21));
    let mut field = Field::waves(shape, 150.0, 120.0);
    for k in 0..20 {
        let start = [random.below(shape.y as f64), random.below(shape.x as f64), random.below(std::f64::consts::TAU)];
        let steps = if k % 3 == 0 { 12 } else { 30 + random.below(90.0) as usize };
        let branch = line(&mut field, &mut random, start, steps);
        if k % 3 == 1 {
            line(&mut field, &mut random, branch, steps / 2);
        }
    }
    scan(vec![("mitochondria", field.volume(15.0, 22))], Some([1.0, 0.1, 0.1]))
}

/// Draws a line from a place y, x in a direction; where it is half way, with a direction across it.
fn line(field: &mut Field, random: &mut Random, [mut y, mut x, mut direction]: [f64; 3], steps: usize) -> [f64; 3] {
    let mut half = [y, x, direction];
    for step in 0..steps {
        field.spot([0.0, y, x], [1.0, 1.8, 1.8], 110.0);
        direction += 0.18 * random.normal();
        (y, x) = (y + direction.sin(), x + direction.cos());
        if step == steps / 2 {
            half = [y, x, direction + 1.2];
        }
    }
    half
}
