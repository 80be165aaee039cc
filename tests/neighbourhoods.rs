//! Cellular neighbourhoods: what classes lie around an object, and clusters of that. Kinds of test: oracle (the same algorithm in numpy on a
//! synthetic tissue, `tests/oracle/neighbourhoods.py`; a field worked out by hand), invariant (threads, numbers of objects, a turned field),
//! mechanics (what cannot be is refused, and the remedies are taken).

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::HashMap;
use uptake::device::Device;
use uptake::image::{Channel, Modality, PointOrigin, Scan};
use uptake::pipeline::{self, External, Outcome};
use uptake::read::{self, Options, Pick};
use uptake::recipe::Recipe;
use uptake::table::{Cells, Table};
use uptake::units::Shape;

const ORACLE: &str = include_str!("oracle/neighbourhoods.csv");
const SIDE: usize = 300;
const CLASSES: &str = "['B cell', 'stroma', 'tumour']";
const COLUMNS: [&str; 3] = ["neighbour_fraction_B_cell", "neighbour_fraction_stroma", "neighbour_fraction_tumour"];

fn recipe(classes: &str, measure: &str) -> String {
    format!(
        "[channels]\nc = [0]\n[objects.cells]\nlabels = 'cells.csv'\nclasses = {classes}\n[measure.cells]\nfeatures = ['neighbours']\n{measure}\n"
    )
}

fn run(points: &str, recipe: &str) -> uptake::Result<Outcome> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cells.csv");
    std::fs::write(&path, points).unwrap();
    let voxels = ndarray::Array3::<u16>::zeros((1, SIDE, SIDE));
    let channel = Channel::of_array("c", voxels.view()).unwrap();
    let scan = Scan::new(Modality::Fluorescence, Shape::flat(SIDE, SIDE), vec![channel]);
    let pick = Pick { origin: PointOrigin::Centre, ..Pick::default() };
    let regions = read::regions(&path, &scan, &pick, &Options::default()).unwrap();
    let recipe = Recipe::parse("test", recipe, &[])?;
    pipeline::run(&scan, &recipe, &Device::Cpu, &External::from([("cells".to_string(), regions)]))
}

fn cell(table: &Table, name: &str, row: usize) -> Option<f64> {
    match &table.column(name).unwrap_or_else(|| panic!("no column {name}")).cells {
        Cells::Int(v) => v[row].map(|v| v as f64),
        Cells::Real(v) => v[row],
        Cells::Text(_) => panic!("{name} is text"),
    }
}

fn expected() -> Vec<HashMap<String, String>> {
    csv::Reader::from_reader(ORACLE.as_bytes()).deserialize().map(|row| row.unwrap()).collect()
}

/// The points of the tissue, turned by a quarter or not, in an order of which `step` is coprime to their number; each has its number as its name.
fn tissue(turn: bool, step: usize) -> String {
    let rows = expected();
    let line = |i: usize| {
        let (at, row) = (i * step % rows.len(), &rows[i * step % rows.len()]);
        let [x, y] = ["x_px", "y_px"].map(|key| row[key].parse::<usize>().unwrap());
        let [x, y] = if turn { [y, SIDE - 1 - x] } else { [x, y] };
        format!("{x},{y},0,{at},{}\n", row["class"])
    };
    format!("x_px,y_px,radius_px,name,class\n{}", (0..rows.len()).map(line).collect::<String>())
}

/// Columns of the objects by their names in the file.
fn by_name(outcome: &Outcome) -> HashMap<usize, Vec<Option<f64>>> {
    let table = &outcome.sets[0].table;
    let Cells::Text(names) = &table.column("region").unwrap().cells else { panic!("words") };
    let row = |i: usize| COLUMNS.iter().chain(&["neighbourhood"]).map(|column| cell(table, column, i)).collect();
    names.iter().enumerate().map(|(i, name)| (name.as_ref().unwrap().parse().unwrap(), row(i))).collect()
}

