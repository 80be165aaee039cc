//! `split`: pointers to the greatest neighbour, saddles of touching basins, merging in the order of the saddles.

use super::{any_image, cases, naive::around, tries};
use proptest::prelude::*;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use uptake::device::Device;
use uptake::image::{Mask, Volume};
use uptake::ops::gaussian::{Gaussian, gaussian};
use uptake::ops::split::{Depth, split};
use uptake::units::Shape;

/// The depth that a valley needs.
fn needed(depth: Depth, lower_peak: f64, smaller_size: usize) -> f64 {
    match depth {
        Depth::Absolute(samples) => samples,
        Depth::Relative { fraction, typical_size: None } => fraction * lower_peak,
        Depth::Relative { fraction, typical_size: Some(size) } => {
            let growth = (size / smaller_size as f64).clamp(1.0, 8.0);
            fraction * growth * lower_peak
        }
        _ => panic!("a depth that this reference does not know"),
    }
}

/// Objects by the definition.
pub fn reference(land: &[i32], mask: &[u8], shape: Shape, depth: Depth) -> Vec<u32> {
    let inside = |i: usize| around(i, shape, [1; 3]).into_iter().filter(|j| mask[*j] != 0);
    // The peak that each voxel of the mask leads to.
    let steepest = |i: usize| inside(i).min_by_key(|j| (Reverse(land[*j]), *j)).unwrap();
    let mut peak: Vec<Option<usize>> = vec![None; shape.len()];
    for i in (0..shape.len()).filter(|i| mask[*i] != 0) {
        let mut at = i;
        while steepest(at) != at {
            at = steepest(at);
        }
        peak[i] = Some(at);
    }
    // The highest saddle of each two basins that touch.
    let mut saddles: BTreeMap<(usize, usize), i32> = BTreeMap::new();
    for (i, a) in (0..shape.len()).filter_map(|i| Some((i, peak[i]?))) {
        for (j, b) in inside(i).filter_map(|j| Some((j, peak[j]?))).filter(|(_, b)| *b > a) {
            let saddle = saddles.entry((a, b)).or_insert(i32::MIN);
            *saddle = land[i].min(land[j]).max(*saddle);
        }
    }
    let mut order: Vec<_> = saddles.into_iter().collect();
    order.sort_by_key(|((a, b), saddle)| (Reverse(*saddle), *a, *b));
    // Who belongs together, by the peak that is left of them.
    let mut of: BTreeMap<usize, usize> = peak.iter().flatten().map(|p| (*p, *p)).collect();
    for ((a, b), saddle) in order {
        let (a, b) = (of[&a], of[&b]);
        if a == b {
            continue;
        }
        let size = |group: usize| peak.iter().flatten().filter(|p| of[*p] == group).count();
        let lower = f64::from(land[a].min(land[b]));
        if lower - f64::from(saddle) < needed(depth, lower, size(a).min(size(b))) {
            let stays = [a, b].into_iter().min_by_key(|p| (Reverse(land[*p]), *p)).unwrap();
            of.values_mut().filter(|group| [a, b].contains(&**group)).for_each(|group| *group = stays);
        }
    }
    in_raster_order(peak.iter().map(|p| p.map(|p| of[&p])))
}

/// Numbers objects from 1, by their first voxels.
fn in_raster_order(objects: impl Iterator<Item = Option<usize>>) -> Vec<u32> {
    let mut numbers = BTreeMap::new();
    let number = |object: Option<usize>| {
        let next = numbers.len() as u32 + 1;
        object.map_or(0, |o| *numbers.entry(o).or_insert(next))
    };
    objects.map(number).collect()
}

fn check(land: &Volume, mask: &Mask, depth: Depth) {
    let found = split(&Device::Cpu, land, mask, depth).unwrap();
    let want = reference(land.samples.host().unwrap(), mask.voxels.host().unwrap(), land.shape, depth);
    assert_eq!(found.count, want.iter().copied().max().unwrap_or(0));
    assert!(found.voxels().host().unwrap() == want, "{depth:?} in {}", land.shape);
}

const DEPTHS: [Depth; 5] = [
    Depth::Absolute(0.0),
    Depth::Absolute(300.0),
    Depth::Relative { fraction: 0.15, typical_size: None },
    Depth::Relative { fraction: 0.08, typical_size: Some(60.0) },
    Depth::Relative { fraction: 0.5, typical_size: Some(5.0) },
];

#[test]
fn images_of_the_cases_are_split_by_the_definition() {
    for image in cases() {
        let smooth = gaussian(&Device::Cpu, &image.volume, &Gaussian::new([1.5; 3])).unwrap();
        let all = Mask::new(image.mask.shape, vec![1; image.mask.shape.len()]).unwrap();
        for depth in DEPTHS {
            check(&smooth, &image.mask, depth);
            // Every voxel of noise: thousands of basins.
            if image.volume.shape.len() < 2500 {
                check(&image.volume, &all, depth);
            }
        }
    }
}

proptest! {
    #![proptest_config(tries(2000))]
    #[test]
    fn small_images_are_split_by_the_definition(image in any_image(), depth in 0..DEPTHS.len(), absolute in 0..5u8) {
        check(&image.volume, &image.mask, DEPTHS[depth]);
        check(&image.volume, &image.mask, Depth::Absolute(absolute.into()));
    }
}
