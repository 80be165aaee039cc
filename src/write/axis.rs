//! The axes of a grid, as stored and as they lie in the patient.

use crate::image::PatientGrid;
use crate::units::{Shape, Spacing};

/// An axis of the grid: how many voxels, and how far apart in memory the next one lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub n: usize,
    pub step: isize,
    /// Distance between voxels, in the unit of the spacing.
    pub length: f64,
}

impl Axis {
    /// z, y and x as stored.
    pub fn of(shape: Shape, spacing: Option<Spacing>) -> [Axis; 3] {
        let steps = [(shape.y * shape.x) as isize, shape.x as isize, 1];
        let lengths = spacing.map_or([1.0; 3], |s| s.zyx);
        std::array::from_fn(|a| Axis { n: shape.zyx()[a], step: steps[a], length: lengths[a] })
    }

    /// From its other end.
    pub fn reversed(self) -> Self {
        Axis { step: -self.step, ..self }
    }

    /// Where a walk along it begins, from the first voxel of the grid.
    pub fn start(&self) -> isize {
        if self.step < 0 { (self.n as isize - 1) * -self.step } else { 0 }
    }
}

/// The axes of the grid that run to the patient's left, back and head: each one mostly, and turned round where it runs the
/// other way.
pub(super) fn patient(grid: [Axis; 3], patient_grid: &PatientGrid) -> [Axis; 3] {
    let lean = |axis: usize, to: usize| patient_grid.directions[axis][to];
    let orders = [[2, 1, 0], [2, 0, 1], [1, 2, 0], [1, 0, 2], [0, 2, 1], [0, 1, 2]];
    let match_of = |order: &[usize; 3]| (0..3).map(|to| lean(order[to], to).abs()).sum::<f64>();
    let better = |a: [usize; 3], b: [usize; 3]| if match_of(&b) > match_of(&a) { b } else { a };
    let order = orders.into_iter().fold(orders[0], better);
    std::array::from_fn(|to| {
        let axis = grid[order[to]];
        if lean(order[to], to) < 0.0 { axis.reversed() } else { axis }
    })
}
