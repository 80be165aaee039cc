//! Tables of objects and images. Kinds of test: oracle (scikit-image and scipy on scenes of odd shapes, written by
//! tests/oracle/measure.py; published region properties), invariant (moved, transposed, renumbered, scaled scenes;
//! threads; the dictionary), mechanics (what is missing is empty).

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use serde_json::Value;
use std::path::PathBuf;
use uptake::image::{Labels, PatientGrid, Scale, Volume};
use uptake::measure::{self, ChannelRef, Chosen, Context, FAMILIES, Request, family};
use uptake::table::{Cells, Table};
use uptake::units::{Shape, Spacing, Unit};

/// The families of fluorescence, with a ring of their own; tests/lesions.rs is about those of PET.
fn families(ring: &str, channel: &Volume) -> Vec<Chosen> {
    let probe = format!("ring = {ring}\npositive = {:?}", channel.scale.value(700.5));
    let parameters = |name: &str| match name {
        "probe" => probe.clone(),
        "texture" => "bins.number = 16\naggregation = [\"3d_mrg\", \"2d_avg\"]".into(),
        _ => String::new(),
    };
    let one = |e: &measure::registry::Entry| family(e.name, &parameters(e.name)).unwrap();
    FAMILIES.iter().map(one).filter(|c| !c.family.needs().uptake).collect()
}

/// Of tables in mm, which are of volumes here.
fn context<'a>(channels: &'a [(&'a str, &'a str)], unit: Unit) -> Context<'a> {
    Context { unit, channels, volumes: unit == Unit::Mm, classes: &[] }
}

const RING: &str = "[\"2 px\", \"5 px\"]";

/// All families as they are without parameters; those that need some have them.
fn all_families() -> Vec<Chosen> {
    let one = |e: &measure::registry::Entry| {
        family(e.name, if e.name == "sensitivity" { "sets = \"SET\"" } else { "" }).unwrap()
    };
    FAMILIES.iter().map(one).collect()
}

/// A scene: labels, one channel, spacing.
#[derive(Clone)]
struct Scene {
    labels: Labels,
    channel: Volume,
    spacing: Option<Spacing>,
}

impl Scene {
    fn new(shape: Shape, labels: Vec<u32>, samples: Vec<i32>, spacing: Option<Spacing>) -> Self {
        let labels = Labels::new(shape, labels).unwrap();
        Scene { labels, channel: Volume::new(shape, samples).unwrap(), spacing }
    }
    fn channel(&self) -> ChannelRef<'_> {
        let saturation = Some(1023);
        ChannelRef { saturation, ..ChannelRef::new("c", "au", &self.channel) }
    }
    fn objects(&self) -> Table {
        measure::objects(&Request {
            channels: &[self.channel()],
            families: &families(RING, &self.channel),
            spacing: self.spacing,
            ..Request::new(&self.labels)
        })
        .unwrap()
    }
    /// The same scene with each voxel of a new shape taken from `from(z, y, x)`.
    fn mapped(&self, shape: Shape, from: impl Fn(usize, usize, usize) -> Option<usize>) -> Scene {
        let at = |i: usize| {
            let [z, y, x] = shape.position(i);
            from(z, y, x)
        };
        let (labels, samples) = (self.labels.voxels().host().unwrap(), self.channel.samples.host().unwrap());
        let new_labels = (0..shape.len()).map(|i| at(i).map_or(0, |j| labels[j])).collect();
        let new_samples = (0..shape.len()).map(|i| at(i).map_or(500, |j| samples[j])).collect();
        Scene::new(shape, new_labels, new_samples, self.spacing)
    }
}

fn oracle() -> (PathBuf, Vec<Value>) {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/measure");
    let text = std::fs::read_to_string(dir.join("cases.json")).unwrap();
    (dir, serde_json::from_str(&text).unwrap())
}

