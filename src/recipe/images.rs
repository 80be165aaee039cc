//! `[images.NAME]`: images made of channels, and what their types cannot say.

use super::place::list;
use super::pointed::Source;
use super::validate::Checker;
use super::{Body, ObjectScale, Step};
use crate::Result;
use serde::Deserialize;
use std::collections::BTreeMap;

/// An image that is made of a channel, or of another such image: object sets can be found in it and measured in it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DerivedImage {
    /// The role, or the image, that it is made of.
    pub channel: String,
    /// A file with an evenly lit, evenly stained field: first of all the channel is divided by it.
    pub flat_field: Option<String>,
    /// A file without light, which is taken from the channel and from the flat field.
    pub dark: Option<String>,
    /// Other channels, and the share of each that is taken away, before any step.
    pub bleed_through: BTreeMap<String, f64>,
    /// Radius of the typical object, which lengths in `r` count: `"auto"`, or a length.
    pub scale: Option<ObjectScale>,
    /// What is done, one after the other: steps that make an image.
    pub steps: Vec<Step>,
    /// It is written to a file, to be looked at.
    pub write: bool,
}

/// Checks the derived images and returns them in an order in which each comes after that which it is made of.
pub(super) fn check(body: &Body, source: &Source) -> Result<Vec<String>> {
    let checker = Checker { body, source };
    body.images.iter().try_for_each(|(name, image)| checker.image(name, image))?;
    body.unmix.iter().try_for_each(|(name, mixture)| checker.mixture(name, mixture))?;
    checker.names_differ()?;
    let mut order: Vec<String> = Vec::new();
    let mut to_come = makings(body);
    while !to_come.is_empty() {
        let is_made = |source: &&str| !body.makes_image(source) || order.iter().any(|n| n == source);
        let Some(next) = to_come.iter().position(|making| making.sources.iter().all(is_made)) else {
            let stuck: Vec<&str> = to_come.iter().map(|making| making.place[1]).collect();
            return Err(checker
                .error(format!("images need each other: {}", list(&stuck)), &to_come[0].place)
                .remedy("let one of them be made of a channel"));
        };
        order.extend(to_come.remove(next).makes.iter().map(|name| name.to_string()));
    }
    Ok(order)
}

/// What makes images, where it stands, and what it makes them of.
struct Making<'a> {
    place: [&'a str; 2],
    sources: Vec<&'a str>,
    makes: Vec<&'a str>,
}

fn makings(body: &Body) -> Vec<Making<'_>> {
    let images = body.images.iter().map(|(name, image)| Making {
        place: ["images", name],
        sources: image.sources().collect(),
        makes: vec![name],
    });
    let mixtures = body.unmix.iter().map(|(name, mixture)| Making {
        place: ["unmix", name],
        sources: mixture.channels.iter().map(String::as_str).collect(),
        makes: mixture.dyes.keys().map(String::as_str).collect(),
    });
    images.chain(mixtures).collect()
}

impl Checker<'_> {
    fn image(&self, name: &str, image: &DerivedImage) -> Result<()> {
        let here = |key: &'static str| ["images", name, key];
        self.name_of_image(name, &["images", name])?;
        self.source(&image.channel, &here("channel"))?;
        for (other, share) in &image.bleed_through {
            let place = ["images", name, "bleed_through", other];
            self.source(other, &place)?;
            if *other == image.channel || !(share.is_finite() && *share >= 0.0) {
                let e = self.error(format!("{share} of \"{other}\" does not bleed into \"{}\"", image.channel), &place);
                return Err(e.remedy(format!("{other} = 0.12: the share of another channel, from 0 on")));
            }
        }
        if image.dark.is_some() && image.flat_field.is_none() {
            let e = self.error("a dark image is of use only with a flat field", &here("dark"));
            return Err(e.remedy("flat_field = \"FILE\" beside it"));
        }
        if image.steps.is_empty() && image.bleed_through.is_empty() && image.flat_field.is_none() {
            return Err(self
                .error(format!("nothing is done to make the image \"{name}\""), &["images", name])
                .remedy("steps = [{ op = \"gaussian\", sigma = \"2 px\" }], bleed_through or flat_field"));
        }
        let makes_image = |step: &Step| {
            !step.needs_objects()
                && !matches!(
                    step,
                    Step::Threshold(_) | Step::Spots(_) | Step::Habitats(_) | Step::DimSpecks(_) | Step::BlankNoise(_)
                )
        };
        if let Some((i, step)) = image.steps.iter().enumerate().find(|(_, step)| !makes_image(step)) {
            let index = i.to_string();
            return Err(self
                .error(format!("\"{}\" makes no image", step.name()), &["images", name, "steps", &index])
                .remedy("leave it to an object set: channel = the name of this image"));
        }
        for (i, step) in image.steps.iter().enumerate() {
            let index = i.to_string();
            let here = ["images", name, "steps", &index];
            if let Step::Prescription(p) = step {
                self.known("object set", &p.set, &here, &self.body.objects)?;
                self.prescription(p, &here)?;
            }
            if let Step::Texture(p) = step {
                self.texture_map(p, &here)?;
            }
        }
        self.filters(&image.steps, &["images", name, "steps"])?;
        self.names_and_reaches(&image.steps, &["images", name, "steps"])
    }

    /// The name of an image stands where that of a channel may stand.
    pub fn name_of_image(&self, name: &str, here: &[&str]) -> Result<()> {
        self.name(name, here)?;
        if self.body.channels.contains_key(name) || self.body.objects.contains_key(name) {
            return Err(self
                .error(format!("\"{name}\" is an image, and something else as well"), here)
                .remedy(format!("the name {name}_image")));
        }
        Ok(())
    }

    /// No two things make an image of one name.
    fn names_differ(&self) -> Result<()> {
        let all = makings(self.body);
        for (i, making) in all.iter().enumerate() {
            let twice = |name: &&&str| all[..i].iter().any(|other| other.makes.contains(name));
            if let Some(name) = making.makes.iter().find(twice) {
                let e = self
                    .error(format!("two images are called \"{name}\""), &[&making.place[..], &["dyes", name]].concat());
                return Err(e.remedy("names of their own"));
            }
        }
        Ok(())
    }
}
