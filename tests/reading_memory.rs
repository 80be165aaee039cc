//! What reading takes, counted by the allocator: never more than the header was said to need, and not much less.
//! Invariant: the bound holds for every format. Regression: small files that unpack to much.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::nifti::Nifti;
use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use tiff::encoder::{Compression, DeflateLevel, TiffEncoder, TiffValue, colortype};
use uptake::read::{self, Extent, Options};
use uptake::{Error, Kind};

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
/// One at a time: what a test takes must not count for another.
static TURN: Mutex<()> = Mutex::new(());

struct Counter;

// SAFETY: everything is handed on to the system's allocator.
unsafe impl GlobalAlloc for Counter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        PEAK.fetch_max(NOW.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        PEAK.fetch_max(NOW.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTER: Counter = Counter;

/// What a piece of work gives, and the most bytes that it took at a time.
fn counted<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = NOW.load(Relaxed);
    PEAK.store(before, Relaxed);
    let out = work();
    (out, (PEAK.load(Relaxed) - before) as u64)
}

/// Bytes for names, notes and threads, which no bound counts.
const SMALL: u64 = 192 << 10;

/// Holds the bound of a file against what reading it takes.
fn hold(name: &str, path: &Path, nearly: bool) {
    let options = Options::default();
    let (extent, looking) = counted(|| read::examine(path, &options).unwrap());
    let (scan, peak) = counted(|| read::open(path, &options).unwrap());
    let Extent { reading, .. } = extent;
    let (finished, bound) = (extent.finished(), extent.peak());
    println!(
        "{name:<24} samples {finished:>10}  reading {reading:>10}  bound {bound:>10}  taken {peak:>10}  look {looking:>8}"
    );
    assert_eq!(extent.shape, scan.shape);
    assert!(peak <= bound + SMALL, "{name}: {peak} bytes were taken, {bound} were promised");
    assert!(looking < SMALL + reading, "{name}: {looking} bytes for a look");
    // Decoders whose inner need cannot be known better may take less than half.
    let most = if nearly { peak + peak / 2 } else { 3 * peak };
    assert!(bound <= most + (4 << 20), "{name}: {bound} bytes were promised, {peak} were taken");
}

fn numbers(count: usize) -> impl Iterator<Item = u32> {
    (0..count as u32).map(|i| i.wrapping_mul(2_654_435_761) >> 20)
}

fn tiff<C: colortype::ColorType>(size: u32, compression: Compression, value: impl Fn(u32) -> C::Inner) -> Vec<u8>
where
    [C::Inner]: TiffValue,
{
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes).unwrap().with_compression(compression);
    let samples = C::BITS_PER_SAMPLE.len();
    let data: Vec<C::Inner> = numbers((size * size) as usize * samples).map(value).collect();
    encoder.write_image::<C>(size, size, &data).unwrap();
    bytes.into_inner()
}

/// A TIFF of one deflated strip or of tiles, all zeros, with any sizes.
fn zeros(width: u32, height: u32, tile: Option<u32>, real: bool) -> Vec<u8> {
    let chunk = tile.map_or((width * height) as usize, |t| (t * t) as usize);
    let (across, down) = tile.map_or((1, 1), |t| (width.div_ceil(t), height.div_ceil(t)));
    let packed = {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        let zeros = vec![0u8; if real { chunk } else { 64 }];
        encoder.write_all(&zeros).unwrap();
        encoder.finish().unwrap()
    };
    let count = across * down;
    let places = if tile.is_some() { [324u16, 325] } else { [273, 279] };
    let mut entries: Vec<(u16, u16, u32, u32)> =
        vec![(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 8), (262, 3, 1, 1)];
    if let Some(t) = tile {
        entries.extend([(322, 4, 1, t), (323, 4, 1, t)]);
    }
    let lists = 8 + packed.len() as u32;
    let (first, second) = if count == 1 { (8, packed.len() as u32) } else { (lists, lists + 4 * count) };
    entries.extend([(places[0], 4, count, first), (places[1], 4, count, second)]);
    entries.sort_unstable();
    let mut out = b"II*\0".to_vec();
    let directory = lists + if count == 1 { 0 } else { 8 * count };
    out.extend(directory.to_le_bytes());
    out.extend(&packed);
    if count > 1 {
        (0..count).for_each(|_| out.extend(8u32.to_le_bytes()));
        (0..count).for_each(|_| out.extend((packed.len() as u32).to_le_bytes()));
    }
    out.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        out.extend(tag.to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend(count.to_le_bytes());
        out.extend(value.to_le_bytes());
    }
    out.extend([0; 4]);
    out
}

