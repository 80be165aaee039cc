//! Which row of a sample sheet an image belongs to.
//!
//! A row names files, or folders with all that is in them. A series of DICOM files is one image, whichever of its files or
//! folders a row names. Every row names an image and no image has two rows that differ: both are errors before anything is
//! done, because whoever runs a sheet means all of it.

use super::item::{Item, Source, Task};
use super::item_list::ItemList;
use super::listing::{Listings, is_glob};
use super::search::absolute;
use super::sheet::{Sheet, SheetRow};
use crate::{Error, Result};
use glob::Pattern;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

/// The paths that the rows of a sheet name.
pub struct Claims<'a> {
    sheet: &'a Sheet,
    /// Absolute paths with their rows.
    rows: HashMap<PathBuf, Vec<usize>>,
    /// Files and folders, in the order of the sheet.
    pub paths: Vec<PathBuf>,
}

/// Lines that an error lists.
const MOST_LINES: usize = 10;

impl<'a> Claims<'a> {
    /// Looks for the paths of all rows.
    ///
    /// # Errors
    /// Rows that match nothing: all of them are named.
    pub fn of(sheet: &'a Sheet) -> Result<Self> {
        let (folder, mut listings) = (sheet.folder(), Listings::default());
        let mut claims = Claims { sheet, rows: HashMap::new(), paths: vec![] };
        let mut fruitless = Vec::new();
        for (i, row) in sheet.rows.iter().enumerate() {
            let paths = expand(&folder, row, &mut listings).map_err(|e| claims.at(row, &e))?;
            if paths.is_empty() {
                fruitless.push(i);
            }
            for path in paths {
                let path = absolute(&path);
                let rows = claims.rows.entry(path.clone()).or_default();
                if rows.is_empty() {
                    claims.paths.push(path);
                }
                rows.push(i);
            }
        }
        claims.all_found(&fruitless, "there is nothing at", &BTreeMap::new())?;
        Ok(claims)
    }

    /// Gives each image the row that names it. `joined` are files that are read with another one, which is the image's.
    ///
    /// # Errors
    /// Two rows name an image and differ, or a row names no image, or nothing but what is passed over.
    pub fn give(&self, items: &mut ItemList, joined: &HashMap<PathBuf, PathBuf>) -> Result<()> {
        let mut members: HashMap<&Path, Vec<&Path>> = HashMap::new();
        joined.iter().for_each(|(member, lead)| members.entry(lead).or_default().push(member));
        let mut used = vec![false; self.sheet.rows.len()];
        let mut skipped: BTreeMap<usize, String> = BTreeMap::new();
        items.change(|item| {
            let own = item.files().into_iter().map(PathBuf::as_path);
            let with = own.clone().filter_map(|f| members.get(f)).flatten().copied();
            let rows = self.rows_of(own.chain(with));
            let [first, others @ ..] = &rows[..] else { return Ok(()) };
            match &item.task {
                // What is passed over is no image of the row.
                Task::Skip(reason) => {
                    for i in &rows {
                        skipped.entry(*i).or_insert_with(|| format!(": {} is {reason}", item.name));
                    }
                }
                _ => rows.iter().for_each(|i| used[*i] = true),
            }
            let row = &self.sheet.rows[*first];
            if let Some(other) = others.iter().find(|i| !same(row, &self.sheet.rows[**i])) {
                return Err(self.doubled(row, &self.sheet.rows[*other], item));
            }
            item.metadata.clone_from(&row.metadata);
            item.settings.clone_from(&row.settings);
            Ok(())
        })?;
        let idle: Vec<usize> = (0..used.len()).filter(|i| !used[*i]).collect();
        self.all_found(&idle, "there is no image in", &skipped)
    }

