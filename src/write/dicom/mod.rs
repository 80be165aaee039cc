//! Objects as DICOM, for viewers, archives and planning systems: segmentations (SEG) and structure sets (RTSTRUCT).
//!
//! Both refer to the series that the objects were found in: its patient, study and frame of reference go over, and each frame or
//! contour names the slice that it lies on. Little endian, with explicit VR, but for objects with a text that is too long for it.
//! UIDs follow from the series and the objects (2.25 and a hash), dates are those of the series: the same input gives the same bytes.

mod frames;
mod nested;
mod rtstruct;
mod seg;

pub use nested::{Nested, nested};
pub use rtstruct::rtstruct;
pub use seg::{labelmap, seg};

use super::draft::Draft;
use crate::image::{Labels, PatientGrid};
use crate::read::{DicomSource, SourceFrame};
use crate::units::Spacing;
use crate::{Error, Kind, Result};
use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// Objects, and where they come from.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// Name of the object set.
    pub set: &'a str,
    /// Name of the recipe.
    pub recipe: &'a str,
    /// One region a label.
    pub labels: &'a Labels,
    /// Their names by label, if they are not those of the set with a number.
    pub names: &'a [String],
    /// The series that they were found in.
    pub source: &'a DicomSource,
    /// Distances of the grid.
    pub spacing: Spacing,
    /// Where the grid lies in the patient.
    pub patient_grid: PatientGrid,
}

