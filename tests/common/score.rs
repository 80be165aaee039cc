//! How well found objects match true ones: the numbers that the accuracy tests hold the presets to.

/// Counts of objects and their matches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Objects in the truth.
    pub truth: usize,
    /// Objects found.
    pub found: usize,
    /// Pairs whose overlap over union is above the level asked for. From one half on, each object is in one pair at most.
    pub matched: usize,
    /// Overlap over union of the foregrounds.
    pub pixel_iou: f64,
}

impl Score {
    /// Twice the matches over all objects of both; 1 where there are none.
    pub fn f1(&self) -> f64 {
        if self.truth + self.found == 0 { 1.0 } else { 2.0 * self.matched as f64 / (self.truth + self.found) as f64 }
    }
    /// Difference of the counts, as a fraction of the true one.
    pub fn count_error(&self) -> f64 {
        self.found.abs_diff(self.truth) as f64 / self.truth.max(1) as f64
    }
}

/// Compares label images of the same shape (0 is background) at an overlap over union of more than `level`.
pub fn score(found: &[u32], truth: &[u32], level: f64) -> Score {
    assert_eq!(found.len(), truth.len(), "label images of different sizes");
    assert!(level >= 0.5, "below one half an object could match twice");
    let mut areas = [std::collections::BTreeMap::new(), std::collections::BTreeMap::new()];
    let mut both = std::collections::BTreeMap::new();
    let (mut overlap, mut union) = (0_usize, 0_usize);
    for (&f, &t) in found.iter().zip(truth) {
        *areas[0].entry(f).or_insert(0_usize) += 1;
        *areas[1].entry(t).or_insert(0_usize) += 1;
        if f > 0 && t > 0 {
            *both.entry((f, t)).or_insert(0_usize) += 1;
        }
        overlap += usize::from(f > 0 && t > 0);
        union += usize::from(f > 0 || t > 0);
    }
    let iou = |((f, t), n): (&(u32, u32), &usize)| *n as f64 / (areas[0][f] + areas[1][t] - n) as f64;
    Score {
        truth: areas[1].keys().filter(|l| **l > 0).count(),
        found: areas[0].keys().filter(|l| **l > 0).count(),
        matched: both.iter().filter(|pair| iou(*pair) > level).count(),
        pixel_iou: overlap as f64 / union.max(1) as f64,
    }
}

#[test]
fn scores_of_a_small_grid() {
    // Object 1 is found whole, 2 is found by less than half, 3 is missed, 4 is invented.
    let truth = [1, 1, 0, 2, 2, 2, 2, 0, 3, 0];
    let found = [5, 5, 0, 7, 0, 0, 0, 0, 0, 4];
    let s = score(&found, &truth, 0.5);
    assert_eq!((s.truth, s.found, s.matched), (3, 3, 1));
    assert!((s.f1() - 1.0 / 3.0).abs() < 1e-12 && s.count_error() == 0.0);
    assert!((s.pixel_iou - 3.0 / 8.0).abs() < 1e-12);
    assert_eq!(score(&truth, &truth, 0.5).f1(), 1.0);
    assert_eq!(score(&[0], &[0], 0.5).f1(), 1.0);
}
