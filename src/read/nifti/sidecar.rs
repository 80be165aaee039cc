//! The BIDS sidecar of a PET image: `name.json` beside `name.nii.gz`.
//!
//! BIDS counts seconds from `TimeZero`; they become dates and times as DICOM has them, so that one set of rules makes the
//! SUV. Names of DICOM, as dcm2niix and others write them into sidecars, are read where the BIDS names are absent. Sidecars in
//! the folders above and `participants.tsv` are not looked at.
//!
//! A fact under two names must be one fact: two weights, doses, sexes, times of injection or kinds of decay correction that
//! differ are refused with both values. A half-life that is not its nuclide's is doubted by `crate::pet::suv`.
//! Reference: <https://bids-specification.readthedocs.io/en/stable/modality-specific-files/positron-emission-tomography.html>.

use super::keys::{Sidecar, contradiction, differ};
use super::times::{moment, of_day, stamp};
use crate::image::Modality;
use crate::pet::suv::{HeaderFacts, Identity, SliceFacts};
use crate::read::Source;
use crate::{Error, Result};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// Largest sidecar that is read, in bytes.
const LARGEST: u64 = 16 << 20;

/// What a sidecar says.
#[derive(Clone, Debug)]
pub struct Said {
    /// What made the image.
    pub modality: Modality,
    /// The same in the words of the sidecar.
    pub modality_text: Option<String>,
    /// For the rules of SUV.
    pub facts: HeaderFacts,
    /// What the stored values are multiplied with to be in the unit of the facts: 1000 for kBq/mL.
    pub per_unit: f64,
    /// What the user should know.
    pub notes: Vec<String>,
    /// Name of the sidecar.
    pub source: Option<String>,
}

impl Said {
    /// Nothing but what made the image.
    pub fn new(modality: Modality) -> Self {
        Said {
            modality,
            modality_text: None,
            facts: HeaderFacts::default(),
            per_unit: 1.0,
            notes: vec![],
            source: None,
        }
    }
}

/// Where the sidecar of an image would be.
pub fn path(image: &Path) -> PathBuf {
    image.with_file_name(super::stem(image) + ".json")
}

/// Reads the sidecar of an image for one of its time points, if there is one.
///
/// # Errors
/// It is no JSON object, or a number or a time in it cannot be.
pub fn read(image: &Path, time: usize, times: usize) -> Result<Option<Said>> {
    let path = path(image);
    let Some(keys) = keys(&path)? else { return Ok(None) };
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
    let said = Sidecar { keys: &keys, time, times }.said().map_err(|e| e.at(&path))?;
    Ok(Some(Said { source: name, ..said }))
}

/// Whose scan an image is, as far as its sidecar can be read.
pub fn identity(image: &Path) -> Option<Identity> {
    let keys = keys(&path(image)).ok()??;
    Some(Sidecar { keys: &keys, time: 0, times: 1 }.identity())
}

/// The keys of a sidecar, if the file is there.
fn keys(path: &Path) -> Result<Option<Map<String, Value>>> {
    if !path.exists() {
        return Ok(None);
    }
    let source = Source::open(path).map_err(|e| e.at(path))?;
    if source.len() > LARGEST {
        return Err(Error::limit("a sidecar of more than 16 MiB").at(path));
    }
    let text = source.read(0, source.len()).map_err(|e| e.at(path))?;
    let json: Value = serde_json::from_slice(text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&text))
        .map_err(|e| Error::format(format!("not JSON: {e}")).needed_for("the facts beside the image").at(path))?;
    match json {
        Value::Object(keys) => Ok(Some(keys)),
        _ => Err(Error::format("not a sidecar: no keys and values").at(path)),
    }
}

