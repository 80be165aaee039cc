//! The tables of a run, put together from the parts in the order of the images.
//!
//! Two passes over the parts, one image in memory at a time: the first finds the columns (an image may lack a channel that
//! others have), the second writes the rows, with empty cells where an image has no such column.

use super::Recipes;
use super::discover::Item;
use super::metadata::Metadata;
use super::one::{Context, Record, Status};
use super::parts::Part;
use crate::recipe::Recipe;
use crate::table::{Cells, Column, Table};
use crate::write::{CsvSink, ParquetSink};
use crate::{Error, Result, pipeline};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The columns of each table so far, without rows.
#[derive(Default)]
struct Layout {
    sets: BTreeMap<String, Vec<Column>>,
    images: Vec<Column>,
}

pub(super) fn write(context: &Context, items: &[Item], records: &[Record]) -> Result<()> {
    let layout = layout(context, items, records)?;
    let mut images = Sinks::open(context, "images")?;
    let mut sets = BTreeMap::new();
    for (name, columns) in &layout.sets {
        let mut sink = Sinks::open(context, name)?;
        sink.append(&rows(None, &context.metadata, columns, None, 0..0))?;
        sets.insert(name.clone(), sink);
    }
    for (item, record) in items.iter().zip(records) {
        let part = load(context, record)?;
        let mut row = status(Some(item), &context.metadata, record);
        let facts = part.as_ref().map(|p| &p.row);
        row.columns.extend(layout.images.iter().map(|c| fit(c, facts, 0..1)));
        images.append(&row)?;
        for (name, table) in part.iter().flat_map(|p| &p.sets) {
            if let (Some(sink), Some(columns)) = (sets.get_mut(name), layout.sets.get(name)) {
                for start in (0..table.rows()).step_by(BLOCK) {
                    let block = start..table.rows().min(start + BLOCK);
                    sink.append(&rows(Some(item), &context.metadata, columns, Some(table), block))?;
                }
            }
        }
    }
    images.finish()?;
    sets.into_values().try_for_each(Sinks::finish)?;
    let mut features = Sinks::open(context, "features")?;
    features.append(&dictionary(&layout, &context.metadata))?;
    features.finish()
}

/// Rows that are put into their columns together.
const BLOCK: usize = 1 << 14;

/// The columns of all tables: those of the images that were done, and what the recipe gives for those of which none was.
fn layout(context: &Context, items: &[Item], records: &[Record]) -> Result<Layout> {
    let mut layout = Layout::default();
    for record in records {
        if let Some(part) = load(context, record)? {
            layout.add(&part.row, &part.sets)?;
        }
    }
    // Recipes of which no image was done.
    let recipe = |item: &Item| (item.is_scan, item.settings.clone());
    let ok = |(item, record): (&Item, &Record)| (record.status == Status::Ok).then(|| recipe(item));
    let mut known: BTreeSet<_> = items.iter().zip(records).filter_map(ok).collect();
    for item in items {
        if known.insert(recipe(item)) {
            layout.add_columns(&*context.recipes.of(item)?)?;
        }
    }
    context.metadata.differ_from(layout.columns().map(|c| c.name.as_str()))?;
    Ok(layout)
}

impl Layout {
    fn add(&mut self, row: &Table, sets: &[(String, Table)]) -> Result<()> {
        widen(&mut self.images, row)?;
        sets.iter().try_for_each(|(name, table)| widen(self.sets.entry(name.clone()).or_default(), table))
    }
    fn columns(&self) -> impl Iterator<Item = &Column> {
        self.images.iter().chain(self.sets.values().flatten())
    }
    /// What a recipe gives.
    fn add_columns(&mut self, recipe: &Recipe) -> Result<()> {
        let outcome = pipeline::columns(recipe)?;
        let sets: Vec<_> = outcome.sets.into_iter().map(|s| (s.name, s.table)).collect();
        self.add(&outcome.row, &sets)
    }
}

