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
use super::place::likely;
use super::validate::Checker;
use crate::measure::suffixes;
use crate::{Error, Result};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use std::collections::{BTreeMap, BTreeSet};

/// When an object counts as positive for a marker: a value of it lies above a cutoff.
#[derive(Clone, Debug, PartialEq)]
pub struct Positive {
    /// The cutoff.
    pub above: Cutoff,
    /// The cutoffs of 2+ and 3+, where objects are graded.
    pub higher: Option<[Cutoff; 2]>,
    /// The column of the value; the mean intensity in the channel of that name if absent.
    pub column: Option<String>,
}

/// The value above which an object is positive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cutoff {
    /// Given.
    Value(f64),
    /// This percentile of the objects of each image.
    Percentile(f64),
    /// Otsu's threshold over the objects of each image.
    Otsu,
    /// So many robust deviations from the median of the objects of each image, below it if negative.
    Robust {
        /// Deviations: 1.4826 times the median of the distances from the median.
        deviations: f64,
        /// Median and deviations are those of logarithms, of the values above 0.
        of_logs: bool,
    },
}

/// Markers that an object must be positive for, and those that it must not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rule {
    /// Each marker, and whether the object is positive for it.
    pub markers: Vec<(String, bool)>,
}

/// Tables by object set.
type BySet<T> = BTreeMap<String, BTreeMap<String, T>>;

/// The tables `[positive.SET]`.
pub(super) fn positive<'de, D: Deserializer<'de>>(d: D) -> std::result::Result<BySet<Positive>, D::Error> {
    by_set(d, "positive")
}

/// The tables `[phenotypes.SET]`.
pub(super) fn rules<'de, D: Deserializer<'de>>(d: D) -> std::result::Result<BySet<Rule>, D::Error> {
    by_set(d, "phenotypes")
}

/// A key that stands beside the tables is likely meant for one of them.
fn by_set<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    d: D,
    table: &str,
) -> std::result::Result<BySet<T>, D::Error> {
    let all = toml::Table::deserialize(d)?;
    let is_beside = |(_, value): &(&String, &toml::Value)| match value {
        toml::Value::Table(keys) => table == "positive" && keys.contains_key("above"),
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

impl Positive {
    /// The column that is compared.
    pub fn column(&self, marker: &str) -> String {
        self.column.clone().unwrap_or_else(|| format!("intensity_mean_{}", suffixes(&[marker]).concat()))
    }
}

impl<'de> Deserialize<'de> for Positive {
    fn deserialize<D: Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "expected a value, \"otsu\", a percentile like \"90 %\", \"median + 6 deviations\", a list of three of these for 1+, \
                         2+ and 3+, or { above, column }"
        )]
        enum Written {
            Above(Above),
            Table(Table),
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            above: Above,
            column: Option<String>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Above {
            One(One),
            Grades(Vec<One>),
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum One {
            Number(f64),
            Word(String),
        }
        let (above, column) = match Written::deserialize(d)? {
            Written::Above(above) => (above, None),
            Written::Table(Table { above, column }) => (above, column),
        };
        let one = |one: &One| match one {
            One::Number(value) if value.is_finite() => Ok(Cutoff::Value(*value)),
            One::Number(value) => Err(format!("{value} is no cutoff")),
            One::Word(word) => cutoff(word),
        };
        let (above, higher) = match &above {
            Above::One(above) => one(above).map(|above| (above, None)),
            Above::Grades(all) => all.iter().map(one).collect::<std::result::Result<Vec<_>, _>>().and_then(grades),
        }
        .map_err(serde::de::Error::custom)?;
        Ok(Positive { above, higher, column })
    }
}

/// The cutoff of 1+, and those of 2+ and 3+.
fn grades(cutoffs: Vec<Cutoff>) -> std::result::Result<(Cutoff, Option<[Cutoff; 2]>), String> {
    let [first, second, third] = cutoffs[..] else {
        return Err(format!("{} cutoffs   try: one, or three that rise: those of 1+, 2+ and 3+", cutoffs.len()));
    };
    let falls = |pair: [Cutoff; 2]| match pair {
        [Cutoff::Value(a), Cutoff::Value(b)] | [Cutoff::Percentile(a), Cutoff::Percentile(b)] => a >= b,
        _ => false,
    };
    if falls([first, second]) || falls([second, third]) || falls([first, third]) {
        return Err("the cutoffs of 1+, 2+ and 3+ do not rise   try: [150, 400, 900]".into());
    }
    Ok((first, Some([second, third])))
}

fn cutoff(word: &str) -> std::result::Result<Cutoff, String> {
    let percent = |word: &str| word.trim().parse().ok().filter(|p| (0.0..=100.0).contains(p));
    match (word.trim(), word.trim().strip_suffix('%').and_then(percent)) {
        ("otsu", _) => Ok(Cutoff::Otsu),
        (_, Some(p)) => Ok(Cutoff::Percentile(p)),
        (word, _) => robust(word).ok_or_else(|| {
            format!(
                "\"{word}\" is no cutoff   try: a number, \"otsu\", a percentile like \"90 %\", or \"median + 6 deviations\""
            )
        }),
    }
}

/// `median + 6 deviations`, `median - 4 deviations of logs`
fn robust(word: &str) -> Option<Cutoff> {
    let words: Vec<&str> = word.split_whitespace().collect();
    let (sign, number, of_logs) = match words[..] {
        ["median", sign, number, "deviations"] => (sign, number, false),
        ["median", sign, number, "deviations", "of", "logs"] => (sign, number, true),
        _ => return None,
    };
    let number: f64 = number.parse().ok().filter(|n: &f64| n.is_finite() && *n >= 0.0)?;
    let deviations = match sign {
        "+" => number,
        "-" => -number,
        _ => return None,
    };
    Some(Cutoff::Robust { deviations, of_logs })
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        rule(&String::deserialize(d)?).map_err(serde::de::Error::custom)
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
        assert_eq!(cutoff("90 %").unwrap(), Cutoff::Percentile(90.0));
        assert_eq!(cutoff(" otsu").unwrap(), Cutoff::Otsu);
        let robust = |deviations, of_logs| Cutoff::Robust { deviations, of_logs };
        assert_eq!(cutoff("median + 6.5 deviations").unwrap(), robust(6.5, false));
        assert_eq!(cutoff(" median -  4 deviations of logs").unwrap(), robust(-4.0, true));
        let written = |text: &str| toml::from_str::<BTreeMap<String, Positive>>(text).map(|mut all| all.remove("p"));
        let graded = written("p = [1, 2.5, 'otsu']").unwrap().unwrap();
        assert_eq!((graded.above, graded.higher), (Cutoff::Value(1.0), Some([Cutoff::Value(2.5), Cutoff::Otsu])));
        assert_eq!(written("p = { above = [1, 2, 3], column = 'cnr_p' }").unwrap().unwrap().column.unwrap(), "cnr_p");
        assert_eq!(written("p = 3").unwrap().unwrap().higher, None);
        for bad in
            ["[1, 2]", "[1, 2, 3, 4]", "[1, 3, 2]", "[2, 'otsu', 1]", "['90 %', '80 %', 'otsu']", "[]", "[1, nan, 2]"]
        {
            assert!(written(&format!("p = {bad}")).is_err(), "{bad}");
        }
        for bad in
            ["", "90", "101 %", "-1 %", "nan %", "mean", "median", "median + -1 deviations", "median * 2 deviations"]
        {
            assert!(cutoff(bad).is_err(), "{bad}");
        }
    }
}
