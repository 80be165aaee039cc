//! Which object of another set each object belongs to, and what parents learn of their children.

use crate::Result;
use crate::device::Device;
use crate::image::ObjectSet;
use crate::measure::Definition;
use crate::ops::overlap;
use crate::profile::stage;
use crate::recipe::{Objects, Recipe, Relate, Statistic};
use crate::table::{Cells, Column, Table};
use std::collections::{BTreeMap, BTreeSet};

/// The children of a set in one of its parent sets.
struct Bond {
    child: String,
    parent: String,
    /// By the label of the child, from 1; 0 where it shares no voxel with any.
    parents: Vec<u32>,
}

/// All bonds of an image, and the columns of children that their parents ask for.
#[derive(Default)]
pub(super) struct Relations {
    bonds: Vec<Bond>,
    /// By set and column.
    values: BTreeMap<(String, String), Column>,
}

impl Relations {
    pub fn find(recipe: &Recipe, made: &BTreeMap<String, ObjectSet>, device: &Device) -> Result<Self> {
        let mut bonds = vec![];
        let is_measured = |(name, set): &(&String, &Objects)| set.write || recipe.body.relate.contains_key(*name);
        for (child, set) in recipe.body.objects.iter().filter(is_measured) {
            for parent in &set.parent {
                let (Some(children), Some(of)) = (made.get(child), made.get(parent)) else { continue };
                let parents = stage("parents", child, || overlap::parents(device, &children.on_device, &of.on_device))?;
                bonds.push(Bond { child: child.clone(), parent: parent.clone(), parents });
            }
        }
        Ok(Relations { bonds, values: BTreeMap::new() })
    }

    /// The columns `parent_<set>` of a set: the parent that shares most voxels, the lower label of equals.
    pub fn parents(&self, child: &str, count: u32) -> Vec<Column> {
        let column = |bond: &Bond| {
            let parent = |label: u32| bond.parents.get(label as usize).filter(|p| **p > 0).map(|p| i64::from(*p));
            let cells = Cells::Int((1..=count).map(parent).collect());
            let set = &bond.parent;
            let definition = format!("Label of the object in {set} that shares most voxels with this one.");
            let standard = "CellProfiler:Parent".into();
            Column { standard, ..Column::new(format!("parent_{set}"), "", definition, cells) }
        };
        self.bonds.iter().filter(|bond| bond.child == child).map(column).collect()
    }

    /// Keeps what parents ask of a block of rows of their children.
    pub fn keep(&mut self, child: &str, relate: Option<&Relate>, block: &Table) {
        // Several statistics may ask for one column.
        let asked: BTreeSet<&str> = relate.iter().flat_map(|r| r.asked()).map(|(_, name)| name).collect();
        for name in asked {
            let Some(column) = block.column(name) else { continue };
            let key = (child.to_owned(), name.to_owned());
            match self.values.get_mut(&key) {
                Some(kept) => kept.cells.append(column.cells.clone()),
                None => drop(self.values.insert(key, column.clone())),
            }
        }
    }

    fn kept(&self, child: &str, name: &str) -> Option<&Column> {
        self.values.get(&(child.to_owned(), name.to_owned()))
    }

    /// What the objects of a set learn of their children.
    pub fn children(&self, parent: &str, count: u32, recipe: &Recipe) -> Vec<(Definition, Cells)> {
        let mut columns = vec![];
        for bond in self.bonds.iter().filter(|bond| bond.parent == parent) {
            let child = &bond.child;
            let Some(relate) = recipe.body.relate.get(child) else { continue };
            let children = bond.children(count);
            columns.push(number(child, &children));
            for (statistic, name) in relate.asked() {
                columns.push(summary(child, statistic, name, self.kept(child, name), &children));
            }
        }
        columns
    }
}

