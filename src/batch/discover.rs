//! From the files of the inputs to the list of images, in the order of the tables.

use super::claims::Claims;
use super::files;
use super::item::{Item, Source, Task};
use super::item_list::ItemList;
use super::layout;
use super::masks::{self, Finder};
use super::metadata::{self, Metadata};
use super::needed;
use super::plates;
use super::recipes::Recipes;
use super::references;
use super::search::{self, NoFile, Search, search};
use super::settings::Settings;
use super::sheet::Sheet;
use crate::read::{self, Drawn, FileSet, Groups, PathPattern, Paths, Series};
use crate::recipe::Recipe;
use crate::{Error, Result};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

/// The images of a run.
#[derive(Debug)]
pub struct Images {
    /// In the order of the tables.
    pub items: ItemList,
    /// The folder that holds all inputs.
    pub root: PathBuf,
    /// The columns of their metadata.
    pub metadata: Metadata,
    /// Files of regions among the inputs.
    drawn: Vec<Drawn>,
}

/// Finds the images of the inputs and of the sample sheet.
///
/// # Errors
/// Columns of one name, a bad or fruitless glob, nothing found at all, or a sheet that says what cannot be.
pub fn discover(settings: &Settings, recipes: &Recipes) -> Result<Images> {
    // Columns with one name are refused before anything is looked for.
    layout::names(&recipes.all())?;
    let sheet = settings.sheet.as_deref().map(Sheet::open).transpose()?;
    let claims = sheet.as_ref().map(Claims::of).transpose()?;
    let named = claims.iter().flat_map(|c| &c.paths);
    let inputs: Vec<PathBuf> = settings.inputs.iter().chain(named).cloned().collect();
    let Search { files, named, others, mut roots, seen, .. } = search(&inputs, &settings.exclude)?;
    // Images are then called as in the column of their paths, whatever lines come and go.
    roots.extend(sheet.as_ref().map(Sheet::folder));
    let root = read::common_folder(roots.iter().map(PathBuf::as_path));
    let mut images = Images { items: ItemList::default(), root, metadata: Metadata::default(), drawn: vec![] };
    let groups = recipes.all().iter().find_map(|r| r.body.files.groups.as_deref());
    let groups = groups.map(PathPattern::parse).transpose()?;
    let files = Files { all: files, named, searched: seen, exclude: settings.exclude.clone() };
    let joined = images.fill(files, others, groups.as_ref(), &recipes.all())?;
    if let (Some(sheet), Some(claims)) = (&sheet, &claims) {
        images.metadata.add(&sheet.columns, "As the sample sheet says.");
        claims.give(&mut images.items, &joined)?;
        recipes.check(&images.items, claims)?;
    }
    if let Some(groups) = &groups {
        images.group(groups, &joined, plates::well_column(&recipes.all()))?;
    }
    plates::lay_out(&recipes.all(), &mut images.metadata, &mut images.items)?;
    if !images.metadata.names().is_empty() {
        let columns = layout::names(&recipes.used(|is_scan| images.items.iter().any(|i| i.is_scan == is_scan)))?;
        images.metadata.differ_from(columns.iter().map(String::as_str))?;
    }
    let folder = sheet.as_ref().map(Sheet::folder);
    let mut finder = Finder::new(&images.metadata, folder.clone(), &images.drawn);
    let mut used = HashSet::new();
    images.items.change(|item| {
        if matches!(item.task, Task::Measure) {
            let own = own_recipe(recipes, item)?;
            (item.masks, item.warnings) = finder.find(item, &own)?;
            item.references = references::find(item, &own, folder.as_deref());
            let files = item.masks.iter().filter_map(|(_, found)| found.as_ref().ok());
            used.extend(files.filter(|path| path.is_file()).map(|path| search::absolute(path)));
        }
        Ok(())
    })?;
    images.items.change(|item| {
        // Those without masks are not made anew.
        if !item.masks.is_empty() {
            item.warnings.extend(finder.almost(item, &*own_recipe(recipes, item)?, &used)?);
        }
        Ok(())
    })?;
    needed::leave_out(&mut images.items)?;
    images.items.sort();
    if images.items.is_empty() {
        return Err(Error::usage("no image in the inputs").remedy("files, folders with images, or globs"));
    }
    recipes.check_settings(|is_scan| images.items.iter().any(|i| i.is_scan == is_scan))?;
    Ok(images)
}

/// The recipe of an image as far as files are looked for: most rows of a sheet change something else.
fn own_recipe<'r>(recipes: &'r Recipes, item: &Item) -> Result<Cow<'r, Recipe>> {
    Ok(if masks::touches(&item.settings) { recipes.of(item)? } else { Cow::Borrowed(recipes.kind(item)) })
}

/// Files that were found.
struct Files {
    all: Paths,
    /// Those that the user named.
    named: HashSet<PathBuf>,
    /// Folders that were searched, by their real path.
    searched: HashSet<PathBuf>,
    /// Globs of what is left alone.
    exclude: Vec<String>,
}

