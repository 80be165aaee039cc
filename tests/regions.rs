//! Contours from DICOM on the grid of an image.
//!
//! Oracle: the raw PET series with its contours against the published mask, voxel by voxel. Mechanics: files that the tests
//! write themselves, to see holes, overlaps, names and planes. Invariant: whatever the bytes are, of contours or of
//! segmentations, reading ends with regions or a named error.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;
#[path = "common/regions.rs"]
mod files;

use common::shared;
use files::{BAR, Contour, DOT, Seg, counts, pick, regions, rtstruct, scan, square};
use std::path::{Path, PathBuf};
use uptake::Kind;
use uptake::image::{Modality, Scan};
use uptake::read::{self, Options, Pick};
use uptake::table::{Cells, Column, Table};
use uptake::units::Shape;

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn the_contours_of_the_series_give_the_published_mask() {
    let (dicom, crop) = (shared("pet_sts001_dicom"), shared("sts_pet"));
    let scan = read::open(&dicom.join("image"), &Options::default()).unwrap();
    let path = dicom.join("rtstruct/1-1.dcm");
    let mass = regions(&path, &scan, &pick(&["gtv_mass"])).unwrap();
    assert_eq!((mass.shape(), mass.names[&1].as_str()), (scan.shape, "GTV_Mass"));
    assert_eq!(counts(&mass), [5095]);
    assert_eq!(mass.notes, Vec::<String>::new());

    // The published mask is a crop: its place says of what.
    let mask = read::open(&crop.join("STS_001_PET_mask.nii.gz"), &Options::default()).unwrap();
    let (from, spacing) = (mask.patient_grid.unwrap(), mask.spacing.unwrap());
    let mut expected = vec![0; scan.shape.len()];
    for (i, v) in mask.channels[0].volume.samples.host().unwrap().iter().enumerate() {
        let mm = from.at(&spacing, mask.shape.position(i).map(|v| v as f64));
        let [z, y, x] = scan.patient_grid.unwrap().grid(&scan.spacing.unwrap(), mm).map(|v| v.round() as usize);
        expected[scan.shape.index(z, y, x)] = *v as u32;
    }
    let drawn = mass.voxels().unwrap();
    assert!(expected == drawn, "the mask differs");

    let volume = &scan.channels[0].volume;
    let values: Vec<f64> = volume.samples.host().unwrap().iter().map(|s| volume.scale.value(f64::from(*s))).collect();
    let inside: Vec<f64> = values.iter().zip(&drawn).filter(|v| *v.1 > 0).map(|v| *v.0).collect();
    let close = |got: f64, want: f64| assert!((got / want - 1.0).abs() < 1e-5, "{got}, not {want}");
    close(inside.iter().copied().fold(0.0, f64::max), 7.910675);
    // From the series with exact arithmetic. The published crop says 2.555134: some of its voxels are one stored unit lower.
    close(inside.iter().sum::<f64>() / 5095.0, 2.555184);

    let edema = regions(&path, &scan, &pick(&["GTV_Edema"])).unwrap();
    assert_eq!(counts(&edema), [8058]);
    let both = regions(&path, &scan, &Pick::default()).unwrap_err();
    let shared = drawn.iter().zip(&edema.voxels().unwrap()).filter(|(a, b)| **a > 0 && **b > 0).count();
    assert!(both.what.contains(&format!("\"GTV_Mass\" and \"GTV_Edema\" overlap in {shared} voxels")), "{both}");
    assert!(both.remedy.unwrap().contains("regions = [\"GTV_Mass\"]"));
}

#[test]
fn contours_in_contours_are_holes() {
    let image = scan(Shape::new(3, 9, 9));
    let nested = vec![square(1.0, 0.5, 7.5), square(1.0, 1.5, 6.5), square(1.0, 2.5, 5.5)];
    let file = rtstruct(&[(4, "ring", nested)]);
    let found = regions(&file.path, &image, &pick(&[])).unwrap();
    assert_eq!(counts(&found), [49 - 25 + 9]);
    assert_eq!(found.names[&1], "ring");
    let drawn = found.voxels().unwrap();
    assert!(drawn[..81].iter().chain(&drawn[162..]).all(|v| *v == 0));
    assert_eq!(found.notes, Vec::<String>::new());
}

