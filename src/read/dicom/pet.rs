//! What a PET series says for SUV: facts as they stand, for `suv::convert` to judge.
//!
//! Every file of a series says most of them again. Where two files say different things of the patient, the dose, the unit or
//! the decay, the series is refused with both values; where SeriesTime or a private time differs, a note says so and that of the
//! first slice counts.

use super::File;
use super::header::Header;
use super::set::Set;
use super::slice::Slice;
use crate::pet::suv::{HeaderFacts, Identity, is_same_second};
use crate::units::Spacing;
use crate::{Error, Result};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use std::collections::{BTreeMap, BTreeSet};

/// The sets of a file that say something of all its frames: the top, then what a converted object kept aside.
struct Sets(Vec<Set>);

impl Sets {
    fn of(header: &Header, frame: usize) -> Result<Self> {
        let shared = header.set.item_of(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE)?;
        let own = header.set.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)?.into_iter().nth(frame);
        let mut sets = vec![header.set.clone()];
        for (group, tag) in [
            (shared, tags::UNASSIGNED_SHARED_CONVERTED_ATTRIBUTES_SEQUENCE),
            (own, tags::UNASSIGNED_PER_FRAME_CONVERTED_ATTRIBUTES_SEQUENCE),
        ] {
            sets.extend(group.map(|g| g.item_of(tag)).transpose()?.flatten());
        }
        Ok(Sets(sets))
    }

    fn text(&self, tag: Tag) -> Option<String> {
        self.0.iter().find_map(|s| s.text(tag))
    }

    fn number(&self, tag: Tag) -> Option<f64> {
        self.0.iter().find_map(|s| s.number(tag))
    }

    /// The set that has the element, else the top.
    fn holder(&self, tag: Tag) -> &Set {
        self.0.iter().find(|s| s.element(tag).is_some()).unwrap_or(&self.0[0])
    }

    /// What was injected.
    ///
    /// # Errors
    /// The sequence is damaged, or tells of two injections: no SUV is defined for both together.
    fn drug(&self) -> Result<Set> {
        let tag = tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE;
        let items = self.holder(tag).items(tag)?;
        for (tag, name) in ALIKE_OF_DRUG {
            let mut said = items.iter().map(|item| item.texts(tag).join(" ")).filter(|value| !value.is_empty());
            let Some(first) = said.next() else { continue };
            if let Some(other) = said.find(|value| !same(&first, value)) {
                let what = format!("two injections: {name} is {first} and {other} in the items of one sequence");
                return Err(Error::format(what).remedy("a file that tells of one injection"));
            }
        }
        Ok(items.into_iter().next().unwrap_or_else(Set::empty))
    }
}

/// What all files of a series must say alike: of the top, and of the radiopharmaceutical.
const ALIKE: [(Tag, &str); 12] = [
    (tags::SOP_CLASS_UID, "SOPClassUID (0008,0016)"),
    (tags::MODALITY, "Modality (0008,0060)"),
    (tags::TIMEZONE_OFFSET_FROM_UTC, "TimezoneOffsetFromUTC (0008,0201)"),
    (tags::PATIENT_ID, "PatientID (0010,0020)"),
    (tags::PATIENT_SEX, "PatientSex (0010,0040)"),
    (tags::PATIENT_SIZE, "PatientSize (0010,1020)"),
    (tags::PATIENT_WEIGHT, "PatientWeight (0010,1030)"),
    (tags::CORRECTED_IMAGE, "CorrectedImage (0028,0051)"),
    (tags::UNITS, "Units (0054,1001)"),
    (tags::SUV_TYPE, "SUVType (0054,1006)"),
    (tags::DECAY_CORRECTION, "DecayCorrection (0054,1102)"),
    (tags::DOSE_CALIBRATION_FACTOR, "DoseCalibrationFactor (0054,1322)"),
];
const ALIKE_OF_DRUG: [(Tag, &str); 5] = [
    (tags::RADIOPHARMACEUTICAL, "Radiopharmaceutical (0018,0031)"),
    (tags::RADIOPHARMACEUTICAL_START_TIME, "RadiopharmaceuticalStartTime (0018,1072)"),
    (tags::RADIONUCLIDE_TOTAL_DOSE, "RadionuclideTotalDose (0018,1074)"),
    (tags::RADIONUCLIDE_HALF_LIFE, "RadionuclideHalfLife (0018,1075)"),
    (tags::RADIOPHARMACEUTICAL_START_DATE_TIME, "RadiopharmaceuticalStartDateTime (0018,1078)"),
];

