//! `[unmix.NAME]`: dyes that share channels. Each dye becomes an image of its own.

use super::validate::Checker;
use super::{Body, DerivedImage, Step};
use crate::correct::{MOST_CHANNELS, MOST_DYES, Mixture};
use crate::words::{one_or_many, words};
use crate::{Error, Result};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// Channels that dyes share, and the dyes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Unmix {
    /// Roles, or images made of them.
    #[serde(deserialize_with = "words")]
    pub channels: Vec<String>,
    /// What each dye looks like.
    pub dyes: BTreeMap<String, Dye>,
    /// What channels show where no dye is: one for all, or one each; nothing is taken away if absent.
    #[serde(deserialize_with = "one_or_many")]
    pub background: Vec<Ground>,
    /// The column of the sample sheet, or of `files.groups`, that says which dye an image is a control of.
    pub controls: Option<String>,
    /// The dyes are written to files, to be looked at.
    pub write: bool,
}

/// What a dye looks like.
#[derive(Clone, Debug, PartialEq)]
pub enum Dye {
    /// Its light in each channel.
    Spectrum(Vec<f64>),
    /// As its controls show it.
    Control,
}

/// What a channel shows where no dye is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ground {
    /// A value.
    Value(f64),
    /// A percentile of each image.
    Percentile(f64),
}

impl<'de> Deserialize<'de> for Dye {
    fn deserialize<D: Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "expected a spectrum: [1.0, 0.2, 0.0], a number for each channel, or \"control\""
        )]
        enum Written {
            Numbers(Vec<f64>),
            Word(String),
        }
        match Written::deserialize(d)? {
            Written::Numbers(numbers) => Ok(Dye::Spectrum(numbers)),
            Written::Word(word) if word == "control" => Ok(Dye::Control),
            Written::Word(word) => Err(D::Error::custom(format!(
                "\"{word}\" is no spectrum   try: [1.0, 0.2, 0.0], a number for each channel, or \"control\""
            ))),
        }
    }
}

impl<'de> Deserialize<'de> for Ground {
    fn deserialize<D: Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a background: a number, or a percentile like \"5 %\"")]
        enum Written {
            Number(f64),
            Word(String),
        }
        let percent = |word: &str| -> Option<f64> {
            let p = word.trim().strip_suffix('%')?.trim().parse().ok()?;
            (0.0..=100.0).contains(&p).then_some(p)
        };
        match Written::deserialize(d)? {
            Written::Number(value) if value.is_finite() => Ok(Ground::Value(value)),
            Written::Number(value) => Err(D::Error::custom(format!("{value} is no background"))),
            Written::Word(word) => percent(&word).map(Ground::Percentile).ok_or_else(|| {
                D::Error::custom(format!("\"{word}\" is no background   try: a value, or a percentile like \"5 %\""))
            }),
        }
    }
}

impl Unmix {
    /// What is taken from a channel, by its place.
    pub fn background(&self, channel: usize) -> Ground {
        let one = if self.background.len() == 1 { 0 } else { channel };
        self.background.get(one).copied().unwrap_or(Ground::Value(0.0))
    }

    /// The spectra of the dyes in the order of their names; nothing while controls are to say one of them.
    pub fn spectra(&self) -> Option<Vec<&[f64]>> {
        let spectrum = |dye| match dye {
            &Dye::Control => None,
            Dye::Spectrum(numbers) => Some(numbers.as_slice()),
        };
        self.dyes.values().map(spectrum).collect()
    }
}

impl Body {
    /// There is a derived image of that name.
    pub fn makes_image(&self, name: &str) -> bool {
        self.images.contains_key(name) || self.mixture_of(name).is_some()
    }

    /// The image is made when object sets are there, of them or of an image that is: no set can be found in it.
    pub fn follows_objects(&self, name: &str) -> bool {
        let of_objects = |image: &DerivedImage| {
            image.steps.iter().any(|step| step.set().is_some()) || image.sources().any(|s| self.follows_objects(s))
        };
        let of_mixture = |(_, mixture): (&str, &Unmix)| mixture.channels.iter().any(|s| self.follows_objects(s));
        self.images.get(name).is_some_and(of_objects) || self.mixture_of(name).is_some_and(of_mixture)
    }

