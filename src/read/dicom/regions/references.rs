//! Which series a file of regions was drawn on.

use crate::read::dicom::set::Set;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use std::path::{Path, PathBuf};

/// A file of regions, and what it refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// The file.
    pub path: PathBuf,
    /// `RTSTRUCT` or `SEG`.
    pub modality: String,
    /// SeriesInstanceUIDs of the images that it names.
    pub series: Vec<String>,
    /// Frames of reference that its places count in.
    pub frames: Vec<String>,
}

/// What a header refers to. A damaged sequence says nothing: reading the regions tells what is wrong with it.
pub fn references(path: &Path, modality: String, set: &Set) -> Drawn {
    let mut drawn = Drawn { path: path.to_path_buf(), modality, ..Drawn::default() };
    drawn.frames.extend(set.text(tags::FRAME_OF_REFERENCE_UID));
    for frame in items(set, tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE) {
        drawn.frames.extend(frame.text(tags::FRAME_OF_REFERENCE_UID));
        let studies = items(&frame, tags::RT_REFERENCED_STUDY_SEQUENCE);
        let series = studies.iter().flat_map(|study| items(study, tags::RT_REFERENCED_SERIES_SEQUENCE));
        drawn.series.extend(series.filter_map(|s| s.text(tags::SERIES_INSTANCE_UID)));
    }
    for region in items(set, tags::STRUCTURE_SET_ROI_SEQUENCE) {
        drawn.frames.extend(region.text(tags::REFERENCED_FRAME_OF_REFERENCE_UID));
    }
    for series in items(set, tags::REFERENCED_SERIES_SEQUENCE) {
        drawn.series.extend(series.text(tags::SERIES_INSTANCE_UID));
    }
    for list in [&mut drawn.series, &mut drawn.frames] {
        list.sort();
        list.dedup();
    }
    drawn
}

fn items(set: &Set, tag: Tag) -> Vec<Set> {
    set.items(tag).unwrap_or_default()
}
