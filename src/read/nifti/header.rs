//! The header of NIfTI-1 (348 bytes) and NIfTI-2 (540 bytes) in either byte order, checked as far as it stands alone.
//!
//! NIfTI-1 keeps its fractions in 32 bits. They are widened by way of their shortest decimal, so that 3.27 mm is 3.27 again.
//! Reference: <https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h> and `nifti2.h` beside it.

use crate::{Error, Result};

/// Bytes of the longest header with its extension flag.
pub const LONGEST: usize = 544;

/// What the header says.
#[derive(Clone, Debug)]
pub struct Header {
    /// NIfTI-1 or NIfTI-2.
    pub version: u8,
    /// Voxels are in another file, `.img`.
    pub pair: bool,
    /// Numbers begin with their most significant byte.
    pub big: bool,
    /// x, y, z, t and beyond; at least one.
    pub sizes: Vec<u64>,
    /// Code of the type of the voxels.
    pub datatype: i16,
    /// Bits of a voxel.
    pub bitpix: i16,
    /// Sign of the third axis of the quaternion, then the sides of a voxel.
    pub pixdim: [f64; 8],
    /// Where the voxels begin.
    pub vox_offset: u64,
    /// Value of a step; 0 where nothing is scaled.
    pub slope: f64,
    /// Value of a stored 0.
    pub inter: f64,
    /// What the numbers are meant to be.
    pub intent: i32,
    /// Units of length (low three bits) and of time.
    pub units: u8,
    /// 0 if there is no quaternion.
    pub qform: i32,
    /// 0 if there is no matrix.
    pub sform: i32,
    /// b, c, d.
    pub quaternion: [f64; 3],
    /// Offset that goes with the quaternion.
    pub offset: [f64; 3],
    /// Rows of the matrix.
    pub matrix: [[f64; 4]; 3],
    /// Free text.
    pub description: String,
}

/// What the first bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// NIfTI-1: version 1; NIfTI-2: version 2.
    Nifti {
        /// 1 or 2.
        version: u8,
        /// Most significant byte first.
        big: bool,
        /// Voxels elsewhere.
        pair: bool,
    },
    /// The format that NIfTI came from: it has no place and no reliable sign.
    Analyze,
}

/// Looks at the first bytes. Fewer than a whole header are taken by their length field alone.
pub fn kind(head: &[u8]) -> Option<Kind> {
    let word = |at: usize| head.get(at..at + 4)?.try_into().ok();
    let first = word(0)?;
    let (size, big) = match (u32::from_le_bytes(first), u32::from_be_bytes(first)) {
        (n @ (348 | 540), _) => (n, false),
        (_, n @ (348 | 540)) => (n, true),
        _ => return None,
    };
    let (version, mark): (u8, Option<[u8; 4]>) = if size == 540 { (2, word(4)) } else { (1, word(344)) };
    let pair = match (version, mark.as_ref()) {
        (1, Some(b"n+1\0")) | (2, Some(b"n+2\0")) => false,
        (1, Some(b"ni1\0")) | (2, Some(b"ni2\0")) => true,
        // Behind gzip the first bytes of a file may not reach as far as the mark.
        (1, None) => false,
        (1, Some(_)) => return analyze(head, big).then_some(Kind::Analyze),
        _ => return None,
    };
    Some(Kind::Nifti { version, big, pair })
}

fn analyze(head: &[u8], big: bool) -> bool {
    Fields { bytes: head, big }.whole::<2>(40).is_ok_and(|axes| (1..=7).contains(&axes))
}

/// Numbers by their place.
struct Fields<'a> {
    bytes: &'a [u8],
    big: bool,
}

