//! Laws' kernels (IBSI:JTXT): products of short kernels along the axes that answer to levels, edges, spots, waves and ripples, and
//! the energy of their response (IBSI:PQSD), the mean of its absolute values around each voxel.

use super::field::{Axes, Field};
use super::mean::mean;
use super::padding::Padding;
use super::pooling::Pooling;
use super::separable::separable;
use serde::Deserialize;

/// A kernel of unit length. Its number is how many values it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[allow(missing_docs, reason = "the names are those of the kernels")]
pub enum LawsKernel {
    L3,
    E3,
    S3,
    L5,
    E5,
    S5,
    W5,
    R5,
}

impl LawsKernel {
    fn values(self) -> Vec<f64> {
        let whole: &[i8] = match self {
            LawsKernel::L3 => &[1, 2, 1],
            LawsKernel::E3 => &[-1, 0, 1],
            LawsKernel::S3 => &[-1, 2, -1],
            LawsKernel::L5 => &[1, 4, 6, 4, 1],
            LawsKernel::E5 => &[-1, -2, 0, 2, 1],
            LawsKernel::S5 => &[-1, 0, 2, 0, -1],
            LawsKernel::W5 => &[-1, 2, 0, -2, 1],
            LawsKernel::R5 => &[1, -4, 6, -4, 1],
        };
        let squares: f64 = whole.iter().map(|v| f64::from(*v) * f64::from(*v)).sum();
        whole.iter().map(|v| f64::from(*v) / squares.sqrt()).collect()
    }
}

/// The response to kernels along x and y, or x, y and z.
pub fn laws(field: &Field, kernels: &[LawsKernel], padding: Padding, pooling: Option<Pooling>) -> Field {
    let chains: Vec<_> = kernels.iter().map(|k| vec![k.values()]).collect();
    separable(field, &chains, padding, pooling)
}

/// The mean of the absolute values of a response over all voxels up to a Chebyshev distance.
pub fn energy(response: &Field, distance: usize, axes: Axes, padding: Padding) -> Field {
    let sizes = response.with(response.values.iter().map(|v| v.abs()).collect());
    mean(&sizes, 2 * distance + 1, axes, padding)
}

#[cfg(test)]
mod tests {
    //! Invariant: all kernels but levels answer nothing where nothing changes.
    use super::*;
    use crate::units::Shape;

    #[test]
    fn where_nothing_changes_only_levels_answer() {
        use LawsKernel::*;
        let flat = Field::new(Shape::flat(7, 9), vec![5.0; 63]).unwrap();
        for (kernel, answers) in
            [(L3, true), (E3, false), (S3, false), (L5, true), (E5, false), (S5, false), (W5, false), (R5, false)]
        {
            assert!((kernel.values().iter().map(|v| v * v).sum::<f64>() - 1.0).abs() < 1e-15);
            let response = laws(&flat, &[kernel, L5], Padding::Mirror, Some(Pooling::Max));
            assert_eq!(response.values.iter().any(|v| v.abs() > 1e-12), answers, "{kernel:?}");
        }
        let energy = energy(&flat, 2, Axes::Slices, Padding::Mirror);
        assert!(energy.values.iter().all(|v| (v - 5.0).abs() < 1e-12));
    }
}
