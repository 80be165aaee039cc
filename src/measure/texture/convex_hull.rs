//! The convex hull of a region's mesh, and its largest diameter.
//!
//! The corners of a mesh at one half lie in the middle of faces of voxels. In half voxels they are whole numbers, so which
//! side of a plane a point lies on is decided exactly. Of each row only the ends count, of each plane the corners of its own
//! hull; what is left goes to quickhull.

use super::quickhull::{Point, cross, dot, minus, triangles};
use super::region::Region;
use crate::measure::hull::{Span, convex_rows, midpoints};
use crate::simd::wide;

/// The hull as triangles; points are in half voxels.
#[derive(Clone, Debug)]
pub(super) struct Hull {
    /// Its corners.
    pub corners: Vec<Point>,
    /// Indices of corners; seen from outside they turn one way.
    pub triangles: Vec<[usize; 3]>,
}

/// Corners of the mesh that may be corners of the hull, in rising order.
fn mesh_corners(region: &Region) -> Vec<Point> {
    let slices = region.spans();
    let mut out = Vec::new();
    let mut add = |z: usize, points: &[[i64; 2]]| {
        let start = out.len();
        out.extend(convex_rows(points).into_iter().map(|[y, x]| [z as i64, y + 1, x + 1]));
        out[start..].sort_unstable();
    };
    for z in 0..=slices.len() {
        let slice = |z: Option<usize>| z.and_then(|z| slices.get(z)).map_or(&[][..], |s| s);
        let (below, above) = (slice(z.checked_sub(1)), slice(Some(z)));
        add(2 * z, &ends(below, above));
        add(2 * z + 1, &midpoints(above));
    }
    out.dedup();
    out
}

/// First and last pixel of each row, in half pixels, of two lists of rows together.
fn ends(mut below: &[Span], mut above: &[Span]) -> Vec<[i64; 2]> {
    let mut out = Vec::with_capacity(2 * (below.len() + above.len()));
    loop {
        let (y, a, b) = match (below, above) {
            ([p, rest @ ..], [q, more @ ..]) if p.0 == q.0 => {
                (below, above) = (rest, more);
                (p.0, p.1.min(q.1), p.2.max(q.2))
            }
            ([p, rest @ ..], others) if others.first().is_none_or(|q| p.0 < q.0) => {
                below = rest;
                *p
            }
            (_, [q, more @ ..]) => {
                above = more;
                *q
            }
            _ => return out,
        };
        out.extend([[2 * y, 2 * a], [2 * y, 2 * b]]);
    }
}

/// Of a triangle of points.
fn normal(points: &[Point], triangle: &[usize; 3]) -> Point {
    let [a, b, c] = triangle.map(|k| points[k]);
    cross(minus(b, a), minus(c, a))
}

/// The greatest common divisor.
fn divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a.abs() } else { divisor(b, a % b) }
}

impl Hull {
    /// Of the mesh of a region's shape; nothing without voxels.
    pub fn of(region: &Region) -> Option<Self> {
        Hull::around(&mesh_corners(region))
    }

    /// Of points in rising order; nothing if they lie in a plane.
    fn around(points: &[Point]) -> Option<Self> {
        let mut triangles = triangles(points)?;
        let mut places = vec![usize::MAX; points.len()];
        triangles.iter().flatten().for_each(|p| places[*p] = 0);
        let mut corners = Vec::new();
        for (place, point) in places.iter_mut().zip(points).filter(|(place, _)| **place == 0) {
            *place = corners.len();
            corners.push(*point);
        }
        triangles.iter_mut().flatten().for_each(|p| *p = places[*p]);
        Some(Hull { corners, triangles })
    }

    /// Volume in voxels.
    pub fn volume(&self) -> f64 {
        // Six times the volume in half voxels.
        let one = |t: &[usize; 3]| dot(self.corners[t[0]], cross(self.corners[t[1]], self.corners[t[2]]));
        self.triangles.iter().map(one).sum::<i128>().unsigned_abs() as f64 / 48.0
    }

    /// Area, voxels having a size.
    pub fn area(&self, size: [f64; 3]) -> f64 {
        let one = |t: &[usize; 3]| {
            let [a, b, c] = t.map(|k| self.corners[k]);
            let [y, z, x] = [(2, 0), (0, 1), (1, 2)].map(|(p, q)| {
                let [u, v] = [minus(b, a), minus(c, a)];
                (u[p] * v[q] - u[q] * v[p]) as f64 * size[p] * size[q]
            });
            (x * x + y * y + z * z).sqrt() / 8.0
        };
        self.triangles.iter().map(one).sum()
    }

