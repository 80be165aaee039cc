//! `[plates]`: wells of plates and their controls, in `plates.csv` and `wells.csv`.

use super::validate::Checker;
use crate::Result;
use crate::words::words;
use glob::Pattern;
use serde::Deserialize;

/// Where the plate, the well and the control of an image stand, and which numbers are compared.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plates {
    /// Column of the sample sheet or of `files.groups` with the plate.
    pub plate: String,
    /// The one with the well: `A01`, `a1`, `A-1`, `r01c01`, ...
    pub well: String,
    /// The one that says which wells are controls: `positive`, `negative`, or empty. It need not be there.
    pub control: String,
    /// Globs of the columns of numbers in `images.csv` that wells are compared by.
    #[serde(deserialize_with = "words")]
    pub columns: Vec<String>,
}

impl Default for Plates {
    fn default() -> Self {
        Plates { plate: "plate".into(), well: "well".into(), control: "control".into(), columns: vec!["*".into()] }
    }
}

impl Plates {
    /// Wells are compared by this column.
    pub fn wants(&self, column: &str) -> bool {
        self.columns.iter().any(|glob| Pattern::new(glob).is_ok_and(|glob| glob.matches(column)))
    }
}

impl Checker<'_> {
    /// Plates that can be.
    pub fn plates(&self) -> Result<()> {
        let Some(plates) = &self.body.plates else { return Ok(()) };
        for table in ["plates", "wells"] {
            if self.body.objects.contains_key(table) {
                let e = self.error("the plates have a table of that name", &["objects", table]);
                return Err(e.remedy("another name for the object set"));
            }
        }
        let [a, b, c] = [&plates.plate, &plates.well, &plates.control];
        if a == b || b == c || a == c {
            let e = self.error("plate, well and control stand in one column", &["plates"]);
            return Err(e.remedy("three columns: plate = \"plate\", well = \"well\", control = \"control\""));
        }
        let taken = ["image", "images", "wells", "wells_positive", "wells_negative", "well_row", "well_column"];
        if let Some(name) = [a, b, c].into_iter().find(|name| taken.contains(&name.as_str())) {
            let e = self.error(format!("\"{name}\" is another column of the tables of plates"), &["plates"]);
            return Err(e.remedy("another name for the column of the sample sheet"));
        }
        self.globs(&plates.columns, &["plates", "columns"])
    }
}
