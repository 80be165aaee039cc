//! DICOM segmentations on the grid of an image.
//!
//! Oracle: segmentations of the zoo against counts of a reference reader. Mechanics: files that the tests write themselves, to
//! see packed bits, orders of axes, other grids and fractions.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;
#[path = "common/regions.rs"]
mod files;

use common::shared;
use files::{BAR, DOT, Seg, counts, pick, regions, scan};
use uptake::Kind;
use uptake::image::{PatientGrid, Regions};
use uptake::read::Pick;
use uptake::units::{Shape, Spacing};

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn a_segmentation_of_the_zoo_has_all_its_voxels() {
    let zoo = shared("zoo_dicom");
    let mut scan = scan(Shape::new(5, 512, 512));
    let side = 0.810547;
    scan.spacing = Spacing::mm([1.0, side, side]);
    scan.patient_grid = Some(PatientGrid { origin: [-235.2, -226.8, -129.69], ..PatientGrid::STRAIGHT });
    for (name, voxels, slices) in [("liver.dcm", 107_098, 1..4), ("liver_1frame.dcm", 36_233, 1..2)] {
        let found = regions(&zoo.join(name), &scan, &pick(&["liver"])).unwrap();
        assert_eq!(counts(&found), [voxels], "{name}");
        let drawn = found.voxels().unwrap();
        let filled = |z: usize| drawn[z * 512 * 512..(z + 1) * 512 * 512].iter().any(|v| *v > 0);
        assert_eq!((0..5).filter(|z| filled(*z)).collect::<Vec<_>>(), slices.collect::<Vec<_>>(), "{name}");
    }
    let e = regions(&zoo.join("CT_small.dcm"), &scan, &pick(&[])).unwrap_err();
    assert!(e.what.contains("CT: no regions") && e.kind == Kind::Unsupported, "{e}");
}

fn places(regions: &Regions, number: u32) -> Vec<[usize; 3]> {
    let voxels = regions.voxels().unwrap();
    let mine = voxels.iter().enumerate().filter(|v| *v.1 == number);
    mine.map(|(i, _)| regions.shape().position(i)).collect()
}

#[test]
fn frames_go_to_the_slices_that_they_lie_in() {
    let image = scan(Shape::new(5, 3, 5));
    let at = |slice: f64| [-10.0, 20.0, 100.0 + 3.0 * slice];
    // Frames of 15 bits: each begins within a byte. Slice 2 has none.
    let seg = Seg::new(vec![(at(3.0), 2, DOT), (at(1.0), 1, BAR), (at(4.0), 1, DOT), (at(1.0), 2, DOT)]);
    let found = regions(&seg.save().path, &image, &pick(&[])).unwrap();
    assert_eq!(places(&found, 1), [[1, 0, 0], [1, 0, 1], [1, 2, 4], [4, 1, 2]]);
    assert_eq!(places(&found, 2), [[1, 1, 2], [3, 1, 2]]);
    assert_eq!((found.names[&1].as_str(), found.names[&2].as_str()), ("one", "two"));
    let seg = Seg::new(vec![(at(1.0), 1, BAR), (at(1.0), 2, BAR)]);
    let e = regions(&seg.save().path, &image, &pick(&[])).unwrap_err();
    assert!(e.what.contains("\"one\" and \"two\" overlap in 3 voxels"), "{e}");
    let seg = Seg::new(vec![(at(1.0), 1, BAR), (at(1.0), 1, BAR)]);
    let e = regions(&seg.save().path, &image, &pick(&[])).unwrap_err();
    assert!(e.what.contains("two frames of segment \"one\""), "{e}");
}

#[test]
fn segmentations_counted_the_other_way_lose_nothing() {
    // Columns run backwards in a larger image: the first pixel lies at the highest column.
    let image = scan(Shape::new(2, 9, 9));
    let mut seg = Seg::new(vec![([-10.0 + 2.0 * 6.0, 22.0, 103.0], 1, BAR)]);
    seg.axes[0] = -1.0;
    let found = regions(&seg.save().path, &image, &pick(&[])).unwrap();
    assert_eq!(places(&found, 1), [[1, 1, 5], [1, 1, 6], [1, 3, 2]]);
    // What reaches past the image is counted.
    seg.frames[0].0[0] = -10.0;
    let found = regions(&seg.save().path, &image, &pick(&["one"])).unwrap();
    assert_eq!(places(&found, 1), [[1, 1, 0]]);
    assert_eq!(found.notes, ["2 voxels of the segmentation beyond the image left out"]);
}

