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

use super::END;
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

/// The curves at radii, of which the squares ascend, from one class to another. Of the objects of the first one, `reached`
/// says for each how many radii it is [far](far_radii) enough from the border for, and `neighbours` how many of the `others` lie
/// within each radius of those together that are.
pub fn curve(
    pair: &Pair,
    reached: &[usize],
    neighbours: &[u64],
    others: usize,
    places: &Places,
    squares: &[f64],
) -> Vec<Point> {
    let n = squares.len();
    // With so many radii: those that are far enough, that have another within the smallest of them, and both.
    let (mut far, mut near, mut both) = (vec![0u64; n + 1], vec![0u64; n + 1], vec![0i64; n + 1]);
    reached.iter().for_each(|reached| far[*reached] += 1);
    for (d, reached) in pair.nearest().iter().zip(reached) {
        let first = squares.partition_point(|square| square < d);
        near[first] += 1;
        if first < *reached {
            both[first] += 1;
            both[*reached] -= 1;
        }
    }
    let (mut within, mut within_far) = (0, 0);
    let point = |i: usize| {
        within += near[i];
        within_far += both[i];
        let centres: u64 = far[i + 1..].iter().sum();
        let share = |part: f64, all: u64| (all > 0 && !pair.nearest().is_empty()).then(|| part / all as f64);
        Point {
            g_raw: share(within as f64, reached.len() as u64),
            g_border: share(within_far as f64, centres),
            k_border: (centres > 0 && others > 0)
                .then(|| neighbours[i] as f64 / centres as f64 * places.content() / others as f64),
        }
    };
    (0..n).map(point).collect()
}

/// For how many radii, of which the squares ascend, an object lies at least so far from the border of the image.
pub fn far_radii(places: &Places, place: &Place, squares: &[f64]) -> usize {
    // Squares are a little larger than they are meant (`Radii`), and the end belongs to this side too.
    let to_border = places.to_border(place) * (1.0 + END);
    squares.partition_point(|square| to_border >= square.sqrt())
}
