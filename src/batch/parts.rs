//! What is kept of each finished image, so that an interrupted run can go on where it stopped.
//!
//! A part is one file in `OUT/.uptake/parts`, named by the SHA-256 over everything that its rows follow from: the content
//! of all files that were read, the recipe with its settings, the build of this program, and the name of the image, after
//! which its files are called. It holds the SHA-256 of the rest, then, as postcard writes them, the cells and the names,
//! sizes and hashes of the files that were written for the image: a part or a file that is damaged, cut off or of another
//! image is found out, and the image is done again. What the columns mean is the same for thousands of parts and stands in
//! a file of its own. Only finished images have parts; failed ones are tried again.

use super::files::Hashed;
use crate::recipe::Recipe;
use crate::table::{Cells, Column, Table};
use crate::write::Draft;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The rows of one image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Part {
    /// One row: the facts of the image.
    pub row: Table,
    /// Rows of each object set, without the image's name.
    pub sets: Vec<(String, Table)>,
    /// Things that the user should look at.
    pub warnings: usize,
    /// The files written for the image.
    pub files: Vec<Written>,
}

/// A file that was written for an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Its place below the output folder, with `/`.
    pub below: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
}

/// A part as it is kept.
#[derive(Serialize, Deserialize)]
struct Saved {
    /// Which columns: the hash of their file.
    columns: String,
    row: Vec<Cells>,
    sets: Vec<Vec<Cells>>,
    warnings: usize,
    files: Vec<Written>,
}

/// The columns of the tables of a part, without rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Columns {
    row: Vec<Column>,
    sets: Vec<(String, Vec<Column>)>,
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

/// Hexadecimal words of a hash.
pub(super) fn hex(hasher: Sha256) -> String {
    hasher.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

/// The name of a part: of the image, the files that it was read from, the recipe, the size of its overlays and this build.
pub fn key(image: &str, files: &[Hashed], recipe: &Recipe, overlay_size: usize) -> String {
    let mut hasher = Sha256::new();
    let mut add = |s: &str| {
        // With its length, so that no two lists read the same.
        hasher.update((s.len() as u64).to_le_bytes());
        hasher.update(s);
    };
    add(env!("UPTAKE_BUILD"));
    add(image);
    add(&recipe.text);
    add(&overlay_size.to_string());
    for file in files {
        add(&file.role);
        add(&file.sha256);
    }
    hex(hasher)
}

impl Written {
    /// A file that was just written below `out`.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of(out: &Path, below: String) -> Result<Self> {
        let path = out.join(&below);
        let bytes = fs::metadata(&path).map_err(|e| Error::from(e).at(&path))?.len();
        Ok(Written { bytes, sha256: hash_file(&path)?, below })
    }

    /// A file of its name and size is there.
    pub fn is_there(&self, out: &Path) -> bool {
        fs::symlink_metadata(out.join(&self.below)).is_ok_and(|m| m.is_file() && m.len() == self.bytes)
    }

    /// It is still there as it was written.
    pub fn is_whole(&self, out: &Path) -> bool {
        self.is_there(out) && hash_file(&out.join(&self.below)).is_ok_and(|hash| hash == self.sha256)
    }
}

/// The folder of parts. The first ones saved are held as well, packed: a small run need not read what it has just written.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    parts: HashMap<String, Arc<Vec<u8>>>,
    columns: HashMap<String, Arc<Columns>>,
    bytes: usize,
}

/// Most bytes of parts that are held.
const MOST_HELD: usize = 32 << 20;

impl Store {
    /// Below the output folder.
    pub fn new(out: &Path) -> Self {
        Store { folder: out.join(".uptake").join("parts"), held: Mutex::default() }
    }

    /// The file of a part.
    fn part(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.part"))
    }

