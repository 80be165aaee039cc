//! A CSV file that users write: lines without any word are left out, since spreadsheets write them, and every line is called by
//! the number that an editor shows. A file that ends in `.tsv` has tabs.

use crate::table::{self, quotes};
use crate::{Error, Result};
use csv::{ErrorKind, Position, ReaderBuilder, StringRecord, Trim};
use std::collections::HashSet;
use std::path::Path;

/// What stands in it, without blanks around the cells.
pub struct CsvTable {
    /// Names of the columns.
    pub header: StringRecord,
    /// Each line below with its number.
    pub records: Vec<(u64, StringRecord)>,
}

impl CsvTable {
    /// Reads a file, which errors call `name`.
    ///
    /// # Errors
    /// No CSV, not UTF-8, a quote that is not closed, two columns of one name, lines of different lengths, or nothing but a header.
    pub fn open(path: &Path, name: &str) -> Result<Self> {
        let tabs = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("tsv"));
        let separator = if tabs { b'\t' } else { b',' };
        let bytes = std::fs::read(path).map_err(|e| Error::from(e).at(path))?;
        let wrong = |e| no_table(e, &bytes, name).at(path);
        let mut reader = ReaderBuilder::new().delimiter(separator).trim(Trim::All).from_reader(bytes.as_slice());
        let header = reader.headers().map_err(wrong)?.clone();
        table::separator::check(&header, separator).map_err(|e| e.at(path))?;
        quotes::check(&bytes, separator, header.len()).map_err(|e| e.at(path))?;
        let mut seen = HashSet::new();
        if let Some(twice) = header.iter().find(|name| !name.is_empty() && !seen.insert(*name)) {
            let e = Error::format(format!("two columns are called \"{twice}\"")).at(path);
            return Err(e.remedy("one name for each column"));
        }
        let (mut records, mut lines) = (Vec::new(), Lines::of(&bytes));
        for record in reader.records() {
            let record = record.map_err(wrong)?;
            if record.iter().any(|cell| !cell.is_empty()) {
                records.push((lines.line(record.position()), record));
            }
        }
        if records.is_empty() {
            let e = Error::usage(format!("the {name} has no line below its header"));
            return Err(e.at(path).remedy("lines below it"));
        }
        Ok(CsvTable { header, records })
    }
}

/// Counts lines as an editor does: the reader has a record begin before the empty lines and the half of a line end that it
/// passes over.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        Lines { bytes, at: 0, line: 1 }
    }

    /// The line of a record that is not before the last one.
    fn line(&mut self, position: Option<&Position>) -> u64 {
        let begin = position.map_or(self.at, |p| usize::try_from(p.byte()).unwrap_or(usize::MAX));
        let passed = self.bytes.get(begin..).unwrap_or_default().iter().take_while(|b| matches!(b, b'\r' | b'\n'));
        let begin = begin.saturating_add(passed.count());
        let between = self.bytes.get(self.at..begin).unwrap_or_default();
        self.line += between.iter().filter(|b| **b == b'\n').count() as u64;
        self.at = self.at.max(begin);
        self.line
    }
}

fn no_table(e: csv::Error, bytes: &[u8], name: &str) -> Error {
    let line = |pos: Option<Position>| Lines::of(bytes).line(pos.as_ref());
    match e.into_kind() {
        ErrorKind::Io(e) => Error::from(e),
        ErrorKind::UnequalLengths { pos, expected_len, len } => {
            Error::format(format!("line {} has {len} cells, the header {expected_len}", line(pos)))
                .remedy("quotes around a cell that holds a comma, and as many commas in each line")
        }
        ErrorKind::Utf8 { pos, .. } => Error::format(format!("line {} is not UTF-8", line(pos)))
            .remedy(format!("the {name} saved as \"CSV UTF-8\"")),
        other => Error::format(format!("no CSV table: {other:?}")),
    }
}
