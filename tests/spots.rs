//! The preset `spots`. Oracle: images with known spots, from elsewhere and simulated. Invariant: scale and offset, devices.
//! Mechanics: columns, parents, wrong recipes. The figures are printed, and `docs/spots.md` quotes them.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::light::{Field, Random, f1, pairs, scan};
use uptake::device::Device;
use uptake::image::{Scale, Scan, Volume};
use uptake::pipeline::{self, External, Outcome};
use uptake::read::{self, Options};
use uptake::recipe::{Recipe, preset};
use uptake::table::{Cells, Table};
use uptake::units::Shape;

fn run(scan: &Scan, recipe: &Recipe) -> Outcome {
    pipeline::run(scan, recipe, &Device::Cpu, &External::new()).unwrap()
}

fn spots(scan: &Scan) -> Vec<[f64; 3]> {
    let outcome = run(scan, &preset("spots").unwrap().recipe().unwrap());
    outcome.sets[0].objects.origin.as_ref().unwrap().points.clone().unwrap_or_default()
}

fn reals(table: &Table, name: &str) -> Vec<f64> {
    match &table.column(name).unwrap_or_else(|| panic!("{name}")).cells {
        Cells::Real(v) => v.iter().map(|v| v.unwrap_or(f64::NAN)).collect(),
        Cells::Int(v) => v.iter().map(|v| v.map_or(f64::NAN, |v| v as f64)).collect(),
        Cells::Text(_) => panic!("{name}"),
    }
}

