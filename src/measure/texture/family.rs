//! Heterogeneity as a family of a recipe: which of the standard's families, from which grey levels, on which grid.

use super::chain::{Image, Regrid};
use super::volume_histogram::Steps;
use super::{
    Aggregation, Chain, Discretisation, Intensities, Interpolation, Levels, Norm, Region, Space, autocorrelation, glcm,
    gldzm, glrlm, glszm, histogram, local, morphology, ngldm, ngtdm, statistics, volume_histogram,
};
use crate::measure::family::{Measured, define};
use crate::measure::{About, ChannelRef, Definition, Family, Measurer, Mentions, Objection, Request};
use crate::units::{Length, Ruler, Spacing, Unit};
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
    "coarseness",
    "resample",
    "interpolation",
    "range",
    "outliers",
];

/// Heterogeneity of each object in each channel, by the standard of the Image Biomarker Standardisation Initiative.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Texture {
    /// Families of the standard; all if absent.
    #[serde(deserialize_with = "one_or_many")]
    pub families: Vec<Group>,
    /// How intensities become grey levels, for the families that need them.
    pub bins: Option<Bins>,
    /// How matrices of slices and directions become one value.
    #[serde(deserialize_with = "one_or_many")]
    pub aggregation: Vec<Aggregation>,
    /// Of co-occurrence, grey tone differences and dependences, in voxels.
    pub distance: usize,
    /// What distances mean.
    pub norm: Norm,
    /// Pairs of voxels are counted both ways.
    pub symmetric: bool,
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
}

impl Default for Texture {
    fn default() -> Self {
        Texture {
            families: Group::ALL.to_vec(),
            bins: None,
            aggregation: vec![Aggregation::Merged3d],
            distance: 1,
            norm: Norm::Chebyshev,
            symmetric: true,
            coarseness: 0,
            resample: None,
            interpolation: Interpolation::Linear,
            range: None,
            outliers: None,
        }
    }
}

/// Why a length, an area or a volume is empty.
const NO_LENGTH: &str = "the region has no voxel, or none with an intensity, or the image has no calibration";

/// A family of the standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Shape, with the intensities' part in it (IBSI:HCUG).
    Morphology,
    /// Moran's I and Geary's C, which take long for large regions (IBSI:HCUG).
    Autocorrelation,
    /// SUVpeak and its like (IBSI:9ST6).
    LocalIntensity,
    /// Of the intensities (IBSI:UHIW).
    Statistics,
    /// Of the grey levels (IBSI:ZVCW).
    Histogram,
    /// Which share of the region has at least an intensity (IBSI:P88C).
    VolumeHistogram,
    /// Co-occurrence (IBSI:LFYI).
    Glcm,
    /// Run lengths (IBSI:TP0I).
    Glrlm,
    /// Size zones (IBSI:9SAK).
    Glszm,
    /// Distance zones (IBSI:VMDZ).
    Gldzm,
    /// Grey tone differences (IBSI:IPET).
    Ngtdm,
    /// Dependences (IBSI:REK0).
    Ngldm,
}

impl Group {
    const ALL: [Group; 12] = [
        Group::Morphology,
        Group::Autocorrelation,
        Group::LocalIntensity,
        Group::Statistics,
        Group::Histogram,
        Group::VolumeHistogram,
        Group::Glcm,
        Group::Glrlm,
        Group::Glszm,
        Group::Gldzm,
        Group::Ngtdm,
        Group::Ngldm,
    ];

    fn needs_levels(self) -> bool {
        use Group::{Glcm, Gldzm, Glrlm, Glszm, Histogram, Ngldm, Ngtdm};
        matches!(self, Histogram | Glcm | Glrlm | Glszm | Gldzm | Ngtdm | Ngldm)
    }

    fn has_directions(self) -> bool {
        matches!(self, Group::Glcm | Group::Glrlm)
    }

    fn has_distance(self) -> bool {
        matches!(self, Group::Glcm | Group::Ngtdm | Group::Ngldm)
    }

    fn define(self, about: &About) -> Vec<Definition> {
        match self {
            Group::Morphology => define(morphology::FEATURES, about),
            Group::Autocorrelation => define(autocorrelation::FEATURES, about),
            Group::LocalIntensity => define(local::FEATURES, about),
            Group::Statistics => define(statistics::FEATURES, about),
            Group::Histogram => define(histogram::FEATURES, about),
            Group::VolumeHistogram => define(volume_histogram::FEATURES, about),
            Group::Glcm => define(glcm::FEATURES, about),
            Group::Glrlm => define(glrlm::FEATURES, about),
            Group::Glszm => define(glszm::FEATURES, about),
            Group::Gldzm => define(gldzm::FEATURES, about),
            Group::Ngtdm => define(ngtdm::FEATURES, about),
            Group::Ngldm => define(ngldm::FEATURES, about),
        }
    }
}

