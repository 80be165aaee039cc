//! What fills an ellipse stays whole, whatever valleys run through it.
//!
//! A nucleus with bright spots, or a long one, has valleys and necks of its own; two that touch leave the corners between them
//! empty. So the objects of a split are joined again, pair by pair in the order of the saddles, as a tree: of each branch the
//! ellipse with its moments is known, and where the branch fills [`CERTAIN`] of it, or [`LIKELY`] if the smaller of the two that
//! meet there is no typical object, it is one object. The largest such branch counts.
//!
//! Bit budget: moments in 128 bits, exact; the share of the ellipse on the host, in f64.
//! Reference: this project; `docs/segmentation.md` has how it was chosen. Moments of ellipses: Jähne, Digital Image Processing.

use super::split_saddles::{Pair, Peak};
use crate::image::ObjectRun;
use crate::units::Shape;
use std::f64::consts::PI;
use std::ops::AddAssign;

/// Two that touch fill less of the ellipse around both.
const CERTAIN: f64 = 0.98;
/// Enough where one of the two is smaller than the typical object.
const LIKELY: f64 = 0.95;

/// Voxels with the sums of their coordinates and of the products of these: x, y, z; xx, yy, zz, xy, xz, yz.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moments {
    n: i128,
    first: [i128; 3],
    second: [i128; 6],
}

impl AddAssign for Moments {
    fn add_assign(&mut self, other: Self) {
        self.n += other.n;
        self.first.iter_mut().zip(other.first).for_each(|(sum, more)| *sum += more);
        self.second.iter_mut().zip(other.second).for_each(|(sum, more)| *sum += more);
    }
}

impl Moments {
    /// Of the voxels of these runs.
    pub fn of(runs: &[ObjectRun], shape: Shape) -> Self {
        let mut all = Moments::default();
        for run in runs {
            let [z, y] = run.zy(shape).map(|v| v as i128);
            let (start, end, n) = (i128::from(run.start), i128::from(run.end), i128::from(run.len()));
            let x = (start + end - 1) * n / 2;
            let below = |end: i128| (end - 1) * end * (2 * end - 1) / 6;
            all += Moments {
                n,
                first: [x, n * y, n * z],
                second: [below(end) - below(start), n * y * y, n * z * z, x * y, x * z, n * y * z],
            };
        }
        all
    }

    /// The share of the ellipse (in depth: the ellipsoid) with the same moments that the voxels fill: at most 1, but for
    /// rounding. A voxel counts as the square or cube that it is.
    fn share_of_ellipse(&self, flat: bool) -> f64 {
        let n = self.n as f64;
        let of = |k: usize, [i, j]: [usize; 2]| {
            let spread = (self.n * self.second[k] - self.first[i] * self.first[j]) as f64 / (n * n);
            if i == j { spread + 1.0 / 12.0 } else { spread }
        };
        let [xx, yy, zz] = [0, 1, 2].map(|i| of(i, [i, i]));
        let [xy, xz, yz] = [of(3, [0, 1]), of(4, [0, 2]), of(5, [1, 2])];
        if flat {
            return n / (4.0 * PI * (xx * yy - xy * xy).sqrt());
        }
        let det = xx * (yy * zz - yz * yz) - xy * (xy * zz - yz * xz) + xz * (xy * yz - yy * xz);
        n / (4.0 / 3.0 * PI * 5.0f64.powi(3).sqrt() * det.sqrt())
    }
}

/// What a branch of the tree of objects is made of.
struct Branch {
    /// Peaks that objects are called after.
    objects: Vec<usize>,
    moments: Moments,
}

