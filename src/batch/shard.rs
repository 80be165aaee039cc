//! A share of the images of a run, so that many machines can do one archive.
//!
//! Every shard looks at all inputs, makes the same list in the order of names, and does each N-th image of it: images that
//! lie side by side are often of one size, so the shares are about equally long.

use super::item_list::ItemList;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// `3/8`: the third of eight shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Shard {
    index: usize,
    count: usize,
}

/// Most shares that a run is split into.
const MOST: usize = 100_000;

impl Shard {
    /// All images.
    pub const WHOLE: Shard = Shard { index: 1, count: 1 };

    /// Which one, counted from 1.
    pub fn index(self) -> usize {
        self.index
    }

    /// Of how many.
    pub fn count(self) -> usize {
        self.count
    }

    /// Another one of the same split.
    pub fn sibling(self, index: usize) -> Shard {
        Shard { index, ..self }
    }

    /// Its share of a list.
    pub fn of<T>(self, mut all: Vec<T>) -> Vec<T> {
        let mut numbers = 0..;
        // In place: a long list is there once.
        all.retain(|_| numbers.next().is_some_and(|n: usize| n % self.count == self.index - 1));
        all
    }

    /// How many of so many images are in its share.
    pub fn share(self, all: usize) -> usize {
        (all + self.count - self.index) / self.count
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl std::str::FromStr for Shard {
    type Err = Error;
    fn from_str(s: &str) -> Result<Self> {
        let numbers = s.split_once('/').and_then(|(i, n)| Some((i.trim().parse().ok()?, n.trim().parse().ok()?)));
        match numbers {
            Some((index, count)) if (1..=count).contains(&index) && count <= MOST => Ok(Shard { index, count }),
            _ => Err(Error::usage(format!("--shard {s}: not a share like 3/8"))
                .remedy(format!("--shard 1/8 to --shard 8/8: counted from 1, at most {MOST} of them"))),
        }
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

impl TryFrom<String> for Shard {
    type Error = Error;
    fn try_from(s: String) -> Result<Self> {
        s.parse()
    }
}

/// The list of all images, of which every shard does its share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    /// How many there are.
    pub images: usize,
    /// SHA-256 of their names in order, of what they are of and of their own settings: two shards belong together only if
    /// they saw the same list.
    pub sha256: String,
}

impl List {
    /// The list of these images.
    pub fn of(items: &ItemList) -> Self {
        let mut hasher = Sha256::new();
        // With its length, so that no two lists read the same.
        let mut add = |word: &str| {
            hasher.update((word.len() as u64).to_le_bytes());
            hasher.update(word);
        };
        for item in items.iter() {
            add(&item.name);
            add(&item.metadata.len().to_string());
            let cells = item.metadata.iter().map(|cell| cell.as_deref().unwrap_or_default());
            cells.chain(item.settings.iter().map(String::as_str)).for_each(&mut add);
        }
        List { images: items.len(), sha256: super::hash::hex(hasher) }
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn shares_are_read_and_written() {
        assert_eq!("3/8".parse::<Shard>().unwrap().to_string(), "3/8");
        for bad in ["", "3", "0/8", "9/8", "1/0", "-1/8", "1/8/2", "a/b", "1/99999999999999999999", "1/100001"] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }

    #[test]
    fn every_image_is_in_one_share() {
        for all in [0, 1, 7, 8, 9, 100] {
            for count in [1, 2, 3, 8, 101] {
                let mut seen = Vec::new();
                for index in 1..=count {
                    let shard = Shard { index, count };
                    let share = shard.of((0..all).collect());
                    assert_eq!(share.len(), shard.share(all), "{shard} of {all}");
                    seen.extend(share);
                }
                seen.sort_unstable();
                assert_eq!(seen, (0..all).collect::<Vec<usize>>());
            }
        }
    }
}
