//! NIfTI: images, sidecars, masks, and label images that are written.
//!
//! Oracle: the zoo of NIfTI files and the FDG-PET crops, against values of a reference reader and of the data's authors.
//! Invariant: whatever the bytes are, reading ends soon with an image or a named error; what is written reads back the same.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::{nifti::Nifti, shared};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::path::Path;
use uptake::image::{Labels, Modality, PatientGrid, Scan};
use uptake::read::{self, Options, Pick};
use uptake::units::{Shape, Spacing, Unit};
use uptake::{Error, Kind, write};

fn rows(path: &Path) -> Vec<HashMap<String, String>> {
    csv::Reader::from_path(path).unwrap().deserialize().map(|r| r.unwrap()).collect()
}

fn open(path: &Path) -> Result<Scan, Error> {
    read::open(path, &Options::default())
}

fn from_bytes(bytes: &[u8]) -> Result<Scan, Error> {
    read::open_bytes(bytes, "test.nii", &Options::default())
}

fn samples(scan: &Scan) -> &[i32] {
    scan.channels[0].volume.samples.host().unwrap()
}

fn values(scan: &Scan) -> Vec<f64> {
    let scale = scan.channels[0].volume.scale;
    samples(scan).iter().map(|s| scale.value(f64::from(*s))).collect()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    to.write_all(bytes).unwrap();
    to.finish().unwrap()
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut out).unwrap();
    out
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|b| format!("{b:02x}")).collect()
}

