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
use std::io::Write;
use std::path::{Path, PathBuf};

/// A CSV file that tables are appended to. Without [`CsvSink::finish`], or without a table, no file is left.
#[derive(Debug)]
pub struct CsvSink {
    path: PathBuf,
    writer: ::csv::Writer<Draft>,
    schema: Option<Schema>,
}

impl CsvSink {
    /// Opens the file under another name beside its place, at once: a path that cannot be written is found out early.
    ///
    /// # Errors
    /// The system refuses to write there.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let draft = Draft::create(&path)?;
        let writer = writer(draft);
        Ok(CsvSink { path: path.as_ref().to_path_buf(), writer, schema: None })
    }

    /// Writes the rows of a table; the first table also gives the header.
    ///
    /// # Errors
    /// Its columns differ from the first table's, a number is not finite (nothing of it is written then), or the disk is
    /// full.
    pub fn append(&mut self, table: &Table) -> Result<()> {
        self.write(table).map_err(|e| e.at(&self.path))
    }

    fn write(&mut self, table: &Table) -> Result<()> {
        match &self.schema {
            Some(schema) => schema.check(table)?,
            None => {
                let schema = Schema::of(table)?;
                schema.check(table)?;
                self.schema = Some(schema);
                header(&mut self.writer, table).map_err(|e| self.refused(e))?;
            }
        }
        rows(&mut self.writer, table).map_err(|e| self.refused(e))
    }

    fn refused(&self, e: ::csv::Error) -> Error {
        match e.into_kind() {
            ::csv::ErrorKind::Io(e) => self.writer.get_ref().error(&e),
            other => Error::io(format!("cannot write: {other:?}")),
        }
    }

    /// Ends the file and gives it its name.
    ///
    /// # Errors
    /// The disk is full, or the system refuses.
    pub fn finish(mut self) -> Result<()> {
        if self.schema.is_none() {
            return Ok(());
        }
        self.writer.flush().map_err(|e| self.writer.get_ref().error(&e))?;
        match self.writer.into_inner() {
            Ok(draft) => draft.commit(),
            Err(e) => Err(Error::io(e.error().to_string()).at(self.path)),
        }
    }
}

/// A table as the text of a CSV file.
///
/// # Errors
/// A number is not finite, or a column appears twice.
pub fn text(table: &Table) -> Result<String> {
    Schema::of(table)?.check(table)?;
    let fail = |e: String| Error::new(Kind::Internal, e);
    let mut writer = writer(Vec::new());
    header(&mut writer, table).and_then(|()| rows(&mut writer, table)).map_err(|e| fail(e.to_string()))?;
    let bytes = writer.into_inner().map_err(|e| fail(e.to_string()))?;
    String::from_utf8(bytes).map_err(|e| fail(e.to_string()))
}

fn writer<W: Write>(to: W) -> ::csv::Writer<W> {
    ::csv::WriterBuilder::new().terminator(::csv::Terminator::Any(b'\n')).from_writer(to)
}

fn header(writer: &mut ::csv::Writer<impl Write>, table: &Table) -> ::csv::Result<()> {
    writer.write_record(table.columns.iter().map(|c| c.name.as_str()))
}

fn rows(writer: &mut ::csv::Writer<impl Write>, table: &Table) -> ::csv::Result<()> {
    let mut cells = vec![String::new(); table.columns.len()];
    for row in 0..table.rows() {
        for (cell, column) in cells.iter_mut().zip(&table.columns) {
            cell.clear();
            print(&column.cells, row, cell);
        }
        writer.write_record(&cells)?;
    }
    Ok(())
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
