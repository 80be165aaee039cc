//! How the CPU twins walk a volume along one axis, and how their inner loops get wide registers.

use super::Border;
use crate::units::Shape;
use rayon::prelude::*;
use std::mem::MaybeUninit;
use std::sync::LazyLock;

/// One axis of a volume: lines of `size` voxels that lie `stride` apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Axis {
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

/// Compiles a function without a result three times, as it stands, for AVX2 and for AVX-512, and takes the widest that the
/// processor has. The arithmetic is exact, so all give the same numbers.
macro_rules! wide {
    ($(#[$doc:meta])* $vis:vis fn $name:ident $(<$($of:ident: $bound:path),+>)? ($($arg:ident: $ty:ty),* $(,)?) $body:block) => {
        $(#[$doc])*
        #[allow(clippy::too_many_arguments, reason = "inner loops take their rows one by one")]
        $vis fn $name $(<$($of: $bound),+>)? ($($arg: $ty),*) {
            #[inline(always)]
            fn plain $(<$($of: $bound),+>)? ($($arg: $ty),*) $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
                fn avx512 $(<$($of: $bound),+>)? ($($arg: $ty),*) {
                    plain($($arg),*)
                }
                #[target_feature(enable = "avx2")]
                fn avx2 $(<$($of: $bound),+>)? ($($arg: $ty),*) {
                    plain($($arg),*)
                }
                if $crate::ops::has_avx512() {
                    // SAFETY: the processor has what the function was compiled for.
                    return unsafe { avx512($($arg),*) };
                }
                if std::arch::is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has what the function was compiled for.
                    return unsafe { avx2($($arg),*) };
                }
            }
            plain($($arg),*)
        }
    };
}
pub(crate) use wide;

/// Whether the processor has the parts of AVX-512 that all its server generations share.
#[cfg(target_arch = "x86_64")]
pub(crate) fn has_avx512() -> bool {
    use std::arch::is_x86_feature_detected as has;
    static ALL: LazyLock<bool> =
        LazyLock::new(|| has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl"));
    *ALL
}

/// Voxels that a thread takes at a time.
const BLOCK: usize = 1 << 16;

/// A new image from an image, voxel by voxel.
pub(super) fn map<A, T>(a: &[A], f: impl Fn(A) -> T + Sync) -> Vec<T>
where
    A: Copy + Sync,
    T: Copy + Send,
{
    map3(a, a, a, |a, _, _| f(a))
}

/// A new image from two of the same size.
pub(super) fn map2<A, B, T>(a: &[A], b: &[B], f: impl Fn(A, B) -> T + Sync) -> Vec<T>
where
    A: Copy + Sync,
    B: Copy + Sync,
    T: Copy + Send,
{
    map3(a, b, a, |a, b, _| f(a, b))
}

/// A new image from three of the same size.
pub(super) fn map3<A, B, C, T>(a: &[A], b: &[B], c: &[C], f: impl Fn(A, B, C) -> T + Sync) -> Vec<T>
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
    pub(super) fn convert<A: Copy, T: Copy, F: Fn(A) -> T>(out: &mut [T], row: &[A], f: &F) {
        for (out, &a) in out.iter_mut().zip(row) {
            *out = f(a);
        }
    }
}

/// Rows that a thread owns: the slice that they lie in, the first of them, and their voxels.
pub(super) type Block<'a, T> = (usize, usize, &'a mut [T]);

/// Blocks of rows for all threads, so large that the rows at their seams, which are gone through twice, are few.
pub(super) fn blocks<T>(out: &mut [T], shape: Shape) -> Vec<Block<'_, T>> {
    let rows = (shape.z * shape.y).div_ceil(4 * rayon::current_num_threads()).clamp(32, 1024);
    let slices = out.chunks_mut((shape.y * shape.x).max(1)).enumerate();
    let of_slice =
        |(z, slice)| <[T]>::chunks_mut(slice, rows * shape.x).enumerate().map(move |(b, r)| (z, b * rows, r));
    slices.flat_map(of_slice).collect()
}

/// Columns that one thread takes side by side: whole pages of memory where there is enough work for everyone.
fn width(voxels: usize, size: usize) -> usize {
    let jobs = 4 * rayon::current_num_threads();
    (voxels / size / jobs).next_multiple_of(64).clamp(64, 1024)
}

/// Works on an axis that is not the fastest one. `work(run, column, rows)` gets blocks of neighbouring lines: `rows[k]`
/// is voxel k of them, side by side, beginning at `column` within the stride of run number `run`.
pub(super) fn columns<T: Send>(out: &mut [T], axis: Axis, work: impl Fn(usize, usize, &mut [&mut [T]]) + Sync) {
    let width = width(out.len(), axis.size);
    let mut jobs: Vec<(usize, usize, Vec<&mut [T]>)> = Vec::new();
    for (run, voxels) in out.chunks_mut(axis.size * axis.stride).enumerate() {
        let first = jobs.len();
        jobs.extend((0..axis.stride).step_by(width).map(|c| (run, c, Vec::with_capacity(axis.size))));
        for row in voxels.chunks_mut(axis.stride) {
            for ((_, _, rows), piece) in jobs[first..].iter_mut().zip(row.chunks_mut(width)) {
                rows.push(piece);
            }
        }
    }
    jobs.into_par_iter().for_each(|(run, column, mut rows)| work(run, column, &mut rows));
}

/// Fills `padded` with a part of `line` from index `first` on; what lies beyond the line follows the border.
pub(super) fn pad<T: Copy>(border: Border, line: &[T], first: isize, padded: &mut [T]) {
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
pub(super) fn floor(x: f64) -> i32 {
    ((x - 0.5) + 6_755_399_441_055_744.0).to_bits() as u32 as i32
}

/// Smallest and largest sample; 0 and 0 if there is none.
pub(crate) fn span(samples: &[i32]) -> (i32, i32) {
    let parts = samples.par_chunks(BLOCK).map(|part| {
        let mut ends = [i32::MAX, i32::MIN];
        widen(&mut ends, part);
        ends
    });
    match parts.reduce_with(|a, b| [a[0].min(b[0]), a[1].max(b[1])]) {
        Some([low, high]) => (low, high),
        None => (0, 0),
    }
}

wide! {
    /// The bits that any of the words has.
    pub(crate) fn all_bits(words: &[u32], bits: &mut u32) {
        *bits = words.iter().fold(0, |bits, word| bits | word);
    }
}

wide! {
    fn widen(ends: &mut [i32; 2], samples: &[i32]) {
        // Two numbers of their own: an array of both keeps the compiler from wide registers.
        let [mut low, mut high] = *ends;
        for &s in samples {
            low = low.min(s);
            high = high.max(s);
        }
        *ends = [low, high];
    }
}

#[cfg(test)]
mod tests {
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
