//! What PNG, JPEG and BMP have in common: a look at the header, and the pixels.

use super::source::Source;
use crate::{Error, Result};
use image::{ImageDecoder, ImageError};

/// How a format is decoded.
pub struct Decoder {
    /// As the facts name it.
    pub name: &'static str,
    /// A fact about how it is packed.
    pub compression: Option<&'static str>,
    /// Looks at the header; may take so many bytes.
    pub header: fn(&Source, u64) -> Result<Header>,
    /// Decodes the samples pixel by pixel, those of 16 bits with their most significant byte first.
    pub pixels: fn(&Source, u64, &mut [u8]) -> Result<()>,
}

/// What a header says.
pub struct Header {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Samples of a pixel: grey, grey and alpha, RGB, RGBA.
    pub samples: usize,
    /// Bits of a sample once decoded: 8 or 16.
    pub bits: u8,
    /// Bytes that the decoder takes beside the decoded samples, at most.
    pub decoder: u64,
}

/// Decodes through the `image` crate, which insists on a room of the right size.
pub fn decode(decoder: impl ImageDecoder, to: &mut [u8]) -> Result<()> {
    if decoder.total_bytes() != to.len() as u64 {
        return Err(Error::format("the pixels have another type than the header says"));
    }
    decoder.read_image(to).map_err(refused)
}

/// What an error of the `image` crate means.
pub fn refused(e: ImageError) -> Error {
    match e {
        ImageError::Unsupported(e) => Error::unsupported(e.to_string()),
        ImageError::Limits(e) => Error::limit(e.to_string()),
        e => Error::format(e.to_string()),
    }
}
