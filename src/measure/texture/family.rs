//! Heterogeneity as a family of a recipe: which of the standard's families, from which grey levels, on which grid.

use super::ahead::Ahead;
use super::check;
use super::choice::{Bins, Compat, Group, word};
use super::grid::{self, Grid};
use super::{Aggregation, Interpolation, Norm, Weights, pyradiomics};
use crate::measure::object::Object;
use crate::measure::{About, Definition, Family, Measurer, Mentions, Needs, Objection, Odd, Request};
use crate::table::{Cells, Table};
use crate::units::Length;
use crate::words::one_or_many;
use crate::{Error, Result};
use serde::Deserialize;

/// Keys of the recipe.
pub(crate) const KEYS: &[&str] = &[
    "families",
    "bins",
    "aggregation",
    "distance",
    "norm",
    "symmetric",
    "weights",
    "coarseness",
    "resample",
    "interpolation",
    "range",
    "outliers",
    "range_of",
    "volume_histogram",
    "compat",
];

/// Heterogeneity of each object in each channel, by the standard of the Image Biomarker Standardisation Initiative.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Texture {
    /// Families of the standard; all but enclosing bodies and autocorrelation if absent.
    #[serde(deserialize_with = "one_or_many")]
    pub families: Vec<Group>,
    /// How intensities become grey levels, for the families that need them.
    pub bins: Option<Bins>,
    /// How matrices of slices and directions become one value; by itself if empty.
    #[serde(deserialize_with = "one_or_many")]
    pub aggregation: Vec<Aggregation>,
    /// Of co-occurrence, grey tone differences and dependences, in voxels.
    pub distance: usize,
    /// What distances mean.
    pub norm: Norm,
    /// Pairs of voxels are counted both ways.
    pub symmetric: bool,
    /// Neighbours of co-occurrence, runs and grey tone differences weigh less the farther they are; all the same if absent.
    pub weights: Option<Weights>,
    /// Largest difference of dependent grey levels.
    pub coarseness: u32,
    /// Distance of voxels along all axes of the grid on which everything is measured: that of the image if absent.
    pub resample: Option<Length>,
    /// For that grid; masks are interpolated linearly.
    pub interpolation: Interpolation,
    /// Lowest and highest value that is measured.
    pub range: Option<[f64; 2]>,
    /// Standard deviations from the mean from which on a value is not measured.
    pub outliers: Option<f64>,
    /// The channel whose values range and outliers look at; each channel its own if absent.
    pub range_of: Option<String>,
    /// Bins of the intensity-volume histogram; they follow from the others if absent.
    pub volume_histogram: Option<Bins>,
    /// Names and definitions of another program.
    pub compat: Option<Compat>,
}

impl Default for Texture {
    fn default() -> Self {
        Texture {
            families: Group::USUAL.to_vec(),
            bins: None,
            aggregation: vec![],
            distance: 1,
            norm: Norm::Chebyshev,
            symmetric: true,
            weights: None,
            coarseness: 0,
            resample: None,
            interpolation: Interpolation::Linear,
            range: None,
            outliers: None,
            range_of: None,
            volume_histogram: None,
            compat: None,
        }
    }
}

/// What a recipe chooses for the columns of a group.
struct Chosen {
    /// Behind their names.
    suffixes: String,
    /// Behind their definitions.
    says: String,
}

/// The column of the least value, where statistics are measured.
const LEAST: &str = "stat_minimum";

/// Why a length, an area or a volume is empty.
const NO_LENGTH: &str = "the region has no voxel, or none with an intensity, or the image has no calibration";

impl Family for Texture {
    fn channel_columns(&self, about: &About) -> Vec<Definition> {
        if self.compat.is_some() {
            return pyradiomics::columns(&self.families, about);
        }
        let mut all = vec![];
        for &group in &self.families {
            for aggregation in self.ways(group) {
                let plain = About { channel: None, ..*about };
                let chosen = self.chosen(group, aggregation);
                all.extend(group.define(&plain).into_iter().map(|d| self.named(d, group, &chosen, about)));
            }
        }
        all
    }

