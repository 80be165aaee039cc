//! `[plates]`: wells of plates, their controls and doses, in `plates.csv`, `wells.csv` and `responses.csv`.

use super::validate::Checker;
use crate::Result;
use crate::words::{some_words, words};
use glob::Pattern;
use serde::Deserialize;
use std::path::PathBuf;

/// Where the plate, the well and the control of an image stand, and which numbers are compared.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plates {
    /// Column of the sample sheet, of `files.groups` or of the layout with the plate.
    pub plate: String,
    /// The one with the well: `A01`, `a1`, `A-1`, `1A`, `r01c01`, `Row 1 Col 1`, ...
    pub well: String,
    /// The one that says which wells are controls: `positive`, `negative`, or empty. It need not be there.
    pub control: String,
    /// Globs of the columns of numbers in `images.csv` that wells are compared by.
    #[serde(deserialize_with = "words")]
    pub columns: Vec<String>,
    /// A CSV file that says what is in each well: its columns become columns of the images.
    pub layout: Option<PathBuf>,
    /// Number of wells of a plate; the smallest usual plate that has all wells if absent.
    pub wells: Option<u32>,
    /// Globs of the columns that are drawn as heat maps.
    #[serde(deserialize_with = "words")]
    pub heat_maps: Vec<String>,
    /// Curves of dose and response.
    pub responses: Option<Responses>,
}

/// Where compounds and doses stand, and what responds to them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Responses {
    /// Column with the name of the compound.
    pub compound: String,
    /// Column with the dose: a number, with or without its unit. 0 is a negative control.
    pub dose: String,
    /// Column with the unit of the dose, if it does not stand beside the number. It need not be there.
    pub unit: String,
    /// Column that plates which repeat each other have in common; all plates repeat each other if absent.
    pub plate_set: Option<String>,
    /// Globs of the columns that respond; those of the plates if absent.
    #[serde(deserialize_with = "some_words")]
    pub columns: Option<Vec<String>>,
    /// What is fitted.
    pub value: ResponseValue,
}

/// What of a well is fitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseValue {
    /// Its mean.
    #[default]
    Mean,
    /// The mean in percent of the negative controls of its plate.
    PercentOfControl,
    /// From 0 at the negative to 100 at the positive controls of its plate.
    PercentEffect,
}

impl Default for Plates {
    fn default() -> Self {
        Plates {
            plate: "plate".into(),
            well: "well".into(),
            control: "control".into(),
            columns: vec!["*".into()],
            layout: None,
            wells: None,
            heat_maps: vec![],
            responses: None,
        }
    }
}

impl Default for Responses {
    fn default() -> Self {
        Responses {
            compound: "compound".into(),
            dose: "dose".into(),
            unit: "unit".into(),
            plate_set: None,
            columns: None,
            value: ResponseValue::Mean,
        }
    }
}

/// One of the globs fits.
fn fits(globs: &[String], column: &str) -> bool {
    globs.iter().any(|glob| Pattern::new(glob).is_ok_and(|glob| glob.matches(column)))
}

impl Plates {
    /// Wells are compared by this column.
    pub fn wants(&self, column: &str) -> bool {
        fits(&self.columns, column)
    }

    /// It is drawn as a heat map.
    pub fn draws(&self, column: &str) -> bool {
        fits(&self.heat_maps, column)
    }

    /// It is fitted against doses.
    pub fn responds(&self, column: &str) -> bool {
        self.responses.as_ref().is_some_and(|r| r.columns.as_ref().is_none_or(|globs| fits(globs, column)))
    }

    /// All columns of metadata that it names, with the key of each.
    pub fn names(&self) -> Vec<(&'static str, &str)> {
        let mut names = vec![("plate", &*self.plate), ("well", &self.well), ("control", &self.control)];
        if let Some(r) = &self.responses {
            names.extend([("compound", &*r.compound), ("dose", &r.dose), ("unit", &r.unit)]);
            names.extend(r.plate_set.as_deref().map(|name| ("plate_set", name)));
        }
        names
    }
}

/// Wells of the usual plates, with their rows and columns.
pub const FORMATS: [(u32, [u32; 2]); 7] =
    [(6, [2, 3]), (12, [3, 4]), (24, [4, 6]), (48, [6, 8]), (96, [8, 12]), (384, [16, 24]), (1536, [32, 48])];

/// Columns of the tables of plates that are no metadata, and begins of others.
const TAKEN: [&str; 18] = [
    "image",
    "images",
    "wells",
    "wells_positive",
    "wells_negative",
    "well_row",
    "well_column",
    "plate_format",
    "response",
    "response_unit",
    "dose",
    "doses",
    "dose_unit",
    "dose_min",
    "dose_max",
    "ec50",
    "reason",
    "note",
];

impl Checker<'_> {
    /// Plates that can be.
    pub fn plates(&self) -> Result<()> {
        let Some(plates) = &self.body.plates else { return Ok(()) };
        for table in ["plates", "wells", "responses"] {
            let is_written = table != "responses" || plates.responses.is_some();
            if let Some(name) = self.set_like(table).filter(|_| is_written) {
                let e = self.error("the plates have a table of that name", &["objects", name]);
                return Err(e.remedy("another name for the object set"));
            }
        }
        let names = plates.names();
        let key = |key: &'static str| match key {
            "plate" | "well" | "control" => vec!["plates", key],
            _ => vec!["plates", "responses", key],
        };
        for (i, (a, name)) in names.iter().enumerate() {
            if let Some((b, _)) = names[..i].iter().find(|(_, other)| other == name) {
                let e = self.error(format!("{b} and {a} stand in one column, \"{name}\""), &key(a));
                return Err(e.remedy(format!("a column for each: {b} = \"{b}\", {a} = \"{a}\"")));
            }
            // The columns of dose and unit stand in these tables under names of their own.
            if TAKEN.contains(name) && !["dose", "unit"].contains(a) {
                let e = self.error(format!("\"{name}\" is another column of the tables of plates"), &key(a));
                return Err(e.remedy("another name for the column of the sample sheet"));
            }
        }
        if let Some(wells) = plates.wells.filter(|n| FORMATS.iter().all(|(wells, _)| wells != n)) {
            let e = self.error(format!("{wells} wells are no plate"), &["plates", "wells"]);
            return Err(e.remedy("wells = 6, 12, 24, 48, 96, 384 or 1536"));
        }
        self.globs(&plates.columns, &["plates", "columns"])?;
        self.globs(&plates.heat_maps, &["plates", "heat_maps"])?;
        let columns = plates.responses.as_ref().and_then(|r| r.columns.as_ref());
        columns.map_or(Ok(()), |globs| self.globs(globs, &["plates", "responses", "columns"]))
    }
}
