//! Convolution with kernels along single axes: each voxel is the sum of `kernel[k] * image[at - (k - radius)]`, in the order of the
//! kernel, whatever the number of threads.

use super::field::Field;
use super::padding::Padding;
use crate::simd::wide;
use rayon::prelude::*;

/// Convolves along an axis (0, 1, 2 are z, y, x). The middle of the kernel, which has an odd number of values, is its origin.
pub fn along(field: &Field, axis: usize, kernel: &[f64], padding: Padding) -> Field {
    let (shape, radius) = (field.shape, (kernel.len() / 2) as isize);
    let mut out = vec![0.0; field.values.len()];
    let row = |z: usize, y: usize| {
        let start = shape.index(z, y, 0);
        &field.values[start..start + shape.x]
    };
    out.par_chunks_mut(shape.x).enumerate().for_each(|(i, to)| {
        let (z, y) = (i / shape.y, i % shape.y);
        if axis == 2 {
            return line(row(z, y), kernel, padding, to);
        }
        let (here, n) = if axis == 0 { (z, shape.z) } else { (y, shape.y) };
        for (k, &weight) in kernel.iter().enumerate().filter(|(_, w)| **w != 0.0) {
            let Some(from) = padding.place(here as isize + radius - k as isize, n) else { continue };
            add_weighed(to, if axis == 0 { row(from, y) } else { row(z, from) }, weight);
        }
    });
    field.with(out)
}

/// The same of a single line.
fn line(from: &[f64], kernel: &[f64], padding: Padding, to: &mut [f64]) {
    let (n, radius) = (from.len(), (kernel.len() / 2) as isize);
    let at = |i: isize| padding.place(i, n).map_or(0.0, |k| from[k]);
    let padded: Vec<f64> = (-radius..n as isize + radius).map(at).collect();
    for (k, &weight) in kernel.iter().enumerate().filter(|(_, w)| **w != 0.0) {
        let start = kernel.len() - 1 - k;
        add_weighed(to, &padded[start..start + n], weight);
    }
}

wide! {
    fn add_weighed(to: &mut [f64], from: &[f64], weight: f64) {
        for (sum, value) in to.iter_mut().zip(from) {
            *sum += weight * value;
        }
    }
}

#[cfg(test)]
mod tests {
    //! Invariant: the definition, written out.
    use super::*;
    use crate::units::Shape;

    #[test]
    fn a_kernel_is_turned_round_and_centred() {
        let shape = Shape::new(3, 4, 5);
        let values = (0..60).map(|i| f64::from((i * 7919) % 61)).collect();
        let field = Field::new(shape, values).unwrap();
        let kernel = [3.0, -1.0, 0.5, 0.0, 2.0];
        for padding in [Padding::Zero, Padding::Nearest, Padding::Periodic, Padding::Mirror] {
            for axis in 0..3 {
                let got = along(&field, axis, &kernel, padding);
                for i in 0..60 {
                    let place = shape.position(i);
                    let n = shape.zyx()[axis];
                    let term = |k: usize| {
                        let from = padding.place(place[axis] as isize - (k as isize - 2), n)?;
                        let mut at = place;
                        at[axis] = from;
                        Some(kernel[k] * field.values[shape.index(at[0], at[1], at[2])])
                    };
                    let want: f64 = (0..5).filter_map(term).sum();
                    assert!((got.values[i] - want).abs() < 1e-12, "{padding:?} {axis} {i}");
                }
            }
        }
    }
}
