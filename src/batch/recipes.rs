//! Which recipe an image is done with: the one that the user chose, or one for each kind of image.

use super::claims::Claims;
use super::item::Item;
use super::item_list::ItemList;
use super::layout::changes_columns;
use crate::recipe::{Recipe, preset};
use crate::{Error, Result, pipeline};
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Of the errors of a setting that fits neither preset, the one of the preset that was meant: of PET if only it knows the
/// name, or one like it.
fn nearer(setting: &str, cells: Error, pet: Error) -> Error {
    let unknown = |e: &Error| e.what.starts_with("--set ");
    // It has the set or the channel, but not what is asked for in it.
    let has_name = |e: &Error| e.what.ends_with("the recipe has no such place");
    let has_likely = |e: &Error| e.remedy.as_ref().is_some_and(|r| r.ends_with("=..."));
    let for_pet = setting.starts_with("suv")
        || setting.starts_with("mask")
        || (unknown(&cells) && (!unknown(&pet) || (has_likely(&pet) && !has_likely(&cells))))
        || (has_name(&pet) && !has_name(&cells));
    if for_pet { pet } else { cells }
}

/// The recipes of a run.
#[derive(Clone, Debug)]
pub enum Recipes {
    /// The user's choice, for every image.
    One(Box<Recipe>),
    /// What made the image decides.
    ByModality {
        /// For microscopy.
        fluorescence: Box<Recipe>,
        /// For DICOM and NIfTI.
        pet: Box<Recipe>,
        /// Settings that only one of them has a place for: of microscopy, and of DICOM and NIfTI.
        only: [Vec<String>; 2],
    },
}

impl Recipes {
    /// The presets `cells` and `pet`. A setting goes to each one that has a place for it, after those before it.
    ///
    /// # Errors
    /// A setting that fits neither.
    pub fn presets(settings: &[String]) -> Result<Self> {
        let (cells, pet) = (preset("cells")?, preset("pet")?);
        let (mut fitting, mut only) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
        for setting in settings {
            let with = |before: &Vec<String>| [&before[..], std::slice::from_ref(setting)].concat();
            let tries = [(cells, &fitting[0]), (pet, &fitting[1])]
                .map(|(p, before)| Recipe::parse(p.name, p.text, &with(before)));
            if let [Err(first), Err(second)] = tries {
                return Err(nearer(setting, first, second));
            }
            let fits_both = tries.iter().all(Result::is_ok);
            for ((list, only), _) in fitting.iter_mut().zip(&mut only).zip(&tries).filter(|(_, tried)| tried.is_ok()) {
                list.push(setting.clone());
                only.extend((!fits_both).then(|| setting.clone()));
            }
        }
        Ok(Recipes::ByModality {
            fluorescence: Box::new(Recipe::parse(cells.name, cells.text, &fitting[0])?),
            pet: Box::new(Recipe::parse(pet.name, pet.text, &fitting[1])?),
            only,
        })
    }

