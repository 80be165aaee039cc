//! The presets `viability`, `proliferation`, `expression` and `infiltration`. Oracle: simulated cells whose classes and grades are
//! known; shares within 2 points, H-scores within 5.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::light::{Field, Random, scan};
use uptake::device::Device;
use uptake::image::Volume;
use uptake::pipeline::{self, External, Outcome};
use uptake::recipe::{Recipe, preset};
use uptake::table::Cells;
use uptake::units::Shape;

/// Cells on a grid, a little off it.
const CELLS: usize = 10;
const APART: f64 = 36.0;
const NUCLEUS: f64 = 9.0;
const CELL: f64 = 14.0;

struct Scene {
    places: Vec<[f64; 2]>,
    seed: u64,
}

impl Scene {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let place =
            |i: usize| [i / CELLS, i % CELLS].map(|k| APART * (k as f64 + 0.5) + 5.0 * (2.0 * random.uniform() - 1.0));
        Scene { places: (0..CELLS * CELLS).map(place).collect(), seed }
    }

    fn field(&self, base: f64) -> Field {
        Field::waves(Shape::flat((APART * CELLS as f64) as usize, (APART * CELLS as f64) as usize), base, 0.3 * base)
    }

    /// Adds discs with soft edges, each of a height.
    fn discs(&self, field: &mut Field, radius: f64, height: impl Fn(usize) -> f64) {
        for (i, at) in self.places.iter().enumerate() {
            let near = |a: usize| {
                (at[a] - radius - 6.0).max(0.0) as usize..((at[a] + radius + 6.0) as usize).min(field.shape.y)
            };
            for (y, x) in near(0).flat_map(|y| near(1).map(move |x| (y, x))) {
                let far = (y as f64 - at[0]).hypot(x as f64 - at[1]);
                field.values[y * field.shape.x + x] += height(i) / (1.0 + ((far - radius) / 0.7).exp());
            }
        }
    }

    /// Runs a preset on nuclei and further channels.
    fn run(&self, name: &str, channels: Vec<(&str, Field)>) -> Outcome {
        self.run_by(&preset(name).unwrap().recipe().unwrap(), channels)
    }

    fn run_by(&self, recipe: &Recipe, channels: Vec<(&str, Field)>) -> Outcome {
        let mut nuclei = self.field(40.0);
        self.discs(&mut nuclei, NUCLEUS, |i| 500.0 + 40.0 * (i % 7) as f64);
        let all = std::iter::once(("Hoechst", nuclei)).chain(channels).zip(self.seed..);
        let volumes = all.map(|((name, field), seed)| (name, field.volume(6.0, seed))).collect();
        run_volumes(recipe, volumes)
    }

    /// Runs a preset on nuclei and a dye whose samples were changed.
    fn run_changed(&self, name: &str, (dye, field): (&str, &Field), change: impl Fn(i32) -> i32) -> Outcome {
        let mut nuclei = self.field(40.0);
        self.discs(&mut nuclei, NUCLEUS, |_| 500.0);
        let taken = field.volume(6.0, self.seed + 1);
        let samples = taken.samples.host().unwrap().iter().map(|s| change(*s)).collect();
        let changed = Volume::new(taken.shape, samples).unwrap();
        let volumes = vec![("Hoechst", nuclei.volume(6.0, self.seed)), (dye, changed)];
        run_volumes(&preset(name).unwrap().recipe().unwrap(), volumes)
    }
}

fn run_volumes(recipe: &Recipe, volumes: Vec<(&str, Volume)>) -> Outcome {
    run_on(&Device::Cpu, recipe, volumes)
}

fn run_on(device: &Device, recipe: &Recipe, volumes: Vec<(&str, Volume)>) -> Outcome {
    pipeline::run(&scan(volumes, Some([1.0, 0.5, 0.5])), recipe, device, &External::new()).unwrap()
}

fn one(outcome: &Outcome, name: &str) -> Option<f64> {
    match &outcome.row.column(name).unwrap_or_else(|| panic!("no column {name}")).cells {
        Cells::Real(v) => v[0],
        Cells::Int(v) => v[0].map(|v| v as f64),
        Cells::Text(_) => panic!("{name} is text"),
    }
}

