//! Counts of voxels by grey level and by how many neighbours have nearly that level, of many regions at once: the matrices of
//! dependences.
//!
//! A matrix has a row for each rank, 0 included, which holds nothing, and a column for each number of neighbours from 0 on.
//! Limits: those of `grey_counts`; one matrix for all steps. Reference: IBSI 1, neighbouring grey level dependence (IBSI:REK0).

use super::grey_boxes::{GreyBox, GreyBoxes, Listed, add, of_objects};
use super::grey_counts::{Counting, Placed, Way, kernel};
use super::op::{Case, Input, Op};
use crate::Result;
use crate::device::kernel::Kernel;
use crate::device::{Buffer, Device};

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "dependences",
    summary: "Counts of voxels by grey level and by neighbours that have nearly that level, of many regions at once",
    reference: "IBSI:REK0",
    kernels: &[&KERNEL],
    uses: &[],
    cases: &[
        Case { name: "equal levels in space", run: |d, i| case(d, i, 0, false) },
        Case { name: "near levels by slice", run: |d, i| case(d, i, 3, true) },
    ],
};

fn case(device: &Device, input: &Input, coarseness: u32, by_slice: bool) -> Result<Vec<u32>> {
    let steps = vec![[0, 0, 1], [0, 0, -1], [0, 1, 2], [-1, 0, 0], [0, -1, 1], [1, 1, 0], [0, -2, 0]];
    let what = Counting { steps, by_slice, by_step: false, coarseness };
    device.fetch(&dependences(&of_objects(input)?.to(device)?, &what)?)
}

const KERNEL: Kernel = kernel("dependences", include_str!("../../shaders/dependences.wgsl"));

static WAY: Way = Way { kernel: &KERNEL, each_step: false, turns: |_, what| 1 + what.steps.len(), words, twin };

/// Words of one matrix.
pub fn words(of: &GreyBox, what: &Counting) -> usize {
    (of.ranks + 1) * (what.steps.len() + 1)
}

/// The matrices of all boxes, one after the other; of a box slice by slice, if these have their own.
///
/// # Errors
/// The device is lost or too small.
pub fn dependences(boxes: &Placed, what: &Counting) -> Result<Buffer<u32>> {
    boxes.count(&WAY, &Counting { by_step: false, ..what.clone() })
}

fn twin(
    (boxes, listed): (&GreyBoxes, &Listed),
    what: &Counting,
    counts: &mut [u32],
    begins: &dyn Fn(isize, usize) -> usize,
) {
    boxes.each_voxel(listed, |place, rank| {
        let near = |step: &&[isize; 3]| {
            let there = boxes.at(listed, add(place, **step));
            there > 0 && boxes.level(listed, there).abs_diff(boxes.level(listed, rank)) <= what.coarseness
        };
        let dependence = what.steps.iter().filter(near).count();
        counts[begins(place[0], 0) + rank * (what.steps.len() + 1) + dependence] += 1;
    });
}

#[cfg(test)]
mod tests {
    //! Oracle: a grid that is counted by eye.
    use super::*;

    #[test]
    fn neighbours_of_a_small_grid() {
        let mut boxes = GreyBoxes::default();
        let rows: [&[u16]; 1] = [&[1, 1, 2, 0]];
        boxes.push([1, 1, 4], [3, 5], rows).unwrap();
        let placed = boxes.to(&Device::Cpu).unwrap();
        let count = |coarseness| {
            let steps = vec![[0, 0, -1], [0, 0, 1]];
            let what = Counting { steps, by_slice: false, by_step: false, coarseness };
            dependences(&placed, &what).unwrap().host().unwrap().to_vec()
        };
        assert_eq!(count(0), [0, 0, 0, /**/ 0, 2, 0, /**/ 1, 0, 0]);
        assert_eq!(count(1), count(0));
        assert_eq!(count(2), [0, 0, 0, /**/ 0, 1, 1, /**/ 0, 1, 0]);
    }
}
