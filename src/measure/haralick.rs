//! Haralick's texture features as CellProfiler's MeasureTexture has them: 8-bit levels of the whole image's scale, each direction
//! by itself.
//!
//! A value becomes a level by its part of the full scale times 255, rounded (halves to even); with fewer levels than 256 that is
//! scaled down to `levels - 1` and cut off. Pairs lie `scale` voxels apart along a direction, both in the object, and count
//! both ways; level 0 counts as background. The family `texture` follows the standard of IBSI instead.
//!
//! Probabilities are quotients of whole counts, summed in the order in which pairs are first met.

use super::family::{Family, Measured, Measurer, Objection};
use super::feature::{About, Definition};
use super::full_scale::{self, full_scale};
use super::{ChannelRef, Request};
use crate::simd::{convert, whole_part, wide};
use crate::units::Shape;
use crate::words::one_or_many;
use crate::{Error, Result};
use serde::Deserialize;

/// Keys of the recipe.
pub(super) const KEYS: &[&str] = &["scale", "levels", "directions", "full_scale"];

/// Haralick's features of each channel.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Haralick {
    /// Distances of pairs in voxels.
    #[serde(deserialize_with = "one_or_many")]
    pub scale: Vec<usize>,
    /// Grey levels.
    pub levels: u32,
    /// 4 within slices, or 13 of volumes.
    pub directions: usize,
    /// The value that counts as 1.
    pub full_scale: Option<f64>,
}

impl Default for Haralick {
    fn default() -> Self {
        Haralick { scale: vec![3], levels: 256, directions: FLAT.len(), full_scale: None }
    }
}

const MOST_LEVELS: usize = 256;
const LONGEST: usize = 1000;

/// Steps in z, y, x of the directions within slices and of volumes, in CellProfiler's order.
const FLAT: [[i64; 3]; 4] = [[0, 0, 1], [0, 1, 1], [0, 1, 0], [0, 1, -1]];
const SOLID: [[i64; 3]; 13] = [
    [1, 0, 0],
    [1, 1, 0],
    [0, 1, 0],
    [1, -1, 0],
    [0, 0, 1],
    [1, 0, 1],
    [0, 1, 1],
    [1, 1, 1],
    [1, -1, 1],
    [1, 0, -1],
    [0, 1, -1],
    [1, 1, -1],
    [1, -1, -1],
];

/// Names, standard names and definitions, in the order of the values.
const FEATURES: [(&str, &str, &str); 13] = [
    ("angular_second_moment", "AngularSecondMoment", "Sum of the squared probabilities of pairs of levels"),
    ("contrast", "Contrast", "Mean squared difference of the levels of a pair"),
    ("correlation", "Correlation", "Correlation of the levels of a pair; 1 where there is one level"),
    ("variance", "Variance", "Variance of the levels in pairs"),
    ("inverse_difference_moment", "InverseDifferenceMoment", "Mean of 1 over 1 plus the squared difference of levels"),
    ("sum_average", "SumAverage", "Mean sum of the levels of a pair"),
    ("sum_variance", "SumVariance", "Variance of the sum of the levels of a pair"),
    ("sum_entropy", "SumEntropy", "Entropy of the sum of the levels of a pair, in bits"),
    ("entropy", "Entropy", "Entropy of pairs of levels, in bits"),
    (
        "difference_variance",
        "DifferenceVariance",
        "Variance of the probabilities of differences from 0 to the object's highest level",
    ),
    ("difference_entropy", "DifferenceEntropy", "Entropy of the difference of the levels of a pair, in bits"),
    ("info_meas_1", "InfoMeas1", "First information measure of correlation"),
    ("info_meas_2", "InfoMeas2", "Second information measure of correlation"),
];

const EMPTY: &str = "in some direction no two voxels of the object, both above level 0, lie so far apart";

impl Haralick {
    #[inline(always)]
    fn level(&self, channel: &ChannelRef, full: f64, sample: i32) -> u8 {
        let part = channel.volume.scale.value(f64::from(sample)) / full;
        let level = (part * 255.0).round_ties_even().clamp(0.0, 255.0);
        let fewer = level / 255.0 * f64::from(self.levels - 1);
        whole_part(if self.levels == MOST_LEVELS as u32 { level } else { fewer }) as u8
    }

