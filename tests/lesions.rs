//! Lesions of PET. Kinds of test: oracle (published values of the IBSI digital phantom and of FDG-PET crops, numpy, scipy
//! and scikit-image on the same files by tests/oracle/lesions.py, grids worked out by hand), invariant (flipped, moved,
//! scaled, any number of threads), mechanics (what is missing is empty, a recipe from front to back).

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::path::Path;
use uptake::device::Device;
use uptake::image::{Channel, Labels, Modality, PatientGrid, Regions, SUV_UNIT, Scale, Scan, Volume};
use uptake::measure::{self, ChannelRef, Chosen, Context, Request, family};
use uptake::pipeline::{self, External};
use uptake::read;
use uptake::recipe::Recipe;
use uptake::table::{Cells, Table};
use uptake::units::{Shape, Spacing, Unit};

/// Lesions, with these parameters.
fn lesion(parameters: &str) -> [Chosen; 1] {
    [family("lesion", parameters).unwrap()]
}

/// Lesions, and SUV in one channel.
#[derive(Clone)]
struct Scene {
    labels: Labels,
    pet: Volume,
    unit: &'static str,
    spacing: Option<Spacing>,
    sul_factor: Option<f64>,
}

impl Scene {
    fn new(shape: Shape, labels: Vec<u32>, samples: Vec<i32>, mm: [f64; 3]) -> Self {
        let (labels, pet) = (Labels::new(shape, labels).unwrap(), Volume::new(shape, samples).unwrap());
        Scene { labels, pet, unit: SUV_UNIT, spacing: Spacing::mm(mm), sul_factor: Some(0.75) }
    }
    fn channel(&self) -> ChannelRef<'_> {
        ChannelRef::new("pet", self.unit, &self.pet)
    }
    /// What `f` makes of the request for this scene.
    fn ask<T>(&self, f: impl FnOnce(&Request) -> T) -> T {
        f(&Request {
            channels: &[self.channel()],
            families: &lesion(""),
            spacing: self.spacing,
            unit: Unit::Mm,
            volumes: true,
            sul_factor: self.sul_factor,
            ..Request::new(&self.labels)
        })
    }
    fn objects(&self) -> Table {
        self.ask(|r| measure::objects(r).unwrap())
    }
    fn totals(&self) -> Table {
        self.ask(|r| r.families[0].family.totals("lesions", r).unwrap())
    }
    /// The same scene with each voxel of a new shape taken from `from(z, y, x)`.
    fn mapped(&self, shape: Shape, from: impl Fn([usize; 3]) -> Option<[usize; 3]>) -> Scene {
        let old = self.labels.shape;
        let at = |i: usize| from(shape.position(i)).map(|[z, y, x]| old.index(z, y, x));
        let (labels, samples) = (self.labels.voxels().host().unwrap(), self.pet.samples.host().unwrap());
        let mut scene = self.clone();
        scene.labels = Labels::new(shape, (0..shape.len()).map(|i| at(i).map_or(0, |j| labels[j])).collect()).unwrap();
        scene.pet = Volume::new(shape, (0..shape.len()).map(|i| at(i).map_or(1, |j| samples[j])).collect()).unwrap();
        scene.pet.scale = self.pet.scale;
        scene
    }
}

/// A cell as a number; whole numbers too.
fn cell(table: &Table, name: &str, row: usize) -> Option<f64> {
    match &table.column(name).unwrap_or_else(|| panic!("no column {name}")).cells {
        Cells::Int(v) => v[row].map(|v| v as f64),
        Cells::Real(v) => v[row],
        Cells::Text(_) => panic!("{name} is text"),
    }
}

fn close(got: f64, want: f64, relative: f64) -> bool {
    (got - want).abs() <= relative * want.abs().max(got.abs())
}

