//! Balls: reference regions in healthy tissue.

use super::ball::ball;
use super::geometry::Geometry;
use super::liver;
use super::roles::Roles;
use crate::device::Device;
use crate::image::{Labels, ObjectSet, PatientGrid, Scan};
use crate::recipe::{Objects, Organ, Sphere, SphereAt};
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
            let found = liver::find(scan, image, &geometry, radii)?;
            (found.centre, vec![found.note])
        }
    };
    let (mut inside, mut beyond) = ball(scan.shape, centre, radii);
    if let Some(not_imaged) = &scan.not_imaged {
        let (not_imaged, all) = (not_imaged.voxels.host()?, inside.len());
        inside.retain(|i| not_imaged[*i] == 0);
        beyond |= inside.len() < all;
    }
    if inside.is_empty() {
        return Err(Error::usage("the sphere has no voxel in what was imaged")
            .remedy("at = [x, y, z] in mm inside the image, and a diameter of more than a voxel"));
    }
    let warnings = if beyond { vec!["the sphere reaches beyond what was imaged".into()] } else { vec![] };
    let mut voxels = vec![0; scan.shape.len()];
    inside.into_iter().for_each(|i| voxels[i] = 1);
    let labels = Labels::new(scan.shape, voxels)?;
    // What is asked of it later the host answers itself.
    labels.runs()?;
    Ok(ObjectSet { channel, warnings, notes, ..ObjectSet::on_both(labels.to(device)?, labels) })
}

/// The place in the grid (z, y, x) of patient x, y, z in mm; without a patient grid the grid lies along the patient's axes
/// and begins at the origin.
fn place(scan: &Scan, xyz: [f64; 3]) -> Result<[f64; 3]> {
    let spacing = scan.spacing.ok_or_else(|| {
        Error::usage("a sphere at a place in mm, but the image has no calibration")
            .remedy("--set spacing_um=0.65 (the size of a pixel; of a stack \"spacing_um=[2,0.65,0.65]\", along z, y and x) for microscopy, a header with the voxel size for PET")
    })?;
    Ok(scan.patient_grid.unwrap_or(PatientGrid::STRAIGHT).grid(&spacing, xyz))
}
