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

#[cfg(test)]
mod tests {
    //! Oracle: the sort of the standard library, and counting one by one.
    use super::super::lanes::LANES;
    use super::*;

    #[test]
    fn numbers_are_sorted_and_counted() {
        let number = |place: usize, lane: usize| ((place * 40_503 + lane * 977) >> 3 & 31) as i32 - 9;
        for places in [1, 2, 3, 9, 25, 64, 125] {
            // A network for more places does as well.
            for network in [network(places), network(130)] {
                let mut numbers: Vec<Lanes<i32>> =
                    (0..places).map(|place| std::array::from_fn(|lane| number(place, lane))).collect();
                sort(&network, &mut numbers);
                let mut kinds = vec![];
                for lane in 0..LANES {
                    let mut want: Vec<i32> = (0..places).map(|place| number(place, lane)).collect();
                    want.sort_unstable();
                    assert_eq!(numbers.iter().map(|n| n[lane]).collect::<Vec<_>>(), want, "{places}");
                    tally(&numbers, lane, &mut kinds);
                    let counted = want.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u32));
                    assert_eq!(kinds, counted.collect::<Vec<_>>(), "{places}");
                }
            }
        }
        let mut kinds = vec![(1, 1)];
        tally(&[], 0, &mut kinds);
        assert_eq!(kinds, []);
    }
}
