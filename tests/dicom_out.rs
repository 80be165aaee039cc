//! Objects as DICOM. Invariant: any mask on any grid comes back voxel for voxel, from the segmentation and from the contours.
//! Mechanics: what a run writes, and what it refuses.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;
#[path = "common/series.rs"]
mod series;

use proptest::prelude::*;
use series::source;
use std::path::Path;
use uptake::image::{Labels, Modality, PatientGrid, Scan};
use uptake::read::{self, Options, Pick};
use uptake::recipe::Contours;
use uptake::units::{Shape, Spacing};
use uptake::write::dicom::{Found, labelmap, rtstruct, seg};

type Write = fn(&Path, &Found) -> uptake::Result<()>;

fn edges(path: &Path, found: &Found) -> uptake::Result<()> {
    rtstruct(path, found, Contours::Edges)
}

/// Writes labels in all ways, and reads them back onto the grid of the image.
fn there_and_back(shape: Shape, spacing: Spacing, grid: PatientGrid, voxels: Vec<u32>) {
    let mut scan = Scan::new(Modality::Pet, shape, vec![]);
    (scan.spacing, scan.patient_grid) = (Some(spacing), Some(grid));
    let source = source(shape, spacing, &grid);
    let labels = Labels::new(shape, voxels.clone()).unwrap();
    let found = Found {
        set: "lesions",
        recipe: "pet",
        labels: &labels,
        names: &[],
        source: &source,
        spacing,
        patient_grid: grid,
    };
    let folder = tempfile::tempdir().unwrap();
    let files: [(&str, Write); 3] = [("a.seg.dcm", seg), ("a.labelmap.dcm", labelmap), ("a.rtstruct.dcm", edges)];
    for (name, write) in files {
        let path = folder.path().join(name);
        write(&path, &found).unwrap();
        let back = read::regions(&path, &scan, &Pick::default(), &Options::default()).unwrap();
        assert!(back.voxels().unwrap() == voxels, "{name} of {shape}");
        assert_eq!(back.names.len(), labels.count as usize);
        assert_eq!(back.names[&1], "lesions 1");
        assert!(
            back.notes.iter().all(|n| n.contains("without a contour") || n.contains("frame of reference")),
            "{:?}",
            back.notes
        );
        let again = folder.path().join("again.dcm");
        write(&again, &found).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(&again).unwrap(), "the same bytes");
    }
}

/// A grid turned by angles about all axes.
fn turned(origin: [f64; 3], [a, b, c]: [f64; 3]) -> PatientGrid {
    let turn = |[x, y, z]: [f64; 3]| {
        let (x, y) = (x * a.cos() - y * a.sin(), x * a.sin() + y * a.cos());
        let (y, z) = (y * b.cos() - z * b.sin(), y * b.sin() + z * b.cos());
        [x * c.cos() - z * c.sin(), y, x * c.sin() + z * c.cos()]
    };
    let row = turn([1.0, 0.0, 0.0]);
    let column = turn([0.0, 1.0, 0.0]);
    let normal =
        std::array::from_fn(|k| row[(k + 1) % 3] * column[(k + 2) % 3] - row[(k + 2) % 3] * column[(k + 1) % 3]);
    PatientGrid { origin, directions: [normal, column, row] }
}

