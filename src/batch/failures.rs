//! Failures put together by their kind and by how far the image came, so that a user sees what to mend first.

use super::record::Stage;
use serde::Serialize;
use std::collections::BTreeMap;

/// Images that failed in the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failures {
    /// The kind of the error: the first word of the column `reason`.
    pub code: String,
    /// How far the images came.
    pub stage: Stage,
    /// How many there are.
    pub count: usize,
    /// The first of them, in the order of the tables.
    pub first: Vec<String>,
}

/// So many names of each kind are enough to look at.
const NAMES: usize = 3;

/// Failures as they are counted.
#[derive(Default)]
pub(super) struct Counter(BTreeMap<(String, Stage), (usize, Vec<String>)>);

impl Counter {
    /// One more. Images come in the order of the tables.
    pub fn add(&mut self, code: &str, stage: Stage, image: &str) {
        let (count, first) = self.0.entry((code.to_owned(), stage)).or_default();
        *count += 1;
        if first.len() < NAMES {
            first.push(image.to_owned());
        }
    }

    /// The most frequent first.
    pub fn all(self) -> Vec<Failures> {
        let one = |((code, stage), (count, first))| Failures { code, stage, count, first };
        let mut all: Vec<Failures> = self.0.into_iter().map(one).collect();
        all.sort_by_key(|f| std::cmp::Reverse(f.count));
        all
    }
}

/// The code of a reason: the word before its colon.
pub(super) fn code(reason: &str) -> &str {
    reason.split_once(':').map_or("", |(code, _)| code)
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn failures_are_counted_by_code_and_stage() {
        let mut counter = Counter::default();
        counter.add("io", Stage::Read, "z");
        for image in ["a", "b", "c", "d"] {
            counter.add("format", Stage::Examine, image);
        }
        let all = counter.all();
        assert_eq!(all.iter().map(|f| (f.code.as_str(), f.count)).collect::<Vec<_>>(), [("format", 4), ("io", 1)]);
        assert_eq!(all[0].first, ["a", "b", "c"]);
        assert_eq!(code("no scan: a mask"), "no scan");
    }
}
