//! Paired probes: binding potentials by a targeted and an untargeted one. Kinds of test: oracle (simulated cells whose binding is known; quotients
//! of columns), invariant (threads), mechanics (who has none, what is made of them, what is refused; the remedies are taken).

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::light::{Field, scan};
use std::collections::BTreeSet;
use uptake::device::Device;
use uptake::image::{Regions, Volume};
use uptake::pipeline::{self, External, Outcome};
use uptake::recipe::Recipe;
use uptake::table::{Cells, Table};
use uptake::units::Shape;

/// Objects in squares of this side, six by six; those of the last row are muscle.
const SQUARE: usize = 40;
const WIDE: usize = 6;
const CELLS: usize = WIDE * (WIDE - 1);
const SHAPE: Shape = Shape { z: 1, y: SQUARE * WIDE, x: SQUARE * WIDE };
const BOUND: [f64; 4] = [0.0, 0.5, 1.0, 3.0];

fn object(i: usize) -> Option<usize> {
    let [_, y, x] = SHAPE.position(i);
    let from_middle = |at: usize| (at % SQUARE) as f64 - 19.5;
    let inside = from_middle(y).hypot(from_middle(x)) <= 12.0;
    inside.then_some(y / SQUARE * WIDE + x / SQUARE)
}

/// Light of the objects over an even ground.
fn field(ground: f64, light: impl Fn(usize) -> f64) -> Field {
    Field { shape: SHAPE, values: (0..SHAPE.len()).map(|i| ground + object(i).map_or(0.0, &light)).collect() }
}

/// What binds to an object, over what does not.
fn bound(object: usize) -> f64 {
    if object < CELLS { BOUND[object % 4] } else { 0.0 }
}

/// How a field differs from that in which all objects have the same untargeted probe.
struct Scene {
    gain: f64,
    untargeted: fn(usize) -> f64,
    overexposed: Option<usize>,
    /// The reference has objects.
    muscle: bool,
}

impl Default for Scene {
    fn default() -> Self {
        Scene { gain: 1.0, untargeted: |_| 200.0, overexposed: None, muscle: true }
    }
}

impl Scene {
    fn run(&self, recipe: &str) -> Outcome {
        let recipe = Recipe::parse("paired", &[HEAD, recipe].concat(), &[]).unwrap();
        let targeted = field(100.0, |i| self.gain * 200.0 * (1.0 + bound(i))).volume(6.0, 1);
        let samples = targeted.samples.host().unwrap().iter().enumerate();
        let end = |i: usize| object(i).is_some() && object(i) == self.overexposed;
        let targeted = Volume::new(SHAPE, samples.map(|(i, s)| if end(i) { 65_535 } else { *s }).collect()).unwrap();
        let untargeted = field(60.0, self.untargeted).volume(6.0, 2);
        let labels = |from: usize, to: usize| {
            let label = |i: usize| object(i).filter(|o| (from..to).contains(o)).map_or(0, |o| (o - from + 1) as u32);
            Regions::of_voxels(SHAPE, &(0..SHAPE.len()).map(label).collect::<Vec<_>>()).unwrap()
        };
        let external = External::from([
            ("cells".to_string(), labels(0, CELLS)),
            ("muscle".to_string(), labels(CELLS, if self.muscle { WIDE * WIDE } else { CELLS })),
        ]);
        let scan = scan(vec![("A", targeted), ("B", untargeted)], None);
        pipeline::run(&scan, &recipe, &Device::Cpu, &external).unwrap()
    }
}

const HEAD: &str = "[channels]\nprobe = ['A']\nisotype = ['B']\n[objects]\ncells.labels = 'c.tif'\nmuscle.labels = 'm.tif'\n\
                    [measure.cells]\nfeatures = ['intensity', 'probe']\n[measure.muscle]\nfeatures = ['probe', 'intensity']\n";

fn pair(more: &str) -> String {
    format!("[paired.cells]\nEGFR = {{ targeted = 'probe', untargeted = 'isotype'{more} }}\n")
}