fn scenes() -> Vec<(Value, Scene)> {
    let (dir, cases) = oracle();
    let load = |case: &Value, kind: &str| {
        let bytes = std::fs::read(dir.join(format!("{}.{kind}.raw", case["name"].as_str().unwrap()))).unwrap();
        bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect::<Vec<u16>>()
    };
    let size = |v: &Value| -> Vec<f64> { v.as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect() };
    cases
        .into_iter()
        .map(|case| {
            let n = size(&case["shape"]);
            let shape = Shape::new(n[0] as usize, n[1] as usize, n[2] as usize);
            let labels = load(&case, "labels").into_iter().map(u32::from).collect();
            let samples = load(&case, "channel").into_iter().map(i32::from).collect();
            let s = size(&case["spacing_um"]);
            let scene = Scene::new(shape, labels, samples, Spacing::um([s[0], s[1], s[2]]));
            (case, scene)
        })
        .collect()
}

/// A cell as a number; whole numbers too.
fn cell(table: &Table, name: &str, row: usize) -> Option<f64> {
    match &table.column(name).unwrap_or_else(|| panic!("no column {name}")).cells {
        Cells::Int(v) => v[row].map(|v| v as f64),
        Cells::Real(v) => v[row],
        Cells::Text(_) => panic!("{name} is text"),
    }
}

/// Relative tolerance, and what counts as zero, for columns that are not held to 1e-9.
fn tolerance(column: &str) -> (f64, f64) {
    match column {
        // scikit-image subtracts nearly equal numbers; near 0 it is right to the root of the last digit only.
        "eccentricity" | "axis_minor_length_px" | "axis_minor_length_um" => (1e-9, 3e-7),
        // Cells with ambiguous faces are triangulated in another way, see docs/measures.md.
        "surface_area_px" | "surface_area_um2" => (0.04, 0.0),
        "image_power_loglog_slope_c" => (1e-9, 0.0),
        _ => (1e-9, 1e-11),
    }
}

/// The ellipsoid of least volume is found to one in 10^6, from another side if the scene is turned or in another unit.
fn equal(column: &str) -> (f64, f64) {
    if column.contains("_density_mvee") { (1e-5, 0.0) } else { (1e-11, 1e-12) }
}

fn close(got: f64, want: f64, (relative, zero): (f64, f64)) -> bool {
    (got - want).abs() <= relative * want.abs().max(got.abs()) + zero
}

/// Whether so many whole pixels are missing in the first Zernike moment of an object: those on the circle around it that are rounded to beyond it, which
/// are left out as in CellProfiler. `tests/cell_profiler.rs` has its values.
fn leaves_out_pixels(table: &Table, row: usize, expected: &Value) -> bool {
    let missing = || {
        let want = expected.get("zernike_0_0")?.as_f64()?;
        Some(cell(table, "area_px", row)? * (1.0 - cell(table, "zernike_0_0", row)? / want))
    };
    missing().is_some_and(|missing| missing > 0.5 && (missing - missing.round()).abs() < 1e-6)
}

/// Every expected number of a row; returns how many were compared.
fn compare(table: &Table, row: usize, expected: &Value, name: &str, failures: &mut Vec<String>) -> usize {
    let mut compared = 0;
    let is_less = leaves_out_pixels(table, row, expected);
    for (column, want) in expected.as_object().unwrap() {
        if is_less && column.starts_with("zernike_") {
            continue;
        }
        let got = cell(table, column, row);
        let fine = match (got, want.as_f64()) {
            (None, None) => true,
            // An angle is the same after half a turn; without a longest direction scikit-image gives noise.
            (Some(g), Some(w)) if column == "orientation_rad" => (g - w).sin().abs() < 1e-9,
            (None, Some(_)) if column == "orientation_rad" => cell(table, "eccentricity", row) == Some(0.0),
            (Some(g), Some(w)) => close(g, w, tolerance(column)),
            _ => false,
        };
        compared += 1;
        if !fine {
            failures.push(format!("{name} row {row} {column}: got {got:?}, expected {want}"));
        }
    }
    compared
}