/// How intensities become grey levels.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(untagged, deny_unknown_fields, expecting = "expected bins: { size = 0.25, from = 0 }, or { number = 32 }")]
pub enum Bins {
    /// Of a fixed size, in the unit of the channel.
    Size {
        /// Width.
        size: f64,
        /// Where the first one begins; at the lower end of the range, or else at the lowest value if absent.
        from: Option<f64>,
    },
    /// A fixed number of them.
    Number {
        /// How many.
        number: u16,
    },
}

impl Bins {
    fn discretisation(self) -> Discretisation {
        match self {
            Bins::Size { size, from } => Discretisation::BinSize { width: size, from },
            Bins::Number { number } => Discretisation::BinNumber(number),
        }
    }

    /// As the standard calls it, shortly.
    fn suffix(self) -> String {
        match self {
            Bins::Size { size, from: None } => format!("fbs{}", word(size)),
            Bins::Size { size, from: Some(from) } => format!("fbs{}from{}", word(size), word(from)),
            Bins::Number { number } => format!("fbn{number}"),
        }
    }
}

/// A number as it may stand in a name: 0.25 is `0p25`, -1 is `m1`.
fn word(v: f64) -> String {
    format!("{v}").replace('.', "p").replace('-', "m")
}

impl Family for Texture {
    fn channel_columns(&self, about: &About) -> Vec<Definition> {
        let mut all = vec![];
        for &group in &self.families {
            for aggregation in self.ways(group) {
                let plain = About { channel: None, ..*about };
                all.extend(group.define(&plain).into_iter().map(|d| self.named(d, group, aggregation, about)));
            }
        }
        all
    }

    fn begin<'a>(&'a self, request: &'a Request<'a>) -> Result<Measurer<'a>> {
        // A recipe has been checked; whoever asks without one is told here.
        self.check(&[]).map_err(|o| Error::usage(format!("texture: {}", o.what)).remedy(o.remedy))?;
        let grid = Grid::of(self, request)?;
        let images = request.channels.iter().map(|c| c.volume.samples.host()).collect::<Result<Vec<_>>>()?;
        Ok(Box::new(move |object, values| {
            for (channel, image) in request.channels.iter().zip(&images) {
                let region = grid.region(self, object, channel, image)?;
                values.reals(self.values(&region, channel.volume.scale.factor(), &grid)?);
            }
            Ok(())
        }))
    }

    fn mentions(&self) -> Mentions<'_> {
        Mentions { lengths: self.resample.iter().map(|l| ("resample", *l)).collect(), ..Mentions::default() }
    }

    fn check(&self, _: &[&str]) -> std::result::Result<(), Objection> {
        let wrong = |key, what: &str, remedy: &str| Err(Objection { key, what: what.into(), remedy: remedy.into() });
        let levels = self.families.iter().any(|g| g.needs_levels());
        match self.bins {
            None if levels => {
                let what = "nothing says how values become grey levels";
                return wrong(
                    "bins",
                    what,
                    "bins = { number = 32 }, or { size = 0.25, from = 0 } in the channel's unit",
                );
            }
            Some(Bins::Size { size, from }) if !(size > 0.0 && size.is_finite() && from.is_none_or(f64::is_finite)) => {
                return wrong("bins", "bins of no size", "bins = { size = 0.25, from = 0 }");
            }
            Some(Bins::Number { number: 0 }) => return wrong("bins", "no bins", "bins = { number = 32 }"),
            _ => {}
        }
        if self.families.is_empty() || self.aggregation.is_empty() {
            let key = if self.families.is_empty() { "families" } else { "aggregation" };
            return wrong(key, "nothing is to be measured", &format!("leave {key} out"));
        }
        if !(1..=100).contains(&self.distance) {
            return wrong("distance", "no distance in voxels", "distance = 1, up to 100");
        }
        if self.range.is_some_and(|[low, high]| low.is_nan() || high.is_nan() || low >= high) {
            return wrong("range", "there is nothing in this range", "range = [LOWEST, HIGHEST]");
        }
        if self.outliers.is_some_and(|d| d.is_nan() || d <= 0.0) {
            return wrong("outliers", "deviations are above 0", "outliers = 3");
        }
        match self.resample {
            Some(Length::Px(v) | Length::Um(v) | Length::Mm(v) | Length::R(v)) if v <= 0.0 => {
                wrong("resample", "voxels without a size", "resample = \"2 mm\"")
            }
            _ => Ok(()),
        }
    }
}

