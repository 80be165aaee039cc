//! How two channels go together within an object (CellProfiler's MeasureColocalization, with Spearman, Li's ICQ, Otsu's
//! thresholds and a test against shuffled voxels).
//!
//! Everything is computed from exact sums over the object's voxels, in 2-D and 3-D alike, and divided once. What depends on a
//! scale (Costes' grid) counts values in parts of a full scale. `docs/colocalisation.md` says what the columns are good for.

mod costes;
mod facts;
mod ranks;
mod shuffle;
mod side;
mod sums;

pub use costes::Search;
pub use facts::Facts;

use super::family::{Context, Family, Measurer, Mentions, Needs, Objection};
use super::feature::{About, CHANNEL_UNIT, Definition, Feature, Get};
use super::full_scale::{self, full_scale};
use super::object::Object;
use super::{Request, suffixes};
use crate::Result;
use crate::image::Scale;
use crate::ops::extent::extents;
use crate::table::{Cells, Table};
use facts::Choice;
use serde::Deserialize;
use side::Side;
use std::collections::BTreeMap;

/// Keys of the recipe.
pub(super) const KEYS: &[&str] = &["pairs", "fraction", "costes", "full_scale", "shuffles"];

/// Pairs of channels in each object.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Colocalisation {
    /// Which channels go together; all pairs if absent.
    pub pairs: Option<Vec<[String; 2]>>,
    /// The part of a channel's largest value in the object from which on a voxel counts.
    pub fraction: f64,
    /// How Costes' thresholds are searched for.
    pub costes: Search,
    /// The value that counts as 1.
    pub full_scale: Option<f64>,
    /// Orders of voxels that the correlation is compared with.
    pub shuffles: u32,
}

impl Default for Colocalisation {
    fn default() -> Self {
        Colocalisation { pairs: None, fraction: 0.15, costes: Search::default(), full_scale: None, shuffles: 0 }
    }
}

/// Orders of voxels at most.
const MOST_SHUFFLES: u32 = 100_000;

impl Colocalisation {
    /// Which of these channels go together, by their places.
    fn places(&self, channels: &[&str]) -> Vec<[usize; 2]> {
        let Some(pairs) = &self.pairs else {
            // By name: the order of channels is that of each file.
            let mut order: Vec<usize> = (0..channels.len()).collect();
            order.sort_by_key(|i| channels[*i]);
            let behind = |k: usize| order[k + 1..].iter().map(move |b| (k, *b));
            return (0..order.len()).flat_map(behind).map(|(k, b)| [order[k], b]).collect();
        };
        let place = |name: &String| channels.iter().position(|c| c == name);
        pairs.iter().filter_map(|[a, b]| Some([place(a)?, place(b)?])).collect()
    }

    fn choice(&self, shuffles: u32) -> Choice {
        Choice { fraction: self.fraction, search: self.costes, shuffles }
    }

    /// What a column of a pair is.
    fn define(f: &Feature<Facts>, channels: &[(&str, &str)], suffixes: &[String], [a, b]: [usize; 2]) -> Definition {
        let pair = format!("{}_{}", suffixes[a], suffixes[b]);
        let values = channels[if f.name.ends_with("_2") { b } else { a }].1;
        let mut d = f.define(&About { channel: Some(&pair), values, ..About::objects(crate::units::Unit::Um) });
        if f.name == SLOPE && channels[a].1 != channels[b].1 {
            d.unit = format!("{}/{}", channels[b].1, channels[a].1);
        }
        d
    }

    fn features(&self) -> impl Iterator<Item = &'static Feature<Facts>> {
        FEATURES.iter().chain(SHUFFLED.iter().filter(|_| self.shuffles > 0))
    }
}

/// The channels of a request: their names and units.
fn names<'a>(request: &'a Request) -> Vec<(&'a str, &'a str)> {
    request.channels.iter().map(|c| (c.name, c.unit)).collect()
}

/// A channel of a request.
struct Source<'a> {
    image: &'a [i32],
    scale: Scale,
    full: f64,
}

fn sources<'a>(request: &'a Request, wanted: Option<f64>, pairs: &[[usize; 2]]) -> Result<Vec<Source<'a>>> {
    let source = |(i, c): (usize, &super::ChannelRef<'a>)| {
        // Channels that are in no pair have no full scale to be wrong, and need not be in memory.
        let is_used = pairs.as_flattened().contains(&i);
        let (image, full) = if is_used { (c.volume.samples.host()?, full_scale(c, wanted)?) } else { (&[][..], 1.0) };
        Ok(Source { image, scale: c.volume.scale, full })
    };
    request.channels.iter().enumerate().map(source).collect()
}

impl Family for Colocalisation {
    fn columns(&self, context: &Context) -> Vec<Definition> {
        let suffixes = context.suffixes();
        let channels = context.channels.iter().map(|c| c.0).collect::<Vec<_>>();
        let of_pair = |pair| self.features().map(move |f| (f, pair));
        let all = self.places(&channels).into_iter().flat_map(of_pair);
        all.map(|(f, pair)| Self::define(f, context.channels, &suffixes, pair)).collect()
    }

