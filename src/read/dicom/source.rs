//! What an object that is made from a series has to say of it: patient, study, and which frame lies where.

use super::header::Header;
use super::series::Series;
use super::slice;
use crate::read::Source;
use crate::{Error, Result};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

/// A series that regions are found in, as objects made from it refer to it.
#[derive(Clone, Debug, PartialEq)]
pub struct DicomSource {
    /// Patient and study, byte for byte: what viewers file an object by.
    pub copied: Vec<(Tag, VR, Vec<u8>)>,
    /// StudyInstanceUID.
    pub study: String,
    /// SeriesInstanceUID.
    pub series: String,
    /// FrameOfReferenceUID.
    pub frame_of_reference: String,
    /// Date and time of the series, or of the study: objects made from it are dated like it.
    pub date: String,
    /// See `date`.
    pub time: String,
    /// Its frames.
    pub frames: Vec<SourceFrame>,
}

/// A frame of the series.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceFrame {
    /// SOPClassUID of its file.
    pub class: String,
    /// SOPInstanceUID of its file.
    pub instance: String,
    /// Its number in a file of several frames, counted from 1.
    pub number: Option<usize>,
    /// Centre of its first pixel in the patient, mm.
    pub position: [f64; 3],
}

/// What of patient and study goes over. All of it must stand in an object, even if it is empty.
const COPIED: &[(Tag, VR)] = &[
    (tags::PATIENT_NAME, VR::PN),
    (tags::PATIENT_ID, VR::LO),
    (tags::PATIENT_BIRTH_DATE, VR::DA),
    (tags::PATIENT_SEX, VR::CS),
    (tags::STUDY_DATE, VR::DA),
    (tags::STUDY_TIME, VR::TM),
    (tags::REFERRING_PHYSICIAN_NAME, VR::PN),
    (tags::STUDY_ID, VR::SH),
    (tags::ACCESSION_NUMBER, VR::SH),
];

/// The same, where the series has it.
const OPTIONAL: &[(Tag, VR)] = &[
    (tags::SPECIFIC_CHARACTER_SET, VR::CS),
    (tags::PATIENT_AGE, VR::AS),
    (tags::PATIENT_SIZE, VR::DS),
    (tags::PATIENT_WEIGHT, VR::DS),
    (tags::STUDY_DESCRIPTION, VR::LO),
];

/// Looks at the headers of a series again.
///
/// # Errors
/// A file cannot be read, or says neither what it is nor where it lies: nothing can refer to it.
pub fn source(series: &Series) -> Result<DicomSource> {
    let mut frames = Vec::new();
    let mut first = None;
    for path in &series.files {
        let header = Header::look(&Source::open(path)?).map_err(|e| e.at(path))?;
        frames.extend(of_file(&header).map_err(|e| e.at(path))?);
        first.get_or_insert(header);
    }
    let set = first.ok_or_else(|| Error::format("a series without files"))?.set;
    let uid = |tag: Tag, name: &str| set.text(tag).ok_or_else(|| missing(name)).map_err(|e| e.at(&series.folder));
    let copy = |&(tag, vr): &(Tag, VR)| set.bytes(tag).map(|bytes| (tag, vr, bytes.to_vec()));
    let mut copied: Vec<_> = COPIED.iter().map(|c| copy(c).unwrap_or((c.0, c.1, vec![]))).collect();
    copied.extend(OPTIONAL.iter().filter_map(copy));
    let clock = |own: Tag, study: Tag| set.text(own).or_else(|| set.text(study)).unwrap_or_default();
    Ok(DicomSource {
        copied,
        study: uid(tags::STUDY_INSTANCE_UID, "StudyInstanceUID (0020,000D)")?,
        series: uid(tags::SERIES_INSTANCE_UID, "SeriesInstanceUID (0020,000E)")?,
        frame_of_reference: uid(tags::FRAME_OF_REFERENCE_UID, "FrameOfReferenceUID (0020,0052)")?,
        date: clock(tags::SERIES_DATE, tags::STUDY_DATE),
        time: clock(tags::SERIES_TIME, tags::STUDY_TIME),
        frames,
    })
}

fn of_file(header: &Header) -> Result<Vec<SourceFrame>> {
    let set = &header.set;
    let text = |tag: Tag, name: &str| set.text(tag).ok_or_else(|| missing(name));
    let (class, instance) = (
        text(tags::SOP_CLASS_UID, "SOPClassUID (0008,0016)")?,
        text(tags::SOP_INSTANCE_UID, "SOPInstanceUID (0008,0018)")?,
    );
    let count = set.whole(tags::NUMBER_OF_FRAMES).and_then(|n| usize::try_from(n).ok()).unwrap_or(1);
    let slices = slice::slices(header, 0, count)?;
    let several = slices.len() > 1;
    let frame = |slice: slice::Slice| {
        let position = slice.position.ok_or_else(|| missing("ImagePositionPatient (0020,0032)"))?;
        let number = several.then_some(slice.frame + 1);
        Ok(SourceFrame { class: class.clone(), instance: instance.clone(), number, position })
    };
    slices.into_iter().map(frame).collect()
}

fn missing(what: &str) -> Error {
    Error::format(format!("{what} is missing: no DICOM object can refer to the image"))
        .remedy("images as they were stored, or a recipe without dicom in [output]")
}
