//! How often neighbours in a ground cross the end that it was cut off at, which tells the blur of its noise.
//!
//! Normal noise with a blur b that lies below a level for a share of its voxels crosses that between neighbours at a rate
//! `exp(-c^2 / 2) acos(exp(-1 / (4 b^2))) / pi`, with c the normal quantile of the share. Reference: Rice 1945.

use super::dark_side::normal_quantile;
use crate::units::Shape;
use rayon::prelude::*;
use std::f64::consts::PI;

/// Side of the tiles that crossings are counted in.
const TILE: usize = 32;

/// What a tile of the ground shows.
pub(super) struct Crossings {
    /// The share that lies at the cut.
    share: f64,
    /// The share of neighbours of which one lies above it: along rows, or along columns if that is more.
    crossings: f64,
}

impl Crossings {
    /// The blur of the noise, as a sigma in pixels.
    pub fn blur(&self) -> f64 {
        blur(self.share, self.crossings)
    }

    /// How much less often neighbours cross the cut than in white noise, as a share of that.
    pub fn alike(&self) -> f64 {
        1.0 - self.crossings / (2.0 * self.share * (1.0 - self.share))
    }
}

/// The tiles of a ground that reaches from the cut to another sample, as far as such a share of them lies at the cut: where light falls off that is not
/// everywhere.
pub(super) fn in_tiles(shape: Shape, samples: &[i32], [least, most]: [i32; 2], shares: [f64; 2]) -> Vec<Crossings> {
    let (down, across) = ((shape.y / TILE).max(1), (shape.x / TILE).max(1));
    let part = |k: usize, of: usize, n: usize| k * n / of..(k + 1) * n / of;
    let tile = |i: usize| {
        let (rows, columns) = (part(i / across % down, down, shape.y), part(i % across, across, shape.x));
        let line = |y: usize| &samples[shape.index(i / (down * across), y, columns.start)..][..columns.len()];
        let (mut ground, mut at_cut, mut pairs) = (0usize, 0usize, [Pairs::default(); 2]);
        for y in rows.clone() {
            let here = line(y);
            ground += here.iter().filter(|s| **s <= most).count();
            at_cut += here.iter().filter(|s| **s <= least).count();
            here.windows(2).for_each(|two| pairs[0].add(two[0], two[1], [least, most]));
            let below = if y + 1 < rows.end { line(y + 1) } else { &[] };
            here.iter().zip(below).for_each(|(a, b)| pairs[1].add(*a, *b, [least, most]));
        }
        let share = at_cut as f64 / ground.max(1) as f64;
        let is_seen = 2 * ground >= rows.len() * columns.len() && (shares[0]..=shares[1]).contains(&share);
        is_seen.then(|| Crossings { share, crossings: pairs[0].share().max(pairs[1].share()) })
    };
    (0..shape.z * down * across).into_par_iter().filter_map(tile).collect()
}

/// The share of neighbours along z in the ground of which one lies above the cut.
pub(super) fn along_z(shape: Shape, samples: &[i32], ends: [i32; 2]) -> f64 {
    let above = samples.get(shape.y * shape.x..).unwrap_or_default();
    let pairs = samples.par_iter().zip(above).fold(Pairs::default, |mut pairs, (a, b)| {
        pairs.add(*a, *b, ends);
        pairs
    });
    pairs.reduce(Pairs::default, Pairs::plus).share()
}

/// Neighbours in the ground, and those of which one lies above the cut.
#[derive(Clone, Copy, Default)]
struct Pairs {
    all: usize,
    crossing: usize,
}

impl Pairs {
    fn add(&mut self, a: i32, b: i32, [least, most]: [i32; 2]) {
        let is_ground = a <= most && b <= most;
        self.all += usize::from(is_ground);
        self.crossing += usize::from(is_ground && (a <= least) != (b <= least));
    }

    fn plus(self, other: Self) -> Self {
        Pairs { all: self.all + other.all, crossing: self.crossing + other.crossing }
    }

    fn share(self) -> f64 {
        self.crossing as f64 / self.all.max(1) as f64
    }
}

/// The blur of normal noise that lies below a level for a share of the voxels and crosses it between so many neighbours.
pub(super) fn blur(share: f64, crossings: f64) -> f64 {
    let level = normal_quantile(share);
    let angle = PI * crossings * libm::exp(level * level / 2.0);
    match angle {
        0.0 => f64::INFINITY,
        angle if angle >= PI / 2.0 => 0.0,
        angle => (-4.0 * libm::log(libm::cos(angle))).sqrt().recip(),
    }
}
