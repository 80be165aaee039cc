//! Means over spheres around voxels: what SUVpeak is made of.
//!
//! A sphere holds the voxels whose centres lie within its radius of the centre of its middle voxel, the border included
//! (to one in 10^9, so that rounding does not decide). It may reach past the object. At the edge of the image the mean is
//! that of the voxels inside. Sums are exact and means are compared exactly, as products of whole numbers, so neither
//! threads nor order matter.

use super::object::Object;
use crate::units::Shape;
use rayon::prelude::*;

/// Voxels in a row of the sphere.
#[derive(Clone, Copy)]
struct Row {
    dz: isize,
    dy: isize,
    /// Voxels to each side of the middle.
    reach: usize,
}

/// A sphere on the grid.
pub(super) struct Sphere {
    rows: Vec<Row>,
    /// Voxels in all.
    pub voxels: i64,
}

/// Sum and number of the samples in a sphere, and its middle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Around {
    pub sum: i64,
    pub n: i64,
    /// Linear index.
    middle: usize,
}

impl Around {
    /// Mean sample. The middle is always there.
    pub fn mean(&self) -> f64 {
        self.sum as f64 / self.n as f64
    }
    /// The one with the higher mean, or the lower index among equals.
    fn higher(self, other: Self) -> Self {
        let (a, b) = (i128::from(self.sum) * i128::from(other.n), i128::from(other.sum) * i128::from(self.n));
        match a.cmp(&b) {
            std::cmp::Ordering::Greater => self,
            std::cmp::Ordering::Less => other,
            std::cmp::Ordering::Equal if self.middle < other.middle => self,
            std::cmp::Ordering::Equal => other,
        }
    }
}

impl Sphere {
    /// Radius and size of a voxel (z, y, x) in one unit. Memory follows the square of their ratio.
    pub fn new(radius: f64, size: [f64; 3]) -> Self {
        let within = radius * radius * (1.0 + 1e-9);
        let square = |d: isize, a: usize| (d as f64 * size[a]) * (d as f64 * size[a]);
        let [sz, sy, sx] = size.map(|side| (radius / side) as isize + 1);
        let mut rows = Vec::new();
        let mut voxels = 0;
        for dz in -sz..=sz {
            for dy in -sy..=sy {
                let plane = square(dz, 0) + square(dy, 1);
                let reach = (0..=sx).take_while(|&dx| plane + square(dx, 2) <= within).last();
                if let Some(reach) = reach {
                    rows.push(Row { dz, dy, reach: reach as usize });
                    voxels += 2 * reach as i64 + 1;
                }
            }
        }
        Sphere { rows, voxels }
    }

    /// Around each voxel z, y, x0..x1. Rows of the sphere are differences of running totals, so long ones cost no more.
    fn along(&self, image: &[i32], shape: Shape, [z, y, x0, x1]: [usize; 4], room: &mut Room) {
        let Room { totals, sums, counts } = room;
        for list in [&mut *sums, &mut *counts] {
            list.clear();
            list.resize(x1 - x0, 0);
        }
        for row in &self.rows {
            let (Some(z), Some(y)) = (z.checked_add_signed(row.dz), y.checked_add_signed(row.dy)) else { continue };
            if z >= shape.z || y >= shape.y {
                continue;
            }
            let (first, behind) = (x0.saturating_sub(row.reach), (x1 + row.reach).min(shape.x));
            let start = shape.index(z, y, 0);
            totals.clear();
            totals.push(0);
            let mut total = 0;
            totals.extend(image[start + first..start + behind].iter().map(|&s| {
                total += i64::from(s);
                total
            }));
            let width = 2 * row.reach + 1;
            if behind - first == x1 - x0 + width - 1 {
                sums.iter_mut().zip(totals[width..].iter().zip(&*totals)).for_each(|(sum, (b, a))| *sum += b - a);
                counts.iter_mut().for_each(|n| *n += width as i64);
                continue;
            }
            for (x, (sum, n)) in (x0..).zip(sums.iter_mut().zip(&mut *counts)) {
                let (from, to) = (x.saturating_sub(row.reach) - first, (x + row.reach + 1).min(behind) - first);
                *sum += totals[to] - totals[from];
                *n += (to - from) as i64;
            }
        }
    }

