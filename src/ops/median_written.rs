//! Medians of 3 x 3 and 5 x 5 pixels, step by step as `median_network.rs` has them, but written out: with every place known
//! to the compiler, samples stay in registers from the first comparison to the last.

use crate::simd::{Sample, wide};

/// The smaller goes to the first place of each pair, the larger to the second.
macro_rules! exchange {
    ($v:ident: $($a:literal $b:literal),+) => {
        $(($v[$a], $v[$b]) = ($v[$a].min($v[$b]), $v[$a].max($v[$b]));)+
    };
}

/// A row of medians of 3 x 3. The three rows begin at `starts` of `padded`, each of `length`, which is that of the row and two
/// or more.
pub(super) fn of_three<T: Sample>(out: &mut [T], padded: &[T], starts: &[usize], sorted: &mut Vec<T>, length: usize) {
    sorted.resize(3 * length, T::default());
    if let &[a, b, c] = starts {
        let (s0, rest) = sorted.split_at_mut(length);
        let (s1, s2) = rest.split_at_mut(length);
        sort_three(s0, s1, s2, &padded[a..], &padded[b..], &padded[c..]);
        merge_three(out, s0, s1, s2);
    }
}

/// The same for 5 x 5 with five rows, each of four more than the row at least.
pub(super) fn of_five<T: Sample>(out: &mut [T], padded: &[T], starts: &[usize], sorted: &mut Vec<T>, length: usize) {
    sorted.resize(5 * length, T::default());
    if let &[a, b, c, d, e] = starts {
        let (s0, rest) = sorted.split_at_mut(length);
        let (s1, rest) = rest.split_at_mut(length);
        let (s2, rest) = rest.split_at_mut(length);
        let (s3, s4) = rest.split_at_mut(length);
        sort_five(s0, s1, s2, s3, s4, &padded[a..], &padded[b..], &padded[c..], &padded[d..], &padded[e..]);
        merge_five(out, s0, s1, s2, s3, s4);
    }
}

wide! {
    fn sort_three<T: Sample>(s0: &mut [T], s1: &mut [T], s2: &mut [T], a: &[T], b: &[T], c: &[T]) {
        for (((((s0, s1), s2), &a), &b), &c) in s0.iter_mut().zip(s1).zip(s2).zip(a).zip(b).zip(c) {
            let mut v = [a, b, c];
            exchange!(v: 0 2, 0 1, 1 2);
            [*s0, *s1, *s2] = v;
        }
    }
}

wide! {
    fn merge_three<T: Sample>(out: &mut [T], s0: &[T], s1: &[T], s2: &[T]) {
        let n = out.len();
        let (a, b, c) = (&s0[..n + 2], &s1[..n + 2], &s2[..n + 2]);
        for x in 0..n {
            let mut v = [a[x], b[x], c[x], a[x + 1], b[x + 1], c[x + 1], a[x + 2], b[x + 2], c[x + 2]];
            exchange!(v: 6 3, 8 5, 8 3, 7 4, 7 8, 4 3, 0 6, 3 6, 2 8, 2 3, 1 7, 5 7, 4 5, 4 3);
            out[x] = v[3];
        }
    }
}

wide! {
    fn sort_five<T: Sample>(
        s0: &mut [T], s1: &mut [T], s2: &mut [T], s3: &mut [T], s4: &mut [T],
        a: &[T], b: &[T], c: &[T], d: &[T], e: &[T],
    ) {
        let to = s0.iter_mut().zip(s1).zip(s2).zip(s3).zip(s4);
        for (((((((((s0, s1), s2), s3), s4), &a), &b), &c), &d), &e) in to.zip(a).zip(b).zip(c).zip(d).zip(e) {
            let mut v = [a, b, c, d, e];
            exchange!(v: 0 4, 0 2, 1 3, 2 4, 0 1, 2 3, 1 4, 1 2, 3 4);
            [*s0, *s1, *s2, *s3, *s4] = v;
        }
    }
}

wide! {
    fn merge_five<T: Sample>(out: &mut [T], s0: &[T], s1: &[T], s2: &[T], s3: &[T], s4: &[T]) {
        let n = out.len();
        let (a, b, c, d, e) = (&s0[..n + 4], &s1[..n + 4], &s2[..n + 4], &s3[..n + 4], &s4[..n + 4]);
        for x in 0..n {
            let mut v = [
                a[x], b[x], c[x], d[x], e[x],
                a[x + 1], b[x + 1], c[x + 1], d[x + 1], e[x + 1],
                a[x + 2], b[x + 2], c[x + 2], d[x + 2], e[x + 2],
                a[x + 3], b[x + 3], c[x + 3], d[x + 3], e[x + 3],
                a[x + 4], b[x + 4], c[x + 4], d[x + 4], e[x + 4],
            ];
            exchange!(v:
                20 15, 24 19, 24 15, 22 17, 22 24, 17 15, 21 16, 23 18, 23 16, 21 22, 23 24, 16 17, 18 15, 10 5, 14 9,
                14 5, 12 7, 12 14, 7 5, 11 6, 13 8, 13 6, 11 12, 13 14, 6 7, 8 5, 0 10, 5 10, 4 14, 4 5, 14 10, 2 12,
                7 12, 2 4, 7 5, 12 14, 1 11, 9 11, 6 9, 3 13, 8 13, 3 6, 8 9, 13 11, 1 2, 3 4, 6 7, 8 5, 9 12, 13 14,
                11 10, 20 0, 15 5, 15 0, 24 4, 14 4, 14 0, 22 2, 12 2, 17 7, 17 12, 12 14, 21 1, 19 9, 19 1, 16 6,
                11 6, 11 1, 23 3, 13 3, 18 8, 18 13, 13 11, 13 14
            );
            out[x] = v[14];
        }
    }
}
