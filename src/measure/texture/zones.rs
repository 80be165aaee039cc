//! Zones: voxels of one grey level that hang together over faces, edges and corners.
//!
//! One walk over the cells, with the zones of the slice before at hand: a voxel joins the zones of those neighbours that
//! come before it and have its level. Zones that turn out to be one are united. Neighbours that are neighbours of each other
//! and have that level are in one zone already, so most are not asked.
//!
//! A zone that the walk has left behind is counted and forgotten, so memory follows a slice and not the region.

use super::aggregation::{Space, Step};
use super::levels::Levels;
use super::region::Region;
use super::table::Table;
use crate::simd::wide;
use std::ops::Range;

/// A zone that may still grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Zone {
    /// Of its level.
    rank: u16,
    /// Least distance of its voxels to the edge, if it was asked for.
    distance: u16,
    /// Voxels.
    size: u32,
    /// Itself, or a zone that it is part of.
    root: u32,
}

/// The zones of a matrix, counted.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Zones {
    /// By level and size.
    pub sizes: Table,
    /// By level and distance to the edge; empty if none was asked for.
    pub distances: Table,
}

/// The zones of each matrix; with distances to the edge of a region's shape, if there is one.
pub(super) fn zoned(levels: &Levels, region: Option<&Region>, space: Space) -> Vec<Zones> {
    let distances = region.map(|region| distances(region, levels, space.is_flat()));
    let groups = space.groups(levels.slices()).into_iter();
    groups.map(|slices| zones(levels, distances.as_deref(), &slices, space.is_flat(), TOGETHER)).collect()
}

/// Zones that are held before those that have ended are looked for.
const TOGETHER: usize = 1 << 16;

/// The zones in slices, in the plane or in space.
fn zones(levels: &Levels, distances: Option<&[u16]>, slices: &Range<usize>, is_flat: bool, together: usize) -> Zones {
    // To the middles of the rows that come before.
    let rows: &[Step] = if is_flat { &ROWS[..1] } else { &ROWS };
    let rows: Vec<usize> =
        rows.iter().filter(|s| levels.holds(**s)).map(|s| levels.offset(*s).unsigned_abs()).collect();
    let back: Vec<usize> = std::iter::once(1).chain(rows.iter().flat_map(|row| [row + 1, *row, row - 1])).collect();
    let (cells, span) = (levels.cells(), levels.span(slices));
    let mut walk = Walk::new(rows.iter().copied().max().unwrap_or(0) + 2, together, distances);
    let mut asked = [0u16; BLOCK];
    for start in span.clone().step_by(BLOCK) {
        let end = (start + BLOCK).min(span.end);
        ask(cells, start..end, &rows, &mut asked);
        for (i, &asked) in (start..end).zip(&asked) {
            walk.go_on(cells, (i, span.start), asked, &back);
        }
    }
    walk.end(levels.count(slices))
}

/// Cells whose neighbours are compared with them together.
const BLOCK: usize = 1 << 10;

wide! {
    /// Which neighbours of cells have their level and must be asked for their zone, a bit each: the voxel before, then the left, the
    /// middle and the right one of each row.
    fn ask(cells: &[u16], at: Range<usize>, rows: &[usize], asked: &mut [u16; BLOCK]) {
        let here = &cells[at.clone()];
        let asked = &mut asked[..here.len()];
        let there = |back: usize| &cells[at.start - back..][..here.len()];
        let before = there(1);
        for k in 0..here.len() {
            asked[k] = if (here[k] == before[k]) & (here[k] != 0) { 1 } else { 0 };
        }
        let mut bit = 1u16;
        for row in rows {
            let (left, middle, right) = (there(row + 1), there(*row), there(row - 1));
            for k in 0..here.len() {
                let (is_voxel, goes_on) = (here[k] != 0, here[k] == before[k]);
                let [l, m, r] = [left[k], middle[k], right[k]].map(|cell| (cell == here[k]) & is_voxel);
                // The voxel before has joined the middle, and both its sides have.
                asked[k] |= if l & !m & !goes_on { bit << 1 } else { 0 };
                asked[k] |= if m & !goes_on { bit << 2 } else { 0 };
                asked[k] |= if r & !m { bit << 3 } else { 0 };
            }
            bit <<= 3;
        }
    }
}

/// What is at hand while the cells are gone over.
struct Walk<'a> {
    distances: Option<&'a [u16]>,
    zones: Vec<Zone>,
    /// The zones of the last cells, as far back as a neighbour may lie, in a ring.
    recent: Vec<u32>,
    reach: usize,
    /// Zones that are held before those that have ended are looked for; rises with those that go on.
    room: usize,
    together: usize,
    ended: Vec<Zone>,
    counted: Zones,
}

