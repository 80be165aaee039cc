//! Whether straight lines cut a picture off, as the sides of a frame do and those of an image that was turned.

use crate::measure::{Span, filled};
use crate::units::Shape;

/// So much of the picture may be missing within its hull: where it has the value of the margin right behind the edge.
const MISSING: f64 = 0.05;

/// Whether the picture, 1 where it is, fills its convex hull in each plane but for a little.
pub(super) fn is_convex(shape: Shape, picture: &[u8]) -> bool {
    let planes = picture.chunks_exact((shape.y * shape.x).max(1));
    let missing: usize = planes.map(|plane| missing(plane, shape.x)).sum();
    missing as f64 <= MISSING * picture.iter().filter(|p| **p == 1).count() as f64
}

/// Pixels within the hull of the picture that are none of it.
fn missing(plane: &[u8], width: usize) -> usize {
    let span = |(y, row): (usize, &[u8])| -> Option<Span> {
        let (first, last) = (row.iter().position(|p| *p == 1)?, row.iter().rposition(|p| *p == 1)?);
        Some((y as i64, first as i64, last as i64))
    };
    let spans: Vec<Span> = plane.chunks_exact(width.max(1)).enumerate().filter_map(span).collect();
    let within = |(y, first, last): Span| &plane[y as usize * width..][first as usize..=last as usize];
    filled(&spans).into_iter().map(|span| within(span).iter().filter(|p| **p == 0).count()).sum()
}

#[cfg(test)]
mod tests {
    //! Oracle: figures that are convex, and that are not.
    use super::*;

    fn is(figure: impl Fn(f64, f64) -> bool) -> bool {
        let shape = Shape::new(2, 80, 100);
        let inside = |i: usize| {
            let [_, y, x] = shape.position(i).map(|v| v as f64);
            u8::from(figure(y - 39.5, x - 49.5))
        };
        is_convex(shape, &(0..shape.len()).map(inside).collect::<Vec<u8>>())
    }

    #[test]
    fn frames_and_turned_pictures_are_convex_and_ragged_ones_are_not() {
        let turned = |y: f64, x: f64| (y + 0.2 * x).abs() < 36.0 && (x - 0.2 * y).abs() < 46.0;
        assert!(is(|y, x| y.abs() < 30.0 && x > -40.0) && is(turned));
        assert!(is(|y, x| libm::hypot(y, x) < 38.0));
        // Of a hole what lies in it is missing.
        assert!(!is(|y, x| turned(y, x) && libm::hypot(y, x) > 12.0));
        assert!(!is(|y, x| turned(y, x) && (y < 0.0 || x < 0.0)), "a corner is missing");
        assert!(!is(|y, x| x < 20.0 + 15.0 * libm::sin(y / 5.0)), "waves");
        assert!(is(|_, _| true));
    }
}
