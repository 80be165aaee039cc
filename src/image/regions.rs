//! Regions drawn elsewhere, and the points of tables.

use super::{Classes, Labels, ObjectRuns};
use crate::Result;
use crate::units::Shape;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What coordinates of points count from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PointOrigin {
    /// The centre of the first voxel.
    #[default]
    Centre,
    /// Its outer corner, as in QuPath.
    Corner,
}

/// What is said of regions whose file has none at all: none was drawn, so none can lie outside of the image.
pub const NONE_DRAWN: &str = "the mask is empty: its file has no region";

/// Regions drawn elsewhere, on the grid of an image: label images, RTSTRUCT, DICOM SEG, tables of points.
///
/// They are held as the runs of their voxels, which take little memory beside an image.
#[derive(Clone, Debug)]
pub struct Regions {
    /// Where they lie, on the host: numbered in raster order of their first voxels, and none is empty.
    pub labels: Labels,
    /// The number of each of them: the one in its file, but where `in_file` says another.
    pub numbers: Vec<u32>,
    /// By that number the one in the file, where it may be any: those of DICOM need not fit a label image.
    pub in_file: BTreeMap<u32, i64>,
    /// Names by that number, if the file has names.
    pub names: BTreeMap<u32, String>,
    /// By that number, the share of the region that lies in the image: 1 is all that was drawn. Nothing where that is not known.
    pub coverage: BTreeMap<u32, f64>,
    /// Of points: where the one with the number 1, 2, ... lies, z, y, x in pixels of the image.
    pub points: Vec<[f64; 3]>,
    /// Of points: the class of the one with the number 1, 2, ..., if the table has classes.
    pub classes: Option<Classes>,
    /// Things the user should look at.
    pub notes: Vec<String>,
}

impl Regions {
    /// None, on a grid of that size.
    pub fn none(shape: Shape) -> Self {
        Self::of_runs(shape, ObjectRuns::none(), vec![])
    }

    /// Those of a label image: each number but 0 is a region.
    ///
    /// # Errors
    /// The number of voxels does not fit the shape.
    pub fn of_voxels(shape: Shape, voxels: &[u32]) -> Result<Self> {
        super::volume::check(shape, voxels.len())?;
        let runs = ObjectRuns::of_values(voxels, shape);
        let number = |label| runs.of(label).first().map_or(0, |run| voxels[run.index(shape.x)]);
        let numbers = (1..runs.count() + 1).map(number).collect();
        Ok(Self::of_runs(shape, runs, numbers))
    }

    /// Those of labels on the host, in which some numbers may have no voxel.
    pub(crate) fn of_labels(labels: &Labels) -> Result<Self> {
        let runs = labels.runs()?;
        let mut numbers: Vec<u32> = (1..labels.count + 1).filter(|number| !runs.of(*number).is_empty()).collect();
        numbers.sort_by_cached_key(|number| runs.of(*number).first().map(|run| run.index(labels.shape.x)));
        Ok(Self::of_runs(labels.shape, runs.pick(&numbers), numbers))
    }

    /// The same regions in another label image.
    pub(crate) fn drawn_anew(self, shape: Shape, voxels: &[u32]) -> Result<Self> {
        let Regions { labels, numbers, .. } = Self::of_voxels(shape, voxels)?;
        Ok(Regions { labels, numbers, ..self })
    }

    fn of_runs(shape: Shape, runs: ObjectRuns, numbers: Vec<u32>) -> Self {
        let labels = Labels::of_runs(shape, runs);
        let (in_file, names, coverage) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Regions { labels, numbers, in_file, names, coverage, points: vec![], classes: None, notes: vec![] }
    }

    /// The number in the file of the one with a number.
    pub fn number_in_file(&self, number: u32) -> i64 {
        self.in_file.get(&number).copied().unwrap_or(number.into())
    }

    /// Size of the grid.
    pub fn shape(&self) -> Shape {
        self.labels.shape
    }

    /// The label image: the number of the region of each voxel, 0 outside. It is drawn anew.
    ///
    /// # Errors
    /// The labels are on a device.
    pub fn voxels(&self) -> Result<Vec<u32>> {
        let number = |label: u32| self.numbers.get(label as usize - 1).copied().unwrap_or(0);
        Ok(self.labels.runs()?.draw(self.shape(), number))
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn numbers_of_a_label_image_come_back() {
        for voxels in [[7, 7, 0, 2, 2, 0], [4_000_000_000, 1, 4_000_000_000, 0, 0, 2], [0; 6], [3; 6]] {
            let regions = Regions::of_voxels(Shape::flat(2, 3), &voxels).unwrap();
            assert_eq!(regions.voxels().unwrap(), voxels);
            assert_eq!(regions.numbers.len(), regions.labels.count as usize);
        }
        assert_eq!(Regions::of_voxels(Shape::flat(1, 5), &[9, 0, 2, 9, 9]).unwrap().numbers, [9, 2]);
        assert!(Regions::of_voxels(Shape::flat(1, 5), &[1; 4]).is_err());
        assert_eq!(Regions::none(Shape::flat(1, 2)).voxels().unwrap(), [0, 0]);
    }

    #[test]
    fn labels_without_voxels_are_no_regions() {
        let labels = Labels::new(Shape::flat(1, 4), vec![4, 0, 2, 2]).unwrap();
        let regions = Regions::of_labels(&labels).unwrap();
        assert_eq!((regions.numbers.as_slice(), regions.labels.count), (&[4, 2][..], 2));
        assert_eq!(regions.voxels().unwrap(), [4, 0, 2, 2]);
    }
}
