//! Regions from DICOM: contours and segmentations on the grid of an image.
//!
//! Oracle: the raw PET series with its contours against the published mask, voxel by voxel, and a segmentation of the zoo.
//! Mechanics: files that the tests write themselves, to see holes, overlaps, names, planes, orders of axes and packed bits.
//! Invariant: whatever the bytes are, reading ends with regions or a named error.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::shared;
use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use std::path::{Path, PathBuf};
use uptake::Kind;
use uptake::placement::Placement;
use uptake::read::{self, Options, Pick};
use uptake::scan::{Modality, Regions, Scan};
use uptake::units::{Shape, Spacing};

/// An image of which only the place matters: voxels of 2 mm, slices of 3 mm.
fn scan(shape: Shape) -> Scan {
    let mut scan = Scan::new(Modality::Pet, shape, vec![]);
    scan.spacing = Spacing::mm([3.0, 2.0, 2.0]);
    scan.placement = Some(Placement { origin: [-10.0, 20.0, 100.0], ..Placement::STRAIGHT });
    scan
}

fn pick(names: &[&str]) -> Pick {
    Pick { names: names.iter().map(|n| n.to_string()).collect(), resample: false }
}

fn regions(path: &Path, scan: &Scan, pick: &Pick) -> uptake::Result<Regions> {
    read::regions(path, scan, pick, &Options::default())
}

fn put(object: &mut InMemDicomObject, tag: Tag, vr: VR, value: impl Into<PrimitiveValue>) {
    object.put(DataElement::new(tag, vr, value.into()));
}

fn sequence(object: &mut InMemDicomObject, tag: Tag, items: Vec<InMemDicomObject>) {
    object.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
}

fn item(fill: impl FnOnce(&mut InMemDicomObject)) -> InMemDicomObject {
    let mut object = InMemDicomObject::new_empty();
    fill(&mut object);
    object
}

/// A file in a folder of its own.
struct Saved {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

fn save(mut object: InMemDicomObject, class: &str) -> Saved {
    put(&mut object, tags::SOP_CLASS_UID, VR::UI, class);
    put(&mut object, tags::SOP_INSTANCE_UID, VR::UI, "1.2.3");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("regions.dcm");
    let meta = FileMetaTableBuilder::new().transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN);
    object.with_meta(meta).unwrap().write_to_file(&path).unwrap();
    Saved { path, _folder: folder }
}

