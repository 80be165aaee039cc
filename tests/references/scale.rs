//! `scale`: 1.88 times the median, weighted by area, of inscribed radii in a first segmentation without sizes; of the small round
//! objects alone where they are more than twice as many as the others; or, where Otsu on square roots finds far more around them, of
//! the wholes that they are parts of.

use super::naive::{dilate, erode, fill_holes, root, squared_distance};
use super::{any_image, cases, split, tries};
use proptest::prelude::*;
use uptake::device::Device;
use uptake::image::{Mask, Volume};
use uptake::ops::gaussian::{Gaussian, gaussian};
use uptake::ops::histogram::BinScale;
use uptake::ops::scale::scale;
use uptake::ops::split::Depth;
use uptake::ops::threshold::{Beyond, BinChoice, Classes, Cut, otsu_classes, with_rest};
use uptake::units::Shape;

fn blur(samples: &[i32], shape: Shape, sigma: f64, z_step: f64) -> Vec<i32> {
    let volume = Volume::new(shape, samples.to_vec()).unwrap();
    let p = Gaussian::new([sigma / z_step, sigma, sigma]);
    gaussian(&Device::Cpu, &volume, &p).unwrap().samples.host().unwrap().to_vec()
}

/// The diameter in pixels of the plane, and Otsu's classes.
fn once(samples: &[i32], shape: Shape, z_step: f64, weights: [u32; 3]) -> (f64, Classes) {
    let volume = Volume::new(shape, samples.to_vec()).unwrap();
    let bins = BinChoice::Equal { n: 256, spacing: BinScale::Linear, cut: Cut::Edge };
    let classes = otsu_classes(&Device::Cpu, &volume, bins).unwrap();
    let bright: Vec<u8> = samples.iter().map(|s| u8::from(f64::from(*s) > classes.threshold)).collect();
    // What lies more than four pixels from all that may have objects of its own.
    let reach = [4.0 / z_step, 4.0, 4.0].map(|v| v.round() as usize);
    let least = *samples.iter().min().unwrap();
    let beyond = Beyond { reach, least, floor: f64::NEG_INFINITY };
    let mask = Mask::new(shape, bright).unwrap();
    let (both, _) = with_rest(&Device::Cpu, &volume, &mask, classes.threshold, &beyond).unwrap();
    let bright = both.voxels.host().unwrap().to_vec();
    (in_mask(&bright, shape, z_step, weights).unwrap_or(10.0), classes)
}

