//! Which recipe an image is done with: the one that the user chose, or one for each kind of image.

use super::discover::Item;
use crate::recipe::{Recipe, preset};
use crate::{Error, Result};

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
    /// The presets `cells` and `pet`. A setting goes to each one that has a place for it.
    ///
    /// # Errors
    /// A setting that fits neither.
    pub fn presets(settings: &[String]) -> Result<Self> {
        let (cells, pet) = (preset("cells")?, preset("pet")?);
        let mut fitting = [Vec::new(), Vec::new()];
        for setting in settings {
            let one = std::slice::from_ref(setting);
            let tries = [cells, pet].map(|p| Recipe::parse(p.name, p.text, one));
            if let [Err(first), Err(second)] = tries {
                // A setting may lean on another one before it; the one that gets furthest explains itself.
                let with_all = [cells, pet].map(|p| Recipe::parse(p.name, p.text, settings));
                return Err(match with_all {
                    [Err(_), Err(_)] if setting.starts_with("suv") || setting.contains("lesions") => second,
                    [Err(_), Err(_)] => first,
                    _ => Error::usage(format!("--set {setting} needs a recipe to go with")).remedy("--recipe NAME"),
                });
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
