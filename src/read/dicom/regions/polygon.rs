//! Which voxel centres lie inside of polygons: the even-odd rule, in exact integers.
//!
//! Corners are counted in units of 1/65536 of a voxel, and a crossing of an edge with a row is compared with voxel centres by
//! whole numbers, so that no rounding decides. A centre that lies on an edge is inside if the polygon goes on towards higher
//! columns, or, along a row, towards higher rows: an edge that two regions share gives each voxel to one of them.
//!
//! Every polygon flips what lies inside of it. Several polygons therefore combine by exclusive or: one inside another is a hole.

/// Units in a voxel. Voxel centres are whole multiples.
pub const UNIT: i64 = 1 << 16;
/// Corners beyond this many voxels are refused by the caller.
pub const FARTHEST: f64 = (1u64 << 24) as f64;

/// A corner in units: row, column.
pub type Corner = [i64; 2];

fn ceil_div(a: i128, b: i128) -> i128 {
    -(-a).div_euclid(b)
}

/// Marks, in each row, the columns from which on the polygon flips inside and outside. The last corner is joined to the first.
pub fn mark(corners: &[Corner], columns: usize, plane: &mut [bool]) {
    let rows = plane.len().checked_div(columns).unwrap_or(0) as i128;
    let (unit, next) = (i128::from(UNIT), corners.iter().cycle().skip(1));
    for (a, b) in corners.iter().zip(next) {
        let (low, high) = if a[0] < b[0] { (a, b) } else { (b, a) };
        let [y0, x0, y1, x1] = [low[0], low[1], high[0], high[1]].map(i128::from);
        let first = ceil_div(y0, unit).clamp(0, rows);
        // The row through the upper end belongs to the edge that begins there.
        let end = ceil_div(y1, unit).clamp(0, rows);
        for row in first..end {
            let across = x0 * (y1 - y0) + (row * unit - y0) * (x1 - x0);
            let column = ceil_div(across, (y1 - y0) * unit).max(0);
            if column < columns as i128 {
                let place = row as usize * columns + column as usize;
                plane.get_mut(place).into_iter().for_each(|mark| *mark = !*mark);
            }
        }
    }
}

/// What a polygon encloses hangs on this alone: its edges, in an order that neither its first corner nor its direction changes.
pub fn edges(corners: &[Corner]) -> Vec<[Corner; 2]> {
    let next = corners.iter().cycle().skip(1);
    // An edge along a row flips nothing; a corner that is stored again at the end makes one of no length.
    let flips = corners.iter().zip(next).filter(|(a, b)| a[0] != b[0]);
    let mut edges: Vec<[Corner; 2]> = flips.map(|(a, b)| [*a.min(b), *a.max(b)]).collect();
    edges.sort_unstable();
    edges
}

/// Corners of a copy may be this far from their own, in units: a hundredth of a voxel. Programs round them when they write them again.
const NEAR: i64 = UNIT / 100;

/// One polygon is a copy of another: the same corners but for rounding, begun anywhere and in either direction.
pub fn is_copy(a: &[Corner], b: &[Corner]) -> bool {
    let near = |p: &Corner, q: &Corner| (0..2).all(|k| p[k].abs_diff(q[k]) <= NEAR.unsigned_abs());
    // A corner that is stored again is one.
    let once = |corners: &[Corner]| {
        let mut once: Vec<Corner> = vec![];
        for corner in corners {
            if once.last().is_none_or(|last| !near(last, corner)) {
                once.push(*corner);
            }
        }
        while once.len() > 1 && near(&once[0], &once[once.len() - 1]) {
            once.pop();
        }
        once
    };
    let (a, b) = (once(a), once(b));
    let n = a.len();
    let same = |at: &dyn Fn(usize) -> usize| (0..n).all(|i| near(&a[i], &b[at(i) % n]));
    n == b.len() && (0..n).any(|k| near(&a[0], &b[k]) && (same(&|i| k + i) || same(&|i| k + n - i)))
}

