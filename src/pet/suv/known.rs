//! All that is known of a series before a rule is chosen.

use super::body::Body;
use super::clock::Times;
use super::injection::Injection;
use super::{HeaderFacts, Settings, names};
use crate::{Error, Result};

/// All that is known of a series before a rule is chosen.
#[derive(Debug)]
pub struct Known<'a> {
    /// What the headers say.
    pub facts: &'a HeaderFacts,
    /// What the user says.
    pub settings: &'a Settings,
    /// Weight, height, sex.
    pub body: Body,
    /// Bq; an error where the recorded dose is not plausible.
    pub dose: Result<Option<f64>>,
    /// s; an error where the recorded one cannot be.
    pub half_life: Result<Option<f64>>,
    /// When the scan was.
    pub times: Times,
    /// When the injection was; an error where that does not fit the scan.
    pub injection: Result<Option<Injection>>,
}

impl<'a> Known<'a> {
    /// Another one of the same series.
    pub fn copy(&self) -> Known<'a> {
        Known {
            dose: self.dose.clone(),
            half_life: self.half_life.clone(),
            times: self.times.clone(),
            injection: self.injection.clone(),
            ..*self
        }
    }
    /// The half-life in s, where one is known that can be.
    pub fn life(&self) -> Option<f64> {
        self.half_life.as_ref().ok().copied().flatten()
    }
    /// A correction is among those made.
    pub fn corrected(&self, code: &str) -> bool {
        self.facts.corrected_image.iter().any(|c| c.trim().eq_ignore_ascii_case(code))
    }
    pub fn weight(&self) -> Result<f64> {
        self.body.weight.ok_or_else(|| {
            let name = names::WEIGHT.of(self.facts.bids);
            let what = match self.facts.weight {
                Some(w) => format!("{name} is {w}"),
                None => self.facts.lacks(name),
            };
            Error::format(what).needed_for("SUVbw").remedy("--set suv.weight_kg=...")
        })
    }
    pub fn height(&self, what: &str) -> Result<f64> {
        self.body.height.ok_or_else(|| {
            Error::format(self.facts.lacks(names::HEIGHT.of(self.facts.bids)))
                .needed_for(format!("SUVbw from {what}"))
                .remedy("--set suv.height_m=...")
        })
    }
    pub fn dose(&self) -> Result<f64> {
        self.dose.clone()?.ok_or_else(|| {
            Error::format(self.facts.lacks(names::DOSE.of(self.facts.bids)))
                .needed_for("SUVbw")
                .remedy("--set suv.dose_mbq=...")
        })
    }
}
