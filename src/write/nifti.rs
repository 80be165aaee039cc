//! Label images and derived images as NIfTI-1 packed with gzip, in the place of the image that they were made from.
//!
//! The grid is that of the scan, voxel for voxel; sform and qform say the same. 16 bits a voxel up to 65535 objects, signed
//! 32 bits beyond (which more programs read than unsigned ones), so none is ever capped. The header holds no time and the
//! gzip wrapper neither, so the same labels give the same bytes. Places are kept in 32 bits, as NIfTI-1 has it: to within
//! 0.0001 mm.

use super::draft::Draft;
use crate::image::{Labels, PatientGrid, Volume};
use crate::read::own;
use crate::units::{Shape, Spacing, Unit};
use crate::{Error, Result};
use flate2::{Compression, GzBuilder};
use std::io::Write;
use std::path::Path;

/// Voxels that are encoded at a time.
const CHUNK: usize = 1 << 16;
/// Header and extension flag.
const HEADER: usize = 352;

/// Writes labels that are on the host to a file that should be called `.nii.gz`.
///
/// # Errors
/// The labels are on a device, an axis is longer than 32767 voxels, or the system refuses to write there.
pub fn nifti_labels(
    path: impl AsRef<Path>,
    set: &str,
    labels: &Labels,
    spacing: Option<Spacing>,
    patient_grid: Option<&PatientGrid>,
) -> Result<()> {
    let path = path.as_ref();
    let voxels = labels.voxels().host().map_err(|e| e.at(path))?;
    if labels.shape.is_empty() {
        return Err(Error::usage("an image without voxels cannot be written").at(path));
    }
    let wide = labels.count > u32::from(u16::MAX);
    let kind = if wide { Kind::Labels32 } else { Kind::Labels16 };
    let header = header(set, labels.shape, kind, spacing, patient_grid).map_err(|e| e.at(path))?;
    let encode = |part: &[u32]| -> Vec<u8> {
        if wide {
            part.iter().flat_map(|v| v.to_le_bytes()).collect()
        } else {
            part.iter().flat_map(|v| (*v as u16).to_le_bytes()).collect()
        }
    };
    pack(path, &header, voxels.chunks(CHUNK).map(encode))
}

/// Writes the values of an image to a file that should be called `.nii.gz`: floats of 32 bits.
///
/// # Errors
/// The image is on a device, an axis is longer than 32767 voxels, or the system refuses to write there.
pub fn nifti_image(
    path: impl AsRef<Path>,
    name: &str,
    image: &Volume,
    patient_grid: Option<&PatientGrid>,
) -> Result<()> {
    let path = path.as_ref();
    let samples = image.samples.host().map_err(|e| e.at(path))?;
    let header = header(name, image.shape, Kind::Float32, image.spacing, patient_grid).map_err(|e| e.at(path))?;
    let encode = |part: &[i32]| -> Vec<u8> {
        part.iter().flat_map(|s| (image.scale.value(f64::from(*s)) as f32).to_le_bytes()).collect()
    };
    pack(path, &header, samples.chunks(CHUNK).map(encode))
}

fn pack(path: &Path, header: &[u8], parts: impl Iterator<Item = Vec<u8>>) -> Result<()> {
    let draft = Draft::create(path)?;
    let mut file = GzBuilder::new().mtime(0).write(draft, Compression::new(6));
    let fill = || {
        file.write_all(header)?;
        for bytes in parts {
            file.write_all(&bytes)?;
        }
        Ok(())
    };
    let done: std::io::Result<()> = fill();
    done.map_err(|e| file.get_ref().error(&e))?;
    let cannot = |e: std::io::Error| Error::io(format!("cannot write: {e}")).at(path);
    file.finish().map_err(cannot)?.commit()
}

/// How voxels are stored.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Labels16,
    Labels32,
    Float32,
}

