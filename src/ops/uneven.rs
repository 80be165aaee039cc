//! Ground that is uneven as lenses and lamps make it: a slope, or light that falls off towards the corners.
//!
//! A surface of second degree is fitted to the grounds of 16 x 16 tiles (as `slope` finds them; of a stack the means of up to 16 slices,
//! each less its own) by least squares. Tiles that cells cover lie above it: those farther above than the typical distance are left
//! out, as are shadows, and it is fitted again. Then the lower quartiles of the samples of each tile above that surface take the place of the grounds, which lie at the dark
//! end of a tile, twice. It counts where a third of the tiles is left and it explains 0.9 of their variance.
//!
//! Where objects are known, only what lies apart from them is looked at ([`FreeGround`]): the lower quartiles of that from the start. The stain of a colony is no
//! ground that is brighter there.
//!
//! On the host, in f64, in the order of the tiles. Reference: least squares; Lindblad and Bengtsson 2001 for surfaces fitted to what is
//! left as background.

use super::free_ground::FreeGround;
use super::slope::{Span, Tiles, ground, middles};
use crate::device::Buffer;
use crate::image::Volume;
use crate::units::Shape;
use crate::{Result, simd};

/// Share of the variance that a surface explains at least.
const EVEN: f64 = 0.9;
/// Share of the tiles that it is fitted to at least.
const LEFT: f64 = 1.0 / 3.0;
/// Share of a tile that is free at least.
const ENOUGH: f64 = 0.125;
/// Tiles that lie so many times the typical distance below the surface are in a shadow.
const SHADOW: f64 = 4.0;
/// Most rounds of a fit.
const ROUNDS: usize = 20;
/// How often it is fitted to lower quartiles.
const AGAIN: usize = 2;
/// Its terms: 1, y, x, y^2, y x, x^2.
const TERMS: usize = 6;

/// The terms of a surface, or at a place.
type Terms = [f64; TERMS];

/// A surface that the ground of every slice lies on, but for a level.
#[derive(Clone, Debug)]
pub struct Surface {
    terms: Terms,
    shape: Shape,
}

impl Surface {
    /// That of an image on the host, told from the free ground alone if that is known; nothing where its ground is even, or uneven in another way.
    pub fn of(samples: &[i32], shape: Shape, free: Option<&FreeGround>) -> Option<Self> {
        let tiles = Tiles::of(shape)?;
        let (ys, xs) = (middles(&tiles.y), middles(&tiles.x));
        let places: Vec<Terms> = ys.iter().flat_map(|y| xs.iter().map(|x| terms_at(shape, *y, *x))).collect();
        let quartiles = |terms: &Terms| {
            let all = tiles.each(|z, y, x| lower_quartile(samples, shape, free, terms, (z, y, x)));
            of_all_slices(&all, places.len(), free.is_none())
        };
        let first = match free {
            Some(_) => quartiles(&[0.0; TERMS]),
            None => of_all_slices(&tiles.each(|z, y, x| ground(samples, shape, z, y, x)), places.len(), true),
        };
        let mut terms = lowest(&places, &first)?;
        for _ in 0..AGAIN {
            let mut grounds = quartiles(&terms);
            grounds.iter_mut().zip(&places).for_each(|(ground, at)| *ground += value(&terms, at));
            // In a crowd most tiles have no quartile that is ground.
            let Some(better) = lowest(&places, &grounds) else { break };
            terms = better;
        }
        Some(Surface { terms, shape })
    }

    /// How far it rises over the image, in samples.
    pub fn rise(&self) -> f64 {
        let line = |n: usize| (0..=8).map(move |k| (n - 1) as f64 * f64::from(k) / 8.0);
        let heights = line(self.shape.y).flat_map(|y| line(self.shape.x).map(move |x| (y, x)));
        let heights = heights.map(|(y, x)| value(&self.terms, &terms_at(self.shape, y, x)));
        let (low, high) = heights.fold((f64::MAX, f64::MIN), |(low, high), h| (low.min(h), high.max(h)));
        high - low
    }

