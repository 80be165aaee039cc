//! Files that a recipe names beside the images: flat fields and dark images.

use super::item::{Item, References};
use crate::image::Scan;
use crate::read;
use crate::recipe::{DerivedImage, Recipe};
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// A key of a derived image that names a file, and what it says.
type Key = (&'static str, fn(&DerivedImage) -> &Option<String>);

const KEYS: [Key; 2] = [("flat_field", |image| &image.flat_field), ("dark", |image| &image.dark)];

/// The files for an image. A path counts from the working directory, one in a cell of the sheet from the folder of the sheet.
pub fn find(item: &Item, recipe: &Recipe, sheet: Option<&Path>) -> References {
    let mut files = BTreeMap::new();
    for (name, image) in &recipe.body.images {
        for (key, get) in KEYS {
            let Some(path) = get(image) else { continue };
            let setting = format!("images.{name}.{key}=");
            let by_sheet = item.settings.iter().any(|s| s.starts_with(&setting));
            let base = sheet.filter(|_| by_sheet).unwrap_or(Path::new(""));
            files.insert(path.clone(), base.join(path));
        }
    }
    files.into_iter().collect()
}

/// They are there.
///
/// # Errors
/// One is not.
pub fn check(item: &Item) -> Result<()> {
    match item.references.iter().find(|(_, path)| !path.is_file()) {
        None => Ok(()),
        Some((words, path)) => Err(Error::io(format!("there is no file \"{}\"", path.display()))
            .needed_for(format!("\"{words}\" in the recipe"))
            .remedy("a path from the working directory, or from the folder of the sheet that names it")),
    }
}

/// Reads them.
///
/// # Errors
/// One cannot be read.
pub fn read(item: &Item, scan: &mut Scan, options: &read::Options) -> Result<()> {
    for (words, path) in &item.references {
        let reference = read::open(path, &read::Options { time: None, ..options.clone() })?;
        scan.references.insert(words.clone(), reference.channels);
    }
    Ok(())
}
