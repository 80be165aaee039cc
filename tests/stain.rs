//! The preset `cells-stain` and the step `propagate`. Oracle: simulated cells of known outlines, spread and touching, with a stain
//! of membranes or of cytoplasm. Mechanics: no nuclei, a flat stain, nuclei outside of it, stacks. The figures are printed, and
//! `docs/segmentation.md` quotes them.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::light::{Random, scan};
use common::score::score;
use uptake::device::Device;
use uptake::image::{Labels, Mask, Regions, Scan, Volume};
use uptake::ops::grow::grow;
use uptake::ops::propagate::{Rule, propagate};
use uptake::pipeline::{self, External, Outcome};
use uptake::recipe::{Recipe, preset};
use uptake::units::Shape;

/// What the second channel shows.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stain {
    Membrane,
    Cytoplasm,
}

/// A field of cells that spread over one another's borders, each with its nucleus somewhere in it.
struct Tissue {
    shape: Shape,
    cells: Vec<u32>,
    nuclei: Vec<u32>,
    /// How far out in its cell a pixel lies, 0 to 1.
    outwards: Vec<f64>,
}

/// An ellipse: centre, direction, half axes.
struct Ellipse {
    at: [f64; 2],
    turn: f64,
    axes: [f64; 2],
}

impl Ellipse {
    /// 1 on its outline.
    fn distance(&self, y: f64, x: f64) -> f64 {
        let (sin, cos) = (libm::sin(self.turn), libm::cos(self.turn));
        let (dy, dx) = (y - self.at[0], x - self.at[1]);
        libm::hypot((dy * sin + dx * cos) / self.axes[0], (dy * cos - dx * sin) / self.axes[1])
    }
}

impl Tissue {
    /// Nuclei at least `apart` pixels from each other, of a radius of some 10 pixels; cells of some 30.
    fn new(side: usize, apart: f64, seed: u64) -> Self {
        let (shape, mut random) = (Shape::flat(side, side), Random(seed));
        let mut places: Vec<[f64; 2]> = Vec::new();
        for _ in 0..4000 {
            let at = [0, 1].map(|_| 10.0 + random.below(side as f64 - 20.0));
            if places.iter().all(|p| libm::hypot(p[0] - at[0], p[1] - at[1]) > apart) {
                places.push(at);
            }
        }
        let (wave_y, wave_x) = (wave(shape, 7.0, &mut random), wave(shape, 7.0, &mut random));
        let n = shape.len();
        let (mut cells, mut nuclei, mut outwards) = (vec![0; n], vec![0; n], vec![f64::INFINITY; n]);
        for (k, &at) in places.iter().enumerate() {
            let label = k as u32 + 1;
            let (turn, long) = (random.below(std::f64::consts::PI), 1.0 + random.below(1.2));
            let radius = 30.0 * (0.7 + random.below(0.6));
            // The nucleus lies towards one end.
            let off = (0.15 + random.below(0.5)) * 0.8 * radius * long.sqrt();
            let off = if random.uniform() < 0.5 { off } else { -off };
            let centre = [at[0] + off * libm::sin(turn), at[1] + off * libm::cos(turn)];
            let cell = Ellipse { at: centre, turn, axes: [radius * long.sqrt(), radius / long.sqrt()] };
            let thin = 1.0 + random.below(0.3);
            let size = 10.0 * (0.85 + random.below(0.3));
            let nucleus = Ellipse { at, turn, axes: [size * thin.sqrt(), size / thin.sqrt()] };
            for i in 0..n {
                let [_, y, x] = shape.position(i).map(|v| v as f64);
                let d = cell.distance(y + 1.8 * wave_y[i], x + 1.8 * wave_x[i]);
                if d < 1.0 && d < outwards[i] {
                    (outwards[i], cells[i]) = (d, label);
                }
                if nuclei[i] == 0 && nucleus.distance(y, x) < 1.0 {
                    nuclei[i] = label;
                }
            }
        }
        for (cell, nucleus) in cells.iter_mut().zip(&nuclei).filter(|(_, nucleus)| **nucleus > 0) {
            *cell = *nucleus;
        }
        let cells = with_nucleus(shape, &cells, &nuclei);
        Tissue { shape, cells, nuclei, outwards }
    }

