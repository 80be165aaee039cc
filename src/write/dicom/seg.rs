//! Objects as a DICOM segmentation (SEG), in two ways: a bit a voxel, with a frame for each slice of each segment (binary), or the
//! number of its segment a voxel, with a frame for each slice (label map).
//!
//! PS3.3, A.51 and C.8.20; label maps came with Supplement 243. They have a segment 0 for what belongs to no object, because every
//! value of theirs is described, and PixelPaddingValue says that it is the background.

use super::frames::{Frames, Place, binary, label_map};
use super::{Found, code, decimals, item, put, reference, save, sequence, series, short};
use crate::{Error, Result};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use std::path::Path;

/// Writes them as a binary segmentation.
///
/// # Errors
/// There are none, or more than 65535; a slice has none in the series; or the system refuses.
pub fn seg(path: &Path, found: &Found) -> Result<()> {
    write(path, found, uids::SEGMENTATION_STORAGE, binary)
}

/// Writes them as a label map.
///
/// # Errors
/// As [`seg`].
pub fn labelmap(path: &Path, found: &Found) -> Result<()> {
    write(path, found, uids::LABEL_MAP_SEGMENTATION_STORAGE, label_map)
}

fn write(path: &Path, found: &Found, class: &str, frames: fn(&Found) -> Result<Frames>) -> Result<()> {
    let object = object(found, class, frames).map_err(|e| e.at(path))?;
    save(path, object)
}

fn object(found: &Found, class: &str, frames: fn(&Found) -> Result<Frames>) -> Result<InMemDicomObject> {
    let count = found.labels.count;
    let Ok(most) = u16::try_from(count) else {
        return Err(Error::limit(format!("{count} objects: a DICOM segmentation has at most 65535")));
    };
    if most == 0 {
        return Err(Error::usage("a DICOM segmentation without objects cannot be written"));
    }
    let shape = found.labels.shape;
    let (Ok(rows), Ok(columns)) = (u16::try_from(shape.y), u16::try_from(shape.x)) else {
        return Err(Error::limit(format!("{shape}: frames of DICOM have at most 65535 rows and columns")));
    };
    let frames = frames(found)?;
    let mut o = found.begin(class, "SEG", frames.mark())?;
    image(&mut o, found, &frames, [rows, columns]);
    let background = frames.is_label_map().then(background);
    let segments = (1..=most).map(|label| segment(found, label));
    sequence(&mut o, tags::SEGMENT_SEQUENCE, background.into_iter().chain(segments).collect());
    dimensions(&mut o, found, &frames)?;
    sequence(&mut o, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared(found)]);
    let each = frames.places.iter().map(|place| per_frame(found, *place)).collect::<Result<Vec<_>>>();
    sequence(&mut o, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, each?);
    sequence(&mut o, tags::REFERENCED_SERIES_SEQUENCE, series(found.source, tags::REFERENCED_INSTANCE_SEQUENCE));
    let vr = if frames.bits == 16 { VR::OW } else { VR::OB };
    o.put(DataElement::new(tags::PIXEL_DATA, vr, PrimitiveValue::U8(frames.pixels.into())));
    Ok(o)
}

fn image(o: &mut InMemDicomObject, found: &Found, frames: &Frames, [rows, columns]: [u16; 2]) {
    put(o, tags::IMAGE_TYPE, VR::CS, "DERIVED\\PRIMARY");
    put(o, tags::CONTENT_DATE, VR::DA, found.source.date.as_str());
    put(o, tags::CONTENT_TIME, VR::TM, found.source.time.as_str());
    put(o, tags::CONTENT_LABEL, VR::CS, "UPTAKE");
    put(o, tags::CONTENT_DESCRIPTION, VR::LO, short(found.set));
    put(o, tags::CONTENT_CREATOR_NAME, VR::PN, "uptake");
    put(o, tags::DEVICE_SERIAL_NUMBER, VR::LO, "0");
    put(o, tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "00");
    put(o, tags::SEGMENTATION_TYPE, VR::CS, frames.kind());
    put(o, tags::SEGMENTS_OVERLAP, VR::CS, "NO");
    put(o, tags::NUMBER_OF_FRAMES, VR::IS, frames.places.len().to_string());
    put(o, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
    let sizes = [(tags::ROWS, rows), (tags::COLUMNS, columns)];
    let words = [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::BITS_ALLOCATED, frames.bits),
        (tags::BITS_STORED, frames.bits),
        (tags::HIGH_BIT, frames.bits - 1),
        (tags::PIXEL_REPRESENTATION, 0),
    ];
    sizes.iter().chain(&words).for_each(|(tag, n)| put(o, *tag, VR::US, *n));
    if frames.is_label_map() {
        put(o, tags::PIXEL_PADDING_VALUE, VR::US, 0_u16);
    }
}

/// What belongs to no object, in a label map.
fn background() -> InMemDicomObject {
    item(|i| {
        let category = code("309825002", "SCT", "Spatial and Relational Concept");
        sequence(i, tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE, vec![category]);
        put(i, tags::SEGMENT_NUMBER, VR::US, 0_u16);
        put(i, tags::SEGMENT_LABEL, VR::LO, "Background");
        put(i, tags::SEGMENT_ALGORITHM_TYPE, VR::CS, "MANUAL");
        sequence(i, tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE, vec![code("125040", "DCM", "Background")]);
    })
}

