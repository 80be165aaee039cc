//! From a volume and its labels to flat arrays of the size of the picture.
//!
//! A stack is projected: the maximum of the intensities, and of the labels the one that fills most of the column (ties: the
//! lowest). Microscopy is seen along z; volumes in millimetres are bodies, seen from the front with the last slice on top.

use crate::units::{Shape, Spacing, Unit};
use rayon::prelude::*;
use std::borrow::Cow;
use std::ops::Range;

/// Longest side of a picture, in pixels.
const LONGEST: usize = 2048;
/// Pictures with a shorter long side than this are enlarged by a whole number, to about twice this.
const LEGIBLE: usize = 400;
/// Side lengths of a voxel that differ by less than this fraction count as equal.
const SQUARE: f64 = 0.05;

/// How the voxels lie in the picture.
#[derive(Debug)]
pub(super) struct View {
    shape: Shape,
    front: bool,
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
        let (out_h, out_w) = if long > LONGEST {
            let k = long.div_ceil(LONGEST);
            (h1.div_ceil(k), w1.div_ceil(k))
        } else {
            let k = if long < LEGIBLE { (2 * LEGIBLE / long).clamp(1, 12) } else { 1 };
            (h1 * k, w1 * k)
        };
        let pixel = across * w as f64 / out_w as f64;
        View { shape, front, rows: spans(h, out_h), columns: spans(w, out_w), pixel }
    }

    pub fn height(&self) -> usize {
        self.rows.len()
    }

    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// Intensities: the mean of the voxels under each pixel.
    pub fn grey(&self, samples: &[i32]) -> Vec<i32> {
        let flat = self.flat(samples, |column| column.iter().copied().max().unwrap_or(0));
        self.resample(&flat, |block| {
            let sum: i64 = block.iter().map(|&v| i64::from(v)).sum();
            (sum / block.len().max(1) as i64) as i32
        })
    }

    /// Labels: the one with most voxels under a pixel, where at least half of them are in objects.
    pub fn labels(&self, voxels: &[u32]) -> Vec<u32> {
        let flat = self.flat(voxels, |column| most(column).0);
        self.resample(&flat, |block| {
            let (label, inside) = most(block);
            if 2 * inside >= block.len() { label } else { 0 }
        })
    }

    fn flat<'a, T: Copy + Default + Send + Sync>(
        &self,
        data: &'a [T],
        reduce: impl Fn(&mut Vec<T>) -> T + Sync,
    ) -> Cow<'a, [T]> {
        let s = self.shape;
        if s.is_flat() {
            return Cow::Borrowed(data);
        }
        let (height, depth) = if self.front { (s.z, s.y) } else { (s.y, s.z) };
        let mut out = vec![T::default(); height * s.x];
        out.par_chunks_mut(s.x.max(1)).enumerate().for_each(|(row, line)| {
            let mut column = Vec::with_capacity(depth);
            for (x, pixel) in line.iter_mut().enumerate() {
                column.clear();
                let at = |d: usize| if self.front { s.index(s.z - 1 - row, d, x) } else { s.index(d, row, x) };
                column.extend((0..depth).filter_map(|d| data.get(at(d)).copied()));
                *pixel = reduce(&mut column);
            }
        });
        Cow::Owned(out)
    }

    fn resample<T: Copy + Default + Send + Sync>(
        &self,
        flat: &[T],
        reduce: impl Fn(&mut Vec<T>) -> T + Sync,
    ) -> Vec<T> {
        let mut out = vec![T::default(); self.rows.len() * self.columns.len()];
        out.par_chunks_mut(self.columns.len().max(1)).zip(&self.rows).for_each(|(line, ys)| {
            let mut block = Vec::new();
            for (pixel, xs) in line.iter_mut().zip(&self.columns) {
                block.clear();
                for y in ys.clone() {
                    let start = y * self.shape.x;
                    block.extend_from_slice(flat.get(start + xs.start..start + xs.end).unwrap_or_default());
                }
                *pixel = reduce(&mut block);
            }
        });
        out
    }
}

/// Which of `n` lines lie under each of `out` pixels: one where it is enlarged, several where it is made smaller.
fn spans(n: usize, out: usize) -> Vec<Range<usize>> {
    let cut = |i: usize| (i as u128 * n as u128 / out.max(1) as u128) as usize;
    (0..out).map(|i| cut(i)..cut(i + 1).max(cut(i) + 1).min(n)).collect()
}

/// The most frequent label that is not background (ties: the lowest), and how many are not background.
fn most(labels: &mut Vec<u32>) -> (u32, usize) {
    labels.retain(|&l| l > 0);
    labels.sort_unstable();
    let (mut best, mut best_run, mut start) = (0, 0, 0);
    for i in 1..=labels.len() {
        if i == labels.len() || labels[i] != labels[start] {
            if i - start > best_run {
                (best, best_run) = (labels[start], i - start);
            }
            start = i;
        }
    }
    (best, labels.len())
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
        assert_eq!((view.height(), view.width()), (800, 200));
    }

    #[test]
    fn columns_give_the_maximum_and_the_longest_label() {
        let view = View::new(Shape::new(3, 1, 400), None);
        let at = |z: usize| move |x: usize| (z * 10 + x % 2) as i32;
        let grey: Vec<i32> = (0..3).flat_map(|z| (0..400).map(at(z))).collect();
        assert_eq!(view.grey(&grey)[..2], [20, 21]);
        let mut labels = vec![0; 1200];
        (labels[0], labels[400], labels[800]) = (7, 9, 9);
        (labels[1], labels[401]) = (5, 4);
        assert_eq!(view.labels(&labels)[..3], [9, 4, 0]);
    }
}
