//! The values of one region, family after family.

use super::ahead::Matrices;
use super::choice::{Bins, Group};
use super::counted::Counted;
use super::grid::Grid;
use super::volume_histogram::Steps;
use super::zones::{Zones, zoned};
use super::{
    Aggregation, Levels, Region, Space, Texture, Weighting, autocorrelation, enclosing, glcm, gldzm, glrlm, glszm,
    histogram, local, morphology, ngldm, ngtdm, pyradiomics, statistics, volume_histogram,
};
use crate::Result;
use rayon::prelude::*;

/// Voxels of a region whose families are measured side by side: there may be fewer objects than threads.
const LARGE: usize = 1 << 12;
/// Voxels of a region whose zones are found before anything else: their distances are as large as the grey levels.
const HUGE: usize = 1 << 24;

/// A family, and ways that it is measured in; any where it knows none.
type Ways = (Group, Vec<Aggregation>);

impl Texture {
    /// The values of a region, in the order of the columns.
    pub(super) fn values(
        &self,
        region: &Region,
        stored: f64,
        (grid, weighting): (&Grid, Option<Weighting>),
        matrices: Matrices,
    ) -> Result<Vec<Option<f64>>> {
        if self.compat.is_some() {
            let Texture { distance, coarseness, .. } = *self;
            let aggregation = self.aggregations().first().copied().unwrap_or(Aggregation::Averaged3d);
            let calibrated = grid.is_known;
            let choice = pyradiomics::Choice { aggregation, distance, coarseness, calibrated };
            let levels = pyradiomics::levels(self.bins, region)?;
            return Ok(pyradiomics::values(&self.families, choice, (region, &levels), matrices));
        }
        let of_counts = self.of_counts(region, self.steps(region, stored))?;
        let levels = self.levels(region)?;
        let weighting = weighting.map(|weighting| (weighting, region.spacing));
        let of = |(group, ways): &Ways| match (&levels, *group) {
            (_, Group::Glszm | Group::Gldzm) => None,
            (Some(levels), group) if group.needs_levels() => {
                let counted: Option<Vec<_>> =
                    ways.iter().map(|way| matrices.values(levels, group, *way, &[])).collect();
                Some(counted.map_or_else(|| self.of_levels(group, ways, levels, weighting), |counted| counted.concat()))
            }
            (_, group) => of_counts
                .iter()
                .find(|(g, _)| *g == group)
                .map_or_else(|| Some(of_region(group, region, grid)), |(_, values)| Some(values.clone())),
        };
        // Ways that have counts in common are measured together, but where there may be more threads than objects.
        let together = if region.count() > LARGE { 1 } else { usize::MAX };
        let mut all: Vec<Ways> = vec![];
        for &group in &self.families {
            let ways: Vec<_> = self.ways(group).into_iter().map(|way| way.unwrap_or(Aggregation::Merged3d)).collect();
            all.extend(ways.chunks(together).map(|some| (group, some.to_vec())));
        }
        let zones = || levels.as_ref().map_or_else(Vec::new, |levels| self.zones(region, levels));
        let side_by_side = || all.par_iter().map(of).collect();
        let (zones, values): (_, Vec<Option<Vec<_>>>) = match region.count() {
            n if n > HUGE => (zones(), side_by_side()),
            n if n > LARGE => rayon::join(zones, side_by_side),
            _ => (zones(), all.iter().map(of).collect()),
        };
        let of_zones = |group: Group, way: &Aggregation| {
            let zones = zones.iter().find(|(s, _)| *s == way.space()).map_or(&[][..], |(_, zones)| zones);
            levels.as_ref().map_or_else(Vec::new, |levels| match group {
                Group::Gldzm => gldzm::of_zones(levels, zones),
                _ => glszm::of_zones(glszm::FEATURES, levels, zones),
            })
        };
        let values = values.into_iter().zip(&all).flat_map(|(values, (group, ways))| {
            values.unwrap_or_else(|| ways.iter().flat_map(|way| of_zones(*group, way)).collect())
        });
        Ok(values.collect())
    }

    /// The grey levels of a region, if a family needs them.
    pub(super) fn levels(&self, region: &Region) -> Result<Option<Levels>> {
        if self.compat.is_some() {
            return pyradiomics::levels(self.bins, region).map(Some);
        }
        let bins = self.bins.filter(|_| self.families.iter().any(|g| g.needs_levels()));
        bins.map(|bins| Levels::of(region, bins.discretisation())).transpose()
    }