/// Oracle: scikit-image, scipy and numpy on the same labels.
#[test]
fn objects_agree_with_scikit_image() {
    let (mut failures, mut compared) = (Vec::new(), 0);
    for (case, scene) in scenes() {
        let table = scene.objects();
        let name = case["name"].as_str().unwrap();
        let rows = case["objects"].as_array().unwrap();
        assert_eq!(table.rows(), rows.len());
        for (row, expected) in rows.iter().enumerate() {
            compared += compare(&table, row, expected, name, &mut failures);
        }
        let image = measure::image(&[scene.channel()], &[&scene.labels], true).unwrap();
        compared += compare(&image, 0, &case["image"], name, &mut failures);
    }
    assert!(failures.is_empty(), "{} of {compared}:\n{}", failures.len(), failures.join("\n"));
    assert!(compared > 2500, "{compared}");
}

/// Oracle: the comparison notices a single wrong pixel.
#[test]
fn the_comparison_can_fail() {
    let (case, mut scene) = scenes().swap_remove(0);
    let mut labels = scene.labels.voxels().host().unwrap().to_vec();
    let i = labels.iter().position(|&l| l == 10).unwrap();
    labels[i] = 0;
    scene.labels = Labels::new(scene.labels.shape, labels).unwrap();
    let mut failures = Vec::new();
    compare(&scene.objects(), 9, &case["objects"][9], "flat", &mut failures);
    assert!(failures.len() > 20, "{failures:?}");
}

/// Columns whose numbers do not depend on where the scene lies.
fn is_position(column: &str) -> bool {
    let of_intensity = ["intensity_centre_", "intensity_max_"].iter().any(|p| column.starts_with(p));
    column.starts_with("centroid_")
        || column.starts_with("bbox_")
        || column == "label"
        || of_intensity && column.contains("_px")
}

fn assert_same(a: &Table, b: &Table, rows: impl Fn(usize) -> usize, skip: impl Fn(&str) -> bool) {
    assert_eq!(a.rows(), b.rows());
    for column in a.columns.iter().filter(|c| !skip(&c.name)) {
        for row in 0..a.rows() {
            let (x, y) = (cell(a, &column.name, row), cell(b, &column.name, rows(row)));
            let same = match (x, y) {
                (Some(x), Some(y)) => close(x, y, equal(&column.name)),
                (None, None) => true,
                _ => false,
            };
            assert!(same, "{} row {row}: {x:?} and {y:?}", column.name);
        }
    }
}

/// Invariant: a frame of background around the scene changes positions only (edges and rings at the border apart).
#[test]
fn moving_the_scene_moves_positions_only() {
    for (case, scene) in scenes() {
        let s = scene.labels.shape;
        let lift = if s.is_flat() { 0 } else { 3 };
        let wider = Shape::new(s.z + 2 * lift, s.y + 20, s.x + 24);
        let moved = scene.mapped(wider, |z, y, x| {
            let (z, y, x) = (z.checked_sub(lift)?, y.checked_sub(10)?, x.checked_sub(12)?);
            (z < s.z && y < s.y && x < s.x).then(|| s.index(z, y, x))
        });
        let at_border =
            |c: &str| is_position(c) || c.starts_with("intensity_edge") || is_ring(c) || is_fit(c) || is_of_image(c);
        let (before, after) = (scene.objects(), moved.objects());
        assert_same(&before, &after, |r| r, at_border);
        for row in 0..before.rows() {
            let apart = cell(&after, "centroid_y_px", row).unwrap() - cell(&before, "centroid_y_px", row).unwrap();
            assert!((apart - 10.0).abs() < 1e-12, "{}", case["name"]);
        }
    }
}

/// Columns that know the image's border, its grid or where in it an object lies, as CellProfiler defines them.
fn is_of_image(column: &str) -> bool {
    ["granularity_", "radial_distribution_", "radial_zernike_", "zernike_", "object_neighbours_"]
        .iter()
        .any(|p| column.starts_with(p))
}

