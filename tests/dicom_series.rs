//! DICOM series that the tests write themselves, slice by slice, with a general library for DICOM as the writer.
//!
//! Mechanics: order, gaps, doubles, slopes of slices, time points, several series in a folder, frames of enhanced objects,
//! and the raw PET series with a slope of its own in every slice.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;
#[path = "common/dicom_elements.rs"]
mod dicom_elements;

use common::seeds;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_elements::{put, sequence};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use std::path::{Path, PathBuf};
use uptake::image::Scan;
use uptake::read::{self, Options, find_series};

/// Explicit, most significant byte first: retired, and still met.
const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

/// Two rows of three columns.
fn image(modality: &str, pixels: &[i16]) -> InMemDicomObject {
    let mut o = InMemDicomObject::new_empty();
    put(&mut o, tags::SOP_CLASS_UID, VR::UI, uids::MR_IMAGE_STORAGE);
    put(&mut o, tags::SOP_INSTANCE_UID, VR::UI, "1.2.3.4");
    put(&mut o, tags::MODALITY, VR::CS, modality);
    put(&mut o, tags::SERIES_INSTANCE_UID, VR::UI, "1.2.3");
    put(&mut o, tags::PATIENT_NAME, VR::PN, "Secret^Name");
    put(&mut o, tags::SAMPLES_PER_PIXEL, VR::US, 1u16);
    put(&mut o, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
    put(&mut o, tags::ROWS, VR::US, 2u16);
    put(&mut o, tags::COLUMNS, VR::US, 3u16);
    for (tag, bits) in [(tags::BITS_ALLOCATED, 16u16), (tags::BITS_STORED, 16), (tags::HIGH_BIT, 15)] {
        put(&mut o, tag, VR::US, bits);
    }
    put(&mut o, tags::PIXEL_REPRESENTATION, VR::US, 1u16);
    let words: Vec<u16> = pixels.iter().map(|v| *v as u16).collect();
    o.put(DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(words.into())));
    o
}

/// A slice at the height `z`, whose first pixel is `first`.
fn slice(z: f64, slope: f64, first: i16) -> InMemDicomObject {
    let mut o = image("MR", &[first, 1, 2, 3, 4, 5]);
    put(&mut o, tags::IMAGE_POSITION_PATIENT, VR::DS, format!("10\\20\\{z}"));
    put(&mut o, tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "1\\0\\0\\0\\1\\0");
    put(&mut o, tags::PIXEL_SPACING, VR::DS, "2\\1.5");
    put(&mut o, tags::SLICE_THICKNESS, VR::DS, "7");
    put(&mut o, tags::RESCALE_SLOPE, VR::DS, format!("{slope}"));
    put(&mut o, tags::RESCALE_INTERCEPT, VR::DS, "0");
    o
}

fn save(folder: &Path, name: &str, object: InMemDicomObject, syntax: &str) -> PathBuf {
    let path = folder.join(name);
    let meta = FileMetaTableBuilder::new().transfer_syntax(syntax);
    object.with_meta(meta).unwrap().write_to_file(&path).unwrap();
    seeds::keep("dicom", &std::fs::read(&path).unwrap());
    path
}

fn save_all(slices: Vec<InMemDicomObject>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (n, object) in slices.into_iter().enumerate() {
        save(folder.path(), &format!("{n}.dcm"), object, uids::EXPLICIT_VR_LITTLE_ENDIAN);
    }
    folder
}

fn open(folder: &tempfile::TempDir) -> uptake::Result<Scan> {
    read::open(folder.path(), &Options::default())
}

fn values(scan: &Scan) -> Vec<f64> {
    let volume = &scan.channels[0].volume;
    volume.samples.host().unwrap().iter().map(|s| volume.scale.value(f64::from(*s))).collect()
}

fn firsts(scan: &Scan) -> Vec<f64> {
    values(scan).iter().step_by(6).copied().collect()
}

