//! The signals of a probe in each nucleus: how many there are, and how many copies their light is.
//!
//! A single signal is one without another one of the probe in the nucleus within six sigmas, and no wider than 1.2 times the first
//! tenth of widths; its light is that of the Gaussian fitted to it with the median width of those that are no wider. All others have
//! their light together: the sum over the voxels of the nucleus within four sigmas of one of them (its own width, if that is more),
//! each voxel once, less the background: the plane through the nucleus farther away from signals and two sigmas inside of its rim (its
//! median where that is less than a fifth of the nucleus), and in the rim the median above that plane, pixel by pixel of depth; or the 10th percentile of the nucleus where fewer than 20
//! voxels are so far inside. So signals that lie on each other, and clusters, give the light of all their copies. How much light is one
//! copy the single signals say ([`Copy`]).

use super::super::Request;
use super::super::moments::Moments;
use super::super::object::Object;
use super::super::order;
use super::super::spot::cut_off;
use super::super::spot_fit::{Spot, Start, fit, light_of_width, solve, tell_length};
use super::copy::Copy;
use crate::Result;
use crate::device::Device;
use crate::ops::end_of_scale::end_of_scale;
use crate::ops::extent::{Extent, extents};
use crate::ops::overlap::parents;
use crate::units::Shape;
use rayon::prelude::*;

/// The light of a signal lies within so many sigmas.
const REACH: f64 = 4.0;
/// A single signal has no other one within so many.
const ALONE: f64 = 6.0;
/// The rim of a nucleus in sigmas.
const RIM: f64 = 2.0;
/// A background is told from so many voxels at least.
const FREE: usize = 20;
/// It has slopes where they are at least one in so many of the nucleus.
const SLOPED: usize = 5;
/// A single signal is no wider than so many times the first tenth of widths.
const WIDEST: f64 = 1.2;
/// The signals of a probe, by nucleus.
pub(super) struct Signals {
    pub counts: Vec<usize>,
    /// Nothing where too few single signals say what a copy is.
    pub copies: Option<Vec<f64>>,
    /// How unlike copies are; likewise.
    pub spread: Option<f64>,
}

/// A signal in a nucleus.
struct Signal {
    label: u32,
    at: [f64; 3],
    /// In the plane and along z, of the Gaussian that fits, if one does.
    sigma: Option<[f64; 2]>,
}

impl Signals {
    /// Of the object set, and the channel, of this name; nothing where the image has no such channel.
    pub fn of(request: &Request, name: &str, sigma: [f64; 3], nuclei_at: &[Extent]) -> Result<Option<Self>> {
        let channel = request.channels.iter().find(|c| c.name == name);
        let (Some(signals), Some(channel)) = (request.other(name), channel) else { return Ok(None) };
        let samples = channel.volume.samples.host()?;
        let end = end_of_scale(channel.volume, channel.saturation)?;
        let nuclei = request.labels.voxels().host()?;
        let labels = signals.voxels().host()?;
        let shape = signals.shape;
        let signal = |(i, extent)| -> Result<Signal> {
            let label = i as u32 + 1;
            let object = Object::new(signals, label, extent)?;
            let moments = Moments::of(&object);
            let centre = |a: usize| object.extent.lo[a] as f64 + moments.first[a] as f64 / moments.n.max(1) as f64;
            let at = std::array::from_fn(centre);
            let spot = fit(&Start { shape, samples, labels, label, at, sigma, end, others: &[] });
            let deep = |s: &Spot| if shape.is_flat() { Some(s.shape[1]) } else { s.deep };
            let sigma = spot.and_then(|s| Some([s.plane?, deep(&s)?]));
            Ok(Signal { label, at: spot.map_or(at, |s| s.at), sigma })
        };
        let extents = extents(signals)?;
        let mut all = extents.into_par_iter().enumerate().map(signal).collect::<Result<Vec<_>>>()?;
        if !shape.is_flat() && !tell_length(all.iter().filter(|s| s.sigma.is_some()).count(), all.len()) {
            all.iter_mut().for_each(|s| s.sigma = None);
        }
        let mut of: Vec<Vec<&Signal>> = vec![vec![]; request.labels.count as usize];
        let parents = parents(&Device::Cpu, signals, request.labels)?;
        for (signal, parent) in all.iter().zip(parents.iter().skip(1)) {
            if let Some(of) = (*parent as usize).checked_sub(1).and_then(|p| of.get_mut(p)) {
                of.push(signal);
            }
        }
        let widths = Widths::of(of.iter().flatten().filter_map(|s| s.sigma).collect());
        let image = Image { shape, samples, nuclei, signals: labels, sigma, end, widths };
        let light = |(i, (signals, extent)): (usize, (&Vec<&Signal>, &Extent))| {
            let nucleus = Object::new(request.labels, i as u32 + 1, *extent)?;
            Ok(image.light(&nucleus, signals))
        };
        let light = of.par_iter().zip(nuclei_at).enumerate().map(light).collect::<Result<Vec<_>>>()?;
        let copy = Copy::of_singles(light.iter().flat_map(|l| &l.1).copied().filter(|l| *l > 0.0).collect());
        let copies = copy.map(|copy| light.iter().map(|l| (l.0 / copy.light).max(0.0)).collect());
        let spread = copy.map(|copy| copy.spread);
        Ok(Some(Signals { counts: of.iter().map(Vec::len).collect(), copies, spread }))
    }
}

