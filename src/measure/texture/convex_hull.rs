//! The convex hull of a region's mesh, and its largest diameter.
//!
//! The corners of a mesh at one half lie in the middle of faces of voxels. In half voxels they are whole numbers, so which
//! side of a plane a point lies on is decided exactly. Of each row only the ends count, of each plane the corners of its own
//! hull; what is left goes to quickhull.

use super::region::Region;
use crate::measure::hull::convex;

/// A point in half voxels: z, y, x.
pub(super) type Point = [i64; 3];

/// The hull as triangles.
#[derive(Clone, Debug)]
pub(super) struct Hull {
    /// Its corners.
    pub corners: Vec<Point>,
    /// Indices of corners; seen from outside they turn one way.
    pub triangles: Vec<[usize; 3]>,
}

/// Corners of the mesh that may be corners of the hull, in rising order.
fn mesh_corners(region: &Region) -> Vec<Point> {
    let Some([zs, ys, xs]) = region.bounds() else { return vec![] };
    let mut planes: Vec<Vec<[i64; 2]>> = vec![vec![]; 2 * zs.len() + 1];
    for (z, slice) in zs.clone().enumerate() {
        for (y, row) in ys.clone().enumerate() {
            let start = region.shape.index(slice, row, 0);
            let Some(first) = xs.clone().find(|x| region.is_shape(start + x)) else { continue };
            let last = xs.clone().rfind(|x| region.is_shape(start + x)).unwrap_or(first);
            let (y, first, last) =
                (2 * y as i64 + 1, 2 * (first - xs.start) as i64 + 1, 2 * (last - xs.start) as i64 + 1);
            planes[2 * z].extend([[y, first], [y, last]]);
            planes[2 * z + 1].extend([[y, first - 1], [y, last + 1]]);
            planes[2 * z + 1].extend([[y - 1, first], [y - 1, last], [y + 1, first], [y + 1, last]]);
            planes[2 * z + 2].extend([[y, first], [y, last]]);
        }
    }
    let mut out = Vec::new();
    for (z, mut points) in planes.into_iter().enumerate() {
        points.sort_unstable();
        points.dedup();
        let corners = if points.len() > 2 { convex(&points) } else { points };
        out.extend(corners.into_iter().map(|[y, x]| [z as i64, y, x]));
    }
    out.sort_unstable();
    out
}

fn minus(a: Point, b: Point) -> Point {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn cross(a: Point, b: Point) -> Point {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// In 64 bits where they do, as they nearly always do.
fn dot(a: Point, b: Point) -> i128 {
    let [z, y, x] = [0, 1, 2].map(|k| a[k].checked_mul(b[k]));
    let short = z.zip(y).and_then(|(z, y)| z.checked_add(y)).zip(x).and_then(|(zy, x)| zy.checked_add(x));
    short.map_or_else(|| (0..3).map(|k| i128::from(a[k]) * i128::from(b[k])).sum(), i128::from)
}

/// The greatest common divisor.
fn divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a.abs() } else { divisor(b, a % b) }
}

/// A triangle while the hull grows.
struct Face {
    corners: [usize; 3],
    /// Points outwards.
    normal: Point,
    /// Points that lie outside of it, each with one face only.
    outside: Vec<usize>,
}

impl Face {
    fn new(points: &[Point], corners: [usize; 3]) -> Self {
        let [a, b, c] = corners.map(|k| points[k]);
        Face { corners, normal: cross(minus(b, a), minus(c, a)), outside: vec![] }
    }

    /// Above 0 outside.
    fn height(&self, points: &[Point], p: usize) -> i128 {
        dot(self.normal, minus(points[p], points[self.corners[0]]))
    }

    fn edges(&self) -> [[usize; 2]; 3] {
        let [a, b, c] = self.corners;
        [[a, b], [b, c], [c, a]]
    }
}

/// Gives points to the first face that they lie outside of.
fn share(points: &[Point], faces: &mut [Face], waiting: impl IntoIterator<Item = usize>) {
    for p in waiting {
        if let Some(face) = faces.iter_mut().find(|f| f.height(points, p) > 0) {
            face.outside.push(p);
        }
    }
}

/// Four corners that span a body.
fn tetrahedron(points: &[Point]) -> Option<[usize; 4]> {
    let (a, b) = (0, points.len().checked_sub(1)?);
    let all = || 0..points.len();
    let side = |p: usize| cross(minus(points[b], points[a]), minus(points[p], points[a]));
    let c = all().max_by_key(|&p| dot(side(p), side(p)))?;
    let height = |p: usize| dot(side(c), minus(points[p], points[a]));
    let d = all().max_by_key(|&p| height(p).abs())?;
    match height(d) {
        0 => None,
        up if up > 0 => Some([a, c, b, d]),
        _ => Some([a, b, c, d]),
    }
}

impl Hull {
    /// Of the mesh of a region's shape; nothing without voxels.
    pub fn of(region: &Region) -> Option<Self> {
        Hull::around(&mesh_corners(region))
    }

    /// Of points in rising order; nothing if they lie in a plane.
    fn around(points: &[Point]) -> Option<Self> {
        let [a, b, c, d] = tetrahedron(points)?;
        let first = [[a, b, c], [a, d, b], [b, d, c], [c, d, a]];
        let mut faces = first.map(|corners| Face::new(points, corners)).into_iter().collect::<Vec<_>>();
        share(points, &mut faces, 0..points.len());
        while let Some(face) = faces.iter().find(|f| !f.outside.is_empty()) {
            let Some(&top) = face.outside.iter().max_by_key(|&&p| face.height(points, p)) else { break };
            let (seen, rest): (Vec<Face>, Vec<Face>) = faces.into_iter().partition(|f| f.height(points, top) > 0);
            faces = rest;
            let mut edges: Vec<[usize; 2]> = seen.iter().flat_map(Face::edges).collect();
            edges.sort_unstable();
            let is_rim = |[p, q]: &&[usize; 2]| edges.binary_search(&[*q, *p]).is_err();
            let mut new: Vec<Face> =
                edges.iter().filter(is_rim).map(|[p, q]| Face::new(points, [*p, *q, top])).collect();
            share(points, &mut new, seen.into_iter().flat_map(|f| f.outside));
            faces.extend(new);
        }
        let mut used: Vec<usize> = faces.iter().flat_map(|f| f.corners).collect();
        used.sort_unstable();
        used.dedup();
        let place = |p: usize| used.partition_point(|u| *u < p);
        let triangles = faces.iter().map(|f| f.corners.map(place)).collect();
        Some(Hull { corners: used.iter().map(|p| points[*p]).collect(), triangles })
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
            let [z, y, x] = Face::new(&self.corners, *t).normal;
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
        let mut most = 0.0f64;
        for (k, p) in points.iter().enumerate() {
            for q in &points[..k] {
                let [z, y, x] = [p[0] - q[0], p[1] - q[1], p[2] - q[2]];
                most = most.max(z * z + y * y + x * x);
            }
        }
        most.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::region;
    use super::*;
    use proptest::prelude::*;

    fn closed(hull: &Hull, points: &[Point]) {
        for t in &hull.triangles {
            let face = Face::new(&hull.corners, *t);
            assert!(points.iter().all(|p| dot(face.normal, minus(*p, hull.corners[t[0]])) <= 0));
            for [a, b] in face.edges() {
                assert!(hull.triangles.iter().any(|t| Face::new(&hull.corners, *t).edges().contains(&[b, a])));
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
