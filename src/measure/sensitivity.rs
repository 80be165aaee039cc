//! How much volume and glycolysis of a lesion depend on where it ends: what the same lesion is in other sets of the recipe.

use super::Request;
use super::family::{Context, Family, Measurer, Mentions, Needs, Objection, define};
use super::feature::{Definition, Feature, Get};
use super::lesion_facts::{hot, voxel_ml};
use super::object::Object;
use super::order::Sums;
use crate::Result;
use crate::image::{Labels, SUV_UNIT, Scale};
use crate::ops::extent::extents;
use crate::units::Spacing;
use rayon::prelude::*;
use serde::Deserialize;

/// Keys of the recipe.
pub(super) const KEYS: &[&str] = &["sets"];

/// Volume and TLG of each lesion in other sets: of the object there that holds the hottest voxel of the lesion.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sensitivity {
    /// The other sets.
    #[serde(deserialize_with = "crate::words::words")]
    pub sets: Vec<String>,
}

/// A lesion in another set.
pub struct Facts {
    sums: Sums,
    scale: Scale,
    is_suv: bool,
    spacing: Option<Spacing>,
}

impl Facts {
    fn ml(&self) -> Option<f64> {
        self.spacing.map(|s| self.sums.n as f64 * voxel_ml(&s))
    }
    fn tlg(&self) -> Option<f64> {
        let suv = self.sums.mean().map(|m| self.scale.value(m)).filter(|_| self.is_suv)?;
        Some(suv * self.ml()?)
    }
}

/// In one other set; the set goes into the names.
pub const FEATURES: &[Feature<Facts>] = &[
    Feature {
        name: "mtv_ml",
        unit: "ml",
        definition: "Volume",
        standard: "",
        empty: "no such object, or the image has no calibration",
        get: Get::Real(Facts::ml),
    },
    Feature {
        name: "tlg_g",
        unit: "g",
        definition: "Mean SUV times volume",
        standard: "",
        empty: "no such object, the values are not SUV, or the image has no calibration",
        get: Get::Real(Facts::tlg),
    },
];

/// `mtv_SET_ml`, `tlg_SET_g`.
fn of_set(set: &str, mut d: Definition) -> Definition {
    let unit = d.unit.clone();
    d.name = d.name.strip_suffix(&unit).map_or(d.name.clone(), |stem| format!("{stem}{set}_{unit}"));
    let what = d.definition;
    d.definition = format!("{what} of the object of {set} that holds the hottest voxel of this lesion");
    d
}

impl Family for Sensitivity {
    fn columns(&self, context: &Context) -> Vec<Definition> {
        let columns = |set: &String| {
            define(FEATURES, &context.objects()).into_iter().map(move |d| of_set(set, d)).collect::<Vec<_>>()
        };
        self.sets.iter().flat_map(columns).collect()
    }

    fn begin<'a>(&'a self, request: &'a Request<'a>) -> Result<Measurer<'a>> {
        let channel = request.channels.first();
        let image = channel.map_or(Ok(&[][..]), |c| c.volume.samples.host())?;
        let elsewhere =
            |set: &String| request.other(set).filter(|_| channel.is_some()).map(|l| Elsewhere::of(l, image));
        let sets = self.sets.iter().map(|set| elsewhere(set).transpose()).collect::<Result<Vec<_>>>()?;
        Ok(Box::new(move |of, values| {
            let place = channel.and_then(|_| hot(&of.object, &of.object.samples(image)).first().copied());
            for set in &sets {
                let sums = set.as_ref().zip(place).and_then(|(set, place)| set.at(place));
                let (scale, is_suv) = channel.map_or((Scale::ONE, false), |c| (c.volume.scale, c.unit == SUV_UNIT));
                let facts = sums.map(|sums| Facts { sums, scale, is_suv, spacing: request.spacing });
                values.put(FEATURES, facts.as_ref());
            }
            Ok(())
        }))
    }

    fn needs(&self) -> Needs {
        Needs { uptake: true, together: true, ..Needs::default() }
    }

    fn mentions(&self) -> Mentions<'_> {
        Mentions { sets: self.sets.iter().map(|set| ("sets", set.as_str())).collect(), ..Mentions::default() }
    }

    fn check(&self, _: &[&str]) -> std::result::Result<(), Objection> {
        let mut before = std::collections::BTreeSet::new();
        let objection = |what, remedy: &str| Err(Objection { key: "sets", what, remedy: remedy.into() });
        if self.sets.is_empty() {
            return objection("no other set is named".into(), "sets = [\"SET\"] with another object set");
        }
        match self.sets.iter().find(|set| !before.insert(*set)) {
            Some(twice) => objection(format!("\"{twice}\" stands there twice"), "each set once"),
            None => Ok(()),
        }
    }
}

/// The objects of another set.
struct Elsewhere<'a> {
    labels: &'a [u32],
    sums: Vec<Sums>,
}

impl<'a> Elsewhere<'a> {
    fn of(labels: &'a Labels, image: &[i32]) -> Result<Self> {
        let of = |(i, extent)| Ok(Sums::of(&Object::new(labels, i as u32 + 1, extent)?.samples(image)));
        let sums = extents(labels)?.into_par_iter().enumerate().map(of).collect::<Result<_>>()?;
        Ok(Elsewhere { labels: labels.voxels().host()?, sums })
    }

    /// The object at a voxel.
    fn at(&self, place: usize) -> Option<Sums> {
        let label = *self.labels.get(place)?;
        self.sums.get((label as usize).checked_sub(1)?).cloned()
    }
}