fn picture(size: u32, format: image::ImageFormat, kind: &str) -> Vec<u8> {
    let v = |x: u32, y: u32| (x * 7 + y * y) % 251;
    let image: image::DynamicImage = match kind {
        "grey" => image::GrayImage::from_fn(size, size, |x, y| image::Luma([v(x, y) as u8])).into(),
        "grey16" => {
            image::ImageBuffer::<image::Luma<u16>, _>::from_fn(size, size, |x, y| image::Luma([v(x, y) as u16 * 200]))
                .into()
        }
        "rgb" => image::RgbImage::from_fn(size, size, |x, y| image::Rgb([v(x, y) as u8, 9, v(y, x) as u8])).into(),
        _ => image::RgbaImage::from_fn(size, size, |x, y| image::Rgba([v(x, y) as u8; 4])).into(),
    };
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    common::seeds::keep("raster", bytes.get_ref());
    bytes.into_inner()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn element(group: u16, number: u16, vr: &str, value: &[u8]) -> Vec<u8> {
    let mut out = [group.to_le_bytes(), number.to_le_bytes()].concat();
    let mut value = value.to_vec();
    if value.len() % 2 == 1 {
        value.push(if vr == "UI" { 0 } else { b' ' });
    }
    out.extend(vr.as_bytes());
    if vr == "OW" {
        out.extend([0, 0]);
        out.extend((value.len() as u32).to_le_bytes());
    } else {
        out.extend((value.len() as u16).to_le_bytes());
    }
    out.extend(value);
    out
}

/// A DICOM slice of 16-bit zeros; `more` bytes stand behind the pixels that its sizes ask for.
fn slice(size: u16, z: usize, deflated: bool, more: usize) -> Vec<u8> {
    let short = |v: u16| v.to_le_bytes().to_vec();
    let body = [
        element(8, 0x60, "CS", b"CT"),
        element(0x20, 0xe, "UI", b"1.2.3"),
        element(0x20, 0x32, "DS", format!("0\\0\\{z}").as_bytes()),
        element(0x20, 0x37, "DS", b"1\\0\\0\\0\\1\\0"),
        element(0x28, 2, "US", &short(1)),
        element(0x28, 4, "CS", b"MONOCHROME2"),
        element(0x28, 0x10, "US", &short(size)),
        element(0x28, 0x11, "US", &short(size)),
        element(0x28, 0x30, "DS", b"1\\1"),
        element(0x28, 0x100, "US", &short(16)),
        element(0x28, 0x101, "US", &short(16)),
        element(0x28, 0x102, "US", &short(15)),
        element(0x28, 0x103, "US", &short(0)),
        element(0x7fe0, 0x10, "OW", &vec![0; usize::from(size) * usize::from(size) * 2 + more]),
    ]
    .concat();
    let syntax: &[u8] = if deflated { b"1.2.840.10008.1.2.1.99" } else { b"1.2.840.10008.1.2.1" };
    let meta = element(2, 0x10, "UI", syntax);
    let mut out = vec![0; 128];
    out.extend(b"DICM");
    out.extend(element(2, 0, "UL", &(meta.len() as u32).to_le_bytes()));
    out.extend(meta);
    if deflated {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&body).unwrap();
        out.extend(encoder.finish().unwrap());
    } else {
        out.extend(body);
    }
    out
}

/// A folder to write files to.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        // The threads that decode are there before anything is counted.
        rayon::join(|| (), || ());
        Folder(tempfile::tempdir().unwrap())
    }
    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

