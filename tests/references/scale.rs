//! `scale`: 1.88 times the median, weighted by area, of inscribed radii in a first segmentation without sizes; of the small round
//! objects alone where they are more than twice as many as the others.

use super::naive::{dilate, erode, fill_holes, root, squared_distance};
use super::{any_image, cases, split, tries};
use proptest::prelude::*;
use uptake::device::Device;
use uptake::image::Volume;
use uptake::ops::gaussian::{Gaussian, gaussian};
use uptake::ops::histogram::BinScale;
use uptake::ops::scale::scale;
use uptake::ops::split::Depth;
use uptake::ops::threshold::{Beyond, BinChoice, Classes, Cut, otsu_classes, rest};
use uptake::units::Shape;

fn blur(samples: &[i32], shape: Shape, sigma: f64, z_step: f64) -> Vec<i32> {
    let volume = Volume::new(shape, samples.to_vec()).unwrap();
    let p = Gaussian::new([sigma / z_step, sigma, sigma]);
    gaussian(&Device::Cpu, &volume, &p).unwrap().samples.host().unwrap().to_vec()
}

/// Twice the median radius in pixels of the plane, and Otsu's classes.
fn once(samples: &[i32], shape: Shape, z_step: f64, weights: [u32; 3]) -> (f64, Classes) {
    let volume = Volume::new(shape, samples.to_vec()).unwrap();
    let bins = BinChoice::Equal { n: 256, spacing: BinScale::Linear, cut: Cut::Edge };
    let classes = otsu_classes(&Device::Cpu, &volume, bins).unwrap();
    let mut bright: Vec<u8> = samples.iter().map(|s| u8::from(f64::from(*s) > classes.threshold)).collect();
    if classes.explained > 0.685 {
        // What lies more than four pixels from all that may have objects of its own.
        let reach = [4.0 / z_step, 4.0, 4.0].map(|v| v.round() as usize);
        let least = *samples.iter().min().unwrap();
        let beyond = Beyond { reach, least, floor: f64::NEG_INFINITY };
        if let Some((dim, _)) = rest(&Device::Cpu, &volume, classes.threshold, &beyond).unwrap() {
            bright.iter_mut().zip(dim.voxels.host().unwrap()).for_each(|(bright, dim)| *bright |= dim);
        }
    }
    let mask = fill_holes(&bright, shape);
    // Distances have six binary places; a weight of 4 in the plane stands for one of them.
    let places = 6 - f64::from(weights[2]).sqrt().log2().floor() as u32;
    let pixel = f64::from(1 << places) * f64::from(weights[2]).sqrt();
    let map: Vec<i32> = squared_distance(&mask, shape, weights).into_iter().map(|d| root(d, places)).collect();
    let depth = Depth::Relative { fraction: 0.15, typical_size: None };
    let objects = split::reference(&blur(&map, shape, 1.0, z_step), &mask, shape, depth);
    let count = objects.iter().copied().max().unwrap_or(0);
    if count == 0 {
        return (10.0, classes);
    }
    // Radius in pixels and voxels of each object that is no speck.
    let mut found: Vec<(f64, usize)> = Vec::new();
    for object in 1..=count {
        let voxels: Vec<usize> = (0..shape.len()).filter(|i| objects[*i] == object).collect();
        let radius = f64::from(voxels.iter().map(|i| map[*i]).max().unwrap()) * (1.0 / pixel);
        if radius >= 1.5 {
            found.push((radius, voxels.len()));
        }
    }
    let Some(all) = median(&found) else { return (6.0, classes) };
    let size = |r: f64| match shape.z {
        1 => std::f64::consts::PI * r * r,
        _ => 4.0 / 3.0 * std::f64::consts::PI * r * r * r / z_step,
    };
    let is_one_of_many = |(r, n): &(f64, usize)| *r >= 2.5 && *n as f64 <= 1.6 * size(r + 0.5);
    let (small, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|(r, _)| *r < all / 2.0);
    let small: Vec<_> = small.into_iter().filter(is_one_of_many).collect();
    let typical = if small.len() > 2 * others.len() { median(&small).unwrap() } else { all };
    (2.0 * typical, classes)
}

