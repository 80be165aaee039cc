//! Tables as Parquet: typed, compressed, a column at a time; read by Arrow, pandas, R, DuckDB, Spark.
//!
//! `int` is INT64, `real` is DOUBLE, `text` is a UTF-8 string; every column is OPTIONAL, an empty cell is a null. Unit,
//! definition and standard name of each column stand in the file's metadata as JSON, under the key `uptake.columns`.
//!
//! The bytes depend on the rows alone: row groups are cut at fixed row numbers, however the rows were handed over.

use super::draft::Draft;
use super::schema::Schema;
use crate::table::{Cells, Column, Table};
use crate::{Error, Result};
use ::parquet::basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel};
use ::parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use ::parquet::schema::types::Type;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Cells that wait in memory for a row group, at most: 64 MiB of numbers.
const GROUP_CELLS: usize = 1 << 22;

/// A Parquet file that tables are appended to. Without [`ParquetSink::finish`], or without a table, no file is left.
pub struct ParquetSink {
    path: PathBuf,
    /// Until the first table tells the schema.
    draft: Option<Draft>,
    file: Option<Open>,
}

struct Open {
    schema: Schema,
    writer: SerializedFileWriter<Draft>,
    waiting: Vec<Cells>,
    group_rows: usize,
}

impl ParquetSink {
    /// Opens the file under another name beside its place, at once: a path that cannot be written is found out early.
    ///
    /// # Errors
    /// The system refuses to write there.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let draft = Some(Draft::create(&path)?);
        Ok(ParquetSink { path: path.as_ref().to_path_buf(), draft, file: None })
    }

    /// Takes the rows of a table; the first table gives the columns.
    ///
    /// # Errors
    /// Its columns differ from the first table's, a number is not finite (nothing of it is taken then), or the disk is
    /// full.
    pub fn append(&mut self, table: &Table) -> Result<()> {
        self.take(table).map_err(|e| e.at(&self.path))
    }

    fn take(&mut self, table: &Table) -> Result<()> {
        if self.file.is_none() {
            let schema = Schema::of(table)?;
            schema.check(table)?;
            let draft = self.draft.take().ok_or_else(|| Error::io("the file could not be begun"))?;
            self.file = Some(Open::begin(draft, schema)?);
        }
        let Some(open) = &mut self.file else { return Ok(()) };
        open.schema.check(table)?;
        for (waiting, column) in open.waiting.iter_mut().zip(&table.columns) {
            match (waiting, &column.cells) {
                (Cells::Text(a), Cells::Text(b)) => a.extend_from_slice(b),
                (Cells::Int(a), Cells::Int(b)) => a.extend_from_slice(b),
                (Cells::Real(a), Cells::Real(b)) => a.extend_from_slice(b),
                _ => return Err(Error::usage(format!("column \"{}\" changed its type", column.name))),
            }
        }
        while open.waiting_rows() >= open.group_rows {
            open.group(open.group_rows)?;
        }
        Ok(())
    }

    /// Ends the file and gives it its name.
    ///
    /// # Errors
    /// The disk is full, or the system refuses.
    pub fn finish(mut self) -> Result<()> {
        let Some(mut open) = self.file.take() else { return Ok(()) };
        let rest = open.waiting_rows();
        if rest > 0 {
            open.group(rest).map_err(|e| e.at(&self.path))?;
        }
        open.writer.into_inner().map_err(|e| failed(e).at(&self.path))?.commit()
    }
}

impl Open {
    fn begin(draft: Draft, schema: Schema) -> Result<Self> {
        let note = KeyValue::new("uptake.columns".to_string(), dictionary(&schema));
        let properties = WriterProperties::builder()
            .set_created_by(concat!("uptake version ", env!("CARGO_PKG_VERSION")).to_string())
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).map_err(failed)?))
            .set_key_value_metadata(Some(vec![note]))
            .build();
        let writer = SerializedFileWriter::new(draft, message(&schema).map_err(failed)?, Arc::new(properties));
        let waiting: Vec<Cells> = schema.columns.iter().map(|c| c.cells.clone()).collect();
        let group_rows = (GROUP_CELLS / waiting.len().max(1)).clamp(1024, 1 << 17);
        Ok(Open { schema, writer: writer.map_err(failed)?, waiting, group_rows })
    }

    fn waiting_rows(&self) -> usize {
        self.waiting.first().map_or(0, Cells::len)
    }

    /// Writes the first `rows` waiting rows as a row group.
    fn group(&mut self, rows: usize) -> Result<()> {
        let mut write = || {
            let mut group = self.writer.next_row_group()?;
            for cells in &mut self.waiting {
                let Some(mut column) = group.next_column()? else { break };
                match cells {
                    Cells::Int(v) => put::<Int64Type, _>(&mut column, v.drain(..rows), |n| n)?,
                    // As in the CSV: no negative zero.
                    Cells::Real(v) => put::<DoubleType, _>(&mut column, v.drain(..rows), |x| x + 0.0)?,
                    Cells::Text(v) => put::<ByteArrayType, _>(&mut column, v.drain(..rows), |s: String| {
                        ByteArray::from(s.into_bytes())
                    })?,
                }
                column.close()?;
            }
            group.close().map(|_| ())
        };
        write().map_err(failed)
    }
}

/// Values that are there go into the column; a level of 0 or 1 a row says which.
fn put<D: DataType, T>(
    column: &mut SerializedColumnWriter<'_>,
    cells: impl Iterator<Item = Option<T>>,
    convert: impl Fn(T) -> D::T,
) -> std::result::Result<(), ParquetError> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    for cell in cells {
        levels.push(i16::from(cell.is_some()));
        values.extend(cell.map(&convert));
    }
    column.typed::<D>().write_batch(&values, Some(&levels), None).map(|_| ())
}

fn message(schema: &Schema) -> std::result::Result<Arc<Type>, ParquetError> {
    let field = |c: &Column| {
        let (physical, logical) = match c.cells {
            Cells::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Cells::Int(_) => (Physical::INT64, None),
            Cells::Real(_) => (Physical::DOUBLE, None),
        };
        let builder = Type::primitive_type_builder(&c.name, physical);
        builder.with_repetition(Repetition::OPTIONAL).with_logical_type(logical).build().map(Arc::new)
    };
    let fields = schema.columns.iter().map(field).collect::<std::result::Result<Vec<_>, _>>()?;
    Type::group_type_builder("uptake").with_fields(fields).build().map(Arc::new)
}

/// The data dictionary of the file.
fn dictionary(schema: &Schema) -> String {
    let column = |c: &Column| {
        serde_json::json!({
            "name": c.name, "type": c.cells.type_name(), "unit": c.unit,
            "definition": c.definition, "standard": c.standard,
        })
    };
    serde_json::Value::Array(schema.columns.iter().map(column).collect()).to_string()
}

fn failed(e: ParquetError) -> Error {
    Error::io(format!("cannot write: {e}"))
        .remedy("see that the disk of --out is there and has space, then run again with --resume")
}