#[test]
fn reading_takes_what_the_header_was_said_to_need() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = Folder::new();
    let check = |name: &str, bytes: Vec<u8>, nearly: bool| hold(name, &folder.write(name, &bytes), nearly);
    use Compression::{Deflate, Lzw, Packbits, Uncompressed};
    let size = 1500;
    check("grey8.tif", tiff::<colortype::Gray8>(size, Uncompressed, |v| v as u8), true);
    check("grey16.tif", tiff::<colortype::Gray16>(size, Uncompressed, |v| v as u16), true);
    check("grey16_lzw.tif", tiff::<colortype::Gray16>(size, Lzw, |v| v as u16), true);
    check("deflate.tif", tiff::<colortype::Gray16>(size, Deflate(DeflateLevel::Fast), |v| v as u16), true);
    check("packbits.tif", tiff::<colortype::Gray8>(size, Packbits, |v| v as u8), true);
    check("float32.tif", tiff::<colortype::Gray32Float>(size, Uncompressed, |v| v as f32 / 3.0), true);
    check("float64.tif", tiff::<colortype::Gray64Float>(size, Uncompressed, |v| f64::from(v) / 3.0), true);
    check("rgb8.tif", tiff::<colortype::RGB8>(size, Uncompressed, |v| v as u8), true);
    check("rgba16.tif", tiff::<colortype::RGBA16>(size, Lzw, |v| v as u16), true);
    check("one_strip.tif", zeros(2000, 1500, None, true), true);
    check("tiles.tif", zeros(3000, 2000, Some(256), true), true);
    check("large_tiles.tif", zeros(3000, 3000, Some(2048), true), true);
    check("thin.tif", zeros(1, 2_000_000, None, true), true);
    for kind in ["grey", "grey16", "rgb", "rgba"] {
        check(&format!("{kind}.png"), picture(size, image::ImageFormat::Png, kind), true);
    }
    for kind in ["grey", "rgb"] {
        check(&format!("{kind}.jpg"), picture(size, image::ImageFormat::Jpeg, kind), false);
        check(&format!("{kind}.bmp"), picture(size, image::ImageFormat::Bmp, kind), true);
    }
    let voxels: Vec<f64> = numbers(128 * 128 * 64).map(|v| f64::from(v % 100) + 0.5).collect();
    for (code, name) in [(2, "uint8"), (4, "int16"), (16, "float32"), (64, "float64"), (1280, "uint64")] {
        let nifti = Nifti { code, ..Nifti::new([128, 128, 64], &voxels) };
        check(&format!("{name}.nii"), nifti.bytes(), true);
        check(&format!("{name}.nii.gz"), gzip(&nifti.bytes()), true);
    }
    let turned = Nifti { slope: [-1.0, 0.0], ..Nifti::new([128, 128, 64], &voxels) };
    check("turned.nii", turned.bytes(), true);
    check("native.dcm", slice(1024, 0, false, 0), true);
    check("deflated.dcm", slice(1024, 0, true, 0), true);
}

