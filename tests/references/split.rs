//! `split`: pointers to the greatest neighbour, saddles of touching basins, merging in the order of the saddles.

use super::{any_image, cases, naive::around, tries};
use proptest::prelude::*;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use uptake::device::Device;
use uptake::image::{Mask, Volume};
use uptake::ops::gaussian::{Gaussian, gaussian};
use uptake::ops::split::{Depth, Ellipses, divide_ellipses, split};
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

/// The peaks that two basins which touch are called after, in the order of their saddles.
type Order = Vec<((usize, usize), i32)>;

/// Objects by the definition.
pub fn reference(land: &[i32], mask: &[u8], shape: Shape, depth: Depth) -> Vec<u32> {
    let (objects, _) = objects(land, mask, shape, depth);
    in_raster_order(objects.into_iter())
}

/// The peak that the object of each voxel is called after, and the pairs of basins.
fn objects(land: &[i32], mask: &[u8], shape: Shape, depth: Depth) -> (Vec<Option<usize>>, Order) {
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
    for &((a, b), saddle) in &order {
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
    (peak.iter().map(|p| p.map(|p| of[&p])).collect(), order)
}

/// Objects that were merged over valleys of a quarter of the depth, merged further over those of the whole depth unless both are large, the valley
/// is no grain, and the two together have a waist.
fn without_waist(
    land: &[i32],
    mask: &[u8],
    shape: Shape,
    depth: Depth,
    ellipses: Ellipses,
) -> (Vec<Option<usize>>, Order) {
    let (mut object, order) = objects(land, mask, shape, depth.times(0.25));
    let (basins, _) = objects(land, mask, shape, Depth::Absolute(f64::NEG_INFINITY));
    let voxel = |peak: usize| basins.iter().position(|b| *b == Some(peak)).unwrap();
    for &((a, b), saddle) in &order {
        let (a, b) = (object[voxel(a)].unwrap(), object[voxel(b)].unwrap());
        let size = |k| object.iter().filter(|o| **o == Some(k)).count();
        let lower = f64::from(land[a].min(land[b]));
        let (valley, smaller) = (lower - f64::from(saddle), size(a).min(size(b)));
        if a == b || valley >= needed(depth, lower, smaller) {
            continue;
        }
        let both: Vec<usize> = (0..shape.len()).filter(|i| [Some(a), Some(b)].contains(&object[*i])).collect();
        let large = smaller as f64 >= ellipses.typical_size && valley >= ellipses.grain;
        if !large || share_of_bent_ellipse(&both, shape) >= 0.95 {
            let stays = [a, b].into_iter().min_by_key(|p| (Reverse(land[*p]), *p));
            both.iter().for_each(|i| object[*i] = stays);
        }
    }
    (object, order)
}

/// Branches of the tree of objects that fill an ellipse are whole: the largest count.
fn reference_of_ellipses(land: &[i32], mask: &[u8], shape: Shape, depth: Depth, ellipses: Ellipses) -> Vec<u32> {
    let typical_size = ellipses.typical_size;
    let (objects, order) = without_waist(land, mask, shape, depth, ellipses);
    let basins = {
        // Without any merge every peak is an object.
        let (basins, _) = self::objects(land, mask, shape, Depth::Absolute(f64::NEG_INFINITY));
        basins
    };
    let object_of = |peak: usize| objects[basins.iter().position(|b| *b == Some(peak)).unwrap()].unwrap();
    let mut branch = objects.clone();
    let mut found = objects.clone();
    for ((a, b), _) in order {
        let voxel = |peak: usize| objects.iter().position(|o| *o == Some(object_of(peak))).unwrap();
        let (a, b) = (branch[voxel(a)], branch[voxel(b)]);
        if a == b {
            continue;
        }
        let size = |k| branch.iter().filter(|x| **x == k).count();
        let smaller = size(a).min(size(b)) as f64;
        branch.iter_mut().filter(|k| **k == b).for_each(|k| *k = a);
        let voxels: Vec<usize> = (0..shape.len()).filter(|i| branch[*i] == a).collect();
        if share_of_ellipse(&voxels, shape) >= if smaller < typical_size { 0.95 } else { 0.98 } {
            voxels.iter().for_each(|i| found[*i] = a);
        }
    }
    in_raster_order(found.into_iter())
}

/// Voxels, by the size of the ellipse or ellipsoid of their covariances.
fn share_of_ellipse(voxels: &[usize], shape: Shape) -> f64 {
    let at = |i: usize| [i % shape.x, i / shape.x % shape.y, i / shape.x / shape.y].map(|v| v as i128);
    let n = voxels.len() as i128;
    let covariance = |a: usize, b: usize| {
        let sum = |f: &dyn Fn([i128; 3]) -> i128| voxels.iter().map(|i| f(at(*i))).sum::<i128>();
        let spread = n * sum(&|v| v[a] * v[b]) - sum(&|v| v[a]) * sum(&|v| v[b]);
        spread as f64 / (n as f64 * n as f64) + if a == b { 1.0 / 12.0 } else { 0.0 }
    };
    let [xx, yy, zz] = [0, 1, 2].map(|a| covariance(a, a));
    let [xy, xz, yz] = [[0, 1], [0, 2], [1, 2]].map(|[a, b]| covariance(a, b));
    let pi = std::f64::consts::PI;
    if shape.is_flat() {
        return n as f64 / (4.0 * pi * (xx * yy - xy * xy).sqrt());
    }
    let determinant = xx * (yy * zz - yz * yz) - xy * (xy * zz - yz * xz) + xz * (xy * yz - yy * xz);
    n as f64 / (4.0 / 3.0 * pi * 5.0f64.powi(3).sqrt() * determinant.sqrt())
}

/// The same of an ellipse that a parabola along its long axis bends, as far as that leaves less variance across, and half of it at least.
fn share_of_bent_ellipse(voxels: &[usize], shape: Shape) -> f64 {
    if !shape.is_flat() {
        return share_of_ellipse(voxels, shape);
    }
    let n = voxels.len() as f64;
    let at = |i: usize| [(i % shape.x) as f64, (i / shape.x) as f64];
    let mean = |f: &dyn Fn([f64; 2]) -> f64| voxels.iter().map(|i| f(at(*i))).sum::<f64>() / n;
    let middle = [mean(&|v| v[0]), mean(&|v| v[1])];
    let from = |v: [f64; 2]| [v[0] - middle[0], v[1] - middle[1]];
    let xx = mean(&|v| from(v)[0].powi(2)) + 1.0 / 12.0;
    let yy = mean(&|v| from(v)[1].powi(2)) + 1.0 / 12.0;
    let xy = mean(&|v| from(v)[0] * from(v)[1]);
    let angle = 0.5 * (2.0 * xy).atan2(xx - yy);
    let (c, s) = (angle.cos(), angle.sin());
    let long = c * c * xx + 2.0 * c * s * xy + s * s * yy;
    let short = s * s * xx - 2.0 * c * s * xy + c * c * yy;
    let bow = mean(&|v| (c * from(v)[0] + s * from(v)[1]).powi(2) * (c * from(v)[1] - s * from(v)[0]));
    n / (4.0 * std::f64::consts::PI * (long * (short - bow * bow / (long * long)).max(short / 2.0)).sqrt())
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

fn check_ellipses(land: &Volume, mask: &Mask, depth: Depth, ellipses: Ellipses) {
    let found = divide_ellipses(&Device::Cpu, land, mask, depth, 3.0, ellipses).unwrap();
    let (land, mask) = (land.samples.host().unwrap(), mask.voxels.host().unwrap());
    let want = reference_of_ellipses(land, mask, found.labels.shape, depth, ellipses);
    assert!(found.labels.voxels().host().unwrap() == want, "{depth:?} in {}", found.labels.shape);
    assert!(found.firm <= found.labels.count);
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
        let ellipses = Ellipses { typical_size: f64::from(4 * absolute), grain: f64::from(absolute % 2) };
        check_ellipses(&image.volume, &image.mask, DEPTHS[depth], ellipses);
    }
}