    fn begin<'a>(&'a self, request: &'a Request<'a>) -> Result<Measurer<'a>> {
        // A recipe has been checked; whoever asks without one is told here.
        self.check(&[]).map_err(|o| Error::usage(format!("texture: {}", o.what)).remedy(o.remedy))?;
        let grid = Grid::of(self.grid(), request)?;
        let weighting = self.weights.map(|weights| weights.begin(request)).transpose()?;
        let images = request.channels.iter().map(|c| c.volume.samples.host()).collect::<Result<Vec<_>>>()?;
        let judge = self.judge(request)?.map(|i| (&request.channels[i], images[i]));
        let region = {
            let (grid, images) = (grid.clone(), images);
            move |object: &Object, k: usize| grid.region(object, (&request.channels[k], images[k]), judge)
        };
        let ahead = Ahead::count(self, request, &region)?;
        Ok(Box::new(move |object, values| {
            for (k, channel) in request.channels.iter().enumerate() {
                let region = region(&object.object, k)?;
                let (stored, matrices) = (channel.volume.scale.factor(), ahead.of(object.label, k));
                let of = |e: Error| {
                    e.needed_for(format!("texture of label {} in the channel \"{}\"", object.label, channel.name))
                };
                values.reals(self.values(&region, stored, (&grid, weighting), matrices).map_err(of)?);
            }
            Ok(())
        }))
    }

    fn odd(&self, rows: &Table) -> Vec<Odd> {
        let Some(Bins::Size { from: Some(from), .. }) = self.bins.filter(|_| self.compat.is_none()) else {
            return vec![];
        };
        let least = rows.columns.iter().filter(|c| c.name.starts_with(LEAST));
        let least: Vec<&[Option<f64>]> =
            least.filter_map(|c| if let Cells::Real(v) = &c.cells { Some(&v[..]) } else { None }).collect();
        let is_below = |row: &usize| least.iter().any(|v| v[*row].is_some_and(|v| v < from));
        let below = (0..rows.rows()).filter(is_below).count();
        let what = format!(
            "hold values below {from}, where the bins of texture begin: these count as grey level 1; a lower `from` gives them \
             levels, and `range = [{from}, inf]` leaves them out"
        );
        vec![Odd { what, rows: below, of: rows.rows(), beyond: 0.0 }]
    }

    fn needs(&self) -> Needs {
        Needs { together: self.range_of.is_some(), grid: self.resample, ..Needs::default() }
    }

    fn mentions(&self) -> Mentions<'_> {
        Mentions {
            lengths: [("resample", self.resample), ("weights", self.weights.map(|w| w.length))]
                .into_iter()
                .filter_map(|(key, length)| Some((key, length?)))
                .collect(),
            channels: self.range_of.iter().map(|c| ("range_of", c.as_str())).collect(),
            ..Mentions::default()
        }
    }

    fn check(&self, _: &[&str]) -> std::result::Result<(), Objection> {
        check::check(self)
    }
}

impl Texture {
    /// What the recipe says, or else merged in space; averaged over directions in space for PyRadiomics.
    pub(super) fn aggregations(&self) -> &[Aggregation] {
        match (&self.aggregation[..], self.compat) {
            ([], None) => &[Aggregation::Merged3d],
            ([], Some(Compat::Pyradiomics)) => &[Aggregation::Averaged3d],
            (said, _) => said,
        }
    }

    /// The ways that a group is measured in: those whose neighbours differ.
    pub(super) fn ways(&self, group: Group) -> Vec<Option<Aggregation>> {
        match group {
            _ if !group.needs_levels() || group == Group::Histogram => vec![None],
            _ if group.has_directions() => self.aggregations().iter().copied().map(Some).collect(),
            _ => {
                let mut ways: Vec<Option<Aggregation>> = vec![];
                for &a in self.aggregations() {
                    if ways.iter().flatten().all(|b| b.space() != a.space()) {
                        ways.push(Some(a));
                    }
                }
                ways
            }
        }
    }

