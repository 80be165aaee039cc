//! The ground of an image by the dark side of its samples, whatever light lies on it: its middle, its noise, and its limit.
//!
//! The middle m is the median of what does not pass the limit, and the noise s is how far the quantile 0.1587 lies below it, which is
//! a standard deviation for normal noise and knows nothing of the bright side. The limit is `m + 3 s`. Both follow from the limit
//! and the limit from both: the search starts from Otsu's threshold, so that it ends at the ground even where light covers most of the
//! image, and in one without light it ends at three standard deviations. Quantiles are those of grouped data, each sample being half a step
//! wide to both sides (the step is the least difference of two samples, so that what was multiplied has the limits of what was not):
//! images of few grey levels have a noise too.
//!
//! Where a ground was subtracted and what fell below 0 was cut off, or photons are few, the quantile below lies in the pile of
//! the least sample and says nothing. Then m and s are those of the normal distribution that has as much below the edge of the
//! pile, and as much below the first third of what lies above it. Where what lies above is no side of a normal distribution (it keeps
//! its distance from the pile, or ends far below three deviations) it is light, and the pile is all of the ground.
//!
//! On the host, of samples with their counts. Reference: this project.

use crate::simd;
use rayon::prelude::*;

/// Deviations above the median.
const DEVIATIONS: f64 = 3.0;
/// Of a normal distribution, one deviation below the median.
const LOWER: f64 = 0.1587;
/// Of the first third of what lies above a pile, one half lies in this part of its width at most where it is the side of a normal
/// distribution: that has 0.46 to 0.55.
const NEAR: f64 = 0.7;
/// What lies beyond three deviations of a normal distribution, on one side.
const BEYOND: f64 = 0.001_349_9;
/// A side with less than this part of what should lie beyond three deviations ends too early.
const ENDS: f64 = 0.2;
/// Voxels that should lie there, for their absence to say anything.
const ENOUGH: f64 = 10.0;
/// Noise of fewer steps may end early.
const STEPS: f64 = 8.0;
/// Parts of what lies above a cut, and how many times as far as its first third they may be spread.
const ALIKE: [(f64, f64); 4] = [(1.0 / 6.0, 1.5), (0.6, 1.18), (0.9, 1.28), (0.99, 1.4)];
/// They may be spread less far: light that falls off makes that. Objects on nothing have hardly anything next to the cut.
const LESS: f64 = 0.6;
/// The widest span of samples that are counted; beyond it they are sorted.
const SPAN: i64 = 1 << 16;
/// So much of an image is ground, if it has any.
const DARKEST: f64 = 0.05;
/// The search mostly ends after three rounds; it may swing between two samples.
const ROUNDS: usize = 50;

/// The ground of some samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DarkSide {
    /// The median.
    pub middle: f64,
    /// The standard deviation.
    pub spread: f64,
    /// The largest sample of it.
    pub limit: i32,
    /// The share of it that has its least sample, where that is the end that it was cut off at, or its only one.
    pub cut_off: f64,
    /// It is the pile of the least sample: nothing above it tells its noise.
    pub is_pile: bool,
}

impl DarkSide {
    /// Of samples in any order; a pile is not looked for.
    pub fn of(samples: &[i32]) -> Self {
        let (least, most) = simd::span(samples);
        DarkSide::search(&counts(samples, [least, most]), 1.0)
    }

    /// How wide the darkest ground of some samples is. The search begins at the darkest twentieth and only rises, so it ends where the dark side of
    /// what lies below says so: below a crowd that covers most of the image, while in noise of any blur it rises to all of it. Without end where
    /// all have one value or the least one is a pile, which says nothing.
    pub fn spread_of_darkest(samples: &[i32]) -> f64 {
        let (least, most) = simd::span(samples);
        let counts = counts(samples, [least, most]);
        let step = step(&counts);
        let mut darkest = DarkSide { limit: quantile(&counts, DARKEST, step).floor() as i32, ..DarkSide::default() };
        for _ in 0..ROUNDS {
            let below = &counts[..counts.partition_point(|s| s.0 <= darkest.limit)];
            let next = DarkSide::whole(below, 0.0, step);
            if next.limit <= darkest.limit {
                let says = next.spread > 0.0 && matches!(cut(below, step), Cut::Nowhere);
                return if says { next.spread } else { f64::INFINITY };
            }
            darkest = next;
        }
        darkest.spread
    }

    /// The same of samples that are ground for the most part: where Otsu's dark class is fewer than half of them, it is a shadow, and the search starts
    /// from all.
    pub fn of_most(samples: &[i32]) -> Self {
        let (least, most) = simd::span(samples);
        let counts = counts(samples, [least, most]);
        let limit = otsu(&counts);
        let dark = counted(&counts[..counts.partition_point(|s| s.0 <= limit)]);
        let is_ground = dark >= 0.5 * samples.len() as f64;
        DarkSide::search_from(&counts, 1.0, if is_ground { limit } else { most })
    }

