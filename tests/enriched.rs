//! Tumour cells that are many of the cells: enriched samples, positive controls, and the cutoffs of the preset `ctc`. Oracle: simulated cells of
//! known kinds, in shares from none to all; every remedy that a warning names is tried.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::light::{Random, scan};
use uptake::device::Device;
use uptake::image::{Scan, Volume};
use uptake::pipeline::{self, External};
use uptake::recipe::{Recipe, preset};
use uptake::table::Cells;
use uptake::units::Shape;

/// Cells of known kinds on a grid.
#[derive(Clone, Copy)]
struct Mixed {
    leukocytes: usize,
    tumour_cells: usize,
    /// Cells with neither stain.
    others: usize,
    /// Light of CD45 in tumour cells.
    weak_cd45: f64,
    /// Standard deviation of the logarithm of cytokeratin in tumour cells.
    spread: f64,
    seed: u64,
}

impl Mixed {
    fn new(leukocytes: usize, tumour_cells: usize, weak_cd45: f64) -> Self {
        Mixed { leukocytes, tumour_cells, others: 0, weak_cd45, spread: 0.4, seed: 7 }
    }

    /// Light of cytokeratin and CD45 in each, even noise on top.
    fn scan(self) -> Scan {
        let all = self.leukocytes + self.tumour_cells + self.others;
        let (n, pitch) = ((all as f64).sqrt().ceil() as usize, 44);
        let (side, mut random) = (n * pitch, Random(self.seed));
        let mut light = [vec![80.0; side * side], vec![40.0; side * side], vec![60.0; side * side]];
        let mut rest = 0;
        for cell in 0..all {
            // The kinds take turns; among those that are no tumour cells, the others do.
            let takes_turn = |k: usize, some: usize, all: usize| (k + 1) * some / all > k * some / all;
            let is_tumour = takes_turn(cell, self.tumour_cells, all);
            let is_other = !is_tumour && takes_turn(rest, self.others, self.leukocytes + self.others);
            rest += usize::from(!is_tumour);
            let spread = |random: &mut Random, deviation: f64| (deviation * random.normal()).exp();
            let keratin = 1500.0 * spread(&mut random, self.spread);
            let (keratin, cd45, radius) = match (is_tumour, is_other) {
                (true, _) => (keratin, self.weak_cd45 * spread(&mut random, 0.2), 9.0),
                (false, true) => (0.0, 0.0, 9.0),
                (false, false) => (0.0, 600.0 * spread(&mut random, 0.4), 7.0),
            };
            let at = [cell / n, cell % n].map(|k| (k * pitch + pitch / 2) as i64);
            for (dy, dx) in (-18i64..=18).flat_map(|dy| (-18i64..=18).map(move |dx| (dy, dx))) {
                let far = (dy as f64).hypot(dx as f64);
                let inside = |radius: f64| 1.0 / (1.0 + ((far - radius) / 0.7).exp());
                let i = (at[0] + dy) as usize * side + (at[1] + dx) as usize;
                light[0][i] += 800.0 * inside(radius);
                light[1][i] += keratin * inside(radius + 4.0);
                light[2][i] += cd45 * inside(radius + 4.0);
            }
        }
        let mut taken = |light: &Vec<f64>| {
            let sample = |v: &f64| (v + v.sqrt() * random.normal()).round().max(0.0) as i32;
            Volume::new(Shape::flat(side, side), light.iter().map(sample).collect()).unwrap()
        };
        let [dna, keratin, cd45] = light;
        scan(vec![("DAPI", taken(&dna)), ("PanCK", taken(&keratin)), ("CD45", taken(&cd45))], None)
    }
}

/// Numbers of tumour cells and leukocytes, and all warnings.
fn counted(scan: &Scan, numbers: &[&str]) -> ([Option<i64>; 2], String) {
    let numbers: Vec<String> = numbers.iter().map(|s| (*s).to_owned()).collect();
    let recipe = Recipe::parse("ctc", preset("ctc").unwrap().text, &numbers).unwrap();
    let outcome = pipeline::run(scan, &recipe, &Device::Cpu, &External::new()).unwrap();
    let count = |class: &str| match &outcome.row.column(&format!("class_count_cells_{class}")).unwrap().cells {
        Cells::Int(v) => v[0],
        _ => panic!("{class}"),
    };
    let warnings = match &outcome.row.column("warnings").unwrap().cells {
        Cells::Text(v) => v[0].clone().unwrap_or_default(),
        _ => panic!("warnings"),
    };
    ([count("CTC"), count("leukocyte")], warnings)
}

/// Oracle: samples that were enriched have their tumour cells, and nothing is said against them where these are all.
#[test]
fn half_and_more_of_the_cells_may_be_tumour_cells() {
    for (leukocytes, tumour_cells, weak) in
        [(60, 60, 40.0), (60, 60, 0.0), (40, 90, 40.0), (40, 90, 0.0), (70, 60, 0.0), (16, 124, 0.0)]
    {
        let (counts, warnings) = counted(&Mixed::new(leukocytes, tumour_cells, weak).scan(), &[]);
        let [found, others] = counts.map(|n| n.unwrap_or(0) as usize);
        let what = format!("{leukocytes} {tumour_cells} {weak}: {counts:?} {warnings}");
        // A limit in deviations may leave a few on the wrong side, which is told.
        assert!(others == leukocytes && found <= tumour_cells && found * 10 >= tumour_cells * 9, "{what}");
        assert!(found == tumour_cells || warnings.contains("that are dim may lie below"), "{what}");
        assert!(!warnings.contains("suppose") && !warnings.contains("is not known"), "{what}");
    }
}

