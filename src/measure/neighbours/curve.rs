//! Curves over radii: cross-G, the share of one class with another within r, and cross-K, how many of another lie within r
//! of one, over their number in an area.
//!
//! An object nearer to the border of the image than r may have neighbours beyond it. The border correction leaves such
//! objects out as centres ("reduced sample"); they count as neighbours of others all the same:
//!
//! - G(r) = share of the A at least r from the border with d(i, B) <= r
//! - K(r) = mean of n_B(i, r) over these A, divided by N_B / area
//!
//! Source: A. Baddeley, E. Rubak, R. Turner, Spatial Point Patterns (2015), sections 7.4 and 8.11.

use super::pairs::Pair;
use super::places::Places;
use super::tree::Place;

/// The values of the curves at a radius, lengths in pixels.
pub struct Point {
    /// Cross-G of all.
    pub g_raw: Option<f64>,
    /// Cross-G with the border correction.
    pub g_border: Option<f64>,
    /// Cross-K with the border correction.
    pub k_border: Option<f64>,
}

/// The curves at radii, of which the squares ascend; `neighbours` are how many of the `others` lie within each radius of those
/// objects together that are [far](is_far) enough from the border.
pub fn curve(pair: &Pair, neighbours: &[u64], others: usize, places: &Places, squares: &[f64]) -> Vec<Point> {
    let point = |i: usize| {
        let centres = pair.from().iter().filter(|(_, place)| is_far(places, place, squares[i])).count();
        let mean = (centres > 0 && others > 0).then(|| neighbours[i] as f64 / centres as f64);
        Point {
            g_raw: pair.fraction_within(squares[i], |_| true),
            g_border: pair.fraction_within(squares[i], |place| is_far(places, place, squares[i])),
            k_border: mean.map(|n| n * places.content() / others as f64),
        }
    };
    (0..squares.len()).map(point).collect()
}

/// An object lies at least a radius, of which the square is given, from the border of the image.
pub fn is_far(places: &Places, place: &Place, square: f64) -> bool {
    places.to_border(place) >= square.sqrt()
}
