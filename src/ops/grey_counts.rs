//! Counts of what boxes of grey levels hold: what all operations on them share.
//!
//! On a device all boxes are counted in one dispatch. An invocation looks at 64 cells of a row at most (a piece), and finds its box by
//! halving, so many small regions fill a device as a large one does. Numbers that follow each other and are alike are added together,
//! because additions to one place wait for each other. On the CPU boxes are counted voxel by voxel, as the definitions say.
//!
//! Limits: voxels of all boxes times steps, and counts, are less than 2^31. So no count overflows, and no dispatch takes so long that a
//! system takes its device away. On a device, no invocation may take more than `MOST_TURNS`: runs of 900 voxels and more, and more than 900
//! neighbours, are the host's.

use super::grey_boxes::{GreyBox, GreyBoxes, Listed, PIECE, Step};
use crate::device::kernel::{Array, Kernel, MOST_TURNS, atomic, read};
use crate::device::{Buffer, Device, Gpu, GpuBuffer};
use crate::{Error, Result};
use rayon::prelude::*;

/// What is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counting {
    /// Where neighbours are.
    pub steps: Vec<Step>,
    /// Each slice of a box has matrices of its own.
    pub by_slice: bool,
    /// Each step has a matrix of its own.
    pub by_step: bool,
    /// Largest difference of levels that depend on each other, where dependences are counted.
    pub coarseness: u32,
}

impl Counting {
    /// Steps that have matrices of their own, one for all of them together.
    fn split(&self) -> usize {
        if self.by_step { self.steps.len() } else { 1 }
    }

    /// How many matrices a box has.
    pub fn matrices(&self, of: &GreyBox) -> usize {
        if self.by_slice { of.size[0] * self.split() } else { self.split() }
    }
}

crate::params! {
    /// For all kernels that count.
    struct Params { boxes: u32, pieces: u32, steps: u32, by_slice: u32, by_step: u32, coarseness: u32 }
}

/// Arrays of all kernels that count. What is said of boxes is one list: eight words a box, three a step, the levels.
const ARRAYS: &[Array] = &[read("cells", "u32"), read("boxes", "u32"), atomic("counts", "u32")];
/// Words that are said of a box.
const HEAD: usize = 8;

/// The kernel of this name and source.
pub(super) const fn kernel(name: &'static str, source: &'static str) -> Kernel {
    let shared = &[include_str!("../../shaders/shared/grey_boxes.wgsl")];
    Kernel { name, source, shared, params: Params::WGSL, arrays: ARRAYS }
}

/// A way of counting.
pub(super) struct Way {
    pub kernel: &'static Kernel,
    /// The kernel is run for each step.
    pub each_step: bool,
    /// Turns that loops take for one cell of a box, at most.
    pub turns: fn(&GreyBox, &Counting) -> usize,
    /// Words of one matrix of a box.
    pub words: fn(&GreyBox, &Counting) -> usize,
    /// The same on the CPU.
    pub twin: Twin,
}

/// Adds the voxels of a box to its matrices, plainly. The last argument says where that of a slice and a step begins.
pub(super) type Twin = fn((&GreyBoxes, &Listed), &Counting, &mut [u32], &dyn Fn(isize, usize) -> usize);

/// Boxes where a device works.
#[derive(Debug)]
pub struct Placed<'a> {
    boxes: &'a GreyBoxes,
    /// The GPU, and their cells on it.
    on_gpu: Option<(Gpu, GpuBuffer<u32>)>,
}

impl GreyBoxes {
    /// Where a device works.
    ///
    /// # Errors
    /// The device is lost or too small.
    pub fn to<'a>(&'a self, device: &Device) -> Result<Placed<'a>> {
        let up = |gpu: &Gpu| Ok::<_, Error>((gpu.clone(), gpu.upload(&self.words)?));
        Ok(Placed { boxes: self, on_gpu: device.gpu().map(up).transpose()? })
    }
}

impl Placed<'_> {
    /// The matrices of all boxes, one after the other, there.
    pub(super) fn count(&self, way: &'static Way, what: &Counting) -> Result<Buffer<u32>> {
        if what.steps.contains(&[0; 3]) {
            return Err(Error::usage("a step that leads nowhere"));
        }
        let each = self.boxes.boxes().map(|b| (way.words)(b, what).saturating_mul(what.matrices(b)));
        let sizes: Vec<usize> = each.collect();
        let total = sizes.iter().fold(0usize, |n, size| n.saturating_add(*size));
        let work = self.boxes.cells.saturating_mul(what.steps.len().max(1));
        // A sum of levels takes 16 bits more than the number of its neighbours has.
        if work.max(total) >= 1 << 31 || what.steps.len() > 1 << 16 {
            return Err(Error::device(format!("{work} neighbours and {total} counts are too many for a device")));
        }
        match &self.on_gpu {
            None => Ok(Buffer::on_host(self.on_host(way, what, &sizes))),
            Some(there) => self.on_device(way, what, there, &sizes),
        }
    }

    fn on_host(&self, way: &Way, what: &Counting, sizes: &[usize]) -> Vec<u32> {
        let of_box = |(b, size): (&Listed, &usize)| {
            let mut counts = vec![0; *size];
            let words = (way.words)(&b.of, what);
            let begins = |z: isize, step: usize| {
                let slice = if what.by_slice { z as usize } else { 0 };
                (slice * what.split() + if what.by_step { step } else { 0 }) * words
            };
            (way.twin)((self.boxes, b), what, &mut counts, &begins);
            counts
        };
        self.boxes.boxes.par_iter().zip(sizes).map(of_box).collect::<Vec<_>>().concat()
    }

    fn on_device(
        &self,
        way: &'static Way,
        what: &Counting,
        (gpu, cells): &(Gpu, GpuBuffer<u32>),
        sizes: &[usize],
    ) -> Result<Buffer<u32>> {
        let GreyBoxes { boxes, levels, .. } = self.boxes;
        let turns = boxes.iter().map(|b| (way.turns)(&b.of, what).saturating_mul(PIECE)).max().unwrap_or(0);
        if turns > MOST_TURNS {
            return Err(Error::device(format!("{turns} turns of a loop are too many for a device")));
        }
        let levels_at = HEAD * boxes.len() + 3 * what.steps.len();
        let mut said = Vec::with_capacity(levels_at + levels.len());
        let mut begins = 0;
        for (b, size) in boxes.iter().zip(sizes) {
            let GreyBox { size: [z, y, x], ranks } = b.of;
            // The level of rank 0 would stand before the first one: no voxel asks for it.
            let level = (levels_at + b.level).wrapping_sub(1);
            said.extend([b.pieces, b.cell, z, y, x, level, ranks, begins].map(|n| n as u32));
            begins += size;
        }
        said.extend(what.steps.iter().flatten().map(|s| *s as i32 as u32));
        said.extend_from_slice(levels);
        let counts = gpu.zeros(begins)?;
        let (steps, flag) = (what.steps.len() as u32, u32::from);
        let params = Params {
            boxes: boxes.len() as u32,
            pieces: self.boxes.pieces() as u32,
            steps,
            by_slice: flag(what.by_slice),
            by_step: flag(what.by_step),
            coarseness: what.coarseness.min(u16::MAX.into()),
        };
        // Fewer than there are cells times steps.
        let invocations = self.boxes.pieces() * if way.each_step { what.steps.len() } else { 1 };
        gpu.dispatch(way.kernel, invocations, &params, &[cells, &gpu.upload(&said)?, &counts])?;
        Ok(Buffer::Gpu(counts))
    }
}