fn numbers(table: &Table, name: &str) -> Vec<Option<f64>> {
    match &table.column(name).unwrap_or_else(|| panic!("no column {name}")).cells {
        Cells::Int(v) => v.iter().map(|v| v.map(|v| v as f64)).collect(),
        Cells::Real(v) => v.clone(),
        Cells::Text(_) => panic!("{name} is text"),
    }
}

fn cells(outcome: &Outcome, name: &str) -> Vec<Option<f64>> {
    numbers(&outcome.sets.iter().find(|s| s.name == "cells").unwrap().table, name)
}

fn one(outcome: &Outcome, name: &str) -> Option<f64> {
    numbers(&outcome.row, name)[0]
}

fn warnings(outcome: &Outcome) -> String {
    pipeline::warnings(&outcome.row).unwrap_or_default()
}

fn is_near_the_truth(outcome: &Outcome) {
    for (i, found) in cells(outcome, "binding_potential_EGFR").into_iter().enumerate() {
        let (found, truth) = (found.unwrap(), bound(i));
        assert!((found - truth).abs() < 0.03 * (1.0 + truth), "{i}: {found}, {truth}");
    }
}

/// Oracle: quotients of the columns, and the binding of simulated cells within 3 % of what is divided; with an exposure of its own after a factor that is
/// given, or found in muscle.
#[test]
fn binding_potentials_are_those_of_the_simulation() {
    let plain = Scene::default().run(&pair(""));
    is_near_the_truth(&plain);
    let [t, u] = ["specific_uptake_probe", "specific_uptake_isotype"].map(|name| cells(&plain, name));
    let (potential, ratio) = (cells(&plain, "binding_potential_EGFR"), cells(&plain, "ratio_EGFR"));
    for i in 0..CELLS {
        let quotient = t[i].unwrap() / u[i].unwrap();
        assert!(ratio[i] == Some(quotient) && potential[i] == Some(quotient - 1.0));
    }
    let mut sorted: Vec<f64> = potential.iter().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    assert_eq!(one(&plain, "binding_potential_EGFR_median_cells"), Some((sorted[14] + sorted[15]) / 2.0));
    assert_eq!(one(&plain, "binding_potential_EGFR_missing_cells"), Some(0.0));
    assert_eq!(one(&plain, "paired_factor_cells_EGFR"), Some(1.0));
    assert!(!warnings(&plain).contains("EGFR"), "{}", warnings(&plain));
    let brighter = Scene { gain: 1.3, ..Scene::default() };
    is_near_the_truth(&brighter.run(&pair(", factor = 1.3")));
    let found = brighter.run(&pair(", reference = 'muscle'"));
    is_near_the_truth(&found);
    assert!((one(&found, "paired_factor_cells_EGFR").unwrap() - 1.3).abs() < 0.02);
    let means = brighter.run(&pair(", column = 'intensity_mean', ground = [100, 60], reference = 'muscle'"));
    is_near_the_truth(&means);
}

/// Oracle: where the targeted channel shows half of what the other does most objects are below 0: a warning says so, and what it says helps.
#[test]
fn channels_that_do_not_agree_are_told() {
    let dimmer = Scene { gain: 0.4, ..Scene::default() };
    let told = warnings(&dimmer.run(&pair("")));
    assert!(told.contains("have a binding potential below 0") && told.contains("factor or reference"), "{told}");
    for remedy in [", factor = 0.4", ", reference = 'muscle'"] {
        let mended = dimmer.run(&pair(remedy));
        is_near_the_truth(&mended);
        assert!(!warnings(&mended).contains("below 0"), "{}", warnings(&mended));
    }
}

