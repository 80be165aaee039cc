//! The name and the number that each object had where it was drawn.

use crate::Result;
use crate::image::{Classes, Labels, ObjectRun, Origin, Regions};
use crate::table::{Cells, Column};
use crate::units::{Spacing, Unit};
use std::collections::BTreeMap;

/// What the objects were in the file. `labels` are its regions renumbered, on the host.
pub(super) fn origin(labels: &Labels, regions: &Regions) -> Result<Origin> {
    let numbers = numbers(labels, regions)?;
    let name = |n: &Option<u32>| n.and_then(|n| regions.names.get(&n).cloned());
    let at =
        |n: &Option<u32>| n.and_then(|n| regions.points.get((n as usize).checked_sub(1)?)).copied().unwrap_or_default();
    Ok(Origin {
        names: numbers.iter().map(name).collect(),
        points: (!regions.points.is_empty()).then(|| numbers.iter().map(at).collect()),
        classes: regions.classes.as_ref().map(|all| {
            let place = |n: &Option<u32>| all.of.get((n.as_ref()?.checked_sub(1)?) as usize).copied().flatten();
            Classes { names: all.names.clone(), of: numbers.iter().map(place).collect(), ..Classes::default() }
        }),
        coverage: coverage(labels, regions, &numbers)?,
        numbers: numbers.iter().map(|n| n.map(|n| regions.number_in_file(n))).collect(),
    })
}

/// The share of each object's region that lies in the image and that nothing was taken away from.
fn coverage(labels: &Labels, regions: &Regions, numbers: &[Option<u32>]) -> Result<Vec<Option<f64>>> {
    let size = |runs: &[ObjectRun]| runs.iter().map(|run| run.end - run.start).sum::<u32>();
    let (now, drawn) = (labels.runs()?, regions.labels.runs()?);
    let places: BTreeMap<u32, u32> = regions.numbers.iter().copied().zip(1..).collect();
    let share = |(label, number): (u32, &Option<u32>)| {
        let (number, in_image) = (number.as_ref()?, regions.coverage.get(number.as_ref()?)?);
        Some(in_image * f64::from(size(now.of(label))) / f64::from(size(drawn.of(*places.get(number)?))))
    };
    Ok((1..).zip(numbers).map(share).collect())
}

/// The column `region_coverage`.
pub(super) fn covered(origin: Option<&Origin>, count: u32) -> Column {
    let shares = origin.map_or_else(|| vec![None; count as usize], |o| o.coverage.clone());
    let about = "Share of the region, as its file has it, that lies in the image and is not excluded; empty where that is not known.";
    Column::new("region_coverage", "1", about, Cells::Real(shares))
}

/// The columns `label_in_file` and `region`: number and name of each object in the file that it was read from; empty without
/// a file.
pub(super) fn columns(origin: Option<&Origin>, count: u32) -> [Column; 2] {
    let count = count as usize;
    let nothing = Origin { numbers: vec![None; count], names: vec![None; count], ..Origin::default() };
    let origin = origin.unwrap_or(&nothing);
    let number = "Number of the object in the file that it was read from.";
    let name = "Name of the region in the file that it was read from.";
    [
        Column::new("label_in_file", "", number, Cells::Int(origin.numbers.clone())),
        Column::new("region", "", name, Cells::Text(origin.names.clone())),
    ]
}

/// The column `habitat_cluster`: which cluster each habitat is.
pub(super) fn cluster(origin: Option<&Origin>, count: u32) -> Column {
    let numbers = origin.map_or_else(|| vec![None; count as usize], |o| o.numbers.clone());
    let about = "Cluster of its voxels: 1 has the lowest mean of the first image. A small one that joined another has the number of that one.";
    Column::new("habitat_cluster", "1", about, Cells::Int(numbers))
}

/// What the place of a point of a table is.
pub(super) const IN_FILE: &str =
    "Place of the point in the file that it was read from, from the centre of the first voxel.";
