//! One object of a label image: its runs, its samples, a padded crop.

use crate::ops::extent::{Extent, runs};
use crate::units::Shape;

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
    fn crops_on_a_small_grid() {
        let shape = Shape::flat(3, 4);
        let labels = [0, 1, 1, 0, /**/ 0, 0, 1, 3, /**/ 3, 0, 0, 0];
        let object = Object::new(&labels, shape, 1, Extent { n: 3, lo: [0, 0, 1], hi: [1, 2, 3] });
        assert_eq!(object.crop([0; 3]).cells, [1, 1, 0, 1]);
        assert_eq!(object.framed().size, [1, 4, 4]);
        assert_eq!(object.samples(&(0..12).collect::<Vec<_>>()), [1, 2, 6]);
    }
}
