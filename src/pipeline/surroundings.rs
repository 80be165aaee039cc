//! What is background around the objects of a recipe: the same for all of its sets.

use super::image_refs;
use super::known::KnownObjects;
use super::object_light::ObjectLight;
use super::roles::Roles;
use super::unseen::Unseen;
use crate::Result;
use crate::image::{Labels, Modality, ObjectSet, Scan};
use crate::measure::{Background, ChannelRef, SliceGround, background, occupied, plateau, slice_grounds};
use crate::ops::grey_step;
use crate::recipe::Recipe;
use crate::table::{Cells, Column, Table};
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A share in words, never more than it is.
fn percent(share: f64) -> String {
    format!("{} %", (1000.0 * share).floor() / 10.0)
}

/// What is background where nothing is occupied, in what the channel has seen, and how many slices have hardly any of it.
fn look(
    channel: &ChannelRef,
    (occupied, unseen): (&[u8], Option<&Unseen>),
    modality: Modality,
) -> Result<Option<(Background, usize)>> {
    let Some(unseen) = unseen else {
        let Some(found) = background(channel, occupied)? else { return Ok(None) };
        return by_slice(found, channel, (occupied, None), modality).map(Some);
    };
    let taken: Vec<u8> = occupied.par_iter().zip(&unseen.voxels).map(|(o, u)| o | u).collect();
    let picture: Vec<u8> = unseen.voxels.par_iter().map(|unseen| 1 - unseen).collect();
    let free = |taken: &[u8]| taken.par_iter().filter(|t| **t == 0).count() as f64;
    let share = 1.0 - free(&taken) / free(occupied).max(1.0);
    let Some(found) = background(channel, &taken)? else { return Ok(None) };
    let black = unseen.black.map(|black| (black, share));
    by_slice(Background { black, ..found }, channel, (&taken, Some(&picture)), modality).map(Some)
}

/// The same slice by slice, where a camera has seen slices with unlike grounds.
fn by_slice(
    whole: Background,
    channel: &ChannelRef,
    (taken, picture): (&[u8], Option<&[u8]>),
    modality: Modality,
) -> Result<(Background, usize)> {
    if modality != Modality::Fluorescence {
        return Ok((whole, 0));
    }
    Ok(match slice_grounds(channel.volume, Some(taken), picture)? {
        Some(slices) => {
            let hardly_any = slices.hardly_any;
            (whole.by_slice(slices), hardly_any)
        }
        None => (whole, 0),
    })
}

/// What is said of slices with unlike grounds.
fn of_slices(channel: &ChannelRef, slices: &[SliceGround]) -> Option<String> {
    let value = |mean: f64| channel.volume.scale.value(mean);
    let least = slices.iter().map(|ground| ground.mean).reduce(f64::min)?;
    let most = slices.iter().map(|ground| ground.mean).reduce(f64::max)?;
    Some(format!(
        "{}: its slices have grounds from {:.4} to {:.4}: what is background is told slice by slice",
        channel.name,
        value(least),
        value(most)
    ))
}

/// A share of the background that leaves too little to tell its noise from.
const MOSTLY: f64 = 0.85;

/// For rings around objects; empty where no set of the recipe has one.
#[derive(Default)]
pub(super) struct Surroundings<'a> {
    /// 1 where an object of any set is.
    pub occupied: Option<Cow<'a, [u8]>>,
    /// What is background, by role.
    pub found: BTreeMap<String, Background>,
    /// Standard deviation of what rounding to grey levels took from a sample, by role, where images have grey levels.
    pub rounding: BTreeMap<String, f64>,
    /// The light of the objects that are judged by markers.
    pub light: ObjectLight<'a>,
    /// Where scales end before their types do, by role, where channels were overexposed.
    pub plateaus: BTreeMap<String, i32>,
    /// What channels have not seen, by role.
    pub unseen: BTreeMap<String, Unseen>,
    /// What channels say of objects that are judged by them.
    pub known: KnownObjects<'a>,
    /// What the user should look at.
    pub warnings: Vec<String>,
    /// What the user may want to know.
    pub notes: Vec<String>,
    is_wanted: bool,
    /// Objects are told by how far their values lie from others, or channels are held against each other.
    has_cutoffs: bool,
}

