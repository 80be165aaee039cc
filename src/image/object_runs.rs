//! The runs of each object of a label image: where it lies, without another look at all the voxels.

use crate::simd::{end_of_run, zeros};
use crate::units::Shape;
use rayon::prelude::*;
use std::ops::Range;

/// Voxels of one object that lie side by side in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ObjectRun {
    /// `z * rows + y`.
    pub row: u32,
    /// First x.
    pub start: u32,
    /// Behind the last x.
    pub end: u32,
}

impl ObjectRun {
    /// Number of voxels.
    pub fn len(&self) -> u32 {
        self.end - self.start
    }

    /// Its z and y.
    pub fn zy(&self, shape: Shape) -> [usize; 2] {
        // In 32 bits: a division of 64 takes several times as long.
        let rows = shape.y.max(1) as u32;
        [(self.row / rows) as usize, (self.row % rows) as usize]
    }

    /// Index of the first voxel in an image of this width.
    pub fn index(&self, width: usize) -> usize {
        self.row as usize * width + self.start as usize
    }

    /// Indices of its voxels in an image of this width.
    pub fn voxels(&self, width: usize) -> Range<usize> {
        let start = self.index(width);
        start..start + self.len() as usize
    }
}

/// Runs by object, those of one object in raster order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObjectRuns {
    runs: Vec<ObjectRun>,
    /// Where the runs of each label begin, from label 0 on, which has none; one more than labels.
    begin: Vec<u32>,
}

impl ObjectRuns {
    /// Finds the runs of the labels 1..=count; nothing if there is a label above `count`.
    pub fn find(voxels: &[u32], shape: Shape, count: u32) -> Option<Self> {
        let parts = scan(voxels, shape, |label| label);
        let known = parts.par_iter().all(|part| part.iter().all(|(label, _)| *label <= count));
        known.then(|| Self::sort(parts.iter().flatten().copied(), count))
    }

    /// Finds the runs of the objects that voxels belong to, `object(voxel)` of 1..=most or 0 for none, and numbers the
    /// objects in raster order of their first voxels.
    pub fn in_raster_order(voxels: &[u32], shape: Shape, most: u32, object: impl Fn(u32) -> u32 + Sync) -> Self {
        let parts = scan(voxels, shape, object);
        Self::numbered(parts.iter().flatten().copied(), most).0
    }

    /// The runs of parts that make up objects, `object(part)` of 1..=most or 0 for none: they come in raster order, and those
    /// of one object that touch are joined. Objects are numbered in raster order; also gives the object of each number from 1 on.
    pub fn of_parts(parts: &[(u32, ObjectRun)], most: u32, object: impl Fn(u32) -> u32) -> (Self, Vec<u32>) {
        let mut found: Vec<(u32, ObjectRun)> = Vec::with_capacity(parts.len());
        for &(part, run) in parts {
            match (object(part), found.last_mut()) {
                (0, _) => {}
                (object, Some((last, before))) if (*last, before.row, before.end) == (object, run.row, run.start) => {
                    before.end = run.end;
                }
                (object, _) => found.push((object, run)),
            }
        }
        Self::numbered(found.into_iter(), most)
    }

    /// Numbers objects of 1..=most whose runs come in raster order; also gives the object of each number from 1 on.
    fn numbered(found: impl Iterator<Item = (u32, ObjectRun)> + Clone, most: u32) -> (Self, Vec<u32>) {
        let (mut labels, mut objects) = (vec![0; most as usize + 1], vec![]);
        for (object, _) in found.clone() {
            let label: &mut u32 = &mut labels[object as usize];
            if *label == 0 {
                objects.push(object);
                *label = objects.len() as u32;
            }
        }
        let runs = found.map(|(object, run)| (labels[object as usize], run));
        (Self::sort(runs, objects.len() as u32), objects)
    }

    /// No objects.
    pub fn none() -> Self {
        ObjectRuns { runs: vec![], begin: vec![0, 0] }
    }

    /// Finds the runs of all values but 0, each an object, and numbers them in raster order of their first voxels.
    pub fn of_values(voxels: &[u32], shape: Shape) -> Self {
        let most = voxels.par_iter().copied().max().unwrap_or(0);
        // Small values are places in a table of numbers, large ones are looked up.
        if most as usize <= (2 * voxels.len()).max(1 << 16) {
            return Self::in_raster_order(voxels, shape, most, |v| v);
        }
        let mut values: Vec<u32> = voxels.chunk_by(|a, b| a == b).map(|same| same[0]).collect();
        values.push(0);
        values.par_sort_unstable();
        values.dedup();
        let rank = |v| values.binary_search(&v).unwrap_or(0) as u32;
        Self::in_raster_order(voxels, shape, values.len() as u32 - 1, rank)
    }

