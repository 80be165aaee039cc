//! New images of which nothing is written before the work begins: a pass over all of their memory saved, where every voxel is
//! written anyway.

use super::Axis;
use super::walk::{by_columns, width};
use rayon::prelude::*;
use std::mem::MaybeUninit;

/// A thread takes parts of so many voxels at least: some of what it works in is good for the next part too.
const AT_LEAST: usize = 1 << 14;

/// A piece of a new image. It is zeros from when it is first looked at, so the thread that writes it has it in its cache then.
pub(crate) struct Blank<'a, T: Copy + Default> {
    place: &'a mut [MaybeUninit<T>],
    is_zero: bool,
}

impl<'a, T: Copy + Default> Blank<'a, T> {
    fn new(place: &'a mut [MaybeUninit<T>]) -> Self {
        Blank { place, is_zero: false }
    }

    /// Its voxels.
    pub fn voxels(&mut self) -> &mut [T] {
        if !self.is_zero {
            self.place.fill(MaybeUninit::new(T::default()));
            self.is_zero = true;
        }
        // SAFETY: all places were written just above, or before.
        unsafe { &mut *(std::ptr::from_mut(self.place) as *mut [T]) }
    }
}

/// What nobody has looked at is zeros in the end.
impl<T: Copy + Default> Drop for Blank<'_, T> {
    fn drop(&mut self) {
        self.voxels();
    }
}

/// A new image whose lines, or other parts of `size` voxels, are written one by one: `work` gets what a thread works in, the number
/// of the part, and its voxels, all 0. Beside it what `work` says of each part, in their order.
pub(crate) fn new_parts<T: Copy + Default + Send, S, R: Send>(
    len: usize,
    size: usize,
    begin: impl Fn() -> S + Sync + Send,
    work: impl Fn(&mut S, usize, &mut [T]) -> R + Sync + Send,
) -> (Vec<T>, Vec<R>) {
    let mut out = Vec::with_capacity(len);
    let size = size.max(1);
    let parts = out.spare_capacity_mut()[..len].par_chunks_mut(size).with_min_len(AT_LEAST.div_ceil(size)).enumerate();
    let said = parts.map_init(begin, |own, (k, part)| work(own, k, Blank::new(part).voxels())).collect();
    // SAFETY: the parts are all of the image, and each has been a blank whose voxels were looked at.
    unsafe { out.set_len(len) };
    (out, said)
}

/// A new image, written as [`columns`](super::columns) goes through one, so many columns at a time if that is said.
pub(crate) fn new_columns<T: Copy + Default + Send, S>(
    len: usize,
    axis: Axis,
    at_a_time: Option<usize>,
    begin: impl Fn() -> S + Sync + Send,
    work: impl Fn(&mut S, usize, usize, &mut [Blank<T>]) + Sync + Send,
) -> Vec<T> {
    let mut out = Vec::with_capacity(len);
    let at_a_time = at_a_time.unwrap_or_else(|| width(len, axis.size));
    let jobs = by_columns(&mut out.spare_capacity_mut()[..len], axis, at_a_time, Blank::new);
    jobs.into_par_iter().for_each_init(begin, |own, (run, column, mut rows)| work(own, run, column, &mut rows));
    // SAFETY: the columns are all of the image, and their rows were blanks that are dropped by now.
    unsafe { out.set_len(len) };
    out
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn new_images_are_those_that_are_written_over() {
        for (axis, len) in [(Axis { size: 5, stride: 150 }, 3 * 5 * 150), (Axis { size: 4, stride: 7 }, 28)] {
            let number =
                |run: usize, k: usize, column: usize, x: usize| (run * axis.size + k) * axis.stride + column + x;
            for width in [None, Some(3), Some(200)] {
                let out = new_columns(
                    len,
                    axis,
                    width,
                    || (),
                    |(), run, column, rows: &mut [Blank<usize>]| {
                        // Every third row is left as it is.
                        for (k, row) in rows.iter_mut().enumerate().filter(|(k, _)| k % 3 != 0) {
                            row.voxels().iter_mut().enumerate().for_each(|(x, v)| *v += number(run, k, column, x));
                        }
                    },
                );
                let want = |i: usize| if (i / axis.stride % axis.size).is_multiple_of(3) { 0 } else { i };
                assert_eq!(out, (0..len).map(want).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn parts_have_their_numbers() {
        let (out, said) = new_parts(
            10,
            4,
            || (),
            |(), k, part| {
                part.iter_mut().for_each(|v| *v += k);
                part.len()
            },
        );
        assert_eq!((out, said), (vec![0, 0, 0, 0, 1, 1, 1, 1, 2, 2], vec![4, 4, 2]));
        assert_eq!(new_parts::<u8, _, ()>(0, 0, || (), |(), _, _| ()), (vec![], vec![]));
    }
}
