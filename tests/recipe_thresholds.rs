//! Oracle: every threshold method, through a recipe, on an image of 8, 12 and 16 bits: the values of scikit-image.
//! `tests/oracle/recipe_thresholds.py` makes the same image and writes the values. Mechanics: what Sauvola's threshold counts with, and
//! errors in the numbers of the recipe.

#![allow(clippy::unwrap_used, reason = "a test may")]

use uptake::device::Device;
use uptake::image::{Channel, Modality, NO_UNIT, Scan, Volume};
use uptake::pipeline::{self, External, Outcome};
use uptake::recipe::Recipe;
use uptake::table::Cells;
use uptake::units::Shape;

const SIZE: [i64; 2] = [60, 80];

/// Twelve blobs on a sloping ground with noise, as the oracle makes them.
fn image(bits: u32) -> Vec<i32> {
    let (mut state, top) = (12_345i64, (1i64 << bits) - 1);
    let mut out = Vec::new();
    for i in 0..SIZE[0] * SIZE[1] {
        let (y, x) = (i / SIZE[1], i % SIZE[1]);
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        let mut per_mille = 60 + x / 4 + (state >> 16) % 1000 * 40 / 1000;
        for k in 0..12 {
            let (cy, cx, r) = (8 + 15 * (k / 4), 10 + 20 * (k % 4), 5 + k % 3);
            let d2 = (y - cy) * (y - cy) + (x - cx) * (x - cx);
            if d2 <= r * r {
                per_mille += (300 + 40 * k) * (2 * r * r - d2) / (2 * r * r);
            }
        }
        out.push((per_mille * top / 1000) as i32);
    }
    out
}

/// The image as a reader gives it: 12 bits lie in words of 16.
fn scan(bits: u32) -> Scan {
    let shape = Shape::flat(SIZE[0] as usize, SIZE[1] as usize);
    let volume = Volume::new(shape, image(bits)).unwrap();
    let saturation = Some(if bits == 8 { 255 } else { 65_535 });
    let channel = Channel { name: "a".into(), unit: NO_UNIT, volume, saturated: Some(0), saturation };
    Scan::new(Modality::Fluorescence, shape, vec![channel])
}

fn run(scan: &Scan, steps: &str) -> Outcome {
    let text =
        format!("quality = false\n[channels]\na = [0]\n[objects.x]\nchannel = \"a\"\nsteps = [{steps}]\n[measure.x]\n");
    let recipe = Recipe::parse("test.toml", &text, &[]).unwrap();
    pipeline::run(scan, &recipe, &Device::Cpu, &External::new()).unwrap()
}

fn threshold(outcome: &Outcome) -> f64 {
    let Cells::Real(cells) = &outcome.row.column("threshold_x").unwrap().cells else { panic!("no number") };
    cells[0].unwrap()
}

fn foreground(outcome: &Outcome) -> usize {
    outcome.sets[0].objects.labels.voxels().host().unwrap().iter().filter(|l| **l > 0).count()
}

#[test]
fn every_method_through_a_recipe_gives_the_value_of_scikit_image() {
    let mut n = 0;
    for line in include_str!("oracle/recipe_thresholds.csv").lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let [bits, filter, method, want, count] = cells[..] else { panic!("{line}") };
        let (bits, count): (u32, usize) = (bits.parse().unwrap(), count.parse().unwrap());
        let parameters = match method {
            "percentile" => ", percent = 80".into(),
            "local_mean" | "local_gaussian" | "sauvola" => ", radius = \"10 px\"".into(),
            "hysteresis" => {
                let [low, high] = [0.2, 0.5].map(|v| (v * f64::from((1 << bits) - 1)).floor());
                format!(", low = {low:.1}, high = {high:.1}")
            }
            _ => String::new(),
        };
        let before = match filter {
            "" => String::new(),
            name => format!("{{ op = \"{name}\", radius = \"1 px\" }}, "),
        };
        let outcome = run(&scan(bits), &format!("{before}{{ op = \"threshold\", method = \"{method}\"{parameters} }}"));
        if !want.is_empty() {
            let (got, want) = (threshold(&outcome), want.parse::<f64>().unwrap());
            assert!((got - want).abs() <= 1e-9 * want, "{line}: {got}");
        }
        // The weights of the Gaussian have 16 bits: see `docs/operations.md`.
        let allowed = if method == "local_gaussian" { 3 } else { 0 };
        assert!(foreground(&outcome).abs_diff(count) <= allowed, "{line}: {} pixels", foreground(&outcome));
        n += 1;
    }
    assert_eq!(n, 3 * (3 * 7 + 4));
}