/// What the user should know of the signals of this name.
pub(super) fn doubt(request: &Request, name: &str) -> Result<Option<String>> {
    let channel = request.channels.iter().find(|c| c.name == name);
    let Some((signals, channel)) = request.other(name).zip(channel) else { return Ok(None) };
    let n = cut_off(signals, channel)?;
    Ok((n > 0).then(|| {
        format!(
            "{n} of {} signals of {name} reach the end of its scale: light of those in clusters is too small, and so are their copies by \
             light; expose for a shorter time",
            signals.count
        )
    }))
}

pub(super) fn middle(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    Some((values.get(values.len().checked_sub(1)? / 2)? + values.get(values.len() / 2)?) / 2.0)
}

/// How wide signals are.
struct Widths {
    /// In the plane, of a single one.
    widest: f64,
    /// In the plane and along z, of the middle one among those that are no wider.
    usual: [f64; 2],
}

impl Widths {
    fn of(mut all: Vec<[f64; 2]>) -> Self {
        all.sort_unstable_by(|a, b| a[0].total_cmp(&b[0]));
        let widest = all.get(all.len() / 10).map_or(0.0, |w| WIDEST * w[0]);
        let single = &all[..all.partition_point(|w| w[0] <= widest)];
        let middle = |axis: usize| middle(single.iter().map(|w| w[axis]).collect());
        Widths { widest, usual: [0, 1].map(|axis| middle(axis).unwrap_or(0.0)) }
    }
}

struct Image<'a> {
    shape: Shape,
    samples: &'a [i32],
    nuclei: &'a [u32],
    signals: &'a [u32],
    sigma: [f64; 3],
    end: Option<i32>,
    widths: Widths,
}

