//! FISH: copies of one or two probes in each nucleus, their ratio, and what all nuclei of an image say together.
//!
//! A probe is an object set of spots that is called as its channel is. Signals are counted by position, each spot once, and by
//! light (`signals`), which sees the copies of a cluster that no lens tells apart. Both stand side by side: columns that end in
//! `_by_light` are the second. A nucleus is left out if it touches the border of the image in the plane; if it is larger than
//! `largest` times the median of those that do not (two that overlap); or if a probe has no signal in it.

mod copy;
mod groups;
mod signals;
mod totals;

use super::Request;
use super::family::{Context, Family, Measurer, Mentions, Needs, Objection, define};
use super::feature::{Definition, Feature, Get};
use crate::ops::extent::{Extent, extents};
use crate::table::Table;
use crate::units::Length;
use crate::{Error, Result};
use groups::{COPIES, RATIO};
use serde::Deserialize;
use signals::Signals;

/// Keys of the recipe.
pub(super) const KEYS: &[&str] = &["target", "reference", "sigma", "largest"];

/// Copies of probes in nuclei.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fish {
    /// The probe that is counted: a channel, and a set of spots that is called so.
    pub target: String,
    /// The probe that it is compared with.
    pub reference: Option<String>,
    /// How wide signals are.
    pub sigma: Length,
    /// A nucleus larger than so many times the median is left out.
    pub largest: f64,
}

impl Default for Fish {
    fn default() -> Self {
        Fish { target: "target".into(), reference: None, sigma: Length::Px(1.4), largest: 1.8 }
    }
}

/// Why a nucleus is left out.
const COUNTED: i64 = 0;
const AT_BORDER: i64 = 1;
const TOO_LARGE: i64 = 2;
const NO_SIGNAL: i64 = 3;

/// A probe in a nucleus.
#[derive(Clone, Copy, Debug)]
struct Probe {
    count: usize,
    by_light: Option<f64>,
}

/// What the features of a nucleus are computed from.
#[derive(Clone, Debug)]
pub struct Facts {
    left_out: i64,
    target: Option<Probe>,
    reference: Option<Probe>,
    dual: bool,
}

impl Facts {
    fn ratio(&self) -> Option<f64> {
        Some(self.target?.count as f64 / self.reference.filter(|r| r.count > 0)?.count as f64)
    }
    fn ratio_by_light(&self) -> Option<f64> {
        Some(self.target?.by_light? / self.reference.and_then(|r| r.by_light).filter(|c| *c > 0.0)?)
    }
    fn amplified(&self, ratio: Option<f64>, copies: Option<f64>) -> Option<i64> {
        let limit = if self.dual { ratio.map(|r| r >= RATIO) } else { copies.map(|c| c >= COPIES) };
        limit.filter(|_| self.left_out == COUNTED).map(i64::from)
    }
}

const NO_CHANNEL: &str = "the image has no channel for the probe";
const NO_REFERENCE: &str = "no reference probe, or no signal of it";
const NO_COPY: &str = "too few single signals say how bright a copy is, or no channel for the probe";
const LEFT_OUT: &str = "the nucleus is left out";

/// Features of nuclei.
pub const FEATURES: &[Feature<Facts>] = &[
    Feature {
        name: "fish_left_out",
        unit: "1",
        definition: "Why the nucleus is left out. 0: it counts; 1: it touches the border of the image; \
                     2: it is so large that it may be several; 3: a probe has no signal in it",
        standard: "",
        empty: NO_CHANNEL,
        get: Get::Int(|f| f.target.map(|_| f.left_out)),
    },
    Feature {
        name: "fish_target_count",
        unit: "1",
        definition: "Signals of the target in the nucleus, each position once",
        standard: "",
        empty: NO_CHANNEL,
        get: Get::Int(|f| f.target.map(|p| p.count as i64)),
    },
    Feature {
        name: "fish_target_by_light",
        unit: "1",
        definition: "Light of the target's signals in the nucleus over that of one copy",
        standard: "",
        empty: NO_COPY,
        get: Get::Real(|f| f.target?.by_light),
    },
    Feature {
        name: "fish_reference_count",
        unit: "1",
        definition: "Signals of the reference in the nucleus, each position once",
        standard: "",
        empty: "no reference probe, or no channel for it",
        get: Get::Int(|f| f.reference.map(|p| p.count as i64)),
    },
    Feature {
        name: "fish_reference_by_light",
        unit: "1",
        definition: "Light of the reference's signals in the nucleus over that of one copy",
        standard: "",
        empty: "no reference probe, no channel for it, or too few single signals say how bright a copy is",
        get: Get::Real(|f| f.reference?.by_light),
    },
    Feature {
        name: "fish_ratio",
        unit: "1",
        definition: "fish_target_count over fish_reference_count",
        standard: "",
        empty: NO_REFERENCE,
        get: Get::Real(Facts::ratio),
    },
    Feature {
        name: "fish_ratio_by_light",
        unit: "1",
        definition: "fish_target_by_light over fish_reference_by_light",
        standard: "",
        empty: "no reference probe, no signal of it, or too few single signals say how bright a copy is",
        get: Get::Real(Facts::ratio_by_light),
    },
    Feature {
        name: "fish_amplified",
        unit: "1",
        definition: "1 if fish_ratio is 2.0 or more, with one probe if fish_target_count is 6 or more; else 0",
        standard: "",
        empty: LEFT_OUT,
        get: Get::Int(|f| f.amplified(f.ratio(), f.target.map(|p| p.count as f64))),
    },
    Feature {
        name: "fish_amplified_by_light",
        unit: "1",
        definition: "1 if fish_ratio_by_light is 2.0 or more, with one probe if fish_target_by_light is 6 or more; else 0",
        standard: "",
        empty: "the nucleus is left out, or too few single signals say how bright a copy is",
        get: Get::Int(|f| f.amplified(f.ratio_by_light(), f.target.and_then(|p| p.by_light))),
    },
];