    fn steps(&self) -> &'static [[i64; 3]] {
        if self.directions == SOLID.len() { &SOLID } else { &FLAT }
    }

    /// The values of an object at all distances, in the order of the columns.
    fn values(&self, of: &Measured, levels: &[u8], logs: &Logs) -> Vec<Option<f64>> {
        let crop = Crop::of(of, levels);
        let mut room = Room::new(crop.highest, logs);
        let mut all = vec![];
        for &scale in &self.scale {
            let steps = self.steps().iter().map(|step| step.map(|s| s * scale as i64));
            match steps.map(|step| room.features(&crop, step)).collect::<Option<Vec<_>>>() {
                Some(found) => all.extend(found.into_flattened().into_iter().map(Some)),
                None => all.extend(vec![None; self.steps().len() * FEATURES.len()]),
            }
        }
        all
    }
}

/// The box of an object with its levels; 0 is what does not count.
struct Crop {
    shape: Shape,
    levels: Vec<u8>,
    /// The first column of the object in each row of the box, and that behind the last.
    ends: Vec<[usize; 2]>,
    highest: u8,
}

impl Crop {
    fn of(of: &Measured, levels: &[u8]) -> Self {
        let [zs, ys, xs] = of.object.place_in_image();
        let shape = Shape::new(zs.len(), ys.len(), xs.len());
        let (mut cells, mut ends) = (vec![0; shape.len()], vec![[shape.x, 0]; shape.z * shape.y]);
        let mut rest = levels;
        of.object.each_run(|z, y, x0, x1| {
            let (run, after) = rest.split_at(x1 - x0);
            rest = after;
            let start = shape.index(z - zs.start, y - ys.start, x0 - xs.start);
            cells[start..start + run.len()].copy_from_slice(run);
            let [first, end] = &mut ends[start / shape.x];
            (*first, *end) = ((*first).min(x0 - xs.start), x1 - xs.start);
        });
        Crop { shape, levels: cells, ends, highest: levels.iter().copied().max().unwrap_or(0) }
    }

    /// Calls `f` with the levels of voxels of a row and, as many, those a step away, as far as both lie between the ends of their
    /// rows.
    fn each_row(&self, step: [i64; 3], mut f: impl FnMut(&[u8], &[u8])) {
        let [nz, ny, nx] = self.shape.zyx().map(|n| n as i64);
        // The first rows of pairs whose other rows lie in the box.
        let rows = |n: i64, step: i64| 0.max(-step)..n.min(n - step);
        for (z, y) in rows(nz, step[0]).flat_map(|z| rows(ny, step[1]).map(move |y| (z, y))) {
            let (here, there) = (z * ny + y, (z + step[0]) * ny + y + step[1]);
            let [[a0, a1], [b0, b1]] = [here, there].map(|row| self.ends[row as usize].map(|x| x as i64));
            let (first, end) = (a0.max(b0 - step[2]), a1.min(b1 - step[2]));
            if first < end {
                let part =
                    |row: i64, x: i64| &self.levels[(row * nx + first + x) as usize..(row * nx + end + x) as usize];
                f(part(here, 0), part(there, step[2]));
            }
        }
    }
}

/// Counts that are used again from direction to direction: only what was counted is looked at and cleared.
struct Room<'a> {
    logs: &'a Logs,
    /// Bits of a level.
    bits: u32,
    /// By the lower and the higher level.
    counts: Vec<u32>,
    /// Places of counts: those of a row, and those that are no longer 0.
    row: Vec<u16>,
    met: Vec<u16>,
    pairs: Vec<(u8, u8, u64)>,
}

impl<'a> Room<'a> {
    /// For levels up to this.
    fn new(highest: u8, logs: &'a Logs) -> Self {
        let bits = u8::BITS - highest.leading_zeros();
        Room { logs, bits, counts: vec![0; 1 << (2 * bits)], row: vec![], met: vec![], pairs: vec![] }
    }

