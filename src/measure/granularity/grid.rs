//! Images of 64-bit numbers on grids of their own: resampling, and how much of each cell an object is made of.

use crate::measure::object::Object;

/// An image of 64-bit numbers, raster order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plane {
    /// Rows and columns.
    pub size: [usize; 2],
    pub cells: Vec<f64>,
}

/// A place along an axis between two cells: the first of them, and how far beyond it.
#[derive(Clone, Copy, Debug)]
struct Between {
    first: usize,
    part: f64,
}

impl Between {
    /// Nothing beyond the last cell: there an image is 0.
    fn new(at: f64, cells: usize) -> Option<Self> {
        let first = at.floor();
        (at <= (cells - 1) as f64).then_some(Between { first: first as usize, part: at - first })
    }

    /// The two cells with their weights. A cell of no weight may lie beyond the last one, and is the first one then.
    fn cells(&self) -> [(usize, f64); 2] {
        let second = if self.part > 0.0 { self.first + 1 } else { self.first };
        [(self.first, 1.0 - self.part), (second, self.part)]
    }
}

impl Plane {
    /// The values at places along both axes, linear between cells.
    pub fn at(&self, places: [&[f64]; 2]) -> Plane {
        let [rows, columns] = [0, 1]
            .map(|a| places[a].iter().map(|&at| Between::new(at, self.size[a])).collect::<Vec<Option<Between>>>());
        let mut cells = Vec::with_capacity(rows.len() * columns.len());
        for row in &rows {
            for column in &columns {
                let (Some(row), Some(column)) = (row, column) else {
                    cells.push(0.0);
                    continue;
                };
                let mut value = 0.0;
                for (y, v) in row.cells() {
                    for (x, u) in column.cells() {
                        value += self.cells[y * self.size[1] + x] * v * u;
                    }
                }
                cells.push(value);
            }
        }
        Plane { size: [rows.len(), columns.len()], cells }
    }
}

/// Places 0, 1 / factor, 2 / factor, ... of `count` cells.
pub(super) fn sparse(count: usize, factor: f64) -> Vec<f64> {
    (0..count).map(|i| i as f64 / factor).collect()
}

/// Places of `count` cells along an axis on one that is `last` long: the first and the last cells lie on each other.
pub(super) fn stretched(count: usize, last: f64) -> Vec<f64> {
    let step = last / (count - 1) as f64;
    (0..count).map(|i| i as f64 * step).collect()
}

/// What an object is made of on another grid: cells with weights, whose sum is the number of pixels (less what lies beyond
/// the last cell).
pub(super) fn weights(object: &Object, places: [&[f64]; 2], size: [usize; 2]) -> Vec<(u32, f64)> {
    let mut all = Vec::new();
    let mut rows = [vec![0.0; size[1]], vec![0.0; size[1]]];
    let mut first = 0;
    let mut flush = |row: &mut Vec<f64>, y: usize| {
        for (x, weight) in row.iter_mut().enumerate().filter(|(_, w)| **w != 0.0) {
            all.push(((y * size[1] + x) as u32, std::mem::take(weight)));
        }
    };
    object.each_run(|_, y, x0, x1| {
        let Some(row) = Between::new(places[0][y], size[0]) else { return };
        while first < row.first {
            let [here, below] = &mut rows;
            flush(here, first);
            std::mem::swap(here, below);
            first += 1;
        }
        for column in places[1][x0..x1].iter().filter_map(|&at| Between::new(at, size[1])) {
            for (x, u) in column.cells() {
                rows[0][x] += (1.0 - row.part) * u;
                if row.part > 0.0 {
                    rows[1][x] += row.part * u;
                }
            }
        }
    });
    let [here, below] = &mut rows;
    flush(here, first);
    flush(below, first + 1);
    all
}

#[cfg(test)]
mod tests {
    //! Oracle: worked out by hand.
    use super::*;
    use crate::image::Labels;
    use crate::ops::extent::extents;
    use crate::units::Shape;

    #[test]
    fn values_between_cells() {
        let plane = Plane { size: [2, 3], cells: vec![0.0, 4.0, 8.0, 2.0, 6.0, 10.0] };
        assert_eq!(plane.at([&[0.0, 0.5], &[0.25, 2.0]]).cells, [1.0, 8.0, 2.0, 9.0]);
        assert_eq!(plane.at([&[1.0, 1.0001], &[2.0]]).cells, [10.0, 0.0]);
        assert_eq!((sparse(3, 0.5), stretched(3, 1.0)), (vec![0.0, 2.0, 4.0], vec![0.0, 0.5, 1.0]));
    }

    /// The weighted sum of a plane is the sum of its values between cells.
    #[test]
    fn weights_are_what_values_are_made_of() {
        let shape = Shape::flat(5, 7);
        let inside = |i: usize| u32::from(![0, 3, 8, 17, 20, 34].contains(&i));
        let labels = Labels::new(shape, (0..35).map(inside).collect()).unwrap();
        let object = Object::new(&labels, 1, extents(&labels).unwrap()[0]).unwrap();
        let plane = Plane { size: [3, 4], cells: (0..12).map(|i| f64::from(i * i % 7)).collect() };
        let places = [stretched(5, 2.0), stretched(7, 3.0)];
        let places = [&places[0][..], &places[1][..]];
        let direct: f64 = plane.at(places).cells.iter().enumerate().map(|(i, v)| v * f64::from(inside(i))).sum();
        let weights = weights(&object, places, plane.size);
        let by_weights: f64 = weights.iter().map(|&(i, w)| plane.cells[i as usize] * w).sum();
        assert!((direct - by_weights).abs() < 1e-12, "{direct} {by_weights}");
        assert!((weights.iter().map(|w| w.1).sum::<f64>() - 29.0).abs() < 1e-12);
    }
}
