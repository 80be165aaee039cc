//! Surface and Euler number of a 3-D object, from exact counts of its 2 x 2 x 2 patterns.
//!
//! - Surfaces: marching cubes at one half. In each cell the midpoints of the edges that join inside and outside are linked
//!   along the faces into closed loops. Where a face has two opposite corners inside, they are joined, as everywhere in
//!   voxels that touch at corners. A bent loop can be filled in more than one way, and here are two:
//!   - smooth: the fan of triangles around its mean point, which is smaller;
//!   - mesh: the fan from that of its own corners which makes it largest on cubic voxels (the mean over all, if there are
//!     several). These are the triangles of the usual tables, which IBSI's values come from.
//!
//!   So a pattern has the same area in all its rotations and reflections.
//! - Volume inside the mesh: the share of each cell that lies on the inner side of its triangles.
//! - Euler number: corners - edges + faces - voxels of the closed voxels (26-connected), which counts objects plus
//!   cavities minus tunnels.

use super::object::Crop;
use std::f64::consts::PI;
use std::sync::OnceLock;

/// A closed loop of cut edges of a cell, and the corners that its mesh fans out from.
struct Loop {
    ring: Vec<Edge>,
    tips: Vec<usize>,
}

/// What all objects share of a pattern.
struct Cell {
    loops: Vec<Loop>,
    /// Of the cell inside the mesh.
    share: f64,
}

/// By pattern; each is worked out once, when it is first met: nobody waits for those that no object has.
static CELLS: [OnceLock<Cell>; 256] = [const { OnceLock::new() }; 256];

impl Cell {
    fn of(pattern: usize) -> &'static Cell {
        if let Some(cell) = CELLS[pattern].get() {
            return cell;
        }
        let loops: Vec<Loop> = loops(pattern).into_iter().map(|ring| Loop { tips: tips(&ring), ring }).collect();
        let made = Cell { share: share(pattern, &loops), loops };
        CELLS[pattern].get_or_init(|| made)
    }
}

/// What `sphericity` is, in every family.
pub(super) const SPHERICITY: &str = "Surface of the ball with the volume inside the mesh of marching cubes at one half, over \
                                     the mesh's surface";

/// How often each of the 256 patterns occurs; bit `4 dz + 2 dy + dx` is the voxel at that corner of the cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Patterns(Vec<u64>);

impl Patterns {
    /// Of a framed 3-D crop.
    pub fn of(crop: &Crop) -> Self {
        let mut counts = vec![0u64; 256];
        let [nz, ny, nx] = crop.size;
        let mut columns = vec![0u8; nx];
        for z in 1..nz {
            for y in 1..ny {
                let row = |dz: usize, dy: usize| &crop.cells[crop.index(z - 1 + dz, y - 1 + dy, 0)..][..nx];
                let rows = [row(0, 0), row(0, 1), row(1, 0), row(1, 1)];
                for x in 0..nx {
                    columns[x] = rows[0][x] | rows[1][x] << 2 | rows[2][x] << 4 | rows[3][x] << 6;
                }
                for (left, right) in columns.iter().zip(&columns[1..]) {
                    counts[usize::from(left | right << 1)] += 1;
                }
            }
        }
        Patterns(counts)
    }

    /// Objects plus cavities minus tunnels.
    pub fn euler(&self) -> i64 {
        self.0.iter().enumerate().map(|(p, &n)| n as i64 * euler(p)).sum()
    }

    /// Area of the smooth surface, a voxel having the given size in z, y, x.
    pub fn area(&self, size: [f64; 3]) -> f64 {
        self.occurring().map(|(cell, n)| n * area(cell, size)).sum()
    }

    /// Area of the mesh, a voxel having the given size in z, y, x.
    pub fn mesh_area(&self, size: [f64; 3]) -> f64 {
        self.occurring().map(|(cell, n)| n * mesh_area(cell, size)).sum()
    }

    /// Volume inside the mesh, in voxels.
    pub fn volume(&self) -> f64 {
        self.occurring().map(|(cell, n)| n * cell.share).sum()
    }

    /// [`SPHERICITY`], a voxel having the given size in z, y, x.
    pub fn sphericity(&self, size: [f64; 3]) -> f64 {
        let volume = self.volume() * (size[0] * size[1] * size[2]);
        libm::cbrt(36.0 * PI * volume * volume) / self.mesh_area(size)
    }

    fn occurring(&self) -> impl Iterator<Item = (&'static Cell, f64)> {
        self.0.iter().enumerate().filter(|(_, n)| **n > 0).map(|(pattern, &n)| (Cell::of(pattern), n as f64))
    }
}

/// What the lattice point in the middle of a pattern, and the edges, faces and voxel on its positive side, add.
fn euler(pattern: usize) -> i64 {
    let any = |mask: usize| i64::from(pattern & mask != 0);
    any(0xff) - (any(0xaa) + any(0xcc) + any(0xf0)) + (any(0x88) + any(0xa0) + any(0xc0)) - any(0x80)
}

