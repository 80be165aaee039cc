//! The pointers of a split on the CPU: from each voxel to its greatest neighbour.
//!
//! Of every three voxels side by side the greatest is found once; the greatest of such threes, in the rows around a voxel, is its
//! greatest neighbour or itself. Both are looked for in the order of indices, so that the first of equals stays.

use super::basins::Neighbourhood;
use crate::simd::{new_parts, wide};
use crate::units::Shape;

/// Each voxel's greatest neighbour, and the peaks: the voxels that point at themselves, in order.
pub(super) fn ascend(shape: Shape, land: &[i32], mask: &[u8]) -> (Vec<u32>, Vec<u32>) {
    let (pointers, peaks) = new_parts(shape.len(), shape.x, Ascent::default, |ascent, row, pointers| {
        let start = row * shape.x;
        if mask[start..start + shape.x].iter().all(|&m| m == 0) {
            return Vec::new();
        }
        ascent.row(shape, land, mask, row, pointers);
        let mut peaks = Vec::new();
        for (own, pointers) in (start as u32 + 1..).step_by(PART).zip(pointers.chunks(PART)) {
            let mut any = false;
            own_pointers(pointers, own, &mut any);
            if any {
                peaks.extend((own..).zip(pointers).filter(|(own, p)| own == *p).map(|(own, _)| own - 1));
            }
        }
        peaks
    });
    (pointers, peaks.concat())
}

/// Voxels that are looked at together for the few that matter.
const PART: usize = 64;

wide! {
    /// Whether one of these neighbours points at itself; the first would with `own`.
    fn own_pointers(pointers: &[u32], own: u32, any: &mut bool) {
        *any = (own..).zip(pointers).fold(false, |any, (own, &p)| any | (p == own));
    }
}

/// What a thread needs to go through rows.
#[derive(Default)]
struct Ascent {
    /// The rows around the one before, at places that follow from their slice and row: most of them are around the next one too.
    rows: [Threes; 9],
    /// The landscape of a row, the least of all numbers where it is not in the mask and beyond its ends.
    masked: Vec<i32>,
    /// The greatest neighbours so far.
    top: Vec<i32>,
}

/// Of each voxel in a row and those before and behind it the greatest.
#[derive(Default)]
struct Threes {
    /// Which row it is, counted from 1.
    row: usize,
    top: Vec<i32>,
    /// One more than the index.
    at: Vec<u32>,
    /// The least sample in the mask.
    least: i32,
}

impl Ascent {
    fn row(&mut self, shape: Shape, land: &[i32], mask: &[u8], row: usize, pointers: &mut [u32]) {
        let (around, start) = (Neighbourhood::row(shape, row), row * shape.x);
        let mut places = Vec::with_capacity(9);
        for other in around.rows_in_order() {
            let (z, y) = (other / shape.x / shape.y, other / shape.x % shape.y);
            places.push(z % 3 * 3 + y % 3);
            let threes = &mut self.rows[z % 3 * 3 + y % 3];
            if threes.row != other / shape.x + 1 {
                threes.look(&land[other..][..shape.x], &mask[other..][..shape.x], other, &mut self.masked);
            }
        }
        let mask_here = &mask[start..][..shape.x];
        if places.iter().all(|&place| self.rows[place].least > i32::MIN) {
            return self.point(&places, mask_here, pointers);
        }
        // What is masked must lie below all else; beside samples at the end of their type voxels are looked at one by one.
        for x in 0..shape.x {
            let (mut best, mut top) = (start + x, land[start + x]);
            around.each(x, |j| {
                if mask[j] != 0 && (land[j] > top || land[j] == top && j < best) {
                    (best, top) = (j, land[j]);
                }
            });
            pointers[x] = if mask_here[x] == 0 { 0 } else { best as u32 + 1 };
        }
    }

    /// Points at the greatest of the threes at these places, in their order.
    fn point(&mut self, places: &[usize], mask: &[u8], pointers: &mut [u32]) {
        if let &[a, b, c] = places {
            let [a, b, c] = [a, b, c].map(|place| &self.rows[place]);
            return of_three(pointers, mask, (&a.top, &a.at), (&b.top, &b.at), (&c.top, &c.at));
        }
        self.top.clear();
        self.top.resize(mask.len(), i32::MIN);
        for threes in places.iter().map(|&place| &self.rows[place]) {
            steepest(&mut self.top, pointers, &threes.top, &threes.at);
        }
        clear(pointers, mask);
    }
}

impl Threes {
    /// Looks at the row that begins at this index.
    fn look(&mut self, land: &[i32], mask: &[u8], start: usize, masked: &mut Vec<i32>) {
        let width = land.len();
        masked.resize(width + 2, i32::MIN);
        self.top.resize(width, 0);
        self.at.resize(width, 0);
        (self.row, self.least) = (start / width + 1, i32::MAX);
        cover(&mut masked[1..=width], land, mask, &mut self.least);
        greatest(&mut self.top, &mut self.at, masked, start as u32);
    }
}

wide! {
    /// The landscape where it is in the mask, and the least sample there.
    fn cover(out: &mut [i32], land: &[i32], mask: &[u8], least: &mut i32) {
        let mut low = *least;
        for ((out, &v), &m) in out.iter_mut().zip(land).zip(mask) {
            *out = if m == 0 { i32::MIN } else { v };
            low = low.min(if m == 0 { i32::MAX } else { v });
        }
        *least = low;
    }
}

wide! {
    /// The greatest of every three numbers, and one more than the index of where it is; the first three are around that index.
    fn greatest(top: &mut [i32], at: &mut [u32], row: &[i32], first: u32) {
        let threes = row.iter().zip(&row[1..]).zip(&row[2..]);
        for (((top, at), own), ((&a, &b), &c)) in top.iter_mut().zip(at).zip(first..).zip(threes) {
            let (ab, at_ab) = if b > a { (b, own.wrapping_add(1)) } else { (a, own) };
            (*top, *at) = if c > ab { (c, own.wrapping_add(2)) } else { (ab, at_ab) };
        }
    }
}

wide! {
    /// The greatest so far, and where they are.
    fn steepest(top: &mut [i32], at: &mut [u32], row: &[i32], places: &[u32]) {
        for (((top, at), &v), &place) in top.iter_mut().zip(at).zip(row).zip(places) {
            let steeper = v > *top;
            *top = if steeper { v } else { *top };
            *at = if steeper { place } else { *at };
        }
    }
}

/// The greatest of threes in a row, and where they are.
type Row<'a> = (&'a [i32], &'a [u32]);

wide! {
    /// The same of three rows, as they mostly are in a plane, at one go; nothing is pointed at from outside of the mask.
    fn of_three(pointers: &mut [u32], mask: &[u8], a: Row, b: Row, c: Row) {
        let rows = a.0.iter().zip(a.1).zip(b.0.iter().zip(b.1)).zip(c.0.iter().zip(c.1));
        for ((pointer, &m), (((&a, &at_a), (&b, &at_b)), (&c, &at_c))) in pointers.iter_mut().zip(mask).zip(rows) {
            let (ab, at_ab) = if b > a { (b, at_b) } else { (a, at_a) };
            let at = if c > ab { at_c } else { at_ab };
            *pointer = if m == 0 { 0 } else { at };
        }
    }
}

wide! {
    /// Nothing is pointed at from outside of the mask.
    fn clear(pointers: &mut [u32], mask: &[u8]) {
        for (pointer, &m) in pointers.iter_mut().zip(mask) {
            *pointer = if m == 0 { 0 } else { *pointer };
        }
    }
}
