//! Markers of which a part is not known: overexposed, missing in a tile or a slice, or with hot pixels in the stain of cells. Kinds of test: oracle
//! (simulated cells whose markers are known), invariant (what lies elsewhere stays as it is).
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::light::{Field, Random, scan};
use uptake::device::Device;
use uptake::image::Volume;
use uptake::pipeline::{self, External, Outcome};
use uptake::recipe::preset;
use uptake::table::Cells;
use uptake::units::Shape;

/// Cells in squares of this side, eight by eight.
const SQUARE: usize = 36;
const CELLS: usize = 8;
const NUCLEUS: f64 = 9.0;

/// Discs with soft edges in the middle of squares, each of a light of its own, on an even ground, through all slices.
fn discs(depth: usize, ground: f64, radius: f64, light: impl Fn(usize) -> f64) -> Field {
    let shape = Shape::new(depth, SQUARE * CELLS, SQUARE * CELLS);
    let value = |i: usize| {
        let [_, y, x] = shape.position(i);
        let from_middle = |at: usize| (at % SQUARE) as f64 - 17.5;
        let inside = 1.0 / (1.0 + ((from_middle(y).hypot(from_middle(x)) - radius) / 0.7).exp());
        ground + inside * light(y / SQUARE * CELLS + x / SQUARE)
    };
    Field { shape, values: (0..shape.len()).map(value).collect() }
}

/// With noise of 6, changed sample by sample.
fn taken(field: &Field, seed: u64, change: impl Fn([usize; 3], i32) -> i32) -> Volume {
    let volume = field.volume(6.0, seed);
    let samples = volume.samples.host().unwrap().iter().enumerate();
    let samples = samples.map(|(i, s)| change(field.shape.position(i), *s)).collect();
    Volume::new(field.shape, samples).unwrap()
}

/// Runs a preset on nuclei and markers.
fn run(name: &str, markers: Vec<(&str, Volume)>) -> Outcome {
    let nuclei = discs(markers[0].1.shape.z, 60.0, NUCLEUS, |_| 500.0).volume(6.0, 1);
    let channels = std::iter::once(("DAPI", nuclei)).chain(markers).collect();
    let recipe = preset(name).unwrap().recipe().unwrap();
    pipeline::run(&scan(channels, Some([0.5; 3])), &recipe, &Device::Cpu, &External::new()).unwrap()
}

fn one(outcome: &Outcome, name: &str) -> Option<f64> {
    match &outcome.row.column(name).unwrap_or_else(|| panic!("no column {name}")).cells {
        Cells::Real(v) => v[0],
        Cells::Int(v) => v[0].map(|v| v as f64),
        Cells::Text(_) => panic!("{name} is text"),
    }
}

fn warnings(outcome: &Outcome) -> String {
    pipeline::warnings(&outcome.row).unwrap_or_default()
}

/// The cells of a column of objects, as numbers.
fn column(outcome: &Outcome, set: &str, name: &str) -> Vec<Option<f64>> {
    let table = &outcome.sets.iter().find(|s| s.name == set).unwrap().table;
    match &table.column(name).unwrap_or_else(|| panic!("no column {name}")).cells {
        Cells::Real(v) => v.clone(),
        Cells::Int(v) => v.iter().map(|v| v.map(|v| v as f64)).collect(),
        Cells::Text(_) => panic!("{name} is text"),
    }
}

/// A probe in cells: none, 1+, 2+ and 3+ by turns.
fn graded() -> Field {
    discs(1, 120.0, NUCLEUS + 7.0, |i| [0.0, 35.0, 100.0, 400.0][i % 4])
}

