//! Global thresholds: chosen on the host in f64 from an exact histogram, applied on the device as `v > t`
//! (by the shader of `pixelwise`).
//!
//! Each method is one file and looks only at bins: values and counts. With one bin for each integer the values are
//! those of scikit-image on integer images. A range of more than 65,536 integers is counted in 32,768 equal bins, for triangle
//! and Yen in 256.
//! An image of one value has no object: its threshold is that value, whatever the method (but for a fixed one).

pub mod percentile;

mod bins;
mod by_height;
mod li;
pub(crate) mod multi_otsu;
mod otsu;
mod rest;
mod robust;
mod signal;
mod triangle;
mod yen;

pub use bins::{BinChoice, Cut};
pub use percentile::percentile;
pub(super) use rest::bright_unseen;
pub use rest::{Beyond, Own, with_rest};
pub use robust::Robust;
pub use signal::{Signal, signal_and_noise};

use super::histogram::BinScale;
use super::pixelwise::{above, not, shift_left};
use super::two_classes::TwoClasses;
use super::value_counts::{Look, look};
use super::{Case, Op, two_classes};
use crate::device::Device;
use crate::image::{Mask, Volume};
use crate::{Error, Result};
use bins::Histogram;
use percentile::percentile_seen;

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "threshold",
    summary: "Voxels above one threshold, given or chosen from the histogram",
    reference: "skimage.filters.threshold_otsu and its siblings",
    kernels: rest::KERNELS,
    uses: &[&super::histogram::OP, &super::value_counts::OP, &super::two_classes::OP, &super::pixelwise::OP],
    cases: &[
        Case { name: "Otsu", run: |d, i| apply(d, &i.volume(d)?, &Method::Otsu, BinChoice::Unit) },
        Case {
            name: "Li on square roots",
            run: |d, i| {
                let bins = BinChoice::Equal { n: 256, spacing: BinScale::Sqrt, cut: Cut::Edge };
                apply(d, &i.volume(d)?, &Method::Li, bins)
            },
        },
        Case {
            name: "75th percentile",
            run: |d, i| apply(d, &i.volume(d)?, &Method::Percentile(75.0), BinChoice::Unit),
        },
        Case {
            name: "triangle on shifted samples",
            run: |d, i| {
                // What is left of the samples are multiples of 2^20.
                apply(d, &shift_left(d, &i.volume(d)?, 20)?, &Method::Triangle, BinChoice::Lifted(20))
            },
        },
        Case {
            name: "Otsu and Yen of a wide range",
            run: |d, i| {
                let v = shift_left(d, &i.volume(d)?, 12)?;
                let of = |method| apply(d, &v, &method, BinChoice::Unit);
                Ok([of(Method::Otsu)?, of(Method::Yen)?].concat())
            },
        },
        Case {
            name: "what a threshold has left out",
            run: |d, i| {
                let v = i.volume(d)?;
                let [low, high] = [0.3, 0.7].map(|share| share * 65_535.0);
                let mut words = Vec::new();
                for (t, reach) in [(low, [0, 1, 1]), (high, [1, 2, 3])] {
                    let at = Beyond { reach, least: -40, floor: 0.0 };
                    let (mask, own) = with_rest(d, &v, &i.mask(d)?, t, &at)?;
                    let own = own.threshold()?.unwrap_or_default().to_bits();
                    words.extend(d.fetch(&mask.voxels)?.iter().map(|&m| u32::from(m)));
                    words.extend([own as u32, (own >> 32) as u32]);
                }
                Ok(words)
            },
        },
        Case { name: "below everything", run: |d, i| apply(d, &i.volume(d)?, &Method::Fixed(-3e9), BinChoice::Unit) },
    ],
};

fn apply(device: &Device, v: &Volume, method: &Method, bins: BinChoice) -> Result<Vec<u32>> {
    let t = choose(device, v, method, bins)?;
    let mask = threshold(device, v, t)?;
    let mut words: Vec<u32> = device.fetch(&mask.voxels)?.iter().map(|&m| m.into()).collect();
    words.extend([t.to_bits() as u32, (t.to_bits() >> 32) as u32]);
    Ok(words)
}

/// How a threshold is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Method {
    /// Given, in samples.
    Fixed(f64),
    /// Above this percentile (0 to 100) of the samples.
    Percentile(f64),
    /// Greatest variance between two classes.
    Otsu,
    /// Greatest variance between several classes.
    MultiOtsu {
        /// Number of classes, 2 to 16.
        classes: usize,
        /// To which side all classes between the darkest and the brightest go.
        middle: Middle,
    },
    /// Least cross entropy.
    Li,
    /// Farthest from the line between peak and tail.
    Triangle,
    /// Greatest correlation.
    Yen,
    /// Mean and deviation of the samples without their tails.
    RobustBackground(Robust),
}

