//! The ellipse, straight or bent, with the moments of some voxels, and how much of it they fill.
//!
//! An ellipse is bent by a parabola along its long axis: `v - k u^2`, with the k that leaves the least variance. That takes
//! `E[u^2 v]^2 / var(u^2)` off the variance across, and `var(u^2)` of an ellipse is the square of `var(u)`. A bow of more than its own width counts as
//! one of that. Ellipsoids are straight.
//!
//! Bit budget: sums in 128 bits, exact (second and third powers of coordinates below 2^31 of fewer than 2^31 voxels); shares on the host, in f64.
//! Reference: moments of ellipses: Jähne, Digital Image Processing.

use crate::image::ObjectRun;
use crate::units::Shape;
use std::f64::consts::PI;
use std::ops::AddAssign;

/// Voxels with the sums of their coordinates and of the products of these: x, y, z; xx, yy, zz, xy, xz, yz; xxx, xxy, xyy, yyy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moments {
    n: i128,
    first: [i128; 3],
    second: [i128; 6],
    third: [i128; 4],
}

impl AddAssign for Moments {
    fn add_assign(&mut self, other: Self) {
        self.n += other.n;
        self.first.iter_mut().zip(other.first).for_each(|(sum, more)| *sum += more);
        self.second.iter_mut().zip(other.second).for_each(|(sum, more)| *sum += more);
        self.third.iter_mut().zip(other.third).for_each(|(sum, more)| *sum += more);
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
            let squares = |end: i128| (end - 1) * end * (2 * end - 1) / 6;
            let cubes = |end: i128| ((end - 1) * end / 2).pow(2);
            let xx = squares(end) - squares(start);
            all += Moments {
                n,
                first: [x, n * y, n * z],
                second: [xx, n * y * y, n * z * z, x * y, x * z, n * y * z],
                third: [cubes(end) - cubes(start), xx * y, x * y * y, n * y * y * y],
            };
        }
        all
    }

    /// How many there are.
    pub fn voxels(&self) -> f64 {
        self.n as f64
    }

    /// The share of the ellipse (in depth: the ellipsoid) with the same moments that the voxels fill: at most 1, but for
    /// rounding. A voxel counts as the square or cube that it is.
    pub fn share_of_ellipse(&self, flat: bool) -> f64 {
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

    /// As [`Self::share_of_ellipse`], of one that may be bent in its plane.
    pub fn share_of_bent_ellipse(&self, flat: bool) -> f64 {
        if !flat {
            return self.share_of_ellipse(flat);
        }
        let ([xx, xy, yy], third) = self.about_the_middle();
        let (xx, yy) = (xx + 1.0 / 12.0, yy + 1.0 / 12.0);
        let apart = ((xx - yy) * (xx - yy) + 4.0 * xy * xy).sqrt();
        let (long, short) = ((xx + yy + apart) / 2.0, (xx + yy - apart) / 2.0);
        // Along the long axis.
        let (x, y) = if xx >= yy { (long - yy, xy) } else { (xy, long - xx) };
        let length = (x * x + y * y).sqrt();
        let (x, y) = if length > 0.0 { (x / length, y / length) } else { (1.0, 0.0) };
        let [xxx, xxy, xyy, yyy] = third;
        let bow =
            -x * x * y * xxx + (x * x - 2.0 * y * y) * x * xxy + (2.0 * x * x - y * y) * y * xyy + y * y * x * yyy;
        let across = (short - bow * bow / (long * long)).max(short / 2.0);
        self.voxels() / (4.0 * PI * (long * across).sqrt())
    }

    /// Second (xx, xy, yy) and third moments about the middle, in the plane.
    fn about_the_middle(&self) -> ([f64; 3], [f64; 4]) {
        let n = self.n;
        let [sx, sy] = [self.first[0], self.first[1]];
        let [xx, yy, xy] = [self.second[0], self.second[1], self.second[3]];
        let [xxx, xxy, xyy, yyy] = self.third;
        // First about the whole place next to it, exactly: numbers are small then.
        let [p, q] = [sx, sy].map(|sum| (2 * sum + n).div_euclid(2 * n));
        let mean = |sum: i128| sum as f64 / n as f64;
        let [x, y] = [sx - n * p, sy - n * q].map(mean);
        let second = [xx - 2 * p * sx + n * p * p, xy - p * sy - q * sx + n * p * q, yy - 2 * q * sy + n * q * q];
        let third = [
            xxx - 3 * p * xx + 3 * p * p * sx - n * p * p * p,
            xxy - 2 * p * xy + p * p * sy - q * second[0],
            xyy - 2 * q * xy + q * q * sx - p * second[2],
            yyy - 3 * q * yy + 3 * q * q * sy - n * q * q * q,
        ];
        let ([xx, xy, yy], [xxx, xxy, xyy, yyy]) = (second.map(mean), third.map(mean));
        let third = [
            xxx - 3.0 * x * xx + 2.0 * x * x * x,
            xxy - 2.0 * x * xy - y * xx + 2.0 * x * x * y,
            xyy - 2.0 * y * xy - x * yy + 2.0 * x * y * y,
            yyy - 3.0 * y * yy + 2.0 * y * y * y,
        ];
        ([xx - x * x, xy - x * y, yy - y * y], third)
    }
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

    /// The share of a bent ellipse of half-axes 24 and 8, turned by `angle`, whose middle line is `v = bow * (u / 24)^2`.
    fn bent(bow: f64, angle: f64) -> [f64; 2] {
        let plane = Shape::flat(90, 90);
        let mut all = Moments::default();
        for (y, x) in (0..90).flat_map(|y| (0..90).map(move |x| (y, x))) {
            let (dx, dy) = (x as f64 - 44.3, y as f64 - 44.8);
            let (u, v) = (dx * angle.cos() + dy * angle.sin(), dy * angle.cos() - dx * angle.sin());
            if (u / 24.0).powi(2) + ((v - bow * (u / 24.0).powi(2)) / 8.0).powi(2) <= 1.0 {
                all += Moments::of(&[ObjectRun { row: y as u32, start: x as u32, end: x as u32 + 1 }], plane);
            }
        }
        [all.share_of_ellipse(true), all.share_of_bent_ellipse(true)]
    }

    #[test]
    fn what_is_bent_fills_a_bent_ellipse_however_it_lies() {
        for angle in [0.0, 0.4, 0.8, std::f64::consts::FRAC_PI_2, 2.5] {
            let ([_, none], [straight, bent]) = (bent(0.0, angle), bent(12.0, angle));
            assert!((none - 1.0).abs() < 0.01, "{angle}: {none}");
            assert!(straight < 0.9 && (bent - 1.0).abs() < 0.02, "{angle}: {straight} {bent}");
        }
        // Two disks that touch are not bent.
        let plane = Shape::flat(60, 90);
        let disk = |y: f64, x: f64, at: f64| (y - 30.0).powi(2) + (x - at).powi(2) <= 144.0;
        let mut two = Moments::default();
        for (y, x) in (0..60).flat_map(|y| (0..90).map(move |x| (y, x))) {
            if disk(y as f64, x as f64, 30.0) || disk(y as f64, x as f64, 54.0) {
                two += Moments::of(&[ObjectRun { row: y as u32, start: x as u32, end: x as u32 + 1 }], plane);
            }
        }
        assert!((two.share_of_bent_ellipse(true) - two.share_of_ellipse(true)).abs() < 1e-9);
        // A single pixel, and far from the corner, where cubes are large.
        let wide = Shape::flat(1, 1 << 20);
        let pixel = Moments::of(&[ObjectRun { row: 0, start: 1_000_000, end: 1_000_001 }], wide);
        assert!((pixel.share_of_bent_ellipse(true) - 0.955).abs() < 1e-3);
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
