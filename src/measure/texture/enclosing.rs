//! Bodies that enclose a region, of morphology (IBSI:HCUG): the oriented box and the ellipsoid of least volume.
//!
//! No values are agreed on for them. The box is the smallest of those that have a side on a face of the convex hull; the
//! ellipsoid is found to one in 10^6 of its volume (Khachiyan's ascent with steps away, after Todd and Yildirim).

use super::convex_hull::Hull;
use super::morphology::{ellipsoid_area, mesh};
use super::region::Region;
use super::{NO_SHAPE, average, plain};
use crate::measure::Feature;
use crate::measure::moments::eigenvalues;
use std::f64::consts::PI;

/// What enclosing bodies are compared with, and their volumes and areas.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    volume: f64,
    area: f64,
    box_volume: f64,
    box_area: f64,
    ellipsoid_volume: f64,
    ellipsoid_area: f64,
}

/// The values of [`FEATURES`].
pub fn values(region: &Region) -> Vec<Option<f64>> {
    average(FEATURES, std::iter::once(Facts::of(region)))
}

const NO_ELLIPSOID: &str = "the region has no voxel, or its smallest ellipsoid was not found in 20,000 steps";

const fn density(
    name: &'static str,
    standard: &'static str,
    definition: &'static str,
    get: fn(&Facts) -> Option<f64>,
) -> Feature<Facts> {
    plain(name, standard, definition, NO_SHAPE, get)
}

const fn ellipsoid(
    name: &'static str,
    standard: &'static str,
    definition: &'static str,
    get: fn(&Facts) -> Option<f64>,
) -> Feature<Facts> {
    plain(name, standard, definition, NO_ELLIPSOID, get)
}

/// The features of enclosing bodies.
pub const FEATURES: &[Feature<Facts>] = &[
    density("morph_volume_density_ombb", "IBSI:ZH1A", "Volume over that of the smallest oriented box", |f| {
        Some(f.volume / f.box_volume)
    }),
    density("morph_area_density_ombb", "IBSI:IQYR", "Area over that of the smallest oriented box", |f| {
        Some(f.area / f.box_area)
    }),
    ellipsoid("morph_volume_density_mvee", "IBSI:SWZ1", "Volume over that of the smallest ellipsoid", |f| {
        Some(f.volume / f.ellipsoid_volume)
    }),
    ellipsoid("morph_area_density_mvee", "IBSI:BRI8", "Area over that of the smallest ellipsoid", |f| {
        Some(f.area / f.ellipsoid_area)
    }),
];