/// Where the middle classes of several belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Middle {
    /// With the objects: the lowest threshold is taken.
    Foreground,
    /// With the background: the highest threshold is taken.
    Background,
}

/// The threshold of a method, in samples. For an image of one value, or whose samples all fall into one bin, it is the
/// greatest sample: nothing lies above.
///
/// # Errors
/// Parameters out of their range, or the device is lost.
pub fn choose(device: &Device, src: &Volume, method: &Method, bins: BinChoice) -> Result<f64> {
    check(method)?;
    if let Method::Fixed(t) = method {
        return Ok(*t);
    }
    cut_seen(&look(device, src)?, method, bins)
}

/// As [`choose`], of a volume that was looked at.
fn cut_seen(seen: &Look, method: &Method, bins: BinChoice) -> Result<f64> {
    let (min, max) = seen.range();
    match method {
        Method::Fixed(t) => Ok(*t),
        _ if min == max => Ok(max.into()),
        Method::Percentile(p) => percentile_seen(seen, *p),
        _ if by_height::is_for(method, bins, (min, max)) => by_height::cut(seen, method, (min, max)),
        _ => cut(&Histogram::new(seen, (min, max), bins)?, method, max),
    }
}

/// What a method says of these bins; `max` is the greatest sample.
fn cut(h: &Histogram, method: &Method, max: i32) -> Result<f64> {
    if h.is_one() {
        return Ok(max.into());
    }
    Ok(match method {
        Method::Otsu => h.at(otsu::otsu(h)),
        Method::MultiOtsu { classes, middle } => {
            // An image of fewer values has fewer classes.
            let values = h.counts.iter().filter(|&&c| c > 0).count();
            let all = cuts(h, values.min(*classes))?;
            let t = if *middle == Middle::Foreground { all.first() } else { all.last() };
            t.copied().unwrap_or(max.into())
        }
        Method::Li => h.spacing.back(li::li(h)),
        Method::Triangle => h.at(triangle::triangle(h)),
        Method::Yen => h.at(yen::yen(h)),
        Method::RobustBackground(p) => h.spacing.back(robust::robust(h, p)),
        Method::Fixed(t) | Method::Percentile(t) => *t,
    })
}

/// Otsu's two classes explain 3/4 of the variance of an even slope, and more where there are two classes indeed.
pub const EVEN_SLOPE: f64 = 0.76;
/// Of normal noise they explain 2 / pi of it, which is 0.637, and in small fields of correlated noise up to 0.67.
pub const NOISE: f64 = 0.685;
/// Of normal noise that was cut off from below, wherever that was, they explain up to 0.77, and in small fields up to 0.79.
pub const CUT_NOISE: f64 = 0.8;

/// Otsu's threshold and the two classes that it makes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Classes {
    /// In samples.
    pub threshold: f64,
    /// Between the means of the classes, on the scale of the bins.
    pub contrast: f64,
    /// Share of the variance that lies between the classes, 0 to 1.
    pub explained: f64,
    /// The least sample.
    pub least: i32,
    /// Otsu's threshold on square roots of what samples are above the least, in samples, from the same bins: lower, for what is
    /// dim.
    pub low: f64,
    /// How many times as many samples lie above that one.
    pub times: f64,
    /// How many samples lie above the threshold.
    pub bright: f64,
}

/// Otsu's threshold with its classes; of an image of one value, nothing lies above.
///
/// # Errors
/// As for [`choose`].
pub fn otsu_classes(device: &Device, src: &Volume, bins: BinChoice) -> Result<Classes> {
    let seen = look(device, src)?;
    classes_within(&seen, seen.range(), bins)
}

/// Otsu's classes; what is brighter than the range counts as its end.
pub(super) fn classes_within(seen: &Look, (min, max): (i32, i32), bins: BinChoice) -> Result<Classes> {
    if min == max {
        return Ok(Classes::none((min, max)));
    }
    Ok(Classes::of(&Histogram::new(seen, (min, max), bins)?, (min, max)))
}

impl Classes {
    /// Of an image without two classes.
    fn none((least, max): (i32, i32)) -> Self {
        let max_value = f64::from(max);
        Classes { threshold: max_value, contrast: 0.0, explained: 0.0, least, low: max_value, times: 1.0, bright: 0.0 }
    }

