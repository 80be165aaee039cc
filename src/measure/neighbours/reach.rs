//! Which objects of a 2-D image lie within reach of an object, and how much of its outline they touch, as CellProfiler's
//! MeasureObjectNeighbors has it: all in whole pixels.
//!
//! An object within reach is one that this one, grown by a disk, covers a pixel of. The outline of an object are its pixels with one of
//! another value among their eight neighbours, and those at the border of the image.

use crate::measure::object::Object;
use std::ops::Range;

/// Squares of distances between the centres of pixels, the ends included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Disk {
    /// Of the disk that the object is grown by.
    pub squared: u64,
    /// Of the disk that others are grown by, half a pixel more, to cover what they touch of the outline.
    pub touching: u64,
}

impl Disk {
    /// With a radius in pixels that is not below 0.
    pub fn new(radius: f64) -> Self {
        // What is a whole number but for rounding is one.
        let whole = |square: f64| (square * (1.0 + super::END)).floor() as u64;
        Disk { squared: whole(radius * radius), touching: whole((radius + 0.5) * (radius + 0.5)) }
    }
}

/// An object in the labels of its image.
pub struct Place<'a> {
    label: u32,
    voxels: &'a [u32],
    /// Rows and columns of the image.
    size: [usize; 2],
    /// Row, first column and the one behind the last, in raster order.
    runs: Vec<[usize; 3]>,
    /// Row and column in raster order.
    outline: Vec<[usize; 2]>,
}

impl<'a> Place<'a> {
    /// Of an object in a single slice.
    pub fn of(object: &Object, label: u32, voxels: &'a [u32]) -> Self {
        let mut runs = Vec::with_capacity(object.runs().len());
        object.each_run(|_, y, x0, x1| runs.push([y, x0, x1]));
        let size = [object.shape.y, object.shape.x];
        let mut place = Place { label, voxels, size, runs, outline: vec![] };
        place.outline = place.runs.iter().flat_map(|&[y, x0, x1]| (x0..x1).map(move |x| [y, x])).collect();
        let is_outline: Vec<bool> = place.outline.iter().map(|at| place.is_outline(*at)).collect();
        let mut is_outline = is_outline.into_iter();
        place.outline.retain(|_| is_outline.next().unwrap_or(false));
        place
    }

    fn row(&self, y: usize, xs: Range<usize>) -> &'a [u32] {
        &self.voxels[y * self.size[1] + xs.start..y * self.size[1] + xs.end]
    }

    fn is_outline(&self, [y, x]: [usize; 2]) -> bool {
        let [height, width] = self.size;
        let is_border = y == 0 || x == 0 || y + 1 == height || x + 1 == width;
        is_border || (y - 1..y + 2).any(|y| self.row(y, x - 1..x + 2).iter().any(|v| *v != self.label))
    }

    fn is_other(&self, label: u32) -> bool {
        label != 0 && label != self.label
    }

    /// Pixels of the outline.
    pub fn outline(&self) -> u64 {
        self.outline.len() as u64
    }

    /// How many other objects it reaches when it is grown by the disk: row by row of the image, over the parts that the disk around its runs covers.
    pub fn neighbours(&self, disk: Disk) -> usize {
        let [height, width] = self.size;
        let far = (disk.squared.isqrt() as usize).min(height.max(width));
        let (Some(first), Some(last)) = (self.runs.first(), self.runs.last()) else { return 0 };
        let (mut others, mut parts): (Vec<u32>, Vec<[usize; 2]>) = (vec![], vec![]);
        for y in first[0].saturating_sub(far)..(last[0] + far + 1).min(height) {
            let from = self.runs.partition_point(|run| run[0] + far < y);
            let to = self.runs.partition_point(|run| run[0] <= y + far);
            parts.clear();
            parts.extend(self.runs[from..to].iter().map(|&[row, x0, x1]| {
                let wide = (disk.squared - (row.abs_diff(y) as u64).pow(2)).isqrt() as usize;
                [x0.saturating_sub(wide), x1.saturating_add(wide).min(width)]
            }));
            parts.sort_unstable();
            let mut done = 0;
            for &[x0, x1] in &parts {
                for label in self.row(y, x0.max(done)..x1.max(done)) {
                    if self.is_other(*label) && others.last() != Some(label) {
                        others.push(*label);
                    }
                }
                done = done.max(x1);
            }
        }
        others.sort_unstable();
        others.dedup();
        others.len()
    }

    /// How many pixels of its outline other objects cover when they are grown by the disk.
    pub fn touched(&self, disk: Disk) -> u64 {
        let bands = self.outline.chunk_by(|a, b| a[0] / BAND == b[0] / BAND);
        bands.map(|band| self.touched_of(band, disk.touching)).sum()
    }

    /// Of pixels that lie in few rows: first how far the next other object is along each column, then along the rows.
    fn touched_of(&self, band: &[[usize; 2]], squared: u64) -> u64 {
        let [height, width] = self.size;
        let (Some(first), Some(last)) = (band.first(), band.last()) else { return 0 };
        let far = (squared.isqrt() as usize).min(height.max(width));
        let columns = || band.iter().map(|at| at[1]);
        let left = columns().min().unwrap_or(0).saturating_sub(far);
        let right = (columns().max().unwrap_or(0) + far + 1).min(width);
        let (rows, wide) = (first[0]..last[0] + 1, right - left);
        let mut away = vec![u32::MAX; rows.len() * wide];
        let mut steps = vec![u32::MAX; wide];
        let mut walk = |y: usize| {
            for (steps, label) in steps.iter_mut().zip(self.row(y, left..right)) {
                *steps = if self.is_other(*label) { 0 } else { steps.saturating_add(1) };
            }
            if rows.contains(&y) {
                let start = (y - rows.start) * wide;
                away[start..start + wide].iter_mut().zip(&steps).for_each(|(away, steps)| *away = (*away).min(*steps));
            }
        };
        (rows.start.saturating_sub(far)..rows.end).for_each(&mut walk);
        // What was met on the way down lies beyond the rows on the way up, or as near as it was.
        (rows.start..(rows.end + far).min(height)).rev().for_each(&mut walk);
        let is_touched = |at: &&[usize; 2]| {
            let (row, x) = ((at[0] - rows.start) * wide, at[1] - left);
            let near = x.saturating_sub(far)..(x + far + 1).min(wide);
            near.into_iter().any(|there| {
                let (dy, dx) = (u64::from(away[row + there]), there.abs_diff(x) as u64);
                dy * dy + dx * dx <= squared
            })
        };
        band.iter().filter(is_touched).count() as u64
    }
}

