//! A dataset in chunks of whole rows, packed, that grows as rows come.

use super::message::{Kind, NOWHERE, chunked, contiguous, dataspace, datatype, fill, packed};
use super::{Attributes, Hdf5};
use crate::Result;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write;

/// Bytes of a chunk, about.
const CHUNK: usize = 1 << 19;
/// How hard chunks are packed.
const LEVEL: u32 = 4;
/// Children of a node of the tree, at most: twice the K that HDF5 takes where a file says none.
const CHILDREN: usize = 64;

/// A dataset that rows are added to.
#[derive(Debug)]
pub struct Dataset {
    kind: Kind,
    /// Elements of a row; nothing for a list.
    width: Option<u64>,
    chunk_rows: usize,
    waiting: Vec<u8>,
    rows: u64,
    /// Place and size of each chunk.
    chunks: Vec<(u64, u32)>,
}

impl Dataset {
    /// A list, or a table with rows of so many elements.
    pub fn new(kind: Kind, width: Option<u64>) -> Self {
        let row = kind.size() * width.unwrap_or(1).max(1) as usize;
        Dataset { kind, width, chunk_rows: (CHUNK / row).clamp(1, 1 << 16), waiting: vec![], rows: 0, chunks: vec![] }
    }

    fn row_bytes(&self) -> usize {
        self.kind.size() * self.width.unwrap_or(1) as usize
    }

    /// Adds rows: their elements as bytes, the lowest first.
    ///
    /// # Errors
    /// The disk is full.
    pub fn append(&mut self, file: &mut Hdf5, rows: u64, bytes: &[u8]) -> Result<()> {
        self.rows += rows;
        let full = self.chunk_rows * self.row_bytes();
        if full == 0 {
            return Ok(());
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(full - self.waiting.len()));
            self.waiting.extend(now);
            rest = later;
            if self.waiting.len() == full {
                self.flush(file)?;
            }
        }
        Ok(())
    }

    /// Adds texts to a list of texts.
    ///
    /// # Errors
    /// The disk is full.
    pub fn append_texts(&mut self, file: &mut Hdf5, texts: &[&str]) -> Result<()> {
        let references = file.texts(texts)?;
        self.append(file, texts.len() as u64, &references)
    }

    /// Writes what waits as a chunk; one that is not full is filled with zeros.
    fn flush(&mut self, file: &mut Hdf5) -> Result<()> {
        self.waiting.resize(self.chunk_rows * self.row_bytes(), 0);
        let size = self.kind.size();
        let elements = self.waiting.len() / size;
        let shuffled: Vec<u8> = (0..size)
            .flat_map(|b| (0..elements).map(move |i| (i, b)))
            .map(|(i, b)| self.waiting[i * size + b])
            .collect();
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(LEVEL));
        let chunk = encoder.write_all(&shuffled).and_then(|()| encoder.finish()).map_err(|e| file.out.error(&e))?;
        self.waiting.clear();
        self.chunks.push((file.put(&chunk)?, chunk.len() as u32));
        Ok(())
    }

    /// Writes what is left and the header; says where that is.
    ///
    /// # Errors
    /// The disk is full.
    pub fn finish(mut self, file: &mut Hdf5, attributes: &Attributes) -> Result<u64> {
        if !self.waiting.is_empty() {
            self.flush(file)?;
        }
        let size: Vec<u64> = std::iter::once(self.rows).chain(self.width).collect();
        let mut messages = vec![dataspace(&size), datatype(self.kind), fill()];
        if self.row_bytes() == 0 {
            // A table without columns holds nothing, and has no chunks.
            let fixed = [&[2, 2, 0, 1][..], &self.rows.to_le_bytes(), &0_u64.to_le_bytes()].concat();
            messages[0] = (1, fixed);
            messages.push(contiguous(NOWHERE, 0));
        } else {
            let tree = self.tree(file)?;
            let chunk: Vec<u32> = std::iter::once(self.chunk_rows as u32).chain(self.width.map(|w| w as u32)).collect();
            messages.extend([chunked(tree, &chunk, self.kind), packed(self.kind, LEVEL)]);
        }
        messages.extend(file.attributes(attributes)?);
        file.header(&messages)
    }

    /// The tree that finds the chunks, from its leaves on (version 1, nodes of chunks).
    fn tree(&self, file: &mut Hdf5) -> Result<u64> {
        // A child with the row that it begins at and the bytes of its first chunk.
        let begin = |i: usize| (i * self.chunk_rows) as u64;
        let mut children: Vec<(u64, u32, u64)> =
            self.chunks.iter().enumerate().map(|(i, (at, bytes))| (begin(i), *bytes, *at)).collect();
        if children.is_empty() {
            return Ok(NOWHERE);
        }
        let end = begin(self.chunks.len());
        let key = |row: u64, bytes: u32| {
            let rest = if self.width.is_some() { &[0_u8; 16][..] } else { &[0; 8] };
            [&bytes.to_le_bytes()[..], &[0; 4], &row.to_le_bytes(), rest].concat()
        };
        let node_bytes = 24 + 8 * CHILDREN + key(0, 0).len() * (CHILDREN + 1);
        for level in 0_u8.. {
            let (first, count) = (file.at, children.len().div_ceil(CHILDREN));
            let place = |i: usize| first + (i * node_bytes) as u64;
            let mut above = Vec::with_capacity(count);
            for (i, group) in children.chunks(CHILDREN).enumerate() {
                let left = if i > 0 { place(i - 1) } else { NOWHERE };
                let right = if i + 1 < count { place(i + 1) } else { NOWHERE };
                let used = (group.len() as u16).to_le_bytes();
                let mut node = [&b"TREE"[..], &[1, level], &used, &left.to_le_bytes(), &right.to_le_bytes()].concat();
                for (row, bytes, at) in group {
                    node.extend(key(*row, *bytes));
                    node.extend(at.to_le_bytes());
                }
                let next = children.get((i + 1) * CHILDREN).map_or(end, |child| child.0);
                node.extend(key(next, 0));
                node.resize(node_bytes, 0);
                above.push((group[0].0, group[0].1, file.put(&node)?));
            }
            children = above;
            if count == 1 {
                break;
            }
        }
        Ok(children[0].2)
    }
}
