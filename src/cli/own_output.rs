//! A file that a command writes takes the place of what the command wrote before, and of nothing else.

use crate::{Error, Result};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Whether a file is there that does not begin as the command's do: a recipe, say, or an image.
pub(super) fn is_of_others(out: &Path, begins: &str) -> bool {
    // A pipe would be waited for.
    if !out.is_file() {
        return false;
    }
    let mut there = vec![];
    let read = File::open(out).and_then(|file| file.take(begins.len() as u64).read_to_end(&mut there));
    read.is_ok() && !there.is_empty() && there != begins.as_bytes()
}

/// # Errors
/// Such a file is there.
pub(super) fn check(out: &Path, begins: &str) -> Result<()> {
    if out.exists() && !out.is_file() {
        return Err(Error::usage("is no file that could be replaced").at(out).remedy("--out with the name of a file"));
    }
    match is_of_others(out, begins) {
        false => Ok(()),
        true => Err(Error::usage("--out would overwrite it, and this command has not written it")
            .at(out)
            .remedy("--out with another name")),
    }
}
