//! From a volume and its labels to flat arrays of the size of the picture.
//!
//! A stack is projected: the maximum of the intensities, and of the labels all that are in the column, so that each object
//! keeps its whole silhouette. Microscopy is seen along z; volumes in millimetres are bodies, seen from the front with the
//! last slice on top. A view can also be of one slice alone.

use crate::units::{Shape, Spacing, Unit};
use rayon::prelude::*;
use std::borrow::Cow;
use std::ops::Range;

/// Longest side of a picture in pixels; of each of the two panels that a stack has, half of it.
const LONGEST: usize = 2048;
/// Pictures with a shorter long side than this are enlarged by a whole number, to about twice this.
const LEGIBLE: usize = 400;
/// Side lengths of a voxel that differ by less than this fraction count as equal.
const SQUARE: f64 = 0.05;

/// How the voxels lie in the picture.
#[derive(Clone, Debug)]
pub(super) struct View {
    shape: Shape,
    front: bool,
    /// What is seen along the line of sight.
    depth: Range<usize>,
    rows: Vec<Range<usize>>,
    columns: Vec<Range<usize>>,
    /// Length of a pixel of the picture, in the unit of the spacing, or in pixels of the image.
    pub pixel: f64,
}

impl View {
    pub fn new(shape: Shape, spacing: Option<Spacing>) -> Self {
        let front = !shape.is_flat() && spacing.is_some_and(|s| s.unit == Unit::Mm);
        let (h, w) = if front { (shape.z, shape.x) } else { (shape.y, shape.x) };
        let [sz, sy, sx] = spacing.map_or([1.0; 3], |s| s.zyx);
        let (mut down, mut across) = (if front { sz } else { sy }, sx);
        if (down / across - 1.0).abs() < SQUARE {
            (down, across) = (sx, sx);
        }
        let unit = down.min(across);
        let stretched = |n: usize, by: f64| ((n as f64 * by / unit).round() as usize).clamp(1, n.saturating_mul(64));
        let (h1, w1) = (stretched(h, down), stretched(w, across));
        let long = h1.max(w1);
        let longest = if shape.is_flat() { LONGEST } else { LONGEST / 2 };
        let (out_h, out_w) = if long > longest {
            let k = long.div_ceil(longest);
            (h1.div_ceil(k), w1.div_ceil(k))
        } else {
            let k = if long < LEGIBLE { (2 * LEGIBLE / long).clamp(1, 12) } else { 1 };
            (h1 * k, w1 * k)
        };
        let pixel = across * w as f64 / out_w as f64;
        let depth = 0..if front { shape.y } else { shape.z };
        View { shape, front, depth, rows: spans(h, out_h), columns: spans(w, out_w), pixel }
    }

    /// The slice across the line of sight that most voxels of objects are in, and what it is called; of a stack only.
    pub fn fullest(&self, voxels: &[u32]) -> Option<(String, View)> {
        if self.shape.is_flat() {
            return None;
        }
        let mut counts = vec![0_usize; self.depth.len()];
        for (row, line) in voxels.chunks(self.shape.x.max(1)).enumerate() {
            let d = if self.front { row % self.shape.y } else { row / self.shape.y };
            if let Some(n) = counts.get_mut(d) {
                *n += line.iter().filter(|l| **l > 0).count();
            }
        }
        // Of equals, and of an empty stack, the one nearest to the middle.
        let middle = counts.len() / 2;
        let d = (0..counts.len()).max_by_key(|&d| (counts[d], usize::MAX - d.abs_diff(middle)))?;
        let name = format!("{} {}", if self.front { "row" } else { "slice" }, d + 1);
        Some((name, View { depth: d..d + 1, ..self.clone() }))
    }

    pub fn height(&self) -> usize {
        self.rows.len()
    }

    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// Intensities: the largest of each column, the mean of the columns under each pixel.
    pub fn grey(&self, samples: &[i32]) -> Vec<i32> {
        let flat = if self.shape.is_flat() { Cow::Borrowed(samples) } else { Cow::Owned(self.maximum(samples)) };
        let mut out = vec![0; self.height() * self.width()];
        out.par_chunks_mut(self.width().max(1)).zip(&self.rows).for_each(|(line, ys)| {
            for (pixel, xs) in line.iter_mut().zip(&self.columns) {
                let under = |y| flat.get(y * self.shape.x + xs.start..y * self.shape.x + xs.end).unwrap_or_default();
                let sum: i64 = ys.clone().flat_map(under).map(|&v| i64::from(v)).sum();
                *pixel = (sum / (ys.len() * xs.len()).max(1) as i64) as i32;
            }
        });
        out
    }

    fn maximum(&self, samples: &[i32]) -> Vec<i32> {
        let height = if self.front { self.shape.z } else { self.shape.y };
        let mut out = vec![0; height * self.shape.x];
        out.par_chunks_mut(self.shape.x.max(1)).enumerate().for_each(|(row, line)| {
            for (x, pixel) in line.iter_mut().enumerate() {
                *pixel = self.column(samples, row, x).max().unwrap_or(0);
            }
        });
        out
    }

