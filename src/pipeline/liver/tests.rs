//! Mechanics, on a torso of ellipsoids.

use super::*;
use crate::image::{Modality, NO_UNIT, PatientGrid, Scale, Volume};
use crate::units::{Shape, Spacing};

const SHAPE: Shape = Shape::new(60, 40, 56);
const MM: f64 = 7.5;

/// Uptake in ellipsoids (middle, radii, SUV; in voxels along z, y, x; x rises to the patient's left): body, lungs,
/// liver, heart, spleen, kidneys, bladder, brain. Later ones replace earlier ones.
const ORGANS: [([f64; 3], [f64; 3], f64); 10] = [
    ([26.0, 20.0, 28.0], [60.0, 13.0, 19.0], 0.7),
    ([38.0, 20.0, 18.0], [9.0, 9.0, 7.0], 0.5),
    ([38.0, 20.0, 38.0], [9.0, 9.0, 7.0], 0.5),
    ([26.0, 18.0, 19.0], [8.0, 9.0, 9.0], 2.2),
    ([35.0, 16.0, 33.0], [5.0, 5.0, 5.0], 7.0),
    ([26.0, 26.0, 41.0], [4.0, 4.0, 3.0], 2.0),
    ([17.0, 27.0, 20.0], [4.0, 3.0, 3.0], 6.0),
    ([17.0, 27.0, 36.0], [4.0, 3.0, 3.0], 6.0),
    ([4.0, 20.0, 28.0], [3.0, 4.0, 5.0], 40.0),
    ([57.0, 20.0, 28.0], [6.0, 7.0, 7.0], 9.0),
];

fn torso(times: f64, mirrored: bool) -> Scan {
    let value = |i: usize| {
        let [z, y, x] = SHAPE.position(i).map(|v| v as f64);
        let at = [z, y, if mirrored { 55.0 - x } else { x }];
        let inside =
            |o: &&([f64; 3], [f64; 3], f64)| (0..3).map(|a| ((at[a] - o.0[a]) / o.1[a]).powi(2)).sum::<f64>() <= 1.0;
        // A ripple of 10 % in place of noise.
        let ripple = 1.0 + 0.1 * (((i * 7919) % 21) as f64 / 10.0 - 1.0);
        ORGANS.iter().rev().find(inside).map_or(0.0, |o| o.2 * ripple * times)
    };
    let samples = (0..SHAPE.len()).map(|i| (value(i) * 1024.0) as i32).collect();
    let scale = Scale::new(1.0 / 1024.0, 0.0).unwrap();
    let volume = Volume { scale, ..Volume::new(SHAPE, samples).unwrap() };
    let channel = Channel { name: "pet".into(), unit: SUV_UNIT, volume, saturated: None, saturation: None };
    let mut scan = Scan::new(Modality::Pet, SHAPE, vec![channel]);
    scan.spacing = Spacing::mm([MM; 3]);
    scan.patient_grid = Some(PatientGrid { origin: [-200.0, -150.0, -400.0], ..PatientGrid::STRAIGHT });
    scan
}

/// The part of a scan between two columns.
fn cropped(scan: &Scan, from: usize, to: usize) -> Scan {
    let volume = &scan.channels[0].volume;
    let shape = Shape { x: to - from, ..SHAPE };
    let rows = volume.samples.host().unwrap().chunks(SHAPE.x);
    let samples = rows.flat_map(|row| row[from..to].to_vec()).collect();
    let cut = Volume { scale: volume.scale, ..Volume::new(shape, samples).unwrap() };
    let mut part = Scan { shape, channels: vec![Channel { volume: cut, ..scan.channels[0].clone() }], ..scan.clone() };
    if let Some(p) = &mut part.patient_grid {
        p.origin[0] += from as f64 * MM;
    }
    part
}

/// An even ball of so many SUV on the patient's right, below the liver.
fn with_mass(scan: &Scan, suv: f64) -> Scan {
    let volume = &scan.channels[0].volume;
    let mut samples = volume.samples.host().unwrap().to_vec();
    for (i, s) in samples.iter_mut().enumerate() {
        let [z, y, x] = SHAPE.position(i).map(|v| v as f64);
        if (z - 9.0).powi(2) + (y - 18.0).powi(2) + (x - 17.0).powi(2) <= 49.0 {
            *s = (suv * 1024.0) as i32;
        }
    }
    let with = Volume { scale: volume.scale, ..Volume::new(SHAPE, samples).unwrap() };
    Scan { channels: vec![Channel { volume: with, ..scan.channels[0].clone() }], ..scan.clone() }
}

#[test]
fn a_body_that_is_cut_off_at_a_side_has_no_known_middle() {
    let whole = torso(1.0, false);
    for (from, to) in [(28, 56), (0, 28), (14, 56), (0, 40)] {
        let error = look(&cropped(&whole, from, to)).err().map(|e| e.to_string()).unwrap();
        assert!(error.contains("cut off at a side"), "{from} to {to}: {error}");
    }
    assert!(look(&cropped(&whole, 4, 52)).is_ok(), "only air is cut off");
}

#[test]
fn a_large_even_mass_leaves_a_doubt() {
    let error = look(&with_mass(&torso(1.0, false), 3.9)).err().map(|e| e.to_string()).unwrap();
    assert!(error.contains("two regions look like a liver"), "{error}");
}

fn look(scan: &Scan) -> Result<LiverPlace> {
    let geometry = Geometry { shape: scan.shape, spacing: scan.spacing, radius_px: None };
    find(scan, &scan.channels[0], &geometry, [2.0; 3])
}

#[test]
fn the_sphere_lies_in_the_liver_whatever_its_level() {
    for times in [0.6, 1.0, 1.8] {
        let found = look(&torso(times, false)).unwrap();
        let (middle, radii) = (ORGANS[3].0, ORGANS[3].1);
        let far = (0..3).map(|a| ((found.centre[a] - middle[a]) / (radii[a] - 2.0)).powi(2)).sum::<f64>();
        assert!(far < 1.0, "{:?}: {}", found.centre, found.note);
    }
    assert!(look(&torso(1.0, false)).unwrap().note.contains("SUV 2.2"));
}

#[test]
fn what_cannot_be_told_is_not_guessed() {
    let remedy = |scan: &Scan| look(scan).err().map(|e| e.to_string()).unwrap();
    assert!(remedy(&torso(1.0, true)).contains("no region looks like a liver"), "a liver on the left");
    assert!(remedy(&torso(0.3, false)).contains("no region looks like a liver"), "too cold");
    let mut scan = torso(1.0, false);
    scan.channels[0].unit = NO_UNIT;
    assert!(remedy(&scan).contains("at = [x, y, z]"), "no SUV");
    let mut scan = torso(1.0, false);
    scan.patient_grid = None;
    assert!(remedy(&scan).contains("no placement"));
}

#[test]
fn the_right_side_is_the_patients() {
    // The same torso stored with x rising to the patient's right is found in the mirrored columns.
    let mut scan = torso(1.0, true);
    let turned = PatientGrid {
        origin: [212.5, -150.0, -400.0],
        directions: [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]],
    };
    scan.patient_grid = Some(turned);
    assert!(look(&scan).unwrap().centre[2] > 28.0);
}
