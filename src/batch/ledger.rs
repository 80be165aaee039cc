//! The list of what became of each image: `OUT/.uptake/images-done.jsonl`, one JSON text a line.
//!
//! A line is added when an image ends; at the end of the run the lines are put in the order of the tables. So a run of a
//! hundred thousand images keeps little of each in memory, and `failed`, `merge` and `--only-failed` know what a run did.

use super::failures;
use super::hash::Hashed;
use super::item::Item;
use super::marker::MARKER;
use super::record::{Record, Stage, Status};
use crate::write::Draft;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What became of an image.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Its name in the tables.
    pub image: String,
    /// What became of it.
    pub status: Status,
    /// Why it failed or was skipped.
    pub reason: Option<String>,
    /// The kind of the error, if it failed.
    pub code: Option<String>,
    /// How far it came, if it failed.
    pub stage: Option<Stage>,
    /// Taken over from an earlier run.
    pub resumed: bool,
    /// Its time.
    pub seconds: f64,
    /// Things that the user should look at.
    pub warnings: usize,
    /// Objects by set.
    pub objects: Vec<(String, usize)>,
    /// The files that it was read from.
    pub files: Vec<Hashed>,
    /// The path that stands for it.
    pub place: String,
    /// DICOM or NIfTI.
    pub is_scan: bool,
    /// The name of its part.
    pub part: Option<String>,
    /// What its row in `images` says though it failed, by column.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<(String, String)>,
    /// What it is of, one cell a column of the metadata.
    pub metadata: Vec<Option<String>>,
    /// Changes of the recipe for it.
    pub set: Vec<String>,
}

impl Entry {
    pub(super) fn of(item: &Item, record: &Record) -> Self {
        let failed = record.status == Status::Failed;
        Entry {
            image: item.name.clone(),
            status: record.status,
            reason: record.reason.clone(),
            code: record.reason.as_deref().filter(|_| failed).map(|r| failures::code(r).to_owned()),
            stage: failed.then_some(record.stage),
            resumed: record.resumed,
            seconds: record.seconds,
            warnings: record.warnings,
            objects: record.counts.clone(),
            files: record.hashes.clone(),
            place: item.place().to_string_lossy().into_owned(),
            is_scan: item.is_scan,
            part: record.key.clone(),
            known: record.known.clone(),
            metadata: item.metadata.to_vec(),
            set: item.settings.to_vec(),
        }
    }
}

/// The list of a folder.
pub fn path(out: &Path) -> PathBuf {
    out.join(MARKER).join("images-done.jsonl")
}

/// The entries of a finished list, one after the other.
///
/// # Errors
/// The file is not there. A line that is no entry is an error in its place.
pub fn entries(out: &Path) -> Result<impl Iterator<Item = Result<Entry>> + use<>> {
    let path = path(out);
    let file = File::open(&path).map_err(|e| Error::from(e).at(&path))?;
    let parse = move |(i, line): (usize, std::io::Result<String>)| {
        let line = line.map_err(|e| Error::from(e).at(&path))?;
        let what = |e| Error::format(format!("line {}: {e}", i + 1)).at(&path);
        serde_json::from_str(&line).map_err(what)
    };
    Ok(BufReader::with_capacity(1 << 18, file).lines().enumerate().map(parse))
}

/// The place of a line that is not written yet.
const MISSING: u64 = u64::MAX;

/// The list of a run at work.
pub(super) struct Ledger {
    path: PathBuf,
    lines: Mutex<Lines>,
}

struct Lines {
    file: File,
    /// Where the line of each image begins.
    places: Vec<u64>,
    end: u64,
    /// The first line that could not be written.
    failed: Option<Error>,
}

impl Ledger {
    /// A new list for so many images.
    ///
    /// # Errors
    /// The system refuses.
    pub fn create(out: &Path, images: usize) -> Result<Self> {
        let path = path(out);
        let file = File::options().create(true).truncate(true).write(true).open(&path);
        let file = file.map_err(|e| Draft::refused("write", &e, &path))?;
        let lines = Lines { file, places: vec![MISSING; images], end: 0, failed: None };
        Ok(Ledger { path, lines: Mutex::new(lines) })
    }

    /// What became of the image of that number. That it could not be written is said at the end.
    pub fn add(&self, number: usize, entry: &Entry) {
        let line = super::json_lines::line(entry);
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        match lines.file.write_all(line.as_bytes()) {
            Ok(()) => {
                lines.places[number] = lines.end;
                lines.end += line.len() as u64;
            }
            Err(e) => drop(lines.failed.get_or_insert_with(|| Draft::refused("write", &e, &self.path))),
        }
    }

