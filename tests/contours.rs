//! Contours at a share of each lesion's maximum: how far they go, and whose they are. Kinds: regression (a volume that was that of the limit; a
//! contour around a neighbour that the recipe had dropped; one that a dropped object cut, far from where that is hot; a lesion among others that had no
//! background), oracle (volumes of balls).

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::gpu;
use uptake::device::Device;
use uptake::image::{Channel, Modality, PatientGrid, SUV_UNIT, Scale, Scan, Volume};
use uptake::pipeline::{self, External, Outcome};
use uptake::read::{self, Options};
use uptake::recipe::{Recipe, preset};
use uptake::table::{Cells, Table};
use uptake::units::{Shape, Spacing};

/// Centre and radius in mm, and SUV.
type Ball = ([f64; 3], f64, f64);

/// Balls with soft edges in a body of SUV 0.7; of those that overlap the hotter one.
fn scan(balls: &[Ball]) -> Scan {
    let shape = Shape::new(40, 44, 48);
    let value = |i: usize| {
        let at = shape.position(i).map(|v| 4.0 * v as f64);
        let ball = |(centre, radius, suv): &Ball| {
            let far = at.iter().zip(centre).map(|(a, c)| (a - c).powi(2)).sum::<f64>().sqrt();
            0.7 + (suv - 0.7) / (1.0 + libm::exp((far - radius) / 1.5))
        };
        let ripple = 1.0 + ((i * 7919) % 101) as f64 / 5000.0;
        balls.iter().map(ball).fold(0.7, f64::max) * ripple
    };
    let samples = (0..shape.len()).map(|i| (value(i) * 1e4) as i32).collect();
    let volume = Volume { scale: Scale::new(1e-4, 0.0).unwrap(), ..Volume::new(shape, samples).unwrap() };
    let channel = Channel { name: "pet".into(), unit: SUV_UNIT, volume, saturated: None, saturation: None };
    let mut scan = Scan::new(Modality::Pet, shape, vec![channel]);
    scan.spacing = Spacing::mm([4.0; 3]);
    scan.patient_grid = Some(PatientGrid::STRAIGHT);
    scan
}

fn run(recipe: &str, balls: &[Ball], device: &Device) -> Outcome {
    pipeline::run(&scan(balls), &preset(recipe).unwrap().recipe().unwrap(), device, &External::new()).unwrap()
}

fn words(outcome: &Outcome, column: &str) -> String {
    match &outcome.row.column(column).unwrap().cells {
        Cells::Text(words) => words[0].clone().unwrap_or_default(),
        _ => panic!("no words"),
    }
}

fn warnings(outcome: &Outcome) -> String {
    words(outcome, "warnings")
}

fn notes(outcome: &Outcome) -> String {
    words(outcome, "notes")
}

fn cells(table: &Table, name: &str) -> Vec<f64> {
    match &table.column(name).unwrap_or_else(|| panic!("no column {name}")).cells {
        Cells::Real(v) => v.iter().map(|v| v.unwrap()).collect(),
        _ => panic!("{name} has no numbers"),
    }
}

fn set<'a>(outcome: &'a Outcome, name: &str) -> &'a Table {
    &outcome.sets.iter().find(|set| set.name == name).unwrap().table
}

const LESION: [f64; 3] = [80.0, 88.0, 92.0];

