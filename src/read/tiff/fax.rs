//! CCITT group 4 chunks, as scanned masks have them, through the `tiff` crate.
//!
//! The crate reads whole files, so the chunk is handed over as a file of its own: one strip of one bit a pixel.

use crate::{Error, Result};
use std::io::Cursor;
use tiff::decoder::{Decoder, DecodingResult};

const LONG: u16 = 4;

/// The packed bits of a chunk, rows begin with a whole byte.
///
/// # Errors
/// The stream is damaged, or has more than 65,535 rows or columns.
pub fn group4(packed: &[u8], width: usize, rows: usize) -> Result<Vec<u8>> {
    if width.max(rows) > usize::from(u16::MAX) {
        return Err(Error::unsupported(format!("CCITT group 4 with {rows} rows of {width} in one strip"))
            .remedy("a copy saved with deflate, LZW or no compression"));
    }
    let damaged = |what: String| Error::format(format!("a damaged strip or tile: CCITT group 4, {what}"));
    let size = |n: usize| u32::try_from(n).map_err(|_| damaged(format!("{n} of something")));
    let entries = [(256, size(width)?), (257, size(rows)?), (258, 1), (259, 4), (262, 1), (277, 1), (278, size(rows)?)];
    // Header of 8 bytes, the number of entries, nine entries of 12 bytes, no further directory.
    let begin = 8 + 2 + 9 * 12 + 4;
    let mut file = Vec::with_capacity(begin + packed.len());
    file.extend_from_slice(&[b'I', b'I', 42, 0, 8, 0, 0, 0, 9, 0]);
    let mut all: Vec<(u16, u32)> = entries.to_vec();
    all.extend([(273, begin as u32), (279, size(packed.len())?)]);
    all.sort_unstable();
    for (tag, value) in all {
        file.extend_from_slice(&tag.to_le_bytes());
        file.extend_from_slice(&LONG.to_le_bytes());
        file.extend_from_slice(&1u32.to_le_bytes());
        file.extend_from_slice(&value.to_le_bytes());
    }
    file.extend_from_slice(&[0; 4]);
    file.extend_from_slice(packed);
    let mut decoder = Decoder::new(Cursor::new(file)).map_err(|e| damaged(e.to_string()))?;
    match decoder.read_image().map_err(|e| damaged(e.to_string()))? {
        DecodingResult::U8(bits) => Ok(bits),
        other => Err(damaged(format!("pixels of another type, {other:?}").chars().take(80).collect())),
    }
}
