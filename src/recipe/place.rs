//! Where in the text of a recipe something stands, and how it is quoted: messages stay short, however long a line is.

use crate::Error;
use crate::words::suggestion;
use toml::de::{DeTable, DeValue};

/// The line (from 1) of the key or array element at `path`, or of the nearest table above it.
pub(super) fn line_of(text: &str, path: &[&str]) -> usize {
    let Ok(table) = DeTable::parse(text) else { return 1 };
    let mut at = 0;
    let root = DeValue::Table(table.into_inner());
    let mut value = &root;
    for name in path {
        let next = match value {
            DeValue::Table(t) => t.get_key_value(*name).map(|(k, v)| (k.span().start, v.get_ref())),
            DeValue::Array(a) => name.parse().ok().and_then(|i: usize| a.get(i)).map(|v| (v.span().start, v.get_ref())),
            _ => None,
        };
        let Some((start, inner)) = next else { break };
        (at, value) = (start, inner);
    }
    line_at(text, at)
}

/// The line (from 1) of a byte.
pub(super) fn line_at(text: &str, byte: usize) -> usize {
    1 + text.bytes().take(byte).filter(|&b| b == b'\n').count()
}

/// Letters of a line that are quoted.
const LINE: usize = 200;
/// Letters of a message.
const MESSAGE: usize = 1000;
/// Names in a list.
const NAMES: usize = 40;

/// `line 3: the line itself`, for messages.
pub(super) fn quote(text: &str, line: usize) -> String {
    let source = text.lines().nth(line.saturating_sub(1)).unwrap_or("").trim();
    format!("line {line}: `{}`", shorten(source.trim_end_matches(','), LINE))
}

/// Names with commas between them.
pub(super) fn list(names: &[&str]) -> String {
    match names.len().checked_sub(NAMES) {
        Some(more @ 1..) => format!("{} and {more} more", names[..NAMES].join(", ")),
        _ => names.join(", "),
    }
}

/// What to write in the place of a word that is not known: the one that was likely meant, or else one of all.
pub(super) fn likely(word: &str, known: &[&str]) -> String {
    suggestion(word, known).map_or_else(|| format!("one of: {}", list(known)), str::to_string)
}

/// The same error in words of a length that can be read.
pub(super) fn brief(mut error: Error) -> Error {
    error.what = shorten(&error.what, MESSAGE);
    error.needed_for = error.needed_for.map(|text| shorten(&text, MESSAGE));
    error.remedy = error.remedy.map(|text| shorten(&text, MESSAGE));
    error
}

/// A text of at most so many bytes: its beginning and its end, where places stand.
fn shorten(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let whole = |at: &usize| text.is_char_boundary(*at);
    let head = (0..=most / 2).rev().find(whole).unwrap_or(0);
    let tail = (text.len() - most / 2..text.len()).find(whole).unwrap_or(text.len());
    format!("{} ... {}", &text[..head], &text[tail..])
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn what_is_quoted_is_cut_between_letters() {
        assert_eq!(shorten("sigma", 5), "sigma");
        assert_eq!(shorten("gaussian", 4), "ga ... an");
        // Two bytes a letter: one that would be cut stays out.
        assert_eq!(shorten("\u{b5}\u{b5}\u{b5}\u{b5}", 6), "\u{b5} ... \u{b5}");
        assert_eq!(list(&["a", "b"]), "a, b");
        assert!(list(&["a"; 3000]).ends_with("a and 2960 more"));
    }
}