/// The four corners of each face of a cell, in order around it.
const FACES: [[usize; 4]; 6] = [[0, 1, 3, 2], [4, 5, 7, 6], [0, 1, 5, 4], [2, 3, 7, 6], [0, 2, 6, 4], [1, 3, 7, 5]];

/// An edge of a cell, named by its two corners, lower first.
type Edge = (usize, usize);

/// Links between cut edges.
fn links(pattern: usize) -> Vec<[Edge; 2]> {
    let inside = |c: usize| pattern >> c & 1 == 1;
    let edge = |a: usize, b: usize| (a.min(b), a.max(b));
    let mut links = Vec::new();
    for face in FACES {
        let side = |i: usize| edge(face[i % 4], face[(i + 1) % 4]);
        let cut: Vec<usize> = (0..4).filter(|&i| inside(face[i]) != inside(face[(i + 1) % 4])).collect();
        match cut[..] {
            [a, b] => links.push([side(a), side(b)]),
            // Corners in turn inside and outside: the links go around the outside ones.
            [_, _, _, _] => {
                let out = usize::from(inside(face[0]));
                links.extend([out, out + 2].map(|i| [side(i + 3), side(i)]));
            }
            _ => {}
        }
    }
    links
}

/// The closed loops of a pattern, each a ring of cut edges.
fn loops(pattern: usize) -> Vec<Vec<Edge>> {
    let mut links = links(pattern);
    let mut loops = Vec::new();
    while let Some([start, mut end]) = links.pop() {
        let mut ring = vec![start];
        while end != start {
            ring.push(end);
            match links.iter().position(|l| l.contains(&end)) {
                Some(i) => {
                    let [a, b] = links.remove(i);
                    end = if a == end { b } else { a };
                }
                None => break,
            }
        }
        loops.push(ring);
    }
    loops
}

fn points(ring: &[Edge], size: [f64; 3]) -> Vec<[f64; 3]> {
    ring.iter().map(|&(a, b)| midpoint(a, b, size)).collect()
}

/// The same in the room that there is for the points of one loop: areas are asked for by every object.
fn points_in<'a>(room: &'a mut [[f64; 3]; 12], ring: &[Edge], size: [f64; 3]) -> &'a [[f64; 3]] {
    let points = &mut room[..ring.len()];
    points.iter_mut().zip(ring).for_each(|(point, &(a, b))| *point = midpoint(a, b, size));
    points
}

/// Area of the smooth surface inside one cell.
fn area(cell: &Cell, size: [f64; 3]) -> f64 {
    let mut room = [[0.0; 3]; 12];
    cell.loops.iter().fold(0.0, |total, l| {
        let points = points_in(&mut room, &l.ring, size);
        total + fan(points, mean(points))
    })
}

/// Area of the mesh inside one cell.
fn mesh_area(cell: &Cell, size: [f64; 3]) -> f64 {
    let mut room = [[0.0; 3]; 12];
    cell.loops.iter().fold(0.0, |total, l| {
        let points = points_in(&mut room, &l.ring, size);
        total + l.tips.iter().map(|&k| fan(points, points[k])).sum::<f64>() / l.tips.len() as f64
    })
}

/// The corners that a loop's mesh fans out from: those with the largest area where voxels are cubes. There may be several.
fn tips(ring: &[Edge]) -> Vec<usize> {
    let points = points(ring, [1.0; 3]);
    let areas: Vec<f64> = points.iter().map(|&tip| fan(&points, tip)).collect();
    let most = areas.iter().copied().fold(0.0, f64::max);
    (0..areas.len()).filter(|&k| areas[k] > most - 1e-9).collect()
}

/// Share of one cell that lies inside the mesh: a third of the flow of the position out of that part of the cell, through
/// the fans and through the three faces that do not hold the origin.
fn share(pattern: usize, loops: &[Loop]) -> f64 {
    let outer = [[1, 3, 5, 7], [2, 3, 6, 7], [4, 5, 6, 7]];
    let walls: f64 = outer.map(|face| face_share(pattern, face)).iter().sum();
    let through = |Loop { ring, tips }: &Loop| {
        let points = points(ring, [1.0; 3]);
        // The tip lies on every triangle of its fan.
        let flow = |k: usize| triangles(&points, points[k]).map(|c| dot(points[k], c) / 2.0).sum::<f64>();
        tips.iter().map(|&k| flow(k)).sum::<f64>() / tips.len() as f64 * outward(pattern, ring, &points)
    };
    (walls + loops.iter().map(through).sum::<f64>()) / 3.0
}

