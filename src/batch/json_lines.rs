//! Lists in files, one JSON text a line.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs;
use std::path::Path;

/// A line of a list: a JSON text, so that no name can look like two.
pub fn line<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default() + "\n"
}

/// The lines of a list. One that was cut off by a power cut is left out.
pub fn lines<T: DeserializeOwned>(path: &Path) -> Vec<T> {
    let text = fs::read(path).unwrap_or_default();
    text.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
}
