//! The pointers of a split on the CPU: from each voxel to its greatest neighbour.

use super::basins::Neighbourhood;
use crate::simd::{self, wide};
use crate::units::Shape;
use rayon::prelude::*;

/// Each voxel's greatest neighbour, and the peaks: the voxels that point at themselves, in order. Inside of a row all voxels
/// look at once, at one neighbour after the other in the order of their indices, so that the first of equals stays.
pub(super) fn ascend(shape: Shape, land: &[i32], mask: &[u8]) -> (Vec<u32>, Vec<u32>) {
    let mut pointers: Vec<u32> = simd::zeros(shape.len());
    let rows = pointers.par_chunks_mut(shape.x).with_min_len(16).enumerate();
    let peaks = rows.map_init(Ascent::default, |ascent, (row, pointers)| {
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
    let peaks = peaks.collect::<Vec<Vec<u32>>>().concat();
    (pointers, peaks)
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
    /// The greatest neighbours so far, and how far away they lie.
    top: Vec<i32>,
    offset: Vec<i32>,
    /// A row of the landscape, the least sample where it is not in the mask.
    masked: Vec<i32>,
}

impl Ascent {
    fn row(&mut self, shape: Shape, land: &[i32], mask: &[u8], row: usize, pointers: &mut [u32]) {
        let (around, start, width) = (Neighbourhood::row(shape, row), row * shape.x, shape.x);
        let inner = if width > 2 { 1..width - 1 } else { 0..0 };
        for (list, start) in [(&mut self.top, i32::MIN), (&mut self.offset, 0)] {
            list.clear();
            list.resize(inner.len(), start);
        }
        self.masked.resize(width, 0);
        let mut least = i32::MAX;
        for other in around.rows_in_order().filter(|_| !inner.is_empty()) {
            cover(&mut self.masked, &land[other..][..width], &mask[other..][..width], &mut least);
            for x in 0..3 {
                let here = (other + x) as i32 - (start + 1) as i32;
                steepest(&mut self.top, &mut self.offset, &self.masked[x..][..inner.len()], here);
            }
        }
        // What is masked must lie below all else; samples that begin at the end of their type are looked at one by one.
        let at_once = if least == i32::MIN { 0..0 } else { inner };
        point(&mut pointers[at_once.clone()], &self.offset, &mask[start..][at_once.clone()], start as u32 + 2);
        for x in (0..at_once.start).chain(at_once.end..width).filter(|x| mask[start + x] != 0) {
            let (mut best, mut top) = (start + x, land[start + x]);
            around.each(x, |j| {
                if mask[j] != 0 && (land[j] > top || land[j] == top && j < best) {
                    (best, top) = (j, land[j]);
                }
            });
            pointers[x] = best as u32 + 1;
        }
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
    /// The greatest neighbours so far, and how far away they lie.
    fn steepest(top: &mut [i32], offset: &mut [i32], row: &[i32], here: i32) {
        for ((top, offset), &v) in top.iter_mut().zip(offset).zip(row) {
            let steeper = v > *top;
            *top = if steeper { v } else { *top };
            *offset = if steeper { here } else { *offset };
        }
    }
}

wide! {
    /// Pointers of neighbouring voxels, the first of which would point at itself with `first`.
    fn point(pointers: &mut [u32], offset: &[i32], mask: &[u8], first: u32) {
        for (((pointer, own), &offset), &m) in pointers.iter_mut().zip(first..).zip(offset).zip(mask) {
            *pointer = if m == 0 { 0 } else { own.wrapping_add_signed(offset) };
        }
    }
}