impl Bond {
    /// The children of the parents 1..=count, each as a number from 0, in the order of their labels.
    fn children(&self, count: u32) -> Vec<Vec<usize>> {
        let mut children = vec![vec![]; count as usize];
        for (child, parent) in self.parents.iter().enumerate().skip(1) {
            if let Some(of) = (*parent as usize).checked_sub(1).and_then(|p| children.get_mut(p)) {
                of.push(child - 1);
            }
        }
        children
    }
}

fn number(child: &str, children: &[Vec<usize>]) -> (Definition, Cells) {
    let definition = Definition {
        name: format!("children_{child}_count"),
        unit: "1".into(),
        type_name: "int",
        definition: format!("Number of the objects of {child} that belong to this one"),
        standard: "CellProfiler:Children_Count".into(),
        empty: "",
    };
    (definition, Cells::Int(children.iter().map(|all| Some(all.len() as i64)).collect()))
}

fn summary(
    child: &str,
    statistic: Statistic,
    name: &str,
    column: Option<&Column>,
    children: &[Vec<usize>],
) -> (Definition, Cells) {
    let word = statistic.name();
    let definition = Definition {
        name: format!("{child}_{word}_{name}"),
        unit: column.map_or_else(String::new, |c| c.unit.clone()),
        type_name: "real",
        definition: format!("{word} of {name} over the objects of {child} that belong to this one and have a value"),
        standard: String::new(),
        empty: "no child with a value",
    };
    let value = |i: &usize| match column.map(|c| &c.cells) {
        Some(Cells::Int(values)) => values.get(*i).copied().flatten().map(|v| v as f64),
        Some(Cells::Real(values)) => values.get(*i).copied().flatten(),
        _ => None,
    };
    let of = |all: &Vec<usize>| statistic_of(statistic, all.iter().filter_map(value).collect());
    (definition, Cells::Real(children.iter().map(of).collect()))
}

/// Of numbers in the order of their objects; nothing of none.
pub(super) fn statistic_of(statistic: Statistic, mut values: Vec<f64>) -> Option<f64> {
    let n = values.len();
    if n == 0 {
        return None;
    }
    let value = match statistic {
        Statistic::Sum => values.iter().sum::<f64>(),
        Statistic::Mean => values.iter().sum::<f64>() / n as f64,
        Statistic::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
        Statistic::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Statistic::Median => {
            values.sort_unstable_by(f64::total_cmp);
            (values[(n - 1) / 2] + values[n / 2]) / 2.0
        }
    };
    Some(value).filter(|v| v.is_finite())
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn children_are_counted_and_summed_up_by_parent() {
        // Children 1 to 5; the fourth has no parent, the fifth no value.
        let bond = Bond { child: "spots".into(), parent: "cells".into(), parents: vec![0, 2, 1, 2, 0, 2] };
        let column = Column::new("area_px", "px", "", Cells::Int(vec![Some(3), Some(5), Some(10), Some(7), None]));
        let children = bond.children(3);
        assert_eq!(number("spots", &children).1, Cells::Int(vec![Some(1), Some(3), Some(0)]));
        let of = |s| summary("spots", s, "area_px", Some(&column), &children).1;
        assert_eq!(of(Statistic::Sum), Cells::Real(vec![Some(5.0), Some(13.0), None]));
        assert_eq!(of(Statistic::Mean), Cells::Real(vec![Some(5.0), Some(6.5), None]));
        assert_eq!(of(Statistic::Median), Cells::Real(vec![Some(5.0), Some(6.5), None]));
        assert_eq!(of(Statistic::Min), Cells::Real(vec![Some(5.0), Some(3.0), None]));
        assert_eq!(of(Statistic::Max), Cells::Real(vec![Some(5.0), Some(10.0), None]));
        let relations = Relations { bonds: vec![bond], ..Relations::default() };
        let parents = relations.parents("spots", 5);
        assert_eq!(parents[0].cells, Cells::Int(vec![Some(2), Some(1), Some(2), None, Some(2)]));
    }
}