/// Every volume of the file as its samples. The hash is over C order of an array x, y, z, t.
fn c_order(volumes: &[Vec<i32>], shape: Shape) -> Vec<i32> {
    let mut out = Vec::new();
    for x in 0..shape.x {
        for y in 0..shape.y {
            for z in 0..shape.z {
                out.extend(volumes.iter().map(|v| v[shape.index(z, y, x)]));
            }
        }
    }
    out
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn the_zoo_reads_as_expected_or_is_refused_by_name() {
    let zoo = shared("zoo_nifti");
    let refused = HashMap::from([
        ("analyze.hdr", (Kind::Unsupported, "Analyze 7.5")),
        ("nifti1.hdr", (Kind::Format, "without its voxels")),
        ("nifti2.hdr", (Kind::Format, "without its voxels")),
        ("row_major.dconn.nii", (Kind::Unsupported, "CIFTI")),
        ("tinypet.v", (Kind::Unsupported, "ECAT")),
    ]);
    for row in rows(&zoo.join("expected.csv")) {
        let (file, number) = (row["file"].as_str(), |name: &str| row[name].parse::<f64>().unwrap());
        let path = zoo.join(file);
        if let Some((kind, word)) = refused.get(file) {
            let e = open(&path).unwrap_err();
            assert!(e.kind == *kind && e.what.contains(word) && e.remedy.is_some(), "{file}: {e}");
            continue;
        }
        let sizes: Vec<usize> = row["shape"].split('x').map(|n| n.parse().unwrap()).collect();
        let times = sizes.get(3).copied().unwrap_or(1);
        if times > 1 {
            let e = open(&path).unwrap_err();
            assert!(e.what.contains(&format!("{times} time points")), "{file}: {e}");
        }
        let read = |t| read::open(&path, &Options { time: Some(t), ..Options::default() }).unwrap();
        let scans: Vec<Scan> = (0..times).map(read).collect();
        let scan = &scans[0];
        assert_eq!([scan.shape.x, scan.shape.y, scan.shape.z], sizes[..3], "{file}");
        let stored = scan.facts.iter().find(|f| f.0 == "stored type").unwrap().1.clone();
        assert_eq!(stored, row["dtype"], "{file}");
        let spacing = scan.spacing.unwrap().zyx;
        let note = &row["note"];
        let sides: Vec<f64> = note
            .split("spacing ")
            .nth(1)
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .split('x')
            .map(|n| n.parse().unwrap())
            .collect();
        assert!((0..3).all(|k| (spacing[2 - k] - sides[k]).abs() < 1e-5 * sides[k]), "{file}: {spacing:?}, {sides:?}");
        if !row["dtype"].starts_with("float") {
            let volumes: Vec<Vec<i32>> = scans.iter().map(|s| samples(s).to_vec()).collect();
            let bytes: Vec<u8> = c_order(&volumes, scan.shape)
                .iter()
                .flat_map(|s| match row["dtype"].as_str() {
                    "uint8" => vec![*s as u8],
                    "int16" => (*s as i16).to_le_bytes().to_vec(),
                    other => panic!("{other}"),
                })
                .collect();
            assert_eq!(hash(&bytes), row["sha256_16"], "{file}");
            let slope: f64 = note.split("slope ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
            let inter: f64 = note.split("inter ").nth(1).unwrap().split(';').next().unwrap().parse().unwrap();
            let scale = scan.channels[0].volume.scale;
            assert!(
                (scale.factor() - slope).abs() < 1e-5 * slope && (scale.offset() - inter).abs() < 0.01,
                "{file}: {scale:?}"
            );
            continue;
        }
        // NaN becomes 0, with its count.
        let (nan, step) =
            (scan.warnings.iter().any(|n| n.contains("hold NaN")), scan.channels[0].volume.scale.factor());
        assert_eq!(nan, file.starts_with("resampled"), "{file}: {:?}", scan.warnings);
        let values = values(scan);
        let sum: f64 = values.iter().sum();
        let largest = values.iter().fold(f64::MIN, |m, v| m.max(*v));
        let smallest = values.iter().filter(|v| !nan || **v != 0.0).fold(f64::MAX, |m, v| m.min(*v));
        assert!((sum - number("sum")).abs() < 1e-8 * number("sum"), "{file}: {sum}");
        assert!((largest - number("max")).abs() < step + 1e-9 * largest, "{file}: {largest}");
        assert!((smallest - number("min")).abs() < step + 1e-9 * smallest, "{file}: {smallest}");
        if !nan {
            // Half a step is less than half of what tells two floats of this size apart, so most come back as they were.
            let bytes: Vec<u8> = c_order(&[samples(scan).to_vec()], scan.shape)
                .iter()
                .flat_map(|s| ((f64::from(*s) * step) as f32).to_le_bytes())
                .collect();
            let same = hash(&bytes) == row["sha256_16"];
            println!("{file}: {} with a step of {step:e}", if same { "exact" } else { "within half a step" });
        }
    }
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn the_tumours_of_the_pet_crops_have_their_published_size_and_uptake() {
    let folder = shared("sts_pet");
    for row in rows(&folder.join("native_grid.csv")) {
        let (id, number) = (&row["id"], |name: &str| row[name].parse::<f64>().unwrap());
        let mut options = Options::default();
        options.suv.assume = None;
        let scan = read::open(&folder.join(format!("{id}_PET_image.nii.gz")), &options).unwrap();
        assert_eq!((scan.modality, scan.channels[0].unit), (Modality::Unknown, "au"), "{id}");
        assert_eq!(format!("{}x{}x{}", scan.shape.x, scan.shape.y, scan.shape.z), row["shape_xyz"]);
        let [z, y, x] = scan.spacing.unwrap().zyx;
        assert_eq!(format!("{x}x{y}x{z}"), row["voxel_mm_xyz"], "the sides come back in decimals");
        let mask = folder.join(format!("{id}_PET_mask.nii.gz"));
        let regions = read::regions(&mask, &scan, &Pick::default(), &options).unwrap();
        assert_eq!(regions.notes, [""; 0]);
        let inside: Vec<f64> = values(&scan)
            .into_iter()
            .zip(&regions.voxels().unwrap())
            .filter(|(_, m)| **m == 1)
            .map(|(v, _)| v)
            .collect();
        assert_eq!(inside.len() as f64, number("gtv_voxels"), "{id}");
        let max = inside.iter().fold(0.0f64, |m, v| m.max(*v));
        let mean = inside.iter().sum::<f64>() / inside.len() as f64;
        assert!((max / number("suv_max") - 1.0).abs() < 1e-6, "{id}: max {max}");
        assert!((mean / number("suv_mean") - 1.0).abs() < 1e-6, "{id}: mean {mean}");
        let ml = inside.len() as f64 * x * y * z / 1000.0;
        assert!((ml - number("mtv_ml")).abs() < 0.005 + 1e-9, "{id}: {ml} ml");
    }
}

#[test]
fn all_types_in_both_byte_orders_and_both_versions_agree() {
    let numbers = [0.0, 1.0, 2.0, 100.0, 7.0, 3.0, 0.0, 5.0, 6.0, 9.0, 11.0, 127.0];
    for code in [2, 4, 8, 16, 64, 256, 512, 768, 1024, 1280] {
        for (big, version) in [(false, 1), (true, 1), (false, 2), (true, 2)] {
            let file = Nifti { code, big, version, ..Nifti::new([2, 3, 2], &numbers) };
            for bytes in [file.bytes(), packed(&file.bytes())] {
                let scan = from_bytes(&bytes).unwrap_or_else(|e| panic!("{code} {big} {version}: {e}"));
                assert_eq!(scan.shape, Shape::new(2, 3, 2));
                assert_eq!(values(&scan), numbers, "{code} {big} {version}");
                assert_eq!(scan.spacing, Spacing::mm([4.0, 3.0, 2.0]));
                let patient_grid = scan.patient_grid.unwrap();
                assert_eq!(patient_grid.origin, [-10.0, -20.0, 30.0]);
                assert_eq!(patient_grid.directions, [[0.0, 0.0, 1.0], [0.0, -1.0, 0.0], [-1.0, 0.0, 0.0]]);
            }
        }
    }
}

#[test]
fn colour_is_three_channels() {
    let mut file = Nifti::new([2, 1, 1], &[0.0, 0.0]);
    file.code = 128;
    file.raw = vec![1, 2, 3, 4, 5, 6];
    let scan = from_bytes(&file.bytes()).unwrap();
    let names: Vec<&str> = scan.channels.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["R", "G", "B"]);
    let part = |c: usize| scan.channels[c].volume.samples.host().unwrap().to_vec();
    assert_eq!([part(0), part(1), part(2)], [[1, 4], [2, 5], [3, 6]]);
}

#[test]
fn slope_and_intercept_make_the_values() {
    let stored = [0.0, 1.0, -5.0, 300.0];
    for (slope, inter, expect) in [
        (2.0, 0.5, [0.5, 2.5, -9.5, 600.5]),
        (-2.0, 1.0, [1.0, -1.0, 11.0, -599.0]),
        (0.0, 9.0, stored),
        (f64::NAN, 9.0, stored),
        (f64::NAN, f64::NAN, stored),
    ] {
        let file = Nifti { slope: [slope, inter], code: 4, ..Nifti::new([4, 1, 1], &stored) };
        let scan = from_bytes(&file.bytes()).unwrap();
        assert_eq!(values(&scan), expect, "{slope} {inter}");
        assert!(scan.channels[0].volume.scale.factor() > 0.0, "larger samples are larger values");
    }
    for inter in [f64::NAN, f64::INFINITY] {
        let file = Nifti { slope: [0.01, inter], code: 4, ..Nifti::new([4, 1, 1], &stored) };
        let e = from_bytes(&file.bytes()).unwrap_err();
        assert!(e.what.contains("beside scl_slope 0.0") && e.remedy.is_some(), "{e}");
    }
}

#[test]
fn voxels_that_are_no_numbers() {
    let file = Nifti { code: 16, ..Nifti::new([3, 1, 1], &[f64::NAN, 2.5, -1.25]) };
    let scan = from_bytes(&file.bytes()).unwrap();
    assert_eq!(values(&scan), [0.0, 2.5, -1.25]);
    assert!(
        scan.warnings
            .iter()
            .any(|n| n == "1 of 3 voxels hold NaN: nothing was imaged there, and they belong to no object"),
        "{:?}",
        scan.warnings
    );
    let file = Nifti { code: 64, ..Nifti::new([2, 1, 1], &[f64::INFINITY, 2.5]) };
    assert!(from_bytes(&file.bytes()).unwrap_err().what.contains("infinite"));
    let file = Nifti { code: 16, ..Nifti::new([2, 1, 1], &[f64::NAN, f64::NAN]) };
    assert!(from_bytes(&file.bytes()).unwrap_err().what.contains("every voxel"));
}

#[test]
fn headers_that_cannot_be_are_named() {
    let good = Nifti::new([2, 1, 1], &[1.0, 2.0]);
    let word = |file: &Nifti, word: &str| {
        let e = from_bytes(&file.bytes()).unwrap_err();
        assert!(e.what.contains(word), "{e}");
    };
    for (code, name) in [(32, "complex"), (1792, "complex"), (1536, "128 bits"), (1, "one bit"), (77, "datatype 77")] {
        word(&Nifti { code, ..good.clone() }, name);
    }
    word(&Nifti { sizes: vec![2, 1, 1, 1, 3], ..good.clone() }, "vectors");
    word(&Nifti { sizes: vec![2, 1, 1, 4], ..good.clone() }, "4 time points");
    word(&Nifti { sizes: vec![2, 0, 1], ..good.clone() }, "dim[2] = 0");
    word(&Nifti { sizes: vec![700, 700, 700], ..good.clone() }, "cannot hold");
    word(&Nifti { offset: 100.0, ..good.clone() }, "inside the header");
    word(&Nifti { offset: -4.0, ..good.clone() }, "vox_offset");
    word(&Nifti { offset: 352.5, ..good.clone() }, "vox_offset");
    word(&Nifti { sizes: vec![32767, 32767, 32767], ..good.clone() }, "limit");
    // A small packed file that promises much.
    let huge = Nifti { sizes: vec![1000, 1000, 100], ..good.clone() };
    let e = from_bytes(&packed(&huge.bytes())).unwrap_err();
    assert!(e.what.contains("cannot hold"), "{e}");
    // Padding behind the packed data is none of them; a second member is.
    for padding in [&[0u8; 3][..], &[0; 600], b"tail"] {
        let bytes = [&packed(&good.bytes())[..], padding].concat();
        assert_eq!(values(&from_bytes(&bytes).unwrap()), values(&from_bytes(&good.bytes()).unwrap()));
    }
    let parts: Vec<u8> = good.bytes().chunks(200).flat_map(packed).collect();
    assert_eq!(values(&from_bytes(&parts).unwrap()), values(&from_bytes(&good.bytes()).unwrap()));
    // A checksum that is cut off or damaged, and another gzip file.
    let mut bytes = packed(&good.bytes());
    let e = from_bytes(&bytes[..bytes.len() - 5]).unwrap_err();
    assert!(e.what.contains("cut off behind the voxels"), "{e}");
    let end = bytes.len() - 6;
    bytes[end] ^= 1;
    assert!(from_bytes(&bytes).unwrap_err().what.contains("damaged"));
    let e = from_bytes(&packed(b"a text of another kind, long enough to be anything")).unwrap_err();
    assert!(e.kind == Kind::Unsupported && e.what.contains("gzip"), "{e}");
}

#[test]
fn extensions_and_time_points_are_stepped_over() {
    let file = Nifti { offset: 400.0, ..Nifti::new([2, 1, 1], &[1.0, 2.0]) };
    assert_eq!(values(&from_bytes(&file.bytes()).unwrap()), [1.0, 2.0]);
    let file = Nifti { sizes: vec![2, 1, 1, 3], ..Nifti::new([2, 1, 1], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]) };
    for bytes in [file.bytes(), packed(&file.bytes())] {
        let options = Options { time: Some(1), ..Options::default() };
        assert_eq!(values(&read::open_bytes(&bytes, "t", &options).unwrap()), [3.0, 4.0]);
    }
}

#[test]
fn the_place_follows_the_rule_of_the_standard() {
    let plain = Nifti::new([2, 2, 2], &[1.0; 8]);
    // Without codes there is no place, and pixdim gives the spacing.
    let scan = from_bytes(&Nifti { codes: [0, 0], ..plain.clone() }.bytes()).unwrap();
    assert_eq!((scan.patient_grid, scan.spacing), (None, Spacing::mm([4.0, 3.0, 2.0])));
    // The quaternion alone: half a turn about z, as scanners write it.
    let file = Nifti { codes: [1, 0], quaternion: [0.0, 0.0, 1.0], ..plain.clone() };
    let patient_grid = from_bytes(&file.bytes()).unwrap().patient_grid.unwrap();
    assert_eq!(patient_grid.directions, [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]);
    // The sform goes before it, with a word where they differ.
    let scan = from_bytes(&Nifti { codes: [1, 1], ..file.clone() }.bytes()).unwrap();
    assert_eq!(scan.patient_grid.unwrap().directions[2], [-1.0, 0.0, 0.0]);
    assert!(scan.warnings.iter().any(|n| n.contains("mm apart; the sform counts")), "{:?}", scan.warnings);
    // Sides from the matrix where pixdim says something else.
    let mut file = plain.clone();
    file.matrix[0][0] = 5.0;
    let scan = from_bytes(&file.bytes()).unwrap();
    assert_eq!(scan.spacing, Spacing::mm([4.0, 3.0, 5.0]));
    assert!(scan.warnings.iter().any(|n| n.contains("pixdim says")), "{:?}", scan.warnings);
    // Axes that lean.
    let mut file = plain.clone();
    file.matrix[0][1] = 1.0;
    let scan = from_bytes(&file.bytes()).unwrap();
    assert_eq!((scan.patient_grid, scan.spacing), (None, Spacing::mm([4.0, 3.0, 2.0])));
    assert!(scan.warnings.iter().any(|n| n.contains("off right angles")), "{:?}", scan.warnings);
    let scan = from_bytes(&Nifti { codes: [1, 1], ..file }.bytes()).unwrap();
    assert!(scan.patient_grid.is_some());
    // Units.
    let scan = from_bytes(&Nifti { units: 3, ..plain.clone() }.bytes()).unwrap();
    assert_eq!(scan.spacing.map(|s| s.unit), Some(Unit::Um));
    assert_eq!(scan.patient_grid.unwrap().origin, [-0.01, -0.02, 0.03]);
    let scan = from_bytes(&Nifti { units: 0, ..plain }.bytes()).unwrap();
    assert!(scan.warnings.iter().any(|n| n.contains("millimetres were taken")), "{:?}", scan.warnings);
}

#[test]
fn pairs_and_sidecars_are_companions() {
    let dir = tempfile::tempdir().unwrap();
    let file = Nifti { pair: true, offset: 0.0, ..Nifti::new([2, 1, 1], &[8.0, 9.0]) };
    let [header, image] = [dir.path().join("a.hdr"), dir.path().join("a.img")];
    std::fs::write(&header, file.header()).unwrap();
    assert!(open(&header).unwrap_err().what.contains("without its voxels"));
    std::fs::write(&image, file.voxels()).unwrap();
    assert_eq!(values(&open(&header).unwrap()), [8.0, 9.0]);
    assert_eq!(read::header_of_voxels(&image).as_deref(), Some("a.hdr"));
    assert_eq!([&header, &dir.path().join("b.img")].map(|p| read::header_of_voxels(p)), [None, None]);
    std::fs::write(dir.path().join("a.json"), "{}").unwrap();
    let companions = |path: &Path| read::examine(path, &Options::default()).unwrap().files.split_off(1);
    assert_eq!(companions(&header), [image, dir.path().join("a.json")]);
    let single = dir.path().join("b.nii.gz");
    std::fs::write(&single, packed(&Nifti::new([2, 1, 1], &[8.0, 9.0]).bytes())).unwrap();
    assert_eq!(companions(&single), [""; 0].map(std::path::PathBuf::from));
    std::fs::write(dir.path().join("b.json"), "{\"Modality\": \"MR\"}").unwrap();
    assert_eq!(companions(&single), [dir.path().join("b.json")]);
    assert_eq!(open(&single).unwrap().modality, Modality::Other);
    std::fs::write(dir.path().join("b.json"), "{\"Modality\": ").unwrap();
    let e = open(&single).unwrap_err();
    assert!(e.what.contains("not JSON") && e.path.unwrap().ends_with("b.json"));
}

fn turned() -> PatientGrid {
    let (s, c) = (0.6, 0.8);
    PatientGrid { origin: [12.25, -3.5, 100.125], directions: [[s, 0.0, c], [0.0, -1.0, 0.0], [c, 0.0, -s]] }
}

#[test]
fn written_labels_read_back_in_their_place() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/l.nii.gz");
    let shape = Shape::new(3, 4, 5);
    let spacing = Spacing::mm([3.27, 4.6875, 4.6875]);
    for most in [1u32, 65_535, 65_536, 4_000_000] {
        let voxels: Vec<u32> = (0..60).map(|i| if i % 7 == 0 { most } else { i % 2 }).collect();
        let labels = Labels::new(shape, voxels.clone()).unwrap();
        for patient_grid in [PatientGrid::STRAIGHT, turned()] {
            write::nifti_labels(&path, "lésions", &labels, spacing, Some(&patient_grid)).unwrap();
            let first = std::fs::read(&path).unwrap();
            write::nifti_labels(&path, "lésions", &labels, spacing, Some(&patient_grid)).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), first, "the same labels give the same bytes");
            assert_eq!(read::labels(&path, &Options::default()).unwrap(), (shape, voxels.clone()));
            let scan = open(&path).unwrap();
            assert_eq!(scan.spacing, spacing);
            let back = scan.patient_grid.unwrap();
            assert!(back.distance(&scan.spacing.unwrap(), &patient_grid, &spacing.unwrap(), shape) < 1e-4);
            assert_eq!(scan.warnings, [""; 0], "sform, qform and pixdim agree");
            // The quaternion alone says the same.
            let mut bytes = unpacked(&first);
            bytes[254] = 0;
            let back = from_bytes(&bytes).unwrap().patient_grid.unwrap();
            assert!(back.distance(&scan.spacing.unwrap(), &patient_grid, &spacing.unwrap(), shape) < 1e-4);
            let regions = read::regions(&path, &scan, &Pick::default(), &Options::default()).unwrap();
            assert_eq!((regions.voxels().unwrap(), regions.notes), (voxels.clone(), vec![]));
        }
        write::nifti_labels(&path, "l", &labels, Spacing::um([1.0, 0.5, 0.5]), None).unwrap();
        let scan = open(&path).unwrap();
        assert_eq!((scan.patient_grid, scan.spacing), (None, Spacing::um([1.0, 0.5, 0.5])));
    }
    let long = Labels::new(Shape::flat(1, 40_000), vec![0; 40_000]).unwrap();
    let e = write::nifti_labels(&path, "l", &long, None, None).unwrap_err();
    assert!(e.kind == Kind::Limit && e.remedy.is_some(), "{e}");
}

