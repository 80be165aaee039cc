//! Oracle: zlib-rs unpacks what is packed here. Mechanics, on literal lists.

use super::*;
use std::io::Read;

fn unpacked(stream: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    flate2::read::ZlibDecoder::new(stream).read_to_end(&mut bytes).unwrap();
    bytes
}

/// Bytes without a pattern, of so many values.
fn noise(len: usize, values: u32) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
        ((state >> 16) % values) as u8
    };
    (0..len).map(|_| next()).collect()
}

#[test]
fn streams_are_unpacked_again() {
    for values in [1, 2, 3, 30, 256] {
        for len in [0, 1, 2, 5, 63, 64, 65, 257, 258, 259, 10_000, 300_000] {
            for raster in
                [Raster { left: 1, above: 100 }, Raster { left: 2, above: 40_000 }, Raster { left: 4, above: 4 }]
            {
                let bytes = noise(len, values);
                assert_eq!(unpacked(&zlib(&bytes, raster)), bytes, "{values} {len} {raster:?}");
            }
        }
    }
}

#[test]
fn pictures_are_unpacked_again() {
    // Rows that come twice, stretches of one value, and noise; pieces of it behind each other.
    let width = 301;
    let row = |y: usize| {
        let mut row = noise(width * 8, 40)[y / 2 % 7 * width..][..width].to_vec();
        row[y % 50..y % 50 + 150].fill(3);
        row
    };
    let bytes: Vec<u8> = (0..900).flat_map(row).collect();
    let raster = Raster { left: 1, above: width };
    let whole = zlib(&bytes, raster);
    assert_eq!(unpacked(&whole), bytes);
    assert!(whole.len() < bytes.len() / 3, "{}", whole.len());
    for piece in [width, 1000, 64 * width, bytes.len()] {
        let mut stream = BEGIN.to_vec();
        let mut sum = Adler::of(&[]);
        for (i, part) in bytes.chunks(piece).enumerate() {
            stream.extend(deflate(part, raster, (i + 1) * piece >= bytes.len()));
            sum = sum.then(Adler::of(part));
        }
        stream.extend(sum.bytes());
        assert_eq!(unpacked(&stream), bytes, "{piece}");
    }
}

#[test]
fn codes_of_any_counts_stay_within_their_limit() {
    // Counts that grow as Fibonacci's numbers have the deepest tree.
    let mut counts = vec![1_u32, 1];
    while counts.len() < 30 {
        counts.push(counts[counts.len() - 1] + counts[counts.len() - 2]);
    }
    for most in [5, 7, 14] {
        let lengths: Vec<usize> = Codes::of(&counts, most).lengths().collect();
        assert!(lengths.iter().all(|bits| (1..=usize::from(most)).contains(bits)), "{lengths:?}");
        // No word is left without a meaning (Kraft 1949).
        assert_eq!(lengths.iter().map(|bits| 1 << (14 - bits)).sum::<u32>(), 1 << 14);
    }
    // Five symbols of a text book.
    assert_eq!(Codes::of(&[15, 7, 6, 6, 5], 14).lengths().collect::<Vec<_>>(), [1, 3, 3, 3, 3]);
    assert_eq!(Codes::of(&[0, 0, 9], 14).lengths().collect::<Vec<_>>(), [1, 0, 1]);
}

#[test]
fn lengths_and_distances_have_the_symbols_of_the_format() {
    // RFC 1951, 3.2.5.
    let symbol = |step: Stepped| (step.symbol, step.place.1);
    let lengths = [
        (3, 257, 0),
        (10, 264, 0),
        (11, 265, 1),
        (13, 266, 1),
        (66, 276, 3),
        (67, 277, 4),
        (257, 284, 5),
        (258, 285, 0),
    ];
    for (n, expected, bits) in lengths {
        assert_eq!(symbol(length(n)), (expected, bits), "{n}");
    }
    for (n, expected, bits) in
        [(1, 0, 0), (4, 3, 0), (5, 4, 1), (7, 5, 1), (2049, 22, 10), (24_577, 29, 13), (32_768, 29, 13)]
    {
        assert_eq!(symbol(distance(n)), (expected, bits), "{n}");
    }
}

#[test]
fn repeats_are_those_of_the_longer_side() {
    // Two rows of 128: the second one repeats the first one up to byte 80, and is of one value from 70 on.
    let mut bytes = noise(256, 256);
    bytes.copy_within(0..80, 128);
    bytes[70..80].fill(9);
    bytes[128 + 70..].fill(9);
    let found = repeats(&bytes, Raster { left: 1, above: 128 });
    assert_eq!(found[0], Repeat { literals: 71, length: 9, is_above: false });
    assert_eq!(found[1], Repeat { literals: 48, length: 80, is_above: true });
    assert_eq!(found[2], Repeat { literals: 0, length: 48, is_above: false });
    assert_eq!(found.len(), 3);
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
    // Sums of the largest bytes.
    assert_eq!(unpacked(&zlib(&[255; 5 * 4096], Raster { left: 1, above: 64 })).len(), 5 * 4096);
}
