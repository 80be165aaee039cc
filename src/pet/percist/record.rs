//! `run.json`: the recipe that each image of a run was measured with, and the files that it was read from.

use super::recipe::{Lines, change, lines, sites_apart, that_count};
use crate::{Error, Result};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// As far as it is read here.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Run {
    uptake: String,
    build: String,
    recipes: Vec<RecipeText>,
    images: Vec<Entry>,
}

#[derive(Deserialize)]
struct RecipeText {
    text: String,
}

#[derive(Deserialize)]
struct Entry {
    image: String,
    #[serde(default)]
    files: Vec<Read>,
    /// Changes of the recipe for this image.
    #[serde(default)]
    set: Vec<String>,
}

/// A file that was read; `role` says what it is besides the image itself.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Read {
    file: String,
    role: String,
    sha256: String,
}

/// SHA-256 of the SHA-256 of all files of an image, whatever they are called.
pub type Files = [u8; 32];

/// What a run was done with.
#[derive(Default)]
pub(super) struct Record {
    /// Version of the program, and the hash of its sources.
    pub program: Option<String>,
    /// The recipe with a set `lesions`.
    recipe: Option<Lines>,
    /// Changes of the recipe for single images, and their files.
    images: BTreeMap<String, (Vec<String>, Option<Files>)>,
    /// The file that the sites of an image were read from.
    sites_files: BTreeMap<String, String>,
}

impl Record {
    /// That of a folder; nothing is known where it has none.
    ///
    /// # Errors
    /// It is no record of a run, or a recipe in it no TOML.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join("run.json");
        let Ok(text) = std::fs::read(&path) else { return Ok(Record::default()) };
        let wrong = |what: String| Error::format(what).at(&path);
        let run: Run = serde_json::from_slice(&text).map_err(|e| wrong(format!("no record of a run: {e}")))?;
        let tables = run.recipes.iter().map(|r| toml::from_str::<toml::Table>(&r.text));
        let tables = tables.collect::<std::result::Result<Vec<_>, _>>();
        let tables = tables.map_err(|e| wrong(format!("a recipe that is no TOML: {}", e.message())))?;
        let recipe = tables.into_iter().find(|t| t.get("objects").is_some_and(|sets| sets.get("lesions").is_some()));
        let program = format!("{} {}", run.uptake, run.build.get(..8).unwrap_or(&run.build));
        let sites = |e: &Entry| {
            let file = e.files.iter().find(|f| f.role == "labels.sites")?;
            Some((e.image.clone(), file.file.clone()))
        };
        let sites_files = run.images.iter().filter_map(sites).collect();
        let image = |e: Entry| (e.image, (e.set, digest(&e.files)));
        Ok(Record {
            program: Some(program.trim().to_string()).filter(|p| !p.is_empty()),
            recipe: recipe.map(lines),
            images: run.images.into_iter().map(image).collect(),
            sites_files,
        })
    }

    /// The lines that count of the recipe of an image.
    pub fn recipe(&self, image: &str) -> Option<Lines> {
        Some(that_count(&self.whole(image)?))
    }

    /// Why the sites of an image cannot stand for its lesions.
    pub fn sites_apart(&self, image: &str) -> Option<String> {
        sites_apart(&self.whole(image)?)
    }

    fn whole(&self, image: &str) -> Option<Lines> {
        let mut lines = self.recipe.clone()?;
        let set = self.images.get(image).map_or(&[][..], |(set, _)| set);
        set.iter().for_each(|setting| change(&mut lines, setting));
        Some(lines)
    }

    /// The file that the sites of an image were read from.
    pub fn sites_file(&self, image: &str) -> Option<String> {
        self.sites_files.get(image).cloned()
    }

    /// What tells the files of an image from those of others.
    pub fn files(&self, image: &str) -> Option<Files> {
        self.images.get(image)?.1
    }
}

/// Of the files of the image alone: a sidecar or a mask may serve several.
fn digest(files: &[Read]) -> Option<Files> {
    let mut own: Vec<&str> = files.iter().filter(|f| f.role.is_empty()).map(|f| f.sha256.as_str()).collect();
    own.sort_unstable();
    let are_known = own.first().is_some_and(|hash| !hash.is_empty());
    are_known.then(|| Sha256::digest(own.join(" ")).into())
}