#[test]
fn masks_of_another_order_are_reordered_and_of_another_grid_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mask.nii");
    let image = Nifti::new([3, 2, 2], &[1.0; 12]);
    let scan = from_bytes(&image.bytes()).unwrap();
    // The same grid, counted from right to left.
    let numbers: Vec<f64> = (0..12).map(f64::from).collect();
    let mut mask = Nifti { code: 16, ..Nifti::new([3, 2, 2], &numbers) };
    mask.matrix[0] = [-2.0, 0.0, 0.0, 10.0 + 2.0 * 2.0];
    std::fs::write(&path, mask.bytes()).unwrap();
    let regions = read::regions(&path, &scan, &Pick::default(), &Options::default()).unwrap();
    assert_eq!(regions.voxels().unwrap()[..6], [2, 1, 0, 5, 4, 3]);
    assert!(regions.notes[0].contains("no voxel changed"), "{:?}", regions.notes);
    // One voxel further.
    mask.matrix[0] = [2.0, 0.0, 0.0, 12.0];
    std::fs::write(&path, mask.bytes()).unwrap();
    let refused = read::regions(&path, &scan, &Pick::default(), &Options::default()).unwrap_err();
    assert!(refused.what.contains("corners up to 2.00 mm apart") && refused.path.is_some(), "{refused}");
    let pick = Pick { resample: true, ..Pick::default() };
    let regions = read::regions(&path, &scan, &pick, &Options::default()).unwrap();
    assert_eq!(regions.voxels().unwrap()[..6], [0, 0, 1, 0, 3, 4]);
    assert!(regions.notes[0].contains("1: 1 -> 1, 2: 1 -> 0"), "{:?}", regions.notes);
    // Fractions are no labels, nor are scaled ones.
    std::fs::write(&path, Nifti { code: 16, ..Nifti::new([3, 2, 2], &[0.5; 12]) }.bytes()).unwrap();
    assert!(read::regions(&path, &scan, &pick, &Options::default()).unwrap_err().what.contains("fractions"));
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn the_mask_of_the_reference_objects_lies_on_their_grid() {
    let folder = shared("pet_suv");
    // The objects have 20 slices of 256 x 256 voxels of 4 mm from the origin on.
    let mask = folder.join("DRO_mask.nii.gz");
    let scan = open(&mask).unwrap();
    assert_eq!((scan.shape, scan.spacing), (Shape::new(20, 256, 256), Spacing::mm([4.0; 3])));
    assert_eq!(scan.patient_grid, Some(PatientGrid::STRAIGHT));
    let (_, voxels) = read::labels(&mask, &Options::default()).unwrap();
    // The same mask as a program that counts to the front writes it.
    let dir = tempfile::tempdir().unwrap();
    let (shape, path) = (scan.shape, dir.path().join("flipped.nii.gz"));
    let mut flipped = PatientGrid::STRAIGHT;
    flipped.origin = [0.0, 255.0 * 4.0, 0.0];
    flipped.directions[1] = [0.0, -1.0, 0.0];
    let swapped = (0..shape.len()).map(|i| shape.position(i)).map(|[z, y, x]| voxels[shape.index(z, 255 - y, x)]);
    let labels = Labels::new(shape, swapped.collect()).unwrap();
    write::nifti_labels(&path, "mask", &labels, scan.spacing, Some(&flipped)).unwrap();
    let regions = read::regions(&path, &scan, &Pick::default(), &Options::default()).unwrap();
    assert_eq!(regions.voxels().unwrap(), voxels);
    assert_eq!(regions.notes.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn damaged_files_end_with_an_image_or_a_name(
        changes in prop::collection::vec((0usize..600, any::<u8>()), 1..8),
        cut in 0usize..600,
        code in prop::sample::select(vec![2i16, 4, 16, 64, 128, 512, 1024]),
        big: bool,
        version in 1u8..=2,
        gzip: bool,
    ) {
        let numbers: Vec<f64> = (0..24).map(|v| f64::from(v) * 1.5).collect();
        let mut bytes = Nifti { code, big, version, ..Nifti::new([4, 3, 2], &numbers) }.bytes();
        let len = bytes.len();
        for (at, value) in changes {
            bytes[at % len] = value;
        }
        if cut < len && cut % 3 == 0 {
            bytes.truncate(cut);
        }
        let bytes = if gzip { packed(&bytes) } else { bytes };
        let options = Options { max_bytes: 64 << 20, ..Options::default() };
        match read::open_bytes(&bytes, "damaged.nii", &options) {
            Ok(scan) => prop_assert!(scan.shape.len() <= 16 << 20),
            Err(e) => prop_assert!(!e.what.is_empty() && e.kind != Kind::Internal),
        }
    }

    #[test]
    fn damaged_gzip_ends_too(at in 0usize..300, value: u8) {
        let numbers: Vec<f64> = (0..24).map(|v| f64::from(v) * 1.5).collect();
        let mut bytes = packed(&Nifti::new([4, 3, 2], &numbers).bytes());
        let len = bytes.len();
        bytes[at % len] = value;
        let _ = read::open_bytes(&bytes, "damaged.nii.gz", &Options { max_bytes: 64 << 20, ..Options::default() });
    }
}

/// Regression: whole numbers beyond what labels can be, or in steps of a slope, were called fractions.
#[test]
fn numbers_that_are_no_labels_are_called_what_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let labels = |file: Nifti| {
        let path = dir.path().join("l.nii");
        std::fs::write(&path, file.bytes()).unwrap();
        read::labels(&path, &Options::default()).map(|(_, voxels)| voxels).map_err(|e| e.what)
    };
    let floats = |numbers: &[f64]| labels(Nifti { code: 64, ..Nifti::new([3, 1, 1], numbers) });
    let scaled = |slope: [f64; 2]| labels(Nifti { slope, ..Nifti::new([3, 1, 1], &[0.0, 1.0, 2.0]) });
    let top = "; of floats, and of numbers with a slope, they go up to 2147483647";
    assert_eq!(floats(&[0.0, 2e15, 5e15]).unwrap_err(), format!("labels up to 5.00e15{top}"));
    assert_eq!(floats(&[0.0, 1.5, 3.0]).unwrap_err(), "fractions where labels are expected");
    assert_eq!(floats(&[0.0, 7.0, 3.0]).unwrap(), [0, 7, 3]);
    let steps = "whole numbers in steps of 2 where labels are expected: the file gives them a slope";
    assert_eq!(scaled([2.0, 0.0]).unwrap_err(), steps);
    assert_eq!(scaled([0.25, 0.0]).unwrap_err(), "fractions where labels are expected");
    assert_eq!(scaled([1.0, 0.5]).unwrap_err(), "fractions where labels are expected");
    assert_eq!(scaled([1.0, 1e19]).unwrap_err(), format!("labels up to 1.00e19{top}"));
    assert_eq!(scaled([1.0, -1.0]).unwrap_err(), "negative numbers where labels are expected");
    assert_eq!(scaled([1.0, 3.0]).unwrap(), [3, 4, 5]);
}