/// What is known of the nuclei of an image.
#[derive(Default)]
struct Nuclei {
    /// By label.
    facts: Vec<Facts>,
    /// How unlike the copies of the target and of the reference are.
    spreads: [Option<f64>; 2],
}

impl Fish {
    fn nuclei(&self, request: &Request) -> Result<Nuclei> {
        let plane = self.sigma.px(&request.ruler())?;
        if !(plane > 0.0 && plane <= 20.0) {
            return Err(Error::usage(format!("signals with a sigma of {plane} px")).remedy("above 0, up to 20 px"));
        }
        let sigma = request.spacing.map_or([plane; 3], |s| s.zyx.map(|v| plane * s.pixel_area().sqrt() / v));
        let extents = extents(request.labels)?;
        let target = Signals::of(request, &self.target, sigma, &extents)?;
        let reference = match &self.reference {
            Some(name) => Signals::of(request, name, sigma, &extents)?,
            None => None,
        };
        let shape = request.labels.shape.zyx();
        let at_border = |e: &Extent| (1..3).any(|a| e.lo[a] == 0 || e.hi[a] == shape[a]);
        let mut sizes: Vec<u64> = extents.iter().filter(|e| e.n > 0 && !at_border(e)).map(|e| e.n).collect();
        sizes.sort_unstable();
        let largest = sizes.get(sizes.len() / 2).map_or(f64::INFINITY, |n| self.largest * *n as f64);
        let nucleus = |(i, e): (usize, &Extent)| {
            let probe = |of: &Option<Signals>| {
                let of = of.as_ref()?;
                Some(Probe { count: *of.counts.get(i)?, by_light: of.copies.as_ref().and_then(|c| c.get(i)).copied() })
            };
            let (target, found) = (probe(&target), probe(&reference));
            let dual = self.reference.is_some();
            let is_empty = |p: Option<Probe>| p.is_none_or(|p| p.count == 0);
            let left_out = match e {
                e if at_border(e) => AT_BORDER,
                e if e.n as f64 > largest => TOO_LARGE,
                _ if is_empty(target) || (dual && is_empty(found)) => NO_SIGNAL,
                _ => COUNTED,
            };
            Facts { left_out, target, reference: found, dual }
        };
        let spreads = [&target, &reference].map(|of| of.as_ref()?.spread);
        Ok(Nuclei { facts: extents.iter().enumerate().map(nucleus).collect(), spreads })
    }
}

impl Family for Fish {
    fn columns(&self, context: &Context) -> Vec<Definition> {
        define(FEATURES, &context.objects())
    }

