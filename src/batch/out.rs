//! The output folder: whose it is, what a run may replace there, and what it must not touch.
//!
//! ```text
//! OUT/.uptake/lock          held by the run that is at work there
//! OUT/.uptake/files.jsonl   every file that runs have written there, before it is written, one JSON text a line
//! OUT/.uptake/images.jsonl  the images of the last run: [name, file]
//! OUT/.uptake/images-to-do.jsonl   while a run is at work (`waiting`)
//! OUT/.uptake/images-before.jsonl  until a run of the failed images has reached all of them (`kept`)
//! OUT/.uptake/images-done.jsonl, begun.json, closed.json: what became of them (`ledger`, `closing`)
//! OUT/.uptake/parts/        what is kept of finished images
//! ```
//!
//! Only what stands in the list is ever removed, and nothing is removed or written through a link. A folder with files in
//! it that no run has written is refused.

use super::earlier::{self, Existing, Identity};
use super::hash::digest;
use super::json_lines::{line, lines, write_lines};
use super::kept::BEFORE;
use super::marker::MARKER;
use super::waiting::WAITING;
use crate::write::{Draft, is_draft};
use crate::{Error, Result};
use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{Read, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// An output folder that this run writes to, and no other.
#[derive(Debug)]
pub struct Out {
    folder: PathBuf,
    list: Mutex<List>,
    /// Released when it is dropped, and by the system if the process dies.
    _lock: File,
}

#[derive(Debug)]
struct List {
    file: File,
    /// What earlier runs have written. What this run adds stands in the file alone.
    earlier: EarlierFiles,
    /// Folders that were seen to be no links.
    folders: BTreeSet<PathBuf>,
}

impl Out {
    /// Makes the folder, or takes over one of an earlier run. `images` are those of this run. Says whether there were results.
    ///
    /// # Errors
    /// Another run is at work there, it holds other files or results of other images, or the system refuses.
    pub fn open(
        folder: &Path,
        existing: Existing,
        images: impl Iterator<Item = Identity> + Clone,
    ) -> Result<(Self, bool)> {
        let marker = folder.join(MARKER);
        let fail = |e: std::io::Error| {
            Error::io(format!("cannot write there: {e}")).at(folder).remedy("choose an --out that you may write to")
        };
        if folder.exists() && !folder.is_dir() {
            return Err(Error::usage("is a file, not a folder").at(folder).remedy("choose another --out"));
        }
        let is_empty = fs::read_dir(folder).map_or(true, |mut d| d.next().is_none());
        if !is_empty && !is_folder(&marker) {
            return Err(Error::usage("the output folder holds files that uptake did not write")
                .at(folder)
                .remedy("an empty or new folder for --out"));
        }
        fs::create_dir_all(&marker).map_err(fail)?;
        if let Some(link) = [
            "lock",
            "files.jsonl",
            "images.jsonl",
            WAITING,
            BEFORE,
            "images-done.jsonl",
            "begun.json",
            "closed.json",
            "parts",
        ]
        .iter()
        .find(|n| marker.join(n).is_symlink())
        {
            let path = marker.join(link);
            return Err(Error::usage("is a link, which uptake does not make").at(path).remedy("another --out"));
        }
        let lock = lock(folder, &marker)?;
        let list_path = marker.join("files.jsonl");
        if listed(&list_path).next().is_none() && fs::read_dir(folder).map_err(fail)?.count() > 1 {
            return Err(Error::usage(
                "the results there are of an older version of uptake, or the list of them is lost",
            )
            .at(folder)
            .remedy("another --out, or delete the folder"));
        }
        let images_path = marker.join("images.jsonl");
        let there_were = earlier::check(&images_path, existing, images.clone()).map_err(|e| e.at(folder))?;
        remove_drafts(folder, listed(&list_path));
        if existing.keeps() {
            // Without a line that a power cut has cut off.
            write_lines(&list_path, listed(&list_path))?;
        } else {
            remove(folder, listed(&list_path));
            let _ = fs::remove_dir_all(marker.join("parts"));
            write_lines(&list_path, std::iter::empty::<String>())?;
        }
        write_lines(&images_path, images)?;
        let file = File::options().append(true).open(&list_path).map_err(fail)?;
        let list = List { file, earlier: EarlierFiles::new(listed(&list_path)), folders: BTreeSet::new() };
        Ok((Out { folder: folder.into(), list: Mutex::new(list), _lock: lock }, there_were))
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The path for a file of this run; `below` is its place in the folder, with `/`. Its folders are made.
    ///
    /// # Errors
    /// The list cannot be written, or a link stands where a folder should be.
    pub fn path(&self, below: &str) -> Result<PathBuf> {
        let mut list = self.list();
        if !list.earlier.claim(below) {
            let entry = line(&below);
            list.file.write_all(entry.as_bytes()).map_err(|e| Draft::refused("write", &e, &self.folder))?;
        }
        let path = self.folder.join(below);
        for parent in Path::new(below).ancestors().skip(1).filter(|p| !p.as_os_str().is_empty()) {
            if !list.folders.contains(parent) {
                let parent_path = self.folder.join(parent);
                if parent_path.is_symlink() {
                    return Err(Error::io("is a link; nothing is written through links in the output folder")
                        .at(parent_path)
                        .remedy("remove the link, or choose another --out"));
                }
                list.folders.insert(parent.to_path_buf());
            }
        }
        Ok(path)
    }

    /// A file of an earlier run stays as a result of this one.
    pub fn keep(&self, below: &str) {
        self.list().earlier.claim(below);
    }

    /// At the end of a run that reached all images: removes what earlier runs wrote and this one did not. Returns how many
    /// files went.
    ///
    /// # Errors
    /// The list cannot be written.
    pub fn remove_stale(&self) -> Result<usize> {
        let mut list = self.list();
        let earlier = std::mem::take(&mut list.earlier);
        if earlier.current.iter().all(|current| *current) {
            return Ok(0);
        }
        let path = self.folder.join(MARKER).join("files.jsonl");
        let gone = remove(&self.folder, listed(&path).filter(|below| earlier.is_stale(below)));
        write_lines(&path, listed(&path).filter(|below| !earlier.is_stale(below)))?;
        Ok(gone)
    }
}

/// The files of earlier runs: several for each of a hundred thousand images, so the names stay on disk and here are digests.
#[derive(Debug, Default)]
struct EarlierFiles {
    /// In ascending order.
    digests: Vec<u64>,
    /// Whether this run has written or kept the file of that digest.
    current: Vec<bool>,
}

impl EarlierFiles {
    fn new(names: impl Iterator<Item = String>) -> Self {
        let mut digests: Vec<u64> = names.map(|below| digest(&below)).collect();
        digests.sort_unstable();
        digests.dedup();
        EarlierFiles { current: vec![false; digests.len()], digests }
    }

    /// A file is one of this run. Says whether an earlier run had written it already.
    fn claim(&mut self, below: &str) -> bool {
        let place = self.digests.binary_search(&digest(below));
        place.map(|at| self.current[at] = true).is_ok()
    }

    /// Whether an earlier run has written a file, and this one has not.
    fn is_stale(&self, below: &str) -> bool {
        self.digests.binary_search(&digest(below)).is_ok_and(|at| !self.current[at])
    }
}

/// A folder, and no link to one.
fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|m| m.is_dir())
}