    /// Of the pairs a step apart; nothing if there are none.
    fn features(&mut self, crop: &Crop, step: [i64; 3]) -> Option<[f64; 13]> {
        crop.each_row(step, |a, b| {
            self.row.resize(a.len(), 0);
            find_places(&mut self.row, a, b, self.bits);
            for &place in &self.row {
                let count = &mut self.counts[usize::from(place)];
                if *count == 0 {
                    self.met.push(place);
                }
                *count += 1;
            }
        });
        self.pairs.clear();
        for place in self.met.drain(..) {
            let (low, high) = (place >> self.bits, place & ((1 << self.bits) - 1));
            let n = std::mem::take(&mut self.counts[usize::from(place)]);
            if low > 0 {
                self.pairs.push((low as u8, high as u8, n.into()));
            }
        }
        (!self.pairs.is_empty()).then(|| features(&self.pairs, crop.highest, self.logs))
    }
}

wide! {
    /// Where pairs of levels are counted: by the lower and the higher one.
    fn find_places(places: &mut [u16], a: &[u8], b: &[u8], bits: u32) {
        for (place, (&a, &b)) in places.iter_mut().zip(a.iter().zip(b)) {
            *place = u16::from(a.min(b)) << bits | u16::from(a.max(b));
        }
    }
}

/// n log2 n of whole numbers; those of the first ones are kept.
struct Logs(Vec<f64>);

impl Logs {
    fn new() -> Self {
        Logs((0..4096).map(|n| Self::times_log(n as f64)).collect())
    }

    fn times_log(n: f64) -> f64 {
        if n > 0.0 { n * libm::log2(n) } else { 0.0 }
    }

    /// Entropy in bits of counts with this total, of which the logarithm is known.
    fn entropy(&self, counts: impl Iterator<Item = u64>, [total, log]: [f64; 2]) -> f64 {
        let of = |n: u64| self.0.get(n as usize).copied().unwrap_or_else(|| Self::times_log(n as f64));
        let (mut sum, mut most) = (0.0, 0);
        for n in counts {
            sum += of(n);
            most = most.max(n);
        }
        // Where all is one there is none: the difference would be what was rounded off.
        if most as f64 == total { 0.0 } else { (log - sum / total).max(0.0) }
    }
}

/// From the pairs of a lower and a higher level, with how often each is met; none of them is 0.
fn features(pairs: &[(u8, u8, u64)], highest: u8, logs: &Logs) -> [f64; 13] {
    let total = 2.0 * pairs.iter().map(|p| p.2).sum::<u64>() as f64;
    let count = usize::from(highest) + 1;
    let mut room = [0u64; 4 * MOST_LEVELS];
    let (single, rest) = room.split_at_mut(count);
    let (differences, rest) = rest.split_at_mut(count);
    let sums = &mut rest[..2 * count];
    let (mut squares, mut products, mut alike) = (0u128, 0u64, 0.0);
    for &(a, b, n) in pairs {
        let (low, high) = (usize::from(a), usize::from(b));
        single[low] += n;
        single[high] += n;
        sums[low + high] += 2 * n;
        differences[high - low] += 2 * n;
        // Each pair counts both ways: in two places of the matrix, or twice in one of its diagonal.
        let wide = u128::from(n);
        squares += if a == b { 4 * wide * wide } else { 2 * wide * wide };
        products += 2 * n * (low * high) as u64;
        alike += 2.0 * n as f64 / (1.0 + ((high - low) * (high - low)) as f64);
    }
    let moment = |counts: &[u64], power: u32| -> u64 {
        let weighted = |(k, n): (usize, &u64)| (k as u64).pow(power) * n;
        counts.iter().enumerate().map(weighted).sum()
    };
    // Variances from whole numbers: n^2 times what they are.
    let variance = |counts: &[u64]| {
        let (first, second) = (u128::from(moment(counts, 1)), u128::from(moment(counts, 2)));
        (total as u128 * second - first * first) as f64 / (total * total)
    };
    let (spread, first) = (variance(single), moment(single, 1));
    let covariance =
        (total as i128 * i128::from(products) - i128::from(first) * i128::from(first)) as f64 / (total * total);
    let both = |&(a, b, n): &(u8, u8, u64)| if a == b { [2 * n, 0] } else { [n, n] };
    let whole = [total, libm::log2(total)];
    let of_pairs = logs.entropy(pairs.iter().flat_map(both), whole);
    let of_single = logs.entropy(single.iter().copied(), whole);
    let levels = count as f64;
    let shares = |n: &u64| (*n as f64 / total) * (*n as f64 / total);
    // Of equal rows and columns both cross entropies are twice that of a row.
    let dependence = of_pairs - 2.0 * of_single;
    [
        squares as f64 / (total * total),
        moment(differences, 2) as f64 / total,
        if spread > 0.0 { covariance / spread } else { 1.0 },
        spread,
        alike / total,
        moment(sums, 1) as f64 / total,
        variance(sums),
        logs.entropy(sums.iter().copied(), whole),
        of_pairs,
        differences.iter().map(shares).sum::<f64>() / levels - 1.0 / (levels * levels),
        logs.entropy(differences.iter().copied(), whole),
        if of_single > 0.0 { dependence / of_single } else { dependence },
        (1.0 - libm::exp(2.0 * dependence)).max(0.0).sqrt(),
    ]
}

