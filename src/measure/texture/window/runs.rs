//! Runs of windows beside each other.

use super::beside::{Beside, Window};
use super::counts::Counts;
use super::lanes::{LANES, Lanes};
use super::layout::{Layout, PLACE_BITS as BITS, Pair};
use crate::measure::Feature;
use crate::measure::texture::table_facts::{Entry, Facts};
use crate::simd::wide;

/// Voxels of the longest run that is counted: a word has eight fields, each of four bits for up to 13 directions.
pub(super) const LONGEST: usize = 9;

/// A feature of runs; keys are level and place.
pub(super) struct Runs {
    counts: Counts,
    marks: Vec<Lanes<u32>>,
    /// By place: in how many directions one voxel comes before it in its run, in how many two, and so on.
    words: Vec<Lanes<u32>>,
}

impl Runs {
    pub fn new(feature: &'static Feature<Facts>) -> Self {
        Runs { counts: Counts::new(feature), marks: vec![], words: vec![] }
    }
}

impl Beside for Runs {
    fn keys(&mut self, layout: &Layout, levels: &[Lanes<u16>], keys: &mut Vec<Lanes<i32>>) {
        self.marks.resize(layout.places, [0; LANES]);
        self.words.resize(layout.places, [0; LANES]);
        keys.resize(layout.places, [0; LANES]);
        go_on(&layout.directions, levels, &mut self.marks, &mut self.words);
        by_level(levels, keys);
    }

    fn value(&mut self, window: &Window) -> Option<f64> {
        let directions = window.layout.directions.len();
        self.counts.entries.clear();
        count(window, &self.words, directions as u32, &mut self.counts.entries);
        self.counts.of_entries(directions * window.voxels)
    }
}

wide! {
    /// In how many directions a voxel goes on with a run: field k of its word is for those with k + 1 voxels before it.
    fn go_on(
        directions: &[Vec<Pair>], levels: &[Lanes<u16>], marks: &mut [Lanes<u32>], words: &mut [Lanes<u32>],
    ) {
        words.fill([0; _]);
        for pairs in directions {
            // What the next voxel of the run will add.
            marks.fill([1; _]);
            for &[here, before] in pairs {
                let (here, before) = (usize::from(here), usize::from(before));
                let mut more = marks[before];
                for (more, (a, b)) in more.iter_mut().zip(levels[here].iter().zip(&levels[before])) {
                    *more = if a == b { *more } else { 0 };
                }
                for ((mark, word), more) in marks[here].iter_mut().zip(&mut words[here]).zip(&more) {
                    *word += more;
                    *mark = (more << 4).max(1);
                }
            }
        }
    }
}

wide! {
    /// The keys.
    fn by_level(levels: &[Lanes<u16>], keys: &mut [Lanes<i32>]) {
        for ((place, keys), levels) in (0i32..).zip(keys).zip(levels) {
            for (key, &level) in keys.iter_mut().zip(levels) {
                *key = if level == 0 { 0 } else { i32::from(level) << BITS | place };
            }
        }
    }
}

wide! {
    /// Level, length and count of the runs of a window in so many directions.
    fn count(window: &Window, words: &[Lanes<u32>], directions: u32, entries: &mut Vec<Entry>) {
        let (keys, lane) = (window.keys, window.lane);
        let mut i = 0;
        while i < keys.len() {
            let level = keys[i][lane] >> BITS;
            // By the voxels that come before a voxel in its run, from one on.
            let (first, mut along) = (i, [0u32; LONGEST - 1]);
            while let Some(key) = keys.get(i).map(|key| key[lane]).filter(|key| key >> BITS == level) {
                let word = words[key as usize & ((1 << BITS) - 1)][lane];
                for (k, n) in (0..).zip(&mut along) {
                    *n += word >> (4 * k) & 15;
                }
                i += 1;
            }
            let goes_on: u32 = along.iter().sum();
            let mut so_long = directions * (i - first) as u32 - goes_on;
            for (length, longer) in (1..).zip(along.into_iter().chain([0])) {
                if so_long > longer {
                    entries.push((level as u32, length, u64::from(so_long - longer)));
                }
                so_long = longer;
            }
        }
    }
}
