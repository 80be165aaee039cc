//! The grey levels of a region, ready for counting.
//!
//! Cells hold the rank of a voxel's level among those that occur, counted from 1, and 0 for whatever is not measured. So
//! matrices have a row for each level that occurs and no other. Behind the rows, behind the slices and on both ends of the
//! box lies a frame of zeros: a step from any voxel to a neighbour is one addition, and where it leaves the box it meets 0.

use super::aggregation::Step;
use super::discretise::Discretisation;
use super::region::{Intensities, Region};
use crate::Result;
use crate::ops::grey_boxes::{GreyBox, GreyBoxes};
use crate::simd::convert;
use std::borrow::Cow;
use std::ops::Range;

/// The grey levels of a region.
#[derive(Clone, Debug, PartialEq)]
pub struct Levels {
    /// Where the box of the shape begins in the box of the region.
    lo: [usize; 3],
    /// Voxels of that box in z, y, x.
    size: [usize; 3],
    frame: usize,
    cells: Vec<u16>,
    /// By rank; 0 stands first.
    levels: Vec<u32>,
    /// Voxels by rank.
    counts: Vec<u64>,
}

impl Levels {
    /// Of a region.
    ///
    /// # Errors
    /// There would be more levels than a matrix has place for, or intensities that are no levels.
    pub fn of(region: &Region, how: Discretisation) -> Result<Self> {
        let bins = how.bins(region)?;
        let bounds = region.bounds().unwrap_or([0..0, 0..0, 0..0]);
        let levels = Levels {
            lo: [0, 1, 2].map(|a| bounds[a].start),
            size: [0, 1, 2].map(|a| bounds[a].len()),
            frame: 1,
            cells: vec![],
            levels: vec![],
            counts: vec![],
        };
        let mut occurs = vec![0u64; usize::from(bins.most) + 1];
        let mut cells = vec![0u16; levels.framed_len()];
        for run in region.measured_ranges() {
            let place = region.shape.position(run.start);
            let to = levels.index([0, 1, 2].map(|a| place[a] - levels.lo[a]));
            let row = &mut cells[to..to + run.len()];
            match &region.intensities {
                Intensities::Real(values) => convert(row, &values[run], &|v| bins.level(v)),
                Intensities::Samples(samples, scale) => {
                    convert(row, &samples[run], &|s| bins.level(scale.value(f64::from(s))));
                }
            }
            row.iter().for_each(|level| occurs[usize::from(*level)] += 1);
        }
        Ok(levels.ranked(cells, &occurs))
    }

    /// Of a box whose voxels all have a grey level, from 1 on.
    pub(super) fn of_box(size: [usize; 3], grey: &[u16]) -> Self {
        let levels = Levels { lo: [0; 3], size, frame: 1, cells: vec![], levels: vec![], counts: vec![] };
        let mut occurs = vec![0u64; usize::from(grey.iter().copied().max().unwrap_or(0)) + 1];
        grey.iter().for_each(|level| occurs[usize::from(*level)] += 1);
        let mut cells = vec![0u16; levels.framed_len()];
        for (k, row) in grey.chunks(size[2].max(1)).enumerate() {
            let to = levels.index([k / size[1], k % size[1], 0]);
            cells[to..to + row.len()].copy_from_slice(row);
        }
        levels.ranked(cells, &occurs)
    }

    /// From cells with levels, 0 for no voxel, and how often each level occurs.
    fn ranked(mut self, mut cells: Vec<u16>, occurs: &[u64]) -> Self {
        let mut ranks = vec![0u16; occurs.len()];
        let kinds = occurs.iter().filter(|n| **n > 0).count();
        self.levels.reserve_exact(kinds + 1);
        self.counts.reserve_exact(kinds + 1);
        self.levels.push(0);
        self.counts.push(0);
        for (level, &n) in occurs.iter().enumerate().filter(|(_, n)| **n > 0) {
            ranks[level] = self.levels.len() as u16;
            self.levels.push(level as u32);
            self.counts.push(n);
        }
        cells.iter_mut().for_each(|c| *c = ranks[usize::from(*c)]);
        Levels { cells, ..self }
    }

    /// How many levels occur.
    pub(super) fn ranks(&self) -> usize {
        self.levels.len() - 1
    }

    /// The level of a rank; 0 for rank 0.
    pub(super) fn level(&self, rank: usize) -> u32 {
        self.levels[rank]
    }

    /// The levels of all ranks.
    pub(super) fn by_rank(&self) -> &[u32] {
        &self.levels
    }

    /// The highest level that occurs; 0 without voxels.
    pub(super) fn highest(&self) -> u32 {
        self.levels.last().copied().unwrap_or(0)
    }

