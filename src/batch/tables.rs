//! The tables of a run, put together from the parts in the order of the images.
//!
//! Two passes over the parts, one image in memory at a time: the first finds the columns (an image may lack a channel that
//! others have), the second writes the rows, with empty cells where an image has no such column.

use super::Part;
use super::Recipes;
use super::discover::Item;
use super::one::{Record, Shop, Status};
use crate::table::{Cells, Column, Table};
use crate::write::{CsvSink, ParquetSink};
use crate::{Error, Result, pipeline};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The columns of each table so far, without rows.
#[derive(Default)]
struct Layout {
    sets: BTreeMap<String, Vec<Column>>,
    images: Vec<Column>,
}

pub(super) fn write(shop: &Shop, items: &[Item], records: &[Record]) -> Result<()> {
    let mut layout = Layout::default();
    for record in records {
        let part = load(shop, record)?.unwrap_or_default();
        widen(&mut layout.images, &part.row)?;
        for (name, table) in &part.sets {
            widen(layout.sets.entry(name.clone()).or_default(), table)?;
        }
    }
    let mut images = Sinks::open(shop, "images")?;
    let mut sets = BTreeMap::new();
    for name in layout.sets.keys() {
        sets.insert(name.clone(), Sinks::open(shop, name)?);
    }
    for (item, record) in items.iter().zip(records) {
        let part = load(shop, record)?;
        let mut row = status(&item.name, record);
        let facts = part.as_ref().map(|p| &p.row);
        row.columns.extend(layout.images.iter().map(|c| fit(c, facts, 1)));
        images.append(&row)?;
        for (name, table) in part.as_deref().iter().flat_map(|p| &p.sets) {
            if let (Some(sink), Some(columns)) = (sets.get_mut(name), layout.sets.get(name)) {
                sink.append(&rows(item, columns, table))?;
            }
        }
    }
    images.finish()?;
    sets.into_values().try_for_each(Sinks::finish)?;
    let mut features = Sinks::open(shop, "features")?;
    features.append(&dictionary(&layout))?;
    features.finish()
}

/// The data dictionary of recipes: what `features.csv` says after a run.
///
/// # Errors
/// None in practice.
pub fn features(recipes: &Recipes) -> Result<Table> {
    let mut layout = Layout::default();
    for recipe in recipes.all() {
        let outcome = pipeline::columns(recipe)?;
        widen(&mut layout.images, &outcome.row)?;
        for set in &outcome.sets {
            widen(layout.sets.entry(set.name.clone()).or_default(), &set.table)?;
        }
    }
    Ok(dictionary(&layout))
}

fn load(shop: &Shop, record: &Record) -> Result<Option<Arc<Part>>> {
    match (record.status, &record.key) {
        (Status::Ok, Some(key)) => shop.store.load(key).map(Some).ok_or_else(|| {
            Error::io("a finished image's rows are gone from .uptake/parts")
                .at(shop.out.folder())
                .remedy("run again with --resume")
        }),
        _ => Ok(None),
    }
}

/// Adds the columns that are new. A column of whole numbers becomes real where another image needs it to be.
fn widen(columns: &mut Vec<Column>, table: &Table) -> Result<()> {
    for c in &table.columns {
        let Some(known) = columns.iter_mut().find(|k| k.name == c.name) else {
            columns.push(Column { cells: nothing(&c.cells, 0), ..c.clone() });
            continue;
        };
        if known.unit != c.unit {
            known.unit = "see image".into();
        }
        match (&known.cells, &c.cells) {
            (Cells::Int(_), Cells::Real(_)) => known.cells = nothing(&c.cells, 0),
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

fn nothing(like: &Cells, rows: usize) -> Cells {
    match like {
        Cells::Text(_) => Cells::Text(vec![None; rows]),
        Cells::Int(_) => Cells::Int(vec![None; rows]),
        Cells::Real(_) => Cells::Real(vec![None; rows]),
    }
}

/// The table's cells for a column of the file.
fn fit(column: &Column, table: Option<&Table>, rows: usize) -> Column {
    let cells = match (table.and_then(|t| t.column(&column.name)).map(|c| &c.cells), &column.cells) {
        (Some(Cells::Int(v)), Cells::Real(_)) => Cells::Real(v.iter().map(|n| n.map(|n| n as f64)).collect()),
        (Some(cells), _) => cells.clone(),
        (None, like) => nothing(like, rows),
    };
    Column { cells, ..column.clone() }
}

fn text(name: &str, definition: &str, cells: Vec<Option<String>>) -> Column {
    Column {
        name: name.into(),
        unit: String::new(),
        definition: definition.into(),
        standard: String::new(),
        cells: Cells::Text(cells),
    }
}

const IMAGE: &str = "Path of the image below the folder that holds all inputs.";

fn rows(item: &Item, columns: &[Column], table: &Table) -> Table {
    let mut all = Table::default();
    all.push(text("image", IMAGE, vec![Some(item.name.clone()); table.rows()]));
    all.columns.extend(columns.iter().map(|c| fit(c, Some(table), table.rows())));
    all
}

fn status(image: &str, record: &Record) -> Table {
    let mut t = Table::default();
    t.push(text("image", IMAGE, vec![Some(image.into())]));
    t.push(text("status", "ok, failed or skipped.", vec![Some(record.status.name().into())]));
    t.push(text("reason", "Why the image failed or was skipped.", vec![record.reason.clone()]));
    t
}

/// Every column of every table with its unit and meaning.
fn dictionary(layout: &Layout) -> Table {
    let status = status("", &Record::skipped(""));
    let image = status.columns.iter().take(1);
    let images = status.columns.iter().chain(&layout.images).map(|c| ("images", c));
    let sets =
        layout.sets.iter().flat_map(|(name, columns)| image.clone().chain(columns).map(move |c| (name.as_str(), c)));
    let all: Vec<(&str, &Column)> = sets.chain(images).collect();
    let gather = |f: fn(&(&str, &Column)) -> String| all.iter().map(|e| Some(f(e)).filter(|s| !s.is_empty())).collect();
    let mut t = Table::default();
    t.push(text("table", "Name of the table.", gather(|(name, _)| name.to_string())));
    t.push(text("column", "Name of the column.", gather(|(_, c)| c.name.clone())));
    t.push(text("unit", "Unit of its values.", gather(|(_, c)| c.unit.clone())));
    t.push(text("type", "text, int or real.", gather(|(_, c)| c.cells.type_name().into())));
    t.push(text("definition", "What it says.", gather(|(_, c)| c.definition.clone())));
    t.push(text("standard", "Name or code in other tools or standards.", gather(|(_, c)| c.standard.clone())));
    t
}

/// One table in each format that was asked for.
struct Sinks {
    csv: Option<CsvSink>,
    parquet: Option<ParquetSink>,
}

impl Sinks {
    fn open(shop: &Shop, name: &str) -> Result<Self> {
        let s = shop.settings;
        let csv = if s.csv { Some(CsvSink::open(shop.out.path(&format!("{name}.csv"))?)?) } else { None };
        let parquet =
            if s.parquet { Some(ParquetSink::open(shop.out.path(&format!("{name}.parquet"))?)?) } else { None };
        Ok(Sinks { csv, parquet })
    }
    fn append(&mut self, table: &Table) -> Result<()> {
        self.csv.as_mut().map_or(Ok(()), |s| s.append(table))?;
        self.parquet.as_mut().map_or(Ok(()), |s| s.append(table))
    }
    fn finish(self) -> Result<()> {
        self.csv.map_or(Ok(()), CsvSink::finish)?;
        self.parquet.map_or(Ok(()), ParquetSink::finish)
    }
}