/// What the place of a spot is.
pub(super) const FITTED: &str = "Place of the spot, the centre of a Gaussian of the sigma of the step, or the voxel of the peak \
     where none fits; from the centre of the first voxel.";

/// The place of each object that is a point: in pixels, and in the unit of lengths from the first voxel.
pub(super) fn points(
    origin: Option<&Origin>,
    count: u32,
    spacing: Option<Spacing>,
    unit: Unit,
    about: &str,
) -> Vec<Column> {
    let places = origin.and_then(|o| o.points.as_ref());
    let mut columns = vec![];
    for (axis, letter) in [(1, "y"), (2, "x"), (0, "z")] {
        let place = |i: usize| places.and_then(|p| p.get(i)).map(|p| p[axis]);
        let px: Vec<Option<f64>> = (0..count as usize).map(place).collect();
        let length = spacing.map(|s| s.to(unit).zyx[axis]);
        let lengths = px.iter().map(|v| Some((*v)? * length?)).collect();
        columns.push(Column::new(format!("point_{letter}_px"), "px", about, Cells::Real(px)));
        columns.push(Column::new(format!("point_{letter}_{}", unit.name()), unit.name(), about, Cells::Real(lengths)));
    }
    columns
}

/// The number of the region of the objects 1, 2, ...: the region is the one which an object's first voxel lies in.
fn numbers(labels: &Labels, regions: &Regions) -> Result<Vec<Option<u32>>> {
    let (runs, drawn) = (labels.runs()?, regions.labels.runs()?);
    let of_region = |(label, number)| drawn.of(label).iter().map(move |run: &ObjectRun| (*run, number));
    let mut all: Vec<(ObjectRun, u32)> = (1..).zip(regions.numbers.iter().copied()).flat_map(of_region).collect();
    let place = |run: &ObjectRun| (run.row, run.start);
    all.sort_unstable_by_key(|(run, _)| place(run));
    let number = |label| {
        let first = runs.of(label).first()?;
        let before = all.partition_point(|(run, _)| place(run) <= place(first)).checked_sub(1)?;
        let (run, number) = all[before];
        (run.row == first.row && first.start < run.end).then_some(number)
    };
    Ok((1..labels.count + 1).map(number).collect())
}

/// What the user should know of a label image: an object in several pieces may be several that share a number.
pub(super) fn pieces(labels: &Labels, regions: &Regions) -> Result<Option<String>> {
    /// More numbers than this are counted, not listed.
    const LISTED: usize = 5;
    let several: Vec<(i64, u32)> = numbers(labels, regions)?
        .into_iter()
        .zip(crate::ops::label::pieces(labels)?)
        .filter_map(|(number, pieces)| number.map(|n| (regions.number_in_file(n), pieces)).filter(|p| p.1 > 1))
        .collect();
    let list = |(number, pieces): &(i64, u32)| format!("{number} in {pieces}");
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
        let regions = Regions { names, ..Regions::of_voxels(shape, &voxels).unwrap() };
        let labels = Labels::new(shape, vec![1, 1, 0, 2, 2]).unwrap();
        let origin = origin(&labels, &regions).unwrap();
        let [number, name] = columns(Some(&origin), 2);
        assert_eq!(name.cells, Cells::Text(vec![Some("mass".into()), Some("node".into())]));
        assert_eq!(number.cells, Cells::Int(vec![Some(7), Some(2)]));
        assert_eq!(columns(None, 2)[1].cells, Cells::Text(vec![None, None]));
    }

    #[test]
    fn numbers_in_several_pieces_are_told() {
        let regions = |voxels: &[u32]| Regions::of_voxels(Shape::flat(1, voxels.len()), voxels).unwrap();
        let told = |voxels: &[u32]| {
            let regions = regions(voxels);
            let raw = Labels::new(regions.shape(), voxels.to_vec()).unwrap();
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