#[test]
fn slices_are_sorted_by_position_and_each_has_its_slope() {
    let scan = open(&save_all(vec![slice(9.0, 0.5, 3), slice(3.0, 2.0, 1), slice(6.0, 0.25, 2)])).unwrap();
    assert_eq!(scan.shape.zyx(), [3, 2, 3]);
    assert_eq!(values(&scan)[..8], [2.0, 2.0, 4.0, 6.0, 8.0, 10.0, 0.5, 0.25]);
    assert_eq!(firsts(&scan), [2.0, 0.5, 1.5]);
    assert_eq!(scan.spacing.unwrap().zyx, [3.0, 2.0, 1.5]);
    let patient_grid = scan.patient_grid.unwrap();
    assert_eq!(patient_grid.origin, [10.0, 20.0, 3.0]);
    assert_eq!(patient_grid.directions, [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]);
}

#[test]
fn one_slope_for_all_keeps_the_stored_numbers() {
    let scan = open(&save_all(vec![slice(0.0, 0.1, -7), slice(2.0, 0.1, 9)])).unwrap();
    assert_eq!(scan.channels[0].volume.samples.host().unwrap()[..2], [-7, 1]);
    assert_eq!(scan.channels[0].volume.scale.factor(), 0.1);
}

#[test]
fn a_single_slice_is_as_thick_as_it_says() {
    let scan = open(&save_all(vec![slice(5.0, 1.0, 1)])).unwrap();
    assert_eq!(scan.spacing.unwrap().zyx, [7.0, 2.0, 1.5]);
}

#[test]
fn gaps_doubles_and_tilt_are_named() {
    let why = |slices| open(&save_all(slices)).unwrap_err().to_string();
    let gap = why([0.0, 2.0, 4.0, 8.0, 10.0].map(|z| slice(z, 1.0, 1)).into());
    assert!(gap.contains("1 slice is missing between 2.dcm at (10, 20, 4) and 3.dcm at (10, 20, 8)"), "{gap}");
    let uneven = why([0.0, 2.0, 4.0, 6.5].map(|z| slice(z, 1.0, 1)).into());
    assert!(uneven.contains("2.500 mm apart") && uneven.contains("3.dcm"), "{uneven}");
    let double = why([(0.0, 1), (2.0, 1), (2.0, 7), (4.0, 1)].map(|(z, first)| slice(z, 1.0, first)).into());
    assert!(double.contains("1.dcm") && double.contains("2.dcm at (10, 20, 2)"), "{double}");
    let mut aside = slice(4.0, 1.0, 1);
    put(&mut aside, tags::IMAGE_POSITION_PATIENT, VR::DS, "10\\22\\4");
    let tilt = why(vec![slice(0.0, 1.0, 1), slice(2.0, 1.0, 1), aside]);
    assert!(tilt.contains("2.dcm") && tilt.contains("beside the line"), "{tilt}");
    let mut lost = slice(4.0, 1.0, 1);
    lost.remove_element(tags::IMAGE_POSITION_PATIENT);
    let lost = why(vec![slice(0.0, 1.0, 1), lost]);
    assert!(lost.contains("1.dcm has no ImagePositionPatient"), "{lost}");
}

#[test]
fn time_points_are_told_apart_and_one_is_read() {
    let at = |z: f64, t: u32, first| {
        let mut o = slice(z, 1.0, first);
        put(&mut o, tags::FRAME_REFERENCE_TIME, VR::DS, format!("{}", t * 1000));
        o
    };
    let folder = save_all(vec![at(0.0, 9, 3), at(0.0, 1, 1), at(2.0, 1, 2), at(2.0, 9, 4)]);
    let e = open(&folder).unwrap_err().to_string();
    assert!(e.contains("2 time points"), "{e}");
    let pick = |t| firsts(&read::open(folder.path(), &Options { time: Some(t), ..Options::default() }).unwrap());
    assert_eq!((pick(0), pick(1)), (vec![1.0, 2.0], vec![3.0, 4.0]));
    assert!(read::open(folder.path(), &Options { time: Some(2), ..Options::default() }).is_err());
}

