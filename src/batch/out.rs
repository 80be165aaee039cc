//! The output folder: what a run may overwrite there, and what it must not touch.
//!
//! Everything that a run writes is listed in `DIR/.uptake/written.txt` before it is written. The next run without
//! `--resume` removes exactly that. A folder with files in it that no run has written is refused.

use crate::{Error, Result};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// An output folder that this run writes to.
#[derive(Debug)]
pub struct Out {
    folder: PathBuf,
    list: Mutex<(fs::File, BTreeSet<String>)>,
}

impl Out {
    /// Makes the folder, or clears it of an earlier run's files unless that run is to be resumed.
    ///
    /// # Errors
    /// The folder holds other files, or the system refuses.
    pub fn open(folder: &Path, resume: bool) -> Result<Self> {
        let marker = folder.join(".uptake");
        let list_path = marker.join("written.txt");
        let fail = |e: std::io::Error| {
            Error::io(format!("cannot write there: {e}")).at(folder).remedy("choose an --out that you may write to")
        };
        if folder.exists() && !folder.is_dir() {
            return Err(Error::usage("is a file, not a folder").at(folder).remedy("choose another --out"));
        }
        let is_empty = fs::read_dir(folder).map_or(true, |mut d| d.next().is_none());
        if !is_empty && !marker.is_dir() {
            return Err(Error::usage("the output folder holds files that uptake did not write")
                .at(folder)
                .remedy("an empty or new folder for --out"));
        }
        let before = fs::read_to_string(&list_path).unwrap_or_default();
        let mut written: BTreeSet<String> = before.lines().map(str::to_string).collect();
        if !resume {
            clear(folder, &written);
            written.clear();
        }
        fs::create_dir_all(&marker).map_err(fail)?;
        let mut file = fs::File::create(&list_path).map_err(fail)?;
        for line in &written {
            writeln!(file, "{line}").map_err(fail)?;
        }
        Ok(Out { folder: folder.into(), list: Mutex::new((file, written)) })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path for a file of this run; `below` is its place in the folder, with `/`.
    ///
    /// # Errors
    /// The list cannot be written.
    pub fn path(&self, below: &str) -> Result<PathBuf> {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        if list.1.insert(below.to_string()) {
            writeln!(list.0, "{below}").map_err(|e| Error::from(e).at(&self.folder))?;
        }
        Ok(self.folder.join(below))
    }
}

/// Removes what an earlier run wrote. What does not go stays: a later write says why.
fn clear(folder: &Path, written: &BTreeSet<String>) {
    for below in written {
        let below = Path::new(below);
        if !below.components().all(|c| matches!(c, Component::Normal(_))) {
            continue;
        }
        let _ = fs::remove_file(folder.join(below));
        // Folders go when they are empty, and only then.
        for parent in below.ancestors().skip(1).filter(|p| !p.as_os_str().is_empty()) {
            let _ = fs::remove_dir(folder.join(parent));
        }
    }
    let _ = fs::remove_dir_all(folder.join(".uptake"));
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn only_what_a_run_wrote_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("out");
        let out = Out::open(&folder, false).unwrap();
        for below in ["nuclei.csv", "labels/a/b.tif"] {
            let path = out.path(below).unwrap();
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        fs::write(folder.join("mine.txt"), "x").unwrap();
        fs::write(folder.join("labels/mine.txt"), "x").unwrap();
        drop(out);
        Out::open(&folder, true).unwrap();
        assert!(folder.join("nuclei.csv").exists(), "resume keeps everything");
        Out::open(&folder, false).unwrap();
        assert!(!folder.join("nuclei.csv").exists() && !folder.join("labels/a").exists());
        assert!(folder.join("mine.txt").exists() && folder.join("labels/mine.txt").exists());
    }

    #[test]
    fn foreign_folders_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("thesis.doc"), "x").unwrap();
        assert!(Out::open(dir.path(), false).is_err());
        assert!(Out::open(&dir.path().join("thesis.doc"), false).is_err());
    }
}
