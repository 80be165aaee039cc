//! The preset `fish`. Oracle: simulated nuclei of known copies, and the boundaries of the groups. Mechanics: nuclei that are left
//! out, too few of them, one probe, images without a probe. The figures are printed, and `docs/fish.md` quotes them.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::light::{Field, Random, scan};
use uptake::device::Device;
use uptake::image::Scan;
use uptake::pipeline::{self, External, Outcome};
use uptake::recipe::{Recipe, preset};
use uptake::table::{Cells, Table};
use uptake::units::Shape;

/// A nucleus: place, radius, copies of the target and of the reference.
struct Nucleus {
    at: [f64; 2],
    radius: f64,
    copies: [usize; 2],
}

/// What lies in an image of nuclei.
struct Scene {
    nuclei: Vec<Nucleus>,
    side: usize,
    /// Copies of the target lie in so many clusters.
    clusters: Option<usize>,
    /// Height of a copy of each probe over noise of 10.
    height: [f64; 2],
    /// How unlike copies are: the standard deviation of the logarithms of their heights.
    spread: f64,
}

impl Scene {
    /// Nuclei in a square grid.
    fn grid(n: usize, clusters: Option<usize>, copies: impl Fn(usize) -> [usize; 2]) -> Self {
        let nucleus = |i: usize| Nucleus {
            at: [70.0 + 90.0 * (i / n) as f64, 70.0 + 90.0 * (i % n) as f64],
            radius: 22.0 + (i % 3) as f64,
            copies: copies(i),
        };
        Scene {
            nuclei: (0..n * n).map(nucleus).collect(),
            side: 90 * n + 60,
            clusters,
            height: [200.0, 150.0],
            spread: 0.0,
        }
    }

    fn scan(&self, seed: u64) -> Scan {
        let shape = Shape::flat(self.side, self.side);
        let mut random = Random(seed);
        let mut dna = Field::waves(shape, 50.0, 10.0);
        let mut probes = [Field::waves(shape, 100.0, 40.0), Field::waves(shape, 120.0, 40.0)];
        for nucleus in &self.nuclei {
            let inside = |i: usize| {
                let [_, y, x] = shape.position(i).map(|v| v as f64);
                1.0 / (1.0 + ((y - nucleus.at[0]).hypot(x - nucleus.at[1]) - nucleus.radius).exp())
            };
            let near = |a: usize| {
                (nucleus.at[a] - nucleus.radius - 20.0).max(0.0) as usize
                    ..shape.zyx()[a + 1].min((nucleus.at[a] + nucleus.radius + 20.0) as usize)
            };
            for i in near(0).flat_map(|y| near(1).map(move |x| shape.index(0, y, x))) {
                dna.values[i] += 800.0 * inside(i);
                probes.iter_mut().for_each(|p| p.values[i] += 60.0 * inside(i));
            }
            for (k, probe) in probes.iter_mut().enumerate() {
                let place = |random: &mut Random| loop {
                    let d = [0, 1].map(|_| (2.0 * random.uniform() - 1.0) * (nucleus.radius - 5.0));
                    if d[0].hypot(d[1]) <= nucleus.radius - 5.0 {
                        return d;
                    }
                };
                let middles: Vec<[f64; 2]> = (0..self.clusters.unwrap_or(0)).map(|_| place(&mut random)).collect();
                for c in 0..nucleus.copies[k] {
                    let d = match middles.get(c % middles.len().max(1)).filter(|_| k == 0 && c > 1) {
                        Some(m) => [m[0] + 1.5 * random.normal(), m[1] + 1.5 * random.normal()],
                        None => place(&mut random),
                    };
                    let unlike = match self.spread > 0.0 {
                        true => (self.spread * random.normal() - self.spread * self.spread / 2.0).exp(),
                        false => 1.0,
                    };
                    let at = [0.0, nucleus.at[0] + d[0], nucleus.at[1] + d[1]];
                    probe.spot(at, [1.0, 1.4, 1.4], self.height[k] * unlike);
                }
            }
        }
        let [target, reference] = &probes;
        let channels = vec![
            ("DAPI", dna.volume(8.0, seed + 1)),
            ("HER2", target.volume(10.0, seed + 2)),
            ("CEP17", reference.volume(10.0, seed + 3)),
        ];
        scan(channels, Some([1.0, 0.2, 0.2]))
    }

