//! One page of a TIFF file: what its tags say about its pixels, checked before anything is decoded.

use super::codes::{Compression, Photometric, Predictor, photometric, predictor, same, stored};
use super::directory::{Directory, Entry, Tiff};
use crate::read::numbers::{Kind, Stored};
use crate::{Error, Result};

/// Tags that are read here, by their numbers in the specification.
mod tag {
    pub const SUBFILE: u16 = 254;
    pub const WIDTH: u16 = 256;
    pub const HEIGHT: u16 = 257;
    pub const BITS: u16 = 258;
    pub const COMPRESSION: u16 = 259;
    pub const PHOTOMETRIC: u16 = 262;
    pub const FILL_ORDER: u16 = 266;
    pub const DESCRIPTION: u16 = 270;
    pub const STRIP_OFFSETS: u16 = 273;
    pub const SAMPLES: u16 = 277;
    pub const ROWS_PER_STRIP: u16 = 278;
    pub const STRIP_BYTES: u16 = 279;
    pub const X_RESOLUTION: u16 = 282;
    pub const Y_RESOLUTION: u16 = 283;
    pub const PLANAR: u16 = 284;
    pub const RESOLUTION_UNIT: u16 = 296;
    pub const PREDICTOR: u16 = 317;
    pub const TILE_WIDTH: u16 = 322;
    pub const TILE_HEIGHT: u16 = 323;
    pub const TILE_OFFSETS: u16 = 324;
    pub const TILE_BYTES: u16 = 325;
    pub const SUB_IFDS: u16 = 330;
    pub const EXTRA_SAMPLES: u16 = 338;
    pub const SAMPLE_FORMAT: u16 = 339;
    pub const JPEG_TABLES: u16 = 347;
    pub const MICRO_MANAGER: u16 = 51123;
}

/// The tag of the description.
pub const DESCRIPTION: u16 = tag::DESCRIPTION;

/// Where the chunks of a page lie.
#[derive(Clone, Debug)]
enum Place {
    /// In entries of the directory, read when needed.
    Listed {
        offsets: Entry,
        bytes: Option<Entry>,
        /// Of a planar page, the sample that counts alone.
        sample: Option<usize>,
    },
    /// One run of uncompressed bytes.
    Run(u64),
}

/// One page.
#[derive(Clone, Debug)]
pub struct Page {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Numbers in a pixel.
    pub samples: usize,
    /// Their type.
    pub stored: Stored,
    /// How the chunks are packed.
    pub compression: Compression,
    /// How numbers were turned into differences.
    pub predictor: Predictor,
    /// What they mean.
    pub photometric: Photometric,
    /// Meaning of the samples beyond the colour: 0 is data, 1 and 2 are transparency.
    pub extra: Vec<u64>,
    /// Each sample has its own chunks.
    pub planar: bool,
    /// Chunks are tiles, else strips of rows.
    pub tiled: bool,
    /// Size of a chunk: rows, columns.
    pub chunk: [usize; 2],
    /// Bits of a byte are in reverse order.
    pub reversed_bits: bool,
    /// A smaller copy or a mask of another page.
    pub reduced: bool,
    /// Smaller copies hang below it.
    pub sub_images: bool,
    /// Tables that the JPEG chunks share.
    pub jpeg_tables: Option<Entry>,
    /// Free text.
    pub description: Option<Entry>,
    /// What Micro-Manager says about it.
    pub micro_manager: Option<Entry>,
    /// Pixels per unit along x and y, and the number of the unit (1 none, 2 inch, 3 cm).
    pub resolution: Option<(f64, f64, u64)>,
    place: Place,
}