#[test]
fn series_of_one_folder_are_told_apart() {
    let mut other = slice(0.0, 1.0, 1);
    put(&mut other, tags::SERIES_INSTANCE_UID, VR::UI, "1.2.9");
    put(&mut other, tags::SERIES_DESCRIPTION, VR::LO, "late");
    let mut turned = slice(0.0, 1.0, 1);
    put(&mut turned, tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "1\\0\\0\\0\\0\\-1");
    let mut regions = slice(0.0, 1.0, 1);
    put(&mut regions, tags::MODALITY, VR::CS, "RTSTRUCT");
    let folder = save_all(vec![slice(2.0, 1.0, 2), other, slice(0.0, 1.0, 1), turned, regions]);
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "hello").unwrap();
    let mut files: Vec<PathBuf> = (0..5).map(|n| folder.path().join(format!("{n}.dcm"))).collect();
    files.push(text.clone());
    let found = find_series(&files);
    let counts: Vec<(&str, usize)> = found.series.iter().map(|s| (s.uid.as_str(), s.files.len())).collect();
    assert_eq!(counts, [("1.2.3", 2), ("1.2.9", 1), ("1.2.3", 1)]);
    assert_eq!((found.series[1].description.as_str(), found.series[1].modality.as_str()), ("late", "MR"));
    let names: Vec<&str> = found.series.iter().map(|s| s.short_name()).collect();
    assert_eq!(names[1], "MR_late");
    assert!(names[0].starts_with("MR_") && names[2].starts_with("MR_") && names[0] != names[2], "{names:?}");
    let others: Vec<(&PathBuf, &str, bool)> =
        found.others.iter().map(|o| (&o.path, o.reason.as_str(), o.damaged)).collect();
    assert_eq!(others[0], (&files[4], "RTSTRUCT: regions, not an image", false));
    assert_eq!(others[1], (&text, "not a DICOM file", false));
    assert!(read::is_dicom(&files[4]) && !read::is_dicom(&text) && !read::is_dicom(folder.path()));
    assert_eq!(firsts(&read::read_series(&found.series[0], &Options::default()).unwrap()), [1.0, 2.0]);
    let e = open(&folder).unwrap_err().to_string();
    assert!(e.contains("3 DICOM series") && e.contains("\"late\" (1 file)"), "{e}");
}

fn pet(z: f64) -> InMemDicomObject {
    let mut o = slice(z, 1.0, 1);
    put(&mut o, tags::MODALITY, VR::CS, "PT");
    put(&mut o, tags::UNITS, VR::CS, "GML");
    put(&mut o, tags::CORRECTED_IMAGE, VR::CS, "ATTN\\DECY");
    put(&mut o, tags::SLICE_THICKNESS, VR::DS, "2");
    o
}

fn found(folder: &tempfile::TempDir) -> read::FoundSeries {
    let mut files = vec![];
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path()));
        } else {
            files.push(path);
        }
    }
    find_series(&files)
}

fn sizes(found: &read::FoundSeries) -> Vec<usize> {
    found.series.iter().map(|s| s.files.len()).collect()
}

#[test]
fn a_series_is_one_wherever_its_files_lie_and_copies_count_once() {
    let folder = save_all([0.0, 2.0, 4.0].map(pet).into());
    let deep = folder.path().join("deep");
    std::fs::create_dir(&deep).unwrap();
    std::fs::rename(folder.path().join("2.dcm"), deep.join("2.dcm")).unwrap();
    std::fs::copy(folder.path().join("0.dcm"), deep.join("0.dcm")).unwrap();
    let all = found(&folder);
    assert_eq!((sizes(&all), all.series[0].folder.as_path()), (vec![3], folder.path()));
    assert_eq!(all.others.len(), 1);
    assert!(all.others[0].reason.starts_with("a copy of") && !all.others[0].damaged, "{:?}", all.others);
    assert_eq!(read::read_series(&all.series[0], &Options::default()).unwrap().shape.z, 3);
}

