//! A file of HDF5, written from begin to end: groups with their links, datasets in chunks that grow as rows come, texts in global
//! heaps. Superblock of version 2, object headers of version 2, chunks found by a tree of version 1: what HDF5 1.8 and all newer read.
//!
//! Source: HDF5 File Format Specification 3.0, The HDF Group. Nothing is written twice but the superblock, and no dataset is held in
//! memory: a chunk goes to the file when it is full, and headers follow when sizes are known.

mod checksum;
mod chunks;
mod message;

pub use chunks::Dataset;
pub use message::Kind;

use super::draft::Draft;
use crate::{Error, Result};
use checksum::checksum;
use message::{Message, NOWHERE, attribute, contiguous, datatype, fill, group, link};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

/// Bytes of the superblock.
const SUPERBLOCK: u64 = 48;
/// Texts of a heap, and about their bytes: its indices have 16 bits.
const HEAP_TEXTS: usize = 60_000;
const HEAP_BYTES: usize = 1 << 20;
const HEAP_LEAST: usize = 4096;

/// A file that is being written.
#[derive(Debug)]
pub struct Hdf5 {
    out: Draft,
    /// Bytes that are written.
    at: u64,
}

/// What an attribute says.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// A text.
    Text(&'a str),
    /// Texts.
    Texts(&'a [&'a str]),
    /// 0.
    False,
}

/// Attributes with their names.
pub type Attributes<'a> = [(&'a str, Value<'a>)];

impl Hdf5 {
    /// Begins a file.
    ///
    /// # Errors
    /// The system refuses to write there.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        let mut file = Hdf5 { out: Draft::create(path)?, at: 0 };
        file.put(&[0; SUPERBLOCK as usize])?;
        Ok(file)
    }

    /// The place that the file will have.
    pub fn path(&self) -> &Path {
        self.out.path()
    }

    /// Writes bytes and says where.
    fn put(&mut self, bytes: &[u8]) -> Result<u64> {
        let at = self.at;
        self.out.write_all(bytes).map_err(|e| self.out.error(&e))?;
        self.at += bytes.len() as u64;
        Ok(at)
    }

    /// Writes texts into global heaps; returns what stands in a dataset for each.
    fn texts(&mut self, texts: &[&str]) -> Result<Vec<u8>> {
        let mut references = Vec::with_capacity(16 * texts.len());
        let (mut first, mut bytes) = (0, 0);
        for i in 0..=texts.len() {
            let is_full = i - first == HEAP_TEXTS || bytes > HEAP_BYTES;
            if (is_full || i == texts.len()) && i > first {
                let at = self.heap(&texts[first..i])?;
                for (k, text) in texts[first..i].iter().enumerate() {
                    // An empty text is no object: a reference to nothing.
                    let (at, number) = if text.is_empty() { (0, 0) } else { (at, k as u32 + 1) };
                    references.extend((text.len() as u32).to_le_bytes());
                    references.extend(at.to_le_bytes());
                    references.extend(number.to_le_bytes());
                }
                (first, bytes) = (i, 0);
            }
            bytes += texts.get(i).map_or(0, |text| text.len() + 24);
        }
        Ok(references)
    }

    /// One heap with these texts, numbered from 1.
    fn heap(&mut self, texts: &[&str]) -> Result<u64> {
        let mut heap = [&b"GCOL"[..], &[1, 0, 0, 0], &[0; 8]].concat();
        for (i, text) in texts.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
            heap.extend((i as u16 + 1).to_le_bytes());
            heap.extend([0; 6]);
            heap.extend((text.len() as u64).to_le_bytes());
            heap.extend(text.as_bytes());
            heap.resize(heap.len().next_multiple_of(8), 0);
        }
        // What is free is object 0, which has a head too.
        let size = (heap.len() + 16).max(HEAP_LEAST);
        let free = size - heap.len();
        heap.extend([0; 8]);
        heap.extend((free as u64).to_le_bytes());
        heap.resize(size, 0);
        heap[8..16].copy_from_slice(&(size as u64).to_le_bytes());
        self.put(&heap)
    }

    /// Writes an object header and says where.
    fn header(&mut self, messages: &[Message]) -> Result<u64> {
        let mut body = Vec::new();
        for (kind, data) in messages {
            let size = u16::try_from(data.len());
            let size = size.map_err(|_| Error::limit("the table has too many columns for HDF5").at(self.path()))?;
            body.push(*kind);
            body.extend(size.to_le_bytes());
            body.push(0);
            body.extend(data);
        }
        let mut header = [&b"OHDR"[..], &[2, 2], &(body.len() as u32).to_le_bytes(), &body].concat();
        header.extend(checksum(&header).to_le_bytes());
        self.put(&header)
    }

    fn attributes(&mut self, attributes: &Attributes) -> Result<Vec<Message>> {
        let mut messages = Vec::new();
        for (name, value) in attributes {
            messages.push(match value {
                Value::Text(text) => attribute(name, Kind::Text, None, &self.texts(&[text])?),
                Value::Texts(all) => attribute(name, Kind::Text, Some(all.len() as u64), &self.texts(all)?),
                Value::False => attribute(name, Kind::I8, None, &[0]),
            });
        }
        Ok(messages)
    }

    /// Writes a group; `links` are the headers of what is in it.
    ///
    /// # Errors
    /// The disk is full, or there is more in it than a header holds.
    pub fn group(&mut self, links: &[(&str, u64)], attributes: &Attributes) -> Result<u64> {
        let mut messages = group().to_vec();
        messages.extend(links.iter().map(|(name, header)| link(name, *header)));
        messages.extend(self.attributes(attributes)?);
        self.header(&messages)
    }

    /// Writes a dataset of texts: a list, or one text alone.
    ///
    /// # Errors
    /// The disk is full.
    pub fn words(&mut self, words: &[&str], is_list: bool, attributes: &Attributes) -> Result<u64> {
        let references = self.texts(words)?;
        let at = if references.is_empty() { NOWHERE } else { self.put(&references)? };
        // What lies in one place cannot grow.
        let space = match is_list {
            true => (1, [&[2, 1, 0, 1][..], &(words.len() as u64).to_le_bytes()].concat()),
            false => (1, vec![2, 0, 0, 0]),
        };
        let mut messages = vec![space, datatype(Kind::Text), fill(), contiguous(at, references.len() as u64)];
        messages.extend(self.attributes(attributes)?);
        self.header(&messages)
    }

    /// Ends the file; `root` is the header of the group that holds all others.
    ///
    /// # Errors
    /// The disk is full, or the system refuses.
    pub fn finish(mut self, root: u64) -> Result<()> {
        let mut head = [&b"\x89HDF\r\n\x1a\n"[..], &[2, 8, 8, 0]].concat();
        [0, NOWHERE, self.at, root].iter().for_each(|address| head.extend(address.to_le_bytes()));
        head.extend(checksum(&head).to_le_bytes());
        let done = self.out.seek(SeekFrom::Start(0)).and_then(|_| self.out.write_all(&head));
        done.map_err(|e| self.out.error(&e))?;
        self.out.commit()
    }
}
