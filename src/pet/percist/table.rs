//! `response.csv`.

use super::{Change, ResponseRow, Visit};
use crate::image::SUV_UNIT;
use crate::table::{Cells, Column, Table};

/// The rows as a table.
pub fn table(rows: &[ResponseRow]) -> Table {
    let mut all = Rows { rows, table: Table::default() };
    all.text("patient", "Patient as the pairs file says it, else PatientID, else the name of the image.", |r| {
        Some(r.pair.patient.clone())
    });
    all.text("baseline", "Image at baseline.", |r| r.pair.baseline.clone());
    all.text("followup", "Image at follow-up.", |r| r.pair.followup.clone());
    let about = "PERCIST 1.0: CMR, PMR, SMD, PMD, or NE (not evaluable, or several images); empty for an image without partner.";
    all.text("response", about, |r| r.response.map(|x| x.name().into()));
    all.text("reason", "Rule that made the response, or why there is none.", |r| Some(r.reason.clone()));
    all.text("rules", "The rules that held, with their sources.", |r| Some(r.rules.join("; ")));
    let peak = "sul_peak of the hottest lesion; without lesions at follow-up that of the hottest site of the baseline";
    all.measure("sul_peak", "", SUV_UNIT, peak, true, Visit::sul_peak);
    let about = "At follow-up: highest sul_peak at the sites of the baseline, if they were measured.";
    all.real("site_sul_peak_followup".into(), SUV_UNIT, about.into(), |r| {
        r.followup.as_ref().and_then(Visit::site_peak)
    });
    let five = "sum of sul_peak of the five hottest lesions, or of all if fewer";
    all.measure("sul_peak5", "", SUV_UNIT, five, true, Visit::sul_peak5);
    all.measure("suv_max", "", SUV_UNIT, "highest SUV of all lesions", true, Visit::suv_max);
    all.measure("mtv", "_ml", "ml", "volume of all lesions", true, Visit::mtv_ml);
    all.measure("tlg", "_g", "g", "glycolysis of all lesions", true, Visit::tlg_g);
    all.int("lesions_baseline", "Lesions at baseline.", |r| r.baseline.as_ref().map(count));
    all.int("lesions_followup", "Lesions at follow-up.", |r| r.followup.as_ref().map(count));
    let about = "New lesions that a reader saw, from the pairs file; empty if nobody looked.";
    all.int("new_lesions", about, |r| r.pair.new_lesions.map(i64::from));
    all.measure("liver_sul_mean", "", SUV_UNIT, "mean SUL of the liver", false, |v| v.liver_sul_mean);
    all.measure("uptake", "_min", "min", "minutes from injection to scan", false, |v| v.uptake_min);
    all.measure("dose", "_mbq", "MBq", "injected activity", false, |v| v.dose_mbq);
    let yes = |ok: Option<bool>| ok.map(i64::from);
    let about = "1 if the mean SUL of the livers lies within 20 % and less than 0.3 g/ml apart, else 0.";
    all.int("comparable_liver", about, |r| yes(r.comparable.liver));
    let about = "1 if the uptake times lie at most 15 min apart and not below 50 min, else 0.";
    all.int("comparable_uptake_time", about, |r| yes(r.comparable.uptake_time));
    let about = "1 if the injected activities lie within 20 %, else 0.";
    all.int("comparable_dose", about, |r| yes(r.comparable.dose));
    all.text("notes", "What the reader should know.", |r| Some(r.notes.join("; ")));
    all.table
}

fn count(visit: &Visit) -> i64 {
    i64::try_from(visit.lesions.len()).unwrap_or(i64::MAX)
}

struct Rows<'a> {
    rows: &'a [ResponseRow],
    table: Table,
}

impl Rows<'_> {
    fn text(&mut self, name: &str, definition: &str, get: impl Fn(&ResponseRow) -> Option<String>) {
        let cells = self.rows.iter().map(|r| get(r).filter(|t| !t.is_empty())).collect();
        self.put(name.into(), "", definition.into(), Cells::Text(cells));
    }
    fn int(&mut self, name: &str, definition: &str, get: impl Fn(&ResponseRow) -> Option<i64>) {
        let unit = if name.starts_with("comparable") { "" } else { "1" };
        self.put(name.into(), unit, definition.into(), Cells::Int(self.rows.iter().map(get).collect()));
    }
    fn real(&mut self, name: String, unit: &str, definition: String, get: impl Fn(&ResponseRow) -> Option<f64>) {
        let cells = self.rows.iter().map(|r| get(r).filter(|x| x.is_finite())).collect();
        self.put(name, unit, definition, Cells::Real(cells));
    }
    fn put(&mut self, name: String, unit: &str, definition: String, cells: Cells) {
        self.table.push(Column::new(name, unit, definition, cells));
    }
    /// A number at both times, and what became of it.
    fn measure(
        &mut self,
        name: &str,
        suffix: &str,
        unit: &str,
        about: &str,
        changes: bool,
        get: fn(&Visit) -> Option<f64>,
    ) {
        let before = move |r: &ResponseRow| r.baseline.as_ref().and_then(get);
        let after = move |r: &ResponseRow| r.followup.as_ref().and_then(get);
        self.real(format!("{name}_baseline{suffix}"), unit, format!("At baseline: {about}."), before);
        self.real(format!("{name}_followup{suffix}"), unit, format!("At follow-up: {about}."), after);
        if changes {
            let change = move |r: &ResponseRow| Change::of(before(r), after(r));
            let about = format!("Follow-up less baseline: {about}.");
            self.real(format!("{name}_change{suffix}"), unit, about, move |r| change(r).map(Change::absolute));
            let about = format!("{name}_change{suffix} in percent of the baseline.");
            self.real(format!("{name}_change_pct"), "%", about, move |r| change(r).and_then(Change::percent));
        }
    }
}
