//! Moments of a 2-D object and what else CellProfiler's MeasureObjectSizeShape has beyond the family `shape`.
//!
//! Moments are those of scikit-image: of pixel centres, rows before columns, counted from the first corner of the bounding box.
//! Spatial moments are whole numbers; central ones are added up around the centroid in raster order. Feret diameters are those
//! between pixel centres, as CellProfiler has them; the family `shape` measures between the pixels' outer sides.

use super::Request;
use super::edt::Inside;
use super::family::{Context, Family, Measured, Measurer};
use super::feature::Definition;
use super::hull;
use super::object::Object;
use super::position::FLAT_ONLY;
use crate::Result;
use serde::Deserialize;

/// Powers of moments: below this.
const POWERS: usize = 4;

/// Sums of products of powers: rows before columns.
type Moments<T> = [[T; POWERS]; POWERS];

/// Sums of the powers of 0..n.
fn powers_below(n: i128) -> [i128; POWERS] {
    // In nearly all images they fit 64 bits, which divide many times as fast.
    if n < 1 << 15 {
        let n = n as i64;
        let first = n * (n - 1) / 2;
        return [n, first, first * (2 * n - 1) / 3, first * first].map(i128::from);
    }
    let first = n * (n - 1) / 2;
    [n, first, first * (2 * n - 1) / 3, first * first]
}

/// Exact moments from the corner of the box.
fn spatial(object: &Object) -> Moments<i128> {
    let (lo, mut sums) = (object.extent.lo, [[0i128; POWERS]; POWERS]);
    object.each_run(|_, y, x0, x1| {
        let [before, all] = [x0, x1].map(|x| powers_below((x - lo[2]) as i128));
        let mut power = 1;
        for row in &mut sums {
            row.iter_mut().zip(all.iter().zip(before)).for_each(|(sum, (all, before))| *sum += power * (all - before));
            power *= (y - lo[1]) as i128;
        }
    });
    sums
}

/// Moments around the centroid.
fn central(object: &Object, spatial: &Moments<i128>) -> Moments<f64> {
    let n = spatial[0][0] as f64;
    let middle = [spatial[1][0] as f64 / n, spatial[0][1] as f64 / n];
    let (lo, mut sums) = (object.extent.lo, [[0.0f64; POWERS]; POWERS]);
    let of_column = |x: usize| {
        let (mut power, away) = (1.0, x as f64 - middle[1]);
        [(); POWERS].map(|()| {
            let this = power;
            power *= away;
            this
        })
    };
    let columns: Vec<[f64; POWERS]> = (0..object.extent.hi[2] - lo[2]).map(of_column).collect();
    object.each_run(|_, y, x0, x1| {
        let mut along = [0.0f64; POWERS];
        for powers in &columns[x0 - lo[2]..x1 - lo[2]] {
            along.iter_mut().zip(powers).for_each(|(sum, power)| *sum += power);
        }
        let (mut power, away) = (1.0, (y - lo[1]) as f64 - middle[0]);
        for row in &mut sums {
            row.iter_mut().zip(along).for_each(|(sum, along)| *sum += power * along);
            power *= away;
        }
    });
    sums
}

/// Over a power of the area, so that size does not matter: from second order on.
fn normalized(central: &Moments<f64>) -> Moments<Option<f64>> {
    let n = central[0][0];
    // The power is that of a root: n^(order / 2 + 1).
    let powers: [f64; 2 * POWERS - 1] = std::array::from_fn(|order| {
        let half = if order.is_multiple_of(2) { 1.0 } else { n.sqrt() };
        libm::pow(n, (order / 2 + 1) as f64) * half
    });
    let of = |p: usize, q: usize| (p + q >= 2).then(|| central[p][q] / powers[p + q]);
    std::array::from_fn(|p| std::array::from_fn(|q| of(p, q)))
}

/// Hu's seven invariants.
fn hu(v: &Moments<Option<f64>>) -> [f64; 7] {
    let v = |p: usize, q: usize| v[p][q].unwrap_or(0.0);
    let (difference, mixed) = (v(2, 0) - v(0, 2), v(1, 1));
    let (a, b) = (v(3, 0) + v(1, 2), v(2, 1) + v(0, 3));
    let (c, d) = (v(3, 0) - 3.0 * v(1, 2), 3.0 * v(2, 1) - v(0, 3));
    let (left, right) = (a * (a * a - 3.0 * b * b), b * (3.0 * a * a - b * b));
    [
        v(2, 0) + v(0, 2),
        difference * difference + 4.0 * mixed * mixed,
        c * c + d * d,
        a * a + b * b,
        c * left + d * right,
        difference * (a * a - b * b) + 4.0 * mixed * a * b,
        d * left - c * right,
    ]
}

/// The inertia tensor's entries 00, 01, 11, and its larger and smaller eigenvalue.
fn inertia(central: &Moments<f64>) -> [f64; 5] {
    let n = central[0][0];
    let (a, b, c) = (central[0][2] / n, -central[1][1] / n, central[2][0] / n);
    let apart = ((a - c) * (a - c) + 4.0 * b * b).sqrt();
    [a, b, c, (a + c + apart) / 2.0, ((a + c - apart) / 2.0).max(0.0)]
}

