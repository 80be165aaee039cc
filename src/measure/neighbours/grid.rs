//! Places sorted into cells of one size, with their classes: what lies within reach of a place, gone over once for all classes
//! and radii.

use super::tree::{Place, bounds, squared};
use crate::simd::wide;

/// More places within the largest radius, or in the cells around a place, and trees are faster: they count whole nodes.
const MOST: f64 = 1500.0;
/// So many places around one are usual.
const ROOM: usize = 128;
/// Cells along the reach.
const CELLS: f64 = 2.0;

/// What lies around one place.
pub struct Around {
    /// Square of the distance to the nearest object of each class, and of all; infinite where there is none.
    pub nearest: Vec<f64>,
    /// Objects of each class, and of all, within each radius, the end included; class by class.
    pub counts: Vec<u32>,
    pub radii: usize,
    /// Of each class, the last without one: how many each radius but not the smaller one reaches, and none of them.
    rings: Vec<u32>,
    /// Square of the distance to the nearest of each of them.
    near: Vec<f64>,
    /// Squares of the distances of what was looked at, and which of `rings` each lies in.
    distances: Vec<f64>,
    places: Vec<u32>,
}

impl Around {
    /// Room for what lies around a place, of so many classes and radii.
    pub fn new(classes: usize, radii: usize) -> Self {
        let kinds = classes + 1;
        Around {
            nearest: vec![f64::INFINITY; kinds],
            counts: vec![0; kinds * radii],
            radii,
            rings: vec![0; kinds * (radii + 1)],
            near: vec![f64::INFINITY; kinds * (radii + 1)],
            distances: Vec::with_capacity(ROOM),
            places: Vec::with_capacity(ROOM),
        }
    }

    /// Objects of a class within each radius.
    pub fn of(&self, class: usize) -> &[u32] {
        &self.counts[class * self.radii..][..self.radii]
    }

    /// From rings to counts, and from those of each class, the last without one, to those of all.
    fn sum_up(&mut self) {
        let radii = self.radii;
        for (kind, rings) in self.rings.chunks_exact(radii + 1).enumerate() {
            let mut sum = 0;
            for (count, ring) in self.counts[kind * radii..][..radii].iter_mut().zip(rings) {
                sum += ring;
                *count = sum;
            }
        }
        let before_all = self.counts.len() - radii;
        let (classes, all) = self.counts.split_at_mut(before_all);
        for class in classes.chunks_exact(radii.max(1)) {
            all.iter_mut().zip(class).for_each(|(all, n)| *all += n);
        }
    }
}

/// Places in cells.
pub struct Grid {
    /// Along z, y, x, in the order of their cells.
    places: [Vec<f64>; 3],
    /// Of each place, in the same order: its class, or the number of classes where it has none, times the radii and one.
    rings: Vec<u32>,
    /// Where the place of each name stands in that order.
    slots: Vec<u32>,
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
    /// Of places with their names, for radii of which the squares ascend, and reaching about `near` places at least; `class_of` gives a
    /// class below `classes`. Nothing where the places lie so unevenly, or a radius takes in so many, that trees are faster.
    pub fn new(
        places: &[(u32, Place)],
        classes: usize,
        class_of: impl Fn(u32) -> Option<u32>,
        squares: &[f64],
        near: f64,
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
        let near = (near / in_unit).powf(1.0 / f64::from(axes));
        let largest = squares.last().map_or(0.0, |square| square.sqrt());
        if in_unit * largest.powi(axes) > MOST {
            return None;
        }
        let reach = largest.max(near);
        let side = (reach / CELLS).max(widest / f64::from(1 << 20));
        let cells = extent.map(|e| (e / side) as usize + 1);
        let mut grid = Grid {
            places: Default::default(),
            rings: vec![],
            slots: vec![],
            starts: vec![],
            cells,
            corner,
            side,
            reach,
        };
        let (none, rings) = (classes as u32, squares.len() as u32 + 1);
        grid.fill(places, |name| class_of(name).map_or(none, |class| class.min(none)) * rings);
        // Squares: each place of a cell looks at each.
        let pairs: f64 = grid.starts.windows(2).map(|w| f64::from(w[1] - w[0]).powi(2)).sum();
        let looked_at = pairs * (2.0 * CELLS + 1.0).powi(axes) / places.len() as f64;
        (looked_at <= 4.0 * MOST).then_some(grid)
    }

    /// Sorts the places by their cells.
    fn fill(&mut self, places: &[(u32, Place)], rings_of: impl Fn(u32) -> u32) {
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
        self.places = std::array::from_fn(|_| vec![0.0; places.len()]);
        self.rings = vec![0; places.len()];
        self.slots = vec![u32::MAX; places.iter().map(|(name, _)| *name as usize + 1).max().unwrap_or(0)];
        for ((name, place), at) in places.iter().zip(order) {
            self.slots[*name as usize] = at;
            self.rings[at as usize] = rings_of(*name);
            self.places.iter_mut().zip(place).for_each(|(axis, v)| axis[at as usize] = *v);
        }
    }

    /// Which cell a place lies in along each axis, or the nearest one that there is.
    fn coordinates(&self, place: &Place) -> [usize; 3] {
        std::array::from_fn(|axis| self.coordinate(place[axis], axis))
    }

