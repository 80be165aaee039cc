//! The values of one region, family after family.

use super::choice::{Bins, Group};
use super::grid::Grid;
use super::spread::{Counted, counted};
use super::volume_histogram::Steps;
use super::zones::{Zones, zoned};
use super::{
    Aggregation, Levels, Region, Space, Texture, Weighting, autocorrelation, enclosing, glcm, gldzm, glrlm, glszm,
    histogram, local, morphology, ngldm, ngtdm, pyradiomics, statistics, volume_histogram,
};
use crate::Result;
use rayon::prelude::*;

/// What several families are computed from.
struct Shared<'a> {
    region: &'a Region<'a>,
    /// Nothing if no family needs them.
    levels: Option<&'a Levels>,
    counted: Counted,
    zoned: Vec<(Space, Vec<Zones>)>,
}

/// Voxels of a region whose families are measured side by side: there may be fewer objects than threads.
const LARGE: usize = 1 << 12;

impl Texture {
    /// The values of a region, in the order of the columns.
    pub(super) fn values(
        &self,
        region: &Region,
        stored: f64,
        grid: &Grid,
        weighting: Option<Weighting>,
    ) -> Result<Vec<Option<f64>>> {
        if self.compat.is_some() {
            let Texture { bins, distance, coarseness, .. } = *self;
            let aggregation = self.aggregations().first().copied().unwrap_or(Aggregation::Averaged3d);
            let calibrated = grid.is_known;
            let choice = pyradiomics::Choice { bins, aggregation, distance, coarseness, calibrated };
            return pyradiomics::values(&self.families, choice, region);
        }
        let bins = self.bins.filter(|_| self.families.iter().any(|g| g.needs_levels()));
        let levels = bins.map(|bins| Levels::of(region, bins.discretisation())).transpose()?;
        let is_large = region.count() > LARGE;
        let shared = self.shared(region, levels.as_ref(), is_large);
        let steps = self.steps(region, stored);
        let weighting = weighting.map(|weighting| (weighting, region.spacing));
        let of = |(group, way): (Group, Option<Aggregation>)| match shared.levels {
            Some(levels) if group.needs_levels() => {
                Ok(self.of_levels(group, way.unwrap_or(Aggregation::Merged3d), levels, &shared, weighting))
            }
            _ => of_intensities(group, &shared, steps, grid),
        };
        let all: Vec<_> =
            self.families.iter().flat_map(|&g| self.ways(g).into_iter().map(move |way| (g, way))).collect();
        let values: Vec<Vec<Option<f64>>> = match is_large {
            true => all.into_par_iter().map(of).collect::<Result<_>>()?,
            false => all.into_iter().map(of).collect::<Result<_>>()?,
        };
        Ok(values.concat())
    }

    fn shared<'a>(&self, region: &'a Region, levels: Option<&'a Levels>, is_large: bool) -> Shared<'a> {
        let wants = |group| self.families.contains(&group);
        let count =
            || match [Group::Statistics, Group::VolumeHistogram, Group::VolumeHistogramArea].into_iter().any(wants) {
                true => counted(region),
                false => vec![],
            };
        let distances = wants(Group::Gldzm).then_some(region);
        let spaces = if wants(Group::Glszm) || wants(Group::Gldzm) { self.ways(Group::Glszm) } else { vec![] };
        let spaces = || spaces.into_iter().flatten().map(Aggregation::space);
        let zones = || levels.map_or(vec![], |l| spaces().map(|space| (space, zoned(l, distances, space))).collect());
        let (counted, zoned) = if is_large { rayon::join(count, zones) } else { (count(), zones()) };
        Shared { region, levels, counted, zoned }
    }

    fn of_levels(
        &self,
        group: Group,
        way: Aggregation,
        levels: &Levels,
        shared: &Shared,
        weighting: Option<(Weighting, [f64; 3])>,
    ) -> Vec<Option<f64>> {
        let (distance, norm, symmetric, coarseness) = (self.distance, self.norm, self.symmetric, self.coarseness);
        let zoned = || shared.zoned.iter().find(|z| z.0 == way.space()).map_or(&[][..], |z| &z.1);
        match group {
            Group::Histogram => histogram::values(levels),
            Group::Glcm => glcm::values(levels, glcm::Choice { distance, norm, symmetric, weighting }, way),
            Group::Glrlm => glrlm::values(levels, way),
            Group::Glszm => glszm::of_zones(glszm::FEATURES, levels, zoned()),
            Group::Gldzm => gldzm::of_zones(levels, zoned()),
            Group::Ngtdm => ngtdm::values(levels, ngtdm::Choice { distance, norm, weighting }, way.space()),
            _ => ngldm::values(levels, ngldm::Choice { distance, norm, coarseness }, way.space()),
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

fn of_intensities(group: Group, shared: &Shared, steps: Steps, grid: &Grid) -> Result<Vec<Option<f64>>> {
    let Shared { region, counted, .. } = shared;
    Ok(match (group, grid.ml) {
        (Group::Morphology, _) => grid.lengths_only_if_known(morphology::values(region)),
        (Group::Enclosing, _) => enclosing::values(region),
        (Group::Autocorrelation, _) => autocorrelation::values(region),
        (Group::LocalIntensity, Some(ml)) => local::values(region, ml),
        (Group::LocalIntensity, None) => vec![None; local::FEATURES.len()],
        (Group::VolumeHistogram, _) => {
            volume_histogram::of_counted(volume_histogram::FEATURES, counted, region.range, steps)?
        }
        (Group::VolumeHistogramArea, _) => {
            volume_histogram::of_counted(volume_histogram::AREA, counted, region.range, steps)?
        }
        _ => statistics::of_counted(statistics::FEATURES, counted),
    })
}