/// Twice the median radius in pixels of the plane.
fn in_mask(bright: &[u8], shape: Shape, z_step: f64, weights: [u32; 3]) -> Option<f64> {
    let mask = fill_holes(bright, shape);
    // Distances have six binary places; a weight of 4 in the plane stands for one of them.
    let places = 6 - f64::from(weights[2]).sqrt().log2().floor() as u32;
    let pixel = f64::from(1 << places) * f64::from(weights[2]).sqrt();
    let map: Vec<i32> = squared_distance(&mask, shape, weights).into_iter().map(|d| root(d, places)).collect();
    let depth = Depth::Relative { fraction: 0.12, typical_size: None };
    let objects = split::reference(&blur(&map, shape, 1.0, z_step), &mask, shape, depth);
    let count = objects.iter().copied().max().unwrap_or(0);
    if count == 0 {
        return None;
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
    let size = |r: f64| match shape.z {
        1 => std::f64::consts::PI * r * r,
        _ => 4.0 / 3.0 * std::f64::consts::PI * r * r * r / z_step,
    };
    // None weighs more than a round one of its radius.
    let round = |r: f64| 1.6 * size(r + 0.5);
    let weighed: Vec<(f64, usize)> = found.iter().map(|(r, n)| (*r, (*n).min(round(*r) as usize))).collect();
    let Some(all) = median(&weighed) else { return Some(6.0) };
    let is_one_of_many = |(r, n): &(f64, usize)| *r >= 2.5 && *n as f64 <= round(*r);
    let (small, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|(r, _)| *r < all / 2.0);
    let small: Vec<_> = small.into_iter().filter(is_one_of_many).collect();
    let typical = if small.len() > 2 * others.len() { median(&small).unwrap() } else { all };
    Some(2.0 * typical)
}

/// Less an opening, smoothed, which is the background.
fn off_ground(smooth: &[i32], shape: Shape, radius: f64, z_step: f64) -> Vec<i32> {
    let radius = radius.min(shape.y.min(shape.x) as f64 / 2.0);
    let whole = radius.round().max(2.0);
    let reach = [whole / z_step, whole, whole].map(|v| v.round() as usize);
    let open = dilate(&erode(smooth, shape, reach), shape, reach);
    let below: Vec<i32> = open.iter().zip(smooth).map(|(a, b)| *a.min(b)).collect();
    let background = blur(&below, shape, radius / 2.0, z_step);
    smooth.iter().zip(&background).map(|(a, b)| a.saturating_sub(*b)).collect()
}

/// The centres of 256 bins, and what they hold.
fn bins(samples: &[i32]) -> Vec<(f64, f64)> {
    let (min, max) = (*samples.iter().min().unwrap(), *samples.iter().max().unwrap());
    let step = (f64::from(max) - f64::from(min)) / 256.0;
    let edge = |k: usize| if k == 256 { f64::from(max) } else { f64::from(min) + k as f64 * step };
    let mut bins: Vec<(f64, f64)> = (0..256).map(|k| ((edge(k) + edge(k + 1)) / 2.0, 0.0)).collect();
    for sample in samples {
        let k = (0..256).rev().find(|k| f64::from(*sample) >= edge(*k)).unwrap();
        bins[k].1 += 1.0;
    }
    bins
}

/// The bins above the cut that parts two classes best, by some value of the bins.
fn bright_class(bins: &[(f64, f64)], value: impl Fn(f64) -> f64) -> usize {
    let mean = |part: &[(f64, f64)]| {
        let n: f64 = part.iter().map(|b| b.1).sum();
        (n, part.iter().map(|b| b.1 * value(b.0)).sum::<f64>() / n)
    };
    let between = |k: usize| {
        let ((n1, m1), (n2, m2)) = (mean(&bins[..k]), mean(&bins[k..]));
        if n1 == 0.0 || n2 == 0.0 { -1.0 } else { n1 * n2 * (m1 - m2) * (m1 - m2) }
    };
    (1..256).rev().max_by(|a, b| between(*a).total_cmp(&between(*b))).unwrap()
}

/// The diameter of the wholes that objects of this one are bright parts of.
/// `searched` is where they were found.
fn around_parts(
    smooth: &[i32],
    searched: &[i32],
    shape: Shape,
    parts: f64,
    z_step: f64,
    weights: [u32; 3],
) -> Option<f64> {
    if searched.iter().all(|s| *s == searched[0]) {
        return None;
    }
    let (found, least) = (bins(searched), f64::from(*searched.iter().min().unwrap()));
    let above = |k: usize| found[k..].iter().map(|b| b.1).sum::<f64>();
    let roots = |least: f64| move |v: f64| (v - least).max(0.0).sqrt();
    let times = above(bright_class(&found, roots(least))) / above(bright_class(&found, |v| v));
    let axes = if shape.z == 1 { 2 } else { 3 };
    if times <= (1.0 + 1.5 / (parts / 2.0)).powi(axes) {
        return None;
    }
    let flat = off_ground(smooth, shape, 2.0 * parts, z_step);
    let (min, max) = (*flat.iter().min().unwrap(), *flat.iter().max().unwrap());
    if min == max {
        return None;
    }
    let k = bright_class(&bins(&flat), roots(min.into()));
    let low = f64::from(min) + k as f64 * ((f64::from(max) - f64::from(min)) / 256.0);
    let mask: Vec<u8> = flat.iter().map(|s| u8::from(f64::from(*s) > low)).collect();
    let whole = in_mask(&mask, shape, z_step, weights)?;
    (whole - 2.0 > 1.2 * parts && whole < 2.5 * parts).then_some(whole)
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
    let mut searched = smooth.clone();
    while diameter > too_wide && rounds < 4 {
        // Wider than the image: as wide, and half of that each further time.
        let shorter = shape.y.min(shape.x) as f64;
        let width = if diameter > shorter { shorter / [1.0, 2.0, 4.0, 8.0][rounds] } else { diameter };
        let rest = off_ground(&smooth, shape, width / 8.0, z_step);
        let (next, classes) = once(&rest, shape, z_step, weights);
        if rounds == 0 && first.explained > 0.76 && classes.contrast < 0.45 * first.contrast {
            break;
        }
        (diameter, searched) = (next, rest);
        rounds += 1;
    }
    diameter = around_parts(&smooth, &searched, shape, diameter, z_step, weights).unwrap_or(diameter);
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

    /// Disks with a bright core: the whole counts.
    #[test]
    fn the_scale_of_disks_with_cores_is_that_of_the_definition(
        places in prop::collection::vec((0..48usize, 0..48usize), 1..8),
        radius in 4..10usize,
        core in 1..6usize,
        noise in prop::collection::vec(0..60i32, 48 * 48),
    ) {
        let shape = Shape::flat(48, 48);
        let within = |i: usize, radius: usize| {
            let [_, y, x] = shape.position(i);
            places.iter().any(|(cy, cx)| cy.abs_diff(y).pow(2) + cx.abs_diff(x).pow(2) <= radius * radius)
        };
        let light = |i: usize| 900 * i32::from(within(i, radius)) + 4000 * i32::from(within(i, core.min(radius)));
        let volume = Volume::new(shape, (0..shape.len()).map(|i| 100 + noise[i] + light(i)).collect()).unwrap();
        check(&volume, 1.0, [1; 3]);
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