    fn begin<'a>(&'a self, request: &'a Request<'a>) -> Result<Measurer<'a>> {
        let nuclei = self.nuclei(request)?.facts;
        Ok(Box::new(move |of, values| {
            values.put(FEATURES, (of.object.label as usize).checked_sub(1).and_then(|i| nuclei.get(i)));
            Ok(())
        }))
    }

    fn needs(&self) -> Needs {
        Needs { together: true, ..Needs::default() }
    }

    fn totals(&self, set: &str, request: &Request) -> Result<Table> {
        // Columns are known without an image, whatever sigma counts in.
        let nuclei = if request.labels.count == 0 { Nuclei::default() } else { self.nuclei(request)? };
        let mut row = totals::table(set, &nuclei.facts, self.reference.is_some());
        row.columns.extend(totals::spreads(set, nuclei.spreads).columns);
        Ok(row)
    }

    fn doubts(&self, totals: &Table, request: &Request) -> Result<Vec<String>> {
        let mut said = totals::doubts(totals);
        for name in [Some(&self.target), self.reference.as_ref()].into_iter().flatten() {
            said.extend(signals::doubt(request, name)?);
        }
        Ok(said)
    }

    fn pooled_columns(&self) -> &'static [&'static str] {
        &[
            "fish_left_out",
            "fish_target_count",
            "fish_target_by_light",
            "fish_reference_count",
            "fish_reference_by_light",
        ]
    }

    fn pooled(&self, set: &str, objects: &[Vec<Option<f64>>]) -> Table {
        let dual = self.reference.is_some();
        let nucleus = |cells: &Vec<Option<f64>>| {
            let [left_out, target, target_by_light, reference, reference_by_light] = cells[..] else { return None };
            let probe = |count: Option<f64>, by_light| Some(Probe { count: count? as usize, by_light });
            Some(Facts {
                left_out: left_out? as i64,
                target: probe(target, target_by_light),
                reference: probe(reference, reference_by_light),
                dual,
            })
        };
        totals::table(set, &objects.iter().filter_map(nucleus).collect::<Vec<_>>(), dual)
    }

    fn mentions(&self) -> Mentions<'_> {
        let probes = || [("target", Some(&self.target)), ("reference", self.reference.as_ref())];
        let names = || probes().into_iter().filter_map(|(key, name)| Some((key, name?.as_str()))).collect();
        let lengths = vec![("sigma", self.sigma)];
        Mentions { sets: names(), channels: names(), lengths, ..Mentions::default() }
    }

    fn check(&self, _: &[&str]) -> std::result::Result<(), Objection> {
        let objection =
            |key, what: &str, remedy: &str| Err(Objection { key, what: what.into(), remedy: remedy.into() });
        if self.reference.as_ref() == Some(&self.target) {
            return objection("reference", "the target and the reference are one probe", "leave reference out");
        }
        if !(self.largest > 1.0 && self.largest.is_finite()) {
            return objection("largest", "nuclei are left out above a multiple of the median", "largest = 1.8");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: the boundaries of the guideline, on nuclei of several images, worked out by hand.
    use super::*;
    use crate::table::Cells;

    /// A case of nuclei with so many copies of the target and of the reference, and of those that are left out.
    fn case(nuclei: &[(usize, f64, f64)], left_out: &[i64]) -> Table {
        let fish = Fish { reference: Some("reference".into()), ..Fish::default() };
        let counted = |&(n, target, reference): &(usize, f64, f64)| {
            vec![vec![Some(0.0), Some(target), Some(target), Some(reference), None]; n]
        };
        let mut all: Vec<Vec<Option<f64>>> = nuclei.iter().flat_map(counted).collect();
        all.extend(left_out.iter().map(|why| vec![Some(*why as f64), Some(90.0), None, Some(1.0), None]));
        // An image without the channel of the probe.
        all.push(vec![None; 5]);
        fish.pooled("nuclei", &all)
    }

    fn value(table: &Table, name: &str) -> Option<f64> {
        match table.column(&format!("{name}_nuclei")).map(|column| &column.cells) {
            Some(Cells::Int(v)) => v[0].map(|v| v as f64),
            Some(Cells::Real(v)) => v[0],
            _ => panic!("{name}"),
        }
    }

    #[test]
    fn a_case_is_all_of_its_nuclei() {
        for (nuclei, ratio, copies, group) in [
            (&[(20, 4.0, 2.0)][..], 2.0, 4.0, Some(1.0)),
            (&[(19, 4.0, 2.0)], 2.0, 4.0, None),
            (&[(19, 4.0, 2.0), (1, 3.0, 1.0)], 79.0 / 39.0, 3.95, Some(2.0)),
            (&[(10, 8.0, 4.0), (10, 4.0, 3.0)], 12.0 / 7.0, 6.0, Some(3.0)),
            (&[(20, 4.0, 2.0), (1, 4.0, 3.0)], 84.0 / 43.0, 4.0, Some(4.0)),
            (&[(12, 2.0, 2.0), (12, 3.0, 2.0)], 1.25, 2.5, Some(5.0)),
        ] {
            let table = case(nuclei, &[1, 2, 2, 3]);
            let n: usize = nuclei.iter().map(|n| n.0).sum();
            assert_eq!(value(&table, "fish_nuclei"), Some(n as f64));
            let left_out = ["fish_at_border", "fish_too_large", "fish_without_signal"].map(|name| value(&table, name));
            assert_eq!(left_out, [1.0, 2.0, 1.0].map(Some));
            assert!((value(&table, "fish_ratio").unwrap() - ratio).abs() < 1e-12);
            assert!((value(&table, "fish_target_mean").unwrap() - copies).abs() < 1e-12);
            assert_eq!(value(&table, "fish_group"), group, "{nuclei:?}");
            assert_eq!(value(&table, "fish_ratio_by_light"), None);
        }
        let mixed = case(&[(15, 4.0, 2.0), (5, 2.0, 2.0)], &[]);
        assert_eq!(value(&mixed, "fish_amplified_share"), Some(0.75));
        // Ratio 7 / 4, so residuals of 0.5 and -1.5.
        let error = ((15.0 * 0.25 + 5.0 * 2.25) / (20.0 * 19.0f64)).sqrt() / 2.0;
        let high = value(&mixed, "fish_ratio_high").unwrap();
        assert!((high - 1.75 - 2.093 * error).abs() < 1e-4, "{high}");
        assert_eq!(value(&case(&[], &[]), "fish_ratio"), None);
    }
}
