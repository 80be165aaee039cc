//! Images of one dye alone: what they show becomes the spectrum of the dye, in the recipe, before the run begins.
//!
//! So the recipe of the run says which numbers images were unmixed with, and shards of one run, a run that is resumed and a
//! library that is given the recipe all take the same.

use super::discover::Images;
use super::item::Item;
use super::recipes::Recipes;
use super::{reading, references};
use crate::correct::Control;
use crate::pipeline;
use crate::recipe::{Dye, Recipe, Unmix};
use crate::{Error, Result};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The recipes with a spectrum for each dye that has controls; `say` is told what was found.
///
/// # Errors
/// A dye has no control, a control cannot be read or shows no light, or dyes look alike.
pub fn resolve<'r>(recipes: &'r Recipes, images: &Images, most: u64, say: &dyn Fn(&str)) -> Result<Cow<'r, Recipes>> {
    let Recipes::One(recipe) = recipes else { return Ok(Cow::Borrowed(recipes)) };
    let mut settings = Vec::new();
    for (name, mixture) in &recipe.body.unmix {
        for (dye, _) in mixture.dyes.iter().filter(|(_, says)| **says == Dye::Control) {
            let (spectrum, n) =
                spectrum(recipe, (name, mixture), dye, images, most).map_err(|e| needed_for(e, name, dye))?;
            say(&format!("note: {dye} of {name}, from {n}: {spectrum}"));
            settings.push(format!("unmix.{name}.dyes.{dye}={spectrum}"));
        }
    }
    match settings.is_empty() {
        true => Ok(Cow::Borrowed(recipes)),
        false => Ok(Cow::Owned(Recipes::One(Box::new(Recipe::parse(&recipe.name, &recipe.text, &settings)?)))),
    }
}

/// Says which dye has no control, without a look into the images.
///
/// # Errors
/// As [`resolve`], as far as the sheet tells.
pub fn check(recipes: &Recipes, images: &Images) -> Result<()> {
    let Recipes::One(recipe) = recipes else { return Ok(()) };
    for (name, mixture) in &recipe.body.unmix {
        for (dye, _) in mixture.dyes.iter().filter(|(_, says)| **says == Dye::Control) {
            of_dye(mixture, dye, images).map_err(|e| needed_for(e, name, dye))?;
        }
    }
    Ok(())
}

fn needed_for(e: Error, mixture: &str, dye: &str) -> Error {
    e.needed_for(format!("the dye \"{dye}\" of [unmix.{mixture}]"))
}

/// The numbers of a dye as a recipe has them, and from how many images, in words.
fn spectrum(
    recipe: &Recipe,
    (name, mixture): (&str, &Unmix),
    dye: &str,
    images: &Images,
    most: u64,
) -> Result<(String, String)> {
    let controls = of_dye(mixture, dye, images)?;
    let mut control = Control::default();
    for item in &controls {
        add(item, recipe, name, most, &mut control).map_err(|e| e.at(&item.name))?;
    }
    let found = control.spectrum().map_err(|e| controls.first().map_or(e.clone(), |item| e.at(&item.name)))?;
    let numbers: Vec<String> = found.iter().map(|v| format!("{v:?}")).collect();
    let from = match controls.len() - control.images() {
        0 => format!("{} controls", controls.len()),
        dark => format!("{} controls, without {dark} that show nothing but noise", control.images()),
    };
    Ok((format!("[{}]", numbers.join(", ")), from))
}

/// The images of a dye alone; there is one at least.
fn of_dye<'i>(mixture: &Unmix, dye: &str, images: &'i Images) -> Result<Vec<Cow<'i, Item>>> {
    let column = mixture.controls.as_deref().unwrap_or_default();
    let cell = |item: &Item| images.metadata.value(item, column).flatten().map(str::to_owned);
    let controls: Vec<_> = images.items.measured().filter(|item| cell(item).as_deref() == Some(dye)).collect();
    if controls.is_empty() {
        let e = Error::usage(format!("no image has \"{dye}\" in the column \"{column}\""));
        let names = images.metadata.names();
        if !names.iter().any(|known| known == column) {
            let what = format!("neither a sample sheet nor files.groups has a column \"{column}\"");
            return Err(Error::usage(what).remedy(match names.is_empty() {
                true => "--sheet with that column, in which controls have the name of their dye".into(),
                false => format!("controls = one of: {}", names.join(", ")),
            }));
        }
        let words: BTreeSet<String> = images.items.measured().filter_map(|item| cell(&item)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).take(10).collect();
        return Err(e.remedy(format!("{dye} in the line of each control; the column has: {}", words.join(", "))));
    }
    Ok(controls)
}

/// Adds an image of the dye alone.
fn add(item: &Item, recipe: &Recipe, mixture: &str, most: u64, control: &mut Control) -> Result<()> {
    let options = reading::options(recipe, most);
    references::check(item)?;
    let mut scan = reading::open(item, &options, None)?;
    references::read(item, &mut scan, &options)?;
    pipeline::add_control(&scan, recipe, mixture, control)
}