/// Fits look beyond the object, and on shapes that are no spots they end where rounding leads them: `tests/spots.rs` has spots.
fn is_fit(column: &str) -> bool {
    column.starts_with("spot_")
}

fn is_ring(column: &str) -> bool {
    ["ring_", "tbr", "cnr", "specific_uptake"].iter().any(|p| column.starts_with(p))
}

/// Invariant: y and x change places; only angles and directions (and the tie of the radial centre) know.
#[test]
fn transposing_keeps_everything_but_directions() {
    for (_, mut scene) in scenes() {
        let s = scene.labels.shape;
        let mut turned = scene.mapped(Shape::new(s.z, s.x, s.y), |z, y, x| Some(s.index(z, x, y)));
        turned.spacing = scene.spacing.and_then(|p| Spacing::um([p.zyx[0], p.zyx[2], p.zyx[1]]));
        if scene.spacing.is_some_and(|p| p.zyx[1] != p.zyx[2]) && !s.is_flat() {
            scene.spacing = Spacing::um([1.5, 0.4, 0.4]);
            turned.spacing = scene.spacing;
        }
        let (before, after) = (scene.objects(), turned.objects());
        let skip = |c: &str| is_position(c) || is_fit(c) || c.starts_with("radial_") || c == "orientation_rad";
        // Which pixels on the circle around an object count is CellProfiler's rounding.
        let skip = |c: &str| skip(c) || c.starts_with("zernike_");
        // Each direction of its own.
        let directed = ["haralick_", "spatial_m", "central_m", "normalized_m", "inertia_tensor_", "hu_moment_6"];
        // Thinning takes the sides in order: src/measure/skeleton/tests.rs has bounds.
        let skip = |c: &str| skip(c) || c.starts_with("skeleton_") || directed.iter().any(|p| c.starts_with(p));
        assert_same(&before, &after, |r| r, skip);
        for row in 0..before.rows() {
            assert_eq!(cell(&before, "centroid_y_px", row), cell(&after, "centroid_x_px", row));
            let angles = [&before, &after].map(|t| cell(t, "orientation_rad", row));
            if let [Some(a), Some(b)] = angles {
                assert!((a + b).cos().abs() < 1e-9, "{a} {b}");
            }
        }
    }
}

/// Invariant: other numbers for the same objects permute the rows; any number of threads gives the same table.
#[test]
fn rows_follow_labels_and_threads_do_not_matter() {
    for (_, scene) in scenes() {
        let before = scene.objects();
        let n = scene.labels.count;
        let swap = |l: u32| if l == 0 { 0 } else { n + 1 - l };
        let labels = scene.labels.voxels().host().unwrap().iter().map(|&l| swap(l)).collect();
        let mut other = scene.clone();
        other.labels = Labels::new(scene.labels.shape, labels).unwrap();
        assert_same(
            &before,
            &other.objects(),
            |r| n as usize - 1 - r,
            |c| c == "label" || c.ends_with("_closest_label"),
        );
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(pool.install(|| scene.objects()), before);
            let row = |s: &Scene| measure::image(&[s.channel()], &[&s.labels], true).unwrap();
            assert_eq!(pool.install(|| row(&scene)), row(&scene));
        }
    }
}

/// Invariant: twice the spacing doubles lengths, leaves pixels alone; the scale of a channel scales its values.
#[test]
fn scaling_scales_by_the_unit() {
    for (_, scene) in scenes() {
        let mut larger = scene.clone();
        larger.spacing = scene.spacing.and_then(|p| Spacing::um(p.zyx.map(|v| 2.0 * v)));
        larger.channel.scale = Scale::new(0.5, 0.0).unwrap();
        let (before, after) = (scene.objects(), larger.objects());
        for column in &before.columns {
            let factor = match column.unit.as_str() {
                "um" => 2.0,
                "um2" => 4.0,
                "um3" => 8.0,
                "um-1" => 0.5,
                "au" => 0.5,
                "au2" => 0.25,
                "au um3" => 4.0,
                _ => 1.0,
            };
            for row in 0..before.rows() {
                let (x, y) = (cell(&before, &column.name, row), cell(&after, &column.name, row));
                assert_eq!(x.is_some(), y.is_some(), "{}", column.name);
                let fine = close(x.unwrap_or(0.0) * factor, y.unwrap_or(0.0), (1e-12, 0.0));
                assert!(fine, "{} row {row}: {x:?} {y:?}", column.name);
            }
        }
    }
}

