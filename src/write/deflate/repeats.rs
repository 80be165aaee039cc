//! Where a raster repeats what stands on the left or above.

use super::Raster;

/// Bytes that a reader looks back, at most.
pub(super) const WINDOW: usize = 1 << 15;
/// Bytes of a repeat, at least: shorter ones hardly take fewer bits than their bytes.
pub(super) const SHORTEST: usize = 6;
/// Bytes of a repeat, at most, as the format has it.
pub(super) const LONGEST: usize = 258;

/// Bytes that are taken as they are, and the repeat behind them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Repeat {
    pub literals: usize,
    pub length: usize,
    /// Of the row above, not of the pixel on the left.
    pub is_above: bool,
}

/// The repeats of a raster, from the first byte on: at each place the longer one, of equal ones that of the left, which takes
/// fewer bits.
pub(super) fn repeats(bytes: &[u8], raster: Raster) -> Vec<Repeat> {
    let (left, above) = (Marks::of(bytes, raster.left), Marks::of(bytes, raster.above));
    let starts = left.starts().or(&above.starts());
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(start) = starts.first(at) {
        let (beside, over) = (left.length(start), above.length(start));
        let length = beside.max(over);
        found.push(Repeat { literals: start - at, length, is_above: over > beside });
        at = start + length;
    }
    found
}

/// A mark for each byte or none, 64 bytes in a word, the first one in the lowest bit, and a word without marks behind them.
struct Marks(Vec<u64>);

impl Marks {
    /// Which bytes are equal to those so far before them. Of some of the first bytes and the last ones nothing is said.
    fn of(bytes: &[u8], distance: usize) -> Self {
        let mut words = vec![0; bytes.len().div_ceil(64) + 1];
        let first = distance.next_multiple_of(64);
        if (1..=WINDOW).contains(&distance) && first < bytes.len() {
            let (later, before) = (bytes[first..].as_chunks::<64>().0, bytes[first - distance..].as_chunks::<64>().0);
            for (word, (later, before)) in words[first / 64..].iter_mut().zip(later.iter().zip(before)) {
                *word = equal_bytes(later, before);
            }
        }
        Marks(words)
    }

    /// Where a repeat can start: marks that others follow, as many as a repeat has at least.
    fn starts(&self) -> Self {
        let follow = |two: &[u64]| {
            let one = u128::from(two[0]) | u128::from(two[1]) << 64;
            let pair = one & one >> 1;
            // Six in a row are three pairs.
            const { assert!(SHORTEST == 6) };
            (pair & pair >> 2 & pair >> 4) as u64
        };
        Marks(self.0.windows(2).map(follow).collect())
    }

    fn or(&self, other: &Self) -> Self {
        Marks(self.0.iter().zip(&other.0).map(|(a, b)| a | b).collect())
    }

    /// The first mark from there on.
    fn first(&self, at: usize) -> Option<usize> {
        let mut word = self.0.get(at / 64)? & u64::MAX << (at % 64);
        let mut i = at / 64;
        while word == 0 {
            i += 1;
            word = *self.0.get(i)?;
        }
        Some(64 * i + word.trailing_zeros() as usize)
    }

    /// How many marks follow each other from there on, as far as a repeat goes.
    fn length(&self, at: usize) -> usize {
        let mut length = (self.0[at / 64] >> (at % 64)).trailing_ones() as usize;
        let mut end = at + length;
        while end.is_multiple_of(64) && end > at && length < LONGEST && end / 64 < self.0.len() {
            let more = self.0[end / 64].trailing_ones() as usize;
            (length, end) = (length + more, end + more);
            if more < 64 {
                break;
            }
        }
        length.min(LONGEST)
    }
}

/// A bit for each byte that is equal in both.
#[inline(always)]
fn equal_bytes(one: &[u8; 64], other: &[u8; 64]) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    const SIDE_BY_SIDE: u64 = 0x0102_0408_1020_4080;
    let (one, other) = (one.as_chunks::<8>().0, other.as_chunks::<8>().0);
    let differing: [u64; 8] = std::array::from_fn(|k| u64::from_le_bytes(one[k]) ^ u64::from_le_bytes(other[k]));
    // Common where nothing is, and seen at a glance.
    if differing.iter().fold(0, |any, bits| any | bits) == 0 {
        return u64::MAX;
    }
    let mut equal = 0;
    for (k, bits) in differing.into_iter().enumerate() {
        // The highest bit of each byte is set where any of its bits is: a carry of the seven below stays in it.
        let any = ((bits & LOW) + LOW) | bits;
        equal |= (((!any & !LOW) >> 7).wrapping_mul(SIDE_BY_SIDE) >> 56) << (8 * k);
    }
    equal
}
