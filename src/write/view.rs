//! From a volume and its labels to flat arrays of the size of the picture.
//!
//! A stack is projected: the maximum of the intensities, and of the labels all that are in the column, so that each object
//! keeps its whole silhouette. Microscopy is seen along z; volumes in millimetres are bodies, seen from the front with the
//! last slice on top. A view can also be of one slice alone. A body whose place in the patient is known is seen from the
//! front and from its left, head up, however its voxels are stored.

use super::axis::{Axis, patient};
use super::silhouettes::{Run, Silhouettes};
use crate::Result;
use crate::image::{Labels, ObjectRuns, PatientGrid};
use crate::units::{Shape, Spacing};
use rayon::prelude::*;
use std::borrow::Cow;
use std::ops::Range;

/// Pictures with a shorter long side than this are enlarged by a whole number, to about twice this.
const LEGIBLE: usize = 600;
/// Side lengths of a voxel that differ by less than this fraction count as equal.
const SQUARE: f64 = 0.05;

/// How the voxels lie in the picture.
#[derive(Clone, Debug)]
pub(super) struct View {
    down: Axis,
    across: Axis,
    /// The line of sight.
    along: Axis,
    /// What is seen along it.
    depth: Range<usize>,
    /// What a plane across the line of sight is called.
    plane: &'static str,
    rows: Vec<Range<usize>>,
    columns: Vec<Range<usize>>,
    /// Length of a pixel of the picture, in the unit of the spacing, or in pixels of the image.
    pub pixel: f64,
}

impl View {
    /// At most `longest` pixels a side. What lies in a patient is seen from the front, else along z.
    pub fn new(shape: Shape, spacing: Option<Spacing>, in_patient: bool, longest: usize) -> Self {
        let front = in_patient && !shape.is_flat();
        let [z, y, x] = Axis::of(shape, spacing);
        let (down, along, plane) = if front { (z.reversed(), y, "row") } else { (y, z, "slice") };
        let (h, w) = (down.n, x.n);
        let (mut tall, mut wide) = (down.length, x.length);
        if (tall / wide - 1.0).abs() < SQUARE {
            (tall, wide) = (x.length, x.length);
        }
        let unit = tall.min(wide);
        let stretched = |n: usize, by: f64| ((n as f64 * by / unit).round() as usize).clamp(1, n.saturating_mul(64));
        let (h1, w1) = (stretched(h, tall), stretched(w, wide));
        let long = h1.max(w1);
        let (out_h, out_w) = if long > longest {
            let k = long.div_ceil(longest);
            (h1.div_ceil(k), w1.div_ceil(k))
        } else {
            let k = if long < LEGIBLE { (2 * LEGIBLE.min(longest / 2) / long).clamp(1, 12) } else { 1 };
            (h1 * k, w1 * k)
        };
        let pixel = wide * w as f64 / out_w as f64;
        let (rows, columns) = (spans(h, out_h), spans(w, out_w));
        View { down, across: x, along, depth: 0..along.n, plane, rows, columns, pixel }
    }

    /// A body from the front and from its left, in one scale, its longest side in so many pixels. Without a patient grid the
    /// grid is taken to lie straight: its x runs to the left, y to the back, z to the head.
    pub fn body(shape: Shape, spacing: Option<Spacing>, patient_grid: Option<PatientGrid>, pixels: usize) -> [Self; 2] {
        let [left, back, head] = patient(Axis::of(shape, spacing), &patient_grid.unwrap_or(PatientGrid::STRAIGHT));
        let extent = |axis: &Axis| axis.n as f64 * axis.length;
        let longest = [left, back, head].iter().map(extent).fold(0.0, f64::max);
        let pixel = longest / pixels.max(1) as f64;
        let lines = |axis: &Axis| spans(axis.n, ((extent(axis) / pixel).round() as usize).max(1));
        let down = head.reversed();
        [(left, back), (back, left)].map(|(across, along)| View {
            down,
            across,
            along,
            depth: 0..along.n,
            plane: "plane",
            rows: lines(&down),
            columns: lines(&across),
            pixel,
        })
    }

