//! Words that users write: one where a list is meant, and the one that was meant where a word is misspelt.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text or a list of texts: \"a\", or [\"a\", \"b\"]")]
enum Words {
    One(String),
    Many(Vec<String>),
}

impl Words {
    fn all(self) -> Vec<String> {
        match self {
            Words::One(word) => vec![word],
            Words::Many(words) => words,
        }
    }
}

/// One text, or a list.
pub(crate) fn words<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<String>, D::Error> {
    Words::deserialize(d).map(Words::all)
}

/// The same where the key may be absent.
pub(crate) fn some_words<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Vec<String>>, D::Error> {
    words(d).map(Some)
}

/// What is written as a text, and where another kind of value stands, an error that says what belongs there.
pub(crate) fn of_text<'de, D, T>(d: D, what: &'static str) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr<Err = crate::Error>,
{
    d.deserialize_str(OfText { what, kind: std::marker::PhantomData })
}

struct OfText<T> {
    what: &'static str,
    kind: std::marker::PhantomData<T>,
}

impl<T: std::str::FromStr<Err = crate::Error>> serde::de::Visitor<'_> for OfText<T> {
    type Value = T;
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.what)
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

/// One of something, or a list.
pub(crate) fn one_or_many<'de, D: Deserializer<'de>, T: DeserializeOwned>(d: D) -> Result<Vec<T>, D::Error> {
    // Not an untagged enum, which would not say what is wrong with a word.
    let all = match toml::Value::deserialize(d)? {
        toml::Value::Array(all) => all,
        one => vec![one],
    };
    all.into_iter().map(|one| T::deserialize(one).map_err(|e| D::Error::custom(e.message()))).collect()
}

/// Letters of a word that others are likened to: no key is nearly as long.
const LONGEST: usize = 100;

/// The candidate nearest to a word, if one is near enough to be meant.
pub(crate) fn suggestion<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let letters = |word: &str| -> Vec<char> { word.to_lowercase().chars().take(LONGEST + 1).collect() };
    let word = letters(word);
    let near = |candidate: &&'a str| (distance(&word, &letters(candidate)), *candidate);
    let (edits, best) = candidates.iter().map(near).min_by_key(|(edits, _)| *edits)?;
    (word.len() <= LONGEST && edits <= 1 + word.len() / 4).then_some(best)
}

/// Which candidate is nearest to a name, of those with the same numbers: `CD45` is no misspelt `CD4`.
pub(crate) fn misspelt(name: &str, candidates: &[&str]) -> Option<usize> {
    let numbers = |name: &str| name.chars().filter(char::is_ascii_digit).collect::<String>();
    let alike: Vec<&str> = candidates.iter().copied().filter(|c| numbers(c) == numbers(name)).collect();
    let near = suggestion(name, &alike)?;
    candidates.iter().position(|candidate| *candidate == near)
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

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn near_words_are_suggested() {
        assert_eq!(suggestion("radus", &["radius", "of", "as"]), Some("radius"));
        assert_eq!(suggestion("guassian", &["gaussian", "median"]), Some("gaussian"));
        assert_eq!(suggestion("watershed", &["gaussian", "median"]), None);
    }
}
