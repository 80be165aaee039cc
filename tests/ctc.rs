//! Circulating tumour cells among leukocytes: the preset `ctc` on simulated scans of known cells. Kinds of test: oracle (which cells
//! are found), invariant (brightness, device), mechanics (gallery, counts per ml, refusals).

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::light::{Random, pairs, scan};
use std::process::Command;
use uptake::device::Device;
use uptake::image::{Scan, Volume};
use uptake::pipeline::{self, External, Outcome};
use uptake::recipe::{Recipe, preset};
use uptake::table::Cells;
use uptake::units::Shape;

/// Pixels between the places of cells.
const PITCH: usize = 24;

/// A scan to be: nucleus, cytokeratin, CD45, and where the tumour cells lie.
struct Slide {
    side: usize,
    light: [Vec<f64>; 3],
    tumour_cells: Vec<[f64; 3]>,
    random: Random,
}

/// What is put at a place: radius of the disc and its light in each channel.
type Disc = (f64, [f64; 3]);

impl Slide {
    fn new(side: usize, seed: u64) -> Self {
        let ground = |base: f64, slope: f64| {
            let value =
                |i: usize| base + slope * ((i / side) as f64 / 900.0).sin() + slope * ((i % side) as f64 / 700.0).cos();
            (0..side * side).map(value).collect()
        };
        let light = [ground(200.0, 20.0), ground(150.0, 40.0), ground(180.0, 30.0)];
        Slide { side, light, tumour_cells: vec![], random: Random(seed) }
    }

    /// A disc with a soft edge, stretched a little.
    fn disc(&mut self, at: [f64; 2], (radius, light): Disc) {
        let stretch = 0.9 + self.random.below(0.2);
        let turn = self.random.below(3.2);
        let reach = (radius * 1.3 + 4.0) as i64;
        for dy in -reach..=reach {
            for dx in -reach..=reach {
                let (y, x) = (at[0].round() as i64 + dy, at[1].round() as i64 + dx);
                if y < 0 || x < 0 || y >= self.side as i64 || x >= self.side as i64 {
                    continue;
                }
                let (fy, fx) = (y as f64 - at[0], x as f64 - at[1]);
                let (u, v) = (fy * turn.cos() + fx * turn.sin(), fx * turn.cos() - fy * turn.sin());
                let inside = 1.0 / (1.0 + (((u / stretch).hypot(v * stretch) - radius) / 0.6).exp());
                for (channel, light) in self.light.iter_mut().zip(light) {
                    channel[y as usize * self.side + x as usize] += light * inside;
                }
            }
        }
    }

    fn log_normal(&mut self, median: f64, spread: f64) -> f64 {
        median * (spread * self.random.normal()).exp()
    }

    fn leukocyte(&mut self, at: [f64; 2]) {
        let radius = (5.5 + 0.5 * self.random.normal()).max(4.0);
        let (dna, cd45) = (self.log_normal(2200.0, 0.15), self.log_normal(800.0, 0.4));
        let keratin = (15.0 + 10.0 * self.random.normal()).max(0.0);
        self.disc(at, (radius, [dna, 0.0, 0.0]));
        self.disc(at, (radius + 2.0, [0.0, keratin, cd45]));
    }

    fn tumour_cell(&mut self, at: [f64; 2]) {
        let radius = (8.0 + 1.2 * self.random.normal()).clamp(5.5, 11.0);
        let (dna, keratin) = (self.log_normal(1900.0, 0.2), self.log_normal(1400.0, 0.6).max(250.0));
        self.disc(at, (radius, [dna, 0.0, 0.0]));
        self.disc(at, (radius + 3.0, [0.0, keratin, self_noise()]));
        self.tumour_cells.push([0.0, at[0], at[1]]);
    }