impl<'a> Surroundings<'a> {
    /// Where objects are.
    pub fn of(recipe: &'a Recipe, made: &'a BTreeMap<String, ObjectSet>) -> Result<Self> {
        let has_cutoffs = !recipe.body.positive.is_empty() || !recipe.body.paired.is_empty();
        let (light, known) = (ObjectLight::of(recipe, made), KnownObjects::of(recipe, made));
        let objects = Surroundings { has_cutoffs, light, known, ..Surroundings::default() };
        if !recipe.body.measure.values().any(|m| m.families.iter().any(|c| c.family.needs().background)) {
            return Ok(objects);
        }
        let sets: Vec<&Labels> = made.values().map(|set| &set.labels).collect();
        Ok(Surroundings { occupied: occupied(&sets)?, is_wanted: true, ..objects })
    }

    /// Finds the limits of these channels, how much rounding took from them, where their scales end, what they have not seen, what that says
    /// of objects, and the light that judged objects have in them.
    pub fn look_at(&mut self, channels: &[ChannelRef], modality: Modality) -> Result<()> {
        for channel in channels {
            let is_camera = modality == Modality::Fluorescence;
            let plateau = if is_camera { plateau(channel.volume.samples.host()?) } else { None };
            self.plateaus.extend(plateau.map(|plateau| (channel.name.to_owned(), plateau)));
            let is_asked = self.is_wanted || self.has_cutoffs;
            let unseen = if is_asked { Unseen::of(channel.volume, modality)? } else { None };
            let voxels = unseen.as_ref().map(|unseen| unseen.voxels.as_slice());
            self.warnings.extend(self.known.look_at(&ChannelRef { plateau, ..*channel }, voxels, modality)?);
            self.unseen.extend(unseen.map(|unseen| (channel.name.to_owned(), unseen)));
        }
        for channel in channels.iter().filter(|_| self.is_wanted || self.has_cutoffs) {
            let rounding = grey_step::rounding(channel.volume)?;
            self.rounding.extend(rounding.map(|rounding| (channel.name.to_owned(), rounding)));
            self.light.look_at(channel, modality)?;
        }
        for channel in channels.iter().filter(|_| self.is_wanted) {
            let occupied = self.occupied.as_deref().unwrap_or_default();
            let unseen = self.unseen.get(channel.name);
            let Some((found, hardly_any)) = look(channel, (occupied, unseen), modality)? else { continue };
            self.notes.extend(of_slices(channel, &found.slices));
            if hardly_any > 0 {
                self.warnings.push(format!(
                    "{}: {hardly_any} of {} slices show hardly any background, and its slices have unlike grounds: theirs is taken from the \
                     slices next to them, so cnr and what is positive by it say little there",
                    channel.name,
                    found.slices.len()
                ));
            }
            if let Some((black, share)) = found.black {
                self.notes.push(format!(
                    "{}: {} of its background have the value {}, far below all others, as beside a channel that was moved, around a \
                     mosaic or in a dead line: left out of rings",
                    channel.name,
                    percent(share),
                    channel.volume.scale.value(f64::from(black))
                ));
            }
            if found.cut_off > MOSTLY {
                self.warnings.push(format!(
                    "{}: {} of its background have one value, as where a ground was subtracted and cut off, or around a mosaic: \
                     nothing tells its noise, so cnr and what is positive by it say little; measure the image as it was taken",
                    channel.name,
                    percent(found.cut_off)
                ));
            }
            self.found.insert(channel.name.to_owned(), found);
        }
        Ok(())
    }

    /// The limits, for the row of the image.
    pub fn columns(&self, scan: &Scan, recipe: &Recipe, roles: &Roles) -> Table {
        let mut table = Table::default();
        for channel in image_refs(scan, roles, recipe).iter().filter(|_| self.is_wanted) {
            let limit = self.found.get(channel.name).map(|f| channel.volume.scale.value(f64::from(f.limit)));
            let definition = "Largest value that is background in the rings around objects; what is brighter is uptake, \
                              whether an object was found there or not. Where the slices of a stack have unlike grounds each has its own \
                              limit, and this is the median of them, the lower one of two";
            let name = format!("background_limit_{}", channel.name);
            table.push(Column::new(name, channel.unit, definition, Cells::Real(vec![limit])));
        }
        table
    }
}