    /// The image on the host less the surface, whose mean stays.
    ///
    /// # Errors
    /// The image is on a device.
    pub fn off(&self, src: &Volume) -> Result<Volume> {
        let (shape, from) = (src.shape, src.samples.host()?);
        // Its mean over the image is not that at the middle.
        let third = |n: usize| (n as f64 * n as f64 - 1.0) / (3.0 * (n as f64 * n as f64).max(1.0));
        let mean = self.terms[0] + self.terms[3] * third(shape.y) + self.terms[5] * third(shape.x);
        let row = |(): &mut (), row: usize, out: &mut [i32]| {
            let y = (row % shape.y) as f64;
            for (x, (out, s)) in out.iter_mut().zip(&from[row * shape.x..]).enumerate() {
                let height = value(&self.terms, &terms_at(shape, y, x as f64)) - mean;
                *out = s.saturating_sub(height.round() as i32);
            }
        };
        Ok(src.with(Buffer::on_host(simd::new_parts(from.len(), shape.x, || (), row).0)))
    }
}

/// The means over all slices that have a number, each less its own mean if they have levels of their own. Not a number where no slice has one.
fn of_all_slices(grounds: &[f64], each: usize, have_levels: bool) -> Vec<f64> {
    let slices = grounds.chunks_exact(each);
    let mut known = vec![0usize; each];
    slices.clone().for_each(|slice| known.iter_mut().zip(slice).for_each(|(n, g)| *n += usize::from(!g.is_nan())));
    let mut means: Vec<f64> = known.iter().map(|n| if *n == 0 { f64::NAN } else { 0.0 }).collect();
    for slice in slices {
        let level = if have_levels { slice.iter().sum::<f64>() / each as f64 } else { 0.0 };
        for ((mean, ground), n) in means.iter_mut().zip(slice).zip(&known).filter(|((_, g), _)| !g.is_nan()) {
            *mean += (ground - level) / *n as f64;
        }
    }
    means
}

/// The lower quartile of how far a tile lies above a surface, where it is free; not a number where hardly any of it is.
fn lower_quartile(
    samples: &[i32],
    shape: Shape,
    free: Option<&FreeGround>,
    terms: &Terms,
    (z, [y0, y1], [x0, x1]): (usize, Span, Span),
) -> f64 {
    let mut above: Vec<f64> = Vec::with_capacity((y1 - y0) * (x1 - x0));
    for y in y0..y1 {
        let row = samples[shape.index(z, y, x0)..][..x1 - x0].iter().zip(x0..);
        let heights = row.map(|(s, x)| f64::from(*s) - value(terms, &terms_at(shape, y as f64, x as f64)));
        match free {
            Some(free) => above.extend(heights.zip(free.row(z, y).skip(x0)).filter(|h| h.1).map(|h| h.0)),
            None => above.extend(heights),
        }
    }
    if (above.len() as f64) < ENOUGH * ((y1 - y0) * (x1 - x0)) as f64 {
        return f64::NAN;
    }
    let quarter = above.len() / 4;
    *above.select_nth_unstable_by(quarter, f64::total_cmp).1
}

/// The surface that the lower ones of some grounds lie on, if it explains enough of them. Those that are not numbers are left out.
fn lowest(places: &[Terms], grounds: &[f64]) -> Option<Terms> {
    let all = places.len();
    let mut left: Vec<usize> = (0..all).filter(|k| !grounds[*k].is_nan()).collect();
    if (left.len() as f64) < LEFT * all as f64 {
        return None;
    }
    let mut terms = [0.0; TERMS];
    for _ in 0..ROUNDS {
        terms = fitted(left.iter().map(|k| (places[*k], grounds[*k])))?;
        let above = |k: usize| grounds[k] - value(&terms, &places[k]);
        let mut apart: Vec<f64> = left.iter().map(|k| above(*k).abs()).collect();
        apart.sort_unstable_by(f64::total_cmp);
        let most = apart[apart.len() / 2];
        let next: Vec<usize> = (0..all).filter(|k| (-SHADOW * most..=most).contains(&above(*k))).collect();
        if next == left || (next.len() as f64) < LEFT * all as f64 {
            break;
        }
        left = next;
    }
    let mean = left.iter().map(|k| grounds[*k]).sum::<f64>() / left.len() as f64;
    let squares = |from: &dyn Fn(usize) -> f64| left.iter().map(|k| (grounds[*k] - from(*k)).powi(2)).sum::<f64>();
    let (rest, spread) = (squares(&|k| value(&terms, &places[k])), squares(&|_| mean));
    (spread > 0.0 && rest <= (1.0 - EVEN) * spread).then_some(terms)
}

