//! Regions as boxes of grey levels, many in one list: what the matrices of textures are counted from.
//!
//! A cell holds the rank of its voxel's level among the levels of its region, counted from 1, or 0 for no voxel; two cells share a word.
//! `grey_counts` counts, on the CPU and on a device.

use super::Input;
use super::extent::extents;
use crate::{Error, Kind, Result};

/// A step from a voxel to a neighbour: z, y, x.
pub type Step = [isize; 3];

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
}

/// A box in the list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listed {
    pub of: GreyBox,
    /// Where its cells begin, and the levels of its ranks from 1 on.
    pub cell: usize,
    pub level: usize,
    /// Pieces of the boxes before it.
    pub pieces: usize,
}

/// Cells of a row that an invocation looks at.
pub(super) const PIECE: usize = 64;

/// Boxes on the host.
#[derive(Debug, Default)]
pub struct GreyBoxes {
    /// Two a word, the first in the lower half.
    pub(super) words: Vec<u32>,
    pub(super) cells: usize,
    pub(super) boxes: Vec<Listed>,
    pub(super) levels: Vec<u32>,
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

    /// Pieces of all of them.
    pub(super) fn pieces(&self) -> usize {
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
