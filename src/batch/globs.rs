//! Patterns of names of columns, as recipes have them for plates and groups: each of them chooses something. Columns are known before
//! anything is measured.

use super::discover::Images;
use super::layout::{changes_columns, number_columns};
use super::recipes::Recipes;
use crate::words::suggestion;
use crate::{Error, Result};
use glob::Pattern;

/// # Errors
/// A pattern that no column of numbers of `images.csv` fits.
pub(super) fn check(recipes: &Recipes, images: &Images) -> Result<()> {
    // Rows of a sheet that measure something else may have other columns.
    let mut items = images.items.iter();
    if items.any(|item| changes_columns(&item.settings)) {
        return Ok(());
    }
    let used = recipes.used(|is_scan| images.items.iter().any(|item| item.is_scan == is_scan));
    let all = number_columns(&used)?;
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    for recipe in used {
        if let Some(groups) = &recipe.body.groups {
            each("groups.columns", &groups.columns, &all)?;
        }
        let Some(plates) = &recipe.body.plates else { continue };
        each("plates.columns", &plates.columns, &all)?;
        let compared: Vec<&str> = all.iter().copied().filter(|name| plates.wants(name)).collect();
        each("plates.heat_maps", &plates.heat_maps, &compared)?;
        let responding = plates.responses.as_ref().and_then(|responses| responses.columns.as_deref());
        each("plates.responses.columns", responding.unwrap_or_default(), &compared)?;
    }
    Ok(())
}

/// Each pattern of a key fits one of the names.
fn each(key: &str, globs: &[String], names: &[&str]) -> Result<()> {
    let fits = |glob: &&String| Pattern::new(glob).is_ok_and(|glob| names.iter().any(|name| glob.matches(name)));
    let Some(glob) = globs.iter().find(|glob| !fits(glob)) else { return Ok(()) };
    let e = Error::usage(format!("{key}: no column of numbers fits \"{glob}\""));
    Err(e.remedy(match likely(glob, names) {
        Some(likely) => format!("\"{likely}\""),
        None if names.is_empty() => "a recipe that measures something".into(),
        None => {
            format!("a pattern that fits one of {}", names.iter().take(SOME).copied().collect::<Vec<_>>().join(", "))
        }
    }))
}

/// So many columns are named where none is like the pattern.
const SOME: usize = 12;

/// The pattern with the beginning of the column that its own beginning is likest to.
fn likely(glob: &str, names: &[&str]) -> Option<String> {
    let (begin, rest) = glob.split_at(glob.find(['*', '?', '[']).unwrap_or(glob.len()));
    let words = |name: &'_ str| name.match_indices('_').map(|(at, _)| at + 1).collect::<Vec<_>>();
    let begins: Vec<&str> = match rest {
        "" => names.to_vec(),
        _ => names.iter().flat_map(|name| words(name).into_iter().map(|end| &name[..end])).collect(),
    };
    Some(format!("{}{rest}", suggestion(begin, &begins)?))
}
