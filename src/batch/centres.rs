//! Centres of clusters that a recipe names as a file: they come into the recipe itself before the run begins, so that it says which numbers
//! habitats were told apart by, and shards, a run that is resumed and a library that is given the recipe all take the same.

use super::recipes::Recipes;
use crate::recipe::{Centres, ClusterCentres, Recipe, Step};
use crate::{Error, Result};
use std::borrow::Cow;
use std::fs::File;
use std::io::Read;

/// Bytes of the largest file: eight centres and the names of ten thousand images.
const MOST: u64 = 4 << 20;

/// The recipes with the centres that their files have.
///
/// # Errors
/// A file cannot be read, is none of centres, or has those of other images.
pub fn resolve(recipes: &Recipes) -> Result<Cow<'_, Recipes>> {
    let Recipes::One(recipe) = recipes else { return Ok(Cow::Borrowed(recipes)) };
    let mut resolved: Option<Recipe> = None;
    for (set, objects) in &recipe.body.objects {
        for (i, step) in objects.steps.iter().flatten().enumerate() {
            let Step::Habitats(p) = step else { continue };
            let Some(Centres::File(file)) = &p.centres else { continue };
            let centres = toml::Value::Table(read(file)?);
            let setting = format!("objects.{set}.steps.{i}.centres={centres}");
            let before = resolved.as_ref().unwrap_or(recipe);
            let with = Recipe::parse(&before.name, &before.text, &[setting]);
            resolved = Some(with.map_err(|e| e.needed_for(format!("the centres of {file}")))?);
        }
    }
    Ok(resolved.map_or(Cow::Borrowed(recipes), |recipe| Cow::Owned(Recipes::One(Box::new(recipe)))))
}

fn read(file: &str) -> Result<toml::Table> {
    let remedy = "a file that uptake habitats learn wrote, by its path from the working directory";
    let mut text = String::new();
    let open = File::open(file).and_then(|f| f.take(MOST + 1).read_to_string(&mut text));
    open.map_err(|e| Error::from(e).at(file).needed_for("the centres of habitats").remedy(remedy))?;
    if text.len() as u64 > MOST {
        return Err(Error::limit("too large for centres of habitats").at(file).remedy(remedy));
    }
    let wrong =
        |e: toml::de::Error| Error::format(format!("no centres of habitats: {}", e.message())).at(file).remedy(remedy);
    toml::from_str::<ClusterCentres>(&text).map_err(wrong)?;
    toml::from_str(&text).map_err(wrong)
}
