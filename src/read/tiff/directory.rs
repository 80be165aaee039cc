//! The skeleton of a TIFF file: byte order, the chain of directories and the values of their entries.
//!
//! Classic TIFF (magic 42, 32-bit offsets) and BigTIFF (magic 43, 64-bit offsets), after the TIFF 6.0 and BigTIFF
//! specifications. Nothing is trusted: counts are checked against the file, the chain must not run in circles, and all
//! directories together must not be larger than the file, so that overlapping ones cannot multiply.

use crate::read::Source;
use crate::{Error, Result};
use std::collections::HashSet;

/// An open TIFF file.
pub struct Tiff<'a> {
    source: &'a Source<'a>,
    /// Least significant byte first.
    pub little: bool,
    /// 64-bit offsets.
    pub big: bool,
}

/// An entry of a directory, its value not yet read.
#[derive(Clone, Debug)]
pub struct Entry {
    tag: u16,
    kind: u16,
    count: u64,
    /// The value itself if it fits, else its offset; 4 bytes count in classic TIFF.
    value: [u8; 8],
}

impl Entry {
    /// It has fewer values.
    pub fn is_shorter(&self, than: u64) -> bool {
        self.count < than
    }

    /// How many values it has.
    pub fn count(&self) -> u64 {
        self.count
    }
}

/// The entries of a page.
#[derive(Clone, Debug, Default)]
pub struct Directory(Vec<Entry>);

impl Directory {
    /// The entry of a tag.
    pub fn get(&self, tag: u16) -> Option<&Entry> {
        self.0.iter().find(|e| e.tag == tag)
    }
}

/// Longest text of a tag that is read, in bytes.
const MOST_TEXT: u64 = 256 << 20;
/// Pages beyond this many are refused: an image has no more planes.
const MOST_PAGES: usize = 1 << 20;