/// Oracle: a copy would erase itself by exclusive or, also one that another program has rounded.
#[test]
fn a_contour_that_is_stored_twice_counts_once() {
    let image = scan(Shape::new(3, 9, 9));
    let again = |change: fn(&mut Vec<[f64; 3]>)| {
        let mut copy = square(1.0, 0.5, 7.5);
        change(&mut copy.1);
        let nested = vec![square(1.0, 0.5, 7.5), square(1.0, 1.5, 6.5), copy, square(2.0, 0.5, 7.5)];
        regions(&rtstruct(&[(4, "ring", nested)]).path, &image, &pick(&[])).unwrap()
    };
    let rounded = |c: &mut Vec<[f64; 3]>| c.iter_mut().for_each(|corner| corner[0] += 0.0004);
    for change in
        [|_: &mut Vec<_>| (), |c| c.reverse(), |c| c.rotate_left(2), |c| c.push(c[0]), rounded] as [fn(&mut _); 5]
    {
        let found = again(change);
        assert_eq!(counts(&found), [49 - 25 + 49], "the hole stays");
        assert_eq!(found.notes, ["1 contour of region \"ring\" stored a second time; a copy does not count"]);
    }
    assert_eq!(counts(&again(|c| c[0][0] += 4.0)).len(), 1);
    let found = again(|c| c[0][0] += 4.0);
    assert!(found.notes[0].starts_with("doubtful: 1 pair of contours of region \"ring\""), "{:?}", found.notes);
}

/// Mechanics: `docs/formats.md` promises a note for what reaches past the image.
#[test]
fn contours_past_the_side_of_the_image_are_told() {
    let image = scan(Shape::new(3, 9, 9));
    let found = |low: f64, high: f64| {
        regions(&rtstruct(&[(1, "a", vec![square(1.0, low, high)])]).path, &image, &pick(&[])).unwrap()
    };
    let told = "1 contour of region \"a\" past the side of the image, where the region is cut";
    for (low, high, voxels) in [(-2.5, 3.5, 16), (5.5, 10.5, 9)] {
        assert_eq!((counts(&found(low, high)), found(low, high).notes), (vec![voxels], vec![told.into()]));
    }
    // No voxel is lost.
    assert_eq!((counts(&found(-0.9, 8.9)), found(-0.9, 8.9).notes), (vec![81], vec![]));
}

/// Mechanics: regions and an image of two people.
#[test]
fn regions_of_another_patient_are_doubted() {
    let mut image = scan(Shape::new(1, 9, 9));
    let mut of = |patient: Option<&str>, path: &Path| {
        let cells = Cells::Text(vec![patient.map(str::to_string)]);
        image.audit = Table { columns: vec![Column::new("patient_id", "", "", cells)] };
        regions(path, &image, &pick(&[])).unwrap().notes.join("; ")
    };
    let drawn = files::of_patient(&[(1, "a", vec![square(0.0, 0.5, 3.5)])], "P2 ");
    assert_eq!(of(Some("P1"), &drawn.path), "doubtful: the regions are of patient P2, the image of patient P1");
    let silent = files::rtstruct(&[(1, "a", vec![square(0.0, 0.5, 3.5)])]);
    for (patient, path) in [(Some("P2"), &drawn.path), (None, &drawn.path), (Some("P1"), &silent.path)] {
        assert_eq!(of(patient, path), "", "{patient:?}");
    }
}

#[test]
fn regions_are_numbered_in_the_order_of_their_numbers() {
    let image = scan(Shape::new(1, 9, 9));
    let rois = [(9, "b", vec![square(0.0, 3.5, 5.5)]), (2, "a", vec![square(0.0, 0.5, 3.5)])];
    let found = regions(&rtstruct(&rois).path, &image, &pick(&[])).unwrap();
    assert_eq!((found.names[&1].as_str(), found.names[&2].as_str()), ("a", "b"));
    assert_eq!(counts(&found), [9, 4]);
    let rois = [(1, "a", vec![square(0.0, 0.5, 3.5)]), (2, "b", vec![square(0.0, 2.5, 5.5)])];
    let file = rtstruct(&rois);
    let e = regions(&file.path, &image, &pick(&[])).unwrap_err();
    assert!(e.what.contains("\"a\" and \"b\" overlap in 1 voxel"), "{e}");
    assert_eq!(counts(&regions(&file.path, &image, &pick(&["B"])).unwrap()), [9]);
    // Two of one name have their numbers.
    let rois = [(1, "GTV", vec![square(0.0, 0.5, 3.5)]), (2, "GTV", vec![square(0.0, 2.5, 7.5)])];
    let alike = rtstruct(&rois);
    let e = regions(&alike.path, &image, &pick(&["GTV"])).unwrap_err();
    assert!(e.what.contains("\"GTV\" (#1) and \"GTV\" (#2) overlap in 1 voxel"), "{e}");
    assert!(e.remedy.unwrap().contains("regions = [\"#1\"]"));
    assert_eq!(["#1", "#2"].map(|one| counts(&regions(&alike.path, &image, &pick(&[one])).unwrap())), [[9], [25]]);
    let e = regions(&file.path, &image, &pick(&["liver"])).unwrap_err();
    assert!(e.what.contains("there are: \"a\", \"b\"") && e.kind == Kind::Usage, "{e}");
}

