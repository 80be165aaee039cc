//! Largest distances within planes of the image: between corners of the mesh that have one coordinate in common.

use super::region::Region;
use crate::measure::hull::convex;
use std::collections::BTreeMap;

/// The largest distance of two corners of the mesh in a plane across an axis (0, 1, 2 are z, y, x); nothing without a voxel.
pub(super) fn in_planes(region: &Region, across: usize) -> Option<f64> {
    let [u, v] = [[1, 2], [0, 2], [0, 1]][across];
    let sizes = region.shape.zyx();
    // Corners lie in the middle of faces of voxels: in half voxels they are whole numbers.
    let mut planes: BTreeMap<i64, Vec<[i64; 2]>> = BTreeMap::new();
    for i in (0..region.shape.len()).filter(|i| region.is_shape(*i)) {
        let at = region.shape.position(i);
        for (axis, ahead) in (0..3).flat_map(|axis| [(axis, false), (axis, true)]) {
            let next = if ahead { at[axis] + 1 } else { at[axis].wrapping_sub(1) };
            let mut there = at;
            there[axis] = next;
            if next < sizes[axis] && region.is_shape(region.shape.index(there[0], there[1], there[2])) {
                continue;
            }
            let mut corner = at.map(|k| 2 * k as i64);
            corner[axis] += if ahead { 1 } else { -1 };
            planes.entry(corner[across]).or_default().push([corner[u], corner[v]]);
        }
    }
    let size = [u, v].map(|a| region.spacing[a] / 2.0);
    let apart =
        |a: &[i64; 2], b: &[i64; 2]| (0..2).map(|k| ((a[k] - b[k]) as f64 * size[k]).powi(2)).sum::<f64>().sqrt();
    let widest = |mut points: Vec<[i64; 2]>| {
        points.sort_unstable();
        points.dedup();
        let corners = if points.len() > 2 { convex(&points) } else { points };
        let far = |(i, a): (usize, &[i64; 2])| corners[i..].iter().map(|b| apart(a, b)).fold(0.0, f64::max);
        corners.iter().enumerate().map(far).fold(0.0, f64::max)
    };
    planes.into_values().map(widest).reduce(f64::max)
}