/// The same of private elements: factors that values are multiplied by.
const ALIKE_PRIVATE: [(PrivateBlock, u8, &str); 2] =
    [(PHILIPS, 0x00, "Philips' SUV factor (7053,1000)"), (PHILIPS, 0x09, "Philips' activity factor (7053,1009)")];
/// Private times, which are doubted where they differ.
const TIMES_PRIVATE: [(PrivateBlock, u8, &str); 2] =
    [(GE, 0x0d, "GE's scan time (0009,100D)"), (SIEMENS, 0x22, "Siemens' scan time (0071,1022)")];

/// What positions refer to.
const FRAME: &str = "FrameOfReferenceUID (0020,0052)";

/// The same text, or the same number.
fn same(a: &str, b: &str) -> bool {
    let number = |t: &str| t.parse::<f64>().ok();
    a == b || number(a).is_some() && number(a) == number(b)
}

/// Holds the files of a series against each other.
///
/// # Errors
/// Two of them say different things.
pub fn alike(files: &[File], notes: &mut Vec<String>) -> Result<()> {
    let mut first: BTreeMap<&str, (String, usize)> = BTreeMap::new();
    let mut times: BTreeSet<String> = BTreeSet::new();
    let name = |i: usize| files[i].path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut doubts: BTreeMap<&str, String> = BTreeMap::new();
    for (i, file) in files.iter().enumerate() {
        let sets = Sets(vec![file.header.set.clone()]);
        let drug = sets.drug()?;
        let top = ALIKE.iter().map(|(tag, what)| (&file.header.set, *tag, *what));
        let of_drug = ALIKE_OF_DRUG.iter().map(|(tag, what)| (&drug, *tag, *what));
        let [factors, private_times] = [ALIKE_PRIVATE, TIMES_PRIVATE].map(|list| {
            list.into_iter()
                .filter_map(|(block, number, what)| private(&sets, block, number).map(|(s, t)| (s, t, what)))
        });
        let refused = top.chain(of_drug).chain(factors).map(|said| (said, true));
        let frame = (&file.header.set, tags::FRAME_OF_REFERENCE_UID, FRAME);
        for ((set, tag, what), refuse) in refused.chain(private_times.chain([frame]).map(|said| (said, false))) {
            let value = set.texts(tag).join(" ");
            if value.is_empty() {
                continue;
            }
            let (before, j) = first.entry(what).or_insert_with(|| (value.clone(), i));
            if !same(before, &value) {
                let said = format!("{what} is {before} in {} and {value} in {}", name(*j), name(i));
                if refuse {
                    return Err(Error::format(said).remedy("files of one patient and one scan"));
                }
                doubts.entry(what).or_insert(said);
            }
        }
        times.extend(file.header.set.text(tags::SERIES_TIME));
    }
    notes.extend(doubts.into_iter().map(|(what, said)| match what {
        FRAME => format!(
            "doubtful: {said}; positions of two frames need not belong together, and the slices were joined by them"
        ),
        _ => format!("doubtful: {said}; that of the first slice counts"),
    }));
    if let (Some(a), Some(b), true) = (times.first(), times.last(), times.len() > 1) {
        notes.push(format!("SeriesTime (0008,0031) is {a} to {b} in the files; that of the first slice counts"));
    }
    Ok(())
}

