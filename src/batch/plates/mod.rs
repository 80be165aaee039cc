//! Wells of plates, their controls and doses: how far the controls of a plate lie apart, how each well compares with them, and the
//! curves of compounds.
//!
//! A well is the mean of its images. Wells are put together from the rows of `images.csv` as these are written, in their order, so
//! shards put together and a run that goes on give the same.

mod dose;
mod effects;
mod facts;
mod found;
mod layout;
mod logistic;
mod pictures;
mod profile;
mod responses;
mod table;
mod well;

pub(super) use facts::{Control, WellFacts, check};
pub(super) use layout::lay_out;
pub(super) use well::{Well, are_one as are_one_well};

use super::layout::Layout;
use super::named_rows::{NamedRows, number};
use super::parts::IMAGES;
use crate::Result;
use crate::recipe::{self, Recipe};
use crate::table::{Cells, Column, Table};
use arrow_array::RecordBatch;
use facts::Treatment;
use std::collections::BTreeMap;

/// The names of the tables.
pub(super) const PLATES: &str = "plates";
pub(super) const WELLS: &str = "wells";
pub(super) const RESPONSES: &str = "responses";

/// Pictures as text, with their places in the folder of the results.
pub(super) type Pictures = Vec<(String, String)>;

/// What is put together.
pub(super) struct Plates {
    keys: recipe::Plates,
    /// Columns of images that wells are compared by.
    columns: Vec<Column>,
    plates: BTreeMap<String, Plate>,
}

/// The column with the wells of images.
pub(super) fn well_column<'r>(recipes: &[&'r Recipe]) -> &'r str {
    recipes.iter().find_map(|recipe| recipe.body.plates.as_ref()).map_or("well", |keys| &keys.well)
}

/// The images of a well.
#[derive(Default)]
struct Images {
    control: Option<Control>,
    treatment: Option<Treatment>,
    done: i64,
    /// Of each column, the values that there are.
    values: Vec<Vec<f64>>,
}

/// The wells of a plate.
#[derive(Default)]
struct Plate {
    set: Option<String>,
    wells: BTreeMap<Well, Images>,
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
            let is_ok = cells.text("status", i)?.as_deref() == Some("ok");
            let facts = match WellFacts::of(&self.keys, |name| cells.text(name, i)) {
                Ok(facts) => facts,
                // What is known of images that were measured was looked at before; of others the reason stands in their row.
                Err(_) if !is_ok => continue,
                Err(e) => return Err(e),
            };
            let Some(facts) = facts else { continue };
            let plate = self.plates.entry(facts.plate).or_default();
            plate.set = facts.plate_set;
            let images = plate.wells.entry(facts.well).or_default();
            (images.control, images.treatment) = (facts.control, facts.treatment);
            images.values.resize_with(columns.len(), Vec::new);
            if is_ok {
                images.done += 1;
                images.values.iter_mut().zip(&columns).for_each(|(all, column)| all.extend(number(*column, i)));
            }
        }
        Ok(())
    }

    /// The tables, and the pictures of them by their place in the folder of the results.
    pub fn results(&self) -> (Vec<(&'static str, Table)>, Pictures) {
        let mut tables = vec![(PLATES, table::plates(self)), (WELLS, table::wells(self))];
        let mut pictures = pictures::heat_maps(self);
        if let Some(keys) = &self.keys.responses {
            let all = responses::responses(self, keys);
            pictures.extend(pictures::responses(self, &all));
            tables.push((RESPONSES, responses::table(self, keys, &all)));
        }
        (tables, pictures)
    }
}
