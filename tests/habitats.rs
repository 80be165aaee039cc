//! Habitats. Oracle: a lesion whose parts are known, counted by hand, and a phantom's own voxels. Invariant: the parts make up the whole, for any
//! limits, on any device. Mechanics: wrong recipes.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::path::Path;
use uptake::device::Device;
use uptake::image::{Channel, Modality, Scan};
use uptake::pipeline::{self, External, Outcome};
use uptake::read::{self, Options};
use uptake::recipe::{Recipe, preset};
use uptake::table::{Cells, Table};
use uptake::units::Spacing;

const RECIPE: &str = r#"
modality = "fluorescence"
[channels]
a = [0]
[objects.lesions]
channel = "a"
steps = [{ op = "threshold", method = "fixed", at_least = 10 }, { op = "label" }]
[objects.habitats]
channel = "a"
steps = [{ op = "habitats", set = "lesions", values = [20, 40] }]
parent = "lesions"
[measure.lesions]
features = ["shape"]
[measure.habitats]
features = ["shape", "habitat"]
habitat.of = "lesions"
"#;

/// Two lesions in one slice: one of three levels, whose hottest falls into two pieces, and one of a single level.
fn scan() -> Scan {
    #[rustfmt::skip]
    let rows: [[u16; 9]; 5] = [
        [0,  0,  0,  0,  0,  0, 0,  0,  0],
        [0, 10, 10, 20, 50, 20, 0, 12, 12],
        [0, 10, 10, 20, 20, 20, 0, 12, 12],
        [0, 10, 10, 20, 50, 20, 0,  0,  0],
        [0,  0,  0,  0,  0,  0, 0,  0,  0],
    ];
    let array = ndarray::Array3::from_shape_fn((1, 5, 9), |(_, y, x)| rows[y][x]);
    let channel = Channel::of_array("a", array.view()).unwrap();
    let mut scan = Scan::new(Modality::Fluorescence, channel.volume.shape, vec![channel]);
    scan.spacing = Spacing::um([1.0, 2.0, 0.5]);
    scan
}

fn run(scan: &Scan, recipe: &Recipe, device: &Device) -> Outcome {
    pipeline::run(scan, recipe, device, &External::new()).unwrap()
}

fn table<'a>(outcome: &'a Outcome, set: &str) -> &'a Table {
    &outcome.sets.iter().find(|s| s.name == set).unwrap().table
}

fn ints(table: &Table, column: &str) -> Vec<Option<i64>> {
    let Cells::Int(cells) = &table.column(column).unwrap().cells else { panic!("{column}") };
    cells.clone()
}

fn reals(table: &Table, column: &str) -> Vec<Option<f64>> {
    let Cells::Real(cells) = &table.column(column).unwrap().cells else { panic!("{column}") };
    cells.clone()
}

fn parse(change: impl Fn(&str) -> String) -> uptake::Result<Recipe> {
    Recipe::parse("r.toml", &change(RECIPE), &[])
}

#[test]
fn known_parts_are_found_and_measured() {
    let outcome = run(&scan(), &parse(str::to_string).unwrap(), &Device::Cpu);
    let t = table(&outcome, "habitats");
    assert_eq!(ints(t, "parent_lesions"), [Some(1), Some(1), Some(1), Some(2)]);
    assert_eq!(ints(t, "habitat_level"), [Some(1), Some(2), Some(3), Some(1)]);
    assert_eq!(ints(t, "habitat_count"), [Some(3), Some(3), Some(3), Some(1)]);
    assert_eq!(ints(t, "area_px"), [Some(6), Some(7), Some(2), Some(4)]);
    assert_eq!(ints(t, "habitat_pieces"), [Some(1), Some(1), Some(2), Some(1)]);
    assert_eq!(
        reals(t, "habitat_fraction"),
        [6.0, 7.0, 2.0, 15.0].map(|n| Some(n / 15.0)).map(|f| if f == Some(1.0) { Some(1.0) } else { f })
    );
    // Columns 1 and 2 against column 4, 0.5 um apart; the ring has its centre in column 4 as well, a little to the side of it.
    let apart = reals(t, "habitat_from_hottest_um");
    assert_eq!((apart[0], apart[2], apart[3]), (Some(1.25), Some(0.0), Some(0.0)));
    let ring = (3.0 * 3.0 + 4.0 + 3.0 * 5.0) / 7.0;
    assert!((apart[1].unwrap() - (4.0 - ring) * 0.5).abs() < 1e-12);
}

