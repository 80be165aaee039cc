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
        let end = at.checked_add(len).filter(|end| *end <= self.len);
        let beyond =
            || Error::format(format!("{len} bytes at {at} lie beyond the end of the file ({} bytes)", self.len));
        let end = end.ok_or_else(beyond)?;
        match &self.data {
            Data::Memory(bytes) => bytes.get(at as usize..end as usize).map(<[u8]>::to_vec).ok_or_else(beyond),
            Data::File(file) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                let mut out = vec![0; usize::try_from(len).map_err(|_| beyond())?];
                file.seek(SeekFrom::Start(at))?;
                file.read_exact(&mut out)?;
                Ok(out)
            }
        }
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