impl Page {
    /// Reads what a directory says.
    ///
    /// # Errors
    /// Tags are missing, contradict each other, or name a variant that is not read.
    pub fn new(tiff: &Tiff, directory: &Directory) -> Result<Self> {
        let number = |tag, default| tiff.number(directory, tag, default);
        let list = |tag, most| directory.get(tag).map(|e| tiff.numbers(e, most)).transpose();
        let size = |tag, name| match number(tag, None)? {
            n @ 1..=0x7fff_ffff => Ok(n as usize),
            n => Err(Error::format(format!("{name} of {n}"))),
        };
        let (width, height) = (size(tag::WIDTH, "a width")?, size(tag::HEIGHT, "a height")?);
        let samples = number(tag::SAMPLES, Some(1))? as usize;
        if !(1..=4096).contains(&samples) {
            return Err(Error::unsupported(format!("{samples} samples in a pixel")));
        }
        let bits = same("bits per sample", &list(tag::BITS, samples as u64)?.unwrap_or(vec![1]))?;
        let kind = same("sample formats", &list(tag::SAMPLE_FORMAT, samples as u64)?.unwrap_or(vec![1]))?;
        let compression = Compression::of(number(tag::COMPRESSION, Some(1))?)?;
        // The size of a tile decides, not where its place stands: some writers keep that under the tags of strips.
        let tiled = directory.get(tag::TILE_WIDTH).or(directory.get(tag::TILE_HEIGHT)).is_some();
        let chunk = match tiled {
            true => [size(tag::TILE_HEIGHT, "a tile height")?, size(tag::TILE_WIDTH, "a tile width")?],
            false => match number(tag::ROWS_PER_STRIP, Some(u64::from(u32::MAX)))? {
                0 => return Err(Error::format("strips without rows")),
                rows => [(rows.min(height as u64)) as usize, width],
            },
        };
        let either = |own: u16, other: u16| directory.get(own).or(directory.get(other)).cloned();
        let (offsets, bytes) = match tiled {
            true => (either(tag::TILE_OFFSETS, tag::STRIP_OFFSETS), either(tag::TILE_BYTES, tag::STRIP_BYTES)),
            false => (either(tag::STRIP_OFFSETS, tag::TILE_OFFSETS), either(tag::STRIP_BYTES, tag::TILE_BYTES)),
        };
        let offsets = offsets.ok_or_else(|| Error::format("a page without strips or tiles"))?;
        let resolution = |tag| directory.get(tag).and_then(|e| tiff.fraction(e));
        let unit = number(tag::RESOLUTION_UNIT, Some(2)).unwrap_or(1);
        let page = Page {
            width,
            height,
            samples,
            stored: stored(kind, bits)?,
            compression,
            predictor: predictor(number(tag::PREDICTOR, Some(1))?)?,
            photometric: photometric(number(tag::PHOTOMETRIC, Some(1))?)?,
            extra: list(tag::EXTRA_SAMPLES, samples as u64)?.unwrap_or_default(),
            planar: samples > 1 && number(tag::PLANAR, Some(1))? == 2,
            tiled,
            chunk,
            reversed_bits: number(tag::FILL_ORDER, Some(1))? == 2,
            reduced: number(tag::SUBFILE, Some(0))? & 0b101 != 0,
            sub_images: directory.get(tag::SUB_IFDS).is_some(),
            jpeg_tables: directory.get(tag::JPEG_TABLES).cloned(),
            description: directory.get(tag::DESCRIPTION).cloned(),
            resolution: resolution(tag::X_RESOLUTION).zip(resolution(tag::Y_RESOLUTION)).map(|(x, y)| (x, y, unit)),
            micro_manager: directory.get(tag::MICRO_MANAGER).cloned(),
            place: Place::Listed { offsets, bytes, sample: None },
        };
        page.checked()
    }

    fn checked(self) -> Result<Self> {
        let variant = |what: String| Err(Error::unsupported(what));
        match (self.predictor, self.stored.kind, self.stored.bits) {
            (Predictor::Float, Kind::Float, _) | (Predictor::None, ..) | (Predictor::Horizontal, ..) => {}
            (_, _, bits) => return variant(format!("the float predictor on {bits}-bit integers")),
        }
        if self.photometric == Photometric::YCbCr && self.compression != Compression::Jpeg {
            return variant("YCbCr colour without JPEG".into());
        }
        if self.compression == Compression::Jpeg && (self.stored.bits != 8 || self.stored.kind != Kind::Uint) {
            return variant(format!("JPEG of {}", self.stored));
        }
        Ok(self)
    }

    /// The page `index` of a run of uncompressed pages that begins with this one, as large ImageJ stacks are stored.
    ///
    /// # Errors
    /// This page is compressed or in several pieces.
    pub fn in_run(&self, tiff: &Tiff, index: u64) -> Result<Self> {
        let unfit = || Error::format("a page is missing, and the first one is not the beginning of a run of pages");
        if self.compression != Compression::None || self.tiled || self.planar {
            return Err(unfit());
        }
        let bytes = (self.row_bytes() as u64).saturating_mul(self.height as u64);
        let places = self.places(tiff)?;
        let adjoin = places.windows(2).all(|w| w[0].0.checked_add(w[0].1) == Some(w[1].0));
        let first = places.first().filter(|_| adjoin).ok_or_else(unfit)?.0;
        let at = bytes.checked_mul(index).and_then(|b| b.checked_add(first)).ok_or_else(unfit)?;
        Ok(Page { chunk: [self.height, self.width], place: Place::Run(at), ..self.clone() })
    }