impl Family for Haralick {
    fn channel_columns(&self, about: &About) -> Vec<Definition> {
        let channel = about.channel.map_or(String::new(), |c| format!("_{c}"));
        let mut all = vec![];
        for (scale, direction) in self.scale.iter().flat_map(|s| (0..self.steps().len()).map(move |d| (s, d))) {
            let [z, y, x] = self.steps()[direction];
            all.extend(FEATURES.map(|(name, standard, what)| Definition {
                name: format!("haralick_{name}_{scale}_{direction:02}_{}{channel}", self.levels),
                unit: "1".into(),
                type_name: "real",
                definition: format!("{what}; pairs {scale} times ({z}, {y}, {x}) apart in z, y, x"),
                standard: format!("CellProfiler:Texture_{standard}"),
                empty: EMPTY,
            }));
        }
        all
    }

    fn begin<'a>(&'a self, request: &'a Request<'a>) -> Result<Measurer<'a>> {
        self.check(&[]).map_err(|o| Error::usage(o.what).remedy(o.remedy))?;
        let full = |c| full_scale(c, self.full_scale);
        let full = request.channels.iter().map(full).collect::<Result<Vec<_>>>()?;
        let logs = Logs::new();
        Ok(Box::new(move |of, values| {
            for ((channel, samples), full) in of.channels().zip(&full) {
                let mut levels = vec![0; samples.len()];
                convert(&mut levels, &samples, &|s: i32| self.level(channel, *full, s));
                values.reals(self.values(of, &levels, &logs));
            }
            Ok(())
        }))
    }

    fn check(&self, _: &[&str]) -> std::result::Result<(), Objection> {
        let wrong = |key, what: String, remedy: &str| Err(Objection { key, what, remedy: remedy.into() });
        if self.scale.is_empty() || self.scale.iter().any(|s| !(1..=LONGEST).contains(s)) {
            return wrong("scale", "pairs lie 1 to 1000 voxels apart".into(), "scale = 3, or several: [3, 5, 10]");
        }
        if let Some(twice) = self.scale.iter().enumerate().find(|(i, s)| self.scale[..*i].contains(s)) {
            return wrong("scale", format!("{} stands there twice", twice.1), "each scale once");
        }
        if !(2..=MOST_LEVELS as u32).contains(&self.levels) {
            return wrong("levels", format!("{} grey levels", self.levels), "levels = 256, 2 at least");
        }
        if ![FLAT.len(), SOLID.len()].contains(&self.directions) {
            return wrong("directions", format!("{} directions", self.directions), "directions = 4, or 13 for volumes");
        }
        full_scale::check(self.full_scale)
    }
}