fn near(outcome: &Outcome, name: &str, want: f64, by: f64) {
    let got = one(outcome, name);
    println!("{name}: {got:?} for {want}");
    assert!(got.is_some_and(|got| (got - want).abs() <= by), "{name}: {got:?} for {want}");
}

/// The share of cells of a kind.
fn share(is: impl Fn(usize) -> bool) -> f64 {
    (0..CELLS * CELLS).filter(|i| is(*i)).count() as f64 / (CELLS * CELLS) as f64
}

#[test]
fn live_and_dead() {
    // Any part of the cells may be dead, all and none as well.
    for (seed, of_ten) in [(3, 0), (5, 7), (6, 10)] {
        let scene = Scene::new(seed);
        let is_dead = |i: usize| (7 * i) % 10 < of_ten;
        let mut dead = scene.field(60.0);
        scene.discs(&mut dead, NUCLEUS, |i| if is_dead(i) { 150.0 + 50.0 * (i % 5) as f64 } else { 2.0 });
        let outcome = scene.run("viability", vec![("PI", dead)]);
        near(&outcome, "class_fraction_nuclei_live", 1.0 - share(is_dead), 0.02);
        near(&outcome, "class_fraction_nuclei_dead", share(is_dead), 0.02);
    }
}

#[test]
fn proliferating_nuclei() {
    for (seed, of_hundred) in [(13, 0), (14, 12)] {
        let scene = Scene::new(seed);
        let is_positive = |i: usize| (37 * i) % 100 < of_hundred;
        let mut marker = scene.field(80.0);
        scene.discs(&mut marker, NUCLEUS, |i| if is_positive(i) { 120.0 + 60.0 * (i % 6) as f64 } else { 5.0 });
        let outcome = scene.run("proliferation", vec![("Ki-67", marker)]);
        near(&outcome, "positive_fraction_nuclei_marker", share(is_positive), 0.02);
    }
}

/// Oracle: rings of positive nuclei lie in their own cytoplasm, which shines a sixth as bright. They count all the same.
#[test]
fn positive_nuclei_whose_cells_shine_too() {
    for (seed, of_hundred) in [(15, 8), (16, 31), (17, 60)] {
        let scene = Scene::new(seed);
        let is_positive = |i: usize| (37 * i) % 100 < of_hundred;
        let mut marker = Field { values: vec![80.0; scene.field(0.0).values.len()], ..scene.field(0.0) };
        scene.discs(&mut marker, NUCLEUS, |i| if is_positive(i) { 500.0 } else { 0.0 });
        scene.discs(&mut marker, NUCLEUS + 7.5, |i| if is_positive(i) { 100.0 } else { 0.0 });
        let outcome = scene.run("proliferation", vec![("Ki-67", marker)]);
        near(&outcome, "positive_fraction_nuclei_marker", share(is_positive), 0.02);
        let Cells::Real(usable) = &outcome.sets[0].table.column("ring_usable_marker").unwrap().cells else { panic!() };
        let in_cells = usable.iter().flatten().filter(|share| **share < 0.2).count();
        assert!(in_cells >= of_hundred - 2, "{in_cells} rings lie in cells");
    }
}

/// A constant was subtracted from the dye and what fell below 0 cut off, or the dye has so few grey levels that its ground is one.
#[test]
fn dyes_of_which_the_ground_is_cut_off_or_of_one_value() {
    for (seed, of_ten) in [(53, 0), (54, 3)] {
        let scene = Scene::new(seed);
        let is_dead = |i: usize| (7 * i) % 10 < of_ten;
        let flat = Field { values: vec![60.0; scene.field(0.0).values.len()], ..scene.field(0.0) };
        for (ground, cut) in [(flat, [55, 60, 63]), (scene.field(60.0), [42, 60, 70])] {
            let mut dead = ground;
            scene.discs(&mut dead, NUCLEUS, |i| if is_dead(i) { 150.0 + 50.0 * (i % 5) as f64 } else { 0.0 });
            let changes = cut.map(|cut| Box::new(move |s: i32| (s - cut).max(0)) as Box<dyn Fn(i32) -> i32>);
            for change in changes.into_iter().chain([Box::new(|s: i32| s >> 6) as Box<dyn Fn(i32) -> i32>]) {
                let outcome = scene.run_changed("viability", ("PI", &dead), &change);
                near(&outcome, "class_fraction_nuclei_live", 1.0 - share(is_dead), 0.02);
                let outcome = scene.run_changed("proliferation", ("Ki-67", &dead), &change);
                near(&outcome, "positive_fraction_nuclei_marker", share(is_dead), 0.02);
            }
        }
    }
}

