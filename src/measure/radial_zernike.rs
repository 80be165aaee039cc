//! Zernike moments of a 2-D object's intensity up to order 9: magnitude and phase (CellProfiler's
//! MeasureObjectIntensityDistribution).
//!
//! As in the family `zernike`, each pixel counted with its value, and over the number of pixels in place of the area of the
//! circle. Values are counted in the full scale, so magnitudes of different cameras can be compared. CellProfiler measures the
//! angle from y to x, and gives as phase the angle whose sine is the real part: so does this family. CellProfiler drops pixels
//! that lie beyond the circle, which is so for those on it wherever the last digit of a quotient says so; the circle is worked
//! out as it does it (Chrystal 1885), so that the same pixels are dropped.

use super::Request;
use super::family::{Family, Measurer, Objection};
use super::feature::{About, Definition};
use super::full_scale::{self, full_scale};
use super::object::Object;
use super::zernike::{COUNT, Circle, moments, orders};
use crate::Result;
use crate::image::Scale;
use crate::simd::wide;
use serde::Deserialize;

/// Keys of the recipe.
pub(super) const KEYS: &[&str] = &["full_scale"];

/// Zernike moments of each channel.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RadialZernike {
    /// The value that counts as 1.
    pub full_scale: Option<f64>,
}

/// The smallest circle around the pixel centres, and its radius; 0 for a single pixel.
///
/// From one side of the hull on: the corner that sees the side under the least angle is taken in place of the end of the side
/// where the triangle is obtuse, until it is obtuse nowhere.
fn circle(corners: &[[i64; 2]]) -> Option<(Circle, f64)> {
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
        let circle = Circle { y: (p[0] + q[0]) as f64 / 2.0, x: (p[1] + q[1]) as f64 / 2.0, r2: apart(p, q) / 4.0 };
        Some((circle, apart(p, q).sqrt() / 2.0))
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
fn through(p: &[i64; 2], q: &[i64; 2], v: &[i64; 2]) -> (Circle, f64) {
    let square = |p: &[i64; 2]| i128::from(p[0] * p[0] + p[1] * p[1]);
    let sum = |a: usize| {
        square(p) * i128::from(q[a] - v[a]) + square(q) * i128::from(v[a] - p[a]) + square(v) * i128::from(p[a] - q[a])
    };
    // Whole numbers: only the quotient is rounded.
    let twice = 2 * (p[1] * (q[0] - v[0]) + q[1] * (v[0] - p[0]) + v[1] * (p[0] - q[0]));
    let (y, x) = (-sum(1) as f64 / twice as f64, sum(0) as f64 / twice as f64);
    let (dy, dx) = (p[0] as f64 - y, p[1] as f64 - x);
    let r2 = dy * dy + dx * dx;
    (Circle { y, x, r2 }, r2.sqrt())
}

/// What says which pixels of an object lie within a circle of some radius.
struct Within<'a> {
    circle: &'a Circle,
    radius: f64,
    /// Of the object, its first one, and their squared distances to the centre in parts of the radius.
    first: usize,
    columns: Vec<f64>,
}

impl<'a> Within<'a> {
    fn of(object: &Object, circle: &'a Circle, radius: f64) -> Self {
        let [_, _, xs] = object.place_in_image();
        let columns = xs.clone().map(|x| square(x, circle.x, radius)).collect();
        Within { circle, radius, first: xs.start, columns }
    }

    /// The values of a run that begins at y and x, in parts of the full scale; 0 beyond the circle.
    fn weigh(&self, [y, x]: [usize; 2], samples: &[i32], scale: Scale, full: f64, weights: &mut [f64]) {
        weigh(weights, samples, &self.columns[x - self.first..], square(y, self.circle.y, self.radius), scale, full);
    }
}

/// The squared distance along an axis, in parts of the radius.
fn square(at: usize, centre: f64, radius: f64) -> f64 {
    let away = (at as f64 - centre) / radius;
    away * away
}

wide! {
    fn weigh(weights: &mut [f64], samples: &[i32], columns: &[f64], row: f64, scale: Scale, full: f64) {
        for ((weight, &s), column) in weights.iter_mut().zip(samples).zip(columns) {
            let value = scale.value(f64::from(s)) / full;
            *weight = if column + row <= 1.0 { value } else { 0.0 };
        }
    }
}

/// With the angle from y to x: i^m times the conjugate.
fn turned(m: usize, [re, im]: [f64; 2]) -> [f64; 2] {
    match m % 4 {
        0 => [re, -im],
        1 => [im, re],
        2 => [-re, im],
        _ => [-im, -re],
    }
}

const EMPTY: &str = "2-D only, and only for more than one pixel";

impl Family for RadialZernike {
    fn channel_columns(&self, about: &About) -> Vec<Definition> {
        let channel = about.channel.map_or(String::new(), |c| format!("_{c}"));
        let of = |(n, m): (usize, usize)| {
            let define = |name: String, unit: &str, definition: &str, standard: &str, empty| Definition {
                name,
                unit: unit.into(),
                type_name: "real",
                definition: definition.into(),
                standard: standard.into(),
                empty,
            };
            [
                define(
                    format!("radial_zernike_magnitude_{n}_{m}{channel}"),
                    "1",
                    "Magnitude of the Zernike moment of the values, in parts of the full scale, over the number of pixels",
                    "CellProfiler:RadialDistribution_ZernikeMagnitude",
                    EMPTY,
                ),
                define(
                    format!("radial_zernike_phase_{n}_{m}_rad{channel}"),
                    "rad",
                    "Angle of the Zernike moment of the values whose sine is its real part, from -pi to pi",
                    "CellProfiler:RadialDistribution_ZernikePhase",
                    "2-D only, and only where the magnitude is not 0",
                ),
            ]
        };
        orders().flat_map(of).collect()
    }

    fn begin<'a>(&'a self, request: &'a Request<'a>) -> Result<Measurer<'a>> {
        let full = |c| full_scale(c, self.full_scale);
        let full = request.channels.iter().map(full).collect::<Result<Vec<_>>>()?;
        Ok(Box::new(move |of, values| {
            let is_wanted = of.is_flat() && !request.channels.is_empty();
            let circle = if is_wanted { circle(of.corners()).filter(|(circle, _)| circle.r2 > 0.0) } else { None };
            let within = circle.as_ref().map(|(circle, radius)| Within::of(&of.object, circle, *radius));
            for ((channel, samples), full) in of.channels().zip(&full) {
                let Some(within) = &within else {
                    values.reals(vec![None; 2 * COUNT]);
                    continue;
                };
                let mut rest = &samples[..];
                let moments = moments(&of.object, within.circle, |place, weights| {
                    let (run, after) = rest.split_at(weights.len());
                    rest = after;
                    within.weigh(place, run, channel.volume.scale, *full, weights);
                });
                let of_moment = |((_, m), z)| {
                    let [re, im] = turned(m, z);
                    let magnitude = (re * re + im * im).sqrt() / samples.len() as f64;
                    [Some(magnitude), (magnitude > 0.0).then(|| libm::atan2(re, im))]
                };
                values.reals(orders().zip(moments).flat_map(of_moment));
            }
            Ok(())
        }))
    }

    fn check(&self, _: &[&str]) -> std::result::Result<(), Objection> {
        full_scale::check(self.full_scale)
    }
}
