//! Walks over an image: along one axis, and in blocks of rows.

use super::Border;
use crate::units::Shape;
use rayon::prelude::*;

/// One axis of a volume: lines of `size` voxels that lie `stride` apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Axis {
    /// Voxels in a line.
    pub size: usize,
    /// From one voxel of a line to the next.
    pub stride: usize,
}

impl Axis {
    /// Axis 0 is z, 1 is y, 2 is x.
    pub fn of(shape: Shape, axis: usize) -> Self {
        Axis { size: shape.zyx()[axis], stride: [shape.y * shape.x, shape.x, 1][axis] }
    }
}

/// Rows that a thread owns: the slice that they lie in, the first of them, and their voxels.
pub(crate) type RowBlock<'a, T> = (usize, usize, &'a mut [T]);

/// Blocks of rows for all threads, so large that the rows at their seams, which are gone through twice, are few.
pub(crate) fn blocks<T>(out: &mut [T], shape: Shape) -> Vec<RowBlock<'_, T>> {
    let rows = (shape.z * shape.y).div_ceil(4 * rayon::current_num_threads()).clamp(32, 1024);
    let slices = out.chunks_mut((shape.y * shape.x).max(1)).enumerate();
    let of_slice =
        |(z, slice)| <[T]>::chunks_mut(slice, rows * shape.x).enumerate().map(move |(b, r)| (z, b * rows, r));
    slices.flat_map(of_slice).collect()
}

/// Columns that one thread takes side by side: whole pages of memory where there is enough work for everyone.
pub(super) fn width(voxels: usize, size: usize) -> usize {
    let jobs = 4 * rayon::current_num_threads();
    (voxels / size / jobs).next_multiple_of(64).clamp(64, 1024)
}

/// Works on an axis that is not the fastest one. `work(run, column, rows)` gets blocks of neighbouring lines: `rows[k]`
/// is voxel k of them, side by side, beginning at `column` within the stride of run number `run`.
pub(crate) fn columns<T: Send>(out: &mut [T], axis: Axis, work: impl Fn(usize, usize, &mut [&mut [T]]) + Sync) {
    let width = width(out.len(), axis.size);
    let jobs = by_columns(out, axis, width, |piece| piece);
    jobs.into_par_iter().for_each(|(run, column, mut rows)| work(run, column, &mut rows));
}

/// Neighbouring columns: the number of their run, where they begin in its stride, and their rows.
pub(super) type Columns<P> = (usize, usize, Vec<P>);

/// An image by runs, and in these by so many columns.
pub(super) fn by_columns<'a, T, P>(
    image: &'a mut [T],
    axis: Axis,
    width: usize,
    piece: impl Fn(&'a mut [T]) -> P,
) -> Vec<Columns<P>> {
    let mut jobs: Vec<Columns<P>> = Vec::new();
    for (run, voxels) in image.chunks_mut((axis.size * axis.stride).max(1)).enumerate() {
        let first = jobs.len();
        jobs.extend((0..axis.stride).step_by(width).map(|c| (run, c, Vec::with_capacity(axis.size))));
        for row in voxels.chunks_mut(axis.stride) {
            for ((_, _, rows), voxels) in jobs[first..].iter_mut().zip(row.chunks_mut(width)) {
                rows.push(piece(voxels));
            }
        }
    }
    jobs
}

/// Fills `padded` with a part of `line` from index `first` on; what lies beyond the line follows the border.
pub(crate) fn pad<T: Copy>(border: Border, line: &[T], first: isize, padded: &mut [T]) {
    let at = |i: usize| (i as isize - first).clamp(0, padded.len() as isize) as usize;
    let (start, end) = (at(0), at(line.len()));
    if start < end {
        let from = (first + start as isize) as usize;
        padded[start..end].copy_from_slice(&line[from..from + end - start]);
    }
    for i in (0..start).chain(end..padded.len()) {
        padded[i] = line[border.index(first + i as isize, line.len())];
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn every_voxel_is_in_one_block() {
        let axis = Axis { size: 5, stride: 150 };
        let mut out = vec![0usize; 3 * 5 * 150];
        columns(&mut out, axis, |run, column, rows| {
            for (k, row) in rows.iter_mut().enumerate() {
                for (x, v) in row.iter_mut().enumerate() {
                    *v += (run * 5 + k) * 150 + column + x + 1;
                }
            }
        });
        assert!(out.iter().enumerate().all(|(i, &v)| v == i + 1));
    }

    #[test]
    fn parts_of_lines_are_padded() {
        let line = [1, 2, 3];
        for (first, want) in
            [(-2, [1, 1, 1, 2, 3]), (1, [2, 3, 3, 3, 3]), (-9, [1; 5]), (7, [3; 5]), (0, [1, 2, 3, 3, 3])]
        {
            let mut padded = [0; 5];
            pad(Border::Nearest, &line, first, &mut padded);
            assert_eq!(padded, want, "{first}");
        }
        let mut one = [0];
        pad(Border::Nearest, &line, 1, &mut one);
        assert_eq!(one, [2]);
    }
}
