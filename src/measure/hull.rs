//! The convex hull of a 2-D object, its pixels, and its largest and smallest diameters.
//!
//! Follows scikit-image: a pixel stands for the four midpoints of its sides; `area_convex` counts the pixels whose
//! centre lies in the hull of these points or on its edge; the diameters are those of the outline of that set of
//! pixels, again through the midpoints of their sides. Coordinates are doubled, so everything before the final square
//! root is an exact integer: a turn is a product of two differences below 2^33 each.

use super::object::Object;

/// A point in half pixels: y, x.
type Point = [i64; 2];

/// y, first x and last x of the pixels of a row.
pub(crate) type Span = (i64, i64, i64);

/// Convex hull measures in pixels.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hull {
    /// Pixels with their centre in the hull.
    pub area: u64,
    /// Corners of the outline of these pixels in half pixels, anticlockwise.
    corners: Vec<Point>,
}

impl Hull {
    /// Of a 2-D object.
    pub fn of(object: &Object) -> Self {
        let filled = filled(&spans(object));
        let area = filled.iter().map(|&(_, a, b)| (b - a + 1) as u64).sum();
        Hull { area, corners: convex_rows(&midpoints(&filled)) }
    }

    /// Largest distance between two corners, a pixel having the given size in y and x.
    pub fn max_diameter(&self, size: [f64; 2]) -> f64 {
        let mut most = 0.0f64;
        each_side(&self.corners, |ends, opposite| {
            for (p, q) in ends.iter().flat_map(|p| opposite.iter().map(move |q| (p, q))) {
                let (dy, dx) = ((p[0] - q[0]) as f64 * size[0], (p[1] - q[1]) as f64 * size[1]);
                most = most.max(dy * dy + dx * dx);
            }
        });
        most.sqrt() / 2.0
    }

    /// Smallest distance between two parallel lines with the corners between them.
    pub fn min_diameter(&self, size: [f64; 2]) -> f64 {
        let mut least = f64::INFINITY;
        each_side(&self.corners, |[p, q], opposite| {
            let (dy, dx) = ((q[0] - p[0]) as f64 * size[0], (q[1] - p[1]) as f64 * size[1]);
            let far = opposite.iter().map(|r| turn(&p, &q, r).abs()).max().unwrap_or(0);
            least = least.min(far as f64 * (size[0] * size[1]) / (dy * dy + dx * dx).sqrt());
        });
        least / 2.0
    }
}

/// Goes round a hull (Shamos): calls `each` with the ends of a side and the corners that a line on the other side touches as both
/// turn from the side before to this one. The last of them are the farthest from the side. Corners that are farthest from each
/// other are touched together once.
pub(super) fn each_side(corners: &[Point], mut each: impl FnMut([Point; 2], &[Point])) {
    let (n, round) = (corners.len(), [corners, corners].concat());
    let mut from = 1;
    for i in 0..n {
        let (p, q) = (round[i], round[i + 1]);
        let away = |k: usize| turn(&p, &q, &round[k]).abs();
        let mut to = from.max(i + 1);
        while to + 1 < i + n && away(to + 1) > away(to) {
            to += 1;
        }
        // Two of them are, where the line meets another side.
        let end = if to + 1 < i + n && away(to + 1) == away(to) { to + 1 } else { to };
        each([p, q], &round[from..=end]);
        from = to;
    }
}

/// The pixels of the hull of the ends of rising rows.
pub(crate) fn filled(spans: &[Span]) -> Vec<Span> {
    pixels(&convex_rows(&midpoints(spans)))
}

/// The first and last pixels of each row.
fn spans(object: &Object) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::with_capacity(object.extent.hi[1] - object.extent.lo[1]);
    object.each_run(|_, y, x0, x1| {
        let (y, first, last) = (y as i64, x0 as i64, x1 as i64 - 1);
        match spans.last_mut() {
            Some(span) if span.0 == y => span.2 = last,
            _ => spans.push((y, first, last)),
        }
    });
    spans
}

/// Corners of the hull of the pixels' centres of a 2-D object, y and x in pixels, anticlockwise from the first pixel on.
pub(super) fn of_centres(object: &Object) -> Vec<Point> {
    convex_rows(spans(object).iter().map(|&(y, a, b)| [[y, a], [y, b]]).collect::<Vec<_>>().as_flattened())
}

/// Leftmost and rightmost midpoints of the sides of the pixels in each row of half pixels, from the ends of the spans of
/// rising rows.
pub(super) fn midpoints(spans: &[Span]) -> Vec<Point> {
    let mut out: Vec<Point> = Vec::with_capacity(6 * spans.len());
    for &(y, a, b) in spans {
        let (y, a, b) = (2 * y, 2 * a, 2 * b);
        match out.as_mut_slice() {
            // The upper side of this row is the lower side of the row before.
            [.., left, right] if left[0] == y - 1 => (left[1], right[1]) = (left[1].min(a), right[1].max(b)),
            _ => out.extend([[y - 1, a], [y - 1, b]]),
        }
        out.extend([[y, a - 1], [y, b + 1], [y + 1, a], [y + 1, b]]);
    }
    out
}