    /// Of samples in rising order, with how often they occur. A pile of the least one with a share above `most` is all that is known of
    /// the ground.
    pub fn search(samples: &[(i32, u64)], most: f64) -> Self {
        DarkSide::search_from(samples, most, otsu(samples))
    }

    fn search_from(samples: &[(i32, u64)], most: f64, limit: i32) -> Self {
        let step = step(samples);
        let mut ground = DarkSide { limit, ..DarkSide::default() };
        for _ in 0..ROUNDS {
            let below = &samples[..samples.partition_point(|s| s.0 <= ground.limit)];
            let next = match cut(below, step) {
                Cut::Nowhere => DarkSide::whole(below, 0.0, step),
                Cut::Off { share, .. } if share > most => {
                    DarkSide { is_pile: true, ..DarkSide::whole(below, share, step) }
                }
                Cut::Off { share, fit: Some([middle, spread]) } => DarkSide::new(middle, spread, share),
                Cut::Off { share, fit: None } => return DarkSide::pile(samples, share),
            };
            let is_found = next.limit == ground.limit;
            ground = next;
            if is_found {
                break;
            }
        }
        ground
    }

    /// The same of a ground that is as bright all over, so that what lies above a cut is light unless it is spread as the side of one normal
    /// distribution.
    pub fn search_even(samples: &[(i32, u64)], most: f64) -> Self {
        let ground = DarkSide::search(samples, most);
        let below = &samples[..samples.partition_point(|s| s.0 <= ground.limit)];
        let is_fitted = ground.cut_off > 0.0 && !ground.is_pile;
        match is_fitted && (ground.ends_early(samples) || !is_cut_noise(below)) {
            true => DarkSide::pile(samples, ground.cut_off),
            false => ground,
        }
    }

    /// The least sample alone.
    fn pile(samples: &[(i32, u64)], cut_off: f64) -> Self {
        DarkSide { is_pile: true, ..DarkSide::whole(&samples[..samples.len().min(1)], cut_off, step(samples)) }
    }

    fn new(middle: f64, spread: f64, cut_off: f64) -> Self {
        // The cast stops at the ends of i32.
        let limit = (middle + DEVIATIONS * spread).floor() as i32;
        DarkSide { middle, spread, limit, cut_off, is_pile: false }
    }

    fn whole(samples: &[(i32, u64)], cut_off: f64, step: f64) -> Self {
        let middle = quantile(samples, 0.5, step);
        DarkSide::new(middle, middle - quantile(samples, LOWER, step), cut_off)
    }

    /// Is there less beyond the limit than noise so wide has?
    fn ends_early(&self, samples: &[(i32, u64)]) -> bool {
        let expected = BEYOND * counted(samples);
        let beyond = counted(&samples[samples.partition_point(|s| s.0 <= self.limit)..]);
        self.spread > STEPS * step(samples) && expected >= ENOUGH && beyond < ENDS * expected
    }
}

/// Whether a ground was cut off at its least sample.
enum Cut {
    /// That holds too little of it.
    Nowhere,
    /// Which share it holds, and middle and spread from what lies above it if that is the side of a normal distribution.
    Off { share: f64, fit: Option<[f64; 2]> },
}

fn cut(below: &[(i32, u64)], step: f64) -> Cut {
    let Some((pile, rest)) = below.split_first() else { return Cut::Nowhere };
    let share = pile.1 as f64 / counted(below);
    if share <= LOWER {
        return Cut::Nowhere;
    }
    let edge = f64::from(pile.0) + 0.5 * step;
    let [sixth, third] = [1.0 / 6.0, 1.0 / 3.0].map(|part| quantile(rest, part, step) - edge);
    let place = normal_quantile(share);
    let spread = third / (normal_quantile(share + (1.0 - share) / 3.0) - place);
    Cut::Off { share, fit: (sixth <= NEAR * third).then_some([edge - place * spread, spread]) }
}

/// Whether samples are noise that was cut off at the least of them, and nothing else: what lies above it is spread as that side of a normal
/// distribution, of which the share of the least sample says where it begins. Objects of more than a hundredth of it are told so.
pub(super) fn is_cut_noise(samples: &[(i32, u64)]) -> bool {
    let Some((pile, rest)) = samples.split_first().filter(|(_, rest)| !rest.is_empty()) else { return false };
    let (step, share) = (step(samples), pile.1 as f64 / counted(samples));
    let (edge, place) = (f64::from(pile.0) + 0.5 * step, normal_quantile(share));
    let spread = |part: f64| {
        let deviations = normal_quantile(share + (1.0 - share) * part) - place;
        (quantile(rest, part, step) - edge) / deviations
    };
    let third = spread(1.0 / 3.0);
    ALIKE.iter().all(|(part, most)| (LESS * third..=most * third).contains(&spread(*part)))
}

