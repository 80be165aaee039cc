//! What parents learn of their children. Oracle: the same sums made from the children's own table. Invariant: the adapter
//! gives what the CPU gives. Mechanics: columns, a set that is not written, refusals whose remedies help.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use uptake::device::Device;
use uptake::image::{Channel, Modality, Scan, Volume};
use uptake::pipeline::{self, External, Outcome};
use uptake::recipe::Recipe;
use uptake::table::{Cells, Table};
use uptake::units::Shape;

/// Squares of 14 px, each with a few bright spots of its own; some spots lie outside.
fn scan() -> Scan {
    let shape = Shape::flat(100, 120);
    let at = |i: usize| (i / 120, i % 120);
    let cell = |i: usize| (at(i).0 % 20 >= 4) && (at(i).0 % 20 < 18) && (at(i).1 % 20 >= 3) && (at(i).1 % 20 < 17);
    let spot = |i: usize| {
        let (y, x) = at(i);
        let count = (y / 20 + x / 20) % 4;
        (0..count).any(|k| y % 20 == 6 + 3 * k && (x % 20 == 8 || x % 20 == 9)) || (y % 20 == 1 && x % 40 == 1)
    };
    let channel = |name: &str, of: &dyn Fn(usize) -> i32| {
        let volume = Volume::new(shape, (0..shape.len()).map(of).collect()).unwrap();
        Channel { name: name.into(), unit: "au", volume, saturated: Some(0), saturation: Some(65_535) }
    };
    let cells = channel("cyto", &|i| if cell(i) { 900 } else { 100 + (i as i32 * 7919) % 13 });
    let spots = channel("fish", &|i| if spot(i) { 2000 + (i as i32 % 50) * 10 } else { 100 + (i as i32 * 31) % 11 });
    Scan::new(Modality::Fluorescence, shape, vec![cells, spots])
}

const RECIPE: &str = r#"
channels = { cyto = ["cyto"], fish = ["fish"] }
[objects.cells]
channel = "cyto"
steps = [{ op = "threshold", method = "fixed", value = 500 }, { op = "label" }]
[objects.spots]
channel = "fish"
steps = [{ op = "threshold", method = "fixed", value = 1000 }, { op = "label" }]
parent = ["cells"]
[measure.cells]
features = ["intensity"]
channels = ["cyto"]
[measure.spots]
features = ["intensity"]
channels = ["fish"]
[relate.spots]
mean = ["area_px", "intensity_mean_fish"]
sum = "intensity_integrated_fish"
median = "intensity_mean_fish"
min = "intensity_mean_fish"
max = "intensity_mean_fish"
"#;

fn run(text: &str, device: &Device) -> Outcome {
    let recipe = Recipe::parse("r.toml", text, &[]).unwrap();
    pipeline::run(&scan(), &recipe, device, &External::new()).unwrap()
}

fn table<'a>(outcome: &'a Outcome, set: &str) -> &'a Table {
    &outcome.sets.iter().find(|s| s.name == set).unwrap().table
}

fn numbers(table: &Table, column: &str) -> Vec<Option<f64>> {
    match &table.column(column).unwrap_or_else(|| panic!("{column}")).cells {
        Cells::Int(v) => v.iter().map(|v| v.map(|v| v as f64)).collect(),
        Cells::Real(v) => v.clone(),
        Cells::Text(_) => panic!("{column} is text"),
    }
}

