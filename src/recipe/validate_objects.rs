//! What the types of a recipe cannot say about object sets: one source each, keys that are of use, names that exist.

use super::order::needs;
use super::validate::Checker;
use super::{Objects, Sphere, SphereAt, Step};
use crate::Result;
use crate::image::PointOrigin;
use crate::units::Length;

impl Checker<'_> {
    /// One object set; that no set needs itself is checked when all are known.
    pub fn object_set(&self, name: &str, set: &Objects) -> Result<()> {
        self.name(name, &["objects", name])?;
        self.one_source(name, set)?;
        self.no_idle_key(name, set)?;
        if let Some(sphere) = &set.sphere {
            self.sphere(sphere, &["objects", name, "sphere"])?;
        }
        self.known_sets(name, set)?;
        let images = set.steps.iter().flatten().flat_map(Step::images).chain(&set.channel);
        if let Some(image) = images.into_iter().find(|image| self.body.follows_objects(image)) {
            let what = format!("the image \"{image}\" is made of objects, so none can be found in it");
            return Err(self.error(what, &["objects", name]).remedy("measure it: channels = [...] in [measure.SET]"));
        }
        self.channel_and_steps(name, set)
    }

    fn one_source(&self, name: &str, set: &Objects) -> Result<()> {
        let sources =
            [set.steps.is_some(), set.grow.is_some(), set.minus.is_some(), set.sphere.is_some(), set.labels.is_some()];
        if sources.iter().filter(|s| **s).count() != 1 {
            return Err(self
                .error("an object set has exactly one source", &["objects", name])
                .remedy("one of: steps, grow, minus, sphere, labels"));
        }
        match (&set.start, &set.steps) {
            (Some(start), None) => Err(self
                .error(format!("nothing is done with the objects of \"{start}\""), &["objects", name, "start"])
                .remedy("steps = [...] that begin with them")),
            _ => Ok(()),
        }
    }

    /// Keys that the source of a set does not look at would be passed over in silence.
    fn no_idle_key(&self, name: &str, set: &Objects) -> Result<()> {
        let of_labels = [
            ("regions", !set.regions.is_empty()),
            ("resample", set.resample),
            ("exclude", !set.exclude.is_empty()),
            ("optional", set.optional),
            ("origin", set.origin != PointOrigin::Centre),
            ("classes", !set.classes.is_empty()),
        ];
        if let Some((key, _)) = of_labels.into_iter().find(|(_, is_given)| *is_given && set.labels.is_none()) {
            return Err(self
                .error(format!("{key} is of use only with labels"), &["objects", name, key])
                .remedy(format!("leave {key} out, or labels = \"FILE\" as the source")));
        }
        if !set.margin && set.steps.is_none() {
            return Err(self
                .error("margin is of use only with steps", &["objects", name, "margin"])
                .remedy("leave margin out, or steps = [...] as the source"));
        }
        Ok(())
    }

    /// The object sets that a set names are there.
    fn known_sets(&self, name: &str, set: &Objects) -> Result<()> {
        let known = |other: &str, path: &[&str]| self.known("object set", other, path, &self.body.objects);
        for parent in &set.parent {
            known(parent, &["objects", name, "parent"])?;
        }
        if let Some(start) = &set.start {
            known(start, &["objects", name, "start"])?;
        }
        for (i, step) in set.steps.iter().flatten().enumerate() {
            if let Some(other) = step.set() {
                known(other, &["objects", name, "steps", &i.to_string()])?;
            }
        }
        needs(set).into_iter().try_for_each(|needed| known(needed, &["objects", name]))
    }

    /// Steps work on a channel, and without them nothing asks for one.
    fn channel_and_steps(&self, name: &str, set: &Objects) -> Result<()> {
        match (&set.steps, &set.channel) {
            (Some(_), None) => {
                Err(self.error("steps need a channel to work on", &["objects", name]).remedy("channel = \"nuclear\""))
            }
            (Some(steps), Some(channel)) => {
                self.source(channel, &["objects", name, "channel"])?;
                self.steps(name, steps, set.start.is_some())
            }
            (None, Some(channel)) if set.sphere.is_some() => self.source(channel, &["objects", name, "channel"]),
            (None, Some(_)) => Err(self
                .error("a channel is of use only with steps", &["objects", name, "channel"])
                .remedy("leave it out")),
            (None, None) if set.scale.is_some() && set.labels.is_none() => Err(self
                .error("a scale is of use only with steps or labels", &["objects", name, "scale"])
                .remedy("leave it out: objects that come from others share their scale")),
            (None, None) => Ok(()),
        }
    }

    fn sphere(&self, sphere: &Sphere, here: &[&str]) -> Result<()> {
        let nothing = matches!(sphere.diameter, Length::Px(v) | Length::Um(v) | Length::Mm(v) if v <= 0.0);
        if nothing || matches!(sphere.diameter, Length::R(_)) {
            return Err(self.error("a sphere needs a size of its own", here).remedy("diameter = \"30 mm\""));
        }
        match sphere.at {
            SphereAt::Place(at) if at.iter().any(|v| !v.is_finite()) => {
                Err(self.error("a place has no inf or nan", here).remedy("at = [x, y, z] in mm"))
            }
            _ => Ok(()),
        }
    }
}
