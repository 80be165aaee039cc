//! Grey tone differences of windows beside each other.

use super::beside::{Beside, Window};
use super::lanes::{LANES, Lanes};
use super::layout::{Layout, Pair};
use crate::measure::Feature;
use crate::measure::texture::ngtdm::Facts;
use crate::measure::texture::value;
use crate::simd::wide;
use std::mem::take;

/// Up to this level sums over the 26 neighbours of a voxel, and numbers made of all that is counted, fit their bits.
pub(super) const HIGHEST: u16 = 1023;

/// A feature of grey tone differences; keys are level, number of neighbours, and difference from their mean times that number.
pub(super) struct Tones {
    feature: &'static Feature<Facts>,
    sums: Vec<Lanes<u16>>,
    near: Vec<Lanes<u16>>,
    kinds: Vec<[u32; 3]>,
    tones: Vec<[f64; 3]>,
}

impl Tones {
    pub fn new(feature: &'static Feature<Facts>) -> Self {
        Tones { feature, sums: vec![], near: vec![], kinds: vec![], tones: vec![] }
    }
}

impl Beside for Tones {
    fn keys(&mut self, layout: &Layout, levels: &[Lanes<u16>], keys: &mut Vec<Lanes<i32>>) {
        self.sums.resize(layout.places, [0; LANES]);
        self.near.resize(layout.places, [0; LANES]);
        keys.resize(layout.places, [0; LANES]);
        differ(&layout.pairs, levels, &mut self.sums, &mut self.near, keys);
    }

    fn value(&mut self, window: &Window) -> Option<f64> {
        tones(window, &mut self.kinds, &mut self.tones);
        let facts = Facts::of_tones(take(&mut self.tones))?;
        let found = value(self.feature, &facts);
        self.tones = facts.into_tones();
        found
    }
}

wide! {
    /// The keys; 0 where there is no voxel, or no neighbour.
    fn differ(
        pairs: &[Pair], levels: &[Lanes<u16>], sums: &mut [Lanes<u16>], near: &mut [Lanes<u16>], keys: &mut [Lanes<i32>],
    ) {
        sums.fill([0; _]);
        near.fill([0; _]);
        for &[a, b] in pairs {
            let (a, b) = (usize::from(a), usize::from(b));
            add(&levels[b], &mut sums[a], &mut near[a]);
            add(&levels[a], &mut sums[b], &mut near[b]);
        }
        for ((keys, levels), (sums, near)) in keys.iter_mut().zip(levels).zip(sums.iter().zip(near)) {
            for ((key, &level), (&sum, &n)) in keys.iter_mut().zip(levels).zip(sums.iter().zip(near.iter())) {
                let difference = (level * n).abs_diff(sum);
                let all = i32::from(level) << 21 | i32::from(n) << 16 | i32::from(difference);
                *key = if level == 0 || n == 0 { 0 } else { all };
            }
        }
    }
}

#[inline(always)]
fn add(levels: &Lanes<u16>, sums: &mut Lanes<u16>, near: &mut Lanes<u16>) {
    for ((level, sum), n) in levels.iter().zip(sums).zip(near) {
        *sum += level;
        *n += u16::from(*level != 0);
    }
}

/// Level, voxels and sum of the differences from the means. `kinds` is memory for voxels of one level and one number of neighbours:
/// both in one number, voxels, and sum.
///
/// Without branches, which nobody could foresee: each kind, and each level, is written over until the next one begins.
fn tones(window: &Window, kinds: &mut Vec<[u32; 3]>, tones: &mut Vec<[f64; 3]>) {
    let keys = || window.keys.iter().map(|key| key[window.lane] as u32);
    kinds.clear();
    kinds.resize(window.keys.len(), [0; 3]);
    let (mut k, mut last) = (0, [keys().next().map_or(0, |key| key >> 16), 0, 0]);
    for key in keys() {
        let is_new = key >> 16 != last[0];
        k += usize::from(is_new);
        let [_, n, sum] = if is_new { [0; 3] } else { last };
        last = [key >> 16, n + 1, sum + (key & 0xffff)];
        kinds[k] = last;
    }
    kinds.truncate(k + 1);
    tones.clear();
    tones.resize(kinds.len(), [0.0; 3]);
    let (mut k, mut last, mut tone) = (0, kinds.first().map_or(0, |kind| kind[0] >> 5), [0.0; 3]);
    for &[kind, n, sum] in kinds.iter() {
        let is_new = kind >> 5 != last;
        k += usize::from(is_new);
        last = kind >> 5;
        let [_, voxels, difference] = if is_new { [0.0; 3] } else { tone };
        tone = [f64::from(last), voxels + f64::from(n), difference + f64::from(sum) / f64::from(kind & 31)];
        tones[k] = tone;
    }
    tones.truncate(k + 1);
}
