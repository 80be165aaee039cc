//! Crowded cells that a marker of their neighbours reaches into. Oracle: simulated cells whose classes are known, with none, few, dim and many
//! positive ones; every remedy that a warning names is tried.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::light::{Field, Random, scan};
use uptake::device::Device;
use uptake::pipeline::{self, External, Outcome};
use uptake::recipe::{Recipe, preset};
use uptake::table::Cells;
use uptake::units::Shape;

const CELLS: usize = 14;
const APART: f64 = 23.0;
const NUCLEUS: f64 = 8.5;

struct Tissue {
    places: Vec<[f64; 2]>,
    /// Of the marker.
    light: Vec<f64>,
    seed: u64,
}

impl Tissue {
    /// Cells side by side, of which a share is positive with a light of this mean, and so wide a spread of logarithms.
    fn new(seed: u64, share: f64, light: f64, spread: f64) -> Self {
        let mut random = Random(seed);
        let place = |i: usize| {
            let (y, x) = (i / CELLS, i % CELLS);
            let shift = if y % 2 == 0 { 0.25 } else { 0.75 };
            [y as f64 + 0.5, x as f64 + shift].map(|k| APART * k + 1.5 * (2.0 * random.uniform() - 1.0))
        };
        let places: Vec<[f64; 2]> = (0..CELLS * CELLS).map(place).collect();
        // Never more than a decade from the dimmest to the brightest.
        let mut value = |_| {
            let is_positive = random.uniform() < share;
            let value = light * (spread * random.normal()).clamp(-1.15, 1.15).exp();
            if is_positive { value } else { 0.0 }
        };
        let light = (0..places.len()).map(&mut value).collect();
        Tissue { places, light, seed }
    }

    fn discs(&self, radius: f64, soft: f64, height: impl Fn(usize) -> f64) -> Field {
        let side = (APART * CELLS as f64) as usize;
        let mut field = Field::waves(Shape::flat(side, side), 40.0, 0.0);
        for (i, at) in self.places.iter().enumerate() {
            let near =
                |a: usize| (at[a] - radius - 12.0).max(0.0) as usize..((at[a] + radius + 12.0) as usize).min(side);
            for (y, x) in near(0).flat_map(|y| near(1).map(move |x| (y, x))) {
                let far = (y as f64 - at[0]).hypot(x as f64 - at[1]);
                field.values[y * side + x] += height(i) / (1.0 + ((far - radius) / soft).exp());
            }
        }
        field
    }

    fn run(&self, recipe: &Recipe) -> Outcome {
        let nuclei = self.discs(NUCLEUS, 0.7, |i| 500.0 + 40.0 * (i % 7) as f64);
        let tumour = self.discs(APART / 2.0, 0.9, |i| if i % CELLS < CELLS / 2 { 500.0 } else { 0.0 });
        let marker = self.discs(11.0, 1.4, |i| self.light[i]);
        let volumes = [("Hoechst", nuclei), ("PanCK", tumour), ("CD8", marker)].into_iter().zip(self.seed..);
        let volumes = volumes.map(|((name, field), seed)| (name, field.volume(6.0, seed))).collect();
        pipeline::run(&scan(volumes, Some([1.0, 0.5, 0.5])), recipe, &Device::Cpu, &External::new()).unwrap()
    }

    fn positive(&self) -> f64 {
        self.light.iter().filter(|v| **v > 0.0).count() as f64 / self.light.len() as f64
    }
}

