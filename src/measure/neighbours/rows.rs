//! The values of each object of a set.

use super::around::Surroundings;
use super::contact::Contact;
use super::delaunay::Links;
use super::nearest::Nearest;
use super::neighbourhoods::Found;
use super::{Neighbours, Places, Radii};
use crate::Result;
use crate::measure::Request;
use crate::measure::family::{Measured, Value, Values};
use std::sync::Arc;

/// What holds for all objects of a set.
pub struct Begun<'a> {
    family: &'a Neighbours,
    links: Arc<Links>,
    nearest: Arc<Nearest>,
    /// Where there are radii.
    surroundings: Option<Surroundings>,
    /// Where each radius of the recipe stands among those that ascend.
    order: Vec<usize>,
    voxels: &'a [u32],
    /// The labels of the sets that objects may lie in.
    inside: Vec<&'a [u32]>,
    neighbourhoods: Option<Arc<Found>>,
}

impl<'a> Begun<'a> {
    /// # Errors
    /// A radius that this image cannot have, a set that is not there, labels on a device.
    pub fn new(family: &'a Neighbours, places: &Places, request: &Request<'a>) -> Result<Self> {
        let Radii { squares, order } = Radii::new(&family.radii, request)?;
        let surroundings = (!order.is_empty()).then(|| Surroundings::new(places, request.classes, &squares));
        // Points touch nothing.
        let voxels = if request.points.is_some() { &[][..] } else { request.labels.voxels().host()? };
        let inside = family.inside(request)?;
        // The triangulation takes one thread, and about as long as all else.
        let (links, (nearest, neighbourhoods)) =
            rayon::join(|| places.links(), || (places.nearest(request.classes), Found::of(family, places, request)));
        let neighbourhoods = neighbourhoods?;
        Ok(Begun { family, links, nearest, surroundings, order, voxels, inside, neighbourhoods })
    }

    /// The values of an object, in the order of its columns.
    pub fn one(&self, places: &Places, of: &Measured, values: &mut Values) {
        let own = of.label - 1;
        let side = of.spacing.map(|s| s.pixel_area().sqrt());
        let contact = (!places.points).then(|| Contact::of(&of.object, of.label, self.voxels));
        values.ints([contact.as_ref().map(|c| c.touching as i64), contact.as_ref().map(|c| c.all_shared() as i64)]);
        let length = contact.as_ref().filter(|_| of.is_flat()).and_then(|c| Some(c.length(&of.spacing?)));
        values.reals([length, contact.as_ref().and_then(Contact::fraction)]);
        // What is measured has voxels, and with them a place.
        let place = places.at.get(own as usize).copied().flatten().unwrap_or_default();
        let (of_class, of_all) = self.nearest.to(own);
        let mut nearest = vec![(of_all, own); self.family.nearest];
        if nearest.len() > 1 {
            places.all.nearest(&place, own, &mut nearest);
        }
        nearest.iter().for_each(|(d, _)| values.distance(*d, side));
        let around = self.surroundings.as_ref().map(|surroundings| {
            let mut around = surroundings.room(places);
            surroundings.count(places, &place, &mut around);
            around
        });
        let kinds = places.by_class.len();
        let counts = |kind: usize| around.as_ref().map_or(&[][..], |around| around.of(kind));
        // The object itself is among all, and among those of its class.
        values.ints(self.order.iter().map(|i| Some(i64::from(counts(kinds)[*i]) - 1)));
        values.ints([self.links.degrees.get(own as usize).copied().flatten().map(i64::from)]);
        let is_sure = |class: usize| of.request.classes.is_none_or(|c| c.is_sure(class));
        (0..kinds).for_each(|i| values.distance(if is_sure(i) { of_class[i] } else { f64::INFINITY }, side));
        let class = of.request.classes.and_then(|c| c.of.get(own as usize).copied().flatten());
        for i in 0..kinds {
            let itself = i64::from(class == Some(i as u32));
            let count = |r: &usize| is_sure(i).then(|| i64::from(counts(i)[*r]) - itself);
            values.ints(self.order.iter().map(count));
        }
        let at = places.voxel(own as usize, of.object.shape);
        values.ints(self.inside.iter().map(|set| at.and_then(|at| set.get(at)).map(|label| i64::from(*label > 0))));
        if let Some(found) = &self.neighbourhoods {
            found.one(self.family, own as usize, values);
        }
    }
}

impl Values {
    pub(super) fn ints(&mut self, values: impl IntoIterator<Item = Option<i64>>) {
        self.0.extend(values.into_iter().map(|v| v.map_or(Value::None, Value::Int)));
    }

    /// Of the square of a distance in pixels: in pixels, and in the unit of the table.
    pub(super) fn distance(&mut self, square: f64, side: Option<f64>) {
        let px = square.sqrt();
        self.reals([Some(px), side.map(|side| px * side)]);
    }
}
