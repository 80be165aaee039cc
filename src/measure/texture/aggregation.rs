//! How matrices of slices and directions become one value: averaged or merged, in the plane or in space.

use serde::Deserialize;
use std::ops::Range;

/// A step from a voxel to another one: z, y, x.
pub type Step = [isize; 3];

/// What is counted into one matrix: some slices, and the steps that lead to neighbours.
pub(super) type Group = (Range<usize>, Vec<Step>);

/// How matrices that have a direction (co-occurrence, run lengths) are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Aggregation {
    /// A matrix for each slice and direction; the values are averaged.
    #[serde(rename = "2d_avg")]
    Averaged2d,
    /// A matrix for each slice, of all directions; the values are averaged.
    #[serde(rename = "2d_smrg")]
    SliceMerged2d,
    /// A matrix for each direction in the plane, of all slices; the values are averaged.
    #[serde(rename = "25d_dmrg")]
    DirectionMerged25d,
    /// One matrix of all slices and directions in the plane.
    #[serde(rename = "25d_vmrg")]
    Merged25d,
    /// A matrix for each direction in space; the values are averaged.
    #[serde(rename = "3d_avg")]
    Averaged3d,
    /// One matrix of all directions in space.
    #[serde(rename = "3d_mrg")]
    Merged3d,
}

impl Aggregation {
    /// All of them.
    pub const ALL: [Aggregation; 6] = [
        Aggregation::Averaged2d,
        Aggregation::SliceMerged2d,
        Aggregation::DirectionMerged25d,
        Aggregation::Merged25d,
        Aggregation::Averaged3d,
        Aggregation::Merged3d,
    ];

    /// The neighbours that it looks at.
    pub fn space(self) -> Space {
        match self {
            Aggregation::Averaged2d | Aggregation::SliceMerged2d => Space::Slices2d,
            Aggregation::DirectionMerged25d | Aggregation::Merged25d => Space::Merged25d,
            Aggregation::Averaged3d | Aggregation::Merged3d => Space::Volume3d,
        }
    }

    /// Code in IBSI.
    pub const fn code(self) -> &'static str {
        match self {
            Aggregation::Averaged2d => "BTW3",
            Aggregation::SliceMerged2d => "SUJT",
            Aggregation::DirectionMerged25d => "JJUI",
            Aggregation::Merged25d => "ZW7Z",
            Aggregation::Averaged3d => "ITBB",
            Aggregation::Merged3d => "IAZD",
        }
    }

    /// As it may stand behind a name: the standard's short form.
    pub const fn suffix(self) -> &'static str {
        match self {
            Aggregation::Averaged2d => "2d_avg",
            Aggregation::SliceMerged2d => "2d_smrg",
            Aggregation::DirectionMerged25d => "25d_dmrg",
            Aggregation::Merged25d => "25d_vmrg",
            Aggregation::Averaged3d => "3d_avg",
            Aggregation::Merged3d => "3d_mrg",
        }
    }

    /// Each direction has matrices of its own.
    pub(super) const fn averages_directions(self) -> bool {
        self.merged().is_some()
    }

    /// What counts the directions of this one in one matrix, if these have matrices of their own.
    const fn merged(self) -> Option<Self> {
        match self {
            Aggregation::Averaged2d => Some(Aggregation::SliceMerged2d),
            Aggregation::DirectionMerged25d => Some(Aggregation::Merged25d),
            Aggregation::Averaged3d => Some(Aggregation::Merged3d),
            _ => None,
        }
    }

    /// Neighbours lie in the slice of a voxel.
    pub const fn is_flat(self) -> bool {
        !matches!(self, Aggregation::Averaged3d | Aggregation::Merged3d)
    }

    /// The matrices, from the slices that hold voxels and the steps of all directions.
    pub(super) fn groups(self, slices: Range<usize>, steps: &[Step]) -> Vec<Group> {
        let each_slice = || slices.clone().map(|z| z..z + 1);
        let each_step = |slices: Range<usize>| steps.iter().map(move |s| (slices.clone(), vec![*s]));
        match self {
            _ if slices.is_empty() => vec![],
            Aggregation::Averaged2d => each_slice().flat_map(each_step).collect(),
            Aggregation::SliceMerged2d => each_slice().map(|slice| (slice, steps.to_vec())).collect(),
            Aggregation::DirectionMerged25d | Aggregation::Averaged3d => each_step(slices).collect(),
            Aggregation::Merged25d | Aggregation::Merged3d => vec![(slices, steps.to_vec())],
        }
    }
}

