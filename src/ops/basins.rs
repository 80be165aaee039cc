//! Basins of a landscape, which splits, watersheds and contours share: the neighbours of a row, and pointers that lead to the
//! root of each voxel's basin.

use crate::device::kernel::{Kernel, atomic, read, write};
use crate::units::Shape;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

crate::params! {
    pub(super) struct Params { depth: u32, height: u32, width: u32 }
}

/// Of an image of that size.
pub(super) fn params(shape: Shape) -> Params {
    Params { depth: shape.z as u32, height: shape.y as u32, width: shape.x as u32 }
}

pub(super) const NEIGHBOURS: &[&str] = &[include_str!("../../shaders/shared/neighbours.wgsl")];

pub(super) const CLIMB: Kernel = Kernel {
    name: "split_climb",
    source: include_str!("../../shaders/split_climb.wgsl"),
    shared: NEIGHBOURS,
    params: Params::WGSL,
    arrays: &[atomic("parent", "u32")],
};

pub(super) const NAME: Kernel = Kernel {
    name: "split_name",
    source: include_str!("../../shaders/split_name.wgsl"),
    shared: NEIGHBOURS,
    params: Params::WGSL,
    arrays: &[read("peak", "u32"), read("object", "u32"), write("table", "u32")],
};

/// On the CPU every voxel has a word: 0 outside of the mask; one more than the index of the voxel that it points at; or this
/// bit with a number, where all that lead here belong. Images have fewer than 2^31 voxels.
pub(super) const ROOT: u32 = 1 << 31;

/// The rows around a row, itself included: what all of its voxels need to know of their neighbours.
pub(super) struct Neighbourhood {
    width: usize,
    /// Where the row itself begins.
    start: usize,
    /// Where the others begin: those before it, then those behind it.
    starts: [usize; 8],
    before: usize,
    all: usize,
}

impl Neighbourhood {
    /// Of the row with this number.
    pub fn row(shape: Shape, row: usize) -> Self {
        let (z, y) = (row / shape.y, row % shape.y);
        let mut around = Neighbourhood { width: shape.x, start: row * shape.x, starts: [0; 8], before: 0, all: 0 };
        for zz in z.saturating_sub(1)..(z + 2).min(shape.z) {
            for yy in y.saturating_sub(1)..(y + 2).min(shape.y) {
                if (zz, yy) == (z, y) {
                    around.before = around.all;
                } else {
                    around.starts[around.all] = shape.index(zz, yy, 0);
                    around.all += 1;
                }
            }
        }
        around
    }

    /// Calls `f` with the index of each neighbour of voxel `x` of the row, in no order.
    #[inline(always)]
    pub fn each(&self, x: usize, mut f: impl FnMut(usize)) {
        if x > 0 {
            f(self.start + x - 1);
        }
        self.rows(0, x, &mut f);
        if x + 1 < self.width {
            f(self.start + x + 1);
        }
    }

    /// The same for the neighbours that come later.
    #[inline(always)]
    pub fn each_later(&self, x: usize, mut f: impl FnMut(usize)) {
        if x + 1 < self.width {
            f(self.start + x + 1);
        }
        self.rows(self.before, x, &mut f);
    }

    /// Where the rows begin, itself among them, in raster order.
    pub fn rows_in_order(&self) -> impl Iterator<Item = usize> {
        let (before, behind) = self.starts[..self.all].split_at(self.before);
        before.iter().copied().chain([self.start]).chain(behind.iter().copied())
    }

    /// Where the rows behind it begin.
    pub fn rows_behind(&self) -> impl Iterator<Item = usize> {
        self.starts[self.before..self.all].iter().copied()
    }

    #[inline(always)]
    fn rows(&self, from: usize, x: usize, f: &mut impl FnMut(usize)) {
        let (first, behind) = (x.saturating_sub(1), (x + 2).min(self.width));
        for start in &self.starts[from..self.all] {
            (start + first..start + behind).for_each(&mut *f);
        }
    }
}

/// Every pointer becomes the root that it leads to. Threads shorten each other's paths; all lead to the same roots. Parts that
/// are empty hold no pointer.
pub(super) fn climb(words: &mut [u32], is_empty: impl Fn(Range<usize>) -> bool + Sync) {
    let words = shared(words);
    words.par_chunks(64).with_min_len(64).enumerate().for_each(|(k, part)| {
        if is_empty(64 * k..64 * k + part.len()) {
            return;
        }
        for start in part {
            let first = start.load(Relaxed);
            if first == 0 || first & ROOT != 0 {
                continue;
            }
            let mut root = first;
            while root & ROOT == 0 {
                root = words[root as usize - 1].load(Relaxed);
            }
            // The whole path leads there: those who come by it need not go it again.
            start.store(root, Relaxed);
            let mut next = first;
            while next & ROOT == 0 {
                let word = &words[next as usize - 1];
                next = word.load(Relaxed);
                word.store(root, Relaxed);
            }
        }
    });
}

/// Words that are ours alone, for all threads to write.
pub(super) fn shared(words: &mut [u32]) -> &[AtomicU32] {
    // SAFETY: an AtomicU32 has the size, the alignment and the values of a u32, and nobody else sees these while they are
    // borrowed.
    unsafe { &*(std::ptr::from_mut(words) as *const [AtomicU32]) }
}
