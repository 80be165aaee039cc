//! The audit row: every fact that went into the SUV, the rule, what else it might have been, and what the user changed.
//!
//! The columns are the same for every image, so that many rows make one table.

use super::clock::Times;
use super::decay::word;
use super::known::Known;
use super::reference::WAYS;
use super::rule::Outcome;
use super::{HeaderFacts, Identity, Settings, names};
use crate::table::{Cells, Column, Table};

/// One thing that the user says in place of the headers.
#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    /// Key of the setting.
    pub key: &'static str,
    /// Its value.
    pub value: String,
    /// What the header says, with its name.
    pub instead_of: String,
}

/// What the user says that the headers say too, or do not.
pub fn overrides(facts: &HeaderFacts, settings: &Settings) -> Vec<Override> {
    let mut found = vec![];
    let mut add = |key, value: Option<String>, name: &str, header: Option<String>| {
        if let Some(value) = value {
            let header = header.map_or_else(|| format!("{name} (absent)"), |h| format!("{name} {h}"));
            found.push(Override { key, value, instead_of: header });
        }
    };
    let bids = facts.bids;
    let number = |v: Option<f64>| v.map(|v| v.to_string());
    add("dose_mbq", number(settings.dose_mbq), names::DOSE.of(bids), number(facts.dose));
    add("weight_kg", number(settings.weight_kg), names::WEIGHT.of(bids), number(facts.weight));
    add("height_m", number(settings.height_m), names::HEIGHT.of(bids), number(facts.height));
    add("sex", settings.sex.clone(), names::SEX.of(bids), facts.sex.clone());
    add("half_life_s", number(settings.half_life_s), names::HALF_LIFE.of(bids), number(facts.half_life));
    let (name, header) = match (&facts.injection_date_time, &facts.injection_time) {
        (None, Some(time)) => (names::INJECTION_TIME, Some(time.clone())),
        (full, _) => (names::INJECTION_DATE_TIME, full.clone()),
    };
    add("injection", settings.injection.clone(), name.of(bids), header);
    let decay = settings.decay.map(|d| word(d).to_ascii_lowercase());
    add("decay", decay, names::DECAY.of(bids), facts.decay_correction.clone());
    let units = settings.units.map(|u| format!("{u:?}").to_ascii_lowercase());
    add("units", units, names::UNITS.of(bids), facts.units.clone());
    found
}

/// The settings of these that had no part in the result.
pub fn without_effect<'a>(overrides: &'a [Override], outcome: &Outcome) -> Vec<&'a Override> {
    let dosed = outcome.decayed.is_some() || outcome.activity_ratio.is_some();
    let timed = outcome.is_timed() || outcome.activity_ratio.is_some();
    overrides
        .iter()
        .filter(|o| match o.key {
            "dose_mbq" | "decay" => !dosed,
            "half_life_s" | "injection" => !timed,
            _ => false,
        })
        .collect()
}

struct AuditRow {
    table: Table,
}

impl AuditRow {
    fn text(&mut self, name: &str, definition: &str, value: Option<String>) {
        let value = value.filter(|v| !v.trim().is_empty());
        self.push(name, "", definition, Cells::Text(vec![value]));
    }
    fn real(&mut self, name: &str, unit: &str, definition: &str, value: Option<f64>) {
        self.push(name, unit, definition, Cells::Real(vec![value.filter(|v| v.is_finite())]));
    }
    fn push(&mut self, name: &str, unit: &str, definition: &str, cells: Cells) {
        self.table.push(Column::new(name, unit, definition, cells));
    }
}

/// Sets the row down.
pub fn row(known: &Known, outcome: &Outcome, unit: &str, overrides: &[Override]) -> Table {
    let mut row = AuditRow { table: identity(&known.facts.identity) };
    rule(&mut row, known, outcome, unit);
    alternatives(&mut row, outcome);
    patient(&mut row, known);
    moments(&mut row, known, outcome);
    let changed: Vec<String> =
        overrides.iter().map(|o| format!("{}={} instead of {}", o.key, o.value, o.instead_of)).collect();
    row.text("suv_overrides", "What the user set in place of the headers.", Some(changed.join("; ")));
    row.table
}

/// Whose scan it is, as the first columns of the row.
pub fn identity(of: &Identity) -> Table {
    let mut row = AuditRow { table: Table::default() };
    let mut text = |name: &str, tag: &str, value: &Option<String>| {
        row.text(name, &format!("{tag}, as recorded in DICOM or the sidecar."), value.clone());
    };
    text("patient_id", "PatientID (0010,0020)", &of.patient_id);
    text("study_date", "StudyDate (0008,0020)", &of.study_date);
    text("study_description", "StudyDescription (0008,1030)", &of.study);
    text("study_uid", "StudyInstanceUID (0020,000D)", &of.study_uid);
    text("series_description", "SeriesDescription (0008,103E)", &of.series);
    text("series_number", "SeriesNumber (0020,0011)", &of.series_number);
    text("series_uid", "SeriesInstanceUID (0020,000E)", &of.series_uid);
    row.table
}

