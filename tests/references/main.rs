//! Oracle: operations against plain versions written from their definitions in `docs/operations.md` and their module docs,
//! slow and obvious, voxel by voxel. Of the program they use what has a reference of its own (`gaussian`, Otsu), and no
//! helper of the operation that is looked at.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod landscape;
mod naive;
mod scale;
mod split;

use proptest::prelude::*;
use uptake::image::{Mask, Volume};
use uptake::ops;
use uptake::units::Shape;

/// An image and a mask in it.
#[derive(Clone, Debug)]
struct Image {
    volume: Volume,
    mask: Mask,
}

/// The images that devices are compared on.
fn cases() -> Vec<Image> {
    ops::inputs().unwrap().into_iter().map(|i| Image { volume: i.volume, mask: i.mask }).collect()
}

/// Small images, flat and deep, of few values, many values or extreme ones; two of three voxels are in the mask.
fn any_image() -> impl Strategy<Value = Image> {
    (1..5usize, 1..10usize, 1..14usize, any::<bool>()).prop_flat_map(|(z, y, x, flat)| {
        let shape = Shape::new(if flat { 1 } else { z }, y, x);
        let few = prop::collection::vec(0..6i32, shape.len());
        let many = prop::collection::vec(-500..60_000i32, shape.len());
        let extreme = prop::collection::vec(prop_oneof![Just(i32::MIN), Just(i32::MAX), -3..3i32], shape.len());
        let mask = prop::collection::vec(0..3u8, shape.len());
        (prop_oneof![few, many, extreme], mask).prop_map(move |(samples, mask)| Image {
            volume: Volume::new(shape, samples).unwrap(),
            mask: Mask::new(shape, mask.iter().map(|m| u8::from(*m > 0)).collect()).unwrap(),
        })
    })
}

/// What all properties are tried with.
fn tries(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}
