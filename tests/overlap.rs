//! Object sets held against each other. Kinds of test: oracle (the matches of the accuracy tests' own count, formulas on its numbers), invariant
//! (numbers of objects, threads), mechanics (missing files, empty sets, what is refused; the remedies are taken).

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::light::Random;
use common::score::score;
use uptake::device::Device;
use uptake::image::{Channel, Modality, Regions, Scan};
use uptake::pipeline::{self, External, Outcome};
use uptake::recipe::Recipe;
use uptake::table::Cells;
use uptake::units::Shape;

const SIDE: usize = 400;
const RECIPE: &str = "[channels]\nc = [0]\n[objects]\nfound.labels = 'f.tif'\ndrawn = { labels = 'd.tif', optional = true }\n\
                      [overlap]\npairs = ['found', 'drawn']\n";

/// Discs on a grid, each moved and sized a little by chance; some are missing. Numbers are those of `name`.
fn discs(seed: u64, name: impl Fn(u32) -> u32) -> Vec<u32> {
    let mut random = Random(seed);
    let mut voxels = vec![0; SIDE * SIDE];
    for i in 0..100u32 {
        let [cy, cx] = [i / 10, i % 10].map(|k| f64::from(k) * 40.0 + 20.0 + random.below(14.0) - 7.0);
        let (radius, is_there) = (8.0 + random.below(6.0), random.uniform() > 0.1);
        for at in (0..SIDE * SIDE).filter(|_| is_there) {
            let far = ((at / SIDE) as f64 - cy).hypot((at % SIDE) as f64 - cx);
            if far <= radius && voxels[at] == 0 {
                voxels[at] = name(i + 1);
            }
        }
    }
    voxels
}

fn run(found: &[u32], drawn: Option<&[u32]>) -> Outcome {
    let shape = Shape::flat(SIDE, SIDE);
    let zeros = ndarray::Array3::<u16>::zeros((1, SIDE, SIDE));
    let scan = Scan::new(Modality::Fluorescence, shape, vec![Channel::of_array("c", zeros.view()).unwrap()]);
    let recipe = Recipe::parse("overlap", RECIPE, &[]).unwrap();
    let regions = |voxels: &[u32]| Regions::of_voxels(shape, voxels).unwrap();
    let mut external = External::from([("found".to_string(), regions(found))]);
    external.extend(drawn.map(|drawn| ("drawn".to_string(), regions(drawn))));
    pipeline::run(&scan, &recipe, &Device::Cpu, &external).unwrap()
}

fn one(outcome: &Outcome, name: &str) -> Option<f64> {
    let name = format!("overlap_{name}_found_vs_drawn");
    match &outcome.row.column(&name).unwrap_or_else(|| panic!("no column {name}")).cells {
        Cells::Real(v) => v[0],
        Cells::Int(v) => v[0].map(|v| v as f64),
        Cells::Text(_) => panic!("{name} is text"),
    }
}

/// Columns of the pair, with their values.
fn all(outcome: &Outcome) -> Vec<(String, Cells)> {
    let columns = outcome.row.columns.iter().filter(|c| c.name.starts_with("overlap_"));
    columns.map(|c| (c.name.clone(), c.cells.clone())).collect()
}

