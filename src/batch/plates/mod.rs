//! Wells of plates and their controls: how far the controls of a plate lie apart, and how each well compares with them.
//!
//! A well is the mean of its images. Wells are put together from the rows of `images.csv` as these are written, in their order, so
//! shards put together and a run that goes on give the same.

mod table;
mod well;

use super::item::Item;
use super::layout::Layout;
use super::metadata::Metadata;
use super::named_rows::{NamedRows, number};
use super::parts::IMAGES;
use crate::recipe::{self, Recipe};
use crate::table::{Cells, Column, Table};
use crate::words::suggestion;
use crate::{Error, Result};
use arrow_array::RecordBatch;
use std::collections::BTreeMap;
use well::Well;

/// The names of the tables.
pub(super) const PLATES: &str = "plates";
pub(super) const WELLS: &str = "wells";

/// What is put together.
pub(super) struct Plates {
    keys: recipe::Plates,
    /// Columns of images that wells are compared by.
    columns: Vec<Column>,
    plates: BTreeMap<String, BTreeMap<Well, Images>>,
}

/// The images of a well.
#[derive(Default)]
struct Images {
    control: Option<Control>,
    done: i64,
    /// Of each column, the values that there are.
    values: Vec<Vec<f64>>,
}

/// What a well is for, if not a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Control {
    Positive,
    Negative,
}

impl Control {
    /// Reads what a sheet says; nothing for a sample.
    fn parse(text: Option<&str>) -> Option<Option<Self>> {
        match text.unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "positive" | "pos" => Some(Some(Control::Positive)),
            "negative" | "neg" => Some(Some(Control::Negative)),
            "" | "sample" => Some(None),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Control::Positive => "positive",
            Control::Negative => "negative",
        }
    }
}

impl Plates {
    /// For the recipe of a run that has plates; `layout` is that of its other tables.
    pub fn new(recipe: &Recipe, layout: &Layout) -> Option<Self> {
        let keys = recipe.body.plates.clone()?;
        let wanted = |c: &&Column| !matches!(c.cells, Cells::Text(_)) && keys.wants(&c.name);
        let columns = layout.images.iter().filter(wanted).cloned().collect();
        Some(Plates { keys, columns, plates: BTreeMap::new() })
    }

    /// Takes rows of a table of the run.
    ///
    /// # Errors
    /// None in practice.
    pub fn take(&mut self, table: &str, rows: &RecordBatch) -> Result<()> {
        if table != IMAGES {
            return Ok(());
        }
        let cells = NamedRows(rows);
        let columns = self.columns.iter().map(|c| cells.values(&c.name)).collect::<Result<Vec<_>>>()?;
        for i in 0..rows.num_rows() {
            let (plate, well) = (cells.text(&self.keys.plate, i)?, cells.text(&self.keys.well, i)?);
            let Some((plate, well)) = plate.zip(well.as_deref().and_then(Well::parse)) else { continue };
            let control = Control::parse(cells.text(&self.keys.control, i)?.as_deref()).flatten();
            let images = self.plates.entry(plate).or_default().entry(well).or_default();
            images.control = control;
            images.values.resize_with(columns.len(), Vec::new);
            if cells.text("status", i)?.as_deref() == Some("ok") {
                images.done += 1;
                images.values.iter_mut().zip(&columns).for_each(|(all, column)| all.extend(number(*column, i)));
            }
        }
        Ok(())
    }

    /// The tables of plates and of wells.
    pub fn tables(self) -> [(&'static str, Table); 2] {
        [(PLATES, table::plates(&self)), (WELLS, table::wells(&self))]
    }
}

/// The plates and wells of the images can be.
///
/// # Errors
/// A column is missing, or a cell of it is no well or no control, or contradicts another image of its well.
pub(super) fn check(recipes: &[&Recipe], metadata: &Metadata, items: &[Item]) -> Result<()> {
    let Some(keys) = recipes.iter().find_map(|recipe| recipe.body.plates.as_ref()) else { return Ok(()) };
    let known: Vec<&str> = metadata.names().iter().map(String::as_str).collect();
    for (key, name) in [("plate", &keys.plate), ("well", &keys.well)] {
        if !known.contains(&name.as_str()) {
            let e = Error::usage(format!(
                "plates.{key}: neither the sample sheet nor files.groups has a column \"{name}\""
            ));
            let likely = suggestion(name, &known);
            return Err(e.remedy(match likely {
                Some(likely) => format!("plates.{key} = \"{likely}\""),
                None => format!("a column {name} in the sheet, or {{{name}}} in files.groups"),
            }));
        }
    }
    let mut wells: BTreeMap<(&str, Well), (Option<Control>, &str)> = BTreeMap::new();
    for item in items {
        let cell = |name: &str| metadata.value(item, name).flatten();
        let at = |what: String| Error::usage(format!("{}: {what}", item.name));
        let (plate, well) = match (cell(&keys.plate), cell(&keys.well)) {
            (None, None) => continue,
            (Some(plate), Some(well)) => (plate, well),
            (plate, _) => {
                let missing = if plate.is_none() { &keys.plate } else { &keys.well };
                return Err(at(format!("the column {missing} is empty")).remedy("both plate and well, or neither"));
            }
        };
        let place = Well::parse(well)
            .ok_or_else(|| at(format!("\"{well}\" is no well")).remedy("A01 to AF48, also as a1, A-1 or r01c01"))?;
        let word = cell(&keys.control);
        let control = Control::parse(word).ok_or_else(|| {
            at(format!("\"{}\" is no control", word.unwrap_or_default())).remedy("positive, negative, or an empty cell")
        })?;
        let (other, name) = *wells.entry((plate, place)).or_insert((control, &item.name));
        if other != control {
            let word = |control: Option<Control>| control.map_or("no control", Control::name);
            let what = format!("{place} of {plate} is {} here and {} for {name}", word(control), word(other));
            return Err(at(what).remedy("one of them for all images of a well"));
        }
    }
    Ok(())
}
