//! Measures of CellProfiler. Kinds of test: oracle (cp-measure on three object sets of two images, all rows and columns; what is
//! not compared is named, with the reason), invariant (channels that change places, turned images, threads, devices), mechanics
//! (odd objects, refusals, the pages that list the columns).

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::cell_profiler::{Fixture, Report, cell, expected};
use std::collections::BTreeMap;
use uptake::device::Device;
use uptake::image::{Channel, Labels, Modality, Regions, Scale, Scan, Volume};
use uptake::measure::{self, ChannelRef, Chosen, Context, Request, family};
use uptake::pipeline::{self, External};
use uptake::recipe::Recipe;
use uptake::table::Table;
use uptake::units::{Shape, Unit};

/// Nothing may differ.
fn no(_: &str, _: &BTreeMap<String, Option<f64>>) -> bool {
    false
}

fn colocalisation(search: &str) -> Chosen {
    let parameters = format!("full_scale = 4095\ncostes = \"{search}\"");
    Chosen { alias: Some(search.into()), ..family("colocalisation", &parameters).unwrap() }
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn colocalisation_is_cell_profilers() {
    let tables = expected("colocalisation.csv");
    let families = ["bisection", "jumps", "exhaustive"].map(colocalisation);
    let mut report = Report::default();
    for fixture in Fixture::all().iter().filter(|f| f.channels.len() == 3) {
        let table = fixture.measure(&families);
        for (a, b) in [("ch0", "ch1"), ("ch0", "ch2"), ("ch1", "ch2")] {
            let ours = |name: &str| {
                let name = name.trim_start_matches("Correlation_").to_lowercase();
                let (stem, search) = match name.rsplit_once('_') {
                    Some((stem, "faster")) => (stem, "bisection"),
                    Some((stem, "fast")) => (stem, "jumps"),
                    Some((stem, "accurate")) => (stem, "exhaustive"),
                    _ => (name.as_str(), "bisection"),
                };
                Some((format!("coloc_{stem}_{a}_{b}_{search}"), 1.0))
            };
            report.set(&tables[&format!("{}/{a}-{b}", fixture.name)], &table, 1e-9, ours, no);
        }
    }
    report.check(156 * 15);
}

/// Compares a table of single channels.
fn of_channels(
    file: &str,
    family_of: impl Fn(&Fixture) -> Chosen,
    relative: f64,
    ours: impl Fn(&str, &str, &Fixture) -> Option<(String, f64)>,
    may_differ: impl Fn(&str, &BTreeMap<String, Option<f64>>) -> bool,
) -> Report {
    let tables = expected(file);
    let mut report = Report::default();
    for fixture in Fixture::all() {
        let table = fixture.measure(&[family_of(&fixture)]);
        for (set, channel) in fixture.by_channel() {
            let ours = |name: &str| ours(name, &channel, &fixture);
            report.set(&tables[&set], &table, relative, ours, &may_differ);
        }
    }
    report
}

/// `RadialDistribution_MeanFrac_1of4` is ours.
fn radial_distribution(name: &str, channel: &str, _: &Fixture) -> Option<(String, f64)> {
    let name = name.trim_start_matches("RadialDistribution_");
    let kinds = [("FracAtD", "frac_at_d"), ("MeanFrac", "mean_frac"), ("RadialCV", "radial_cv")];
    let (kind, ours) = kinds.iter().find(|(kind, _)| name.starts_with(kind))?;
    Some((format!("radial_distribution_{ours}_{}_{channel}", name[kind.len() + 1..].to_lowercase()), 1.0))
}

/// Rings without pixels have no mean and no variation: CellProfiler says 0, here the cells are empty.
fn ring_without_pixels(name: &str, row: &BTreeMap<String, Option<f64>>) -> bool {
    let ring = name.rsplit('_').next().unwrap();
    !name.contains("FracAtD") && row[&format!("RadialDistribution_FracAtD_{ring}")] == Some(0.0)
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn radial_distributions_are_cell_profilers() {
    let plain = |_: &Fixture| family("radial_distribution", "").unwrap();
    let report = of_channels("radial_distribution.csv", plain, 1e-9, radial_distribution, ring_without_pixels);
    report.check(2520);
    let rings = |_: &Fixture| family("radial_distribution", "radius = \"20 px\"").unwrap();
    let report = of_channels("radial_distribution_unscaled.csv", rings, 1e-9, radial_distribution, ring_without_pixels);
    report.check(2916);
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn radial_zernikes_are_cell_profilers() {
    let ours = |name: &str, channel: &str, _: &Fixture| {
        let name = name.trim_start_matches("RadialDistribution_Zernike").to_lowercase();
        let unit = if name.starts_with("phase") { "_rad" } else { "" };
        Some((format!("radial_zernike_{name}{unit}_{channel}"), 1.0))
    };
    // The angle of a magnitude that is nearly 0 is chance.
    let chance = |name: &str, row: &BTreeMap<String, Option<f64>>| {
        name.contains("Phase") && row[&name.replace("Phase", "Magnitude")].is_none_or(|m| m < 1e-6)
    };
    let full = |f: &Fixture| family("radial_zernike", &format!("full_scale = {}", f.full_scale)).unwrap();
    of_channels("radial_zernike.csv", full, 1e-9, ours, chance).check(210 * 60);
}

/// Of the shape alone.
#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn zernikes_are_cell_profilers() {
    let tables = expected("zernike.csv");
    let mut report = Report::default();
    for fixture in Fixture::all() {
        let table = fixture.measure(&[family("zernike", "").unwrap()]);
        report.set(&tables[fixture.name], &table, 1e-9, |name| Some((name.to_lowercase(), 1.0)), no);
    }
    report.check(106 * 30);
}

/// cp-measure 0.3.0 gives each object as the nearest to itself, and the nearest one as the second; in CellProfiler it is the first. The label of
/// the second is held against its distance.
#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn neighbours_are_cell_profilers() {
    let tables = expected("neighbours.csv");
    let mut report = Report::default();
    for fixture in Fixture::all() {
        let table = fixture.measure(&[family("object_neighbours", "within = [\"5 px\", \"10 px\"]").unwrap()]);
        for (method, end) in [("adjacent", "adjacent"), ("within_5", "within_5px"), ("within_10", "within_10px")] {
            let rows = &tables[&format!("{}/{method}", fixture.name)];
            let ours = |name: &str| {
                let ours = match name.trim_start_matches("Neighbors_") {
                    "NumberOfNeighbors" => format!("object_neighbours_{end}"),
                    "PercentTouching" => format!("object_neighbours_percent_touching_{end}"),
                    "SecondClosestObjectNumber" => "first_closest_label".into(),
                    "FirstClosestDistance" => "first_closest_px".into(),
                    "SecondClosestDistance" => "second_closest_px".into(),
                    "AngleBetweenNeighbors" => "angle_between_neighbours_deg".into(),
                    "FirstClosestObjectNumber" => return None,
                    other => panic!("{other} is compared with nothing"),
                };
                Some((ours, 1.0))
            };
            report.set(rows, &table, 1e-9, ours, no);
            let at = |row: usize| ["centroid_y_px", "centroid_x_px"].map(|name| cell(&table, name, row).unwrap());
            for (row, expected) in rows.iter().enumerate() {
                assert_eq!(expected["Neighbors_FirstClosestObjectNumber"], Some(row as f64 + 1.0));
                let second = cell(&table, "second_closest_label", row).unwrap() as usize - 1;
                let (here, there) = (at(row), at(second));
                let far = (here[0] - there[0]).hypot(here[1] - there[1]);
                let want = expected["Neighbors_SecondClosestDistance"].unwrap();
                assert!(
                    (far - want).abs() < 1e-9 && Some(second as f64 + 1.0) != cell(&table, "first_closest_label", row)
                );
            }
        }
    }
    report.check(318 * 6);
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn haralicks_are_cell_profilers() {
    let ours = |name: &str, channel: &str, _: &Fixture| {
        let (feature, place) = name.split_once('_')?;
        let mut snake = String::new();
        for c in feature.chars() {
            if (c.is_uppercase() || c.is_ascii_digit()) && !snake.is_empty() {
                snake.push('_');
            }
            snake.extend(c.to_lowercase());
        }
        Some((format!("haralick_{snake}_{place}_{channel}"), 1.0))
    };
    let full = |f: &Fixture| family("haralick", &format!("full_scale = {}", f.full_scale)).unwrap();
    of_channels("texture.csv", full, 1e-6, ours, no).check(210 * 52);
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn granularities_are_cell_profilers() {
    let ours = |name: &str, channel: &str, _: &Fixture| Some((format!("{}_{channel}", name.to_lowercase()), 1.0));
    for (file, subsample) in [("granularity.csv", "0.25"), ("granularity_full.csv", "1")] {
        let chosen = |_: &Fixture| family("granularity", &format!("subsample = {subsample}")).unwrap();
        of_channels(file, chosen, 1e-9, ours, no).check(210 * 16);
    }
}

/// Both tables: by the position (n - 1) q, which the family `intensity` has, and by n q.
#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn intensities_are_cell_profilers() {
    let parts = [("intensity.csv", ""), ("intensity_legacy.csv", "_nq")];
    for (file, end) in parts {
        let tables = expected(file);
        let mut report = Report::default();
        for fixture in Fixture::all() {
            let families = ["intensity", "intensity_details"].map(|name| family(name, "").unwrap());
            let table = fixture.measure(&families);
            for (set, channel) in fixture.by_channel() {
                let ours = |name: &str| {
                    let (ours, is_value) = match name.trim_start_matches("Intensity_") {
                        "IntegratedIntensity" => ("intensity_integrated".into(), true),
                        "MeanIntensity" => ("intensity_mean".into(), true),
                        "StdIntensity" => ("intensity_std".into(), true),
                        "MinIntensity" => ("intensity_min".into(), true),
                        "MaxIntensity" => ("intensity_max".into(), true),
                        "MassDisplacement" => ("mass_displacement_px".into(), false),
                        "LowerQuartileIntensity" => (format!("intensity_quartile_lower{end}"), true),
                        "MedianIntensity" => (format!("intensity_median{end}"), true),
                        "MADIntensity" => (format!("intensity_mad{end}"), true),
                        "UpperQuartileIntensity" => (format!("intensity_quartile_upper{end}"), true),
                        "Location_CenterMassIntensity_X" => ("intensity_centre_x_px".into(), false),
                        "Location_CenterMassIntensity_Y" => ("intensity_centre_y_px".into(), false),
                        "Location_MaxIntensity_X" => ("intensity_max_x_px".into(), false),
                        "Location_MaxIntensity_Y" => ("intensity_max_y_px".into(), false),
                        // 0 in CellProfiler; empty here in 2-D.
                        "Location_CenterMassIntensity_Z" | "Location_MaxIntensity_Z" => return None,
                        "IntegratedIntensityEdge" => ("intensity_edge_integrated".into(), true),
                        "MeanIntensityEdge" => ("intensity_edge_mean".into(), true),
                        "StdIntensityEdge" => ("intensity_edge_std".into(), true),
                        "MinIntensityEdge" => ("intensity_edge_min".into(), true),
                        "MaxIntensityEdge" => ("intensity_edge_max".into(), true),
                        other => panic!("{other} is compared with nothing"),
                    };
                    let factor = if is_value { 1.0 / fixture.full_scale } else { 1.0 };
                    Some((format!("{ours}_{channel}"), factor))
                };
                report.set(&tables[&set], &table, 1e-9, ours, no);
            }
        }
        report.check(210 * 19);
    }
}

/// Shape, moments, Feret diameters.
#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn shapes_are_cell_profilers() {
    let (sizes, ferets) = (expected("sizeshape.csv"), expected("feret.csv"));
    let families = ["shape", "shape_details"].map(|name| family(name, "").unwrap());
    let mut report = Report::default();
    for fixture in Fixture::all() {
        let table = fixture.measure(&families);
        report.set(&sizes[fixture.name], &table, 1e-9, size_or_shape, by_chance);
        let ours = |name: &str| {
            let end = if name.starts_with("Min") { "min" } else { "max" };
            Some((format!("feret_centres_{end}_px"), 1.0))
        };
        report.set(&ferets[fixture.name], &table, 1e-9, ours, no);
    }
    report.check(106 * 73 + 212);
}

/// Central moments that are 0 by definition, where rounding is all there is; the angle of nearly round objects.
fn by_chance(name: &str, row: &BTreeMap<String, Option<f64>>) -> bool {
    ["CentralMoment_0_1", "CentralMoment_1_0"].contains(&name)
        || name == "Orientation" && row["Eccentricity"].is_none_or(|e| e < 0.1)
}

fn size_or_shape(name: &str) -> Option<(String, f64)> {
    let ours = match name {
        "Area" => "area_px",
        "BoundingBoxArea" => "bbox_area_px",
        "ConvexArea" => "area_convex_px",
        "EquivalentDiameter" => "equivalent_diameter_px",
        "Perimeter" => "perimeter_px",
        "MajorAxisLength" => "axis_major_length_px",
        "MinorAxisLength" => "axis_minor_length_px",
        "Eccentricity" => "eccentricity",
        "Orientation" => return Some(("orientation_rad".into(), 180.0 / std::f64::consts::PI)),
        "Center_X" => "centroid_x_px",
        "Center_Y" => "centroid_y_px",
        "BoundingBoxMinimum_X" => "bbox_min_x_px",
        "BoundingBoxMaximum_X" => "bbox_max_x_px",
        "BoundingBoxMinimum_Y" => "bbox_min_y_px",
        "BoundingBoxMaximum_Y" => "bbox_max_y_px",
        "FormFactor" => "form_factor",
        "Extent" => "extent",
        "Solidity" => "solidity",
        "Compactness" => "compactness",
        "EulerNumber" => "euler_number",
        "MaximumRadius" => "maximum_radius_px",
        "MeanRadius" => "mean_radius_px",
        "MedianRadius" => "median_radius_px",
        "FilledArea" => "area_filled_px",
        "PerimeterCrofton" => "perimeter_crofton_px",
        "InertiaTensor_1_0" => "inertia_tensor_0_1",
        // Not defined below second order.
        "NormalizedMoment_0_0" | "NormalizedMoment_0_1" | "NormalizedMoment_1_0" => return None,
        _ => {
            let (kind, rest) = name.split_once('_')?;
            let kind = match kind {
                "SpatialMoment" => "spatial_moment",
                "CentralMoment" => "central_moment",
                "NormalizedMoment" => "normalized_moment",
                "HuMoment" => "hu_moment",
                "InertiaTensor" => "inertia_tensor",
                "InertiaTensorEigenvalues" => "inertia_tensor_eigenvalue",
                other => panic!("{other} is compared with nothing"),
            };
            return Some((format!("{kind}_{rest}"), 1.0));
        }
    };
    Some((ours.into(), 1.0))
}

/// A small scene: labels and two channels, which rise and fall together in part.
struct Scene {
    labels: Labels,
    channels: [Volume; 2],
}

impl Scene {
    /// Object 1 is one voxel, 2 is flat in both channels, 3 and 4 are neither; 5 has no voxels.
    fn new(depth: usize) -> Self {
        let shape = Shape::new(depth, 24, 30);
        let noise = |i: usize, k: usize| ((i + 1) * (7919 + 2 * k) * (i % 89 + k) % 53) as i32;
        let (mut labels, mut samples) = (vec![0; shape.len()], [vec![0; shape.len()], vec![0; shape.len()]]);
        for i in 0..shape.len() {
            let [z, y, x] = shape.position(i);
            labels[i] = match (z, y, x) {
                (0, 2, 2) => 1,
                (_, 5..11, 1..9) => 2,
                (_, 2..14, 12..28) if (y as i32 - 8).pow(2) + (x as i32 - 20).pow(2) < 40 => 3,
                (_, 14..22, 3..25) if (x + y) % 11 != 3 => 4,
                _ => 0,
            };
            let (shared, own) = ((x * 9 + y * 4 + z * 5) as i32, [noise(i, 0), noise(i, 1)]);
            for k in [0, 1] {
                samples[k][i] = if labels[i] == 2 { 70 } else { 20 + shared + own[k] * (k as i32 + 1) };
            }
        }
        let mut labels = Labels::new(shape, labels).unwrap();
        labels.count = 5;
        let [a, b] = samples.map(|s| Volume::new(shape, s).unwrap());
        Scene { labels, channels: [a, b] }
    }

    fn measure(&self, families: &[Chosen]) -> Table {
        let channel =
            |k: usize| ChannelRef { saturation: Some(1023), ..ChannelRef::new(["a", "b"][k], "au", &self.channels[k]) };
        let channels = [channel(0), channel(1)];
        measure::objects(&Request { channels: &channels, families, ..Request::new(&self.labels) }).unwrap()
    }

    /// The same voxels elsewhere: the first one of a row becomes the last.
    fn mirrored(&self) -> Scene {
        let shape = self.labels.shape;
        let from = |i: usize| {
            let [z, y, x] = shape.position(i);
            shape.index(z, y, shape.x - 1 - x)
        };
        let labels = self.labels.voxels().host().unwrap();
        let mut labels = Labels::new(shape, (0..shape.len()).map(|i| labels[from(i)]).collect()).unwrap();
        labels.count = self.labels.count;
        let turn = |v: &Volume| {
            let samples = v.samples.host().unwrap();
            Volume::new(shape, (0..shape.len()).map(|i| samples[from(i)]).collect()).unwrap()
        };
        Scene { labels, channels: [turn(&self.channels[0]), turn(&self.channels[1])] }
    }
}

/// Cells of a column are the same but for rounding.
fn same(a: &Table, x: &str, b: &Table, y: &str) {
    for row in 0..a.rows() {
        let near = match (cell(a, x, row), cell(b, y, row)) {
            (Some(v), Some(w)) => (v - w).abs() <= 1e-12 * v.abs().max(1.0),
            (v, w) => v == w,
        };
        assert!(near, "{x} and {y}, row {}: {:?} {:?}", row + 1, cell(a, x, row), cell(b, y, row));
    }
}

fn coloc(parameters: &str) -> Vec<Chosen> {
    vec![family("colocalisation", parameters).unwrap()]
}

/// Invariant: the order of channels and voxels; the number of threads.
#[test]
fn colocalisation_knows_no_order() {
    for depth in [1, 3] {
        let scene = Scene::new(depth);
        let table = scene.measure(&coloc("pairs = [[\"a\", \"b\"], [\"b\", \"a\"]]"));
        for name in ["pearson", "spearman", "icq", "overlap"] {
            same(&table, &format!("coloc_{name}_a_b"), &table, &format!("coloc_{name}_b_a"));
        }
        for name in ["k", "manders", "rwc", "otsu", "otsu_threshold"] {
            same(&table, &format!("coloc_{name}_1_a_b"), &table, &format!("coloc_{name}_2_b_a"));
        }
        let mirrored = scene.mirrored().measure(&coloc(""));
        for column in mirrored.columns.iter().filter(|c| c.name.starts_with("coloc_")) {
            same(&table, &column.name, &mirrored, &column.name);
        }
        let families = coloc("shuffles = 50\ncostes = \"exhaustive\"");
        let table = scene.measure(&families);
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(pool.install(|| scene.measure(&families)), table);
        }
    }
}

