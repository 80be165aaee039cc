//! Counts of runs by grey level and length, of many regions at once. A run is voxels of one level that follow each other in a step.
//!
//! A matrix has a row for each rank, 0 included, which holds nothing, and a column for each length from 1 to the longest side of the box.
//! A voxel before which the step finds another level begins a run, and whoever looks at it follows the run to its end.
//! Limits: those of `grey_counts`. Reference: IBSI 1, grey level runs (IBSI:TP0I).

use super::grey_boxes::{GreyBox, GreyBoxes, Listed, PIECE, add, of_objects};
use super::grey_counts::{Counting, Placed, Way, kernel};
use super::op::{Case, Input, Op};
use crate::Result;
use crate::device::kernel::{Kernel, MOST_TURNS};
use crate::device::{Buffer, Device};

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "run_lengths",
    summary: "Counts of runs by grey level and length, of many regions at once",
    reference: "IBSI:TP0I",
    kernels: &[&KERNEL],
    uses: &[],
    cases: &[
        Case { name: "merged in space", run: |d, i| case(d, i, &SPACE, [false, false]) },
        Case { name: "by direction", run: |d, i| case(d, i, &SPACE, [false, true]) },
        Case { name: "by slice", run: |d, i| case(d, i, &SPACE[..2], [true, false]) },
    ],
};

const SPACE: [[isize; 3]; 4] = [[0, 0, 1], [0, 1, -1], [1, 0, 0], [1, -1, 1]];

fn case(device: &Device, input: &Input, steps: &[[isize; 3]], [by_slice, by_step]: [bool; 2]) -> Result<Vec<u32>> {
    let what = Counting { steps: steps.to_vec(), by_slice, by_step, coarseness: 0 };
    device.fetch(&run_lengths(&of_objects(input)?.to(device)?, &what)?)
}

const KERNEL: Kernel = kernel("run_lengths", include_str!("../../shaders/run_lengths.wgsl"));

static WAY: Way = Way { kernel: &KERNEL, each_step: true, turns: |of, _| 1 + longest(of), words, twin };

/// Voxels of the longest run that a device follows: 64 voxels of a piece may begin one each.
const LONGEST: usize = MOST_TURNS / PIECE - 1;

/// The longest run that a box has room for.
pub fn longest(of: &GreyBox) -> usize {
    of.size.into_iter().max().unwrap_or(0)
}

/// A device may follow its runs.
pub fn fits(of: &GreyBox) -> bool {
    longest(of) <= LONGEST
}

/// Words of one matrix.
pub fn words(of: &GreyBox, _: &Counting) -> usize {
    (of.ranks + 1) * longest(of)
}

/// The matrices of all boxes, one after the other; of a box slice by slice and step by step as far as these have their own.
///
/// # Errors
/// The device is lost or too small.
pub fn run_lengths(boxes: &Placed, what: &Counting) -> Result<Buffer<u32>> {
    boxes.count(&WAY, what)
}

fn twin(
    (boxes, listed): (&GreyBoxes, &Listed),
    what: &Counting,
    counts: &mut [u32],
    begins: &dyn Fn(isize, usize) -> usize,
) {
    boxes.each_voxel(listed, |place, rank| {
        for (k, &step) in what.steps.iter().enumerate() {
            if boxes.at(listed, add(place, step.map(|s| -s))) != rank {
                let along = std::iter::successors(Some(place), |at| Some(add(*at, step)));
                let length = along.take_while(|at| boxes.at(listed, *at) == rank).count();
                counts[begins(place[0], k) + rank * longest(&listed.of) + length - 1] += 1;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    //! Oracle: a grid that is counted by eye.
    use super::*;

    #[test]
    fn runs_of_a_small_grid() {
        let mut boxes = GreyBoxes::default();
        let rows: [&[u16]; 2] = [&[1, 1, 2], &[2, 0, 2]];
        boxes.push([1, 2, 3], [4, 6], rows).unwrap();
        let what = |by_step| Counting { steps: vec![[0, 0, 1], [0, 1, 0]], by_slice: false, by_step, coarseness: 0 };
        let placed = boxes.to(&Device::Cpu).unwrap();
        let counts = run_lengths(&placed, &what(true)).unwrap();
        // Along rows two 1s, and three times a single 2; along columns two 2s, two single 1s, and a single 2.
        assert_eq!(counts.host().unwrap(), [0, 0, 0, 0, 1, 0, 3, 0, 0, /**/ 0, 0, 0, 2, 0, 0, 1, 1, 0]);
        let merged = run_lengths(&placed, &what(false)).unwrap();
        assert_eq!(merged.host().unwrap(), [0, 0, 0, 2, 1, 0, 4, 1, 0]);
    }
}
