//! Where in the text of a recipe something stands.

use toml::de::{DeTable, DeValue};

/// The line (from 1) of the key or array element at `path`, or of the nearest table above it.
pub(super) fn line_of(text: &str, path: &[&str]) -> usize {
    let Ok(table) = DeTable::parse(text) else { return 1 };
    let mut at = 0;
    let mut value = DeValue::Table(table.into_inner());
    for name in path {
        let next = match &value {
            DeValue::Table(t) => t.get_key_value(*name).map(|(k, v)| (k.span().start, v.get_ref().clone())),
            DeValue::Array(a) => {
                name.parse().ok().and_then(|i: usize| a.get(i)).map(|v| (v.span().start, v.get_ref().clone()))
            }
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

/// `line 3: the line itself`, for messages.
pub(super) fn quote(text: &str, line: usize) -> String {
    let source = text.lines().nth(line.saturating_sub(1)).unwrap_or("").trim();
    format!("line {line}: `{}`", source.trim_end_matches(','))
}
