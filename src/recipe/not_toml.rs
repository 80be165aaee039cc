//! What is wrong with a text that is no TOML, in words of those who write recipes: the reader's own words tell what it would have read next.
//!
//! The line that the reader stumbled over is read again, word by word, and so is the line before it, where a quote, a brace or a comma may be missing.

use super::place::{line_at, quote};
use crate::Error;

/// An error with the line at fault and what to write there.
pub(super) fn told(text: &str, error: &toml::de::Error) -> Error {
    let byte = error.span().map_or(text.len(), |span| span.start);
    let here = line_at(text, byte);
    let lines: Vec<&str> = text.lines().collect();
    let line = |number: usize| number.checked_sub(1).and_then(|i| lines.get(i)).copied().unwrap_or("");
    let before = (1..here).rev().find(|number| !words(line(*number)).is_empty());
    let of_reader = error.message().replace('\n', " ");
    let key = error.span().and_then(|span| text.get(span)).unwrap_or_default();
    let twice = || (of_reader == "duplicate key").then(|| (here, twice(key)));
    // Texts over several lines are not followed.
    let is_plain = !text.contains("\"\"\"") && !text.contains("'''");
    let before = before.filter(|_| is_plain);
    let above = || before.and_then(|number| Some((number, fault(line(number))?)));
    let between = || before.and_then(|number| Some((number, unfinished(line(number), line(here))?)));
    let at_line = || Some((here, fault(line(here)).filter(|_| is_plain)?));
    let within = || Some((here, in_list(&lines, here)?));
    let found = twice().or_else(above).or_else(at_line).or_else(between).or_else(within);
    let (number, Fault { what, remedy }) = found.unwrap_or_else(|| (here, unknown(&of_reader, line(here))));
    Error::usage(format!("{what} in {}", quote(text, number))).remedy(remedy)
}

/// What is wrong, and what to write.
struct Fault {
    what: String,
    remedy: String,
}

fn wrong(what: impl Into<String>, remedy: impl Into<String>) -> Option<Fault> {
    Some(Fault { what: what.into(), remedy: remedy.into() })
}

fn twice(key: &str) -> Fault {
    Fault { what: format!("the key {key} stands there twice"), remedy: format!("one line with {key}") }
}

/// A key in the list that begins on a line above, and does not end where it should, or has no braces around its keys.
fn in_list(lines: &[&str], here: usize) -> Option<Fault> {
    let of_here = words(lines.get(here.checked_sub(1)?)?);
    let is_key = matches!(of_here[..], [(_, Word::Bare(_)), (_, Word::Mark('=')), ..]);
    let is_heading = matches!(of_here[..], [(_, Word::Mark('[')), (_, Word::Bare(_)), (_, Word::Mark(']'))]);
    let opens = |number: &usize| {
        lines.get(*number - 1).is_some_and(|line| matches!(words(line).last(), Some((_, Word::Mark('[')))))
    };
    let first = (1..here).rev().find(opens).filter(|_| is_key || is_heading)?;
    wrong(
        format!("a key or a heading within the list that opens in line {first},"),
        "] in a line before it, where the list ends; or braces around the keys of each element: { key = value },",
    )
}

/// Where nothing of this is the fault.
fn unknown(of_reader: &str, line: &str) -> Fault {
    let line = line.trim();
    if line.starts_with('[') && !line.contains('=') {
        let (open, close) = if line.starts_with("[[") { ("[[", "]]") } else { ("[", "]") };
        let name = line.trim_matches(['[', ']', ' ']);
        return Fault { what: "a heading that is not closed".into(), remedy: format!("{open}{name}{close}") };
    }
    Fault {
        what: format!("no TOML ({of_reader})"),
        remedy: "key = value, texts in quotes, numbers with a point, commas between values, and a closing bracket for each that opens".into(),
    }
}