impl Sidecar<'_> {
    fn said(&self) -> Result<Said> {
        let mut said = Said { modality_text: self.modality_text(), ..Said::new(self.modality()) };
        if said.modality != Modality::Pet {
            return Ok(said);
        }
        let f = &mut said.facts;
        f.bids = true;
        (f.units, f.suv_type, said.per_unit) = self.units();
        f.manufacturer = self.text(&["Manufacturer"]);
        f.weight = self.number(&["BodyWeight", "PatientWeight", "Weight"])?;
        // Nobody is 3 m tall: beyond it, it is centimetres.
        let metres = |h: f64| if h > 3.0 { h / 100.0 } else { h };
        f.height = self.agreed(&["BodyHeight", "PatientSize", "Height"], metres)?;
        f.sex = self.sex()?;
        f.identity = self.identity();
        f.dose = self.dose()?;
        f.tracer = self.text(&["TracerName", "Radiopharmaceutical"]);
        f.nuclide = self.text(&["TracerRadionuclide", "Radionuclide", "TracerRadionuclideCode"]);
        // Without it, the rules take that of the nuclide.
        f.half_life = self.number(&["RadionuclideHalfLife"])?;
        f.dose_calibration_factor = self.number(&["DoseCalibrationFactor"])?;
        f.corrected_image = self.corrections();
        f.uncorrected_attenuation = self.attenuation() == Some(false);
        f.timezone = self.text(&["TimezoneOffsetFromUTC"]);
        let mut slice = SliceFacts { slope: Some(1.0), intercept: Some(0.0), ..SliceFacts::default() };
        slice.frame_duration = match self.number(&["FrameDuration"])? {
            Some(seconds) => Some(seconds * 1000.0),
            None => self.number(&["ActualFrameDuration"])?,
        };
        if self.keys.contains_key("InjectionStart") {
            self.relative_times(&mut said, &mut slice)?;
        } else {
            self.clock_times(&mut said.facts, &mut slice)?;
        }
        said.facts.slices = vec![slice];
        let uncorrected = said.facts.decay_correction.as_deref() == Some("NONE");
        for misfit in self.misfits() {
            if uncorrected {
                return Err(Error::format(misfit)
                    .needed_for("values that are not corrected for decay")
                    .remedy("a sidecar with one value for each time point"));
            }
            said.notes.push(format!("doubtful: {misfit}"));
        }
        Ok(said)
    }

    fn identity(&self) -> Identity {
        Identity {
            patient_id: self.text(&["PatientID"]),
            study_date: self.text(&["StudyDate"]),
            study_uid: self.text(&["StudyInstanceUID"]),
            study: self.text(&["StudyDescription"]),
            series_uid: self.text(&["SeriesInstanceUID"]),
            series_number: self.text(&["SeriesNumber"]),
            series: self.text(&["SeriesDescription"]),
        }
    }

    fn modality_text(&self) -> Option<String> {
        self.text(&["Modality", "modality"])
    }

    fn modality(&self) -> Modality {
        const PET: &[&str] = &["TracerRadionuclide", "InjectedRadioactivity", "TracerName", "RadionuclideTotalDose"];
        match self.modality_text().map(|m| m.to_uppercase()).as_deref() {
            Some("PT" | "PET" | "POSITRON EMISSION TOMOGRAPHY") => Modality::Pet,
            Some(_) => Modality::Other,
            None if PET.iter().any(|k| self.keys.contains_key(*k)) => Modality::Pet,
            None => Modality::Unknown,
        }
    }

    /// Units and kind of SUV as DICOM has them, and what brings the values to that unit. Others stay as they are written.
    fn units(&self) -> (Option<String>, Option<String>, f64) {
        let Some(units) = self.text(&["Units"]) else { return (None, None, 1.0) };
        let plain: String = units.to_lowercase().chars().filter(|c| c.is_ascii_alphanumeric() || *c == 'µ').collect();
        let per = |factor| (Some("BQML".to_string()), None, factor);
        let suv = |kind: Option<&str>| (Some("GML".to_string()), kind.map(str::to_string), 1.0);
        match plain.as_str() {
            "bqml" | "bqcc" | "becquerelml" | "bqcm3" => per(1.0),
            "kbqml" | "kbqcc" | "bqul" | "bqmm3" => per(1e3),
            "mbqml" | "mbqcc" => per(1e6),
            "ncml" | "ncicc" | "nciml" => per(37.0),
            "ucicc" | "uciml" | "µcicc" | "µciml" => per(37e3),
            "gml" => suv(self.text(&["SUVType"]).as_deref()),
            "suv" | "suvbw" => suv(Some("BW")),
            "sul" | "suvlbm" => suv(Some("LBM")),
            "cm2ml" | "suvbsa" => (Some("CM2ML".into()), Some("BSA".into()), 1.0),
            "cnts" | "counts" => (Some("CNTS".into()), None, 1.0),
            "cps" => (Some("CPS".into()), None, 1.0),
            "propcnts" => (Some("PROPCNTS".into()), None, 1.0),
            "propcps" => (Some("PROPCPS".into()), None, 1.0),
            _ => (Some(units), None, 1.0),
        }
    }

    fn sex(&self) -> Result<Option<String>> {
        let letter = |name: &'static str| Some((name, self.text(&[name])?.chars().next()?.to_uppercase().to_string()));
        let all: Vec<(&str, String)> = ["Sex", "PatientSex", "sex"].into_iter().filter_map(letter).collect();
        match (all.first(), all.iter().find(|(_, s)| Some(s) != all.first().map(|f| &f.1))) {
            (Some((a, x)), Some((b, y))) => Err(contradiction(&format!("{a} = {x}"), &format!("{b} = {y}"))),
            (first, _) => Ok(first.map(|f| f.1.clone())),
        }
    }

    /// Injected activity in Bq; as it stands where no unit is given.
    fn dose(&self) -> Result<Option<f64>> {
        let (bids, dicom) = (self.bids_dose()?, self.number(&["RadionuclideTotalDose"])?);
        let (Some(a), Some(b)) = (bids, dicom) else { return Ok(bids.or(dicom)) };
        // Either may be in Bq or in MBq.
        if [1.0, 1e6, 1e-6].iter().all(|factor| differ(a, b * factor)) {
            return Err(contradiction(
                &format!("InjectedRadioactivity is {a} Bq"),
                &format!("RadionuclideTotalDose is {b}"),
            ));
        }
        Ok(Some(a))
    }

    fn bids_dose(&self) -> Result<Option<f64>> {
        let Some(dose) = self.number(&["InjectedRadioactivity"])? else { return Ok(None) };
        let Some(unit) = self.text(&["InjectedRadioactivityUnits"]) else { return Ok(Some(dose)) };
        // M is mega; m of mCi is milli: case tells.
        let factor = match unit.as_str() {
            "Bq" | "bq" | "BQ" | "becquerel" => 1.0,
            "kBq" | "KBq" | "kbq" => 1e3,
            "MBq" | "Mbq" | "mbq" | "MBQ" | "megabecquerel" => 1e6,
            "GBq" | "Gbq" | "gbq" => 1e9,
            "mCi" | "mci" => 37e6,
            "uCi" | "µCi" | "μCi" => 37e3,
            _ => {
                return Err(Error::format(format!("InjectedRadioactivityUnits = \"{unit}\": not a unit of activity"))
                    .remedy("MBq, kBq, Bq or mCi"));
            }
        };
        Ok(Some(dose * factor))
    }

    /// Whether the image was corrected for attenuation, if the file says so.
    fn attenuation(&self) -> Option<bool> {
        let method = self.text(&["AttenuationCorrection", "AttenuationCorrectionMethod"])?;
        Some(!["none", "no", "false", "nac"].iter().any(|n| method.eq_ignore_ascii_case(n)))
    }

    /// Codes of DICOM for the corrections that are known to be made.
    fn corrections(&self) -> Vec<String> {
        if let Some(Value::Array(list)) = self.keys.get("CorrectedImage") {
            return list.iter().filter_map(|v| v.as_str().map(str::to_string)).collect();
        }
        let mut made = Vec::new();
        if self.attenuation() == Some(true) {
            made.push("ATTN".to_string());
        }
        if self.keys.get("ImageDecayCorrected").and_then(Value::as_bool) == Some(true) {
            made.push("DECY".to_string());
        }
        made
    }

    /// Seconds from `TimeZero`, as BIDS has them.
    fn relative_times(&self, said: &mut Said, slice: &mut SliceFacts) -> Result<()> {
        let zero = match self.text(&["TimeZero"]) {
            Some(text) => {
                of_day(&text).ok_or_else(|| Error::format(format!("TimeZero = \"{text}\": not a time hh:mm:ss")))?
            }
            // Only distances count.
            None => 12.0 * 3600.0,
        };
        let injection = self.number(&["InjectionStart"])?.unwrap_or(0.0);
        if let Some(text) = self.text(&["RadiopharmaceuticalStartTime"]).filter(|_| self.keys.contains_key("TimeZero"))
            && let Some(other) = of_day(&text)
        {
            let apart = (zero + injection - other).rem_euclid(86_400.0);
            if apart.min(86_400.0 - apart) > 60.0 {
                return Err(contradiction(
                    &format!("InjectionStart is {injection} s from TimeZero"),
                    &format!("RadiopharmaceuticalStartTime is {text}"),
                ));
            }
        }
        let frame = self.number(&["FrameTimesStart"])?;
        let first = match self.keys.get("FrameTimesStart") {
            Some(Value::Array(list)) => list.first().and_then(Value::as_f64),
            _ => frame,
        };
        let acquired = match (self.number(&["ScanStart"])?, frame, first) {
            // Before the scan there is no frame: these count from its start.
            (Some(scan), Some(frame), Some(first)) if first < scan - 1.0 => {
                said.notes.push("FrameTimesStart begins before ScanStart and was taken to count from it".into());
                Some(scan + frame)
            }
            (_, Some(frame), _) => Some(frame),
            (scan, None, _) => scan,
        };
        let facts = &mut said.facts;
        let start = moment(zero + injection)?;
        facts.injection_date_time = Some(start.date + &start.time);
        let corrected = self.keys.get("ImageDecayCorrected").and_then(Value::as_bool);
        let reference = self.number(&["ImageDecayCorrectionTime"])?;
        let at_injection = |t: f64| (t - injection).abs() < 0.5;
        facts.decay_correction = match (corrected, reference) {
            (Some(false), _) => Some("NONE".into()),
            (Some(true), Some(t)) if at_injection(t) => Some("ADMIN".into()),
            (Some(true), Some(_)) => Some("START".into()),
            _ => self.text(&["DecayCorrection"]),
        };
        if let (Some(bids), Some(dicom)) = (&facts.decay_correction, self.text(&["DecayCorrection"]))
            && !bids.eq_ignore_ascii_case(&dicom)
        {
            let what = format!("ImageDecayCorrected and ImageDecayCorrectionTime say {bids}");
            return Err(contradiction(&what, &format!("DecayCorrection is {dicom}")));
        }
        if let Some(t) = acquired.or(reference) {
            let acquired = moment(zero + t)?;
            (slice.acquisition_date, slice.acquisition_time) = (Some(acquired.date), Some(acquired.time));
        }
        if let Some(t) = reference.filter(|t| corrected == Some(true) && !at_injection(*t)).or(acquired) {
            let series = moment(zero + t)?;
            (facts.series_date, facts.series_time) = (Some(series.date), Some(series.time));
        }
        Ok(())
    }

    /// Dates and times of day under the names of DICOM.
    fn clock_times(&self, facts: &mut HeaderFacts, slice: &mut SliceFacts) -> Result<()> {
        let digits = |names: &[&str]| {
            let keep = |t: String| t.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect::<String>();
            self.text(names).map(keep).filter(|t| !t.is_empty())
        };
        facts.decay_correction = self.text(&["DecayCorrection"]);
        let stamp = |name| self.text(&[name]).and_then(|text| stamp(&text));
        facts.injection_date_time = stamp("RadiopharmaceuticalStartDateTime");
        facts.injection_time = digits(&["RadiopharmaceuticalStartTime"]);
        facts.series_date = digits(&["SeriesDate"]);
        facts.series_time = digits(&["SeriesTime"]);
        slice.acquisition_date = digits(&["AcquisitionDate"]);
        slice.acquisition_time = digits(&["AcquisitionTime"]);
        slice.acquisition_date_time = stamp("AcquisitionDateTime");
        slice.frame_reference_time = self.number(&["FrameReferenceTime"])?;
        Ok(())
    }
}