/// Smallest and largest distance between parallel lines around the pixel centres, from the corners of their hull.
fn feret(corners: &[[i64; 2]]) -> [f64; 2] {
    let apart = |p: [i64; 2], q: [i64; 2]| (p[0] - q[0]).pow(2) + (p[1] - q[1]).pow(2);
    let (mut largest, mut smallest) = (0, f64::INFINITY);
    hull::each_side(corners, |[p, q], opposite| {
        largest = opposite.iter().fold(largest, |largest, &r| largest.max(apart(p, r)).max(apart(q, r)));
        if p != q {
            let away = |r: &[i64; 2]| ((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])).abs();
            let width = opposite.iter().map(away).max().unwrap_or(0) as f64 / (apart(p, q) as f64).sqrt();
            smallest = smallest.min(width);
        }
    });
    [if smallest.is_finite() { smallest } else { 0.0 }, (largest as f64).sqrt()]
}

/// Median distance of the pixels to the nearest one outside.
fn median_radius(object: &Object, inside: &Inside) -> Option<f64> {
    // No more squared distances than pixels: a disc of the largest one lies within the object.
    let mut counts = vec![0usize; *inside.cells.iter().max()? as usize + 1];
    object.each_framed_run(|_, y, x0, x1| {
        let row = y * inside.width;
        inside.cells[row + x0..row + x1].iter().for_each(|&d| counts[d as usize] += 1);
    });
    let at = |rank: usize| {
        let mut before = 0;
        counts.iter().position(|count| {
            before += count;
            before > rank
        })
    };
    let n = object.extent.n as usize;
    let (lower, upper) = (at((n - 1) / 2)?, at(n / 2)?);
    Some(((upper as f64).sqrt() + (lower as f64).sqrt()) / 2.0)
}

/// Moments and more.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShapeDetails {}

impl ShapeDetails {
    /// The values in the order of the columns.
    fn values(of: &Measured) -> Vec<Option<f64>> {
        let object = &of.object;
        let spatial = spatial(object);
        let central = central(object, &spatial);
        let normalized = normalized(&central);
        let [_, height, width] = [0, 1, 2].map(|a| object.extent.hi[a] - object.extent.lo[a]);
        let mut all = vec![Some((height * width) as f64), median_radius(object, &of.inside())];
        all.extend(feret(of.corners()).map(Some));
        all.extend(spatial[..3].iter().flatten().map(|v| Some(*v as f64)));
        all.extend(central[..3].iter().flatten().copied().map(Some));
        all.extend(orders().map(|[p, q]| normalized[p][q]));
        all.extend(hu(&normalized).map(Some));
        all.extend(inertia(&central).map(Some));
        all
    }

    /// What the columns are.
    fn definitions() -> Vec<Definition> {
        let mut all = vec![];
        let mut add = |name: String, unit: String, definition: String, standard: &str| {
            let standard = format!("CellProfiler:AreaShape_{standard}");
            all.push(Definition { name, unit, type_name: "real", definition, standard, empty: FLAT_ONLY });
        };
        add("bbox_area_px".into(), "px".into(), "Number of pixels in the bounding box".into(), "BoundingBoxArea");
        let radius = "Median distance of the pixels of the object to the nearest pixel outside";
        add("median_radius_px".into(), "px".into(), radius.into(), "MedianRadius");
        let feret = |which| format!("{which} distance between parallel lines with the pixel centres between them");
        add("feret_centres_min_px".into(), "px".into(), feret("Smallest"), "MinFeretDiameter");
        add("feret_centres_max_px".into(), "px".into(), feret("Largest"), "MaxFeretDiameter");
        let unit = |order: usize| if order == 0 { "1".into() } else { format!("px{order}") };
        for (kind, standard, from) in [
            ("spatial", "SpatialMoment", "the first corner of the bounding box"),
            ("central", "CentralMoment", "the centroid"),
        ] {
            for (p, q) in (0..3).flat_map(|p| (0..POWERS).map(move |q| (p, q))) {
                let what = format!("Sum of y^{p} x^{q} over the pixels, from {from}");
                add(format!("{kind}_moment_{p}_{q}"), unit(p + q), what, standard);
            }
        }
        for [p, q] in orders() {
            let what = format!("central moment {p}, {q} over the area to the power of {}", (p + q) as f64 / 2.0 + 1.0);
            add(format!("normalized_moment_{p}_{q}"), "1".into(), format!("The {what}"), "NormalizedMoment");
        }
        for k in 0..7 {
            let what = format!("Hu's invariant {} of the normalized moments", k + 1);
            add(format!("hu_moment_{k}"), "1".into(), what, "HuMoment");
        }
        for entry in ["0_0", "0_1", "1_1"] {
            let what = "Entry of the inertia tensor: row, column".to_string();
            add(format!("inertia_tensor_{entry}"), "px2".into(), what, "InertiaTensor");
        }
        for (k, which) in ["Larger", "Smaller"].into_iter().enumerate() {
            let what = format!("{which} eigenvalue of the inertia tensor");
            add(format!("inertia_tensor_eigenvalue_{k}"), "px2".into(), what, "InertiaTensorEigenvalues");
        }
        all
    }
}

/// Powers of rows and columns of the normalized moments, from second order on.
fn orders() -> impl Iterator<Item = [usize; 2]> {
    (0..POWERS).flat_map(|p| (0..POWERS).map(move |q| [p, q])).filter(|[p, q]| p + q >= 2)
}

impl Family for ShapeDetails {
    fn columns(&self, _: &Context) -> Vec<Definition> {
        Self::definitions()
    }

    fn begin<'a>(&'a self, _: &'a Request<'a>) -> Result<Measurer<'a>> {
        let columns = Self::definitions().len();
        Ok(Box::new(move |of, values| {
            values.reals(if of.is_flat() { Self::values(of) } else { vec![None; columns] });
            Ok(())
        }))
    }
}
