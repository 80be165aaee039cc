//! Habitats: what a part of a larger object is to that object, and to the other parts of it.

use super::Request;
use super::family::{Context, Family, Measurer, Mentions, Objection, define};
use super::feature::{Definition, Feature, Get};
use crate::Result;
use crate::device::Device;
use crate::image::{Labels, Mask};
use crate::ops::label::{Connectivity, label};
use crate::units::Spacing;
use rayon::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Keys of the recipe.
pub(super) const KEYS: &[&str] = &["of", "distances"];

/// Parts of the objects of another set.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Habitat {
    /// The set whose objects they are parts of.
    pub of: String,
    /// Distances to the other habitats of the object as well.
    pub distances: bool,
}

/// What the features of a habitat are computed from.
pub struct Facts {
    level: i64,
    count: i64,
    fraction: f64,
    pieces: Option<i64>,
    from_hottest: Option<f64>,
    nearest: Option<f64>,
    farthest: Option<f64>,
}

const NO_WHOLE: &str = "the habitat lies in no object of that set";
const NO_OTHER: &str =
    "the habitat lies in no object of that set, it is the only one there, or the image has no calibration";
const NO_LENGTH: &str = "the habitat lies in no object of that set, or the image has no calibration";

/// Features of habitats.
pub const FEATURES: &[Feature<Facts>] = &[
    Feature {
        name: "habitat_level",
        unit: "1",
        definition: "Rank of its label among the habitats of its object; those of the step habitats rise from the coldest, 1, to the hottest",
        standard: "",
        empty: NO_WHOLE,
        get: Get::Int(|f| Some(f.level)),
    },
    Feature {
        name: "habitat_count",
        unit: "1",
        definition: "Number of habitats of its object",
        standard: "",
        empty: NO_WHOLE,
        get: Get::Int(|f| Some(f.count)),
    },
    Feature {
        name: "habitat_fraction",
        unit: "1",
        definition: "Its voxels over those of its object",
        standard: "",
        empty: NO_WHOLE,
        get: Get::Real(|f| Some(f.fraction)),
    },
    Feature {
        name: "habitat_pieces",
        unit: "1",
        definition: "Number of pieces that it falls into, where voxels are joined by sides, edges and corners",
        standard: "",
        empty: NO_WHOLE,
        get: Get::Int(|f| f.pieces),
    },
    Feature {
        name: "habitat_from_hottest_um",
        unit: "um",
        definition: "Distance of its centroid from that of the habitat of its object with the highest level; 0 for that one itself",
        standard: "",
        empty: NO_LENGTH,
        get: Get::Real(|f| f.from_hottest),
    },
];

/// Features of pairs of habitats.
pub const DISTANCES: &[Feature<Facts>] = &[
    Feature {
        name: "habitat_nearest_um",
        unit: "um",
        definition: "Distance of its centroid from the nearest centroid of another habitat of its object",
        standard: "",
        empty: NO_OTHER,
        get: Get::Real(|f| f.nearest),
    },
    Feature {
        name: "habitat_farthest_um",
        unit: "um",
        definition: "Distance of its centroid from the farthest centroid of another habitat of its object",
        standard: "",
        empty: NO_OTHER,
        get: Get::Real(|f| f.farthest),
    },
];

/// A habitat among the others.
#[derive(Clone, Copy)]
struct Part {
    /// The object that most of its voxels lie in; 0 is none.
    whole: u32,
    n: u64,
    /// z, y, x in pixels.
    centre: [f64; 3],
}

