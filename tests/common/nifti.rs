//! NIfTI files that tests write themselves, with every field in their hands.

use crate::common::seeds;

/// A file to be. As made by `new`: sides 2, 3, 4 mm, axes to the right, front and head.
#[derive(Clone, Debug)]
pub struct Nifti {
    /// Type of the voxels.
    pub code: i16,
    /// Most significant byte first.
    pub big: bool,
    /// 1 or 2.
    pub version: u8,
    /// Voxels in another file.
    pub pair: bool,
    /// x, y, z, t, ...
    pub sizes: Vec<i64>,
    /// What is stored.
    pub numbers: Vec<f64>,
    /// Bytes in place of the numbers.
    pub raw: Vec<u8>,
    /// Where the voxels begin; NaN for right behind the header.
    pub offset: f64,
    /// Slope and intercept.
    pub slope: [f64; 2],
    /// Codes of qform and sform.
    pub codes: [i16; 2],
    /// b, c, d.
    pub quaternion: [f64; 3],
    /// Rows of the sform.
    pub matrix: [[f64; 4]; 3],
    /// Units of length.
    pub units: u8,
}

impl Nifti {
    /// Signed 16-bit numbers.
    pub fn new(sizes: [i64; 3], numbers: &[f64]) -> Self {
        Nifti {
            code: 4,
            big: false,
            version: 1,
            pair: false,
            sizes: sizes.to_vec(),
            numbers: numbers.to_vec(),
            raw: vec![],
            offset: f64::NAN,
            slope: [1.0, 0.0],
            codes: [0, 1],
            quaternion: [0.0; 3],
            matrix: [[2.0, 0.0, 0.0, 10.0], [0.0, 3.0, 0.0, 20.0], [0.0, 0.0, 4.0, 30.0]],
            units: 2,
        }
    }

    fn order<const N: usize>(&self, mut little: [u8; N]) -> [u8; N] {
        if self.big {
            little.reverse();
        }
        little
    }

    /// The header with its extension flag.
    pub fn header(&self) -> Vec<u8> {
        let wide = self.version == 2;
        let own = if wide { 544 } else { 352 };
        let mut h = vec![0u8; own];
        let mut put = |at: usize, bytes: &[u8]| h[at..at + bytes.len()].copy_from_slice(bytes);
        let short = |v: i64| self.order((v as i16).to_le_bytes()).to_vec();
        let int = |v: i64| self.order((v as i32).to_le_bytes()).to_vec();
        let long = |v: i64| self.order(v.to_le_bytes()).to_vec();
        let real = |v: f64| {
            if wide { self.order(v.to_le_bytes()).to_vec() } else { self.order((v as f32).to_le_bytes()).to_vec() }
        };
        let (size, width) = if wide { (540, 8) } else { (348, 4) };
        put(0, &int(size));
        let mark: &[u8] = match (self.version, self.pair) {
            (2, false) => b"n+2\0\r\n\x1a\n",
            (2, true) => b"ni2\0\r\n\x1a\n",
            (_, false) => b"n+1\0",
            (_, true) => b"ni1\0",
        };
        put(if wide { 4 } else { 344 }, mark);
        let mut dims = vec![self.sizes.len() as i64];
        dims.extend(&self.sizes);
        dims.resize(8, 1);
        for (i, n) in dims.into_iter().enumerate() {
            if wide { put(16 + 8 * i, &long(n)) } else { put(40 + 2 * i, &short(n)) }
        }
        put(if wide { 12 } else { 70 }, &short(self.code.into()));
        put(if wide { 14 } else { 72 }, &short(8 * self.bytes_per_voxel() as i64));
        let pixdim = if wide { 104 } else { 76 };
        for (i, v) in [1.0, 2.0, 3.0, 4.0].into_iter().enumerate() {
            put(pixdim + width * i, &real(v));
        }
        let offset = if self.offset.is_nan() { own as f64 } else { self.offset };
        if wide {
            put(168, &long(offset as i64))
        } else {
            put(108, &real(offset))
        }
        let slope = if wide { 176 } else { 112 };
        put(slope, &real(self.slope[0]));
        put(slope + width, &real(self.slope[1]));
        let [qform, sform, quaternion, rows] = if wide { [344, 348, 352, 400] } else { [252, 254, 256, 280] };
        for (at, code) in [(qform, self.codes[0]), (sform, self.codes[1])] {
            if wide { put(at, &int(code.into())) } else { put(at, &short(code.into())) }
        }
        let origin = [self.matrix[0][3], self.matrix[1][3], self.matrix[2][3]];
        for (i, v) in self.quaternion.into_iter().chain(origin).enumerate() {
            put(quaternion + width * i, &real(v));
        }
        for (i, v) in self.matrix.iter().flatten().enumerate() {
            put(rows + width * i, &real(*v));
        }
        if wide {
            put(500, &int(self.units.into()))
        } else {
            put(123, &[self.units])
        }
        h
    }

    fn bytes_per_voxel(&self) -> usize {
        match self.code {
            2 | 256 => 1,
            4 | 512 => 2,
            128 => 3,
            64 | 1024 | 1280 => 8,
            _ => 4,
        }
    }

    /// The voxels as they are stored.
    pub fn voxels(&self) -> Vec<u8> {
        if !self.raw.is_empty() {
            return self.raw.clone();
        }
        let one = |v: &f64| match self.code {
            2 => vec![*v as u8],
            256 => vec![*v as i8 as u8],
            4 => self.order((*v as i16).to_le_bytes()).to_vec(),
            512 => self.order((*v as u16).to_le_bytes()).to_vec(),
            8 => self.order((*v as i32).to_le_bytes()).to_vec(),
            768 => self.order((*v as u32).to_le_bytes()).to_vec(),
            16 => self.order((*v as f32).to_le_bytes()).to_vec(),
            64 => self.order(v.to_le_bytes()).to_vec(),
            1024 => self.order((*v as i64).to_le_bytes()).to_vec(),
            1280 => self.order((*v as u64).to_le_bytes()).to_vec(),
            128 => vec![*v as u8; 3],
            _ => vec![0; 4],
        };
        self.numbers.iter().flat_map(one).collect()
    }

    /// A single file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = self.header();
        if self.offset.is_finite() && self.offset as usize > out.len() {
            out.resize(self.offset as usize, 0xee);
        }
        out.extend(self.voxels());
        seeds::keep("nifti", &out);
        out
    }
}