/// Twice the signed area of the triangle p, q, r.
fn turn(p: &Point, q: &Point, r: &Point) -> i64 {
    (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
}

/// Andrew's monotone chain over points in rising order: strict corners only.
pub(super) fn convex(points: &[Point]) -> Vec<Point> {
    debug_assert!(points.is_sorted());
    let mut hull = Vec::with_capacity(points.len() + 2);
    chain(&mut hull, points.iter());
    chain(&mut hull, points.iter().rev());
    hull
}

/// The same over the two ends of each row: one chain goes along the left ends, the other back along the right ones.
pub(super) fn convex_rows(points: &[Point]) -> Vec<Point> {
    debug_assert!(points.is_sorted());
    let mut hull = Vec::with_capacity(points.len() + 2);
    chain(&mut hull, points.iter().step_by(2).chain(points.last()));
    chain(&mut hull, points.iter().skip(1).step_by(2).rev().chain(points.first()));
    hull
}

/// The corners that points on the way from one end of a hull to the other add to it, without the last.
fn chain<'a>(hull: &mut Vec<Point>, points: impl Iterator<Item = &'a Point>) {
    let start = hull.len();
    for p in points {
        while hull.len() >= start + 2 && turn(&hull[hull.len() - 2], &hull[hull.len() - 1], p) <= 0 {
            hull.pop();
        }
        hull.push(*p);
    }
    hull.pop();
}

/// Spans of the pixels whose centres are in a convex polygon or on its edge.
fn pixels(corners: &[Point]) -> Vec<Span> {
    let top = corners.iter().map(|p| p[0]).min().unwrap_or(0);
    let bottom = corners.iter().map(|p| p[0]).max().unwrap_or(0);
    let mut spans: Vec<Span> =
        ((top + 1).div_euclid(2)..=bottom.div_euclid(2)).map(|y| (y, i64::MAX, i64::MIN)).collect();
    let first = (top + 1).div_euclid(2);
    for (i, p) in corners.iter().enumerate() {
        let q = &corners[(i + 1) % corners.len()];
        let (p, q) = if p[0] <= q[0] { (p, q) } else { (q, p) };
        let height = q[0] - p[0];
        for y in (p[0] + 1).div_euclid(2)..=q[0].div_euclid(2) {
            let span = &mut spans[(y - first) as usize];
            // Where the edge crosses the row, over 2 * height, rounded into the polygon from both sides.
            let mut meet = |over: i64, under: i64| {
                let (whole, rest) = (over.div_euclid(under), over.rem_euclid(under));
                span.1 = span.1.min(whole + i64::from(rest != 0));
                span.2 = span.2.max(whole);
            };
            if height == 0 {
                meet(p[1], 2);
                meet(q[1], 2);
            } else {
                meet(p[1] * height + (q[1] - p[1]) * (2 * y - p[0]), 2 * height);
            }
        }
    }
    spans.retain(|s| s.1 <= s.2);
    spans
}

#[cfg(test)]
mod tests {
    //! Invariant: chains along the ends of rows and chains over all points have the same corners.
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ends_of_rows_are_enough(rows in proptest::collection::vec((1..3i64, 0..40i64, 0..30i64), 1..40)) {
            let mut y = 0;
            let spans: Vec<Span> = rows.into_iter().map(|(step, a, n)| { y += step; (y, a, a + n) }).collect();
            let points = midpoints(&spans);
            prop_assert_eq!(convex_rows(&points), convex(&points));
        }

        /// Oracle: all pairs of corners, and all corners for each side.
        #[test]
        fn opposite_corners_are_enough(points in proptest::collection::btree_set([0..40i64, 0..40i64], 2..60), tall in 1..4i64) {
            let points: Vec<Point> = points.into_iter().map(|[y, x]| [y / tall, x]).collect();
            let mut points = points;
            points.sort();
            let corners = convex(&points);
            let apart = |p: &Point, q: &Point| (p[0] - q[0]).pow(2) + (p[1] - q[1]).pow(2);
            let mut most = 0;
            each_side(&corners, |[p, q], opposite| {
                most = opposite.iter().fold(most, |most, r| most.max(apart(&p, r)).max(apart(&q, r)));
                let away = |r: &Point| turn(&p, &q, r).abs();
                assert_eq!(opposite.iter().map(away).max(), corners.iter().map(away).max());
            });
            let all = corners.iter().flat_map(|p| corners.iter().map(move |q| apart(p, q)));
            prop_assert_eq!(Some(most), all.max());
        }
    }
}
