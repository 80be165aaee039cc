//! What is background around the objects of a recipe: the same for all of its sets.

use super::image_refs;
use super::roles::Roles;
use crate::Result;
use crate::image::{Labels, ObjectSet, Scan};
use crate::measure::{ChannelRef, background_limit, occupied};
use crate::recipe::Recipe;
use crate::table::{Cells, Column, Table};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// For rings around objects; empty where no set of the recipe has one.
#[derive(Default)]
pub(super) struct Surroundings<'a> {
    /// 1 where an object of any set is.
    pub occupied: Option<Cow<'a, [u8]>>,
    /// By role, the largest sample that is background.
    pub limits: BTreeMap<String, i32>,
    is_wanted: bool,
}

impl<'a> Surroundings<'a> {
    /// Where objects are.
    pub fn of(recipe: &Recipe, made: &'a BTreeMap<String, ObjectSet>) -> Result<Self> {
        if !recipe.body.measure.values().any(|m| m.families.iter().any(|c| c.family.needs().background)) {
            return Ok(Surroundings::default());
        }
        let sets: Vec<&Labels> = made.values().map(|set| &set.labels).collect();
        Ok(Surroundings { occupied: occupied(&sets)?, is_wanted: true, ..Surroundings::default() })
    }

    /// Finds the limits of these channels.
    pub fn look_at(&mut self, channels: &[ChannelRef]) -> Result<()> {
        for channel in channels.iter().filter(|_| self.is_wanted) {
            if let Some(limit) = background_limit(channel, self.occupied.as_deref().unwrap_or_default())? {
                self.limits.insert(channel.name.to_owned(), limit);
            }
        }
        Ok(())
    }

    /// The limits, for the row of the image.
    pub fn columns(&self, scan: &Scan, recipe: &Recipe, roles: &Roles) -> Table {
        let mut table = Table::default();
        for channel in image_refs(scan, roles, recipe).iter().filter(|_| self.is_wanted) {
            let limit = self.limits.get(channel.name).map(|s| channel.volume.scale.value(f64::from(*s)));
            let definition = "Largest value that is background in the rings around objects; what is brighter is uptake, \
                              whether an object was found there or not";
            let name = format!("background_limit_{}", channel.name);
            table.push(Column::new(name, channel.unit, definition, Cells::Real(vec![limit])));
        }
        table
    }
}
