//! A series: one scan, wherever its files lie and whatever they are called.

use super::header::detect;
use super::regions::Drawn;
use crate::read::Source;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// An image stored as one file a slice, or as a few files of several frames.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// SeriesInstanceUID; empty if the files have none, or each its own.
    pub uid: String,
    /// FrameOfReferenceUID of its first file; may be empty.
    pub frame: String,
    /// Modality: `PT`, `CT`, ...
    pub modality: String,
    /// SeriesDescription; may be empty.
    pub description: String,
    /// SeriesNumber.
    pub number: Option<i64>,
    /// A name for files, made from the series itself and unlike that of any other series with the same folder:
    /// `PT_3_PET_AC`, or `PT_3_PET_AC_5f0c1e2a` where two would be called so.
    pub name: String,
    /// The deepest folder that holds all of its files.
    pub folder: PathBuf,
    /// Its files, sorted by path.
    pub files: Vec<PathBuf>,
    /// Files of it that are damaged, with the reason: without them it is not the series that was stored.
    pub damaged: Vec<(PathBuf, String)>,
    /// How it was put together, where that is unusual.
    pub notes: Vec<String>,
    /// How it was put together, where that is no reason for doubt.
    pub remarks: Vec<String>,
}

impl std::fmt::Display for Series {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let number = self.number.map(|n| format!(" {n}")).unwrap_or_default();
        let files = if self.files.len() == 1 { "1 file".into() } else { format!("{} files", self.files.len()) };
        write!(f, "{}{number} \"{}\" ({files})", self.modality, self.description)
    }
}

impl Series {
    /// The name for files.
    pub fn short_name(&self) -> &str {
        &self.name
    }

    /// Modality, number and description, in letters that any file system takes.
    fn plain_name(&self) -> String {
        let parts =
            [self.modality.clone(), self.number.map(|n| n.to_string()).unwrap_or_default(), self.description.clone()];
        let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '.') { c } else { ' ' };
        let text = parts.join(" ").chars().map(plain).collect::<String>();
        let words: Vec<&str> = text.split_whitespace().collect();
        let name: String = words.join("_").chars().take(80).collect();
        if name.is_empty() { "series".into() } else { name }
    }
}

/// A file that belongs to no series.
#[derive(Clone, Debug, PartialEq)]
pub struct Other {
    /// The file.
    pub path: PathBuf,
    /// What it is, or what is wrong with it.
    pub reason: String,
    /// It is DICOM and damaged: a failure. Else it is sound and no scan: to be passed over.
    pub damaged: bool,
    /// The file that it is a copy of.
    pub copy_of: Option<PathBuf>,
}

impl Other {
    /// One that is as it should be, and no scan.
    pub(super) fn sound(path: PathBuf, reason: String) -> Self {
        Other { path, reason, damaged: false, copy_of: None }
    }
}

/// What a look at headers finds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FoundSeries {
    /// Images, in the order of their first files.
    pub series: Vec<Series>,
    /// Files that are none, in the order of their paths.
    pub others: Vec<Other>,
    /// Of these, the files of regions with what they refer to.
    pub drawn: Vec<Drawn>,
}

/// Does the file look like DICOM? Only its first bytes are read.
pub fn is_dicom(path: &Path) -> bool {
    path.is_file() && Source::open(path).and_then(|s| s.head(512)).is_ok_and(|head| detect(&head))
}

/// Names the series. Those of one folder that would be called the same get eight digits of the hash of what `marks` tells
/// them apart by, so that a name does not depend on how many there are.
pub(super) fn name(series: &mut [Series], marks: &[String]) {
    let mut taken: BTreeMap<(PathBuf, String), usize> = BTreeMap::new();
    let plain: Vec<String> = series.iter().map(Series::plain_name).collect();
    for (one, name) in series.iter().zip(&plain) {
        *taken.entry((one.folder.clone(), name.clone())).or_default() += 1;
    }
    for ((one, name), mark) in series.iter_mut().zip(plain).zip(marks) {
        let alone = taken.get(&(one.folder.clone(), name.clone())) == Some(&1);
        let hash: String = Sha256::digest(mark).iter().take(4).map(|b| format!("{b:02x}")).collect();
        one.name = if alone { name } else { format!("{name}_{hash}") };
    }
}
