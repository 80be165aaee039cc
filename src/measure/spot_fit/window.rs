//! The samples around a place, and the Gaussian there.

use super::{N, Spot, Start};

/// Within so many sigmas of the start.
const WINDOW: f64 = 3.0;
/// In depth so many slices to each side at least: of a spot that is thinner than they are apart, those without it tell so.
const SLICES: f64 = 2.0;

/// The samples around a start. A Gaussian is a product over the axes, so it is worked out by plane, row and column.
pub(super) struct Window {
    /// Places along z, y and x, from the start.
    places: [Vec<f64>; 3],
    /// Samples, less the light of others, with the numbers of their places, in raster order. Those at the end of the scale are passed over.
    pub points: Vec<([usize; 3], f64)>,
    /// The end of the scale, where a sample is at it.
    pub cut_at: Option<f64>,
    /// Sigmas along y and x over that in the plane: 1 where pixels are square.
    pub sides: [f64; 2],
}

impl Window {
    pub fn around(start: &Start) -> Self {
        let mut reach = start.sigma.map(|s| WINDOW * s.max(0.5));
        reach[0] = reach[0].max(SLICES);
        let around = |a: usize| {
            let n = start.shape.zyx()[a] as f64;
            let from = (start.at[a] - reach[a]).ceil().clamp(0.0, n) as usize;
            from..(start.at[a] + reach[a] + 1.0).floor().clamp(0.0, n) as usize
        };
        let places = [0, 1, 2].map(|a| around(a).map(|v| v as f64 - start.at[a]).collect::<Vec<f64>>());
        let sides = start.sides();
        let (mut points, mut cut_at) = (vec![], None);
        for (k, z) in around(0).enumerate() {
            for (j, y) in around(1).enumerate() {
                for (l, x) in around(2).enumerate() {
                    let at = [places[0][k], places[1][j], places[2][l]];
                    let i = start.shape.index(z, y, x);
                    let is_free = start.labels.get(i).is_none_or(|l| *l == 0 || *l == start.label);
                    if !is_free || (0..3).map(|a| (at[a] / reach[a]).powi(2)).sum::<f64>() > 1.0 {
                        continue;
                    }
                    match start.end.filter(|end| start.samples[i] >= *end) {
                        Some(end) => cut_at = Some(f64::from(end)),
                        None => {
                            let here = [z, y, x].map(|v| v as f64);
                            let light = |left: f64, other: &Spot| left - other.at_place(here, sides);
                            points.push(([k, j, l], start.others.iter().fold(f64::from(start.samples[i]), light)));
                        }
                    }
                }
            }
        }
        Window { places, points, cut_at, sides }
    }

    /// How many slices have samples.
    pub fn slices(&self) -> usize {
        let mut slices: Vec<usize> = self.points.iter().map(|(at, _)| at[0]).collect();
        slices.dedup();
        slices.len()
    }

    /// The Gaussian along each axis.
    pub fn bells(&self, p: &[f64; N]) -> Bells {
        let sigmas = [p[6], p[5] * self.sides[0], p[5] * self.sides[1]];
        std::array::from_fn(|a| {
            let bell = |place: &f64| {
                let d = place - p[2 + a];
                (libm::exp(-d * d / (2.0 * sigmas[a] * sigmas[a])), d)
            };
            self.places[a].iter().map(bell).collect()
        })
    }

    /// The sum of the squares that are left.
    pub fn left(&self, p: &[f64; N], bells: &Bells) -> f64 {
        self.points.iter().map(|(at, value)| (value - p[0] - p[1] * product(bells, at)).powi(2)).sum()
    }
}

/// By axis and place: the Gaussian without its peak, and the distance from its centre.
pub(super) type Bells = [Vec<(f64, f64)>; 3];

pub(super) fn product(bells: &Bells, at: &[usize; 3]) -> f64 {
    bells[0][at[0]].0 * bells[1][at[1]].0 * bells[2][at[2]].0
}
