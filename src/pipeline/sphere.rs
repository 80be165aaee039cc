//! Balls: reference regions in healthy tissue.

use super::channels::Roles;
use super::geometry::Geometry;
use super::{Made, objects};
use crate::device::Device;
use crate::placement::Placement;
use crate::recipe::{Objects, Sphere, SphereAt};
use crate::scan::Scan;
use crate::units::Shape;
use crate::volume::Labels;
use crate::{Error, Result};

/// Makes a set of one ball.
pub(super) fn sphere(p: &Sphere, set: &Objects, scan: &Scan, roles: &Roles, device: &Device) -> Result<Made> {
    let channel = match &set.channel {
        Some(role) => roles.index(role).ok_or_else(|| Error::usage(format!("no channel for \"{role}\"")))?,
        None => roles.found.first().map_or(0, |(_, i)| *i),
    };
    let geometry = Geometry { shape: scan.shape, spacing: scan.spacing, radius_px: None };
    let radii = geometry.voxels(p.diameter)?.map(|d| d / 2.0);
    let (centre, notes) = match p.at {
        SphereAt::Place(xyz) => (place(scan, xyz)?, vec![]),
        SphereAt::Organ(_) => return Err(Error::unsupported("finding the liver")),
    };
    let mut notes = notes;
    let (voxels, beyond) = ball(scan.shape, centre, radii);
    if !voxels.contains(&1) {
        return Err(Error::usage("the sphere has no voxel in the image")
            .remedy("at = [x, y, z] in mm inside the image, and a diameter of more than a voxel"));
    }
    if beyond {
        notes.push("the sphere reaches beyond the image".into());
    }
    let labels = Labels::new(scan.shape, voxels)?.to(device)?;
    Ok(Made { channel, notes, ..objects::plain(labels, device)? })
}

/// The place in the grid (z, y, x) of patient x, y, z in mm; without a placement the grid lies along the patient's axes
/// and begins at the origin.
fn place(scan: &Scan, xyz: [f64; 3]) -> Result<[f64; 3]> {
    let spacing = scan.spacing.ok_or_else(|| {
        Error::usage("a sphere at a place in mm, but the image has no calibration")
            .remedy("--set spacing_um=2000 (the size of a voxel)")
    })?;
    Ok(scan.placement.unwrap_or(Placement::STRAIGHT).grid(&spacing, xyz))
}

/// The voxels whose centre is in a ball, and whether it reaches beyond the image. Radii are in voxels along z, y, x.
pub(super) fn ball(shape: Shape, centre: [f64; 3], radii: [f64; 3]) -> (Vec<u32>, bool) {
    let mut voxels = vec![0; shape.len()];
    let sizes = shape.zyx();
    // A flat image has a depth of nothing, and the ball is a disk in it.
    let deep = |a: usize| sizes[a] > 1 || a > 0;
    let (mut from, mut to, mut beyond) = ([0; 3], sizes, false);
    for a in (0..3).filter(|&a| deep(a)) {
        let (low, high) = ((centre[a] - radii[a]).ceil(), (centre[a] + radii[a]).floor());
        beyond |= low < 0.0 || high > (sizes[a] as f64) - 1.0;
        // The casts stop at 0 and at the end of the type.
        (from[a], to[a]) = (low as usize, (high.max(-1.0) + 1.0) as usize);
        to[a] = to[a].min(sizes[a]);
    }
    for z in from[0]..to[0] {
        for y in from[1]..to[1] {
            for x in from[2]..to[2] {
                let at = [z, y, x];
                let far = |a: usize| ((at[a] as f64 - centre[a]) / radii[a]).powi(2);
                if (0..3).filter(|&a| deep(a)).map(far).sum::<f64>() <= 1.0 {
                    voxels[shape.index(z, y, x)] = 1;
                }
            }
        }
    }
    (voxels, beyond)
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn voxel_centres_are_in_or_out() {
        let (voxels, beyond) = ball(Shape::flat(5, 5), [0.0, 2.0, 2.0], [0.0, 2.0, 1.0]);
        #[rustfmt::skip]
        assert_eq!(voxels, [
            0, 0, 1, 0, 0,
            0, 0, 1, 0, 0,
            0, 1, 1, 1, 0,
            0, 0, 1, 0, 0,
            0, 0, 1, 0, 0,
        ]);
        assert!(!beyond);
        // Between slices, and over the edge.
        let (voxels, beyond) = ball(Shape::new(2, 1, 3), [0.5, 0.0, 0.0], [0.5, 1.0, 1.2]);
        assert_eq!(voxels, [1, 0, 0, 1, 0, 0]);
        assert!(beyond);
        let (voxels, beyond) = ball(Shape::new(2, 2, 2), [9.0, -9.0, 0.0], [1.0; 3]);
        assert!(beyond && !voxels.contains(&1));
    }
}
