//! Reads what [`writer`](super::writer) writes: nothing of it before all of it is known to be whole.

use super::columns::Columns;
use super::ending::Ending;
use crate::{Error, Result};
use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::reader::read_record_batch;
use arrow_schema::SchemaRef;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Take};
use std::path::Path;
use std::sync::Arc;

/// The packed blocks of a part.
pub type Content = Take<File>;

/// The hash and, before it, the length of the ending.
const TAIL: u64 = 32 + 8;

/// The blocks and the ending of a part that is whole.
pub fn open(path: &Path) -> Option<(Content, Ending)> {
    let mut file = File::open(path).ok()?;
    let end = file.metadata().ok()?.len().checked_sub(TAIL)?;
    let mut hasher = Sha256::new();
    io::copy(&mut (&mut file).take(end + 8), &mut Hashing(&mut hasher)).ok()?;
    let mut hash = [0; 32];
    file.read_exact(&mut hash).ok()?;
    if hash != hasher.finalize()[..] {
        return None;
    }
    file.seek(SeekFrom::Start(end)).ok()?;
    let mut length = [0; 8];
    file.read_exact(&mut length).ok()?;
    let content = end.checked_sub(u64::from_le_bytes(length))?;
    file.seek(SeekFrom::Start(content)).ok()?;
    let mut bytes = Vec::new();
    (&mut file).take(end - content).read_to_end(&mut bytes).ok()?;
    let ending = postcard::from_bytes(&bytes).ok()?;
    file.seek(SeekFrom::Start(0)).ok()?;
    Some((file.take(content), ending))
}

struct Hashing<'a>(&'a mut Sha256);

impl io::Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The blocks of a part, one after the other, with the columns of their tables.
pub fn blocks(content: Content, columns: Vec<Arc<Columns>>) -> Result<Blocks> {
    let packed = zstd::Decoder::new(content)?;
    Ok(Blocks { packed: BufReader::with_capacity(1 << 16, packed), columns })
}

/// See [`blocks`].
pub struct Blocks {
    packed: BufReader<zstd::Decoder<'static, BufReader<Content>>>,
    columns: Vec<Arc<Columns>>,
}

impl Iterator for Blocks {
    type Item = Result<(Arc<Columns>, RecordBatch)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.block().transpose()
    }
}

impl Blocks {
    fn block(&mut self) -> Result<Option<(Arc<Columns>, RecordBatch)>> {
        let mut head = [0; 12];
        if self.packed.read(&mut head[..1])? == 0 {
            return Ok(None);
        }
        self.packed.read_exact(&mut head[1..])?;
        let [a, b, c, d, length @ ..] = head;
        let mut message = Vec::new();
        (&mut self.packed).take(u64::from_le_bytes(length)).read_to_end(&mut message)?;
        let columns = self.columns.get(u32::from_le_bytes([a, b, c, d]) as usize).ok_or_else(damaged)?.clone();
        let batch = batch(message, columns.schema.clone()).ok_or_else(damaged)?;
        Ok(Some((columns, batch)))
    }
}

/// A message of an Arrow stream: four bytes of ones, the length of what describes the batch, that, and the values.
fn batch(message: Vec<u8>, schema: SchemaRef) -> Option<RecordBatch> {
    let message = Buffer::from(message);
    let length = i32::from_le_bytes(message.get(4..8)?.try_into().ok()?);
    let end = usize::try_from(length).ok()?.checked_add(8)?;
    let about = arrow_ipc::root_as_message(message.get(8..end)?).ok()?;
    let (rows, values) = (about.header_as_record_batch()?, message.slice(end));
    read_record_batch(&values, rows, schema, &HashMap::new(), None, &about.version()).ok()
}

fn damaged() -> Error {
    Error::io("a finished image's rows are damaged").remedy("run again with --resume")
}
