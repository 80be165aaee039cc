//! What parents learn of their children: counts, and statistics of columns.

use super::Body;
use super::place::{likely, list};
use super::validate::Checker;
use crate::Result;
use crate::measure::{self, Chosen, Context};
use crate::words::words;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What the table of each parent of a set says of its objects: how many they are, and these columns of theirs.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Relate {
    /// Columns of which the mean is given.
    #[serde(deserialize_with = "words")]
    pub mean: Vec<String>,
    /// Columns of which the sum is given.
    #[serde(deserialize_with = "words")]
    pub sum: Vec<String>,
    /// Columns of which the median is given.
    #[serde(deserialize_with = "words")]
    pub median: Vec<String>,
    /// Columns of which the smallest value is given.
    #[serde(deserialize_with = "words")]
    pub min: Vec<String>,
    /// Columns of which the largest value is given.
    #[serde(deserialize_with = "words")]
    pub max: Vec<String>,
}

/// What is made of the values of several objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// Sum over number.
    Mean,
    /// In the order of their labels.
    Sum,
    /// The middle one, or the mean of the middle two.
    Median,
    /// The smallest.
    Min,
    /// The largest.
    Max,
}

impl Statistic {
    /// As recipes and columns call it.
    pub fn name(self) -> &'static str {
        match self {
            Statistic::Mean => "mean",
            Statistic::Sum => "sum",
            Statistic::Median => "median",
            Statistic::Min => "min",
            Statistic::Max => "max",
        }
    }
}

impl Relate {
    /// The columns that parents have of the objects of the set `child`.
    pub(super) fn columns(&self, child: &str) -> Vec<String> {
        let of = |(statistic, column): (Statistic, &str)| format!("{child}_{}_{column}", statistic.name());
        std::iter::once(format!("children_{child}_count")).chain(self.asked().into_iter().map(of)).collect()
    }

    /// What is asked for, in the order of the columns.
    pub fn asked(&self) -> Vec<(Statistic, &str)> {
        let all = [
            (Statistic::Mean, &self.mean),
            (Statistic::Sum, &self.sum),
            (Statistic::Median, &self.median),
            (Statistic::Min, &self.min),
            (Statistic::Max, &self.max),
        ];
        all.into_iter().flat_map(|(statistic, columns)| columns.iter().map(move |c| (statistic, c.as_str()))).collect()
    }
}

impl Checker<'_> {
    /// What is related is there: sets with a parent, and columns that they have.
    pub fn relate(&self, set: &str, relate: &Relate) -> Result<()> {
        self.known("object set", set, &["relate", set], &self.body.objects)?;
        if self.body.objects.get(set).is_some_and(|o| o.parent.is_empty()) {
            let e = self.error(format!("the objects of \"{set}\" have no parents"), &["relate", set]);
            return Err(e.remedy(format!("objects.{set}.parent = \"SET\"")));
        }
        let columns = self.body.columns(set);
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        for (statistic, column) in relate.asked() {
            if columns.contains(&column) {
                continue;
            }
            let e = self.error(format!("\"{set}\" has no column \"{column}\""), &["relate", set, statistic.name()]);
            return Err(e.remedy(likely(column, &columns)));
        }
        Ok(())
    }

    /// The sets in an order in which each one whose objects are related comes before its parents; else as they are made.
    pub fn children_first(&self, order: &[String]) -> Result<Vec<String>> {
        let mut left: Vec<&String> = order.iter().collect();
        let mut done = Vec::with_capacity(left.len());
        while !left.is_empty() {
            let is_parent_of_one_left = |set: &&&String| {
                let mut related = self.body.relate.keys().filter(|child| self.parents(child).contains(**set));
                related.any(|child| left.contains(&child))
            };
            let Some(next) = left.iter().position(|set| !is_parent_of_one_left(&set)) else {
                let names: Vec<&str> = left.iter().map(|s| s.as_str()).collect();
                let e = self.error(format!("object sets are related in a circle: {}", list(&names)), &["relate"]);
                return Err(e.remedy("leave one of their tables out of [relate]"));
            };
            done.push(left.remove(next).clone());
        }
        Ok(done)
    }

    fn parents(&self, set: &str) -> &[String] {
        self.body.objects.get(set).map_or(&[], |o| &o.parent)
    }
}

impl Body {
    /// The columns with numbers that the objects of a set have, in the image as the recipe sees it.
    fn columns(&self, set: &str) -> Vec<String> {
        let mut columns = self.measured_columns(set, |_| true);
        columns.extend(self.paired_columns(set));
        columns.extend(self.positive_columns(set));
        columns
    }

    /// Those that are known before it is known of which class the objects are.
    pub(super) fn columns_before_classes(&self, set: &str) -> Vec<String> {
        let mut columns = self.measured_columns(set, |chosen| !chosen.family.needs().places);
        let related = self.relate.iter().filter(|(child, _)| {
            let parents = self.objects.get(*child).map(|o| &o.parent);
            parents.is_some_and(|parents| parents.iter().any(|parent| parent == set))
        });
        columns.extend(related.flat_map(|(child, relate)| relate.columns(child)));
        columns.extend(self.paired_columns(set));
        columns
    }

    fn measured_columns(&self, set: &str, wanted: impl Fn(&Chosen) -> bool) -> Vec<String> {
        let measure = self.measure.get(set);
        let families: Vec<Chosen> =
            measure.iter().flat_map(|m| &m.families).filter(|chosen| wanted(chosen)).cloned().collect();
        let roles: Vec<&str> = match measure.map(|m| &m.channels) {
            Some(Some(channels)) => channels.iter().map(String::as_str).collect(),
            Some(None) => self.channels.keys().map(String::as_str).collect(),
            None => vec![],
        };
        let channels: Vec<(&str, &str)> = roles.into_iter().map(|role| (role, "")).collect();
        let classes = self.classes(set);
        let context = Context { unit: self.lengths(), channels: &channels, volumes: self.volumes(), classes: &classes };
        measure::dictionary(&families, &context).into_iter().skip(1).map(|d| d.name).collect()
    }
}

/// What is related, by the set of the children.
pub(super) type Relations = BTreeMap<String, Relate>;
