//! `[scores.SET]`: so many objects of some classes to a hundred of others, as tumour proportion and combined positive scores are.
//!
//! ```toml
//! [scores.cells]
//! TPS = { count = "tumour+", over = ["tumour+", "tumour-"] }
//! CPS = { count = ["tumour+", "immune+"], over = ["tumour+", "tumour-"], at_most = 100 }
//! ```

use super::phenotypes::{BySet, by_set};
use super::validate::Checker;
use crate::Result;
use crate::measure::suffixes;
use crate::words::{suggestion, words};
use serde::{Deserialize, Deserializer};

/// A score of the objects of a set: 100 times the number of those that count over the number of others.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Score {
    /// The classes that count.
    #[serde(deserialize_with = "words")]
    pub count: Vec<String>,
    /// The classes over which they are taken.
    #[serde(deserialize_with = "words")]
    pub over: Vec<String>,
    /// The score is never above that.
    pub at_most: Option<f64>,
}

/// The tables `[scores.SET]`.
pub(super) fn scores<'de, D: Deserializer<'de>>(d: D) -> std::result::Result<BySet<Score>, D::Error> {
    by_set(d, "scores", Some("over"))
}

impl Checker<'_> {
    /// Scores of classes that there are.
    pub fn scores(&self) -> Result<()> {
        for (set, scores) in &self.body.scores {
            self.known("object set", set, &["scores", set], &self.body.objects)?;
            let classes = self.body.classes(set);
            let mut columns: Vec<String> = vec![];
            for (name, score) in scores {
                let here = ["scores", set, name];
                for (key, chosen) in [("count", &score.count), ("over", &score.over)] {
                    self.classes_of_score(set, key, chosen, &classes, &here)?;
                }
                if score.at_most.is_some_and(|most| !(most.is_finite() && most > 0.0)) {
                    let e = self.error("at_most is no limit of a score", &here);
                    return Err(e.remedy("at_most = 100, or the line without it"));
                }
                let column = suffixes(&[name]).concat();
                if column.is_empty() || columns.contains(&column) {
                    let e = self.error(format!("the score \"{name}\" has no column of its own"), &here);
                    return Err(e.remedy("names that differ in letters and digits"));
                }
                columns.push(column);
            }
        }
        Ok(())
    }

    fn classes_of_score(
        &self,
        set: &str,
        key: &str,
        chosen: &[String],
        classes: &[String],
        here: &[&str],
    ) -> Result<()> {
        if chosen.is_empty() {
            let e = self.error(format!("the score names no class to {key}"), here);
            return Err(e.remedy("count = [\"tumour+\"], over = [\"tumour+\", \"tumour-\"]"));
        }
        for (i, class) in chosen.iter().enumerate() {
            if !classes.contains(class) {
                let e = self.error(format!("\"{set}\" has no class \"{class}\" to {key}"), here);
                let known: Vec<&str> = classes.iter().map(String::as_str).collect();
                return Err(e.remedy(match suggestion(class, &known) {
                    Some(known) => known.to_string(),
                    None if known.is_empty() => format!("rules in [phenotypes.{set}]"),
                    None => format!("one of {}", known.join(", ")),
                }));
            }
            if chosen[..i].contains(class) {
                return Err(self.error(format!("\"{class}\" stands there twice"), here).remedy("each class once"));
            }
        }
        Ok(())
    }
}
