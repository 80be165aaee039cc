//! The files that an image is read from: which they are, what they hold, whether they change meanwhile.

use super::hash::{Hashed, hash_file};
use super::item::{Item, Source};
use super::masks;
use crate::image::Scan;
use crate::pipeline::External;
use crate::read::{self, Extent};
use crate::recipe::{Objects, Recipe, SITES};
use crate::write::names;
use crate::{Kind, Result};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Object sets that are read from a file, with that file.
pub type LabelFiles = Vec<(String, PathBuf)>;

/// The files with the regions of the recipe's object sets. One that is missing is an error, unless the recipe can do without.
pub fn labels(item: &Item, recipe: &Recipe) -> Result<LabelFiles> {
    let mut files = Vec::new();
    for (set, found) in &item.masks {
        let optional = recipe.body.objects.get(set).is_some_and(|o| o.optional);
        match found {
            Ok(path) if path.is_file() => files.push((set.clone(), path.clone())),
            Err(e) if e.kind != Kind::Io || !optional => return Err(e.clone()),
            Ok(path) if !optional => {
                return Err(masks::nowhere(item, path, set).needed_for(format!("the object set \"{set}\"")));
            }
            Ok(_) | Err(_) => {}
        }
    }
    Ok(files)
}

/// Reads the regions of the recipe's object sets.
///
/// # Errors
/// A file cannot be read or lies on another grid than the image. One that serves all series of a folder may then be drawn for each.
pub fn regions(
    item: &Item,
    recipe: &Recipe,
    files: &LabelFiles,
    scan: &Scan,
    options: &read::Options,
) -> Result<External> {
    let mut external = External::new();
    for (set, path) in files {
        let objects = recipe.body.objects.get(set);
        // Lesions of the baseline may lie beside what was imaged since.
        let may_miss = set == SITES;
        let of =
            |o: &Objects| read::Pick { names: o.regions.clone(), resample: o.resample, origin: o.origin, may_miss };
        let regions = read::regions(path, scan, &objects.map_or_else(read::Pick::default, of), options);
        let alone = || alone(item, objects?.labels.as_deref()?, path);
        external.insert(
            set.clone(),
            regions.map_err(|e| match (&e.remedy, alone().filter(|_| e.kind == Kind::Usage)) {
                (Some(remedy), Some(name)) => {
                    let more = format!("{remedy}; or for this series of the folder alone a file {name} in it");
                    e.remedy(more)
                }
                _ => e,
            })?,
        );
    }
    Ok(external)
}

/// What a file would be called that serves one series alone, where another is read that serves all of its folder.
fn alone(item: &Item, labels: &str, path: &Path) -> Option<String> {
    let Source::Series(series) = &item.source else { return None };
    let name = labels.strip_prefix("{stem}").filter(|rest| !rest.contains(['{', '*', '?', '[', '/']))?;
    let name = format!("{}{name}", series.short_name());
    let is_shared = item.place() != series.folder && path.file_name()?.to_str()? != name;
    is_shared.then_some(name)
}

/// The hashes of every file that the rows of the image follow from.
pub fn hashes(item: &Item, extent: &Extent, label_files: &LabelFiles, root: &Path) -> Result<Vec<Hashed>> {
    let place = |path: &Path| match path.starts_with(root) {
        true => names::image(path, root),
        false => path.to_string_lossy().into_owned(),
    };
    let name = |path: &PathBuf| path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let mut hashes = Vec::new();
    for path in &extent.files {
        let role = match &item.source {
            Source::Channels(set) => set.files.iter().find(|(_, p)| p == path).map(|(c, _)| c.clone()),
            // Companions are found by their names; the image itself may be called anything.
            _ if item.files().contains(&path) => None,
            _ => Some(format!("companion {}", name(path))),
        };
        hashes.push(Hashed { file: place(path), role: role.unwrap_or_default(), sha256: hash_file(path)? });
    }
    for (words, path) in &item.references {
        hashes.push(Hashed { file: place(path), role: format!("reference {words}"), sha256: hash_file(path)? });
    }
    // One mask may serve several sets.
    let mut known: HashMap<&PathBuf, String> = HashMap::new();
    for (set, path) in label_files {
        let sha256 = match known.get(path) {
            Some(hash) => hash.clone(),
            None => hash_file(path)?,
        };
        known.insert(path, sha256.clone());
        hashes.push(Hashed { file: place(path), role: format!("labels.{set}"), sha256 });
    }
    Ok(hashes)
}

/// Size and time of a file, if it is there.
pub type State = Option<(u64, Option<SystemTime>)>;

/// The state of files: it differs when one was written to.
pub fn state(files: &[PathBuf]) -> Vec<State> {
    let one = |path: &PathBuf| std::fs::metadata(path).ok().map(|m| (m.len(), m.modified().ok()));
    files.iter().map(one).collect()
}

/// Does a file's name or content call it an image, of a format that is read or not?
pub fn is_image(path: &Path) -> bool {
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    let known = read::FORMATS.iter().any(|f| f.extensions.contains(&extension.as_str()));
    known || read::format_of(path).is_some() || read::foreign(path).is_some()
}