/// An image and its mask from NIfTI; the values are taken to be SUV.
fn nifti(data: &Path, stem: &str) -> Scene {
    let open = |kind: &str| {
        let mut scan = read::open(&data.join(format!("{stem}_{kind}.nii.gz")), &read::Options::default()).unwrap();
        (scan.channels.remove(0).volume, scan.spacing)
    };
    let ((pet, spacing), (mask, _)) = (open("image"), open("mask"));
    let inside = mask.samples.host().unwrap().iter().map(|s| u32::from(*s > 0)).collect();
    let labels = Labels::new(mask.shape, inside).unwrap();
    Scene { labels, pet, unit: SUV_UNIT, spacing, sul_factor: None }
}

/// Oracle: numpy, scipy and scikit-image on the same files.
#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn lesions_agree_with_scipy() {
    let data = &common::shared("");
    let text = include_str!("oracle/lesions.csv");
    let mut compared = 0;
    for stem in ["sts_pet/STS_001_PET", "sts_pet/STS_002_PET", "sts_pet/STS_003_PET", "ibsi1/digital_phantom"] {
        let table = nifti(data, stem).objects();
        for line in text.lines() {
            let fields: Vec<&str> = line.split(',').collect();
            let [image, column, value] = fields[..] else { continue };
            if image != stem {
                continue;
            }
            let want = Some(value.parse::<f64>().unwrap()).filter(|v| v.is_finite());
            let got = cell(&table, column, 0);
            let fine = match (got, want) {
                (Some(got), Some(want)) => close(got, want, 1e-6),
                (got, want) => got == want,
            };
            assert!(fine, "{stem} {column}: {got:?} {want:?}");
            compared += 1;
        }
    }
    assert_eq!(compared, 4 * 18);
}

/// Oracle: the published values on the stored grid.
#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn published_values_of_crops() {
    let pet = common::shared("sts_pet");
    for line in std::fs::read_to_string(pet.join("native_grid.csv")).unwrap().lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [id, _, _, voxels, max, mean, ml, grams] = fields[..] else { panic!("{line}") };
        let scene = nifti(&pet, &format!("{id}_PET"));
        let (table, totals) = (scene.objects(), scene.totals());
        let number = |s: &str| s.parse::<f64>().unwrap();
        assert_eq!(cell(&table, "volume_px", 0), Some(number(voxels)));
        for (column, total, want, tolerance) in [
            ("suv_max", "suv_max_lesions", max, 1e-6),
            ("suv_mean", "suv_mean_lesions", mean, 1e-6),
            ("mtv_ml", "mtv_total_lesions_ml", ml, 1e-4),
            ("tlg_g", "tlg_total_lesions_g", grams, 1e-4),
        ] {
            let got = cell(&table, column, 0).unwrap();
            assert!(close(got, number(want), tolerance), "{id} {column}: {got} {want}");
            assert!(close(cell(&totals, total, 0).unwrap(), got, 1e-12), "{id} {total}");
        }
        assert_eq!(cell(&totals, "dmax_lesions_mm", 0), None);
    }
}

/// IBSI codes of the columns that agree with the published values of a data set, by the rule of IBSI: rounded to three
/// digits, within the tolerance.
fn ibsi(data: &Path, stem: &str, data_set: &str, codes: &[&str]) {
    let table = nifti(data, stem).objects();
    let round = |v: f64| format!("{v:.2e}").parse::<f64>().unwrap();
    let mut checked = Vec::new();
    for line in std::fs::read_to_string(data.join("reference.csv")).unwrap().lines() {
        let fields: Vec<&str> = line.rsplitn(6, ',').collect();
        let [_, _, tolerance, value, code, rest] = fields[..] else { continue };
        let standard = format!("IBSI:{code}");
        let Some(column) = table.columns.iter().find(|c| c.standard == standard) else { continue };
        if !rest.starts_with(data_set) || !codes.contains(&code) {
            continue;
        }
        let per_mm3 = if column.name == "mtv_ml" { 1000.0 } else { 1.0 };
        let got = cell(&table, &column.name, 0).unwrap() * per_mm3;
        let [value, tolerance] = [value, tolerance].map(|s| s.parse::<f64>().unwrap());
        assert!((round(got) - value).abs() <= tolerance + 1e-9, "{}: {got} {value}", column.name);
        checked.push(code.to_string());
    }
    checked.sort();
    assert_eq!(checked, codes);
}