impl Facts {
    fn of(region: &Region) -> Option<Self> {
        let (volume, area) = mesh(region)?;
        let hull = Hull::of(region)?;
        let points = hull.points(region.spacing);
        let boxes = hull.normals(region.spacing).into_iter().flat_map(|n| boxes(&points, n)).collect();
        let [a, b, c] = smallest(boxes)?;
        let axes = smallest_ellipsoid(&points);
        Some(Facts {
            volume,
            area,
            box_volume: a * b * c,
            box_area: 2.0 * (a * b + b * c + c * a),
            ellipsoid_volume: PI / 6.0 * axes.iter().product::<f64>(),
            ellipsoid_area: ellipsoid_area(axes),
        })
    }
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn unit(a: [f64; 3]) -> [f64; 3] {
    let length = dot(a, a).sqrt();
    a.map(|v| v / length)
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// Lowest and highest place along a direction.
fn extent<const N: usize>(points: &[[f64; N]], along: impl Fn(&[f64; N]) -> f64) -> f64 {
    let (low, high) = points.iter().map(along).fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
    high - low
}

/// Boxes whose volumes differ by less are of one size.
const SAME: f64 = 1e-9;

/// Sides of the box of least volume; of several, the one of least area.
fn smallest(boxes: Vec<[f64; 3]>) -> Option<[f64; 3]> {
    let volume = |[a, b, c]: &[f64; 3]| a * b * c;
    let area = |[a, b, c]: &[f64; 3]| a * b + b * c + c * a;
    let least = boxes.iter().map(volume).min_by(f64::total_cmp)?;
    let of_one_size = boxes.into_iter().filter(|sides| volume(sides) <= least * (1.0 + SAME));
    of_one_size.min_by(|p, q| area(p).total_cmp(&area(q)))
}

/// Sides of the boxes that stand on a plane and have a side along an edge of the outline there.
fn boxes(points: &[[f64; 3]], normal: [f64; 3]) -> Vec<[f64; 3]> {
    let normal = unit(normal);
    // Any direction in the plane: away from the axis that the normal is farthest from.
    let axis = (0..3).min_by(|&a, &b| normal[a].abs().total_cmp(&normal[b].abs())).unwrap_or(0);
    let u = unit(cross(normal, std::array::from_fn(|a| f64::from(u8::from(a == axis)))));
    let v = cross(normal, u);
    let height = extent(points, |p| dot(*p, normal));
    let outline = outline(points.iter().map(|p| [dot(*p, u), dot(*p, v)]).collect());
    let sides = outline.iter().zip(outline.iter().cycle().skip(1)).map(|(p, q)| {
        let (dx, dy) = (q[0] - p[0], q[1] - p[1]);
        let length = (dx * dx + dy * dy).sqrt();
        let (dx, dy) = (dx / length, dy / length);
        [height, extent(&outline, |p| p[0] * dx + p[1] * dy), extent(&outline, |p| p[1] * dx - p[0] * dy)]
    });
    sides.collect()
}

/// The convex hull of points in a plane (Andrew's monotone chain).
fn outline(mut points: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    points.sort_unstable_by(|p, q| p[0].total_cmp(&q[0]).then(p[1].total_cmp(&q[1])));
    let mut hull: Vec<[f64; 2]> = Vec::new();
    let mut chain = |points: &mut dyn Iterator<Item = &[f64; 2]>| {
        let start = hull.len();
        for p in points {
            while let [.., a, b] = hull[start..]
                && (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]) <= 0.0
            {
                hull.pop();
            }
            hull.push(*p);
        }
        hull.pop();
    };
    chain(&mut points.iter());
    chain(&mut points.iter().rev());
    hull
}

/// How near to the least volume, and how many steps it may take.
const NEAR: f64 = 1e-6;
const STEPS: usize = 20_000;

/// Axes of the smallest ellipsoid around points that do not lie in a plane, longest first; no numbers where it is not found
/// in so many steps.
fn smallest_ellipsoid(points: &[[f64; 3]]) -> [f64; 3] {
    let n = points.len() as f64;
    let middle: [f64; 3] = std::array::from_fn(|a| points.iter().map(|p| p[a]).sum::<f64>() / n);
    let points: Vec<[f64; 4]> =
        points.iter().map(|p| [p[0] - middle[0], p[1] - middle[1], p[2] - middle[2], 1.0]).collect();
    let mut weights = vec![1.0 / n; points.len()];
    let mut is_found = false;
    for _ in 0..STEPS {
        let root = cholesky(&moments(&points, &weights));
        // How far out each point lies: 4 on the ellipsoid.
        let outness = points.iter().map(|p| outness(&root, p));
        let (mut far, mut near) = ((0, f64::MIN), (0, f64::MAX));
        for (k, out) in outness.enumerate() {
            if out > far.1 {
                far = (k, out);
            }
            if out < near.1 && weights[k] > 0.0 {
                near = (k, out);
            }
        }
        let (more, less) = (far.1 / 4.0 - 1.0, 1.0 - near.1 / 4.0);
        if more < NEAR && less < NEAR {
            is_found = true;
            break;
        }
        if more >= less {
            let step = more / (far.1 - 1.0);
            weights.iter_mut().for_each(|w| *w *= 1.0 - step);
            weights[far.0] += step;
        } else {
            // Not farther than to no weight at all.
            let most = weights[near.0] / (1.0 - weights[near.0]);
            let step = if near.1 > 1.0 { less / (near.1 - 1.0) } else { most };
            weights.iter_mut().for_each(|w| *w *= 1.0 + step.min(most));
            weights[near.0] = if step < most { weights[near.0] - step } else { 0.0 };
        }
    }
    if !is_found {
        return [f64::NAN; 3];
    }
    let m = moments(&points, &weights);
    let spread = std::array::from_fn(|a| std::array::from_fn(|b| m[a][b] - m[a][3] * m[b][3]));
    eigenvalues(spread).map(|l| 2.0 * (3.0 * l).sqrt())
}

/// Sums of weighed products.
fn moments(points: &[[f64; 4]], weights: &[f64]) -> [[f64; 4]; 4] {
    let mut m = [[0.0; 4]; 4];
    for (p, w) in points.iter().zip(weights).filter(|(_, w)| **w > 0.0) {
        for (row, a) in m.iter_mut().zip(p) {
            row.iter_mut().zip(p).for_each(|(sum, b)| *sum += w * a * b);
        }
    }
    m
}

/// The lower root of a symmetric matrix.
fn cholesky(m: &[[f64; 4]; 4]) -> [[f64; 4]; 4] {
    let mut root = [[0.0; 4]; 4];
    for a in 0..4 {
        for b in 0..=a {
            let rest = m[a][b] - (0..b).map(|k| root[a][k] * root[b][k]).sum::<f64>();
            root[a][b] = if a == b { rest.sqrt() } else { rest / root[b][b] };
        }
    }
    root
}

/// A point's product with itself through the inverse of the matrix.
fn outness(root: &[[f64; 4]; 4], p: &[f64; 4]) -> f64 {
    let mut solved = [0.0; 4];
    for a in 0..4 {
        solved[a] = (p[a] - (0..a).map(|k| root[a][k] * solved[k]).sum::<f64>()) / root[a][a];
    }
    solved.iter().map(|v| v * v).sum()
}

#[cfg(test)]
mod tests {
    use super::super::tests::region;
    use super::*;