    fn ratio(&self) -> f64 {
        let sum = |k: usize| self.nuclei.iter().map(|n| n.copies[k]).sum::<usize>() as f64;
        sum(0) / sum(1)
    }
}

fn recipe() -> Recipe {
    preset("fish").unwrap().recipe().unwrap()
}

fn run(scan: &Scan, recipe: &Recipe) -> Outcome {
    pipeline::run(scan, recipe, &Device::Cpu, &External::new()).unwrap()
}

fn cells(table: &Table, name: &str) -> Vec<Option<f64>> {
    match &table.column(name).unwrap_or_else(|| panic!("{name}")).cells {
        Cells::Real(v) => v.clone(),
        Cells::Int(v) => v.iter().map(|v| v.map(|v| v as f64)).collect(),
        Cells::Text(_) => panic!("{name}"),
    }
}

fn one(outcome: &Outcome, name: &str) -> Option<f64> {
    cells(&outcome.row, &format!("{name}_nuclei"))[0]
}

fn words(outcome: &Outcome, name: &str) -> String {
    match &outcome.row.column(name).unwrap().cells {
        Cells::Text(v) => v[0].clone().unwrap_or_default(),
        _ => panic!("{name}"),
    }
}

fn nuclei(outcome: &Outcome) -> &Table {
    &outcome.sets.iter().find(|s| s.name == "nuclei").unwrap().table
}

#[test]
fn ratios_of_known_copies() {
    let mut off = vec![];
    for (name, clusters, copies, group) in [
        ("2 to 3 and 2", None, (|i| [2 + i % 2, 2]) as fn(usize) -> [usize; 2], 5.0),
        ("2 to 5 and 2", None, |i| [2 + i % 4, 2], 5.0),
        ("5 to 9 and 4", None, |i| [5 + i % 5, 4], 3.0),
        ("4 to 6 and 3", None, |i| [4 + i % 3, 3], 4.0),
        ("10 and 2 to 3", None, |i| [10, 2 + i % 2], 1.0),
        ("2 to 30 and 2, in 3 clusters", Some(3), |i| [2 + i % 29, 2], 1.0),
        ("20 to 30 and 3, in 2 clusters", Some(2), |i| [20 + i % 11, 3], 1.0),
    ] {
        let scene = Scene::grid(6, clusters, copies);
        let outcome = run(&scene.scan(11), &recipe());
        let truth = scene.ratio();
        let (by_count, by_light) =
            (one(&outcome, "fish_ratio").unwrap(), one(&outcome, "fish_ratio_by_light").unwrap());
        println!(
            "{name}: ratio {truth:.3}, by position {by_count:.3}, by light {by_light:.3} ({:.3} to {:.3}), nuclei {}, group {:?} {:?}, \
             target {:?} {:?} reference {:?} {:?}",
            one(&outcome, "fish_ratio_low_by_light").unwrap(),
            one(&outcome, "fish_ratio_high_by_light").unwrap(),
            one(&outcome, "fish_nuclei").unwrap(),
            one(&outcome, "fish_group"),
            one(&outcome, "fish_group_by_light"),
            one(&outcome, "fish_target_mean"),
            one(&outcome, "fish_target_mean_by_light"),
            one(&outcome, "fish_reference_mean"),
            one(&outcome, "fish_reference_mean_by_light"),
        );
        assert_eq!(one(&outcome, "fish_nuclei"), Some(36.0), "{name}");
        let (found, near) = (one(&outcome, "fish_group_by_light"), (by_light / truth - 1.0).abs() <= 0.05);
        if !near || found != Some(group) {
            off.push((name, by_light, found));
        }
    }
    assert!(off.is_empty(), "{off:?}");
}

