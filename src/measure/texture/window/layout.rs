//! Which places of a window are neighbours, and how numbers at its places are put in order: the same for all windows of one size.

use super::lanes::{Reach, size};
use super::sorted::network;
use crate::measure::texture::aggregation::{Norm, directions};

/// Bits of a place of a window, and of a number of places: beside a grey level they fit 31 bits.
pub(super) const PLACE_BITS: u32 = 12;
/// Larger windows have more places than that.
const MOST: usize = (1 << PLACE_BITS) - 1;

/// Two places.
pub(super) type Pair = [u16; 2];

/// The places of a window, in raster order.
pub(super) struct Layout {
    pub places: usize,
    /// For each direction the places that have a neighbour before them, and that neighbour; rising.
    pub directions: Vec<Vec<Pair>>,
    /// The same in one list.
    pub pairs: Vec<Pair>,
    /// What [`sort`](super::sorted::sort) compares.
    pub network: Vec<Pair>,
}

impl Layout {
    /// Nothing where the window is too large.
    pub fn new(reach: Reach) -> Option<Self> {
        let size = size(reach);
        let places = size.iter().product();
        if places > MOST {
            return None;
        }
        let directions: Vec<_> =
            directions(1, Norm::Chebyshev, false).into_iter().map(|step| neighbours(size, step)).collect();
        let mut pairs = directions.concat();
        pairs.sort_unstable();
        Some(Layout { places, directions, pairs, network: network(places) })
    }
}

/// The places from which a step leads back to another place, and that place.
fn neighbours(size: [usize; 3], step: [isize; 3]) -> Vec<Pair> {
    let place = |[z, y, x]: [usize; 3]| ((z * size[1] + y) * size[2] + x) as u16;
    let rows = (0..size[0]).flat_map(|z| (0..size[1]).map(move |y| (z, y)));
    let all = rows.flat_map(|(z, y)| (0..size[2]).map(move |x| [z, y, x]));
    let pair = |at: [usize; 3]| {
        let before = [0, 1, 2].map(|a| at[a].wrapping_add_signed(-step[a]));
        before.iter().zip(size).all(|(b, size)| *b < size).then(|| [place(at), place(before)])
    };
    all.filter_map(pair).collect()
}
