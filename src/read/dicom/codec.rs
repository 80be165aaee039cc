//! Packed frames: run lengths, JPEG and JPEG 2000.
//!
//! Run lengths are unpacked here (PS3.5, annex G). JPEG goes through `jpeg-decoder`, JPEG 2000 through `openjp2`. The size that
//! a stream tells is held against the header before a decoder sees it, so that neither takes more memory than the frame.

use super::pixels::Pixels;
use crate::{Error, Result};
use jpeg_decoder::{ColorTransform, Decoder, PixelFormat};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Unpacks run lengths: a segment for each byte of each sample, the most significant first.
///
/// # Errors
/// Another number of segments than the samples need, or a segment that is cut off.
pub fn rle(bytes: &[u8], allocated: u32, out: &mut [&mut [u32]]) -> Result<()> {
    let long = |at: usize| {
        let b = bytes.get(at..at + 4).and_then(|b| b.try_into().ok());
        b.map(u32::from_le_bytes).ok_or_else(|| Error::format("RLE: the head is cut off"))
    };
    let each = (allocated / 8) as usize;
    let (count, need) = (long(0)? as usize, out.len() * each);
    if count != need || need == 0 || need > 15 {
        return Err(Error::format(format!("RLE: {count} segments where {need} are needed")));
    }
    for segment in 0..count {
        let begin = long(4 + 4 * segment)? as usize;
        let end = if segment + 1 < count { long(8 + 4 * segment)? as usize } else { bytes.len() };
        let part = bytes.get(begin..end).filter(|_| begin >= 64);
        let part = part.ok_or_else(|| Error::format(format!("RLE: segment {segment} is cut off")))?;
        let shift = 8 * (each - 1 - segment % each) as u32;
        let plane = &mut *out[segment / each];
        if segment % each == 0 {
            plane.fill(0);
        }
        let n = runs(part, plane, shift);
        if n < plane.len() {
            return Err(Error::format(format!("RLE: segment {segment} holds {n} of {} samples", plane.len())));
        }
    }
    Ok(())
}

/// Adds the bytes of a segment to samples; gives how many samples were reached.
fn runs(part: &[u8], plane: &mut [u32], shift: u32) -> usize {
    let (mut at, mut n) = (0, 0);
    while let (Some(code), true) = (part.get(at), n < plane.len()) {
        let code = usize::from(*code);
        if code < 128 {
            let end = (at + 2 + code).min(part.len());
            let literal = part.get(at + 1..end).unwrap_or_default();
            plane[n..].iter_mut().zip(literal).for_each(|(v, b)| *v |= u32::from(*b) << shift);
            n = (n + literal.len()).min(plane.len());
            at += 2 + code;
        } else if code > 128 {
            let Some(b) = part.get(at + 1) else { break };
            let end = (n + 257 - code).min(plane.len());
            plane[n..end].iter_mut().for_each(|v| *v |= u32::from(*b) << shift);
            n = end;
            at += 2;
        } else {
            at += 1;
        }
    }
    n
}

/// What the head of a stream tells.
#[derive(Debug, PartialEq)]
struct Told {
    rows: usize,
    columns: usize,
    samples: usize,
    bits: u32,
}

impl Told {
    fn check(&self, what: &str, pixels: &Pixels) -> Result<()> {
        let Told { rows, columns, samples, .. } = *self;
        if [rows, columns, samples] == [pixels.rows, pixels.columns, pixels.samples] && self.bits <= pixels.allocated {
            return Ok(());
        }
        Err(Error::format(format!(
            "{what}: {rows} x {columns} of {samples} samples of {} bits, the header tells {} x {} of {} of {}",
            self.bits, pixels.rows, pixels.columns, pixels.samples, pixels.allocated
        )))
    }
}

/// Runs a decoder that may panic on damaged data.
fn guard<T>(what: &str, decode: impl FnOnce() -> std::result::Result<T, String>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(result) => result.map_err(|e| Error::format(format!("{what}: {e}"))),
        Err(_) => Err(Error::format(format!("{what}: the stream is damaged; the decoder gave up"))),
    }
}

