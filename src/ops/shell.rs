//! The background of objects: the median of what lies from here to there beyond the edge of each.
//!
//! A shell has the voxels whose distance to their object lies above `from` and not above `to`, that lie in no object, and in nothing that is left out. Where objects
//! lie close, a voxel is part of the shells of several of them, which labels cannot say: they give it to the nearest, and an object among others would be left
//! with few voxels or none. So objects whose shells might meet, by their boxes, take turns. Objects far from each other take one turn together.
//!
//! Bit budget: that of its parts. Medians are those of `object_rank`, the lower of the two in the middle.
//! Reference: the definition. `suv_background` of the family `lesion` has the same shell.

use super::cytoplasm::cytoplasm;
use super::extent::{Extent, extents};
use super::grow::grow;
use super::object_rank::ranks_and_sizes;
use super::object_runs::to_host;
use super::renumber::select;
use super::{Case, Op};
use crate::Result;
use crate::device::Device;
use crate::image::{Labels, Volume};

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "shell",
    summary: "The median of what lies around each object, from one distance to another",
    reference: "numpy.sort of the voxels at these distances",
    kernels: &[],
    uses: &[
        &super::cytoplasm::OP,
        &super::grow::OP,
        &super::object_rank::OP,
        &super::object_runs::OP,
        &super::renumber::OP,
    ],
    cases: &[
        Case { name: "near", run: |d, i| case(d, i, [0.0, 2.0]) },
        Case { name: "from 2 to 6 px", run: |d, i| case(d, i, [2.0, 6.0]) },
    ],
};

fn case(device: &Device, input: &super::Input, between: [f64; 2]) -> Result<Vec<u32>> {
    let (v, objects) = (input.volume(device)?, input.labels(device)?);
    let found = backgrounds(device, &v, &objects, between, [1; 3], &[])?;
    Ok(found.medians.iter().map(|m| *m as u32).chain(found.sizes).collect())
}

/// What lies around each object, by its number; entry 0 says nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Backgrounds {
    /// The lower median of the samples.
    pub medians: Vec<i32>,
    /// How many voxels they are.
    pub sizes: Vec<u32>,
}

/// The background of each object, from one distance beyond its edge to another, in pixels of the plane; `left_out` is no part of it.
///
/// # Errors
/// As [`grow`].
pub fn backgrounds(
    device: &Device,
    src: &Volume,
    objects: &Labels,
    [from, to]: [f64; 2],
    weights: [u32; 3],
    left_out: &[Labels],
) -> Result<Backgrounds> {
    let entries = objects.count as usize + 1;
    let mut found = Backgrounds { medians: vec![0; entries], sizes: vec![0; entries] };
    let turns = turns(&extents(&to_host(device, objects)?)?, steps(to, weights));
    for now in 0..turns.iter().max().map_or(0, |last| last + 1) {
        let others: Vec<bool> = std::iter::once(false).chain(turns.iter().map(|turn| *turn != now)).collect();
        let these = match others.contains(&true) {
            true => cytoplasm(device, objects, &select(device, objects, &others)?)?,
            false => objects.clone(),
        };
        let around = cytoplasm(device, &grow(device, &these, to, weights)?, &grow(device, &these, from, weights)?)?;
        let free = |around: Labels, set: &Labels| cytoplasm(device, &around, set);
        let around = std::iter::once(objects).chain(left_out).try_fold(around, free)?;
        let (medians, sizes) = ranks_and_sizes(device, src, &around, 0.5)?;
        for (label, _) in turns.iter().enumerate().filter(|(_, turn)| **turn == now) {
            (found.medians[label + 1], found.sizes[label + 1]) = (medians[label + 1], sizes[label + 1]);
        }
    }
    Ok(found)
}

/// How many voxels along z, y, x a distance reaches at most.
fn steps(distance: f64, weights: [u32; 3]) -> [usize; 3] {
    let pixel = (f64::from(weights[1]) * f64::from(weights[2])).sqrt();
    // The cast stops at the end of usize.
    weights.map(|w| ((distance * (pixel / f64::from(w)).sqrt()).ceil() as usize).saturating_add(1))
}