/// A ground whose noise is 6 has grades from 18, 60 and 180 on; cells lie well between.
#[test]
fn grades_and_scores() {
    let scene = Scene::new(23);
    let grade = |i: usize| [0, 0, 0, 1, 1, 2, 2, 3][(5 * i) % 8];
    let mut probe = Field { values: scene.field(0.0).values.iter().map(|_| 100.0).collect(), ..scene.field(0.0) };
    scene.discs(&mut probe, CELL, |i| [0.0, 40.0, 120.0, 400.0][grade(i)]);
    let outcome = scene.run("expression", vec![("probe", probe)]);
    let h_score = (1..4).map(|g| 100.0 * g as f64 * share(|i| grade(i) == g)).sum();
    near(&outcome, "h_score_cells_probe", h_score, 5.0);
    near(&outcome, "positive_fraction_cells_probe", share(|i| grade(i) > 0), 0.02);
    (0..4).for_each(|g| near(&outcome, &format!("grade_{g}_fraction_cells_probe"), share(|i| grade(i) == g), 0.02));
    near(&outcome, "allred_score_cells_probe", 4.0 + 2.0, 0.0);
    near(&outcome, "grade_3_threshold_cells_probe", 30.0, 0.0);
}

/// Oracle: where the stain of cells side by side reaches far beyond what their nuclei were grown to, they have no ground next to them and no
/// value, and those that have none are those that are stained. A column of such cells has ground beside it.
#[test]
fn cells_without_a_value_are_told_and_leave_no_score() {
    let scene = Scene::new(24);
    for (stained, is_told) in [(7, true), (3, true), (1, false)] {
        let mut probe = Field { values: scene.field(0.0).values.iter().map(|_| 100.0).collect(), ..scene.field(0.0) };
        scene.discs(&mut probe, 2.0 * CELL, |i| if i % CELLS < stained { 300.0 } else { 0.0 });
        let outcome = scene.run("expression", vec![("probe", probe)]);
        let grades = (0..4).map(|g| format!("grade_{g}_fraction_cells_probe"));
        let scores = ["positive_fraction", "h_score", "allred_proportion", "allred_intensity", "allred_score"];
        for name in grades.chain(scores.map(|name| format!("{name}_cells_probe"))) {
            assert_eq!(one(&outcome, &name).is_none(), is_told, "{name} where {stained} of {CELLS} are stained");
        }
        let Cells::Text(warnings) = &outcome.row.column("warnings").unwrap().cells else { panic!("words") };
        let said = warnings[0].as_deref().unwrap_or_default();
        assert_eq!(said.contains("no share or score is given"), is_told, "{said}");
        assert_eq!(said.contains("of 100 objects of cells have no cnr_probe"), is_told, "{said}");
    }
}

/// Invariant: the same few grey levels, written as they are, as every 16th number, or stretched from 8 to 16 bits.
#[test]
fn few_grey_levels_are_the_same_however_far_apart_they_are_written() {
    let scene = Scene::new(55);
    let is_positive = |i: usize| (37 * i) % 100 < 10;
    let mut marker = Field { values: vec![1.0; scene.field(0.0).values.len()], ..scene.field(0.0) };
    scene.discs(&mut marker, NUCLEUS, |i| if is_positive(i) { 8.0 } else { 0.2 });
    // A fifth of the pixels of negative nuclei lie one level above the ground.
    let mut random = Random(9);
    marker.values.iter_mut().for_each(|v| *v = (*v + random.uniform()).floor());
    let marker = marker.volume(0.0, 0);
    let mut nuclei = scene.field(40.0);
    scene.discs(&mut nuclei, NUCLEUS, |_| 500.0);
    let nuclei = nuclei.volume(6.0, 55);
    for factor in [1, 16, 257] {
        let samples = marker.samples.host().unwrap().iter().map(|s| factor * s).collect();
        let volumes = vec![("Hoechst", nuclei.clone()), ("Ki-67", Volume::new(marker.shape, samples).unwrap())];
        let outcome = run_volumes(&preset("proliferation").unwrap().recipe().unwrap(), volumes);
        near(&outcome, "positive_fraction_nuclei_marker", share(is_positive), 0.01);
    }
}