/// A piece of a line.
#[derive(Clone, Copy, PartialEq)]
enum Word<'a> {
    /// In quotes.
    Text(&'a str),
    /// A quote that opens and does not close before the line ends.
    Open(&'a str),
    /// Anything else between marks and blanks.
    Bare(&'a str),
    Mark(char),
}

impl<'a> Word<'a> {
    fn bare(self) -> Option<&'a str> {
        if let Word::Bare(word) = self { Some(word) } else { None }
    }
}

const MARKS: &str = "{}[],=";

/// The pieces of a line with their first bytes, without its comment.
fn words(line: &str) -> Vec<(usize, Word<'_>)> {
    let (mut all, mut at) = (vec![], 0);
    while let Some(first) = line[at..].chars().next() {
        let rest = &line[at..];
        let is_end = |c: char| c.is_whitespace() || MARKS.contains(c) || "#\"'".contains(c);
        let (word, length) = match first {
            '#' => break,
            c if c.is_whitespace() => {
                at += c.len_utf8();
                continue;
            }
            c if MARKS.contains(c) => (Word::Mark(c), 1),
            '"' | '\'' => match end_of_text(rest, first) {
                Some(end) => (Word::Text(&rest[..end]), end),
                None => (Word::Open(rest), rest.len()),
            },
            _ => {
                let end = rest.find(is_end).unwrap_or(rest.len());
                (Word::Bare(&rest[..end]), end)
            }
        };
        all.push((at, word));
        at += length;
    }
    all
}

/// Behind the closing quote.
fn end_of_text(rest: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    for (i, c) in rest.char_indices().skip(1) {
        match c {
            '\\' if quote == '"' && !is_escaped => is_escaped = true,
            c if c == quote && !is_escaped => return Some(i + 1),
            _ => is_escaped = false,
        }
    }
    None
}

/// The first thing in a line that TOML does not know.
fn fault(line: &str) -> Option<Fault> {
    let words = words(line);
    let (mut key, mut open) = ("", vec![]);
    let mut i = 0;
    while let Some(&(start, word)) = words.get(i) {
        let next = words.get(i + 1).map(|(_, word)| *word);
        let before = i.checked_sub(1).and_then(|i| words.get(i)).map(|(_, word)| *word);
        let is_in_list = open.last() == Some(&'[') && !key.is_empty();
        let is_value = before == Some(Word::Mark('=')) || is_in_list && matches!(before, Some(Word::Mark('[' | ',')));
        let of_key = |what: &str| if key.is_empty() { what.to_owned() } else { format!("{key}: {what}") };
        match word {
            Word::Open(text) => {
                let end = text.find([',', '}', ']']).unwrap_or(text.len());
                let text = text[..end].trim().trim_matches(['"', '\'']);
                return wrong(of_key("a quote opens and does not close"), format!("\"{text}\""));
            }
            Word::Text(text) => {
                // In double quotes a backslash makes a character with the letter behind it.
                if text.starts_with('"') && !is_value_of_toml(text) {
                    return wrong(
                        of_key(&format!("a \\ in {text} begins a special character")),
                        format!("single quotes, in which it does not: '{}'", text.trim_matches('"')),
                    );
                }
                if let Some(missing) = missing_comma(is_value, next) {
                    return wrong(of_key("a comma is missing"), format!("{text}, {missing}"));
                }
            }
            Word::Mark('=') if matches!(next, None | Some(Word::Mark(',' | '}' | ']' | '='))) => {
                return wrong(of_key("there is no value"), format!("a value behind {key} =, or no {key}"));
            }
            Word::Mark(mark @ ('{' | '[')) => open.push(mark),
            Word::Mark('}' | ']') => drop(open.pop()),
            Word::Mark(_) => {}
            Word::Bare(word) if is_value => {
                let end = (i..words.len()).find(|j| words[*j].1.bare().is_none()).unwrap_or(words.len());
                let stop = words[end - 1].0 + words[end - 1].1.bare().map_or(0, str::len);
                let tail = words.get(end..).unwrap_or_default();
                if let Some(found) = value(&line[start..stop], word, tail, (stop, is_in_list)) {
                    return wrong(of_key(&found.what), found.remedy);
                }
                i = end;
                continue;
            }
            Word::Bare(word) => {
                if let Some(name) = word.strip_suffix(':').filter(|_| next.is_some()) {
                    return wrong(format!("a colon behind {name}"), format!("{name} = ..."));
                }
                if next == Some(Word::Mark('=')) {
                    key = word;
                }
            }
        }
        i += 1;
    }
    None
}

/// What follows a text without a comma.
fn missing_comma(is_value: bool, next: Option<Word>) -> Option<String> {
    match next? {
        Word::Text(next) if is_value => Some(next.to_owned()),
        Word::Bare(next) if is_value && !next.starts_with(')') => Some(format!("{next} ...")),
        _ => None,
    }
}

/// What is wrong with a value without quotes. `tail` is what follows, from the byte `stop` on.
fn value(text: &str, first: &str, tail: &[(usize, Word)], (stop, is_list): (usize, bool)) -> Option<Fault> {
    let number = |text: &str| text.replace('_', "").parse::<f64>().ok().filter(|n| n.is_finite());
    if text.chars().any(|c| "\u{201c}\u{201d}\u{201e}\u{2018}\u{2019}\u{ab}\u{bb}".contains(c)) {
        let text = text.trim_matches(|c| "\u{201c}\u{201d}\u{201e}\u{2018}\u{2019}\u{ab}\u{bb}".contains(c));
        return wrong("quotes of print", format!("straight ones: \"{text}\""));
    }
    if let Some(is) = ["true", "false"].into_iter().find(|is| *is == text.to_lowercase()) {
        return if is == text { None } else { wrong(format!("{text} where true or false belongs"), is) };
    }
    if let (Some(_), [(comma, Word::Mark(',')), (at, Word::Bare(decimals)), rest @ ..]) = (number(text), tail) {
        let is_behind = *comma == stop && *at == stop + 1 && decimals.bytes().all(|b| b.is_ascii_digit());
        if is_behind && !is_list && rest.first().is_none_or(|(_, word)| *word != Word::Mark('=')) {
            let whole = text.replace('.', "");
            return wrong(format!("a decimal comma in {text},{decimals}"), format!("a point: {whole}.{decimals}"));
        }
    }
    if text != first {
        let all: Vec<&str> = text.split_whitespace().collect();
        return match all.iter().all(|word| number(word).is_some()) {
            true if is_list => wrong(
                format!("a comma is missing in {text}"),
                "commas between values, and numbers with a point, as [1.5, 2.5]",
            ),
            true => wrong(format!("blanks in a number ({text})"), format!("without them: {}", all.concat())),
            false => wrong(format!("a text without quotes ({text})"), format!("\"{text}\"")),
        };
    }
    match number(text) {
        _ if is_value_of_toml(text) => None,
        Some(n) => wrong(format!("a number that begins or ends otherwise ({text})"), format!("{n}")),
        None => wrong(format!("a text without quotes ({text})"), format!("\"{text}\"")),
    }
}

fn is_value_of_toml(text: &str) -> bool {
    toml::from_str::<toml::Table>(&format!("a = {text}")).is_ok()
}

/// A line that is right by itself, but not with the next one.
fn unfinished(line: &str, next: &str) -> Option<Fault> {
    let (words, next) = (words(line), words(next));
    let (mut braces, mut others) = (0i32, 0i32);
    for (_, word) in &words {
        match word {
            Word::Mark('{') => braces += 1,
            Word::Mark('}') => braces -= 1,
            Word::Mark('[') => others += 1,
            Word::Mark(']') => others -= 1,
            _ => {}
        }
    }
    let (_, last) = words.last()?;
    let (_, first) = next.first()?;
    let end = line.split('#').next().unwrap_or(line).trim();
    if *first == Word::Mark('{') && braces > 0 && *last != Word::Mark(',') {
        return wrong("a brace opens and does not close", format!("{end} }},"));
    }
    let is_value = matches!(last, Word::Text(_) | Word::Mark('}')) || *last == Word::Mark(']') && others <= 0;
    let goes_on = matches!(first, Word::Mark('{') | Word::Text(_)) || *first == Word::Mark('[') && others < 0;
    (is_value && goes_on).then(|| Fault { what: "a comma is missing at the end".into(), remedy: format!("{end},") })
}

#[cfg(test)]
#[path = "not_toml_tests.rs"]
mod tests;
