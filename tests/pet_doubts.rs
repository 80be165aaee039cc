//! PET whose numbers would mislead: backgrounds in air, and livers that are none.
//! Kind: oracle (scenes of balls whose uptake, volume and place are known).

#![allow(clippy::unwrap_used, reason = "a test may")]

use uptake::device::Device;
use uptake::image::{Channel, Modality, PatientGrid, Regions, SUV_UNIT, Scale, Scan, Volume};
use uptake::pipeline::{self, External, Outcome};
use uptake::recipe::{Recipe, preset};
use uptake::table::{Cells, Column, Table};
use uptake::units::{Shape, Spacing};

/// A ball: middle x, y, z and radius in mm, and its SUV. Later ones replace earlier ones.
type Ball = ([f64; 3], f64, f64);

fn is_in((middle, radius, _): &Ball, at: [f64; 3]) -> bool {
    (0..3).map(|a| (at[a] - middle[a]).powi(2)).sum::<f64>() <= radius * radius
}

/// A scan of cubes of `mm`, around the middle of the patient.
fn scan(shape: Shape, mm: f64, balls: &[Ball]) -> Scan {
    let origin = [shape.x, shape.y, shape.z].map(|n| -((n as f64 - 1.0) / 2.0 * mm));
    let value = |i: usize| {
        let [z, y, x] = shape.position(i).map(|v| v as f64 * mm);
        let at = [origin[0] + x, origin[1] + y, origin[2] + z];
        balls.iter().rev().find(|ball| is_in(ball, at)).map_or(0.0, |ball| ball.2)
    };
    let samples = (0..shape.len()).map(|i| (value(i) * 1000.0).round() as i32).collect();
    let volume = Volume { scale: Scale::new(0.001, 0.0).unwrap(), ..Volume::new(shape, samples).unwrap() };
    let channel = Channel { name: "pet".into(), unit: SUV_UNIT, volume, saturated: None, saturation: None };
    let mut scan = Scan::new(Modality::Pet, shape, vec![channel]);
    scan.spacing = Spacing::mm([mm; 3]);
    scan.sul_factor = Some(0.8);
    scan.patient_grid = Some(PatientGrid { origin, ..PatientGrid::STRAIGHT });
    scan
}

fn try_run(scan: &Scan, name: &str, settings: &[&str]) -> uptake::Result<Outcome> {
    let settings: Vec<String> = settings.iter().map(|s| (*s).to_string()).collect();
    let recipe = Recipe::parse(name, preset(name).unwrap().text, &settings).unwrap();
    pipeline::run(scan, &recipe, &Device::Cpu, &External::new())
}

fn run(scan: &Scan, name: &str, settings: &[&str]) -> Outcome {
    try_run(scan, name, settings).unwrap()
}

fn words(outcome: &Outcome, column: &str) -> String {
    match outcome.row.column(column).map(|c| &c.cells) {
        Some(Cells::Text(words)) => words.iter().flatten().cloned().collect(),
        other => panic!("{column}: {other:?}"),
    }
}

fn set<'a>(outcome: &'a Outcome, name: &str) -> &'a Table {
    &outcome.sets.iter().find(|set| set.name == name).unwrap().table
}

fn reals(table: &Table, column: &str) -> Vec<f64> {
    match &table.column(column).unwrap().cells {
        Cells::Real(values) => values.iter().map(|v| v.unwrap_or(f64::NAN)).collect(),
        other => panic!("{column}: {other:?}"),
    }
}

/// An animal 20 mm across at SUV 0.6 with a tumour of SUV 9 under its skin, and another animal beside it.
#[test]
fn the_background_of_a_mouse_is_the_mouse() {
    let mice = [([-12.0, 0.0, 0.0], 10.0, 0.6), ([12.0, 0.0, 0.0], 10.0, 0.6), ([-17.0, 0.0, 0.0], 2.0, 9.0)];
    let scan = scan(Shape::new(48, 48, 96), 0.5, &mice);
    let found = run(&scan, "pet-small", &[]);
    let lesions = set(&found, "lesions");
    assert_eq!(reals(lesions, "suv_background"), [0.6]);
    let definition = &lesions.column("suv_background").unwrap().definition;
    assert!(definition.contains("more than 1 mm and at most 3 mm from the lesion"), "{definition}");
    assert!((reals(lesions, "tbr")[0] - 15.0).abs() < 1e-9);
    assert!(!words(&found, "warnings").contains("background"), "{}", words(&found, "warnings"));
    // The shell of men lies beside the animal, and a warning says so with both numbers.
    let wide = run(&scan, "pet-small", &["measure.lesions.lesion.background=[\"5 mm\", \"15 mm\"]"]);
    assert!(reals(set(&wide, "lesions"), "suv_background")[0] < 0.1);
    let said = words(&wide, "warnings");
    assert!(
        said.contains("lesions: 1 of 1 objects have a background below SUV 0.1, as suv_background 0.000"),
        "{said}"
    );
}

