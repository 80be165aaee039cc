//! Writes a part: its rows as they are made, then what else is known of the image.
//!
//! The file is a zstd stream of blocks; the [`Ending`] as postcard writes it; the number of its bytes (8, little-endian); the
//! SHA-256 of all that. A block is the number of its table in the ending and that of its bytes (4 and 8, little-endian), and a
//! record batch as Arrow IPC has it in a stream, without the schema: that is the same for thousands of parts and stands in a
//! file of its own.

use super::columns::{KnownColumns, encode};
use super::ending::Ending;
use crate::write::Draft;
use crate::{Error, Kind, Result};
use arrow_array::RecordBatch;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, SchemaRef};
use sha2::{Digest, Sha256};
use std::io::{self, Write};
use std::path::PathBuf;

/// Numbers of a table pack to two thirds at this level, at several hundred MB a second.
const LEVEL: i32 = 1;

/// A part that is being written. Without [`PartWriter::finish`] nothing of it is left.
pub struct PartWriter<'a> {
    columns: &'a KnownColumns,
    out: zstd::Encoder<'static, Hashed>,
    tables: Vec<Begun>,
}

/// A table of the part.
struct Begun {
    name: String,
    schema: SchemaRef,
    /// The schema as it begins a stream.
    header: Vec<u8>,
    rows: u64,
    stream: StreamWriter<Vec<u8>>,
}

/// A file, and the hash of what was written to it.
struct Hashed {
    draft: Draft,
    hasher: Sha256,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.draft.write(bytes)?;
        self.hasher.update(&bytes[..n]);
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.draft.flush()
    }
}

impl<'a> PartWriter<'a> {
    pub(super) fn new(columns: &'a KnownColumns, path: PathBuf) -> Result<Self> {
        let out = Hashed { draft: Draft::create(&path)?, hasher: Sha256::new() };
        let out = zstd::Encoder::new(out, LEVEL).map_err(|e| Draft::refused("write", &e, &path))?;
        Ok(PartWriter { columns, out, tables: vec![] })
    }

    /// Adds rows to a table of the image.
    ///
    /// # Errors
    /// The disk is full, or the columns of the table have changed.
    pub fn append(&mut self, table: &str, rows: &RecordBatch) -> Result<()> {
        let at = match self.tables.iter().position(|t| t.name == table) {
            Some(at) => at,
            None => {
                self.tables.push(Begun::new(table, rows.schema())?);
                self.tables.len() - 1
            }
        };
        let begun = &mut self.tables[at];
        if begun.schema != rows.schema() {
            return Err(Error::new(Kind::Internal, format!("the columns of {table} changed within one image")));
        }
        begun.stream.write(rows).map_err(failed)?;
        begun.rows += rows.num_rows() as u64;
        let block = std::mem::take(begun.stream.get_mut());
        let head = [&(at as u32).to_le_bytes()[..], &(block.len() as u64).to_le_bytes()[..]].concat();
        let written = self.out.write_all(&head).and_then(|()| self.out.write_all(&block));
        written.map_err(|e| self.out.get_ref().draft.error(&e))
    }

    /// Ends the part, once what its columns mean is kept. The tables of the ending are those that rows were added to.
    ///
    /// # Errors
    /// The disk is full, or the system refuses.
    pub fn finish(self, ending: Ending) -> Result<Ending> {
        let tables = self.tables.into_iter().map(|t| {
            let columns = self.columns.save(&t.name, &t.schema, &t.header)?;
            Ok((t.name, columns, t.rows))
        });
        let ending = Ending { tables: tables.collect::<Result<_>>()?, ..ending };
        let path = self.out.get_ref().draft.path().to_path_buf();
        let mut out = self.out.finish().map_err(|e| Draft::refused("write", &e, &path))?;
        let bytes = encode(&ending)?;
        let done = out.write_all(&bytes).and_then(|()| out.write_all(&(bytes.len() as u64).to_le_bytes()));
        let digest = out.hasher.finalize();
        let mut draft = out.draft;
        done.and_then(|()| draft.write_all(&digest)).map_err(|e| draft.error(&e))?;
        draft.commit()?;
        Ok(ending)
    }
}

impl Begun {
    fn new(name: &str, schema: SchemaRef) -> Result<Self> {
        let mut stream = StreamWriter::try_new(Vec::new(), &schema).map_err(failed)?;
        let header = std::mem::take(stream.get_mut());
        Ok(Begun { name: name.into(), schema, header, rows: 0, stream })
    }
}

fn failed(e: ArrowError) -> Error {
    Error::new(Kind::Internal, e.to_string())
}
