//! Classes of objects: which markers an object is positive for, and the phenotypes that follow.
//!
//! ```toml
//! [positive.cells]
//! CD3 = 400                       # intensity_mean_CD3 above 400
//! CD8 = "otsu"                    # above a threshold that is found over the objects of each image
//! PanCK = { above = "90 %", column = "intensity_median_PanCK" }
//! HER2 = [150, 400, 900]          # 1+, 2+ and 3+
//!
//! [phenotypes.cells]
//! "CD8 T" = "CD3+ CD8+ PanCK-"
//! ```

use super::Body;
use super::cutoff::Positive;
use super::place::likely;
use super::validate::Checker;
use crate::measure::suffixes;
use crate::{Error, Result};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use std::collections::{BTreeMap, BTreeSet};

/// Markers that an object must be positive for, and those that it must not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rule {
    /// Each marker, and whether the object is positive for it.
    pub markers: Vec<(String, bool)>,
}

/// Tables by object set.
pub(super) type BySet<T> = BTreeMap<String, BTreeMap<String, T>>;

/// The tables `[positive.SET]`.
pub(super) fn positive<'de, D: Deserializer<'de>>(d: D) -> std::result::Result<BySet<Positive>, D::Error> {
    by_set(d, "positive", Some("above"))
}

/// The tables `[phenotypes.SET]`.
pub(super) fn rules<'de, D: Deserializer<'de>>(d: D) -> std::result::Result<BySet<Rule>, D::Error> {
    by_set(d, "phenotypes", None)
}

/// A key that stands beside the tables is likely meant for one of them, and so is a table with a key that only theirs have.
pub(super) fn by_set<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    d: D,
    table: &str,
    theirs: Option<&str>,
) -> std::result::Result<BySet<T>, D::Error> {
    let all = toml::Table::deserialize(d)?;
    let is_beside = |(_, value): &(&String, &toml::Value)| match value {
        toml::Value::Table(keys) => theirs.is_some_and(|key| keys.get(key).is_some_and(|value| !value.is_table())),
        _ => true,
    };
    if let Some((key, _)) = all.iter().find(is_beside) {
        let what =
            format!("\"{key}\" stands in no table of an object set   try: [{table}.SET] with the name of the set");
        return Err(D::Error::custom(what));
    }
    let of_set = |(set, value): (String, toml::Value)| {
        let inner = value.try_into().map_err(|e: toml::de::Error| D::Error::custom(e.message()))?;
        Ok((set, inner))
    };
    all.into_iter().map(of_set).collect()
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        match toml::Value::deserialize(d)? {
            toml::Value::String(text) => rule(&text).map_err(D::Error::custom),
            _ => Err(D::Error::custom("expected a rule: markers with + or -, as \"CD3+ CD8-\"")),
        }
    }
}

fn rule(text: &str) -> std::result::Result<Rule, String> {
    let marker = |word: &str| {
        let sign = word.chars().last().filter(|c| matches!(c, '+' | '-'));
        let name = word.get(..word.len() - 1).filter(|name| !name.is_empty());
        sign.zip(name).map(|(sign, name)| (name.to_owned(), sign == '+')).ok_or_else(|| {
            format!("\"{word}\" in a rule is neither positive nor negative   try: markers with + or -: \"CD3+ CD8-\"")
        })
    };
    let markers: Vec<(String, bool)> = text.split_whitespace().map(marker).collect::<std::result::Result<_, _>>()?;
    if markers.is_empty() {
        return Err("a rule without markers   try: markers with + or -: \"CD3+ CD8-\"".into());
    }
    Ok(Rule { markers })
}

impl Body {
    /// The classes that the objects of a set may be of, in the order of their columns.
    pub fn classes(&self, set: &str) -> Vec<String> {
        match self.phenotypes.get(set) {
            Some(rules) => rules.keys().cloned().collect(),
            None => self.objects.get(set).map_or(vec![], |o| o.classes.clone()),
        }
    }

    /// The columns that say which markers the objects of a set are positive for, and how much.
    pub(super) fn positive_columns(&self, set: &str) -> impl Iterator<Item = String> {
        self.positive.get(set).into_iter().flatten().flat_map(|(marker, positive)| {
            let grade = positive.higher.map(|_| format!("grade_{marker}"));
            std::iter::once(format!("positive_{marker}")).chain(grade)
        })
    }
}

/// Most classes of a set.
const MOST_CLASSES: usize = 30;

