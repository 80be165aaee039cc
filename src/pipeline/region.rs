//! The name that each object had where it was drawn.

use crate::Result;
use crate::scan::Regions;
use crate::table::{Cells, Column, Table};
use crate::volume::Labels;

/// Adds the column `region` behind `label`. `labels` are the regions renumbered, on the host.
pub(super) fn add(table: &mut Table, labels: &Labels, regions: &Regions) -> Result<()> {
    if regions.names.is_empty() {
        return Ok(());
    }
    let mut names = vec![None; table.rows()];
    for (&label, number) in labels.voxels().host()?.iter().zip(&regions.voxels) {
        // Label 0 is the background: it has no row.
        if let Some(name) = (label as usize).checked_sub(1).and_then(|i| names.get_mut(i))
            && name.is_none()
        {
            *name = regions.names.get(number).cloned();
        }
    }
    let column = Column {
        name: "region".into(),
        unit: String::new(),
        definition: "Name of the region in the file that it was read from.".into(),
        standard: String::new(),
        cells: Cells::Text(names),
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
    fn names_follow_their_regions_through_renumbering() {
        let shape = Shape::flat(1, 5);
        let voxels = vec![7, 7, 0, 2, 2];
        let names = [(2, "node".to_string()), (7, "mass".to_string())].into();
        let regions = Regions { shape, voxels, names, notes: vec![] };
        let labels = Labels::new(shape, vec![1, 1, 0, 2, 2]).unwrap();
        let mut table = Table::default();
        table.push(Column {
            name: "label".into(),
            unit: String::new(),
            definition: String::new(),
            standard: String::new(),
            cells: Cells::Int(vec![Some(1), Some(2)]),
        });
        add(&mut table, &labels, &regions).unwrap();
        assert_eq!(table.columns[1].cells, Cells::Text(vec![Some("mass".into()), Some("node".into())]));
    }
}