#[test]
fn slices_with_a_series_each_are_one_unless_something_else_differs() {
    let own = |n: u32, change: fn(&mut InMemDicomObject, u32)| {
        let mut o = pet(2.0 * f64::from(n));
        put(&mut o, tags::SERIES_INSTANCE_UID, VR::UI, format!("1.2.{n}"));
        put(&mut o, tags::STUDY_INSTANCE_UID, VR::UI, "1.5");
        put(&mut o, tags::FRAME_OF_REFERENCE_UID, VR::UI, "1.6");
        put(&mut o, tags::SERIES_DESCRIPTION, VR::LO, "AC");
        change(&mut o, n);
        o
    };
    let count = |change: fn(&mut InMemDicomObject, u32)| {
        let folder = save_all((1..4).map(|n| own(n, change)).collect());
        let all = found(&folder);
        let notes = all.series.iter().map(|s| s.notes.len()).sum::<usize>();
        (sizes(&all), notes)
    };
    assert_eq!(count(|_, _| ()), (vec![3], 1));
    assert_eq!(count(|o, _| assert!(o.remove_element(tags::SERIES_INSTANCE_UID))), (vec![3], 1));
    assert_eq!(count(|o, _| assert!(o.remove_element(tags::FRAME_OF_REFERENCE_UID))), (vec![3], 1), "one folder");
    let apart = (vec![1, 1, 1], 0);
    assert_eq!(count(|o, n| put(o, tags::SERIES_DESCRIPTION, VR::LO, format!("AC {n}"))), apart);
    assert_eq!(count(|o, n| put(o, tags::PATIENT_ID, VR::LO, format!("P{n}"))), apart);
    assert_eq!(count(|o, n| put(o, tags::FRAME_OF_REFERENCE_UID, VR::UI, format!("1.6.{n}"))), apart);
    assert_eq!(count(|o, _| assert!(o.remove_element(tags::IMAGE_POSITION_PATIENT))), apart);
}

#[test]
fn projections_screenshots_and_reformats_are_no_scans() {
    let why = |change: &dyn Fn(&mut InMemDicomObject)| {
        let mut o = pet(0.0);
        change(&mut o);
        let all = found(&save_all(vec![o]));
        all.others.first().map(|o| (o.reason.clone(), o.damaged)).unwrap_or_default()
    };
    let of_type = |words: &'static str| why(&move |o: &mut InMemDicomObject| put(o, tags::IMAGE_TYPE, VR::CS, words));
    for (words, what) in [
        ("DERIVED\\SECONDARY\\MIP", "projection"),
        ("DERIVED\\SECONDARY\\OTHER\\MIP_ANT", "projection"),
        ("DERIVED\\SECONDARY\\REFORMATTED\\AVERAGE", "reformat"),
        ("DERIVED\\SECONDARY\\CSA MPR", "reformat"),
        ("DERIVED\\SECONDARY\\SCREEN SAVE", "screenshot"),
    ] {
        let (reason, damaged) = of_type(words);
        assert!(reason.contains(what) && reason.contains("(0008,0008)") && !damaged, "{words}: {reason}");
    }
    for words in ["ORIGINAL\\PRIMARY", "DERIVED\\PRIMARY\\AXIAL", "DERIVED\\SECONDARY"] {
        assert_eq!(of_type(words), (String::new(), false), "{words}");
    }
    let capture =
        why(&|o: &mut InMemDicomObject| put(o, tags::SOP_CLASS_UID, VR::UI, uids::SECONDARY_CAPTURE_IMAGE_STORAGE));
    assert!(capture.0.contains("secondary capture"), "{}", capture.0);
    let angles = why(&|o: &mut InMemDicomObject| put(o, tags::SERIES_TYPE, VR::CS, "WHOLE BODY\\REPROJECTION"));
    assert!(angles.0.contains("(0054,1000)"), "{}", angles.0);
    // One that is named itself is refused with the same words.
    let mut mip = pet(0.0);
    put(&mut mip, tags::IMAGE_TYPE, VR::CS, "DERIVED\\SECONDARY\\MIP");
    let e = read::open(&save_all(vec![mip]).path().join("0.dcm"), &Options::default()).unwrap_err();
    assert!(e.what.contains("not a scan"), "{e}");
    // A rotating projection without a word about it.
    let turned = ["1\\0\\0\\0\\0\\-1", "0\\1\\0\\0\\0\\-1", "-1\\0\\0\\0\\0\\-1"].map(|axes| {
        let mut o = pet(0.0);
        put(&mut o, tags::IMAGE_ORIENTATION_PATIENT, VR::DS, axes);
        o
    });
    let all = found(&save_all(turned.into()));
    assert!(all.series.is_empty() && all.others.len() == 3, "{all:?}");
    assert!(all.others[0].reason.contains("3 directions"), "{}", all.others[0].reason);
}

