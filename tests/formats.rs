//! Formats: what the readers make of files.
//!
//! Oracle: the zoos of TIFF and OME-TIFF files, against values and hashes from a reference reader, and the decoder of the `tiff` crate.
//! Invariant: whatever the bytes are, reading ends soon with an image or a named error. Regression: every file that is known
//! not to be read stands in a list here, so that a new failure and an unexpected success both fail.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::shared;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tiff::encoder::{TiffEncoder, colortype};
use uptake::image::Scan;
use uptake::read::{self, Colour, Options, Pages};
use uptake::{Error, Kind};

/// Valid files of variants that are not read, with a word of the error that must name it.
const UNSUPPORTED: &[(&str, &str)] = &[
    ("images/logluv-3c-16b.tiff", "LogLuv"),
    ("images/big_g4.tif", "CCITT group 4 with 65536 rows"),
    ("images/seq/seq-1c-1b-fax3-71f6a21a.tiff", "CCITT"),
    ("images/seq/seq-1c-1b-fax3-fillbits-71f6a21a.tiff", "CCITT"),
    ("images/seq/seq-1c-1b-fax3-lsb-71f6a21a.tiff", "CCITT"),
];

/// Files whose decoders may differ by a few units.
const LOSSY: &[&str] = &["images/quad-tile.jpg.tiff", "images/tiled-jpeg-ycbcr.tif"];

fn as_stored() -> Options {
    Options { colour: Colour::AsStored, max_bytes: 512 << 20, ..Options::default() }
}

/// Rows of a CSV file by column name.
fn rows(path: &Path) -> Vec<HashMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(|r| r.unwrap()).collect()
}

/// Values in the order of the given axes (Z or I, Y, X, and S or C for channels).
fn values(scan: &Scan, axes: &str) -> Vec<f64> {
    let size = |a| match a {
        'Y' => scan.shape.y,
        'X' => scan.shape.x,
        'S' | 'C' => scan.channels.len(),
        _ => scan.shape.z,
    };
    let sizes: Vec<(char, usize)> = axes.chars().map(|a| (a, size(a))).collect();
    let count: usize = sizes.iter().map(|s| s.1).product();
    let views: Vec<_> = scan.channels.iter().map(|c| (c.volume.view().unwrap(), c.volume.scale)).collect();
    assert_eq!(count, scan.shape.len() * views.len(), "{axes} for {} x {}", scan.channels.len(), scan.shape);
    let value = |mut i: usize| {
        let (mut c, mut at) = (0, [0, 0, 0]);
        for (axis, size) in sizes.iter().rev() {
            let here = i % size;
            i /= size;
            match axis {
                'Y' => at[1] = here,
                'X' => at[2] = here,
                'S' | 'C' => c = here,
                _ => at[0] = here,
            }
        }
        let (view, scale) = &views[c];
        scale.value(f64::from(view[at]))
    };
    (0..count).map(value).collect()
}

fn shape_of(scan: &Scan, axes: &str) -> String {
    let size = |a| match a {
        'Y' => scan.shape.y,
        'X' => scan.shape.x,
        'S' | 'C' => scan.channels.len(),
        _ => scan.shape.z,
    };
    axes.chars().map(|a| size(a).to_string()).collect::<Vec<_>>().join("x")
}

/// First 16 hex digits of SHA-256 over the values as little-endian numbers of their type.
fn hash(values: &[f64], dtype: &str) -> String {
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|v| match dtype {
            "uint8" => vec![*v as u8],
            "int8" => vec![*v as i8 as u8],
            "uint16" => (*v as u16).to_le_bytes().to_vec(),
            "int16" => (*v as i16).to_le_bytes().to_vec(),
            "uint32" => (*v as u32).to_le_bytes().to_vec(),
            "int32" => (*v as i32).to_le_bytes().to_vec(),
            "uint64" => (*v as u64).to_le_bytes().to_vec(),
            "float16" => half(*v).to_le_bytes().to_vec(),
            "float32" => (*v as f32).to_le_bytes().to_vec(),
            "float64" => v.to_le_bytes().to_vec(),
            other => panic!("{other}"),
        })
        .collect();
    Sha256::digest(bytes).iter().take(8).map(|b| format!("{b:02x}")).collect()
}

/// A half float that holds the value exactly, by trial of all exponents.
fn half(v: f64) -> u16 {
    for exponent in 0..31u16 {
        let (unit, lead) = if exponent == 0 { (-24, 0.0) } else { (i32::from(exponent) - 25, 1024.0) };
        let fraction = v * 2f64.powi(-unit) - lead;
        if (0.0..1024.0).contains(&fraction) && fraction.trunc() == fraction {
            return exponent << 10 | fraction as u16;
        }
    }
    u16::MAX
}