/// Oracle: published values of the digital phantom, and those of the CT phantom as it is stored that follow from the mask.
#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn ibsi_phantoms() {
    let data = common::shared("ibsi1");
    let codes = ["0F91", "1GSF", "25C7", "84IY", "C0JK", "Q4LE", "QCFX", "VJGA", "Y12H", "YEKZ"];
    ibsi(&data, "digital_phantom", "digital phantom,", &codes);
    ibsi(&data, "ct_phantom", "config A,", &["25C7", "C0JK", "QCFX", "YEKZ"]);
}

/// Two lesions in a row of dim tissue, worked out by hand.
fn two() -> Scene {
    let shape = Shape::new(9, 21, 41);
    let mut labels = vec![0; shape.len()];
    let mut samples = vec![10; shape.len()];
    for (label, x, values) in [(1, 8, [40, 80, 60]), (2, 32, [100, 90, 100])] {
        for (i, value) in values.into_iter().enumerate() {
            labels[shape.index(4, 10, x + i)] = label;
            samples[shape.index(4, 10, x + i)] = value;
        }
    }
    let mut scene = Scene::new(shape, labels, samples, [4.0, 4.0, 4.0]);
    scene.pet.scale = Scale::new(0.1, 0.0).unwrap();
    scene
}

/// Oracle: numbers worked out by hand. The sphere of 1 ml reaches 1.55 voxels: its 19 voxels are the middle, 6 neighbours
/// at 1 and 12 at the root of 2. Lodge's reaches 1.5 voxels: the same ones.
#[test]
fn two_lesions_by_hand() {
    let table = two().objects();
    // Around the last but one: its neighbours in the row are in the sphere, other voxels are 10.
    let peak = (16.0 * 10.0 + 40.0 + 80.0 + 60.0) / 19.0 / 10.0;
    for (column, want) in [
        ("suv_max", [8.0, 10.0]),
        ("suv_mean", [6.0, 29.0 / 3.0]),
        ("suv_median", [6.0, 10.0]),
        ("suv_min", [4.0, 9.0]),
        ("suv_std", [(8.0f64 / 3.0).sqrt(), (2.0f64 / 9.0).sqrt()]),
        ("suv_peak_vjga", [peak, (17.0 * 10.0 + 100.0 + 90.0) / 190.0]),
        ("suv_peak_0f91", [peak, (16.0 * 10.0 + 290.0) / 190.0]),
        ("suv_peak_lodge", [peak, (16.0 * 10.0 + 290.0) / 190.0]),
        ("suv_peak_2mm", [8.0, 10.0]),
        ("peak_0f91_coverage", [1.0, 1.0]),
        ("mtv_ml", [0.192, 0.192]),
        ("tlg_g", [6.0 * 0.192, 29.0 / 3.0 * 0.192]),
        ("sul_max", [6.0, 7.5]),
        ("sul_mean", [4.5, 7.25]),
        ("sul_peak", [0.75 * peak, 0.75 * 450.0 / 190.0]),
        ("uptake_max", [8.0, 10.0]),
        ("uptake_peak_0f91", [peak, 450.0 / 190.0]),
        ("suv_background", [1.0, 1.0]),
        ("tbr", [6.0, 29.0 / 3.0]),
        ("hottest_x_px", [9.0, 32.0]),
        ("hottest_y_px", [10.0, 10.0]),
        ("hottest_z_px", [4.0, 4.0]),
        ("centroid_x_mm", [36.0, 132.0]),
        ("touches_edge", [0.0, 0.0]),
    ] {
        for (row, want) in want.into_iter().enumerate() {
            let got = cell(&table, column, row).unwrap();
            assert!(close(got, want, 1e-14), "{column} {row}: {got} {want}");
        }
    }
    let totals = two().totals();
    for (column, want) in [
        ("lesion_count_lesions", 2.0),
        ("mtv_total_lesions_ml", 0.384),
        ("tlg_total_lesions_g", (6.0 + 29.0 / 3.0) * 0.192),
        ("suv_max_lesions", 10.0),
        ("suv_mean_lesions", 47.0 / 6.0),
        ("dmax_lesions_mm", 96.0),
    ] {
        let got = cell(&totals, column, 0).unwrap();
        assert!(close(got, want, 1e-14), "{column}: {got} {want}");
    }
}

