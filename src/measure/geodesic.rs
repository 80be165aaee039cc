//! Lengths of shortest paths within a 2-D object, in steps of 1 to neighbours across sides and of the root of 2 across corners.
//!
//! No path is shorter than one over an empty plane, which goes across corners as long as it can. Most cells of a roundish object
//! have such a path, in one of the orders of its steps: row by row outwards from the start, bits say which. Only the others are
//! searched for: no step is shorter than 1, so cells that lie from k to k + 1 away are final before those beyond are looked at.
//! The least sum is one number, whatever the order of the work.

use super::bits::{Bits, east, follow, follow_back, places, west};
use crate::simd::wide;
use std::f64::consts::SQRT_2;

/// Outside of the object: no path is shorter, so none goes there.
const OUTSIDE: f64 = f64::NEG_INFINITY;

/// Length of the shortest path from a cell of a framed object, y and x, to each of its cells; infinite where there is none. Rows are
/// `width` long, at least as long as those of the frame. What it says of cells outside of the object means nothing.
pub(super) fn lengths(bits: &Bits, width: usize, start: [usize; 2]) -> Vec<f64> {
    let height = bits.height();
    let (mut lengths, direct) = (vec![OUTSIDE; height * width], Direct::of(bits, start));
    let mut is_done = true;
    for (y, row) in lengths.chunks_exact_mut(width).enumerate() {
        let (inside, direct) = (bits.row(0, y), direct.row(y));
        fill(row, inside, direct, y.abs_diff(start[0]), start[1]);
        is_done &= inside == direct;
    }
    if !is_done {
        let ends = direct.ends(bits, &lengths, width);
        search(&mut lengths, width, ends);
    }
    lengths
}

wide! {
    /// A row of lengths: over an empty plane where there is such a path, infinite elsewhere in the object.
    fn fill(row: &mut [f64], inside: &[u64], direct: &[u64], dy: usize, start: usize) {
        for ((cells, (&inside, &direct)), first) in row.chunks_mut(64).zip(inside.iter().zip(direct)).zip((0..).step_by(64)) {
            for (k, cell) in cells.iter_mut().enumerate() {
                let (dx, dy) = ((first + k as i32 - start as i32).abs(), dy as i32);
                let (across, along) = (dx.min(dy), dx.max(dy) - dx.min(dy));
                let length = f64::from(along) + f64::from(across) * SQRT_2;
                let length = if direct >> k & 1 == 1 { length } else { f64::INFINITY };
                *cell = if inside >> k & 1 == 1 { length } else { OUTSIDE };
            }
        }
    }
}

/// The cells to which a path in the object is as short as one over an empty plane.
struct Direct {
    words: usize,
    bits: Vec<u64>,
}

impl Direct {
    fn of(bits: &Bits, [cy, cx]: [usize; 2]) -> Self {
        let words = bits.row(0, 0).len();
        let mut direct = Direct { words, bits: vec![0; words * bits.height()] };
        let mut here: Vec<u64> = (0..words).map(|k| places(k, cx..cx + 1)).collect();
        follow(bits.row(0, cy), &mut here, cx);
        follow_back(bits.row(0, cy), &mut here, cx + 1);
        direct.bits[cy * words..][..words].copy_from_slice(&here);
        let start = here;
        for (is_up, count) in [(true, cy), (false, bits.height() - 1 - cy)] {
            let (mut before, mut here) = (start.clone(), vec![0; words]);
            for dy in 1..=count {
                let y = if is_up { cy - dy } else { cy + dy };
                let row = bits.row(0, y);
                for (k, here) in here.iter_mut().enumerate() {
                    let straight = before[k] & places(k, cx.saturating_sub(dy - 1)..cx + dy);
                    let across = west(&before, k) & places(k, cx + 1..usize::MAX) | east(&before, k) & places(k, 0..cx);
                    *here = row[k] & (straight | across);
                }
                // A path over the plane goes on within the row once its rows are behind it.
                follow(row, &mut here, cx + dy);
                follow_back(row, &mut here, (cx + 1).saturating_sub(dy));
                if here.iter().all(|word| *word == 0) {
                    break;
                }
                direct.bits[y * words..][..words].copy_from_slice(&here);
                std::mem::swap(&mut before, &mut here);
            }
        }
        direct
    }

    fn row(&self, y: usize) -> &[u64] {
        &self.bits[y * self.words..][..self.words]
    }

    /// Those beside a cell of the object that is none of them, by their lengths.
    fn ends(&self, bits: &Bits, lengths: &[f64], width: usize) -> Vec<Vec<usize>> {
        let mut by_length: Vec<Vec<usize>> = vec![];
        let rows = (0..bits.height()).flat_map(|y| bits.row(0, y).iter().zip(self.row(y)));
        let others = Direct { words: self.words, bits: rows.map(|(inside, direct)| inside & !direct).collect() };
        for y in 1..bits.height() - 1 {
            let around = [y - 1, y, y + 1].map(|y| others.row(y));
            for (k, direct) in self.row(y).iter().enumerate() {
                let beside = around.iter().fold(0, |all, row| all | row[k] | west(row, k) | east(row, k));
                let mut ends = direct & beside;
                while ends != 0 {
                    let cell = y * width + 64 * k + ends.trailing_zeros() as usize;
                    put(&mut by_length, lengths[cell], cell);
                    ends &= ends - 1;
                }
            }
        }
        by_length
    }
}