#[test]
fn slices_that_the_header_counts_must_be_there() {
    let read = |slices: Vec<InMemDicomObject>, incomplete: bool| {
        let folder = save_all(slices);
        read::open(folder.path(), &Options { incomplete, ..Options::default() })
    };
    let counted = |z: f64, n: u16| {
        let mut o = pet(z);
        put(&mut o, tags::NUMBER_OF_SLICES, VR::US, n);
        o
    };
    let of = |n| [0.0, 2.0, 4.0].map(|z| counted(z, n)).to_vec();
    assert!(read(of(3), false).is_ok());
    let e = read(of(5), false).unwrap_err().to_string();
    assert!(e.contains("3 of 5 slices are there") && e.contains("files.incomplete=true"), "{e}");
    let taken = read(of(5), true).unwrap();
    assert!(taken.warnings.iter().any(|n| n.contains("3 of 5 slices")), "{:?}", taken.warnings);
    // Every second one lost: even, but farther apart than thick.
    let apart = [0.0, 4.0, 8.0].map(pet).to_vec();
    let e = read(apart.clone(), false).unwrap_err().to_string();
    assert!(e.contains("4.000 mm apart, but are 2.000 mm thick"), "{e}");
    assert!(read(apart, true).is_ok());
}

#[test]
fn files_of_one_series_must_agree_on_patient_and_dose() {
    let weighed = |z: f64, kg: &str| {
        let mut o = pet(z);
        put(&mut o, tags::PATIENT_WEIGHT, VR::DS, kg);
        o
    };
    assert!(open(&save_all(vec![weighed(0.0, "70"), weighed(2.0, "70.0")])).is_ok());
    let e = open(&save_all(vec![weighed(0.0, "70"), weighed(2.0, "80")])).unwrap_err().to_string();
    assert!(e.contains("PatientWeight (0010,1030) is 70 in 0.dcm and 80 in 1.dcm"), "{e}");
    let mut other = pet(2.0);
    put(&mut other, tags::UNITS, VR::CS, "BQML");
    assert!(open(&save_all(vec![pet(0.0), other])).unwrap_err().to_string().contains("Units"));
    let mut two = pet(0.0);
    put(&mut two, tags::RESCALE_TYPE, VR::LO, "BQML");
    let e = open(&save_all(vec![two])).unwrap_err().to_string();
    assert!(e.contains("two units for the values: GML") && e.contains("BQML"), "{e}");
}

/// Regression: rows of scans that failed said nothing of whose they are.
#[test]
fn a_series_that_fails_has_its_patient_in_the_table() {
    let of = |z: f64, kg: &str| {
        let mut o = pet(z);
        put(&mut o, tags::PATIENT_ID, VR::LO, "P1");
        put(&mut o, tags::STUDY_DATE, VR::DA, "20240115");
        put(&mut o, tags::PATIENT_WEIGHT, VR::DS, kg);
        o
    };
    let (folder, out) = (save_all(vec![of(0.0, "70"), of(2.0, "80")]), tempfile::tempdir().unwrap());
    let mut run = std::process::Command::new(env!("CARGO_BIN_EXE_uptake"));
    run.arg("run").arg(folder.path()).args(["--recipe", "pet-percist", "--device", "cpu", "--quiet", "--out"]);
    run.arg(out.path().join("o")).output().unwrap();
    let mut table = csv::Reader::from_path(out.path().join("o/images.csv")).unwrap();
    let rows: Vec<std::collections::BTreeMap<String, String>> = table.deserialize().map(|r| r.unwrap()).collect();
    let cells = ["status", "patient_id", "study_date", "series_uid", "weight_kg"].map(|name| rows[0][name].as_str());
    assert_eq!(cells, ["failed", "P1", "20240115", "1.2.3", ""]);
    assert!(rows[0]["reason"].contains("PatientWeight"), "{}", rows[0]["reason"]);
}

#[test]
fn gates_are_called_gates() {
    let gate = |z: f64, ms: &str| {
        let mut o = pet(z);
        put(&mut o, tags::SERIES_TYPE, VR::CS, "GATED\\IMAGE");
        put(&mut o, tags::TRIGGER_TIME, VR::DS, ms);
        o
    };
    let folder = save_all(vec![gate(0.0, "0"), gate(0.0, "100"), gate(2.0, "0"), gate(2.0, "100")]);
    let e = open(&folder).unwrap_err().to_string();
    assert!(e.contains("the series is gated: it has 2 gates") && e.contains("files.time=0"), "{e}");
    let one = read::open(folder.path(), &Options { time: Some(1), ..Options::default() }).unwrap();
    assert!(one.notes.iter().any(|n| n.contains("gate 1 of 2 is read")), "{:?}", one.notes);
}