    fn of(h: &Histogram, range: (i32, i32)) -> Self {
        // Of few equal bins as devices find it.
        let by_integers = h.spacing == BinScale::Linear && h.counts.len() <= two_classes::BINS;
        let found = TwoClasses::of(&h.counts).filter(|_| by_integers);
        let last = found.map_or_else(|| otsu::otsu(h), |found| found.last as usize);
        let sums = |bins: &mut dyn Iterator<Item = (f64, f64)>| {
            bins.fold([0.0; 3], |[n, sum, squares], (v, c)| [n + c, sum + c * v, squares + c * v * v])
        };
        let dark = sums(&mut h.bins().take(last + 1));
        let all = sums(&mut h.bins());
        let bright = [all[0] - dark[0], all[1] - dark[1]];
        if dark[0] == 0.0 || bright[0] == 0.0 {
            return Classes::none(range);
        }
        let contrast = bright[1] / bright[0] - dark[1] / dark[0];
        let variance = all[2] / all[0] - (all[1] / all[0]) * (all[1] / all[0]);
        let between = dark[0] * bright[0] / (all[0] * all[0]) * contrast * contrast;
        let (threshold, explained) = (h.at(last), between / variance);
        let last = otsu::otsu(&h.roots(range.0));
        let above: f64 = h.bins().skip(last + 1).map(|(_, count)| count).sum();
        let (least, low, times) = (range.0, h.at(last), above / bright[0]);
        Classes { threshold, contrast, explained, least, low, times, bright: bright[0] }
    }
}

/// All thresholds between several classes, in samples, ascending. An image of one value has none.
///
/// # Errors
/// Fewer values than classes, classes outside 2..=16, or the device is lost.
pub fn multi_otsu(device: &Device, src: &Volume, classes: usize, bins: BinChoice) -> Result<Vec<f64>> {
    check(&Method::MultiOtsu { classes, middle: Middle::Foreground })?;
    let seen = look(device, src)?;
    let (min, max) = seen.range();
    if min == max {
        return Ok(Vec::new());
    }
    cuts(&Histogram::new(&seen, (min, max), bins)?, classes)
}

fn cuts(h: &Histogram, classes: usize) -> Result<Vec<f64>> {
    let found = multi_otsu::multi_otsu(h, classes).ok_or_else(|| {
        Error::usage(format!("an image with fewer than {classes} values has no {classes} classes"))
            .remedy("method = \"otsu\"")
    })?;
    Ok(found.into_iter().map(|k| h.at(k)).collect())
}

fn check(method: &Method) -> Result<()> {
    let (ok, remedy) = match method {
        Method::Fixed(t) => (!t.is_nan(), "a number"),
        Method::Percentile(p) => ((0.0..=100.0).contains(p), "a percentile of 0 to 100"),
        Method::MultiOtsu { classes, .. } => ((2..=16).contains(classes), "2 to 16 classes"),
        Method::RobustBackground(r) => (
            r.lower >= 0.0 && r.upper >= 0.0 && r.lower + r.upper < 1.0 && r.deviations.is_finite(),
            "fractions of 0 or more that add up to less than 1",
        ),
        _ => (true, ""),
    };
    if ok { Ok(()) } else { Err(Error::usage(format!("threshold {method:?}")).remedy(remedy)) }
}

/// What is done to a threshold after it was chosen: a factor, then bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adjust {
    /// Factor: above 1 is stricter.
    pub factor: f64,
    /// Never below this, in samples.
    pub low: f64,
    /// Never above this, in samples.
    pub high: f64,
}

impl Default for Adjust {
    fn default() -> Self {
        Adjust { factor: 1.0, low: f64::NEG_INFINITY, high: f64::INFINITY }
    }
}

impl Adjust {
    /// The adjusted threshold. The bounds win over the factor, the upper one over the lower.
    pub fn apply(&self, t: f64) -> f64 {
        (t * self.factor).max(self.low).min(self.high)
    }
}

/// The voxels with `v > t`, exactly.
///
/// # Errors
/// `t` is not a number; the device is lost or too small.
pub fn threshold(device: &Device, src: &Volume, t: f64) -> Result<Mask> {
    if t.is_nan() {
        return Err(Error::usage("a threshold that is not a number"));
    }
    if t < i32::MIN.into() {
        return not(device, &above(device, src, i32::MAX)?);
    }
    // For an integer v, v > t and v > floor(t) are the same; the cast stops at the ends of i32.
    above(device, src, t.floor() as i32)
}

#[cfg(test)]
mod tests;
