//! Images that wait for their turn: in a file, so that an archive of any length takes the memory of a short one.

use super::item::Item;
use super::item_list::ItemList;
use super::marker::MARKER;
use crate::write::Draft;
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The name of the file.
pub const WAITING: &str = "images-to-do.jsonl";

/// The images of a run in the order of the tables, each handed out once.
pub(super) struct Waiting {
    path: PathBuf,
    images: usize,
    turn: Mutex<Turn>,
}

/// The next image.
struct Turn {
    number: usize,
    file: BufReader<File>,
    /// Images that no text can stand for: a path of them is no Unicode.
    odd: BTreeMap<usize, Item>,
    line: Vec<u8>,
}

impl Waiting {
    /// Sets all images down.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn create(out: &Path, items: &ItemList) -> Result<Self> {
        let path = out.join(MARKER).join(WAITING);
        let refused = |e| Draft::refused("write", &e, &path);
        let file = File::options().create(true).truncate(true).read(true).write(true).open(&path).map_err(refused)?;
        let (images, mut file, mut odd) = (items.len(), BufWriter::with_capacity(1 << 16, file), BTreeMap::new());
        for (number, item) in items.iter().enumerate() {
            let text = serde_json::to_string(&item).ok();
            file.write_all(text.as_deref().unwrap_or_default().as_bytes()).map_err(refused)?;
            file.write_all(b"\n").map_err(refused)?;
            if text.is_none() {
                odd.insert(number, item.into_owned());
            }
        }
        let mut file = file.into_inner().map_err(|e| refused(e.into_error()))?;
        file.seek(SeekFrom::Start(0)).map_err(refused)?;
        // What finding them took, and they themselves.
        crate::memory::trim();
        let turn = Turn { number: 0, file: BufReader::with_capacity(1 << 16, file), odd, line: vec![] };
        Ok(Waiting { path, images, turn: Mutex::new(turn) })
    }

    /// How many images there are, done or not.
    pub fn len(&self) -> usize {
        self.images
    }

    /// The next image with its number; none after the last one.
    ///
    /// # Errors
    /// The file cannot be read any more.
    pub fn next(&self) -> Result<Option<(usize, Item)>> {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let Turn { number, file, odd, line } = &mut *turn;
        if *number == self.images {
            return Ok(None);
        }
        line.clear();
        file.read_until(b'\n', line).map_err(|e| Draft::refused("read", &e, &self.path))?;
        let item = match odd.remove(number) {
            Some(item) => item,
            None => serde_json::from_slice(line).map_err(|e| Error::format(format!("damaged: {e}")).at(&self.path))?,
        };
        *number += 1;
        Ok(Some((*number - 1, item)))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;
    use crate::batch::item::Task;

    fn item(file: PathBuf) -> Item {
        let task = Task::Fail(Box::new(Error::format("odd").remedy("none")));
        let mut item = Item::file(file, Path::new("/a"), task, false);
        item.metadata = [
            None,
            Some(
                "a
\"b"
                .to_string(),
            ),
        ]
        .into();
        item.settings = ["threshold=1".to_string()].into();
        let masks = vec![("nuclei".into(), Err(Error::io("gone"))), ("cells".into(), Ok("m.tif".into()))];
        (item.masks, item.references) = (masks, vec![("flat".into(), "f.tif".into())]);
        item
    }

    #[test]
    fn images_come_back_in_their_order_each_once() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(MARKER)).unwrap();
        let mut files: Vec<PathBuf> = ["/a/b.tif", "/a/line\nbreak.tif", "/\u{e4}"].map(PathBuf::from).into();
        #[cfg(unix)]
        files.insert(1, PathBuf::from(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"/a/\xff.tif")));
        let mut items = ItemList::default();
        files.iter().cloned().for_each(|file| items.push(item(file)));
        let waiting = Waiting::create(dir.path(), &items).unwrap();
        assert_eq!(waiting.len(), files.len());
        for (number, file) in files.iter().enumerate() {
            let next = waiting.next().unwrap().unwrap();
            assert_eq!(format!("{next:?}"), format!("{:?}", (number, item(file.clone()))));
        }
        assert!(waiting.next().unwrap().is_none() && waiting.next().unwrap().is_none());
        drop(waiting);
        assert!(std::fs::read_dir(dir.path().join(MARKER)).unwrap().next().is_none());
    }
}
