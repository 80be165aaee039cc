//! The signals of a probe in each nucleus: how many there are, and how many copies their light is.
//!
//! A single signal is one without another one of the probe in the nucleus within six sigmas, and no wider than 1.2 times the first
//! tenth of widths; its light is that of the Gaussian fitted to it. All others have their light together: the sum over the voxels
//! of the nucleus within four sigmas of one of them, each voxel once, less the background: the median of the nucleus farther away
//! from signals and two sigmas inside of its rim, or its 10th percentile where those are fewer than 20 voxels. So signals that lie on
//! each other, and clusters, give the light of all their copies. One copy is the light of the lowest group of single signals.

use super::super::Request;
use super::super::moments::Moments;
use super::super::object::Object;
use super::super::order;
use super::super::spot_fit::{Start, fit};
use crate::Result;
use crate::device::Device;
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
/// A background is the median of so many voxels at least.
const FREE: usize = 20;
/// A single signal is no wider than so many times the first tenth of widths.
const WIDEST: f64 = 1.2;
/// Single signals of one copy differ by no more than this share of it.
const ALIKE: f64 = 0.4;
/// So often the copy is looked for again.
const ROUNDS: usize = 5;
/// So many single signals say what a copy is.
const SINGLES: usize = 5;

/// The signals of a probe, by nucleus.
pub(super) struct Signals {
    pub counts: Vec<usize>,
    /// Nothing where too few single signals say what a copy is.
    pub copies: Option<Vec<f64>>,
}

/// A signal in a nucleus.
struct Signal {
    at: [f64; 3],
    /// Sigma in the plane, and the light of the Gaussian in samples, if one fits.
    gaussian: Option<(f64, f64)>,
}

impl Signals {
    /// Of the object set, and the channel, of this name; nothing where the image has no such channel.
    pub fn of(request: &Request, name: &str, sigma: [f64; 3], nuclei_at: &[Extent]) -> Result<Option<Self>> {
        let channel = request.channels.iter().find(|c| c.name == name);
        let (Some(signals), Some(channel)) = (request.other(name), channel) else { return Ok(None) };
        let samples = channel.volume.samples.host()?;
        let nuclei = request.labels.voxels().host()?;
        let labels = signals.voxels().host()?;
        let shape = signals.shape;
        let signal = |(i, extent)| -> Result<Signal> {
            let label = i as u32 + 1;
            let object = Object::new(signals, label, extent)?;
            let moments = Moments::of(&object);
            let centre = |a: usize| object.extent.lo[a] as f64 + moments.first[a] as f64 / moments.n.max(1) as f64;
            let at = std::array::from_fn(centre);
            let spot = fit(&Start { shape, samples, labels, label, at, sigma });
            let gaussian = spot.and_then(|s| Some((s.sigma?[0], s.light(shape.is_flat()))));
            Ok(Signal { at: spot.map_or(at, |s| s.at), gaussian })
        };
        let extents = extents(signals)?;
        let all = extents.into_par_iter().enumerate().map(signal).collect::<Result<Vec<_>>>()?;
        let mut of: Vec<Vec<&Signal>> = vec![vec![]; request.labels.count as usize];
        let parents = parents(&Device::Cpu, signals, request.labels)?;
        for (signal, parent) in all.iter().zip(parents.iter().skip(1)) {
            if let Some(of) = (*parent as usize).checked_sub(1).and_then(|p| of.get_mut(p)) {
                of.push(signal);
            }
        }
        let mut widths: Vec<f64> = of.iter().flatten().filter_map(|s| Some(s.gaussian?.0)).collect();
        widths.sort_unstable_by(f64::total_cmp);
        let widest = widths.get(widths.len() / 10).map_or(0.0, |w| WIDEST * w);
        let image = Image { shape, samples, nuclei, sigma };
        let light = |(i, (signals, extent)): (usize, (&Vec<&Signal>, &Extent))| {
            let nucleus = Object::new(request.labels, i as u32 + 1, *extent)?;
            Ok(image.light(&nucleus, signals, widest))
        };
        let light = of.par_iter().zip(nuclei_at).enumerate().map(light).collect::<Result<Vec<_>>>()?;
        let copy = copy(light.iter().flat_map(|l| &l.1).copied().filter(|l| *l > 0.0).collect());
        let copies = copy.map(|copy| light.iter().map(|l| (l.0 / copy).max(0.0)).collect());
        Ok(Some(Signals { counts: of.iter().map(Vec::len).collect(), copies }))
    }
}