/// Invariant: values that are samples times a number, with the full scale times that number, are as colocalised.
#[test]
fn colocalisation_knows_no_unit() {
    let mut scene = Scene::new(1);
    for search in ["bisection", "jumps", "exhaustive"] {
        let before = scene.measure(&coloc(&format!("full_scale = 1023\ncostes = \"{search}\"")));
        scene.channels.iter_mut().for_each(|c| c.scale = Scale::new(0.25, 0.0).unwrap());
        let after = scene.measure(&coloc(&format!("full_scale = 255.75\ncostes = \"{search}\"")));
        scene.channels.iter_mut().for_each(|c| c.scale = Scale::ONE);
        for column in before.columns.iter().filter(|c| c.name.starts_with("coloc_") && !c.name.contains("threshold")) {
            same(&before, &column.name, &after, &column.name);
        }
        assert!(cell(&before, "coloc_costes_1_a_b", 2).is_some());
    }
}

/// Mechanics: what one voxel or a flat channel does not have is empty, and nothing else is.
#[test]
fn colocalisation_of_odd_objects() {
    let scene = Scene::new(1);
    let table = scene.measure(&coloc("shuffles = 9"));
    for column in table.columns.iter().filter(|c| c.name.starts_with("coloc_")) {
        let there = |row| cell(&table, &column.name, row).is_some();
        let of_values = ["overlap", "_k_", "manders", "rwc"].iter().any(|name| column.name.contains(name));
        assert_eq!([there(0), there(1)], [of_values; 2], "{}", column.name);
        // Object 4 has so little noise that nothing is left below Costes' thresholds.
        assert!(there(2) && !there(4), "{}", column.name);
        assert!(there(3) || column.name.contains("costes"), "{}", column.name);
    }
    for (name, want) in [("overlap", 1.0), ("manders_1", 1.0), ("rwc_2", 1.0), ("k_1", 1.0)] {
        assert!((cell(&table, &format!("coloc_{name}_a_b"), 1).unwrap() - want).abs() < 1e-15, "{name}");
    }
    // A channel with itself under another name.
    let mut twin = Scene::new(1);
    twin.channels[1] = twin.channels[0].clone();
    let table = twin.measure(&coloc("shuffles = 99"));
    for (name, want) in [("pearson", 1.0), ("spearman", 1.0), ("slope", 1.0), ("rwc_1", 1.0), ("shuffle_p", 0.01)] {
        assert!((cell(&table, &format!("coloc_{name}_a_b"), 2).unwrap() - want).abs() < 1e-12, "{name}");
    }
    // Values below 0, and all of them 0.
    let mut low = Scene::new(1);
    low.channels[0].scale = Scale::new(1.0, -2000.0).unwrap();
    let table = low.measure(&coloc("full_scale = 1023"));
    assert_eq!(cell(&table, "coloc_manders_1_a_b", 2), None);
    assert!(cell(&table, "coloc_pearson_a_b", 2).is_some());
}

