//! Uptake of a targeted probe against the background next to the object.
//!
//! The ring holds the voxels whose distance to the object lies above its nearer end and not above its farther one. Those that
//! belong to no object of any set and are not as bright as cells (`measure/background`) count as background. A ring that lies in
//! cells, its own or others, says nothing of the ground: the next one farther out that does not stands in for it. Distances are
//! Euclidean between voxel centres. Where the spacing is known they are true distances, in units of the mean pixel side
//! `sqrt(dy dx)`, so a ring in a stack of thick slices is a true shell.

use super::family::{Family, Measurer, Mentions, Needs, Objection, define};
use super::feature::{About, CHANNEL_UNIT, Definition, Feature, Get};
use super::lit_rings;
use super::odd::Odd;
use super::order::Sums;
use super::ring::{Ring, RingBackground, Rings};
use super::{Background, ChannelRef, Request, occupied};
use crate::image::{Labels, Scale};
use crate::ops::grey_step::ROUNDING;
use crate::table::{Cells, Table};
use crate::units::Length;
use crate::{Error, Result};
use rayon::prelude::*;
use serde::Deserialize;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Keys of the recipe.
pub(super) const KEYS: &[&str] = &["ring", "ground", "positive"];

/// Uptake in each channel against a background ring.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Probe {
    /// The ring around each object in which its background is measured: from here to there beyond its edge.
    pub ring: [Length; 2],
    /// What counts as ground in it.
    pub ground: Ground,
    /// Values above which a voxel counts as positive.
    pub positive: Option<Positive>,
}

impl Default for Probe {
    fn default() -> Self {
        Probe { ring: [Length::Px(2.0), Length::Px(7.0)], ground: Ground::Dark, positive: None }
    }
}

/// What counts as ground in the ring around an object.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ground {
    /// What is as dark as the ground of the image: cells lie on glass.
    Dark,
    /// All of the ring but objects: they lie in a body.
    Ring,
    /// What of the ring lies in the objects of this set, but in no object of another one.
    Within(String),
}

/// Values above which a voxel counts as positive.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged, expecting = "expected a number, or one for each channel: positive.probe = 400")]
pub enum Positive {
    /// Of the only channel that is measured.
    One(f64),
    /// By channel.
    Each(BTreeMap<String, f64>),
}

impl Positive {
    /// The largest sample of a channel that is not positive. Samples are whole, so above the value means above the sample
    /// below it.
    fn limit(&self, channel: &ChannelRef) -> Option<i32> {
        let value = match self {
            Positive::One(value) => *value,
            Positive::Each(values) => *values.get(channel.name)?,
        };
        // The cast stops at the ends of i32.
        Some(channel.volume.scale.sample(value).floor() as i32)
    }
}

/// What the probe features are computed from.
#[derive(Clone, Debug)]
pub struct Facts {
    object: Sums,
    ring: RingBackground,
    /// Voxels of the ring in the image, background or not.
    ring_all: usize,
    positive: Option<u64>,
    /// Standard deviation of what rounding took from a sample: noise that is smaller cannot be seen.
    rounding: f64,
    scale: Scale,
}

impl Facts {
    /// Of an object, with its samples in this channel, and its ring.
    pub(super) fn of(
        channel: &ChannelRef,
        samples: &[i32],
        ring: RingBackground,
        ring_all: usize,
        positive: Option<i32>,
    ) -> Self {
        Facts {
            object: Sums::of(samples),
            ring,
            ring_all,
            positive: positive.map(|t| samples.iter().filter(|s| **s > t).count() as u64),
            rounding: channel.rounding.unwrap_or(ROUNDING),
            scale: channel.volume.scale,
        }
    }

    fn value(&self, sample: Option<f64>) -> Option<f64> {
        sample.map(|s| self.scale.value(s))
    }
    /// Mean of the object over the median of its ring, where that is above 0.
    pub(super) fn tbr(&self) -> Option<f64> {
        let background = self.value(self.ring.median).filter(|b| *b > 0.0)?;
        self.value(self.object.mean()).map(|v| v / background)
    }
    fn difference(&self) -> Option<f64> {
        Some((self.object.mean()? - self.ring.mean?) * self.scale.factor())
    }
}

/// Column of the share of a ring that is background.
const USABLE: &str = "ring_usable";

/// A share of a ring that is hardly any of it.
const HARDLY: f64 = 0.2;