/// Share of a face of the cell that lies inside the surface.
fn face_share(pattern: usize, corners: [usize; 4]) -> f64 {
    let inside = corners.map(|c| pattern >> c & 1);
    match inside.iter().sum() {
        0 => 0.0,
        1 => 0.125,
        // The corners come in rows: two in one row or column are neighbours, others are opposite and joined.
        2 if inside[0] == inside[3] => 0.75,
        2 => 0.5,
        3 => 0.875,
        _ => 1.0,
    }
}

/// 1 if the ring turns so that its normal points from inside to outside, else -1.
fn outward(pattern: usize, ring: &[Edge], points: &[[f64; 3]]) -> f64 {
    let mut normal = [0.0; 3];
    for c in triangles(points, points[0]) {
        (0..3).for_each(|k| normal[k] += c[k]);
    }
    let mut out = [0.0; 3];
    for &(a, b) in ring {
        let sign = if pattern >> a & 1 == 1 { 1.0 } else { -1.0 };
        let (from, to) = (midpoint(a, a, [1.0; 3]), midpoint(b, b, [1.0; 3]));
        (0..3).for_each(|k| out[k] += sign * (to[k] - from[k]));
    }
    dot(normal, out).signum()
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn midpoint(a: usize, b: usize, size: [f64; 3]) -> [f64; 3] {
    [2, 1, 0].map(|bit| ((a >> bit & 1) + (b >> bit & 1)) as f64 * 0.5 * size[2 - bit])
}

fn mean(points: &[[f64; 3]]) -> [f64; 3] {
    let n = points.len() as f64;
    std::array::from_fn(|a| points.iter().map(|p| p[a]).sum::<f64>() / n)
}

/// Area of the triangles between a tip and the sides of a loop.
fn fan(points: &[[f64; 3]], tip: [f64; 3]) -> f64 {
    triangles(points, tip).fold(0.0, |sum, c| sum + dot(c, c).sqrt() / 2.0)
}

/// Those triangles, each as the cross product of the sides that leave the tip.
fn triangles(points: &[[f64; 3]], tip: [f64; 3]) -> impl Iterator<Item = [f64; 3]> {
    points.iter().enumerate().map(move |(i, p)| {
        let q = if i + 1 < points.len() { points[i + 1] } else { points[0] };
        let [u, v]: [[f64; 3]; 2] = [p, &q].map(|e| std::array::from_fn(|a| e[a] - tip[a]));
        [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What encloses the inner part of a cell is closed: its area vectors add up to nothing.
    #[test]
    fn shares_are_enclosed_by_closed_surfaces() {
        for pattern in 0..256 {
            let mut sum = [0.0; 3];
            for ring in loops(pattern) {
                let points = points(&ring, [1.0; 3]);
                let sign = outward(pattern, &ring, &points);
                triangles(&points, points[0]).for_each(|c| (0..3).for_each(|k| sum[k] += sign * c[k] / 2.0));
            }
            let faces = [[0, 1, 2, 3], [4, 5, 6, 7], [0, 1, 4, 5], [2, 3, 6, 7], [0, 2, 4, 6], [1, 3, 5, 7]];
            for (i, face) in faces.into_iter().enumerate() {
                // Points are z, y, x.
                sum[i / 2] += face_share(pattern, face) * if i % 2 == 0 { -1.0 } else { 1.0 };
            }
            assert!(sum.iter().all(|v| v.abs() < 1e-14), "{pattern} {sum:?}");
            let share = Cell::of(pattern).share;
            assert!((0.0..=1.0).contains(&share), "{pattern} {share}");
        }
        let share = |pattern| Cell::of(pattern).share;
        assert_eq!((share(0), share(255), share(0b1111)), (0.0, 1.0, 0.5));
        assert!((share(1) - 1.0 / 48.0).abs() < 1e-15);
        assert!((share(254) - 47.0 / 48.0).abs() < 1e-15);
    }

    #[test]
    fn areas_of_simple_patterns() {
        let one = [1.0; 3];
        let (area, mesh_area) = (|p: usize, s| area(Cell::of(p), s), |p: usize, s| mesh_area(Cell::of(p), s));
        assert_eq!(area(0, one), 0.0);
        assert_eq!(area(255, one), 0.0);
        assert!((area(1, one) - 3f64.sqrt() / 8.0).abs() < 1e-15);
        assert!((area(0b0000_1111, one) - 1.0).abs() < 1e-15);
        assert!((area(0b0000_1111, [2.0, 3.0, 5.0]) - 15.0).abs() < 1e-12);
        for pattern in 0..256 {
            let mirrored: usize = (0..8).filter(|c| pattern >> c & 1 == 1).map(|c| 1 << (c ^ 4)).sum();
            assert!((area(pattern, one) - area(mirrored, one)).abs() < 1e-14, "{pattern}");
            assert!((mesh_area(pattern, one) - mesh_area(mirrored, one)).abs() < 1e-14, "{pattern}");
            assert!(mesh_area(pattern, one) > area(pattern, one) - 1e-14, "{pattern}");
        }
    }
}
