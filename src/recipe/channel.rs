//! How the name of a channel is likened to the one that a recipe says.
//!
//! People write `DAPI`, `dapi`, `DAPI (405)`, `DAPI-1`, `Hoechst33342` and `w1DAPI` for what a recipe calls `DAPI` or `Hoechst`.
//! Names are compared word by word, a word being a run of letters or a number: so `Alexa 488` is never `Alexa 405`, and
//! `EGFR` never `EGFP`.

use serde::Deserialize;

/// A channel of an image, by name or by index from 0.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected a channel: a name, or an index from 0")]
pub enum Pick {
    /// By index.
    Index(u32),
    /// By name.
    Name(String),
}

impl std::fmt::Display for Pick {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Pick::Index(i) => write!(f, "{i}"),
            Pick::Name(name) => write!(f, "\"{name}\""),
        }
    }
}

/// How near a channel's name is to that of a recipe, the nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// The same but for upper and lower case.
    Same,
    /// The same but for spaces and punctuation.
    Spelling,
    /// Numbers and their units stand beside it: `DAPI (405 nm)`, `DAPI-1`, `w1DAPI`.
    Numbers,
    /// Words stand beside it: `EGFR-Alexa 488`.
    Words,
}

/// Units and counters: they say no more than the number that they go with.
const BESIDE_NUMBERS: &[&str] = &["nm", "ex", "em", "c", "ch", "channel", "w", "wv"];
/// Counters that are written in one with the name: `w1DAPI`.
const COUNTERS: &[&str] = &["c", "ch", "channel", "w", "wv"];
/// With these a name says what the channel does not show.
const DENIALS: &[&str] = &["no", "non", "not", "without", "minus", "negative"];

/// How near the name of a channel is to the one of a recipe; nothing if it is another name.
pub fn likeness(wanted: &str, channel: &str) -> Option<Likeness> {
    if wanted.trim().to_lowercase() == channel.trim().to_lowercase() {
        return Some(Likeness::Same);
    }
    let (wanted, channel) = (words(wanted), words(channel));
    if wanted.is_empty() || channel.is_empty() {
        return None;
    }
    if squeezed(&wanted) == squeezed(&channel) {
        return Some(Likeness::Spelling);
    }
    // A number, or a single letter, is in too many names; two letters (PI) are in many that mean something else.
    let letters: usize = wanted.iter().filter(|w| !w.is_number).map(|w| w.text.chars().count()).sum();
    let length: usize = wanted.iter().map(|w| w.text.chars().count()).sum();
    if letters == 0 || length < 2 {
        return None;
    }
    let places = (0..=channel.len().checked_sub(wanted.len())?).filter(|&at| stands(&wanted, &channel, at));
    let beside = |at: usize| channel[..at].iter().chain(&channel[at + wanted.len()..]);
    let worst = |at: usize| {
        let alone = |w: &Word| w.is_number || BESIDE_NUMBERS.contains(&w.text.as_str());
        let denied = beside(at).any(|w| DENIALS.contains(&w.text.as_str()));
        match beside(at).all(alone) {
            true => Some(Likeness::Numbers),
            false if length > 2 && !denied => Some(Likeness::Words),
            false => None,
        }
    };
    places.filter_map(worst).min()
}

/// A run of letters, or a number.
#[derive(Debug)]
struct Word {
    text: String,
    is_number: bool,
    /// Nothing stands between it and the word before it.
    is_glued: bool,
}

