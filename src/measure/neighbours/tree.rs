//! A k-d tree over places in flat arrays: the distances to the nearest of them, and how many lie within radii.
//!
//! The places are halved along the widest side of their box until few are left, so all leaves are equally deep, and node `i`
//! has the children `2 i + 1` and `2 i + 2`. Distances are compared as squares, each computed in one way wherever it is
//! needed, so whole nodes that are passed over or counted at once give what their places one by one would give.
//!
//! Source: J. L. Bentley, Commun. ACM 18 (1975) 509.

use rayon::prelude::*;

/// A place: z, y, x.
pub type Place = [f64; 3];

/// A place that was found: the square of its distance, and its name.
pub type Near = (f64, u32);

/// Places of a leaf.
const LEAF: usize = 32;

/// A k-d tree.
#[derive(Default)]
pub struct Tree {
    /// In the order of the leaves.
    places: Vec<Place>,
    /// What each of them is called, in the same order.
    names: Vec<u32>,
    /// Smallest box around each node.
    boxes: Vec<[Place; 2]>,
    depth: u32,
}

/// Square of a distance.
pub fn squared(a: &Place, b: &Place) -> f64 {
    let d: Place = std::array::from_fn(|k| a[k] - b[k]);
    d[0] * d[0] + d[1] * d[1] + d[2] * d[2]
}

impl Tree {
    /// Of places with their names, which must differ.
    pub fn new(mut all: Vec<(u32, Place)>) -> Self {
        if all.is_empty() {
            return Tree::default();
        }
        let depth = all.len().div_ceil(LEAF).next_power_of_two().ilog2();
        halve(&mut all, depth);
        let mut tree = Tree { depth, ..Tree::default() };
        (tree.names, tree.places) = all.into_iter().unzip();
        let boxes = |i: usize| around(&tree.places[tree.range(i)]);
        tree.boxes = (0..(2 << depth) - 1usize).into_par_iter().map(boxes).collect();
        tree
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// The places of a node: halves of halves.
    fn range(&self, node: usize) -> std::ops::Range<usize> {
        let level = (node + 1).ilog2();
        let (mut lo, mut hi) = (0usize, self.places.len());
        for bit in (0..level).rev() {
            let middle = lo.midpoint(hi);
            if ((node + 1) >> bit) & 1 == 0 { hi = middle } else { lo = middle }
        }
        lo..hi
    }

    fn is_leaf(&self, node: usize) -> bool {
        node + 1 >= 1 << self.depth
    }

    /// The nearest places in ascending order, as many as there is room for; infinitely far where there are fewer. Of places equally far
    /// away the one with the lower name comes first. The place called `own` does not count.
    pub fn nearest(&self, from: &Place, own: u32, found: &mut [Near]) {
        found.fill((f64::INFINITY, u32::MAX));
        if !self.places.is_empty() && !found.is_empty() {
            self.look(0, 0..self.places.len(), from, own, found);
        }
    }

    fn look(&self, node: usize, range: std::ops::Range<usize>, from: &Place, own: u32, found: &mut [Near]) {
        let last = found.len() - 1;
        if self.is_leaf(node) {
            for (place, name) in self.places[range.clone()].iter().zip(&self.names[range]) {
                let this = (squared(from, place), *name);
                if this < found[last] && *name != own {
                    let at = found.partition_point(|other| *other < this);
                    found[at..].rotate_right(1);
                    found[at] = this;
                }
            }
            return;
        }
        let middle = range.start.midpoint(range.end);
        let (left, right) = (2 * node + 1, 2 * node + 2);
        let (to_left, to_right) = (least(from, &self.boxes[left]), least(from, &self.boxes[right]));
        let halves = [(to_left, left, range.start..middle), (to_right, right, middle..range.end)];
        let [near, far] = if to_right < to_left { [1, 0] } else { [0, 1] }.map(|i| &halves[i]);
        for (distance, node, range) in [near, far] {
            // What lies as far away may have a lower name.
            if *distance <= found[last].0 {
                self.look(*node, range.clone(), from, own, found);
            }
        }
    }

    /// How many places lie within each radius, the end included. `squares` of the radii ascend; `counts` has as many.
    pub fn within(&self, from: &Place, squares: &[f64], counts: &mut [u32]) {
        counts.fill(0);
        if !self.places.is_empty() {
            self.count(0, 0..self.places.len(), from, squares, counts);
        }
        for i in 1..counts.len() {
            counts[i] += counts[i - 1];
        }
    }

    /// Adds the places of a node, each to the smallest radius that reaches it; `squares` are those that are still open.
    fn count(
        &self,
        node: usize,
        range: std::ops::Range<usize>,
        from: &Place,
        mut squares: &[f64],
        mut counts: &mut [u32],
    ) {
        let least = least(from, &self.boxes[node]);
        let skip = squares.iter().take_while(|r| **r < least).count();
        (squares, counts) = (&squares[skip..], &mut counts[skip..]);
        let Some(smallest) = squares.first() else { return };
        if most(from, &self.boxes[node]) <= *smallest {
            counts[0] += range.len() as u32;
        } else if self.is_leaf(node) {
            for place in &self.places[range] {
                let d = squared(from, place);
                if let Some(i) = squares.iter().position(|r| d <= *r) {
                    counts[i] += 1;
                }
            }
        } else {
            let middle = range.start.midpoint(range.end);
            self.count(2 * node + 1, range.start..middle, from, squares, counts);
            self.count(2 * node + 2, middle..range.end, from, squares, counts);
        }
    }
}

fn halve(all: &mut [(u32, Place)], depth: u32) {
    if depth == 0 {
        return;
    }
    let [lo, hi] = bounds(all.iter().map(|(_, place)| place));
    let width = |k: &usize| hi[*k] - lo[*k];
    // The last of equals: x.
    let axis = (0..3).max_by(|a, b| width(a).total_cmp(&width(b))).unwrap_or(2);
    let middle = all.len() / 2;
    all.select_nth_unstable_by(middle, |a, b| a.1[axis].total_cmp(&b.1[axis]).then(a.0.cmp(&b.0)));
    let (left, right) = all.split_at_mut(middle);
    match left.len() {
        0..4096 => [left, right].into_iter().for_each(|half| halve(half, depth - 1)),
        _ => drop(rayon::join(|| halve(left, depth - 1), || halve(right, depth - 1))),
    }
}

fn around(places: &[Place]) -> [Place; 2] {
    bounds(places.iter())
}

/// The smallest box around places.
pub fn bounds<'a>(places: impl Iterator<Item = &'a Place>) -> [Place; 2] {
    let nothing = [[f64::INFINITY; 3], [f64::NEG_INFINITY; 3]];
    places.fold(nothing, |[lo, hi], p| {
        [std::array::from_fn(|k| lo[k].min(p[k])), std::array::from_fn(|k| hi[k].max(p[k]))]
    })
}

