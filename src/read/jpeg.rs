//! JPEG, through `zune-jpeg`: the header from the file as far as it goes, the pixels from the whole file.
//!
//! Decoders of pictures fill up what is missing with grey. Grey that nobody has measured is no value, so a file that ends early, or
//! that is damaged where the decoder can tell, is refused.

use super::Source;
use super::extent;
use super::raster_decoder::{Decoder, Header};
use crate::{Error, Result};
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::errors::DecodeErrors;

/// JPEG, 8 bits.
pub const DECODER: Decoder = Decoder { name: "JPEG", compression: Some("JPEG (lossy)"), header, pixels };

/// What to do with an image in colours of print.
pub(super) const NOT_IN_PRINT: &str = "the image from the microscope, or a copy in RGB or grey";

/// Beside the samples: the whole file, and the coefficients of all blocks where the image is stored in several scans.
fn header(source: &Source, _: u64) -> Result<Header> {
    let options = DecoderOptions::default().set_strict_mode(false).set_max_width(usize::MAX).set_max_height(usize::MAX);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(source.reader(), options);
    decoder.decode_headers().map_err(|e| {
        // 12 bits, lossless ones and JPEG-LS have a header that the decoder does not know.
        Error::format(format!("JPEG: damaged, or of a kind that is not read ({e})"))
            .remedy("a whole copy, or one as TIFF or PNG")
    })?;
    let missing = || Error::format("JPEG: no header");
    let (width, height) = decoder.dimensions().ok_or_else(missing)?;
    let samples = match decoder.input_colorspace().ok_or_else(missing)? {
        // How much ink is no light: what colours it makes depends on the press.
        ColorSpace::CMYK | ColorSpace::YCCK => {
            let what = "JPEG: its colours are those of print (CMYK), no measured light";
            return Err(Error::unsupported(what).remedy(NOT_IN_PRINT));
        }
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
    let bytes = source.read(0, source.len())?;
    if !is_whole(&bytes) {
        return Err(Error::format("JPEG: the file ends before its pixels do").remedy("a whole copy"));
    }
    let options = DecoderOptions::default().set_strict_mode(true).set_max_width(usize::MAX).set_max_height(usize::MAX);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes.as_slice()), options);
    decoder.decode_headers().map_err(refused)?;
    let colour = match decoder.input_colorspace() {
        Some(same @ (ColorSpace::RGB | ColorSpace::RGBA | ColorSpace::Luma | ColorSpace::LumaA)) => same,
        _ => ColorSpace::RGB,
    };
    decoder.set_options(options.jpeg_set_out_colorspace(colour));
    if decoder.output_buffer_size() != Some(to.len()) {
        return Err(Error::format("the pixels have another type than the header says"));
    }
    decoder.decode_into(to).map_err(refused)
}

/// The mark of its end stands behind its last scan: a small picture in the header has an end of its own.
pub fn is_whole(bytes: &[u8]) -> bool {
    let last = |marker: u8| bytes.windows(2).rposition(|pair| pair == [0xff, marker]);
    last(0xda) <= last(0xd9)
}

/// What an error of the decoder means.
fn refused(e: DecodeErrors) -> Error {
    match e {
        DecodeErrors::Unsupported(what) => Error::unsupported(format!("JPEG: {what:?}")),
        e => Error::format(format!("JPEG: damaged, or it ends early: {e}")).remedy("a whole copy"),
    }
}