impl Files {
    /// Other DICOM files in the folders of those that were named. A folder that was searched has no more.
    fn beside(&self, dicom: &[PathBuf]) -> Result<Vec<PathBuf>> {
        let named = dicom.iter().filter(|path| self.named.contains(*path));
        let folders: BTreeSet<&Path> = named.filter_map(|path| path.parent()).collect();
        let is_new = |folder: &&Path| folder.canonicalize().is_ok_and(|real| !self.searched.contains(&real));
        let mut beside = Vec::new();
        for folder in folders.into_iter().filter(is_new) {
            let others = search::files_in(folder, &self.exclude)?.into_iter();
            beside.extend(others.filter(|path| !self.all.has(path) && read::is_dicom(path)));
        }
        Ok(beside)
    }
}

impl Images {
    /// Makes items of what was found. Returns the files that are read with another one, which is the item's.
    fn fill(
        &mut self,
        mut files: Files,
        others: BTreeMap<PathBuf, NoFile>,
        groups: Option<&PathPattern>,
        recipes: &[&Recipe],
    ) -> Result<HashMap<PathBuf, PathBuf>> {
        let (root, items) = (&self.root, &mut self.items);
        for (path, why) in others {
            items.push(match why {
                NoFile::Skipped(reason) => Item::file(path, root, Task::Skip(reason.into()), false),
                NoFile::Failed(e) => Item::file(path, root, Task::Fail(e), true),
            });
        }
        let mut joined = HashMap::new();
        let (series, drawn) = series(&mut files, root, recipes, &mut joined)?;
        series.into_iter().for_each(|item| items.push(item));
        self.drawn = drawn;
        if let Some(pattern) = recipes.iter().find_map(|r| r.body.files.pattern.as_ref()) {
            let paths: Vec<PathBuf> = files.all.iter().collect();
            let Groups { sets, unmatched, wrong } = read::group(&paths, pattern)?;
            channels(sets, &wrong, &files, root).for_each(|item| items.push(item));
            for path in unmatched {
                let explicit = files.named.contains(&path);
                let task = Task::Skip(format!("the name does not match the file pattern {pattern}").into());
                items.push(Item::file(path, root, task, explicit));
            }
            return Ok(joined);
        }
        if let Some(groups) = groups.filter(|g| g.has_channel()) {
            let paths: Vec<PathBuf> = files.all.iter().collect();
            let Groups { sets, wrong, .. } = groups.group(&paths)?;
            // A folder of one channel may be all that was searched: the image lies above it.
            let above = sets.iter().filter_map(|s| s.place.parent());
            self.root = read::common_folder(std::iter::once(&*self.root).chain(above));
            let taken: HashSet<PathBuf> = sets.iter().flat_map(|s| &s.files).map(|(_, path)| path.clone()).collect();
            channels(sets, &wrong, &files, &self.root).for_each(|item| items.push(item));
            files.all.retain(|path| !taken.contains(path));
        }
        let root = &self.root;
        joined.extend(join_ome_sets(&mut files));
        let Files { all, named, .. } = files;
        items.add_files(all, root, |path| {
            let explicit = named.contains(&path);
            file(path, root, explicit)
        });
        Ok(joined)
    }

    /// Gives each image what its path says. One whose path does not fit fails: it would stand beside the others without a well.
    /// So does a copy of another one (`joined`) that the path calls something else: it was meant to be an image of its own.
    /// A `well` that the sheet and the path write in two forms is one.
    fn group(&mut self, groups: &PathPattern, joined: &HashMap<PathBuf, PathBuf>, well: &str) -> Result<()> {
        let places = self.metadata.add(&groups.names(), "As the path of the image says (files.groups).");
        let well = self.metadata.names().iter().position(|name| name == well);
        let is_one = |place, a: &str, b: &str| Some(place) == well && plates::are_one_well(a, b);
        let said = |path: &Path| path.parent().and_then(|folder| groups.folder(folder)).map(|c| c.values);
        self.items.change(|item| {
            if let (Task::Skip(reason), Source::File(path)) = (&item.task, &item.source)
                && let Some(twin) = joined.get(path)
                && said(path) != said(twin)
            {
                let e = Error::usage(format!("is {reason}, and another image by its path"))
                    .remedy("the files that belong there, or --exclude for the copy");
                item.task = Task::Fail(Box::new(e));
            }
            if !matches!(item.task, Task::Measure) {
                return Ok(());
            }
            let captured = match &item.source {
                Source::Series(series) => groups.folder(&series.folder),
                Source::File(path) => groups.file(path),
                Source::Channels(set) => set.files.first().and_then(|(_, path)| groups.file(path)),
            };
            let values = captured.map(|c| c.values.into_iter().map(Some).collect::<Vec<_>>());
            let e = match values.map(|values| metadata::put(item, &places, &values, is_one)) {
                Some(Ok(())) => return Ok(()),
                Some(Err(e)) => {
                    let column = &self.metadata.names()[e.place];
                    Error::usage(format!(
                        "{column} is \"{}\" in the sample sheet and \"{}\" by its path",
                        e.there, e.new
                    ))
                    .remedy("a sheet without that column, or with what the path says")
                }
                // What is no image is passed over later, as without groups.
                None if !item.explicit && !item.files().iter().any(|f| files::is_image(f)) => return Ok(()),
                None => Error::usage("its path does not fit files.groups")
                    .remedy("a pattern that fits, or --exclude for what is none of these images"),
            };
            item.task = Task::Fail(Box::new(e));
            Ok(())
        })
    }
}