/// A contour: its type and its corners in mm.
type Contour = (&'static str, Vec<[f64; 3]>);

/// Corners of a square in a slice of `scan`, from `low` to `high` in voxels.
fn square(slice: f64, low: f64, high: f64) -> Contour {
    let mm = |y: f64, x: f64| [-10.0 + 2.0 * x, 20.0 + 2.0 * y, 100.0 + 3.0 * slice];
    ("CLOSED_PLANAR", vec![mm(low, low), mm(low, high), mm(high, high), mm(high, low)])
}

fn rtstruct(rois: &[(i32, &str, Vec<Contour>)]) -> Saved {
    let mut o = InMemDicomObject::new_empty();
    put(&mut o, tags::MODALITY, VR::CS, "RTSTRUCT");
    let named = rois.iter().map(|(number, name, _)| {
        item(|i| {
            put(i, tags::ROI_NUMBER, VR::IS, number.to_string());
            put(i, tags::ROI_NAME, VR::LO, *name);
            put(i, tags::REFERENCED_FRAME_OF_REFERENCE_UID, VR::UI, "1.2.9");
        })
    });
    sequence(&mut o, tags::STRUCTURE_SET_ROI_SEQUENCE, named.collect());
    let contour = |(kind, corners): &Contour| {
        let numbers: Vec<String> = corners.iter().flatten().map(f64::to_string).collect();
        item(|i| {
            put(i, tags::CONTOUR_GEOMETRIC_TYPE, VR::CS, *kind);
            put(i, tags::NUMBER_OF_CONTOUR_POINTS, VR::IS, corners.len().to_string());
            put(i, tags::CONTOUR_DATA, VR::DS, numbers.join("\\"));
        })
    };
    let drawn = rois.iter().map(|(number, _, contours)| {
        item(|i| {
            sequence(i, tags::CONTOUR_SEQUENCE, contours.iter().map(contour).collect());
            put(i, tags::REFERENCED_ROI_NUMBER, VR::IS, number.to_string());
        })
    });
    sequence(&mut o, tags::ROI_CONTOUR_SEQUENCE, drawn.collect());
    save(o, uids::RT_STRUCTURE_SET_STORAGE)
}

fn counts(regions: &Regions) -> Vec<usize> {
    let count = |n: u32| regions.voxels.iter().filter(|v| **v == n).count();
    (1..=regions.names.len() as u32).map(count).collect()
}

#[test]
fn the_contours_of_the_series_give_the_published_mask() {
    let (Some(dicom), Some(crop)) = (shared("pet_sts001_dicom"), shared("sts_pet")) else { return };
    let scan = read::open(&dicom.join("image"), &Options::default()).unwrap();
    let path = dicom.join("rtstruct/1-1.dcm");
    let mass = regions(&path, &scan, &pick(&["gtv_mass"])).unwrap();
    assert_eq!((mass.shape, mass.names[&1].as_str()), (scan.shape, "GTV_Mass"));
    assert_eq!(counts(&mass), [5095]);
    assert_eq!(mass.notes, Vec::<String>::new());

    // The published mask is a crop: its place says of what.
    let mask = read::open(&crop.join("STS_001_PET_mask.nii.gz"), &Options::default()).unwrap();
    let (from, spacing) = (mask.placement.unwrap(), mask.spacing.unwrap());
    let mut expected = vec![0; scan.shape.len()];
    for (i, v) in mask.channels[0].volume.samples.host().unwrap().iter().enumerate() {
        let mm = from.at(&spacing, mask.shape.position(i).map(|v| v as f64));
        let [z, y, x] = scan.placement.unwrap().grid(&scan.spacing.unwrap(), mm).map(|v| v.round() as usize);
        expected[scan.shape.index(z, y, x)] = *v as u32;
    }
    assert!(expected == mass.voxels, "the mask differs");

    let volume = &scan.channels[0].volume;
    let values: Vec<f64> = volume.samples.host().unwrap().iter().map(|s| volume.scale.value(f64::from(*s))).collect();
    let inside: Vec<f64> = values.iter().zip(&mass.voxels).filter(|v| *v.1 > 0).map(|v| *v.0).collect();
    let close = |got: f64, want: f64| assert!((got / want - 1.0).abs() < 1e-5, "{got}, not {want}");
    close(inside.iter().copied().fold(0.0, f64::max), 7.910675);
    close(inside.iter().sum::<f64>() / 5095.0, 2.555134);

    let edema = regions(&path, &scan, &pick(&["GTV_Edema"])).unwrap();
    assert_eq!(counts(&edema), [8058]);
    let both = regions(&path, &scan, &Pick::default()).unwrap_err();
    let shared = mass.voxels.iter().zip(&edema.voxels).filter(|(a, b)| **a > 0 && **b > 0).count();
    assert!(both.what.contains(&format!("\"GTV_Mass\" and \"GTV_Edema\" overlap in {shared} voxels")), "{both}");
    assert!(both.remedy.unwrap().contains("regions = [\"NAME\"]"));
}

#[test]
fn a_segmentation_of_the_zoo_has_all_its_voxels() {
    let Some(zoo) = shared("zoo_dicom") else { return };
    let mut scan = scan(Shape::new(5, 512, 512));
    let side = 0.810547;
    scan.spacing = Spacing::mm([1.0, side, side]);
    scan.placement = Some(Placement { origin: [-235.2, -226.8, -129.69], ..Placement::STRAIGHT });
    for (name, voxels, slices) in [("liver.dcm", 107_098, 1..4), ("liver_1frame.dcm", 36_233, 1..2)] {
        let found = regions(&zoo.join(name), &scan, &pick(&["liver"])).unwrap();
        assert_eq!(counts(&found), [voxels], "{name}");
        let filled = |z: usize| found.voxels[z * 512 * 512..(z + 1) * 512 * 512].iter().any(|v| *v > 0);
        assert_eq!((0..5).filter(|z| filled(*z)).collect::<Vec<_>>(), slices.collect::<Vec<_>>(), "{name}");
    }
    let e = regions(&zoo.join("CT_small.dcm"), &scan, &pick(&[])).unwrap_err();
    assert!(e.what.contains("CT: no regions") && e.kind == Kind::Unsupported, "{e}");
}

#[test]
fn contours_in_contours_are_holes() {
    let image = scan(Shape::new(3, 9, 9));
    let nested = vec![square(1.0, 0.5, 7.5), square(1.0, 1.5, 6.5), square(1.0, 2.5, 5.5)];
    let file = rtstruct(&[(4, "ring", nested)]);
    let found = regions(&file.path, &image, &pick(&[])).unwrap();
    assert_eq!(counts(&found), [49 - 25 + 9]);
    assert_eq!(found.names[&1], "ring");
    assert!(found.voxels[..81].iter().chain(&found.voxels[162..]).all(|v| *v == 0));
    assert_eq!(found.notes, Vec::<String>::new());
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

/// A segmentation of 3 rows and 5 columns with the voxels of `scan`: position and segment of each frame with its samples.
struct Seg {
    kind: &'static str,
    frames: Vec<([f64; 3], u16, [u8; 15])>,
    axes: [f64; 6],
    pixel: f64,
    segments: Vec<(u16, &'static str)>,
}

impl Seg {
    fn new(frames: Vec<([f64; 3], u16, [u8; 15])>) -> Seg {
        let axes = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
        Seg { kind: "BINARY", frames, axes, pixel: 2.0, segments: vec![(1, "one"), (2, "two")] }
    }

    fn save(&self) -> Saved {
        let list = |v: &[f64]| v.iter().map(f64::to_string).collect::<Vec<_>>().join("\\");
        let mut o = InMemDicomObject::new_empty();
        put(&mut o, tags::MODALITY, VR::CS, "SEG");
        put(&mut o, tags::SEGMENTATION_TYPE, VR::CS, self.kind);
        put(&mut o, tags::NUMBER_OF_FRAMES, VR::IS, self.frames.len().to_string());
        put(&mut o, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
        let binary = self.kind == "BINARY";
        let bits = if binary { 1u16 } else { 8 };
        let words = [(tags::ROWS, 3), (tags::COLUMNS, 5), (tags::SAMPLES_PER_PIXEL, 1), (tags::HIGH_BIT, bits - 1)];
        let more = [(tags::BITS_ALLOCATED, bits), (tags::BITS_STORED, bits), (tags::PIXEL_REPRESENTATION, 0)];
        words.iter().chain(&more).for_each(|(tag, v)| put(&mut o, *tag, VR::US, *v));
        put(&mut o, tags::MAXIMUM_FRACTIONAL_VALUE, VR::US, 200u16);
        let named = |(number, label): &(u16, &str)| {
            item(|i| {
                put(i, tags::SEGMENT_NUMBER, VR::US, *number);
                put(i, tags::SEGMENT_LABEL, VR::LO, *label);
            })
        };
        sequence(&mut o, tags::SEGMENT_SEQUENCE, self.segments.iter().map(named).collect());
        let axes = item(|i| put(i, tags::IMAGE_ORIENTATION_PATIENT, VR::DS, list(&self.axes)));
        let measures = item(|i| put(i, tags::PIXEL_SPACING, VR::DS, list(&[self.pixel, 2.0])));
        let shared = item(|i| {
            sequence(i, tags::PLANE_ORIENTATION_SEQUENCE, vec![axes]);
            sequence(i, tags::PIXEL_MEASURES_SEQUENCE, vec![measures]);
        });
        sequence(&mut o, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared]);
        let frame = |(position, segment, _): &([f64; 3], u16, [u8; 15])| {
            let place = item(|i| put(i, tags::IMAGE_POSITION_PATIENT, VR::DS, list(position)));
            let which = item(|i| put(i, tags::REFERENCED_SEGMENT_NUMBER, VR::US, *segment));
            item(|i| {
                sequence(i, tags::PLANE_POSITION_SEQUENCE, vec![place]);
                sequence(i, tags::SEGMENT_IDENTIFICATION_SEQUENCE, vec![which]);
            })
        };
        sequence(&mut o, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, self.frames.iter().map(frame).collect());
        let samples: Vec<u8> = self.frames.iter().flat_map(|f| f.2).collect();
        let byte = |bits: &[u8]| bits.iter().enumerate().fold(0, |b, (i, v)| b | v << i);
        let mut bytes: Vec<u8> = if binary { samples.chunks(8).map(byte).collect() } else { samples };
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        o.put(DataElement::new(tags::PIXEL_DATA, VR::OB, PrimitiveValue::U8(bytes.into())));
        save(o, uids::SEGMENTATION_STORAGE)
    }
}

const BAR: [u8; 15] = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const DOT: [u8; 15] = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];

fn places(regions: &Regions, number: u32) -> Vec<[usize; 3]> {
    let mine = regions.voxels.iter().enumerate().filter(|v| *v.1 == number);
    mine.map(|(i, _)| regions.shape.position(i)).collect()
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
    assert!(found.notes[0].contains("2 voxels of the segmentation beyond the image"), "{:?}", found.notes);
}

#[test]
fn another_grid_is_refused_or_resampled() {
    let image = scan(Shape::new(1, 3, 5));
    let mut seg = Seg::new(vec![([-9.0, 20.0, 100.0], 1, BAR)]);
    let e = regions(&seg.save().path, &image, &pick(&[])).unwrap_err();
    assert!(e.what.contains("1.00 mm apart"), "{e}");
    let resample = Pick { resample: true, ..pick(&[]) };
    let found = regions(&seg.save().path, &image, &resample).unwrap();
    assert!(found.notes[0].contains("resampled"), "{:?}", found.notes);
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
    seg.kind = "LABELMAP";
    let e = regions(&seg.save().path, &image, &pick(&[])).unwrap_err();
    assert!(e.what.contains("\"LABELMAP\"") && e.kind == Kind::Unsupported, "{e}");
}

#[test]
fn damaged_files_end_with_regions_or_a_named_error() {
    let image = scan(Shape::new(3, 9, 9));
    let drawn = rtstruct(&[(1, "a", vec![square(1.0, 0.5, 3.5), square(2.0, 0.5, 7.5)])]);
    let at = |slice: f64| [-10.0, 20.0, 100.0 + 3.0 * slice];
    let masks = Seg::new(vec![(at(0.0), 1, BAR), (at(1.0), 2, DOT), (at(2.0), 1, DOT)]).save();
    let mut seeds: Vec<Vec<u8>> = [&drawn, &masks].map(|f| std::fs::read(&f.path).unwrap()).into();
    let folders = [("pet_sts001_dicom", "rtstruct/1-1.dcm"), ("zoo_dicom", "rtstruct.dcm"), ("zoo_dicom", "liver.dcm")];
    seeds.extend(folders.iter().filter_map(|(folder, name)| std::fs::read(shared(folder)?.join(name)).ok()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.dcm");
    let (mut state, mut read) = (1u64, 0);
    let mut dice = |n: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % n
    };
    for seed in &seeds {
        for round in 0..150 {
            let mut bytes = seed.clone();
            // Most of a file is numbers or pixels; the head is where structure is.
            let reach = if round % 2 == 0 { bytes.len().min(4000) } else { bytes.len() };
            (0..1 + dice(4)).for_each(|_| bytes[132 + dice(reach - 132)] = dice(256) as u8);
            if round % 5 == 0 {
                bytes.truncate(dice(seed.len()));
            }
            std::fs::write(&path, &bytes).unwrap();
            match regions(&path, &image, &Pick { resample: round % 3 == 0, ..pick(&[]) }) {
                Ok(found) => read += usize::from(found.voxels.len() == image.shape.len()),
                Err(e) => assert!(!e.what.is_empty() && e.kind != Kind::Internal, "{e}"),
            }
        }
    }
    assert!(read > 50, "only {read} files were read: the damage hides the reader");
}
