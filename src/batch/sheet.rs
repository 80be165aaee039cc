//! The sample sheet: a CSV that says what images are of, and what the recipe should be for single ones.
//!
//! ```text
//! path,patient,timepoint,set.suv.weight_kg
//! scans/p1/base,P1,baseline,71.5
//! scans/p2/*.nii.gz,P2,baseline,
//! ```
//!
//! `path` is a file, a folder or a glob, from the folder of the sheet. Columns named `set.KEY` change the recipe as
//! `--set KEY=VALUE` does; an empty cell changes nothing. All others are metadata. Columns
//! without name and words are left out: spreadsheets write them.

use super::csv_table::CsvTable;
use crate::recipe::OF_ROWS;
use crate::words::suggestion;
use crate::{Error, Result};
use csv::StringRecord;
use std::path::{Path, PathBuf};

/// A sample sheet.
#[derive(Debug)]
pub struct Sheet {
    /// Its file.
    pub path: PathBuf,
    /// Names of the columns of metadata.
    pub columns: Vec<String>,
    /// Its lines below the header.
    pub rows: Vec<SheetRow>,
}

/// A line of it.
#[derive(Debug)]
pub struct SheetRow {
    /// The number of the line, as an editor counts.
    pub line: u64,
    /// File, folder or glob.
    pub path: String,
    /// Cells of the columns of metadata.
    pub metadata: Box<[Option<String>]>,
    /// Changes of the recipe: `KEY=VALUE`. Rows with the same ones share them.
    pub settings: Box<[String]>,
}

/// What the columns are.
#[derive(Default)]
struct Columns {
    path: usize,
    metadata: Vec<(usize, String)>,
    settings: Vec<(usize, String)>,
    unnamed: Vec<usize>,
}

impl Sheet {
    /// Reads a sheet.
    ///
    /// # Errors
    /// No CSV, no column `path`, two columns of one name, a line without a path, or nothing but a header.
    pub fn open(path: &Path) -> Result<Self> {
        let CsvTable { header, records } = CsvTable::open(path, "sheet")?;
        let columns = columns(&header).map_err(|e| e.at(path))?;
        let row = |(line, record): &(u64, StringRecord)| row(record, *line, &columns);
        let rows = records.iter().map(row).collect::<Result<Vec<_>>>().map_err(|e| e.at(path))?;
        let names = columns.metadata.into_iter().map(|(_, name)| name).collect();
        Ok(Sheet { path: path.to_path_buf(), columns: names, rows })
    }

    /// The folder that its paths count from.
    pub fn folder(&self) -> PathBuf {
        super::search::absolute(&self.path).parent().map(Path::to_path_buf).unwrap_or_default()
    }
}

fn columns(header: &StringRecord) -> Result<Columns> {
    let mut columns = Columns { path: usize::MAX, ..Columns::default() };
    for (i, name) in header.iter().enumerate() {
        match (name, name.strip_prefix("set.")) {
            ("path", _) => columns.path = i,
            ("", _) => columns.unnamed.push(i),
            ("set.files.pattern" | "set.files.groups", _) => {
                return Err(Error::usage(format!("the column {name}: which files make an image is one rule for all"))
                    .remedy(format!("--{} for the run", name.replacen('.', " ", 1))));
            }
            (_, Some(key)) if OF_ROWS.contains(&key.split('.').next().unwrap_or_default()) => {
                return Err(Error::usage(format!("the column {name}: groups and plates are made of all images"))
                    .remedy(format!("--set {key}=... for the run, or the recipe")));
            }
            (_, Some(key)) => columns.settings.push((i, key.into())),
            _ => columns.metadata.push((i, name.into())),
        }
    }
    if columns.path == usize::MAX { Err(no_path(header)) } else { Ok(columns) }
}