impl Found<'_> {
    /// Name of a region.
    fn name(&self, label: u32) -> String {
        let own = self.names.get(label as usize - 1).map(|name| ascii(name));
        own.unwrap_or_else(|| format!("{} {label}", ascii(self.set)))
    }

    /// The runs of a region by slice: row, first column, and the column behind the last one.
    fn slices(&self, label: u32) -> Result<BTreeMap<usize, Vec<[usize; 3]>>> {
        let mut slices: BTreeMap<usize, Vec<[usize; 3]>> = BTreeMap::new();
        for run in self.labels.runs()?.of(label) {
            let [z, y] = run.zy(self.labels.shape);
            slices.entry(z).or_default().push([y, run.start as usize, run.end as usize]);
        }
        Ok(slices)
    }

    /// A slice's frames in the series: those that lie where it does. Distances of slices may differ a little, and the grid has their
    /// mean: where it begins and ends with the series, slices follow each other as frames do.
    fn frames(&self, z: usize) -> Result<Vec<&SourceFrame>> {
        let near = self.spacing.zyx.iter().fold(f64::INFINITY, |a, b| a.min(*b)) * self.spacing.unit.um() / 4000.0;
        let lies_at = |frame: &SourceFrame, z: usize| {
            let here = self.patient_grid.at(&self.spacing, [z as f64, 0.0, 0.0]);
            (0..3).map(|k| (frame.position[k] - here[k]).powi(2)).sum::<f64>().sqrt() <= near
        };
        let mut frames: Vec<_> = self.source.frames.iter().collect();
        let normal = self.patient_grid.directions[0];
        let along = |frame: &SourceFrame| (0..3).map(|k| frame.position[k] * normal[k]).sum::<f64>();
        frames.sort_by(|a, b| along(a).total_cmp(&along(b)));
        let depth = self.labels.shape.z;
        match &frames[..] {
            [first, .., last] if frames.len() == depth && lies_at(first, 0) && lies_at(last, depth - 1) => {
                frames = vec![frames[z]];
            }
            _ => frames.retain(|frame| lies_at(frame, z)),
        }
        match frames.is_empty() {
            true => Err(Error::usage(format!("no slice of the series lies where slice {z} of the objects does"))
                .remedy("a recipe without dicom in [output]")),
            false => Ok(frames),
        }
    }

    /// A UID that nothing else has, and that these objects always have.
    fn uid(&self, what: &str) -> Result<String> {
        let mut hasher = Sha256::new();
        for part in [what, &self.source.series, self.set, self.recipe] {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        // The same voxels in another time point are another object.
        if let Some(time) = self.source.time_point {
            hasher.update((time as u64).to_le_bytes());
        }
        let runs = self.labels.runs()?;
        for label in 1..=self.labels.count {
            for run in runs.of(label) {
                [label, run.row, run.start, run.end].iter().for_each(|v| hasher.update(v.to_le_bytes()));
            }
        }
        let number = hasher.finalize().iter().take(16).fold(0_u128, |n, byte| n << 8 | u128::from(*byte));
        Ok(format!("2.25.{number}"))
    }

    /// What all objects have: patient, study, a series of its own, who made it. UIDs follow from `what`.
    fn begin(&self, class: &str, modality: &str, what: &str) -> Result<InMemDicomObject> {
        let (source, mut o) = (self.source, InMemDicomObject::new_empty());
        for (tag, vr, bytes) in &source.copied {
            // The bytes of numbers are written as numbers, those of all other texts as they are.
            let value = match *vr {
                VR::DS => String::from_utf8_lossy(bytes).into_owned().into(),
                _ => PrimitiveValue::U8(bytes.as_slice().into()),
            };
            o.put(DataElement::new(*tag, *vr, value));
        }
        put(&mut o, tags::SOP_CLASS_UID, VR::UI, class);
        put(&mut o, tags::SOP_INSTANCE_UID, VR::UI, self.uid(what)?);
        put(&mut o, tags::STUDY_INSTANCE_UID, VR::UI, source.study.as_str());
        put(&mut o, tags::SERIES_INSTANCE_UID, VR::UI, self.uid(&format!("{what} series"))?);
        put(&mut o, tags::MODALITY, VR::CS, modality);
        put(&mut o, tags::SERIES_NUMBER, VR::IS, "1");
        put(&mut o, tags::INSTANCE_NUMBER, VR::IS, "1");
        put(&mut o, tags::SERIES_DESCRIPTION, VR::LO, short(&format!("uptake {}: {}", self.recipe, self.set)));
        put(&mut o, tags::MANUFACTURER, VR::LO, "uptake");
        put(&mut o, tags::MANUFACTURER_MODEL_NAME, VR::LO, "uptake");
        put(&mut o, tags::SOFTWARE_VERSIONS, VR::LO, env!("CARGO_PKG_VERSION"));
        put(&mut o, tags::FRAME_OF_REFERENCE_UID, VR::UI, source.frame_of_reference.as_str());
        put(&mut o, tags::POSITION_REFERENCE_INDICATOR, VR::LO, "");
        Ok(o)
    }
}

/// Writes an object.
fn save(path: &Path, object: InMemDicomObject) -> Result<()> {
    let refused = |e: &dyn std::fmt::Display| Error::new(Kind::Internal, format!("no DICOM: {e}")).at(path);
    let is_long = has_long_text(&object);
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(if is_long { uids::IMPLICIT_VR_LITTLE_ENDIAN } else { uids::EXPLICIT_VR_LITTLE_ENDIAN })
        .implementation_class_uid("2.25.201457294083156421137908551720438813417")
        .implementation_version_name("UPTAKE");
    let file = object.with_meta(meta).map_err(|e| refused(&e))?;
    let mut bytes = Vec::new();
    file.write_all(&mut bytes).map_err(|e| refused(&e))?;
    Draft::write(path, &bytes)
}

/// Whether an object or an item of it has numbers as a text whose length explicit VR has no room for (PS3.5, 7.1.2), as those of
/// the contour of a ragged region.
fn has_long_text(object: &InMemDicomObject) -> bool {
    object.iter().any(|element| match (element.value().items(), element.value().primitive()) {
        (Some(items), _) => items.iter().any(has_long_text),
        (None, Some(value)) => element.vr() == VR::DS && value.calculate_byte_len() > LONGEST_TEXT,
        (None, None) => false,
    })
}