const NO_RING: &str = "no background in the ring, nor within one and a half radii";

impl Probe {
    /// 1 where no voxel counts as ground, however dark: in an object of any set, or outside of the one that it lies within.
    fn occupied<'a>(&self, request: &'a Request) -> Result<Cow<'a, [u8]>> {
        let Ground::Within(set) = &self.ground else {
            return Ok(Cow::Borrowed(request.occupied.map_or_else(|| request.labels.inside(), Ok)?));
        };
        let within = request.other(set).ok_or_else(|| Error::usage(format!("there is no object set \"{set}\"")))?;
        let others = request.others.iter().filter(|(name, _)| name != set).map(|(_, labels)| *labels);
        let sets: Vec<&Labels> = others.chain([request.labels]).collect();
        let mut taken = occupied(&sets)?.unwrap_or_default();
        let inside = within.inside()?;
        taken.to_mut().par_iter_mut().zip(inside).for_each(|(taken, inside)| *taken |= 1 - inside);
        Ok(taken)
    }
}

impl Family for Probe {
    fn channel_columns(&self, about: &About) -> Vec<Definition> {
        define(FEATURES, about)
    }

    fn begin<'a>(&'a self, request: &'a Request<'a>) -> Result<Measurer<'a>> {
        if request.channels.is_empty() {
            return Ok(Box::new(|_, _| Ok(())));
        }
        let ring = Ring::new(self.ring, &request.ruler())?;
        let occupied = self.occupied(request)?;
        let images = request.channels.iter().map(|c| c.volume.samples.host()).collect::<Result<Vec<_>>>()?;
        let limits: Vec<_> = request.channels.iter().map(|c| self.positive.as_ref()?.limit(c)).collect();
        let whole = |c: &ChannelRef| c.background.filter(|_| self.ground != Ground::Dark).map(Background::whole);
        let whole: Vec<Option<Background>> = request.channels.iter().map(whole).collect();
        Ok(Box::new(move |of, values| {
            let mut rings = Rings::around(&of.object, ring, of.spacing, &occupied);
            let judged = images.iter().zip(&limits).zip(&whole);
            for ((channel, samples), ((image, limit), whole)) in of.channels().zip(judged) {
                let channel = &ChannelRef { background: whole.as_ref().or(channel.background), ..*channel };
                let background = RingBackground::of(channel, image, &mut rings);
                let seen = of.object.seen(channel, &samples);
                values.put(FEATURES, Some(&Facts::of(channel, &seen, background, rings.own().all, *limit)));
            }
            Ok(())
        }))
    }

    /// Rings in which hardly any background is left.
    fn odd(&self, rows: &Table) -> Vec<Odd> {
        let rings = rows.columns.iter().filter(|c| c.name.starts_with(USABLE));
        let rings =
            rings.filter_map(|c| if let Cells::Real(shares) = &c.cells { Some((&c.name, shares)) } else { None });
        let odd = rings.map(|(column, shares)| {
            let what = format!(
                "have hardly any background in their ring ({column} below {HARDLY}): what is compared with it rests on few voxels, or on \
                 ground farther away; grow cells further that reach beyond what was found, or widen the ring; in an animal, an organ or tissue neither \
                 helps: see probe.ground in docs/recipes.md"
            );
            let shares = || shares.iter().flatten();
            Odd { what, rows: shares().filter(|share| **share < HARDLY).count(), of: shares().count(), beyond: 0.5 }
        });
        odd.collect()
    }

    /// Rings that lie in something bright and large.
    fn doubts(&self, _: &Table, request: &Request) -> Result<Vec<String>> {
        if self.ground != Ground::Dark || request.labels.count == 0 || request.channels.is_empty() {
            return Ok(vec![]);
        }
        let (ring, occupied) = (Ring::new(self.ring, &request.ruler())?, self.occupied(request)?);
        let told = request.channels.iter().map(|channel| lit_rings::warning(channel, request, ring, &occupied));
        Ok(told.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    fn needs(&self) -> Needs {
        let voxel_bytes = u64::from(matches!(self.ground, Ground::Within(_)));
        Needs { background: true, voxel_bytes, ..Needs::default() }
    }

    fn mentions(&self) -> Mentions<'_> {
        let each = match &self.positive {
            Some(Positive::Each(values)) => values.keys().map(|name| ("positive", name.as_str())).collect(),
            _ => vec![],
        };
        let within = if let Ground::Within(set) = &self.ground { vec![("ground", set.as_str())] } else { vec![] };
        let lengths = self.ring.map(|length| ("ring", length)).to_vec();
        Mentions { sets: within, channels: each, lengths, ..Mentions::default() }
    }

    fn check(&self, channels: &[&str]) -> std::result::Result<(), Objection> {
        let objection = |key, what: &str, remedy: String| Err(Objection { key, what: what.into(), remedy });
        let values = match (&self.positive, channels) {
            (Some(Positive::One(_)), channels) if channels.len() > 1 => {
                let channel = channels.iter().find(|c| **c == "probe").or(channels.last()).map_or("CHANNEL", |c| *c);
                let remedy = format!("positive.{channel}");
                return objection("positive", "several channels are measured, and one number", remedy);
            }
            (Some(Positive::One(value)), _) => vec![*value],
            (Some(Positive::Each(values)), _) => values.values().copied().collect(),
            (None, _) => vec![],
        };
        if values.iter().any(|v| !v.is_finite()) {
            return objection("positive", "a number is out of range", "no inf or nan".into());
        }
        let [from, to] = self.ring;
        let what = format!("ring runs from \"{from}\" to \"{to}\": there is nothing between them");
        match from.compare(to) {
            Some(Ordering::Greater) => objection("ring", &what, format!("ring = [\"{to}\", \"{from}\"]")),
            Some(Ordering::Equal) => objection("ring", &what, "ring = [\"2 px\", \"7 px\"]".into()),
            _ => Ok(()),
        }
    }
}