/// Oracle: the shares around each cell, and its neighbourhood, as numpy has them; shares and means of the image follow from the table.
#[test]
fn a_tissue_has_the_neighbourhoods_that_numpy_finds() {
    let outcome = run(&tissue(false, 1), &recipe(CLASSES, "neighbours.neighbourhoods = 4")).unwrap();
    let (found, rows) = (by_name(&outcome), expected());
    assert_eq!(found.len(), 500);
    for (i, want) in rows.iter().enumerate() {
        for (k, class) in ["B cell", "stroma", "tumour"].iter().enumerate() {
            let (got, want) = (found[&i][k].unwrap(), want[*class].parse::<f64>().unwrap());
            assert!((got - want).abs() < 1e-12, "{i} {class} {got} {want}");
        }
        assert_eq!(found[&i][3], Some(want["neighbourhood"].parse().unwrap()), "{i}");
    }
    let row = |name: &str| cell(&outcome.row, name, 0);
    assert_eq!(row("neighbourhoods_cells"), Some(4.0));
    for number in 1..=4 {
        let those: Vec<_> = found.values().filter(|v| v[3] == Some(f64::from(number))).collect();
        let share = row(&format!("neighbourhood_{number}_fraction_cells")).unwrap();
        assert!(share == those.len() as f64 / 500.0 && share > 0.0, "{number}");
        for (k, class) in ["B_cell", "stroma", "tumour"].iter().enumerate() {
            let mean = those.iter().map(|v| v[k].unwrap()).sum::<f64>() / those.len() as f64;
            let got = row(&format!("neighbourhood_{number}_mean_cells_{class}")).unwrap();
            assert!((got - mean).abs() < 1e-12, "{number} {class}");
        }
    }
    assert!(row("neighbourhood_1_mean_cells_B_cell") < row("neighbourhood_4_mean_cells_B_cell"), "numbers rise");
}

/// Invariant: threads, the order of the objects and a quarter turn change no number of an object, though many lie equally far.
#[test]
fn neither_threads_nor_labels_nor_turns_change_a_neighbourhood() {
    let recipe = recipe(CLASSES, "neighbours.neighbourhoods = 4");
    let on = |threads: usize, turn: bool, step: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| run(&tissue(turn, step), &recipe).unwrap())
    };
    let (one, seven) = (on(1, false, 1), on(7, false, 1));
    assert!(one.sets[0].table == seven.sets[0].table && one.row == seven.row);
    let (shuffled, turned) = (on(3, false, 77), on(3, true, 1));
    assert!(shuffled.sets[0].table != one.sets[0].table, "they have other labels");
    assert_eq!(by_name(&shuffled), by_name(&one));
    assert_eq!(by_name(&turned), by_name(&one));
    let of_image = |o: &Outcome| -> Vec<_> {
        let columns = o.row.columns.iter().filter(|c| c.name.starts_with("neighbourhood"));
        columns.map(|c| (c.name.clone(), c.cells.clone())).collect()
    };
    assert_eq!(of_image(&one).len(), 17);
    assert_eq!(of_image(&one), of_image(&shuffled));
    assert_eq!(of_image(&one), of_image(&turned));
}

/// Oracle: five cells, by hand. Of the two that are second nearest to the first, each has half of the last place.
#[test]
fn windows_by_hand() {
    // The rows of a table go from the top down.
    const ROWS: [usize; 5] = [1, 2, 3, 0, 4];
    let points = "x_px,y_px,class\n50,50,a\n53,50,a\n50,55,b\n50,45,\n200,200,b\n";
    let shares = |measure: &str| {
        let outcome = run(points, &recipe("['a', 'b']", measure)).unwrap();
        let table = &outcome.sets[0].table;
        let of = |class: &str| {
            let name = format!("neighbour_fraction_{class}");
            ROWS.map(|i| cell(table, &name, i).unwrap())
        };
        let (a, b) = (of("a"), of("b"));
        (a, b, outcome)
    };
    let third = 1.0 / 3.0;
    let (a, b, outcome) = shares("neighbours.window = 3");
    assert_eq!((a[0], b[0]), (2.0 * third, 0.5 * third));
    assert_eq!((a[2], b[2]), (2.0 * third, third), "itself, and the nearest two");
    assert!(outcome.sets[0].table.column("neighbourhood").is_none(), "nobody asks for it");
    let (a, b, _) = shares("neighbours.window = '5 px'");
    assert_eq!((a[0], b[0]), (0.5, 0.25), "the end belongs to it");
    assert_eq!((a[4], b[4]), (0.0, 1.0), "alone");
    let (a, b, _) = shares("neighbours.window = 100");
    assert!(a.iter().all(|v| *v == 0.4) && b.iter().all(|v| *v == 0.4), "there are fewer: all of them");
    // What the recipe gives is in its order, and a neighbourhood may have no object.
    let centres = "neighbours = { window = '5 px', centres = [{ b = 1.0 }, { a = 0.5, b = 0.5 }, { a = 1.0 }] }";
    let (_, _, outcome) = shares(centres);
    let numbers = ROWS.map(|i| cell(&outcome.sets[0].table, "neighbourhood", i));
    assert_eq!(numbers, [2.0, 3.0, 2.0, 2.0, 1.0].map(Some));
    assert_eq!(cell(&outcome.row, "neighbourhood_2_fraction_cells", 0), Some(0.6));
}

