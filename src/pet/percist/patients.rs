//! Whose scans they are: PatientID of the files, or what a sample sheet calls the patient.

use super::sheet::Line;
use super::{Folder, Image};
use std::collections::{BTreeMap, BTreeSet};

/// What the column of a sample sheet is called that says whose a scan is; upper and lower case are alike.
const COLUMNS: [&str; 7] =
    ["patient", "subject", "participant", "participant_id", "subject_id", "sample_patient", "sample_patient_id"];

/// What the sample sheet of a run calls the patient of an image.
pub(super) fn in_sheet(image: &Line) -> Option<String> {
    COLUMNS.iter().find_map(|name| image.text_of_any_case(name)).map(str::to_string)
}

/// By what scans of one patient are known. What the user wrote in a sheet counts before PatientID, which anonymisation may have made
/// one for all, but only where both runs have it.
#[derive(Clone, Copy)]
pub(super) struct Whose {
    by_sheet: bool,
}

impl Whose {
    pub fn of(baseline: &Folder, followup: &Folder) -> Self {
        let has = |folder: &Folder| images(folder).iter().any(|i| i.sheet_patient.is_some());
        Whose { by_sheet: has(baseline) && has(followup) }
    }

    /// The patient, where one is known.
    pub fn id<'a>(&self, image: &'a Image) -> Option<&'a str> {
        image.sheet_patient.as_deref().filter(|_| self.by_sheet).or(image.patient_id.as_deref())
    }

    /// What the patient of an image is called without a pairs file.
    pub fn patient<'a>(&self, image: &'a Image) -> &'a str {
        self.id(image).unwrap_or(&image.name)
    }

    /// The images of each patient who is known.
    pub fn patients<'a>(&self, folder: &'a Folder) -> BTreeMap<&'a str, Vec<&'a Image>> {
        let mut all: BTreeMap<&str, Vec<&Image>> = BTreeMap::new();
        for image in images(folder) {
            self.id(image).into_iter().for_each(|id| all.entry(id).or_default().push(image));
        }
        all
    }
}

/// Both say whose they are, in one way: whether that is one person shows.
pub(super) fn are_known(a: &Image, b: &Image) -> bool {
    let both = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some();
    both(&a.patient_id, &b.patient_id) || both(&a.sheet_patient, &b.sheet_patient)
}

/// All that the run did not pass over.
pub(super) fn images(folder: &Folder) -> Vec<&Image> {
    folder.images.iter().filter(|i| !i.skipped).collect()
}

/// Those that count: all but what failed beside another one of the same day that did not. So a series without correction for attenuation
/// is not meant where the right one is there, but a time point that failed is none to be passed over.
pub(super) fn meant<'a>(images: &[&'a Image]) -> Vec<&'a Image> {
    let day = |i: &Image| i.when.day().map(str::to_string);
    let days: BTreeSet<String> = images.iter().filter(|i| i.visit.is_ok()).filter_map(|i| day(i)).collect();
    images.iter().copied().filter(|i| i.visit.is_ok() || !day(i).is_some_and(|d| days.contains(&d))).collect()
}
