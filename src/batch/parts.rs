//! What is kept of each finished image, so that an interrupted run can go on where it stopped.
//!
//! A part is one file in `DIR/.uptake/parts`, named by the SHA-256 over everything that its rows follow from: the content
//! of the files, the recipe with its settings, the version. Names, places and times are not in it, nor is the device: none
//! of them changes a row. It holds the SHA-256 of the rest, then the rows as postcard writes them: a damaged part is found
//! out. Only finished images have parts; failed ones are tried again.

use crate::recipe::Recipe;
use crate::table::Table;
use crate::write::Draft;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Raised when the same image, recipe and version give another part than before.
const SCHEMA: u32 = 2;

/// The rows of one image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// One row: the facts of the image.
    pub row: Table,
    /// Rows of each object set, without the image's name.
    pub sets: Vec<(String, Table)>,
}

/// Hexadecimal SHA-256 of a file.
///
/// # Errors
/// It cannot be read.
pub fn hash_file(path: &Path) -> Result<String> {
    let open = || -> std::io::Result<String> {
        let mut file = fs::File::open(path)?;
        let mut hasher = Sha256::new();
        let mut block = vec![0; 1 << 20];
        loop {
            let n = file.read(&mut block)?;
            if n == 0 {
                return Ok(hex(hasher));
            }
            hasher.update(&block[..n]);
        }
    };
    open().map_err(|e| Error::from(e).at(path))
}

fn hex(hasher: Sha256) -> String {
    hasher.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

/// The name of a part: `files` are channel names (or set names, or nothing) with the hashes of what they hold.
pub fn key(files: &[(String, String)], recipe: &Recipe) -> String {
    let mut hasher = Sha256::new();
    let mut add = |s: &str| {
        // With its length, so that no two lists read the same.
        hasher.update((s.len() as u64).to_le_bytes());
        hasher.update(s);
    };
    add(env!("CARGO_PKG_VERSION"));
    add(&SCHEMA.to_string());
    add(&recipe.text);
    for (role, hash) in files {
        add(role);
        add(hash);
    }
    hex(hasher)
}

/// The folder of parts. The first ones saved are held as well: a small run need not read what it has just written.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    parts: HashMap<String, Arc<Part>>,
    cells: usize,
}

/// Most cells that are held, of 16 bytes as a rule.
const MOST_HELD: usize = 1 << 22;

impl Store {
    /// Below the output folder.
    pub fn new(out: &Path) -> Self {
        Store { folder: out.join(".uptake").join("parts"), held: Mutex::default() }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.part"))
    }

    /// Keeps a part.
    ///
    /// # Errors
    /// The disk is full, or the system refuses.
    pub fn save(&self, key: &str, part: Part) -> Result<()> {
        let rows = postcard::to_stdvec(&part).map_err(|e| Error::io(e.to_string()).at(self.path(key)))?;
        Draft::write(self.path(key), &[&Sha256::digest(&rows)[..], &rows].concat())?;
        let cells = |table: &Table| table.rows() * table.columns.len();
        let cells = cells(&part.row) + part.sets.iter().map(|(_, table)| cells(table)).sum::<usize>();
        let mut held = self.held();
        if held.cells + cells <= MOST_HELD {
            held.cells += cells;
            held.parts.insert(key.to_owned(), Arc::new(part));
        }
        Ok(())
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The part of that key, if it is there and whole.
    pub fn load(&self, key: &str) -> Option<Arc<Part>> {
        if let Some(part) = self.held().parts.get(key) {
            return Some(part.clone());
        }
        let file = fs::read(self.path(key)).ok()?;
        let (hash, rows) = file.split_at_checked(Sha256::output_size())?;
        let whole = hash == &Sha256::digest(rows)[..];
        whole.then(|| postcard::from_bytes(rows).ok())?.map(Arc::new)
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;
    use crate::table::{Cells, Column};

    #[test]
    fn parts_come_back_bit_for_bit() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path());
        let reals = vec![Some(0.1 + 0.2), None, Some(5e-324), Some(1.7976931348623157e308), Some(2.0 / 3.0)];
        let column = |name: &str, cells| Column {
            name: name.into(),
            unit: "um2".into(),
            definition: "\"quoted\", and\nbroken".into(),
            standard: String::new(),
            cells,
        };
        let mut table = Table::default();
        table.push(column("a", Cells::Real(reals)));
        table.push(column("b", Cells::Int(vec![Some(i64::MIN), None, Some(0), Some(1), Some(2)])));
        let part = Part { row: Table::default(), sets: vec![("nuclei".into(), table)] };
        store.save("k", part.clone()).unwrap();
        assert_eq!(store.load("k").as_deref(), Some(&part));
        let later = Store::new(dir.path());
        assert_eq!(later.load("k").as_deref(), Some(&part));
        let whole = fs::read(store.path("k")).unwrap();
        for i in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[i] ^= 1;
            fs::write(store.path("k"), &damaged).unwrap();
            assert_eq!(later.load("k"), None, "a damaged part is done again");
            fs::write(store.path("k"), &whole[..i]).unwrap();
            assert_eq!(later.load("k"), None, "as is one that is cut off");
        }
    }
}
