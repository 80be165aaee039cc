//! What object sets take from others: the radius of their typical object, and their numbers.

use super::{Body, Objects, Step};
use crate::units::Length;
use std::collections::BTreeSet;

impl Body {
    /// The radius is a fact of this set itself: it has a scale, or labels to take it from.
    pub(crate) fn has_own_radius(&self, name: &str) -> bool {
        let Some(set) = self.objects.get(name) else { return false };
        // Lesions have no typical size worth a column.
        let uptake = self.measure.get(name).is_some_and(|m| m.families.iter().any(|c| c.family.needs().uptake));
        set.scale.is_some() || (set.labels.is_some() && !set.optional && !uptake)
    }

    /// The set that this one takes its radius from, if it has none of its own: grown objects share that of their source.
    fn shares_radius_of(&self, name: &str) -> Option<&str> {
        match self.objects.get(name)? {
            Objects { start: Some(from), .. } => Some(from),
            Objects { grow: Some(grow), .. } => Some(&grow.from),
            Objects { minus: Some(minus), .. } => Some(&minus.cells),
            _ => None,
        }
    }

    /// The set whose objects have grown into those of this one and have their numbers: grown by a distance, or by a last step
    /// along a stain.
    pub(crate) fn grown_from(&self, name: &str) -> Option<&str> {
        let set = self.objects.get(name)?;
        match (&set.grow, set.steps.iter().flatten().last()) {
            (Some(grow), _) => Some(&grow.from),
            (None, Some(Step::Propagate(p))) => Some(&p.from),
            _ => None,
        }
    }

    /// Whether a set knows its radius; `known` are those before it that do.
    pub(super) fn knows_radius(&self, name: &str, known: &BTreeSet<&str>) -> bool {
        let own = self.objects.get(name).is_some_and(|set| set.scale.is_some() || set.labels.is_some());
        own || self.shares_radius_of(name).is_some_and(|from| known.contains(from))
    }

    /// The set that would have to say the radius of this one: itself, or the first of those that it comes from.
    pub(super) fn source_of_radius<'a>(&'a self, name: &'a str) -> &'a str {
        let (mut at, mut seen) = (name, BTreeSet::from([name]));
        while let Some(from) = self.shares_radius_of(at).filter(|from| seen.insert(from)) {
            at = from;
        }
        at
    }

    /// Where a set counts in its radius: the key, below the set or below what is measured on it.
    pub(super) fn in_r(&self, name: &str) -> Option<Vec<String>> {
        let is_r = |length: &Length| matches!(length, Length::R(_));
        let path = |parts: &[&str]| Some(parts.iter().map(|p| (*p).to_string()).collect());
        let set = self.objects.get(name)?;
        if let Some(i) = set.steps.iter().flatten().position(super::Step::counts_in_r) {
            return path(&["objects", name, "steps", &i.to_string()]);
        }
        if set.grow.as_ref().is_some_and(|grow| is_r(&grow.by)) {
            return path(&["objects", name, "grow"]);
        }
        for chosen in self.measure.get(name).iter().flat_map(|measure| &measure.families) {
            if let Some((key, _)) = chosen.family.mentions().lengths.iter().find(|(_, length)| is_r(length)) {
                return path(&["measure", name, chosen.name, key]);
            }
        }
        None
    }
}
