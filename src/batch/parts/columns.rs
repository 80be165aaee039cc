//! What the columns of parts mean: the same for thousands of parts, so it stands in files of its own.

use crate::batch::hash::hex;
use crate::write::Draft;
use crate::{Error, Kind, Result};
use arrow_ipc::reader::StreamReader;
use arrow_schema::SchemaRef;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The columns of a table.
#[derive(Debug)]
pub struct Columns {
    /// Which table.
    pub table: String,
    /// What they are.
    pub schema: SchemaRef,
}

/// The columns of the parts that were written or looked at, by the names of their files.
#[derive(Debug)]
pub struct KnownColumns {
    folder: PathBuf,
    known: Mutex<HashMap<String, Arc<Columns>>>,
}

impl KnownColumns {
    /// In the folder of parts.
    pub fn new(folder: &Path) -> Self {
        KnownColumns { folder: folder.into(), known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Arc<Columns>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The names of their files.
    pub fn names(&self) -> Vec<String> {
        self.known().keys().cloned().collect()
    }

    /// The columns of all tables that were met, by table, in an order of their own.
    pub fn all(&self) -> Vec<Arc<Columns>> {
        let known = self.known();
        let mut all: Vec<(&String, &Arc<Columns>)> = known.iter().collect();
        all.sort_by(|a, b| (&a.1.table, a.0).cmp(&(&b.1.table, b.0)));
        all.into_iter().map(|(_, columns)| columns.clone()).collect()
    }

    /// Keeps what columns mean, once; gives the name of their file.
    pub fn save(&self, table: &str, schema: &SchemaRef, header: &[u8]) -> Result<String> {
        let bytes = encode(&(table, header))?;
        let hash = Sha256::new_with_prefix(&bytes);
        let name = hex(hash.clone());
        if !self.known().contains_key(&name) {
            // Two images may write it at once: the same bytes.
            write(&self.folder.join(format!("{name}.columns")), &hash.finalize(), &bytes)?;
            let columns = Columns { table: table.into(), schema: schema.clone() };
            self.known().insert(name.clone(), Arc::new(columns));
        }
        Ok(name)
    }

    /// The columns in a file.
    pub fn of(&self, name: &str) -> Option<Arc<Columns>> {
        if let Some(columns) = self.known().get(name) {
            return Some(columns.clone());
        }
        let bytes = read(&self.folder.join(format!("{name}.columns")))?;
        let (table, header): (String, Vec<u8>) = postcard::from_bytes(&bytes).ok()?;
        let columns = Arc::new(Columns { table, schema: schema(&header)? });
        Some(self.known().entry(name.to_owned()).or_insert(columns).clone())
    }
}

/// The columns that stand at the beginning of an Arrow stream.
fn schema(header: &[u8]) -> Option<SchemaRef> {
    StreamReader::try_new(header, None).ok().map(|reader| reader.schema())
}

/// Writes bytes after their hash.
fn write(path: &Path, hash: &[u8], bytes: &[u8]) -> Result<()> {
    let mut draft = Draft::create(path)?;
    let written = draft.write_all(hash).and_then(|()| draft.write_all(bytes));
    written.map_err(|e| draft.error(&e))?;
    draft.commit()
}

/// Bytes that stand after their hash, if they are whole.
fn read(path: &Path) -> Option<Vec<u8>> {
    let mut file = fs::read(path).ok()?;
    let bytes = file.split_off(Sha256::output_size().min(file.len()));
    (file == Sha256::digest(&bytes)[..]).then_some(bytes)
}

/// As postcard writes it.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    postcard::to_stdvec(value).map_err(|e| Error::new(Kind::Internal, e.to_string()))
}
