//! Counts of pairs of grey levels that lie a step apart, of many regions at once: the matrices of co-occurrence.
//!
//! A matrix has a row and a column for each rank, 0 included, which hold nothing; row `a`, column `b` counts voxels of rank `a` from which
//! the step leads to one of rank `b`, one way. Counts of both ways follow on the host.
//! Limits: those of `grey_counts`. Reference: IBSI 1, grey level co-occurrence (IBSI:LFYI).

use super::grey_boxes::{GreyBox, GreyBoxes, Listed, add, of_objects};
use super::grey_counts::{Counting, Placed, Way, kernel};
use super::op::{Case, Input, Op};
use crate::Result;
use crate::device::kernel::Kernel;
use crate::device::{Buffer, Device};

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "cooccurrence",
    summary: "Counts of pairs of grey levels a step apart, of many regions at once",
    reference: "IBSI:LFYI",
    kernels: &[&KERNEL],
    uses: &[],
    cases: &[
        Case { name: "merged in space", run: |d, i| case(d, i, &counting(SPACE, false, false)) },
        Case { name: "by direction", run: |d, i| case(d, i, &counting(SPACE, false, true)) },
        Case { name: "by slice and direction", run: |d, i| case(d, i, &counting(PLANE, true, true)) },
    ],
};

/// Steps in space, some of them two long.
const SPACE: &[[isize; 3]] = &[[0, 0, 1], [0, 1, -2], [1, 0, 0], [2, -1, -1], [0, 1, 0]];
const PLANE: &[[isize; 3]] = &[[0, 0, 1], [0, 1, -1], [0, 1, 0], [0, 1, 1]];

fn counting(steps: &[[isize; 3]], by_slice: bool, by_step: bool) -> Counting {
    Counting { steps: steps.to_vec(), by_slice, by_step, coarseness: 0 }
}

fn case(device: &Device, input: &Input, what: &Counting) -> Result<Vec<u32>> {
    device.fetch(&cooccurrence(&of_objects(input)?.to(device)?, what)?)
}

const KERNEL: Kernel = kernel("cooccurrence", include_str!("../../shaders/cooccurrence.wgsl"));

static WAY: Way = Way { kernel: &KERNEL, each_step: true, turns: |_, _| 1, words, twin };

/// Words of one matrix.
pub fn words(of: &GreyBox, _: &Counting) -> usize {
    (of.ranks + 1) * (of.ranks + 1)
}

/// The matrices of all boxes, one after the other; of a box slice by slice and step by step as far as these have their own.
///
/// # Errors
/// The device is lost or too small.
pub fn cooccurrence(boxes: &Placed, what: &Counting) -> Result<Buffer<u32>> {
    boxes.count(&WAY, what)
}

fn twin(
    (boxes, listed): (&GreyBoxes, &Listed),
    what: &Counting,
    counts: &mut [u32],
    begins: &dyn Fn(isize, usize) -> usize,
) {
    boxes.each_voxel(listed, |place, a| {
        for (k, step) in what.steps.iter().enumerate() {
            let b = boxes.at(listed, add(place, *step));
            if b > 0 {
                counts[begins(place[0], k) + a * (listed.of.ranks + 1) + b] += 1;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    //! Oracle: a grid that is counted by eye.
    use super::*;

    #[test]
    fn pairs_of_a_small_grid() {
        let mut boxes = GreyBoxes::default();
        let rows: [&[u16]; 2] = [&[1, 1, 2], &[1, 0, 2]];
        boxes.push([1, 2, 3], [1, 2], rows).unwrap();
        let placed = boxes.to(&Device::Cpu).unwrap();
        let count = |by_step| {
            let counts = cooccurrence(&placed, &counting(&[[0, 0, 1], [0, 1, -1]], false, by_step)).unwrap();
            counts.host().unwrap().to_vec()
        };
        // 1 beside 1, 1 beside 2; 1 above 1 on its left.
        assert_eq!(count(true), [0, 0, 0, 0, 1, 1, 0, 0, 0, /**/ 0, 0, 0, 0, 1, 0, 0, 0, 0]);
        assert_eq!(count(false), [0, 0, 0, 0, 2, 1, 0, 0, 0]);
        assert!(cooccurrence(&placed, &counting(&[[0; 3]], false, false)).is_err());
    }
}