/// Mechanics: objects without the untargeted probe, and overexposed ones, have no ratio, and more than a tenth of them leave no median.
#[test]
fn what_stands_on_nothing_is_empty_and_told() {
    let few = Scene { untargeted: |i| if i < 2 { 0.3 } else { 200.0 }, overexposed: Some(7), ..Scene::default() };
    let outcome = few.run(&pair(""));
    let empty = |outcome: &Outcome| -> Vec<usize> {
        let all = cells(outcome, "binding_potential_EGFR");
        (0..CELLS).filter(|i| all[*i].is_none()).collect()
    };
    assert_eq!(empty(&outcome), [0, 1, 7]);
    assert_eq!(one(&outcome, "binding_potential_EGFR_missing_cells"), Some(3.0));
    assert!(one(&outcome, "binding_potential_EGFR_median_cells").is_some());
    let told = warnings(&outcome);
    assert!(told.contains("2 have no isotype above 0") && told.contains("1 are overexposed"), "{told}");
    let many = Scene { untargeted: |i| if i < 4 { 0.3 } else { 200.0 }, ..Scene::default() };
    for more in ["", ", column = 'intensity_mean', ground = [100, 60]"] {
        let outcome = many.run(&pair(more));
        assert_eq!(empty(&outcome), [0, 1, 2, 3]);
        assert_eq!(one(&outcome, "binding_potential_EGFR_median_cells"), None);
        assert!(warnings(&outcome).contains("no median is given"), "{}", warnings(&outcome));
    }
    // A reference without any probe makes nothing agree.
    let dark = Scene { untargeted: |i| if i < CELLS { 200.0 } else { 0.0 }, ..Scene::default() };
    let outcome = dark.run(&pair(", reference = 'muscle'"));
    assert_eq!((empty(&outcome).len(), one(&outcome, "paired_factor_cells_EGFR")), (CELLS, None));
    let told = warnings(&outcome);
    assert!(told.contains("no factor for EGFR: of 6 objects of muscle 6 have no isotype above 0"), "{told}");
    is_near_the_truth(&dark.run(&pair(", factor = 1.0")));
}

/// Regression: whatever a reference lacked, the warning said that none of its objects had both probes above noise.
#[test]
fn a_reference_without_a_factor_says_why() {
    let reference = pair(", reference = 'muscle'");
    // The reference is brighter by far than the scale of the untargeted probe.
    let overexposed = Scene { untargeted: |i| if i < CELLS { 200.0 } else { 80_000.0 }, ..Scene::default() };
    let empty = Scene { muscle: false, ..Scene::default() };
    for (scene, why) in [(&overexposed, "6 are overexposed in half of their voxels"), (&empty, "muscle has no object")]
    {
        let outcome = scene.run(&reference);
        assert_eq!(one(&outcome, "paired_factor_cells_EGFR"), None);
        let told = warnings(&outcome);
        assert!(told.contains("no factor for EGFR") && told.contains(why), "{told}");
        assert!(!told.contains("above noise"), "{told}");
        assert_eq!(told.contains("a shorter exposure, or factor"), why.contains("overexposed"), "{told}");
        // The remedies: a number, and of what is overexposed a shorter exposure.
        is_near_the_truth(&scene.run(&pair(", factor = 1.0")));
    }
    let shorter = Scene { untargeted: |i| if i < CELLS { 200.0 } else { 5000.0 }, ..Scene::default() };
    let outcome = shorter.run(&reference);
    assert!((one(&outcome, "paired_factor_cells_EGFR").unwrap() / 0.04 - 1.0).abs() < 0.02);
    assert!(!warnings(&outcome).contains("is off"), "{}", warnings(&outcome));
    // Overexposed in part: there is a factor, and a doubt.
    let partly = Scene { untargeted: |i| if i < CELLS { 200.0 } else { 65_465.0 }, ..Scene::default() };
    let told = warnings(&partly.run(&reference));
    let cut = "EGFR: in 6 of 6 objects of muscle a hundredth of the voxels and more";
    assert!(told.contains(cut) && told.contains("that is found in them is off"), "{told}");
}

