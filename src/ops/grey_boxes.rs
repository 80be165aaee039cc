//! Regions as boxes of grey levels, many in one list: what the matrices of textures are counted from.
//!
//! A cell holds the rank of its voxel's level among the levels of its region, counted from 1, or 0 for no voxel; two cells share a word.
//! On a device all boxes are counted in one dispatch. An invocation looks at 64 cells of a row at most (a piece), and finds its box by
//! halving, so many small regions fill a device as a large one does. Numbers that follow each other and are alike are added together,
//! because additions to one place wait for each other.
//!
//! Bit budget: a device is asked only where cells times steps are less than 2^32, so that no count overflows and no dispatch takes long.

use super::Input;
use super::extent::extents;
use crate::device::kernel::{Array, Kernel, atomic, read};
use crate::device::{Buffer, Device, Gpu, GpuBuffer};
use crate::{Error, Kind, Result};
use rayon::prelude::*;

/// A step from a voxel to a neighbour: z, y, x.
pub type Step = [isize; 3];

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

/// A region in its box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GreyBox {
    /// Voxels of the box in z, y, x.
    pub size: [usize; 3],
    /// Levels that the region has.
    pub ranks: usize,
}

impl GreyBox {
    /// Voxels of the box.
    pub fn cells(&self) -> usize {
        self.size.iter().product()
    }

    fn pieces(&self) -> usize {
        self.size[0] * self.size[1] * self.size[2].div_ceil(PIECE)
    }

    /// How many matrices it has.
    pub fn matrices(&self, what: &Counting) -> usize {
        let steps = if what.by_step { what.steps.len() } else { 1 };
        if what.by_slice { self.size[0] * steps } else { steps }
    }
}

/// A box in the list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listed {
    pub of: GreyBox,
    /// Where its cells begin, and the levels of its ranks from 1 on.
    cell: usize,
    level: usize,
    /// Pieces of the boxes before it.
    pieces: usize,
}

/// Cells of a row that an invocation looks at.
const PIECE: usize = 64;

/// Boxes on the host.
#[derive(Debug, Default)]
pub struct GreyBoxes {
    /// Two a word, the first in the lower half.
    words: Vec<u32>,
    cells: usize,
    boxes: Vec<Listed>,
    levels: Vec<u32>,
}