    fn begin<'a>(&'a self, request: &'a Request<'a>) -> Result<Measurer<'a>> {
        let pairs = self.places(&names(request).iter().map(|c| c.0).collect::<Vec<_>>());
        let sources = sources(request, self.full_scale, &pairs)?;
        Ok(Box::new(move |of, values| {
            let is_used = |i: usize| pairs.as_flattened().contains(&i);
            let take = |(i, s): (usize, &Source)| if is_used(i) { of.object.samples(s.image) } else { vec![] };
            let samples: Vec<Vec<i32>> = sources.iter().enumerate().map(take).collect();
            for pair in &pairs {
                let side = |i: usize| Side { samples: &samples[i], scale: sources[i].scale, full: sources[i].full };
                let facts = Facts::of(&pair.map(side), &self.choice(self.shuffles), of.object.label);
                values.put(FEATURES, Some(&facts));
                values.put(if self.shuffles > 0 { SHUFFLED } else { &[] }, Some(&facts));
            }
            Ok(())
        }))
    }

    fn totals(&self, set: &str, request: &Request) -> Result<Table> {
        let channels = names(request);
        let plain: Vec<&str> = channels.iter().map(|c| c.0).collect();
        let (pairs, suffixes) = (self.places(&plain), suffixes(&plain));
        let sources = sources(request, self.full_scale, &pairs)?;
        let mut table = Table::default();
        for pair in pairs {
            let mut samples = [vec![], vec![]];
            for (i, extent) in extents(request.labels)?.into_iter().enumerate() {
                let object = Object::new(request.labels, i as u32 + 1, extent)?;
                for k in [0, 1] {
                    samples[k].extend(object.samples(sources[pair[k]].image));
                }
            }
            let side =
                |k: usize| Side { samples: &samples[k], scale: sources[pair[k]].scale, full: sources[pair[k]].full };
            let facts = (!samples[0].is_empty()).then(|| Facts::of(&[side(0), side(1)], &self.choice(0), 0));
            for f in FEATURES {
                let mut d = Self::define(f, &channels, &suffixes, pair);
                d.name = format!("{}_{set}", d.name);
                d.definition = format!("{}; over all voxels of {set} together", d.definition);
                let Get::Real(get) = f.get else { continue };
                let cell = facts.as_ref().and_then(get).filter(|v| v.is_finite());
                table.push(d.column(Cells::Real(vec![cell])));
            }
        }
        Ok(table)
    }

    fn needs(&self) -> Needs {
        Needs { together: true, ..Needs::default() }
    }

    fn mentions(&self) -> Mentions<'_> {
        let named = self.pairs.iter().flatten().flatten().map(|name| ("pairs", name.as_str()));
        Mentions { channels: named.collect(), ..Mentions::default() }
    }

    fn check(&self, channels: &[&str]) -> std::result::Result<(), Objection> {
        let wrong = |key, what: String, remedy: &str| Err(Objection { key, what, remedy: remedy.into() });
        if self.pairs.is_none() && channels.len() < 2 {
            return wrong("pairs", "there are no two channels that are measured".into(), "channels = [\"A\", \"B\"]");
        }
        let mut before: Vec<&[String; 2]> = vec![];
        for pair in self.pairs.iter().flatten() {
            let [a, b] = pair;
            if a == b || before.contains(&pair) {
                let what = if a == b { "is a channel with itself" } else { "stands there twice" };
                return wrong(
                    "pairs",
                    format!("[\"{a}\", \"{b}\"] {what}"),
                    "pairs = [[\"A\", \"B\"], [\"A\", \"C\"]]",
                );
            }
            before.push(pair);
        }
        if self.pairs.as_ref().is_some_and(Vec::is_empty) {
            return wrong("pairs", "there are no pairs".into(), "leave pairs out for all of them");
        }
        let mut names: BTreeMap<String, [usize; 2]> = BTreeMap::new();
        for [a, b] in self.places(channels) {
            let name = format!("{}_{}", channels[a], channels[b]);
            let Some([c, d]) = names.insert(name.clone(), [a, b]) else { continue };
            let [a, b, c, d] = [a, b, c, d].map(|i| channels[i]);
            let what =
                format!("columns of two pairs would end in {name}: \"{c}\" with \"{d}\", and \"{a}\" with \"{b}\"");
            return wrong(
                "pairs",
                what,
                "another name for one of these channels, or pairs = [[\"A\", \"B\"]] without one of the two",
            );
        }
        if !(0.0..=1.0).contains(&self.fraction) {
            return wrong("fraction", format!("{} is no part of the largest value", self.fraction), "fraction = 0.15");
        }
        if self.shuffles > MOST_SHUFFLES {
            return wrong("shuffles", format!("{} shuffles", self.shuffles), "shuffles = 200, up to 100000");
        }
        full_scale::check(self.full_scale)
    }
}

