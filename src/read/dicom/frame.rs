//! One frame: from the bytes of the file to stored numbers, each sample in a plane of its own.
//!
//! Numbers stand in 32 bits: unsigned as they are, signed with their sign carried up, floats as their bits. Bits outside of
//! BitsStored are cut off. Brightness and colour differences become red, green and blue as PS3.3, C.7.6.3.1.2 has it.

use super::codec;
use super::header::Header;
use super::pixels::{Colour, Pieces, Pixels};
use super::syntax::Codec;
use crate::read::Source;
use crate::read::numbers::Kind;
use crate::{Error, Result};

/// Reads a frame into one plane for each sample.
///
/// # Errors
/// The frame is damaged, or not of the size that the header tells.
pub fn read(header: &Header, source: &Source, pixels: &Pixels, frame: usize, out: &mut [&mut [u32]]) -> Result<()> {
    let inner = match &pixels.pieces {
        Pieces::Run(at) => native(header, source, pixels, *at, frame, out),
        Pieces::Each(pieces) => {
            let pieces = pieces.get(frame).map(Vec::as_slice).unwrap_or_default();
            let parts = pieces.iter().map(|p| header.bytes(source, p.0, p.1)).collect::<Result<Vec<_>>>()?;
            packed(pixels, &parts.concat(), out)
        }
    };
    inner.map_err(|e| if pixels.frames > 1 { Error { what: format!("frame {frame}: {}", e.what), ..e } } else { e })?;
    settle(pixels, out);
    Ok(())
}

fn native(
    header: &Header,
    source: &Source,
    pixels: &Pixels,
    at: u64,
    frame: usize,
    out: &mut [&mut [u32]],
) -> Result<()> {
    let bits = pixels.frame_bits();
    let first = bits * frame as u128;
    let (begin, end) = (first / 8, (first + bits).div_ceil(8));
    // Words in the other byte order must be read whole.
    let swapped = pixels.big && pixels.words && pixels.allocated <= 8;
    let begin = if swapped { begin / 2 * 2 } else { begin };
    let end = if swapped { end.div_ceil(2) * 2 } else { end };
    let place = at + begin as u64;
    let room = header.len(source).saturating_sub(place);
    let mut bytes = header.bytes(source, place, ((end - begin) as u64).min(room))?;
    if swapped {
        bytes.chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
    }
    if pixels.allocated == 1 {
        let skip = (first - begin * 8) as usize;
        return single_bits(&bytes, skip, out);
    }
    let skip = (first / 8 - begin) as usize;
    let bytes = bytes.get(skip..).unwrap_or_default();
    match (pixels.colour == Colour::Ybr422, pixels.allocated) {
        (true, _) => halved(bytes, out),
        (_, 8) => spread(bytes, pixels.planar, out, |b: [u8; 1]| u32::from(b[0])),
        (_, 16) if pixels.big => spread(bytes, pixels.planar, out, |b| u32::from(u16::from_be_bytes(b))),
        (_, 16) => spread(bytes, pixels.planar, out, |b| u32::from(u16::from_le_bytes(b))),
        (_, _) if pixels.big => spread(bytes, pixels.planar, out, u32::from_be_bytes),
        (_, _) => spread(bytes, pixels.planar, out, u32::from_le_bytes),
    }
    Ok(())
}

/// Samples of one bit, the lowest bit first.
fn single_bits(bytes: &[u8], skip: usize, out: &mut [&mut [u32]]) -> Result<()> {
    let [plane] = out else { return Err(Error::unsupported("colour of one bit a sample")) };
    for (i, v) in plane.iter_mut().enumerate() {
        let bit = skip + i;
        *v = bytes.get(bit / 8).map_or(0, |b| u32::from(b >> (bit % 8) & 1));
    }
    Ok(())
}

/// Samples of `N` bytes each, pixel by pixel or plane by plane.
fn spread<const N: usize>(bytes: &[u8], planar: bool, out: &mut [&mut [u32]], number: impl Fn([u8; N]) -> u32) {
    let samples = out.len();
    for (s, plane) in out.iter_mut().enumerate() {
        let (skip, step) = if planar { (s * plane.len(), 1) } else { (s, samples) };
        let chunks = bytes.chunks_exact(N).skip(skip).step_by(step);
        plane.iter_mut().zip(chunks).for_each(|(v, c)| *v = c.try_into().map_or(0, &number));
    }
}

/// Two pixels in four bytes: two of brightness, then the colour of both.
fn halved(bytes: &[u8], out: &mut [&mut [u32]]) {
    for (i, four) in bytes.chunks_exact(4).enumerate() {
        let [y0, y1, cb, cr] = [four[0], four[1], four[2], four[3]].map(u32::from);
        for (place, values) in [(2 * i, [y0, cb, cr]), (2 * i + 1, [y1, cb, cr])] {
            out.iter_mut().zip(values).for_each(|(plane, v)| plane.get_mut(place).into_iter().for_each(|p| *p = v));
        }
    }
}

fn packed(pixels: &Pixels, bytes: &[u8], out: &mut [&mut [u32]]) -> Result<()> {
    match pixels.codec {
        Codec::Rle => codec::rle(bytes, pixels.allocated, out),
        Codec::Jpeg => codec::jpeg(bytes, pixels, out),
        Codec::Jpeg2000 => codec::jpeg2000(bytes, pixels, out),
        Codec::Native | Codec::Other => Err(Error::unsupported("this packing")),
    }
}

/// Brings samples into their bits, carries signs up, and makes red, green and blue.
fn settle(pixels: &Pixels, out: &mut [&mut [u32]]) {
    let (stored, kind) = (pixels.stored, pixels.kind);
    let right = pixels.high + 1 - stored;
    let spare = 32 - stored;
    if kind != Kind::Float && (right > 0 || stored < pixels.allocated || kind == Kind::Int) {
        let signed = kind == Kind::Int;
        for v in out.iter_mut().flat_map(|p| p.iter_mut()) {
            let up = (*v >> right) << spare;
            *v = if signed { ((up as i32) >> spare) as u32 } else { up >> spare };
        }
    }
    // The decoder of JPEG makes red, green and blue by itself.
    let differences = matches!(pixels.colour, Colour::Ybr | Colour::Ybr422) && pixels.codec != Codec::Jpeg;
    if let ([y, b, r], true) = (out, differences && stored <= 16) {
        let half = f64::from(1u32 << (stored - 1));
        let top = f64::from((1u32 << stored) - 1);
        for ((y, b), r) in y.iter_mut().zip(b.iter_mut()).zip(r.iter_mut()) {
            let (light, blue, red) = (f64::from(*y), f64::from(*b) - half, f64::from(*r) - half);
            let to = |v: f64| (v + 0.5).floor().clamp(0.0, top) as u32;
            let green = light - (0.114 * 1.772 / 0.587) * blue - (0.299 * 1.402 / 0.587) * red;
            (*y, *b, *r) = (to(light + 1.402 * red), to(green), to(light + 1.772 * blue));
        }
    }
}