#[test]
fn another_grid_is_refused_or_resampled() {
    let image = scan(Shape::new(1, 3, 5));
    let mut seg = Seg::new(vec![([-9.0, 20.0, 100.0], 1, BAR)]);
    let e = regions(&seg.save().path, &image, &pick(&[])).unwrap_err();
    assert!(e.what.contains("1.00 mm apart"), "{e}");
    let resample = Pick { resample: true, ..pick(&[]) };
    let found = regions(&seg.save().path, &image, &resample).unwrap();
    assert!(found.notes.iter().any(|n| n.contains("resampled")), "{:?}", found.notes);
    seg.frames[0].0[0] = -10.0;
    seg.pixel = 4.0;
    assert!(regions(&seg.save().path, &image, &pick(&[])).is_err());
    // Rows of 4 mm on rows of 2 mm.
    assert_eq!(counts(&regions(&seg.save().path, &image, &resample).unwrap()), [2]);
    let uneven = Seg::new([0.0, 1.0, 2.5].map(|z| ([-10.0, 20.0, 100.0 + 3.0 * z], 1, BAR)).into());
    let e = regions(&uneven.save().path, &scan(Shape::new(4, 3, 5)), &pick(&[])).unwrap_err();
    assert!(e.what.contains("4.500 mm apart"), "{e}");
}

#[test]
fn fractions_count_from_half_on() {
    let image = scan(Shape::new(1, 3, 5));
    let mut seg = Seg::new(vec![([-10.0, 20.0, 100.0], 1, DOT.map(|v| v * 99))]);
    seg.kind = "FRACTIONAL";
    seg.frames[0].2[3] = 100;
    seg.frames[0].2[4] = 200;
    let found = regions(&seg.save().path, &image, &pick(&[])).unwrap();
    assert_eq!(places(&found, 1), [[0, 0, 3], [0, 0, 4]]);
    assert!(found.notes[0].contains("half of 200"), "{:?}", found.notes);
    seg.kind = "ANOTHER";
    let e = regions(&seg.save().path, &image, &pick(&[])).unwrap_err();
    assert!(e.what.contains("\"ANOTHER\"") && e.kind == Kind::Unsupported, "{e}");
}

const NUMBERS: [u8; 15] = [0, 7, 7, 3, 0, 0, 0, 7, 0, 0, 3, 0, 0, 0, 9];

fn label_map(segments: &[(u16, &'static str)]) -> Seg {
    let frames = vec![([-10.0, 20.0, 103.0], 0, NUMBERS), ([-10.0, 20.0, 100.0], 0, DOT.map(|v| v * 3))];
    Seg { kind: "LABELMAP", segments: segments.to_vec(), ..Seg::new(frames) }
}

#[test]
fn label_maps_may_count_as_they_like() {
    let image = scan(Shape::new(2, 3, 5));
    let mut seg = label_map(&[(7, "seven"), (3, "three"), (5, "five")]);
    let found = regions(&seg.save().path, &image, &pick(&[])).unwrap();
    assert_eq!(places(&found, 1), [[0, 1, 2], [1, 0, 3], [1, 2, 0]]);
    assert_eq!(places(&found, 2), [[1, 0, 1], [1, 0, 2], [1, 1, 2]]);
    assert_eq!((found.names[&1].as_str(), found.names[&2].as_str(), found.names.len()), ("three", "seven", 2));
    let notes = found.notes.join("; ");
    assert!(
        notes.contains("1 voxel of the label map left out, of values that no segment describes (9 in 1)"),
        "{notes}"
    );
    assert!(notes.contains("region \"five\" has no voxel"), "{notes}");
    let found = regions(&seg.save().path, &image, &pick(&["sev*"])).unwrap();
    assert_eq!((counts(&found), found.names[&1].as_str()), (vec![3], "seven"));
    // Regions without a voxel before others take no number.
    seg.segments = vec![(2, "none"), (3, "three"), (7, "seven"), (9, "nine")];
    assert_eq!(counts(&regions(&seg.save().path, &image, &pick(&[])).unwrap()), [3, 3, 1]);
    seg.frames[1].0 = seg.frames[0].0;
    let e = regions(&seg.save().path, &image, &pick(&[])).unwrap_err();
    assert!(e.what.contains("two frames of a label map at one place"), "{e}");
}

#[test]
fn the_background_of_a_label_map_is_no_region() {
    let image = scan(Shape::new(2, 3, 5));
    let names = |seg: &Seg| -> Vec<String> {
        let found = regions(&seg.save().path, &image, &pick(&[])).unwrap();
        found.names.into_values().collect()
    };
    let mut seg = label_map(&[(0, "rest"), (3, "three"), (7, "seven"), (9, "nine")]);
    assert_eq!(names(&seg), ["rest", "three", "seven", "nine"], "nothing says that it is the background");
    seg.background = Some(0);
    assert_eq!(names(&seg), ["three", "seven", "nine"]);
    seg.padding = Some(0);
    assert_eq!(names(&seg), ["three", "seven", "nine"]);
    // PixelPaddingValue has the last word.
    seg.padding = Some(9);
    assert_eq!(names(&seg), ["rest", "three", "seven"]);
    seg.segments = vec![(0, "rest")];
    seg.padding = Some(0);
    let e = regions(&seg.save().path, &image, &pick(&[])).unwrap_err();
    assert!(e.what.contains("names no region"), "{e}");
}
