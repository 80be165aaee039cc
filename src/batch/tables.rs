//! The tables of a run, put together from the parts in the order of the images.
//!
//! Their columns follow from the recipes, and from what single images have beside that (the facts of a PET header in a recipe
//! for any image); a cell is empty where an image has no such column. One block of one part is in memory at a time.

use super::Recipes;
use super::discover::Item;
use super::metadata::Metadata;
use super::one::Context;
use super::parts::IMAGES;
use super::record::{Record, Status};
use crate::recipe::Recipe;
use crate::table::arrow::{self, Values};
use crate::table::{Cells, Column, Table};
use crate::write::{CsvSink, ParquetSink};
use crate::{Error, Kind, Result, pipeline};
use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch, StringArray, new_null_array};
use arrow_schema::{DataType, SchemaRef};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The columns of each table, without rows and without those that say which image a row is of.
#[derive(Default)]
struct Layout {
    sets: BTreeMap<String, Vec<Column>>,
    images: Vec<Column>,
}

pub(super) fn write(context: &Context, items: &[Item], records: &[Record]) -> Result<()> {
    let metadata = &context.metadata;
    let layout = Layout::of(items, context)?;
    metadata.differ_from(layout.names())?;
    let mut images = Sinks::open(context, IMAGES)?;
    let mut row = Fit::new(columns_of(&status(None, metadata, &Record::skipped(""))), &layout.images);
    let mut waiting = Vec::new();
    let mut sets = BTreeMap::new();
    for (name, columns) in &layout.sets {
        let fit = Fit::new(columns_of(&which(None, metadata)), columns);
        let mut sink = Sinks::open(context, name)?;
        sink.append(&RecordBatch::new_empty(fit.schema.clone()))?;
        sets.insert(name.as_str(), (fit, sink));
    }
    for (item, record) in items.iter().zip(records) {
        let (of_rows, front) = (which(Some(item), metadata), status(Some(item), metadata, record));
        let mut of_image = row.nothing(&front)?;
        for (name, rows) in &record.counts {
            sets.get_mut(name.as_str()).map_or(Ok(()), |(_, sink)| sink.image(*rows))?;
        }
        if let (Status::Ok, Some(key)) = (record.status, &record.key) {
            let mut take = |table: &str, rows: &RecordBatch| {
                if table == IMAGES {
                    of_image = row.rows(&front, rows)?;
                } else if let Some((fit, sink)) = sets.get_mut(table) {
                    sink.append(&fit.rows(&of_rows, rows)?)?;
                }
                Ok(())
            };
            if !context.store.read(key, &mut take)? {
                return Err(Error::io("a finished image's rows are gone from .uptake/parts, or damaged")
                    .at(context.out.folder())
                    .remedy("run again with --resume"));
            }
        }
        waiting.push(of_image);
        if waiting.len() == TOGETHER {
            images.append(&together(&row.schema, &std::mem::take(&mut waiting))?)?;
        }
    }
    images.append(&together(&row.schema, &waiting)?)?;
    images.finish()?;
    sets.into_values().try_for_each(|(_, sink)| sink.finish())?;
    let mut features = Sinks::open(context, "features")?;
    features.append(&arrow::batch(&dictionary(&layout, metadata))?)?;
    features.finish()
}

/// Rows of images that are written together.
const TOGETHER: usize = 1024;

fn together(schema: &SchemaRef, rows: &[RecordBatch]) -> Result<RecordBatch> {
    arrow_select::concat::concat_batches(schema, rows).map_err(|e| Error::new(Kind::Internal, e.to_string()))
}

impl Layout {
    /// What the recipes of the images give, then what single images have beside that.
    fn of(items: &[Item], context: &Context) -> Result<Self> {
        let mut layout = Layout::default();
        context.recipes.used(items).into_iter().try_for_each(|recipe| layout.add_recipe(recipe))?;
        // Rows of a sheet that measure something else.
        let others: BTreeMap<_, &Item> =
            items.iter().filter(|i| changes_columns(&i.settings)).map(|i| ((i.is_scan, &*i.settings), i)).collect();
        others.into_values().try_for_each(|item| layout.add_recipe(&*context.recipes.of(item)?))?;
        for met in context.store.tables() {
            let columns = met.schema.fields().iter().map(|f| arrow::column(f)).collect::<Result<Vec<_>>>()?;
            layout.add(&met.table, &columns)?;
        }
        Ok(layout)
    }

    fn add_recipe(&mut self, recipe: &Recipe) -> Result<()> {
        let outcome = pipeline::columns(recipe)?;
        self.add(IMAGES, &outcome.row.columns)?;
        outcome.sets.iter().try_for_each(|set| self.add(&set.name, &set.table.columns))
    }

    /// Names of all columns.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.images.iter().chain(self.sets.values().flatten()).map(|c| c.name.as_str())
    }

    fn add(&mut self, table: &str, columns: &[Column]) -> Result<()> {
        if table == IMAGES {
            return widen(&mut self.images, columns);
        }
        widen(self.sets.entry(table.to_string()).or_default(), columns)
    }
}

/// The data dictionary of recipes: what `features.csv` says after a run.
///
/// # Errors
/// None in practice.
pub fn features(recipes: &Recipes) -> Result<Table> {
    let mut layout = Layout::default();
    recipes.all().into_iter().try_for_each(|recipe| layout.add_recipe(recipe))?;
    Ok(dictionary(&layout, &Metadata::default()))
}

