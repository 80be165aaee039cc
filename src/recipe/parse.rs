//! From TOML to a recipe, with errors that point at the line and name the likely key.

use super::place::brief;
use super::pointed::Source;
use super::settings::apply;
use super::wrong_type::told;
use super::{Body, PRESETS, Pick, Recipe, families, images, many, not_toml, too_large, validate};
use crate::{Error, Result};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use toml::Table;

impl Recipe {
    /// Parses a recipe and applies settings of the form `dotted.path=value`, as `--set` gives them.
    ///
    /// ```
    /// use uptake::recipe::Recipe;
    /// let text = "[channels]\nnuclear = [0]\n[objects.nuclei]\nchannel = 'nuclear'\nsteps = [{ op = 'threshold', methd = 'otsu' }]";
    /// let error = Recipe::parse("mine.toml", text, &[]).unwrap_err();
    /// assert!(error.to_string().contains("try: method"));
    /// ```
    ///
    /// # Errors
    /// Not TOML, an unknown key, a value out of place, names that nothing has, or object sets that need each other.
    pub fn parse(name: &str, text: &str, settings: &[String]) -> Result<Self> {
        Self::with(name, text, settings).map_err(brief)
    }

    fn with(name: &str, text: &str, settings: &[String]) -> Result<Self> {
        let recipe = Self::checked(name, text)?;
        if settings.is_empty() {
            return Ok(recipe);
        }
        let mut table: Table = toml::from_str(text).map_err(|e| explain(text, &e).at(name))?;
        for setting in settings {
            apply(&mut table, setting)?;
        }
        let text = toml::to_string(&table).map_err(|e| Error::usage(e.to_string()))?;
        Self::checked(name, &text).map_err(|mut e| {
            e.what = without_line(&e.what);
            e.needed_for = Some(format!("--set {}", settings.join(" --set ")));
            e
        })
    }

    fn checked(name: &str, text: &str) -> Result<Self> {
        let Sound { body, measured_by, images, order, children_first } = sound(text).map_err(|e| e.at(name))?;
        let given_roles = given(&body.channels);
        let (name, text) = (name.into(), text.into());
        Ok(Recipe { name, text, measured_by, body, images, order, children_first, given_roles })
    }
}

/// What a text says that has passed all checks.
struct Sound {
    body: Body,
    measured_by: String,
    images: Vec<String>,
    order: Vec<String>,
    children_first: Vec<String>,
}

fn sound(text: &str) -> Result<Sound> {
    let source = Source::new(text);
    let again = |text: &str| looked_at(&Source::new(text)).err();
    let refused = |text: &str| {
        let source = Source::new(text);
        looked_at(&source).err().map(|e| source.refused(&e))
    };
    looked_at(&source).map_err(|e| too_large::told(text, &again).unwrap_or_else(|| source.pointed(e, &refused)))
}

fn looked_at(source: &Source) -> Result<Sound> {
    let mut body: Body = toml::from_str(source.text).map_err(|e| explain(source.text, &e))?;
    families::choose(&mut body, source)?;
    let images = images::check(&body, source)?;
    let (order, children_first) = validate::check(&body, source)?;
    let measured_by = measured_by(source.text)?;
    Ok(Sound { body, measured_by, images, order, children_first })
}

/// Tables of which no image knows: they say what comes of rows.
pub const OF_ROWS: [&str; 2] = ["groups", "plates"];

fn measured_by(text: &str) -> Result<String> {
    let mut table: Table = toml::from_str(text).map_err(|e| explain(text, &e))?;
    OF_ROWS.iter().for_each(|key| drop(table.remove(*key)));
    toml::to_string(&table).map_err(|e| Error::usage(e.to_string()))
}

/// The roles whose channels are not those of a preset.
fn given(channels: &BTreeMap<String, Vec<Pick>>) -> BTreeSet<String> {
    #[derive(Deserialize)]
    struct Channels {
        #[serde(deserialize_with = "many::picks")]
        channels: BTreeMap<String, Vec<Pick>>,
    }
    // Read once: each scan of an archive may have a recipe of its own.
    static KNOWN: OnceLock<Vec<Channels>> = OnceLock::new();
    let read = || PRESETS.iter().filter_map(|p| toml::from_str(p.text).ok()).collect();
    let presets = KNOWN.get().map_or_else(read, |_| vec![]);
    let presets = KNOWN.get_or_init(|| presets);
    let is_preset = |role: &str, picks| presets.iter().any(|p| p.channels.get(role) == Some(picks));
    channels.iter().filter(|(role, picks)| !is_preset(role, picks)).map(|(role, _)| role.clone()).collect()
}

/// What the reader has against a recipe, if anything.
fn objection(table: &Table) -> Option<String> {
    let text = toml::to_string(table).ok()?;
    toml::from_str::<Body>(&text).err().map(|e| e.message().to_owned())
}

/// Turns an error of the TOML reader into one of ours.
fn explain(text: &str, error: &toml::de::Error) -> Error {
    let told = toml::from_str::<Table>(text).ok().and_then(|table| told(text, &table, &[], "", &objection));
    told.unwrap_or_else(|| not_toml::told(text, error))
}

/// The same without the number of a line: settings were written into the recipe, and nobody has seen the text that came of it.
fn without_line(what: &str) -> String {
    let Some((before, rest)) = what.split_once(" in line ") else { return what.to_owned() };
    match rest.split_once(": `") {
        Some((number, quoted)) if number.parse::<usize>().is_ok() => format!("{before} in `{quoted}"),
        _ => what.to_owned(),
    }
}
