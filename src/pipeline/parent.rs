//! Which object of another set each object belongs to.

use crate::Result;
use crate::device::Device;
use crate::ops::overlap;
use crate::table::{Cells, Column, Table};
use crate::volume::Labels;

/// Adds the column `parent_<set>` behind `label`: the parent that shares most voxels, the lower label of equals, nothing
/// where no voxel is shared.
pub(super) fn add(table: &mut Table, device: &Device, set: &str, children: &Labels, parents: &Labels) -> Result<()> {
    let found = overlap::parents(device, children, parents)?;
    let cells = (1..=table.rows()).map(|label| found.get(label).filter(|p| **p > 0).map(|p| i64::from(*p))).collect();
    let column = Column {
        name: format!("parent_{set}"),
        unit: String::new(),
        definition: format!("Label of the object in {set} that shares most voxels with this one."),
        standard: "CellProfiler:Parent".into(),
        cells: Cells::Int(cells),
    };
    table.columns.insert(1.min(table.columns.len()), column);
    Ok(())
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
        let mut t = Table::default();
        let label = Cells::Int(vec![Some(1), Some(2), Some(3)]);
        t.push(Column {
            name: "label".into(),
            unit: String::new(),
            definition: String::new(),
            standard: String::new(),
            cells: label,
        });
        add(&mut t, &Device::Cpu, "cells", &children, &parents).unwrap();
        assert_eq!(t.columns[1].cells, Cells::Int(vec![Some(2), Some(1), None]));
    }
}