const PROPORTIONS: &str = "
[channels]
nuclear = ['Hoechst']
CK = ['CK']
CD45 = ['CD45']
PD-L1 = ['PD-L1']
[objects.cells]
channel = 'nuclear'
steps = [{ op = 'threshold', method = 'otsu' }, { op = 'label' }]
[measure.cells]
features = ['intensity']
[positive.cells]
CK = 200
CD45 = 200
PD-L1 = 150
[phenotypes.cells]
'tumour+' = 'CK+ PD-L1+'
'tumour-' = 'CK+ PD-L1-'
'immune+' = 'CD45+ CK- PD-L1+'
[scores.cells]
TPS = { count = 'tumour+', over = ['tumour+', 'tumour-'] }
CPS = { count = ['tumour+', 'immune+'], over = ['tumour+', 'tumour-'], at_most = 100 }
";

/// Tumour proportion and combined positive scores, of images with and without a tumour, and of one with more immune cells than
/// tumour cells.
#[test]
fn proportion_scores() {
    let recipe = Recipe::parse("proportions", PROPORTIONS, &[]).unwrap();
    for (seed, tumour_of_ten) in [(43, 6), (44, 1), (45, 0)] {
        let scene = Scene::new(seed);
        let is_tumour = |i: usize| (7 * i) % 10 < tumour_of_ten;
        let is_positive = |i: usize| i % 4 > 1;
        let mut channels = vec![];
        let mut add = |name: &'static str, is: &dyn Fn(usize) -> bool| {
            let mut field = scene.field(50.0);
            scene.discs(&mut field, CELL, |i| if is(i) { 400.0 } else { 0.0 });
            channels.push((name, field));
        };
        add("CK", &is_tumour);
        add("CD45", &|i| !is_tumour(i));
        add("PD-L1", &is_positive);
        let outcome = scene.run_by(&recipe, channels);
        let number = |is: &dyn Fn(usize) -> bool| (0..CELLS * CELLS).filter(|i| is(*i)).count() as f64;
        let (tumour, positive) = (number(&is_tumour), number(&|i| is_tumour(i) && is_positive(i)));
        let immune = number(&|i| !is_tumour(i) && is_positive(i));
        near(&outcome, "score_over_cells_TPS", tumour, 0.0);
        if tumour == 0.0 {
            assert_eq!(one(&outcome, "score_cells_TPS").or(one(&outcome, "score_cells_CPS")), None);
            continue;
        }
        near(&outcome, "score_cells_TPS", 100.0 * positive / tumour, 1e-12);
        near(&outcome, "score_cells_CPS", (100.0 * (positive + immune) / tumour).min(100.0), 1e-12);
        near(&outcome, "positive_threshold_cells_PD-L1", 150.0, 0.0);
    }
}

/// Mechanics: scores that cannot be are refused with a remedy.
#[test]
fn scores_of_what_is_not_there_are_refused() {
    for (score, words) in [
        ("{ count = 'tumor+', over = 'tumour-' }", "try: tumour+"),
        ("{ count = 'tumour+' }", "no class to over"),
        ("{ count = ['tumour+', 'tumour+'], over = 'tumour-' }", "twice"),
        ("{ count = 'tumour+', over = 'tumour-', at_most = 0 }", "at_most"),
        ("{ count = 'tumour+', under = 'tumour-' }", "under"),
    ] {
        let recipe = PROPORTIONS.split("TPS").next().unwrap().to_string() + "TPS = " + score;
        let said = Recipe::parse("proportions", &recipe, &[]).unwrap_err().to_string();
        assert!(said.contains(words), "{said}");
    }
    let beside = PROPORTIONS.replace("[scores.cells]", "[scores]");
    let said = Recipe::parse("proportions", &beside, &[]).unwrap_err().to_string();
    assert!(said.contains("[scores.SET]"), "{said}");
}

