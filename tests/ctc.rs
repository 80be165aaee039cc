//! Circulating tumour cells among leukocytes: the preset `ctc` on simulated scans of known cells. Kinds of test: oracle (which cells
//! are found), invariant (brightness, device), mechanics (gallery, counts per ml, refusals).

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::blood::Blood;
use common::light::{pairs, scan};
use std::collections::BTreeMap;
use std::process::Command;
use uptake::device::Device;
use uptake::image::{Scan, Volume};
use uptake::ops::gaussian::{Gaussian, gaussian};
use uptake::pipeline::{self, External, Outcome};
use uptake::recipe::{Recipe, preset};
use uptake::table::Cells;
use uptake::units::Shape;

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
    let (scan, truth) = Blood::new(400, 20, 40, 3).scan();
    let outcome = run(&scan, &Device::Cpu);
    let (sensitivity, wrong) = judge(&outcome, &truth);
    assert!(sensitivity >= 0.95 && wrong == 0, "{sensitivity} {wrong}");
    let gallery = &outcome.galleries[0];
    assert_eq!(gallery.candidates.len(), found(&outcome).len());
    let scores: Vec<f64> = gallery.candidates.iter().map(|c| c.1.unwrap()).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b) && scores.iter().all(|s| *s > 0.0), "{scores:?}");
}

/// Resized, registered or denoised: noise that neighbours share is no nucleus, however low a threshold of logarithms lies.
#[test]
fn smoothed_scans_have_the_same_cells() {
    let (scan, truth) = Blood::new(160, 8, 16, 5).scan();
    let cells = |scan: &Scan| run(scan, &Device::Cpu).sets[0].objects.labels.count;
    let before = cells(&scan);
    for sigma in [0.5, 1.0, 1.5] {
        let mut smooth = scan.clone();
        for channel in &mut smooth.channels {
            let blurred = gaussian(&Device::Cpu, &channel.volume, &Gaussian::new([0.0, sigma, sigma])).unwrap();
            channel.volume = Volume { spacing: channel.volume.spacing, ..blurred };
        }
        let after = cells(&smooth);
        assert!(after.abs_diff(before) <= before / 20, "{after} nuclei with a blur of {sigma}, {before} before");
        let (sensitivity, wrong) = judge(&run(&smooth, &Device::Cpu), &truth);
        // Decoys that touch look like cells once they are blurred.
        assert!(sensitivity >= 0.85 && wrong <= 2, "{sigma}: {sensitivity} {wrong}");
    }
}

/// Dim stains, other cameras, even and uneven stains, places far apart.
#[test]
fn limits_follow_the_light_of_the_scan() {
    let usual = Blood::new(160, 8, 16, 5);
    let [dna, keratin, cd45] = usual.light;
    for blood in [
        Blood { gain: 0.2, offset: 1000.0, ..usual },
        Blood { gain: 2.5, offset: 0.0, ..usual },
        Blood { light: [dna / 4.0, keratin / 4.0, cd45 / 10.0], ..usual },
        Blood { spread: 0.1, ..usual },
        Blood { leukocytes: 100, spread: 0.8, ..usual },
        Blood { leukocytes: 60, tumour_cells: 3, decoys: 8, pitch: 50, ..usual },
    ] {
        let (scan, truth) = blood.scan();
        let (sensitivity, wrong) = judge(&run(&scan, &Device::Cpu), &truth);
        assert!(sensitivity >= 0.85 && wrong == 0, "{sensitivity} {wrong} of {}", truth.len());
    }
}

#[test]
fn blood_without_tumour_cells_has_none() {
    let (scan, _) = Blood::new(250, 0, 40, 8).scan();
    assert_eq!(found(&run(&scan, &Device::Cpu)).len(), 0);
}

