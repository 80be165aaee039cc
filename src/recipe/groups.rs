//! `[groups]`: images that belong together (a well, a patient, a treatment), a row each in `groups.csv`.

use super::validate::Checker;
use crate::Result;
use crate::words::words;
use glob::Pattern;
use serde::Deserialize;

/// Which images belong together, and what is said of them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Groups {
    /// Columns of the sample sheet or of `files.groups`: images with equal cells there are a group.
    #[serde(deserialize_with = "words")]
    pub by: Vec<String>,
    /// Globs of the columns of numbers in `images.csv` that are summed up.
    #[serde(deserialize_with = "words")]
    pub columns: Vec<String>,
    /// The column with the millilitres of sample that the images of a group come from, for counts per ml.
    pub volume: Option<String>,
    /// The object set over whose area densities are formed; over the images if absent.
    pub area: Option<String>,
}

impl Default for Groups {
    fn default() -> Self {
        Groups { by: vec![], columns: vec!["*".into()], volume: None, area: None }
    }
}

/// The table of groups, and its columns that are no metadata and not of a set.
const TABLE: &str = "groups";
const COLUMNS: [&str; 5] = ["images", "images_failed", "images_warned", "area_mm2", "image"];

/// The column of volumes, where they are said.
const VOLUME: &str = "volume_ml";

impl Groups {
    /// A column of `images.csv` is summed up.
    pub fn wants(&self, column: &str) -> bool {
        self.columns.iter().any(|glob| Pattern::new(glob).is_ok_and(|glob| glob.matches(column)))
    }
}

impl Checker<'_> {
    /// Patterns of names of columns.
    pub fn globs(&self, globs: &[String], here: &[&str]) -> Result<()> {
        let wrong = |glob: &String, e: glob::PatternError| {
            let e = self.error(format!("\"{glob}\" is no pattern of names: {e}"), here);
            e.remedy("columns = [\"count_*\", \"class_fraction_*\"]")
        };
        globs.iter().try_for_each(|glob| Pattern::new(glob).map(drop).map_err(|e| wrong(glob, e)))
    }

    /// Groups that can be.
    pub fn image_groups(&self) -> Result<()> {
        let Some(groups) = &self.body.groups else { return Ok(()) };
        let here = |key: &'static str| ["groups", key];
        if let Some(name) = self.set_like(TABLE) {
            let e = self.error("the groups have a table of that name", &["objects", name]);
            return Err(e.remedy("another name for the object set"));
        }
        if groups.by.is_empty() {
            let e = self.error("nothing says which images belong together", &["groups"]);
            return Err(e.remedy("by = [\"plate\", \"well\"]: columns of the sample sheet or of files.groups"));
        }
        for (i, name) in groups.by.iter().enumerate() {
            let is_volume = groups.volume.is_some() && name == VOLUME;
            if groups.by[..i].contains(name) || COLUMNS.contains(&name.as_str()) || is_volume {
                let e = self.error(format!("\"{name}\" cannot be what images are grouped by"), &here("by"));
                return Err(e.remedy("each column of the sample sheet once, none called like a column of groups.csv"));
            }
        }
        self.globs(&groups.columns, &here("columns"))?;
        let Some(area) = &groups.area else { return Ok(()) };
        self.known("object set", area, &here("area"), &self.body.objects)?;
        if !self.body.objects.get(area).is_some_and(|set| set.write) {
            let e = self.error(format!("\"{area}\" has no table to take the area from"), &here("area"));
            return Err(e.remedy(format!("write = true in [objects.{area}]")));
        }
        if !self.body.objects.values().any(|set| set.parent.contains(area)) {
            let e =
                self.error(format!("no objects belong to \"{area}\", so they have no density there"), &here("area"));
            return Err(e.remedy(format!("parent = \"{area}\" in the set of the objects")));
        }
        Ok(())
    }
}