/// Bytes of a text in explicit VR at most: an even number below 2^16.
const LONGEST_TEXT: usize = (1 << 16) - 2;

fn put(object: &mut InMemDicomObject, tag: Tag, vr: VR, value: impl Into<PrimitiveValue>) {
    object.put(DataElement::new(tag, vr, value.into()));
}

fn sequence(object: &mut InMemDicomObject, tag: Tag, items: Vec<InMemDicomObject>) {
    object.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
}

fn item(fill: impl FnOnce(&mut InMemDicomObject)) -> InMemDicomObject {
    let mut object = InMemDicomObject::new_empty();
    fill(&mut object);
    object
}

/// A code with its scheme and meaning.
fn code(value: &str, scheme: &str, meaning: &str) -> InMemDicomObject {
    item(|i| {
        put(i, tags::CODE_VALUE, VR::SH, value);
        put(i, tags::CODING_SCHEME_DESIGNATOR, VR::SH, scheme);
        put(i, tags::CODE_MEANING, VR::LO, meaning);
    })
}

/// A reference to a frame of the series.
fn reference(frame: &SourceFrame) -> InMemDicomObject {
    item(|i| {
        put(i, tags::REFERENCED_SOP_CLASS_UID, VR::UI, frame.class.as_str());
        put(i, tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, frame.instance.as_str());
        if let Some(number) = frame.number {
            put(i, tags::REFERENCED_FRAME_NUMBER, VR::IS, number.to_string());
        }
    })
}

/// Items that refer to the series of the frames, with all of their files, each once, in a sequence `of_files`. There is one,
/// but where slices have a series each.
fn series(source: &DicomSource, of_files: Tag) -> Vec<InMemDicomObject> {
    let mut series: BTreeMap<&str, Vec<&SourceFrame>> = BTreeMap::new();
    for frame in &source.frames {
        let files = series.entry(&frame.series).or_default();
        if files.last().is_none_or(|last| last.instance != frame.instance) {
            files.push(frame);
        }
    }
    let whole = |frame: &&SourceFrame| reference(&SourceFrame { number: None, ..(*frame).clone() });
    let item = |(uid, files): (&str, Vec<&SourceFrame>)| {
        item(|i| {
            put(i, tags::SERIES_INSTANCE_UID, VR::UI, uid);
            sequence(i, of_files, files.iter().map(whole).collect());
        })
    };
    series.into_iter().map(item).collect()
}

/// Decimal numbers of at most 16 letters each.
fn decimals(values: &[f64]) -> String {
    values.iter().map(|v| decimal(*v)).collect::<Vec<_>>().join("\\")
}

fn decimal(v: f64) -> String {
    let shortest = v.to_string();
    if shortest.len() <= 16 {
        return shortest;
    }
    let rounded = (0..=15).rev().map(|digits| format!("{v:.digits$}")).find(|text| text.len() <= 16);
    rounded.filter(|_| v.abs() >= 1e-3).unwrap_or_else(|| format!("{v:.8e}"))
}

/// The letters that any character set has: the text may stand beside a patient's name in another one.
fn ascii(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_graphic() && c != '\\' || c == ' ' { c } else { '_' }).collect()
}

/// As many letters as a description may have.
fn short(text: &str) -> String {
    ascii(text).chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn decimals_have_at_most_sixteen_letters_and_lose_little() {
        for v in [0.0, 4.0728302, -1.0 / 3.0, 1e-9 / 3.0, -123456.789_012_345, 0.1 + 0.2, 4.6875, -1.234_567_890_123e-7]
        {
            let text = decimal(v);
            assert!(text.len() <= 16, "{text}");
            assert!((text.parse::<f64>().unwrap() - v).abs() <= 1e-8 * v.abs(), "{v} {text}");
        }
        assert_eq!(decimals(&[1.0, 2.5]), "1\\2.5");
    }
}
