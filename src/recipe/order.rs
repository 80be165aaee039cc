//! In which order object sets are made: each one after those that it needs.

use super::place::list;
use super::validate::Checker;
use super::{Objects, Step};
use crate::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};

impl Checker<'_> {
    /// Of the sets that have all that they need, the first by name comes next.
    pub fn order(&self) -> Result<Vec<String>> {
        // How many sets each one waits for, and who waits for it.
        let mut waits: BTreeMap<&str, usize> = BTreeMap::new();
        let mut waiting: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, set) in &self.body.objects {
            let needed = needs(set);
            waits.insert(name, needed.len());
            needed.into_iter().for_each(|other| waiting.entry(other).or_default().push(name));
        }
        let mut ready: BTreeSet<&str> = waits.iter().filter(|(_, n)| **n == 0).map(|(name, _)| *name).collect();
        let mut done: Vec<String> = Vec::new();
        while let Some(name) = ready.pop_first() {
            waits.remove(name);
            done.push(name.to_owned());
            for other in waiting.get(name).into_iter().flatten() {
                if let Some(n) = waits.get_mut(other) {
                    *n -= 1;
                    if *n == 0 {
                        ready.insert(other);
                    }
                }
            }
        }
        let stuck: BTreeSet<&str> = waits.into_keys().collect();
        if stuck.is_empty() { Ok(done) } else { Err(self.circle(&stuck)) }
    }

    /// Of sets that wait, those that wait for each other, and what would end it.
    fn circle(&self, stuck: &BTreeSet<&str>) -> Error {
        let needed = |name: &str| needs(self.body.objects.get(name)?).into_iter().find(|other| stuck.contains(other));
        let mut way: Vec<&str> = stuck.first().copied().into_iter().collect();
        while let Some(next) = way.last().and_then(|name| needed(name)) {
            if let Some(begin) = way.iter().position(|name| *name == next) {
                way.drain(..begin);
                break;
            }
            way.push(next);
        }
        way.sort_unstable();
        let Some(first) = way.first().copied() else { return self.error("object sets need each other", &["objects"]) };
        let other = way.iter().copied().find(|other| needs_of(self, first).contains(other)).unwrap_or(first);
        let set = self.body.objects.get(first);
        let step = set.and_then(|set| set.steps.iter().flatten().find(|step| step.set() == Some(other)));
        let remedy = match (set, step) {
            (Some(set), _) if set.start.as_deref() == Some(other) => {
                format!("leave start out of \"{first}\", whose steps then begin with a threshold")
            }
            (Some(set), _) if set.exclude.iter().any(|name| name == other) => {
                format!("leave exclude out of \"{first}\"")
            }
            (_, Some(step)) => {
                format!("leave the step \"{}\" that names \"{other}\" out of \"{first}\"", step.name())
            }
            _ => format!("let \"{first}\" come from steps or labels"),
        };
        self.error(format!("object sets need each other: {}", list(&way)), &["objects", first]).remedy(remedy)
    }
}

fn needs_of<'a>(checker: &'a Checker, name: &str) -> Vec<&'a str> {
    checker.body.objects.get(name).map(needs).unwrap_or_default()
}

/// The sets that must be there before this one can be made. A parent is looked up afterwards.
pub(super) fn needs(set: &Objects) -> Vec<&str> {
    let grow = set.grow.iter().map(|g| g.from.as_str());
    let minus = set.minus.iter().flat_map(|m| [m.cells.as_str(), m.nuclei.as_str()]);
    let steps = set.steps.iter().flatten().filter_map(Step::set);
    grow.chain(minus).chain(set.start.as_deref()).chain(set.exclude.iter().map(String::as_str)).chain(steps).collect()
}
