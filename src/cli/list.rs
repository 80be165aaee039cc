//! `--files-from`: a list of inputs, one path a line.

use crate::{Error, Result};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// The paths of a list; `-` is standard input. Lines are taken as they are, from the working directory; empty ones and the mark
/// that editors put before UTF-8 are left out.
///
/// # Errors
/// It cannot be read, or names nothing.
pub fn paths(list: &Path) -> Result<Vec<PathBuf>> {
    let is_standard = list == Path::new("-");
    let name = if is_standard { Path::new("standard input") } else { list };
    let from: Box<dyn Read> = match is_standard {
        true => Box::new(std::io::stdin()),
        false => Box::new(std::fs::File::open(list).map_err(|e| Error::from(e).at(list))?),
    };
    let mut paths = Vec::new();
    for (i, line) in BufReader::new(from).split(b'\n').enumerate() {
        let mut line = line.map_err(|e| Error::from(e).at(name))?;
        if i == 0 && line.starts_with("\u{feff}".as_bytes()) {
            line.drain(..3);
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        if !line.is_empty() {
            paths.push(path(line).map_err(|e| e.at(name))?);
        }
    }
    if paths.is_empty() {
        return Err(Error::usage("the list names no file").at(name).remedy("one path a line"));
    }
    Ok(paths)
}

/// Whatever bytes a name has: systems other than Windows take any.
#[cfg(unix)]
fn path(line: Vec<u8>) -> Result<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    Ok(std::ffi::OsString::from_vec(line).into())
}

#[cfg(not(unix))]
fn path(line: Vec<u8>) -> Result<PathBuf> {
    String::from_utf8(line).map(PathBuf::from).map_err(|_| Error::format("a line is not UTF-8"))
}