/// Mechanics: parameters that cannot be are refused, with what to write instead.
#[test]
fn wrong_pairs_are_refused() {
    let recipe = |parameters: &str| {
        let text = format!(
            "channels = {{ a = [\"a\"], b = [\"b\"], c = [\"c\"] }}\n[objects.cells]\nchannel = \"a\"\nsteps = [{{ op = \"threshold\", \
             method = \"otsu\" }}, {{ op = \"label\" }}]\n[measure.cells]\nfeatures = [\"colocalisation\"]\n{parameters}"
        );
        Recipe::parse("r.toml", &text, &[]).map_err(|e| e.to_string())
    };
    assert!(recipe("").is_ok());
    for (parameters, says) in [
        ("channels = [\"a\"]", "no two channels"),
        ("channels = [\"a\", \"b\"]\ncolocalisation.pairs = [[\"a\", \"c\"]]", "\"c\" is no channel that is measured"),
        ("colocalisation.pairs = [[\"a\", \"a\"]]", "a channel with itself"),
        ("colocalisation.pairs = []", "no pairs"),
        ("colocalisation.fraction = 15", "no part of the largest value"),
        ("colocalisation.full_scale = 0", "a full scale of 0"),
        ("colocalisation.shuffles = 1000000", "1000000 shuffles"),
        ("colocalisation.costes = \"fastest\"", "fastest"),
    ] {
        let e = recipe(parameters).unwrap_err();
        assert!(e.contains(says) && e.contains("line "), "{parameters}: {e}");
    }
    let scene = Scene::new(1);
    let channels = ["a", "b"].map(|name| ChannelRef::new(name, "au", &scene.channels[0]));
    let families = coloc("full_scale = 100");
    let request = Request { channels: &channels, families: &families, ..Request::new(&scene.labels) };
    let e = measure::objects(&request).unwrap_err().to_string();
    assert!(e.contains("full_scale is 100") && e.contains("reaches"), "{e}");
}