/// Oracle: where a sphere ends at the border of the image the mean is that of the voxels inside, and a voxel larger than
/// the sphere is its own peak.
#[test]
fn spheres_at_the_border_and_large_voxels() {
    let shape = Shape::new(3, 3, 3);
    let mut labels = vec![0; 27];
    labels[0] = 1;
    let samples: Vec<i32> = (0..27).map(|i| 100 - i).collect();
    let corner = Scene::new(shape, labels, samples, [4.0; 3]);
    let table = corner.objects();
    // The corner, three neighbours at 1 and three at the root of 2, of 19.
    let inside = [0, 1, 3, 9, 4, 10, 12].map(|i| 100.0 - f64::from(i));
    assert_eq!(cell(&table, "suv_peak_0f91", 0), Some(inside.iter().sum::<f64>() / 7.0));
    assert_eq!(cell(&table, "peak_0f91_coverage", 0), Some(7.0 / 19.0));
    assert_eq!(cell(&table, "touches_edge", 0), Some(1.0));
    let large = Scene { spacing: Spacing::mm([20.0; 3]), ..corner }.objects();
    for column in ["suv_peak_vjga", "suv_peak_0f91", "suv_peak_lodge"] {
        assert_eq!(cell(&large, column, 0), Some(100.0), "{column}");
    }
}

/// Rough lesions with different voxel sizes along the axes.
fn rough() -> Scene {
    let shape = Shape::new(13, 17, 19);
    let samples: Vec<i32> = (0..shape.len() as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 20) as i32).collect();
    let lesion = |i: usize, c: [f64; 3], r: f64| {
        let p = shape.position(i);
        (0..3).map(|a| (p[a] as f64 - c[a]).powi(2)).sum::<f64>() + f64::from(samples[i] % 5) <= r * r
    };
    let of = |i| match (lesion(i, [5.0, 6.0, 5.0], 4.0), lesion(i, [7.0, 11.0, 14.0], 3.5)) {
        (true, _) => 1,
        (_, true) => 2,
        _ => 0,
    };
    Scene::new(shape, (0..shape.len()).map(of).collect(), samples.clone(), [3.27, 4.0, 2.5])
}

/// Columns that say where a lesion lies.
fn is_place(name: &str) -> bool {
    ["centroid_", "bbox_", "hottest_"].iter().any(|p| name.starts_with(p))
}

fn assert_same(a: &Table, b: &Table, factor: impl Fn(&str) -> Option<f64>) {
    for column in &a.columns {
        let Some(factor) = factor(&column.name) else { continue };
        for row in 0..a.rows() {
            let (x, y) = (cell(a, &column.name, row), cell(b, &column.name, row));
            let same = match (x, y) {
                (Some(x), Some(y)) => close(x * factor, y, 1e-11),
                (x, y) => x == y,
            };
            assert!(same, "{} row {row}: {x:?} {y:?}", column.name);
        }
    }
}

/// Invariant: mirrored and with axes exchanged (and their spacing) all but places stays.
#[test]
fn flips_and_turns_change_places_only() {
    let scene = rough();
    let s = scene.labels.shape;
    let before = (scene.objects(), scene.totals());
    let keep = |name: &str| (!is_place(name)).then_some(1.0);
    let mirrored = scene.mapped(s, |[z, y, x]| Some([s.z - 1 - z, y, s.x - 1 - x]));
    assert_same(&before.0, &mirrored.objects(), keep);
    assert_same(&before.1, &mirrored.totals(), keep);
    let mut turned = scene.mapped(Shape::new(s.x, s.z, s.y), |[z, y, x]| Some([y, x, z]));
    turned.spacing = Spacing::mm([2.5, 3.27, 4.0]);
    assert_same(&before.0, &turned.objects(), keep);
    assert_same(&before.1, &turned.totals(), keep);
}

