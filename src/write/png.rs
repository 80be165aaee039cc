//! Pictures as PNG: one byte a pixel, which is an index into a palette.
//!
//! Rows are stored as differences from the pixel on the left: what lies side by side is alike, and an index is nearly a grey.
//! They are packed in blocks by all threads and put together into one stream: blocks that end at a whole byte may stand behind
//! each other (RFC 1951, 3.2.4), and their checksums add up (RFC 1950, 9). The blocks do not depend on the number of threads.

use super::deflate::{Adler, BEGIN, Raster, deflate};
use super::draft::Draft;
use crate::read::own;
use crate::{Error, Result};
use png::chunk::IDAT;
use rayon::prelude::*;
use std::path::Path;

/// Bytes of a block, about.
const BLOCK: usize = 1 << 18;
/// The filter of a row that is stored as differences from the left (PNG 1.2, 6.3).
const SUB: u8 = 1;

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
        stream(dots, width).iter().try_for_each(|part| file.write_chunk(IDAT, part))?;
        file.finish()
    });
    written.map_err(|e| match e {
        png::EncodingError::IoError(e) => draft.error(&e),
        other => Error::io(format!("cannot write: {other}")).at(path),
    })?;
    draft.commit()
}

/// A zlib stream of rows, each behind its filter, in pieces.
fn stream(dots: &[u8], width: usize) -> Vec<Vec<u8>> {
    let rows = (BLOCK / (width + 1)).max(1) * width.max(1);
    let last = dots.len().div_ceil(rows).saturating_sub(1);
    let block = |(i, dots): (usize, &[u8])| {
        let mut filtered = Vec::with_capacity(dots.len() + dots.len() / width.max(1));
        for row in dots.chunks(width) {
            filtered.extend([SUB, row[0]]);
            filtered.extend(row.iter().zip(&row[1..]).map(|(left, dot)| dot.wrapping_sub(*left)));
        }
        (deflate(&filtered, Raster { left: 1, above: width + 1 }, i == last), Adler::of(&filtered))
    };
    let blocks: Vec<(Vec<u8>, Adler)> = dots.par_chunks(rows).enumerate().map(block).collect();
    let sum = blocks.iter().fold(Adler::of(&[]), |sum, (_, of_block)| sum.then(*of_block));
    let pieces = blocks.into_iter().map(|(piece, _)| piece);
    std::iter::once(BEGIN.to_vec()).chain(pieces).chain([sum.bytes().to_vec()]).collect()
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;
    use std::io;

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
}