impl GreyBoxes {
    /// Adds a box of this size: the levels of its ranks from 1 on, and its rows of ranks in raster order.
    ///
    /// # Errors
    /// Rows do not fill the box, a rank has no level, or the list would have 2^31 cells.
    pub fn push<'a>(
        &mut self,
        size: [usize; 3],
        levels: impl IntoIterator<Item = u32>,
        rows: impl IntoIterator<Item = &'a [u16]>,
    ) -> Result<()> {
        let cells = size.iter().try_fold(1usize, |n, side| n.checked_mul(*side));
        let end = cells.and_then(|n| n.checked_add(self.cells)).filter(|n| *n < 1 << 31);
        let end = end.ok_or_else(|| Error::new(Kind::Limit, "grey levels of 2^31 voxels or more"))?;
        let pieces = self.pieces();
        let (cell, level) = (self.cells, self.levels.len());
        self.levels.extend(levels);
        let ranks = self.levels.len() - level;
        self.words.reserve(end.div_ceil(2) - self.words.len());
        let mut highest = 0;
        for row in rows.into_iter().take(size[0] * size[1]).filter(|row| row.len() == size[2]) {
            highest = row.iter().copied().fold(highest, u16::max);
            self.append(row);
        }
        if self.cells != end || usize::from(highest) > ranks {
            let what = format!(
                "{} cells of ranks up to {highest} in a box of {size:?} with {ranks} levels",
                self.cells - cell
            );
            return Err(Error::usage(what));
        }
        self.boxes.push(Listed { of: GreyBox { size, ranks }, cell, level, pieces });
        Ok(())
    }

    fn append(&mut self, row: &[u16]) {
        let mut row = row;
        if self.cells % 2 == 1
            && let (Some((first, rest)), Some(word)) = (row.split_first(), self.words.last_mut())
        {
            *word |= u32::from(*first) << 16;
            (self.cells, row) = (self.cells + 1, rest);
        }
        let (pairs, last) = row.as_chunks::<2>();
        self.words.extend(pairs.iter().map(|[a, b]| u32::from(*a) | u32::from(*b) << 16));
        self.words.extend(last.iter().map(|rank| u32::from(*rank)));
        self.cells += row.len();
    }

    fn pieces(&self) -> usize {
        self.boxes.last().map_or(0, |b| b.pieces + b.of.pieces())
    }

    /// Voxels of all of them.
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.boxes.is_empty()
    }

    /// The boxes in the order in which they came.
    pub fn boxes(&self) -> impl Iterator<Item = &GreyBox> {
        self.boxes.iter().map(|b| &b.of)
    }

    /// Where a device works.
    ///
    /// # Errors
    /// The device is lost or too small.
    pub fn to<'a>(&'a self, device: &Device) -> Result<Placed<'a>> {
        let up = |gpu: &Gpu| Ok::<_, Error>((gpu.clone(), gpu.upload(&self.words)?));
        Ok(Placed { boxes: self, on_gpu: device.gpu().map(up).transpose()? })
    }

    fn rank(&self, cell: usize) -> usize {
        (self.words[cell / 2] >> (cell % 2 * 16)) as usize & 0xffff
    }

    /// The rank at a place of a box; 0 outside of it.
    pub(super) fn at(&self, Listed { of, cell, .. }: &Listed, place: Step) -> usize {
        let is_in = place.iter().zip(of.size).all(|(at, side)| usize::try_from(*at).is_ok_and(|at| at < side));
        let [z, y, x] = place.map(|at| at as usize);
        if is_in { self.rank(cell + (z * of.size[1] + y) * of.size[2] + x) } else { 0 }
    }

    /// The level of a rank from 1 on.
    pub(super) fn level(&self, of: &Listed, rank: usize) -> u32 {
        self.levels[of.level + rank - 1]
    }

    /// Calls `f(place, rank)` for the voxels of a box.
    pub(super) fn each_voxel(&self, of: &Listed, mut f: impl FnMut(Step, usize)) {
        let [zs, ys, xs] = of.of.size.map(|side| side as isize);
        let places = (0..zs).flat_map(|z| (0..ys).flat_map(move |y| (0..xs).map(move |x| [z, y, x])));
        places
            .map(|place| (place, self.at(of, place)))
            .filter(|(_, rank)| *rank > 0)
            .for_each(|(at, rank)| f(at, rank));
    }
}

/// One step further.
pub(super) fn add(place: Step, step: Step) -> Step {
    [0, 1, 2].map(|a| place[a] + step[a])
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
    /// Words of one matrix of a box.
    pub words: fn(&GreyBox, &Counting) -> usize,
    /// On the CPU, plainly: adds the voxels of a box to its matrices. The last argument says where that of a slice and a step begins.
    pub twin: fn((&GreyBoxes, &Listed), &Counting, &mut [u32], &dyn Fn(isize, usize) -> usize),
}

/// Boxes where a device works.
#[derive(Debug)]
pub struct Placed<'a> {
    boxes: &'a GreyBoxes,
    /// The GPU, and their cells on it.
    on_gpu: Option<(Gpu, GpuBuffer<u32>)>,
}