/// Puts a cell to those of about its length.
fn put(by_length: &mut Vec<Vec<usize>>, length: f64, cell: usize) {
    let k = length as usize;
    if by_length.len() <= k {
        by_length.resize(k + 1, vec![]);
    }
    by_length[k].push(cell);
}

/// Shortens the way to the neighbours of cells, those of the least length first, until it cannot be shorter.
fn search(lengths: &mut [f64], stride: usize, mut by_length: Vec<Vec<usize>>) {
    let steps = [(stride - 1, SQRT_2), (stride, 1.0), (stride + 1, SQRT_2), (1, 1.0)];
    let mut k = 0;
    while let Some(now) = by_length.get_mut(k).map(std::mem::take) {
        for cell in now {
            let d = lengths[cell];
            // Reached again by a shorter path since.
            if d < k as f64 {
                continue;
            }
            for (away, step) in steps {
                let there = d + step;
                for to in [cell - away, cell + away] {
                    if there < lengths[to] {
                        lengths[to] = there;
                        put(&mut by_length, there, to);
                    }
                }
            }
        }
        k += 1;
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: paths made longer by one step at a time, until nothing changes.
    use super::*;
    use crate::image::Labels;
    use crate::measure::object::{Crop, Object};
    use crate::ops::extent::extents;
    use crate::units::Shape;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    fn step_by_step(crop: &Crop, start: usize) -> Vec<f64> {
        let [_, height, width] = crop.size;
        let mut lengths = vec![f64::INFINITY; crop.cells.len()];
        lengths[start] = 0.0;
        let mut found = VecDeque::from([start]);
        while let Some(i) = found.pop_front() {
            let (y, x) = (i / width, i % width);
            for (v, u) in (y.saturating_sub(1)..height.min(y + 2))
                .flat_map(|y| (x.saturating_sub(1)..width.min(x + 2)).map(move |x| (y, x)))
            {
                let there = lengths[i] + if v == y || u == x { 1.0 } else { SQRT_2 };
                // Sums of other orders of the same steps are no shorter.
                if crop.cells[v * width + u] == 1 && there < lengths[v * width + u] - 1e-9 {
                    lengths[v * width + u] = there;
                    found.push_back(v * width + u);
                }
            }
        }
        lengths
    }

    /// Compares the lengths from one of the cells that are 1.
    fn compare(width: usize, cells: Vec<u32>, start: impl Fn(usize) -> usize) {
        let labels = Labels::new(Shape::flat(cells.len() / width, width), cells).unwrap();
        let object = Object::new(&labels, 1, extents(&labels).unwrap()[0]).unwrap();
        let crop = object.framed();
        let inside: Vec<usize> = (0..crop.cells.len()).filter(|&i| crop.cells[i] == 1).collect();
        let (start, width) = (inside[start(inside.len())], crop.size[2]);
        let got = lengths(&Bits::of(&object), width + 3, [start / width, start % width]);
        let want = step_by_step(&crop, start);
        for i in inside {
            let got = got[i / width * (width + 3) + i % width];
            assert!(got == want[i] || (got - want[i]).abs() < 1e-9, "{i}: {got} {}", want[i]);
        }
    }

    #[test]
    fn a_winding_way() {
        // Up and down through walls with a door at every other end.
        let (height, width) = (9, 81);
        let is_wall = |y: usize, x: usize| x % 2 == 1 && y != if x % 4 == 1 { 0 } else { height - 1 };
        compare(width, (0..height * width).map(|i| u32::from(!is_wall(i / width, i % width))).collect(), |_| 0);
    }

    #[test]
    fn round_a_dent() {
        let (height, width) = (40, 80);
        let inside =
            |y: i32, x: i32| (y - 20).pow(2) * 4 + (x - 40).pow(2) <= 1400 && (y - 8).pow(2) + (x - 44).pow(2) > 60;
        let cells: Vec<u32> = (0..height * width).map(|i| u32::from(inside(i / width, i % width))).collect();
        for share in [0, 1, 2, 3, 4] {
            compare(80, cells.clone(), |n| (n - 1) * share / 4);
        }
    }

    proptest! {
        #[test]
        fn the_shortest_of_all_paths(
            width in 1usize..90, full in 1u32..9, cells in prop::collection::vec(any::<u32>(), 1..600), start in any::<prop::sample::Index>(),
        ) {
            let height = cells.len().div_ceil(width);
            let mut cells: Vec<u32> = cells.iter().map(|v| u32::from(v % 8 < full)).collect();
            cells.resize(height * width, 1);
            cells[0] = 1;
            compare(width, cells, |n| start.index(n));
        }
    }
}