/// Rows whose distances are kept at a time.
const BAND: usize = 64;

#[cfg(test)]
mod tests {
    //! Oracle: all pairs of pixels; outlines and neighbours counted by eye.
    use super::*;
    use crate::image::Labels;
    use crate::ops::extent::extents;
    use crate::units::Shape;

    fn each(shape: Shape, voxels: &[u32], mut f: impl FnMut(u32, &Place)) {
        let labels = Labels::new(shape, voxels.to_vec()).unwrap();
        for (label, extent) in (1..).zip(extents(&labels).unwrap()) {
            if extent.n > 0 {
                let object = Object::new(&labels, label, extent).unwrap();
                f(label, &Place::of(&object, label, voxels));
            }
        }
    }

    #[test]
    fn neighbours_on_a_small_grid() {
        let rows = [[1, 1, 0, 2, 0, 0], [1, 1, 0, 0, 0, 0], [1, 1, 3, 0, 0, 0], [0, 0, 0, 0, 0, 4]];
        let mut found = vec![];
        each(Shape::flat(4, 6), &rows.concat(), |_, place| {
            let of = |radius: f64| (place.neighbours(Disk::new(radius)), place.touched(Disk::new(radius)));
            found.push((place.outline(), of(1.0), of(2.0)));
        });
        // Of the first object two pixels lie beside or across the third one; five of the six lie within 2.5 of another one.
        assert_eq!(found[0], (6, (1, 2), (2, 5)));
        assert_eq!(found[2], (1, (1, 1), (1, 1)));
        assert_eq!(found[3], (1, (0, 0), (0, 0)));
    }

    #[test]
    fn reach_is_that_of_all_pairs() {
        // Patches that touch, with holes and pieces; higher than a band.
        for (height, width) in [(150, 9), (40, 60), (1, 50), (50, 1)] {
            let shape = Shape::flat(height, width);
            let of = |i: usize| {
                let (y, x) = (i / width / 5, i % width / 4);
                let hashed = (y * 31 + x * 17 + 7).wrapping_mul(2_654_435_761) >> 7;
                if (i * 7919).is_multiple_of(11) { 0 } else { (hashed % 9) as u32 }
            };
            let voxels: Vec<u32> = (0..shape.len()).map(of).collect();
            let at = |i: usize| [i / width, i % width];
            let far = |a: usize, b: usize| {
                let (a, b) = (at(a), at(b));
                (a[0].abs_diff(b[0]).pow(2) + a[1].abs_diff(b[1]).pow(2)) as u64
            };
            each(shape, &voxels, |label, place| {
                let own: Vec<usize> = (0..voxels.len()).filter(|&i| voxels[i] == label).collect();
                let others: Vec<usize> = (0..voxels.len()).filter(|&i| voxels[i] != label && voxels[i] > 0).collect();
                for radius in [0.0, 1.0, 2.0, 3.3, 10.0, 400.0] {
                    let disk = Disk::new(radius);
                    let met = others.iter().filter(|&&b| own.iter().any(|&a| far(a, b) <= disk.squared));
                    let met: std::collections::BTreeSet<u32> = met.map(|&b| voxels[b]).collect();
                    assert_eq!(place.neighbours(disk), met.len(), "{label} {radius}");
                    let is_met =
                        |&&[y, x]: &&[usize; 2]| others.iter().any(|&b| far(y * width + x, b) <= disk.touching);
                    let touched = place.outline.iter().filter(is_met).count() as u64;
                    assert_eq!(place.touched(disk), touched, "{label} {radius}");
                }
            });
        }
    }

    #[test]
    fn disks_end_where_whole_numbers_do() {
        assert_eq!(Disk::new(1.0), Disk { squared: 1, touching: 2 });
        assert_eq!(Disk::new(5.0), Disk { squared: 25, touching: 30 });
        // 6.5 um of 0.65 um pixels are ten.
        assert_eq!(Disk::new(6.5 / 0.65), Disk::new(10.0));
        assert_eq!(Disk::new(0.1 * 30.0).squared, 9);
    }
}
