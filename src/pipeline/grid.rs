//! The image and its regions on the grid of the recipe, before anything else is done.

use super::External;
use super::quantise::quantised;
use crate::device::Buffer;
use crate::image::{Channel, Mask, PatientGrid, Regions, Scan, Volume};
use crate::measure::texture::Interpolation;
use crate::measure::texture::interpolate::{Axis, Part, interpolate};
use crate::profile::stage;
use crate::recipe::{Grid, Recipe};
use crate::units::{Ruler, Shape, Spacing};
use crate::{Error, Result};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::ops::Range;

/// A voxel belongs to a region from here on: one half, but rounding does not decide.
const HALF: f64 = 0.5 - 1e-9;

/// What a voxel may have of a mask by rounding alone.
const ROUNDING: f64 = 1e-9;

/// Brings an image and the regions that were drawn on it onto the grid that a recipe asks for; as they are if it asks for none.
///
/// # Errors
/// The image has no calibration and the recipe counts in lengths, the grid would be far too large, or regions are points.
pub fn on_grid(scan: Scan, external: External, recipe: &Recipe) -> Result<(Scan, External)> {
    let Some(grid) = &recipe.body.grid else { return Ok((scan, external)) };
    stage("grid", "", || {
        let axes = axes(grid, scan.shape, scan.spacing).map_err(|e| e.needed_for("[grid]"))?;
        let regions = |(name, regions): (String, Regions)| {
            let moved = of_regions(regions, axes).map_err(|e| e.needed_for(format!("the object set \"{name}\"")))?;
            Ok((name, moved))
        };
        let external = external.into_iter().map(regions).collect::<Result<External>>()?;
        Ok((of_scan(scan, grid, axes)?, external))
    })
}

/// Voxels of an image on the grid that a recipe asks for.
///
/// # Errors
/// As [`on_grid`].
pub fn shape_on_grid(shape: Shape, spacing: Option<Spacing>, recipe: &Recipe) -> Result<Shape> {
    match &recipe.body.grid {
        Some(grid) => Ok(new_shape(axes(grid, shape, spacing)?)),
        None => Ok(shape),
    }
}

fn new_shape(axes: [Axis; 3]) -> Shape {
    Shape::new(axes[0].new, axes[1].new, axes[2].new)
}

/// Single slices keep their thickness.
fn axes(grid: &Grid, shape: Shape, spacing: Option<Spacing>) -> Result<[Axis; 3]> {
    let px = grid.voxel.px(&Ruler { spacing, radius_px: None })?;
    let from = spacing.map_or([1.0; 3], |s| s.zyx);
    let to = px * (from[1] * from[2]).sqrt();
    let along = |a: usize| {
        let keep = a == 0 && (grid.keep_slices || shape.is_flat());
        Axis::new(shape.zyx()[a], from[a], if keep { from[a] } else { to })
    };
    let axes = [along(0)?, along(1)?, along(2)?];
    let voxels = axes.iter().fold(1u64, |n, a| n.saturating_mul(a.new as u64));
    if voxels > u64::from(u32::MAX) / 2 {
        return Err(Error::limit(format!("a grid of {voxels} voxels; at most 2147483647 are handled at once"))
            .remedy("a larger voxel in [grid]"));
    }
    Ok(axes)
}

fn of_scan(mut scan: Scan, grid: &Grid, axes: [Axis; 3]) -> Result<Scan> {
    let old = (scan.shape, scan.spacing);
    scan.shape = new_shape(axes);
    scan.spacing = old.1.map(|s| Spacing { zyx: [0, 1, 2].map(|a| s.zyx[a] * axes[a].step), ..s });
    if let (Some(place), Some(spacing)) = (scan.patient_grid, old.1) {
        let first = axes.map(|a| ((a.old - 1) as f64 - (a.new - 1) as f64 * a.step) / 2.0);
        scan.patient_grid = Some(PatientGrid { origin: place.at(&spacing, first), ..place });
    }
    let spacing = scan.spacing;
    let bring = |c: Channel| of_channel(c, axes, spacing, (grid.interpolation, grid.round));
    scan.channels = scan.channels.into_iter().map(bring).collect::<Result<_>>()?;
    scan.not_imaged = scan.not_imaged.map(|mask| of_mask(&mask, axes)).transpose()?;
    for reference in scan.references.values_mut().flatten() {
        let size = reference.volume.shape;
        // How a field was lit is smooth, and may be numbers around 1. A file of another size than the image may be one of the grid.
        let along_z = if size.z == 1 { Axis::new(1, 1.0, 1.0)? } else { axes[0] };
        if [size.z, size.y, size.x] == [along_z.old, axes[1].old, axes[2].old] {
            let axes = [along_z, axes[1], axes[2]];
            *reference = of_channel(reference.clone(), axes, spacing, (Interpolation::Linear, false))?;
        }
    }
    scan.notes
        .push(format!("everything is done on a grid of {} voxels of {}, not of {}", scan.shape, grid.voxel, old.0));
    Ok(scan)
}