    /// Sorts runs that come in raster order, each with its label of 1..=count.
    pub fn sort(found: impl Iterator<Item = (u32, ObjectRun)> + Clone, count: u32) -> Self {
        let mut begin = vec![0u32; count as usize + 2];
        for (label, _) in found.clone() {
            begin[label as usize + 1] += 1;
        }
        for k in 1..begin.len() {
            begin[k] += begin[k - 1];
        }
        let mut next = begin.clone();
        let mut runs = vec![ObjectRun::default(); begin.last().map_or(0, |&n| n as usize)];
        for (label, run) in found {
            let at = &mut next[label as usize];
            runs[*at as usize] = run;
            *at += 1;
        }
        ObjectRuns { runs, begin }
    }

    /// Number of labels.
    pub fn count(&self) -> u32 {
        self.begin.len() as u32 - 2
    }

    /// The runs of one label.
    pub fn of(&self, label: u32) -> &[ObjectRun] {
        &self.runs[self.begin[label as usize] as usize..self.begin[label as usize + 1] as usize]
    }

    /// Voxels of a label.
    pub fn voxels(&self, label: u32) -> u64 {
        self.of(label).iter().map(|run| u64::from(run.len())).sum()
    }

    /// In how many pieces a label is, over corners.
    pub fn pieces(&self, label: u32, shape: Shape) -> u32 {
        let runs = self.of(label);
        let mut parent: Vec<usize> = (0..runs.len()).collect();
        let mut pieces = runs.len() as u32;
        for (k, run) in runs.iter().enumerate() {
            let [z, y] = run.zy(shape);
            let same_slice = (y > 0).then(|| run.row - 1).into_iter();
            let beside = [y.checked_sub(1), Some(y), Some(y + 1).filter(|y| *y < shape.y)].into_iter().flatten();
            let slice_before = beside.filter(|_| z > 0).map(|y| ((z - 1) * shape.y + y) as u32);
            for row in same_slice.chain(slice_before) {
                let first = runs.partition_point(|other| (other.row, other.end) < (row, run.start));
                let touching = runs[first..].iter().take_while(|other| other.row == row && other.start <= run.end);
                for other in first..first + touching.count() {
                    let (one, two) = (root(&mut parent, other), root(&mut parent, k));
                    if one != two {
                        parent[two] = one;
                        pieces -= 1;
                    }
                }
            }
        }
        pieces
    }

    /// An image that is `value(label)` on the objects, else 0.
    pub fn draw<T: Copy + Default + Send>(&self, shape: Shape, value: impl Fn(u32) -> T + Sync) -> Vec<T> {
        let mut image = zeros(shape.len());
        // Each thread has rows of its own and looks at all runs: they are few beside the voxels.
        let rows = (shape.z * shape.y).div_ceil(rayon::current_num_threads()).max(1);
        image.par_chunks_mut(rows * shape.x.max(1)).enumerate().for_each(|(k, part)| {
            let mine = k * rows..(k + 1) * rows;
            for label in 1..self.count() + 1 {
                for run in self.of(label).iter().filter(|run| mine.contains(&(run.row as usize))) {
                    let start = run.index(shape.x) - k * rows * shape.x;
                    part[start..start + run.len() as usize].fill(value(label));
                }
            }
        });
        image
    }

    /// What is left of each object outside of other ones.
    pub fn without(&self, others: &Self) -> Self {
        let mut gone = others.runs.clone();
        gone.par_sort_unstable_by_key(|run| (run.row, run.start));
        let left_of = |run: &ObjectRun| {
            // Others do not overlap each other, so they end in the order in which they begin.
            let first = gone.partition_point(|other| (other.row, other.end) <= (run.row, run.start));
            let mut start = run.start;
            let mut left = vec![];
            for other in gone[first..].iter().take_while(|other| other.row == run.row && other.start < run.end) {
                if start < other.start {
                    left.push(ObjectRun { start, end: other.start, ..*run });
                }
                start = other.end;
            }
            if start < run.end {
                left.push(ObjectRun { start, ..*run });
            }
            left
        };
        let objects: Vec<Vec<ObjectRun>> = (1..self.count() + 1)
            .into_par_iter()
            .map(|label| self.of(label).iter().flat_map(left_of).collect())
            .collect();
        Self::of_objects(objects.iter().map(Vec::as_slice))
    }

    /// The runs of some labels, numbered anew in the order that they are given in.
    pub fn pick(&self, labels: &[u32]) -> Self {
        Self::of_objects(labels.iter().map(|&label| self.of(label)))
    }

