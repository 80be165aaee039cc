//! The tables of a run, put together from the parts in the order of the images.
//!
//! Their columns follow from the recipes, and from what single images have beside that (the facts of a PET header in a recipe
//! for any image); a cell is empty where an image has no such column. One block of one part is in memory at a time.

use super::alike::{self, Alike};
use super::context::BatchContext;
use super::fit::Fit;
use super::focus::{self, Focus};
use super::groups::{GROUPS, Groups};
use super::layout::Layout;
use super::ledger::{Ended, Entry};
use super::metadata::Metadata;
use super::parts::IMAGES;
use super::plates::{Pictures, Plates};
use super::recipes::Recipes;
use super::record::Status;
use crate::table::arrow;
use crate::table::{Cells, Column, Table};
use crate::write::{AnnDataSink, CsvSink, Draft, ParquetSink};
use crate::{Error, Kind, Result};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Writes all tables of a run that has ended; returns the places of the files, and how many images are warned of as being like others.
pub(super) fn write(context: &BatchContext, ended: &Ended) -> Result<(Vec<String>, usize)> {
    let metadata = &context.metadata;
    let layout = Layout::of(ended.entries()?, context.recipes, &context.store)?;
    metadata.differ_from(layout.names())?;
    let mut writing = Writing::open(context, &layout)?;
    writing.meet(ended)?;
    let alike = Alike::find(|| ended.entries())?;
    for (number, entry) in ended.entries()?.enumerate() {
        writing.image(&entry?, alike.other(number))?;
    }
    let copies = writing.copies;
    let Sums { mut places, mut groups, plates, focus } = writing.finish()?;
    tell_blurred(context, ended, &alike, focus, groups.as_mut())?;
    let (sums, pictures) = sums(groups, plates);
    if context.settings.overlays {
        for (below, text) in pictures {
            Draft::write(context.out.path(&below)?, text.as_bytes())?;
            places.push(below);
        }
    }
    let features = ("features", dictionary(&layout, metadata, &sums));
    for (name, table) in sums.iter().chain([&features]) {
        let mut sink = Sinks::open(context, name)?;
        sink.append(&arrow::batch(table)?)?;
        places.extend(sink.finish()?);
    }
    Ok((places, copies))
}

/// The tables of images and of objects while rows are written, and what sums these rows up.
struct Writing<'a> {
    context: &'a BatchContext<'a>,
    images: Sinks,
    /// Rows of images, as the table has them.
    row: Fit,
    /// Rows that are not written yet: they are written together.
    waiting: Vec<RecordBatch>,
    /// Images that are warned of as being like others.
    copies: usize,
    sets: BTreeMap<&'a str, (Fit, Sinks)>,
    groups: Option<Groups>,
    plates: Option<Plates>,
    focus: Option<Focus>,
}

/// The places of the files of these tables, and what sums their rows up.
struct Sums {
    places: Vec<String>,
    groups: Option<Groups>,
    plates: Option<Plates>,
    focus: Option<Focus>,
}

impl<'a> Writing<'a> {
    /// Every table has its columns, also one that no row comes for.
    fn open(context: &'a BatchContext, layout: &'a Layout) -> Result<Self> {
        let metadata = &context.metadata;
        let mut sets = BTreeMap::new();
        let images = Sinks::open(context, IMAGES)?;
        for (name, columns) in &layout.sets {
            let fit = Fit::new(columns_of(&which(None, metadata)), columns);
            let mut sink = Sinks::of_objects(context, name)?;
            sink.append(&RecordBatch::new_empty(fit.schema.clone()))?;
            sets.insert(name.as_str(), (fit, sink));
        }
        let row = Fit::new(columns_of(&status(None, metadata)), &layout.images);
        let groups = context.recipes.all().into_iter().find_map(|recipe| Groups::new(recipe, layout));
        let plates = context.recipes.all().into_iter().find_map(|recipe| Plates::new(recipe, layout));
        let focus = context.recipes.all().first().map(|recipe| Focus::new(recipe));
        Ok(Writing { context, images, row, waiting: vec![], copies: 0, sets, groups, plates, focus })
    }

    /// Learns what the groups are called.
    fn meet(&mut self, ended: &Ended) -> Result<()> {
        let Some(groups) = &mut self.groups else { return Ok(()) };
        ended.entries()?.try_for_each(|entry| entry.map(|entry| groups.meet(&entry.metadata, &self.context.metadata)))
    }

