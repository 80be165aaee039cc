//! Magnitudes of the Zernike moments of a 2-D object up to order 9 (CellProfiler).
//!
//! With pixel centres mapped to the unit disc by the smallest circle around them (radius `r`):
//! `|sum of R_nm(rho) exp(i m theta)| / (pi r^2)`. Powers replace the exponentials, so there is no transcendental
//! function; sums run along the rows, then over them. Pixels on the circle that are rounded to beyond it are left out, as CellProfiler
//! does it (`circle`).

use super::Request;
use super::circle::{self, Circle, Within};
use super::family::{Context, Family, Measured, Measurer, define};
use super::feature::{Definition, Feature, Get};
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
    pub(super) fn of(of: &Measured) -> Self {
        Facts { magnitudes: circle::smallest(of.corners()).map(|circle| magnitudes(&of.object, &circle)) }
    }
}

fn magnitudes(object: &Object, circle: &Circle) -> [f64; COUNT] {
    let within = Within::of(object, circle);
    let moments = moments(object, circle, |place, weights| {
        let (row, columns) = within.squares(place);
        count(weights, columns, row);
    });
    moments.map(|z| (z[0] * z[0] + z[1] * z[1]).sqrt() / (std::f64::consts::PI * circle.r2))
}

wide! {
    /// 1 for each pixel of a run within the circle, 0 beyond it.
    fn count(weights: &mut [f64], columns: &[f64], row: f64) {
        for (weight, column) in weights.iter_mut().zip(columns) {
            *weight = if column + row <= 1.0 { 1.0 } else { 0.0 };
        }
    }
}

/// The sums of `R_nm(rho) exp(i m theta)`, real and imaginary parts in the order of the columns, each pixel with a weight: `weigh`
/// gives those of a run that begins at y and x. The angle is that from x to y.
///
/// A moment is a polynomial in u and v, so it is put together from sums of `u^p v^q`: along a run those of the powers of u, which
/// columns have in common, then times the powers of v.
pub(super) fn moments(
    object: &Object,
    circle: &Circle,
    mut weigh: impl FnMut([usize; 2], &mut [f64]),
) -> [[f64; 2]; COUNT] {
    let (radius, [_, _, xs]) = (circle.radius(), object.place_in_image());
    let columns: Vec<[f64; LANES]> = xs.clone().map(|x| powers((x as f64 - circle.x) / radius)).collect();
    let (mut sums, mut weights) = ([[0.0; LANES]; POWERS], vec![0.0; xs.len()]);
    object.each_run(|_, y, x0, x1| {
        let weights = &mut weights[..x1 - x0];
        weigh([y, x0], weights);
        add(&mut sums, &columns[x0 - xs.start..], weights, &powers((y as f64 - circle.y) / radius));
    });
    let mut out = [[0.0; 2]; COUNT];
    combine(&sums, &mut out);
    out
}

/// Powers of u and v: 0 to 9.
const POWERS: usize = 10;
/// They fill registers of four and of eight.
const LANES: usize = 12;

/// Sums of `u^p v^q`: by q, then p.
type Sums = [[f64; LANES]; POWERS];

fn powers(x: f64) -> [f64; LANES] {
    let mut power = 1.0;
    [(); LANES].map(|()| {
        let this = power;
        power *= x;
        this
    })
}

wide! {
    /// Adds a run: the powers of its columns, each with its weight, times those of its row.
    fn add(sums: &mut Sums, columns: &[[f64; LANES]], weights: &[f64], row: &[f64; LANES]) {
        let mut along = [0.0; LANES];
        for (column, weight) in columns.iter().zip(weights) {
            for (sum, power) in along.iter_mut().zip(column) {
                *sum += weight * power;
            }
        }
        for (sums, power) in sums.iter_mut().zip(row) {
            for (sum, along) in sums.iter_mut().zip(&along) {
                *sum += power * along;
            }
        }
    }
}

wide! {
    /// Moments from sums: even powers of v are real, odd ones imaginary.
    fn combine(sums: &Sums, moments: &mut [[f64; 2]; COUNT]) {
        for (moment, polynomial) in moments.iter_mut().zip(&POLYNOMIALS) {
            let mut parts = [[0.0; LANES]; 2];
            for (q, (sums, factors)) in sums.iter().zip(polynomial).enumerate() {
                for (part, (sum, factor)) in parts[q % 2].iter_mut().zip(sums.iter().zip(factors)) {
                    *part += sum * factor;
                }
            }
            *moment = parts.map(|part| part.iter().sum());
        }
    }
}

/// Factors of `u^p v^q` in each moment, in the order of the columns: whole numbers, exact.
static POLYNOMIALS: [Sums; COUNT] = polynomials();

const fn polynomials() -> [Sums; COUNT] {
    let mut all = [[[0.0; LANES]; POWERS]; COUNT];
    let (mut column, mut n) = (0, 0);
    while n < POWERS {
        let mut m = n % 2;
        while m <= n {
            all[column] = polynomial(n, m);
            column += 1;
            m += 2;
        }
        n += 1;
    }
    all
}

/// The sum of `c_k (u^2 + v^2)^j (u + i v)^m` over k, with `j = (n - m) / 2 - k`.
const fn polynomial(n: usize, m: usize) -> Sums {
    let mut factors = [[0.0; LANES]; POWERS];
    let mut k = 0;
    while k <= (n - m) / 2 {
        let j = (n - m) / 2 - k;
        let mut a = 0;
        while a <= j {
            let mut b = 0;
            while b <= m {
                // i^b: the imaginary unit itself is told by the power of v.
                let sign = if b % 4 < 2 { 1.0 } else { -1.0 };
                factors[2 * a + b][2 * (j - a) + m - b] += sign * coefficient(n, m, k) * chosen(j, a) * chosen(m, b);
                b += 1;
            }
            a += 1;
        }
        k += 1;
    }
    factors
}

const fn factorial(n: usize) -> f64 {
    let (mut product, mut i) = (1.0, 2);
    while i <= n {
        product *= i as f64;
        i += 1;
    }
    product
}

/// Ways to choose k of n.
const fn chosen(n: usize, k: usize) -> f64 {
    factorial(n) / (factorial(k) * factorial(n - k))
}

/// Coefficient of rho^(n - 2k) in the radial polynomial: whole numbers, exact.
const fn coefficient(n: usize, m: usize, k: usize) -> f64 {
    let sign = if k.is_multiple_of(2) { 1.0 } else { -1.0 };
    sign * factorial(n - k) / (factorial(k) * factorial((n + m) / 2 - k) * factorial((n - m) / 2 - k))
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
            let facts = object.is_flat().then(|| Facts::of(object));
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
}