    /// `noise`: that of a pixel as a share of the brightness of a membrane, or of the middle of a cell.
    fn scan(&self, stain: Stain, noise: f64, seed: u64) -> Scan {
        let (shape, mut random) = (self.shape, Random(seed));
        let uneven = wave(shape, 9.0, &mut random);
        let bright: Vec<f64> = (0..=self.nuclei.len()).map(|_| libm::exp(0.35 * random.normal())).collect();
        let value = |i: usize| {
            let inside = f64::from(u8::from(self.cells[i] > 0));
            let [z, y, x] = shape.position(i);
            match stain {
                Stain::Membrane => {
                    let beside = [(1, 0), (0, 1), (1, 1)].map(|(dy, dx)| {
                        self.cells[shape.index(z, (y + dy).min(shape.y - 1), (x + dx).min(shape.x - 1))]
                    });
                    let edge = f64::from(u8::from(beside.iter().any(|c| *c != self.cells[i])));
                    3.2 * edge * (1.0 + 0.35 * uneven[i]).max(0.25) + 0.18 * inside * (1.0 + 0.3 * uneven[i]).max(0.3)
                }
                Stain::Cytoplasm => {
                    let thick = 1.0 - 0.8 * self.outwards[i].min(1.0).powi(2);
                    inside * bright[self.cells[i] as usize] * thick * (1.0 + 0.15 * uneven[i]).max(0.4)
                }
            }
        };
        let ground = |i: usize| 0.12 * (1.0 + 0.2 * (shape.position(i)[1] as f64) / shape.y as f64);
        let blurred = smooth(shape, (0..shape.len()).map(value).collect(), 1.4);
        let light = |i: usize, v: f64| {
            let signal = 1000.0 * (v + ground(i));
            let sigma = 1000.0 * noise * libm::sqrt(0.25 + 0.5 * (v + ground(i)).min(4.0));
            (i, signal, sigma)
        };
        let cell: Vec<i32> = (0..shape.len())
            .map(|i| light(i, blurred[i]))
            .map(|(_, signal, sigma)| (100.0 + signal + sigma * random.normal()).round().clamp(0.0, 65_535.0) as i32)
            .collect();
        let dna = smooth(shape, self.nuclei.iter().map(|n| f64::from(u8::from(*n > 0))).collect(), 1.2);
        let dna = dna.iter().map(|v| (150.0 + 1200.0 * v + 40.0 * random.normal()).round().max(0.0) as i32).collect();
        let volume = |samples| Volume::new(shape, samples).unwrap();
        scan(vec![("DAPI", volume(dna)), ("membrane", volume(cell))], None)
    }
}

/// Of each cell what hangs together with its nucleus.
fn with_nucleus(shape: Shape, cells: &[u32], nuclei: &[u32]) -> Vec<u32> {
    let mut out = nuclei.to_vec();
    let mut open: Vec<usize> = (0..out.len()).filter(|&i| out[i] > 0).collect();
    while let Some(i) = open.pop() {
        let [z, y, x] = shape.position(i);
        for yy in y.saturating_sub(1)..(y + 2).min(shape.y) {
            for xx in x.saturating_sub(1)..(x + 2).min(shape.x) {
                let j = shape.index(z, yy, xx);
                if out[j] == 0 && cells[j] == out[i] {
                    out[j] = out[i];
                    open.push(j);
                }
            }
        }
    }
    out
}

