//! Which images the DICOM objects of a run refer to. Mechanics, on series that the tests write themselves.
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "common/pet_slices.rs"]
mod pet_slices;

use dicom_core::{Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{InMemDicomObject, open_file};
use pet_slices::{SLICES, item, plane, put, save, sequence, series, slice};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const KINDS: [&str; 3] = ["seg", "labelmap", "rtstruct"];

/// Runs the recipe `pet`, and opens what it writes of the lesions.
fn written(folder: &Path, time: Option<usize>) -> [InMemDicomObject; 3] {
    let out = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_uptake"));
    command.current_dir(folder).args(["run", "in", "--recipe", "pet", "--device", "cpu", "--quiet", "--no-overlays"]);
    command.args(["--set", "output.dicom=[\"seg\",\"labelmap\",\"rtstruct\"]", "--out"]).arg(out.path().join("out"));
    command.args(time.map(|t| ["--set".into(), format!("files.time={t}")]).into_iter().flatten());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    KINDS.map(|kind| open_file(out.path().join(format!("out/labels/in/lesions.{kind}.dcm"))).unwrap().into_inner())
}

fn items(o: &InMemDicomObject, tag: Tag) -> Vec<InMemDicomObject> {
    o.element(tag).unwrap().items().unwrap().to_vec()
}

fn text(o: &InMemDicomObject, tag: Tag) -> String {
    o.element(tag).unwrap().to_str().unwrap().trim_end_matches('\0').trim().to_string()
}

/// Instance and frame of every image that a frame or contour names.
fn images(o: &InMemDicomObject) -> BTreeSet<(String, u32)> {
    let sources: Vec<InMemDicomObject> = match o.element_opt(tags::ROI_CONTOUR_SEQUENCE).unwrap() {
        Some(_) => {
            let contours = items(o, tags::ROI_CONTOUR_SEQUENCE)
                .iter()
                .flat_map(|r| items(r, tags::CONTOUR_SEQUENCE))
                .collect::<Vec<_>>();
            contours.iter().flat_map(|c| items(c, tags::CONTOUR_IMAGE_SEQUENCE)).collect()
        }
        None => {
            let frames = items(o, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
            let derived = frames.iter().flat_map(|f| items(f, tags::DERIVATION_IMAGE_SEQUENCE)).collect::<Vec<_>>();
            derived.iter().flat_map(|d| items(d, tags::SOURCE_IMAGE_SEQUENCE)).collect()
        }
    };
    let frame = |i: &InMemDicomObject| i.element(tags::REFERENCED_FRAME_NUMBER).map_or(0, |e| e.to_int().unwrap());
    sources.iter().map(|i| (text(i, tags::REFERENCED_SOP_INSTANCE_UID), frame(i))).collect()
}

/// The series that are named, each with its instances.
fn named(o: &InMemDicomObject) -> Vec<(String, Vec<String>)> {
    let (series, files) = match o.element_opt(tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE).unwrap() {
        Some(_) => {
            let frame = items(o, tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE).remove(0);
            let study = items(&frame, tags::RT_REFERENCED_STUDY_SEQUENCE).remove(0);
            (items(&study, tags::RT_REFERENCED_SERIES_SEQUENCE), tags::CONTOUR_IMAGE_SEQUENCE)
        }
        None => (items(o, tags::REFERENCED_SERIES_SEQUENCE), tags::REFERENCED_INSTANCE_SEQUENCE),
    };
    let instance = |i: &InMemDicomObject| text(i, tags::REFERENCED_SOP_INSTANCE_UID);
    let all = |s: &InMemDicomObject| items(s, files).iter().map(instance).collect();
    series.iter().map(|s| (text(s, tags::SERIES_INSTANCE_UID), all(s))).collect()
}

/// The lesion has slices 2, 3 and 4, of which the instances end in 3, 4 and 5.
fn of_lesion(value: u16) -> BTreeSet<(String, u32)> {
    (3..6).map(|n| (format!("1.2.3.1.{value}.{n}"), 0)).collect()
}

/// Three time points or gates in a folder: lesions of SUV 10, 11 and 12.
fn times(folder: &Path, gated: bool) {
    for t in 0..3 {
        series(&folder.join(format!("in/{t}")), 1, 10 + t, |_, o| match gated {
            true => {
                put(o, tags::SERIES_TYPE, VR::CS, "GATED\\IMAGE");
                put(o, tags::TRIGGER_TIME, VR::DS, (100 * t).to_string());
            }
            false => put(o, tags::FRAME_REFERENCE_TIME, VR::DS, (60_000 * (u32::from(t) + 1)).to_string()),
        });
    }
}

#[test]
fn objects_of_a_time_point_or_gate_refer_to_its_images() {
    for gated in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        times(dir.path(), gated);
        let mut seen = BTreeSet::new();
        for t in 0..3 {
            for (kind, o) in KINDS.iter().zip(&written(dir.path(), Some(t))) {
                let value = 10 + t as u16;
                assert_eq!(images(o), of_lesion(value), "{kind} of {t}");
                let all: Vec<String> = (1..=SLICES).map(|n| format!("1.2.3.1.{value}.{n}")).collect();
                assert_eq!(named(o), [("1.2.3.1".to_string(), all)], "{kind} of {t}");
                assert!(seen.insert(text(o, tags::SOP_INSTANCE_UID)), "{kind} of {t}: an object of its own");
            }
        }
    }
}

#[test]
fn objects_of_a_time_point_in_one_file_refer_to_its_frames() {
    let dir = tempfile::tempdir().unwrap();
    // Frames 1, 3, 5, ... are of the first time point.
    let places = || (0..SLICES).flat_map(|z| [(z, 0u32), (z, 1)]);
    let mut o = slice(1, 0, 10);
    put(&mut o, tags::SOP_CLASS_UID, VR::UI, uids::ENHANCED_PET_IMAGE_STORAGE);
    put(&mut o, tags::NUMBER_OF_FRAMES, VR::IS, (2 * SLICES).to_string());
    let each = places().map(|(z, t)| {
        item(|i| {
            let place = format!("10\\20\\{}", 10 * z);
            sequence(
                i,
                tags::PLANE_POSITION_SEQUENCE,
                vec![item(|i| put(i, tags::IMAGE_POSITION_PATIENT, VR::DS, place))],
            );
            sequence(
                i,
                tags::FRAME_CONTENT_SEQUENCE,
                vec![item(|i| put(i, tags::TEMPORAL_POSITION_INDEX, VR::UL, t + 1))],
            );
        })
    });
    sequence(&mut o, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, each.collect());
    let words: Vec<u16> = places().flat_map(|(z, t)| plane(z, 10 + t as u16)).collect();
    put(&mut o, tags::PIXEL_DATA, VR::OW, dicom_core::PrimitiveValue::U16(words.into()));
    save(&dir.path().join("in"), "enhanced.dcm", o);
    for t in 0..2 {
        for (kind, o) in KINDS.iter().zip(&written(dir.path(), Some(t))) {
            let frames: BTreeSet<u32> = images(o).into_iter().map(|(_, frame)| frame).collect();
            assert_eq!(frames, [5, 7, 9].map(|n| n + t as u32).into(), "{kind} of {t}");
        }
    }
}

#[test]
fn each_slice_stands_under_its_own_series() {
    let dir = tempfile::tempdir().unwrap();
    series(&dir.path().join("in"), 1, 10, |z, o| {
        put(o, tags::SERIES_INSTANCE_UID, VR::UI, format!("1.2.3.7.{}", z + 1))
    });
    let expected: Vec<_> = (1..=SLICES).map(|n| (format!("1.2.3.7.{n}"), vec![format!("1.2.3.1.10.{n}")])).collect();
    for (kind, o) in KINDS.iter().zip(&written(dir.path(), None)) {
        assert_eq!((named(o), images(o)), (expected.clone(), of_lesion(10)), "{kind}");
    }
}