/// Places that are `apart` pixels from each other.
fn places(random: &mut Random, shape: Shape, n: usize, apart: f64) -> Vec<[f64; 3]> {
    let mut all: Vec<[f64; 3]> = vec![];
    while all.len() < n {
        let at = shape.zyx().map(|n| random.below(n as f64 - 1.0));
        if pairs(&[at], &all, apart).is_empty() {
            all.push(at);
        }
    }
    all
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn images_of_other_hands() {
    let folder = common::shared("spots");
    let index = std::fs::read_to_string(folder.join("index.csv")).unwrap();
    let (mut all, mut dim) = (vec![], vec![]);
    for line in index.lines().skip(1) {
        let words: Vec<&str> = line.split(',').collect();
        let scan = read::open(&folder.join(words[0]), &Options::default()).unwrap();
        let truth = std::fs::read_to_string(folder.join(words[1])).unwrap();
        let place = |l: &str| {
            let v: Vec<f64> = l.split(',').map(|v| v.parse().unwrap()).collect();
            [0.0, v[1], v[0]]
        };
        let truth: Vec<[f64; 3]> = truth.lines().skip(1).map(place).collect();
        let found = spots(&scan);
        let score = f1(&found, &truth, 3.0);
        println!("{}: {} of {}, F1 {score:.3}", words[0], found.len(), truth.len());
        all.push(score);
        if words[0].contains("snr_5") {
            dim.push(score);
        }
    }
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    println!("16 images: F1 {:.3}, those of SNR 5: {:.3}", mean(&all), mean(&dim));
    assert_eq!(all.len(), 16);
    assert!(mean(&all) >= 0.9 && dim.iter().all(|f| *f >= 0.78), "{}", mean(&all));
}

#[test]
fn a_stack_at_snr_8() {
    let shape = Shape::new(24, 120, 120);
    for (um, sigma) in [(None, [1.5; 3]), (Some([0.3, 0.1, 0.1]), [0.6, 1.6, 1.6])] {
        let mut field = Field::waves(shape, 200.0, 100.0);
        let truth = places(&mut Random(3), shape, 60, 7.0);
        truth.iter().for_each(|at| field.spot(*at, sigma, 80.0));
        let found = spots(&scan(vec![("RNA", field.volume(10.0, 4))], um));
        let score = f1(&found, &truth, 3.0);
        println!("stack at SNR 8, {um:?}: {} of {}, F1 {score:.3}", found.len(), truth.len());
        assert!(score >= 0.95);
    }
}

/// Nine spots 900 high on 200 in pixels of 0.1 um, 1.4 px wide and so many slices long, and slices so many um apart.
fn stack(slices: usize, apart: f64, deep: f64) -> (Scan, Vec<[f64; 3]>) {
    let shape = Shape::new(slices, 80, 80);
    let (mut field, mut random) = (Field::waves(shape, 200.0, 0.0), Random(5));
    let middle = (slices as f64 - 1.0) / 2.0;
    let mut place = |i: usize, span: f64| {
        let mut near = |at: f64| at + (random.uniform() - 0.5) * span;
        [near(middle), near(15.0 + 25.0 * (i / 3) as f64), near(15.0 + 25.0 * (i % 3) as f64)]
    };
    let places: Vec<[f64; 3]> = (0..9).map(|i| place(i, 1.0)).collect();
    places.iter().for_each(|at| field.spot(*at, [deep, 1.4, 1.4], 900.0));
    (scan(vec![("RNA", field.volume(5.0, 6))], Some([apart, 0.1, 0.1])), places)
}

fn with_sigma_z(um: f64) -> Recipe {
    let text = preset("spots")
        .unwrap()
        .text
        .replace("sigma = \"1.4 px\"", &format!("sigma = \"1.4 px\", sigma_z = \"{um} um\""));
    Recipe::parse("r.toml", &text, &[]).unwrap()
}

/// All values of a column of spots lie within a share of the truth, and no cell is empty.
fn near(table: &Table, name: &str, truth: f64, share: f64) -> bool {
    reals(table, name).iter().all(|v| (v / truth - 1.0).abs() <= share)
}

/// Oracle.
#[test]
fn light_and_widths_in_stacks_whatever_the_optics_make_of_a_spot_along_z() {
    let stacks = [
        (0.3, 0.7, 11),
        (0.3, 1.4, 15),
        (0.3, 2.8, 25),
        (0.45, 0.8, 11),
        (0.5, 0.6, 11),
        (0.5, 0.8, 11),
        (0.6, 0.5, 11),
        (0.7, 0.6, 9),
    ];
    for (apart, deep, slices) in stacks {
        let (scan, places) = stack(slices, apart, deep);
        for recipe in [preset("spots").unwrap().recipe().unwrap(), with_sigma_z(apart * deep)] {
            let outcome = run(&scan, &recipe);
            let (found, table) = (&outcome.sets[0].objects, &outcome.sets[0].table);
            let points = found.origin.as_ref().unwrap().points.as_ref().unwrap();
            assert_eq!(f1(points, &places, 0.05), 1.0, "{apart} {deep}");
            let light = 900.0 * (2.0 * std::f64::consts::PI).powf(1.5) * 1.4 * 1.4 * deep;
            assert!(near(table, "spot_integrated_spot", light, 0.03), "{apart} {deep}");
            assert!(near(table, "spot_peak_spot", 900.0, 0.02), "{deep}");
            assert!(near(table, "spot_fwhm_px_spot", 2.3548 * 1.4, 0.02), "{deep}");
            assert!(near(table, "spot_fwhm_z_px_spot", 2.3548 * deep, 0.03), "{deep}");
        }
    }
}

/// Oracle.
#[test]
fn two_slices_do_not_tell_how_long_spots_are() {
    let (scan, _) = stack(2, 0.3, 1.0);
    let empty = |table: &Table, name: &str| reals(table, name).iter().all(|v| v.is_nan());
    let alone = run(&scan, &preset("spots").unwrap().recipe().unwrap());
    let table = &alone.sets[0].table;
    assert_eq!(table.rows(), 9);
    for name in ["spot_integrated", "spot_peak", "spot_snr", "spot_z_px", "spot_fwhm_z_px"] {
        assert!(empty(table, &format!("{name}_spot")), "{name}");
    }
    assert!(near(table, "spot_fwhm_px_spot", 2.3548 * 1.4, 0.02));
    // The recipe may know it, in the step or in the family.
    let text = preset("spots")
        .unwrap()
        .text
        .replace("features = [\"spot\"]", "features = [\"spot\"]\nspot.sigma_z = \"0.3 um\"");
    for recipe in [with_sigma_z(0.3), Recipe::parse("r.toml", &text, &[]).unwrap()] {
        let outcome = run(&scan, &recipe);
        let table = &outcome.sets[0].table;
        let light = 900.0 * (2.0 * std::f64::consts::PI).powf(1.5) * 1.4 * 1.4;
        assert!(near(table, "spot_integrated_spot", light, 0.03) && near(table, "spot_peak_spot", 900.0, 0.03));
        assert!(empty(table, "spot_fwhm_z_px_spot"));
    }
}

/// Oracle.
#[test]
fn where_pixels_are_not_square_spots_are_round_in_true_lengths() {
    let shape = Shape::flat(90, 120);
    let mut field = Field::waves(shape, 200.0, 0.0);
    let at = |i: usize| [0.0, 14.7 + 20.0 * (i / 4) as f64, 20.3 + 26.0 * (i % 4) as f64];
    (0..16).for_each(|i| field.spot(at(i), [1.0, 1.0, 2.0], 900.0));
    let scan = scan(vec![("RNA", field.volume(5.0, 2))], Some([1.0, 0.2, 0.1]));
    let outcome = run(&scan, &preset("spots").unwrap().recipe().unwrap());
    let table = &outcome.sets[0].table;
    assert_eq!(table.rows(), 16);
    assert!(near(table, "spot_integrated_spot", 900.0 * 4.0 * std::f64::consts::PI, 0.03));
    assert!(near(table, "spot_fwhm_um_spot", 2.3548 * 0.2, 0.02));
    assert!(reals(table, "spot_quality_spot").iter().all(|q| *q > 0.99));
}

#[test]
fn places_widths_and_brightness_at_snr_10() {
    let shape = Shape::flat(300, 300);
    for sigma in [1.2, 1.6, 2.2] {
        let mut field = Field::waves(shape, 200.0, 100.0);
        let truth = places(&mut Random(5), shape, 80, 12.0);
        truth.iter().for_each(|at| field.spot(*at, [1.0, sigma, sigma], 100.0));
        let scan = scan(vec![("RNA", field.volume(10.0, 6))], Some([1.0, 0.1, 0.1]));
        let outcome = run(&scan, &preset("spots").unwrap().recipe().unwrap());
        let found = outcome.sets[0].objects.origin.as_ref().unwrap().points.clone().unwrap();
        let matched = pairs(&found, &truth, 3.0);
        let rms = (matched.iter().map(|p| p.2 * p.2).sum::<f64>() / matched.len() as f64).sqrt();
        let table = &outcome.sets[0].table;
        let median = |name: &str| {
            let mut v = reals(table, name);
            v.retain(|v| v.is_finite());
            v.sort_by(f64::total_cmp);
            v[v.len() / 2]
        };
        let integrated = 100.0 * 2.0 * std::f64::consts::PI * sigma * sigma;
        println!("sigma {sigma}: {} of 80, places to {rms:.3} px RMS", matched.len());
        assert!(matched.len() >= 78 && rms <= 0.3, "{sigma}: {rms}");
        assert!((median("spot_fwhm_px_spot") / (2.3548 * sigma) - 1.0).abs() < 0.06);
        assert!((median("spot_fwhm_um_spot") - 0.1 * median("spot_fwhm_px_spot")).abs() < 1e-9);
        assert!((median("spot_peak_spot") / 100.0 - 1.0).abs() < 0.06);
        assert!((median("spot_integrated_spot") / integrated - 1.0).abs() < 0.08);
        assert!((median("spot_snr_spot") / 10.0 - 1.0).abs() < 0.15);
        assert!((median("spot_background_spot") - 250.0).abs() < 20.0);
        assert!(median("spot_quality_spot") > 0.7);
    }
}

fn words(outcome: &Outcome, name: &str) -> String {
    match &outcome.row.column(name).unwrap().cells {
        Cells::Text(v) => v[0].clone().unwrap_or_default(),
        _ => panic!("{name}"),
    }
}

/// Oracle: spots of known light on a scale that ends below their peaks, at the end of the file's numbers and of fewer bits.
#[test]
fn spots_that_reach_the_end_of_the_scale_have_their_light() {
    let shape = Shape::flat(240, 240);
    let truth = places(&mut Random(15), shape, 60, 22.0);
    for (end, bits) in [(65_535.0, "the file"), (4095.0, "twelve bits")] {
        for times in [0.8, 1.3, 2.0, 3.0, 6.0] {
            let ground = end / 20.0;
            let height = times * (end - ground);
            let mut field = Field::waves(shape, ground, 0.0);
            truth.iter().for_each(|at| field.spot(*at, [1.0, 1.4, 1.4], height));
            let noisy = field.volume(end / 500.0, 16);
            let cut = noisy.samples.host().unwrap().iter().map(|s| (*s).min(end as i32)).collect();
            let scan = scan(vec![("RNA", Volume::new(shape, cut).unwrap())], None);
            let outcome = run(&scan, &preset("spots").unwrap().recipe().unwrap());
            let (table, said) = (&outcome.sets[0].table, words(&outcome, "warnings"));
            let light = reals(table, "spot_integrated_spot");
            let share = |v: &f64| v / (height * 2.0 * std::f64::consts::PI * 1.4 * 1.4);
            let told: Vec<f64> = light.iter().filter(|v| v.is_finite()).map(share).collect();
            println!("{bits}, {times} times: {} of {} told, {said}", told.len(), light.len());
            assert!(
                light.len() >= 58 && told.iter().all(|share| (share - 1.0).abs() < 0.06),
                "{bits} {times}: {told:?}"
            );
            assert_eq!(told.is_empty(), times > 4.0, "{bits} {times}");
            assert_eq!(said.contains("reach the end of the scale of spot"), times > 1.0, "{bits} {times}: {said}");
            let widths = reals(table, "spot_fwhm_px_spot");
            assert!(widths.iter().all(|w| w.is_nan() || (w / 3.297 - 1.0).abs() < 0.05), "{bits} {times}: {widths:?}");
        }
    }
}

/// Oracle: pairs of spots that are told apart, whose flanks lie on each other.
#[test]
fn spots_beside_others_have_their_own_light() {
    let shape = Shape::flat(330, 330);
    for (apart, second) in [(4.0, 1000.0), (5.0, 1000.0), (5.0, 300.0), (6.0, 300.0), (8.0, 300.0)] {
        let mut random = Random(17);
        let mut field = Field::waves(shape, 200.0, 0.0);
        let mut truth = vec![];
        for i in 0..81 {
            let turn = 2.0 * std::f64::consts::PI * random.uniform();
            let at =
                [0.0, 25.0 + 35.0 * (i / 9) as f64 + random.uniform(), 25.0 + 35.0 * (i % 9) as f64 + random.uniform()];
            let beside = [0.0, at[1] + apart * turn.sin(), at[2] + apart * turn.cos()];
            for (at, height) in [(at, 1000.0), (beside, second)] {
                field.spot(at, [1.0, 1.4, 1.4], height);
                truth.push((at, height));
            }
        }
        let scan = scan(vec![("RNA", field.volume(15.0, 18))], None);
        let outcome = run(&scan, &preset("spots").unwrap().recipe().unwrap());
        let found = outcome.sets[0].objects.origin.as_ref().unwrap().points.clone().unwrap();
        let places: Vec<[f64; 3]> = truth.iter().map(|t| t.0).collect();
        let light = reals(&outcome.sets[0].table, "spot_integrated_spot");
        let matched = pairs(&found, &places, 1.5);
        let share = |p: &(usize, usize, f64)| light[p.0] / (truth[p.1].1 * 2.0 * std::f64::consts::PI * 1.4 * 1.4);
        let mut dim: Vec<f64> = matched.iter().filter(|p| truth[p.1].1 == second).map(share).collect();
        dim.sort_by(f64::total_cmp);
        let [low, middle, high] = [1, 5, 9].map(|k| dim[dim.len() * k / 10]);
        println!("{apart} px, {second}: {} of 162 found, light {low:.2} {middle:.2} {high:.2}", matched.len());
        assert!(matched.len() >= 150, "{apart} {second}");
        assert!((middle - 1.0).abs() < 0.04 && low > 0.84 && high < 1.16, "{apart} {second}: {low} {middle} {high}");
    }
}

#[test]
fn scale_and_offset_of_the_values_change_nothing() {
    let shape = Shape::flat(200, 200);
    let mut field = Field::waves(shape, 200.0, 200.0);
    let truth = places(&mut Random(7), shape, 80, 0.0);
    truth.iter().for_each(|at| field.spot(*at, [1.0, 1.4, 1.4], 60.0));
    let volume = field.volume(10.0, 8);
    let of = |samples: Vec<i32>, scale: Scale| {
        let v = Volume { scale, ..Volume::new(shape, samples).unwrap() };
        f1(&spots(&scan(vec![("RNA", v)], None)), &truth, 3.0)
    };
    let samples = volume.samples.host().unwrap().to_vec();
    let plain = of(samples.clone(), Scale::ONE);
    for (factor, offset) in [(7, 0), (1, 60_000), (50, -30_000), (1000, 1_000_000)] {
        let changed = of(samples.iter().map(|s| factor * s + offset).collect(), Scale::ONE);
        assert!((changed - plain).abs() <= 0.01, "{factor} {offset}: {changed} {plain}");
    }
    assert_eq!(of(samples.clone(), Scale::new(1e-6, -3.0).unwrap()), plain);
    // An eighth of the values, rounded again.
    let coarse = of(samples.iter().map(|s| s / 8).collect(), Scale::ONE);
    assert!((coarse - plain).abs() <= 0.03, "{coarse} {plain}");
}

/// Molecules at random places: where they are so many that spots are missed, a warning says so; where they are found, none does. The light of
/// all follows their number, as the warning says.
#[test]
fn crowded_spots_are_told() {
    let shape = Shape::flat(300, 300);
    let field = |n: usize| {
        let mut random = Random(11);
        let mut light = vec![100.0f64; shape.len()];
        for _ in 0..n {
            let at = [(); 2].map(|()| 9.0 + 282.0 * random.uniform());
            for (y, x) in (0..19).flat_map(|y| (0..19).map(move |x| (at[0] as usize + y - 9, at[1] as usize + x - 9))) {
                let far = (y as f64 - at[0]).powi(2) + (x as f64 - at[1]).powi(2);
                light[y * 300 + x] += 200.0 * (-far / (2.0 * 1.96)).exp();
            }
        }
        let samples: Vec<i32> = light.iter().map(|v| (v + 20.0 * random.normal()).round().max(0.0) as i32).collect();
        let sum: i64 = samples.iter().map(|s| i64::from(*s) - 100).sum();
        (scan(vec![("rna", Volume::new(shape, samples).unwrap())], None), sum as f64)
    };
    let recipe = Recipe::parse("spots", preset("spots").unwrap().text, &[]).unwrap();
    for (n, is_told) in [(0, false), (60, false), (200, false), (1000, true), (1500, true), (2000, true)] {
        let (scan, sum) = field(n);
        let outcome = run(&scan, &recipe);
        let found = outcome.sets[0].objects.count() as usize;
        let told = words(&outcome, "warnings");
        assert_eq!(told.contains("within four sigmas of another one"), is_told, "{n}, {found} found: {told}");
        assert!(is_told || found * 10 >= n * 9, "{found} of {n}");
        let light = n as f64 * 200.0 * 2.0 * std::f64::consts::PI * 1.96;
        assert!((sum - light).abs() < 0.03 * light + 20_000.0, "{n}: {sum} {light}");
    }
}

#[test]
fn noise_and_flat_images_have_none() {
    for (k, shape) in [Shape::flat(500, 500), Shape::flat(300, 700), Shape::new(16, 128, 128)].into_iter().enumerate() {
        for height in [0.0, 200.0] {
            let volume = Field::waves(shape, 100.0, height).volume(10.0, 10 + k as u64);
            let n = spots(&scan(vec![("RNA", volume)], None)).len();
            assert!(n <= 2, "{shape} {height}: {n}");
        }
    }
    for shape in [Shape::flat(1, 1), Shape::flat(1, 60), Shape::flat(60, 60), Shape::new(2, 3, 4)] {
        let flat = Volume::new(shape, vec![1000; shape.len()]).unwrap();
        assert!(spots(&scan(vec![("RNA", flat)], None)).is_empty());
    }
}

const PARENTS: &str = r#"
[channels]
nuclear = "DAPI"
spot = "RNA"
[objects.nuclei]
channel = "nuclear"
steps = [{ op = "threshold", method = "otsu" }, { op = "fill_holes" }, { op = "label" }, { op = "keep", at_least = "100 px" }]
[objects.spots]
channel = "spot"
steps = [{ op = "spots" }]
parent = "nuclei"
[measure.spots]
features = ["spot"]
channels = ["spot"]
[relate.spots]
sum = ["spot_integrated_spot"]
"#;

/// Nuclei of 0, 1, 2, 3 spots.
fn nuclei() -> Scan {
    let shape = Shape::flat(60, 240);
    let (mut dna, mut rna) = (Field::waves(shape, 20.0, 0.0), Field::waves(shape, 100.0, 30.0));
    for k in 0..4 {
        let centre = 30.0 + 60.0 * k as f64;
        for (i, v) in dna.values.iter_mut().enumerate() {
            let [_, y, x] = shape.position(i).map(|v| v as f64);
            *v += if (y - 30.0).hypot(x - centre) < 20.0 { 500.0 } else { 0.0 };
        }
        (0..k).for_each(|s| rna.spot([0.0, 22.0 + 9.0 * f64::from(s), centre - 4.3], [1.0, 1.4, 1.4], 150.0));
    }
    scan(vec![("DAPI", dna.volume(5.0, 1)), ("RNA", rna.volume(8.0, 2))], Some([1.0, 0.2, 0.2]))
}

#[test]
fn nuclei_count_their_spots() {
    let recipe = Recipe::parse("r.toml", PARENTS, &[]).unwrap();
    let outcome = run(&nuclei(), &recipe);
    let of = |name: &str| &outcome.sets.iter().find(|s| s.name == name).unwrap().table;
    assert_eq!(reals(of("nuclei"), "children_spots_count"), [0.0, 1.0, 2.0, 3.0]);
    let sum = reals(of("nuclei"), "spots_sum_spot_integrated_spot");
    assert!(sum[0].is_nan() && (sum[3] / sum[1] - 3.0).abs() < 0.5, "{sum:?}");
    let spots = of("spots");
    let places = reals(spots, "point_x_px");
    assert!(places.iter().zip(reals(spots, "spot_x_px_spot")).all(|(a, b)| (a - b).abs() < 0.1));
    assert!(spots.column("label_in_file").is_none() && spots.column("parent_nuclei").is_some());
    // The recipe alone knows the columns.
    let told = pipeline::columns(&recipe).unwrap();
    let names = |t: &Table| t.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&told.sets.iter().find(|s| s.name == "spots").unwrap().table), names(spots));
    let Cells::Text(notes) = &outcome.row.column("notes").unwrap().cells else { panic!() };
    assert!(notes[0].as_ref().unwrap().contains("spots: 6 spots of sigma 1.400 px"), "{notes:?}");
}

