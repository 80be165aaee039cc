//! A file under construction: it takes its name when it is whole.

use crate::{Error, Kind, Result};
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A file that is written under a name of its own beside its place and gets its name by [`Draft::commit`]. Dropped before
/// that, it is removed. Two drafts of one file do not disturb each other: the last one to be committed stays.
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
        // Longer names than this cannot be given later; the draft's own name would hide it.
        if name.len() > LONGEST_NAME {
            return Err(refused("write", &ErrorKind::InvalidFilename.into(), &path));
        }
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|e| refused("make the folder", &e, folder))?;
        }
        let (part, file) = fresh(&path).map_err(|e| refused("write", &e, &path))?;
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

    /// What the system said about a path that is written to, as an error with a remedy.
    pub(crate) fn refused(action: &str, e: &io::Error, path: &Path) -> Error {
        refused(action, e, path)
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

/// Bytes of a file name, at most, on the file systems in use.
pub const LONGEST_NAME: usize = 255;

/// A new file beside `path`, under a name that nothing else has: short, since the name of `path` may be as long as can be.
fn fresh(path: &Path) -> io::Result<(PathBuf, File)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    loop {
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let part = path.with_file_name(format!("{DRAFT_PREFIX}{}-{n}{DRAFT_SUFFIX}", std::process::id()));
        match File::options().write(true).create_new(true).open(&part) {
            Ok(file) => return Ok((part, file)),
            // Left by a process that was killed and had the same number.
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
    }
}

const DRAFT_PREFIX: &str = ".uptake-";
const DRAFT_SUFFIX: &str = ".part";

/// Is this the name of a draft, left behind by a process that was killed?
pub fn is_draft(name: &str) -> bool {
    let numbers = name.strip_prefix(DRAFT_PREFIX).and_then(|n| n.strip_suffix(DRAFT_SUFFIX));
    let is_number = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
    numbers.and_then(|n| n.split_once('-')).is_some_and(|(process, n)| is_number(process) && is_number(n))
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

/// A draft that cannot be removed does no harm: the next run into the folder removes it.
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
    let full = matches!(e.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
    let kind = if full { Kind::Full } else { Kind::Io };
    Error::new(kind, format!("cannot {action}: {e}")).at(path).remedy(remedy)
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
    fn many_drafts_of_one_file_do_not_disturb_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("same.part");
        std::thread::scope(|s| {
            for _ in 0..32 {
                s.spawn(|| (0..20).for_each(|_| Draft::write(&path, b"equal bytes").unwrap()));
            }
        });
        assert_eq!(fs::read(&path).unwrap(), b"equal bytes");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_longest_names_are_written_and_longer_ones_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let name = |n| dir.path().join("x".repeat(n));
        Draft::write(name(LONGEST_NAME), b"x").unwrap();
        assert!(Draft::create(name(LONGEST_NAME + 1)).is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn drafts_are_known_by_their_names() {
        assert!(is_draft(".uptake-123-4.part"));
        for other in
            [".uptake-.part", ".uptake-1-.part", "x.uptake-1-2.part", ".uptake-1-2.part.tif", ".uptake-a-2.part"]
        {
            assert!(!is_draft(other), "{other}");
        }
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
