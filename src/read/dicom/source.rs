//! What an object that is made from a series has to say of it: patient, study, and which frame lies where.

use super::header::Header;
use super::series::Series;
use super::slice::{self, Slice};
use super::stack;
use crate::read::{Options, Source};
use crate::{Error, Result};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use std::collections::BTreeSet;

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
    /// Its frames: of several time points or gates those of the one that is read.
    pub frames: Vec<SourceFrame>,
    /// Which one, counted from 0, where there are several.
    pub time_point: Option<usize>,
}

/// A frame of the series.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceFrame {
    /// SeriesInstanceUID of its file: slices of one scan may have one each.
    pub series: String,
    /// SOPClassUID of its file.
    pub class: String,
    /// SOPInstanceUID of its file.
    pub instance: String,
    /// Its number in a file of several frames, counted from 1.
    pub number: Option<usize>,
    /// Centre of its first pixel in the patient, mm.
    pub position: [f64; 3],
}

const SERIES: &str = "SeriesInstanceUID (0020,000E)";

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

/// Looks at the headers of a series again; `time` is the time point or gate that is read, where there are several.
///
/// # Errors
/// A file cannot be read, or says neither what it is nor where it lies: nothing can refer to it.
pub fn source(series: &Series, time: Option<usize>) -> Result<DicomSource> {
    let (mut frames, mut slices) = (Vec::new(), Vec::new());
    let mut first = None;
    for (n, path) in series.files.iter().enumerate() {
        let header = Header::look(&Source::open(path)?).map_err(|e| e.at(path))?;
        for (slice, frame) in of_file(&header, n).map_err(|e| e.at(path))? {
            slices.push(slice);
            frames.push(frame);
        }
        first.get_or_insert(header);
    }
    let frame_of = |slice: &Slice| (slice.file, slice.frame);
    let all: Vec<(usize, usize)> = slices.iter().map(frame_of).collect();
    let stack = stack::order(slices, &[], &Options { time, ..Options::default() }).map_err(|e| e.at(&series.folder))?;
    let read: BTreeSet<(usize, usize)> = stack.slices.iter().map(frame_of).collect();
    let frames = frames.into_iter().zip(all).filter(|(_, place)| read.contains(place)).map(|(frame, _)| frame);
    let set = first.ok_or_else(|| Error::format("a series without files"))?.set;
    let uid = |tag: Tag, name: &str| set.text(tag).ok_or_else(|| missing(name)).map_err(|e| e.at(&series.folder));
    let copy = |&(tag, vr): &(Tag, VR)| set.bytes(tag).map(|bytes| (tag, vr, bytes.to_vec()));
    let mut copied: Vec<_> = COPIED.iter().map(|c| copy(c).unwrap_or((c.0, c.1, vec![]))).collect();
    copied.extend(OPTIONAL.iter().filter_map(copy));
    let clock = |own: Tag, study: Tag| set.text(own).or_else(|| set.text(study)).unwrap_or_default();
    Ok(DicomSource {
        copied,
        study: uid(tags::STUDY_INSTANCE_UID, "StudyInstanceUID (0020,000D)")?,
        series: uid(tags::SERIES_INSTANCE_UID, SERIES)?,
        frame_of_reference: uid(tags::FRAME_OF_REFERENCE_UID, "FrameOfReferenceUID (0020,0052)")?,
        date: clock(tags::SERIES_DATE, tags::STUDY_DATE),
        time: clock(tags::SERIES_TIME, tags::STUDY_TIME),
        frames: frames.collect(),
        time_point: time.filter(|_| stack.times > 1),
    })
}

/// The frames of a file, as slices and as what is said of them.
fn of_file(header: &Header, file: usize) -> Result<Vec<(Slice, SourceFrame)>> {
    let set = &header.set;
    let text = |tag: Tag, name: &str| set.text(tag).ok_or_else(|| missing(name));
    let (series, class, instance) = (
        text(tags::SERIES_INSTANCE_UID, SERIES)?,
        text(tags::SOP_CLASS_UID, "SOPClassUID (0008,0016)")?,
        text(tags::SOP_INSTANCE_UID, "SOPInstanceUID (0008,0018)")?,
    );
    let count = set.whole(tags::NUMBER_OF_FRAMES).and_then(|n| usize::try_from(n).ok()).unwrap_or(1);
    let slices = slice::slices(header, file, count)?;
    let several = slices.len() > 1;
    let frame = |slice: Slice| {
        let position = slice.position.ok_or_else(|| missing("ImagePositionPatient (0020,0032)"))?;
        let number = several.then_some(slice.frame + 1);
        let [series, class, instance] = [&series, &class, &instance].map(String::clone);
        Ok((slice, SourceFrame { series, class, instance, number, position }))
    };
    slices.into_iter().map(frame).collect()
}

fn missing(what: &str) -> Error {
    Error::format(format!("{what} is missing: no DICOM object can refer to the image"))
        .remedy("images as they were stored, or a recipe without dicom in [output]")
}
