//! From TOML to a recipe, with errors that point at the line and name the likely key.

use super::place::{brief, line_at, list, quote};
use super::{Body, Recipe, validate};
use crate::{Error, Result};
use toml::{Table, Value};

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
            e.needed_for = Some(format!("--set {}", settings.join(" --set ")));
            e
        })
    }

    fn checked(name: &str, text: &str) -> Result<Self> {
        let body: Body = toml::from_str(text).map_err(|e| explain(text, &e).at(name))?;
        let order = validate::check(&body, text).map_err(|e| e.at(name))?;
        Ok(Recipe { name: name.into(), text: text.into(), body, order })
    }
}

/// Turns an error of the TOML reader into one of ours.
fn explain(text: &str, error: &toml::de::Error) -> Error {
    let message = error.message().replace('\n', " ");
    let span = error.span().unwrap_or(0..0);
    let words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let unknown: Option<&&str> = words.first().filter(|_| message.starts_with("unknown "));
    // A step is read as a whole, so its span begins before the key: look for the word itself.
    let inside = text.get(span.clone()).unwrap_or("");
    let bad_value = message.split('"').nth(1);
    let byte = span.start + unknown.copied().or(bad_value).and_then(|w| inside.find(w)).unwrap_or(0);
    let place = quote(text, line_at(text, byte));
    let Some(unknown) = unknown else {
        let (what, remedy) = message.split_once("   try: ").unwrap_or((&message, ""));
        let e = Error::usage(format!("{what} in {place}"));
        return if remedy.is_empty() { e } else { e.remedy(remedy) };
    };
    let thing = if message.starts_with("unknown field") { "key" } else { "value" };
    let known = &words[1..];
    let e = Error::usage(format!("unknown {thing} \"{unknown}\" in {place}"));
    match suggestion(unknown, known) {
        Some(likely) => e.remedy(likely),
        None => e.remedy(format!("one of: {}", list(known))),
    }
}

/// Letters of a word that others are likened to: no key is nearly as long.
const LONGEST: usize = 100;

/// The candidate nearest to a word, if one is near enough to be meant.
pub fn suggestion<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let letters = |word: &str| -> Vec<char> { word.to_lowercase().chars().take(LONGEST + 1).collect() };
    let word = letters(word);
    let near = |candidate: &&'a str| (distance(&word, &letters(candidate)), *candidate);
    let (edits, best) = candidates.iter().map(near).min_by_key(|(edits, _)| *edits)?;
    (word.len() <= LONGEST && edits <= 1 + word.len() / 4).then_some(best)
}

/// Edits (insert, drop, change, swap neighbours) from one word to the other.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let same = a[i - 1] == b[j - 1];
            let mut d = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + usize::from(!same));
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                d = d.min(rows[i - 2][j - 2] + 1);
            }
            row.push(d);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

/// The set that `--set mask=FILE` gives.
pub const LESIONS: &str = "lesions";

/// The keys of an object set that say where it comes from, and what goes with them.
const SOURCES: [&str; 8] = ["steps", "start", "sphere", "grow", "minus", "scale", "channel", "optional"];

/// Parts of a path: no recipe has deeper places, and tables in tables take stack.
const DEEPEST: usize = 32;