/// Decodes JPEG: baseline, extended with 8 bits, and lossless by prediction.
///
/// # Errors
/// The stream is damaged, of another size than the header tells, or of a kind that is not read.
pub fn jpeg(bytes: &[u8], pixels: &Pixels, out: &mut [&mut [u32]]) -> Result<()> {
    let (told, marked) = jpeg_head(bytes).ok_or_else(|| Error::format("JPEG: no head of a frame"))?;
    told.check("JPEG", pixels)?;
    let (format, data) = guard("JPEG", || {
        let mut decoder = Decoder::new(bytes);
        if pixels.colour == super::pixels::Colour::Rgb && !marked {
            decoder.set_color_transform(ColorTransform::RGB);
        }
        let data = decoder.decode().map_err(|e| e.to_string())?;
        Ok((decoder.info().map(|i| i.pixel_format), data))
    })?;
    let samples = out.len();
    let (bytes_each, channels) = match format {
        Some(PixelFormat::L8) => (1, 1),
        Some(PixelFormat::L16) => (2, 1),
        Some(PixelFormat::RGB24) => (1, 3),
        _ => return Err(Error::unsupported("JPEG with four inks")),
    };
    if channels != samples || data.len() < pixels.plane() * samples * bytes_each {
        return Err(Error::format("JPEG: the stream holds fewer samples than it tells"));
    }
    for (s, plane) in out.iter_mut().enumerate() {
        let chunks = data.chunks_exact(bytes_each).skip(s).step_by(samples);
        plane.iter_mut().zip(chunks).for_each(|(v, c)| {
            *v = match c {
                [a, b] => u32::from(u16::from_ne_bytes([*a, *b])),
                _ => c.first().map_or(0, |b| u32::from(*b)),
            }
        });
    }
    Ok(())
}

/// The head of the frame, and whether a marker says what the colours are.
fn jpeg_head(bytes: &[u8]) -> Option<(Told, bool)> {
    let (mut at, mut marked) = (2usize, false);
    loop {
        let [mark, kind, high, low] = *bytes.get(at..at + 4)?.first_chunk()?;
        if mark != 0xff {
            return None;
        }
        let len = usize::from(u16::from_be_bytes([high, low]));
        match kind {
            0xff => {
                at += 1;
                continue;
            }
            0xc0..=0xcf if !matches!(kind, 0xc4 | 0xc8 | 0xcc) => {
                let f: [u8; 6] = *bytes.get(at + 4..at + 10)?.first_chunk()?;
                let size = |a, b| usize::from(u16::from_be_bytes([a, b]));
                let (rows, columns) = (size(f[1], f[2]), size(f[3], f[4]));
                return Some((Told { rows, columns, samples: f[5].into(), bits: f[0].into() }, marked));
            }
            0xe0 | 0xee => marked = true,
            0xda | 0xd9 => return None,
            _ => {}
        }
        at += 2 + len;
    }
}

/// Decodes JPEG 2000.
///
/// # Errors
/// The stream is damaged, cut off, or of another size than the header tells.
pub fn jpeg2000(bytes: &[u8], pixels: &Pixels, out: &mut [&mut [u32]]) -> Result<()> {
    const WHAT: &str = "JPEG 2000";
    jpeg2000_head(bytes).ok_or_else(|| Error::format("JPEG 2000: no head of an image"))?.check(WHAT, pixels)?;
    let image = guard(WHAT, || {
        let strict = jpeg2k::DecodeParameters::new().strict(true);
        jpeg2k::Image::from_bytes_with(bytes, strict).map_err(|e| e.to_string())
    })?;
    let planes = image.components();
    let fits = |c: &jpeg2k::ImageComponent| [c.height() as usize, c.width() as usize] == [pixels.rows, pixels.columns];
    if planes.len() != out.len() || !planes.iter().all(fits) {
        return Err(Error::format("JPEG 2000: planes of another size than the header tells"));
    }
    for (plane, from) in out.iter_mut().zip(planes) {
        plane.iter_mut().zip(from.data()).for_each(|(v, s)| *v = *s as u32);
    }
    Ok(())
}

/// The SIZ segment: a stream begins with it, or a file of boxes holds it further on.
fn jpeg2000_head(bytes: &[u8]) -> Option<Told> {
    const MARK: [u8; 4] = [0xff, 0x4f, 0xff, 0x51];
    let at = bytes.windows(4).position(|w| w == MARK)? + 8;
    let long = |i: usize| Some(u32::from_be_bytes(*bytes.get(at + i..)?.first_chunk()?));
    let [width, height, left, top] = [long(0)?, long(4)?, long(8)?, long(12)?];
    let samples = usize::from(u16::from_be_bytes(*bytes.get(at + 32..)?.first_chunk()?));
    let parts = bytes.get(at + 34..(at + 34).checked_add(3 * samples)?)?;
    // A sample for every pixel, none of them thinned out.
    let whole = parts.chunks_exact(3).all(|c| c[1] == 1 && c[2] == 1);
    let bits = parts.chunks_exact(3).map(|c| u32::from(c[0] & 0x7f) + 1).max()?;
    let size = |end: u32, begin: u32| end.checked_sub(begin).map(|n| n as usize).filter(|_| whole);
    Some(Told { rows: size(height, top)?, columns: size(width, left)?, samples, bits })
}
