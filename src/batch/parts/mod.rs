//! What is kept of each finished image, so that an interrupted run can go on where it stopped.
//!
//! A part is one file in `OUT/.uptake/parts`, named by the SHA-256 over everything that its rows follow from: the content
//! of all files that were read, the recipe with its settings, the build of this program, and the name of the image, after
//! which its files are called. Its rows are Arrow record batches, written as they are made (see [`writer`]). A part that is
//! damaged, cut off or of another image, or of which a file is not as it was written, is found out, and the image is done
//! again. What the columns mean is the same for thousands of parts and stands in files of its own. Only finished images have
//! parts; failed ones are tried again.

mod reader;
mod writer;

pub use writer::PartWriter;

use super::files::Hashed;
use crate::recipe::Recipe;
use crate::write::Draft;
use crate::{Error, Kind, Result};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The table of the rows of images; the others are those of the object sets.
pub const IMAGES: &str = "images";

/// What a part says beside its rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    /// Its tables with the names of their columns' files and their numbers of rows, in the order in which they begin.
    pub tables: Vec<(String, String, u64)>,
    /// Things that the user should look at.
    pub warnings: usize,
    /// Roles and the channels that play them.
    pub roles: Vec<(String, String)>,
    /// The files written for the image.
    pub files: Vec<Written>,
}

impl Ending {
    /// Object sets and their numbers of objects.
    pub fn counts(&self) -> Vec<(String, usize)> {
        let sets = self.tables.iter().filter(|(table, ..)| table != IMAGES);
        sets.map(|(table, _, rows)| (table.clone(), *rows as usize)).collect()
    }
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

/// The columns of a table.
#[derive(Debug)]
pub struct Columns {
    /// Which table.
    pub table: String,
    /// What they are.
    pub schema: SchemaRef,
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

    /// It is still there as it was written.
    pub fn is_whole(&self, out: &Path) -> bool {
        let path = out.join(&self.below);
        fs::symlink_metadata(&path).is_ok_and(|m| m.is_file() && m.len() == self.bytes)
            && hash_file(&path).is_ok_and(|hash| hash == self.sha256)
    }
}

/// The folder of parts.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    /// The columns of the parts that were written or looked at, by the names of their files.
    columns: Mutex<HashMap<String, Arc<Columns>>>,
}

impl Store {
    /// Below the output folder.
    pub fn new(out: &Path) -> Self {
        Store { folder: out.join(".uptake").join("parts"), columns: Mutex::default() }
    }

