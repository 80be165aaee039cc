//! How a folder shows that its run was begun, and that it is finished.
//!
//! ```text
//! OUT/.uptake/begun.json    what the run is; written first
//! OUT/.uptake/closed.json   what it did; written last, and removed when another run begins
//! ```
//!
//! A run that is killed, stopped or out of space never gets to the second one.

use super::head::Head;
use super::marker::MARKER;
use super::parts::Written;
use super::summary::Summary;
use crate::write::Draft;
use crate::{Error, Kind, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::SystemTime;

/// A run that reached all images of its share and wrote its tables.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Closed {
    pub head: Head,
    pub ok: usize,
    pub failed: usize,
    pub skipped: usize,
    pub seconds: f64,
    /// SHA-256 of the list of what became of each image.
    pub images: String,
    /// Its tables.
    #[serde(default)]
    pub tables: LeftTables,
    /// When, in seconds since 1970: a copy of the folder is younger.
    #[serde(default)]
    pub at: Option<u64>,
}

/// The tables that a run left, with what they were made of.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct LeftTables {
    /// SHA-256 of all that they follow from.
    pub made_of: String,
    pub files: Vec<Written>,
    /// Images that are warned of as being byte for byte another one.
    #[serde(default)]
    pub alike: usize,
}

impl LeftTables {
    /// They are there as they were written.
    pub fn are_whole(&self, out: &Path) -> bool {
        !self.files.is_empty() && self.files.iter().all(|file| file.is_whole(out))
    }
}

impl Closed {
    pub fn new(head: &Head, summary: &Summary, images: String, tables: LeftTables) -> Self {
        let Summary { ok, failed, skipped, seconds, .. } = *summary;
        let at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok().map(|since| since.as_secs());
        Closed { head: head.clone(), ok, failed, skipped, seconds, images, tables, at }
    }
}

const BEGUN: &str = "begun.json";
const CLOSED: &str = "closed.json";

/// A run begins in the folder: what was finished there before no longer counts.
pub(super) fn begin(out: &Path, head: &Head) -> Result<()> {
    let closed = out.join(MARKER).join(CLOSED);
    match fs::remove_file(&closed) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(Draft::refused("remove", &e, &closed)),
        _ => write(out, BEGUN, head),
    }
}

/// The run is finished.
pub(super) fn close(out: &Path, closed: &Closed) -> Result<()> {
    write(out, CLOSED, closed)
}

/// What was last begun in a folder.
pub(super) fn begun(out: &Path) -> Result<Option<Head>> {
    read(out, BEGUN)
}

/// What was finished in a folder.
pub(super) fn closed(out: &Path) -> Result<Option<Closed>> {
    read(out, CLOSED)
}

fn write<T: Serialize>(out: &Path, name: &str, value: &T) -> Result<()> {
    let text = serde_json::to_vec_pretty(value).map_err(|e| Error::new(Kind::Internal, e.to_string()))?;
    Draft::write(out.join(MARKER).join(name), &text)
}

fn read<T: DeserializeOwned>(out: &Path, name: &str) -> Result<Option<T>> {
    let path = out.join(MARKER).join(name);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::from(e).at(path)),
    };
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|e| Error::format(format!("damaged: {e}")).at(path).remedy("run again into that folder with --resume"))
}
