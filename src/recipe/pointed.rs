//! Errors of checks point at keys. A check knows the step or the table that it looks at; which key of it is at fault is the one without
//! which the error is gone.

use super::culprit::below;
use super::place::{line_of, quote};
use crate::Error;
use std::cell::RefCell;
use toml::{Table, Value};

/// The text of a recipe, and where the last error was found in it.
pub(super) struct Source<'a> {
    pub text: &'a str,
    place: RefCell<Vec<String>>,
}

/// What a recipe is refused for: where, and the words without the line.
pub(super) struct Refused {
    place: Vec<String>,
    what: String,
}

impl<'a> Source<'a> {
    pub fn new(text: &'a str) -> Self {
        Source { text, place: RefCell::new(vec![]) }
    }

    /// An error about what stands at `path`.
    pub fn error(&self, what: impl std::fmt::Display, path: &[&str]) -> Error {
        self.place.replace(path.iter().map(ToString::to_string).collect());
        Error::usage(format!("{what}{}", self.line(path)))
    }

    fn line(&self, path: &[&str]) -> String {
        format!(" in {}", quote(self.text, line_of(self.text, path)))
    }

    /// An error, taken apart. The place is empty where the error has no line, or that of the reader.
    pub fn refused(&self, e: &Error) -> Refused {
        let place = self.place.borrow().clone();
        match e.what.strip_suffix(&self.line(&names(&place))) {
            Some(what) => Refused { place, what: what.to_owned() },
            None => Refused { place: vec![], what: e.what.clone() },
        }
    }

    /// The same error, with the key that is at fault and its line where it was about a whole step or table.
    pub fn pointed(&self, mut e: Error, check: &dyn Fn(&str) -> Option<Refused>) -> Error {
        let refused = self.refused(&e);
        let Ok(recipe) = toml::from_str::<Table>(self.text) else { return e };
        let Some(Value::Table(keys)) = at(&recipe, &refused.place) else { return e };
        let search = Search { recipe: &recipe, refused: &refused, check };
        let Some(path) = search.key(&refused.place, keys) else { return e };
        let (Some(key), Some(value)) = (path.last(), at(&recipe, &path)) else { return e };
        let what = refused.what.clone();
        let what = match (names_word(&what, key), short(value)) {
            (false, Some(value)) if !what.contains(value.trim_matches('"')) => format!("{key} = {value}: {what}"),
            (false, _) => format!("{key}: {what}"),
            (true, _) => what,
        };
        e.what = format!("{what}{}", self.line(&names(&path)));
        e
    }
}

struct Search<'a> {
    recipe: &'a Table,
    refused: &'a Refused,
    check: &'a dyn Fn(&str) -> Option<Refused>,
}

impl Search<'_> {
    /// The path of the key that is at fault in a table, or in one within it: one that the error names, or the only one. Of keys of which any could go, none is.
    fn key(&self, here: &[String], keys: &Table) -> Option<Vec<String>> {
        // What a step is, is no value of it.
        let mut order: Vec<&String> = keys.keys().filter(|key| !["op", "kind"].contains(&key.as_str())).collect();
        order.sort_by_key(|key| words(&self.refused.what).position(|word| word == key.as_str()).unwrap_or(usize::MAX));
        let mut found = vec![];
        for key in order {
            let path = [here, std::slice::from_ref(key)].concat();
            let within = keys[key].as_table().and_then(|inner| self.key(&path, inner));
            if within.is_some() {
                return within;
            }
            if self.is_at_fault(&path, key) {
                if names_word(&self.refused.what, key) {
                    return Some(path);
                }
                found.push(path);
            }
        }
        found.pop().filter(|_| found.is_empty())
    }

    /// Without the key the error is gone: nothing is wrong with the table, or that the key is missing.
    fn is_at_fault(&self, path: &[String], key: &str) -> bool {
        let mut rest = Value::Table(self.recipe.clone());
        let above = &path[..path.len() - 1];
        let table = above.iter().try_fold(&mut rest, |value, name| below(value, name));
        let Some(Value::Table(keys)) = table else { return false };
        let value = keys.remove(key);
        let Ok(text) = toml::to_string(&rest) else { return false };
        match (self.check)(&text) {
            None => true,
            Some(other) if other.what == self.refused.what && other.place == self.refused.place => false,
            Some(other) => {
                let is_elsewhere = !other.place.is_empty() && other.place != self.refused.place;
                // A key that has to be there is at fault where the error tells its value.
                let is_told = value.is_some_and(|value| match value {
                    Value::String(_) => self.refused.what.contains(&value.to_string()),
                    value => names_word(&self.refused.what, &value.to_string()),
                });
                is_elsewhere || names_word(&self.refused.what, key) || names_word(&other.what, key) && is_told
            }
        }
    }
}

fn at<'a>(recipe: &'a Table, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(recipe.get(first)?, |value, name| match value {
        Value::Table(keys) => keys.get(name),
        Value::Array(all) => all.get(name.parse::<usize>().ok()?),
        _ => None,
    })
}

fn names(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

/// The text has this as a word of its own.
fn names_word(text: &str, word: &str) -> bool {
    words(text).any(|found| found == word)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// Letters of a value that is shown before an error.
const SHOWN: usize = 60;

/// A value as it is written, if it is short.
fn short(value: &Value) -> Option<String> {
    let written = match value {
        Value::Table(_) => return None,
        value => value.to_string(),
    };
    (written.len() <= SHOWN && !written.contains('\n')).then_some(written)
}