    /// The highest mean around the voxels z, y, x0..x1.
    fn best(&self, image: &[i32], shape: Shape, place: [usize; 4], room: &mut Room) -> Option<Around> {
        self.along(image, shape, place, room);
        let middles = shape.index(place[0], place[1], place[2])..;
        let around = middles.zip(room.sums.iter().zip(&room.counts));
        around.map(|(middle, (&sum, &n))| Around { sum, n, middle }).reduce(|a, b| a.higher(b))
    }

    /// The highest mean with the middle in the object; nothing for an object without voxels.
    pub fn highest(&self, object: &Object, image: &[i32]) -> Option<Around> {
        let places: Vec<[usize; 4]> = object.runs().iter().map(|run| object.place(run)).collect();
        self.highest_along(&places, image, object.shape)
    }

    /// The highest mean around the voxels of some runs: z, y, first x and the x behind the last.
    pub fn highest_along(&self, runs: &[[usize; 4]], image: &[i32], shape: Shape) -> Option<Around> {
        let best = |room: &mut Room, run: &[usize; 4]| self.best(image, shape, *run, room);
        runs.par_iter().with_min_len(16).map_init(Room::default, best).flatten().reduce_with(|a, b| a.higher(b))
    }

    /// The highest mean around some voxels, given by linear index; nothing if there are none.
    pub fn highest_at(&self, places: &[usize], image: &[i32], shape: Shape) -> Option<Around> {
        let best = |room: &mut Room, &i: &usize| {
            let [z, y, x] = shape.position(i);
            self.best(image, shape, [z, y, x, x + 1], room)
        };
        places.par_iter().map_init(Room::default, best).flatten().reduce_with(|a, b| a.higher(b))
    }
}

/// What the sums along a run are worked out in.
#[derive(Default)]
struct Room {
    totals: Vec<i64>,
    sums: Vec<i64>,
    counts: Vec<i64>,
}

#[cfg(test)]
mod tests {
    //! Oracle: the sum over all voxels of the image that lie close enough.
    use super::*;
    use crate::image::Labels;
    use crate::ops::extent::extents;

    fn naive(image: &[i32], shape: Shape, middle: [usize; 3], radius: f64, size: [f64; 3]) -> (i64, i64) {
        let away = |p: [usize; 3]| (0..3).map(|a| (p[a].abs_diff(middle[a]) as f64 * size[a]).powi(2)).sum::<f64>();
        let near = (0..shape.len()).filter(|&i| away(shape.position(i)) <= radius * radius * (1.0 + 1e-9));
        near.fold((0, 0), |(sum, n), i| (sum + i64::from(image[i]), n + 1))
    }

    #[test]
    fn sums_are_those_of_the_voxels_close_enough() {
        for (shape, size) in [
            (Shape::new(5, 6, 7), [1.0, 1.0, 1.0]),
            (Shape::new(4, 9, 5), [3.27, 4.6875, 4.6875]),
            (Shape::flat(7, 8), [5.0, 0.5, 2.0]),
            (Shape::new(3, 3, 3), [20.0, 20.0, 20.0]),
        ] {
            let image: Vec<i32> = (0..shape.len() as i32).map(|i| i.wrapping_mul(i32::MAX / 31)).collect();
            for radius in [0.1, 2.0, 6.2035, 50.0] {
                let sphere = Sphere::new(radius, size);
                for i in 0..shape.len() {
                    let got = sphere.highest_at(&[i], &image, shape).unwrap();
                    assert_eq!((got.sum, got.n), naive(&image, shape, shape.position(i), radius, size));
                }
                // Rows at once give what the voxels give one by one.
                let labels =
                    Labels::new(shape, (0..shape.len() as u32).map(|i| u32::from(i % 5 > 0)).collect()).unwrap();
                let object = Object::new(&labels, 1, extents(&labels).unwrap()[0]).unwrap();
                let inside: Vec<usize> = (0..shape.len()).filter(|i| i % 5 > 0).collect();
                let one_by_one = sphere.highest_at(&inside, &image, shape);
                assert_eq!(sphere.highest(&object, &image), one_by_one);
            }
        }
    }

    #[test]
    fn spheres_of_known_size() {
        // Integer points within 2 of the origin, and within 3.
        assert_eq!(Sphere::new(2.0, [1.0; 3]).voxels, 33);
        assert_eq!(Sphere::new(3.0, [1.0; 3]).voxels, 123);
        // Where a side is a decimal fraction, rounding does not drop the poles.
        assert_eq!(Sphere::new(0.3, [0.1; 3]).voxels, 123);
        assert_eq!(Sphere::new(6.0, [7.0; 3]).voxels, 1);
    }
}