impl Placed<'_> {
    /// The matrices of all boxes, one after the other, there.
    pub(super) fn count(&self, way: &'static Way, what: &Counting) -> Result<Buffer<u32>> {
        if what.steps.contains(&[0; 3]) {
            return Err(Error::usage("a step that leads nowhere"));
        }
        let each = self.boxes.boxes().map(|b| (way.words)(b, what).saturating_mul(b.matrices(what)));
        let sizes: Vec<usize> = each.collect();
        let total = sizes.iter().fold(0usize, |n, size| n.saturating_add(*size));
        let work = self.boxes.cells.saturating_mul(what.steps.len().max(1));
        let invocations = self.boxes.pieces() * if way.each_step { what.steps.len() } else { 1 };
        // A sum of levels takes 16 bits more than the number of its neighbours has.
        if work >= 1 << 32 || total.max(invocations) >= 1 << 31 || what.steps.len() > 1 << 16 {
            return Err(Error::device(format!("{work} neighbours and {total} counts are too many for a device")));
        }
        match &self.on_gpu {
            None => Ok(Buffer::on_host(self.on_host(way, what, &sizes))),
            Some(there) => self.on_device((way, invocations), what, there, &sizes),
        }
    }

    fn on_host(&self, way: &Way, what: &Counting, sizes: &[usize]) -> Vec<u32> {
        let of_box = |(b, size): (&Listed, &usize)| {
            let mut counts = vec![0; *size];
            let words = (way.words)(&b.of, what);
            let steps = if what.by_step { what.steps.len() } else { 1 };
            let begins = |z: isize, step: usize| {
                let slice = if what.by_slice { z as usize } else { 0 };
                (slice * steps + if what.by_step { step } else { 0 }) * words
            };
            (way.twin)((self.boxes, b), what, &mut counts, &begins);
            counts
        };
        self.boxes.boxes.par_iter().zip(sizes).map(of_box).collect::<Vec<_>>().concat()
    }

    fn on_device(
        &self,
        (way, invocations): (&'static Way, usize),
        what: &Counting,
        (gpu, cells): &(Gpu, GpuBuffer<u32>),
        sizes: &[usize],
    ) -> Result<Buffer<u32>> {
        let GreyBoxes { boxes, levels, .. } = self.boxes;
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
        gpu.dispatch(way.kernel, invocations, &params, &[cells, &gpu.upload(&said)?, &counts])?;
        Ok(Buffer::Gpu(counts))
    }
}

/// The objects of an image as boxes, with five levels by the last digits of its samples.
pub(super) fn of_objects(input: &Input) -> Result<GreyBoxes> {
    let (labels, samples) = (input.labels.voxels().host()?, input.volume.samples.host()?);
    let shape = input.labels.shape;
    let mut boxes = GreyBoxes::default();
    for (extent, label) in extents(&input.labels)?.iter().zip(1u32..).filter(|(extent, _)| extent.n > 0) {
        let size = [0, 1, 2].map(|a| extent.hi[a] - extent.lo[a]);
        let mut ranks = Vec::with_capacity(size.iter().product());
        for (z, y) in (extent.lo[0]..extent.hi[0]).flat_map(|z| (extent.lo[1]..extent.hi[1]).map(move |y| (z, y))) {
            let row = shape.index(z, y, extent.lo[2])..shape.index(z, y, extent.hi[2]);
            let rank = |i: usize| if labels[i] == label { 1 + samples[i].rem_euclid(5) as u16 } else { 0 };
            ranks.extend(row.map(rank));
        }
        boxes.push(size, [1, 2, 5, 6, 70], ranks.chunks(size[2]))?;
    }
    Ok(boxes)
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn boxes_follow_each_other() {
        let mut boxes = GreyBoxes::default();
        let first: [&[u16]; 1] = [&[1, 0, 2]];
        boxes.push([1, 1, 3], [4, 9], first).unwrap();
        let second: [&[u16]; 2] = [&[1, 1], &[0, 1]];
        boxes.push([1, 2, 2], [7], second).unwrap();
        let [a, b] = [boxes.boxes[0], boxes.boxes[1]];
        assert_eq!([0, 1, 2, 3].map(|x| boxes.at(&a, [0, 0, x])), [1, 0, 2, 0]);
        assert_eq!([[0, 0], [0, 1], [1, 0], [1, 1], [-1, 1]].map(|[y, x]| boxes.at(&b, [0, y, x])), [1, 1, 0, 1, 0]);
        assert_eq!([boxes.level(&a, 1), boxes.level(&a, 2), boxes.level(&b, 1)], [4, 9, 7]);
        assert_eq!(boxes.words, [1, 2 | 1 << 16, 1, 1]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let row: [&[u16]; 1] = [&[1, 2]];
        assert!(GreyBoxes::default().push([1, 1, 3], [4, 9], row).is_err());
        assert!(GreyBoxes::default().push([1, 2, 2], [4, 9], row).is_err());
        assert!(GreyBoxes::default().push([1, 1, 2], [4], row).is_err());
        assert!(GreyBoxes::default().push([1 << 20, 1 << 20, 1 << 20], [4], row).is_err());
    }
}
