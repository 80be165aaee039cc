//! Invariant: a lesion of exactly the limit is kept, however the series is turned in the patient.
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "common/pet_slices.rs"]
mod pet_slices;

use dicom_core::VR;
use dicom_dictionary_std::tags;
use pet_slices::{put, series};
use std::process::Command;

/// Directions of rows, columns and slices after two turns.
fn turned(a: f64, b: f64) -> [[f64; 3]; 3] {
    let (ca, sa, cb, sb) = (a.cos(), a.sin(), b.cos(), b.sin());
    [[ca, sa, 0.0], [-sa * cb, ca * cb, sb], [sa * sb, -ca * sb, cb]]
}

fn decimals(v: &[f64]) -> String {
    v.iter().map(|v| format!("{v:.10}")).collect::<Vec<_>>().join("\\")
}

#[test]
fn a_lesion_of_exactly_the_limit_is_kept_however_the_series_lies() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..12 {
        let [row, column, normal] = turned(0.1 + 0.2 * f64::from(n), 0.15 * f64::from(n));
        series(&dir.path().join(format!("in/s{n:02}")), n as usize, 10, |z, o| {
            let place = |k: usize| [-123.4, 55.5, -331.7][k] + 10.0 * z as f64 * normal[k];
            put(o, tags::IMAGE_POSITION_PATIENT, VR::DS, decimals(&[place(0), place(1), place(2)]));
            put(o, tags::IMAGE_ORIENTATION_PATIENT, VR::DS, decimals(&[row, column].concat()));
        });
    }
    // The lesion has 27 voxels of 1 ml.
    for (limit, kept) in [("27 ml", 12), ("27.001 ml", 0)] {
        let out = dir.path().join(limit);
        let mut command = Command::new(env!("CARGO_BIN_EXE_uptake"));
        command.current_dir(dir.path()).args(["run", "in", "--recipe", "pet", "--device", "cpu", "--quiet"]);
        command.args(["--no-overlays", "--set", &format!("objects.lesions.steps.3.at_least=[\"{limit}\"]"), "--out"]);
        let output = command.arg(&out).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let lesions = std::fs::read_to_string(out.join("lesions.csv")).unwrap();
        assert_eq!(lesions.lines().count() - 1, kept, "{limit}");
    }
}
