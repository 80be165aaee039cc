//! The Riesz transform (IBSI:AYRS): derivatives of all frequencies alike, of any order along each axis.
//!
//! A frequency f is multiplied by (-i)^L sqrt(L! / (l1! l2! l3!)) f1^l1 f2^l2 f3^l3 / |f|^L, L being the sum of the orders; the mean
//! becomes 0. Frequencies are counted in voxels.

use super::field::{Axes, Field};
use super::spectrum::filtered;

/// The highest order along an axis.
pub const ORDER: u32 = 8;

/// The transform of orders along x and y, or x, y and z.
pub fn riesz(field: &Field, orders: &[u32]) -> Field {
    let axes = if orders.len() == 2 { Axes::Slices } else { Axes::Volume };
    let sizes = field.shape.zyx();
    // Axes are counted from z, orders from x.
    let powers: Vec<(usize, u32)> = axes.list().iter().copied().zip(orders.iter().rev().copied()).collect();
    let total: u32 = orders.iter().sum();
    let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
    let weight = (factorial(total) / orders.iter().map(|n| factorial(*n)).product::<f64>()).sqrt();
    filtered(field, axes, |at| {
        let squares: f64 = powers.iter().map(|(axis, _)| frequency(at[*axis], sizes[*axis])).map(|f| f * f).sum();
        if squares == 0.0 {
            return [0.0, 0.0];
        }
        let size = squares.sqrt();
        let part =
            |(axis, n): &(usize, u32)| (0..*n).map(|_| frequency(at[*axis], sizes[*axis]) / size).product::<f64>();
        let value = weight * powers.iter().map(part).product::<f64>();
        match total % 4 {
            0 => [value, 0.0],
            1 => [0.0, -value],
            2 => [-value, 0.0],
            _ => [0.0, value],
        }
    })
}

/// In turns a voxel, for a place on the grid of the transform.
fn frequency(at: usize, n: usize) -> f64 {
    let signed = if at < n.div_ceil(2) { at as f64 } else { at as f64 - n as f64 };
    signed / n as f64
}

#[cfg(test)]
mod tests {
    //! Oracle: a wave. Invariant: the squares of all transforms of one order add up to 1.
    use super::*;
    use crate::units::Shape;
    use std::f64::consts::PI;

    #[test]
    fn a_cosine_becomes_a_sine() {
        let shape = Shape::flat(4, 16);
        let wave = |i: usize| 2.0 * PI * 3.0 * (i % 16) as f64 / 16.0;
        let field = Field::new(shape, (0..64).map(|i| libm::cos(wave(i)) + 5.0).collect()).unwrap();
        for (i, value) in riesz(&field, &[1, 0]).values.iter().enumerate() {
            assert!((value - libm::sin(wave(i))).abs() < 1e-12, "{i}: {value}");
        }
        assert!(riesz(&field, &[0, 1]).values.iter().all(|v| v.abs() < 1e-12));
    }

    #[test]
    fn one_order_keeps_what_there_is() {
        let shape = Shape::new(5, 7, 9);
        let field = Field::new(shape, (0..315).map(|i| ((i * 7919) % 101) as f64).collect()).unwrap();
        let mean = field.values.iter().sum::<f64>() / 315.0;
        let energy = |f: &Field| f.values.iter().map(|v| v * v).sum::<f64>();
        let around = Field::new(shape, field.values.iter().map(|v| v - mean).collect()).unwrap();
        let second = [[2, 0, 0], [0, 2, 0], [0, 0, 2], [1, 1, 0], [1, 0, 1], [0, 1, 1]];
        let sum: f64 = second.iter().map(|orders| energy(&riesz(&field, orders))).sum();
        assert!((sum / energy(&around) - 1.0).abs() < 1e-12);
    }
}
