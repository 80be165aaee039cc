//! Connected components on the CPU: runs of equal voxels in rows, joined by union-find.
//!
//! Slabs of rows are done in parallel and joined at their seams. A root is always the lowest run of its component, so
//! roots come in raster order of first voxels, whatever the slabs were.

use crate::device::Word;
use crate::simd::end_of_run;
use crate::units::Shape;
use rayon::prelude::*;
use std::ops::Range;

/// Which voxels are neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Connectivity {
    /// Those that share a face: 4 in a plane, 6 in depth.
    Face,
    /// Those that share at least a corner: 8 in a plane, 26 in depth.
    Full,
}

/// Which voxels make components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// Those that are not 0; different values never join.
    Objects,
    /// Those that are 0.
    Background,
}

/// Voxels `start..end` of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub start: u32,
    pub end: u32,
}

/// The runs of an image in raster order and the root of each.
pub(super) struct Runs {
    first_row: usize,
    /// Where the runs of each row begin; one more than rows.
    begin: Vec<usize>,
    pub runs: Vec<Run>,
    /// Index of the lowest run of the same component.
    pub root: Vec<u32>,
}

impl Runs {
    /// Finds runs and components.
    pub fn new<T: Word + PartialEq>(voxels: &[T], shape: Shape, connectivity: Connectivity, of: Of) -> Runs {
        // In depth a slab is made of whole slices: then only its first slice has neighbours outside.
        let (units, unit) = if shape.is_flat() { (shape.y, 1) } else { (shape.z, shape.y) };
        let slab = units.div_ceil(rayon::current_num_threads() * 4).max(1) * unit;
        let image = Image { voxels, shape, full: connectivity == Connectivity::Full };
        let firsts: Vec<usize> = (0..shape.z * shape.y).step_by(slab).collect();
        let parts: Vec<Runs> = firsts.par_iter().map(|&r| Runs::slab(&image, r..(r + slab), of)).collect();
        let mut all = Runs::concatenate(parts);
        for &seam in firsts.iter().skip(1) {
            for row in seam..seam + unit {
                for above in image.above(row).filter(|&a| a < seam) {
                    all.join(&image, row, above);
                }
            }
        }
        // Parents are lower than their children, so one pass in order reaches every root.
        for i in 0..all.root.len() {
            all.root[i] = all.root[all.root[i] as usize];
        }
        all
    }

    /// The runs of a row, as indices.
    pub fn row(&self, row: usize) -> Range<usize> {
        let k = row - self.first_row;
        self.begin[k]..self.begin[k + 1]
    }

    /// Numbers the components 1, 2, ... in raster order: the number of each run, and how many there are.
    pub fn numbers(&self) -> (Vec<u32>, u32) {
        let (mut out, mut count) = (Vec::with_capacity(self.root.len()), 0);
        for (i, &root) in self.root.iter().enumerate() {
            if root as usize == i {
                count += 1;
                out.push(count);
            } else {
                out.push(out[root as usize]);
            }
        }
        (out, count)
    }

    fn slab<T: Word + PartialEq>(image: &Image<T>, rows: Range<usize>, of: Of) -> Runs {
        let rows = rows.start..rows.end.min(image.shape.z * image.shape.y);
        let mut part = Runs { first_row: rows.start, begin: vec![0], runs: Vec::new(), root: Vec::new() };
        for row in rows.clone() {
            find_runs(image.row(row), of, &mut part.runs);
            part.root.extend(part.root.len() as u32..part.runs.len() as u32);
            part.begin.push(part.runs.len());
            for above in image.above(row).filter(|&a| a >= rows.start) {
                part.join(image, row, above);
            }
        }
        part
    }

    fn concatenate(parts: Vec<Runs>) -> Runs {
        let total = parts.iter().map(|p| p.runs.len()).sum();
        let mut all =
            Runs { first_row: 0, begin: vec![0], runs: Vec::with_capacity(total), root: Vec::with_capacity(total) };
        for part in parts {
            let base = all.runs.len();
            all.begin.extend(part.begin[1..].iter().map(|b| b + base));
            all.runs.extend(part.runs);
            all.root.extend(part.root.iter().map(|r| r + base as u32));
        }
        all
    }

    /// Joins the runs of two neighbouring rows that touch and are of one value.
    fn join<T: Word + PartialEq>(&mut self, image: &Image<T>, row: usize, above: usize) {
        let (here, there) = (image.row(row), image.row(above));
        let reach = u32::from(image.full);
        let (mut i, end_i, mut j, end_j) =
            (self.row(row).start, self.row(row).end, self.row(above).start, self.row(above).end);
        while i < end_i && j < end_j {
            let (a, b) = (self.runs[i], self.runs[j]);
            let value = here[a.start as usize];
            if a.start < b.end + reach && b.start < a.end + reach && value == there[b.start as usize] {
                self.unite(i, j);
            }
            // Two runs that end together each touch the other's successor by a corner; `i` goes on, so look ahead in `j`.
            if a.end == b.end && image.full && j + 1 < end_j {
                let next = self.runs[j + 1].start;
                if next == a.end && value == there[next as usize] {
                    self.unite(i, j + 1);
                }
            }
            if a.end <= b.end { i += 1 } else { j += 1 }
        }
    }

    fn unite(&mut self, i: usize, j: usize) {
        let (a, b) = (find(&mut self.root, i as u32), find(&mut self.root, j as u32));
        self.root[a.max(b) as usize] = a.min(b);
    }
}

/// The root above a run; shortens the way for those who come later.
fn find(root: &mut [u32], mut i: u32) -> u32 {
    while root[i as usize] != i {
        let up = root[root[i as usize] as usize];
        root[i as usize] = up;
        i = up;
    }
    i
}

struct Image<'a, T> {
    voxels: &'a [T],
    shape: Shape,
    full: bool,
}

impl<T> Image<'_, T> {
    fn row(&self, row: usize) -> &[T] {
        &self.voxels[row * self.shape.x..(row + 1) * self.shape.x]
    }

    /// The neighbouring rows that come earlier.
    fn above(&self, row: usize) -> impl Iterator<Item = usize> + use<T> {
        let (y, rows, deep) = (row % self.shape.y, self.shape.y, row >= self.shape.y);
        let full = self.full;
        [
            (y > 0).then(|| row - 1),
            (deep && full && y > 0).then(|| row - rows - 1),
            deep.then(|| row - rows),
            (deep && full && y + 1 < rows).then(|| row - rows + 1),
        ]
        .into_iter()
        .flatten()
    }
}

fn find_runs<T: Word + PartialEq>(row: &[T], of: Of, runs: &mut Vec<Run>) {
    let mut x = 0;
    while x < row.len() {
        let end = end_of_run(row, x);
        if (row[x].word() == 0) == (of == Of::Background) {
            runs.push(Run { start: x as u32, end: end as u32 });
        }
        x = end;
    }
}
