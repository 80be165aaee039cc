//! What a run is: program, recipes, images, machine. It stands in `run.json`, and in the folder from the first moment on.

use super::hash::hex;
use super::metadata::Metadata;
use super::recipes::Recipes;
use super::shard::{List, Shard};
use crate::recipe::Recipe;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;

/// What a run is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Head {
    /// Version of the program. It is the first key of `run.json`: the search for images looks for it.
    pub uptake: String,
    /// Hash of the sources that it was built from.
    pub build: String,
    /// One recipe, or one for microscopy and one for PET.
    pub recipes: Vec<RecipeText>,
    /// CPU, or the adapter's name; `auto` while it is not known which.
    pub device: String,
    /// Each image chooses its side.
    pub auto: bool,
    /// The command line; empty where the library was called.
    pub command: Vec<String>,
    /// The folder that it was started in.
    pub folder: String,
    /// The folder that holds all inputs.
    pub root: String,
    /// When it began, in UTC.
    pub start: String,
    /// Name of the machine, if it is known.
    pub host: Option<String>,
    /// Number of the process.
    pub process: u32,
    /// Threads in all.
    pub threads: usize,
    /// Images in work at once.
    pub jobs: usize,
    /// Memory for images, in bytes.
    pub memory: u64,
    /// The share that it does.
    pub shard: Shard,
    /// All images of all shares.
    pub list: List,
    /// The columns that tell what images are of.
    pub metadata: Metadata,
    /// What is written.
    pub outputs: Outputs,
}

/// A recipe with every change that was made to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipeText {
    /// Name of the preset or of the file.
    pub name: String,
    /// SHA-256 of the text.
    pub sha256: String,
    /// The text.
    pub text: String,
}

/// What a run writes beside the tables, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// Tables as CSV.
    pub csv: bool,
    /// Tables as Parquet.
    pub parquet: bool,
    /// Label images.
    pub labels: bool,
    /// Overlays.
    pub overlays: bool,
    /// Their longest side, if it is not the usual one.
    pub overlay_size: Option<usize>,
}

impl Head {
    /// The command line of this run for another share or folder, with further arguments; nothing where it is not known.
    pub fn command_for(&self, shard: Shard, out: &Path, more: &str) -> Option<String> {
        let mut words = Vec::new();
        let mut given = self.command.iter();
        while let Some(word) = given.next() {
            match word.as_str() {
                "--shard" | "--out" | "-o" => drop(given.next()),
                "--resume" | "--overwrite" | "--only-failed" => {}
                w if ["--shard=", "--out=", "-o"].iter().any(|begin| w.starts_with(begin)) => {}
                w => words.push(quoted(w)),
            }
        }
        if words.is_empty() {
            return None;
        }
        if shard != Shard::WHOLE {
            words.push(format!("--shard {shard}"));
        }
        words.push(format!("--out {}", quoted(&out.to_string_lossy())));
        Some([&words.join(" "), more].join(" ").trim_end().to_owned())
    }
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.into() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

impl RecipeText {
    /// The recipes of a run.
    pub fn all(recipes: &Recipes) -> Vec<Self> {
        let one = |r: &Recipe| RecipeText {
            name: r.name.clone(),
            sha256: hex(Sha256::new_with_prefix(&r.text)),
            text: r.text.clone(),
        };
        recipes.all().into_iter().map(one).collect()
    }

    /// The recipes again.
    ///
    /// # Errors
    /// They are not those of a run of this build.
    pub fn parse(texts: &[Self]) -> Result<Recipes> {
        let parse = |r: &Self| Recipe::parse(&r.name, &r.text, &[]).map(Box::new);
        match texts {
            [one] => Ok(Recipes::One(parse(one)?)),
            [cells, pet] => {
                Ok(Recipes::ByModality { fluorescence: parse(cells)?, pet: parse(pet)?, only: Default::default() })
            }
            _ => Err(Error::format(format!("{} recipes, where one or two are expected", texts.len()))),
        }
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn recipes_come_back_as_they_were() {
        let recipes = Recipes::presets(&["spacing_um=0.5".into()]).unwrap();
        let texts = RecipeText::all(&recipes);
        assert_eq!(RecipeText::all(&RecipeText::parse(&texts).unwrap()), texts);
        assert!(RecipeText::parse(&[]).is_err());
    }
}
