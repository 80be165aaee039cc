//! JPEG: the header through `zune-jpeg` from the file as far as it goes, the pixels through the `image` crate.

use super::Source;
use super::extent;
use super::raster_decoder::{Decoder, Header, decode, refused};
use crate::{Error, Result};
use image::codecs::jpeg::JpegDecoder;
use zune_core::{colorspace::ColorSpace, options::DecoderOptions};

/// JPEG, 8 bits.
pub const DECODER: Decoder = Decoder { name: "JPEG", compression: Some("JPEG (lossy)"), header, pixels };

/// Beside the samples: the whole file, and the coefficients of all blocks where the image is stored in several scans.
fn header(source: &Source, _: u64) -> Result<Header> {
    let options = DecoderOptions::default().set_strict_mode(false).set_max_width(usize::MAX).set_max_height(usize::MAX);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(source.reader(), options);
    decoder.decode_headers().map_err(|e| Error::format(format!("JPEG: {e}")))?;
    let missing = || Error::format("JPEG: no header");
    let (width, height) = decoder.dimensions().ok_or_else(missing)?;
    let samples = match decoder.input_colorspace().ok_or_else(missing)? {
        ColorSpace::Luma => 1,
        ColorSpace::LumaA => 2,
        ColorSpace::RGBA => 4,
        _ => 3,
    };
    let parts = decoder.info().map_or(4, |info| usize::from(info.components));
    let blocks = |n: usize| n.next_multiple_of(32);
    let coefficients = extent::bytes(&[blocks(height), blocks(width), parts], 2);
    let size = |n: usize| u32::try_from(n).map_err(|_| missing());
    let decoder = coefficients.saturating_add(source.len());
    Ok(Header { width: size(width)?, height: size(height)?, samples, bits: 8, decoder })
}

fn pixels(source: &Source, _: u64, to: &mut [u8]) -> Result<()> {
    decode(JpegDecoder::new(source.reader()).map_err(refused)?, to)
}
