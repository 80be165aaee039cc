//! What the features of [`super`] are computed from: the skeleton of one object, its graph and the width along it.

use super::graph::{Graph, Steps, length};
use super::thinning::thin;
use crate::measure::edt;
use crate::measure::object::{Crop, Object};
use crate::measure::surface::Patterns;
use crate::units::Spacing;

/// What the features are computed from.
#[derive(Clone, Debug)]
pub struct Facts {
    pub(super) voxels: usize,
    pub(super) branches: usize,
    pub(super) branch_points: usize,
    pub(super) end_points: usize,
    pub(super) loops: i64,
    pub(super) tortuosity: Option<f64>,
    /// In voxels.
    pub(super) px: Lengths,
    /// In the unit of the table.
    pub(super) true_size: Option<Lengths>,
}

/// Lengths along the skeleton.
#[derive(Clone, Debug)]
pub(super) struct Lengths {
    pub all: f64,
    pub mean_branch: Option<f64>,
    pub longest_branch: Option<f64>,
    pub mean_width: f64,
    pub max_width: f64,
}

impl Facts {
    pub(super) fn of(object: &Object, spacing: Option<Spacing>) -> Self {
        let is_flat = object.shape.is_flat();
        let mut solid = object.framed();
        if !is_flat {
            fill_cavities(&mut solid);
        }
        let [nz, ny, nx] = solid.size;
        // A single slice has ground above and below where it is thinned, but none that its width would end at.
        let lift = if is_flat { ny * nx } else { 0 };
        let mut crop = Crop { size: [nz + 2 * usize::from(is_flat), ny, nx], cells: vec![0; lift] };
        crop.cells.extend_from_slice(&solid.cells);
        crop.cells.resize(crop.cells.len() + lift, 0);
        let euler = Patterns::of(&crop).euler();
        let voxels = thin(&mut crop);
        let graph = Graph::of(&voxels, crop.size);
        let lengths = |size: [f64; 3]| {
            let distances = edt::squared(&solid, 0, size, f64::INFINITY);
            let widths = voxels.iter().map(|i| 2.0 * distances[i - lift].sqrt());
            Lengths::of(&graph, size, widths)
        };
        Facts {
            voxels: voxels.len(),
            branches: graph.branches.len(),
            branch_points: graph.branch_points,
            end_points: graph.end_points,
            loops: graph.pieces as i64 - euler,
            tortuosity: tortuosity(&graph, spacing.map_or([1.0; 3], |s| s.zyx)),
            px: lengths([1.0; 3]),
            true_size: spacing.map(|s| lengths(s.zyx)),
        }
    }
}

impl Lengths {
    fn of(graph: &Graph, size: [f64; 3], widths: impl ExactSizeIterator<Item = f64>) -> Self {
        let branches = graph.branches.iter().map(|branch| length(&branch.steps, size));
        let on_branches = graph.branches.iter().fold(Steps::default(), |mut all, branch| {
            all.iter_mut().zip(branch.steps).for_each(|(all, one)| *all += one);
            all
        });
        let count = widths.len() as f64;
        let (sum, most) = widths.fold((0.0, 0.0f64), |(sum, most), width| (sum + width, most.max(width)));
        Lengths {
            all: length(&graph.steps, size),
            mean_branch: (!graph.branches.is_empty()).then(|| length(&on_branches, size) / graph.branches.len() as f64),
            longest_branch: branches.reduce(f64::max),
            mean_width: sum / count,
            max_width: most,
        }
    }
}

/// Length of the branches that do not close, over the distances between their ends.
fn tortuosity(graph: &Graph, size: [f64; 3]) -> Option<f64> {
    let open = || graph.branches.iter().filter(|branch| branch.apart != [0; 3]);
    let apart = |axis: usize, apart: [usize; 3]| apart[axis] as f64 * size[axis];
    let distance = |of: [usize; 3]| (0..3).map(|axis| apart(axis, of) * apart(axis, of)).sum::<f64>().sqrt();
    let along: f64 = open().map(|branch| length(&branch.steps, size)).sum();
    let straight: f64 = open().map(|branch| distance(branch.apart)).sum();
    (straight > 0.0).then(|| along / straight)
}

/// Ground that the object closes in on all sides becomes the object's: around a cavity thinning would leave a surface.
fn fill_cavities(crop: &mut Crop) {
    const OUTSIDE: u8 = 2;
    let [_, ny, nx] = crop.size;
    let mut found = vec![0usize];
    crop.cells[0] = OUTSIDE;
    while let Some(i) = found.pop() {
        for step in [1, nx, ny * nx] {
            for j in [i.checked_sub(step), Some(i + step)].into_iter().flatten() {
                // Beyond the end of a row lies the frame of the next one, which is outside as well.
                if crop.cells.get(j) == Some(&0) {
                    crop.cells[j] = OUTSIDE;
                    found.push(j);
                }
            }
        }
    }
    crop.cells.iter_mut().for_each(|cell| *cell = u8::from(*cell != OUTSIDE));
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn cavities_are_filled_and_tunnels_are_not() {
        let shell = |open: bool| {
            let cell = |i: usize| {
                let at = [i / 25, i / 5 % 5, i % 5];
                let is_in = at.iter().all(|v| (1..4).contains(v)) && at != [2; 3] && !(open && at == [1, 2, 2]);
                u8::from(is_in)
            };
            let mut crop = Crop { size: [5; 3], cells: (0..125).map(cell).collect() };
            fill_cavities(&mut crop);
            crop.cells.iter().map(|c| u32::from(*c)).sum::<u32>()
        };
        assert_eq!((shell(false), shell(true)), (27, 25));
    }
}
