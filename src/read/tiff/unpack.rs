//! Bytes of a chunk become numbers: byte order, packed bits, predictors, and the way to their place in a channel.
//!
//! Numbers pass through words of 32 bits (64 for wider types), unsigned, as they are stored; predictors work on those
//! modulo the depth, whatever the type; only then signs and floats are made of them.

use super::codes::Predictor;
use super::page::Page;
use crate::read::numbers::{Kind, Numbers, Stored};
use std::ops::Range;

/// The numbers of rows of a chunk as unsigned words, pixel after pixel, `chunk_samples` in each, padding included.
pub enum Words {
    /// Up to 32 bits.
    Narrow(Vec<u32>),
    /// 64 bits.
    Wide(Vec<u64>),
}

impl Default for Words {
    fn default() -> Self {
        Words::Narrow(Vec::new())
    }
}

/// The words of some rows of a chunk, in place of those of others. `bytes` holds whole rows of [`Page::row_bytes`].
pub fn words(page: &Page, bytes: &[u8], little: bool, to: &mut Words) {
    let floats = page.predictor == Predictor::Float;
    let resorted = if floats { sorted(page, bytes, little) } else { Vec::new() };
    let bytes = if floats { resorted.as_slice() } else { bytes };
    let (bits, lag) = (u32::from(page.stored.bits), page.chunk_samples());
    let per_row = page.chunk[1] * lag;
    if let (64, Words::Narrow(_)) | (..64, Words::Wide(_)) = (bits, &*to) {
        *to = if bits == 64 { Words::Wide(Vec::new()) } else { Words::Narrow(Vec::new()) };
    }
    match to {
        Words::Wide(out) => {
            each(bytes, out, if little { u64::from_le_bytes } else { u64::from_be_bytes });
            if page.predictor == Predictor::Horizontal {
                sum_rows(out, per_row, lag, u64::wrapping_add);
            }
        }
        Words::Narrow(out) => {
            match (bits, little) {
                (8, _) => each(bytes, out, |[b]: [u8; 1]| b.into()),
                (16, true) => each(bytes, out, |b| u16::from_le_bytes(b).into()),
                (16, false) => each(bytes, out, |b| u16::from_be_bytes(b).into()),
                (32, true) => each(bytes, out, u32::from_le_bytes),
                (32, false) => each(bytes, out, u32::from_be_bytes),
                _ => {
                    out.clear();
                    out.extend(bytes.chunks_exact(page.row_bytes()).flat_map(|row| bit_row(row, bits, per_row)));
                }
            }
            if page.predictor == Predictor::Horizontal {
                let mask = u32::MAX >> (32 - bits);
                sum_rows(out, per_row, lag, |a, b| a.wrapping_add(b) & mask);
            }
        }
    }
}

/// One word of every `N` bytes.
fn each<const N: usize, W>(bytes: &[u8], to: &mut Vec<W>, word: impl Fn([u8; N]) -> W) {
    to.clear();
    to.extend(bytes.as_chunks().0.iter().map(|b| word(*b)));
}

/// `count` numbers of `bits` bits, the most significant bit first, whatever the byte order of the file.
fn bit_row(row: &[u8], bits: u32, count: usize) -> Vec<u32> {
    let (mut held, mut have, mut bytes) = (0u64, 0, row.iter());
    let next = |_| {
        while have < bits {
            held = held << 8 | u64::from(bytes.next().copied().unwrap_or(0));
            have += 8;
        }
        have -= bits;
        (held >> have) as u32 & (u32::MAX >> (32 - bits))
    };
    (0..count).map(next).collect()
}

/// Adds to every number of a row the one of the pixel before it.
fn sum_rows<T: Copy>(words: &mut [T], per_row: usize, lag: usize, add: impl Fn(T, T) -> T) {
    for row in words.chunks_exact_mut(per_row) {
        for i in lag..row.len() {
            row[i] = add(row[i], row[i - lag]);
        }
    }
}

/// Undoes the float predictor: sums the bytes of a row, then collects the bytes of each number, which lie in the order of
/// their significance, a row's length apart.
fn sorted(page: &Page, bytes: &[u8], little: bool) -> Vec<u8> {
    let (size, lag) = (usize::from(page.stored.bits / 8), page.chunk_samples());
    let mut out = bytes.to_vec();
    for (row, to) in bytes.chunks_exact(page.row_bytes()).zip(out.chunks_exact_mut(page.row_bytes())) {
        let mut row = row.to_vec();
        for i in lag..row.len() {
            row[i] = row[i].wrapping_add(row[i - lag]);
        }
        let count = row.len() / size;
        for (i, number) in to.chunks_exact_mut(size).enumerate() {
            for (k, byte) in number.iter_mut().enumerate() {
                let significance = if little { size - 1 - k } else { k };
                *byte = row[significance * count + i];
            }
        }
    }
    out
}