/// Compares with a row of expected.csv; says how well it agrees.
fn compare(scan: &Scan, row: &HashMap<String, String>, path: &Path) -> Result<String, String> {
    let axes = row["note"].split(';').next().unwrap().to_string();
    let axes = if axes.len() == row["shape"].split('x').count() { axes } else { return Err(format!("axes {axes}")) };
    if shape_of(scan, &axes) != row["shape"] {
        return Err(format!("shape {} {axes}, expected {}", shape_of(scan, &axes), row["shape"]));
    }
    let values = values(scan, &axes);
    let number = |name: &str| row[name].parse::<f64>().unwrap();
    if hash(&values, &row["dtype"]) == row["sha256_16"] {
        return Ok("exact".into());
    }
    let sum: f64 = values.iter().sum();
    if LOSSY.iter().any(|l| path.ends_with(l)) {
        let off = (sum - number("sum")).abs() / values.len() as f64;
        return if off < 1.0 { Ok(format!("lossy, mean off by {off:.3}")) } else { Err(format!("mean off by {off}")) };
    }
    if !row["dtype"].starts_with("float") {
        return Err(format!("{} has another hash; sum {sum}, expected {}", row["dtype"], row["sum"]));
    }
    let step = scan.channels.iter().map(|c| c.volume.scale.factor()).fold(0.0, f64::max);
    let (min, max) = values.iter().fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
    let worst = oracle(path).into_iter().zip(&values).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let close =
        [(min, "min"), (max, "max")].iter().all(|(v, n)| (v - number(n)).abs() <= step + 1e-9 * number(n).abs());
    let sums = (sum - number("sum")).abs() <= step * values.len() as f64 + 1e-9 * number("sum").abs();
    match close && sums && worst <= step / 2.0 {
        true => Ok(format!("within half a step of {step:e}")),
        false => Err(format!("worst {worst:e}, step {step:e}, min {min}, max {max}, sum {sum}")),
    }
}

/// Floats as the `tiff` crate decodes them.
fn oracle(path: &Path) -> Vec<f64> {
    use tiff::decoder::{Decoder, DecodingResult};
    let mut decoder = Decoder::new(std::fs::File::open(path).unwrap()).unwrap();
    match decoder.read_image().unwrap() {
        DecodingResult::F32(v) => v.into_iter().map(f64::from).collect(),
        DecodingResult::F64(v) => v,
        _ => panic!("{} is not of floats", path.display()),
    }
}

/// A file that the reference reader sees otherwise: it counts the images below pages (SubIFDs) as pages. What is read must be the
/// three pages of the main chain; their hash is the reference reader's.
const MAIN_CHAIN: (&str, &str, &str) = ("images/subsubifds.tif", "3x32x32x2", "8d716456718565f4");