/// Square of the distance to the nearest point of a box. No place inside is nearer, as subtractions, squares and sums are
/// rounded without a change of order.
fn least(from: &Place, [lo, hi]: &[Place; 2]) -> f64 {
    let d: Place = std::array::from_fn(|k| {
        let (before, behind) = (lo[k] - from[k], from[k] - hi[k]);
        let farther = if before > behind { before } else { behind };
        if farther > 0.0 { farther } else { 0.0 }
    });
    d[0] * d[0] + d[1] * d[1] + d[2] * d[2]
}

/// Square of the distance to the farthest corner of a box.
fn most(from: &Place, [lo, hi]: &[Place; 2]) -> f64 {
    let d: Place = std::array::from_fn(|k| {
        let (a, b) = (from[k] - lo[k], hi[k] - from[k]);
        if a > b { a } else { b }
    });
    d[0] * d[0] + d[1] * d[1] + d[2] * d[2]
}

#[cfg(test)]
mod tests {
    //! Oracle: all pairs.
    use super::*;
    use proptest::prelude::*;

    /// Places of which many coincide, or lie at equal distances.
    fn places(n: usize, seed: u64, side: u64) -> Vec<(u32, Place)> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) % side) as f64 * 0.7
        };
        (0..n as u32).map(|i| (i, [next(), next(), next()])).collect()
    }

    proptest! {
        #[test]
        fn trees_give_what_all_pairs_give(n in 0usize..300, seed: u64, side in 1u64..40) {
            let all = places(n, seed, side);
            let tree = Tree::new(all.clone());
            let radii = [0.0, 0.49, 2.0, 49.0, 1e4];
            let (mut found, mut counts) = ([(0.0, 0); 3], [0; 5]);
            for (own, from) in &all {
                tree.nearest(from, *own, &mut found);
                tree.within(from, &radii, &mut counts);
                let mut named: Vec<Near> = all
                    .iter()
                    .filter(|(name, _)| name != own)
                    .map(|(name, p)| (squared(from, p), *name))
                    .collect();
                named.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                named.resize(named.len().max(3), (f64::INFINITY, u32::MAX));
                prop_assert_eq!(&found[..], &named[..3]);
                let within = radii.map(|r| all.iter().filter(|(_, p)| squared(from, p) <= r).count() as u32);
                prop_assert_eq!(counts, within);
            }
        }
    }
}