#[test]
fn a_gpu_gives_the_same_tables() {
    let recipe = Recipe::parse("r.toml", PARENTS, &[]).unwrap();
    let range =
        PARENTS.replace("op = \"spots\"", "op = \"spots\", sigma = [\"0.2 um\", \"0.4 um\"], sigma_z = \"0.5 um\"");
    let deep = {
        let mut field = Field::waves(Shape::new(9, 40, 40), 100.0, 50.0);
        field.spot([4.3, 20.2, 19.9], [1.0, 1.5, 1.5], 200.0);
        let dna = Field::waves(Shape::new(9, 40, 40), 10.0, 900.0).volume(3.0, 4);
        scan(vec![("DAPI", dna), ("RNA", field.volume(9.0, 3))], Some([0.4, 0.2, 0.2]))
    };
    for scan in [nuclei(), deep] {
        for recipe in [&recipe, &Recipe::parse("r.toml", &range, &[]).unwrap()] {
            let cpu = run(&scan, recipe);
            for device in [common::gpu(None), common::gpu(Some(1 << 15))] {
                let gpu = pipeline::run(&scan, recipe, &device, &External::new()).unwrap();
                assert_eq!(cpu.row, gpu.row);
                for (a, b) in cpu.sets.iter().zip(&gpu.sets) {
                    assert_eq!(a.table, b.table, "{}", a.name);
                }
            }
        }
    }
}

