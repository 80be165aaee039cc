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

/// An image to be. There may be a hundred thousand of them while they are looked for, so most of what few of them have is in
/// one box, and a name that its path ends with is not kept twice.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Item {
    /// As `name` gives it.
    name: Name,
    /// What it is made of.
    pub source: Source,
    /// DICOM or NIfTI: PET, unless the recipe says otherwise.
    pub is_scan: bool,
    /// It was named by the user, not found in a folder.
    pub explicit: bool,
    /// What is to be done with it.
    pub task: Task,
    rare: Option<Box<Rare>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Name {
    /// What the place ends with, from this byte on.
    EndOfPlace(u32),
    Own(Box<str>),
}

/// What few images have.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Rare {
    /// Of a series: the path that files beside it are named after.
    place: Option<PathBuf>,
    metadata: Box<[Option<String>]>,
    settings: Box<[String]>,
    masks: Masks,
    references: References,
}

impl Item {
    /// An image of one file; `root` is the folder that holds all inputs.
    pub fn file(path: PathBuf, root: &Path, task: Task, explicit: bool) -> Self {
        let name = name(&path, root);
        Self::new(Source::File(path), None, name, task, explicit)
    }

    /// An image of one file a channel.
    pub fn channels(set: FileSet, root: &Path, task: Task, explicit: bool) -> Self {
        let name = name(&set.place, root);
        Self::new(Source::Channels(Box::new(set)), None, name, task, explicit)
    }

    /// A series; `place` is what files beside it are named after: its folder, or one below it.
    pub fn series(series: Series, place: PathBuf, root: &Path, task: Task, explicit: bool) -> Self {
        let name = name(&place, root);
        let rare = Box::new(Rare { place: Some(place), ..Rare::default() });
        Item { is_scan: true, ..Self::new(Source::Series(Box::new(series)), Some(rare), name, task, explicit) }
    }

    fn new(source: Source, rare: Option<Box<Rare>>, name: String, task: Task, explicit: bool) -> Self {
        let mut item = Item { name: Name::EndOfPlace(0), source, is_scan: false, explicit, task, rare };
        item.rename(name);
        item
    }

    /// Its path below the folder that holds all inputs, with `/`: the `image` column.
    pub fn name(&self) -> &str {
        match &self.name {
            Name::Own(name) => name,
            Name::EndOfPlace(begin) => self.place().to_str().and_then(|p| p.get(*begin as usize..)).unwrap_or_default(),
        }
    }

    /// Calls it otherwise.
    pub fn rename(&mut self, name: String) {
        let begin = self.place().to_str().and_then(|place| u32::try_from(place.strip_suffix(&*name)?.len()).ok());
        self.name = begin.map_or_else(|| Name::Own(name.into()), Name::EndOfPlace);
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
            Source::Series(series) => self.rare().and_then(|r| r.place.as_ref()).unwrap_or(&series.folder),
        }
    }

    /// Where a file of it lies below its folder of the output.
    pub fn output(&self, set: &str, usual: &str, end: &str) -> String {
        let kind = match self.source {
            Source::File(_) => Kind::File,
            Source::Channels(_) => Kind::Set,
            Source::Series(_) => Kind::Folder,
        };
        names::file(self.name(), kind, set, usual, end)
    }

    /// Name, and the file that stands for it: what a later run compares.
    pub fn identity(&self) -> (&str, Cow<'_, str>) {
        (self.name(), self.place().to_string_lossy())
    }

    /// What a sample sheet or its name says of it, one cell a column of the metadata.
    pub fn metadata(&self) -> &[Option<String>] {
        self.rare().map_or(&[], |r| &r.metadata)
    }

    /// Changes of the recipe for this image, as `--set` takes them.
    pub fn settings(&self) -> &[String] {
        self.rare().map_or(&[], |r| &r.settings)
    }

    /// The files that objects are read from.
    pub fn masks(&self) -> &[Mask] {
        self.rare().map_or(&[], |r| &r.masks)
    }

    /// Other files that its recipe names.
    pub fn references(&self) -> &[Reference] {
        self.rare().map_or(&[], |r| &r.references)
    }

    /// Sets what is said of it.
    pub fn set_metadata(&mut self, cells: Box<[Option<String>]>) {
        self.rare_mut().metadata = cells;
    }

    /// Sets the changes of its recipe.
    pub fn set_settings(&mut self, settings: Box<[String]>) {
        self.rare_mut().settings = settings;
    }

    /// Sets the files that it needs beside its own.
    pub fn set_needed(&mut self, masks: Masks, references: References) {
        if !(masks.is_empty() && references.is_empty()) {
            let rare = self.rare_mut();
            (rare.masks, rare.references) = (masks, references);
        }
    }

    fn rare(&self) -> Option<&Rare> {
        self.rare.as_deref()
    }

    fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }
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