/// Uptake of a targeted probe.
pub const FEATURES: &[Feature<Facts>] = &[
    Feature {
        name: "ring_px",
        unit: "px",
        definition: "Number of background voxels in the ring around the object. Where less than a fifth of its voxels in no object is \
                     background, here and below the next ring farther out that has more stands in for it (each as wide as it is far \
                     away), up to one and a half radii of the object; 0 where there is none and its own has only the dark end of something brighter",
        standard: "",
        empty: "",
        get: Get::Int(|f| Some(f.ring.n as i64)),
    },
    Feature {
        name: USABLE,
        unit: "1",
        definition: "Share of the ring's voxels in the image that are background: in no object of any set, not brighter \
                     than the image's background_limit (where slices have unlike grounds, that of the voxel's slice), and not the \
                     black beside a picture",
        standard: "",
        empty: "the object fills the image",
        get: Get::Real(|f| (f.ring_all > 0).then(|| f.ring.near as f64 / f.ring_all as f64)),
    },
    Feature {
        name: "ring_mean",
        unit: CHANNEL_UNIT,
        definition: "Mean of the background ring",
        standard: "",
        empty: NO_RING,
        get: Get::Real(|f| f.value(f.ring.mean)),
    },
    Feature {
        name: "ring_median",
        unit: CHANNEL_UNIT,
        definition: "Median of the background ring",
        standard: "",
        empty: NO_RING,
        get: Get::Real(|f| f.value(f.ring.median)),
    },
    Feature {
        name: "tbr",
        unit: "1",
        definition: "Target to background ratio: mean of the object over the median of its ring",
        standard: "",
        empty: "the ring is empty or its median is not positive",
        get: Get::Real(Facts::tbr),
    },
    Feature {
        name: "cnr",
        unit: "1",
        definition: "Contrast to noise ratio: mean of the object minus mean of its ring, over the ring's standard deviation, \
                     that of rounding (1 / sqrt(12) of a grey step of the image) at least",
        standard: "",
        empty: NO_RING,
        get: Get::Real(|f| {
            let noise = f.ring.std?.max(f.rounding) * f.scale.factor();
            f.difference().map(|d| d / noise)
        }),
    },
    Feature {
        name: "specific_uptake",
        unit: CHANNEL_UNIT,
        definition: "Mean of the object minus mean of its ring",
        standard: "",
        empty: NO_RING,
        get: Get::Real(Facts::difference),
    },
    Feature {
        name: "positive_fraction",
        unit: "1",
        definition: "Share of the object's voxels above the channel's threshold of positivity",
        standard: "",
        empty: "the channel has no threshold of positivity",
        get: Get::Real(|f| f.positive.filter(|_| f.object.n > 0).map(|n| n as f64 / f.object.n as f64)),
    },
];
