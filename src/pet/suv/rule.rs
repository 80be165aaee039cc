//! From the unit of the stored values to SUVbw, in g/ml. `v` is the stored value times the slope of its slice.
//!
//! - `BQML`: `v W / D`, W the weight in g, D the dose in Bq at the time that the values refer to.
//! - `GML`: SUV already. `SUVType` empty or `BW`: `v W / R`, R the weight that the scanner had. `LBM` (James with 120, as Morgan printed it), `LBMJAMES128`,
//!   `LBMJANMA`, `IBW`: `v W / F`, F that mass of the patient as the scanner knew him.
//! - `CM2ML`: by body surface, of the same: `v W / (10^4 BSA)`.
//! - `CNTS`: by Philips' factor (7053,1000), `v f W / R`; else its factor (7053,1009) makes Bq/ml.
//! - `CPS`: Bq/ml is `v` over the volume of a voxel in ml where DCAL is among the corrections, else `v` times
//!   DoseCalibrationFactor.
//!
//! All else is refused, and so are values that are not corrected for attenuation.

use super::Decay;
use super::body::{Body, ideal_weight, lbm_james, lbm_janmahasatian, surface};
use super::decay::{Decayed, decayed};
use super::known::Known;
use super::names;
use super::reference::WARN;
use super::scanner::{patient, weight_ratio};
use crate::{Error, Result};

/// What a rule gave.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// For the audit row.
    pub rule: String,
    /// For each slice: SUVbw of a value (after the slope) of 1.
    pub factors: Vec<f64>,
    /// Where the dose was used.
    pub decayed: Option<Decayed>,
    /// Philips: SUV by the activity factor relative to SUV by the SUV factor.
    pub activity_ratio: Option<f64>,
}

impl Outcome {
    /// Half-life and times have a part in SUV.
    pub fn is_timed(&self) -> bool {
        self.decayed.as_ref().is_some_and(|d| d.decay != Decay::Admin)
    }
}

impl Known<'_> {
    /// One factor for all slices.
    fn constant(&self, rule: String, factor: f64) -> Outcome {
        Outcome { rule, factors: vec![factor; self.facts.slices.len()], decayed: None, activity_ratio: None }
    }
}

/// The values are what the user says: nothing to convert.
pub fn as_said(known: &Known, who: &str, what: &str) -> Outcome {
    known.constant(format!("{what} by {who}"), 1.0)
}

/// SUVbw from values in that unit of DICOM.
///
/// # Errors
/// The unit cannot become SUV, or a fact that it needs is missing; the fact is named.
pub fn apply(known: &Known, units: &str, notes: &mut Vec<String>) -> Result<Outcome> {
    attenuation(known, notes)?;
    match units {
        "BQML" => activity(known, "BQML".into(), 1.0, notes),
        "GML" => normalised(known, notes),
        "CM2ML" => by_surface(known, notes),
        "CNTS" => counts(known, notes),
        "CPS" => rates(known, notes),
        other => Err(Error::unsupported(format!("{} is '{other}'", names::UNITS.of(known.facts.bids)))
            .needed_for("SUVbw: only BQML, GML, CM2ML, Philips CNTS and CPS can become SUV")
            .remedy("--set suv.units=none")),
    }
}

fn attenuation(known: &Known, notes: &mut Vec<String>) -> Result<()> {
    let bids = known.facts.bids;
    let name = names::CORRECTED.of(bids);
    if known.corrected("ATTN") {
        return Ok(());
    }
    if bids && !known.facts.uncorrected_attenuation {
        notes.push(format!("{name} is not stated: the values are taken as corrected for attenuation"));
        return Ok(());
    }
    Err(Error::unsupported(format!(
        "{name} {}: not corrected for attenuation",
        if bids { "says none" } else { "lacks ATTN" }
    ))
    .needed_for("SUVbw")
    .remedy("--set suv.units=none for the values as they are"))
}

/// SUVbw from values of which `scale` Bq/ml are one.
pub fn activity(known: &Known, rule: String, scale: f64, notes: &mut Vec<String>) -> Result<Outcome> {
    let (weight, dose) = (known.weight()?, known.dose()?);
    let decayed = decayed(known, notes)?;
    let factors = decayed.growth.iter().map(|g| scale * weight * 1000.0 / dose * g).collect();
    Ok(Outcome { rule, factors, decayed: Some(decayed), activity_ratio: None })
}

