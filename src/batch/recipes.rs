//! Which recipe an image is done with: the one that the user chose, or one for each kind of image.

use super::discover::Item;
use crate::recipe::{Recipe, preset};
use crate::{Error, Result};

/// Of the errors of a setting that fits neither preset, the one of the preset that was meant: of PET if only it knows the
/// name, or one like it.
fn nearer(setting: &str, cells: Error, pet: Error) -> Error {
    let unknown = |e: &Error| e.what.starts_with("--set ");
    let has_likely = |e: &Error| e.remedy.as_ref().is_some_and(|r| r.ends_with("=..."));
    let for_pet = setting.starts_with("suv")
        || setting.starts_with("mask")
        || (unknown(&cells) && (!unknown(&pet) || (has_likely(&pet) && !has_likely(&cells))));
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
    },
}

impl Recipes {
    /// The presets `cells` and `pet`. A setting goes to each one that has a place for it, after those before it.
    ///
    /// # Errors
    /// A setting that fits neither.
    pub fn presets(settings: &[String]) -> Result<Self> {
        let (cells, pet) = (preset("cells")?, preset("pet")?);
        let mut fitting = [Vec::new(), Vec::new()];
        for setting in settings {
            let with = |before: &Vec<String>| [&before[..], std::slice::from_ref(setting)].concat();
            let tries = [(cells, &fitting[0]), (pet, &fitting[1])]
                .map(|(p, before)| Recipe::parse(p.name, p.text, &with(before)));
            if let [Err(first), Err(second)] = tries {
                return Err(nearer(setting, first, second));
            }
            for (list, tried) in fitting.iter_mut().zip(&tries) {
                if tried.is_ok() {
                    list.push(setting.clone());
                }
            }
        }
        Ok(Recipes::ByModality {
            fluorescence: Box::new(Recipe::parse(cells.name, cells.text, &fitting[0])?),
            pet: Box::new(Recipe::parse(pet.name, pet.text, &fitting[1])?),
        })
    }

    /// The recipe for an image.
    pub(super) fn of(&self, item: &Item) -> &Recipe {
        match self {
            Recipes::One(recipe) => recipe,
            Recipes::ByModality { pet, .. } if item.is_scan => pet,
            Recipes::ByModality { fluorescence, .. } => fluorescence,
        }
    }

    /// All of them.
    pub fn all(&self) -> Vec<&Recipe> {
        match self {
            Recipes::One(recipe) => vec![recipe],
            Recipes::ByModality { fluorescence, pet } => vec![fluorescence, pet],
        }
    }
}
