//! `--set`: one value of a recipe changed by its path.

use super::place::list;
use crate::words::suggestion;
use crate::{Error, Result};
use toml::{Table, Value};

/// The set that `--set mask=FILE` gives.
pub const LESIONS: &str = "lesions";
/// The object set that holds the lesions of an earlier scan.
pub const SITES: &str = "sites";

/// The keys of an object set that say where it comes from, and what goes with them.
const SOURCES: [&str; 8] = ["steps", "start", "sphere", "grow", "minus", "scale", "channel", "optional"];

/// Parts of a path: no recipe has deeper places, and tables in tables take stack.
const DEEPEST: usize = 32;

/// Puts one `dotted.path=value` into the table. `labels.NAME` is short for `objects.NAME.labels`, `mask` for the labels of
/// the lesions.
pub(super) fn apply(table: &mut Table, setting: &str) -> Result<()> {
    let (path, value) = setting.split_once('=').ok_or_else(|| {
        Error::usage(format!("--set {setting}: no \"=\" in it")).remedy("--set objects.nuclei.scale=\"8 px\"")
    })?;
    let path = path.trim();
    let mut keys: Vec<&str> = path.split('.').collect();
    if keys[..] == ["mask"] {
        keys = vec!["labels", LESIONS];
    }
    check_names(table, &keys, path)?;
    if let ["labels", name] = keys[..] {
        keys = vec!["objects", name, "labels"];
        // The set then comes from the file and from nothing else.
        let sets = table.get_mut("objects").and_then(Value::as_table_mut);
        if let Some(Value::Table(set)) = sets.and_then(|s| s.get_mut(name)) {
            set.retain(|k, _| !SOURCES.contains(&k));
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

/// Object sets and roles are those of the recipe: a new one by `--set` would be a misspelt one as a rule.
fn check_names(table: &Table, keys: &[&str], path: &str) -> Result<()> {
    let (group, thing, name) = match keys {
        ["labels" | "objects" | "measure", name, ..] => ("objects", "object set", *name),
        ["channels", name, ..] => ("channels", "channel", *name),
        _ => return Ok(()),
    };
    let here = table.get(group).and_then(Value::as_table);
    let names: Vec<&str> = here.map(|t| t.keys().map(String::as_str).collect()).unwrap_or_default();
    if names.contains(&name) {
        return Ok(());
    }
    let e = Error::usage(format!("--set {path}: the recipe has no {thing} \"{name}\""));
    let with = |other: &str| format!("--set {}=...", [&[keys[0], other][..], &keys[2..]].concat().join("."));
    Err(match suggestion(name, &names) {
        Some(likely) => e.remedy(with(likely)),
        None if names.is_empty() => e.remedy(format!("a recipe with a table [{group}]")),
        None => e.remedy(format!("--set with one of: {}; new ones are added in the recipe's file", list(&names))),
    })
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
        .remedy("a dotted path as in the recipe; steps count from 0: objects.nuclei.steps.2.sigma=\"1 px\"")
}

/// A TOML value, or the words as they are: shells eat quotes.
fn read(value: &str) -> Value {
    let parsed: Option<Table> = toml::from_str(&format!("v = {value}")).ok();
    parsed.and_then(|mut t| t.remove("v")).unwrap_or_else(|| Value::String(value.into()))
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

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