    /// No further image ends.
    ///
    /// # Errors
    /// A line could not be written.
    pub fn close(self) -> Result<Ended> {
        let Ledger { path, lines } = self;
        let Lines { places, failed, .. } = lines.into_inner().unwrap_or_else(PoisonError::into_inner);
        failed.map_or(Ok(Ended { path, places }), Err)
    }
}

/// The list of a run whose images have all ended: read in the order of the tables, never whole in memory.
pub(super) struct Ended {
    path: PathBuf,
    places: Vec<u64>,
}

impl Ended {
    /// What became of each image, in the order of the tables.
    ///
    /// # Errors
    /// The file cannot be opened. A line that is missing or damaged is an error in its place.
    pub fn entries(&self) -> Result<impl Iterator<Item = Result<Entry>>> {
        let damaged = |e| Error::format(format!("damaged: {e}")).at(&self.path);
        Ok(self.lines()?.map(move |line| serde_json::from_slice(&line?).map_err(damaged)))
    }

    /// The parts of the images that are finished.
    ///
    /// # Errors
    /// As of the entries.
    pub fn parts(&self) -> Result<impl Iterator<Item = Result<String>>> {
        Ok(self.entries()?.filter_map(|entry| entry.map(|entry| entry.part).transpose()))
    }

    fn lines(&self) -> Result<impl Iterator<Item = Result<Vec<u8>>>> {
        let refused = |e| Draft::refused("read", &e, &self.path);
        let mut file = BufReader::with_capacity(1 << 16, File::open(&self.path).map_err(refused)?);
        let mut at = 0;
        Ok(self.places.iter().map(move |&begin| {
            if begin == MISSING {
                return Err(Error::format("damaged: an image is missing").at(&self.path));
            }
            let mut line = vec![];
            // Images end nearly in their order: the next line is mostly in what was read already.
            file.seek_relative(begin as i64 - at).and_then(|()| file.read_until(b'\n', &mut line)).map_err(refused)?;
            at = begin as i64 + line.len() as i64;
            Ok(line)
        }))
    }

    /// Puts the lines in the order of the tables, calls `each` with every one (without its end), and returns the SHA-256 of the file.
    ///
    /// # Errors
    /// A line is missing, or the file cannot be written.
    pub fn sort(self, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<String> {
        let mut sorted = Draft::create(&self.path)?;
        let mut hasher = Sha256::new();
        for line in self.lines()? {
            let line = line?;
            hasher.update(&line);
            sorted.write_all(&line).map_err(|e| sorted.error(&e))?;
            each(line.trim_ascii_end())?;
        }
        sorted.commit()?;
        Ok(super::hash::hex(hasher))
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::super::item::Task;
    use super::*;

    fn entry(image: &str) -> Entry {
        let record = Record { status: Status::Failed, reason: Some("format: odd".into()), ..Record::blank() };
        let item = Entry {
            image: image.into(),
            ..Entry::of(&Item::file("a".into(), Path::new(""), Task::Measure, false), &record)
        };
        assert_eq!(item.code.as_deref(), Some("format"));
        item
    }

    #[test]
    fn lines_come_in_the_order_of_the_images() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(MARKER)).unwrap();
        let names = ["a", "b\nc", "ccccc", "d"];
        let ledger = Ledger::create(dir.path(), names.len()).unwrap();
        for number in [2, 0, 3, 1] {
            ledger.add(number, &entry(names[number]));
        }
        let mut seen = Vec::new();
        let mut see = |line: &[u8]| {
            seen.push(serde_json::from_slice::<Entry>(line).unwrap().image);
            Ok(())
        };
        let ended = ledger.close().unwrap();
        assert_eq!(ended.entries().unwrap().map(|e| e.unwrap().image).collect::<Vec<_>>(), names);
        let hash = ended.sort(&mut see).unwrap();
        assert_eq!(seen, names);
        assert_eq!(hash, super::super::hash::hash_file(&path(dir.path())).unwrap());
        let again: Vec<String> = entries(dir.path()).unwrap().map(|e| e.unwrap().image).collect();
        assert_eq!(again, names);
    }

    #[test]
    fn a_damaged_line_is_an_error_with_its_place() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(MARKER)).unwrap();
        std::fs::write(path(dir.path()), super::super::json_lines::line(&entry("a")) + "{\n").unwrap();
        let all: Vec<_> = entries(dir.path()).unwrap().collect();
        assert!(all[0].is_ok());
        assert!(all[1].as_ref().is_err_and(|e| e.what.starts_with("line 2: ")));
        assert!(entries(&dir.path().join("gone")).is_err());
    }
}
