//! PNG through the `png` crate.
//!
//! A colour profile or a text of a few kilobytes may unpack to gigabytes; both are passed over unseen.

use super::Source;
use super::raster_decoder::{Decoder, Header};
use crate::{Error, Result};
use png::{BitDepth, ColorType, DecodingError, Limits, Reader, Transformations};
use std::io::BufReader;

/// PNG, 8 and 16 bits.
pub const DECODER: Decoder = Decoder { name: "PNG", compression: None, header, pixels };

type File<'a> = Reader<BufReader<super::source::Reader<'a>>>;

fn open<'a>(source: &'a Source<'a>, most: u64) -> Result<File<'a>> {
    let limits = Limits { bytes: usize::try_from(most).unwrap_or(usize::MAX) };
    let mut decoder = png::Decoder::new_with_limits(source.reader(), limits);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_ignore_text_chunk(true);
    decoder.set_transformations(Transformations::EXPAND);
    decoder.read_info().map_err(refused)
}

fn header(source: &Source, most: u64) -> Result<Header> {
    let file = open(source, most)?;
    let (colour, depth) = file.output_color_type();
    let info = file.info();
    let samples = match colour {
        ColorType::Grayscale => 1,
        ColorType::GrayscaleAlpha => 2,
        ColorType::Rgb => 3,
        ColorType::Rgba => 4,
        ColorType::Indexed => return Err(Error::unsupported("a PNG palette")),
    };
    let bits = if depth == BitDepth::Sixteen { 16 } else { 8 };
    // Some rows, the window of the decompressor, and what stands before the pixels.
    let rows = file.output_line_size(info.width).unwrap_or(usize::MAX).saturating_mul(8);
    let exif = info.exif_metadata.as_ref().map_or(0, |e| 2 * e.len());
    let decoder = rows.saturating_add(exif).saturating_add(WINDOW) as u64;
    Ok(Header { width: info.width, height: info.height, samples, bits, decoder })
}

/// Bytes of the decompressor.
const WINDOW: usize = 1 << 18;

fn pixels(source: &Source, most: u64, to: &mut [u8]) -> Result<()> {
    open(source, most)?.next_frame(to).map(|_| ()).map_err(refused)
}

fn refused(e: DecodingError) -> Error {
    match e {
        DecodingError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            Error::format("PNG: the file ends before its pixels do")
        }
        DecodingError::LimitsExceeded => Error::limit("PNG: more memory than --memory allows"),
        e => Error::format(format!("PNG: {e}")),
    }
}
