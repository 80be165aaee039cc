//! Which object of another set each object belongs to.

use crate::table::{Cells, Column, Table};
use crate::volume::Labels;
use crate::{Error, Result};
use std::collections::BTreeMap;

/// Adds the column `parent_<set>` behind `label`: the parent that shares most voxels, the lower label of equals, nothing
/// where no voxel is shared.
pub(super) fn add(table: &mut Table, parent_set: &str, children: &Labels, parents: &Labels) -> Result<()> {
    if children.shape != parents.shape {
        return Err(Error::usage(format!("a parent image of {} for objects of {}", parents.shape, children.shape)));
    }
    let mut shared: BTreeMap<(u32, u32), u64> = BTreeMap::new();
    for (&c, &p) in children.voxels.host()?.iter().zip(parents.voxels.host()?) {
        if c > 0 && p > 0 {
            *shared.entry((c, p)).or_default() += 1;
        }
    }
    let mut best: Vec<Option<(u64, u32)>> = vec![None; table.rows()];
    for ((child, parent), n) in shared {
        if let Some(slot) = best.get_mut(child as usize - 1) {
            // Ascending parents: only a larger share replaces one.
            if slot.is_none_or(|(most, _)| n > most) {
                *slot = Some((n, parent));
            }
        }
    }
    let column = Column {
        name: format!("parent_{parent_set}"),
        unit: String::new(),
        definition: format!("Label of the object in {parent_set} that shares most voxels with this one."),
        standard: "CellProfiler:Parent".into(),
        cells: Cells::Int(best.into_iter().map(|b| b.map(|(_, p)| p.into())).collect()),
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
        let children = Labels::new(shape, vec![1, 1, 1, 2, 3, 0, 2, 0, 0, 3]).unwrap();
        let parents = Labels::new(shape, vec![1, 2, 2, 2, 0, 1, 1, 1, 1, 0]).unwrap();
        let mut t = Table::default();
        let label = Cells::Int(vec![Some(1), Some(2), Some(3)]);
        t.push(Column { name: "label".into(), unit: String::new(), definition: String::new(), standard: String::new(), cells: label });
        add(&mut t, "cells", &children, &parents).unwrap();
        assert_eq!(t.columns[1].cells, Cells::Int(vec![Some(2), Some(1), None]));
    }
}
