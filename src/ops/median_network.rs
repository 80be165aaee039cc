//! Medians of small boxes by compare and exchange, many columns at once.
//!
//! The columns of a box are sorted first (Batcher 1968), once for all boxes that hold them; then the sorted columns are
//! merged two by two (Batcher's odd-even merge, for lists of any length), of which only what the middle needs is left.
//! `median_written.rs` has the steps of the boxes that are used most.

use crate::simd::{Sample, wide};

/// Most voxels of a box.
pub(super) const MOST: usize = 125;
/// Columns that go through together.
pub(super) const LANES: usize = 128;

/// Two places, compared and exchanged: the smaller goes to the first, the larger to the second.
#[derive(Clone, Copy, Debug)]
struct Step {
    places: [usize; 2],
    /// Whether what goes there is looked at again.
    kept: [bool; 2],
    /// Whether it still lies where it came from.
    fresh: [bool; 2],
}

/// Steps for a box.
#[derive(Debug)]
pub(super) struct Network {
    rows: usize,
    columns: usize,
    /// On the rows of one column.
    sort: Vec<Step>,
    /// On sorted columns: place `column * rows + rank`.
    merge: Vec<Step>,
    middle: usize,
}

impl Network {
    /// For a box of so many rows, in one slice or several, and columns; both odd.
    pub fn new(rows: usize, columns: usize) -> Self {
        let mut lists: Vec<Vec<usize>> = (0..columns).map(|c| (c * rows..(c + 1) * rows).collect()).collect();
        let mut pairs = Vec::new();
        while lists.len() > 1 {
            // The shortest two, so that long ones are merged last, where most of it is not needed.
            lists.sort_by_key(|list| std::cmp::Reverse(list.len()));
            if let (Some(a), Some(b)) = (lists.pop(), lists.pop()) {
                lists.push(merged(&a, &b, &mut pairs));
            }
        }
        let middle = lists.concat()[rows * columns / 2];
        let all: Vec<usize> = (0..rows).collect();
        Network { rows, columns, sort: needed(&sorting(rows), &all), merge: needed(&pairs, &[middle]), middle }
    }
}

/// What a thread works in.
#[derive(Default)]
pub(super) struct Room<T> {
    places: Vec<[T; LANES]>,
    /// Rows of sorted columns.
    pub sorted: Vec<T>,
    starts: Vec<usize>,
}

/// Batcher's merge exchange for n places.
fn sorting(n: usize) -> Vec<[usize; 2]> {
    let mut all = Vec::new();
    let top = n.next_power_of_two() / 2;
    let mut p = top;
    while p > 0 {
        let (mut q, mut r, mut d) = (top, 0, p);
        loop {
            all.extend((0..n.saturating_sub(d)).filter(|i| i & p == r).map(|i| [i, i + d]));
            if q == p {
                break;
            }
            d = q - p;
            q /= 2;
            r = p;
        }
        p /= 2;
    }
    all
}

/// The places of two sorted lists in the order of what they hold after `pairs`.
fn merged(a: &[usize], b: &[usize], pairs: &mut Vec<[usize; 2]>) -> Vec<usize> {
    match (a, b) {
        ([], list) | (list, []) => list.to_vec(),
        ([a], [b]) => {
            pairs.push([*a, *b]);
            vec![*a, *b]
        }
        _ => {
            let every_other =
                |list: &[usize], from: usize| -> Vec<usize> { list.iter().skip(from).step_by(2).copied().collect() };
            let even = merged(&every_other(a, 0), &every_other(b, 0), pairs);
            let odd = merged(&every_other(a, 1), &every_other(b, 1), pairs);
            // The least is the least of the even ones; then one of each side may stand the wrong way round.
            let (mut even, mut odd) = (even.into_iter(), odd.into_iter());
            let mut list: Vec<usize> = even.next().into_iter().collect();
            loop {
                match (odd.next(), even.next()) {
                    (Some(o), Some(e)) => {
                        pairs.push([o, e]);
                        list.extend([o, e]);
                    }
                    (None, None) => return list,
                    (o, e) => list.extend(o.or(e)),
                }
            }
        }
    }
}