/// The stain of immune cells has few grey levels, of which nearly all other cells have the same: however many cells are immune, as
/// long as fewer than half, they are found, and a warning says that nothing tells how far apart the others lie.
#[test]
fn immune_cells_beside_cells_of_one_grey_level() {
    for (seed, of_hundred) in [(63, 0), (64, 9), (65, 14), (66, 30)] {
        let scene = Scene::new(seed);
        let is_immune = |i: usize| (37 * i) % 100 < of_hundred;
        let level = |field: Field| field.volume(0.0, 0);
        let (mut nuclei, flat) =
            (scene.field(40.0), Field { values: vec![1.0; scene.field(0.0).values.len()], ..scene.field(0.0) });
        scene.discs(&mut nuclei, NUCLEUS, |_| 500.0);
        let (mut tumour, mut immune) = (scene.field(50.0), flat);
        scene.discs(&mut tumour, CELL + 4.0, |i| if i % CELLS < 5 { 400.0 } else { 0.0 });
        scene.discs(&mut immune, CELL, |i| if is_immune(i) { 8.0 } else { 0.0 });
        let volumes =
            vec![("Hoechst", nuclei.volume(6.0, seed)), ("PanCK", tumour.volume(6.0, seed)), ("CD8", level(immune))];
        let outcome = run_volumes(&preset("infiltration").unwrap().recipe().unwrap(), volumes);
        near(&outcome, "class_fraction_cells_immune", share(is_immune), 0.02);
        let Cells::Text(warnings) = &outcome.row.column("warnings").unwrap().cells else { panic!("words") };
        assert!(warnings[0].as_ref().unwrap().contains("have the same intensity_mean_immune, 1"), "{warnings:?}");
    }
}

#[test]
fn immune_cells_in_a_tumour() {
    let scene = Scene::new(33);
    // The tumour is the left half; one cell of ten in it, and one of five outside, is an immune cell.
    let is_left = |i: usize| i % CELLS < CELLS / 2;
    let is_immune = |i: usize| (7 * (i / CELLS) + i).is_multiple_of(if is_left(i) { 10 } else { 5 });
    let (mut tumour, mut immune) = (scene.field(50.0), scene.field(50.0));
    scene.discs(
        &mut tumour,
        CELL + 4.0,
        |i| if is_left(i) && !is_immune(i) { 400.0 + 30.0 * (i % 4) as f64 } else { 0.0 },
    );
    scene.discs(&mut immune, CELL, |i| if is_immune(i) { 300.0 + 40.0 * (i % 3) as f64 } else { 0.0 });
    let outcome = scene.run("infiltration", vec![("PanCK", tumour), ("CD8", immune)]);
    near(&outcome, "class_fraction_cells_immune", share(is_immune), 0.02);
    near(&outcome, "class_fraction_cells_tumour", share(|i| is_left(i) && !is_immune(i)), 0.02);
    // The region ends somewhere between the cells at its edge.
    let inside = share(|i| is_immune(i) && is_left(i)) / share(is_immune);
    near(&outcome, "fraction_inside_tumour_region_cells_immune", inside, 0.15);
    near(&outcome, "fraction_inside_tumour_region_cells_tumour", 1.0, 0.02);
    near(&outcome, "fraction_inside_tumour_region_cells_other", 0.0, 0.02);
    let of = |from: usize, to: &dyn Fn(usize) -> bool| {
        let far = |i: &usize| (0..2).map(|a| (scene.places[from][a] - scene.places[*i][a]).powi(2)).sum::<f64>().sqrt();
        (0..CELLS * CELLS).filter(|i| to(*i)).map(|i| far(&i)).fold(f64::INFINITY, f64::min)
    };
    let is_tumour = |i: usize| is_left(i) && !is_immune(i);
    let mut nearest: Vec<f64> = (0..CELLS * CELLS).filter(|i| is_immune(*i)).map(|i| 0.5 * of(i, &is_tumour)).collect();
    near(&outcome, "mean_nearest_cells_immune_to_tumour_um", nearest.iter().sum::<f64>() / nearest.len() as f64, 0.5);
    nearest.sort_by(f64::total_cmp);
    let middle = nearest[(nearest.len() - 1) / 2].midpoint(nearest[nearest.len() / 2]);
    near(&outcome, "median_nearest_cells_immune_to_tumour_um", middle, 0.5);
}