/// When each object has its turn: those whose boxes meet, grown by `reach`, never have the same one.
fn turns(objects: &[Extent], reach: [usize; 3]) -> Vec<usize> {
    let both = reach.map(|r| r.saturating_mul(2));
    let begins_within = |a: &Extent, b: &Extent, axis: usize| a.lo[axis] < b.hi[axis].saturating_add(both[axis]);
    let meet = |a: &Extent, b: &Extent| (0..3).all(|axis| begins_within(a, b, axis) && begins_within(b, a, axis));
    let mut order: Vec<usize> = (0..objects.len()).filter(|i| objects[*i].n > 0).collect();
    // From one end of the image to the other, so that each is held against those near it alone.
    order.sort_by_key(|i| (objects[*i].lo[1], *i));
    let (mut turns, mut near) = (vec![0; objects.len()], Vec::<usize>::new());
    for i in order {
        near.retain(|j| begins_within(&objects[i], &objects[*j], 1));
        let taken: Vec<usize> = near.iter().filter(|j| meet(&objects[i], &objects[**j])).map(|j| turns[*j]).collect();
        turns[i] = (0..).find(|turn| !taken.contains(turn)).unwrap_or(0);
        near.push(i);
    }
    turns
}

#[cfg(test)]
mod tests {
    //! Oracle: shells by their definition, voxel by voxel.
    use super::*;
    use crate::units::Shape;

    /// Samples whose distance to an object lies between, and which lie in no object and not in what is left out; sorted.
    fn plain(src: &Volume, objects: &Labels, label: u32, [from, to]: [f64; 2], left_out: &Labels) -> Vec<i32> {
        let place = |i: usize| src.shape.position(i).map(|v| v as f64);
        let voxels = objects.voxels().host().unwrap();
        let mut samples: Vec<i32> = Vec::new();
        for i in 0..voxels.len() {
            let away = |j: usize| (0..3).map(|a| (place(i)[a] - place(j)[a]).powi(2)).sum::<f64>();
            let far = (0..voxels.len()).filter(|j| voxels[*j] == label).map(away).fold(f64::INFINITY, f64::min).sqrt();
            if far > from && far <= to && voxels[i] == 0 && left_out.voxels().host().unwrap()[i] == 0 {
                samples.push(src.samples.host().unwrap()[i]);
            }
        }
        samples.sort_unstable();
        samples
    }

    #[test]
    fn the_shell_of_an_object_is_its_own_however_near_others_lie() {
        let shape = Shape::flat(31, 33);
        let number = |i: usize, of: usize| (i * 7919 % 10_007) % of;
        let src = Volume::new(shape, (0..shape.len()).map(|i| number(i, 1000) as i32).collect()).unwrap();
        // Nine squares around the middle, and one far from them that shares its turn.
        let square = |y: usize, x: usize| match (y % 5, x % 5) {
            (0..3, 0..3) if y < 15 && x < 15 => 1 + (3 * (y / 5) + x / 5) as u32,
            _ if y > 28 && x > 30 => 10,
            _ => 0,
        };
        let labels = |f: &dyn Fn(usize, usize) -> u32| {
            Labels::new(shape, (0..shape.len()).map(|i| f(i / shape.x, i % shape.x)).collect()).unwrap()
        };
        let (objects, left_out) = (labels(&square), labels(&|y, _| u32::from(y == 8 || y == 16)));
        for between in [[0.0, 2.0], [3.0, 6.0], [4.5, 9.0], [2.0, 1e6]] {
            let left_out = std::slice::from_ref(&left_out);
            let found = backgrounds(&Device::Cpu, &src, &objects, between, [1; 3], left_out).unwrap();
            for label in 1..=10 {
                let want = plain(&src, &objects, label, between, &left_out[0]);
                let i = label as usize;
                assert_eq!(found.sizes[i] as usize, want.len(), "{label} {between:?}");
                assert_eq!(found.medians[i], want.get((want.len().max(1) - 1) / 2).copied().unwrap_or(0));
            }
        }
    }

    #[test]
    fn objects_far_from_each_other_take_one_turn() {
        let flat = |lo: [usize; 2]| Extent { n: 1, lo: [0, lo[0], lo[1]], hi: [1, lo[0] + 1, lo[1] + 1] };
        let row = [flat([0, 0]), flat([0, 10]), flat([0, 14]), flat([20, 0])];
        assert_eq!(turns(&row, [0, 1, 1]), [0, 0, 0, 0]);
        // One voxel lies within 2 px of both.
        assert_eq!(turns(&row, [0, 2, 2]), [0, 0, 1, 0]);
        assert_eq!(turns(&row, [usize::MAX; 3]), [0, 1, 2, 3]);
        let nothing = Extent { n: 0, lo: [usize::MAX; 3], hi: [0; 3] };
        assert_eq!(turns(&[nothing, nothing], [1; 3]), [0, 0]);
    }
}
