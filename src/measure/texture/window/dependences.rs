//! Dependences of windows beside each other.

use super::beside::{Beside, Window};
use super::counts::Counts;
use super::lanes::{LANES, Lanes};
use super::layout::{Layout, Pair};
use crate::measure::Feature;
use crate::measure::texture::table_facts::Facts;
use crate::simd::wide;

/// A feature of dependences; keys are level and dependence.
pub(super) struct Dependences {
    counts: Counts,
    near: Vec<Lanes<u16>>,
}

impl Dependences {
    pub fn new(feature: &'static Feature<Facts>) -> Self {
        Dependences { counts: Counts::new(feature), near: vec![] }
    }
}

impl Beside for Dependences {
    fn keys(&mut self, layout: &Layout, levels: &[Lanes<u16>], keys: &mut Vec<Lanes<i32>>) {
        self.near.resize(layout.places, [0; LANES]);
        keys.resize(layout.places, [0; LANES]);
        depend(&layout.pairs, levels, &mut self.near, keys);
    }

    fn value(&mut self, window: &Window) -> Option<f64> {
        self.counts.of_keys(window, BITS)
    }
}

/// Bits of a dependence: 27 at most.
const BITS: u32 = 5;

wide! {
    /// Level and dependence of each voxel in one number; 0 where there is none.
    fn depend(pairs: &[Pair], levels: &[Lanes<u16>], near: &mut [Lanes<u16>], keys: &mut [Lanes<i32>]) {
        near.fill([1; _]);
        for &[a, b] in pairs {
            let (a, b) = (usize::from(a), usize::from(b));
            let mut same = [0; _];
            for (same, (x, y)) in same.iter_mut().zip(levels[a].iter().zip(&levels[b])) {
                *same = u16::from(x == y);
            }
            add(&mut near[a], &same);
            add(&mut near[b], &same);
        }
        for ((keys, levels), near) in keys.iter_mut().zip(levels).zip(near) {
            for ((key, level), near) in keys.iter_mut().zip(levels).zip(near) {
                *key = if *level == 0 { 0 } else { i32::from(*level) << BITS | i32::from(*near) };
            }
        }
    }
}

#[inline(always)]
fn add(to: &mut Lanes<u16>, more: &Lanes<u16>) {
    to.iter_mut().zip(more).for_each(|(to, more)| *to += more);
}
