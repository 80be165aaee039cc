//! Zones of windows beside each other.

use super::beside::{Beside, Window};
use super::counts::Counts;
use super::lanes::{LANES, Lanes};
use super::layout::{Layout, PLACE_BITS as BITS, Pair};
use crate::measure::Feature;
use crate::measure::texture::table_facts::Facts;
use crate::simd::wide;

/// A feature of zones; keys are level and size, one for each zone.
pub(super) struct Zones {
    counts: Counts,
    firsts: Vec<Lanes<u16>>,
    sizes: Vec<u16>,
}

impl Zones {
    pub fn new(feature: &'static Feature<Facts>) -> Self {
        Zones { counts: Counts::new(feature), firsts: vec![], sizes: vec![] }
    }
}

impl Beside for Zones {
    fn keys(&mut self, layout: &Layout, levels: &[Lanes<u16>], keys: &mut Vec<Lanes<i32>>) {
        self.firsts.resize(layout.places, [0; LANES]);
        self.sizes.resize(layout.places, 0);
        unite(&layout.pairs, levels, &mut self.firsts);
        keys.clear();
        keys.resize(layout.places, [0; LANES]);
        let most = (0..LANES).map(|lane| measure(levels, &self.firsts, lane, &mut self.sizes, keys)).max();
        keys.truncate(most.unwrap_or(0));
    }

    fn value(&mut self, window: &Window) -> Option<f64> {
        self.counts.of_keys(window, BITS)
    }
}

wide! {
    /// The first place of the zone of each place: neighbours of one level take the lesser of theirs, there and back, until none changes.
    fn unite(pairs: &[Pair], levels: &[Lanes<u16>], firsts: &mut [Lanes<u16>]) {
        for (place, firsts) in (0..).zip(firsts.iter_mut()) {
            *firsts = [place; LANES];
        }
        let is_one_place = |a: &Pair, b: &Pair| a[0] == b[0];
        let mut changes = true;
        while changes {
            changes = false;
            for pairs in pairs.chunk_by(is_one_place) {
                changes |= meet(pairs, levels, firsts);
            }
            if changes {
                for pairs in pairs.chunk_by(is_one_place).rev() {
                    meet(pairs, levels, firsts);
                }
            }
        }
    }
}

/// A place and its neighbours before it, those of its level, take the least of what they have. Whether any changes.
#[inline(always)]
fn meet(pairs: &[Pair], levels: &[Lanes<u16>], firsts: &mut [Lanes<u16>]) -> bool {
    let Some(here) = pairs.first().map(|pair| usize::from(pair[0])) else { return false };
    let (level, mut own, mut changed) = (&levels[here], firsts[here], [0; LANES]);
    for before in pairs.iter().map(|pair| usize::from(pair[1])) {
        let levels = level.iter().zip(&levels[before]);
        for (((own, other), changed), (a, b)) in own.iter_mut().zip(&mut firsts[before]).zip(&mut changed).zip(levels) {
            let least = if a == b { (*own).min(*other) } else { u16::MAX };
            let (mine, its) = ((*own).min(least), (*other).min(least));
            *changed |= (*own ^ mine) | (*other ^ its);
            (*own, *other) = (mine, its);
        }
    }
    firsts[here] = own;
    changed != [0; LANES]
}

/// Level and size of each zone of a window in one number, from the first place on; 0 behind the last. How many zones there are.
fn measure(
    levels: &[Lanes<u16>],
    firsts: &[Lanes<u16>],
    lane: usize,
    sizes: &mut [u16],
    keys: &mut [Lanes<i32>],
) -> usize {
    for first in firsts {
        sizes[usize::from(first[lane])] += 1;
    }
    let mut zones = 0;
    for (size, level) in sizes.iter_mut().zip(levels) {
        let (level, size) = (level[lane], std::mem::take(size));
        let is_zone = level != 0 && size != 0;
        keys[zones][lane] = if is_zone { i32::from(level) << BITS | i32::from(size) } else { 0 };
        zones += usize::from(is_zone);
    }
    zones
}
