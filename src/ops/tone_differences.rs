//! Sums of the differences of voxels from the mean of their neighbours, by grey level and number of neighbours, of many regions at once.
//!
//! For a voxel of level `i` with `n` neighbours whose levels add up to `t`, `|n i - t|` is a whole number; divided by `n` it is the
//! difference. So sums are kept apart by `n`, and the host divides them. A matrix has a row for each rank, 0 included, which holds
//! nothing, and two words for each number of neighbours: the sum in 64 bits, the lower word first. In the place of no neighbour, where
//! no difference is, stands how many voxels of the rank have neighbours.
//! Limits: those of `grey_counts`; one matrix for all steps. Reference: IBSI 1, neighbourhood grey tone difference (IBSI:IPET).

use super::grey_boxes::{GreyBox, GreyBoxes, Listed, add, of_objects};
use super::grey_counts::{Counting, Placed, Way, kernel};
use super::op::{Case, Input, Op};
use crate::Result;
use crate::device::kernel::Kernel;
use crate::device::{Buffer, Device};

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "tone_differences",
    summary: "Sums of differences of voxels from their neighbours, by grey level, of many regions at once",
    reference: "IBSI:IPET",
    kernels: &[&KERNEL],
    uses: &[],
    cases: &[
        Case { name: "in space", run: |d, i| case(d, i, false) },
        Case { name: "by slice", run: |d, i| case(d, i, true) },
    ],
};

fn case(device: &Device, input: &Input, by_slice: bool) -> Result<Vec<u32>> {
    let steps = vec![[0, 0, 1], [0, 0, -1], [0, 1, 2], [-1, 0, 0], [0, -1, 1], [1, 1, 0], [0, -2, 0]];
    let what = Counting { steps, by_slice, by_step: false, coarseness: 0 };
    device.fetch(&tone_differences(&of_objects(input)?.to(device)?, &what)?)
}

const KERNEL: Kernel = Kernel {
    shared: &[include_str!("../../shaders/shared/grey_boxes.wgsl"), include_str!("../../shaders/shared/wide.wgsl")],
    ..kernel("tone_differences", include_str!("../../shaders/tone_differences.wgsl"))
};

static WAY: Way = Way { kernel: &KERNEL, each_step: false, turns: |_, what| 1 + what.steps.len(), words, twin };

/// Words of one matrix.
pub fn words(of: &GreyBox, what: &Counting) -> usize {
    2 * (of.ranks + 1) * (what.steps.len() + 1)
}

/// The matrices of all boxes, one after the other; of a box slice by slice, if these have their own.
///
/// # Errors
/// The device is lost or too small.
pub fn tone_differences(boxes: &Placed, what: &Counting) -> Result<Buffer<u32>> {
    boxes.count(&WAY, &Counting { by_step: false, ..what.clone() })
}

fn twin(
    (boxes, listed): (&GreyBoxes, &Listed),
    what: &Counting,
    counts: &mut [u32],
    begins: &dyn Fn(isize, usize) -> usize,
) {
    boxes.each_voxel(listed, |place, rank| {
        let near = what.steps.iter().map(|step| boxes.at(listed, add(place, *step))).filter(|there| *there > 0);
        let (n, total) = near.fold((0, 0), |(n, sum), there| (n + 1, sum + u64::from(boxes.level(listed, there))));
        if n > 0 {
            let row = begins(place[0], 0) + 2 * rank * (what.steps.len() + 1);
            counts[row] += 1;
            let cell = &mut counts[row + 2 * n..][..2];
            let sum = u64::from(cell[0]) + (u64::from(cell[1]) << 32);
            let sum = sum + (n as u64 * u64::from(boxes.level(listed, rank))).abs_diff(total);
            cell.copy_from_slice(&[sum as u32, (sum >> 32) as u32]);
        }
    });
}

#[cfg(test)]
mod tests {
    //! Oracle: a grid that is counted by eye.
    use super::*;

    #[test]
    fn differences_of_a_small_grid() {
        let mut boxes = GreyBoxes::default();
        let rows: [&[u16]; 1] = [&[1, 1, 2, 0, 1]];
        boxes.push([1, 1, 5], [3, 5], rows).unwrap();
        let what = Counting { steps: vec![[0, 0, -1], [0, 0, 1]], by_slice: false, by_step: false, coarseness: 0 };
        let counts = tone_differences(&boxes.to(&Device::Cpu).unwrap(), &what).unwrap();
        // Two voxels of level 3 have neighbours: 3, and 3 and 5; that of level 5 has a 3. The last voxel has none.
        assert_eq!(counts.host().unwrap(), [0, 0, 0, 0, 0, 0, /**/ 2, 0, 0, 0, 2, 0, /**/ 1, 0, 2, 0, 0, 0]);
    }
}