/// One entry a voxel of an object: their median is the one that is weighted by area.
fn median(objects: &[(f64, usize)]) -> Option<f64> {
    let mut radii: Vec<f64> = objects.iter().flat_map(|(r, n)| vec![*r; *n]).collect();
    radii.sort_unstable_by(f64::total_cmp);
    radii.get(radii.len().div_ceil(2).saturating_sub(1)).copied()
}

fn reference(volume: &Volume, z_step: f64, weights: [u32; 3]) -> f64 {
    let shape = volume.shape;
    let smooth = blur(volume.samples.host().unwrap(), shape, 1.0, z_step);
    let too_wide = 0.3 * shape.y.min(shape.x) as f64;
    let (mut diameter, first) = once(&smooth, shape, z_step, weights);
    let mut rounds = 0;
    while diameter > too_wide && rounds < 4 {
        // An opening of an eighth of the diameter, smoothed, is the background.
        let radius = diameter / 8.0;
        let whole = radius.round().max(2.0);
        let reach = [whole / z_step, whole, whole].map(|v| v.round() as usize);
        let open = dilate(&erode(&smooth, shape, reach), shape, reach);
        let below: Vec<i32> = open.iter().zip(&smooth).map(|(a, b)| *a.min(b)).collect();
        let background = blur(&below, shape, radius / 2.0, z_step);
        let rest: Vec<i32> = smooth.iter().zip(&background).map(|(a, b)| a.saturating_sub(*b)).collect();
        let (next, classes) = once(&rest, shape, z_step, weights);
        if rounds == 0 && first.explained > 0.76 && classes.contrast < 0.45 * first.contrast {
            break;
        }
        diameter = next;
        rounds += 1;
    }
    0.94 * diameter
}

fn check(volume: &Volume, z_step: f64, weights: [u32; 3]) {
    let found = scale(&Device::Cpu, volume, z_step, weights).unwrap();
    let want = reference(volume, z_step, weights);
    assert!((found - want).abs() <= 1e-9 * want, "{found}, not {want}, in {}", volume.shape);
}

#[test]
fn the_scale_of_the_cases_is_that_of_the_definition() {
    for image in cases() {
        check(&image.volume, 1.0, [1; 3]);
        check(&image.volume, 2.0, [16, 4, 4]);
    }
}

proptest! {
    #![proptest_config(tries(300))]
    #[test]
    fn the_scale_of_small_images_is_that_of_the_definition(
        image in any_image(),
        (z_step, weights) in prop::sample::select(vec![(1.0, [1u32; 3]), (2.5, [25, 4, 4]), (3.0, [9, 1, 1])]),
    ) {
        check(&image.volume, z_step, weights);
    }

    /// Disks of one size, some of which touch, on a slope: objects as the operation expects them.
    #[test]
    fn the_scale_of_disks_is_that_of_the_definition(
        places in prop::collection::vec((0..48usize, 0..48usize), 1..12),
        radius in 2..7usize,
        slope in 0..20i32,
        noise in prop::collection::vec(0..60i32, 48 * 48),
    ) {
        let shape = Shape::flat(48, 48);
        let inside = |y: usize, x: usize| {
            places.iter().any(|(cy, cx)| cy.abs_diff(y).pow(2) + cx.abs_diff(x).pow(2) <= radius * radius)
        };
        let sample = |i: usize| {
            let [_, y, x] = shape.position(i);
            slope * (y + x) as i32 + noise[i] + if inside(y, x) { 900 } else { 100 }
        };
        let volume = Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap();
        check(&volume, 1.0, [1; 3]);
    }
}