/// The data dictionary of recipes: what `features.csv` says after a run.
///
/// # Errors
/// None in practice.
pub fn features(recipes: &Recipes) -> Result<Table> {
    let mut layout = Layout::default();
    recipes.all().into_iter().try_for_each(|recipe| layout.add_columns(recipe))?;
    Ok(dictionary(&layout, &Metadata::default()))
}

/// Names of all columns that recipes give.
pub(super) fn names(recipes: &[&Recipe]) -> Result<Vec<String>> {
    let mut layout = Layout::default();
    recipes.iter().try_for_each(|recipe| layout.add_columns(recipe))?;
    Ok(layout.columns().map(|c| c.name.clone()).collect())
}

fn load(context: &Context, record: &Record) -> Result<Option<Part>> {
    match (record.status, &record.key) {
        (Status::Ok, Some(key)) => context.store.load(key).map(Some).ok_or_else(|| {
            Error::io("a finished image's rows are gone from .uptake/parts")
                .at(context.out.folder())
                .remedy("run again with --resume")
        }),
        _ => Ok(None),
    }
}

/// Adds the columns that are new. A column of whole numbers becomes real where another image needs it to be.
fn widen(columns: &mut Vec<Column>, table: &Table) -> Result<()> {
    for c in &table.columns {
        let Some(known) = columns.iter_mut().find(|k| k.name == c.name) else {
            columns.push(c.bare());
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

fn nothing(like: &Cells, rows: usize) -> Cells {
    match like {
        Cells::Text(_) => Cells::Text(vec![None; rows]),
        Cells::Int(_) => Cells::Int(vec![None; rows]),
        Cells::Real(_) => Cells::Real(vec![None; rows]),
    }
}

/// Rows of the table for a column of the file.
fn fit(column: &Column, table: Option<&Table>, rows: Range<usize>) -> Column {
    let cells = match (table.and_then(|t| t.column(&column.name)).map(|c| &c.cells), &column.cells) {
        (Some(Cells::Int(v)), Cells::Real(_)) => Cells::Real(v[rows].iter().map(|n| n.map(|n| n as f64)).collect()),
        (Some(cells), _) => cells.slice(rows),
        (None, like) => nothing(like, rows.len()),
    };
    column.with(cells)
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

/// The first columns of every table: which image, and what it is of.
fn which(item: Option<&Item>, metadata: &Metadata, rows: usize) -> Table {
    let mut all = Table::default();
    all.push(text("image", IMAGE, vec![item.map(|i| i.name.clone()); rows]));
    all.columns.extend(metadata.columns(item, rows));
    all
}

fn rows(
    item: Option<&Item>,
    metadata: &Metadata,
    columns: &[Column],
    table: Option<&Table>,
    rows: Range<usize>,
) -> Table {
    let mut all = which(item, metadata, rows.len());
    all.columns.extend(columns.iter().map(|c| fit(c, table, rows.clone())));
    all
}

fn status(item: Option<&Item>, metadata: &Metadata, record: &Record) -> Table {
    let mut t = which(item, metadata, 1);
    t.push(text("status", "ok, failed or skipped.", vec![Some(record.status.name().into())]));
    t.push(text("reason", "Why the image failed or was skipped.", vec![record.reason.clone()]));
    t
}

/// Every column of every table with its unit and meaning.
fn dictionary(layout: &Layout, metadata: &Metadata) -> Table {
    let status = status(None, metadata, &Record::skipped(""));
    let which = which(None, metadata, 0);
    let image = which.columns.iter();
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
    fn open(context: &Context, name: &str) -> Result<Self> {
        let (s, out) = (context.settings, context.out);
        let csv = if s.csv { Some(CsvSink::open(out.path(&format!("{name}.csv"))?)?) } else { None };
        let parquet = if s.parquet { Some(ParquetSink::open(out.path(&format!("{name}.parquet"))?)?) } else { None };
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