    /// What looks like a tumour cell in some channels.
    fn decoy(&mut self, kind: usize, at: [f64; 2]) {
        let keratin = self.log_normal(1500.0, 0.5);
        match kind % 4 {
            // Cytokeratin without a nucleus.
            0 => {
                let radius = 2.0 + self.random.below(6.0);
                self.disc(at, (radius, [0.0, keratin, 0.0]));
            }
            // Both markers.
            1 => {
                let cd45 = self.log_normal(900.0, 0.3);
                self.disc(at, (7.0, [2000.0, 0.0, 0.0]));
                self.disc(at, (9.5, [0.0, keratin, cd45]));
            }
            // Dust is bright in all channels.
            2 => {
                let (radius, light) = (1.5 + self.random.below(4.0), 3000.0 + self.random.below(20_000.0));
                self.disc(at, (radius, [light, light * 0.8, light * 0.6]));
            }
            // A leukocyte with debris on it.
            _ => {
                self.leukocyte(at);
                self.disc([at[0] + 5.0, at[1] + 3.0], (3.0, [0.0, keratin, 0.0]));
            }
        }
    }

    /// What a camera of 16 bits sees, with Poisson noise and that of reading.
    fn scan(mut self, gain: f64) -> (Scan, Vec<[f64; 3]>) {
        let shape = Shape::flat(self.side, self.side);
        let mut channels = vec![];
        for (name, light) in ["DAPI", "PanCK", "CD45"].into_iter().zip(std::mem::take(&mut self.light)) {
            let random = &mut self.random;
            let sample = |v: &f64| {
                let v = gain * v;
                (v + (v + 25.0).sqrt() * random.normal()).round().clamp(0.0, 65_535.0) as i32
            };
            channels.push((name, Volume::new(shape, light.iter().map(sample).collect()).unwrap()));
        }
        (scan(channels, Some([1.0, 0.65, 0.65])), self.tumour_cells)
    }
}

/// No CD45 but a little that is not bound.
fn self_noise() -> f64 {
    10.0
}

/// About so many leukocytes, with tumour cells and decoys spread among them.
fn slide(leukocytes: usize, tumour_cells: usize, decoys: usize, seed: u64) -> Slide {
    let n = ((leukocytes + tumour_cells + decoys) as f64).sqrt().ceil() as usize;
    let mut slide = Slide::new(n * PITCH, seed);
    let total = n * n;
    // Every so many places there is something else; places without a leukocyte are a twentieth.
    let (every_cell, every_decoy) = (total / tumour_cells.max(1), total / decoys.max(1));
    let mut kind = 0;
    for i in 0..total {
        let mut jitter = || slide.random.below(9.0) - 4.5;
        let middle = PITCH as f64 / 2.0;
        let at = [((i / n) * PITCH) as f64 + middle + jitter(), ((i % n) * PITCH) as f64 + middle + jitter()];
        let inside = i / n > 0 && i / n < n - 1 && i % n > 0 && i % n < n - 1;
        if inside && i % every_cell == every_cell / 2 && slide.tumour_cells.len() < tumour_cells {
            slide.tumour_cell(at);
        } else if inside && i % every_decoy == every_decoy / 3 {
            slide.decoy(kind, at);
            kind += 1;
        } else if slide.random.uniform() > 0.05 {
            slide.leukocyte(at);
        }
    }
    slide
}

fn run(scan: &Scan, device: &Device) -> Outcome {
    let text = preset("ctc").unwrap().text;
    pipeline::run(scan, &Recipe::parse("ctc", text, &[]).unwrap(), device, &External::new()).unwrap()
}

/// Places of the objects that are called tumour cells, with their scores.
fn found(outcome: &Outcome) -> Vec<([f64; 3], f64)> {
    let cells = outcome.sets.iter().find(|s| s.name == "cells").unwrap();
    let reals = |name: &str| match &cells.table.column(name).unwrap_or_else(|| panic!("{name}")).cells {
        Cells::Real(v) => v.clone(),
        _ => panic!("{name}"),
    };
    let (y, x, score) = (reals("centroid_y_px"), reals("centroid_x_px"), reals("candidate_score"));
    let at = |i: usize| ([0.0, y[i].unwrap(), x[i].unwrap()], score[i].unwrap());
    (0..score.len()).filter(|i| score[*i].is_some()).map(at).collect()
}

