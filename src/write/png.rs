//! Pictures as PNG: one byte a pixel, which is an index into a palette.
//!
//! Rows are deflated in blocks by all threads and put together into one stream: blocks that end with a flush may stand behind
//! each other (RFC 1951, 3.2.4), and their checksums add up (RFC 1950, 9). The blocks do not depend on the number of threads.

use super::draft::Draft;
use crate::read::own;
use crate::{Error, Result};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use png::chunk::IDAT;
use rayon::prelude::*;
use std::io::{self, Write};
use std::path::Path;

/// Bytes of a block, about.
const BLOCK: usize = 1 << 18;
/// Deflate's level. The next one takes 1.6 times the time for five sixths of the bytes: pictures are made to be looked at once.
const LEVEL: u32 = 1;

/// Writes a picture of `width` times `height` pixels in raster order; the palette has three bytes a colour.
///
/// # Errors
/// The picture is too large for the format, or the system refuses.
pub(super) fn indexed(path: &Path, [height, width]: [usize; 2], palette: Vec<u8>, dots: &[u8]) -> Result<()> {
    let mut draft = Draft::create(path)?;
    let size = |n: usize| u32::try_from(n).map_err(|_| Error::limit("a picture too large for PNG").at(path));
    let mut encoder = png::Encoder::new(&mut draft, size(width)?, size(height)?);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(palette);
    let marked = encoder.add_text_chunk("Software".into(), own::OVERLAY.into());
    let written = marked.and_then(|()| encoder.write_header()).and_then(|mut file| {
        stream(dots, width)?.iter().try_for_each(|part| file.write_chunk(IDAT, part))?;
        file.finish()
    });
    written.map_err(|e| match e {
        png::EncodingError::IoError(e) => draft.error(&e),
        other => Error::io(format!("cannot write: {other}")).at(path),
    })?;
    draft.commit()
}

/// A zlib stream of rows without a filter, in pieces.
fn stream(dots: &[u8], width: usize) -> io::Result<Vec<Vec<u8>>> {
    let rows = (BLOCK / (width + 1)).max(1) * width.max(1);
    let last = dots.len().div_ceil(rows).saturating_sub(1);
    let block = |(i, dots): (usize, &[u8])| {
        let mut filtered = Vec::with_capacity(dots.len() + dots.len() / width.max(1));
        for row in dots.chunks(width) {
            filtered.push(0);
            filtered.extend_from_slice(row);
        }
        Ok((deflate(&filtered, i == last)?, Adler::of(&filtered)))
    };
    let blocks: Vec<io::Result<(Vec<u8>, Adler)>> = dots.par_chunks(rows).enumerate().map(block).collect();
    let mut pieces = vec![vec![0x78, 0x01]];
    let mut sum = Adler::of(&[]);
    for block in blocks {
        let (piece, of_piece) = block?;
        sum = sum.then(of_piece);
        pieces.push(piece);
    }
    pieces.push(sum.bytes().to_vec());
    Ok(pieces)
}

/// A piece of a deflate stream; the last one ends it.
fn deflate(bytes: &[u8], last: bool) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(LEVEL));
    encoder.write_all(bytes)?;
    if last {
        return encoder.finish();
    }
    encoder.flush()?;
    Ok(std::mem::take(encoder.get_mut()))
}

/// The checksum of a zlib stream.
#[derive(Clone, Copy)]
struct Adler {
    a: u64,
    b: u64,
    len: u64,
}

const MODULUS: u64 = 65521;

impl Adler {
    fn of(bytes: &[u8]) -> Self {
        let (mut a, mut b) = (1, 0);
        // As many as a sum in 64 bits holds, and more.
        for part in bytes.chunks(1 << 16) {
            for byte in part {
                a += u64::from(*byte);
                b += a;
            }
            (a, b) = (a % MODULUS, b % MODULUS);
        }
        Adler { a, b, len: bytes.len() as u64 }
    }

    /// That of these bytes and of those behind them.
    fn then(self, next: Adler) -> Self {
        let before = self.a + MODULUS - 1;
        let a = (before + next.a) % MODULUS;
        let b = (self.b + next.b + next.len % MODULUS * (before % MODULUS)) % MODULUS;
        Adler { a, b, len: self.len + next.len }
    }

    fn bytes(self) -> [u8; 4] {
        ((self.b << 16 | self.a) as u32).to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn any_picture_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.png");
        let palette: Vec<u8> = (0..=255).flat_map(|i| [i, i, i]).collect();
        for [height, width] in [[1, 1], [3, 5], [1, 300_000], [700, 1000], [262_143, 1], [512, 511]] {
            let dots: Vec<u8> = (0..height * width).map(|i| (i * i / 7 % 251) as u8).collect();
            indexed(&path, [height, width], palette.clone(), &dots).unwrap();
            let mut decoder = png::Decoder::new(io::BufReader::new(std::fs::File::open(&path).unwrap()));
            decoder.set_transformations(png::Transformations::IDENTITY);
            decoder.ignore_checksums(false);
            let mut reader = decoder.read_info().unwrap();
            let mut back = vec![0; reader.output_buffer_size().unwrap()];
            reader.next_frame(&mut back).unwrap();
            assert_eq!(back, dots, "{height} x {width}");
        }
    }

    #[test]
    fn checksums_add_up() {
        // The value of "Wikipedia" that its article on Adler-32 works out by hand.
        assert_eq!(Adler::of(b"Wikipedia").bytes(), [0x11, 0xe6, 0x03, 0x98]);
        let bytes: Vec<u8> = (0..200_000_u32).map(|i| (i % 256) as u8 | 0x80).collect();
        for cut in [0, 1, 65_521, 131_072, 200_000] {
            let (a, b) = bytes.split_at(cut);
            assert_eq!(Adler::of(a).then(Adler::of(b)).bytes(), Adler::of(&bytes).bytes(), "{cut}");
        }
    }
}
