//! The folder of parts.

use super::columns::{Columns, KnownColumns};
use super::ending::Ending;
use super::reader;
use super::writer::PartWriter;
use crate::Result;
use arrow_array::RecordBatch;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder of parts.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    columns: KnownColumns,
}

impl Store {
    /// Below the output folder.
    pub fn new(out: &Path) -> Self {
        let folder = out.join(".uptake").join("parts");
        Store { columns: KnownColumns::new(&folder), folder }
    }

    /// The file of a part.
    fn part(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.part"))
    }

    /// Begins a part.
    ///
    /// # Errors
    /// The disk is full, or the system refuses.
    pub fn begin(&self, key: &str) -> Result<PartWriter<'_>> {
        PartWriter::new(&self.columns, self.part(key))
    }

    /// What the part of that key says beside its rows, if it is there and whole.
    pub fn look(&self, key: &str) -> Option<Ending> {
        let (_, ending) = reader::open(&self.part(key))?;
        ending.tables.iter().all(|(_, columns, _)| self.columns.of(columns).is_some()).then_some(ending)
    }

    /// Hands over the rows of a part, table by table, in blocks; false if the part is not there or not whole. The schema of
    /// a block is that of [`Store::tables`], the same one for all parts.
    ///
    /// # Errors
    /// What `take` gives.
    pub fn read(&self, key: &str, take: &mut dyn FnMut(&str, &RecordBatch) -> Result<()>) -> Result<bool> {
        let Some((content, ending)) = reader::open(&self.part(key)) else { return Ok(false) };
        let columns = ending.tables.iter().map(|(_, columns, _)| self.columns.of(columns)).collect::<Option<Vec<_>>>();
        let Some(columns) = columns else { return Ok(false) };
        for block in reader::blocks(content, columns)? {
            let (columns, batch) = block?;
            take(&columns.table, &batch)?;
        }
        Ok(true)
    }

    /// The columns of all tables that were met, by table, in an order of their own.
    pub fn tables(&self) -> Vec<Arc<Columns>> {
        self.columns.all()
    }

    /// At the end of a run that reached all images: removes the parts of images that are no longer among them.
    ///
    /// # Errors
    /// Those of the keys.
    pub fn remove_all_but(&self, keys: impl Iterator<Item = Result<String>>) -> Result<()> {
        let mut keys = keys.map(|key| Ok(begin(&key?))).collect::<Result<Vec<u64>>>()?;
        keys.sort_unstable();
        let columns = self.columns.names();
        for path in fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|e| e.path()) {
            let stem = path.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let stays = match path.extension().and_then(|e| e.to_str()) {
                Some("part") => keys.binary_search(&begin(&stem)).is_ok(),
                Some("columns") => columns.contains(&stem),
                _ => true,
            };
            if !stays {
                let _ = fs::remove_file(path);
            }
        }
        Ok(())
    }
}

/// The first digits of a key: there may be a hundred thousand of them, and two alike would cost no more than a part that stays.
fn begin(key: &str) -> u64 {
    key.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;
    use crate::batch::parts::{IMAGES, Written};
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
        const OLD: &str = "0123456789abcdef0123";
        const NEW: &str = "f123456789abcdef0123";
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path());
        [OLD, NEW].iter().for_each(|key| save(&store, key));
        let store = Store::new(dir.path());
        assert!(store.look(NEW).is_some());
        store.remove_all_but(std::iter::once(Ok(NEW.to_string()))).unwrap();
        let again = Store::new(dir.path());
        assert!(again.look(NEW).is_some() && again.look(OLD).is_none());
    }

    #[test]
    fn a_part_that_is_not_finished_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path());
        let mut part = store.begin("k").unwrap();
        part.append("nuclei", &batch(&rows(2)).unwrap()).unwrap();
        drop(part);
        assert!(store.look("k").is_none());
        assert_eq!(fs::read_dir(&store.folder).unwrap().count(), 0);
    }
}
