//! What measuring the objects of an image will ask of memory, once their number is known.

use super::FoundSets;
use super::channel_refs::image_refs;
use super::measured;
use crate::measure::{self, Context};

impl FoundSets<'_> {
    /// Objects of the largest set of which the places are looked at together.
    pub fn placed(&self) -> u64 {
        let wanted = |name: &String| {
            let measure = self.recipe.body.measure.get(name);
            measure.is_some_and(|m| m.families.iter().any(|chosen| chosen.family.needs().places))
        };
        self.made.iter().filter(|(name, _)| wanted(name)).map(|(_, set)| u64::from(set.count())).max().unwrap_or(0)
    }

    /// Cells of the largest block of rows that will be made.
    pub fn cells(&self) -> u64 {
        let channels = image_refs(&self.scan, &self.roles, self.recipe);
        let about: Vec<(&str, &str)> = channels.iter().map(|c| (c.name, c.unit)).collect();
        let body = &self.recipe.body;
        let block = |name: &str, objects: u32| {
            let families = self.recipe.body.measure.get(name).map_or(&[][..], |m| &m.families);
            let classes = body.classes(name);
            let context =
                Context { unit: body.lengths(), channels: &about, volumes: body.volumes(), classes: &classes };
            let columns = measure::dictionary(families, &context).len();
            columns as u64 * u64::from(objects).min(measured::block_rows(columns) as u64)
        };
        self.made.iter().map(|(name, set)| block(name, set.count())).max().unwrap_or(0)
    }
}
