//! The features of PyRadiomics, by its names and definitions, where these differ from those of the standard.
//!
//! Most of them are the standard's with another name: they are taken from the families beside this one. What differs: bins of a fixed
//! size begin at a multiple of their size, kurtosis is not less 3, axes divide by n, entropy and uniformity of first order are those of
//! the bins, and a flat region has numbers in the place of empty cells. Single directions of co-occurrence that are flat count with these
//! numbers too, directions of runs along which no line holds two voxels are left out, and voxels without a neighbour count for tones.
//!
//! J. van Griethuysen et al., Cancer Research 2017;77:e104, and the documentation of version 2.

mod classes;

use super::ahead::Matrices;
use super::choice::{Bins, Group};
use super::{
    Aggregation, Discretisation, Levels, Region, glcm, glrlm, glszm, histogram, morphology, ngldm, ngtdm, statistics,
};
use crate::Result;
use crate::measure::family::define;
use crate::measure::{About, Definition, Feature};
use classes::CLASSES;

/// A class of features, and the family that it is made of.
struct Class {
    name: &'static str,
    group: Group,
    features: &'static [(&'static str, Source)],
}

/// Where a feature comes from.
enum Source {
    /// The feature of this name.
    Of(&'static str),
    /// The same, with a number in the place of an empty cell of a region that has voxels.
    Or(&'static str, f64),
    /// Computed here: its unit, its definition, and how.
    Own(&'static str, &'static str, fn(&Facts) -> Option<f64>),
}

/// What is computed here is computed from this.
struct Facts<'a> {
    region: &'a Region<'a>,
    levels: &'a Levels,
    distance: usize,
    aggregation: Aggregation,
    statistics: Vec<Option<f64>>,
    histogram: Vec<Option<f64>>,
    shape: Vec<Option<f64>>,
}

impl Facts<'_> {
    fn voxels(&self) -> f64 {
        self.region.measured().count() as f64
    }

    fn statistic(&self, name: &str) -> Option<f64> {
        named(statistics::FEATURES, &self.statistics, name)
    }

    fn histogram(&self, name: &str) -> Option<f64> {
        named(histogram::FEATURES, &self.histogram, name)
    }

    /// Axes are those of variances divided by n, not by n - 1.
    fn axis(&self, name: &str) -> Option<f64> {
        let n = (0..self.region.shape.len()).filter(|i| self.region.is_shape(*i)).count() as f64;
        named(morphology::FEATURES, &self.shape, name).map(|v| v * ((n - 1.0) / n).sqrt())
    }

    /// 0 in a flat region.
    fn form(&self, value: Option<f64>) -> Option<f64> {
        value.or((self.voxels() > 0.0).then_some(0.0))
    }
}

fn named<F>(features: &[Feature<F>], values: &[Option<f64>], name: &str) -> Option<f64> {
    features.iter().zip(values).find(|(f, _)| f.name == name).and_then(|(_, v)| *v)
}

/// The families that have a class.
pub(super) fn has_class(group: Group) -> bool {
    CLASSES.iter().any(|class| class.group == group)
}

/// The columns of these families.
pub(super) fn columns(families: &[Group], about: &About) -> Vec<Definition> {
    let mut all = vec![];
    for class in CLASSES.iter().filter(|class| families.contains(&class.group)) {
        let ours = class.group.define(&About { channel: None, ..*about });
        for (name, source) in class.features {
            let ours = |name: &str| ours.iter().find(|d| d.name == in_unit(name, about)).cloned();
            let made = match source {
                Source::Of(of) => ours(of),
                Source::Or(of, _) => ours(of).map(|d| Definition { empty: NO_VOXEL, ..d }),
                Source::Own(unit, definition, _) => define(&[own(unit, definition)], about).pop(),
            };
            let name = format!("original_{}_{name}", class.name);
            all.extend(made.map(|d| Definition {
                name: about.channel.map_or(name.clone(), |channel| format!("{name}_{channel}")),
                definition: format!("{}; as in PyRadiomics", d.definition),
                standard: format!("PyRadiomics:{name}"),
                ..d
            }));
        }
    }
    all
}

const NO_VOXEL: &str = "the region has no voxel with an intensity";

const fn own(unit: &'static str, definition: &'static str) -> Feature<()> {
    Feature { unit, ..super::plain("", "", definition, NO_VOXEL, |()| None) }
}

/// Names of ours end with the unit of lengths of the table.
fn in_unit(name: &str, about: &About) -> String {
    match name.rsplit_once("_um") {
        Some((stem, power)) => format!("{stem}_{}{power}", about.length.name()),
        None => name.into(),
    }
}