/// Whose scan it is, from elements as text.
pub fn identity(text: impl Fn(Tag) -> Option<String>) -> Identity {
    Identity {
        patient_id: text(tags::PATIENT_ID),
        study_date: text(tags::STUDY_DATE),
        study_uid: text(tags::STUDY_INSTANCE_UID),
        study: text(tags::STUDY_DESCRIPTION),
        series_uid: text(tags::SERIES_INSTANCE_UID),
        series_number: text(tags::SERIES_NUMBER),
        series: text(tags::SERIES_DESCRIPTION),
    }
}

/// The facts of a series: those of its first file, and those of each slice.
///
/// # Errors
/// A sequence is damaged, or frames have different units.
pub fn facts(header: &Header, slices: &[Slice], spacing: Option<&Spacing>) -> Result<HeaderFacts> {
    let sets = Sets::of(header, slices.first().map_or(0, |s| s.frame))?;
    let (set, drug) = (&header.set, sets.drug()?);
    let meaning =
        |tag: Tag| -> Result<Option<String>> { Ok(drug.item_of(tag)?.and_then(|code| code.text(tags::CODE_MEANING))) };
    let units = slices.first().and_then(|s| s.units.clone());
    if let Some(other) = slices.iter().find(|s| s.units != units) {
        let word = |u: &Option<(String, String)>| u.as_ref().map_or("none".to_string(), |u| format!("{} {}", u.0, u.1));
        return Err(Error::format(format!(
            "slices of two units: {} and {}",
            word(&units).trim(),
            word(&other.units).trim()
        )));
    }
    let (units, suv_type) = units.unzip();
    let (decay, zero) = decay(set, &drug);
    let numbers = [
        (sets.holder(tags::PATIENT_WEIGHT), tags::PATIENT_WEIGHT, "PatientWeight (0010,1030)"),
        (sets.holder(tags::PATIENT_SIZE), tags::PATIENT_SIZE, "PatientSize (0010,1020)"),
        (&drug, tags::RADIONUCLIDE_TOTAL_DOSE, "RadionuclideTotalDose (0018,1074)"),
        (&drug, tags::RADIONUCLIDE_HALF_LIFE, "RadionuclideHalfLife (0018,1075)"),
        (set, tags::RESCALE_SLOPE, "RescaleSlope (0028,1053)"),
    ];
    let unread = |(set, tag, name): (&Set, Tag, &'static str)| {
        Some((name, set.text(tag).filter(|_| set.number(tag).is_none())?))
    };
    Ok(HeaderFacts {
        unreadable: numbers.into_iter().filter_map(unread).collect(),
        identity: identity(|tag| sets.text(tag)),
        uncorrected_attenuation: false,
        bids: false,
        units,
        suv_type: suv_type.filter(|t| !t.is_empty()),
        decay_correction: sets.text(tags::DECAY_CORRECTION).or(decay),
        corrected_image: corrections(&sets),
        manufacturer: sets.text(tags::MANUFACTURER),
        weight: sets.number(tags::PATIENT_WEIGHT),
        height: sets.number(tags::PATIENT_SIZE),
        sex: sets.text(tags::PATIENT_SEX),
        dose: drug.number(tags::RADIONUCLIDE_TOTAL_DOSE),
        half_life: drug.number(tags::RADIONUCLIDE_HALF_LIFE),
        tracer: drug.text(tags::RADIOPHARMACEUTICAL).or(meaning(tags::RADIOPHARMACEUTICAL_CODE_SEQUENCE)?),
        nuclide: meaning(tags::RADIONUCLIDE_CODE_SEQUENCE)?,
        injection_date_time: drug.text(tags::RADIOPHARMACEUTICAL_START_DATE_TIME),
        injection_time: drug.text(tags::RADIOPHARMACEUTICAL_START_TIME),
        series_date: sets.text(tags::SERIES_DATE),
        series_time: sets.text(tags::SERIES_TIME),
        decay_date_time: zero,
        timezone: sets.text(tags::TIMEZONE_OFFSET_FROM_UTC),
        ge_scan_date_time: private(&sets, GE, 0x0d).and_then(|(set, tag)| set.text(tag)),
        siemens_scan_date_time: private(&sets, SIEMENS, 0x22).and_then(|(set, tag)| set.text(tag)),
        philips_suv_factor: private(&sets, PHILIPS, 0x00).and_then(|(set, tag)| set.number(tag)),
        philips_activity_factor: private(&sets, PHILIPS, 0x09).and_then(|(set, tag)| set.number(tag)),
        dose_calibration_factor: sets.number(tags::DOSE_CALIBRATION_FACTOR),
        voxel_ml: spacing.map(|s| s.voxel_volume() / 1000.0),
        slices: slices.iter().map(|s| s.facts.clone()).collect(),
    })
}

