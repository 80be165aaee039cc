//! Lists in files, one JSON text a line.

use crate::Result;
use crate::write::Draft;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

/// A line of a list: a JSON text, so that no name can look like two.
pub fn line<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default() + "\n"
}

/// Writes a list.
///
/// # Errors
/// The system refuses.
pub fn write_lines<T: Serialize>(path: &Path, mut all: impl Iterator<Item = T>) -> Result<()> {
    let mut draft = Draft::create(path)?;
    all.try_for_each(|value| draft.write_all(line(&value).as_bytes())).map_err(|e| draft.error(&e))?;
    draft.commit()
}

/// The lines of a list, one after the other. One that was cut off by a power cut is left out.
pub fn lines<T: DeserializeOwned>(path: &Path) -> impl Iterator<Item = T> + use<T> {
    let file = File::open(path).ok().map(|file| BufReader::with_capacity(1 << 16, file));
    let lines = file.into_iter().flat_map(|file| file.split(b'\n').map_while(|line| line.ok()));
    lines.filter_map(|line| serde_json::from_slice(&line).ok())
}