/// A Gaussian filter, plainly.
fn smooth(shape: Shape, values: Vec<f64>, sigma: f64) -> Vec<f64> {
    let reach = (3.0 * sigma).ceil() as isize;
    let weights: Vec<f64> = (-reach..=reach).map(|k| libm::exp(-((k * k) as f64) / (2.0 * sigma * sigma))).collect();
    let sum: f64 = weights.iter().sum();
    let along = |values: &[f64], steps: [isize; 2]| -> Vec<f64> {
        let at = |i: usize, k: isize| {
            let [_, y, x] = shape.position(i);
            let y = (y as isize + k * steps[0]).clamp(0, shape.y as isize - 1) as usize;
            let x = (x as isize + k * steps[1]).clamp(0, shape.x as isize - 1) as usize;
            values[shape.index(0, y, x)]
        };
        (0..values.len())
            .map(|i| (-reach..=reach).zip(&weights).map(|(k, w)| w * at(i, k)).sum::<f64>() / sum)
            .collect()
    };
    along(&along(&values, [1, 0]), [0, 1])
}

/// A random wave of mean 0 and deviation 1.
fn wave(shape: Shape, sigma: f64, random: &mut Random) -> Vec<f64> {
    let values = smooth(shape, (0..shape.len()).map(|_| random.normal()).collect(), sigma);
    let deviation = (values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64).sqrt();
    values.into_iter().map(|v| v / deviation).collect()
}

fn run(scan: &Scan, settings: &[&str]) -> Outcome {
    let settings: Vec<String> = settings.iter().map(|s| (*s).to_string()).collect();
    let recipe = Recipe::parse("cells-stain", preset("cells-stain").unwrap().text, &settings).unwrap();
    pipeline::run(scan, &recipe, &Device::Cpu, &External::new()).unwrap()
}

fn labels<'a>(outcome: &'a Outcome, name: &str) -> &'a Labels {
    &outcome.sets.iter().find(|s| s.name == name).unwrap().objects.labels
}

fn voxels(labels: &Labels) -> Vec<u32> {
    labels.voxels().host().unwrap().to_vec()
}

/// The step alone, with the true nuclei.
const STEP: &str = r#"
modality = "fluorescence"
[channels]
cell = "membrane"
[objects.nuclei]
labels = "nuclei.tif"
[objects.cells]
channel = "cell"
start = "nuclei"
steps = [
  { op = "gaussian", sigma = "0.1 r", at_least = "0.7 px" },
  { op = "threshold", method = "multi_otsu", classes = 4, middle = "foreground", transform = "log", noise = 3.0, from = "ground" },
  { op = "fill_holes", around = "nuclei" },
  { op = "propagate", from = "nuclei" },
]
"#;

fn step(scan: &Scan, nuclei: &[u32], text: &str) -> Outcome {
    let recipe = Recipe::parse("step", text, &[]).unwrap();
    let regions = Regions::of_voxels(scan.shape, nuclei).unwrap();
    pipeline::run(scan, &recipe, &Device::Cpu, &External::from([("nuclei".to_string(), regions)])).unwrap()
}

/// Fields of a kind.
const FIELDS: u64 = 3;

/// Mean F1 of the step over fields in which nuclei are so far apart, and of the best of many fixed distances for these very fields.
fn compare(stain: Stain, apart: f64, noise: f64, text: &str) -> (f64, f64) {
    let (mut found, mut fixed) = (0.0, vec![0.0; 14]);
    for seed in 0..FIELDS {
        let tissue = Tissue::new(300, apart, 1000 + 17 * seed);
        let outcome = step(&tissue.scan(stain, noise, seed), &tissue.nuclei, text);
        found += score(&voxels(labels(&outcome, "cells")), &tissue.cells, 0.5).f1();
        let nuclei = Labels::new(tissue.shape, tissue.nuclei.clone()).unwrap();
        for (k, f1) in fixed.iter_mut().enumerate() {
            let grown = grow(&Device::Cpu, &nuclei, 3.0 + 2.0 * k as f64, [1; 3]).unwrap();
            *f1 += score(&voxels(&grown), &tissue.cells, 0.5).f1();
        }
    }
    (found / FIELDS as f64, fixed.into_iter().fold(0.0, f64::max) / FIELDS as f64)
}

