//! What lies around a place: the nearest object of each class, and how many lie within radii.
//!
//! A grid goes over all that is near in one go; trees answer what it leaves open: the nearest of a class that has none near, and
//! everything where there is no grid. Distances are computed in one way, so both give the same.

use super::grid::{Around, Grid};
use super::places::Places;
use super::tree::{Place, Tree};
use crate::image::Classes;

/// Places that lie within reach where no radius says how far that is.
const NEAR: f64 = 20.0;

/// Looks around in the objects of a set.
pub struct Surroundings {
    grid: Option<Grid>,
    /// Of radii, ascending.
    squares: Vec<f64>,
}

impl Surroundings {
    /// For radii of which the squares ascend.
    pub fn new(places: &Places, classes: Option<&Classes>, squares: &[f64]) -> Self {
        Self::reaching(NEAR, places, classes, squares)
    }

    /// For so many nearest objects: twice as many lie within reach.
    pub fn of_nearest(n: usize, places: &Places, classes: &Classes) -> Self {
        Self::reaching(NEAR.max(2.0 * n as f64), places, Some(classes), &[])
    }

    fn reaching(near: f64, places: &Places, classes: Option<&Classes>, squares: &[f64]) -> Self {
        let class_of = |name: u32| classes.and_then(|c| c.of.get(name as usize).copied().flatten());
        let grid = Grid::new(&places.named(), places.by_class.len(), class_of, squares, near);
        Surroundings { grid, squares: squares.to_vec() }
    }

    /// How many radii there are.
    pub fn radii(&self) -> usize {
        self.squares.len()
    }

    /// Room for what lies around a place.
    pub fn room(&self, places: &Places) -> Around {
        Around::new(places.by_class.len(), self.radii())
    }

    /// What lies around a place. All objects count, but the one called `own` is not near itself.
    pub fn look(&self, places: &Places, from: &Place, own: u32, found: &mut Around) {
        let sure = self.grid.as_ref().map(|grid| grid.look(from, own, &self.squares, found));
        for (kind, tree) in trees(places) {
            let nearest = &mut found.nearest[kind];
            if sure.is_none_or(|sure| *nearest > sure) {
                let mut one = [(0.0, 0)];
                tree.nearest(from, own, &mut one);
                *nearest = one[0].0;
            }
        }
        if sure.is_none() {
            self.count_in_trees(places, from, found);
        }
    }

    /// How many lie around a place, without a look for the nearest.
    pub fn count(&self, places: &Places, from: &Place, found: &mut Around) {
        match &self.grid {
            Some(grid) => _ = grid.count(from, None, &self.squares, found),
            None => self.count_in_trees(places, from, found),
        }
    }

    /// The others within a reach of which nothing is missed: the squares of their distances, each with its class, or the number of classes
    /// where it has none. None where there is no grid.
    pub fn others(&self, from: &Place, own: u32, found: &mut Around, others: &mut Vec<(f64, u32)>) {
        others.clear();
        if let Some(grid) = &self.grid {
            grid.others(from, own, &self.squares, found, others);
        }
    }

    fn count_in_trees(&self, places: &Places, from: &Place, found: &mut Around) {
        for (kind, tree) in trees(places) {
            tree.within(from, &self.squares, &mut found.counts[kind * found.radii..][..found.radii]);
        }
    }
}

/// Those of the classes, and that of all.
fn trees(places: &Places) -> impl Iterator<Item = (usize, &Tree)> {
    places.by_class.iter().chain([&places.all]).enumerate()
}

#[cfg(test)]
mod tests {
    //! Invariant: a grid and the trees alone see the same.
    use super::*;
    use crate::image::Labels;
    use crate::units::Shape;
    use proptest::prelude::*;

    /// Numbers below a limit, of which many are equal.
    fn numbers(seed: u64) -> impl FnMut(usize) -> usize {
        let mut state = seed;
        move |limit| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % limit
        }
    }

    proptest! {
        #[test]
        fn grids_see_what_trees_see(
            n in 0usize..400, seed: u64, deep in 1usize..12, high in 1usize..60, wide in 1usize..300,
            classes in 0usize..4, radii in 0usize..4, largest in 0.0..40.0f64, clusters: bool,
        ) {
            let mut next = numbers(seed);
            let shape = Shape::new(deep, high, wide);
            let mut voxels = vec![0u32; shape.len()];
            let taken = if clusters { (shape.len() / 20).max(1) } else { shape.len() };
            let mut count = 0;
            for _ in 0..n {
                let at = next(taken);
                if voxels[at] == 0 {
                    count += 1;
                    voxels[at] = count;
                }
            }
            let labels = Labels::new(shape, voxels).unwrap();
            let of = (0..count).map(|_| Some(next(classes + 1) as u32).filter(|c| (*c as usize) < classes)).collect();
            let names = (0..classes).map(|c| c.to_string()).collect();
            let classes = Classes { names, of, ..Classes::default() };
            let places = Places::new(&labels, None, Some(&classes), None).unwrap();
            let squares: Vec<f64> = (1..=radii).map(|i| (largest * i as f64 / radii as f64).powi(2)).collect();
            let with = Surroundings::new(&places, Some(&classes), &squares);
            let without = Surroundings { grid: None, squares: squares.clone() };
            let (mut a, mut b) = (with.room(&places), without.room(&places));
            for (own, place) in (0..).zip(&places.at) {
                let Some(place) = place else { continue };
                with.look(&places, place, own, &mut a);
                without.look(&places, place, own, &mut b);
                prop_assert_eq!(&a.nearest, &b.nearest);
                prop_assert_eq!(&a.counts, &b.counts);
                with.count(&places, place, &mut a);
                prop_assert_eq!(&a.counts, &b.counts);
            }
        }

        #[test]
        fn places_anywhere_are_found(n in 2usize..200, seed: u64, scale in -6i32..9) {
            let mut next = numbers(seed);
            let scale = 10f64.powi(scale);
            let mut coordinate = || next(1 << 20) as f64 / 1e4 * scale + 7.0 * scale;
            let all: Vec<(u32, Place)> = (0..n as u32).map(|i| (i, [coordinate(), coordinate(), coordinate()])).collect();
            let squares = [(9.0 * scale).powi(2), (31.0 * scale).powi(2)];
            let Some(grid) = Grid::new(&all, 1, |_| None, &squares, NEAR) else { return Ok(()) };
            let tree = Tree::new(all.clone());
            for (own, place) in &all {
                let mut found = Around::new(1, 2);
                let sure = grid.look(place, *own, &squares, &mut found);
                let (mut nearest, mut counts) = ([(0.0, 0)], [0; 2]);
                tree.nearest(place, *own, &mut nearest);
                tree.within(place, &squares, &mut counts);
                prop_assert_eq!(found.of(1), &counts);
                prop_assert!(found.nearest[1] > sure || found.nearest[1] == nearest[0].0);
            }
        }
    }
}