    /// The levels that occur, rising, and their voxels.
    pub(super) fn histogram(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        self.levels.iter().copied().zip(self.counts.iter().copied()).skip(1)
    }

    /// Slices of the box.
    pub(super) fn slices(&self) -> Range<usize> {
        0..self.size[0]
    }

    /// Size of the box, and where it begins in that of the region.
    pub(super) fn place(&self) -> ([usize; 3], [usize; 3]) {
        (self.size, self.lo)
    }

    /// Ranks, with the frame.
    pub(super) fn cells(&self) -> &[u16] {
        &self.cells
    }

    /// Where slices lie in the cells.
    pub(super) fn range(&self, slices: &Range<usize>) -> Range<usize> {
        self.index([slices.start, 0, 0])..self.index([slices.end, 0, 0])
    }

    /// From the first voxel of slices to behind the last one: no step within the frame leads out of the cells.
    pub(super) fn span(&self, slices: &Range<usize>) -> Range<usize> {
        let Range { start, end } = self.range(slices);
        start..end.saturating_sub(self.frame * (self.size[2] + self.frame + 1)).max(start)
    }

    /// A step from one voxel of the box may lead to another one.
    pub(super) fn holds(&self, step: Step) -> bool {
        step.iter().zip(self.size).all(|(s, size)| s.unsigned_abs() < size)
    }

    /// Where voxels of slices follow each other in the cells.
    pub(super) fn rows(&self, slices: &Range<usize>) -> Vec<Range<usize>> {
        let range = self.range(slices);
        let mut start = range.start;
        let rows = self.cells[range].chunk_by(|a, b| (*a == 0) == (*b == 0)).map(|same| {
            start += same.len();
            (same[0] != 0).then(|| start - same.len()..start)
        });
        rows.flatten().collect()
    }

    /// Places of the voxels in the box.
    pub(super) fn voxels(&self) -> impl Iterator<Item = [usize; 3]> + '_ {
        let [slices, rows, columns] = self.size;
        let places = (0..slices).flat_map(move |z| (0..rows).flat_map(move |y| (0..columns).map(move |x| [z, y, x])));
        places.filter(|place| self.cells[self.index(*place)] != 0)
    }

    /// The box, for counting many together.
    pub(super) fn grey_box(&self) -> GreyBox {
        GreyBox { size: self.size, ranks: self.ranks() }
    }

    /// Adds them to others as a box without a frame.
    ///
    /// # Errors
    /// There would be too many cells.
    pub(super) fn add_to(&self, boxes: &mut GreyBoxes) -> Result<()> {
        let [slices, rows, columns] = self.size;
        let starts = (0..slices).flat_map(|z| (0..rows).map(move |y| self.index([z, y, 0])));
        let levels = self.levels.iter().skip(1).copied();
        boxes.push(self.size, levels, starts.map(|start| &self.cells[start..start + columns]))
    }

    /// Voxels in slices.
    pub(super) fn count(&self, slices: &Range<usize>) -> u64 {
        self.cells[self.range(slices)].iter().filter(|c| **c > 0).count() as u64
    }

    /// Where a voxel of the box lies in the cells.
    pub(super) fn index(&self, [z, y, x]: [usize; 3]) -> usize {
        self.lead() + ((z + self.frame) * (self.size[1] + self.frame) + y) * (self.size[2] + self.frame) + x
    }

    /// Cells before the first slice, for steps that lead back behind its rows.
    fn lead(&self) -> usize {
        self.frame * (self.size[2] + self.frame + 1)
    }

    /// Cells from a voxel to its neighbour.
    pub(super) fn offset(&self, [z, y, x]: Step) -> isize {
        let [rows, columns] = [1, 2].map(|a| (self.size[a] + self.frame) as isize);
        (z * rows + y) * columns + x
    }

    fn framed_len(&self) -> usize {
        self.lead() + (self.size[0] + 2 * self.frame) * (self.size[1] + self.frame) * (self.size[2] + self.frame)
    }

    /// The same with a frame that steps of this length do not leave.
    pub(super) fn framed(&self, distance: usize) -> Cow<'_, Self> {
        if distance <= self.frame {
            return Cow::Borrowed(self);
        }
        let mut wide = Levels { frame: distance, cells: vec![], ..self.clone() };
        let mut cells = vec![0; wide.framed_len()];
        for z in 0..self.size[0] {
            for y in 0..self.size[1] {
                let (from, to) = (self.index([z, y, 0]), wide.index([z, y, 0]));
                cells[to..to + self.size[2]].copy_from_slice(&self.cells[from..from + self.size[2]]);
            }
        }
        wide.cells = cells;
        Cow::Owned(wide)
    }
}