/// The steps that some places need at the end.
fn needed(pairs: &[[usize; 2]], wanted: &[usize]) -> Vec<Step> {
    let places = pairs.iter().flatten().chain(wanted).max().map_or(0, |most| most + 1);
    let mut asked = vec![false; places];
    wanted.iter().for_each(|&place| asked[place] = true);
    let mut steps = Vec::new();
    for &places in pairs.iter().rev() {
        let kept = places.map(|place| asked[place]);
        if kept != [false; 2] {
            places.iter().for_each(|&place| asked[place] = true);
            steps.push(Step { places, kept, fresh: [false; 2] });
        }
    }
    steps.reverse();
    let mut fresh = vec![true; places];
    for step in &mut steps {
        step.fresh = step.places.map(|place| std::mem::replace(&mut fresh[place], false));
    }
    steps
}

/// Samples of a padded row: enough for whole blocks of columns, and what a box reaches over.
pub(super) fn padded_length(n: usize, window: usize) -> usize {
    (n.next_multiple_of(LANES) + window - 1).next_multiple_of(LANES)
}

impl Network {
    /// A row of medians. The rows of the boxes begin at `rows` of `padded`, each of [`padded_length`].
    pub fn select<T: Sample>(&self, out: &mut [T], padded: &[T], rows: &[usize], room: &mut Room<T>) {
        let length = padded_length(out.len(), self.columns);
        room.places.resize(self.rows * self.columns, [T::default(); LANES]);
        room.sorted.resize(self.rows * length, T::default());
        room.starts.clear();
        room.starts.extend((0..self.columns).flat_map(|c| (0..self.rows).map(move |rank| rank * length + c)));
        let Room { places, sorted, starts } = room;
        let sort = (&self.sort[..], padded, rows);
        for at in (0..length).step_by(LANES) {
            pass(places, sort, at);
            for (rank, row) in sorted.chunks_exact_mut(length).enumerate() {
                let from = if self.rows == 1 { &padded[rows[0] + at..][..LANES] } else { &places[rank] };
                row[at..at + LANES].copy_from_slice(from);
            }
        }
        let merge = (&self.merge[..], &sorted[..], &starts[..]);
        for (k, out) in out.chunks_mut(LANES).enumerate() {
            pass(places, merge, k * LANES);
            let middle = if self.columns == 1 {
                &sorted[self.middle * length + k * LANES..][..LANES]
            } else {
                &places[self.middle]
            };
            out.copy_from_slice(&middle[..out.len()]);
        }
    }
}

wide! {
    /// Takes columns `at..at + LANES` through steps; a place that is fresh is read from where it starts in the source.
    fn pass<T: Sample>(places: &mut [[T; LANES]], steps: (&[Step], &[T], &[usize]), at: usize) {
        let (steps, src, starts) = steps;
        for step in steps {
            let [a, b] = step.places;
            for (place, _) in step.places.into_iter().zip(step.fresh).filter(|(_, fresh)| *fresh) {
                places[place].copy_from_slice(&src[starts[place] + at..][..LANES]);
            }
            let (before, behind) = places.split_at_mut(a.max(b));
            let (x, y) = if a < b { (&mut before[a], &mut behind[0]) } else { (&mut behind[0], &mut before[b]) };
            match step.kept {
                [_, false] => x.iter_mut().zip(y).for_each(|(x, &mut y)| *x = (*x).min(y)),
                [false, _] => x.iter_mut().zip(y).for_each(|(&mut x, y)| *y = x.max(*y)),
                _ => x.iter_mut().zip(y).for_each(|(x, y)| (*x, *y) = ((*x).min(*y), (*x).max(*y))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(steps: &[Step], v: &mut [u32]) {
        for step in steps {
            let [a, b] = step.places;
            let (low, high) = (v[a].min(v[b]), v[a].max(v[b]));
            // What is not kept must not matter.
            v[a] = if step.kept[0] { low } else { 7 };
            v[b] = if step.kept[1] { high } else { 7 };
        }
    }

    /// Invariant: by the principle of zeros and ones, a network that is right for zeros and ones is right.
    #[test]
    fn networks_find_the_middle_of_zeros_and_ones() {
        for (rows, columns) in [(1, 1), (1, 3), (3, 1), (3, 3), (5, 3), (3, 5), (15, 1)] {
            let (net, n) = (Network::new(rows, columns), rows * columns);
            for bits in 0u32..1 << n {
                let mut v: Vec<u32> = (0..n).map(|k| bits >> k & 1).collect();
                v.chunks_mut(rows).for_each(|column| through(&net.sort, column));
                assert!(v.chunks(rows).all(|column| column.is_sorted()));
                through(&net.merge, &mut v);
                assert_eq!(v[net.middle], u32::from(bits.count_ones() as usize > n / 2));
            }
        }
    }
}