/// Oracle: numbers of a file against the limits that they are held against, whatever step the samples have.
#[test]
fn a_voxel_of_the_very_value_reaches_a_limit_and_lies_not_above_it() {
    use uptake::{device::Device, pipeline, recipe::Recipe};
    let tenths: Vec<f64> = (0..50).map(|i| f64::from(i) / 10.0).collect();
    let scan = from_bytes(&Nifti { code: 64, ..Nifti::new([50, 1, 1], &tenths) }.bytes()).unwrap();
    let count = |limit: &str| {
        let recipe = format!(
            "[channels]\na = [0]\n[objects.o]\nchannel = \"a\"\nsteps = [{{ op = \"threshold\", method = \"fixed\", {limit} }}, \
             {{ op = \"label\" }}]\n"
        );
        let recipe = Recipe::parse("r.toml", &recipe, &[]).unwrap();
        let outcome = pipeline::run(&scan, &recipe, &Device::Cpu, &Default::default()).unwrap();
        outcome.sets[0].objects.labels.voxels().host().unwrap().iter().filter(|v| **v > 0).count()
    };
    for (i, value) in tenths.iter().enumerate().skip(1) {
        assert_eq!(count(&format!("at_least = {value:?}")), 50 - i, "{value}");
        assert_eq!(count(&format!("value = {value:?}")), 49 - i, "{value}");
    }
}
