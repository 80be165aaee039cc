//! The pixel layout of a file: sizes, bits and colour, and where each frame lies. Everything is checked before memory is taken.

use super::header::Header;
use super::set::Element;
use super::syntax::Codec;
use crate::read::Source;
use crate::read::numbers::{Kind, Stored};
use crate::{Error, Result};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

/// What samples of a pixel mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// One number.
    Grey,
    /// An index into a palette; the index is kept.
    Palette,
    /// Red, green, blue.
    Rgb,
    /// Brightness and two colour differences.
    Ybr,
    /// The same with colour stored for every second pixel of a row.
    Ybr422,
}

/// The pixels of a file.
#[derive(Clone, Debug)]
pub struct Pixels {
    /// Rows of a frame.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Frames, at least one.
    pub frames: usize,
    /// Samples of a pixel: 1 or 3.
    pub samples: usize,
    /// Bits that a sample takes: 1, 8, 16, 32.
    pub allocated: u32,
    /// Bits that carry its number.
    pub stored: u32,
    /// The highest of them.
    pub high: u32,
    /// Kind of number.
    pub kind: Kind,
    /// Samples of a frame stand plane by plane.
    pub planar: bool,
    /// Meaning of samples.
    pub colour: Colour,
    /// Most significant byte first.
    pub big: bool,
    /// Bytes are stored in words of 16 bits.
    pub words: bool,
    /// Packing.
    pub codec: Codec,
    /// For each frame, its pieces in the file: place and length.
    pub pieces: Pieces,
}

/// Bytes of a decoder of JPEG 2000, however small the frame.
const OF_JPEG_2000: u64 = 5 << 18;

/// Where frames lie.
#[derive(Clone, Debug)]
pub enum Pieces {
    /// One behind the other, from this byte on.
    Run(u64),
    /// Each one in pieces of its own.
    Each(Vec<Vec<(u64, u64)>>),
}

impl Pixels {
    /// Reads the layout of an image.
    ///
    /// # Errors
    /// The file holds no image, or as [`Pixels::layout`].
    pub fn new(header: &Header, source: &Source) -> Result<Self> {
        if let Some(reason) = header.no_image() {
            return Err(Error::unsupported(reason).remedy("an image; regions are given with --set mask=FILE"));
        }
        Self::layout(header, source)
    }

    /// Reads the layout, whatever the pixels mean.
    ///
    /// # Errors
    /// There are no pixels, they are cut off, or they are of a kind that is not read.
    pub fn layout(header: &Header, source: &Source) -> Result<Self> {
        let element = header.pixels.clone().ok_or_else(|| Error::unsupported("no pixel data"))?;
        header.syntax.decoded()?;
        let size = |tag: Tag, name: &str| {
            let v = header.set.whole(tag).and_then(|v| usize::try_from(v).ok());
            v.ok_or_else(|| Error::format(format!("no {name} {tag}")))
        };
        let allocated = size(tags::BITS_ALLOCATED, "BitsAllocated")? as u32;
        let stored = header.set.whole(tags::BITS_STORED).map_or(allocated, |v| v.clamp(0, 999) as u32);
        if header.syntax.is_dct() && stored > 8 {
            return Err(header.syntax.refused(&format!(" with {stored} bits")));
        }
        let signed = header.set.whole(tags::PIXEL_REPRESENTATION) == Some(1);
        let kind = match element.tag {
            tags::PIXEL_DATA if signed => Kind::Int,
            tags::PIXEL_DATA => Kind::Uint,
            tags::FLOAT_PIXEL_DATA => Kind::Float,
            _ => return Err(Error::unsupported("pixels of 64-bit floats are not read")),
        };
        let samples = size(tags::SAMPLES_PER_PIXEL, "SamplesPerPixel").unwrap_or(1);
        let mut pixels = Pixels {
            rows: size(tags::ROWS, "Rows")?,
            columns: size(tags::COLUMNS, "Columns")?,
            frames: frames(header)?,
            samples,
            allocated,
            stored,
            high: header.set.whole(tags::HIGH_BIT).map_or(stored.saturating_sub(1), |v| v.clamp(0, 999) as u32),
            kind,
            planar: samples > 1 && header.set.whole(tags::PLANAR_CONFIGURATION) == Some(1),
            colour: colour(header, samples)?,
            big: header.syntax.coding.big,
            words: element.vr != Some(VR::OB),
            codec: header.syntax.codec,
            pieces: Pieces::Run(element.at as u64),
        };
        pixels.check()?;
        pixels.pieces = pixels.place(header, source, &element)?;
        Ok(pixels)
    }

    fn check(&self) -> Result<()> {
        let Pixels { rows, columns, allocated, stored, high, .. } = *self;
        if rows == 0 || columns == 0 {
            return Err(Error::format(format!("an image of {rows} x {columns}")));
        }
        let float = self.kind == Kind::Float;
        if !matches!(allocated, 1 | 8 | 16 | 32) || (float && allocated != 32) {
            return Err(Error::unsupported(format!("pixels of {allocated} bits are not read")));
        }
        if stored == 0 || high >= allocated || high + 1 < stored || (float && stored != 32) {
            return Err(Error::format(format!("{stored} bits stored up to bit {high} of {allocated} allocated")));
        }
        let half = self.colour == Colour::Ybr422 && self.codec == Codec::Native;
        if half && (allocated != 8 || columns % 2 != 0) {
            return Err(Error::unsupported("YBR_FULL_422 of other than 8 bits, or with an odd number of columns"));
        }
        Ok(())
    }