/// The light of a copy: the lowest group of single signals, since two copies on each other look like one. From the first quartile on,
/// the median of those that differ from the last one by no more than 40 %.
fn copy(mut singles: Vec<f64>) -> Option<f64> {
    singles.sort_unstable_by(f64::total_cmp);
    let mut copy = *singles.get(singles.len() / 4).filter(|_| singles.len() >= SINGLES)?;
    for _ in 0..ROUNDS {
        let end = |limit: f64| singles.partition_point(|l| *l <= limit * copy);
        let near = &singles[end(1.0 - ALIKE)..end(1.0 + ALIKE)];
        copy = (near.get(near.len().saturating_sub(1) / 2)? + near.get(near.len() / 2)?) / 2.0;
    }
    Some(copy)
}

struct Image<'a> {
    shape: Shape,
    samples: &'a [i32],
    nuclei: &'a [u32],
    sigma: [f64; 3],
}

impl Image<'_> {
    /// The light of all signals of a nucleus together, and that of each single one.
    fn light(&self, nucleus: &Object, signals: &[&Signal], widest: f64) -> (f64, Vec<f64>) {
        let around = |signals: &[&Signal]| {
            let mut voxels: Vec<usize> = signals.iter().flat_map(|s| self.around(s.at, nucleus.label)).collect();
            voxels.sort_unstable();
            voxels.dedup();
            voxels
        };
        let background = self.background(nucleus, &around(signals));
        let apart = |a: &Signal, b: &Signal| {
            (0..3).map(|k| ((a.at[k] - b.at[k]) / self.sigma[k].max(1e-9)).powi(2)).sum::<f64>() >= ALONE * ALONE
        };
        let is_alone = |i: usize| signals.iter().enumerate().all(|(j, other)| j == i || apart(signals[i], other));
        let (mut singles, mut others) = (vec![], vec![]);
        for (i, signal) in signals.iter().enumerate() {
            match signal.gaussian.filter(|g| g.0 <= widest && is_alone(i)) {
                Some((_, light)) => singles.push(light),
                None => others.push(*signal),
            }
        }
        let others = around(&others);
        let sum: i64 = others.iter().map(|i| i64::from(self.samples[*i])).sum();
        let together = sum as f64 - background * others.len() as f64;
        (together + singles.iter().sum::<f64>(), singles)
    }

    /// Voxels of a nucleus within reach of a place.
    fn around(&self, at: [f64; 3], nucleus: u32) -> Vec<usize> {
        let reach = self.sigma.map(|s| REACH * s.max(1e-9));
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

    /// Not at the rim of the nucleus, where its own light fades.
    fn is_inside(&self, voxel: usize, nucleus: u32) -> bool {
        let [z, y, x] = self.shape.position(voxel);
        let [_, dy, dx] = self.sigma.map(|s| (RIM * s).round() as usize);
        let is_nucleus = |y: Option<usize>, x: Option<usize>| {
            let (y, x) = (y.filter(|y| *y < self.shape.y), x.filter(|x| *x < self.shape.x));
            y.zip(x).is_some_and(|(y, x)| self.nuclei[self.shape.index(z, y, x)] == nucleus)
        };
        is_nucleus(y.checked_sub(dy), Some(x))
            && is_nucleus(Some(y + dy), Some(x))
            && is_nucleus(Some(y), x.checked_sub(dx))
            && is_nucleus(Some(y), Some(x + dx))
    }

    /// Of a nucleus, in samples; `taken` are the voxels of its signals in raster order.
    fn background(&self, nucleus: &Object, taken: &[usize]) -> f64 {
        let (mut free, mut all) = (vec![], vec![]);
        for run in nucleus.runs() {
            for i in run.voxels(self.shape.x) {
                all.push(self.samples[i]);
                if taken.binary_search(&i).is_err() && self.is_inside(i, nucleus.label) {
                    free.push(self.samples[i]);
                }
            }
        }
        let few = || order::quantile(&order::sorted(&all), 1, 10);
        let found = if free.len() < FREE { few() } else { order::median(&mut free) };
        found.unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: groups of known light.
    use super::*;

    #[test]
    fn a_copy_is_the_lowest_group() {
        let singles: Vec<f64> =
            (0..40).map(|i| 96.0 + f64::from(i % 9)).chain((0..30).map(|i| 190.0 + f64::from(i))).collect();
        assert_eq!(copy(singles), Some(99.5));
        assert_eq!(copy(vec![5.0; 5]), Some(5.0));
        assert_eq!(copy(vec![5.0; 4]), None);
    }
}
