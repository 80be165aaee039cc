//! Numbers of many windows, sorted at once: Batcher's merge exchange (Knuth, The Art of Computer Programming 3, 5.2.2, algorithm M)
//! compares the same places whatever they hold, so it goes over windows side by side.

use super::lanes::Lanes;
use super::layout::Pair;
use crate::simd::wide;

/// The places that are compared, in turn, to sort so many; the first of a pair gets the lesser number.
pub(super) fn network(places: usize) -> Vec<Pair> {
    let mut pairs = vec![];
    let mut p = 1;
    while p < places {
        let mut k = p;
        while k >= 1 {
            for j in (k % p..places.saturating_sub(k)).step_by(2 * k) {
                for i in j..(j + k).min(places - k) {
                    if i / (2 * p) == (i + k) / (2 * p) {
                        pairs.push([i as u16, (i + k) as u16]);
                    }
                }
            }
            k /= 2;
        }
        p *= 2;
    }
    pairs
}

wide! {
    /// Sorts the numbers of each window, by a network for as many places or more.
    pub(super) fn sort(network: &[Pair], numbers: &mut [Lanes<i32>]) {
        for &[a, b] in network {
            let (a, b) = (usize::from(a), usize::from(b));
            // What would stand behind the last one is larger than all, and stays where it is.
            if b >= numbers.len() {
                continue;
            }
            let (mut low, mut high) = (numbers[a], numbers[b]);
            for (low, high) in low.iter_mut().zip(&mut high) {
                (*low, *high) = ((*low).min(*high), (*low).max(*high));
            }
            (numbers[a], numbers[b]) = (low, high);
        }
    }
}

/// The numbers of one window and how often each occurs, from sorted ones.
pub(super) fn tally(numbers: &[Lanes<i32>], lane: usize, kinds: &mut Vec<(i32, u32)>) {
    kinds.clear();
    let Some(first) = numbers.first() else { return };
    kinds.resize(numbers.len(), (0, 0));
    // Without a branch, which nobody could foresee: each kind is written over until the next one begins.
    let (mut last, mut kind, mut before) = (first[lane], 0, 0);
    for (i, number) in (0u32..).zip(numbers) {
        let is_new = number[lane] != last;
        last = number[lane];
        before = if is_new { i } else { before };
        kind += usize::from(is_new);
        kinds[kind] = (last, i + 1 - before);
    }
    kinds.truncate(kind + 1);
}