impl Texture {
    /// The ways that a group is measured in: those whose neighbours differ.
    fn ways(&self, group: Group) -> Vec<Option<Aggregation>> {
        match group {
            _ if !group.needs_levels() || group == Group::Histogram => vec![None],
            _ if group.has_directions() => self.aggregation.iter().copied().map(Some).collect(),
            _ => {
                let mut ways: Vec<Option<Aggregation>> = vec![];
                for &a in &self.aggregation {
                    if ways.iter().flatten().all(|b| b.space() != a.space()) {
                        ways.push(Some(a));
                    }
                }
                ways
            }
        }
    }

    /// The name says what the recipe chooses: aggregation, distance, bins, grid and range, then the channel.
    fn named(&self, mut d: Definition, group: Group, way: Option<Aggregation>, about: &About) -> Definition {
        let mut name = d.name.clone();
        let mut says: Vec<String> = vec![];
        let mut add = |suffix: String, what: String| {
            name = format!("{name}_{suffix}");
            says.push(what);
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
        if group == Group::Ngldm && self.coarseness > 0 {
            add(format!("a{}", self.coarseness), format!("levels up to {} apart depend", self.coarseness));
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
        if group == Group::Morphology && d.unit.contains(about.length.name()) {
            d.empty = NO_LENGTH;
        }
        d.name = about.channel.map_or(name.clone(), |channel| format!("{name}_{channel}"));
        if !says.is_empty() {
            d.definition = format!("{}; {}", d.definition, says.join(", "));
        }
        d
    }

    /// The values of a region, in the order of the columns.
    fn values(&self, region: &Region, stored: f64, grid: &Grid) -> Result<Vec<Option<f64>>> {
        let bins = self.bins.filter(|_| self.families.iter().any(|g| g.needs_levels()));
        let levels = bins.map(|bins| Levels::of(region, bins.discretisation())).transpose()?;
        let steps = self.steps(region, stored);
        let mut all = vec![];
        for &group in &self.families {
            for way in self.ways(group) {
                let way = way.unwrap_or(Aggregation::Merged3d);
                all.extend(match &levels {
                    Some(levels) if group.needs_levels() => self.of_levels(group, way, region, levels),
                    _ => of_intensities(group, region, steps, grid)?,
                });
            }
        }
        Ok(all)
    }

    fn of_levels(&self, group: Group, way: Aggregation, region: &Region, levels: &Levels) -> Vec<Option<f64>> {
        let (distance, norm, symmetric, coarseness) = (self.distance, self.norm, self.symmetric, self.coarseness);
        match group {
            Group::Histogram => histogram::values(levels),
            Group::Glcm => glcm::values(levels, glcm::Choice { distance, norm, symmetric }, way),
            Group::Glrlm => glrlm::values(levels, way),
            Group::Glszm => glszm::values(levels, way.space()),
            Group::Gldzm => gldzm::values(region, levels, way.space()),
            Group::Ngtdm => ngtdm::values(levels, ngtdm::Choice { distance, norm }, way.space()),
            _ => ngldm::values(levels, ngldm::Choice { distance, norm, coarseness }, way.space()),
        }
    }

    /// The steps of the intensity-volume histogram: those of bins of a fixed size, a tenth as wide; else the values as they
    /// are stored, or, on another grid, a thousandth of what the region spans.
    fn steps(&self, region: &Region, stored: f64) -> Steps {
        let span = region.extremes().map_or(0.0, |[low, high]| high - low);
        match (self.bins, self.resample) {
            (Some(Bins::Size { size, .. }), _) => Steps::BinSize(size / 10.0),
            (_, Some(_)) if span > 0.0 => Steps::BinSize(span / 1000.0),
            _ => Steps::AsStored(stored),
        }
    }
}

fn of_intensities(group: Group, region: &Region, steps: Steps, grid: &Grid) -> Result<Vec<Option<f64>>> {
    Ok(match (group, grid.ml) {
        (Group::Morphology, _) => grid.lengths_only_if_known(morphology::values(region)),
        (Group::Autocorrelation, _) => autocorrelation::values(region),
        (Group::LocalIntensity, Some(ml)) => local::values(region, ml),
        (Group::LocalIntensity, None) => vec![None; local::FEATURES.len()],
        (Group::VolumeHistogram, _) => volume_histogram::values(region, steps)?,
        _ => statistics::values(region),
    })
}

/// What holds for all objects of an image.
struct Grid {
    /// Of voxels, in the unit of the table; 1 where nothing is known.
    spacing: [f64; 3],
    is_known: bool,
    /// 1 ml in the cube of that unit.
    ml: Option<f64>,
    /// Around objects, in that unit: what spheres may reach into.
    margin: f64,
    regrid: Option<Regrid>,
}

impl Grid {
    fn of(texture: &Texture, request: &Request) -> Result<Self> {
        let spacing = request.spacing.map(|s| s.to(request.unit));
        let zyx = spacing.map_or([1.0; 3], |s| s.zyx);
        let ml = spacing.map(|s| if s.unit == Unit::Mm { 1e3 } else { 1e12 });
        let is_local = texture.families.contains(&Group::LocalIntensity);
        // The radius of 1 ml; a sphere of cells would be larger than any image, and has no value.
        let radius = ml.map(|ml| libm::cbrt(ml * 3.0 / (4.0 * std::f64::consts::PI)));
        let fits = |r: &f64| zyx.iter().all(|s| r / s <= 100.0);
        let margin = radius.filter(|_| is_local).filter(fits).unwrap_or(0.0);
        let regrid = texture.resample.map(|length| regrid(length, texture, request, spacing, zyx)).transpose()?;
        Ok(Grid { spacing: zyx, is_known: spacing.is_some(), ml, margin, regrid })
    }

    /// An object in a channel as the standard sees it.
    fn region(
        &self,
        texture: &Texture,
        object: &Measured,
        channel: &ChannelRef,
        image: &[i32],
    ) -> Result<Region<'static>> {
        let shape = channel.volume.shape;
        let chain =
            Chain { regrid: self.regrid, range: texture.range, outliers: texture.outliers, margin: self.margin };
        if self.regrid.is_some() {
            // The new grid is that of the whole image.
            let mut mask = vec![false; shape.len()];
            for run in object.object.runs() {
                let start = run.index(shape.x);
                mask[start..start + run.len() as usize].fill(true);
            }
            let intensities = Intensities::Samples(image.into(), channel.volume.scale);
            return chain.region(&Image { shape, spacing: self.spacing, intensities: &intensities, mask: &mask });
        }
        let margin = self.spacing.map(|s| (self.margin / s).ceil() as usize);
        let (crop, samples, mask) = object.object.cut(image, margin);
        let intensities = Intensities::Samples(samples.into(), channel.volume.scale);
        let mut region = Region::new(crop, self.spacing, intensities, &mask)?;
        if let Some([low, high]) = texture.range {
            region.keep_range(low, high);
        }
        if let Some(deviations) = texture.outliers {
            region.keep_within(deviations);
        }
        Ok(region)
    }

    /// Lengths, areas and volumes are nothing where the size of a voxel is not known; shares and ratios are those of voxels.
    fn lengths_only_if_known(&self, mut values: Vec<Option<f64>>) -> Vec<Option<f64>> {
        if !self.is_known {
            let lengths = morphology::FEATURES.iter().zip(&mut values).filter(|(f, _)| f.unit.contains("um"));
            lengths.for_each(|(_, v)| *v = None);
        }
        values
    }
}

/// The grid that a recipe asks for. A single slice keeps its thickness.
fn regrid(
    length: Length,
    texture: &Texture,
    request: &Request,
    spacing: Option<Spacing>,
    zyx: [f64; 3],
) -> Result<Regrid> {
    let px = length.px(&Ruler { spacing: request.spacing, radius_px: request.radius_px })?;
    let plane = (zyx[1] * zyx[2]).sqrt();
    let size = px * if spacing.is_some() { plane } else { 1.0 };
    let is_flat = request.labels.shape.is_flat();
    Ok(Regrid {
        spacing: [Some(size).filter(|_| !is_flat), Some(size), Some(size)],
        image: texture.interpolation,
        mask: Interpolation::Linear,
        whole: false,
    })
}

impl Aggregation {
    /// The neighbours that it looks at.
    pub fn space(self) -> Space {
        match self {
            Aggregation::Averaged2d | Aggregation::SliceMerged2d => Space::Slices2d,
            Aggregation::DirectionMerged25d | Aggregation::Merged25d => Space::Merged25d,
            Aggregation::Averaged3d | Aggregation::Merged3d => Space::Volume3d,
        }
    }
}
