//! Tables as Parquet: typed, compressed, a column at a time; read by Arrow, pandas, R, DuckDB, Spark.
//!
//! `int` is INT64, `real` is DOUBLE, `text` is a UTF-8 string; every column is OPTIONAL, an empty cell is a null. Unit,
//! definition, standard name and reason for emptiness of each column are metadata of its Arrow field, and stand in the
//! file's metadata as JSON as well, under the key `uptake.columns`, for readers that know no Arrow.
//!
//! A row group holds whole images as long as they fit, and has least and largest values of each column: who asks for one
//! image reads one group. The bytes depend on the rows and on the blocks that they come in, whose sizes follow from the columns.

use super::draft::Draft;
use super::schema;
use crate::table::arrow::{column, fact};
use crate::{Error, Result};
use ::parquet::arrow::ArrowWriter;
use ::parquet::arrow::arrow_writer::ArrowWriterOptions;
use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::WriterProperties;
use ::parquet::schema::types::ColumnPath;
use arrow_array::RecordBatch;
use arrow_schema::{DataType, Schema, SchemaRef};
use std::path::{Path, PathBuf};

/// Cells of a row group, at most: they wait in memory, packed, until it is full.
const GROUP_CELLS: usize = 1 << 22;

/// A Parquet file that rows are appended to. Without [`ParquetSink::finish`], or without a batch, no file is left.
pub struct ParquetSink {
    path: PathBuf,
    /// Until the first batch tells the columns.
    draft: Option<Draft>,
    file: Option<Open>,
}

struct Open {
    schema: SchemaRef,
    writer: ArrowWriter<Draft>,
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

    /// Takes the rows of a batch; the first batch gives the columns.
    ///
    /// # Errors
    /// Its columns differ from the first batch's, a number is not finite (nothing of it is taken then), or the disk is
    /// full.
    pub fn append(&mut self, batch: &RecordBatch) -> Result<()> {
        self.take(batch).map_err(|e| e.at(&self.path))
    }

    fn take(&mut self, batch: &RecordBatch) -> Result<()> {
        if self.file.is_none() {
            let schema = schema::checked(batch.schema())?;
            schema::check(&schema, batch)?;
            let draft = self.draft.take().ok_or_else(|| Error::io("the file could not be begun"))?;
            self.file = Some(Open::begin(draft, schema)?);
        }
        let Some(open) = &mut self.file else { return Ok(()) };
        schema::check(&open.schema, batch)?;
        open.writer.write(batch).map_err(failed)
    }

    /// Says that an image of so many rows comes next: where the row group has no room for it, another one begins.
    ///
    /// # Errors
    /// The disk is full.
    pub fn image(&mut self, rows: usize) -> Result<()> {
        let Some(open) = &mut self.file else { return Ok(()) };
        let waiting = open.writer.in_progress_rows();
        if waiting > 0 && waiting + rows > open.group_rows {
            open.writer.flush().map_err(|e| failed(e).at(&self.path))?;
        }
        Ok(())
    }

    /// Ends the file and gives it its name.
    ///
    /// # Errors
    /// The disk is full, or the system refuses.
    pub fn finish(mut self) -> Result<()> {
        let Some(open) = self.file.take() else { return Ok(()) };
        open.writer.into_inner().map_err(|e| failed(e).at(&self.path))?.commit()
    }
}

impl Open {
    fn begin(draft: Draft, schema: SchemaRef) -> Result<Self> {
        let group_rows = (GROUP_CELLS / schema.fields().len().max(1)).clamp(1024, 1 << 16);
        let note = KeyValue::new("uptake.columns".to_string(), dictionary(&schema)?);
        let mut properties = WriterProperties::builder()
            .set_created_by(concat!("uptake version ", env!("CARGO_PKG_VERSION")).to_string())
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).map_err(failed)?))
            .set_max_row_group_row_count(Some(group_rows))
            .set_key_value_metadata(Some(vec![note]));
        // Measured numbers hardly repeat: a dictionary of them would be a second copy.
        for field in schema.fields().iter().filter(|f| *f.data_type() == DataType::Float64) {
            let path = ColumnPath::new(vec![field.name().clone()]);
            properties = properties.set_column_dictionary_enabled(path, false);
        }
        let options = ArrowWriterOptions::new().with_properties(properties.build());
        let writer = ArrowWriter::try_new_with_options(draft, schema.clone(), options).map_err(failed)?;
        Ok(Open { schema, writer, group_rows })
    }
}

/// The data dictionary of the file.
fn dictionary(schema: &Schema) -> Result<String> {
    let entry = |field: &arrow_schema::FieldRef| {
        Ok(serde_json::json!({
            "name": field.name(), "type": column(field)?.cells.type_name(), "unit": fact(field, "unit"),
            "definition": fact(field, "definition"), "standard": fact(field, "standard"), "empty": fact(field, "empty"),
        }))
    };
    Ok(serde_json::Value::Array(schema.fields().iter().map(entry).collect::<Result<Vec<_>>>()?).to_string())
}

fn failed(e: ParquetError) -> Error {
    Error::io(format!("cannot write: {e}"))
        .remedy("see that the disk of --out is there and has space, then run again with --resume")
}
