//! One object as bits: 64 voxels of a row at once, for counts of neighbours.

use super::object::Object;
use std::ops::Range;

/// A framed object, one bit a voxel, lowest bit first; rows start at a word of their own. What lies beyond a row is 0.
#[derive(Clone)]
pub(super) struct Bits {
    /// Rows of a plane, the frame included.
    height: usize,
    /// Words of a row.
    words: usize,
    bits: Vec<u64>,
}

impl Bits {
    /// Of an object, with the frame of [`Object::framed`].
    pub fn of(object: &Object) -> Self {
        let [planes, height, width] = object.framed_size();
        let words = width.div_ceil(64);
        let mut bits = Bits { height, words, bits: vec![0; planes * height * words] };
        object.each_framed_run(|z, y, x0, x1| {
            let row = bits.at(z, y);
            for k in x0 / 64..x1.div_ceil(64) {
                bits.bits[row + k] |= places(k, x0..x1);
            }
        });
        bits
    }

    fn at(&self, z: usize, y: usize) -> usize {
        (z * self.height + y) * self.words
    }

    /// The words of a row.
    pub fn row(&self, z: usize, y: usize) -> &[u64] {
        &self.bits[self.at(z, y)..][..self.words]
    }

    /// Rows of a plane, the frame included.
    pub fn height(&self) -> usize {
        self.height
    }
}

/// The bits of word `k` at these places of a row.
pub(super) fn places(k: usize, xs: Range<usize>) -> u64 {
    let from = |x: usize| u64::MAX.checked_shl(x.saturating_sub(64 * k) as u32).unwrap_or(0);
    from(xs.start) & !from(xs.end)
}

/// Adds to some bits of a row those that follow them in it without a gap, as far as they lie at a place or beyond.
pub(super) fn follow(row: &[u64], some: &mut [u64], from: usize) {
    let mut carry = false;
    for (k, (row, some)) in row.iter().zip(some).enumerate() {
        *some |= followed(*row, *some & places(k, from..usize::MAX), &mut carry);
    }
}

/// The same towards lower places, as far as they lie before one.
pub(super) fn follow_back(row: &[u64], some: &mut [u64], end: usize) {
    let mut carry = false;
    for (k, (row, some)) in row.iter().zip(some).enumerate().rev() {
        let there = *some & places(k, 0..end);
        *some |= followed(row.reverse_bits(), there.reverse_bits(), &mut carry).reverse_bits();
    }
}

/// A sum carries from each of some bits on to the end of its run, and into the next word.
fn followed(row: u64, some: u64, carry: &mut bool) -> u64 {
    let (sum, over) = row.overflowing_add(some & row);
    let (sum, over_too) = sum.overflowing_add((*carry).into());
    *carry = over | over_too;
    row & ((row ^ sum) | some)
}

/// In each place of word `k` the bit left of it.
pub(super) fn west(row: &[u64], k: usize) -> u64 {
    row[k] << 1 | k.checked_sub(1).map_or(0, |before| row[before] >> 63)
}

/// In each place of word `k` the bit right of it.
pub(super) fn east(row: &[u64], k: usize) -> u64 {
    row[k] >> 1 | row.get(k + 1).map_or(0, |after| after << 63)
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn neighbours_cross_words() {
        let row = [1 << 63 | 1, 0b10];
        assert_eq!([west(&row, 0), west(&row, 1)], [0b10, 0b101]);
        assert_eq!([east(&row, 0), east(&row, 1)], [1 << 62, 1]);
    }

    #[test]
    fn bits_are_followed_to_the_end_of_their_run() {
        let row = [0b111 << 61 | 0b1_0111_0111, 0b1011, 0];
        let mut some = [1 << 62 | 0b0_0010_0001, 0, 0];
        follow(&row, &mut some, 1);
        assert_eq!(some, [0b11 << 62 | 0b0_0110_0001, 0b11, 0]);
        follow_back(&row, &mut some, 65);
        assert_eq!(some, [0b111 << 61 | 0b0_0111_0001, 0b11, 0]);
    }
}
