//! A well that is written in several ways (`A02`, `a2`, `A-02`) is one well in `wells.csv`, and one group.

use crate::batch::plates::Well;
use crate::recipe::Recipe;
use std::collections::{BTreeMap, BTreeSet};

/// What images of a group have in common, in the order of `groups.by`.
pub type Key = Vec<Option<String>>;

/// How the wells of groups are written. Those that are written in one way keep it.
#[derive(Default)]
pub struct WellNames {
    /// Which cell of a key is a well.
    place: Option<usize>,
    /// Keys with their wells as `A01`, and how the well was written first.
    met: BTreeMap<Key, Option<String>>,
    several: BTreeSet<Key>,
}

impl WellNames {
    /// Of a recipe: only one with plates says which column is a well.
    pub fn of(recipe: &Recipe) -> Self {
        let by = recipe.body.groups.as_ref().map_or(&[][..], |groups| &groups.by);
        let well = recipe.body.plates.as_ref().map(|plates| &plates.well);
        WellNames { place: by.iter().position(|name| Some(name) == well), ..WellNames::default() }
    }

    /// Learns how the well of a key is written.
    pub fn meet(&mut self, key: &Key) {
        let Some(one) = self.in_one_form(key) else { return };
        let written = self.place.and_then(|i| key.get(i).cloned().flatten());
        let first = self.met.entry(one.clone()).or_insert_with(|| written.clone());
        if *first != written {
            self.several.insert(one);
        }
    }

    /// The key of the group of an image, once all are met.
    pub fn group(&self, key: Key) -> Key {
        self.in_one_form(&key).filter(|one| self.several.contains(one)).unwrap_or(key)
    }

    fn in_one_form(&self, key: &Key) -> Option<Key> {
        let place = self.place?;
        let well = Well::parse(key.get(place)?.as_deref()?)?;
        let mut one = key.clone();
        one[place] = Some(well.to_string());
        Some(one)
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn wells_written_in_one_way_keep_it() {
        let key = |plate: &str, well: &str| vec![Some(plate.to_owned()), Some(well.to_owned())];
        let mut names = WellNames { place: Some(1), ..WellNames::default() };
        let all = [key("P1", "a2"), key("P1", "A-02"), key("P2", "a2"), key("P1", "none"), vec![None, None]];
        all.iter().for_each(|k| names.meet(k));
        let groups = all.clone().map(|k| names.group(k));
        assert_eq!(groups[..2], [key("P1", "A02"), key("P1", "A02")]);
        assert_eq!(groups[2..], all[2..]);
    }
}