    /// Writes the rows of an image; `other` is the name of one that has the same files.
    fn image(&mut self, entry: &Entry, other: Option<&str>) -> Result<()> {
        let metadata = &self.context.metadata;
        let front = status(Some(entry), metadata);
        for (name, rows) in &entry.objects {
            self.sets.get_mut(name.as_str()).map_or(Ok(()), |(_, sink)| sink.image(*rows))?;
        }
        let of_image = match (entry.status, &entry.part) {
            (Status::Ok, Some(key)) => self.part(key, &front, &which(Some(entry), metadata))?,
            _ => None,
        };
        let mut row = match of_image {
            Some(row) => row,
            None => self.row.words(&front, &entry.known)?,
        };
        if let Some(other) = other {
            self.copies += usize::from(alike::warn(&mut row, other)?);
        }
        self.waiting.push(row);
        if self.waiting.len() == TOGETHER { self.write_waiting() } else { Ok(()) }
    }

    /// Writes the rows of the objects of an image, as they stand in its part; returns the row of the image. `front` and `of_rows` are the first
    /// columns.
    fn part(&mut self, key: &str, front: &Table, of_rows: &Table) -> Result<Option<RecordBatch>> {
        let mut of_image = None;
        let mut take = |table: &str, rows: &RecordBatch| {
            if table == IMAGES {
                of_image = Some(self.row.rows(front, rows)?);
            } else if let Some((fit, sink)) = self.sets.get_mut(table) {
                let rows = fit.rows(of_rows, rows)?;
                sum_up(&mut self.groups, &mut self.plates, table, &rows)?;
                sink.append(&rows)?;
            }
            Ok(())
        };
        if !self.context.store.read(key, &mut take)? {
            return Err(Error::io("a finished image's rows are gone from .uptake/parts, or damaged")
                .at(self.context.out.folder())
                .remedy("run again with --resume"));
        }
        Ok(of_image)
    }

    fn write_waiting(&mut self) -> Result<()> {
        let rows = together(&self.row.schema, &std::mem::take(&mut self.waiting))?;
        sum_up(&mut self.groups, &mut self.plates, IMAGES, &rows)?;
        self.focus.as_mut().map_or(Ok(()), |focus| focus.take(&rows))?;
        self.images.append(&rows)
    }

    fn finish(mut self) -> Result<Sums> {
        self.write_waiting()?;
        let mut places = self.images.finish()?;
        for (_, sink) in self.sets.into_values() {
            places.extend(sink.finish()?);
        }
        Ok(Sums { places, groups: self.groups, plates: self.plates, focus: self.focus })
    }
}

/// Adds rows of a table to what sums rows up.
fn sum_up(groups: &mut Option<Groups>, plates: &mut Option<Plates>, table: &str, rows: &RecordBatch) -> Result<()> {
    groups.as_mut().map_or(Ok(()), |groups| groups.take(table, rows))?;
    plates.as_mut().map_or(Ok(()), |plates| plates.take(table, rows))
}

/// Tells which images look out of focus beside the others, and counts them among those with warnings.
fn tell_blurred(
    context: &BatchContext,
    ended: &Ended,
    alike: &Alike,
    focus: Option<Focus>,
    mut groups: Option<&mut Groups>,
) -> Result<()> {
    let blurred = focus.map(Focus::blurred).unwrap_or_default();
    let mut rest = blurred.iter().peekable();
    let mut named = vec![];
    for (number, entry) in ended.entries()?.enumerate() {
        if rest.peek().is_none() {
            break;
        }
        let entry = entry?;
        let Some(one) = rest.next_if(|one| one.row as usize == number) else { continue };
        let has_warnings = entry.warnings > 0 || alike.other(number).is_some();
        if let Some(groups) = groups.as_mut().filter(|_| !has_warnings) {
            groups.warn(&entry.metadata, &context.metadata);
        }
        named.push((entry.image, one));
    }
    focus::note(&named).iter().for_each(|note| context.settings.observer.note(note));
    Ok(())
}

