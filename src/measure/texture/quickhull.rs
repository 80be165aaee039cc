//! Quickhull over points with whole coordinates: exact, so the triangles and their order depend on the points alone.
//!
//! Faces know what lies beyond their edges, so those that a new corner sees are found by walking from one to the next. They
//! stay in the list until the end; new ones are added behind, in the order of the edges that they stand on.

/// A point: z, y, x.
pub(super) type Point = [i64; 3];

pub(super) fn minus(a: Point, b: Point) -> Point {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

pub(super) fn cross(a: Point, b: Point) -> Point {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

pub(super) fn dot(a: Point, b: Point) -> i128 {
    let [z, y, x] = [0, 1, 2].map(|k| i128::from(a[k]) * i128::from(b[k]));
    z + y + x
}

/// Points whose coordinates are below this have heights that fit 64 bits.
const NEAR: i64 = 1 << 19;

/// No point.
const END: usize = usize::MAX;

/// A triangle.
struct Face {
    /// Seen from outside they turn one way.
    corners: [usize; 3],
    /// Points outwards.
    normal: Point,
    /// The face beyond the edge from each corner to the next.
    beyond: [usize; 3],
    /// First and last point that lies outside of it; each point waits with one face only.
    waiting: [usize; 2],
    is_gone: bool,
}

struct Quickhull<'a> {
    points: &'a [Point],
    is_near: bool,
    faces: Vec<Face>,
    /// By point, the next one that waits with the same face.
    next: Vec<usize>,
    /// Faces that a new corner sees.
    seen: Vec<usize>,
    /// Edges around them: from, to, and the face beyond.
    rim: Vec<[usize; 3]>,
}

/// The convex hull as triangles, by indices of points; nothing if the points lie in a plane.
pub(super) fn triangles(points: &[Point]) -> Option<Vec<[usize; 3]>> {
    let [a, b, c, d] = tetrahedron(points)?;
    let mut hull = Quickhull {
        points,
        is_near: points.iter().flatten().all(|v| v.abs() < NEAR),
        faces: vec![],
        next: vec![END; points.len()],
        seen: vec![],
        rim: vec![],
    };
    hull.add([a, b, c], [1, 2, 3]);
    hull.add([a, d, b], [3, 2, 0]);
    hull.add([b, d, c], [1, 3, 0]);
    hull.add([c, d, a], [2, 1, 0]);
    (0..points.len()).for_each(|p| hull.assign(p, 0));
    // Only new faces get points: those that are done stay so.
    let mut face = 0;
    while face < hull.faces.len() {
        match hull.highest(face) {
            Some(top) => hull.raise(face, top),
            None => face += 1,
        }
    }
    Some(hull.faces.iter().filter(|f| !f.is_gone).map(|f| f.corners).collect())
}

/// Four corners that span a body.
fn tetrahedron(points: &[Point]) -> Option<[usize; 4]> {
    let (a, b) = (0, points.len().checked_sub(1)?);
    let all = || 0..points.len();
    let side = |p: usize| cross(minus(points[b], points[a]), minus(points[p], points[a]));
    let c = all().max_by_key(|&p| dot(side(p), side(p)))?;
    let up = side(c);
    let height = |p: usize| dot(up, minus(points[p], points[a]));
    let d = all().max_by_key(|&p| height(p).abs())?;
    match height(d) {
        0 => None,
        up if up > 0 => Some([a, c, b, d]),
        _ => Some([a, b, c, d]),
    }
}

impl Quickhull<'_> {
    fn add(&mut self, corners: [usize; 3], beyond: [usize; 3]) {
        let [a, b, c] = corners.map(|k| self.points[k]);
        let normal = cross(minus(b, a), minus(c, a));
        self.faces.push(Face { corners, normal, beyond, waiting: [END; 2], is_gone: false });
    }

    /// Above 0 outside.
    fn height(&self, face: &Face, p: usize) -> i128 {
        let away = minus(self.points[p], self.points[face.corners[0]]);
        if self.is_near {
            let n = face.normal;
            return i128::from(n[0] * away[0] + n[1] * away[1] + n[2] * away[2]);
        }
        dot(face.normal, away)
    }

    /// Gives a point to the first face, from one on, that it lies outside of.
    fn assign(&mut self, p: usize, from: usize) {
        self.next[p] = END;
        let Some(k) = (from..self.faces.len()).find(|&k| self.height(&self.faces[k], p) > 0) else { return };
        let [first, last] = self.faces[k].waiting;
        match last {
            END => self.faces[k].waiting = [p, p],
            last => {
                self.next[last] = p;
                self.faces[k].waiting = [first, p];
            }
        }
    }

    /// Of the points that wait with a face, the last of the highest.
    fn highest(&self, face: usize) -> Option<usize> {
        let face = &self.faces[face];
        let (mut p, mut most) = (face.waiting[0], None);
        while p != END {
            let height = self.height(face, p);
            if most.is_none_or(|(_, h)| height >= h) {
                most = Some((p, height));
            }
            p = self.next[p];
        }
        most.map(|m| m.0)
    }

    /// Makes a point that a face sees a corner: new faces join it to the rim of those that see it.
    fn raise(&mut self, face: usize, top: usize) {
        let (mut seen, mut rim) = (std::mem::take(&mut self.seen), std::mem::take(&mut self.rim));
        seen.clear();
        rim.clear();
        self.faces[face].is_gone = true;
        seen.push(face);
        let mut k = 0;
        while let Some(&face) = seen.get(k) {
            k += 1;
            let Face { corners, beyond, .. } = self.faces[face];
            for (edge, other) in beyond.into_iter().enumerate() {
                if self.faces[other].is_gone {
                    continue;
                }
                if self.height(&self.faces[other], top) > 0 {
                    self.faces[other].is_gone = true;
                    seen.push(other);
                } else {
                    rim.push([corners[edge], corners[(edge + 1) % 3], other]);
                }
            }
        }
        seen.sort_unstable();
        // Each corner of the rim is the first one of one edge.
        rim.sort_unstable();
        let first = self.faces.len();
        for &[p, q, other] in &rim {
            let (new, after) = (self.faces.len(), first + rim.partition_point(|edge| edge[0] < q));
            self.add([p, q, top], [other, after, END]);
            if let Some(edge) = self.faces[other].corners.iter().position(|c| *c == q) {
                self.faces[other].beyond[edge] = new;
            }
        }
        for new in first..self.faces.len() {
            let after = self.faces[new].beyond[1];
            self.faces[after].beyond[2] = new;
        }
        for &face in &seen {
            let mut p = std::mem::replace(&mut self.faces[face].waiting, [END; 2])[0];
            while p != END {
                let next = self.next[p];
                self.assign(p, first);
                p = next;
            }
        }
        (self.seen, self.rim) = (seen, rim);
    }
}
