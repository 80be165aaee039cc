//! From the files of the inputs to the list of images, in the order of the tables.

use super::names::{self, Kind};
use super::search::{Found, Search, absolute, search};
use crate::read::{self, FileSet, Series};
use crate::recipe::Recipe;
use crate::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What an image is made of.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// One file.
    File,
    /// One file a channel.
    Channels(FileSet),
    /// A DICOM series, one file a slice.
    Series(Series),
}

/// What is to be done with it.
#[derive(Clone, Debug)]
pub enum Task {
    /// Measure it.
    Measure,
    /// Pass it over, for this reason.
    Skip(String),
    /// Nothing: it failed while it was looked for.
    Fail(Error),
}

/// An image to be.
#[derive(Clone, Debug)]
pub struct Item {
    /// Path below the folder that holds all inputs, with `/`: the `image` column.
    pub name: String,
    /// Its files.
    pub files: Vec<PathBuf>,
    /// What they are to it.
    pub source: Source,
    /// The path that files beside it are named after: the file, the folder of a series, the common name of a set.
    pub place: PathBuf,
    /// DICOM or NIfTI: PET, unless the recipe says otherwise.
    pub is_scan: bool,
    /// It was named by the user, not found in a folder.
    pub explicit: bool,
    /// What is to be done with it.
    pub task: Task,
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

    /// Name, and the file that stands for it: what a later run compares.
    pub fn identity(&self) -> (String, String) {
        (self.name.clone(), self.place.to_string_lossy().into_owned())
    }
}

/// The images of a run.
#[derive(Debug)]
pub struct Images {
    /// In the order of the tables.
    pub items: Vec<Item>,
    /// The folder that holds all inputs.
    pub root: PathBuf,
}

/// Finds the images of the inputs.
///
/// # Errors
/// A bad or fruitless glob, or nothing found at all.
pub fn discover(inputs: &[PathBuf], exclude: &[String], recipes: &[&Recipe]) -> Result<Images> {
    let Search { found, roots, .. } = search(inputs, exclude)?;
    let root = read::common_folder(roots.iter().map(PathBuf::as_path));
    let (mut files, mut items) = (BTreeMap::new(), Vec::new());
    for (path, found) in found {
        match found {
            Found::File { explicit } => drop(files.insert(path, explicit)),
            Found::Skipped(reason) => items.push(Item { task: Task::Skip(reason), ..single(path, &root, false) }),
            Found::Failed(e) => items.push(Item { task: Task::Fail(e), ..single(path, &root, true) }),
        }
    }
    items.extend(series(&mut files, &root, recipes));
    match recipes.iter().find_map(|r| r.body.files.pattern.as_ref()) {
        Some(pattern) => items.extend(grouped(files, &root, pattern)?),
        None => {
            join_ome_sets(&mut files);
            items.extend(files.into_iter().map(|(path, explicit)| file(path, &root, explicit)));
        }
    }
    drop_companions(&mut items, recipes);
    items.sort_by(|a, b| (&a.name, &a.place).cmp(&(&b.name, &b.place)));
    tell_apart(&mut items);
    if items.is_empty() {
        return Err(Error::usage("no image in the inputs").remedy("files, folders with images, or globs"));
    }
    Ok(Images { items, root })
}

/// The path of a companion file of an image: beside it, with `{stem}` filled in; a path without it is the same for all.
pub fn companion(pattern: &str, place: &Path) -> PathBuf {
    let name = place.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    // The folder of a series may have dots in its name.
    let stem = if place.is_dir() { &name } else { stem(&name) };
    let filled = PathBuf::from(pattern.replace("{stem}", stem));
    if pattern.contains("{stem}") { place.with_file_name("").join(filled) } else { filled }
}

/// A file name without its extension; `.ome.tif` and `.nii.gz` are one extension.
fn stem(name: &str) -> &str {
    let name = name.strip_suffix(".gz").filter(|s| s.ends_with(".nii")).unwrap_or(name);
    let cut = name.rfind('.').filter(|&i| i > 0).map_or(name, |i| &name[..i]);
    cut.strip_suffix(".ome").filter(|s| !s.is_empty()).unwrap_or(cut)
}

/// Regions of the recipes are no images of their own.
fn drop_companions(items: &mut Vec<Item>, recipes: &[&Recipe]) {
    let sets = recipes.iter().flat_map(|r| r.body.objects.values());
    let patterns: BTreeSet<&str> = sets.filter_map(|o| o.labels.as_deref()).collect();
    let all = items.iter().flat_map(|i| patterns.iter().map(move |p| absolute(&companion(p, &i.place))));
    let companions: BTreeSet<PathBuf> = all.collect();
    items.retain(|i| i.explicit || !matches!(i.files.as_slice(), [file] if companions.contains(file)));
}