    /// Runs that lie object by object, numbered 1, 2, ...
    pub fn of_objects<'a>(objects: impl Iterator<Item = &'a [ObjectRun]>) -> Self {
        let (mut runs, mut begin) = (Vec::new(), vec![0, 0]);
        for object in objects {
            runs.extend_from_slice(object);
            begin.push(runs.len() as u32);
        }
        ObjectRuns { runs, begin }
    }
}

/// The run that stands for the piece of one of them.
fn root(parent: &mut [usize], mut k: usize) -> usize {
    while parent[k] != k {
        parent[k] = parent[parent[k]];
        k = parent[k];
    }
    k
}

/// The runs of objects in raster order, part by part of the image.
fn scan(voxels: &[u32], shape: Shape, object: impl Fn(u32) -> u32 + Sync) -> Vec<Vec<(u32, ObjectRun)>> {
    let width = shape.x.max(1);
    let rows = (voxels.len() / width).div_ceil(4 * rayon::current_num_threads()).max(1);
    let parts = voxels.par_chunks(rows * width).enumerate().map(|(k, part)| scan_rows(part, k * rows, width, &object));
    parts.collect()
}

/// The runs of objects in some rows of an image, the first of which has a number, in raster order.
pub(crate) fn scan_rows(
    voxels: &[u32],
    first_row: usize,
    width: usize,
    object: impl Fn(u32) -> u32,
) -> Vec<(u32, ObjectRun)> {
    let mut found: Vec<(u32, ObjectRun)> = Vec::new();
    for (row, voxels) in (first_row..).zip(voxels.chunks_exact(width)) {
        let (row, mut x) = (row as u32, 0);
        while x < voxels.len() {
            let (object, end) = (object(voxels[x]), end_of_run(voxels, x));
            match found.last_mut() {
                _ if object == 0 => {}
                // Different voxels may be of one object.
                Some((last, run)) if *last == object && run.row == row && run.end == x as u32 => run.end = end as u32,
                _ => found.push((object, ObjectRun { row, start: x as u32, end: end as u32 })),
            }
            x = end;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    //! Oracle: a literal grid.
    use super::*;

    #[test]
    fn runs_on_a_small_grid() {
        let shape = Shape::flat(3, 4);
        let labels = [0, 1, 1, 0, /**/ 0, 0, 1, 3, /**/ 3, 0, 0, 0];
        let run = |row, start, end| ObjectRun { row, start, end };
        let all = ObjectRuns::find(&labels, shape, 3).unwrap();
        assert_eq!(all.of(1), [run(0, 1, 3), run(1, 2, 3)]);
        assert!(all.of(2).is_empty());
        assert_eq!(all.of(3), [run(1, 3, 4), run(2, 0, 1)]);
        assert_eq!((all.voxels(1), all.voxels(2)), (3, 0));
        assert_eq!(all.pick(&[3, 1]).of(1), all.of(3));
        assert_eq!(all.draw(shape, |label| label), labels);
        let anew = ObjectRuns::in_raster_order(&labels, shape, 9, |label| if label == 1 { 7 } else { 2 * label });
        assert_eq!((anew.count(), anew.of(1), anew.of(2)), (2, all.of(1), all.of(3)));
        let others = ObjectRuns::find(&[1, 0, 2, 2, /**/ 0, 0, 1, 0, /**/ 0, 3, 3, 0], shape, 3).unwrap();
        let left = all.without(&others);
        assert_eq!((left.of(1), left.of(2), left.of(3)), (&[run(0, 1, 2)][..], &[][..], all.of(3)));
        assert_eq!(others.without(&all).of(2), [run(0, 3, 4)]);
        let parts = [(5, run(0, 1, 3)), (1, run(1, 2, 3)), (2, run(1, 3, 4)), (4, run(2, 0, 1)), (1, run(2, 2, 3))];
        let (joined, objects) = ObjectRuns::of_parts(&parts, 9, |part| [0, 7, 7, 0, 3, 0][part as usize]);
        assert_eq!((joined.of(1), joined.of(2)), (&[run(1, 2, 4), run(2, 2, 3)][..], &[run(2, 0, 1)][..]));
        assert_eq!(objects, [7, 3]);
        let one = ObjectRuns::in_raster_order(&labels, shape, 1, |label| label.min(1));
        assert_eq!(one.of(1), [run(0, 1, 3), run(1, 2, 4), run(2, 0, 1)]);
        assert!(ObjectRuns::find(&labels, shape, 2).is_none());
        assert!(ObjectRuns::find(&labels, shape, 0).is_none());
        assert!(ObjectRuns::find(&[], Shape::flat(0, 0), 0).unwrap().of(0).is_empty());
    }
}