    /// Pixels of a frame.
    pub fn plane(&self) -> usize {
        self.rows * self.columns
    }

    /// Type of the stored numbers.
    pub fn stored_type(&self) -> Stored {
        Stored { kind: self.kind, bits: self.stored as u8 }
    }

    /// Bits that one frame takes where it is not packed.
    pub fn frame_bits(&self) -> u128 {
        let halved = self.colour == Colour::Ybr422 && self.codec == Codec::Native;
        let samples = if halved { 2 } else { self.samples as u128 };
        self.rows as u128 * self.columns as u128 * samples * u128::from(self.allocated)
    }

    /// Where the pixels end, if they are not packed.
    pub fn end(&self) -> Option<u64> {
        let Pieces::Run(at) = self.pieces else { return None };
        let bytes = (self.frame_bits() * self.frames as u128).div_ceil(8).next_multiple_of(2);
        u64::try_from(bytes).ok()?.checked_add(at)
    }

    /// Bytes that decoding a frame takes beside its samples, at most.
    pub fn in_flight(&self) -> u64 {
        let samples = (self.plane() as u64).saturating_mul(self.samples as u64);
        let packed = match &self.pieces {
            Pieces::Run(_) => {
                return u64::try_from(self.frame_bits().div_ceil(8)).unwrap_or(u64::MAX).saturating_add(2);
            }
            Pieces::Each(frames) => frames.iter().map(|f| f.iter().map(|p| p.1).sum::<u64>()).max().unwrap_or(0),
        };
        // Pieces are joined; decoders keep coefficients beside the samples.
        let decoder = match self.codec {
            Codec::Jpeg => samples.saturating_mul(8),
            Codec::Jpeg2000 => samples.saturating_mul(16).saturating_add(OF_JPEG_2000),
            _ => 0,
        };
        packed.saturating_mul(2).saturating_add(decoder)
    }

    /// Finds the frames, and holds them against the size of the file.
    fn place(&self, header: &Header, source: &Source, element: &Element) -> Result<Pieces> {
        let at = element.at as u64;
        let there = header.len(source).saturating_sub(at);
        match (self.codec, element.len) {
            (Codec::Native, Some(claimed)) => {
                let need = (self.frame_bits() * self.frames as u128).div_ceil(8);
                let there = u128::from(there.min(claimed as u64));
                if need > there {
                    let what = format!("the pixel data are cut off: {need} bytes are needed, {there} are there");
                    return Err(Error::format(what).remedy("the file from its source once more"));
                }
                let frame = self.frame_bits().div_ceil(8);
                if header.set.element(tags::NUMBER_OF_FRAMES).is_some() && there > need + 1 && there - need >= frame {
                    let frames = there * 8 / self.frame_bits();
                    let what = format!("NumberOfFrames {} is {}", tags::NUMBER_OF_FRAMES, self.frames);
                    return Err(Error::format(format!("{what}, but the pixel data hold {frames} frames"))
                        .remedy("the file from its source once more"));
                }
                Ok(Pieces::Run(at))
            }
            (Codec::Native, None) => Err(Error::format("packed pixel data in a transfer syntax without packing")),
            (_, Some(_)) => {
                Err(Error::format(format!("pixel data without pieces in the transfer syntax {}", header.syntax.name)))
            }
            (_, None) => Ok(Pieces::Each(super::pieces::frames(header, source, at, self.frames, self.codec)?)),
        }
    }
}

fn frames(header: &Header) -> Result<usize> {
    let Some(text) = header.set.text(tags::NUMBER_OF_FRAMES) else { return Ok(1) };
    let bad = || Error::format(format!("NumberOfFrames {} is \"{text}\"", tags::NUMBER_OF_FRAMES));
    match text.parse().map_err(|_| bad())? {
        n @ 1..=0x4_0000 => Ok(n),
        0 => Ok(1),
        _ => Err(bad()),
    }
}

fn colour(header: &Header, samples: usize) -> Result<Colour> {
    let name = header.set.text(tags::PHOTOMETRIC_INTERPRETATION).unwrap_or_else(|| "MONOCHROME2".into());
    Ok(match (name.as_str(), samples) {
        ("MONOCHROME1" | "MONOCHROME2", 1) => Colour::Grey,
        ("PALETTE COLOR", 1) => Colour::Palette,
        ("RGB" | "YBR_RCT" | "YBR_ICT", 3) => Colour::Rgb,
        ("YBR_FULL", 3) => Colour::Ybr,
        ("YBR_FULL_422", 3) => Colour::Ybr422,
        _ => return Err(Error::unsupported(format!("colour {name} with {samples} samples a pixel is not read"))),
    })
}