#[test]
fn frames_of_enhanced_objects_have_places_and_slopes() {
    let mut o = image("MR", &[1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0]);
    put(&mut o, tags::NUMBER_OF_FRAMES, VR::IS, "3");
    let mut measures = InMemDicomObject::new_empty();
    put(&mut measures, tags::PIXEL_SPACING, VR::DS, "2\\1.5");
    put(&mut measures, tags::SLICE_THICKNESS, VR::DS, "9");
    let mut plane = InMemDicomObject::new_empty();
    put(&mut plane, tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "0\\1\\0\\0\\0\\-1");
    let mut shared = InMemDicomObject::new_empty();
    sequence(&mut shared, tags::PIXEL_MEASURES_SEQUENCE, vec![measures]);
    sequence(&mut shared, tags::PLANE_ORIENTATION_SEQUENCE, vec![plane]);
    let frame = |x: f64, slope: f64| {
        let (mut place, mut line) = (InMemDicomObject::new_empty(), InMemDicomObject::new_empty());
        put(&mut place, tags::IMAGE_POSITION_PATIENT, VR::DS, format!("{x}\\5\\6"));
        put(&mut line, tags::RESCALE_SLOPE, VR::DS, format!("{slope}"));
        put(&mut line, tags::RESCALE_INTERCEPT, VR::DS, "1");
        let mut own = InMemDicomObject::new_empty();
        sequence(&mut own, tags::PLANE_POSITION_SEQUENCE, vec![place]);
        sequence(&mut own, tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, vec![line]);
        own
    };
    sequence(&mut o, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared]);
    sequence(
        &mut o,
        tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
        vec![frame(-4.0, 0.5), frame(0.0, 2.0), frame(-2.0, 1.0)],
    );
    let folder = tempfile::tempdir().unwrap();
    for syntax in [uids::EXPLICIT_VR_LITTLE_ENDIAN, uids::IMPLICIT_VR_LITTLE_ENDIAN, BIG_ENDIAN] {
        let path = save(folder.path(), "enhanced.dcm", o.clone(), syntax);
        let scan = read::open(&path, &Options::default()).unwrap();
        // The normal is (-1, 0, 0): the frame with the largest x comes first.
        assert_eq!(firsts(&scan), [5.0, 4.0, 1.5], "{syntax}");
        assert_eq!(scan.spacing.unwrap().zyx, [2.0, 2.0, 1.5]);
        let patient_grid = scan.patient_grid.unwrap();
        assert_eq!(patient_grid.origin, [0.0, 5.0, 6.0]);
        assert_eq!(patient_grid.directions, [[-1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]]);
    }
}

#[test]
fn bits_outside_of_those_stored_are_cut_off() {
    let mut o = slice(0.0, 1.0, 0);
    put(&mut o, tags::BITS_STORED, VR::US, 12u16);
    put(&mut o, tags::HIGH_BIT, VR::US, 11u16);
    let words: Vec<u16> = vec![0x0fff, 0xf001, 0x0800, 0x07ff, 0xffff, 0];
    o.put(DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(words.into())));
    assert_eq!(values(&open(&save_all(vec![o])).unwrap()), [-1.0, 1.0, -2048.0, 2047.0, -1.0, 0.0]);
}

#[test]
fn what_is_cut_off_or_unlike_is_named() {
    let cut = image("MR", &[1, 2, 3]);
    let e = open(&save_all(vec![cut])).unwrap_err().to_string();
    assert!(e.contains("0.dcm") && e.contains("cut off") && e.contains("12 bytes"), "{e}");
    let mut zero = slice(0.0, 0.0, 1);
    put(&mut zero, tags::SERIES_DESCRIPTION, VR::LO, "none");
    assert!(open(&save_all(vec![zero])).unwrap_err().to_string().contains("RescaleSlope"));
}