/// Invariant: a table in mm says the same as one in um, under names that say so; with a patient grid, centroids lie in the
/// patient.
#[test]
fn millimetres_are_a_thousand_micrometres() {
    let dictionary = measure::dictionary(&families(RING, &scenes()[0].1.channel), &context(&[("c", "au")], Unit::Um));
    for (_, scene) in scenes() {
        let channels = [scene.channel()];
        let families = families(RING, &scene.channel);
        let um =
            Request { channels: &channels, families: &families, spacing: scene.spacing, ..Request::new(&scene.labels) };
        let patient_grid = PatientGrid { origin: [1.0, 20.0, 300.0], ..PatientGrid::STRAIGHT };
        let mm =
            |patient_grid| measure::objects(&Request { unit: Unit::Mm, volumes: true, patient_grid, ..um }).unwrap();
        let (plain, placed, um) = (mm(None), mm(Some(&patient_grid)), measure::objects(&um).unwrap());
        for a in &um.columns {
            let Some(b) = plain.column(&a.name.replace("_um", "_mm")) else {
                // PET is volumes: its tables leave out what only 2-D images fill.
                let known = dictionary.iter().find(|d| d.name == a.name).unwrap();
                assert!(known.empty.contains("2-D"), "{}", a.name);
                continue;
            };
            let factor = match a.unit.as_str() {
                "um" => 1e3,
                "um2" => 1e6,
                "um3" | "au um3" => 1e9,
                "um-1" => 1e-3,
                _ => 1.0,
            };
            for row in 0..um.rows() {
                let (x, y) = (cell(&um, &a.name, row), cell(&plain, &b.name, row));
                // A slice of PET by itself is a volume as well.
                if a.name == "volume_px" && x.is_none() {
                    assert_eq!(y, cell(&um, "area_px", row));
                    continue;
                }
                assert_eq!(x.is_some(), y.is_some(), "{}", a.name);
                let equal = if factor == 1.0 { equal(&a.name) } else { (1e-12, 0.0) };
                assert!(close(x.unwrap_or(0.0), y.unwrap_or(0.0) * factor, equal), "{} {x:?} {y:?}", a.name);
            }
        }
        for (row, (axis, origin)) in (0..um.rows()).flat_map(|r| [("x", 1.0), ("y", 20.0)].map(|a| (r, a))) {
            let name = format!("centroid_{axis}_mm");
            let (grid, patient) = (cell(&plain, &name, row), cell(&placed, &name, row));
            assert_eq!(grid.is_some(), patient.is_some());
            assert!((patient.unwrap_or(origin) - grid.unwrap_or(0.0) - origin).abs() < 1e-9);
        }
    }
}

/// Mechanics: columns do not depend on the image; what is missing is empty and its reason is told.
#[test]
fn missing_is_empty_and_told() {
    let dictionary = measure::dictionary(&families(RING, &scenes()[0].1.channel), &context(&[("c", "au")], Unit::Um));
    for (_, mut scene) in scenes() {
        scene.spacing = None;
        scene.labels.count += 1;
        let table = scene.objects();
        let names: Vec<_> = table.columns.iter().map(|c| (&c.name, &c.unit, c.cells.type_name())).collect();
        let declared: Vec<_> = dictionary.iter().map(|d| (&d.name, &d.unit, d.type_name)).collect();
        assert_eq!(names, declared);
        let last = table.rows() - 1;
        for column in &table.columns {
            let empty = cell(&table, &column.name, last).is_none();
            let counted = ["area_px", "volume_px", "label"].contains(&column.name.as_str());
            assert!(empty || counted, "{} of a label without voxels", column.name);
            assert!(!column.name.contains("_um") || column.cells.empty() == table.rows(), "{}", column.name);
        }
        let mut empty = measure::EmptyCells::default();
        empty.add(&table);
        let notes = empty.reasons(&dictionary);
        assert!(notes.iter().any(|n| n.contains("empty columns") && n.contains("no calibration")), "{notes:?}");
    }
}

