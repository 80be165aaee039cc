//! Objects as GeoJSON (QuPath) and tables as AnnData. Kinds of test: oracle (areas by the shoelace formula are numbers of pixels, values are
//! those of the CSV tables), invariant (threads, packing, a run that goes on), mechanics.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;
#[path = "common/hdf5.rs"]
mod hdf5;
#[path = "common/images.rs"]
mod images;

use common::bench::{Bench, Row, rows, words};
use hdf5::Hdf5;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Read;

const RECIPE: &str = "
spacing_um = 0.5
[channels]
signal = [0]
[objects.nuclei]
channel = 'signal'
steps = [{ op = 'threshold', method = 'fixed', value = 5000 }, { op = 'label' }]
parent = 'cells'
[objects.cells]
grow = { from = 'nuclei', by = '3 px' }
[objects.rings]
minus = { cells = 'cells', nuclei = 'nuclei' }
[measure.nuclei]
features = ['shape', 'intensity']
[measure.cells]
features = ['intensity']
[measure.rings]
features = ['shape']
[positive.nuclei]
signal = '50 %'
[phenotypes.nuclei]
bright = 'signal+'
[output]
geojson = 'plain'
anndata = true
";

impl Bench {
    /// Three images with 12, 5 and 0 spots.
    fn new(recipe: &str) -> Self {
        let bench = Bench::with(recipe);
        for (name, spots) in [("a", 12), ("b", 5), ("c", 0)] {
            images::spots(&bench.at(&format!("in/{name}.png")), spots + 1, spots);
        }
        std::fs::write(bench.at("in/sheet.csv"), "path,patient\na.png,P1\nb.png,P\u{e4}2\nc.png,\n").unwrap();
        bench
    }

    fn run(&self, out: &str, more: &[&str]) {
        let args = [
            "run",
            "--recipe",
            "recipe.toml",
            "--sheet",
            "in/sheet.csv",
            "--device",
            "cpu",
            "--no-overlays",
            "-o",
            out,
        ];
        let run = self.command().args(args).args(more).output().unwrap();
        assert_eq!(run.status.code(), Some(0), "{}", words(&run));
    }

    fn features(&self, below: &str) -> Vec<Value> {
        let json: Value = serde_json::from_slice(&std::fs::read(self.at(below)).unwrap()).unwrap();
        assert_eq!(json["type"], "FeatureCollection");
        json["features"].as_array().unwrap().clone()
    }
}

/// Area within the rings of a geometry, holes taken off; rings end where they begin and come to no other place twice.
fn area(geometry: &Value) -> f64 {
    let polygons = match geometry["type"].as_str().unwrap() {
        "Polygon" => vec![geometry["coordinates"].clone()],
        "MultiPolygon" => geometry["coordinates"].as_array().unwrap().clone(),
        other => panic!("{other}"),
    };
    let mut sum = 0.0;
    for polygon in &polygons {
        for (k, ring) in polygon.as_array().unwrap().iter().enumerate() {
            let places: Vec<[f64; 2]> =
                ring.as_array().unwrap().iter().map(|p| [0, 1].map(|i| p[i].as_f64().unwrap())).collect();
            let different: BTreeSet<String> = places.iter().map(|p| format!("{p:?}")).collect();
            assert!(places.first() == places.last() && different.len() == places.len() - 1);
            let twice: f64 = places.windows(2).map(|p| p[0][0] * p[1][1] - p[1][0] * p[0][1]).sum();
            assert!((twice > 0.0) == (k == 0), "holes run the other way round");
            sum += twice / 2.0;
        }
    }
    sum
}