/// Invariant: in a wider field of the same dim tissue only what the border cut off changes.
#[test]
fn moving_changes_places_only() {
    let scene = two();
    let s = scene.labels.shape;
    let wider = Shape::new(s.z + 6, s.y + 4, s.x + 10);
    let mut moved = scene.mapped(wider, |[z, y, x]| {
        let (z, y, x) = (z.checked_sub(3)?, y.checked_sub(2)?, x.checked_sub(5)?);
        (z < s.z && y < s.y && x < s.x).then_some([z, y, x])
    });
    // Voxels that come anew are 1 in samples: make them as dim as the rest.
    let samples = moved.pet.samples.host().unwrap().iter().map(|&v| v.max(10)).collect();
    moved.pet = Volume { scale: scene.pet.scale, ..Volume::new(wider, samples).unwrap() };
    assert_same(&scene.objects(), &moved.objects(), |name| (!is_place(name)).then_some(1.0));
    assert_same(&scene.totals(), &moved.totals(), |_| Some(1.0));
    assert_eq!(cell(&moved.objects(), "centroid_x_mm", 0), Some(36.0 + 20.0));
}

/// Invariant: twice the values double SUV, twice the spacing multiplies volumes by eight; threads do not matter.
#[test]
fn values_scale_and_threads_do_not_matter() {
    let scene = rough();
    let before = scene.objects();
    let mut doubled = scene.clone();
    doubled.pet.scale = Scale::new(2.0, 0.0).unwrap();
    let grows = |name: &str| ["suv_", "sul_", "tlg_", "uptake_"].iter().any(|p| name.starts_with(p));
    assert_same(&before, &doubled.objects(), |name| Some(if grows(name) { 2.0 } else { 1.0 }));
    let totals = |name: &str| Some(if grows(name) { 2.0 } else { 1.0 });
    assert_same(&scene.totals(), &doubled.totals(), totals);
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| scene.objects()), before);
        assert_eq!(pool.install(|| scene.totals()), scene.totals());
    }
    // The same grid, told in micrometres.
    let mut fine = scene.clone();
    fine.spacing = Spacing::um([3270.0, 4000.0, 2500.0]);
    assert_same(&before, &fine.objects(), |_| Some(1.0));
}

/// Mechanics: values that are not SUV give no SUV; no calibration gives no volume, no sphere; fine voxels no sphere.
#[test]
fn what_is_missing_is_empty() {
    let empty = |scene: &Scene, names: &[&str]| {
        let (table, totals) = (scene.objects(), scene.totals());
        for column in table.columns.iter().chain(&totals.columns) {
            let hit = names.iter().any(|p| column.name.starts_with(p));
            assert_eq!(column.cells.empty() > 0, hit, "{}", column.name);
        }
        table
    };
    let flat = ["area_", "suv_", "sul_", "tlg_", "percist_measurable"];
    let not_suv = Scene { unit: "Bq/ml", ..two() };
    let table = empty(&not_suv, &flat);
    let dictionary = measure::dictionary(
        &lesion(""),
        &Context { unit: Unit::Mm, channels: &[("pet", "Bq/ml")], volumes: true, classes: &[] },
    );
    let mut cells = measure::EmptyCells::default();
    cells.add(&table);
    assert!(cells.reasons(&dictionary).iter().any(|n| n.contains("the values are not SUV")));
    assert_eq!(table.column("uptake_max").unwrap().unit, "Bq/ml");
    empty(&Scene { sul_factor: None, ..two() }, &["area_", "sul_", "percist_measurable"]);
    let plain = empty(&two(), &["area_", "percist_measurable"]);
    let names: Vec<_> = plain.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, dictionary.iter().map(|d| d.name.as_str()).collect::<Vec<_>>());
    let no_sphere = ["suv_peak", "peak_", "sul_peak", "uptake_peak", "suv_background", "tbr", "area_", "percist"];
    empty(&Scene { spacing: Spacing::mm([0.05; 3]), ..two() }, &no_sphere);
    let table = Scene { spacing: None, ..two() }.objects();
    for column in ["mtv_ml", "tlg_g", "suv_peak_vjga", "surface_mm2", "sphericity"] {
        assert_eq!(cell(&table, column, 0), None, "{column}");
    }
    let mut none = two();
    none.labels = Labels::new(none.labels.shape, vec![0; none.labels.shape.len()]).unwrap();
    assert_eq!(none.objects().rows(), 0);
    let totals = none.totals();
    assert_eq!(cell(&totals, "mtv_total_lesions_ml", 0), Some(0.0));
    assert_eq!(cell(&totals, "tlg_total_lesions_g", 0), Some(0.0));
    assert_eq!(cell(&totals, "suv_max_lesions", 0), None);
}

