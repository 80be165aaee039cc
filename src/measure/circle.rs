//! The smallest circle around a 2-D object, and which of its pixels count as within it, both as CellProfiler has them.
//!
//! CellProfiler drops pixels that lie beyond the circle, which is so for those on it wherever the last digit of a quotient says so.
//! The circle is worked out as it does it (Chrystal 1885), so that the same pixels are dropped.

use super::object::Object;

/// A circle by its centre and squared radius.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circle {
    pub y: f64,
    pub x: f64,
    pub r2: f64,
}

impl Circle {
    pub fn radius(&self) -> f64 {
        self.r2.sqrt()
    }
}

/// The smallest circle around the pixel centres with these corners; none for a single pixel, which has no radius.
///
/// From one side of the hull on: the corner that sees the side under the least angle is taken in place of the end of the side
/// where the triangle is obtuse, until it is obtuse nowhere.
pub(super) fn smallest(corners: &[[i64; 2]]) -> Option<Circle> {
    let mut corners = corners.to_vec();
    // Round the object as CellProfiler goes: from the first pixel of its first column, then up.
    let first = (0..corners.len()).min_by_key(|&i| (corners[i][1], corners[i][0]))?;
    corners.rotate_left(first);
    if let [_, b, .., z] = corners[..]
        && turn(&corners[0], &b, &z) < 0
    {
        corners[1..].reverse();
    }
    let apart = |p: &[i64; 2], q: &[i64; 2]| ((p[0] - q[0]).pow(2) + (p[1] - q[1]).pow(2)) as f64;
    let between = |p: &[i64; 2], q: &[i64; 2]| {
        Some(Circle { y: (p[0] + q[0]) as f64 / 2.0, x: (p[1] + q[1]) as f64 / 2.0, r2: apart(p, q) / 4.0 })
    };
    let (mut p, mut q) = (*corners.first()?, *corners.get(1)?);
    // The circle grows from step to step; the bound is there for one that does not.
    for _ in 0..corners.len() {
        let dot = |at: &[i64; 2], to: &[i64; 2], from: &[i64; 2]| {
            (to[0] - at[0]) * (from[0] - at[0]) + (to[1] - at[1]) * (from[1] - at[1])
        };
        let angle = |at: &[i64; 2], to: &[i64; 2], from: &[i64; 2]| {
            libm::acos((dot(at, to, from) as f64 / (apart(at, to) * apart(at, from)).sqrt()).clamp(-1.0, 1.0))
        };
        let seen = |v: &[i64; 2]| std::f64::consts::PI - angle(&q, v, &p) - angle(&p, v, &q);
        // The smaller the angle, the larger its cotangent, which is quickly found. Only where the best are nearly alike it is
        // CellProfiler's rounding that decides.
        let others = corners.iter().filter(|v| **v != p && **v != q);
        let cotangent = |v: &[i64; 2]| dot(v, &p, &q) as f64 / turn(v, &p, &q).abs() as f64;
        let cotangents: Vec<(&[i64; 2], f64)> = others.map(|v| (v, cotangent(v))).collect();
        let best = cotangents.iter().map(|v| v.1).fold(f64::NEG_INFINITY, f64::max);
        let is_near = |c: f64| best - c <= 1e-6 * (1.0 + best * best + c * c);
        let mut near = cotangents.iter().filter(|v| is_near(v.1)).map(|v| *v.0);
        let v = match (near.next(), near.next()) {
            (None, _) => return between(&p, &q),
            (Some(v), None) => v,
            (Some(v), Some(w)) => {
                [v, w].into_iter().chain(near).min_by(|v, w| seen(v).total_cmp(&seen(w))).unwrap_or(v)
            }
        };
        if dot(&v, &p, &q) <= 0 {
            return between(&p, &q);
        }
        if dot(&p, &v, &q) < 0 {
            p = v;
        } else if dot(&q, &v, &p) < 0 {
            q = v;
        } else {
            return Some(through(&p, &q, &v));
        }
    }
    between(&p, &q)
}

/// Twice the area of a triangle, with a sign for its direction.
fn turn(a: &[i64; 2], b: &[i64; 2], c: &[i64; 2]) -> i64 {
    (b[1] - a[1]) * (c[0] - a[0]) - (b[0] - a[0]) * (c[1] - a[1])
}

/// Through three points, of which the radius is measured to the first.
fn through(p: &[i64; 2], q: &[i64; 2], v: &[i64; 2]) -> Circle {
    let square = |p: &[i64; 2]| i128::from(p[0] * p[0] + p[1] * p[1]);
    let sum = |a: usize| {
        square(p) * i128::from(q[a] - v[a]) + square(q) * i128::from(v[a] - p[a]) + square(v) * i128::from(p[a] - q[a])
    };
    // Whole numbers: only the quotient is rounded.
    let twice = 2 * (p[1] * (q[0] - v[0]) + q[1] * (v[0] - p[0]) + v[1] * (p[0] - q[0]));
    let (y, x) = (-sum(1) as f64 / twice as f64, sum(0) as f64 / twice as f64);
    let (dy, dx) = (p[0] as f64 - y, p[1] as f64 - x);
    let r2 = dy * dy + dx * dx;
    Circle { y, x, r2 }
}

/// What says which pixels of an object lie within a circle.
pub(super) struct Within<'a> {
    circle: &'a Circle,
    radius: f64,
    /// Of the object, its first one, and their squared distances to the centre in parts of the radius.
    first: usize,
    columns: Vec<f64>,
}

impl<'a> Within<'a> {
    pub fn of(object: &Object, circle: &'a Circle) -> Self {
        let ([_, _, xs], radius) = (object.place_in_image(), circle.radius());
        let columns = xs.clone().map(|x| square(x, circle.x, radius)).collect();
        Within { circle, radius, first: xs.start, columns }
    }

    /// Of a run that begins at y and x, the squares of the rows and of the columns from there on: a pixel lies within the circle if
    /// both together are no more than 1.
    pub fn squares(&self, [y, x]: [usize; 2]) -> (f64, &[f64]) {
        (square(y, self.circle.y, self.radius), &self.columns[x - self.first..])
    }
}

/// The squared distance along an axis, in parts of the radius.
fn square(at: usize, centre: f64, radius: f64) -> f64 {
    let away = (at as f64 - centre) / radius;
    away * away
}

#[cfg(test)]
mod tests {
    //! Oracle: circles known by eye.
    use super::*;

    #[test]
    fn the_circle_around_corners() {
        let of = |corners: &[[i64; 2]]| smallest(corners).map(|c| (c.y, c.x, c.r2));
        assert_eq!(of(&[[0, 0], [0, 4], [1, 2]]), Some((0.0, 2.0, 4.0)));
        assert_eq!(of(&[[0, 0], [0, 4], [4, 4], [4, 0]]), Some((2.0, 2.0, 8.0)));
        assert_eq!(of(&[[3, 3]]), None);
        assert_eq!(of(&[]), None);
    }
}
