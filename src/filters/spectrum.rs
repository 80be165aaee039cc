//! Filters that are a factor for each frequency: the image is periodic then.
//!
//! Lines are transformed axis by axis; after each one the axes move on by one place, so that the lines of the next lie in a row.

use super::fft::{Complex, Fft};
use super::field::{Axes, Field};
use rayon::prelude::*;

/// Lines that are transformed together.
const LANES: usize = 16;

/// Multiplies each frequency by a complex factor, and gives the real part of what that is in space. The factor is given for places
/// along z, y, x on the grid of the transform, where 0 is the mean; in slices z is always 0.
pub fn filtered(field: &Field, axes: Axes, factor: impl Fn([usize; 3]) -> [f64; 2] + Sync) -> Field {
    let shape = field.shape;
    let sizes = match axes {
        Axes::Volume => shape.zyx(),
        Axes::Slices => [1, shape.y, shape.x],
    };
    let transform = Transform::new(sizes);
    let mut values = vec![0.0; field.values.len()];
    let blocks = values.par_chunks_mut(transform.len()).zip(field.values.par_chunks(transform.len()));
    blocks.for_each(|(to, from)| {
        let mut data = Complex { re: from.to_vec(), im: vec![0.0; from.len()] };
        transform.forward(&mut data);
        let rows = data.re.par_chunks_mut(sizes[2]).zip(data.im.par_chunks_mut(sizes[2]));
        rows.enumerate().for_each(|(row, (re, im))| {
            for (x, (a, b)) in re.iter_mut().zip(im).enumerate() {
                let [c, s] = factor([row / sizes[1], row % sizes[1], x]);
                (*a, *b) = (c * *a - s * *b, c * *b + s * *a);
            }
        });
        transform.inverse(&mut data);
        to.copy_from_slice(&data.re);
    });
    field.with(values)
}

/// A transform along three axes.
pub(super) struct Transform {
    sizes: [usize; 3],
    ffts: [Fft; 3],
}

impl Transform {
    /// Of blocks of these sizes along z, y, x.
    pub fn new(sizes: [usize; 3]) -> Self {
        Transform { sizes, ffts: sizes.map(Fft::new) }
    }

    /// Values of a block.
    pub fn len(&self) -> usize {
        self.sizes.iter().product()
    }

    /// Into frequencies.
    pub fn forward(&self, data: &mut Complex) {
        self.apply(data, Fft::forward);
    }

    /// The way back.
    pub fn inverse(&self, data: &mut Complex) {
        self.apply(data, Fft::inverse);
    }

    fn apply(&self, data: &mut Complex, way: fn(&Fft, &mut Complex, usize)) {
        for axis in [2, 1, 0] {
            let n = self.sizes[axis];
            if n > 1 {
                let parts = data.re.par_chunks_mut(n * LANES).zip(data.im.par_chunks_mut(n * LANES));
                parts.for_each(|(re, im)| {
                    let mut lines = Complex { re: turned(re, n), im: turned(im, n) };
                    let lanes = re.len() / n;
                    way(&self.ffts[axis], &mut lines, lanes);
                    re.copy_from_slice(&turned(&lines.re, lanes));
                    im.copy_from_slice(&turned(&lines.im, lanes));
                });
            }
            *data = Complex { re: moved_on(&data.re, n), im: moved_on(&data.im, n) };
        }
    }
}

/// Lines of `n` values become `n` lines: a small matrix is transposed.
fn turned(values: &[f64], n: usize) -> Vec<f64> {
    let rows = values.len() / n;
    (0..values.len()).map(|i| values[i % rows * n + i / rows]).collect()
}

/// The same of a large one, in strips of columns that lie in the cache.
fn moved_on(values: &[f64], n: usize) -> Vec<f64> {
    const STRIP: usize = 8;
    let rows = values.len() / n;
    let mut all = vec![0.0; values.len()];
    all.par_chunks_mut(rows * STRIP).enumerate().for_each(|(strip, to)| {
        let (first, columns) = (strip * STRIP, to.len() / rows);
        for (row, line) in values.chunks_exact(n).enumerate() {
            for (k, value) in line[first..first + columns].iter().enumerate() {
                to[k * rows + row] = *value;
            }
        }
    });
    all
}

#[cfg(test)]
mod tests {
    //! Invariant: a shift in space is a turn of every frequency.
    use super::*;
    use crate::units::Shape;

    #[test]
    fn a_turn_of_frequencies_is_a_shift() {
        let shape = Shape::new(5, 6, 22);
        let values = (0..shape.len()).map(|i| ((i * 7919) % 101) as f64).collect();
        let field = Field::new(shape, values).unwrap();
        for axes in [Axes::Slices, Axes::Volume] {
            let by = if axes == Axes::Volume { [2, 1, 3] } else { [0, 1, 3] };
            let factor = |at: [usize; 3]| {
                let parts = (0..3).map(|a| (at[a] * by[a]) as f64 / shape.zyx()[a] as f64).sum::<f64>();
                let angle = -2.0 * std::f64::consts::PI * parts;
                [libm::cos(angle), libm::sin(angle)]
            };
            let got = filtered(&field, axes, factor);
            for (i, value) in got.values.iter().enumerate() {
                let at = shape.position(i);
                let from: Vec<usize> = (0..3).map(|a| (at[a] + shape.zyx()[a] - by[a]) % shape.zyx()[a]).collect();
                assert!((value - field.values[shape.index(from[0], from[1], from[2])]).abs() < 1e-9, "{axes:?} {i}");
            }
        }
    }
}
