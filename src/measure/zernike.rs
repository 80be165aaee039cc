//! Magnitudes of the Zernike moments of a 2-D object up to order 9 (CellProfiler).
//!
//! With pixel centres mapped to the unit disc by the smallest circle around them (radius `r`):
//! `|sum of R_nm(rho) exp(i m theta)| / (pi r^2)`. Powers replace the exponentials, so there is no transcendental
//! function; the sum runs in raster order.

use super::Request;
use super::family::{Context, Family, Measurer, define};
use super::feature::{Definition, Feature, Get};
use super::hull;
use super::object::Object;
use crate::Result;
use crate::simd::wide;
use serde::Deserialize;

/// How many moments there are.
pub(super) const COUNT: usize = 30;

/// Orders and repetitions in the order of the columns.
pub(super) fn orders() -> impl Iterator<Item = (usize, usize)> {
    (0..10).flat_map(|n| (0..=n).filter(move |m| (n - m) % 2 == 0).map(move |m| (n, m)))
}

/// What the Zernike features are computed from: the magnitudes; none for a single pixel.
#[derive(Clone, Debug)]
pub struct Facts {
    magnitudes: Option<[f64; COUNT]>,
}

impl Facts {
    /// Of a 2-D object.
    pub(super) fn of(object: &Object) -> Self {
        Facts { magnitudes: circle(object).map(|circle| magnitudes(object, &circle)) }
    }
}

/// The smallest circle around the pixel centres of a 2-D object; nothing for a single pixel.
fn circle(object: &Object) -> Option<Circle> {
    let mut ends = Vec::new();
    object.each_run(|_, y, x0, x1| ends.extend([[y as i64, x0 as i64], [y as i64, x1 as i64 - 1]]));
    let corners: Vec<[f64; 2]> = hull::convex(&ends).iter().map(|p| p.map(|v| v as f64)).collect();
    Some(smallest_circle(&corners)).filter(|circle| circle.r2 > 0.0)
}

fn magnitudes(object: &Object, circle: &Circle) -> [f64; COUNT] {
    let moments = moments(object, circle, |_| 1.0);
    moments.map(|z| (z[0] * z[0] + z[1] * z[1]).sqrt() / (std::f64::consts::PI * circle.r2))
}

/// The sums of `R_nm(rho) exp(i m theta)`, real and imaginary parts in the order of the columns, each pixel with a weight: they
/// are counted in raster order. The angle is that from x to y.
pub(super) fn moments(object: &Object, circle: &Circle, weight: impl Fn(usize) -> f64) -> [[f64; 2]; COUNT] {
    let (radius, lo, hi) = (circle.r2.sqrt(), object.extent.lo, object.extent.hi);
    let columns: Vec<f64> = (lo[2]..hi[2]).map(|x| (x as f64 - circle.x) / radius).collect();
    let (mut sums, mut block, mut pixel) = (Sums::default(), Block::default(), 0);
    object.each_run(|_, y, x0, x1| {
        let v = (y as f64 - circle.y) / radius;
        for &u in &columns[x0 - lo[2]..x1 - lo[2]] {
            let k = pixel % BLOCK;
            (block.u[k], block.v[k], block.weight[k]) = (u, v, weight(pixel));
            pixel += 1;
            if k + 1 == BLOCK {
                add(&mut sums, &block, BLOCK);
            }
        }
    });
    add(&mut sums, &block, pixel % BLOCK);
    let mut out = [[0.0; 2]; COUNT];
    for (value, (n, m)) in out.iter_mut().zip(orders()) {
        let mut z = [0.0; 2];
        for k in 0..=(n - m) / 2 {
            let c = coefficient(n, m, k);
            let (of_two, at) = (&sums[(n - m) / 2 - k][m / 2], m % 2 * 2);
            z = [z[0] + c * of_two[at], z[1] + c * of_two[at + 1]];
        }
        *value = z;
    }
    out
}

/// Sums of rho^2k * z^m, from which every order is put together: by k, then two m side by side, real and imaginary.
type Sums = [[[f64; 4]; 5]; 5];

/// Pixels that are taken together.
const BLOCK: usize = 8;

#[derive(Default)]
struct Block {
    u: [f64; BLOCK],
    v: [f64; BLOCK],
    weight: [f64; BLOCK],
}

wide! {
    /// Adds the first pixels of a block: their powers side by side, their sums one after the other.
    fn add(sums: &mut Sums, block: &Block, count: usize) {
        let (u, v, mut re, mut im) = (&block.u, &block.v, block.weight, [0.0; BLOCK]);
        let mut powers = [[[0.0; 4]; 5]; BLOCK];
        for m in 0..10 {
            for (powers, (&re, &im)) in powers.iter_mut().zip(re.iter().zip(&im)) {
                (powers[m / 2][m % 2 * 2], powers[m / 2][m % 2 * 2 + 1]) = (re, im);
            }
            for i in 0..BLOCK {
                (re[i], im[i]) = (re[i] * u[i] - im[i] * v[i], re[i] * v[i] + im[i] * u[i]);
            }
        }
        let mut all = *sums;
        for (i, powers) in powers.iter().enumerate().take(count) {
            let rho2 = u[i] * u[i] + v[i] * v[i];
            let mut even = 1.0;
            for (k, by_m) in all.iter_mut().enumerate() {
                for (sums, powers) in by_m[..5 - k].iter_mut().zip(powers) {
                    for (sum, power) in sums.iter_mut().zip(powers) {
                        *sum += even * power;
                    }
                }
                even *= rho2;
            }
        }
        *sums = all;
    }
}