    /// The mixture that a dye is of.
    pub fn mixture_of(&self, dye: &str) -> Option<(&str, &Unmix)> {
        self.unmix.iter().find(|(_, mixture)| mixture.dyes.contains_key(dye)).map(|(name, m)| (name.as_str(), m))
    }

    /// The derived images that are written.
    pub fn written_images(&self) -> impl Iterator<Item = &str> {
        let images = self.images.iter().filter(|(_, image)| image.write).map(|(name, _)| name.as_str());
        let mixtures = self.unmix.values().filter(|mixture| mixture.write);
        images.chain(mixtures.flat_map(|mixture| mixture.dyes.keys().map(String::as_str)))
    }

    /// A derived image is made of this channel, or of this other one.
    pub fn makes_images_of(&self, name: &str) -> bool {
        self.images.values().any(|image| image.sources().any(|s| s == name))
            || self.unmix.values().any(|mixture| mixture.channels.iter().any(|s| s == name))
    }
}

impl DerivedImage {
    /// It holds doses, whatever it is made of.
    pub(crate) fn is_dose(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Prescription(_)))
    }

    /// Its values are light of the channel that it is made of, smoothed or with less of it, and nothing else.
    pub(crate) fn is_light(&self) -> bool {
        let is_other = |step: &Step| {
            matches!(step, Step::Prescription(_) | Step::Texture(_) | Step::Filter(_) | Step::Landscape(_))
        };
        !self.steps.iter().any(is_other)
    }

    /// The channels and images that it is made of.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.channel.as_str()).chain(self.bleed_through.keys().map(String::as_str))
    }
}

impl Checker<'_> {
    /// A mixture that can be unmixed.
    pub fn mixture(&self, name: &str, mixture: &Unmix) -> Result<()> {
        let here = |key: &'static str| ["unmix", name, key];
        self.name(name, &["unmix", name])?;
        for (i, channel) in mixture.channels.iter().enumerate() {
            self.source(channel, &here("channels"))?;
            if mixture.channels[..i].contains(channel) || mixture.dyes.contains_key(channel) {
                let e = self.error(format!("\"{channel}\" stands there twice"), &here("channels"));
                return Err(e.remedy("each channel once, and dyes with names of their own"));
            }
        }
        for dye in mixture.dyes.keys() {
            self.name_of_image(dye, &["unmix", name, "dyes", dye])?;
        }
        let (grounds, channels, dyes) = (mixture.background.len(), mixture.channels.len(), mixture.dyes.len());
        if dyes == 0 || dyes > channels.min(MOST_DYES) || channels > MOST_CHANNELS {
            let e = self.error(format!("{dyes} dyes in {channels} channels"), &["unmix", name]);
            return Err(e.remedy(format!(
                "1 to {MOST_DYES} dyes, at least as many channels as dyes, {MOST_CHANNELS} channels at most"
            )));
        }
        if grounds > 1 && grounds != channels {
            let e = self.error(format!("{grounds} backgrounds for {channels} channels"), &here("background"));
            return Err(e.remedy("one number for all channels, or one each"));
        }
        for (dye, says) in &mixture.dyes {
            let place = ["unmix", name, "dyes", dye];
            match says {
                Dye::Spectrum(numbers) if numbers.len() != channels => {
                    let e = self.error(format!("{} numbers for {channels} channels", numbers.len()), &place);
                    return Err(e.remedy(format!("one number a channel: {}", mixture.channels.join(", "))));
                }
                // By itself, for the line.
                Dye::Spectrum(numbers) => drop(Mixture::new(&[numbers]).map_err(|e| self.no_mixture(&e, &place))?),
                Dye::Control if mixture.controls.is_none() => {
                    let e = self.error(format!("nothing says which images are controls of \"{dye}\""), &place);
                    return Err(
                        e.remedy(format!("controls = \"stain\" in [unmix.{name}]: a column of the sample sheet"))
                    );
                }
                Dye::Control => {}
            }
        }
        let Some(spectra) = mixture.spectra() else { return Ok(()) };
        Mixture::new(&spectra).map(drop).map_err(|e| self.no_mixture(&e, &here("dyes")))
    }

    fn no_mixture(&self, e: &Error, here: &[&str]) -> Error {
        self.error(&e.what, here).remedy(e.remedy.clone().unwrap_or_default())
    }
}
