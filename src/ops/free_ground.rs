//! The ground of an image where no object is near.
//!
//! The darkest parts of an image are its ground only as long as nothing is darker: a shadow, a bubble, dust. And the dark parts between the
//! cells of a colony are cells. Where no object lies within a box around a voxel, neither is meant: the ground is the middle of the dark side
//! ([`DarkSide`]) of what lies there, whatever the rest of the image is.
//!
//! On the host, of integers. Reference: this project.

use super::dark_side::DarkSide;
use crate::Result;
use crate::image::{Labels, Volume};
use crate::units::Shape;
use rayon::prelude::*;

/// Share of an image that is free at least to tell its ground: gaps in a crowd are the insides of wide cells.
const ENOUGH: f64 = 0.25;

/// Near objects so many times the share of the voxels is brighter than the ground, and so much more of them.
const TIMES: f64 = 3.0;
/// See there.
const MORE: f64 = 0.02;

/// Where no object is near.
#[derive(Clone, Debug)]
pub struct FreeGround {
    shape: Shape,
    /// 1 near objects.
    near: Vec<u8>,
}

impl FreeGround {
    /// The voxels whose boxes of these half-widths along z, y, x hold no object; nothing if they are fewer than a quarter of all. The objects are on
    /// the host.
    ///
    /// # Errors
    /// The objects are on a device.
    pub fn of(objects: &Labels, half_widths: [usize; 3]) -> Result<Option<Self>> {
        let (shape, near) = (objects.shape, near(objects, half_widths)?);
        let free = near.par_iter().filter(|near| **near == 0).count();
        Ok(is_enough(free, shape.len()).then_some(FreeGround { shape, near }))
    }

    /// The ground.
    ///
    /// # Errors
    /// The image is on a device.
    pub fn ground(&self, image: &Volume) -> Result<DarkSide> {
        let both = image.samples.host()?.par_iter().zip(&self.near);
        let free: Vec<i32> = both.filter(|(_, near)| **near == 0).map(|(sample, _)| *sample).collect();
        Ok(DarkSide::of_most(&free))
    }

    /// Whether what is free is ground in an image on the host: near objects, more is brighter than that ground than away from them. Between the nuclei of wide
    /// cells that touch each other it is as bright as next to them, and where there is no stain at all nothing tells.
    ///
    /// # Errors
    /// The image is on a device.
    pub fn is_ground(&self, image: &Volume) -> Result<bool> {
        let (samples, limit) = (image.samples.host()?, self.ground(image)?.limit);
        let brighter = |is_near: u8| {
            let here = || samples.par_iter().zip(&self.near).filter(move |(_, near)| **near == is_near);
            here().filter(|(sample, _)| **sample > limit).count() as f64 / here().count().max(1) as f64
        };
        Ok(brighter(1) > TIMES * brighter(0) + MORE)
    }

    /// For each voxel of a row whether it is free.
    pub(super) fn row(&self, z: usize, y: usize) -> impl Iterator<Item = bool> + '_ {
        self.near[self.shape.index(z, y, 0)..][..self.shape.x].iter().map(|near| *near == 0)
    }
}

/// Whether so many voxels of all are enough to tell the ground of an image.
pub(super) fn is_enough(free: usize, all: usize) -> bool {
    free > 0 && free as f64 >= ENOUGH * all as f64
}

/// For each voxel 1 where the box around it holds an object, of these half-widths along z, y, x. The objects are on the host.
pub(super) fn near(objects: &Labels, [far_z, far_y, far_x]: [usize; 3]) -> Result<Vec<u8>> {
    let (runs, shape) = (objects.runs()?, objects.shape);
    let mut near = vec![0; shape.len()];
    for run in (1..=objects.count).flat_map(|label| runs.of(label)) {
        let row = &mut near[run.row as usize * shape.x..][..shape.x];
        row[(run.start as usize).saturating_sub(far_x)..(run.end as usize).saturating_add(far_x).min(shape.x)].fill(1);
    }
    widen(&mut near, shape.y, shape.x, far_y);
    widen(&mut near, shape.z, shape.y * shape.x, far_z);
    Ok(near)
}

/// Widens what is 1 along an axis of `n` voxels that lie `apart`, by `reach` to both sides.
fn widen(near: &mut [u8], n: usize, apart: usize, reach: usize) {
    if near.is_empty() || reach == 0 {
        return;
    }
    let more = u32::try_from(reach).unwrap_or(u32::MAX).saturating_add(1);
    near.par_chunks_mut(n * apart).for_each(|block| {
        // How many voxels more the last object reaches.
        let mut left = vec![0u32; apart];
        let mut pass = |line: &mut [u8]| {
            for (near, left) in line.iter_mut().zip(&mut left) {
                *left = if *near == 1 { more } else { left.saturating_sub(1) };
                *near = u8::from(*left > 0);
            }
        };
        block.chunks_mut(apart).for_each(&mut pass);
        block.chunks_mut(apart).rev().for_each(&mut pass);
    });
}

#[cfg(test)]
mod tests {
    //! Oracle: counted by hand.
    use super::*;

    #[test]
    fn boxes_around_objects_are_not_free() {
        let shape = Shape::new(3, 20, 30);
        let objects: Vec<[usize; 3]> = vec![[1, 5, 7], [2, 19, 29], [0, 11, 0]];
        let mut labels = vec![0; shape.len()];
        objects.iter().for_each(|[z, y, x]| labels[shape.index(*z, *y, *x)] = 1);
        for half_widths in [[0, 0, 0], [0, 2, 3], [1, 4, 0], [3, 1, 2]] {
            let free = FreeGround::of(&Labels::new(shape, labels.clone()).unwrap(), half_widths).unwrap().unwrap();
            for i in 0..shape.len() {
                let p = shape.position(i);
                let is_near = objects.iter().any(|o| (0..3).all(|a| o[a].abs_diff(p[a]) <= half_widths[a]));
                assert_eq!(free.near[i] == 1, is_near, "{p:?}, {half_widths:?}");
            }
        }
        let all = FreeGround::of(&Labels::new(shape, labels).unwrap(), [3, 20, 30]).unwrap();
        assert!(all.is_none());
    }

    #[test]
    fn a_shadow_is_no_ground() {
        let shape = Shape::new(1, 60, 60);
        let noise = |i: usize| (i * 7919 % 13) as i32;
        let sample = |i: usize| {
            let [_, y, x] = shape.position(i);
            let level = if y < 8 && x < 20 { 300 } else { 1000 };
            level + noise(i) + if x > 40 { 5000 } else { 0 }
        };
        let image = Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap();
        let labels =
            Labels::new(shape, (0..shape.len()).map(|i| u32::from(shape.position(i)[2] > 45)).collect()).unwrap();
        let free = FreeGround::of(&labels, [0, 6, 6]).unwrap().unwrap();
        let ground = free.ground(&image).unwrap().middle;
        assert!((ground - 1006.0).abs() < 3.0, "{ground}");
        assert_eq!(free.row(0, 0).filter(|free| *free).count(), 40);
    }
}
