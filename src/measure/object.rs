//! Where the objects are: bounding boxes in one pass over the labels, then a padded crop for each object.

use crate::units::Shape;
use crate::{Error, Result};
use rayon::prelude::*;

/// Bounding box and size of an object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Extent {
    /// Voxels.
    pub n: u64,
    /// First z, y, x.
    pub lo: [usize; 3],
    /// Behind the last z, y, x.
    pub hi: [usize; 3],
}

const NOTHING: Extent = Extent { n: 0, lo: [usize::MAX; 3], hi: [0; 3] };

impl Extent {
    fn add_run(&mut self, z: usize, y: usize, x0: usize, x1: usize) {
        self.n += (x1 - x0) as u64;
        self.lo = [self.lo[0].min(z), self.lo[1].min(y), self.lo[2].min(x0)];
        self.hi = [self.hi[0].max(z + 1), self.hi[1].max(y + 1), self.hi[2].max(x1)];
    }
    fn merge(&mut self, other: &Extent) {
        self.n += other.n;
        for a in 0..3 {
            self.lo[a] = self.lo[a].min(other.lo[a]);
            self.hi[a] = self.hi[a].max(other.hi[a]);
        }
    }
}

/// Calls `f(label, x0, x1)` for every run of equal values in a row.
fn runs(row: &[u32], mut f: impl FnMut(u32, usize, usize)) {
    let mut x = 0;
    while let Some(&label) = row.get(x) {
        let x0 = x;
        while row.get(x) == Some(&label) {
            x += 1;
        }
        f(label, x0, x);
    }
}

/// Extents of the labels 1..=count. Sums, minima and maxima have no order, so the threads do not matter.
///
/// # Errors
/// A label above `count`.
pub(super) fn extents(labels: &[u32], shape: Shape, count: u32) -> Result<Vec<Extent>> {
    let rows = shape.z * shape.y;
    if rows == 0 || shape.x == 0 {
        return Ok(vec![NOTHING; count as usize]);
    }
    let block = rows.div_ceil(rayon::current_num_threads());
    let parts: Vec<Option<Vec<Extent>>> = labels
        .par_chunks(block * shape.x)
        .enumerate()
        .map(|(b, chunk)| {
            let mut part = vec![NOTHING; count as usize + 1];
            for (r, row) in chunk.chunks_exact(shape.x).enumerate() {
                let row_index = b * block + r;
                let mut known = true;
                runs(row, |label, x0, x1| match part.get_mut(label as usize) {
                    Some(e) if label > 0 => e.add_run(row_index / shape.y, row_index % shape.y, x0, x1),
                    Some(_) => {}
                    None => known = false,
                });
                if !known {
                    return None;
                }
            }
            Some(part)
        })
        .collect();
    let mut all = vec![NOTHING; count as usize + 1];
    for part in parts {
        let part = part.ok_or_else(|| Error::usage(format!("the labels hold numbers above their count, {count}")))?;
        all.iter_mut().zip(&part).for_each(|(a, p)| a.merge(p));
    }
    all.remove(0);
    Ok(all)
}

/// One object of a label image.
pub(super) struct Object<'a> {
    /// Labels of the whole image.
    pub labels: &'a [u32],
    /// Size of the image.
    pub shape: Shape,
    /// The object's label.
    pub label: u32,
    /// Where it is.
    pub extent: Extent,
    /// Its runs `[z, y, first x, behind the last x]` in raster order.
    runs: Vec<[usize; 4]>,
}

impl<'a> Object<'a> {
    /// Finds the runs of a label.
    pub fn new(labels: &'a [u32], shape: Shape, label: u32, extent: Extent) -> Self {
        let Extent { lo, hi, n } = extent;
        let mut found = Vec::new();
        let slices = if n > 0 { lo[0]..hi[0] } else { 0..0 };
        for (z, y) in slices.flat_map(|z| (lo[1]..hi[1]).map(move |y| (z, y))) {
            let row = &labels[shape.index(z, y, lo[2])..shape.index(z, y, hi[2] - 1) + 1];
            runs(row, |l, x0, x1| {
                if l == label {
                    found.push([z, y, lo[2] + x0, lo[2] + x1]);
                }
            });
        }
        Object { labels, shape, label, extent, runs: found }
    }

    /// The runs of the object as z, y, x0, x1 in raster order.
    pub fn runs(&self) -> &[[usize; 4]] {
        &self.runs
    }

    /// Calls `f(z, y, x0, x1)` for the runs of the object in raster order.
    pub fn each_run(&self, mut f: impl FnMut(usize, usize, usize, usize)) {
        self.runs.iter().for_each(|&[z, y, x0, x1]| f(z, y, x0, x1));
    }

    /// The samples of the object in raster order.
    pub fn samples(&self, image: &[i32]) -> Vec<i32> {
        let mut out = Vec::with_capacity(self.extent.n as usize);
        self.each_run(|z, y, x0, x1| {
            let start = self.shape.index(z, y, x0);
            out.extend_from_slice(&image[start..start + (x1 - x0)]);
        });
        out
    }

    /// The object alone, with a frame of zeros of the given width, in z only for volumes.
    pub fn crop(&self, frame: [usize; 3]) -> Crop {
        let Extent { lo, hi, .. } = self.extent;
        let size = std::array::from_fn(|a| hi[a] - lo[a] + 2 * frame[a]);
        let mut crop = Crop { size, cells: vec![0; size.iter().product()] };
        self.each_run(|z, y, x0, x1| {
            let start = crop.index(z - lo[0] + frame[0], y - lo[1] + frame[1], x0 - lo[2] + frame[2]);
            crop.cells[start..start + (x1 - x0)].fill(1);
        });
        crop
    }

    /// The crop that shapes are measured on: one voxel of frame on each side, none in z for 2-D images.
    pub fn framed(&self) -> Crop {
        self.crop([usize::from(!self.shape.is_flat()), 1, 1])
    }
}

/// An object cut out of its image: 1 inside, 0 outside.
pub(super) struct Crop {
    /// Cells in z, y, x, the frame included.
    pub size: [usize; 3],
    /// Raster order.
    pub cells: Vec<u8>,
}

impl Crop {
    /// Linear index.
    pub fn index(&self, z: usize, y: usize, x: usize) -> usize {
        (z * self.size[1] + y) * self.size[2] + x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extents_and_crops_on_a_small_grid() {
        let shape = Shape::flat(3, 4);
        let labels = [0, 1, 1, 0, /**/ 0, 0, 1, 3, /**/ 3, 0, 0, 0];
        let all = extents(&labels, shape, 3).unwrap();
        assert_eq!(all[0], Extent { n: 3, lo: [0, 0, 1], hi: [1, 2, 3] });
        assert_eq!(all[1], NOTHING);
        assert_eq!(all[2], Extent { n: 2, lo: [0, 1, 0], hi: [1, 3, 4] });
        assert!(extents(&labels, shape, 2).is_err());
        let object = Object::new(&labels, shape, 1, all[0]);
        assert_eq!(object.crop([0; 3]).cells, [1, 1, 0, 1]);
        assert_eq!(object.framed().size, [1, 4, 4]);
        assert_eq!(object.samples(&(0..12).collect::<Vec<_>>()), [1, 2, 6]);
    }
}