/// Names of all columns that recipes give.
pub(super) fn names(recipes: &[&Recipe]) -> Result<Vec<String>> {
    let mut layout = Layout::default();
    recipes.iter().try_for_each(|recipe| layout.add_recipe(recipe))?;
    Ok(layout.names().map(str::to_string).collect())
}

/// Changes of a recipe that may be about what is measured, not about the image alone: an archive has many of those.
fn changes_columns(settings: &[String]) -> bool {
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

/// Puts the rows of parts into the columns of a table of the run.
struct Fit {
    /// Columns that say which image a row is of, then those of the parts.
    schema: SchemaRef,
    front: usize,
    /// Where the columns of a schema that was met stand, by its address: the store keeps one for thousands of parts.
    places: HashMap<usize, Vec<Option<usize>>>,
}

impl Fit {
    fn new(mut front: Vec<Column>, columns: &[Column]) -> Self {
        let n = front.len();
        front.extend(columns.iter().map(Column::bare));
        Fit { schema: arrow::schema(&front), front: n, places: HashMap::new() }
    }

    /// A row without a part.
    fn nothing(&self, front: &Table) -> Result<RecordBatch> {
        let empty = |f: &arrow_schema::FieldRef| new_null_array(f.data_type(), 1);
        let rest = self.schema.fields().iter().skip(self.front).map(empty);
        self.batch(front.columns.iter().map(|c| arrow::array(&c.cells)).chain(rest).collect())
    }

    /// The rows of a part; `front` is one row that stands before each of them.
    fn rows(&mut self, front: &Table, rows: &RecordBatch) -> Result<RecordBatch> {
        let met = rows.schema_ref();
        let fields = self.schema.fields();
        let find = || fields.iter().skip(self.front).map(|f| met.index_of(f.name()).ok()).collect();
        let places = self.places.entry(Arc::as_ptr(met) as usize).or_insert_with(find);
        let n = rows.num_rows();
        let mut arrays: Vec<ArrayRef> = front.columns.iter().map(|c| repeated(c, n)).collect();
        for (field, place) in fields.iter().skip(self.front).zip(places) {
            let array = place.map(|i| rows.column(i));
            arrays.push(match (array, field.data_type()) {
                (Some(array), kind) if array.data_type() == kind => array.clone(),
                (Some(array), DataType::Float64) => real(array)?,
                (_, kind) => new_null_array(kind, n),
            });
        }
        self.batch(arrays)
    }

    fn batch(&self, arrays: Vec<ArrayRef>) -> Result<RecordBatch> {
        RecordBatch::try_new(self.schema.clone(), arrays).map_err(|e| Error::new(Kind::Internal, e.to_string()))
    }
}

/// The word of a column of one row, so many times.
fn repeated(column: &Column, n: usize) -> ArrayRef {
    let word = match &column.cells {
        Cells::Text(words) => words.first().and_then(Option::as_deref),
        Cells::Int(_) | Cells::Real(_) => None,
    };
    Arc::new(std::iter::repeat_n(word, n).collect::<StringArray>())
}

/// Whole numbers as real ones.
fn real(array: &ArrayRef) -> Result<ArrayRef> {
    Ok(match Values::of(array)? {
        Values::Int(v) => Arc::new(v.iter().map(|n| n.map(|n| n as f64)).collect::<Float64Array>()),
        Values::Real(_) | Values::Text(_) => array.clone(),
    })
}

fn columns_of(table: &Table) -> Vec<Column> {
    table.columns.iter().map(Column::bare).collect()
}

fn text(name: &str, definition: &str, cells: Vec<Option<String>>) -> Column {
    Column::new(name, "", definition, Cells::Text(cells))
}

/// The first columns of every table: which image a row is of, and what that is of.
fn which(item: Option<&Item>, metadata: &Metadata) -> Table {
    let definition = "Path of the image below the folder that holds all inputs.";
    let mut t = Table::default();
    t.push(text("image", definition, vec![item.map(|i| i.name.clone())]));
    t.columns.extend(metadata.columns(item));
    t
}

fn status(item: Option<&Item>, metadata: &Metadata, record: &Record) -> Table {
    let mut t = which(item, metadata);
    t.push(text("status", "ok, failed or skipped.", vec![Some(record.status.name().into())]));
    t.push(text("reason", "Why the image failed or was skipped.", vec![record.reason.clone()]));
    t
}

/// Every column of every table with its unit and meaning.
fn dictionary(layout: &Layout, metadata: &Metadata) -> Table {
    let status = status(None, metadata, &Record::skipped(""));
    let image = status.columns.iter().take(1 + metadata.names().len());
    let images = status.columns.iter().chain(&layout.images).map(|c| (IMAGES, c));
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
    t.push(text("empty", "Why a cell may be empty.", gather(|(_, c)| c.empty.clone())));
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
    /// Says that an image of so many rows comes next.
    fn image(&mut self, rows: usize) -> Result<()> {
        self.parquet.as_mut().map_or(Ok(()), |s| s.image(rows))
    }
    fn append(&mut self, rows: &RecordBatch) -> Result<()> {
        self.csv.as_mut().map_or(Ok(()), |s| s.append(rows))?;
        self.parquet.as_mut().map_or(Ok(()), |s| s.append(rows))
    }
    fn finish(self) -> Result<()> {
        self.csv.map_or(Ok(()), CsvSink::finish)?;
        self.parquet.map_or(Ok(()), ParquetSink::finish)
    }
}