    /// Of the families of the intensities alone, which are counted once; what that takes is let go before grey levels are made.
    fn of_counts(&self, region: &Region, steps: Steps) -> Result<Vec<(Group, Vec<Option<f64>>)>> {
        use Group::{Statistics, VolumeHistogram, VolumeHistogramArea};
        let is_counted = |g: &&Group| matches!(g, Statistics | VolumeHistogram | VolumeHistogramArea);
        if !self.families.iter().any(|g| is_counted(&g)) {
            return Ok(vec![]);
        }
        let counted = Counted::of(region);
        let values = |group: &Group| {
            let histogram = |features| volume_histogram::of_counted(features, &counted, region.range, steps);
            Ok((
                *group,
                match group {
                    VolumeHistogram => histogram(volume_histogram::FEATURES)?,
                    VolumeHistogramArea => histogram(volume_histogram::AREA)?,
                    _ => statistics::of_counted(statistics::FEATURES, &counted),
                },
            ))
        };
        self.families.iter().filter(is_counted).map(values).collect()
    }

    /// Zones in each space that a family asks for.
    fn zones(&self, region: &Region, levels: &Levels) -> Vec<(Space, Vec<Zones>)> {
        let wants = |group| self.families.contains(&group);
        let distances = wants(Group::Gldzm).then_some(region);
        let spaces = if wants(Group::Glszm) || wants(Group::Gldzm) { self.ways(Group::Glszm) } else { vec![] };
        spaces.into_iter().flatten().map(Aggregation::space).map(|s| (s, zoned(levels, distances, s))).collect()
    }

    /// Of a group that looks at grey levels alone, way after way.
    pub(super) fn of_levels(
        &self,
        group: Group,
        ways: &[Aggregation],
        levels: &Levels,
        weighting: Option<(Weighting, [f64; 3])>,
    ) -> Vec<Option<f64>> {
        let (distance, norm, symmetric, coarseness) = (self.distance, self.norm, self.symmetric, self.coarseness);
        let spaces = ways.iter().map(|way| way.space());
        match group {
            Group::Histogram => histogram::values(levels),
            Group::Glcm => glcm::of_ways(levels, glcm::Choice { distance, norm, symmetric, weighting }, ways),
            Group::Glrlm => glrlm::of_ways(levels, glrlm::Choice { weighting }, ways),
            Group::Ngtdm => {
                let choice = ngtdm::Choice { distance, norm, weighting, alone: false };
                spaces.flat_map(|space| ngtdm::values(levels, choice, space)).collect()
            }
            _ => {
                let choice = ngldm::Choice { distance, norm, coarseness };
                spaces.flat_map(|space| ngldm::values(levels, choice, space)).collect()
            }
        }
    }

    /// The steps of the intensity-volume histogram: those that the recipe says; else those of bins of a fixed size, a tenth
    /// as wide; else the values as they are stored, or, on another grid, a thousandth of what the region spans.
    fn steps(&self, region: &Region, stored: f64) -> Steps {
        match self.volume_histogram {
            Some(Bins::Size { size, .. }) => return Steps::BinSize(size),
            Some(Bins::Number { number }) => return Steps::BinNumber(number.into()),
            None => {}
        }
        let span = || region.extremes().map_or(0.0, |[low, high]| high - low);
        match (self.bins, self.resample.map(|_| span())) {
            (Some(Bins::Size { size, .. }), _) => Steps::BinSize(size / 10.0),
            (_, Some(span)) if span > 0.0 => Steps::BinSize(span / 1000.0),
            _ => Steps::AsStored(stored),
        }
    }
}

/// Of a family of the region as it is.
fn of_region(group: Group, region: &Region, grid: &Grid) -> Vec<Option<f64>> {
    match (group, grid.ml) {
        (Group::Morphology, _) => grid.lengths_only_if_known(morphology::values(region)),
        (Group::Enclosing, _) => enclosing::values(region),
        (Group::Autocorrelation, _) => autocorrelation::values(region),
        (_, Some(ml)) => local::values(region, ml),
        (_, None) => vec![None; local::FEATURES.len()],
    }
}