/// Labels 1 to n without a gap, in the order of their first voxels.
fn in_order(voxels: &mut [u32]) {
    let mut known: Vec<u32> = Vec::new();
    for v in voxels.iter_mut().filter(|v| **v != 0) {
        let number = known.iter().position(|k| k == v).unwrap_or_else(|| {
            known.push(*v);
            known.len() - 1
        });
        *v = number as u32 + 1;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    /// Noise has holes, islands, single voxels, voxels that touch in corners, and slices without any.
    #[test]
    fn any_mask_on_any_grid_comes_back(
        sizes in (1usize..6, 1usize..14, 1usize..14),
        spacing in (0.3f64..6.0, 0.3f64..6.0, 0.3f64..6.0),
        origin in proptest::array::uniform3(-400.0f64..400.0),
        angles in proptest::array::uniform3(-0.7f64..0.7),
        labels in proptest::collection::vec(0u32..7, 6 * 14 * 14),
        inside in 1u32..7,
    ) {
        let shape = Shape::new(sizes.0, sizes.1, sizes.2);
        let mut voxels: Vec<u32> = labels[..shape.len()].iter().map(|l| if *l <= inside { *l } else { 0 }).collect();
        in_order(&mut voxels);
        prop_assume!(voxels.iter().any(|v| *v != 0));
        let spacing = Spacing::mm([spacing.0, spacing.1, spacing.2]).unwrap();
        there_and_back(shape, spacing, turned(origin, angles), voxels);
    }
}

#[test]
fn a_ball_with_a_hole_comes_back() {
    let shape = Shape::new(9, 21, 21);
    let voxel = |i: usize| {
        let [z, y, x] = shape.position(i).map(|v| v as f64);
        let r = ((z - 4.0) * 2.0).powi(2) + (y - 10.0).powi(2) + (x - 10.0).powi(2);
        u32::from((9.0..64.0).contains(&r))
    };
    let voxels = (0..shape.len()).map(voxel).collect();
    there_and_back(shape, Spacing::mm([2.0, 4.0728302, 4.0728302]).unwrap(), PatientGrid::STRAIGHT, voxels);
}

#[test]
fn more_than_255_objects_take_16_bits() {
    let shape = Shape::new(2, 20, 20);
    let voxels = (0..shape.len()).map(|i| if i % 3 == 0 { i as u32 / 3 + 1 } else { 0 }).collect();
    there_and_back(shape, Spacing::mm([2.0, 1.0, 1.0]).unwrap(), PatientGrid::STRAIGHT, voxels);
}

/// Regression: a contour of more than 64 KB was an error that no recipe could help.
#[test]
fn the_long_contour_of_a_ragged_region_comes_back() {
    // A comb with teeth on both sides, in one line with eight corners a tooth.
    let shape = Shape::new(2, 440, 3);
    let voxel = |i: usize| {
        let [_, y, x] = shape.position(i);
        u32::from(x == 1 || y % 2 == 0)
    };
    let voxels = (0..shape.len()).map(voxel).collect();
    there_and_back(shape, Spacing::mm([2.0, 1.0, 1.0]).unwrap(), turned([1.0 / 3.0; 3], [0.1, 0.2, 0.3]), voxels);
}

/// Regression: a series whose slices lie nearly evenly is read on a grid with their mean distance, and the slice in its middle was said not to be there.
#[test]
fn slices_at_nearly_even_distances_follow_each_other() {
    let (shape, grid) = (Shape::new(41, 2, 2), PatientGrid::STRAIGHT);
    let spacing = Spacing::mm([10.0, 1.0, 1.0]).unwrap();
    let mut source = source(shape, spacing, &grid);
    // 9.6 mm in one half and 10.4 in the other: the middle lies 8 mm beside that of the grid.
    let place = |z: usize| 9.6 * z.min(20) as f64 + 10.4 * z.saturating_sub(20) as f64;
    source.frames.iter_mut().enumerate().for_each(|(z, frame)| frame.position[2] = place(z));
    source.frames.reverse();
    let labels = Labels::new(shape, (0..shape.len()).map(|i| u32::from(i / 4 == 20)).collect()).unwrap();
    let found =
        Found { set: "a", recipe: "r", labels: &labels, names: &[], source: &source, spacing, patient_grid: grid };
    let folder = tempfile::tempdir().unwrap();
    for write in [seg, labelmap, edges] {
        let path = folder.path().join("a.dcm");
        write(&path, &found).unwrap();
        let shown = format!("{:?}", dicom_object::open_file(&path).unwrap().into_inner());
        // Once among all files of the series, and once as the image of the one slice.
        assert_eq!(shown.matches("\"1.2.3.21\"").count(), 2);
        assert_eq!(shown.matches("\"1.2.3.22\"").count(), 1);
    }
    let fewer = uptake::read::DicomSource { frames: source.frames[1..].to_vec(), ..source.clone() };
    assert!(seg(&folder.path().join("b.dcm"), &Found { source: &fewer, ..found }).is_err());
}

#[test]
fn slices_of_another_series_are_refused() {
    let (shape, grid) = (Shape::new(2, 2, 2), PatientGrid::STRAIGHT);
    let spacing = Spacing::mm([3.0, 2.0, 2.0]).unwrap();
    let mut source = source(shape, spacing, &grid);
    source.frames.iter_mut().for_each(|f| f.position[2] += 1.0);
    let labels = Labels::new(shape, vec![1; 8]).unwrap();
    let found =
        Found { set: "a", recipe: "r", labels: &labels, names: &[], source: &source, spacing, patient_grid: grid };
    let folder = tempfile::tempdir().unwrap();
    for write in [seg, labelmap, edges] {
        let e = write(&folder.path().join("a.dcm"), &found).unwrap_err();
        assert!(e.what.contains("no slice of the series lies where slice 0"), "{e}");
    }
}

fn run(recipe_keys: &[&str], input: &Path, out: &Path, more: &[&str]) -> std::process::Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_uptake"));
    command
        .arg("run")
        .arg(input)
        .args(["--recipe", "pet", "--device", "cpu", "--quiet", "--no-overlays", "--out"])
        .arg(out);
    command.args(recipe_keys.iter().flat_map(|key| ["--set", key]));
    command.args(more).output().unwrap()
}

