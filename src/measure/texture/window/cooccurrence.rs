//! Co-occurrence in windows beside each other: levels are put in order together, pairs are counted window by window.

use super::beside::{Beside, Window};
use super::lanes::Lanes;
use super::layout::Layout;
use crate::measure::Feature;
use crate::measure::texture::glcm_features::Facts;
use crate::measure::texture::glcm_matrix::Pair;
use crate::measure::texture::value;
use std::mem::take;

/// A feature of co-occurrence; keys are levels.
pub(super) struct Cooccurrence {
    feature: &'static Feature<Facts>,
    kinds: Vec<(i32, u32)>,
    /// By level, its rank among those of the window, from 1 on.
    ranks: Vec<u16>,
    /// By place.
    cells: Vec<usize>,
    /// Row by row, with a row and a column of places outside of the image.
    counts: Vec<u32>,
    pairs: Vec<Pair>,
}

impl Cooccurrence {
    pub fn new(feature: &'static Feature<Facts>) -> Self {
        let (kinds, cells, counts, pairs) = (vec![], vec![], vec![], vec![]);
        Cooccurrence { feature, kinds, ranks: vec![0; 1 << 16], cells, counts, pairs }
    }

    /// Counts the pairs of a window, both ways.
    fn count(&mut self, window: &Window) {
        let Cooccurrence { kinds, ranks, cells, counts, pairs, .. } = self;
        let width = kinds.len() + 1;
        for (rank, (level, _)) in (1..).zip(kinds.iter()) {
            ranks[*level as usize] = rank;
        }
        cells.clear();
        cells.extend(window.levels.iter().map(|levels| usize::from(ranks[usize::from(levels[window.lane])])));
        counts.clear();
        counts.resize(width * width, 0);
        for pair in &window.layout.pairs {
            let [a, b] = pair.map(|place| cells[usize::from(place)]);
            counts[a * width + b] += 1;
        }
        // No more kinds than pairs, and one place behind them.
        pairs.resize((width * width).min(2 * window.layout.pairs.len()) + 1, ([0; 2], 0));
        // Without a branch, which nobody could foresee: what does not occur is written over.
        let mut k = 0;
        for (a, &(i, _)) in (1..).zip(kinds.iter()) {
            for (b, &(j, _)) in (1..).zip(kinds.iter()) {
                let n = counts[a * width + b] + counts[b * width + a];
                pairs[k] = ([i as u16, j as u16], n.into());
                k += usize::from(n > 0);
            }
        }
        pairs.truncate(k);
    }
}

impl Beside for Cooccurrence {
    fn keys(&mut self, _: &Layout, levels: &[Lanes<u16>], keys: &mut Vec<Lanes<i32>>) {
        keys.clear();
        keys.extend(levels.iter().map(|levels| levels.map(i32::from)));
    }

    fn value(&mut self, window: &Window) -> Option<f64> {
        window.tally(&mut self.kinds);
        self.count(window);
        let [lowest, highest] = [self.kinds.first()?, self.kinds.last()?].map(|kind| kind.0 as u16);
        let facts = Facts::of_pairs(take(&mut self.pairs), lowest, highest)?;
        let found = value(self.feature, &facts);
        self.pairs = facts.into_pairs();
        found
    }
}