/// A scan with a recipe: two lesions, one grown larger, a liver and blood.
fn recipe_run(text: &str) -> (Recipe, pipeline::Outcome) {
    let recipe = Recipe::parse("pet.toml", text, &[]).unwrap();
    let scene = two();
    let shape = scene.labels.shape;
    let channel =
        Channel { name: "PET".into(), unit: SUV_UNIT, volume: scene.pet.clone(), saturated: None, saturation: None };
    let mut scan = Scan::new(Modality::Pet, shape, vec![channel]);
    scan.spacing = scene.spacing;
    scan.sul_factor = scene.sul_factor;
    scan.patient_grid = Some(PatientGrid { origin: [-10.0, -20.0, -30.0], ..PatientGrid::STRAIGHT });
    let regions = |voxels: Vec<u32>| Regions::of_voxels(shape, &voxels).unwrap();
    let labels = scene.labels.voxels().host().unwrap();
    let box_at = |z: usize| (0..shape.len()).map(|i| u32::from(shape.position(i)[0] == z)).collect();
    let wide = (0..shape.len()).map(|i| {
        let [z, y, x] = shape.position(i);
        u32::from(z == 4 && y == 10 && (8..12).contains(&x))
    });
    let mut external = External::new();
    external.insert("lesions".into(), regions(labels.to_vec()));
    external.insert("wide".into(), regions(wide.collect()));
    external.insert("liver".into(), regions(box_at(0)));
    external.insert("blood".into(), regions(box_at(8)));
    let outcome = pipeline::run(&scan, &recipe, &Device::Cpu, &external).unwrap();
    (recipe, outcome)
}

const RECIPE: &str = r#"
modality = "pet"
[channels]
pet = [0]
[objects.lesions]
labels = "l.nii"
[objects.wide]
labels = "w.nii"
[objects.liver]
labels = "v.nii"
[measure.lesions]
features = ["lesion", "shape", "sensitivity"]
sensitivity.sets = ["wide"]
lesion.liver = "liver"
[measure.liver]
features = ["reference"]
"#;

/// Mechanics: totals, references and sensitivity come through a recipe; the columns are those that are told before.
#[test]
fn a_recipe_from_front_to_back() {
    let (recipe, outcome) = recipe_run(RECIPE);
    let lesions = outcome.sets.iter().find(|s| s.name == "lesions").unwrap();
    let of = |name: &str, row: usize| cell(&lesions.table, name, row);
    assert_eq!(of("centroid_x_mm", 0), Some(26.0), "in the patient");
    assert_eq!(of("centroid_z_mm", 0), Some(-14.0));
    // The liver is 1.0 all over: SUL 0.75, no deviation; 1.5 times it is 1.125, and SULpeak 1.34 and 1.78 lie above it.
    assert_eq!([of("percist_measurable", 0), of("percist_measurable", 1)], [Some(1.0), Some(1.0)]);
    assert_eq!([of("mtv_wide_ml", 0), of("mtv_wide_ml", 1)], [Some(0.256), None]);
    assert!(close(of("tlg_wide_g", 0).unwrap(), 19.0 / 4.0 * 0.256, 1e-14));
    let liver = outcome.sets.iter().find(|s| s.name == "liver").unwrap();
    assert_eq!(cell(&liver.table, "suv_mean", 0), Some(1.0));
    assert_eq!(cell(&liver.table, "suv_std", 0), Some(0.0));
    assert_eq!(cell(&liver.table, "sul_mean", 0), Some(0.75));
    assert_eq!(cell(&outcome.row, "tumour_to_liver_lesions", 0), Some(10.0));
    assert!(outcome.row.column("tumour_to_blood_lesions").is_none());
    assert_eq!(cell(&outcome.row, "dmax_lesions_mm", 0), Some(96.0));
    assert_eq!(cell(&outcome.row, "spacing_z_mm", 0), Some(4.0));
    assert_eq!(cell(&outcome.row, "image_max_pet", 0), Some(10.0));
    let names = |t: &Table| t.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    assert!(!names(&outcome.row).iter().any(|n| n.contains("focus") || n.ends_with("_um")));
    let told = pipeline::columns(&recipe).unwrap();
    // This scene was read from nowhere, so it has no audit of SUV; the dictionary tells that too.
    let audit = names(&uptake::pet::suv::columns().unwrap());
    let told_row: Vec<String> = names(&told.row).into_iter().filter(|n| !audit.contains(n)).collect();
    assert_eq!(told_row, names(&outcome.row));
    for (told, set) in told.sets.iter().zip(&outcome.sets) {
        assert_eq!(names(&told.table), names(&set.table));
        assert!(!names(&set.table).iter().any(|n| n.ends_with("_um") || n.contains("_um2")));
    }
}