/// Two frames with a slope each, corrected for decay to one half-life after the injection. Each frame has the mappings of
/// `units`, the last one with its slope; `doses` are the items of the radiopharmaceutical.
fn enhanced(units: &[&str], doses: &[&str]) -> InMemDicomObject {
    let mut o = image("PT", &[1, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0]);
    put(&mut o, tags::NUMBER_OF_FRAMES, VR::IS, "2");
    put(&mut o, tags::PATIENT_WEIGHT, VR::DS, "70");
    put(&mut o, tags::DECAY_CORRECTED, VR::CS, "YES");
    put(&mut o, tags::ATTENUATION_CORRECTED, VR::CS, "YES");
    put(&mut o, tags::DECAY_CORRECTION_DATE_TIME, VR::DT, "20240102110000");
    let drug = |dose: &&str| {
        let mut drug = InMemDicomObject::new_empty();
        put(&mut drug, tags::RADIONUCLIDE_TOTAL_DOSE, VR::DS, *dose);
        put(&mut drug, tags::RADIONUCLIDE_HALF_LIFE, VR::DS, "6588");
        put(&mut drug, tags::RADIOPHARMACEUTICAL, VR::LO, "FDG");
        put(&mut drug, tags::RADIOPHARMACEUTICAL_START_DATE_TIME, VR::DT, "20240102091012");
        drug
    };
    sequence(&mut o, tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE, doses.iter().map(drug).collect());
    let mut shared = InMemDicomObject::new_empty();
    let (mut measures, mut plane) = (InMemDicomObject::new_empty(), InMemDicomObject::new_empty());
    put(&mut measures, tags::PIXEL_SPACING, VR::DS, "4\\4");
    put(&mut plane, tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "1\\0\\0\\0\\1\\0");
    sequence(&mut shared, tags::PIXEL_MEASURES_SEQUENCE, vec![measures]);
    sequence(&mut shared, tags::PLANE_ORIENTATION_SEQUENCE, vec![plane]);
    sequence(&mut o, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared]);
    let frame = |z: f64, slope: &str| {
        let [mut place, mut content, mut own] = std::array::from_fn(|_| InMemDicomObject::new_empty());
        put(&mut place, tags::IMAGE_POSITION_PATIENT, VR::DS, format!("0\\0\\{z}"));
        put(&mut content, tags::FRAME_ACQUISITION_DATE_TIME, VR::DT, "20240102110000");
        put(&mut content, tags::FRAME_ACQUISITION_DURATION, VR::FD, 120000.0f64);
        let line = |(n, name): (usize, &&str)| {
            let [mut line, mut unit] = std::array::from_fn(|_| InMemDicomObject::new_empty());
            let slope = if n + 1 == units.len() { slope.parse::<f64>().unwrap() } else { 7.0 };
            put(&mut unit, tags::CODE_VALUE, VR::SH, *name);
            put(&mut line, tags::REAL_WORLD_VALUE_SLOPE, VR::FD, slope);
            put(&mut line, tags::REAL_WORLD_VALUE_INTERCEPT, VR::FD, 0.0f64);
            sequence(&mut line, tags::MEASUREMENT_UNITS_CODE_SEQUENCE, vec![unit]);
            line
        };
        sequence(&mut own, tags::PLANE_POSITION_SEQUENCE, vec![place]);
        sequence(&mut own, tags::FRAME_CONTENT_SEQUENCE, vec![content]);
        sequence(&mut own, tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE, units.iter().enumerate().map(line).collect());
        own
    };
    sequence(&mut o, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, vec![frame(0.0, "2500"), frame(4.0, "5000")]);
    o
}

#[test]
fn enhanced_pet_becomes_suv() {
    let scan = open(&save_all(vec![enhanced(&["Bq/ml"], &["350000000"])])).unwrap();
    assert_eq!((scan.channels[0].unit, scan.spacing.unwrap().zyx), ("g/ml", [4.0, 4.0, 4.0]));
    let decayed = 350e6 * (-std::f64::consts::LN_2 * 6588.0 / 6588.0).exp();
    for (found, stored) in firsts(&scan).iter().zip([2500.0, 15000.0]) {
        assert!((found - stored * 70e3 / decayed).abs() < 1e-6, "{found}");
    }
    let text = format!("{:?}{:?}{:?}{:?}", scan.facts, scan.warnings, scan.notes, scan.audit);
    assert!(text.contains("FDG") && !text.contains("Secret"), "{text}");
}