/// Invariant: a recipe gives the same tables on every device; what all objects have together stands in the row of the image.
#[test]
fn recipes_give_the_same_on_every_device() {
    let scene = Scene::new(1);
    let channel = |k: usize, name: &str| Channel {
        name: name.into(),
        unit: "au",
        volume: scene.channels[k].clone(),
        saturated: Some(0),
        saturation: Some(65_535),
    };
    let scan = Scan::new(Modality::Fluorescence, scene.labels.shape, vec![channel(0, "a"), channel(1, "b")]);
    let text = "channels = { a = [\"a\"], b = [\"b\"] }\n[objects.cells]\nchannel = \"a\"\nsteps = [{ op = \"threshold\", method = \
                \"otsu\" }, { op = \"label\" }]\n[measure.cells]\nfeatures = \
                [\"colocalisation\", \"intensity_details\", \"radial_distribution\", \"radial_zernike\", \"granularity\", \"haralick\"]\n\
                colocalisation.shuffles = 20\n";
    let recipe = Recipe::parse("r.toml", text, &[]).unwrap();
    let run = |device: &Device| pipeline::run(&scan, &recipe, device, &External::new()).unwrap();
    let (cpu, gpu) = (run(&Device::Cpu), run(&common::gpu(None)));
    assert!(cpu.sets[0].table.rows() > 0);
    assert_eq!(cpu.sets[0].table, gpu.sets[0].table);
    assert_eq!(cpu.row, gpu.row);
    assert!(cell(&cpu.row, "coloc_pearson_a_b_cells", 0).is_some());
    assert!(cpu.row.column("coloc_shuffle_p_a_b_cells").is_none());
}