#[test]
fn wrong_recipes_are_refused_with_a_remedy() {
    let parse = |step: &str| {
        let text = PARENTS.replace("{ op = \"spots\" }", step);
        Recipe::parse("r.toml", &text, &[])
    };
    for (step, says) in [
        ("{ op = \"spots\", sigma = \"0.1 px\" }", "0.5 to 20 px"),
        ("{ op = \"spots\", sigma = [\"2 px\", \"1 px\"] }", "[\"1 px\", \"2 px\"]"),
        ("{ op = \"spots\", sigma = 3 }", "a length (\"1.4 px\")"),
        ("{ op = \"spots\", sigma = \"1 r\" }", "scale"),
        ("{ op = \"spots\", radius = \"1 px\" }", "radius"),
    ] {
        let e = parse(step).unwrap_err().to_string();
        assert!(e.contains(says), "{step}: {e}");
    }
    let recipe = parse("{ op = \"spots\", sigma = \"0.01 um\" }").unwrap();
    let e = pipeline::run(&nuclei(), &recipe, &Device::Cpu, &External::new()).unwrap_err().to_string();
    assert!(e.contains("0.05") && e.contains("0.5 to 20 px"), "{e}");
    let recipe = parse("{ op = \"spots\", sigma_z = \"15 px\" }").unwrap();
    let e = pipeline::run(&nuclei(), &recipe, &Device::Cpu, &External::new()).unwrap_err().to_string();
    assert!(e.contains("10.71 times as long") && e.contains("up to 10 times"), "{e}");
    let text = PARENTS.replace("features = [\"spot\"]", "features = [\"spot\"]\nspot.sigma_z = \"15 px\"");
    let recipe = Recipe::parse("r.toml", &text, &[]).unwrap();
    let e = pipeline::run(&nuclei(), &recipe, &Device::Cpu, &External::new()).unwrap_err().to_string();
    assert!(e.contains("10.71 times as long") && e.contains("spot.sigma_z"), "{e}");
    // A choice among spots keeps their places.
    let kept = parse("{ op = \"spots\" }, { op = \"exclude\", set = \"nuclei\" }").unwrap();
    assert_eq!(run(&nuclei(), &kept).sets.iter().find(|s| s.name == "spots").unwrap().table.rows(), 0);
}

