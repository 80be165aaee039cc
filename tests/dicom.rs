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
use uptake::image::{Modality, SUV_UNIT, Scan};
use uptake::pet::suv::{Settings, Units};
use uptake::read::{self, Options, Pick};

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
    ("JPEG-lossy.dcm", "JPEG Extended (1.2.840.10008.1.2.4.51) with 12 bits are not read"),
    ("MR_truncated.dcm", "cut off"),
    ("badVR.dcm", "NumberOfFrames"),
    ("empty_charset_LEI.dcm", "no pixel data"),
    ("meta_missing_tsyntax.dcm", "no BitsAllocated"),
    ("nested_priv_SQ.dcm", "no BitsAllocated"),
    ("no_meta.dcm", "not an image"),
    ("no_meta_group_length.dcm", "no pixel data"),
    ("priv_SQ.dcm", "no pixel data"),
    ("reportsi_with_empty_number_tags.dcm", "SR"),
    ("rtplan_truncated.dcm", "the file ends within"),
    ("rtstruct.dcm", "RTSTRUCT"),
    ("test-SR.dcm", "SR"),
];

/// The reference reader gives up on it, as the mark at its end is missing; its pixels are those of `emri_small.dcm`.
const WITHOUT_END: &str = "emri_small_jpeg_2k_lossless_too_short.dcm";

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
    let number = |i: usize| parts.iter().map(move |(s, scale)| f64::from(s[i]) + half(scale.offset()));
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
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn the_zoo_is_read_right_or_refused_by_name() {
    let folder = shared("zoo_dicom");
    let mut wrong = Vec::new();
    let (mut right, mut refused) = (0, 0);
    let all = rows(&folder.join("expected.csv"));
    for row in &all {
        let name = row["file"].as_str();
        let row = if name == WITHOUT_END { all.iter().find(|r| r["file"] == "emri_small.dcm").unwrap() } else { row };
        let read = read::open(&folder.join(name), &Options::default());
        let known = UNSUPPORTED.iter().chain(NO_VALUES).find(|(file, _)| *file == name);
        match (read, known) {
            (Ok(scan), None) => match compare(name, &scan, row) {
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
    assert_eq!((right, refused), (32, 19));
}

/// A row of numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % below.max(1)
    }
}

/// Most memory that this process has held, in bytes, where the system says it.
fn most_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib << 10)
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn damaged_files_end_with_an_image_or_a_named_error() {
    let folder = shared("zoo_dicom");
    let options = Options { max_bytes: 64 << 20, ..Options::default() };
    let mut dice = Dice(7);
    let (mut images, mut errors) = (0, 0);
    for row in rows(&folder.join("expected.csv")) {
        let whole = std::fs::read(folder.join(&row["file"])).unwrap();
        for round in 0..60 {
            let mut bytes = whole.clone();
            for _ in 0..1 + dice.roll(4) {
                let reach = if dice.roll(2) == 0 { bytes.len().min(2200) } else { bytes.len() };
                let at = dice.roll(reach);
                bytes[at] = if dice.roll(3) == 0 { 0xff } else { dice.roll(256) as u8 };
            }
            if round % 4 == 0 {
                bytes.truncate(dice.roll(bytes.len()));
            }
            let start = std::time::Instant::now();
            match read::open_bytes(&bytes, &row["file"], &options) {
                Ok(_) => images += 1,
                Err(e) => {
                    errors += 1;
                    assert!(!e.what.is_empty() && e.kind != Kind::Internal, "{}: {e}", row["file"]);
                }
            }
            assert!(start.elapsed().as_secs() < 20, "{} round {round}", row["file"]);
        }
    }
    println!("{images} images, {errors} errors, at most {:?} bytes", most_memory());
    assert!(images > 100 && errors > 500);
    assert!(most_memory().is_none_or(|bytes| bytes < 1 << 30), "{:?} bytes", most_memory());
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn files_that_claim_much_are_refused_before_memory_is_taken() {
    let folder = shared("zoo_dicom");
    let bytes = std::fs::read(folder.join("MR_small_RLE.dcm")).unwrap();
    // Rows (0028,0010) in explicit coding: its two bytes become 0xffff, and so do those of Columns.
    let mut huge = bytes.clone();
    for low in [0x10u8, 0x11] {
        let head = [0x28, 0, low, 0, b'U', b'S', 2, 0];
        let at = huge.windows(8).position(|w| w == head).unwrap() + 8;
        huge[at..at + 2].copy_from_slice(&[0xff, 0xff]);
    }
    let options = Options { max_bytes: 1 << 30, ..Options::default() };
    let e = read::open_bytes(&huge, "huge.dcm", &options).unwrap_err();
    assert_eq!(e.kind, Kind::Limit, "{e}");
    assert!(read::open_bytes(&bytes, "small.dcm", &options).is_ok());
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn facts_name_no_patient() {
    let folder = shared("zoo_dicom");
    let scan = read::open(&folder.join("MR_small.dcm"), &Options::default()).unwrap();
    assert_eq!(scan.modality, Modality::Other);
    assert_eq!(scan.channels[0].name, "mr");
    let text = format!("{:?} {:?} {:?} {:?}", scan.facts, scan.warnings, scan.notes, scan.audit);
    assert!(text.contains("Explicit VR Little Endian") && text.contains("TOSHIBA"), "{text}");
    for secret in ["CompressedSamples", "4MR1", "MR1"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert_eq!(scan.spacing.unwrap().zyx, [0.8, 0.3125, 0.3125]);
    assert_eq!(scan.patient_grid.unwrap().origin, [-83.9063, -91.2, 6.6406]);
    let ct = read::open(&folder.join("CT_small.dcm"), &Options::default()).unwrap();
    assert_eq!((ct.channels[0].volume.scale.factor(), ct.channels[0].volume.scale.offset()), (1.0, -1024.0));
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn a_dose_is_scaled() {
    let folder = shared("zoo_dicom");
    let scan = read::open(&folder.join("rtdose.dcm"), &Options::default()).unwrap();
    let channel = &scan.channels[0];
    let values = channel.volume.samples.host().unwrap().iter().map(|s| channel.volume.scale.value(f64::from(*s)));
    let (min, max) = values.fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(v), b.max(v)));
    assert!((min - 0.795).abs() < 1e-12 && (max - 1.254).abs() < 1e-12, "{min} {max}");
    assert_eq!((scan.spacing.unwrap().zyx, channel.unit), ([5.0, 10.0, 10.0], "au"));
}

/// Values of the first channel.
fn values(scan: &Scan) -> Vec<f64> {
    let volume = &scan.channels[0].volume;
    volume.samples.host().unwrap().iter().map(|s| volume.scale.value(f64::from(*s))).collect()
}

/// Slopes of this series reach from 0.209 to 8.358, another one in each slice. Numbers from the reference reader.
#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn the_raw_series_has_a_slope_for_each_slice() {
    let folder = shared("pet_sts001_dicom");
    let suv = Settings { units: Some(Units::Bqml), ..Settings::default() };
    let scan = read::open(&folder.join("image"), &Options { suv, ..Options::default() }).unwrap();
    assert_eq!((scan.shape.zyx(), scan.modality), ([267, 128, 128], Modality::Pet));
    assert_eq!((scan.channels[0].name.as_str(), scan.channels[0].unit), ("pet", "Bq/ml"));
    let [z, y, x] = scan.spacing.unwrap().zyx;
    assert!((z - 3.27).abs() < 1e-4 && [y, x] == [4.6875, 4.6875], "{z} {y} {x}");
    assert_eq!(scan.patient_grid.unwrap().origin, [-297.65625, -297.65625, -881.3]);
    assert!(
        scan.warnings.iter().any(|n| n.contains("distances of slices differ by up to 0.08")),
        "{:?}",
        scan.warnings
    );
    let values = values(&scan);
    let (at, max) = values.iter().enumerate().fold((0, 0.0), |m, (i, v)| if *v > m.1 { (i, *v) } else { m });
    assert_eq!(scan.shape.position(at), [62, 70, 69]);
    let near = |v: f64, expected: f64| assert!((v - expected).abs() < 3e-4, "{v}, expected {expected}");
    near(max, 273860.36027);
    near(values[scan.shape.index(100, 64, 64)], 4081.709016);
    near(values[scan.shape.index(150, 60, 70)], 3062.183616);
    // A sample is off by half of 2^-12 Bq/ml at most. The few counts that fill most of a slice are off by the same each time
    // they come, so errors of a sum do not average out voxel by voxel: 1e-8 of it, where 2e-7 would be the worst.
    let sum: f64 = values.iter().sum();
    assert!((sum / 2688853840.001746 - 1.0).abs() < 1e-8, "{sum}");
}

/// Eleven digital reference objects for SUV: minimum, median and maximum within the mask, as published.
#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn reference_objects_have_the_published_suv() {
    let folder = shared("pet_suv");
    let mut wrong = Vec::new();
    for row in rows(&folder.join("expected.csv")) {
        let id = &row["id"];
        let scan = match read::open(&folder.join(id), &Options::default()) {
            Ok(scan) => scan,
            Err(e) => {
                wrong.push(format!("{id}: {e}"));
                continue;
            }
        };
        assert_eq!((scan.channels[0].unit, scan.audit.rows()), (SUV_UNIT, 1), "{id}");
        let mask = folder.join("DRO_mask.nii.gz");
        let mask = read::regions(&mask, &scan, &Pick::default(), &Options::default()).unwrap();
        let values = values(&scan);
        let mut inside: Vec<f64> =
            values.iter().zip(&mask.voxels().unwrap()).filter(|p| *p.1 > 0).map(|p| *p.0).collect();
        inside.sort_by(f64::total_cmp);
        let found = [inside[0], inside[inside.len() / 2], inside[inside.len() - 1]].map(|v| format!("{v:.2}"));
        let expected = ["suv_min", "suv_median", "suv_max"].map(|n| row[n].clone());
        println!("{id}: {found:?} of {} voxels", inside.len());
        if found != expected {
            wrong.push(format!("{id}: {found:?}, expected {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