#[test]
fn parents_learn_what_their_children_are() {
    let outcome = run(RECIPE, &Device::Cpu);
    let (cells, spots) = (table(&outcome, "cells"), table(&outcome, "spots"));
    assert_eq!((cells.rows(), spots.rows() > 30), (30, true));
    let parents = numbers(spots, "parent_cells");
    assert!(parents.contains(&None), "some spots lie outside");
    let of = |column: &str, label: f64| -> Vec<f64> {
        let values = numbers(spots, column).into_iter().zip(&parents);
        values.filter(|(_, p)| **p == Some(label)).filter_map(|(v, _)| v).collect()
    };
    for row in 0..cells.rows() {
        let label = row as f64 + 1.0;
        let cell = |column: &str| numbers(cells, column)[row];
        let (areas, means) = (of("area_px", label), of("intensity_mean_fish", label));
        let some = |v: f64| (!means.is_empty()).then_some(v);
        let mean = |v: &[f64]| some(v.iter().sum::<f64>() / v.len() as f64);
        assert_eq!(cell("children_spots_count"), Some(means.len() as f64));
        assert_eq!(cell("spots_mean_area_px"), mean(&areas));
        assert_eq!(cell("spots_mean_intensity_mean_fish"), mean(&means));
        let sum = of("intensity_integrated_fish", label).iter().sum();
        assert_eq!(cell("spots_sum_intensity_integrated_fish"), some(sum));
        let mut sorted = means.clone();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        let middle = if n == 0 { 0.0 } else { (sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0 };
        assert_eq!(cell("spots_median_intensity_mean_fish"), some(middle));
        assert_eq!(cell("spots_min_intensity_mean_fish"), sorted.first().copied());
        assert_eq!(cell("spots_max_intensity_mean_fish"), sorted.last().copied());
    }
    let c = cells.column("spots_mean_intensity_mean_fish").unwrap();
    assert_eq!((c.unit.as_str(), c.empty.as_str()), ("au", "no child with a value"));
    // What the recipe says beforehand is what comes.
    let told = pipeline::columns(&Recipe::parse("r.toml", RECIPE, &[]).unwrap()).unwrap();
    let names = |t: &Table| t.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(table(&told, "cells")), names(cells));
}

#[test]
fn children_need_not_be_written() {
    let all = run(RECIPE, &Device::Cpu);
    let quiet = run(&RECIPE.replace("parent = [\"cells\"]", "parent = \"cells\"\nwrite = false"), &Device::Cpu);
    assert_eq!(quiet.sets.len(), 1);
    assert_eq!(table(&quiet, "cells"), table(&all, "cells"));
}

#[test]
fn an_object_may_have_parents_in_several_sets() {
    let nuclei = "[objects.nuclei]\ngrow = { from = \"cells\", by = \"1 px\" }\n";
    let text = format!("{}{nuclei}", RECIPE.replace("[\"cells\"]", "[\"nuclei\", \"cells\"]"));
    let outcome = run(&text, &Device::Cpu);
    let spots = table(&outcome, "spots");
    assert_eq!(numbers(spots, "parent_nuclei"), numbers(spots, "parent_cells"));
    assert_eq!(
        numbers(table(&outcome, "nuclei"), "children_spots_count"),
        numbers(table(&outcome, "cells"), "children_spots_count")
    );
}

#[test]
fn the_adapter_gives_the_same() {
    let gpu = common::gpu(None);
    let (cpu, gpu) = (run(RECIPE, &Device::Cpu), run(RECIPE, &gpu));
    for set in ["cells", "spots"] {
        assert_eq!(table(&cpu, set), table(&gpu, set));
    }
}

#[test]
fn every_remedy_helps() {
    let mended = |wrong: &str, right: &str, says: &str| {
        let e = Recipe::parse("r.toml", wrong, &[]).unwrap_err();
        assert!(e.remedy.as_ref().is_some_and(|r| r.contains(says)), "{e}");
        Recipe::parse("r.toml", right, &[]).unwrap();
    };
    let with = |from: &str, to: &str| RECIPE.replace(from, to);
    mended(&with("parent = [\"cells\"]\n", ""), RECIPE, "objects.spots.parent = \"SET\"");
    mended(&with("[relate.spots]", "[relate.spot]"), RECIPE, "spots");
    mended(&with("mean = [\"area_px\"", "mean = [\"area_p\""), RECIPE, "area_px");
    mended(&with("\nsum = ", "\nsums = "), RECIPE, "sum");
    let circle = format!("{RECIPE}[relate.cells]\n").replace("[objects.spots]", "parent = \"spots\"\n[objects.spots]");
    mended(&circle, &circle.replace("[relate.cells]\n", ""), "leave one of their tables out of [relate]");
}