#[test]
fn a_series_takes_what_its_headers_were_said_to_need() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    for deflated in [false, true] {
        let folder = Folder::new();
        let files: Vec<PathBuf> =
            (0..40).map(|z| folder.write(&format!("{z:02}.dcm"), &slice(256, z, deflated, 0))).collect();
        let found = read::find_series(&files);
        let (extent, looking) = counted(|| read::examine_series(&found.series[0], &Options::default()).unwrap());
        let (scan, peak) = counted(|| read::read_series(&found.series[0], &Options::default()).unwrap());
        println!("series of 40, deflated {deflated}: bound {}, taken {peak}, look {looking}", extent.peak());
        assert_eq!((extent.shape, extent.channels, &extent.files), (scan.shape, 1, &files));
        assert_eq!(extent.spacing, scan.spacing);
        assert!(peak <= extent.peak() + SMALL && extent.peak() <= 2 * peak + (1 << 20));
        assert!(looking < 1 << 20);
    }
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn no_file_of_the_zoos_takes_more() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    rayon::join(|| (), || ());
    let mut wrong = Vec::new();
    let folders = ["zoo_tiff", "zoo_ome", "zoo_dicom", "zoo_nifti", "bioimage", "stardist", "galaxy", "sts_pet"];
    for folder in folders.map(common::shared) {
        for path in common::files_below(&folder).into_values() {
            let options = Options { max_bytes: 512 << 20, ..Options::default() };
            let (looked, looking) = counted(|| read::examine(&path, &options));
            let (_, peak) = counted(|| read::open(&path, &options).map(|_| ()));
            let bound = looked.as_ref().map_or(0, Extent::peak);
            let size = std::fs::metadata(&path).unwrap().len();
            if peak > bound + SMALL + if looked.is_err() { size } else { 0 } || looking > (1 << 20) + 2 * size {
                wrong.push(format!("{}: bound {bound}, taken {peak}, look {looking}, {size} bytes", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A look, and opening, with so much memory.
fn with(most: u64, path: &Path) -> [(Result<(), Error>, u64); 2] {
    let options = Options { max_bytes: most, ..Options::default() };
    [counted(|| read::examine(path, &options).map(|_| ())), counted(|| read::open(path, &options).map(|_| ()))]
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(data);
    [&(data.len() as u32).to_be_bytes()[..], kind, data, &crc.sum().to_be_bytes()].concat()
}

#[test]
fn small_files_that_unpack_to_much_are_refused_or_read_in_little_memory() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = Folder::new();
    // Sizes that pass the limit are refused by the header.
    for (name, bytes) in [
        ("strip.tif", zeros(30_000, 30_000, None, false)),
        ("tiles.tif", zeros(30_000, 30_000, Some(512), false)),
        ("gz.nii.gz", gzip(&Nifti { raw: vec![0; 4 << 20], ..Nifti::new([1024, 1024, 1024], &[]) }.bytes())),
    ] {
        for (outcome, taken) in with(1 << 30, &folder.write(name, &bytes)) {
            let e = outcome.unwrap_err();
            assert!(matches!(e.kind, Kind::Limit | Kind::Format) && taken < 1 << 20, "{name}: {taken} bytes, {e}");
        }
    }
    // What is never used is never unpacked.
    let bomb = {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        (0..64).for_each(|_| encoder.write_all(&[0; 1 << 20]).unwrap());
        encoder.finish().unwrap()
    };
    let png = picture(32, image::ImageFormat::Png, "grey");
    let texts = [
        chunk(b"iCCP", &[b"p\0\0", &bomb[..]].concat()),
        chunk(b"zTXt", &[b"t\0\0", &bomb[..]].concat()),
        chunk(b"iTXt", &[b"t\0\x01\0\0\0", &bomb[..]].concat()),
        chunk(b"tEXt", &[b"t\0", &vec![b'a'; 8 << 20][..]].concat()),
    ];
    for (n, text) in texts.iter().enumerate() {
        let bytes = [&png[..33], text, &png[33..]].concat();
        for (outcome, taken) in with(4 << 20, &folder.write(&format!("text{n}.png"), &bytes)) {
            assert!(outcome.is_ok() && taken < 1 << 20, "chunk {n}: {taken} bytes, {outcome:?}");
        }
    }
    // Bytes behind the pixels stay packed.
    let deflated = folder.write("tail.dcm", &slice(64, 0, true, 32 << 20));
    for (outcome, taken) in with(64 << 20, &deflated) {
        assert!(outcome.is_ok() && taken < 1 << 20, "deflated: {taken} bytes, {outcome:?}");
    }
    let longer = Nifti::new([8, 8, 8], &[1.0; 512]).bytes();
    let gz = folder.write("longer.nii.gz", &gzip(&[&longer[..], &vec![0; 64 << 20]].concat()));
    for (outcome, taken) in with(8 << 20, &gz) {
        assert!(outcome.is_ok() && taken < 1 << 20, "gzip: {taken} bytes, {outcome:?}");
    }
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn files_that_once_took_too_much_are_held() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    rayon::join(|| (), || ());
    for (outcome, taken) in with(100 << 20, &common::failing("fuzz-iccp.png")) {
        assert!(outcome.is_ok() && taken < 1 << 20, "{taken} bytes, {outcome:?}");
    }
    for (outcome, taken) in with(2 << 30, &common::failing("fuzz-zeros-20000.tif")) {
        let need = if let Err(e) = &outcome { e.kind == Kind::Limit && taken < 1 << 20 } else { taken < 2 << 30 };
        assert!(need, "{taken} bytes, {outcome:?}");
    }
}