/// Regression: the rounded entropy of one level was not 0, and what is nothing over nothing came out as -1.
#[test]
fn flat_objects_have_no_information_whatever_their_size() {
    // Bands of five rows, each a pixel wider than the one above.
    let shape = Shape::flat(200, 64);
    let label = |[_, y, x]: [usize; 3]| if x < 5 + y / 5 { 1 + (y / 5) as u32 } else { 0 };
    let labels: Vec<u32> = (0..shape.len()).map(|i| label(shape.position(i))).collect();
    let volume = Volume::new(shape, vec![1000; shape.len()]).unwrap();
    let channel = Channel { name: "a".into(), unit: "au", volume, saturated: None, saturation: Some(65_535) };
    let scan = Scan::new(Modality::Fluorescence, shape, vec![channel]);
    let text = "channels.a = 0\n[objects.roi]\nlabels = \"roi.tif\"\n[measure.roi]\nfeatures = \"haralick\"\n";
    let recipe = Recipe::parse("r.toml", text, &[]).unwrap();
    let regions = Regions::of_voxels(shape, &labels).unwrap();
    let external = External::from([("roi".to_string(), regions)]);
    let outcome = pipeline::run(&scan, &recipe, &Device::Cpu, &external).unwrap();
    let table = &outcome.sets[0].table;
    let information = table.columns.iter().filter(|c| c.name.contains("info_meas") || c.name.contains("entropy"));
    let names: Vec<&str> = information.map(|c| c.name.as_str()).collect();
    assert!(names.len() >= 16, "{names:?}");
    let odd = |name: &&str| (0..table.rows()).any(|row| cell(table, name, row) != Some(0.0));
    assert_eq!(names.iter().find(|name| odd(name)), None);
}