#[test]
fn a_contour_that_is_cut_off_by_its_reach_is_told() {
    let warm: Ball = (LESION, 75.0, 2.6);
    let told = "1 of 1 contours are cut off at 30 mm (within), before the image falls below their limit";
    for device in [Device::Cpu, gpu(None)] {
        // 41 % of 5.5 lie below the organ around.
        let organ = [warm, (LESION, 12.0, 5.5)];
        let outcome = run("pet-41", &organ, &device);
        assert!(warnings(&outcome).contains(&format!("lesions: {told}")), "{}", warnings(&outcome));
        assert!(!warnings(&outcome).contains("adapted: "), "{}", warnings(&outcome));
        assert!(
            cells(set(&outcome, "lesions"), "mtv_ml")[0] > 100.0 && cells(set(&outcome, "adapted"), "mtv_ml")[0] < 10.0
        );
        let pet = run("pet", &organ, &device);
        assert!(
            warnings(&pet).contains(&format!("pct41: {told}")) && !warnings(&pet).contains("pct50: "),
            "{}",
            warnings(&pet)
        );
        // A contour that ends by itself in the last layer of what it may reach.
        let own = |within: &str| {
            let set = format!("objects.lesions.steps.1.within=\"{within}\"");
            let recipe = Recipe::parse("pet-41", preset("pet-41").unwrap().text, &[set]).unwrap();
            warnings(&pipeline::run(&scan(&[(LESION, 12.0, 5.5)]), &recipe, &device, &External::new()).unwrap())
        };
        assert!(own("1 mm").contains("lesions: 1 of 1 contours are cut off at 1 mm"), "{}", own("1 mm"));
        assert!(!own("5 mm").contains("cut off"), "{}", own("5 mm"));
        let hot = run("pet-41", &[warm, (LESION, 12.0, 9.0)], &device);
        assert!(!warnings(&hot).contains("cut off at"), "{}", warnings(&hot));
    }
}

#[test]
fn a_neighbour_that_was_dropped_is_no_part_of_a_lesion() {
    // Two balls, of which the small one has less than 3 ml at SUV 4; between them the image falls below 4, but not below 41 %.
    let large: Ball = ([80.0, 88.0, 68.0], 14.0, 5.5);
    let small: Ball = ([80.0, 88.0, 93.0], 7.0, 12.0);
    for device in [Device::Cpu, gpu(None)] {
        let outcome = run("pet", &[large, small], &device);
        for name in ["lesions", "pct41", "pct50"] {
            let table = set(&outcome, name);
            assert_eq!(table.rows(), 1, "{name}");
            assert!(cells(table, "suv_max")[0] < 6.0, "{name}: {:?}", cells(table, "suv_max"));
            assert!(
                (cells(table, "centroid_x_mm")[0] - 68.0).abs() < 3.0,
                "{name}: {:?}",
                cells(table, "centroid_x_mm")
            );
        }
        let volume = cells(set(&outcome, "pct41"), "mtv_ml")[0];
        let alone = cells(set(&run("pet", &[large], &device), "pct41"), "mtv_ml")[0];
        assert!((volume / alone - 1.0).abs() < 0.15, "{volume} {alone}");
        // Its partner is found: the volume at 41 % is there.
        assert_eq!(cells(set(&outcome, "lesions"), "mtv_pct41_ml"), [volume]);
    }
}

/// A lesion in a warm organ, and as many others 30 mm from it all around.
fn among(others: usize) -> Vec<Ball> {
    let way = |i: usize| match i {
        0..6 => std::array::from_fn(|axis| if axis == i / 2 { 30.0 - 60.0 * (i % 2) as f64 } else { 0.0 }),
        _ => std::array::from_fn(|axis| if ((i - 6) >> axis) & 1 == 0 { 17.3 } else { -17.3 }),
    };
    let other = |i: usize| {
        let way: [f64; 3] = way(i);
        (std::array::from_fn(|axis| LESION[axis] + way[axis]), 7.0, 9.0)
    };
    [(LESION, 75.0, 3.5), (LESION, 9.0, 9.0)].into_iter().chain((0..others).map(other)).collect()
}

fn adapted(settings: &[&str], balls: &[Ball], device: &Device) -> Outcome {
    let settings: Vec<String> = settings.iter().map(|s| format!("objects.{s}")).collect();
    let recipe = Recipe::parse("pet-41", preset("pet-41").unwrap().text, &settings).unwrap();
    pipeline::run(&scan(balls), &recipe, device, &External::new()).unwrap()
}

#[test]
fn a_lesion_among_others_has_the_background_that_it_has_alone() {
    let middle = |outcome: &Outcome| {
        let table = set(outcome, "adapted");
        let places = ["z", "y", "x"].map(|axis| cells(table, &format!("centroid_{axis}_mm")));
        let far = |i: &usize| (0..3).map(|a| (places[a][*i] - LESION[a]).abs()).fold(0.0, f64::max);
        let i = (0..table.rows()).find(|i| far(i) < 3.0).unwrap();
        cells(table, "mtv_ml")[i]
    };
    for device in [Device::Cpu, gpu(None)] {
        let seeds = ["seeds.steps.0.at_least=5.5"];
        let alone = middle(&adapted(&seeds, &among(0), &device));
        // A software adapter takes long over many turns.
        let crowds = if device.gpu().is_some() { &[6][..] } else { &[6, 14] };
        for &others in crowds {
            let outcome = adapted(&seeds, &among(others), &device);
            let volume = middle(&outcome);
            assert!((volume / alone - 1.0).abs() < 0.1, "{others}: {volume} for {alone}");
            assert!(!warnings(&outcome).contains("shell"), "{}", warnings(&outcome));
        }
    }
}