/// A part of a channel's room.
pub enum Part<'a> {
    /// As [`Numbers::Uint`].
    Uint(&'a mut [u32]),
    /// As [`Numbers::Int`].
    Int(&'a mut [i32]),
    /// As [`Numbers::Long`].
    Long(&'a mut [i64]),
    /// As [`Numbers::Float`].
    Float(&'a mut [f32]),
    /// As [`Numbers::Real`].
    Real(&'a mut [f64]),
}

impl<'a> Part<'a> {
    /// Of a room that was made for a stored type.
    pub fn of(room: &'a mut Numbers, range: Range<usize>) -> Self {
        match room {
            Numbers::Uint(v) => Part::Uint(&mut v[range]),
            Numbers::Int(v) => Part::Int(&mut v[range]),
            Numbers::Long(v) => Part::Long(&mut v[range]),
            Numbers::Real(v) => Part::Real(&mut v[range]),
            Numbers::Float(v) => Part::Float(&mut v[range]),
        }
    }

    /// Its rows of `width` numbers.
    pub fn rows(self, width: usize) -> Vec<Self> {
        match self {
            Part::Uint(v) => v.chunks_mut(width).map(Part::Uint).collect(),
            Part::Int(v) => v.chunks_mut(width).map(Part::Int).collect(),
            Part::Long(v) => v.chunks_mut(width).map(Part::Long).collect(),
            Part::Float(v) => v.chunks_mut(width).map(Part::Float).collect(),
            Part::Real(v) => v.chunks_mut(width).map(Part::Real).collect(),
        }
    }

    /// A part of it.
    pub fn cut(&mut self, range: Range<usize>) -> Part<'_> {
        match self {
            Part::Uint(v) => Part::Uint(&mut v[range]),
            Part::Int(v) => Part::Int(&mut v[range]),
            Part::Long(v) => Part::Long(&mut v[range]),
            Part::Float(v) => Part::Float(&mut v[range]),
            Part::Real(v) => Part::Real(&mut v[range]),
        }
    }
}

/// Writes every `step`-th word from `from` on into a part of a channel. Its room was made for the type.
pub fn place(words: &Words, from: usize, step: usize, stored: Stored, to: Part) {
    let Stored { kind, bits } = stored;
    let spare = 32u32.saturating_sub(bits.into());
    match (words, to) {
        (Words::Narrow(w), Part::Uint(to)) => copy(w, from, step, to, |v| v),
        (Words::Narrow(w), Part::Int(to)) => copy(w, from, step, to, |v| (v << spare) as i32 >> spare),
        (Words::Narrow(w), Part::Float(to)) if bits == 16 => copy(w, from, step, to, half),
        (Words::Narrow(w), Part::Float(to)) => copy(w, from, step, to, f32::from_bits),
        (Words::Wide(w), Part::Real(to)) => copy(w, from, step, to, f64::from_bits),
        (Words::Wide(w), Part::Long(to)) if kind == Kind::Uint => {
            copy(w, from, step, to, |v| i64::try_from(v).unwrap_or(i64::MAX));
        }
        (Words::Wide(w), Part::Long(to)) => copy(w, from, step, to, |v| v as i64),
        _ => {}
    }
}

fn copy<W: Copy, T>(words: &[W], from: usize, step: usize, to: &mut [T], value: impl Fn(W) -> T) {
    match step {
        1 => to.iter_mut().zip(&words[from..]).for_each(|(t, w)| *t = value(*w)),
        step => to.iter_mut().zip(words[from..].iter().step_by(step)).for_each(|(t, w)| *t = value(*w)),
    }
}

/// The value of an IEEE half float, which a float of 32 bits holds exactly.
fn half(v: u32) -> f32 {
    let (sign, exponent, fraction) = (v >> 15 & 1, v >> 10 & 31, v & 0x3ff);
    let size = match exponent {
        0 => libm::ldexpf(fraction as f32, -24),
        31 if fraction == 0 => f32::INFINITY,
        31 => f32::NAN,
        e => libm::ldexpf((0x400 + fraction) as f32, e as i32 - 25),
    };
    if sign == 1 { -size } else { size }
}

#[cfg(test)]
mod tests {
    //! Oracle: literal grids.
    use super::*;

    #[test]
    fn bits_are_taken_from_the_top() {
        assert_eq!(bit_row(&[0xab, 0xcd, 0xef], 12, 2), [0xabc, 0xdef]);
        assert_eq!(bit_row(&[0b1010_0000], 1, 3), [1, 0, 1]);
        assert_eq!(bit_row(&[1, 2, 3, 4, 5, 6], 24, 2), [0x010203, 0x040506]);
        assert_eq!(bit_row(&[0xff], 5, 3), [31, 28, 0]);
    }

    #[test]
    fn half_floats() {
        for (bits, value) in [(0x3c00, 1.0), (0xc000, -2.0), (0x7bff, 65504.0), (1, f32::EPSILON / 2.0), (0, 0.0)] {
            assert_eq!(half(bits), value);
        }
        assert!(half(0x7c00).is_infinite() && half(0x7c01).is_nan());
    }

    #[test]
    fn differences_add_up_by_sample() {
        let mut words = [1u32, 10, 2, 20, 255, 236];
        sum_rows(&mut words, 6, 2, |a, b| (a + b) & 255);
        assert_eq!(words, [1, 10, 3, 30, 2, 10]);
    }
}
