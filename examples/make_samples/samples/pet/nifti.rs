//! NIfTI-1 in one gzip file, as converters of DICOM leave it: rows run to the front.

use super::scene::Grid;
use flate2::{Compression, GzBuilder};
use std::io::Write;
use std::path::Path;
use uptake::write::Draft;
use uptake::{Error, Result};

/// What is stored.
pub enum Stored<'a> {
    /// `value = slope * stored`.
    I16(&'a [i16], f32),
    U8(&'a [u8]),
}

/// The bytes are the same each time: no name and no time in the gzip header.
pub fn write(path: &Path, grid: &Grid, stored: &Stored) -> Result<()> {
    let mut bytes = header(grid, stored);
    match stored {
        Stored::I16(values, _) => bytes.extend(values.iter().flat_map(|v| v.to_le_bytes())),
        Stored::U8(values) => bytes.extend_from_slice(values),
    }
    let mut gzip = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::best());
    let packed = gzip.write_all(&bytes).and_then(|()| gzip.finish());
    Draft::write(path, &packed.map_err(|e| Error::from(e).at(path))?)
}

/// 348 bytes, and four that say that nothing follows them.
fn header(grid: &Grid, stored: &Stored) -> Vec<u8> {
    let (code, bits, slope) = match stored {
        Stored::I16(_, slope) => (4_i16, 16_i16, *slope),
        Stored::U8(_) => (2, 8, 1.0),
    };
    let [z, y, x] = grid.shape.zyx().map(|n| n as i16);
    let step = grid.spacing.zyx;
    let mut h = vec![0_u8; 352];
    let mut put = |at: usize, bytes: &[u8]| h[at..at + bytes.len()].copy_from_slice(bytes);
    let floats = |v: &[f64]| v.iter().flat_map(|v| (*v as f32).to_le_bytes()).collect::<Vec<u8>>();
    put(0, &348_i32.to_le_bytes());
    put(40, &[3, x, y, z, 1, 1, 1, 1].map(i16::to_le_bytes).concat());
    put(70, &code.to_le_bytes());
    put(72, &bits.to_le_bytes());
    // The grid is left-handed: the quaternion turns it, the sign mirrors it along z.
    put(76, &floats(&[-1.0, step[2], step[1], step[0], 0.0, 0.0, 0.0, 0.0]));
    put(108, &floats(&[352.0, f64::from(slope), 0.0]));
    put(123, &[2]); // millimetres
    put(148, b"uptake phantom");
    put(252, &[1_i16, 1].map(i16::to_le_bytes).concat());
    // NIfTI has x to the right and y to the front where the patient grid has left and back.
    let ras = |v: [f64; 3]| [-v[0], -v[1], v[2]];
    let origin = ras(grid.patient_grid.origin);
    // Half a turn around y: (0, 1, 0).
    put(256, &floats(&[0.0, 1.0, 0.0, origin[0], origin[1], origin[2]]));
    let [dz, dy, dx] = grid.patient_grid.directions.map(ras);
    for row in 0..3 {
        let line = [dx[row] * step[2], dy[row] * step[1], dz[row] * step[0], origin[row]];
        put(280 + 16 * row, &floats(&line));
    }
    put(344, b"n+1\0");
    h
}