#[test]
fn small_parts_join_and_limits_may_be_percent_or_classes() {
    let areas = |step: &str| {
        let recipe = parse(|r| r.replace("values = [20, 40]", step)).unwrap();
        ints(table(&run(&scan(), &recipe, &Device::Cpu), "habitats"), "area_px")
    };
    assert_eq!(areas("values = [20, 40], smallest = \"3 px\""), [Some(6), Some(9), Some(4)]);
    assert_eq!(areas("values = [20, 40], smallest = \"2.5 um2\""), [Some(6), Some(9), Some(4)]);
    assert_eq!(areas("values = [1000]"), [Some(15), Some(4)]);
    assert_eq!(areas("percent = [40, 100]"), [Some(6), Some(7), Some(2), Some(4)]);
    assert_eq!(areas("classes = 3"), [Some(6), Some(7), Some(2), Some(4)]);
    assert_eq!(areas("classes = 2"), [Some(13), Some(2), Some(4)]);
}

#[test]
fn without_lesions_there_are_no_habitats() {
    let recipe = parse(|r| r.replace("at_least = 10", "at_least = 1000")).unwrap();
    let outcome = run(&scan(), &recipe, &Device::Cpu);
    assert_eq!(table(&outcome, "habitats").rows(), 0);
    let told = pipeline::columns(&recipe).unwrap();
    let names = |t: &Table| t.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    assert_eq!(
        names(table(&outcome, "habitats")),
        names(&told.sets.iter().find(|s| s.name == "habitats").unwrap().table)
    );
}

#[test]
fn parts_make_up_the_whole_on_every_device() {
    let phantom = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-images/pet/phantom_dicom");
    let scan = read::open(&phantom, &Options::default()).unwrap();
    let text = preset("pet-habitats").unwrap().text;
    for ways in ["percent = [50, 70], smallest = \"0.5 ml\"", "classes = 4", "values = [5.0, 7.5, 10.0]"] {
        let text = text.replace("percent = [50, 70], smallest = \"0.5 ml\"", ways);
        let recipe = Recipe::parse("r.toml", &text, &[]).unwrap();
        let cpu = run(&scan, &recipe, &Device::Cpu);
        let (lesions, habitats) = (table(&cpu, "lesions"), table(&cpu, "habitats"));
        let (whole, parents) = (reals(lesions, "mtv_ml"), ints(habitats, "parent_lesions"));
        assert!(!whole.is_empty() && habitats.rows() > lesions.rows(), "{ways}");
        for (i, whole) in whole.iter().enumerate() {
            let of = |column: &str| -> f64 {
                let parts = reals(habitats, column);
                parts.iter().zip(&parents).filter(|(_, p)| **p == Some(i as i64 + 1)).map(|(v, _)| v.unwrap()).sum()
            };
            assert!(
                (of("mtv_ml") / whole.unwrap() - 1.0).abs() < 1e-12 && (of("habitat_fraction") - 1.0).abs() < 1e-12
            );
        }
        for device in [common::gpu(None), common::gpu(Some(1 << 18))] {
            let gpu = run(&scan, &recipe, &device);
            assert_eq!((lesions, habitats), (table(&gpu, "lesions"), table(&gpu, "habitats")), "{ways}");
        }
    }
}

#[test]
fn wrong_recipes_are_refused_with_a_remedy() {
    for (step, says) in [
        ("values = [20, 40], classes = 3", "exactly one way"),
        ("smallest = \"1 px\"", "exactly one way"),
        ("values = [40, 20]", "rise"),
        ("values = []", "rise"),
        ("percent = [0, 50]", "percentage"),
        ("percent = [50, 101]", "percentage"),
        ("classes = 1", "2 to 8"),
        ("classes = 9", "2 to 8"),
        ("values = [nan]", "no inf or nan"),
        ("value = [3]", "value"),
    ] {
        let e = parse(|r| r.replace("values = [20, 40]", step)).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(e.contains(says), "{step}: {e}");
    }
    let e = parse(|r| r.replace("set = \"lesions\"", "set = \"lesion\"")).unwrap_err().to_string();
    assert!(e.contains("lesions"), "{e}");
    let e = parse(|r| r.replace("habitat.of = \"lesions\"", "")).unwrap_err().to_string();
    assert!(e.contains("of = \"lesions\""), "{e}");
}