impl Fields<'_> {
    fn raw<const N: usize>(&self, at: usize) -> Result<[u8; N]> {
        let bytes = self.bytes.get(at..at + N).and_then(|b| b.try_into().ok());
        let mut raw: [u8; N] = bytes.ok_or_else(|| Error::format("the NIfTI header is cut off"))?;
        if self.big {
            raw.reverse();
        }
        Ok(raw)
    }

    /// A signed integer of N bytes.
    fn whole<const N: usize>(&self, at: usize) -> Result<i64> {
        let raw = self.raw::<N>(at)?;
        let mut wide = if raw.last().is_some_and(|b| b & 0x80 != 0) { [0xff; 8] } else { [0; 8] };
        wide.iter_mut().zip(raw).for_each(|(to, b)| *to = b);
        Ok(i64::from_le_bytes(wide))
    }

    fn single(&self, at: usize) -> Result<f64> {
        let v = f32::from_le_bytes(self.raw(at)?);
        Ok(v.to_string().parse().unwrap_or_else(|_| f64::from(v)))
    }

    fn double(&self, at: usize) -> Result<f64> {
        Ok(f64::from_le_bytes(self.raw(at)?))
    }

    /// `N` fractions of either width, one after the other.
    fn fractions<const N: usize>(&self, at: usize, wide: bool) -> Result<[f64; N]> {
        let mut out = [0.0; N];
        for (i, v) in out.iter_mut().enumerate() {
            *v = if wide { self.double(at + 8 * i)? } else { self.single(at + 4 * i)? };
        }
        Ok(out)
    }

    fn text(&self, at: usize, len: usize) -> String {
        let bytes = self.bytes.get(at..at + len).unwrap_or_default();
        let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
        let text = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default());
        text.chars().filter(|c| !c.is_control()).collect::<String>().trim().to_string()
    }
}

impl Header {
    /// Reads the header from the first bytes of the (unpacked) file.
    ///
    /// # Errors
    /// It is cut off, or says what cannot be.
    pub fn parse(bytes: &[u8]) -> Result<Header> {
        let Some(Kind::Nifti { version, big, pair }) = kind(bytes) else {
            return Err(Error::format("not a NIfTI header"));
        };
        let (f, wide) = (Fields { bytes, big }, version == 2);
        let [dim, datatype, bitpix, pixdim, scale] = if wide { [16, 12, 14, 104, 176] } else { [40, 70, 72, 76, 112] };
        let [intent, units, description] = if wide { [504, 500, 240] } else { [68, 123, 148] };
        let [qform, sform, quaternion, matrix] = if wide { [344, 348, 352, 400] } else { [252, 254, 256, 280] };
        let whole = |at: usize| if wide { f.whole::<4>(at) } else { f.whole::<2>(at) };
        let [slope, inter] = f.fractions(scale, wide)?;
        let rotation: [f64; 6] = f.fractions(quaternion, wide)?;
        let rows: [f64; 12] = f.fractions(matrix, wide)?;
        let row = |r: usize| [rows[4 * r], rows[4 * r + 1], rows[4 * r + 2], rows[4 * r + 3]];
        Ok(Header {
            version,
            pair,
            big,
            sizes: sizes(&f, dim, wide)?,
            datatype: f.whole::<2>(datatype)? as i16,
            bitpix: f.whole::<2>(bitpix)? as i16,
            pixdim: f.fractions(pixdim, wide)?,
            vox_offset: vox_offset(&f, wide)?,
            slope,
            inter,
            intent: whole(intent)? as i32,
            units: if wide { f.whole::<4>(units)? as u8 } else { f.raw::<1>(units)?[0] },
            qform: whole(qform)? as i32,
            sform: whole(sform)? as i32,
            quaternion: [rotation[0], rotation[1], rotation[2]],
            offset: [rotation[3], rotation[4], rotation[5]],
            matrix: [row(0), row(1), row(2)],
            description: f.text(description, 80),
        })
    }

    /// Bytes of the header with its extension flag: where the voxels of a single file begin at the earliest.
    pub fn own_bytes(&self) -> u64 {
        if self.version == 2 { 544 } else { 352 }
    }
}

fn sizes(f: &Fields, at: usize, wide: bool) -> Result<Vec<u64>> {
    let entry = |i: usize| if wide { f.whole::<8>(at + 8 * i) } else { f.whole::<2>(at + 2 * i) };
    let axes = match entry(0)? {
        n @ 1..=7 => n as usize,
        n => return Err(Error::format(format!("dim[0] = {n}: a NIfTI file has 1 to 7 axes"))),
    };
    let size = |i: usize| match entry(i)? {
        n if n > 0 => Ok(n as u64),
        n => Err(Error::format(format!("dim[{i}] = {n}: an axis has at least one voxel"))),
    };
    (1..=axes).map(size).collect()
}

fn vox_offset(f: &Fields, wide: bool) -> Result<u64> {
    let v = if wide { f.whole::<8>(168)? as f64 } else { f.single(108)? };
    if v.trunc() == v && (0.0..1e15).contains(&v) {
        return Ok(v as u64);
    }
    Err(Error::format(format!("vox_offset = {v}: not a place in the file")))
}