/// The header, all numbers with their least significant byte first.
fn header(
    set: &str,
    shape: Shape,
    kind: Kind,
    spacing: Option<Spacing>,
    patient_grid: Option<&PatientGrid>,
) -> Result<[u8; HEADER]> {
    let mut h = [0u8; HEADER];
    let mut put = |at: usize, bytes: &[u8]| {
        h.iter_mut().skip(at).zip(bytes).for_each(|(to, b)| *to = *b);
    };
    let short = |v: i16| v.to_le_bytes();
    let float = |v: f64| (v as f32).to_le_bytes();
    put(0, &348i32.to_le_bytes());
    put(38, b"r");
    let sizes = [3, shape.x, shape.y, shape.z, 1, 1, 1, 1];
    for (i, n) in sizes.into_iter().enumerate() {
        let n = i16::try_from(n).map_err(|_| {
            Error::limit(format!("{shape} voxels: NIfTI-1 holds at most 32767 along an axis")).remedy("OME-TIFF labels")
        })?;
        put(40 + 2 * i, &short(n));
    }
    let (code, bits) = match kind {
        Kind::Labels16 => (512, 16),
        Kind::Labels32 => (8, 32),
        Kind::Float32 => (16, 32),
    };
    put(68, &short(if kind == Kind::Float32 { 0 } else { own::NIFTI_LABEL }));
    put(70, &short(code));
    put(72, &short(bits));
    let [z, y, x] = spacing.map_or([1.0; 3], |s| s.zyx);
    let turn = patient_grid.filter(|_| spacing.is_some()).map(turn);
    let qfac = turn.as_ref().map_or(1.0, |t| t.qfac);
    for (i, v) in [qfac, x, y, z, 1.0, 1.0, 1.0, 1.0].into_iter().enumerate() {
        put(76 + 4 * i, &float(v));
    }
    put(108, &float(HEADER as f64));
    put(112, &float(1.0));
    put(123, &[spacing.map_or(0, |s| if s.unit == Unit::Um { 3 } else { 2 })]);
    put(148, text(&format!("{}{set}", own::NIFTI), 79).as_bytes());
    put(328, text(set, 15).as_bytes());
    if let (Some(turn), Some(p), Some(s)) = (turn, patient_grid, spacing) {
        put(252, &short(1));
        put(254, &short(1));
        // Positions are in millimetres, the header in the unit of the spacing.
        let mm = 1000.0 / s.unit.um();
        let [left, back, head] = p.origin;
        let origin = [-left * mm, -back * mm, head * mm];
        for (i, v) in turn.quaternion.into_iter().chain(origin).enumerate() {
            put(256 + 4 * i, &float(v));
        }
        for (row, start) in origin.into_iter().enumerate() {
            let along = [turn.axes[0][row] * x, turn.axes[1][row] * y, turn.axes[2][row] * z, start];
            for (i, v) in along.into_iter().enumerate() {
                put(280 + 16 * row + 4 * i, &float(v + 0.0));
            }
        }
    }
    put(344, b"n+1\0");
    Ok(h)
}

/// As much as fits, without a letter that is cut in two.
fn text(words: &str, most: usize) -> &str {
    let end = (0..=most.min(words.len())).rev().find(|i| words.is_char_boundary(*i)).unwrap_or(0);
    words.get(..end).unwrap_or_default()
}

/// Axes x, y, z of the grid in right, front, head, and the rotation that they are.
struct Turn {
    axes: [[f64; 3]; 3],
    quaternion: [f64; 3],
    qfac: f64,
}

fn turn(p: &PatientGrid) -> Turn {
    let ras = |d: [f64; 3]| [-d[0], -d[1], d[2]];
    let axes = [ras(p.directions[2]), ras(p.directions[1]), ras(p.directions[0])];
    let [x, y, z] = axes;
    let volume =
        x[0] * (y[1] * z[2] - y[2] * z[1]) - x[1] * (y[0] * z[2] - y[2] * z[0]) + x[2] * (y[0] * z[1] - y[1] * z[0]);
    // A grid that is a mirror image is a rotation once its third axis is turned round.
    let qfac = if volume < 0.0 { -1.0 } else { 1.0 };
    Turn { axes, quaternion: quaternion([x, y, z.map(|v| v * qfac)]), qfac }
}

/// b, c, d of the unit quaternion of a rotation given by its columns, with a >= 0.
fn quaternion([x, y, z]: [[f64; 3]; 3]) -> [f64; 3] {
    // Four times the square of each part; the largest one is safe to divide by.
    let squares =
        [1.0 + x[0] + y[1] + z[2], 1.0 + x[0] - y[1] - z[2], 1.0 - x[0] + y[1] - z[2], 1.0 - x[0] - y[1] + z[2]];
    let mut largest = 0;
    for k in 1..4 {
        if squares[k] > squares[largest] {
            largest = k;
        }
    }
    let twice = squares[largest].max(0.0).sqrt();
    let part = twice / 2.0;
    let over = 1.0 / (2.0 * twice);
    let [a, b, c, d] = match largest {
        0 => [part, (y[2] - z[1]) * over, (z[0] - x[2]) * over, (x[1] - y[0]) * over],
        1 => [(y[2] - z[1]) * over, part, (x[1] + y[0]) * over, (z[0] + x[2]) * over],
        2 => [(z[0] - x[2]) * over, (x[1] + y[0]) * over, part, (y[2] + z[1]) * over],
        _ => [(x[1] - y[0]) * over, (z[0] + x[2]) * over, (y[2] + z[1]) * over, part],
    };
    let sign = if a < 0.0 { -1.0 } else { 1.0 };
    [b * sign + 0.0, c * sign + 0.0, d * sign + 0.0]
}