    /// The channel that range and outliers look at, if it is one for all; by its place among those that are measured.
    fn judge(&self, request: &Request) -> Result<Option<usize>> {
        let Some(name) = &self.range_of else { return Ok(None) };
        let missing = || Error::usage(format!("texture: range_of names \"{name}\", which is not measured"));
        request.channels.iter().position(|c| c.name == name).ok_or_else(missing).map(Some)
    }

    fn grid(&self) -> grid::Choice {
        let &Texture { resample, interpolation, range, outliers, .. } = self;
        grid::Choice { resample, interpolation, range, outliers, peak: self.families.contains(&Group::LocalIntensity) }
    }

    /// What the recipe chooses for a group: aggregation, distance, bins, grid and range.
    fn chosen(&self, group: Group, way: Option<Aggregation>) -> Chosen {
        let (mut suffixes, mut says) = (String::new(), String::new());
        let mut add = |suffix: String, what: String| {
            suffixes.extend(["_", &suffix]);
            says.extend([if says.is_empty() { "; " } else { ", " }, &what]);
        };
        match way {
            Some(way) if group.has_directions() => add(way.suffix().into(), format!("aggregation IBSI:{}", way.code())),
            Some(way) => add(way.space().suffix().into(), format!("aggregation IBSI:{}", way.space().code())),
            None => {}
        }
        if group.has_distance() && (self.distance != 1 || self.norm != Norm::Chebyshev) {
            let norm = if self.norm == Norm::Manhattan { "m" } else { "" };
            add(format!("d{}{norm}", self.distance), format!("distance {} ({:?})", self.distance, self.norm));
        }
        if group == Group::Glcm && !self.symmetric {
            add("asym".into(), "pairs counted one way".into());
        }
        if let Some(weights) = self.weights.filter(|_| group.has_weights()) {
            let what = format!("weights exp(-d^2) of {:?} distances d in {}", weights.norm, weights.length);
            add(weights.suffix(), what);
        }
        if group == Group::Ngldm && self.coarseness > 0 {
            add(format!("a{}", self.coarseness), format!("levels up to {} apart depend", self.coarseness));
        }
        if let Some(bins) = self.volume_histogram.filter(|_| group.has_volumes()) {
            add(bins.suffix(), format!("bins {bins:?}"));
        }
        if let Some(bins) = self.bins.filter(|_| group.needs_levels()) {
            add(bins.suffix(), format!("bins {bins:?} (IBSI:{})", bins.discretisation().code()));
        }
        if let Some(length) = self.resample {
            let how = match self.interpolation {
                Interpolation::Nearest => "nn",
                Interpolation::Linear => "lin",
                Interpolation::CubicSpline => "cub",
            };
            let size = length.to_string().replace(' ', "").replace('.', "p");
            add(format!("{how}{size}"), format!("on voxels of {length}, {:?}", self.interpolation));
        }
        if let Some([low, high]) = self.range {
            add(format!("rng{}to{}", word(low), word(high)), format!("values from {low} to {high}"));
        }
        if let Some(outliers) = self.outliers {
            add(format!("out{}", word(outliers)), format!("values within {outliers} standard deviations"));
        }
        if let Some(channel) = &self.range_of {
            add(format!("of{channel}"), format!("these being values of {channel}"));
        }
        Chosen { suffixes, says }
    }

    /// Name and definition say what the recipe chooses, the name then the channel.
    fn named(&self, mut d: Definition, group: Group, chosen: &Chosen, about: &About) -> Definition {
        if group.has_volumes() && matches!(self.volume_histogram, Some(Bins::Number { .. })) {
            d.unit = "1".into();
        }
        if group == Group::Morphology && d.unit.contains(about.length.name()) {
            d.empty = NO_LENGTH;
        }
        d.name.push_str(&chosen.suffixes);
        d.name.extend(about.channel.into_iter().flat_map(|channel| ["_", channel]));
        d.definition.push_str(&chosen.says);
        d
    }
}