impl<'a> Walk<'a> {
    fn new(reach: usize, together: usize, distances: Option<&'a [u16]>) -> Self {
        let recent = vec![0u32; reach.next_power_of_two()];
        let counted = Zones::default();
        Walk { distances, zones: vec![], recent, reach, room: together, together, ended: vec![], counted }
    }

    fn at(&self, i: usize) -> usize {
        i & (self.recent.len() - 1)
    }

    /// The zone of a cell further back is that of the voxel as well.
    #[inline(always)]
    fn join(&mut self, own: &mut Option<u32>, there: usize) {
        let there = self.recent[self.at(there)];
        let other = find(&mut self.zones, there);
        *own = Some(match *own {
            Some(one) if one != other => unite(&mut self.zones, one, other),
            _ => other,
        });
    }

    /// A cell takes part, which joins the zones of the neighbours that are asked.
    #[inline(always)]
    fn go_on(&mut self, cells: &[u16], (i, first): (usize, usize), mut asked: u16, back: &[usize]) {
        let rank = cells[i];
        if rank == 0 {
            return;
        }
        let mut own: Option<u32> = None;
        while asked != 0 {
            self.join(&mut own, i - back[asked.trailing_zeros() as usize]);
            asked &= asked - 1;
        }
        let zone = own.unwrap_or_else(|| {
            if self.zones.len() >= self.room {
                self.forget(&cells[..i], first);
            }
            self.begin(rank)
        });
        self.add(zone, i);
    }

    fn begin(&mut self, rank: u16) -> u32 {
        let root = self.zones.len() as u32;
        self.zones.push(Zone { rank, distance: u16::MAX, size: 0, root });
        root
    }

    #[inline(always)]
    fn add(&mut self, zone: u32, i: usize) {
        let whole = &mut self.zones[zone as usize];
        whole.size += 1;
        if let Some(distances) = self.distances {
            whole.distance = whole.distance.min(distances[i]);
        }
        let at = self.at(i);
        self.recent[at] = zone;
    }

    /// Keeps the zones of the cells that may still be neighbours, the last ones of those that were gone over from `first` on.
    fn forget(&mut self, cells: &[u16], first: usize) {
        let mut places = vec![u32::MAX; self.zones.len()];
        let mut kept: Vec<Zone> = Vec::new();
        let from = first.max(cells.len().saturating_sub(self.reach));
        for i in (from..cells.len()).filter(|i| cells[*i] != 0) {
            let at = self.at(i);
            let recent = self.recent[at];
            let zone = find(&mut self.zones, recent) as usize;
            if places[zone] == u32::MAX {
                places[zone] = kept.len() as u32;
                kept.push(Zone { root: places[zone], ..self.zones[zone] });
            }
            self.recent[at] = places[zone];
        }
        let whole = (0..).zip(&self.zones).filter(|(k, zone)| zone.root == *k && places[*k as usize] == u32::MAX);
        self.ended.extend(whole.map(|(_, zone)| *zone));
        self.room = self.together.max(2 * kept.len());
        self.zones = kept;
        self.count();
    }

    /// Counts the zones that have ended.
    fn count(&mut self) {
        self.counted.sizes.add_list(self.ended.iter().map(|zone| (zone.rank, zone.size)).collect());
        if self.distances.is_some() {
            self.counted.distances.add_list(self.ended.iter().map(|zone| (zone.rank, zone.distance.into())).collect());
        }
        self.ended.clear();
    }

    /// Counts all that are left.
    fn end(mut self, voxels: u64) -> Zones {
        let whole = (0..).zip(&self.zones).filter(|(k, zone)| zone.root == *k);
        self.ended.extend(whole.map(|(_, zone)| *zone));
        self.count();
        (self.counted.sizes.voxels, self.counted.distances.voxels) = (voxels, voxels);
        self.counted
    }
}

/// The rows before that of a voxel whose voxels are neighbours; the first one lies in its slice.
const ROWS: [Step; 4] = [[0, -1, 0], [-1, -1, 0], [-1, 0, 0], [-1, 1, 0]];

fn find(zones: &mut [Zone], mut k: u32) -> u32 {
    while zones[k as usize].root != k {
        let next = zones[k as usize].root;
        zones[k as usize].root = zones[next as usize].root;
        k = next;
    }
    k
}

fn unite(zones: &mut [Zone], a: u32, b: u32) -> u32 {
    let (whole, part) = (a.min(b), a.max(b));
    let Zone { size, distance, .. } = zones[part as usize];
    zones[part as usize].root = whole;
    let zone = &mut zones[whole as usize];
    zone.size += size;
    zone.distance = zone.distance.min(distance);
    whole
}

