//! One object of a label image: its runs, its samples, a padded crop.

use super::ChannelRef;
use crate::Result;
use crate::image::{Labels, ObjectRun};
use crate::ops::extent::Extent;
use crate::units::Shape;
use std::borrow::Cow;
use std::ops::Range;

/// One object of a label image.
pub(super) struct Object<'a> {
    /// Labels of the whole image.
    pub labels: &'a Labels,
    /// Which one.
    pub label: u32,
    /// Size of the image.
    pub shape: Shape,
    /// Where it is.
    pub extent: Extent,
    runs: &'a [ObjectRun],
}

impl<'a> Object<'a> {
    /// The object with a label and its extent.
    ///
    /// # Errors
    /// The labels are on the device, or one of them is above their count.
    pub fn new(labels: &'a Labels, label: u32, extent: Extent) -> Result<Self> {
        let runs = labels.runs()?.of(label);
        Ok(Object { labels, label, shape: labels.shape, extent, runs })
    }

    /// Its runs in raster order.
    pub fn runs(&self) -> &'a [ObjectRun] {
        self.runs
    }

    /// z, y, first x and the x behind the last of a run.
    pub fn place(&self, run: &ObjectRun) -> [usize; 4] {
        let [z, y] = run.zy(self.shape);
        [z, y, run.start as usize, run.end as usize]
    }

    /// Calls `f(z, y, x0, x1)` for the runs of the object in raster order.
    pub fn each_run(&self, mut f: impl FnMut(usize, usize, usize, usize)) {
        for run in self.runs {
            let [z, y, x0, x1] = self.place(run);
            f(z, y, x0, x1);
        }
    }

    /// The samples of the object in raster order.
    pub fn samples(&self, image: &[i32]) -> Vec<i32> {
        let mut out = Vec::with_capacity(self.extent.n as usize);
        for run in self.runs {
            out.extend_from_slice(&image[run.voxels(self.shape.x)]);
        }
        out
    }

    /// Of its samples in a channel those that the channel has seen, in raster order.
    pub fn seen<'b>(&self, channel: &ChannelRef, samples: &'b [i32]) -> Cow<'b, [i32]> {
        if channel.unseen.is_none() {
            return Cow::Borrowed(samples);
        }
        let voxels = self.runs.iter().flat_map(|run| run.voxels(self.shape.x));
        Cow::Owned(voxels.zip(samples).filter(|(voxel, _)| channel.sees(*voxel)).map(|(_, sample)| *sample).collect())
    }

    /// Its box in the image: z, y, x.
    pub fn place_in_image(&self) -> [Range<usize>; 3] {
        [0, 1, 2].map(|a| self.extent.lo[a]..self.extent.hi[a])
    }

    /// Whether a 2-D object has pixels at the border of the image.
    pub fn touches_border(&self) -> bool {
        let (lo, hi, size) = (self.extent.lo, self.extent.hi, self.shape.zyx());
        (1..3).any(|a| lo[a] == 0 || hi[a] == size[a])
    }

    /// Whether one of its voxels shares a face with one that the mask has 1 in.
    pub fn lies_beside(&self, mask: &[u8]) -> bool {
        let steps = [self.shape.y * self.shape.x, self.shape.x, 1];
        let is_beside = |voxel: usize| {
            let at = self.shape.position(voxel);
            (0..3).any(|a| {
                let (before, behind) = (at[a] > 0, at[a] + 1 < self.shape.zyx()[a]);
                before && mask[voxel - steps[a]] == 1 || behind && mask[voxel + steps[a]] == 1
            })
        };
        self.runs.iter().flat_map(|run| run.voxels(self.shape.x)).any(is_beside)
    }

    /// The box of the object with a margin, as far as the image goes: its size, the samples of all its voxels, and which of
    /// them are the object's. Where it fills most of its slices it is these, as they lie in the image.
    pub fn cut<'b>(&self, image: &'b [i32], margin: [usize; 3]) -> (Shape, Cow<'b, [i32]>, Vec<bool>) {
        let [zs, mut ys, mut xs] = [0, 1, 2].map(|a| {
            let (lo, hi) = (self.extent.lo[a].saturating_sub(margin[a]), self.extent.hi[a].saturating_add(margin[a]));
            lo..hi.min(self.shape.zyx()[a])
        });
        let is_wide = self.shape.y * self.shape.x <= 2 * ys.len() * xs.len();
        if is_wide {
            (ys, xs) = (0..self.shape.y, 0..self.shape.x);
        }
        let shape = Shape::new(zs.len(), ys.len(), xs.len());
        let samples = if is_wide {
            let start = self.shape.index(zs.start, 0, 0);
            Cow::Borrowed(&image[start..start + shape.len()])
        } else {
            let mut samples = Vec::with_capacity(shape.len());
            for (z, y) in zs.clone().flat_map(|z| ys.clone().map(move |y| (z, y))) {
                let start = self.shape.index(z, y, xs.start);
                samples.extend_from_slice(&image[start..start + xs.len()]);
            }
            Cow::Owned(samples)
        };
        let inside = self.mask_in(&[zs, ys, xs]);
        (shape, samples, inside)
    }

    /// Which voxels of a box that holds the object are its own.
    pub fn mask_in(&self, [zs, ys, xs]: &[Range<usize>; 3]) -> Vec<bool> {
        let shape = Shape::new(zs.len(), ys.len(), xs.len());
        let mut inside = vec![false; shape.len()];
        self.each_run(|z, y, x0, x1| {
            let start = shape.index(z - zs.start, y - ys.start, x0 - xs.start);
            inside[start..start + (x1 - x0)].fill(true);
        });
        inside
    }

    /// The object alone, with a frame of zeros of the given width.
    pub fn crop(&self, frame: [usize; 3]) -> Crop {
        let (lo, size) = (self.extent.lo, self.size(frame));
        let mut crop = Crop { size, cells: vec![0; size.iter().product()] };
        self.each_run(|z, y, x0, x1| {
            let start = crop.index(z - lo[0] + frame[0], y - lo[1] + frame[1], x0 - lo[2] + frame[2]);
            crop.cells[start..start + (x1 - x0)].fill(1);
        });
        crop
    }

    /// The object alone, in a box that holds it.
    pub fn crop_in(&self, within: &[Range<usize>; 3]) -> Crop {
        let cells = self.mask_in(within).into_iter().map(u8::from).collect();
        Crop { size: within.each_ref().map(Range::len), cells }
    }

    /// The crop that shapes are measured on.
    pub fn framed(&self) -> Crop {
        self.crop(self.frame())
    }

    /// One voxel on each side, none in z for 2-D images.
    fn frame(&self) -> [usize; 3] {
        [usize::from(!self.shape.is_flat()), 1, 1]
    }

    /// Size of that crop, z, y, x.
    pub fn framed_size(&self) -> [usize; 3] {
        self.size(self.frame())
    }

    fn size(&self, frame: [usize; 3]) -> [usize; 3] {
        let Extent { lo, hi, .. } = self.extent;
        std::array::from_fn(|a| hi[a] - lo[a] + 2 * frame[a])
    }

    /// As [`Object::each_run`], with places in that crop.
    pub fn each_framed_run(&self, mut f: impl FnMut(usize, usize, usize, usize)) {
        let (lo, frame) = (self.extent.lo, self.frame());
        self.each_run(|z, y, x0, x1| {
            f(z - lo[0] + frame[0], y - lo[1] + frame[1], x0 - lo[2] + frame[2], x1 - lo[2] + frame[2]);
        });
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
        let labels = Labels::new(shape, vec![0, 1, 1, 0, /**/ 0, 0, 1, 3, /**/ 0, 0, 0, 3]).unwrap();
        let object = Object::new(&labels, 1, Extent { n: 3, lo: [0, 0, 1], hi: [1, 2, 3] }).unwrap();
        assert_eq!(object.crop([0; 3]).cells, [1, 1, 0, 1]);
        assert_eq!(object.framed().size, [1, 4, 4]);
        let image: Vec<i32> = (0..12).collect();
        let (size, samples, inside) = object.cut(&image, [0, 1, 0]);
        assert_eq!((size, samples), (Shape::flat(3, 4), (0..12).collect()));
        assert_eq!(inside[1..3], [true; 2]);
        let one = Object::new(&labels, 3, Extent { n: 2, lo: [0, 1, 3], hi: [1, 3, 4] }).unwrap();
        let (size, samples, _) = one.cut(&image, [0; 3]);
        assert_eq!((size, samples.as_ref()), (Shape::flat(2, 1), &[7, 11][..]));
        assert_eq!(object.samples(&(0..12).collect::<Vec<_>>()), [1, 2, 6]);
    }
}