#[test]
fn what_is_not_drawn_is_told() {
    let image = scan(Shape::new(9, 9, 9));
    let corners = square(0.0, 1.0, 3.0).1;
    let contours = vec![
        square(1.0, 0.5, 3.5),
        square(4.2, 0.5, 3.5),
        square(20.0, 0.5, 3.5),
        ("POINT", corners[..1].to_vec()),
        ("OPEN_PLANAR", corners),
    ];
    let found = regions(&rtstruct(&[(1, "a", contours)]).path, &image, &pick(&[])).unwrap();
    assert_eq!(counts(&found), [18]);
    let notes = found.notes.join("; ");
    for words in
        ["1 contour of type POINT", "1 contour of type OPEN_PLANAR", "1 contour of region \"a\" beyond", "0.20"]
    {
        assert!(notes.contains(words), "{words}: {notes}");
    }
    assert!(notes.contains("2 slices between the contours"), "{notes}");
    let mut image = image;
    image.facts.push(("frame of reference".into(), "another".into()));
    let found = regions(&rtstruct(&[(1, "a", vec![square(1.0, 0.5, 3.5)])]).path, &image, &pick(&[])).unwrap();
    assert!(found.notes[0].contains("another frame of reference"), "{:?}", found.notes);
}

#[test]
fn contours_that_do_not_fit_are_named() {
    let image = scan(Shape::new(4, 9, 9));
    let error =
        |contours: Vec<Contour>| regions(&rtstruct(&[(1, "a", contours)]).path, &image, &pick(&[])).unwrap_err();
    let mut askew = square(1.0, 0.5, 3.5);
    askew.1[0][2] += 3.0;
    let e = error(vec![askew]);
    assert!(e.what.contains("region \"a\": contour 1: it runs from slice 1.00 to slice 2.00"), "{e}");
    let thin = || vec![square(1.0, 0.5, 3.5), square(1.4, 0.5, 5.5), square(0.6, 0.5, 6.5)];
    let e = error(thin());
    assert!(e.what.contains("drawn on thinner slices"), "{e}");
    let nearest = Pick { resample: true, ..pick(&[]) };
    let found = regions(&rtstruct(&[(1, "a", thin())]).path, &image, &nearest).unwrap();
    assert_eq!(counts(&found), [9]);
    let e = error(vec![square(90.0, 0.5, 3.5)]);
    assert!(e.what.contains("no region meets the image") && e.what.contains("beyond the slices"), "{e}");
    let e = error(vec![("CLOSED_PLANAR", vec![[1e30, 0.0, 0.0]; 3])]);
    assert!(e.what.contains("nowhere near"), "{e}");
    let e = error(vec![("CLOSED_PLANAR", vec![[f64::NAN, 0.0, 0.0]; 3])]);
    assert!(e.what.contains("which is no number"), "{e}");
    let nowhere = Scan::new(Modality::Pet, image.shape, vec![]);
    let file = rtstruct(&[(1, "a", vec![square(1.0, 0.5, 3.5)])]);
    let e = regions(&file.path, &nowhere, &pick(&[])).unwrap_err();
    assert!(e.what.contains("does not say where it lies"), "{e}");
}

