//! The recipes that come with the program.

use super::Recipe;
use crate::{Error, Result};

/// A recipe of the folder `recipes/`.
#[derive(Debug)]
pub struct Preset {
    /// Stem of its file.
    pub name: &'static str,
    /// The file.
    pub text: &'static str,
}

/// Every preset, in the order of the docs.
pub const PRESETS: &[Preset] = &[
    Preset { name: "cells", text: include_str!("../../recipes/cells.toml") },
    Preset { name: "cells-stain", text: include_str!("../../recipes/cells-stain.toml") },
    Preset { name: "nuclei", text: include_str!("../../recipes/nuclei.toml") },
    Preset { name: "spots", text: include_str!("../../recipes/spots.toml") },
    Preset { name: "fish", text: include_str!("../../recipes/fish.toml") },
    Preset { name: "ctc", text: include_str!("../../recipes/ctc.toml") },
    Preset { name: "viability", text: include_str!("../../recipes/viability.toml") },
    Preset { name: "proliferation", text: include_str!("../../recipes/proliferation.toml") },
    Preset { name: "expression", text: include_str!("../../recipes/expression.toml") },
    Preset { name: "infiltration", text: include_str!("../../recipes/infiltration.toml") },
    Preset { name: "pet", text: include_str!("../../recipes/pet.toml") },
    Preset { name: "pet-41", text: include_str!("../../recipes/pet-41.toml") },
    Preset { name: "pet-small", text: include_str!("../../recipes/pet-small.toml") },
    Preset { name: "pet-habitats", text: include_str!("../../recipes/pet-habitats.toml") },
    Preset { name: "pet-percist", text: include_str!("../../recipes/pet-percist.toml") },
];

/// The preset of that name.
///
/// # Errors
/// There is none.
pub fn preset(name: &str) -> Result<&'static Preset> {
    PRESETS.iter().find(|p| p.name == name).ok_or_else(|| {
        let names: Vec<&str> = PRESETS.iter().map(|p| p.name).collect();
        let likely = crate::words::suggestion(name, &names);
        Error::usage(format!("there is no preset \"{name}\""))
            .remedy(likely.map_or_else(|| names.join(", "), str::to_string) + ", or a path that ends in .toml")
    })
}

impl Preset {
    /// Parsed.
    ///
    /// # Errors
    /// None: a test parses them all.
    pub fn recipe(&self) -> Result<Recipe> {
        Recipe::parse(self.name, self.text, &[])
    }
}