/// Coefficient of rho^(n - 2k) in the radial polynomial: whole numbers, exact.
fn coefficient(n: usize, m: usize, k: usize) -> f64 {
    let factorial = |v: usize| (1..=v).map(|i| i as f64).product::<f64>();
    let sign = if k.is_multiple_of(2) { 1.0 } else { -1.0 };
    sign * factorial(n - k) / (factorial(k) * factorial((n + m) / 2 - k) * factorial((n - m) / 2 - k))
}

/// A circle by its centre and squared radius.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circle {
    pub y: f64,
    pub x: f64,
    pub r2: f64,
}

impl Circle {
    fn holds(&self, p: &[f64; 2]) -> bool {
        let (dy, dx) = (p[0] - self.y, p[1] - self.x);
        dy * dy + dx * dx <= self.r2 * (1.0 + 1e-12)
    }
    fn between(p: &[f64; 2], q: &[f64; 2]) -> Self {
        let (dy, dx) = ((q[0] - p[0]) / 2.0, (q[1] - p[1]) / 2.0);
        Circle { y: p[0] + dy, x: p[1] + dx, r2: dy * dy + dx * dx }
    }
    /// Through three corners of a hull, which never lie on a line.
    fn through(p: &[f64; 2], q: &[f64; 2], r: &[f64; 2]) -> Self {
        let (by, bx, cy, cx) = (q[0] - p[0], q[1] - p[1], r[0] - p[0], r[1] - p[1]);
        let (b2, c2, d) = (by * by + bx * bx, cy * cy + cx * cx, 2.0 * (bx * cy - by * cx));
        let (uy, ux) = ((bx * c2 - cx * b2) / d, (cy * b2 - by * c2) / d);
        Circle { y: p[0] + uy, x: p[1] + ux, r2: uy * uy + ux * ux }
    }
}

/// Welzl's incremental construction over the corners of a hull.
fn smallest_circle(points: &[[f64; 2]]) -> Circle {
    let mut circle = points.first().map_or(Circle { y: 0.0, x: 0.0, r2: 0.0 }, |p| Circle::between(p, p));
    for (i, p) in points.iter().enumerate() {
        if circle.holds(p) {
            continue;
        }
        circle = Circle::between(p, p);
        for (j, q) in points[..i].iter().enumerate() {
            if circle.holds(q) {
                continue;
            }
            circle = Circle::between(p, q);
            for r in &points[..j] {
                if !circle.holds(r) {
                    circle = Circle::through(p, q, r);
                }
            }
        }
    }
    circle
}

fn magnitude<const I: usize>(f: &Facts) -> Option<f64> {
    f.magnitudes.map(|m| m[I])
}

const fn of<const I: usize>(name: &'static str) -> Feature<Facts> {
    Feature {
        name,
        unit: "1",
        definition: "Magnitude of the Zernike moment of this order and repetition over the area of the smallest circle",
        standard: "CellProfiler:AreaShape_Zernike",
        empty: "2-D only, and only for more than one pixel",
        get: Get::Real(magnitude::<I>),
    }
}

/// Zernike moments of the outline.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zernike {}

impl Family for Zernike {
    fn columns(&self, context: &Context) -> Vec<Definition> {
        define(FEATURES, &context.objects())
    }
    fn begin<'a>(&'a self, _: &'a Request<'a>) -> Result<Measurer<'a>> {
        Ok(Box::new(|object, values| {
            let facts = object.is_flat().then(|| Facts::of(&object.object));
            values.put(FEATURES, facts.as_ref());
            Ok(())
        }))
    }
}

/// Zernike moments.
pub const FEATURES: &[Feature<Facts>] = &[
    of::<0>("zernike_0_0"),
    of::<1>("zernike_1_1"),
    of::<2>("zernike_2_0"),
    of::<3>("zernike_2_2"),
    of::<4>("zernike_3_1"),
    of::<5>("zernike_3_3"),
    of::<6>("zernike_4_0"),
    of::<7>("zernike_4_2"),
    of::<8>("zernike_4_4"),
    of::<9>("zernike_5_1"),
    of::<10>("zernike_5_3"),
    of::<11>("zernike_5_5"),
    of::<12>("zernike_6_0"),
    of::<13>("zernike_6_2"),
    of::<14>("zernike_6_4"),
    of::<15>("zernike_6_6"),
    of::<16>("zernike_7_1"),
    of::<17>("zernike_7_3"),
    of::<18>("zernike_7_5"),
    of::<19>("zernike_7_7"),
    of::<20>("zernike_8_0"),
    of::<21>("zernike_8_2"),
    of::<22>("zernike_8_4"),
    of::<23>("zernike_8_6"),
    of::<24>("zernike_8_8"),
    of::<25>("zernike_9_1"),
    of::<26>("zernike_9_3"),
    of::<27>("zernike_9_5"),
    of::<28>("zernike_9_7"),
    of::<29>("zernike_9_9"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_follow_the_orders() {
        let names: Vec<String> = orders().map(|(n, m)| format!("zernike_{n}_{m}")).collect();
        assert_eq!(names, FEATURES.iter().map(|f| f.name).collect::<Vec<_>>());
    }

    #[test]
    fn the_circle_around_a_triangle() {
        let c = smallest_circle(&[[0.0, 0.0], [0.0, 4.0], [1.0, 2.0]]);
        assert_eq!((c.y, c.x, c.r2), (0.0, 2.0, 4.0));
        let c = smallest_circle(&[[0.0, 0.0], [0.0, 4.0], [4.0, 0.0], [4.0, 4.0]]);
        assert_eq!((c.y, c.x, c.r2), (2.0, 2.0, 8.0));
    }
}