/// Mechanics: objects are positive, have phenotypes and are summed up by it; the dictionary has its columns, and threads change nothing.
#[test]
fn classes_and_parents_follow_from_it() {
    let more = "[positive.cells]\nEGFR = { above = 0.75, column = 'binding_potential_EGFR' }\nprobe = 250\n\
                [phenotypes.cells]\nbinds = 'EGFR+ probe+'\n'only bright' = 'EGFR- probe+'\n";
    let text = [pair("").as_str(), more].concat();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| Scene::default().run(&text))
    };
    let outcome = on(1);
    let truth = |is: fn(f64) -> bool| (0..CELLS).filter(|i| is(bound(*i))).count() as f64;
    assert_eq!(one(&outcome, "class_count_cells_binds"), Some(truth(|b| b > 0.75)));
    assert_eq!(one(&outcome, "class_count_cells_only_bright"), Some(truth(|b| b < 0.75)));
    let seven = on(7);
    assert!(outcome.row == seven.row && outcome.sets[0].table == seven.sets[0].table);
    let dictionary = pipeline::columns(&Recipe::parse("r", &[HEAD, &text].concat(), &[]).unwrap()).unwrap();
    // Channels have the order of the image there, and here that of the recipe.
    let names = |t: &Table| t.columns.iter().map(|c| c.name.clone()).collect::<BTreeSet<_>>();
    assert_eq!(names(&outcome.sets[0].table), names(&dictionary.sets[0].table));
    assert_eq!(names(&outcome.row), names(&dictionary.row));
    let related = "[relate.cells]\nmedian = ['binding_potential_EGFR']\n";
    let parent = HEAD.replace("cells.labels = 'c.tif'", "cells.labels = 'c.tif'\ncells.parent = 'muscle'");
    assert!(Recipe::parse("r", &[&parent, pair("").as_str(), related].concat(), &[]).is_ok());
}

/// Mechanics: what cannot be is refused with its line, and what is said helps.
#[test]
fn wrong_pairs_are_refused() {
    let isotype = "targeted = 'probe', untargeted = 'isotype'";
    for (keys, words, remedy) in [
        ("targeted = 'probe'".to_string(), "names no untargeted channel", isotype.to_string()),
        ("targeted = 'probe', untargeted = 'isotipe'".into(), "try: isotype", isotype.into()),
        ("targeted = 'probe', untargeted = 'probe'".into(), "is compared with itself", isotype.into()),
        (format!("{isotype}, factor = 0"), "0 is no factor", format!("{isotype}, factor = 1.3")),
        (
            format!("{isotype}, factor = 2, reference = 'muscle'"),
            "one of them",
            format!("{isotype}, reference = 'muscle'"),
        ),
        (format!("{isotype}, reference = 'cells'"), "its own reference", format!("{isotype}, reference = 'muscle'")),
        (format!("{isotype}, reference = 'muscles'"), "try: muscle", format!("{isotype}, reference = 'muscle'")),
        (
            format!("{isotype}, column = 'intensity_mean'"),
            "have the ground of their channels in them",
            format!("{isotype}, column = 'intensity_mean', ground = [100, 98]"),
        ),
        (format!("{isotype}, ground = [100, 98]"), "leave ground out", isotype.into()),
        (format!("{isotype}, column = 'cnr'"), "specific_uptake", format!("{isotype}, column = 'specific_uptake'")),
        (format!("{isotype}, colum = 'cnr'"), "colum", isotype.into()),
    ] {
        let recipe = |keys: &str| format!("{HEAD}[paired.cells]\nEGFR = {{ {keys} }}\n");
        let told = Recipe::parse("r", &recipe(&keys), &[]).unwrap_err().to_string();
        assert!(told.contains(words) && told.contains("line "), "{keys}: {told}");
        assert!(Recipe::parse("r", &recipe(&remedy), &[]).is_ok(), "{remedy}");
    }
    let told = |head: &str| Recipe::parse("r", &[head, pair("").as_str()].concat(), &[]).unwrap_err().to_string();
    let without = HEAD.replace("'intensity', 'probe'", "'intensity'");
    assert!(told(&without).contains("features = [\"intensity\", \"probe\"] in [measure.cells]"), "{}", told(&without));
    let one = HEAD.replace("[measure.cells]\n", "[measure.cells]\nchannels = ['probe']\n");
    assert!(told(&one).contains("\"isotype\" in channels of [measure.cells]"), "{}", told(&one));
    let beside = format!("{HEAD}[paired]\nEGFR = {{ {isotype} }}\n");
    let told = Recipe::parse("r", &beside, &[]).unwrap_err().to_string();
    assert!(told.contains("[paired.SET]"), "{told}");
}
