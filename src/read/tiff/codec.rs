//! Unpacking of one chunk: packed bytes in, exactly the bytes that its rows take out.

use super::codes::{Compression, Photometric};
use super::fax::group4;
use super::page::Page;
use crate::{Error, Result};
use std::io::Read;

/// The bytes of a chunk with `rows` rows. `tables` are the JPEG tables of the page.
///
/// # Errors
/// The stream is damaged, ends early, or goes on where its rows end.
pub fn unpack(page: &Page, mut packed: Vec<u8>, tables: &[u8], rows: usize) -> Result<Vec<u8>> {
    let wanted = page.row_bytes().saturating_mul(rows);
    // Some writers fill up the last strip.
    let most = page.chunk_bytes().max(wanted);
    if page.reversed_bits && page.compression != Compression::Jpeg {
        packed.iter_mut().for_each(|b| *b = b.reverse_bits());
    }
    let mut out = match page.compression {
        Compression::None => packed,
        Compression::Group4 if page.stored.bits != 1 => {
            return Err(Error::format("CCITT group 4 with more than one bit a pixel"));
        }
        Compression::Group4 => group4(&packed, page.chunk[1], rows)?,
        Compression::Lzw => lzw(&packed, wanted)?,
        Compression::Deflate => stream(flate2::read::ZlibDecoder::new(packed.as_slice()), most)?,
        Compression::Zstd => stream(zstd::Decoder::with_buffer(packed.as_slice())?.single_frame(), most)?,
        Compression::PackBits => pack_bits(&packed, most)?,
        Compression::Jpeg => jpeg(page, &packed, tables, rows)?,
    };
    if out.len() < wanted {
        return Err(Error::format(format!("a strip or tile ends after {} of {wanted} bytes", out.len())));
    }
    out.truncate(wanted);
    Ok(out)
}

/// All that a stream holds, to its end, where its checksum stands.
fn stream(reader: impl Read, most: usize) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(most);
    let end = reader.take(most as u64 + 1).read_to_end(&mut out);
    end.map_err(|e| Error::format(format!("a damaged strip or tile: {e}")))?;
    ends(out, most)
}

/// One that holds more than its rows can is not what was written.
fn ends(out: Vec<u8>, most: usize) -> Result<Vec<u8>> {
    if out.len() > most {
        return Err(Error::format(format!("a damaged strip or tile: it goes on after its {most} bytes")));
    }
    Ok(out)
}

/// Most writers put the most significant bit first and switch the code size one code early. Files of an older kind do
/// neither; they are known by their first code, a clear code that begins with a zero byte.
fn lzw(packed: &[u8], wanted: usize) -> Result<Vec<u8>> {
    let old = packed.first() == Some(&0) && packed.get(1).is_some_and(|b| b & 1 == 1);
    let configuration = match old {
        true => weezl::decode::Configuration::new(weezl::BitOrder::Lsb, 8),
        false => weezl::decode::Configuration::with_tiff_size_switch(weezl::BitOrder::Msb, 8),
    };
    let mut decoder = configuration.with_yield_on_full_buffer(true).build();
    let (mut out, mut at, mut done) = (vec![0; wanted], 0, 0);
    while done < wanted {
        let step = decoder.decode_bytes(&packed[at..], &mut out[done..]);
        let status = step.status.map_err(|e| Error::format(format!("a damaged strip or tile: LZW, {e}")))?;
        at += step.consumed_in;
        done += step.consumed_out;
        if !matches!(status, weezl::LzwStatus::Ok) || step.consumed_in + step.consumed_out == 0 {
            break;
        }
    }
    out.truncate(done);
    Ok(out)
}

/// A byte n below 128 announces n + 1 bytes as they are, one above 128 a byte that comes 257 - n times; 128 is nothing.
fn pack_bits(packed: &[u8], most: usize) -> Result<Vec<u8>> {
    let (mut out, mut rest) = (Vec::with_capacity(most), packed);
    while let [n, tail @ ..] = rest
        && out.len() <= most
    {
        let n = usize::from(*n);
        rest = match (n, tail) {
            (..=127, _) => {
                let (run, tail) = tail.split_at((n + 1).min(tail.len()));
                out.extend_from_slice(run);
                tail
            }
            (n, [value, tail @ ..]) if n > 128 => {
                out.resize(out.len() + 257 - n, *value);
                tail
            }
            _ => tail,
        };
    }
    ends(out, most)
}

/// One JPEG stream. Its tables may stand in the page: they go before it, less its begin and their end mark.
fn jpeg(page: &Page, packed: &[u8], tables: &[u8], rows: usize) -> Result<Vec<u8>> {
    use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
    let bad = |what: String| Error::format(format!("a damaged strip or tile: JPEG, {what}"));
    let whole = match (tables, packed) {
        ([head @ .., 0xff, 0xd9], [0xff, 0xd8, body @ ..]) => [head, body].concat(),
        _ => packed.to_vec(),
    };
    if !crate::read::jpeg::is_whole(&whole) {
        return Err(bad("which ends before its pixels do".into()));
    }
    let [_, width] = page.chunk;
    // Padding to whole blocks may make a stream a little larger than its chunk.
    let options = DecoderOptions::default().set_max_width(width + 64).set_max_height(page.chunk[0] + 64);
    let options = options.set_strict_mode(true);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(whole), options);
    decoder.decode_headers().map_err(|e| bad(e.to_string()))?;
    let found = decoder.info().ok_or_else(|| bad("no header".into()))?;
    let (w, h) = (usize::from(found.width), usize::from(found.height));
    if w < width || h < rows || usize::from(found.components) != page.chunk_samples() {
        return Err(bad(format!("{h} x {w} pixels of {} samples", found.components)));
    }
    let colour = match (page.photometric, decoder.input_colorspace()) {
        (Photometric::YCbCr, _) if page.chunk_samples() == 3 => ColorSpace::RGB,
        (_, Some(stored)) => stored,
        (_, None) => return Err(bad("no colour".into())),
    };
    decoder.set_options(options.jpeg_set_out_colorspace(colour));
    let pixels = decoder.decode().map_err(|e| bad(e.to_string()))?;
    let (from, to) = (w * page.chunk_samples(), width * page.chunk_samples());
    Ok(pixels.chunks_exact(from.max(1)).take(rows).flat_map(|row| &row[..to]).copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pack_bits_of_the_specification() {
        let packed = [0xfe, 0xaa, 0x02, 0x80, 0x00, 0x2a, 0xfd, 0xaa, 0x03, 0x80, 0x00, 0x2a, 0x22, 0xf7, 0xaa];
        let plain = [
            0xaa, 0xaa, 0xaa, 0x80, 0x00, 0x2a, 0xaa, 0xaa, 0xaa, 0xaa, 0x80, 0x00, 0x2a, 0x22, 0xaa, 0xaa, 0xaa, 0xaa,
            0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
        ];
        assert_eq!(pack_bits(&packed, 24).unwrap(), plain);
        assert_eq!(pack_bits(&[5, 1, 2], 6).unwrap(), [1, 2]);
        assert!(pack_bits(&[0xfe], 3).unwrap().is_empty());
        // A byte that fills up to whole words says nothing.
        assert_eq!(pack_bits(&[1, 7, 8, 0], 2).unwrap(), [7, 8]);
        assert!(pack_bits(&packed, 23).unwrap_err().what.contains("it goes on after its 23 bytes"));
    }
}