/// Puts one `dotted.path=value` into the table. `labels.NAME` is short for `objects.NAME.labels`, `mask` for the labels of
/// the lesions.
fn apply(table: &mut Table, setting: &str) -> Result<()> {
    let (path, value) = setting.split_once('=').ok_or_else(|| {
        Error::usage(format!("--set {setting}: no \"=\" in it")).remedy("--set objects.nuclei.scale=\"8 px\"")
    })?;
    let path = path.trim();
    let mut keys: Vec<&str> = path.split('.').collect();
    if keys[..] == ["mask"] {
        keys = vec!["labels", LESIONS];
    }
    if let ["labels", name] = keys[..] {
        // The set then comes from the file and from nothing else.
        keys = vec!["objects", name, "labels"];
        let sets = table.get_mut("objects").and_then(Value::as_table_mut);
        match sets.and_then(|s| s.get_mut(name)) {
            Some(Value::Table(set)) => {
                set.retain(|k, _| !SOURCES.contains(&k));
            }
            _ if path == "mask" => {
                return Err(Error::usage(format!("--set mask: the recipe has no object set \"{LESIONS}\""))
                    .remedy("--set labels.SET=FILE, with a set of the recipe"));
            }
            _ => {}
        }
    }
    if keys.len() > DEEPEST {
        return Err(no_place(path));
    }
    let (last, parents) = keys.split_last().ok_or_else(|| Error::usage("--set needs a key"))?;
    let mut at = Value::Table(std::mem::take(table));
    let put = descend(&mut at, parents, path).and_then(|v| insert(v, last, read(value.trim()), path));
    if let Value::Table(t) = at {
        *table = t;
    }
    put
}

fn descend<'a>(mut at: &'a mut Value, keys: &[&str], path: &str) -> Result<&'a mut Value> {
    for key in keys {
        at = match at {
            Value::Table(t) => t.entry(*key).or_insert_with(|| Value::Table(Table::new())),
            Value::Array(a) => key.parse().ok().and_then(|i: usize| a.get_mut(i)).ok_or_else(|| no_place(path))?,
            _ => return Err(no_place(path)),
        };
    }
    Ok(at)
}

fn insert(at: &mut Value, key: &str, value: Value, path: &str) -> Result<()> {
    match at {
        Value::Table(t) => {
            t.insert(key.into(), value);
        }
        Value::Array(a) => *key.parse().ok().and_then(|i: usize| a.get_mut(i)).ok_or_else(|| no_place(path))? = value,
        _ => return Err(no_place(path)),
    }
    Ok(())
}

fn no_place(path: &str) -> Error {
    Error::usage(format!("--set {path}: the recipe has no such place"))
        .remedy("a dotted path as in the recipe; steps count from 0: objects.nuclei.steps.1.sigma=\"1 px\"")
}

/// A TOML value, or the words as they are: shells eat quotes.
fn read(value: &str) -> Value {
    let parsed: Option<Table> = toml::from_str(&format!("v = {value}")).ok();
    parsed.and_then(|mut t| t.remove("v")).unwrap_or_else(|| Value::String(value.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_suggested() {
        assert_eq!(suggestion("radus", &["radius", "of", "as"]), Some("radius"));
        assert_eq!(suggestion("guassian", &["gaussian", "median"]), Some("gaussian"));
        assert_eq!(suggestion("watershed", &["gaussian", "median"]), None);
    }

    #[test]
    fn settings_reach_into_tables_and_steps() {
        let mut t: Table = toml::from_str("[objects.a]\nsteps = [{ op = 'median', radius = '1 px' }]").unwrap();
        apply(&mut t, "objects.a.steps.0.radius=2 px").unwrap();
        apply(&mut t, "spacing_um=0.5").unwrap();
        assert_eq!(t["objects"]["a"]["steps"][0]["radius"].as_str(), Some("2 px"));
        assert_eq!(t["spacing_um"].as_float(), Some(0.5));
        assert!(apply(&mut t, "spacing_um.x=1").is_err());
        assert!(apply(&mut t, "nonsense").is_err());
        apply(&mut t, "labels.a={stem}.png").unwrap();
        assert!(t["objects"]["a"].get("steps").is_none());
        assert!(apply(&mut t, "mask=gtv.nii.gz").is_err(), "no lesions here");
        let mut t: Table = toml::from_str("[objects.lesions]\nchannel = 'pet'\nsteps = []").unwrap();
        apply(&mut t, "mask=gtv.nii.gz").unwrap();
        assert_eq!(t["objects"]["lesions"].as_table().unwrap().len(), 1);
        assert_eq!(t["objects"]["lesions"]["labels"].as_str(), Some("gtv.nii.gz"));
    }
}
