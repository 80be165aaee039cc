//! What is left of a window: short lists of counts.

use super::beside::Window;
use crate::measure::Feature;
use crate::measure::texture::counted::Counted;
use crate::measure::texture::table_facts::{Entry, Facts};
use crate::measure::texture::value;
use std::mem::take;
use std::sync::Arc;

/// A feature of counts by grey level and another number.
pub(super) struct Counts {
    feature: &'static Feature<Facts>,
    kinds: Vec<(i32, u32)>,
    /// Rising.
    pub entries: Vec<Entry>,
}

impl Counts {
    pub fn new(feature: &'static Feature<Facts>) -> Self {
        Counts { feature, kinds: vec![], entries: vec![] }
    }

    /// The value in a window whose keys are level and number, of so many bits.
    pub fn of_keys(&mut self, window: &Window, bits: u32) -> Option<f64> {
        window.tally(&mut self.kinds);
        self.entries.clear();
        let entry = |&(key, n): &(i32, u32)| (key as u32 >> bits, key as u32 & ((1 << bits) - 1), n.into());
        self.entries.extend(self.kinds.iter().map(entry));
        self.of_entries(window.voxels)
    }

    /// The value of the entries, of voxels each of which was looked at once or more often.
    pub fn of_entries(&mut self, voxels: usize) -> Option<f64> {
        let facts = Facts::of_entries(take(&mut self.entries), voxels as u64)?;
        let found = value(self.feature, &facts);
        self.entries = facts.into_entries();
        found
    }
}

/// Numbers that are counted.
#[derive(Default)]
pub(super) struct Tally {
    kinds: Vec<(i32, u32)>,
    counted: Arc<Vec<(f64, u64)>>,
}

impl Tally {
    /// What the keys of a window stand for.
    pub fn of_keys(&mut self, window: &Window, number: impl Fn(i32) -> f64) -> Counted {
        window.tally(&mut self.kinds);
        let counted = Arc::make_mut(&mut self.counted);
        counted.clear();
        counted.extend(self.kinds.iter().map(|&(key, n)| (number(key), u64::from(n))));
        // Beside a large offset, samples that differ may have one value.
        counted.dedup_by(|next, kept| {
            let is_same = next.0 == kept.0;
            kept.1 += if is_same { next.1 } else { 0 };
            is_same
        });
        Counted::Listed(Arc::clone(&self.counted))
    }
}
