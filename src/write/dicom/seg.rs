//! Objects as a DICOM segmentation (SEG): a segment each, a frame for each slice that it has voxels in.
//!
//! PS3.3, A.51 and C.8.20. The frames hold a bit a voxel, one behind the other without padding.

use super::{Found, code, decimals, instances, item, put, reference, save, sequence, short};
use crate::{Error, Result};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use std::path::Path;

/// A frame: the segment, the slice, and its runs as row, first column, and the column behind the last.
type Frame = (u32, usize, Vec<[usize; 3]>);

/// Writes them.
///
/// # Errors
/// There are none, or more than 65535; a slice has none in the series; or the system refuses.
pub fn seg(path: &Path, found: &Found) -> Result<()> {
    let count = found.labels.count;
    let Ok(most) = u16::try_from(count) else {
        return Err(Error::limit(format!("{count} objects: a DICOM segmentation has at most 65535")).at(path));
    };
    if most == 0 {
        return Err(Error::usage("a DICOM segmentation without objects cannot be written").at(path));
    }
    let frames = frames(found)?;
    let shape = found.labels.shape;
    let (Ok(rows), Ok(columns)) = (u16::try_from(shape.y), u16::try_from(shape.x)) else {
        return Err(Error::limit(format!("{shape}: frames of DICOM have at most 65535 rows and columns")).at(path));
    };
    let mut o = found.begin(uids::SEGMENTATION_STORAGE, "SEG").map_err(|e| e.at(path))?;
    image(&mut o, found, frames.len(), [rows, columns]);
    sequence(&mut o, tags::SEGMENT_SEQUENCE, (1..=most).map(|label| segment(found, label)).collect());
    dimensions(&mut o, found)?;
    sequence(&mut o, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared(found)]);
    let each = frames.iter().map(|frame| per_frame(found, frame)).collect::<Result<Vec<_>>>();
    sequence(&mut o, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, each.map_err(|e| e.at(path))?);
    let series = item(|i| {
        sequence(i, tags::REFERENCED_INSTANCE_SEQUENCE, instances(found.source));
        put(i, tags::SERIES_INSTANCE_UID, VR::UI, found.source.series.as_str());
    });
    sequence(&mut o, tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
    let bits =
        bits(found, &frames).ok_or_else(|| Error::limit("more than 4 GiB of frames: too many for DICOM").at(path))?;
    o.put(DataElement::new(tags::PIXEL_DATA, VR::OB, PrimitiveValue::U8(bits.into())));
    save(path, o)
}

fn frames(found: &Found) -> Result<Vec<Frame>> {
    let mut frames = Vec::new();
    for label in 1..=found.labels.count {
        frames.extend(found.slices(label)?.into_iter().map(|(z, runs)| (label, z, runs)));
    }
    Ok(frames)
}

fn image(o: &mut InMemDicomObject, found: &Found, frames: usize, [rows, columns]: [u16; 2]) {
    put(o, tags::IMAGE_TYPE, VR::CS, "DERIVED\\PRIMARY");
    put(o, tags::CONTENT_DATE, VR::DA, found.source.date.as_str());
    put(o, tags::CONTENT_TIME, VR::TM, found.source.time.as_str());
    put(o, tags::CONTENT_LABEL, VR::CS, "UPTAKE");
    put(o, tags::CONTENT_DESCRIPTION, VR::LO, short(found.set));
    put(o, tags::CONTENT_CREATOR_NAME, VR::PN, "uptake");
    put(o, tags::DEVICE_SERIAL_NUMBER, VR::LO, "0");
    put(o, tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "00");
    put(o, tags::SEGMENTATION_TYPE, VR::CS, "BINARY");
    put(o, tags::SEGMENTS_OVERLAP, VR::CS, "NO");
    put(o, tags::NUMBER_OF_FRAMES, VR::IS, frames.to_string());
    put(o, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
    let sizes = [(tags::ROWS, rows), (tags::COLUMNS, columns)];
    let words = [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::BITS_ALLOCATED, 1),
        (tags::BITS_STORED, 1),
        (tags::HIGH_BIT, 0),
        (tags::PIXEL_REPRESENTATION, 0),
    ];
    sizes.iter().chain(&words).for_each(|(tag, n)| put(o, *tag, VR::US, *n));
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

/// Frames are counted by segment, then by their place in the patient.
fn dimensions(o: &mut InMemDicomObject, found: &Found) -> Result<()> {
    let uid = found.uid("SEG dimensions")?;
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
    let indices = vec![
        index(tags::REFERENCED_SEGMENT_NUMBER, tags::SEGMENT_IDENTIFICATION_SEQUENCE, "Segment Number"),
        index(tags::IMAGE_POSITION_PATIENT, tags::PLANE_POSITION_SEQUENCE, "Image Position Patient"),
    ];
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

fn per_frame(found: &Found, (label, z, _): &Frame) -> Result<InMemDicomObject> {
    let sources = found.frames(*z)?;
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
            let indices = PrimitiveValue::U32([*label, *z as u32 + 1].as_slice().into());
            put(i, tags::DIMENSION_INDEX_VALUES, VR::UL, indices);
        });
        sequence(i, tags::FRAME_CONTENT_SEQUENCE, vec![content]);
        let place = found.patient_grid.at(&found.spacing, [*z as f64, 0.0, 0.0]);
        let position = item(|i| put(i, tags::IMAGE_POSITION_PATIENT, VR::DS, decimals(&place)));
        sequence(i, tags::PLANE_POSITION_SEQUENCE, vec![position]);
        let segment = item(|i| put(i, tags::REFERENCED_SEGMENT_NUMBER, VR::US, *label as u16));
        sequence(i, tags::SEGMENT_IDENTIFICATION_SEQUENCE, vec![segment]);
    }))
}

/// The frames, a bit a voxel; nothing if there are more than an element may hold.
fn bits(found: &Found, frames: &[Frame]) -> Option<Vec<u8>> {
    let [_, rows, columns] = found.labels.shape.zyx();
    let all = frames.len().checked_mul(rows * columns)?;
    let bytes = all.div_ceil(8).next_multiple_of(2);
    if bytes >= u32::MAX as usize {
        return None;
    }
    let mut bits = vec![0u8; bytes];
    for (number, (_, _, runs)) in frames.iter().enumerate() {
        for [y, begin, end] in runs {
            for i in (number * rows + y) * columns + begin..(number * rows + y) * columns + end {
                bits[i / 8] |= 1 << (i % 8);
            }
        }
    }
    Some(bits)
}
