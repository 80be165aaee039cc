//! DICOM: what the reader makes of files and series.
//!
//! Oracle: the zoo of odd files against shapes and hashes of a reference reader, and the raw PET series against published values.
//! Invariant: whatever the bytes are, reading ends with an image or a named error. Mechanics: series that the tests write
//! themselves, to see order, gaps, doubles, slopes of slices, time points and frames of enhanced objects. Regression: every
//! file that is known not to be read stands in a list here, so that a new failure and an unexpected success both fail.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::shared;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::Path;
use uptake::Kind;
use uptake::read::{self, Options};
use uptake::scan::{Modality, Scan};

/// Files with expected values that are not read, with a word of the error that must name it.
const UNSUPPORTED: &[(&str, &str)] = &[
    ("MR_small_jpeg_ls_lossless.dcm", "JPEG-LS Lossless"),
    ("emri_small_jpeg_ls_lossless.dcm", "JPEG-LS Lossless"),
    ("liver.dcm", "SEG: regions"),
    ("liver_1frame.dcm", "SEG: regions"),
];

/// Files that the reference reader does not read either, or without pixels, with a word of the error.
const NO_VALUES: &[(&str, &str)] = &[
    ("ExplVR_BigEndNoMeta.dcm", "RTPLAN"),
    ("ExplVR_LitEndNoMeta.dcm", "RTPLAN"),
    ("JPEG-lossy.dcm", "JPEG"),
    ("MR_truncated.dcm", "cut off"),
    ("badVR.dcm", "NumberOfFrames"),
    ("empty_charset_LEI.dcm", "no pixel data"),
    ("emri_small_jpeg_2k_lossless_too_short.dcm", "JPEG 2000"),
    ("meta_missing_tsyntax.dcm", "no pixel data"),
    ("nested_priv_SQ.dcm", "no pixel data"),
    ("no_meta.dcm", "no pixel data"),
    ("no_meta_group_length.dcm", "no pixel data"),
    ("priv_SQ.dcm", "no pixel data"),
    ("reportsi_with_empty_number_tags.dcm", "SR"),
    ("rtplan_truncated.dcm", "RTPLAN"),
    ("rtstruct.dcm", "RTSTRUCT"),
    ("test-SR.dcm", "SR"),
];

/// Files whose decoders may differ by a few units.
const LOSSY: &[&str] = &["693_J2KI.dcm", "JPEG2000.dcm", "SC_rgb_jpeg_dcmtk.dcm", "SC_rgb_small_odd_jpeg.dcm"];

fn rows(path: &Path) -> Vec<HashMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(|r| r.unwrap()).collect()
}

/// Stored numbers, channel fastest, as the reference reader has them.
fn stored(scan: &Scan) -> Vec<f64> {
    let half = |offset: f64| if offset == 2147483648.0 { offset } else { 0.0 };
    let parts: Vec<_> = scan.channels.iter().map(|c| (c.volume.samples.host().unwrap(), c.volume.scale)).collect();
    let number = |i: usize| parts.iter().map(move |(s, scale)| f64::from(s[i]) + half(scale.offset));
    (0..scan.shape.len()).flat_map(number).collect()
}

fn hash(values: &[f64], dtype: &str) -> String {
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|v| match dtype {
            "uint8" => vec![*v as u8],
            "int16" => (*v as i16).to_le_bytes().to_vec(),
            "uint16" => (*v as u16).to_le_bytes().to_vec(),
            "uint32" => (*v as u32).to_le_bytes().to_vec(),
            other => panic!("{other}"),
        })
        .collect();
    Sha256::digest(bytes).iter().take(8).map(|b| format!("{b:02x}")).collect()
}

fn shape_of(scan: &Scan) -> String {
    let s = scan.shape;
    let sizes = [(s.z, s.z > 1), (s.y, true), (s.x, true), (scan.channels.len(), scan.channels.len() > 1)];
    sizes.iter().filter(|s| s.1).map(|s| s.0.to_string()).collect::<Vec<_>>().join("x")
}

fn compare(name: &str, scan: &Scan, row: &HashMap<String, String>) -> Result<(), String> {
    if shape_of(scan) != row["shape"] {
        return Err(format!("shape {}, expected {}", shape_of(scan), row["shape"]));
    }
    let values = stored(scan);
    let number = |name: &str| row[name].parse::<f64>().unwrap();
    let sum: f64 = values.iter().sum();
    if LOSSY.contains(&name) {
        let off = (sum - number("sum")).abs() / values.len() as f64;
        println!("{name}: mean off by {off:.4}");
        return if off < 0.5 { Ok(()) } else { Err(format!("mean off by {off}")) };
    }
    let (min, max) = values.iter().fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
    if hash(&values, &row["dtype"]) != row["sha256_16"] {
        return Err(format!("another hash; min {min}, max {max}, sum {sum}, expected {row:?}"));
    }
    Ok(())
}

#[test]
fn the_zoo_is_read_right_or_refused_by_name() {
    let Some(folder) = shared("zoo_dicom") else { return };
    let mut wrong = Vec::new();
    let (mut right, mut refused) = (0, 0);
    for row in rows(&folder.join("expected.csv")) {
        let name = row["file"].as_str();
        let read = read::open(&folder.join(name), &Options::default());
        let known = UNSUPPORTED.iter().chain(NO_VALUES).find(|(file, _)| *file == name);
        match (read, known) {
            (Ok(scan), None) => match compare(name, &scan, &row) {
                Ok(()) => right += 1,
                Err(e) => wrong.push(format!("{name}: {e}")),
            },
            (Err(e), Some((_, word))) if e.to_string().contains(word) => refused += 1,
            (Err(e), _) => wrong.push(format!("{name}: {e}")),
            (Ok(_), Some(_)) => wrong.push(format!("{name}: read, though it stands in a list of files that are not")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{right} read right, {refused} refused by name");
    assert_eq!((right, refused), (31, 20));
}