/// Oracle: 16 of 64 nuclei have the marker, and all cells have a little of it in their cytoplasm, which is more than glass has: all are positive, and a warning gives
/// the true share. Without that light, and where all of them have the marker, none does.
#[test]
fn unspecific_stain_of_cells_is_told_with_the_share_without_it() {
    let marked = |of_four: usize, unspecific: f64| {
        let mut marker = discs(1, 120.0, NUCLEUS, |i| if i % 4 < of_four { 1000.0 } else { 0.0 });
        let cells = discs(1, 0.0, NUCLEUS + 4.0, |_| unspecific);
        marker.values.iter_mut().zip(&cells.values).for_each(|(value, cell)| *value += cell);
        taken(&marker, 2, |_, s| s)
    };
    for (preset, name) in [("proliferation", "Ki-67"), ("viability", "PI")] {
        let marker = if preset == "viability" { "dead" } else { "marker" };
        let share = |outcome: &Outcome| one(outcome, &format!("positive_fraction_nuclei_{marker}"));
        let outcome = run(preset, vec![(name, marked(1, 45.0))]);
        let told = warnings(&outcome);
        assert_eq!(share(&outcome), Some(1.0), "{told}");
        assert!(told.contains("16 of 64 are positive (0.250) instead of 64 (1.000)"), "{told}");
        for (of_four, unspecific, truth) in [(1, 0.0, 0.25), (4, 45.0, 1.0)] {
            let outcome = run(preset, vec![(name, marked(of_four, unspecific))]);
            assert_eq!(share(&outcome), Some(truth));
            assert!(!warnings(&outcome).contains("of two kinds"), "{}", warnings(&outcome));
        }
    }
}

/// Oracle: an H-score of 150 as long as it can be told; nothing where the scale has cut it off, and a warning says so.
#[test]
fn an_overexposed_probe_has_no_grades_that_are_too_low() {
    // The scale of a camera of 12 bits, of one with an odd end, and of one that ends with the type of the file.
    for end in [4095, 3000, 65_535] {
        for (gain, is_known) in [(0.8, true), (2.0, false), (4.0, false)] {
            // Of the brightest cells 520 counts are 0.8 of the scale.
            let gain = gain * f64::from(end) / 520.0;
            let probe = taken(&graded(), 2, |_, s| ((f64::from(s) * gain) as i32).min(end));
            let outcome = run("expression", vec![("probe", probe)]);
            let (h, positive) = (one(&outcome, "h_score_cells_probe"), one(&outcome, "positive_fraction_cells_probe"));
            let said = warnings(&outcome).contains("overexposed in probe");
            println!("{end} times {gain}: H {h:?}, positive {positive:?}");
            assert!(said != is_known, "{}", warnings(&outcome));
            match is_known {
                true => assert!(h.is_some_and(|h| (h - 150.0).abs() < 2.0), "{h:?}"),
                false => assert_eq!(h, None, "{}", warnings(&outcome)),
            }
            assert!(positive.is_none_or(|share| (share - 0.75).abs() < 0.02), "{positive:?}");
            let share = one(&outcome, "image_saturated_fraction_probe").unwrap();
            assert!(if is_known { share == 0.0 } else { share > 0.1 }, "{share}");
        }
    }
}

