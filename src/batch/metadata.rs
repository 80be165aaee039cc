//! What an image is of (patient, plate, well), in columns of words: from a sample sheet or from names, not from its pixels.
//!
//! It is joined to the rows when tables are written and is no part of what is kept of an image: a sheet may change without
//! anything being measured again.

use super::item::Item;
use crate::Error;
use crate::table::{Cells, Column};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The columns of metadata of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    names: Vec<String>,
    /// Where each comes from.
    definitions: Vec<String>,
}

/// Columns of the tables that stand there whatever the recipe is.
const TAKEN: [&str; 4] = ["image", "status", "reason", "label"];

impl Metadata {
    /// Names of the columns, in the order of the tables.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Adds columns on the right; one that is there already stays where it is. Returns their places.
    pub fn add(&mut self, names: &[String], definition: &'static str) -> Vec<usize> {
        let mut place = |name: &String| {
            self.names.iter().position(|known| known == name).unwrap_or_else(|| {
                self.names.push(name.clone());
                self.definitions.push(definition.into());
                self.names.len() - 1
            })
        };
        names.iter().map(&mut place).collect()
    }

    /// The cell of an image in a column; nothing if there is no such column.
    pub fn value<'i>(&self, item: &'i Item, name: &str) -> Option<Option<&'i str>> {
        let i = self.names.iter().position(|known| known == name)?;
        Some(item.metadata.get(i).and_then(Option::as_deref))
    }

    /// The cell of a column among the cells of an image.
    pub fn cell(&self, cells: &[Option<String>], name: &str) -> Option<String> {
        let i = self.names.iter().position(|known| known == name)?;
        cells.get(i).cloned().flatten()
    }

    /// The cells of an image, one column each.
    pub fn columns(&self, cells: &[Option<String>]) -> Vec<Column> {
        let cell = |i: usize| cells.get(i).cloned().flatten();
        let column = |(i, (name, definition)): (usize, (&String, &String))| {
            Column::new(name, "", definition, Cells::Text(vec![cell(i)]))
        };
        self.names.iter().zip(&self.definitions).enumerate().map(column).collect()
    }

    /// Refuses a name that a column of the tables has as well.
    ///
    /// # Errors
    /// There is one.
    pub fn differ_from<'a>(&self, columns: impl IntoIterator<Item = &'a str>) -> crate::Result<()> {
        let taken: BTreeSet<&str> = columns.into_iter().chain(TAKEN).collect();
        match self.names.iter().find(|name| taken.contains(name.as_str())) {
            None => Ok(()),
            Some(name) => Err(Error::usage(format!(
                "\"{name}\" of the sample sheet or of files.groups is a column of the tables"
            ))
            .remedy(format!("another name, as sample_{name}"))),
        }
    }
}

/// Two values for one cell.
pub struct Contradiction {
    /// The column.
    pub place: usize,
    /// What stands there.
    pub there: String,
    /// What should come there.
    pub new: String,
}

/// Puts cells into the columns of an image at these places. `is_one` says which words of a column stand for one thing; what stood
/// there first stays.
///
/// # Errors
/// Another value stands in one of them; the others are filled all the same.
pub fn put(
    item: &mut Item,
    places: &[usize],
    cells: &[Option<String>],
    is_one: impl Fn(usize, &str, &str) -> bool,
) -> Result<(), Contradiction> {
    let mut all = item.metadata.to_vec();
    let mut first = Ok(());
    for (place, cell) in places.iter().copied().zip(cells) {
        let Some(new) = cell else { continue };
        all.resize(all.len().max(place + 1), None);
        match &all[place] {
            Some(there) if there == new || is_one(place, there, new) => {}
            Some(there) if first.is_ok() => {
                first = Err(Contradiction { place, there: there.clone(), new: new.clone() });
            }
            Some(_) => {}
            None => all[place] = Some(new.clone()),
        }
    }
    item.metadata = all.into();
    first
}