    /// The voxels that lie behind each other at a row and column of the projection.
    fn column<T: Copy>(&self, data: &[T], row: usize, x: usize) -> impl Iterator<Item = T> {
        let (s, front) = (self.shape, self.front);
        self.depth
            .clone()
            .map(move |d| if front { s.index(s.z.saturating_sub(1 + row), d, x) } else { s.index(d, row, x) })
            .filter_map(|i| data.get(i).copied())
    }

    /// Labels: those that are in at least half of the columns under a pixel.
    pub fn labels(&self, voxels: &[u32]) -> Silhouettes {
        let line = |ys: &Range<usize>| {
            let (mut ends, mut labels, mut column, mut block) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            for xs in &self.columns {
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
                let runs = block.chunk_by(|a, b| a == b).filter(|run| 2 * run.len() >= ys.len() * xs.len());
                labels.extend(runs.map(|run| run[0]));
                ends.push(labels.len());
            }
            (ends, labels)
        };
        let lines: Vec<(Vec<usize>, Vec<u32>)> = self.rows.par_iter().map(line).collect();
        let mut all = Silhouettes { width: self.width(), ends: Vec::new(), labels: Vec::new() };
        for (ends, labels) in lines {
            let before = all.labels.len();
            all.ends.extend(ends.into_iter().map(|end| before + end));
            all.labels.extend(labels);
        }
        all
    }
}

/// The labels in each pixel of a picture, ascending: none, one, or in a projection several.
#[derive(Debug, Default)]
pub(super) struct Silhouettes {
    pub width: usize,
    /// Where the labels of each pixel end in `labels`.
    pub ends: Vec<usize>,
    pub labels: Vec<u32>,
}

impl Silhouettes {
    /// The labels of a pixel; none past the end.
    pub fn at(&self, pixel: usize) -> &[u32] {
        let start = if pixel == 0 { 0 } else { self.ends.get(pixel - 1).copied().unwrap_or(0) };
        self.ends.get(pixel).and_then(|&end| self.labels.get(start..end)).unwrap_or_default()
    }
}

/// Which of `n` lines lie under each of `out` pixels: one where it is enlarged, several where it is made smaller.
fn spans(n: usize, out: usize) -> Vec<Range<usize>> {
    let cut = |i: usize| (i as u128 * n as u128 / out.max(1) as u128) as usize;
    (0..out).map(|i| cut(i)..cut(i + 1).max(cut(i) + 1).min(n)).collect()
}

#[cfg(test)]
mod tests {
    //! Mechanics, on small literal grids.
    use super::*;

    #[test]
    fn small_images_are_enlarged_and_large_ones_reduced() {
        let small = View::new(Shape::flat(100, 50), None);
        assert_eq!((small.height(), small.width(), small.pixel), (800, 400, 0.125));
        let middle = View::new(Shape::flat(512, 400), None);
        assert_eq!((middle.height(), middle.width()), (512, 400));
        let large = View::new(Shape::flat(1000, 5000), Spacing::um([1.0, 0.5, 0.5]));
        assert_eq!((large.height(), large.width(), large.pixel), (334, 1667, 0.5 * 5000.0 / 1667.0));
    }

    #[test]
    fn bodies_are_seen_from_the_front_in_proportion() {
        let view = View::new(Shape::new(200, 7, 100), Spacing::mm([4.0, 2.0, 2.0]));
        assert_eq!((view.height(), view.width()), (400, 100));
        let mut labels = vec![0; view.shape.len()];
        labels[view.shape.index(9, 4, 5)] = 1;
        let (name, slice) = view.fullest(&labels).unwrap();
        assert_eq!(name, "row 5");
        assert_eq!(slice.labels(&labels).at((200 - 1 - 9) * 2 * 100 + 5), [1]);
    }

    #[test]
    fn columns_give_the_maximum_and_all_their_labels() {
        let view = View::new(Shape::new(3, 1, 400), None);
        let at = |z: usize| move |x: usize| (z * 10 + x % 2) as i32;
        let grey: Vec<i32> = (0..3).flat_map(|z| (0..400).map(at(z))).collect();
        assert_eq!(view.grey(&grey)[..2], [20, 21]);
        let mut labels = vec![0; 1200];
        (labels[0], labels[400], labels[800]) = (7, 9, 9);
        (labels[1], labels[401]) = (5, 4);
        let found = view.labels(&labels);
        assert_eq!((found.at(0), found.at(1), found.at(2)), (&[7, 9][..], &[4, 5][..], &[][..]));
    }

    #[test]
    fn reduced_labels_hold_half_of_a_pixel() {
        // Two rows of 4096 become one of 2048: label 3 has half of the first block, label 2 a quarter of the next.
        let mut labels = vec![0; 2 * 4096];
        (labels[0], labels[4096], labels[2]) = (3, 3, 2);
        let view = View::new(Shape::flat(2, 4096), None);
        let found = view.labels(&labels);
        assert_eq!((found.at(0), found.at(1), found.ends.len()), (&[3][..], &[][..], 2048));
    }
}