/// How a recipe is to be taken.
#[derive(Clone, Copy)]
pub(super) struct Choice {
    pub aggregation: Aggregation,
    pub distance: usize,
    pub coarseness: u32,
    /// Lengths are known.
    pub calibrated: bool,
}

/// The grey levels of a region.
pub(super) fn levels(bins: Option<Bins>, region: &Region) -> Result<Levels> {
    Levels::of(region, discretisation(bins, region))
}

/// The values of these families, in the order of the columns.
pub(super) fn values(
    families: &[Group],
    choice: Choice,
    (region, levels): (&Region, &Levels),
    matrices: Matrices,
) -> Vec<Option<f64>> {
    let Choice { aggregation, distance, coarseness, .. } = choice;
    let space = aggregation.space();
    let facts = Facts {
        region,
        levels,
        distance,
        aggregation,
        statistics: statistics::values(region),
        histogram: histogram::values(levels),
        shape: if families.contains(&Group::Morphology) { morphology::values(region) } else { vec![] },
    };
    // A direction in which all pairs have one level counts with these.
    let flat: Vec<_> = CLASSES.iter().filter(|class| class.group == Group::Glcm).flat_map(instead).collect();
    let counted_here = |group| match group {
        Group::Glcm => {
            glcm::values_instead(levels, glcm::Choice { distance, ..glcm::Choice::default() }, aggregation, &flat)
        }
        Group::Glrlm => glrlm::values(levels, glrlm::Choice::default(), aggregation),
        Group::Ngtdm => {
            ngtdm::values(levels, ngtdm::Choice { distance, alone: true, ..ngtdm::Choice::default() }, space)
        }
        _ => ngldm::values(levels, ngldm::Choice { distance, coarseness, ..ngldm::Choice::default() }, space),
    };
    let of_levels = |group| {
        let along_lines = (group == Group::Glrlm).then(|| glrlm::values_along_lines(levels, aggregation)).flatten();
        let from_device = || matrices.values(levels, group, aggregation, &flat);
        along_lines.or_else(from_device).unwrap_or_else(|| counted_here(group))
    };
    let mut all = vec![];
    for class in CLASSES.iter().filter(|class| families.contains(&class.group)) {
        let list: Vec<(&str, Option<f64>)> = match class.group {
            Group::Glcm => pairs(glcm::FEATURES, of_levels(class.group)),
            Group::Glrlm => pairs(glrlm::FEATURES, of_levels(class.group)),
            Group::Ngtdm => pairs(ngtdm::FEATURES, of_levels(class.group)),
            Group::Ngldm => pairs(ngldm::FEATURES, of_levels(class.group)),
            Group::Glszm => pairs(glszm::FEATURES, glszm::values(levels, space)),
            Group::Morphology => pairs(morphology::FEATURES, facts.shape.clone()),
            _ => pairs(statistics::FEATURES, facts.statistics.clone()),
        };
        let of = |name: &str| list.iter().find(|(n, _)| *n == name).and_then(|(_, v)| *v);
        for (_, source) in class.features {
            let (value, is_length) = match source {
                Source::Of(name) => (of(name), name.contains("_um")),
                Source::Or(name, flat) => (of(name).or((facts.voxels() > 0.0).then_some(*flat)), false),
                Source::Own(unit, _, get) => (get(&facts), unit.contains("um")),
            };
            let is_length = is_length || matches!(source, Source::Of("morph_surface_to_volume_ratio"));
            all.push(value.filter(|_| choice.calibrated || !is_length));
        }
    }
    all
}

/// What stands in the place of empty cells.
fn instead(class: &Class) -> impl Iterator<Item = (&'static str, f64)> {
    class.features.iter().filter_map(|(_, source)| match source {
        Source::Or(name, flat) => Some((*name, *flat)),
        _ => None,
    })
}

fn pairs<F>(features: &[Feature<F>], values: Vec<Option<f64>>) -> Vec<(&'static str, Option<f64>)> {
    features.iter().map(|f| f.name).zip(values).collect()
}

/// Bins of a fixed size begin at the multiple of their size that is not above the lowest value.
fn discretisation(bins: Option<Bins>, region: &Region) -> Discretisation {
    match bins {
        Some(Bins::Size { size, from: None }) => {
            let low = region.extremes().map_or(0.0, |[low, _]| low);
            Discretisation::BinSize { width: size, from: Some((low / size).floor() * size) }
        }
        Some(bins) => bins.discretisation(),
        // Shape alone needs none.
        None => Discretisation::BinNumber(1),
    }
}
