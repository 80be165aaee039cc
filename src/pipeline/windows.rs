//! Boxes around objects: what is drawn near them need not look at the rest of the image.
//!
//! Every voxel within reach of an object lies in its box, and boxes that overlap are one window. So a voxel within reach of
//! two objects finds both in its window, and what is drawn in the windows is what is drawn in the whole image, if it follows for each object from what lies
//! within its reach alone. Windows know the objects that they are made around as wholes; of all others (those that are excluded, those that were dropped) they
//! have what lies within reach, so nothing may be asked of these but whether a voxel is theirs and how far it is. Lesions fill
//! a few percent of a scan: on the CPU that is the time saved. A GPU goes over the whole image in one dispatch.

use crate::Result;
use crate::device::{Buffer, Device};
use crate::image::{Labels, ObjectRun, ObjectRuns, Volume};
use crate::ops::extent::{Extent, extents};
use crate::ops::object_runs::to_host;
use crate::units::Shape;

/// With more objects than this the whole image is gone over.
const MOST: u32 = 256;

/// A box of voxels: first, and behind the last, z, y, x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    lo: [usize; 3],
    hi: [usize; 3],
}

/// The windows around all objects, `reach` voxels to each side along z, y, x, that do not overlap; nothing where the whole
/// image is the better choice.
pub(super) fn windows(device: &Device, labels: &Labels, reach: [f64; 3]) -> Result<Option<Vec<Window>>> {
    if labels.count > MOST || !matches!(device, Device::Cpu) {
        return Ok(None);
    }
    let windows = joined(labels, reach)?;
    let voxels: usize = windows.iter().map(|w| w.shape().len()).sum();
    Ok((voxels <= labels.shape.len() / 2).then_some(windows))
}

/// The windows around all objects of labels on the host.
pub(super) fn joined(labels: &Labels, reach: [f64; 3]) -> Result<Vec<Window>> {
    let around = |e: &Extent| Window::around(e, labels.shape, reach);
    Ok(apart(extents(labels)?.iter().filter(|e| e.n > 0).map(around).collect()))
}

/// The box of each object, one without voxels has an empty one; `reach` voxels larger to each side along z, y, x.
pub(super) fn boxes(device: &Device, labels: &Labels, reach: [f64; 3]) -> Result<Vec<Window>> {
    Ok(extents(&to_host(device, labels)?)?.iter().map(|e| Window::around(e, labels.shape, reach)).collect())
}

/// Joins boxes until none overlap.
fn apart(mut boxes: Vec<Window>) -> Vec<Window> {
    let mut out: Vec<Window> = Vec::new();
    while let Some(mut window) = boxes.pop() {
        match out.iter().position(|other| window.overlaps(other)) {
            Some(i) => {
                window.join(&out.swap_remove(i));
                boxes.push(window);
            }
            None => out.push(window),
        }
    }
    out
}

/// Label images of windows in the whole image, numbered in raster order.
pub(super) fn together(windows: &[Window], parts: &[Labels], shape: Shape) -> Result<Labels> {
    // The runs of each object where they lie in the whole.
    let mut objects: Vec<Vec<ObjectRun>> = Vec::new();
    for (window, part) in windows.iter().zip(parts) {
        let runs = part.runs()?;
        let object = |label| runs.of(label).iter().map(|run| window.to_whole(run, shape)).collect();
        objects.extend((1..part.count + 1).map(object).filter(|o: &Vec<_>| !o.is_empty()));
    }
    objects.sort_unstable_by_key(|runs| runs.first().map(|run| run.index(shape.x)));
    Ok(Labels::of_runs(shape, ObjectRuns::of_objects(objects.iter().map(Vec::as_slice))))
}

impl Window {
    fn around(object: &Extent, shape: Shape, reach: [f64; 3]) -> Self {
        // Weights of squared steps are whole numbers, off by less than 1 %; the cast stops at the ends of usize.
        let steps = reach.map(|r| (r * 1.01).ceil() as usize + 1);
        let size = shape.zyx();
        Window {
            lo: std::array::from_fn(|a| object.lo[a].saturating_sub(steps[a])),
            hi: std::array::from_fn(|a| object.hi[a].saturating_add(steps[a]).min(size[a])),
        }
    }

    pub fn overlaps(&self, other: &Window) -> bool {
        (0..3).all(|a| self.lo[a] < other.hi[a] && other.lo[a] < self.hi[a])
    }

    fn join(&mut self, other: &Window) {
        for a in 0..3 {
            self.lo[a] = self.lo[a].min(other.lo[a]);
            self.hi[a] = self.hi[a].max(other.hi[a]);
        }
    }

    fn shape(&self) -> Shape {
        let [z, y, x] = std::array::from_fn(|a| self.hi[a] - self.lo[a]);
        Shape { z, y, x }
    }

    /// Where its rows begin in the image.
    fn starts(&self, shape: Shape) -> impl Iterator<Item = usize> + use<> {
        let Window { lo, hi } = *self;
        (lo[0]..hi[0]).flat_map(move |z| (lo[1]..hi[1]).map(move |y| shape.index(z, y, lo[2])))
    }

