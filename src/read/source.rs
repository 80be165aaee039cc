//! The bytes of a file, read by position, with every claimed place checked against the length of the file.

use crate::{Error, Result};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
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
    /// A file.
    ///
    /// # Errors
    /// It is not there or may not be read.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        Ok(Source { data: Data::File(Mutex::new(file)), len })
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

    /// The end of a place that lies within the file.
    fn within(&self, at: u64, len: u64) -> Result<u64> {
        at.checked_add(len).filter(|end| *end <= self.len).ok_or_else(|| self.beyond(at, len))
    }

    fn beyond(&self, at: u64, len: u64) -> Error {
        Error::format(format!("{len} bytes at {at} lie beyond the end of the file ({} bytes)", self.len))
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
