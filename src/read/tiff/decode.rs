//! Pixels of a page: chunks are read one after the other and unpacked side by side, some whole rows of them at a time.

use super::codec;
use super::codes::Compression;
use super::directory::Tiff;
use super::page::Page;
use super::unpack::{self, Part, Words};
use crate::Result;
use crate::in_order::in_order;
use crate::read::numbers::Numbers;
use rayon::prelude::*;

/// Bytes of chunks that are unpacked together, unless one row of chunks has more: enough for many threads. It does not depend
/// on their number, so that the memory is known beforehand.
const TOGETHER: usize = 16 << 20;
/// Rows of the image that are put into their places together.
pub const ROWS: usize = 1 << 14;
/// Packed chunks that are in memory together.
pub const AT_ONCE: usize = 32;

/// Rows of chunks that are unpacked together.
pub fn together(page: &Page) -> usize {
    let [down, across] = page.grid();
    let row = page.chunk_bytes().saturating_mul(across).max(1);
    (TOGETHER / row).clamp(1, down.max(1))
}

/// Decodes a page into its channels, from `at` on in each.
///
/// # Errors
/// A chunk is damaged.
pub fn page(tiff: &Tiff, page: &Page, rooms: &mut [Numbers], at: usize) -> Result<()> {
    let tables = match (&page.jpeg_tables, page.compression) {
        (Some(tables), Compression::Jpeg) => tiff.bytes(tables)?,
        _ => Vec::new(),
    };
    let places = page.places(tiff)?;
    let ([down, across], together) = (page.grid(), together(page));
    for (plane, places) in places.chunks(down * across).enumerate() {
        let rooms = if page.planar { &mut rooms[plane..=plane] } else { &mut *rooms };
        for (first, places) in (0..).step_by(together).zip(places.chunks(together * across)) {
            let mut chunks = Vec::with_capacity(places.len());
            for places in places.chunks(AT_ONCE) {
                let packed = places.iter().map(|(at, len)| tiff.read(*at, page.packed_bytes(*len)));
                let rows = |i: usize| page.chunk_rows(first + (chunks.len() + i) / across);
                let packed = packed.collect::<Result<Vec<_>>>()?.into_par_iter().enumerate();
                let unpacked = packed.map(|(i, packed)| codec::unpack(page, packed, &tables, rows(i)));
                chunks.extend(in_order(unpacked)?);
            }
            scatter(page, &chunks, tiff.little, first, rooms, at);
        }
    }
    Ok(())
}

/// Puts the numbers of whole rows of chunks where they belong, without the padding of tiles. `first` is the first of these
/// rows.
fn scatter(page: &Page, chunks: &[Vec<u8>], little: bool, first: usize, rooms: &mut [Numbers], at: usize) {
    let ([_, across], [height, width]) = (page.grid(), page.chunk);
    let (y0, samples) = (first * height, page.chunk_samples());
    let y1 = page.height.min(y0 + chunks.len() / across * height);
    for from in (y0..y1).step_by(ROWS) {
        let to = y1.min(from + ROWS);
        // Of each row of the image its part of every channel.
        let mut rows: Vec<Vec<Part>> = (from..to).map(|_| Vec::with_capacity(samples)).collect();
        for room in &mut *rooms {
            let parts = Part::of(room, at + from * page.width..at + to * page.width).rows(page.width);
            rows.iter_mut().zip(parts).for_each(|(row, part)| row.push(part));
        }
        rows.into_par_iter().with_min_len(8).enumerate().for_each_init(Words::default, |words, (row, mut parts)| {
            let y = from - y0 + row;
            for (x, chunk) in (0..page.width).step_by(width).zip(&chunks[y / height * across..]) {
                let bytes = &chunk[y % height * page.row_bytes()..][..page.row_bytes()];
                unpack::words(page, bytes, little, words);
                for (sample, part) in parts.iter_mut().enumerate() {
                    unpack::place(words, sample, samples, page.stored, part.cut(x..page.width.min(x + width)));
                }
            }
        });
    }
}
