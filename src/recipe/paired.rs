//! `[paired.SET]`: a targeted probe and an untargeted one that goes wherever the first one goes but binds nothing.
//!
//! ```toml
//! [paired.cells]
//! EGFR = { targeted = "probe", untargeted = "isotype" }
//! HER2 = { targeted = "a", untargeted = "b", factor = 1.3 }             # b shows so much less than a where nothing binds
//! CD8 = { targeted = "c", untargeted = "b", reference = "muscle" }       # what makes both agree there
//! CD3 = { targeted = "d", untargeted = "b", column = "intensity_mean", ground = [100, 98] }
//! ```

use super::Body;
use super::phenotypes::{BySet, by_set};
use super::place::likely;
use super::validate::Checker;
use crate::Result;
use crate::measure::suffixes;
use serde::{Deserialize, Deserializer};

/// A targeted probe and the untargeted one beside it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Paired {
    /// The channel of the probe that binds.
    pub targeted: String,
    /// The channel of the one that does not.
    pub untargeted: String,
    /// What of the channels is compared.
    pub column: Compared,
    /// What both channels have where there is no probe: it is taken off means, which have it in them.
    pub ground: Option<[f64; 2]>,
    /// The untargeted channel times this shows what the targeted one does where nothing binds; 1 if absent.
    pub factor: Option<f64>,
    /// The object set without a target over whose objects that factor is found.
    pub reference: Option<String>,
}

/// What of two channels is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compared {
    /// The mean of an object above that of its ring.
    #[default]
    SpecificUptake,
    /// The mean of an object.
    IntensityMean,
}

impl Compared {
    /// The column in a channel, by its name.
    pub fn in_channel(self, channel: &str) -> String {
        let stem = match self {
            Compared::SpecificUptake => "specific_uptake",
            Compared::IntensityMean => "intensity_mean",
        };
        of_channel(stem, channel)
    }

    fn family(self) -> &'static str {
        match self {
            Compared::SpecificUptake => "probe",
            Compared::IntensityMean => "intensity",
        }
    }
}

/// A column of a channel.
pub(crate) fn of_channel(stem: &str, channel: &str) -> String {
    format!("{stem}_{}", suffixes(&[channel]).concat())
}

/// The columns of an object, by the name of the pair: the binding potential, and the ratio.
pub(crate) fn columns(pair: &str) -> [String; 2] {
    [format!("binding_potential_{pair}"), format!("ratio_{pair}")]
}

/// The tables `[paired.SET]`.
pub(super) fn paired<'de, D: Deserializer<'de>>(d: D) -> std::result::Result<BySet<Paired>, D::Error> {
    by_set(d, "paired", Some("targeted"))
}

impl Body {
    /// The columns with numbers that pairs of probes give to the objects of a set.
    pub(super) fn paired_columns(&self, set: &str) -> impl Iterator<Item = String> {
        self.paired.get(set).into_iter().flatten().flat_map(|(pair, _)| columns(pair))
    }
}

impl Checker<'_> {
    /// Pairs of channels that are measured on their sets.
    pub fn paired(&self) -> Result<()> {
        for (set, pairs) in &self.body.paired {
            self.known("object set", set, &["paired", set], &self.body.objects)?;
            for (pair, how) in pairs {
                let here = ["paired", set.as_str(), pair.as_str()];
                self.name(pair, &here)?;
                self.channels_of_pair(how, &here)?;
                self.compared(set, how, &here)?;
                self.scale_of_pair(set, how, &here)?;
            }
        }
        Ok(())
    }

    fn channels_of_pair(&self, how: &Paired, here: &[&str]) -> Result<()> {
        for (key, channel) in [("targeted", &how.targeted), ("untargeted", &how.untargeted)] {
            if channel.is_empty() {
                let e = self.error(format!("a pair of probes names no {key} channel"), here);
                return Err(e.remedy("{ targeted = \"CHANNEL\", untargeted = \"CHANNEL\" }"));
            }
            self.source(channel, here)?;
        }
        if how.targeted == how.untargeted {
            let e = self.error(format!("\"{}\" is compared with itself", how.targeted), here);
            return Err(e.remedy("two channels: that of the probe that binds, and that of the one that does not"));
        }
        Ok(())
    }

    /// What is compared is measured, and its ground is off.
    fn compared(&self, set: &str, how: &Paired, here: &[&str]) -> Result<()> {
        self.is_compared(set, how, here)?;
        match (how.column, how.ground) {
            (Compared::IntensityMean, None) => Err(self
                .error("means have the ground of their channels in them, which brings every ratio nearer to 1,", here)
                .remedy(
                    "ground = [100, 98], the values of the targeted and the untargeted channel without any probe ([0, 0] where the ground is \
                     off already), or column = \"specific_uptake\"",
                )),
            (Compared::SpecificUptake, Some(_)) => Err(self
                .error("specific_uptake has no ground in it that could be taken off", here)
                .remedy("leave ground out, or column = \"intensity_mean\"")),
            (_, Some(ground)) if ground.iter().any(|v| !v.is_finite()) => {
                Err(self.error("a ground has no inf or nan", here).remedy("ground = [100, 98]"))
            }
            _ => Ok(()),
        }
    }

    fn is_compared(&self, set: &str, how: &Paired, here: &[&str]) -> Result<()> {
        let columns = self.body.columns_before_classes(set);
        for channel in [&how.targeted, &how.untargeted] {
            let column = how.column.in_channel(channel);
            if columns.contains(&column) {
                continue;
            }
            let e = self.error(format!("\"{set}\" has no column \"{column}\" to compare"), here);
            let family = how.column.family();
            return Err(match self.body.measure.get(set) {
                Some(measure) if measure.features.iter().any(|name| name == family) => {
                    e.remedy(format!("\"{channel}\" in channels of [measure.{set}]"))
                }
                Some(measure) => {
                    let features: Vec<&str> = measure.features.iter().map(String::as_str).chain([family]).collect();
                    e.remedy(format!("features = {features:?} in [measure.{set}], with the channel {channel}"))
                }
                None => e.remedy(format!("[measure.{set}] with features = [\"{family}\"]")),
            });
        }
        Ok(())
    }

    fn scale_of_pair(&self, set: &str, how: &Paired, here: &[&str]) -> Result<()> {
        if let Some(factor) = how.factor.filter(|f| !(f.is_finite() && *f > 0.0)) {
            let e = self.error(format!("{factor} is no factor between two channels"), here);
            return Err(
                e.remedy("factor = 1.3: the untargeted channel times this is the targeted one where nothing binds")
            );
        }
        let Some(reference) = &how.reference else { return Ok(()) };
        if how.factor.is_some() {
            let e = self.error("both factor and reference say what makes the channels agree", here);
            return Err(e.remedy("one of them"));
        }
        if reference == set {
            let e = self.error(format!("\"{set}\" is its own reference: nothing would seem to bind"), here);
            let others: Vec<&str> = self.body.objects.keys().map(String::as_str).filter(|name| *name != set).collect();
            return Err(e.remedy(match others.is_empty() {
                true => "an object set without a target, or factor = 1.3".into(),
                false => likely(reference, &others),
            }));
        }
        self.known("object set", reference, here, &self.body.objects)?;
        self.is_compared(reference, how, here)
    }
}