/// The values in several ways, one after the other: `both` gives those of a way that averages directions and of the one that merges
/// them, which are counted together, and `one` those of a single way.
pub(super) fn of_ways<T: Clone>(
    ways: &[Aggregation],
    one: impl Fn(Aggregation) -> Vec<T>,
    both: impl Fn(Aggregation) -> [Vec<T>; 2],
) -> Vec<T> {
    let pairs = ways.iter().filter_map(|way| Some((*way, way.merged().filter(|merged| ways.contains(merged))?)));
    let found: Vec<_> = pairs.flat_map(|(way, merged)| [way, merged].into_iter().zip(both(way))).collect();
    let of = |way: &Aggregation| found.iter().find(|(w, _)| w == way).map_or_else(|| one(*way), |(_, v)| v.clone());
    ways.iter().flat_map(of).collect()
}

/// Where the neighbours of a voxel lie, for matrices without a direction (zones, distance zones, grey tone differences,
/// dependences).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// In its slice; a matrix for each slice, and the values are averaged.
    Slices2d,
    /// In its slice; one matrix of all slices.
    Merged25d,
    /// In all three dimensions.
    Volume3d,
}

impl Space {
    /// All of them.
    pub const ALL: [Space; 3] = [Space::Slices2d, Space::Merged25d, Space::Volume3d];

    /// Code in IBSI.
    pub const fn code(self) -> &'static str {
        match self {
            Space::Slices2d => "8QNN",
            Space::Merged25d => "62GR",
            Space::Volume3d => "KOBO",
        }
    }

    /// As it may stand behind a name.
    pub const fn suffix(self) -> &'static str {
        match self {
            Space::Slices2d => "2d",
            Space::Merged25d => "25d",
            Space::Volume3d => "3d",
        }
    }

    /// Neighbours lie in the slice of a voxel.
    pub const fn is_flat(self) -> bool {
        !matches!(self, Space::Volume3d)
    }

    /// The slices of each matrix.
    pub(super) fn groups(self, slices: Range<usize>) -> Vec<Range<usize>> {
        match self {
            _ if slices.is_empty() => vec![],
            Space::Slices2d => slices.map(|z| z..z + 1).collect(),
            Space::Merged25d | Space::Volume3d => vec![slices],
        }
    }
}

/// How the distance of neighbours is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Norm {
    /// The largest of the steps along the axes: a cube around the voxel.
    #[default]
    Chebyshev,
    /// Their sum: an octahedron around it.
    Manhattan,
}

impl Norm {
    fn of(self, step: Step) -> usize {
        let [z, y, x] = step.map(isize::unsigned_abs);
        match self {
            Norm::Chebyshev => z.max(y).max(x),
            Norm::Manhattan => z + y + x,
        }
    }
}

/// The steps within a distance, in raster order, the voxel itself left out.
fn within(distance: usize, norm: Norm, is_flat: bool) -> Vec<Step> {
    let (d, dz) = (distance as isize, if is_flat { 0 } else { distance as isize });
    let plane = |z: isize| (-d..=d).flat_map(move |y| (-d..=d).map(move |x| [z, y, x]));
    (-dz..=dz).flat_map(plane).filter(|s| (1..=distance).contains(&norm.of(*s))).collect()
}

/// All neighbours up to a distance.
pub(super) fn neighbours(distance: usize, norm: Norm, is_flat: bool) -> Vec<Step> {
    within(distance, norm, is_flat)
}

/// The neighbours at a distance, of each pair of opposite ones that which comes later: the directions.
pub(super) fn directions(distance: usize, norm: Norm, is_flat: bool) -> Vec<Step> {
    within(distance, norm, is_flat).into_iter().filter(|s| *s > [0; 3] && norm.of(*s) == distance).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_are_those_of_the_standard() {
        assert_eq!(directions(1, Norm::Chebyshev, true), [[0, 0, 1], [0, 1, -1], [0, 1, 0], [0, 1, 1]]);
        let count = |d, norm, is_flat| directions(d, norm, is_flat).len();
        assert_eq!(count(1, Norm::Chebyshev, false), 13);
        assert_eq!(count(2, Norm::Chebyshev, false), 49);
        assert_eq!(count(1, Norm::Manhattan, false), 3);
        assert_eq!(neighbours(1, Norm::Chebyshev, false).len(), 26);
        assert_eq!(neighbours(1, Norm::Chebyshev, true).len(), 8);
        assert_eq!(neighbours(2, Norm::Manhattan, true).len(), 12);
    }
}
