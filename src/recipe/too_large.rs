//! Numbers that no computer word holds. The reader of TOML stops at them in words of its own, without their place.

use super::place::{line_of, quote};
use crate::Error;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A number that is too large: where it stands, in the text and in the recipe.
struct TooLarge {
    span: Range<usize>,
    path: Vec<String>,
    is_whole: bool,
}

/// The largest whole number that TOML has.
const MOST: &str = "9223372036854775807";

/// The error of the first number that is too large, if there is one. `check` reads another text: what belongs there is what it says
/// of a number that it can read.
pub(super) fn told(text: &str, check: &dyn Fn(&str) -> Option<Error>) -> Option<Error> {
    let table = DeTable::parse(text).ok()?;
    let mut number = None;
    for (key, value) in table.get_ref() {
        number = number.or_else(|| first(value, &[key.get_ref().to_string()]));
    }
    let TooLarge { span, path, is_whole } = number?;
    let written = text.get(span.clone())?;
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    let with = [&text[..span.start], MOST, &text[span.end..]].concat();
    if let Some(mut e) = check(&with).filter(|e| e.what.contains(MOST)) {
        e.what = e.what.replace(MOST, written);
        e.remedy = e.remedy.map(|remedy| remedy.replace(MOST, written));
        return Some(e);
    }
    let key = names.iter().rev().find(|name| name.parse::<usize>().is_err()).copied().unwrap_or_default();
    let place = quote(text, line_of(text, &names));
    let e = Error::usage(format!("{key}: the number {written} is too large in {place}"));
    Some(match is_whole {
        true => e.remedy("a smaller whole number: none has more than 18 digits"),
        false => e.remedy("a smaller number: none is above 1e308"),
    })
}

fn first(value: &Spanned<DeValue>, here: &[String]) -> Option<TooLarge> {
    let found = |is_whole| Some(TooLarge { span: value.span(), path: here.to_vec(), is_whole });
    let below = |name: String| [here, &[name]].concat();
    match value.get_ref() {
        DeValue::Integer(n) if i64::from_str_radix(n.as_str(), n.radix()).is_err() => found(true),
        DeValue::Float(n) if !n.as_str().contains("inf") && n.as_str().parse().is_ok_and(f64::is_infinite) => {
            found(false)
        }
        DeValue::Array(all) => all.iter().enumerate().find_map(|(i, inner)| first(inner, &below(i.to_string()))),
        DeValue::Table(keys) => keys.iter().find_map(|(key, inner)| first(inner, &below(key.get_ref().to_string()))),
        _ => None,
    }
}
