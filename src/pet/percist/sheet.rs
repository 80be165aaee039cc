//! A table, CSV or Parquet, that is read by the names of its columns.

use crate::table::separator;
use crate::{Error, Result};
use ::parquet::errors::ParquetError;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::record::Field;
use std::fs::File;
use std::path::{Path, PathBuf};

/// A whole table.
pub(super) struct Sheet {
    path: PathBuf,
    columns: Vec<String>,
    /// The number of the line, and its cells.
    records: Vec<(u64, Vec<String>)>,
}

/// A line of it.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    sheet: &'a Sheet,
    record: &'a (u64, Vec<String>),
}

impl Sheet {
    /// Reads a file; its name says whether it is Parquet.
    pub fn open(path: &Path) -> Result<Self> {
        let parquet = path.extension().is_some_and(|e| e == "parquet");
        let sheet = if parquet { Self::parquet(path)? } else { Self::csv(path)? };
        for (i, name) in sheet.columns.iter().enumerate() {
            if sheet.columns.iter().take(i).any(|n| n == name) {
                return Err(Error::format(format!("two columns are called {name:?}")).at(path));
            }
        }
        Ok(sheet)
    }

    fn csv(path: &Path) -> Result<Self> {
        let wrong = |e: csv::Error| match e.into_kind() {
            csv::ErrorKind::Io(e) => Error::from(e).at(path),
            csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
                let line = pos.map_or(0, |p| p.line());
                Error::format(format!("line {line} has {len} fields, the header {expected_len}")).at(path)
            }
            csv::ErrorKind::Utf8 { pos, .. } => {
                Error::format(format!("line {} is not UTF-8", pos.map_or(0, |p| p.line()))).at(path)
            }
            other => Error::format(format!("no CSV table: {other:?}")).at(path),
        };
        let mut reader = csv::Reader::from_path(path).map_err(wrong)?;
        let header = reader.headers().map_err(wrong)?;
        separator::check(header, b',').map_err(|e| e.at(path))?;
        let columns = header.iter().map(str::to_string).collect();
        let mut records = vec![];
        for record in reader.records() {
            let record = record.map_err(wrong)?;
            let line = record.position().map_or(0, |p| p.line());
            records.push((line, record.iter().map(str::to_string).collect()));
        }
        Ok(Sheet { path: path.to_path_buf(), columns, records })
    }

    fn parquet(path: &Path) -> Result<Self> {
        let wrong = |e: ParquetError| Error::format(format!("no Parquet table: {e}")).at(path);
        let file = File::open(path).map_err(|e| Error::from(e).at(path))?;
        let reader = SerializedFileReader::new(file).map_err(wrong)?;
        let schema = reader.metadata().file_metadata().schema_descr();
        let columns = schema.columns().iter().map(|c| c.name().to_string()).collect();
        let mut records = vec![];
        for (row, line) in reader.get_row_iter(None).map_err(wrong)?.zip(1..) {
            let cell = |(_, field): (&String, &Field)| match field {
                Field::Null => String::new(),
                Field::Str(text) => text.clone(),
                Field::Double(v) => v.to_string(),
                Field::Long(v) => v.to_string(),
                other => other.to_string(),
            };
            records.push((line, row.map_err(wrong)?.get_column_iter().map(cell).collect()));
        }
        Ok(Sheet { path: path.to_path_buf(), columns, records })
    }

    /// Has the column.
    pub fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|c| c == column)
    }
    /// Its lines below the header.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.records.iter().map(|record| Line { sheet: self, record })
    }
    /// An error unless it has these columns.
    pub fn needs(&self, columns: &[&str], remedy: &str) -> Result<()> {
        match columns.iter().find(|c| !self.has(c)) {
            None => Ok(()),
            Some(c) => Err(Error::format(format!("no column {c}")).at(&self.path).remedy(remedy)),
        }
    }
    /// An error if it has any other column.
    pub fn knows(&self, columns: &[&str], remedy: &str) -> Result<()> {
        match self.columns.iter().find(|c| !columns.contains(&c.as_str())) {
            None => Ok(()),
            Some(c) => Err(Error::format(format!("unknown column {c:?}")).at(&self.path).remedy(remedy)),
        }
    }
}

impl<'a> Line<'a> {
    /// A cell without the blanks around it; nothing if it is empty or there is no such column.
    pub fn text(&self, column: &str) -> Option<&'a str> {
        let i = self.sheet.columns.iter().position(|c| c == column)?;
        self.record.1.get(i).map(|t| t.trim()).filter(|t| !t.is_empty())
    }
    /// The same, of the first column of that name in upper or lower case.
    pub fn text_of_any_case(&self, column: &str) -> Option<&'a str> {
        self.text(self.sheet.columns.iter().find(|c| c.eq_ignore_ascii_case(column))?)
    }
    /// The same as a finite number.
    pub fn real(&self, column: &str) -> Result<Option<f64>> {
        let Some(text) = self.text(column) else { return Ok(None) };
        match text.parse::<f64>() {
            Ok(x) if x.is_finite() => Ok(Some(x)),
            _ => Err(self.wrong(format!("{column} is {text:?}, which is no number"))),
        }
    }
    /// The table has the column.
    pub fn has(&self, column: &str) -> bool {
        self.sheet.has(column)
    }
    /// A cell that must be there.
    pub fn name(&self, column: &str) -> Result<&'a str> {
        self.text(column).ok_or_else(|| self.wrong(format!("{column} is empty")))
    }
    /// Its number, as an editor counts.
    pub fn number(&self) -> u64 {
        self.record.0
    }
    /// An error at this line.
    pub fn wrong(&self, what: String) -> Error {
        Error::format(format!("line {}: {what}", self.record.0)).at(&self.sheet.path)
    }
}