/// The families of single channels.
const FAMILIES: [&str; 5] = ["intensity_details", "radial_distribution", "radial_zernike", "granularity", "haralick"];

fn families() -> Vec<Chosen> {
    FAMILIES.iter().map(|name| family(name, "").unwrap()).collect()
}

/// Invariant: in a mirrored image diagonals change places, and nothing else does where the grid is the image's.
#[test]
fn mirrored_images_have_mirrored_textures() {
    let scene = Scene::new(1);
    let families = [
        family("granularity", "subsample = 1\nbackground = 1\nradius = 4").unwrap(),
        family("haralick", "scale = [1, 3]").unwrap(),
    ];
    let (table, mirrored) = (scene.measure(&families), scene.mirrored().measure(&families));
    let mut there = 0;
    for column in table.columns.iter().filter(|c| ["haralick_", "granularity_"].iter().any(|p| c.name.starts_with(p))) {
        let other = match (column.name.contains("_01_"), column.name.contains("_03_")) {
            (true, _) => column.name.replace("_01_", "_03_"),
            (_, true) => column.name.replace("_03_", "_01_"),
            _ => column.name.clone(),
        };
        same(&table, &column.name, &mirrored, &other);
        there += (0..5).filter(|&row| cell(&table, &column.name, row).is_some()).count();
    }
    assert!(there > 300, "{there}");
}

/// Mechanics: objects of one voxel, flat ones, volumes, objects without voxels, an object that fills its image, an image of zeros:
/// cells are there or empty, and threads make no difference.
#[test]
fn families_take_odd_objects() {
    for depth in [1, 3] {
        let scene = Scene::new(depth);
        let table = scene.measure(&families());
        for column in table.columns.iter().filter(|c| FAMILIES.iter().any(|f| c.name.starts_with(f))) {
            let there = |row| cell(&table, &column.name, row).is_some();
            let flat_only = ["radial_", "granularity_"].iter().any(|p| column.name.starts_with(p));
            assert!(!there(4), "{}", column.name);
            assert!(depth == 1 || !flat_only || (0..5).all(|row| !there(row)), "{}", column.name);
            let one_voxel = column.name.starts_with("radial_zernike") || column.name.starts_with("haralick");
            assert!(!one_voxel || !there(0), "{}", column.name);
            if depth == 1 && !column.name.starts_with("radial_distribution") && !column.name.contains("phase") {
                assert!(there(2) && there(3), "{}", column.name);
            }
        }
        for name in ["contrast", "variance"] {
            assert_eq!(cell(&table, &format!("haralick_{name}_3_00_256_a"), 1), Some(0.0));
        }
        let solid = scene.measure(&[family("haralick", "scale = 1\ndirections = 13").unwrap()]);
        let last = cell(&solid, "haralick_entropy_1_12_256_a", 3);
        assert_eq!(last.is_some(), depth == 3);
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(pool.install(|| scene.measure(&families())), table);
        }
    }
    for (height, width) in [(1, 1), (1, 9), (5, 1), (8, 9), (40, 40)] {
        let shape = Shape::flat(height, width);
        let volume = |value: i32| Volume::new(shape, vec![value; shape.len()]).unwrap();
        let mut all = families();
        all.extend(coloc("shuffles = 3"));
        let labels = Labels::new(shape, vec![1; shape.len()]).unwrap();
        let table = Scene { labels, channels: [volume(0), volume(500)] }.measure(&all);
        assert_eq!(table.rows(), 1);
        assert_eq!(cell(&table, "granularity_1_a", 0), None);
        assert_eq!(cell(&table, "granularity_1_b", 0).is_some(), height >= 8);
        let nothing = Labels::new(shape, vec![0; shape.len()]).unwrap();
        assert_eq!(Scene { labels: nothing, channels: [volume(0), volume(500)] }.measure(&all).rows(), 0);
    }
}