/// Gives each peak the number of its object when those that fill an ellipse are whole. `objects` is what a merge has given,
/// each called after one of its peaks, counted from 1; `moments` are those of the objects, by peak.
pub(super) fn whole(
    peaks: &[Peak],
    pairs: &[Pair],
    objects: &[u32],
    moments: Vec<Moments>,
    typical_size: f64,
    shape: Shape,
) -> Vec<u32> {
    let position = |index: u32| peaks.binary_search_by_key(&index, |p| p.index).unwrap_or(0);
    let own: Vec<usize> = objects.iter().map(|&object| object as usize - 1).collect();
    // The branch of each object, and the object that each one became part of.
    let (mut root, mut part): (Vec<usize>, Vec<usize>) = ((0..own.len()).collect(), (0..own.len()).collect());
    let mut branches: Vec<Branch> =
        moments.into_iter().enumerate().map(|(k, moments)| Branch { objects: vec![k], moments }).collect();
    for pair in pairs {
        let [a, b] = [pair.a, pair.b].map(|index| own[position(index)]);
        let (a, b) = (root[a], root[b]);
        if a == b {
            continue;
        }
        // The members of the shorter list move.
        let (to, from) = if branches[a].objects.len() >= branches[b].objects.len() { (a, b) } else { (b, a) };
        let smaller = branches[a].moments.n.min(branches[b].moments.n) as f64;
        let moved = std::mem::take(&mut branches[from].objects);
        moved.iter().for_each(|&object| root[object] = to);
        let more = branches[from].moments;
        branches[to].moments += more;
        branches[to].objects.extend(moved);
        let enough = if smaller < typical_size { LIKELY } else { CERTAIN };
        if branches[to].moments.share_of_ellipse(shape.is_flat()) >= enough {
            let called = branches[to].objects.iter().copied().min_by_key(|&k| (-i64::from(peaks[k].height), k));
            branches[to].objects.iter().for_each(|&object| part[object] = called.unwrap_or(object));
        }
    }
    own.iter().map(|&object| part[object] as u32 + 1).collect()
}

#[cfg(test)]
mod tests {
    //! Oracle: shapes that are worked out by hand.
    use super::*;

    fn share(shape: Shape, inside: impl Fn(f64, f64, f64) -> bool) -> f64 {
        let mut all = Moments::default();
        for row in 0..shape.z * shape.y {
            for x in 0..shape.x {
                if inside((row / shape.y) as f64, (row % shape.y) as f64, x as f64) {
                    let x = x as u32;
                    all += Moments::of(&[ObjectRun { row: row as u32, start: x, end: x + 1 }], shape);
                }
            }
        }
        all.share_of_ellipse(shape.is_flat())
    }

    #[test]
    fn ellipses_fill_theirs_and_pairs_of_disks_do_not() {
        let plane = Shape::flat(60, 90);
        let disk = |y: f64, x: f64, r: f64| move |v: f64, u: f64| (v - y).powi(2) + (u - x).powi(2) <= r * r;
        let one = disk(30.0, 40.0, 12.0);
        assert!((share(plane, |_, y, x| one(y, x)) - 1.0).abs() < 0.005);
        let long = |_: f64, y: f64, x: f64| ((y - 30.0) / 8.0).powi(2) + ((x + y - 75.0) / 30.0).powi(2) <= 1.0;
        assert!((share(plane, long) - 1.0).abs() < 0.005);
        // Two that touch: 2 pi / (4 pi sqrt(1/4 (1/4 + 1))) = 0.894; of these pixels 0.882.
        let two = disk(30.0, 64.0, 12.0);
        assert!((share(plane, |_, y, x| one(y, x) || two(y, x)) - 0.882).abs() < 0.001);
        // A square: 1 / (4 pi / 12) = 0.955.
        assert!((share(plane, |_, y, x| (10.0..50.0).contains(&y) && (10.0..50.0).contains(&x)) - 0.955).abs() < 1e-3);
        let ball = |z: f64, y: f64, x: f64| {
            ((z - 10.0) / 6.0).powi(2) + ((y - 20.0) / 11.0).powi(2) + ((x - 20.0) / 11.0).powi(2) <= 1.0
        };
        assert!((share(Shape { z: 21, y: 41, x: 41 }, ball) - 1.0).abs() < 0.01);
        assert!((share(plane, |_, y, x| y == 3.0 && x == 5.0) - 0.955).abs() < 1e-3);
    }

    #[test]
    fn runs_are_the_sums_of_their_voxels() {
        let shape = Shape { z: 3, y: 5, x: 20 };
        let run = ObjectRun { row: 13, start: 4, end: 17 };
        let mut voxels = Moments::default();
        (4..17).for_each(|x| voxels += Moments::of(&[ObjectRun { row: 13, start: x, end: x + 1 }], shape));
        assert_eq!(Moments::of(&[run], shape), voxels);
    }
}