/// Oracle, as large as a real scan: `cargo test --release --test ctc -- --ignored --nocapture`.
#[test]
#[ignore = "10^5 cells take minutes"]
fn fifty_among_a_hundred_thousand() {
    for seed in [21, 22, 23, 24] {
        let (scan, truth) = Blood::new(100_000, 50, 800, seed).scan();
        let outcome = run(&scan, &Device::Cpu);
        let (sensitivity, wrong) = judge(&outcome, &truth);
        let cells = outcome.sets.iter().find(|s| s.name == "cells").unwrap().objects.count();
        println!("seed {seed}: {cells} cells, sensitivity {sensitivity}, {wrong} wrong");
        assert!(sensitivity >= 0.98 && wrong <= 1);
    }
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

/// The first row of a table, by column.
fn first_row(path: &std::path::Path) -> BTreeMap<String, String> {
    let mut table = csv::Reader::from_path(path).unwrap();
    let header = table.headers().unwrap().clone();
    let row = table.records().next().unwrap().unwrap();
    header.iter().zip(row.iter()).map(|(name, cell)| (name.to_owned(), cell.to_owned())).collect()
}

#[test]
fn a_run_gives_a_gallery_and_counts_per_ml() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let mut truth = 0;
    for (name, cells, seed) in [("a.tif", 6, 11), ("b.tif", 4, 12)] {
        let (scan, cells) = Blood::new(120, cells, 16, seed).scan();
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
    let row = first_row(&at("o/groups.csv"));
    let value = |name: &str| row[name].parse::<f64>().unwrap();
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

const CUTOFFS: &str = r#"
channels = { stain = [0] }
[objects.cells]
channel = "stain"
steps = [{ op = "threshold", method = "fixed", value = 40 }, { op = "label" }]
[measure.cells]
features = ["intensity"]
[positive.cells]
robust = { above = "median + 6 deviations", column = "intensity_mean_stain" }
of_logs = { above = "median - 2 deviations of logs", column = "intensity_mean_stain" }
times = { above = "median * 2.5", column = "intensity_mean_stain" }
floored = { above = "median - 2 deviations of logs", at_least = "median * 1.5", column = "intensity_mean_stain" }
[phenotypes.cells]
bright = "robust+"
faint = "of_logs-"
"#;

/// Oracle: a population of known light, from the image to the tables; median and deviations are sorted out here.
#[test]
fn cutoffs_follow_from_the_median_of_a_known_population() {
    let (side, n) = (12, 10);
    // 92 cells around 1000, six bright ones and two faint ones.
    let light = |cell: usize| match cell % 50 {
        7 | 19 | 31 => 3000 + cell as i32,
        40 => 60,
        _ => 900 + (cell as i32 * 37) % 200,
    };
    let sample = |i: usize| {
        let (y, x) = (i / (side * n), i % (side * n));
        if y % side < 8 && x % side < 8 { light(y / side * n + x / side) } else { 0 }
    };
    let shape = Shape::flat(side * n, side * n);
    let volume = Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("a.tif"), &scan(vec![("stain", volume)], None));
    std::fs::write(dir.path().join("r.toml"), CUTOFFS).unwrap();
    let done = uptake(dir.path(), &["run", "a.tif", "--recipe", "r.toml", "-o", "o"]);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let middle = |mut all: Vec<f64>| {
        all.sort_by(f64::total_cmp);
        (all[(all.len() - 1) / 2] + all[all.len() / 2]) / 2.0
    };
    let all: Vec<f64> = (0..n * n).map(|cell| f64::from(light(cell))).collect();
    let spread = |all: &[f64]| {
        let median = middle(all.to_vec());
        (median, 1.4826 * middle(all.iter().map(|v| (v - median).abs()).collect()))
    };
    let ((median, deviation), (log, of_logs)) = (spread(&all), spread(&all.iter().map(|v| v.ln()).collect::<Vec<_>>()));
    let row = first_row(&dir.path().join("o/images.csv"));
    let expected = [
        ("robust", median + 6.0 * deviation, 6),
        ("of_logs", (log - 2.0 * of_logs).exp(), 98),
        ("times", 2.5 * median, 6),
        ("floored", 1.5 * median, 6),
    ];
    for (marker, cutoff, positive) in expected {
        let value = |name: String| row[&name].parse::<f64>().unwrap();
        let found = value(format!("positive_threshold_cells_{marker}"));
        assert!((found / cutoff - 1.0).abs() < 1e-9, "{marker}: {found} for {cutoff}");
        let share = value(format!("positive_fraction_cells_{marker}"));
        assert!((share - f64::from(positive) / 100.0).abs() < 1e-12, "{marker}: {share}");
    }
    assert_eq!([&row["class_count_cells_bright"], &row["class_count_cells_faint"]], ["6", "2"]);
}

/// Columns of two channels, and of families that name channels, say what is positive too.
#[test]
fn any_column_may_say_what_is_positive() {
    let shape = Shape::flat(20, 60);
    let at = |i: usize| (i / 60, i % 60);
    let is_cell = |i: usize| at(i).0 > 3 && at(i).0 < 16 && at(i).1 % 20 > 3 && at(i).1 % 20 < 16;
    let ramp = |i: usize| 500 + 20 * at(i).0 as i32;
    // The third cell falls where the others rise.
    let other = |i: usize| if at(i).1 < 40 { ramp(i) } else { 1000 - ramp(i) + 300 };
    let channel = |of: &dyn Fn(usize) -> i32| {
        Volume::new(shape, (0..shape.len()).map(|i| if is_cell(i) { of(i) } else { 0 }).collect()).unwrap()
    };
    let scan = scan(vec![("a", channel(&ramp)), ("b", channel(&other))], None);
    let text = r#"
channels = { a = [0], b = [1] }
[objects.cells]
channel = "a"
steps = [{ op = "threshold", method = "fixed", value = 100 }, { op = "label" }]
[measure.cells]
features = ["colocalisation"]
[positive.cells]
together = { above = 0.5, column = "coloc_pearson_a_b" }
[phenotypes.cells]
together = "together+"
apart = "together-"
[gallery.cells]
phenotype = "together"
side = "20 px"
channels = ["b", "a"]
"#;
    let outcome =
        pipeline::run(&scan, &Recipe::parse("r", text, &[]).unwrap(), &Device::Cpu, &External::new()).unwrap();
    let count = |class: &str| outcome.row.column(&format!("class_count_cells_{class}")).unwrap().cells.clone();
    assert_eq!([count("together"), count("apart")], [Cells::Int(vec![Some(2)]), Cells::Int(vec![Some(1)])]);
    let names: Vec<&str> = outcome.galleries[0].channels.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["b", "a"], "in the order of the recipe");
}