fn words(name: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut before = ' ';
    let letters: Vec<char> = name.chars().flat_map(char::to_lowercase).collect();
    for (i, &c) in letters.iter().enumerate() {
        // The point of a number belongs to it: Cy5.5 is no Cy5.
        let digit = |c: Option<&char>| c.is_some_and(char::is_ascii_digit);
        let is_point = c == '.' && before.is_ascii_digit() && digit(letters.get(i + 1));
        let is_number = c.is_ascii_digit() || is_point;
        if c.is_alphanumeric() || is_point {
            match words.last_mut().filter(|w| before.is_alphanumeric() && w.is_number == is_number) {
                Some(word) => word.text.push(c),
                None => words.push(Word { text: c.into(), is_number, is_glued: before.is_alphanumeric() }),
            }
        }
        before = if is_point { '0' } else { c };
    }
    // Alexa Fluor 488 is Alexa 488.
    words.retain(|w| w.text != "fluor");
    for word in &mut words {
        if let Some(short) = word.text.strip_suffix("fluor") {
            word.text = short.into();
        }
    }
    words
}

/// Without what stands between words; numbers stay apart.
fn squeezed(words: &[Word]) -> String {
    let mut text = String::new();
    for (i, word) in words.iter().enumerate() {
        if word.is_number && i > 0 && words[i - 1].is_number {
            text.push(' ');
        }
        text += &word.text;
    }
    text
}

/// The words stand at this place of a name, and no letters are glued to them but those of a counter before.
fn stands(wanted: &[Word], name: &[Word], at: usize) -> bool {
    let end = at + wanted.len();
    let same = wanted.iter().zip(&name[at..end]).all(|(a, b)| a.is_number == b.is_number && a.text == b.text);
    let begins = match (name[at].is_glued, at.checked_sub(1).map(|i| &name[i])) {
        (true, Some(before)) => {
            let counter = |i: usize| COUNTERS.contains(&name[i].text.as_str()) && !name[i].is_glued;
            before.is_number && (!before.is_glued || at.checked_sub(2).is_some_and(counter))
        }
        _ => true,
    };
    let glued = |i: usize| name.get(i).is_some_and(|w| w.is_glued);
    let ends = !glued(end) || (name[end].is_number && !glued(end + 1));
    same && begins && ends
}

#[cfg(test)]
mod tests {
    //! Oracle: names as microscopes and people write them.
    use super::*;
    use Likeness::*;

    #[test]
    fn one_dye_has_many_spellings() {
        for (wanted, channel, how) in [
            ("DAPI", "dapi", Same),
            ("Hoechst 33342", "Hoechst33342", Spelling),
            ("To-Pro-3", "TOPRO 3", Spelling),
            ("Alexa 488", "Alexa Fluor 488", Spelling),
            ("Alexa 488", "AlexaFluor488", Spelling),
            ("DAPI", "DAPI (405)", Numbers),
            ("DAPI", "DAPI (405 nm)", Numbers),
            ("DAPI", "DAPI-1", Numbers),
            ("DAPI", "405-DAPI", Numbers),
            ("DAPI", "w1DAPI", Numbers),
            ("DAPI", "Channel 2: DAPI", Numbers),
            ("Hoechst", "Hoechst33342", Numbers),
            ("PI", "PI (561)", Numbers),
            ("EGFR", "EGFR-Alexa 488", Words),
            ("H2B", "H2B-mCherry", Words),
            ("\u{3b1}-SMA", "\u{391}-SMA (Cy5)", Words),
        ] {
            assert_eq!(likeness(wanted, channel), Some(how), "{wanted}, {channel}");
        }
    }

    #[test]
    fn names_that_look_alike_are_not_the_same() {
        for (wanted, channel) in [
            ("1", "DAPI-1"),
            ("EGFR", "EGFP"),
            ("GFP", "EGFP"),
            ("Alexa 488", "Alexa 405"),
            ("DRAQ5", "DRAQ7"),
            ("CD4", "CD45"),
            ("CD45", "CD4-5"),
            ("Cy5", "Cy5.5"),
            ("B", "Vitamin B"),
            ("PI", "PI3K"),
            ("PI", "PI(4,5)P2"),
            ("CF405", "CF405M"),
            ("DAPI", "no DAPI"),
            ("nuclear", "non-nuclear"),
            ("DAPI", ""),
            ("-", "DAPI"),
        ] {
            assert_eq!(likeness(wanted, channel), None, "{wanted}, {channel}");
        }
    }
}
