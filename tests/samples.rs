//! The sample images: the manifest knows each file and no other, the generator makes the same bytes again, and the default
//! preset finds what is in them. Kinds: regression (hashes) and oracle (the true nuclei).

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;
#[path = "../examples/make_samples/samples/mod.rs"]
mod samples;

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use uptake::device::Device;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-images")
}

/// Every file below a folder with its bytes, by its path with forward slashes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|(below, bytes)| (format!("{name}/{below}"), bytes)));
        } else {
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn the_manifest_matches_the_files_both_ways() {
    let mut here = files(&folder());
    let manifest = here.remove("manifest.csv").unwrap();
    here.remove(".uptakeignore").unwrap();
    let mut reader = csv::Reader::from_reader(&manifest[..]);
    for record in reader.records() {
        let record = record.unwrap();
        let bytes = here.remove(&record[0]).unwrap_or_else(|| panic!("{} is missing", &record[0]));
        let hash: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hash, record[1], "{} changed", &record[0]);
    }
    assert!(here.is_empty(), "not in the manifest: {:?}", here.keys());
}

#[test]
fn the_generator_makes_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    samples::make(dir.path()).unwrap();
    let (made, kept) = (files(dir.path()), files(&folder()));
    assert_eq!(made.keys().collect::<Vec<_>>(), kept.keys().collect::<Vec<_>>());
    for (name, bytes) in made {
        assert!(bytes == kept[&name], "{name} differs: run `cargo run --example make_samples` and look at the images");
    }
}

#[test]
fn the_default_preset_finds_the_nuclei() {
    for stem in ["tumour_field.ome", "dense_nuclei", "low_signal.ome", "spheroid_3d.ome"] {
        let scan = uptake::read::open(&folder().join(format!("{stem}.tif")), &Default::default()).unwrap();
        let recipe = uptake::recipe::preset("nuclei").unwrap().recipe().unwrap();
        let outcome = uptake::pipeline::run(&scan, &recipe, &Device::Cpu, &Default::default()).unwrap();
        let set = outcome.sets.iter().find(|s| s.name == "nuclei").unwrap();
        let truth = folder().join(format!("truth/{}_nuclei.ome.tif", stem.trim_end_matches(".ome")));
        let (_, truth) = uptake::read::labels(&truth, &Default::default()).unwrap();
        let score = common::score::score(set.objects.labels.voxels().host().unwrap(), &truth, 0.5);
        eprintln!("{stem}: F1 {:.3}, pixel IoU {:.3}, {score:?}", score.f1(), score.pixel_iou);
        assert!(score.f1() >= 0.95 && score.pixel_iou >= 0.92, "{stem}: {score:?}");
    }
}
