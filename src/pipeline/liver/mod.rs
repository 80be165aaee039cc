//! Finds a place for a reference sphere in the right lobe of the liver, on FDG PET alone.
//!
//! The liver is the one large organ that is warm, even, and on the patient's right only. The image is cut into cells of
//! about 8 mm. A cell is even if it and its neighbours (a block of 3 x 3 x 3) have a mean of SUV 1.0 to 4.5 and a
//! coefficient of variation of at most 0.2. For each level of SUV in steps of a tenth, the even cells within 30 % of it and to
//! the right of the body's middle make connected regions. A region may be liver if
//!
//! - it is 200 to 3000 ml large without its edge (the half of the organ that lies beyond the middle is not in it),
//! - at least 70 % of it has no counterpart across the middle: muscles, lungs and kidneys come in pairs,
//! - it is at least 40 % of all that is even at its level: muscles full of insulin are not.
//!
//! What would lie across the middle but outside of the image is unknown, and counts as a counterpart. Of these regions the
//! one with the most that has no counterpart wins. There is doubt, and no liver, if the body is cut off at a side (its
//! middle is not known then), or if another region elsewhere may be one as well: a large even mass. The sphere goes where
//! the region is deepest (so that at least the cells around the place are liver too), among such places to the one whose
//! sphere varies least.
//! All of it is done on the host, from exact sums of cells and spheres, so every device gives the same place.
//! Fails, rather than guesses, for livers outside of SUV 1.0 to 4.5 and on the left, and without position or SUV.

mod cells;
mod given;
mod place;
mod regions;
mod tracer;

use super::geometry::Geometry;
use crate::image::{Channel, SUV_UNIT, Scan};
use crate::{Error, Result};
use cells::Cells;
pub(super) use given::look_at;
use place::{deepest, quietest};
use regions::{Even, Region};
pub(super) use tracer::other_tracer;

/// Greatest coefficient of variation of the voxels of a sphere.
const EVEN_SPHERE: f64 = 0.35;
/// A region elsewhere with so much of what the best has without counterpart is a rival.
const RIVAL: f64 = 0.3;

/// A place for a sphere.
pub(super) struct LiverPlace {
    /// In voxels along z, y, x.
    pub centre: [f64; 3],
    /// For the user, to judge it.
    pub note: String,
}

/// Finds the liver. `radii` of the sphere are in voxels along z, y, x.
///
/// # Errors
/// The image has no place in the patient, or no SUV, or nothing in it looks like a liver.
pub(super) fn find(scan: &Scan, channel: &Channel, geometry: &Geometry, radii: [f64; 3]) -> Result<LiverPlace> {
    let remedy = "a mask of the liver (labels = FILE), or at = [x, y, z] in mm";
    let (Some(spacing), Some(patient_grid)) = (geometry.spacing, scan.patient_grid) else {
        return Err(Error::usage("the liver is looked for on the patient's right, but the image has no placement")
            .remedy(remedy));
    };
    if channel.unit != SUV_UNIT {
        return Err(Error::usage(format!("the liver is looked for by its SUV, but the image is in {}", channel.unit))
            .remedy(remedy));
    }
    let cells = Cells::new(&channel.volume, &spacing)?;
    if cells.cut_off(&patient_grid) {
        return Err(Error::usage("the liver is looked for by the patient's middle, but the body is cut off at a side")
            .remedy(remedy));
    }
    let even = Even::new(&cells, &patient_grid);
    let nothing = || {
        Error::usage("no region looks like a liver: warm (SUV 1.0 to 4.5), even, and on the patient's right only")
            .remedy(remedy)
    };
    let mut regions = even.regions(&cells)?;
    let best = regions.iter().enumerate().filter(|(_, r)| r.most).max_by_key(|(i, r)| (r.alone, usize::MAX - i));
    let best = best.map(|(i, _)| i).ok_or_else(nothing)?;
    let best = regions.swap_remove(best);
    if let Some(rival) = regions.iter().find(|r| f64::from(r.alone) >= RIVAL * f64::from(best.alone) && !r.is(&best)) {
        let place = |r: &Region| {
            let [x, y, z] = patient_grid.at(&spacing, cells.middle_of(&r.cells));
            format!("x {x:.0}, y {y:.0}, z {z:.0} mm")
        };
        let what = format!("two regions look like a liver, around {} and {}", place(&best), place(rival));
        return Err(Error::usage(what).remedy(remedy));
    }
    let region = best.cells;
    let ml = region.iter().filter(|r| **r).count() as f64 * cells.ml;
    let places = deepest(cells.shape, region).ok_or_else(nothing)?;
    let (centre, sums) = quietest(&cells, &places, &channel.volume, radii)?.ok_or_else(nothing)?;
    let scale = channel.volume.scale;
    let mean = scale.value(sums.mean().unwrap_or(0.0));
    let variation = sums.deviation().unwrap_or(0.0) * scale.factor() / mean;
    let [x, y, z] = patient_grid.at(&spacing, centre);
    let told = format!(
        "found at x {x:.0}, y {y:.0}, z {z:.0} mm: SUV {mean:.2}, variation {:.0} % in the sphere, even region of {ml:.0} ml",
        variation * 100.0
    );
    if variation.is_nan() || variation > EVEN_SPHERE {
        return Err(Error::usage(format!("{told}; too uneven for a reference")).remedy(remedy));
    }
    Ok(LiverPlace { centre, note: format!("{told} (look at it)") })
}

#[cfg(test)]
mod tests;