fn normalised(known: &Known, notes: &mut Vec<String>) -> Result<Outcome> {
    let name = names::SUV_TYPE.of(known.facts.bids);
    let kind = known.facts.suv_type.as_deref().unwrap_or("").trim().to_ascii_uppercase();
    if matches!(kind.as_str(), "" | "BW") {
        return Ok(known.constant("GML BW".into(), weight_ratio(known, notes)));
    }
    if !matches!(kind.as_str(), "LBM" | "LBMJAMES128" | "LBMJANMA" | "IBW") {
        return Err(Error::unsupported(format!("{name} is '{kind}' where the unit is GML"))
            .needed_for("SUVbw")
            .remedy("--set suv.units=suv if the values are SUVbw"));
    }
    let (weight, height) = (known.weight()?, known.height(&format!("{name} {kind}"))?);
    // What is recorded cannot be what the scanner had where it makes no mass.
    let mass = [patient(known), known.body].iter().filter_map(|body| mass(&kind, body)).find(|mass| *mass > 0.0);
    let Some(mass) = mass else {
        let what = format!("{kind} is not above 0 kg by its formula for {weight} kg and {height} m");
        return Err(Error::format(what).needed_for("SUVbw").remedy("--set suv.weight_kg=... and suv.height_m=..."));
    };
    weight_ratio(known, notes);
    Ok(known.constant(format!("GML {kind}"), weight / mass))
}

/// In kg, where weight and height are known.
fn mass(kind: &str, body: &Body) -> Option<f64> {
    let (weight, height, sex) = (body.weight?, body.height?, body.sex);
    Some(match kind {
        "LBM" => lbm_james(weight, height, sex, 120.0),
        "LBMJAMES128" => lbm_james(weight, height, sex, 128.0),
        "LBMJANMA" => lbm_janmahasatian(weight, height, sex),
        _ => ideal_weight(height, sex),
    })
}

fn by_surface(known: &Known, notes: &mut Vec<String>) -> Result<Outcome> {
    let name = names::SUV_TYPE.of(known.facts.bids);
    let kind = known.facts.suv_type.as_deref().unwrap_or("").trim().to_ascii_uppercase();
    if !matches!(kind.as_str(), "" | "BSA") {
        return Err(Error::unsupported(format!("{name} is '{kind}' where the unit is CM2ML")).needed_for("SUVbw"));
    }
    let (weight, height) = (known.weight()?, known.height("CM2ML")?);
    let scanned = patient(known);
    let cm2 = 1e4 * surface(scanned.weight.unwrap_or(weight), scanned.height.unwrap_or(height));
    weight_ratio(known, notes);
    Ok(known.constant("CM2ML BSA".into(), weight * 1000.0 / cm2))
}

/// The factor for SUV is what the console shows; that for activity checks it where all facts are there.
fn counts(known: &Known, notes: &mut Vec<String>) -> Result<Outcome> {
    let usable = |factor: Option<f64>| factor.filter(|f| f.is_finite() && *f > 0.0);
    let by_suv = usable(known.facts.philips_suv_factor);
    let by_activity = usable(known.facts.philips_activity_factor);
    match (by_suv, by_activity) {
        (Some(suv), factor) => {
            let suv = suv * weight_ratio(known, notes);
            let mut outcome = known.constant("CNTS (7053,1000)".into(), suv);
            let check = factor.and_then(|f| activity(known, String::new(), f, &mut vec![]).ok());
            outcome.activity_ratio = check.and_then(|c| farthest(c.factors.iter().map(|f| f / suv)));
            if let Some(ratio) = outcome.activity_ratio.filter(|r| (r - 1.0).abs() > WARN) {
                notes.push(format!(
                    "SUV by (7053,1009), dose and weight is {ratio:.4} times that by (7053,1000), which is used"
                ));
            }
            Ok(outcome)
        }
        (None, Some(factor)) => activity(known, "CNTS (7053,1009)".into(), factor, notes),
        (None, None) => {
            let what = format!(
                "{} is CNTS without Philips' factors (7053,1000), (7053,1009)",
                names::UNITS.of(known.facts.bids)
            );
            Err(Error::unsupported(what).needed_for("SUVbw").remedy("--set suv.units=none"))
        }
    }
}

fn rates(known: &Known, notes: &mut Vec<String>) -> Result<Outcome> {
    if known.corrected("DCAL") {
        let ml = known.facts.voxel_ml.filter(|v| v.is_finite() && *v > 0.0);
        let ml = ml.ok_or_else(|| Error::format("missing the size of a voxel").needed_for("SUVbw from CPS"))?;
        return activity(known, "CPS DCAL".into(), 1.0 / ml, notes);
    }
    let name = names::CALIBRATION.of(known.facts.bids);
    let factor = known.facts.dose_calibration_factor.filter(|f| f.is_finite() && *f > 0.0);
    let factor = factor.ok_or_else(|| {
        Error::format(format!("missing {name}, and {} lacks DCAL", names::CORRECTED.of(known.facts.bids)))
            .needed_for("SUVbw from CPS")
            .remedy("--set suv.units=none")
    })?;
    activity(known, "CPS DoseCalibrationFactor".into(), factor, notes)
}

/// The ratio that is farthest from 1.
fn farthest(ratios: impl Iterator<Item = f64>) -> Option<f64> {
    ratios.max_by(|a, b| libm::log(*a).abs().total_cmp(&libm::log(*b).abs()))
}