/// Invariant: an object that fills its image has the rings that it has in an image that is a pixel larger, where the border is its edge.
#[test]
fn an_object_that_fills_its_image_has_an_edge() {
    for parameters in ["", "radius = \"9 px\""] {
        let measure = |frame: usize| {
            let shape = Shape::flat(14 + 2 * frame, 21 + 2 * frame);
            let inside = |i: usize| {
                let [_, y, x] = shape.position(i);
                let at = |v: usize, n: usize| v.checked_sub(frame).filter(|v| *v < n);
                Some((at(y, 14)?, at(x, 21)?))
            };
            let sample = |i: usize| inside(i).map_or(0, |(y, x)| 50 + ((y * 37 + x * 11) % 29 + 3 * y + x) as i32);
            let volume = || Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap();
            let labels = (0..shape.len()).map(|i| u32::from(inside(i).is_some())).collect();
            let scene = Scene { labels: Labels::new(shape, labels).unwrap(), channels: [volume(), volume()] };
            scene.measure(&[family("radial_distribution", parameters).unwrap()])
        };
        let (full, framed) = (measure(0), measure(1));
        for column in full.columns.iter().filter(|c| c.name.starts_with("radial_distribution")) {
            same(&full, &column.name, &framed, &column.name);
        }
        let first = cell(&full, "radial_distribution_frac_at_d_1of4_a", 0).unwrap();
        assert!(first > 0.0 && first < 0.3, "{first}");
    }
}

/// Oracle: of one level nothing depends on anything, however many pairs there are (by definition; cp-measure has 0 as well).
#[test]
fn constant_objects_have_no_dependence_of_levels() {
    for (height, width) in (1..40).flat_map(|h| (4..40).map(move |w| (h, w))).filter(|(h, w)| (h * w) % 3 == 1) {
        let shape = Shape::flat(height, width);
        let volume = |value: i32| Volume::new(shape, vec![value; shape.len()]).unwrap();
        let labels = Labels::new(shape, vec![1; shape.len()]).unwrap();
        let scene = Scene { labels, channels: [volume(1000), volume(3)] };
        let table = scene.measure(&[family("haralick", "scale = 1\nfull_scale = 1023").unwrap()]);
        for name in ["info_meas_1", "info_meas_2", "entropy", "sum_entropy", "difference_entropy"] {
            let found = cell(&table, &format!("haralick_{name}_1_00_256_a"), 0);
            assert_eq!(found, (height > 1).then_some(0.0), "{name} {height} {width}");
        }
    }
}

/// Oracle: three objects in a row and one far away, counted by eye; what points, volumes and single objects do not have is empty; threads
/// make no difference.
#[test]
fn object_neighbours_by_eye() {
    let shape = Shape::flat(9, 40);
    let label = |i: usize| match (i / 40, i % 40) {
        (2..6, 2..6) => 1,
        (2..6, 6..10) => 2,
        (2..6, 13..17) => 3,
        (8, 39) => 5,
        _ => 0,
    };
    let mut labels = Labels::new(shape, (0..shape.len()).map(label).collect()).unwrap();
    labels.count = 5;
    let families = [family("object_neighbours", "within = [\"4 px\", \"60 px\"]").unwrap()];
    let measure = |labels: &Labels, points: Option<&[[f64; 3]]>| {
        measure::objects(&Request { families: &families, points, ..Request::new(labels) }).unwrap()
    };
    let table = measure(&labels, None);
    let of = |name: &str| (0..5).map(|row| cell(&table, name, row)).collect::<Vec<_>>();
    let some = |values: [f64; 4]| [Some(values[0]), Some(values[1]), Some(values[2]), None, Some(values[3])];
    assert_eq!(of("object_neighbours_adjacent"), some([1.0, 1.0, 0.0, 0.0]));
    assert_eq!(of("object_neighbours_within_4px"), some([1.0, 2.0, 1.0, 0.0]));
    assert_eq!(of("object_neighbours_within_60px"), some([3.0; 4]));
    // Four of the twelve pixels of the outline.
    assert_eq!(of("object_neighbours_percent_touching_adjacent"), some([400.0 / 12.0, 400.0 / 12.0, 0.0, 0.0]));
    assert_eq!(of("first_closest_label"), some([2.0, 1.0, 2.0, 3.0]));
    assert_eq!(of("second_closest_label"), some([3.0, 3.0, 1.0, 2.0]));
    assert_eq!(of("first_closest_px")[..3], [4.0, 4.0, 7.0].map(Some));
    assert_eq!(of("angle_between_neighbours_deg")[..3], [0.0, 180.0, 0.0].map(Some));
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| measure(&labels, None)), table);
    }
    // Points have neighbours, but no outline.
    let points = [[0.0, 3.0, 3.0], [0.0, 3.0, 7.0], [0.0, 3.0, 14.0], [0.0; 3], [0.0, 8.0, 39.0]];
    let table = measure(&labels, Some(&points));
    assert_eq!(cell(&table, "object_neighbours_adjacent", 0), None);
    assert_eq!(cell(&table, "first_closest_label", 0), Some(2.0));
    let mut solid = Labels::new(Shape::new(2, 3, 4), (0..24).map(|i| u32::from(i > 20)).collect()).unwrap();
    solid.count = 1;
    let table = measure(&solid, None);
    for column in table.columns.iter().filter(|c| c.name.contains("neighbours_") || c.name.contains("_closest_")) {
        assert_eq!(cell(&table, &column.name, 0), None, "{}", column.name);
    }
}