/// The tables that sum up images, and pictures of them with their places.
fn sums(groups: Option<Groups>, plates: Option<Plates>) -> (Vec<(&'static str, Table)>, Pictures) {
    let groups = groups.map(|groups| (GROUPS, groups.table()));
    let (tables, pictures) = plates.map(|plates| plates.results()).unwrap_or_default();
    (groups.into_iter().chain(tables).collect(), pictures)
}

/// Rows of images that are written together.
const TOGETHER: usize = 128;

fn together(schema: &SchemaRef, rows: &[RecordBatch]) -> Result<RecordBatch> {
    arrow_select::concat::concat_batches(schema, rows).map_err(|e| Error::new(Kind::Internal, e.to_string()))
}

fn columns_of(table: &Table) -> Vec<Column> {
    table.columns.iter().map(Column::bare).collect()
}

fn text(name: &str, definition: &str, cells: Vec<Option<String>>) -> Column {
    Column::new(name, "", definition, Cells::Text(cells))
}

/// The first columns of every table: which image a row is of, and what that is of.
fn which(entry: Option<&Entry>, metadata: &Metadata) -> Table {
    let definition = "Path of the image below the folder that holds all inputs.";
    let mut t = Table::default();
    t.push(text("image", definition, vec![entry.map(|e| e.image.clone())]));
    t.columns.extend(metadata.columns(entry.map_or(&[], |e| &e.metadata)));
    t
}

fn status(entry: Option<&Entry>, metadata: &Metadata) -> Table {
    let mut t = which(entry, metadata);
    t.push(text("status", "ok, failed or skipped.", vec![entry.map(|e| e.status.name().into())]));
    t.push(text("reason", "Why the image failed or was skipped.", vec![entry.and_then(|e| e.reason.clone())]));
    t
}

/// The data dictionary of recipes: what `features.csv` says after a run.
///
/// # Errors
/// None in practice.
pub fn features(recipes: &Recipes) -> Result<Table> {
    let mut layout = Layout::default();
    recipes.all().into_iter().try_for_each(|recipe| layout.add_recipe(recipe))?;
    let groups = recipes.all().into_iter().find_map(|recipe| Groups::new(recipe, &layout));
    let plates = recipes.all().into_iter().find_map(|recipe| Plates::new(recipe, &layout));
    Ok(dictionary(&layout, &Metadata::default(), &sums(groups, plates).0))
}

/// Every column of every table with its unit and meaning.
fn dictionary(layout: &Layout, metadata: &Metadata, sums: &[(&str, Table)]) -> Table {
    let status = status(None, metadata);
    let image = status.columns.iter().take(1 + metadata.names().len());
    let images = status.columns.iter().chain(&layout.images).map(|c| (IMAGES, c));
    let sets =
        layout.sets.iter().flat_map(|(name, columns)| image.clone().chain(columns).map(move |c| (name.as_str(), c)));
    let sums = sums.iter().flat_map(|(name, table)| table.columns.iter().map(|c| (*name, c)));
    let all: Vec<(&str, &Column)> = sets.chain(images).chain(sums).collect();
    let gather = |f: fn(&(&str, &Column)) -> String| all.iter().map(|e| Some(f(e)).filter(|s| !s.is_empty())).collect();
    let mut t = Table::default();
    t.push(text("table", "Name of the table.", gather(|(name, _)| name.to_string())));
    t.push(text("column", "Name of the column.", gather(|(_, c)| c.name.clone())));
    t.push(text("unit", "Unit of its values.", gather(|(_, c)| c.unit.clone())));
    t.push(text("type", "text, int or real.", gather(|(_, c)| c.cells.type_name().into())));
    t.push(text("definition", "What it says.", gather(|(_, c)| c.definition.clone())));
    t.push(text("standard", "Name or code in other tools or standards.", gather(|(_, c)| c.standard.clone())));
    t.push(text("empty", "Why a cell may be empty.", gather(|(_, c)| c.empty.clone())));
    t
}

/// One table in each format that was asked for.
struct Sinks {
    /// Of the files.
    places: Vec<String>,
    csv: Option<CsvSink>,
    parquet: Option<ParquetSink>,
    anndata: Option<AnnDataSink>,
}

impl Sinks {
    fn open(context: &BatchContext, name: &str) -> Result<Self> {
        let (s, mut sinks) = (context.settings, Sinks { places: vec![], csv: None, parquet: None, anndata: None });
        if s.csv {
            sinks.csv = Some(CsvSink::open(sinks.place(context, format!("{name}.csv"))?)?);
        }
        if s.parquet {
            sinks.parquet = Some(ParquetSink::open(sinks.place(context, format!("{name}.parquet"))?)?);
        }
        Ok(sinks)
    }
    /// Of a table of objects, as AnnData as well where a recipe says so.
    fn of_objects(context: &BatchContext, name: &str) -> Result<Self> {
        let mut sinks = Self::open(context, name)?;
        if context.recipes.all().iter().any(|recipe| recipe.body.output.anndata) {
            sinks.anndata = Some(AnnDataSink::open(sinks.place(context, format!("{name}.h5ad"))?, name)?);
        }
        Ok(sinks)
    }
    fn place(&mut self, context: &BatchContext, below: String) -> Result<PathBuf> {
        let path = context.out.path(&below)?;
        self.places.push(below);
        Ok(path)
    }
    /// Says that an image of so many rows comes next.
    fn image(&mut self, rows: usize) -> Result<()> {
        self.parquet.as_mut().map_or(Ok(()), |s| s.image(rows))
    }
    fn append(&mut self, rows: &RecordBatch) -> Result<()> {
        self.csv.as_mut().map_or(Ok(()), |s| s.append(rows))?;
        self.parquet.as_mut().map_or(Ok(()), |s| s.append(rows))?;
        self.anndata.as_mut().map_or(Ok(()), |s| s.append(rows))
    }
    /// The places of the files, now that they are whole.
    fn finish(self) -> Result<Vec<String>> {
        self.csv.map_or(Ok(()), CsvSink::finish)?;
        self.parquet.map_or(Ok(()), ParquetSink::finish)?;
        self.anndata.map_or(Ok(()), AnnDataSink::finish)?;
        Ok(self.places)
    }
}