/// Regression: the region of the tumour was the speck, and nobody said so.
#[test]
fn a_speck_in_the_stain_is_no_tumour() {
    let scene = Scene::new(33);
    let is_left = |i: usize| i % CELLS < CELLS / 2;
    let preset = preset("infiltration").unwrap();
    let without = preset.text.replace("  { op = \"dim_specks\", around = \"nuclei\" },\n", "");
    let [with, without] = [preset.text, &without].map(|text| Recipe::parse("infiltration", text, &[]).unwrap());
    let run = |recipe: &Recipe, speck: Option<(f64, f64)>| {
        let mut tumour = scene.field(50.0);
        scene.discs(&mut tumour, CELL + 4.0, |i| if is_left(i) { 400.0 + 30.0 * (i % 4) as f64 } else { 0.0 });
        if let Some((sigma, height)) = speck {
            tumour.spot([0.0, 5.0 * APART, 8.0 * APART], [1.0, sigma, sigma], height);
        }
        scene.run_by(recipe, vec![("PanCK", tumour), ("CD8", scene.field(50.0))])
    };
    let said = |outcome: &Outcome, column: &str| match &outcome.row.column(column).unwrap().cells {
        Cells::Text(words) => words[0].clone().unwrap_or_default(),
        _ => panic!("words"),
    };
    let [as_it_is, unchanged] = [&with, &without].map(|recipe| run(recipe, None));
    let share = "fraction_inside_tumour_region_cells_tumour";
    assert_eq!(one(&as_it_is, share), one(&unchanged, share));
    assert!(!said(&as_it_is, "notes").contains("speck"));
    for speck in [(0.5, 60_000.0), (4.2, 30_000.0), (6.8, 8000.0)] {
        let outcome = run(&with, Some(speck));
        near(&outcome, share, 1.0, 0.05);
        near(&outcome, "fraction_inside_tumour_region_cells_other", 0.0, 0.1);
        assert!(said(&outcome, "notes").contains("1 speck is more than 8 times as bright"), "{speck:?}");
        assert!(!said(&outcome, "warnings").contains("made of the same stain"), "{speck:?}");
    }
    // A threshold that leaves most of the tumour out: two numbers contradict each other.
    let high = preset.text.replace("method = \"otsu\", dimmer_beyond = \"6 r\"", "method = \"fixed\", value = 600.0");
    let warnings = said(&run(&Recipe::parse("infiltration", &high, &[]).unwrap(), None), "warnings");
    assert!(
        warnings.contains("positive for tumour lie in tumour_region, which is made of the same stain"),
        "{warnings}"
    );
}

/// Oracle: a field of stroma, whose cells have nothing of the stain, has no region of it, nor has one without any cell; of a stained one nothing changes.
#[test]
fn noise_of_the_stain_is_no_region() {
    let preset = preset("infiltration").unwrap();
    let without = preset.text.replace("  { op = \"blank_noise\", sigma = \"3 r\" },\n", "");
    let [with, without] = [preset.text, &without].map(|text| Recipe::parse("infiltration", text, &[]).unwrap());
    for seed in [91, 92] {
        let scene = Scene::new(seed);
        let cells = scene.run_by(&with, vec![("PanCK", flat(&scene, 200.0)), ("CD8", flat(&scene, 200.0))]);
        assert_eq!(one(&cells, "count_tumour_region"), Some(0.0), "{seed}");
        assert_eq!(one(&cells, "fraction_inside_tumour_region_cells"), Some(0.0), "{seed}");
        let nobody = ["Hoechst", "PanCK", "CD8"].into_iter().zip(seed..);
        let nobody = nobody.map(|(name, seed)| (name, flat(&scene, 200.0).volume(8.0, seed))).collect();
        assert_eq!(one(&run_volumes(&with, nobody), "count_tumour_region"), Some(0.0), "{seed}");
        // A tenth of the noise of a pixel above it, on average: a dim stain is a stain.
        let mut tumour = flat(&scene, 200.0);
        scene.discs(&mut tumour, CELL, |i| if i % CELLS < 4 { 12.0 } else { 0.0 });
        let run = |recipe| scene.run_by(recipe, vec![("PanCK", flat_copy(&tumour)), ("CD8", flat(&scene, 200.0))]);
        let [found, before] = [&with, &without].map(run);
        assert!(one(&found, "count_tumour_region") > Some(0.0));
        let rows = |outcome: &Outcome| outcome.sets.iter().map(|set| set.table.clone()).collect::<Vec<_>>();
        assert_eq!(rows(&found), rows(&before), "{seed}");
    }
}