/// Steps over faces from each voxel of the shape to outside of it, by cell: two walks, each along the steps that lead back.
/// Beyond the box of the shape all is outside, so none is above half of its shortest side and 1.
fn distances(region: &Region, levels: &Levels, is_flat: bool) -> Vec<u16> {
    let (size, lo) = levels.place();
    let mut distances = vec![0u16; levels.cells().len()];
    let steps: &[Step] = if is_flat { &[[0, 1, 0]] } else { &[[0, 1, 0], [1, 0, 0]] };
    let offsets: Vec<usize> = steps.iter().map(|step| levels.offset(*step).unsigned_abs()).collect();
    let rows = || (0..size[0]).flat_map(|z| (0..size[1]).map(move |y| [z, y]));
    let mut nearest = vec![0u16; size[2]];
    for [z, y] in rows() {
        let at = levels.index([z, y, 0]);
        nearest_of(&mut nearest, offsets.iter().map(|offset| &distances[at - offset..]));
        let from = region.shape.index(z + lo[0], y + lo[1], lo[2]);
        let mut before = 0;
        let row = distances[at..].iter_mut().zip(&nearest).zip(region.shape_row(from..from + size[2]));
        for ((distance, &near), is_in) in row {
            before = (near.min(before) + 1) * u16::from(is_in);
            *distance = before;
        }
    }
    for [z, y] in rows().collect::<Vec<_>>().into_iter().rev() {
        let at = levels.index([z, y, 0]);
        nearest_of(&mut nearest, offsets.iter().map(|offset| &distances[at + offset..]));
        let mut behind = 0;
        for (distance, &near) in distances[at..at + size[2]].iter_mut().zip(&nearest).rev() {
            behind = (near.min(behind) + 1).min(*distance);
            *distance = behind;
        }
    }
    distances
}

/// The least of each place of rows.
fn nearest_of<'a>(nearest: &mut [u16], rows: impl Iterator<Item = &'a [u16]>) {
    nearest.fill(u16::MAX);
    for row in rows {
        nearest.iter_mut().zip(row).for_each(|(least, there)| *least = (*least).min(*there));
    }
}

#[cfg(test)]
mod tests {
    use super::super::aggregation::{Norm, neighbours};
    use super::super::tests::{levels, region};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Oracle: from each voxel to all that hang together with it.
        #[test]
        fn zones_are_what_hangs_together(
            size in [1..5usize, 1..9, 1..9], seed in any::<u16>(), few in 1..5u16, is_flat in any::<bool>()
        ) {
            let cells: Vec<u16> = (0..size.iter().product::<usize>() as u16)
                .map(|i| (i ^ seed).wrapping_mul(40503) >> 8).map(|v| v % (few + 1)).collect();
            let levels = levels(size, &cells);
            let steps = neighbours(1, Norm::Chebyshev, is_flat);
            let ranks = levels.cells();
            let mut is_done = vec![false; ranks.len()];
            let mut want = vec![];
            for first in 0..ranks.len() {
                if ranks[first] == 0 || is_done[first] {
                    continue;
                }
                is_done[first] = true;
                let mut zone = vec![first];
                let mut k = 0;
                while let Some(&i) = zone.get(k) {
                    k += 1;
                    for there in steps.iter().map(|s| i.wrapping_add_signed(levels.offset(*s))) {
                        if ranks[there] == ranks[first] && !is_done[there] {
                            is_done[there] = true;
                            zone.push(there);
                        }
                    }
                }
                want.push((ranks[first], zone.len() as u32));
            }
            // Whether those that have ended are forgotten at once or never.
            for together in [1, usize::MAX] {
                let found = zones(&levels, None, &levels.slices(), is_flat, together);
                let voxels = levels.count(&levels.slices());
                prop_assert_eq!(&found.sizes, &Table::of_list(want.clone(), voxels));
                prop_assert_eq!(&found.distances, &Table::of_list(vec![], voxels));
            }
        }
    }

    #[test]
    fn zones_of_a_small_grid() {
        // The two arms of the 2 meet in the last row, and the 1 hangs together over a corner.
        let cells = [2, 1, 2, /**/ 2, 0, 1, /**/ 2, 2, 2, /**/ 3, 0, 2];
        let levels = levels([1, 4, 3], &cells);
        let distances = distances(&region([1, 4, 3], &cells), &levels, true);
        let found = zones(&levels, Some(&distances), &(0..1), true, 1);
        assert_eq!(found.sizes, Table::of_list(vec![(2, 6), (1, 2), (2, 1), (3, 1)], 10));
        assert_eq!(found.distances, Table::of_list(vec![(2, 1), (1, 1), (2, 1), (3, 1)], 10));
    }

    #[test]
    fn distances_count_faces() {
        let at = |is_flat| {
            let levels = levels([3, 5, 5], &[1; 75]);
            let distances = distances(&region([3, 5, 5], &[1; 75]), &levels, is_flat);
            [[0, 0, 0], [1, 1, 1], [1, 2, 2], [0, 2, 2]].map(|place| distances[levels.index(place)])
        };
        assert_eq!(at(true), [1, 2, 3, 3]);
        assert_eq!(at(false), [1, 2, 2, 1]);
    }
}