/// Oracle: each object is there with its area, its nucleus, its class and the numbers of its row.
#[test]
fn objects_are_features_with_their_area_and_their_row() {
    let bench = Bench::new(RECIPE);
    bench.run("out", &[]);
    let mut ids = BTreeSet::new();
    for set in ["nuclei", "cells", "rings"] {
        let table = rows(&bench.at(&format!("out/{set}.csv")));
        for image in ["a", "b", "c"] {
            let features = bench.features(&format!("out/labels/{image}.png_{set}.geojson"));
            let mine: Vec<&Row> = table.iter().filter(|row| row["image"] == format!("{image}.png")).collect();
            assert_eq!(features.len(), mine.len());
            for (feature, row) in features.iter().zip(mine) {
                let properties = &feature["properties"];
                assert!(ids.insert(feature["id"].as_str().unwrap().to_owned()));
                assert_eq!(properties["name"], row["label"].as_str());
                assert_eq!(properties["objectType"], if set == "cells" { "cell" } else { "detection" });
                let measured = properties["measurements"].as_object().unwrap();
                for (name, value) in measured {
                    assert_eq!(value.as_f64(), row[name].parse().ok(), "{name}");
                }
                let is_number = |(name, cell): (&String, &String)| {
                    let words = ["image", "patient", "phenotype"].contains(&name.as_str());
                    (!cell.is_empty() && !words).then(|| name.clone())
                };
                let numbers: BTreeSet<String> = row.iter().filter_map(is_number).collect();
                assert_eq!(measured.keys().cloned().collect::<BTreeSet<_>>(), numbers);
                if let Some(pixels) = row.get("area_px") {
                    assert_eq!(area(&feature["geometry"]), pixels.parse::<f64>().unwrap());
                }
                let class = row.get("phenotype").filter(|c| !c.is_empty()).map_or(set, String::as_str);
                assert_eq!(properties["classification"]["name"], class);
                assert_eq!(properties["classification"]["color"].as_array().unwrap().len(), 3);
                assert_eq!(feature.get("nucleusGeometry").is_some(), set == "cells");
            }
        }
    }
    let [cells, nuclei] = ["cells", "nuclei"].map(|set| bench.features(&format!("out/labels/a.png_{set}.geojson")));
    assert!(cells.iter().zip(&nuclei).all(|(cell, nucleus)| cell["nucleusGeometry"] == nucleus["geometry"]));
    assert!(bench.features("out/labels/a.png_rings.geojson").iter().all(|ring| area(&ring["geometry"]) > 0.0));
}

/// Invariant: threads and packing change nothing, and a run that goes on keeps the files.
#[test]
fn files_are_the_same_for_any_threads() {
    let bench = Bench::new(RECIPE);
    bench.run("one", &["--threads", "1"]);
    bench.run("many", &["--threads", "5", "--set", "output.geojson=\"gzip\""]);
    for set in ["nuclei", "cells"] {
        let plain = std::fs::read(bench.at(&format!("one/labels/a.png_{set}.geojson"))).unwrap();
        let packed = std::fs::read(bench.at(&format!("many/labels/a.png_{set}.geojson.gz"))).unwrap();
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut text).unwrap();
        assert!(text == plain);
        let [one, many] = ["one", "many"].map(|out| std::fs::read(bench.at(&format!("{out}/{set}.h5ad"))).unwrap());
        assert!(one == many, "{set}");
    }
    bench.run("one", &["--resume"]);
    assert!(bench.at("one/labels/a.png_cells.geojson").exists());
    bench.run("one", &["--set", "output.geojson=\"plain\"", "--no-labels"]);
    assert!(!bench.at("one/labels/a.png_cells.geojson").exists(), "they are label files");
}

/// Mechanics: points are points, half a pixel on, as QuPath counts from the corner.
#[test]
fn cells_by_their_stain_have_their_nuclei() {
    let grown = "[objects.cells]\ngrow = { from = 'nuclei', by = '3 px' }\n";
    let stained = "[objects.cells]\nchannel = 'signal'\nsteps = [{ op = 'threshold', method = 'fixed', value = 500 }, \
                   { op = 'propagate', from = 'nuclei' }]\nstart = 'nuclei'\n";
    assert!(RECIPE.contains(grown));
    let bench = Bench::new(&RECIPE.replace(grown, stained));
    bench.run("out", &[]);
    let features = bench.features("out/labels/a.png_cells.geojson");
    assert!(features.len() > 5);
    assert!(features.iter().all(|f| f["properties"]["objectType"] == "cell" && f["nucleusGeometry"].is_object()));
}