/// Mechanics: images without objects and of few different ones; columns are those of the dictionary.
#[test]
fn few_objects_have_what_there_is() {
    let text = recipe("['a', 'b']", "neighbours.neighbourhoods = 3");
    let dictionary = pipeline::columns(&Recipe::parse("test", &text, &[]).unwrap()).unwrap();
    let names = |t: &Table| t.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    for (points, there) in [("", 0.0), ("9,9,a\n", 1.0), ("9,9,a\n40,9,b\n", 1.0)] {
        let outcome = run(&format!("x_px,y_px,class\n{points}"), &text).unwrap();
        assert_eq!(names(&outcome.sets[0].table), names(&dictionary.sets[0].table));
        assert_eq!(names(&outcome.row), names(&dictionary.row));
        assert_eq!(cell(&outcome.row, "neighbourhoods_cells", 0), Some(there));
        assert_eq!(cell(&outcome.row, "neighbourhood_3_fraction_cells", 0), None);
        let told = pipeline::warnings(&outcome.row).unwrap_or_default();
        assert_eq!(told.contains("1 neighbourhoods and not 3"), there > 0.0, "{told}");
    }
}

/// Mechanics: what cannot be is refused with its line, and what is said helps.
#[test]
fn wrong_neighbourhoods_are_refused() {
    let ab = "['a', 'b']";
    for (measure, words, remedy) in [
        ("neighbours.neighbourhoods = 1", "1 neighbourhoods", "neighbours.neighbourhoods = 5"),
        ("neighbours.window = 1", "1 objects in a window", "neighbours.window = 10"),
        ("neighbours.window = -3", "-3 is no number of objects", "neighbours.window = 10"),
        ("neighbours.window = 'wide'", "\"wide\" is no window", "neighbours.window = '50 px'"),
        ("neighbours.window = '0 um'", "there is nothing", "neighbours.window = '50 px'"),
        (
            "neighbours = { neighbourhoods = 2, centres = [{ a = 1.0 }, { b = 1.0 }] }",
            "one of them",
            "neighbours.neighbourhoods = 2",
        ),
        ("neighbours.centres = [{ a = 1.0 }]", "1 centres", "neighbours.centres = [{ a = 1.0 }, { b = 1.0 }]"),
        (
            "neighbours.centres = [{ a = 0.9, b = 0.9 }, { b = 1.0 }]",
            "these are 1.8",
            "neighbours.centres = [{ a = 0.9, b = 0.1 }, { b = 1.0 }]",
        ),
        (
            "neighbours.centres = [{ a = 1.0 }, { c = 1.0 }]",
            "\"c\" is no class of \"cells\"",
            "neighbours.centres = [{ a = 1.0 }, { b = 1.0 }]",
        ),
    ] {
        let told = Recipe::parse("r", &recipe(ab, measure), &[]).unwrap_err().to_string();
        assert!(told.contains(words) && told.contains("try: "), "{measure}: {told}");
        assert!(Recipe::parse("r", &recipe(ab, remedy), &[]).is_ok(), "{remedy}");
    }
    let told = Recipe::parse("r", &recipe("[]", "neighbours.neighbourhoods = 3"), &[]).unwrap_err().to_string();
    assert!(told.contains("have none") && told.contains("[phenotypes.cells]") && told.contains("line"), "{told}");
    assert!(Recipe::parse("r", &recipe(ab, "neighbours.neighbourhoods = 3"), &[]).is_ok());
}
