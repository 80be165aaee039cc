//! Otsu's criterion for several classes.
//!
//! The cuts that make `sum over classes of (sum of values)^2 / count` greatest. This is one-dimensional weighted
//! k-means: the best last cut never moves down when the histogram gets longer, so each class takes n log n steps by
//! divide and conquer instead of n^2.
//! Reference: Liao, Chen and Chung 2001; `skimage.filters.threshold_multiotsu`, which looks at every combination.

use super::bins::Histogram;

/// Prefix sums over the bins that hold something.
struct ClassSums {
    count: Vec<f64>,
    sum: Vec<f64>,
}

impl ClassSums {
    /// What the class of bins `from..to` adds to the criterion.
    fn class(&self, from: usize, to: usize) -> f64 {
        let s = self.sum[to] - self.sum[from];
        s * s / (self.count[to] - self.count[from])
    }
}

/// Indices of the last bins of all classes but the brightest; nothing where there are fewer filled bins than classes.
pub(super) fn multi_otsu(h: &Histogram, classes: usize) -> Option<Vec<usize>> {
    let filled: Vec<usize> = (0..h.counts.len()).filter(|&k| h.counts[k] > 0).collect();
    // Values are taken from the first filled bin: the best cuts are the same and less is lost in rounding.
    let origin = h.values[*filled.first()?];
    let bin = |k: &usize| (f64::from(h.counts[*k]), f64::from(h.counts[*k]) * (h.values[*k] - origin));
    let cuts = cuts(&filled.iter().map(bin).collect::<Vec<_>>(), classes)?;
    Some(cuts.into_iter().map(|cut| filled[cut]).collect())
}

/// The same for bins that all hold something, each a count and a sum of values, in rising order of their values.
pub(crate) fn cuts(bins: &[(f64, f64)], classes: usize) -> Option<Vec<usize>> {
    let n = bins.len();
    if classes < 2 || n < classes {
        return None;
    }
    let mut sums = ClassSums { count: vec![0.0], sum: vec![0.0] };
    let (mut count, mut sum) = (0.0, 0.0);
    for bin in bins {
        count += bin.0;
        sum += bin.1;
        sums.count.push(count);
        sums.sum.push(sum);
    }
    // best[to]: the greatest criterion of the first bins up to `to` in `c` classes.
    let mut best: Vec<f64> = (0..=n).map(|to| if to == 0 { 0.0 } else { sums.class(0, to) }).collect();
    let mut starts = Vec::new();
    for c in 2..=classes {
        let (mut next, mut start) = (vec![0.0; n + 1], vec![0; n + 1]);
        let mut level = Level { sums: &sums, best: &best, next: &mut next, start: &mut start };
        level.solve(c, n, c - 1, n - 1);
        best = next;
        starts.push(start);
    }
    let mut cuts = Vec::new();
    let mut to = n;
    for start in starts.iter().rev() {
        to = start[to];
        cuts.push(to - 1);
    }
    cuts.reverse();
    Some(cuts)
}

/// One more class at the end.
struct Level<'a> {
    sums: &'a ClassSums,
    best: &'a [f64],
    next: &'a mut [f64],
    start: &'a mut [usize],
}

impl Level<'_> {
    /// Finds where the last class starts for every `to` in `first..=last`, knowing that it is in `low..=high`.
    fn solve(&mut self, first: usize, last: usize, low: usize, high: usize) {
        if first > last {
            return;
        }
        let to = first + (last - first) / 2;
        let (mut found, mut at) = (f64::NEG_INFINITY, low);
        for from in low..=high.min(to - 1) {
            let v = self.best[from] + self.sums.class(from, to);
            if v > found {
                (found, at) = (v, from);
            }
        }
        self.next[to] = found;
        self.start[to] = at;
        self.solve(first, to - 1, low, at);
        self.solve(to + 1, last, at, high);
    }
}