impl Checker<'_> {
    /// Classes that can be, of markers that are measured.
    pub fn classes(&self) -> Result<()> {
        for (set, markers) in &self.body.positive {
            self.known("object set", set, &["positive", set], &self.body.objects)?;
            for (marker, positive) in markers {
                self.marker(set, marker, positive)?;
            }
        }
        for (set, rules) in &self.body.phenotypes {
            self.known("object set", set, &["phenotypes", set], &self.body.objects)?;
            for (name, rule) in rules {
                self.rule(set, name, rule)?;
            }
        }
        let mut columns = BTreeSet::new();
        for (set, objects) in &self.body.objects {
            let (here, classes) = (self.place_of_classes(set), self.body.classes(set));
            if !objects.classes.is_empty() {
                self.classes_of_points(set)?;
            }
            if classes.len() > MOST_CLASSES {
                let e = self.error(format!("\"{set}\" has {} classes", classes.len()), &here);
                return Err(e.remedy(format!("{MOST_CLASSES} at most: a class is what many objects share")));
            }
            for class in &classes {
                let column = suffixes(&[class]).concat();
                if column.is_empty() || !columns.insert(format!("{set}_{column}")) {
                    let e = self.error(format!("the class \"{class}\" has no columns of its own"), &here);
                    return Err(e.remedy("names that differ in letters and digits"));
                }
            }
        }
        Ok(())
    }

    fn place_of_classes<'a>(&self, set: &'a str) -> [&'a str; 3] {
        match self.body.phenotypes.contains_key(set) {
            true => ["phenotypes", set, ""],
            false => ["objects", set, "classes"],
        }
    }

    fn classes_of_points(&self, set: &str) -> Result<()> {
        let here = ["objects", set, "classes"];
        let ends_in_csv = |file: &String| file.to_lowercase().ends_with(".csv");
        let is_points = |o: &super::Objects| o.labels.as_ref().is_some_and(ends_in_csv);
        if !self.body.objects.get(set).is_some_and(is_points) {
            let e = self.error("classes are read from the column class of a table of points", &here);
            return Err(e.remedy(format!("labels = \"FILE.csv\", or rules in [phenotypes.{set}]")));
        }
        if self.body.phenotypes.contains_key(set) {
            let e = self.error(format!("both classes and [phenotypes.{set}] say of which class objects are"), &here);
            return Err(e.remedy("one of them"));
        }
        Ok(())
    }

    fn marker(&self, set: &str, marker: &str, positive: &Positive) -> Result<()> {
        let here = ["positive", set, marker];
        self.name(marker, &here)?;
        let columns = self.body.columns_before_classes(set);
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let column = positive.column(marker);
        if columns.contains(&column.as_str()) {
            return Ok(());
        }
        let e = self.error(format!("\"{set}\" has no column \"{column}\" to say what is positive for {marker}"), &here);
        Err(match (&positive.column, self.body.measure.get(set)) {
            (None, Some(measure)) if self.body.channels.contains_key(marker) => {
                let mut features: Vec<&str> = measure.features.iter().map(String::as_str).collect();
                if !features.contains(&"intensity") {
                    features.push("intensity");
                }
                e.remedy(format!("features = {features:?} in [measure.{set}], with the channel {marker}"))
            }
            (None, None) if self.body.channels.contains_key(marker) => {
                e.remedy(format!("[measure.{set}] with features = [\"intensity\"]"))
            }
            (None, _) => {
                let roles: Vec<&str> = self.body.channels.keys().map(String::as_str).collect();
                e.remedy(likely(marker, &roles))
            }
            (Some(_), _) => e.remedy(likely(&column, &columns)),
        })
    }

    fn rule(&self, set: &str, name: &str, rule: &Rule) -> Result<()> {
        let here = ["phenotypes", set, name];
        let markers: Vec<&str> =
            self.body.positive.get(set).into_iter().flatten().map(|(marker, _)| marker.as_str()).collect();
        for (i, (marker, is_positive)) in rule.markers.iter().enumerate() {
            if !markers.contains(&marker.as_str()) {
                let e = self.error(format!("nothing says which objects are positive for \"{marker}\""), &here);
                return Err(e.remedy(match markers.is_empty() {
                    true => format!("{marker} = \"otsu\", or a value, in [positive.{set}]"),
                    false => format!("{}, or {marker} in [positive.{set}]", likely(marker, &markers)),
                }));
            }
            if rule.markers[..i].contains(&(marker.clone(), !is_positive)) {
                let e: Error = self.error(format!("no object is both {marker}+ and {marker}-"), &here);
                return Err(e.remedy("one of them"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn rules_are_markers_with_signs() {
        let is = |name: &str, positive| (name.to_string(), positive);
        let markers = vec![is("CD3", true), is("HLA-DR", true), is("PD-1", false)];
        assert_eq!(rule(" CD3+  HLA-DR+ PD-1- ").unwrap().markers, markers);
        for bad in ["", "CD3", "+", "CD3+ 8", "CD3\u{b1}"] {
            assert!(rule(bad).is_err(), "{bad}");
        }
    }
}