fn rule(row: &mut AuditRow, known: &Known, outcome: &Outcome, unit: &str) {
    let facts = known.facts;
    row.text("suv_unit", "Unit of the values after the conversion.", Some(unit.to_string()));
    row.text("suv_units", "Units (0054,1001) of the stored values, as recorded.", facts.units.clone());
    row.text("suv_type", "SUVType (0054,1006), as recorded.", facts.suv_type.clone());
    row.text("suv_rule", "Rule that made the factor: unit and kind of the stored values.", Some(outcome.rule.clone()));
    row.text(
        "suv_decay",
        "Time that the values are corrected for decay to: ADMIN, START or NONE; empty where the dose was not needed.",
        outcome.decayed.as_ref().map(|d| word(d.decay).to_string()),
    );
    let (low, high) =
        outcome.factors.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), f| (a.min(*f), b.max(*f)));
    let definition =
        |which| format!("{which} factor of all slices: converted value of a stored value times slope of 1.");
    row.real("suv_factor_min", "1", &definition("Smallest"), Some(low));
    row.real("suv_factor_max", "1", &definition("Largest"), Some(high));
    row.real("suv_sul_factor", "1", "SUL (Janmahasatian) over SUVbw.", known.body.sul_factor());
}

fn alternatives(row: &mut AuditRow, outcome: &Outcome) {
    let reference = outcome.decayed.as_ref().and_then(|d| d.reference.as_ref());
    row.text(
        "suv_reference",
        "START: where the start of the scan comes from: private, frame, series or acquisition.",
        reference.map(|r| r.way.to_string()),
    );
    for way in WAYS {
        let ratio = reference.and_then(|r| r.ratios.iter().find(|(w, _)| *w == way)).map(|(_, ratio)| *ratio);
        let definition = format!("START: SUV with the start of the scan from '{way}' over the SUV used.");
        row.real(&format!("suv_factor_{way}"), "1", &definition, ratio);
    }
    row.real(
        "suv_factor_activity",
        "1",
        "Philips: SUV by the activity factor (7053,1009), dose and weight over the SUV used, which is by (7053,1000).",
        outcome.activity_ratio,
    );
    let spread = reference.map(|r| r.spread).or(outcome.activity_ratio.map(|r| r.max(1.0 / r) - 1.0));
    row.real(
        "suv_spread_pct",
        "%",
        "Largest over smallest SUV of the ways that apply, less 1.",
        spread.map(|s| 100.0 * s),
    );
    row.text(
        "suv_left_out",
        "START: ways to the start of the scan that do not apply, with the reason.",
        reference.map(|r| r.left_out.join("; ")),
    );
}

fn patient(row: &mut AuditRow, known: &Known) {
    let facts = known.facts;
    let dose = known.dose.as_ref().ok().copied().flatten();
    row.real("dose_mbq", "MBq", "Injected activity used.", dose.map(|d| d / 1e6));
    row.real(
        "dose_recorded",
        "Bq or MBq",
        "RadionuclideTotalDose (0018,1074) or InjectedRadioactivity, as recorded, in the unit of the file.",
        facts.dose,
    );
    row.real("half_life_s", "s", "Half-life used.", known.life());
    row.real("weight_kg", "kg", "Weight of the patient used.", known.body.weight);
    row.real("height_m", "m", "Height of the patient used.", known.body.height);
    let sex = known.body.sex.letter().to_string();
    row.text("sex", "Sex used: M, F, or O for the mean of the male and the female formula.", Some(sex));
    row.text("tracer", "Radiopharmaceutical, as recorded.", facts.tracer.clone());
    row.text("nuclide", "Radionuclide, as recorded.", facts.nuclide.clone());
    row.text("scanner_maker", "Manufacturer (0008,0070), as recorded.", facts.manufacturer.clone());
    row.text("corrections", "CorrectedImage (0028,0051), as recorded.", Some(facts.corrected_image.join(" ")));
}

fn moments(row: &mut AuditRow, known: &Known, outcome: &Outcome) {
    let times = &known.times;
    let injection = known.injection.as_ref().ok().and_then(|i| i.as_ref());
    row.text("injection_time", "Start of injection on the clock of the scan.", injection.map(|i| times.text(i.at)));
    row.text("injection_source", "Fact that the injection time comes from.", injection.map(|i| i.source.to_string()));
    row.text("acquisition_time", "Start of the first acquisition.", times.earliest().map(|t| times.text(t)));
    row.text(
        "reference_time",
        "START: time that the values refer to, or the first and the last.",
        reference_time(times, outcome),
    );
    let uptake = injection.zip(times.earliest()).map(|(i, start)| start.since(i.at) / 60.0);
    row.real("uptake_min", "min", "Minutes from the injection to the start of the first acquisition.", uptake);
}

fn reference_time(times: &Times, outcome: &Outcome) -> Option<String> {
    let at = &outcome.decayed.as_ref()?.reference.as_ref()?.at;
    let (first, last) = (at.iter().min()?, at.iter().max()?);
    let text = times.text(*first);
    Some(if first == last { text } else { format!("{text} to {}", times.text(*last)) })
}
