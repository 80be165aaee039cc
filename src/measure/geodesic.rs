//! Lengths of shortest paths within a 2-D object, in steps of 1 to neighbours across sides and of the root of 2 across corners.
//!
//! No step is shorter than 1, so cells that lie from k to k + 1 away are final before those beyond are looked at. Steps are added
//! up from the start on; the least sum over all paths is one number, whatever the order of the work.

use super::object::Crop;
use std::f64::consts::SQRT_2;

/// Outside of the object: no path is shorter, so none goes there.
const OUTSIDE: f64 = f64::NEG_INFINITY;

/// Length of the shortest path from a cell of the object to each of its cells; infinite where there is none, and outside.
pub(super) fn lengths(crop: &Crop, start: usize) -> Vec<f64> {
    let [_, height, width] = crop.size;
    // With a frame, so that every cell of the object has all its neighbours.
    let stride = width + 2;
    let mut lengths = vec![OUTSIDE; (height + 2) * stride];
    for (row, cells) in lengths.chunks_exact_mut(stride).skip(1).zip(crop.cells.chunks_exact(width)) {
        for (length, &cell) in row[1..].iter_mut().zip(cells) {
            *length = if cell == 1 { f64::INFINITY } else { OUTSIDE };
        }
    }
    let start = (start / width + 1) * stride + start % width + 1;
    lengths[start] = 0.0;
    search(&mut lengths, stride, start);
    let rows = lengths.chunks_exact(stride).skip(1).take(height);
    rows.flat_map(|row| &row[1..=width]).map(|&d| if d == OUTSIDE { f64::INFINITY } else { d }).collect()
}

fn search(lengths: &mut [f64], stride: usize, start: usize) {
    let steps = [(stride - 1, SQRT_2), (stride, 1.0), (stride + 1, SQRT_2), (1, 1.0)];
    let (mut now, mut next, mut after) = (vec![start], Vec::new(), Vec::new());
    let mut k = 0.0;
    while !now.is_empty() || !next.is_empty() {
        for cell in now.drain(..) {
            let d = lengths[cell];
            // Reached again by a shorter path since.
            if d < k {
                continue;
            }
            for (away, step) in steps {
                let there = d + step;
                for to in [cell - away, cell + away] {
                    if there < lengths[to] {
                        lengths[to] = there;
                        if there < k + 2.0 { next.push(to) } else { after.push(to) }
                    }
                }
            }
        }
        std::mem::swap(&mut now, &mut next);
        std::mem::swap(&mut next, &mut after);
        k += 1.0;
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: paths made longer by one step at a time, until nothing changes.
    use super::*;
    use proptest::prelude::*;

    fn step_by_step(crop: &Crop, start: usize) -> Vec<f64> {
        let [_, height, width] = crop.size;
        let mut lengths = vec![f64::INFINITY; crop.cells.len()];
        lengths[start] = 0.0;
        let mut found = vec![start];
        while let Some(i) = found.pop() {
            let (y, x) = (i / width, i % width);
            for (v, u) in (y.saturating_sub(1)..height.min(y + 2))
                .flat_map(|v| (x.saturating_sub(1)..width.min(x + 2)).map(move |u| (v, u)))
            {
                let there = lengths[i] + if v == y || u == x { 1.0 } else { SQRT_2 };
                if crop.cells[v * width + u] == 1 && there < lengths[v * width + u] {
                    lengths[v * width + u] = there;
                    found.push(v * width + u);
                }
            }
        }
        lengths
    }

    #[test]
    fn a_winding_way() {
        // Up and down through walls with a door at every other end.
        let (height, width) = (9, 41);
        let is_wall = |y: usize, x: usize| x % 2 == 1 && y != if x % 4 == 1 { 0 } else { height - 1 };
        let cells = (0..height * width).map(|i| u8::from(!is_wall(i / width, i % width))).collect();
        let crop = Crop { size: [1, height, width], cells };
        assert_eq!(lengths(&crop, 0), step_by_step(&crop, 0));
    }

    proptest! {
        #[test]
        fn the_shortest_of_all_paths(
            width in 1usize..30, full in 1u32..9, cells in prop::collection::vec(any::<u32>(), 1..300), start in any::<prop::sample::Index>(),
        ) {
            let height = cells.len().div_ceil(width);
            let mut cells: Vec<u8> = cells.iter().map(|v| u8::from(v % 8 < full)).collect();
            cells.resize(height * width, 1);
            let start = start.index(cells.len());
            cells[start] = 1;
            let crop = Crop { size: [1, height, width], cells };
            prop_assert_eq!(lengths(&crop, start), step_by_step(&crop, start));
        }
    }
}
