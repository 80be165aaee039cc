//! The Laplacian of a Gaussian (IBSI:L6PA): the sum of second derivatives of the image smoothed by a Gaussian. It answers to blobs
//! of a radius of about 1.4 sigma, bright ones with negative values.
//!
//! The kernels are sampled and cut off, and the smoothing one then adds up to 1. Derivatives are those of the space that the Gaussian is round
//! in: where it is of fewer voxels along an axis, these are longer there, and the derivative counts less, by the square. They are
//! counted in pixels of a slice (the root of its area).

use super::convolve::along;
use super::field::{Axes, Field};
use super::padding::Padding;
use crate::{Error, Result};

/// A standard deviation of so many voxels along z, y, x; the kernels end at `cutoff` of them.
///
/// # Errors
/// Kernels that are longer than is sensible, or of no width.
pub fn laplacian_of_gaussian(
    field: &Field,
    sigma: [f64; 3],
    cutoff: f64,
    axes: Axes,
    padding: Padding,
) -> Result<Field> {
    let mut kernels = vec![];
    for &axis in axes.list() {
        kernels.push((axis, Kernels::new(sigma[axis], cutoff)?));
    }
    let mut sum = vec![0.0; field.values.len()];
    for &curved in axes.list() {
        let weight = sigma[curved] * sigma[curved] / (sigma[1] * sigma[2]);
        let mut part: Option<Field> = None;
        for (axis, kernels) in &kernels {
            let kernel = if *axis == curved { &kernels.second } else { &kernels.smooth };
            part = Some(along(part.as_ref().unwrap_or(field), *axis, kernel, padding));
        }
        for (sum, value) in sum.iter_mut().zip(part.iter().flat_map(|p| &p.values)) {
            *sum += weight * value;
        }
    }
    Ok(field.with(sum))
}

/// A Gaussian along one axis, and its second derivative in voxels.
struct Kernels {
    smooth: Vec<f64>,
    second: Vec<f64>,
}

/// Voxels from the middle of a kernel to its end.
const REACH: f64 = 2000.0;

impl Kernels {
    fn new(sigma: f64, cutoff: f64) -> Result<Self> {
        let reach = (sigma * cutoff + 0.5).floor();
        if !(sigma > 0.0 && (0.0..=REACH).contains(&reach)) {
            return Err(Error::usage(format!("a Gaussian of {sigma} voxels, cut off at {cutoff} of them"))
                .remedy(format!("a sigma above 0, and at most {REACH} voxels from the middle to the end")));
        }
        let places = || (-(reach as i64)..=reach as i64).map(|x| x as f64);
        let variance = sigma * sigma;
        let heights: Vec<f64> = places().map(|x| libm::exp(-0.5 * x * x / variance)).collect();
        let total: f64 = heights.iter().sum();
        let smooth: Vec<f64> = heights.iter().map(|h| h / total).collect();
        let curve = |(x, height): (f64, &f64)| (x * x / (variance * variance) - 1.0 / variance) * height;
        let second = places().zip(&smooth).map(curve).collect();
        Ok(Kernels { smooth, second })
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: the formula. Invariant: the same from all sides.
    use super::*;
    use crate::units::Shape;

    #[test]
    fn a_point_answers_with_the_formula() {
        let (shape, sigma) = (Shape::new(31, 31, 31), 2.0);
        let mut values = vec![0.0; shape.len()];
        values[shape.index(15, 15, 15)] = 1.0;
        let field = Field::new(shape, values).unwrap();
        let got = laplacian_of_gaussian(&field, [sigma; 3], 6.0, Axes::Volume, Padding::Zero).unwrap();
        let norm = libm::pow(2.0 * std::f64::consts::PI * sigma * sigma, -1.5);
        for (i, value) in got.values.iter().enumerate() {
            let r2 = shape.position(i).iter().map(|p| (*p as f64 - 15.0).powi(2)).sum::<f64>();
            let want = norm * (r2 / (sigma * sigma) - 3.0) / (sigma * sigma) * libm::exp(-r2 / (2.0 * sigma * sigma));
            assert!((value - want).abs() < 1e-7, "{i}: {value} {want}");
        }
        assert!(Kernels::new(0.0, 4.0).is_err() && Kernels::new(f64::NAN, 4.0).is_err());
        assert!(Kernels::new(1e9, 4.0).is_err());
    }

    /// A round blob answers alike from all sides, whatever the voxels are.
    #[test]
    fn a_blob_answers_with_the_formula_where_voxels_are_no_cubes() {
        let (blob, sigma) = (4.0f64, 4.0);
        for spacing in [[1.0, 1.0, 1.0], [2.0, 1.0, 1.0], [1.0, 1.5, 2.0], [2.5, 1.0, 1.5]] {
            let shape = Shape::new(31, 41, 43);
            let far2 = |i: usize| {
                let at = shape.position(i);
                (0..3).map(|a| ((at[a] as f64 - (shape.zyx()[a] / 2) as f64) * spacing[a]).powi(2)).sum::<f64>()
            };
            let values = (0..shape.len()).map(|i| libm::exp(-far2(i) / (2.0 * blob * blob))).collect();
            let field = Field::new(shape, values).unwrap();
            for (axes, n) in [(Axes::Volume, 3.0), (Axes::Slices, 2.0)] {
                let got =
                    laplacian_of_gaussian(&field, spacing.map(|s| sigma / s), 6.0, axes, Padding::Nearest).unwrap();
                let both = blob * blob + sigma * sigma;
                let height = libm::pow(blob * blob / both, n / 2.0) * spacing[1] * spacing[2];
                // The middle slice is smoothed as all others are; along z nothing is in two dimensions.
                let middle = (0..shape.len()).filter(|i| shape.position(*i)[0] == shape.z / 2);
                for i in middle.filter(|i| far2(*i) < 12.0 * 12.0) {
                    let want = height * (far2(i) / both - n) / both * libm::exp(-far2(i) / (2.0 * both));
                    let value = got.values[i];
                    assert!((value - want).abs() < 2e-3 * n * height / both, "{spacing:?}, {n}, {i}: {value} {want}");
                }
            }
        }
    }
}
