//! Segmentations between programs. Oracle: highdicom and dcmqi read the masks that a run writes voxel for voxel, and what they
//! write is read here in the same way.
//!
//! `python -m venv V; V/bin/pip install highdicom dcmqi SimpleITK`, then
//! `UPTAKE_PYTHON=V/bin/python cargo test --test dicom_peers -- --ignored`.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::Path;
use std::process::Command;
use uptake::read::{self, Options, Pick};

#[test]
#[ignore = "needs highdicom, dcmqi and SimpleITK in the Python that UPTAKE_PYTHON names"]
fn highdicom_and_dcmqi_know_the_same_voxels() {
    let python = std::env::var("UPTAKE_PYTHON").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let series = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-images/pet/phantom_dicom");
    let mut run = Command::new(env!("CARGO_BIN_EXE_uptake"));
    run.arg("run").arg(&series).args(["--recipe", "pet", "--device", "cpu", "--quiet", "--no-overlays"]);
    run.args(["--set", "output.dicom=[\"seg\",\"labelmap\"]", "--out"]).arg(at("out"));
    assert!(run.status().unwrap().success());

    let scan = read::open(&series, &Options::default()).unwrap();
    let regions = |path: &Path| read::regions(path, &scan, &Pick::default(), &Options::default());
    let labels = at("out/labels/phantom_dicom");
    let mask = regions(&labels.join("lesions.nii.gz")).unwrap();
    let drawn = mask.voxels().unwrap();
    let bytes: Vec<u8> = drawn.iter().flat_map(|v| v.to_le_bytes()).collect();
    std::fs::write(at("mask.raw"), bytes).unwrap();
    std::fs::create_dir(at("others")).unwrap();

    let mut peers = Command::new(python);
    peers.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/segmentations.py")).arg(&series);
    peers.args(["lesions.seg.dcm", "lesions.labelmap.dcm"].map(|name| labels.join(name))).arg(at("mask.raw"));
    let done = peers.arg(mask.shape().zyx().map(|n| n.to_string()).join("x")).arg(at("others")).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let kinds = ["binary", "fractional", "labelmap", "all_slices", "packed"].map(|kind| format!("highdicom_{kind}"));
    for name in kinds.into_iter().chain(["binary", "labelmap"].map(|kind| format!("dcmqi_{kind}"))) {
        let back = regions(&at("others").join(format!("{name}.dcm"))).unwrap();
        assert!(back.voxels().unwrap() == drawn, "{name}");
        assert_eq!(back.names[&1], "other 1", "{name}");
    }
}