/// Mechanics: every column has a sentence, a unit and a name of its own; names end with their unit of length.
#[test]
fn the_dictionary_is_complete() {
    let families = all_families();
    for unit in [Unit::Um, Unit::Mm] {
        let mut all = measure::dictionary(&families, &context(&[("EGFR", "au"), ("EGFR", "au")], unit));
        all.extend(measure::image_dictionary(&[("EGFR", "au")], unit == Unit::Um));
        for (i, d) in all.iter().enumerate() {
            assert!(!d.definition.is_empty() && (!d.unit.is_empty() || d.name == "label"), "{}", d.name);
            assert!(all[..i].iter().all(|other| other.name != d.name), "{} twice", d.name);
            assert!(unit == Unit::Um || !d.unit.starts_with("um"), "{}", d.name);
            for unit in ["um", "um2", "um3", "mm", "mm2", "mm3", "ml", "rad"] {
                let ends = format!("_{unit}");
                assert_eq!(d.unit == unit, d.name.trim_end_matches("_2").trim_end_matches("_EGFR").ends_with(&ends));
            }
        }
    }
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/measures.md")).unwrap();
    let texture = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/texture.md")).unwrap();
    for d in measure::dictionary(&families, &context(&[("CHANNEL", "")], Unit::Um)) {
        // The words that a recipe adds to the names of textures are not listed.
        let base = ["_CHANNEL", "_3d_mrg", "_3d"].iter().fold(d.name.as_str(), |name, end| name.trim_end_matches(end));
        let known = page.contains(&format!("`{}`", d.name)) || texture.contains(&format!("`{base}`"));
        assert!(known, "docs/measures.md and docs/texture.md lack {}", d.name);
    }
    for d in measure::image_dictionary(&[("CHANNEL", "")], true) {
        assert!(page.contains(&format!("`{}`", d.name)), "docs/measures.md lacks {}", d.name);
    }
}

/// Mechanics: wrong requests are named errors.
#[test]
fn wrong_requests_are_errors() {
    let (_, scene) = scenes().swap_remove(0);
    let texture = [family("texture", "").unwrap()];
    let asked = Request { channels: &[scene.channel()], families: &texture, ..Request::new(&scene.labels) };
    let e = measure::objects(&asked).unwrap_err().to_string();
    assert!(e.contains("grey levels") && e.contains("bins = { number = 32 }"), "{e}");
    let small = Volume::new(Shape::flat(1, 2), vec![0, 0]).unwrap();
    let channel = ChannelRef { volume: &small, ..scene.channel() };
    let ask = |channels: &[ChannelRef], width_px: f64, labels: &Labels| {
        let families = families(&format!("[\"0 px\", \"{width_px} px\"]"), &scene.channel);
        measure::objects(&Request { channels, families: &families, ..Request::new(labels) }).map(|t| t.rows())
    };
    let mut short = Labels::new(scene.labels.shape, scene.labels.voxels().host().unwrap().to_vec()).unwrap();
    short.count = 3;
    assert!(ask(&[], 3.0, &short).is_err());
    assert!(ask(&[channel], 3.0, &scene.labels).is_err());
    assert!(ask(&[scene.channel()], 0.0, &scene.labels).is_err());
    assert!(ask(&[scene.channel()], 1000.5, &scene.labels).is_err());
    assert!(measure::image(&[channel], &[&scene.labels], true).is_err());
    let none = Labels::new(Shape::flat(2, 2), vec![0; 4]).unwrap();
    assert_eq!(ask(&[], 3.0, &none).unwrap(), 0);
    assert!(family("shapes", "").is_err());
    assert!(family("shape", "ring = 3").is_err());
}

