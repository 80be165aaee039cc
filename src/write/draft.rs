//! A file under construction: it takes its name when it is whole.

use crate::{Error, Result};
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A file that is written as `NAME.part` and gets its name by [`Draft::commit`]. Dropped before that, it is removed.
///
/// The data are handed to the operating system, not forced to the disk: a killed run leaves whole files or none, a power
/// cut may not. Forcing every label image of a large archive would cost more than it saves.
#[derive(Debug)]
pub struct Draft {
    path: PathBuf,
    part: PathBuf,
    file: Option<BufWriter<File>>,
}

impl Draft {
    /// Starts a file, with the folders above it.
    ///
    /// # Errors
    /// The system refuses; the path and a remedy are named.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_path_buf();
        let Some(name) = path.file_name() else {
            return Err(Error::usage("there is no file name to write to").at(path).remedy("name a file"));
        };
        if path.is_dir() {
            return Err(Error::usage("there is a folder of that name").at(path).remedy("choose another --out"));
        }
        let mut part_name = name.to_os_string();
        part_name.push(".part");
        let part = path.with_file_name(part_name);
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|e| refused("make the folder", &e, folder))?;
        }
        let file = File::create(&part).map_err(|e| refused("write", &e, &path))?;
        Ok(Draft { path, part, file: Some(BufWriter::with_capacity(1 << 18, file)) })
    }

    /// Writes a whole small file in one go.
    ///
    /// # Errors
    /// The system refuses; the path and a remedy are named.
    pub fn write(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
        let mut draft = Self::create(path)?;
        draft.write_all(bytes).map_err(|e| draft.error(&e))?;
        draft.commit()
    }

    /// The name that the file will get.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the system said about this file, as an error with a remedy.
    pub fn error(&self, e: &io::Error) -> Error {
        refused("write", e, &self.path)
    }

    /// Ends the file and gives it its name, in place of any file that had it.
    ///
    /// # Errors
    /// The disk is full, or the system refuses.
    pub fn commit(mut self) -> Result<()> {
        if let Some(mut file) = self.file.take() {
            let done = file.flush();
            drop(file);
            if let Err(e) = done.and_then(|()| fs::rename(&self.part, &self.path)) {
                let error = refused("write", &e, &self.path);
                remove(&self.part);
                return Err(error);
            }
        }
        Ok(())
    }

    fn open(&mut self) -> io::Result<&mut BufWriter<File>> {
        self.file.as_mut().ok_or_else(|| io::Error::other("the file is finished"))
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.open()?.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.open()?.flush()
    }
}

impl Seek for Draft {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.open()?.seek(to)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            // Not flushed: what is thrown away need not reach the disk first.
            drop(file.into_parts());
            remove(&self.part);
        }
    }
}

/// A part that cannot be removed does no harm: the next run writes over it.
fn remove(part: &Path) {
    let _ = fs::remove_file(part);
}

fn refused(action: &str, e: &io::Error, path: &Path) -> Error {
    let remedy = match e.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => "choose an --out that you may write to",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space, then run again with --resume",
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            "a file stands where a folder should be: choose another --out"
        }
        ErrorKind::InvalidFilename => "choose a shorter --out",
        _ => "see that the disk of --out is there and has space, then run again with --resume",
    };
    Error::io(format!("cannot {action}: {e}")).at(path).remedy(remedy)
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn a_draft_shows_only_when_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/er/a.txt");
        let mut draft = Draft::create(&path).unwrap();
        draft.write_all(b"half").unwrap();
        assert!(!path.exists());
        drop(draft);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 0);
        Draft::write(&path, b"whole").unwrap();
        Draft::write(&path, b"again").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"again");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn refusals_name_the_path_and_a_remedy() {
        let dir = tempfile::tempdir().unwrap();
        Draft::write(dir.path().join("file"), b"").unwrap();
        for bad in [dir.path().join("file/below/x.csv"), dir.path().to_path_buf(), PathBuf::from("..")] {
            let e = Draft::create(&bad).unwrap_err();
            assert!(e.path.is_some() && e.remedy.is_some(), "{e}");
        }
    }
}
