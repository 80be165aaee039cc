//! Simoncelli's wavelet (IBSI:PRT7): a band of frequencies, the same in all directions, an octave lower at each level.
//!
//! With r the distance from frequency 0, 1 at the highest one along an axis, the band of level j is cos(pi/2 log2(2 r / m)) from
//! m / 4 to m, m being 2^(1 - j). Frequencies are counted from the middle of the shifted grid, so that r is 1 at both its ends, as the
//! reference maps of the standard have it.

use super::field::{Axes, Field};
use super::spectrum::filtered;
use std::f64::consts::FRAC_PI_2;

/// The response of a level, from 1 on.
pub fn simoncelli(field: &Field, level: u32, axes: Axes) -> Field {
    let widest = libm::ldexp(1.0, 1 - level.min(64) as i32);
    let sizes = field.shape.zyx();
    filtered(field, axes, |at| {
        // On even sizes the middle of the shifted grid lies beside frequency 0, which belongs to no band all the same.
        if at == [0; 3] {
            return [0.0, 0.0];
        }
        let r2: f64 = axes.list().iter().map(|&a| distance(at[a], sizes[a])).map(|r| r * r).sum();
        let r = r2.sqrt();
        let inside = r >= widest / 4.0 && r <= widest;
        [if inside { libm::cos(FRAC_PI_2 * libm::log2(2.0 * r / widest)) } else { 0.0 }, 0.0]
    })
}

/// From the middle of the shifted grid, for a place on that of the transform.
fn distance(at: usize, n: usize) -> f64 {
    let middle = (n - 1) as f64 / 2.0;
    let shifted = ((at + n / 2) % n) as f64;
    if n > 1 { (shifted - middle) / middle } else { 0.0 }
}

#[cfg(test)]
mod tests {
    //! Invariant: bands of neighbouring levels share what lies between them; nothing answers where nothing changes.
    use super::*;
    use crate::units::Shape;

    #[test]
    fn what_does_not_change_has_no_band() {
        let flat = Field::new(Shape::new(8, 9, 10), vec![7.0; 720]).unwrap();
        for axes in [Axes::Slices, Axes::Volume] {
            for level in 1..4 {
                assert!(simoncelli(&flat, level, axes).values.iter().all(|v| v.abs() < 1e-9), "{axes:?} {level}");
            }
        }
    }

    #[test]
    fn the_shifted_grid_ends_at_one() {
        assert_eq!((0..5).map(|k| distance(k, 5)).collect::<Vec<_>>(), [0.0, 0.5, 1.0, -1.0, -0.5]);
        assert_eq!(distance(0, 1), 0.0);
        assert!((distance(1, 2) + 1.0).abs() < 1e-15 && (distance(0, 2) - 1.0).abs() < 1e-15);
    }
}