    fn coordinate(&self, at: f64, axis: usize) -> usize {
        (((at - self.corner[axis]) / self.side) as usize).min(self.cells[axis] - 1)
    }

    fn cell(&self, [z, y, x]: [usize; 3]) -> usize {
        (z * self.cells[1] + y) * self.cells[2] + x
    }

    /// What lies around a place: how many of each class and of all within the radii, the place called `own` among them, and
    /// the nearest but that one. Returns the square of the distance up to which nothing was missed.
    pub fn look(&self, from: &Place, own: u32, squares: &[f64], found: &mut Around) -> f64 {
        let itself = self.count(from, Some(own), squares, found);
        if let Some(d) = itself.and_then(|itself| found.distances.get_mut(itself)) {
            *d = f64::INFINITY;
        }
        found.near.fill(f64::INFINITY);
        for (d, place) in found.distances.iter().zip(&found.places) {
            let near = &mut found.near[*place as usize];
            if *d < *near {
                *near = *d;
            }
        }
        for (nearest, near) in found.nearest.iter_mut().zip(found.near.chunks_exact(squares.len() + 1)) {
            *nearest = near.iter().copied().fold(f64::INFINITY, f64::min);
        }
        let nearest = found.nearest.iter().copied().fold(f64::INFINITY, f64::min);
        if let Some(all) = found.nearest.last_mut() {
            *all = nearest;
        }
        self.reach * self.reach
    }

    /// All that lie within the reach of a place but the one called `own`: the squares of their distances, each with its class, or the
    /// number of classes where it has none.
    pub fn others(&self, from: &Place, own: u32, squares: &[f64], found: &mut Around, others: &mut Vec<(f64, u32)>) {
        let itself = self.count(from, Some(own), squares, found);
        let (sure, rings) = (self.reach * self.reach, squares.len() as u32 + 1);
        let near = found.distances.iter().zip(&found.places).enumerate();
        let is_other = |(at, (d, _)): &(usize, (&f64, &u32))| **d <= sure && Some(*at) != itself;
        others.clear();
        others.extend(near.filter(is_other).map(|(_, (d, place))| (*d, place / rings)));
    }

    /// How many of each class and of all lie around a place within the radii, that at the place itself among them. Returns
    /// where the place called `own` stands among those that were looked at.
    pub fn count(&self, from: &Place, own: Option<u32>, squares: &[f64], found: &mut Around) -> Option<usize> {
        found.distances.clear();
        found.places.clear();
        found.counts.fill(0);
        found.rings.fill(0);
        let own = own.and_then(|own| self.slots.get(own as usize)).map(|slot| *slot as usize);
        let mut itself = None;
        // A little more than the reach, for what rounding takes away.
        let far = self.reach + self.side * 1e-3;
        let (least, most) = (self.coordinates(&from.map(|v| v - far)), self.coordinates(&from.map(|v| v + far)));
        for z in least[0]..=most[0] {
            for y in least[1]..=most[1] {
                // Of a row of cells, what lies within the ball.
                let beside = self.gap(from, 0, z).powi(2) + self.gap(from, 1, y).powi(2);
                let half = (far * far - beside).max(0.0).sqrt();
                let ends = [from[2] - half, from[2] + half].map(|x| self.coordinate(x, 2));
                let first = self.starts[self.cell([z, y, ends[0]])] as usize;
                let end = self.starts[self.cell([z, y, ends[1]]) + 1] as usize;
                if let Some(own) = own.filter(|own| (first..end).contains(own)) {
                    itself = Some(found.distances.len() + own - first);
                }
                let [zs, ys, xs] = [0, 1, 2].map(|axis| &self.places[axis][first..end]);
                let squares = zs.iter().zip(ys).zip(xs).map(|((z, y), x)| squared(from, &[*z, *y, *x]));
                found.distances.extend(squares);
                found.places.extend_from_slice(&self.rings[first..end]);
            }
        }
        to_rings(&found.distances, squares, &mut found.places);
        found.places.iter().for_each(|place| found.rings[*place as usize] += 1);
        found.sum_up();
        itself
    }

    /// How far a place is from the cells of a number along an axis.
    fn gap(&self, from: &Place, axis: usize, cell: usize) -> f64 {
        let start = self.corner[axis] + cell as f64 * self.side;
        (start - from[axis]).max(from[axis] - (start + self.side)).max(0.0)
    }
}

/// Distances that are set against the radii together.
const TOGETHER: usize = 32;

wide! {
    /// Moves each place on by the number of radii that do not reach it.
    fn to_rings(distances: &[f64], squares: &[f64], places: &mut [u32]) {
        let (distances, last_distances) = distances.as_chunks::<TOGETHER>();
        let (places, last_places) = places.as_chunks_mut::<TOGETHER>();
        for (distances, places) in distances.iter().zip(places) {
            for square in squares {
                for (place, d) in places.iter_mut().zip(distances) {
                    *place += u32::from(*d > *square);
                }
            }
        }
        for square in squares {
            for (place, d) in last_places.iter_mut().zip(last_distances) {
                *place += u32::from(*d > *square);
            }
        }
    }
}
