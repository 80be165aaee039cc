//! Files with regions that tests write, and the image that they belong to.

#![allow(dead_code, reason = "each room uses its own part")]

#[path = "dicom_elements.rs"]
mod dicom_elements;

pub use dicom_elements::*;

use crate::common::seeds;
use dicom_core::{PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use std::path::{Path, PathBuf};
use uptake::image::{Modality, PatientGrid, Regions, Scan};
use uptake::read::{self, Options, Pick};
use uptake::units::{Shape, Spacing};

/// An image of which only the place matters: voxels of 2 mm, slices of 3 mm.
pub fn scan(shape: Shape) -> Scan {
    let mut scan = Scan::new(Modality::Pet, shape, vec![]);
    scan.spacing = Spacing::mm([3.0, 2.0, 2.0]);
    scan.patient_grid = Some(PatientGrid { origin: [-10.0, 20.0, 100.0], ..PatientGrid::STRAIGHT });
    scan
}

pub fn pick(names: &[&str]) -> Pick {
    Pick { names: names.iter().map(|n| n.to_string()).collect(), ..Pick::default() }
}

pub fn regions(path: &Path, scan: &Scan, pick: &Pick) -> uptake::Result<Regions> {
    read::regions(path, scan, pick, &Options::default())
}

/// A file in a folder of its own.
pub struct Saved {
    /// The file.
    pub path: PathBuf,
    _folder: tempfile::TempDir,
}

pub fn save(mut object: InMemDicomObject, class: &str) -> Saved {
    put(&mut object, tags::SOP_CLASS_UID, VR::UI, class);
    put(&mut object, tags::SOP_INSTANCE_UID, VR::UI, "1.2.3");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("regions.dcm");
    let meta = FileMetaTableBuilder::new().transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN);
    object.with_meta(meta).unwrap().write_to_file(&path).unwrap();
    seeds::keep("regions", &std::fs::read(&path).unwrap());
    Saved { path, _folder: folder }
}

pub fn counts(regions: &Regions) -> Vec<usize> {
    let voxels = regions.voxels().unwrap();
    let count = |n: u32| voxels.iter().filter(|v| **v == n).count();
    (1..=regions.names.len() as u32).map(count).collect()
}

/// A contour: its type and its corners in mm.
pub type Contour = (&'static str, Vec<[f64; 3]>);

/// Corners of a square in a slice of `scan`, from `low` to `high` in voxels.
pub fn square(slice: f64, low: f64, high: f64) -> Contour {
    let mm = |y: f64, x: f64| [-10.0 + 2.0 * x, 20.0 + 2.0 * y, 100.0 + 3.0 * slice];
    ("CLOSED_PLANAR", vec![mm(low, low), mm(low, high), mm(high, high), mm(high, low)])
}

pub fn rtstruct(rois: &[(i32, &str, Vec<Contour>)]) -> Saved {
    of_patient(rois, "")
}

pub fn of_patient(rois: &[(i32, &str, Vec<Contour>)], patient: &str) -> Saved {
    let mut o = InMemDicomObject::new_empty();
    if !patient.is_empty() {
        put(&mut o, tags::PATIENT_ID, VR::LO, patient);
    }
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

/// An RTSTRUCT that refers to a series, and to a frame of reference.
pub fn referring(series: Option<&str>, frame: &str) -> Saved {
    let mut o = InMemDicomObject::new_empty();
    put(&mut o, tags::MODALITY, VR::CS, "RTSTRUCT");
    let referred = item(|i| series.iter().for_each(|uid| put(i, tags::SERIES_INSTANCE_UID, VR::UI, *uid)));
    let study = item(|i| sequence(i, tags::RT_REFERENCED_SERIES_SEQUENCE, vec![referred]));
    let reference = item(|i| {
        put(i, tags::FRAME_OF_REFERENCE_UID, VR::UI, frame);
        sequence(i, tags::RT_REFERENCED_STUDY_SEQUENCE, vec![study]);
    });
    sequence(&mut o, tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE, vec![reference]);
    save(o, uids::RT_STRUCTURE_SET_STORAGE)
}

/// A segmentation of 3 rows and 5 columns with the voxels of `scan`: position and segment of each frame with its samples.
pub struct Seg {
    pub kind: &'static str,
    pub frames: Vec<([f64; 3], u16, [u8; 15])>,
    pub axes: [f64; 6],
    pub pixel: f64,
    pub segments: Vec<(u16, &'static str)>,
    /// The background of a label map.
    pub padding: Option<u16>,
    /// The segment of the type Background.
    pub background: Option<u16>,
}

impl Seg {
    pub fn new(frames: Vec<([f64; 3], u16, [u8; 15])>) -> Seg {
        let axes = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
        Seg {
            kind: "BINARY",
            frames,
            axes,
            pixel: 2.0,
            segments: vec![(1, "one"), (2, "two")],
            padding: None,
            background: None,
        }
    }

    pub fn save(&self) -> Saved {
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
        self.padding.iter().for_each(|v| put(&mut o, tags::PIXEL_PADDING_VALUE, VR::US, *v));
        let named = |(number, label): &(u16, &str)| {
            item(|i| {
                if self.background == Some(*number) {
                    let background = item(|i| {
                        put(i, tags::CODE_VALUE, VR::SH, "125040");
                        put(i, tags::CODING_SCHEME_DESIGNATOR, VR::SH, "DCM");
                    });
                    sequence(i, tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE, vec![background]);
                }
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
                if self.kind != "LABELMAP" {
                    sequence(i, tags::SEGMENT_IDENTIFICATION_SEQUENCE, vec![which]);
                }
            })
        };
        sequence(&mut o, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, self.frames.iter().map(frame).collect());
        let samples: Vec<u8> = self.frames.iter().flat_map(|f| f.2).collect();
        let byte = |bits: &[u8]| bits.iter().enumerate().fold(0, |b, (i, v)| b | v << i);
        let mut bytes: Vec<u8> = if binary { samples.chunks(8).map(byte).collect() } else { samples };
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        put(&mut o, tags::PIXEL_DATA, VR::OB, PrimitiveValue::U8(bytes.into()));
        save(o, uids::SEGMENTATION_STORAGE)
    }
}

pub const BAR: [u8; 15] = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
pub const DOT: [u8; 15] = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
