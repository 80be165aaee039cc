//! New images from images, voxel by voxel.

use super::{BLOCK, wide};
use rayon::prelude::*;
use std::mem::MaybeUninit;

/// A new image from an image, voxel by voxel.
pub(crate) fn map<A, T>(a: &[A], f: impl Fn(A) -> T + Sync) -> Vec<T>
where
    A: Copy + Sync,
    T: Copy + Send,
{
    map3(a, a, a, |a, _, _| f(a))
}

/// A new image from two of the same size.
pub(crate) fn map2<A, B, T>(a: &[A], b: &[B], f: impl Fn(A, B) -> T + Sync) -> Vec<T>
where
    A: Copy + Sync,
    B: Copy + Sync,
    T: Copy + Send,
{
    map3(a, b, a, |a, b, _| f(a, b))
}

/// A new image from three of the same size.
pub(crate) fn map3<A, B, C, T>(a: &[A], b: &[B], c: &[C], f: impl Fn(A, B, C) -> T + Sync) -> Vec<T>
where
    A: Copy + Sync,
    B: Copy + Sync,
    C: Copy + Sync,
    T: Copy + Send,
{
    let n = a.len().min(b.len()).min(c.len());
    let mut out = Vec::with_capacity(n);
    // Memory as it comes: every voxel is written below, so filling it before would be for nothing.
    let room = &mut out.spare_capacity_mut()[..n];
    let blocks = room.par_chunks_mut(BLOCK).zip(a.par_chunks(BLOCK)).zip(b.par_chunks(BLOCK)).zip(c.par_chunks(BLOCK));
    blocks.for_each(|(((room, a), b), c)| each(room, a, b, c, &f));
    // SAFETY: `a`, `b` and `c` hold at least n, so the blocks have gone over all n places, and `each` writes as many as
    // its shortest row has.
    unsafe { out.set_len(n) };
    out
}

wide! {
    fn each<A: Copy, B: Copy, C: Copy, T: Send, F: Fn(A, B, C) -> T>(
        out: &mut [MaybeUninit<T>], a: &[A], b: &[B], c: &[C], f: &F,
    ) {
        for (((out, a), b), c) in out.iter_mut().zip(a).zip(b).zip(c) {
            out.write(f(*a, *b, *c));
        }
    }
}

wide! {
    /// A row, voxel by voxel.
    pub(crate) fn convert<A: Copy, T: Copy, F: Fn(A) -> T>(out: &mut [T], row: &[A], f: &F) {
        for (out, &a) in out.iter_mut().zip(row) {
            *out = f(a);
        }
    }
}

wide! {
    /// A row of two, voxel by voxel.
    pub(crate) fn convert2<A: Copy, B: Copy, T: Copy, F: Fn(A, B) -> T>(out: &mut [T], a: &[A], b: &[B], f: &F) {
        for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
            *out = f(a, b);
        }
    }
}

/// A new image of zeros. A thread alone would take as long for it as all of them for a filter.
pub(crate) fn zeros<T: Copy + Default + Send>(len: usize) -> Vec<T> {
    let mut out = Vec::with_capacity(len);
    out.spare_capacity_mut()[..len].par_chunks_mut(BLOCK).for_each(|part| part.fill(MaybeUninit::new(T::default())));
    // SAFETY: all `len` places are written just above.
    unsafe { out.set_len(len) };
    out
}

/// `floor(x)` of a row of numbers `x = n / d + 1 / (2 d)`, n and d whole and d at most 2^16, as 32-bit integers. Such a
/// number is never nearer to a whole one than 2^-17, so errors of rounding in f64 cannot reach the result; adding
/// 1.5 * 2^52 leaves the whole part of `x - 1/2` in the low bits.
#[inline(always)]
pub(crate) fn floor(x: f64) -> i32 {
    ((x - 0.5) + 6_755_399_441_055_744.0).to_bits() as u32 as i32
}

/// The whole part of a number from 0 to 2^31. A cast alone does not keep to wide registers, because it asks for what does not fit.
#[inline(always)]
pub(crate) fn whole_part(x: f64) -> i32 {
    // Above it only whole numbers are left.
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    let near = (x + WHOLE) - WHOLE;
    let below = if near > x { near - 1.0 } else { near };
    (below + WHOLE).to_bits() as u32 as i32
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn whole_parts_are_those_of_a_cast() {
        for n in [0u32, 1, 2, 3, 7, 65_535, i32::MAX as u32] {
            for rest in [0.0, f64::EPSILON, 0.25, 0.5, 0.75, 1.0 - f64::EPSILON] {
                let x = f64::from(n) + rest;
                let x = if x >= f64::from(n) + 1.0 { f64::from(n) } else { x };
                assert_eq!(whole_part(x), x as i32, "{x}");
            }
        }
        // The numbers just below whole ones.
        for n in [1.0f64, 2.0, 4.0, 1e9] {
            assert_eq!(whole_part(n.next_down()), n as i32 - 1);
        }
    }

    #[test]
    fn floors_are_exact_at_whole_numbers() {
        for n in [i64::from(i32::MIN), -7, -1, 0, 1, 65_535, i64::from(i32::MAX)] {
            for d in [1i64, 3, 31, 65_535, 65_536] {
                for rest in [0, d / 2, d - 1] {
                    let x = ((n * d + rest) as f64 + 0.5) * (1.0 / d as f64);
                    assert_eq!(i64::from(floor(x)), n, "{n} {d} {rest}");
                }
            }
        }
    }
}