/// Oracle: in a field that is all tumour no part is flat, and its stain is no noise: what stains evenly is one region or several, as without the step.
#[test]
fn a_field_that_is_all_tumour_is_no_noise() {
    let preset = preset("infiltration").unwrap();
    let without = preset.text.replace("  { op = \"blank_noise\", sigma = \"3 r\" },\n", "");
    let [with, without] = [preset.text, &without].map(|text| Recipe::parse("infiltration", text, &[]).unwrap());
    for (seed, height) in [(95, 300.0), (96, 2000.0)] {
        let scene = Scene::new(seed);
        let mut tumour = flat(&scene, 200.0);
        scene.discs(&mut tumour, CELL, |i| height * (0.7 + 0.1 * (i % 7) as f64));
        let run = |recipe| scene.run_by(recipe, vec![("PanCK", flat_copy(&tumour)), ("CD8", flat(&scene, 200.0))]);
        let [found, before] = [&with, &without].map(run);
        assert!(one(&found, "count_tumour_region") > Some(0.0), "{height}");
        assert_eq!(one(&found, "count_tumour_region"), one(&before, "count_tumour_region"), "{height}");
        assert_eq!(
            one(&found, "fraction_inside_tumour_region_cells"),
            one(&before, "fraction_inside_tumour_region_cells"),
            "{height}"
        );
    }
}

/// Invariant: a device finds the same region of a stain, and none in its noise.
#[test]
fn a_gpu_finds_the_same_regions() {
    let (gpu, scene) = (common::gpu(None), Scene::new(94));
    let recipe = preset("infiltration").unwrap().recipe().unwrap();
    for height in [0.0, 90.0] {
        let (mut nuclei, mut tumour) = (scene.field(40.0), flat(&scene, 200.0));
        scene.discs(&mut nuclei, NUCLEUS, |_| 500.0);
        scene.discs(&mut tumour, CELL, |i| if i % CELLS < 4 { height } else { 0.0 });
        let fields = [("Hoechst", &nuclei), ("PanCK", &tumour), ("CD8", &flat(&scene, 200.0))];
        let volumes =
            || fields.iter().zip(94..).map(|((name, field), seed)| (*name, field.volume(7.0, seed))).collect();
        let [cpu, other] = [&Device::Cpu, &gpu].map(|device| run_on(device, &recipe, volumes()));
        assert_eq!(one(&cpu, "count_tumour_region") > Some(0.0), height > 0.0);
        for (a, b) in cpu.sets.iter().zip(&other.sets) {
            assert_eq!(a.table, b.table, "{} at {height}", a.name);
        }
    }
}

/// Oracle: where all cells have a little of the stain, the region is where they lie close: the warning speaks of it.
#[test]
fn a_region_of_what_all_cells_have_is_told() {
    let scene = Scene::new(93);
    let mut tumour = flat(&scene, 200.0);
    scene.discs(&mut tumour, CELL, |i| if i / CELLS < 6 { 60.0 + 3.0 * (i % 7) as f64 } else { 0.0 });
    let two = warnings(&scene.run("infiltration", vec![("PanCK", flat_copy(&tumour)), ("CD8", flat(&scene, 200.0))]));
    assert!(!two.contains("tumour_region"), "{two}");
    let mut all = flat(&scene, 200.0);
    scene.discs(&mut all, CELL, |i| 60.0 + 6.0 * (i % 7) as f64);
    let one = warnings(&scene.run("infiltration", vec![("PanCK", all), ("CD8", flat(&scene, 200.0))]));
    assert!(one.contains("if only one is there, nor do tumour_region, made of the same stain"), "{one}");
}

fn flat_copy(field: &Field) -> Field {
    Field { values: field.values.clone(), ..*field }
}

fn warnings(outcome: &Outcome) -> String {
    let Cells::Text(words) = &outcome.row.column("warnings").unwrap().cells else { panic!() };
    words[0].clone().unwrap_or_default()
}