    /// The file of a part.
    fn part(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.part"))
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Arc<Columns>>> {
        self.columns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a part.
    ///
    /// # Errors
    /// The disk is full, or the system refuses.
    pub fn begin(&self, key: &str) -> Result<PartWriter<'_>> {
        PartWriter::new(self, self.part(key))
    }

    /// What the part of that key says beside its rows, if it is there and whole.
    pub fn look(&self, key: &str) -> Option<Ending> {
        let (_, ending) = reader::open(&self.part(key))?;
        ending.tables.iter().all(|(_, columns, _)| self.columns(columns).is_some()).then_some(ending)
    }

    /// Hands over the rows of a part, table by table, in blocks; false if the part is not there or not whole. The schema of
    /// a block is that of [`Store::columns`], the same one for all parts.
    ///
    /// # Errors
    /// What `take` gives.
    pub fn read(&self, key: &str, take: &mut dyn FnMut(&str, &RecordBatch) -> Result<()>) -> Result<bool> {
        let Some((content, ending)) = reader::open(&self.part(key)) else { return Ok(false) };
        let columns = ending.tables.iter().map(|(_, columns, _)| self.columns(columns)).collect::<Option<Vec<_>>>();
        let Some(columns) = columns else { return Ok(false) };
        for block in reader::blocks(content, columns)? {
            let (columns, batch) = block?;
            take(&columns.table, &batch)?;
        }
        Ok(true)
    }

    /// The columns of all tables that were met, by table, in an order of their own.
    pub fn tables(&self) -> Vec<Arc<Columns>> {
        let known = self.known();
        let mut all: Vec<(&String, &Arc<Columns>)> = known.iter().collect();
        all.sort_by(|a, b| (&a.1.table, a.0).cmp(&(&b.1.table, b.0)));
        all.into_iter().map(|(_, columns)| columns.clone()).collect()
    }

    /// Keeps what columns mean, once; gives the name of their file.
    fn save_columns(&self, table: &str, schema: &SchemaRef, header: &[u8]) -> Result<String> {
        let bytes = encode(&(table, header))?;
        let name = hex(Sha256::new_with_prefix(&bytes));
        if !self.known().contains_key(&name) {
            // Two images may write it at once: the same bytes.
            write(&self.folder.join(format!("{name}.columns")), &bytes)?;
            let columns = Columns { table: table.into(), schema: schema.clone() };
            self.known().insert(name.clone(), Arc::new(columns));
        }
        Ok(name)
    }

    /// The columns in a file.
    fn columns(&self, name: &str) -> Option<Arc<Columns>> {
        if let Some(columns) = self.known().get(name) {
            return Some(columns.clone());
        }
        let bytes = read(&self.folder.join(format!("{name}.columns")))?;
        let (table, header): (String, Vec<u8>) = postcard::from_bytes(&bytes).ok()?;
        let columns = Arc::new(Columns { table, schema: reader::schema(&header)? });
        Some(self.known().entry(name.to_owned()).or_insert(columns).clone())
    }

    /// At the end of a run that reached all images: removes the parts of images that are no longer among them.
    pub fn remove_all_but(&self, keys: &HashSet<&str>) {
        let columns: HashSet<String> = self.known().keys().cloned().collect();
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
    postcard::to_stdvec(value).map_err(|e| Error::new(Kind::Internal, e.to_string()))
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;
    use crate::table::arrow::{batch, table};
    use crate::table::{Cells, Column, Table};

    fn rows(shift: i64) -> Table {
        let mut t = Table::default();
        let reals = vec![Some(0.1 + 0.2), None, Some(5e-324), Some(1.7976931348623157e308), Some(2.0 / 3.0)];
        t.push(Column::new("a", "um2", "\"quoted\", and\nbroken", Cells::Real(reals)));
        t.push(Column::new("b", "", "", Cells::Int(vec![Some(i64::MIN), None, Some(0), Some(1), Some(shift)])));
        t
    }

    fn image() -> Table {
        let mut t = Table::default();
        t.push(Column::new("warnings", "", "", Cells::Text(vec![Some("a \u{b5}m".into())])));
        t
    }

    fn save(store: &Store, key: &str) {
        let mut part = store.begin(key).unwrap();
        for shift in [2, 3] {
            part.append("nuclei", &batch(&rows(shift)).unwrap()).unwrap();
        }
        part.append(IMAGES, &batch(&image()).unwrap()).unwrap();
        let files = vec![Written { below: "labels/a.tif".into(), bytes: 3, sha256: "x".into() }];
        part.finish(Ending { warnings: 2, files, ..Ending::default() }).unwrap();
    }

    fn load(store: &Store, key: &str) -> Option<Vec<(String, Table)>> {
        let mut all = vec![];
        let mut take = |name: &str, batch: &RecordBatch| {
            all.push((name.to_string(), table(batch)?));
            Ok(())
        };
        store.read(key, &mut take).ok().filter(|whole| *whole)?;
        store.look(key).map(|_| all)
    }

    #[test]
    fn parts_come_back_bit_for_bit() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path());
        save(&store, "k");
        let nuclei = |shift| ("nuclei".to_string(), rows(shift));
        let all = Some(vec![nuclei(2), nuclei(3), (IMAGES.to_string(), image())]);
        assert_eq!(load(&store, "k"), all);
        assert_eq!(load(&Store::new(dir.path()), "k"), all);
        assert_eq!(store.look("k").unwrap().counts(), [("nuclei".to_string(), 10)]);
        // The part, and what the columns of its two tables mean.
        let files: Vec<PathBuf> = fs::read_dir(&store.folder).unwrap().map(|e| e.unwrap().path()).collect();
        assert_eq!(files.len(), 3);
        for file in files {
            let whole = fs::read(&file).unwrap();
            for i in 0..whole.len() {
                let mut damaged = whole.clone();
                damaged[i] ^= 1;
                fs::write(&file, &damaged).unwrap();
                assert_eq!(load(&Store::new(dir.path()), "k"), None, "a damaged part is done again");
                fs::write(&file, &whole[..i]).unwrap();
                assert_eq!(load(&Store::new(dir.path()), "k"), None, "as is one that is cut off");
            }
            fs::write(&file, &whole).unwrap();
        }
    }

    #[test]
    fn only_parts_of_this_run_stay() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path());
        ["old", "new"].iter().for_each(|key| save(&store, key));
        let store = Store::new(dir.path());
        assert!(store.look("new").is_some());
        store.remove_all_but(&["new"].into());
        let again = Store::new(dir.path());
        assert!(again.look("new").is_some() && again.look("old").is_none());
    }

    #[test]
    fn a_part_that_is_not_finished_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path());
        let mut part = store.begin("k").unwrap();
        part.append("nuclei", &batch(&rows(2)).unwrap()).unwrap();
        drop(part);
        assert!(store.look("k").is_none());
        assert!(fs::read_dir(&store.folder).unwrap().all(|e| e.unwrap().path().extension().unwrap() == "columns"));
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