fn of_channel(
    channel: Channel,
    axes: [Axis; 3],
    spacing: Option<Spacing>,
    (interpolation, round): (Interpolation, bool),
) -> Result<Channel> {
    let Volume { shape, scale, samples, .. } = channel.volume;
    let samples = samples.host()?;
    let part = Part::cut(shape, axes.map(|a| 0..a.old), |i| scale.value(f64::from(samples[i])));
    let mut values = interpolate(part, axes, axes.map(|a| 0..a.new), interpolation);
    if round {
        values.par_iter_mut().for_each(|v| *v = v.round_ties_even());
    }
    let (samples, scale) = quantised(&values)?;
    let volume = Volume { shape: new_shape(axes), spacing, scale, samples: Buffer::on_host(samples) };
    // What is interpolated is saturated nowhere that one could count.
    Ok(Channel { volume, saturated: None, saturation: None, ..channel })
}

/// A new voxel that anything of the mask goes into belongs to it.
fn of_mask(mask: &Mask, axes: [Axis; 3]) -> Result<Mask> {
    let voxels = mask.voxels.host()?;
    let part = Part::cut(mask.shape, axes.map(|a| 0..a.old), |i| f64::from(voxels[i]));
    let shares = interpolate(part, axes, axes.map(|a| 0..a.new), Interpolation::Linear);
    Mask::new(new_shape(axes), shares.into_par_iter().map(|share| u8::from(share > ROUNDING)).collect())
}

fn of_regions(regions: Regions, axes: [Axis; 3]) -> Result<Regions> {
    if !regions.points.is_empty() {
        return Err(Error::usage("points lie where they are, whatever the grid").remedy("a recipe without [grid]"));
    }
    let (old, shape) = (regions.shape(), new_shape(axes));
    if old.zyx() != axes.map(|a| a.old) {
        return Err(Error::usage(format!("the regions are {old}, the image is not")).remedy("regions of its size"));
    }
    let (drawn, mut voxels) = (regions.voxels()?, vec![0; shape.len()]);
    let all = boxes(old, &drawn);
    for (&label, inside) in &all {
        let new = [0, 1, 2].map(|a| axes[a].reached(&inside[a]));
        let needed = [0, 1, 2].map(|a| axes[a].needed(&new[a], Interpolation::Linear));
        let part = Part::cut(old, needed, |i| f64::from(u8::from(drawn[i] == label)));
        let shares = interpolate(part, axes, new.clone(), Interpolation::Linear);
        let [zs, ys, xs] = new;
        let rows = zs.flat_map(|z| ys.clone().map(move |y| (z, y)));
        let places = rows.flat_map(|(z, y)| xs.clone().map(move |x| shape.index(z, y, x)));
        for (at, _) in places.zip(shares).filter(|(_, share)| *share >= HALF) {
            // Two regions share a voxel by halves at most: it is the first one's.
            if voxels[at] == 0 {
                voxels[at] = label;
            }
        }
    }
    let mut moved = regions.drawn_anew(shape, &voxels)?;
    let lost = all.len() - boxes(shape, &voxels).len();
    if lost > 0 {
        moved.notes.push(format!(
            "{lost} of {} regions are too small for the grid of [grid]: no voxel of it lies in them",
            all.len()
        ));
    }
    Ok(moved)
}

/// Where each label lies.
fn boxes(shape: Shape, voxels: &[u32]) -> BTreeMap<u32, [Range<usize>; 3]> {
    let mut all: BTreeMap<u32, [Range<usize>; 3]> = BTreeMap::new();
    for (i, label) in voxels.iter().enumerate().filter(|(_, label)| **label != 0) {
        let at = shape.position(i);
        let inside = all.entry(*label).or_insert_with(|| at.map(|k| k..k));
        for (range, k) in inside.iter_mut().zip(at) {
            *range = range.start.min(k)..range.end.max(k + 1);
        }
    }
    all
}