/// Oracle: winding lines that were drawn.
#[test]
fn mitochondria_are_found_and_as_long_as_they_are() {
    let recipe = Recipe::parse("mitochondria", include_str!("../docs/mitochondria.toml"), &[]).unwrap();
    let shape = Shape::flat(240, 260);
    let mut field = Field::waves(shape, 150.0, 120.0);
    let mut drawn = vec![];
    for k in 0..6 {
        let (mut y, mut x, length) = (25.0 + 38.0 * k as f64, 30.0, 60.0 + 28.0 * k as f64);
        for step in 0..length as usize {
            field.spot([0.0, y, x], [1.0, 1.8, 1.8], 110.0);
            let direction = 0.5 * (step as f64 / 14.0).sin();
            (y, x) = (y + direction.sin(), x + direction.cos());
        }
        drawn.push(length);
    }
    let outcome = run(&scan(vec![("TOM20", field.volume(15.0, 3))], Some([1.0, 0.1, 0.1])), &recipe);
    let table = &outcome.sets[0].table;
    let found = reals(table, "skeleton_length_px");
    println!("{found:?} of {drawn:?}, width {:?}", reals(table, "skeleton_width_mean_px"));
    assert_eq!(found.len(), drawn.len());
    assert!(found.iter().zip(&drawn).all(|(f, d)| *f > 0.95 * d && *f < 1.1 * d + 4.0));
    assert_eq!(reals(table, "skeleton_branch_points"), vec![0.0; 6]);
    // A hot pixel and a speck of dust hide none of them.
    field.spot([0.0, 9.0, 250.0], [1.0, 0.1, 0.1], 65_000.0);
    field.spot([0.0, 12.0, 200.0], [1.0, 1.7, 1.7], 30_000.0);
    let outcome = run(&scan(vec![("TOM20", field.volume(15.0, 3))], None), &recipe);
    let lengths = reals(&outcome.sets[0].table, "skeleton_length_px");
    assert_eq!(lengths.iter().filter(|length| **length > 30.0).count(), drawn.len(), "{lengths:?}");
    // Of noise alone nothing.
    let noise = Field { shape, values: vec![200.0; shape.len()] }.volume(15.0, 4);
    assert_eq!(run(&scan(vec![("TOM20", noise)], None), &recipe).sets[0].objects.count(), 0);
}