/// Mechanics: what is refused is drawn by its remedy.
#[test]
fn contours_of_thicker_slices_stand_for_slabs() {
    let image = scan(Shape::new(9, 9, 9));
    // Of 5 mm on slices of 3 mm; the other region has too few of them to tell.
    let thick = || [1.0, 8.0 / 3.0, 13.0 / 3.0, 6.0].map(|plane| square(plane, 0.5, 3.5)).to_vec();
    let two = || [1.0, 8.0 / 3.0].map(|plane| square(plane, 4.5, 6.5)).to_vec();
    let file = rtstruct(&[(1, "a", thick()), (2, "b", two())]);
    let e = regions(&file.path, &image, &pick(&[])).unwrap_err();
    assert!(
        e.what.contains("region \"a\": contours lie 5.00 mm apart, slices 3.00 mm: drawn on thicker slices"),
        "{e}"
    );
    assert!(e.to_string().contains("resample = true"), "{e}");
    let found = regions(&file.path, &image, &Pick { resample: true, ..pick(&[]) }).unwrap();
    assert_eq!(counts(&found), [6 * 9, 3 * 4]);
    assert!(found.notes.join("; ").contains("each stands for the slices nearest to it"), "{:?}", found.notes);
    // Places in tenths of a millimetre: no slice between them stays empty.
    let rounded = [0.0, 1.27, 2.53, 3.77, 5.03, 6.3].map(|plane| square(plane, 0.5, 3.5)).to_vec();
    let file = rtstruct(&[(1, "a", rounded)]);
    assert!(regions(&file.path, &image, &pick(&[])).unwrap_err().what.contains("drawn on thicker slices"));
    let found = regions(&file.path, &image, &Pick { resample: true, ..pick(&[]) }).unwrap();
    assert_eq!(counts(&found), [7 * 9]);
    // On every second slice.
    let second = [0.0, 2.0, 4.0].map(|plane| square(plane, 0.5, 3.5)).to_vec();
    let file = rtstruct(&[(1, "a", second)]);
    let found = regions(&file.path, &image, &pick(&[])).unwrap();
    assert_eq!(counts(&found), [3 * 9], "they may be those of this image");
    assert!(found.notes.join("; ").contains("nothing is drawn there (resample = true"), "{:?}", found.notes);
    let found = regions(&file.path, &image, &Pick { resample: true, ..pick(&[]) }).unwrap();
    assert_eq!(counts(&found), [5 * 9], "half of the first slab lies beside the image");
}

#[test]
fn damaged_files_end_with_regions_or_a_named_error() {
    let drawn = rtstruct(&[(1, "a", vec![square(1.0, 0.5, 3.5), square(2.0, 0.5, 7.5)])]);
    let at = |slice: f64| [-10.0, 20.0, 100.0 + 3.0 * slice];
    let masks = Seg::new(vec![(at(0.0), 1, BAR), (at(1.0), 2, DOT), (at(2.0), 1, DOT)]).save();
    let mut map = Seg::new(vec![(at(0.0), 0, BAR), (at(1.0), 0, DOT.map(|v| v * 2))]);
    map.kind = "LABELMAP";
    let map = map.save();
    let read = damage([drawn.path.clone(), masks.path.clone(), map.path.clone()]);
    assert!(read > 25, "only {read} files were read: the damage hides the reader");
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn damaged_files_of_others_end_with_regions_or_a_named_error() {
    let files = ["pet_sts001_dicom/rtstruct/1-1.dcm", "zoo_dicom/rtstruct.dcm", "zoo_dicom/liver.dcm"];
    // They lie elsewhere than the image, so most are refused in any case.
    damage(files.map(shared));
}

/// Damages files in many ways; how many could be read all the same.
fn damage<const N: usize>(files: [PathBuf; N]) -> usize {
    let image = scan(Shape::new(3, 9, 9));
    let seeds = files.map(|path| std::fs::read(path).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.dcm");
    let (mut state, mut read) = (1u64, 0);
    let mut dice = |n: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % n
    };
    for seed in &seeds {
        for round in 0..80 {
            let mut bytes = seed.clone();
            // Most of a file is numbers or pixels; the head is where structure is.
            let reach = if round % 2 == 0 { bytes.len().min(4000) } else { bytes.len() };
            (0..1 + round % 3).for_each(|_| bytes[132 + dice(reach - 132)] = dice(256) as u8);
            if round % 5 == 0 {
                bytes.truncate(dice(seed.len()));
            }
            std::fs::write(&path, &bytes).unwrap();
            match regions(&path, &image, &Pick { resample: round % 3 == 0, ..pick(&[]) }) {
                Ok(found) => read += usize::from(found.voxels().unwrap().len() == image.shape.len()),
                Err(e) => assert!(!e.what.is_empty() && e.kind != Kind::Internal, "{e}"),
            }
        }
    }
    read
}