#[test]
fn sauvola_counts_with_what_the_recipe_says_and_tells_what_it_guesses() {
    let steps = |keys: &str| {
        format!("{{ op = \"threshold\", method = \"sauvola\", radius = \"10 px\"{keys} }}, {{ op = \"label\" }}")
    };
    let text = |outcome: &Outcome, column: &str| match &outcome.row.column(column).unwrap().cells {
        Cells::Text(cells) => cells[0].clone().unwrap_or_default(),
        _ => panic!("words"),
    };
    let told = |scan: &Scan, keys: &str| {
        let outcome = run(scan, &steps(keys));
        (foreground(&outcome), text(&outcome, "warnings"), text(&outcome, "notes"))
    };
    let of_type = |scan: &Scan, saturation| {
        let mut scan = scan.clone();
        scan.channels[0].saturation = saturation;
        scan
    };
    // 8 bits say it themselves; words of 16 bits are guessed at, with or without a sign.
    let twelve = scan(12);
    let (pixels, warnings, notes) = told(&twelve, "");
    assert!(warnings.is_empty() && notes.contains("r = 2047.5"), "{warnings} {notes}");
    assert_eq!(told(&of_type(&twelve, Some(32_767)), "").0, pixels, "words with a sign");
    assert_eq!(told(&twelve, ", r = 2047.5"), (pixels, String::new(), String::new()));
    assert_eq!(told(&of_type(&twelve, Some(4095)), "").2, "");
    assert_eq!(told(&scan(8), "").2, "");
    // One pixel makes another guess, and says so.
    let mut one = twelve.clone();
    one.channels[0].volume.samples.host_mut().unwrap()[7] = 4200;
    let (pixels_of_one, warnings, _) = told(&one, "");
    assert!(pixels_of_one > pixels + 20, "{pixels_of_one} for {pixels}");
    assert!(
        ["r = 32767.5", "1 of 4800 pixels have more than 4095", "would be 2047.5"].iter().all(|w| warnings.contains(w)),
        "{warnings}"
    );
    assert_eq!(told(&one, ", r = 2047.5").0.abs_diff(pixels), 1, "that pixel");
    // Values of floats have no depth; r is in values.
    let mut floats = twelve.clone();
    let volume = &mut floats.channels[0].volume;
    volume.samples.host_mut().unwrap().iter_mut().for_each(|s| *s *= 1 << 17);
    volume.scale = uptake::image::Scale::new(1.0 / 4096.0, 0.0).unwrap();
    floats.channels[0].saturation = None;
    assert!(told(&floats, "").1.contains("half of the largest value"));
    let (of_floats, warnings, notes) = told(&floats, &format!(", r = {}", 2047.5 * 32.0));
    assert!(of_floats.abs_diff(pixels) <= 2 && warnings.is_empty() && notes.is_empty(), "{of_floats} for {pixels}");
}

#[test]
fn an_r_that_is_too_small_is_told_as_it_was_written_and_the_remedy_helps() {
    let scan = scan(12);
    let tried = |r: &str| {
        let steps = format!("{{ op = \"threshold\", method = \"sauvola\", radius = \"10 px\", r = {r} }}");
        let text = format!("quality = false\n[channels]\na = [0]\n[objects.x]\nchannel = \"a\"\nsteps = [{steps}]\n");
        let recipe = Recipe::parse("test.toml", &text, &[])?;
        pipeline::run(&scan, &recipe, &Device::Cpu, &External::new()).map(|_| ())
    };
    let e = tried("1e-9").unwrap_err();
    assert!(e.what.contains("with r = 0.000000001 and k = 0.2"), "{e}");
    let remedy = e.remedy.unwrap();
    let least = remedy.split("here r = ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    assert!(tried(least).is_ok(), "{remedy}");
}

#[test]
fn a_length_in_micrometres_that_is_too_wide_is_told_as_it_was_written() {
    let mut scan = scan(8);
    scan.spacing = uptake::units::Spacing::um([1.0, 0.001, 0.001]);
    for (step, key, most) in [
        ("{ op = \"median\", radius = \"2 um\" }", "radius = \"2 um\", 2000.0 px here", "100 px"),
        ("{ op = \"gaussian\", sigma = \"2 um\" }", "sigma = \"2 um\", 2000.0 px here", "1000 px"),
        (
            "{ op = \"threshold\", method = \"local_mean\", radius = \"3 um\" }",
            "radius = \"3 um\", 3000.0 px here",
            "2000 px",
        ),
    ] {
        let threshold = "{ op = \"threshold\", method = \"otsu\" }";
        let text = format!(
            "quality = false\n[channels]\na = [0]\n[objects.x]\nchannel = \"a\"\nsteps = [{step}, {threshold}]\n"
        );
        let recipe = Recipe::parse("test.toml", &text, &[]).unwrap();
        let e = pipeline::run(&scan, &recipe, &Device::Cpu, &External::new()).unwrap_err();
        assert!(e.what.contains(key) && e.remedy.as_ref().is_some_and(|r| r.contains(most)), "{e}");
    }
}