/// Oracle: copies that are not equally bright, as real ones are not.
#[test]
fn copies_by_light_where_single_signals_are_unlike() {
    for (spread, seed) in [(0.15, 3), (0.25, 4), (0.25, 5), (0.4, 6), (0.5, 7), (0.5, 8)] {
        let scene = Scene { spread, height: [600.0, 450.0], ..Scene::grid(6, None, |i| [2 + i % 2, 2]) };
        let outcome = run(&scene.scan(seed), &recipe());
        let value = |name: &str| one(&outcome, name).unwrap();
        let [target, reference] = ["target", "reference"].map(|p| value(&format!("fish_{p}_mean_by_light")));
        println!(
            "spread {spread}: {target:.2} and {reference:.2} for 2.5 and 2, by position {:.2} and {:.2}, spread {:.2} and {:.2}",
            value("fish_target_mean"),
            value("fish_reference_mean"),
            value("fish_target_spread"),
            value("fish_reference_spread"),
        );
        let most = if spread > 0.3 { 0.2 } else { 0.1 };
        assert!((target / 2.5 - 1.0).abs() < most && (reference / 2.0 - 1.0).abs() < most, "{spread}");
        assert_eq!(one(&outcome, "fish_group_by_light"), Some(5.0), "{spread}");
        let said = words(&outcome, "warnings").contains("differ by");
        assert_eq!(said, spread > 0.3, "{spread}: {}", words(&outcome, "warnings"));
    }
}

/// Oracle: spots along z three times as long as they are wide, and no word of it in the recipe.
#[test]
fn copies_by_light_in_a_stack() {
    let shape = Shape::new(14, 120, 174);
    let mut dna = Field::waves(shape, 50.0, 10.0);
    let mut probes = [Field::waves(shape, 150.0, 0.0), Field::waves(shape, 150.0, 0.0)];
    for i in 0..6 {
        let centre = [6.5, 33.0 + 54.0 * (i / 3) as f64, 33.0 + 54.0 * (i % 3) as f64];
        for k in 0..shape.len() {
            let at = shape.position(k).map(|v| v as f64);
            let far: f64 = (0..3).map(|a| ((at[a] - centre[a]) / [5.0, 18.0, 18.0][a]).powi(2)).sum();
            dna.values[k] += if far < 1.0 { 800.0 } else { 0.0 };
        }
        for (k, probe) in probes.iter_mut().enumerate() {
            let beside = |dx: f64| [centre[0] + 0.3 * dx / 10.0, centre[1] + 6.0 * k as f64 - 3.0, centre[2] + dx];
            // Every second nucleus has two copies of the target on each other.
            let pair = if k == 0 && i % 2 == 1 { 2.0 } else { 1.0 };
            probe.spot(beside(-9.3), [1.4, 1.4, 1.4], 900.0);
            probe.spot(beside(9.2), [1.4, 1.4, 1.4], 900.0 * pair);
        }
    }
    let [target, reference] = &probes;
    let channels =
        vec![("DAPI", dna.volume(8.0, 1)), ("HER2", target.volume(8.0, 2)), ("CEP17", reference.volume(8.0, 3))];
    let outcome = run(&scan(channels, Some([0.3, 0.1, 0.1])), &recipe());
    assert_eq!(one(&outcome, "fish_nuclei"), Some(6.0));
    assert_eq!(one(&outcome, "fish_target_mean"), Some(2.0));
    let near = |name: &str, truth: f64| (one(&outcome, name).unwrap() / truth - 1.0).abs() < 0.03;
    assert!(near("fish_target_mean_by_light", 2.5) && near("fish_reference_mean_by_light", 2.0));
}

#[test]
fn nuclei_are_left_out_with_a_reason() {
    let mut scene = Scene::grid(5, None, |_| [4, 2]);
    scene.nuclei[0].at = [70.0, 5.0];
    scene.nuclei[12].radius = 40.0;
    scene.nuclei[20].copies = [3, 0];
    let outcome = run(&scene.scan(5), &recipe());
    let table = nuclei(&outcome);
    let counts =
        [0.0, 1.0, 2.0, 3.0].map(|why| cells(table, "fish_left_out").iter().filter(|v| **v == Some(why)).count());
    assert_eq!(counts, [22, 1, 1, 1]);
    for (name, n) in
        [("fish_nuclei", 22.0), ("fish_at_border", 1.0), ("fish_too_large", 1.0), ("fish_without_signal", 1.0)]
    {
        assert_eq!(one(&outcome, name), Some(n), "{name}");
    }
    assert!(!words(&outcome, "warnings").contains("FISH"));
    assert!(one(&outcome, "fish_group").is_some());
    // What is left out is no part of the share, and has no verdict.
    let (left_out, amplified) = (cells(table, "fish_left_out"), cells(table, "fish_amplified"));
    assert!(left_out.iter().zip(&amplified).all(|(why, is)| (*why == Some(0.0)) == is.is_some()));
    let share = amplified.iter().flatten().sum::<f64>() / 22.0;
    assert!((one(&outcome, "fish_amplified_share").unwrap() - share).abs() < 1e-12);
}