fn flat(scene: &Scene, base: f64) -> Field {
    Field { values: vec![base; scene.field(0.0).values.len()], ..scene.field(0.0) }
}

/// Oracle: a twentieth of the stain of nuclei in the channel of a marker makes nearly all cells positive; the warning knows how many are.
#[test]
fn the_stain_of_nuclei_in_the_channel_of_a_marker_is_told() {
    for (seed, of_ten, bleeds) in [(61, 0, 0.0), (62, 3, 0.0), (63, 0, 0.06), (64, 3, 0.06), (65, 6, 0.06)] {
        let scene = Scene::new(seed);
        let is_dead = |i: usize| (7 * i) % 10 < of_ten;
        let mut dead = flat(&scene, 60.0);
        scene.discs(&mut dead, NUCLEUS, |i| {
            bleeds * (500.0 + 40.0 * (i % 7) as f64) + if is_dead(i) { 150.0 + 50.0 * (i % 5) as f64 } else { 0.0 }
        });
        let outcome = scene.run("viability", vec![("PI", dead)]);
        let said = warnings(&outcome);
        assert_eq!(said.contains("dead follows nuclear"), bleeds > 0.0, "{of_ten}: {said}");
        let number = (share(is_dead) * 100.0).round();
        assert_eq!(said.contains(&format!("Without it {number} instead of")), bleeds > 0.0, "{of_ten}: {said}");
    }
}

/// Invariant: however much brighter the ground of one half is, the share is right, or there is none and a warning says why.
#[test]
fn a_brighter_half_makes_no_cell_positive() {
    let mut without = 0;
    for step in [8.0, 16.0, 20.0, 24.0, 30.0, 60.0] {
        let scene = Scene::new(70);
        let is_dead = |i: usize| (7 * i) % 10 < 3;
        let mut dead = flat(&scene, 100.0);
        let width = dead.shape.x;
        dead.values.iter_mut().enumerate().filter(|(i, _)| i % width >= width / 2).for_each(|(_, v)| *v += step);
        scene.discs(&mut dead, NUCLEUS, |i| if is_dead(i) { 300.0 + 50.0 * (i % 5) as f64 } else { 0.0 });
        let outcome = scene.run("viability", vec![("PI", dead)]);
        match one(&outcome, "class_fraction_nuclei_live") {
            Some(live) => assert!((live - 1.0 + share(is_dead)).abs() <= 0.03, "{step}: {live}"),
            None => {
                without += 1;
                assert!(warnings(&outcome).contains("have no cnr_dead"), "{step}: {}", warnings(&outcome));
            }
        }
    }
    assert!((1..6).contains(&without), "{without} images have no share");
}

/// Oracle: hot pixels of a marker make cells positive; the warning knows how many are.
#[test]
fn hot_pixels_of_a_marker_are_told() {
    let scene = Scene::new(80);
    let is_dead = |i: usize| (7 * i) % 10 < 3;
    let (mut nuclei, mut dead) = (scene.field(40.0), scene.field(60.0));
    scene.discs(&mut nuclei, NUCLEUS, |_| 500.0);
    scene.discs(&mut dead, NUCLEUS, |i| if is_dead(i) { 150.0 + 50.0 * (i % 5) as f64 } else { 0.0 });
    let run = |is_hot: &dyn Fn(usize) -> bool| {
        let taken = dead.volume(6.0, 81);
        let samples = taken.samples.host().unwrap().iter().enumerate();
        let samples = samples.map(|(i, s)| if is_hot(i) { 60_000 } else { *s }).collect();
        let changed = Volume::new(taken.shape, samples).unwrap();
        let volumes = vec![("Hoechst", nuclei.volume(6.0, 80)), ("PI", changed)];
        run_volumes(&preset("viability").unwrap().recipe().unwrap(), volumes)
    };
    assert!(!warnings(&run(&|_| false)).contains("hot pixel"));
    let outcome = run(&|i| i % 3001 == 7);
    let said = warnings(&outcome);
    assert!(said.contains("dead: 44 hot pixels in its channel lie in"), "{said}");
    assert!(said.contains("without them 30 instead of"), "{said}");
}