/// Oracle: matches and foregrounds as the accuracy tests count them, and the formulas of shares.
#[test]
fn discs_match_as_the_accuracy_tests_count() {
    let (found, drawn) = (discs(1, |i| i), discs(2, |i| i));
    let (outcome, truth) = (run(&found, Some(&drawn)), score(&found, &drawn, 0.5));
    let of = |name: &str| one(&outcome, name).unwrap();
    assert!(truth.matched > 20 && truth.matched < truth.found.min(truth.truth));
    assert_eq!(of("objects_matched"), truth.matched as f64);
    assert_eq!((of("objects_f1"), of("jaccard")), (truth.f1(), truth.pixel_iou));
    assert_eq!(of("objects_precision"), truth.matched as f64 / truth.found as f64);
    assert_eq!(of("objects_recall"), truth.matched as f64 / truth.truth as f64);
    let [both, first, second, neither] = ["both_px", "first_px", "second_px", "neither_px"].map(of);
    assert_eq!(both + first + second + neither, (SIDE * SIDE) as f64);
    assert_eq!((of("precision"), of("recall")), (both / (both + first), both / (both + second)));
    assert_eq!(of("dice"), 2.0 * both / (2.0 * both + first + second));
    assert_eq!(of("false_positive_rate"), first / (first + neither));
    assert!((0.5..1.0).contains(&of("matched_iou")));
    assert!(of("adjusted_rand_index") < of("rand_index"));
    let same = run(&found, Some(&found));
    for name in
        ["precision", "recall", "dice", "jaccard", "rand_index", "adjusted_rand_index", "objects_f1", "matched_iou"]
    {
        assert_eq!(one(&same, name), Some(1.0), "{name}");
    }
}

/// Invariant: numbers of objects and threads change nothing.
#[test]
fn numbers_and_threads_do_not_matter() {
    let on = |threads: usize, turn: u32| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let drawn = discs(2, |i| (i * turn) % 101);
        pool.install(|| all(&run(&discs(1, |i| i), Some(&drawn))))
    };
    let first = on(1, 1);
    assert_eq!(first.len(), 16);
    assert_eq!(first, on(7, 1));
    // The sum of overlaps runs in the order of numbers: it may differ by rounding.
    for ((name, a), (_, b)) in first.iter().zip(on(3, 37)) {
        match (a, b) {
            (Cells::Real(a), Cells::Real(b)) => assert!((a[0].unwrap() - b[0].unwrap()).abs() < 1e-12, "{name}"),
            (a, b) => assert_eq!(*a, b, "{name}"),
        }
    }
}

/// Mechanics: a file that is missing is no empty set, and sets without objects have what can be said; columns are those of the dictionary.
#[test]
fn what_is_missing_is_empty() {
    let (found, nothing) = (discs(1, |i| i), vec![0; SIDE * SIDE]);
    let missing = run(&found, None);
    let empty = |cells: &Cells| {
        matches!(cells, Cells::Real(v) if v[0].is_none()) || matches!(cells, Cells::Int(v) if v[0].is_none())
    };
    assert!(all(&missing).iter().all(|(_, cells)| empty(cells)));
    let none = run(&found, Some(&nothing));
    assert_eq!(["objects_f1", "dice", "precision"].map(|name| one(&none, name)), [Some(0.0); 3]);
    assert_eq!(["objects_recall", "recall", "matched_iou"].map(|name| one(&none, name)), [None; 3]);
    let neither = run(&nothing, Some(&nothing));
    assert_eq!(["objects_f1", "dice", "adjusted_rand_index"].map(|name| one(&neither, name)), [None; 3]);
    let dictionary = pipeline::columns(&Recipe::parse("overlap", RECIPE, &[]).unwrap()).unwrap();
    let names = |o: &Outcome| o.row.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&dictionary), names(&missing));
}

/// Mechanics: what cannot be is refused with its line, and what is said helps.
#[test]
fn wrong_pairs_are_refused() {
    let recipe = |pairs: &str| RECIPE.replace("['found', 'drawn']", pairs);
    for (pairs, words, remedy) in [
        ("['found', 'drown']", "try: drawn", "['found', 'drawn']"),
        ("['found', 'found']", "is held against itself", "['found', 'drawn']"),
        ("[['found', 'drawn'], ['found', 'drawn']]", "stands there twice", "[['found', 'drawn'], ['drawn', 'found']]"),
        ("['found']", "where a list of pairs of object sets belongs", "[['found', 'drawn']]"),
        ("3", "pairs = [[\"found\", \"drawn\"]]", "[[\"found\", \"drawn\"]]"),
    ] {
        let told = Recipe::parse("r", &recipe(pairs), &[]).unwrap_err().to_string();
        assert!(told.contains(words) && told.contains("line "), "{pairs}: {told}");
        assert!(Recipe::parse("r", &recipe(remedy), &[]).is_ok(), "{remedy}");
    }
}