/// Mechanics: PERCIST goes by the liver, and by the blood where there is no liver.
#[test]
fn percist_needs_a_reference() {
    let scene = two();
    let shape = scene.labels.shape;
    // The region is the last voxel, far from the lesions.
    let region = Labels::new(shape, (1..=shape.len()).map(|i| u32::from(i == shape.len())).collect()).unwrap();
    let none = Labels::new(shape, vec![0; shape.len()]).unwrap();
    let measurable = |parameters: &str, value: i32, liver: &Labels, blood: &Labels| {
        let mut samples = scene.pet.samples.host().unwrap().to_vec();
        *samples.last_mut().unwrap() = value;
        let pet = Volume { scale: scene.pet.scale, ..Volume::new(shape, samples).unwrap() };
        let channel = ChannelRef { volume: &pet, ..scene.channel() };
        let (families, others) = (lesion(parameters), [("v", liver), ("b", blood)]);
        let table = scene.ask(|r| {
            measure::objects(&Request { families: &families, others: &others, channels: &[channel], ..*r }).unwrap()
        });
        [0, 1].map(|row| cell(&table, "percist_measurable", row))
    };
    // SUVpeak is 1.79 and 2.37: a liver of 1.2 asks for more than 1.8, blood of 1.0 for more than 2.
    let (liver, blood, both) = ("liver = \"v\"", "blood = \"b\"", "liver = \"v\"\nblood = \"b\"");
    assert_eq!(measurable("", 12, &region, &region), [None, None], "the recipe names none");
    assert_eq!(measurable(liver, 12, &region, &none), [Some(0.0), Some(1.0)]);
    assert_eq!(measurable(blood, 10, &none, &region), [Some(0.0), Some(1.0)]);
    assert_eq!(measurable(both, 10, &region, &region), [Some(1.0), Some(1.0)], "the liver comes first");
    assert_eq!(measurable(both, 10, &none, &region), [Some(0.0), Some(1.0)], "the liver is empty");
    assert_eq!(measurable(blood, 15, &none, &region), [Some(0.0), Some(0.0)]);
    assert_eq!(measurable(both, 15, &none, &none), [None, None]);
}

/// Mechanics: a set that sensitivity names is there, and lesions are measured.
#[test]
fn sensitivity_is_checked() {
    for (from, to, says) in [
        ("sensitivity.sets = [\"wide\"]", "sensitivity.sets = [\"wild\"]", "there is no object set \"wild\""),
        ("sensitivity.sets = [\"wide\"]", "sensitivity.sets = [\"wide\", \"wide\"]", "twice"),
        (", \"sensitivity\"", "", "not measured"),
        ("sensitivity.sets = [\"wide\"]\n", "", "no other set"),
        ("lesion.liver = \"liver\"", "lesion.liver = \"lver\"", "try: liver"),
    ] {
        let e = Recipe::parse("pet.toml", &RECIPE.replace(from, to), &[]).unwrap_err().to_string();
        assert!(e.contains(says), "{e}");
    }
}