/// Mechanics: parameters that cannot be.
#[test]
fn wrong_parameters_are_refused() {
    let scene = Scene::new(1);
    for (name, parameters, says) in [
        ("radial_distribution", "bins = 0", "0 rings"),
        ("radial_distribution", "radius = \"0 px\"", "without a width"),
        ("granularity", "spectrum = 0", "0 sizes"),
        ("granularity", "subsample = 1.5", "1.5 cells"),
        ("granularity", "background = 0", "0 cells"),
        ("granularity", "radius = 0", "0 cells"),
        ("haralick", "scale = 0", "1 to 1000"),
        ("haralick", "scale = [3, 3]", "twice"),
        ("haralick", "levels = 1", "1 grey levels"),
        ("haralick", "directions = 8", "8 directions"),
        ("object_neighbours", "within = \"400 r\"", "4000 px in this image"),
    ] {
        let volume = &scene.channels[0];
        let channel = [ChannelRef::new("a", "au", volume)];
        let families = [family(name, parameters).unwrap()];
        let new = Request::new(&scene.labels);
        let request = Request { channels: &channel, families: &families, radius_px: Some(10.0), ..new };
        let e = measure::objects(&request).unwrap_err().to_string();
        assert!(e.contains(says), "{name} {parameters}: {e}");
    }
    let recipe = |within: &str| {
        let text = format!(
            "channels = {{ a = [\"a\"] }}\n[objects.cells]\nchannel = \"a\"\nsteps = [{{ op = \"threshold\", method = \"otsu\" }}]\n\
             [measure.cells]\nfeatures = [\"object_neighbours\"]\nobject_neighbours.within = {within}\n"
        );
        Recipe::parse("r.toml", &text, &[]).map_err(|e| e.to_string())
    };
    for (within, says) in
        [("\"0 px\"", "there is nothing"), ("\"1001 px\"", "1000 px at most"), ("[\"5 px\", \"5 px\"]", "twice")]
    {
        let e = recipe(within).unwrap_err();
        assert!(e.contains(says) && e.contains("line "), "{within}: {e}");
    }
    for within in ["\"5 px\"", "\"1000 px\"", "[\"5 px\", \"10 px\"]"] {
        assert!(recipe(within).is_ok(), "{within}");
    }
}

/// Mechanics: the page lists the columns.
#[test]
fn pages_list_the_columns_of_pairs() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/measures.md")).unwrap();
    let context = Context { unit: Unit::Um, channels: &[("A", "au"), ("B", "au")], volumes: false, classes: &[] };
    let listed = measure::dictionary(&coloc("shuffles = 1"), &context);
    for d in listed.iter().filter(|d| d.name.starts_with("coloc_")) {
        assert!(page.contains(&format!("| `{}` |", d.name)), "docs/measures.md lacks {}", d.name);
    }
}

/// Invariant: the recipe knows the columns, whatever the order of the channels in a file is.
#[test]
fn pairs_do_not_depend_on_the_order_of_channels() {
    let text = "modality = \"fluorescence\"\n[channels]\nnuclear = [0]\nprobe = [1]\nother = [2]\n\
        [objects.a]\nchannel = \"nuclear\"\nsteps = [{ op = \"threshold\", method = \"otsu\" }]\n\
        [measure.a]\nfeatures = [\"colocalisation\"]\n";
    let recipe = Recipe::parse("r.toml", text, &[]).unwrap();
    let array =
        |k: usize| ndarray::Array3::from_shape_fn((1, 9, 9), |(_, y, x)| ((y * (x + k) * 37 + k * y) % 91) as u16);
    let channels: Vec<_> = (0..3).map(|k| Channel::of_array(&format!("c{k}"), array(k).view()).unwrap()).collect();
    let scan = Scan::new(Modality::Fluorescence, channels[0].volume.shape, channels);
    let outcome = pipeline::run(&scan, &recipe, &Device::Cpu, &External::new()).unwrap();
    let told = pipeline::columns(&recipe).unwrap();
    let names = |o: &pipeline::Outcome| {
        let mut names: Vec<String> = o.sets[0].table.columns.iter().map(|c| c.name.clone()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&outcome), names(&told));
    assert!(names(&told).contains(&"coloc_pearson_other_probe".to_string()));
}