    /// The recipe for an image, with its own changes. It is made anew each time: every scan of an archive may have some.
    ///
    /// # Errors
    /// None after [`check`](Self::check).
    pub(super) fn of(&self, item: &Item) -> Result<Cow<'_, Recipe>> {
        self.with(item.is_scan, &item.settings)
    }

    /// The same without the image's own changes.
    pub(super) fn kind(&self, item: &Item) -> &Recipe {
        self.by_kind(item.is_scan)
    }

    fn by_kind(&self, is_scan: bool) -> &Recipe {
        match self {
            Recipes::One(recipe) => recipe,
            Recipes::ByModality { pet, .. } if is_scan => pet,
            Recipes::ByModality { fluorescence, .. } => fluorescence,
        }
    }

    /// The recipe for an image of that kind with these changes of its own.
    ///
    /// # Errors
    /// None after [`check`](Self::check).
    pub(super) fn with(&self, is_scan: bool, settings: &[String]) -> Result<Cow<'_, Recipe>> {
        let recipe = self.by_kind(is_scan);
        match settings {
            [] => Ok(Cow::Borrowed(recipe)),
            _ => Recipe::parse(&recipe.name, &recipe.text, settings).map(Cow::Owned),
        }
    }

    /// Those that images are done with, without their own changes: are there scans, are there others?
    pub(super) fn used(&self, is_there: impl Fn(bool) -> bool) -> Vec<&Recipe> {
        match self {
            Recipes::One(recipe) => vec![recipe],
            Recipes::ByModality { fluorescence, pet, .. } => {
                let kinds = [(fluorescence, false), (pet, true)].into_iter();
                kinds.filter(|(_, is_scan)| is_there(*is_scan)).map(|(r, _)| &**r).collect()
            }
        }
    }

    /// Sees that no setting goes to a preset alone that no image is done with: are there scans, are there others?
    ///
    /// # Errors
    /// One does, and would change nothing.
    pub(super) fn check_settings(&self, is_there: impl Fn(bool) -> bool) -> Result<()> {
        let Recipes::ByModality { fluorescence, pet, only: [cells, scans] } = self else { return Ok(()) };
        let kinds = [(fluorescence, cells, false, "microscopy"), (pet, scans, true, "DICOM and NIfTI")];
        let idle = kinds.into_iter().filter(|(.., is_scan, _)| !is_there(*is_scan));
        match idle.filter_map(|(recipe, only, _, images)| Some((&recipe.name, only.first()?, images))).next() {
            None => Ok(()),
            Some((preset, setting, images)) => {
                let what =
                    format!("--set {setting} is for {images} (preset {preset}), and there are no such images here");
                let masks = ["mask", "labels"].iter().any(|key| setting.starts_with(key));
                let other = if preset == "pet" { "labels.nuclei=FILE" } else { "mask=FILE" };
                let instead =
                    if masks { format!("--set {other} for masks of these images, or ") } else { String::new() };
                Err(Error::usage(what).remedy(format!("{instead}leave it out")))
            }
        }
    }

    /// Tries the changes of all images before anything is done.
    ///
    /// # Errors
    /// A recipe refuses one; the error names the cell of the sheet.
    pub(super) fn check(&self, items: &ItemList, claims: &Claims) -> Result<()> {
        let distinct: BTreeSet<(bool, Box<[String]>)> = items.iter().map(|i| (i.is_scan, i.settings.clone())).collect();
        let distinct: Vec<_> = distinct.into_iter().collect();
        let try_out = |is_scan: bool, settings: &[String]| -> Result<()> {
            let recipe = self.with(is_scan, settings)?;
            if changes_columns(settings) { pipeline::columns(&recipe).map(drop) } else { Ok(()) }
        };
        let wrong = distinct.par_iter().find_map_first(|(is_scan, settings)| {
            let fails = |some: &[String]| try_out(*is_scan, some).is_err();
            let e = try_out(*is_scan, settings).err()?;
            Some(claims.wrong_setting(settings, e, fails))
        });
        wrong.map_or(Ok(()), Err)
    }

    /// All of them.
    pub fn all(&self) -> Vec<&Recipe> {
        match self {
            Recipes::One(recipe) => vec![recipe],
            Recipes::ByModality { fluorescence, pet, .. } => vec![fluorescence, pet],
        }
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn a_setting_that_fits_neither_preset_is_told_in_the_words_of_the_one_that_was_meant() {
        for (setting, said) in [
            (
                "objects.lesions.steps.9.at_least=2",
                "--set objects.lesions.steps.9.at_least: the recipe has no such place",
            ),
            ("objects.lesion.scale=2", "the recipe has no object set \"lesion\""),
            ("objects.nuclei.steps.99.radius=2", "the recipe has no such place"),
            ("objects.nothing.scale=2", "the recipe has no object set \"nothing\""),
        ] {
            let e = Recipes::presets(&[setting.into()]).unwrap_err();
            assert!(e.what.contains(said), "{setting}: {e}");
        }
    }
}
