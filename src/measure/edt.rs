//! Exact squared Euclidean distances on a small grid, one axis after the other: along the rows by counting steps, along the
//! other axes by looking outwards from each row, as far as a row further away can still be nearer. Objects are small, and
//! whole rows at a time fit wide registers, where the lower envelope of Felzenszwalb and Huttenlocher (2012) goes one by one.
//!
//! Distances are whole numbers below 2^53 where a voxel is 1 wide on every axis, so they are exact; other sizes are
//! rounded in the one order of the loops below.

use super::object::{Crop, Object};
use crate::simd::wide;

/// Squared distances to the outside of an object, on the voxel grid.
#[derive(Clone)]
pub(super) struct Inside {
    /// Of the cells of the framed object in raster order; 0 outside.
    pub cells: Vec<u32>,
    /// Cells of a row: those of the framed object and some that are 0, for whole blocks.
    pub width: usize,
}

/// Steps that no distance has: a disc of that radius would have more voxels than an image.
const FAR_STEPS: u32 = 1 << 15;

/// Squared distance of every cell of the framed object to the outside of it.
pub(super) fn inside(object: &Object) -> Inside {
    measured(object, [[true; 2]; 2])
}

/// The same of a 2-D object where the image has no outside; for an object that leaves some of it.
pub(super) fn inside_image(object: &Object) -> Inside {
    let (lo, hi, size) = (object.extent.lo, object.extent.hi, object.shape.zyx());
    measured(object, [1, 2].map(|a| [lo[a] > 0, hi[a] < size[a]]))
}

/// `is_edge`: whether there is an outside before the first and behind the last row and column of a 2-D object.
fn measured(object: &Object, is_edge: [[bool; 2]; 2]) -> Inside {
    let [nz, ny, nx] = object.framed_size();
    let width = nx.next_multiple_of(LANES);
    let mut cells = vec![0; nz * ny * width];
    object.each_framed_run(|z, y, x0, x1| {
        let row = (z * ny + y) * width;
        let is_edge = [x0 > 1 || is_edge[1][0], x1 < nx - 1 || is_edge[1][1]];
        count_whole_steps(&mut cells[row + x0..row + x1], is_edge.map(|is| if is { 1 } else { FAR_STEPS }));
    });
    let costs: Vec<u32> = (0..nz.max(ny).min(1 << 15) as u32).map(|k| k * k).collect();
    // Rows of the frame are outside, or nothing.
    let [first, end] = [usize::from(!is_edge[0][0]), ny - usize::from(!is_edge[0][1])];
    let rows = &mut cells[first * width..(nz - 1) * ny * width + end * width];
    spread(rows, [nz, end - first, width], [&costs, &costs]);
    Inside { cells, width }
}

/// Squared distance of every cell to the nearest cell whose value is `target`, a voxel being `size` wide in z, y, x.
/// Infinite where there is none. What lies further than `within`, squared, is only known to do so.
pub(super) fn squared(crop: &Crop, target: u8, size: [f64; 3], within: f64) -> Vec<f64> {
    let [nz, ny, nx] = crop.size;
    let width = nx.next_multiple_of(LANES);
    let mut d = vec![0.0; nz * ny * width];
    for (row, cells) in d.chunks_exact_mut(width).zip(crop.cells.chunks_exact(nx)) {
        sweep(&mut row[..nx], cells, target, size[2]);
    }
    let costs = |axis: usize| -> Vec<f64> {
        let of = |k: usize| size[axis] * size[axis] * (k as f64 * k as f64);
        (0..crop.size[axis]).map(of).take_while(|cost| *cost <= within).collect()
    };
    spread(&mut d, [nz, ny, width], [&costs(0), &costs(1)]);
    for row in 1..nz * ny {
        d.copy_within(row * width..row * width + nx, row * nx);
    }
    d.truncate(crop.cells.len());
    d
}

/// What distances are counted in.
trait Distance: Copy + Default + PartialOrd + std::ops::Add<Output = Self> {}
impl Distance for u32 {}
impl Distance for f64 {}

/// From distances along the rows to distances along all axes, with the costs of 0, 1, ... steps along z and y.
fn spread<D: Distance>(d: &mut [D], size: [usize; 3], costs: [&[D]; 2]) {
    let [nz, ny, nx] = size;
    let mut before = d.to_vec();
    for z in 0..nz {
        outwards(d, &before, Rows { first: z * ny * nx, step: nx, count: ny, len: nx }, costs[1]);
    }
    if nz > 1 {
        before.copy_from_slice(d);
        for y in 0..ny {
            outwards(d, &before, Rows { first: y * nx, step: ny * nx, count: nz, len: nx }, costs[0]);
        }
    }
}

/// Along the first axis: between two cells with the target, or one and an end of the row, count steps from both ends.
fn sweep(row: &mut [f64], cells: &[u8], target: u8, size: f64) {
    let is_target = |cell: &u8| *cell == target;
    let mut x = 0;
    while let Some(start) = cells[x..].iter().position(|cell| !is_target(cell)).map(|k| x + k) {
        let end = cells[start..].iter().position(is_target).map_or(cells.len(), |k| start + k);
        let first = if start > 0 { 1.0 } else { f64::INFINITY };
        let last = if end < cells.len() { 1.0 } else { f64::INFINITY };
        count_steps(&mut row[start..end], [first, last], size);
        x = end;
    }
}

wide! {
    /// Squared distances of cells in a row, the first and the last being so many steps away from what is beyond.
    fn count_steps(cells: &mut [f64], ends: [f64; 2], size: f64) {
        let n = cells.len() as i32;
        for (k, cell) in (0..n).zip(cells) {
            let [before, after] = [ends[0] + f64::from(k), ends[1] + f64::from(n - 1 - k)];
            let d = if after < before { after } else { before } * size;
            *cell = d * d;
        }
    }
}

