//! An image to be: its files, and what is to be done with it.

use super::names::{self, Kind};
use crate::read::{FileSet, Series};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// What an image is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Source {
    /// One file.
    File,
    /// One file a channel.
    Channels(Box<FileSet>),
    /// A DICOM series, one file a slice.
    Series(Box<Series>),
}

/// What is to be done with it. What few images have is in boxes: there may be a hundred thousand of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Task {
    /// Measure it.
    Measure,
    /// Pass it over, for this reason.
    Skip(String),
    /// Nothing: it failed while it was looked for.
    Fail(Box<Error>),
}

/// An image to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Item {
    /// Path below the folder that holds all inputs, with `/`: the `image` column.
    pub name: String,
    /// Its files.
    pub files: Vec<PathBuf>,
    /// What they are to it.
    pub source: Source,
    /// The path that files beside it are named after, unless that is its one file: the folder of a series, the common
    /// name of a set.
    pub place: Option<PathBuf>,
    /// DICOM or NIfTI: PET, unless the recipe says otherwise.
    pub is_scan: bool,
    /// It was named by the user, not found in a folder.
    pub explicit: bool,
    /// What is to be done with it.
    pub task: Task,
    /// What a sample sheet or its name says of it, one cell a column of the metadata.
    pub metadata: Box<[Option<String>]>,
    /// Changes of the recipe for this image, as `--set` takes them.
    pub settings: Box<[String]>,
    /// The files that objects are read from.
    pub masks: Masks,
    /// Other files that its recipe names.
    pub references: References,
}

impl Item {
    /// Where a file of it lies below its folder of the output.
    pub fn output(&self, set: &str, usual: &str, end: &str) -> String {
        let kind = match self.source {
            Source::File => Kind::File,
            Source::Channels(_) => Kind::Set,
            Source::Series(_) => Kind::Folder,
        };
        names::file(&self.name, kind, set, usual, end)
    }

    /// The path that files beside it are named after.
    pub fn place(&self) -> &Path {
        self.place.as_ref().or(self.files.first()).map_or(Path::new(""), PathBuf::as_path)
    }

    /// Name, and the file that stands for it: what a later run compares.
    pub fn identity(&self) -> (&str, Cow<'_, str>) {
        (&self.name, self.place().to_string_lossy())
    }
}

/// Object sets that are read from a file, with that file. An error of the kind `Io` says that there is none.
pub type Masks = Vec<(String, Result<PathBuf>)>;

/// Other files that a recipe names: what it calls them, with the files.
pub type References = Vec<(String, PathBuf)>;
