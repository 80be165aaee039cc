//! Tables as CSV.
//!
//! RFC 4180 in UTF-8 with a header line, except that lines end in `\n` alone. A field is quoted only where it must be. An
//! empty cell is a missing value; so R and pandas read it.
//!
//! Numbers are the shortest decimal that reads back as the same f64. Those of a `real` column always have a point or an
//! exponent (`3.0`, `1e-7`): a reader that guesses types then sees the same type in every file, whatever the values.

use super::draft::Draft;
use super::{schema, shortest};
use crate::table::Table;
use crate::table::arrow::{self, Values};
use crate::{Error, Kind, Result};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{Schema, SchemaRef};
use rayon::prelude::*;
use std::io::Write;
use std::ops::Range;
use std::path::Path;

/// A CSV file that rows are appended to. Without [`CsvSink::finish`], or without a batch, no file is left.
#[derive(Debug)]
pub struct CsvSink {
    draft: Draft,
    schema: Option<SchemaRef>,
}

impl CsvSink {
    /// Opens the file under another name beside its place, at once: a path that cannot be written is found out early.
    ///
    /// # Errors
    /// The system refuses to write there.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Ok(CsvSink { draft: Draft::create(path)?, schema: None })
    }

    /// Writes the rows of a batch; the first batch also gives the header.
    ///
    /// # Errors
    /// Its columns differ from the first batch's, a number is not finite (nothing of it is written then), or the disk is
    /// full.
    pub fn append(&mut self, batch: &RecordBatch) -> Result<()> {
        self.write(batch).map_err(|e| e.at(self.draft.path()))
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let mut blocks = Vec::new();
        match &self.schema {
            Some(schema) => schema::check(schema, batch)?,
            None => {
                let schema = schema::checked(batch.schema())?;
                schema::check(&schema, batch)?;
                blocks.push(header(&schema));
                self.schema = Some(schema);
            }
        }
        blocks.extend(rows(batch)?);
        blocks.iter().try_for_each(|block| self.draft.write_all(block)).map_err(|e| self.draft.error(&e))
    }

    /// Ends the file and gives it its name.
    ///
    /// # Errors
    /// The disk is full, or the system refuses.
    pub fn finish(self) -> Result<()> {
        if self.schema.is_none() {
            return Ok(());
        }
        self.draft.commit()
    }
}

/// A table as the text of a CSV file.
///
/// # Errors
/// A number is not finite, or a column appears twice.
pub fn text(table: &Table) -> Result<String> {
    let batch = arrow::batch(table)?;
    let schema = schema::checked(batch.schema())?;
    schema::check(&schema, &batch)?;
    let bytes = [header(&schema), rows(&batch)?.concat()].concat();
    String::from_utf8(bytes).map_err(|e| Error::new(Kind::Internal, e.to_string()))
}

fn header(schema: &Schema) -> Vec<u8> {
    let mut out = Vec::new();
    line(&mut out, schema.fields().iter(), |field, out| quote(field.name(), out));
    out
}

/// Rows that one thread turns into text at a time.
const BLOCK: usize = 64;

/// All rows, in blocks.
fn rows(batch: &RecordBatch) -> Result<Vec<Vec<u8>>> {
    let columns = batch.columns().iter().map(Values::of).collect::<Result<Vec<_>>>()?;
    let block = |k: usize| block(&columns, k * BLOCK..batch.num_rows().min((k + 1) * BLOCK));
    Ok((0..batch.num_rows().div_ceil(BLOCK)).into_par_iter().map(block).collect())
}

fn block(columns: &[Values], rows: Range<usize>) -> Vec<u8> {
    let mut out = Vec::new();
    for row in rows {
        line(&mut out, columns.iter(), |column, out| print(column, row, out));
    }
    out
}

/// A line of fields. One that is a single empty field is no empty line.
fn line<T>(out: &mut Vec<u8>, fields: impl Iterator<Item = T>, print: impl Fn(T, &mut Vec<u8>)) {
    let start = out.len();
    for (k, field) in fields.enumerate() {
        if k > 0 {
            out.push(b',');
        }
        print(field, out);
    }
    if out.len() == start {
        out.extend_from_slice(b"\"\"");
    }
    out.push(b'\n');
}

/// Appends a text, between quotes where it must be.
fn quote(text: &str, out: &mut Vec<u8>) {
    if text.bytes().any(|b| matches!(b, b',' | b'"' | b'\n' | b'\r')) {
        out.push(b'"');
        out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

/// Appends one cell to `out`; an empty one prints nothing.
fn print(column: &Values, row: usize, out: &mut Vec<u8>) {
    match column {
        Values::Text(v) if v.is_valid(row) => quote(v.value(row), out),
        Values::Int(v) if v.is_valid(row) => {
            let done = write!(out, "{}", v.value(row));
            debug_assert!(done.is_ok(), "writing to memory cannot fail");
        }
        Values::Real(v) if v.is_valid(row) => shortest::append(out, v.value(row)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: the csv crate.
    use super::*;
    use crate::table::{Cells, Column, Table};
    use proptest::prelude::*;

    fn theirs(columns: &[(String, Vec<Option<String>>)]) -> String {
        let mut writer = ::csv::WriterBuilder::new().terminator(::csv::Terminator::Any(b'\n')).from_writer(Vec::new());
        writer.write_record(columns.iter().map(|(name, _)| name)).unwrap();
        for row in 0..columns[0].1.len() {
            writer.write_record(columns.iter().map(|(_, cells)| cells[row].as_deref().unwrap_or_default())).unwrap();
        }
        String::from_utf8(writer.into_inner().unwrap()).unwrap()
    }

    proptest! {
        #[test]
        fn texts_are_quoted_where_they_must_be(
            cells in prop::collection::vec(prop::collection::vec(prop::option::of("[a\u{b5}, \"\\n\\r']{0,4}"), 3), 1..4),
        ) {
            let columns: Vec<_> = cells.into_iter().enumerate().map(|(k, cells)| (format!("a, {k}"), cells)).collect();
            let mut table = Table::default();
            for (name, cells) in &columns {
                table.push(Column::new(name.clone(), "", "", Cells::Text(cells.clone())));
            }
            prop_assert_eq!(text(&table).unwrap(), theirs(&columns));
        }
    }
}