    fn cut<T: Copy>(&self, whole: &[T], shape: Shape) -> Vec<T> {
        let row = self.shape().x;
        let mut part = Vec::with_capacity(self.shape().len());
        self.starts(shape).for_each(|start| part.extend_from_slice(&whole[start..start + row]));
        part
    }

    /// What lies in it of a run of the whole image, as a run of this part.
    fn cut_run(&self, run: &ObjectRun, shape: Shape) -> Option<ObjectRun> {
        let [z, y] = run.zy(shape);
        let (start, end) = (self.lo[2].max(run.start as usize), self.hi[2].min(run.end as usize));
        let inside = (self.lo[0]..self.hi[0]).contains(&z) && (self.lo[1]..self.hi[1]).contains(&y) && start < end;
        let row = (z.wrapping_sub(self.lo[0]) * self.shape().y).wrapping_add(y.wrapping_sub(self.lo[1]));
        let [start, end] = [start, end].map(|x| (x - self.lo[2].min(x)) as u32);
        inside.then_some(ObjectRun { row: row as u32, start, end })
    }

    /// A run of this part as one of the whole image.
    fn to_whole(self, run: &ObjectRun, shape: Shape) -> ObjectRun {
        let ([z0, y0, x0], rows, height) = (self.lo.map(|v| v as u32), shape.y as u32, self.shape().y as u32);
        let row = (run.row / height + z0) * rows + run.row % height + y0;
        ObjectRun { row, start: run.start + x0, end: run.end + x0 }
    }

    /// A voxel of this part as one of the whole image.
    pub fn voxel(&self, part: u32, shape: Shape) -> u32 {
        let [z, y, x] = self.shape().position(part as usize);
        shape.index(z + self.lo[0], y + self.lo[1], x + self.lo[2]) as u32
    }

    /// Its part of an image on the host.
    pub fn volume(&self, whole: &Volume) -> Result<Volume> {
        let samples = Buffer::on_host(self.cut(whole.samples.host()?, whole.shape));
        Ok(Volume { shape: self.shape(), ..whole.with(samples) })
    }

    /// Its part of labels on the host, numbered 1, 2, ... in the order of their numbers.
    pub fn labels(&self, whole: &Labels) -> Result<Labels> {
        let (runs, shape) = (whole.runs()?, whole.shape);
        let rows = [self.lo[0] * shape.y + self.lo[1], (self.hi[0] * shape.y + self.hi[1]).saturating_sub(shape.y)];
        let mut objects: Vec<Vec<ObjectRun>> = Vec::new();
        for label in 1..whole.count + 1 {
            // Runs come in raster order: those of other rows are passed over.
            let [from, behind] = rows.map(|row| runs.of(label).partition_point(|run| (run.row as usize) < row));
            let object = runs.of(label)[from..behind].iter().filter_map(|run| self.cut_run(run, shape));
            objects.push(object.collect());
        }
        objects.retain(|object| !object.is_empty());
        Ok(Labels::of_runs(self.shape(), ObjectRuns::of_objects(objects.iter().map(Vec::as_slice))))
    }
}

#[cfg(test)]
mod tests {
    //! Invariant: parts put together are the whole, numbered anew.
    use super::*;
    use crate::ops::renumber::renumber;

    fn flat(lo: [usize; 2], hi: [usize; 2]) -> Window {
        Window { lo: [0, lo[0], lo[1]], hi: [1, hi[0], hi[1]] }
    }

    #[test]
    fn boxes_that_overlap_are_joined() {
        let boxes = [([0, 0], [2, 2]), ([2, 2], [4, 4]), ([5, 5], [9, 9]), ([3, 3], [6, 6])];
        let mut joined = apart(boxes.iter().map(|(lo, hi)| flat(*lo, *hi)).collect());
        joined.sort_by_key(|w| w.lo);
        assert_eq!(joined, [flat([0, 0], [2, 2]), flat([2, 2], [9, 9])]);
    }

    #[test]
    fn parts_make_the_whole() {
        let shape = Shape::flat(6, 40);
        let mut voxels = vec![0; shape.len()];
        // Numbers are not in raster order here.
        for (i, l) in [(85, 1), (86, 1), (5, 2), (45, 2), (79, 3), (204, 4), (205, 4)] {
            voxels[i] = l;
        }
        let labels = Labels::new(shape, voxels).unwrap();
        let found = windows(&Device::Cpu, &labels, [0.0, 0.5, 0.5]).unwrap().unwrap();
        assert!(found.len() > 1);
        let parts: Vec<Labels> = found.iter().map(|w| w.labels(&labels).unwrap()).collect();
        let whole = together(&found, &parts, shape).unwrap();
        let want = renumber(&Device::Cpu, &labels).unwrap();
        assert_eq!((whole.voxels().host().unwrap(), whole.count), (want.voxels().host().unwrap(), want.count));
        assert_eq!(flat([1, 5], [3, 7]).voxel(3, shape), 86);
        // What a window cuts is there as far as it reaches: sets that are excluded have no windows of their own.
        let cut = flat([1, 5], [3, 7]).labels(&labels).unwrap();
        assert_eq!((cut.count, cut.voxels().host().unwrap()), (2, &[2, 0, 1, 1][..]));
        // One that fills the image has nothing to save.
        assert_eq!(windows(&Device::Cpu, &labels, [0.0, 30.0, 30.0]).unwrap(), None);
    }
}
