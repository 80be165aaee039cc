//! The codes that TIFF tags hold, and which of them are read; the others get an error that names them.

use crate::read::numbers::{Kind, Stored};
use crate::{Error, Result};

/// How the chunks are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// CCITT group 4, of one bit a pixel.
    Group4,
    /// Lempel-Ziv-Welch.
    Lzw,
    /// JPEG, one stream a chunk.
    Jpeg,
    /// zlib.
    Deflate,
    /// Runs of bytes.
    PackBits,
    /// Zstandard.
    Zstd,
}

impl Compression {
    /// The compression of a code.
    ///
    /// # Errors
    /// It is not one that is read.
    pub fn of(code: u64) -> Result<Self> {
        Ok(match code {
            1 => Compression::None,
            4 => Compression::Group4,
            5 => Compression::Lzw,
            7 => Compression::Jpeg,
            8 | 32946 => Compression::Deflate,
            32773 => Compression::PackBits,
            50000 => Compression::Zstd,
            other => {
                let name = match other {
                    2 | 3 => "CCITT group 3 fax".into(),
                    6 => "old-style JPEG".into(),
                    33003 | 33005 | 34712 => "JPEG 2000".into(),
                    34676 | 34677 => "SGI LogLuv".into(),
                    34887 => "LERC".into(),
                    34925 => "LZMA".into(),
                    50001 => "WebP".into(),
                    50002 | 52546 => "JPEG XL".into(),
                    other => format!("number {other}"),
                };
                return Err(Error::unsupported(format!("TIFF compression {name}"))
                    .remedy("a copy saved with deflate, LZW or no compression"));
            }
        })
    }

    /// As it stands in the facts.
    pub fn name(self) -> &'static str {
        match self {
            Compression::None => "none",
            Compression::Group4 => "CCITT group 4",
            Compression::Lzw => "LZW",
            Compression::Jpeg => "JPEG (lossy)",
            Compression::Deflate => "deflate",
            Compression::PackBits => "PackBits",
            Compression::Zstd => "zstd",
        }
    }
}

/// Differences that were stored in place of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Predictor {
    /// Values.
    None,
    /// Difference to the pixel on the left, modulo the depth.
    Horizontal,
    /// Bytes of floats sorted by significance, then differences of bytes.
    Float,
}

/// What the numbers of a pixel mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Photometric {
    /// Grey; stored values are kept, also where white is zero.
    Grey {
        /// The smallest value is shown as white.
        white_is_zero: bool,
    },
    /// Red, green, blue.
    Rgb,
    /// Index into a colour map. The index is the value: fluorescence images carry their colour this way.
    Palette,
    /// Inks.
    Separated,
    /// Luma and chroma; read only as JPEG, which turns it into RGB.
    YCbCr,
}

/// The one value that all samples share.
///
/// # Errors
/// They differ, or there is none.
pub fn same(what: &str, values: &[u64]) -> Result<u64> {
    match values {
        [] => Err(Error::format(format!("no {what}"))),
        [first, rest @ ..] if rest.iter().all(|v| v == first) => Ok(*first),
        _ => Err(Error::unsupported(format!("samples with different {what}"))),
    }
}

/// The stored type of a sample format and a number of bits.
///
/// # Errors
/// It is not one that is read.
pub fn stored(kind: u64, bits: u64) -> Result<Stored> {
    let kind = match kind {
        // 4 is "undefined", which libtiff and others treat as unsigned.
        1 | 4 => Kind::Uint,
        2 => Kind::Int,
        3 => Kind::Float,
        other => return Err(Error::unsupported(format!("TIFF sample format {other}"))),
    };
    match (kind, bits) {
        (Kind::Float, 16 | 32 | 64) | (Kind::Uint | Kind::Int, 1..=32 | 64) => Ok(Stored { kind, bits: bits as u8 }),
        (Kind::Float, _) => Err(Error::unsupported(format!("floats of {bits} bits"))),
        _ => Err(Error::unsupported(format!("integers of {bits} bits"))),
    }
}

/// The predictor of a code.
///
/// # Errors
/// It is not one that is read.
pub fn predictor(code: u64) -> Result<Predictor> {
    match code {
        1 => Ok(Predictor::None),
        2 => Ok(Predictor::Horizontal),
        3 => Ok(Predictor::Float),
        other => Err(Error::unsupported(format!("TIFF predictor {other}"))),
    }
}

/// The meaning of a code.
///
/// # Errors
/// It is not one that is read.
pub fn photometric(code: u64) -> Result<Photometric> {
    match code {
        0 => Ok(Photometric::Grey { white_is_zero: true }),
        1 => Ok(Photometric::Grey { white_is_zero: false }),
        2 => Ok(Photometric::Rgb),
        3 => Ok(Photometric::Palette),
        // A mask is a grey image of zeros and ones.
        4 => Ok(Photometric::Grey { white_is_zero: false }),
        5 => Ok(Photometric::Separated),
        6 => Ok(Photometric::YCbCr),
        8..=10 => Err(Error::unsupported("CIE L*a*b* colour")),
        32803 => Err(Error::unsupported("raw colour filter arrays")),
        32844 | 32845 => Err(Error::unsupported("SGI LogLuv colour")),
        other => Err(Error::unsupported(format!("TIFF photometric interpretation {other}"))),
    }
}
