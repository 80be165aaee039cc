//! A CSV table that is read by the names of its columns.

use crate::{Error, Result};
use csv::StringRecord;
use std::path::{Path, PathBuf};

/// A whole table.
pub(super) struct Sheet {
    path: PathBuf,
    columns: StringRecord,
    records: Vec<StringRecord>,
}

/// A line of it.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    sheet: &'a Sheet,
    record: &'a StringRecord,
}

impl Sheet {
    /// Reads a file.
    pub fn open(path: &Path) -> Result<Self> {
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
        let columns = reader.headers().map_err(wrong)?.clone();
        let records = reader.records().collect::<csv::Result<Vec<StringRecord>>>().map_err(wrong)?;
        for (i, name) in columns.iter().enumerate() {
            if columns.iter().take(i).any(|n| n == name) {
                return Err(Error::format(format!("two columns are called {name:?}")).at(path));
            }
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
}

impl<'a> Line<'a> {
    /// A cell without the blanks around it; nothing if it is empty or there is no such column.
    pub fn text(&self, column: &str) -> Option<&'a str> {
        let i = self.sheet.columns.iter().position(|c| c == column)?;
        self.record.get(i).map(str::trim).filter(|t| !t.is_empty())
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
    /// An error at this line.
    pub fn wrong(&self, what: String) -> Error {
        let line = self.record.position().map_or(0, |p| p.line());
        Error::format(format!("line {line}: {what}")).at(&self.sheet.path)
    }
}