#[test]
fn cells_follow_their_stain() {
    let (mut all, mut fixed) = (0.0, 0.0);
    let mut fields = 0.0;
    for stain in [Stain::Membrane, Stain::Cytoplasm] {
        for (apart, noise) in [(26.0, 0.05), (34.0, 0.2), (45.0, 0.05), (60.0, 0.2)] {
            let (f1, best) = compare(stain, apart, noise, STEP);
            println!("{stain:?}, {apart} px apart, noise {noise}: F1 {f1:.3}, best fixed distance {best:.3}");
            (all, fixed, fields) = (all + f1, fixed + best, fields + 1.0);
        }
    }
    // Printed for the docs: the other rule, where it is crowded.
    for (stain, boundary) in [(Stain::Membrane, "bright"), (Stain::Cytoplasm, "dark")] {
        let step = format!(r#"from = "nuclei", method = "watershed", boundary = "{boundary}""#);
        let (f1, _) = compare(stain, 26.0, 0.05, &STEP.replace(r#"from = "nuclei""#, &step));
        println!("{stain:?}, 26 px apart, as a watershed: F1 {f1:.3}");
    }
    println!("all: F1 {:.3}, best fixed distances {:.3}", all / fields, fixed / fields);
    assert!(all / fields >= 0.90 && all / fields >= fixed / fields + 0.05);
}

#[test]
fn the_whole_preset_finds_them_too() {
    let (mut sum, mut n) = (0.0, 0.0);
    for (seed, stain) in [(1, Stain::Membrane), (2, Stain::Cytoplasm)] {
        let tissue = Tissue::new(300, 36.0, 500 + seed);
        let outcome = run(&tissue.scan(stain, 0.1, seed), &[]);
        let (nuclei, cells) = (labels(&outcome, "nuclei"), labels(&outcome, "cells"));
        let s = score(&voxels(cells), &tissue.cells, 0.5);
        println!("preset, {stain:?}: F1 {:.3}, {} of {} cells", s.f1(), s.found, s.truth);
        (sum, n) = (sum + s.f1(), n + 1.0);
        // Cell 7 is that of nucleus 7, and the cytoplasm is the rest of it.
        assert_eq!(nuclei.count, cells.count);
        let cytoplasm = voxels(labels(&outcome, "cytoplasm"));
        for ((nucleus, cell), rest) in voxels(nuclei).into_iter().zip(voxels(cells)).zip(cytoplasm) {
            assert!(nucleus == 0 && rest == cell || nucleus == cell && rest == 0);
        }
    }
    assert!(sum / n >= 0.85);
}

/// A stain and nuclei by hand: 8 rows of 12, or as many slices of them as asked for.
fn small(slices: usize, value: impl Fn(usize, usize, usize) -> i32, um: Option<[f64; 3]>) -> Scan {
    let shape = Shape::new(slices, 8, 12);
    let samples = |f: &dyn Fn([usize; 3]) -> i32| (0..shape.len()).map(|i| f(shape.position(i))).collect::<Vec<_>>();
    let volume = |samples| Volume::new(shape, samples).unwrap();
    scan(vec![("DAPI", volume(samples(&|_| 0))), ("membrane", volume(samples(&|[z, y, x]| value(z, y, x))))], um)
}

/// Two nuclei of four pixels in one slice.
fn two(scan: &Scan, z: usize) -> Vec<u32> {
    let mut nuclei = vec![0; scan.shape.len()];
    for (label, x) in [(1, 2), (2, 8)] {
        for (dy, dx) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            nuclei[scan.shape.index(z, 3 + dy, x + dx)] = label;
        }
    }
    nuclei
}

/// The step over a fixed threshold of 50.
fn plain(more: &str) -> String {
    let steps = r#"{ op = "threshold", method = "fixed", value = 50 }, { op = "propagate", from = "nuclei""#;
    let (head, _) = STEP.split_once("steps = [").unwrap();
    format!("{head}steps = [{steps}{more} }}]\n")
}

#[test]
fn odd_images_end_with_what_can_be_said() {
    // Flat, saturated and two-valued stains; nothing is brighter than the rest of a flat one.
    for (name, value) in [("flat", 300), ("black", 0), ("saturated", 65_535)] {
        let scan = small(1, |_, _, _| value, None);
        let nuclei = two(&scan, 0);
        assert_eq!(voxels(labels(&step(&scan, &nuclei, STEP), "cells")), nuclei, "{name}");
    }
    let scan = small(1, |_, y, _| if y < 6 { 65_535 } else { 10 }, None);
    let cells = voxels(labels(&step(&scan, &two(&scan, 0), STEP), "cells"));
    assert!(cells.iter().filter(|c| **c == 1).count() >= 24 && cells.iter().filter(|c| **c == 2).count() >= 24);
    // No nuclei: no cells, unless they are asked for.
    let none = vec![0; scan.shape.len()];
    assert_eq!(labels(&step(&scan, &none, STEP), "cells").count, 0);
    let alone = step(&scan, &none, &plain(r#", without_nuclei = "4 px""#));
    assert_eq!(labels(&alone, "cells").count, 1);
    // One pixel.
    let shape = Shape::flat(1, 1);
    let volume = |v| Volume::new(shape, vec![v]).unwrap();
    let scan = common::light::scan(vec![("DAPI", volume(5)), ("membrane", volume(7))], None);
    assert_eq!(voxels(labels(&step(&scan, &[1], STEP), "cells")), [1]);
}

#[test]
fn nuclei_outside_of_the_stain_stay_and_are_counted() {
    let scan = small(1, |_, _, x| if x < 6 { 100 } else { 0 }, None);
    let nuclei = two(&scan, 0);
    let outcome = step(&scan, &nuclei, &plain(""));
    let cells = voxels(labels(&outcome, "cells"));
    assert_eq!(cells.iter().filter(|c| **c == 2).count(), 4);
    assert_eq!(cells.iter().filter(|c| **c == 1).count(), 48);
    let set = outcome.sets.iter().find(|s| s.name == "cells").unwrap();
    assert!(
        set.objects.notes.iter().any(|n| n.contains("1 of 2 objects of \"nuclei\" lie outside")),
        "{:?}",
        set.objects.notes
    );
    // No farther than a length.
    let near = step(&scan, &nuclei, &plain(r#", within = "1 px""#));
    assert_eq!(voxels(labels(&near, "cells")).iter().filter(|c| **c == 1).count(), 12);
}

#[test]
fn pieces_without_a_nucleus_come_behind_the_others() {
    // Three islands: one with nucleus 1, one without, a speck.
    let value = |_, y: usize, x: usize| i32::from(x < 5 || (7..11).contains(&x) && y > 4 || x == 11 && y == 0) * 100;
    let scan = small(1, value, None);
    let nuclei: Vec<u32> = two(&scan, 0).into_iter().map(|l| l % 2).collect();
    let outcome = step(&scan, &nuclei, &plain(r#", without_nuclei = "5 px""#));
    let cells = labels(&outcome, "cells");
    assert_eq!(cells.count, 2);
    let count = |label| voxels(cells).iter().filter(|c| **c == label).count();
    assert_eq!((count(1), count(2)), (40, 12));
}

#[test]
fn far_slices_are_far() {
    // Slices eight times as far apart as pixels: along x the way to the middle is shorter.
    let nuclei = |scan: &Scan| {
        let mut nuclei = vec![0; scan.shape.len()];
        nuclei[scan.shape.index(0, 4, 6)] = 1;
        nuclei[scan.shape.index(2, 4, 11)] = 2;
        nuclei
    };
    let at = |um| {
        let scan = small(3, |_, _, _| 100, um);
        let cells = voxels(labels(&step(&scan, &nuclei(&scan), &plain("")), "cells"));
        cells[scan.shape.index(2, 4, 7)]
    };
    assert_eq!((at(Some([1.0, 1.0, 1.0])), at(Some([8.0, 1.0, 1.0]))), (1, 2));
}

#[test]
fn recipes_that_say_nothing_are_refused() {
    let refused = |more: &str| Recipe::parse("step", &plain(more), &[]).unwrap_err().to_string();
    assert!(refused(", regularisation = 0").contains("regularisation = 0.1"));
    assert!(refused(r#", boundary = "dark""#).contains("watershed"));
    assert!(refused(r#", method = "watershed""#).contains("boundary = "));
    assert!(refused(r#", method = "watershed", boundary = "dark", regularisation = 1"#).contains("leave it out"));
    for boundary in ["bright", "dark", "steep"] {
        let scan = small(1, |_, _, x| 100 + x as i32, None);
        let text = plain(&format!(r#", method = "watershed", boundary = "{boundary}""#));
        assert!(voxels(labels(&step(&scan, &two(&scan, 0), &text), "cells")).iter().all(|c| *c > 0));
    }
}

/// What `tests/oracle/propagate.py` has: the cells of CellProfiler's Propagation in an image made by a formula.
#[test]
fn propagation_is_that_of_cell_profiler() {
    let shape = Shape::flat(40, 60);
    let (mut state, mut samples, mut mask, mut seeds) = (12_345i64, vec![], vec![], vec![0; shape.len()]);
    for i in 0..shape.len() {
        let [_, y, x] = shape.position(i).map(|v| v as i64);
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        samples.push((200 + 150 * ((y * y + 2 * x * x + x * y) / 64 % 7) + (state >> 16) % 50) as i32);
        mask.push(u8::from((7 * x + 13 * y) % 11 != 0));
    }
    for k in 0..9 {
        let (y, x) = (5 + 13 * (k / 3) + k % 3, 8 + 20 * (k % 3) + k / 3);
        (0..9).for_each(|i| seeds[shape.index(0, y + i / 3, x + i % 3)] = k as u32 + 1);
    }
    let (image, mask) = (Volume::new(shape, samples).unwrap(), Mask::new(shape, mask).unwrap());
    let seeds = Labels::new(shape, seeds).unwrap();
    let lines: Vec<&str> = include_str!("oracle/propagate.csv").lines().skip(1).collect();
    assert_eq!(lines.len(), 3);
    for line in lines {
        let (regularisation, want) = line.split_once(',').unwrap();
        let rule = Rule::Propagation { regularisation: regularisation.parse().unwrap() };
        let found = voxels(&propagate(&Device::Cpu, &image, &seeds, &mask, rule, [1; 3]).unwrap());
        let want: Vec<u32> = want.chars().map(|c| c.to_digit(10).unwrap()).collect();
        let other = found.iter().zip(&want).filter(|(a, b)| a != b).count();
        assert_eq!(other, 0, "regularisation {regularisation}");
    }
}

/// Invariant: the whole preset and both rules, with pieces that have no nucleus, on the adapter.
#[test]
fn a_gpu_gives_the_same_cells() {
    let gpu = common::gpu(None);
    let tissue = Tissue::new(160, 40.0, 9);
    let scan = tissue.scan(Stain::Cytoplasm, 0.1, 9);
    let whole = preset("cells-stain").unwrap().text;
    let and = |text: &str, more: &str| text.replace(r#"from = "nuclei" }"#, &format!(r#"from = "nuclei", {more} }}"#));
    for text in [
        and(whole, r#"without_nuclei = "5 px""#),
        and(whole, r#"method = "watershed", boundary = "dark", within = "2 r""#),
        and(whole, r#"method = "watershed", boundary = "steep""#),
    ] {
        let recipe = Recipe::parse("mine", &text, &[]).unwrap();
        let on = |device: &Device| pipeline::run(&scan, &recipe, device, &External::new()).unwrap();
        let (one, other) = (on(&Device::Cpu), on(&gpu));
        for set in ["nuclei", "cells", "cytoplasm"] {
            assert!(labels(&one, set).count > 0);
            assert_eq!(voxels(labels(&one, set)), voxels(labels(&other, set)), "{set} of {text}");
        }
    }
}