    /// Corners in the unit of the size of voxels.
    pub fn points(&self, size: [f64; 3]) -> Vec<[f64; 3]> {
        self.corners.iter().map(|p| std::array::from_fn(|a| p[a] as f64 * size[a] / 2.0)).collect()
    }

    /// Directions of its faces, each once.
    pub fn normals(&self, size: [f64; 3]) -> Vec<[f64; 3]> {
        let whole = |t: &[usize; 3]| {
            let [z, y, x] = normal(&self.corners, t);
            let divisor = divisor(divisor(z, y), x).max(1);
            // One of two opposite ones.
            let sign = if [z, y, x] < [0; 3] { -divisor } else { divisor };
            [z / sign, y / sign, x / sign]
        };
        let mut normals: Vec<Point> = self.triangles.iter().map(whole).collect();
        normals.sort_unstable();
        normals.dedup();
        normals.iter().map(|n| std::array::from_fn(|a| n[a] as f64 / size[a])).collect()
    }

    /// Largest distance of two corners.
    pub fn diameter(&self, size: [f64; 3]) -> f64 {
        let points = self.points(size);
        let mut axes = [0, 1, 2].map(|a| points.iter().map(|p| p[a]).collect::<Vec<f64>>());
        // The last corner again, until there is no rest.
        let whole = points.len().next_multiple_of(WIDE);
        for axis in &mut axes {
            axis.resize(whole, axis.last().copied().unwrap_or(0.0));
        }
        let mut most = [0.0; WIDE];
        farthest(&axes, &mut most);
        most.into_iter().fold(0.0, f64::max).sqrt()
    }
}

/// Points that are looked at side by side.
const WIDE: usize = 8;

wide! {
    /// The largest squares of distances.
    fn farthest(axes: &[Vec<f64>; 3], most: &mut [f64; WIDE]) {
        let [zs, ys, xs] = axes;
        for k in 0..zs.len() {
            let (z, y, x) = (zs[k], ys[k], xs[k]);
            let before = k.next_multiple_of(WIDE);
            let others = zs[..before].chunks_exact(WIDE).zip(ys.chunks_exact(WIDE)).zip(xs.chunks_exact(WIDE));
            for ((qz, qy), qx) in others {
                for l in 0..WIDE {
                    let [z, y, x] = [z - qz[l], y - qy[l], x - qx[l]];
                    let square = z * z + y * y + x * x;
                    most[l] = if square > most[l] { square } else { most[l] };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::region;
    use super::*;
    use proptest::prelude::*;

    fn edges(&[a, b, c]: &[usize; 3]) -> [[usize; 2]; 3] {
        [[a, b], [b, c], [c, a]]
    }

    fn closed(hull: &Hull, points: &[Point]) {
        for t in &hull.triangles {
            let normal = normal(&hull.corners, t);
            assert!(points.iter().all(|p| dot(normal, minus(*p, hull.corners[t[0]])) <= 0));
            for [a, b] in edges(t) {
                assert!(hull.triangles.iter().any(|t| edges(t).contains(&[b, a])));
            }
        }
    }

    #[test]
    fn products_are_exact_beyond_64_bits() {
        let far = 1 << 40;
        assert_eq!(dot([far, 0, 1], [far, 5, -1]), (1 << 80) - 1);
        assert_eq!(dot([i64::MAX, 1, 0], [1, 1, 0]), i128::from(i64::MAX) + 1);
    }

    #[test]
    fn one_voxel_is_an_octahedron() {
        let hull = Hull::of(&region([1, 1, 1], &[1])).unwrap();
        assert_eq!((hull.corners.len(), hull.triangles.len()), (6, 8));
        assert!((hull.volume() - 1.0 / 6.0).abs() < 1e-15);
        assert!((hull.area([1.0; 3]) - 3f64.sqrt()).abs() < 1e-15);
        assert_eq!(hull.diameter([1.0, 2.0, 3.0]), 3.0);
        assert!(Hull::of(&region([1, 1, 2], &[0, 0])).is_none());
    }

    proptest! {
        #[test]
        fn everything_lies_inside(points in prop::collection::vec(prop::array::uniform3(0i64..9), 4..60)) {
            let mut points = points;
            points.sort_unstable();
            points.dedup();
            if let Some(hull) = Hull::around(&points) {
                closed(&hull, &points);
                prop_assert!(hull.volume() > 0.0);
            }
        }
    }
}