/// The lock of the folder: of the operating system, so that it goes with its process, however that ends.
fn lock(folder: &Path, marker: &Path) -> Result<File> {
    let path = marker.join("lock");
    let refused = |e: std::io::Error| Draft::refused("write", &e, &path);
    let mut file = File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(refused)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut who = String::new();
            let _ = Read::take(&mut file, 200).read_to_string(&mut who);
            let who = if who.trim().is_empty() { "another process" } else { who.trim() };
            return Err(Error::usage(format!("another run ({who}) is writing to this folder"))
                .at(folder)
                .remedy("wait for it to end, or choose another --out"));
        }
        // Some network file systems know no locks. Better without than not at all.
        Err(TryLockError::Error(_)) => {}
    }
    let _ = file.set_len(0).and_then(|()| write!(file, "process {}", std::process::id()));
    Ok(file)
}

/// The files of a list, one after the other: there may be several for each of a hundred thousand images.
fn listed(path: &Path) -> impl Iterator<Item = String> + use<> {
    lines(path)
}

/// Removes files of the list, and folders that are empty then. What does not go stays: a later write says why.
fn remove(folder: &Path, files: impl Iterator<Item = String>) -> usize {
    let mut gone = 0;
    let is_below = |below: &PathBuf| below.components().all(|c| matches!(c, Component::Normal(_)));
    for below in files.map(PathBuf::from).filter(is_below) {
        let parents = || below.ancestors().skip(1).filter(|p| !p.as_os_str().is_empty());
        if parents().any(|p| folder.join(p).is_symlink()) {
            continue;
        }
        gone += usize::from(fs::remove_file(folder.join(&below)).is_ok());
        for parent in parents() {
            let _ = fs::remove_dir(folder.join(parent));
        }
    }
    gone
}

/// Drafts of a run that was killed: they lie beside the files that they were to become.
fn remove_drafts(folder: &Path, files: impl Iterator<Item = String>) {
    let mut folders: BTreeSet<PathBuf> = ["", MARKER, ".uptake/parts"].map(PathBuf::from).into();
    for file in files {
        let parent = Path::new(&file).parent().unwrap_or(Path::new(""));
        if !folders.contains(parent) {
            folders.insert(parent.to_path_buf());
        }
    }
    for below in folders {
        let path = folder.join(&below);
        if below.ancestors().any(|p| !p.as_os_str().is_empty() && folder.join(p).is_symlink()) {
            continue;
        }
        for entry in fs::read_dir(&path).into_iter().flatten().flatten() {
            if is_draft(&entry.file_name().to_string_lossy()) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

#[cfg(test)]
#[path = "out_tests.rs"]
mod tests;
