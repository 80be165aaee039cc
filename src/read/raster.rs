//! PNG, JPEG and BMP: 8 and 16 bits, grey and colour.
//!
//! Screenshots and challenge sets store grey as RGBA. An opaque image with R = G = B everywhere is one grey channel, and the
//! facts say so; [`Colour::AsStored`] keeps what is there. PNG of 1, 2 and 4 bits is stretched to 0..255, as PNG defines it.
//!
//! Each format is a [`Decoder`]: a look at the header, and the pixels. Profiles, texts and previews of a file are never
//! unpacked, since nothing here uses them.

use super::extent::{self, Extent};
use super::numbers::{self, Kind, Numbers, Stored};
use super::raster_decoder::{Decoder, Header};
use super::resolution::Stated;
use super::{Colour, Format, Input, Options, bmp, calibration, jpeg, layout, png};
use crate::image::{Modality, Scan};
use crate::units::Shape;
use crate::{Error, Result};

/// PNG.
pub const PNG: Format = Format {
    name: "PNG",
    is_scan: false,
    extensions: &["png"],
    detect: |b| b.starts_with(b"\x89PNG\r\n\x1a\n"),
    examine: |i, o| examine(i, o, &png::DECODER),
    read: |i, o| read(i, o, &png::DECODER),
};
/// JPEG.
pub const JPEG: Format = Format {
    name: "JPEG",
    is_scan: false,
    extensions: &["jpg", "jpeg"],
    detect: |b| b.starts_with(&[0xff, 0xd8, 0xff]),
    examine: |i, o| examine(i, o, &jpeg::DECODER),
    read: |i, o| read(i, o, &jpeg::DECODER),
};
/// BMP.
pub const BMP: Format = Format {
    name: "BMP",
    is_scan: false,
    extensions: &["bmp"],
    detect: |b| b.starts_with(b"BM"),
    examine: |i, o| examine(i, o, &bmp::DECODER),
    read: |i, o| read(i, o, &bmp::DECODER),
};

/// The note on colour that was read.
pub const COLOUR: &str = "a colour image: red, green and blue were read as the channels R, G and B";

impl Header {
    /// As it stands in the facts: `Rgba8`.
    fn stored_as(&self) -> String {
        let name = ["L", "La", "Rgb", "Rgba"].get(self.samples.wrapping_sub(1)).unwrap_or(&"?");
        format!("{name}{}", self.bits)
    }

    fn shape(&self) -> Shape {
        Shape::flat(self.height as usize, self.width as usize)
    }

    fn extent(&self, input: &Input, options: &Options) -> Extent {
        let colours = if self.samples >= 3 { 3 } else { 1 };
        let channels = if options.colour == Colour::AsStored { self.samples } else { colours };
        let [height, width] = [self.height as usize, self.width as usize];
        let decoded = extent::bytes(&[height, width, self.samples], usize::from(self.bits / 8));
        let left_out = extent::bytes(&[height, width, self.samples - channels], 4);
        Extent {
            shape: self.shape(),
            channels,
            names: layout::names(&[], 1, channels, colours == 3),
            spacing: calibration::settle(&Stated::default(), 1, options).spacing,
            reading: decoded.saturating_add(left_out).saturating_add(self.decoder),
            in_turn: false,
            files: vec![input.path.to_path_buf()],
        }
    }
}

fn plan(input: &Input, options: &Options, decoder: &Decoder) -> Result<(Header, Extent)> {
    options.only_image()?;
    layout::Sizes { c: 1, z: 1, t: 1 }.time(options)?;
    let header = (decoder.header)(&input.source, options.max_bytes)?;
    if header.width == 0 || header.height == 0 || !(1..=4).contains(&header.samples) {
        let Header { width, height, samples, .. } = header;
        return Err(Error::format(format!("an image of {height} x {width} pixels with {samples} samples")));
    }
    let extent = header.extent(input, options).within(options)?;
    Ok((header, extent))
}

fn examine(input: &Input, options: &Options, decoder: &Decoder) -> Result<Extent> {
    plan(input, options, decoder).map(|(_, extent)| extent)
}

fn read(input: &Input, options: &Options, decoder: &Decoder) -> Result<Scan> {
    let (header, Extent { shape, spacing, .. }) = plan(input, options, decoder)?;
    let mut decoded = vec![0; shape.len() * header.samples * usize::from(header.bits / 8)];
    (decoder.pixels)(&input.source, options.max_bytes, &mut decoded)?;
    let mut facts = vec![("format".into(), decoder.name.into()), ("stored as".into(), header.stored_as())];
    let mut warnings = Vec::new();
    let planes = split(&decoded, &header);
    drop(decoded);
    let (planes, names) = measured(planes, header.bits, options.colour, &mut facts, &mut warnings);
    facts.extend(decoder.compression.map(|c| ("compression".into(), c.into())));
    warnings.extend(decoder.compression.map(lossy));
    let stored = Stored { kind: Kind::Uint, bits: header.bits };
    facts.push(("stored type".into(), stored.to_string()));
    let make = |(name, plane)| numbers::channel(name, shape, spacing, Numbers::Uint(plane), stored);
    let channels = names.into_iter().zip(planes).map(make).collect::<Result<Vec<_>>>()?;
    let notes = calibration::settle(&Stated::default(), 1, options).notes;
    Ok(Scan { spacing, facts, warnings, notes, ..Scan::new(Modality::Fluorescence, shape, channels) })
}

/// What loss does to an image that is measured.
pub(super) fn lossy(compression: &str) -> String {
    format!(
        "compressed with loss, as {compression}: values are only as good as what it left, and it makes squares of 8 by 8 pixels of noise, \
         which may be taken for objects; measure the file that the microscope wrote"
    )
}

/// Samples by channel.
fn split(decoded: &[u8], header: &Header) -> Vec<Vec<u32>> {
    let samples = header.samples;
    let bytes = |n| decoded.iter().skip(n).step_by(samples).map(|b| u32::from(*b)).collect();
    let words = decoded.as_chunks::<2>().0;
    let words = |n| words.iter().skip(n).step_by(samples).map(|w| u32::from(u16::from_be_bytes(*w))).collect();
    (0..samples).map(|n| if header.bits == 8 { bytes(n) } else { words(n) }).collect()
}

/// Leaves out transparency and doubled grey; names what remains.
fn measured(
    mut planes: Vec<Vec<u32>>,
    bits: u8,
    colour: Colour,
    facts: &mut Vec<(String, String)>,
    warnings: &mut Vec<String>,
) -> (Vec<Vec<u32>>, Vec<String>) {
    let colours = if planes.len() >= 3 { 3 } else { 1 };
    let names = |n: usize| layout::names(&[], 1, n, colours == 3);
    if colour == Colour::AsStored {
        let count = planes.len();
        return (planes, names(count));
    }
    let opaque = planes.get(colours).is_none_or(|a| a.iter().all(|s| *s == (1 << bits) - 1));
    if planes.len() > colours && !opaque {
        warnings.push("transparency was left out; the image is not opaque".into());
    }
    planes.truncate(colours);
    if colours == 3 && opaque && planes[0] == planes[1] && planes[1] == planes[2] {
        planes.truncate(1);
        facts.push(("colour".into(), "R = G = B everywhere: read as one grey channel".into()));
        return (planes, layout::names(&[], 1, 1, false));
    }
    if colours == 3 {
        warnings.push(COLOUR.into());
    }
    (planes, names(colours))
}