fn recipe(changed: &[(&str, &str)], set: &[String]) -> Recipe {
    let text = changed.iter().fold(preset("infiltration").unwrap().text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    Recipe::parse("infiltration", &text, set).unwrap()
}

fn one(outcome: &Outcome, name: &str) -> f64 {
    match &outcome.row.column(name).unwrap().cells {
        Cells::Real(v) => v[0].unwrap(),
        other => panic!("{name} is {other:?}"),
    }
}

/// The warning of light of neighbours, and its remedy as `--set` takes it.
fn told(outcome: &Outcome) -> Option<(String, String)> {
    let warnings = pipeline::warnings(&outcome.row)?;
    let from = warnings.find("have at most a quarter of the light")?;
    let remedy = warnings[from..].split("positive.cells.").nth(1)?.split([';', ' ']).next()?;
    let value = warnings[from..].split(&format!("positive.cells.{remedy} = ")).nth(1)?;
    let number: String = value.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    Some((warnings.to_owned(), format!("positive.cells.{remedy}={}", number.trim_end_matches('.'))))
}

const SHARE: &str = "class_fraction_cells_immune";
const CUTOFF: &str = "positive_threshold_cells_immune";

#[test]
fn immune_cells_in_crowded_tissue() {
    let plain = recipe(&[], &[]);
    for (seed, share, light, spread) in [
        (1, 0.0, 1.0, 0.0),
        (8, 0.03, 500.0, 0.3),
        (9, 0.08, 500.0, 0.3),
        (3, 0.15, 500.0, 0.3),
        (4, 0.15, 160.0, 0.58),
        (5, 0.3, 500.0, 0.3),
    ] {
        let tissue = Tissue::new(seed, share, light, spread);
        let outcome = tissue.run(&plain);
        let (found, truth) = (one(&outcome, SHARE), tissue.positive());
        println!("{share} of {light}: {found} for {truth}, cutoff {}", one(&outcome, CUTOFF));
        assert!((found - truth).abs() <= 0.02, "{share} of {light}: {found} for {truth}");
    }
}

#[test]
fn light_of_neighbours_is_told_with_both_cutoffs() {
    let tissue = Tissue::new(8, 0.03, 500.0, 0.3);
    let outcome = tissue.run(&recipe(&[], &[]));
    let (warnings, back) = told(&outcome).unwrap();
    assert!(warnings.contains("there is a gap above them"), "{warnings}");
    let raised = one(&outcome, CUTOFF);
    // The cutoff before, as the warning names it.
    let before = tissue.run(&recipe(&[], std::slice::from_ref(&back)));
    assert!(one(&before, SHARE) > tissue.positive() + 0.02 && one(&before, CUTOFF) < raised, "{back}");
    // A number stays; the warning then names the higher one.
    let (warnings, remedy) = told(&before).unwrap();
    assert!(warnings.contains("If they are negative"), "{warnings}");
    let after = tissue.run(&recipe(&[], std::slice::from_ref(&remedy)));
    assert_eq!((one(&after, SHARE), one(&after, CUTOFF)), (one(&outcome, SHARE), raised), "{remedy}");
    assert!(told(&after).is_none(), "{:?}", told(&after));
    // With a column of its own the key is another one.
    let table = (
        "immune = \"median + 6 deviations\"",
        "immune = { above = \"median + 6 deviations\", column = \"intensity_median_immune\" }",
    );
    let other = recipe(&[table], &[]);
    if let Some((_, remedy)) = told(&tissue.run(&other)) {
        assert!(remedy.contains(".above="), "{remedy}");
        tissue.run(&recipe(&[table], &[remedy]));
    }
}

/// The warning of a cutoff that went through the cells with the stain, and its remedy as `--set` takes it.
fn lowered(outcome: &Outcome) -> Option<(String, String)> {
    let warnings = pipeline::warnings(&outcome.row)?;
    let value = warnings.split("if those between are negative: positive.cells.immune = ").nth(1)?;
    let number: String = value.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    Some((warnings.to_owned(), format!("positive.cells.immune={}", number.trim_end_matches('.'))))
}

/// Oracle: shares from a third to half, which leave the deviation of all cells no measure of negative ones.
#[test]
fn up_to_half_of_crowded_cells_may_be_immune() {
    let plain = recipe(&[], &[]);
    let mut lower = 0;
    for (seed, share, light, spread) in [
        (20, 0.35, 500.0, 0.3),
        (21, 0.4, 500.0, 0.3),
        (22, 0.44, 500.0, 0.3),
        (23, 0.46, 500.0, 0.5),
        (24, 0.44, 160.0, 0.3),
        (25, 0.48, 900.0, 0.3),
    ] {
        let tissue = Tissue::new(seed, share, light, spread);
        let outcome = tissue.run(&plain);
        let (found, truth) = (one(&outcome, SHARE), tissue.positive());
        let is_told = lowered(&outcome);
        println!("{share} of {light}: {found} for {truth}, {}", is_told.is_some());
        let is_asked =
            pipeline::warnings(&outcome.row).is_some_and(|said| said.contains("who is positive is not known"));
        assert!((found - truth).abs() <= 0.02 || truth >= 0.5 && is_asked, "{share} of {light}: {found} for {truth}");
        let Some((warnings, back)) = is_told else { continue };
        lower += 1;
        assert!(!is_asked, "{warnings}");
        // The cutoff before, as the warning names it.
        let before = tissue.run(&recipe(&[], std::slice::from_ref(&back)));
        assert!(one(&before, SHARE) < truth - 0.02 && one(&before, CUTOFF) > one(&outcome, CUTOFF), "{back}");
        assert!(lowered(&before).is_none(), "{back}");
    }
    assert!(lower >= 2, "{lower} cutoffs went through the positive cells");
    for (seed, share) in [(8, 0.03), (3, 0.15), (26, 0.25)] {
        assert!(lowered(&Tissue::new(seed, share, 500.0, 0.3).run(&plain)).is_none(), "{share}");
    }
}

#[test]
fn cells_that_stand_apart_are_not_told() {
    for (seed, share, light, spread) in [(6, 0.0, 1.0, 0.0), (7, 0.5, 300.0, 0.58)] {
        let tissue = Tissue::new(seed, share, light, spread);
        let outcome = tissue.run(&recipe(&[], &[]));
        assert!(told(&outcome).is_none(), "{} {:?}", tissue.positive(), told(&outcome));
    }
}