fn no_path(header: &StringRecord) -> Error {
    let names: Vec<&str> = header.iter().collect();
    let e = Error::format("the sheet has no column path");
    match suggestion("path", &names).or_else(|| names.iter().find(|n| n.to_lowercase().contains("path")).copied()) {
        Some(likely) => e.remedy(format!("path as the name of the column \"{likely}\"")),
        None => e.remedy("a first line like path,patient,timepoint"),
    }
}

fn row(record: &StringRecord, line: u64, columns: &Columns) -> Result<SheetRow> {
    let cell = |i: usize| record.get(i).filter(|text| !text.is_empty());
    if let Some(text) = columns.unnamed.iter().find_map(|i| cell(*i)) {
        return Err(Error::format(format!("line {line}: \"{text}\" stands in a column without a name"))
            .remedy("a name in the first line"));
    }
    let path = cell(columns.path).ok_or_else(|| {
        Error::format(format!("line {line} has no path")).remedy("a file, a folder or a glob in the column path")
    })?;
    let settings = columns.settings.iter().filter_map(|(i, key)| Some(format!("{key}={}", cell(*i)?))).collect();
    let metadata = columns.metadata.iter().map(|(i, _)| cell(*i).map(str::to_owned)).collect();
    Ok(SheetRow { line, path: path.into(), metadata, settings })
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    fn open(text: &[u8]) -> Result<Sheet> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.csv");
        std::fs::write(&path, text).unwrap();
        Sheet::open(&path)
    }

    fn fails(text: &str) -> String {
        let e = open(text.as_bytes()).unwrap_err();
        format!("{}; {}", e.what, e.remedy.unwrap_or_default())
    }

    #[test]
    fn what_spreadsheets_write_is_read() {
        let text = "\u{feff}path, patient ,note,,set.time\r\n\r\na.tif,P1,\"one, \"\"two\"\"\nthree\",,\r\n,,,,\r\nb.tif,,,,2\r\n";
        let sheet = open(text.as_bytes()).unwrap();
        assert_eq!(sheet.columns, ["patient", "note"]);
        let [a, b] = &sheet.rows[..] else { panic!("{sheet:?}") };
        assert_eq!((a.path.as_str(), a.line, b.line), ("a.tif", 3, 6));
        assert_eq!(a.metadata[..], [Some("P1".into()), Some("one, \"two\"\nthree".into())]);
        assert_eq!(b.metadata[..], [None, None]);
        assert_eq!((a.settings.len(), b.settings[0].as_str()), (0, "time=2"));
    }

    #[test]
    fn slips_are_named_with_their_place() {
        let cases = [
            ("Path,a\nx,1\n", "no column path; path as the name of the column \"Path\""),
            ("image_path,a\nx,1\n", "the column \"image_path\""),
            ("file;a\nx;1\n", "where it has semicolons"),
            ("file;a\nx;1,5\n", "where it has semicolons"),
            ("file\ta\nx\t1\n", "where it has tabs"),
            ("one,two\nx,1\n", "a first line like path,patient"),
            ("path,a,a\nx,1,2\n", "two columns are called \"a\""),
            ("path,a\nx,1\ny\n", "line 3 has 1 cells, the header 2"),
            ("path,a\n,1\n", "line 2 has no path"),
            ("path,\nx,1\n", "line 2: \"1\" stands in a column without a name"),
            ("path,a\n", "no line below its header"),
            ("path,set.files.pattern\nx,1\n", "--set files.pattern for the run"),
            ("path,set.groups.by\nx,plate\n", "the column set.groups.by: groups and plates are made of all images"),
            ("path,set.plates.responses.dose\nx,d\n", "--set plates.responses.dose=... for the run"),
            ("path,set.plates\nx,d\n", "made of all images"),
        ];
        for (text, words) in cases {
            assert!(fails(text).contains(words), "{text:?}: {}", fails(text));
        }
        assert!(open(b"path,a\nx,\xff\n").unwrap_err().what.contains("line 2 is not UTF-8"));
    }
}