const SLOPE: &str = "coloc_slope";
const FLAT: &str = "a channel is flat in the object, or the object is one voxel";
const NOT_POSITIVE: &str = "the channel has no positive total among the voxels that count";
const NO_COSTES: &str = "fewer than three voxels, a flat channel, no correlation along the line of regression, or nothing \
                         above the thresholds";
const AT_FRACTION: &str = "Manders' coefficient: of the channel's total in voxels that reach `fraction` of its largest value \
                           in the object, the part in voxels where both channels do";
const K: &str = "Overlap's part of the channel: sum of products over sum of its squares, where both channels reach `fraction` \
                 of their largest value; 0 where no voxel does";
const RWC: &str = "Manders' coefficient at `fraction` with weights that fall with the distance between a voxel's ranks in the \
                   two channels";
const OTSU: &str = "Manders' coefficient with Otsu's thresholds of the object in both channels";
const COSTES: &str = "Manders' coefficient with Costes' thresholds of the object in both channels";

const fn real(
    name: &'static str,
    definition: &'static str,
    standard: &'static str,
    empty: &'static str,
    get: fn(&Facts) -> Option<f64>,
) -> Feature<Facts> {
    Feature { name, unit: "1", definition, standard, empty, get: Get::Real(get) }
}

const fn threshold(
    name: &'static str,
    definition: &'static str,
    empty: &'static str,
    get: fn(&Facts) -> Option<f64>,
) -> Feature<Facts> {
    Feature { unit: CHANNEL_UNIT, ..real(name, definition, "", empty, get) }
}

/// Of a pair of channels; 1 is the first of them, 2 the second.
pub const FEATURES: &[Feature<Facts>] = &[
    real("coloc_pearson", "Pearson's correlation", "CellProfiler:Correlation_Correlation", FLAT, |f| f.pearson),
    real("coloc_spearman", "Spearman's rank correlation, equal values with their mean rank", "", FLAT, |f| f.spearman),
    real(
        SLOPE,
        "Slope of the least squares line of the second channel on the first",
        "CellProfiler:Correlation_Slope",
        "the first channel is flat in the object, or the object is one voxel",
        |f| f.slope,
    ),
    real(
        "coloc_icq",
        "Li's intensity correlation quotient: share of voxels on the same side of both means, less one half",
        "",
        FLAT,
        |f| f.icq,
    ),
    real(
        "coloc_overlap",
        "Sum of products over the root of the product of the sums of squares, where both channels reach \
        `fraction` of their largest value in the object; 0 where no voxel does",
        "CellProfiler:Correlation_Overlap",
        "both channels are 0 there",
        |f| f.overlap,
    ),
    real("coloc_k_1", K, "CellProfiler:Correlation_K", "the channel is 0 there", |f| f.k[0]),
    real("coloc_k_2", K, "CellProfiler:Correlation_K", "the channel is 0 there", |f| f.k[1]),
    real("coloc_manders_1", AT_FRACTION, "CellProfiler:Correlation_Manders", NOT_POSITIVE, |f| f.manders[0]),
    real("coloc_manders_2", AT_FRACTION, "CellProfiler:Correlation_Manders", NOT_POSITIVE, |f| f.manders[1]),
    real("coloc_rwc_1", RWC, "CellProfiler:Correlation_RWC", NOT_POSITIVE, |f| f.rwc[0]),
    real("coloc_rwc_2", RWC, "CellProfiler:Correlation_RWC", NOT_POSITIVE, |f| f.rwc[1]),
    real("coloc_otsu_1", OTSU, "", FLAT, |f| f.otsu[0]),
    real("coloc_otsu_2", OTSU, "", FLAT, |f| f.otsu[1]),
    threshold("coloc_otsu_threshold_1", "Otsu's threshold of the first channel in the object", FLAT, |f| {
        f.otsu_threshold[0]
    }),
    threshold("coloc_otsu_threshold_2", "Otsu's threshold of the second channel in the object", FLAT, |f| {
        f.otsu_threshold[1]
    }),
    real("coloc_costes_1", COSTES, "CellProfiler:Correlation_Costes", NO_COSTES, |f| f.costes[0]),
    real("coloc_costes_2", COSTES, "CellProfiler:Correlation_Costes", NO_COSTES, |f| f.costes[1]),
    threshold("coloc_costes_threshold_1", "Costes' threshold of the first channel in the object", NO_COSTES, |f| {
        f.costes_threshold[0]
    }),
    threshold("coloc_costes_threshold_2", "Costes' threshold of the second channel in the object", NO_COSTES, |f| {
        f.costes_threshold[1]
    }),
];

/// Of a pair of channels, where voxels are shuffled.
pub const SHUFFLED: &[Feature<Facts>] = &[real(
    "coloc_shuffle_p",
    "Share of orders of the object's voxels whose correlation is as large as that of the order they have, which counts among them",
    "",
    FLAT,
    |f| f.p,
)];