fn single(path: PathBuf, root: &Path, explicit: bool) -> Item {
    let name = match names::image(&path, root) {
        // The folder that holds all inputs.
        name if name.is_empty() => names::image(&path, path.parent().unwrap_or(Path::new(""))),
        name => name,
    };
    let (place, files, source) = (path.clone(), vec![path], Source::File);
    Item { name, files, source, place, is_scan: false, explicit, task: Task::Measure }
}

fn file(path: PathBuf, root: &Path, explicit: bool) -> Item {
    let is_scan = read::format_of(&path).is_some_and(|f| f.is_scan);
    let ours = if explicit { None } else { read::written_by_us(&path) };
    let task = match ours {
        Some(what) => Task::Skip(format!("{what} that uptake wrote, not an image")),
        None => Task::Measure,
    };
    Item { is_scan, task, ..single(path, root, explicit) }
}

/// Modality of PET in DICOM.
const PET: &str = "PT";

/// DICOM files, put together to series. What is DICOM but no image is passed over, with its reason.
fn series(found: &mut BTreeMap<PathBuf, bool>, root: &Path, recipes: &[&Recipe]) -> Vec<Item> {
    let files: Vec<PathBuf> = found.keys().filter(|p| read::is_dicom(p)).cloned().collect();
    let all = read::find_series(&files);
    let only_pet = recipes.iter().all(|r| r.body.modality.is_some());
    let mut items = Vec::new();
    for series in &all.series {
        // A PET series is named after its folder, whatever other kinds of series lie there; only PET beside PET needs more.
        let pet = |s: &&Series| s.folder == series.folder && s.modality == PET;
        let only = series.modality == PET && all.series.iter().filter(pet).count() == 1;
        let place = if only { series.folder.clone() } else { series.folder.join(series.short_name()) };
        let explicit = series.files.iter().any(|f| found.get(f).copied().unwrap_or_default());
        let other = only_pet && !explicit && series.modality != PET;
        let task = match other {
            true => Task::Skip(format!("a DICOM series of modality {}, not PT", series.modality)),
            false => Task::Measure,
        };
        let (files, source) = (series.files.clone(), Source::Series(series.clone()));
        items.push(Item { files, source, is_scan: true, task, ..single(place, root, explicit) });
    }
    for read::Other { path, reason, damaged } in all.others {
        let explicit = found.get(&path).copied().unwrap_or_default();
        let task = if damaged { Task::Fail(Error::format(reason)) } else { Task::Skip(reason) };
        items.push(Item { task, is_scan: true, ..single(path, root, explicit) });
    }
    found.retain(|path, _| !files.contains(path));
    items
}

/// Files of one image, one a channel. A file that does not match the pattern is passed over, with its reason.
fn grouped(found: BTreeMap<PathBuf, bool>, root: &Path, pattern: &str) -> Result<Vec<Item>> {
    let paths: Vec<PathBuf> = found.keys().cloned().collect();
    let groups = read::group(&paths, pattern)?;
    let explicit = |path: &PathBuf| found.get(path).copied().unwrap_or_default();
    let mut items = Vec::new();
    for set in groups.sets {
        let files: Vec<PathBuf> = set.files.iter().map(|(_, path)| path.clone()).collect();
        let Some(first) = files.first() else { continue };
        let place = first.with_file_name(&set.name);
        let explicit = files.iter().any(explicit);
        items.push(Item { files, source: Source::Channels(set), ..single(place, root, explicit) });
    }
    for path in groups.unmatched {
        let explicit = explicit(&path);
        let task = Task::Skip(format!("the name does not match the file pattern {pattern}"));
        items.push(Item { task, ..single(path, root, explicit) });
    }
    Ok(items)
}

/// Of each OME-TIFF set only the file that is opened stays: reading it reads the others, which are part of it.
fn join_ome_sets(found: &mut BTreeMap<PathBuf, bool>) {
    let files: Vec<PathBuf> = found.keys().cloned().collect();
    for set in read::find_ome_sets(&files) {
        let explicit = set.members.iter().filter_map(|m| found.remove(m)).fold(false, |any, explicit| any | explicit);
        found.insert(set.lead, explicit);
    }
}

/// Two images of one name (a folder that is called like a series beside it) are numbered: rare, but then no file of one may
/// take that of the other.
fn tell_apart(items: &mut [Item]) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for item in items {
        let n = seen.entry(item.name.clone()).or_default();
        *n += 1;
        if *n > 1 {
            item.name = format!("{} ({n})", item.name);
        }
    }
}

#[cfg(test)]
#[path = "discover_tests.rs"]
mod tests;