    /// The samples of a planar page as pages of their own; any other page as it is.
    pub fn unfolded(&self) -> Vec<Self> {
        let Place::Listed { offsets, bytes, .. } = &self.place else { return vec![self.clone()] };
        if !self.planar {
            return vec![self.clone()];
        }
        let grey = Photometric::Grey { white_is_zero: false };
        let page = |sample| Page {
            samples: 1,
            planar: false,
            extra: vec![],
            photometric: grey,
            place: Place::Listed { offsets: offsets.clone(), bytes: bytes.clone(), sample: Some(sample) },
            ..self.clone()
        };
        (0..self.samples).map(page).collect()
    }

    /// Bytes of one row of a chunk, all its samples, padded to whole bytes.
    pub fn row_bytes(&self) -> usize {
        let bits = self.chunk[1].saturating_mul(self.chunk_samples()).saturating_mul(self.stored.bits.into());
        bits.div_ceil(8)
    }

    /// Bytes of a whole chunk, unpacked.
    pub fn chunk_bytes(&self) -> usize {
        self.row_bytes().saturating_mul(self.chunk[0])
    }

    /// Bytes of a chunk to read, of those that it claims to have: no more than it can need.
    pub fn packed_bytes(&self, len: u64) -> u64 {
        let whole = self.chunk_bytes() as u64;
        match self.compression {
            Compression::None => len.min(whole),
            Compression::Jpeg | Compression::Group4 => len,
            // What cannot be packed grows by less than that.
            _ => len.min(whole.saturating_mul(2).saturating_add(1 << 16)),
        }
    }

    /// Samples that lie in one chunk.
    pub fn chunk_samples(&self) -> usize {
        if self.planar { 1 } else { self.samples }
    }

    /// Chunks down and across.
    pub fn grid(&self) -> [usize; 2] {
        [self.height.div_ceil(self.chunk[0]), self.width.div_ceil(self.chunk[1])]
    }

    /// Rows of the chunks in a row of the grid. Tiles are stored whole, the last strip only as far as it goes.
    pub fn chunk_rows(&self, grid_row: usize) -> usize {
        if self.tiled { self.chunk[0] } else { self.chunk[0].min(self.height - grid_row * self.chunk[0]) }
    }

    /// Offset and length of every chunk.
    ///
    /// # Errors
    /// Their number is not what the size of the page asks for.
    pub fn places(&self, tiff: &Tiff) -> Result<Vec<(u64, u64)>> {
        let [down, across] = self.grid();
        let planes = if self.planar { self.samples } else { 1 };
        let (offsets, bytes, sample) = match &self.place {
            Place::Run(at) => return Ok(vec![(*at, self.row_bytes() as u64 * self.height as u64)]),
            Place::Listed { offsets, bytes, sample } => (offsets, bytes, sample.unwrap_or(0)),
        };
        let count = (down as u64).saturating_mul(across as u64).saturating_mul(planes as u64);
        // Each chunk has an offset of 2 bytes at least.
        if count > tiff.len() {
            return Err(Error::format(format!("{count} strips or tiles in a file of {} bytes", tiff.len())));
        }
        let before = count.saturating_mul(sample as u64);
        let numbers = |entry: &Entry| {
            let mut numbers = tiff.numbers(entry, before.saturating_add(count))?;
            numbers.drain(..numbers.len().min(before as usize));
            Ok::<_, Error>(numbers)
        };
        let offsets = numbers(offsets)?;
        let wrong = |n: usize| Error::format(format!("{n} strips or tiles where the size asks for {count}"));
        if offsets.len() as u64 != count {
            return Err(wrong(offsets.len()));
        }
        let bytes = match bytes {
            Some(bytes) => numbers(bytes)?,
            None if self.compression == Compression::None => {
                let rows = |i: u64| self.chunk_rows(i as usize / across % down) as u64;
                (0..count).map(|i| self.row_bytes() as u64 * rows(i)).collect()
            }
            None => return Err(Error::format("compressed strips or tiles without their lengths")),
        };
        if bytes.len() as u64 != count {
            return Err(wrong(bytes.len()));
        }
        Ok(offsets.into_iter().zip(bytes).collect())
    }
}
