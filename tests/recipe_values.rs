//! Every key of recipes with values of every kind: what is refused is told with its key, its line and what to write, in words of
//! recipes. Kind: mechanics.

#![allow(clippy::unwrap_used, reason = "a test may")]

use toml::{Table, Value};
use uptake::recipe::Recipe;

/// Recipes that have all keys between them.
const RECIPES: [&str; 2] =
    [include_str!("references/recipes/fluorescence.toml"), include_str!("references/recipes/pet.toml")];

/// Words of the program that reads TOML, and of its types.
const OF_THE_READER: [&str; 18] = [
    "invalid type",
    "invalid value",
    "invalid length",
    "wanted ",
    ", expected",
    "usize",
    "u8",
    "u16",
    "u32",
    "u64",
    "f64",
    "variant",
    "sequence",
    " map ",
    "field `",
    "untagged",
    "Option",
    "element",
];

fn others() -> Vec<Value> {
    let table = |key: &str| Value::Table(Table::from_iter([(key.to_string(), Value::Integer(1))]));
    let text = |text: &str| Value::String(text.into());
    vec![
        Value::Boolean(true),
        Value::Integer(40),
        text("?no"),
        Value::Array(vec![Value::Boolean(true)]),
        table("nokey"),
    ]
}

/// The paths of everything below a value.
fn paths(value: &Value, here: &[String], all: &mut Vec<Vec<String>>) {
    let mut below = |name: String, inner: &Value| {
        let path = [here, &[name]].concat();
        paths(inner, &path, all);
        all.push(path);
    };
    match value {
        Value::Table(keys) => keys.iter().for_each(|(key, inner)| below(key.clone(), inner)),
        Value::Array(list) => list.iter().enumerate().for_each(|(i, inner)| below(i.to_string(), inner)),
        _ => (),
    }
}

fn with(recipe: &Table, path: &[String], value: Value) -> String {
    let mut whole = Value::Table(recipe.clone());
    let place = path.iter().fold(&mut whole, |at, name| match at {
        Value::Array(all) => &mut all[name.parse::<usize>().unwrap()],
        at => &mut at[name.as_str()],
    });
    *place = value;
    toml::to_string(&whole).unwrap()
}

/// What is wrong with the words of an error.
fn faults(told: &str, path: &[String]) -> Vec<String> {
    let mut faults: Vec<String> =
        OF_THE_READER.iter().filter(|word| told.contains(**word)).map(|word| format!("says {word}")).collect();
    let names: Vec<&String> = path.iter().filter(|name| name.parse::<usize>().is_err()).collect();
    let written = ["?no", "nokey"].iter().any(|word| told.contains(word));
    if !written && !names.last().is_some_and(|key| told.contains(key.as_str())) {
        faults.push("names no key".into());
    }
    if !told.contains(" in line ") {
        faults.push("names no line".into());
    }
    if !told.contains("try: ") {
        faults.push("has no remedy".into());
    }
    faults
}

#[test]
fn every_value_that_cannot_be_is_told_with_key_line_and_remedy() {
    let (mut wrong, mut tried) = (vec![], 0);
    for text in RECIPES {
        Recipe::parse("r.toml", text, &[]).unwrap();
        let recipe: Table = toml::from_str(text).unwrap();
        let mut all = vec![];
        paths(&Value::Table(recipe.clone()), &[], &mut all);
        for path in &all {
            for value in others() {
                // What other keys name or count on is told with these.
                if path.last().is_some_and(|key| ["as", "volumes", "modality"].contains(&key.as_str())) {
                    continue;
                }
                tried += 1;
                let shown = value.to_string();
                let Err(e) = Recipe::parse("r.toml", &with(&recipe, path, value), &[]) else { continue };
                let told = e.to_string();
                let faults = faults(&told, path);
                if !faults.is_empty() {
                    wrong.push(format!("{} = {shown}: {}\n    {told}", path.join("."), faults.join(", ")));
                }
            }
        }
    }
    assert!(tried > 1500, "{tried}");
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
}