/// The terms at a place, with sides of 2 around the middle of the image.
fn terms_at(shape: Shape, y: f64, x: f64) -> Terms {
    let from_middle = |at: f64, n: usize| (2.0 * at - (n as f64 - 1.0)) / n as f64;
    let (y, x) = (from_middle(y, shape.y), from_middle(x, shape.x));
    [1.0, y, x, y * y, y * x, x * x]
}

fn value(terms: &Terms, at: &Terms) -> f64 {
    terms.iter().zip(at).map(|(term, at)| term * at).sum()
}

/// The terms with the least squares: the normal equations, by elimination.
fn fitted(points: impl Iterator<Item = (Terms, f64)>) -> Option<Terms> {
    let mut rows = [[0.0; TERMS + 1]; TERMS];
    for (at, ground) in points {
        for (row, own) in rows.iter_mut().zip(&at) {
            row.iter_mut().zip(at.iter().chain([&ground])).for_each(|(sum, other)| *sum += own * other);
        }
    }
    for k in 0..TERMS {
        let pivot = (k..TERMS).max_by(|a, b| rows[*a][k].abs().total_cmp(&rows[*b][k].abs()))?;
        rows.swap(k, pivot);
        let first = rows[k];
        if first[k].abs() < 1e-9 {
            return None;
        }
        for (_, row) in rows.iter_mut().enumerate().filter(|(i, _)| *i != k) {
            let times = row[k] / first[k];
            row.iter_mut().zip(&first).for_each(|(a, b)| *a -= times * b);
        }
    }
    Some(std::array::from_fn(|k| rows[k][TERMS] / rows[k][k]))
}

#[cfg(test)]
mod tests {
    //! Oracle: surfaces that are known.
    use super::*;

    fn image(shape: Shape, value: impl Fn([usize; 3]) -> f64) -> Volume {
        Volume::new(shape, (0..shape.len()).map(|i| value(shape.position(i)).round() as i32).collect()).unwrap()
    }

    fn noise([z, y, x]: [usize; 3]) -> f64 {
        ((z * 31 + y * 17 + x * 7 + x * y) % 13) as f64 - 6.0
    }

    #[test]
    fn light_that_falls_off_is_found_beside_cells_and_taken_off() {
        for shape in [Shape::flat(320, 400), Shape::new(3, 200, 160)] {
            let is_cell = |[_, y, x]: [usize; 3]| y % 80 < 40 && x % 80 < 40;
            let kinds: [fn(f64, f64) -> f64; 3] =
                [|y, x| 400.0 - 300.0 * (y * y + x * x), |y, _| 100.0 * y, |y, x| 80.0 * y * x - 200.0 * x * x];
            for kind in kinds {
                let ground = |p: [usize; 3]| {
                    let at = terms_at(shape, p[1] as f64, p[2] as f64);
                    1000.0 * (p[0] + 1) as f64 + kind(at[1], at[2]) + noise(p)
                };
                let v = image(shape, |p| ground(p) + if is_cell(p) { 500.0 } else { 0.0 });
                let surface = Surface::of(v.samples.host().unwrap(), shape, None).unwrap();
                let flat = surface.off(&v).unwrap();
                let level = |z: usize| {
                    let all = (0..shape.len()).map(|i| shape.position(i)).filter(|p| p[0] == z);
                    let (n, sum) = all.fold((0.0, 0.0), |(n, sum), p| (n + 1.0, sum + ground(p)));
                    sum / n
                };
                let levels: Vec<f64> = (0..shape.z).map(level).collect();
                for (i, s) in flat.samples.host().unwrap().iter().enumerate() {
                    let p = shape.position(i);
                    let off = (f64::from(*s) - levels[p[0]]).abs();
                    assert!(is_cell(p) || off < 30.0, "{off} at {p:?}");
                }
            }
        }
    }

    #[test]
    fn other_grounds_have_none() {
        let shape = Shape::flat(130, 170);
        let of = |value: fn([usize; 3]) -> f64| Surface::of(image(shape, value).samples.host().unwrap(), shape, None);
        assert!(of(|_| 7.0).is_none(), "flat");
        assert!(of(noise).is_none(), "noise");
        assert!(of(|[_, y, x]| 100.0 * libm::sin(y as f64 / 9.0) * libm::sin(x as f64 / 9.0)).is_none(), "waves");
        assert!(Surface::of(&[1; 100 * 200], Shape::flat(100, 200), None).is_none(), "tiles that are too small");
    }
}