/// Mechanics: the list names the keys that its families have.
#[test]
fn the_list_knows_the_keys_of_families() {
    for entry in FAMILIES {
        let e = entry.with("no_such_key = 1").unwrap_err();
        let words: Vec<&str> = e.message().split('`').skip(1).step_by(2).skip(1).collect();
        assert_eq!(words, entry.keys, "{}", entry.name);
    }
}

/// Invariant: a number for the only channel is one for that channel.
#[test]
fn one_number_for_one_channel() {
    let (_, scene) = scenes().swap_remove(0);
    let ask = |parameters: &str| {
        let families = [family("probe", parameters).unwrap()];
        measure::objects(&Request { channels: &[scene.channel()], families: &families, ..Request::new(&scene.labels) })
            .unwrap()
    };
    let one = ask("positive = 400");
    assert_eq!(one, ask("positive.c = 400"));
    assert!(one.column("positive_fraction_c").unwrap().cells.empty() < one.rows());
    assert_ne!(one, ask("positive.c = 500"));
}

/// Invariant: one family under two parameters gives the columns of each alone, under names of their own.
#[test]
fn one_family_several_times() {
    let (_, scene) = scenes().swap_remove(0);
    let near = family("probe", "ring = [\"1 px\", \"3 px\"]").unwrap();
    let far = Chosen { alias: Some("far".into()), ..family("probe", "ring = [\"3 px\", \"9 px\"]").unwrap() };
    let ask = |families: &[Chosen]| {
        measure::objects(&Request { channels: &[scene.channel()], families, ..Request::new(&scene.labels) }).unwrap()
    };
    let (both, near_alone) = (ask(&[near.clone(), far.clone()]), ask(std::slice::from_ref(&near)));
    let far_alone = ask(&[Chosen { alias: None, ..far }]);
    for c in &near_alone.columns {
        assert_eq!(both.column(&c.name), Some(c));
    }
    for c in far_alone.columns.iter().filter(|c| c.name.starts_with("ring_")) {
        let twin = both.column(&format!("{}_far", c.name)).unwrap();
        assert_eq!(twin.cells, c.cells);
        assert!(twin.definition.ends_with("; far: ring = [\"3 px\", \"9 px\"]"), "{}", twin.definition);
    }
    assert_eq!(both.columns.len(), near_alone.columns.len() + 8);
}

/// Oracle: published region properties of small label images (leading digits as given).
#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn published_region_properties() {
    let dir = common::shared("galaxy");
    let image = image::open(dir.join("input12.png")).unwrap().to_luma8();
    let shape = Shape::flat(image.height() as usize, image.width() as usize);
    let labels = Labels::new(shape, image.pixels().map(|p| u32::from(p.0[0])).collect()).unwrap();
    let table =
        measure::objects(&Request { families: &[family("shape", "").unwrap()], ..Request::new(&labels) }).unwrap();
    let mut checked = 0;
    for line in std::fs::read_to_string(dir.join("expected_features.csv")).unwrap().lines() {
        let fields: Vec<&str> = line.split(',').collect();
        let ["input12.png", _, label, feature, value, _] = fields[..] else { continue };
        let column = match feature {
            "area" => "area_px",
            "area_convex" => "area_convex_px",
            "solidity" => "solidity",
            _ => continue,
        };
        let row = label.parse::<usize>().unwrap() - 1;
        let want: f64 = value.parse().unwrap();
        let got = cell(&table, column, row).unwrap();
        assert!((got - want).abs() <= 1e-4, "{label} {feature}: {got} {want}");
        checked += 1;
    }
    assert!(checked > 20, "{checked}");
}
