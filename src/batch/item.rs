//! An image to be: its files, and what is to be done with it.

use super::earlier::Identity;
use crate::name_pattern::stem;
use crate::read::{FileSet, Series};
use crate::write::names::{self, Kind};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// What an image is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Source {
    /// One file.
    File(PathBuf),
    /// One file a channel.
    Channels(Box<FileSet>),
    /// A DICOM series, one file a slice.
    Series(Box<Series>),
}

/// What is to be done with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Task {
    /// Measure it.
    Measure,
    /// Pass it over, for this reason.
    Skip(Box<str>),
    /// Nothing: it failed while it was looked for.
    Fail(Box<Error>),
}

/// An image to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Item {
    /// Its path below the folder that holds all inputs, with `/`: the `image` column.
    pub name: String,
    /// What it is made of.
    pub source: Source,
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
    /// Warnings that stand before it is read: files that are called almost as one of these, cutoffs over several images.
    pub warnings: Vec<String>,
    /// Other files that its recipe names.
    pub references: References,
    /// Of a series: the path that files beside it are named after.
    folder: Option<PathBuf>,
}

impl Item {
    /// An image of one file; `root` is the folder that holds all inputs.
    pub fn file(path: PathBuf, root: &Path, task: Task, explicit: bool) -> Self {
        let name = name(&path, root);
        Self::new(Source::File(path), name, task, explicit)
    }

    /// An image of one file a channel.
    pub fn channels(set: FileSet, root: &Path, task: Task, explicit: bool) -> Self {
        let name = name(&set.place, root);
        Self::new(Source::Channels(Box::new(set)), name, task, explicit)
    }

    /// A series; `place` is what files beside it are named after: its folder, or one below it.
    pub fn series(series: Series, place: PathBuf, root: &Path, task: Task, explicit: bool) -> Self {
        let name = name(&place, root);
        let item = Self::new(Source::Series(Box::new(series)), name, task, explicit);
        Item { is_scan: true, folder: Some(place), ..item }
    }

    fn new(source: Source, name: String, task: Task, explicit: bool) -> Self {
        Item {
            name,
            source,
            is_scan: false,
            explicit,
            task,
            metadata: Box::default(),
            settings: Box::default(),
            masks: vec![],
            warnings: vec![],
            references: vec![],
            folder: None,
        }
    }

    /// Nothing is known of it but one file to be measured.
    pub fn is_plain(&self, root: &Path) -> bool {
        let nothing = self.metadata.is_empty() && self.settings.is_empty();
        let alone = self.masks.is_empty() && self.references.is_empty();
        let plain =
            |path: &Path| matches!(self.task, Task::Measure) && nothing && alone && name(path, root) == self.name;
        matches!(&self.source, Source::File(path) if plain(path))
    }

    /// Its files.
    pub fn files(&self) -> Vec<&PathBuf> {
        match &self.source {
            Source::File(path) => vec![path],
            Source::Channels(set) => set.files.iter().map(|(_, path)| path).collect(),
            Source::Series(series) => series.files.iter().collect(),
        }
    }

    /// The path that files beside it are named after: that of its one file, the folder of a series, the common name of a set.
    pub fn place(&self) -> &Path {
        match &self.source {
            Source::File(path) => path,
            Source::Channels(set) => &set.place,
            Source::Series(series) => self.folder.as_ref().unwrap_or(&series.folder),
        }
    }

    /// Where files may lie that are named after it: folders with the name, the most particular first. A series has its own name, that of
    /// its file where it is one, and that of its folder, beside which and in which such files lie.
    pub fn stems(&self) -> Vec<(PathBuf, String)> {
        let place = self.place();
        let Source::Series(series) = &self.source else {
            return vec![(above(place), stem(&last(place)).to_string())];
        };
        let folder = &series.folder;
        // The folder of a series may have dots in its name.
        let mut all = vec![(above(place), last(place)), (folder.clone(), series.short_name().to_string())];
        if let [file] = &series.files[..] {
            all.push((above(file), stem(&last(file)).to_string()));
        }
        all.extend([(above(folder), last(folder)), (folder.clone(), last(folder))]);
        let mut seen = HashSet::new();
        all.retain(|one| seen.insert(one.clone()));
        all
    }

    /// Which of these is told of: the name of its file, or of the folder of a series, beside it.
    pub fn usual_stem(&self) -> (PathBuf, String) {
        match &self.source {
            Source::Series(series) => (above(&series.folder), last(&series.folder)),
            _ => (above(self.place()), stem(&last(self.place())).to_string()),
        }
    }

    /// Where a file of it lies below its folder of the output.
    pub fn output(&self, set: &str, usual: &str, end: &str) -> String {
        let kind = match self.source {
            Source::File(_) => Kind::File,
            Source::Channels(_) => Kind::Set,
            Source::Series(_) => Kind::Folder,
        };
        names::file(&self.name, kind, set, usual, end)
    }

    /// Name, and the file that stands for it: what a later run compares.
    pub fn identity(&self) -> Identity {
        (self.name.clone(), self.place().to_string_lossy().into_owned())
    }
}

fn above(path: &Path) -> PathBuf {
    path.parent().map(Path::to_path_buf).unwrap_or_default()
}

fn last(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

fn name(place: &Path, root: &Path) -> String {
    match names::image(place, root) {
        // The folder that holds all inputs.
        name if name.is_empty() => names::image(place, place.parent().unwrap_or(Path::new(""))),
        name => name,
    }
}

/// An object set that is read from a file, with that file. An error of the kind `Io` says that there is none.
pub type Mask = (String, Result<PathBuf>);

/// All of them.
pub type Masks = Vec<Mask>;

/// Another file that a recipe names: what it calls it, with the file.
pub type Reference = (String, PathBuf);

/// All of them.
pub type References = Vec<Reference>;