#[test]
fn a_background_is_two_lengths_in_order() {
    let text = preset("pet-small").unwrap().text;
    for wrong in ["[\"3 mm\", \"1 mm\"]", "[\"1 px\", \"3 px\"]", "[\"1 mm\", \"900 mm\"]"] {
        let error = Recipe::parse("r", text, &[format!("measure.lesions.lesion.background={wrong}")]).unwrap_err();
        assert!(error.to_string().contains("the background begins"), "{wrong}: {error}");
    }
}

/// A body of SUV 0.7 with a liver of 2.2 on the patient's right (x below 0), in front, and a lesion.
fn torso() -> Scan {
    let balls = [([0.0; 3], 130.0, 0.7), ([-65.0, -25.0, -25.0], 50.0, 2.2), ([70.0, 40.0, 40.0], 15.0, 9.0)];
    scan(Shape::new(56, 56, 56), 5.0, &balls)
}

#[test]
fn a_given_liver_is_held_against_what_livers_are() {
    let torso = torso();
    let at = |place: &str| run(&torso, "pet-percist", &[&format!("objects.liver.sphere.at={place}")]);
    let right = at("[-65, -25, -25]");
    assert_eq!(words(&right, "warnings"), "");
    let note = "liver: given at x -65, y -25, z -25 mm: SUV 2.20, variation 0 % in 17 ml";
    assert!(words(&right, "notes").contains(note), "{}", words(&right, "notes"));
    // In the axes of a viewer: muscle on the left.
    let mirrored = words(&at("[65, 25, -25]"), "warnings");
    assert!(mirrored.contains("liver: doubtful: given at x 65, y 25, z -25 mm: SUV 0.70"), "{mirrored}");
    assert!(mirrored.contains("livers have SUV 1.0 to 4.5 on FDG") && mirrored.contains("other sign"), "{mirrored}");
    // At the edge of the liver.
    let edge = words(&at("[-65, -77, -25]"), "warnings");
    assert!(edge.contains("but above 35 % it is too uneven for a reference: all that"), "{edge}");
    let air = try_run(&torso, "pet-percist", &["objects.liver.sphere.at=[-135, -135, -135]"]).unwrap_err();
    assert!(air.what.contains("SUV 0.00") && air.what.contains("no tissue"), "{air}");
}

#[test]
fn a_drawn_liver_is_held_against_it_too_and_other_tracers_are_not() {
    let mut torso = torso();
    let recipe = |settings: &[&str]| {
        let settings: Vec<String> = settings.iter().map(|s| (*s).to_string()).collect();
        Recipe::parse("pet-percist", preset("pet-percist").unwrap().text, &settings).unwrap()
    };
    let muscle = (0..torso.shape.len()).map(|i| {
        let [z, y, x] = torso.shape.position(i);
        u32::from((20..24).contains(&z) && (26..30).contains(&y) && (36..40).contains(&x))
    });
    let muscle = Regions::of_voxels(torso.shape, &muscle.collect::<Vec<_>>()).unwrap();
    let drawn = External::from([("liver".to_string(), muscle)]);
    let drawn = pipeline::run(&torso, &recipe(&["labels.liver=l.nii"]), &Device::Cpu, &drawn).unwrap();
    let said = words(&drawn, "warnings");
    assert!(said.contains("liver: doubtful: given: SUV 0.70") && !said.contains("other sign"), "{said}");
    // Nobody knows what livers have on other tracers.
    torso.audit.columns.push(Column::new("tracer", "", "", Cells::Text(vec![Some("68Ga-PSMA-11".into())])));
    let other = words(&run(&torso, "pet-percist", &["objects.liver.sphere.at=[65, 25, -25]"]), "warnings");
    assert!(other.contains("the tracer is 68Ga-PSMA-11") && !other.contains("liver: doubtful"), "{other}");
}