/// Invariant: no cell is judged by what was not seen, and those elsewhere are what they are without it, whatever the missing tile holds and
/// wherever it lies.
#[test]
fn cells_in_a_tile_that_is_missing_are_neither_positive_nor_negative() {
    let immune = || discs(1, 120.0, NUCLEUS + 7.0, |i| if i % 4 == 3 { 200.0 } else { 0.0 });
    let tumour = || discs(1, 120.0, NUCLEUS + 7.0, |i| if i % 2 == 0 { 300.0 } else { 0.0 }).volume(6.0, 4);
    let whole = run("infiltration", vec![("PanCK", tumour()), ("CD8", immune().volume(6.0, 3))]);
    let judged = column(&whole, "cells", "positive_immune");
    assert_eq!(one(&whole, "class_count_cells_immune"), Some(16.0));
    let half = SQUARE * CELLS / 2;
    for value in [0, 100, 60_000] {
        for (place, [ys, xs]) in
            [("corner", [0..half, 0..half]), ("inside", [72..216, 72..180]), ("strip", [0..288, 108..180])]
        {
            let is_lost = |y: usize, x: usize| ys.contains(&y) && xs.contains(&x);
            let cut = taken(&immune(), 3, |[_, y, x], s| if is_lost(y, x) { value } else { s });
            let outcome = run("infiltration", vec![("PanCK", tumour()), ("CD8", cut)]);
            let here = column(&outcome, "cells", "positive_immune");
            let (y, x) = (column(&outcome, "cells", "centroid_y_px"), column(&outcome, "cells", "centroid_x_px"));
            let mut lost = 0;
            for (k, (here, whole)) in here.iter().zip(&judged).enumerate() {
                let is_in = is_lost(y[k].unwrap() as usize, x[k].unwrap() as usize);
                lost += usize::from(is_in);
                assert_eq!(*here, whole.filter(|_| !is_in), "{place} of {value}: cell {}", k + 1);
            }
            let said = format!("immune has not seen half and more of {lost} of 64 objects of cells");
            assert!(lost > 9 && warnings(&outcome).contains(&said), "{place} of {value}: {}", warnings(&outcome));
            assert_eq!(one(&outcome, "class_count_cells_immune"), None, "{place} of {value}");
        }
    }
}

/// Oracle: the same field whole. Rings leave out a slice that was lost, and so do the objects that are compared with them.
#[test]
fn a_slice_that_was_lost_in_a_probe_changes_no_grade() {
    let field = || discs(6, 120.0, NUCLEUS + 7.0, |i| [0.0, 45.0, 100.0, 400.0][i % 4]);
    let whole = run("expression", vec![("probe", field().volume(6.0, 5))]);
    let h = one(&whole, "h_score_cells_probe").unwrap();
    for value in [0, 100, 180] {
        let probe = taken(&field(), 5, |[z, _, _], s| if z == 3 { value } else { s });
        let outcome = run("expression", vec![("probe", probe)]);
        assert_eq!(one(&outcome, "h_score_cells_probe"), Some(h), "{value}");
        assert!(
            warnings(&outcome).contains("probe has not seen a tenth to a half of 64 of 64 objects of cells"),
            "{}",
            warnings(&outcome)
        );
        let (with, without) = (column(&outcome, "cells", "cnr_probe"), column(&whole, "cells", "cnr_probe"));
        let off = with.iter().zip(&without).map(|(a, b)| (a.unwrap() - b.unwrap()).abs() / (1.0 + b.unwrap().abs()));
        assert!(off.clone().all(|off| off < 0.1), "{value}: {:?}", off.fold(0.0, f64::max));
    }
}

/// Oracle: the same field without hot pixels.
#[test]
fn hot_pixels_in_a_stain_do_not_change_the_size_of_cells() {
    let area = |outcome: &Outcome| column(outcome, "cells", "area_px").iter().flatten().sum::<f64>();
    let field = || discs(1, 120.0, NUCLEUS + 7.0, |i| 150.0 + 60.0 * (i % 5) as f64);
    let clean = area(&run("cells-stain", vec![("CellMask", field().volume(6.0, 6))]));
    for (n, value) in [(1, 65_535), (10, 65_535), (30, 65_535), (30, 4095), (70, 20_000)] {
        let mut random = Random(n as u64);
        let hot: Vec<[usize; 3]> =
            (0..n).map(|_| [0, random.below(288.0) as usize, random.below(288.0) as usize]).collect();
        let stain = taken(&field(), 6, |at, s| if hot.contains(&at) { value } else { s });
        let outcome = run("cells-stain", vec![("CellMask", stain)]);
        let found = area(&outcome);
        assert!((found / clean - 1.0).abs() < 0.02, "{n} of {value}: {found} for {clean}");
        assert!(warnings(&outcome).contains("hot pixel"), "{n} of {value}: {}", warnings(&outcome));
    }
}