/// Opens, with the time it took.
fn timed(path: &Path, options: &Options) -> (Result<Scan, Error>, Duration) {
    let start = Instant::now();
    (read::open(path, options), start.elapsed())
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn the_zoo_of_tiff_files_decodes_bit_for_bit() {
    let folder = shared("zoo_tiff");
    let (mut wrong, mut tally) = (Vec::new(), HashMap::<String, usize>::new());
    for mut row in rows(&folder.join("expected.csv")) {
        if row["file"] == MAIN_CHAIN.0 {
            row.extend([("shape".into(), MAIN_CHAIN.1.into()), ("sha256_16".into(), MAIN_CHAIN.2.into())]);
        }
        let (file, path) = (&row["file"], folder.join(&row["file"]));
        let listed = UNSUPPORTED.iter().find(|(f, _)| f == file);
        let outcome = match (timed(&path, &as_stored()).0, listed) {
            (Err(e), Some((_, word))) if e.kind == Kind::Unsupported && e.what.contains(word) => {
                Ok(format!("not read: {}", e.what))
            }
            (Err(e), _) => Err(format!("{:?}: {}", e.kind, e.what)),
            (Ok(_), Some(_)) => Err("is read, but listed as unsupported".into()),
            (Ok(scan), None) => compare(&scan, &row, &path),
        };
        match outcome {
            Ok(how) => {
                println!("{file:<60} {how}");
                *tally.entry(how.split([' ', ':', ',']).next().unwrap().into()).or_default() += 1;
            }
            Err(what) => wrong.push(format!("{file}: {what}")),
        }
    }
    println!("{tally:?}");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(UNSUPPORTED.iter().all(|(f, _)| folder.join(f).exists()), "a listed file is not in the zoo");
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn a_wrong_pixel_would_be_seen() {
    let folder = shared("zoo_tiff");
    let row = rows(&folder.join("expected.csv")).into_iter().find(|r| r["file"] == "images/int16.tif").unwrap();
    let path = folder.join("images/int16.tif");
    let mut scan = read::open(&path, &as_stored()).unwrap();
    assert!(compare(&scan, &row, &path).is_ok());
    let samples = scan.channels[0].volume.samples.host_mut().unwrap();
    samples[77] += 1;
    assert!(compare(&scan, &row, &path).is_err());
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn ome_files_keep_their_sign_and_their_axes() {
    let folder = shared("zoo_ome");
    for row in rows(&folder.join("expected.csv")) {
        let path = folder.join(&row["file"]);
        let scan = read::open(&path, &as_stored()).unwrap();
        assert_eq!(compare(&scan, &row, &path).as_deref(), Ok("exact"), "{}", row["file"]);
        assert!(scan.facts.contains(&("format".into(), "OME-TIFF".into())));
        assert_eq!(scan.channels[0].saturation, Some(127));
    }
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn files_that_once_broke_a_decoder_end_soon() {
    let folder = shared("zoo_tiff");
    let (mut images, mut errors) = (0, HashMap::<&str, usize>::new());
    let list = rows(&folder.join("fuzz.csv"));
    assert_eq!(list.len(), 53);
    for row in list {
        let (outcome, time) = timed(&folder.join(&row["file"]), &as_stored());
        assert!(time < Duration::from_secs(5), "{} took {time:?}", row["file"]);
        match outcome {
            Ok(_) => images += 1,
            Err(e) => {
                println!("{}: {}", row["file"], e.reason());
                *errors.entry(e.kind.name()).or_default() += 1;
            }
        }
    }
    println!("53 files: {images} images, errors {errors:?}");
    assert_eq!(errors.get("io"), None, "a damaged file is no error of the operating system");
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn dicom_with_a_tiff_magic_is_no_tiff() {
    let folder = shared("zoo_dicom");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = if path.is_file() { std::fs::read(&path).unwrap() } else { continue };
        if bytes.get(128..132) == Some(b"DICM") {
            // Read or refused, but as DICOM; tests/dicom.rs has the rest.
            if let Ok(scan) = read::open(&path, &Options::default()) {
                assert!(scan.facts.contains(&("format".into(), "DICOM".into())), "{}", path.display());
            }
            seen += 1;
        }
    }
    println!("{seen} DICOM files, none of them read as TIFF");
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn microscopy_files_have_their_axes() {
    let check = |path: PathBuf, shape: &str, names: &[&str]| {
        let scan = read::open(&path, &Options::default()).unwrap();
        let found: Vec<_> = scan.channels.iter().map(|c| c.name.as_str()).collect();
        assert_eq!((scan.shape.to_string().as_str(), found.as_slice()), (shape, names), "{}", path.display());
        scan
    };
    let f = shared("bioimage");
    check(f.join("BBBC022_IXMtest_A02_s9.tif"), "395 x 695", &["ch0", "ch1", "ch2"]);
    check(f.join("blobs.tif"), "254 x 256", &["ch0"]);
    let f = shared("stardist");
    check(f.join("img2d.tif"), "512 x 512", &["ch0"]);
    check(f.join("img3d.tif"), "31 x 61 x 57", &["ch0"]);
    for (mask, count, foreground) in [("mask2d.tif", 125, 52_226), ("mask3d.tif", 51, 41_468)] {
        let (_, mut labels) = read::labels(&f.join(mask), &Options::default()).unwrap();
        assert_eq!(labels.iter().filter(|l| **l > 0).count(), foreground);
        labels.sort_unstable();
        labels.dedup();
        assert_eq!(labels.len() - 1, count);
    }
    let f = shared("galaxy");
    check(f.join("sample.tiff"), "265 x 329", &["ch0"]);
    check(f.join("input3_uint16.tiff"), "58 x 64", &["R", "G", "B"]);
    assert!(read::open(&f.join("rgb.png"), &Options::default()).unwrap().channels.len() == 3);
    read::open(&f.join("input5.jpg"), &Options::default()).unwrap();
    read::open(&f.join("input12.png"), &Options::default()).unwrap();
    let f = shared("dsb2018");
    for row in rows(&f.join("index.csv")) {
        let scan = read::open(&f.join("images").join(format!("{}.png", row["image"])), &Options::default()).unwrap();
        assert_eq!((scan.channels.len(), scan.channels[0].saturation), (1, Some(255)));
        assert_eq!(scan.shape.to_string(), format!("{} x {}", row["height"], row["width"]));
        let (_, labels) =
            read::labels(&f.join("labels").join(format!("{}.tif", row["image"])), &Options::default()).unwrap();
        assert_eq!(labels.iter().max().unwrap().to_string(), row["n_labels"]);
    }
}

/// A TIFF of 16-bit grey pages, the first with a description.
fn pages(count: u16, width: u32, height: u32, description: &str) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes).unwrap();
    for page in 0..count {
        let mut image = encoder.new_image::<colortype::Gray16>(width, height).unwrap();
        if page == 0 && !description.is_empty() {
            image.encoder().write_tag(tiff::tags::Tag::ImageDescription, description).unwrap();
        }
        let data: Vec<u16> = (0..width * height).map(|i| page * 1000 + i as u16).collect();
        image.write_data(&data).unwrap();
    }
    bytes.into_inner()
}

fn firsts(scan: &Scan) -> Vec<Vec<i32>> {
    let plane = scan.shape.y * scan.shape.x;
    scan.channels.iter().map(|c| c.volume.samples.host().unwrap().iter().step_by(plane).copied().collect()).collect()
}

#[test]
fn pages_become_the_axes_that_the_description_says() {
    let read = |count, text: &str, options: &Options| read::open_bytes(&pages(count, 5, 4, text), "x.tif", options);
    let plain = Options::default();
    let as_channels = Options { pages: Pages::Channels, ..Options::default() };
    assert_eq!(firsts(&read(3, "", &plain).unwrap()), [[0, 1000, 2000]]);
    assert_eq!(firsts(&read(3, "", &as_channels).unwrap()), [[0], [1000], [2000]]);
    assert_eq!(firsts(&read(2, r#"{"shape": [2, 4, 5], "axes": "CYX"}"#, &plain).unwrap()), [[0], [1000]]);
    assert_eq!(firsts(&read(2, r#"{"shape": [2, 4, 5], "axes": "ZYX"}"#, &as_channels).unwrap()), [[0, 1000]]);
    let imagej = "ImageJ=1.53\nimages=4\nchannels=2\nslices=2\nhyperstack=true\n";
    assert_eq!(firsts(&read(4, imagej, &plain).unwrap()), [[0, 2000], [1000, 3000]]);
    let ome = r#"<OME xmlns="x"><Image><Pixels DimensionOrder="XYZCT" SizeX="5" SizeY="4" SizeZ="2" SizeC="2" SizeT="1"
        PhysicalSizeX="0.5" PhysicalSizeY="0.5" PhysicalSizeZ="2" SignificantBits="12">
        <Channel Name="DAPI"/><Channel Name="GFP"/><TiffData/></Pixels></Image><Image/></OME>"#;
    let scan = read(4, ome, &plain).unwrap();
    assert_eq!(firsts(&scan), [[0, 1000], [2000, 3000]]);
    assert_eq!((scan.channels[1].name.as_str(), scan.channels[1].saturation), ("GFP", Some(4095)));
    assert_eq!(scan.spacing.unwrap().zyx, [2.0, 0.5, 0.5]);
    assert!(scan.warnings[0].contains("2 images"), "{:?}", scan.warnings);
    let e = read(3, &ome.replace("SizeC=\"2\"", "SizeC=\"1\" "), &plain).unwrap();
    assert_eq!(firsts(&e), [[0, 1000]]);
    assert!(read(3, ome, &plain).unwrap_err().what.contains("page 3"));
    assert!(read(1, ome, &plain).unwrap_err().what.contains("page 1"));
    assert!(read(2, "ImageJ=1\nimages=2\nframes=2\n", &plain).unwrap_err().kind == Kind::Usage);
}

#[test]
fn large_imagej_stacks_have_one_page_and_a_run_of_pixels() {
    let text = "ImageJ=1.53\nimages=3\nslices=3\n";
    // The strip of the page is followed by two more pages without directories.
    let mut bytes = pages(1, 5, 4, text);
    let at = bytes.windows(6).position(|w| w == [0, 0, 1, 0, 2, 0]).unwrap();
    let tail: Vec<u8> = [1000u16, 2000].iter().flat_map(|p| (0..20).flat_map(move |i| (p + i).to_le_bytes())).collect();
    let mut run = bytes[at..at + 40].to_vec();
    run.extend(tail);
    let strip = bytes.len() as u32;
    // The one strip is moved to the end, by its offset in the directory.
    let old = (at as u32).to_le_bytes();
    let entry = bytes.windows(4).rposition(|w| w == old).unwrap();
    bytes[entry..entry + 4].copy_from_slice(&strip.to_le_bytes());
    bytes.extend(run);
    let scan = read::open_bytes(&bytes, "x.tif", &Options::default()).unwrap();
    assert_eq!(firsts(&scan), [[0, 1000, 2000]]);
    bytes.truncate(bytes.len() - 1);
    assert_eq!(read::open_bytes(&bytes, "x.tif", &Options::default()).unwrap_err().kind, Kind::Format);
}

#[test]
fn sets_of_files_are_read_together() {
    let folder = tempfile::tempdir().unwrap();
    let ome = r#"<OME UUID="urn:uuid:1"><Image><Pixels DimensionOrder="XYZCT" SizeX="5" SizeY="4" SizeZ="1" SizeC="2" SizeT="1">
        <Channel/><Channel/><TiffData IFD="0"><UUID FileName="a.ome.tif">urn:uuid:1</UUID></TiffData>
        <TiffData FirstC="1" IFD="1"><UUID FileName="b.ome.tif">urn:uuid:2</UUID></TiffData></Pixels></Image></OME>"#;
    let a = folder.path().join("a.ome.tif");
    std::fs::write(&a, pages(1, 5, 4, ome)).unwrap();
    let missing = read::open(&a, &Options::default()).unwrap_err();
    assert!(missing.path.unwrap().ends_with("b.ome.tif"));
    std::fs::write(folder.path().join("b.ome.tif"), pages(2, 5, 4, "")).unwrap();
    assert_eq!(firsts(&read::open(&a, &Options::default()).unwrap()), [[0], [1000]]);
    assert_eq!(read::open_bytes(&pages(1, 5, 4, ome), "a.ome.tif", &Options::default()).unwrap_err().kind, Kind::Usage);

    let write = |name: &str, width| std::fs::write(folder.path().join(name), pages(1, width, 4, "")).unwrap();
    ["s1_w2.tif", "s1_w10.tif", "s2_w2.tif"].iter().for_each(|n| write(n, 5));
    write("s2_w10.tif", 6);
    write("s3_w2.tif", 5);
    let paths: Vec<PathBuf> =
        ["s1_w10", "s1_w2", "s2_w10", "s2_w2", "s3_w2"].map(|n| folder.path().join(format!("{n}.tif"))).into();
    let groups = read::group(&paths, "{name}_w{channel}.tif").unwrap();
    let scan = read::open_set(&groups.sets[0], &Options::default()).unwrap();
    assert_eq!(scan.channels.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["2", "10"]);
    assert!(read::open_set(&groups.sets[1], &Options::default()).unwrap_err().what.contains("4 x 6"));
    assert!(read::open_set(&groups.sets[2], &Options::default()).unwrap_err().what.contains("channel 10"));
}

#[test]
fn grey_pictures_in_colour_are_one_channel() {
    let png = |pixel: fn(u32) -> [u8; 4]| {
        let image = image::RgbaImage::from_fn(6, 5, |x, y| image::Rgba(pixel(y * 6 + x)));
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        bytes.into_inner()
    };
    let channels = |bytes: &[u8], o: &Options| {
        let scan = read::open_bytes(bytes, "x.png", o).unwrap();
        scan.channels.into_iter().map(|c| c.name).collect::<Vec<_>>()
    };
    let grey = png(|i| [i as u8 * 8, i as u8 * 8, i as u8 * 8, 255]);
    assert_eq!(channels(&grey, &Options::default()), ["ch0"]);
    assert_eq!(channels(&grey, &as_stored()).len(), 4);
    assert_eq!(channels(&png(|i| [i as u8, 0, 9, 255]), &Options::default()), ["R", "G", "B"]);
    let clear = png(|i| [i as u8, i as u8, i as u8, i as u8]);
    assert_eq!(channels(&clear, &Options::default()), ["R", "G", "B"]);
    assert!(!read::open_bytes(&clear, "x.png", &Options::default()).unwrap().warnings.is_empty());
}

#[test]
fn sizes_are_checked_before_memory_is_taken() {
    let tight = Options { max_bytes: 79, ..Options::default() };
    let e = read::open_bytes(&pages(1, 5, 4, ""), "x.tif", &tight).unwrap_err();
    assert!(e.kind == Kind::Limit && e.what.contains("4 x 5"), "{e}");
    assert!(read::open_bytes(&pages(1, 5, 4, ""), "x.tif", &Options { max_bytes: 4000, ..tight }).is_ok());
    for nonsense in [
        &b""[..],
        b"II",
        b"II*\0",
        b"MM\0*\0\0\0\x08",
        b"\x89PNG\r\n\x1a\n",
        b"BM",
        b"\xff\xd8\xff",
        b"GIF89a",
        b"hello",
    ] {
        assert!(read::open_bytes(nonsense, "x", &Options::default()).is_err(), "{nonsense:?}");
    }
}

/// What the header promises is what comes; whatever the header refuses, opening refuses in the same words.
fn agree(looked: &Result<read::Extent, Error>, opened: &Result<Scan, Error>) {
    match (looked, opened) {
        (Ok(extent), Ok(scan)) => {
            // Pixels may show that colours are grey, or that transparency says nothing.
            let fewer = scan.facts.iter().any(|f| f.1.starts_with("R = G = B"))
                || scan.notes.iter().any(|n| n.starts_with("transparency was left out"));
            assert!(extent.shape == scan.shape && extent.channels >= scan.channels.len());
            assert!(fewer || extent.channels == scan.channels.len());
            assert_eq!(extent.spacing, scan.spacing);
        }
        (Err(e), Err(other)) => assert_eq!(e.reason(), other.reason()),
        // Damage of the pixels is seen only when they are read.
        (Ok(_), Err(e)) => assert!(e.kind == Kind::Format || e.kind == Kind::Unsupported, "{e}"),
        (Err(e), Ok(_)) => panic!("refused by its header, but read: {e}"),
    }
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn headers_promise_what_comes() {
    let mut seen = 0;
    for folder in
        ["zoo_tiff", "zoo_ome", "bioimage", "stardist", "galaxy", "zoo_dicom", "zoo_nifti", "pet_sts001_dicom"]
    {
        for path in common::files_below(&shared(folder)).into_values() {
            let options = Options { max_bytes: 512 << 20, ..Options::default() };
            let looked = read::examine(&path, &options);
            println!("{}", path.display());
            agree(&looked, &read::open(&path, &options));
            seen += usize::from(looked.is_ok());
        }
    }
    println!("{seen} images");
}

#[test]
fn headers_of_the_samples_promise_what_comes() {
    for image in ["tumour_field.ome.tif", "spheroid_3d.ome.tif", "spots.png", "pet/phantom.nii.gz", "pet/phantom_dicom"]
    {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-images").join(image);
        agree(&read::examine(&path, &Options::default()), &read::open(&path, &Options::default()));
    }
}

#[test]
fn every_file_that_is_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let names = |path: &str| -> Vec<String> {
        let files = read::examine(&at(path), &Options::default()).unwrap().files;
        files.iter().map(|f| f.strip_prefix(folder.path()).unwrap().display().to_string()).collect()
    };
    let ome = r#"<OME UUID="urn:uuid:1"><Image><Pixels DimensionOrder="XYZCT" SizeX="5" SizeY="4" SizeZ="1" SizeC="2" SizeT="1">
        <Channel/><Channel/><TiffData IFD="0"><UUID FileName="a.ome.tif">urn:uuid:1</UUID></TiffData>
        <TiffData FirstC="1" IFD="1"><UUID FileName="b.ome.tif">urn:uuid:2</UUID></TiffData></Pixels></Image></OME>"#;
    std::fs::write(at("a.ome.tif"), pages(1, 5, 4, ome)).unwrap();
    let missing = read::examine(&at("a.ome.tif"), &Options::default()).unwrap_err();
    assert!(missing.path.unwrap().ends_with("b.ome.tif"));
    std::fs::write(at("b.ome.tif"), pages(2, 5, 4, "")).unwrap();
    assert_eq!(names("a.ome.tif"), ["a.ome.tif", "b.ome.tif"]);
    // A member with too few pages, or with pages of another size, is refused before any pixel is read.
    for wrong in [pages(1, 5, 4, ""), pages(2, 5, 3, "")] {
        std::fs::write(at("b.ome.tif"), wrong).unwrap();
        let looked = read::examine(&at("a.ome.tif"), &Options::default());
        assert!(looked.is_err());
        agree(&looked, &read::open(&at("a.ome.tif"), &Options::default()));
    }
    let pair = common::nifti::Nifti { pair: true, offset: 0.0, ..common::nifti::Nifti::new([2, 2, 2], &[1.0; 8]) };
    std::fs::write(at("p.hdr"), pair.header()).unwrap();
    std::fs::write(at("p.img"), pair.voxels()).unwrap();
    std::fs::write(at("p.json"), "{}").unwrap();
    assert_eq!(names("p.hdr"), ["p.hdr", "p.img", "p.json"]);
    for name in ["s_1.tif", "s_2.tif"] {
        std::fs::write(at(name), pages(1, 5, 4, "")).unwrap();
    }
    let set = read::group(&[at("s_1.tif"), at("s_2.tif")], "{name}_{channel}.tif").unwrap().sets.remove(0);
    let extent = read::examine_set(&set, &Options::default()).unwrap();
    assert_eq!((extent.channels, extent.files), (2, vec![at("s_1.tif"), at("s_2.tif")]));
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_are_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let made = std::process::Command::new("mkfifo").arg(at("pipe.tif")).status().unwrap();
    assert!(made.success());
    std::os::unix::fs::symlink(at("pipe.tif"), at("link.dcm")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", at("zero.nii")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(at("socket.png")).unwrap();
    // The other files of an image: those of an OME set, the voxels of a pair, the sidecar.
    let ome = r#"<OME UUID="urn:uuid:1"><Image><Pixels DimensionOrder="XYZCT" SizeX="5" SizeY="4" SizeC="2">
        <TiffData IFD="0"><UUID FileName="set.tif">urn:uuid:1</UUID></TiffData>
        <TiffData FirstC="1" IFD="0"><UUID FileName="pipe.tif">urn:uuid:2</UUID></TiffData></Pixels></Image></OME>"#;
    std::fs::write(at("set.tif"), pages(1, 5, 4, ome)).unwrap();
    let pair = common::nifti::Nifti { pair: true, offset: 0.0, ..common::nifti::Nifti::new([2, 2, 2], &[1.0; 8]) };
    std::fs::write(at("p.hdr"), pair.header()).unwrap();
    std::os::unix::fs::symlink("/dev/zero", at("p.img")).unwrap();
    let start = Instant::now();
    for (name, what) in [
        ("pipe.tif", "a pipe"),
        ("link.dcm", "a pipe"),
        ("zero.nii", "a device"),
        ("socket.png", "a socket"),
        ("set.tif", "a pipe"),
    ] {
        let e = read::open(&at(name), &Options::default()).unwrap_err();
        assert!(e.kind == Kind::Unsupported && e.what.contains(what) && e.remedy.is_some(), "{name}: {e}");
        assert_eq!(read::examine(&at(name), &Options::default()).unwrap_err().what, e.what);
        assert!(!read::is_dicom(&at(name)) && read::foreign(&at(name)).is_none());
        assert_eq!(read::written_by_us(&at(name)), None);
    }
    assert!(read::open(&at("p.hdr"), &Options::default()).unwrap_err().what.contains("without its voxels"));
    let plain = common::nifti::Nifti::new([2, 2, 2], &[1.0; 8]);
    std::fs::write(at("q.nii"), plain.bytes()).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(at("q.json")).status().unwrap().success());
    assert!(read::open(&at("q.nii"), &Options::default()).is_err());
    assert!(start.elapsed() < Duration::from_secs(5));
}

/// Small valid files to mutate: pages, descriptions, compressions, PNG.
fn seeds() -> Vec<Vec<u8>> {
    use tiff::encoder::{Compression, Predictor};
    let mut out = vec![
        pages(3, 5, 4, ""),
        pages(2, 5, 4, r#"{"shape": [2, 4, 5], "axes": "CYX"}"#),
        pages(4, 5, 4, "ImageJ=1.53\nimages=4\nchannels=2\nslices=2\n"),
        pages(
            2,
            5,
            4,
            r#"<OME><Image><Pixels DimensionOrder="XYZCT" SizeZ="1" SizeC="2" SizeT="1"><TiffData/></Pixels></Image></OME>"#,
        ),
    ];
    for compression in
        [Compression::Lzw, Compression::Deflate(tiff::encoder::DeflateLevel::Fast), Compression::Packbits]
    {
        let mut bytes = Cursor::new(Vec::new());
        let encoder = TiffEncoder::new_big(&mut bytes)
            .unwrap()
            .with_compression(compression)
            .with_predictor(Predictor::Horizontal);
        let mut encoder = encoder;
        let data: Vec<u8> = (0..16 * 16 * 3).map(|i| (i * 7) as u8).collect();
        encoder.write_image::<colortype::RGB8>(16, 16, &data).unwrap();
        out.push(bytes.into_inner());
    }
    let mut bytes = Cursor::new(Vec::new());
    let floats: Vec<f32> = (0..64).map(|i| i as f32 * 0.37).collect();
    TiffEncoder::new(&mut bytes).unwrap().write_image::<colortype::Gray32Float>(8, 8, &floats).unwrap();
    out.push(bytes.into_inner());
    let mut bytes = Cursor::new(Vec::new());
    image::GrayImage::from_fn(9, 7, |x, y| image::Luma([(x * y) as u8]))
        .write_to(&mut bytes, image::ImageFormat::Png)
        .unwrap();
    out.push(bytes.into_inner());
    out
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3000) })]
    #[test]
    fn mutated_files_never_panic(
        seed in 0usize..9,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = seeds()[seed].clone();
        for (at, value) in edits {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let start = Instant::now();
        let options = Options { max_bytes: 64 << 20, ..Options::default() };
        let looked = read::examine_bytes(&bytes, "mutated", &options);
        let opened = read::open_bytes(&bytes, "mutated", &options);
        prop_assert!(start.elapsed() < Duration::from_secs(5));
        agree(&looked, &opened);
    }
}

/// Mechanics: a bit that has turned over is no image with other values, wherever in a packed strip it is.
#[test]
fn a_turned_bit_in_a_deflated_strip_is_refused() {
    use tiff::encoder::{Compression, DeflateLevel, TiffEncoder, colortype};
    // Half noise, half even: codes of all lengths.
    let noise = |i: u32| (i.wrapping_mul(2_654_435_761) >> 20) as u16 * u16::from(i % 64 < 32);
    let pixels: Vec<u16> = (0..64 * 64).map(noise).collect();
    let mut file = std::io::Cursor::new(Vec::new());
    let encoder = TiffEncoder::new(&mut file).unwrap();
    let mut encoder = encoder.with_compression(Compression::Deflate(DeflateLevel::Best));
    encoder.write_image::<colortype::Gray16>(64, 64, &pixels).unwrap();
    let bytes = file.into_inner();
    let open = |bytes: &[u8]| read::open_bytes(bytes, "x.tif", &Options::default());
    let whole = open(&bytes).unwrap();
    let values = |scan: &uptake::image::Scan| scan.channels[0].volume.samples.host().unwrap().to_vec();
    assert_eq!(values(&whole), pixels.iter().map(|p| i32::from(*p)).collect::<Vec<_>>());
    let mut refused = 0;
    for at in (100..bytes.len() - 600).step_by(11) {
        let mut turned = bytes.clone();
        turned[at] ^= 1 << (at % 8);
        match open(&turned) {
            Ok(scan) => assert_eq!(values(&scan), values(&whole), "byte {at}"),
            Err(e) => {
                assert_eq!(e.kind, Kind::Format, "byte {at}: {e}");
                refused += 1;
            }
        }
    }
    assert!(refused > 50, "{refused}");
}

/// Mechanics: loss is told, and colours of print are no light.
#[test]
fn a_jpeg_is_told_to_have_lost_and_print_is_refused() {
    use image::{ExtendedColorType, codecs::jpeg::JpegEncoder};
    let mut bytes = vec![];
    JpegEncoder::new_with_quality(&mut bytes, 30).encode(&[7; 256], 16, 16, ExtendedColorType::L8).unwrap();
    let scan = read::open_bytes(&bytes, "x.jpg", &Options::default()).unwrap();
    assert!(scan.is_jpeg() && scan.warnings.iter().any(|w| w.contains("compressed with loss")), "{:?}", scan.warnings);
    // One square of 8 by 8 pixels in cyan, magenta, yellow and black.
    let print = "ffd8ffee000e41646f626500640000000000ffdb004300080606070605080707070909080a0c140d0c0b0b0c1912130f141d\
            1a1f1e1d1a1c1c20242e2720222c231c1c2837292c30313434341f27393d38323c2e333432ffc00014080008000804431100\
            4d11005911004b1100ffc40014000100000000000000000000000000000007ffc40014100100000000000000000000000000\
            000000ffda000e0443004d0059004b00003f00751b184aefffd9";
    let print: Vec<u8> =
        print.as_bytes().chunks(2).map(|two| u8::from_str_radix(str::from_utf8(two).unwrap(), 16).unwrap()).collect();
    let e = read::open_bytes(&print, "x.jpg", &Options::default()).unwrap_err();
    assert!(e.kind == Kind::Unsupported && e.what.contains("CMYK") && e.remedy.is_some(), "{e}");
}

/// Mechanics: what a decoder fills up with grey was measured by nobody.
#[test]
fn a_jpeg_that_ends_early_is_refused() {
    use image::{ExtendedColorType, codecs::jpeg::JpegEncoder};
    let pixels: Vec<u8> = (0..96u32 * 96).map(|i| (i.wrapping_mul(2_654_435_761) >> 25) as u8).collect();
    let mut bytes = vec![];
    JpegEncoder::new_with_quality(&mut bytes, 90).encode(&pixels, 96, 96, ExtendedColorType::L8).unwrap();
    let open = |bytes: &[u8]| read::open_bytes(bytes, "x.jpg", &Options::default());
    assert_eq!(open(&bytes).unwrap().shape.zyx(), [1, 96, 96]);
    for part in [1, 5, 9] {
        let e = open(&bytes[..bytes.len() * part / 10]).unwrap_err();
        assert!(e.kind == Kind::Format && e.what.starts_with("JPEG"), "{e}");
    }
}
