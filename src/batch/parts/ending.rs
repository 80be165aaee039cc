//! What a part says beside its rows.

use crate::batch::hash::hash_file;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

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

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

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
