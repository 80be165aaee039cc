//! The finished images of the last run, which a run of the failed ones keeps as they are.

use super::hash::digest;
use super::ledger::{self, Entry};
use super::marker::MARKER;
use super::record::Status;
use crate::Result;
use crate::write::Draft;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The name of the list while it is in use.
pub const BEFORE: &str = "images-before.jsonl";

/// The list of the last run, and where in it each finished image stands. The list stays in its file: there may be a hundred
/// thousand images. It goes when the run ends, which has one of its own then.
#[derive(Default)]
pub(super) struct Kept {
    list: PathBuf,
    /// Digests of names in ascending order, each with the place of its line.
    places: Vec<(u64, u64)>,
}

impl Kept {
    /// Puts the list of the last run in `out` aside. Lines that a killed run has not finished are of images that are done
    /// again.
    ///
    /// # Errors
    /// The system refuses.
    pub fn take(out: &Path) -> Result<Self> {
        let (last, list) = (ledger::path(out), out.join(MARKER).join(BEFORE));
        let refused = |e| Draft::refused("write", &e, &list);
        match std::fs::rename(&last, &list) {
            // Killed before its list was begun.
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            renamed => renamed.map_err(refused)?,
        }
        let mut file = BufReader::with_capacity(1 << 16, File::open(&list).map_err(refused)?);
        let (mut places, mut at, mut line) = (Vec::new(), 0, Vec::new());
        while file.read_until(b'\n', &mut line).map_err(refused)? > 0 {
            if let Some(entry) = finished(&line) {
                places.push((digest(&entry.image), at));
            }
            at += line.len() as u64;
            line.clear();
        }
        places.sort_unstable();
        Ok(Kept { list, places })
    }

    /// What became of an image, if it was finished.
    pub fn get(&self, name: &str) -> Option<Entry> {
        let of_name = |(image, _): &(u64, u64)| image.cmp(&digest(name));
        let (_, place) = self.places[self.places.binary_search_by(of_name).ok()?];
        let (mut file, mut line) = (File::open(&self.list).ok()?, Vec::new());
        file.seek(SeekFrom::Start(place)).ok()?;
        BufReader::new(file).read_until(b'\n', &mut line).ok()?;
        finished(&line).filter(|entry| entry.image == name)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if !self.list.as_os_str().is_empty() {
            let _ = std::fs::remove_file(&self.list);
        }
    }
}

fn finished(line: &[u8]) -> Option<Entry> {
    serde_json::from_slice(line).ok().filter(|entry: &Entry| entry.status == Status::Ok)
}