/// Does a file begin like a TIFF?
pub fn detect(head: &[u8]) -> bool {
    [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"].iter().any(|magic| head.starts_with(*magic))
}

impl<'a> Tiff<'a> {
    /// Opens a file and reads every directory of its main chain.
    ///
    /// # Errors
    /// The chain is damaged, or the operating system refuses.
    pub fn open(source: &'a Source<'a>) -> Result<(Self, Vec<Directory>)> {
        let (tiff, first) = Self::head(source)?;
        let directories = tiff.chain(first)?;
        Ok((tiff, directories))
    }

    /// Opens a file and reads its first directory only.
    ///
    /// # Errors
    /// It is damaged, or the operating system refuses.
    pub fn first(source: &'a Source<'a>) -> Result<(Self, Directory)> {
        let (tiff, first) = Self::head(source)?;
        let (directory, ..) = tiff.directory(first)?;
        Ok((tiff, directory))
    }

    /// The byte order, and where the first directory lies.
    fn head(source: &'a Source<'a>) -> Result<(Self, u64)> {
        let head = source.head(16)?;
        if !detect(&head) {
            return Err(Error::format("not a TIFF file"));
        }
        let tiff = Tiff { source, little: head.starts_with(b"II"), big: head[2..4].contains(&43) };
        let short = || Error::format("the file ends within its header");
        if tiff.big && tiff.word(head.get(4..6).ok_or_else(short)?) != 8 {
            return Err(Error::format("a BigTIFF file whose offsets are not 8 bytes"));
        }
        let first = tiff.word(head.get(if tiff.big { 8..16 } else { 4..8 }).ok_or_else(short)?);
        Ok((tiff, first))
    }

    fn chain(&self, first: u64) -> Result<Vec<Directory>> {
        let (mut at, mut seen, mut out, mut bytes) = (first, HashSet::new(), Vec::new(), 0);
        while at != 0 {
            if !seen.insert(at) {
                return Err(Error::format(format!("page {} points back to an earlier page", out.len())));
            }
            let (directory, next, size) = self.directory(at)?;
            bytes += size;
            if bytes > self.source.len() {
                return Err(Error::format("the pages overlap in the file"));
            }
            if out.len() >= MOST_PAGES {
                return Err(Error::limit(format!("more than {MOST_PAGES} pages")));
            }
            out.push(directory);
            at = next;
        }
        match out.is_empty() {
            true => Err(Error::format("no page in the file")),
            false => Ok(out),
        }
    }

    fn directory(&self, at: u64) -> Result<(Directory, u64, u64)> {
        let (head, item, link) = if self.big { (8, 20, 8) } else { (2, 12, 4) };
        let count = self.word(&self.source.read(at, head)?);
        if count > u64::from(u16::MAX) {
            return Err(Error::format(format!("a page with {count} entries")));
        }
        let size = count * item + link;
        let bytes = self.source.read(at.saturating_add(head), size)?;
        let (items, next) = bytes.split_at((count * item) as usize);
        let directory = Directory(items.chunks_exact(item as usize).map(|b| self.entry(b)).collect());
        Ok((directory, self.word(next), size))
    }

    /// `bytes` is one item of a directory: 12 or 20 bytes.
    fn entry(&self, bytes: &[u8]) -> Entry {
        let (count, rest) = if self.big { (4..12, 12) } else { (4..8, 8) };
        let mut value = [0; 8];
        value[..bytes.len() - rest].copy_from_slice(&bytes[rest..]);
        Entry {
            tag: self.word(&bytes[..2]) as u16,
            kind: self.word(&bytes[2..4]) as u16,
            count: self.word(&bytes[count]),
            value,
        }
    }

    /// An unsigned number of up to 8 bytes.
    fn word(&self, bytes: &[u8]) -> u64 {
        let add = |n: u64, b: &u8| n << 8 | u64::from(*b);
        if self.little { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) }
    }

    /// Bytes of the file.
    ///
    /// # Errors
    /// They lie beyond its end.
    pub fn read(&self, at: u64, len: u64) -> Result<Vec<u8>> {
        self.source.read(at, len)
    }

    /// Refuses a place that does not lie within the file.
    ///
    /// # Errors
    /// It does not.
    pub fn within(&self, at: u64, len: u64) -> Result<()> {
        self.source.within(at, len).map(|_| ())
    }

    /// Length of the file.
    pub fn len(&self) -> u64 {
        self.source.len()
    }

    /// The bytes of the first `most` items of an entry's value, and the size of one item.
    fn value(&self, entry: &Entry, most: u64) -> Result<(Vec<u8>, usize)> {
        let size = match entry.kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16 | 17 | 18 => 8,
            other => return Err(Error::format(format!("tag {} has the unknown type {other}", entry.tag))),
        };
        let len = entry.count.checked_mul(size);
        let len = len.ok_or_else(|| Error::format(format!("tag {} has {} values", entry.tag, entry.count)))?;
        let wanted = len.min(most.saturating_mul(size));
        let inline = if self.big { 8 } else { 4 };
        let bytes = match len <= inline {
            true => entry.value[..wanted as usize].to_vec(),
            false => self.read(self.word(&entry.value[..inline as usize]), wanted)?,
        };
        Ok((bytes, size as usize))
    }

    /// The first `most` of the unsigned integers of an entry.
    ///
    /// # Errors
    /// The entry has another type or lies beyond the end of the file.
    pub fn numbers(&self, entry: &Entry, most: u64) -> Result<Vec<u64>> {
        if !matches!(entry.kind, 1 | 3 | 4 | 13 | 16 | 18) {
            return Err(Error::format(format!("tag {} is not of whole numbers", entry.tag)));
        }
        let (bytes, size) = self.value(entry, most)?;
        Ok(bytes.chunks_exact(size).map(|b| self.word(b)).collect())
    }

    /// The first of the unsigned integers of a tag, or the default where the tag is absent.
    ///
    /// # Errors
    /// As [`Tiff::numbers`]; also no value.
    pub fn number(&self, directory: &Directory, tag: u16, default: Option<u64>) -> Result<u64> {
        let missing = || Error::format(format!("tag {tag} has no value"));
        match (directory.get(tag), default) {
            (Some(entry), _) => self.numbers(entry, 1)?.first().copied().ok_or_else(missing),
            (None, Some(default)) => Ok(default),
            (None, None) => Err(missing()),
        }
    }

    /// Text up to its first zero byte; bytes that are not UTF-8 are read as Latin-1.
    ///
    /// # Errors
    /// It lies beyond the end of the file, or is longer than any that is met.
    pub fn text(&self, entry: &Entry) -> Result<String> {
        if entry.count > MOST_TEXT {
            return Err(Error::limit(format!("a text of {} bytes in tag {}", entry.count, entry.tag)));
        }
        Ok(text(&self.value(entry, u64::MAX)?.0))
    }

    /// No more than the first so many bytes of an entry.
    ///
    /// # Errors
    /// They lie beyond the end of the file.
    pub fn beginning(&self, entry: &Entry, most: u64) -> Result<Vec<u8>> {
        let (mut bytes, _) = self.value(entry, most)?;
        bytes.truncate(most as usize);
        Ok(bytes)
    }

    /// Where the value of an entry lies that does not fit the entry.
    pub fn offset(&self, entry: &Entry) -> u64 {
        self.word(&entry.value[..if self.big { 8 } else { 4 }])
    }

    /// A number of 4 bytes.
    pub fn long(&self, bytes: &[u8]) -> u32 {
        self.word(&bytes[..bytes.len().min(4)]) as u32
    }

    /// The bytes of an entry.
    ///
    /// # Errors
    /// They lie beyond the end of the file.
    pub fn bytes(&self, entry: &Entry) -> Result<Vec<u8>> {
        Ok(self.value(entry, u64::MAX)?.0)
    }

    /// A fraction (RATIONAL), unless it has no sense.
    pub fn fraction(&self, entry: &Entry) -> Option<f64> {
        let (bytes, _) = (entry.kind == 5).then(|| self.value(entry, 1).ok()).flatten()?;
        let (above, below) = (self.word(bytes.get(..4)?) as f64, self.word(bytes.get(4..8)?) as f64);
        let value = above / below;
        (value.is_finite() && value > 0.0).then_some(value)
    }
}

/// Text up to its first zero byte; bytes that are not UTF-8 are read as Latin-1.
pub fn text(bytes: &[u8]) -> String {
    let bytes = bytes.split(|b| *b == 0).next().unwrap_or_default();
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_string(),
        Err(_) => bytes.iter().map(|b| char::from(*b)).collect(),
    }
}