fn segment(found: &Found, number: u16) -> InMemDicomObject {
    item(|i| {
        let category = code("49755003", "SCT", "Morphologically Abnormal Structure");
        sequence(i, tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE, vec![category]);
        put(i, tags::SEGMENT_NUMBER, VR::US, number);
        put(i, tags::SEGMENT_LABEL, VR::LO, short(&found.name(number.into())));
        put(i, tags::SEGMENT_ALGORITHM_TYPE, VR::CS, "AUTOMATIC");
        put(i, tags::SEGMENT_ALGORITHM_NAME, VR::LO, short(&format!("uptake {}", found.recipe)));
        sequence(i, tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE, vec![code("52988006", "SCT", "Lesion")]);
    })
}

/// Frames are counted by segment, if they belong to one, then by their place in the patient.
fn dimensions(o: &mut InMemDicomObject, found: &Found, frames: &Frames) -> Result<()> {
    let uid = found.uid(&format!("{} dimensions", frames.mark()))?;
    let organization = item(|i| put(i, tags::DIMENSION_ORGANIZATION_UID, VR::UI, uid.as_str()));
    sequence(o, tags::DIMENSION_ORGANIZATION_SEQUENCE, vec![organization]);
    let index = |pointer: Tag, group: Tag, label: &str| {
        item(|i| {
            put(i, tags::DIMENSION_ORGANIZATION_UID, VR::UI, uid.as_str());
            put(i, tags::DIMENSION_INDEX_POINTER, VR::AT, PrimitiveValue::Tags([pointer].as_slice().into()));
            put(i, tags::FUNCTIONAL_GROUP_POINTER, VR::AT, PrimitiveValue::Tags([group].as_slice().into()));
            put(i, tags::DIMENSION_DESCRIPTION_LABEL, VR::LO, label);
        })
    };
    let segment = index(tags::REFERENCED_SEGMENT_NUMBER, tags::SEGMENT_IDENTIFICATION_SEQUENCE, "Segment Number");
    let position = index(tags::IMAGE_POSITION_PATIENT, tags::PLANE_POSITION_SEQUENCE, "Image Position Patient");
    let indices = if frames.is_label_map() { vec![position] } else { vec![segment, position] };
    sequence(o, tags::DIMENSION_INDEX_SEQUENCE, indices);
    Ok(())
}

fn shared(found: &Found) -> InMemDicomObject {
    let mm = found.spacing.zyx.map(|v| v * found.spacing.unit.um() / 1000.0);
    let [_, column, row] = found.patient_grid.directions;
    item(|i| {
        let measures = item(|i| {
            put(i, tags::SLICE_THICKNESS, VR::DS, decimals(&mm[..1]));
            put(i, tags::SPACING_BETWEEN_SLICES, VR::DS, decimals(&mm[..1]));
            put(i, tags::PIXEL_SPACING, VR::DS, decimals(&mm[1..]));
        });
        sequence(i, tags::PIXEL_MEASURES_SEQUENCE, vec![measures]);
        let axes = decimals(&[row, column].concat());
        let orientation = item(|i| put(i, tags::IMAGE_ORIENTATION_PATIENT, VR::DS, axes));
        sequence(i, tags::PLANE_ORIENTATION_SEQUENCE, vec![orientation]);
    })
}

fn per_frame(found: &Found, Place { segment, z }: Place) -> Result<InMemDicomObject> {
    let sources = found.frames(z)?;
    let source = |frame| {
        let mut source = reference(frame);
        put(&mut source, tags::SPATIAL_LOCATIONS_PRESERVED, VR::CS, "YES");
        let purpose = code("121322", "DCM", "Source Image for Image Processing Operation");
        sequence(&mut source, tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, vec![purpose]);
        source
    };
    Ok(item(|i| {
        let derivation = item(|i| {
            sequence(i, tags::SOURCE_IMAGE_SEQUENCE, sources.into_iter().map(source).collect());
            sequence(i, tags::DERIVATION_CODE_SEQUENCE, vec![code("113076", "DCM", "Segmentation")]);
        });
        sequence(i, tags::DERIVATION_IMAGE_SEQUENCE, vec![derivation]);
        let content = item(|i| {
            let indices: Vec<u32> = segment.map(u32::from).into_iter().chain([z as u32 + 1]).collect();
            put(i, tags::DIMENSION_INDEX_VALUES, VR::UL, PrimitiveValue::U32(indices.into()));
        });
        sequence(i, tags::FRAME_CONTENT_SEQUENCE, vec![content]);
        let place = found.patient_grid.at(&found.spacing, [z as f64, 0.0, 0.0]);
        let position = item(|i| put(i, tags::IMAGE_POSITION_PATIENT, VR::DS, decimals(&place)));
        sequence(i, tags::PLANE_POSITION_SEQUENCE, vec![position]);
        if let Some(number) = segment {
            let which = item(|i| put(i, tags::REFERENCED_SEGMENT_NUMBER, VR::US, number));
            sequence(i, tags::SEGMENT_IDENTIFICATION_SEQUENCE, vec![which]);
        }
    }))
}