/// Samples between these in rising order, with how often they occur: the least one does.
pub(super) fn counts(samples: &[i32], [least, most]: [i32; 2]) -> Vec<(i32, u64)> {
    let span = i64::from(most) - i64::from(least) + 1;
    if span <= SPAN {
        let count = |mut counts: Vec<u64>, sample: &i32| {
            counts[sample.wrapping_sub(least) as u32 as usize] += 1;
            counts
        };
        let none = || vec![0; span as usize];
        let add = |mut a: Vec<u64>, b: Vec<u64>| {
            a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
            a
        };
        let blocks = samples.par_chunks(SPAN as usize).map(|block| block.iter().fold(none(), count));
        return (least..=most).zip(blocks.reduce(none, add)).filter(|(_, n)| *n > 0).collect();
    }
    let mut above: Vec<i32> = samples.par_iter().copied().filter(|s| *s > least).collect();
    let pile = (samples.len() - above.len()) as u64;
    above.par_sort_unstable();
    let same = |same: &[i32]| Some((*same.first()?, same.len() as u64));
    std::iter::once((least, pile)).chain(above.chunk_by(|a, b| a == b).filter_map(same)).collect()
}

fn counted(samples: &[(i32, u64)]) -> f64 {
    samples.iter().map(|s| s.1).sum::<u64>() as f64
}

/// The least difference of two samples above the first.
fn step(samples: &[(i32, u64)]) -> f64 {
    let rest = samples.get(1..).unwrap_or_default();
    let least = rest.windows(2).map(|two| i64::from(two[1].0) - i64::from(two[0].0)).min();
    least.unwrap_or(1) as f64
}

/// The last sample of the dark class.
fn otsu(samples: &[(i32, u64)]) -> i32 {
    let origin = samples.first().map_or(0, |g| g.0);
    let value = |s: i32| f64::from(s) - f64::from(origin);
    let all = samples.iter().fold((0.0, 0.0), |(n, sum), &(s, c)| (n + c as f64, sum + c as f64 * value(s)));
    let (mut dark, mut best, mut at) = ((0.0, 0.0), -1.0, origin);
    for &(s, c) in samples.split_last().map_or(&[][..], |(_, rest)| rest) {
        dark = (dark.0 + c as f64, dark.1 + c as f64 * value(s));
        let gap = dark.1 / dark.0 - (all.1 - dark.1) / (all.0 - dark.0);
        let between = dark.0 * (all.0 - dark.0) * gap * gap;
        if between > best {
            (best, at) = (between, s);
        }
    }
    at
}

fn quantile(samples: &[(i32, u64)], share: f64, step: f64) -> f64 {
    let place = share * samples.iter().map(|g| g.1).sum::<u64>() as f64;
    let mut before = 0.0;
    for &(sample, count) in samples {
        let count = count as f64;
        if before + count >= place {
            return f64::from(sample) + step * ((place - before) / count - 0.5);
        }
        before += count;
    }
    0.0
}

/// Below so many deviations from its middle lies this share of a normal distribution; by halving, from -8 to 8.
pub(crate) fn normal_quantile(share: f64) -> f64 {
    let (mut low, mut high) = (-8.0, 8.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        match 0.5 * libm::erfc(-middle / std::f64::consts::SQRT_2) < share {
            true => low = middle,
            false => high = middle,
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    //! Oracle: normal noise of known width, alone and below a crowd.
    use super::*;

    /// Normal numbers of deviation 20 around 100, and `crowd` of them spread evenly from 200 to 3000 above.
    fn field(n: usize, crowd: f64) -> Vec<i32> {
        let noise = |k: usize| 20.0 * normal_quantile((k as f64 + 0.5) / n as f64);
        let light = |k: usize| 200.0 + 2800.0 * (k * 7919 % n) as f64 / n as f64;
        let sample =
            |k: usize| 100.0 + noise(k) + if ((k * 104_729 % n) as f64) < crowd * n as f64 { light(k) } else { 0.0 };
        (0..n).map(|k| sample(k).round() as i32).collect()
    }

    #[test]
    fn the_darkest_ground_is_below_a_crowd_and_all_of_noise() {
        for crowd in [0.0, 0.3, 0.6, 0.85] {
            let spread = DarkSide::spread_of_darkest(&field(20_011, crowd));
            assert!((spread - 20.0).abs() < 2.0, "{crowd}: {spread}");
        }
        // A search from above ends at the crowd.
        assert!(DarkSide::of(&field(20_011, 0.85)).spread > 100.0);
    }

    #[test]
    fn a_ground_that_was_cut_off_or_of_one_value_says_nothing() {
        let cut: Vec<i32> = field(20_011, 0.3).into_iter().map(|s| s.max(100)).collect();
        assert_eq!(DarkSide::spread_of_darkest(&cut), f64::INFINITY);
        assert_eq!(DarkSide::spread_of_darkest(&[7; 100]), f64::INFINITY);
        assert_eq!(DarkSide::spread_of_darkest(&[]), f64::INFINITY);
    }
}