fn file(path: PathBuf, root: &Path, explicit: bool) -> Item {
    let is_scan = read::format_of(&path).is_some_and(|f| f.is_scan);
    let ours = if explicit { None } else { read::written_by_us(&path) };
    let task = match (ours, read::header_of_voxels(&path)) {
        (Some(what), _) => Task::Skip(format!("{what} that uptake wrote, not an image").into()),
        (None, Some(header)) if explicit => {
            let e = Error::usage(format!("holds the voxels of {header} and nothing else")).remedy(header);
            Task::Fail(Box::new(e))
        }
        (None, Some(header)) => Task::Skip(format!("the voxels of {header}").into()),
        (None, None) => Task::Measure,
    };
    let mut item = Item::file(path, root, task, explicit);
    item.is_scan = is_scan;
    item
}

/// Modality of PET in DICOM.
const PET: &str = "PT";

/// DICOM files, put together to series. What is DICOM but no image is passed over, with its reason; copies of slices are
/// added to `joined`.
fn series(
    found: &mut Files,
    root: &Path,
    recipes: &[&Recipe],
    joined: &mut HashMap<PathBuf, PathBuf>,
) -> Result<(Vec<Item>, Vec<Drawn>)> {
    let files: Vec<PathBuf> = found.all.iter().filter(|p| read::is_dicom(p)).collect();
    let all = read::find_whole_series(&files, &found.beside(&files)?);
    let only_pet = recipes.iter().all(|r| r.body.modality.is_some());
    let mut items = Vec::new();
    for series in &all.series {
        // A PET series is named after its folder, whatever other kinds of series lie there; only PET beside PET needs more.
        let pet = |s: &&Series| s.folder == series.folder && s.modality == PET;
        let only = series.modality == PET && all.series.iter().filter(pet).count() == 1;
        let place = if only { series.folder.clone() } else { series.folder.join(series.short_name()) };
        let explicit = series.files.iter().any(|f| found.named.contains(f));
        let other = only_pet && !explicit && series.modality != PET;
        let task = match other {
            true => Task::Skip(format!("a DICOM series of modality {}, not PT", series.modality).into()),
            false => Task::Measure,
        };
        let mut series = series.clone();
        if let ([file], false) = (&series.files[..], only) {
            // The files of enhanced objects may differ in nothing that a name is made of.
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            series.remarks.push(format!("the image is read from the file {name}"));
        }
        items.push(Item::series(series, place, root, task, explicit));
    }
    for read::Other { path, reason, damaged, copy_of } in all.others {
        joined.extend(copy_of.map(|file| (path.clone(), file)));
        let explicit = found.named.contains(&path);
        let task = if damaged { Task::Fail(Box::new(Error::format(reason))) } else { Task::Skip(reason.into()) };
        let mut item = Item::file(path, root, task, explicit);
        item.is_scan = true;
        items.push(item);
    }
    let dicom: HashSet<PathBuf> = files.into_iter().collect();
    found.all.retain(|path| !dicom.contains(path));
    Ok((items, all.drawn))
}

/// Images of one file a channel; those with something wrong fail.
fn channels(
    sets: Vec<FileSet>,
    wrong: &BTreeMap<PathBuf, Error>,
    found: &Files,
    root: &Path,
) -> impl Iterator<Item = Item> {
    let item = move |set: FileSet| {
        let explicit = set.files.iter().any(|(_, path)| found.named.contains(path));
        let task = wrong.get(&set.place).map_or(Task::Measure, |e| Task::Fail(Box::new(e.clone())));
        Item::channels(set, root, task, explicit)
    };
    sets.into_iter().map(item)
}

/// Of each OME-TIFF set only the file that is opened stays: reading it reads the others, which are part of it. Returns those
/// with it.
fn join_ome_sets(found: &mut Files) -> HashMap<PathBuf, PathBuf> {
    let mut joined = HashMap::new();
    let (mut leads, mut named) = (HashSet::new(), HashSet::new());
    for set in read::find_ome_sets(&found.all) {
        if set.members.iter().any(|member| found.named.contains(member)) {
            named.insert(set.lead.clone());
        }
        joined.extend(set.members.into_iter().map(|member| (member, set.lead.clone())));
        leads.insert(set.lead);
    }
    if !leads.is_empty() {
        found.all.retain(|path| !joined.contains_key(path) && !leads.contains(path));
        leads.into_iter().for_each(|lead| found.all.push(lead));
        found.named.extend(named);
    }
    joined
}

#[cfg(test)]
#[path = "discover_tests.rs"]
mod tests;
