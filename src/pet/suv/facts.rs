//! What is known of a PET scan before any rule is applied.

use serde::{Deserialize, Deserializer};

/// Whose scan it is, and which: as recorded, for the tables. Names of people are left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Identity {
    /// PatientID (0010,0020).
    pub patient_id: Option<String>,
    /// StudyDate (0008,0020).
    pub study_date: Option<String>,
    /// StudyInstanceUID (0020,000D).
    pub study_uid: Option<String>,
    /// StudyDescription (0008,1030).
    pub study: Option<String>,
    /// SeriesInstanceUID (0020,000E).
    pub series_uid: Option<String>,
    /// SeriesNumber (0020,0011).
    pub series_number: Option<String>,
    /// SeriesDescription (0008,103E).
    pub series: Option<String>,
}

/// What the headers say, as they say it. Times are kept as written, so that rules can judge them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeaderFacts {
    /// It comes from a BIDS sidecar: messages then name its keys, not DICOM tags.
    pub bids: bool,
    /// Whose it is.
    pub identity: Identity,
    /// Units (0054,1001).
    pub units: Option<String>,
    /// SUVType (0054,1006).
    pub suv_type: Option<String>,
    /// DecayCorrection (0054,1102).
    pub decay_correction: Option<String>,
    /// CorrectedImage (0028,0051). BIDS: `ATTN` where `AttenuationCorrection` says so; else empty.
    pub corrected_image: Vec<String>,
    /// BIDS: `AttenuationCorrection` says that there was none.
    pub uncorrected_attenuation: bool,
    /// Manufacturer (0008,0070).
    pub manufacturer: Option<String>,
    /// PatientWeight (0010,1030), kg.
    pub weight: Option<f64>,
    /// PatientSize (0010,1020), m.
    pub height: Option<f64>,
    /// PatientSex (0010,0040).
    pub sex: Option<String>,
    /// RadionuclideTotalDose (0018,1074), Bq or MBq.
    pub dose: Option<f64>,
    /// RadionuclideHalfLife (0018,1075), s.
    pub half_life: Option<f64>,
    /// Radiopharmaceutical (0018,0031) or its code's meaning.
    pub tracer: Option<String>,
    /// Radionuclide code's meaning.
    pub nuclide: Option<String>,
    /// RadiopharmaceuticalStartDateTime (0018,1078).
    pub injection_date_time: Option<String>,
    /// RadiopharmaceuticalStartTime (0018,1072).
    pub injection_time: Option<String>,
    /// SeriesDate (0008,0021).
    pub series_date: Option<String>,
    /// SeriesTime (0008,0031). BIDS: `TimeZero` plus `ImageDecayCorrectionTime`.
    pub series_time: Option<String>,
    /// DecayCorrectionDateTime (0018,9701), where values refer to it: it goes before SeriesDate and SeriesTime.
    pub decay_date_time: Option<String>,
    /// TimezoneOffsetFromUTC (0008,0201).
    pub timezone: Option<String>,
    /// GE private scan date and time (0009,100D), where the private creator is GEMS_PETD_01.
    pub ge_scan_date_time: Option<String>,
    /// Siemens private decay correction date and time (0071,1022), where the private creator is SIEMENS MED PT.
    pub siemens_scan_date_time: Option<String>,
    /// Philips private SUV scale factor (7053,1000).
    pub philips_suv_factor: Option<f64>,
    /// Philips private activity concentration factor (7053,1009).
    pub philips_activity_factor: Option<f64>,
    /// DoseCalibrationFactor (0054,1322).
    pub dose_calibration_factor: Option<f64>,
    /// Volume of a voxel, ml.
    pub voxel_ml: Option<f64>,
    /// Numbers that the headers have and that cannot be read, as `70,5`: what they are called in messages, and what is there.
    pub unreadable: Vec<(&'static str, String)>,
    /// A slice each, in the order of the volume; never empty.
    pub slices: Vec<SliceFacts>,
}

impl HeaderFacts {
    /// Why a number is not known, by what it is called in messages: it is not there, or cannot be read.
    pub(super) fn lacks(&self, name: &str) -> String {
        match self.unreadable.iter().find(|(of, _)| *of == name) {
            Some((_, text)) => format!("{name} is '{text}': no number"),
            None => format!("missing {name}"),
        }
    }
}

/// What the header of one slice says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SliceFacts {
    /// AcquisitionDate (0008,0022).
    pub acquisition_date: Option<String>,
    /// AcquisitionTime (0008,0032).
    pub acquisition_time: Option<String>,
    /// AcquisitionDateTime (0008,002A), or of a frame FrameAcquisitionDateTime (0018,9074).
    pub acquisition_date_time: Option<String>,
    /// FrameReferenceTime (0054,1300), ms.
    pub frame_reference_time: Option<f64>,
    /// ActualFrameDuration (0018,1242), ms.
    pub frame_duration: Option<f64>,
    /// DecayFactor (0054,1321): what the values were multiplied by to correct them for decay.
    pub decay_factor: Option<f64>,
    /// RescaleSlope (0028,1053).
    pub slope: Option<f64>,
    /// RescaleIntercept (0028,1052).
    pub intercept: Option<f64>,
    /// RealWorldValueSlope (0040,9225) of the unit SUVbw: SUV as the scanner works it out.
    pub suv_slope: Option<f64>,
}

/// What the user says instead of, or beside, the headers: `[suv]` of a recipe, `--set suv.KEY=VALUE`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// What the stored values are, whatever the headers say: `suv`, `none` for values as they are, or `bqml`, which
    /// stay Bq/ml unless `dose_mbq` is given too.
    pub units: Option<Units>,
    /// What a file without any facts (NIfTI without sidecar) is taken to hold.
    pub assume: Option<Units>,
    /// Injected dose, MBq.
    pub dose_mbq: Option<f64>,
    /// Weight of the patient, kg.
    pub weight_kg: Option<f64>,
    /// Height of the patient, m.
    pub height_m: Option<f64>,
    /// Sex of the patient: `M`, `F` or `O`.
    pub sex: Option<String>,
    /// Half-life, s.
    pub half_life_s: Option<f64>,
    /// Start of injection: `YYYYMMDDhhmmss`, or `hhmmss`.
    #[serde(deserialize_with = "moment")]
    pub injection: Option<String>,
    /// What the dose was corrected for decay to: `admin`, `start` or `none`.
    pub decay: Option<Decay>,
}

/// A time as people write it where no quotes are: shells eat them, spreadsheets take digits for a number, and TOML has times of
/// its own.
fn moment<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a time: YYYYMMDDhhmmss, or hhmmss for the last one before the scan")]
    enum Written {
        Text(String),
        Digits(u64),
        Toml(toml::value::Datetime),
    }
    Ok(Some(match Written::deserialize(d)? {
        Written::Text(text) => text,
        // A number has lost the nought of 093000; no time has five digits.
        Written::Digits(n @ 10_000..100_000) => format!("{n:06}"),
        Written::Digits(n) => n.to_string(),
        Written::Toml(at) => at.to_string(),
    }))
}

/// What stored values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Units {
    /// SUVbw, g/ml.
    Suv,
    /// Activity, Bq/ml.
    Bqml,
    /// Nothing to convert: values as they are.
    None,
}

/// The time that the values of the image are corrected for decay to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decay {
    /// The injection.
    Admin,
    /// The start of the scan.
    Start,
    /// Not corrected.
    None,
}
