//! Zlib streams (RFC 1950, 1951) of rasters: of pictures and of label images. What repeats there is the pixel on the left or
//! the one above, so these two places alone are looked at. All else are literals, whose codes follow from how often each is
//! there.
//!
//! A general packer looks up every few bytes among those before. In pictures of a camera, whose noise never comes again, that
//! takes three times the time for more bytes; in label images it finds little else. The bytes depend on no processor.

mod bits;
mod checksum;
mod codes;
mod repeats;

use bits::Bits;
pub(super) use checksum::Adler;
use codes::Codes;
use repeats::{LONGEST, Repeat, SHORTEST, WINDOW, repeats};

/// How many bytes before a pixel the one on its left and the one above it stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raster {
    /// Bytes of a pixel.
    pub left: usize,
    /// Bytes of a row; above 2^15, which no reader looks back to, no row is seen.
    pub above: usize,
}

/// What a zlib stream begins with.
pub(super) const BEGIN: [u8; 2] = [0x78, 0x01];
/// The symbol that ends a block; those before it are literals, those behind it lengths of repeats.
const END: usize = 256;
/// Literals, the end, and lengths of repeats.
const SYMBOLS: usize = 286;
/// Symbols for how far back a repeat lies.
const DISTANCES: usize = 30;
/// Lengths of codes in the order in which a head says how long their own codes are.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
/// Bits of a code, at most: four codes and the rest of a byte before them fit into 64 bits.
const MOST_BITS: u8 = 14;
/// Bits of a code for the length of a code, at most, as the format has it.
const MOST_BITS_OF_LENGTHS: u8 = 7;

/// A whole stream of one piece.
pub(super) fn zlib(bytes: &[u8], raster: Raster) -> Vec<u8> {
    let mut stream = BEGIN.to_vec();
    stream.extend(deflate(bytes, raster, true));
    stream.extend(Adler::of(bytes).bytes());
    stream
}

/// A piece of a stream, as one block. The last piece ends the stream; all others end at a whole byte, so that the next one
/// can stand behind them.
pub(super) fn deflate(bytes: &[u8], raster: Raster, last: bool) -> Vec<u8> {
    let found = repeats(bytes, raster);
    let distances = [raster.left, raster.above].map(distance);
    let (symbols, places) = codes(bytes, &found, &distances);
    let words = distances.map(|distance| -> [(u64, u32); LONGEST + 1] {
        std::array::from_fn(|n| {
            if n < SHORTEST { (0, 0) } else { length(n).code(&symbols, distance.code(&places, (0, 0))) }
        })
    });
    let mut out = Bits::new(bytes.len());
    out.push((u64::from(last), 1));
    // A block with codes of its own.
    out.push((2, 2));
    head(&mut out, &symbols, &places);
    let mut rest = bytes;
    for repeat in &found {
        out.literals(&rest[..repeat.literals], &symbols);
        out.push(words[usize::from(repeat.is_above)][repeat.length]);
        rest = &rest[repeat.literals + repeat.length..];
    }
    out.literals(rest, &symbols);
    out.push(symbols.get(END));
    if !last {
        // An empty block without codes: its length begins at a whole byte, and behind it stands the complement.
        out.push((0, 3));
        out.fill_byte();
        out.push((0xffff_0000, 32));
    }
    out.finish()
}

/// The codes of literals and lengths, and those of distances, by how often they are there.
fn codes(bytes: &[u8], found: &[Repeat], distances: &[Stepped; 2]) -> (Codes, Codes) {
    let (mut symbols, mut places) = ([0; SYMBOLS], [0; DISTANCES]);
    let mut lengths = [[0_u32; LONGEST + 1]; 2];
    let mut rest = bytes;
    for repeat in found {
        count(&rest[..repeat.literals], &mut symbols);
        lengths[usize::from(repeat.is_above)][repeat.length] += 1;
        rest = &rest[repeat.literals + repeat.length..];
    }
    count(rest, &mut symbols);
    symbols[END] = 1;
    for (distance, lengths) in distances.iter().zip(&lengths) {
        for (n, times) in lengths.iter().enumerate().skip(SHORTEST) {
            symbols[length(n).symbol] += times;
            places[distance.symbol] += times;
        }
    }
    (Codes::of(&symbols, MOST_BITS), Codes::of(&places, MOST_BITS))
}

/// How often each byte is there.
fn count(bytes: &[u8], counts: &mut [u32; SYMBOLS]) {
    // A count that was just written is waited for: of many bytes every fourth one has a table of its own.
    const MANY: usize = 1024;
    let (fours, rest) = if bytes.len() < MANY { (&[][..], bytes) } else { bytes.as_chunks::<4>() };
    if !fours.is_empty() {
        let mut tables = [[0_u32; 256]; 4];
        for four in fours {
            tables.iter_mut().zip(four).for_each(|(table, byte)| table[usize::from(*byte)] += 1);
        }
        tables.iter().for_each(|table| counts.iter_mut().zip(table).for_each(|(sum, n)| *sum += n));
    }
    rest.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
}

/// What the codes of a block are: their lengths, packed by codes of their own.
fn head(out: &mut Bits, symbols: &Codes, places: &Codes) {
    let lengths = || symbols.lengths().chain(places.lengths());
    let mut counts = [0; ORDER.len()];
    lengths().for_each(|bits| counts[bits] += 1);
    let codes = Codes::of(&counts, MOST_BITS_OF_LENGTHS);
    out.push((SYMBOLS as u64 - 257, 5));
    out.push((DISTANCES as u64 - 1, 5));
    out.push((ORDER.len() as u64 - 4, 4));
    ORDER.iter().for_each(|&bits| out.push((u64::from(codes.get(bits).1), 3)));
    lengths().for_each(|bits| out.push(codes.get(bits)));
}

/// A number in steps that grow with it: the symbol of the step, and the place in it with its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stepped {
    symbol: usize,
    place: (u64, u32),
}

impl Stepped {
    /// `2^fine` steps for each power of two.
    fn of(n: usize, fine: u32) -> Self {
        let bits = n.checked_ilog2().unwrap_or(0).saturating_sub(fine);
        Stepped { symbol: (bits << fine) as usize + (n >> bits), place: ((n & ((1 << bits) - 1)) as u64, bits) }
    }

    /// The code of the symbol, the place, and what follows, with their bits.
    fn code(&self, codes: &Codes, (next, next_bits): (u64, u32)) -> (u64, u32) {
        let ((code, bits), (place, place_bits)) = (codes.get(self.symbol), self.place);
        (code | place << bits | next << (bits + place_bits), bits + place_bits + next_bits)
    }
}

/// The length of a repeat as the format has it. The longest has a symbol of its own.
fn length(n: usize) -> Stepped {
    let longest = Stepped { symbol: SYMBOLS - 1 - (END + 1), place: (0, 0) };
    let step = if n == LONGEST { longest } else { Stepped::of(n - 3, 2) };
    Stepped { symbol: END + 1 + step.symbol, ..step }
}

/// How far back a repeat lies; beyond the window there are none.
fn distance(bytes: usize) -> Stepped {
    Stepped::of(bytes.clamp(1, WINDOW) - 1, 1)
}

#[cfg(test)]
mod tests;
