//! Places sorted into cells of one size, with their classes: what lies within reach of a place, gone over once for all classes
//! and radii.

use super::tree::{Place, bounds, squared};

/// Places that lie within reach where no radius says how far that is.
const NEAR: f64 = 20.0;
/// More places within the largest radius, or in the cells around a place, and trees are faster: they count whole nodes.
const MOST: f64 = 1500.0;
/// Cells along the reach.
const CELLS: f64 = 2.0;

/// What lies around one place.
pub struct Around {
    /// Square of the distance to the nearest object of each class, and of all; infinite where there is none.
    pub nearest: Vec<f64>,
    /// Objects of each class, and of all, within each radius, the end included; class by class.
    pub counts: Vec<u32>,
    pub radii: usize,
}

impl Around {
    /// Objects of a class within each radius.
    pub fn of(&self, class: usize) -> &[u32] {
        &self.counts[class * self.radii..][..self.radii]
    }

    /// From those of each class, the last without one, and each radius but not the smaller ones, to those of all and within.
    pub fn sum_up(&mut self) {
        let radii = self.radii;
        for i in 0..self.counts.len() {
            if radii > 0 && i % radii > 0 {
                self.counts[i] += self.counts[i - 1];
            }
        }
        let before_all = self.counts.len() - radii;
        let (classes, all) = self.counts.split_at_mut(before_all);
        for class in classes.chunks_exact(radii.max(1)) {
            all.iter_mut().zip(class).for_each(|(all, n)| *all += n);
        }
        let nearest = self.nearest.iter().copied().fold(f64::INFINITY, f64::min);
        if let Some(all) = self.nearest.last_mut() {
            *all = nearest;
        }
    }
}

/// Places in cells.
pub struct Grid {
    /// In the order of their cells.
    places: Vec<Place>,
    /// Of each place, in the same order: what it is called, and its class, or the number of classes where it has none.
    names: Vec<u32>,
    classes: Vec<u32>,
    /// Where each cell begins among them, and the end of the last.
    starts: Vec<u32>,
    /// Cells along z, y, x, and the corner of the first.
    cells: [usize; 3],
    corner: Place,
    side: f64,
    /// All places that are no farther away are gone over.
    reach: f64,
}

impl Grid {
    /// Of places with their names, for radii of which the squares ascend; `class_of` gives a class below `classes`. Nothing
    /// where the places lie so unevenly, or a radius takes in so many, that trees are faster.
    pub fn new(
        places: &[(u32, Place)],
        classes: usize,
        class_of: impl Fn(u32) -> Option<u32>,
        squares: &[f64],
    ) -> Option<Self> {
        let [corner, end] = bounds(places.iter().map(|(_, place)| place));
        let extent: Place = std::array::from_fn(|k| end[k] - corner[k]);
        let widest = extent.into_iter().fold(0.0, f64::max);
        if places.len() < 2 || !widest.is_normal() {
            return None;
        }
        // How many places a ball takes in where they fill their box evenly; a disk in a plane, twice its radius on a line.
        let wide = extent.iter().filter(|e| **e > widest * 1e-6);
        let axes = wide.clone().count() as i32;
        let unit = [0.0, 2.0, std::f64::consts::PI, 4.0 / 3.0 * std::f64::consts::PI][axes as usize];
        let in_unit = unit * places.len() as f64 / wide.product::<f64>();
        let near = (NEAR / in_unit).powf(1.0 / f64::from(axes));
        let largest = squares.last().map_or(0.0, |square| square.sqrt());
        if in_unit * largest.powi(axes) > MOST {
            return None;
        }
        let reach = largest.max(near);
        let side = (reach / CELLS).max(widest / f64::from(1 << 20));
        let cells = extent.map(|e| (e / side) as usize + 1);
        let mut grid =
            Grid { places: vec![], names: vec![], classes: vec![], starts: vec![], cells, corner, side, reach };
        grid.fill(places, |name| class_of(name).map_or(classes as u32, |class| class.min(classes as u32)));
        // Squares: each place of a cell looks at each.
        let pairs: f64 = grid.starts.windows(2).map(|w| f64::from(w[1] - w[0]).powi(2)).sum();
        let looked_at = pairs * (2.0 * CELLS + 1.0).powi(axes) / places.len() as f64;
        (looked_at <= 4.0 * MOST).then_some(grid)
    }

    /// Sorts the places by their cells.
    fn fill(&mut self, places: &[(u32, Place)], class_of: impl Fn(u32) -> u32) {
        let mut order: Vec<u32> = places.iter().map(|(_, place)| self.cell(self.coordinates(place)) as u32).collect();
        self.starts = vec![0; self.cells.iter().product::<usize>() + 1];
        order.iter().for_each(|cell| self.starts[*cell as usize + 1] += 1);
        for i in 1..self.starts.len() {
            self.starts[i] += self.starts[i - 1];
        }
        let mut next = self.starts.clone();
        for cell in &mut order {
            let at = &mut next[*cell as usize];
            (*cell, *at) = (*at, *at + 1);
        }
        self.places = vec![[0.0; 3]; places.len()];
        (self.names, self.classes) = (vec![0; places.len()], vec![0; places.len()]);
        for ((name, place), at) in places.iter().zip(order) {
            let at = at as usize;
            (self.places[at], self.names[at], self.classes[at]) = (*place, *name, class_of(*name));
        }
    }

    /// Which cell a place lies in along each axis, or the nearest one that there is.
    fn coordinates(&self, place: &Place) -> [usize; 3] {
        std::array::from_fn(|k| (((place[k] - self.corner[k]) / self.side) as usize).min(self.cells[k] - 1))
    }

    fn cell(&self, [z, y, x]: [usize; 3]) -> usize {
        (z * self.cells[1] + y) * self.cells[2] + x
    }

    /// Adds what lies around a place, each place to its own class and to the smallest radius that reaches it; the last class
    /// are those without one. All places count, but the one called `own` is not near itself. Returns the square of the
    /// distance up to which nothing was missed.
    pub fn add(&self, from: &Place, own: u32, squares: &[f64], found: &mut Around) -> f64 {
        // A little more than the reach, for what rounding takes away.
        let far = self.reach + self.side * 1e-3;
        let (least, most) = (self.coordinates(&from.map(|v| v - far)), self.coordinates(&from.map(|v| v + far)));
        let (largest, smaller) = squares.split_last().unwrap_or((&-1.0, &[]));
        for z in least[0]..=most[0] {
            for y in least[1]..=most[1] {
                let first = self.starts[self.cell([z, y, least[2]])] as usize;
                let end = self.starts[self.cell([z, y, most[2]]) + 1] as usize;
                let names = self.names[first..end].iter().zip(&self.classes[first..end]);
                for (place, (name, class)) in self.places[first..end].iter().zip(names) {
                    let (d, class) = (squared(from, place), *class as usize);
                    if d < found.nearest[class] && *name != own {
                        found.nearest[class] = d;
                    }
                    if d <= *largest {
                        found.counts[class * squares.len() + smaller.iter().take_while(|r| **r < d).count()] += 1;
                    }
                }
            }
        }
        self.reach * self.reach
    }
}
