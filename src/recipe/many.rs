//! Where a list is meant, one value is a list of one.

use super::{Pick, Size};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text, or a list of texts")]
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
pub(super) fn words<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<String>, D::Error> {
    Words::deserialize(d).map(Words::all)
}

/// The same where the key may be absent.
pub(super) fn some_words<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Vec<String>>, D::Error> {
    words(d).map(Some)
}

/// Areas and volumes, one or a list, where the key may be absent.
pub(super) fn sizes<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Vec<Size>>, D::Error> {
    let size = |word: &String| word.parse().map_err(|e: crate::Error| D::Error::custom(e));
    words(d)?.iter().map(size).collect::<Result<_, _>>().map(Some)
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a channel: a name, an index from 0, or a list of them")]
enum Picks {
    One(Pick),
    Many(Vec<Pick>),
}

/// The channels of each role.
pub(super) fn picks<'de, D: Deserializer<'de>>(d: D) -> Result<BTreeMap<String, Vec<Pick>>, D::Error> {
    let all = BTreeMap::<String, Picks>::deserialize(d)?;
    let many = |picks| match picks {
        Picks::One(pick) => vec![pick],
        Picks::Many(picks) => picks,
    };
    Ok(all.into_iter().map(|(role, picks)| (role, many(picks))).collect())
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a number for each role: positive.probe = 400")]
enum Positive {
    One(f64),
    Each(BTreeMap<String, f64>),
}

/// The role of a number that is given without one: of the only role that is measured.
pub(super) const ONLY_ROLE: &str = "";

/// A number for each role, or one for the only role.
pub(super) fn positive<'de, D: Deserializer<'de>>(d: D) -> Result<BTreeMap<String, f64>, D::Error> {
    Ok(match Positive::deserialize(d)? {
        Positive::One(value) => BTreeMap::from([(ONLY_ROLE.into(), value)]),
        Positive::Each(values) => values,
    })
}