#[test]
fn a_shell_of_no_voxel_or_of_few_is_told_and_a_wider_one_helps() {
    let shell = |from: &str, to: &str| {
        let setting = format!("adapted.steps.1.background=[\"{from}\", \"{to}\"]");
        let keep = "seeds.steps.3.at_least=[\"1 px\"]";
        warnings(&adapted(&[&setting, keep], &[(LESION, 2.0, 12.0)], &Device::Cpu))
    };
    let none = shell("0.1 mm", "0.2 mm");
    assert!(none.contains("adapted: 1 objects have no voxel in the shell from 0.1 mm to 0.2 mm"), "{none}");
    let few = shell("0.1 mm", "4.1 mm");
    assert!(few.contains("adapted: 1 objects have fewer than 20 voxels in the shell from 0.1 mm to 4.1 mm"), "{few}");
    assert!(!shell("0.1 mm", "12 mm").contains("shell"));
}

/// Two squares and, between them, a dropped bar that is dimmer than the left one and hotter than the right one; a ground joins all three.
fn bar_between_squares() -> Vec<u8> {
    let (height, width) = (24, 200);
    let sample = |i: usize| match (i / width, i % width) {
        (10..14, 8..12) => 200,
        (10..14, 156..160) => 150,
        (11..13, 16..=151) => {
            if i % width < 146 {
                60
            } else {
                250
            }
        }
        (8..16, _) => 45,
        _ => 5,
    };
    let pixels: Vec<u8> = (0..height * width).map(sample).collect();
    let mut file = std::io::Cursor::new(vec![]);
    let mut encoder = tiff::encoder::TiffEncoder::new(&mut file).unwrap();
    encoder.write_image::<tiff::encoder::colortype::Gray8>(width as u32, height as u32, &pixels).unwrap();
    file.into_inner()
}

#[test]
fn a_dropped_object_cuts_the_contours_that_would_become_it_alone_on_every_device() {
    let text = "quality = false\n[channels]\na = [0]\n[objects.x]\nchannel = \"a\"\nsteps = [\n\
        { op = \"threshold\", method = \"fixed\", value = 50 },\n{ op = \"label\" },\n\
        { op = \"keep\", area = [\"1 px\", \"30 px\"] },\n\
        { op = \"contour\", percent = 20, within = \"10 px\" },\n]\n[measure.x]\nfeatures = \"intensity\"\n";
    let recipe = Recipe::parse("r.toml", text, &[]).unwrap();
    let scan = read::open_bytes(&bar_between_squares(), "bar.tif", &Options::default()).unwrap();
    let run = |device: &Device| pipeline::run(&scan, &recipe, device, &External::new()).unwrap();
    let (cpu, other) = (run(&Device::Cpu), run(&gpu(None)));
    assert_eq!(cpu.row, other.row);
    assert_eq!(set(&cpu, "x"), set(&other, "x"));
    let labels = |outcome: &Outcome| outcome.sets[0].objects.labels.voxels().host().unwrap().to_vec();
    assert_eq!(labels(&cpu), labels(&other));
    // The left square has all within 10 px of it, with the dim end of the bar, which it does not become.
    let at = |y: usize, x: usize| labels(&cpu)[y * 200 + x];
    assert_eq!([at(11, 11), at(11, 18), at(11, 21), at(11, 22)], [1, 1, 1, 0]);
    // Half of the gap lies nearer to the bar.
    assert_eq!([at(11, 152), at(11, 154), at(11, 156)], [0, 2, 2]);
    assert!(notes(&cpu).contains("earlier steps dropped, 1 are hotter"), "{}", notes(&cpu));
}