#[test]
fn an_adapter_gives_the_same() {
    let (scan, _) = Blood::new(80, 4, 10, 15).scan();
    let told = |o: Outcome| (o.row, o.sets.into_iter().map(|s| s.table).collect::<Vec<_>>());
    assert!(told(run(&scan, &Device::Cpu)) == told(run(&scan, &common::gpu(None))));
}

#[test]
fn a_missing_stain_is_named() {
    let (scan, _) = Blood::new(20, 1, 0, 15).scan();
    for (missing, role) in [(0, "nucleus"), (1, "cytokeratin"), (2, "cd45")] {
        let mut channels = scan.channels.clone();
        channels.remove(missing);
        let recipe = Recipe::parse("ctc", preset("ctc").unwrap().text, &[]).unwrap();
        let scan = Scan { channels, ..scan.clone() };
        let e = pipeline::run(&scan, &recipe, &Device::Cpu, &External::new()).unwrap_err();
        assert!(e.to_string().contains(&format!("no channel for \"{role}\"")) && e.remedy.is_some(), "{e}");
    }
}

const DROPLETS: &str = include_str!("../docs/droplets.toml");

/// Oracle: droplets with known numbers of cells.
#[test]
fn droplets_with_none_one_or_more_cells_are_counted() {
    let (pitch, n) = (50, 5);
    let shape = Shape::flat(pitch * n, pitch * n);
    let far = |i: usize, at: [usize; 2]| {
        let [_, y, x] = shape.position(i).map(|v| v as f64);
        (y - at[0] as f64).hypot(x - at[1] as f64)
    };
    // Droplet k has k % 4 cells; the last row of cells lies between droplets.
    let middle = |k: usize| [k / n * pitch + 25, k % n * pitch + 25];
    let is_in = |i: usize, k: usize| far(i, middle(k)) < 18.0;
    let cell = |k: usize, c: usize| [middle(k)[0] + [0, 9, 2][c] - 5, middle(k)[1] + [0, 4, 11][c] - 5];
    let inside = |i: usize, dark: i32, light: i32, is: &dyn Fn(usize, usize) -> bool| {
        let [_, y, x] = shape.position(i);
        dark + (i as i32 * 7919 % 13) + if is(i, y / pitch * n + x / pitch) { light } else { 0 }
    };
    let has_cell = |i: usize, k: usize| {
        (0..k % 4).any(|c| far(i, cell(k, c)) < 3.5)
            || (k == 12 && far(i, [middle(k)[0] + 22, middle(k)[1] + 22]) < 3.0)
    };
    let droplets = Volume::new(shape, (0..shape.len()).map(|i| inside(i, 100, 800, &is_in)).collect()).unwrap();
    let cells = Volume::new(shape, (0..shape.len()).map(|i| inside(i, 100, 3000, &has_cell)).collect()).unwrap();
    let recipe = Recipe::parse("droplets.toml", DROPLETS, &[]).unwrap();
    let expected = |is: fn(usize) -> bool| (0..n * n).filter(|k| is(k % 4)).count() as i64;
    // A speck of dust, between droplets, hides no cells.
    for speck in [0.0, 20_000.0, 60_000.0] {
        let light = |i: usize| (speck * libm::exp(-far(i, [200, 50]).powi(2) / 8.0)) as i32;
        let dusty = cells.samples.host().unwrap().iter().enumerate().map(|(i, s)| (s + light(i)).min(65_535)).collect();
        let dusty = Volume::new(shape, dusty).unwrap();
        let scan = scan(vec![("fluorescein", droplets.clone()), ("DAPI", dusty)], None);
        let outcome = pipeline::run(&scan, &recipe, &Device::Cpu, &External::new()).unwrap();
        let count = |class: &str| match &outcome.row.column(&format!("class_count_droplets_{class}")).unwrap().cells {
            Cells::Int(v) => v[0].unwrap(),
            _ => panic!("{class}"),
        };
        let told = [count("empty"), count("one_cell"), count("more_cells")];
        assert_eq!(told, [expected(|c| c == 0), expected(|c| c == 1), expected(|c| c > 1)], "{speck}");
    }
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
    let (one, _) = Blood::new(0, 1, 0, 2).scan();
    let outcome = run(&one, &Device::Cpu);
    assert_eq!(outcome.galleries[0].candidates.len(), 0, "a cell alone has nothing to be compared with");
    assert!(outcome.warnings > 0);
}
