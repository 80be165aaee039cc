//! Objects as a DICOM structure set (RTSTRUCT): a region each, with closed contours in each slice.
//!
//! PS3.3, A.19. Contours run along the edges of voxels, so that exactly the centres of the object's voxels lie inside of them.
//! They may go through the centres of the outermost voxels in place of that.
//! Holes are contours of their own: what lies inside of two contours is outside of the region (the exclusive or that planning
//! systems use). Corners lie in the plane of the slice, in mm.

use super::super::contour::{outlines, through_centres};
use super::{Found, decimals, item, put, reference, save, sequence, series, short};
use crate::recipe::Contours;
use crate::{Error, Result};
use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use std::path::Path;

/// Colours of regions: red, green, blue.
const COLOURS: [[u8; 3]; 6] =
    [[230, 60, 60], [60, 180, 75], [70, 120, 230], [245, 180, 40], [170, 70, 200], [60, 200, 210]];

/// Writes them.
///
/// # Errors
/// There are none, a slice has none in the series, or the system refuses.
pub fn rtstruct(path: &Path, found: &Found, contours: Contours) -> Result<()> {
    let count = found.labels.count;
    if count == 0 {
        return Err(Error::usage("a structure set without objects cannot be written").at(path));
    }
    let source = found.source;
    let mut o = found.begin(uids::RT_STRUCTURE_SET_STORAGE, "RTSTRUCT", "RTSTRUCT")?;
    put(&mut o, tags::OPERATORS_NAME, VR::PN, "");
    put(&mut o, tags::STRUCTURE_SET_LABEL, VR::SH, "UPTAKE");
    put(&mut o, tags::STRUCTURE_SET_NAME, VR::LO, short(found.set));
    put(&mut o, tags::STRUCTURE_SET_DATE, VR::DA, source.date.as_str());
    put(&mut o, tags::STRUCTURE_SET_TIME, VR::TM, source.time.as_str());
    put(&mut o, tags::APPROVAL_STATUS, VR::CS, "UNAPPROVED");
    sequence(&mut o, tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE, vec![drawn_on(found)]);
    sequence(&mut o, tags::STRUCTURE_SET_ROI_SEQUENCE, (1..=count).map(|label| named(found, label)).collect());
    let drawn = (1..=count).map(|label| drawn(found, label, contours)).collect::<Result<Vec<_>>>();
    sequence(&mut o, tags::ROI_CONTOUR_SEQUENCE, drawn.map_err(|e| e.at(path))?);
    sequence(&mut o, tags::RTROI_OBSERVATIONS_SEQUENCE, (1..=count).map(observed).collect());
    save(path, o)
}

/// The series.
fn drawn_on(found: &Found) -> InMemDicomObject {
    let source = found.source;
    let study = item(|i| {
        put(i, tags::REFERENCED_SOP_CLASS_UID, VR::UI, STUDY);
        put(i, tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, source.study.as_str());
        sequence(i, tags::RT_REFERENCED_SERIES_SEQUENCE, series(source, tags::CONTOUR_IMAGE_SEQUENCE));
    });
    item(|i| {
        put(i, tags::FRAME_OF_REFERENCE_UID, VR::UI, source.frame_of_reference.as_str());
        sequence(i, tags::RT_REFERENCED_STUDY_SEQUENCE, vec![study]);
    })
}

/// The class of a study (PS3.3, C.8.8.5.4).
const STUDY: &str = "1.2.840.10008.3.1.2.3.1";

fn named(found: &Found, label: u32) -> InMemDicomObject {
    item(|i| {
        put(i, tags::ROI_NUMBER, VR::IS, label.to_string());
        put(i, tags::REFERENCED_FRAME_OF_REFERENCE_UID, VR::UI, found.source.frame_of_reference.as_str());
        put(i, tags::ROI_NAME, VR::LO, short(&found.name(label)));
        put(i, tags::ROI_GENERATION_ALGORITHM, VR::CS, "AUTOMATIC");
        put(i, tags::ROI_GENERATION_DESCRIPTION, VR::LO, short(&format!("uptake {}", found.recipe)));
    })
}

fn observed(label: u32) -> InMemDicomObject {
    item(|i| {
        put(i, tags::OBSERVATION_NUMBER, VR::IS, label.to_string());
        put(i, tags::REFERENCED_ROI_NUMBER, VR::IS, label.to_string());
        put(i, tags::RTROI_INTERPRETED_TYPE, VR::CS, "");
        put(i, tags::ROI_INTERPRETER, VR::PN, "");
    })
}

fn drawn(found: &Found, label: u32, run: Contours) -> Result<InMemDicomObject> {
    let mut contours = Vec::new();
    for (z, runs) in &found.slices(label)? {
        let images = found.frames(*z)?;
        for line in outlines(runs) {
            let images = images.iter().map(|frame| reference(frame)).collect();
            // Voxel centres are whole numbers, their corners lie between.
            let place = |[y, x]: [usize; 2], off: f64| {
                found.patient_grid.at(&found.spacing, [*z as f64, y as f64 - off, x as f64 - off])
            };
            let places: Vec<[f64; 3]> = match run {
                Contours::Edges => line.iter().map(|corner| place(*corner, 0.5)).collect(),
                Contours::Centres => through_centres(&line).into_iter().map(|centre| place(centre, 0.0)).collect(),
            };
            contours.push(contour(&places, images));
        }
    }
    Ok(item(|i| {
        let colour = COLOURS[(label as usize - 1) % COLOURS.len()].map(|c| c.to_string()).join("\\");
        put(i, tags::ROI_DISPLAY_COLOR, VR::IS, colour);
        contours.iter_mut().enumerate().for_each(|(n, c)| put(c, tags::CONTOUR_NUMBER, VR::IS, (n + 1).to_string()));
        sequence(i, tags::CONTOUR_SEQUENCE, contours);
        put(i, tags::REFERENCED_ROI_NUMBER, VR::IS, label.to_string());
    }))
}

fn contour(places: &[[f64; 3]], images: Vec<InMemDicomObject>) -> InMemDicomObject {
    item(|i| {
        sequence(i, tags::CONTOUR_IMAGE_SEQUENCE, images);
        put(i, tags::CONTOUR_GEOMETRIC_TYPE, VR::CS, if places.len() == 1 { "POINT" } else { "CLOSED_PLANAR" });
        put(i, tags::NUMBER_OF_CONTOUR_POINTS, VR::IS, places.len().to_string());
        put(i, tags::CONTOUR_DATA, VR::DS, decimals(&places.concat()));
    })
}