fn part(labels: &Labels, own: u32, wholes: &[u32]) -> Result<Part> {
    let runs = labels.runs()?.of(own);
    let (mut shares, mut n, mut sums) = (BTreeMap::<u32, u64>::new(), 0u64, [0u64; 3]);
    for run in runs {
        let [z, y] = run.zy(labels.shape);
        let length = u64::from(run.len());
        wholes
            .get(run.voxels(labels.shape.x))
            .unwrap_or_default()
            .iter()
            .for_each(|whole| *shares.entry(*whole).or_default() += 1);
        n += length;
        let along = (u64::from(run.start) + u64::from(run.end) - 1) * length;
        // Twice the sum along x, so that it is whole.
        let more = [2 * z as u64 * length, 2 * y as u64 * length, along];
        sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
    }
    shares.remove(&0);
    // The lower label of equals.
    let whole = shares.iter().rev().max_by_key(|(_, n)| **n).map_or(0, |(whole, _)| *whole);
    Ok(Part { whole, n, centre: sums.map(|sum| sum as f64 / 2.0 / n.max(1) as f64) })
}

/// In the unit of the spacing.
fn apart(a: &Part, b: &Part, spacing: &Spacing) -> f64 {
    let squares = (0..3).map(|k| ((a.centre[k] - b.centre[k]) * spacing.zyx[k]).powi(2));
    squares.sum::<f64>().sqrt()
}

impl Family for Habitat {
    fn columns(&self, context: &Context) -> Vec<Definition> {
        let mut columns = define(FEATURES, &context.objects());
        if self.distances {
            columns.extend(define(DISTANCES, &context.objects()));
        }
        columns
    }

    fn begin<'a>(&'a self, request: &'a Request<'a>) -> Result<Measurer<'a>> {
        let wholes = request.other(&self.of);
        let voxels = wholes.map(|labels| labels.voxels().host()).transpose()?.unwrap_or_default();
        let own = request.labels;
        let parts = (1..=own.count).into_par_iter().map(|label| part(own, label, voxels));
        let parts = parts.collect::<Result<Vec<_>>>()?;
        let mut families: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (i, part) in parts.iter().enumerate().filter(|(_, part)| part.whole > 0) {
            families.entry(part.whole).or_default().push(i);
        }
        let sizes: BTreeMap<u32, u64> = match wholes {
            Some(labels) => {
                let runs = labels.runs()?;
                families.keys().map(|whole| (*whole, runs.voxels(*whole))).collect()
            }
            None => BTreeMap::new(),
        };
        let spacing = request.lengths();
        Ok(Box::new(move |of, values| {
            let i = of.object.label as usize - 1;
            let facts = || {
                let part = parts.get(i)?;
                let family = families.get(&part.whole)?;
                let hottest = parts.get(*family.last()?)?;
                let crop = of.object.framed();
                let [z, y, x] = crop.size;
                let mask = Mask::new(crate::units::Shape::new(z, y, x), crop.cells).ok();
                let others = family.iter().filter(|k| **k != i).filter_map(|k| parts.get(*k));
                let distances = others.filter_map(|other| Some(apart(part, other, &spacing?)));
                let pieces = mask.and_then(|mask| label(&Device::Cpu, &mask, Connectivity::Full).ok());
                Some(Facts {
                    level: family.iter().position(|k| *k == i)? as i64 + 1,
                    count: family.len() as i64,
                    fraction: part.n as f64 / *sizes.get(&part.whole)? as f64,
                    pieces: pieces.map(|labels| i64::from(labels.count)),
                    from_hottest: spacing.map(|s| apart(part, hottest, &s)),
                    nearest: distances.clone().min_by(f64::total_cmp),
                    farthest: distances.max_by(f64::total_cmp),
                })
            };
            let facts = facts();
            values.put(FEATURES, facts.as_ref());
            if self.distances {
                values.put(DISTANCES, facts.as_ref());
            }
            Ok(())
        }))
    }

    fn mentions(&self) -> Mentions<'_> {
        let sets = if self.of.is_empty() { vec![] } else { vec![("of", self.of.as_str())] };
        Mentions { sets, ..Mentions::default() }
    }

    fn check(&self, _: &[&str]) -> std::result::Result<(), Objection> {
        if !self.of.is_empty() {
            return Ok(());
        }
        let what = "the set that habitats are parts of is missing".to_string();
        Err(Objection { key: "of", what, remedy: "of = \"lesions\"".into() })
    }
}