impl Image<'_> {
    /// The light of all signals of a nucleus together, and that of each single one.
    fn light(&self, nucleus: &Object, signals: &[&Signal]) -> (f64, Vec<f64>) {
        let around = |signals: &[&Signal]| {
            let mut voxels: Vec<usize> = signals.iter().flat_map(|s| self.around(s, nucleus.label)).collect();
            voxels.sort_unstable();
            voxels.dedup();
            voxels
        };
        let background = self.background(nucleus, &around(signals));
        // Along z signals are as long as they were found to be.
        let sigma = [self.sigma[0].max(self.widths.usual[1]), self.sigma[1], self.sigma[2]];
        let apart = |a: &Signal, b: &Signal| {
            (0..3).map(|k| ((a.at[k] - b.at[k]) / sigma[k].max(1e-9)).powi(2)).sum::<f64>() >= ALONE * ALONE
        };
        let is_alone = |i: usize| signals.iter().enumerate().all(|(j, other)| j == i || apart(signals[i], other));
        let (mut singles, mut others) = (vec![], vec![]);
        for (i, signal) in signals.iter().enumerate() {
            let is_single = signal.sigma.is_some_and(|s| s[0] <= self.widths.widest) && is_alone(i);
            match is_single.then(|| self.light_of_single(signal)).flatten() {
                Some(light) => singles.push(light),
                None => others.push(*signal),
            }
        }
        let others = around(&others);
        let above = |i: &usize| {
            let ground = background.at(self.shape.position(*i), self.depth(*i, nucleus.label));
            f64::from(self.samples[*i]) - ground
        };
        let together: f64 = others.iter().map(above).sum();
        (together + singles.iter().sum::<f64>(), singles)
    }

    /// With the width that single signals have: where each has its own, their light is four times as noisy.
    fn light_of_single(&self, signal: &Signal) -> Option<f64> {
        let Image { shape, samples, signals: labels, end, .. } = *self;
        let sigma = self.along(self.widths.usual);
        light_of_width(&Start { shape, samples, labels, label: signal.label, at: signal.at, sigma, end, others: &[] })
    }

    /// Sigmas in the plane and along z as those along z, y, x: in the plane they are one in true lengths.
    fn along(&self, [plane, deep]: [f64; 2]) -> [f64; 3] {
        let side = (self.sigma[1] / self.sigma[2]).sqrt();
        [deep, plane * side, plane / side]
    }

    /// Voxels of a nucleus within reach of a place.
    fn around(&self, signal: &Signal, nucleus: u32) -> Vec<usize> {
        let at = signal.at;
        let mut reach = self.sigma;
        // A cluster is wider than a signal.
        for widths in std::iter::once(self.widths.usual).chain(signal.sigma) {
            let sigma = self.along(widths);
            reach = std::array::from_fn(|a| reach[a].max(sigma[a]));
        }
        let reach = reach.map(|s| REACH * s.max(1e-9));
        let range = |a: usize| {
            let n = self.shape.zyx()[a] as f64;
            (at[a] - reach[a]).ceil().clamp(0.0, n) as usize..(at[a] + reach[a] + 1.0).floor().clamp(0.0, n) as usize
        };
        let mut voxels = vec![];
        for z in range(0) {
            for y in range(1) {
                for x in range(2) {
                    let i = self.shape.index(z, y, x);
                    let d2: f64 = (0..3).map(|a| (([z, y, x][a] as f64 - at[a]) / reach[a]).powi(2)).sum();
                    if d2 <= 1.0 && self.nuclei[i] == nucleus {
                        voxels.push(i);
                    }
                }
            }
        }
        voxels
    }

    /// How many pixels a voxel of a nucleus lies from its rim, along rows and columns, as far as the rim reaches.
    fn depth(&self, voxel: usize, nucleus: u32) -> usize {
        let [z, y, x] = self.shape.position(voxel);
        let is_nucleus = |y: Option<usize>, x: Option<usize>| {
            let (y, x) = (y.filter(|y| *y < self.shape.y), x.filter(|x| *x < self.shape.x));
            y.zip(x).is_some_and(|(y, x)| self.nuclei[self.shape.index(z, y, x)] == nucleus)
        };
        let is_inside = |k: &usize| {
            is_nucleus(y.checked_sub(*k), Some(x))
                && is_nucleus(Some(y + k), Some(x))
                && is_nucleus(Some(y), x.checked_sub(*k))
                && is_nucleus(Some(y), Some(x + k))
        };
        (1..=self.rim()).take_while(is_inside).count()
    }

    /// In pixels.
    fn rim(&self) -> usize {
        (RIM * self.sigma[1].max(self.sigma[2])).round() as usize
    }

    /// Of a nucleus; `taken` are the voxels of its signals in raster order.
    fn background(&self, nucleus: &Object, taken: &[usize]) -> Background {
        let (mut all, mut free) = (vec![], vec![vec![]; self.rim() + 1]);
        for i in nucleus.runs().iter().flat_map(|run| run.voxels(self.shape.x)) {
            all.push(self.samples[i]);
            if taken.binary_search(&i).is_err() {
                free[self.depth(i, nucleus.label)].push(i);
            }
        }
        let inside = free.pop().unwrap_or_default();
        if inside.len() < FREE {
            let level = order::quantile(&order::sorted(&all), 1, 10).unwrap_or(0.0);
            return Background::even(level);
        }
        let plane = match inside.len() < all.len() / SLOPED {
            // Too little of the nucleus to tell how the rest slopes.
            true => self.even(&inside),
            false => self.plane(&inside),
        };
        let above = |i: &usize| f64::from(self.samples[*i]) - plane.at(self.shape.position(*i), usize::MAX);
        let rim = free.iter().map(|ring| middle(ring.iter().map(above).collect()).unwrap_or(0.0)).collect();
        Background { rim, ..plane }
    }

    /// The median of voxels.
    fn even(&self, voxels: &[usize]) -> Background {
        let level = order::median(&mut voxels.iter().map(|i| self.samples[*i]).collect::<Vec<_>>()).unwrap_or(0.0);
        Background::even(level)
    }

    /// The plane through the samples of voxels by least squares, or their mean where they lie in a row.
    fn plane(&self, voxels: &[usize]) -> Background {
        let n = voxels.len() as f64;
        let mut centre = [0.0; 3];
        for i in voxels {
            let at = self.shape.position(*i);
            (0..3).for_each(|a| centre[a] += at[a] as f64 / n);
        }
        let (mut matrix, mut right) = ([[0.0; 4]; 4], [0.0; 4]);
        for i in voxels {
            let at = self.shape.position(*i);
            let terms = [1.0, at[0] as f64 - centre[0], at[1] as f64 - centre[1], at[2] as f64 - centre[2]];
            for (row, term) in terms.iter().enumerate() {
                right[row] += term * f64::from(self.samples[*i]);
                (0..4).for_each(|column| matrix[row][column] += term * terms[column]);
            }
        }
        if self.shape.is_flat() {
            matrix[1][1] = 1.0;
        }
        let plane = solve(matrix, right).unwrap_or([right[0] / n, 0.0, 0.0, 0.0]);
        Background { plane, centre, rim: vec![] }
    }
}

/// The light of a nucleus without signals: a plane, for ground and stain that are uneven, and less at the rim.
#[derive(Default)]
struct Background {
    /// Its height at the centre, and its slopes along z, y and x.
    plane: [f64; 4],
    centre: [f64; 3],
    /// What the median of the voxels is above the plane, by their depth in the nucleus.
    rim: Vec<f64>,
}

impl Background {
    fn even(level: f64) -> Self {
        Background { plane: [level, 0.0, 0.0, 0.0], ..Background::default() }
    }

    fn at(&self, place: [usize; 3], depth: usize) -> f64 {
        let slope: f64 = (0..3).map(|a| self.plane[a + 1] * (place[a] as f64 - self.centre[a])).sum();
        self.plane[0] + slope + self.rim.get(depth).unwrap_or(&0.0)
    }
}