/// Sensitivity, and what was called a tumour cell and is none.
fn judge(outcome: &Outcome, truth: &[[f64; 3]]) -> (f64, usize) {
    let places: Vec<[f64; 3]> = found(outcome).into_iter().map(|f| f.0).collect();
    let right = pairs(&places, truth, 6.0).len();
    (right as f64 / truth.len() as f64, places.len() - right)
}

#[test]
fn tumour_cells_are_found_and_decoys_are_not() {
    let (scan, truth) = slide(2400, 25, 60, 3).scan(1.0);
    let outcome = run(&scan, &Device::Cpu);
    let (sensitivity, wrong) = judge(&outcome, &truth);
    assert!(sensitivity >= 0.96 && wrong == 0, "{sensitivity} {wrong}");
    let gallery = &outcome.galleries[0];
    assert_eq!(gallery.candidates.len(), found(&outcome).len());
    let scores: Vec<f64> = gallery.candidates.iter().map(|c| c.1.unwrap()).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b) && scores.iter().all(|s| *s > 0.0), "{scores:?}");
}

#[test]
fn limits_follow_the_light_of_the_scan() {
    for (gain, seed) in [(0.4, 5), (2.5, 6)] {
        let (scan, truth) = slide(1200, 12, 30, seed).scan(gain);
        let (sensitivity, wrong) = judge(&run(&scan, &Device::Cpu), &truth);
        assert!(sensitivity >= 0.91 && wrong == 0, "gain {gain}: {sensitivity} {wrong}");
    }
}

#[test]
fn blood_without_tumour_cells_has_none() {
    let (scan, _) = slide(1500, 0, 40, 8).scan(1.0);
    assert_eq!(found(&run(&scan, &Device::Cpu)).len(), 0);
}

/// Oracle, as large as a real scan: `cargo test --test ctc -- --ignored`.
#[test]
#[ignore = "10^5 cells take minutes"]
fn fifty_among_a_hundred_thousand() {
    let (scan, truth) = slide(100_000, 50, 800, 21).scan(1.0);
    let outcome = run(&scan, &Device::Cpu);
    let (sensitivity, wrong) = judge(&outcome, &truth);
    let cells = outcome.sets.iter().find(|s| s.name == "cells").unwrap().objects.count();
    println!("{cells} cells, sensitivity {sensitivity}, wrong {wrong}");
    assert!(sensitivity >= 0.98 && wrong <= 1, "{cells} {sensitivity} {wrong}");
}

fn uptake(folder: &std::path::Path, args: &[&str]) -> std::process::Output {
    let mut run = Command::new(env!("CARGO_BIN_EXE_uptake"));
    run.args(args).args(["--device", "cpu"]).current_dir(folder).output().unwrap()
}

fn write(path: &std::path::Path, scan: &Scan) {
    use tiff::encoder::{TiffEncoder, colortype};
    let mut encoder = TiffEncoder::new(std::fs::File::create(path).unwrap()).unwrap();
    for channel in &scan.channels {
        let samples: Vec<u16> = channel.volume.samples.host().unwrap().iter().map(|s| *s as u16).collect();
        let page = encoder.new_image::<colortype::Gray16>(scan.shape.x as u32, scan.shape.y as u32).unwrap();
        page.write_data(&samples).unwrap();
    }
}

