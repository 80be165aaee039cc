//! Which object of another set each object belongs to.

use crate::Result;
use crate::device::Device;
use crate::image::Labels;
use crate::ops::overlap;
use crate::table::{Cells, Column};

/// The column `parent_<set>`: the parent that shares most voxels, the lower label of equals, nothing where no voxel is
/// shared.
pub(super) fn column(device: &Device, set: &str, children: &Labels, parents: &Labels) -> Result<Column> {
    let found = overlap::parents(device, children, parents)?;
    let parent = |label: u32| found.get(label as usize).filter(|p| **p > 0).map(|p| i64::from(*p));
    let cells = Cells::Int((1..=children.count).map(parent).collect());
    let definition = format!("Label of the object in {set} that shares most voxels with this one.");
    Ok(Column { standard: "CellProfiler:Parent".into(), ..Column::new(format!("parent_{set}"), "", definition, cells) })
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;
    use crate::units::Shape;

    #[test]
    fn the_largest_share_wins_and_none_is_empty() {
        let shape = Shape::flat(2, 5);
        let children = Labels::new(shape, vec![1, 1, 1, 2, 3, 0, 2, 2, 0, 3]).unwrap();
        let parents = Labels::new(shape, vec![1, 2, 2, 2, 0, 1, 1, 1, 1, 0]).unwrap();
        let column = column(&Device::Cpu, "cells", &children, &parents).unwrap();
        assert_eq!(column.cells, Cells::Int(vec![Some(2), Some(1), None]));
    }
}