/// Turns marks into insides.
pub fn settle(columns: usize, plane: &mut [bool]) {
    for row in plane.chunks_mut(columns.max(1)) {
        let mut inside = false;
        for mark in row {
            inside ^= *mark;
            *mark = inside;
        }
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: literal grids, and a slow test of each centre.
    use super::*;
    use proptest::prelude::*;

    fn draw(rows: usize, columns: usize, polygons: &[&[[f64; 2]]]) -> Vec<bool> {
        let mut plane = vec![false; rows * columns];
        for polygon in polygons {
            let corners: Vec<Corner> = polygon.iter().map(|c| c.map(|v| (v * UNIT as f64) as i64)).collect();
            mark(&corners, columns, &mut plane);
        }
        settle(columns, &mut plane);
        plane
    }

    fn shown(plane: &[bool], columns: usize) -> Vec<String> {
        plane.chunks(columns).map(|r| r.iter().map(|v| if *v { '#' } else { '.' }).collect()).collect()
    }

    #[test]
    fn centres_on_an_edge_belong_to_one_side() {
        let square = [[1.0, 1.0], [1.0, 3.0], [3.0, 3.0], [3.0, 1.0]];
        assert_eq!(shown(&draw(4, 4, &[&square]), 4), ["....", ".##.", ".##.", "...."]);
        let beside = [[1.0, 3.0], [1.0, 4.0], [3.0, 4.0], [3.0, 3.0]];
        assert_eq!(shown(&draw(4, 4, &[&beside]), 4), ["....", "...#", "...#", "...."]);
    }

    #[test]
    fn a_polygon_in_a_polygon_is_a_hole_and_one_in_the_hole_is_none() {
        let ring = |r: f64| [[3.0 - r, 3.0 - r], [3.0 - r, 3.0 + r], [3.0 + r, 3.0 + r], [3.0 + r, 3.0 - r]];
        let (a, b, c) = (ring(2.5), ring(1.5), ring(0.5));
        let expected = [".......", ".#####.", ".#...#.", ".#.#.#.", ".#...#.", ".#####.", "......."];
        assert_eq!(shown(&draw(7, 7, &[&a, &b, &c]), 7), expected);
        assert_eq!(draw(7, 7, &[&c, &a, &b]), draw(7, 7, &[&a, &b, &c]));
        // A keyhole: one polygon that goes in, round and out along the same line.
        let keyhole: Vec<[f64; 2]> =
            a.iter().chain([&a[0], &b[0]]).chain(b[1..].iter()).chain([&b[0]]).copied().collect();
        assert_eq!(draw(7, 7, &[&keyhole]), draw(7, 7, &[&a, &b]));
    }

    #[test]
    fn a_polygon_begun_elsewhere_or_turned_round_has_the_same_edges() {
        let polygon: [Corner; 4] = [[0, 0], [0, 9], [7, 8], [5, 1]];
        let mut other = polygon;
        other.rotate_left(3);
        assert_eq!(edges(&polygon), edges(&other));
        other.reverse();
        assert_eq!(edges(&polygon), edges(&other));
        assert_eq!(edges(&polygon), edges(&[&polygon[..], &polygon[..1]].concat()), "closed by its first corner");
        other[0][0] += 1;
        assert_ne!(edges(&polygon), edges(&other));
    }

    #[test]
    fn a_copy_is_known_however_it_was_rounded() {
        let polygon: [Corner; 4] = [[0, 0], [0, 90_000], [70_000, 80_000], [50_000, 10_000]];
        let mut other: Vec<Corner> = polygon.iter().map(|[y, x]| [y + 7, x - 600]).collect();
        other.rotate_left(3);
        other.push(other[0]);
        assert!(is_copy(&polygon, &other));
        other.reverse();
        assert!(is_copy(&polygon, &other) && is_copy(&other, &polygon));
        other[2][1] += 2_000;
        assert!(!is_copy(&polygon, &other), "a corner of its own");
        assert!(!is_copy(&polygon, &polygon[..3]) && !is_copy(&polygon, &[]));
    }

    #[test]
    fn what_reaches_past_the_grid_is_cut() {
        let all = [[-9.0, -9.0], [-9.0, 99.0], [99.0, 99.0], [99.0, -9.0]];
        assert!(draw(2, 3, &[&all]).iter().all(|v| *v));
        assert!(draw(2, 3, &[&all[..2], &all[..1], &[]]).iter().all(|v| !*v));
    }

    /// One centre at a time, with a ray towards lower columns; in whole units, as rounding would decide where an edge passes
    /// through a centre.
    fn slowly(polygon: &[Corner], y: i64, x: i64) -> bool {
        let (y, x, n) = (y * UNIT, x * UNIT, polygon.len());
        let crossings = (0..n).filter(|i| {
            let (a, b) = (polygon[*i], polygon[(i + 1) % n]);
            let (low, high) = if a[0] < b[0] { (a, b) } else { (b, a) };
            let across = i128::from(y - low[0]) * i128::from(high[1] - low[1]);
            low[0] <= y && y < high[0] && across <= i128::from(x - low[1]) * i128::from(high[0] - low[0])
        });
        crossings.count() % 2 == 1
    }

    proptest! {
        #[test]
        fn any_polygon_is_drawn_as_by_the_slow_test(corners in prop::collection::vec([-3i32..900, -3i32..900], 3..12)) {
            let polygon: Vec<Corner> = corners.iter().map(|c| c.map(|v| i64::from(v) * UNIT / 100)).collect();
            let mut drawn = vec![false; 64];
            mark(&polygon, 8, &mut drawn);
            settle(8, &mut drawn);
            for (i, inside) in (0..).zip(drawn) {
                prop_assert_eq!(inside, slowly(&polygon, i / 8, i % 8));
            }
        }
    }
}
