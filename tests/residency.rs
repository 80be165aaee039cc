//! Invariant: a whole recipe gives the same table and the same labels on the CPU and on the adapter, whole and in
//! windows, and moves no more over the bus than it says.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::gpu;
use std::path::PathBuf;
use uptake::device::{Buffer, Counters, Device};
use uptake::pipeline::{self, External, Outcome};
use uptake::read::{self, Options};
use uptake::recipe::preset;
use uptake::scan::Scan;

/// Waits for something to come down in one image of the preset `cells`: the histograms and ranges of four thresholds,
/// the counts of each labelling, sizes, peaks and pairs of two splits, order statistics, and the labels of three sets.
const READBACKS: u64 = 36;

fn sample(name: &str) -> Scan {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("sample-images").join(name);
    read::open(&path, &Options::default()).unwrap()
}

fn run(scan: &Scan, device: &Device) -> Outcome {
    pipeline::run(scan, &preset("cells").unwrap().recipe().unwrap(), device, &External::new()).unwrap()
}

/// What differs between two outcomes, in words.
fn difference(a: &Outcome, b: &Outcome) -> Option<String> {
    if a.row != b.row {
        return Some("the image's row".into());
    }
    for (x, y) in a.sets.iter().zip(&b.sets) {
        if x.labels.voxels.host().unwrap() != y.labels.voxels.host().unwrap() {
            return Some(format!("the labels of {}", x.name));
        }
        if x.table != y.table {
            return Some(format!("the table of {}", x.name));
        }
    }
    (a.sets.len() != b.sets.len()).then(|| "the number of sets".into())
}

#[test]
fn a_changed_image_changes_the_outcome() {
    let mut scan = sample("tumour_field.ome.tif");
    let before = run(&scan, &Device::Cpu);
    assert!(difference(&before, &before).is_none());
    let inside = before.sets[0].labels.voxels.host().unwrap().iter().position(|&l| l == 5).unwrap();
    let Buffer::Host(samples) = &mut scan.channels[0].volume.samples else { unreachable!() };
    samples[inside] += 1;
    assert!(difference(&before, &run(&scan, &Device::Cpu)).is_some());
}

#[test]
fn recipes_give_the_same_on_every_device() {
    let (whole, windows) = (gpu(None), gpu(Some(1 << 18)));
    for name in ["tumour_field.ome.tif", "spheroid_3d.ome.tif", "spots.png"] {
        let scan = sample(name);
        let cpu = run(&scan, &Device::Cpu);
        assert!(cpu.sets[0].labels.count > 10, "{name}");
        assert_eq!(difference(&cpu, &run(&scan, &whole)), None, "{name} on the adapter");
        if name != "spheroid_3d.ome.tif" {
            assert_eq!(difference(&cpu, &run(&scan, &windows)), None, "{name} in windows of 256 KiB");
        }
    }
}

#[test]
fn little_goes_over_the_bus() {
    let device = gpu(None);
    let Device::Gpu(gpu) = &device else { unreachable!() };
    let scan = sample("tumour_field.ome.tif");
    let before = gpu.counters();
    let outcome = run(&scan, &device);
    let after = gpu.counters();
    let moved = Counters {
        dispatches: after.dispatches - before.dispatches,
        uploads: after.uploads - before.uploads,
        bytes_up: after.bytes_up - before.bytes_up,
        readbacks: after.readbacks - before.readbacks,
        bytes_down: after.bytes_down - before.bytes_down,
    };
    println!("{moved:?}");
    let image = scan.shape.len() as u64 * 4;
    assert!(moved.readbacks <= READBACKS, "{moved:?}");
    // One channel up, and tables by the object or the bin.
    assert!(moved.bytes_up < image * 3 / 2, "{moved:?}");
    // The labels of each set down, and lists by the object or the pair of basins.
    assert!(moved.bytes_down < image * (outcome.sets.len() as u64 + 1), "{moved:?}");
}
