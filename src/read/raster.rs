//! PNG, JPEG and BMP through the `image` crate: 8 and 16 bits, grey and colour.
//!
//! Screenshots and challenge sets store grey as RGBA. An opaque image with R = G = B everywhere is one grey channel, and the
//! facts say so; [`Colour::AsStored`] keeps what is there. PNG of 1, 2 and 4 bits is stretched to 0..255, as PNG defines it.

use super::numbers::{self, Kind, Numbers, Stored};
use super::{Colour, Format, Input, Options, layout};
use crate::scan::{Modality, Scan};
use crate::units::Shape;
use crate::{Error, Result};
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use std::io::Cursor;

/// PNG.
pub const PNG: Format = Format {
    name: "PNG",
    is_scan: false,
    extensions: &["png"],
    detect: |b| b.starts_with(b"\x89PNG\r\n\x1a\n"),
    read: |i, o| read(i, o, ImageFormat::Png),
};
/// JPEG.
pub const JPEG: Format = Format {
    name: "JPEG",
    is_scan: false,
    extensions: &["jpg", "jpeg"],
    detect: |b| b.starts_with(&[0xff, 0xd8, 0xff]),
    read: |i, o| read(i, o, ImageFormat::Jpeg),
};
/// BMP.
pub const BMP: Format = Format {
    name: "BMP",
    is_scan: false,
    extensions: &["bmp"],
    detect: |b| b.starts_with(b"BM"),
    read: |i, o| read(i, o, ImageFormat::Bmp),
};

fn read(input: &Input, options: &Options, format: ImageFormat) -> Result<Scan> {
    let bad = |e: image::ImageError| match e {
        image::ImageError::Unsupported(e) => Error::unsupported(e.to_string()),
        image::ImageError::Limits(e) => Error::limit(e.to_string()),
        e => Error::format(e.to_string()),
    };
    options.only_image()?;
    layout::Sizes { c: 1, z: 1, t: 1 }.time(options)?;
    options.afford("the file", input.source.len().into(), 1)?;
    let bytes = input.source.read(0, input.source.len())?;
    let mut decoder = ImageReader::with_format(Cursor::new(bytes), format).into_decoder().map_err(bad)?;
    let (width, height) = decoder.dimensions();
    let samples = u128::from(decoder.color_type().channel_count());
    let original = decoder.original_color_type();
    let pixels = u128::from(width) * u128::from(height);
    options.afford(&format!("an image of {height} x {width}"), pixels * samples, 6)?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(options.max_bytes);
    decoder.set_limits(limits).map_err(bad)?;
    let image = DynamicImage::from_decoder(decoder).map_err(bad)?;

    let shape = Shape::flat(height as usize, width as usize);
    let mut facts =
        vec![("format".into(), format!("{format:?}").to_uppercase()), ("stored as".into(), format!("{original:?}"))];
    let mut notes = Vec::new();
    let (rooms, bits) = split(image)?;
    let (rooms, names) = measured(rooms, bits, options.colour, &mut facts, &mut notes);
    if format == ImageFormat::Jpeg {
        facts.push(("compression".into(), "JPEG (lossy)".into()));
    }
    let stored = Stored { kind: Kind::Uint, bits };
    facts.push(("stored type".into(), stored.to_string()));
    let make = |(name, room)| numbers::channel(name, shape, None, Numbers::Uint(room), stored);
    let channels = names.into_iter().zip(rooms).map(make).collect::<Result<Vec<_>>>()?;
    Ok(Scan { facts, notes, ..Scan::new(Modality::Fluorescence, shape, channels) })
}

/// Samples by channel and their bits.
fn split(image: DynamicImage) -> Result<(Vec<Vec<u32>>, u8)> {
    let channels = usize::from(image.color().channel_count());
    let part = |n: usize| -> Result<Vec<u32>> {
        let bytes = |v: &[u8]| v.iter().skip(n).step_by(channels).map(|s| u32::from(*s)).collect();
        let words = |v: &[u16]| v.iter().skip(n).step_by(channels).map(|s| u32::from(*s)).collect();
        Ok(match &image {
            DynamicImage::ImageLuma8(i) => bytes(i),
            DynamicImage::ImageLumaA8(i) => bytes(i),
            DynamicImage::ImageRgb8(i) => bytes(i),
            DynamicImage::ImageRgba8(i) => bytes(i),
            DynamicImage::ImageLuma16(i) => words(i),
            DynamicImage::ImageLumaA16(i) => words(i),
            DynamicImage::ImageRgb16(i) => words(i),
            DynamicImage::ImageRgba16(i) => words(i),
            other => return Err(Error::unsupported(format!("pixels of {:?}", other.color()))),
        })
    };
    let bits = image.color().bytes_per_pixel() as usize / channels.max(1) * 8;
    Ok(((0..channels).map(part).collect::<Result<_>>()?, bits as u8))
}

/// Leaves out transparency and doubled grey; names what remains.
fn measured(
    mut rooms: Vec<Vec<u32>>,
    bits: u8,
    colour: Colour,
    facts: &mut Vec<(String, String)>,
    notes: &mut Vec<String>,
) -> (Vec<Vec<u32>>, Vec<String>) {
    let colours = if rooms.len() >= 3 { 3 } else { 1 };
    let names = |n: usize| layout::names(&[], 1, n, colours == 3);
    if colour == Colour::AsStored {
        let count = rooms.len();
        return (rooms, names(count));
    }
    let opaque = rooms.get(colours).is_none_or(|a| a.iter().all(|s| *s == (1 << bits) - 1));
    if rooms.len() > colours && !opaque {
        notes.push("transparency was left out; the image is not opaque".into());
    }
    rooms.truncate(colours);
    if colours == 3 && opaque && rooms[0] == rooms[1] && rooms[1] == rooms[2] {
        rooms.truncate(1);
        facts.push(("colour".into(), "R = G = B everywhere: read as one grey channel".into()));
        return (rooms, layout::names(&[], 1, 1, false));
    }
    (rooms, names(colours))
}