    /// The rows that name one of the files or a folder that holds it, in the order of the sheet.
    fn rows_of<'p>(&self, files: impl Iterator<Item = &'p Path>) -> Vec<usize> {
        let (mut rows, mut seen) = (Vec::new(), HashSet::new());
        for file in files {
            // A folder that was seen has no more to say, and neither have those above it.
            for path in file.ancestors().take_while(|p| seen.insert(*p)) {
                rows.extend(self.rows.get(path).into_iter().flatten());
            }
        }
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// An error in the words of a row.
    fn at(&self, row: &SheetRow, e: &Error) -> Error {
        Error { what: format!("line {}: {}", row.line, e.what), ..e.clone() }.at(&self.sheet.path)
    }

    /// `why` says more of some rows.
    fn all_found(&self, rows: &[usize], what: &str, why: &BTreeMap<usize, String>) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let words = |i: &usize| {
            let row = &self.sheet.rows[*i];
            format!("line {}: {what} {}{}", row.line, row.path, why.get(i).map_or("", String::as_str))
        };
        let mut lines: Vec<String> = rows.iter().take(MOST_LINES).map(words).collect();
        if let Some(more @ 1..) = rows.len().checked_sub(MOST_LINES) {
            lines.push(format!("and {more} lines more"));
        }
        Err(Error::usage(lines.join("\n"))
            .at(&self.sheet.path)
            .remedy("paths from the folder of the sheet, or a sheet without these lines"))
    }

    fn doubled(&self, a: &SheetRow, b: &SheetRow, item: &Item) -> Error {
        let metadata = self.sheet.columns.iter().zip(a.metadata.iter().zip(b.metadata.iter()));
        let differs = metadata.filter(|(_, (a, b))| a != b).map(|(column, (a, b))| {
            let cell = |c: &Option<String>| c.clone().unwrap_or_default();
            format!("{column} is \"{}\" and \"{}\"", cell(a), cell(b))
        });
        let how = differs.take(1).next().unwrap_or_else(|| "their set. columns differ".into());
        // A series is one image wherever copies of its files lie.
        let named = match &item.source {
            Source::Series(_) if a.path != b.path => {
                format!("lines {} ({}) and {} ({}) both name the series {}", a.line, a.path, b.line, b.path, item.name)
            }
            _ => format!("lines {} and {} both name {}", a.line, b.line, item.name),
        };
        Error::usage(format!("{named}, and {how}")).at(&self.sheet.path).remedy("one line for each image")
    }

    /// Names the cell that a change of the recipe comes from. `fails` says whether these settings are refused.
    pub fn wrong_setting(&self, settings: &[String], e: Error, fails: impl Fn(&[String]) -> bool) -> Error {
        let lines = self.sheet.rows.iter().filter(|r| *r.settings == *settings).map(|r| r.line);
        let line = lines.min().unwrap_or(0);
        // The one without which the others are fine.
        let without = |i: usize| [&settings[..i], &settings[i + 1..]].concat();
        let guilty = (0..settings.len()).find(|i| !fails(&without(*i))).and_then(|i| settings.get(i));
        let cells = guilty.map_or(settings, std::slice::from_ref).iter().map(|setting| {
            let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
            format!("column set.{key}, \"{value}\"")
        });
        let cells = cells.collect::<Vec<_>>().join("; ");
        let what = format!("line {line}, {cells}: {}", e.what);
        let remedy = e.remedy.map(|r| r.replace("--set ", "the column set."));
        Error { what, remedy, needed_for: None, path: Some(self.sheet.path.clone()), kind: e.kind }
    }
}

/// The same contents; the path is another matter.
fn same(a: &SheetRow, b: &SheetRow) -> bool {
    a.metadata == b.metadata && a.settings == b.settings
}

/// The files and folders that a row names. What exists is meant as it is, whatever letters it has.
fn expand(folder: &Path, row: &SheetRow, listings: &mut Listings) -> Result<Vec<PathBuf>> {
    let plain = folder.join(&row.path);
    if plain.symlink_metadata().is_ok() {
        return Ok(vec![plain]);
    }
    if !is_glob(&row.path) {
        return Ok(vec![]);
    }
    if Path::new(&row.path).is_absolute() {
        return listings.matches(&row.path);
    }
    listings.matches(&format!("{}/{}", Pattern::escape(&folder.to_string_lossy()), row.path))
}