fn samples(below: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-images").join(below)
}

#[test]
fn a_run_writes_them_beside_the_label_images() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let keys = ["output.dicom=[\"seg\",\"labelmap\",\"rtstruct\"]"];
    let input = samples("pet/phantom_dicom");
    let done = run(&keys, &input, &out, &[]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let scan = read::open(&input, &Options::default()).unwrap();
    let labels = out.join("labels/phantom_dicom");
    for end in ["seg.dcm", "labelmap.dcm", "rtstruct.dcm"] {
        let dicom = read::regions(&labels.join(format!("lesions.{end}")), &scan, &Pick::default(), &Options::default());
        let nifti = read::regions(&labels.join("lesions.nii.gz"), &scan, &Pick::default(), &Options::default());
        let (dicom, nifti) = (dicom.unwrap(), nifti.unwrap().voxels().unwrap());
        assert!(dicom.voxels().unwrap() == nifti && nifti.iter().any(|v| *v > 0), "{end}");
        assert!(!dicom.notes.iter().any(|n| n.contains("frame of reference")), "{:?}", dicom.notes);
    }
    // They belong to what is finished: nothing is done again, and one that is gone is.
    let resumed = |expected: usize| {
        assert!(run(&keys, &input, &out, &["--resume"]).status.success());
        let run = std::fs::read_to_string(out.join("run.json")).unwrap();
        assert!(run.contains(&format!("\"resumed\": {expected},")), "{run}");
    };
    resumed(1);
    std::fs::remove_file(labels.join("lesions.seg.dcm")).unwrap();
    resumed(0);
    assert!(labels.join("lesions.seg.dcm").is_file());
}

#[test]
fn an_image_that_is_no_series_is_refused_with_a_remedy_that_works() {
    let folder = tempfile::tempdir().unwrap();
    let input = samples("pet/phantom.nii.gz");
    let done = run(&["output.dicom=[\"seg\"]"], &input, &folder.path().join("a"), &[]);
    assert!(!done.status.success());
    let images = std::fs::read_to_string(folder.path().join("a/images.csv")).unwrap();
    assert!(images.contains("no DICOM series that lies in a patient"), "{images}");
    assert!(String::from_utf8_lossy(&done.stderr).contains("--set output.dicom=[]"), "{done:?}");
    let done = run(&["output.dicom=[]"], &input, &folder.path().join("b"), &[]);
    assert!(done.status.success(), "{done:?}");
}
