//! Tables as CSV.
//!
//! RFC 4180 in UTF-8 with a header line, except that lines end in `\n` alone. A field is quoted only where it must be. An
//! empty cell is a missing value; so R and pandas read it.
//!
//! Numbers are the shortest decimal that reads back as the same f64. Those of a `real` column always have a point or an
//! exponent (`3.0`, `1e-7`): a reader that guesses types then sees the same type in every file, whatever the values.

use super::draft::Draft;
use super::schema::Schema;
use crate::table::{Cells, Table};
use crate::{Error, Kind, Result};
use rayon::prelude::*;
use std::io::Write;
use std::ops::Range;
use std::path::Path;

/// A CSV file that tables are appended to. Without [`CsvSink::finish`], or without a table, no file is left.
#[derive(Debug)]
pub struct CsvSink {
    draft: Draft,
    schema: Option<Schema>,
}

impl CsvSink {
    /// Opens the file under another name beside its place, at once: a path that cannot be written is found out early.
    ///
    /// # Errors
    /// The system refuses to write there.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Ok(CsvSink { draft: Draft::create(path)?, schema: None })
    }

    /// Writes the rows of a table; the first table also gives the header.
    ///
    /// # Errors
    /// Its columns differ from the first table's, a number is not finite (nothing of it is written then), or the disk is
    /// full.
    pub fn append(&mut self, table: &Table) -> Result<()> {
        self.write(table).map_err(|e| e.at(self.draft.path()))
    }

    fn write(&mut self, table: &Table) -> Result<()> {
        let mut blocks = Vec::new();
        match &self.schema {
            Some(schema) => schema.check(table)?,
            None => {
                let schema = Schema::of(table)?;
                schema.check(table)?;
                blocks.push(header(table)?);
                self.schema = Some(schema);
            }
        }
        blocks.extend(rows(table)?);
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
    Schema::of(table)?.check(table)?;
    let bytes = [header(table)?, rows(table)?.concat()].concat();
    String::from_utf8(bytes).map_err(|e| Error::new(Kind::Internal, e.to_string()))
}

/// Text that the writer of records makes.
fn records(write: impl FnOnce(&mut ::csv::Writer<Vec<u8>>) -> ::csv::Result<()>) -> Result<Vec<u8>> {
    let mut writer = ::csv::WriterBuilder::new().terminator(::csv::Terminator::Any(b'\n')).from_writer(Vec::new());
    write(&mut writer).map_err(|e| Error::new(Kind::Internal, e.to_string()))?;
    writer.into_inner().map_err(|e| Error::new(Kind::Internal, e.to_string()))
}

fn header(table: &Table) -> Result<Vec<u8>> {
    records(|writer| writer.write_record(table.columns.iter().map(|c| c.name.as_str())))
}

/// Rows that one thread turns into text at a time.
const BLOCK: usize = 256;

/// All rows, in blocks.
fn rows(table: &Table) -> Result<Vec<Vec<u8>>> {
    let block = |k: usize| block(table, k * BLOCK..table.rows().min((k + 1) * BLOCK));
    (0..table.rows().div_ceil(BLOCK)).into_par_iter().map(block).collect()
}

fn block(table: &Table, rows: Range<usize>) -> Result<Vec<u8>> {
    records(|writer| {
        let mut cells = vec![String::new(); table.columns.len()];
        for row in rows {
            for (cell, column) in cells.iter_mut().zip(&table.columns) {
                cell.clear();
                print(&column.cells, row, cell);
            }
            writer.write_record(&cells)?;
        }
        Ok(())
    })
}

/// Appends one cell to `out`; a row past the end of the column prints nothing.
fn print(cells: &Cells, row: usize, out: &mut String) {
    use std::fmt::Write;
    let done = match cells {
        Cells::Text(v) => v.get(row).and_then(Option::as_ref).map(|s| out.write_str(s)),
        Cells::Int(v) => v.get(row).copied().flatten().map(|n| write!(out, "{n}")),
        // Adding zero turns -0.0 into 0.0: a sign that no reader would know what to do with.
        Cells::Real(v) => v.get(row).copied().flatten().map(|x| write!(out, "{:?}", x + 0.0)),
    };
    debug_assert!(!matches!(done, Some(Err(_))), "writing to a string cannot fail");
}