/// Oracle: one and the same moment in two zones.
#[test]
fn date_times_of_frames_are_brought_onto_one_clock() {
    let plain = firsts(&open(&save_all(vec![enhanced(&["Bq/ml"], &["350000000"])])).unwrap());
    let zoned = |decay: &str, zone: &str| {
        let mut o = enhanced(&["Bq/ml"], &["350000000"]);
        put(&mut o, tags::DECAY_CORRECTION_DATE_TIME, VR::DT, decay);
        put(&mut o, tags::TIMEZONE_OFFSET_FROM_UTC, VR::SH, zone);
        firsts(&open(&save_all(vec![o])).unwrap())
    };
    assert_eq!(zoned("20240102100000+0000", "+0100"), plain);
    assert_eq!(zoned("20240102060000.000-0500", "+0000"), plain);
    let mut two = vec![pet(0.0), pet(2.0)];
    two.iter_mut().zip(["+0100", "+0200"]).for_each(|(o, zone)| put(o, tags::TIMEZONE_OFFSET_FROM_UTC, VR::SH, zone));
    let e = open(&save_all(two)).unwrap_err().to_string();
    assert!(e.contains("TimezoneOffsetFromUTC (0008,0201) is +0100 in 0.dcm and +0200 in 1.dcm"), "{e}");
}

/// Mechanics: a mapping of another end before the one of PET does not hide it.
#[test]
fn the_first_mapping_with_a_unit_of_pet_counts() {
    let values = |units: &[&str]| firsts(&open(&save_all(vec![enhanced(units, &["350000000"])])).unwrap());
    let one = values(&["Bq/ml"]);
    assert_eq!(values(&["1", "Bq/ml"]), one);
    assert_eq!(values(&["mm2/s", "1", "Bq/ml"]), one);
}

/// Mechanics: no SUV is defined for two injections together; the same one told twice is one.
#[test]
fn two_injections_in_one_header_are_refused_with_both() {
    for (first, other) in [("350000000", "100000000"), ("100000000", "350000000")] {
        let e = open(&save_all(vec![enhanced(&["Bq/ml"], &[first, other])])).unwrap_err().to_string();
        let words = format!("two injections: RadionuclideTotalDose (0018,1074) is {first} and {other}");
        assert!(e.contains(&words) && e.contains("a file that tells of one injection"), "{e}");
    }
    assert!(open(&save_all(vec![enhanced(&["Bq/ml"], &["350000000", "3.5e8"])])).is_ok());
}

/// Mechanics: private factors multiply the values as those of the standard do.
#[test]
fn private_factors_that_differ_within_a_series_are_refused_and_times_doubted() {
    let series = |block: (u16, &str, u16), values: [&str; 2]| {
        let of = |(n, value): (usize, &str)| {
            let mut o = pet(2.0 * n as f64);
            put(&mut o, Tag(block.0, 0x0010), VR::LO, block.1);
            put(&mut o, Tag(block.0, block.2), VR::LO, value);
            o
        };
        open(&save_all(values.into_iter().enumerate().map(of).collect()))
    };
    let philips = |element| (0x7053, "Philips PET Private Group", element);
    for (element, name) in [(0x1000, "SUV factor (7053,1000)"), (0x1009, "activity factor (7053,1009)")] {
        let e = series(philips(element), ["2", "4"]).unwrap_err().to_string();
        assert!(e.contains(&format!("Philips' {name} is 2 in 0.dcm and 4 in 1.dcm")), "{e}");
        assert!(series(philips(element), ["2", "2.0"]).is_ok());
    }
    let ge = (0x0009, "GEMS_PETD_01", 0x100d);
    let times = ["20240115095000", "20240115093000"];
    let scan = series(ge, times).unwrap();
    let words = format!("doubtful: GE's scan time (0009,100D) is {} in 0.dcm and {} in 1.dcm", times[0], times[1]);
    assert!(scan.warnings.iter().any(|w| w.starts_with(&words)), "{:?}", scan.warnings);
}