/// Oracle: cytokeratin that varies by a factor of a hundred from cell to cell has no gap; that of CD45 tells the kinds.
#[test]
fn a_stain_without_a_gap_follows_the_one_that_has_one() {
    for (seed, leukocytes, tumour_cells) in [(1, 90, 54), (2, 80, 64), (3, 72, 72), (4, 44, 100), (5, 16, 128)] {
        let scan = Mixed { spread: 1.0, seed, ..Mixed::new(leukocytes, tumour_cells, 0.0) }.scan();
        let (counts, warnings) = counted(&scan, &[]);
        let [found, others] = counts.map(|n| n.unwrap_or(0) as usize);
        let what = format!("{leukocytes} {tumour_cells}: {counts:?} {warnings}");
        assert!(others == leukocytes && found <= tumour_cells && found * 10 >= tumour_cells * 9, "{what}");
        assert!(!warnings.contains("is not known") && !warnings.contains("typical object"), "{what}");
    }
}

/// The number that a warning gives for a marker.
fn number_for(warnings: &str, marker: &str) -> Option<String> {
    let words: Vec<&str> = warnings.split("such as ").skip(1).collect();
    let given = words.iter().find(|text| text.split(' ').nth(2).is_some_and(|name| name.starts_with(marker)))?;
    Some(format!("positive.cells.{marker}.above={}", given.split(' ').next()?))
}

/// Oracle: cells with neither stain, so that the two do not part the cells into the same kinds. The number that is printed for CD45 gives all tumour cells.
#[test]
fn the_number_for_one_stain_gives_the_cutoff_of_the_other_one() {
    for (seed, leukocytes, tumour_cells, others) in [(1, 30, 84, 30), (2, 24, 90, 30)] {
        let mixed = Mixed { others, seed, spread: 0.8, ..Mixed::new(leukocytes, tumour_cells, 0.0) };
        let scan = mixed.scan();
        let (counts, warnings) = counted(&scan, &[]);
        assert!(counts[0].is_none() && warnings.contains("who is positive is not known"), "{counts:?} {warnings}");
        let number = number_for(&warnings, "cd45").unwrap();
        let (counts, warnings) = counted(&scan, &[&number]);
        let found = counts[0].unwrap_or(0) as usize;
        let what = format!("{number}: {counts:?} of {tumour_cells} {warnings}");
        assert!(found <= tumour_cells && found * 10 >= tumour_cells * 9, "{what}");
        assert_eq!(counts[1], Some(leukocytes as i64), "{what}");
    }
}

/// A number for one stain, and hardly a leukocyte that the other cutoff could follow from: the warning stays, and nothing is counted.
#[test]
fn a_number_for_one_stain_that_says_nothing_of_the_other_one_is_told() {
    for number in ["positive.cells.cd45.above=140", "positive.cells.cytokeratin.above=200"] {
        for (leukocytes, spread) in [(4, 0.4), (4, 0.9), (0, 0.4), (0, 0.9)] {
            let scan = Mixed { spread, ..Mixed::new(leukocytes, 130, 0.0) }.scan();
            for numbers in [&[][..], &[number]] {
                let (counts, warnings) = counted(&scan, numbers);
                let what = format!("{numbers:?} {leukocytes} {spread}: {counts:?} {warnings}");
                assert!(counts[0].is_none() && warnings.contains("the typical object of cells has more"), "{what}");
            }
        }
    }
}

/// Where nothing tells which cells are meant a warning does, nothing is counted, and the numbers that it asks for give all of them.
#[test]
fn cutoffs_of_the_wrong_kind_are_told_with_numbers() {
    let numbers = ["positive.cells.cytokeratin.above=200", "positive.cells.cd45.above=140"];
    for alone in [Mixed::new(0, 100, 40.0), Mixed::new(0, 100, 0.0), Mixed { spread: 0.7, ..Mixed::new(0, 100, 40.0) }]
    {
        let alone = alone.scan();
        let (counts, warnings) = counted(&alone, &[]);
        assert!(
            counts[0].is_none() && warnings.contains("the typical object of cells has more"),
            "{counts:?} {warnings}"
        );
        let (counts, warnings) = counted(&alone, &numbers);
        assert!(counts[0] >= Some(98) && !warnings.contains("typical object"), "{counts:?} {warnings}");
    }
    let (counts, warnings) = counted(&Mixed::new(100, 0, 40.0).scan(), &[]);
    assert!(!warnings.contains("typical object") && !warnings.contains("far from that"), "{warnings}");
    assert_eq!(counts, [Some(0), Some(100)]);
    let (counts, warnings) = counted(&Mixed::new(10, 140, 40.0).scan(), &[]);
    assert!(counts[0].is_none() && warnings.contains("typical object"), "{counts:?} {warnings}");
}

/// Many candidates whose cutoffs follow from the median of all: the warning says what may be so in both directions.
#[test]
fn many_candidates_are_doubted_in_both_directions() {
    let (counts, warnings) = counted(&Mixed::new(40, 6, 0.0).scan(), &[]);
    let words =
        ["6 of 46 cells are CTC", "more may be missing", "something else is counted", "a sample that has hardly any"];
    assert_eq!(counts[0], Some(6));
    assert!(words.iter().all(|words| warnings.contains(words)), "{warnings}");
    assert!(warnings.contains("(cytokeratin: ") && warnings.contains(", cd45: "), "{warnings}");
    // The numbers that it asks for say it no more.
    let numbers = ["positive.cells.cytokeratin.above=200", "positive.cells.cd45.above=140"];
    let (counts, warnings) = counted(&Mixed::new(40, 6, 0.0).scan(), &numbers);
    assert!(counts[0] == Some(6), "{counts:?} {warnings}");
}
