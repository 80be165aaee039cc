//! Balls: reference regions in healthy tissue.

use super::geometry::Geometry;
use super::liver::find;
use super::roles::Roles;
use crate::device::Device;
use crate::image::{Labels, ObjectSet, PatientGrid, Scan};
use crate::recipe::{Objects, Organ, Sphere, SphereAt};
use crate::units::Shape;
use crate::{Error, Result};

/// Makes a set of one ball.
pub(super) fn sphere(p: &Sphere, set: &Objects, scan: &Scan, roles: &Roles, device: &Device) -> Result<ObjectSet> {
    let channel = match &set.channel {
        Some(role) => roles.index(role).ok_or_else(|| Error::usage(format!("no channel for \"{role}\"")))?,
        None => roles.found.first().map_or(0, |(_, i)| *i),
    };
    let geometry = Geometry { shape: scan.shape, spacing: scan.spacing, radius_px: None };
    let radii = geometry.voxels(p.diameter)?.map(|d| d / 2.0);
    let (centre, notes) = match p.at {
        SphereAt::Place(xyz) => (place(scan, xyz)?, vec![]),
        SphereAt::Organ(Organ::Liver) => {
            let image = scan.channels.get(channel).ok_or_else(|| Error::usage(format!("no channel {channel}")))?;
            let found = find(scan, image, &geometry, radii)?;
            (found.centre, vec![found.note])
        }
    };
    let (inside, beyond) = ball(scan.shape, centre, radii);
    if inside.is_empty() {
        return Err(Error::usage("the sphere has no voxel in the image")
            .remedy("at = [x, y, z] in mm inside the image, and a diameter of more than a voxel"));
    }
    let warnings = if beyond { vec!["the sphere reaches beyond the image".into()] } else { vec![] };
    let mut voxels = vec![0; scan.shape.len()];
    inside.into_iter().for_each(|i| voxels[i] = 1);
    let labels = Labels::new(scan.shape, voxels)?.to(device)?;
    Ok(ObjectSet { channel, warnings, notes, ..ObjectSet::new(labels)? })
}

/// The place in the grid (z, y, x) of patient x, y, z in mm; without a patient grid the grid lies along the patient's axes
/// and begins at the origin.
fn place(scan: &Scan, xyz: [f64; 3]) -> Result<[f64; 3]> {
    let spacing = scan.spacing.ok_or_else(|| {
        Error::usage("a sphere at a place in mm, but the image has no calibration")
            .remedy("--set spacing_um=0.65 (the size of a pixel) for microscopy, a header with the voxel size for PET")
    })?;
    Ok(scan.patient_grid.unwrap_or(PatientGrid::STRAIGHT).grid(&spacing, xyz))
}

/// The voxels whose centre is in a ball, and whether it reaches beyond the image. Radii are in voxels along z, y, x.
pub(super) fn ball(shape: Shape, centre: [f64; 3], radii: [f64; 3]) -> (Vec<usize>, bool) {
    let mut voxels = Vec::new();
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
                    voxels.push(shape.index(z, y, x));
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
        // A column of five, and one to either side of its middle.
        assert_eq!(voxels, [2, 7, 11, 12, 13, 17, 22]);
        assert!(!beyond);
        // Between slices, and over the edge.
        let (voxels, beyond) = ball(Shape::new(2, 1, 3), [0.5, 0.0, 0.0], [0.5, 1.0, 1.2]);
        assert_eq!(voxels, [0, 3]);
        assert!(beyond);
        let (voxels, beyond) = ball(Shape::new(2, 2, 2), [9.0, -9.0, 0.0], [1.0; 3]);
        assert!(beyond && voxels.is_empty());
    }
}