/// A private block: its group, who owns it, and how that manufacturer's name begins.
type PrivateBlock = (u16, &'static str, &'static [&'static str]);
const GE: PrivateBlock = (0x0009, "GEMS_PETD_01", &["ge ", "gems", "general electric"]);
const SIEMENS: PrivateBlock = (0x0071, "SIEMENS MED PT", &["siemens", "cps", "cti"]);
const PHILIPS: PrivateBlock = (0x7053, "Philips PET Private Group", &["philips"]);

/// A private element, and the set that has it. Some files have lost the element that names the owner of the block; there the
/// manufacturer must say it, and the block is the first.
fn private(sets: &Sets, (group, owner, makers): PrivateBlock, number: u8) -> Option<(&Set, Tag)> {
    let maker = sets.text(tags::MANUFACTURER).unwrap_or_default().to_lowercase() + " ";
    sets.0.iter().find_map(|set| {
        let owned = set.private(group, owner, number);
        let unnamed = set.element(Tag(group, 0x0010)).is_none() && makers.iter().any(|m| maker.starts_with(m));
        let bare = Some(Tag(group, 0x1000 | u16::from(number))).filter(|tag| unnamed && set.element(*tag).is_some());
        owned.or(bare).map(|tag| (set, tag))
    })
}

/// Enhanced PET: the correction for decay, and the date-time that it refers to where that is not the injection.
fn decay(set: &Set, drug: &Set) -> (Option<String>, Option<String>) {
    match set.text(tags::DECAY_CORRECTED).as_deref() {
        Some("NO") => return (Some("NONE".into()), None),
        Some("YES") => {}
        _ => return (None, None),
    }
    let Some(zero) = set.text(tags::DECAY_CORRECTION_DATE_TIME) else { return (None, None) };
    let zone = set.text(tags::TIMEZONE_OFFSET_FROM_UTC);
    match drug.text(tags::RADIOPHARMACEUTICAL_START_DATE_TIME) {
        Some(injection) if is_same_second(&zero, &injection, zone.as_deref()) => (Some("ADMIN".into()), None),
        _ => (Some("START".into()), Some(zero)),
    }
}

/// CorrectedImage, or in enhanced PET the same words from an answer for each correction.
fn corrections(sets: &Sets) -> Vec<String> {
    let words = sets.holder(tags::CORRECTED_IMAGE).texts(tags::CORRECTED_IMAGE);
    if !words.is_empty() {
        return words;
    }
    const ANSWERS: [(Tag, &str); 5] = [
        (tags::ATTENUATION_CORRECTED, "ATTN"),
        (tags::DECAY_CORRECTED, "DECY"),
        (tags::SCATTER_CORRECTED, "SCAT"),
        (tags::DEAD_TIME_CORRECTED, "DTIM"),
        (tags::RANDOMS_CORRECTED, "RAN"),
    ];
    let yes = |tag: Tag| sets.text(tag).as_deref() == Some("YES");
    ANSWERS.iter().filter(|(tag, _)| yes(*tag)).map(|(_, word)| (*word).to_string()).collect()
}
