//! BMP through the `image` crate.

use super::extent;
use super::raster_decoder::{Decoder, Header, decode, refused};
use super::source::Source;
use crate::Result;
use image::ImageDecoder;
use image::codecs::bmp::BmpDecoder;

/// BMP, 8 bits.
pub const DECODER: Decoder = Decoder { name: "BMP", compression: None, header, pixels };

fn header(source: &Source, _: u64) -> Result<Header> {
    let decoder = BmpDecoder::new(source.reader()).map_err(refused)?;
    let (width, height) = decoder.dimensions();
    // Beside the samples only a palette and a row.
    let row = extent::bytes(&[width as usize], 4);
    Ok(Header { width, height, samples: decoder.color_type().channel_count().into(), bits: 8, decoder: row })
}

fn pixels(source: &Source, _: u64, to: &mut [u8]) -> Result<()> {
    decode(BmpDecoder::new(source.reader()).map_err(refused)?, to)
}