    /// The file of what columns mean.
    fn columns(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.columns"))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a part.
    ///
    /// # Errors
    /// The disk is full, or the system refuses.
    pub fn save(&self, key: &str, part: Part) -> Result<()> {
        let bare = |table: &Table| table.columns.iter().map(Column::bare).collect();
        let sets = part.sets.iter().map(|(name, table)| (name.clone(), bare(table))).collect();
        let columns = self.save_columns(Columns { row: bare(&part.row), sets })?;
        let cells = |table: Table| table.columns.into_iter().map(|c| c.cells).collect();
        let saved = Saved {
            columns,
            row: cells(part.row),
            sets: part.sets.into_iter().map(|(_, table)| cells(table)).collect(),
            warnings: part.warnings,
            files: part.files,
        };
        let bytes = encode(&saved)?;
        write(&self.part(key), &bytes)?;
        let mut held = self.held();
        if held.bytes + bytes.len() <= MOST_HELD {
            held.bytes += bytes.len();
            held.parts.insert(key.to_owned(), Arc::new(bytes));
        }
        Ok(())
    }

    /// Keeps what columns mean, once; returns its name.
    fn save_columns(&self, columns: Columns) -> Result<String> {
        let bytes = encode(&columns)?;
        let name = hex(Sha256::new_with_prefix(&bytes));
        if !self.held().columns.contains_key(&name) {
            // Two images may write it at once: the same bytes.
            write(&self.columns(&name), &bytes)?;
            self.held().columns.insert(name.clone(), Arc::new(columns));
        }
        Ok(name)
    }

    /// The part of that key, if it is there and whole.
    pub fn load(&self, key: &str) -> Option<Part> {
        let held = self.held().parts.get(key).cloned();
        let saved: Saved = match held {
            Some(bytes) => postcard::from_bytes(&bytes).ok()?,
            None => postcard::from_bytes(&read(&self.part(key))?).ok()?,
        };
        let columns = self.load_columns(&saved.columns)?;
        let table = |columns: &[Column], cells: Vec<Cells>| -> Option<Table> {
            let fits = columns.len() == cells.len();
            fits.then(|| Table { columns: columns.iter().zip(cells).map(|(c, cells)| c.with(cells)).collect() })
        };
        let row = table(&columns.row, saved.row)?;
        let sets = columns
            .sets
            .iter()
            .zip(saved.sets)
            .map(|((name, columns), cells)| Some((name.clone(), table(columns, cells)?)));
        Some(Part { row, sets: sets.collect::<Option<_>>()?, warnings: saved.warnings, files: saved.files })
    }

    fn load_columns(&self, name: &str) -> Option<Arc<Columns>> {
        if let Some(columns) = self.held().columns.get(name) {
            return Some(columns.clone());
        }
        let columns: Arc<Columns> = Arc::new(postcard::from_bytes(&read(&self.columns(name))?).ok()?);
        self.held().columns.insert(name.to_owned(), columns.clone());
        Some(columns)
    }

    /// At the end of a run that reached all images: removes the parts of images that are no longer among them.
    pub fn remove_all_but(&self, keys: &HashSet<&str>) {
        let columns: HashSet<String> = self.held().columns.keys().cloned().collect();
        for path in fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|e| e.path()) {
            let stem = path.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let stays = match path.extension().and_then(|e| e.to_str()) {
                Some("part") => keys.contains(stem.as_str()),
                Some("columns") => columns.contains(&stem),
                _ => true,
            };
            if !stays {
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// Writes bytes after their hash.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut draft = Draft::create(path)?;
    let written = draft.write_all(&Sha256::digest(bytes)).and_then(|()| draft.write_all(bytes));
    written.map_err(|e| draft.error(&e))?;
    draft.commit()
}

/// Bytes that stand after their hash, if they are whole.
fn read(path: &Path) -> Option<Vec<u8>> {
    let mut file = fs::read(path).ok()?;
    let bytes = file.split_off(Sha256::output_size().min(file.len()));
    (file == Sha256::digest(&bytes)[..]).then_some(bytes)
}

fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    postcard::to_stdvec(value).map_err(|e| Error::io(e.to_string()))
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    fn column(name: &str, cells: Cells) -> Column {
        Column {
            name: name.into(),
            unit: "um2".into(),
            definition: "\"quoted\", and\nbroken".into(),
            standard: String::new(),
            cells,
        }
    }

    fn part() -> Part {
        let reals = vec![Some(0.1 + 0.2), None, Some(5e-324), Some(1.7976931348623157e308), Some(2.0 / 3.0)];
        let mut table = Table::default();
        table.push(column("a", Cells::Real(reals)));
        table.push(column("b", Cells::Int(vec![Some(i64::MIN), None, Some(0), Some(1), Some(2)])));
        let files = vec![Written { below: "labels/a.tif".into(), bytes: 3, sha256: "x".into() }];
        Part { row: Table::default(), sets: vec![("nuclei".into(), table)], warnings: 2, files }
    }

    #[test]
    fn parts_come_back_bit_for_bit() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path());
        store.save("k", part()).unwrap();
        assert_eq!(store.load("k"), Some(part()));
        assert_eq!(Store::new(dir.path()).load("k"), Some(part()));
        // Both the part and what its columns mean.
        let files: Vec<PathBuf> = fs::read_dir(&store.folder).unwrap().map(|e| e.unwrap().path()).collect();
        assert_eq!(files.len(), 2);
        for file in files {
            let whole = fs::read(&file).unwrap();
            for i in 0..whole.len() {
                let mut damaged = whole.clone();
                damaged[i] ^= 1;
                fs::write(&file, &damaged).unwrap();
                assert_eq!(Store::new(dir.path()).load("k"), None, "a damaged part is done again");
                fs::write(&file, &whole[..i]).unwrap();
                assert_eq!(Store::new(dir.path()).load("k"), None, "as is one that is cut off");
            }
            fs::write(&file, &whole).unwrap();
        }
    }

    #[test]
    fn only_parts_of_this_run_stay() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path());
        for key in ["old", "new"] {
            store.save(key, part()).unwrap();
        }
        let store = Store::new(dir.path());
        assert!(store.load("new").is_some());
        store.remove_all_but(&["new"].into());
        let again = Store::new(dir.path());
        assert!(again.load("new").is_some() && again.load("old").is_none());
    }

    #[test]
    fn a_file_that_was_changed_or_cut_is_not_whole() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a"), "label").unwrap();
        let written = Written::of(dir.path(), "a".into()).unwrap();
        assert!(written.is_whole(dir.path()));
        for other in ["", "labels", "lapel"] {
            fs::write(dir.path().join("a"), other).unwrap();
            assert!(!written.is_whole(dir.path()), "{other}");
        }
    }
}
