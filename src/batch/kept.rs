//! The finished images of the last run, which a run of the failed ones keeps as they are.

use super::hash::digest;
use super::ledger::{self, Entry};
use super::marker::MARKER;
use super::record::Status;
use crate::Result;
use crate::write::Draft;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The name of the list while it is in use.
pub const BEFORE: &str = "images-before.jsonl";

/// The list of the last run, and where in it each finished image stands. The list stays in its file: there may be a hundred
/// thousand images. It goes when all images of the run were reached, which has one of its own then.
#[derive(Default)]
pub(super) struct Kept {
    list: PathBuf,
    /// Digests of names in ascending order, each with the place of its line.
    places: Vec<(u64, u64)>,
}

impl Kept {
    /// Puts the list of the last run in `out` aside. One that lies there still is of a run of the failed ones that did not reach
    /// all images: what the last run says comes behind it. Lines that a killed run has not finished are of images that are done
    /// again.
    ///
    /// # Errors
    /// The system refuses.
    pub fn take(out: &Path) -> Result<Self> {
        let list = list(out);
        let refused = |e| Draft::refused("write", &e, &list);
        put_aside(&ledger::path(out), &list).map_err(refused)?;
        let mut file = match File::open(&list) {
            // Killed before its list was begun.
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            file => BufReader::with_capacity(1 << 16, file.map_err(refused)?),
        };
        let (mut ended, mut at, mut line) = (Vec::new(), 0, Vec::new());
        while file.read_until(b'\n', &mut line).map_err(refused)? > 0 {
            // What was not reached is as it was before.
            if let Some(entry) = entry(&line).filter(|entry| entry.status != Status::Skipped) {
                ended.push((digest(&entry.image), at, entry.status == Status::Ok));
            }
            at += line.len() as u64;
            line.clear();
        }
        ended.sort_unstable();
        let last_of_each = ended.chunk_by(|a, b| a.0 == b.0).filter_map(<[_]>::last);
        let places =
            last_of_each.filter(|(.., is_finished)| *is_finished).map(|(image, at, _)| (*image, *at)).collect();
        Ok(Kept { list, places })
    }

    /// Removes the list, where there is one: all images were reached, or a run begins that keeps none of it.
    pub fn forget(out: &Path) {
        let _ = std::fs::remove_file(list(out));
    }

    /// What became of an image, if it was finished.
    pub fn get(&self, name: &str) -> Option<Entry> {
        let of_name = |(image, _): &(u64, u64)| image.cmp(&digest(name));
        let (_, place) = self.places[self.places.binary_search_by(of_name).ok()?];
        let (mut file, mut line) = (File::open(&self.list).ok()?, Vec::new());
        file.seek(SeekFrom::Start(place)).ok()?;
        BufReader::new(file).read_until(b'\n', &mut line).ok()?;
        entry(&line).filter(|entry| entry.image == name)
    }
}

fn list(out: &Path) -> PathBuf {
    out.join(MARKER).join(BEFORE)
}

/// Moves the list of the last run, or adds it to one that was put aside before.
fn put_aside(last: &Path, list: &Path) -> std::io::Result<()> {
    if !last.exists() {
        return Ok(());
    }
    if !list.exists() {
        return std::fs::rename(last, list);
    }
    let mut all = File::options().append(true).open(list)?;
    // A line that was cut off ends here.
    all.write_all(b"\n")?;
    std::io::copy(&mut File::open(last)?, &mut all)?;
    std::fs::remove_file(last)
}

fn entry(line: &[u8]) -> Option<Entry> {
    serde_json::from_slice(line).ok()
}
