//! Which files belong together: a series in one folder, seen from headers alone.

use super::header::{Header, detect};
use super::slice::{self, Slice};
use crate::read::Source;
use crate::{Error, Result};
use dicom_dictionary_std::tags;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// An image stored as one file a slice, or as a few files of several frames.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// SeriesInstanceUID; empty if the file has none.
    pub uid: String,
    /// Modality: `PT`, `CT`, ...
    pub modality: String,
    /// SeriesDescription; may be empty.
    pub description: String,
    /// SeriesNumber.
    pub number: Option<i64>,
    /// A name for files, unlike that of any other series of the folder: `PT_3_PET_AC`.
    pub name: String,
    /// The folder that its files lie in.
    pub folder: PathBuf,
    /// Its files, sorted by path.
    pub files: Vec<PathBuf>,
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

/// What a look at headers finds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// Images, in the order of their first files.
    pub series: Vec<Series>,
    /// Files that are no image, with the reason.
    pub others: Vec<(PathBuf, String)>,
}

/// Does the file look like DICOM? Only its first bytes are read.
pub fn is_dicom(path: &Path) -> bool {
    path.is_file() && Source::open(path).and_then(|s| s.head(512)).is_ok_and(|head| detect(&head))
}

/// What must be equal within a series: folder, UID, rows and columns.
type Key = (PathBuf, String, [i64; 2]);
/// Directions in one series differ by less than this in each component.
const TURNED: f64 = 1e-3;

/// Groups files by folder and series. Images of one series that differ in size or direction (localisers) are series of their own.
pub fn find_series(files: &[PathBuf]) -> Found {
    let mut files = files.to_vec();
    files.sort();
    files.dedup();
    let looks: Vec<_> = files.par_iter().map(|path| look(path)).collect();
    let mut found = Found::default();
    let mut places: BTreeMap<Key, Vec<(Vec<f64>, usize)>> = BTreeMap::new();
    for (path, look) in files.into_iter().zip(looks) {
        match look {
            Ok((key, axes, series)) => {
                let ways = places.entry(key).or_default();
                let same = |way: &&(Vec<f64>, usize)| way.0.iter().zip(&axes).all(|(a, b)| (a - b).abs() < TURNED);
                match ways.iter().find(same).and_then(|way| found.series.get_mut(way.1)) {
                    Some(s) => s.files.push(path),
                    None => {
                        ways.push((axes, found.series.len()));
                        found.series.push(Series { files: vec![path], ..series });
                    }
                }
            }
            Err(e) => found.others.push((path, e.what)),
        }
    }
    let mut taken: BTreeMap<(PathBuf, String), usize> = BTreeMap::new();
    for series in &mut found.series {
        let name = series.plain_name();
        let count = taken.entry((series.folder.clone(), name.clone())).or_default();
        *count += 1;
        series.name = if *count == 1 { name } else { format!("{name}_({count})") };
    }
    found
}

fn look(path: &Path) -> Result<(Key, Vec<f64>, Series)> {
    let source = Source::open(path)?;
    if !detect(&source.head(512)?) {
        return Err(Error::unsupported("not a DICOM file"));
    }
    let header = Header::look(&source)?;
    if let Some(reason) = header.no_image() {
        return Err(Error::unsupported(reason));
    }
    let set = &header.set;
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let uid = set.text(tags::SERIES_INSTANCE_UID).unwrap_or_default();
    let size = [tags::ROWS, tags::COLUMNS].map(|tag| set.whole(tag).unwrap_or(0));
    let first: Option<Slice> = slice::slices(&header, 0, 1)?.into_iter().next();
    let axes = first.and_then(|s| s.axes).unwrap_or_default().concat();
    // Files without a series stand for themselves.
    let own = if uid.is_empty() { path.display().to_string() } else { uid.clone() };
    let series = Series {
        modality: header.modality(),
        description: set.text(tags::SERIES_DESCRIPTION).unwrap_or_default(),
        number: set.whole(tags::SERIES_NUMBER),
        folder: folder.clone(),
        name: String::new(),
        files: vec![],
        uid,
    };
    Ok(((folder, own, size), axes, series))
}
