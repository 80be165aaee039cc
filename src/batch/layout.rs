//! The columns of the tables of a run: what the recipes give, and what single images have beside that.

use super::ledger::Entry;
use super::parts::{IMAGES, Store};
use super::recipes::Recipes;
use crate::recipe::Recipe;
use crate::table::arrow;
use crate::table::{Cells, Column};
use crate::{Error, Result, pipeline};
use std::collections::{BTreeMap, BTreeSet};

/// The columns of each table, without rows and without those that say which image a row is of.
#[derive(Default)]
pub struct Layout {
    pub sets: BTreeMap<String, Vec<Column>>,
    pub images: Vec<Column>,
}

impl Layout {
    /// What the recipes of the images give, then what single images have beside that.
    ///
    /// # Errors
    /// Those of the entries; columns of two images that cannot be one.
    pub fn of(entries: impl Iterator<Item = Result<Entry>>, recipes: &Recipes, store: &Store) -> Result<Self> {
        let (mut kinds, mut others) = (BTreeSet::new(), BTreeSet::new());
        for entry in entries {
            let Entry { is_scan, set, .. } = entry?;
            kinds.insert(is_scan);
            // Rows of a sheet that measure something else.
            if changes_columns(&set) {
                others.insert((is_scan, set));
            }
        }
        let mut layout = Layout::default();
        recipes.used(|is_scan| kinds.contains(&is_scan)).into_iter().try_for_each(|r| layout.add_recipe(r))?;
        others.iter().try_for_each(|(is_scan, set)| layout.add_recipe(&*recipes.with(*is_scan, set)?))?;
        for met in store.tables() {
            let columns = met.schema.fields().iter().map(|f| arrow::column(f)).collect::<Result<Vec<_>>>()?;
            layout.add(&met.table, &columns)?;
        }
        Ok(layout)
    }

    /// Adds what a recipe gives.
    pub fn add_recipe(&mut self, recipe: &Recipe) -> Result<()> {
        let outcome = pipeline::columns(recipe)?;
        self.add(IMAGES, &outcome.row.columns)?;
        outcome.sets.iter().try_for_each(|set| self.add(&set.name, &set.table.columns))
    }

    /// Names of all columns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.images.iter().chain(self.sets.values().flatten()).map(|c| c.name.as_str())
    }

    fn add(&mut self, table: &str, columns: &[Column]) -> Result<()> {
        if table == IMAGES {
            return widen(&mut self.images, columns);
        }
        widen(self.sets.entry(table.to_string()).or_default(), columns)
    }
}

/// Names of all columns that recipes give.
pub fn names(recipes: &[&Recipe]) -> Result<Vec<String>> {
    let mut layout = Layout::default();
    recipes.iter().try_for_each(|recipe| layout.add_recipe(recipe))?;
    Ok(layout.names().map(str::to_string).collect())
}

/// Names of the columns of numbers that recipes give images.
pub fn number_columns(recipes: &[&Recipe]) -> Result<Vec<String>> {
    let mut layout = Layout::default();
    recipes.iter().try_for_each(|recipe| layout.add_recipe(recipe))?;
    let numbers = layout.images.into_iter().filter(|c| !matches!(c.cells, Cells::Text(_)));
    Ok(numbers.map(|c| c.name).collect())
}

/// Changes of a recipe that may be about what is measured, not about the image alone: an archive has many of those.
pub fn changes_columns(settings: &[String]) -> bool {
    let of_image = ["suv.", "spacing_um", "channels.", "files.", "labels.", "mask"];
    settings.iter().any(|s| !of_image.iter().any(|key| s.starts_with(key)))
}

/// Adds the columns that are new. A column of whole numbers becomes real where another image needs it to be.
fn widen(known: &mut Vec<Column>, columns: &[Column]) -> Result<()> {
    for c in columns {
        let Some(known) = known.iter_mut().find(|k| k.name == c.name) else {
            known.push(c.bare());
            continue;
        };
        if known.unit != c.unit {
            known.unit = "see image".into();
        }
        match (&known.cells, &c.cells) {
            (Cells::Int(_), Cells::Real(_)) => known.cells = c.cells.none(),
            (Cells::Real(_), Cells::Int(_)) => {}
            (a, b) if a.type_name() == b.type_name() => {}
            _ => {
                return Err(Error::usage(format!(
                    "the column {} is words in one image and numbers in another",
                    c.name
                )));
            }
        }
    }
    Ok(())
}
