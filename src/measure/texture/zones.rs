//! Zones: voxels of one grey level that hang together over faces, edges and corners.
//!
//! One walk over the cells, with the zones of the slice before at hand: a voxel joins the zones of those neighbours that
//! come before it and have its level. Zones that turn out to be one are united. Neighbours that are neighbours of each other
//! and have that level are in one zone already, so most are not asked.

use super::aggregation::{Norm, Space, neighbours};
use super::levels::Levels;
use super::region::Region;
use std::ops::Range;

/// A zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Zone {
    /// Of its level.
    pub rank: u16,
    /// Voxels.
    pub size: u32,
    /// Least distance of its voxels to the edge; 0 if none was asked for.
    pub distance: u32,
    /// Itself, or a zone that it is part of.
    root: u32,
}

/// The voxels and the zones of each matrix.
pub(super) type Zoned = Vec<(u64, Vec<Zone>)>;

/// All zones; with distances to the edge of a region's shape, if there is one.
pub(super) fn zoned(levels: &Levels, region: Option<&Region>, space: Space) -> Zoned {
    let distances = region.map(|region| distances(region, levels, space.is_flat()));
    let groups = space.groups(levels.slices()).into_iter();
    groups.map(|s| (levels.count(&s), zones(levels, distances.as_deref(), &s, space.is_flat()))).collect()
}

/// The zones in slices, in the plane or in space; in the order of their first voxels.
fn zones(levels: &Levels, distances: Option<&[u16]>, slices: &Range<usize>, is_flat: bool) -> Vec<Zone> {
    // To the middles of the rows that come before.
    let rows: &[[isize; 3]] = if is_flat { &ROWS[..1] } else { &ROWS };
    let rows: Vec<usize> =
        rows.iter().filter(|s| levels.holds(**s)).map(|s| levels.offset(*s).unsigned_abs()).collect();
    let cells = levels.cells();
    // As far back as a neighbour may lie, in a ring.
    let reach = rows.iter().copied().max().unwrap_or(0) + 2;
    let mut recent = vec![0u32; reach.next_power_of_two()];
    let mask = recent.len() - 1;
    let mut zones: Vec<Zone> = Vec::new();
    for i in levels.span(slices) {
        let rank = cells[i];
        if rank == 0 {
            continue;
        }
        let mut own: Option<u32> = None;
        let mut join = |zones: &mut Vec<Zone>, there: usize| {
            let other = find(zones, recent[there & mask]);
            own = Some(match own {
                Some(one) if one != other => unite(zones, one, other),
                _ => other,
            });
        };
        let is_after = cells[i - 1] == rank;
        if is_after {
            join(&mut zones, i - 1);
        }
        for &row in &rows {
            let middle = i - row;
            if cells[middle] == rank {
                // The voxel before has joined it, and both its sides have.
                if !is_after {
                    join(&mut zones, middle);
                }
                continue;
            }
            if !is_after && cells[middle - 1] == rank {
                join(&mut zones, middle - 1);
            }
            if cells[middle + 1] == rank {
                join(&mut zones, middle + 1);
            }
        }
        let distance = distances.map_or(0, |d| u32::from(d[i]));
        let zone = own.unwrap_or_else(|| {
            let root = zones.len() as u32;
            zones.push(Zone { rank, size: 0, distance, root });
            root
        });
        let whole = &mut zones[zone as usize];
        whole.size += 1;
        whole.distance = whole.distance.min(distance);
        recent[i & mask] = zone;
    }
    let is_whole = |(k, zone): (u32, &Zone)| zone.root == k;
    (0..).zip(&zones).filter(|z| is_whole((z.0, z.1))).map(|(_, zone)| *zone).collect()
}

/// The rows before that of a voxel whose voxels are neighbours; the first one lies in its slice.
const ROWS: [[isize; 3]; 4] = [[0, -1, 0], [-1, -1, 0], [-1, 0, 0], [-1, 1, 0]];

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
    let steps = neighbours(1, Norm::Manhattan, is_flat);
    let offsets: Vec<isize> = steps.into_iter().map(|s| levels.offset(s)).filter(|o| *o < 0).collect();
    for z in 0..size[0] {
        for y in 0..size[1] {
            let from = region.shape.index(z + lo[0], y + lo[1], lo[2]);
            let to = levels.index([z, y, 0]);
            for i in (0..size[2]).filter(|x| region.is_shape(from + x)).map(|x| to + x) {
                let near = offsets.iter().map(|&o| distances[i.wrapping_add_signed(o)]).min();
                distances[i] = near.unwrap_or(0) + 1;
            }
        }
    }
    for i in levels.range(&levels.slices()).rev() {
        let near = offsets.iter().map(|&o| distances[i.wrapping_add_signed(-o)]).min();
        distances[i] = distances[i].min(near.unwrap_or(0) + 1);
    }
    distances
}

#[cfg(test)]
mod tests {
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
            let found = zones(&levels, None, &levels.slices(), is_flat);
            prop_assert_eq!(found.iter().map(|z| (z.rank, z.size)).collect::<Vec<_>>(), want);
        }
    }

    #[test]
    fn zones_of_a_small_grid() {
        // The two arms of the 2 meet in the last row, and the 1 hangs together over a corner.
        let cells = [2, 1, 2, /**/ 2, 0, 1, /**/ 2, 2, 2, /**/ 3, 0, 2];
        let levels = levels([1, 4, 3], &cells);
        let distances = distances(&region([1, 4, 3], &cells), &levels, true);
        let found = zones(&levels, Some(&distances), &(0..1), true);
        let found: Vec<_> = found.iter().map(|z| (z.rank, z.size, z.distance)).collect();
        assert_eq!(found, [(2, 6, 1), (1, 2, 1), (2, 1, 1), (3, 1, 1)]);
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