#[test]
fn points_are_points() {
    let recipe = "[channels]\nsignal = [0]\n[objects.cells]\nlabels = 'points.csv'\n[output]\ngeojson = 'plain'\n";
    let bench = Bench::new(recipe);
    std::fs::write(bench.at("points.csv"), "x_px,y_px\n10.25,20\n30,40.5\n").unwrap();
    bench.run("out", &[]);
    let features = bench.features("out/labels/a.png_cells.geojson");
    let places: Vec<&Value> = features.iter().map(|f| &f["geometry"]).collect();
    assert_eq!(places[0], &serde_json::json!({ "type": "Point", "coordinates": [10.75, 20.5] }));
    assert_eq!(places[1]["coordinates"], serde_json::json!([30.5, 41.0]));
}

/// Oracle: numbers, words and places are those of the CSV table.
#[test]
fn anndata_has_the_cells_of_the_table() {
    let bench = Bench::new(RECIPE);
    bench.run("out", &[]);
    let table = rows(&bench.at("out/nuclei.csv"));
    let file = Hdf5(std::fs::read(bench.at("out/nuclei.h5ad")).unwrap());
    assert_eq!(file.names("/"), ["X", "obs", "obsm", "uns", "var"]);
    let columns = file.words("/var/_index");
    assert_eq!(file.size("/X"), [table.len() as u64, columns.len() as u64]);
    assert!(columns.iter().any(|c| c == "area_px") && !columns.iter().any(|c| c == "label" || c == "parent_cells"));
    let x = file.reals("/X");
    for (row, numbers) in table.iter().zip(x.chunks(columns.len())) {
        for (column, got) in columns.iter().zip(numbers) {
            match row[column].parse::<f64>() {
                Ok(want) => assert_eq!(*got, want, "{column}"),
                Err(_) => assert!(got.is_nan(), "{column}"),
            }
        }
    }
    let names: Vec<String> = table.iter().map(|row| format!("{}:{}", row["image"], row["label"])).collect();
    assert_eq!(file.words("/obs/_index"), names);
    for column in ["image", "patient", "phenotype"] {
        let words = file.words(&format!("/obs/{column}/categories"));
        let codes = file.bytes(&format!("/obs/{column}/codes"));
        let code = |b: &[u8]| i32::from_le_bytes(b.try_into().unwrap());
        let got = codes.chunks_exact(4).map(|b| usize::try_from(code(b)).map_or("", |i| words[i].as_str()));
        assert_eq!(got.collect::<Vec<_>>(), table.iter().map(|row| row[column].as_str()).collect::<Vec<_>>());
    }
    let places = file.reals("/obsm/spatial");
    let wanted: Vec<f64> = table
        .iter()
        .flat_map(|row| ["centroid_x_um", "centroid_y_um"].map(|c| row[c].parse::<f64>().unwrap()))
        .collect();
    assert_eq!(places, wanted);
    assert_eq!(file.words("/uns/uptake/spatial_unit"), ["um"]);
    let unit = columns.iter().position(|c| c == "area_px").map(|i| file.words("/var/unit")[i].clone());
    assert_eq!(unit.as_deref(), Some("px"));
}

/// Mechanics: a name that HDF5 cannot have is refused, and sets without objects have files.
#[test]
fn odd_names_and_empty_sets() {
    let bench = Bench::new(RECIPE);
    std::fs::write(bench.at("in/sheet.csv"), "path,a/b\nc.png,1\n").unwrap();
    let args = ["run", "--recipe", "recipe.toml", "--sheet", "in/sheet.csv", "--device", "cpu", "-o", "out"];
    let run = bench.command().args(args).output().unwrap();
    let said = words(&run);
    assert!(run.status.code() == Some(2) && said.contains("AnnData can have no column \"a/b\""), "{said}");
    std::fs::write(bench.at("in/sheet.csv"), "path,a\nc.png,1\n").unwrap();
    bench.run("out", &[]);
    let file = Hdf5(std::fs::read(bench.at("out/cells.h5ad")).unwrap());
    assert_eq!((file.size("/X")[0], file.size("/obs/_index")[0]), (0, 0));
    assert!(bench.features("out/labels/c.png_cells.geojson").is_empty());
}
