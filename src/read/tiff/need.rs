//! What decoding takes beside the samples, from the headers alone.

use super::codes::{Compression, Predictor};
use super::decode;
use super::directory::Tiff;
use super::page::Page;
use crate::Result;

/// Bytes of memory that a byte of the description may take while it is understood: an XML tree is many times its text.
pub const OF_TEXT: u32 = 16;
/// Bytes that a page and its entries take.
const OF_PAGE: u64 = 1 << 10;
/// Bytes of the state of a decompressor.
const OF_CODEC: u64 = 1 << 18;
/// Bytes of the list of a row's parts, and of each part.
const OF_ROW: u64 = 48;
const OF_PART: u64 = 48;
/// Rows of a chunk that are turned into numbers at a time, each by a thread.
const ROWS_AT_ONCE: usize = 64;

/// Bytes, at most.
#[derive(Debug)]
pub struct Need {
    text: u64,
    pages: u64,
    /// Of the page that takes most: they are decoded one after the other.
    chunks: u64,
}

impl Need {
    /// What a description of that length takes, before any pixel is read.
    pub fn of_text(len: usize) -> Self {
        Need { text: len as u64 * u64::from(OF_TEXT), pages: 0, chunks: 0 }
    }

    /// The directories of a file.
    pub fn pages(&mut self, count: usize) {
        self.pages = self.pages.saturating_add(OF_PAGE.saturating_mul(count as u64));
    }

    /// The chunks of a page.
    ///
    /// # Errors
    /// They do not lie within the file.
    pub fn page(&mut self, tiff: &Tiff, page: &Page) -> Result<()> {
        self.chunks = self.chunks.max(in_flight(tiff, page)?);
        Ok(())
    }

    /// What reading takes beside the samples, where their numbers take `numbers` beside them.
    pub fn reading(&self, numbers: u64, finished: u64) -> u64 {
        // The text is gone before there are samples.
        let decoding = numbers.saturating_add(self.chunks);
        decoding.max(self.text.saturating_sub(finished)).saturating_add(self.pages)
    }
}

fn in_flight(tiff: &Tiff, page: &Page) -> Result<u64> {
    let places = page.places(tiff)?;
    let mut packed = 0;
    for batch in places.chunks(decode::AT_ONCE) {
        let mut sum = 0u64;
        for (at, len) in batch {
            let len = page.packed_bytes(*len);
            tiff.within(*at, len)?;
            sum = sum.saturating_add(len);
        }
        packed = packed.max(sum);
    }
    let [_, across] = page.grid();
    let chunks = decode::together(page).saturating_mul(across).min(places.len());
    let unpacked = (page.chunk_bytes() as u64).saturating_mul(chunks as u64);
    let codecs = codec(page).saturating_mul(chunks.min(decode::AT_ONCE) as u64);
    // An uncompressed chunk is unpacked as soon as it is read; others are twice there, and for JPEG tables go before them.
    let packed = match page.compression {
        Compression::None => 0,
        Compression::Jpeg | Compression::Group4 => 2 * packed,
        _ => packed,
    };
    let rows = decode::together(page).saturating_mul(page.chunk[0]).min(page.height).min(decode::ROWS);
    let lists = (rows as u64).saturating_mul(OF_ROW + OF_PART * page.chunk_samples() as u64);
    let word = if page.stored.bits > 32 { 8 } else { 4 };
    let sorted = if page.predictor == Predictor::Float { 2 } else { 0 };
    let row = page.chunk[1].saturating_mul(page.chunk_samples()).saturating_mul(word * (1 + sorted));
    let words = (row as u64).saturating_mul(rows.min(ROWS_AT_ONCE) as u64);
    Ok([unpacked, codecs, packed, lists, words, 48 * places.len() as u64].iter().fold(0, |n, v| n.saturating_add(*v)))
}

/// Bytes that unpacking one chunk takes beside what goes in and comes out.
fn codec(page: &Page) -> u64 {
    let out = page.chunk_bytes() as u64;
    let state = match page.compression {
        Compression::None => return 0,
        Compression::Lzw | Compression::Deflate | Compression::PackBits => 0,
        Compression::Zstd => out,
        Compression::Group4 => out.saturating_mul(2),
        // Pixels padded to whole blocks, and the coefficients of progressive streams.
        Compression::Jpeg => {
            let padded = |n: usize| n.saturating_add(64) as u64;
            let pixels = padded(page.chunk[0]).saturating_mul(padded(page.chunk[1]));
            pixels.saturating_mul(3 * page.chunk_samples() as u64)
        }
    };
    state.saturating_add(OF_CODEC)
}
