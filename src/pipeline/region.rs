//! The name and the number that each object had where it was drawn.

use crate::Result;
use crate::scan::Regions;
use crate::table::{Cells, Column, Table};
use crate::volume::Labels;

/// Adds the column `region` behind `label`. `labels` are the regions renumbered, on the host.
pub(super) fn add(table: &mut Table, labels: &Labels, regions: &Regions) -> Result<()> {
    if regions.names.is_empty() {
        return Ok(());
    }
    let numbers = numbers(labels, regions)?;
    let names = numbers.iter().map(|n| n.and_then(|n| regions.names.get(&n).cloned())).collect();
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

/// Adds the column `label_in_file` behind `label`: the number that each object has in the file that it was read from. Without
/// a file its cells are empty.
pub(super) fn number(table: &mut Table, labels: &Labels, regions: Option<&Regions>) -> Result<()> {
    let found = regions.map(|regions| numbers(labels, regions)).transpose()?;
    let cells = (0..table.rows()).map(|i| found.as_ref().and_then(|n| n.get(i).copied().flatten()).map(i64::from));
    let column = Column {
        name: "label_in_file".into(),
        unit: String::new(),
        definition: "Number of the object in the file that it was read from.".into(),
        standard: String::new(),
        cells: Cells::Int(cells.collect()),
    };
    table.columns.insert(1.min(table.columns.len()), column);
    Ok(())
}

/// The number in the file of the objects 1, 2, ...
pub(super) fn numbers(labels: &Labels, regions: &Regions) -> Result<Vec<Option<u32>>> {
    let first = |label| labels.runs().map(|runs| runs.of(label).first().map(|run| run.index(labels.shape.x)));
    (1..labels.count + 1).map(|label| Ok(first(label)?.and_then(|at| regions.voxels.get(at).copied()))).collect()
}

/// What the user should know of a label image: an object in several pieces may be several that share a number.
pub(super) fn pieces(labels: &Labels, regions: &Regions) -> Result<Option<String>> {
    /// More numbers than this are counted, not listed.
    const LISTED: usize = 5;
    let several: Vec<(u32, u32)> = numbers(labels, regions)?
        .into_iter()
        .zip(crate::ops::label::pieces(labels)?)
        .filter_map(|(number, pieces)| number.map(|n| (n, pieces)).filter(|p| p.1 > 1))
        .collect();
    let list = |(number, pieces): &(u32, u32)| format!("{number} in {pieces}");
    Ok(match several.as_slice() {
        [] => None,
        [(number, pieces)] if labels.count == 1 => Some(format!(
            "the mask holds one number, {number}, in {pieces} pieces: they are one object here; \
             label the pieces first if they are objects of their own"
        )),
        few if few.len() <= LISTED => {
            let each: Vec<String> = few.iter().map(list).collect();
            Some(format!("labels in several pieces, each measured as one object: {}", each.join(", ")))
        }
        many => {
            let each: Vec<String> = many[..LISTED].iter().map(list).collect();
            Some(format!(
                "{} labels in several pieces, each measured as one object: {}, ...",
                many.len(),
                each.join(", ")
            ))
        }
    })
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
        number(&mut table, &labels, Some(&regions)).unwrap();
        assert_eq!(table.columns[1].cells, Cells::Int(vec![Some(7), Some(2)]));
    }

    #[test]
    fn numbers_in_several_pieces_are_told() {
        let regions = |voxels: &[u32]| Regions {
            shape: Shape::flat(1, voxels.len()),
            voxels: voxels.to_vec(),
            names: Default::default(),
            notes: vec![],
        };
        let told = |voxels: &[u32]| {
            let regions = regions(voxels);
            let raw = Labels::new(regions.shape, voxels.to_vec()).unwrap();
            let labels = crate::ops::renumber::renumber(&crate::device::Device::Cpu, &raw).unwrap();
            pieces(&labels, &regions).unwrap().unwrap_or_default()
        };
        assert_eq!(told(&[300, 300, 7, 0, 40]), "");
        assert!(told(&[300, 0, 7, 40, 0, 40]).ends_with("one object: 40 in 2"));
        assert!(told(&[255, 0, 255, 0, 255]).starts_with("the mask holds one number, 255, in 3 pieces"));
        let many: Vec<u32> = (1..=7).chain(1..=7).flat_map(|n| [n, 0]).collect();
        assert!(told(&many).starts_with("7 labels in several pieces") && told(&many).ends_with("5 in 2, ..."));
    }
}