wide! {
    /// The same of whole numbers.
    fn count_whole_steps(cells: &mut [u32], ends: [u32; 2]) {
        let n = cells.len() as u32;
        for (k, cell) in (0..n).zip(cells) {
            let steps = (ends[0] + k).min(ends[1] + (n - 1 - k)).min(FAR_STEPS);
            *cell = steps * steps;
        }
    }
}

/// `count` rows of `len` cells, the first at `first` and each `step` behind the one before.
#[derive(Clone, Copy)]
struct Rows {
    first: usize,
    step: usize,
    count: usize,
    len: usize,
}

/// Cells of a row that are taken together; rows are so many long, or several times that.
const LANES: usize = 16;

wide! {
    /// Each cell of the rows becomes the least of `before` plus the cost of the way over the cells at its place in all rows
    /// that are not further away than there are costs.
    fn outwards<D: Distance>(d: &mut [D], before: &[D], rows: Rows, costs: &[D]) {
        let Rows { first, step, count, len } = rows;
        for i in 0..count * (len / LANES) {
            let (q, x) = (i / (len / LANES), i % (len / LANES) * LANES);
            let block = |q: usize| first + q * step + x..first + q * step + x + LANES;
            let mut least = [D::default(); LANES];
            least.copy_from_slice(&before[block(q)]);
            for (k, &far) in costs.iter().enumerate().take(count).skip(1) {
                // As a sum of all comparisons: a search for the first one would go cell by cell.
                if !least.iter().fold(false, |any, &v| any | (v > far)) {
                    break;
                }
                let others = [q.checked_sub(k), Some(q + k).filter(|&other| other < count)];
                for other in others.into_iter().flatten() {
                    for (v, &b) in least.iter_mut().zip(&before[block(other)]) {
                        let there = b + far;
                        *v = if there < *v { there } else { *v };
                    }
                }
            }
            d[block(q)].copy_from_slice(&least);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    const FAR: u32 = FAR_STEPS * FAR_STEPS;
    use crate::image::Labels;
    use crate::units::Shape;

    /// Invariant: runs and cells give the same distances.
    #[test]
    fn inside_is_the_distance_to_the_outside() {
        for shape in [Shape::flat(9, 80), Shape::new(4, 7, 9)] {
            let some = |i: u32| i.wrapping_mul(2654435761) >> 29 != 0;
            let voxels = (0..shape.len() as u32).map(|i| u32::from(some(i))).collect();
            let labels = Labels::new(shape, voxels).unwrap();
            let extent = crate::ops::extent::extents(&labels).unwrap()[0];
            let object = Object::new(&labels, 1, extent).unwrap();
            let want = squared(&object.framed(), 0, [1.0; 3], f64::INFINITY);
            let Inside { cells, width } = inside(&object);
            let rows = cells.chunks(width).flat_map(|row| &row[..object.framed_size()[2]]);
            assert!(rows.map(|&d| f64::from(d)).eq(want));
        }
    }

    /// Oracle: all pairs of cells, in an image whose border an object touches on two sides, on all, and nowhere.
    #[test]
    fn the_border_of_an_image_is_no_outside() {
        let rows = [[1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 0, 2], [1, 1, 1, 1, 1, 0], [0, 1, 0, 1, 1, 0]];
        let full = [[1; 6]; 4];
        for voxels in [rows.concat(), full.concat()] {
            let labels = Labels::new(Shape::flat(4, 6), voxels.clone()).unwrap();
            for (label, extent) in (1..).zip(crate::ops::extent::extents(&labels).unwrap()) {
                let object = Object::new(&labels, label, extent).unwrap();
                let Inside { cells, width } = inside_image(&object);
                for i in (0..24).filter(|&i| voxels[i] == label) {
                    let far = |j: usize| ((i / 6).abs_diff(j / 6).pow(2) + (i % 6).abs_diff(j % 6).pow(2)) as u32;
                    let want = (0..24).filter(|&j| voxels[j] != label).map(far).min().unwrap_or(FAR);
                    let got = cells[(i / 6 - extent.lo[1] + 1) * width + i % 6 - extent.lo[2] + 1];
                    assert_eq!(got, want, "{i}");
                }
            }
        }
    }

    #[test]
    fn equals_the_search_over_all_pairs() {
        let size = [3usize, 7, 9];
        let cells: Vec<u8> = (0..189u32).map(|i| u8::from(i.wrapping_mul(2654435761) >> 27 == 0)).collect();
        let crop = Crop { size, cells };
        let at = |i: usize| [i / 63, i / 9 % 7, i % 9].map(|v| v as f64);
        for wide in [[1.0, 1.0, 1.0], [2.5, 0.5, 1.0]] {
            let got = squared(&crop, 1, wide, f64::INFINITY);
            for (i, got) in got.iter().enumerate() {
                let far = |j: usize| (0..3).map(|a| ((at(i)[a] - at(j)[a]) * wide[a]).powi(2)).sum::<f64>();
                let want = (0..189).filter(|&j| crop.cells[j] == 1).map(far).fold(f64::INFINITY, f64::min);
                assert_eq!(*got, want, "{i}");
                let near = squared(&crop, 1, wide, 6.0)[i];
                assert!(if want > 6.0 { near > 6.0 } else { near == want }, "{i}");
            }
        }
        let empty = Crop { size, cells: vec![0; 189] };
        assert!(squared(&empty, 1, [1.0; 3], f64::INFINITY).iter().all(|d| d.is_infinite()));
    }
}
