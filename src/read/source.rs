//! The bytes of a file, read by position, with every claimed place checked against the length of the file.

use crate::{Error, Result};
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

enum Data<'a> {
    Memory(&'a [u8]),
    File(Mutex<File>),
}

/// Bytes on the disk or in memory.
pub struct Source<'a> {
    data: Data<'a>,
    len: u64,
}

impl<'a> Source<'a> {
    /// A file, or what a link leads to.
    ///
    /// # Errors
    /// It is not there, may not be read, or is no regular file: a pipe or a device might never come to an end.
    pub fn open(path: &Path) -> Result<Self> {
        regular(&std::fs::metadata(path)?)?;
        let file = without_waiting().read(true).open(path)?;
        // Looked at once more: another file may have taken its place.
        let about = file.metadata()?;
        regular(&about)?;
        Ok(Source { data: Data::File(Mutex::new(file)), len: about.len() })
    }

    /// Bytes in memory.
    pub fn bytes(bytes: &'a [u8]) -> Self {
        Source { data: Data::Memory(bytes), len: bytes.len() as u64 }
    }

    /// Length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first bytes: `most` of them, or what there is.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn head(&self, most: usize) -> Result<Vec<u8>> {
        self.read(0, (most as u64).min(self.len))
    }

    /// `len` bytes from `at` on.
    ///
    /// # Errors
    /// They do not lie within the file, or the operating system refuses.
    pub fn read(&self, at: u64, len: u64) -> Result<Vec<u8>> {
        let end = self.within(at, len)?;
        match &self.data {
            Data::Memory(bytes) => {
                let part = bytes.get(at as usize..end as usize);
                Ok(part.ok_or_else(|| self.beyond(at, len))?.to_vec())
            }
            Data::File(file) => {
                let mut out = Vec::with_capacity(usize::try_from(len).map_err(|_| self.beyond(at, len))?);
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(at))?;
                // Fewer only if the file has been cut since it was opened.
                if Read::take(&mut *file, len).read_to_end(&mut out)? as u64 != len {
                    return Err(self.beyond(at, len));
                }
                Ok(out)
            }
        }
    }

    /// Fills `to` with the bytes from `at` on.
    ///
    /// # Errors
    /// They do not lie within the file, or the operating system refuses.
    pub fn read_into(&self, at: u64, to: &mut [u8]) -> Result<()> {
        let end = self.within(at, to.len() as u64)?;
        match &self.data {
            Data::Memory(bytes) => {
                let part = bytes.get(at as usize..end as usize);
                to.copy_from_slice(part.ok_or_else(|| self.beyond(at, to.len() as u64))?);
            }
            Data::File(file) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(at))?;
                file.read_exact(to)?;
            }
        }
        Ok(())
    }

    /// The bytes from the first to the last, for decoders that ask for a reader.
    pub fn reader(&self) -> BufReader<Reader<'_>> {
        BufReader::with_capacity(READ_AHEAD, Reader { source: self, at: 0 })
    }

    /// The end of a place that lies within the file.
    ///
    /// # Errors
    /// It does not.
    pub(super) fn within(&self, at: u64, len: u64) -> Result<u64> {
        at.checked_add(len).filter(|end| *end <= self.len).ok_or_else(|| self.beyond(at, len))
    }

    fn beyond(&self, at: u64, len: u64) -> Error {
        Error::format(format!("{len} bytes at {at} lie beyond the end of the file ({} bytes)", self.len))
    }
}

/// Opening a pipe waits for its other end, unless it is asked not to.
fn without_waiting() -> OpenOptions {
    #[cfg_attr(not(target_os = "linux"), expect(unused_mut, reason = "only Linux has a flag to set"))]
    let mut options = OpenOptions::new();
    #[cfg(target_os = "linux")]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    options
}

/// Refuses what is no regular file.
fn regular(about: &Metadata) -> Result<()> {
    if about.is_file() {
        return Ok(());
    }
    let what = if about.is_dir() { "a folder" } else { special(about) };
    Err(Error::unsupported(format!("{what}, not a regular file")).remedy("a regular file with the image"))
}

#[cfg(unix)]
fn special(about: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    let kind = about.file_type();
    match (kind.is_fifo(), kind.is_socket()) {
        (true, _) => "a pipe",
        (_, true) => "a socket",
        _ => "a device",
    }
}

#[cfg(not(unix))]
fn special(_: &Metadata) -> &'static str {
    "a device"
}

/// Bytes that a [`Reader`] takes from the source at a time.
const READ_AHEAD: usize = 1 << 16;

/// Reads a source from a place on.
pub struct Reader<'a> {
    source: &'a Source<'a>,
    at: u64,
}

impl Read for Reader<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = (to.len() as u64).min(self.source.len.saturating_sub(self.at)) as usize;
        let part = to.get_mut(..count).unwrap_or_default();
        self.source.read_into(self.at, part).map_err(|e| io::Error::other(e.what))?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Reader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.source.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = to.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_beyond_the_end_are_refused_without_taking_memory() {
        let source = Source::bytes(b"abcdef");
        assert_eq!(source.read(2, 3).unwrap(), b"cde");
        assert_eq!(source.head(100).unwrap(), b"abcdef");
        assert!(source.read(2, 5).is_err());
        assert!(source.read(u64::MAX, 2).is_err());
        assert!(source.read(0, u64::MAX).is_err());
    }
}