#[test]
fn few_nuclei_have_a_warning_and_no_group() {
    let outcome = run(&Scene::grid(4, None, |_| [4, 2]).scan(6), &recipe());
    assert_eq!(one(&outcome, "fish_nuclei"), Some(16.0));
    assert!(words(&outcome, "warnings").contains("16 nuclei count for FISH; a group needs 20 at least"));
    assert!(one(&outcome, "fish_ratio").is_some() && one(&outcome, "fish_ratio_low").is_some());
    for name in ["fish_group", "fish_group_by_light", "fish_single_group", "fish_single_group_by_light"] {
        assert_eq!(one(&outcome, name), None, "{name}");
    }
}

#[test]
fn one_probe_has_groups_of_its_own() {
    let text = preset("fish").unwrap().text;
    let lines = text.lines().filter(|l| !l.starts_with("fish.reference")).collect::<Vec<_>>().join("\n");
    let recipe = Recipe::parse("one.toml", &lines, &[]).unwrap();
    let outcome = run(&Scene::grid(5, None, |_| [7, 2]).scan(7), &recipe);
    assert_eq!(one(&outcome, "fish_ratio"), None);
    assert_eq!(one(&outcome, "fish_group"), None);
    assert_eq!(one(&outcome, "fish_single_group_by_light"), Some(1.0));
    assert!(one(&outcome, "fish_amplified_share_by_light").unwrap() > 0.8);
    assert!(cells(nuclei(&outcome), "fish_reference_count").iter().all(Option::is_none));
}

#[test]
fn an_image_without_a_probe_has_empty_cells() {
    let mut scan = Scene::grid(5, None, |_| [4, 2]).scan(8);
    // Noise alone where the reference would be.
    scan.channels[2].volume = Field::waves(scan.shape, 100.0, 0.0).volume(10.0, 3);
    let outcome = run(&scan, &recipe());
    assert_eq!(one(&outcome, "fish_nuclei"), Some(0.0));
    assert_eq!(one(&outcome, "fish_without_signal"), Some(25.0));
    assert_eq!(one(&outcome, "fish_ratio"), None);
    assert_eq!(one(&outcome, "fish_target_mean"), None);
    // The recipe alone knows the columns.
    let names = |t: &Table| t.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    let told = pipeline::columns(&recipe()).unwrap();
    assert_eq!(names(&told.sets.iter().find(|s| s.name == "nuclei").unwrap().table), names(nuclei(&outcome)));
}

#[test]
fn a_gpu_gives_the_same_tables() {
    let scan = Scene::grid(3, Some(2), |i| [6 + i, 2]).scan(9);
    let cpu = run(&scan, &recipe());
    let gpu = pipeline::run(&scan, &recipe(), &common::gpu(None), &External::new()).unwrap();
    assert_eq!(cpu.row, gpu.row);
    cpu.sets.iter().zip(&gpu.sets).for_each(|(a, b)| assert_eq!(a.table, b.table, "{}", a.name));
}

#[test]
fn wrong_recipes_are_refused_with_a_remedy() {
    for (from, to, says) in [
        ("fish.target = \"target\"", "fish.target = \"her\"", "her"),
        ("fish.reference = \"reference\" ", "fish.reference = \"target\" ", "one probe"),
        ("fish.target = \"target\"", "fish.target = \"target\"\nfish.largest = 0.5", "largest = 1.8"),
        ("fish.target = \"target\"", "fish.target = \"target\"\nfish.probe = 1", "probe"),
    ] {
        let text = preset("fish").unwrap().text.replace(from, to);
        let e = Recipe::parse("f.toml", &text, &[]).unwrap_err().to_string();
        assert!(e.contains(says), "{to}: {e}");
    }
}