    /// The slice across the line of sight that most voxels of objects are in, and what it is called.
    pub fn fullest(&self, voxels: &[u32]) -> Option<(String, View)> {
        let mut counts = vec![0_usize; self.along.n];
        for (k, run) in voxels.chunks(self.along.step.unsigned_abs().max(1)).enumerate() {
            if let Some(n) = counts.get_mut(k % self.along.n.max(1)) {
                *n += run.iter().filter(|l| **l > 0).count();
            }
        }
        // Of equals, and of an empty stack, the one nearest to the middle.
        let middle = counts.len() / 2;
        let d = (0..counts.len()).max_by_key(|&d| (counts[d], usize::MAX - d.abs_diff(middle)))?;
        Some((format!("{} {}", self.plane, d + 1), View { depth: d..d + 1, ..self.clone() }))
    }

    pub fn height(&self) -> usize {
        self.rows.len()
    }

    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// Intensities: the largest of each column, the mean of the columns under each pixel.
    pub fn grey<'a>(&self, samples: &'a [i32]) -> Cow<'a, [i32]> {
        let flat = if self.is_flat() { Cow::Borrowed(samples) } else { Cow::Owned(self.maximum(samples)) };
        if self.is_of_its_size() {
            return flat;
        }
        let mut out = vec![0; self.height() * self.width()];
        out.par_chunks_mut(self.width().max(1)).zip(&self.rows).for_each(|(line, ys)| {
            for (pixel, xs) in line.iter_mut().zip(&self.columns) {
                let n = self.across.n;
                let under = |y| flat.get(y * n + xs.start..y * n + xs.end).unwrap_or_default();
                let sum: i64 = ys.clone().flat_map(under).map(|&v| i64::from(v)).sum();
                *pixel = (sum / (ys.len() * xs.len()).max(1) as i64) as i32;
            }
        });
        Cow::Owned(out)
    }

    /// A slice whose rows lie as they are stored.
    fn is_flat(&self) -> bool {
        self.along.n == 1 && self.across.step == 1 && self.down.step == self.across.n as isize
    }

    /// Neither enlarged nor reduced.
    fn is_of_its_size(&self) -> bool {
        (self.height(), self.width()) == (self.down.n, self.across.n)
    }

    fn maximum(&self, samples: &[i32]) -> Vec<i32> {
        let mut out = vec![0; self.down.n * self.across.n];
        out.par_chunks_mut(self.across.n.max(1)).enumerate().for_each(|(row, line)| {
            for (x, pixel) in line.iter_mut().enumerate() {
                *pixel = self.column(samples, row, x).max().unwrap_or(0);
            }
        });
        out
    }

    /// The voxels that lie behind each other at a row and column of the projection.
    fn column<T: Copy>(&self, data: &[T], row: usize, x: usize) -> impl Iterator<Item = T> {
        let (start, step) = (
            self.down.start()
                + self.across.start()
                + self.along.start()
                + row as isize * self.down.step
                + x as isize * self.across.step,
            self.along.step,
        );
        let at = move |d: usize| usize::try_from(start + d as isize * step).ok();
        self.depth.clone().filter_map(move |d| at(d).and_then(|i| data.get(i).copied()))
    }

    /// Objects: those that are in at least half of the columns under a pixel.
    ///
    /// # Errors
    /// They are on a device.
    pub fn objects(&self, labels: &Labels) -> Result<Silhouettes> {
        match labels.known_runs().filter(|_| self.is_flat() && self.is_of_its_size()) {
            Some(runs) => Ok(self.objects_of(runs)),
            None => Ok(self.labels(labels.voxels().host()?)),
        }
    }

    /// Objects whose runs are known, where the picture shows the image as it is stored.
    fn objects_of(&self, runs: &ObjectRuns) -> Silhouettes {
        let mut rows = vec![vec![]; self.height()];
        for label in 1..=runs.count() {
            for run in runs.of(label) {
                rows[run.row as usize].push(Run { label, from: run.start as usize, to: run.end as usize });
            }
        }
        Silhouettes { width: self.width(), rows }
    }

    fn labels(&self, voxels: &[u32]) -> Silhouettes {
        // An enlarged picture has the same rows several times.
        let mut rows = self.rows.clone();
        rows.dedup();
        let lines: Vec<Vec<Run>> = rows.par_iter().map(|ys| self.line(voxels, ys)).collect();
        let line = |ys: &Range<usize>| {
            let found = rows.binary_search_by_key(&(ys.start, ys.end), |r| (r.start, r.end));
            found.map_or_else(|_| vec![], |i| lines[i].clone())
        };
        Silhouettes { width: self.width(), rows: self.rows.iter().map(line).collect() }
    }

    /// The objects of a line of pixels.
    fn line(&self, voxels: &[u32], ys: &Range<usize>) -> Vec<Run> {
        let mut runs = match self.stored_row(voxels, ys) {
            Some(row) => self.runs_as_stored(row),
            None if self.is_empty(voxels, ys) => vec![],
            None => self.runs(voxels, ys),
        };
        runs.sort_unstable();
        runs
    }

    /// The row of the grid that a line of pixels shows, if it shows one, none of its columns being left out.
    fn stored_row<'a>(&self, voxels: &'a [u32], ys: &Range<usize>) -> Option<&'a [u32]> {
        let one = self.depth.len() == 1 && ys.len() == 1 && self.across.step == 1 && self.width() >= self.across.n;
        let start = self.down.start()
            + self.along.start()
            + ys.start as isize * self.down.step
            + self.depth.start as isize * self.along.step;
        let start = usize::try_from(start).ok().filter(|_| one)?;
        voxels.get(start..start + self.across.n)
    }

    fn runs_as_stored(&self, row: &[u32]) -> Vec<Run> {
        let column = |x: usize| self.columns.partition_point(|xs| xs.start < x);
        let mut from = 0;
        let mut runs = Vec::new();
        for run in row.chunk_by(|a, b| a == b) {
            if run[0] > 0 {
                runs.push(Run { label: run[0], from: column(from), to: column(from + run.len()) });
            }
            from += run.len();
        }
        runs
    }

    /// No object lies in these rows, where they are planes of the grid: seen without looking for columns.
    fn is_empty(&self, voxels: &[u32], ys: &Range<usize>) -> bool {
        let plane = self.across.n * self.along.n;
        let start = |y: usize| usize::try_from(self.down.start() + y as isize * self.down.step).ok();
        let slab = |y: usize| start(y).and_then(|from| voxels.get(from..from + plane));
        let is_plane = self.down.step.unsigned_abs() == plane;
        is_plane && ys.clone().all(|y| slab(y).is_some_and(|slab| slab.iter().all(|l| *l == 0)))
    }

    fn runs(&self, voxels: &[u32], ys: &Range<usize>) -> Vec<Run> {
        let (mut runs, mut open): (Vec<Run>, Vec<Run>) = (Vec::new(), Vec::new());
        let (mut column, mut block) = (Vec::new(), Vec::new());
        for (at, xs) in self.columns.iter().enumerate() {
            if at == 0 || self.columns[at - 1] != *xs {
                block.clear();
                for y in ys.clone() {
                    for x in xs.clone() {
                        column.clear();
                        column.extend(self.column(voxels, y, x).filter(|&l| l > 0));
                        column.sort_unstable();
                        column.dedup();
                        block.append(&mut column);
                    }
                }
                block.sort_unstable();
            }
            let labels = block.chunk_by(|a, b| a == b).filter(|run| 2 * run.len() >= ys.len() * xs.len());
            let mut still = Vec::new();
            for label in labels.map(|run| run[0]) {
                let from = open.iter().find(|r| r.label == label).map_or(at, |r| r.from);
                still.push(Run { label, from, to: at + 1 });
            }
            runs.extend(open.iter().filter(|r| still.iter().all(|s| s.label != r.label)));
            open = still;
        }
        runs.append(&mut open);
        runs
    }
}

/// Which of `n` lines lie under each of `out` pixels: one where it is enlarged, several where it is made smaller.
fn spans(n: usize, out: usize) -> Vec<Range<usize>> {
    let cut = |i: usize| (i as u128 * n as u128 / out.max(1) as u128) as usize;
    (0..out).map(|i| cut(i)..cut(i + 1).max(cut(i) + 1).min(n)).collect()
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
