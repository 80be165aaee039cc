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
    /// Weights of the first cell and the one after it. A cell of no weight may lie beyond the last one.
    fn weights(self) -> [f64; 2] {
        [1.0 - self.part, self.part]
    }
}

/// Rising places along an axis of cells.
#[derive(Debug)]
pub(super) struct Places {
    /// Those that are not beyond the last cell: there an image is 0.
    between: Vec<Between>,
    count: usize,
}

impl Places {
    fn new(places: impl ExactSizeIterator<Item = f64>, cells: usize) -> Self {
        let count = places.len();
        let inside = places.take_while(|&at| at <= (cells - 1) as f64);
        let between = |at: f64| Between { first: at as usize, part: at - at.floor() };
        Places { between: inside.map(between).collect(), count }
    }

    /// 0, 1 / factor, 2 / factor, ... of `count` cells.
    pub fn sparse(count: usize, factor: f64, cells: usize) -> Self {
        Self::new((0..count).map(|i| i as f64 / factor), cells)
    }

    /// Of `count` cells along an axis on one that is `last` long: the first and the last cells lie on each other.
    pub fn stretched(count: usize, last: f64, cells: usize) -> Self {
        let step = last / (count - 1) as f64;
        Self::new((0..count).map(|i| i as f64 * step), cells)
    }
}

impl Plane {
    /// The values at places along both axes, linear between cells, of an image of that size with these values.
    pub fn between(size: [usize; 2], value: impl Fn(usize) -> f64, [rows, columns]: [&Places; 2]) -> Plane {
        let mut plane = Plane { size: [rows.count, columns.count], cells: vec![0.0; rows.count * columns.count] };
        for (row, out) in rows.between.iter().zip(plane.cells.chunks_exact_mut(columns.count)) {
            for (column, out) in columns.between.iter().zip(out) {
                for (y, v) in (row.first..size[0]).zip(row.weights()).filter(|(_, v)| *v > 0.0) {
                    for (x, u) in (column.first..size[1]).zip(column.weights()).filter(|(_, u)| *u > 0.0) {
                        *out += value(y * size[1] + x) * v * u;
                    }
                }
            }
        }
        plane
    }

    /// Its values at places along both axes.
    pub fn at(&self, places: [&Places; 2]) -> Plane {
        Plane::between(self.size, |i| self.cells[i], places)
    }
}

/// What an object is made of on another grid: cells with weights, whose sum is the number of pixels (less what lies beyond
/// the last cell).
pub(super) fn weights(object: &Object, [rows, columns]: [&Places; 2], size: [usize; 2]) -> Vec<(u32, f64)> {
    let mut all = Vec::new();
    if object.extent.n == 0 {
        return all;
    }
    let (lo, hi) = (object.extent.lo, object.extent.hi);
    // The cells of its columns, and one more for what has no weight.
    let reach = columns.between.get(lo[2]..).unwrap_or_default();
    let reach = &reach[..reach.len().min(hi[2] - lo[2])];
    let (Some(start), Some(end)) = (reach.first().map(|c| c.first), reach.last().map(|c| c.first)) else {
        return all;
    };
    let [mut here, mut below] = [(); 2].map(|()| vec![0.0; end - start + 2]);
    let mut flush = |row: &mut [f64], y: usize| {
        for (x, weight) in row.iter_mut().enumerate().filter(|(_, w)| **w != 0.0) {
            all.push(((y * size[1] + start + x) as u32, std::mem::take(weight)));
        }
    };
    let mut first = rows.between.get(lo[1]).map_or(0, |row| row.first);
    object.each_run(|_, y, x0, x1| {
        let Some(row) = rows.between.get(y) else { return };
        while first < row.first {
            flush(&mut here, first);
            std::mem::swap(&mut here, &mut below);
            first += 1;
        }
        let [v, next] = row.weights();
        let run = &reach[(x0 - lo[2]).min(reach.len())..(x1 - lo[2]).min(reach.len())];
        for pixels in run.chunk_by(|a, b| a.first == b.first) {
            let x = pixels[0].first - start;
            let mut sums = [here[x], here[x + 1], below[x], below[x + 1]];
            for pixel in pixels {
                let [u, after] = pixel.weights();
                let parts = [v * u, v * after, next * u, next * after];
                sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
            }
            [here[x], here[x + 1], below[x], below[x + 1]] = sums;
        }
    });
    flush(&mut here, first);
    flush(&mut below, first + 1);
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
        let at = |rows: &[f64], columns: &[f64]| {
            let [rows, columns] = [(rows, 2), (columns, 3)].map(|(at, n)| Places::new(at.iter().copied(), n));
            plane.at([&rows, &columns]).cells
        };
        assert_eq!(at(&[0.0, 0.5], &[0.25, 2.0]), [1.0, 8.0, 2.0, 9.0]);
        assert_eq!(at(&[1.0, 1.0001], &[2.0]), [10.0, 0.0]);
        let ends = |places: Places| places.between.iter().map(|b| b.first as f64 + b.part).collect::<Vec<_>>();
        assert_eq!(ends(Places::sparse(3, 0.5, 5)), [0.0, 2.0, 4.0]);
        assert_eq!(ends(Places::stretched(3, 1.0, 2)), [0.0, 0.5, 1.0]);
    }

    /// The weighted sum of a plane is the sum of its values between cells.
    #[test]
    fn weights_are_what_values_are_made_of() {
        let shape = Shape::flat(5, 7);
        let inside = |i: usize| u32::from(![0, 3, 8, 17, 20, 34].contains(&i));
        let labels = Labels::new(shape, (0..35).map(inside).collect()).unwrap();
        let object = Object::new(&labels, 1, extents(&labels).unwrap()[0]).unwrap();
        let plane = Plane { size: [3, 4], cells: (0..12).map(|i| f64::from(i * i % 7)).collect() };
        let places = [&Places::stretched(5, 2.0, 3), &Places::stretched(7, 3.0, 4)];
        let direct: f64 = plane.at(places).cells.iter().enumerate().map(|(i, v)| v * f64::from(inside(i))).sum();
        let weights = weights(&object, places, plane.size);
        let by_weights: f64 = weights.iter().map(|&(i, w)| plane.cells[i as usize] * w).sum();
        assert!((direct - by_weights).abs() < 1e-12, "{direct} {by_weights}");
        assert!((weights.iter().map(|w| w.1).sum::<f64>() - 29.0).abs() < 1e-12);
    }
}
