//! The name and the number that each object had where it was drawn.

use crate::Result;
use crate::image::{Labels, Regions};
use crate::table::{Cells, Column};

/// The column `region`: the name that each object has in the file. `labels` are the regions renumbered, on the host. Its cells
/// are empty where the file has no names, and without a file.
pub(super) fn name(labels: &Labels, regions: Option<&Regions>) -> Result<Column> {
    let cells = match regions.filter(|r| !r.names.is_empty()) {
        Some(regions) => {
            numbers(labels, regions)?.iter().map(|n| n.and_then(|n| regions.names.get(&n).cloned())).collect()
        }
        None => vec![None; labels.count as usize],
    };
    Ok(Column::new("region", "", "Name of the region in the file that it was read from.", Cells::Text(cells)))
}

/// The column `label_in_file`: the number that each object has in the file. Its cells are empty without a file.
pub(super) fn number(labels: &Labels, regions: Option<&Regions>) -> Result<Column> {
    let cells = match regions {
        Some(regions) => numbers(labels, regions)?.into_iter().map(|n| n.map(i64::from)).collect(),
        None => vec![None; labels.count as usize],
    };
    Ok(Column::new("label_in_file", "", "Number of the object in the file that it was read from.", Cells::Int(cells)))
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
        let named = name(&labels, Some(&regions)).unwrap();
        assert_eq!(named.cells, Cells::Text(vec![Some("mass".into()), Some("node".into())]));
        assert_eq!(number(&labels, Some(&regions)).unwrap().cells, Cells::Int(vec![Some(7), Some(2)]));
        assert_eq!(name(&labels, None).unwrap().cells, Cells::Text(vec![None, None]));
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
