//! The levels of the neighbours of voxels, block by block: neighbours in one direction lie side by side as voxels do, so
//! wide registers go over them.

use super::aggregation::Step;
use super::levels::Levels;
use std::ops::Range;

/// Cells that are looked at together.
pub(super) const BLOCK: usize = 1 << 10;
/// Cells whose levels are looked up together, at least; neighbours may lie as far away.
const AT_HAND: usize = 1 << 16;

/// Cells that follow each other, with the levels around them; 0 is no voxel.
pub(super) struct Block<'a> {
    /// Ranks of the cells.
    pub ranks: &'a [u16],
    /// Of the cells, and of those before and behind them.
    pub levels: &'a [u16],
    /// Where the cells begin in the levels.
    pub at: usize,
    /// From a cell to its neighbours.
    pub offsets: &'a [isize],
}

impl<'a> Block<'a> {
    /// The levels of the cells, or of their neighbours in one direction.
    #[inline(always)]
    pub fn there(&self, offset: isize) -> &'a [u16] {
        &self.levels[self.at.wrapping_add_signed(offset)..][..self.ranks.len()]
    }
}

/// Calls `f` for the cells of slices that hold voxels, and what lies between them.
pub(super) fn each_block(levels: &Levels, slices: &Range<usize>, steps: &[Step], mut f: impl FnMut(&Block)) {
    // Where the box ends, there is no neighbour.
    let offsets: Vec<isize> = steps.iter().filter(|s| levels.holds(**s)).map(|s| levels.offset(*s)).collect();
    let reach = offsets.iter().map(|o| o.unsigned_abs()).max().unwrap_or(0);
    let (span, cells) = (levels.span(slices), levels.cells());
    let by_rank: Vec<u16> = (0..=levels.ranks()).map(|rank| levels.level(rank) as u16).collect();
    let mut at_hand: Vec<u16> = Vec::new();
    for part in span.clone().step_by(AT_HAND.max(reach)) {
        let end = (part + AT_HAND.max(reach)).min(span.end);
        let first = part - reach;
        at_hand.clear();
        at_hand.extend(cells[first..end + reach].iter().map(|rank| by_rank[usize::from(*rank)]));
        for start in (part..end).step_by(BLOCK) {
            let ranks = &cells[start..(start + BLOCK).min(end)];
            f(&Block { ranks, levels: &at_hand, at: start - first, offsets: &offsets });
        }
    }
}