#[test]
fn a_run_gives_a_gallery_and_counts_per_ml() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let mut truth = 0;
    for (name, cells, seed) in [("a.tif", 6, 11), ("b.tif", 4, 12)] {
        let (scan, cells) = slide(500, cells, 20, seed).scan(1.0);
        write(&at(name), &scan);
        truth += cells.len();
    }
    let sheet = |volumes: [&str; 2]| {
        std::fs::write(at("s.csv"), format!("path,sample,ml\na.tif,P1,{}\nb.tif,P1,{}\n", volumes[0], volumes[1]))
            .unwrap();
    };
    let run = |out: &str| {
        let args =
            ["run", "--sheet", "s.csv", "--recipe", "ctc", "--set", "files.pages=c", "--set", "groups.by=sample"];
        uptake(dir.path(), &[&args[..], &["--set", "groups.volume=ml", "--no-labels", "-o", out]].concat())
    };
    sheet(["7.5", "7.5"]);
    let done = run("o");
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let picture = image::open(at("o/galleries/a_cells.png")).unwrap();
    assert!(picture.width() > 300 && picture.height() > 90);
    let mut groups = csv::Reader::from_path(at("o/groups.csv")).unwrap();
    let header = groups.headers().unwrap().clone();
    let row = groups.records().next().unwrap().unwrap();
    let value = |name: &str| -> f64 {
        row[header.iter().position(|h| h == name).unwrap_or_else(|| panic!("{name}"))].parse().unwrap()
    };
    assert_eq!((value("volume_ml"), value("objects_cells_CTC")), (7.5, truth as f64));
    assert!((value("objects_cells_CTC_per_ml") - truth as f64 / 7.5).abs() < 1e-12);
    let refused = |volumes, words: &[&str]| {
        sheet(volumes);
        let done = run("p");
        let text = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.code() == Some(2) && words.iter().all(|w| text.contains(w)), "{text}");
    };
    refused(["7.5", "10"], &["7.5 for a.tif and 10 for b.tif", "one volume for all images of a group"]);
    refused(["7.5", "much"], &["ml of b.tif is \"much\"", "millilitres above 0"]);
}

#[test]
fn an_adapter_gives_the_same() {
    let (scan, _) = slide(300, 4, 10, 15).scan(1.0);
    let told = |o: Outcome| (o.row, o.sets.into_iter().map(|s| s.table).collect::<Vec<_>>());
    assert!(told(run(&scan, &Device::Cpu)) == told(run(&scan, &common::gpu(None))));
}

#[test]
fn galleries_that_cannot_be_are_refused() {
    let text = preset("ctc").unwrap().text;
    let refused = |from: &str, to: &str, what: &str, remedy: &str| {
        assert!(text.contains(from), "{from}");
        let e = Recipe::parse("r.toml", &text.replace(from, to), &[]).unwrap_err().to_string();
        assert!(e.contains(what) && e.contains("line ") && e.contains(remedy), "{e}");
    };
    refused("phenotype = \"CTC\"", "phenotype = \"CTCs\"", "there is no phenotype \"CTCs\"", "CTC");
    refused("[gallery.cells]", "[gallery.cels]", "there is no object set \"cels\"", "cells");
    refused("side = \"10 r\"", "side = \"10 r\"\nmost = 0", "0 objects in a picture", "most = 100");
    refused("side = \"10 r\"", "side = \"10 r\"\nchannels = [\"x\"]", "there is no channel \"x\"", "one of");
    refused("\"median + 8 deviations\"", "\"median + 8\"", "is no cutoff", "median + 6 deviations");
}

#[test]
fn scans_without_cells_or_with_one_end() {
    let empty = |value: i32, side: usize| {
        let shape = Shape::flat(side, side);
        scan(["DAPI", "PanCK", "CD45"].map(|n| (n, Volume::new(shape, vec![value; shape.len()]).unwrap())).into(), None)
    };
    for (value, side) in [(0, 1), (300, 64), (65_535, 8)] {
        let recipe = Recipe::parse("ctc", preset("ctc").unwrap().text, &[]).unwrap();
        match pipeline::run(&empty(value, side), &recipe, &Device::Cpu, &External::new()) {
            Ok(outcome) => assert!(outcome.galleries[0].candidates.is_empty()),
            Err(e) => assert!(e.what.contains("no objects of a size") && e.remedy.is_some(), "{e}"),
        }
    }
    let mut one = Slide::new(96, 2);
    one.tumour_cell([48.0, 48.0]);
    let outcome = run(&one.scan(1.0).0, &Device::Cpu);
    assert_eq!(outcome.galleries[0].candidates.len(), 0, "a cell alone has nothing to be compared with");
    assert!(outcome.warnings > 0);
}