    #[test]
    fn bodies_around_a_block() {
        // The mesh of a block has its faces half a voxel out; its corners are cut, which the box does not see.
        let facts = Facts::of(&region([2, 3, 4], &[1; 24])).unwrap();
        assert!((facts.box_volume - 24.0).abs() < 1e-9 && (facts.box_area - 52.0).abs() < 1e-9, "{facts:?}");
        // Octahedra have the sphere through their corners.
        let ball = smallest_ellipsoid(&Hull::of(&region([1, 1, 1], &[1])).unwrap().points([2.0, 2.0, 4.0]));
        for (axis, want) in ball.iter().zip([4.0, 2.0, 2.0]) {
            assert!((axis - want).abs() < 1e-5, "{ball:?}");
        }
    }

    #[test]
    fn turned_boxes_are_found() {
        // A rhombus of pixels in a slice: its sides are diagonal.
        let cells: Vec<u16> = (0..81i32).map(|i| u16::from((i / 9 - 4).abs() + (i % 9 - 4).abs() <= 4)).collect();
        let facts = Facts::of(&region([1, 9, 9], &cells)).unwrap();
        assert!((facts.box_volume - 81.0 / 2.0).abs() < 1e-9, "{facts:?}");
    }

    #[test]
    fn nothing_lies_outside_of_the_ellipsoid() {
        let cells: Vec<u16> = (0..5 * 6 * 7u32).map(|i| u16::from(i.wrapping_mul(2654435761) >> 30 == 0)).collect();
        let hull = Hull::of(&region([5, 6, 7], &cells)).unwrap();
        let axes = smallest_ellipsoid(&hull.points([1.0; 3]));
        assert!(axes[0] >= hull.diameter([1.0; 3]) * (1.0 - 1e-5));
        assert!(PI / 6.0 * axes.iter().product::<f64>() >= hull.volume());
    }
}
